# %% [markdown]
# # 9. The verdict
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/09_verdict.ipynb)
#
# **Does the paper hold?**
#
# The method holds. Its printed constants give less than the paper reports: in one reading the bridge keeps the class (near nine in ten, by two judges) but a third of the variety, in the other it loses the class. One other number, and it keeps both. With ours, more than **nine in ten** digits become the right garment, and the garments differ, after about a minute of training. Of the five claims that carry the paper, three hold with our recipe. That it keeps more classes than Pix2Pix is open. That neighbours stay neighbours passes one of two measures and fails the other.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py")];

# %% tags=["parameters"]
profile = "quick"  # without effect: this page trains nothing, it reads stored results

# %% tags=["nbval-ignore-output", "remove-output"]
from math import hypot, log
from textwrap import fill

import pandas as pd

from lt.book import figures, read, start
from lt.book.claims import shown
from lt.book.tables import table, words
from lt.metrics import Estimate

# read() takes the results of profile laptop that come with lt; where LT_RESULTS names
# a folder, results of your own in it go first
run, results = start("09_verdict", profile), read()  # of all chapters
recipes = read("three_rows")  # five recipes: benchmarks/three_rows.py
bridges, speech, rivals = read("03_bridging"), read("04_speech"), read("05_baselines")
maps, ablations = read("06_need_a_bridge"), read("08_ablations")
parts = read("parts_by_the_code")  # of chapter 8

# %% [markdown]
# **How a verdict is made.** Each claim of Table 9.1 asks that a number is above a bound. The number has a 95 % interval, and the verdict looks at both ends: the claim *holds* if both are above the bound, *fails* if both are below, and is *open* otherwise. A wider interval can only turn a verdict into *open*; it never makes a claim hold. All numbers are stored results, of profile `laptop`.
#
# Five recipes are asked; the start page lists [their constants](00_introduction.ipynb). *Ours* is that of this book. The paper's *text* calls the likelihood "the L2 norm": in one reading the squared error is *averaged* over the 100 dimensions of a latent, in the other it is *summed*. The fourth recipe changes one constant of the averaged text, to a *tenth of the KL weight*, and stops at 4,500 steps. The authors' *code* averages as well, with other constants. *One training*: on one set of base models, so the interval counts items, not the luck of a training.

# %%
RECIPES = {  # steps × batch
    "our_recipe": "2,600 × 256",
    "printed_constants": "50,000 × 128; one training",
    "printed_constants_summed": "50,000 × 128; one training",
    "tenth_of_kl": "4,500 × 128; one training",
    "authors_code": "20,000 × 512",
}
heads = {recipe: f"{words(recipe)} ({how})" for recipe, how in RECIPES.items()}
verdicts = pd.DataFrame(columns=list(heads.values()))  # a line per claim


def ask(claim, numbers, bound, prose):
    """A line of verdicts: is the number of each recipe above the bound? ``prose`` has
    the verdicts that the text states; they change none, a difference would be shown."""
    for (recipe, one), stated in zip(numbers.items(), prose.split(), strict=True):
        name = f"{claim}: {words(recipe)}"
        run.claim(name, one, above=bound, source="section 5", expect=stated)
        found = run.claimed[name]["verdict"]
        verdicts.loc[claim, heads[recipe]] = f"{found} ({one.value:.2f})"


def minus(a, b):
    """Of two independent numbers: the widths of their intervals add as squares."""
    value = a.value - b.value
    low = value - hypot(a.value - a.low, b.high - b.value)
    return Estimate(value, low, value + hypot(a.high - a.value, b.value - b.low), ())


# %%
# The right garment, by two judges, and less Pix2Pix
way, kept = "mnist->fashion", "transfer_accuracy"
second = f"{kept}_second_judge"
first = {recipe: recipes[way, recipe, kept] for recipe in RECIPES}
said = "holds fails fails holds fails"
ask("Nine in ten digits become the right garment", first, 0.9, said)
again = {recipe: recipes[way, recipe, second] for recipe in RECIPES}
said = "holds holds fails holds fails"
ask("Nine in ten of them, by the second judge", again, 0.9, said)

pix2pix = rivals[way, "pix2pix", kept]  # on other base models: no pairs of items
gaps = {recipe: minus(one, pix2pix) for recipe, one in first.items()}
paired = rivals.claims.set_index("text")  # ours has pairs, in chapter 5
paired = paired.loc["The bridge keeps more than this Pix2Pix, mnist->fashion"]
gaps["our_recipe"] = Estimate(paired.value, paired.low, paired.high, ())
ask("More of them than by Pix2Pix (difference)", gaps, 0, "open fails fails open fails")

# %%
# Speech and few labels: not tried with every recipe
word = speech["mnist->speech", "bridging_vae", f"{kept}_paper_protocol"]
claim = "Two in three digits become the right word (the paper's protocol)"
ask(claim, {"our_recipe": word}, 0.67, "holds")
few = {"our_recipe": ablations, "authors_code": parts}
few = {one: found["mnist->mnist", "labels_10", kept] for one, found in few.items()}
ask("Ten labels per class keep over half (digits to digits)", few, 0.5, "holds holds")

# %%
# Neighbours, less those that a random map to eight numbers keeps
stated = {"trustworthiness": "holds fails holds holds open", "continuity": "fails " * 5}
random_map = {name: bridges[way, "random_projection", name] for name in stated}
for name, floor in random_map.items():
    gaps = {recipe: minus(recipes[way, recipe, name], floor) for recipe in RECIPES}
    ask(f"Neighbours: {name} above a random map's (difference)", gaps, 0, stated[name])

seconds = bridges[way, "bridging_vae", "seconds"].value
run.claim("Our recipe: about a minute (90 seconds)", seconds, exact=True, below=90)
table(verdicts.fillna("not run"), "Table 9.1. Verdicts, and numbers.", list(verdicts))

# %% [markdown]
# The bar of the first two lines and the random map of the last two are ours; the paper reports 0.95 by its own protocol, and of neighbours it shows pictures. These verdicts look at class and neighbours. What $z'$ says, and how much the garments vary, tells the recipes apart:

# %%
METRICS = {
    kept: "class kept",
    second: "by a second judge",
    f"{kept}_paper_protocol": "by the paper's protocol",
    "diversity": "diversity (the model's own: 1)",
    "nats": "nats (what z' says of an item)",
}
lines = {}
for recipe in RECIPES:
    found = [recipes[way, recipe, metric] for metric in METRICS]
    sets = len(found[0].values)
    lines[words(recipe)] = [f"{one.value:.2f}" for one in found] + [sets]
lines["the paper"] = ["", "", "0.95", "", "", ""]  # its Table 1
frame = pd.DataFrame.from_dict(lines, "index", columns=[*METRICS.values(), "sets"])
nats, two = recipes[way, "printed_constants", "nats"].value, 2 * log(10)
run.claim("Averaged: at most two classes' nats", nats, exact=True, at_most=two)
table(frame, "Table 9.2. Digits to garments. Sets: disjoint sets of base models.")

# %% [markdown]
# - *Text, averaged.* $z'$ says little more than the class, which alone is $\ln 10 \approx 2.3$ nats. So most classes arrive, and the garments of a class look much alike. By the first judge just under nine in ten arrive, by the second more. By the paper's protocol fewer do: it draws $z'$ at random, and where $z'$ says so little, chance decides more.
# - *A tenth of the printed $\beta_{KL}$*, all else as printed: class and variety both arrive, after a tenth of the steps. At 4,500 steps the printed weight keeps three digits in four, with less variety still ([chapter 14](14_price_of_a_nat.ipynb)).
# - *Text, summed.* $z'$ says much, but beside the sum the classifier weighs a hundredth, and the class is lost. (The number beside it is the variety of the few that are right by chance.) With a hundred times the classifier's weight nine in ten arrive, and vary (chapter 14).
# - *The authors' code* keeps variety and loses about one digit in eight, after fifteen times as many items as ours. It has the tenth of $\beta_{KL}$ too, but a classifier that keeps its random weights and another SWD; we did not take these apart.
# - *Our recipe* is the only one that reaches the paper by the paper's protocol. It differs in more than constants: see *different here*, below.
#
# Speech was tried with our recipe alone, few labels with ours and the authors' code. Now the five claims:
#
# 1. **The right garment.** With our constants nine in ten arrive; on the way back, from garments to digits, fewer ([chapter 3](03_bridging.ipynb)).
# 2. **Better than the others.** Far better than the CycleGANs. From digits to clothes three runs do not tell our Pix2Pix from the bridge in classes; but its garments vary half as much, and on the way back it keeps a few in a hundred fewer ([chapter 5](05_baselines.ipynb)). And a bridge is not the only way: between pictures, a formula per class, which the paper does not try, keeps about as many classes and more neighbours ([chapter 6](06_need_a_bridge.ipynb)).
# 3. **Into speech.** A VAE of pictures and a GAN of sound can be joined. Our recordings are an easier corpus than the paper's ([chapter 4](04_speech.ipynb)).
# 4. **Few labels.** Ten per class keep more than half, as the paper says, also by the constants of the authors' code. Spread over groups of similar items they keep more ([chapter 8](08_ablations.ipynb)).
# 5. **Neighbours.** The paper shows pictures and says that "local variations" are preserved. Continuity asks: do neighbours before stay neighbours after? A random linear map to eight numbers keeps more of them than the pictures of any of these bridges. Trustworthiness asks the reverse, whether neighbours after were neighbours before: there three recipes pass. A part of the loss is the frozen decoder's: among latents, before anything is drawn, our bridge keeps more of the ten nearest than such a map ([chapter 3](03_bridging.ipynb)).
#
# The paper also trains the bridge "about 200 times" as fast as its GAN: half an hour against four days, on their machine. We cannot repeat that; our bridge takes about a minute on one CPU core.

# %% [markdown]
# ## Class and neighbours in one picture
#
# A good transfer lies far right in the left panel, and beyond the dashed lines in the other two. By trustworthiness most networks lie beyond it, also CycleGANs that lose the class; by continuity none does. Only the formula ("principal axes by class") does all three.

# %% cellView="form" mystnb={"figure": {"caption": "Figure 9.1. Digits to garments. Blue circles: bridges. Orange squares: other networks. Green triangle: the formula. Left: class kept; dashed: chance. Middle and right: two measures of neighbours; dashed: a random linear map to eight numbers."}, "image": {"alt": "Three panels of dots, a line per method. Left, our recipe, the tenth of the KL weight, Pix2Pix and the formula lie farthest right. Middle, trustworthiness: only the averaged text lies clearly left of the dashed line. Right, continuity: only the formula lies right of it."}} tags=["nbval-ignore-output", "hide-input"]
# @title Figure 9.1
dots = [(recipe, 0, recipes) for recipe in RECIPES]
games = ["pix2pix", "cyclegan", "latent_cyclegan"]
dots += [(game, 1, rivals) for game in games] + [("gaussian_gw", 2, maps)]
panels = {kept: 0.1} | {name: floor.value for name, floor in random_map.items()}
figure, axes = figures.plt.subplots(1, 3, figsize=(5.6, 5.4), sharey=True, layout="constrained")
for axis, (metric, line) in zip(axes, panels.items()):
    for row, (method, kind, source) in enumerate(dots):
        one, colour = source[way, method, metric], figures.PALETTE[kind]
        axis.plot(one.value, row, figures.MARKERS[kind], color=colour)
        axis.hlines(row, one.low, one.high, color=colour)
    axis.axvline(line, color=figures.INK, linestyle="--")
    names = [fill(words(method), 16) for method, *_ in dots]
    label = "class kept" if metric == kept else metric
    axis.set(xlabel=label, yticks=range(len(dots)), yticklabels=names)
    axis.locator_params(axis="x", nbins=2)
axes[0].invert_yaxis()
figures.finished(figure)

# %% [markdown]
# ## All claims of the paper
#
# Every chapter states the paper's claims as lines of code, next to the data. A result down to 0.02 below the paper's number counts as reached. [The reference](15_reference.ipynb) has all, and our own. Where a line says *our bar* or *the floor*, the paper gives no number, and the bar is ours. How many lines a claim of the paper becomes is our choice, so the share of lines that fail says little. Those that fail or are open are of five kinds:
#
# - **Class and pictures** (section 5.1). Garments lose sharpness in the base model, and more classes in the bridge than "similar" allows. Digits do not.
# - **Labels and parts** (Tables 3 and 4, section B.1). One label per class gives less than there; without the SWD or the gate, little is lost.
# - **Neighbours** (section 5.2). By continuity, a random linear map keeps more of them between digits and garments, once they are drawn. (By trustworthiness it keeps fewer, and those claims hold; by the ten nearest about as many, which is open.) Between digits and words it keeps more by both measures.
# - **On the way** (section 5.3). Inside a class the bridge's steps are less even than the target's own. Between classes, from garments to digits, the judge is less sure of the bridge's points than of real digits.
# - **Rivals** (Table 1, Figure 5). They fail less, or in another way, than the paper says: Pix2Pix keeps the classes on the way back as well, and the Latent CycleGAN is not near the identity.

# %%
claims = results.claims
claims = claims[(claims.source != "ours") & (claims.chapter != "09_verdict")].copy()
kinds = {"05": "rivals", "07": "on the way", "08": "labels and parts"}  # by chapter
claims["kind"] = claims.chapter.str[:2].map(kinds).fillna("class and pictures")
claims.loc[claims.text.str.startswith("Local variations"), "kind"] = "neighbours"
claims["source"] += ", chapter " + claims.chapter.str[:2]
claims = claims.sort_values("kind", kind="stable")
failed, still_open = claims[claims.verdict == "fails"], claims[claims.verdict == "open"]
caption = "Table 9.3. Of {} claims of the paper, {} fail and {} are open."
caption = caption.format(len(claims), len(failed), len(still_open))
shown(pd.concat([failed, still_open]).to_dict("records"), caption)

# %% tags=["hide-output", "nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What was easy, what was hard, what differs
#
# **Easy.** The network is described well enough to write it in an hour. Class labels alone do bring two latent spaces together. **Hard.** The constants. The text prints $\beta_{KL} = 0.05$ (which we take) and 0.1; the code has 0.005. The two readings of "L2 norm" differ by a factor of 100. And the speech GAN: a WaveGAN does not train on two cores. **Different here.** Speech is the Free Spoken Digit Dataset with a small spectrogram GAN, not SC09 with WaveGAN. Numbers are held out; the paper measures on training latents. Base models are ours; the paper's are not public. Our recipe also learns from two moved copies of each picture, scales the latents, and has a network a quarter as wide and another optimiser. The other four recipes learn from the pictures alone (by our [search](16_selection.ipynb), copies bring no more classes). In all five, batches hold equally many items of each class, which the authors' do not. FID uses our judge's features. Bounds of our own claims were set with first runs in view. Verdict rules changed once after results were known, in November 2026: differences are paired since, and locality has a floor.
#
# **Where is what?** Table 1: chapters [3](03_bridging.ipynb), [4](04_speech.ipynb), [5](05_baselines.ipynb). Table 2: [2](02_base_models.ipynb), 3, 4. Tables 3 and 4: [8](08_ablations.ipynb). Figures 2 and 9: [1](01_synthetic.ipynb). Figures 3, 4, 8 and 10: 3. Figures 5 and 11: 5. Figures 6 and 7: [7](07_interpolation.ipynb).
#
# ## What to remember
#
# - The method works. The constants decide whether it keeps the class, the variety, or both.
# - Accuracy is the easy part. Ask for diversity and neighbours, each beside its floor.
#
# ## What to try
#
# A result 0.02 below the paper's number still counts. Which claims would be lost with a margin of 0?

# %%
held = claims[(claims.verdict == "holds") & claims.source.str.startswith("Table")]

# %% cellView="form" tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
held = held.dropna(subset="paper")
lost = held[held.low < held.paper][["text", "value", "low", "high", "paper"]]
lost["verdict"] = ["fails" if one.high < one.paper else "open" for one in lost.itertuples()]
table(lost.set_index("text"), "Fail or are open with a margin of 0.")
