"""The second judge of images: its shape, what it learns, and which weights are kept."""

import torch
from toys import CPU, equal, g

from lt.datasets.images import Images
from lt.loop import Training
from lt.networks import parameter_count
from lt.zoo.image_judge import ConvJudge, ConvJudgeConfig, fit_second_judge


def bars(n: int, seed: int = 0) -> Images:
    """Ten classes: a bright bar at one of ten heights, with noise."""
    y = torch.arange(n) % 10
    x = 0.2 * torch.rand(n, 28, 28, generator=g(seed))
    for i, label in enumerate(y.tolist()):
        x[i, 2 + 2 * label : 5 + 2 * label] += 0.7
    return Images("mnist", "train", "embedded", x.flatten(1), y)


def test_images_become_logits_of_ten_classes():
    judge = ConvJudge()
    x = torch.rand(3, 784, generator=g())
    assert judge(x).shape == (3, 10)
    assert judge.features(x).shape == (3, judge.head.in_features)
    assert 100_000 <= parameter_count(judge) <= 200_000


def test_it_tells_bars_apart_that_it_has_not_seen():
    config = ConvJudgeConfig(Training(60, 32, 2e-3, "onecycle"), width=4, jitter=0.1)
    judge, history = fit_second_judge(config, bars(240), 1, CPU)
    fresh = bars(100, seed=1)
    with torch.no_grad():
        assert (judge(fresh.x).argmax(-1) == fresh.y).double().mean() > 0.95
    assert history["score"][-1] > 0.9, "the share of kept-aside items that it gets right"


def test_the_weights_that_are_best_on_items_kept_aside_are_kept():
    """Training at a rate that destroys what was learnt: the end is worse than the best, and the best is what is returned."""
    data = bars(240)
    config = ConvJudgeConfig(Training(80, 32, 0.5), width=4)
    judge, history = fit_second_judge(config, data, 1, CPU)
    again, _ = fit_second_judge(config, data, 1, CPU)
    assert equal(judge, again)
    assert len(history["score"]) == len(history["step"])
    assert max(history["score"]) > min(history["score"]), "otherwise this shows nothing"
    best = history["step"][history["score"].index(max(history["score"]))]
    short = ConvJudgeConfig(Training(best, 32, 0.5), width=4)
    stopped, at_best = fit_second_judge(short, data, 1, CPU)
    assert max(at_best["score"]) == max(history["score"])
    assert equal(judge, stopped), f"the weights of step {best}"


def test_another_seed_is_another_judge():
    config = ConvJudgeConfig(Training(3, 16), width=4)
    first, second = (fit_second_judge(config, bars(40), seed, CPU)[0] for seed in (0, 1))
    assert not equal(first, second)
