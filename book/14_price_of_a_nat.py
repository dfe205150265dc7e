# %% [markdown]
# # 14. The price of a nat
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/14_price_of_a_nat.ipynb)
#
# **Why do the paper's printed constants keep the class of an item, or its details, but not both?**
#
# There are two causes. The KL term charges a price for each *nat* (1.44 bits) that $z'$, the eight numbers inside the bridge, carries. With the error averaged, a nat is too dear: only the class is worth it. With the error summed, nats are cheap; but the classifier, which says what digits belong to what garments, weighs almost nothing beside the sum. One number mends either reading: more than **nine in ten** digits then keep their class, and the garments vary.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (half an hour)

# %% [markdown]
# The number is, averaged, a tenth of the KL weight, and summed, a hundred times the weight of the classifier, with all else as printed and after a tenth of the steps.
#
# The paper's text calls the likelihood of a latent "the L2 norm". In one reading the squared error is *averaged* over the 100 numbers of a latent, in the other it is *summed*. [Chapter 9](09_verdict.ipynb) trains both for the full 50,000 steps, with the weight of the KL term that the text prints, 0.05. Here are shorter bridges, of 4,500 steps, over that weight, from 0 to 0.1. All else is as the text says, printed below. (Latents are not scaled, as in the text. The learning rate is constant, so these trainings are the beginning of the full ones.)

# %% tags=["nbval-ignore-output"]
from dataclasses import replace
from functools import partial
from pprint import pprint

import pandas as pd
import torch

import lt
from lt.book import figures, read, start, tables
from lt.book.profiles import BY_THE_TEXT
from lt.cache import side_by_side
from lt.metrics import difference

run = start("14_price_of_a_nat", profile)
pprint(BY_THE_TEXT)

# %%
run.prepare("mnist", "fashion", sets=[0])  # base models of chapter 2
pair = []
for name in ("mnist", "fashion"):
    items = len(run.images(name, "train"))
    latents = run.latents(name).take(slice(items))  # without moved copies
    pair.append(replace(latents, domain=None))  # numbers alone, for other processes

# %%
training, width = lt.Training(4500, batch=128), 512
weights = [0, 0.0005, 0.005, 0.02, 0.05, 0.1]  # of the KL term
if profile == "quick":
    training, width = lt.Training(400, batch=64), 128
    weights = [0, 0.0005, 0.005, 0.05]
READINGS = {"mean": "averaged", "sum": "summed"}
configs = {}
for reading in READINGS:
    base = replace(BY_THE_TEXT, reduction=reading, training=training, width=width)
    for beta in weights:
        configs[reading, beta] = replace(base, beta_kl=beta)
configs["sum", "class_x_100"] = replace(configs["sum", 0.05], beta_cls=5)  # see below
configs["sum", "SWD_x_100"] = replace(configs["sum", 0.05], beta_swd=100)
jobs = [(lt.fit_bridge, pair, config) for config in configs.values()]
side_by_side(*jobs, name="bridges")  # one training per core, into the cache
bridges = {}
for key, config in configs.items():
    bridges[key] = lt.fit_bridge(pair, config)  # from the cache
    run.trained(key, bridges[key], bridges[key].history)

# %%
test = run.images("mnist", "test")
x = test.x[figures.first_of_each_class(test.y)]  # (10, 784)
rows = {"digits": x}
z, clothes = run.vae("mnist").encode(x)[0], run.domain("fashion")
for reading, beta in (("mean", 0.05), ("mean", 0.005), ("mean", 0.0), ("sum", 0.05)):
    made = bridges[reading, beta].transfer(z, "mnist", "fashion")
    rows[f"{READINGS[reading]} {beta:g}"] = clothes.items(made)

# %% mystnb={"figure": {"caption": "Figure 14.1. Held-out digits, the first of each class, and the garments that the bridges make of them. Right would be T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag, boot. Three weights of the KL term with the error averaged, from dear to free, and the printed weight with the error summed. All after 4,500 steps. How much garments of one class vary is in Table 14.2."}, "image": {"alt": "Five rows of ten pictures: digits; at 0.05 pale garments, most of the right class, but a pullover for the 5; at 0.005 darker ones, the 8 a broken bag; at 0 much the same, the 5 a blot; summed, garments of wrong classes, such as a boot for the 1."}} tags=["nbval-ignore-output"]
figures.grid(rows)


# %% [markdown]
# ## What is for sale
#
# The posterior of $z'$ is a Gaussian. Its KL term is a number of *nats*. Its mean over items has two parts: what $z'$ says about the item (the mutual information), and how far all codes together are from the prior, $\mathrm{KL}(q(z')\,\Vert\,p(z'))$. So it is at least what $z'$ says. Which of ten classes an item has takes $\ln 10 \approx 2.3$ nats. The averaged loss of a domain, with its half of the SWD, is
#
# $$ \tfrac{1}{100}\lVert z - \hat z\rVert^2 + \beta_{KL}\,\mathrm{KL} + \beta_{Cls}\,\mathcal{L}_{Cls} + \tfrac12\beta_{SWD}\,\mathcal{L}_{SWD}. $$
#
# Multiply it by 100. Then the squared error stands alone, and a nat costs $p = 100\,\beta_{KL}$: at the printed $\beta_{KL} = 0.05$, five units of squared error. In the other reading the error is summed from the start, and a nat costs $p = \beta_{KL} = 0.05$ units. So for the error and the KL term the two readings are *one* loss at two prices, a hundred apart. (For the other two terms they are not: beside a sum, the classifier and the SWD weigh a hundredth. The SWD, the distance between the clouds of the two domains, is left out of this account.)
#
# ## What a nat saves
#
# Look at one direction of the latent space, with variance $v$. If nothing is known about an item, the best guess is the mean, and the squared error is $v$. If $R$ nats are known about a Gaussian, at least $D = v\,e^{-2R}$ is left. So the next nat saves at the rate $-dD/dR = 2D$. Buy as long as that is more than the price $p$. You stop where $D = p/2$: a *water line*. A direction whose variance lies below the line is never bought; one above it costs $\tfrac12\ln(v / \tfrac p2)$ nats. (This is reverse water-filling, [Cover and Thomas](https://onlinelibrary.wiley.com/doi/book/10.1002/047174882X), section 10.3.3.) With eight numbers in $z'$, at most eight directions can be bought.
#
# Digits are no Gaussian, they are ten clouds. So we let $z'$ buy the class first, all or nothing, then the eight widest directions *inside* the classes. Both are simplifications: a class takes room among the eight numbers too, and a bridge can buy half a class, as one below does. Is the class worth its price? It removes the variance *between* the classes, and it lowers the loss of the classifier by up to $\beta_{Cls} \ln 10$.

# %%
def spreads(latents):
    """The squared error that the class removes; the 8 widest variances in classes."""
    z = latents.sample(lt.named_generator("spreads", 0, latents.device))  # (n, 100)
    means = torch.stack([z[latents.y == label].mean(0) for label in range(10)])
    inside = z - means[latents.y]
    between = (means[latents.y] - z.mean(0)).square().sum(1).mean()
    return between.item(), torch.linalg.eigvalsh(inside.T.cov())[-8:].cpu()

def water_line(variances, price):
    """Nats that are worth their price, over all directions."""
    left = variances.clamp(max=price / 2)  # the squared error that remains
    return (variances / left).log().sum().item() / 2

CLASS = torch.tensor(10.0).log().item()  # nats

def worth_buying(between, inside, price, beta_cls=0.05):
    """Nats of the class, if they are worth their price, and of directions inside."""
    saved = between + 100 * beta_cls * CLASS  # error averaged: the classifier pays too
    return CLASS * (saved > price * CLASS) + water_line(inside, price)


# %% tags=["nbval-ignore-output"]
lines = {}
for d in pair:
    between, inside = spreads(d)
    found = [inside[-1], inside[0], between, 100 * 0.05 * CLASS, 5 * CLASS, 10 * CLASS]
    lines[tables.words(d.name)] = [f"{number:.2f}" for number in found]
heads = ["widest inside", "eighth", "class saves", "classifier pays"]
heads += ["class costs at 5", "at 10"]
caption = "Table 14.1. Variances of latents; what a class saves and costs."
tables.table(pd.DataFrame.from_dict(lines, "index", columns=heads), caption)


# %% [markdown]
# Take the averaged reading, at its price of 5. Inside the classes the widest direction lies hardly above the water line, which is at 2.5. So next to nothing is worth buying there. The class itself costs more than the error that it removes. But the classifier pays, too: multiplied by 100, it gives 5 per nat about the class. That is exactly the price, because the paper prints 0.05 for both weights. What the reconstruction saves comes on top. So the class is worth buying, and hardly anything else is.
#
# At twice the price, with a weight of 0.1, both together pay too little, 7.3 + 11.5 against 23.0 for digits: not even the class is bought.
#
# In the summed reading the price is 0.05. A class costs $0.05 \cdot 2.3 \approx 0.12$ there and saves 7.3: it is bought at once. All eight directions lie far above the water line, which is at 0.025. So the price keeps nothing out, and the class must get lost in another way.
#
# ## What the bridges bought

# %%
def of_all_codes(mean, std):
    """KL to N(0, I) of the Gaussian with the mean and covariance of all codes."""
    m = mean.mean(0)  # (8,)
    cov = mean.T.cov() + std.square().mean(0).diag()  # (8, 8)
    return 0.5 * (cov.trace() + m @ m - len(m) - cov.logdet()).item()

def classes(bridge, mean, std):
    """Share of digits whose class z' says; share of a class's most frequent garment."""
    digits, held = pair[0], run.held("mnist")
    learned, _ = bridge.encode(digits.mean, "mnist")
    means = torch.stack([learned[digits.y == label].mean(0) for label in range(10)])
    draw = lt.named_generator("said", 0, mean.device)
    said = mean + std * torch.randn(mean.shape, generator=draw, device=mean.device)
    known = torch.cdist(said, means).argmin(1) == held.y  # by the nearest class mean
    made = clothes.items(bridge.transfer(held.mean, "mnist", "fashion"))
    goes = (10 * held.y + clothes.classify(made)).bincount(minlength=100).view(10, 10)
    first = goes.max(1).values / goes.sum(1)  # of each digit, to one garment
    known = known.float().mean().item()
    return {"known_in_z'": known, "to_one_garment": first.mean().item()}

recipes = read("three_rows")  # bridges at full length, of chapter 9
way, kept = "mnist->fashion", "transfer_accuracy"
bought, scores = {}, {}
for (reading, beta), bridge in bridges.items():
    move = partial(bridge.transfer, source="mnist", target="fashion")
    scores[reading, beta] = run.score(move, "mnist", "fashion")
    with torch.no_grad():
        mean, std = bridge.encode(run.held("mnist").mean, "mnist")  # (n, 8) each
        found = classes(bridge, mean, std)
    bought[reading, beta] = lt.losses.gaussian_kl(mean, std).mean().item()
    found |= {"nats": bought[reading, beta], "of_all_codes": of_all_codes(mean, std)}
    name = f"{READINGS[reading]}_{beta}"
    run.add(way, name, [scores[reading, beta]], table="prices")
    run.add(way, name, [found], table="prices")

# %% tags=["nbval-ignore-output"]
of_digits = spreads(pair[0])
print(f"Worth buying at a price of 0.05: {worth_buying(*of_digits, 0.05):.1f} nats")

# %% cellView="form" mystnb={"figure": {"caption": "Figure 14.2. The KL term of a held-out digit, in nats, over the price of a nat: it is at least what z' says about the digit. Grey line: what is worth its price, with the error averaged: the class, and what lies above the water line. Small marks: bridges over the weight of the KL term. Large open ones: the printed constants at full length. Dotted: the class alone."}, "image": {"alt": "Nats fall from 45 to 0 as the price grows from a thousandth to ten. The points of both readings lie above a grey line that falls alike, by up to half as much again; only the averaged one at a price of five lies below it. The line steps from one class to zero near eight."}} tags=["nbval-ignore-output", "hide-input"]
# @title How Figure 14.2 is drawn
plt = figures.plt
figure, axis = plt.subplots(layout="constrained")
prices = torch.logspace(-3.4, 1.2, 500).tolist()
axis.plot(prices, [worth_buying(*of_digits, p) for p in prices], color=figures.INK)
axis.axhline(CLASS, color=figures.INK, linestyle=":")
for reading, scale, colour, marker, full in (  # a nat costs scale times the weight
    ("mean", 100, 0, "o", "printed_constants"),
    ("sum", 1, 1, "s", "printed_constants_summed"),
):
    look = {"color": figures.PALETTE[colour], "marker": marker}
    y = [bought[reading, beta] for beta in weights[1:]]  # no 0 on a log axis
    x = [scale * beta for beta in weights[1:]]
    axis.plot(x, y, label=f"error {READINGS[reading]}", **look)
    at_full = recipes[way, full, "nats"].value
    axis.plot(scale * 0.05, at_full, markersize=15, fillstyle="none", **look)
axis.set(xscale="log", xlabel="price of a nat, in squared error", ylabel="nats in z'")
axis.text(5e-4, CLASS + 0.7, "a class", color=figures.INK)
axis.legend()
figures.finished(figure)

# %% [markdown]
# Over a price that changes twenty-thousandfold, the marks of both readings follow about one line (below a price of 3 a class is worth buying without the classifier's help, so the line is the same for both): the weight of the KL term decides how much is bought. (At 0.05, where both have a mark, the averaged one buys a fifth more.)
#
# Where nats are cheap, bridges buy up to half as much again as the grey line. Averaged, at a weight of 0.0005, it is 29 nats, where the line is below 20 (printed above the figure). Nearly three of these nats, or more, are no information about the item: they are the distance of all codes from the prior. (*Of all codes* in Table 14.2 is that of the Gaussian with their mean and covariance, which of all such clouds is nearest to the prior.) The rest we did not trace.
#
# At the printed price, averaged, the training of this page is too short. What the class saves beyond its price is the 7.3 of the reconstruction, so the push is weak, and the class comes late. After all 50,000 steps it is there (the large mark). At twice that price nothing is bought at 4,500 steps, as the arithmetic says: the posterior has *collapsed*. We have not trained that one longer.
#
# ## Class and variety

# %% tags=["nbval-ignore-output"]
caption = "Table 14.2. Digits to garments: short bridges, one training per row."
columns = [kept, "diversity", "nats", "of_all_codes", "known_in_z'", "to_one_garment"]
run.table("prices", columns, caption)

# %% [markdown]
# Diversity looks only at digits that keep their class. With the error summed and all else as printed, these are under one in ten, right by chance. Their variety of about 0.6 says nothing for the bridge. (*Averaged 0.005* is the tenth of the KL weight in [chapter 9](09_verdict.ipynb). Whether the mended constants stay good for 50,000 steps we have not trained.)
#
# Compare two lines: averaged at 0.0005 and summed at 0.05. A nat costs 0.05 units of squared error in both. What differs is the weight of the classifier and of the SWD beside that error, by a factor of a hundred. Multiply both by 100, and the summed loss is the averaged one, all of it times 100, which hardly changes a step of Adam. Which of the two does it take? The lines *class x 100* and *SWD x 100* are summed at 0.05, with one of the two weights multiplied and all else as it was. It takes the classifier: with a hundred times its weight more than nine in ten digits keep their class, and the garments vary as much as with the averaged error. With a hundred times the SWD's weight the class stays lost.

# %% [markdown]
# With the error averaged, nine in ten digits keep their class at every weight up to 0.02. There the weight decides how much the garments vary: the cheaper a nat, the more. At 0.05 the class comes late, and the garments of a class are much alike. Even without a KL term, at 0, the class stays and the variety is largest. So nothing on this page asks for the term; 0.005 is the weight of the authors' code, not the best one.
#
# With the error summed, the class is kept no better than by chance, at any weight of the KL term. Is it not in $z'$? It is: of the digits, the nearest class mean in $z'$ knows nearly nine in ten (*known in z'* in Table 14.2). But it is not matched: the digits of a class scatter over several kinds of garments, and the most frequent one gets a third of them (*to one garment*). With the classifier a hundred times as heavy, it gets more than nine in ten. So the KL term is not the cause there; the classifier's weight is.
#
# All bridges of this page, and the text's at full length, are one set of base models and one training each; brackets are over items.
#
# ## What holds
#
# The lines below test the arithmetic of the price, then what was bought, then what it was worth. (The bars of the two claims on *x 100* were set after a look at the table.)

# %%
for d in pair:
    between, inside = spreads(d)
    text = f"{d.name}: at a price of 5 a class costs more than the error it removes"
    run.claim(text, between, below=5 * CLASS, exact=True)
    text = f"{d.name}: at that price at most half a nat is worth buying inside a class"
    run.claim(text, water_line(inside, 5), at_most=0.5, exact=True)
found = recipes[way, "printed_constants", "nats"].value
text = "Averaged, at full length: at most one nat more than the class"
run.claim(text, found, at_most=CLASS + 1, exact=True)
cheap, dear = bought["mean", 0.0005], bought["sum", 0.05]
text = "At one price both readings buy about as many nats: ratio"
run.claim(text, max(cheap, dear) / min(cheap, dear), at_most=1.5, exact=True)

# %%
if profile != "quick":  # where trainings are too short
    for beta in (0.005, 0.0):
        text = f"Averaged, at {beta:g}: nine in ten keep their class"
        run.claim(text, run[way, f"averaged_{beta:g}", kept], at_least=0.9)
    cheap, dear = scores["mean", 0.005], scores["mean", 0.05]
    gap = difference([cheap], [dear], "diversity")
    run.claim("Averaged: more variety at 0.005 than at 0.05", gap, above=0)
    found = run[way, "summed_class_x_100", kept]
    run.claim("Summed, class x 100: nine in ten keep their class", found, at_least=0.9)
    found = run[way, "summed_SWD_x_100", kept]
    run.claim("Summed, SWD x 100: the class stays lost", found, below=0.2)
gap = difference([scores["mean", 0.0005]], [scores["sum", 0.05]], kept)
run.claim("At one price the averaged reading keeps more classes", gap, above=0)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - The weight of a KL term is a price per nat. Before you train, ask what a nat could save.
# - Averaging an error over 100 numbers instead of summing it makes every nat a hundred times dearer, and every other term a hundred times heavier.
#
# ## What to try
#
# At which weight of the KL term is a nat inside a class worth its price, with the error averaged? Find the largest one that buys at least one nat inside the classes of digits.

# %%
_, inside = spreads(pair[0])
guess = 0.05  # the printed weight

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
while water_line(inside, 100 * guess) < 1:
    guess *= 0.99  # a little cheaper
print(f"{guess:.4f}: {water_line(inside, 100 * guess):.2f} nats")
