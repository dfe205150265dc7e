"""Networks as files that a browser reads: lists of layers in one JSON object, weights as small numbers in compressed files."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lt.bridge import Bridge
from lt.errors import LtError
from lt.networks import GatedMixing

FORMAT = 1  # of the manifest
WIDE = 2**15  # numbers from which a matrix is stored in bytes, where its network allows it


class Pack:
    """Tensors and networks for one page, in named files that are fetched one by one.

    A tensor is ``f32``, ``f16``, ``u8`` (0 to 255 for 0 to 1) or ``i8``: bytes with one scale for each output of a layer. A weight
    is stored as (inputs, outputs): a reader adds up rows, and skips those of inputs that are zero. Files are gzipped, and named by their content.
    """

    def __init__(self, levels: int = 127):
        self.levels = levels  # bytes run from -levels to levels: fewer compress better
        self.files: dict[str, bytearray] = {}
        self.tensors: dict[str, dict] = {}
        self.networks: dict[str, list[dict]] = {}
        self.bridges: dict[str, dict] = {}

    def put(self, file: str, name: str, value: Tensor, dtype: str = "f16", group: int = 1) -> str:
        """Append a tensor to a file, and return its name. With ``i8``, ``group`` columns of (rows, columns) share a scale."""
        if name in self.tensors:
            raise LtError(f"two tensors are called {name}: give each a name of its own")
        x = value.detach().cpu().double().numpy()
        entry = {"file": file, "dtype": dtype, "shape": list(x.shape)}
        if dtype == "i8":
            largest = np.abs(x).max(0).reshape(-1, group).max(1)
            scale = np.where(largest > 0, largest, 1) / self.levels
            entry["scale"], entry["group"] = self.put(file, f"{name}.scale", torch.from_numpy(scale), "f32"), group
            raw = np.rint(x / np.repeat(scale, group)).astype(np.int8).tobytes()
        elif dtype == "u8":
            raw = np.rint(x.clip(0, 1) * 255).astype(np.uint8).tobytes()
        else:
            raw = x.astype({"f16": "<f2", "f32": "<f4"}[dtype]).tobytes()
        data = self.files.setdefault(file, bytearray())
        data += bytes(-len(data) % 4)
        entry["offset"] = len(data)
        data += raw
        self.tensors[name] = entry
        return name

    def _weights(self, file: str, name: str, kind: dict, weight: Tensor, bias: Tensor | None, small: bool, group: int = 1) -> dict:
        narrow = "i8" if small and weight.numel() >= WIDE else "f16"
        bias = torch.zeros(weight.shape[1] // group) if bias is None else bias
        return {**kind, "weight": self.put(file, f"{name}.weight", weight, narrow, group), "bias": self.put(file, f"{name}.bias", bias)}

    def dense(self, file: str, name: str, layer: nn.Linear, small: bool = False) -> dict:
        """A fully connected layer."""
        return self._weights(file, name, {"op": "dense"}, layer.weight.T, layer.bias, small)

    def network(self, file: str, name: str, layers: Iterable[nn.Module | str], small: bool = False, shape: tuple[int, ...] = ()) -> None:
        """Store layers in their order, wide matrices in bytes if ``small``; the string ``mean`` is a mean over the last axis.

        ``shape`` is (channels, height, width) of what convolutions begin with. Batch norms melt into the layer before them.
        """
        self.networks[name] = self.layers(file, name, layers, small, shape)

    def layers(
        self, file: str, name: str, layers: Iterable[nn.Module | str], small: bool = False, shape: tuple[int, ...] = ()
    ) -> list[dict]:
        flat: list[nn.Module | str] = []
        for layer in layers:
            flat += [part for part in layer.modules() if not list(part.children())] if isinstance(layer, nn.Module) else [layer]
        made: list[dict] = []
        for i, layer in enumerate(flat):
            norm = flat[i + 1] if i + 1 < len(flat) else None
            gain, shift = _norm(norm) if isinstance(norm, nn.BatchNorm2d) else (None, None)
            part = f"{name}.{i}"
            if isinstance(layer, nn.Linear):
                weight, bias = layer.weight, layer.bias
                if gain is not None and shift is not None:  # a channel is several outputs
                    each = len(weight) // len(gain)
                    gain, shift = gain.repeat_interleave(each), shift.repeat_interleave(each)
                    weight, bias = weight * gain[:, None], bias * gain + shift
                made.append(self._weights(file, part, {"op": "dense"}, weight.T, bias, small))
            elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                weight, bias, up = layer.weight, layer.bias, isinstance(layer, nn.ConvTranspose2d)
                if gain is not None and shift is not None and bias is not None:
                    weight = weight * (gain[None, :, None, None] if up else gain[:, None, None, None])
                    bias = bias * gain + shift
                kernel, stride, padding = layer.kernel_size[0], layer.stride[0], int(layer.padding[0])
                outs = [
                    (size - 1) * stride - 2 * padding + kernel if up else (size + 2 * padding - kernel) // stride + 1 for size in shape[1:]
                ]
                after = (layer.out_channels, *outs)
                kind = {"kernel": kernel, "stride": stride, "padding": padding, "from": list(shape), "to": list(after)}
                rows = weight.flatten(1) if up else weight.flatten(1).T
                made.append(
                    self._weights(file, part, {"op": "deconv" if up else "conv", **kind}, rows, bias, small, kernel**2 if up else 1)
                )
                shape = after
            elif isinstance(layer, nn.LayerNorm):
                gain_of, shift_of = self.put(file, f"{part}.gain", layer.weight), self.put(file, f"{part}.bias", layer.bias)
                made.append({"op": "norm", "gain": gain_of, "bias": shift_of, "eps": layer.eps})
            elif isinstance(layer, nn.LeakyReLU):
                made.append({"op": "relu", "slope": layer.negative_slope})
            elif layer == "mean":
                made.append({"op": "mean", "from": list(shape)})
            elif isinstance(layer, nn.BatchNorm2d):
                pass
            elif type(layer) in (nn.ReLU, nn.Tanh, nn.Sigmoid):
                made.append({"op": type(layer).__name__.lower()})
            else:
                raise LtError(f"{name}: a browser has no layer {type(layer).__name__}: use one that lt.book.pack knows")
        return made

    def bridge(self, file: str, name: str, bridge: Bridge) -> None:
        """Store a bridge: its parts are called as in :class:`lt.networks.BridgingVAE`."""
        network = bridge.network
        if not isinstance(network.output, GatedMixing) or not network.conditional or len(bridge.parts) > 1:
            raise LtError(f"{name}: the page has a bridge with gated outputs and domain labels only: train one")
        entry: dict = {"names": bridge.names, "sizes": bridge.sizes, "latent": network.latent, "shared": network.shared}
        for part in ("encoder", "decoder"):
            entry[part] = self.layers(file, f"bridge.{name}.{part}", [getattr(network, part)])
        for part in ("mean", "std", "output"):
            mixing = getattr(network, part)
            ends = {"hidden": mixing.from_hidden, "input": mixing.from_input}
            entry[part] = {end: self.dense(file, f"bridge.{name}.{part}.{end}", layer) for end, layer in ends.items()}
        entry["classifier"] = self.dense(file, f"bridge.{name}.classifier", network.classifier)
        entry["shift"] = [
            self.put(file, f"bridge.{name}.shift.{i}", getattr(bridge, f"shift_{i}"), "f32") for i in range(len(bridge.names))
        ]
        entry["scale"] = [float(getattr(bridge, f"scale_{i}")) for i in range(len(bridge.names))]
        self.bridges[name] = entry

    def write(self, folder: Path, facts: dict) -> dict:
        """Write all files and ``manifest.json`` in the place of what ``folder`` holds, and return the manifest."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        files = {}
        for name, data in self.files.items():
            packed = gzip.compress(bytes(data), 9, mtime=0)
            digest = hashlib.sha256(packed).hexdigest()
            path = f"{name}-{digest[:12]}.bin"
            (folder / path).write_bytes(packed)
            files[name] = {"path": path, "bytes": len(packed), "unpacked": len(data), "sha256": digest}
        manifest = {"format": FORMAT, **facts, "files": files}
        manifest |= {"networks": self.networks, "bridges": self.bridges, "tensors": self.tensors}
        write_manifest(folder, manifest)
        return manifest


def write_manifest(folder: Path, manifest: dict) -> None:
    """Write ``manifest.json``, one entry a line where entries are many."""
    lines = []
    for key, value in manifest.items():
        if key in ("tensors", "networks", "bridges"):
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    (folder / "manifest.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _norm(layer: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What a batch norm does in evaluation: times the first, plus the second."""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    gain = layer.weight / (layer.running_var + layer.eps).sqrt()
    return gain, layer.bias - layer.running_mean * gain
