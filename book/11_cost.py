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
# numbers behind it in section 5.4: a bridge between MNIST and speech took about half an hour on one GPU, the WaveGAN about four days.
#
# ## The answer

# %% tags=["hide-input", "setup"]
import json
from dataclasses import asdict, replace
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


# %% tags=["nbval-ignore-output", "hide-input", "setup"]
base, joined, spoken = records.read("02_base_models", "03_bridging", "04_speech")
card = pretrained.card()
gan_config = pretrained.gan_config(card)


def seconds(record, words):
    """Mean training seconds of the fits whose name begins so."""
    found = [value for name, value in record["training_seconds"].items() if name.startswith(words)]
    return sum(found) / len(found)


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

# %% tags=["nbval-ignore-output", "hide-input"]
published = profiles.get("paper").gan
by_letter = profiles.get("paper").speech_bridge
WAVE, BRIDGE_STEPS = (16_000, 16_384), 50_000  # rate and samples of WaveGAN; steps of the paper's bridge (section B.1)
claims = {
    "the paper's durations: 4 days over half an hour": 4 * 24 * 60 / 30,
    "operations at published schedules": published.training.steps * gan_step(published, *WAVE) / (BRIDGE_STEPS * bridge_step(by_letter)),
    "operations of this book's runs": gan_cost[1] / pairs["mnist->speech"][1][1],
}
CODE_STEPS, CODE_BATCH = 20_000, 512  # the schedule of the authors' code for pictures, see chapter 3
code_step = bridge_step(replace(by_letter, training=replace(by_letter.training, batch=CODE_BATCH)))
by_code = published.training.steps * gan_step(published, *WAVE) / (CODE_STEPS * code_step)
for name, value in claims.items():
    run.add("claim", "mnist->speech", name, "GAN over bridge", [value], note="computed from counted operations" if "operations" in name else "the paper, 5.4")
by_clock, by_schedule, here = claims.values()
saved = {unit: [cost[setting, "base models over bridge", unit] for setting in ("mnist->mnist", "mnist->fashion")] for unit in ("seconds", "operations")}
lowest = min(by_code, *claims.values(), *saved["seconds"], *saved["operations"], cost["mnist->speech", "base models over bridge", "operations"])
Markdown(
    f"**{'For the paper’s own pair, on its own machine, yes' if abs(by_clock / 200 - 1) < 0.1 else 'Not even by the paper’s own durations'}: four days over half an hour is {by_clock:,.0f}. As a rule, no.** "
    f"Counted in operations, which do not depend on the machine, one WaveGAN costs {by_schedule:,.0f} bridges at the published schedules ({by_code:,.0f} if the bridge trains as long as the authors' code does), and the far smaller GAN of this book {here:,.0f} of its bridges. Two of this book's VAEs cost "
    f"{min(saved['seconds']):.0f} to {max(saved['seconds']):.0f} times as many seconds as the bridge between them, and {min(saved['operations']):.0f} to {max(saved['operations']):.0f} times as many operations. "
    + (f"In every reading that we could count the bridge is the cheap part, by a factor of {lowest:.0f} or more. " if lowest > 1 else "In one reading the bridge is not the cheap part. ")
    + "Not counted: the seconds of the pair with speech on one machine, and the search for settings ([chapter 13](13_selection.ipynb))."
    + "\n\nThe factor is a property of the base models more than of the bridge. A bridge sees latents only, so one step of a given bridge costs the same whatever the models were trained on; a step of theirs does not. A harder pair may ask for a larger bridge: the one to speech is larger than those between pictures. "
    "Ask of any such factor: how was the expensive side trained?"
)

# %% mystnb={"figure": {"caption": "How many bridges between MNIST and speech cost as much as one GAN, in three readings. The dashed line is the paper's claim of 200."}, "image": {"alt": "Dot plot on a logarithmic axis: three readings of the cost of a GAN in bridges, beside a dashed line at 200."}} tags=["hide-input", "lead"]
charts.ratios(claims, 200, "the paper's claim", "bridges for the cost of one GAN")

# %% [markdown]
# ## How it is counted
#
# *Seconds* are what earlier chapters recorded when they trained. For *operations* we count one step of training (forward, backward
# and the optimiser's own products) by the formulas of `torch.utils.flop_counter`, and multiply by the number of steps. Matrix products and
# convolutions count; element-wise work does not. The first of the three readings is of the paper's two durations; the other two are counted. Of the published schedules we ran one step of each model and multiplied:

# %% tags=["nbval-ignore-output", "hide-input"]
Markdown(
    f"- **The paper's durations**: four days over half an hour, {by_clock:,.0f}. We timed neither.\n"
    f"- **Operations at published schedules**: {by_schedule:,.0f}. A WaveGAN of width {published.width} on {WAVE[1]:,} samples for {published.training.steps:,} steps with "
    f"{published.critic_updates} updates of the critic each, as its authors trained it, over a bridge of {by_letter.depth} layers of {by_letter.width:,} for {BRIDGE_STEPS:,} steps of {by_letter.training.batch}, as the text has it. "
    f"The authors' code trains its bridges between pictures for {CODE_STEPS:,} steps of {CODE_BATCH}, {CODE_STEPS * code_step / (BRIDGE_STEPS * bridge_step(by_letter)):.1f} times the operations; with that schedule the factor is {by_code:,.0f}. "
    f"{by_schedule:,.0f} is {by_schedule / by_clock:.1f} times the ratio of the durations. One likely reason: the small products of a bridge keep a GPU waiting, those of a GAN less (the last section measures the share of products in a step for other sizes; it does not explain all of this).\n"
    f"- **Operations of this book's runs**: {here:,.0f}. The GAN here is far smaller, and is counted with its autoencoder; the bridge has {speech_config.depth} layers of {speech_config.width:,} and {speech_config.training.steps:,} steps."
)

# %% [markdown]
# And these are our own runs: how many times the cost of the bridge both base models cost (bold), and below it the two costs.

# %% tags=["nbval-ignore-output", "hide-input"]
UNITS = {"seconds": ("seconds", 1, ",.0f"), "operations": ("operations, 10¹²", 1e12, ".3g"), "parameters": ("parameters, 10⁶", 1e6, ".3g")}


def cell(setting, metric):
    """How many times a bridge's cost its base models cost, and both costs below."""
    if (setting, "bridging_vae", metric) not in cost:
        return "two machines"
    both, bridge, ratio = (cost[setting, who, metric] for who in ("base models", "bridging_vae", "base models over bridge"))
    _, unit, digits = UNITS[metric]
    return f"**{ratio:,.1f}**<br>{both / unit:{digits}} / {bridge / unit:{digits}}"


columns = {paper.words(setting).replace("→", "↔"): [cell(setting, metric) for metric in UNITS] for setting in pairs}
table = pd.DataFrame([[pair, *cells] for pair, cells in columns.items()], columns=["both base models over the bridge", *(title for title, _, _ in UNITS.values())])
Markdown(report.markdown(table))

# %% tags=["nbval-ignore-output", "hide-input"]
devices = sorted({records.hardware(record) for record in (base, joined, spoken)})
alike = [pairs[setting][1] for setting in ("mnist->mnist", "mnist->fashion")]
slower = all(cost[s, "base models over bridge", "seconds"] < cost[s, "base models over bridge", "operations"] for s in pairs if (s, "bridging_vae", "seconds") in cost)
Markdown(
    ("The ratio is lower in seconds than in operations: a bridge's products are small, so that more of its time goes to everything else (the last section measures that for another size). " if slower else "")
    + (f"The two bridges between images do the same operations, and took {alike[0][0]:.0f} and {alike[1][0]:.0f} s: so much do seconds depend on what else a machine does. " if alike[0][1] == alike[1][1] and max(alike)[0] > 1.2 * min(alike)[0] else "")
    + "*Two machines*: the GAN and the rest were not timed on one machine, so their seconds are not added. " * ("two machines" in columns[paper.words("mnist->speech").replace("→", "↔")])
    + f"VAEs and bridges were trained at profile `{base['profile']}` ({', '.join(devices)}); a bridge between MNIST and speech took {pairs['mnist->speech'][1][0]:,.0f} s. The GAN took "
    f"{card['steps']:,} steps and {card['minutes']} minutes, and its autoencoder, which is counted with it, another {card['minutes_of_the_autoencoder']}, on {card['hardware']}. Times from different machines cannot be compared; operation counts can."
)

# %% [markdown]
# ## How the cost grows
#
# - **With data**: a step costs the same, since it draws a batch of latents. Each item goes once through its encoder.
# - **With width**: nearly as the square, as in any fully connected network.
# - **With domains**: nearly linearly in one joint bridge, for as many steps: each domain is encoded, decoded and classified once a step. (Only the sliced Wasserstein distance goes over pairs.) To train both models
#   of every pair jointly, without a bridge, would grow with the number of pairs. ([Chapter 8](08_many_domains.ipynb) shows that more domains need more steps too, unless they join one by one.)
#
# The optimiser Muon adds products of each hidden matrix with itself. They grow as the cube of the width, and not at all with data or domains. The upper figure leaves them out, the lower counts them.

# %% mystnb={"figure": {"caption": "Above: operations of a bridge's step over its width. Below: training transfer between any two of several MNIST-sized domains: base models trained once and one bridge (of as many steps for any number of domains), or two models trained again for each pair, which is the worst case and nobody's practice."}, "image": {"alt": "Two line plots on logarithmic axes. Operations of a step rise with the width almost along a dashed line that has the slope of the square. Training each pair anew rises far faster with the number of domains than base models once and one bridge."}} tags=["hide-input", "nbval-ignore-output"]
widths, numbers = (128, 256, 512, 1024), (2, 3, 4, 6, 8)
plain = replace(own, training=replace(own.training, muon=0.0))
per_width = {w: bridge_step(replace(plain, width=w)) for w in widths}
per_domain = {n: bridge_step(plain, n) for n in numbers}
vae_total = vaes["mnist", 0][1]
charts.growth(
    {
        "width of the bridge": ({"one step": per_width}, "operations a step"),
        "number of domains": (
            {
                "each pair anew": {n: n * (n - 1) * vae_total for n in numbers},
                "base once, one bridge": {n: n * vae_total + own.training.steps * bridge_step(own, n) for n in numbers},
            },
            "operations in all",
        ),
    },
    {"width of the bridge": ("as the square", {w: per_width[widths[-1]] * (w / widths[-1]) ** 2 for w in widths})},
)

# %% tags=["nbval-ignore-output", "hide-input"]
for w, value in per_width.items():
    run.add("growth", "bridge", f"width {w}", "operations a step", [value])
for n, value in per_domain.items():
    run.add("growth", "bridge", f"{n} domains", "operations a step", [value])
encode = operations(lambda: VAE().encode(torch.zeros(1, PIXELS)))
run.add("growth", "bridge", "one more item", "operations, once", [encode])
run.finish()
with_muon = {n: bridge_step(own, n) for n in (2, 3, 8)}
Markdown(
    f"Doubling the width from 512 to 1,024 costs {per_width[1024] / per_width[512]:.2f} times as much. One more item costs {encode:.1e} operations, once, against {per_domain[2]:.1e} in every step.\n\n"
    f"From 2 to 8 domains, 4 times as many, the network and its losses cost {per_domain[8] / per_domain[2]:.2f} times as much: 4 for what is done for each domain, and a little for {8 * 7 // 2} distances between pairs instead of 1. "
    f"The optimiser's products are {1 - per_domain[2] / with_muon[2]:.0%} of a step between two domains; counted with them, the same step from 2 to 8 costs {with_muon[8] / with_muon[2]:.2f} times as much."
)

# %% [markdown]
# ## What to remember
#
# - A bridge is cheap because it sees latents only: no pixels, no sound, no training of the base models.
# - A ratio of costs depends on both of its sides. Ask how the expensive one was trained.
# - The cost of one joint bridge grows with the number of domains, that of training every pair with its square.
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
Markdown(
    f"Three domains cost {with_muon[3] / with_muon[2]:.2f} times the operations of two with the optimiser's products, which are the same for any number of domains, and {per_domain[3] / per_domain[2]:.2f} times without them. "
    f"In seconds it was {three / two:.2f} times here, from {two:.2f} to {three:.2f} s for 20 steps."
)

# %% [markdown]
# - How does the paper's ratio change with a WaveGAN that makes 8,192 samples at 8 kHz instead of 16,384 at 16 kHz?

# %% tags=["nbval-ignore-output", "hide-cell", "solution"]
half = published.training.steps * gan_step(published) / (BRIDGE_STEPS * bridge_step(by_letter))
Markdown(
    f"One such GAN costs {half:,.0f} bridges in operations, {half / claims['operations at published schedules']:.2f} of the ratio at 16 kHz: half the samples are half the work of every convolution. "
    "So the paper's factor depends on a choice that has nothing to do with bridges."
)

# %% [markdown]
# ## For those who train: how fast is the code of this book?
#
# The two cells below are folded. The first compares a step of training with two others in one run (`make bench` repeats it). The *bound* is the step's own matrix products and convolutions, replayed alone: no step can
# be faster, and the share of the bound is their time over ours. The *plain loop* is what one writes first: a `DataLoader`, float32, Adam without fusion, losses read at every step. The second asks what a bridge of a
# given accuracy costs.

# %% mystnb={"code_prompt_hide": "Hide the speed of a step", "code_prompt_show": "Show the speed of a step"} tags=["nbval-ignore-output", "hide-cell"]
found = [bench for path in sorted(Path("../benchmarks").glob("*_step.json")) for bench in json.loads(path.read_text()).values()]
lines = [
    {
        "Step": f"{bench['what']}, batch {bench['batch']}",
        "Where": bench["device"].removeprefix("NVIDIA ").split(" 80GB")[0],
        "Precision": bench["precision"],
        "Ours, ms": f"{bench['ours_ms']:.2f}",
        "Share of the bound": f"{bench['share_of_matmul_bound']:.2f}",
        "Plain loop over ours": f"{bench['speed_up_over_plain_loop']:.1f}",
    }
    for bench in found
]
bound = {where: [bench["share_of_matmul_bound"] for bench in found if bench["device"].startswith("cpu") == (where == "CPU")] for where in ("CPU", "GPU")}
Markdown(
    f"{report.once(pd.DataFrame(lines))}\n\nThe products take "
    + " and ".join(f"{min(shares):.0%} to {max(shares):.0%} of a step on the {where}" for where, shares in bound.items() if shares)
    + ". On a GPU a network this small is a chain of very short kernels. The whole step is captured as one CUDA graph, without Python and launches in between; what remains beside the products are small "
    "kernels (sorting, Adam, element-wise work). "
    f"The bridge timed here has the size of the paper's between pictures; its larger one to speech was not timed. The one that this book trains between pictures has {own.depth} layers of {own.width} and batches of {own.training.batch}; its share of the bound is another."
)

# %% mystnb={"code_prompt_hide": "Hide time to a given accuracy", "code_prompt_show": "Show time to a given accuracy"} tags=["nbval-ignore-output", "hide-cell"]
timed = json.loads(Path("../benchmarks/time_to_accuracy.json").read_text())
BOTH = ("mnist->fashion", "fashion->mnist")
recipes = {"laptop": profiles.get("laptop").bridge, "fast": profiles.FAST_BRIDGE}
older = [name for name, config in recipes.items() if timed.get("settings", {}).get(name) != json.loads(json.dumps(asdict(config)))]
lines = [
    {"Recipe": name, "Seconds a bridge": f"{row['seconds']:.1f}"} | {f"{paper.words(way)}: accuracy, diversity": f"{row[way]:.3f}, {row[way + ' diversity']:.2f}" for way in BOTH}
    for name, row in timed["recipes"].items()
]
quickest, first = (timed["recipes"][name] for name in ("fast", "published first"))
Markdown(
    "A fast step helps only if the number of steps stays low. `benchmarks/time_to_accuracy.py` trains bridges between MNIST and Fashion-MNIST by three recipes, in turns on one thread, and measures them on the test split "
    f"({timed['what'].split(', ')[-1]}; not their trustworthiness, which [chapter 3](03_bridging.ipynb) has).\n\n{report.markdown(pd.DataFrame(lines))}\n\n"
    f"Diversity is relative to {timed.get('diversity relative to', 'the target model’s reconstructions, not to real items as in the chapters')}. "
    + (
        "All settings are those of today's profiles. "
        if not older
        else f"The settings of {' and '.join(older)} have been chosen anew since ([chapter 13](13_selection.ipynb)): read these rows for their times, and chapter 3 for accuracy and diversity. "
        if "settings" in timed
        else "The rows are older than the last choice of settings ([chapter 13](13_selection.ipynb)), which lowered a weight of the loss: read them for their times, and chapter 3 for accuracy and diversity. "
    )
    + "*Published first* is the recipe of this book's first edition (width 512, Adam, 4,000 steps of 128). "
    + " ".join(
        f"*{name.capitalize()}* has width {c.width}, {'Muon for the hidden matrices, ' if c.training.muon else ''}{'a running mean of the weights, ' if c.training.average else ''}and {c.training.steps:,} steps of {c.training.batch}."
        for name, c in recipes.items()
    )
    + f" So *fast* takes {quickest['seconds'] / first['seconds']:.2f} of the time of the first recipe"
    + (
        "."
        if older
        else "; its accuracy differs by "
        + " and ".join(f"{quickest[way] - first[way]:+.3f} ({paper.words(way)})" for way in BOTH)
        + ", its diversity by "
        + " and ".join(f"{quickest[way + ' diversity'] - first[way + ' diversity']:+.2f}" for way in BOTH)
        + (": part of the time is paid for in variety. " if all(quickest[way + " diversity"] < first[way + " diversity"] - 0.03 for way in BOTH) else ". ")
        + "Chapter 3 shows how far bridges of one recipe differ: a few thousandths of accuracy say nothing here."
    )
    + (f" Two processes, one a core, train {timed['throughput of two processes over one']:.2f} times the bridges an hour of one. Other schedules and widths are in chapter 13." if timed["throughput of two processes over one"] else "")
)
