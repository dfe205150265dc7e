"""Images and recordings as tensors: embedded or full, checked when they are read."""

from lt.datasets import images, recordings
from lt.datasets.folders import CLASSES as CLASSES
from lt.datasets.folders import data_folder as data_folder


def load(name: str, split: str = "train", source: str = "embedded") -> images.Images | recordings.Clips:
    """One split of ``mnist`` or ``fashion`` (:func:`lt.datasets.images.load`), or of ``speech``: ``embedded`` 300 recordings, the ``full``
    3,000 of FSDD, or ``sc09`` (:func:`lt.datasets.recordings.load`)."""
    if name == "speech":
        return recordings.load(split, "fsdd" if source == "full" else source)
    return images.load(name, split, source)


def at_hand(name: str, source: str) -> bool:
    """Whether data can be read without a download; no for a corpus that is not known here."""
    if source == "embedded":
        return True
    if name == "speech":
        return source in ("full", "fsdd") and (data_folder() / "fsdd" / "recordings").is_dir()
    files = [path for path in images.IDX_MD5 if path.lower().startswith(name)]  # none of a corpus that a chapter has drawn itself
    return bool(files) and all((data_folder() / path).exists() for path in files)
