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
# # Latent translation, reproduced
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/00_introduction.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% [markdown]
# **Two generative models, trained apart, by different people, on different data. Can they be joined afterwards, without
# touching either?** [Tian and Engel (2019)](https://arxiv.org/abs/1902.08261) say yes: train one small VAE between their
# *latent spaces*. A written digit then becomes a garment, because both are just points to it.
#
# This book runs that paper. Every number in it comes from a run that you can repeat, on a laptop without a GPU unless the page names one, and stands
# beside the paper's own where the paper has one.
#
# ## The idea in one picture
#
# Each base model turns data $x$ into a latent point $z$ and back, and stays frozen. The bridge encodes $z$ into a shared space
# $z'$, together with a label $D$ that says which domain it came from. Decoding with the *same* label reconstructs; decoding with
# the *other* label translates. Two forces shape the shared space: a sliced Wasserstein distance pulls both domains over one
# another, and a linear classifier keeps each class in a place of its own.

# %% mystnb={"figure": {"caption": "Figure 1 of the paper, redrawn from the shapes of the code."}, "image": {"alt": "Diagram: an image of 784 pixels is encoded into a latent of 100 dimensions, then into a shared latent of 8, decoded into the other domain's 100 dimensions and its 784 pixels. Only the middle part is trained."}} tags=["hide-input"]
import os

import torch

from lt.book import diagrams, plots, records, report
from lt.networks import BridgingVAE, parameter_count
from lt.zoo.vae import VAE

if os.path.isdir("latent-translation-book/book"):  # in Colab: the results are there
    os.chdir("latent-translation-book/book")
plots.style()
vae, bridge = VAE(), BridgingVAE()
x = torch.zeros(1, 784)
z = vae.encode(x)[0]
z_shared = bridge.encode(z, 0)[0]
millions = parameter_count(bridge) / 1e6
shapes = {
    "x1": f"{x.shape[1]} pixels",
    "z1": f"{z.shape[1]} numbers",
    "encoder": "4 layers of 512",
    "z'": f"{z_shared.shape[1]} numbers",
    "decoder": f"{millions:.1f} M in all",
    "z2": f"{bridge.decode(z_shared, 1).shape[1]} numbers",
    "x2": f"{vae.decode(z).shape[1]} pixels",
}
diagrams.architecture(shapes)

# %% [markdown]
# ## What comes out
#
# The share of items that keep their class. *Held out* is our own, stricter protocol: test images that no model has seen,
# posterior means, mean and 95 % interval. *The paper's protocol* measures on training latents, sampled, as the authors did:
# compare that column with the last one.

# %% tags=["nbval-ignore-output", "hide-input"]
report.headline().style.hide().set_uuid("headline")  # else its html has a new id each time

# %% tags=["nbval-ignore-output", "hide-input"]
from IPython.display import Markdown

Markdown("\n\n".join(f"`{record['chapter']}` {records.header(record)}" for record in records.read()))

# %% [markdown]
# ## How to read it
#
# 1. **A bridge in two dimensions** shows every term of the loss at work on two ellipses: Figures 2 and 9.
# 2. **The models to be joined** trains the base VAEs and the judges: the first row of Table 2.
# 3. **The bridge** joins MNIST with MNIST and with Fashion-MNIST: Figures 3 and 4, Tables 1 and 2.
# 4. **Sound** joins handwriting with a GAN of spoken digits, with players to press: the speech columns of the same figures and tables.
# 5. **Is the bridge needed?** sets GANs and closed-form maps beside it, and asks more than accuracy: Table 1, Figures 5 and 11.
# 6. **Walks between two points** asks whether small steps stay small: Figures 6 and 7, with numbers.
# 7. **What can be left out** removes parts and hides labels, then needs almost none: Tables 3 and 4.
# 9. **Models that nobody here trained** joins vectors of words, a GAN of faces and a reader of text, all from elsewhere.
# 11. **What does a bridge cost** counts seconds and operations: the claim of a factor of 200, and how cost grows.
# 12. **The reproduction report** sums it up: every number and figure of the paper beside ours, verdicts, deviations, the status of every page.
# 13. **How the settings were chosen** shows what was tried for the book's own recipe, on training items that are kept aside, and by which rule.
#
# [Before and after](14_related.md) sets the paper beside earlier and later work, and keeps the references.
#
# **The code** documents the package `lt`: a small core that joins any two models, which can be read in an evening, and around it
# the models, the corpora and the machinery of this book.
#
# Each chapter runs at one of three profiles: `quick` (5,000 images of each corpus and 300 recordings, which come with the book; minutes on two
# CPU cores), `laptop` (the full corpora, no GPU needed) and `paper` (the paper's own hyper-parameters, made for a GPU). The line
# at the top of each page says which one its outputs come from. Buttons at the top open a chapter in Colab.
