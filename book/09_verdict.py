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
# # 9. The verdict
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/09_verdict.ipynb)
#
# **Does the paper hold?**
#
# The method holds, the printed constants do not. With the constants of the paper's text the bridge loses the class. With ours, more than **nine in ten** digits
# become the right garment, after less than a minute of training. Of the five claims that carry the paper one fails even with ours: that neighbours stay neighbours.
#
# Here are the five, with three sets of constants: those that its *text* prints, those of the authors' *code*, and *ours*.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # this page trains nothing: it reads what the chapters measured

# %% cellView="form" tags=["nbval-ignore-output", "hide-input"]
# @title What each claim asks for, and what was measured
import pandas as pd

from lt.book import Results, figures, read, start
from lt.book.claims import shown
from lt.book.run import BOOK
from lt.book.tables import table, words

run, results = start("09_verdict", profile), read()
chapter = {record["chapter"][:2]: Results([record]) for record in results.records}
full = (BOOK / "results" / "three_rows.json").exists()  # recipes at full length
recipes, rivals = read("three_rows") if full else chapter["03"], chapter["05"]
way, kept, near = "mnist->fashion", "transfer_accuracy", "continuity"
TEXT, RIVALS = ["printed_constants", "printed_constants_summed"], ["pix2pix", "cyclegan", "latent_cyclegan"]
best, ours = max(TEXT, key=lambda name: recipes[way, name, kept].value), "our recipe"  # of two readings
three = {"the text": best, "the code" + " (cut short)" * (not full): "authors_code", ours: "our_recipe"}
reached = lambda metric: {k: recipes[way, one, metric] for k, one in three.items()}
rival, beside = max(rivals[way, name, kept].high for name in RIVALS), rivals[way, "bridging_vae", kept]  # one set
floor = chapter["03"][way, "random_projection", near].value  # of random linear maps
word, ten = ("mnist->speech", "bridging_vae", kept + "_paper_protocol"), ("mnist->mnist", "labels_10", kept)
CLAIMS = {  # what we measured, and what the claim asks for
    "Nine in ten digits become the right garment": (reached(kept), {"at_least": 0.9}),
    "More of them than by Pix2Pix or a CycleGAN": (reached(kept) | {ours: beside}, {"above": rival}),
    "Two in three digits become the right word": ({ours: chapter["04"][word]}, {"at_least": 0.67}),
    "Ten labels per class keep over half": ({ours: chapter["08"][ten]}, {"above": 0.5}),
    "Neighbours stay, more than in a random map": (reached(near), {"above": floor}),
}
frame = pd.DataFrame("not run", list(CLAIMS), list(three))
for claim, (measured, asked) in CLAIMS.items():
    for by, one in measured.items():
        expect = "holds" if by == ours and "Neighbours" not in claim else "fails"
        run.claim(f"{claim}: {by}", one, source="the paper", expect=expect, **asked)
        frame.loc[claim, by] = f"{run.claimed[f'{claim}: {by}']['verdict']} ({one.value:.2f})"
text, seconds = "Our recipe trains in less than a minute", chapter["03"][way, "our_recipe", "seconds"].value
run.claim(text, seconds, exact=True, below=60)
table(frame, "Table 9.1. What holds, what fails, what is open.", list(frame))

# %% [markdown]
# A claim ✓ *holds* if the whole 95 % interval is on the right side of what it asks for, ✗ *fails* if it is on the wrong side, and is ? *open* otherwise. More uncertainty never makes a verdict better.
# The recipes of the text and of the code were *cut short*: they had far fewer steps than the authors gave them, and their verdicts are about these steps; `benchmarks/three_rows.py` trains all in full. Speech and few labels were tried with our recipe alone: a bridge that loses the class between pictures has nothing to add there.
#
# What stands behind each line:
#
# 1. **The right garment.** With our constants nine in ten arrive; on the way back, from garments to digits, fewer. [Chapter 3](03_bridging.ipynb) explains why the printed constants collapse.
# 2. **Better than the others.** So it is, but not for all the reasons that the paper gives ([chapter 5](05_baselines.ipynb)). And a bridge is not the only way: between pictures, a formula per class, which the paper does not try, keeps about as many classes and more neighbours ([chapter 6](06_need_a_bridge.ipynb)).
# 3. **Into speech.** A VAE of pictures and a GAN of sound can be joined. Our recordings are an easier corpus than the paper's ([chapter 4](04_speech.ipynb)).
# 4. **Few labels.** Ten per class keep more than half, as the paper says. Spread over groups of similar items they keep more ([chapter 8](08_ablations.ipynb)).
# 5. **Neighbours.** The paper shows pictures and says that "local variations" are preserved. By continuity (do neighbours before stay neighbours after?) a random linear map to eight numbers preserves more of them than our bridge. [Chapter 3](03_bridging.ipynb) asks the other way round as well.
#
# The paper also trains the bridge "about 200 times" as fast as its GAN: half an hour against four days, on their machine. We cannot repeat that; our bridge takes less than a minute.
#
# ## Class and neighbours in one picture
#
# A good transfer lies far right in the left panel, and beyond the dashed line in the right one. No network does both; the formula ("principal axes by class") does.

# %% cellView="form" mystnb={"figure": {"caption": "Figure 9.1. Digits to garments. Blue circles: bridges. Orange squares: other networks. Green triangle: the formula. Left: class kept; dashed: chance. Right: neighbours that stay neighbours (continuity); dashed: a random linear map to eight numbers."}, "image": {"alt": "Two panels of dots, a line per method. Left, our recipe, Pix2Pix and the formula lie far right, the others far left. Right, the formula lies right of the dashed line, our recipe and Pix2Pix left of it."}} tags=["nbval-ignore-output", "hide-input"]
# @title Figure 9.1
METHODS = dict.fromkeys([*TEXT, "authors_code", "our_recipe"], (0, recipes))
METHODS |= dict.fromkeys(RIVALS, (1, rivals)) | {"gaussian_gw": (2, chapter["06"])}
figure, axes = figures.plt.subplots(1, 2, sharey=True, layout="constrained")
for axis, metric, label, line in zip(axes, (kept, near), ("class kept", "neighbours kept"), (0.1, floor)):
    for row, (method, (kind, source)) in enumerate(METHODS.items()):
        one, colour = source[way, method, metric], figures.PALETTE[kind]
        axis.plot(one.value, row, figures.MARKERS[kind], color=colour)
        axis.hlines(row, one.low, one.high, color=colour)
    axis.axvline(line, color=figures.INK, linestyle="--")
    axis.set(xlabel=label, yticks=range(len(METHODS)), yticklabels=map(words, METHODS))
    axis.locator_params(axis="x", nbins=3)
axes[0].set(xticks=[0.1, 0.5, 0.9], ylim=(len(METHODS) - 0.5, -0.5))
figures.finished(figure)

# %% [markdown]
# ## All claims of the paper
#
# Every chapter states the paper's claims as lines of code, next to the data. A result down to 0.02 below the paper's number counts as reached. Here are those that fail; the others are folded below. [The reference](14_reference.ipynb) has our own claims as well.

# %%
claims = results.claims.astype(object).where(results.claims.notna(), None)
claims = claims[(claims.source != "ours") & (claims.chapter != "09_verdict")]
claims["source"] += ", chapter " + claims.chapter.str[:2]
claims["text"] = claims.text.str.replace(r"\w+->\w+", lambda m: words(m[0]), regex=True)
failed, others = claims[claims.verdict == "fails"], claims[claims.verdict != "fails"]
caption = f"Table 9.2. Of {len(claims)} claims of the paper, {len(failed)} fail."

# %%
shown(failed.to_dict("records"), caption)

# %% tags=["hide-output"]
shown(others.to_dict("records"), "Table 9.3. Those that hold, or are open.")

# %% tags=["hide-output", "nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What was easy, what was hard, what differs
#
# **Easy.** The network is described well enough to write it in an hour. Class labels alone do bring two latent spaces together.
#
# **Hard.** The constants. The text says "L2 norm" and prints $\beta_{KL} = 0.05$ and 0.1; the code averages the error and has 0.005. Two readings of one word differ by a factor of 100. And the speech GAN: a WaveGAN does not train on two cores.
#
# **Different here.** Speech is the Free Spoken Digit Dataset with a small spectrogram GAN, not SC09 with WaveGAN. Numbers are held out; the paper measures on training latents. Base models are ours; the paper's are not public.
# FID uses our judge's features. Bounds of our own claims were set with first runs in view; later runs have to meet them. Verdict rules changed once after results were known, in November 2026: differences are paired since, and locality has a floor.
#
# **Where is what?** Table 1: chapters [3](03_bridging.ipynb), [4](04_speech.ipynb), [5](05_baselines.ipynb). Table 2: [2](02_base_models.ipynb), 3, 4. Tables 3 and 4: [8](08_ablations.ipynb). Figures 2 and 9: [1](01_synthetic.ipynb). Figures 3, 4, 8 and 10: 3. Figures 5 and 11: 5. Figures 6 and 7: [7](07_interpolation.ipynb).
#
# ## What to remember
#
# - The method works; the printed constants, in a short training, do not.
# - Accuracy is the easy part. Ask for diversity and neighbours, each beside its floor.
# - A claim is a line of code that runs.
#
# ## What to try
#
# A result 0.02 below the paper's number still counts. Which claims would be lost with a margin of 0?

# %%
margin = 0
held = claims[claims.verdict == "holds"].dropna(subset="paper")

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
held = held[held.source.str.startswith("Table")]
held[held.low < held.paper - margin][["text", "value", "low", "paper"]]
