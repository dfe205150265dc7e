"""What is measured of a transfer: known answers for a copy, a wrong class and a prototype; tables and sentences from rows."""

import base64
import json
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from PIL import Image
from torch import nn
from toys import CPU, g

from lt.book import comparisons, transfers
from lt.book.transfers import End
from lt.datasets.images import Images
from lt.latents import Domain

CENTRES = 8 * torch.eye(10, 12)


class NearestCentre(nn.Module):
    """A judge without training: points (n, 12) to logits (n, 10) by their distance to ten centres."""

    def features(self, x):
        return torch.cdist(x, CENTRES)

    def forward(self, x):
        return -self.features(x)


def end(name: str, seed: int, n: int = 600) -> End:
    """Points around ten centres, a domain whose latents are the points themselves, and two judges that agree."""
    y = torch.arange(n) % 10
    x = CENTRES[y] + 0.5 * torch.randn(n, 12, generator=g(seed))
    judge = NearestCentre()
    return End(Domain(name, lambda x: x, lambda z: z, judge, 12, CPU), judge, Images(name, "test", "drawn", x, y))


def test_a_copy_keeps_everything():
    a = end("a", 0)
    scores = transfers.scores(a, a, a.images.x)
    assert [scores[m] for m in ("transfer_accuracy", "transfer_accuracy_second_judge", "transfer_accuracy_true_label")] == [1, 1, 1]
    assert scores["diversity"] == pytest.approx(1)
    assert scores["trustworthiness"] == pytest.approx(1, abs=1e-3)
    assert scores["fid"] == pytest.approx(0, abs=1e-3)
    assert scores["most_common_class"] == pytest.approx(0.1)


def test_a_prototype_keeps_the_class_alone():
    a, b = end("a", 0), end("b", 1)
    scores = transfers.scores(a, b, CENTRES[a.images.y])
    assert scores["transfer_accuracy"] == 1
    assert scores["diversity"] == 0
    assert scores["trustworthiness"] == pytest.approx(a.neighbours_by_chance(), abs=0.05)
    assert scores["fid"] > transfers.scores(a, b, a.images.x)["fid"], "it lacks the variance of real items"


def test_classes_that_are_exchanged_on_purpose_are_right_only_by_that_pairing():
    a, b = end("a", 0), end("b", 1)
    exchanged = (torch.arange(10) + 3) % 10
    made = b.images.x[[int((b.images.y == exchanged[label]).nonzero()[0]) for label in a.images.y]]
    assert transfers.scores(a, b, made)["transfer_accuracy"] == 0
    assert transfers.scores(a, b, made, expected=exchanged)["transfer_accuracy"] == 1


def test_two_judges_may_differ():
    a = end("a", 0)
    blind = lambda x: torch.tensor([[1.0] + [0.0] * 9]).expand(len(x), 10)  # noqa: E731 always class 0
    other = End(a.domain, blind, a.images)
    scores = transfers.scores(a, other, a.images.x)
    assert scores["transfer_accuracy"] == 1
    assert scores["transfer_accuracy_second_judge"] == pytest.approx(0.1)


def test_the_floor_of_fid_does_not_pair_items_with_themselves():
    """Of a perfect model, paired reconstructions would have a distance of zero; other items of the same kind have a small one."""
    a = end("a", 0)
    own = transfers.own(a)
    assert own["reconstruction_accuracy"] == own["reconstruction_accuracy_second_judge"] == 1
    assert 1e-3 < own["fid"] < 0.5
    assert (own["diversity"], own["trustworthiness_reconstruction"]) == (pytest.approx(1), pytest.approx(1, abs=1e-3))


def row(value, low=None, high=None, paper=None):
    return {"value": value, "low": low, "high": high, "paper": paper}


def some_rows(**values):
    """Rows of one direction: for each method, values of the five measures."""
    names = ("transfer_accuracy", "transfer_accuracy_second_judge", "diversity", "trustworthiness", "fid")
    return {
        ("a->b", method, name): row(*v) if isinstance(v, tuple) else row(v)
        for method, vs in values.items()
        for name, v in zip(names, vs, strict=True)
    }


def test_better_means_larger_but_for_fid_and_nearer_to_one_for_diversity():
    rows = some_rows(bridging_vae=(0.9, 0.9, 0.8, 0.7, 10.0), prototype=(0.95, 0.8, 0.1, 0.5, 60.0), lookup=(0.85, 0.9, 1.1, 0.5, 3.0))
    both = ("prototype", "lookup")
    found = {metric: transfers.better(rows, "a->b", metric, both) for metric in transfers.BETTER}
    assert found == {
        "transfer_accuracy": ["prototype"],
        "transfer_accuracy_second_judge": [],
        "diversity": ["lookup"],
        "trustworthiness": [],
        "fid": ["lookup"],
    }


def test_what_is_better_beyond_doubt_is_bold():
    rows = some_rows(
        bridging_vae=((0.9, 0.89, 0.91), 0.9, 0.8, 0.7, 10.0),
        prototype=((0.95, 0.94, 0.96), 0.8, 0.1, 0.5, 60.0),
        lookup=((0.91, 0.90, 0.92), 0.8, 0.9, 0.5, 60.0),
    )
    rows["a->b", "target", "reconstruction_accuracy"] = row(0.99)
    lines = transfers.compared(rows, "a->b", ("bridging_vae", "prototype", "lookup", "target")).splitlines()
    assert lines[0] == "| Method | accuracy | diversity | trust\u00adworthiness | by the second judge | FID |"
    assert lines[3] == "| class prototype | **0.950<br><small>[0.940, 0.960]</small>** | 0.100 | 0.500 | 0.800 | 60.0 |"
    assert lines[4] == "| class lookup | 0.910<br><small>[0.900, 0.920]</small> | **0.900** | 0.500 | 0.800 | 60.0 |", (
        "intervals that touch are not bold"
    )
    assert "**" not in lines[2] + lines[5], "neither the reference nor the bound is compared"


def test_nothing_is_bold_where_the_class_is_lost():
    rows = some_rows(bridging_vae=(0.9, 0.9, 0.8, 0.7, 10.0), lookup=(0.25, 0.9, 0.9, 0.8, 3.0), copy=(0.11, 0.95, 1.0, 1.0, 3.0))
    lines = transfers.compared(rows, "a->b", ("bridging_vae", "lookup", "copy")).splitlines()
    assert lines[3].count("**") == 6, "a diversity, a trustworthiness and a FID"
    assert "**" not in lines[4], "a copy is diverse and local, and keeps no class"


def test_a_shortfall_is_paired_and_positive_where_a_method_is_worse():
    found = transfers.shortfalls("transfer_accuracy", [[0.8, 0.9], [0.5]], [[0.9], [0.6, 0.6]])
    assert found == [[pytest.approx(0.05)], [pytest.approx(0.1)]]
    assert transfers.shortfalls("diversity", [[1.2]], [[0.9]]) == [[pytest.approx(0.1)]], "a diversity is worse the farther it is from 1"
    assert transfers.shortfalls("fid", [[3.0]], [[10.0]]) == [[-7.0]]


def test_more_uncertainty_never_helps_a_rival():
    for middle in np.linspace(-0.1, 0.1, 21):
        words = [transfers.as_good(middle - half, middle + half) for half in (0.0, 0.01, 0.05, 0.2)]
        first = words[0]
        assert first is bool(middle <= transfers.MARGIN)
        assert all(word in (first, None) for word in words), "it may become undecided, and never turns round"
    assert transfers.as_good(None, None) is None, "one set of base models decides nothing"


def test_a_method_replaces_another_only_if_it_is_as_good_in_every_measure():
    assert transfers.replaces({"a": True, "b": True}) is True
    assert transfers.replaces({"a": True, "b": None}) is None
    assert transfers.replaces({"a": None, "b": False}) is False


def test_where_a_method_stands_is_said_measure_by_measure():
    rows = some_rows(
        bridging_vae=((0.9, 0.88, 0.92), 0.9, (0.8, 0.7, 0.9), 0.7, 10.0),
        lookup=((0.91, 0.89, 0.93), 0.92, (1.3, 1.2, 1.4), 0.8, 3.0),
    )
    assert transfers.standing(rows, "a->b", "lookup") == "better in trustworthiness, FID; worse in diversity; not told apart in accuracy"
    assert transfers.standing(rows, "a->b", "bridging_vae", ("fid",)) == "not told apart in FID"


def test_intervals_that_touch_are_not_apart():
    assert transfers.apart(row(0.5, 0.4, 0.6), row(0.7, 0.61, 0.8))
    assert not transfers.apart(row(0.5, 0.4, 0.6), row(0.7, 0.6, 0.8))
    assert transfers.apart(row(0.5), row(0.7, 0.61, 0.8))
    assert not transfers.apart(row(0.65), row(0.7, 0.61, 0.8))


def test_a_short_table_has_the_paper_where_it_says_something_and_reconstructions_on_the_targets_line():
    rows = some_rows(bridging_vae=((0.9, 0.89, 0.91, 0.95), 0.9, 0.8, 0.7, 10.0))
    rows |= {
        ("a->b", "target", name): row(value)
        for name, value in (("reconstruction_accuracy", 0.92), ("trustworthiness", 0.5), ("trustworthiness_reconstruction", 0.99))
    }
    table = transfers.short_table(rows, "a->b", ("bridging_vae", "target"))
    assert list(table.columns) == ["accuracy", "in the paper", "diversity", "trustworthiness", "by the second judge"]
    assert table.loc["bridging VAE"].tolist() == ["0.900 [0.890, 0.910]", "0.95", "0.800", "0.700", "0.900"]
    assert table.loc["target's own"].tolist() == ["0.920", "", "", "0.990", ""], "by chance, 0.5, is another row"
    other = transfers.short_table(rows, "a->b", ("target",))
    assert "in the paper" not in other.columns


# ---------------------------------------------------------------- figures


def test_a_sprite_holds_every_picture_dark_on_light():
    images = torch.rand(10, 784, generator=g())
    head, data = transfers.sprite(images).split(",")
    assert head == "data:image/png;base64"
    picture = Image.open(BytesIO(base64.b64decode(data)))
    assert (picture.size, picture.mode) == ((280, 28), "L")
    np.testing.assert_allclose(np.asarray(picture)[:, 84:112] / 255, 1 - images[3].view(28, 28), atol=1 / 255)


def test_the_data_of_an_interactive_figure_are_small_even_for_pictures_of_noise():
    methods = (
        "bridging_vae",
        "prototype",
        "lookup",
        "gaussian_ot",
        "gaussian_gw",
        "discrete_ot",
        "procrustes",
        "affine",
        "copy",
        "shuffled_labels",
    )
    rows = {key: row(0.5, 0.4, 0.6) for m in methods for key in some_rows(**{m: [0] * 5})}
    rows |= {("b->a", *rest): value for (_, *rest), value in rows.items()}
    images = torch.rand(10, 784, generator=g())
    settings = ("a->b", "b->a")
    data = transfers.points(rows, settings, methods, dict.fromkeys(settings, images), {(s, m): images for s in settings for m in methods})
    assert len(json.dumps(data)) < 300_000
    assert data["a->b"]["points"][0]["transfer_accuracy"] == [0.5, 0.4, 0.6]
    assert [point["name"] for point in data["b->a"]["points"]][:2] == ["bridging VAE", "class prototype"]


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert not plt.get_fignums(), "a figure that stays open is shown twice in a notebook"


def test_methods_stand_at_their_values_and_more_diverse_ones_are_larger():
    rows = some_rows(bridging_vae=((0.9, 0.85, 0.93), 0.9, 0.8, (0.7, 0.6, 0.8), 10.0), prototype=(0.95, 0.8, 0.1, 0.5, 60.0))
    figure = comparisons.beside(rows, ["a->b"], ("bridging_vae", "lookup", "prototype"), 0.5)
    (axis,) = figure.axes
    assert {text.get_text(): text.xy for text in axis.texts} == {"1": (0.9, 0.7), "3": (0.95, 0.5)}, (
        "a method without a row leaves its number out"
    )
    areas = [points.get_sizes()[0] for points in axis.collections if isinstance(points, PathCollection)]
    assert areas[0] > areas[1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1  bridging VAE", "3  class prototype"]


def test_a_change_is_filled_where_its_interval_leaves_zero_out():
    figure = comparisons.changes(
        {"accuracy": [(-0.1, -0.12, -0.08), (0.01, -0.4, 0.42)], "diversity": [(0.2, None, None), (0.1, 0.05, 0.15)]}, ["a", "b"]
    )
    filled = [[line.get_markerfacecolor() != "white" for line in axis.lines if line.get_marker() == "o"] for axis in figure.axes]
    assert filled == [[True, False], [False, True]]
    assert figure.axes[0].get_xlim()[0] > -0.4, "a wide interval does not press the others together"


def test_numbers_of_points_that_lie_together_stand_apart():
    points = [(100.0, 100.0, 8.0), (103.0, 100.0, 8.0), (100.0, 104.0, 8.0), (400.0, 100.0, 8.0)]
    places = comparisons.free_places(points, 17.0)
    at = np.array([(x + dx, y + dy) for (x, y, _), (dx, dy) in zip(points, places, strict=True)])
    between = np.linalg.norm(at[:, None] - at[None], axis=-1) + 1e9 * np.eye(4)
    assert between.min() > 16, "no number on another"
    assert min(np.linalg.norm(place - np.array(p[:2])) for place in at for p in points) > 8, "no number on a point"
    assert np.linalg.norm(places[3]) < 20, "a number stays beside its point where there is room"


def test_a_watched_run_shows_its_best_look_and_its_last_third():
    curves = {"a->b": {"pix2pix": ([0.1, 0.5, 0.9, 1.0], [0.9, 0.8, 0.7, 0.6]), "cyclegan": ([0.1, 0.5, 0.9, 1.0], [0.1, 0.1, 0.1, 0.12])}}
    figure = comparisons.watched(curves)
    (axis,) = figure.axes
    rings = [tuple(line.get_xydata()[0].tolist()) for line in axis.lines if line.get_fillstyle() == "none"]
    assert rings == [(0.9, 0.7), (1.0, 0.12)], "the best look of the last third"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Pix2Pix", "CycleGAN"]
