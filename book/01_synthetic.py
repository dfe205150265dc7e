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

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("01_synthetic", profile)

# %% [markdown]
# **Can two clouds of points be joined so that a point keeps its class and its neighbours when it crosses over?** Before any
# image, the paper asks this of two ellipses in the plane. They stand for the latent spaces of two models that were trained
# apart: nobody paired their points, and only one bit is known about each point, its class.
#
# The paper shows the answer as pictures (its Figures 2 and 9). This chapter redraws them and puts numbers beside them.
#
# ## The data
#
# Domain 1 is a horizontal ellipse, domain 2 a vertical one, each with a little noise. Every point has an *attribute*, its place
# along its ellipse from 0 to 1, and a class: which half of the ellipse it is on. The classes are laid so that keeping them
# needs a quarter turn. Shifting and squashing one ellipse onto the other would be simpler, and would be wrong.

# %%
import math

import torch

from lt import Latents, metrics, named_generator
from lt.book import plots, report
from lt.zoo import quality

CENTRES = torch.tensor([[-0.5, 0.0], [0.5, 0.0]])
RADII = torch.tensor([[1.0, 0.5], [0.5, 1.0]])
NAMES = ("ellipse 1", "ellipse 2")
SHIFT = (0.0, 0.25)  # the attribute of domain 2 starts a quarter turn later


def attribute(points, domain):
    """Where points (n, 2) lie along the ellipse of their domain, in [0, 1)."""
    x, y = ((points.cpu() - CENTRES[domain]) / RADII[domain]).T
    return (torch.atan2(y, x) / (2 * math.pi) + SHIFT[domain]) % 1


def label(points, domain):
    """The class of points (n, 2): the second half of ellipse 1 belongs with the first half of ellipse 2."""
    return ((attribute(points, domain) >= 0.5) == (domain == 0)).long()


def ellipse(domain, n, generator):
    """n points of one domain, (n, 2)."""
    t = 2 * math.pi * torch.rand(n, generator=generator)
    clean = CENTRES[domain] + RADII[domain] * torch.stack([t.cos(), t.sin()], dim=-1)
    return clean + 0.025 * torch.randn(n, 2, generator=generator)


def draw(name):
    """Both domains as exact latents: the class is that of the noisy point."""
    points = [ellipse(d, budget.toy_points, named_generator(f"{name} {d}", 0)) for d in (0, 1)]
    return [Latents(NAMES[d], p, torch.zeros_like(p), label(p, d)) for d, p in enumerate(points)]


train, test = draw("train"), draw("test")
print("points are (n, 2):", train[0].mean.shape[1] == 2, "| classes:", sorted(train[0].y.unique().tolist()))

# %% [markdown]
# ## Four models
#
# The bridge is a variational autoencoder with one set of weights for both domains. Its loss has three kinds of terms
# (section 3 of the paper; `lt.losses`),
#
# $$
# \mathcal{L} = \sum_d \Big( \underbrace{\lVert z_d - \hat z_d \rVert^2}_{\text{reconstruction}}
# + \beta_{KL} \, \mathrm{KL}\big(q(z' | z_d, D{=}d) \,\Vert\, \mathcal N(0, I)\big)
# + \beta_{Cls} \, H\big(f(z'_d), y_d\big) \Big) + \beta_{SWD} \, \mathrm{SWD}(z'_1, z'_2),
# $$
#
# and Figure 9 adds them one by one: first a plain VAE that is not told which domain it sees, then the one-hot domain label
# $D$, then the sliced Wasserstein distance that makes both domains fill the same region of the shared space, then the linear
# classifier $f$ that puts each class on its own side.
#
# How reliable each row is shows in the table below, not in one picture: with few steps and one seed, the rows without a
# classifier come out differently from run to run.

# %%
from dataclasses import replace

from lt import fit_bridge
from lt.loop import default_device
from lt.tools.sweeps import ahead

toy = budget.toy
MODELS = {
    "unconditional": replace(toy, conditional=False, beta_swd=0, beta_cls=0),
    "conditional": replace(toy, beta_swd=0, beta_cls=0),
    "+ SWD": replace(toy, beta_cls=0),
    "+ classifier": toy,
}
device = default_device()
clouds = [d.to(device) for d in train]
trainings = [(name, seed) for name in MODELS for seed in range(budget.toy_seeds)]
ahead(*[(fit_bridge, clouds, MODELS[name], seed) for name, seed in trainings])  # side by side; below they are only fetched
bridges = {}
for name, seed in trainings:
    bridges[name, seed] = fit_bridge(clouds, MODELS[name], seed)
    run.trained(f"{name} {seed}", bridges[name, seed].history)


# %% [markdown]
# ## What they do
#
# Transfer means: encode with one domain label, decode with the other. Follow a colour: it is the attribute of the *source*
# point. Where the gradient of a transferred ellipse runs unbroken, neighbours stayed neighbours.

# %% mystnb={"figure": {"caption": "Figures 2 and 9 of the paper, redrawn. Rows add one term of the loss at a time. Circles: domain 1; triangles: domain 2; grey: the true target domain. The dashed line is the boundary of the linear classifier."}, "image": {"alt": "Grid of scatter plots, four models by five columns. Only the last row, with all terms, maps each ellipse onto the other with an unbroken colour gradient and the classes on the right halves."}} tags=["hide-input"]
def view(bridge):
    """Everything that a row of the figure shows."""
    z = [d.mean.to(device)[:800] for d in test]
    with torch.no_grad():
        shared = [bridge.encode(z[d], NAMES[d])[0] for d in (0, 1)]
        reconstruction = [bridge.transfer(z[d], NAMES[d], NAMES[d]) for d in (0, 1)]
        transfer = [bridge.transfer(z[d], NAMES[d], NAMES[1 - d]) for d in (0, 1)]
    classifier = bridge.parts[0].classifier
    w = (classifier.weight[1] - classifier.weight[0]).tolist()
    bias = (classifier.bias[1] - classifier.bias[0]).item()
    arrays = {"data": z, "shared": shared, "reconstruction": reconstruction, "transfer": transfer}
    return {
        **{key: [v.cpu().numpy() for v in value] for key, value in arrays.items()},
        "attribute": [attribute(v, d).numpy() for d, v in enumerate(z)],
        "boundary": (*w, bias),
    }


rows = {name: view(bridges[name, 0]) for name in MODELS}
for name in list(MODELS)[:-1]:
    rows[name]["boundary"] = None  # these were trained without a classifier
plots.synthetic(rows)


# %% [markdown]
# ## In numbers
#
# The paper stops at the picture. Four measurements, each on held-out points and averaged over both directions:
#
# - **class kept**: the share of transferred points on the half of the target ellipse that has the class of their source;
# - **on target**: the share that lands within 0.15 of the target ellipse at all;
# - **order kept**: the circular rank correlation of the attribute before and after. It is 1 when the order along the ellipse is the same, forwards or backwards;
# - **neighbours kept**: the share of a point's ten nearest neighbours that are still among its ten nearest after the transfer.

# %%
def measure(bridge):
    """The four measurements, averaged over both directions."""
    found = {"class_kept": [], "on_target": [], "order_kept": [], "neighbours_kept": []}
    for d in (0, 1):
        z = test[d].mean
        with torch.no_grad():
            there = bridge.transfer(z.to(device), NAMES[d], NAMES[1 - d]).cpu()
        found["class_kept"].append(metrics.agreement(test[d].y, label(there, 1 - d)))
        radius = ((there - CENTRES[1 - d]) / RADII[1 - d]).norm(dim=-1)
        found["on_target"].append(((radius - 1).abs() < 0.15).double().mean().item())
        found["order_kept"].append(quality.circular_rank_correlation(attribute(z, d), attribute(there, 1 - d)))
        found["neighbours_kept"].append(quality.neighbours_kept(z, there))
    return {name: sum(values) / 2 for name, values in found.items()}


items = {"class_kept": 2 * budget.toy_points, "on_target": 2 * budget.toy_points}  # these two are shares of points
for name in MODELS:
    measured = [measure(bridges[name, seed]) for seed in range(budget.toy_seeds)]
    for metric in measured[0]:
        run.add("figure 9", "ellipse 1<->ellipse 2", name, metric, [m[metric] for m in measured], n=items.get(metric))

# %% tags=["nbval-ignore-output", "hide-input"]
run.finish()
report.pivot([run.record], "figure 9")

# %% [markdown]
# ## What to remember
#
# - Without the domain label the VAE cannot translate: a point comes out where it went in, whatever the label says.
# - The label makes translation possible, and a small network may even overlap the two domains by itself. Nothing makes it do so, and nothing says *which* point meets which.
# - The sliced Wasserstein distance asks for overlap and knows no classes: on its own it may fold one ellipse over the other. Only with a class label for each point do overlap, class and order come together. The smoothness of the network carries the rest, and that is the whole idea of the paper.
#
# ## What to try
#
# - Set `beta_swd=0` but keep the classifier. Which measurement suffers?
# - Give a label to one point in a hundred only: -1 stands for a label that is not known.
# - Replace `power=2` by `power=1`, the form in the authors' code.
