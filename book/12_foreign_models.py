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
# # 12. Models from elsewhere
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/12_foreign_models.ipynb)
#
# **Can a bridge join a model that you found with a model that you made?**
#
# Yes. It takes one function, into or out of that model's latent space, and a class for some of its points. Type a new phrase with a known noun, such as *moon boots*: of a hundred, **97** become a picture of the right garment. Of a hundred new words, 35 do. Looking up the nearest known name finds the class of phrases about as often; the bridge adds the picture.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py foreign")];

# %% tags=["parameters"]
profile = "quick"  # a minute on two cores; this page shows "laptop" (7 minutes)

# %% tags=["nbval-ignore-output"]
from dataclasses import replace
import torch
from torch.nn import functional as F
import lt
from lt.book import figures, start
from lt.metrics import Score, floor, locality, transfer_score
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

# %%
names, classes = foreign.phrases("fashion", "train")  # 432 names of garments
vectors = encode(names)  # (432, 256)
alike = (classes[:, None] == classes).fill_diagonal_(False)  # pairs of one class
apart = torch.cdist(vectors, vectors)[alike].mean() / 256**0.5  # per number
spread = round(apart.item(), 2)

words = lt.Domain("words", encode, device=run.device)
steps = {"quick": 500, "laptop": 1500, "paper": 5000}[profile]
training = lt.Training(steps, 128, 4e-3, "onecycle", average=0.99)
config = lt.BridgeConfig(training, beta_kl=0.01, beta_swd=10.0, beta_cls=3.0)

def learn_words(corpus, s=0, shuffled=False):
    """A bridge between names of a corpus and its pictures, in set s."""
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

# %% mystnb={"figure": {"caption": "Figure 12.1. Held-out phrases, two of each of five classes, and what a bridge draws of them. The vectors of the words come from WordLlama, the pictures from the VAE of garments of chapter 2. Picked by hand among those that come out right. Such phrases mostly do; of 100 new words that no known name has, 65 come out wrong (Table 12.1)."}, "image": {"alt": "Two rows of five pictures of garments, each below its phrase: trousers below golf trousers and harem pants, sweaters below ugly sweater and nordic sweater, dresses below party dress and tea dress, bags below diaper bag and travel bag, ankle boots below moon boots and suede boots. The dresses and bags differ in shade or shape; the trousers and the boots are nearly alike."}} tags=["nbval-ignore-output"]
figures.grid({"": bridge.translate(typed, "words", "fashion")}, typed, 5, size=0.84)

# %% [markdown]
# ## The idea
#
# A model can be three functions: *encode* takes an item to a point $z$ of the latent space, *decode* takes a point to an item, and *judge* says the class $y$ of an item. A bridge learns only from points $z$ with their classes $y$. So a model may lack a function. Here are three that this project did not train, with one function each. Two are bridged; the reader gives a second opinion:
#
# | package (licence) | what it is | function | what we add |
# | --- | --- | --- | --- |
# | `wordllama` (MIT) | a vector per piece of a word | encode | classes, from lists of names |
# | `gan-face-generate` (MIT) | a GAN of faces | decode | points, by chance; classes, by measuring |
# | `rapidocr` (Apache-2.0) | a reader of printed text | judge | nothing |
#
# ## Words: a model that only encodes
#
# A text becomes the mean of the vectors of its pieces, brought to length one. That is an encoder, so words are a domain. The loss of `learn_words` is that of [chapter 3](03_bridging.ipynb); SWD and class weigh ten times as much, and the KL term five times. The weights and sizes of this page, the spread of faces and the lead that a look needs were set by hand in view of first runs; no items were kept aside to choose by. Now, a few hundred names are too few to fill a space of 256 dimensions. So each name gets a *spread*, a standard deviation per number. How much? As far as two names of one class lie apart on average (`apart`). Does a name that is moved by that much stay in its class? Which *other* name is nearest?

# %%
noise = torch.randn(vectors.shape, generator=lt.named_generator("spread", 0))
moved = F.normalize(vectors + spread * noise, dim=-1)
for method, points in {"names": vectors, "moved": moved}.items():
    cosine = (points @ vectors.T).fill_diagonal_(-1)  # the name itself is out
    hits = (classes[cosine.argmax(1)] == classes).numpy()
    score = Score({"same_class": hits.mean()}, {"same_class": hits})
    run.add("words", method, [score], table="spread")
    print(f"{method}: {hits.mean():.2f} are nearest to another name of their class")


# %% [markdown]
# Of the names, three in four are nearest to another one of their class; of the moved names, hardly fewer. The bridge learned from 432 names such as *boots*. It is measured on 136 *new phrases* around a known noun (*moon boots*), and on 100 *new words* that no known name has (*mukluk*). We wrote the lists by hand (`lt/assets/words.json`). Beside the bridge stand:
#
# - **Nearest name**: the class of the nearest known name. This rule draws nothing.
# - **Shuffled labels**: one bridge (the other lines: six), learned from names whose classes were exchanged at random.
# - **Diversity**: how far pictures of one class lie apart, relative to what the VAE can draw.

# %%
def score_words(bridge, part, s=0):
    """The score of what a bridge draws for held-out texts."""
    texts, y = foreign.phrases("fashion", part)
    z = words.posterior(texts)[0]  # (n, 256)
    made = bridge.translate(texts, "words", "fashion")
    own, own_y = run.own("fashion", s)  # what the VAE can draw
    judge = run.domain("fashion", s).classify
    return transfer_score(made, z, y, y, judge, own=own, own_y=own_y, k=3)

def nearest_name(part):
    """The score of a rule: the class of the nearest known name."""
    texts, y = foreign.phrases("fashion", part)
    nearest = (encode(texts) @ vectors.T).argmax(1)
    hits = (classes[nearest] == y).numpy()
    return Score({"transfer_accuracy": hits.mean()}, {"transfer_accuracy": hits})


# %%
bridges = [learn_words("fashion", s) for s in run.sets]  # laptop: a minute and a half
for part, setting in (("new", "new_words->fashion"), ("phrases", "words->fashion")):
    scores = [score_words(bridge, part, s) for s, bridge in enumerate(bridges)]
    run.add(setting, "bridging_vae", scores, table="words")
    run.add(setting, "nearest_name", [nearest_name(part)] * len(scores), table="words")
score = score_words(learn_words("fashion", shuffled=True), "phrases")
run.add("words->fashion", "shuffled_labels", [score], table="words")
texts, y = foreign.phrases("fashion", "phrases")
z = encode(texts)  # (136, 256)
name = vectors[(z @ vectors.T).argmax(1)]  # the nearest known name of each phrase
rest = z - (z * name).sum(1, keepdim=True) * name  # what is left without it
made = [bridge.translate(texts, "words", "fashion") for bridge in bridges]
near = [locality(rest, pictures, y, k=3) for pictures in made]
run.add("words->fashion", "name_taken_out", near, table="words")
random_map = [floor(z, y, dimensions=8, k=3)] * len(near)
run.add("words->fashion", "random_projection", random_map, table="words")

# %% tags=["nbval-ignore-output"]
columns = ["transfer_accuracy", "diversity", "trustworthiness"]
says = "Table 12.1. Held-out texts. Trustworthiness: texts of near pictures are near."
run.table("words", columns, says)


# %% [markdown]
# On phrases the bridge is right about as often as the nearest name; on new words it is not clearly better. What it adds is a picture. Pictures of one class differ, about a third as much as those that the VAE draws of real garments. The labels carry the class: with shuffled ones about one phrase in ten is right, as by guessing. Where diversity is *not measured*, too few pictures of a class are right; blank cells were not asked for.
#
# Neighbours do not need true labels: with shuffled ones they stay near about as often. So trustworthiness does not show that the words are understood.
#
# *Name taken out* leaves of a vector what is not along the nearest known name: of *moon boots*, roughly *moon*. Within a class, phrases that are near in this rest get near pictures a little more often than by chance (0.53: what three random neighbours among 14 phrases give). The words beside the noun may be the reason. But the rest can still hold some of the noun, as only one known name is taken out: a hint, not a proof. (The last line is a random map of the whole vectors to eight numbers.)
#
# ## Faces: a model that only decodes
#
# The GAN was trained on DigiFace-1M: rendered faces of people who do not exist, for non-commercial research. It has no encoder and no classes. As in [chapter 4](04_speech.ipynb) we draw points $z \sim \mathcal N(0, I)$, let a classifier judge the pictures, and keep points of a sure class.
#
# Which classes? Any that can be measured. Ours is the *look*: in which of five ways a picture is most unusual, and in which direction. We take five measures $m$: brightness, red less blue, right less left, bottom less top, and the brightness of the centre. They are made uncorrelated, with variance one: $u = C^{-1/2}(m - \bar m)$, with their covariance $C$. The look is the number $u_k$ that lies farthest from zero, and its sign. It describes the pixels, not a person: lamp, background, hair and skin all change it.

# %%
def measures(x):
    """Five numbers per picture: (n, 3, 64, 64) to (n, 5)."""
    red, green, blue = F.adaptive_avg_pool2d(x, 8).unbind(1)  # (n, 8, 8) each
    light = (red + green + blue) / 3
    place = torch.linspace(-1, 1, 8, device=x.device)  # left to right, top down
    centre = light[:, 2:7, 2:6]
    parts = [light, red - blue, light * place, light * place[:, None], centre]
    return torch.stack([part.mean((1, 2)) for part in parts], dim=-1)

draw = lt.named_generator("faces", 0, run.device)
z = torch.randn(1000, 100, generator=draw, device=run.device)
m = measures(generator(z))
values, axes = torch.linalg.eigh(m.T.cov())
whiten = axes / values.sqrt() @ axes.T  # the matrix C to the power of -1/2
radius = z.norm(dim=-1).min()
print(f"no draw is nearer to the origin than {radius:.1f}")

def judge(x):
    """Logits (n, 10): above the mean and below it, for each measure."""
    u = (measures(x) - m.mean(0)) @ whiten
    return 5 * torch.stack([u, -u], dim=-1).flatten(1)  # 5: a lead of 0.6 is 95 % sure

def decode(z):
    """Pictures of points; those nearer to the origin than any draw are moved out."""
    distance = z.norm(dim=-1, keepdim=True)
    return generator(z * (radius / distance).clamp(min=1))


# %% [markdown]
# Why move points out? Draws in 100 dimensions lie near a shell of radius 10, and the GAN has seen nothing else. A bridge answers with a mean of such draws, and that lies nearer to the origin. `decode` moves it to where the innermost of a thousand draws lies. Points of faces get a spread, too: half the draws' standard deviation. About one look in five does not survive that, so as many labels are wrong in training:

# %%
faces = lt.Domain("faces", None, decode, judge, latent=100, device=run.device)
n, n_fresh = {"quick": (30, 10), "laptop": (150, 50), "paper": (500, 100)}[profile]
points = faces.accept(n, seed=0)  # n per look; laptop: a minute and a half
fresh = faces.accept(n_fresh, seed=1)
noise = torch.randn(points.mean.shape, generator=draw, device=run.device)
moved = faces.items(points.mean + 0.5 * noise)
same = (faces.classify(moved) == points.y).double().mean()
print(f"spread 0.5: {same:.1f} of the points keep their look")

# %% [markdown]
# Digit $k$ goes to look $k$ because we say so, as the paper's Table 5 does for garments. This bridge has 16 shared numbers, where that of words has 8, and an SWD weight of 3 instead of 10:

# %%
points = replace(points, std=torch.full_like(points.mean, 0.5))
config_of_faces = replace(config, shared=16, beta_swd=3.0)
to_faces = []
for s in run.sets:  # laptop: 3 minutes
    bridge = lt.fit_bridge([run.latents("mnist", s), points], config_of_faces)
    to_faces.append(run.trained(("faces", s), bridge, bridge.history))
test = run.images("mnist")
x = test.x[figures.first_of_each_class(test.y, 2)]  # (20, 784)

# %% mystnb={"figure": {"caption": "Figure 12.2. Held-out digits, the first two of each class, and the faces that they become. Looks of 0 to 9: bright, dark, warm, cold, light from the right, from the left, from below, from above, face lighter than its ground, face darker. The dark look of 1 leaves no face to see. No real people."}, "image": {"alt": "Two blocks of ten digits, with a face below each. The faces below 0 are pale, those below 1 are black squares, those below 2 reddish, those below 3 bluish; the pictures below 4 are brighter on the right."}} tags=["nbval-ignore-output"]
figures.grid({"digits": x, "faces": to_faces[0].translate(x, "mnist", "faces")})

# %% [markdown]
# Beside it stands the class prototype of [chapter 6](06_need_a_bridge.ipynb): judge the digit, take the mean point of its look. The way back is measured on points that no bridge has seen.

# %%
some = figures.first_of_each_class(test.y, 50)  # 500 digits
unit = {"own": faces.items(points.mean), "own_y": points.y, "k": 3}  # of diversity
looks = [points.mean[points.y == look].mean(0) for look in range(10)]
prototypes = faces.items(torch.stack(looks))  # (10, 3, 64, 64)
there, simple, back = [], [], []
for s, bridge in enumerate(to_faces):
    digits = run.domain("mnist", s)
    z = run.held("mnist", s).mean[some]  # (500, 100)
    judged = digits.classify(test.x[some])
    given = z, test.y[some], judged, faces.classify
    made = faces.items(bridge.transfer(z, "mnist", "faces"))
    there.append(transfer_score(made, *given, **unit))
    simple.append(transfer_score(prototypes[judged], *given, **unit))
    made = digits.items(bridge.transfer(fresh.mean, "faces", "mnist"))
    given = fresh.mean, fresh.y, fresh.y, digits.classify
    back.append(transfer_score(made, *given, k=3))
run.add("mnist->faces", "bridging_vae", there, table="faces")
run.add("mnist->faces", "prototype", simple, table="faces")
run.add("faces->mnist", "bridging_vae", back, table="faces")

# %% tags=["nbval-ignore-output"]
run.table("faces", ["transfer_accuracy", "diversity"], "Table 12.2. Digits and faces.")

# %% [markdown]
# For the look alone, the prototype is enough. It draws one face per look; those of the bridge differ. But diversity is a distance in pixels: background and light count, too. In Figure 12.2 the two faces below 7 look alike, and below 1 both are black squares. On the way back about six digits in ten are right. The wrong labels of moved points may be why; we did not test it.
#
# ## A reader: a model that only judges
#
# Our judges learned from the models' own pictures. Perhaps they are too kind. RapidOCR learned to read signs and pages. It is not told that a picture shows a digit: a 5 read as an S counts as wrong. It reads digits that the bridge of [chapter 3](03_bridging.ipynb) made of garments. Is the gap between it and our judge *wider* there than for real digits?

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
#
# The paper says that bridges "even connect different model types (VAEs and GANs)" (section 6). That holds for these two from elsewhere as well, and classes are what it takes. Where they are missing, measure some. Two limits: from faces back to digits many looks are lost, and of new words fewer than half become the right garment. The lists of words are ours, and there is one GAN of faces.

# %%
phrases, new, unnamed = "words->fashion", "new_words->fashion", "name_taken_out"
faced, back_to, shuffled = "mnist->faces", "faces->mnist", "shuffled_labels"
ours, kept, near = "bridging_vae", "transfer_accuracy", "trustworthiness"
for text, setting, method, metric, bound in [
    ("Nine in ten new phrases are right", phrases, ours, kept, {"at_least": 0.9}),
    ("Fewer than half of the new words are right", new, ours, kept, {"below": 0.5}),
    ("Shuffled labels: as by chance", phrases, shuffled, kept, {"at_most": 0.25}),
    ("Garments of one class differ", phrases, ours, "diversity", {"above": 0.2}),
    ("Name taken out: near stays near", phrases, unnamed, near, {"above": 0.53}),
    ("Faces of one look differ", faced, ours, "diversity", {"above": 0.4}),
    ("Back to digits: fewer than three in four", back_to, ours, kept, {"below": 0.75}),
]:
    run.claim(text, run[setting, method, metric], **bound)
found = run["mnist", "from_garments", "read_by_rapidocr"]
run.claim("The reader reads digits made of garments", found, at_least=0.75)
text = "A VAE meets a GAN: digits become faces of their look"
run.claim(text, run[faced, ours, kept], at_least=0.8, source="section 6")

for text, setting, method, other, metric, most in [  # differences
    ("In class: names less moved ones", "words", "names", "moved", "same_class", 0.1),
    ("Phrases: bridge less nearest name", phrases, ours, "nearest_name", kept, 0.03),
    ("Right looks: bridge less prototype", faced, ours, "prototype", kept, 0.01),
    ("Gap: drawn less real", "mnist", "from_garments", "real_digits", "gap", 0.05),
]:
    gap = run.difference(setting, method, other, metric)
    run.claim(text, gap, at_most=most)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - A model joins by its functions; it does not matter who trained it. Of a GAN you also need the prior: where to draw, and where its points lie. Classes can come from elsewhere.
# - Do not expect what the vectors lack: on new words the bridge was not clearly better than the nearest name.
# - Ask a judge from elsewhere. Compare its gap to your own judge on real data and on what you made.
#
# ## What to try
#
# Put two bridges in a row: a typed number becomes a digit, and the digit a face. No model and no bridge has seen a word and a face together.

# %%
typed = ["bus two", "two o'clock", "gate eight", "seat 8", "9 bananas", "write a 9"]
to_digits = learn_words("mnist")

# %% cellView="form" mystnb={"figure": {"caption": "Typed numbers, their digits, and the faces of these digits."}, "image": {"alt": "Six columns headed bus two, two o'clock, gate eight, seat 8, 9 bananas and write a 9: below each the digit, and a face of the look of that digit."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
with torch.no_grad():
    z = to_digits.transfer(encode(typed), "words", "mnist")
    digits = run.domain("mnist").items(z)
    z = to_faces[0].transfer(z, "mnist", "faces")
figures.grid({"digit": digits, "face": faces.items(z)}, typed, size=0.7)
