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
import json
import os
from pathlib import Path

import torch
from IPython.display import Markdown

from lt import fit_bridge
from lt.book import diagrams, plots, profiles, records, report, setup, transfers, widgets
from lt.book.paper import PAPER, words
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
# These are test images that no model has seen, the fourth of each odd class. That a seven belongs with a sneaker is a choice (the paper's Table 5). The bridge is told
# one label an item and never sees a pair. It works in the other direction as well:

# %% mystnb={"figure": {"caption": "One bridge, two directions: ten test digits and the garments that they become; ten test garments and the digits that they become. They are the fourth of each class, not a selection, so failures are among them."}, "image": {"alt": "Four rows of ten pictures: handwritten digits from zero to nine, a garment under each; garments, and a handwritten digit under each."}} tags=["nbval-ignore-output", "hide-input"]
plots.rows_of_images({"digit": x["mnist"], "→ garment": garments, "garment": x["fashion"], "→ digit": to_garments.translate(x["fashion"], "fashion", "mnist")})

# %% [markdown]
# To try it on a digit of your own, open [Touch it](live.md). This book reproduces the paper. Every number comes from a run that you can repeat, on a laptop without a GPU unless the page names one, and stands
# beside the paper's own where there is one. **Does the paper hold?**

# %% tags=["nbval-ignore-output", "hide-input"]
published = records.read()
verdicts = report.report(published).query(f"Group == {report.SUCCESS!r}")["Verdict"]
met = sum(verdict.startswith(("reproduced", "surpassed")) for verdict in verdicts)
missing = sum(verdict.removeprefix("surpassed: ") in report.NO_EFFECT.values() for verdict in verdicts)
PROTOCOL, PAIR = "transfer_accuracy_paper_protocol", ("mnist->fashion", "fashion->mnist")
in_full = {(row["setting"], row["metric"]): row for row in json.loads(Path("../benchmarks/authors_code.json").read_text())["rows"]}
letter = report.Found(records.read(folder=Path("results/paper")))  # the text's constants, on a GPU
claims = {row["method"]: f"{row['value']:.0f}" for record in published for row in record["rows"] if row["table"] == "claims"}
Markdown(
    f"With our recipe, {met} of the {len(verdicts)} numbers that it gives for what works are reproduced or surpassed. "
    + (f"{'One' if missing == 1 else missing} of these {'is an ablation that loses' if missing == 1 else 'are ablations that lose'} less than the paper's: there the effect of the part that is left out is missing. " if missing else "")
    + f"With the constants of the paper's text the bridge between pictures {'collapses and keeps' if all(letter.high(s, 'bridging_vae') < 0.2 for s in PAIR) else 'keeps'} "
    + " and ".join(f"{letter.value(s, 'bridging_vae'):.2f}" for s in PAIR)
    + " of the classes, where chance is 0.1. The authors' code in full, by the paper's protocol, keeps "
    + " and ".join(f"{report.formatted(in_full[s, PROTOCOL])} ({words(s)}; the paper has {PAPER[s, 'bridging_vae', 'transfer_accuracy']:.2f})" for s in PAIR)
    + f", from {in_full[PAIR[0], PROTOCOL]['seeds']} bridges ([chapter 3](03_bridging.ipynb)). "
    + (f"Of {sum(map(int, claims.values()))} claims of its text {', '.join(f'{n} {kind}' for kind, n in claims.items())}. " if claims else "")
    + "[The report](12_report.ipynb) has each of them, with its rule."
)

# %% [markdown]
# ## The method in one picture
#
# Each base model turns an item $x$ into a short list of numbers $z$, its *latent*, and back. It stays frozen. The bridge encodes $z$ into a shared space
# $z'$, together with a label $D$ that says which domain it came from. Decoding with the *same* label reconstructs; decoding with
# the *other* label translates. Beside the usual two terms of a VAE, two terms of the loss shape the shared space: a sliced Wasserstein distance (SWD) makes both domains
# overlap, and a linear classifier keeps the classes apart.

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
# - **accuracy**: the share of items whose class is the same before and after, as a classifier of real items (the *judge*) sees it. *Held out*: test items that no model has
#   seen. *Paper's protocol*: training latents, sampled, as the authors did; this one stands beside the paper's number.
# - **diversity**: how different two results of one class are, relative to real items of the target (into speech: to accepted samples of its own generator). At 0 every class has one picture, at 1 it varies as real items do.
# - **trustworthiness**: whether neighbours within a class stay neighbours. It is 1 if all do, and about one half by chance.

# %% tags=["nbval-ignore-output", "hide-input"]
table, found = report.headline(), report.Found(published)


def extreme(metric, pick):
    """The transfer of the bridge with the least or the largest mean, in words, and that mean."""
    of = [(row["value"], words(row["setting"])) for record in published for row in record["rows"] if (row["table"], row["method"], row["metric"]) == (*report.HEADLINE, metric)]
    return pick(of)[::-1]


notes = ["Means with 95 % intervals."]
try:
    (least, near), (most, varied) = extreme("trustworthiness", min), extreme("diversity", max)
    chance = found.value("mnist->fashion", "chance", "trustworthiness")
    notes.append(f"The most diverse, {most}, has {varied:.2f} of the variety of real items. Least is kept of the neighbours for {least}: {near:.2f}, where chance is {chance:.2f}.")
except (report.NotMeasured, ValueError):
    notes.append("Not all chapters have been run.")
shown = table.replace(**report.BELOW).rename(columns={"Trustworthiness": "Trust\u00adworthiness"})
Markdown(report.markdown(shown[["", "Accuracy, held out", "Diversity", "Trust\u00adworthiness"]]) + "\n\n" + " ".join(notes))

# %% tags=["nbval-ignore-output", "hide-input"]
lines = ["**Beside the paper:**", report.markdown(shown[["", "Accuracy, paper's protocol", "Paper"]]), f"{report.DAGGER}."]
try:
    recordings, understood = found.row("speech", "recordings", "stranger"), found.row("mnist->speech", "bridging_vae", "transfer_accuracy_stranger")
    lines.append(
        f"A recogniser of English that was trained by others on other data understands {report.formatted(understood)} of the words made of digits, and {report.formatted(recordings)} of the real recordings: "
        + ("told apart" if transfers.apart(understood, recordings) else "intervals that overlap")
        + f". The words have {found.value('mnist->speech', 'bridging_vae', 'diversity'):.2f} of the diversity of the generator's accepted samples: they may be more typical rather than better ([chapter 4](04_speech.ipynb))."
    )
except report.NotMeasured as missing:
    lines.append(f"Not measured: {missing}.")
Markdown("\n\n".join(lines))

# %% [markdown]
# A high accuracy is easy to get: one picture a class (*class prototype*) is enough. The fairest rivals use the same labels and need no bridge: that picture, a random real item of the class, and maps
# that move each class as a whole, for example so that its *principal axes* fall on those of the other side ([chapter 5b](05b_need_a_bridge.ipynb)). Is one of them as accurate, as varied *and* as local as the bridge?
# *As good* means: not worse by more than 0.02, with 95 % confidence over sets of base models. That is the rule of chapter 5b, which a rival cannot pass by being uncertain.

# %% tags=["nbval-ignore-output", "hide-input"]
MEASURES = {"transfer_accuracy": "accuracy", "diversity": "diversity", "trustworthiness": "trustworthiness"}
RIVALS = ("prototype", "lookup", "gaussian_ot", "gaussian_gw", "discrete_ot")
measured = {(row["setting"], row["method"], row["metric"]): row for record in published if record["chapter"].startswith("05b") for row in record["rows"]}


def stands(setting, rival):
    """Whether a rival is as good as the bridge in all three measures: True, False or None (undecided); the rule of chapter 5b."""
    shortfall = [measured[setting, rival, f"{metric}_shortfall"] for metric in MEASURES]
    return transfers.replaces({row["metric"]: transfers.as_good(row["low"], row["high"]) for row in shortfall})


def beside(setting, rival):
    """In what a rival is better and in what worse, and its three measures beside the bridge's, with intervals."""
    scores = (f"{name} {report.formatted(measured[setting, rival, metric])} against {report.formatted(measured[setting, 'bridging_vae', metric])}" for metric, name in MEASURES.items())
    return f"{transfers.standing(measured, setting, rival, tuple(MEASURES))}: {'; '.join(scores)}"


lines = []
for setting in ("mnist->fashion", "fashion->mnist"):
    if any((setting, rival, f"{metric}_shortfall") not in measured for rival in RIVALS for metric in MEASURES):
        lines.append(f"- {words(setting)}: not measured; run chapter 5b.")
        continue
    standing = {rival: stands(setting, rival) for rival in RIVALS}
    as_good, undecided = ([rival for rival in RIVALS if standing[rival] is word] for word in (True, None))
    pick = as_good or undecided or [max(RIVALS, key=lambda rival: measured[setting, rival, "transfer_accuracy"]["value"])]
    said = "yes" if as_good else "undecided, for" if undecided else "no. The most accurate rival is"
    said += (", " if as_good else " ") + "; ".join(f"*{words(rival)}*: {beside(setting, rival)}" for rival in pick)
    lines.append(f"- **{words(setting)}**: {said}.")
Markdown("\n".join(lines))

# %% [markdown]
# ## Where to go next
#
# - [Touch it](live.md): draw a digit, see the garment, hear the word. It runs in your browser.
#
# **The method**
#
# - [1. A bridge in two dimensions](01_synthetic.ipynb): every term of the loss at work on two ellipses (Figures 2 and 9).
# - [1b. The bridge from scratch](01b_from_scratch.ipynb): build it yourself, line by line.
# - [2. The models to be joined](02_base_models.ipynb): the base VAEs and the judges (first row of Table 2).
# - [3. The bridge](03_bridging.ipynb): MNIST with MNIST and with Fashion-MNIST (Figures 3 and 4, Tables 1 and 2).
# - [4. Sound](04_speech.ipynb): handwriting and a GAN of spoken digits, with players.
#
# **Does it hold?**
#
# - [5. The competitors](05_baselines.ipynb): Pix2Pix, CycleGAN and Latent CycleGAN at budgets of a laptop, with their validation curves (Table 1, Figures 5 and 11).
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
# - [13. How the settings were chosen](13_selection.ipynb): the rule, what was tried, and how little turns a choice.
# - [14. Before and after](14_related.md): a map of earlier and later methods, and the references.
# - [The code](api.md): the package `lt`, whose core can be read in an evening.
#
# Each chapter runs at one of three *profiles*: `quick` (5,000 images of each corpus and 300 recordings, which come with the book; minutes on two
# CPU cores), `laptop` (the full corpora, no GPU needed) and `paper` (the paper's own hyper-parameters, made for a GPU). The line under a page's title names the profile of its
# outputs; the box at the foot of this page lists them all. The button at the top of a chapter opens it in Colab.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
status = report.status(records.read())
Markdown(report.once(status[["Chapter", "Profile", "Device", "Seconds", "Training behind it, s", "Versions"]]))
