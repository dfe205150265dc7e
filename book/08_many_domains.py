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
# # 8. Many domains, one bridge
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/08_many_domains.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("08_many_domains", profile)

# %% [markdown]
# **Can one small network join all of them?** The paper ends on a promise: to connect "a vast number of models", each of them a module. Yet it never joins more
# than two at a time. This chapter joins handwriting (two models), clothes and speech in *one* bridge. It asks what that costs in accuracy,
# what a domain costs that comes later, and how the cost grows.
#
# ## The same objective, with more terms
#
# Nothing new is needed. With $m$ domains the bridge sees a batch of each, and the loss of section 3 has a sum in every place
# where it had two terms:
#
# $$
# \mathcal{L} = \sum_{i=1}^{m} \mathcal{L}_\mathrm{ELBO}(D_i)
# + \beta_\mathrm{SWD} \binom{m}{2}^{-1} \sum_{i < j} \mathrm{SWD}(z'_i, z'_j)
# + \beta_\mathrm{Cls} \sum_{i=1}^{m} \mathcal{L}_\mathrm{Cls}(D_i) .
# $$
#
# Each domain is laid over every other in one shared space of 16 dimensions. So $m$ domains have $m (m - 1)$ directions, and one network learns them all.

# %% tags=["nbval-ignore-output", "hide-input"]
import itertools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown

from lt import fit_bridge, join, metrics, named_generator
from lt.book import plots, report, setup
from lt.latents import Domain, Latents
from lt.networks import parameter_count
from lt.tools.sweeps import ahead, fit_bridges
from lt.zoo.alignment import turned

KEYS = ("mnist", "mnist_b", "fashion", "speech")
bases = [setup.models(budget, KEYS, number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
test = {name: base.test(name) for name in ("mnist", "fashion")}
run.uses(*[base.train(name) for name in test], *test.values())
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)
guest = getattr(setup, "words", None)  # a fifth domain, where one is at hand: (profile, setup) to its Domain, and its latents to learn from and to measure with

# %% tags=["nbval-ignore-output", "hide-input"]
PER_CLASS = 300  # held-out items of a class, at most, that everything here is measured on


@dataclass
class Place:
    """A domain, what bridges learn of it, and what measures them."""

    domain: Domain
    seen: Latents
    held: Latents
    items: torch.Tensor  # what the held-out latents stand for; the latents themselves where nothing decodes them
    opinion: torch.Tensor  # the class of each item, as its own judge sees it; the given one where there is no judge


def balanced(y):
    return torch.cat([(y == label).nonzero().flatten()[:PER_CLASS] for label in range(10)])


def place(one, key):
    """One of the book's own domains: test images, or accepted samples of the GAN that no bridge has seen."""
    pick, domain = balanced(one.held(key).y), one.domains[key]
    held = one.held(key).take(pick)
    items = domain.items(held.mean) if key == "speech" else test[setup.corpus(key)].x[pick.cpu()]
    return Place(domain, one.seen(key), held, items, domain.classify(items))


places = []
for one in bases:
    found = {key: place(one, key) for key in KEYS}
    if guest:
        domain, seen, held = guest(budget, one)
        found[domain.name] = Place(domain, seen, held, held.mean, held.y)
    places.append(found)
names = list(places[0])
targets = [name for name in names if places[0][name].domain.decode]
titles = {name: setup.TITLES.get(name, name) for name in names}
print(f"{len(names)} domains, {len(names) * (len(names) - 1)} directions: {', '.join(titles.values())}")

# %% [markdown]
# ## Training: one bridge, and one for each pair
#
# The bridge of all domains and the bridges of two have the same recipe and the same number of steps, so that each domain is seen as often. A step of the large
# one is longer.

# %% tags=["nbval-ignore-output", "hide-input"]
PAIRS = list(itertools.combinations(names, 2))
seeds = range(budget.many_seeds)
several = {"all": names, **{f"{a} {b}": (a, b) for a, b in PAIRS}}
calls = [
    (fit_bridge, [replace(of_base[name].seen, domain=None) for name in together], budget.many, seed)
    for of_base in places for together in several.values() for seed in seeds
]
ahead(*calls, name="bridges")
bridges = {}  # what is joined: base models x seeds
for title, together in several.items():
    bridges[title] = [fit_bridges([of_base[name].seen for name in together], budget.many, seeds) for of_base in places]
    for number, found in enumerate(bridges[title]):
        for seed, bridge in enumerate(found):
            run.trained(f"bridge {title} {number} {seed}", bridge.history)
many = bridges["all"]
print(f"{parameter_count(many[0][0]):,} parameters join all, {sum(parameter_count(bridges[f'{a} {b}'][0][0]) for a, b in PAIRS):,} are in the {len(PAIRS)} bridges of two")

# %% [markdown]
# ## A domain that comes later
#
# `lt.join` adds a domain to a finished bridge. Only the new domain's own encoder and decoder are trained. They lay its points over those that the old
# domains have in the shared space, under the old classifier. Nothing that was there moves.
#
# Here we start from the bridge of the two MNIST models. Clothes join, then speech, each laid beside the first MNIST model *alone*. So clothes and speech never meet:
# **fashion → speech is a direction that nobody has trained.**

# %% tags=["nbval-ignore-output", "hide-input"]
later, joins, kept = [], [], True
for number, of_base in enumerate(places):
    later.append([])
    for seed in seeds:
        bridge = first = bridges["mnist mnist_b"][number][seed]
        for name in names[2:]:
            bridge = join(bridge, of_base[name].seen, [of_base["mnist"].seen], seed)
            run.trained(f"joining {name} {number} {seed}", bridge.history)
            joins.append(bridge.history["seconds"][0])
        after = bridge.state_dict()
        kept &= all(torch.equal(value, after[key]) for key, value in first.state_dict().items())
        later[-1].append(bridge)
print("every old weight is what it was, bit for bit:", kept)

# %% [markdown]
# ## All directions
#
# As everywhere: held-out items, posterior means, the share whose class, as the source's judge sees it, is the class of the result, as the target's judge
# sees it. The diagonal is the reconstruction through the bridge. *Diversity* is relative to the target's own; *trustworthiness* says whether neighbours within a class stay
# neighbours (about one half by chance). As a control, *chance* compares each result with another item's class.

# %% tags=["nbval-ignore-output", "hide-input"]
METHODS = {"many_bridge": "one bridge", "pair_bridge": "a bridge a pair", "joined_bridge": "joined one by one"}


def setting(source, target):
    return source if source == target else "mnist->mnist" if (source, target) == ("mnist", "mnist_b") else f"{source}->{target}"


def bridge_of(method, number, seed, source, target):
    """The bridge of a method that goes this way; the reconstructions of a pair are those of the pair with the first other domain."""
    if method == "many_bridge":
        return many[number][seed]
    if method == "joined_bridge":
        return later[number][seed]
    other = next(name for name in names if name != source) if source == target else target
    pair = next(pair for pair in PAIRS if set(pair) == {source, other})
    return bridges[" ".join(pair)][number][seed]


@torch.no_grad()
def measured(bridge, seed, source, target, own):
    """What one bridge scores from one place to another."""
    z = bridge.transfer(source.held.mean, source.domain.name, target.domain.name)
    made = target.domain.items(z)
    after = target.domain.classify(made)
    y = source.held.y.cpu()
    order = torch.randperm(len(after), generator=named_generator("chance", seed)).to(after.device)
    return {
        "transfer_accuracy": metrics.agreement(source.opinion, after),
        "chance": metrics.agreement(source.opinion[order], after),
        "diversity": metrics.diversity(made.cpu(), y) / own,
        "trustworthiness": metrics.trustworthiness(source.items.cpu(), made.cpu(), y, named_generator("ties", seed)),
    }


own = {name: metrics.diversity(places[0][name].items.cpu(), places[0][name].opinion.cpu()) for name in targets}
for source, target in itertools.product(names, targets):
    n, where = len(places[0][source].held), setting(source, target)
    chance = []
    for method in METHODS:
        found = [
            [measured(bridge_of(method, number, seed, source, target), seed, of_base[source], of_base[target], own[target]) for seed in seeds]
            for number, of_base in enumerate(places)
        ]
        for metric in ("transfer_accuracy", "diversity", "trustworthiness"):
            name = metric.replace("transfer", "reconstruction") if source == target else metric
            run.add("many", where, method, name, [[scores[metric] for scores in of_base] for of_base in found], n=n if "accuracy" in metric else None)
        if method == "many_bridge" and source != target:
            run.add("many", where, "chance", "transfer_accuracy", [[scores["chance"] for scores in of_base] for of_base in found], n=n)
rows = {(row["setting"], row["method"], row["metric"].replace("reconstruction", "transfer")): row for row in run.rows if row["table"] == "many"}


def value(source, target, method, metric="transfer_accuracy"):
    return rows[setting(source, target), method, metric]["value"]


def matrix(method, metric="transfer_accuracy"):
    return np.array([[value(a, b, method, metric) for b in targets] for a in names])


# %% mystnb={"figure": {"caption": "One bridge for all domains: share of held-out items that keep their class, source (row) to target (column). The diagonal is reconstruction."}, "image": {"alt": "Heat map of transfer accuracies with a row for each source and a column for each target domain."}} tags=["hide-input"]
plots.confusion(matrix("many_bridge"), [titles[name] for name in names], [titles[name] for name in targets], "one bridge, all directions", "target", "source")

# %% [markdown]
# In the next table a cell is the accuracy by one bridge for all, and in brackets how far that is above (+) or below (−) the bridge of that pair alone.

# %% tags=["nbval-ignore-output", "hide-input"]
gap = matrix("many_bridge") - matrix("pair_bridge")
cells = [[f"{value(a, b, 'many_bridge'):.3f} ({gap[i, j]:+.3f})" for j, b in enumerate(targets)] for i, a in enumerate(names)]
pd.DataFrame(cells, index=pd.Index([titles[name] for name in names], name="source"), columns=[titles[name] for name in targets])

# %% tags=["nbval-ignore-output", "hide-input"]
ways = [(a, b) for a in names for b in targets if a != b]
lines = []
for method, title in METHODS.items():
    for metric in ("diversity", "trustworthiness"):
        run.add("many means", "all directions", method, metric, [float(np.mean([value(a, b, method, metric) for a, b in ways]))])
    run.add("many means", "all directions", method, "transfer_accuracy", [float(np.mean([value(a, b, method) for a, b in ways]))])
    worst = min(ways, key=lambda way: value(*way, method))
    lines.append([title, *[f"{np.mean([value(a, b, method, metric) for a, b in ways]):.3f}" for metric in ("transfer_accuracy", "diversity", "trustworthiness")], f"{titles[worst[0]]} → {titles[worst[1]]}, {value(*worst, method):.3f}"])
pd.DataFrame(lines, columns=["Method", "accuracy, mean", "diversity", "trustworthiness", "worst direction"]).set_index("Method")

# %% tags=["nbval-ignore-output", "hide-input"]
behind = [(a, b) for a, b in ways if value(a, b, "many_bridge") < value(a, b, "pair_bridge") - 0.02]
said = "; ".join(f"{titles[a]} → {titles[b]} ({value(a, b, 'many_bridge') - value(a, b, 'pair_bridge'):+.3f})" for a, b in behind) or "none"
never = [(a, b) for a, b in itertools.permutations(names[2:], 2) if b in targets]
untrained = ", ".join(f"{titles[a]} → {titles[b]} {report.formatted(rows[setting(a, b), 'joined_bridge', 'transfer_accuracy'])} (by the bridge of that pair {value(a, b, 'pair_bridge'):.3f})" for a, b in never)
Markdown(
    f"Of {len(ways)} directions, those where one bridge for all is more than 0.02 below the bridge of the pair: {said}. "
    f"Chance is {np.mean([value(a, b, 'chance') for a, b in ways]):.3f} here. "
    + (f"Directions that nobody has trained as a pair: {untrained}." if never else "")
)

# %% [markdown]
# ## The shared space
#
# All domains at once, seen through the two main axes of their $z'$. Coloured by class, it falls apart into ten places. Coloured by domain, it should not.

# %% mystnb={"figure": {"caption": "Held-out items of all domains in the shared space of one bridge: the two main axes of the posterior means (PCA), coloured by class and by domain."}, "image": {"alt": "Two scatter plots of the same points. On the left each of ten colours, one a class, has a region of its own. On the right the colours of the domains are mixed in every region."}} tags=["hide-input"]
with torch.no_grad():
    points = {name: many[0][0].encode(p.held.mean, name)[0].cpu() for name, p in places[0].items()}
cloud = torch.cat(list(points.values())).double()
_, _, axes = torch.pca_lowrank(cloud, 2, niter=10)
label = torch.cat([p.held.y.cpu() for p in places[0].values()]).numpy()
domain = np.repeat(np.arange(len(names)), [len(p) for p in points.values()])
order = np.random.default_rng(0).permutation(len(label))[:3000]
flat = ((cloud - cloud.mean(0)) @ axes).numpy()
plots.shared_space(flat[order], {"by class": (label[order], [str(k) for k in range(10)]), "by domain": (domain[order], [titles[name] for name in names])})

# %% tags=["nbval-ignore-output", "hide-input"]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

read = {what: float(cross_val_score(LogisticRegression(max_iter=500), cloud.numpy(), group, cv=3).mean()) for what, group in (("class", label), ("domain", domain))}
for what, share in read.items():
    run.add("shared space", "all domains", "linear classifier", what, [share])
most = np.bincount(domain).max() / len(domain)
Markdown(f"A linear classifier of $z'$ reads the class off {read['class']:.3f} of the items, and the domain off {read['domain']:.3f} (to name the largest always: {most:.3f}).")

# %% [markdown]
# ## Round trips
#
# A digit becomes a shoe, the shoe a spoken word, and the word a digit again, all between latents. If each step lost a share of its own, the losses would add up. If what is lost
# is lost at the first step, because the shared space has no room for it, the later ones cost little.

# %% tags=["nbval-ignore-output", "hide-input"]
circle = ["mnist", *names[2:], "mnist"]


@torch.no_grad()
def around(number, seed, method, rounds):
    """Latents after each step of a round trip, and each step's target."""
    z, steps = places[number]["mnist"].held.mean, []
    for source, target in list(itertools.pairwise(circle)) * rounds:
        z = bridge_of(method, number, seed, source, target).transfer(z, source, target)
        steps.append((target, z))
    return steps


ROUNDS = 2
trip = " → ".join(titles[name] for name in circle)
for method in METHODS:
    found = [[around(number, seed, method, ROUNDS) for seed in seeds] for number in range(len(bases))]
    for step, name in [(i, circle[1:][i % len(circle[1:])]) for i in range(ROUNDS * len(circle[1:]))]:
        if name in targets:
            shares = [
                [metrics.agreement(of_base["mnist"].opinion, of_base[name].domain.classify(of_base[name].domain.items(steps[step][1]))) for steps in of_seeds]
                for of_base, of_seeds in zip(places, found, strict=True)
            ]
            run.add("cycle", f"after {step + 1}: {titles[name]}", method, "transfer_accuracy", shares, n=len(places[0]["mnist"].held))
cycle = [row for row in run.rows if row["table"] == "cycle"]
print("again and again:", trip)
pd.DataFrame(
    {METHODS[method]: [report.formatted(row) for row in cycle if row["method"] == method] for method in METHODS},
    index=pd.Index([row["setting"] for row in cycle if row["method"] == "many_bridge"], name="steps"),
)

# %% mystnb={"figure": {"caption": "Held-out digits and what a round trip through one bridge makes of them. The word between cannot be drawn here: chapter 4 plays some."}, "image": {"alt": "Rows of pictures: ten digits, the garments that they become, the digits that come back, and the same after a second round. The digits keep their class and change their hand."}} tags=["hide-input"]
ten = torch.cat([(places[0]["mnist"].held.y == label).nonzero().flatten()[:1] for label in range(10)])
pictures = {"a digit": places[0]["mnist"].items[ten.cpu()]}
for number, (name, z) in enumerate(around(0, 0, "many_bridge", ROUNDS)):
    if name in ("mnist", "fashion"):
        pictures[f"{number + 1}: {titles[name]}"] = places[0][name].domain.items(z[ten])
plots.rows_of_images(pictures)

# %% [markdown]
# ## What it costs
#
# Seconds of training on one thread (or on the GPU that the top of this page names). To join later is compared with training all anew.

# %% tags=["nbval-ignore-output", "hide-input"]


def seconds(title):
    return [[bridge.history["seconds"][0] for bridge in of_base] for of_base in bridges[title]]


run.add("cost", "all domains", "many_bridge", "seconds", seconds("all"))
run.add("cost", "all pairs", "pair_bridge", "seconds", [[sum(parts) for parts in zip(*[seconds(f"{a} {b}")[i] for a, b in PAIRS], strict=True)] for i in range(len(bases))])
run.add("cost", "one domain joins", "joined_bridge", "seconds", [joins] if len(joins) > 1 else joins)
cost = [row for row in run.rows if row["table"] == "cost"]
pd.DataFrame({"what": [row["setting"] for row in cost], "method": [METHODS[row["method"]] for row in cost], "seconds": [report.formatted(row) for row in cost]}).set_index("what")

# %% [markdown]
# And with more domains? Further domains are cheap to make: the same MNIST latents with their axes in random order and of random sign. To a bridge that is another space: nothing
# tells it which axis is which. Each training below was really run, with fewer steps than above. Only the line of the pairs is one pair's time, times the number of
# pairs.

# %% tags=["nbval-ignore-output", "hide-input"]
short = replace(budget.many, training=replace(budget.many.training, steps=budget.growth_steps))
origin = replace(base.own("mnist"), domain=None)
copies, backs = zip(*[turned(origin, f"turned {i}", named_generator("turned", i)) for i in range(1, max(budget.growth))], strict=True)
held, opinion = places[0]["mnist"].held.mean, places[0]["mnist"].opinion
anew, one_by_one, pairwise, accuracy = {}, {}, {}, {}
for number in budget.growth:
    bridge = fit_bridge([origin, *copies[: number - 1]], short, 0)
    run.trained(f"{number} domains", bridge.history)
    anew[number] = bridge.history["seconds"][0]
    pairwise[number] = anew[2] * number * (number - 1) / 2
    with torch.no_grad():
        shares = [metrics.agreement(opinion, base.domains["mnist"].classify(base.domains["mnist"].items(back(bridge.transfer(held, "mnist", copy.name))))) for copy, back in zip(copies[: number - 1], backs, strict=False)]
    accuracy[number] = float(np.mean(shares))
bridge = fit_bridge([origin, copies[0]], short, 0)
spent = one_by_one[2] = bridge.history["seconds"][0]
for number, copy in enumerate(copies[1:], 3):
    bridge = join(bridge, copy, [origin], 0)
    run.trained(f"joined as number {number}", bridge.history)
    spent += bridge.history["seconds"][0]
    one_by_one[number] = spent
for number in budget.growth:
    for method, line in (("many_bridge", anew), ("joined_bridge", one_by_one), ("pair_bridge", pairwise)):
        run.add("growth", f"{number} domains", method, "seconds", [line[number]])
    run.add("growth", f"{number} domains", "many_bridge", "transfer_accuracy", [accuracy[number]], n=len(held))
with torch.no_grad():
    last = metrics.agreement(opinion, base.domains["mnist"].classify(base.domains["mnist"].items(backs[-1](bridge.transfer(held, "mnist", copies[-1].name)))))
run.add("growth", f"{max(budget.growth)} domains", "joined_bridge", "transfer_accuracy", [last], n=len(held))

# %% mystnb={"figure": {"caption": "Seconds of training against the number of domains, on logarithmic axes."}, "image": {"alt": "Line plot: the time of a bridge for each pair grows fastest, that of one bridge trained anew and that of joining one by one more slowly."}} tags=["nbval-ignore-output", "hide-input"]
shown = {number: one_by_one[number] for number in budget.growth}
plots.growth({"domains": ({"one bridge, all anew": anew, "joined one by one": shown, "a bridge a pair": pairwise}, "seconds in all")})

# %% tags=["nbval-ignore-output", "hide-input"]
few, most = min(budget.growth), max(budget.growth)
run.finish()
Markdown(
    f"From {few} to {most} domains the time of one bridge grows by a factor of {anew[most] / anew[few]:.1f}, that of all pairs by {pairwise[most] / pairwise[few]:.0f}. "
    f"A bridge of {most} keeps {accuracy[most]:.3f} of the classes after these few steps, one of {few} keeps {accuracy[few]:.3f}; the domain that joined last has {last:.3f}. "
    f"To add number {most} takes {one_by_one[most] - one_by_one[most - 1]:.1f} s, to train all {most} anew {anew[most]:.1f} s."
)

# %% [markdown]
# ## What to remember
#
# - One bridge serves any number of domains. A direction costs nothing of its own: it is a pair of labels, in and out.
# - What is joined to one domain is joined to all. Two domains that never met share the space that both were laid into.
# - A domain that joins later trains its own part alone. What was there before stays as it was, so nobody has to test it again.
#
# ## What to try
#
# - Lay speech beside clothes instead of beside digits. Do spoken words become better shoes?
# - A shared space of 4 dimensions: how many domains fit?
# - Your own model as one more domain: `lt.Domain`, then `lt.join`.
