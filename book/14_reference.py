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
# **Where is the number?** Here: every claim of the book with its verdict, and every row that a chapter measured. Search in one line of code, or open a chapter's fold.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # this page trains nothing: it reads what the chapters measured

# %% tags=["nbval-ignore-output"]
from textwrap import fill

import pandas as pd

from lt.book import claims, figures, read, start
from lt.book.tables import folded, interval, table, words

run, results = start("14_reference", profile), read()

# %% [markdown]
# ## Search
#
# A row is one number: of a setting (from where to where), by a method, in a metric. The next cell writes all three in words. To find other rows, change the words of the last line.

# %%
rows = results.rows
names = ["chapter", "setting", "method", "metric"]
rows[names] = rows[names].map(words)
ours = rows[["value", "low", "high"]].values.tolist()
rows["ours [95 %]"] = [interval(*one) for one in ours]
beside = rows.paper.map(" (paper: {:g})".format)
rows["ours [95 %]"] += beside.where(rows.paper.notna(), "")

# %%
print(fill(" | ".join(sorted(set(rows.metric))), 60))
found = rows[(rows.metric == "class kept") & (rows.setting == "MNIST → speech")]
table(found.set_index("method")[["ours [95 %]", "chapter"]], "Table 14.1. Rows found.")

# %% [markdown]
# ## Claims
#
# ✓ holds, ✗ fails, ? open: by the whole 95 % interval ([the rule](09_verdict.ipynb)). If the prose of a chapter states another verdict, the line says so: a `laptop` run then fails a test, and a person rewrites the sentence; a `quick` run may leave a claim open.

# %% mystnb={"figure": {"caption": "Figure 14.1. Claims of each chapter by verdict."}, "image": {"alt": "Stacked bars, one per chapter, of how many claims hold, fail or are open. Most hold."}} tags=["nbval-ignore-output"]
colours = dict(holds=figures.PALETTE[2], fails=figures.PALETTE[3], open=figures.INK)
counts = pd.crosstab(results.claims.chapter.map(words), results.claims.verdict)
counts = counts.reindex(columns=list(colours), fill_value=0)
axis = counts[::-1].plot.barh(stacked=True, figsize=(5, 4.4), color=colours, width=0.75)
axis.set(xlabel="claims", ylabel="")
axis.legend(loc="lower center", bbox_to_anchor=(0.3, 1), ncols=3)
figures.finished(axis.figure)

# %%
by_chapter = {}
stated = results.claims.astype(object).where(results.claims.notna(), None)
stated["text"] = stated.text.str.replace(r"\w+->\w+", lambda m: words(m[0]), regex=True)
for chapter, some in stated.groupby(stated.chapter.map(words)):
    title = "{}: {} hold, {} fail, {} open".format(chapter, *counts.loc[chapter])
    by_chapter[title] = claims.shown(some.to_dict("records"), f"Claims of {chapter}.")

# %% tags=["nbval-ignore-output"]
folded(by_chapter)

# %% [markdown]
# ## Rows
#
# One line per setting, method and metric: our number, and the paper's where there is one. `rows.to_csv("rows.csv")` writes them to a file; `book/results` has the value of each set.

# %%
by_chapter = {}
for chapter, some in rows.sort_values(names[:3], kind="stable").groupby("chapter"):
    lines = some.set_index(names[1:])[["ours [95 %]"]].rename_axis([None] * 3)
    caption = f"Sets: {some.base_models.max()} at most. Profile {some.profile.iloc[0]}."
    by_chapter[f"{chapter}: {len(some)} rows"] = table(lines, caption)

# %% tags=["nbval-ignore-output"]
folded(by_chapter)

# %% [markdown]
# ## How the numbers are made
#
# - **Sets of base models are disjoint.** Set $s$ has MNIST VAEs of seeds $2s$ and $2s + 1$ and a Fashion-MNIST VAE of seed $s$; each carries one bridge. A number is the mean over sets.
# - **Intervals** are 95 %: Student's t over sets, combined with the error of the held-out items. Comparisons are paired over sets and items.
# - **Class kept**: share of items whose class is the same before and after, each seen by its own judge; also by the true label and by a second judge.
# - **Diversity**: mean distance of rightly transferred results within a class, relative to the target's own reconstructions of real items.
# - **Locality**: trustworthiness (neighbours after were neighbours before) and continuity (neighbours before are neighbours after), beside the floor of a *random projection* to as many numbers as $z'$ has.
# - **The paper's protocol**: 1,000 class-balanced training latents, $z$ and $z'$ sampled. Only it stands beside the paper's transfer accuracy.
# - **Nothing is chosen on the test split** ([how the settings were chosen](15_selection.ipynb)).
