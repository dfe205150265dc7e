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
# # 11. Many domains, one bridge
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/11_many_domains.ipynb)
#
# **Can one small network join more than two models?**
#
# Yes. One bridge serves **five** latent spaces of three kinds of data: two models of digits, one of clothes, one of spoken words, and the space of the first digits, turned at random. In each of its twenty directions at least eight items of ten keep their class. But in all six directions that we compare, its results vary less than those of a bridge per pair. A further domain can join without moving the others.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (9 minutes)

# %% tags=["nbval-ignore-output"]
import itertools
from dataclasses import replace
from functools import cache, partial

import pandas as pd
import torch

import lt
from lt.book import figures, start, tables
from lt.maps import READER, fit_latent_classifier, fit_map
from lt.metrics import transfer_score
from lt.networks import parameter_count

run = start("11_many_domains", profile)

# %%
kinds = ["mnist", "fashion", "speech"]
seen = {name: run.latents(name) for name in (*kinds, "mnist_b")}
models = {name: run.domain(name) for name in seen}
digits, first = models["mnist"], seen["mnist"]
draw = lt.named_generator("turned", 0)
order = torch.randperm(100, generator=draw)
sign = (torch.randint(2, (100,), generator=draw) * 2 - 1).to(first.mean)
turn = torch.eye(100).to(sign)[:, order] * sign  # axes in random order, of random sign
turned = lt.Domain("turned", None, lambda z: digits.items(z @ turn.T), digits.judge)
models["turned"] = turned
std = first.std[:, order]
seen["turned"] = lt.Latents("turned", first.mean @ turn, std, first.y, turned)

# %%
steps, batch, width = {"quick": (800, 64, 128)}.get(profile, (2400, 192, 256))
training = lt.Training(steps, batch, 2e-3, "onecycle", muon=0.02, average=0.99)
config = lt.BridgeConfig(training, 16, width, beta_swd=5.0, projections=32)
one = lt.fit_bridge(list(seen.values()), config)  # quick: 10 s, laptop: 80 s
test = run.images("mnist")
x = test.x[figures.first_of_each_class(test.y)]  # (10, 784)

# %% mystnb={"figure": {"caption": "Figure 11.1. Held-out digits, the first of each class, and what one bridge makes of them: garments, spoken digits (log-mel spectrograms), digits of the second model, and digits by way of the turned space. The 5 fails: it becomes no sandal, and no clear 5."}, "image": {"alt": "Five rows of ten pictures: digits 0 to 9; garments from T-shirt to ankle boot, with a pale smear where the sandal should be; ten spectrograms; the same digits again in another hand, twice, and both times a 5 that is hard to read."}} tags=["nbval-ignore-output"]
words = ["digits", "garments", "words", "digits, model two", "turned space"]
called = dict(zip(one.names, words))
rows = {"digits": x}
for name in one.names[1:]:
    rows[called[name]] = one.translate(x, "mnist", name)
figures.grid(rows)

# %% [markdown]
# ## The same loss, with more terms
#
# With $m$ domains a step draws a batch of each, and the loss of [chapter 3](03_bridging.ipynb) has a sum where it had two terms:
#
# $$
# \mathcal{L} = \sum_{i} \mathcal{L}_\mathrm{ELBO}(D_i)
# + \beta_\mathrm{SWD} \binom{m}{2}^{-1} \sum_{i < j} \mathrm{SWD}(z'_i, z'_j)
# + \beta_\mathrm{Cls} \sum_{i} \mathcal{L}_\mathrm{Cls}(D_i)
# $$
#
# Each domain comes back from the shared space; the clouds of any two domains lie over one another; equal classes meet. All domains share one network; a direction has no parameters of its own: it is a pair of domain labels, one on the way in and one on the way out. Five domains have twenty directions.
#
# Why a turned space? It holds the latents of the first digits, with the axes in another order and some signs changed. Nothing tells the bridge which axis is which, so it has to learn that as for a model from elsewhere. But its items are digits, and we have a judge for them. Three of the five spaces are digits: there are three kinds of data here, not five.
#
# ## All twenty directions
#
# Class and diversity are measured as in [chapter 3](03_bridging.ipynb), on held-out items. Results in the turned space go to the judge of digits. Every number on this page is of one set of base models and one training per bridge; the intervals count items alone. What the figure and Table 11.1 call *digits*, *garments* and *words* are MNIST, Fashion-MNIST and speech in Table 11.2.

# %%
kept = "transfer_accuracy"
some = slice(None, None, 3 if profile == "quick" else 1)  # quick: every third item
held = {name: run.held(name).take(some) for name in ("mnist", "mnist_b", "fashion")}
held["turned"] = replace(held["mnist"], mean=held["mnist"].mean @ turn)
held["speech"] = run.held("speech")
real = dict.fromkeys(one.names, test.x[some])  # three domains have the same digits
real["fashion"] = run.images("fashion").x[some]
real["speech"] = models["speech"].items(held["speech"].mean)  # a generator's own
judged = {name: models[name].classify(x) for name, x in real.items()}


@torch.no_grad()
def measured(move, a, b):
    """The score of held-out items of domain a that become items of b."""
    made = models[b].items(move(held[a].mean, a, b))
    own, own_y = run.own("mnist" if b == "turned" else b)  # reconstructions
    score = partial(transfer_score, own=own, own_y=own_y)
    return score(made, held[a].mean, held[a].y, judged[a], models[b].classify)


scores = {}
table = pd.DataFrame("", index=called.values(), columns=called.values())
for a, b in itertools.permutations(one.names, 2):
    score = measured(one.transfer, a, b)
    scores["one_bridge", a, b] = score
    if not {a, b} <= {*kinds}:  # these six stand in Table 11.2
        run.add(f"{a}->{b}", "one_bridge", [score], table="one bridge")
    table.loc[called[a], called[b]] = f"{score[kept]:.3f}"

# %% tags=["nbval-ignore-output"]
tables.table(table, f"Table 11.1. Classes kept, from row to column. Profile {profile}.")

# %% [markdown]
# ## Against a bridge per pair
#
# Three kinds of data make three pairs. Two of their bridges come from chapters 3 and 4; clothes and speech get one with the settings of chapter 4. So these bridges differ from the one bridge in more than the number of domains: Table 11.4 lists the settings. We compare recipes. At `quick`, trainings are too short for some of the claims below.

# %%
pairs = {("mnist", name): run.bridge("mnist", name) for name in ("fashion", "speech")}
last, chapter_4 = ("fashion", "speech"), run.profile.speech_bridge
few = {"quick": 600}.get(profile, chapter_4.training.steps)  # laptop: 80 s
pairs[last] = lt.fit_bridge([seen[name] for name in last], chapter_4, steps=few)
for a, b in list(pairs):
    pairs[b, a] = pairs[a, b]

# %% [markdown]
# ## A domain that comes later
#
# `lt.join` adds a domain $n$ to a finished bridge. The new domain gets an encoder and a decoder of its own, and only these are trained. The old network and its classifier stay as they are. So do the points $z'_o$ that an old domain has in the shared space, and the new points are laid over them:
#
# $$ \mathcal{L}_n = \mathcal{L}_\mathrm{ELBO}(D_n) + \beta_\mathrm{SWD}\,\mathrm{SWD}(z'_n, z'_o) + \beta_\mathrm{Cls}\,\mathcal{L}_\mathrm{Cls}(D_n) $$
#
# We start from the bridge of the two MNIST models. Clothes join, then speech, each laid beside the first MNIST model alone. So clothes and speech never meet: from garments to words is a direction that *nothing was trained for*.

# %%
twins = run.bridge("mnist", "mnist_b")  # from chapter 3
later = replace(training, steps={"quick": 400}.get(profile, steps))
clothed = lt.join(twins, seen["fashion"], [seen["mnist"]], training=later)
joined = lt.join(clothed, seen["speech"], [seen["mnist"]], training=later)
old, new = twins.state_dict(), joined.state_dict()
changed = [key for key, value in old.items() if not torch.equal(value, new[key])]
print("weights of the first two domains that changed:", len(changed))

# %% [markdown]
# ## Six directions, four ways
#
# [Chapter 6](06_need_a_bridge.ipynb) has a rival without a bridge, the *rule by class*: read the class, then send principal axis to principal axis. It serves many domains as well. Each domain needs its classifier, its class means and its axes, scaled to length one; a new domain brings its own. Here it stands beside the bridges.

# %%
reading = replace(READER, steps={"quick": 800}.get(profile, READER.steps))
points, sure, read = {"speech": seen["speech"]}, {}, {}
for name in ("mnist", "fashion"):  # training items without jittered copies
    items = run.images(name, "train")
    points[name] = models[name].latents(items.x, items.y)
for name in kinds:
    read[name] = fit_latent_classifier(points[name], reading)[0]
    label, probability = read[name](points[name].mean)
    certain = (label == points[name].y) & (probability > 0.9)
    sure[name] = points[name].take(certain | (name == "speech"))  # speech was accepted


@cache
def rule(a, b):
    known = {"ridge": 0.01, "classify": lambda z: read[a](z)[0]}
    return fit_map(points[a], sure[b], "gaussian_gw", **known)


moves = {
    "one_bridge": one.transfer,
    "bridge_per_pair": lambda z, a, b: pairs[a, b].transfer(z, a, b),
    "joined_bridge": joined.transfer,
    "rule_by_class": lambda z, a, b: rule(a, b).transfer(z),
}
for a, b in itertools.permutations(kinds, 2):
    for method, move in moves.items():
        if method != "one_bridge":  # measured above
            scores[method, a, b] = measured(move, a, b)
        run.add(f"{a}->{b}", method, [scores[method, a, b]], table="directions")

# %% tags=["nbval-ignore-output"]
run.table("directions", [kept, "diversity"], "Table 11.2. Six directions, held out.")


# %% [markdown]
# - **One bridge for all** keeps about as many classes as a bridge per pair: in the worst of the six directions, a few in a hundred fewer. Its results vary less in all six. That need not come from the number of domains: its SWD weighs the most (Table 11.4), and in [chapter 8](08_ablations.ipynb) the SWD costs variety.
# - **Joined one by one**, they keep about as many, too: more than the one bridge in five of six directions, and the results vary more in all six. Is it the joining, or the other settings (Table 11.4)? We do not know. From garments to words, which nothing was trained for, it beats even the bridge that was trained for it. So that bridge is a weak rival.
# - **The rule by class** has no network but its classifiers. Garments keep fewer classes than by a bridge per pair on the way to digits, and more on the way to words. Garments that it makes of digits vary more.
#
# ## Round trips
#
# A digit becomes a garment, the garment a word, and the word a digit again. Go around twice. Do the losses add up?

# %%
def around(move, rounds, z, *_):
    for _ in range(rounds):
        z = move(z, "mnist", "fashion")
        z = move(z, "fashion", "speech")
        z = move(z, "speech", "mnist")
    return z


for method, move in moves.items():
    for rounds, setting in enumerate(["one round", "two rounds"], 1):
        score = measured(partial(around, move, rounds), "mnist", "mnist")
        run.add(setting, method, [score], table="rounds")

# %% tags=["nbval-ignore-output"]
run.table("rounds", [kept, "diversity"], "Table 11.3. Digits after round trips.")

# %% [markdown]
# More than nine in ten digits keep their class over two rounds, by all four methods. Variety tells them apart: after two rounds by the bridges per pair, two digits of a class lie less than a third as far apart, in pixels, as those that the model draws of real ones. One picture per class is easy to keep, so read the class beside the diversity.
#
# By the one bridge and the joined one, digits stay more different. A likely reason: each bridge of a pair has a shared space of its own, and each drops other details. In one shared space all steps drop the same ones. The rule keeps most of the variety, probably because an axis comes back to itself after a whole round.
#
# ## What it costs

# %% tags=["nbval-ignore-output"]
costs = {"one bridge, five domains": [one], "garments, words join": [clothed, joined]}
for a, b in itertools.combinations(kinds, 2):
    costs[f"{called[a]} and {called[b]}"] = [pairs[a, b]]
table = {}
for name, bridges in costs.items():
    of = bridges[0].config
    size = sum(parameter_count(bridge.parts[-1]) for bridge in bridges)
    seconds = sum(bridge.history["seconds"][0] for bridge in bridges)
    settings = [of.shared, of.width, f"{of.beta_swd:g}", f"{of.beta_cls:g}"]
    table[name] = [*settings, f"{size:,}", f"{seconds:.0f}"]
columns = ["numbers in z'", "width", "SWD weight", "class weight", "parameters"]
frame = pd.DataFrame(table, index=[*columns, "seconds"]).T
tables.table(frame, f"Table 11.4. What is trained, on one core. Profile {profile}.")


# %% [markdown]
# One training serves all twenty directions. A domain that joins pays for its own part alone. The number of domains counts there, where for bridges per pair the number of pairs does: ten for five domains, forty-five for ten.
#
# ## What holds

# %%
def lowest(estimates):
    return min(estimates, key=lambda estimate: estimate.value)


twenty = [f"{a}->{b}" for a, b in itertools.permutations(one.names, 2)]
found = lowest([run[way, "one_bridge", kept] for way in twenty])
run.claim("One bridge: classes kept in the worst of twenty", found, at_least=0.8)
six = [f"{a}->{b}" for a, b in itertools.permutations(kinds, 2)]
for method in ("one_bridge", "joined_bridge"):
    gaps = [run.difference(way, method, "bridge_per_pair", kept) for way in six]
    text = f"{method}: classes beside a bridge per pair, worst of six"
    run.claim(text, lowest(gaps), at_least=-0.05)
run.claim("Old domains: weights that change", len(changed), at_most=0, exact=True)
found = run["fashion->speech", "joined_bridge", kept]
run.claim("Never trained: garments become words", found, at_least=0.7)
gap = run.difference("fashion->mnist", "rule_by_class", "bridge_per_pair", kept)
run.claim("The rule by class: fewer classes, garments to digits", gap, below=0)
gap = run.difference("fashion->speech", "rule_by_class", "bridge_per_pair", kept)
run.claim("The rule by class: more classes, garments to words", gap, above=0)
gap = run.difference("mnist->fashion", "rule_by_class", "bridge_per_pair", "diversity")
run.claim("The rule by class: more variety, digits to garments", gap, above=0)
found = run["two rounds", "rule_by_class", "diversity"]
run.claim("The rule by class: varied after two rounds", found, at_least=0.6)

# %%
found = lowest([run["two rounds", method, kept] for method in moves])
run.claim("Classes kept after two rounds, worst of four ways", found, at_least=0.75)
found = run["two rounds", "bridge_per_pair", "diversity"]
run.claim("Bridges per pair: little variety after two rounds", found, at_most=0.4)
gap = run.difference("fashion->speech", "one_bridge", "bridge_per_pair", "diversity")
run.claim("One bridge: less variety, garments to words", gap, below=0)
gap = run.difference("two rounds", "one_bridge", "bridge_per_pair", "diversity")
run.claim("One bridge: more variety after two rounds", gap, above=0.1)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - One bridge can serve many domains. A direction is a pair of labels and costs nothing of its own. Here its results varied less than those of a bridge per pair.
# - What is joined to one domain is joined to all, and nothing that was there moves.
# - After a round trip, look at the diversity: one picture per class is easy to keep. The rule by class keeps the most of it.
#
# ## What to try
#
# Lay speech beside clothes instead of beside digits. Do more garments become the right word?

# %%
other = lt.join(clothed, seen["speech"], [seen["fashion"]], training=later)

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
before = scores["joined_bridge", "fashion", "speech"][kept]
after = measured(other.transfer, "fashion", "speech")[kept]
print(f"garments to words: beside digits {before:.3f}, beside clothes {after:.3f}")
