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
# Yes. It needs points of both latent spaces, labels for some of them, and a few settings. Type a phrase such as *moon boots*: of a hundred phrases that the bridge has
# never seen, more than **80** become a picture of the right garment.

# %% cellView="form" tags=["nbval-ignore-output", "remove-input", "setup"]
# @title Install the book (in Colab only)
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/scripts/colab.py foreign")];

# %% tags=["parameters"]
profile = "quick"  # quick: a minute on two cores; laptop: 8 minutes

# %% tags=["nbval-ignore-output"]
from dataclasses import replace

import torch
from torch.nn import functional as F

import lt
from lt.book import figures, start
from lt.metrics import Score, transfer_score
from lt.models import foreign

run = start("12_foreign_models", profile)

# %%
absent = foreign.missing()
if absent:
    print(f"Without {', '.join(absent)} a part of this page stays empty.")
    print("Python 3.10 to 3.12: pip install -e '.[foreign]', then run it again.")
has_words, has_faces = "wordllama" not in absent, "gan_face_generate" not in absent
has_reader = not {"rapidocr", "onnxruntime"} & set(absent)

# %%
steps = {"quick": 500, "laptop": 1500, "paper": 5000}[profile]
training = lt.Training(steps, 128, 4e-3, "onecycle", average=0.99)
config = lt.BridgeConfig(training, beta_kl=0.01, beta_swd=10.0, beta_cls=3.0)


def learn_words(corpus, s=0, order=None):
    """A bridge between names of a corpus and its pictures, in set s."""
    names, y = foreign.phrases(corpus, "train")  # about 400
    seen = words.latents(names, y if order is None else y[order])  # (n, 256)
    seen = replace(seen, std=torch.full_like(seen.mean, 0.08))
    bridge = lt.fit_bridge([seen, run.latents(corpus, s)], config)
    return run.trained(("words", corpus, s, order is None), bridge, bridge.history)


garments = ["golf trousers", "ugly sweater", "party dress", "diaper bag", "moon boots"]
numbers = ["exactly one", "bus two", "three o'clock", "gate eight", "9 bananas"]
if has_words:  # laptop: half a minute
    encode = foreign.load_words()  # texts to unit vectors (n, 256)
    words = lt.Domain("words", encode, device=run.device)
    to_garments, to_digits = learn_words("fashion"), learn_words("mnist")
    drawn = to_garments.translate(garments, "words", "fashion")
    rows = {"": torch.cat([drawn, to_digits.translate(numbers, "words", "mnist")])}

# %% mystnb={"figure": {"caption": "Figure 12.1. Held-out phrases, and what two bridges draw of them. The vectors of the words come from WordLlama, the pictures from the VAEs of chapter 2. Picked by hand among those that come out right (Table 12.1 counts all); change them."}, "image": {"alt": "Ten pictures, each below its phrase. First row: golf trousers, ugly sweater, party dress, diaper bag and moon boots. Second row: a 1 below exactly one, a 2 below bus two, a 3 below three o'clock, an 8 below gate eight and a 9 below 9 bananas."}} tags=["nbval-ignore-output"]
figures.grid(rows, garments + numbers, across=5, size=0.84) if has_words else None

# %% [markdown]
# ## The idea
#
# The paper wants to "combine pretrained models" in a modular way, but trains nearly all of its own. Here are three models that this project did not train.
# Their weights come inside their packages:
#
# | package (licence) | what it is | its part here |
# | --- | --- | --- |
# | `wordllama` (MIT) | a vector per piece of a word | a source without a decoder |
# | `gan-face-generate` (MIT) | a GAN of faces | a target without encoder and labels |
# | `rapidocr` (Apache-2.0) | a reader of printed text | a judge that knows nothing of this book |
#
# A bridge does not look inside any of them. It sees a set of points $z$ per model, and a class $y$ per point:
#
# $$ \{(z_i, y_i)\}_{\text{model 1}} \quad\text{and}\quad \{(z_j, y_j)\}_{\text{model 2}} \;\longrightarrow\; \text{bridge} $$
#
# `learn_words` above is all that it takes. A text becomes the mean of the vectors of its pieces, brought to length one. That is an encoder, so words are a domain. A few hundred names are too few to
# fill a space of 256 dimensions, so each gets some spread: a standard deviation of 0.08 per number. A point that near a name should mean the same. It does:

# %%
if has_words:
    names, y = foreign.phrases("fashion", "train")
    vectors = encode(names)  # (n, 256)
    noise = torch.randn(vectors.shape, generator=lt.named_generator("spread", 0))
    nearest = F.normalize(vectors + 0.08 * noise, dim=-1) @ vectors.T
    same = (y[nearest.argmax(1)] == y).double().mean()
    print(f"{len(names)} names; with spread, {same:.2f} are nearest to their own class")


# %% [markdown]
# ## Words
#
# The bridge learned from names such as *boots*. It is measured on *new phrases* around a known noun (*moon boots*), and on *new words* of which it knows no part (*mukluk*). Three things stand beside it:
#
# - **Nearest name**: the class of the nearest known name. This rule draws nothing; it says how much of the class is in the vector.
# - **Shuffled labels**: a bridge learned from names whose labels were exchanged at random.
# - **Diversity**: how far pictures of one class lie apart, relative to what the VAE can draw.

# %%
def drawn(bridge, corpus, part, s=0):
    """The score of what a bridge draws for held-out texts."""
    texts, y = foreign.phrases(corpus, part)
    z, target = words.posterior(texts)[0], run.domain(corpus, s)
    made, (own, own_y) = bridge.translate(texts, "words", corpus), run.own(corpus, s)
    return transfer_score(made, z, y, y, target.classify, own=own, own_y=own_y, k=3)


def nearest_name(corpus, part):
    """The score of a rule: the class of the nearest known name."""
    (names, known), (texts, y) = (foreign.phrases(corpus, p) for p in ("train", part))
    near = (encode(texts) @ encode(names).T).argmax(1)  # by the cosine
    hits = (known[near] == y).numpy()
    return Score({"transfer_accuracy": hits.mean()}, {"transfer_accuracy": hits})


# %%
for corpus in ("fashion", "mnist") if has_words else ():  # laptop: 3 minutes
    bridges = [learn_words(corpus, s) for s in run.sets]
    for part, what in (("phrases", "words"), ("new", "new_words")):
        scores = [drawn(bridge, corpus, part, s) for s, bridge in enumerate(bridges)]
        rule = [nearest_name(corpus, part) for _ in run.sets]
        run.add(f"{what}->{corpus}", "bridging_vae", scores, table="words")
        run.add(f"{what}->{corpus}", "nearest_name", rule, table="words")
if has_words:
    exchange = torch.randperm(len(names), generator=lt.named_generator("exchange", 0))
    scores = [drawn(learn_words("fashion", order=exchange), "fashion", "phrases")]
    run.add("words->fashion", "shuffled_labels", scores, table="words")

# %% tags=["nbval-ignore-output"]
columns, caption = ["transfer_accuracy", "diversity"], "Table 12.1. Held-out texts."
run.table("words", columns, caption) if has_words else None


# %% [markdown]
# The bridge is right about as often as the nearest name. For new words that is little, as WordLlama knows
# rare words by their pieces only. What the bridge adds is a picture per phrase, and pictures of one class differ. The labels do the work: with shuffled ones the bridge is right no more often than by chance.
#
# ## Faces
#
# The GAN was trained on DigiFace-1M: rendered faces of people who do not exist, for non-commercial research. It has no encoder and no classes. The paper's remedy for its GAN of speech works here, too
# (section 3): draw points $z \sim \mathcal N(0, I)$, let a classifier judge the pictures, and keep points of a sure class.
#
# Which classes? Any that can be measured. We take five measures $m$ of a picture: brightness, red less blue, right less left, bottom less top, and the brightness of the centre. They are made uncorrelated, with
# variance one: $u = C^{-1/2}(m - \bar m)$. The class, or *look*, is the number $u_k$ that lies farthest from zero, and its sign. A look says nothing about a person: skin, hair, lamp and background all count.

# %%
def measures(x):  # pictures (n, 3, 64, 64) to (n, 5)
    red, green, blue = F.adaptive_avg_pool2d(x, 8).unbind(1)  # (n, 8, 8) each
    light, place = (red + green + blue) / 3, torch.linspace(-1, 1, 8, device=x.device)
    parts = [light, red - blue, light * place, light * place[:, None]]
    parts.append(light[:, 2:7, 2:6])
    return torch.stack([part.mean((1, 2)) for part in parts], dim=-1)


def decode(z):  # points nearer to the origin than 5 are moved out
    return generator(z * (5 / z.norm(dim=-1, keepdim=True)).clamp(min=1))


def judge(x):  # logits (n, 10): above the mean and below it, for each measure
    u = (measures(x) - centre) @ whiten
    return 5 * torch.stack([u, -u], dim=-1).flatten(1)


# %% [markdown]
# Why move points out? Draws of $\mathcal N(0, I)$ in 100 dimensions lie near a shell of radius 10, and the GAN has seen nothing else. But a bridge answers with a mean of such draws, and that lies near the
# origin.

# %%
if has_faces:  # laptop: a minute and a half
    generator = foreign.load_faces(run.device)  # z (n, 100) to pictures
    draw = lt.named_generator("faces", 0, run.device)
    m = measures(generator(torch.randn(1000, 100, generator=draw, device=run.device)))
    values, vectors = torch.linalg.eigh(m.T.cov())
    centre, whiten = m.mean(0), vectors / values.sqrt() @ vectors.T

    faces = lt.Domain("faces", None, decode, judge, latent=100, device=run.device)
    n, fresh = {"quick": (30, 10), "laptop": (150, 50), "paper": (500, 100)}[profile]
    seen = faces.accept(n, seed=0)  # n points per look
    seen = replace(seen, std=torch.full_like(seen.mean, 0.5))
    fresh = faces.accept(fresh, seed=1)
    print(f"equally many of each look: {seen.y.bincount().unique().tolist() == [n]}")

# %% [markdown]
# Nothing in a *three* asks for cold colours. Digit $k$ goes to look $k$ because we say so, as the paper's Table 5 does for garments. With that, the bridge is like any other:

# %%
config = replace(config, shared=16, beta_swd=3.0)
test, to_faces = run.images("mnist"), []
for s in run.sets if has_faces else ():  # laptop: 3 minutes
    bridge = lt.fit_bridge([run.latents("mnist", s), seen], config)
    to_faces.append(run.trained(("faces", s), bridge, bridge.history))
if has_faces:
    x = test.x[figures.first_of_each_class(test.y, 2)]  # (20, 784)
    rows = {"digits": x, "faces": to_faces[0].translate(x, "mnist", "faces")}

# %% mystnb={"figure": {"caption": "Figure 12.2. Held-out digits, the first two of each class, and the faces that they become. Looks of 0 to 9: bright, dark, warm, cold, light from the right, from the left, from below, from above, face lighter than its ground, face darker. The faces show no real people."}, "image": {"alt": "Two blocks of ten digits, with a face below each. The faces below 0 are pale, those below 1 nearly black, those below 2 reddish, those below 3 bluish; those below 4 are lit from the right."}} tags=["nbval-ignore-output"]
figures.grid(rows) if has_faces else None

# %% [markdown]
# Beside the bridge stands the class prototype of [chapter 6](06_need_a_bridge.ipynb): judge the digit, then take the mean point of its look. The way back is measured on
# points that no bridge has seen.

# %%
from lt.maps import fit_map

some = figures.first_of_each_class(test.y, 50)  # 500 digits


def become_faces(move, s):
    """The score of digits that a map of latents turns into faces."""
    z = run.held("mnist", s).mean[some]
    judged = run.domain("mnist", s).classify(test.x[some])
    made, unit = faces.items(move(z)), {"own": real, "own_y": seen.y, "k": 3}
    return transfer_score(made, z, test.y[some], judged, faces.classify, **unit)


def become_digits(move, s):
    """The score of fresh points of the GAN that become digits."""
    digits, (own, own_y) = run.domain("mnist", s), run.own("mnist", s)
    made, unit = digits.items(move(fresh.mean)), {"own": own, "own_y": own_y, "k": 3}
    return transfer_score(made, fresh.mean, fresh.y, fresh.y, digits.classify, **unit)


# %%
from functools import partial

if has_faces:
    real = faces.items(seen.mean)
    there, simple, back = [], [], []
    for s, bridge in enumerate(to_faces):
        move = partial(bridge.transfer, source="mnist", target="faces")
        there.append(become_faces(move, s))
        move = partial(bridge.transfer, source="faces", target="mnist")
        back.append(become_digits(move, s))

        def read_class(z, digits=run.domain("mnist", s)):
            return digits.classify(digits.items(z))

        known = run.latents("mnist", s)
        move = fit_map(known, seen, "prototype", classify=read_class)
        simple.append(become_faces(move.transfer, s))
    run.add("mnist->faces", "bridging_vae", there, table="faces")
    run.add("mnist->faces", "prototype", simple, table="faces")
    run.add("faces->mnist", "bridging_vae", back, table="faces")

# %% tags=["nbval-ignore-output"]
run.table("faces", columns, "Table 12.2. Digits and faces.") if has_faces else None

# %% [markdown]
# For the look alone, the prototype is enough. It draws one face per digit; the faces of the bridge differ.
#
# ## A reader from outside
#
# All judges so far were trained on the pictures that the models were trained on. Perhaps they are too kind to what these models draw. RapidOCR learned to read signs and pages. It is not told that a picture shows a
# digit: a 5 that it reads as an S counts as wrong. Is the gap between it and our judge *wider* for digits that a bridge made?

# %%
pictures = {}
if has_reader:
    read, digits = foreign.load_reader(), run.domain("mnist")
    clothes, bridge = run.images("fashion"), run.bridge("mnist", "fashion")  # chapter 3
    n = {"quick": 3, "laptop": 60, "paper": 100}[profile]  # per class
    i, j = (figures.first_of_each_class(images.y, n) for images in (test, clothes))
    pictures["real_digits"] = test.x[i], test.y[i]
    pictures["reconstructions"] = digits.items(run.held("mnist").mean[i]), test.y[i]
    made = bridge.translate(clothes.x[j], "fashion", "mnist")
    pictures["from_garments"] = made, clothes.y[j]
if has_reader and has_words:
    texts, y = foreign.phrases("mnist", "phrases")
    pictures["from_words"] = to_digits.translate(texts, "words", "mnist"), y
for method, (x, y) in pictures.items():  # laptop: a minute
    theirs, ours = (read(x) == y).numpy(), (digits.classify(x).cpu() == y).numpy()
    hits = {"read_by_rapidocr": theirs, "seen_by_our_judge": ours}
    hits["gap"] = 1.0 * ours - theirs
    score = Score({metric: part.mean() for metric, part in hits.items()}, hits)
    run.add("mnist", method, [score], table="reader")

# %% tags=["nbval-ignore-output"]
columns = ["read_by_rapidocr", "seen_by_our_judge", "gap"]
run.table("reader", columns, "Table 12.3. Right digits.") if has_reader else None

# %% [markdown]
# The reader reads what the bridges draw about as often as our judge does.
#
# ## What holds
#
# The paper says that bridges "even connect different model types (VAEs and GANs)" (section 6). That holds for models from elsewhere as well, and labels are what it takes. Where classes are missing, measure some.
# Two limits: from faces back to digits many looks are lost, and of phrases whose nouns no known name has, fewer than half become the right garment.

# %%
kept = "transfer_accuracy"
if has_words:
    found = run["words->fashion", "bridging_vae", kept]
    run.claim("New phrases become the right garment", found, at_least=0.8)
    found = run["words->mnist", "bridging_vae", kept]
    run.claim("New phrases become the right digit", found, at_least=0.8)
    found = run["words->fashion", "bridging_vae", "diversity"]
    run.claim("Garments of one class differ", found, above=0.2)
    gap = run.difference("words->fashion", "bridging_vae", "nearest_name", kept)
    text = "No more phrases are right than by the nearest name"
    run.claim(text, gap, at_most=0.03)
    found = run["new_words->fashion", "bridging_vae", kept]
    run.claim("New words: fewer than half are right", found, below=0.5)
    found = run["words->fashion", "shuffled_labels", kept]
    run.claim("With shuffled labels: near chance", found, at_most=0.25)

# %%
if has_faces:
    found = run["mnist->faces", "bridging_vae", kept]
    text = "A VAE meets a GAN: digits become faces of their look"
    run.claim(text, found, at_least=0.8, source="section 6")
    found = run["mnist->faces", "bridging_vae", "diversity"]
    run.claim("Faces of one look differ", found, above=0.4)
    gap = run.difference("mnist->faces", "bridging_vae", "prototype", kept)
    run.claim("The bridge gets no more looks than a prototype", gap, at_most=0.01)
    found = run["faces->mnist", "bridging_vae", kept]
    run.claim("Back to digits: fewer than three in four", found, below=0.75)
if has_reader:
    found = run["mnist", "from_garments", "read_by_rapidocr"]
    run.claim("The reader reads digits made of garments", found, at_least=0.75)
    gap = run.difference("mnist", "from_garments", "real_digits", "gap")
    text = "The gap is wider than for real digits by 0.05 at most"
    run.claim(text, gap, at_most=0.05)
if has_reader and has_words:
    found = run["mnist", "from_words", "read_by_rapidocr"]
    run.claim("The reader reads digits made of words", found, at_least=0.75)

# %% tags=["nbval-ignore-output"]
run.claims()

# %% [markdown]
# ## What to remember
#
# - A bridge needs points of a latent space and a class for some of them. It does not matter who trained the model.
# - What is not in the vectors of a model, no bridge can add.
# - A judge from elsewhere is worth having. Compare its gap to your own judge on real data and on what you made.
#
# ## What to try
#
# Put two bridges in a row: a typed number becomes a digit, and the digit a face. No model and no bridge has seen a word and a face together.

# %%
typed = numbers  # or yours: ["a pair", "nine o'clock"]
if has_words and has_faces:
    with torch.no_grad():
        z = to_digits.transfer(encode(typed), "words", "mnist")
        z = to_faces[0].transfer(z, "mnist", "faces")

# %% cellView="form" mystnb={"figure": {"caption": "Typed numbers, their digits, and the faces of these digits."}, "image": {"alt": "Five columns headed exactly one, bus two, three o'clock, gate eight and 9 bananas: below each the digit, and a face of the look of that digit."}} tags=["hide-cell", "solution", "nbval-ignore-output"]
# @title Solution
if has_words and has_faces:
    rows = {"digit": to_digits.translate(typed, "words", "mnist")}
    rows["face"] = faces.items(z)
figures.grid(rows, typed, size=0.84) if has_words and has_faces else None
