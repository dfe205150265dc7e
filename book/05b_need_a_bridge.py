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
# # 5b. Is a bridge needed at all?
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/05b_need_a_bridge.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("05b_need_a_bridge", profile)

# %% [markdown]
# **Is the bridging VAE needed at all?** Keeping the class of an image is not hard: classify it, and draw the other domain's typical picture of
# that class. This chapter compares the bridge with seven maps that need no training but that of a small classifier, and with controls that show what a number can mean. Inputs, judges and
# measures are those of [chapter 5](05_baselines.ipynb): accuracy; diversity, how much results of one class differ; and trustworthiness, whether neighbours stay neighbours, which the
# paper claims and does not measure.
#
# ## Maps that need no training
#
# Each is a function from latents of the source to latents of the target, and knows the class of every training item. To *classify* is the work of a small network that sees source latents, as a
# bridge does; no judge takes part in what it judges.
#
# | Map | Idea |
# | --- | --- |
# | class prototype | classify, then the mean latent of the target's class |
# | class lookup | classify, then a random latent of the target's class |
# | Gaussian OT by class | classify, then optimal transport (OT) between two Gaussians |
# | principal axes by class | classify, then first principal axis to first, second to second, … |
# | discrete OT by class | classify, then optimal transport between two batches of 500 points |
# | Procrustes | one rotation with scale for all classes, from random pairs of equal class |
# | affine map | one least-squares map for all classes, from the same pairs |
#
# *Optimal transport* turns one distribution into another with the least mean squared distance that points must move. Between the Gaussians $\mathcal{N}(m_1, \Sigma_1)$ and
# $\mathcal{N}(m_2, \Sigma_2)$, here of the latents of one class in the source and in the target, it is an affine map:
#
# $$
# \begin{aligned}
# T(z) &= m_2 + A (z - m_1), \\
# A &= \Sigma_1^{-\frac12} \big(\Sigma_1^{\frac12} \Sigma_2 \Sigma_1^{\frac12}\big)^{\frac12} \Sigma_1^{-\frac12} .
# \end{aligned}
# $$
#
# It compares coordinates of one space with coordinates of the other, though these have nothing to do with each other when two models were trained apart. *Gromov-Wasserstein*
# transport compares distances inside each space instead. Between Gaussians it maps principal axis to principal axis, in the order of their variances
# ([Delon et al. 2022](https://arxiv.org/abs/2104.07970)). Which way an axis points stays arbitrary.

# %% tags=["hide-input", "setup"]
import time
from dataclasses import replace
from functools import partial

import torch
from IPython.display import Markdown

from lt import metrics
from lt.book import comparisons, paper, plots, report, setup, transfers
from lt.bridge import fit_bridge
from lt.datasets.images import Images
from lt.latents import Domain
from lt.loop import named_generator
from lt.networks import parameter_count
from lt.tools.intervals import crossed_interval
from lt.tools.sweeps import ahead
from lt.zoo import maps

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
bases = [setup.models(budget, ("mnist", "fashion"), number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
train, test = ({name: split(name) for name in ("mnist", "fashion")} for split in (base.train, base.test))
run.uses(*train.values(), *test.values())
second = {name: base.second_judge(name) for name in train}
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)

# %% [markdown]
# ## Controls
#
# What does a number mean? Five controls:
#
# - **Clustered noise → MNIST.** Ten random clusters in 100 dimensions, which stand for nothing, bridged to digits as if they were a model's latents.
# - **Classes permuted.** The bridge learns with the classes of Fashion-MNIST exchanged, always in the same way, and is scored by the exchanged pairing.
# - **Labels shuffled.** The labels of Fashion-MNIST are shuffled item by item, so that they say nothing.
# - **Copy of the input.** The input image is given back as the result.
# - **Class prototype** and **class lookup**, of the maps above: a right class, and nothing else of the input.
#
# The bridges are those of [chapter 3](03_bridging.ipynb). Each control has one bridge for each set of base models.

# %% tags=["nbval-ignore-output", "hide-input"]
centres = 0.5 * torch.randn(10, 100, generator=named_generator("noise centres", 0))


def noise(split, n):
    """Labelled draws around ten random centres, as many of each."""
    y = torch.arange(n) % 10
    return Images("noise", split, "drawn", centres[y] + torch.randn(n, 100, generator=named_generator(f"noise {split}", 0)), y)


def nearest_centre(x):
    """Logits (n, 10)."""
    return -torch.cdist(x, centres.to(x)) ** 2 / 2


drawn = {"train": noise("train", min(20_000, len(train["mnist"]))), "test": noise("test", len(test["mnist"]))}
run.uses(*drawn.values())
noisy = Domain("noise", lambda x: x, lambda z: z, nearest_centre, 100, base.device)
order = torch.randperm(10, generator=named_generator("exchanged classes", 0))
exchanged = torch.empty(10, dtype=torch.int64)
exchanged[order] = order.roll(1)  # one cycle: no class stays what it was


def joined(one):
    """For each kind of bridge, the latents that it learns from, of one set of base models."""
    digits, clothes = one.seen("mnist"), one.seen("fashion")
    shuffle = torch.randperm(len(clothes), generator=named_generator("shuffled labels", 0)).to(one.device)
    return {
        "bridging_vae": [digits, clothes],
        "noise": [noisy.latents(drawn["train"].x, drawn["train"].y), digits],
        "permuted_classes": [digits, replace(clothes, y=exchanged.to(one.device)[clothes.y])],
        "shuffled_labels": [digits, replace(clothes, y=clothes.y[shuffle])],
    }


calls = {}  # (what, set of base models, seed): one training
for number, one in enumerate(bases):
    for key in ("mnist", "fashion"):
        calls[f"latent classifier {key}", number, 0] = maps.fit_latent_classifier, budget.latent_classifier, one.seen(key), 0
    for name, latents in joined(one).items():
        for seed in range(budget.seeds if name == "bridging_vae" else 1):
            calls[name, number, seed] = fit_bridge, latents, budget.bridge, seed
ahead(*[(fit, [replace(d, domain=None) for d in data], *rest) if fit is fit_bridge else (fit, data, *rest) for fit, data, *rest in calls.values()], name="classifiers and controls")
fitted = {}
for (name, number, seed), (fit, *arguments) in calls.items():
    result = fit(*arguments)
    fitted[name, number, seed], history = (result, result.history) if fit is fit_bridge else result
    run.trained(f"{name} {number} {seed}", history)

# %% [markdown]
# The maps are fitted on the latents of the training images, without their augmented copies, which would make the maps worse. The
# classifier learns from the copies too. Maps that draw at random (a lookup, pairs, batches) may be repeated; the others are the same each time.

# %% tags=["nbval-ignore-output", "hide-input"]
there, back = "mnist->fashion", "fashion->mnist"
directions = {there: ("mnist", "fashion"), back: ("fashion", "mnist")}
CLOSED = ("prototype", "lookup", "gaussian_ot", "gaussian_gw", "discrete_ot", "procrustes", "affine")
CONTROLS = ("copy", "permuted_classes", "shuffled_labels")
DECIDING = ("transfer_accuracy", "trustworthiness", "diversity")  # what a map must reach to replace the bridge
methods, seconds = {}, {}  # (setting, method): a list of functions of images (n, 784), and of their seconds, for each set of base models


def closed_form(a, b, classify):
    """For each map: whether it draws at random, and what makes it from a generator."""
    return {
        "prototype": (False, lambda g: maps.prototype(b, classify)),
        "lookup": (True, lambda g: maps.lookup(b, classify, g)),
        "gaussian_ot": (False, lambda g: maps.by_class(a, b, classify, maps.bures)),
        "gaussian_gw": (False, lambda g: maps.by_class(a, b, classify, maps.principal)),
        "discrete_ot": (True, lambda g: maps.discrete_ot(a, b, classify, g)),
        "procrustes": (True, lambda g: maps.procrustes(a, b, g)),
        "affine": (True, lambda g: maps.affine(a, b, g)),
    }


def through_latents(one, source, target, latent_map):
    """Images (n, 784) to images: encode (posterior mean), map, decode."""

    @torch.no_grad()
    def apply(x):
        return one.domains[target].items(latent_map(one.domains[source].posterior(x)[0]))

    return apply


def keep(setting, method, functions, took):
    methods.setdefault((setting, method), []).append(functions)
    seconds.setdefault((setting, method), []).append(took)


for number, one in enumerate(bases):
    for name in ("bridging_vae", "permuted_classes", "shuffled_labels"):
        bridges = [bridge for key, bridge in fitted.items() if key[:2] == (name, number)]
        for setting, (source, target) in directions.items():
            keep(setting, name, [partial(bridge.translate, source=source, target=target) for bridge in bridges], [bridge.history["seconds"][0] for bridge in bridges])
    bridge = fitted["noise", number, 0]
    keep("noise->mnist", "bridging_vae", [partial(bridge.translate, source="noise", target="mnist")], bridge.history["seconds"])
    for setting, (source, target) in directions.items():
        reader = f"latent classifier {source}"
        made = closed_form(one.own(source), one.own(target), maps.classes_by(fitted[reader, number, 0]))
        for method, (random, make) in made.items():
            functions, took = [], []
            for seed in range(budget.closed_seeds if random else 1):
                started = time.perf_counter()
                functions.append(through_latents(one, source, target, make(named_generator(f"{method} {source}", seed, one.device))))
                took.append(time.perf_counter() - started + (method not in ("procrustes", "affine")) * run.training[f"{reader} {number} 0"])
            keep(setting, method, functions, took)
for setting in directions:
    keep(setting, "copy", [lambda x: x.to(base.device)], [0.0])


# %% [markdown]
# ## Numbers
#
# On the held-out test split. Bold: better than the bridge, with 95 % intervals that do not touch, where the class is kept (accuracy above 0.2). A diversity is better the nearer it is to 1, that of real items; FID is better the lower it is.

# %% tags=["nbval-ignore-output", "hide-input"]
def ends_of(one):
    found = {key: transfers.End(one.domains[key], second[key], test[key]) for key in ("mnist", "fashion")}
    return found | {"noise": transfers.End(noisy, nearest_centre, drawn["test"])}


ends = [ends_of(one) for one in bases]
expected = {(there, "permuted_classes"): exchanged.argsort(), (back, "permuted_classes"): exchanged}
by_base = {}  # (setting, method, metric): the values of each set of base models
for (setting, method), per_base in methods.items():
    source, target = directions.get(setting, ("noise", "mnist"))
    found = {}
    for functions, end in zip(per_base, ends, strict=False):  # a copy of the input knows no base model
        measured = [transfers.scores(end[source], end[target], apply(end[source].images.x), seed, expected.get((setting, method))) for seed, apply in enumerate(functions)]
        for metric in measured[0]:
            found.setdefault(metric, []).append([scores[metric] for scores in measured])
    by_base |= {(setting, method, metric): values for metric, values in found.items()}
    for metric, values in {**found, "seconds": seconds[setting, method]}.items():
        run.add("baselines", setting, method, metric, values, n=len(ends[0][source].images) if "accuracy" in metric else None)
for setting, (source, target) in directions.items():
    own = [transfers.own(end[target]) for end in ends]
    for metric in own[0]:
        run.add("baselines", setting, "target", metric, [[scores[metric]] for scores in own], n=len(test[target]) if "accuracy" in metric else None)
    named = [metrics.agreement(end[target].images.y, one.domains[target].classify(one.domains[target].items(one.held(target).mean)).cpu()) for one, end in zip(bases, ends, strict=True)]
    by_base[setting, "target", "transfer_accuracy"] = [[share] for share in named]  # of real items: how many the judge names rightly
    run.add("baselines", setting, "target", "reconstruction_accuracy_true_label", [[share] for share in named], n=len(test[target]))
    for method in CLOSED:
        for metric in DECIDING:  # paired: both with the same base models
            paired = transfers.shortfalls(metric, by_base[setting, method, metric], by_base[setting, "bridging_vae", metric])
            run.add("needed", setting, method, f"{metric}_shortfall", paired)
    run.add("baselines", setting, "chance", "trustworthiness", [ends[0][source].neighbours_by_chance()], note="computed")
by_key = {(row["setting"], row["method"], row["metric"]): row for row in run.rows}


def value(setting, method, metric="transfer_accuracy"):
    return by_key[setting, method, metric]["value"]


Markdown("\n\n".join(f"**{paper.words(setting)}**\n\n{transfers.compared(by_key, setting, ('bridging_vae', *CLOSED))}" for setting in directions))

# %% tags=["nbval-ignore-output", "hide-input"]
sets = f"{len(bases)} set{'s' if len(bases) > 1 else ''} of base models"
slowest = max((m for m in CLOSED), key=lambda m: value(there, m, "seconds"))
spread = {(s, m): by_key[s, m, "transfer_accuracy"]["high"] - by_key[s, m, "transfer_accuracy"]["low"] for s in directions for m in CLOSED}
setting, widest = max(spread, key=spread.get)
Markdown(
    f"Every line has the same {sets}, the bridge {budget.seeds} bridge{'s' if budget.seeds > 1 else ''} with each, a map that draws at random {budget.closed_seeds} of each: an interval counts base models, repetitions and test items. "
    f"The least certain accuracy is that of the {paper.words(widest)}, {paper.words(setting)}, {report.formatted(by_key[setting, widest, 'transfer_accuracy'])}"
    + (": it depends on the base models, so the one set of chapter 5 may show another." if len(bases) > 1 else ".")
    + f" Of the maps {paper.words(slowest)} is the slowest, with {value(there, slowest, 'seconds'):.1f} s, its classifier included; a bridge took {value(there, 'bridging_vae', 'seconds'):.0f} s. "
    f"The classifier has {parameter_count(fitted['latent classifier mnist', 0, 0]):,} parameters, the bridge {parameter_count(fitted['bridging_vae', 0, 0].network):,}."
)

# %% [markdown]
# ## So, is it needed?
#
# A map replaces the bridge if it is *as good* in accuracy, in trustworthiness and in diversity: not worse by more than 0.02, the margin of [the report](12_report.ipynb). The difference is paired: the map
# and the bridge have the same base models and the same test items, so we take it for each set of base models, and ask where its 95 % interval over the sets lies; the items, which both share, are not counted again. All of it within the margin: as good. All of it
# beyond: worse. Else: undecided. So a map gains nothing from being uncertain. One *worse* is enough against a map.

# %% tags=["nbval-ignore-output", "hide-input"]
WORDS = {"transfer_accuracy": "accuracy", "trustworthiness": "trustworthiness", "diversity": "diversity"}


def reached(setting, method):
    """For each deciding measure, whether a map is as good as the bridge: True, False or None (undecided)."""
    return {metric: transfers.as_good(*(by_key[setting, method, f"{metric}_shortfall"][end] for end in ("low", "high"))) for metric in DECIDING}


def paired(metric, method, setting, reference="bridging_vae"):
    """How a map differs from the bridge in a measure, over the sets of base models: ``-0.015 [-0.020, -0.010]``."""
    mine, other = by_base[setting, method, metric], by_base[setting, reference, metric]
    value, low, high = crossed_interval([[sum(a) / len(a) - sum(b) / len(b)] for a, b in zip(mine, other, strict=True)])
    return f"{value:+.3f}" + ("" if low is None else f" [{low:+.3f}, {high:+.3f}]")


def named(maps_, otherwise="none"):
    return ", ".join(map(paper.words, maps_)) or otherwise


def verdict(setting):
    """``no``, ``yes`` or ``undecided``: whether the bridge is needed; and the maps that replace it, or may."""
    found = {m: transfers.replaces(reached(setting, m)) for m in CLOSED}
    good, open_ = ([m for m in CLOSED if found[m] is word] for word in (True, None))
    return ("no" if good else "undecided" if open_ else "yes"), good or open_


SAID = {
    "no": "a map without a bridge is as good in all three measures",
    "undecided": "no map is shown to be as good in all three measures, and not every map is shown to be worse in one",
    "yes": "every map is worse than the bridge in at least one of the three measures",
}
lines = []
for setting in directions:
    word, left = verdict(setting)
    by_metric = {metric: [[m for m in CLOSED if reached(setting, m)[metric] is state] for state in (True, None)] for metric in DECIDING}
    accurate, maybe = by_metric["transfer_accuracy"]
    lines.append(
        f"- **{paper.words(setting)}: {word}**: {SAID[word]}. As accurate as the bridge: {named(accurate)}" + (f"; undecided: {named(maybe)}" if maybe else "") + "."
        + "".join(f" The {paper.words(m)}, against the bridge: " + ", ".join(f"{WORDS[metric]} {paired(metric, m, setting)}" for metric in DECIDING) + "." for m in left[:2])
    )
if len(bases) < 2:
    lines.append("\nThis profile has one set of base models. Then a difference has no interval, and nothing is decided.")
for setting in directions:
    bridge, real = by_key[setting, "bridging_vae", "transfer_accuracy"], by_key[setting, "target", "reconstruction_accuracy_true_label"]
    if bridge["low"] <= real["high"] or len(bases) < 2:
        continue
    to_real = {m: transfers.as_good(*crossed_interval(transfers.shortfalls("transfer_accuracy", *(by_base[setting, one, "transfer_accuracy"] for one in (m, "target"))))[1:]) for m in CLOSED}
    found = {m: transfers.replaces(reached(setting, m) | {"transfer_accuracy": to_real[m]}) for m in CLOSED}
    good, open_ = ([m for m in CLOSED if found[m] is state] for state in (True, None))
    now = (
        f"becomes *no*: {named(good)} would do" if good
        else f"becomes *undecided*, for {named(open_)}" if open_
        else "is *yes* by this count too, but it says less: no map is at once as accurate as real items and as local and diverse as the bridge"
    )
    lines.append(
        f"\n**{paper.words(setting)}: this rule rewards typical results.** Of real held-out items, once the target model has reconstructed them, the judge names {report.formatted(real)} rightly, by their true label. "
        f"(*Target's own*, below, is {report.formatted(by_key[setting, 'target', 'reconstruction_accuracy'])}: there the judge is compared with its own opinion of the item before, so its errors do not count.) "
        f"A map whose results are as varied as real items, such as a lookup, which draws real latents, cannot be expected to do much better; the lookup has {report.formatted(by_key[setting, 'lookup', 'transfer_accuracy'])}. "
        f"The bridge has {report.formatted(bridge)}, more than real items: it draws what is easy to name, with {value(setting, 'bridging_vae', 'diversity'):.3f} of their diversity. "
        f"Count its accuracy only up to that of real items, and {named([m for m in CLOSED if to_real[m]], 'no map')} would be as accurate. The verdict {now}."
    )
head = {"no": "the bridge is not needed", "undecided": "it is undecided whether the bridge is needed", "yes": "the bridge is needed"}
Markdown("**In short: " + "; ".join(f"{paper.words(setting)}, {head[verdict(setting)[0]]}" for setting in directions) + ".** By the rule above:\n\n" + "\n".join(lines))

# %% [markdown]
# ## Accuracy against locality

# %% mystnb={"figure": {"caption": "Held-out accuracy against trustworthiness, with 95 % intervals. The larger a point, the larger the diversity of its results. Blue: the bridge; green: maps that classify first; red: one map for all classes. The upper right is where a translation should be; dashed: the trustworthiness of results drawn at random."}, "image": {"alt": "Two scatter plots, one a direction, with a numbered point for the bridge and for each of seven maps without training."}} tags=["hide-input", "lead"]
chance, shown = value(there, "chance", "trustworthiness"), ("bridging_vae", *CLOSED, "copy", "shuffled_labels")
ten = {setting: test[source].x[[int((test[source].y == label).nonzero()[0]) for label in range(10)]] for setting, (source, _) in directions.items()}
of_points = transfers.points(by_key, directions, shown, ten, {(setting, m): methods[setting, m][0][0](x) for setting, x in ten.items() for m in shown})
run.points(of_points)  # for the interactive figure
comparisons.beside(by_key, (there, back), shown[:-2], chance)

# %% [markdown]
# The same points to touch: point at one, and see what that method makes of ten held-out inputs.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import touch

touch.trade_off(of_points)

# %% [markdown]
# A small point has little diversity, and then its trustworthiness means little. A lookup lies near the dashed line by construction, whatever its accuracy: it draws at random.

# %% tags=["nbval-ignore-output", "hide-input"]
rival = max(CLOSED[:-2], key=lambda m: sum(value(setting, m, "trustworthiness") for setting in directions))  # of those that classify first


def won(setting, method):
    """Whether a map that is more local is a win over the bridge, an exchange, or neither for certain."""
    high, accurate = by_key[setting, method, "trustworthiness_shortfall"]["high"], reached(setting, method)["transfer_accuracy"]
    return "Undecided" if high is None or high >= 0 or accurate is None else "A win" if accurate else "An exchange"


lines = []
for setting in directions:
    gain = {metric: value(setting, rival, metric) - value(setting, "bridging_vae", metric) for metric in ("transfer_accuracy", "trustworthiness", "diversity")}
    way = "more local and more accurate" if min(gain["transfer_accuracy"], gain["trustworthiness"]) > 0 else "more local, and less accurate" if gain["trustworthiness"] > 0 else "less local"
    lines.append(f"- {paper.words(setting)}: {way} by its means: " + ", ".join(f"{paired(metric, rival, setting)} in {WORDS[metric]}" for metric in DECIDING) + f". {won(setting, rival)}.")
Markdown(
    f"**Is {('bridging_vae', *CLOSED).index(rival) + 1}, the {paper.words(rival)}, a win over 1, the bridge?** Of the maps that classify first it is the most local. Against the bridge:\n\n"
    + "\n".join(lines)
    + "\n\nTo the upper left is no win but an exchange: results that follow their inputs more closely, for more of them with another class. Which counts more depends on the use. Above, and for certain not to the left by more than 0.02, is a win."
)

# %% [markdown]
# ## What the controls say
#
# *Target's own* has no transfer: it is what the target model keeps when it reconstructs its own held-out items ([chapter 5](05_baselines.ipynb)), by the judge's opinion before and after.

# %% tags=["nbval-ignore-output", "hide-input"]
by_key |= {(back, "noise", row["metric"]): row for row in run.rows if row["setting"] == "noise->mnist"}
found = [f"**{paper.words(setting)}**\n\n" + transfers.narrow(transfers.short_table(by_key, setting, lines, transfers.WITHOUT_PAPER)) for setting, lines in ((there, ("bridging_vae", *CONTROLS, "target")), (back, ("bridging_vae", *CONTROLS, "noise", "target")))]
Markdown("\n\n".join(found))

# %% tags=["nbval-ignore-output", "hide-input"]
of_noise = value("noise->mnist", "bridging_vae")
says = "**accuracy alone means nothing**, a bridge keeps whatever labels it is given" if of_noise > 0.9 else "labels alone do not make a bridge here"


def both_ways(method, metric="transfer_accuracy"):
    return " and ".join(f"{value(setting, method, metric):.3f}" for setting in directions)


at_chance = all(abs(value(setting, "shuffled_labels") - 0.1) < 0.05 for setting in directions)
lost = {s: transfers.as_good(*crossed_interval(transfers.shortfalls("trustworthiness", *(by_base[s, m, "trustworthiness"] for m in ("shuffled_labels", "bridging_vae"))))[1:]) for s in directions}
local = transfers.replaces(lost)
most = all(value(s, "shuffled_labels", "trustworthiness") - chance > (value(s, "bridging_vae", "trustworthiness") - chance) / 2 for s in directions)
OF_LOCALITY = {
    True: "it is as local as the bridge. Locality costs no labels, a smooth map between two spaces has it; the merit of the bridge is to have both at once",
    False: "labels help locality as well",
    None: f"chance is {chance:.3f}, and whether it is as local as the bridge is undecided. " + ("But most of the locality costs no labels; the merit of the bridge is to have both at once" if most else "How much of the locality costs labels is open"),
}
Markdown(
    "In short, the classes come from the labels, and "
    + ("locality does not" if local else "locality does so in part" if local is False else "most of the locality does not" if most else "whether locality does is undecided")
    + ":\n\n"
    f"- Noise becomes digits with an accuracy of {of_noise:.3f}: {says}. The digits have a diversity of {value('noise->mnist', 'bridging_vae', 'diversity'):.3f} and a "
    f"trustworthiness of {value('noise->mnist', 'bridging_vae', 'trustworthiness'):.3f} (chance {chance:.3f}).\n"
    f"- With exchanged classes the bridge keeps {both_ways('permuted_classes')} of the exchanged pairs, {both_ways('bridging_vae')} of ours: which class means which is our choice.\n"
    f"- With shuffled labels it keeps {both_ways('shuffled_labels')}: {'at chance, so the classes come from the labels' if at_chance else 'not at chance both ways, as it should be'}. But a bridge that knows no class has a trustworthiness of {both_ways('shuffled_labels', 'trustworthiness')}, the bridge {both_ways('bridging_vae', 'trustworthiness')} (differences {' and '.join(paired('trustworthiness', 'shuffled_labels', s) for s in directions)}): "
    f"{OF_LOCALITY[local]}.\n"
    f"- A copy of the input has a trustworthiness of {both_ways('copy', 'trustworthiness')} and an accuracy of {both_ways('copy')}: trustworthiness alone means nothing either."
)


# %% [markdown]
# ## The same eight inputs
#
# Four items of each of two classes. Different inputs of one class should become different outputs of one
# class: four equal pictures are a prototype, and four of several classes a lost class.

# %% mystnb={"figure": {"caption": "MNIST \u2192 Fashion-MNIST: four held-out sevens and four zeros, to become sneakers and T-shirts."}, "image": {"alt": "Rows of eight pictures, one row a method: the inputs, then what the bridge, prototypes, lookup, principal axes and Procrustes make of them."}} tags=["hide-input"]
def eight(setting, classes):
    source = directions[setting][0]
    index = torch.cat([(test[source].y == label).nonzero().flatten()[:4] for label in classes])
    x = test[source].x[index]
    return {"input": x} | {paper.words(m): methods[setting, m][0][0](x) for m in ("bridging_vae", "prototype", "lookup", "gaussian_gw", "procrustes")}


plots.rows_of_images(eight(there, (7, 0)))

# %% mystnb={"figure": {"caption": "Fashion-MNIST \u2192 MNIST: four held-out sneakers and four T-shirts, to become sevens and zeros."}, "image": {"alt": "Rows of eight pictures, one row a method: the inputs, then what the bridge, prototypes, lookup, principal axes and Procrustes make of them."}} tags=["hide-input"]
plots.rows_of_images(eight(back, (7, 0)))

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - Accuracy alone says little: a classifier and ten prototypes get far, and clustered noise becomes digits. Ask what else of the input survives.
# - Accuracy above that of real items is a sign of typical results. Read it with diversity.
# - Locality alone is cheap: a bridge that learned no class is local too. A class *and* a neighbourhood at once is what a bridge is for.
# - Try the closed form first. Where latents are close to Gaussian within a class, a map between principal axes needs no training but a classifier's, and can be as local as a bridge.
# - Two latent spaces have no coordinates in common. Maps that compare coordinates keep classes only because labels told them: through a classifier, or through pairs of equal class.
#
# ## What to try
#
# **Which dimensions get amplified too much?** `by_class` adds a small `ridge` to every variance, because an encoder leaves most dimensions nearly unused. Make it smaller and larger.

# %% mystnb={"figure": {"caption": "Principal axes and Gaussian OT by class, MNIST \u2192 Fashion-MNIST, with other values of the ridge."}, "image": {"alt": "Two panels of lines over the logarithm of the ridge: accuracy, and diversity."}} tags=["nbval-ignore-output", "hide-cell", "solution"]
a, b, classify = base.own("mnist"), base.own("fashion"), maps.classes_by(fitted["latent classifier mnist", 0, 0])
source, target = ends[0]["mnist"], ends[0]["fashion"]
powers = [-6, -4, -3, -2, -1]


def over_ridges(fit_map):
    found = [transfers.scores(source, target, through_latents(base, "mnist", "fashion", maps.by_class(a, b, classify, fit_map, 10.0**p))(test["mnist"].x)) for p in powers]
    return {"ridge, as a power of ten": powers, "accuracy": [s["transfer_accuracy"] for s in found], "diversity": [s["diversity"] for s in found]}


of_ridges = {"principal axes": over_ridges(maps.principal), "Gaussian OT": over_ridges(maps.bures)}
plots.histories(of_ridges, ["accuracy", "diversity"], log=False, across="ridge, as a power of ten")

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
Markdown(
    "Those that the source's encoder hardly uses: a map multiplies each axis by the target's standard deviation over the source's, and the ridge bounds that ratio. "
    + "; ".join(f"{name}: from a ridge of 10^{powers[0]} to 10^{powers[-1]} the accuracy goes from {f['accuracy'][0]:.3f} to {f['accuracy'][-1]:.3f}, the diversity from {f['diversity'][0]:.3f} to {f['diversity'][-1]:.3f}" for name, f in of_ridges.items())
    + "."
)

# %% [markdown]
# **The sign of a principal axis is arbitrary.** Turn the first axis of every class around. Accuracy stays; does anything else change?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
import numpy as np


def turned(mean_s, mean_t, cov_s, cov_t):
    """The map between principal axes, then a reflection of the target's first axis through the mean."""
    a, b = maps.principal(mean_s, mean_t, cov_s, cov_t)
    first = np.linalg.eigh(cov_t)[1][:, -1]
    mirror = np.eye(len(first)) - 2 * np.outer(first, first)
    return a @ mirror, (b - mean_t) @ mirror + mean_t


scores = transfers.scores(source, target, through_latents(base, "mnist", "fashion", maps.by_class(a, b, classify, turned))(test["mnist"].x))
before = methods[there, "gaussian_gw"][0][0](test["mnist"].x)
Markdown(
    "; ".join(f"{paper.words(metric)} {old:.3f} before, {scores[metric]:.3f} after" for metric, old in transfers.scores(source, target, before).items() if metric in ("transfer_accuracy", "diversity", "trustworthiness"))
    + ". A reflection keeps all distances in the latent space: none of these measures can tell which of the two is meant, and nothing in the data can."
)

# %% [markdown]
# **How many items does a map need?** Fit the principal axes on fewer training items of both sides, with the same classifier.

# %% mystnb={"figure": {"caption": "Principal axes by class, MNIST \u2192 Fashion-MNIST, fitted on fewer items."}, "image": {"alt": "Two panels of lines over the number of items: accuracy, and trustworthiness."}} tags=["nbval-ignore-output", "hide-cell", "solution"]
found = {"items": [], "accuracy": [], "trustworthiness": []}
for n in (200, 500, 1000, 2000, 4000):
    few = [d.take(torch.randperm(len(d), generator=named_generator("few items", n))[:n].to(base.device)) for d in (a, b)]
    scores = transfers.scores(source, target, through_latents(base, "mnist", "fashion", maps.by_class(*few, classify, maps.principal))(test["mnist"].x))
    for name, metric in (("items", None), ("accuracy", "transfer_accuracy"), ("trustworthiness", "trustworthiness")):
        found[name].append(scores[metric] if metric else n)
plots.histories({"principal axes by class": found}, ["accuracy", "trustworthiness"], log=False, across="items")

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
first, last = ({name: values[i] for name, values in found.items()} for i in (0, -1))
Markdown(
    f"With {first['items']} items in all, about {first['items'] // 10} a class in 100 dimensions, the accuracy is {first['accuracy']:.3f} and the trustworthiness {first['trustworthiness']:.3f}; with {last['items']} they are "
    f"{last['accuracy']:.3f} and {last['trustworthiness']:.3f}."
)
