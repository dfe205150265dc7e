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
# # 7. Which part does the work?
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/07_ablations.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("07_ablations", profile)

# %% [markdown]
# **What can be left out, and how few labels are enough?** The paper removes parts of the bridge one at a time (its Table 4) and hides
# labels (its Table 3), always from one MNIST model to another. This chapter does both with several seeds, goes on to parts that
# the paper leaves alone, and then asks whether labels are needed at all.
#
# ## Many small runs
#
# Every number here is a bridge of its own. They are trained for fewer steps than those of chapter 3 (a profile's budget is `ablation` in
# `lt.book.profiles`), so compare them with each other first. `lt.tools.sweeps.sweep` maps a function over configurations, a core each;
# what is trained is kept, so that a sweep that is stopped goes on where it was. On a cluster the same line runs inside
# `joblib.parallel_config(backend="dask")`.

# %%
from dataclasses import replace
from functools import partial

from lt.book import paper, plots, report, setup, trials
from lt.tools.sweeps import sweep

usual = budget.ablation
bridge = partial(replace, usual)  # the usual one with some of its parts replaced

# %% [markdown]
# ## Table 4, and parts that it does not name
#
# - **unconditional**: no domain label, no SWD; the same network with the same input gives the same output, whatever domain is meant.
# - **conditional**: with the label, without SWD.
# - **conditional + SWD**: the whole method.
#
# Beyond the table, from the whole method: the latent classifier frozen as it begins (the authors' code never trained theirs);
# plain linear outputs in the place of gated mixing; the mean absolute difference of the authors' code in the
# place of $W_2^2$; fewer or more projections; a smaller or larger shared space.

# %%
TABLE_4 = {
    "unconditional": bridge(conditional=False, beta_swd=0.0),
    "conditional": bridge(beta_swd=0.0),
    "conditional + SWD": usual,
}
PARTS = {
    "frozen classifier": bridge(frozen=True),
    "linear outputs": bridge(output="linear"),
    "absolute difference": bridge(power=1),
    **{f"{n} projections": bridge(projections=n) for n in budget.projections},
    **{f"shared space of {n}": bridge(shared=n) for n in budget.shared_sizes},
}

# %% [markdown]
# ## Table 3: few labels
#
# The classification term is the only one that needs labels. Here it sees a batch of its own, drawn from the labelled items alone; the other terms
# draw from all items, and no batch is balanced by class. Each domain has labels on items of its own. Subsets are
# nested: the ten labels of a class are among its hundred. A moved copy of an item has the label of its original, and is not counted.
#
# Then the same labels put to better use. Training items that lie close together in a *base* latent space tend to be of one class, so labels can
# spread from neighbour to neighbour before any bridge is trained ([Zhou et al. 2004](https://papers.nips.cc/paper/2506-learning-with-local-and-global-consistency)):
# with $W$ the weights of the graph of nearest neighbours, $D$ its degrees and $Y$ the known labels,
#
# $$
# F \leftarrow \alpha\, D^{-1/2} W D^{-1/2} F + (1 - \alpha)\, Y .
# $$
#
# Every item then has a label, some wrong, and the bridge is trained as always. Nothing else changes.
#
# And with no label at all? Each domain falls into clusters. Clusters of two domains can be paired by the *distances between them*: a cluster
# of fours is close to the nines in either space, and far from the zeros. The numbers of paired clusters serve as labels. This needs two domains of one kind.

# %% tags=["nbval-ignore-output", "hide-input"]
base = setup.models(budget, trials.KEYS)  # trained here once, so that no worker has to
run.uses(base.train("mnist"), base.test("mnist"))


def called(labels):
    """A number of labels a class in words; None is all of them."""
    return "all labels" if labels is None else f"{labels} label{'' if labels == 1 else 's'} a class"


settings = {("4", name): (config, None, "few") for name, config in TABLE_4.items()}
settings |= {("parts", name): (config, None, "few") for name, config in PARTS.items()}
settings |= {("3", called(labels)): (usual, labels, "few") for labels in (*budget.labels, None)}
settings |= {("beyond", f"{called(labels)}, spread"): (usual, labels, "spread") for labels in budget.labels if 0 < labels < 1000}
settings |= {("beyond", "no label, matched clusters"): (usual, 0, "clusters")}
groups = {
    # clusters of one set of latents are always the same: one trial, not one a seed
    key: [trials.Trial(profile, config, seed, labels, method) for seed in range(1 if method == "clusters" else budget.ablation_seeds)]
    for key, (config, labels, method) in settings.items()
}
distinct = list(dict.fromkeys(trial for group in groups.values() for trial in group))  # the whole method stands in two tables
found = dict(zip(distinct, sweep(trials.measure, distinct, name="chapter 07"), strict=True))
for (table, name), group in groups.items():
    for metric in ("transfer_accuracy", "transfer_accuracy_true_label", "transfer_accuracy_paper_protocol"):
        n = 1000 if "protocol" in metric else len(base.test("mnist"))
        run.add(table, "mnist->mnist", name, metric, [found[trial][metric] for trial in group], n=n)
    if "label_accuracy" in found[group[0]] and table == "beyond":
        run.add(table, "mnist->mnist", name, "label_accuracy", [found[trial]["label_accuracy"] for trial in group])
for i, trial in enumerate(distinct):
    run.training[f"trial {i}"] = found[trial]["seconds"]
print(f"{len(distinct)} bridges")
report.pivot([{"rows": run.rows}], "4")

# %% tags=["nbval-ignore-output", "hide-input"]
report.pivot([{"rows": run.rows}], "parts")

# %% mystnb={"figure": {"caption": "Table 4 and beyond: held-out transfer accuracy from one MNIST model to another with 95 % intervals, and the paper's numbers."}, "image": {"alt": "Dot plot with a line for each variant of the bridge: accuracies with intervals, and diamonds for the three variants of the paper."}} tags=["nbval-ignore-output", "hide-input"]
rows = {(row["table"], row["method"]): row for row in run.rows if row["metric"] == "transfer_accuracy"}
shown = [row for (table, _), row in rows.items() if table in ("4", "parts")]
plots.intervals(shown, [row["method"] for row in shown])

# %% tags=["nbval-ignore-output", "hide-input"]
from IPython.display import Markdown

whole = rows["4", "conditional + SWD"]
apart = [row for (table, _), row in rows.items() if table == "parts" and (row["high"] < whole["low"] or row["low"] > whole["high"])]
sentence = ", ".join(f"{row['method']} ({report.formatted(row)})" for row in apart) or "none"
Markdown(f"The whole method keeps {report.formatted(whole)} of the classes. Parts whose interval lies apart from it: {sentence}.")

# %% [markdown]
# ## The curve of labels
#
# First the paper's way of using labels, then labels spread over neighbours, and clusters in the place of labels. *Label accuracy* is the share of the labels
# trained with that are true; clusters are numbered, not named, so they have none. The figure and the lines below it set the paper's numbers beside.

# %% tags=["nbval-ignore-output", "hide-input"]
report.pivot([{"rows": run.rows}], "3")

# %% tags=["nbval-ignore-output", "hide-input"]
report.pivot([{"rows": run.rows}], "beyond")

# %% mystnb={"figure": {"caption": "Table 3: transfer accuracy over labels a class. Ours is held out, with 95 % intervals; the paper's was measured on training latents."}, "image": {"alt": "Line plot over labels a class from none to all: the paper's numbers, our run of the same method, and the lines of spread labels and of matched clusters above both where labels are few."}} tags=["hide-input"]
ticks = [*map(str, budget.labels), "all"]
numbers = dict(zip((*budget.labels, None), ticks, strict=True))


def value(row):
    return (row["value"], row["low"], row["high"])


lines = {
    "the paper": {tick: (paper.PAPER["mnist->mnist", called(n), "transfer_accuracy"], None, None) for n, tick in numbers.items()},
    "the same method": {tick: value(rows["3", called(n)]) for n, tick in numbers.items()},
    "labels spread": {tick: value(rows["beyond", f"{called(n)}, spread"]) for n, tick in numbers.items() if ("beyond", f"{called(n)}, spread") in rows},
    "matched clusters": {"0": value(rows["beyond", "no label, matched clusters"])},
}
plots.over_labels(lines, ticks)

# %% tags=["nbval-ignore-output", "hide-input"]
sentences = []
for labels in budget.labels:
    name = "no label, matched clusters" if labels == 0 else f"{called(labels)}, spread"
    if ("beyond", name) in rows:
        ours, without = report.formatted(rows["beyond", name]), report.formatted(rows["3", called(labels)])
        theirs = paper.PAPER["mnist->mnist", called(labels), "transfer_accuracy"]
        sentences.append(f"{called(labels)}: {ours}, without it {without}, the paper {theirs}")
run.finish()
Markdown("- " + "\n- ".join(sentences))

# %% [markdown]
# ## What to remember
#
# - Without the domain label next to nothing is transferred: one network with one input has one output.
# - Labels are not needed for every item. What a base model has learned without labels groups its items already.
# - To label the unlabelled items before the bridge is trained changes nothing in the method: its classification term sees more labels, and that is all.
#
# ## What to try
#
# - Spread the labels on Fashion-MNIST, where classes overlap in the latent space.
# - Match twenty clusters instead of ten. Does it find the crossed sevens?
# - `joblib.parallel_config(backend="dask")` and a cluster of your own.
