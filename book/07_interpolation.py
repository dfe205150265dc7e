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
# # 7. Walks between two pictures
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/07_interpolation.ipynb)
#
# **Does a small step stay a small step?**
#
# Inside a class, nearly. Walk from one digit to another of its class, and the garment changes with it, though less evenly than
# the model of clothes would by itself. Between two classes the garment waits, then jumps: the largest of 32 steps is more than **3** mean steps long.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # quick: half a minute on two cores; laptop: 3 minutes

# %% tags=["nbval-ignore-output"]
import numpy as np
import torch
from torch.nn import functional as F

import lt
from lt.book import figures, start

run = start("07_interpolation", profile)
bridges = run.bridges("mnist", "fashion")  # of chapter 3, one per set of base models


# %%
def slerp(a, b, t):
    """Points at t (p,) on the arcs from a to b, latents (n, d): (n, p, d)."""
    length = torch.stack([a.norm(dim=-1), b.norm(dim=-1)], -1) @ torch.stack([1 - t, t])
    a, b = F.normalize(a, dim=-1)[:, None], F.normalize(b, dim=-1)[:, None]
    angle = torch.arccos((a * b).sum(-1, keepdim=True))  # (n, 1, 1)
    t = t[:, None]  # (p, 1)
    arc = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b
    return length[..., None] * arc / torch.sin(angle)


@torch.no_grad()
def walk(bridge, source, target, a, b, points):
    """Three paths, latents (n, points, 100) each, between source latents a and b."""
    t = torch.linspace(0, 1, points, device=a.device)
    path = slerp(a, b, t)
    transfer = bridge.transfer(path.flatten(0, 1), source, target).view_as(path)
    arc = slerp(transfer[:, 0], transfer[:, -1], t)  # between the same two ends
    return {"source": path, "target": arc, "transfer": transfer}


# %%
digits, clothes = run.domain("mnist"), run.domain("fashion")
held = run.held("mnist")  # latents of test digits
seven, one = (held.take((held.y == k).nonzero()[0]).mean for k in (7, 1))
rows = walk(bridges[0], "mnist", "fashion", seven, one, points=10)
models = {"source": digits, "target": clothes, "transfer": clothes}
pictures = {name: models[name].items(z[0]) for name, z in rows.items()}

# %% mystnb={"figure": {"caption": "Figure 7.1. From the first 7 of the test digits to the first 1, in ten pictures. Source: the model of digits. Target: the model of clothes, between the two garments at the ends. Transfer: each digit of the first row, sent through the bridge."}, "image": {"alt": "Three rows of ten pictures. First row: a 7 becomes a 1. Second row: a sneaker fades into trousers, with blurred mixtures between. Third row: sneakers, then trousers, with a quick change between them."}} tags=["nbval-ignore-output"]
figures.grid(pictures)

# %% [markdown]
# ## The idea
#
# Chapter 3 asked whether neighbours stay neighbours, point by point. The paper asks with *walks* (section 5.3). Take two latents $a$ and $b$ of the
# source, a path $z(t)$ between them, and the transfer $T$ through the bridge. There are three rows to compare:
#
# 1. **Source**: the path $z(t)$, decoded by the source's model. This is what the bridge is given.
# 2. **Target**: a path from $T(a)$ to $T(b)$, decoded by the target's model. The bridge moves only the two ends.
# 3. **Transfer**: $T(z(t))$. Each point of the source's path goes through the bridge.
#
# Which path? Points drawn from a Gaussian in 100 dimensions all have nearly the same length, and the middle of a straight line between two of them is
# shorter. So the paper walks along an arc, by *spherical interpolation* ([White 2016](https://arxiv.org/abs/1609.04468)). For ends of length 1 at an angle $\omega$:
#
# $$
# z(t) = \frac{\sin((1-t)\,\omega)\; a + \sin(t\,\omega)\; b}{\sin \omega}
# $$
#
# The function `slerp` above is this line. Where the ends differ in length, the length changes evenly. Two checks: all steps turn by the same angle,
# and the lengths are evenly spaced.

# %%
arc = slerp(seven, one, torch.linspace(0, 1, 5, device=seven.device))[0]  # (5, 100)
turned = F.cosine_similarity(arc[1:], arc[:-1]).arccos()
longer = arc.norm(dim=-1).diff()
print("all steps turn by the same angle:", torch.allclose(turned, turned[0], rtol=1e-3))
print("all steps add the same length:", torch.allclose(longer, longer[0], atol=1e-4))

# %% [markdown]
# ## How large is a step?
#
# We measure each step on the pictures: the distance from one picture to the next. Here are the 32 steps of the walk above, in units of the mean step.
# An even walk is a flat line at 1. One single jump would be a peak of 32.

# %% mystnb={"figure": {"caption": "Figure 7.2. The steps of the walk from 7 to 1, divided by their mean. Target: the arc in the model of clothes. Transfer: the digits' path through the bridge."}, "image": {"alt": "Two curves over the 32 steps. That of the target stays near 1. That of the transfer is low, rises to one high peak and falls again."}} tags=["nbval-ignore-output"]
fine = walk(bridges[0], "mnist", "fashion", seven, one, points=33)
curves = {}
for name in ("target", "transfer"):
    step = clothes.items(fine[name][0]).diff(dim=0).norm(dim=-1)  # (32,)
    curves[name] = range(1, 33), (step / step.mean()).tolist()
figures.lines(curves, "step", "size, in mean steps")

# %% [markdown]
# ## Within a class and between classes
#
# One walk proves little. We walk between random pairs of test items, in both directions. Both ends of a walk have one class at the source, or they have two. (Where the bridge misreads an end, a walk within a class crosses a border after all.)

# %%
ways = {"mnist->fashion": "digits to garments", "fashion->mnist": "garments to digits"}


def walks(way, within, number, points, s=0):
    """Paths of ``walk`` between random pairs of test items, of one class or of two."""
    source, target = way.split("->")
    ends = run.held(source, s).take(slice(None, None, 2))  # every second test item
    y, draw = ends.y.cpu(), lt.named_generator(f"walks {within}", s)
    i, j = torch.randint(len(y), (2, 30 * number), generator=draw)
    right = ((y[i] == y[j]) == within) & (i != j)
    i, j = i[right][:number], j[right][:number]
    return walk(bridges[s], source, target, ends.mean[i], ends.mean[j], points)


def shown(within):
    """Two walks of each direction as pictures, a block of three rows per walk."""
    rows = {"source": [], "target": [], "transfer": []}
    for way in ways:
        source, target = way.split("->")
        for name, z in walks(way, within, 2, points=10).items():
            domain = run.domain(source if name == "source" else target)
            rows[name].append(domain.items(z.flatten(0, 1)))
    return {name: torch.cat(parts) for name, parts in rows.items()}


# %% mystnb={"figure": {"caption": "Figure 7.3 (Figure 6 of the paper). Four walks within a class, the first two per direction; nothing is picked. Above: digits to garments. Below: garments to digits."}, "image": {"alt": "Four blocks of three rows of ten pictures. In the first row of a block both ends are of one class. Most pictures change little by little. The third row of a block changes less evenly than the second."}} tags=["nbval-ignore-output"]
figures.grid(shown(within=True))

# %% mystnb={"figure": {"caption": "Figure 7.4 (Figure 7 of the paper). Four walks between two classes, the first two per direction; nothing is picked. Above: digits to garments. Below: garments to digits."}, "image": {"alt": "Four blocks of three rows of ten pictures, with another class at each end. The second row passes through blurred mixtures. The third row keeps one class, then changes to the next within a step or two, at times by way of a third class."}} tags=["nbval-ignore-output"]
figures.grid(shown(within=False))

# %% [markdown]
# Other walks of the same kinds, under your hand:

# %% cellView="form" tags=["nbval-ignore-output", "hide-input"]
# @title Move along a walk
from lt.book import widgets
from lt.data import CLASSES

paths = []
for way, called in ways.items():
    for within in (False, True):
        rows = []
        for name, z in walks(way, within, 1, points=17).items():
            key = way.split("->")[name != "source"]
            x = run.domain(key).items(z[0])
            said = [CLASSES[key][k] for k in run.domain(key).classify(x)]
            rows.append({"name": name, "sheet": widgets.sheet(x, 17), "said": said})
        title = f"{called}, {'within a class' if within else 'between classes'}"
        paths.append({"name": title, "steps": 17, "rows": rows})
widgets.interactive("path", {"paths": paths}, "Walks between two pictures")


# %% [markdown]
# ## What is measured
#
# Of each walk of 33 points:
#
# - **Largest step**, in mean steps. 1 is even, 32 is one single jump.
# - **Path length**: the sum of all steps, in units of the distance between two random pictures of that model. Random pictures would have even steps too, but a long path.
# - **Jump at border**: does the largest step lie where the judge's class changes, or one step beside? (Only walks on which the class changes. For one change, chance is 3 in 32.)
# - **Sure**: the share of points at which the judge gives one class more than 0.9.
# - **Distance to real**: from a picture to the nearest one of a real item, in units of that distance among real items. Real items are test items, as the
#   model reconstructs them; no walk begins with one of them.

# %%
def scale_of(name, s):
    """Pictures of real items, their mean distance to the nearest other, and to any."""
    real = run.domain(name, s).items(run.held(name, s).mean[1::4])  # (m, 784)
    apart = torch.cdist(real, real).fill_diagonal_(torch.inf).amin(1)
    return real, apart.mean(), torch.pdist(real[:500]).mean()


def measured(name, z, s, scale):
    """A score of paths z (n, points, 100) of a model: one contribution per walk."""
    real, near, far = scale
    x = run.domain(name, s).items(z.flatten(0, 1))  # (n * points, 784)
    sure, label = run.domain(name, s).probabilities(x).max(-1)
    apart = torch.cdist(x, real).amin(1)
    x, sure, label, apart = (v.view(*z.shape[:2], -1) for v in (x, sure, label, apart))
    step = x.diff(dim=1).norm(dim=-1)  # (n, points - 1)
    change = (label.diff(dim=1) != 0).double()[..., 0]
    beside = F.max_pool1d(change[:, None], 3, stride=1, padding=1)[:, 0]
    jump = beside.gather(1, step.argmax(1, keepdim=True))[:, 0]
    items = {
        "largest_step": step.amax(1) / step.mean(1),
        "path_length": step.sum(1) / far,
        "jump_at_border": jump.where(change.any(1), torch.nan),
        "sure": (sure > 0.9).double().mean((1, 2)),
        "distance_to_real": apart.mean((1, 2)) / near,
    }
    items = {key: v.double().cpu().numpy() for key, v in items.items()}
    known = {key: v[np.isfinite(v)] for key, v in items.items()}
    values = {key: v.mean() if len(v) else None for key, v in known.items()}
    return lt.metrics.Score(values, items)


# %% [markdown]
# Two hundred walks per kind, direction and set of base models; `laptop` has six sets and takes a minute.

# %%
number, kinds = 200, {"within": True, "between": False}
for way in ways:
    source, target = way.split("->")
    scores = {}
    for s in run.sets:
        scales = {name: scale_of(name, s) for name in (source, target)}
        for kind, within in kinds.items():
            for row, z in walks(way, within, number, points=33, s=s).items():
                name = source if row == "source" else target
                score = measured(name, z, s, scales[name])
                scores.setdefault((row, kind), []).append(score)
    for (row, kind), found in scores.items():
        run.add(way, f"{row}_{kind}", found, table=kind)

# %% tags=["nbval-ignore-output"]
columns = ["largest_step", "path_length", "sure", "distance_to_real"]
run.table("within", columns, "Table 7.1. Walks within a class.")

# %% tags=["nbval-ignore-output"]
columns = ["largest_step", "path_length", "jump_at_border", "sure", "distance_to_real"]
run.table("between", columns, "Table 7.2. Walks between two classes.")

# %% [markdown]
# ## What holds
#
# **Within a class** the paper finds "comparably smooth trajectories". We ask that the transfer's largest step exceed the target's by a quarter of a mean step at most.
# It exceeds it by more, in both directions. This is a hard comparison: the target's arc turns by equal angles in its own latent space, so it tends to be even, and the transfer has no such help.
# Still, its steps within a class are far more even than its steps between classes.
#
# **Between classes** the paper finds larger jumps of the transfer, at class boundaries. So do we: the largest step is higher than on the target's arc, and mostly it lies where the judge's class changes.
# The way is longer, too.
#
# The paper's reason is that the transfer "always stays on the manifold of the actual data". The transfer's pictures are indeed nearer to real ones than those of the arc, and the judge is surer of them.
# On average they are about as near to real ones as those are to each other. "Always" is too much: the judge is in doubt at one point in ten, or more. (The target's own arcs within a class do not reach 0.95 either.)
# And a jump leaves out what lies between, so it makes a judge surer whatever its reason.

# %%
for way, called in ways.items():
    gap = run.difference(way, "transfer_within", "target_within", "largest_step")
    text = f"{called}, within a class: as smooth as the target"
    run.claim(text, gap, at_most=0.25, source="section 5.3", expect="fails")
    found = run[way, "transfer_within", "largest_step"]
    text = f"{called}, within a class: largest step under 2.5 mean steps"
    run.claim(text, found, below=2.5)

# %%
metric = "largest_step"
for way, called in ways.items():
    gap = run.difference(way, "transfer_between", "target_between", metric)
    text = f"{called}, between classes: larger jumps than the target"
    run.claim(text, gap, above=0, source="section 5.3")
    least = {"mnist->fashion": 3, "fashion->mnist": 2}[way]
    text = f"{called}, between classes: largest step above {least} mean steps"
    run.claim(text, run[way, "transfer_between", metric], above=least)
    share = run[way, "transfer_between", "jump_at_border"]
    text = f"{called}: most jumps are at class borders"
    run.claim(text, share, above=0.5, source="section 5.3")
    gap = run.difference(way, "transfer_between", "target_between", "path_length")
    run.claim(f"{called}, between classes: a longer way", gap, above=0)

# %%
metric = "distance_to_real"
for way, called in ways.items():
    gap = run.difference(way, "transfer_between", "target_between", "sure")
    run.claim(f"{called}: the judge is surer than on the target's arc", gap, above=0)
    gap = run.difference(way, "transfer_between", "target_between", metric)
    run.claim(f"{called}: nearer to real pictures than the arc", gap, below=0)
    found = run[way, "transfer_between", metric]
    text = f"{called}: near real pictures, in units of their own distance"
    run.claim(text, found, at_most=1.1, source="section 5.3")
    found = run[way, "transfer_between", "sure"]
    text = f"{called}: always on the manifold, by the judge"
    run.claim(text, found, at_least=0.95, source="section 5.3", expect="fails")

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - Compare the transfer with the target's own walk between the same two ends.
# - A jump between classes is what the classification loss asks for. A jump within a class would break locality.
# - Class accuracy says nothing about this. Read the largest step beside it.
#
# ## What to try
#
# Is the arc worth its sines? Walk along straight lines, and ask how sure the judge is of the middle.

# %%
i, j = torch.randint(len(held), (2, 1000), generator=lt.named_generator("try", 0))
a, b = held.mean[i[i != j]], held.mean[j[i != j]]
middle = (a + b) / 2  # of straight lines; that of the arcs: slerp at 0.5

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
half = torch.tensor([0.5], device=a.device)
for name, z in {"line": middle, "arc": slerp(a, b, half)[:, 0]}.items():
    sure = digits.probabilities(digits.items(z)).amax(-1) > 0.9
    length = z.norm(dim=-1).mean()
    print(f"{name}: sure of {sure.double().mean():.2f}, mean length {length:.1f}")
