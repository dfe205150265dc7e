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
# # 6. Walks between two points
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/06_interpolation.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("06_interpolation", profile)

# %% [markdown]
# **Does a small step stay a small step?** A bridge that kept only classes could map every seven to the same shoe. The paper claims
# more, *locality*: small changes on one side become small changes on the other. Its test is to walk from one point to another
# and watch the transfer (its Figures 6 and 7). Inside a class the transfer should move as smoothly as the target model does itself;
# between classes it should jump, because the bridge stays where real items are. This chapter draws both figures for five
# directions, and counts.
#
# ## Three rows
#
# Between two fixed items of the source, with latents $a$ and $b$, and the bridge's transfer $T$:
#
# 1. **source**: the path $z(t)$ from $a$ to $b$ in the source's own latent space;
# 2. **target**: the path from $T(a)$ to $T(b)$ in the target's latent space;
# 3. **transfer**: $T(z(t))$, every point of the first path transferred.
#
# In a Gaussian space of 100 dimensions nearly all points have about the same length, so a straight line would cut through a region
# that no decoder has seen. The paths are great circles instead ([White 2016](https://arxiv.org/abs/1609.04468)): for ends of length one,
# at an angle $\omega$,
#
# $$
# z(t) = \frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b .
# $$
#
# `lt.zoo.quality.slerp` also takes ends of different lengths, parallel ends and opposite ones.

# %% tags=["hide-input"]
import torch

from lt import datasets
from lt.book import plots, report, setup, widgets
from lt.loop import named_generator
from lt.tools.sweeps import fit_bridges
from lt.zoo import pretrained, quality

t = torch.linspace(0, 1, 5)
quarter = quality.slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]), t)
print("lengths along a path from length 1 to length 2:", [round(v, 2) for v in quarter.norm(dim=-1).tolist()])

# %% tags=["nbval-ignore-output", "hide-input"]
PAIRS = (("mnist", "mnist_b"), ("mnist", "fashion"), ("mnist", "speech"))
base = setup.models(budget, ("mnist", "mnist_b", "fashion", "speech"))
run.uses(base.test("mnist"), base.test("fashion"))
bridges = {}  # of each pair, one a seed
for pair in PAIRS:
    config = budget.speech_bridge if "speech" in pair else budget.bridge
    bridges[pair] = fit_bridges([base.seen(key) for key in pair], config, range(budget.seeds))
    for seed, bridge in enumerate(bridges[pair]):
        run.trained(f"bridge {' ↔ '.join(pair)} {seed}", bridge.history)

# %%
DIRECTIONS = [(pair, i) for pair in PAIRS for i in (0, 1) if (pair, i) != (("mnist", "mnist_b"), 1)]
held = {key: base.held(key) for key in base.domains}


def ends(key, number, within, generator):
    """Indices of pairs of held-out items: of one class, or of two."""
    y = held[key].y.cpu()
    pairs = []
    while len(pairs) < number:
        i, j = torch.randint(len(y), (2,), generator=generator).tolist()
        if i != j and (y[i] == y[j]) == within:
            pairs.append((i, j))
    return pairs


@torch.no_grad()
def walk(pair, i, seed, a, b, points):
    """The three rows as latents: source path, target path, and the transfer of the source path, each (points, 100)."""
    t = torch.linspace(0, 1, points)
    source = quality.slerp(a, b, t)
    transfer = bridges[pair][seed].transfer(source, pair[i], pair[1 - i])
    return source, quality.slerp(transfer[0], transfer[-1], t), transfer

# %% [markdown]
# ## Within a class (Figure 6)
#
# Framed in orange are the fixed points; the pairs are drawn at random from held-out items, one a direction.

# %% tags=["hide-input"]


def figure(within):
    """One walk for each direction, its three rows decoded."""
    for pair, i in DIRECTIONS:
        rows = {}
        source, target = pair[i], pair[1 - i]
        ((m, n),) = ends(source, 1, within, named_generator(f"walk {source} {within}", 0))
        found = walk(pair, i, 0, held[source].mean[m], held[source].mean[n], 10)
        for kind, key, z in zip(("source", "target", "transfer"), (source, target, target), found, strict=True):
            rows[f"{kind}: {NAMES[source]} → {NAMES[target]}" if kind == "transfer" else f"{kind}: {NAMES[key]}"] = base.domains[key].items(z)
        yield rows


NAMES = {"mnist": "MNIST", "mnist_b": "MNIST, second", "fashion": "Fashion-MNIST", "speech": "speech"}
within = list(figure(True))
between = list(figure(False))

# %% mystnb={"figure": {"caption": "Figure 6, MNIST \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to MNIST, within a class: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(within[0])

# %% mystnb={"figure": {"caption": "Figure 6, MNIST \u2192 Fashion-MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to Fashion-MNIST, within a class: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(within[1])

# %% mystnb={"figure": {"caption": "Figure 6, Fashion-MNIST \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from Fashion-MNIST to MNIST, within a class: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(within[2])

# %% mystnb={"figure": {"caption": "Figure 6, MNIST \u2192 speech: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to speech, within a class: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(within[3])

# %% mystnb={"figure": {"caption": "Figure 6, speech \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from speech to MNIST, within a class: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(within[4])

# %% [markdown]
# ## Between classes (Figure 7)
#
# The middle row walks straight from one transferred end to the other and passes through items of no class. The bottom row stays with
# one class, then changes to the next (sometimes by way of a third).

# %% mystnb={"figure": {"caption": "Figure 7, MNIST \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to MNIST, between classes: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(between[0])

# %% mystnb={"figure": {"caption": "Figure 7, MNIST \u2192 Fashion-MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to Fashion-MNIST, between classes: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(between[1])

# %% mystnb={"figure": {"caption": "Figure 7, Fashion-MNIST \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from Fashion-MNIST to MNIST, between classes: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(between[2])

# %% mystnb={"figure": {"caption": "Figure 7, MNIST \u2192 speech: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from MNIST to speech, between classes: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(between[3])

# %% mystnb={"figure": {"caption": "Figure 7, speech \u2192 MNIST: source path, target path, and the transfer of the source path."}, "image": {"alt": "Three rows of ten pictures from speech to MNIST, between classes: a path in the source, a path in the target between the transferred ends, and the transfer of the source path."}} tags=["hide-input"]
plots.paths(between[4])

# %% [markdown]
# ## Listen
#
# The walks between classes from and to speech, every step one after the other: first the transfer of a written path, then a
# spoken path itself.

# %% tags=["nbval-ignore-output", "hide-input"]


def speak(z):
    """All points of a path (n, 100) as one clip, the silence after each cut short."""
    rate = pretrained.card()["rate"]
    with torch.no_grad():
        return widgets.player(base.modules["speech"].waveform(z).cpu()[:, : rate * 6 // 10].flatten(), rate)


def heard(z):
    """What the judge understands at each point, in words."""
    labels = base.domains["speech"].classify(base.domains["speech"].items(z))
    return ", ".join(datasets.CLASSES["speech"][label] for label in labels.tolist())


lines = {"path": [], "listen": [], "the judge hears": []}
for within_class in (True, False):
    for i, name in ((0, "transfer of a written path"), (1, "a spoken path")):
        key = ("mnist", "speech")[i]
        ((m, n),) = ends(key, 1, within_class, named_generator(f"walk {key} {within_class}", 0))
        source, _, transfer = walk(("mnist", "speech"), i, 0, held[key].mean[m], held[key].mean[n], 10)
        z = transfer if i == 0 else source
        lines["path"].append(f"{name}, {'within a class' if within_class else 'between classes'}")
        lines["listen"].append(speak(z))
        lines["the judge hears"].append(heard(z))
widgets.listening_table(lines)

# %% [markdown]
# ## The claim in numbers
#
# Random walks of each kind and direction (100 at `laptop`, 20 at `quick`), 33 points each. On every row we measure steps in the data, the Euclidean distance of neighbouring pictures (or spectrograms):
#
# - **largest step**: largest over mean step of a path. 1 is an even walk, 32 a single jump.
# - **jump at a boundary**: the share of those paths that change class on which the largest step is where (within one point) the judge sees a class change.
# - **sure**: the share of points of which the judge is sure (softmax of 0.9 or more): low where a path passes through items of no class.

# %% tags=["nbval-ignore-output", "hide-input"]
POINTS = 33


def judged(key, z):
    """Largest step, whether it sits at a change of class, share of sure points, and mean step profile of paths z (paths, points, 100)."""
    items = base.domains[key].items(z.flatten(0, 1))
    confidence, label = base.domains[key].probabilities(items).max(-1)
    items, label = items.view(len(z), POINTS, -1), label.view(len(z), POINTS)
    size = quality.step_sizes(items)
    changes = (label[:, 1:] != label[:, :-1]).float()
    near = torch.nn.functional.max_pool1d(changes[:, None], 3, 1, 1)[:, 0]  # a change within one step
    at_change = near.gather(1, size.argmax(1, keepdim=True)).squeeze(1)[changes.any(1)]
    return {
        "largest_step": quality.largest_step(items).mean().item(),
        "sure": (confidence >= 0.9).double().mean().item(),
        "jump_at_boundary": at_change.mean().item() if len(at_change) else None,
    }, (size / size.mean(1, keepdim=True)).mean(0).cpu().numpy()


curves = {}
for pair, i in DIRECTIONS:
    source, target = pair[i], pair[1 - i]
    setting = f"{setup.corpus(source)}->{setup.corpus(target)}"
    for within_class in (True, False):
        kind = "within a class" if within_class else "between classes"
        pairs = ends(source, budget.walks, within_class, named_generator(f"walks {source} {within_class}", 0))
        found = {}
        for seed in range(budget.seeds):
            walks = [walk(pair, i, seed, held[source].mean[m], held[source].mean[n], POINTS) for m, n in pairs]
            for row, key, z in zip(("source", "target", "transfer"), (source, target, target), zip(*walks, strict=True), strict=True):
                scores, profile_of_steps = judged(key, torch.stack(z))
                for metric, value in scores.items():
                    if row == "source" and seed:
                        continue  # the source's path is the same for every bridge: measured once
                    if value is not None and (metric != "jump_at_boundary" or not within_class):
                        found.setdefault((row, metric), []).append(value)
                if seed == 0 and not within_class:
                    curves.setdefault(f"{NAMES[source]} → {NAMES[target]}", {})[row] = profile_of_steps
        for (row, metric), values in found.items():
            paths = None if metric == "largest_step" else budget.walks
            run.add("6" if within_class else "7", setting, f"{row}, {kind}", metric, values, n=paths)
run.finish()
report.pivot([run.record], "6", by_setting=True)

# %% tags=["nbval-ignore-output", "hide-input"]
report.pivot([run.record], "7", by_setting=True)

# %% mystnb={"figure": {"caption": "Where the steps are between classes: mean step at each place, in units of its path's mean step (seed 0). A walk that jumps in the middle has a hill there."}, "image": {"alt": "Five panels of three curves over the place along the path: source, target and transfer."}} tags=["hide-input"]
plots.steps(curves)

# %% [markdown]
# ## What to remember
#
# - Compare the third row with the second, not with the first: the target model sets what a smooth walk can look like.
# - A jump is not a flaw. It is how a path from one class to another avoids items that are neither.
# - Whether a jump sits at a change of class can be counted. One that sits elsewhere is a tear in the map.
# - Accuracy is not locality. Read the largest steps of the table beside the accuracies of [chapter 3](03_bridging.ipynb) and [chapter 4](04_speech.ipynb).
#
# ## What to try
#
# - Replace `quality.slerp` by a straight line and look at the middle of the target row.
# - Walk from a digit to itself in another hand: how large must a step be before the garment changes?
