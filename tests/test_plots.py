"""Figures show the numbers that they are given, where they belong, with words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure

from lt.book import charts, diagrams, plots, walks


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert not plt.get_fignums(), "a figure that stays open is shown twice in a notebook"


def texts(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def row(value, low, high, paper=None):
    return {"value": value, "low": low, "high": high, "paper": paper}


def test_a_mosaic_puts_each_image_in_its_place():
    images = torch.rand(5, 784, generator=torch.Generator().manual_seed(0))
    picture = plots.mosaic(images, 3)
    assert picture.shape == (60, 90)
    for i, image in enumerate(images):
        down, across = divmod(i, 3)
        tile = picture[30 * down + 1 : 30 * down + 29, 30 * across + 1 : 30 * across + 29]
        assert np.allclose(tile, 1 - image.view(28, 28)), "dark on light"
    assert (picture[31:59, 61:89] == 1).all(), "what is left over is paper"


def test_intervals_and_the_papers_numbers_stand_at_their_values():
    figure = charts.intervals([row(0.9, 0.85, 0.95, 0.8), row(0.5, 0.4, 0.6)], ["first", "second"])
    (axis,) = figure.axes
    at = {(round(float(line.get_xdata()[0]), 3), line.get_marker()) for line in axis.lines}
    assert {(0.9, "o"), (0.5, "o"), (0.8, "D")} <= at
    assert sorted(line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 2) == [0.4, 0.85]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["first", "second"]
    assert "paper" in texts(figure)


def test_the_papers_number_stands_beside_the_result_of_its_own_protocol():
    (axis,) = charts.intervals([row(0.9, 0.85, 0.95, 0.8)], ["first"], [row(0.7, 0.6, 0.75)]).axes
    at = {line.get_label(): tuple(line.get_xydata()[0]) for line in axis.lines if len(line.get_xdata()) == 1}
    assert at["ours, the paper's protocol"][0] == 0.7
    assert at["paper"] == (0.8, at["ours, the paper's protocol"][1]) != (0.8, at["ours, held out"][1])


def test_a_trade_off_has_a_panel_a_setting_and_a_point_a_method():
    rows = {
        "A → B": {
            "ours": (row(0.9, 0.8, 0.95), row(0.7, 0.6, 0.8), row(1.0, None, None)),
            "theirs": (row(0.5, None, None), row(0.6, None, None), row(0.1, None, None)),
        }
    }
    figure = charts.trade_off(rows, (0.1, 0.5), ("accuracy", "locality"))
    points = [container.lines[0].get_xydata()[0].tolist() for container in figure.axes[0].containers]
    assert points == [[0.9, 0.7], [0.5, 0.6]]
    assert figure.axes[0].get_title() == "A → B"
    assert {"ours", "theirs", "accuracy", "locality"} <= set(texts(figure).replace(",", "").split()) | {"accuracy"}


def test_histories_leave_out_terms_that_a_run_has_not():
    runs = {"a": {"step": [1, 2], "kl": [1.0, 2.0]}, "b": {"step": [1, 2], "kl": [2.0, 3.0], "swd": [0.1, 0.2]}}
    figure = plots.histories(runs, ["kl", "swd"])
    assert [len(axis.lines) for axis in figure.axes] == [2, 1]
    assert figure.axes[0].lines[1].get_ydata().tolist() == [2.0, 3.0]


def test_a_confusion_matrix_prints_its_shares():
    figure = plots.confusion(np.array([[0.75, 0.25], [0.0, 1.0]]), ["p", "q"], ["r", "s"], "title", "x", "y")
    assert {".75", ".25", "1.00", "p", "s", "title"} <= set(texts(figure).split())
    assert "0.00" not in texts(figure), "what is next to nothing stays blank"


def test_every_class_has_a_mark_of_every_kind():
    (axis,) = charts.by_class({"recordings": [0.9, 0.4], "transfers": [0.8, 0.6]}, ["zero", "one"], "share", 0.1).axes
    assert [list(line.get_xdata()) for line in axis.lines[:2]] == [[0.9, 0.4], [0.8, 0.6]]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["zero", "one"]


def test_methods_stand_side_by_side_on_the_line_of_their_case():
    lines = {
        "digits → shoes": {"one": row(0.9, 0.85, 0.95), "two": row(0.7, 0.6, 0.8)},
        "shoes → digits": {"one": row(0.5, None, None), "two": row(0.4, None, None)},
    }
    (axis,) = charts.side_by_side(lines, "share", hollow={("shoes → digits", "two")}).axes
    marks = {
        (float(line.get_xdata()[0]), round(float(line.get_ydata()[0]))): line
        for line in axis.lines
        if line.get_marker() in ("o", "s") and len(line.get_xdata())
    }
    assert set(marks) == {(0.9, 0), (0.7, 0), (0.5, 1), (0.4, 1)}
    assert [key for key, line in marks.items() if line.get_markerfacecolor() == "white"] == [(0.4, 1)]
    assert marks[0.9, 0].get_color() == marks[0.5, 1].get_color() != marks[0.7, 0].get_color()
    assert [label.get_text() for label in axis.get_yticklabels()] == list(lines)


def test_points_that_are_told_the_same_stand_side_by_side():
    lines = {"a": {"nothing": [0.1, 0.3]}, "b": {"nothing": [0.4]}, "c": {"1": [0.1], "labels": [0.9]}}
    figure = charts.over_supervision({"found": lines}, ["nothing", "1", "labels"], [0.05], "told", ["b"])
    drawn = {line.get_label(): line for line in figure.axes[0].lines}
    assert drawn["a"].get_xdata()[0] < 0 < drawn["b"].get_xdata()[0]
    assert list(drawn["c"].get_xdata()) == [1, 2], "a line stays on its ticks"
    assert list(drawn["a"].get_ydata()) == [pytest.approx(0.2)], "the mark is the mean"
    assert any(list(line.get_ydata()) == [0.1, 0.3] for line in figure.axes[0].lines), "and the dots are the values"
    assert drawn["b"].get_color() == plots.SOURCE != drawn["a"].get_color()


def test_the_diagram_shows_the_shapes_of_the_code():
    keys = ("x1", "z1", "encoder", "z'", "decoder", "z2", "x2")
    assert all(f"shape-{key}" in texts(diagrams.architecture({key: f"shape-{key}" for key in keys})) for key in keys)


def test_a_frontier_joins_the_points_of_a_setting_and_marks_the_chosen_one():
    points = {"0.001": (row(0.8, None, None), row(0.9, 0.85, 0.95)), "0.02": (row(0.4, None, None), row(0.95, 0.9, 0.99))}
    (axis,) = charts.frontier({"A → B": points}, "0.02").axes
    assert axis.lines[0].get_xydata().tolist() == [[0.4, 0.95], [0.8, 0.9]]
    rings = [line.get_xydata().tolist() for line in axis.lines if line.get_markersize() == 16]
    assert rings == [[[0.4, 0.95]]], "the chosen setting alone has a ring"
    assert {"0.001", "0.02"} <= {text.get_text() for text in axis.texts}
    assert axis.get_xlim()[0] > 0.3, "the axis spans the points, not everything from 0 to 1"


def test_differences_stand_around_zero_and_verdicts_fill_their_bar():
    figure = charts.differences({"hold": 3, "are not decided": 1}, {"A": [("x", -0.03, -0.05, -0.01)], "B": [("y", 0.2, 0.1, 0.3)]})
    bar, first, second = figure.axes
    assert [(patch.get_x(), patch.get_width()) for patch in bar.patches] == [(0, 3), (3, 1)]
    assert first.get_xlim()[1] < 0.1 < second.get_xlim()[1], "each panel has its own range"
    assert list(first.lines[1].get_xdata()) == [-0.05, -0.01]


def test_the_paper_has_one_colour_in_figures_of_intervals_and_of_labels():
    lines = {"the paper": {"1": (0.3, None, None)}, "ours": {"1": (0.5, 0.4, 0.6)}}
    drawn = {line.get_label(): line for line in charts.over_labels(lines, ["1"], chance=0.1).axes[0].lines}
    of_intervals = {line.get_label(): line for line in charts.intervals([row(0.9, 0.85, 0.95, 0.8)], ["first"]).axes[0].lines}
    assert drawn["the paper"].get_color() == of_intervals["paper"].get_color() == plots.TARGET
    assert drawn["ours"].get_color() == of_intervals["ours, 95 % interval"].get_color() == plots.SOURCE


def test_candidates_stand_by_their_distance_from_the_best_and_the_far_ones_on_the_edge():
    groups = {"KL": ([(0.900, 0.5), (0.895, 0.7), (0.5, 0.9)], 1, 0), "VAE": ([(0.99, None)], 0, None)}
    left, right = charts.candidates(groups, 0.01).axes
    found = {(line.get_marker(), round(float(line.get_xdata()[0]), 3), int(line.get_ydata()[0])) for line in left.lines}
    assert found == {("o", 0.0, 0), ("D", -0.005, 0), ("<", -0.045, 0), ("D", 0.0, 1)}
    assert sum(line.get_fillstyle() == "none" for line in left.lines) == 1, "one ring: the setting before"
    assert all(int(line.get_ydata()[0]) == 0 for line in right.lines), "a group without diversity has nothing on the right"
    assert [label.get_text() for label in left.get_yticklabels()] == ["KL", "VAE"]
    (band,) = charts.candidates(groups, 0.01, {"KL": 0.05}).axes[1].patches
    assert (band.get_x(), band.get_width()) == pytest.approx((0.65, 0.05)), "the largest diversity of the accurate ones is 0.7, not 0.9"


def test_a_logarithmic_axis_of_less_than_a_decade_has_plain_ticks():
    figure = plots.histories({"a": {"step": [1, 2], "loss": [0.57, 0.97]}}, ["loss"])
    figure.draw_without_rendering()
    ticks = [label.get_text() for label in figure.axes[0].get_yticklabels() if label.get_text()]
    assert 2 <= len(ticks) <= 6
    assert all(float(tick) > 0 for tick in ticks), f"plain numbers: {ticks}"


def test_growth_has_a_guide_to_compare_with_in_its_own_panel():
    figure = charts.growth(
        {"width": ({"cost": {1: 1e9, 2: 3e9}}, "operations"), "n": ({"cost": {1: 1, 2: 2}}, "s")},
        {"width": ("as the square", {1: 1e9, 2: 4e9})},
    )
    assert [[line.get_ydata()[-1] for line in axis.lines] for axis in figure.axes] == [[3e9, 4e9], [2]]
    assert "as the square" in texts(figure)


def test_models_of_one_corpus_share_a_colour():
    spread = {"A, seed 0": torch.arange(4.0) + 1, "A, seed 1": torch.arange(4.0) + 2, "B, seed 0": torch.arange(4.0) + 3}
    (axis,) = plots.active_dimensions(spread, dict.fromkeys(spread, 2)).axes
    first, _, again, _, other, ring = axis.lines
    assert first.get_color() == again.get_color() != other.get_color()
    assert first.get_linestyle() != again.get_linestyle()
    assert ring.get_xydata().tolist() == [[2, 5]], "the second largest of 3, 4, 5 and 6"


def test_columns_of_spectrograms_have_their_names():
    assert {"zero", "one"} <= set(texts(plots.spectrograms({"a": torch.rand(4, 64, 64)}, columns=2, labels=["zero", "one"])).split())


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plots.panels({"a": torch.rand(20, 784), "b": torch.rand(20, 784)}),
        lambda: plots.spectrograms({"a": torch.rand(7, 64, 64)}, columns=4),
        lambda: plots.rows_of_images({"a": torch.rand(3, 784)}, ["x", "y", "z"]),
        lambda: walks.walks({"A → B": [{"source": torch.rand(4, 784), "transfer": torch.rand(4, 1, 64, 64)}] * 2}),
        lambda: walks.aligned_steps({"A → B": {"source": np.ones(9), "transfer": np.arange(9.0)}}),
        lambda: walks.panels_of({"largest step": {"A → B": {"source": (1.0, None, None), "target": (2.0, 1.9, 2.1)}}}),
        lambda: plots.active_dimensions({"a": torch.rand(10)}, {"a": 3}),
        lambda: plots.heat_maps({"a": np.eye(2), "b": np.eye(2)}, ["0", "1"], ["0", "1"], ("x", "y")),
        lambda: plots.shares({"zero": 0.4, "one": 0.6}, 0.5),
        lambda: charts.over_labels({"ours": {"1": (0.5, 0.4, 0.6), "all": (0.9, None, None)}}, ["0", "1", "all"]),
        lambda: plots.rows_of_images({"a digit": torch.rand(3, 784), "a sound": torch.rand(3, 1, 64, 64)}),
        lambda: plots.shared_space(np.random.default_rng(0).normal(size=(20, 2)), {"by class": (np.arange(20) % 10, list("0123456789"))}),
        lambda: charts.growth({"width": ({"one step": {1: 1.0, 2: 4.0}}, "operations")}),
    ],
)
def test_every_figure_draws(figure, tmp_path):
    drawn = figure()
    drawn.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_a_ratio_of_walks_has_a_line_where_both_are_alike():
    ratio = {"A → B": {"source": (0.9, 0.8, 1.0), "target": (1.5, 1.4, 1.6)}}
    above, below = walks.panels_of({"largest step": ratio, "ratio": ratio}, {"ratio": 1}).axes
    dashed = [[line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == "--"] for axis in (above, below)]
    assert dashed == [[], [1]]


def test_a_walk_marks_the_steps_at_which_the_class_changes():
    changes = np.array([False, False, True, False, False])
    size = np.array([1.0, 1.0, 3.0, 0.5, 0.5])
    figure = walks.steps({"transfer: words": (torch.rand(3, 784), ["one", "one", "two"], size, changes)})
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["one", "", "two"], "a word is said where it is new"
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height(), bar.get_facecolor()) for bar in figure.axes[1].patches]
    assert sorted(height for _, height, _ in bars) == sorted(size)
    marked = [(x, height) for x, height, colour in bars if colour == to_rgba(walks.CHANGE)]
    assert marked == [(pytest.approx(1.5), 3.0)], "the middle of the path is under the middle item"


def test_numbers_of_a_heat_map_are_legible_on_every_cell():
    def light(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    figure = plots.heat_maps(dict.fromkeys("ab", np.linspace(0, 1, 100).reshape(10, 10)), "0123456789", "0123456789", ("x", "y"))
    axis = figure.axes[0]
    for text, cell in zip(axis.texts, axis.collections[0].get_facecolors(), strict=True):
        dark, bright = sorted([light(text.get_color()), light(cell)])
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, text.get_text()
