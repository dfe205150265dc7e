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

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("07_ablations", profile)

# %% [markdown]
# **What can be left out, and how few labels are enough?** The paper removes parts of the bridge one at a time (its Table 4) and hides
# labels (its Table 3), always from one MNIST model to another. This chapter does both, goes on to parts that
# the paper leaves alone, and then asks whether labels are needed at all.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown

from lt import fit_bridge, metrics, named_generator
from lt.book import charts, comparisons, paper, plots, report, setup, trials
from lt.latents import UNKNOWN
from lt.tools.intervals import crossed_interval
from lt.tools.sweeps import ahead, sweep
from lt.zoo import few_labels

bases = [setup.models(budget, trials.KEYS, number) for number in range(budget.ablation_sets)]  # trained here once, so that no worker has to
base = bases[0]
base.second_judge("mnist")
run.uses(base.train("mnist"), base.test("mnist"))

# %% [markdown]
# ## Table 4, and parts that it does not name
#
# The paper's Table 4 compares three bridges:
#
# - **unconditional**: no domain label, *and* no sliced Wasserstein distance (SWD). The same network with the same input gives the same output, whatever domain is meant.
# - **conditional**: with the label, without SWD.
# - **conditional + SWD**: the whole method, the same bridge as in [chapter 3](03_bridging.ipynb).
#
# Beyond the table we change one part of the whole method at a time. These are many, so each is tried with a shorter bridge (`ablation` in `lt.book.profiles`): compare them with
# *whole method, short*, not with Table 4.

# %%
whole = budget.bridge
full = partial(replace, whole)  # the bridge of chapter 3 with some of its parts replaced
short = partial(replace, budget.ablation)
TABLE_4 = {
    "unconditional": full(conditional=False, beta_swd=0.0),
    "conditional": full(beta_swd=0.0),
    "conditional + SWD": whole,
}
PARTS = {
    "whole method, short": short(),
    "frozen classifier": short(frozen=True),
    "linear outputs": short(output="linear"),
    "absolute difference": short(power=1),
    "paper's classification weight": short(beta_cls=0.05),
    "paper's classification weight, no SWD": short(beta_cls=0.05, beta_swd=0.0),
    **{f"{n} projections": short(projections=n) for n in budget.projections},
    **{f"shared space of {n}": short(shared=n) for n in budget.shared_sizes},
}

# %% tags=["nbval-ignore-output", "hide-input"]
usual = short()
weight = PARTS["paper's classification weight"].beta_cls
Markdown(
    report.markdown(
        pd.DataFrame(
            [
                ("frozen classifier", "the latent classifier keeps its random initial weights, as in the authors' code", "it is trained"),
                ("linear outputs", "the last layers are linear", "gated mixing"),
                ("absolute difference", "the SWD compares sorted projections by their mean absolute difference, as in the authors' code", "their squares, $W_2^2$"),
                ("paper's classification weight", f"{weight:g}, with the SWD and without", f"{usual.beta_cls:g}"),
                ("*n* projections", "random directions of the SWD", f"{usual.projections}"),
                ("shared space of *n*", "dimensions of $z'$", f"{usual.shared}"),
            ],
            columns=["name", "what is changed", "the whole method has"],
        )
    )
)

# %% [markdown]
# ## Table 3: few labels
#
# The classification term is the only one that needs labels. Here it sees a batch of its own, drawn from the labelled items alone; the other terms
# draw from all items, and no batch is balanced by class. A label that is not known is -1, so nothing can use it by mistake. Each domain has labels on items of its
# own. The ten labels of a class are among its hundred. A moved copy of an item has the label of its original, and is not counted.

# %%
few = few_labels.hide_labels(base.own("mnist"), 10, len(base.own("mnist")), named_generator("labels mnist", 0, base.device))
print(int((few.y != UNKNOWN).sum()), "labels are known; every other label is", int(few.y.min()))

# %% [markdown]
# ### Labels that spread
#
# The same labels can do more. Items that lie close together in a *base* latent space tend to be of one class. So labels can
# spread from neighbour to neighbour before any bridge is trained ([Zhou et al. 2004](https://papers.nips.cc/paper/2506-learning-with-local-and-global-consistency)). Connect each
# item with its ten nearest neighbours. $F$ has a row for each item and a column for each class; it starts as $Y$, which is one where a label is known and zero elsewhere. Then repeat
#
# $$
# F \leftarrow \alpha\, D^{-1/2} W D^{-1/2} F + (1 - \alpha)\, Y .
# $$
#
# The first term gives each item an average of its neighbours' rows: $W$ holds the weights of the connections, larger for closer neighbours, and the degrees $D$ (the sums of its rows) keep items with many neighbours from
# counting more. The second term draws the known items back to their labels. $\alpha$, here 0.99, balances the two; below one the iteration converges. At the end the columns are scaled to one sum,
# since every class should be about as frequent, and the largest entry of a row is the item's label. Some of these labels are wrong. The bridge is then trained as always.
#
# ### No label at all
#
# Each domain falls into ten clusters. Which cluster of one domain belongs to which of the other? The *distances between clusters* tell: the cluster
# of fours is close to the nines in either space, and far from the zeros. The numbers of the paired clusters serve as labels. This needs two domains of one kind. One
# set of latents always has the same clusters, so this is one trial for each set of base models.
#
# ## What the parts do
#
# First Table 4, then the parts that it does not name; the labels follow in a section of their own.

# %% tags=["nbval-ignore-output", "hide-cell"]


def called(labels):
    """A number of labels a class in words; None is all of them."""
    return "all labels" if labels is None else f"{labels} label{'' if labels == 1 else 's'} a class"


settings = {("4", name): (config, None, "few") for name, config in TABLE_4.items()}
settings |= {("3", called(labels)): (whole, labels, "few") for labels in (*budget.labels, None)}
settings |= {("beyond", f"{called(labels)}, spread"): (whole, labels, "spread") for labels in budget.labels if 0 < labels < 1000}
settings |= {("beyond", "no label, matched clusters"): (whole, 0, "clusters")}
settings |= {("parts", name): (config, None, "few") for name, config in PARTS.items()}
groups = {
    key: [
        [trials.Trial(profile, config, seed, labels, method, base=number) for seed in range(1 if method == "clusters" else budget.short_seeds)]
        for number in range(budget.ablation_sets)
    ]
    for key, (config, labels, method) in settings.items()
}
distinct = list(dict.fromkeys(trial for group in groups.values() for of_base in group for trial in of_base))  # the whole method stands in two tables
distinct.sort(key=lambda trial: trial.base)  # a worker holds the latents of one set of base models
found = dict(zip(distinct, sweep(trials.measure_all, distinct, name="chapter 07"), strict=True))
METRICS = ("transfer_accuracy", "transfer_accuracy_second_judge", "transfer_accuracy_paper_protocol", "diversity", "trustworthiness", "transfer_accuracy_true_label")
for (table, name), group in groups.items():
    labels = settings[table, name][1]
    note = "" if table in ("4", "parts") else f"labels a class: {'all' if labels is None else labels}"  # what a slider over labels reads
    for metric in METRICS:
        n = (1000 if "protocol" in metric else len(base.test("mnist"))) if "accuracy" in metric else None
        run.add(table, "mnist->mnist", name, metric, [[found[trial][metric] for trial in of_base] for of_base in group], n=n, note=note)
    if table == "beyond" and "label_accuracy" in found[group[0][0]]:
        run.add(table, "mnist->mnist", name, "label_accuracy", [[found[trial]["label_accuracy"] for trial in of_base] for of_base in group], note=note)
for i, trial in enumerate(distinct):
    run.training[f"trial {i}"] = found[trial]["seconds"]
rows = {(row["table"], row["method"], row["metric"]): row for row in run.rows}

# %% mystnb={"figure": {"caption": "Table 4: held-out transfer accuracy from one MNIST model to another, with 95 % intervals (narrower than the dots where none is seen), and the paper's numbers."}, "image": {"alt": "Dot plot of three variants of the bridge: without the domain label next to nothing is kept; with it, and with the sliced Wasserstein distance as well, most is."}} tags=["nbval-ignore-output", "hide-input"]


def accuracy(table, name):
    return rows[table, name, "transfer_accuracy"]


charts.intervals([accuracy("4", name) for name in TABLE_4], list(TABLE_4))

# %% tags=["nbval-ignore-output", "hide-input"]
COLUMNS = {"transfer accuracy": "transfer_accuracy", "second judge": "transfer_accuracy_second_judge", "paper's protocol": "transfer_accuracy_paper_protocol", "diversity": "diversity", "trustworthiness": "trustworthiness"}
SHORT = {title: metric for title, metric in COLUMNS.items() if title != "paper's protocol"}


def short_table(names, columns=COLUMNS, theirs=True):
    """A line for each (table, method): accuracies, what they leave out, and the paper's number."""
    found = {title: [rows.get((*key, metric)) for key in names] for title, metric in columns.items()}
    cells = {title: [f"{row['value']:.3f}" if row else "" for row in of_column] for title, of_column in found.items()}
    if theirs:
        values = [rows[(*key, "transfer_accuracy")]["paper"] for key in names]
        cells["the paper"] = ["" if value is None else f"{value:.3g}" for value in values]
    return pd.DataFrame(cells, index=pd.Index([name for _, name in names], name="MNIST → MNIST"))


short_table([("4", name) for name in TABLE_4])

# %% mystnb={"figure": {"caption": "Parts that Table 4 does not name, with short bridges: each variant less the whole method on the same base models, with 95 % intervals. Filled: told apart from zero. Grey: less than 0.02 of accuracy to either side. An interval that reaches the edge of a panel goes on beyond it."}, "image": {"alt": "Two dot plots side by side with a line for each variant of the bridge: the change of accuracy, and the change of diversity, with intervals around zero. The text below groups them."}} tags=["nbval-ignore-output", "hide-input"]
WITHIN = 0.02
VARIANTS = list(PARTS)[1:]


def change(table, name, other, metric="transfer_accuracy"):
    """A variant less another one on the same base models and with the same seeds: mean and 95 % interval.

    The interval counts base models and bridges (Student's t of the differences), and for an accuracy the test items, as if each variant had its own.
    """
    pairs = [[(found[a][metric], found[b][metric]) for a, b in zip(*of_base, strict=True)] for of_base in zip(groups[table, name], groups[table, other], strict=True)]
    mean, low, high = crossed_interval([[a - b for a, b in of_base] for of_base in pairs])
    if low is None or "accuracy" not in metric:
        return mean, low, high
    variance = sum(share * (1 - share) for share in (rows[table, one, metric]["value"] for one in (name, other))) / len(base.test("mnist"))
    half = ((high - mean) ** 2 + 1.96**2 * variance) ** 0.5
    before = rows[table, other, metric]["value"]  # a share cannot fall below 0 or rise above 1
    return mean, max(mean - half, -before), min(mean + half, 1 - before)


without_swd = zip(groups["4", "conditional"], groups["4", "conditional + SWD"], strict=True)
lacking = [[found[b]["transfer_accuracy"] - found[a]["transfer_accuracy"] for a, b in zip(*of_base, strict=True)] for of_base in without_swd]
run.add("4, paired", "mnist->mnist", "conditional + SWD minus conditional", "transfer_accuracy_shortfall", lacking)
changes = {metric: {name: change("parts", name, "whole method, short", metric) for name in VARIANTS} for metric in ("transfer_accuracy", "diversity", "trustworthiness")}
comparisons.changes({"change of accuracy": list(changes["transfer_accuracy"].values()), "change of diversity": list(changes["diversity"].values())}, VARIANTS, {"change of accuracy": WITHIN})

# %% tags=["nbval-ignore-output", "hide-cell"]
short_table([("parts", name) for name in PARTS], SHORT, theirs=False)

# %% tags=["nbval-ignore-output", "hide-input"]


def signed(difference):
    mean, low, high = difference
    said = f"{mean:+.3f}" + ("" if low is None else f" [{low:+.3f}, {high:+.3f}]")
    return said.replace("-0.000", "0.000").replace("+0.000", "0.000")


def told(difference):
    """A difference with its interval, and whether it is told apart from zero."""
    _, low, high = difference
    return signed(difference) + (", not told apart from no change" if low is not None and low <= 0 <= high else "")


def grouped(of_metric, less, more, within=None):
    """Variants by what their differences show, as a list in Markdown; ``within`` is how near to zero counts as the same."""
    names: dict = {}
    for name, (_, low, high) in of_metric.items():
        same = within is not None and low is not None and low > -within and high < within
        word = "one bridge each, no interval" if low is None else f"the same within {within}" if same else less if high < 0 else more if low > 0 else "not decided"
        names.setdefault(word, []).append(name)
    rest = [] if within else names.pop("not decided", [])  # their number is enough where the figure has them
    said = [f"*{word}*: " + "; ".join(f"{name} {signed(of_metric[name])}" for name in of_word) for word, of_word in names.items()]
    return "".join(f"\n    - {line}" for line in said + ([f"*not decided*: the other {len(rest)}"] if rest else []))


without, all_of_it = {name: accuracy("4", name) for name in ("unconditional", "conditional")}, accuracy("4", "conditional + SWD")
in_paper = without["conditional"]["paper"] - all_of_it["paper"]
weak, weaker = (f"paper's classification weight{rest}" for rest in ("", ", no SWD"))
of_swd, lighter = change("4", "conditional", "conditional + SWD"), change("parts", weaker, weak)
bridges = sum(len(of_base) for of_base in groups["parts", "whole method, short"])
undecided = [name for name, (_, low, high) in changes["transfer_accuracy"].items() if low is not None and low <= 0 <= high and not (low > -WITHIN and high < WITHIN)]
widest = max(undecided, key=lambda name: changes["transfer_accuracy"][name][2] - changes["transfer_accuracy"][name][1], default=None)


def counted(metric, holds):
    return sum(low is not None and holds(low, high) for _, low, high in changes[metric].values())


lines = [
    f"**Which part does the work?** The domain label carries the accuracy. Of the {len(VARIANTS)} other changes {counted('transfer_accuracy', lambda low, high: high < 0)} lose accuracy and "
    f"{counted('transfer_accuracy', lambda low, high: low > -WITHIN and high < WITHIN)} leave it the same within {WITHIN}; {counted('diversity', lambda low, high: low * high > 0)} change the diversity and "
    f"{counted('trustworthiness', lambda low, high: low * high > 0)} the trustworthiness, by intervals; the rest is not decided. In detail:",
    f"**The domain label** is the one difference between the first two rows of Table 4: without it {report.formatted(without['unconditional'])}, with it {report.formatted(without['conditional'])}. "
    f"The paper has {without['unconditional']['paper']} and {without['conditional']['paper']}. The reason: without the label the transfer *is* the "
    "reconstruction, one function of one input, and for one latent no other term of the loss can make the same output right for both domains.",
    f"**The SWD** is the one difference between the last two: leaving it out changes the accuracy by {told(of_swd)}; in the paper by {in_paper:+.3f}. "
    + (f"So we do not reproduce the paper's gain of {-in_paper:.3f}. " if of_swd[1] is not None and of_swd[1] > in_paper else "")
    + f"The paper weighs the classification loss less, by {weight:g} and not {whole.beta_cls:g}. With its weight, and short bridges, leaving out the SWD changes the accuracy by {told(lighter)}"
    + (": in short bridges of our recipe the lower weight alone does not bring the gain back." if lighter[1] is not None and lighter[1] > in_paper else "."),
    *([f"The short bridges weigh the classification loss by {short().beta_cls:g}, those of Table 4 by {whole.beta_cls:g}."] if short().beta_cls != whole.beta_cls else []),
    "**Accuracy**, each part changed:" + grouped(changes["transfer_accuracy"], "less accurate", "more accurate", WITHIN),
    *(
        [
            f"**Not decided is not the same.** There are {bridges} bridges of each kind, and Student's t of so few is wide: {widest} could lose {-changes['transfer_accuracy'][widest][1]:.2f} or nothing. "
            "Where a difference is missing there, so is the power to see one."
        ]
        if widest
        else []
    ),
    "**Diversity**:" + grouped(changes["diversity"], "less diverse", "more diverse"),
    "**Trustworthiness**:" + grouped(changes["trustworthiness"], "less local", "more local"),
    *([f"These are {3 * len(VARIANTS)} comparisons at 95 %, so one or two of the smaller changes may be chance."] if bridges > 1 else []),
]
Markdown("- " + "\n- ".join(lines))

# %% [markdown]
# ## The curve of labels
#
# First the paper's way of using labels, then labels spread over neighbours, and clusters in place of labels. Move the slider to compare the ways at one number of labels; matched clusters need none, so
# their bar stays.

# %% mystnb={"figure": {"caption": "Table 3: share of digits that keep their class, over the number of labels a class that are known. Ours is held out, with 95 % intervals; the paper's was measured on training latents. *Spread* and *matched clusters* are ours alone. The dotted line is chance."}, "image": {"alt": "Line plot over labels a class from none to all: the paper's numbers, our run of the same method, and the lines of spread labels and of matched clusters above both where labels are few."}} tags=["nbval-ignore-output", "hide-input", "lead"]
ticks = [*map(str, budget.labels), "all"]
numbers = dict(zip((*budget.labels, None), ticks, strict=True))


def value(row):
    return (row["value"], row["low"], row["high"])


lines = {
    "the paper": {tick: (paper.PAPER["mnist->mnist", called(n), "transfer_accuracy"], None, None) for n, tick in numbers.items()},
    "ours, the same method": {tick: value(accuracy("3", called(n))) for n, tick in numbers.items()},
    "ours, labels spread": {tick: value(accuracy("beyond", f"{called(n)}, spread")) for n, tick in numbers.items() if ("beyond", f"{called(n)}, spread") in settings},
    "ours, matched clusters": {"0": value(accuracy("beyond", "no label, matched clusters"))},
}
charts.over_labels(lines, ticks, chance=paper.CHANCE)

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import touch

steady = dict.fromkeys(ticks, lines["ours, matched clusters"]["0"])  # needs no label, so it has the same value everywhere
touch.labels({"the paper": lines["the paper"], "the same method": lines["ours, the same method"], "labels spread": lines["ours, labels spread"], "matched clusters, without labels": steady}, ticks)

# %% [markdown]
# In numbers, with what the accuracy leaves out. *Labels true* is the share of the labels trained with that are true; clusters are numbered, not named, so they have none.

# %% tags=["nbval-ignore-output", "hide-input"]
of_labels = [
    key
    for n in numbers
    for key in [("3", called(n)), ("beyond", "no label, matched clusters" if n == 0 else f"{called(n)}, spread")]
    if key in settings
]
table = short_table(of_labels, {"accuracy" if title == "transfer accuracy" else title: metric for title, metric in COLUMNS.items() if title != "second judge"} | {"labels true": "label_accuracy"})
table.rename(index=lambda name: name.replace(" labels a class", "").replace(" label a class", "").replace("no label, matched", "0, matched").replace(" labels", "")).rename_axis("labels a class")

# %% tags=["nbval-ignore-output", "hide-input"]
NEAR = 0.02
best = accuracy("3", "all labels")


def fewest(shares, whole):
    """The fewest labels a class, of those tried, with which a share is near that with all labels; in words."""
    enough = [n for n in budget.labels if n in shares and shares[n] >= whole - NEAR]
    return called(min(enough)) if enough else "all labels"


plain = {n: accuracy("3", called(n))["low"] for n in budget.labels}
spread = {n: accuracy("beyond", f"{called(n)}, spread")["low"] for n in budget.labels if ("beyond", f"{called(n)}, spread") in settings}
theirs = {n: paper.PAPER["mnist->mnist", called(n), "transfer_accuracy"] for n in budget.labels}
none, matched = accuracy("3", called(0)), accuracy("beyond", "no label, matched clusters")
each = [found[trial]["transfer_accuracy"] for of_base in groups["beyond", "no label, matched clusters"] for trial in of_base]
by_base = f", one by one {', '.join(f'{share:.2f}' for share in each)}" if len(each) > 1 else ""
sure = none["low"] > paper.CHANCE
within = none["low"] <= none["paper"] <= none["high"]
theirs_said = f"The paper reads its {none['paper']} as more than chance, a first alignment by the SWD alone"
Markdown(
    f"- **How few are enough?** All labels keep {report.formatted(best)}. The fewest, of the numbers tried, whose whole interval is at most {NEAR} below: {fewest(plain, best['value'])} by the paper's method, "
    f"{fewest(spread, best['value'])} if they are spread first. By the paper's single numbers, on training latents, it is {fewest(theirs, paper.PAPER['mnist->mnist', 'all labels', 'transfer_accuracy'])}.\n"
    f"- **No label**: matched clusters reach {report.formatted(matched)}{by_base}. With nothing at all the bridge keeps {report.formatted(none)}, {'above' if sure else 'not told apart from'} chance ({paper.CHANCE:g}). {theirs_said}"
    + ("; one bridge cannot tell." if bridges == 1 else ", and so it is here." if sure else f"; {bridges} bridges here can neither confirm nor refute it." if within else "; that is outside the interval here.")
)

# %% [markdown]
# The same ten digits through bridges that know more and more labels:

# %% mystnb={"figure": {"caption": "Ten held-out digits (top) and what the second model draws for them, with more labels from row to row."}, "image": {"alt": "Rows of ten digits each. With no label or one label a class many come out as other digits, with more labels fewer do, and with all labels they are the digits of the top row."}} tags=["nbval-ignore-output", "hide-input"]
test = base.test("mnist")
ten = torch.stack([(test.y == label).nonzero()[0, 0] for label in range(10)])
pictures = {"input": test.x[ten]}
for labels, tick in numbers.items():
    latents = trials.prepared([base.seen(key) for key in trials.KEYS], [len(base.own(key)) for key in trials.KEYS], labels, "few", 0)
    bridge = fit_bridge(latents, whole, 0)  # trained above
    pictures[tick if tick == "all" else called(labels)] = bridge.translate(test.x[ten], *trials.KEYS)
plots.rows_of_images(pictures)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - A transfer needs the domain label: one network with one input has one output, whatever domain is meant. To say which part did it, compare two bridges that differ in this part alone.
# - With few repetitions, a difference that is not seen may still be there. Compare on the same base models, and say how large a loss the interval leaves open.
# - Labels are not needed for every digit. A base model that was trained without labels has grouped them already, and labels can spread over these groups. (For clothes they spread less well: the second exercise.)
# - Look at diversity too: a part that hardly changes the accuracy can still change how much of an item survives.
#
# ## What to try
#
# Each suggestion is followed by a worked solution, hidden until you open it.
#
# **1.** How much does the weight of the SWD matter when all labels are known, and when ten a class are?

# %% mystnb={"figure": {"caption": "Transfer accuracy of brief bridges over the weight of the SWD, with all labels and with ten a class."}, "image": {"alt": "Line plot of transfer accuracy over the weight of the sliced Wasserstein distance, a line for all labels and one for ten labels a class."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
brief = replace(budget.ablation, training=replace(budget.ablation.training, steps=200))
weights = (0.0, 0.3, 1.0, 3.0)
own_two = [base.own(key) for key in trials.KEYS]
told = {called(n): trials.prepared(own_two, [len(d) for d in own_two], n, "few", 0) for n in (None, 10)}
ahead(*[(fit_bridge, [replace(d, domain=None) for d in latents], replace(brief, beta_swd=w), 0) for latents in told.values() for w in weights], name="weights")
before = base.domains["mnist"].classify(test.x)
kept = {
    name: {
        f"{w:g}": (metrics.agreement(before, base.domains["mnist_b"].classify(fit_bridge(latents, replace(brief, beta_swd=w), 0).translate(test.x, *trials.KEYS))), None, None)
        for w in weights
    }
    for name, latents in told.items()
}
charts.over_labels(kept, [f"{w:g}" for w in weights], across="weight of the SWD")

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
best_of = {name: max(of_weight, key=lambda w: of_weight[w][0]) for name, of_weight in kept.items()}
Markdown(
    " ".join(f"With {name} the accuracy is {of_weight['0'][0]:.3f} without the SWD, and best at a weight of {best_of[name]}, {of_weight[best_of[name]][0]:.3f}." for name, of_weight in kept.items())
    + " Each point is one brief bridge: small differences say nothing."
)

# %% [markdown]
# **2.** Spread the labels on Fashion-MNIST, where classes overlap in the latent space. How many are true?

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
clothes = setup.models(budget, ("fashion",))
own_clothes = clothes.own("fashion").take(slice(4000))
lines = []
for name, own in (("MNIST", base.own("mnist").take(slice(4000))), ("Fashion-MNIST", own_clothes)):
    known = few_labels.hide_labels(own, 10, len(own), named_generator("try", 0, own.y.device))
    lines.append(f"{metrics.agreement(few_labels.spread_labels(known, len(own)).y, own.y):.3f} on {name}")
Markdown(f"With ten labels a class among 4,000 items, the share of labels that are true after spreading is {' and '.join(lines)}.")

# %% [markdown]
# **3.** Find twenty clusters instead of ten. Does a digit that is written in two ways get two clusters, such as crossed sevens?

# %% mystnb={"figure": {"caption": "The means of twenty clusters of latents, decoded."}, "image": {"alt": "Two rows of ten digits, each the decoded mean of a cluster; most digits appear twice, in two hands."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
own = base.own("mnist").take(slice(4000))
cluster = few_labels.clusters(own, len(own), 20)
mostly = [int(np.bincount(own.y.cpu().numpy()[cluster == k], minlength=10).argmax()) for k in range(20)]
centres = torch.stack([own.mean[torch.from_numpy(cluster == k).to(own.mean.device)].mean(0) for k in range(20)])
order = sorted(range(20), key=lambda k: mostly[k])
means = base.domains["mnist"].items(centres[order])
plots.panels({"clusters of mostly " + ", ".join(str(mostly[k]) for k in order[i : i + 10]): means[i : i + 10] for i in (0, 10)}, across=1, size=7)

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
several = [f"{digit} ({mostly.count(digit)})" for digit in range(10) if mostly.count(digit) > 1]
none_of = [str(digit) for digit in range(10) if digit not in mostly]
Markdown(
    f"Digits with more than one cluster: {', '.join(several)}" + (f"; with none of their own: {', '.join(none_of)}" if none_of else "")
    + ". The pictures tell what divides them, such as the slant of the ones; a cluster of crossed sevens would show a bar through the stem."
)
