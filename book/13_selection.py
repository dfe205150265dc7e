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
# **Were the settings chosen on the items that measure them?** Then the numbers of this book would flatter it: whoever tries many settings and keeps the best keeps some luck as well, and on a test split
# luck looks like skill. The settings of the book's own recipe were chosen, or checked, on training items kept aside; where the book does not follow what was chosen there, this page says so. It has the rule, all that was tried, what was chosen, and how little it takes to turn a choice.
# It trains nothing: it reads what `python -m lt select` wrote.
#
# ## The rule
#
# - **The test split is not read.** The last 10,000 training images of each corpus are kept aside (of the small corpora that come with the book: a fifth
#   of each class). Base models, judges and bridges of a selection learn from the other training images only.
# - **Accuracy first, but never alone.** A bridge that answers with ten prototypes can be accurate. So candidates within 0.01 of the best accuracy count as equals; of these, those within 0.02 of the
#   largest diversity are kept; of these, the most accurate is chosen. For the width the question is one of cost: there diversity may differ
#   by 0.05, and the fastest is chosen. Base models are compared by the accuracy of reconstructions, then by the evidence lower bound (ELBO).
# - **A budget for the schedule.** More steps are often more accurate. By the record every schedule that was tried took less than a minute of one core, but for one that ran beside other trainings. That limit was set by hand.
# - **Finished base models.** Weights that suit a bridge between half-trained base models do not suit one between finished ones. So all take
#   all of their steps. (The VAEs of Fashion-MNIST were compared before that was so, at half of theirs.) There is one base model of each corpus, and a second one of MNIST.
#
# *Before*, on this page, is what the profile had before its first selection. Those first settings are not as clean: in the first version of this book, settings of the bridge between pictures were compared partly on test items. No
# model learned from a test item. The grids below were laid around those settings, so a little of that look may remain in them.
#
# An accuracy is a mean over directions: MNIST → Fashion-MNIST and back, and between the two MNIST models; for *speech*, MNIST → speech and back; for *many domains* ([chapter 8](08_many_domains.ipynb)),
# all twelve directions between four of them. Diversity and trustworthiness are those of [chapter 5](05_baselines.ipynb).
#
# ## What was tried, and what was chosen

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lt.book import charts, profiles, records, report, select

TITLES = {
    "kl": "KL weight",
    "classification": "classification weight",
    "swd": "SWD weight",
    "schedule": "schedule",
    "width": "width",
    "copies": "moved copies",
    "jitter": "how far copies move",
    "bases": "base VAEs (MNIST), by bridges",
    "vae_mnist": "base VAE (MNIST)",
    "vae_fashion": "base VAE (Fashion)",
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
    "bases": {"warmup": 0.3},
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


# %% mystnb={"figure": {"caption": "All candidates on the items kept aside, a line for each group of settings. Shaded, left: within 0.01 of the best accuracy, where candidates count as equals. Shaded, right: of these equals, those close enough to the largest diversity. The diamond is what the rule chose from both bands, the ring what the profile had before. A triangle at the edge is farther off."}, "image": {"alt": "Two dot plots with a line for each group of settings. Left, accuracy less the best of the group: every diamond is in a shaded band at the right. Right, diversity, with a band of its own on each line. A ring that is not around a diamond marks a setting that the selection changed."}} tags=["nbval-ignore-output", "hide-input", "lead"]
def decides(group):
    return select.DECIDES.get(group, "accuracy")


groups = {
    TITLES[group]: (
        [(row["accuracy"], row.get("diversity")) for row in record["rows"]],
        record["rows"].index(chosen[group]),
        None if before[group] is None else record["rows"].index(before[group]),
    )
    for group, record in found.items()
}
spreads = {TITLES[group]: select.SPREAD[decides(group)] for group in found if decides(group) in select.SPREAD}
charts.candidates(groups, select.MARGIN, spreads) if groups else Markdown("No picture: nothing is selected yet.")

# %% tags=["nbval-ignore-output", "hide-input"]
SCORES = {"accuracy": "Accuracy", "diversity": "Diversity", "trustworthiness": "Trustworthiness"}
STEPS = [step / 1000 for step in range(1, 51)]  # scores are shown to three decimals


def changed(group):
    return found[group]["settings"] != BEFORE[group]


def differing(settings, *others):
    """In words, the settings that are not the same in others; of a group of one setting its value, since the line has its name."""
    if len(settings) == 1:
        return select.words({"": next(iter(settings.values()))}).strip()
    return select.words({name: value for name, value in settings.items() if any(other[name] != value for other in others)})


def turns(group, change):
    """What the rule would choose if one score of one candidate were this much higher or lower: {candidate: (whose score, which, change)}."""
    rows, other = found[group]["rows"], {}
    for i, row in enumerate(rows):
        for score in [name for name in ("accuracy", "diversity") if name in row]:
            for by in (change, -change):
                moved = [*rows[:i], row | {score: row[score] + by}, *rows[i + 1 :]]
                taken = select.choose(moved, decides(group))["candidate"]
                if taken != found[group]["chosen"]:
                    other.setdefault(taken, (row["candidate"], score, by))
    return other


turning = {group: next((change for change in STEPS if turns(group, change)), None) for group in found}


def step(group, name):
    """A score before and after a change; one number where nothing changed, none where it was not measured."""
    rows = [row for row in (before[group] if changed(group) else None, chosen[group]) if row and name in row]
    return " → ".join(f"{row[name]:.3f}" for row in rows)


def choice(group):
    """What was chosen, and what it was before."""
    new, old = found[group]["settings"], BEFORE[group]
    return f"**{differing(new, old)}** (was {differing(old, new)})" if changed(group) else f"{differing(new, old)} as before".strip()


lines = [
    {
        "Setting": TITLES[group],
        "Tried": str(len(record["rows"])),
        "Chosen": choice(group),
        "Turns at": f"{turning[group]:.3f}" if turning[group] else f"over {STEPS[-1]:g}",
        **{title: step(group, name) for name, title in SCORES.items()},
    }
    for group, record in found.items()
]
Markdown(report.markdown(pd.DataFrame(lines)) if lines else "Nothing is selected yet: `python -m lt select` does it, at profile `laptop`.")

# %% tags=["nbval-ignore-output", "hide-input"]
UNITS = {"accuracy": ("accuracy", ".3f", ""), "diversity": ("diversity", ".3f", ""), "elbo": ("ELBO", ".1f", " nats"), "seconds": ("training", ".1f", " s")}
missing = [group for group in select.GROUPS if group not in found]
budgets = {group: profiles.get(record["profile"]) for group, record in found.items()}
used = {group: row_of(group, select.own(budgets[group], group)) for group in found}
apart = [group for group, record in found.items() if select.own(budgets[group], group) != record["settings"]]


def against(group, row, other):
    """One candidate's scores against another's: accuracy, diversity, and what decides in this group."""
    names = dict.fromkeys(["accuracy", "diversity", decides(group)])
    said = [f"{word} {row[name]:{form}} against {other[name]:{form}}{unit}" for name in names if name in row for word, form, unit in [UNITS[name]]]
    return ", ".join(said).replace(" -", " −")


def equal(row, other):
    """Whether the rule's margins call two candidates equal."""
    return all(abs(row[name] - other[name]) <= by for name, by in (("accuracy", select.MARGIN), ("diversity", select.SPREAD["accuracy"])) if name in row)


sentences = []
if new := [group for group in found if changed(group)]:
    sentences.append(f"**The rule chose something new in {len(new)} of {len(found)} groups**: " + "; ".join(TITLES[group] for group in new) + ". In the others it chose what the profile had before.")
elif found:
    sentences.append("**The rule chose nothing new**: in every group it chose what the profile had before.")
if apart:
    sentences.append(f"**The book does not follow the rule in {len(apart)} of {len(found)} groups**: {'; '.join(map(TITLES.get, apart))}.")
for group in apart:
    mine, own = chosen[group], used[group]
    settings = select.own(budgets[group], group)
    text = f"**Not followed: {TITLES[group]}.** The rule takes {differing(mine['settings'], settings)}, the profile has {differing(settings, mine['settings'])}"
    if own is None:
        text += ", which was not among the candidates."
    else:
        text += f": {against(group, mine, own)}. "
        text += "By the margins of the rule the two are equal in accuracy" + (" and diversity" if "diversity" in mine else "") if equal(mine, own) else "That is more than the margins of the rule"
        lost = mine[decides(group)] - own[decides(group)]
        text += f"; in the score that decides, the ELBO, the profile's is {abs(lost):.0f} nats {'worse' if lost > 0 else 'better'}." if decides(group) == "elbo" else "."
    sentences.append(text)
if any(not group.startswith("vae_") for group in apart):
    sentences.append("Where a bridge does not follow, the chapters show the bridge of the profile.")
if any(group.startswith("vae_") for group in apart):
    sentences.append(
        "Where a base model does not follow: every bridge of the book, those of this selection too, was trained over the base models as they are. "
        + (
            f"For MNIST the bridges themselves were compared as well (*{TITLES['bases']}*): over models with "
            + "; ".join(f"{row['candidate']} they have accuracy {row['accuracy']:.3f} and diversity {row['diversity']:.3f}" for row in found["bases"]["rows"])
            + ". For Fashion-MNIST they were not."
            if "bases" in found
            else "What a bridge would gain from others was not measured."
        )
    )
if found and not apart:
    sentences.append("The profile has all that was chosen.")
if missing:
    sentences.append(f"Nothing is selected yet for {', '.join(map(TITLES.get, missing))}: `python -m lt select {' '.join(missing)}`.")
for group, row in chosen.items():
    run.add("selection", group, row["candidate"], "accuracy", [row["accuracy"]], note="training items kept aside")
Markdown("- " + "\n- ".join(sentences))

# %% [markdown]
# ## How near is a choice to turning?
#
# *Turns at*, in the table, is the smallest change in the accuracy or diversity of *one* candidate that makes the rule choose another one. With few trainings a candidate, a change of a few
# thousandths is noise. So no choice on this page shows that a setting is better than the next one. What matters is how much hangs on it:

# %% tags=["nbval-ignore-output", "hide-input"]
NEAR = select.MARGIN / 2
near = {group: turns(group, NEAR) for group in found}
hair = [group for group in found if near[group]]
stakes = [
    (abs(other["accuracy"] - chosen[group]["accuracy"]), abs(other.get("diversity", 0) - chosen[group].get("diversity", 0)), group, other)
    for group in hair
    for name in near[group]
    for other in found[group]["rows"]
    if other["candidate"] == name
]
lines = []
if found:
    lines.append(f"**A change of {NEAR:g} turns {len(hair)} of {len(found)} choices**" + (f" ({', '.join(TITLES[group] for group in hair)})." if hair else "."))
if stakes:
    accuracy, diversity = max(a for a, *_ in stakes), max(d for _, d, *_ in stakes)
    beyond = {}  # each group by its own margins
    for a, d, group, _ in stakes:
        if a > select.MARGIN or d > select.SPREAD.get(decides(group), select.SPREAD["accuracy"]):
            beyond[TITLES[group]] = max(beyond.get(TITLES[group], (0.0, 0.0)), (a, d), key=sum)
    but = ", but for " + "; ".join(f"{title} ({a:.3f} in accuracy, {d:.3f} in diversity)" for title, (a, d) in beyond.items()) if beyond else ""
    lines.append(f"**By the margins of each group little hangs on them{but}**: what would be chosen instead differs by at most {accuracy:.3f} in accuracy and {diversity:.3f} in diversity from what was chosen.")
    *_, group, _ = max(stakes, key=lambda stake: max(stake[0] / select.MARGIN, stake[1] / select.SPREAD["accuracy"]))
    scores = {row["candidate"]: " and ".join(f"{name} {row[name]:.3f}" for name in ("accuracy", "diversity") if name in row) for row in found[group]["rows"]}
    instead = []
    for name in near[group]:
        change = next(change for change in STEPS if name in turns(group, change))
        whose, score, by = turns(group, change)[name]
        instead.append((change, f"*{name}* ({scores[name]}), with {change:.3f} {'more' if by > 0 else 'less'} {score} of {'it' if whose == name else f'*{whose}*'}"))
    lines.append(f"**Most hangs on {TITLES[group]}.** Instead of *{chosen[group]['candidate']}* ({scores[chosen[group]['candidate']]}) the rule would take " + "; or ".join(text for _, text in sorted(instead)) + ".")
if "speech" in found:
    mine = chosen["speech"]
    ladder = sorted((r for r in found["speech"]["rows"] if r["settings"]["beta_kl"] == mine["settings"]["beta_kl"]), key=lambda r: r["settings"]["beta_cls"])
    varied = [r["diversity"] for r in ladder]
    if len(ladder) > 2 and varied == sorted(varied):
        last = ladder[-1]
        tried = ", ".join(f"{r['settings']['beta_cls']:g}: {r['diversity']:.3f}" for r in ladder)
        text = f"**The grid of speech ends on a slope.** At the KL weight that was chosen, the diversity rises with the classification weight up to the last one tried ({tried}). "
        short = max(r["accuracy"] for r in found["speech"]["rows"]) - select.MARGIN - last["accuracy"]
        text += f"The last one is left out because its accuracy misses the margin by {short:.3f}, with {found['speech']['seeds']} seeds a candidate. Weights beyond it were not tried." if last is not mine and short > 0 else "Weights beyond it were not tried."
        lines.append(text)
for group in found:
    if decides(group) != "accuracy":
        rest = [row for row in found[group]["rows"] if not row["chosen"]]
        runner = select.choose(rest, decides(group))
        lines.append(f"In {TITLES[group]} the {'cost' if decides(group) == 'seconds' else 'ELBO'} decides; the next candidate is *{runner['candidate']}*: {against(group, chosen[group], runner)}.")
Markdown("- " + "\n- ".join(lines) if lines else "Nothing is selected yet.")


# %% [markdown]
# So nothing on this page is a result: the results are in the other chapters, on the test split.
#
# ## Every candidate
#
# Open the next cell for the scores of all candidates, the chosen one in bold.

# %% tags=["nbval-ignore-output", "hide-cell"]
def table(group, record):
    """The candidates of a group as Markdown, the chosen one in bold; seconds where they decide, since they depend on what else a machine does."""
    columns = SCORES | {"elbo": "ELBO, nats"} | ({"seconds": "Seconds"} if decides(group) == "seconds" else {})
    rows = []
    for row in record["rows"]:
        line = {"Candidate": row["candidate"]}
        line |= {title: f"{row[score]:.1f}" if score in ("elbo", "seconds") else f"{row[score]:.3f}" for score, title in columns.items() if score in row}
        rows.append({title: f"**{value}**" if row["chosen"] else value for title, value in line.items()})
    return report.markdown(pd.DataFrame(rows))


said = [
    f"**{TITLES[group]}**: {record['rule']}. Seeds: {record['seeds']}; profile `{record['profile']}`, commit `{record['commit']}`, {record['device']}.\n\n{table(group, record)}"
    for group, record in found.items()
]
Markdown("\n\n".join(said) or "No candidate yet.")

# %% [markdown]
# ## How it went
#
# **One group after another.** Settings depend on one another: with another weight of the classification loss, another KL weight is best. To try all combinations would take thousands of trainings. So the candidates
# of a group differ in one setting, or in a few that belong together; all else is as the profile has it. The profile then takes what the rule chose, and the next group is tried around it (coordinate
# descent). A group whose surroundings have changed is run again. Two settings that are good only together can still be missed.
#
# **The rule was changed three times, after a look at its choices.** Its first margin in accuracy, 0.005, chose a KL weight with a little more accuracy and much less diversity. And without a margin in diversity, one setting after another gave away accuracy for
# differences in diversity that are noise. Both margins are now of the order of the intervals of [chapter 3](03_bridging.ipynb), which count other base models. The third change: the schedule went by cost at first,
# like the width, and the rule took 1,300 steps. Twice as many are a little more accurate and cost a quarter of a minute more. These bridges carry the book's headline, so their schedule now goes by accuracy, like the other groups. All three are choices by hand, on items kept aside. What the margins decide:

# %% tags=["nbval-ignore-output", "hide-input"]
ONE_BRIDGE = ("kl", "classification", "swd", "schedule", "width", "copies", "jitter", "bases")  # groups whose candidates are all bridges between images
MARGINS = (0.0, 0.005, 0.02)


def with_margin(group, margin, spread=None):
    return select.choose(found[group]["rows"], decides(group), margin, spread)


def moved(choices):
    """In how many groups, and in which, other margins choose otherwise."""
    names = [TITLES[group] for group in found if choices[group]["candidate"] != found[group]["chosen"]]
    return f"{len(names)} of {len(found)} groups" + (f" ({', '.join(names)})" if names else "")


sentences = []
measured = report.Found(records.read())
try:
    half = {m: [(measured.high(s, "bridging_vae", m) - measured.low(s, "bridging_vae", m)) / 2 for s in ("mnist->mnist", "mnist->fashion", "fashion->mnist")] for m in ("transfer_accuracy", "diversity")}
    sentences.append(
        "The intervals of chapter 3 reach this far to either side: " + ", ".join(f"{min(of):.3f} to {max(of):.3f} in {name}" for name, of in zip(("accuracy", "diversity"), half.values(), strict=True))
        + f". The margins are {select.MARGIN:g} and {select.SPREAD['accuracy']:g}."
    )
except report.NotMeasured as without:
    sentences.append(f"Not measured: {without}.")
if found:
    other = {f"{margin:g}": {group: with_margin(group, margin) for group in found} for margin in MARGINS}
    sentences.append("With another margin in accuracy the rule chooses otherwise: " + "; ".join(f"with {name} in {moved(choices)}" for name, choices in other.items()) + ".")
    sentences.append(f"Without a margin in diversity it chooses otherwise in {moved({group: with_margin(group, select.MARGIN, 0.0) for group in found})}.")
same = {group: row["accuracy"] for group in ONE_BRIDGE if group in found and (row := used[group])}
if len(same) > 1:
    spread = max(same.values()) - min(same.values())
    sentences.append(
        f"A check of the order: the bridge of the profile is a candidate in {len(same)} groups. "
        + ("It has the same score in all of them, so all were tried around the same recipe." if spread < 1e-9 else f"Its accuracy differs by up to {spread:.4f} between them, so some were tried around an earlier recipe and have to be run again.")
    )
Markdown("- " + "\n- ".join(sentences) if sentences else "Nothing is selected yet.")

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
# - Small differences are luck. Call them equal, in every score, let something else decide, and ask what hangs on the choice.
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
    | {f"margin {margin:g}": with_margin(group, margin)["candidate"] for margin in sorted({*MARGINS, select.MARGIN})}
    for group in found
]
Markdown(report.markdown(pd.DataFrame(lines)) if lines else "Nothing is selected yet.")
