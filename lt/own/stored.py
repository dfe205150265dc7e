"""What a cache is made of: fingerprints of data and of code, and files of weights."""

import ast
import functools
import hashlib
import inspect
import linecache
import os
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from lt.errors import LtError, explained


def fingerprint(*arrays: Tensor | np.ndarray | str | int | None) -> str:
    """Twelve hex digits that change with any byte, type or shape of any array, and with any text or number."""
    digest = hashlib.sha256()
    for array in arrays:
        if not isinstance(array, Tensor | np.ndarray):
            digest.update(f"|{array}|".encode())
            continue
        digest.update(f"|{str(array.dtype).removeprefix('torch.')} {tuple(array.shape)}|".encode())
        if isinstance(array, Tensor):
            array = array.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]


@functools.cache  # once per process: files edited during a long run must not change its keys half way
def _code(part: Any) -> str:
    """What a module, function or class says, without comments and docstrings."""
    try:
        tree: ast.AST = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(part))))
    except (OSError, TypeError, SyntaxError) as error:  # before Python 3.13, a class of a notebook: its cell
        files = {f.__code__.co_filename for f in vars(part).values() if inspect.isfunction(f)}
        nodes = [node for file in files for node in ast.walk(ast.parse("".join(linecache.getlines(file))))]
        found = [node for node in nodes if isinstance(node, ast.ClassDef) and node.name == part.__name__]
        if not found:
            raise LtError(f"the code of {part!r} cannot be read: write def or class in a file or a cell") from error
        tree = found[-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def code_hash(*parts: Any) -> str:
    """Sixteen hex digits of the code of modules, functions and classes."""
    return hashlib.sha256("\n".join(map(_code, parts)).encode()).hexdigest()[:16]


def save_weights(
    model: nn.Module, path: Path, metadata: dict[str, str] | None = None, dtype: torch.dtype | None = torch.float16
) -> str:
    """Write a model's weights as safetensors, in half precision or another (None: as they are); returns the SHA-256."""
    state = {k: v.detach().to("cpu", dtype if v.is_floating_point() else None) for k, v in model.state_dict().items()}
    raw = save({k: v.clone(memory_format=torch.contiguous_format) for k, v in state.items()}, metadata or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(raw)  # save_file would make a file that others cannot read
    os.replace(part, path)  # no reader sees a half-written file
    return hashlib.sha256(raw).hexdigest()


def read_weights(path: Path, expected: str | None = None) -> dict[str, Tensor]:
    """The tensors of a file; raises :class:`lt.LtError` if it cannot be read or its SHA-256 is not ``expected``."""
    with explained(f"{path} cannot be read, make it again or restore it (git checkout lt)", SafetensorError):
        raw = path.read_bytes()
        tensors = load(raw)
    if expected and hashlib.sha256(raw).hexdigest() != expected:
        raise LtError(f"{path} is altered, its SHA-256 is not {expected[:12]}: restore it (git checkout lt)")
    return tensors


def load_weights(model: nn.Module, path: Path, expected: str | None = None) -> Any:
    """``model`` in evaluation mode with the weights of a file (:func:`read_weights`), which must be its own."""
    state = {k: v.float() if v.is_floating_point() else v for k, v in read_weights(path, expected).items()}
    with explained(f"{path} does not hold weights of this {type(model).__name__}"):
        model.load_state_dict(state)
    return model.eval()
