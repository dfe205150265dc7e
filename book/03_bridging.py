# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,cellView,title,-all
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
# # 3. The bridge between pictures
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/03_bridging.ipynb)
#
# **Can a digit become a shoe, when the model of digits and the model of shoes were trained apart?**
#
# Yes. More than **nine in ten** digits become the right garment, and different digits of one class often become different garments. The price: the garments vary less than the model of clothes could draw, and neighbours often part.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (12 minutes)

# %% tags=["nbval-ignore-output"]
import torch
from torch.nn import functional as F

import lt
from lt import losses
from lt.book import figures, start

run = start("03_bridging", profile)

# %%
digits, clothes = run.domains("mnist", "fashion")  # two frozen VAEs, from chapter 2
latents = [run.latents("mnist"), run.latents("fashion")]  # typed below
bridge = lt.fit_bridge(latents, run.profile.bridge, seed=0)  # laptop: 40 seconds
test = {name: run.images(name, "test") for name in ("mnist", "fashion")}
x = test["mnist"].x[figures.first_of_each_class(test["mnist"].y, 2)]  # (20, 784)

# %% mystnb={"figure": {"caption": "Figure 3.1 (Figure 4 of the paper). Above: held-out digits. Below: the garments that the bridge makes of them. The first two of each class; nothing is picked."}, "image": {"alt": "Two blocks of ten pairs of pictures: handwritten digits 0 to 9, below each a garment: a T-shirt below the 0, trousers below the 1, and so on to an ankle boot below the 9. The two garments of a class differ, except those of 1, 4 and 7, which are nearly the same. The first sandal is a smear."}} tags=["nbval-ignore-output"]
figures.grid({"digits": x, "garments": bridge.translate(x, "mnist", "fashion")})

# %% [markdown]
# Not every pair differs: both 1s, both 4s and both 7s become nearly the same garment, and the sandal of the first 5 is a smear. Which garment belongs to which digit is a choice. The paper's Table 5 makes it: 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
#
# ## Latents
#
# The bridge never sees a picture. The frozen encoder of [chapter 2](02_base_models.ipynb) describes each picture by a *latent* $z$, 100 numbers: a mean and a standard deviation for each. With the labels, this is all that the bridge learns from. `run.latents` does what the next cell does, for every training picture and two slightly moved copies of it:

# %%
train = run.images("mnist", "train")
mean, std = digits.posterior(train.x[:500])  # the frozen encoder: (500, 100) each
some = lt.Latents("mnist", mean, std, train.y[:500])
same = torch.allclose(some.mean, latents[0].mean[:500], atol=1e-3)
print("these latents and those above:", "equal" if same else "they differ")

# %% [markdown]
# ## From a digit to a garment
#
# The bridge is a second, small VAE. It encodes $z$, with a *domain label* $D$, into eight *shared* numbers $z'$, and decodes $z'$ with a label as well. If that is the other label, the result is a latent of the other model; if it is the same, a reconstruction. `bridge.translate` takes all four arrows, from items to items (`bridge.transfer`, used below, takes the middle two, from latents to latents). Each arrow is a line of code:
#
# $$ x_1 \;\xrightarrow{\text{model 1}}\; z_1 \;\xrightarrow{\;D = 1\;}\; z' \;\xrightarrow{\;D = 2\;}\; \hat z_2 \;\xrightarrow{\text{model 2}}\; \hat x_2 $$

# %%
with torch.no_grad():
    z, _ = digits.posterior(x[:1])  # (1, 100): the frozen encoder
    z_shared, _ = bridge.encode(z, "mnist")  # (1, 8): the bridge, label "mnist"
    z_hat = bridge.decode(z_shared, "fashion")  # (1, 100): label "fashion"
    garment = clothes.items(z_hat)  # (1, 784): the frozen decoder
same = torch.allclose(garment, bridge.translate(x[:1], "mnist", "fashion"), atol=1e-3)
print("the four arrows and bridge.translate:", "equal" if same else "they differ")

# %% [markdown]
# The network is that of [chapter 1](01_synthetic.ipynb), typed there line by line, with four layers of 128 units in the encoder and in the decoder. Both end in the *gated mixing layer* of Figure 10 of the paper.
#
# ## The loss
#
# The encoder answers with a mean and a standard deviation for each of the eight numbers; $z'$ is drawn from that distribution. For each domain $d$, three questions: does its latent come back (squared error, a mean over 100 dimensions), how much does $z'$ say (KL, in nats), can one linear classifier for both domains read the class off $z'$ (cross entropy $H$)? For both together: do they fill the same region (sliced Wasserstein distance)?
#
# $$ \mathcal L = \sum_d \Big( \tfrac{1}{100} \lVert z_d - \hat z_d \rVert^2 + \beta_{KL} \, \mathrm{KL}_d + \beta_{Cls} \, H_d \Big) + \beta_{SWD} \, \mathrm{SWD} $$
#
# This is Figure 8 of the paper; chapter 1 types KL and SWD, and the training loop. Here $z_d$ is centred and scaled per domain (mean 0, mean variance 1); only then do the weights mean what they say. Nobody pairs a digit with a garment: each domain draws its batch on its own, and each latent is drawn anew from its posterior.

# %%
from lt.bridge import bridge_objective, centre_and_scale

beta_kl, beta_swd, beta_cls = 0.002, 1.0, 0.3  # our recipe
scaled = [centre_and_scale(d) for d in latents]  # to mean 0, mean variance 1 per domain


def draw_batch(batch, draw):
    """Latents z (2 batch, 100) and classes y (2 batch,), digits first."""
    index = [torch.randint(len(d), (batch,), **draw) for d in latents]
    z, y = [], []
    for d, i, (shift, scale) in zip(latents, index, scaled):
        z.append((d.sample(draw["generator"], i) - shift) / scale)
        y.append(d.y[i])
    return torch.cat(z), torch.cat(y)


def bridge_loss(network, z, y, draw):
    domain = torch.arange(2, device=z.device).repeat_interleave(len(z) // 2)
    mean, std = network.encode(z, domain)  # (2 batch, 8) each
    z_shared = mean + std * torch.randn(mean.shape, **draw)
    parts = ((z - network.decode(z_shared, domain)) ** 2).mean()
    parts = parts + beta_kl * losses.gaussian_kl(mean, std).mean()
    parts = parts + beta_cls * F.cross_entropy(network.classifier(z_shared), y)
    directions = F.normalize(torch.randn(128, 8, **draw), dim=-1)
    swd = losses.sliced_wasserstein(*z_shared.chunk(2), directions)
    return 2 * parts + beta_swd * swd  # twice the mean over domains is their sum


# %%
config = lt.BridgeConfig(beta_kl=beta_kl, beta_swd=beta_swd, beta_cls=beta_cls)
one, other = (lt.named_generator("one step", 0, z.device) for _ in range(2))
draw = {"generator": one, "device": z.device}
typed = bridge_loss(bridge.network, *draw_batch(config.training.batch, draw), draw)
theirs = bridge_objective(bridge.network, config, latents)(other, torch.zeros(()))
same = torch.isclose(typed, theirs["loss"], rtol=1e-4)
print("this loss and that of fit_bridge:", "equal" if same else "they differ")

# %% [markdown]
# ## The shared space
#
# If the loss works as meant, a digit and its garment share a place: points of one class lie together, whatever their domain.

# %%
held = {name: run.held(name) for name in test}  # latents of the test pictures
some = [z.take(figures.first_of_each_class(z.y, 40)) for z in held.values()]
with torch.no_grad():
    clouds = [bridge.encode(z.mean, z.name)[0] for z in some]  # (400, 8) each
cloud, classes = torch.cat(clouds), torch.cat([z.y for z in some])
centres = torch.stack([cloud[classes == k].mean(0) for k in range(10)])
axes = torch.linalg.svd(centres - centres.mean(0)).Vh[:2].T  # (8, 2)

# %% mystnb={"figure": {"caption": "Figure 3.2. Held-out digits (filled blue squares) and garments (open orange circles) in the shared space, along the two directions in which the centres of the classes differ most. A number stands beside the centre of its class, left (0 to 4) or right of it (5 to 9)."}, "image": {"alt": "A map with the numbers 0 to 9. Around each number blue squares and orange circles are mixed; the crowds around 1, 7, 8 and 9 run into each other."}} tags=["nbval-ignore-output"]
figure, axis = figures.plt.subplots(figsize=(5, 4.6), layout="constrained")
blue, orange = figures.PALETTE[:2]
filled, open_ = {"color": blue, "marker": "s", "s": 14}, {"edgecolors": orange, "s": 30}
axis.scatter(*(clouds[0] @ axes).T.cpu(), **filled, label="digits")
axis.scatter(*(clouds[1] @ axes).T.cpu(), **open_, facecolors="none", label="garments")
for k, (across, up) in enumerate((centres @ axes).tolist()):
    box = {"facecolor": "white", "edgecolor": "black", "boxstyle": "round,pad=0.15"}
    side = "right" if k < 5 else "left"  # of the number is the centre: some coincide
    axis.text(across, up, k, ha=side, va="center", color="black", bbox=box)
axis.set(aspect="equal", xticks=[], yticks=[], frame_on=False)
figure.legend(loc="outside lower center", ncols=2)
figures.finished(figure)

# %% [markdown]
# Its colours tell the domains apart, so it shows that these mix; of the classes it shows the centres only, in two of eight directions: centres that nearly coincide here (1, 7 and 9) may be apart in the other six. In the map below the colours are the classes, and every point can be decoded as a digit (squares are real ones) and as a garment (circles). Point at one, tap it, or use the arrow keys. (Or [draw a digit yourself](live.md).)

# %% cellView="form" tags=["nbval-ignore-output", "hide-input"]
# @title A map to touch
from lt.book import widgets
from lt.data import CLASSES

some = [d.take(figures.first_of_each_class(d.y, 10)) for d in held.values()]
with torch.no_grad():
    at = torch.cat([bridge.encode(d.mean, d.name)[0] for d in some])  # (200, 8)
    made = [run.domain(d).items(bridge.decode(at, d)) for d in test]
data = {
    "places": (at - cloud.mean(0)) @ axes,
    "labels": torch.cat([d.y for d in some]),
    "domains": [i for i, d in enumerate(some) for _ in d.y],
    "classes": [CLASSES[d] for d in test],
    "names": ["a digit", "a garment"],
    "sheets": [widgets.sheet(items) for items in made],
}
widgets.interactive("shared_map", data, "Map of the shared space")

# %% [markdown]
# ## Reconstruction and transfer
#
# The same bridge does four things, and the labels alone decide which. For the last row, `run.bridge` takes another bridge from the cache, or trains it.

# %% mystnb={"figure": {"caption": "Figure 3.3 (Figures 3 and 4 of the paper). One held-out item per class; below it its reconstruction through the bridge and its transfer to the other domain. Last row: the digits of the top row, transferred to a second model of digits by a bridge of its own."}, "image": {"alt": "Seven rows of ten pictures: digits, the digits again, garments; garments, the garments again, digits; digits once more. All keep the class; details of the garments are lost."}} tags=["nbval-ignore-output"]
called, rows = {"mnist": "digits", "fashion": "garments"}, {}
for a, b in (("mnist", "fashion"), ("fashion", "mnist")):
    x = test[a].x[figures.first_of_each_class(test[a].y)]  # (10, 784)
    rows[called[a]] = x
    rows[f"{called[a]} again"] = bridge.translate(x, a, a)
    rows[f"to {called[b]}"] = bridge.translate(x, a, b)
twins = run.bridge("mnist", "mnist_b")  # laptop: 40 seconds
rows["to model two"] = twins.translate(rows["digits"], "mnist", "mnist_b")
figures.grid(rows)

# %% [markdown]
# ## How good is it?
#
# **Class.** The share of items whose class is the same before and after, as a judge of each domain sees it. Beside it: the share that have the *true* class, by the same judge and by a second, convolutional one.
#
# **Diversity.** The mean distance of two right results of one class, in pixels, over that of what the target model makes of real items of the class. So 1 is as varied as that model, and 0 is one prototype per class.
#
# **Locality.** Are the $k = 10$ nearest of an item the same before and after? Let item $j$ be neighbour number $b_{ij}$ of item $i$ before the transfer and $a_{ij}$ after it, among $n$ items of a class. *Trustworthiness* asks whether neighbours after were neighbours before; a false one costs more, the farther away it was (Venna and Kaski, 2001):
#
# $$ \mathrm{trustworthiness} = 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j: \, a_{ij} \le k} \max(0, b_{ij} - k) $$
#
# *Continuity* has $a$ and $b$ exchanged: do neighbours before stay neighbours? Both are 1 at best. Any smooth map scores well, so a baseline stands beside them, the *floor*: the same of five random linear maps of $z$ to eight numbers. The two are not measured alike: after the bridge we look for neighbours among pictures, after a random map among its eight numbers. So the floor shows what score comes for nothing; a bridge just above or below it has not been shown to keep neighbourhoods, nor to break them. Here is the score of one class, sevens that become sneakers:

# %% tags=["nbval-ignore-output"]
sevens = held["mnist"].take((held["mnist"].y == 7).nonzero().flatten()[:300])
sneakers = held["fashion"].take((held["fashion"].y == 7).nonzero().flatten()[:300])
with torch.no_grad():
    made = clothes.items(bridge.transfer(sevens.mean, "mnist", "fashion"))  # (n, 784)
own = clothes.items(sneakers.mean)  # real sneakers, drawn by the same model
right = clothes.classify(made) == 7  # (n,)
kept = right.double().mean()
diversity = F.pdist(made[right]).mean() / F.pdist(own).mean()


# %%
def ranks(x):
    distance = torch.cdist(x.double(), x.double())
    return distance.argsort(-1).argsort(-1)  # (n, n); 0 is the item itself


def neighbours_kept(near, far, k=10):
    n = len(near)
    neighbours = (near >= 1) & (near <= k)
    too_far = (far - k).clamp(min=0)
    return 1 - 2 * (neighbours * too_far).sum() / (n * k * (2 * n - 3 * k - 1))


# %% tags=["nbval-ignore-output"]
before, after = ranks(sevens.mean), ranks(made)
maps = torch.randn(5, 100, 8, generator=lt.named_generator("random maps", 0)).to(own)
floors = [neighbours_kept(ranks(sevens.mean @ one), before) for one in maps]
ours = {"transfer_accuracy": kept, "diversity": diversity}
ours["trustworthiness"] = neighbours_kept(after, before)
ours["continuity"] = neighbours_kept(before, after)

seen = [made, sevens.mean, sevens.y, sevens.y, clothes.classify]
theirs = lt.metrics.transfer_score(*seen, own=own, own_y=sneakers.y).values
for name, value in ours.items():
    print(f"{name:17} typed here {value:.4f}, by lt {theirs[name]:.4f}")
print(f"floor of trustworthiness {sum(floors) / len(floors):.4f}")

# %% [markdown]
# Sevens lie below their floor in trustworthiness; the mean over all ten classes lies above it (Table 3.2). The tables average over the classes, with at most 300 random items of each. Each set has base models of its own, trained from other seeds; `laptop` has six, less than a minute per bridge. Intervals count sets and test items.

# %%
from functools import partial

ends = {
    "mnist->mnist": ("mnist", "mnist_b"),
    "mnist->fashion": ("mnist", "fashion"),
    "fashion->mnist": ("fashion", "mnist"),
}
bridges = {}  # of each direction one per set of base models
bridges["mnist->mnist"] = run.bridges("mnist", "mnist_b")
bridges["mnist->fashion"] = run.bridges("mnist", "fashion")
bridges["fashion->mnist"] = bridges["mnist->fashion"]  # one bridge goes both ways
for setting, (a, b) in ends.items():
    scores, floors, protocol = [], [], []
    for s, one in enumerate(bridges[setting]):
        scores.append(run.score(partial(one.transfer, source=a, target=b), a, b, set=s))
        floors.append(run.floor(a, set=s, dimensions=8))
        protocol.append(run.paper_protocol(one, a, b, set=s))
    run.add(setting, "bridging_vae", scores, table="transfer")
    run.add(setting, "random_projection", floors, table="transfer")
    name = "transfer_accuracy_paper_protocol"
    run.add(setting, "bridging_vae", protocol, name, n=1000, table="transfer")
    took = [one.history["seconds"][0] for one in bridges[setting]]
    run.add(setting, "bridging_vae", took, "seconds", table="transfer")

# %% tags=["nbval-ignore-output"]
hows = ["", "_true_label", "_second_judge", "_paper_protocol"]
columns = ["transfer_accuracy" + how for how in hows]
run.table("transfer", columns, "Table 3.1 (Table 1 of the paper, last row).")

# %% tags=["nbval-ignore-output"]
columns = ["diversity", "trustworthiness", "continuity"]
run.table("transfer", columns, "Table 3.2. Random projection: the floor of locality.")

# %% [markdown]
# The paper measures on 1,000 *training* latents, with $z$ and $z'$ sampled; so does `run.paper_protocol`, and only that column may stand beside the paper's number. The class arrives, its variety in part. The neighbourhood arrives between two models of digits. Between digits and clothes the bridge's trustworthiness is slightly higher than a random map's, and its continuity is lower, by more than the intervals allow for. [Chapter 6](06_need_a_bridge.ipynb) asks which methods do better.
#
# Reconstructions have a table too. "Base model" is the frozen VAE alone, without a bridge.

# %%
from lt.metrics import Score

metric = "reconstruction_accuracy"
for name in test:
    kept = {"base": [], "bridging_vae": []}
    for s, one in enumerate(bridges["mnist->fashion"]):
        domain, z = run.domain(name, s), run.held(name, s).mean
        before = domain.classify(test[name].x)
        after = {"base": z, "bridging_vae": one.transfer(z, name, name)}
        for method, z in after.items():
            hits = (domain.classify(domain.items(z)) == before).cpu().numpy()
            kept[method].append(Score({metric: hits.mean()}, {metric: hits}))
    for method, scores in kept.items():
        run.add(name, method, scores, table="reconstruction")

# %% tags=["nbval-ignore-output"]
run.table("reconstruction", caption="Table 3.3 (Table 2 of the paper). Held out.")

# %% [markdown]
# ## Which constants?
#
# Those of this chapter are ours. The paper prints others, $\beta_{KL} = \beta_{Cls} = 0.05$ (section B.1), calls the likelihood "the L2 norm", which can be read as an average over the 100 numbers of a latent or as a sum, and trains for 50,000 steps; the authors' code has a third set. [Chapter 9](09_verdict.ipynb) trains all of them at full length, beside ours, on one set. From digits to garments, the printed constants keep 0.89 of the classes at a diversity of 0.31 if the error is averaged, and 0.09 at 0.72 if it is summed; ours keep 0.97 at 0.67. [Chapter 16](16_price_of_a_nat.ipynb) says why so much hangs on one weight.
#
# ## What holds
#
# More than nine in ten digits become the right garment, by the judge and by the true label. Of garments, nine in ten keep the class that the judge saw before; by the true label 86 in a hundred become the right digit (Table 3.1). By the paper's own protocol, all three directions reach its Table 1. (A result down to 0.02 below the paper's counts as reached. From the 4,000 training images per corpus of `quick` they do not.) The results are more than half as varied as the target model's own; the paper gives no number for this, one half is our bar.
#
# "Local variations are preserved" holds between two models of digits. Between digits and clothes the claim of continuity fails, and that of trustworthiness holds by little; "above the floor" is our reading of these words. Reconstructions reach the paper's Table 2, with the same allowance. Our second bar, at most 0.02 below the base model's, holds for digits. For garments this claim fails: they lie 0.04 below.

# %%
short = "fails" if profile == "quick" else "holds"  # 4,000 training images
protocol = "transfer_accuracy_paper_protocol"
paper = {"mnist->mnist": 0.98, "mnist->fashion": 0.95, "fashion->mnist": 0.89}
ours = {"mnist->mnist": 0.9, "mnist->fashion": 0.9, "fashion->mnist": 0.8}
for way in ends:
    found = run[way, "bridging_vae", protocol]
    text = f"Class kept, {way}"
    run.claim(text, found, paper=paper[way], source="Table 1", expect=short)
    found = run[way, "bridging_vae", "transfer_accuracy"]
    run.claim(f"Class kept, {way}, held out", found, at_least=ours[way])
    found = run[way, "bridging_vae", "diversity"]
    run.claim(f"Varied outputs, {way}", found, above=0.5, source="section 5.2")

# %%
fits = {"mnist": short, "fashion": "fails"}
for name, value in {"mnist": 0.989, "fashion": 0.903}.items():
    found = run[name, "bridging_vae", metric]
    text = f"Reconstructions, {name}"
    run.claim(text, found, paper=value, source="Table 2", expect=short)
    gap = run.difference(name, "bridging_vae", "base", metric)
    text += ": close to the base model's"
    run.claim(text, gap, at_least=-0.02, source="section 5.1", expect=fits[name])

# %%
for way in ends:
    twins_do = {"trustworthiness": "holds", "continuity": "holds"}
    others = {"trustworthiness": short, "continuity": "fails"}
    for near, verdict in (twins_do if way == "mnist->mnist" else others).items():
        gap = run.difference(way, "bridging_vae", "random_projection", near)
        text = f"Local variations preserved, {way}: {near} above the floor"
        run.claim(text, gap, above=0, source="section 5.2", expect=verdict)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - The bridge learns from latents and class labels alone. The two models stay as they are.
# - One network goes both ways; the label on the way out decides.
# - Read class, diversity and locality together, and locality beside its floor.
#
# ## What to try
#
# Two shared numbers instead of eight: which classes are lost first? Compare with the bridge of eight: write `bridge` for `small`. With two numbers and one seed, digits 2 and 6 suffer most (0.42 and 0.64 become the right garment, pullover and shirt); every other class stays above 0.9.

# %%
from dataclasses import replace

two = replace(run.profile.bridge, shared=2)
small = run.bridge("mnist", "fashion", config=two)
after = clothes.classify(small.translate(test["mnist"].x, "mnist", "fashion")).cpu()

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
for digit in range(10):
    kept = (after[test["mnist"].y == digit] == digit).float().mean().item()
    print(f"{digit}: {kept:.2f}")
