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
# # 1b. The bridge from scratch
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/01b_from_scratch.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("01b_from_scratch", profile)

# %% [markdown]
# **How much code is a bridge?** This chapter writes all of it in PyTorch, for the two ellipses of [the last chapter](01_synthetic.ipynb): the gate, the network, the KL term,
# the sliced Wasserstein distance (SWD), the loss, and the loop that trains it. A cell below counts the lines. After each part the chapter checks that `lt`, the package behind the
# rest of the book, computes the same. Only the points, the settings, the figures and the checks come from `lt`.

# %% tags=["setup"]
from dataclasses import replace

from IPython.display import Markdown

from lt import fit_bridge, losses, metrics
from lt import networks as lt_networks
from lt.book import diagrams, planes, report
from lt.bridge import bridge_objective
from lt.datasets import ellipses
from lt.loop import fit

# %% [markdown]
# ## The data
#
# Two clouds of points in the plane, and a class for each point. A cloud stands for what a frozen model makes of its data: the mean and the standard deviation of
# $q(z | x)$ for every item. An ellipse has exact points, so its standard deviations are zero; a VAE's are not, and the code below is ready for them.

# %%
import torch
from torch import nn
from torch.nn import functional as F

train, test = ellipses.draw("train", budget.toy_points), ellipses.draw("test", budget.toy_points)
print("of each domain: mean (n, 2), std (n, 2), class (n,):", [part.ndim for part in (train[0].mean, train[0].std, train[0].y)])

# %% [markdown]
# ## 1. The gate
#
# Much of what a bridge has to do is nearly linear. The paper's *gated mixing layer* (its Figure 10) therefore gives the last layer a direct way to its input $v$. The hidden layers
# $h$ propose another output $\Delta z$, and a gate $g$ between 0 and 1 says for each number how much of either is taken:
#
# $$
# \begin{aligned}
# \mathrm{out} &= (1 - g) \odot W_z v + g \odot \Delta z \\
# [\Delta z, a] &= W_h h, \quad g = \sigma(a)
# \end{aligned}
# $$
#
# Here $W_z$ and $W_h$ are linear layers, $\sigma$ is the logistic function and $\odot$ multiplies number by number. Do two ellipses need it? An exercise at the end takes the gates out.

# %% mystnb={"figure": {"caption": "The gated mixing layer (a), with the sizes of this chapter, and where three of them stand in the bridge (b)."}, "image": {"alt": "Diagram. Above: input v gives W_z v; hidden h gives a gate g between 0 and 1 and a correction delta z; the output mixes both. Below: encoder and decoder as rows of boxes, the input v led around the hidden layers into the gated layers."}} tags=["hide-input"]
diagrams.gated_mixing(lt_networks.BridgingVAE((2, 2), 2, budget.toy.width, budget.toy.depth, 2))


# %%
class Gate(nn.Module):
    def __init__(self, hidden, skip, out):
        super().__init__()
        self.from_hidden = nn.Linear(hidden, 2 * out)
        self.from_input = nn.Linear(skip, out)

    def forward(self, h, v):
        dz, g = self.from_hidden(h).chunk(2, dim=-1)
        g = torch.sigmoid(g)
        return (1 - g) * self.from_input(v) + g * dz


# %%
def same_weights(ours, theirs):
    """Copy the weights of lt's module: our layers have the same names."""
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


h, v = torch.randn(5, 16), torch.randn(5, 4)
ours, theirs = same_weights(Gate(16, 4, 2), lt_networks.GatedMixing(16, 4, 2))
assert torch.allclose(ours(h, v), theirs(h, v))
print("same output as lt.networks.GatedMixing")


# %% [markdown]
# ## 2. The network
#
# One VAE serves both domains. Its encoder takes $[z, D]$ to a Gaussian over the shared space $z'$, its decoder takes $[z', D]$ back. $D$ is the domain label: a one-hot vector that is
# appended to the input. A linear classifier reads the class from $z'$. The standard deviation goes through a softplus, which keeps it positive.

# %%
def layers(size, width, depth):
    parts = []
    for _ in range(depth):
        parts += [nn.Linear(size, width), nn.ReLU()]
        size = width
    return nn.Sequential(*parts)


class Bridge(nn.Module):
    def __init__(self, latent=2, shared=2, width=16, depth=3, domains=2, classes=2):
        super().__init__()
        self.domains = domains
        self.encoder = layers(latent + domains, width, depth)
        self.mean = Gate(width, latent + domains, shared)
        self.std = Gate(width, latent + domains, shared)
        self.decoder = layers(shared + domains, width, depth)
        self.output = Gate(width, shared + domains, latent)
        self.classifier = nn.Linear(shared, classes)

    def labelled(self, z, d):
        """z with the one-hot label of domain d at its end."""
        return torch.cat([z, F.one_hot(torch.tensor(d), self.domains).expand(len(z), -1)], dim=-1)

    def encode(self, z, d):
        v = self.labelled(z, d)
        h = self.encoder(v)
        return self.mean(h, v), F.softplus(self.std(h, v))

    def decode(self, z_shared, d):
        v = self.labelled(z_shared, d)
        return self.output(self.decoder(v), v)


# %%
z = torch.randn(5, 2)
ours, theirs = same_weights(Bridge(), lt_networks.BridgingVAE((2, 2), shared=2, width=16, depth=3, classes=2))
for d in (0, 1):
    for a, b in zip(ours.encode(z, d), theirs.encode(z, d), strict=True):
        assert torch.allclose(a, b)
    assert torch.allclose(ours.decode(z, d), theirs.decode(z, d))
print("same output as lt.networks.BridgingVAE, with", lt_networks.parameter_count(ours), "parameters")


# %% [markdown]
# ## 3. The KL term
#
# The encoder answers with a Gaussian of mean $\mu$ and standard deviation $\sigma$ in each dimension. The Kullback-Leibler divergence says, in nats, how far that is from the
# standard normal distribution. It is zero only for $\mu = 0$, $\sigma = 1$: an answer that is the same for every input and tells nothing about it. So the term is a charge for information:
#
# $$
# \begin{aligned}
# & \mathrm{KL}\big(\mathcal N(\mu, \sigma^2) \,\Vert\, \mathcal N(0, 1)\big) \\
# & \quad = \tfrac12 \big(\mu^2 + \sigma^2 - 1 - \ln \sigma^2\big)
# \end{aligned}
# $$

# %%
def kl(mean, std):
    return 0.5 * (mean**2 + std**2 - 1 - 2 * std.log()).sum(-1)


# %% mystnb={"figure": {"caption": "What the KL term charges: answers of an encoder (green) and the standard normal distribution (dashed). Saying where a point is costs, and so does saying it precisely."}, "image": {"alt": "Four panels with a dashed bell curve each and a green one: the same curve, one moved to the side, a narrow one, and one that is narrow and moved. The number of nats above each grows."}} tags=["hide-input"]
EXAMPLES = ((0.0, 1.0), (1.5, 1.0), (0.0, 0.3), (1.5, 0.3))
diagrams.kl_examples([(m, s, kl(torch.tensor([m]), torch.tensor([s])).item()) for m, s in EXAMPLES])

# %%
mean, std = torch.randn(5, 2), torch.rand(5, 2) + 0.1
normal = torch.distributions.Normal
assert torch.allclose(kl(mean, std), torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0)).sum(-1), atol=1e-5)
assert torch.allclose(kl(mean, std), losses.gaussian_kl(mean, std))
print("same value as torch.distributions and lt.losses")


# %% [markdown]
# ## 4. The sliced Wasserstein distance
#
# How far apart are the two clouds in the shared space? Project both on a line, sort both, pair first with first and second with second, take the mean squared distance of the pairs.
# Do that for many random directions, and average. ([The last chapter](01_synthetic.ipynb) draws it and says why.) Nothing in it knows a class or a pair: it only asks both clouds to
# have one shape.

# %%
def swd(a, b, directions):
    p, _ = (a @ directions.T).sort(dim=0)  # (n, directions): project, and sort each column
    q, _ = (b @ directions.T).sort(dim=0)
    return ((p - q) ** 2).mean()  # pair


# %%
a, b = train[0].mean[:100], train[1].mean[:100]
directions = F.normalize(torch.randn(64, 2), dim=-1)
assert torch.allclose(swd(a, b, directions), losses.sliced_wasserstein(a, b, directions))
assert swd(a, a.flip(0), directions) < 1e-9, "it compares clouds: the order of the points does not matter"
print("same value as lt.losses")

# %% [markdown]
# ## 5. The loss
#
# Now the sum of section 3 of the paper, drawn in [the last chapter](01_synthetic.ipynb). For each domain: does the point come back (squared error), how much does its code say (KL),
# can its class be read (cross entropy)? For both together: do the clouds overlap (SWD)? The weights are the authors' for this experiment, with
# the largest of their classification weights. A batch is drawn at random from each domain
# on its own: nobody pairs anything.
#
# One line differs from the paper's text. The formula has $\lVert z_d - \hat z_d \rVert^2$, a sum over dimensions; the `.mean()` below divides it by their number, here 2, as the authors' code does.
# Half the error means that KL, cross entropy and SWD count double. In 100 dimensions they count a hundredfold, so a weight $\beta$ belongs to one of the two forms.

# %%
toy = budget.toy
steps, size, rate = toy.training.steps, toy.training.batch, toy.training.lr

# %% tags=["nbval-ignore-output", "hide-input"]
Markdown(
    f"The numbers: $\\beta_{{KL}} = {toy.beta_kl:g}$, $\\beta_{{SWD}} = {toy.beta_swd:g}$, $\\beta_{{Cls}} = {toy.beta_cls:g}$; {toy.projections} directions a step; "
    f"{steps:,} steps with {size} points of each domain, at a learning rate "
    + (f"that rises to {rate:g} and falls again; " if toy.training.schedule == "onecycle" else f"of {rate:g}; ")
    + f"{toy.depth} hidden layers of {toy.width} units in encoder and decoder."
)


# %%
def draw_batch(generator):
    index = [torch.randint(len(d), (size,), generator=generator) for d in train]
    z = [d.mean[i] + d.std[i] * torch.randn(d.mean[i].shape, generator=generator) for d, i in zip(train, index, strict=True)]
    return z, [d.y[i] for d, i in zip(train, index, strict=True)]


def loss_of(net, z, y, generator, distance=swd, beta_kl=toy.beta_kl):
    total, clouds = 0, []
    for d in (0, 1):
        mean, std = net.encode(z[d], d)
        z_shared = mean + std * torch.randn(mean.shape, generator=generator)
        total = total + ((net.decode(z_shared, d) - z[d]) ** 2).mean()
        total = total + beta_kl * kl(mean, std).mean()
        total = total + toy.beta_cls * F.cross_entropy(net.classifier(z_shared), y[d])
        clouds.append(z_shared)
    directions = F.normalize(torch.randn(toy.projections, 2, generator=generator), dim=-1)
    return total + toy.beta_swd * distance(*clouds, directions)


# %% [markdown]
# With equal weights and equal random numbers, our loss and `lt`'s are one number:

# %%
ours, theirs = same_weights(Bridge(), theirs)
generator, same = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
mine = loss_of(ours, *draw_batch(generator), generator)
assert torch.isclose(mine, bridge_objective(theirs, toy, train)(same, torch.tensor(0.0))["loss"], rtol=1e-5)
print("same value as lt.bridge.bridge_objective")


# %% [markdown]
# ## 6. The loop
#
# Draw a batch, compute the loss, step with Adam. The learning rate rises and falls once. We also keep what the bridge looks like at some moments.

# %%
def train_bridge(net, seed, steps=steps, schedule=toy.training.schedule == "onecycle", keep=(), **more):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1, cycle_momentum=False) if schedule else None
    kept = {}
    for step in range(steps):
        if step in keep:
            kept[f"step {step}"] = view(net)
        loss = loss_of(net, *draw_batch(generator), generator, **more)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            cycle.step()
    return kept


# %% [markdown]
# Transfer is one line: encode with one label, decode with the other.

# %%
@torch.no_grad()
def transfer(net, z, source, target):
    return net.decode(net.encode(z, source)[0], target)


# %% tags=["hide-input"]
@torch.no_grad()
def view(net):
    """Everything that a picture of a bridge shows."""
    z = [d.mean[:250] for d in test]
    arrays = {
        "data": z,
        "shared": [net.encode(z[d], d)[0] for d in (0, 1)],
        "reconstruction": [transfer(net, z[d], d, d) for d in (0, 1)],
        "transfer": [transfer(net, z[d], d, 1 - d) for d in (0, 1)],
    }
    w, bias = net.classifier.weight[1] - net.classifier.weight[0], net.classifier.bias[1] - net.classifier.bias[0]
    return {
        **{key: [v.numpy() for v in value] for key, value in arrays.items()},
        "attribute": [ellipses.attribute(v, d).numpy() for d, v in enumerate(z)],
        "label": [ellipses.label(v, d).numpy() for d, v in enumerate(z)],
        "boundary": (*w.tolist(), bias.item()),
    }


# %% [markdown]
# The same start, the same batches, a few steps: after them our weights are those that `lt`'s loop finds.

# %%
ours, theirs = same_weights(Bridge(), lt_networks.BridgingVAE((2, 2), shared=2, width=16, depth=3, classes=2))
train_bridge(ours, seed=3, steps=20, schedule=False)
fit(
    theirs,
    bridge_objective(theirs, toy, train),
    replace(toy.training, steps=20, schedule="constant"),
    torch.Generator().manual_seed(3),
    dtype=torch.float32,
)
for name, weight in ours.state_dict().items():
    assert torch.allclose(weight, theirs.state_dict()[name], atol=1e-4), name
print("same weights as lt.loop.fit")

# %% [markdown]
# ## Train it

# %% tags=["nbval-ignore-output"]
import time

started, nets = time.perf_counter(), []
for seed in range(budget.toy_seeds):
    torch.manual_seed(seed)
    nets.append(Bridge(width=toy.width, depth=toy.depth))
    kept = train_bridge(nets[-1], seed, keep=(0, 100, 300) if seed == 0 else ())
    if seed == 0:
        moments = kept | {f"step {steps}": view(nets[0])}
run.training["from scratch"] = time.perf_counter() - started
print(f"{budget.toy_seeds} of {steps:,} steps: {run.training['from scratch']:.0f} s")

# %% mystnb={"figure": {"caption": "Our own bridge at four moments of its training (seed 0). Above, domain 1 transferred, on the true points of domain 2: crosses belong on the grey half. Below, the shared space, with the classifier's side of class 1 in grey."}, "image": {"alt": "Two rows of four scatter plots. At step 0 the transfer is a small blob; it becomes an ellipse, then the right one with the crosses on the grey half. Below, the clouds of both domains come to lie over one another, and a line parts the classes."}} tags=["hide-input", "nbval-ignore-output"]
planes.stages(moments, ellipses.HALVES)

# %% mystnb={"figure": {"caption": "The bridge from scratch (seed 0). Blue to yellow: points of domain 1; dark to cream: points of domain 2; grey points: the true target. Circles: class 0; crosses: class 1, which belongs on the grey ground after a transfer."}, "image": {"alt": "Four scatter plots: two ellipses; each transferred onto the other, with colours that run on and crosses on the grey half; the shared space, where both domains overlap and a line parts the classes."}} tags=["hide-input", "lead", "nbval-ignore-output"]
planes.crossing(view(nets[0]), ellipses.HALVES)

# %% [markdown]
# Beside it the bridge that `lt` trains with the same settings ([chapter 1](01_synthetic.ipynb), the row with a classifier of weight 0.5). It starts from other random weights and draws
# other batches; by how much such starts differ is said below the table. *Class kept* and *on target* are shares of held-out points; *neighbours kept* is the share of a point's ten
# nearest that are still among its ten nearest.

# %% tags=["nbval-ignore-output", "hide-input"]
from lt.zoo import quality


def scores_of(transfer):
    """Means over both directions; ``transfer`` takes points, source and target."""
    found = {"class_kept": [], "on_target": [], "neighbours_kept": []}
    for d in (0, 1):
        there = transfer(test[d].mean, d, 1 - d)
        found["class_kept"].append(metrics.agreement(test[d].y, ellipses.label(there, 1 - d)))
        found["on_target"].append(ellipses.on_target(there, 1 - d))
        found["neighbours_kept"].append(quality.neighbours_kept(test[d].mean, there))
    return {name: sum(values) / 2 for name, values in found.items()}


def lts_transfer(bridge):
    with torch.no_grad():
        return scores_of(lambda z, d, e: bridge.transfer(z, ellipses.NAMES[d], ellipses.NAMES[e]))


ready = [fit_bridge(train, toy, seed) for seed in range(budget.toy_seeds)]
found = {
    "from scratch": [scores_of(lambda z, d, e, net=net: transfer(net, z, d, e)) for net in nets],
    "lt": [lts_transfer(bridge) for bridge in ready],
}
for method, of_seeds in found.items():
    for metric in of_seeds[0]:
        n = 2 * budget.toy_points if metric != "neighbours_kept" or budget.toy_seeds > 1 else None
        run.add("from scratch", "ellipse 1<->ellipse 2", method, metric, [scores[metric] for scores in of_seeds], n=n)
report.pivot([{"rows": run.rows}], "from scratch")

# %% tags=["nbval-ignore-output", "hide-input"]
import inspect

PARTS = (Gate, layers, Bridge, kl, swd, draw_batch, loss_of, train_bridge, transfer)
functions = [f for part in PARTS for f in ([part] if inspect.isfunction(part) else filter(inspect.isfunction, vars(part).values()))]
lines = sum(bool(line.strip()) for f in functions for line in inspect.getsource(f).splitlines()) + sum(
    map(inspect.isclass, PARTS)
)  # and a line that opens each class
apart = {metric: max(abs(ours[metric] - its[metric]) for ours in found["from scratch"] for its in found["lt"]) for metric in found["lt"][0]}
own = {metric: max(scores[metric] for scores in found["lt"]) - min(scores[metric] for scores in found["lt"]) for metric in apart}
Markdown(
    f"**The bridge from scratch has {lines} lines of code.** Between a start of ours and a start of `lt` the scores differ by at most "
    + ", ".join(f"{value:.3f} ({metric.replace('_', ' ')})" for metric, value in apart.items())
    + (f". Two starts of `lt` differ by as much as {', '.join(f'{value:.3f}' for value in own.values())}." if budget.toy_seeds > 1 else ".")
)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()


# %% [markdown]
# ## From here to the real bridge
#
# In [chapter 3](03_bridging.ipynb) the latents come from real models: 100 dimensions instead of 2, with standard deviations. Network, loss and loop stay as above, with wider layers and
# other weights. Two things are added that these lines do not have: the latents are standardised (centred, and scaled to a mean variance of 1), and hidden matrices are
# trained with the optimiser Muon instead of Adam. Where training is short, or of Adam alone, the bridge that is used is a running mean of the weights. Chapter 3 measures what they bring.
# `lt.fit_bridge` also has what a package needs: any number of domains, latents of different sizes, labels that are not known, a cache, and saving.
#
# ## What to remember
#
# - A bridge is one small VAE. The domain label in its inputs is all that tells the domains apart.
# - The SWD is a few lines: project, sort, pair, average.
# - Every term of the loss sees single points or whole clouds, never a pair of points.
# - Check each part against an implementation that you trust, with equal weights and equal random numbers.
#
# ## What to try
#
# **Do not sort.** Without the sort, the distance pairs points as they come: at random. What happens to the shared space?

# %% mystnb={"figure": {"caption": "A bridge whose distance pairs points at random, with the same number of steps."}, "image": {"alt": "Four scatter plots as at the top of the page, of the bridge with random pairs."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
def unsorted(a, b, directions):
    return (((a - b) @ directions.T) ** 2).mean()


torch.manual_seed(0)
unpaired = Bridge(width=toy.width, depth=toy.depth)
train_bridge(unpaired, 0, distance=unsorted)
planes.crossing(view(unpaired), ellipses.HALVES)

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
with torch.no_grad():
    wide, narrow = (net.encode(test[0].mean, 0)[0].std().item() for net in (nets[0], unpaired))
scores = scores_of(lambda z, d, e: transfer(unpaired, z, d, e))
Markdown(
    f"The codes $z'$ spread over {narrow:.2f}, against {wide:.2f} with the sort. "
    + (
        "Random pairs are far apart even if both clouds are the same, so the term pulls all points together. "
        if narrow < 0.9 * wide
        else ""
    )
    + f"Of the transferred points {scores['on_target']:.3f} land on the target, against {found['from scratch'][0]['on_target']:.3f}, and {scores['class_kept']:.3f} keep their class, against {found['from scratch'][0]['class_kept']:.3f} (seed 0)."
)

# %% [markdown]
# **Do not charge.** Set the weight of the KL term to zero. How large do the codes get?

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
torch.manual_seed(0)
free = Bridge(width=toy.width, depth=toy.depth)
train_bridge(free, 0, beta_kl=0.0)
with torch.no_grad():
    spread = {
        name: (net.encode(test[0].mean, 0)[0].std().item(), net.encode(test[0].mean, 0)[1].mean().item())
        for name, net in (("with the KL term", nets[0]), ("without", free))
    }
(charged, noise), (uncharged, no_noise) = spread.values()
Markdown(
    "\n".join(
        f"- {name}: the means of $z'$ spread over {mean:.2f}, and each has a standard deviation of {std:.3f}"
        for name, (mean, std) in spread.items()
    )
    + f"\n\nThe codes spread {uncharged / charged:.1f} times as far. What changes most is the noise: {noise / no_noise:,.0f} times less, so a code says exactly where its point is, and between the codes nothing is trained."
)


# %% [markdown]
# **No gate.** Replace the gates by plain linear layers of the hidden units. Is the gate needed here?

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
class Plain(nn.Module):
    def __init__(self, hidden, skip, out):
        super().__init__()
        self.linear = nn.Linear(hidden, out)

    def forward(self, h, v):
        return self.linear(h)


torch.manual_seed(0)
net = Bridge(width=toy.width, depth=toy.depth)
for name, (out, skip) in {"mean": (2, 4), "std": (2, 4), "output": (2, 4)}.items():
    setattr(net, name, Plain(toy.width, skip, out))
train_bridge(net, 0)
linear, gated = scores_of(lambda z, d, e: transfer(net, z, d, e)), found["from scratch"]
lost = {name: min(scores[name] for scores in gated) - linear[name] for name in linear}  # below the worst gated start
Markdown(
    "\n".join(
        f"- {name.replace('_', ' ')}: {linear[name]:.3f} without gates; with gates {gated[0][name]:.3f}"
        + (f", over all seeds {min(s[name] for s in gated):.3f} to {max(s[name] for s in gated):.3f}" if len(gated) > 1 else "")
        for name in linear
    )
    + (
        "\n\nThis one start without gates lies nowhere clearly below the worst start with gates, so nothing here shows that the gate is needed. "
        if max(lost.values()) < 0.02
        else f"\n\nWithout gates {max(lost, key=lost.get).replace('_', ' ')} is lower than in the worst start with gates; it is one start, so try others. "
    )
    + "Three hidden layers learn a quarter turn of the plane by themselves. [Chapter 7](07_ablations.ipynb) asks the same of latents with 100 dimensions (its row *linear outputs*)."
)
