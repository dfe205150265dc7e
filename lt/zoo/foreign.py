"""Models from elsewhere, whose weights come inside their packages: embeddings of words, a GAN of faces, a reader of digits.

Nobody of this book trained them, and none of them knows of the others. Each is optional: :func:`missing` says what is not installed.
"""

import functools
import importlib
import importlib.util
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import ASSETS, cached, usable_cache
from lt.errors import LtError
from lt.latents import Domain, Latents
from lt.loop import History, Training, default_device
from lt.zoo.pretrained import draws
from lt.zoo.vae import fit_on_items

PACKAGES = ("wordllama", "gan_face_generate", "rapidocr", "onnxruntime")
PARTS = ("train", "phrases", "new")  # what a bridge learns from; a known name in a new phrase; a name of which no word was seen
FOUND = 0.5  # cosine to the nearest known name that a text, or a word of it, must reach
SPREAD = 0.08  # standard deviation that a bridge gives each number of a word's vector: neighbours of a name mean the same
NOTHING = -1  # the reader may read no digit
LATENT = 100  # of the GAN of faces
RADIUS = 5.0  # points nearer to the origin are moved out to it
SPREAD_OF_FACES = 0.5  # standard deviation that a bridge gives each number of a point of the GAN
LOOKS = (
    "bright",
    "dark",
    "warm colours",
    "cold colours",
    "light from the right",
    "light from the left",
    "light from below",
    "light from above",
    "face lighter than ground",
    "face darker than ground",
)
SHARP = 5.0  # logits a standard deviation: softmax >= 0.95 then takes about a quarter of all samples


def missing(packages: Sequence[str] = PACKAGES) -> list[str]:
    """The packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LtError(f"the package {name} is missing: pip install -e '.[foreign]' (Python 3.10 to 3.12)") from error


def _folder(name: str) -> Path:
    return Path(_package(name).__file__ or "").parent


# ---------------------------------------------------------------- words


@dataclass(frozen=True)
class Phrases:
    """Names and phrases with their classes."""

    x: list[str]
    y: Tensor  # (n,) int64

    def __len__(self) -> int:
        return len(self.x)


@functools.cache
def _lists() -> dict[str, list[dict[str, list[str]]]]:
    return json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))


def phrases(corpus: str, part: str) -> Phrases:
    """Names of garments (``fashion``) or of numbers (``mnist``), a part of :data:`PARTS`.

    >>> len(phrases("fashion", "phrases")), phrases("mnist", "train").x[0]
    (136, 'zero')
    """
    lists = _lists()
    if corpus not in lists or part not in PARTS:
        raise LtError(f"no words {part!r} of {corpus!r}: choose {' or '.join(lists)}, and {', '.join(PARTS)}")
    found = [(text, label) for label, of_class in enumerate(lists[corpus]) for text in of_class[part]]
    return Phrases([text for text, _ in found], torch.tensor([label for _, label in found]))


@functools.cache
def _word_llama() -> Any:
    return _package("wordllama").WordLlama.load(cache_dir=_folder("wordllama"), disable_download=True)


def pieces(text: str) -> list[str]:
    """The pieces of a text that WordLlama has a vector for, without the marks of where a word begins: ``cardigan`` is ``card`` and ``igan``."""
    return [piece.strip("▁") for piece in _word_llama().tokenizer.encode(text, add_special_tokens=False).tokens if piece.strip("▁")]


def load_words() -> Callable[[Sequence[str]], Tensor]:
    """WordLlama: texts to unit vectors (n, 256), each the mean of fixed vectors of its pieces (Miller 2024). Nothing is downloaded."""
    model = _word_llama()

    def encode(texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(np.asarray(model.embed(list(texts), norm=True), dtype=np.float32))

    return encode


def words_domain(corpus: str = "fashion", device: torch.device | None = None) -> tuple[Domain, Latents, Latents]:
    """Words as a domain like any other: the Domain ``words``, the Latents that bridges learn from, and those that measure them.

    ``corpus`` says which words: names of garments (``fashion``) or of numbers (``mnist``), with the labels of those images. A latent is a unit vector
    (256,). To learn from are all names of the part ``train``, each with a standard deviation of :data:`SPREAD`; to measure with are those of ``phrases``,
    exact points. The Domain encodes a list of texts to (n, 256), and decodes (n, 256) to the numbers (n,) of the nearest names in
    ``phrases(corpus, "train").x``; its judge gives the classes of these names, (n, 10). Needs the package wordllama; raises :class:`lt.LtError` without it.
    """
    device = device or default_device()
    encode = load_words()
    known, held = phrases(corpus, "train"), phrases(corpus, "phrases")
    vectors, y = encode(known.x).to(device), known.y.to(device)

    def decode(z: Tensor) -> Tensor:
        return (F.normalize(z.float(), dim=-1) @ vectors.T).argmax(-1)  # (n,)

    def judge(index: Tensor) -> Tensor:
        return F.one_hot(y[index.long()], 10).float()

    domain = Domain("words", encode, decode, judge, vectors.shape[1], device)
    seen = Latents("words", vectors, torch.full_like(vectors, SPREAD), y, domain)
    points = encode(held.x).to(device)
    return domain, seen, Latents("words", points, torch.zeros_like(points), held.y.to(device), domain)


def look_up(encode: Callable[[Sequence[str]], Tensor], text: str, corpus: str) -> Tensor:
    """The vector of a text (1, 256), if it or a word of it is near a known name; else raises :class:`lt.LtError` that names the nearest."""
    if not any(letter.isalnum() for letter in text):
        raise LtError(f"{text!r} holds no word: type a name, such as {phrases(corpus, 'train').x[0]!r}")
    known = phrases(corpus, "train")
    vectors = encode([text, *text.split()])
    cosine = encode(known.x) @ vectors.T  # (known, 1 + words)
    if cosine.max() < FOUND:
        name = known.x[int(cosine[:, 0].argmax())]
        raise LtError(f"{text!r} is not among the words of {corpus}: the nearest is {name!r}, at a cosine of {cosine[:, 0].max():.2f}")
    return vectors[:1]


# ---------------------------------------------------------------- faces


class Faces(nn.Module):
    """A DCGAN of faces: z (n, 100) to pictures (n, 3, 64, 64) in [0, 1].

    The generator only ever saw points of N(0, I), which all lie near a shell of radius 10. A mean of such points lies near the origin, so what is nearer
    than :data:`RADIUS` is moved out to it before it is decoded; samples of the prior stay where they are.
    """

    latent = LATENT

    def __init__(self) -> None:
        super().__init__()
        package = _folder("gan_face_generate")
        self.generator = importlib.import_module("gan_face_generate.models").Generator(0, 3, LATENT, 64)
        weights = torch.load(package / "weights.tar", map_location="cpu", weights_only=True)
        self.generator.load_state_dict(weights["netG_state_dict"])
        self.eval()

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        norm = z.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        z = z.float() * norm.clamp(min=RADIUS) / norm
        return torch.cat([(self.generator(part[:, :, None, None]) + 1) / 2 for part in z.split(64)])


def measures(x: Tensor) -> Tensor:
    """Five numbers of pictures (n, 3, h, w): brightness, warmth (red less blue), right less left, bottom less top, centre less rim: (n, 5)."""
    small = F.adaptive_avg_pool2d(x, 8)
    light = small.mean(1)
    place = torch.linspace(-1, 1, 8, device=x.device)
    centre = torch.zeros(8, 8, device=x.device)
    centre[2:7, 2:6] = 1
    rim = torch.ones(8, 8, device=x.device)
    rim[2:, 2:6] = 0
    found = [
        light.mean((1, 2)),
        (small[:, 0] - small[:, 2]).mean((1, 2)),
        (light * place).mean((1, 2)),
        (light * place[:, None]).mean((1, 2)),
        (light * centre).sum((1, 2)) / centre.sum() - (light * rim).sum((1, 2)) / rim.sum(),
    ]
    return torch.stack(found, dim=-1)


class Looks(nn.Module):
    """What is most unusual about a picture: ten classes (:data:`LOOKS`), two for each of the five :func:`measures`. Nothing is learned but means and covariances.

    The measures are made uncorrelated with variance one over ``x`` (ZCA); a picture's class is the measure that lies farthest out, with its sign.
    """

    centre: Tensor
    whiten: Tensor

    def __init__(self, x: Tensor):
        super().__init__()
        found = measures(x)
        values, vectors = torch.linalg.eigh(found.double().T.cov())
        self.register_buffer("centre", found.mean(0))
        self.register_buffer("whiten", ((vectors / values.sqrt()) @ vectors.T).float())

    def forward(self, x: Tensor) -> Tensor:
        far = (measures(x) - self.centre) @ self.whiten
        return SHARP * torch.stack([far, -far], dim=-1).flatten(1)  # (n, 10)


def looks_of(cells: Sequence[int]) -> Tensor:
    """The look of every class, (10,) int64, from a table of ten cells; raises :class:`lt.LtError` unless each look stands in it once.

    ``looks_of(cells).argsort()`` is the class of every look.
    """
    if sorted(cells) != list(range(len(LOOKS))):
        raise LtError(f"the table is {tuple(cells)}: give each of the numbers 0 to {len(LOOKS) - 1} once, in any order")
    return torch.tensor(list(cells))


def balanced(y: Tensor) -> Tensor:
    """Indices of items with labels y (n,) that have as many of each class as the largest has, by repeating those of the others.

    >>> balanced(torch.tensor([0, 1, 1])).tolist()
    [0, 0, 1, 2]
    """
    most = int(y.bincount().max())
    found = [(y == label).nonzero().flatten() for label in y.unique()]
    return torch.cat([index.repeat(-(-most // len(index)))[:most] for index in found])


def face_samples(name: str, n: int) -> tuple[Tensor, Tensor]:
    """The first ``n`` points of the sequence ``name`` of the prior (n, 100), and their pictures (n, 3, 32, 32) of half the size; kept in the cache."""
    small = joblib.Memory(usable_cache(), verbose=0).cache(_small_faces)(name, n)
    return draws(name, 0, n, LATENT), torch.from_numpy(small).float() / 255


def _small_faces(name: str, n: int) -> np.ndarray:
    faces = Faces()
    parts = [F.avg_pool2d(faces.decode(part), 2) for part in draws(name, 0, n, LATENT).split(64)]
    return (torch.cat(parts) * 255).round().byte().numpy()


@dataclass(frozen=True)
class FaceJudgeConfig:
    """A classifier of the looks of faces."""

    training: Training
    width: int = 16  # channels of the first layer


@dataclass(frozen=True, eq=False)
class FacePictures:
    """Pictures with labels that were measured."""

    name: str
    x: Tensor  # (n, 3, h, w)
    y: Tensor  # (n,) int64
    fingerprint: str


class FaceJudge(nn.Module):
    """Pictures (n, 3, h, w), brought to 32 x 32, to logits (n, classes): four convolutions, and an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 16):
        super().__init__()
        sizes = [3, width, 2 * width, 4 * width, 4 * width]
        blocks = [nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b in itertools.pairwise(sizes)]
        self.body = nn.Sequential(*blocks)  # (n, 4 width, 2, 2)
        self.head = nn.Linear(16 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(x, 32)
        return self.head(self.body(2 * x - 1).flatten(1))


def fit_face_judge(config: FaceJudgeConfig, data: FacePictures, seed: int, device: torch.device | None = None) -> tuple[FaceJudge, History]:
    """A judge of looks, trained on samples of the GAN: the best interval by its accuracy on samples set aside."""
    return cached(_build_face_judge, _train_face_judge, config, data, data.fingerprint, seed, device or default_device())


def _build_face_judge(config: FaceJudgeConfig, data: FacePictures) -> FaceJudge:
    return FaceJudge(10, config.width)


def _train_face_judge(
    judge: FaceJudge, config: FaceJudgeConfig, data: FacePictures, generator: torch.Generator, checkpoint: Path
) -> History:
    x, y = data.x.to(generator.device), data.y.to(generator.device)
    return fit_on_items(judge, config.training, x, y, lambda x, generator: x, generator, f"judge {data.name}", checkpoint)


# ---------------------------------------------------------------- a reader of digits


def load_reader(threads: int = 1) -> Callable[[Tensor], Tensor]:
    """RapidOCR, recognition only: images (n, 784) in [0, 1] to the digits that it reads, (n,) int64, -1 where it reads anything else.

    It reads printed and written text of all kinds, and nothing tells it that these are digits. An image is inverted, enlarged three times and padded with
    white.
    """
    _package("onnxruntime")
    settings = {"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    engine = _package("rapidocr").RapidOCR(params=settings)

    def read(x: Tensor) -> Tensor:
        ink = F.interpolate(x.detach().cpu().float().view(-1, 1, 28, 28), scale_factor=3, mode="bilinear").clamp(0, 1)
        page = 255 * (1 - F.pad(ink, (12, 12, 12, 12)))
        pages = page.byte().expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()
        found = [engine(image, use_det=False, use_cls=False, use_rec=True).txts for image in pages]
        text = [lines[0].strip() if lines else "" for lines in found]
        return torch.tensor([int(t) if len(t) == 1 and t in "0123456789" else NOTHING for t in text], dtype=torch.int64)

    return read
