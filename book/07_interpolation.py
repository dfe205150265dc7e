# %% [markdown]
# # 7. Walks between two pictures
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/07_interpolation.ipynb)
#
# **Does a small step stay a small step on its way through the bridge?**
#
# Inside a class, roughly: the largest of 32 steps is 1.9 mean steps long (1.2 in the target's own model). Between two classes, no: **4.6** to garments, 3.0 to digits (the target's own arcs: 1.7 and 1.4). Nearly six in ten of these walks pass a third class; of the target's own arcs five (garments) and four (digits), of the paths given to the bridge four (digits) and six (garments).

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # half a minute on two cores; this page shows "laptop" (4 minutes)

# %% tags=["nbval-ignore-output"]
import torch
from torch.nn import functional as F

import lt
from lt.book import figures, start, widgets
from lt.data import CLASSES

run = start("07_interpolation", profile)
bridges = run.bridges("mnist", "fashion")  # of chapter 3, one per set of base models


# %% [markdown]
# Chapter 3 asked whether neighbours stay neighbours, point by point. The paper asks with *walks* (section 5.3). Take two latents $a$ and $b$ of the source, a path $z(t)$ between them, and the transfer $T$ through the bridge. There are three rows to compare:
#
# 1. **Source**: the path $z(t)$, decoded by the source's model. This is what the bridge is given.
# 2. **Target**: a path from $T(a)$ to $T(b)$, decoded by the target's model. The bridge moves only the two ends.
# 3. **Transfer**: $T(z(t))$. Each point of the source's path goes through the bridge.

# %%
def slerp(a, b, t):
    """Points at t (p,) on the arcs from a to b, latents (n, d): (n, p, d)."""
    t = t[:, None]  # (p, 1)
    a, b = a[:, None], b[:, None]  # (n, 1, d)
    length_a = a.norm(dim=-1, keepdim=True)  # (n, 1, 1)
    length_b = b.norm(dim=-1, keepdim=True)
    a, b = a / length_a, b / length_b  # now of length 1
    angle = torch.arccos((a * b).sum(-1, keepdim=True))  # (n, 1, 1)
    arc = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b  # (n, p, d)
    length = (1 - t) * length_a + t * length_b  # (n, p, 1)
    return length * arc / torch.sin(angle)


# %%
def draw(name, path, s):
    """What a model of set s draws of latents (n, points, 100): (n, points, 784)."""
    return run.domain(name, s).items(path.flatten(0, 1)).unflatten(0, path.shape[:2])

@torch.no_grad()
def walk(way, a, b, points, s=0):
    """Three walks from a to b, latents (n, 100) of the source, as pictures."""
    source, target = way.split("->")
    t = torch.linspace(0, 1, points, device=a.device)
    path = slerp(a, b, t)  # (n, points, 100)
    transfer = bridges[s].transfer(path.flatten(0, 1), source, target).view_as(path)
    arc = slerp(transfer[:, 0], transfer[:, -1], t)  # between the same two ends
    return {
        "source": draw(source, path, s),
        "target": draw(target, arc, s),
        "transfer": draw(target, transfer, s),
    }


# %%
held = run.held("mnist")  # latents of test digits
seven, one = (held.take((held.y == k).nonzero()[0]).mean for k in (7, 1))
ten = walk("mnist->fashion", seven, one, points=10)

# %% mystnb={"figure": {"caption": "Figure 7.1. From the first 7 of the test digits to the first 1, in ten pictures. Source: the model of digits. Target: the model of clothes, between the two garments at the ends. Transfer: each digit of the first row, sent through the bridge."}, "image": {"alt": "Three rows of ten pictures. First row: a 7 becomes a 1. Second row: a sneaker fades into trousers, with blurred mixtures between. Third row: sneakers, then trousers, with a quick change between them."}} tags=["nbval-ignore-output"]
# on the web page this figure is drawn at the top
figures.grid({name: x[0] for name, x in ten.items()})

# %% [markdown]
# ## Which path?
# Points drawn from a Gaussian in 100 dimensions all have nearly the same length, and the middle of a straight line between two of them is shorter. So the paper walks along an arc, by *spherical interpolation* ([White 2016](https://arxiv.org/abs/1609.04468)), and so do we. (Our latents are posterior means, so the argument fits only in part.) For ends of length 1 at an angle $\omega$ the function `slerp` above is this line; where the ends differ in length, the length changes evenly:
#
# $$ z(t) = \frac{\sin((1-t)\,\omega)\; a + \sin(t\,\omega)\; b}{\sin \omega} $$
#
# ## How large is a step?
# We measure each step on the pictures: the distance from one picture to the next. Here are the 32 steps of the walk above, in units of the mean step. An even walk is a flat line at 1. One single jump would be a peak of 32. This walk is an extreme one: its peak is nearly 13, and the mean over many walks is 4.6 (Table 7.1).

# %% mystnb={"figure": {"caption": "Figure 7.2. The steps of the walk from 7 to 1, divided by their mean. Target: the arc in the model of clothes. Transfer: the digits' path through the bridge."}, "image": {"alt": "Two curves over the 32 steps. That of the target is a broad hill: about 0.5 at first, about 2 in the middle, below 0.5 at the end. That of the transfer is low, rises to one narrow peak of nearly 13 and falls again."}} tags=["nbval-ignore-output"]
fine = walk("mnist->fashion", seven, one, points=33)
curves = {}
for name in ("target", "transfer"):
    step = fine[name][0].diff(dim=0).norm(dim=-1)  # (32,)
    curves[name] = range(1, 33), (step / step.mean()).tolist()
figure = figures.lines(curves, "step", "size, in mean steps")
figure.axes[0].set_ylim(bottom=-1.5)  # room for the names of the curves
figure

# %% [markdown]
# ## Within a class and between classes
# One walk proves little. We draw pairs of test items at random, once, and all that follows uses these pairs. Both items of a pair become the right class, by the judge, so no walk has a wrong end. *Within* a class: the two have one label. *Between* classes: they have two. Only the ends are chosen, not the way.

# %%
ways = {"mnist->fashion": "digits to garments", "fashion->mnist": "garments to digits"}
number = 200  # walks per kind, direction and set of base models

@torch.no_grad()
def draw_ends(way, s):
    """Random pairs of source latents and their classes: {kind: (a, b, classes)}."""
    source, target = way.split("->")
    items = run.held(source, s).take(slice(None, None, 2))  # every second test item
    made = run.domain(target, s).items(bridges[s].transfer(items.mean, source, target))
    right = run.domain(target, s).classify(made) == items.y
    items = items.take(right.nonzero().flatten())  # those that become the right class
    generator = lt.named_generator("walks", s)
    i, j = torch.randint(len(items), (2, 30 * number), generator=generator)
    i, j = i[i != j], j[i != j]
    same = (items.y[i] == items.y[j]).cpu()
    pairs = {}
    for kind, wanted in {"within": same, "between": ~same}.items():
        first, last = i[wanted][:number], j[wanted][:number]
        classes = items.y[first], items.y[last]
        pairs[kind] = items.mean[first], items.mean[last], classes
    return pairs

ends = {(way, s): draw_ends(way, s) for way in ways for s in run.sets}


# %%
def pictures_of(kind):
    """The first two walks per direction, A to D: three rows of pictures each."""
    rows, letters = {}, iter("ABCD")
    for way in ways:
        a, b, (first, last) = ends[way, 0][kind]
        walks = walk(way, a[:2], b[:2], points=10)
        for i, letter in zip(range(2), letters):
            classes = f"{first[i]}\u00a0→\u00a0{last[i]}"  # no line break inside
            rows[f"{letter} source {classes}"] = walks["source"][i]
            rows[f"{letter} target"] = walks["target"][i]
            rows[f"{letter} transfer"] = walks["transfer"][i]
    return rows


# %% mystnb={"figure": {"caption": "Figure 7.3 (Figure 6 of the paper). Four walks within a class, the first two per direction; nothing is picked. A and B: digits to garments. C and D: garments to digits. The numbers are the classes of the two ends, 0 to 9 (of garments as in chapter 3)."}, "image": {"alt": "Four walks, three rows of ten pictures each. In the first row both ends are of one class: two 2s, two 8s, two pullovers, two boots. The second and the third row look nearly the same: pullovers that grow paler, bags, 2s, 9s. In walk C the 2 of the third row grows thin earlier than that of the second."}} tags=["nbval-ignore-output"]
figures.grid(pictures_of("within"))

# %% mystnb={"figure": {"caption": "Figure 7.4 (Figure 7 of the paper). Four walks between two classes, with the rows and names of Figure 7.3; nothing is picked."}, "image": {"alt": "Four walks, three rows of ten pictures each, with another class at each end. The second row passes through mixtures. In the third row of A trousers grow pale, and the next picture is a boot. B: from a T-shirt to a coat over two pale boots. C: a 4 breaks up and is a 3. D: a misshapen 3 becomes a clear 6, and near the end a 0."}} tags=["nbval-ignore-output"]
figures.grid(pictures_of("between"))

# %% cellView="form" tags=["nbval-ignore-output", "hide-input"]
# @title Move along a walk
paths = []
for way, called in ways.items():
    source, target = way.split("->")
    a, b, _ = ends[way, 0]["between"]
    rows = []
    for row, x in walk(way, a[:1], b[:1], points=17).items():
        name = source if row == "source" else target
        said = [CLASSES[name][k] for k in run.domain(name).classify(x[0])]
        rows.append({"name": row, "sheet": widgets.sheet(x[0], 17), "said": said})
    paths.append({"name": called, "steps": 17, "rows": rows})
widgets.interactive("path", {"paths": paths}, "Walks between two pictures")


# %% [markdown]
# ## Three more walks
# The transfer goes into the shared space, and out again. Which of the two makes the jump? And does the walk show more than its two classes?
#
# - **Shared space**: the arc from $z'(a)$ to $z'(b)$ in the bridge's own space, decoded with the target's label. It has the same ends as the transfer, and the same way out.
# - **Way in**: the transfer's own path in the shared space, as points $z'$ that nobody draws.
# - **Class means**: the target's arc from the mean latent of one class to the mean latent of the other. It knows the two classes and nothing of the two items, so its ends are its own. Within a class there is no such walk.

# %%
@torch.no_grad()
def controls(way, a, b, classes, points, s=0):
    """The other walks, as pictures (n, points, 784)."""
    source, target = way.split("->")
    t = torch.linspace(0, 1, points, device=a.device)
    z_shared = [bridges[s].encode(end, source)[0] for end in (a, b)]  # (n, 8) each
    path = slerp(*z_shared, t)  # (n, points, 8)
    z = bridges[s].decode(path.flatten(0, 1), target).unflatten(0, path.shape[:2])
    walks = {"shared_space": draw(target, z, s)}
    first, last = classes
    if (first != last).all():
        real = run.held(target, s)
        means = torch.stack([real.mean[real.y == k].mean(0) for k in range(10)])
        walks["class_means"] = draw(target, slerp(means[first], means[last], t), s)
    return walks

@torch.no_grad()
def way_in(way, a, b, points, s=0):
    """The transfer's own path in the shared space: (n, points, 8)."""
    path = slerp(a, b, torch.linspace(0, 1, points, device=a.device))
    code, _ = bridges[s].encode(path.flatten(0, 1), way.split("->")[0])
    return code.unflatten(0, path.shape[:2])


# %% [markdown]
# ## What is measured
# There are 200 walks per kind, direction and set of base models; `laptop` has six sets, and its cell takes a minute. The first two numbers are of all walks, of 33 points each, the others of those between classes, with intervals of 95 % in brackets.
#
# - **Largest step**, in mean steps of the same walk. 1 is even, 32 is one single jump. It says how uneven a walk is, not how far it goes.
# - **Jumps**: the share of walks whose largest step is above 3; this bar is ours.
# - **Largest of distance**: the same step, as a share of the distance between the walk's two ends. Where walks have their ends in common, this compares their jumps.
# - **Largest at border**: does the judge's class change at that step, or one step beside it? If it changes once, chance is 3 in 32. Walks that pass a third class change more often; so compare the rows of the table.
# - **Other class**: does the judge see, at any point, a class that neither end has?
# - **Sure**: the share of points at which the judge gives one class more than 0.9. The mark for it are *real items*: other test items, as the model reconstructs them. (The *source* row is judged by the source's judge, all others by the target's.)

# %%
def largest_step(x):
    """Of walks x (n, points, 784), in mean steps of the same walk: (n,)."""
    step = x.diff(dim=1).norm(dim=-1)  # (n, points - 1)
    return step.amax(1) / step.mean(1)

def measured(x, model):
    """The other numbers of walks x (n, points, 784)."""
    n, points, _ = x.shape
    largest, place = x.diff(dim=1).norm(dim=-1).max(dim=1)
    chance, label = model.probabilities(x.flatten(0, 1)).max(-1)  # of the judge's class
    sure, label = (chance > 0.9).view(n, points), label.view(n, points)
    change = (label.diff(dim=1) != 0).double()  # (n, points - 1)
    beside = F.max_pool1d(change, 3, stride=1, padding=1)  # 1 also one step beside
    other = (label != label[:, :1]) & (label != label[:, -1:])  # of neither end
    return score({
        "largest_of_distance": largest / (x[:, -1] - x[:, 0]).norm(dim=-1),
        "largest_at_border": beside.gather(1, place[:, None])[:, 0] > 0,
        "other_class": other.any(dim=1),
        "sure": sure.double().mean(1),
    })  # fmt: skip

def score(of_walks):
    """The mean over walks, and each walk's number for the interval."""
    items = {metric: v.cpu().numpy() for metric, v in of_walks.items()}
    return lt.metrics.Score({k: float(v.mean()) for k, v in items.items()}, items)


# %%
for way in ways:
    source, target = way.split("->")
    steps, between, real = {}, {}, []  # lists with a score per set
    for s in run.sets:
        model = run.domain(target, s)
        for kind, (a, b, classes) in ends[way, s].items():
            walks = walk(way, a, b, 33, s) | controls(way, a, b, classes, 33, s)
            walks["way_in"] = way_in(way, a, b, 33, s)  # no pictures
            for name, x in walks.items():
                step = largest_step(x)
                found = {f"largest_step_{kind}": step, f"jumps_{kind}": step > 3}
                steps.setdefault((name, kind), []).append(score(found))
                if kind == "between" and name != "way_in":
                    judge = run.domain(source, s) if name == "source" else model
                    between.setdefault(name, []).append(measured(x, judge))
        items = model.items(run.held(target, s).mean[1::2])
        sure = (model.probabilities(items).amax(-1) > 0.9).double()
        groups = sure[: len(sure) // number * number].view(number, -1)  # one per walk
        real.append(score({"sure": groups.mean(1)}))
    for (name, _), scores in steps.items():
        run.add(way, name, scores, table="steps")
    for name, scores in (between | {"real_items": real}).items():
        run.add(way, name, scores, table="between")

# %% tags=["nbval-ignore-output"]
run.table("steps", caption="Table 7.1. Largest steps, and the share with jumps.")

# %% tags=["nbval-ignore-output"]
columns = ["largest_of_distance", "largest_at_border", "other_class", "sure"]
run.table("between", columns, "Table 7.2. Walks between two classes.")


# %% [markdown]
# ## What holds
# - **Within a class: uneven, but few walks jump.** The paper finds "comparably smooth trajectories", and in Figure 7.3 the eye agrees. We ask that the transfer's largest step exceed the target's by a quarter of a mean step at most, and it exceeds it by more: it is half as long again. This bar is ours and a hard one: the target's arc turns by equal angles in its own space. Yet few walks jump; between classes many do (Table 7.1). The way in is uneven too: equal steps of the source become unequal ones in the shared space.
# - **Between classes: it jumps, at class borders.** So says the paper, too. Both walks join the same ends: the largest step of the transfer covers about a third of the distance between them, that of the target less than a tenth (Table 7.2). And it lies at a border of the judge's classes about twice as often.
# - **Where is the jump made? Mostly on the way in.** In $z'$ itself the largest step is about three mean steps long. From garments to digits that is as uneven as the pictures; from digits to garments the way out adds to it. With an even arc in the shared space, decoded alike, the largest step is less than half as large (Table 7.2).
# - **Why?** A guess: the classifier's term pays for classes that lie apart in the shared space, as in Figure 1.1. A path of the source from one class to another must cross the gap, and crosses it within few steps. Inside a class no term asks for a gap.
# - **A third class: more often than on the target's arc.** Judge and ends are the same for both, and the transfer has six in a hundred more to garments, twenty-two more to digits. (In walk B of Figure 7.4 two boots stand between a T-shirt and a coat.) What it adds to the path given, Table 7.2 cannot say: another judge reads that path, and garments look more alike than digits (there the target's arcs pass a third class more often, too).
# - **A walk that knows the two classes only passes fewer third classes.** The walk between class means is also more even (Table 7.1). The judge is surer of the bridge's garments, but of its digits less. What the bridge adds is at the ends: there the class means know nothing of the two items.
# - **On the manifold: not always.** The paper's reason for the jumps is that the transfer "always stays on the manifold of the actual data". We ask that the judge be as sure of its points as of real items, less 0.02: our bar, and a sure judge is only a stand-in for the manifold. Among garments it is even surer (its ends were picked, as those that become the right class, so this proves little). Among digits it is less sure: there "always" is too much.

# %%
def gap(way, metric, other="target"):
    """How much larger a metric is for the transfer than for another walk."""
    return run.difference(way, "transfer", other, metric)

paper = {"source": "section 5.3"}
for way, called in ways.items():
    text = f"Walks from {called}, within a class: "
    bar = text + "as smooth as the target's own arc (our bar)"
    step = gap(way, "largest_step_within")
    run.claim(bar, step, at_most=0.25, expect="fails", **paper)
    step = gap(way, "largest_step_within", other="shared_space")
    run.claim(text + "less even than an arc in the shared space", step, above=0)
    share = run[way, "transfer", "jumps_within"]
    rare = text + "at most one in ten has a step above three mean steps (our bar)"
    run.claim(rare, share, at_most=0.1)
    text = f"Walks from {called}, between classes: "
    step = gap(way, "largest_of_distance")
    run.claim(text + "larger jumps than the target's own arc", step, above=0, **paper)
    step = gap(way, "largest_of_distance", other="shared_space")
    run.claim(text + "larger jumps than an arc in the shared space", step, above=0)
    border = text + "the largest step is mostly at a class border"
    share = run[way, "transfer", "largest_at_border"]
    run.claim(border, share, above=0.5, **paper)
    always = text + "on the manifold: the judge as sure as of real items (our bar)"
    expect = {"mnist->fashion": "holds", "fashion->mnist": "fails"}[way]
    more = gap(way, "sure", other="real_items")
    run.claim(always, more, at_least=-0.02, expect=expect, **paper)
    more = gap(way, "other_class")
    run.claim(text + "more third classes than on the target's own arc", more, above=0)
    more = gap(way, "other_class", other="class_means")
    run.claim(text + "more third classes than between class means", more, above=0)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
# - Compare a walk with others between the same two ends, with the path that it was given, and with one that knows the classes only.
# - A jump between classes can fit the loss. A jump within a class breaks locality; few walks have one here.
# - Class accuracy at the ends says nothing about the way.
#
# ## What to try
# On the way from garment to garment, which third digits does the judge see most often? The solution prints ten counts, for the digits 0 to 9: at how many points of these 200 walks the judge sees that digit, and neither end has it. In our run 4 leads, 1 and 9 are rare, and no digit dominates.

# %%
a, b, _ = ends["fashion->mnist", 0]["between"]
x = walk("fashion->mnist", a, b, points=33)["transfer"]
label = run.domain("mnist").classify(x.flatten(0, 1)).view(-1, 33)  # (200, 33)

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
third = (label != label[:, :1]) & (label != label[:, -1:])
print(label[third].bincount(minlength=10).tolist())
