"""Ten pairs of models that somebody might have: what ``preflight`` expects, what map and bridge reach, in seconds.

``python benchmarks/own_cases.py`` prints a line per way; tests/test_checks.py asks that the map alone is within 0.1
of the estimate. All is made here: nothing is downloaded or read from the cache of trainings.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import nn

import lt
from lt.data import load

CONFIG = lt.BridgeConfig(beta_kl=0.01, beta_cls=1.0)  # chapter 10
TOPICS = "ship sail crew;corn farm barn;law judge jury;goal team ball;oven cake flour;star moon comet;drug nurse pill"
TOPICS = [words.split() for words in f"{TOPICS};song drum band;bank loan bond;snow ski sled".split(";")]
DIGITS = [part.astype(kind) for part, kind in zip(load_digits(return_X_y=True), ("f4", "i8"), strict=True)]


def parted(name, encode, decode, x, y, seen=None):
    """Latents to learn from, and of the last third, held out; the judge reads what is ``seen`` of items."""
    n, seen = len(x) * 2 // 3, np.asarray(x).reshape(len(x), -1) if seen is None else seen
    pca = PCA(20, random_state=0).fit(seen)
    model = LogisticRegression(max_iter=1000).fit(pca.transform(seen), y)
    judge = lambda items: model.predict_proba(pca.transform(items.reshape(len(items), -1)))  # noqa: E731
    domain = lt.Domain(name, encode, decode, judge)
    return domain.latents(x[:n], y[:n]), domain.latents(x[n:], y[n:])


def digits(turn=None, name="a"):
    """Twenty principal components of 8 x 8 pixels, perhaps turned."""
    pca, turn = PCA(20, random_state=0).fit(DIGITS[0]), np.eye(20) if turn is None else turn
    return parted(name, lambda x: pca.transform(x) @ turn, lambda z: pca.inverse_transform(z.numpy() @ turn.T), *DIGITS)


def garments(random=False):
    """Forty principal components of 28 x 28 pixels, or twelve random projections and least squares back."""
    items = load("fashion", "train").take(slice(2400))
    x, y = items.x.numpy(), items.y.numpy()
    pca, seen = PCA(40, random_state=0).fit(x), np.random.default_rng(0).normal(size=(784, 12))
    back = np.linalg.lstsq(x @ seen, x, rcond=None)[0]
    if random:
        return parted("b", lambda x: x.numpy() @ seen, lambda z: z.numpy() @ back, x, y)
    return parted("b", pca.transform, pca.inverse_transform, x, y)


class VAE(nn.Module):
    """A small convolutional one."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 32))
        self.up = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid())

    def encode(self, x):
        mean, logvar = self.down(x).chunk(2, 1)
        return mean, (logvar / 2).exp()


def vae():
    torch.manual_seed(0)
    x, model = torch.from_numpy(DIGITS[0] / 16).view(-1, 1, 8, 8), VAE()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(500):
        some = x[torch.randint(len(x), (128,))]
        mean, std = model.encode(some)
        made = model.up(mean + std * torch.randn_like(std))
        loss = ((made - some.flatten(1)) ** 2).sum() + 0.025 * (mean**2 + std**2 - 2 * std.log()).sum()
        optimiser.zero_grad()
        (loss / 128).backward()
        optimiser.step()
    model.eval()
    return parted("a", model.encode, model.up, x, DIGITS[1])


def texts():
    """Ten words each, most of them of any topic: TF-IDF and its singular vectors."""
    draw, every = np.random.default_rng(0), [word for words in TOPICS for word in words]
    y = draw.integers(0, 10, 1800)
    x = [" ".join(draw.choice(every if draw.random() < 0.75 else TOPICS[label]) for _ in range(10)) for label in y]
    words = TfidfVectorizer().fit(x)
    seen = words.transform(x).toarray()
    svd = TruncatedSVD(20, random_state=0).fit(seen)
    return parted("b", lambda x: svd.transform(words.transform(x)), svd.inverse_transform, x, y, seen)


def labelled(change):
    """A change of latents: their labels by a function of the old ones and a generator."""
    return lambda d: replace(d, y=torch.from_numpy(change(d.y.numpy(), np.random.default_rng(0))))


noisy = labelled(lambda y, draw: np.where(draw.random(len(y)) < 0.2, draw.integers(0, 10, len(y)), y))
one_each = labelled(lambda y, draw: np.where(np.arange(len(y)) == np.argmax(y == y[:, None], 1), y, -1))
none = labelled(lambda y, draw: np.full_like(y, -1))


def rarer(d):
    return d.take((torch.rand(len(d), generator=torch.Generator().manual_seed(0)) < 0.85**d.y).nonzero().flatten())


def pair(one, two, change=lambda d: d, tested=lambda d: d, third=None):
    """What is learned from, and what is held out."""
    return [change(one[0]), change(two[0])] + [third] * bool(third), [tested(one[1]), tested(two[1])]


TURN = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 20)))[0]
CASES = {
    "digits and garments by PCA": lambda: pair(digits(), garments()),
    "a convolutional VAE": lambda: pair(vae(), garments()),
    "texts that are hard to read": lambda: pair(digits(), texts()),
    "a turned copy": lambda: pair(digits(), digits(TURN, "b")),
    "random features": lambda: pair(digits(), garments(random=True)),
    "ten labels in all": lambda: pair(digits(), garments(), one_each),
    "300 and 1,600 items": lambda: pair((digits()[0].take(slice(300)), digits()[1]), garments()),
    "rare classes": lambda: pair(digits(), garments(), rarer, rarer),
    "a fifth of labels wrong": lambda: pair(digits(), garments(), noisy, noisy),
    "an unlabelled third domain": lambda: pair(digits(), garments(), third=none(digits(TURN, "c")[0])),
}


def measured(case: Callable, steps: int = 700) -> Iterator[tuple[str, float, dict[str, float], float]]:
    """Each way with its estimate, what map and bridge (of so many steps; 0: none) reach, and its seconds."""
    latents, held = case()
    start = time.perf_counter()
    report = lt.preflight(latents)
    seconds = time.perf_counter() - start
    if "spread_labels in" in report.first:
        latents = [lt.spread_labels(d) for d in latents]
    bridge, rule = (
        steps and lt.fit_bridge(latents, CONFIG, steps=steps),
        report.first.split("'")[1:2] or ["gaussian_gw"],
    )
    for (a, b), (source, target) in zip(permutations(latents[:2]), permutations(held), strict=True):
        methods = {"map": lt.fit_map(a, b, rule[0], shrink=0.7)} | ({"bridge": bridge} if steps else {})
        found = lt.compare(methods, source, target)
        reached = {name: found[name]["transfer_accuracy_true_label"] for name in methods}
        way = f"{a.name}->{b.name}"
        yield way, report.expected[way], reached, seconds


def shown(name: str, way: str, about: float, reached: dict[str, float], seconds: float) -> str:
    found = ", ".join(f"{method} {value:.2f}" for method, value in reached.items())
    return f"{name:28} {way} about {about:.2f}, {found}, {seconds:.1f} s"


if __name__ == "__main__":
    for name, case in CASES.items():
        for line in measured(case):
            print(shown(name, *line))
