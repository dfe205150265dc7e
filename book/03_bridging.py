# %% [markdown]
# # 3. The bridge between pictures
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/03_bridging.ipynb)
#
# **Can a digit become a shoe, when the model of digits and the model of shoes were trained apart?**
#
# Yes. More than **nine in ten** digits become the right garment, and different digits of one class often become different garments. The price: the garments vary less than the model of clothes could draw, and of a digit's ten nearest neighbours only three are still so as garments. (Before they are drawn it is more than four; under a random map to eight numbers three, by chance 0.3.)

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (12 minutes)

# %% tags=["nbval-ignore-output"]
from dataclasses import replace
from functools import partial
from textwrap import fill

import torch
from torch.nn import functional as F

import lt
from lt.book import figures, start, widgets
from lt.bridge import bridge_objective, centre_and_scale
from lt.data import CLASSES
from lt.metrics import Score

run = start("03_bridging", profile)

# %%
digits, clothes = run.domains("mnist", "fashion")  # two frozen VAEs, from chapter 2
latents = [run.latents("mnist"), run.latents("fashion")]  # of all training pictures
config = run.profile.bridge  # printed below, with the loss
bridge = lt.fit_bridge(latents, config, seed=0)  # laptop: 40 seconds
test = {name: run.images(name, "test") for name in ("mnist", "fashion")}
x = test["mnist"].x[figures.first_of_each_class(test["mnist"].y, 2)]  # (20, 784)

# %% mystnb={"figure": {"caption": "Figure 3.1 (Figure 4 of the paper). Above: held-out digits. Below: the garments that the bridge makes of them. The first two of each class; nothing is picked."}, "image": {"alt": "Two blocks of ten pairs of pictures: handwritten digits 0 to 9, below each a garment: a T-shirt below the 0, trousers below the 1, and so on to an ankle boot below the 9. The two garments of a class differ, except those of 1, 4 and 7, which are nearly the same. The first sandal is a smear."}} tags=["nbval-ignore-output"]
# on the web page this figure is drawn at the top
figures.grid({"digits": x, "garments": bridge.translate(x, "mnist", "fashion")})

# %% [markdown]
# Which garment belongs to which digit is a choice. The paper's Table 5 makes it, in the order of Fashion-MNIST's own labels: 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
#
# ## From a digit to a garment
# The bridge never sees a picture. The frozen encoder of [chapter 2](02_base_models.ipynb) describes each picture by a *latent* $z$, 100 numbers: a mean and a standard deviation for each. With the labels, this is all that the bridge learns from. In code: `mean, std = digits.posterior(x)`, then `lt.Latents("mnist", mean, std, y)`. `run.latents` does this for every training picture and for two copies of it, turned, scaled and moved a little at random: digits by up to 10 degrees, a tenth of their size and 1.4 pixels, garments by about half as much. The copies show the bridge more handwriting than there is; the paper has none.
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
# The network is that of [chapter 1](01_synthetic.ipynb), typed there line by line, here with four layers of 128 units in the encoder and in the decoder. Both end in the *gated mixing layer* of Figure 10 of the paper.
#
# ## The loss
# The encoder answers with a mean and a standard deviation for each of the eight numbers; $z'$ is drawn from that distribution. For each domain $d$, three questions: does its latent come back (squared error, a mean over 100 dimensions), how much does $z'$ say (KL, in nats), can one linear classifier for both domains read the class off $z'$ (cross entropy $H$)? For both together: do they fill the same region (sliced Wasserstein distance)?
#
# $$ \mathcal L = \sum_d \Big( \tfrac{1}{100} \lVert z_d - \hat z_d \rVert^2 + \beta_{KL} \, \mathrm{KL}_d + \beta_{Cls} \, H_d \Big) + \beta_{SWD} \, \mathrm{SWD} $$
#
# This is Figure 8 of the paper; chapter 1 types KL and SWD, and the training loop. Here $z_d$ is centred and scaled per domain (mean 0, mean variance 1); only then do the weights mean what they say. Nobody pairs a digit with a garment: each domain draws its batch on its own, and each latent is drawn anew from its posterior.
#
# The settings are printed below. (`beta_pairs` acts only where pairs are given; here are none.) At `laptop` a bridge is trained for 2,600 steps, with 256 latents per step and domain (the paper: 50,000 steps with 128). Two optimisers share the work: Muon ([chapter 2](02_base_models.ipynb)), with rate 0.02, takes the large weight matrices, and Adam, with rate 0.002, all the rest. The constants are ours as well. The paper prints $\beta_{KL} = \beta_{Cls} = 0.05$ and leaves open whether the squared error is a mean or a sum: with the mean such a bridge keeps the class and little variety, with the sum $z'$ says much and the class is lost ([chapter 9](09_verdict.ipynb); [chapter 14](14_price_of_a_nat.ipynb) says why so much hangs on one weight).

# %% tags=["nbval-ignore-output"]
print(fill(str(config), 80))

# %%
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
    parts = parts + config.beta_kl * lt.losses.gaussian_kl(mean, std).mean()
    parts = parts + config.beta_cls * F.cross_entropy(network.classifier(z_shared), y)
    directions = F.normalize(torch.randn(config.projections, 8, **draw), dim=-1)
    swd = lt.losses.sliced_wasserstein(*z_shared.chunk(2), directions)
    return 2 * parts + config.beta_swd * swd  # twice the mean over domains is their sum


# %%
one, other = (lt.named_generator("one step", 0, z.device) for _ in range(2))
draw = {"generator": one, "device": z.device}
typed = bridge_loss(bridge.network, *draw_batch(config.training.batch, draw), draw)
theirs = bridge_objective(bridge.network, config, latents)(other, torch.zeros(()))
same = torch.isclose(typed, theirs["loss"], rtol=1e-4)
print("this loss and that of fit_bridge:", "equal" if same else "they differ")


# %% [markdown]
# ## The shared space
# If the loss works as meant, a digit and its garment share a place: points of one class lie together, whatever their domain.

# %%
@torch.no_grad()
def places(domains):
    """Latents of several domains, one after the other, in the shared space: (n, 8)."""
    return torch.cat([bridge.encode(z.mean, z.name)[0] for z in domains])

learned = [z.take(slice(None, 10_000)) for z in latents]  # training latents
place, y = places(learned), torch.cat([z.y for z in learned])
centres = torch.stack([place[y == k].mean(0) for k in range(10)])
axes = torch.linalg.svd(centres - centres.mean(0)).Vh[:2].T  # (8, 2)

held = {name: run.held(name) for name in test}  # latents of the test pictures
some = [z.take(figures.first_of_each_class(z.y, 40)) for z in held.values()]
cloud, classes = places(some), torch.cat([z.y for z in some])  # (800, 8)

# %% mystnb={"figure": {"caption": "Figure 3.2. Held-out digits and garments in the shared space, along the two directions in which the centres of the classes differ most. Each point is drawn as the number of its class: blue for digits, orange for garments."}, "image": {"alt": "A map of small numbers. Equal numbers lie in crowds. The 5s stand apart. Other crowds run into each other: 7 and 9; 1, 3 and 8; 2 and 4; 0 and 6. Blue and orange share each crowd, and mix more in some than in others."}} tags=["nbval-ignore-output"]
for name, z in held.items():
    right = torch.cdist(places([z]), centres).argmin(1) == z.y
    print(f"{name}: {right.double().mean():.3f} nearest the centre of their class")

print("of a point's ten nearest of its class, the share of the other domain:")
for k in range(10):
    at, domain = cloud[classes == k].cpu(), torch.arange(80) // 40  # 40 digits first
    near = torch.cdist(at, at).argsort(-1)[:, 1:11]  # without the point itself
    end = "\n" if k == 4 else "  "
    print(f"{k}: {(domain[near] != domain[:, None]).double().mean():.2f}", end=end)

figure, axis = figures.plt.subplots(figsize=(5, 4.6), layout="constrained")
for z, name, colour in zip(some, ("digits", "garments"), figures.PALETTE):
    for k in range(10):
        spots = (places([z])[z.y == k] @ axes).T.cpu()
        look = {"marker": f"${k}$", "s": 36, "linewidths": 0}
        axis.scatter(*spots, color=colour, label=name if k == 0 else None, **look)
axis.set(aspect="equal", xticks=[], yticks=[], frame_on=False)
figure.legend(loc="outside lower center", ncols=2)
figures.finished(figure)

# %% [markdown]
# Points of one class lie together: the first two lines say how many lie nearest to the centre of their own class (the centres are those of training latents). Do the domains mix? The last line tells, in all eight directions: 0.5 would be well mixed, 0 quite apart. All ten shares lie between: the domains overlap, and do not mix fully. The map shows two directions of eight: crowds that nearly coincide here (such as 7 and 9) are apart in the other six, or the shares of the centres would be smaller. In the map below the colours are the classes, and every point can be decoded as a digit (squares are real ones) and as a garment (circles). Point at one, tap it, or use the arrow keys. (Or [draw a digit yourself](live.md).)

# %% cellView="form" tags=["nbval-ignore-output", "hide-input"]
# @title A map to touch
some = [d.take(figures.first_of_each_class(d.y, 10)) for d in held.values()]
at = places(some)  # (200, 8)
with torch.no_grad():
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
# The same bridge does four things, and the labels alone decide which. For the last row, `run.bridge` takes another bridge from the cache, or trains it.

# %% mystnb={"figure": {"caption": "Figure 3.3 (Figures 3 and 4 of the paper). One held-out item per class; below it its reconstruction through the bridge and its transfer to the other domain. Last row: the digits of the top row, transferred to a second model of digits by a bridge of its own."}, "image": {"alt": "Seven rows of ten pictures: digits, the digits again, garments; garments, the garments again, digits; digits once more. By eye nearly all keep the class: the sandal made of the 5 is a smear, and the 5 of the last row is blurred. Details of the garments are lost."}} tags=["nbval-ignore-output"]
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
# Three questions, one after the other:
#
# - **Class**: is the result the right thing? The share of items whose class is the same before and after, as a judge of each domain sees it. Beside it: the share that have the *true* class, by the same judge and by a second, convolutional one.
# - **Diversity**: do results of one class still differ? The mean distance of two right results of one class, in pixels, over that of what the target model makes of real items of the class. So 1 is as varied as that model, and 0 is one prototype per class. In code, for one class: `F.pdist(made[right]).mean() / F.pdist(own).mean()`.
# - **Locality**: do similar items become similar? The same question three times, from strict to mild: *ten nearest*, *trustworthiness*, *continuity*. And two marks on each scale: *chance*, the least; a *random map* to eight numbers, what comes for nothing.
#
# `run.score` measures all this at once. The first number is no more than:

# %%
after = clothes.classify(bridge.translate(test["mnist"].x, "mnist", "fashion"))
kept = (digits.classify(test["mnist"].x) == after).double().mean().item()
move = partial(bridge.transfer, source="mnist", target="fashion")
score = run.score(move, "mnist", "fashion")
same = abs(kept - score["transfer_accuracy"]) < 1e-3
print("class kept, typed and by run.score:", "equal" if same else "they differ")

# %% [markdown]
# Each set has base models of its own, trained from other seeds; `laptop` has six, about a minute per bridge. The 95 % intervals count sets and test items.

# %%
both_ways = run.bridges("mnist", "fashion")  # a bridge per set of base models
ways = {
    "mnist->mnist": ("mnist", "mnist_b", run.bridges("mnist", "mnist_b")),
    "mnist->fashion": ("mnist", "fashion", both_ways),
    "fashion->mnist": ("fashion", "mnist", both_ways),
}
for way, (a, b, bridges) in ways.items():
    scores, undrawn, floors, protocol = [], [], [], []
    for s, one in enumerate(bridges):
        scores.append(run.score(partial(one.transfer, source=a, target=b), a, b, set=s))
        z = run.held(a, s)  # these two for Table 3.2
        undrawn.append(lt.metrics.locality(z.mean, one.transfer(z.mean, a, b), z.y))
        floors.append(run.floor(a, set=s, dimensions=8))
        protocol.append(run.paper_protocol(one, a, b, set=s))
    run.add(way, "bridging_vae", scores, table="transfer")
    run.add(way, "bridge_latents", undrawn, table="transfer")
    run.add(way, "random_projection", floors, table="transfer")
    name = "transfer_accuracy_paper_protocol"
    run.add(way, "bridging_vae", protocol, name, n=1000, table="transfer")
    took = [one.history["seconds"][0] for one in bridges]
    run.add(way, "bridging_vae", took, "seconds", table="transfer")

# %% tags=["nbval-ignore-output"]
hows = ["", "_true_label", "_second_judge", "_paper_protocol"]
columns = ["transfer_accuracy" + how for how in hows] + ["diversity"]
run.table("transfer", columns, "Table 3.1 (Table 1 of the paper, last row).")


# %% [markdown]
# The paper measures on 1,000 *training* latents, with $z$ and $z'$ sampled; so does `run.paper_protocol`, and only that column may stand beside the paper's number.
#
# **Locality.** Do neighbours stay neighbours? Take an item and its ten nearest of the same class, among 300. After the transfer, how many are still among its ten nearest? By chance, 0.3 of ten. That counts a neighbour as lost when it moves from place 10 to 11. The usual measures are milder: what is lost costs more, the farther away it lands (Venna and Kaski, 2001). *Trustworthiness* asks whether neighbours after were near before, *continuity* whether neighbours before are near after. Both are 1 at best, and about 0.5 by chance.
#
# What is a high number? The bridge has to pass eight numbers, so how much do eight numbers keep? As a yardstick, our *floor*, we take *random* linear maps of $z$ to eight numbers, which know nothing of garments.
#
# First one class alone: sevens, which become sneakers. Each line below is one thing made of the same sevens, from chance in the first to the digit model's own drawings in the last. "Latents" are the $\hat z$ of the bridge, not yet drawn; "pictures" are what the frozen decoder makes of them. Read the first column; the other two are the milder measures.

# %%
def ranks(x):
    distance = torch.cdist(x.double(), x.double())
    return distance.argsort(-1).argsort(-1)  # (n, n); 0 is the item itself

def trustworthiness(before, after, k=10):  # continuity: exchange the two
    n = len(before)
    neighbours = (after >= 1) & (after <= k)
    too_far = (before - k).clamp(min=0)  # places that a false neighbour came from
    return 1 - 2 * (neighbours * too_far).sum() / (n * k * (2 * n - 3 * k - 1))

def ten_nearest_kept(name, before, after, y):
    kept = []
    for label in y.unique():
        some = (y == label).nonzero().flatten()[:300]  # of one class: (n,)
        near, still = ranks(before[some]) <= 10, ranks(after[some]) <= 10  # (n, n)
        kept.append(((near & still).sum(1) - 1).double() / 10)  # less 1: itself
    kept = torch.cat(kept).cpu().numpy()  # a share per item
    return Score({name: kept.mean()}, {name: kept})


# %% tags=["nbval-ignore-output"]
sevens = held["mnist"].take((held["mnist"].y == 7).nonzero().flatten()[:300])
z_hat = bridge.transfer(sevens.mean, "mnist", "fashion")  # (n, 100)
made = clothes.items(z_hat)  # (n, 784)
maps = torch.randn(6, 100, 8, generator=lt.named_generator("random maps", 0)).to(made)
scale = {
    "pictures, shuffled": made[torch.randperm(len(made))],
    "random map": sevens.mean @ maps[0],
    "latents": z_hat,
    "pictures": made,
    "sevens, drawn again": digits.items(sevens.mean),
}
before = ranks(sevens.mean)
for name, x in scale.items():
    ten = ten_nearest_kept("ten", sevens.mean, x, sevens.y)["ten"]
    trust, stay = trustworthiness(before, ranks(x)), trustworthiness(ranks(x), before)
    print(f"{name:19} {10 * ten:3.1f} of ten, trust {trust:.3f}, continuity {stay:.3f}")
print("pictures, by lt:", lt.metrics.locality(sevens.mean, made, sevens.y))

# %% [markdown]
# Two steps, two losses. Among the latents the bridge keeps more of these sevens' neighbours than a random map, by all three measures. Then they are drawn, and the frozen decoder moves neighbours too: even the sevens' own drawings, without any bridge, keep about six of ten. A random map is not drawn either, so only latents can fairly be compared with it; for pictures it is a hard bar. Table 3.2 has both, for all classes and sets: *bridging VAE* are its pictures, *bridge latents* its $\hat z$ before drawing, *random projection* is the floor (the mean over five maps; for the ten nearest, one map per set).

# %%
kept = partial(ten_nearest_kept, "ten_nearest")
for way, (a, b, bridges) in ways.items():
    pictures, undrawn, mapped = [], [], []
    for s, one in enumerate(bridges):
        z, y = run.held(a, s).mean, run.held(a, s).y
        z_hat = one.transfer(z, a, b)
        pictures.append(kept(z, run.domain(b, s).items(z_hat), y))
        undrawn.append(kept(z, z_hat, y))
        mapped.append(kept(z, z @ maps[s], y))
    run.add(way, "bridging_vae", pictures, table="transfer")
    run.add(way, "bridge_latents", undrawn, table="transfer")
    run.add(way, "random_projection", mapped, table="transfer")

# %% tags=["nbval-ignore-output"]
columns = ["ten_nearest", "trustworthiness", "continuity"]
run.table("transfer", columns, "Table 3.2. Neighbours that stay.")

# %% [markdown]
# Compare the last two rows of each direction first: latents with latents. Between two models of digits, and from digits to clothes, the bridge keeps more than the floor by all three measures. From clothes to digits it does by the strict measure and by trustworthiness, and falls short by continuity. Then the first row: what drawing costs on top. [Chapter 6](06_need_a_bridge.ipynb) asks which methods do better.
#
# **Reconstructions** are in the paper as well. "Base model" is the frozen VAE alone, without a bridge.

# %%
metric = "reconstruction_accuracy"
for name in test:
    found = {"base": [], "bridging_vae": []}
    for s, one in enumerate(both_ways):
        domain, z = run.domain(name, s), run.held(name, s).mean
        before = domain.classify(test[name].x)
        for method, at in zip(found, (z, one.transfer(z, name, name))):
            kept = (domain.classify(domain.items(at)) == before).cpu().numpy()
            found[method].append(Score({metric: kept.mean()}, {metric: kept}))
    for method, scores in found.items():
        run.add(name, method, scores, table="reconstruction")

# %% tags=["nbval-ignore-output"]
run.table("reconstruction", caption="Table 3.3 (Table 2 of the paper). Held out.")

# %% [markdown]
# ## What holds
# - **Class and variety.** More than nine in ten digits become the right garment, by the judge and by the true label. Of garments, about nine in ten keep the class that the judge saw before; by the true label 86 in a hundred become the right digit (Table 3.1). By the paper's own protocol our numbers reach its Table 1 in all three directions. (The lower ends of our intervals may lie up to 0.02 below: our allowance. And we train on two moved copies per picture, which the paper does not have.) (From the 4,000 training images per corpus of `quick` they do not.) The results are more than half as varied as the target model's own; one half is our bar, the paper gives none. Reconstructions reach the paper's Table 2, with the same allowance. It calls them "similar to the base models"; our bar is at most 0.02 below. Digits hold it, garments do not: they lie 0.04 below.
# - **Neighbours.** The paper says that "local variations" are preserved, and gives no measure. Between two models of digits it holds. Between digits and clothes it holds for trustworthiness, by little, and fails for continuity; by the strict measure, the ten nearest, it is open: about as many stay as under a random map. But that floor is not drawn. Among latents, where both are measured alike, the bridge keeps more of the ten nearest in all directions, from clothes to digits by little. (By the milder measures as well, but for continuity from clothes to digits.) And *bridge latents* lie above *bridging VAE* throughout Table 3.2: a part of the loss is the frozen decoder's.

# %%
short = "fails" if profile == "quick" else "holds"  # 4,000 training images
found = run["mnist->fashion", "bridging_vae", "transfer_accuracy"]
run.claim("More than nine in ten digits become the right garment", found, at_least=0.9)

paper = {"mnist->mnist": 0.98, "mnist->fashion": 0.95, "fashion->mnist": 0.89}
for way, share in paper.items():
    found = run[way, "bridging_vae", "transfer_accuracy_paper_protocol"]
    run.claim(f"Class kept, {way}", found, paper=share, source="Table 1", expect=short)
    found = run[way, "bridging_vae", "diversity"]
    run.claim(f"Outputs vary, {way} (our bar)", found, above=0.5, source="section 5.2")

drawn = {"ten_nearest": "open", "trustworthiness": short, "continuity": "fails"}
for way in paper:
    for near, verdict in drawn.items():  # these verdicts between unlike domains
        gap = run.difference(way, "bridging_vae", "random_projection", near)
        text = f"Local variations preserved, {way}: {near} above the floor"
        verdict = "holds" if way == "mnist->mnist" else verdict
        run.claim(text, gap, above=0, source="section 5.2", expect=verdict)
    gap = run.difference(way, "bridge_latents", "random_projection", "ten_nearest")
    run.claim(f"Latents: more of the ten nearest than the floor, {way}", gap, above=0)

# %%
for name, value in {"mnist": 0.989, "fashion": 0.903}.items():
    found = run[name, "bridging_vae", metric]
    text = f"Reconstructions, {name}"
    run.claim(text, found, paper=value, source="Table 2", expect=short)
    gap = run.difference(name, "bridging_vae", "base", metric)
    text += ": close to the base model's (our bar)"
    verdict = "fails" if name == "fashion" else short
    run.claim(text, gap, at_least=-0.02, source="section 5.1", expect=verdict)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
# - The bridge learns from latents and class labels alone. The two models stay as they are.
# - One network goes both ways; the label on the way out decides.
# - Read class, diversity and locality together. A number of locality needs a scale: chance, and a random map.
#
# ## What to try
# Two shared numbers instead of eight: which classes are lost first?

# %%
small = run.bridge("mnist", "fashion", config=replace(config, shared=2))
after = clothes.classify(small.translate(test["mnist"].x, "mnist", "fashion")).cpu()

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
eight = clothes.classify(bridge.translate(test["mnist"].x, "mnist", "fashion")).cpu()
for digit in range(10):  # in the published run, with two numbers, 2 and 6 suffer most
    of_class = test["mnist"].y == digit
    kept = [(seen[of_class] == digit).float().mean() for seen in (after, eight)]
    print(f"{digit}: two {kept[0]:.2f}, eight {kept[1]:.2f}")
