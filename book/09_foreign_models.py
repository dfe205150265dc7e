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
# # 9. Models that nobody here trained
#
# [![Open in Colab](_static/colab.svg)](https://colab.research.google.com/github/latent-translation/latent-translation-book/blob/main/book/09_foreign_models.ipynb)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
import sys; "google.colab" in sys.modules and [get_ipython().system("cd; test -d latent-translation-book || git clone -q --depth 1 https://github.com/latent-translation/latent-translation-book"), get_ipython().run_line_magic("run", "~/latent-translation-book/lt/book/colab.py foreign")];

# %% tags=["parameters", "setup"]
import os

profile = os.environ.get("LT_PROFILE", "quick")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.book import start

run, budget = start("09_foreign_models", profile)

# %% [markdown]
# **Can you join a model that you found with one that you made?** The paper promises to "connect a vast number of models". Every decoder of the book so far was trained for it, and every judge of pictures as well.
# This chapter uses three models that it did not train: vectors of words, a GAN of faces, and a reader of printed text. Their weights come
# inside their packages. Nothing in them is changed, and nothing is downloaded.
#
# Their questions:
#
# 1. **Words**: can a bridge begin at a model without a decoder, and does it know more about a word than its nearest neighbour does?
# 2. **Faces**: can a bridge end at a model without classes? And is a bridge needed for it?
# 3. **A reader**: do our own judges flatter our own pictures?
#
# | package (licence) | what it is | its part here |
# | --- | --- | --- |
# | `wordllama` (MIT) | 256 fixed numbers for each piece of a word | a source without a decoder |
# | `gan-face-generate` (MIT) | a DCGAN of faces, 64 × 64, $z \sim \mathcal N(0, I)$ of 100 dimensions | a target without encoder or labels |
# | `rapidocr` (Apache-2.0) | a reader of text in pictures | a judge |
#
# **The faces are of people who do not exist.** The GAN was trained on [DigiFace-1M](https://github.com/microsoft/DigiFace1M): rendered faces of synthetic people, released for
# research that is not commercial. Only the weights of the GAN are used here, no picture of that set. Treat what this chapter draws as research material too, and do not sell it.
#
# The chapter needs these packages: `pip install -e '.[foreign]'` (Python 3.10 to 3.12). The README has a way that takes half a gigabyte less.

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from lt.zoo import foreign

if absent := foreign.missing():
    run.skip(f"This chapter needs {', '.join(absent)}: `pip install -e '.[foreign]'` (Python 3.10 to 3.12), then run it again.")

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import torch
from IPython.display import HTML, Markdown, display
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from lt import Domain, LtError, fit_bridge, metrics, named_generator
from lt.book import charts, plots, report, setup, widgets
from lt.book.paper import words
from lt.book.transfers import apart
from lt.datasets import CLASSES
from lt.latents import Latents
from lt.tools.sweeps import ahead, fit_bridges
from lt.zoo import maps, pretrained

bases = [setup.models(budget, ("mnist", "fashion", "speech"), number) for number in range(budget.base_models)]
base = bases[0]  # for all pictures
test = {name: base.test(name) for name in ("mnist", "fashion")}
run.uses(*[base.train(name) for name in test], *test.values())
for one in bases:
    for name, history in one.histories.items():
        run.trained(name, history)
seeds = range(budget.short_seeds)

# %% [markdown]
# ## 1. Words
#
# A *static embedding* is a table: each piece $i$ of a word has a vector $e_i$, and a text $t$ is the mean of its pieces, brought to length one,
#
# $$
# v(t) = \frac{\sum_{i \in t} e_i}{\lVert \sum_{i \in t} e_i \rVert} .
# $$
#
# That is a domain with an encoder and no decoder. A name is one exact point, and a few hundred names are too few to fill a space. So each point is given some spread, $q(z|t) = \mathcal
# N(v(t), 0.08^2 I)$: what lies near a name means the same (the second cell below says how near that is). Then words are a domain like any other, of 256 dimensions beside the images' 100.
#
# The bridge learns from names of garments and of numbers. No held-out text is among them. The held-out texts come in two kinds, which are not equally hard:
#
# - **new phrases** hold a word that no training name has, around a noun that the class has. Training has *boots*; *moon boots* is held out.
# - **new names** hold no word of training at all, not even in the singular or plural. Nothing told the bridge what a *camisole* is.
#
# The split is by a hash of the name, not by hand. The settings of the bridge were chosen on another draw of the same split. All names are in `lt/assets/words.json`; the folded cell below counts them.

# %% tags=["nbval-ignore-output"]
encode = foreign.load_words()  # a list of texts to vectors (n, 256)
CLASSES_OF = {"fashion": "garments", "mnist": "numbers"}
word_domain, written, asked = {}, {}, {}  # of each corpus: the domain, latents to learn from, new phrases to measure with
for corpus in test:
    word_domain[corpus], written[corpus], asked[corpus] = foreign.words_domain(corpus, base.device)
print(f"{written['fashion'].size} dimensions of a word, {base.domains['fashion'].latent} of a garment")

# %% tags=["nbval-ignore-output", "hide-input"]
near_own, other_class, same = [], [], []
for corpus, found in written.items():
    noisy = found.mean + foreign.SPREAD * torch.randn(found.mean.shape, generator=named_generator(f"spread {corpus}", 0)).to(found.mean)
    near_own.append(F.cosine_similarity(noisy, found.mean).mean().item())
    cosines = F.normalize(found.mean, dim=-1) @ F.normalize(found.mean, dim=-1).T
    other_class.append(cosines[found.y[:, None] != found.y].mean().item())
    same.append(metrics.agreement(word_domain[corpus].classify(word_domain[corpus].items(noisy)), found.y))
size = written["fashion"].size
Markdown(
    f"**How much spread is that?** Over {size} dimensions the noise has a length of about ${foreign.SPREAD:g} \\cdot \\sqrt{{{size}}} = {foreign.SPREAD * size**0.5:.2f}$, and a name's own vector has length 1. So a sample lies farther from its name than the name lies from the origin: "
    f"their cosine is {min(near_own):.2f} in the mean. It is still far closer to it than names of different classes are to one another (cosines of {min(other_class):.2f} to {max(other_class):.2f}), "
    f"for noise in many dimensions points nowhere in particular. The nearest name of a sample is of its own class in {' and '.join(f'{share:.3f}' for share in same)} of the cases ({' and '.join(CLASSES_OF[corpus] for corpus in written)})."
)

# %% mystnb={"code_prompt_hide": "Hide how many names", "code_prompt_show": "Show how many names"} tags=["nbval-ignore-output", "hide-cell"]
lists = {(corpus, part): foreign.phrases(corpus, part) for corpus in test for part in foreign.PARTS}
vectors = {key: encode(found.x).to(base.device) for key, found in lists.items()}
pd.DataFrame(
    {
        "names of": [words(corpus) for corpus, _ in lists],
        "part": [{"train": "training", "phrases": "new phrases", "new": "new names"}[part] for _, part in lists],
        "number": [len(found) for found in lists.values()],
        "of each class": [f"{found.y.bincount().min()} to {found.y.bincount().max()}" for found in lists.values()],
        "for example": [", ".join(found.x[i] for i in range(3, len(found), max(1, len(found) // 3)))[:50] for found in lists.values()],
    }
).style.hide().set_uuid("words")

# %% [markdown]
# A bridge between words and garments is then one line, and a picture of a word is another:

# %% tags=["nbval-ignore-output"]
bridge = fit_bridge([written["fashion"], base.seen("fashion")], budget.words_bridge)
with torch.no_grad():
    garment = bridge.transfer(encode(["moon boots"]).to(base.device), "words", "fashion")  # (1, 100)
print("moon boots:", CLASSES["fashion"][base.domains["fashion"].classify(base.domains["fashion"].items(garment)).item()])

# %% tags=["nbval-ignore-output", "hide-input"]
shuffled = {}  # a control: every name has the label of another
for corpus, found in written.items():
    order = torch.randperm(len(found), generator=named_generator(f"shuffled {corpus}", 0))
    shuffled[corpus] = replace(found, y=found.y[order.to(base.device)])
calls = [
    (fit_bridge, [replace(latents, domain=None) for latents in (written[corpus], one.seen(corpus))], budget.words_bridge, seed)
    for one in bases for corpus in test for seed in seeds
]
calls += [(fit_bridge, [replace(latents, domain=None) for latents in (shuffled[corpus], base.seen(corpus))], budget.words_bridge, 0) for corpus in test]
ahead(*calls, name="bridges of words")
of_words = {corpus: [fit_bridges([written[corpus], one.seen(corpus)], budget.words_bridge, seeds) for one in bases] for corpus in test}
no_names = {corpus: fit_bridges([shuffled[corpus], base.seen(corpus)], budget.words_bridge, [0])[0] for corpus in test}
for corpus, found in of_words.items():
    run.trained(f"bridge words-{corpus}, shuffled", no_names[corpus].history)
    for number, of_base in enumerate(found):
        for seed, bridge in enumerate(of_base):
            run.trained(f"bridge words-{corpus} {number} {seed}", bridge.history)


def draw(text, corpus):
    """The picture (784,) of a typed text; raises LtError where no word of it is known."""
    vector = foreign.look_up(encode, text, corpus).to(base.device)
    with torch.no_grad():
        return base.domains[corpus].items(of_words[corpus][0][0].transfer(vector, "words", corpus))[0].cpu()


# %% [markdown]
# ### Type a word
#
# Change these texts, then run the next cell. *Ankle boot*, *sneaker*, *seven*, *a pair*, *fifth* and *octet* are training names. The others are new.

# %%
TYPED = {
    "fashion": ("ankle boot", "sneaker", "moon boots", "golf trousers", "diaper bag", "party dress", "ugly sweater", "camel coat"),
    "mnist": ("seven", "a pair", "bus 4", "fifth", "3 bananas", "nine o'clock", "octet", "gate 6"),
}


# %% mystnb={"figure": {"caption": "What the bridges draw for typed texts: garments above, numbers below."}, "image": {"alt": "Garments under texts such as ankle boot, sneaker and moon boots, and digits under texts such as seven and bus 4."}} tags=["nbval-ignore-output", "hide-input"]
def tiles(pictures, names, across=4, size=1.6):
    """Pictures with a name above each, ``across`` in a row."""
    down = -(-len(pictures) // across)
    figure, axes = plt.subplots(down, across, figsize=(size * across, (size + 0.25) * down), squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, name in zip(axes.flat, pictures, names, strict=False):
        axis.imshow(plots.mosaic(picture[None], 1), cmap="gray", vmin=0, vmax=1)
        axis.set_title(name, fontsize=12)
    plt.close(figure)
    return figure


texts = [(text, corpus) for corpus, of_corpus in TYPED.items() for text in of_corpus]
tiles([draw(*text) for text in texts], [text for text, _ in texts])

# %% [markdown]
# A text is refused if neither it nor a word of it is near a known name:

# %% tags=["nbval-ignore-output"]
for text in ("xylophone", "?!"):
    try:
        draw(text, "fashion")
    except LtError as error:
        print(error)

# %% [markdown]
# ### Does the bridge know more than the nearest name?
#
# *Accuracy* is the share of texts whose picture the judge takes for the garment (or digit) that the text means. Two simple rules draw nothing and only name a class: the class of the **nearest training name**, and a
# **linear classifier** of the vectors. They say how much of the class is in a vector. A third draws: the **class prototype** is the mean latent of the class of the nearest name. As a control, a bridge learned from
# names whose **labels were shuffled**.

# %% tags=["nbval-ignore-output", "hide-input"]
LOCAL = 100  # real images a class that diversity is relative to
NEAR = 3  # neighbours of trustworthiness: the rarest class has ten phrases
own = {}
for name, images in test.items():
    some = torch.cat([(images.y == label).nonzero().flatten()[:LOCAL] for label in range(10)])
    own[name] = metrics.diversity(images.x[some], images.y[some])
second = {name: base.second_judge(name) for name in test}
for name in test:
    run.trained(f"second judge {name}", base.histories[f"second judge {name}"])


@torch.no_grad()
def drawn(one, transfer, corpus, part="phrases"):
    """What a map from words to latents of images draws for a part of the names, (n, 784)."""
    return one.domains[corpus].items(transfer(vectors[corpus, part]))


def scored(one, made, corpus, part="phrases"):
    """Everything that pictures of the names of a part score."""
    y, domain = lists[corpus, part].y, one.domains[corpus]
    return {
        "transfer_accuracy": metrics.agreement(domain.classify(made).cpu(), y),
        "transfer_accuracy_second_judge": metrics.agreement(replace(domain, judge=second[corpus]).classify(made).cpu(), y),
        "diversity": metrics.diversity(made.cpu(), y) / own[corpus],
        "trustworthiness": metrics.trustworthiness(vectors[corpus, part].cpu(), made.cpu(), y, named_generator("ties", 0), NEAR),
    }


def to_images(bridge, corpus):
    return lambda z: bridge.transfer(z, "words", corpus)


def nearest_name(corpus):
    """The class of the nearest training name of each vector."""
    return lambda z: word_domain[corpus].classify(word_domain[corpus].items(z))


def add_rows(table, setting, method, scores, n):
    """A row for each metric of scores, which are dictionaries: seeds in a list, in a list of base models."""
    for metric in scores[0][0]:
        run.add(table, setting, method, metric, [[score[metric] for score in of_base] for of_base in scores], n=None if metric in ("diversity", "trustworthiness") else n)


for corpus, found in of_words.items():
    setting, n = f"words->{corpus}", len(lists[corpus, "phrases"])
    add_rows("words", setting, "bridging_vae", [[scored(one, drawn(one, to_images(bridge, corpus), corpus), corpus) for bridge in of_base] for one, of_base in zip(bases, found, strict=True)], n)
    still = [[scored(one, drawn(one, maps.prototype(one.own(corpus), nearest_name(corpus)), corpus), corpus)] for one in bases]
    add_rows("words", setting, "prototype", still, n)
    add_rows("words", setting, "shuffled_labels", [[scored(base, drawn(base, to_images(no_names[corpus], corpus), corpus), corpus)]], n)
    fresh = [
        [metrics.agreement(one.domains[corpus].classify(drawn(one, to_images(bridge, corpus), corpus, "new")).cpu(), lists[corpus, "new"].y) for bridge in of_base]
        for one, of_base in zip(bases, found, strict=True)
    ]
    run.add("new names", setting, "bridging_vae", "transfer_accuracy_new_words", fresh, n=len(lists[corpus, "new"]))
    linear = LogisticRegression(C=10, max_iter=3000).fit(vectors[corpus, "train"].cpu(), lists[corpus, "train"].y)
    for table, part, metric in (("words", "phrases", "transfer_accuracy"), ("new names", "new", "transfer_accuracy_new_words")):
        z, y = vectors[corpus, part], lists[corpus, part].y
        run.add(table, setting, "nearest training name", metric, [metrics.agreement(nearest_name(corpus)(z).cpu(), y)], n=len(y))
        run.add(table, setting, "linear classifier", metric, [linear.score(z.cpu(), y)], n=len(y))


def table_of(name):
    """A table of this chapter, a line for each way and method: the first share with its 95 % interval, the rest as numbers."""
    found = {}
    for row in run.rows:
        if row["table"] == name:
            line = found.setdefault((words(row["setting"]), words(row["method"])), {})
            line[words(row["metric"])] = report.formatted(row) if not line else f"{row['value']:.3f}"
    lines = [{"Way": way, "Model": model} | line for (way, model), line in found.items()]
    return HTML(pd.DataFrame(lines).fillna("").to_html(index=False))


def rows_by_key():
    return {(row["setting"], row["method"], row["metric"]): row for row in run.rows}


def bridge_and_prototype(ways):
    """A table of some ways, a line each: accuracy, diversity and trustworthiness of the bridge and of the class prototype."""
    lines = []
    for way in ways:
        bridge, still = ({metric: rows_by_key()[way, method, metric] for metric in ("transfer_accuracy", "diversity", "trustworthiness")} for method in ("bridging_vae", "prototype"))
        lines.append(
            {
                "Way": words(way),
                "right: bridge": report.formatted(bridge["transfer_accuracy"]),
                "right: prototype": report.formatted(still["transfer_accuracy"]),
                **{f"{metric}: both": f"{bridge[metric]['value']:.2f} / {still[metric]['value']:.2f}" for metric in ("diversity", "trustworthiness")},
            }
        )
    return report.markdown(pd.DataFrame(lines))


# %% mystnb={"figure": {"caption": "Share of held-out texts that are drawn, or named, as what they mean, with 95 % intervals: the bridge, and two rules that look at the vectors alone."}, "image": {"alt": "Dot plot with four lines, new phrases and new names for garments and for numbers, and three marks on each: bridge, nearest training name and linear classifier. All three lie close together on every line; new names lie far lower than new phrases."}} tags=["nbval-ignore-output", "hide-input"]
rows = rows_by_key()
SOURCES = {"bridging_vae": "bridge", "nearest training name": "nearest name", "linear classifier": "linear classifier"}
KINDS = {"new phrases": "transfer_accuracy", "new names": "transfer_accuracy_new_words"}
charts.side_by_side(
    {
        f"{CLASSES_OF[corpus]}: {kind}": {title: rows[f"words->{corpus}", method, metric] for method, title in SOURCES.items()}
        for kind, metric in KINDS.items()
        for corpus in of_words
    },
    "share that is right",
)

# %% tags=["nbval-ignore-output", "hide-input"]
said = []
for kind, metric in KINDS.items():
    for corpus in of_words:
        ours, *rules = (rows[f"words->{corpus}", method, metric] for method in SOURCES)
        simple = max(rules, key=lambda row: row["value"])
        word = ("more" if ours["value"] > simple["value"] else "less") + " than" if apart(ours, simple) else "not told apart from"
        said.append(f"{CLASSES_OF[corpus].capitalize()}, {kind} ({ours['n']}): {report.formatted(ours)}, {word} {report.formatted(simple)} by the {words(simple['method'])}")
counts = {"wrong": [0, 0.0], "right": [0, 0.0]}  # texts by their nearest name, and how many of them a bridge draws otherwise, in the mean
for corpus, found in of_words.items():
    for part in ("phrases", "new"):
        y = lists[corpus, part].y
        missed = nearest_name(corpus)(vectors[corpus, part]).cpu() != y
        drawn_right = [(one.domains[corpus].classify(drawn(one, to_images(bridge, corpus), corpus, part)).cpu() == y) for one, of_base in zip(bases, found, strict=True) for bridge in of_base]
        for name, among in (("wrong", missed), ("right", ~missed)):
            counts[name][0] += int(among.sum())
            counts[name][1] += sum(int((right == missed)[among].sum()) for right in drawn_right) / len(drawn_right)
odd = []  # classes whose prototype the judge takes for another
for number, one in enumerate(bases):
    for corpus in of_words:
        latents = one.own(corpus)
        centres = torch.stack([latents.mean[latents.y == k].mean(0) for k in range(10)])
        with torch.no_grad():
            judged = one.domains[corpus].classify(one.domains[corpus].items(centres)).tolist()
        odd += [(number, CLASSES[corpus][k], CLASSES[corpus][found]) for k, found in enumerate(judged) if found != k]
odd_said = "; ".join(f"in set {number + 1}, *{meant}* is judged as *{found}*" for number, meant, found in odd)
control = [f"{rows[f'words->{corpus}', 'shuffled_labels', 'transfer_accuracy']['value']:.2f}" for corpus in of_words]
sure = sum(" more than" in sentence for sentence in said)
Markdown(
    f"**{'No sign that it does' if not sure else f'In {sure} of {len(said)} comparisons, yes'}.** What is right, by the bridge and by the better of the two rules:\n\n- "
    + "\n- ".join(said)
    + f"\n\nTotals may hide differences from text to text: of the {counts['wrong'][0]} texts whose nearest name is wrong a bridge draws {counts['wrong'][1]:.1f} rightly in the mean, of the {counts['right'][0]} whose nearest name is right {counts['right'][1]:.1f} wrongly.\n\nWith shuffled labels the bridge gets {' and '.join(control)} of the new phrases. New phrases are easy, for the nearest name often has the same noun. New names are hard for all three: the table has no entry for a rare word, only for its pieces "
    f"(*camisole* is {' + '.join(foreign.pieces('camisole'))}), and what no rule finds in the vectors no bridge can draw.\n\n"
    f"What the bridge adds is *variety*, since a rule names a class and a prototype draws one picture of it:\n\n{bridge_and_prototype([f'words->{corpus}' for corpus in of_words])}\n\n"
    "*Diversity* is the mean distance of pictures of one class, relative to real images; *trustworthiness* says whether neighbours within a class stay neighbours (about one half by chance). Both stand as bridge / prototype."
    + (f" A prototype fails as a whole where the mean picture of a class is not recognised: {odd_said}." if odd else "")
)

# %% [markdown]
# The next cells hold every number, the new phrases that fail with one bridge or more, and some rare words with their pieces.

# %% mystnb={"code_prompt_hide": "Hide every number of words", "code_prompt_show": "Show every number of words"} tags=["nbval-ignore-output", "hide-cell"]
table_of("words")

# %% mystnb={"code_prompt_hide": "Hide the phrases that fail", "code_prompt_show": "Show the phrases that fail"} tags=["nbval-ignore-output", "hide-cell"]
fails = []
for corpus in test:
    found = lists[corpus, "phrases"]
    judged = torch.stack(
        [one.domains[corpus].classify(drawn(one, to_images(bridge, corpus), corpus)).cpu() for one, of_base in zip(bases, of_words[corpus], strict=True) for bridge in of_base]
    )
    for i in (judged != found.y).any(0).nonzero().flatten().tolist():
        wrong = judged[judged[:, i] != found.y[i], i]
        fails.append((found.x[i], CLASSES[corpus][found.y[i]], CLASSES[corpus][int(wrong.mode().values)], f"{len(wrong)} of {len(judged)}"))
HTML(pd.DataFrame(fails, columns=["phrase", "means", "most often drawn as", "bridges that fail"]).to_html(index=False))

# %% mystnb={"code_prompt_hide": "Hide rare words and their pieces", "code_prompt_show": "Show rare words and their pieces"} tags=["nbval-ignore-output", "hide-cell"]
RARE = {"fashion": ("camisole", "chinos", "huarache", "satchel"), "mnist": ("heptagon", "neuf")}
lines = []
for corpus, names in RARE.items():
    index = word_domain[corpus].items(encode(names)).long()
    for name, i in zip(names, index.tolist(), strict=True):
        y = lists[corpus, "new"].y[lists[corpus, "new"].x.index(name)]
        lines.append((name, " + ".join(foreign.pieces(name)), CLASSES[corpus][y], lists[corpus, "train"].x[i]))
HTML(pd.DataFrame(lines, columns=["new name", "its pieces", "means", "nearest training name"]).to_html(index=False))

# %% [markdown]
# ### Name a picture
#
# The bridge runs both ways. It has no decoder of words, but the nearest training name will do. The cell below shows twenty test images and the names that they get.

# %% mystnb={"code_prompt_hide": "Hide twenty garments and their names", "code_prompt_show": "Show twenty garments and their names", "figure": {"caption": "Test images, and the training name that is nearest to where the bridge sends them: the first two of each garment."}, "image": {"alt": "Twenty garments, each with the name that the bridge gives it."}} tags=["nbval-ignore-output", "hide-cell"]
HELD = budget.foreign_items // 10  # test images a class
held_images = {name: torch.cat([(images.y == label).nonzero().flatten()[:HELD] for label in range(10)]) for name, images in test.items()}


@torch.no_grad()
def named(one, bridge, corpus):
    """Where a bridge sends test images among the words (n, 256), and the numbers of the nearest names (n,)."""
    z = bridge.transfer(one.held(corpus).mean[held_images[corpus].to(one.device)], corpus, "words")
    return z, word_domain[corpus].items(z)


def scored_names(one, bridge, corpus):
    z, index = named(one, bridge, corpus)
    x, y = test[corpus].x[held_images[corpus]], test[corpus].y[held_images[corpus]]
    known = written[corpus].take(foreign.balanced(written[corpus].y.cpu()).to(one.device))
    return {
        "transfer_accuracy": metrics.agreement(word_domain[corpus].classify(index).cpu(), one.domains[corpus].classify(x).cpu()),
        "diversity": metrics.diversity(F.normalize(z.cpu(), dim=-1), y) / metrics.diversity(known.mean.cpu(), known.y.cpu()),
        "trustworthiness": metrics.trustworthiness(x, z.cpu(), y, named_generator("ties", 0), NEAR),
    }


for corpus, found in of_words.items():
    add_rows("names", f"{corpus}->words", "bridging_vae", [[scored_names(one, bridge, corpus) for bridge in of_base] for one, of_base in zip(bases, found, strict=True)], len(held_images[corpus]))
two = [int(i) for label in range(10) for i in (test["fashion"].y[held_images["fashion"]] == label).nonzero().flatten()[:2]]
index = named(base, of_words["fashion"][0][0], "fashion")[1][two].long().tolist()
tiles(test["fashion"].x[held_images["fashion"][two]], [lists["fashion", "train"].x[i] for i in index], across=5, size=1.35)

# %% tags=["nbval-ignore-output", "hide-input"]
rows = rows_by_key()
said = []
for corpus in of_words:
    named_right, varied, near = (rows[f"{corpus}->words", "bridging_vae", metric] for metric in ("transfer_accuracy", "diversity", "trustworthiness"))
    said.append(f"{words(corpus)}: {report.formatted(named_right)} of {named_right['n']} images get a name of their class (diversity {varied['value']:.2f}, trustworthiness {near['value']:.2f})")
Markdown("; ".join(said) + ".")

# %% [markdown]
# ## 2. Faces
#
# The GAN of faces has no encoder and no classes. So we make classes, from what can be measured in a picture: thumbnails of 8 × 8 pixels give five measures $m$, which are brightness, warmth
# (red less blue), right less left, bottom less top, and centre less rim. Bright pictures are
# often warm as well, so the measures are first made uncorrelated and brought to variance one (*whitened*), with their mean $\bar m$ and covariance $C$ over samples:
#
# $$
# \begin{aligned}
# u &= C^{-1/2} (m - \bar m), \\
# \text{look} &= \Bigl(\arg\max_k |u_k|,\ \text{sign}\ u_k\Bigr).
# \end{aligned}
# $$
#
# $u_k$ says by how many standard deviations a picture is unusual in measure $k$. Its class is the measure in which it is most unusual, and in which direction: five measures, two signs, ten **looks**. A look is a statistic of the
# pixels: skin, hair, lamp and background all go into the same five numbers. So some looks, such as *darker than ground*, may draw mostly faces of one colour of skin, and a look **must not be read as a description of a person**. (Looks are named after the plain measures; whitening turns these a little.)
#
# As in the speech chapter, points of the prior are accepted where the class is clear (a softmax of the ten numbers $\pm 5 u_k$ gives it at least 0.95). The measurement labels what the bridge learns from. A
# small convolutional network, which learned from other samples, is the judge.

# %% tags=["nbval-ignore-output", "hide-input"]
faces = foreign.Faces()
z, x = {}, {}
for name, n in (("judge", budget.face_draws // 3), ("bridge", budget.face_draws), ("fresh", budget.face_fresh)):
    z[name], x[name] = foreign.face_samples(f"faces {name}", n)
looks = foreign.Looks(x["judge"])
logits = {name: looks(pictures) for name, pictures in x.items()}
sure = {name: found.softmax(-1).amax(-1) >= 0.95 for name, found in logits.items()}
label = {name: found.argmax(-1) for name, found in logits.items()}
judge, history = foreign.fit_face_judge(budget.face_judge, foreign.FacePictures("faces", x["judge"], label["judge"], f"faces judge {len(z['judge'])}"), 0, torch.device("cpu"))
run.trained("judge faces", history)
with torch.no_grad():
    opinion = torch.cat([judge(part) for part in x["fresh"].split(500)]).argmax(-1)
right = opinion == label["fresh"]
clear = sure["fresh"]
run.add("face judge", "faces", "judge", "acceptance", [sure["bridge"].double().mean().item()], n=len(z["bridge"]))
run.add("face judge", "faces", "judge", "accuracy_on_accepted", [right[clear].double().mean().item()], n=int(clear.sum()), note="fresh samples that are accepted")
run.add("face judge", "faces", "judge", "accuracy_on_all", [right.double().mean().item()], n=len(right), note="all fresh samples, also those between two classes")
accepted_share, on_clear, on_all = (report.formatted(row) for row in run.rows[-3:])
Markdown(
    f"{accepted_share} of the samples are accepted. The judge is right about {on_clear} of {int(clear.sum())} fresh samples that are accepted, and about {on_all} of all "
    f"{len(right)} fresh samples, which include those between two looks."
)


# %% mystnb={"code_prompt_hide": "Hide the ten looks", "code_prompt_show": "Show the ten looks", "figure": {"caption": "The ten looks: fresh samples of the GAN that were accepted, a row a look."}, "image": {"alt": "Ten rows of generated faces, named bright, dark, warm colours, cold colours, light from the right, left, below and above, face lighter and darker than its ground."}} tags=["nbval-ignore-output", "hide-cell"]
def gallery(lines, left, right=None, blocks=()):
    """Rows of pictures with a label on the left, and on the right. A row is a list of blocks, colour pictures (n, 3, 64, 64) each, which ``blocks`` names."""
    rows = [torch.cat([F.pad(torch.cat(list(block.cpu().clamp(0, 1)), dim=2), (0, 16), value=1.0) for block in line], dim=2)[..., :-16] for line in lines]
    figure, axes = plt.subplots(len(rows), 1, figsize=(6.6, 5.0 * len(rows) * 64 / rows[0].shape[2] + 0.35), layout="constrained")
    for i, (axis, row) in enumerate(zip(axes, rows, strict=True)):
        axis.imshow(row.permute(1, 2, 0).numpy(), interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.set_ylabel(left[i], rotation=0, ha="right", va="center", fontsize=11)
        if right:
            axis.text(1.01, 0.5, right[i], transform=axis.transAxes, ha="left", va="center", fontsize=11)
        for edge in axis.spines.values():
            edge.set_visible(False)
    start = 0
    for name, block in zip(blocks, lines[0], strict=True):
        axes[0].text(start + 32 * len(block), -8, name, ha="center", va="bottom", fontsize=11)
        start += 64 * len(block) + 16
    plt.close(figure)
    return figure


examples = {k: (clear & (label["fresh"] == k)).nonzero().flatten() for k in range(10)}
gallery([[faces.decode(z["fresh"][index[:7]])] for index in examples.values()], [name.replace("face ", "").replace(" than ground", "\nthan ground").replace("light from ", "light from\n") for name in foreign.LOOKS], blocks=[""])

# %% [markdown]
# ### The only meaning is the one that we choose
#
# Nothing in a *seven* asks for light from above. The paper's Table 5 says which digit goes to which garment; here is the same table for faces, and a second one. **Put its ten numbers in another
# order, run the cells below again, and every digit has another face.** A table turns looks into classes; the rest is a bridge like any other.

# %%
CELLS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)  # the look of digit (or garment) 0, 1, ... 9
OTHER = (*CELLS[1:], CELLS[0])  # a second table: every look moves on by one


# %% tags=["nbval-ignore-output"]
def chosen(cells):
    """The domain of faces whose classes are what a table says, latents to learn from, and latents that measure."""
    look = foreign.looks_of(cells)  # of each class
    domain = Domain("faces", None, faces.decode, lambda pictures: judge(pictures)[:, look], foreign.LATENT)
    made = []
    for name in ("bridge", "fresh"):
        points, y = z[name][sure[name]], look.argsort()[label[name][sure[name]]]
        made.append(Latents("faces", points, torch.full_like(points, foreign.SPREAD_OF_FACES), y, domain))
    return domain, made[0].take(foreign.balanced(made[0].y)).to(base.device), made[1]  # some looks are rarer than others


domain, accepted, held = chosen(CELLS)
other_domain, other, other_held = chosen(OTHER)
print(f"{len(accepted):,} points of faces with a class to learn from")

# %% tags=["nbval-ignore-output", "hide-input"]
blind = replace(accepted, y=accepted.y[torch.randperm(len(accepted), generator=named_generator("shuffled faces", 0)).to(base.device)])  # a control


def call(one, corpus, found, seed=0):
    return (fit_bridge, [replace(one.seen(corpus), domain=None), replace(found, domain=None)], budget.faces_bridge, seed)


calls = [call(one, corpus, accepted, seed) for one in bases for corpus in test for seed in seeds]
ahead(*calls, call(base, "mnist", blind), call(base, "mnist", other), name="bridges of faces")
of_faces = {corpus: [fit_bridges([one.seen(corpus), accepted], budget.faces_bridge, seeds) for one in bases] for corpus in test}
(no_looks,) = fit_bridges([base.seen("mnist"), blind], budget.faces_bridge, [0])
(moved,) = fit_bridges([base.seen("mnist"), other], budget.faces_bridge, [0])
for corpus, found in of_faces.items():
    for number, of_base in enumerate(found):
        for seed, bridge in enumerate(of_base):
            run.trained(f"bridge {corpus}-faces {number} {seed}", bridge.history)
run.trained("bridge faces, shuffled", no_looks.history)
run.trained("bridge faces, second table", moved.history)

# %% [markdown]
# One thing has to be added. A bridge answers with a mean, and a mean of many points of $\mathcal N(0, I)$ lies near the origin, where the GAN was never trained: its points lie near a
# shell of radius $\sqrt{100}$. So a point is moved out to a radius of at least $r$ before it is decoded,
#
# $$
# z \leftarrow z \cdot \max\bigl(1,\ r / \lVert z \rVert\bigr) .
# $$
#
# A small $r$ gives faces that look alike; a large one exaggerates the look. Radii from 5 to 8 are equally accurate on training digits at profile `quick`, so $r$ is the smallest of
# these; a larger one gives more varied faces (the second exercise). *Dark* is nearly black even so.

# %% tags=["nbval-ignore-output", "hide-input"]
NEAR_FACES = 5  # neighbours of trustworthiness
small_fresh = x["fresh"][clear]
own_faces = metrics.diversity(small_fresh, label["fresh"][clear])


@torch.no_grad()
def there(one, corpus, transfer, cells, domain):
    """What test images of a corpus become: scores of the faces."""
    items, y = test[corpus].x[held_images[corpus]], test[corpus].y[held_images[corpus]]
    made = faces.decode(transfer(one.held(corpus).mean[held_images[corpus].to(one.device)]).cpu())
    small = F.avg_pool2d(made, 2)
    return {
        "transfer_accuracy": metrics.agreement(domain.classify(made), one.domains[corpus].classify(items).cpu()),
        "transfer_accuracy_measured": metrics.agreement(looks(made).argmax(-1), foreign.looks_of(cells)[one.domains[corpus].classify(items).cpu()]),
        "diversity": metrics.diversity(small, y) / own_faces,
        "trustworthiness": metrics.trustworthiness(items, small, y, named_generator("ties", 0), NEAR_FACES),
    }


@torch.no_grad()
def back(one, corpus, transfer, held):
    """What fresh accepted faces become: scores of the images."""
    made = one.domains[corpus].items(transfer(held.mean.to(one.device))).cpu()
    return {
        "transfer_accuracy": metrics.agreement(one.domains[corpus].classify(made).cpu(), held.y),
        "transfer_accuracy_second_judge": metrics.agreement(replace(one.domains[corpus], judge=second[corpus]).classify(made).cpu(), held.y),
        "diversity": metrics.diversity(made, held.y) / own[corpus],
        "trustworthiness": metrics.trustworthiness(small_fresh, made, held.y, named_generator("ties", 0), NEAR_FACES),
    }


def each(score):
    """A score of every bridge: corpus, then base models and seeds."""
    return {corpus: [[score(one, corpus, bridge) for bridge in of_base] for one, of_base in zip(bases, found, strict=True)] for corpus, found in of_faces.items()}


def towards(bridge, corpus):
    return lambda z: bridge.transfer(z, corpus, "faces")


def backwards(bridge, corpus):
    return lambda z: bridge.transfer(z, "faces", corpus)


def image_class(one, corpus):
    return lambda z: one.domains[corpus].classify(one.domains[corpus].items(z))


looked_at = LogisticRegression(C=0.3, max_iter=500).fit(accepted.mean.cpu(), accepted.y.cpu())


def face_class(z):
    return torch.from_numpy(looked_at.predict(z.cpu().numpy())).to(z.device)


for corpus, scores in each(lambda one, corpus, bridge: there(one, corpus, towards(bridge, corpus), CELLS, domain)).items():
    n = len(held_images[corpus])
    add_rows("faces", f"{corpus}->faces", "bridging_vae", scores, n)
    add_rows("faces", f"{corpus}->faces", "prototype", [[there(one, corpus, maps.prototype(accepted, image_class(one, corpus)), CELLS, domain)] for one in bases], n)
add_rows("faces", "mnist->faces", "shuffled_labels", [[there(base, "mnist", towards(no_looks, "mnist"), CELLS, domain)]], len(held_images["mnist"]))
add_rows("faces", "mnist->faces", "bridge, second table", [[there(base, "mnist", towards(moved, "mnist"), OTHER, other_domain)]], len(held_images["mnist"]))
for corpus, scores in each(lambda one, corpus, bridge: back(one, corpus, backwards(bridge, corpus), held)).items():
    add_rows("faces back", f"faces->{corpus}", "bridging_vae", scores, len(held))
    add_rows("faces back", f"faces->{corpus}", "prototype", [[back(one, corpus, maps.prototype(one.own(corpus), face_class), held)] for one in bases], len(held))
add_rows("faces back", "faces->mnist", "shuffled_labels", [[back(base, "mnist", backwards(no_looks, "mnist"), held)]], len(held))

# %% tags=["nbval-ignore-output", "hide-input"]
rows = rows_by_key()
FACES = ("mnist->faces", "fashion->faces", "faces->mnist", "faces->fashion")
both = {way: [rows[way, method, "transfer_accuracy"] for method in ("prototype", "bridging_vae")] for way in FACES}
ahead_by_mean = [way for way, (still, ours) in both.items() if still["value"] > ours["value"]]
ahead_surely = [way for way in ahead_by_mean if apart(*both[way])]
varied = {method: [rows[way, method, "diversity"]["value"] for way in FACES] for method in ("bridging_vae", "prototype")}
Markdown(
    f"**Is a bridge needed for this? For the class alone, {'no' if len(ahead_by_mean) > 2 else 'yes'}.** In {len(ahead_by_mean)} of {len(FACES)} directions the class prototype (classify, then draw the mean of that class) is more accurate than the bridge"
    + (f", in {len(ahead_surely)} with intervals apart" if ahead_by_mean else "")
    + f". The bridge is for variety: its diversity is {min(varied['bridging_vae']):.2f} to {max(varied['bridging_vae']):.2f}, that of prototypes {min(varied['prototype']):.2f} to {max(varied['prototype']):.2f}.\n\n"
    f"{bridge_and_prototype(FACES)}\n\n"
    f"- **Another table, other faces**: under the second table {rows['mnist->faces', 'bridge, second table', 'transfer_accuracy']['value']:.3f} of the digits become the look that it asks for. So the meaning is ours: two tables of many both work.\n"
    f"- **Back**, from faces to images, both start from a point $z$ of the prior, and only the third or so of the points whose look is clear is measured. A linear classifier of the point (which the prototypes use) finds {looked_at.score(held.mean.cpu(), held.y.cpu()):.3f} of these looks: "
    "a point shows its look only in part.\n"
    f"- **With shuffled labels** the bridge reaches {rows['mnist->faces', 'shuffled_labels', 'transfer_accuracy']['value']:.3f} into faces and {rows['faces->mnist', 'shuffled_labels', 'transfer_accuracy']['value']:.3f} back, where 0.1 is chance. "
    "The sliced Wasserstein distance alone carries whole classes to whole looks, and some land on their own; with one bridge we cannot say whether that is chance."
)

# %% mystnb={"code_prompt_hide": "Hide every number of faces", "code_prompt_show": "Show every number of faces"} tags=["nbval-ignore-output", "hide-cell"]
display(table_of("faces"))
table_of("faces back")

# %% mystnb={"figure": {"caption": "The same held-out digits under two tables of ten cells: as faces by the first table (look on the left) and by the second (look on the right)."}, "image": {"alt": "Ten rows, one for each digit: three handwritten digits, the faces that they become under the first table, and the faces that they become under the second."}} tags=["nbval-ignore-output", "hide-input"]
THREE = [(test["mnist"].y == k).nonzero().flatten()[:3] for k in range(10)]


@torch.no_grad()
def as_faces(index, bridge):
    return faces.decode(bridge.transfer(base.held("mnist").mean[index.to(base.device)], "mnist", "faces").cpu())


def enlarged(pixels):
    """Images (n, 784) as dark on light colour pictures (n, 3, 64, 64)."""
    return F.interpolate(1 - pixels.detach().cpu().float().view(-1, 1, 28, 28), size=64, mode="bilinear").expand(-1, 3, -1, -1)


gallery(
    [[enlarged(test["mnist"].x[index]), as_faces(index, of_faces["mnist"][0][0]), as_faces(index, moved)] for index in THREE],
    *[[foreign.LOOKS[k].replace("face ", "").replace(" than ground", "\nthan ground").replace("light from ", "light from\n") for k in cells] for cells in (CELLS, OTHER)],
    blocks=("digits", "first table", "second table"),
)

# %% [markdown]
# ### Chains: a word into a sound, a word into a face
#
# Bridges can be put one after the other. A word goes to a latent of MNIST, and from there to speech by the bridge of [chapter 4](04_speech.ipynb), or to a face. No bridge has seen a word and a sound, or a word
# and a face, together. Some of the numbers typed above, spoken:

# %% tags=["nbval-ignore-output", "hide-input"]
ahead(*[(fit_bridge, [replace(one.seen(key), domain=None) for key in ("mnist", "speech")], budget.speech_bridge, 0) for one in bases], name="bridges of speech")
to_speech = [fit_bridges([one.seen("mnist"), one.seen("speech")], budget.speech_bridge, [0])[0] for one in bases]
for number, bridge in enumerate(to_speech):
    run.trained(f"bridge MNIST ↔ speech {number}", bridge.history)
speech, rate = base.domains["speech"], pretrained.card()["rate"]


@torch.no_grad()
def say(vector, number=0, seed=0):
    """Vectors of words to latents of speech, by way of a latent of MNIST."""
    return to_speech[number].transfer(of_words["mnist"][number][seed].transfer(vector, "words", "mnist"), "mnist", "speech")


heard_own, y = speech.items(base.held("speech").mean), lists["mnist", "phrases"].y
of_speech = []
for number in range(len(bases)):
    of_speech.append([])
    for seed in seeds:
        spoken = speech.items(say(vectors["mnist", "phrases"], number, seed))
        of_speech[-1].append(
            {
                "transfer_accuracy": metrics.agreement(speech.classify(spoken).cpu(), y),
                "diversity": metrics.diversity(spoken.cpu(), y) / metrics.diversity(heard_own.cpu(), base.held("speech").y.cpu()),
                "trustworthiness": metrics.trustworthiness(vectors["mnist", "phrases"].cpu(), spoken.cpu(), y, named_generator("ties", 0), NEAR),
            }
        )
add_rows("speech", "words->speech", "two bridges", of_speech, len(y))
SOME_TYPED = TYPED["mnist"][2:6]
with torch.no_grad():
    clips = base.modules["speech"].waveform(say(encode(list(SOME_TYPED)).to(base.device))).cpu()
widgets.listening_table(
    {
        "typed": SOME_TYPED,
        "written": [widgets.picture(draw(text, "mnist"), f"a digit drawn for {text}") for text in SOME_TYPED],
        "spoken": [widgets.player(clip, rate) for clip in clips],
    }
)


# %% mystnb={"figure": {"caption": "Each column is one class. The texts above the pictures went into a model of words that this book did not train; a bridge turned each into a garment or a digit of our own models, and a second bridge turned the latent of that digit into a face of a GAN that it did not train either. The texts are held out, the first of each class. Shown are five of the ten classes, picked by hand; the folded cell below has the others."}, "image": {"alt": "Five columns. In each a typed garment and its picture, a typed number and its digit, and the face that this digit becomes."}} tags=["nbval-ignore-output", "hide-input", "lead"]
@torch.no_grad()
def face_of(vector, number=0, seed=0):
    """Vectors of words to points of faces, by way of a latent of MNIST."""
    return of_faces["mnist"][number][seed].transfer(of_words["mnist"][number][seed].transfer(vector, "words", "mnist"), "mnist", "faces").cpu()


of_chain, y = [], lists["mnist", "phrases"].y
for number in range(len(bases)):
    of_chain.append([])
    for seed in seeds:
        made = faces.decode(face_of(vectors["mnist", "phrases"], number, seed))
        small = F.avg_pool2d(made, 2)
        of_chain[-1].append(
            {
                "transfer_accuracy": metrics.agreement(domain.classify(made), y),
                "diversity": metrics.diversity(small, y) / own_faces,
                "trustworthiness": metrics.trustworthiness(vectors["mnist", "phrases"].cpu(), small, y, named_generator("ties", 0), NEAR),
            }
        )
add_rows("words to faces", "words->faces", "two bridges", of_chain, len(y))


def columns_of(classes):
    """A column for each class: the first held-out garment and number of it, drawn, and the face of the number."""
    paired = [[lists[corpus, "phrases"].x[int((lists[corpus, "phrases"].y == k).nonzero()[0])] for corpus in ("fashion", "mnist")] for k in classes]
    figure, axes = plt.subplots(3, len(paired), figsize=(7.2, 4.9), layout="constrained")
    for column, (garment, number) in zip(axes.T, paired, strict=True):
        column[0].imshow(plots.mosaic(draw(garment, "fashion")[None], 1), cmap="gray", vmin=0, vmax=1)
        column[0].set_title(garment, fontsize=11)
        column[1].imshow(plots.mosaic(draw(number, "mnist")[None], 1), cmap="gray", vmin=0, vmax=1)
        column[1].set_title(number, fontsize=11)
        column[2].imshow(faces.decode(face_of(encode([number]).to(base.device)))[0].permute(1, 2, 0).clamp(0, 1).numpy())
    for axis in axes.flat:
        axis.axis("off")
    plt.close(figure)
    return figure


PICKED = (2, 3, 5, 8, 9)
columns_of(PICKED)

# %% mystnb={"code_prompt_hide": "Hide the other five classes", "code_prompt_show": "Show the other five classes", "figure": {"caption": "The classes that the figure of five columns leaves out, drawn in the same way. *Dark*, the look of class 1, is nearly black."}, "image": {"alt": "Five columns. In each a typed garment and its picture, a typed number and its digit, and the face that this digit becomes; the face of the one is nearly black."}} tags=["nbval-ignore-output", "hide-cell"]
columns_of([k for k in range(10) if k not in PICKED])

# %% tags=["nbval-ignore-output", "hide-input"]
rows = rows_by_key()
direct = rows["words->mnist", "bridging_vae", "transfer_accuracy"]
said = []
for way, what in (("words->speech", "become a spoken number that the judge of speech hears rightly"), ("words->faces", "become a face of the chosen look")):
    right, varied, near = (rows[way, "two bridges", metric] for metric in ("transfer_accuracy", "diversity", "trustworthiness"))
    said.append(f"{report.formatted(right)} {what} (diversity {varied['value']:.2f}, trustworthiness {near['value']:.2f})")
lost = max(direct["value"] - rows[way, "two bridges", "transfer_accuracy"]["value"] for way in ("words->speech", "words->faces"))
Markdown(
    f"Of {direct['n']} new phrases for numbers, {'; '.join(said)}. The first bridge alone gets {report.formatted(direct)} of them right"
    + (": the second costs next to nothing, as in the round trips of [chapter 8](08_many_domains.ipynb)." if lost < 0.02 else f": the second costs up to {lost:.3f}.")
)

# %% [markdown]
# ## 3. A judge that shares nothing with ours
#
# Our judges learned MNIST from the same training images as the models that they judge. If a decoder has learned what pleases such a judge, the judge is too kind to it. `rapidocr` learned to read signs, pages and
# screens. It sees each picture inverted and three times as large. Nothing tells it that this is a digit, and a *5* that it reads as *S* counts as wrong, so it finds less even of real digits. The question is whether the
# *gap* between it and our judge is larger for transfers than for real digits. Both are scored against the same label: what was written, worn, said or typed.

# %% tags=["nbval-ignore-output", "hide-input"]
read = foreign.load_reader()
READ = budget.foreign_read
pick = named_generator("read", 0)
(clothes,) = fit_bridges([base.seen("mnist"), base.seen("fashion")], budget.bridge, [0])
run.trained("bridge MNIST ↔ Fashion-MNIST", clothes.history)
draw_mnist = base.domains["mnist"].items


def some_of_each(y):
    """Indices of items to read, as many of each class."""
    return torch.cat([found[torch.randperm(len(found), generator=pick)[: READ // 10]] for k in range(10) for found in [(y.cpu() == k).nonzero().flatten()]])


index = {name: some_of_each(images.y) for name, images in test.items()}
sounds = base.held("speech").take(some_of_each(base.held("speech").y).to(base.device))
typed = some_of_each(lists["mnist", "phrases"].y)
real, y = test["mnist"].x[index["mnist"]], test["mnist"].y[index["mnist"]]
with torch.no_grad():
    shown = {
        ("mnist", "real digits"): (real, y),
        ("mnist", "base"): (draw_mnist(base.held("mnist").mean[index["mnist"].to(base.device)]), y),
        ("fashion->mnist", "bridging_vae"): (clothes.translate(test["fashion"].x[index["fashion"]], "fashion", "mnist"), test["fashion"].y[index["fashion"]]),
        ("speech->mnist", "bridging_vae"): (draw_mnist(to_speech[0].transfer(sounds.mean, "speech", "mnist")), sounds.y),
        ("words->mnist", "bridging_vae"): (draw_mnist(of_words["mnist"][0][0].transfer(vectors["mnist", "phrases"][typed.to(base.device)], "words", "mnist")), lists["mnist", "phrases"].y[typed]),
    }
readings = {}
for (setting, method), (images, y) in shown.items():
    y = y.cpu()
    readings[setting, method] = read(images)
    run.add("reader", setting, method, "transfer_accuracy_foreign_judge", [metrics.agreement(readings[setting, method], y)], n=len(y))
    run.add("reader", setting, method, "transfer_accuracy_true_label", [metrics.agreement(base.domains["mnist"].classify(images).cpu(), y)], n=len(y))
    run.add("reader", setting, method, "diversity", [metrics.diversity(images.cpu(), y) / own["mnist"]])

# %% tags=["nbval-ignore-output", "hide-input"]
rows = {(row["setting"], row["method"], row["metric"]): row for row in run.rows if row["table"] == "reader"}
by_foreign, by_ours = ({key: rows[(*key, f"transfer_accuracy_{which}")] for key in shown} for which in ("foreign_judge", "true_label"))
gap = {key: by_ours[key]["value"] - by_foreign[key]["value"] for key in shown}
real = ("mnist", "real digits")
flattered = [key for key in shown if "->" in key[0] and gap[key] > gap[real] + 0.02]
table = pd.DataFrame(
    {
        "pictures": ["real digits", "reconstructions of digits", *(words(setting) for setting, _ in shown if "->" in setting)],
        "the reader finds": [report.formatted(by_foreign[key]) for key in shown],
        "our judge finds": [report.formatted(by_ours[key]) for key in shown],
        "gap": [f"{gap[key]:+.3f}" for key in shown],
        "diversity": [f"{rows[(*key, 'diversity')]['value']:.2f}" for key in shown],
    }
)
Markdown(
    f"{report.markdown(table)}\n\n"
    + (
        f"**No sign that our judge flatters transfers.** It finds {gap[real]:.3f} more of the real digits than the reader does, and of transfers {min(gap[key] for key in shown if '->' in key[0]):.3f} to "
        f"{max(gap[key] for key in shown if '->' in key[0]):.3f} more. "
        if not flattered
        else f"**Our judge may flatter {', '.join(words(key[0]) for key in flattered)}**: there the gap is wider than on real digits ({gap[real]:.3f}). "
    )
    + f"With {min(row['n'] for row in by_ours.values())} to {max(row['n'] for row in by_ours.values())} pictures a line, a share is known to within {max((row['high'] - row['low']) / 2 for row in by_foreign.values()):.2f}, so a small gap would not be seen."
)

# %% mystnb={"code_prompt_hide": "Hide what is misread", "code_prompt_show": "Show what is misread", "figure": {"caption": "Pictures that the foreign judge reads as something other than what was meant, the first eight of each kind."}, "image": {"alt": "Rows of digits that were misread: real ones, reconstructions, and ones made of clothes, speech and words."}} tags=["nbval-ignore-output", "hide-cell"]
misread = {}
for (setting, method), (images, y) in shown.items():
    wrong = images.cpu()[(readings[setting, method] != y.cpu()).nonzero().flatten()[:8]]
    misread[words(method) if setting == "mnist" else "from " + words(setting.split("->")[0])] = torch.cat([wrong, torch.zeros(8, 784)])[:8]
plots.rows_of_images(misread)

# %% tags=["nbval-ignore-output", "hide-input", "setup"]
run.finish()

# %% [markdown]
# ## What to remember
#
# - A bridge needs points, and a class for some of them. It does not matter who trained the model, on what, or whether it has an encoder or a decoder.
# - A bridge can use only what is in the vectors. Compare it with a rule that names the class from the vector alone: what the bridge adds to that rule is variety.
# - Where a domain has no classes, measure some. What a digit shares with a face is a table of ten cells that we wrote. For the look alone, a class prototype is more accurate than a bridge.
# - Points of a GAN lie near a shell. Means do not: move them out.
# - A judge from elsewhere is worth having. Compare its gap to your own judge on real data with the gap on what you made.
#
# ## What to try
#
# 1. Type words of your own. Which are refused, and which of the refused ones should not have been?

# %% mystnb={"figure": {"caption": "A solution of the first task: texts that no list has."}, "image": {"alt": "Garments drawn for six texts."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
mine, refused = [], []
for text in ("wet boots", "my father's coat", "a bag of rice", "shoes for a dance", "hat", "violin"):
    try:
        mine.append((text, draw(text, "fashion")))
    except LtError:
        refused.append(text)
print("refused:", ", ".join(refused) or "none", "(a hat and a violin are no garment of the ten classes; all others should be drawn)")
tiles([picture for _, picture in mine], [text for text, _ in mine], across=3, size=2.0)

# %% [markdown]
# 2. What does the radius do? Decode the same faces at 3, 5, 7 and 10. (The solution brings every point to that radius exactly; the chapter moves only points that lie nearer to the origin.)

# %% mystnb={"figure": {"caption": "A solution of the second task: one digit of each of six classes as a face, at four radii."}, "image": {"alt": "Four rows of six faces, a row a radius; the text below says how often the judge sees the chosen look."}} tags=["solution", "hide-cell", "nbval-ignore-output"]
with torch.no_grad():
    points = of_faces["mnist"][0][0].transfer(base.held("mnist").mean[[int(index[0]) for index in THREE[2:8]]], "mnist", "faces").cpu()
    at = {r: (faces.generator((r * F.normalize(points, dim=-1))[:, :, None, None]) + 1) / 2 for r in (3, 5, 7, 10)}
gallery([[pictures] for pictures in at.values()], [f"radius {r}" for r in at], blocks=[""])

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
index = held_images["mnist"][:: max(1, len(held_images["mnist"]) // 200)]
right = {}
with torch.no_grad():
    points = of_faces["mnist"][0][0].transfer(base.held("mnist").mean[index.to(base.device)], "mnist", "faces").cpu()
    for r in at:
        made = (faces.generator((r * F.normalize(points, dim=-1))[:, :, None, None]) + 1) / 2
        right[r] = metrics.agreement(domain.classify(made), test["mnist"].y[index]), metrics.diversity(F.avg_pool2d(made, 2), test["mnist"].y[index]) / own_faces
most = max(share for share, _ in right.values())
enough = next(r for r in right if all(share >= most - 0.01 for other, (share, _) in right.items() if other >= r) or r == max(right))
Markdown(
    f"Of {len(index)} digits the judge sees the chosen look in "
    + ", ".join(f"{share:.2f} at radius {r} (diversity {varied:.2f})" for r, (share, varied) in right.items())
    + f". The shell has radius {foreign.LATENT**0.5:.0f}. "
    + (f"From radius {enough} on the look is seen as often as at the best of these, within 0.01" if enough < max(right) else "The look is seen most often at the largest of these")
    + f"; faces differ {'more' if right[max(right)][1] > right[min(right)][1] else 'less'} at the largest than at the smallest."
)

# %% [markdown]
# 3. Send a garment into a face. The bridge is trained already. Which garments have faces that the judge takes for another look?

# %% tags=["solution", "hide-cell", "nbval-ignore-output"]
with torch.no_grad():
    made = faces.decode(of_faces["fashion"][0][0].transfer(base.held("fashion").mean[held_images["fashion"].to(base.device)], "fashion", "faces").cpu())
truth = test["fashion"].y[held_images["fashion"]]
per_class = torch.stack([(domain.classify(made)[truth == k] == k).double().mean() for k in range(10)])
low = int(per_class.argmin())
Markdown(f"Lowest is *{CLASSES['fashion'][low]}*, with {per_class[low]:.2f} of its faces judged as *{foreign.LOOKS[CELLS[low]]}*; the mean of all ten is {per_class.mean():.2f}.")
