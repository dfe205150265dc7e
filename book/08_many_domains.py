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

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("08_many_domains", profile)

# %% [markdown]
# **Can one small network join many models at once?** The paper ends on a promise: to connect "a vast number of models", each of them a module. Yet it
# never joins more than two at a time. This chapter joins handwriting (two models), clothes, speech and words in *one* bridge. What does that cost in
# accuracy? What does a domain cost that comes later? And how does the cost grow with the number of domains?
#
# ## The same objective, with more terms
#
# Nothing new is needed. With $m$ domains the bridge sees a batch of each, and the loss of [chapter 3](03_bridging.ipynb) has a sum in every place
# where it had two terms:
#
# $$
# \begin{aligned}
# \mathcal{L} = {} & \sum_{i=1}^{m} \mathcal{L}_\mathrm{ELBO}(D_i) \\
# & + \beta_\mathrm{SWD} \binom{m}{2}^{-1} \sum_{i < j} \mathrm{SWD}(z'_i, z'_j) \\
# & + \beta_\mathrm{Cls} \sum_{i=1}^{m} \mathcal{L}_\mathrm{Cls}(D_i) .
# \end{aligned}
# $$
#
# The first sum asks that every domain $D_i$ is rebuilt from the shared space. The second asks that the clouds of shared points $z'_i$ and $z'_j$ of any two domains lie over one another. The third asks
# that equal classes meet. The second is a mean over the $\binom{m}{2}$ pairs, the others are sums over domains: to keep the balance of a bridge of two, $\beta_\mathrm{SWD}$ has to grow with $m$.
# $m$ domains have $m (m - 1)$ directions, and one network learns them all. A direction has no parameters of its own: it is a pair of domain labels, one for the
# encoder and one for the decoder.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown
from torch.nn.functional import normalize

from lt import fit_bridge, join, metrics, named_generator
from lt.book import charts, plots, records, report, select, setup
from lt.book.transfers import apart
from lt.latents import Domain, Latents
from lt.loop import one_thread
from lt.networks import parameter_count
from lt.tools.intervals import crossed_interval, wilson
from lt.tools.sweeps import ahead
from lt.zoo import foreign
from lt.zoo.alignment import turned

KEYS = ("mnist", "mnist_b", "fashion", "speech")
bases = [setup.models(budget, KEYS, number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
test = {name: base.test(name) for name in ("mnist", "fashion")}
run.uses(*[base.train(name) for name in test], *test.values())
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)


# %% [markdown]
# ## Five domains
#
# Four are known from the chapters before. The fifth are words: names of numbers and of garments, as vectors of a model from elsewhere ([chapter 9](09_foreign_models.ipynb) tells more).
# A word has 256 numbers where the others have 100; the bridge takes that as it is. *Seven* and *sneaker* are of one class here, number 7, as
# a sneaker is garment 7. Words have no decoder. What a bridge gives back is a vector, and it is *read as the known name whose vector is nearest*.

# %% tags=["nbval-ignore-output", "hide-input"]
def all_words(device):
    """Names of numbers and of garments as one domain: the model, what bridges see of it, and phrases that none has seen."""
    encode = foreign.load_words()
    train, held = ([foreign.phrases(corpus, part) for corpus in ("mnist", "fashion")] for part in ("train", "phrases"))
    names, y = [name for part in train for name in part.x], torch.cat([part.y for part in train]).to(device)
    known = encode(names).to(device)

    def nearest(z):
        """The largest cosine of vectors z (n, 256) with a known name of each class: (n, 10)."""
        cosine = normalize(z, dim=-1) @ known.T
        return torch.stack([cosine[:, y == label].amax(1) for label in range(10)], 1)

    domain = Domain("words", encode, lambda z: z, nearest, known.shape[1], device)
    seen = Latents("words", known, torch.full_like(known, foreign.SPREAD), y)  # what lies near a name means the same
    phrases = [phrase for part in held for phrase in part.x]
    return domain, seen, domain.latents(phrases, torch.cat([part.y for part in held])), names


absent = foreign.missing(["wordllama"])
fifth = None if absent else all_words(base.device)


# %% tags=["nbval-ignore-output", "hide-input"]
@dataclass
class Place:
    """A domain, what bridges learn of it, and what measures them."""

    domain: Domain
    seen: Latents
    held: Latents
    items: torch.Tensor  # what the held-out latents stand for
    opinion: torch.Tensor  # the class of each item as its own judge sees it; of a phrase the class that it names


def place(one, key):
    """One of the book's own domains: test images, or accepted samples of the GAN that no bridge has seen."""
    y, domain = one.held(key).y, one.domains[key]
    pick = torch.cat([(y == label).nonzero().flatten()[: budget.many_items] for label in range(10)])
    held = one.held(key).take(pick)
    items = domain.items(held.mean) if key == "speech" else test[setup.corpus(key)].x[pick.cpu()]
    return Place(domain, replace(one.seen(key), domain=None), held, items, domain.classify(items))


places = [{key: place(one, key) for key in KEYS} for one in bases]
if fifth:
    domain, seen, held, names_of_words = fifth
    for found in places:
        found["words"] = Place(domain, seen, held, held.mean, held.y)
names = list(places[0])
titles = {**setup.TITLES, "words": "words"}
short_titles = {**titles, "mnist_b": "MNIST, second", "fashion": "Fashion"}
said = f"{len(names)} domains, {len(names) * (len(names) - 1)} directions: {', '.join(titles[name] for name in names)}."
Markdown(said if fifth else f"{said} The words are left out: `wordllama` is not installed (`pip install -e '.[foreign]'`).")


# %% [markdown]
# ## Training: one bridge, and one for each pair
#
# One bridge for all has more to learn than a bridge of two: a map into the shared space and one out of it for every domain. So it gets a wider network and more steps than
# each bridge of two, as many as take about as long as all the pairs together. Then the two ways can be compared at one price. `fit_bridge` takes any number of domains:

# %% tags=["nbval-ignore-output"]
def latents(number, together):
    """What a bridge between these domains sees, with one set of base models."""
    return [places[number][name].seen for name in together]


PAIRS = list(itertools.combinations(names, 2))
sets, seeds = range(len(bases)), range(budget.short_seeds)
groups = {"all": (names, budget.many), **{pair: (pair, budget.many_pair) for pair in PAIRS}}
calls = {(key, number, seed): (latents(number, together), config, seed) for key, (together, config) in groups.items() for number in sets for seed in seeds}
ahead(*[(fit_bridge, *call) for call in calls.values()], name="bridges")
bridges = {key: [[fit_bridge(*calls[key, number, seed]) for seed in seeds] for number in sets] for key in groups}

# %% tags=["nbval-ignore-output", "hide-input"]
for key, found in bridges.items():
    for number, seed in itertools.product(sets, seeds):
        run.trained(f"bridge {key if key == 'all' else ' '.join(key)} {number} {seed}", found[number][seed].history)
def seconds(key):
    return [[bridge.history["seconds"][0] for bridge in of_set] for of_set in bridges[key]]


spent = {"one": np.mean(seconds("all")), "pairs": sum(np.mean(seconds(pair)) for pair in PAIRS)}
sizes = {"one": parameter_count(bridges["all"][0][0]), "pairs": sum(parameter_count(bridges[pair][0][0]) for pair in PAIRS)}
mine, record = select.own(budget, "many"), select.read(Path("results/selection")).get("many")
if record is None:
    selected = "Nothing has been selected for the one bridge yet"
elif record["settings"] == mine:
    selected = f"{select.words(mine)[0].upper()}{select.words(mine)[1:]} of the one bridge were selected among {len(record['rows'])} candidates on training items kept aside, without the words ([chapter 13](13_selection.ipynb))"
else:
    selected = f"[Chapter 13](13_selection.ipynb) selects {select.words(record['settings'])} for the one bridge; this profile has {select.words(mine)}"
Markdown(
    f"One bridge for all {len(names)}: {sizes['one']:,} parameters, {budget.many.training.steps:,} steps, {spent['one']:.0f} s. "
    f"The {len(PAIRS)} bridges of two: {sizes['pairs']:,} parameters, {budget.many_pair.training.steps:,} steps each, {spent['pairs']:.0f} s together. "
    f"So one bridge takes {spent['one'] / spent['pairs']:.2f} times as long as all pairs, with {sizes['one'] / sizes['pairs']:.2f} times their parameters. "
    f"{selected}; for the bridges of two nothing was selected."
)

# %% [markdown]
# ## A domain that comes later
#
# `lt.join` adds a domain to a finished bridge. Only the new domain's own encoder and decoder are trained. They lay its points over those that the old
# domains have in the shared space, under the old classifier. Nothing that was there moves.
#
# Here we start from the bridge of the two MNIST models. Clothes join, then speech, then words, each laid beside the first MNIST model *alone*. So clothes, speech and words never meet:
# **clothes → speech is a direction that nothing was trained for.** The cell after checks that every weight that was there before is the same after, bit for bit.

# %% tags=["nbval-ignore-output"]
later = [[bridges["mnist", "mnist_b"][number][seed] for seed in seeds] for number in sets]
joining = {}  # seconds that each domain took
for name in names[2:]:
    arguments = {(number, seed): (later[number][seed], places[number][name].seen, latents(number, ["mnist"]), seed) for number in sets for seed in seeds}
    ahead(*[(join, *given) for given in arguments.values()], name=f"joining {name}")
    later = [[join(*arguments[number, seed]) for seed in seeds] for number in sets]
    joining[name] = [[bridge.history["seconds"][0] for bridge in of_set] for of_set in later]

# %% tags=["nbval-ignore-output", "hide-input"]
for name, taken in joining.items():
    for number, seed in itertools.product(sets, seeds):
        run.training[f"joining {name} {number} {seed}"] = taken[number][seed]

# %%
for number, seed in itertools.product(sets, seeds):
    before, after = bridges["mnist", "mnist_b"][number][seed].state_dict(), later[number][seed].state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())

# %% [markdown]
# ## All directions
#
# The measures are those of the other chapters. *Accuracy*: the share of held-out items whose class, as the source's judge sees it, is the class of the result, as the target's judge
# sees it. *Diversity* is relative to the target's own. *Trustworthiness* says whether neighbours within a class stay
# neighbours (about one half by chance). As a control, *chance* compares each result with another item's class. An interval of words is wide, since there are few held-out phrases.

# %% tags=["nbval-ignore-output", "hide-input"]
METHODS = {"many_bridge": "one bridge", "pair_bridge": "a bridge a pair", "joined_bridge": "joined one by one"}


def setting(source, target):
    """What the rows of a direction are called: mnist->mnist goes from one model of MNIST to the other, as in chapter 3."""
    return source if source == target else "mnist->mnist" if (source, target) == ("mnist", "mnist_b") else f"{source}->{target}"


def bridge_of(method, number, seed, source, target):
    """The bridge of a method that goes this way; the reconstructions of a pair are those of the pair with the first other domain."""
    if method == "joined_bridge":
        return later[number][seed]
    other = next(name for name in names if name != source) if source == target else target
    return bridges["all" if method == "many_bridge" else next(pair for pair in PAIRS if set(pair) == {source, other})][number][seed]


@torch.no_grad()
def measured(bridge, seed, source, target, own):
    """What one bridge scores from one place to another."""
    made = target.domain.items(bridge.transfer(source.held.mean, source.domain.name, target.domain.name))
    after, y = target.domain.classify(made), source.held.y.cpu()
    order = torch.randperm(len(after), generator=named_generator("chance", seed)).to(after.device)
    return {
        "transfer_accuracy": metrics.agreement(source.opinion, after),
        "chance": metrics.agreement(source.opinion[order], after),
        "diversity": metrics.diversity(made.cpu(), y) / own,
        "trustworthiness": metrics.trustworthiness(source.items.cpu(), made.cpu(), y, named_generator("ties", seed)),
    }


own = {name: metrics.diversity(found.items.cpu(), found.opinion.cpu()) for name, found in places[0].items()}
of_sets = {}  # accuracy in each direction by each method: one for each set of base models
for source, target, method in itertools.product(names, names, METHODS):
    n, where = len(places[0][source].held), setting(source, target)
    found = [
        [measured(bridge_of(method, number, seed, source, target), seed, places[number][source], places[number][target], own[target]) for seed in seeds]
        for number in sets
    ]
    of_sets[source, target, method] = [float(np.mean([scores["transfer_accuracy"] for scores in of_set])) for of_set in found]
    for metric in ("transfer_accuracy", "diversity", "trustworthiness"):
        called = metric.replace("transfer", "reconstruction") if source == target else metric
        run.add("many", where, method, called, [[scores[metric] for scores in of_set] for of_set in found], n=n if "accuracy" in metric else None)
    if method == "many_bridge" and source != target:
        run.add("many", where, "chance", "transfer_accuracy", [[scores["chance"] for scores in of_set] for of_set in found], n=n)
rows = {(row["setting"], row["method"], row["metric"].replace("reconstruction", "transfer")): row for row in run.rows if row["table"] == "many"}


def value(source, target, method, metric="transfer_accuracy"):
    return rows[setting(source, target), method, metric]["value"]


# %% mystnb={"figure": {"caption": "Share of held-out items that keep their class, in every direction, with 95 % intervals: one bridge for all domains, a bridge for each pair, and domains that joined a finished bridge one by one. Open marks: directions that nothing was trained for. The axis of shares is cut below."}, "image": {"alt": "Dot plot with a line for each direction between five domains and three marks on each line: one bridge, a bridge a pair, joined one by one."}} tags=["nbval-ignore-output", "hide-input", "lead"]
ways, never = list(itertools.permutations(names, 2)), list(itertools.permutations(names[2:], 2))


def way(source, target):
    return f"{short_titles[source]} → {short_titles[target]}"


charts.side_by_side(
    {way(*pair): {title: rows[setting(*pair), method, "transfer_accuracy"] for method, title in METHODS.items()} for pair in ways},
    "share that keeps its class",
    hollow=[(way(*pair), METHODS["joined_bridge"]) for pair in never],
)

# %% tags=["nbval-ignore-output", "hide-input"]
lines = []
for method, title in METHODS.items():
    means = {metric: float(np.mean([value(a, b, method, metric) for a, b in ways])) for metric in ("transfer_accuracy", "diversity", "trustworthiness")}
    for metric, mean in means.items():
        run.add("many means", "all directions", method, metric, [mean])
    a, b = min(ways, key=lambda pair: value(*pair, method))
    lines.append([title, *[f"{mean:.3f}" for mean in means.values()], f"{way(a, b)}, {value(a, b, method):.3f}"])
pd.DataFrame(lines, columns=["Mean of all directions", "accuracy", "diversity", "trustworthiness", "lowest accuracy"]).set_index("Mean of all directions")

# %% tags=["nbval-ignore-output", "hide-input"]
MARGIN = 0.02


def ahead_of_pairs(method, of_ways):
    """By how much a method is more accurate than the bridges of two, in the mean of some directions: the mean of the sets of base models, and its interval."""
    by_set = np.mean([np.subtract(of_sets[a, b, method], of_sets[a, b, "pair_bridge"]) for a, b in of_ways], axis=0)
    return dict(zip(("value", "low", "high"), crossed_interval([[difference] for difference in by_set]), strict=True))


def compared(row):
    """A difference to the bridges of two in words: more, less, or not told apart."""
    if row["low"] is None:
        return f"{row['value']:+.3f} to the bridges of two (one set of base models, so without an interval)"
    sure = row["low"] * row["high"] > 0
    return f"{('more' if row['value'] > 0 else 'less') + ' than' if sure else 'not told apart from'} the bridges of two: a difference of {row['value']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


behind = [(a, b) for a, b in ways if value(a, b, "many_bridge") < value(a, b, "pair_bridge") - MARGIN]
listed = ", ".join(f"{titles[a]} → {titles[b]} (by {value(a, b, 'pair_bridge') - value(a, b, 'many_bridge'):.3f})" for a, b in behind)
means = {method: np.mean([value(a, b, method) for a, b in never]) for method in METHODS}
overall = {method: {metric: np.mean([value(a, b, method, metric) for a, b in ways]) for metric in ("transfer_accuracy", "diversity", "trustworthiness")} for method in METHODS}
worst = min(never, key=lambda pair: value(*pair, "joined_bridge") - value(*pair, "pair_bridge"))
worst_rows = [rows[setting(*worst), method, "transfer_accuracy"] for method in ("joined_bridge", "pair_bridge")]
itself = [value(name, name, "many_bridge") for name in names]
one, late, blind = ahead_of_pairs("many_bridge", ways), ahead_of_pairs("joined_bridge", ways), ahead_of_pairs("joined_bridge", never)


def spread(values):
    """Two decimals from the least to the most; once where they are the same."""
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


WAYS_OF_3 = [("mnist", "fashion"), ("fashion", "mnist"), ("mnist", "mnist_b")]
third = [row for record in records.read() if (record["chapter"], record["profile"]) == ("03_bridging", profile) for row in record["rows"]]
longer = [next((row for row in third if (row["table"], row["setting"], row["method"], row["metric"]) == ("1", setting(*pair), "bridging_vae", "transfer_accuracy")), None) for pair in WAYS_OF_3]
longer_said = "And the bridges of two are short; chapter 3 has longer ones, but no results of it at this profile were found. "
if all(longer):
    ours_there = [rows[setting(*pair), "many_bridge", "transfer_accuracy"] for pair in WAYS_OF_3]
    told_apart = [way(*pair) for pair, one_row, other_row in zip(WAYS_OF_3, ours_there, longer, strict=True) if apart(one_row, other_row)]
    shares = [" / ".join(f"{row['value']:.3f}" for row in of_rows) for of_rows in (longer, ours_there)]
    longer_said = (
        f"And the bridges of two are short. The longer ones of [chapter 3](03_bridging.ipynb) ({budget.bridge.training.steps:,} steps, all test images) keep {shares[0]} in "
        f"{', '.join(way(*pair) for pair in WAYS_OF_3)}, where the one bridge keeps {shares[1]}: "
        + (f"told apart in {', '.join(told_apart)}. " if told_apart else "not told apart in any. Against them joint training shows neither a cost nor a gain. ")
    )


def verdict(method, row):
    return f"{overall[method]['transfer_accuracy']:.3f} in the mean of {len(ways)} directions, {compared(row)}"


varied, local = ([overall[method][metric] for method in METHODS] for metric in ("diversity", "trustworthiness"))
Markdown(
    f"The bridges of two keep {overall['pair_bridge']['transfer_accuracy']:.3f} in the mean. Against them:\n\n"
    f"- **What does it cost in accuracy to have one bridge for all?** It keeps {verdict('many_bridge', one)}. "
    f"In {len(ways) - len(behind)} of {len(ways)} directions it is at most {MARGIN} below the bridge of that pair"
    + (f"; further below are {listed}. " if behind else ". ")
    + f"Chance is {np.mean([value(a, b, 'chance') for a, b in ways]):.3f}. In {sum(value(a, b, 'many_bridge') > value(a, b, 'pair_bridge') for a, b in ways)} it is above, by the means. This is a comparison at one price in time, not of joint training alone: the one network is wider, and its settings were selected, those of the pairs were not. {longer_said}\n"
    f"- **What does a domain cost that comes later?** Domains that joined one by one keep {verdict('joined_bridge', late)}.\n"
    f"- **Directions that nothing was trained for**, between domains that joined (under one classifier of the ten classes): {means['joined_bridge']:.3f} in the mean of {len(never)}, where the bridges of these pairs have {means['pair_bridge']:.3f} (the difference: {report.formatted(blind)}). "
    f"The worst against its pair is {way(*worst)}: {report.formatted(worst_rows[0])} against {report.formatted(worst_rows[1])}, {'intervals apart' if apart(*worst_rows) else 'not told apart'}.\n"
    f"- **Is it paid for in variety or locality?** Diversity is {spread(varied)} by the three ways, trustworthiness {spread(local)}: "
    + ("no. " if varied[0] > varied[1] - 0.03 and local[0] > local[1] - 0.03 else "in part, look at the table. ")
    + f"Through the one bridge and back to their own domain {min(itself):.3f} to {max(itself):.3f} of the items keep their class."
)

# %% [markdown]
# ## The shared space
#
# All domains at once, seen through the two main axes of their $z'$. Coloured by class, the cloud should fall into groups; coloured by domain, it should not fall apart. Two of the axes show only part of
# it, and some classes overlap here, so a classifier of all axes follows.

# %% mystnb={"figure": {"caption": "Held-out items of all domains in the shared space of one bridge: the two main axes of the posterior means (PCA), coloured by class and by domain."}, "image": {"alt": "Two scatter plots of the same points. On the left ten colours, one a class, lie in regions, some of which overlap. On the right the colours of the domains are mixed in every region."}} tags=["nbval-ignore-output", "hide-input"]
with torch.no_grad():
    points = {name: bridges["all"][0][0].encode(p.held.mean, name)[0].cpu() for name, p in places[0].items()}
cloud = torch.cat(list(points.values())).double()
axes = torch.linalg.svd(cloud - cloud.mean(0), full_matrices=False).Vh[:2].T
label = torch.cat([p.held.y.cpu() for p in places[0].values()]).numpy()
domain = np.repeat(np.arange(len(names)), [len(p) for p in points.values()])
order = np.random.default_rng(0).permutation(len(label))[:3000]
flat = ((cloud - cloud.mean(0)) @ axes).numpy()
plots.shared_space(flat[order], {"by class": (label[order], [str(k) for k in range(10)]), "by domain": (domain[order], [titles[name] for name in names])})

# %% tags=["nbval-ignore-output", "hide-input"]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

folds = StratifiedKFold(3, shuffle=True, random_state=0)
guess = {what: (cross_val_predict(LogisticRegression(max_iter=500), cloud.numpy(), group, cv=folds), group) for what, group in (("class", label), ("domain", domain))}
read = {what: float((answer == group).mean()) for what, (answer, group) in guess.items()}
for what, share in read.items():
    run.add("shared space", "all domains", "linear classifier", what, [share])
most = np.bincount(domain).max() / len(domain)
found_in = {titles[name]: float((guess["domain"][0][domain == i] == i).mean()) for i, name in enumerate(names)}
easiest = max(found_in, key=found_in.get)
Markdown(
    f"A linear classifier of $z'$ finds the class of {read['class']:.3f} of the items, and the domain of {read['domain']:.3f}. If the clouds lay exactly over one another, the domain would be found in {most:.3f}, the share of the largest; "
    f"if they lay apart, in all. So the clouds {'still differ: the class decides where an item lies, but the domain can be read there as well, in part' if read['domain'] > most + 0.05 else 'can hardly be told apart'}. "
    f"Best found are items of *{easiest}* ({found_in[easiest]:.3f})."
)

# %% [markdown]
# ## Round trips
#
# A digit becomes a garment, the garment a spoken digit, that a word, and the word a digit again, all between latents. If each step lost a share of its own, the losses would add up. If what is lost
# is lost at the first step, because the shared space has no room for it, the later ones cost little.

# %% mystnb={"figure": {"caption": "Share of digits whose class is kept after each step of two round trips, with 95 % intervals. The axis of shares is cut below."}, "image": {"alt": "Line plot over eight steps from clothes, speech and words back to digits, twice, with a line for one bridge, one for a bridge a pair and one for domains joined one by one."}} tags=["nbval-ignore-output", "hide-input"]
ROUNDS = 2
circle = ["mnist", *names[2:], "mnist"]
stops = circle[1:] * ROUNDS


@torch.no_grad()
def around(number, seed, method):
    """Latents after each step of the round trips."""
    z, steps, source = places[number]["mnist"].held.mean, [], "mnist"
    for target in stops:
        z = bridge_of(method, number, seed, source, target).transfer(z, source, target)
        steps.append(z)
        source = target
    return steps


for method in METHODS:
    found = [[around(number, seed, method) for seed in seeds] for number in sets]
    for step, name in enumerate(stops):
        shares = [
            [metrics.agreement(of_base["mnist"].opinion, of_base[name].domain.classify(of_base[name].domain.items(steps[step]))) for steps in of_set]
            for of_base, of_set in zip(places, found, strict=True)
        ]
        run.add("cycle", f"step {step + 1}: {name}", method, "transfer_accuracy", shares, n=len(places[0]["mnist"].held))
        if name == "mnist":  # a collapse onto the mean of each class would keep the classes too
            back = [
                [metrics.diversity(of_base[name].domain.items(steps[step]).cpu(), of_base[name].held.y.cpu()) / own[name] for steps in of_set] for of_base, of_set in zip(places, found, strict=True)
            ]
            run.add("cycle diversity", f"step {step + 1}: {name}", method, "diversity", back)
cycle = [row for row in run.rows if row["table"] == "cycle"]
steps = [f"{step + 1}\n{short_titles[name]}" for step, name in enumerate(stops)]
lines = {
    METHODS[method]: {step: (row["value"], row["low"], row["high"]) for step, row in zip(steps, (row for row in cycle if row["method"] == method), strict=True)} for method in METHODS
}
figure = charts.over_labels(lines, steps, across="step")
figure.axes[0].set_ylim(np.floor(20 * min(row["low"] for row in cycle)) / 20, 1.005)
figure

# %% mystnb={"figure": {"caption": "Held-out digits and what two round trips through one bridge make of them. Spoken digits are shown as log-mel spectrograms; chapter 4 plays some."}, "image": {"alt": "Rows of ten pictures: digits, the garments that they become, spectrograms of spoken digits, and the digits that come back, twice. The hand of a digit changes on the way; the text below says which digits come back as others."}} tags=["nbval-ignore-output", "hide-input"]
ten = torch.cat([(places[0]["mnist"].held.y == label).nonzero().flatten()[:1] for label in range(10)])
trip = around(0, 0, "many_bridge")
made = {f"{step + 1}: {short_titles[name]}": (name, places[0][name].domain.items(z[ten])) for step, (name, z) in enumerate(zip(stops, trip, strict=True))}
plots.rows_of_images({"a digit": places[0]["mnist"].items[ten.cpu()], **{title: x for title, (name, x) in made.items() if name != "words"}})

# %% tags=["nbval-ignore-output", "hide-input"]
by_one = [row for row in cycle if row["method"] == "many_bridge"]
home = [step for step, name in enumerate(stops) if name == "mnist"]  # digits again, so one judge
(first, *_), once, last = by_one, by_one[home[0]], by_one[home[-1]]
varied = {method: [row["value"] for row in run.rows if row["table"] == "cycle diversity" and row["method"] == method] for method in METHODS}
lost, more = 1 - once["value"], once["value"] - last["value"]
lines = [
    f"**{'The losses do not add up' if more < 0.5 * lost else 'The losses add up'}.** After the first step {report.formatted(first)} of the digits have their class. Back among digits, after step {home[0] + 1}, it is {report.formatted(once)}, "
    f"and after step {home[-1] + 1} {report.formatted(last)}: the first round loses {lost:.3f}, the second {f'{more:.3f}' if more > 0 else 'nothing more'}{'' if apart(once, last) else ' (intervals overlap)'}. "
    "Diversity, relative to real digits, after the first round and after the second: " + ", ".join(f"{METHODS[method]} {of[0]:.2f} and {of[-1]:.2f}" for method, of in varied.items())
    + ". "
    + ("".join(f"By {METHODS[method]} the digits of a class become nearly one picture, which is easy to keep: do not read that line as better. " for method, of in varied.items() if of[-1] < 0.3))
]
seen_as = torch.stack([places[0][name].domain.classify(places[0][name].domain.items(z[ten])).cpu() for name, z in zip(stops, trip, strict=True)])  # (steps, 10)
meant = places[0]["mnist"].opinion[ten].cpu()
astray = []
for i in (seen_as[-1] != meant).nonzero().flatten().tolist():
    since = len(stops) - next((k for k, right in enumerate(reversed((seen_as[:, i] == meant[i]).tolist())) if right), len(stops))
    astray.append(f"the {meant[i]} comes back as {seen_as[-1, i]}, of another class since step {since + 1} ({short_titles[stops[since]]})")
lines.append(f"Of the ten digits of the picture {len(meant) - len(astray)} come back with their class{': ' if astray else '.'}" + ("; ".join(astray) + "." if astray else ""))
if fifth:
    seen, step = places[0]["words"].seen, stops.index("words")
    nearest = (normalize(trip[step][ten], dim=-1) @ seen.mean.T).argmax(1)
    lines.append("The words between, as the nearest known names (a number and a garment are one class here, so either may come), for the ten digits above: " + ", ".join(f"*{names_of_words[i]}*" for i in nearest.tolist()) + ".")
Markdown(" ".join(lines))

# %% [markdown]
# ## What it costs
#
# Seconds of training on one thread (or on the GPU that the foot of this page names), and the mean accuracy of what the seconds buy.

# %% tags=["nbval-ignore-output", "hide-input"]
newest = names[-1]
with_newest = [way for way in ways if newest in way]
run.add("cost", "all domains", "many_bridge", "seconds", seconds("all"))
run.add("cost", "all domains", "pair_bridge", "seconds", np.sum([seconds(pair) for pair in PAIRS], axis=0).tolist())
run.add("cost", "all domains", "joined_bridge", "seconds", np.sum([seconds(("mnist", "mnist_b")), *joining.values()], axis=0).tolist())
run.add("cost", f"{newest} joins", "joined_bridge", "seconds", joining[newest])
run.add("cost", f"{newest} joins", "pair_bridge", "seconds", np.sum([seconds(pair) for pair in PAIRS if newest in pair], axis=0).tolist())
lines = [row for row in run.rows if row["table"] == "cost"]
what = [f"all {len(names)} anew, one bridge", f"all {len(names)} anew, {len(PAIRS)} bridges", f"all {len(names)}, a pair and {len(joining)} that joined", f"{newest}, joined to the other {len(names) - 1}", f"{newest}, by {len(names) - 1} new bridges"]
directions = [ways, ways, ways, with_newest, with_newest]
prices = dict(zip(("one", "pairs", "joined"), lines, strict=False))
gain = crossed_interval([[difference] for difference in np.mean([np.subtract(of_sets[a, b, "many_bridge"], of_sets[a, b, "joined_bridge"]) for a, b in ways], axis=0)])
pd.DataFrame(
    {
        "seconds": [f"{row['value']:.3g}" for row in lines],
        "directions": [len(group) for group in directions],
        "mean accuracy": [f"{np.mean([value(a, b, row['method']) for a, b in group]):.3f}" for row, group in zip(lines, directions, strict=True)],
    },
    index=pd.Index(what, name="what is trained"),
)

# %% [markdown]
# And with more domains? Further domains are cheap to make: the same MNIST latents with their axes in random order and of random sign. To a bridge that is another space, for nothing
# tells it which axis is which. These are the easiest domains there are, and each training is one seed of the same few steps. So times can be compared, and the table below the figure says what the time has bought. The line of the pairs is the
# time of one pair times the number of pairs, and the accuracy of that one pair is all that was measured of them; all others were run.

# %% tags=["nbval-ignore-output", "hide-input"]
brief = replace(budget.many_pair, training=replace(budget.many_pair.training, steps=budget.growth_steps))
origin = replace(base.own("mnist"), domain=None)
copies, backs = zip(*[turned(origin, f"turned {i}", named_generator("turned", i)) for i in range(1, max(budget.growth))], strict=True)
mnist = places[0]["mnist"]


@torch.no_grad()
def kept(bridge, number):
    """Share of held-out digits whose class is kept on the way to turned domain ``number``, turned back and decoded."""
    z = backs[number](bridge.transfer(mnist.held.mean, "mnist", copies[number].name))
    return metrics.agreement(mnist.opinion, mnist.domain.classify(mnist.domain.items(z)))


anew, one_by_one, accuracy = {}, {}, {}
with one_thread():
    for number in budget.growth:
        bridge = fit_bridge([origin, *copies[: number - 1]], brief, 0)
        run.trained(f"{number} domains", bridge.history)
        anew[number] = bridge.history["seconds"][0]
        accuracy[number] = float(np.mean([kept(bridge, i) for i in range(number - 1)]))
    bridge = fit_bridge([origin, copies[0]], brief, 0)
    one_by_one[2] = bridge.history["seconds"][0]
    for number, copy in enumerate(copies[1:], 3):
        bridge = join(bridge, copy, [origin], 0)
        run.trained(f"joined as number {number}", bridge.history)
        one_by_one[number] = one_by_one[number - 1] + bridge.history["seconds"][0]
pairwise = {number: anew[2] * number * (number - 1) / 2 for number in budget.growth}
curves = {"many_bridge": anew, "joined_bridge": {number: one_by_one[number] for number in budget.growth}, "pair_bridge": pairwise}
for number in budget.growth:
    for method, line in curves.items():
        run.add("growth", f"{number} domains", method, "seconds", [line[number]])
    run.add("growth", f"{number} domains", "many_bridge", "transfer_accuracy", [accuracy[number]], n=len(mnist.held))
last = kept(bridge, len(copies) - 1)
late = {number: float(np.mean([kept(bridge, i) for i in range(number - 1)])) for number in budget.growth}  # what has joined does not move any more
run.add("growth", f"{max(budget.growth)} domains", "joined_bridge", "transfer_accuracy", [last], n=len(mnist.held))

# %% mystnb={"figure": {"caption": "Seconds of training against the number of domains, on logarithmic axes, at the same number of steps a training. The table below says how accurate the results are."}, "image": {"alt": "Line plot: the time of a bridge for each pair grows fastest, that of one bridge trained anew and that of joining one by one more slowly."}} tags=["nbval-ignore-output", "hide-input"]
charts.growth({"domains": ({title: curves[method] for method, title in METHODS.items()}, "seconds in all")})

# %% tags=["nbval-ignore-output", "hide-input"]
few, most = min(budget.growth), max(budget.growth)
bought = {METHODS["many_bridge"]: (anew, accuracy), METHODS["pair_bridge"]: (pairwise, {few: accuracy[few]}), METHODS["joined_bridge"]: (one_by_one, late)}
table = pd.DataFrame(
    {"domains": list(budget.growth), **{title: [f"{time[number]:.3g} s" + (f", {share[number]:.3f}" if number in share else " (not run)") for number in budget.growth] for title, (time, share) in bought.items()}}
)
learned, starved = accuracy[few] > 0.3, accuracy[most] < accuracy[few] - 0.05
Markdown(
    f"{report.markdown(table)}\n\nSeconds, and the share of classes kept on the way to the other domains (chance is about 0.1).\n\n"
    f"From {few} to {most} domains the time of one bridge grows by a factor of {anew[most] / anew[few]:.1f}, that of all pairs by {pairwise[most] / pairwise[few]:.0f}, that of joining by {one_by_one[most] / one_by_one[few]:.1f}. "
    + (
        f"But the time of one bridge is not the whole price: at {brief.training.steps} steps a bridge of {most} keeps {accuracy[most]:.3f} of the classes, one of {few} {accuracy[few]:.3f}. **More domains need more steps as well** "
        f"(above, {budget.many.training.steps:,} for {len(names)} domains). "
        if starved
        else f"A bridge of {most} keeps {accuracy[most]:.3f} of the classes, one of {few} {accuracy[few]:.3f}. "
    )
    + ("" if learned else f"So few steps ({brief.training.steps}) teach nothing yet: only the times count here. ")
    + f"To add number {most} to a bridge that is there takes {one_by_one[most] - one_by_one[most - 1]:.1f} s, and it keeps {last:.3f}; to train all {most} anew takes {anew[most]:.1f} s. "
    + ("**In so few steps joining is cheaper**: the time is linear in the number of domains, and what was there does not get worse. " if learned and last > accuracy[most] else "")
    + f"Among the {len(names)} domains above, joining took {prices['joined']['value']:.3g} s in all and one bridge {prices['one']['value']:.3g} s; at these prices one bridge keeps {overall['many_bridge']['transfer_accuracy']:.3f} "
    f"against {overall['joined_bridge']['transfer_accuracy']:.3f}, a difference of {gain[0]:+.3f}"
    + ("." if gain[1] is None else f" [{gain[1]:+.3f}, {gain[2]:+.3f}], " + ("not told apart." if gain[1] <= 0 <= gain[2] else "**more accurate**." if gain[0] > 0 else "less accurate."))
)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - One bridge can serve several domains; five are shown here. A direction costs nothing of its own: it is a pair of labels, in and out.
# - What is joined to one domain is joined to all: two domains that never met share the space that both were laid into.
# - A domain that joins later trains its own part alone. What was there before stays as it was, bit for bit, and the cost is linear in the number of domains. It adds a small network for each domain. One bridge trained anew needed more steps with more domains.
#
# ## What to try
#
# **Lay speech beside clothes instead of beside digits.** Does clothes → speech get better, and what happens to digits → speech?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
start_from = bridges["mnist", "fashion"][0][0]
shares = {}
for beside in ("mnist", "fashion"):
    bridge = join(start_from, places[0]["speech"].seen, latents(0, [beside]), 0, brief.training)
    for source in ("mnist", "fashion"):
        shares[beside, source] = measured(bridge, 0, places[0][source], places[0]["speech"], own["speech"])["transfer_accuracy"]
n = len(places[0]["fashion"].held)
found = {key: dict(zip(("value", "low", "high"), (share, *map(float, wilson(share, n))), strict=True)) for key, share in shares.items()}


def change(source):
    """What laying speech beside clothes does to a direction."""
    before, after = found["mnist", source], found["fashion", source]
    return f"{titles[source]} → speech goes from {report.formatted(before)} to {report.formatted(after)}{'' if apart(before, after) else ', which is not told apart'}"


sure = any(apart(found["mnist", source], found["fashion", source]) for source in ("mnist", "fashion"))
Markdown(
    f"Laid beside clothes instead of digits (a short training, one bridge each, {n:,} items): {change('fashion')}; {change('mnist')}. "
    + ("It does matter beside what a domain is laid." if sure and max(shares.values()) > 0.3 else "So few steps teach nothing yet." if max(shares.values()) < 0.3 else "It does not matter here: digits and clothes already share their space, so speech is laid over the same cloud either way.")
)

# %% [markdown]
# **A shared space of 4 dimensions instead of 16.** How many domains fit? (Hint: join them one by one, so that each gets its own steps.)

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
FIT = 4  # domains
narrow = replace(brief, shared=4)
bridge = fit_bridge([origin, copies[0]], narrow, 0)
for copy in copies[1 : FIT - 1]:
    bridge = join(bridge, copy, [origin], 0)
by_four = [kept(bridge, i) for i in range(FIT - 1)]
Markdown(
    f"With 4 dimensions the second domain keeps {by_four[0]:.3f} of the classes, and those that join after it "
    + ", ".join(f"{share:.3f}" for share in by_four[1:])
    + f"; with {brief.shared} dimensions two domains keep {accuracy[few]:.3f}. "
    + ("A narrow space costs accuracy at once. " if by_four[0] < accuracy[few] - 0.02 else "")
    + (
        "So few steps teach nothing yet."
        if not learned
        else "Later domains fit as well as the first: they take no room from one another, since all are laid over one cloud."
        if min(by_four[1:]) > by_four[0] - 0.05
        else "Later domains fit less well than the first."
    )
)

# %% [markdown]
# **Your own model as one more domain.** Any encoder, decoder and judge will do. Here it is a PCA of Fashion-MNIST with 30 axes.

# %% mystnb={"figure": {"caption": "Ten digits, and the garments that a PCA draws of them after it has joined the bridge."}, "image": {"alt": "Two rows of ten pictures: digits, and below each a blurred garment of its class."}} tags=["nbval-ignore-output", "hide-cell", "solution"]
from sklearn.decomposition import PCA

clothes = base.train("fashion")
pca = PCA(30, random_state=0).fit(clothes.x[:5000].numpy())
mine = Domain("pca", lambda x: pca.transform(x.cpu().numpy()), lambda z: pca.inverse_transform(z.cpu().numpy()).clip(0, 1), base.domains["fashion"].judge, 30, base.device)
bridge = join(bridges["all"][0][0], mine.latents(clothes.x, clothes.y), latents(0, ["mnist"]), 0, brief.training)
bridge.domains.update(base.domains)
plots.rows_of_images({"a digit": mnist.items[ten.cpu()], "the PCA's garment": bridge.translate(mnist.items[ten.cpu()], "mnist", "pca")})

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
garments = metrics.agreement(mnist.opinion, mine.classify(bridge.translate(mnist.items, "mnist", "pca")))
redrawn = mine.classify(mine.items(torch.as_tensor(pca.transform(test["fashion"].x.numpy()), dtype=torch.float32))).cpu()
Markdown(
    f"{garments:.3f} of {len(mnist.items):,} held-out digits become the right garment. Of the PCA's own redrawings of real garments the judge recognises "
    f"{metrics.agreement(redrawn, test['fashion'].y):.3f}. "
    + ("A bridge cannot mend a blurred decoder, but it can join one." if garments > 0.3 else "So few steps teach nothing yet.")
)
