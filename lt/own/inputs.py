"""What users hand in and what their functions return, brought into one form; errors in one line."""

import contextlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lt.errors import LtError

CHUNK = 512  # rows per forward pass when a whole split goes through a network
LARGE = 2**27  # numbers: of more, the variance is taken in parts, which takes a tenth of the time
UNKNOWN = -1  # the label of an item whose class is not known
FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError,
            StopIteration, TypeError, ValueError)  # of functions that get unexpected input  # fmt: skip


def as_items(x: Any, name: str = "items") -> Any:
    """What a user hands in as a float32 or integer tensor; a list where items are no numbers or differ in shape.
    Takes tensors, NumPy arrays of any type and layout, sparse matrices, data frames, lists, Datasets, DataLoaders."""
    if isinstance(x, (DataLoader, Dataset)):
        return with_labels(x, None, name)[0]
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
        try:
            x = torch.from_numpy(np.require(np.ma.filled(x, np.nan), wanted, ["C", "W"]))
        except FAILURES as error:
            raise LtError(f"{name}: not all are numbers ({first_line(error)}): give numbers or texts") from error
    if isinstance(x, Tensor) and x.ndim:
        return (x.float() if x.dtype == torch.float64 else x).to_dense()
    if isinstance(x, list):
        return x
    raise LtError(f"{name}: {type(x).__name__}: give a tensor, an array or a list with one row per item")


def with_labels(x: Any, y: Any, name: str, large: bool = False) -> tuple[Any, Any]:
    """Items, a ``large`` array left to be read in parts, and labels: of a Dataset's or DataLoader's pairs, or ``y``."""
    if not isinstance(x, (DataLoader, Dataset)):
        return x if large and isinstance(x, np.ndarray) and x.ndim else as_items(x, name), y
    try:
        loader = x if isinstance(x, DataLoader) else DataLoader(x, CHUNK, generator=torch.Generator())
        batches = [b if isinstance(b, (tuple, list)) and not isinstance(b[0], str) else (b,) for b in loader]
        columns = [[as_items(part, name) for part in column] for column in zip(*batches, strict=True)]
        found, *rest = [torch.cat(c) if isinstance(c[0], Tensor) else [*itertools.chain(*c)] for c in columns]
    except FAILURES as error:  # such as pictures without a transform to tensors
        raise LtError(f"{name}: no batches can be made ({first_line(error)}): give a transform to tensors") from error
    if y is not None and (len(columns) > 1 or x is loader):
        raise LtError(f"{name}: labels beside a DataLoader or pairs: let it give pairs (item, label), leave y out")
    return found, rest[0] if rest else y


def labels_of(y: Any, name: str = "labels") -> Tensor:
    """Labels (n,) of whole numbers of any type as int64, -1 where not known; :class:`lt.LtError` for anything else."""
    y = (y.double() if y.is_floating_point() else y).detach().to_dense().cpu() if isinstance(y, Tensor) else y
    with contextlib.suppress(ValueError):  # of unlike rows
        y = np.asarray(y)
    array = y if isinstance(y, np.ndarray) else np.asarray("ragged")
    if array.dtype.kind not in "biuf":
        raise LtError(f"{name}: no integers: give [classes.index(c) for c in y], with one list classes for all domains")
    if array.ndim != 1 or not ((array == np.floor(array)) & (array >= UNKNOWN) & (array < 2.0**63)).all():
        given = f"{array.dtype} of shape {array.shape}" + (f", the smallest {array.min()}" if array.size else "")
        raise LtError(f"{name}: labels are {given}: give one integer per item, from 0, or -1 where it is not known")
    return torch.from_numpy(array.astype(np.int64))


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
    try:
        out = function(x)
        pair = isinstance(out, tuple) or (isinstance(out, list) and len(out) == 2 and np.ndim(out[0]) > 1)
        parts = [out.mean, out.stddev] if hasattr(out, "stddev") else out if what == "encode" and pair else [out]
    except FAILURES as error:
        raise LtError(f"{name}: {what} failed on {shape_of(x)} ({first_line(error)}): one item is x[None]") from error
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
    parts, shape = {"means": mean, "stds": mean if std is None else std, "labels": y}, tuple(np.shape(mean))
    kinds = [(getattr(part, "dtype", None), tuple(np.shape(part))) for part in parts.values()]
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


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


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
