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
# # 13. How the settings were chosen
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/13_selection.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("13_selection", profile)

# %% [markdown]
# **Were the settings chosen on the items that measure them?** Then the numbers of this book would flatter it. A recipe has many settings, and
# whoever tries many and keeps the best keeps some luck as well. On a test split that luck looks like skill. This page shows what was tried for
# the book's own recipe, on which items, by which rule and in which order it was chosen. It trains nothing: it reads what `python -m lt select` wrote.
#
# ## The rule
#
# - **The test split is not read.** The last 10,000 training images of each corpus are kept aside (of the small corpora that come with the book: a fifth
#   of each class). The base models, the judges and the bridges of a selection learn from the other training images only. What is kept aside is new to all of them.
# - **Accuracy first, but never alone.** A bridge that answers with ten prototypes can be accurate. So only candidates within 0.01 of the best accuracy are kept,
#   and of these only candidates within 0.02 of the largest diversity. The most accurate of the rest is chosen. For the schedule and the width the question is one of cost: there diversity may differ
#   by 0.05, and the fastest of the rest is chosen. Base models are compared by the accuracy of reconstructions, then by the evidence lower bound (ELBO).
# - **Finished base models.** Weights that suit a bridge between half-trained base models do not suit one between finished ones: we tried. So base models, judges
#   and bridges take all of their steps. Only where base models themselves are compared do they take half. There is one base model of each corpus, and a second one of MNIST.
#
# Both margins, 0.01 in accuracy and 0.02 in diversity, are about what another set of base models changes ([chapter 3](03_bridging.ipynb)). **The rule was changed twice, after a look at its first
# choices.** A margin of 0.005 in accuracy chose a KL weight with a little more accuracy and much less diversity. And without a margin in diversity, one setting after another gave away accuracy for
# differences in diversity that are noise. These are choices by hand, on items kept aside. What other margins choose is said below.
#
# ## The order
#
# Settings depend on one another: with another weight of the classification loss, another KL weight is best. To try all combinations would take thousands of trainings. So the settings are chosen in groups,
# *one group after another* (coordinate descent). The candidates of a group differ in one setting, or in a few that belong together; all else is as the profile has it. The profile then takes
# what the rule chose, and the next group is tried around it. A group whose surroundings have changed since is run again. In the end no single group should be left that the rule would change; what is not there yet is said below.
# Two settings that are good only together can still be missed.
#
# An accuracy is a mean over directions: MNIST → Fashion-MNIST and back, and between the two MNIST models; for *speech*, MNIST → speech and back; for *many domains* ([chapter 8](08_many_domains.ipynb)),
# all twelve directions between four of them. Diversity and trustworthiness are those of [chapter 5](05_baselines.ipynb).
#
# ## What was chosen

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lt.book import charts, profiles, report, select

TITLES = {
    "kl": "KL weight",
    "classification": "classification weight",
    "swd": "SWD weight",
    "schedule": "schedule",
    "width": "width",
    "copies": "moved copies",
    "jitter": "how far copies move",
    "vae_mnist": "base VAE, MNIST",
    "vae_fashion": "base VAE, Fashion",
    "speech": "speech",
    "many": "many domains",
}
BEFORE = {  # what the profile had before its first selection
    "kl": {"beta_kl": 0.002},
    "classification": {"beta_cls": 1.0},
    "swd": {"beta_swd": 1.0},
    "schedule": {"steps": 1300, "batch": 256, "lr": 0.002, "muon": 0.02, "average": 0.99},
    "width": {"width": 128},
    "copies": {"copies": 2},
    "jitter": {"jitter": [0.7, 0.4]},
    "vae_mnist": {"warmup": 0.3, "jitter": 0.5},
    "vae_fashion": {"warmup": 0.5, "jitter": 0.0},
    "speech": {"beta_kl": 0.001, "beta_cls": 1.0},
    "many": {"width": 256, "beta_swd": 5.0},
}
found = select.read(Path("results/selection"))


def row_of(group, settings):
    """The row of the candidate with these settings; None if it was not tried."""
    return next((row for row in found[group]["rows"] if row["settings"] == settings), None)


chosen = {group: row_of(group, record["settings"]) for group, record in found.items()}
before = {group: row_of(group, BEFORE[group]) for group in found}

# %% mystnb={"figure": {"caption": "All candidates on the items kept aside, a line for each group of settings. Shaded: within 0.01 of the best accuracy, where candidates count as equals. Of these the rule drops what is clearly less diverse, then takes the most accurate (schedule and width: the fastest; base VAEs: the best ELBO). The diamond is what it chose, the ring what the profile had before. A triangle at the edge is farther off."}, "image": {"alt": "Two dot plots with a line for each group of settings. Left, accuracy less the best of the group: every diamond is in a shaded band at the right. Right, diversity. A ring that is not around a diamond marks a setting that the selection changed."}} tags=["nbval-ignore-output", "hide-input", "lead"]
groups = {
    TITLES[group]: (
        [(row["accuracy"], row.get("diversity")) for row in record["rows"]],
        record["rows"].index(chosen[group]),
        None if before[group] is None else record["rows"].index(before[group]),
    )
    for group, record in found.items()
}
charts.candidates(groups, select.MARGIN) if groups else Markdown("No picture: nothing is selected yet.")

# %% tags=["nbval-ignore-output", "hide-input"]
DECIDED = {"accuracy": "accuracy", "elbo": "ELBO", "seconds": "cost"}


def changed(group):
    return found[group]["settings"] != BEFORE[group]


def values(settings):
    """Settings in words; of one alone its value, since the line has its name."""
    return select.words(settings) if len(settings) > 1 else select.words({"": next(iter(settings.values()))}).strip()


def step(group, name):
    """A score before and after a change; one number where nothing changed, none where it was not measured."""
    rows = [row for row in (before[group] if changed(group) else None, chosen[group]) if row and name in row]
    return " → ".join(f"{row[name]:.3f}" for row in rows)


lines = [
    {
        "Setting": TITLES[group],
        "Tried": str(len(record["rows"])),
        "Before": values(BEFORE[group]),
        "Chosen": f"**{values(record['settings'])}**" if changed(group) else "the same",
        "Decided by": DECIDED[select.DECIDES.get(group, "accuracy")],
        **{name.capitalize(): step(group, name) for name in ("accuracy", "diversity", "trustworthiness")},
    }
    for group, record in found.items()
]
Markdown(report.markdown(pd.DataFrame(lines)) if lines else "Nothing is selected yet: `python -m lt select` does it, at profile `laptop`.")

# %% tags=["nbval-ignore-output", "hide-input"]
ONE_BRIDGE = ("kl", "classification", "swd", "schedule", "width", "copies", "jitter")  # groups whose candidates are all bridges between images
MARGINS = (0.0, 0.005, 0.02)
missing = [group for group in select.GROUPS if group not in found]
budgets = {group: profiles.get(record["profile"]) for group, record in found.items()}
apart = [group for group, record in found.items() if select.own(budgets[group], group) != record["settings"]]
sentences = []
if new := [group for group in found if changed(group)]:
    sentences.append(f"**The rule changed {len(new)} of {len(found)} groups**: " + ", ".join(TITLES[group] for group in new) + ". In the others it chose what the profile had before.")
elif found:
    sentences.append("**The rule changed nothing**: in every group it chose what the profile had before.")
if found:
    other = {
        margin: [group for group, record in found.items() if select.choose(record["rows"], select.DECIDES.get(group, "accuracy"), margin)["candidate"] != record["chosen"]]
        for margin in MARGINS
    }
    sentences.append(
        "**With another margin the rule chooses otherwise**: with " + "; ".join(f"{margin:g} in {len(names)} of {len(found)} groups" + (f" ({', '.join(TITLES[group] for group in names)})" if names else "") for margin, names in other.items()) + "."
    )
same = {group: row["accuracy"] for group in ONE_BRIDGE if group in found and (row := row_of(group, select.own(budgets[group], group)))}
if len(same) > 1:
    spread = max(same.values()) - min(same.values())
    sentences.append(
        f"**A check of the order**: the bridge of the profile is a candidate in {len(same)} groups. "
        + ("It has the same score in all of them, so all were tried around the same recipe." if spread < 1e-9 else f"Its accuracy differs by up to {spread:.4f} between them, so some were tried around an earlier recipe and have to be run again.")
    )
if apart:
    sentences.append(
        "The profile does not have what was chosen for " + ", ".join(f"{TITLES[group]} (it has {select.words(select.own(budgets[group], group))})" for group in apart) + "."
        + (" The base models were kept as they are: everything else, this selection too, was trained over them." if any(group.startswith("vae_") for group in apart) else "")
    )
if missing:
    sentences.append(f"Nothing is selected yet for {', '.join(map(TITLES.get, missing))}: `python -m lt select {' '.join(missing)}`.")
for group, row in chosen.items():
    run.add("selection", group, row["candidate"], "accuracy", [row["accuracy"]], note="training items kept aside")
Markdown("- " + "\n- ".join(sentences))

# %% [markdown]
# Every candidate has only a few seeds (the tables say how many), so a difference of a few thousandths is noise. That is why the rule calls such candidates equal and why nothing on this page is a result:
# the results are in the other chapters, on the test split.
#
# ## Every candidate
#
# Open the next cell for the scores of all candidates, the chosen one in bold.

# %% tags=["nbval-ignore-output", "hide-cell"]
SCORES = {"accuracy": "Accuracy", "diversity": "Diversity", "trustworthiness": "Trustworthiness", "elbo": "ELBO, nats"}


def table(record):
    """The candidates of a group as Markdown, the chosen one in bold."""
    rows = []
    for row in record["rows"]:
        line = {"Candidate": row["candidate"]}
        line |= {title: f"{row[score]:.1f}" if score == "elbo" else f"{row[score]:.3f}" for score, title in SCORES.items() if score in row}
        line["Seconds"] = f"{row['seconds']:.0f}"
        rows.append({title: f"**{value}**" if row["chosen"] else value for title, value in line.items()})
    return report.markdown(pd.DataFrame(rows))


said = [
    f"**{TITLES[group]}**: {record['rule']}. Seeds: {record['seeds']}; profile `{record['profile']}`, commit `{record['commit']}`, {record['device']}.\n\n{table(record)}"
    for group, record in found.items()
]
Markdown("\n\n".join(said) or "No candidate yet.")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What was chosen otherwise
#
# The GAN of spoken digits is trained once: its steps were set beforehand, and the running mean of the last step is kept, whatever it scores.
# What a sample must pass to be accepted (a panel of classifiers that is sure to 0.999) was set with the independent recogniser of [chapter 4](04_speech.ipynb) on samples of
# an earlier, shorter training. So its numbers are a little kind to *accepted samples*; it chose nothing about bridges. The weights of the speech bridge are chosen by
# the panel, and measured by the judge, which has no part in any choice.
#
# The competitors of [chapter 5](05_baselines.ipynb) have the constants of their papers, at budgets that two cores can pay; their learning rates are searched there, on training items
# kept aside. The profile `paper` has the constants of the paper's text.
#
# ## What to remember
#
# - Choose on items that nothing has learned from, and measure on others. Two splits are not enough; it takes three.
# - Write the rule down before the scores come in. If you change it later, say so and show what it changed.
# - Small differences are luck. Call them equal, in every score, and let something else decide.
#
# ## What to try
#
# **1.** `python -m lt select kl --profile quick` takes minutes on the small corpora and writes to `_build/selection/quick`. Does it choose the same weight? Or add a candidate to `GROUPS` in
# `lt/book/select.py`: only what is new is trained.
#
# **2.** Set the margin to 0, 0.005 and 0.02. Which candidate does the rule take then?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
lines = [
    {"Setting": TITLES[group]}
    | {f"margin {margin:g}": select.choose(record["rows"], select.DECIDES.get(group, "accuracy"), margin)["candidate"] for margin in sorted({*MARGINS, select.MARGIN})}
    for group, record in found.items()
]
Markdown(report.markdown(pd.DataFrame(lines)) if lines else "Nothing is selected yet.")
