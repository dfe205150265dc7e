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
# For a seven, the bridge mostly finds another seven. A rotation finds *the* seven: told neither a label nor which images belong together, it finds more than **99** of a hundred held-out images again.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (13 minutes)

# %% tags=["nbval-ignore-output"]
from functools import cache, partial

import torch
from torch.nn import functional as F

import lt
from lt.book import figures, start
from lt.metrics import Score, difference

run = start("13_same_items", profile)


# %%
def rotation(a, b):
    """The rotation and shift that bring points a (p, 100) nearest to partners b."""
    mean_a, mean_b = a.mean(0), b.mean(0)
    u, _, vh = torch.linalg.svd((a - mean_a).T @ (b - mean_b))
    return lambda z: (z - mean_a) @ (u @ vh) + mean_b


bridges = run.bridges("mnist", "mnist_b")  # one per set, from chapter 3
test, train = run.images("mnist", "test"), run.images("mnist", "train")
order = torch.randperm(len(train), generator=lt.named_generator("order", 0))


def same_images(s, some):
    """Latents of the same training images in both models of set s."""
    return [run.latents(name, s).take(some) for name in ("mnist", "mnist_b")]


def over(s):
    """The bridge of set s as a function of latents."""
    return partial(bridges[s].transfer, source="mnist", target="mnist_b")


ten = figures.first_of_each_class(test.y)
x, z = test.x[ten], run.held("mnist").mean[ten]
second = run.domain("mnist_b")
a, b = same_images(0, order[:1000])
rows = {"image": x, "by the bridge": second.items(over(0)(z))}
rows["by a rotation"] = second.items(rotation(a.mean, b.mean)(z))
rows["the answer"] = second.items(run.held("mnist_b").mean[ten])

# %% mystnb={"figure": {"caption": "Figure 13.1. Ten held-out images, encoded by the first model, mapped, and decoded by the second. This rotation was shown 1,000 pairs of other images; the one that is told nothing follows below. Last row: the second model's own reconstruction, which a perfect map would reach."}, "image": {"alt": "Four rows of ten digits. The row of the bridge shows digits in another hand, one of them broken; the row of the rotation and the last row look like the first."}} tags=["nbval-ignore-output"]
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
def cosines(a, b):  # about the mean of b, (n, 100) and (m, 100) to (n, m)
    centre = b.mean(0)
    return F.normalize(a - centre, dim=-1) @ F.normalize(b - centre, dim=-1).T


@torch.no_grad()
def score(move, s):
    """Two shares of held-out images in set s: found again, and class kept."""
    a, b = (run.held(name, s).mean for name in ("mnist", "mnist_b"))
    domain, found = run.domain("mnist_b", s), move(a)
    nearest = torch.cat([cosines(part, b).argmax(1) for part in found.split(1000)])
    same = nearest.cpu() == torch.arange(len(a))
    judged = run.domain("mnist", s).classify(test.x)
    kept = domain.classify(domain.items(found)) == judged
    hits = {"top1": same.numpy(), "transfer_accuracy": kept.cpu().numpy()}
    return Score({metric: part.mean() for metric, part in hits.items()}, hits)


scored = {}  # of each method, one score per set


def add(method, scores):
    scored[method] = scores
    run.add("mnist->mnist", method, scores, table="items")


add("bridging_vae", [score(over(s), s) for s in run.sets])

# %% [markdown]
# ## With pairs
#
# Suppose that we know some pairs: the same training images in both spaces. Which rotation brings $a_i$ to $b_i$? The answer has been known since 1966 (Procrustes; `rotation` above). With the centred points as rows of $A$ and $B$:
#
# $$ A^\top B = U S V^\top, \qquad f(z) = (z - \bar a)\, U V^\top + \bar b $$
#
# Three lines of code, and milliseconds.

# %%
counts = [1, 10, 100, 1000] if profile == "quick" else [1, 10, 100, 1000, 10_000]
for p in counts:
    turned = []
    for s in run.sets:
        a, b = same_images(s, order[:p])
        turned.append(score(rotation(a.mean, b.mean), s))
    add(f"rotation_{p}_pairs", turned)

# %% [markdown]
# ## Without pairs, without labels
#
# Two models with different random starts make clouds of latents that have nearly one shape, but are turned. A turn can be found from the shape alone:
#
# 1. In each space by itself, find groups of neighbours (*spectral clusters*).
# 2. Compare the distances *between* groups: which group of the one space plays the part of which group of the other? (A quadratic assignment problem.)
# 3. A rotation between the means of matched groups is a first guess.
# 4. Improve it: map, take what is near as the partner, fit the rotation again.
#
# How many groups? Try several numbers. The best guess is the one after which most points are *each other's* nearest. That needs no label either. The two sides below have no image in common, so that no pair hides in the data.

# %%
from lt.alignment import class_means, matched_clusters

n = {"quick": 1500, "laptop": 3000, "paper": 5000}[profile]
groups = range(8, 21)


def improved(move, a, b, rounds=10):
    """The share of points that are nearest mutually, and the better rotation."""
    for _ in range(rounds):
        near = cosines(move(a), b).topk(5).indices  # (n, 5)
        move = rotation(a, b[near].mean(1))
    similar = cosines(move(a), b)
    there, back = similar.argmax(1), similar.argmax(0)
    mutual = back[there] == torch.arange(len(a), device=a.device)
    return mutual.double().mean().item(), move


def told_nothing(s):
    """The best of several rotations, found without labels and without pairs."""
    a, b = same_images(s, order[:n])[0], same_images(s, order[n : 2 * n])[1]
    tried = []
    for number in groups:
        matched = [class_means(d) for d in matched_clusters(a, b, number)]
        tried.append(improved(rotation(*matched), a.mean, b.mean))
    return max(tried, key=lambda one: one[0])[1]


add("rotation_told_nothing", [score(told_nothing(s), s) for s in run.sets])

# %% [markdown]
# ## A bridge that is shown pairs
#
# Why does the bridge lose the item? Nothing in its loss asks for it. The sliced Wasserstein distance lays two clouds over one another as wholes. And $z'$ has eight numbers with noise on them: what they do not say above the noise is lost. We can mend both. `fit_bridge` takes pairs, and adds one more term to the loss (ours, not the paper's): the distance between the shared means $m$ of a pair,
#
# $$ \beta_{\mathrm{pairs}}\, \lVert m(a_i, D_1) - m(b_i, D_2) \rVert^2 . $$
#
# And $z'$ may have 32 numbers instead of 8.

# %%
budget = {"quick": (400, 96), "laptop": (1000, 192), "paper": (2600, 256)}[profile]
training = lt.Training(*budget, 2e-3, "onecycle", muon=0.02, average=0.98)
pairs = order[:1000, None].repeat(1, 2)
for shared in (8, 32):  # laptop: half a minute per bridge
    scores = []
    for s in run.sets[:3]:
        latents = [run.latents(name, s) for name in ("mnist", "mnist_b")]
        config = lt.BridgeConfig(training, shared=shared, beta_pairs=0.3)
        shown = lt.fit_bridge(latents, config, pairs=pairs)
        run.trained(("pairs", shared, s), shown, shown.history)
        move = partial(shown.transfer, source="mnist", target="mnist_b")
        scores.append(score(move, s))
    add(f"bridge_{shared}_numbers_1000_pairs", scores)


# %% mystnb={"figure": {"caption": "Figure 13.2. Share of held-out images that are found again, over the true pairs that a map was fitted on. Bridges also have all labels; of 32 and of 8: the numbers of z'. Bars are intervals of 95 %."}, "image": {"alt": "Line chart over the number of pairs. The rotation finds next to nothing from one pair and nearly all images from a hundred. The rotation that is told nothing stands as high, at the left. The bridge without pairs stands near zero; with 1,000 pairs and 32 numbers it is between."}} tags=["nbval-ignore-output"]
def top1(method):
    return run["mnist->mnist", method, "top1"]


found = [top1(f"rotation_{p}_pairs") for p in counts]
curves = {"rotation": (counts, found)}
curves["bridge of 32"] = [1000], [top1("bridge_32_numbers_1000_pairs")]
curves["bridge of 8"] = [1000], [top1("bridge_8_numbers_1000_pairs")]
curves["rotation, no pairs"] = [0.05], [top1("rotation_told_nothing")]
curves["bridge"] = [0.05], [top1("bridging_vae")]
figures.lines(curves, "true pairs (left: none)", "found again", log=True)

# %% tags=["nbval-ignore-output"]
columns = ["top1", "transfer_accuracy"]
run.table("items", columns, "Table 13.1. Two models of digits. Top-1: found again.")

# %% [markdown]
# A hundred pairs are enough for a rotation. Who has pairs needs no bridge; and these two models, which differ in their random start, need no pairs. Shown pairs help the bridge, and more numbers in $z'$ help it further, but a rotation from a tenth of these pairs does better.
#
# ## Across domains: a few labels
#
# This works because both sides have one shape. Digits and clothes have no common shape, so something must say what belongs with what. In this book it is the label. How few are enough? As in [chapter 8](08_ablations.ipynb), we hide all labels but a few, or let these few spread: each latent takes over the labels of its neighbours. Now the other side is clothes, or speech. Labels spread in neither domain, over the digits alone, or in both.

# %%
from lt.alignment import hide_labels, spread_labels


@cache
def know(name, per_class):
    """10,000 latents: with all labels, with a few, and with these few spread."""
    draw = lt.named_generator(f"labels {name}", 0, run.device)
    items = len(run.latents(name)) if name == "speech" else len(train)  # no copies
    some = torch.randperm(items, generator=draw, device=run.device)[:10_000]
    every = run.latents(name).take(some)
    few = hide_labels(every, per_class, draw)
    return every, few, spread_labels(few)


def share(metric, right):
    """A score of one share, from a tensor of hits."""
    hits = right.cpu().numpy()
    return Score({metric: hits.mean()}, {metric: hits})


# %%
of_speech = {"shared": 16, "beta_kl": 3e-4, "beta_swd": 3.0, "beta_cls": 3.0}
labels = {"quick": [10], "laptop": [1, 10, 100]}.get(profile, [10, 100])  # per class
z, judged = run.held("mnist").mean, run.domain("mnist").classify(test.x)
for target, more in {"fashion": {}, "speech": of_speech}.items():  # laptop: 3 minutes
    domain, config = run.domain(target), lt.BridgeConfig(training, **more)
    for number in labels:
        _, digits, digits_spread = know("mnist", number)
        true, few, spread = know(target, number)
        ways = {
            "labels": [digits, few],
            "labels_digits_spread": [digits_spread, few],
            "labels_both_spread": [digits_spread, spread],
        }
        for way, latents in ways.items():
            bridge = lt.fit_bridge(latents, config)
            run.trained((target, number, way), bridge, bridge.history)
            with torch.no_grad():
                made = domain.items(bridge.transfer(z, "mnist", target))
            kept = share("transfer_accuracy", domain.classify(made) == judged)
            run.add(f"mnist->{target}", f"{number}_{way}", [kept], table="labels")
        right = share("label_accuracy", spread.y == true.y)
        run.add(f"mnist->{target}", f"{number}_{way}", [right], table="labels")

# %% tags=["nbval-ignore-output"]
columns = ["transfer_accuracy", "label_accuracy"]
caption = "Table 13.2. A few labels per class. Last column: true labels of the target."
run.table("labels", columns, caption)

# %% [markdown]
# Ten labels per class help more when they spread. Here the intervals count test items of one bridge each, so small differences may be luck. With ten labels per class into clothes it is best to spread them over the digits alone: of the labels that spread over clothes, more than a fifth are wrong. Into speech ten labels have to spread over both. That is odd: most of the spread labels of speech are wrong, since latents of a GAN are one round cloud, and its classes form no groups. But the wrong labels are scattered over the classes, so the true one may still be the most frequent.
#
# ## What holds

# %%
kept = "transfer_accuracy"
run.claim("The bridge: fewer than one item in ten", top1("bridging_vae"), below=0.1)
found = run["mnist->mnist", "bridging_vae", kept]
run.claim("The bridge keeps the class", found, at_least=0.9)
run.claim("From 100 pairs: nine in ten", top1("rotation_100_pairs"), at_least=0.9)
run.claim("Ten pairs are too few", top1("rotation_10_pairs"), below=0.5)
found = top1("rotation_told_nothing")
run.claim("Told nothing, a rotation finds 99 of a hundred", found, at_least=0.99)
found = run["mnist->mnist", "rotation_told_nothing", kept]
text = "Without labels: more classes than the paper's bridge"
run.claim(text, found, above=0.139, source="Table 3")

# %%
found = top1("bridge_32_numbers_1000_pairs")
text = "Shown 1,000 pairs, 32 numbers: less than the rotation from 100"
run.claim(text, found, below=0.9)
small = scored["bridge_8_numbers_1000_pairs"]
large = scored["bridge_32_numbers_1000_pairs"]
gap = difference(small, scored["bridging_vae"][: len(small)], "top1")
run.claim("Pairs help the bridge of 8 numbers", gap, above=0)
gap = difference(large, small, "top1")
run.claim("With pairs, 32 numbers find more than 8", gap, above=0)
over_digits, both = "10_labels_digits_spread", "10_labels_both_spread"
for target in ("fashion", "speech"):
    setting = f"mnist->{target}"
    gap = run.difference(setting, both, "10_labels", kept)
    run.claim(f"Ten labels per class to {target}: spreading helps", gap, above=0)
gap = run.difference("mnist->fashion", both, over_digits, kept)
run.claim("To fashion: spread over the digits alone is better", gap, below=0)
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
# Match digits with clothes, told nothing. What does each digit become?

# %%
clothes = run.latents("fashion").take(order[:n])
digits = run.latents("mnist").take(order[:n])
guess = rotation(*[class_means(d) for d in matched_clusters(digits, clothes, 10)])

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
domain, move = run.domain("fashion"), improved(guess, digits.mean, clothes.mean)[1]
garment = domain.classify(domain.items(move(z))).cpu()
for digit in range(10):
    counted = garment[test.y == digit].bincount(minlength=10) / (test.y == digit).sum()
    print(f"{digit} becomes garment {int(counted.argmax())}: {counted.max():.2f}")
