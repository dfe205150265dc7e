# %% [markdown]
# # 11. Many domains, one bridge
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/11_many_domains.ipynb)
#
# **Can one small network join more than two models?**
#
# Yes. One bridge serves **five** latent spaces (one is another in turned axes): in each of twenty directions at least eight of ten items keep their class. Bridges per pair keep a few more, but lose far more variety on round trips. (Principal axes by class, without a bridge, keep more variety still, and fewer classes.) A further domain can join without moving the others; in one set, that was as good as training all at once.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (25 minutes)

# %% tags=["nbval-ignore-output"]
import itertools
from dataclasses import replace
from functools import cache, partial

import pandas as pd
import torch

import lt
from lt.book import figures, start, tables
from lt.maps import fit_map
from lt.metrics import estimate, transfer_score

run = start("11_many_domains", profile)

# %% [markdown]
# Five spaces, but three kinds of data. Two spaces are those of two models of digits, one is that of clothes ([chapter 2](02_base_models.ipynb)), one that of spoken words ([chapter 4](04_speech.ipynb)). The fifth is the first again, *turned*: each latent of a digit, with its 100 numbers in another order and some signs changed. Nothing tells the bridge which number is which, so it has to learn that anew, though the cloud has the shape of one that it serves already. We can turn back: then its points decode to digits, and we have a judge for them.

# %%
kinds = ["mnist", "fashion", "speech"]
sets = run.sets[:3]  # of base models; all have the one generator of speech
draw = lt.named_generator("turned", 0)
order = torch.randperm(100, generator=draw)
sign = (torch.randint(2, (100,), generator=draw) * 2 - 1).to(run.device)
turn = torch.eye(100, device=run.device)[:, order] * sign  # axes in another order

@cache
def model(name, s):
    """A domain of set s; "turned" is the first model of digits in turned axes."""
    if name != "turned":
        return run.domain(name, s)
    digits = run.domain("mnist", s)
    return lt.Domain(name, None, lambda z: digits.items(z @ turn.T), digits.judge)

@cache  # 2 GB at laptop
def spaces(s):
    """What a bridge sees of set s: the latents of five domains by their names."""
    seen = {name: run.latents(name, s) for name in (*kinds, "mnist_b")}
    z, std, y = seen["mnist"].mean @ turn, seen["mnist"].std[:, order], seen["mnist"].y
    seen["turned"] = lt.Latents("turned", z, std, y, model("turned", s))
    return seen


# %%
steps, batch, width = {"quick": (200, 64, 128)}.get(profile, (2400, 192, 256))
# as in chapter 3: Muon for hidden matrices, Adam for the rest, a mean of weights kept
training = lt.Training(steps, batch, 2e-3, "onecycle", muon=0.02, average=0.99)
config = lt.BridgeConfig(training, 16, width, beta_swd=5.0, projections=32)
one = [lt.fit_bridge(list(spaces(s).values()), config) for s in sets]  # 80 s each
test, names = run.images("mnist"), one[0].names
x = test.x[figures.first_of_each_class(test.y)]  # (10, 784)

# %% mystnb={"figure": {"caption": "Figure 11.1. Held-out digits, the first of each class, and what one bridge makes of them: garments, spoken digits (log-mel spectrograms), digits of the second model, and digits by way of the turned space; the first set of base models. In a spectrogram, time runs to the right, and low notes are at the bottom. The 5 fails: it becomes no sandal, and no clear 5."}, "image": {"alt": "Five rows of ten pictures: digits 0 to 9; garments from T-shirt to ankle boot, with a pale smear where the sandal should be; ten spectrograms; the same digits again in another hand, twice, and both times a 5 that is hard to read."}} tags=["nbval-ignore-output"]
words = ["digits", "garments", "words", "digits, model two", "turned space"]
called = dict(zip(names, words))
rows = {"digits": x}
for name in names[1:]:
    rows[called[name]] = one[0].translate(x, "mnist", name)
figures.grid(rows)

# %% [markdown]
# ## The same loss, with more terms
# With $m$ domains a step draws a batch of each, and the loss of [chapter 3](03_bridging.ipynb) has a sum where it had two terms:
#
# $$
# \mathcal{L} = \sum_{i} \mathcal{L}_\mathrm{ELBO}(D_i)
# + \beta_\mathrm{SWD} \binom{m}{2}^{-1} \sum_{i < j} \mathrm{SWD}(z'_i, z'_j)
# + \beta_\mathrm{Cls} \sum_{i} \mathcal{L}_\mathrm{Cls}(D_i)
# $$
#
# Each domain comes back, any two clouds lie over one another, and equal classes meet. All domains share one network. A direction has no parameters of its own: it is a pair of domain labels, one on the way in and one on the way out. Five domains have twenty directions.
#
# Where do the settings come from? The width and the weight of the SWD were chosen by a search on training items kept aside ([Reference: how the settings were chosen](16_selection.ipynb)). The 16 shared numbers are those of chapter 4. The SWD takes 32 directions per step, where chapter 3 takes 128, to save time.
#
# ## All twenty directions
# Class and diversity are measured as in [chapter 3](03_bridging.ipynb), on held-out items. Results in the turned space go to the judge of digits. The class before is what the judge sees in the original picture; of a word, which has no original, in what the generator makes. The one bridge is trained three times, on the first three of the six sets of base models (to save time); speech has one generator for all. Numbers are means over these sets.

# %%
kept, varied = "transfer_accuracy", "diversity"

@cache
def held_out(s):
    """Held-out latents of each domain, and the class that a judge sees in each item."""
    held = {name: run.held(name, s) for name in ("mnist", "mnist_b", "fashion")}
    held["turned"] = replace(held["mnist"], mean=held["mnist"].mean @ turn)
    held["speech"] = run.held("speech")
    real = dict.fromkeys(names, test.x)  # three domains have the same digits
    real["fashion"] = run.images("fashion").x
    real["speech"] = model("speech", s).items(held["speech"].mean)  # has no originals
    return held, {name: model(name, s).classify(x) for name, x in real.items()}

@torch.no_grad()
def measured(move, a, b, s):
    """The score of held-out items of domain a in set s that become items of b."""
    held, judged = held_out(s)
    made = model(b, s).items(move(held[a].mean, a, b))
    own, own_y = run.own("mnist" if b == "turned" else b, s)  # reconstructions
    score = partial(transfer_score, own=own, own_y=own_y)
    return score(made, held[a].mean, held[a].y, judged[a], model(b, s).classify)

directions = {}  # from, to: one score per set
table = pd.DataFrame("", index=called.values(), columns=called.values())
for a, b in itertools.permutations(names, 2):
    directions[a, b] = [measured(one[s].transfer, a, b, s) for s in sets]
    mean = estimate(directions[a, b], kept).value
    table.loc[called[a], called[b]] = f"{mean:.3f}"

# %% tags=["nbval-ignore-output"]
tables.table(table, f"Table 11.1. Classes kept, from row to column. Profile {profile}.")

# %% [markdown]
# ## Against a bridge per pair
# Three kinds of data make three pairs. Each gets a bridge of its own in each set, with the settings of the one bridge.
#
# One weight has to change to stay the same. The SWD is a mean over pairs of domains; the other terms are sums over domains. In the one bridge, an SWD of weight 5 stands beside terms of five domains, so in a bridge of two it gets weight 2. We train each pair a second time with weight 5: there the SWD counts two and a half times as much. At `quick`, trainings are too short for some of the claims below.

# %%
pairs = {}  # of domains, per weight of the SWD
for s in sets:  # laptop: four minutes per set
    for a, b in itertools.combinations(kinds, 2):
        for weight in (2.0, 5.0):
            settings = replace(config, beta_swd=weight)
            bridge = lt.fit_bridge([spaces(s)[a], spaces(s)[b]], settings)
            pairs[weight, a, b, s] = pairs[weight, b, a, s] = bridge


# %% [markdown]
# ## Six directions, four ways
# [Chapter 6](06_need_a_bridge.ipynb) has a rival without a bridge, *principal axes by class*: read the class, then send the first principal axis of the class to the first, the second to the second, and so on. It serves many domains as well: each brings its classifier, its class means and its axes.

# %%
@cache
def axes_by_class(a, b, s):
    """As in chapter 6: of b only items whose class a classifier is sure of (0.9)."""
    points, real = [], len(run.images("mnist", "train"))  # jittered copies come after
    for name in (a, b):
        d = spaces(s)[name]
        points.append(d if name == "speech" else d.take(slice(real)))
    return fit_map(*points, "gaussian_gw", ridge=0.01, sure=0.9)

def moves(s):
    """Four ways from domain to domain in set s, as functions of z, source, target."""
    return {
        "one_bridge": one[s].transfer,
        "bridge_per_pair": lambda z, a, b: pairs[2.0, a, b, s].transfer(z, a, b),
        "bridge_per_pair_SWD_5": lambda z, a, b: pairs[5.0, a, b, s].transfer(z, a, b),
        "gaussian_gw": lambda z, a, b: axes_by_class(a, b, s).transfer(z),
    }


# %%
def beside(methods, metric):
    """A table of six directions, down, and methods, across: means and intervals."""
    made = pd.DataFrame()
    for a, b in itertools.permutations(kinds, 2):
        for method in methods:
            found = run[f"{a}->{b}", method, metric]
            text = tables.interval(found.value, found.low, found.high)
            made.loc[f"{called[a]} → {called[b]}", tables.words(method)] = text
    return made


# %%
for a, b in itertools.permutations(kinds, 2):
    for method in moves(0):
        found = [measured(moves(s)[method], a, b, s) for s in sets]
        run.add(f"{a}->{b}", method, found, table="directions")

# %% tags=["nbval-ignore-output"]
tables.table(beside(moves(0), kept), "Table 11.2. Classes kept, held out.")

# %% tags=["nbval-ignore-output"]
tables.table(beside(moves(0), varied), "Table 11.3. Diversity, held out.")

# %% [markdown]
# - **One bridge for all** keeps about as many classes as a bridge per pair: a little fewer in each of the six directions, in the worst two to three of a hundred. In variety neither side wins: the pairs' results vary more from words, a little more from garments, and a little less from digits.
# - **A heavier SWD** costs the pairs some variety where words are made, hardly any elsewhere, and changes hardly anything in the classes.
# - **Principal axes by class** need no network but classifiers. Their results vary more than those of the one bridge in all six directions. In classes there is no winner: they keep more than the one bridge from garments to words and back, as many from digits to words, and fewer in the other three directions.
#
# ## Round trips
# Go from digits to garments, to words and back to digits, twice around, in six steps. The latents go on as they are, not drawn and encoded again. Do the losses add up?

# %%
stations = [*kinds, *kinds, "mnist"]

def around(move, steps, z, *_):  # measured() also gives the first and the last domain
    for a, b in itertools.pairwise(stations[: steps + 1]):
        z = move(z, a, b)
    return z


# %%
curves = {}  # diversity after each step, in the first set
for method in moves(0):
    diversities = []
    for steps in range(1, 7):
        found = []
        for s in sets if steps == 6 else sets[:1]:
            move = partial(around, moves(s)[method], steps)
            found.append(measured(move, "mnist", stations[steps], s))
        diversities.append(found[0][varied])
    curves[tables.words(method)] = range(1, 7), diversities
    run.add("two rounds", method, found, table="rounds")

# %% tags=["nbval-ignore-output"]
run.table("rounds", [kept, varied], "Table 11.4. Digits after two rounds.")

# %% mystnb={"figure": {"caption": "Figure 11.2. Ten held-out digits of one class, and what is left of each after two rounds (the first set)."}, "image": {"alt": "Five rows of ten pictures: ten different handwritten 2s; what the one bridge, the bridges per pair with the lighter and the heavier SWD, and principal axes make of them."}} tags=["nbval-ignore-output"]
ten = (test.y == 2).nonzero().flatten()[:10]
rows = {"digits": test.x[ten]}
for method, move in moves(0).items():
    with torch.no_grad():
        z = around(move, 6, run.held("mnist").mean[ten])
    name = tables.words(method).removesuffix(" by class")
    rows[name] = model("mnist", 0).items(z)
figures.grid(rows)

# %% mystnb={"figure": {"caption": "Figure 11.3. Diversity on the way, in the first set, in units of the domain's own: garments after steps 1 and 4, words after 2 and 5, digits after 3 and 6. Compare steps of one domain."}, "image": {"alt": "Four lines over six steps: diversity by the one bridge, by the bridges per pair with the lighter and the heavier SWD, and by principal axes. In the end the one bridge and principal axes are far above the pairs."}} tags=["nbval-ignore-output"]
figures.lines(curves, "step", "diversity")

# %% [markdown]
# **The losses in class do not add up.** Multiplied, those of the one bridge in Table 11.2 would leave two digits in three. But more than nine in ten keep their class, in all four ways. After the first step a bridge loses hardly any more. We guess, and did not test, that the points a bridge makes are more typical of their class than those of real items, and so are easier to pass on.
#
# **Variety tells the ways apart.** By the bridges per pair, two digits of a class end a fifth as far apart, in pixels, as those that the model draws of real ones; by the one bridge, three quarters as far. The weight of the SWD is not why: with 2 as with 5, the pairs lose most of the variety. A guess: in the one bridge all steps pass through one shared space; each pair has one of its own, and what one keeps another may drop. Principal axes keep most of the variety, and of a hundred digits about five fewer keep their class.
#
# ## A domain that comes later
# `lt.join` adds a domain $n$ to a finished bridge. The new domain gets an encoder and a decoder of its own (so the bridge grows), and only these are trained. The old network and its classifier stay as they are. So do the points $z'_o$ that an old domain has in the shared space, and the new points are laid over them:
#
# $$ \mathcal{L}_n = \mathcal{L}_\mathrm{ELBO}(D_n) + \beta_\mathrm{SWD}\,\mathrm{SWD}(z'_n, z'_o) + \beta_\mathrm{Cls}\,\mathcal{L}_\mathrm{Cls}(D_n) $$
#
# In code, this is the loss of [chapter 3](03_bridging.ipynb) for one domain, with two things from outside: the old classifier, and the old points, here called the *anchor*. We start from the bridge of the two MNIST models, in the first set. Clothes join, laid beside the first MNIST model. First we compare the equation with `bridge_objective`, which `lt.join` minimises:

# %%
twins = run.bridge("mnist", "mnist_b")  # from chapter 3
first, clothes = spaces(0)["mnist"], spaces(0)["fashion"]
with torch.no_grad():
    anchor = lt.Latents("old points", *twins.encode(first.mean, "mnist"), first.y)
part = lt.bridge.network_of(twins.config, [clothes.size], classes=10)  # of the clothes
fixed = {"classifier": twins.network.classifier, "anchor": anchor}
objective = lt.bridge.bridge_objective(part, twins.config, [clothes], **fixed)
terms = objective(lt.named_generator("join", 0, run.device), torch.zeros(()))
elbo = terms["reconstruction"] + 0.002 * terms["kl"]  # the weights of chapter 3
typed = elbo + 1.0 * terms["swd"] + 0.3 * terms["classification"]
print("equation and lt.join agree:", torch.isclose(typed, terms["loss"]).item())

# %% [markdown]
# `lt.join` minimises this over the weights of `part` alone, so what was there stays as it was, bit for bit (shown by `tests/test_join.py`, not here). After clothes, speech joins in the same way. So clothes and speech never meet, nor does either meet the second MNIST model: between these three, *nothing was trained for* any direction.
#
# The bridge of chapter 3 has other settings than the one bridge: eight numbers in $z'$, half the width, an SWD of weight 1. To see what they change, we also begin with a bridge that has those of the one bridge. Its SWD weighs 2 beside two domains, then 1 beside the one that joins.

# %%
spoken, how = spaces(0)["speech"], {"beside": [first], "training": training}
clothed = lt.join(twins, clothes, **how)  # laptop: half a minute
joined = lt.join(clothed, spoken, **how)
begun = lt.fit_bridge([first, spaces(0)["mnist_b"]], replace(config, beta_swd=2.0))
begun.config = replace(config, beta_swd=1.0)
alike = lt.join(lt.join(begun, clothes, **how), spoken, **how)
three = ["joined_bridge", "joined_same_settings", "one_bridge_in_this_set"]
twelve = {}  # from, to: the score of the joined bridge
for a, b in itertools.permutations((*kinds, "mnist_b"), 2):
    twelve[a, b] = measured(joined.transfer, a, b, 0)
    if "mnist_b" not in (a, b):
        found = twelve[a, b], measured(alike.transfer, a, b, 0), directions[a, b][0]
        for method, score in zip(three, found):
            run.add(f"{a}->{b}", method, [score], table="joined")

# %% tags=["nbval-ignore-output"]
tables.table(beside(three, kept), "Table 11.5. Classes kept, the first set.")

# %% tags=["nbval-ignore-output"]
tables.table(beside(three, varied), "Table 11.6. Diversity, the first set.")


# %% [markdown]
# In this set the joined bridge keeps as many classes as the one bridge, or more (from words to digits three more of a hundred), and its results vary more in all six directions. From garments to words, which nothing was trained for, nine in ten keep their class.
#
# Why more variety: the joining, or the settings? The middle column of Table 11.6 (joined, but with the settings of the one bridge) lies between the two others in all six directions. So joining goes with more variety, and so do the settings of chapter 3, from garments to digits even more. But what joins also gets networks of its own. Which of this it is, and whether it holds in other sets, we did not test: these are single trainings, with intervals over items only.
#
# ## What holds

# %%
def lowest(estimates):
    return min(estimates, key=lambda one: 1 if one.value is None else one.value)

def gaps(method, other, metric):
    six = [f"{a}->{b}" for a, b in itertools.permutations(kinds, 2)]
    return [run.difference(way, method, other, metric) for way in six]

found = lowest([estimate(scores, kept) for scores in directions.values()])
run.claim("One bridge: classes kept in the worst of twenty", found, at_least=0.8)
found = lowest(gaps("one_bridge", "bridge_per_pair", kept))
run.claim("One bridge: classes beside pairs, worst of six", found, at_least=-0.05)
gap = run.difference("two rounds", "one_bridge", "bridge_per_pair", varied)
run.claim("Two rounds: one bridge more varied than pairs", gap, above=0.1)
gap = run.difference("two rounds", "one_bridge", "bridge_per_pair_SWD_5", varied)
run.claim("Two rounds: one bridge more varied than pairs, SWD 5", gap, above=0.1)
rounds = [run["two rounds", method, kept] for method in moves(0)]
run.claim("Two rounds: classes kept, worst of four", lowest(rounds), at_least=0.75)
found = run["two rounds", "gaussian_gw", varied]
run.claim("Two rounds: principal axes varied", found, at_least=0.6)
found = lowest(gaps("gaussian_gw", "one_bridge", varied))
run.claim("Principal axes: more varied than one bridge, all six", found, above=0)
found = lowest([estimate([score], kept) for score in twelve.values()])
run.claim("Joined: classes kept in the worst of twelve", found, at_least=0.8)
found = run["fashion->speech", "joined_bridge", kept]
run.claim("Never trained: garments become words", found, at_least=0.7)
found = lowest(gaps("joined_bridge", "one_bridge_in_this_set", kept))
run.claim("Joined: classes beside one bridge, worst of six", found, at_least=-0.05)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
# - One bridge can serve many domains. A direction is a pair of labels and costs nothing of its own; a domain that joins later costs an encoder and a decoder.
# - What is joined to one domain is joined to all. Only the new part is trained, so nothing that was there moves.
# - After a round trip, look at the diversity: one picture per class is easy to keep. Principal axes by class keep the most of it.
#
# ## What to try
# Lay speech beside clothes instead of beside digits. Do more garments become the right word?

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
before = run["fashion->speech", "joined_bridge", kept]
other = lt.join(clothed, spoken, [clothes], training=training)
after = measured(other.transfer, "fashion", "speech", 0)[kept]
print(f"beside digits {tables.interval(before.value, before.low, before.high)}")
print(f"beside clothes {after:.3f}")  # at laptop within the interval: hardly any more
