"""What users hand in and what their functions return, brought into one form; errors in one line."""

import contextlib
import hashlib
import importlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lt.errors import FAILURES, LtError, explained

CHUNK = 512  # rows per forward pass when a whole split goes through a network
LARGE = 2**27  # numbers: of more, the variance is taken in parts, which takes a tenth of the time
UNKNOWN = -1  # the label of an item whose class is not known
NAMED = 2**48  # the labels of names lie between this and twice this, where float64 is exact
MISSING = ("None", "nan", "<NA>", "NaT")  # how a value that is missing is written
MOST = 2**53  # whole numbers up to here are exact in float64
WHOLE = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)  # that PyTorch computes with


def as_items(x: Any, name: str = "items") -> Any:
    """What a user hands in as a float32 or integer tensor; a list where items are no numbers or differ in shape.
    Takes tensors, NumPy arrays of any type and layout, sparse matrices, data frames, lists, Datasets, DataLoaders."""
    if isinstance(x, (DataLoader, Dataset)):
        return with_labels(x, None, name)[0]
    x = list(x.unbind()) if isinstance(x, Tensor) and x.is_nested else x
    x = x.toarray() if hasattr(x, "toarray") else x.to_numpy() if hasattr(x, "to_numpy") else x
    if isinstance(x, (list, tuple)):
        x = list(x)
        with contextlib.suppress(ValueError, RuntimeError):  # of unlike shapes: it stays a list
            if x and isinstance(x[0], Tensor):
                x = torch.stack(x)
            elif x and isinstance(x[0], (int, float, np.ndarray, np.generic, list, tuple)):
                x = array if (array := np.asarray(x)).dtype.kind in "biuf" else x
    if isinstance(x, np.ndarray) and x.ndim:
        if x.dtype.kind in "USO" and x.ndim == 1:
            return list(x)
        native = x.dtype.kind in "bi" or x.dtype == np.uint8  # PyTorch computes with no other unsigned type
        wanted: Any = x.dtype.newbyteorder("=") if native else np.int64 if x.dtype.kind == "u" else np.float32
        with explained(f"{name}: not all are numbers, give numbers or texts"):
            x = torch.from_numpy(np.require(np.ma.filled(x, np.nan), wanted, ["C", "W"]))
    if isinstance(x, Tensor) and x.ndim:
        x = dense(x, name)
        return x.float() if x.dtype == torch.float64 else x
    if isinstance(x, list):
        return x
    raise LtError(f"{name}: {type(x).__name__}: give a tensor, an array or a list with one row per item")


def dense(x: Tensor, name: str) -> Tensor:
    """A tensor as one that holds its values one by one, in a type that PyTorch computes with."""
    with explained(f"{name}: {x.dtype}, give a tensor of float32 or int64"):
        x = (x.dequantize() if x.is_quantized else x).to_dense()
        known = x.dtype.itemsize > 1 if x.is_floating_point() else x.is_complex() or x.dtype in WHOLE
        x = x if known else x.float() if x.is_floating_point() else x.long()
    if x.is_meta:
        raise LtError(f"{name}: a tensor on the device meta has no values: give one that has")
    return x


def with_labels(x: Any, y: Any, name: str, large: bool = False) -> tuple[Any, Any]:
    """Items, a ``large`` array left to be read in parts, and labels: of a Dataset's or DataLoader's pairs, or ``y``."""
    if not isinstance(x, (DataLoader, Dataset)):
        return x if large and isinstance(x, np.ndarray) and x.ndim else as_items(x, name), y
    with explained(f"{name}: no batches can be made, give a transform to tensors"):  # such as of pictures
        loader = x if isinstance(x, DataLoader) else DataLoader(x, CHUNK, generator=torch.Generator())
        batches = [_parts(batch, name) for batch in loader]
        columns = [[as_items(part, name) for part in column] for column in zip(*batches, strict=True)]
        found, *rest = [torch.cat(c) if isinstance(c[0], Tensor) else [*itertools.chain(*c)] for c in columns]
    if y is not None and (len(columns) > 1 or x is loader):
        raise LtError(f"{name}: labels beside a DataLoader or pairs: let it give pairs (item, label), leave y out")
    return found, rest[0] if rest else y


def _parts(batch: Any, name: str) -> Sequence[Any]:
    """The columns of a batch: items, and labels if it has them."""
    if not isinstance(batch, Mapping):
        return batch if isinstance(batch, (tuple, list)) and not isinstance(batch[0], str) else (batch,)
    whole = [isinstance(x, Tensor) and x.ndim == 1 and not x.is_floating_point() for x in batch.values()]
    if sorted(whole) != [False, True]:
        raise LtError(f"{name}: items are dicts of {', '.join(map(str, batch))}: give pairs (item, label)")
    return [*batch.values()][:: -1 if whole[0] else 1]


def numbered(y: Any) -> tuple[Any, dict[str | bytes, int]]:
    """Labels whose names are numbers, each made of its text alone, so that it is the same in every domain; and these.
    None, NaN and what else means that a value is missing is -1. Labels that hold no names stay as they are."""
    with contextlib.suppress(*FAILURES):  # of unlike rows, of items that are no keys
        plain: Any = y.astype(object) if hasattr(y, "isna") or np.ma.isMA(y) else y
        array = np.asarray(plain.filled(np.nan) if np.ma.isMA(y) else plain)
        array = np.asarray(y, object) if array.dtype.kind in "US" and isinstance(y, (list, tuple)) else array
        if array.ndim == 1 and array.dtype.kind in "OSUT":
            items = array.tolist()
            texts = {item for item in items if isinstance(item, (str, bytes))}
            raw = {t: t if isinstance(t, bytes) else t.encode("utf-8", "surrogatepass") for t in texts}
            names = {t: NAMED + int(hashlib.sha256(b).hexdigest()[:12], 16) for t, b in raw.items()}
            rest = {item for item in items if item not in names and str(item) not in MISSING}
            if not names or rest <= {UNKNOWN}:  # no mixture of names and numbers
                return np.asarray([names.get(i, i if i in rest else UNKNOWN) for i in items]), names
    return y, {}


def one_kind(**labels: Tensor) -> None:
    """Raise :class:`lt.LtError` where some labels (n,) are names and others are numbers: none would be equal."""
    known = {whose: y[y != UNKNOWN] for whose, y in labels.items() if y.dtype == torch.int64}
    named = {whose: bool(((y >= NAMED) & (y < 2 * NAMED)).all()) for whose, y in known.items() if len(y)}
    if len(set(named.values())) == 2:
        one, other = (next(whose for whose in named if named[whose] is kind) for kind in (True, False))
        given = f"{one} are names, {other} are numbers {int(known[other].min())}..{int(known[other].max())}"
        raise LtError(f"{given}: give [classes.index(c) for c in y], with one list classes for all")


def equal(y: Tensor, seen: Tensor) -> Tensor:
    """Where labels y (n,) are those that a judge sees (n,); :class:`lt.LtError` as :func:`one_kind`."""
    one_kind(**{"labels": y, "the judge's": seen})
    return y == seen


def labels_of(y: Any, name: str = "labels") -> Tensor:
    """Labels (n,) as int64, -1 where not known: of whole numbers, and with a note of names (:func:`numbered`) and of
    one-hot rows (n, k); :class:`lt.LtError` for anything else."""
    if isinstance(y, Tensor) and not y.is_nested:
        y = dense(y.detach(), name)
        y = (y.double() if y.is_floating_point() else y).cpu()
    array, names = numbered(y)
    with contextlib.suppress(*FAILURES):  # of unlike rows
        array = np.asarray(array.toarray() if hasattr(array, "toarray") else array)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise LtError(f"{name}: neither whole numbers below 2**63 nor names alone: give one integer or text per item")
    if array.ndim == 2 and array.shape[1] > 1 and ((array == 0) | (array == 1)).all() and (array.sum(1) == 1).all():
        warnings.warn(f"{name}: one-hot rows {array.shape}: the label is the number of the column", stacklevel=3)
        array = array.argmax(1)
    if array.ndim != 1 or not ((array == np.floor(array)) & (array >= UNKNOWN) & (array < 2.0**63)).all():
        given = f"{array.dtype} of shape {array.shape}" + (f", the smallest {array.min()}" if array.size else "")
        raise LtError(f"{name}: labels are {given}: give one integer per item, from 0, or -1 where it is not known")
    if names:
        some = ", ".join(f"{str(text)!r} is {number}" for text, number in sorted(names.items(), key=str)[:10])
        warnings.warn(f"{name}: labels are names, each has a number of its own: {some}", stacklevel=3)
    return torch.from_numpy(array.astype(np.int64))


def number(what: str, value: Any, least: float, most: float = MOST) -> Any:
    """A number from ``least`` to ``most``, a whole one if ``least`` is; :class:`lt.LtError` for anything else."""
    whole, known = isinstance(least, int), isinstance(value, Integral if isinstance(least, int) else Real)
    if not known or not least <= value <= most:
        to = f" to {most:g}" if most < MOST else ""
        raise LtError(f"{what}={value!r}: give a {'whole ' * whole}number from {least:g}{to}")
    return (int if whole else float)(value)  # NumPy's numbers fit no file


def chosen(what: str, value: Any, known: Collection[Any]) -> None:
    """Raise :class:`lt.LtError` for a value that is not among those known."""
    if not isinstance(value, (str, int, np.integer, type(None))) or value not in known:
        raise LtError(f"{what}={value!r}: choose one of {str([*known])[1:-1]}")


def points(z: Any, size: int | None, what: str) -> Tensor:
    """Latents (n, size) as a tensor, of any size if it is not known; :class:`lt.LtError` for anything else."""
    if getattr(z := as_items(z, what), "ndim", 0) != 2 or size not in (None, z.shape[1]):
        raise LtError(f"{what} of {shape_of(z)}: give (n, {size or 'latent'})")
    return z


def package(name: str, extra: str) -> Any:
    """An optional package; raises :class:`lt.LtError` that names the extra which installs it."""
    with explained(f"the package {name.split('.')[0]} is missing, pip install -e '.[{extra}]'", ImportError):
        return importlib.import_module(name)


def pairs_of(pairs: Any, sizes: Sequence[int]) -> Tensor:
    """Item numbers (p, 2) of two domains of these sizes as integers; :class:`lt.LtError` for anything else."""
    found, ends = as_items(pairs, "pairs"), torch.tensor(sizes)
    shaped = getattr(found, "ndim", 0) == 2 and found.shape[1] == len(sizes) == 2 and not found.is_floating_point()
    if not shaped or not len(found) or bool(((found.cpu() < 0) | (found.cpu() >= ends)).any()):
        raise LtError(f"pairs of {shape_of(found)}: give item numbers (p, 2), from 0, in two domains of {sizes} items")
    return found


def called(function: Callable, x: Any, what: str, name: str, device: torch.device, chunk: int) -> list[Tensor]:
    """What a function of a model makes of items x, in chunks and checked: one tensor, or means and stds."""
    x, made = with_labels(x, None, items := f"{name}: items to {what}", large=True)[0], list[Tensor]()
    if not len(x):
        raise LtError(f"{name}: nothing to {what}: give at least one item")
    with torch.no_grad(), evaluating(name, function):
        for start in range(0, len(x), chunk):
            some = as_items(part, items) if isinstance(part := x[start : start + chunk], np.ndarray) else part
            found = _result(function, some.to(device) if isinstance(some, Tensor) else some, what, name, made)
            made = made or [torch.empty(len(x), *p.shape[1:], dtype=p.dtype, device=device) for p in found]
            for i, p in enumerate(found):
                made[i] = made[i].to(torch.promote_types(made[i].dtype, p.dtype))
                made[i][start : start + chunk] = p
    return made


def _result(function: Callable, x: Any, what: str, name: str, before: list[Tensor]) -> list[Tensor]:
    with explained(f"{name}: {what} failed on {shape_of(x)}, one item is x[None]"):
        out = numbered(function(x))[0] if what in ("judge", "classify") else function(x)
        pair = isinstance(out, tuple) or (isinstance(out, list) and len(out) == 2 and np.ndim(out[0]) > 1)
        parts = [out.mean, out.stddev] if hasattr(out, "stddev") else out if what == "encode" and pair else [out]
    if not 0 < len(parts) < 3 or len(parts) != len(before or parts):
        raise LtError(f"{name}: encode gives {len(parts)} parts: give points, (mean, std) or a torch distribution")
    found = [as_items(part, f"{name}: result of {what}") for part in parts]
    for part, like in zip(found, before or found, strict=True):
        if not isinstance(part, Tensor) or part.is_complex() or len(part) != len(x) or part.shape[1:] != like.shape[1:]:
            given = f"{shape_of(part)} for {len(x)} items" + (f" after {tuple(like.shape[1:])} each" if before else "")
            raise LtError(f"{name}: {what} gives {given}: give numbers, one row per item, all of one shape")
        if not (part.sum().isfinite() or part.isfinite().all()):  # a finite sum is seen ten times faster
            raise LtError(f"{name}: {what} gives NaN or infinite values: check its weights and the scale of its input")
    return found


def check_latents(name: str, mean: Any, std: Any, y: Any) -> None:
    """See :meth:`lt.Latents.check`."""
    parts = {"means": mean, "stds": mean if std is None else std, "labels": y}
    odd = any(isinstance(p, Tensor) and (p.is_nested or p.is_meta or p.layout != torch.strided) for p in parts.values())
    kinds = [(getattr(p, "dtype", None), () if odd else tuple(np.shape(p))) for p in parts.values()]
    shape = kinds[0][1]
    if kinds != [(torch.float32, shape), (torch.float32, shape), (torch.int64, shape[:1])] or len(shape) != 2:
        given = ", ".join(f"{what} {kind} {size}" for what, (kind, size) in zip(parts, kinds, strict=True))
        raise LtError(f"{name}: {given}: give float32 tensors (n, latent) and one int64 label per item")
    if not len(y):
        raise LtError(f"{name}: no items: a bridge needs latents to learn from")
    bad = ~(mean.sum(-1) if std is None else mean.sum(-1) + std.sum(-1)).isfinite()
    if bad.any() and (bad := ~torch.cat([mean] if std is None else [mean, std], 1).isfinite().all(-1)).any():
        first = int(bad.nonzero()[0])
        raise LtError(f"{name}: {int(bad.sum())} of {len(bad)} latents are not finite, first item {first}: drop these")
    if std is not None and bool((std < 0).any()):
        raise LtError(f"{name}: {int((std < 0).sum())} stds are negative: give no logarithms of stds")
    if y.min() < UNKNOWN:
        raise LtError(f"{name}: a label is {int(y.min())}: labels begin at 0, or are -1 where not known")


def scores_or_labels(said: Tensor, gives: str | None, name: str) -> Tensor:
    """What a judge gives, as scores (n, classes) or labels (n,)."""
    if said.ndim == 1 and (gives == "labels" or (gives is None and not said.is_floating_point())):
        return labels_of(said, f"{name}: judge").to(said.device)
    if said.ndim != 2 or said.shape[1] < 2 or gives == "labels":
        given = f"the judge gives {said.dtype} of {shape_of(said)}"
        raise LtError(f"{name}: {given}: give integer labels (n,), or scores (n, classes), as [1 - p, p]")
    return said


def as_probabilities(said: Tensor, gives: str | None, name: str) -> Tensor:
    """A judge's scores (n, classes) as probabilities: see :meth:`lt.Domain.probabilities`."""
    if scores_or_labels(said, gives, name).ndim == 1:
        raise LtError(f"{name}: the judge gives labels: give logits or probabilities, (n, classes)")
    scores = said.cpu().double()
    rough = any(bool((scores.to(kind).double() == scores).all()) for kind in (torch.bfloat16, torch.half))
    rounded = bool(((scores * 1000).round() - scores * 1000).abs().max() < 1e-3)  # to three digits or fewer
    tolerance = max(0.02, scores.shape[1] / 200) if rough or rounded else 1e-3
    close = [(scores.sum(-1) / whole - 1).abs() <= tolerance for whole in (1, 100)]
    share, percent = ((one & (scores.amin(-1) > -1e-6)).double().mean().item() for one in close)
    if gives == "logits" or (gives is None and share <= 0.05 and percent < 1):  # some rows sum to one by chance
        return said.float().softmax(-1)
    if share < 1:
        rows = f"{share:.0%} of the judge's rows are probabilities (at least 0, sum 1), {percent:.0%} percentages"
        raise LtError(f"{name}: {rows}: give probabilities in all, or say Domain(..., judge_gives='logits')")
    return said.float()


def portrait(model: Any, shift: Tensor, scale: Tensor) -> list[float]:
    """What a domain's decoder makes of ten fixed latents, as 80 numbers; empty if there is none, or if it draws."""
    if model.decode is None:
        return []
    z = shift.cpu() + scale.cpu() * torch.randn(10, len(shift), generator=torch.Generator().manual_seed(0))
    made, again = (model.items(z).flatten(1).cpu() for _ in range(2))
    directions = torch.randn(made.shape[1], 8, generator=torch.Generator().manual_seed(1))
    return (made @ directions).flatten().tolist() if torch.allclose(made, again, 1e-3, 1e-3) else []


def shape_of(x: Any) -> str:
    return f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else f"a list of {len(x)} {type([*x, None][0]).__name__}"


@contextlib.contextmanager
def evaluating(name: str, function: Callable) -> Iterator[None]:
    """The modules that a function is, belongs to or names, in evaluation mode for a while."""
    function = getattr(function, "func", function)  # of functools.partial
    values = [getattr(function, "__self__", function)]
    if inspect.isfunction(function):
        names, outer, *_ = inspect.getclosurevars(function)
        values += [*names.values(), *outer.values()]
    training = [m for value in values if isinstance(value, nn.Module) for m in value.modules() if m.training]
    for module in training:
        module.training = False
    if training:
        kind = type(training[0]).__name__
        warnings.warn(f"{name}: {kind} is in training mode: used in evaluation mode here, call .eval()", stacklevel=6)
    try:
        yield
    finally:
        for module in training:
            module.training = True
