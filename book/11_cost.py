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
# # 11. What does a bridge cost?
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/11_cost.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("11_cost", profile)

# %% [markdown]
# **Is joining two models really two hundred times cheaper than training one?** The paper says so in its introduction, and gives the two
# numbers behind it in section 5.4: a bridge between MNIST and speech took about half an hour on one GPU, the WaveGAN about four days. This
# chapter counts three ways: in seconds, in floating-point operations, which no machine can change, and in how both grow.
#
# ## Seconds and operations of our runs
#
# Seconds are those that the chapters before this one recorded when they trained. Operations are counted on one step of training, forward, backward
# and the optimiser's own products, by the formulas of `torch.utils.flop_counter`, and multiplied by the steps taken. Matrix products and
# convolutions count; element-wise work does not.

# %% tags=["hide-input"]
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from IPython.display import Markdown
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from lt.book import charts, paper, profiles, records, report
from lt.bridge import bridge_objective, network_of
from lt.datasets.recordings import Clips
from lt.latents import Latents
from lt.loop import fit, named_generator
from lt.networks import parameter_count
from lt.zoo import pretrained, speech_gan
from lt.zoo.vae import VAE, vae_objective

LATENT, CLASSES, PIXELS = 100, 10, 784
generator = named_generator("cost", 0)


class Counter(TorchDispatchMode):
    """Adds up the operations of what runs inside it; FlopCounterMode also tracks modules, which a gradient penalty's inner gradient upsets."""

    total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        formula = flop_registry.get(function._overloadpacket)
        self.total += formula(*args, **(kwargs or {}), out_val=out) if formula else 0
        return out


def operations(function):
    """Floating-point operations of one call of ``function``."""
    with Counter() as counter:
        function()
    return counter.total


def step_of(model, objective, training):
    """One step of training, all updates of all players, as :func:`lt.loop.fit` does it."""
    return operations(lambda: fit(model, objective, replace(training, steps=1, schedule="constant"), generator))


def vae_of(config):
    return VAE(PIXELS, config.latent, config.width, config.depth)


def vae_step(config):
    """One step of a base VAE: operations, whatever the images."""
    vae = vae_of(config)
    x = torch.rand(config.training.batch, PIXELS, generator=generator)
    return step_of(vae, vae_objective(vae, replace(config, jitter=0.0), x), config.training)


def bridge_of(config, sides=2):
    return network_of(config, [LATENT] * sides, CLASSES)


def bridge_step(config, sides=2):
    """One step of a bridge between ``sides`` domains."""
    n = config.training.batch
    mean = torch.randn(n, LATENT, generator=generator)
    latents = [Latents(str(k), mean, torch.ones(n, LATENT), torch.arange(n) % CLASSES) for k in range(sides)]
    network = bridge_of(config, sides)
    return step_of(network, bridge_objective(network, config, latents), config.training)


def gan_step(config, rate=8_000, samples=8_192):
    """One step of a GAN, all updates of both players. Operations are even in the batch: counted on two clips, to spare time."""
    small = replace(config, training=replace(config.training, batch=2))
    clips = Clips("speech", "train", "noise", rate, torch.rand(2, samples, generator=generator), torch.zeros(2), torch.zeros(2))
    gan = speech_gan.build_gan(small, clips)
    if config.kind == "codes":
        players = speech_gan.relativistic_game(gan, small, torch.randn(100, config.autoencoder.code, generator=generator))
    else:
        players = speech_gan.wasserstein_game(gan, small, clips.x)
    return step_of(gan, players, small.training) * config.training.batch / 2


def autoencoder_step(config):
    """One step of the autoencoder that a GAN of codes draws with, counted on two spectrograms."""
    small = replace(config, training=replace(config.training, batch=2))
    autoencoder = speech_gan.Autoencoder(config.code)
    objective = speech_gan.autoencoder_objective(autoencoder, small, torch.rand(2, 1, 64, 64, generator=generator))
    return step_of(autoencoder, objective, small.training) * config.training.batch / 2


# %% tags=["nbval-ignore-output", "hide-input"]
base, joined, spoken = records.read("02_base_models", "03_bridging", "04_speech")
card = pretrained.card()
gan_config = pretrained.gan_config(card)


def seconds(record, words):
    """Mean training seconds of the fits whose name begins so."""
    found = [value for name, value in record["training_seconds"].items() if name.startswith(words)]
    return sum(found) / len(found)


def scale(value):
    return f"{value:.2e}"


budgets = {record["chapter"]: profiles.get(record["profile"]) for record in (base, joined, spoken)}
vaes = {}
for name, seed in (("mnist", 0), ("mnist", 1), ("fashion", 0)):
    config = budgets["02_base_models"].vae[name]
    vaes[name, seed] = (seconds(base, f"VAE {name} {seed}"), config.training.steps * vae_step(config), parameter_count(vae_of(config)))
voice = pretrained.load_pretrained().generator
drawing = gan_config.autoencoder
gan_operations = card["steps"] * gan_step(gan_config) + drawing.training.steps * autoencoder_step(drawing)
gan_cost = (60 * (card["minutes"] + card["minutes_of_the_autoencoder"]), gan_operations, parameter_count(voice))
own, speech_config = budgets["03_bridging"].bridge, budgets["04_speech"].speech_bridge


def bridge_cost(record, title, config):
    return seconds(record, f"bridge {title}"), config.training.steps * bridge_step(config), parameter_count(bridge_of(config))


pairs = {
    "mnist->mnist": ([vaes["mnist", 0], vaes["mnist", 1]], bridge_cost(joined, "MNIST ↔ MNIST", own)),
    "mnist->fashion": ([vaes["mnist", 0], vaes["fashion", 0]], bridge_cost(joined, "MNIST ↔ Fashion", own)),
    "mnist->speech": ([vaes["mnist", 0], gan_cost], bridge_cost(spoken, "MNIST ↔ speech", speech_config)),
}
for setting, (base_models, bridge) in pairs.items():
    for place, metric in enumerate(("seconds", "operations", "parameters")):
        if metric == "seconds" and setting == "mnist->speech" and card["hardware"] != records.hardware(spoken):
            continue  # seconds of two machines do not add up
        total = sum(cost[place] for cost in base_models)
        run.add("cost", setting, "base models", metric, [total])
        run.add("cost", setting, "bridging_vae", metric, [bridge[place]])
        run.add("cost", setting, "base models over bridge", metric, [total / bridge[place]])
cost = {(row["setting"], row["method"], row["metric"]): row["value"] for row in run.rows}


def said(value, metric):
    return "" if value is None else scale(value) if metric == "operations" else f"{value:,.0f}"


lines = []
for setting, metric in ((setting, metric) for setting in pairs for metric in ("seconds", "operations", "parameters")):
    both, bridge, ratio = (cost.get((setting, who, metric)) for who in ("base models", "bridging_vae", "base models over bridge"))
    if both is not None:
        pair = paper.words(setting).replace("→", "↔")
        lines.append({"Pair": pair, "What": metric, "Both base models": said(both, metric), "Bridge": said(bridge, metric), "Ratio": f"{ratio:,.1f}"})
Markdown(report.markdown(pd.DataFrame(lines)))

# %% tags=["nbval-ignore-output", "hide-input"]
devices = sorted({records.hardware(record) for record in (base, joined, spoken)})
Markdown(
    f"VAEs and bridges: profile `{base['profile']}`, {', '.join(devices)}; a bridge between MNIST and speech took {pairs['mnist->speech'][1][0]:,.0f} s. The GAN: "
    f"{card['steps']:,} steps in {card['minutes']} minutes on {card['hardware']}. Times from different machines cannot be compared; operation counts can."
)

# %% [markdown]
# ## The paper's claim of 200
#
# Three readings of the same ratio, for MNIST ↔ speech: the paper's two durations; operations at published schedules (a WaveGAN of width
# 64 and 16,384 samples for 200,000 steps with five updates of the critic each, as its authors trained it; a bridge of 8 layers of 1,024 for
# 50,000 steps); and operations of what this book ran, where the GAN is a far smaller one.

# %% tags=["nbval-ignore-output", "hide-input"]
published = profiles.get("paper").gan
by_letter = profiles.get("paper").speech_bridge
claims = {
    "the paper's durations: 4 days over half an hour": 4 * 24 * 60 / 30,
    "operations at published schedules": published.training.steps * gan_step(published, 16_000, 16_384) / (50_000 * bridge_step(by_letter)),
    "operations of this book's runs": gan_cost[1] / pairs["mnist->speech"][1][1],
}
for name, value in claims.items():
    run.add("claim", "mnist->speech", name, "GAN over bridge", [value], note="computed from counted operations" if "operations" in name else "the paper, 5.4")
Markdown(report.markdown(pd.DataFrame({"Reading": claims.keys(), "One GAN costs as much as … bridges": [f"{value:,.0f}" for value in claims.values()]})))

# %% mystnb={"figure": {"caption": "How many bridges between MNIST and speech cost as much as one GAN, in three readings. The dashed line is the paper's claim of 200."}, "image": {"alt": "Dot plot on a logarithmic axis: three readings of the cost of a GAN in bridges, beside a dashed line at 200."}} tags=["hide-input", "lead"]
charts.ratios(claims, 200, "the paper's claim", "bridges for the cost of one GAN")

# %% [markdown]
# The ratio is a fact about WaveGAN's schedule more than about bridges. Where base models are small and quick, as the VAEs here,
# a bridge saves a factor of a few; where they are large it costs next to nothing, because it never sees what they were trained on.
#
# ## How the cost grows
#
# - **With data**: not at all. A step draws a batch of latents; more items cost one pass through the encoder each, once.
# - **With width**: as the square, like any fully connected network. Where Muon is the optimiser it adds products of each hidden matrix with
#   itself, whatever the batch; they grow as the cube. The curves are without them, the lines below say how much they are.
# - **With domains**: linearly in one joint bridge. Retraining both models of every pair jointly would grow with the number of pairs.

# %% mystnb={"figure": {"caption": "Left: operations of a bridge's step over its width. Middle: over the number of domains that it joins. Right: training any-to-any transfer between N MNIST-sized domains, with base models trained once and one bridge, or with two models trained again for each pair."}, "image": {"alt": "Three line plots. Operations rise with the square of the width and in a straight line with the number of domains. Training each pair anew rises far faster than base models once and one bridge."}} tags=["hide-input"]
widths, numbers = (128, 256, 512, 1024), (2, 3, 4, 6, 8)
plain = replace(own, training=replace(own.training, muon=0.0))
per_width = {w: bridge_step(replace(plain, width=w)) for w in widths}
per_domain = {n: bridge_step(plain, n) for n in numbers}
vae_total = vaes["mnist", 0][1]
charts.growth(
    {
        "width of the bridge": ({"one step": per_width}, "operations a step"),
        "domains joined": ({"one step": per_domain}, "operations a step"),
        "domains": (
            {
                "each pair anew": {n: n * (n - 1) * vae_total for n in numbers},
                "base once, one bridge": {n: n * vae_total + own.training.steps * bridge_step(own, n) for n in numbers},
            },
            "operations in all",
        ),
    }
)

# %% tags=["nbval-ignore-output", "hide-input"]
for w, value in per_width.items():
    run.add("growth", "bridge", f"width {w}", "operations a step", [value])
for n, value in per_domain.items():
    run.add("growth", "bridge", f"{n} domains", "operations a step", [value])
encode = operations(lambda: VAE().encode(torch.zeros(1, PIXELS)))
run.add("growth", "bridge", "one more item", "operations, once", [encode])
run.finish()
Markdown(
    f"Doubling the width from 512 to 1,024 costs {per_width[1024] / per_width[512]:.2f} times as much; going from 2 to 8 domains "
    f"{per_domain[8] / per_domain[2]:.2f} times; one more item {encode:.1e} operations, once, against {per_domain[2]:.1e} in every step. "
    f"The optimiser's products are {1 - per_domain[2] / bridge_step(own):.0%} of a step of the bridge between two domains."
)

# %% [markdown]
# ## Is the code as fast as it could be?
#
# A step of training is compared with two things in one run: *its own matrix products and convolutions*, replayed alone, which is what it
# would cost if all else were free (their time over ours is the *share of the bound*; 1 cannot be beaten); and *the plain loop* that one writes
# first (a `DataLoader`, float32, Adam without fusion, losses read at every step). `benchmarks/*_step.py` make these numbers; `make bench` runs them.

# %% tags=["nbval-ignore-output", "hide-input"]
found = [bench for path in sorted(Path("../benchmarks").glob("*_step.json")) for bench in json.loads(path.read_text()).values()]
lines = [
    {
        "Step": f"{bench['what']}, batch {bench['batch']}",
        "Where": f"{bench['device']}, {bench['precision']}",
        "Products alone, ms": f"{bench['products_ms']:.2f}",
        "Ours, ms": f"{bench['ours_ms']:.2f}",
        "Share of the bound": f"{bench['share_of_matmul_bound']:.2f}",
        "Plain loop over ours": f"{bench['speed_up_over_plain_loop']:.1f}",
    }
    for bench in found
]
Markdown(report.markdown(pd.DataFrame(lines)))

# %% [markdown]
# On a CPU the products take most of a step, so little is left to win. On a GPU a network this small is a chain of very short kernels: capturing the whole
# step as one CUDA graph takes the Python and the launches out of it, and what remains between the products and ours is the chain of small kernels
# (sorting, Adam, element-wise work), which fusing could shorten.
#
# ## How long to a given accuracy?
#
# A fast step is worth nothing if more of them are needed. `benchmarks/time_to_accuracy.py` trains bridges between MNIST and Fashion-MNIST by
# each of three recipes, one seed each for this table, in turns on one thread, and measures them on the test split: the recipe that this book published first (width 512,
# Adam, 4,000 steps), the one that profile `laptop` has now (width 128, Muon for the hidden matrices, a running mean of the weights, 1,300 steps of 256),
# and a faster one.

# %% tags=["nbval-ignore-output", "hide-input"]
timed = json.loads(Path("../benchmarks/time_to_accuracy.json").read_text())
BOTH = ("mnist->fashion", "fashion->mnist")


def recipes(rows, seconds):
    """A line for each recipe: its time, and accuracy with relative diversity for each direction."""
    return Markdown(
        report.markdown(
            pd.DataFrame(
                [
                    {"Recipe": name, seconds: f"{row['seconds']:.1f}"}
                    | {f"{paper.words(way)}: accuracy, diversity": f"{row[way]:.3f}, {row[way + ' diversity']:.2f}" for way in BOTH}
                    for name, row in rows.items()
                ]
            )
        )
    )


recipes(timed["recipes"], "Seconds a bridge")

# %% tags=["nbval-ignore-output", "hide-input"]
there, back = (timed["recipes"]["published first"][way] for way in BOTH)
Markdown(
    f"The first recipe is also a test of something else. When it was published, the two VAEs had begun with the same weights, and it kept 0.968 and 0.866 of the "
    f"classes. Here they share no start, and it keeps {there:.3f} and {back:.3f}: the shared start did not carry the result."
    if abs(there - 0.968) < 0.01 and abs(back - 0.866) < 0.015
    else f"The first recipe kept 0.968 and 0.866 of the classes when the two VAEs had begun with the same weights; here they share no start, and it keeps {there:.3f} and {back:.3f}."
)

# %% [markdown]
# Two bridges at once, a process a core with one thread each, are the other half: the table's machine trains them at the throughput below. What was
# tried on the way, one seed each, on 10,000 training items kept aside (`benchmarks/recipes.py`; the test split was not read):

# %% tags=["nbval-ignore-output", "hide-input"]
tried = json.loads(Path("../benchmarks/recipes.json").read_text())["recipes"]
print(f"two processes over one: {timed['throughput of two processes over one']:.2f} times the bridges an hour")
recipes(tried, "CPU seconds")

# %% [markdown]
# ## What to remember
#
# - What makes a bridge cheap is what it does not see: pixels and sound, and the models' own training.
# - A ratio of costs is a statement about both sides of it. Ask for the schedule of the expensive one.
# - One bridge joins many domains at a cost that grows with their number; pairs grow with its square.
#
# ## What to try
#
# - Join three domains instead of two. How much longer is a step, in operations and in seconds?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
import time


def timed_fit(sides):
    """Seconds of 20 steps of a bridge between ``sides`` domains of noise."""
    mean = torch.randn(2000, LATENT, generator=generator)
    latents = [Latents(str(k), mean, torch.ones_like(mean), torch.arange(2000) % CLASSES) for k in range(sides)]
    network, short = bridge_of(own, sides), replace(own.training, steps=20)
    started = time.perf_counter()
    fit(network, bridge_objective(network, own, latents), short, named_generator("three", 0))
    return time.perf_counter() - started


timed_fit(2)  # the first call of anything is slow
three, two = timed_fit(3), timed_fit(2)
Markdown(f"Three domains cost {bridge_step(own, 3) / bridge_step(own, 2):.2f} times the operations of two, and {three / two:.2f} times the seconds.")

# %% [markdown]
# - How does the paper's ratio change with a WaveGAN that makes 8,192 samples at 8 kHz instead of 16,384 at 16 kHz?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
half = published.training.steps * gan_step(published) / (50_000 * bridge_step(by_letter))
Markdown(f"One such GAN costs {half:,.0f} bridges in operations, {half / claims['operations at published schedules']:.2f} of the ratio at 16 kHz.")
