# %% [markdown]
# # 12. Models from elsewhere
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/12_foreign_models.ipynb)
#
# **Can a bridge join a model that you found with a model that you made?**
#
# Yes. One function is enough, into the latent space (of words) or out of it (of a GAN), with points to learn from and their classes. Of a hundred new phrases with a known noun, such as *moon boots*, **97** become a picture of the right garment; of a hundred new words, 35. Digits nearly always become faces of the right look, but of a hundred new faces only 57 become the right digit. For words a simple rule does about as well in class, for faces better, both ways: such models can be joined; that they need it is not shown.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py foreign")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (16 minutes)

# %% tags=["nbval-ignore-output"]
from dataclasses import replace
import torch
from torch.nn import functional as F
import lt
from lt.book import figures, start
from lt.metrics import Score, agreement, floor, transfer_score
from lt.models import foreign

run = start("12_foreign_models", profile)

# %%
absent = foreign.missing()
if absent:  # the page ends here
    print("Missing:", *absent, "(pip install -e '.[foreign]', Python 3.10 to 3.12)")
    raise SystemExit
encode = foreign.load_words()  # texts to vectors (n, 256) of length one
generator = foreign.load_faces(run.device)  # z (n, 100) to pictures (n, 3, 64, 64)
read = foreign.load_reader()  # pictures (n, 784) to the digits read (n,)

# %% [markdown]
# **The idea.** A model can be three functions: *encode* takes an item to a point $z$ of the latent space, *decode* takes a point to an item, and *judge* says the class $y$ of an item. A bridge learns only from points $z$ with their classes $y$. So a model may lack a function. Of these three, which this project did not train, two are bridged; the reader gives a second opinion. (In Colab the first cell of the notebook installs them; elsewhere `pip install -e '.[foreign]'` does, in a copy of the book's repository.)
#
# - `wordllama` (MIT) only encodes: it has a vector per piece of a word. We add classes, from lists of names.
# - `gan-face-generate` (MIT) only decodes: a GAN of faces. We add points, drawn from its prior, and their classes, by measuring.
# - `rapidocr` (Apache-2.0) only judges: it reads printed text. We add nothing.
#
# **Words first.** The points of garments come from the VAE of [chapter 2](02_base_models.ipynb). Those of words are 432 names of garments, such as *boots*, each a vector of 256 numbers. So few do not fill such a space; each name therefore becomes a wide cloud around its vector. Its *spread*, a standard deviation per number, is how far two names of one class lie apart on average (`apart`). Over 256 numbers that makes noise about 1.3 long: longer than the vectors themselves, which have length one. The loss is that of [chapter 3](03_bridging.ipynb). Its weights were found by trying, in view of the phrases that measure it, so its numbers may be a little too good: with so few names, SWD and class weigh ten times as much, and the KL term five times.

# %%
names, classes = foreign.phrases("fashion", "train")  # 432 names of garments
vectors = encode(names)  # (432, 256)
alike = (classes[:, None] == classes).fill_diagonal_(False)  # pairs of one class
apart = torch.cdist(vectors, vectors)[alike].mean() / 256**0.5  # per number
spread = round(apart.item(), 2)  # of a name in training
print("spread:", spread)
words = lt.Domain("words", encode, device=run.device)
steps = {"quick": 500, "laptop": 1500, "paper": 5000}[profile]
training = lt.Training(steps, 128, 4e-3, "onecycle", average=0.99)
config = lt.BridgeConfig(training, beta_kl=0.01, beta_swd=10.0, beta_cls=3.0)

def learn_words(corpus, s=0, shuffled=False):
    """A bridge of names and pictures, in set s; shuffled: with wrong classes."""
    names, y = foreign.phrases(corpus, "train")
    if shuffled:
        y = y[torch.randperm(len(y), generator=lt.named_generator("exchange", 0))]
    points = words.latents(names, y)  # means (n, 256)
    points = replace(points, std=torch.full_like(points.mean, spread))
    bridge = lt.fit_bridge([points, run.latents(corpus, s)], config)
    return run.trained(("words", corpus, s, shuffled), bridge, bridge.history)

typed = ["golf trousers", "ugly sweater", "party dress", "diaper bag", "moon boots"]
typed += ["harem pants", "nordic sweater", "tea dress", "travel bag", "suede boots"]
bridge = learn_words("fashion")  # laptop: a quarter of a minute

# %% mystnb={"figure": {"caption": "Figure 12.1. Held-out phrases, two of each of five classes, and what a bridge draws of them. The vectors of the words come from WordLlama, the pictures from the VAE of garments of chapter 2. Picked by hand among those that come out right. Such phrases mostly do; of new words that no known name has, two in three come out wrong (Table 12.1)."}, "image": {"alt": "Two rows of five pictures of garments, each below its phrase: trousers below golf trousers and harem pants, sweaters below ugly sweater and nordic sweater, dresses below party dress and tea dress, bags below diaper bag and travel bag, ankle boots below moon boots and suede boots. The dresses and bags differ in shade or shape; the trousers and the boots are nearly alike."}} tags=["nbval-ignore-output"]
figures.grid({"": bridge.translate(typed, "words", "fashion")}, typed, 5, size=0.84)


# %% [markdown]
# ## Words: a model that only encodes
# A text becomes the mean of the vectors of its pieces, brought to length one. That is an encoder, so words are a domain. The bridge is measured on 136 *new phrases* around a known noun (*moon boots*), and on 100 *new words* that no known name has (*mukluk*). (Some are a known name in another spelling: *flipflops*, *tshirt*.) We wrote the lists by hand (`lt/assets/words.json`). Beside the bridge stand a rule, the class of the *nearest name*, and bridges with *shuffled labels*, which learned from names with classes exchanged at random.

# %%
def nearest_name(z):
    """The number of the known name that is nearest to each vector z (n, 256)."""
    return (z @ vectors.T).argmax(1)

def score_words(made, z, y, s):
    """The score of pictures made of texts with vectors z and classes y, in set s."""
    own, own_y = run.own("fashion", s)  # the unit of diversity
    judge = run.domain("fashion", s).classify
    score = transfer_score(made, z, y, y, judge, own=own, own_y=own_y, k=3)
    for found in score.values, score.items:
        found["right_class"] = found.pop("transfer_accuracy_true_label")
    return score

for part, setting in {"phrases": "words->fashion", "new": "new_words->fashion"}.items():
    texts, y = foreign.phrases("fashion", part)
    z = encode(texts)  # (n, 256)
    for method, shuffled in (("bridging_vae", False), ("shuffled_labels", True)):
        scores = []
        for s in run.sets:  # laptop: a quarter of a minute per bridge
            one = learn_words("fashion", s, shuffled)
            made = one.translate(texts, "words", "fashion")
            scores.append(score_words(made, z, y, s))
        run.add(setting, method, scores, table="words")
    hits = (classes[nearest_name(z)] == y).numpy()
    score = Score({"right_class": hits.mean()}, {"right_class": hits})
    run.add(setting, "nearest_name", [score] * len(scores), table="words")
    near = [floor(z, y, dimensions=8, k=3)] * len(scores)
    run.add(setting, "random_projection", near, table="words")

# %% tags=["nbval-ignore-output"]
columns = ["right_class", "diversity", "trustworthiness"]
run.table("words", columns, "Table 12.1. Held-out texts and what is drawn for them.")

# %% [markdown]
# On phrases the bridge is right about as often as the nearest name (within three of a hundred: the fifth claim below); on new words it is not clearly better. Its picture is no advantage: any garment of the nearest name's class is one as well. With shuffled labels fewer than one phrase in ten is right, as by guessing. (Where diversity is *not measured*, too few pictures of a class are right; blank cells were not asked for.)
#
# Does more of a text than its class reach the picture? *Trustworthiness* asks whether texts of near pictures are near, within a class. By chance it is about 0.5 ([chapter 3](03_bridging.ipynb)). So of phrases something does reach the picture; of new words hardly anything. But one with shuffled labels keeps no less, nor does a random map to eight numbers: what the bridge keeps of a text needed no true labels.

# %% mystnb={"figure": {"caption": "Figure 12.2. The first new word of each class, and what the bridge draws of it. Nothing is picked. They should be T-shirt, trousers, pullover, dress and coat, and below sandal, shirt, sneaker, bag and ankle boot. By the judge of garments five of these ten are right: woollen, overcoat, flipflops, runners and mukluk. Of all hundred, 35 are, as a mean over the sets."}, "image": {"alt": "Ten pictures below their words: a blurred dress below singlet, a pale shirt below levis, a pullover below woollen, a T-shirt below negligee, a coat below overcoat, a faint sandal below flipflops, a smear below kurta, a sneaker below runners, a pullover below knapsack, an ankle boot below mukluk."}} tags=["nbval-ignore-output"]
first = [texts[i] for i in figures.first_of_each_class(y)]
figures.grid({"": bridge.translate(first, "words", "fashion")}, first, 5, size=0.84)


# %% [markdown]
# ## Faces: a model that only decodes
# The GAN was trained on DigiFace-1M: rendered faces of people who do not exist, for non-commercial research. As in [chapter 4](04_speech.ipynb) we draw points from its prior, $z \sim \mathcal N(0, I)$, let a classifier judge the pictures, and keep points of a sure class. Any class that can be measured will do. Ours is the *look*: in which of five ways is a picture most unusual, and in which direction? The five are brightness (far above usual: look 0, far below: look 1), red less blue (2, 3), right half less left half (4, 5), lower half less upper half (6, 7), and centre less the whole (8, 9). *Usual* is the mean over a thousand draws. A look is sure if it leads by 0.6 standard deviations. It describes the pixels, not a person: lamp, background, hair and skin all change it.
#
# Draws in 100 dimensions lie near a shell of radius 10, and the GAN has seen nothing else. A mean of draws lies nearer to the origin, and we expect a bridge to answer with something like one. (Printed: the innermost of a thousand draws, and the mean of ten.) So `decode` moves a point that is nearer than that innermost draw out to it.

# %%
def measures(x):
    """Five numbers per picture: (n, 3, 64, 64) to (n, 5)."""
    red, green, blue = F.adaptive_avg_pool2d(x, 8).unbind(1)  # (n, 8, 8) each
    light = (red + green + blue) / 3
    parts = [
        light,
        red - blue,
        light[:, :, 4:] - light[:, :, :4],
        light[:, 4:] - light[:, :4],
        light[:, 2:7, 2:6] - light.mean((1, 2), keepdim=True),
    ]
    return torch.stack([part.mean((1, 2)) for part in parts], dim=-1)

draw = lt.named_generator("faces", 0, run.device)
z = torch.randn(1000, 100, generator=draw, device=run.device)
usual, radius = measures(generator(z)), z.norm(dim=-1).min()
print(f"innermost: {radius:.1f}, the mean of ten: {z[:10].mean(0).norm():.1f}")

def judge(x):
    """Logits (n, 10): above the usual and below it, for each measure."""
    u = (measures(x) - usual.mean(0)) / usual.std(0)  # (n, 5)
    return 5 * torch.stack([u, -u], dim=-1).flatten(1)  # 5: a lead of 0.6 is 95 % sure

def decode(z):
    """Pictures of points; those nearer to the origin than any draw are moved out."""
    return generator(z * (radius / z.norm(dim=-1, keepdim=True)).clamp(min=1))

faces = lt.Domain("faces", None, decode, judge, latent=100, device=run.device)

# %% [markdown]
# In training a point of faces gets a spread, too: noise of standard deviation $\sigma$. It would leave the shell, so it is shrunk first: if $z$ is a draw from $\mathcal N(0, I)$, so is $\sqrt{1 - \sigma^2}\, z$ with that noise. Ours is 0.3, and nine in ten of the moved points keep their look.
#
# Digit $k$ goes to look $k$ because we say so, as the paper's Table 5 does for garments. Found by trying: 16 shared numbers, where the bridge of words has 8, and an SWD weight of 3 instead of 10.

# %%
wide = 0.3  # the spread of faces

def in_training(points):
    """The same points, shrunk, with their spread."""
    mean = (1 - wide**2) ** 0.5 * points.mean
    return replace(points, mean=mean, std=torch.full_like(mean, wide))

n, n_fresh = {"quick": (30, 10), "laptop": (150, 50), "paper": (500, 100)}[profile]
points = faces.accept(n, seed=0)  # n per look; laptop: a minute and a half
fresh = faces.accept(n_fresh, seed=1)
learned = in_training(points)
noise = torch.randn(points.mean.shape, generator=draw, device=run.device)
moved = faces.items(learned.mean + wide * noise)
same = (faces.classify(moved) == points.y).double().mean()
print(f"{same:.2f} of the points keep their look")

config_of_faces = replace(config, shared=16, beta_swd=3.0)
to_faces = []
for s in run.sets:  # laptop: 3 minutes
    bridge = lt.fit_bridge([run.latents("mnist", s), learned], config_of_faces)
    to_faces.append(run.trained(("faces", s), bridge, bridge.history))
test = run.images("mnist")
x = test.x[figures.first_of_each_class(test.y, 2)]  # (20, 784)

# %% mystnb={"figure": {"caption": "Figure 12.3. Held-out digits, the first two of each class, and the pictures that they become. The looks: 0 bright, 1 dark, 2 red, 3 blue, 4 right half bright, 5 left half, 6 lower half, 7 upper half, 8 centre bright, 9 centre dark. The dark look of 1 leaves no face to see. No real people."}, "image": {"alt": "Two blocks of ten digits, with a picture of the GAN below each. The faces below 0 are pale, those below 1 are black squares, those below 2 reddish, those below 3 bluish; the pictures below 4 are brighter on the right."}} tags=["nbval-ignore-output"]
figures.grid({"digits": x, "GAN": to_faces[0].translate(x, "mnist", "faces")})

# %% [markdown]
# Beside it stands the class prototype of [chapter 6](06_need_a_bridge.ipynb): judge the digit, take the mean point of its look.
#
# The way back is measured on points that no bridge has seen. Where does it lose a look: in the encoder, or in the decoder? Between them the bridge's own classifier reads the look off $z'$ (*classifier right*). *Learned points* are such that the bridge has seen. A rule without a bridge is the look of the *nearest mean* point.

# %%
learned_points = points.take(figures.first_of_each_class(points.y, n_fresh))
some = figures.first_of_each_class(test.y, n_fresh)  # laptop: 500 digits
unit = {"own": faces.items(points.mean), "own_y": points.y, "k": 3}  # of diversity
means = torch.stack([points.mean[points.y == k].mean(0) for k in range(10)])  # per look
prototypes = faces.items(means)  # (10, 3, 64, 64)

def way_back(bridge, drawn, s):
    """The score of points of faces that become digits; the look as read off z'."""
    digits = run.domain("mnist", s)
    made = digits.items(bridge.transfer(drawn.mean, "faces", "mnist"))
    score = transfer_score(made, drawn.mean, drawn.y, drawn.y, digits.classify, k=3)
    with torch.no_grad():
        shared, _ = bridge.encode(drawn.mean, "faces")  # means of z' (n, 16)
        read_off = bridge.network.classifier(shared).argmax(1)
    score.values["classifier_right"] = agreement(read_off, drawn.y)
    return score

there, simple = [], []
for s, bridge in enumerate(to_faces):
    held = run.held("mnist", s).take(some)
    judged = run.domain("mnist", s).classify(test.x[some])
    given = held.mean, test.y[some], judged, faces.classify
    made = faces.items(bridge.transfer(held.mean, "mnist", "faces"))
    there.append(transfer_score(made, *given, **unit))
    simple.append(transfer_score(prototypes[judged], *given, **unit))
run.add("mnist->faces", "bridging_vae", there, table="faces")
run.add("mnist->faces", "prototype", simple, table="faces")
for method, drawn in (("bridging_vae", fresh), ("learned_points", learned_points)):
    scores = [way_back(bridge, drawn, s) for s, bridge in enumerate(to_faces)]
    run.add("faces->mnist", method, scores, table="faces")

right = agreement(torch.cdist(fresh.mean, means).argmin(1), fresh.y)
run.add("faces->mnist", "nearest_mean", [right], "classifier_right", table="faces")
if profile != "quick":  # laptop: six minutes, nearly all to draw the points
    more = faces.accept(4 * n, seed=2)
    latents = [run.latents("mnist"), in_training(more)]
    bridge = lt.fit_bridge(latents, config_of_faces)
    run.trained("faces, more", bridge, bridge.history)
    score = way_back(bridge, fresh, 0)
    run.add("faces->mnist", "four_times_the_points_(set_0)", [score], table="faces")

# %% tags=["nbval-ignore-output"]
columns = ["transfer_accuracy", "diversity", "classifier_right"]
run.table("faces", columns, "Table 12.2. Digits and faces.")

# %% [markdown]
# For the look alone, the prototype is enough (always right, the bridge nearly always). It draws one face per look; those of the bridge differ. But diversity is a distance in pixels: background and light count, too. In Figure 12.3 the two faces below 7 look alike.
#
# On the way back fewer than six digits in ten are right. The look is lost in the encoder: the bridge's own classifier knows the look of nearly all *learned points*, and that of six in ten new ones. So the encoder has mostly memorised its points. Looks are hard to read off 1,500 points; but ten means read more of them (seven in ten) than the encoder does. Do more points help? Yes. One bridge, of the first set, learned from four times as many: three in four digits are right then (the last row; left out at `quick`).
#
# ## A reader: a model that only judges
# Our judges learned from the models' own pictures. Perhaps they are too kind. RapidOCR learned to read signs and pages; a 5 read as an S counts as wrong. It reads digits that the bridge of [chapter 3](03_bridging.ipynb) made of garments. Is the gap between it and our judge *wider* there than for real digits?

# %%
n = {"quick": 3, "laptop": 60, "paper": 100}[profile]  # per class
clothes = run.images("fashion")
garments = figures.first_of_each_class(clothes.y, n)
made = run.bridge("mnist", "fashion").translate(clothes.x[garments], "fashion", "mnist")
real = figures.first_of_each_class(test.y, n)
shown = {"real_digits": (test.x[real], test.y[real])}
shown["from_garments"] = made, clothes.y[garments]
for method, (x, y) in shown.items():  # laptop: half a minute
    theirs = (read(x) == y).numpy()
    ours = (run.domain("mnist").classify(x).cpu() == y).numpy()
    hits = {"read_by_rapidocr": theirs, "seen_by_our_judge": ours}
    hits["gap"] = 1.0 * ours - theirs
    score = Score({metric: part.mean() for metric, part in hits.items()}, hits)
    run.add("mnist", method, [score], table="reader")

# %% tags=["nbval-ignore-output"]
run.table("reader", list(hits), "Table 12.3. Right digits.")

# %% [markdown]
# The reader reads what the bridge draws about as often as our judge does: the gap is no wider there.
#
# ## What holds
# The paper says that bridges "even connect different model types (VAEs and GANs)" (section 6). That holds for these two from elsewhere as well. Two limits: from faces back to digits many looks are lost, and of new words fewer than half become the right garment. The lists of words are ours, and there is one GAN of faces. In the table, *Bridge less name* is the share of phrases right by the bridge, less that by the nearest name; *Gap: drawn less real*, how much wider the reader's gap is on what a bridge drew.

# %%
phrases, new, reader = "words->fashion", "new_words->fashion", "from_garments"
ours, right, kept = "bridging_vae", "right_class", "transfer_accuracy"
gan = "A VAE meets a GAN: digits become pictures of their look"
for text, setting, method, metric, bound in [
    ("Nine in ten new phrases are right", phrases, ours, right, {"at_least": 0.9}),
    ("Fewer than half of the new words", new, ours, right, {"below": 0.5}),
    (gan, "mnist->faces", ours, kept, {"at_least": 0.8, "source": "section 6"}),
    ("Faces to digits: over half", "faces->mnist", ours, kept, {"above": 0.5}),
]:
    run.claim(text, run[setting, method, metric], **bound)
for text, setting, method, other, metric, bound in [  # differences
    ("Bridge less name", phrases, ours, "nearest_name", right, {"at_most": 0.03}),
    ("Gap: drawn less real", "mnist", reader, "real_digits", "gap", {"at_most": 0.05}),
]:
    run.claim(text, run.difference(setting, method, other, metric), **bound)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
# - A model joins by its functions; it does not matter who trained it. Of a GAN you also need the prior: where to draw, and where its points lie. Classes can come from elsewhere.
# - Do not expect what the vectors lack: on new words the bridge was not clearly better than the nearest name.
# - Ask a judge from elsewhere. Compare its gap to your own judge on real data and on what you made.
#
# ## What to try
# Put two bridges in a row: a typed number becomes a digit, and the digit a face. No model and no bridge has seen a word and a face together.

# %%
typed = ["bus two", "two o'clock", "gate eight", "seat 8", "9 bananas", "write a 9"]
to_digits = learn_words("mnist")

# %% cellView="form" mystnb={"figure": {"caption": "Typed numbers, their digits, and the faces of these digits. Picked by hand: how often such phrases come out right is not measured here."}, "image": {"alt": "Six columns headed bus two, two o'clock, gate eight, seat 8, 9 bananas and write a 9: below each the digit, and a face of the look of that digit."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
with torch.no_grad():
    z = to_digits.transfer(encode(typed), "words", "mnist")
    digits = run.domain("mnist").items(z)
    z = to_faces[0].transfer(z, "mnist", "faces")
figures.grid({"digit": digits, "face": faces.items(z)}, typed, size=0.7)
