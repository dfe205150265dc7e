# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,cellView,title,-all
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13. The same item, found again
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/13_same_items.ipynb)
#
# **Two models have seen the same images. Does a map between them find the same seven again, or just a seven?**
#
# For a seven, the bridge mostly finds another seven. A rotation finds *the* seven: told neither a label nor which images belong together, it finds more than **99** of a hundred held-out digits again. With clothes it finds fewer.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (13 minutes)

# %% tags=["nbval-ignore-output"]
from functools import cache

import numpy as np
import torch
from scipy.optimize import quadratic_assignment
from torch.nn import functional as F

import lt
from lt.alignment import class_means, clusters, hide_labels, spread_labels
from lt.book import figures, start
from lt.metrics import Score
from lt.models.images import VAEConfig, fit_vae

torch.set_grad_enabled(False)  # lt turns gradients on where it trains
run = start("13_same_items", profile)


# %%
def rotation(a, b):
    """The rotation and shift that bring points a (p, 100) nearest to partners b."""
    mean_a, mean_b = a.mean(0), b.mean(0)
    u, _, vh = torch.linalg.svd((a - mean_a).T @ (b - mean_b))
    return lambda z: (z - mean_a) @ (u @ vh) + mean_b


def cosines(a, b):  # about the mean of b, (n, 100) and (m, 100) to (n, m)
    centre = b.mean(0)
    return F.normalize(a - centre, dim=-1) @ F.normalize(b - centre, dim=-1).T


def improved(move, a, b, rounds=10):
    """Which points are nearest to each other (n,), and the better rotation."""
    for _ in range(rounds):
        near = cosines(move(a), b).topk(5).indices  # (n, 5)
        move = rotation(a, b[near].mean(1))
    similar = cosines(move(a), b)
    there, back = similar.argmax(1), similar.argmax(0)
    return back[there] == torch.arange(len(a), device=a.device), move


def told_nothing(first, second, x, others):
    """A rotation from the first model to the second, from images x and other images."""
    a, b = first.latents(x), second.latents(others)
    tried = []
    for number in range(8, 21):  # of groups
        groups = lt.alignment.matched_clusters(a, b, number)  # written out below
        guess = rotation(*[class_means(d) for d in groups])
        tried.append(improved(guess, a.mean, b.mean))
    return max(tried, key=lambda one: one[0].sum())


# %%
n = {"quick": 1500, "laptop": 3000, "paper": 5000}[profile]
test, train = run.images("mnist", "test"), run.images("mnist", "train")
order = torch.randperm(len(train), generator=lt.named_generator("order", 0))
some, others = order[:n], order[n : 2 * n]  # no image is in both
bridges = run.bridges("mnist", "mnist_b")  # one per set, from chapter 3
turns = []  # one per set; laptop: two minutes
for s in run.sets:
    first, second = run.domain("mnist", s), run.domain("mnist_b", s)
    turns.append(told_nothing(first, second, train.x[some], train.x[others])[1])

ten = figures.first_of_each_class(test.y)
z, second = run.held("mnist").mean[ten], run.domain("mnist_b")
rows = {"image": test.x[ten]}
rows["by the bridge"] = second.items(bridges[0].transfer(z, "mnist", "mnist_b"))
rows["told nothing"] = second.items(turns[0](z))
rows["the answer"] = second.items(run.held("mnist_b").mean[ten])

# %% mystnb={"figure": {"caption": "Figure 13.1. Ten held-out images, encoded by the first model, mapped, and decoded by the second. The rotation is told nothing. Last row: the second model's own reconstruction, which a perfect map would reach."}, "image": {"alt": "Four rows of ten digits. The row of the bridge shows digits in another hand, one of them broken; the row of the rotation that is told nothing and the last row look like the first."}} tags=["nbval-ignore-output"]
figures.grid(rows)


# %% [markdown]
# ## The question as a number
#
# Between digits and shoes nobody can say which shoe a given seven should become. Between two models of the same images one can: image $i$ has a latent $a_i$ in the first space and $b_i$ in the second. So a map
# $f$ can be right about the *item*. Is $b_i$ the nearest of all $b_1, \dots, b_n$ to $f(a_i)$?
#
# $$ \mathrm{top1} = \frac1n\, \bigl|\{\, i : \arg\max_j \cos(f(a_i), b_j) = i \,\}\bigr| $$
#
# The images are held out. Chance is $1/n$. A map that knows the class and no more finds about ten of all the images, one per class.

# %%
def shares(**hits):
    """A score of shares, from hits per item."""
    hits = {metric: hit.cpu().numpy() for metric, hit in hits.items()}
    return Score({metric: hit.mean() for metric, hit in hits.items()}, hits)


def found_again(moved, b):
    """Whether the nearest of all latents b (n, 100) is the right one, per image."""
    nearest = torch.cat([cosines(part, b).argmax(1) for part in moved.split(1000)])
    return nearest.cpu() == torch.arange(len(b))


def score(moved, s):
    """Of held-out images, moved to the second model: found again, and class kept."""
    second = run.domain("mnist_b", s)
    judged = run.domain("mnist", s).classify(test.x)
    kept = second.classify(second.items(moved)) == judged
    again = found_again(moved, run.held("mnist_b", s).mean)
    return shares(top1=again, transfer_accuracy=kept)


held = [run.held("mnist", s).mean for s in run.sets]
scores = []
for s in run.sets:
    scores.append(score(bridges[s].transfer(held[s], "mnist", "mnist_b"), s))
run.add("mnist->mnist", "bridging_vae", scores, table="items")

# %% [markdown]
# ## With pairs
#
# Suppose that we know some pairs: the same training images in both spaces. Which rotation brings $a_i$ to $b_i$? The answer has been known since 1966 (Procrustes; `rotation` above). With the centred points as rows of $A$ and $B$:
#
# $$ A^\top B = U S V^\top, \qquad f(z) = (z - \bar a)\, U V^\top + \bar b $$

# %%
counts = [1, 10, 100, 1000]
for p in counts:
    x, scores = train.x[order[:p]], []
    for s in run.sets:
        a, b = run.domain("mnist", s).latents(x), run.domain("mnist_b", s).latents(x)
        scores.append(score(rotation(a.mean, b.mean)(held[s]), s))
    run.add("mnist->mnist", f"rotation_{p}_pairs", scores, table="items")


# %% [markdown]
# ## Without pairs, without labels
#
# Two models with different random starts make clouds of latents that have nearly one shape, but are turned. A turn can be found from the shape alone:
#
# 1. In each space by itself, find groups of neighbours (*spectral clusters*). A graph joins each point with its ten nearest; points that many paths join are one group.
# 2. Which group of the one space plays the part of which group of the other? Pair them so that the *distances between groups* agree best. This is a quadratic assignment problem. The search is not exact, so we take the best of a hundred starts.
# 3. A rotation between the means of matched groups is a first guess.
# 4. Improve it: map, take what is near as the partner, fit the rotation again (`improved`, above).
#
# How many groups? Try several numbers (`told_nothing`, above). The best guess is the one after which most points are *each other's* nearest. That needs no label either. The two sides have no image in common, so that no pair hides in the data. Steps 1 and 2, written out:

# %%
def matched(a, b, number):
    """Means (number, 100) of groups of a, and in the same order of their partners."""
    means, distances = [], []
    for d in (a, b):
        group = clusters(d, number)  # (n,): the group of each point
        mean = torch.stack([d.mean[group == g].mean(0) for g in range(number)])
        distance = torch.cdist(mean, mean).double()
        apart = distance[~torch.eye(number, dtype=bool)]
        distance = (distance - apart.mean()) / apart.std()  # spaces differ in scale
        means.append(mean)
        distances.append(distance.fill_diagonal_(0).cpu().numpy())
    tried = []
    for seed in range(100):
        options = {"maximize": True, "P0": "randomized"}
        options["rng"] = np.random.default_rng(seed)
        tried.append(quadratic_assignment(*distances, options=options))
    best = max(tried, key=lambda match: match.fun)
    return means[0], means[1][best.col_ind]


a, b = run.domain("mnist").latents(train.x[some]), second.latents(train.x[others])
theirs = [class_means(d) for d in lt.alignment.matched_clusters(a, b, 10)]
print("as lt does:", all(map(torch.allclose, matched(a, b, 10), theirs)))
scores = [score(turns[s](held[s]), s) for s in run.sets]
run.add("mnist->mnist", "rotation_told_nothing", scores, table="items")

# %% tags=["nbval-ignore-output"]
run.table("items", caption="Table 13.1. Two models of digits. Top-1: found again.")

# %% [markdown]
# A hundred pairs are enough for a rotation. Who has pairs needs no bridge; and these two models need no pairs. Why does the bridge lose the item? Nothing in its loss asks for it: the sliced Wasserstein distance lays two clouds over one another as wholes. And $z'$ has eight numbers with noise on them. What they do not say above the noise is lost.
#
# ## How far does it go?
#
# So far the two models differ in their random start alone. Now harder cases in three sets, told nothing again. Beside them stands what a rotation from 3,000 pairs would find.
#
# - *Another size*: a large model and a small one, which has learned from half of the images.
# - *Other images*: two small models that have learned from different halves.
# - *Clothes*: two models that differ in their start. *Digits and clothes*: no item is in both, so we can only count the *mutual* points, which are each other's nearest.

# %%
size = {"quick": 500, "laptop": 1000}.get(profile, 2000)  # steps: some seconds each
small = VAEConfig(lt.Training(size, 128, 2e-3, "onecycle", muon=0.02), width=128)
clothes, unseen = run.images("fashion", "train"), run.images("fashion")
scores = {}
for s in run.sets[:3]:
    halves = []
    for i, half in enumerate(order.chunk(2)):
        vae, history = fit_vae(small, train.take(half), seed=2 * s + i)
        run.trained(("half", s, i), vae, history)
        halves.append(lt.Domain(f"half {i}", vae.encode, vae.decode))
    large, dressed = run.domain("mnist", s), run.domain("fashion", s)
    cases = {  # first model, second model, images for both, held-out images of both
        "another_size": (large, halves[0], train, train, test),
        "other_images": (*halves, train, train, test),
        "clothes": (dressed, run.domain("fashion", s + 1), clothes, clothes, unseen),
        "digits_and_clothes": (large, dressed, train, clothes, None),
    }
    for case, (first, second, x, y, both) in cases.items():
        mutual, move = told_nothing(first, second, x.x[some], y.x[others])
        hits = {"mutual": mutual}
        if both is not None:
            z, right = first.latents(both.x).mean, second.latents(both.x).mean
            hits["top1"] = found_again(move(z), right)
            a, b = (model.latents(x.x[some]).mean for model in (first, second))
            hits["top1_from_pairs"] = found_again(rotation(a, b)(z), right)
        scores.setdefault(case, []).append(shares(**hits))
for case, found in scores.items():
    run.add("told nothing", case, found, table="cases")

# %% tags=["nbval-ignore-output"]
run.table("cases", caption="Table 13.2. Harder cases, told nothing.")


# %% [markdown]
# Another size and other images change little: told nothing, a rotation still finds more than nine in ten digits. Clothes are harder. Even from 3,000 pairs a rotation finds fewer than nine in ten, so their clouds differ by more than a turn. Told nothing, much depends on the set: the interval is wide. Between digits and clothes no guess stands out: the share of mutual points falls far below that of two models of digits. This share needs neither pairs nor labels, so it can warn you.
#
# ## Across domains: a few labels
#
# Digits and clothes have no common shape, so something must say what belongs with what. In this book it is the label. Ten per class may be enough. As in [chapter 8](08_ablations.ipynb), we hide all labels but these, or let them spread: each latent takes over the labels of its neighbours. Now the other side is clothes, or speech. Labels spread in neither domain, over the digits alone, or in both. The last column of Table 13.3 is the share of the target's items that then have their true label.

# %%
@cache
def know(name, s):
    """10,000 latents of set s: with all labels, with ten per class, with ten spread."""
    draw = lt.named_generator(f"labels {name}", s, run.device)
    items = len(run.latents(name, s)) if name == "speech" else len(train)  # no copies
    chosen = torch.randperm(items, generator=draw, device=run.device)[:10_000]
    true = run.latents(name, s).take(chosen)
    few = hide_labels(true, 10, draw)
    return {"true": true, "few": few, "spread": spread_labels(few)}


def class_kept(bridge, target, s):
    """Whether held-out digits of set s become items of their class."""
    domain = run.domain(target, s)
    made = domain.items(bridge.transfer(held[s], "mnist", target))
    return domain.classify(made) == run.domain("mnist", s).classify(test.x)


# %%
budget = {"quick": (400, 96), "laptop": (1000, 192), "paper": (2600, 256)}[profile]
training = lt.Training(*budget, 2e-3, "onecycle", muon=0.02, average=0.98)
of_speech = {"shared": 16, "beta_kl": 3e-4, "beta_swd": 3.0, "beta_cls": 3.0}
ways = {  # labels of the digits, of the other side
    "ten_labels": ("few", "few"),
    "digits_spread": ("spread", "few"),
    "both_spread": ("spread", "spread"),
}
for target, more in {"fashion": {}, "speech": of_speech}.items():  # laptop: 4 minutes
    config = lt.BridgeConfig(training, **more)
    for way, (of_digits, of_target) in ways.items():
        scores = []
        for s in run.sets[:3]:
            known = know(target, s)[of_target]
            bridge = lt.fit_bridge([know("mnist", s)[of_digits], known], config)
            run.trained((target, way, s), bridge, bridge.history)
            kept = class_kept(bridge, target, s)
            right = known.y == know(target, s)["true"].y
            scores.append(shares(transfer_accuracy=kept, label_accuracy=right))
        run.add(f"mnist->{target}", way, scores, table="labels")

# %% tags=["nbval-ignore-output"]
run.table("labels", caption="Table 13.3. Ten labels per class, spread or not.")

# %% [markdown]
# Ten labels per class help more when they spread. Into clothes three sets do not tell where: over the digits alone, or over both. Into speech the labels have to spread over both. That is odd: most of the spread labels of speech are wrong (last column), since latents of a GAN are one round cloud, and its classes form no groups. But the wrong labels are scattered over the classes, so the true one may still be the most frequent.
#
# ## What holds

# %%
way, kept = "mnist->mnist", "transfer_accuracy"
found = run[way, "bridging_vae", "top1"]
run.claim("The bridge: fewer than one item in ten", found, below=0.1)
found = run[way, "bridging_vae", kept]
run.claim("The bridge keeps the class", found, at_least=0.9)
found = run[way, "rotation_100_pairs", "top1"]
run.claim("From 100 pairs: nine in ten", found, at_least=0.9)
found = run[way, "rotation_10_pairs", "top1"]
run.claim("From ten pairs: fewer than half", found, below=0.5)
found = run[way, "rotation_told_nothing", "top1"]
run.claim("Told nothing, a rotation finds 99 of a hundred", found, at_least=0.99)
found = run[way, "rotation_told_nothing", kept]
text = "Without labels: more classes than the paper's bridge"
run.claim(text, found, above=0.139, source="Table 3")
for case in ("another_size", "other_images"):
    found = run["told nothing", case, "top1"]
    run.claim(f"Told nothing, {case}: nine in ten digits", found, at_least=0.9)
for metric in ("top1", "top1_from_pairs"):
    found = run["told nothing", "clothes", metric]
    run.claim(f"Clothes, {metric}: fewer than nine in ten", found, below=0.9)
gap = run.difference("told nothing", "digits_and_clothes", "other_images", "mutual")
run.claim("Digits and clothes: fewer mutual points", gap, below=0)

# %%
few, over_digits, both = ways
for target in ("fashion", "speech"):
    gap = run.difference(f"mnist->{target}", both, few, kept)
    run.claim(f"Ten labels per class to {target}: spreading helps", gap, above=0)
gap = run.difference("mnist->fashion", both, over_digits, kept)
run.claim("To fashion: over the digits alone is better", gap, below=0, expect="open")
gap = run.difference("mnist->speech", both, over_digits, kept)
run.claim("To speech: spread over both is better", gap, above=0)
found = run["mnist->speech", both, "label_accuracy"]
run.claim("Of the labels spread over speech, most are wrong", found, below=0.5)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - To keep the class and to keep the item are two things. The bridge keeps the class.
# - If you have pairs of the same items, fit a rotation: a hundred pairs are enough here.
# - Clouds of one shape can be matched with nothing told. Between unlike domains a label must say what belongs with what.
#
# ## What to try
#
# `fit_bridge` takes pairs, and adds the distance of their shared means to the loss. Show the bridge a thousand: how many items does it find then?

# %%
pairs = order[:1000, None].repeat(1, 2)  # the same image number in both models
latents = [run.latents(name) for name in ("mnist", "mnist_b")]

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
shown = lt.fit_bridge(latents, lt.BridgeConfig(training), pairs=pairs)
found = score(shown.transfer(held[0], "mnist", "mnist_b"), 0)
print(f"found again: {found['top1']:.3f}")
