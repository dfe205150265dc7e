"""Figures and widgets: what is drawn where, and that pages are the same in every run."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors

from lt.book import figures, widgets
from lt.metrics import Estimate


def test_grey_text_reads_on_white_and_on_black():
    def luminance(colour: str) -> float:
        rgb = np.array(colors.to_rgb(colour))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    ink = luminance(figures.INK) + 0.05
    assert 1.05 / ink > 4.2
    assert ink / (luminance("#121212") + 0.05) > 4.2


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 3))
def test_the_first_items_of_each_class_in_turn(labels, n):
    y = torch.tensor(labels)
    found = figures.first_of_each_class(y, n)
    classes = y.unique()
    rounds = min(n, int(min((y == label).sum() for label in classes)))
    assert y[found].tolist() == classes.tolist() * rounds
    for label in classes:
        assert found[y[found] == label].tolist() == (y == label).nonzero().flatten()[:rounds].tolist()


def test_a_grid_goes_on_in_blocks_of_aligned_rows():
    x = torch.rand(12, 784)
    figure = figures.grid({"digits": x, "garments": 1 - x}, [str(i) for i in range(5)], across=5)
    axes = np.array(figure.axes).reshape(6, 5)  # three blocks of two rows
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["digits", "garments"] * 3
    assert [axis.get_title() for axis in axes[0]] == list("01234")
    shown = axes[4, 1].images[0].get_array()  # the last row of digits, second place
    assert np.allclose(shown[..., 0], 1 - x[11].view(28, 28).numpy(), atol=1e-6), "dark on light"
    assert not axes[4, 2].images


def test_tiles_of_every_kind_of_item():
    assert figures.tiles(torch.rand(3, 784)).shape == (3, 28, 28, 3)
    low = torch.full((1, 1, 64, 64), -1.0)
    low[0, 0, 0] = 1.0  # a low note
    assert figures.tiles(low)[0, -1].mean() > figures.tiles(low)[0, 0].mean(), "low notes are at the bottom"
    colour = torch.rand(2, 3, 8, 8)
    assert np.allclose(figures.tiles(colour)[1, 2, 3], colour[1, :, 2, 3])


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, values=(value,), n=None, share=False)


@pytest.mark.parametrize("last", [(0.5, 0.5, 0.5), (0.1, 0.9, 0.90001), (0.3, 0.2, 0.1)])
def test_names_at_the_ends_of_lines_do_not_cover_each_other(last):
    curves = {name: ([1, 10], [estimate(0.0), estimate(end)]) for name, end in zip("abc", last, strict=True)}
    figure = figures.lines(curves, "labels", "class kept", log=True)
    axis = figure.axes[0]
    place = sorted(text.xy[1] for text in axis.texts)
    assert np.diff(place).min() > 0.06 * np.ptp(axis.get_ylim())
    assert {text.get_text() for text in axis.texts} == set("abc")
    assert len(axis.collections) == 3, "intervals"


def test_a_figure_is_the_same_in_every_run():
    figures.style()
    drawn = []
    for _ in range(2):
        file = io.BytesIO()
        figure = figures.grid({"x": torch.linspace(0, 1, 1568).view(2, 784)})
        figure.savefig(file, format="svg", metadata={"Date": None})
        drawn.append(file.getvalue())
    assert drawn[0] == drawn[1]


def test_a_player_says_its_word_and_holds_its_clip():
    import soundfile

    wave = torch.sin(torch.linspace(0, 1000, 8192))
    made = widgets.player(0.5 * wave, 8_000, 'the word "seven"').data
    assert 'aria-label="the word &quot;seven&quot;, 1.0 s"' in made
    data = made.partition("base64,")[2].partition('"')[0]
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert rate == 8_000
    assert np.allclose(heard, wave / wave.abs().max(), atol=1e-4), "as loud as it can be"


def test_a_table_to_listen_to():
    wave, x = torch.rand(8192) - 0.5, torch.rand(784)
    columns = {"digit": [(x, "a 7")], "word": [(wave, "seven")], "judge": ["7 < 8"]}
    made = widgets.listening_table(columns, "What digits say.")
    assert made.data.count("<td ") == 3
    assert all(part in made.data for part in ('alt="a 7"', "<audio", "7 &lt; 8", "<caption>What digits say.</caption>"))
    assert repr(made) == repr(widgets.listening_table(columns, "other")), "no address of memory"


def test_an_interactive_figure_is_one_script_with_rounded_data(lt_error):
    data = {"a": torch.tensor([[0.123456, 1.0]]), "b": [[1 / 3, 2.0]]}
    made = widgets.interactive("swd_angle", data, "turn & look").data
    assert 'aria-label="turn &amp; look"' in made
    assert "\nimport " not in made
    assert "\nexport " not in made
    given = json.loads(made.rpartition("draw(box, ")[2].partition(");")[0])
    assert given == {"a": [[0.1235, 1.0]], "b": [[0.3333, 2.0]]}
    assert made.count("<script") == 1
    with lt_error("swd_angle", "more than 300,000", "fewer points"):
        widgets.interactive("swd_angle", {"a": torch.rand(50_000, 2), "b": []}, "")


def test_a_sheet_of_pictures_can_be_cut_again():
    from PIL import Image

    x = torch.rand(5, 784)
    made = widgets.sheet(x, columns=3)
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(made["src"].partition(",")[2]))))
    assert picture.shape == (56, 84)
    assert (made["columns"], made["size"]) == (3, 28)
    assert np.allclose(picture[28:, 28:56] / 255, x[4].view(28, 28), atol=1 / 31)
