"""The weights of the page "Draw a digit", small files that a browser reads: ``python book/live/pack.py --profile laptop``.

Models and bridges are those of chapters 3 and 4, from the cache, or trained first (set 0, seed 0). The files of
``book/_static/live/weights`` are replaced. ``--inline FILE`` writes the whole page with these weights into one file
instead, which needs no server: open it, or show it in a notebook with ``IPython.display.HTML(filename=FILE)``.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import typer
from matplotlib import colormaps
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.utils import save_image

from lt import LtError
from lt.book import Run, start
from lt.book.figures import first_of_each_class
from lt.bridge import Bridge
from lt.data import CLASSES
from lt.networks import GatedMixing

STATIC = Path(__file__).parents[1] / "_static" / "live"
MODULES = ("nn", "sound", "models", "worker", "ask", "drawing", "view", "page")  # .js, each after those that it imports
WIDE = 2**15  # numbers from which a matrix is stored in bytes, where its network allows it
LEVELS = 127  # such weights run from -127 to 127
GARMENTS, CLIPS, DOTS = 20, 6, 40  # items per class: to pick from, and on the map
OPS = {nn.ReLU: "relu", nn.LeakyReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}


class Pack:
    """Tensors and networks in named files that are fetched one by one, gzipped and named by their content.

    A tensor is ``f32``, ``f16``, ``u8`` (0 to 255 for 0 to 1) or ``i8``, with one scale per output; weights lie as
    (inputs, outputs): a reader adds up rows, and skips those of inputs that are zero.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.tensors, self.networks, self.bridges = ({} for _ in range(3))  # what the manifest says of each

    def put(self, file: str, name: str, value: Tensor, dtype: str = "f16", group: int = 1) -> str:
        """Append a tensor to a file, and return its name. With ``i8``, ``group`` columns of (rows, columns) share a scale."""
        x = value.detach().cpu().double().numpy()
        entry = {"file": file, "dtype": dtype, "shape": list(x.shape)}
        if dtype == "i8":
            largest = np.abs(x).max(0).reshape(-1, group).max(1)
            scale = np.where(largest > 0, largest, 1) / LEVELS
            entry |= {"scale": self.put(file, f"{name}.scale", torch.from_numpy(scale), "f32"), "group": group}
            raw = np.rint(x / np.repeat(scale, group)).astype(np.int8).tobytes()
        elif dtype == "u8":
            raw = np.rint(x.clip(0, 1) * 255).astype(np.uint8).tobytes()
        else:
            raw = x.astype({"f16": "<f2", "f32": "<f4"}[dtype]).tobytes()
        data = self.files.setdefault(file, bytearray())
        data += bytes(-len(data) % 4)
        self.tensors[name] = entry | {"offset": len(data)}
        data += raw
        return name

    def layers(self, file: str, name: str, parts: Sequence[nn.Module], small: bool = False, shape: Sequence[int] = ()) -> list[dict]:
        """Layers in their order, wide matrices in bytes if ``small``; batch norms melt into the layer before them.

        ``shape`` is (channels, height, width) of what convolutions begin with.
        """
        flat = [layer for part in parts for layer in part.modules() if not list(layer.children())]
        made: list[dict] = []
        for i, layer in enumerate(flat):
            norm, at = flat[i + 1] if i + 1 < len(flat) else None, f"{name}.{i}"
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                up, weight, bias, kind, group = isinstance(layer, nn.ConvTranspose2d), layer.weight, layer.bias, {}, 1
                if isinstance(norm, nn.BatchNorm2d):
                    moments = norm.running_mean, norm.running_var, norm.weight, norm.bias
                    each = len(bias) // len(norm.bias)  # outputs of a fully connected layer that are one channel
                    mean, variance, gain, shift = (value.repeat_interleave(each) for value in moments)
                    weight, bias = fuse_conv_bn_weights(weight, bias, mean, variance, norm.eps, gain, shift, up)
                if not isinstance(layer, nn.Linear):
                    kind = {"kernel": layer.kernel_size[0], "stride": layer.stride[0], "padding": layer.padding[0]}
                    kind, shape = kind | {"from": list(shape)}, layer(weight.new_zeros(1, *shape)).shape[1:]
                    kind, group = kind | {"to": list(shape)}, layer.kernel_size[0] ** 2 if up else 1
                op, rows = "deconv" if up else "conv" if kind else "dense", weight.flatten(1) if up else weight.flatten(1).T
                narrow = "i8" if small and weight.numel() >= WIDE else "f16"
                weights = self.put(file, f"{at}.weight", rows, narrow, group)
                made.append({"op": op, **kind, "weight": weights, "bias": self.put(file, f"{at}.bias", bias)})
            elif isinstance(layer, nn.LayerNorm):
                gain, bias = (self.put(file, f"{at}.{part}", getattr(layer, part)) for part in ("weight", "bias"))
                made.append({"op": "norm", "gain": gain, "bias": bias, "eps": layer.eps})
            elif isinstance(layer, nn.AdaptiveAvgPool2d):  # over the last axis
                made.append({"op": "mean", "from": list(shape)})
            elif type(layer) in OPS:
                made.append({"op": OPS[type(layer)], "slope": getattr(layer, "negative_slope", 0)})
            elif not isinstance(layer, nn.BatchNorm2d):
                raise LtError(f"{name}: the page knows no layer {type(layer).__name__}: add it to nn.js and pack.py")
        return made

    def network(self, file: str, name: str, parts: Sequence[nn.Module], small: bool = False, shape: Sequence[int] = ()) -> None:
        """Store the layers of a network."""
        self.networks[name] = self.layers(file, name, parts, small, shape)

    def bridge(self, file: str, name: str, bridge: Bridge) -> None:
        """Store a bridge: its parts are called as in :class:`lt.networks.BridgingVAE`."""
        network = bridge.network
        if not isinstance(network.output, GatedMixing) or not network.conditional or len(bridge.parts) > 1:
            raise LtError(f"{name}: the page has bridges with gated outputs and domain labels only: train one")
        entry: dict = {"names": bridge.names, "sizes": bridge.sizes, "latent": network.latent, "shared": network.shared}
        for part in ("encoder", "decoder", "mean", "std", "output", "classifier"):
            entry[part] = self.layers(file, f"bridge.{name}.{part}", [getattr(network, part)])
        entry |= {part: dict(zip(("hidden", "input"), entry[part], strict=True)) for part in ("mean", "std", "output")}
        entry["classifier"] = entry["classifier"][0]
        moments = [(getattr(bridge, f"shift_{i}"), getattr(bridge, f"scale_{i}")) for i in range(len(bridge.names))]
        entry["shift"] = [self.put(file, f"bridge.{name}.shift.{i}", m, "f32") for i, (m, _) in enumerate(moments)]
        self.bridges[name] = entry | {"scale": [float(scale) for _, scale in moments]}

    def write(self, folder: Path, facts: dict) -> None:
        """Write all files and ``manifest.json`` in the place of what ``folder`` holds."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        files = {}
        for name, data in self.files.items():
            packed = gzip.compress(bytes(data), 9, mtime=0)
            digest = hashlib.sha256(packed).hexdigest()
            path = f"{name}-{digest[:12]}.bin"
            files[name] = {"path": path, "bytes": len(packed), "unpacked": len(data), "sha256": digest}
            (folder / path).write_bytes(packed)
        manifest = {"format": 1, **facts, "files": files}
        manifest |= {"networks": self.networks, "bridges": self.bridges, "tensors": self.tensors}
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False) + "\n", encoding="utf-8")


@torch.no_grad()
def export(run: Run, folder: Path) -> None:
    """Write ``picture``, all that turns a drawing into a garment, ``more``, for the other ways, and ``sound``, the words."""
    pack, mnist, fashion, bridge = Pack(), run.vae("mnist"), run.vae("fashion"), run.bridge("mnist", "fashion")
    posterior, mean = mnist.posterior, nn.Linear(mnist.posterior.in_features, mnist.latent)
    mean.weight.copy_(posterior.weight[: mnist.latent])
    mean.bias.copy_(posterior.bias[: mnist.latent])
    digits, clothes, clips = run.images("mnist"), run.images("fashion"), run.held("speech")
    examples, garments = first_of_each_class(digits.y), first_of_each_class(clothes.y, GARMENTS)
    spoken = first_of_each_class(clips.y, CLIPS)
    pack.network("picture", "mnist.encoder", [mnist.encoder, mean], True)
    pack.bridge("picture", "fashion", bridge)
    pack.network("picture", "fashion.decoder", [fashion.decoder, fashion.pixels, nn.Sigmoid()], True)
    pack.put("picture", "examples", digits.x[examples], "u8")
    pack.network("more", "mnist.decoder", [mnist.decoder, mnist.pixels, nn.Sigmoid()], True)
    for name in ("fashion", "mnist"):
        pack.network("more", f"{name}.judge", [run.judge(name).body, run.judge(name).head], True)
    pack.put("more", "garments", clothes.x[garments], "u8")
    pack.put("more", "garments.z", run.held("fashion").mean[garments])
    places, about = plane(run, bridge)
    pack.put("more", "map", places)
    generator, judge, mean = run.vae("speech"), run.judge("speech"), nn.AdaptiveAvgPool2d((None, 1))
    mel, start, (*first, last) = generator.mel, generator.decoder.start, generator.to_code
    scaled = nn.Linear(last.in_features, last.out_features)
    scaled.weight.copy_(last.weight * generator.spread[:, None])
    scaled.bias.copy_(last.bias * generator.spread)
    voice = [*first, scaled, start, generator.decoder.body]
    pack.bridge("sound", "speech", run.bridge("mnist", "speech"))
    pack.network("sound", "speech.generator", voice, True, (start.out_features // 16, 4, 4))
    pack.network("sound", "speech.judge", [judge.blocks, mean, judge.head], False, (1, 64, 64))
    pack.put("sound", "clips.z", clips.mean[spoken])
    pack.put("sound", "mel.inverse", mel.inverse, "f32")
    sound = {"rate": mel.hop * 1000 // 16, "size": mel.size, "hop": mel.hop, "bands": mel.BANDS, "frames": mel.FRAMES}
    sound |= {"floor": mel.FLOOR, "ceiling": mel.CEILING, "iterations": mel.iterations}
    labels = {"examples": digits.y[examples], "garments": clothes.y[garments], "clips": clips.y[spoken]}
    items = {name: y.tolist() for name, y in labels.items()}
    pack.write(folder, {"profile": run.profile.name, "classes": CLASSES, "items": items, "sound": sound, "map": about})


def plane(run: Run, bridge: Bridge) -> tuple[Tensor, dict]:
    """Principal plane of z' of held-out digits and garments: places (n, 2), and the plane with what each place is."""
    some = [run.held(name).take(first_of_each_class(run.held(name).y, DOTS)) for name in bridge.names]
    z = torch.cat([bridge.encode(latents.mean, latents.name)[0] for latents in some])
    centre, spread = z.mean(0), z.std(0)
    axes = torch.linalg.svd(z - centre, full_matrices=False)[2][:2]
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()  # an axis and its negative: choose one
    about = {"centre": centre, "axes": axes, "low": centre - 3 * spread, "high": centre + 3 * spread}
    facts: dict = {name: value.double().round(decimals=5).tolist() for name, value in about.items()}
    facts["labels"] = torch.cat([latents.y for latents in some]).tolist()
    facts["domains"] = [i for i, latents in enumerate(some) for _ in latents.y]
    return (z - centre) @ axes.T, facts


@torch.no_grad()
def preview(run: Run, path: Path) -> None:
    """Write what the page shows at first: a digit of each class, its garment, the spectrogram of its word."""
    pick = first_of_each_class(run.held("mnist").y)
    z = {to: run.bridge("mnist", to).transfer(run.held("mnist").mean[pick], "mnist", to) for to in ("fashion", "speech")}
    made = {name: run.vae(name).decode(latents).cpu() for name, latents in z.items()}
    pixels = run.images("mnist").x[pick.cpu()], made["fashion"]
    grey = [nn.functional.interpolate(x.view(-1, 1, 28, 28), 64).expand(-1, 3, -1, -1) for x in pixels]
    mel = made["speech"].view(-1, 64, 64).flip(1)  # low sounds below
    heard = torch.from_numpy(colormaps["inferno"]((mel.numpy() + 1) / 2)).float().permute(0, 3, 1, 2)[:, :3]
    save_image(torch.cat([*grey, heard]), path, nrow=len(pick), padding=0)


def inlined(folder: Path) -> str:
    """The page as one text of HTML: its modules and the weights in ``folder`` stand in it as data addresses."""
    modules: dict[str, str] = {}
    for name in MODULES:
        source = (STATIC / f"{name}.js").read_text(encoding="utf-8")
        source = re.sub(r'from "\./(\w+)\.js"', lambda found: f'from "{modules[found[1]]}"', source)
        modules[name] = f"data:text/javascript;base64,{base64.b64encode(source.encode()).decode()}"
    packed = {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir())}
    files = json.dumps({name: f"data:;base64,{text}" for name, text in packed.items()})
    page = (STATIC.parents[1] / "live.md").read_text(encoding="utf-8")
    body = page[page.index('<p class="lt-note" id="lt-fallback">') : page.index("<link ")]
    body = body.replace('id="lt-live"', f"""id="lt-live" data-worker="{modules["worker"]}" data-addresses='{files}'""")
    return f"""<!DOCTYPE html><meta charset="utf-8"><title>Draw a digit</title>{body}
<style>{(STATIC / "live.css").read_text(encoding="utf-8")}</style>
<script type="module" src="{modules["page"]}"></script>"""


def main(profile: str = "laptop", inline: Path | None = None) -> None:
    """Write the weights of the page "Draw a digit", or with --inline FILE the whole page into one file."""
    try:
        run = start("live", profile)
        if inline is None:
            export(run, STATIC / "weights")
            preview(run, STATIC / "preview.webp")
        else:
            with tempfile.TemporaryDirectory() as scratch:
                export(run, Path(scratch) / "weights")
                inline.write_text(inlined(Path(scratch) / "weights"), encoding="utf-8")
    except LtError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    typer.run(main)
