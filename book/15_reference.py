# %% [markdown]
# # Reference: all claims and all rows
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/15_reference.ipynb)
#
# **Where is the number?** Here: every claim of the book with its verdict, and every row that a chapter measured. Type words into a search box, with commas between them; or open the fold of a chapter. *How the numbers are made* stands at the end.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # this page trains nothing: it reads what the chapters measured

# %% tags=["nbval-ignore-output", "remove-output"]
import pandas as pd

from lt.book import claims, read, start
from lt.book.tables import folded, interval, table, words

run, results = start("15_reference", profile), read()
more = read("three_rows", "parts_by_the_code").rows  # of benchmarks
rows = pd.concat([results.rows, more], ignore_index=True)

# %% [markdown]
# ## Claims
#
# ✓ holds: the whole 95 % interval lies on the right side of the bound. ✗ fails: all of it lies on the wrong side. ? open: the bound lies inside. The prose of every chapter states these verdicts. Your own run at `quick` may end in another; then the line says so, as in "(the prose: holds)".
#
# Many claims have no row below, because they are about a *difference*. It is paired over sets and items, and may be far surer than the two rows that it compares. Claims of chapters 0 and 9 use rows of other chapters and of *Recipes at full length*. Where a word is not clear, read in its chapter. A claim of the paper ends with its place there: search *paper*.

# %%
by_chapter = {}
stated = results.claims
paper = stated.source != "ours"
stated.loc[paper, "source"] = "paper, " + stated.source[paper]
for chapter, some in stated.groupby(stated.chapter.map(words)):
    n = some.verdict.value_counts().reindex(["holds", "fails", "open"], fill_value=0)
    title = "{}: {} hold, {} fail, {} open".format(chapter, *n)
    by_chapter[title] = claims.shown(some.to_dict("records"), f"Claims of {chapter}.")

# %% tags=["nbval-ignore-output"]
folded(by_chapter, "fails, local")

# %% [markdown]
# ## Rows
#
# A row is one number: of a setting (from where to where), by a method, in a metric. Two chapters may measure the same, over other sets of base models or other items; so a row also has its chapter, its number of sets, and its number of items per set. `book/results` has the value of each set, and `rows.to_csv("rows.csv")` writes all to a file. Methods are named as in their chapter.

# %%
names = ["chapter", "setting", "method", "metric"]
named = rows.copy()  # with words for the names that the code uses
named[names] = rows[names].map(words)
ours = rows[["value", "low", "high"]].values.tolist()
named["ours [95 %]"] = [interval(*one) for one in ours]
named["paper"] = ["" if pd.isna(one) else f"{one:g}" for one in rows.paper]
named["items"] = ["" if pd.isna(n) else f"{n:,.0f}" for n in rows.n]
named["sets"] = rows.base_models
# for example: named[named.metric == "FID"]

# %%
columns = ["method", "metric", "ours [95 %]", "paper", "sets", "items"]
by_chapter = {}
for chapter, some in named.sort_values(names, kind="stable").groupby("chapter"):
    title = f"{chapter}: {len(some)} rows, profile {some.profile.iloc[0]}"
    by_chapter[title] = table(some.set_index("setting")[columns], f"Rows of {chapter}.")

# %% tags=["nbval-ignore-output"]
folded(by_chapter, "class kept, MNIST -> speech")

# %% [markdown]
# ## How the numbers are made
#
# - **Sets of base models are disjoint.** Set $s$ has MNIST VAEs of seeds $2s$ and $2s + 1$ and a Fashion-MNIST VAE of seed $s$, and one bridge per pair of domains. A number is the mean over sets.
# - **Intervals** are 95 %. Their half width is about $\sqrt{a^2 + b^2}$: $a$ is Student's t times the standard error over sets, $b$ is 1.96 times that over held-out items (of shares, Wilson's, which is not the same on both sides). A row of one set (column *sets*) has $b$ alone and says nothing of the luck of a training. Comparisons are paired over sets and items.
# - **Class kept**: share of items whose class is the same before and after, each seen by its own judge; also by the true label and by a second judge.
# - **Diversity**: mean distance of rightly transferred results within a class, relative to the target's own reconstructions of real items.
# - **Locality**: trustworthiness (neighbours after were neighbours before) and continuity (neighbours before are neighbours after), beside the floor of a *random projection* to as many numbers as $z'$ has.
# - **The paper's protocol**: 1,000 class-balanced training latents, $z$ and $z'$ sampled. Only it stands beside the paper's transfer accuracy.
# - **Other metrics**: the KL term in *nats* and *active numbers*, those of a latent with more than 0.1 nats ([chapter 2](02_base_models.ipynb)); samples of a GAN that a judge is sure of, *acceptance*, and words that a recogniser hears, *understood* ([4](04_speech.ipynb)); *FID* ([5](05_baselines.ipynb)), here by features of our judge, in the paper by those of its own, so that only the order can be compared; the distance of clouds, *gap*, and what stays in the plane, *order kept* and *on target* ([1](01_synthetic.ipynb)); the *largest step* of a walk and the items of a third class on it, *other class* ([7](07_interpolation.ipynb)); the same item found again, *top-1*, and pairs that choose each other, *mutual* ([13](13_same_items.ipynb)). Any other is explained beside the table of its chapter.
# - **No setting is chosen on the test split** ([how the settings were chosen](16_selection.ipynb)), except in chapter 12, where they were set by hand. Bounds of our own claims were set with first results in view ([the verdict](09_verdict.ipynb)).
# - **Commits.** A page prints the commit that it was run from. They differ from page to page: what trains changed between them only where it gives the same results, bit for bit.
