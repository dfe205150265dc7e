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

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("06_interpolation", profile)

# %% [markdown]
# **Does a small step stay a small step?** A bridge that kept only classes could map every seven to the same shoe. The paper claims
# more, *locality*: small changes on one side become small changes on the other. Its test is to walk from one item to another
# and watch the transfer (its Figures 6 and 7). Within a class, it says, the transfer moves about as smoothly as the target model does itself.
# Between classes it jumps, because it stays close to real items. This chapter draws both figures for five
# directions, and measures both statements.
#
# ## Three paths
#
# Take two held-out items of the source, with latents $a$ and $b$, and let $T$ be the transfer through the bridge.
#
# 1. **Source**: the path $z(t)$ from $a$ to $b$ in the source's latent space, decoded.
# 2. **Target**: the path from $T(a)$ to $T(b)$ in the target's latent space, decoded. The bridge moves only its ends.
# 3. **Transfer**: $T(z(t))$. Every point of the first path goes through the bridge.
#
# The second path is what the target model can do by itself, the first what the bridge is given; the third is compared with both. Points drawn from a Gaussian of many dimensions
# have nearly the same length (posterior means are shorter, but alike), and a straight line between two of them is shorter in its middle. So the paths are great
# circles ([White 2016](https://arxiv.org/abs/1609.04468)): for ends of length one, at an angle $\omega$,
#
# $$
# z(t) = \frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b .
# $$
#
# Where the ends differ in length, `lt.zoo.quality.slerp` lets the length change evenly. How much the choice matters here is the first exercise below.

# %% tags=["setup"]
import numpy as np
import torch
from IPython.display import Markdown

from lt import datasets
from lt.book import plots, report, setup, walks, widgets
from lt.book.paper import words
from lt.loop import named_generator
from lt.tools.sweeps import fit_bridges
from lt.zoo import pretrained, quality

# %%
t = torch.linspace(0, 1, 5)
quarter = quality.slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]), t)
print("lengths along a path from length 1 to length 2:", [round(v, 2) for v in quarter.norm(dim=-1).tolist()])

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
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
POINTS = 33  # of a path that is measured
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
def walk(pair, i, seed, a, b, points=POINTS):
    """The three rows as latents: source path, target path, and the transfer of the source path, each (points, latent)."""
    t = torch.linspace(0, 1, points)
    source = quality.slerp(a, b, t)
    transfer = bridges[pair][seed].transfer(source, pair[i], pair[1 - i])
    return source, quality.slerp(transfer[0], transfer[-1], t), transfer


# %% [markdown]
# ## One walk, step by step
#
# The figure at the top walks from one digit to another, and shows what becomes of it as a garment. The bars under each row are the lengths of its steps: the Euclidean
# distance between neighbouring pictures, in units of the path's mean step. An even walk has bars of height one; a jump is one high bar.

# %% mystnb={"figure": {"caption": "A walk between two classes, from the fourth seven to the fourth one of the test split, and as a garment. It is one example: the text on walks between classes has the mean jump. Framed: its two ends. Words: the judge's class, where it changes. Bars: the 32 steps between 33 points, of which eight are shown; black where the judge's class changes."}, "image": {"alt": "Three rows of eight pictures: source, target and transfer, with a row of bars under each. The bars say where a row changes: evenly along the path, or in a few high steps."}} tags=["hide-input", "lead", "nbval-ignore-output"]
LABELS = datasets.CLASSES


def judged(key, z):
    """Items (paths, points, ...), the judge's classes and confidence, (paths, points) each, of paths z (paths, points, latent)."""
    items = base.domains[key].items(z.flatten(0, 1))
    confidence, label = base.domains[key].probabilities(items).max(-1)
    return items.unflatten(0, z.shape[:2]), label.view(z.shape[:2]), confidence.view(z.shape[:2])


def of_mean(items):
    """Length of each step in units of its path's mean step: (paths, points, ...) to (paths, points - 1)."""
    size = quality.step_sizes(items.flatten(2))
    return size / size.mean(1, keepdim=True).clamp(min=1e-12)


def step_by_step(pair, i, first, last, shown=8):
    """What walks.steps draws of a walk from the fourth item of one class to the fourth of another."""
    source, target = pair[i], pair[1 - i]
    m, n = ((held[source].y == label).nonzero().flatten()[3] for label in (first, last))
    at = torch.linspace(0, POINTS - 1, shown).round().long()
    rows = {}
    for kind, key, z in zip(("source", "target", "transfer"), (source, target, target), walk(pair, i, 0, held[source].mean[m], held[source].mean[n]), strict=True):
        items, label, _ = judged(key, z[None])
        names = [LABELS[setup.corpus(key)][c].split("/")[0].replace(" ", "\n") for c in label[0, at.to(label.device)].tolist()]
        rows[f"{kind}: {NAMES[key]}"] = items[0, at.to(items.device)], names, of_mean(items)[0].cpu().numpy(), (label[0, 1:] != label[0, :-1]).cpu().numpy()
    return rows


NAMES = {"mnist": "MNIST", "mnist_b": "MNIST, second model", "fashion": "Fashion-MNIST", "speech": "speech"}
top = step_by_step(("mnist", "fashion"), 0, 7, 1)
walks.steps(top)

# %% [markdown]
# ## What is measured
#
# Random walks of each kind and direction, other walks for each bridge, so that an interval counts walks and bridges. All are over one set of base models. Of every path:
#
# - **Largest step**: the largest over the mean step. 1 is an even walk, 32 a single jump. It does not depend on how far a path goes, so read it with the next.
# - **Path length**: the sum of the steps over the distance between the two ends. 1 is the straight way in pixels. Target and transfer have the same ends.
# - **Jump at a boundary**: of the paths on which the judge's class changes, and of these alone, the share whose largest step lies where it changes, or one step beside. With one
#   change, chance is 3 steps of 32.
# - **Third class**: the share of walks between classes on which the judge sees a class that neither end has.
# - **Sure**: the share of points at which the judge is sure (softmax of 0.9 or more). It is low where a path passes through items of no class.

# %% tags=["nbval-ignore-output", "hide-input"]
counted = f"{budget.walks} walks of each kind and direction for {'each of ' + str(budget.seeds) + ' bridges' if budget.seeds > 1 else 'one bridge'}, of {POINTS} points each"
Markdown(f"Here: {counted}.")

# %% tags=["hide-input"]
AROUND = 8  # steps before and after the largest one that a picture shows


def measured(key, z):
    """The measurements of paths z (paths, points, latent), on how many of them the class changes, and their mean step around the largest one (2 AROUND + 1,)."""
    items, label, confidence = judged(key, z)
    size = of_mean(items)
    flat = items.flatten(2)
    largest, at = size.max(1, keepdim=True)
    changes = (label[:, 1:] != label[:, :-1]).float()
    near = torch.nn.functional.max_pool1d(changes[:, None], 3, 1, 1)[:, 0]  # a change within one step
    at_change = near.gather(1, at).squeeze(1)[changes.any(1)]
    place = at + torch.arange(-AROUND, AROUND + 1, device=at.device)  # (paths, 2 AROUND + 1)
    there = (place >= 0) & (place < POINTS - 1)
    window = torch.where(there, size.gather(1, place.clamp(0, POINTS - 2)), torch.nan)
    return {
        "largest_step": largest.mean().item(),
        "path_length": (quality.step_sizes(flat).sum() / (flat[:, -1] - flat[:, 0]).norm(dim=-1).sum()).item(),
        "third_class": ((label != label[:, :1]) & (label != label[:, -1:])).any(1).double().mean().item(),
        "sure": (confidence >= 0.9).double().mean().item(),
        "jump_at_boundary": at_change.mean().item() if len(at_change) else None,
    }, len(at_change), window.nanmean(0).cpu().numpy()


curves = {}
for pair, i in DIRECTIONS:
    source, target = pair[i], pair[1 - i]
    setting = f"{setup.corpus(source)}->{setup.corpus(target)}"
    for within_class in (True, False):
        kind = "within a class" if within_class else "between classes"
        found, crossing = {}, {}
        for seed in range(budget.seeds):
            pairs = ends(source, budget.walks, within_class, named_generator(f"walks {source} {within_class}", seed))
            paths = [walk(pair, i, seed, held[source].mean[m], held[source].mean[n]) for m, n in pairs]
            of_path = {}
            for row, key, z in zip(("source", "target", "transfer"), (source, target, target), zip(*paths, strict=True), strict=True):
                scores, crosses, around = measured(key, torch.stack(z))
                of_path[row] = scores
                for metric, value in scores.items():
                    if value is not None and (metric not in ("jump_at_boundary", "third_class") or not within_class):
                        found.setdefault((row, metric), []).append(value)
                        crossing.setdefault(row, []).append(crosses)
                curves.setdefault((within_class, setting), {}).setdefault(row, []).append(around)
            for other in ("source", "target"):
                for metric in ("largest_step", "path_length"):
                    found.setdefault((f"transfer over {other}", metric), []).append(of_path["transfer"][metric] / of_path[other][metric])
            # paired: both rows walk between the same ends
            found.setdefault(("target minus transfer", "sure_shortfall"), []).append(of_path["target"]["sure"] - of_path["transfer"]["sure"])
        for (row, metric), values in found.items():
            # a share of paths that cross a boundary counts no others: the fewest of any bridge
            n = {"sure": budget.walks, "third_class": budget.walks, "jump_at_boundary": min(crossing.get(row, [0]))}.get(metric) if row in crossing else None
            run.add("6" if within_class else "7", setting, f"{row}, {kind}", metric, values, n=n)
rows = {(row["setting"], row["method"], row["metric"]): row for row in run.rows}
settings = list(dict.fromkeys(row["setting"] for row in run.rows))

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()


# %% [markdown]
# ## Within a class (Figure 6)
#
# One pair for each direction, drawn at random from held-out items. Compare the third row with the second.

# %% tags=["hide-input"]
def figure(within, number=1):
    """Walks of each direction, their three rows decoded, for walks.walks."""
    groups = {}
    for pair, i in DIRECTIONS:
        source, target = pair[i], pair[1 - i]
        groups[f"{NAMES[source]} → {NAMES[target]}"] = [
            {
                kind: base.domains[key].items(z)
                for kind, key, z in zip(("source", "target", "transfer"), (source, target, target), walk(pair, i, 0, held[source].mean[m], held[source].mean[n], 8), strict=True)
            }
            for m, n in ends(source, number, within, named_generator(f"walk {source} {within}", 0))
        ]
    return groups


# %% mystnb={"figure": {"caption": "Figure 6: walks within a class, one random pair a direction. Framed: the two ends."}, "image": {"alt": "Five walks of three rows each, source, target and transfer: between digits, garments and spectrograms. Both ends of a row are of one class."}} tags=["hide-input", "nbval-ignore-output"]
walks.walks(figure(True))

# %% [markdown]
# One pair proves little. Over many walks:

# %% mystnb={"figure": {"caption": "Walks within a class, with 95 % intervals. Above: the largest step of each kind of path; the dashed line at 1 is an even walk. Below: the transfer's largest step divided by that of the target's own walk (orange) and by that of the source's path (blue). Right of its dashed line the transfer is the rougher one."}, "image": {"alt": "Two dot plots of five directions. Above: the largest step of source, target and transfer, with intervals. Below: the transfer's largest step over the target's and over the source's, each with a dashed line at one. The text below says how they compare."}} tags=["hide-input", "nbval-ignore-output"]
KINDS = ("source", "target", "transfer")


def of(kind, metric, methods=KINDS):
    """What walks.panels_of draws of one measurement: its methods, by the kind of path that each has the colour of."""
    return {
        words(setting): {row: tuple(rows[setting, f"{method}, {kind}", metric][end] for end in ("value", "low", "high")) for row, method in zip(KINDS, methods, strict=False)}
        for setting in settings
    }


LARGEST, RATIO = "largest step, in units of the path's mean step", "largest step: transfer over target, or over source"
walks.panels_of(
    {LARGEST: of("within a class", "largest_step"), RATIO: of("within a class", "largest_step", ("transfer over source", "transfer over target"))},
    {LARGEST: 1, RATIO: 1},
)


# %% tags=["nbval-ignore-output", "hide-input"]
def against(other, metric="largest_step", more="rougher", less="smoother"):
    """The ratios of the transfer to another path, how often it is ``more``, ``less`` and not told apart, and the same in words."""
    ratio = {setting: rows[setting, f"transfer over {other}, within a class", metric] for setting in settings}
    low, high = ({setting: row["value"] if row[end] is None else row[end] for setting, row in ratio.items()} for end in ("low", "high"))
    found = {
        more: [s for s in settings if low[s] > 1],
        less: [s for s in settings if high[s] < 1],
        "not told apart": [s for s in settings if low[s] <= 1 <= high[s]],
    }
    few = [f"{word} in {len(of_word)}" + ("" if len(of_word) == len(settings) else f" ({', '.join(map(words, of_word))})") for word, of_word in found.items() if of_word]
    return ratio, ", ".join(few), len(found[more])


of_target, by_target, less_even = against("target")
of_source, by_source, _ = against("source")
of_length, by_length, _ = against("target", "path_length", "longer", "shorter")
near, far = (pick(of_length, key=lambda setting: of_length[setting]["value"]) for pick in (min, max))
least, most = (pick(of_target, key=lambda setting: of_target[setting]["value"]) for pick in (min, max))
easiest = min(of_source, key=lambda setting: of_source[setting]["value"])
sizes, jumps = ([rows[setting, f"transfer, {kind}", "largest_step"]["value"] for setting in settings] for kind in ("within a class", "between classes"))
walked = [[rows[setting, f"transfer, {kind}", "largest_step"] for kind in ("within a class", "between classes")] for setting in settings]
below = sum((a["value"] if a["high"] is None else a["high"]) < (b["value"] if b["low"] is None else b["low"]) for a, b in walked)
larger = sum(rows[s, "transfer, within a class", "largest_step"]["value"] > rows[s, "target, between classes", "largest_step"]["value"] for s in settings)
not_even = less_even == len(settings)
head = (
    "is not confirmed" if not_even
    else f"is confirmed in none of {len(settings)} directions for certain, and contradicted in {less_even}"
)
Markdown(
    f"**The paper's sentence, that within a class transfer and target have “comparably smooth trajectories”, {head}: the transfer is less even than the target's own walk in {less_even} of {len(settings)} directions.** "
    f"Its largest step is smaller than that of its own walks between classes in {below} of {len(settings)} directions"
    + (", with intervals apart" if budget.seeds > 1 else "")
    + f", but larger than the target's own *between* classes in {larger} of {len(settings)}, by the means. The paper gives no measure. By the largest step:\n\n"
    f"- **Against the target's own walk**, of {len(settings)} directions the transfer is {by_target}{'' if budget.seeds > 1 else ' (one bridge, no interval)'}. The ratio goes from {report.formatted(of_target[least])} ({words(least)}) to "
    f"{report.formatted(of_target[most])} ({words(most)}). This is a hard comparison: the target's path turns by equal angles in the latent space of its own decoder, so it is made even, and the transfer has no such help.\n"
    f"- **Against the source's path**, which is what the bridge is given, it is {by_source}. The ratio is least for {words(easiest)}, {report.formatted(of_source[easiest])}"
    + f" (largest steps of {rows[easiest, 'transfer, within a class', 'largest_step']['value']:.2f} and {rows[easiest, 'source, within a class', 'largest_step']['value']:.2f})"
    + (": there the source's own walk is the uneven one, and the unevenness of the transfer may come in with its input.\n" if of_source[easiest]["value"] <= 1 else ".\n")
    + f"- **In absolute terms** its largest step is {min(sizes):.2f} to {max(sizes):.2f} mean steps; a path of {POINTS - 1} steps could reach {POINTS - 1}. Between classes, where the paper wants jumps, it is {min(jumps):.2f} to {max(jumps):.2f}.\n"
    f"- **How far it goes.** Even steps could all be too large. Beside the target's path between the same two ends, the transfer's is {by_length}: {report.formatted(of_length[near])} times as long ({words(near)}) "
    f"to {report.formatted(of_length[far])} times ({words(far)}). The second exercise asks the same of single steps."
)

# %% [markdown]
# ## Between classes (Figure 7)
#
# The second row passes through items of no class. The third, says the paper, stays with one class, then changes to the next. Often it goes by way of
# a third class; how often stands below.

# %% mystnb={"figure": {"caption": "Figure 7: walks between two classes, one random pair a direction. Framed: the two ends."}, "image": {"alt": "Five walks of three rows each, source, target and transfer: between digits, garments and spectrograms. The two ends of a row are of different classes."}} tags=["hide-input", "nbval-ignore-output"]
walks.walks(figure(False))

# %% [markdown]
# Four of these walks under a slider:

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import touch


def under_a_slider(pair, i):
    """One walk of a direction, for the figure with a slider: what it is walked between, and both ways into the target."""
    source, target = pair[i], pair[1 - i]
    ((m, n),) = ends(source, 1, False, named_generator(f"walk {source} False", 0))
    rows = walk(pair, i, 0, held[source].mean[m], held[source].mean[n], 12)
    return dict(zip(("source", "target", "transfer"), zip((source, target, target), rows, strict=True), strict=True))


touch.path(base, {f"{NAMES[p[i]]} → {NAMES[p[1 - i]]}": under_a_slider(p, i) for p, i in DIRECTIONS[1:]}, pretrained.card()["rate"])

# %% [markdown]
# Each path jumps at a place of its own, and a mean over places along the path would blur every jump. So we lay the paths over one another at their largest step.
# Every curve has a peak there, by definition; its height and its width tell a jump from an even walk.

# %% mystnb={"figure": {"caption": "Walks between classes, laid over one another at their largest step: mean step around it, in units of the path's mean step, over all bridges."}, "image": {"alt": "Five panels of three curves around the largest step: the transfer has a high narrow peak, source and target have lower ones."}} tags=["hide-input", "nbval-ignore-output"]
walks.aligned_steps({words(setting): {row: np.mean(parts, axis=0) for row, parts in curves[False, setting].items()} for setting in settings})

# %% mystnb={"figure": {"caption": "Walks between classes, with 95 % intervals: how high the largest step is, how often it lies at a change of class, and at which share of the points the judge is sure."}, "image": {"alt": "Three dot plots, one below the other, of five directions with three points each: source, target and transfer, with intervals. The text below says how they compare."}} tags=["hide-input", "nbval-ignore-output"]
walks.panels_of(
    {
        LARGEST: of("between classes", "largest_step"),
        "jump at a boundary, share of paths": of("between classes", "jump_at_boundary"),
        "sure, share of points": of("between classes", "sure"),
    }
)


# %% tags=["nbval-ignore-output", "hide-input"]
def compared(metric):
    """In how many directions the transfer is above the target, in words, and in how many their intervals lie apart."""
    pairs = [(rows[s, "transfer, between classes", metric], rows[s, "target, between classes", metric]) for s in settings]
    above = [(a, b) for a, b in pairs if a["value"] > b["value"]]
    apart = sum(a["low"] is not None and a["low"] > b["high"] for a, b in above)
    return f"in {len(above)} of {len(settings)} directions" + (f" (in {apart} with intervals that lie apart)" if budget.seeds > 1 else "")


def extremes(path, metric):
    """The least and the largest mean of a kind of path over the directions."""
    found = [rows[s, f"{path}, between classes", metric]["value"] for s in settings]
    return f"{min(found):.2f} to {max(found):.2f}"


drop = {s: rows[s, "target minus transfer, between classes", "sure_shortfall"] for s in settings}
gains = [-row["value"] for row in drop.values()]
surer = sum(row["high"] is not None and row["high"] < 0 for row in drop.values())  # all of the interval
jump, usual = max(top["transfer: Fashion-MNIST"][2]), rows["mnist->fashion", "transfer, between classes", "largest_step"]["value"]
Markdown(
    f"**The paper says that between classes transfers jump at the boundary of a class, and stay close to real items.** Here the jump is seen "
    f"{'in all' if all(rows[s, 'transfer, between classes', 'largest_step']['value'] > rows[s, 'target, between classes', 'largest_step']['value'] for s in settings) else 'not in all'} directions. How near real items are is not measured. What nearness would bring, a surer judge, is seen in {surer or 'none'} of {len(settings)}; but a jump brings it too:\n\n"
    "- **A jump.** The largest step of a transfer is higher than that of the target's own walk "
    f"{compared('largest_step')}, and it lies at a change of class more often {compared('jump_at_boundary')}. "
    f"The walk at the top has a largest step of {jump:.1f} mean steps, {'more' if jump > usual else 'less'} than the mean of its direction, {usual:.1f}.\n"
    f"- **By way of a third class** go {extremes('transfer', 'third_class')} of the transfers, and {extremes('target', 'third_class')} of the target's own walks (shares, from the lowest to the highest direction).\n"
    f"- **Sure.** Both walk between the same ends, so we take the difference for each bridge. The transfer's share of points at which the judge is sure is higher by {min(gains):.3f} to {max(gains):.3f}, "
    + (f"and the interval of the difference is above zero in {surer} of {len(settings)} directions" if budget.seeds > 1 else "for one bridge, without an interval")
    + ". A jump leaves out what lies between, so this alone does not show that the transfer stays closer to real items."
)

# %% [markdown]
# All numbers of both sections:

# %% tags=["nbval-ignore-output", "hide-cell"]
alone = [row for row in run.rows if not {"over", "minus"} & set(row["method"].split())]
for number in ("6", "7"):
    display(report.pivot([{"rows": alone}], number, by_setting=True))


# %% [markdown]
# ## Listen
#
# Eight points of a path, one after the other: the transfer of a written path, and a spoken path itself.

# %% tags=["nbval-ignore-output", "hide-input"]
def speak(z):
    """All points of a path (n, 100) as one clip, the silence after each cut short."""
    rate = pretrained.card()["rate"]
    with torch.no_grad():
        return widgets.player(base.modules["speech"].waveform(z).cpu()[:, : rate * 6 // 10].flatten(), rate)


def heard(z):
    """What the judge understands at each point, in words."""
    return ", ".join(LABELS["speech"][label] for label in base.domains["speech"].classify(base.domains["speech"].items(z)).tolist())


lines = {"path": [], "listen": [], "the judge hears": []}
for within_class in (True, False):
    for i, name in ((0, "transfer of a written path"), (1, "a spoken path")):
        key = ("mnist", "speech")[i]
        ((m, n),) = ends(key, 1, within_class, named_generator(f"walk {key} {within_class}", 0))
        source, _, transfer = walk(("mnist", "speech"), i, 0, held[key].mean[m], held[key].mean[n], 8)
        z = transfer if i == 0 else source
        lines["path"].append(f"{name}, {'within a class' if within_class else 'between classes'}")
        lines["listen"].append(speak(z))
        lines["the judge hears"].append(heard(z))
widgets.listening_table(lines)


# %% [markdown]
# ## What to remember
#
# - Compare the transfer with the target's own walk, and with the source's: either model can be the rougher one, and a path that is made even is a hard rival.
# - A jump between classes is no flaw in itself. It may be how a path avoids items that belong to neither class; to say so, one has to compare it with a walk between the same ends.
# - A jump within a class breaks locality: two items that are alike come out unlike. One picture cannot show how often; count.
# - Accuracy is not locality. Read the largest steps beside the accuracies of [chapter 3](03_bridging.ipynb) and [chapter 4](04_speech.ipynb).
#
# ## What to try
#
# **A straight line.** Replace the great circle by a straight line. How sure is the judge of the middle of the source's path?

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
def middle(path):
    pairs = ends("mnist", 500, False, named_generator("solution", 0))
    z = torch.stack([path(held["mnist"].mean[m], held["mnist"].mean[n]) for m, n in pairs])
    return (judged("mnist", z[:, None])[2] >= 0.9).double().flatten(), z.norm(dim=-1).mean().item()


half = torch.tensor([0.5])
ways = {"great circle": lambda a, b: quality.slerp(a, b, half)[0], "straight line": lambda a, b: (a + b) / 2}
found = {name: middle(path) for name, path in ways.items()}
lost = found["great circle"][0] - found["straight line"][0]  # pair by pair
half = 1.96 * lost.std().item() / len(lost) ** 0.5
Markdown(
    "\n".join(f"- {name}: the judge is sure of {sure.mean().item():.2f} of 500 midpoints between two digits, whose latents have a mean length of {length:.1f}" for name, (sure, length) in found.items())
    + f"\n\nThe straight line is shorter in its middle. On the same pairs the difference of the shares is {lost.mean().item():+.3f} [{lost.mean().item() - half:+.3f}, {lost.mean().item() + half:+.3f}]: "
    + ("told apart from zero, so the choice matters." if abs(lost.mean().item()) > half else "not told apart from zero.")
)

# %% [markdown]
# **A small step.** Move a digit's latent a little, in a random direction. How far does its garment move, in units of its distance from another garment of its class?

# %% mystnb={"figure": {"caption": "How far a garment moves when the digit's latent is moved, for 100 test digits. Where the curves are equal, the relative step is the same on both sides."}, "image": {"alt": "Line plot with two curves over the size of the step in the source's latent space: the change of the digit and the change of the garment, in units of the typical distance within a class."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
import matplotlib.pyplot as plt

z, y = held["mnist"].mean[:100], held["mnist"].y[:100]
direction = torch.nn.functional.normalize(torch.randn(z.shape, generator=named_generator("small steps", 0)), dim=-1).to(z.device)
sizes, moved = (0.25, 0.5, 1.0, 2.0, 4.0), {"digit": [], "garment": []}
bridge = bridges["mnist", "fashion"][0]
with torch.no_grad():
    for name, decode in (("digit", base.domains["mnist"].items), ("garment", lambda z: base.domains["fashion"].items(bridge.transfer(z, "mnist", "fashion")))):
        before = decode(z)
        typical = torch.cat([torch.pdist(before[y == label]) for label in y.unique() if (y == label).sum() > 1]).mean()
        moved[name] = [((decode(z + s * direction) - before).norm(dim=-1).mean() / typical).item() for s in sizes]
drawing, axis = plt.subplots(figsize=(5.6, 3), layout="constrained")
for (name, values), colour, marker in zip(moved.items(), (plots.SOURCE, plots.TARGET), "os", strict=True):
    axis.plot(sizes, values, color=colour, marker=marker, label=name)
axis.set(xlabel="length of the step in the latent space of MNIST", ylabel="change /\ntypical distance")
axis.legend(frameon=False)
plt.close(drawing)
drawing

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
over = [garment / digit for digit, garment in zip(moved["digit"], moved["garment"], strict=True)]
Markdown(
    f"A step of {sizes[0]:g} moves the digit by {moved['digit'][0]:.3f} of the typical distance and its garment by {moved['garment'][0]:.3f}; a step of {sizes[-1]:g} by {moved['digit'][-1]:.3f} and {moved['garment'][-1]:.3f}. "
    f"The garment moves {min(over):.2f} to {max(over):.2f} times as far: in a random direction a small step stays small, in the mean of 100 digits."
    if max(over) < 2
    else f"The garment moves up to {max(over):.1f} times as far as the digit, in units of the typical distance."
)
