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

# %% tags=["hide-input"]
import sys

if "google.colab" in sys.modules:  # only there: fetch the book and install it
    import os
    import subprocess

    url = "https://github.com/latent-translation/latent-translation-book"
    subprocess.check_call(f"git clone -q --depth 1 {url} book-repo && {sys.executable} -m pip install -q ./book-repo", shell=True)
    os.chdir("book-repo/book")

# %% tags=["parameters"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input"]
from lt import profiles, results

budget = profiles.get(profile)
run = results.Run("04_speech", budget)

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
# frames (left to right). `lt.audio.LogMel` makes it, and `LogMel.waveform` goes back, through a pseudo-inverse of the mel
# filters and Griffin-Lim, which finds phases that fit the magnitudes.

# %% tags=["nbval-ignore-output", "hide-input"]
import torch

from lt import audio, data, domains, gan, metrics, models, plots
from lt.train import default_device, fit_bridge, named_generator

plots.style()
device = default_device()
clips = {split: data.load("speech", split, budget.recordings) for split in ("train", "test")}
digits = {split: data.load("mnist", split, budget.source) for split in ("train", "test")}
run.uses(*clips.values(), *digits.values())

# %% [markdown]
# Here are ten recordings, and the same ten after the way there and back: what a perfect generator of spectrograms would sound
# like.

# %% tags=["nbval-ignore-output", "hide-input"]
log_mel = audio.LogMel(clips["test"].rate)
first = [int((clips["test"].y == digit).nonzero()[digit % 6]) for digit in range(10)]  # one of each digit, of different speakers
waves = clips["test"].x[first]
again = log_mel.waveform(log_mel(waves))
audio.listening_table(
    {
        "says": data.CLASSES["speech"],
        "recording": [audio.player(wave, clips["test"].rate) for wave in waves],
        "from its spectrogram": [audio.player(wave, clips["test"].rate) for wave in again],
    }
)

# %% [markdown]
# ## A GAN without an encoder
#
# A generator $g$ turns $z \sim \mathcal N(0, I)$, 100 dimensions, into a clip; a critic learns to tell clips of the corpus from
# clips of $g$. The paper takes the published WaveGAN, trained for four days on a GPU. It is in `lt.gan` too (profile `paper`:
# raw waveforms, WGAN-GP, five critic steps a step), but it is work for days on a GPU; the thousand steps that a GPU has given it here were far from
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

card = gan.card()
facts = {"command": f"`{card['command']}`"} | {key: card[key] for key in ("seed", "hardware", "minutes", "steps", "best_step")} | {
    "data": f"{card['data']['clips']:,} training clips of {card['data']['corpus']}, {card['data']['licence']}",
    "inception score (of 10)": card["scores"]["inception_score"],
    "accepted by the judge at 0.95": card["scores"]["acceptance"],
    "judge's accuracy on test clips": card["scores"]["judge_accuracy_on_test_clips"],
}
Markdown(results.markdown(pd.DataFrame({"": facts.keys(), "card": facts.values()})))

# %% tags=["hide-input"]
speech = domains.speech(device)
print(f"z {speech.model.latent} -> spectrogram {tuple(speech.decode(torch.zeros(1, 100, device=device)).shape[1:])}")

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
spoken, accepted, drawn = domains.accepted_latents(speech, budget.accepted, named_generator("accepted", 0, device))
fresh, _, _ = domains.accepted_latents(speech, budget.fresh, named_generator("accepted, held out", 0, device))
run.add("gan", "speech", "gan", "acceptance", [accepted.sum().item() / drawn], n=drawn)
run.add("gan", "speech", "gan", "inception_score", [card["scores"]["inception_score"]])
for digit, share in enumerate(accepted / accepted.sum()):
    run.add("gan", "speech", "gan", f"share_of_{digit}", [share.item()], n=int(accepted.sum()))
results.table([{"rows": run.rows}], ["gan"])

# %% mystnb={"figure": {"caption": "What the generator says: share of each digit among accepted samples. A dashed line marks an even tenth."}, "image": {"alt": "Bar chart of ten shares, one for each digit, around a dashed line at one tenth."}} tags=["hide-input"]
plots.shares(dict(zip(data.CLASSES["speech"], (accepted / accepted.sum()).tolist(), strict=True)), even=0.1)

# %% mystnb={"figure": {"caption": "Recordings (left) and accepted samples of the generator (right), a column a digit."}, "image": {"alt": "Two mosaics of spectrograms, ten columns each: recordings with fine harmonics, and generated clips of similar shapes."}} tags=["hide-input"]


def columns(y, n=4):
    """Indices of the first n items of each class, class by class in columns."""
    return torch.stack([(y == digit).nonzero().flatten()[:n] for digit in range(10)], dim=1).flatten()


recorded = log_mel(clips["test"].x[columns(clips["test"].y)])
sampled = speech.decode(fresh.mean[columns(fresh.y)])
plots.spectrograms({"recordings": recorded.squeeze(1), "accepted samples": sampled.squeeze(1)}, across=2, size=5)

# %% [markdown]
# ## The bridge
#
# The same bridging VAE as in the last chapter, with 16 shared dimensions. One side gives posteriors (mean and standard
# deviation of every handwritten digit), the other exact points.

# %% tags=["nbval-ignore-output", "hide-input"]
written, histories = domains.pretrained("mnist", budget)
for name, history in histories.items():
    run.trained(name, history)
seen = domains.training_latents("mnist", written, budget)
bridges = {}
for seed in range(budget.seeds):
    bridges[seed], history = fit_bridge(budget.speech_bridge, [seen, spoken], seed)
    run.trained(f"bridge MNIST ↔ speech {seed}", history)
    if seed == 0:
        curves = {"MNIST ↔ speech": history}

# %% mystnb={"figure": {"caption": "The terms of the objective for the bridge of seed 0."}, "image": {"alt": "Four line plots over training steps: reconstruction, KL, sliced Wasserstein distance and classification loss; the KL term rises while the others fall or settle."}} tags=["hide-input"]
plots.histories(curves, ["reconstruction", "kl", "swd", "classification"])

# %% [markdown]
# ## Press play
#
# Ten held-out handwritten digits, and what the bridge of seed 0 makes of them. Nothing is picked: these are the fourth items of
# each class of the test split.

# %% tags=["nbval-ignore-output", "hide-input"]


def say(z):
    """Latents of MNIST (n, 100) to latents of speech."""
    with torch.no_grad():
        return bridges[0].transfer(z, 0, 1)


def write(z):
    """Latents of speech (n, 100) to images."""
    with torch.no_grad():
        return written.decode(bridges[0].transfer(z, 1, 0))


def heard(z):
    """What the judge understands of spoken latents, in words."""
    return [data.CLASSES["speech"][label] for label in speech.classify(speech.decode(z)).tolist()]


def players(z):
    """A player for each spoken latent."""
    with torch.no_grad():
        return [audio.player(wave, card["rate"]) for wave in speech.model.waveform(z).cpu()]


fourth = [int((digits["test"].y == label).nonzero()[3]) for label in range(10)]
x = digits["test"].x[fourth]
z = say(written.encode(x.to(device))[0])
audio.listening_table(
    {
        "written": [audio.picture(image, f"handwritten {digit}") for digit, image in enumerate(x)],
        "spoken": players(z),
        "the judge hears": heard(z),
    }
)

# %% [markdown]
# And the other way: accepted samples of the GAN, of a seed that the bridge has not seen, written down.

# %% tags=["nbval-ignore-output", "hide-input"]
z = fresh.mean[columns(fresh.y, 1)]
images = write(z).cpu()
audio.listening_table(
    {
        "spoken": players(z),
        "the judge hears": heard(z),
        "written": [audio.picture(image, "a digit drawn from sound") for image in images],
    }
)

# %% [markdown]
# ## Reconstructions and transfers (Figures 3 and 4)

# %% mystnb={"figure": {"caption": "Figure 3, speech: accepted samples of the GAN and their reconstructions through 16 shared dimensions. Recordings, for comparison, and Figure 4: what is said for handwritten digits, which the next picture shows; a column a digit."}, "image": {"alt": "Spectrograms beside their reconstructions, and spectrograms that were made from handwritten digits."}} tags=["hide-input"]
pick = columns(fresh.y)
with torch.no_grad():
    through = speech.decode(bridges[0].transfer(fresh.mean[pick], 1, 1))
    spelled = speech.decode(say(written.encode(digits["test"].x[columns(digits["test"].y)].to(device))[0]))
plots.spectrograms(
    {
        "speech": speech.decode(fresh.mean[pick]).squeeze(1),
        "speech, reconstructed": through.squeeze(1),
        "recordings, for comparison": recorded.squeeze(1),
        "MNIST → speech": spelled.squeeze(1),
    },
    across=2,
    size=5,
)

# %% mystnb={"figure": {"caption": "Figure 4: the handwritten digits behind the transfers above (left), and what the spoken samples above become in writing (right)."}, "image": {"alt": "Two mosaics of handwritten digits, ten columns each: inputs, and digits drawn from sound, of the right class in most columns."}} tags=["hide-input"]
plots.panels({"MNIST": digits["test"].x[columns(digits["test"].y)], "speech → MNIST": write(fresh.mean[pick])})

# %% [markdown]
# ## Numbers (Tables 1 and 2)
#
# Held out means here: images of the MNIST test split, and accepted latents of another seed. *Heard as a waveform* sends a
# transferred spectrogram through Griffin-Lim and back before the judge hears it. The *second recogniser* shares nothing with
# the judge: it compares sequences of mel-frequency cepstral coefficients with those of real recordings by dynamic time warping, and
# answers with the nearest one's digit. It hears 1,000 of the test digits at `laptop`, as waveforms. *Sampled* draws $z$ and $z'$ from their
# posteriors. The *paper's protocol* does so too, with 1,000 items that the bridge was trained on: where it is far above the held-out number,
# the bridge has learned its training latents by heart; where it is below, sampling costs more than that.

# %% tags=["nbval-ignore-output", "hide-input"]
held = written.latents(digits["test"])
own = written.latents(digits["train"])  # the training images themselves, for the paper's protocol
spoken_x = speech.decode(fresh.mean)
DIRECTIONS = {  # setting of the results file: source, target, its index, items, their latents, latents for the paper's protocol
    "mnist->speech": ((written, 0), (speech, 1), digits["test"].x.to(device), held, own),
    "speech->mnist": ((speech, 1), (written, 0), spoken_x, fresh, spoken),
    "speech": ((speech, 1), (speech, 1), spoken_x, fresh, spoken),
}
for setting, (origin, target, items, latents, training) in DIRECTIONS.items():
    found = {}
    for seed in range(budget.seeds):
        generator = named_generator("evaluation", seed, device)
        scores = metrics.transfer_accuracy(bridges[seed], origin, target, items, latents, generator)
        scores["transfer_accuracy_paper_protocol"] = metrics.paper_protocol_accuracy(bridges[seed], origin, target, training, generator)
        for metric, value in scores.items():
            if origin[0] is speech and metric.endswith("true_label"):
                continue  # the judge's answer is the label
            found.setdefault(metric, []).append(value)
    for metric, values in found.items():
        if origin == target:
            metric = metric.replace("transfer", "reconstruction")
        run.add("2" if origin == target else "1", setting, "bridging_vae", metric, values, n=1000 if "protocol" in metric else len(items))

# %% tags=["nbval-ignore-output", "hide-input"]
some = torch.randperm(len(held.y), generator=named_generator("second ear", 0))[: 10 * budget.fresh // 2].to(device)
templates = log_mel(clips["train"].x)
ear = audio.nearest_by_dtw(templates, clips["train"].y, log_mel(clips["test"].x))
run.add("ears", "speech", "second recogniser", "accuracy", [metrics.agreement(ear, clips["test"].y)], n=len(ear))
judged = torch.cat([speech.judge(part.to(device)).argmax(-1).cpu() for part in log_mel(clips["test"].x).split(512)])
run.add("ears", "speech", "judge", "accuracy", [metrics.agreement(judged, clips["test"].y)], n=len(ear))
found = {}
for seed in range(budget.seeds):
    with torch.no_grad():
        said = bridges[seed].transfer(held.mean[some], 0, 1)
        sound = torch.cat([speech.model.mel(speech.model.waveform(part)) for part in said.split(250)])
    before = written.classify(digits["test"].x.to(device)[some]).cpu()
    judge = speech.classify(sound).cpu()
    second = audio.nearest_by_dtw(templates, clips["train"].y, sound.cpu())
    for metric, value in (
        ("transfer_accuracy_waveform", metrics.agreement(before, judge)),
        ("transfer_accuracy_second_ear", metrics.agreement(before, second)),
        ("second_ear_agreement", metrics.agreement(judge, second)),
    ):
        found.setdefault(metric, []).append(value)
for metric, values in found.items():
    run.add("ears", "mnist->speech", "bridging_vae", metric, values, n=len(some))
results.table([{"rows": run.rows}], ["1", "2", "ears"])

# %% mystnb={"figure": {"caption": "Transfer and reconstruction accuracy on held-out latents, with 95 % intervals, and the paper's numbers (SC09, on its own protocol)."}, "image": {"alt": "Dot plot of three accuracies with intervals beside diamonds that mark the paper's numbers."}} tags=["hide-input"]
main = [row for row in run.rows if row["table"] in ("1", "2") and row["metric"] in ("transfer_accuracy", "reconstruction_accuracy")]
plots.intervals(main, [results.words(row["setting"]) for row in main])

# %% [markdown]
# ## Where it fails
#
# Which digits are misheard, and three failures to listen to, the first three of the test split. Errors are not spread out: look for the few bright
# cells off the diagonal.

# %% mystnb={"figure": {"caption": "MNIST \u2192 speech on held-out images (seed 0): what the judge hears (column) of each written digit (row)."}, "image": {"alt": "Heat map of ten written by ten spoken digits with a strong diagonal."}} tags=["hide-input"]
from sklearn.metrics import confusion_matrix

after = speech.classify(speech.decode(say(held.mean))).cpu()
matrix = confusion_matrix(digits["test"].y.numpy(), after.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, data.CLASSES["mnist"], data.CLASSES["speech"], "MNIST → speech", "digit heard", "digit written")

# %% mystnb={"figure": {"caption": "Speech \u2192 MNIST on fresh accepted latents (seed 0): what is written (column) of each spoken digit (row)."}, "image": {"alt": "Heat map of ten spoken by ten written digits with a strong diagonal."}} tags=["hide-input"]
back = written.classify(write(fresh.mean)).cpu()
matrix = confusion_matrix(fresh.y.cpu().numpy(), back.numpy(), labels=range(10), normalize="true")
plots.confusion(matrix, data.CLASSES["speech"], data.CLASSES["mnist"], "speech → MNIST", "digit written", "digit spoken")

# %% tags=["nbval-ignore-output", "hide-input"]
wrong = (after != digits["test"].y).nonzero().flatten()[:3]
z = say(held.mean[wrong.to(device)])
audio.listening_table(
    {
        "written": [audio.picture(digits["test"].x[i], f"handwritten {int(digits['test'].y[i])}") for i in wrong],
        "label": [str(int(digits["test"].y[i])) for i in wrong],
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

ends = written.encode(digits["test"].x[[fourth[3], fourth[8]]].to(device))[0]
steps = torch.linspace(0, 1, 8)
path = domains.slerp(*ends, steps)
said = say(path)
straight = domains.slerp(said[0], said[-1], steps)


def speak(z):
    """All steps of a path as one clip, the silence after each cut short."""
    with torch.no_grad():
        return audio.player(speech.model.waveform(z).cpu()[:, : card["rate"] * 6 // 10].flatten(), card["rate"])


strip = "".join(audio.picture(image, f"step {i + 1} of the path") for i, image in enumerate(written.decode(path).cpu()))
audio.listening_table(
    {
        "path": ["between the written digits, each step transferred", "between the two spoken digits"],
        "steps": [strip, ""],
        "listen": [speak(said), speak(straight)],
        "the judge hears": [", ".join(heard(said)), ", ".join(heard(straight))],
    }
)

# %% mystnb={"figure": {"caption": "The same two paths as spectrograms."}, "image": {"alt": "Two rows of eight spectrograms that go from one spoken digit to another."}} tags=["hide-input"]
plots.spectrograms(
    {"transfers of the written steps": speech.decode(said).squeeze(1), "between the spoken ends": speech.decode(straight).squeeze(1)}, columns=8
)

# %% tags=["nbval-ignore-output", "hide-input"]
run.add("cost", "mnist->speech", "bridging_vae", "parameters", [models.parameters(bridges[0])])
run.add("cost", "speech", "gan", "parameters", [models.parameters(speech.model)])
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
# - Set `beta_kl` of the `speech_bridge` of `laptop` in `lt/profiles.py` to 0.0003, the weight of its picture bridges. What comes back of the voices, and what
#   does it cost?
# - Accept at 0.5 instead of 0.95 (`domains.accepted_latents`). More latents, worse labels: which wins?
# - Train a generator of your own: `python -m lt train-gan --minutes 30`. Stopped by its minutes, it goes on from there when it is given more.
# - Draw a digit yourself, 28 by 28, and send it through `say`.
