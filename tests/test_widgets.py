"""What a reader can press play on, and look at."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from toys import tone

from lt.book import widgets

RATE = 8_000


def test_a_player_holds_its_clip():
    wave = tone(440) * 0.25
    html = widgets.player(wave, RATE)
    raw = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    heard, rate = soundfile.read(io.BytesIO(raw))
    assert rate == RATE
    np.testing.assert_allclose(heard, (wave / 0.25).numpy(), atol=2e-3)


def test_a_listening_table_has_a_row_for_each_item():
    html = widgets.listening_table({"a": ["1", "2"], "b": ["3", "4"]}).data
    assert html.count("<tr>") == 3
    assert html.index("1") < html.index("3") < html.index("2") < html.index("4")
    with pytest.raises(ValueError):
        widgets.listening_table({"a": ["1"], "b": []})


def test_a_picture_is_dark_on_light_and_says_what_it_is():
    pixels = torch.zeros(28, 28)
    pixels[:14] = 1.0
    html = widgets.picture(pixels.flatten(), "upper half")
    assert 'alt="upper half"' in html
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]))))
    assert shown.shape == (56, 56)
    assert (shown[:28] == 0).all()
    assert (shown[28:] == 255).all()
