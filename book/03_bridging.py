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
# # 3. The bridge
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/03_bridging.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("03_bridging", profile)

# %% [markdown]
# **Can a digit become a shoe, when the model of digits and the model of shoes have never met?** Two frozen models, a small VAE
# between their latent spaces, and one class label an image: that is all this chapter uses. It reproduces Figures 3 and 4, the
# second row of Table 2, and the row "this work" of Table 1 for the three directions without speech.
#
# ## Two pairs of domains
#
# MNIST ↔ MNIST joins two models of the same data that were trained from different seeds: their latent spaces have nothing in
# common but the data. MNIST ↔ Fashion-MNIST joins digits with clothes; which digit belongs to which garment is our choice, and
# the paper's Table 5 makes it:

# %% tags=["hide-input"]
import itertools

import pandas as pd

from lt.datasets import CLASSES

pd.DataFrame({"Fashion-MNIST": CLASSES["fashion"]}, index=pd.Index(CLASSES["mnist"], name="MNIST"))

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import plots, report, setup

bases = [setup.models(budget, ("mnist", "mnist_b", "fashion"), number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
test = {name: base.test(name) for name in ("mnist", "fashion")}
run.uses(*[base.train(name) for name in test], *test.values())
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)

# %% [markdown]
# ## What the bridge sees
#
# Not images. Each training image goes through its frozen encoder once, and only the mean and the standard deviation of
# $q(z | x)$ are kept. Every step draws a fresh $z$ from them. Some latents of slightly moved images are added where the
# profile says so: they cost one pass through the encoder and make the bridge less sensitive to what is particular to a
# training image. At `quick` and `laptop` the bridge also centres each domain's latents and brings them to a mean variance of
# one, so that the weights of its loss mean the same for every base model.

# %%
seen = {key: base.seen(key) for key in base.domains}
print("the bridge sees latents of", seen["fashion"].size, "dimensions, a mean and a standard deviation each")

# %% [markdown]
# ## Encoder, decoder, gate
#
# The bridge is one VAE for all domains. Its encoder maps $[z, D]$ to a Gaussian over the shared space $z'$ of 8 dimensions,
# its decoder maps $[z', D]$ back, where $D$ is the one-hot domain label. Both end in a *gated mixing layer* (Figure 10),
#
# $$
# \mathrm{out} = (1 - g) \odot W_z v + g \odot \Delta z, \qquad [\Delta z, g] = W_h h, \quad g \leftarrow \sigma(g),
# $$
#
# a linear map of the network's input $v$ that the hidden layers $h$ may overrule. Transfer is two lines
# (`lt.bridge.Bridge.transfer`): encode with the source's label, decode with the target's.

# %% mystnb={"figure": {"caption": "Figure 10 of the paper, redrawn with the sizes of this chapter's bridge. (a) The gated mixing layer of the encoder's mean: the gate g chooses, for each number, between a linear map of the input v and what the hidden layers made. (b) Where such layers stand: mean and standard deviation in the encoder, the output in the decoder."}, "image": {"alt": "Diagram. Above: input v gives W_z v; hidden h gives a gate g between 0 and 1 and a correction delta z; the output is (1 - g) times W_z v plus g times delta z. Below: encoder and decoder as rows of boxes, the input v led around the hidden layers into the gated layers."}} tags=["hide-input"]
from lt.book import diagrams
from lt.bridge import network_of

network = network_of(budget.bridge, [100, 100], 10)
diagrams.gated_mixing(network)

# %% [markdown]
# And this is what the loss looks at, for the whole bridge:

# %% mystnb={"figure": {"caption": "Figure 8 of the paper, redrawn for the bridge of this chapter. Red: where the terms of the loss are measured. L2 is the reconstruction error. D is the domain label."}, "image": {"alt": "Diagram: latents of two domains go down through one encoder to shared latents, and through one decoder to reconstructions. Red marks: L2 between each latent and its reconstruction, KL at the encoder's output, SWD between the two shared latents, a classifier that reads both."}} tags=["hide-input"]
diagrams.loss_terms(network)

# %%
from lt.networks import BridgingVAE, parameter_count
from lt.zoo.vae import VAE

print(f"{parameter_count(BridgingVAE()):,} parameters in a bridge of the paper's size, {parameter_count(VAE()):,} in one base VAE")

# %% [markdown]
# ## From the authors' recipe to ours
#
# The text sets $\beta_{KL} = 0.05$ beside a likelihood that it calls "the L2 norm". Read as written, the squared error is
# *summed* over the 100 latent dimensions. The authors' code *averages* it: a factor of 100 between reconstruction and
# everything else. The code also has another weight, $\beta_{KL} = 0.005$, measures the Wasserstein distance by absolute differences, and leaves
# its classifier as it was drawn at random. So here is the text in both readings, then the code, and then one change at a time until the recipe
# is ours. All rows have the same number of steps, but for the last. Beside the accuracies stands what $z'$ says about an item, in nats: near zero, the
# posterior has collapsed, and every input has the same output.

# %% tags=["nbval-ignore-output", "hide-input"]
from dataclasses import replace

import torch

from lt import BridgeConfig, Training, fit_bridge, losses, metrics, named_generator
from lt.tools.sweeps import ahead, fit_bridges
from lt.zoo.quality import paper_protocol_accuracy

text = BridgeConfig(Training(budget.reading_steps, 128), width=budget.bridge_width, standardise=False, beta_kl=0.05, beta_cls=0.05)
code = replace(text, beta_kl=0.005, power=1, frozen=True)
STEPS = {"the text, error summed": replace(text, reduction="sum"), "the text, error averaged": text, "the code": code}
for name, change in {
    "+ classifier trained": {"frozen": False},
    "+ squared differences in the SWD": {"power": 2},
    "+ latents standardised": {"standardise": True},
    "+ KL weight 0.002": {"beta_kl": 2e-3},
    "+ classification weight 1": {"beta_cls": 1.0},
}.items():
    STEPS[name] = code = replace(code, **change)
plain = [base.own("mnist"), base.own("fashion")]  # no jittered copies
with_copies = [seen["mnist"], seen["fashion"]]
trainings = {name: (plain, config) for name, config in STEPS.items()}
trainings["+ jittered copies"] = with_copies, code
trainings["ours: Muon, one cycle, running mean"] = with_copies, budget.bridge
ahead(*[(fit_bridge, [replace(d, domain=None) for d in data], config, seed) for data, config in trainings.values() for seed in range(budget.reading_seeds)])
for name, (data, config) in trainings.items():
    found = [fit_bridge(data, config, seed) for seed in range(budget.reading_seeds)]
    for seed, bridge in enumerate(found):
        run.trained(f"recipe {name} {seed}", bridge.history)
    for source, target in (("mnist", "fashion"), ("fashion", "mnist")):
        held, draws = base.held(source), [named_generator("evaluation", seed, base.device) for seed in range(len(found))]
        ends = base.domains[source], base.domains[target], test[source].x, held
        values = [metrics.transfer_accuracy(bridge, *ends, draw)["transfer_accuracy"] for bridge, draw in zip(found, draws, strict=True)]
        run.add("recipe", f"{source}->{target}", name, "transfer_accuracy", values, n=len(test[source]))
        with torch.no_grad():
            nats = [losses.gaussian_kl(*bridge.encode(held.mean, source)).mean().item() for bridge in found]
        run.add("recipe", f"{source}->{target}", name, "nats", nats)
rows = {(row["setting"], row["method"], row["metric"]): row for row in run.rows if row["table"] == "recipe"}
there, back = "mnist->fashion", "fashion->mnist"
pd.DataFrame(
    {
        "MNIST → Fashion-MNIST": [report.formatted(rows[there, name, "transfer_accuracy"]) for name in trainings],
        "Fashion-MNIST → MNIST": [report.formatted(rows[back, name, "transfer_accuracy"]) for name in trainings],
        "nats in z′ about a digit": [f"{rows[there, name, 'nats']['value']:.1f}" for name in trainings],
    },
    index=pd.Index(trainings, name="recipe"),
)

# %% tags=["nbval-ignore-output", "hide-input"]
from IPython.display import Markdown

names = list(trainings)
gains = {
    later: rows[back, later, "transfer_accuracy"]["value"] - rows[back, earlier, "transfer_accuracy"]["value"]
    for earlier, later in itertools.pairwise(names[2:])
}
largest = max(gains, key=gains.get)
Markdown(
    f"From the code to ours the way from Fashion-MNIST to MNIST goes from {report.formatted(rows[back, 'the code', 'transfer_accuracy'])} to "
    f"{report.formatted(rows[back, names[-1], 'transfer_accuracy'])}. The largest single step is “{largest}” ({gains[largest]:+.3f}). "
    f"The text's constants leave {rows[there, 'the text, error averaged', 'nats']['value']:.2f} nats in $z'$ with the error averaged and "
    f"{rows[there, 'the text, error summed', 'nats']['value']:.2f} with the error summed."
)

# %% [markdown]
# A nat in $z'$ costs $\beta_{KL}$. With the error averaged and $\beta_{KL} = \beta_{Cls} = 0.05$ it can save at most 0.05 of the classification
# loss, and little of an error that is mostly noise: a long run then stops looking at its input ([chapter 12](12_report.ipynb) has 50,000 steps). With the
# error summed the bridge reconstructs, and the terms that align the domains are too weak to matter. Every weight of ours was chosen on training items kept aside
# ([How the settings were chosen](13_selection.ipynb)).
#
# ## Training
#
# Several sets of base models, each trained from other seeds, and several bridges over each set. An interval below counts all three: other base models,
# other bridges, other test items.

# %% tags=["nbval-ignore-output", "hide-input"]
PAIRS = {"MNIST ↔ MNIST": ("mnist", "mnist_b"), "MNIST ↔ Fashion-MNIST": ("mnist", "fashion")}
bridges, curves = {}, {}
for title, keys in PAIRS.items():
    bridges[title] = [fit_bridges([one.seen(key) for key in keys], budget.bridge, range(budget.seeds)) for one in bases]
    for number, found in enumerate(bridges[title]):
        for seed, bridge in enumerate(found):
            run.trained(f"bridge {title} {number} {seed}", bridge.history)
    curves[title] = bridges[title][0][0].history

# %% mystnb={"figure": {"caption": "The terms of the objective while the first bridge of each pair is trained. Reconstruction is per latent dimension, the KL term in nats."}, "image": {"alt": "Four line plots over training steps: reconstruction, KL, sliced Wasserstein distance and classification loss, all falling or settling for both pairs."}} tags=["hide-input"]
plots.histories(curves, ["reconstruction", "kl", "swd", "classification"])

# %% [markdown]
# ## Reconstructions through the bridge (Figure 3)
#
# Image → base latent → shared latent → base latent → image, with the same label on both sides. Eight numbers are left in the
# middle.

# %% mystnb={"figure": {"caption": "Figure 3: held-out images (left of each pair) and their reconstructions through base model and bridge."}, "image": {"alt": "Four mosaics of digits and clothes: originals beside reconstructions, alike in class and style but smoother."}} tags=["hide-input"]
same, clothes = PAIRS
digits, mixed = bridges[same][0][0], bridges[clothes][0][0]  # for all pictures
order = {name: torch.cat([(images.y == label).nonzero().flatten()[:5] for label in range(10)]) for name, images in test.items()}
x = {name: test[name].x[order[name]].view(10, 5, -1).transpose(0, 1).flatten(0, 1) for name in test}  # a column a class
plots.panels(
    {
        "MNIST": x["mnist"],
        "MNIST, reconstructed": mixed.translate(x["mnist"], "mnist", "mnist"),
        "Fashion-MNIST": x["fashion"],
        "Fashion-MNIST, reconstructed": mixed.translate(x["fashion"], "fashion", "fashion"),
    }
)

# %% [markdown]
# ## Transfers (Figure 4)
#
# Now with the other label on the way out. Read down a column: one class, five different inputs. The outputs differ too: the
# bridge did not learn one prototype a class.

# %% mystnb={"figure": {"caption": "Figure 4: held-out inputs (left) and what they become (right). A column is a class of Table 5."}, "image": {"alt": "Six mosaics: digits become other models' digits, digits become clothes of the matching class, clothes become digits of the matching class."}} tags=["hide-input", "readme-picture"]
plots.panels(
    {
        "MNIST, first model": x["mnist"],
        "→ MNIST, second model": digits.translate(x["mnist"], "mnist", "mnist_b"),
        "MNIST": x["mnist"],
        "→ Fashion-MNIST": mixed.translate(x["mnist"], "mnist", "fashion"),
        "Fashion-MNIST": x["fashion"],
        "→ MNIST": mixed.translate(x["fashion"], "fashion", "mnist"),
    }
)

# %% [markdown]
# ## Numbers (Tables 1 and 2)
#
# *Transfer accuracy* is the share of items whose class, as the source's judge sees the input, equals the class of the result,
# as the target's judge sees it. Ours is measured on the held-out test split through posterior means. The paper measured on
# 1,000 class-balanced training latents and sampled everything; that is a row of its own, and the one to compare with the
# paper's number. A *second judge*, a convolutional network, scores the same pictures: two judges of one kind would share their mistakes. And an accuracy
# never stands alone: *diversity* is the mean distance of two results of one class relative to real items of the target (0 is a prototype), and
# *trustworthiness* says whether neighbours within a class stay neighbours (about one half is chance; it looks at the order of distances, not at their size).

# %% tags=["nbval-ignore-output", "hide-input"]
DIRECTIONS = {  # setting of the results file: pair, source, target
    "mnist->mnist": (same, "mnist", "mnist_b"),
    "mnist->fashion": (clothes, "mnist", "fashion"),
    "fashion->mnist": (clothes, "fashion", "mnist"),
    "mnist": (clothes, "mnist", "mnist"),
    "fashion": (clothes, "fashion", "fashion"),
}
LOCAL = 300  # items a class whose distances and neighbours are looked at
local = {name: torch.cat([(images.y == label).nonzero().flatten()[:LOCAL] for label in range(10)]) for name, images in test.items()}
own = {name: metrics.diversity(images.x[local[name]], images.y[local[name]]) for name, images in test.items()}
second = {name: base.second_judge(name) for name in test}


@torch.no_grad()
def measured(one, bridge, seed, source, target):
    """Everything that one bridge scores in one direction."""
    x, y = test[setup.corpus(source)].x, test[setup.corpus(source)].y
    draws = named_generator("evaluation", seed, one.device)
    ends = bridge, one.domains[source], one.domains[target]
    scores = metrics.transfer_accuracy(*ends, x, one.held(source), draws)
    scores["transfer_accuracy_paper_protocol"] = paper_protocol_accuracy(*ends, one.own(source), draws)
    made = one.domains[target].items(bridge.transfer(one.held(source).mean, source, target))
    of_input, of_result = (replace(one.domains[key], judge=second[setup.corpus(key)]) for key in (source, target))
    scores["transfer_accuracy_second_judge"] = metrics.agreement(of_input.classify(x), of_result.classify(made))
    pick = local[setup.corpus(source)]
    scores["diversity"] = metrics.diversity(made[pick].cpu(), y[pick]) / own[setup.corpus(target)]
    scores["trustworthiness"] = metrics.trustworthiness(x[pick], made[pick].cpu(), y[pick], named_generator("ties", seed))
    return scores


for setting, (title, source, target) in DIRECTIONS.items():
    found = [[measured(one, bridge, seed, source, target) for seed, bridge in enumerate(of_base)] for one, of_base in zip(bases, bridges[title], strict=True)]
    for metric in found[0][0]:
        n = (1000 if "protocol" in metric else len(test[setup.corpus(source)])) if "accuracy" in metric else None
        name = metric.replace("transfer", "reconstruction") if source == target else metric  # a reconstruction: Table 2
        run.add("2" if source == target else "1", setting, "bridging_vae", name, [[scores[metric] for scores in of_base] for of_base in found], n=n)
for name, images in test.items():
    for metric, judge in (("reconstruction_accuracy", None), ("reconstruction_accuracy_second_judge", second[name])):
        kept = [metrics.reconstruction_accuracy(one.domains[name] if judge is None else replace(one.domains[name], judge=judge), images.x) for one in bases]
        run.add("base", name, "base", metric, [[value] for value in kept], n=len(images))
SHOWN = ["accuracy", "accuracy_paper_protocol", "accuracy_second_judge"]
numbers = [row for row in run.rows if row["table"] in ("1", "2") and (row["metric"].partition("_")[2] in SHOWN or "_" not in row["metric"])]
report.pivot([{"rows": [row | {"table": "all", "metric": row["metric"].removeprefix("transfer_").removeprefix("reconstruction_")} for row in numbers]}], "all", by_setting=True).droplevel("Model")

# %% [markdown]
# What the base models keep on their own, an image through encoder and decoder and no bridge. It bounds a *reconstruction* through the bridge. It does not bound a
# transfer: a bridge may draw a clearer shoe than the one that a blurred photograph became.

# %% tags=["nbval-ignore-output", "hide-input"]
report.pivot([{"rows": run.rows}], "base", by_setting=True).droplevel("Model")

# %% mystnb={"figure": {"caption": "Transfer and reconstruction accuracy on held-out data, with 95 % intervals, and the paper's numbers (on its own, easier protocol)."}, "image": {"alt": "Dot plot of five accuracies with short intervals beside diamonds that mark the paper's numbers."}} tags=["hide-input"]
from lt.book.paper import words

main = [row for row in run.rows if row["table"] in ("1", "2") and row["metric"] in ("transfer_accuracy", "reconstruction_accuracy")]
plots.intervals(main, [words(row["setting"]) for row in main])

# %% [markdown]
# ## Where it fails
#
# Fashion-MNIST → MNIST is the hard direction, and the confusion matrix tells why: shirts, T-shirts, pullovers and coats look
# alike to every classifier, the judge included. Three numbers below bound what can be kept: the judge itself knows only so many of the garments; a classifier
# of the latents knows how many of the judge's answers can still be read off them; and the target's decoder must draw what is meant.

# %% mystnb={"figure": {"caption": "Fashion-MNIST \u2192 MNIST on held-out images: the digit that each garment becomes (row: true class)."}, "image": {"alt": "Heat map with a strong diagonal; the off-diagonal shares sit among T-shirt, pullover, coat and shirt."}} tags=["hide-input"]
from sklearn.metrics import confusion_matrix

after = base.domains["mnist"].classify(mixed.translate(test["fashion"].x, "fashion", "mnist"))
matrix = confusion_matrix(test["fashion"].y.numpy(), after.cpu().numpy(), normalize="true")
plots.confusion(matrix, CLASSES["fashion"], CLASSES["mnist"], "Fashion-MNIST → MNIST", "digit drawn", "garment given")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.zoo import maps

reader, history = maps.fit_latent_classifier(budget.latent_classifier, seen["fashion"], 0)
run.trained("latent classifier fashion", history)
opinion = base.domains["fashion"].classify(test["fashion"].x)
bounds = {
    "the judge's accuracy on garments": metrics.agreement(opinion.cpu(), test["fashion"].y),
    "the judge's answers, read off the latents by a classifier": metrics.agreement(maps.classes_by(reader)(base.held("fashion").mean), opinion),
    "digits that keep their class when they are encoded and drawn": metrics.reconstruction_accuracy(base.domains["mnist"], test["mnist"].x),
}
for name, value in bounds.items():
    run.add("bounds", "fashion->mnist", name, "accuracy", [value], n=len(test["fashion"]))
run.add("cost", "mnist->fashion", "bridging_vae", "parameters", [parameter_count(mixed)])
run.finish()
report.table([{"rows": run.rows}], ["bounds"])[["Model", "Ours [95 % interval]"]]

# %% [markdown]
# ## What to remember
#
# - The bridge never sees an image. It learns between two clouds of latent points, with labels that say only which class a point is.
# - One network serves both directions and both reconstructions; the domain label alone decides.
# - Constants belong to a scale. How the squared error is reduced decides which weights work.
# - Between the authors' recipe and ours there are seven changes, and the table says what each is worth.
#
# ## What to try
#
# - `shared=2`: how much class survives in the plane, and can you draw it?
# - Replace `beta_cls` by 0. Which digits still find a garment of their own?
# - Join three domains at once: `fit_bridge` takes any number of `Latents`.
