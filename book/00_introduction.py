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

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% [markdown]
# **Two generative models, trained apart, by different people, on different data. Can they be joined afterwards, without
# touching either?** [Tian and Engel (2019)](https://arxiv.org/abs/1902.08261) say yes: train one small variational autoencoder (VAE), the *bridge*, between their
# *latent spaces*. A handwritten digit then becomes a garment, or a spoken word. Press play.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import os

import torch
from IPython.display import Markdown

from lt import fit_bridge
from lt.book import diagrams, plots, profiles, records, report, setup, widgets
from lt.book.paper import words
from lt.datasets import CLASSES
from lt.zoo import pretrained

plots.style()
budget = profiles.get(profile)
base = setup.models(budget, ("mnist", "fashion", "speech"))  # as in chapters 3 and 4, which have trained them
to_garments = fit_bridge([base.seen("mnist"), base.seen("fashion")], budget.bridge, 0)
to_words = fit_bridge([base.seen("mnist"), base.seen("speech")], budget.speech_bridge, 0)

# %% tags=["nbval-ignore-output", "hide-input", "lead"]
images = {name: base.test(name) for name in ("mnist", "fashion")}
fourth = {name: torch.tensor([int((test.y == label).nonzero()[3]) for label in range(10)]) for name, test in images.items()}  # of each class: nothing is picked
x = {name: test.x[fourth[name]].to(base.device) for name, test in images.items()}
garments = to_garments.translate(x["mnist"], "mnist", "fashion")
with torch.no_grad():
    spoken = to_words.transfer(base.domains["mnist"].posterior(x["mnist"])[0], "mnist", "speech")
    waves = base.modules["speech"].waveform(spoken).cpu()
odd = range(1, 10, 2)
widgets.listening_table(
    {
        "digit": [widgets.picture(x["mnist"][i], f"handwritten {i}") for i in odd],
        "as a garment": [widgets.picture(garments[i], f"{CLASSES['fashion'][i]}, made of a handwritten {i}") for i in odd],
        "as a word": [widgets.player(waves[i], pretrained.card()["rate"]) for i in odd],
    }
)

# %% [markdown]
# These are test images that no model has seen, the fourth of each odd class. That a seven belongs with a sneaker is our choice (the paper's Table 5): one label an item is all that the
# bridge is told. Nobody has shown it a pair. It works in the other direction as well:

# %% mystnb={"figure": {"caption": "One bridge, two directions: ten test digits and the garments that they become; ten test garments and the digits that they become. Nothing is picked, so failures are there as well."}, "image": {"alt": "Four rows of ten pictures: handwritten digits from zero to nine, a garment under each; garments, and a handwritten digit under each."}} tags=["nbval-ignore-output", "hide-input"]
plots.rows_of_images({"digit": x["mnist"], "→ garment": garments, "garment": x["fashion"], "→ digit": to_garments.translate(x["fashion"], "fashion", "mnist")})

# %% [markdown]
# This book runs that paper. Every number in it comes from a run that you can repeat, on a laptop without a GPU unless the page names one, and stands
# beside the paper's own where the paper has one. To try it on a digit of your own, open [Touch it](live.md).
#
# ## The method in one picture
#
# Each base model turns data $x$ into a latent point $z$ and back, and stays frozen. The bridge encodes $z$ into a shared space
# $z'$, together with a label $D$ that says which domain it came from. Decoding with the *same* label reconstructs; decoding with
# the *other* label translates. Two terms of the loss shape the shared space: a sliced Wasserstein distance (SWD) pulls both domains over one
# another, and a linear classifier keeps each class in a place of its own.

# %% mystnb={"figure": {"caption": "Figure 1 of the paper, redrawn from the shapes of the code. Only the green part is trained."}, "image": {"alt": "Diagram: a handwritten seven is encoded into a latent of 100 numbers, then into a shared latent of 8, decoded into the other domain's 100 numbers and into a picture of a sneaker. Only the middle part is trained. Two boxes below act on the shared latent: SWD, both domains overlap; classifier, classes stay apart."}} tags=["nbval-ignore-output", "hide-input"]
from lt.networks import parameter_count

config = to_garments.config
size = f"{config.depth} layers of {config.width}"
shapes = {
    "x1": f"{x['mnist'].shape[1]} pixels",
    "z1": f"{base.domains['mnist'].latent} numbers",
    "encoder": size,
    "z'": f"{config.shared} numbers",
    "decoder": size,
    "z2": f"{base.domains['fashion'].latent} numbers",
    "x2": f"{garments.shape[1]} pixels",
}
diagrams.architecture(shapes, (x["mnist"][7], garments[7]))

# %% tags=["nbval-ignore-output", "hide-input"]
vaes = [parameter_count(base.modules[name]) for name in ("mnist", "fashion")]
Markdown(f"This bridge has {parameter_count(to_garments) / 1e6:.2f} million parameters; the two models that it joins have {sum(vaes) / 1e6:.1f} million.")

# %% [markdown]
# ## What comes out
#
# How much of an item comes over? Three measurements, and each is worth little without the others:
#
# - **accuracy**: the share of items whose class, as a classifier sees it, is the same before and after. *Held out* is this book's protocol: test items that no model has seen. *Paper's
#   protocol* measures on training latents, sampled, as the authors did: compare it with the paper's number.
# - **diversity**: how different two results of one class are, relative to real items of the target. 0 is one picture a class.
# - **trustworthiness**: whether neighbours within a class stay neighbours. About one half is chance.

# %% tags=["nbval-ignore-output", "hide-input"]
import pandas as pd

rows = {}
for record in records.read():
    for row in record["rows"]:
        rows.setdefault((row["table"], row["setting"], row["method"], row["metric"]), row)
SETTINGS = ("mnist->mnist", "mnist->fashion", "fashion->mnist", "mnist->speech", "speech->mnist")


def said(setting, metric, table="1", method="bridging_vae"):
    row = rows.get((table, setting, method, metric))
    return report.formatted(row) if row else "not measured"


def papers(setting):
    row = rows.get(("1", setting, "bridging_vae", "transfer_accuracy"))
    return f"{row['paper']:g}" if row and row["paper"] is not None else ""


headline = pd.DataFrame(
    {
        "": [words(setting) for setting in SETTINGS],
        "Accuracy, held out": [said(setting, "transfer_accuracy") for setting in SETTINGS],
        "Paper's protocol": [said(setting, "transfer_accuracy_paper_protocol") for setting in SETTINGS],
        "Paper": [papers(setting) for setting in SETTINGS],
        "Diversity": [said(setting, "diversity") for setting in SETTINGS],
        "Trustworthiness": [said(setting, "trustworthiness") for setting in SETTINGS],
    }
)
Markdown(report.markdown(headline))

# %% tags=["nbval-ignore-output", "hide-input"]
lines = ["Mean and 95 % interval. Into and out of speech nothing is comparable with the paper: other recordings, another generator, another judge."]
ear = rows.get(("ears", "speech", "MNIST → speech", "of_the_recordings_rate"))
if ear:
    lines.append(f"A recogniser of English that has never met these recordings understands the transfers at {ear['value']:.2f} of the rate at which it understands the recordings ([chapter 4](04_speech.ipynb)).")
beaten = {}
for (table, setting, method, metric), row in rows.items():
    bridge = rows.get((table, setting, "bridging_vae", metric))
    if table == "baselines" and metric == "transfer_accuracy" and setting in SETTINGS and method != "target" and bridge and row["value"] > bridge["value"]:
        beaten.setdefault(setting, []).append(f"{words(method)} {row['value']:.3f} (bridge {bridge['value']:.3f})")
lines += [f"More accurate than the bridge, {words(setting)}: {', '.join(found)}. What they lose in diversity or trustworthiness is in [chapter 5](05_baselines.ipynb)." for setting, found in beaten.items()]
Markdown("\n\n".join(lines))

# %% [markdown]
# ## Where to go next
#
# - [Touch it](live.md): draw a digit, see the garment, hear the word. It runs in your browser.
#
# **The method**
#
# - [1. A bridge in two dimensions](01_synthetic.ipynb): every term of the loss at work on two ellipses (Figures 2 and 9).
# - [1b. The bridge from scratch](01b_from_scratch.ipynb): build it yourself in less than a hundred lines.
# - [2. The models to be joined](02_base_models.ipynb): the base VAEs and the judges (first row of Table 2).
# - [3. The bridge](03_bridging.ipynb): MNIST with MNIST and with Fashion-MNIST (Figures 3 and 4, Tables 1 and 2).
# - [4. Sound](04_speech.ipynb): handwriting and a GAN of spoken digits, with players.
#
# **Does it hold?**
#
# - [5. The competitors](05_baselines.ipynb): Pix2Pix, CycleGAN and Latent CycleGAN, each trained to its end (Table 1, Figures 5 and 11).
# - [5b. Is a bridge needed at all?](05b_need_a_bridge.ipynb): closed-form maps and controls beside it, and more than accuracy.
# - [6. Walks between two points](06_interpolation.ipynb): do small steps stay small (Figures 6 and 7)?
# - [7. Which part does the work?](07_ablations.ipynb): parts removed, labels hidden (Tables 3 and 4).
#
# **Further than the paper**
#
# - [8. Many domains, one bridge](08_many_domains.ipynb): one shared space for many models.
# - [9. Models that nobody here trained](09_foreign_models.ipynb): vectors of words, a GAN of faces and a reader of text.
# - [10. The same items](10_same_items.ipynb): when both models know the same things, and pairs are known.
#
# **The accounts**
#
# - [11. What does a bridge cost?](11_cost.ipynb): seconds and operations, and the claim of a factor of 200.
# - [12. The reproduction report](12_report.ipynb): every claim, number and figure of the paper, with a verdict.
# - [13. How the settings were chosen](13_selection.ipynb): what was tried, on which data, and by which rule.
# - [14. Before and after](14_related.md): earlier and later work, and the references.
# - [The code](api.md): the package `lt`, whose core can be read in an evening.
#
# Each chapter runs at one of three profiles: `quick` (5,000 images of each corpus and 300 recordings, which come with the book; minutes on two
# CPU cores), `laptop` (the full corpora, no GPU needed) and `paper` (the paper's own hyper-parameters, made for a GPU). Which one the outputs of a page come from stands at its
# foot, and for all pages here. The button at the top of a chapter opens it in Colab.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
status = report.status(records.read())
Markdown(report.once(status[["Chapter", "Profile", "Device", "Seconds", "Training behind it, s", "Versions"]]))
