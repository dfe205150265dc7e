"""Interactive figures: what is in them is what the models and rows say, and they are small."""

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile
import torch
from live_toys import live_parts, live_setup
from PIL import Image

from lt.book import live, touch, widgets_live
from lt.bridge import Bridge, BridgeConfig
from lt.loop import Training


@pytest.fixture(scope="module")
def parts() -> live.Parts:
    return live_parts()


def data_of(figure) -> dict:
    (text,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', figure.data, flags=re.DOTALL)
    return json.loads(text)


def pictures(sheet: dict) -> np.ndarray:
    """(n, side, side) in [0, 1] of a sheet, with the empty places at its end."""
    grid = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["src"].partition(",")[2]))), dtype=float) / 255
    side, columns = sheet["size"], sheet["columns"]
    return grid.reshape(-1, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


@torch.no_grad()
def test_under_the_pointer_stands_what_the_point_of_the_map_decodes_to(parts):
    base, bridge = live_setup(parts), parts.bridges["fashion"]
    data = data_of(touch.shared_map(bridge, base, each_class=3))
    assert len(data["places"]) == 60
    assert data["domains"] == [0] * 30 + [1] * 30
    item = 41  # the third garment of class 3
    held = base.held("fashion")
    pick = (held.y == data["labels"][item]).nonzero()[item % 3]
    z = bridge.encode(held.mean[pick], "fashion")[0]
    for key, sheet in zip(("mnist", "fashion"), data["sheets"], strict=True):
        expected = base.domains[key].items(bridge.decode(z, key)).view(28, 28)
        assert np.abs(pictures(sheet)[item] - expected.numpy()).max() < 0.02


def test_every_combination_of_weights_has_its_own_bridge():
    config = BridgeConfig(Training(1, 8), shared=2, width=8)
    grid = {"a": (0, 1), "b": (0.5, 2, 3)}
    bridges, measured = {}, {}
    for i, key in enumerate((a, b) for a in grid["a"] for b in grid["b"]):
        torch.manual_seed(i)
        bridges[key], measured[key] = Bridge(config, ["one", "two"], [2, 2], 2).eval(), {"class_kept": i / 10}
    points = [(torch.randn(70, 2), torch.arange(70) % 2) for _ in range(2)]
    made = touch.weights(grid, bridges, points, measured, start=(0, 3), key="-two")
    assert 'id="lt-figure-weights-two"' in made.data
    data = data_of(made)
    assert data["start"] == [0, 2]
    assert [one["measured"]["class kept"] for one in data["bridges"]] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    with torch.no_grad():
        there = bridges[1, 2].transfer(points[0][0][:60], "one", "two")
    assert np.allclose(data["bridges"][4]["transfer"][1], there.numpy(), atol=1e-4)


def test_a_path_to_speech_can_be_heard(parts):
    base = live_setup(parts)
    z = torch.randn(4, 100)
    figure = touch.path(base, {"to speech": {"source": ("mnist", z), "target": ("speech", z), "transfer": ("speech", z)}}, 8000)
    source, target, transfer = data_of(figure)["paths"][0]["rows"]
    assert "sounds" not in source
    assert "sounds" not in target
    wave, rate = soundfile.read(io.BytesIO(base64.b64decode(transfer["sounds"][2].partition(",")[2])))
    assert (len(wave), rate) == (4800, 8000)
    assert np.abs(wave).max() > 0.9
    assert len(transfer["said"]) == 4


def test_a_large_figure_is_refused(lt_error):
    with lt_error("swd_angle", "bytes", "fewer"):
        touch.swd_angle(torch.rand(20_000, 2), torch.rand(20_000, 2))


def test_text_cannot_end_the_script():
    figure = widgets_live.figure("labels", {"x": "</script><b>"}, "label")
    assert figure.data.count("</script>") == 2
    assert data_of(figure) == {"x": "</script><b>"}
