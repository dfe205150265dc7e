# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
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
# # 10. The same items
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/10_same_items.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("10_same_items", profile)

# %% [markdown]
# **Is it still the same seven?** Between digits and shoes nobody can say which shoe a given seven *should* become. Between two models of MNIST one can: every image has
# a latent in each. So here a map can be right or wrong about the *item*, not only about its class. Later work asks just that, and its methods need true pairs, anchors,
# or nothing at all, where the bridge needs labels. This chapter gives all of them the same two models.
#
# ## The question as a number
#
# Both models encode the same $n$ held-out images: image $i$ has the latent $a_i$ in the first space and $b_i$ in the second. A map $f$ takes $a_i$ to the second space. Is $b_i$ the nearest
# of all $b_1, \dots, b_n$ there?
#
# $$
# \begin{aligned}
# \mathrm{nearest}(i) &= \arg\max_j \, \cos(f(a_i), b_j), \\
# \mathrm{top1} &= \tfrac{1}{n} \, \bigl|\{\, i : \mathrm{nearest}(i) = i \,\}\bigr| .
# \end{aligned}
# $$
#
# Top-1 is the share of items that are found again (the cosine is taken about the mean of all $b_j$). Chance is $1/n$. A map that knows the class and nothing else finds about one item of each of
# the ten classes, $10/n$. Beside top-1 stands the book's own measure, the share of results that keep their class when the second model decodes them.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown

from lt import fit_bridge, metrics, named_generator
from lt.book import charts, plots, report, setup, trials
from lt.book.paper import words
from lt.book.transfers import apart
from lt.datasets import CLASSES
from lt.tools.sweeps import ahead, sweep
from lt.zoo import alignment, maps, retrieval
from lt.zoo.few_labels import matched_clusters
from lt.zoo.paired_bridge import PairedBridgeConfig, fit_paired_bridge

A, B = "mnist", "mnist_b"
bases = [setup.models(budget, (A, B), number) for number in range(budget.base_models)]
base, test = bases[0], bases[0].test("mnist")
second = base.second_judge("mnist")
classifiers = (maps.fit_latent_classifier, budget.latent_classifier)
ahead(*[(*classifiers, replace(one.seen(A), domain=None), 0) for one in bases], name="latent classifiers")
classify = []  # a classifier of the source latents, one for each set of base models: for the maps that go by class
for number, one in enumerate(bases):
    network, history = maps.fit_latent_classifier(budget.latent_classifier, replace(one.seen(A), domain=None), 0)
    classify.append((maps.classes_by(network), history["seconds"][0]))
    run.trained(f"latent classifier {number}", history)
run.uses(base.train("mnist"), test)
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)
seeds = range(budget.short_seeds)
n = len(test)

# %% [markdown]
# ## How alike are the two spaces to begin with?
#
# Three numbers need no map. *Mutual neighbours* is the share of an item's ten nearest neighbours that are the same items in both spaces. *CKA* (centred kernel alignment) is one if
# one space is the other but for a rotation, a scale and a shift. *Permuted items* is the floor of both: the items of one side in random order. The last column compares coordinates as they
# are, axis by axis.

# %% tags=["nbval-ignore-output", "hide-input"]
SOME = 2000  # items whose neighbours are looked at
ALIKE = {"mutual_neighbours": retrieval.mutual_neighbours, "cka": retrieval.linear_cka}
for metric, score in ALIKE.items():
    values, floors = [], []
    for number, one in enumerate(bases):
        a, b = (one.held(key).mean[:SOME].cpu() for key in (A, B))
        values.append([score(a, b)])
        floors.append([retrieval.permutation_floor(score, a, b, named_generator(f"floor {metric}", number))])
    run.add("spaces", "mnist->mnist", "two spaces", metric, values)
    run.add("spaces", "mnist->mnist", "permuted items", metric, floors)
axes = [[float(np.mean([np.corrcoef(one.held(A).mean[:, i].cpu(), one.held(B).mean[:, i].cpu())[0, 1] for i in range(one.held(A).size)]))] for one in bases]
run.add("spaces", "mnist->mnist", "two spaces", "correlation of equal axes", axes)
report.pivot([{"rows": run.rows}], "spaces")


# %% [markdown]
# So the two clouds have nearly one shape, but turned: what axis 1 of one model means, axis 1 of the other does not. Procrustes, the affine map and the methods that are told
# nothing use the shape and look for the turn; for relative representations a turn makes no difference. The bridges and the maps that go by the class do not use it.
#
# ## The methods, by what they are told
#
# The simplest takes pairs of latents and looks for the best rotation, by least squares. That is *Procrustes*, two lines:
#
# ```python
# u, _, vh = torch.linalg.svd(a.T @ b)  # a, b (pairs, 100): latents of the same images, less their means
# found = a_new @ (u @ vh)  # where new items of the first space lie in the second
# ```
#
# | Told | Method | Idea |
# | --- | --- | --- |
# | nothing | k-means, matched | mini-vec2vec: clusters of both sides are paired by the cosines *between them*; then Procrustes again and again ([Dar 2025](https://arxiv.org/abs/2510.02348)) |
# | nothing | spectral clusters, matched | the same with clusters that follow the shape of the cloud, several numbers of them, and an affine map at the end |
# | nothing | Gromov-Wasserstein | a few hundred points are matched so that distances agree ([Mémoli 2011](https://doi.org/10.1007/s10208-011-9093-5)), then as above |
# | nothing | bridge, matched clusters | the numbers of matched clusters stand for labels |
# | pairs | Procrustes, affine map | least squares on true pairs ([Maiorca et al. 2023](https://arxiv.org/abs/2311.00664)) |
# | pairs | relative representations | an item is its cosines with the anchors, which are the pairs ([Moschella et al. 2023](https://arxiv.org/abs/2209.15430)) |
# | labels and pairs | bridge, shown pairs | one more term: $\lambda \lVert m(a_i, D_1) - m(b_i, D_2) \rVert^2$ between the shared means of a pair |
# | labels | bridge | as everywhere in this book |
# | labels | the maps of [chapter 5b](05b_need_a_bridge.ipynb) | Procrustes and affine maps on random pairs of one class; maps that classify first |
# | labels | class means, refined | ten pairs of means, then Procrustes again and again |
#
# *Again and again* means: map, pair each point with the mean of the points that are near, fit again (near by CSLS, a cosine
# that is lowered for points that are near to everything). It needs neither labels nor pairs. The methods that are told nothing see *different images* on the two sides, so that no pair is hidden in their data. Where several first
# guesses are tried, from several numbers of clusters or draws of points, the one wins after which most training points are each other's nearest. So the number of clusters is chosen without a label and without a
# pair. *Which* numbers are tried, around the ten classes, and the affine map at the end, are this book's own additions to the published method.

# %% tags=["hide-input"]
def told_nothing(one, seed):
    """Points of the two sides that have no image in common, and their item numbers."""
    order = torch.randperm(len(one.own(A)), generator=named_generator("points", seed)).to(one.device)
    items = order[: budget.points], order[budget.points : 2 * budget.points]
    return one.own(A).mean[items[0]], one.own(B).mean[items[1]], items


RUNS = 10  # of k-means


def by_kmeans(a, b, seed):
    return [alignment.by_kmeans(a, b, named_generator("k-means", seed, a.device), runs=RUNS)]


def by_clusters(a, b, seed):
    return [alignment.by_clusters(a, b, number) for number in budget.guesses]


def by_transport(a, b, seed):
    draws, points = budget.transports
    return [alignment.by_gromov_wasserstein(a, b, named_generator(f"transport {i}", seed, a.device), points) for i in range(draws)]


# first guesses, as lists of pairs of points, and how they are made better
FREE = {
    "by_kmeans": (by_kmeans, alignment.Refinement(affine=0)),  # rotations alone, as published
    "by_clusters": (by_clusters, alignment.Refinement()),
    "gromov_wasserstein": (by_transport, alignment.Refinement()),
}


# %% tags=["hide-input"]
def by_class_means(one, seed):
    a, b, items = told_nothing(one, seed)
    own = [one.own(key).take(i) for key, i in zip((A, B), items, strict=True)]
    return alignment.refined(a, b, [tuple(maps.class_means(d) for d in own)])


def pairs_of(one, seed, number):
    """The first ``number`` of a random order of training images: fewer pairs are always some of the more."""
    return torch.randperm(len(one.own(A)), generator=named_generator("true pairs", seed))[:number].to(one.device)


def clustered(one, seed):
    """The points of those that are told nothing, labelled by the numbers of matched clusters."""
    _, _, items = told_nothing(one, seed)
    return matched_clusters([replace(one.own(key).take(i), domain=None) for key, i in zip((A, B), items, strict=True)], budget.points, 10)


# %% [markdown]
# The bridges: one with labels, one with the numbers of matched clusters for labels, and some that are also shown pairs. They take fewer steps than those of chapter 3
# (`same_items` in `lt.book.profiles`), as there are many. The weight $\lambda$ of the pairs is the best of a few, for each number of pairs, with the first set of base models: by the share of training
# images that are found again, of some that are in no pair.

# %% tags=["nbval-ignore-output", "hide-input"]
ASIDE = 2000  # training images that say which weight is best: the end of the order of which pairs are the beginning


@torch.no_grad()
def found_aside(bridge, one, seed):
    """Share of training images in no pair that a bridge finds again among them."""
    i = pairs_of(one, seed, len(one.own(A)))[-min(ASIDE, len(one.own(A)) // 2) :]
    return retrieval.retrieval(bridge.transfer(one.own(A).mean[i], A, B), one.own(B).mean[i])["top1"]


def with_pairs(one, seed, number, weight):
    """A training of a bridge that is shown pairs: the same image on both sides, (number, 2)."""
    latents = [replace(one.seen(key), domain=None) for key in (A, B)]
    return fit_paired_bridge, latents, pairs_of(one, seed, number)[:, None].repeat(1, 2), PairedBridgeConfig(budget.same_items, weight), seed


search = {(number, weight): with_pairs(bases[0], 0, number, weight) for number in budget.shown_pairs for weight in budget.pair_weights}
ahead(*search.values(), name="weights")
aside = {key: found_aside(fit(*arguments), bases[0], 0) for key, (fit, *arguments) in search.items()}
weights = {number: max(budget.pair_weights, key=lambda weight, number=number: aside[number, weight]) for number in budget.shown_pairs}
searched = pd.DataFrame({f"weight {weight:g}": [f"{aside[number, weight]:.3f}" for number in budget.shown_pairs] for weight in budget.pair_weights}, index=pd.Index([f"{n:,} pairs" for n in budget.shown_pairs], name="found again"))
searched

# %% tags=["nbval-ignore-output", "hide-input"]
jobs = {}  # (method, what it is told): one training for each set of base models and seed
for one in bases:
    labelled = [replace(one.seen(key), domain=None) for key in (A, B)]
    for seed in seeds:
        jobs.setdefault(("bridging_vae", "labels"), []).append((fit_bridge, labelled, budget.same_items, seed))
        jobs.setdefault(("bridge_matched_clusters", "nothing"), []).append((fit_bridge, clustered(one, seed), budget.same_items, seed))
        for number in budget.shown_pairs:
            jobs.setdefault(("bridge_shown_pairs", number), []).append(with_pairs(one, seed, number, weights[number]))
ahead(*[job for group in jobs.values() for job in group], name="bridges")
bridges = {}
for key, group in jobs.items():
    trained = [fit(*arguments) for fit, *arguments in group]
    bridges[key] = [trained[i : i + len(seeds)] for i in range(0, len(trained), len(seeds))]

# %% tags=["nbval-ignore-output", "hide-input"]
for (name, told), found in bridges.items():
    for number, of_set in enumerate(found):
        for seed, bridge in enumerate(of_set):
            run.trained(f"{name} {told} {number} {seed}", bridge.history)
LOCAL = torch.cat([(test.y == label).nonzero().flatten()[:300] for label in range(10)])  # items whose variety and neighbours are looked at
own_diversity = metrics.diversity(test.x[LOCAL], test.y[LOCAL])
RIDGE = 0.01  # of the affine map: the best of 0.001, 0.01, 0.05 and 0.2 for 100 pairs, on training images that were in no pair
ANCHORS = 1000  # at most: a cosine with each of 10,000 takes ten times as long to compare


@torch.no_grad()
def second_class(x):
    return torch.cat([second(part.to(base.device)).argmax(-1) for part in x.split(512)])


before = {"first": base.domains[A].classify(test.x), "second": second_class(test.x)}


@torch.no_grad()
def scores_of(one, latent_map, seconds, seed, views=None):
    """Everything that a map from A to B is measured by; ``views`` are what is looked up and where, if not the map's results among the latents."""
    a, b = one.held(A).mean, one.held(B).mean
    found = latent_map(a)
    made = one.domains[B].items(found)
    return {
        **retrieval.retrieval(*(views or (found, b))),
        "transfer_accuracy": metrics.agreement(before["first"], one.domains[B].classify(made)),
        "transfer_accuracy_second_judge": metrics.agreement(before["second"], second_class(made)),
        "diversity": metrics.diversity(made[LOCAL].cpu(), test.y[LOCAL]) / own_diversity,
        "trustworthiness": metrics.trustworthiness(test.x[LOCAL], made[LOCAL].cpu(), test.y[LOCAL], named_generator("ties", seed)),
        **{metric: score(found[:SOME].cpu(), b[:SOME].cpu()) for metric, score in ALIKE.items()},
        "seconds": seconds,
    }


def timed(make, *arguments):
    begun = time.perf_counter()
    made = make(*arguments)
    return made, time.perf_counter() - begun


def through(bridge):
    @torch.no_grad()
    def apply(z):
        return bridge.transfer(z, A, B)

    return apply


def maps_by_label(one, number, seed):
    """The maps of chapter 5b, by labels: name to the map and its seconds."""
    by_network, seconds = classify[number]
    a, b, generator = one.own(A), one.own(B), partial(named_generator, seed=seed, device=one.device)
    made = {
        "prototype": timed(maps.prototype, b, by_network),
        "lookup": timed(maps.lookup, b, by_network, generator("lookup")),
        "gaussian_ot": timed(maps.by_class, a, b, by_network, maps.bures),
        "gaussian_gw": timed(maps.by_class, a, b, by_network, maps.principal),
        "discrete_ot": timed(maps.discrete_ot, a, b, by_network, generator("discrete OT")),
    }
    made = {name: (latent_map, spent + seconds) for name, (latent_map, spent) in made.items()}
    return made | {name: timed(fit, a, b, generator(name)) for name, fit in (("procrustes", maps.procrustes), ("affine", maps.affine))}


@torch.no_grad()
def each_others_nearest(a, b):
    """Share of the points a (n, d) whose nearest of b (m, d) has them as its nearest, by the cosine about the mean of b: seen without a label or a pair."""
    x, y = (torch.nn.functional.normalize(points - b.mean(0), dim=-1) for points in (a, b))
    similar = x @ y.T
    there, back = similar.argmax(1), similar.argmax(0)
    return (back[there] == torch.arange(len(a), device=a.device)).double().mean().item()


def everything(number, seed):
    """(method, what it is told) to its scores, with one set of base models and one seed."""
    one, found, kept = bases[number], {}, {("copy", "nothing"): (lambda z: z, 0.0)}
    a, b, held = one.own(A).mean, one.own(B).mean, (one.held(A).mean, one.held(B).mean)
    points = told_nothing(one, seed)[:2]
    for name, (guess, refinement) in FREE.items():
        starts, spent = timed(guess, *points, seed)
        latent_map, seconds = timed(alignment.refined, *points, starts, refinement)
        kept[name, "nothing"] = latent_map, spent + seconds
        nearest.setdefault(name, {})[number, seed] = each_others_nearest(latent_map(points[0]), points[1])
        turned = [alignment.procrustes(*start)(one.held(A).mean) for start in starts]  # what a guess says by itself
        guessed.setdefault(name, {})[number, seed] = max(metrics.agreement(before["first"], one.domains[B].classify(one.domains[B].items(z))) for z in turned)
    kept["class_means", "labels"] = timed(by_class_means, one, seed)
    kept |= {(name, "labels"): made for name, made in maps_by_label(one, number, seed).items()}
    for pairs in budget.true_pairs:
        i = pairs_of(one, seed, pairs)
        kept["procrustes", pairs] = timed(alignment.procrustes, a[i], b[i])
        kept["affine", pairs] = timed(alignment.affine, a[i], b[i], RIDGE)
        if pairs <= ANCHORS:
            points, centres = [alignment.anchors(one.own(key), i) for key in (A, B)], (a.mean(0), b.mean(0))
            latent_map, seconds = timed(alignment.relative_map, *points, *centres)
            views = [alignment.relative(*side) for side in zip(held, points, centres, strict=True)]
            found["relative", pairs] = scores_of(one, latent_map, seconds, seed, views)
    for key, trained in bridges.items():
        kept[key] = through(trained[number][seed]), trained[number][seed].history["seconds"][0]
    if number == seed == 0:
        drawn.update({key: latent_map for key, (latent_map, _) in kept.items()})
    return found | {key: scores_of(one, *made, seed) for key, made in kept.items()}


INSIDE, ITSELF = "top1_in_the_shared_space", "top1_of_its_reconstructions"
SAMPLE, NOISE = "top1_of_a_sample_in_the_shared_space", "noise_in_the_shared_space"


@torch.no_grad()
def kept_inside(bridge, one):
    """Top-1 in the shared space, by the means; of the second space's own latents through the bridge and back; of a sample of z' among the means of that
    space. And the noise of z': the mean posterior sd over the mean sd of the means within a class."""
    a, b, y = one.held(A).mean, one.held(B).mean, one.held(B).y
    mean, std = bridge.encode(b, B)
    sample = mean + std * torch.randn(std.shape, generator=named_generator("noise", 0, std.device), device=std.device)
    return {
        INSIDE: retrieval.retrieval(bridge.encode(a, A)[0], mean)["top1"],
        ITSELF: retrieval.retrieval(bridge.transfer(b, B, B), b)["top1"],
        SAMPLE: retrieval.retrieval(sample, mean)["top1"],
        NOISE: (std.mean() / torch.stack([mean[y == label].std(0) for label in range(10)]).mean()).item(),
    }


def called(name, told):
    """What the rows of a method are named: as in chapter 5, with the number of pairs where it is told some."""
    return f"{name}_{told}_pair{'' if told == 1 else 's'}" if isinstance(told, int) else name


drawn, guessed, nearest = {}, {}, {}  # maps for the pictures; share of classes that the best first guess keeps; share of points that are each other's nearest
measured = [[everything(number, seed) for seed in seeds] for number in range(len(bases))]
for key in measured[0][0]:
    for metric in measured[0][0][key]:
        values = [[scores[key][metric] for scores in of_set] for of_set in measured]
        run.add("items", "mnist->mnist", called(*key), metric, values, n=n if metric == "top1" or "accuracy" in metric else None)
for key, found in bridges.items():
    inside = [[kept_inside(bridge, one) for bridge in of_set] for one, of_set in zip(bases, found, strict=True)]
    for metric in inside[0][0]:
        run.add("items", "mnist->mnist", called(*key), metric, [[scores[metric] for scores in of_set] for of_set in inside], n=None if metric == NOISE else n)
for metric, of_names, items in (("transfer_accuracy_first_guess", guessed, n), ("each_others_nearest", nearest, budget.points)):
    for name, found in of_names.items():
        run.add("items", "mnist->mnist", name, metric, [[found[number, seed] for seed in seeds] for number in range(len(bases))], n=items)
rows = {(row["method"], row["metric"]): row for row in run.rows if row["table"] == "items"}

# %% [markdown]
# ## What they find
#
# The figure has every method over what it is told. Here are some of each kind in numbers, with a map that knows the class alone and a copy as floors.

# %% mystnb={"figure": {"caption": "Two models of the same images. Above: share of held-out items found again. Below: share that keeps its class. Across: what a method is told. A mark is the mean, the dots are the single sets of base models. Dashed: what a map that knows the class alone would find, and chance. Bridges are blue."}, "image": {"alt": "Two panels of lines and points from nothing told, over 1 to many true pairs, to labels: above the share of items found again, below the share that keeps its class. Maps from pairs rise with the pairs; the bridge finds few items and keeps nearly every class."}} tags=["nbval-ignore-output", "hide-input", "lead"]
ORDER = {"nothing": -1, "labels": 10**9}
ordered = sorted(measured[0][0], key=lambda key: (ORDER.get(key[1], key[1]), key[0]))
ticks = ["nothing", *[f"{number:,}" for number in sorted({*budget.true_pairs, *budget.shown_pairs})], "labels"]
BRIDGES = ("bridge_matched_clusters", "bridge_shown_pairs", "bridging_vae")
PICTURED = (*BRIDGES, "by_kmeans", "by_clusters", "gromov_wasserstein", "procrustes", "affine", "relative", "class_means")


def pictured(name, told):
    """Whether the figure shows it: a map by labels goes by random pairs of one class, another method than the line of true pairs."""
    return name in PICTURED and not (told == "labels" and name in ("procrustes", "affine"))


def by_set(key, metric):
    """A score of each set of base models."""
    return [float(np.mean([scores[key][metric] for scores in of_set])) for of_set in measured]


panels = {}
for title, metric in (("found again (top-1)", "top1"), ("class kept", "transfer_accuracy")):
    lines = {words(name): {} for name in PICTURED}
    for name, told in ordered:
        if pictured(name, told):
            lines[words(name)][f"{told:,}" if isinstance(told, int) else told] = by_set((name, told), metric)
    panels[title] = lines
charts.over_supervision(panels, ticks, [10 / n, 0.1], "what is told: nothing, true pairs, or labels of all items", [words(name) for name in BRIDGES])


# %% tags=["nbval-ignore-output", "hide-input"]
def columns(keys, cell):
    """A line for each method, with what ``cell`` says of (key, metric)."""
    told = {key: f"{key[1]:,} pair{'' if key[1] == 1 else 's'}" if isinstance(key[1], int) else key[1] for key in keys}
    titles = {"found again": "top1", "class kept": "transfer_accuracy", "diversity": "diversity", "trustworthiness": "trustworthiness"}
    return pd.DataFrame(
        {"told": [told[key] for key in keys], **{title: [cell(key, metric) for key in keys] for title, metric in titles.items()}},
        index=pd.Index([words(key[0]) for key in keys], name="method"),
    )


def plain(key, metric):
    return f"{rows[called(*key), metric]['value']:.3f}"


free = [key for key in ordered if key[1] == "nothing" and key[0] not in ("copy", "bridge_matched_clusters")]
best = max(free, key=lambda key: rows[called(*key), "each_others_nearest"]["value"])  # seen without a label or a pair, on training points
columns([best, ("bridge_matched_clusters", "nothing"), ("procrustes", 100), ("bridge_shown_pairs", 100), ("class_means", "labels"), ("bridging_vae", "labels"), ("prototype", "labels"), ("copy", "nothing")], plain)

# %% [markdown]
# The next cell has every method and number of pairs, with 95 % intervals of the shares. An interval over a few sets of base models is wide where they disagree: then look at the dots of the
# figure. (The file of this chapter also has MRR, the second judge, seconds, mutual neighbours and CKA.)

# %% mystnb={"code_prompt_hide": "Hide all methods", "code_prompt_show": "Show all methods"} tags=["nbval-ignore-output", "hide-cell"]
columns(ordered, lambda key, metric: report.formatted(rows[called(*key), metric]) if metric in ("top1", "transfer_accuracy") else plain(key, metric))


# %% [markdown]
# ## What the bridge keeps of an item
#
# The bridge is made to keep the class. Nothing in its objective says that the same item should come out: the sliced Wasserstein distance lays the two clouds over one another in any way that is cheap.
# So two things can lose an item. The few numbers of $z'$ carry noise, and what they do not say above the noise is lost even on the way through the bridge and back to the *same* model. And the two
# clouds need not lie over one another item by item.

# %% tags=["nbval-ignore-output", "hide-input"]
def value(key, metric="top1"):
    return rows[called(*key), metric]["value"]


def whole(key, metric="top1"):
    return report.formatted(rows[called(*key), metric])


bridge_key, most = ("bridging_vae", "labels"), max(budget.true_pairs)
fewest, stiff, loose = ("procrustes", 100), ("procrustes", most), ("affine", most)
mine, by_class = by_set(bridge_key, "top1"), by_set(("prototype", "labels"), "top1")
if rows[called(*bridge_key), "top1"]["low"] > 10 / n:
    more = "so a little more than the class gets through."
elif min(mine) > max(by_class):
    more = (
        f"and the interval over {len(bases)} sets of base models does not tell the two apart. In each set by itself the bridge finds more: {n * min(mine):.0f} to {n * max(mine):.0f} of the {n:,} items, "
        f"class prototypes at most {n * max(by_class):.0f}."
    )
else:
    more = "and the bridge is not told apart from that."
lines = [
    f"**Is it still the same seven? By the bridge, no.** It keeps the class of {whole(bridge_key, 'transfer_accuracy')} and finds {whole(bridge_key)} of the items. A map that knows the class alone would find {10 / n:.4f} "
    f"(class prototypes: {value(('prototype', 'labels')):.4f}), {more}",
    f"**By a rotation, yes.** From 100 true pairs Procrustes finds {whole(fewest)} of the items among {n:,} and keeps {value(fewest, 'transfer_accuracy'):.3f} of the classes, after {1000 * value(fewest, 'seconds'):.0f} ms; the bridge took "
    f"{value(bridge_key, 'seconds'):.0f} s. With {most:,} pairs it is {value(stiff):.3f}, and {value(loose):.3f} by an affine map. Who has pairs needs no bridge.",
    f"**Told nothing at all**, the best is *{words(best[0])}*: {whole(best)} of the items, {value(best, 'transfer_accuracy'):.3f} of the classes. It is picked without a label or a pair, by the share of training points that are each other's nearest after the map: "
    + ", ".join(f"{value((name, 'nothing'), 'each_others_nearest'):.3f} (*{words(name)}*)" for name in FREE)
    + ". Such a method stands and falls with its first guess, which keeps "
    + ", ".join(f"{value((name, 'nothing'), 'transfer_accuracy_first_guess'):.3f} of the classes by *{words(name)}* ({value((name, 'nothing'), 'transfer_accuracy'):.3f} after refining)" for name in FREE)
    + "; chance is 0.1. Where a mean lies between (look at the dots), some sets of base models succeed and others fail.",
    f"*{words('by_kmeans')}* follows mini-vec2vec in a small version ({RUNS} runs of k-means, {budget.points:,} points a side) and finds {value(('by_kmeans', 'nothing')):.3f} of the items. It has one number of clusters and no affine map, as published; *{words('by_clusters')}* searches {len(budget.guesses)} numbers ({', '.join(map(str, budget.guesses))}) and ends with an affine map, so the table does not say which of these counts. Nor does it say anything of embeddings of text, for which the method was made.",
]
Markdown("\n\n".join(lines))

# %% [markdown]
# **Where does the bridge lose the item?** And would it find more of them if it were shown pairs? For each bridge: the share found after the transfer, in the shared space itself, and of the second model's own latents
# after the way into $z'$ and back.

# %% tags=["nbval-ignore-output", "hide-input"]
inside = [bridge_key, *(("bridge_shown_pairs", number) for number in budget.shown_pairs)]
table = pd.DataFrame(
    {
        "told": ["labels", *(f"labels, {number:,} pairs (weight {weights[number]:g})" for number in budget.shown_pairs)],
        "found after the transfer": [f"{value(key):.3f}" for key in inside],
        "in the shared space": [f"{value(key, INSIDE):.3f}" for key in inside],
        "after the way back to itself": [f"{value(key, ITSELF):.3f}" for key in inside],
        "class kept": [f"{value(key, 'transfer_accuracy'):.3f}" for key in inside],
    }
)
shown_most = inside[-1]
nearer = value(shown_most, INSIDE) > value(bridge_key, INSIDE)
poorer = apart(rows[called(*shown_most), ITSELF], rows[called(*bridge_key), ITSELF]) and value(shown_most, ITSELF) < value(bridge_key, ITSELF)
helps = apart(rows[called(*shown_most), "top1"], rows[called(*bridge_key), "top1"]) and value(shown_most) > value(bridge_key)
hidden = value(shown_most, SAMPLE) < value(bridge_key, SAMPLE) and value(shown_most, NOISE) > value(bridge_key, NOISE)
Markdown(
    f"{report.markdown(table)}\n\n"
    f"With labels alone, {value(bridge_key, ITSELF):.3f} of the items are found again after the way back to their own model, and {value(bridge_key, INSIDE):.3f} of all items are nearest to their partner in $z'$: both losses count. "
    f"{budget.shown_pairs[-1]:,} pairs {'bring the two sides nearer in the shared space' if nearer else 'do not bring the two sides nearer in the shared space'} ({value(shown_most, INSIDE):.3f}), "
    f"{'but' if nearer and not helps else 'and'} after the transfer {'more' if helps else 'no more'} items are found ({value(shown_most):.3f}). "
    + (
        f"The way out fails: not even its own model finds an item again ({value(shown_most, ITSELF):.3f}). The *means* in $z'$ still tell items apart, but the noise around them hides it: "
        f"with the pairs the noise (the mean posterior sd) is {value(shown_most, NOISE):.2f} of the spread of the means within a class, with labels alone {value(bridge_key, NOISE):.2f}; a noisy point is nearest to its own mean, "
        f"of {n:,}, in {value(shown_most, SAMPLE):.3f} and in {value(bridge_key, SAMPLE):.3f}. The decoder is trained on noisy points, and cannot use what the noise hides. "
        "A likely reason: the term asks both sides for one point, and the cheapest way is to draw all points of a class together. "
        if poorer and hidden and not helps
        else ""
    )
    + f"**So shown pairs help this bridge**; but a rotation from 100 pairs finds {value(fewest):.3f}. A weight that is too large undoes it (the table of the search above, and an exercise)." * helps
    + "**So shown pairs do not help this bridge**, by the weights that were tried." * (not helps)
)

# %% mystnb={"figure": {"caption": "Ten held-out images and what the second model decodes after each map. The last row is the second model's own reconstruction: the right answer."}, "image": {"alt": "Rows of ten digits: the input, four maps of it, and the second model's own reconstruction. Maps from pairs keep the hand, the bridge keeps the class and less of the hand."}} tags=["nbval-ignore-output", "hide-input"]
ten = torch.cat([(test.y == label).nonzero().flatten()[3:4] for label in range(10)]).to(base.device)
pairs = max(budget.shown_pairs)
pictures = {"the image": test.x[ten.cpu()]}
wanted = {"told nothing": best, f"affine, {most:,} pairs": ("affine", most), f"bridge, {pairs:,} pairs": ("bridge_shown_pairs", pairs), "bridge, labels": bridge_key}
with torch.no_grad():
    for title, key in wanted.items():
        pictures[title] = base.domains[B].items(drawn[key](base.held(A).mean[ten]))
    pictures["the answer"] = base.domains[B].items(base.held(B).mean[ten])
plots.rows_of_images(pictures)

# %% [markdown]
# Why can a method without labels work here? It needs two clouds of one shape. Two seeds of one VAE, trained on the same images, are the easiest case there is; CKA above says how alike they are.
# No harder pair was tried, such as a model of another width or of another kind. Between digits and shoes there is no common shape (the last exercise tries), and something must say what belongs with what. In this book that is the label.
#
# ## Few labels across domains
#
# The best method above is told nothing, because both sides hold the same items. Across domains something has to be told; how little is enough? The paper's Table 3 hides labels between two models of MNIST only. Here the other side is clothes, then speech. *Few labels* is the paper's way: the
# classification term sees the few labels, all other terms see no label. *Spread* first gives every item the label of its neighbours, in each domain by itself ([chapter 7](07_ablations.ipynb)).

# %% tags=["nbval-ignore-output", "hide-input"]
ACROSS = {"mnist->fashion": ("mnist", "fashion"), "mnist->speech": ("mnist", "speech")}
spoken = budget.speech_bridge
recipes = {
    "mnist->fashion": budget.same_items,
    "mnist->speech": replace(budget.same_items, shared=spoken.shared, beta_swd=spoken.beta_swd, beta_kl=spoken.beta_kl),
}


def labels_called(labels, method):
    name = "all labels" if labels is None else f"{labels} label{'' if labels == 1 else 's'} a class"
    return f"{name}, spread" if method == "spread" else name


budgets_of_labels = [*[(labels, method) for labels in budget.few_across for method in ("few", "spread")], (None, "few")]
groups = {
    (where, *line): [trials.Trial(profile, recipes[where], seed, *line, keys) for seed in range(budget.across_seeds)]
    for where, keys in ACROSS.items()
    for line in budgets_of_labels
}
for keys in ACROSS.values():
    setup.models(budget, keys)  # trained here once, so that no worker has to
distinct = [trial for group in groups.values() for trial in group]
found = dict(zip(distinct, sweep(trials.measure_across, distinct, name="few labels"), strict=True))
for (where, *line), group in groups.items():
    for metric in ("transfer_accuracy", "diversity", "trustworthiness"):
        run.add("few across", where, labels_called(*line), metric, [found[trial][metric] for trial in group], n=len(LOCAL) if metric == "transfer_accuracy" else None)
for i, trial in enumerate(distinct):
    run.training[f"few labels {i}"] = found[trial]["seconds"]
# how true the spread labels are, on each side by itself, and whether the true label is the most frequent one of its class
sides = {}  # (domain, labels a class): table of true by spread labels, as shares of each class, for each seed: (seeds, 10, 10)
for keys in ACROSS.values():
    ready = setup.models(budget, keys)
    for key in keys:
        seen, items = ready.seen(key), len(ready.own(key))
        for labels in budget.few_across:
            if (key, labels) not in sides:
                drawn_labels = [trials.prepared([seen], items, labels, "spread", seed)[0].y[:items].cpu() for seed in range(budget.across_seeds)]
                counts = np.stack([np.bincount(10 * seen.y[:items].cpu() + y, minlength=100).reshape(10, 10) for y in drawn_labels])
                sides[key, labels] = counts / counts.sum(2, keepdims=True)
                run.add("spread labels", key, labels_called(labels, "spread"), "label_accuracy", [float(np.trace(c) / items) for c in counts])
across = {(row["setting"], row["method"], row["metric"]): row for row in run.rows if row["table"] in ("few across", "spread labels")}

# %% mystnb={"figure": {"caption": "Share of digits that keep their class as clothes (above) and as speech (below), over the labels a class that are known. A mark is the mean, the dots are single seeds, each with a draw of labels of its own. Dashed: chance."}, "image": {"alt": "Two panels, digits to clothes and digits to speech, each with a line for few labels and a line for labels spread over neighbours; both rise with the number of labels."}} tags=["nbval-ignore-output", "hide-input"]
LINES = {"few labels": "few", "labels spread over neighbours": "spread"}
across_ticks = [*map(str, budget.few_across), "all"]
panels = {
    words(where): {
        title: {str(labels): [found[trial]["transfer_accuracy"] for trial in groups[where, labels, method]] for labels in budget.few_across}
        | ({"all": [found[trial]["transfer_accuracy"] for trial in groups[where, None, "few"]]} if method == "few" else {})
        for title, method in LINES.items()
    }
    for where in ACROSS
}
charts.over_supervision(panels, across_ticks, [0.1, 0.1], "labels a class", ["few labels"])


# %% mystnb={"code_prompt_hide": "Hide all numbers", "code_prompt_show": "Show all numbers"} tags=["nbval-ignore-output", "hide-cell"]
def scores_across(where, labels, method):
    cells = {"class kept": (where, "transfer_accuracy"), "diversity": (where, "diversity"), "trustworthiness": (where, "trustworthiness")}
    if method == "spread":
        cells |= {f"labels true, {side}": (key, "label_accuracy") for side, key in zip(("digits", "other side"), ACROSS[where], strict=True)}
    found = {title: across.get((setting, labels_called(labels, method), metric)) for title, (setting, metric) in cells.items()}
    return {title: f"{row['value']:.3f}" if row else "" for title, row in found.items()}


pd.DataFrame([{"": words(where), "labels": labels_called(*line)} | scores_across(where, *line) for where in ACROSS for line in budgets_of_labels]).set_index(["", "labels"]).fillna("")

# %% tags=["nbval-ignore-output", "hide-input"]
sentences, gain, most_labels = [], {}, max(budget.few_across)
for where, (_, target) in ACROSS.items():
    parts, gains = [], []
    for labels in budget.few_across:
        plain_row, spread_row = (across[where, labels_called(labels, method), "transfer_accuracy"] for method in ("few", "spread"))
        few, spread = ([found[trial]["transfer_accuracy"] for trial in groups[where, labels, method]] for method in ("few", "spread"))
        word = "above in every seed" if min(spread) > max(few) else "below in every seed" if max(spread) < min(few) else "the seeds overlap"
        parts.append(f"{plain_row['value']:.3f} → {spread_row['value']:.3f} with {labels} a class ({word})")
        gains.append(spread_row["value"] - plain_row["value"])
    gain[where] = float(np.mean(gains))
    most_called = labels_called(most_labels, "spread")
    true, reached = across[target, most_called, "label_accuracy"]["value"], across[where, most_called, "transfer_accuracy"]["value"]
    own = sides[target, most_labels].diagonal(axis1=1, axis2=2)  # (seeds, 10): share of each class that has its true label
    wrong = np.where(np.eye(10, dtype=bool), 0, sides[target, most_labels]).max(2)  # (seeds, 10): of the wrong label that is most frequent in it
    whole_row = across[where, labels_called(None, "few"), "transfer_accuracy"]
    sentences.append(
        f"**{words(where)}**: share of classes kept before and after the labels are spread, " + ", ".join(parts) + f"; with all labels it is {whole_row['value']:.3f}. "
        f"Of the labels spread from {most_labels} a class, {across[A, most_called, 'label_accuracy']['value']:.3f} are true among the digits and {true:.3f} on the other side; {reached:.3f} of the classes are kept."
        + (
            f" **So the bridge learns from labels most of which are wrong on the side of {words(target)}.** The wrong ones are scattered over the classes: the true label has {own.mean():.3f} of its class, the most frequent wrong one {wrong.mean():.3f} "
            f"(means over classes), and the true one is ahead in {int((own > wrong).sum())} of {own.size} cases (classes times seeds)."
            if true < 0.5 < reached
            else ""
        )
    )
Markdown(
    "- " + "\n- ".join(sentences) + "\n\nOver all numbers of labels, spreading adds " + ", ".join(f"{gain[where]:+.3f} ({words(where)})" for where in ACROSS) + " on average. "
    f"Seeds: {budget.across_seeds}, each with a draw of labels of its own. So few give no useful interval; the figure shows each."
)

# %% [markdown]
# Spreading leans on order that the base model has made. A VAE of images has sorted them: neighbours share their class. The latents of a GAN are draws of one round Gaussian, and classes are regions of it
# without gaps between them, so neighbours say less, and fewer spread labels are true. The bridge can gain all the same. One function has to fit all labels at once; if the wrong ones are scattered, the best it can
# say of a region is the label that is most frequent there.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - To keep the class and to keep the item are two things. The bridge keeps the class; a map from true pairs keeps the item.
# - If you have pairs of the same items, fit a rotation. A hundred pairs are enough here, and no bridge is needed.
# - What a bridge keeps of an item has to stand out from the noise in $z'$. A term that shows it pairs brings the two sides together there; with too much weight it brings the items of a class together as well, and the noise hides them.
# - Two seeds of one VAE can be aligned with nothing told, since their clouds have one shape. The first guess must be good enough to refine.
# - Labels spread to neighbours are true as far as the model has sorted its data. Where it has not, as for speech here, most are wrong, and the bridge still gains: the wrong ones are scattered.
#
# ## What to try
#
# **More room in the shared space:** 32 numbers instead of 8. Does the bridge keep more of the item?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
labelled = [replace(base.seen(key), domain=None) for key in (A, B)]


@torch.no_grad()
def item_and_class(bridge):
    """In words: how many items a bridge finds, and how many classes it keeps."""
    z = bridge.transfer(base.held(A).mean, A, B)
    kept = metrics.agreement(before["first"], base.domains[B].classify(base.domains[B].items(z)))
    return f"top-1 {retrieval.retrieval(z, base.held(B).mean)['top1']:.3f}, class kept {kept:.3f}"


roomy = fit_bridge(labelled, replace(budget.same_items, shared=32), 0)
sizes = {bridge.config.shared: bridge for bridge in (bridges[bridge_key][0][0], roomy)}
within = {shared: kept_inside(bridge, base) for shared, bridge in sizes.items()}
after = {shared: retrieval.retrieval(bridge.transfer(base.held(A).mean, A, B).detach(), base.held(B).mean)["top1"] for shared, bridge in sizes.items()}
small, large = sizes
way_back = within[large][ITSELF] > within[small][ITSELF] + 0.05
found_more = after[large] > after[small] + 0.05
Markdown(
    "\n".join(f"- {shared} numbers: {item_and_class(bridge)}; in $z'$ {within[shared][INSIDE]:.3f}, after the way back to itself {within[shared][ITSELF]:.3f}." for shared, bridge in sizes.items())
    + f"\n\nThe bridge keeps {'more' if way_back else 'no more'} of the item on the way back to its own model, {'and' if way_back == found_more else 'but'} the transfer finds {'more' if found_more else 'no more'} items. "
    + ("The item needs room." if found_more else "Room alone does not tell which item belongs to which.")
)

# %% [markdown]
# **Another weight of the pairs,** and more room for them.

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
i = pairs_of(base, 0, max(budget.shown_pairs))[:, None].repeat(1, 2)
tried = {(shared, weight): fit_paired_bridge(labelled, i, PairedBridgeConfig(replace(budget.same_items, shared=shared), weight), 0) for shared in (8, 32) for weight in (1.0, 10.0, 100.0)}
said = {key: item_and_class(bridge) for key, bridge in tried.items()}
Markdown(
    f"With {len(i):,} pairs: "
    + "; ".join(f"{shared} numbers, weight {weight:g}: {text}" for (shared, weight), text in said.items())
    + f". A class kept of about 0.1 is chance: there the term outweighs all others, and the bridge is lost. Compare the others with the table above, and with the rotation from 100 pairs, which finds {value(fewest):.3f}."
)

# %% [markdown]
# **Align digits with clothes, told nothing.** What belongs with what?

# %% mystnb={"figure": {"caption": "Digits mapped to clothes by matched clusters, without a label: share of each digit that becomes each garment."}, "image": {"alt": "A table of ten digits by ten garments as a heat map; the shares follow no rule that a reader would choose."}} tags=["nbval-ignore-output", "hide-cell", "solution"]
clothes = setup.models(budget, ("fashion",))
own = base.own(A).mean[: budget.points], clothes.own("fashion").mean[: budget.points]
latent_map = alignment.refined(*own, [alignment.by_clusters(*own, 10)])
garment = clothes.domains["fashion"].classify(clothes.domains["fashion"].items(latent_map(base.held(A).mean))).cpu()
shares = np.array([garment[test.y == label].bincount(minlength=10).numpy() / int((test.y == label).sum()) for label in range(10)])
plots.confusion(shares, [str(label) for label in range(10)], CLASSES["fashion"], "told nothing", "becomes", "digit")

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
by_chance = np.trace(shares) / 10
most_often = ", ".join(f"{k} → {CLASSES['fashion'][int(shares[k].argmax())]} ({shares[k].max():.2f})" for k in range(10))
Markdown(
    f"To each digit its most frequent garment: {most_often}. "
    f"Digit $k$ becomes garment $k$ in {by_chance:.3f} (chance: 0.1). The method finds *some* match of the two clouds; that it should be the paper's, nothing has told it."
)
