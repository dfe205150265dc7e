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
# Yes. One bridge serves **five** domains: two models of digits, one of clothes, one of spoken words, and a space that we turn at random. Measured over six directions,
# it keeps on average about as many classes as a bridge per pair. A further domain can join without moving the others.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # quick: a minute on two cores; laptop: 8 minutes

# %% tags=["nbval-ignore-output"]
import itertools
from functools import partial

import numpy as np
import pandas as pd
import torch

import lt
from lt.book import figures, start, tables
from lt.maps import fit_map
from lt.metrics import Score
from lt.networks import parameter_count

run = start("11_many_domains", profile)

# %%
kinds = {"mnist": "digits", "fashion": "clothes", "speech": "words"}
seen = {name: run.latents(name) for name in (*kinds, "mnist_b")}
draw = lt.named_generator("turned", 0)
order = torch.randperm(100, generator=draw)
sign = torch.randint(2, (100,), generator=draw).to(seen["mnist"].mean) * 2 - 1


def turn(z):  # axes in random order, of random sign
    return z[:, order] * sign


def back(z):
    return (z * sign)[:, order.argsort()]


digits, first = run.domain("mnist"), seen["mnist"]
turned = lt.Domain("turned", decode=lambda z: digits.items(back(z)), latent=100)
seen["turned"] = lt.Latents(
    "turned", turn(first.mean), first.std[:, order], first.y, turned
)

# %%
steps, batch = {"quick": (600, 96)}.get(profile, (2400, 192))
training = lt.Training(steps, batch, 2e-3, "onecycle", muon=0.02, average=0.99)
config = lt.BridgeConfig(training, 16, width=256, beta_swd=5.0, projections=32)
one = lt.fit_bridge(list(seen.values()), config)  # quick: 20 s, laptop: 2 minutes
test = run.images("mnist")
x = test.x[figures.first_of_each_class(test.y)]  # (10, 784)

# %% mystnb={"figure": {"caption": "Figure 11.1. Held-out digits, the first of each class, and what one bridge makes of them: digits of the second model, garments, spoken digits (log-mel spectrograms), and digits by way of the turned space."}, "image": {"alt": "Five rows of ten pictures: digits 0 to 9; the same digits again in a slightly other hand; garments from T-shirt to ankle boot; ten spectrograms; digits again."}} tags=["nbval-ignore-output"]
called = {"mnist_b": "digits, model two", "fashion": "garments", "speech": "words"}
called["turned"] = "turned space"
rows = {word: one.translate(x, "mnist", name) for name, word in called.items()}
figures.grid({"digits": x} | rows)

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
# Each domain comes back from the shared space; the clouds of any two domains lie over one another; equal classes meet. Five domains have twenty directions. A direction
# has no parameters of its own: it is a pair of labels, one on the way in and one on the way out.

# %%
ends = itertools.permutations(one.names, 2)
print(len(one.names), "domains,", len(list(ends)), "directions")
z = turn(run.held("mnist").mean[:3])  # latents (3, 100) of the turned space
print("turned -> speech:", tuple(one.transfer(z, "turned", "speech").shape))

# %% [markdown]
# Why a turned space? Nothing tells the bridge which of its axes is which axis of the digits. So it is as foreign as any other model, and we can make as many as we like.
#
# ## Against a bridge per pair
#
# Three kinds of data make three pairs. Two of their bridges come from chapters 3 and 4; clothes and speech get one with the settings of chapter 4.

# %%
pairs = {}
for a, b in itertools.combinations(kinds, 2):
    pairs[a, b] = pairs[b, a] = run.bridge(a, b)  # the new one: 10 s, laptop: 90 s

# %% [markdown]
# ## A domain that comes later
#
# `lt.join` adds a domain to a finished bridge. Only the new domain's own network is trained. It lays its points over those that the old domains have
# in the shared space, under the old classifier.
#
# We start from the bridge of the two MNIST models. Clothes join, then speech, each laid beside the first MNIST model alone. So clothes and speech
# never meet: from garments to words is a direction that *nothing was trained for*.

# %%
twins = run.bridge("mnist", "mnist_b")  # from chapter 3
clothed = lt.join(twins, seen["fashion"], beside=[seen["mnist"]], training=training)
joined = lt.join(clothed, seen["speech"], beside=[seen["mnist"]], training=training)
old, new = twins.state_dict(), joined.state_dict()
changed = [key for key, value in old.items() if not torch.equal(value, new[key])]
print("weights of the first two domains that changed:", len(changed))

# %% [markdown]
# ## The rule by class
#
# [Chapter 6](06_need_a_bridge.ipynb) has a rival without a network: read the class, then send principal axis to principal axis. It serves many domains as well. Each domain needs
# its classifier, its class means and its axes, scaled to length one; a new domain brings its own. Here it stands beside the bridges.

# %%
points = {"speech": seen["speech"]}
for name in ("mnist", "fashion"):  # training items without jittered copies
    items = run.images(name, "train")
    points[name] = run.domain(name).latents(items.x, items.y)
rule = {}
for a, b in itertools.permutations(kinds, 2):
    sure = None if b == "speech" else 0.9  # accepted samples are sure already
    rule[a, b] = fit_map(points[a], points[b], "gaussian_gw", ridge=0.01, sure=sure)

# %% [markdown]
# ## All directions
#
# Class and diversity are measured as in chapter 3, on held-out items. For the summary, each item counts by the share of its translations that keep the class.

# %%
moves = {
    "many_bridge": one.transfer,
    "bridging_vae": lambda z, a, b: pairs[a, b].transfer(z, a, b),
    "joined_bridge": joined.transfer,
    "gaussian_gw": lambda z, a, b: rule[a, b].transfer(z),
}
scores, kept = {}, "transfer_accuracy"


def between(move, a, b):
    return lambda z: move(z, a, b)


with torch.no_grad():
    for a, b in itertools.permutations(kinds, 2):
        for method, move in moves.items():
            score = run.score(between(move, a, b), a, b)
            scores[method, a, b] = score
            run.add(f"{a}->{b}", method, [score], table="directions")


def overall(method):
    """One score for the six directions."""
    items, spread = [], []
    for a in kinds:
        found = [scores[method, a, b] for b in kinds if b != a]
        items.append(np.mean([score.items[kept] for score in found], axis=0))
        spread += [score["diversity"] for score in found]
    items = np.concatenate(items)
    return Score({kept: items.mean(), "diversity": np.mean(spread)}, {kept: items})


for method in moves:
    run.add("all directions", method, [overall(method)], table="overall")

# %% tags=["nbval-ignore-output"]
run.table("directions", [kept, "diversity"], "Table 11.1. Six directions, held out.")

# %% tags=["nbval-ignore-output"]
caption = "Table 11.2. All six together. One set: intervals count items alone."
run.table("overall", [kept, "diversity"], caption)

# %% [markdown]
# - **One bridge for all** keeps on average about as many classes as bridges that each have one pair to learn, and less variety.
# - **Joined one by one**, they lose no classes on average, but variety of words. The direction that nothing was trained for works too: garments become words.
# - **The rule by class** needs no network beside its classifiers. On average it keeps about as many classes as the bridges per pair, fewer of them into digits, and more variety.
#
# ## Round trips
#
# A digit becomes a garment, the garment a word, and the word a digit again. Go around twice. Do the losses add up?

# %%
circle = [*kinds, "mnist"]


@torch.no_grad()
def around(move, z, rounds):
    for a, b in list(itertools.pairwise(circle)) * rounds:
        z = move(z, a, b)
    return z


for (method, move), rounds in itertools.product(moves.items(), (1, 2)):
    score = run.score(partial(around, move, rounds=rounds), "mnist", "mnist")
    run.add(("one round", "two rounds")[rounds - 1], method, [score], table="rounds")

# %% tags=["nbval-ignore-output"]
run.table("rounds", [kept, "diversity"], "Table 11.3. Digits after round trips.")

# %% mystnb={"figure": {"caption": "Figure 11.2. The first ten held-out sevens, and what comes back after two round trips."}, "image": {"alt": "Rows of ten pictures: ten different sevens; the rows below show what the one bridge, the bridges of pairs, the joined bridge and the rule by class return."}} tags=["nbval-ignore-output"]
held = run.held("mnist")
sevens = (held.y == 7).nonzero().flatten()[:10]
rows = {"sevens": test.x[sevens.cpu()]}
for method, word in zip(moves, ("one bridge", "per pair", "joined", "rule")):
    rows[word] = digits.items(around(moves[method], held.mean[sevens], 2))
figures.grid(rows)

# %% [markdown]
# The class survives two rounds by all four methods. Variety tells them apart. By the bridges per pair, ten different sevens come back much alike, and
# one picture is easy to keep. So the class alone says little after a round trip: read it beside the diversity.
#
# In the one bridge, the sevens stay more different. A likely reason: each bridge of a pair has a shared space of its own, and each drops other details. In one bridge
# all steps drop the same ones. The rule drops least of the variety: after a whole round, an axis comes back to itself. It keeps the fewest classes.
#
# ## What it costs

# %% tags=["nbval-ignore-output"]
costs = {"one bridge, five domains": [one], "clothes and words join": [clothed, joined]}
for a, b in itertools.combinations(kinds, 2):
    costs[f"{kinds[a]} and {kinds[b]}"] = [pairs[a, b]]
table = {
    name: [
        f"{sum(parameter_count(bridge.parts[-1]) for bridge in some):,}",
        f"{sum(bridge.history['seconds'][0] for bridge in some):.0f}",
    ]
    for name, some in costs.items()
}
frame = pd.DataFrame(table, ["parameters", "seconds"]).T
tables.table(frame, f"Table 11.4. What is trained, on one core. Profile {profile}.")

# %% [markdown]
# One training serves all twenty directions. A domain that joins pays for its own part alone. The number of domains counts there, where for bridges per pair the number
# of pairs does: ten for five domains, forty-five for ten.
#
# ## What holds

# %%
for method, least in {"many_bridge": -0.05, "joined_bridge": -0.02}.items():
    gap = run.difference("all directions", method, "bridging_vae", kept)
    run.claim(f"{method}: classes against a bridge per pair", gap, at_least=least)
text = "Weights of the first two domains that joining changes"
run.claim(text, len(changed), at_most=0, exact=True)
found = run["fashion->speech", "joined_bridge", kept]
run.claim("Never trained: garments become words", found, at_least=0.7)
gap = run.difference("all directions", "gaussian_gw", "bridging_vae", kept)
run.claim("The rule by class: as many classes as bridges per pair", gap, at_least=-0.05)
gap = run.difference("mnist->fashion", "gaussian_gw", "bridging_vae", "diversity")
run.claim("The rule by class: more variety, digits to garments", gap, above=0)
found = run["two rounds", "gaussian_gw", "diversity"]
run.claim("The rule by class: varied after two rounds", found, at_least=0.6)

# %%
for method in moves:
    found = run["two rounds", method, kept]
    run.claim(f"Class kept after two rounds: {method}", found, at_least=0.75)
found = run["two rounds", "bridging_vae", "diversity"]
run.claim("Bridges per pair: little variety after two rounds", found, at_most=0.4)
gap = run.difference("fashion->speech", "many_bridge", "bridging_vae", "diversity")
run.claim("One bridge: less variety, garments to words", gap, below=0)
gap = run.difference("two rounds", "many_bridge", "bridging_vae", "diversity")
run.claim("One bridge: more variety after two rounds", gap, above=0.1)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - One bridge can serve many domains. A direction is a pair of labels and costs nothing of its own.
# - What is joined to one domain is joined to all, and nothing that was there moves.
# - After a round trip, look at the diversity: one picture per class is easy to keep. The rule by class stays the most varied.
#
# ## What to try
#
# Lay speech beside clothes instead of beside digits. Do more garments become the right word? What happens to the digits?

# %%
other = lt.join(clothed, seen["speech"], beside=[seen["fashion"]], training=training)

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
for name in ("fashion", "mnist"):
    for beside, bridge in {"digits": joined, "clothes": other}.items():
        score = run.score(between(bridge.transfer, name, "speech"), name, "speech")
        print(f"{kinds[name]} to words, laid beside {beside}: {score[kept]:.3f}")
