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
# # Reference: all claims and all rows
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/14_reference.ipynb)
#
# **Where is the number?** Here: every claim of the book, and every row that a chapter measured.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # this page trains nothing: it reads what the chapters measured

# %% tags=["nbval-ignore-output"]
import pandas as pd

from lt.book import figures, read, start
from lt.book.tables import interval, table, words

run = start("14_reference", profile)
results = read()
claims, rows = results.claims, results.rows

# %%
counts = pd.crosstab(claims.chapter.str[:2], claims.verdict)

# %% mystnb={"figure": {"caption": "Figure 14.1. Claims of each chapter by verdict."}, "image": {"alt": "Stacked bars, one per chapter, of how many claims hold, fail or are open."}} tags=["nbval-ignore-output"]
axis = counts.plot.barh(stacked=True, figsize=(6, 3.2))
axis.set(xlabel="claims", ylabel="chapter")
axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
figures.finished(axis.figure)

# %% [markdown]
# ## Claims
#
# *Text*: what the prose of the chapter states. *Verdict*: what this run measured, by the whole 95 % interval. Where the two differ in a `laptop` run, a test fails,
# and a person rewrites the sentence; a `quick` run may leave a claim open.

# %%
ours = [interval(*line) for line in claims[["value", "low", "high"]].values.tolist()]

# %%
columns = {"claim": claims.text, "source": claims.source, "ours [95 %]": ours}
columns |= {"text": claims.expect, "verdict": claims.verdict}
columns |= {"chapter": claims.chapter.str[:2]}

# %% tags=["nbval-ignore-output"]
table(pd.DataFrame(columns).set_index("claim"), "Table 14.1. Every claim of the book.")

# %% [markdown]
# ## Rows
#
# One row per setting, method and metric: mean over disjoint sets of base models, 95 % interval, and the paper's number where there is one. The
# files in `book/results` have the value of each set as well.

# %%
print(*rows.columns)
shown = rows.assign(
    chapter=rows.chapter.str[:2],
    setting=[words(setting) for setting in rows.setting],
    ours=[interval(*line) for line in rows[["value", "low", "high"]].values.tolist()],
)[["chapter", "setting", "method", "metric", "ours", "base_models", "n", "paper"]]

# %% tags=["nbval-ignore-output"]
print(len(shown), "rows; the first of each chapter and table:")
shown[~rows.duplicated(["chapter", "table"])].set_index("chapter")

# %% [markdown]
# All of them as a file: `rows.to_csv("rows.csv")`.
#
# ## How the numbers are made
#
# - **Sets of base models are disjoint.** Set $s$ has MNIST VAEs of seeds $2s$ and $2s + 1$ and a Fashion-MNIST VAE of seed $s$; each carries one bridge.
# - **Intervals** are 95 %: Student's t over sets, combined with the error of the held-out items. Comparisons are paired over sets and items.
# - **Class**: share of items whose class is the same before and after, each seen by its own judge; also by the true label and by a second judge.
# - **Diversity**: mean distance of rightly transferred results within a class, relative to the target's own reconstructions of real items.
# - **Locality**: trustworthiness (neighbours after were neighbours before) and continuity (neighbours before are neighbours after), beside
#   the floor of a random linear map to as many numbers as $z'$ has.
# - **The paper's protocol**: 1,000 class-balanced training latents, $z$ and $z'$ sampled. Only it stands beside the paper's number.
# - **Nothing is chosen on the test split** ([how the settings were chosen](15_selection.ipynb)).
