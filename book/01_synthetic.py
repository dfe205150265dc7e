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
# # 1. A bridge in two dimensions
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/01_synthetic.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("01_synthetic", profile)

# %% [markdown]
# **Can two clouds of points be joined so that a point keeps its class and its neighbours when it crosses over?** Before any
# image, the paper asks this of two ellipses in the plane. They stand for the latent spaces of two models that were trained
# apart: nobody paired their points, and only one bit is known about each point, its class.
#
# The paper shows the answer as pictures (its Figures 2 and 9). This chapter redraws them with our own runs, measures them, and checks
# what the paper says about each row. The picture above is the first seed, not the best. [The next chapter](01b_from_scratch.ipynb) builds the same bridge line by line.
#
# ## The data
#
# Domain 1 is a horizontal ellipse, domain 2 a vertical ellipse, each with a little noise. Every point has an *attribute*, its place
# along its ellipse from 0 to 1, and a class: which half of the ellipse it is on. In the horizontal ellipse the classes are the
# upper and the lower half, in the vertical one the left and the right half. So a map that keeps the classes must turn the ellipse by a quarter.
# Shifting and squashing one ellipse onto the other would be simpler, and would be wrong. (`lt.datasets.ellipses` draws the points.)

# %% tags=["setup"]
import torch
from IPython.display import Markdown

from lt import fit_bridge, losses, metrics, named_generator
from lt.book import diagrams, planes, plots, report
from lt.datasets import ellipses
from lt.datasets.ellipses import NAMES
from lt.loop import default_device
from lt.zoo import quality

# %%
train, test = (ellipses.draw(name, budget.toy_points) for name in ("train", "test"))
print("points are (n, 2):", train[0].mean.shape[1] == 2, "| classes:", sorted(train[0].y.unique().tolist()))

# %% [markdown]
# ## The loss
#
# The bridge is a variational autoencoder (VAE) with one set of weights for both domains. Its encoder turns a point $z_d$ of domain $d$ into a normal distribution
# $q(z' | z_d, d)$ over the shared space. A point $z'_d$ is drawn from it, and the decoder takes that back to $\hat z_d$. The loss (section 3 of the paper; `lt.losses`)
# has a part for each domain and a part for both:
#
# $$
# \begin{aligned}
# \mathcal{L} &= \mathcal{L}_1 + \mathcal{L}_2 + \beta_{SWD} \, \mathrm{SWD}(z'_1, z'_2) \\
# \mathcal{L}_d &= \tfrac12 \lVert z_d - \hat z_d \rVert^2 \\
# &+ \beta_{KL} \, \mathrm{KL}\big(q(z' | z_d, d) \,\Vert\, \mathcal N(0, I)\big) \\
# &+ \beta_{Cls} \, H\big(f(z'_d), y_d\big)
# \end{aligned}
# $$
#
# - **Reconstruction**: a point that goes in and comes out with the same domain label should come out where it was. The paper's text has the sum over the
#   dimensions, $\lVert z_d - \hat z_d \rVert^2$; the authors' code and this book take the mean, which is half of it in two dimensions. So the other terms count twice as much as
#   with the same $\beta$ in the paper's formula.
# - **KL**: the Kullback-Leibler divergence says how far $q$ is from a standard normal distribution, so it charges for every bit that $z'$ keeps of $z$ and holds the shared
#   points together. With the reconstruction it is the usual loss of a VAE (its ELBO, up to sign and scale).
# - **Classification**: the cross entropy $H$ of a linear classifier $f$, which reads the class $y_d$ from $z'_d$. It is the only term that knows classes.
# - **SWD**: how far apart the clouds of both domains are in the shared space (next section).
#
# Each $\beta$ is the weight of its term.

# %% mystnb={"figure": {"caption": "Figure 8 of the paper, redrawn for the bridge of this chapter. Red: where the terms of the loss are measured. L2 is the reconstruction error. D is the domain label."}, "image": {"alt": "Diagram: latents of two domains go down through one encoder to shared latents, and through one decoder to reconstructions. Red marks: L2 between each latent and its reconstruction, KL at the encoder's output, SWD between the two shared latents, a classifier that reads both."}} tags=["hide-input"]
from lt.bridge import network_of

diagrams.loss_terms(network_of(budget.toy, [2, 2], 2))

# %% [markdown]
# ## The sliced Wasserstein distance
#
# How far apart are two clouds of points? The *Wasserstein distance* says: pair each point of one cloud with a point of the other, so that the pairs are as
# close together as they can be, and take the mean squared distance of the pairs. Finding the best pairs is slow in two or more dimensions.
# On a line it is easy: sort both clouds, then pair first with first, second with second, and so on.
#
# The *sliced* distance uses that. It draws many random directions $\omega$ from a set $\Omega$, looks at the shadow of both clouds on each, and averages:
#
# $$
# \begin{aligned}
# \mathrm{SWD}(A, B) &= \frac{1}{|\Omega|} \sum_{\omega \in \Omega} W_\omega(A, B) \\
# W_\omega(A, B) &= \frac{1}{n} \sum_{i=1}^{n} \big(a^\omega_{(i)} - b^\omega_{(i)}\big)^2
# \end{aligned}
# $$
#
# Here $a^\omega_{(i)}$ is the $i$-th smallest of the numbers $a \cdot \omega$, one for each point $a$ of $A$. The distance is zero only if both clouds have the same shadow in each of the directions.

# %% mystnb={"figure": {"caption": "One direction of the sliced Wasserstein distance: project, sort, pair. The mean of the squared red shifts to the side is what this direction adds."}, "image": {"alt": "Three panels: two small clouds of points with dotted lines to their shadows on a slanted line; the shadows of each cloud in a row, numbered from left to right; red lines that join equal numbers."}} tags=["hide-input"]
some = torch.tensor([[-1.3, 0.3], [-0.9, 1.1], [-0.8, 0.0], [-0.1, 1.0], [0.0, 0.1], [0.7, 1.2]])
others = torch.tensor([[0.2, -1.0], [0.5, -0.3], [1.1, -1.2], [1.2, -0.1], [1.3, -0.9], [1.6, 0.3]])
diagrams.sliced(some, others, torch.nn.functional.normalize(torch.tensor([1.0, 0.45]), dim=0))

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import touch

touch.swd_angle(some, others)


# %%
def by_hand(a, b, directions):
    """The sliced Wasserstein distance of two clouds (n, d), along unit vectors (k, d)."""
    total = 0
    for direction in directions:
        p, _ = (a @ direction).sort()  # project, sort
        q, _ = (b @ direction).sort()
        total += ((p - q) ** 2).mean()  # pair
    return total / len(directions)


# %% [markdown]
# Is that the distance? The library POT knows the exact distance on a line, and `lt.losses` has a faster way to write the same.

# %% tags=["nbval-ignore-output"]
import ot

a, b = train[0].mean, train[1].mean
directions = losses.random_directions(128, 2, named_generator("directions", 0))
ours, exact = by_hand(a, b, directions), [ot.wasserstein_1d(a @ w, b @ w, p=2) for w in directions]
assert torch.isclose(ours, losses.sliced_wasserstein(a, b, directions), rtol=1e-4)
assert torch.isclose(ours, torch.stack(exact).mean(), rtol=1e-4)
print(f"by hand {ours:.4f}, lt.losses and POT agree")

# %% [markdown]
# ## The models
#
# Figure 9 adds the parts one by one: first a plain VAE that is not told which domain it sees, then the one-hot domain label
# $D$, then the SWD, then the classifier. The authors' code has classification weights between 0.05 and 0.5, so we take both ends.
#
# To see what each weight does by itself, we also train a grid: four weights of the SWD by three of the classifier. Last comes the form of the SWD in the
# authors' code, absolute differences instead of the squares of the paper's text. `quick` and `laptop` take fewer steps than the authors, with a learning
# rate that rises and falls. That schedule was chosen on points that are neither training nor test points.

# %%
from dataclasses import replace

from lt.tools.sweeps import ahead

toy = budget.toy
SWD, CLS = (0, 0.05, 0.2, 1.0), (0, 0.05, 0.5)  # weights; 0.2 is the authors'
GRID = {(s, c): replace(toy, beta_swd=s, beta_cls=c) for s in SWD for c in CLS}
MODELS = {  # the rows of Figure 9
    "unconditional": replace(toy, conditional=False, beta_swd=0, beta_cls=0),
    "conditional": GRID[0, 0],
    "+ SWD": GRID[0.2, 0],
    "+ SWD + classifier 0.05": GRID[0.2, 0.05],
    "+ SWD + classifier 0.5": GRID[0.2, 0.5],
}
ROWS = list(MODELS)
MODELS |= {f"SWD {s:g}, classifier {c:g}": config for (s, c), config in GRID.items() if config not in MODELS.values()}
MODELS |= {"+ SWD, absolute": replace(toy, beta_cls=0, power=1)}
NAME = {point: next(name for name, config in MODELS.items() if config == GRID[point]) for point in GRID}

# %% tags=["nbval-ignore-output", "hide-input"]
device = default_device()
clouds = [d.to(device) for d in train]
trainings = [(name, seed) for name in MODELS for seed in range(budget.toy_seeds)]
ahead(*[(fit_bridge, clouds, MODELS[name], seed) for name, seed in trainings])  # side by side; below they are only fetched
bridges = {}
for name, seed in trainings:
    bridges[name, seed] = fit_bridge(clouds, MODELS[name], seed)
    run.trained(f"{name} {seed}", bridges[name, seed].history)


# %% [markdown]
# ## What the bridge does
#
# Transfer means: encode with one domain label, decode with the other. Follow a colour: it is the attribute of the *source*
# point. Where the colours of a transferred ellipse run on without a break, neighbours stayed neighbours. Then look at the ground: class 1, the crosses,
# belongs on the grey side.

# %% mystnb={"figure": {"caption": "Figure 2 of the paper, redrawn: the bridge with all its parts (seed 0). Blue to yellow: points of domain 1; dark to cream: points of domain 2; grey points: the true target domain. Circles: class 0; crosses: class 1. After a transfer class 1 belongs on the grey ground; in the shared space the grey ground is where the linear classifier says class 1."}, "image": {"alt": "Four scatter plots: two ellipses, one horizontal and one vertical; each ellipse transferred onto the other with colours that run on and crosses on the grey half; the shared space, where both domains overlap and a line parts the classes."}} tags=["hide-input", "lead", "nbval-ignore-output"]
def view(bridge):
    """Everything that a picture of a bridge shows."""
    z = [d.mean.to(device)[:250] for d in test]
    with torch.no_grad():
        shared = [bridge.encode(z[d], NAMES[d])[0] for d in (0, 1)]
        reconstruction = [bridge.transfer(z[d], NAMES[d], NAMES[d]) for d in (0, 1)]
        transfer = [bridge.transfer(z[d], NAMES[d], NAMES[1 - d]) for d in (0, 1)]
    classifier = bridge.network.classifier
    w = (classifier.weight[1] - classifier.weight[0]).tolist()
    bias = (classifier.bias[1] - classifier.bias[0]).item()
    arrays = {"data": z, "shared": shared, "reconstruction": reconstruction, "transfer": transfer}
    return {
        **{key: [v.cpu().numpy() for v in value] for key, value in arrays.items()},
        "attribute": [ellipses.attribute(v, d).numpy() for d, v in enumerate(z)],
        "label": [ellipses.label(v, d).numpy() for d, v in enumerate(z)],
        "boundary": (*w, bias) if bridge.config.beta_cls else None,
    }


planes.crossing(view(bridges[ROWS[-1], 0]), ellipses.HALVES)

# %% [markdown]
# Here are all rows of Figure 9, one part more in each. In rows 2 and 3 nothing in the loss knows the classes. One ellipse can be laid on the other turned one way, turned the other
# way, or flipped, at about the same loss. The random start decides which, so their *class kept* below is a matter of luck, anywhere between 0 and 1.

# %% mystnb={"figure": {"caption": "Figure 9 of the paper, redrawn (seed 0). Each row is a model; colours, marks and grounds as above."}, "image": {"alt": "Grid of scatter plots, five models by five columns: data, reconstruction, transfer in both directions, shared space. The text and the table below say what each row shows."}} tags=["hide-input", "nbval-ignore-output"]
planes.synthetic({name.replace(" + ", "\n+ "): view(bridges[name, 0]) for name in ROWS}, ellipses.HALVES)

# %% [markdown]
# ## In numbers
#
# The paper stops at the picture. We take five measurements, each on held-out points; the first four are averaged over both directions:
#
# - **class kept**: the share of transferred points on the half of the target ellipse that has the class of their source;
# - **on target**: the share that lands within 0.15 of the target ellipse at all;
# - **order kept**: the circular rank correlation of the attribute before and after. It is 1 when the order along the ellipse is the same, forwards or backwards;
# - **neighbours kept**: the share of a point's ten nearest neighbours that are still among its ten nearest after the transfer;
# - **gap**: how far apart the two clouds are in the shared space, the root of their SWD in units of the spread of all shared points. At 0 they coincide. Less is better.
#
# Move the weights. Blue circles and orange crosses are points of the two classes that came from the other ellipse, grey points are the target:

# %% tags=["hide-input"]
probes = losses.random_directions(256, 2, named_generator("probes", 0))


def measure(bridge):
    """The five measurements; the first four averaged over both directions."""
    found = {"class_kept": [], "on_target": [], "order_kept": [], "neighbours_kept": []}
    for d in (0, 1):
        z = test[d].mean
        with torch.no_grad():
            there = bridge.transfer(z.to(device), NAMES[d], NAMES[1 - d]).cpu()
        found["class_kept"].append(metrics.agreement(test[d].y, ellipses.label(there, 1 - d)))
        found["on_target"].append(ellipses.on_target(there, 1 - d))
        found["order_kept"].append(quality.circular_rank_correlation(ellipses.attribute(z, d), ellipses.attribute(there, 1 - d)))
        found["neighbours_kept"].append(quality.neighbours_kept(z, there))
    with torch.no_grad():
        shared = [bridge.encode(test[d].mean.to(device), NAMES[d])[0].cpu() for d in (0, 1)]
    gap = (losses.sliced_wasserstein(*shared, probes) / torch.cat(shared).var(0).mean()).sqrt().item()
    return {name: sum(values) / 2 for name, values in found.items()} | {"gap": gap}


measured = {name: [measure(bridges[name, seed]) for seed in range(budget.toy_seeds)] for name in MODELS}
for name in MODELS:
    for metric in measured[name][0]:
        counted = metric in ("class_kept", "on_target")  # shares of points: an interval even of one seed
        n = 2 * budget.toy_points if counted or (metric != "gap" and budget.toy_seeds > 1) else None  # all but the gap end at 1
        run.add("figure 9", "ellipse 1<->ellipse 2", name, metric, [m[metric] for m in measured[name]], n=n)

# %% tags=["nbval-ignore-output", "hide-input"]
touch.weights(
    {"SWD weight": SWD, "classifier weight": CLS},
    {p: bridges[NAME[p], 0].cpu() for p in GRID},
    [(d.mean, d.y) for d in test],
    {p: measured[NAME[p]][0] for p in GRID},
    start=(toy.beta_swd, toy.beta_cls),
)

# %% tags=["nbval-ignore-output", "hide-input"]
shown = [row for row in run.rows if row["method"] in (*ROWS, "+ SWD, absolute")]
table = report.pivot([{"rows": shown}], "figure 9").reset_index().map(lambda cell: cell.replace(" [", "<br>["))  # narrow: the interval below the mean
Markdown(report.markdown(table) + "\n\n" + (f"Means over {budget.toy_seeds} seeds, with 95 % intervals." if budget.toy_seeds > 1 else "One seed; 95 % intervals where points are counted."))


# %% [markdown]
# Now every pair of weights. The left column of each panel is a bridge without SWD, the top row one without a classifier.

# %% mystnb={"figure": {"caption": "Means over the seeds for every pair of weights. A brighter cell is better. Each panel has its own range of colours."}, "image": {"alt": "Four heat maps over the weight of the SWD and the weight of the classifier: class kept, on target, neighbours kept, and gap between the domains."}} tags=["hide-input", "nbval-ignore-output"]
def mean(name, metric):
    return sum(m[metric] for m in measured[name]) / budget.toy_seeds


SAID = {"class_kept": "class kept", "on_target": "on target", "neighbours_kept": "neighbours kept", "gap": "gap"}
maps = {words: [[mean(NAME[s, c], metric) for s in SWD] for c in CLS] for metric, words in SAID.items()}
plots.heat_maps(maps, [f"{c:g}" for c in CLS], [f"{s:g}" for s in SWD], ("weight of the SWD", "weight of the classifier"), less=["gap"])


# %% tags=["nbval-ignore-output", "hide-input"]
def axes_left(bridge):
    """The spread of transferred points along the long and the short axis, relative to the target's own; the mean of both directions."""
    left = []
    for d in (0, 1):
        with torch.no_grad():
            there = bridge.transfer(test[1 - d].mean.to(device), NAMES[1 - d], NAMES[d]).cpu()
        left.append((there.std(0) / test[d].mean.std(0))[ellipses.RADII[d].argsort(descending=True)])
    return torch.stack(left).mean(0).tolist()


def torn(weight):
    """Of the bridges with this weight of the SWD, those that miss the target with more than a tenth of their points."""
    return [bridges[NAME[weight, c], seed] for c in CLS for seed in range(n) if measured[NAME[weight, c]][seed]["on_target"] < 0.9]


n = budget.toy_seeds
missing = {weight: torn(weight) for weight in SWD}
narrow = [axes_left(bridge.to(device))[1] for found in missing.values() for bridge in found]
Markdown(
    f"A strong SWD has a price. Each column has {n * len(CLS)} bridges; fewer than nine in ten points land on the target in "
    + ", ".join(f"{len(found)} (weight {weight:g})" for weight, found in missing.items())
    + "."
    + (
        f" These bridges have given up an axis: {min(narrow):.2f} to {max(narrow):.2f} of the short one is left. Two lines are easier to lay on one another than two rings."
        if narrow and max(narrow) < 0.6
        else ""
    )
)


# %% [markdown]
# ## Does the SWD help?
#
# The same model with an SWD of the authors' weight and without, seed by seed. *Class kept* is compared only where a classifier is there: without one it is luck.

# %% tags=["hide-input"]
def gain(there, none, metric):
    """How much better the first model is than the second, seed by seed: the mean and its 95 % interval (none with one seed)."""
    sign = -1 if metric == "gap" else 1  # less of it is better
    return metrics.interval([sign * (m[metric] - k[metric]) for m, k in zip(measured[there], measured[none], strict=True)])


def judged(found):
    """Whether a gain (mean, low, high) can be told apart from nothing."""
    _, low, high = found
    return "not told apart" if low is None or low <= 0 <= high else "better" if low > 0 else "worse"


# %% mystnb={"figure": {"caption": "With the SWD minus without it (for the gap, without minus with): right of zero it helps. Rows: the weight of the classifier; *absolute*: the SWD with absolute differences. Lines: 95 % intervals over the seeds; with one seed there are none. Each panel has its own range."}, "image": {"alt": "Four panels of points with intervals around a line at zero: class kept, on target, neighbours kept and gap, for bridges without a classifier and with two weights of it. The text below says which lie apart from zero."}} tags=["hide-input", "nbval-ignore-output"]
PAIRS = {"none": (NAME[0.2, 0], NAME[0, 0]), "none, absolute": ("+ SWD, absolute", NAME[0, 0])}
PAIRS |= {f"{c:g}": (NAME[0.2, c], NAME[0, c]) for c in CLS[1:]}
gains = {
    words: {title: gain(*pair, metric) for title, pair in PAIRS.items() if metric != "class_kept" or not title.startswith("none")}
    for metric, words in SAID.items()
}
planes.gains(gains, "classifier weight")

# %% tags=["nbval-ignore-output", "hide-input"]
lines = []
for words, found in gains.items():
    verdicts = [judged(one) for one in found.values()]
    parts = [f"{word} in {verdicts.count(word)}" for word in ("better", "worse", "not told apart") if word in verdicts]
    lines.append(
        f"- **{words}**: {', '.join(parts)} of {len(found)} comparisons, the mean gain {min(one[0] for one in found.values()):+.3f} to {max(one[0] for one in found.values()):+.3f}.".replace(
            "-0.", "−0."
        )
    )
apart = [words for words, found in gains.items() if any(judged(one) == "better" for one in found.values())]
Markdown(
    (f"Yes, for {' and '.join(apart)}. " if apart else "")
    + (
        f"For {', '.join(words for words in gains if words not in apart)} {n} seed{'s' * (n > 1)} do{'es' * (n == 1)} not show it.\n\n"
        if len(apart) < len(gains)
        else "\n\n"
    )
    + "\n".join(lines)
)

# %% [markdown]
# ## What does the KL term cost?
#
# Until here the weight of the KL term was the authors'. In a *linear* VAE it is known what a larger weight does: a direction of the data is kept only if the variance along it is large
# enough for the weight, so the narrowest directions are given up first ([Lucas et al. 2019](https://arxiv.org/abs/1911.02469)). This bridge is not linear. Does its short axis vanish
# first, then the long one? Move the weight; the others stay the authors'. There is one bridge for each weight (seed 0), so this shows what can happen, not how often.

# %% tags=["nbval-ignore-output", "hide-input"]
KL = (0, toy.beta_kl, 0.25, 1.0)  # the second is the authors'
blind = replace(toy, beta_kl=KL[2], beta_cls=0)  # the third weight, without a classifier
ahead(*[(fit_bridge, clouds, config, 0) for config in (*(replace(toy, beta_kl=weight) for weight in KL), blind)])
charged = {weight: fit_bridge(clouds, replace(toy, beta_kl=weight), 0) for weight in KL}
scores = {weight: measure(bridge) for weight, bridge in charged.items()}
touch.weights(
    {"KL weight": KL},
    {(weight,): bridge.cpu() for weight, bridge in charged.items()},
    [(d.mean, d.y) for d in test],
    {(weight,): found for weight, found in scores.items()},
    start=(toy.beta_kl,),
    key="-kl",
)

# %% tags=["nbval-ignore-output", "hide-input"]
left = {f"{weight:g}": (axes_left(bridge.to(device)), f"{scores[weight]['on_target']:.3f}") for weight, bridge in charged.items()}
without = fit_bridge(clouds, blind, 0)
left |= {f"{KL[2]:g}, no classifier": (axes_left(without), f"{measure(without)['on_target']:.3f}")}
lines = [f"| {weight} | {kept[0]:.2f} | {kept[1]:.2f} | {on} |" for weight, (kept, on) in sorted(left.items())]
(long, short), (long_blind, short_blind) = left[f"{KL[2]:g}"][0], left[f"{KL[2]:g}, no classifier"][0]
Markdown(
    "\n".join(["| KL weight | long axis left | short axis left | on target |", "| --- | --- | --- | --- |", *lines])
    + f"\n\n*Left*: the spread along an axis of the target, relative to the target's own (one bridge a line, seed 0). At {KL[2]:g} without a classifier "
    + (
        f"the short axis vanishes first: {short_blind:.2f} of it is left, and {long_blind:.2f} of the long one. "
        if short_blind < 0.5 * long_blind
        else f"both axes are left: {short_blind:.2f} of the short one, {long_blind:.2f} of the long one. "
    )
    + f"With the classifier {short:.2f} of the short axis is left"
    + (
        ". Both ellipses are divided along their short axis, so the classifier pays for what the KL term charges. "
        if short > short_blind + 0.2
        else ", so the classifier does not save it here. "
    )
    + ("A weight of 1 gives up both." if max(left["1"][0]) < 0.1 else "")
)

# %% tags=["nbval-ignore-output", "hide-input"]
free, usual = scores[0]["neighbours_kept"], scores[toy.beta_kl]["neighbours_kept"]
Markdown(
    f"This is also why *neighbours kept* is the strictest number of the table. The ten nearest of {budget.toy_points:,} points lie closer together than the noise across an ellipse, and the KL term makes the bridge leave noise out: "
    f"with a weight of 0 one bridge keeps {free:.3f} of the neighbours, with the authors' weight {usual:.3f} (both seed 0). The unconditional row of the table keeps {mean(ROWS[0], 'neighbours_kept'):.3f} because it leaves every point about where it was."
)

# %% [markdown]
# ## Does it come out as in the paper?
#
# The caption of Figure 9 describes its pictures in words, without numbers. Below each clause stands as the paper has it, then a test of it. The tests and their bounds are this book's. A
# share is compared with a bound by its 95 % interval over the seeds, two rows by the interval of their difference, seed by seed. What lies on neither side is *not told apart*.

# %% tags=["nbval-ignore-output", "hide-input"]
plain, label_only, swd = ROWS[:3]
HERE = {"better": "**yes**", "worse": "**no**", "not told apart": "**not told apart**"}
interval_of = {(row["method"], row["metric"]): (row["low"], row["high"]) for row in run.rows}


def compared(first, second, metric):
    """Whether the first model does better, and the two means."""
    return f"{HERE[judged(gain(first, second, metric))]} ({mean(first, metric):.3f} against {mean(second, metric):.3f})"


def bounded(model, metric, bound, above=True):
    """Whether a share lies above a bound (or below it), and its mean."""
    low, high = interval_of[model, metric]
    verdict = "not told apart" if low is None or low <= bound <= high else "better" if (low > bound) == above else "worse"
    return f"{HERE[verdict]} ({mean(model, metric):.3f})"


def all_parts(metric):
    """The last row of the figure, with both weights of the classifier."""
    return "; ".join(f"classifier {c:g} {bounded(NAME[0.2, c], metric, 0.9)}" for c in CLS[1:])


def luck(name):
    """The range of *class kept* over the seeds."""
    kept = [m["class_kept"] for m in measured[name]]
    return f"{min(kept):.2f} to {max(kept):.2f}"


helped = "; ".join(f"{SAID[metric]}, classifier {c:g} {compared(NAME[0.2, c], NAME[0, c], metric)}" for metric in ("gap", "class_kept") for c in CLS[1:])
clauses = [
    ("(1) Regular, unconditional VAE. Here transfer fails", f"fewer than half of the points land on the target: {bounded(plain, 'on_target', 0.5, above=False)}"),
    ("… divided into region for two domains. (2) … Here exists an overlapped shared latent space", f"the gap of row 2 is smaller than that of row 1: {compared(label_only, plain, 'gap')}"),
    ("(2) … not mixed well. (3) … Here the shared latent space are well mixed", f"the gap of row 3 is smaller than that of row 2: {compared(swd, label_only, 'gap')}"),
    ("(3) … preserving the local changes across domain transfer", f"the order along the ellipse is kept, above 0.9: {bounded(swd, 'order_kept', 0.9)}"),
    ("(4) … enables both domain transfer", f"more than nine in ten points land on the target: {all_parts('on_target')}"),
    ("(4) … and class preservation", f"more than nine in ten points keep their class: {all_parts('class_kept')}"),
    ("(4) … as well as local changes", f"the order is kept, above 0.9: {all_parts('order_kept')}"),
    ("each proposed component contributes positively", f"the SWD beside a classifier, with it against without: {helped}"),
]
Markdown(
    "\n".join(f"- *“{clause}”*<br>{found[0].upper()}{found[1:]}." for clause, found in clauses)
    + "\n\nThe last clause has two more parts. The label makes transfer possible at all (clause 1). The classifier makes sure of the class: without it *class kept* is luck, so no test compares the two"
    + (f"; over {n} seeds it runs from {luck(swd)} in row 3, and from {luck(ROWS[-1])} with a classifier of weight {CLS[-1]:g}." if n > 1 else ". With one seed no difference can be told.")
)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - Without the domain label the VAE cannot translate: a point comes out where a reconstruction would put it, whatever the label says.
# - The label lets one network do two different things. The SWD asks both domains to fill the same region, and knows no classes.
# - Only the classifier's term knows which points belong together. The smoothness of the network carries the rest: neighbours of a labelled point go where it goes.
# - The KL term charges for what the shared space keeps. A high weight gives up the direction that earns least: the short axis, unless a classifier needs it (one seed a weight).
# - The SWD brings the clouds together. What it adds beyond that depends on the weights beside it, so compare with and without, over several seeds.
#
# ## What to try
#
# **Few labels.** Give a label to one point in a hundred only: -1 stands for a label that is not known. Does the SWD matter more then?

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
few = [replace(d, y=torch.where(torch.arange(len(d), device=device) % 100 == 0, d.y, -1)) for d in clouds]
with_few = {weight: measure(fit_bridge(few, replace(toy, beta_swd=weight), 0)) for weight in (0.2, 0.0)}
with_all = {weight: measured[NAME[weight, 0.5]][0] for weight in (0.2, 0.0)}
lines = []
for metric in ("class_kept", "on_target", "gap"):
    more, less = (scores[0.2][metric] - scores[0.0][metric] for scores in (with_few, with_all))
    lines.append(
        f"- {SAID[metric]}: {with_few[0.2][metric]:.3f} with the SWD, {with_few[0.0][metric]:.3f} without ({more:+.3f}); with all labels {with_all[0.2][metric]:.3f} and {with_all[0.0][metric]:.3f} ({less:+.3f})".replace(
            "-0.", "−0."
        )
    )
spread = max(m["class_kept"] for m in measured[ROWS[-1]]) - min(m["class_kept"] for m in measured[ROWS[-1]])
change = with_few[0.2]["class_kept"] - with_few[0.0]["class_kept"]
Markdown(
    f"{int((few[0].y >= 0).sum())} labels a domain, seed 0:\n\n"
    + "\n".join(lines)
    + (
        f"\n\nNo: the SWD changes *class kept* by {change:+.3f}".replace("-0.", "−0.")
        if change < 0.02
        else f"\n\nIt may: the SWD adds {change:.3f} to *class kept*"
    )
    + (f", and with all labels seeds differ by up to {spread:.3f}. " if n > 1 else ". ")
    + "Two halves need few labels: the smooth network carries a class from a labelled point to its neighbours. One seed decides little: try others, and fewer labels."
)

# %% [markdown]
# **Another meaning.** Swap the two classes of domain 2. Nothing else changes: no point moves. Which way does the bridge turn the ellipse now?

# %% mystnb={"figure": {"caption": "The bridge after the classes of domain 2 were swapped: the crosses now belong on the white ground."}, "image": {"alt": "Four scatter plots as at the top of the page; after a transfer the crosses lie on the other half of the target ellipse."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
swapped = fit_bridge([clouds[0], replace(clouds[1], y=1 - clouds[1].y)], toy, 0)
planes.crossing(view(swapped), ellipses.HALVES)


# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
def turn(bridge):
    """What a transfer from ellipse 1 does to the angle around the ellipse, in words."""
    with torch.no_grad():
        there = bridge.transfer(test[0].mean.to(device), *NAMES).cpu()
    before, after = (2j * torch.pi * (ellipses.attribute(z, d) - ellipses.SHIFT[d]) for d, z in ((0, test[0].mean), (1, there)))
    turned, flipped = (torch.exp(after - sign * before).mean() for sign in (1, -1))
    degrees = torch.rad2deg(turned.angle()).item()
    return (
        f"turns the ellipse by {abs(degrees):.0f}° {'to the left' if degrees > 0 else 'to the right'}"
        if turned.abs() > flipped.abs()
        else "flips the ellipse over"
    )


Markdown(
    f"With the classes as they were the bridge {turn(bridges[ROWS[-1], 0].to(device))}; after the swap it {turn(swapped)} (seed 0). A flip would keep the classes too: the loss does not say which of the two to take, the random start does."
)

# %% [markdown]
# **More projections.** The bridges of `quick` and `laptop` draw few directions a step. Are they enough? Train one with four times as many and compare the gap.

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
more = replace(toy, projections=4 * toy.projections)
scores = measure(fit_bridge(clouds, more, 0))
others = [m["gap"] for m in measured[ROWS[-1]]]
Markdown(
    f"Gap with {more.projections} directions: {scores['gap']:.3f}; with {toy.projections}: {others[0]:.3f} (seed 0)"
    + (f", and {min(others):.3f} to {max(others):.3f} over {n} seeds" if n > 1 else "")
    + (
        ". More directions do not bring the clouds closer: every step draws new ones."
        if scores["gap"] > min(others) - 0.01
        else ". More directions bring the clouds closer."
    )
)
