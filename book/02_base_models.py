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

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("02_base_models", profile)

# %% [markdown]
# **What does a bridge stand on?** On models that somebody has trained before, for their own purpose. Here these are
# variational autoencoders (VAEs): several of MNIST that differ only in their seed, and as many of Fashion-MNIST as there are sets of base models. None has seen another, and
# none will be touched again: from the next chapter on they are frozen. Each corpus also gets two classifiers, the *judges*. They
# tell what a transferred picture shows, and are never used inside a bridge.
#
# ## Data
#
# All numbers below come from the test splits, which neither the VAEs nor the judges have seen.

# %% tags=["setup"]
from dataclasses import replace

import torch
from IPython.display import Markdown

from lt import Training, datasets, metrics, named_generator
from lt.book import paper, plots, report, setup
from lt.networks import parameter_count
from lt.zoo.vae import VAE, Judge, VAEConfig, fit_vae

# %%
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
# falls in one cycle, the KL weight rises over the first part of the steps so that fewer latent dimensions are given up early,
# and training images may be moved, turned and scaled a little (`jitter` in `lt/book/profiles.py`).
#
# All networks here are plain: linear layers and ReLUs. For its bridge the paper writes (section B.1) that it also tried residual networks and batch normalisation and found no gain. It
# prints no numbers, so there is nothing to compare with, and this book does not test it.
#
# A VAE of speech is missing on purpose: [chapter 4](04_speech.ipynb) trains one, measures why it is not enough, and uses a GAN.
#
# Each model is trained by itself. Its initialisation and the order of its batches are drawn from random generators that are
# named by the model, its data and its seed, so that no two of them share a start. An earlier edition of this book let the
# MNIST and the Fashion-MNIST VAE of seed 0 begin with the same weights; [chapter 11](11_cost.ipynb) says what that changed.

# %%
print(f"a VAE of the paper's size has {parameter_count(VAE()):,} parameters, a judge {parameter_count(Judge()):,}")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
KEYS = ("mnist", "mnist_b", "fashion")
bases = [setup.models(budget, KEYS, number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
run.uses(*[base.train(name) for name in test], *test.values())
models = {"mnist": {}, "fashion": {}}  # of each corpus, VAEs by their seeds: sets share those of MNIST
for number, one in enumerate(bases):
    for name, history in one.histories.items():
        run.trained(name, history)
    for key in KEYS:
        models[setup.corpus(key)].setdefault(setup.seed_of(budget, key, number), (one, key))
second = {name: base.second_judge(name) for name in test}
for name in test:
    run.trained(f"second judge {name}", base.histories[f"second judge {name}"])

# %% mystnb={"figure": {"caption": "Training of the first set of base VAEs: both terms of the loss, in nats per image. The KL term first rises, while its weight is small."}, "image": {"alt": "Two line plots over training steps. The reconstruction error falls for all three models, the KL term rises early and then settles."}} tags=["hide-input", "nbval-ignore-output"]
TITLES = {f"VAE {setup.corpus(key)} {setup.seed_of(budget, key, 0)}": f"{paper.words(setup.corpus(key))}, seed {setup.seed_of(budget, key, 0)}" for key in KEYS}
curves = {title: {"step": h["step"], "reconstruction error": h["nll"], "KL term": h["kl"]} for name, title in TITLES.items() for h in [base.histories[name]]}
plots.histories(curves, ["reconstruction error", "KL term"])

# %% [markdown]
# ## What they draw
#
# Three things beside each other. *Data*: held-out images. *Reconstructions*: the same images through encoder and decoder, by the mean of the posterior. *Samples*: points of
# the prior $\mathcal N(0, I)$, decoded. They show what a model believes images look like where no image was encoded.

# %% mystnb={"figure": {"caption": "Held-out images, their reconstructions, and samples from the prior of the first base model of each corpus. Nothing is picked."}, "image": {"alt": "Six mosaics. Digits, nearly identical reconstructions, and samples that look like digits only in part; clothes, softer reconstructions without patterns, and samples of blurred clothes and shoes."}} tags=["hide-input", "lead", "nbval-ignore-output"]
SHOWN = 20
pictures, sure = {}, {}
for name, images in test.items():
    domain, title = base.domains[name], paper.words(name)
    shown = images.x[torch.cat([(images.y == label).nonzero().flatten()[3:5] for label in range(10)])]  # two of each class
    z = torch.randn(1000, domain.latent, generator=named_generator(f"prior samples {name}", 0)).to(base.device)
    pictures |= {title: shown, f"{title},\nreconstructed": domain.items(domain.posterior(shown)[0]), f"{title},\nsampled": domain.items(z[:SHOWN])}
    for what, x in (("test images", images.x), ("samples of the prior", domain.items(z))):
        share = (domain.probabilities(x).amax(-1) >= 0.9).double().mean().item()
        run.add("base", name, what, "sure", [share], n=len(x))
        sure[name, what] = share
plots.panels(pictures, columns=5, across=3, size=2.4)

# %% tags=["nbval-ignore-output", "hide-input"]
Markdown(
    "The judge is sure (softmax of 0.9 or more) of "
    + "; and of ".join(f"{sure[name, 'test images']:.2f} of the real {thing}, but of {sure[name, 'samples of the prior']:.2f} of the {thing} that are sampled" for name, thing in (("mnist", "digits"), ("fashion", "garments")))
    + ". So the prior of a VAE also covers points that are no item of any class. A bridge does not sample there: it learns from latents of real images."
)


# %% [markdown]
# ## Latent dimensions in use
#
# A dimension that the decoder ignores costs nothing when its posterior equals the prior, so its mean stays at zero for every
# image. How many are in use? [Burda et al. (2016)](https://arxiv.org/abs/1509.00519) count the dimensions whose mean varies with a variance above 0.01. Half-forgotten dimensions, which
# training has not flattened yet, spoil that count. The curve says it better: sort the variances and look for the cliff, the place where they fall by the largest factor.

# %%
def cliff(variance):
    """After how many sorted dimensions the variance (d,) falls by the largest factor, and that factor."""
    ranked = variance.sort(descending=True)[0]
    factor = ranked[:-1] / ranked[1:]
    return int(factor.argmax()) + 1, factor.max().item()


# %% mystnb={"figure": {"caption": "Variance of each latent dimension's posterior mean over the test split, sorted, and the cliff of each model (dashed)."}, "image": {"alt": "Line plot on a logarithmic scale: for every model the variance of the latent means falls after the dimensions in use; a dashed line marks the largest fall."}} tags=["hide-input", "nbval-ignore-output"]
spread = {f"{paper.words(name)}, seed {seed}": one.held(key).mean.var(0) for name in models for seed, (one, key) in models[name].items()}
found = {title: cliff(variance) for title, variance in spread.items()}
plots.active_dimensions(spread, {title: place for title, (place, _) in found.items()})

# %% tags=["nbval-ignore-output", "hide-input"]
Markdown(
    "\n".join(f"- {title}: the cliff is after {place} dimensions, a fall by a factor of {factor:.1f}; {int((spread[title] > 0.01).sum())} vary by more than 0.01." for title, (place, factor) in found.items())
    + "\n\n"
    + ("Every model has a cliff." if min(factor for _, factor in found.values()) > 2 else "Where the factor is below 2 there is no cliff to speak of: that model was not trained for long enough to give its dimensions up.")
)

# %% [markdown]
# ## Does the class survive? (Table 2, first row)
#
# The share of test images whose class, as a judge sees it, is the same before and after reconstruction. The first judge is the paper's, a multilayer perceptron. The second is a
# convolutional network, trained from another seed: two judges of one kind would share their mistakes. Intervals are over base models and test items.

# %% tags=["nbval-ignore-output", "hide-input"]
for name, of_seeds in models.items():
    images, kept = test[name], {"reconstruction_accuracy": [], "reconstruction_accuracy_second_judge": [], "squared_error": []}
    for one, key in of_seeds.values():
        domain = one.domains[key]
        x = images.x.to(one.device)
        kept["reconstruction_accuracy"].append(metrics.reconstruction_accuracy(domain, x))
        kept["reconstruction_accuracy_second_judge"].append(metrics.reconstruction_accuracy(replace(domain, judge=second[name]), x))
        kept["squared_error"].append(((domain.items(one.held(key).mean) - x) ** 2).sum(-1).mean().item())
    kept["dimensions_in_use"] = [cliff(one.held(key).mean.var(0))[0] for one, key in of_seeds.values()]
    for metric, values in kept.items():
        run.add("2" if "accuracy" in metric else "base", name, "base", metric, [[value] for value in values], n=len(images) if "accuracy" in metric else None)
    for method, judge in (("judge", base.domains[name].judge), ("second judge", second[name])):
        right = metrics.agreement(replace(base.domains[name], judge=judge).classify(images.x).cpu(), images.y)
        run.add("base", name, method, "accuracy", [right], n=len(images))
shown = [row | {"table": "shown"} for row in run.rows if row["method"] == "base" and row["metric"] != "dimensions_in_use"]
report.pivot([{"rows": shown}], "shown", by_setting=True).droplevel("Model")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% tags=["nbval-ignore-output", "hide-input"]
rows = {(row["setting"], row["method"], row["metric"]): row for row in run.rows}


def said(name, method, metric):
    return report.formatted(rows[name, method, metric])


first, other = "reconstruction_accuracy", "reconstruction_accuracy_second_judge"
apart = {name: rows[name, "base", first]["value"] - rows[name, "base", other]["value"] for name in models}
Markdown(
    "\n".join(
        f"- **{paper.words(name)}**: {said(name, 'base', first)} of the test images keep their class by the first judge, {said(name, 'base', other)} by the second ({len(models[name])} base model{'s' * (len(models[name]) > 1)}). "
        f"The judges name {said(name, 'judge', 'accuracy')} and {said(name, 'second judge', 'accuracy')} of the real images rightly. The paper has {paper.PAPER[name, 'base', first]:g}; it does not say on which images."
        for name in models
    )
    + "\n\nThe second judge sees "
    + " and ".join(f"{abs(gap):.3f} {'less' if gap > 0 else 'more'} than the first ({paper.words(name)})" for name, gap in apart.items())
    + ". "
    + ("A likely reason is blur: what tells a shirt from a pullover is fine detail, which a VAE loses first." if apart["fashion"] > 0.01 else "")
)

# %% [markdown]
# ## What to remember
#
# - A base model is trained once, alone, and then only asked for three things: encode, decode, and (its judge) classify.
# - What a base model loses, a *reconstruction* through the bridge cannot bring back. A *transfer* can be clearer than its input's reconstruction: the other decoder draws it.
# - One judge is one opinion. An accuracy without the name of the judge says little.
# - Of the 100 latent dimensions a few are in use; look for the cliff, not for a threshold. The bridge will get by with eight.
#
# ## What to try
#
# **No warm-up.** Let the KL term weigh fully from the first step. How many dimensions stay in use? (Two small VAEs, trained for a moment.)

# %% mystnb={"figure": {"caption": "Two small VAEs of MNIST after a short training, with and without a rise of the KL weight."}, "image": {"alt": "Two falling curves of sorted variances of latent means; a dashed line marks the cliff of each."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
small = VAEConfig(Training(400, 128, 1.5e-3, "onecycle"), width=256, warmup=0.3)
tried = {"KL weight rises": small, "full from the start": replace(small, warmup=0.0)}
variance = {}
for title, config in tried.items():
    vae, _ = fit_vae(config, base.train("mnist"), 0, base.device)
    with torch.no_grad():
        variance[title] = vae.encode(test["mnist"].x[:2000].to(base.device))[0].var(0)
plots.active_dimensions(variance, {title: cliff(v)[0] for title, v in variance.items()})

# %% [markdown]
# **A tolerant likelihood.** Raise $\sigma_x$ from 0.1 to 0.3: a wrong pixel then costs a ninth. What happens to reconstructions and samples?

# %% mystnb={"figure": {"caption": "Two small VAEs of MNIST with a strict and a tolerant likelihood: reconstructions above, samples below."}, "image": {"alt": "Four mosaics of digits: with the tolerant likelihood reconstructions are blurred and samples smoother."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
shown = test["mnist"].x[:SHOWN].to(base.device)
tolerant = {"σ 0.1": small, "σ 0.3": replace(small, sigma=0.3)}
pictures = {}
for title, config in tolerant.items():
    vae, _ = fit_vae(config, base.train("mnist"), 0, base.device)
    with torch.no_grad():
        pictures[f"{title}: reconstructed"] = vae.decode(vae.encode(shown)[0])
        pictures[f"{title}: sampled"] = vae.decode(torch.randn(SHOWN, vae.latent, generator=named_generator("solution", 0, base.device), device=base.device))
plots.panels(pictures, columns=10, across=2)
