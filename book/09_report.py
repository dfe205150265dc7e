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
# # 9. The reproduction report
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/09_report.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("09_report", profile)

# %% [markdown]
# **Does the paper hold?** Every number of its four tables beside ours, every figure linked to its counterpart, each claim with a verdict,
# and everything that we did otherwise. This page computes nothing: all of it is read from the results that the chapters wrote.
#
# ## The tables
#
# *Held out* is measured on test items, with posterior means; *the paper's protocol* on training latents, sampled, as the authors did. The
# verdict compares like with like, and follows one rule (`lt.book.report.verdict`): **surpassed** where our whole 95 % interval lies above the
# paper's number by more than its rounding, **reproduced** where it reaches that number or misses it by up to 0.02, **partly** up to 0.10, **not** beyond. For
# what the paper shows to fail, being better is a miss as well. FIDs have no verdict: they depend on the classifier whose features
# they compare, and ours is not the paper's. Speech is another corpus here, with another GAN and another judge: those verdicts say so. The
# bridges of Tables 3 and 4 are trained for fewer steps than those of Tables 1 and 2 ([chapter 7](07_ablations.ipynb)).

# %% tags=["nbval-ignore-output", "hide-input"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lt.book import records, report
from lt.book.paper import PAPER, words

found = records.read("01_synthetic", "02_base_models", "03_bridging", "04_speech", "05_baselines", "06_interpolation", "07_ablations", "08_cost")
table = report.report(found)
Markdown(report.markdown(table))

# %% tags=["nbval-ignore-output", "hide-input"]
counts = table["Verdict"].value_counts()
Markdown("**" + "; ".join(f"{counts[word]} {word}" for word in counts.index) + f"**, of {len(table)} numbers.")

# %% [markdown]
# ## The claims

# %% tags=["nbval-ignore-output", "hide-input"]
rows = {key: row for key, (_, row) in report.measured(found).items()}


def value(setting, method, metric="transfer_accuracy"):
    return rows[setting, method, metric]["value"]


def said(setting, method, metric="transfer_accuracy"):
    return report.formatted(rows[setting, method, metric])


def paper(setting, method):
    return f"{PAPER[setting, method, 'transfer_accuracy']:.3g}"


def apart(setting, higher, lower, by=0.0):
    """Whether the intervals of two methods lie apart, and in this order."""
    return rows[setting, higher, "transfer_accuracy"]["low"] > rows[setting, lower, "transfer_accuracy"]["high"] + by


there, back, same = "mnist->fashion", "fashion->mnist", "mnist->mnist"
rivals = ("pix2pix", "cyclegan", "latent_cyclegan")
others = ("pix2pix", "cyclegan", "latent_cyclegan", "lookup", "gaussian_ot", "gaussian_gw", "discrete_ot", "procrustes", "affine")
more_local = [m for m in others if all(value(s, m, "trustworthiness") > value(s, "bridging_vae", "trustworthiness") for s in (there, back))]
few = {n: f"{n} label{'' if n == 1 else 's'} a class" for n in (1, 10, 100)}
DURATIONS = "the paper's durations: 4 days over half an hour"
schedules, ours = (value("mnist->speech", f"operations {which}", "GAN over bridge") for which in ("at published schedules", "of this book's runs"))
claims = [
    (
        "Two models trained apart can be joined afterwards, within and across modalities",
        min(value(s, "bridging_vae") for s in (same, there, back, "mnist->speech", "speech->mnist")) > 0.8,
        f"held out, the lowest of five directions is {min(value(s, 'bridging_vae') for s in (same, there, back, 'mnist->speech', 'speech->mnist')):.3f}",
    ),
    (
        "The bridge keeps more classes than Pix2Pix, CycleGAN and Latent CycleGAN",
        all(value(s, "bridging_vae") > value(s, rival) for s in (there, back) for rival in rivals),
        f"MNIST → Fashion-MNIST {said(there, 'bridging_vae')}, the best rival {max(value(there, r) for r in rivals):.3f}; back {said(back, 'bridging_vae')}, {max(value(back, r) for r in rivals):.3f}",
    ),
    (
        "Pix2Pix is poor on the way from Fashion-MNIST back to MNIST",
        value(back, "pix2pix") < 0.5,
        f"ours keeps {said(back, 'pix2pix')}, the paper's {paper(back, 'pix2pix')} ([chapter 5](05_baselines.ipynb) takes the generator apart)",
    ),
    (
        "Transfers keep more than the class: neighbours stay neighbours",
        all(value(s, "bridging_vae", "trustworthiness") > value(s, "lookup", "trustworthiness") + 0.1 for s in (there, back)),
        f"trustworthiness {said(there, 'bridging_vae', 'trustworthiness')} and {said(back, 'bridging_vae', 'trustworthiness')} the two ways, by chance "
        f"{value(there, 'target', 'trustworthiness'):.3f}; higher both ways: "
        + (", ".join(f"{words(m)} (keeps {value(there, m):.3f} and {value(back, m):.3f} of the classes)" for m in more_local) or "none"),
    ),
    (
        "The domain label is the part that matters most",
        apart(same, "conditional", "unconditional", by=0.3),
        f"without it {said(same, 'unconditional')}, with it {said(same, 'conditional')}",
    ),
    (
        "The sliced Wasserstein distance adds to it",
        apart(same, "conditional + SWD", "conditional"),
        f"without it {said(same, 'conditional')} (paper {paper(same, 'conditional')}), with it {said(same, 'conditional + SWD')} (paper {paper(same, 'conditional + SWD')})",
    ),
    (
        f"A hundred labels a class are enough for most of the accuracy (paper: {paper(same, few[100])} of {paper(same, 'all labels')})",
        value(same, few[100]) / value(same, "all labels") >= float(paper(same, few[100])) / float(paper(same, "all labels")),
        "; ".join(f"{name} {said(same, name)} (paper {paper(same, name)})" for name in few.values()),
    ),
    (
        "Joining costs about 200 times less than training the GAN",
        "for WaveGAN, not for this book's GAN" if schedules >= 200 > ours else schedules >= 200,
        f"{value('mnist->speech', DURATIONS, 'GAN over bridge'):,.0f} by the paper's durations, {schedules:,.0f} counted in operations at published schedules, {ours:,.0f} in this book's runs",
    ),
]
verdicts = pd.DataFrame(
    {
        "Claim": [claim for claim, _, _ in claims],
        "Verdict": [holds if isinstance(holds, str) else "holds" if holds else "does not hold here" for _, holds, _ in claims],
        "Evidence": [evidence for _, _, evidence in claims],
    }
)
Markdown(report.markdown(verdicts))

# %% [markdown]
# ## The figures
#
# | The paper | Here |
# | --- | --- |
# | Figure 1, the idea, and 8, the training | [the introduction](00_introduction.ipynb), redrawn from the shapes of the code; [chapter 3](03_bridging.ipynb) |
# | Figures 2 and 9, two dimensions | [chapter 1](01_synthetic.ipynb) |
# | Figures 3 and 4, reconstructions and transfers | [chapter 3](03_bridging.ipynb) for pictures, [chapter 4](04_speech.ipynb) for speech, with players |
# | Figure 5, the models compared, and 11, Latent CycleGAN | [chapter 5](05_baselines.ipynb) |
# | Figures 6 and 7, interpolation | [chapter 6](06_interpolation.ipynb) |
# | Figure 10, the gated mixing layer | its equation in [chapter 3](03_bridging.ipynb); `lt.networks.GatedMixing` |
#
# ## Past the paper
#
# Held-out data, seeds and intervals throughout; closed-form maps as rivals and a measure of locality ([chapter 5](05_baselines.ipynb)); walks
# with step sizes ([chapter 6](06_interpolation.ipynb)); parts that the ablation of the paper does not name, and labels that spread before
# the bridge is trained ([chapter 7](07_ablations.ipynb)):

# %% tags=["nbval-ignore-output", "hide-input"]
Markdown(report.markdown(report.table(found, ["beyond"]).query("Metric == 'transfer accuracy'").drop(columns=["Metric", "Paper"])))

# %% [markdown]
# ## What we do otherwise, and why

# %% tags=["hide-input"]
from lt.book import profiles

quick, laptop = profiles.get("quick"), profiles.get("laptop")


def size(config):
    return f"{config.depth} of {config.width}"


def both(value):
    """What a constant is at the two profiles that differ from the paper."""
    values = value(quick), value(laptop)
    return values[0] if values[0] == values[1] else f"`quick`: {values[0]}; `laptop`: {values[1]}"


def schedule(training):
    rate = {"onecycle": "in one cycle", "constant": "at a constant rate"}[training.schedule]
    return f"{'Muon and Adam' if training.muon else 'Adam'} {rate}, {training.steps:,} steps of {training.batch}"


otherwise = [
    (r"$\beta_{KL} = 0.05$ in the text", both(lambda p: f"{p.bridge.beta_kl:g}"), "at 0.05 the bridge stops looking at its input: the next section"),
    (r"$\beta_{Cls} = 0.05$ for pictures", both(lambda p: f"{p.bridge.beta_cls:g}"), "the same"),
    ("4 layers of 512 for pictures", both(lambda p: size(p.bridge)), "a smaller network for two cores"),
    (
        r"$\beta_{KL} = 0.01$, 8 layers of 1,024 for speech",
        both(lambda p: f"{p.speech_bridge.beta_kl:g}, {size(p.speech_bridge)}"),
        "the same; chosen on training digits kept aside",
    ),
    ("Adam at a constant rate, 50,000 steps of 128, for pictures", both(lambda p: schedule(p.bridge.training)), "minutes on two cores"),
    ("the same for speech", both(lambda p: schedule(p.speech_bridge.training)), "the same"),
    ("latents as they come", "each domain's latents centred and scaled", "one set of weights for models of any scale"),
    (
        'likelihood as "the L2 norm"',
        "squared error averaged over dimensions, as in the authors' code",
        "[chapter 3](03_bridging.ipynb) runs both readings",
    ),
    (
        "SC09 at 16 kHz, WaveGAN",
        "FSDD at 8 kHz, a spectrogram GAN with a projected critic",
        "minutes instead of days, more accepted samples; `lt.zoo.speech_gan` has WaveGAN as well",
    ),
    ("standard deviation by a sigmoid, affine pixels (text)", "softplus and sigmoid, as in the code", "the code is what was run"),
    (
        "it does not say what its classifiers were trained on",
        "judges see training splits only, with moved images",
        "all numbers are held out",
    ),
    (
        "transfers from 1,000 training latents, sampled",
        "test items, posterior means; theirs as a column",
        "a bridge can overfit its latents: compare the two columns for speech → MNIST",
    ),
]
Markdown(report.markdown(pd.DataFrame(otherwise, columns=["The paper", "This book", "Why"])))

# %% [markdown]
# ## The paper's constants to the letter
#
# Profile `paper` keeps the text's constants. These rows ran on a GPU, once, with five bridges a pair:

# %% tags=["nbval-ignore-output", "hide-input"]
letter = records.read("02_base_models", "03_bridging", "04_speech", folder=Path("results/paper"))
shown = report.report(letter)
shown = shown[shown["Verdict"] != "not measured"].drop(columns="Command")
Markdown(report.markdown(shown))

# %% [markdown]
# Between pictures nothing is transferred, and nothing even reconstructed: the answer is the same for every input. This is posterior
# collapse. A nat of information in $z'$ costs $\beta_{KL}$; what it can save is $\beta_{Cls}$ of the classification loss, plus its
# part in a squared error that most latent dimensions, being noise, leave unchanged. With both weights at 0.05 there is next to nothing to win.
# A short run with a falling learning rate does not get that far: 2,000 steps with these weights still transfer something (the second reading in
# [chapter 3](03_bridging.ipynb)). The speech pair, with
# $\beta_{Cls}$ at 0.3 and $\beta_{KL}$ at 0.01, learns. The authors' code sets 0.005 in the place of 0.05, and that is a working
# weight (the third reading in [chapter 3](03_bridging.ipynb)). We take the number in the text for a slip. (The speech bridges of this run
# had 25,000 steps, half of the paper's, and the book's own GAN behind them: SpecGAN on FSDD, not WaveGAN on SC09.)
#
# ## Status of every page

# %% tags=["nbval-ignore-output", "hide-input"]
run.finish()
Markdown(report.markdown(report.status([*found, run.record])))

# %% [markdown]
# ## What to remember
#
# - The idea holds, on data that no model has seen, and the bridges take minutes on two CPU cores.
# - A number from training items is a number about training items. The gap between our two columns is what a reader of the paper cannot see.
# - Constants in a text can be slips. Run them, keep the result, and say so.
#
# ## What to try
#
# - Run one row again with its command, and compare: the numbers land in `_build/run/<profile>/book/results/`.
# - Add a row: `run.add` in a chapter, `PAPER` in `lt.book.paper` if the paper has the number.
