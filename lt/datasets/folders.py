"""Names and places of the corpora.

``LT_DATA`` names the folder of the full corpora in torchvision's layout (``MNIST/raw``, ``FashionMNIST/raw``, and
``fsdd/recordings``); it defaults to the folder ``data`` of the cache, which is filled by a download with checksums when it is first
needed.
"""

import os
from pathlib import Path

from lt.cache import cache_folder

# Table 5: class k of one domain corresponds to class k of every other
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    "speech": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
SPLITS = ("train", "test")


def data_folder() -> Path:
    """Where the full corpora are looked up: ``LT_DATA`` or the folder ``data`` of the cache."""
    return Path(os.environ.get("LT_DATA") or cache_folder() / "data").expanduser()
