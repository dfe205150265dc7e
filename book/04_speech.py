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
# # 4. Sound
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/04_speech.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("04_speech", profile)

# %% [markdown]
# **What does a handwritten seven sound like?** Press play. This chapter joins a VAE of
# handwritten digits with a GAN of spoken ones: another kind of data, another kind of generative model, and no
# encoder on one side. It reproduces the speech columns of Figures 3 and 4 and of Tables 1 and 2. Two recognisers say what they hear: the *judge*, a classifier of these recordings, and
# an *independent recogniser* of English, which has never met them.
#
# Three questions follow. Is the word right? Is it clear because it is *typical*? And do neighbours among the digits stay neighbours among the clips, as the paper claims?

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import math
from dataclasses import replace

import pandas as pd
import torch
from IPython.display import Markdown, display
from joblib import Parallel, delayed
from sklearn.metrics import confusion_matrix

from lt import datasets, fit_bridge, losses, metrics, named_generator
from lt.book import charts, plots, report, setup, widgets
from lt.book.paper import words
from lt.book.transfers import apart
from lt.datasets import CLASSES
from lt.networks import parameter_count
from lt.tools.intervals import wilson
from lt.tools.sweeps import ahead, cores, fit_bridges
from lt.zoo import pretrained, quality, stranger
from lt.zoo.mel import LogMel, nearest_by_dtw

bases = [setup.models(budget, ("mnist", "speech"), number) for number in range(budget.base_models)]
for base in bases:
    for name, history in base.histories.items():
        run.trained(name, history)
base = bases[0]  # for all pictures and players
clips = {split: datasets.load("speech", split, budget.recordings) for split in ("train", "test")}
digits = base.test("mnist")
run.uses(*clips.values(), base.train("mnist"), digits)

# %% [markdown]
# ## Spoken digits
#
# The book uses the Free Spoken Digit Dataset: 3,000 recordings of six speakers at 8 kHz. Every clip is cut or padded to 8,192 samples, about a second, and scaled to a peak of one.
#
# **What is missing.** The paper uses SC09, the digits of Google's Speech Commands: some thousand speakers, in all kinds of rooms. Its generator is the published WaveGAN, trained for four days on a
# GPU. This book has neither: six speakers, another generator, other judges. So no speech number here can be compared with the paper's, and the report gives the verdict *not comparable* to all of them.
# (With the corpus and the days, `python -m lt train-gan --corpus sc09` trains a GAN of SC09.)
#
# A network sees a clip as a *log-mel spectrogram*: how loud (colour) each of 64 bands of pitch (bottom to top) is in each of 64
# frames (left to right). `lt.zoo.mel.LogMel` makes it, and `LogMel.waveform` goes back, through a pseudo-inverse of the mel
# filters and Griffin-Lim, which finds phases that fit the magnitudes.
#
# Here are five recordings by five speakers, and the same after the way there and back: what a perfect generator of spectrograms would sound like.

# %% tags=["nbval-ignore-output", "hide-input"]
log_mel = LogMel(clips["test"].rate)
voices = clips["test"].speaker.unique()
first = [int(((clips["test"].y == digit) & (clips["test"].speaker == voices[digit % len(voices)])).nonzero()[0]) for digit in range(5)]
waves = clips["test"].x[first]
again = log_mel.waveform(log_mel(waves))
widgets.listening_table(
    {
        "says": CLASSES["speech"][:5],
        "recording": [widgets.player(wave, clips["test"].rate) for wave in waves],
        "from its spectrogram": [widgets.player(wave, clips["test"].rate) for wave in again],
    }
)

# %% [markdown]
# ## A GAN without an encoder
#
# A generator turns $z \sim \mathcal N(0, I)$, 100 dimensions, into a clip; a critic learns to tell its clips from recordings. The paper's WaveGAN makes raw waveforms, for which a few
# thousand recordings and two cores are not enough (`lt.zoo.speech_gan` has it). The book's pretrained generator, which this chapter uses at every profile, is made in two stages.
#
# 1. **An autoencoder** learns to encode a spectrogram as a code of 100 numbers and to decode it. Then its encoder is put aside.
# 2. **A GAN of codes**: a small network $g$ turns $z$ into a code $\hat c = g(z)$, and the frozen decoder draws it. The critic $D$ sees codes alone, and scores them. It learns to score the
#    code $c$ of a recording above $\hat c$; the generator learns the opposite. A penalty with weight $\gamma$ keeps the slope of $D$ small
#    ([Huang et al. 2024](https://arxiv.org/abs/2501.05441)):
#
# $$
# \begin{aligned}
# &\min_D \; \mathbb E\, \log\!\big(1 + e^{D(\hat c) - D(c)}\big) + \tfrac{\gamma}{2}\big(\lVert \nabla D(c) \rVert^2 + \lVert \nabla D(\hat c) \rVert^2\big) \\
# &\min_g \; \mathbb E\, \log\!\big(1 + e^{D(c) - D(\hat c)}\big)
# \end{aligned}
# $$
#
# No class and no classifier takes part in this training: a generator that is rewarded by a classifier learns to please classifiers, not listeners.
#
# One command trains both stages and writes a card:

# %% tags=["nbval-ignore-output", "hide-input"]
card = pretrained.card()
facts = {
    "command": f"`{card['command']}`",
    "seed, steps, hardware": f"{card['seed']}; {card['steps']:,}; {card['hardware']}",
    "minutes, autoencoder and GAN": f"{card['minutes_of_the_autoencoder']:g} and {card['minutes']:g}",
    "data": f"{card['data']['clips']:,} training clips of {card['data']['corpus']}, {card['data']['licence']}",
}
Markdown(report.markdown(pd.DataFrame({"What": facts.keys(), "The pretrained generator": facts.values()})))

# %% tags=["hide-input"]
speech, generator = base.domains["speech"], base.modules["speech"]
print(f"z {speech.latent} -> spectrogram {tuple(speech.items(torch.zeros(1, speech.latent, device=base.device)).shape[1:])}")

# %% [markdown]
# ## Four recognisers
#
# What teaches the bridge must not score it. So there are four recognisers, each with its own task:
#
# | recogniser | what it is | what it has seen | its task |
# |---|---|---|---|
# | the panel | a convolutional and a recurrent network, their probabilities multiplied | one half of the training recordings | accepts and labels the samples that the bridge learns from |
# | the judge | another convolutional network | the other half | scores spectrograms and waveforms |
# | the second recogniser | no weights: the nearest training recording, after stretching time to fit (dynamic time warping of cepstral coefficients) | all training recordings | scores waveforms |
# | the independent recogniser | PocketSphinx, for English, restricted to the ten words | other people, whole sentences, nothing of this corpus | scores waveforms |
#
# The independent recogniser misses many recordings too, so read its numbers beside those of recordings. It was used once to choose something: the panel's threshold, on samples of an
# earlier generator ([How the settings were chosen](13_selection.ipynb)). It has chosen nothing about bridges.
#
# ## Latents by rejection
#
# A GAN cannot encode a recording, so the bridge learns from points of the prior. The paper keeps a sample if its classifier's largest
# softmax output is at least 0.95, and takes the class as its label; 31.8 % of WaveGAN's samples pass. Here the panel must be sure to 0.999.
# Samples are cheap, so we take more than the paper's 1,300 a class where the profile allows.
#
# ```python
# z = torch.randn(n, 100)
# confidence, label = panel(generator(z)).softmax(-1).max(-1)
# z, label = z[confidence >= 0.999], label[confidence >= 0.999]
# ```
#
# The draws come from named random generators. Which of them were accepted is stored with the weights, so that no reader has to draw a million times.

# %% tags=["nbval-ignore-output", "hide-input"]
spoken, accepted, drawn = base.spoken("accepted", budget.accepted)
fresh = base.held("speech")  # accepted in the same way, of other draws
run.add("gan", "speech", "gan", "acceptance", [accepted.sum().item() / drawn], n=drawn, note=f"by a panel of two at {pretrained.SURE:g}; the paper: one judge at 0.95")
run.add("gan", "speech", "gan", "acceptance_at_0.95", [card["scores"]["acceptance_at_0.95"]], n=card["scores"]["samples"])
run.add("gan", "speech", "gan", "inception_score", [card["scores"]["inception_score"]])
for digit, share in enumerate(accepted / accepted.sum()):
    run.add("gan", "speech", "gan", f"share_of_{digit}", [share.item()], n=int(accepted.sum()))
sure, at_95, inception = run.rows[:3]
rarest, commonest = int(accepted.argmin()), int(accepted.argmax())
Markdown(
    f"The panel accepts {report.formatted(sure)} of {drawn:,} draws; at the paper's 0.95 it would accept {report.formatted(at_95)}. "
    f"The inception score of all samples, by the judge, is {inception['value']:.2f}; 10 would be ten clear digits, equally often. "
    f"The rarest digit among the accepted samples is “{CLASSES['speech'][rarest]}” with {accepted[rarest] / accepted.sum():.3f} of them, the most common “{CLASSES['speech'][commonest]}” "
    f"with {accepted[commonest] / accepted.sum():.3f}."
)

# %% mystnb={"figure": {"caption": "Recordings and accepted samples of the generator, a column a digit."}, "image": {"alt": "Two mosaics of spectrograms, ten columns each: recordings with fine harmonics, and generated clips of similar shapes."}} tags=["hide-input"]


def columns(y, n=3, first=0):
    """Indices of items first, first + 1, ... of each class, class by class in columns."""
    return torch.stack([(y == digit).nonzero().flatten()[first : first + n] for digit in range(10)], dim=1).flatten()


by_speaker = torch.argsort(torch.rand(len(clips["test"]), generator=named_generator("speakers", 0)))  # the corpus is sorted by speaker
shuffled = clips["test"].x[by_speaker], clips["test"].y[by_speaker]
recorded = log_mel(shuffled[0][columns(shuffled[1])])
sampled = speech.items(fresh.mean[columns(fresh.y)])
plots.spectrograms({"recordings, several speakers": recorded.squeeze(1), "accepted samples": sampled.squeeze(1)}, labels=CLASSES["speech"])

# %% [markdown]
# ## What is understood before any bridge
#
# How clear are the clips that a transfer is made of? The share whose digit each recogniser finds: of recordings, of the same through spectrogram and Griffin-Lim, and of accepted samples. *Diversity* is the
# mean distance of two clips of one digit, relative to recordings.

# %% tags=["nbval-ignore-output", "hide-input"]
EACH = budget.heard  # clips a digit


def by_digit(y, found):
    return [metrics.agreement(found[y == digit], y[y == digit]) for digit in range(10)]


def understood(method, y, waves):
    """Rows of what the listeners hear in clips (n, samples) that should say y (n,), and how much the clips of a digit vary."""
    mels = log_mel(waves)
    found, nearest = stranger.hear(waves, card["rate"]), nearest_by_dtw(templates, clips["train"].y, mels)
    run.add("ears", "speech", method, "diversity", [metrics.diversity(mels, y) / varied])
    run.add("ears", "speech", method, "stranger", [metrics.agreement(found, y)], n=len(y))
    run.add("ears", "speech", method, "second_ear", [metrics.agreement(nearest, y)], n=len(y))
    run.add("ears", "speech", method, "judge", [metrics.agreement(speech.classify(mels).cpu(), y)], n=len(y))
    return by_digit(y, found)


templates = log_mel(clips["train"].x)
varied = metrics.diversity(log_mel(clips["test"].x), clips["test"].y)  # of real recordings
pick = columns(fresh.y, EACH)
with torch.no_grad():
    sample_waves = torch.cat([generator.waveform(part) for part in fresh.mean[pick].split(250)]).cpu()
digits_heard = {
    "recordings": understood("recordings", clips["test"].y, clips["test"].x),
    "recordings, through spectrograms": understood("recordings, through spectrograms", clips["test"].y, log_mel.waveform(log_mel(clips["test"].x))),
    "accepted samples": understood("accepted samples", fresh.y[pick].cpu(), sample_waves),
}


def ears():
    """Who understands what: the row of each (kind of clip, listener)."""
    return {(row["method"], row["metric"]): row for row in run.rows if row["table"] == "ears"}


LISTENERS = {"the judge": "judge", "the second recogniser": "second_ear", "the independent one": "stranger", "diversity": "diversity"}
table = pd.DataFrame(
    {
        "clips": list(digits_heard),
        **{title: [f"{ears()[kind, who]['value']:.3f}" for kind in digits_heard] for title, who in LISTENERS.items()},
    }
)
real, sampled_clips = (ears()[kind, "stranger"] for kind in ("recordings", "accepted samples"))
Markdown(
    f"{report.markdown(table)}\n\n"
    f"The judge and the second recogniser learned from this corpus; their lowest share here is {min(ears()[kind, who]['value'] for kind in digits_heard for who in ('judge', 'second_ear')):.3f}. The independent recogniser finds {report.formatted(real)} of the {real['n']} recordings and {report.formatted(sampled_clips)} of the "
    f"{sampled_clips['n']} samples: {'the samples are understood less' if apart(real, sampled_clips) and real['value'] > sampled_clips['value'] else 'with these intervals the two are not told apart'}. "
    "So its scale for transfers is the first line, not 1."
)

# %% [markdown]
# ## Why not a VAE for speech?
#
# Section 4.1 of the paper says that VAEs did not work for speech, and shows no number. The autoencoder behind our generator is a VAE with a small KL weight, so it can be
# asked. Two things are expected of one: that it *reconstructs* recordings, and that codes drawn from the prior $\mathcal N(0, I)$ are words.

# %% tags=["nbval-ignore-output", "hide-input"]
voice = pretrained.load_pretrained()
encoder = pretrained.load_encoder()
with torch.no_grad():
    coded = encoder(log_mel(clips["test"].x))[0]
    redrawn = generator.decoder(coded.to(base.device)).cpu()
    prior = torch.randn(2_000, coded.shape[1], generator=named_generator("VAE prior", 0))
    passed = voice.panel(generator.decoder(prior.to(base.device)).cpu()).softmax(-1).amax(-1) >= pretrained.SURE
digits_heard["recordings, through the VAE"] = understood("recordings, through the VAE", clips["test"].y, log_mel.waveform(redrawn))
run.add("gan", "speech", "VAE", "acceptance", [passed.double().mean().item()], n=len(prior), note="codes drawn from the prior")
accepts = {row["method"]: row for row in run.rows if row["table"] == "gan" and row["metric"] == "acceptance"}
Markdown(
    f"With a KL weight of {card['generator']['autoencoder']['beta']:g} the judge understands {report.formatted(ears()['recordings, through the VAE', 'judge'])} of its reconstructions, "
    f"the independent recogniser {report.formatted(ears()['recordings, through the VAE', 'stranger'])}. "
    f"But the panel accepts {report.formatted(accepts['VAE'])} of what the VAE draws from its prior, and {report.formatted(accepts['gan'])} of what the GAN of codes draws. "
    + ("So a VAE fails here as the paper says: not at reconstruction but at generation. The GAN of codes finds the codes that are words." if accepts["VAE"]["high"] < accepts["gan"]["low"] / 2 else "Here a VAE does not fail as the paper says.")
)

# %% [markdown]
# ## The bridge
#
# The same bridging VAE as in the last chapter, with 16 shared dimensions. One side gives posteriors (mean and standard
# deviation of every handwritten digit), the other exact points. Where the profile allows, several digit models are joined with the one generator, by several bridges each. The KL term is measured
# in nats (1 nat = 1.44 bits): how much $z'$ says about an item. The last cell of this section shows how the terms fall.

# %% tags=["nbval-ignore-output", "hide-input"]
has = budget.speech_bridge
Markdown(
    f"The weights here are $\\beta_{{KL}}$ = {has.beta_kl:g}, $\\beta_{{SWD}}$ = {has.beta_swd:g} and $\\beta_{{Cls}}$ = {has.beta_cls:g}; {has.depth} layers of {has.width} units; "
    f"{has.training.steps:,} steps of Adam with {has.training.batch} items a domain, at a rate that rises to {has.training.lr:g} and falls, and the running mean of the weights is kept. "
    "[How the settings were chosen](13_selection.ipynb) tells why."
)

# %% tags=["nbval-ignore-output", "hide-input"]
written = base.domains["mnist"]
frontier = {weight: replace(budget.speech_bridge, beta_kl=weight) for weight in budget.frontier}  # of a later section, trained here side by side


def pair(one):
    return [replace(one.seen("mnist"), domain=None), replace(spoken, domain=None)]


ahead(
    *[(fit_bridge, pair(one), budget.speech_bridge, seed) for one in bases for seed in range(budget.seeds)],
    *[(fit_bridge, pair(base), config, 0) for config in frontier.values() if config != budget.speech_bridge],
    name="bridges",
)
bridges = [fit_bridges([one.seen("mnist"), spoken], budget.speech_bridge, range(budget.seeds)) for one in bases]
for number, found in enumerate(bridges):
    for seed, bridge in enumerate(found):
        run.trained(f"bridge MNIST ↔ speech {number} {seed}", bridge.history)
shown = bridges[0][0]  # for all pictures and players

# %% mystnb={"figure": {"caption": "The terms of the objective for one bridge."}, "image": {"alt": "Four line plots over training steps: reconstruction, KL, sliced Wasserstein distance and classification loss; the KL term rises while the others fall or settle."}} tags=["nbval-ignore-output", "hide-cell"]
TERMS = {"reconstruction": "reconstruction error", "kl": "KL term, nats", "swd": "SWD", "classification": "classification loss"}
plots.histories({"MNIST ↔ speech": {TERMS.get(key, key): values for key, values in shown.history.items()}}, list(TERMS.values()))

# %% [markdown]
# ## Press play
#
# (To hear your own handwriting: [Touch it](live.md).)
#
# Ten held-out handwritten digits, and what one bridge makes of them. Nothing is picked: these are the fourth items of
# each class of the test split.

# %% tags=["nbval-ignore-output", "hide-cell"]


def say(z):
    """Latents of MNIST (n, 100) to latents of speech."""
    with torch.no_grad():
        return shown.transfer(z, "mnist", "speech")


def write(z):
    """Latents of speech (n, 100) to images."""
    with torch.no_grad():
        return written.items(shown.transfer(z, "speech", "mnist"))


def heard(z):
    """What the judge understands of spoken latents, in words."""
    return [CLASSES["speech"][label] for label in speech.classify(speech.items(z)).tolist()]


def sound(z):
    """Clips (n, samples) of spoken latents."""
    with torch.no_grad():
        return torch.cat([generator.waveform(part) for part in z.split(250)]).cpu()


def players(z):
    """A player for each spoken latent."""
    return [widgets.player(wave, card["rate"]) for wave in sound(z)]


def strangers_words(z):
    """What the stranger understands of spoken latents."""
    return [CLASSES["speech"][label] if label >= 0 else "nothing" for label in stranger.hear(sound(z), card["rate"]).tolist()]


# %% tags=["nbval-ignore-output", "hide-input", "lead"]
fourth = [int((digits.y == label).nonzero()[3]) for label in range(10)]
x = digits.x[fourth]
z = say(written.posterior(x)[0])
widgets.listening_table(
    {
        "written": [widgets.picture(image, f"handwritten {digit}") for digit, image in enumerate(x)],
        "spoken": players(z),
        "the judge hears": heard(z),
        "the independent recogniser hears": strangers_words(z),
    }
)

# %% [markdown]
# Does different handwriting become different speech? For two digits: recordings by different speakers, and what five handwritten digits become. If the bridge kept the
# class alone, the five transfers would be one clip. (*Diversity* below puts a number to what you hear.)

# %% tags=["nbval-ignore-output", "hide-input"]
HANDS, SAID = 5, (2, 7)
grid = {}
for digit in SAID:
    of_digit, name = clips["test"].y == digit, CLASSES["speech"][digit]
    first = [int((of_digit & (clips["test"].speaker == who)).nonzero()[0]) for who in clips["test"].speaker[of_digit].unique()[:HANDS]]
    hands = (digits.y == digit).nonzero().flatten()[4 : 4 + HANDS]
    grid[f"“{name}”, recorded"] = [widgets.player(clips["test"].x[i], clips["test"].rate) for i in first]
    grid[f"“{name}”, transferred"] = [
        widgets.picture(digits.x[i], f"handwritten {digit}") + player
        for i, player in zip(hands, players(say(written.posterior(digits.x[hands])[0])), strict=True)
    ]
fewest = min(map(len, grid.values()))
widgets.listening_table({title: cells[:fewest] for title, cells in grid.items()})

# %% [markdown]
# And the other way: accepted samples of the GAN, from draws that the bridge has not seen, become handwriting.

# %% tags=["nbval-ignore-output", "hide-input"]
z = fresh.mean[columns(fresh.y, 1)]
images = write(z).cpu()
widgets.listening_table(
    {
        "spoken": players(z),
        "the judge hears": heard(z),
        "written": [widgets.picture(image, "a digit drawn from sound") for image in images],
        "the judge reads": [CLASSES["mnist"][label] for label in written.classify(images.to(base.device)).tolist()],
    }
)

# %% [markdown]
# ## Reconstructions and transfers (Figures 3 and 4)

# %% mystnb={"figure": {"caption": "Top and middle, Figure 3: accepted samples, and their reconstructions through 16 shared dimensions. Bottom, Figure 4: what the handwritten digits of the next picture become."}, "image": {"alt": "Three mosaics of spectrograms, ten columns each: samples, their reconstructions, and spectrograms that were made from handwritten digits."}} tags=["hide-input"]
pick = columns(fresh.y)
with torch.no_grad():
    through = speech.items(shown.transfer(fresh.mean[pick], "speech", "speech"))
spelled = shown.translate(digits.x[columns(digits.y)], "mnist", "speech")
plots.spectrograms(
    {"speech": sampled.squeeze(1), "speech, reconstructed": through.squeeze(1), "MNIST → speech": spelled.squeeze(1)},
    labels=CLASSES["speech"],
)

# %% mystnb={"figure": {"caption": "Figure 4. Left: the handwritten digits that become the speech above. Right: what the samples at the top of the last picture become."}, "image": {"alt": "Two mosaics of handwritten digits, ten columns each: inputs, and digits drawn from sound, drawn from samples of speech."}} tags=["hide-input"]
plots.panels({"MNIST": digits.x[columns(digits.y)], "speech → MNIST": write(fresh.mean[pick])})

# %% [markdown]
# ## Numbers (Tables 1 and 2)
#
# Held out means here: 300 images a class of the MNIST test split (all where there are fewer), and accepted latents of other draws. Two more numbers stand beside every accuracy:
#
# - **diversity**: the mean distance of two results of one class, relative to the target's own items. 0 is a prototype.
# - **trustworthiness**: whether neighbours among the results of one class were neighbours among the inputs. About one half is chance. It compares the
#   order of distances, not their size, so read it beside diversity.
#
# *Sampled* draws $z$ and $z'$ from their posteriors. The *paper's protocol* does so too, with 1,000 items that the bridge was trained on. *Waveform*: the
# recogniser gets the transfer after Griffin-Lim, of the same test digits for every bridge. Intervals count digit models, bridges and items; the generator is always the same.

# %% tags=["nbval-ignore-output", "hide-cell"]
SPOKEN, LOCAL = 300, 200  # test digits a class that are spoken, and items a class whose distances and neighbours are looked at
spoken_digits = columns(digits.y, SPOKEN)
items = {"mnist": digits.x[spoken_digits], "speech": speech.items(fresh.mean).cpu()}
labels = {"mnist": digits.y[spoken_digits], "speech": fresh.y.cpu()}
local = {key: columns(y, LOCAL) for key, y in labels.items()}
own = {key: metrics.diversity(items[key][local[key]], labels[key][local[key]]) for key in items}
DIRECTIONS = {  # setting of the results file: source, target
    "mnist->speech": ("mnist", "speech"),
    "speech->mnist": ("speech", "mnist"),
    "speech": ("speech", "speech"),
}


def held(one, key):
    """Latents of the items above."""
    return one.held("mnist").take(spoken_digits.to(one.device)) if key == "mnist" else one.held("speech")


@torch.no_grad()
def measured(one, bridge, seed, source, target):
    """Everything that one bridge scores in one direction."""
    draws = named_generator("evaluation", seed, one.device)
    ends = bridge, one.domains[source], one.domains[target]
    scores = metrics.transfer_accuracy(*ends, items[source], held(one, source), draws)
    scores["transfer_accuracy_paper_protocol"] = quality.paper_protocol_accuracy(*ends, one.own(source), draws)
    pick, y = local[source], labels[source][local[source]]
    made = one.domains[target].items(bridge.transfer(held(one, source).mean[pick.to(one.device)], source, target)).cpu()
    scores["diversity"] = metrics.diversity(made, y) / own[target]
    scores["trustworthiness"] = metrics.trustworthiness(items[source][pick], made, y, named_generator("ties", seed))
    if source == "speech":
        scores.pop("transfer_accuracy_true_label")  # the panel's answer is the label
    return scores


def of_all(score, *arguments):
    """``score(one, bridge, seed, *arguments)`` of every bridge, by base models; two at a time."""
    calls = [delayed(score)(one, bridge, seed, *arguments) for one, of_base in zip(bases, bridges, strict=True) for seed, bridge in enumerate(of_base)]
    scored = Parallel(cores(), prefer="threads")(calls)
    return [scored[i : i + budget.seeds] for i in range(0, len(scored), budget.seeds)]


for one in bases:
    held(one, "mnist")  # now, and not by two threads at once
for setting, (source, target) in DIRECTIONS.items():
    found = of_all(measured, source, target)
    for metric in found[0][0]:
        n = 1000 if "protocol" in metric else len(items[source]) if "accuracy" in metric else None
        name = metric.replace("transfer", "reconstruction") if source == target else metric
        run.add("2" if source == target else "1", setting, "bridging_vae", name, [[scores[metric] for scores in of_base] for of_base in found], n=n)

# %% tags=["nbval-ignore-output", "hide-cell"]
some = columns(digits.y, EACH // 2, 10)


@torch.no_grad()
def heard_by_all(one, bridge, seed):
    """What the listeners understand of the same test digits; and by the stranger, digit by digit."""
    before = one.domains["mnist"].classify(digits.x[some]).cpu()
    waves = sound(bridge.transfer(one.held("mnist").mean[some.to(one.device)], "mnist", "speech"))
    mels, strange = log_mel(waves), stranger.hear(waves, card["rate"])
    return {
        "transfer_accuracy_waveform": metrics.agreement(before, speech.classify(mels).cpu()),
        "transfer_accuracy_second_ear": metrics.agreement(before, nearest_by_dtw(templates, clips["train"].y, mels)),
        "transfer_accuracy_stranger": metrics.agreement(before, strange),
    }, by_digit(digits.y[some], strange)


everything = of_all(heard_by_all)
found = [[scores for scores, _ in of_base] for of_base in everything]
words_right = [by for of_base in everything for _, by in of_base]
for metric in found[0][0]:
    run.add("1", "mnist->speech", "bridging_vae", metric, [[scores[metric] for scores in of_base] for of_base in found], n=len(some))
digits_heard["MNIST → speech"] = torch.tensor(words_right).mean(0).tolist()
for what, shares in digits_heard.items():
    for digit, share in enumerate(shares):
        run.add("stranger by digit", "speech" if "→" not in what else "mnist->speech", what, f"stranger_{digit}", [share])
recordings = next(row["value"] for row in run.rows if row["method"] == "recordings" and row["metric"] == "stranger")
of_samples = next(row["value"] for row in run.rows if row["method"] == "accepted samples" and row["metric"] == "stranger")
of_transfers = run.rows[[row["metric"] for row in run.rows].index("transfer_accuracy_stranger")]["value"]
for method, value in (("accepted samples", of_samples), ("MNIST → speech", of_transfers)):
    run.add("ears", "speech", method, "of_the_recordings_rate", [value / recordings])

# %% tags=["nbval-ignore-output", "hide-input"]
ROWS = {(row["setting"], row["metric"].removeprefix("transfer_").removeprefix("reconstruction_")): row for row in run.rows if row["table"] in ("1", "2")}


def said(setting, metric):
    return report.formatted(ROWS[setting, metric]) if (setting, metric) in ROWS else ""


MEASURES = {
    "the judge": "accuracy",
    "the judge, sampled": "accuracy_sampled",
    "the judge, the paper's protocol": "accuracy_paper_protocol",
    "the judge, waveform": "accuracy_waveform",
    "the second recogniser, waveform": "accuracy_second_ear",
    "the independent recogniser, waveform": "accuracy_stranger",
    "diversity": "diversity",
    "trustworthiness": "trustworthiness",
}
lines = {title: [said(setting, metric) for setting in DIRECTIONS] for title, metric in MEASURES.items()}
lines["the paper (SC09, not comparable)"] = [f"{ROWS[setting, 'accuracy']['paper']:.3g}" for setting in DIRECTIONS]
pd.DataFrame(lines, index=pd.Index([words(setting) if "->" in setting else f"{words(setting)}, reconstructed" for setting in DIRECTIONS], name="accuracy by")).T

# %% mystnb={"figure": {"caption": "Digit by digit: the share of clips in which the independent recogniser finds the right digit. Dashed: chance."}, "image": {"alt": "A dot plot with a row for each digit and three marks a row: recordings, accepted samples of the generator, and transfers from handwriting."}} tags=["nbval-ignore-output", "hide-input"]
charts.by_class({what: digits_heard[what] for what in ("recordings", "accepted samples", "MNIST → speech")}, CLASSES["speech"], "share understood by the independent recogniser", 0.1)

# %% tags=["nbval-ignore-output", "hide-input"]
judged, strange = ROWS["mnist->speech", "accuracy"], ROWS["mnist->speech", "accuracy_stranger"]
gains = {CLASSES["speech"][k]: digits_heard["MNIST → speech"][k] - digits_heard["recordings"][k] for k in range(10)}
local_there, local_back, local_self = (ROWS[setting, "trustworthiness"] for setting in DIRECTIONS)
by_chance = {"mnist->speech": LOCAL, "speech->mnist": int(fresh.y.bincount().min())}
floor = {setting: quality.trustworthiness_by_chance(min(n, LOCAL)) for setting, n in by_chance.items()}


def kept(row, chance):
    """How far a trustworthiness is on the way from chance to 1."""
    return (row["value"] - chance) / (1 - chance)


def how(row, chance):
    """The same in words and numbers."""
    share = kept(row, chance)
    return f"{'largely' if share > 0.6 else 'in part' if share > 0.3 else 'hardly'} ({report.formatted(row)}, {share:.0%} of the way from chance, {chance:.2f}, to 1)"


def against(other, name):
    """Whether transfers are understood better than other clips, as far as the intervals tell."""
    word = "better" if strange["value"] > other["value"] else "worse"
    return f"{'' if apart(strange, other) else 'not surely '}{word} than {name}"


Markdown(
    f"**Is the word right?** The judge hears the right digit in {report.formatted(judged)} of the transfers, the independent recogniser in {report.formatted(strange)}. "
    f"Of recordings it finds {report.formatted(real)}, of accepted samples {report.formatted(sampled_clips)}. So transfers are understood {against(sampled_clips, 'samples of the same generator')}, and "
    f"{against(real, 'recordings')}. Digit by digit, “{max(gains, key=gains.get)}” gains most over recordings ({max(gains.values()):+.2f}) and “{min(gains, key=gains.get)}” least ({min(gains.values()):+.2f}). "
    + ("How can a transfer be clearer than the speech that it is made of? The next section looks into it." if apart(strange, sampled_clips) and strange["value"] > sampled_clips["value"] else "")
    + "\n\n**Do neighbours stay neighbours?** The paper claims that they do. Here the order among the items of a digit is kept "
    f"{how(local_there, floor['mnist->speech'])} from writing to speech, and {how(local_back, floor['speech->mnist'])} from speech to writing. "
    f"Where does it get lost? Through the bridge and back to *speech*: {how(local_self, floor['speech->mnist'])}"
    + (". So more than half of what there is to lose is lost in the bridge or in its speech decoder, with no handwriting involved." if kept(local_self, floor["speech->mnist"]) < 0.5 else ".")
)

# %% [markdown]
# ## Clear or typical? The weight of the KL term
#
# A recogniser that does better on transfers than on the generator's own samples may have been given *better* speech, or more *typical* speech: the average seven, said again and again.
# If it is typical speech, then less variety should bring more accuracy.
# The weight of the KL term sets the variety. The more it weighs, the less $z'$ may say about an item. The class is the last thing to go, because the classification loss needs it; what goes first is how
# the digit is written or spoken. Here is one bridge a weight. The weight of all the numbers above was chosen on training digits kept aside ([How the settings were chosen](13_selection.ipynb)).

# %% tags=["nbval-ignore-output", "hide-cell"]
along = {weight: fit_bridge([base.seen("mnist"), spoken], config, 0) for weight, config in frontier.items()}
for weight, bridge in along.items():
    run.trained(f"frontier {weight:g}", bridge.history)
    with torch.no_grad():
        nats = losses.gaussian_kl(*bridge.encode(held(base, "mnist").mean, "mnist")).mean().item()
    understood_of_it = heard_by_all(base, bridge, 0)[0]["transfer_accuracy_stranger"]
    run.add("frontier", "mnist->speech", f"KL weight {weight:g}", "transfer_accuracy_stranger", [understood_of_it], n=len(some))
    run.add("frontier", "mnist->speech", f"KL weight {weight:g}", "nats", [nats])
    for setting, (source, target) in DIRECTIONS.items():
        scores = measured(base, bridge, 0, source, target)
        for metric in ("transfer_accuracy", "diversity", "trustworthiness"):
            run.add("frontier", setting, f"KL weight {weight:g}", metric, [scores[metric]], n=len(items[source]) if "accuracy" in metric else None)

# %% mystnb={"figure": {"caption": "Accuracy against relative diversity. The number at a point is the weight of the KL term, a ring marks the weight of this chapter. One bridge a point; bars are 95 % intervals over items alone. Each panel has its own range of accuracies."}, "image": {"alt": "Three panels, each a line of points: accuracy over diversity from MNIST to speech by the judge, the same by the independent recogniser, and from speech to MNIST by the judge. The more weight the KL term has, the smaller the diversity."}} tags=["hide-input"]
rows = {(row["setting"], row["method"], row["metric"]): row for row in run.rows if row["table"] == "frontier"}
panels = {
    "MNIST → speech, by the judge": ("mnist->speech", "transfer_accuracy"),
    "MNIST → speech, by the independent recogniser": ("mnist->speech", "transfer_accuracy_stranger"),
    "speech → MNIST, by the judge": ("speech->mnist", "transfer_accuracy"),
}
charts.frontier(
    {
        title: {f"{weight:g}": tuple(rows[setting, f"KL weight {weight:g}", key] for key in ("diversity", metric)) for weight in frontier}
        for title, (setting, metric) in panels.items()
    },
    f"{budget.speech_bridge.beta_kl:g}",
)

# %% tags=["nbval-ignore-output", "hide-input"]
there = {weight: {key: rows["mnist->speech", f"KL weight {weight:g}", key] for key in ("transfer_accuracy", "transfer_accuracy_stranger", "diversity", "trustworthiness", "nats")} for weight in frontier}
lines = [
    {
        "KL weight": f"{weight:g}",
        "nats in z′": f"{row['nats']['value']:.1f}",
        "diversity": f"{row['diversity']['value']:.2f}",
        "trustworthiness": f"{row['trustworthiness']['value']:.2f}",
        "the judge": f"{row['transfer_accuracy']['value']:.3f}",
        "the independent one": f"{row['transfer_accuracy_stranger']['value']:.3f}",
    }
    for weight, row in there.items()
]
light, heavy = there[min(there)], there[max(there)]


def moved(metric, plain=False):
    """From the lightest to the heaviest weight, and whether the intervals lie apart (``plain``: values alone, of a row without an interval)."""
    if plain:
        return f"from {light[metric]['value']:.2f} to {heavy[metric]['value']:.2f}"
    return f"from {report.formatted(light[metric])} to {report.formatted(heavy[metric])} ({'intervals apart' if apart(light[metric], heavy[metric]) else 'intervals overlap'})"


strangers = light["transfer_accuracy_stranger"], heavy["transfer_accuracy_stranger"]
typical = apart(*strangers) and strangers[1]["value"] > strangers[0]["value"] and heavy["diversity"]["value"] < light["diversity"]["value"]
of_recordings = ROWS["mnist->speech", "diversity"]["value"] * own["speech"] / varied
hard = sorted(range(10), key=lambda k: digits_heard["recordings"][k])[:3]
easier = sum(digits_heard["MNIST → speech"][k] > digits_heard["recordings"][k] for k in hard)
Markdown(
    f"**MNIST → speech**\n\n{report.markdown(pd.DataFrame(lines))}\n\n"
    f"From the lightest to the heaviest weight, diversity goes from {light['diversity']['value']:.2f} to {heavy['diversity']['value']:.2f}. Accuracy goes {moved('transfer_accuracy')} by the judge and "
    f"{moved('transfer_accuracy_stranger')} by the independent recogniser.\n\n"
    + (
        "**That fits typical speech**: where clips vary least they are understood best. It does not show that the speech is not better as well: these are four bridges, one a weight. "
        if typical
        else "**So variety and clarity are not tied to each other here**, as far as these intervals can tell. "
    )
    + f"The weight of this chapter, {budget.speech_bridge.beta_kl:g}, is {'the lightest of these' if budget.speech_bridge.beta_kl == min(frontier) else 'between these' if budget.speech_bridge.beta_kl < max(frontier) else 'the heaviest of these'}. "
    + f"Trustworthiness goes {moved('trustworthiness', plain=True)}{': the order of neighbours does not suffer when variety does' if heavy['trustworthiness']['value'] >= light['trustworthiness']['value'] else ''}. "
    + f"From speech to handwriting, the third panel, accuracy goes from {report.formatted(rows['speech->mnist', f'KL weight {min(frontier):g}', 'transfer_accuracy'])} to "
    f"{report.formatted(rows['speech->mnist', f'KL weight {max(frontier):g}', 'transfer_accuracy'])}{'' if apart(*(rows['speech->mnist', f'KL weight {w:g}', 'transfer_accuracy'] for w in (min(frontier), max(frontier)))) else ', which is not told apart'}.\n\n"
    + f"The transfers of this chapter vary {of_recordings:.2f} times as much as recordings do. And of the three digits that the independent recogniser finds least often in recordings ("
    + ", ".join(f"“{CLASSES['speech'][k]}” {digits_heard['recordings'][k]:.2f}" for k in hard)
    + f"), transfers are understood more often in {easier} ("
    + ", ".join(f"{digits_heard['MNIST → speech'][k]:.2f}" for k in hard)
    + "). "
    + "A likely reason: unusual ways to say these words are in the recordings, and not in the transfers. " * (typical and easier > 1)
    + "Read the accuracy of a transfer with its diversity beside it: what is above the rate of recordings says how average the clips are, not how good."
)

# %% [markdown]
# ## Where it fails
#
# Which digits are misheard, and three failures to listen to, the first three of these items. Shares below 0.005 are not printed. The way back is in the cell after.

# %% mystnb={"figure": {"caption": "MNIST \u2192 speech on held-out images: what the judge hears (column) of each written digit (row)."}, "image": {"alt": "Heat map of ten written by ten spoken digits with a strong diagonal."}} tags=["hide-input"]
z = held(base, "mnist").mean
after = speech.classify(speech.items(say(z))).cpu()
matrix = confusion_matrix(labels["mnist"].numpy(), after.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, CLASSES["mnist"], CLASSES["speech"], "MNIST → speech", "digit heard", "digit written")

# %% mystnb={"figure": {"caption": "Speech \u2192 MNIST on fresh accepted latents: what is written (column) of each spoken digit (row)."}, "image": {"alt": "Heat map of ten spoken by ten written digits with a strong diagonal."}} tags=["nbval-ignore-output", "hide-cell"]
back = written.classify(write(fresh.mean)).cpu()
matrix = confusion_matrix(fresh.y.cpu().numpy(), back.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, CLASSES["speech"], CLASSES["mnist"], "speech → MNIST", "digit written", "digit spoken")

# %% tags=["nbval-ignore-output", "hide-input"]
wrong = spoken_digits[(after != labels["mnist"]).nonzero().flatten()[:3]]
z = say(base.held("mnist").mean[wrong.to(base.device)])
widgets.listening_table(
    {
        "written": [widgets.picture(digits.x[i], f"handwritten {int(digits.y[i])}") for i in wrong],
        "label": [str(int(digits.y[i])) for i in wrong],
        "spoken": players(z),
        "the judge hears": heard(z),
    }
)

# %% [markdown]
# ## Hear the latent space
#
# What lies between a spoken three and a spoken eight? Two handwritten digits, and eight points on the great circle between their latents (slerp; chapter 6 measures many such paths). The pictures
# are what is written at each step. The first player says the transfer of every written step; the second goes from the
# first spoken digit to the last on the great circle of the GAN's own latent space.

# %% tags=["nbval-ignore-output", "hide-input"]
steps = torch.linspace(0, 1, 8)
path = quality.slerp(*written.posterior(digits.x[[fourth[3], fourth[8]]])[0], steps)
said = say(path)
straight = quality.slerp(said[0], said[-1], steps)


def speak(z):
    """All steps of a path as one clip, the silence after each cut short."""
    with torch.no_grad():
        return widgets.player(generator.waveform(z).cpu()[:, : card["rate"] * 6 // 10].flatten(), card["rate"])


strip = "".join(widgets.picture(image, f"step {i + 1} of the path") for i, image in enumerate(written.items(path).cpu()))
widgets.listening_table(
    {
        "path": ["between the written digits, each step transferred", "between the two spoken digits"],
        "steps": [strip, ""],
        "listen": [speak(said), speak(straight)],
        "the judge hears": [", ".join(heard(said)), ", ".join(heard(straight))],
    }
)

# %% tags=["nbval-ignore-output", "hide-input"]
heard_on_the_way = {name: list(dict.fromkeys(heard(path_of))) for name, path_of in (("transferred steps", said), ("spoken path", straight))}
Markdown(
    "What is heard on the way: "
    + "; ".join(f"{name}, {' → '.join(words_of)}" for name, words_of in heard_on_the_way.items())
    + ". "
    + "A third word on the way says that the path leads through the region of another class. " * any(len(words_of) > 2 for words_of in heard_on_the_way.values())
    + "This is one pair; [chapter 6](06_interpolation.ipynb) counts."
)

# %% mystnb={"figure": {"caption": "The same two paths as spectrograms."}, "image": {"alt": "Two rows of eight spectrograms that go from one spoken digit to another."}} tags=["hide-input"]
plots.spectrograms(
    {"transfers of the written steps": speech.items(said).squeeze(1), "between the spoken ends": speech.items(straight).squeeze(1)}, columns=8
)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.add("cost", "mnist->speech", "bridging_vae", "parameters", [parameter_count(shown)])
run.add("cost", "speech", "gan", "parameters", [parameter_count(generator)])
run.add("cost", "speech", "gan", "training_minutes", [card["minutes"]])
run.finish()

# %% [markdown]
# ## What to remember
#
# - The bridge does not care what its latents stand for. Handwriting and sound, a VAE and a GAN: the same small network joins them.
# - A GAN has no encoder; a classifier and rejection sampling take its place. What the classifier mislabels, the bridge learns wrong.
# - A transfer into sound needs a good generator: listen to its samples before you blame the bridge.
# - A confident classifier may have been pleased by the training. Ask a recogniser that took no part in it.
# - Accuracy is not variety. Clips that are easier to understand than recordings may be typical clips: the weight of the KL term sets how varied they are.
# - Locality is another thing again, and it is not the same in both directions. Measure it, and know its value by chance.
#
# ## What to try
#
# Each suggestion is followed by a worked solution, hidden until you open it.
#
# **1.** Listen to the heaviest KL weight. What is left of the voices?

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
hands = (digits.y == 7).nonzero().flatten()[4:9]
spoken_by = {f"KL weight {weight:g}": along[weight].transfer(written.posterior(digits.x[hands])[0], "mnist", "speech").detach() for weight in (min(along), max(along))}
display(widgets.listening_table({"written": [widgets.picture(digits.x[i], "handwritten 7") for i in hands], **{name: players(z) for name, z in spoken_by.items()}}))
Markdown(
    f"Little: at a weight of {max(along):g} the clips of a digit vary {heavy['diversity']['value']:.2f} times as much as the generator's samples, at {min(along):g} {light['diversity']['value']:.2f} times; "
    f"$z'$ holds {heavy['nats']['value']:.0f} nats instead of {light['nats']['value']:.0f}, of which the class needs {math.log(10):.1f}."
)

# %% [markdown]
# **2.** Accept at 0.95 instead of 0.999. More latents, but does the independent recogniser understand what is added?

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
prior = torch.randn(1_500, speech.latent, generator=named_generator("accept at 0.95", 0))
with torch.no_grad():
    confidence, label = voice.panel(generator.decode(prior.to(base.device)).cpu()).softmax(-1).max(-1)
agreed = {}
for title, chosen in (("surer than 0.999", confidence >= 0.999), ("between 0.95 and 0.999", (confidence >= 0.95) & (confidence < 0.999))):
    some_of = chosen.nonzero().flatten()[:60]
    right = metrics.agreement(stranger.hear(sound(prior[some_of].to(base.device)), card["rate"]), label[some_of])
    low, high = (float(end) for end in wilson(right, len(some_of)))
    agreed[title] = {"value": right, "low": low, "high": high, "n": len(some_of), "drawn": int(chosen.sum())}
clear, added = agreed.values()
Markdown(
    "; ".join(f"{row['drawn']} of {len(prior):,} draws are {title}, and the independent recogniser agrees with the panel on {report.formatted(row)} of {row['n']} of them" for title, row in agreed.items())
    + (". So what 0.95 adds is understood less: more latents, but worse labels." if apart(clear, added) and clear["value"] > added["value"] else ". With so few clips the two are not told apart.")
)

# %% [markdown]
# **3.** Whom does the independent recogniser understand? Go through the recordings speaker by speaker.

# %% mystnb={"figure": {"caption": "Share of each speaker's test recordings that the independent recogniser understands. Dashed: of all."}, "image": {"alt": "Bar chart with a bar for each speaker: the share of words that the independent recogniser understands, and a dashed line at the mean."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
words_heard = stranger.hear(clips["test"].x, clips["test"].rate)
who = clips["test"].speaker
plots.shares(
    {f"speaker {int(k) + 1}": metrics.agreement(words_heard[who == k], clips["test"].y[who == k]) for k in who.unique()},
    even=metrics.agreement(words_heard, clips["test"].y),
)

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
of_speaker = {int(k) + 1: metrics.agreement(words_heard[who == k], clips["test"].y[who == k]) for k in who.unique()}
worst, best = min(of_speaker, key=of_speaker.get), max(of_speaker, key=of_speaker.get)
Markdown(f"Not everybody: from {of_speaker[worst]:.2f} (speaker {worst}) to {of_speaker[best]:.2f} (speaker {best}). A generator that speaks like the clearest speakers alone would beat the recordings.")

# %% [markdown]
# **4.** Draw a digit yourself, 28 by 28, and send it through `say`.

# %% tags=["hide-cell", "solution", "nbval-ignore-output"]
drawing = torch.zeros(28, 28)
drawing[6:8, 8:20] = 1.0  # a bar
for row in range(8, 23):
    drawing[row, 18 - (row - 8) // 2 : 20 - (row - 8) // 2] = 1.0  # and a slanted stroke: a seven
z = say(written.posterior(drawing.view(1, -1))[0])
widgets.listening_table({"drawn": [widgets.picture(drawing, "a seven of two strokes")], "spoken": players(z), "the judge hears": heard(z), "the independent recogniser hears": strangers_words(z)})
