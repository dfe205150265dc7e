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
# # 2. The models to be joined
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/02_base_models.ipynb)

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("02_base_models", profile)

# %% [markdown]
# **What does a bridge stand on?** On models that somebody has trained before, for their own purpose. Here these are three
# variational autoencoders: two of MNIST that differ only in their seed, and one of Fashion-MNIST. None has seen another, and
# none will be touched again: from the next chapter on they are frozen. Each corpus also gets a classifier, the *judge*. It
# tells what a transferred picture shows, and it is never used inside a bridge.
#
# ## Data
#
# All numbers below come from the test splits, which neither the VAEs nor the judges have seen.

# %%
from lt import datasets

test = {name: datasets.load(name, "test", budget.source) for name in ("mnist", "fashion")}
print("an image is", tuple(test["mnist"].x[0].shape), "with values in", (int(test["mnist"].x.min()), int(test["mnist"].x.max())))

# %% [markdown]
# ## The variational autoencoder
#
# An encoder gives a Gaussian $q(z | x)$ over 100 latent dimensions, a decoder $g(z)$ gives back an image. Both are three fully
# connected layers. Training minimises the negative evidence lower bound (section B.2),
#
# $$
# \mathcal{L}(x) = \mathbb{E}_{z \sim q(z|x)} \frac{\lVert x - g(z) \rVert^2}{2 \sigma_x^2}
# + \beta \, \mathrm{KL}\big(q(z|x) \,\Vert\, \mathcal N(0, I)\big), \qquad \sigma_x = 0.1, \; \beta = 1 .
# $$
#
# The small $\sigma_x$ makes a wrong pixel expensive. That is what the paper means where it speaks of VAEs with $\beta < 1$: in
# units of the squared error, the KL term weighs $2\sigma_x^2 = 0.02$.
#
# In code the whole objective is five lines (`lt.zoo.vae.vae_objective`):
#
# ```python
# mean, std = vae.encode(batch)
# z = sample(mean, std, generator)
# nll = losses.gaussian_nll(batch, vae.decode(z), config.sigma).mean()
# kl = losses.gaussian_kl(mean, std).mean()
# loss = nll + beta * kl
# ```
#
# Where the paper's text and the authors' code differ we follow the code: the standard deviation goes through a softplus (the
# text says sigmoid), and pixels through a sigmoid (the text says affine). At profile `paper` the budget is the paper's: Adam
# at 0.001, 100 epochs, batches of 512. The `laptop` and `quick` profiles reach further with less: the learning rate rises and
# falls in one cycle, the KL weight rises over the first 30 % of the steps so that fewer latent dimensions are given up early,
# and training images may be moved, turned and scaled a little (`jitter` in `lt/book/profiles.py`).
#
# Each model is trained by itself. Its initialisation and the order of its batches are drawn from random generators that are
# named by the model, its data and its seed, so that no two of them share a start. An earlier edition of this book let the
# MNIST and the Fashion-MNIST VAE of seed 0 begin with the same weights; [chapter 11](11_cost.ipynb) says what that changed.

# %%
from lt.networks import parameter_count
from lt.zoo.vae import VAE, Judge

print(f"a VAE of the paper's size has {parameter_count(VAE()):,} parameters, a judge {parameter_count(Judge()):,}")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import plots, setup

KEYS = {"MNIST, seed 0": "mnist", "MNIST, seed 1": "mnist_b", "Fashion-MNIST": "fashion"}
base = setup.models(budget, tuple(KEYS.values()))
run.uses(*[base.train(name) for name in test], *test.values())
for name, history in base.histories.items():
    run.trained(name, history)

# %% mystnb={"figure": {"caption": "Training of the three base VAEs: both terms of the loss, in nats per image. The KL term first rises, while its weight is small."}, "image": {"alt": "Two line plots over training steps. The reconstruction term falls for all three models, the KL term rises early and then settles."}} tags=["hide-input"]
vaes = {name: history for name, history in base.histories.items() if name.startswith("VAE")}
plots.histories(vaes, ["nll", "kl"])

# %% [markdown]
# ## Reconstructions
#
# The frozen models set the limit of everything that follows: no transfer can look better than what the target's decoder can
# draw.

# %% mystnb={"figure": {"caption": "Held-out images and what the base models make of them, through the mean of the posterior."}, "image": {"alt": "Three pairs of rows of ten images each: inputs and nearly identical, slightly softer reconstructions of digits and of clothes."}} tags=["hide-input"]
rows, firsts = {}, {}
for name, images in test.items():
    firsts[name] = [int((images.y == label).nonzero()[3]) for label in range(10)]  # one of each class
for title, key in KEYS.items():
    domain, name = base.domains[key], setup.corpus(key)
    x = test[name].x[firsts[name]]
    rows[f"{title}, input"] = x
    rows[f"{title}, reconstruction"] = domain.items(domain.posterior(x)[0])
plots.rows_of_images(rows)

# %% [markdown]
# ## Samples
#
# Decoding points from the prior $\mathcal N(0, I)$ shows what the models believe images look like where no image was encoded.

# %% mystnb={"figure": {"caption": "Samples from the prior of each base model."}, "image": {"alt": "Three mosaics of generated images: two of digit-like strokes, one of blurred clothes and shoes."}} tags=["hide-input"]
import torch

from lt import named_generator

z = torch.randn(50, base.domains["mnist"].latent, generator=named_generator("prior samples", 0)).to(base.device)
plots.panels({title: base.domains[key].items(z) for title, key in KEYS.items()}, columns=10, across=3, size=3.4)

# %% [markdown]
# ## Latent dimensions in use
#
# A dimension that the decoder ignores costs nothing when its posterior equals the prior, so its mean stays at zero for every
# image. Counting the dimensions whose mean varies (variance above 0.01, [Burda et al. 2016](https://arxiv.org/abs/1509.00519))
# tells how much a bridge has to carry; the remaining dimensions are noise to it. Read the count with the curve below: its cliff is
# the better answer where a tail of half-forgotten dimensions, not yet flattened by training, crosses the threshold.

# %% mystnb={"figure": {"caption": "Variance of each latent dimension's posterior mean over the test split, sorted."}, "image": {"alt": "Line plot on a logarithmic scale: for every model the variance of the latent means falls steeply after the dimensions in use."}} tags=["hide-input"]
spread = {title: base.held(key).mean.var(0) for title, key in KEYS.items()}
plots.active_dimensions(spread, threshold=0.01)

# %% [markdown]
# ## Does the class survive? (Table 2, first row)
#
# The share of test images whose class, as the judge sees it, is the same before and after reconstruction. Beside it the
# accuracy of the judge itself and the squared error per image.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt import metrics
from lt.book import report

for title, key in KEYS.items():
    domain, name = base.domains[key], setup.corpus(key)
    x, y = test[name].x.to(base.device), test[name].y.to(base.device)
    method = "base, seed 1" if key == "mnist_b" else "base"
    reconstruction = domain.items(base.held(key).mean)
    run.add("2", name, method, "reconstruction_accuracy", [metrics.reconstruction_accuracy(domain, x)], n=len(x))
    run.add("base", name, method, "squared_error", [((reconstruction - x) ** 2).sum(-1).mean().item()])
    run.add("base", name, method, "active_dimensions", [(spread[title] > 0.01).sum().item()])
    if method == "base":
        run.add("base", name, "judge", "accuracy", [metrics.agreement(domain.classify(x), y)], n=len(x))
run.finish()
report.table([run.record])

# %% [markdown]
# ## What to remember
#
# - A base model is trained once, alone, and then only asked for three things: encode, decode, and (its judge) classify.
# - What it loses, a bridge cannot bring back: its reconstruction accuracy is the ceiling for the next chapter.
# - How many of the 100 latent dimensions are in use depends on how long and with which KL weight a model was trained. The bridge will get by with eight.
#
# ## What to try
#
# - Set `warmup=0` in `lt/book/profiles.py` and count the active dimensions again.
# - Raise `sigma` to 0.3. The samples get smoother, the reconstructions blurred: the same trade as a larger $\beta$.
