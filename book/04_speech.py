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

# %% tags=["nbval-ignore-output", "hide-input"]
import os, sys; home = os.path.expanduser("~/latent-translation-book"); sys.path.append(home); "google.colab" in sys.modules and get_ipython().system(f"test -d {home} || (git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book {home} && pip install -q -e {home})");

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.book import start

run, budget = start("04_speech", profile)

# %% [markdown]
# **What does a handwritten seven sound like?** In this chapter nothing has to be taken on trust: press play. It joins a VAE of
# handwritten digits with a GAN of spoken ones: another kind of data, another kind of generative model, and no
# encoder on one side. It reproduces the speech columns of Figures 3 and 4 and of Tables 1 and 2.
#
# ## Spoken digits
#
# The paper uses SC09, the digits of Google's Speech Commands. The book uses the Free Spoken Digit Dataset: 3,000 recordings
# of six speakers at 8 kHz, small enough to train a GAN without a data centre. (A GAN of SC09 is one option away:
# `python -m lt train-gan --corpus sc09`.) Every clip is cut or padded to 8,192 samples, about a second, and scaled to a peak of one.
#
# A network sees a clip as a *log-mel spectrogram*: how loud (colour) each of 64 bands of pitch (bottom to top) is in each of 64
# frames (left to right). `lt.zoo.mel.LogMel` makes it, and `LogMel.waveform` goes back, through a pseudo-inverse of the mel
# filters and Griffin-Lim, which finds phases that fit the magnitudes.

# %% tags=["nbval-ignore-output", "hide-input"]
import torch

from lt import datasets, metrics, named_generator
from lt.book import plots, report, setup, widgets
from lt.datasets import CLASSES
from lt.zoo.mel import LogMel, nearest_by_dtw

base = setup.models(budget, ("mnist", "speech"))
for name, history in base.histories.items():
    run.trained(name, history)
clips = {split: datasets.load("speech", split, budget.recordings) for split in ("train", "test")}
digits = base.test("mnist")
run.uses(*clips.values(), base.train("mnist"), digits)

# %% [markdown]
# Here are ten recordings, and the same ten after the way there and back: what a perfect generator of spectrograms would sound
# like.

# %% tags=["nbval-ignore-output", "hide-input"]
log_mel = LogMel(clips["test"].rate)
first = [int((clips["test"].y == digit).nonzero()[digit % 6]) for digit in range(10)]  # one of each digit, of different speakers
waves = clips["test"].x[first]
again = log_mel.waveform(log_mel(waves))
widgets.listening_table(
    {
        "says": CLASSES["speech"],
        "recording": [widgets.player(wave, clips["test"].rate) for wave in waves],
        "from its spectrogram": [widgets.player(wave, clips["test"].rate) for wave in again],
    }
)

# %% [markdown]
# ## A GAN without an encoder
#
# A generator $g$ turns $z \sim \mathcal N(0, I)$, 100 dimensions, into a clip; a critic learns to tell clips of the corpus from
# clips of $g$. The paper takes the published WaveGAN, trained for four days on a GPU. It is in `lt.zoo.speech_gan` too (profile `paper`:
# raw waveforms, WGAN-GP, five critic steps a step), but training takes days on a GPU; the thousand steps that a GPU has given it here were far from
# enough. The book's pretrained generator, which this chapter uses at every profile, is its sibling from the same paper, SpecGAN: it draws the
# log-mel spectrogram.
#
# Two ideas make it train fast, in minutes on a GPU and in hours on a CPU. The critic is *projected* ([Sauer et al. 2021](https://arxiv.org/abs/2111.01007)): small heads on
# the frozen feature maps of a network that was taught to recognise digits and speakers. And the generator is rewarded for the *mutual
# information* between its clips and that network's classes $c$,
#
# $$
# I = H\big(\mathbb E_z\, p(c | g(z))\big) - \mathbb E_z\, H\big(p(c | g(z))\big),
# $$
#
# so that each clip is clearly one digit of one speaker, and all of them occur. The **judge** that accepts clips and scores
# transfers is a third network of another seed and shape. It never enters a loss and learned from recordings alone; its one part in the
# training is to choose which of the saved generators is kept, by inception score.
#
# `python -m lt train-gan` makes the weights of the generator and of the judge in `lt/assets`. This is the card that it wrote beside them; its scores
# are of other draws than the tables below, and training ended at its last step before its minutes were over:

# %% tags=["nbval-ignore-output", "hide-input"]
import pandas as pd
from IPython.display import Markdown

from lt.zoo import pretrained

card = pretrained.card()
facts = {"command": f"`{card['command']}`"} | {key: card[key] for key in ("seed", "hardware", "minutes", "steps", "best_step")} | {
    "data": f"{card['data']['clips']:,} training clips of {card['data']['corpus']}, {card['data']['licence']}",
    "inception score (of 10)": card["scores"]["inception_score"],
    "accepted by the judge at 0.95": card["scores"]["acceptance"],
    "judge's accuracy on test clips": card["scores"]["judge_accuracy_on_test_clips"],
}
Markdown(report.markdown(pd.DataFrame({"": facts.keys(), "card": facts.values()})))

# %% tags=["hide-input"]
speech, generator = base.domains["speech"], base.modules["speech"]
print(f"z {speech.latent} -> spectrogram {tuple(speech.items(torch.zeros(1, speech.latent, device=base.device)).shape[1:])}")

# %% [markdown]
# ## Latents by rejection
#
# A GAN cannot encode a recording, so the bridge learns from points of the prior. The paper keeps a sample if the judge's largest
# softmax output is at least 0.95, and takes the judge's answer as its label; 31.8 % of WaveGAN's samples pass. Samples cost
# nothing but a pass through the generator, so we take more than the paper's 1,300 a class where the profile allows. The generator does not say
# all digits equally often; the bridge gets the first so many of each, the same number a class.
#
# ```python
# z = torch.randn(n, 100)
# confidence, label = judge(generator(z)).softmax(-1).max(-1)
# z, label = z[confidence >= 0.95], label[confidence >= 0.95]
# ```

# %% tags=["nbval-ignore-output", "hide-input"]
spoken, accepted, drawn = base.spoken("accepted", budget.accepted)
fresh = base.held("speech")  # accepted in the same way, of another seed
run.add("gan", "speech", "gan", "acceptance", [accepted.sum().item() / drawn], n=drawn)
run.add("gan", "speech", "gan", "inception_score", [card["scores"]["inception_score"]])
for digit, share in enumerate(accepted / accepted.sum()):
    run.add("gan", "speech", "gan", f"share_of_{digit}", [share.item()], n=int(accepted.sum()))
report.table([{"rows": run.rows}], ["gan"])

# %% mystnb={"figure": {"caption": "What the generator says: share of each digit among accepted samples. A dashed line marks an even tenth."}, "image": {"alt": "Bar chart of ten shares, one for each digit, around a dashed line at one tenth."}} tags=["hide-input"]
plots.shares(dict(zip(CLASSES["speech"], (accepted / accepted.sum()).tolist(), strict=True)), even=0.1)

# %% mystnb={"figure": {"caption": "Recordings (left) and accepted samples of the generator (right), a column a digit."}, "image": {"alt": "Two mosaics of spectrograms, ten columns each: recordings with fine harmonics, and generated clips of similar shapes."}} tags=["hide-input"]


def columns(y, n=4):
    """Indices of the first n items of each class, class by class in columns."""
    return torch.stack([(y == digit).nonzero().flatten()[:n] for digit in range(10)], dim=1).flatten()


recorded = log_mel(clips["test"].x[columns(clips["test"].y)])
sampled = speech.items(fresh.mean[columns(fresh.y)])
plots.spectrograms({"recordings": recorded.squeeze(1), "accepted samples": sampled.squeeze(1)}, across=2, size=5)

# %% [markdown]
# ## The bridge
#
# The same bridging VAE as in the last chapter, with 16 shared dimensions. One side gives posteriors (mean and standard
# deviation of every handwritten digit), the other exact points.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.tools.sweeps import fit_bridges

written = base.domains["mnist"]
bridges = fit_bridges([base.seen("mnist"), spoken], budget.speech_bridge, range(budget.seeds))
for seed, bridge in enumerate(bridges):
    run.trained(f"bridge MNIST ↔ speech {seed}", bridge.history)

# %% mystnb={"figure": {"caption": "The terms of the objective for the bridge of seed 0."}, "image": {"alt": "Four line plots over training steps: reconstruction, KL, sliced Wasserstein distance and classification loss; the KL term rises while the others fall or settle."}} tags=["hide-input"]
plots.histories({"MNIST ↔ speech": bridges[0].history}, ["reconstruction", "kl", "swd", "classification"])

# %% [markdown]
# ## Press play
#
# Ten held-out handwritten digits, and what the bridge of seed 0 makes of them. Nothing is picked: these are the fourth items of
# each class of the test split.

# %% tags=["nbval-ignore-output", "hide-input"]


def say(z):
    """Latents of MNIST (n, 100) to latents of speech."""
    with torch.no_grad():
        return bridges[0].transfer(z, "mnist", "speech")


def write(z):
    """Latents of speech (n, 100) to images."""
    with torch.no_grad():
        return written.items(bridges[0].transfer(z, "speech", "mnist"))


def heard(z):
    """What the judge understands of spoken latents, in words."""
    return [CLASSES["speech"][label] for label in speech.classify(speech.items(z)).tolist()]


def players(z):
    """A player for each spoken latent."""
    with torch.no_grad():
        return [widgets.player(wave, card["rate"]) for wave in generator.waveform(z).cpu()]


fourth = [int((digits.y == label).nonzero()[3]) for label in range(10)]
x = digits.x[fourth]
z = say(written.posterior(x)[0])
widgets.listening_table(
    {
        "written": [widgets.picture(image, f"handwritten {digit}") for digit, image in enumerate(x)],
        "spoken": players(z),
        "the judge hears": heard(z),
    }
)

# %% [markdown]
# And the other way: accepted samples of the GAN, of a seed that the bridge has not seen, written down.

# %% tags=["nbval-ignore-output", "hide-input"]
z = fresh.mean[columns(fresh.y, 1)]
images = write(z).cpu()
widgets.listening_table(
    {
        "spoken": players(z),
        "the judge hears": heard(z),
        "written": [widgets.picture(image, "a digit drawn from sound") for image in images],
    }
)

# %% [markdown]
# ## Reconstructions and transfers (Figures 3 and 4)

# %% mystnb={"figure": {"caption": "Figure 3, speech: accepted samples of the GAN and their reconstructions through 16 shared dimensions. Recordings, for comparison, and Figure 4: what is said for handwritten digits, which the next picture shows; a column a digit."}, "image": {"alt": "Spectrograms beside their reconstructions, and spectrograms that were made from handwritten digits."}} tags=["hide-input"]
pick = columns(fresh.y)
with torch.no_grad():
    through = speech.items(bridges[0].transfer(fresh.mean[pick], "speech", "speech"))
spelled = bridges[0].translate(digits.x[columns(digits.y)], "mnist", "speech")
plots.spectrograms(
    {
        "speech": speech.items(fresh.mean[pick]).squeeze(1),
        "speech, reconstructed": through.squeeze(1),
        "recordings, for comparison": recorded.squeeze(1),
        "MNIST → speech": spelled.squeeze(1),
    },
    across=2,
    size=5,
)

# %% mystnb={"figure": {"caption": "Figure 4: the handwritten digits behind the transfers above (left), and what the spoken samples above become in writing (right)."}, "image": {"alt": "Two mosaics of handwritten digits, ten columns each: inputs, and digits drawn from sound, of the right class in most columns."}} tags=["hide-input"]
plots.panels({"MNIST": digits.x[columns(digits.y)], "speech → MNIST": write(fresh.mean[pick])})

# %% [markdown]
# ## Numbers (Tables 1 and 2)
#
# Held out means here: images of the MNIST test split, and accepted latents of another seed. *Heard as a waveform* sends a
# transferred spectrogram through Griffin-Lim and back before the judge hears it. The *second recogniser* shares nothing with
# the judge: it compares sequences of mel-frequency cepstral coefficients with those of real recordings by dynamic time warping, and
# answers with the nearest one's digit. It hears 1,000 of the test digits at `laptop`, as waveforms. *Sampled* draws $z$ and $z'$ from their
# posteriors. The *paper's protocol* does so too, with 1,000 items that the bridge was trained on. Two things pull its number apart from the
# held-out one: items that were seen raise it, sampling lowers it. Far above the held-out number means that the bridge has learned its
# training latents by heart; below it, that sampling $z$ and $z'$ loses more classes than having seen the items saves.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.zoo.quality import paper_protocol_accuracy

items = {"mnist": digits.x, "speech": speech.items(fresh.mean)}
DIRECTIONS = {  # setting of the results file: source, target
    "mnist->speech": ("mnist", "speech"),
    "speech->mnist": ("speech", "mnist"),
    "speech": ("speech", "speech"),
}
for setting, (source, target) in DIRECTIONS.items():
    found = {}
    for seed, bridge in enumerate(bridges):
        draws = named_generator("evaluation", seed, base.device)
        ends = bridge, base.domains[source], base.domains[target]
        scores = metrics.transfer_accuracy(*ends, items[source], base.held(source), draws)
        scores["transfer_accuracy_paper_protocol"] = paper_protocol_accuracy(*ends, base.own(source), draws)
        for metric, value in scores.items():
            if source == "speech" and metric.endswith("true_label"):
                continue  # the judge's answer is the label
            found.setdefault(metric, []).append(value)
    for metric, values in found.items():
        if source == target:
            metric = metric.replace("transfer", "reconstruction")
        n = 1000 if "protocol" in metric else len(items[source])
        run.add("2" if source == target else "1", setting, "bridging_vae", metric, values, n=n)

# %% tags=["nbval-ignore-output", "hide-input"]
held = base.held("mnist")
some = torch.randperm(len(held), generator=named_generator("second ear", 0))[: 10 * budget.fresh // 2]
templates = log_mel(clips["train"].x)
ear = nearest_by_dtw(templates, clips["train"].y, log_mel(clips["test"].x))
run.add("ears", "speech", "second recogniser", "accuracy", [metrics.agreement(ear, clips["test"].y)], n=len(ear))
judged = speech.classify(log_mel(clips["test"].x)).cpu()
run.add("ears", "speech", "judge", "accuracy", [metrics.agreement(judged, clips["test"].y)], n=len(ear))
found = {}
before = written.classify(digits.x[some]).cpu()
for bridge in bridges:
    with torch.no_grad():
        said = bridge.transfer(held.mean[some.to(base.device)], "mnist", "speech")
        sound = torch.cat([generator.mel(generator.waveform(part)) for part in said.split(250)])
    judge = speech.classify(sound).cpu()
    second = nearest_by_dtw(templates, clips["train"].y, sound.cpu())
    for metric, value in (
        ("transfer_accuracy_waveform", metrics.agreement(before, judge)),
        ("transfer_accuracy_second_ear", metrics.agreement(before, second)),
        ("second_ear_agreement", metrics.agreement(judge, second)),
    ):
        found.setdefault(metric, []).append(value)
for metric, values in found.items():
    run.add("ears", "mnist->speech", "bridging_vae", metric, values, n=len(some))
report.table([{"rows": run.rows}], ["1", "2", "ears"])

# %% mystnb={"figure": {"caption": "Transfer and reconstruction accuracy on held-out latents, with 95 % intervals, and the paper's numbers (SC09, on its own protocol)."}, "image": {"alt": "Dot plot of three accuracies with intervals beside diamonds that mark the paper's numbers."}} tags=["hide-input"]
from lt.book.paper import words

main = [row for row in run.rows if row["table"] in ("1", "2") and row["metric"] in ("transfer_accuracy", "reconstruction_accuracy")]
plots.intervals(main, [words(row["setting"]) for row in main])

# %% [markdown]
# ## Where it fails
#
# Which digits are misheard, and three failures to listen to, the first three of the test split. Errors are not spread out: look for the few bright
# cells off the diagonal.

# %% mystnb={"figure": {"caption": "MNIST \u2192 speech on held-out images (seed 0): what the judge hears (column) of each written digit (row)."}, "image": {"alt": "Heat map of ten written by ten spoken digits with a strong diagonal."}} tags=["hide-input"]
from sklearn.metrics import confusion_matrix

after = speech.classify(speech.items(say(held.mean))).cpu()
matrix = confusion_matrix(digits.y.numpy(), after.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, CLASSES["mnist"], CLASSES["speech"], "MNIST → speech", "digit heard", "digit written")

# %% mystnb={"figure": {"caption": "Speech \u2192 MNIST on fresh accepted latents (seed 0): what is written (column) of each spoken digit (row)."}, "image": {"alt": "Heat map of ten spoken by ten written digits with a strong diagonal."}} tags=["hide-input"]
back = written.classify(write(fresh.mean)).cpu()
matrix = confusion_matrix(fresh.y.cpu().numpy(), back.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, CLASSES["speech"], CLASSES["mnist"], "speech → MNIST", "digit written", "digit spoken")

# %% tags=["nbval-ignore-output", "hide-input"]
wrong = (after != digits.y).nonzero().flatten()[:3]
z = say(held.mean[wrong.to(base.device)])
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
# Two handwritten digits, and eight points on the great circle between their latents (slerp; chapter 6 will say more). The pictures
# are what is written at each step. The first player says the transfer of every written step; the second walks straight from
# the first spoken digit to the last in the GAN's own latent space.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.zoo.quality import slerp

steps = torch.linspace(0, 1, 8)
path = slerp(*written.posterior(digits.x[[fourth[3], fourth[8]]])[0], steps)
said = say(path)
straight = slerp(said[0], said[-1], steps)


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

# %% mystnb={"figure": {"caption": "The same two paths as spectrograms."}, "image": {"alt": "Two rows of eight spectrograms that go from one spoken digit to another."}} tags=["hide-input"]
plots.spectrograms(
    {"transfers of the written steps": speech.items(said).squeeze(1), "between the spoken ends": speech.items(straight).squeeze(1)}, columns=8
)

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.networks import parameter_count

run.add("cost", "mnist->speech", "bridging_vae", "parameters", [parameter_count(bridges[0])])
run.add("cost", "speech", "gan", "parameters", [parameter_count(generator)])
run.add("cost", "speech", "gan", "training_minutes", [card["minutes"]])
run.finish()

# %% [markdown]
# ## What to remember
#
# - The bridge does not care what its latents stand for. Handwriting and sound, a VAE and a GAN: the same small network joins them.
# - A GAN has no encoder; a judge and rejection sampling take its place. What the judge mislabels, the bridge learns wrong.
# - A transfer into sound is only as good as the generator: listen to its samples before you blame the bridge.
# - Right is not the same as rich. Down a column of reconstructions the clips are more alike than the samples that went in: with much weight
#   on the KL term, as at `laptop`, $z'$ keeps the digit and little of who says it, and how.
#
# ## What to try
#
# - Set `beta_kl` of the `speech_bridge` of `laptop` in `lt/book/profiles.py` to 0.002, the weight of its picture bridges. What comes back of the voices, and what
#   does it cost?
# - Accept at 0.5 instead of 0.95 (`lt.latents.accepted`). More latents, worse labels: which wins?
# - Train a generator of your own: `python -m lt train-gan --minutes 30`. Stopped by its minutes, it goes on from there when it is given more.
# - Draw a digit yourself, 28 by 28, and send it through `say`.
