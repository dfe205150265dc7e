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
# # Latent translation, reproduced
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/00_introduction.ipynb)
#
# **Two generative models were trained apart, on different data. Can they be joined afterwards, without changing either?**
#
# Yes, by one small network and one label per item. More than **nine in ten** handwritten digits become the right garment. A second bridge turns digits into spoken words. Draw one yourself, or listen to five of them below.
#
# <link rel="stylesheet" href="../_static/live/live.css">
# <div id="lt-live" data-front>
# <p><a href="https://latent-translation.github.io/latent-translation-book/book/live.html">Draw a digit</a> in your browser: it becomes a garment and a word, with all numbers on the way.</p>
# </div>
# <script type="module" src="../_static/live/digit.js"></script>

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # half a minute after chapters 3 and 4, whose models it shows

# %% tags=["nbval-ignore-output"]
import pandas as pd
import torch

from lt.book import figures, read, start, tables, widgets
from lt.data import CLASSES

run = start("00_introduction", profile)
results = read("three_rows")  # of benchmarks/three_rows.py, over one set of models
to_garment, to_word = run.bridge("mnist", "fashion"), run.bridge("mnist", "speech")

# %%
test = run.images("mnist")
odd = figures.first_of_each_class(test.y, 4)[-10:][1::2]  # the fourth of each odd class
x, y = test.x[odd], test.y[odd].tolist()
garments = to_garment.translate(x, "mnist", "fashion")
with torch.no_grad():
    z, _ = run.domain("mnist").posterior(x)
    spoken = to_word.transfer(z, "mnist", "speech")
    waves = run.speech.generator.waveform(spoken).cpu()
print("digits:", *y)

# %% tags=["nbval-ignore-output"]
words = [CLASSES["speech"][i] for i in y]
columns = {
    "digit": [(x[n], f"handwritten {word}") for n, word in enumerate(words)],
    "as a garment": [(garments[n], CLASSES["fashion"][i]) for n, i in enumerate(y)],
    "as a word": [(waves[n], word) for n, word in enumerate(words)],
}
caption = "The fourth test digit of each odd class, and what the bridges make of it."
widgets.listening_table(columns, caption)

# %% [markdown]
# No model has seen these digits. They are the fourth of each odd class, and none was picked by its look. That a seven belongs with a sneaker is a choice (the paper's Table 5). The bridges learn from one label per item. They never see a pair.
#
# ## How it works
#
# This book reproduces [Tian and Engel (2019)](https://arxiv.org/abs/1902.08261). A generative model describes each item by a *latent*, 100 numbers, and draws an item from each latent. Both models stay as they are. Between them stands the *bridge*, a small variational autoencoder of latents. It encodes a latent $z_1$ with the label of its domain into a *shared space* $z'$. It decodes $z'$ with a label as well. With the other label on the way out, it translates:
#
# $$ z_1 \;\xrightarrow{\;D = 1\;}\; z' \;\xrightarrow{\;D = 2\;}\; \hat z_2 $$
#
# ## Does the paper hold?
#
# The idea does. Its constants decide what is kept. Four recipes join the same models, one set of them. The first three are trained as long as their authors say. The paper's text allows two readings: the error of a latent is *averaged* over its 100 numbers, or *summed*. Averaged, most classes arrive, but the garments vary a third as much as the model's own. (One number mends that, see [chapter 16](16_price_of_a_nat.ipynb).) Summed, the variety stays and the class is lost. The authors' code keeps the variety and loses more classes. Ours, which the rest of the book uses, keeps nearly all classes and most of the variety, from about a tenth of the items.

# %%
trainings = {
    "printed_constants": "50,000 × 128",
    "printed_constants_summed": "50,000 × 128",
    "authors_code": "20,000 × 512",
    "our_recipe": "2,600 × 256",
}
ways = {"mnist->fashion": "digit → garment", "fashion->mnist": "garment → digit"}
kept = {}
frame = pd.DataFrame({"steps × batch": trainings})
for setting, column in ways.items():
    for method in trainings:
        one = results[setting, method, "transfer_accuracy"]
        kept[setting, method] = one
        frame.loc[method, column] = tables.interval(one.value, one.low, one.high)
way = "mnist->fashion"
varied = {method: results[way, method, "diversity"] for method in trainings}
frame["variety of garments"] = [f"{one.value:.2f}" for one in varied.values()]
caption = "Table 0.1. Class kept (by chance: 0.1), and variety (the model's own: 1)."
tables.table(frame.rename(tables.words), caption)

# %% [markdown]
# *Class kept*: the share of held-out items whose class is the same before and after. The paper reports 0.95 and 0.89, measured in another way. Class is not all: [chapter 3](03_bridging.ipynb) also asks how much the results vary, and whether neighbours stay neighbours. [The verdict](09_verdict.ipynb) lists every claim of the paper and what became of it.

# %%
averaged, summed = "printed_constants", "printed_constants_summed"
text = f"Most classes are kept, {way}: {tables.words(averaged)}"
run.claim(text, kept[way, averaged], above=0.5)
text = f"Less than half of the variety, {way}: {tables.words(averaged)}"
run.claim(text, varied[averaged], below=0.5)
text = f"The class is lost, {way}: {tables.words(summed)}"
run.claim(text, kept[way, summed], below=0.5)
code, ours = kept[way, "authors_code"], kept[way, "our_recipe"]
run.claim(f"Most classes are kept, {way}: authors' code", code, above=0.5)
run.claim(f"Fewer than by our recipe, {way}: authors' code", code, below=ours.low)
run.claim(f"Nine in ten are kept, {way}: our recipe", ours, at_least=0.9)
text = f"More than half of the variety, {way}: our recipe"
run.claim(text, varied["our_recipe"], above=0.5)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## Three ways on
#
# - **Draw.** [Draw a digit](live.md): your browser makes a garment and a word of it.
# - **Read.** [Chapter 1](01_synthetic.ipynb) builds the bridge by hand, in the plane. Chapters [2](02_base_models.ipynb) to [4](04_speech.ipynb) join models of pictures and of sound. Chapters 5 to 9 ask whether the bridge is needed.
# - **Use.** [Chapter 10](10_own_models.ipynb) joins two models of your own.
#
# Each chapter runs in Colab, or on a laptop without a GPU. These pages show a run at profile `laptop`. What you run is `quick`, minutes with less data, until you change the first cell; `laptop` takes an evening, and `paper` has the paper's constants.
