"""The weights of the page "Draw a digit", small files for a browser: ``python book/live/pack.py laptop``.

Models and bridges of chapters 3, 4, 6 and 12, from the cache or trained first, replace ``book/_static/live/weights``.
"""

import copy
import gzip
import hashlib
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.utils import save_image

from lt import Bridge, BridgeConfig, Domain, LtError, Training, fit_bridge, named_generator
from lt.book import Run, start
from lt.book.figures import first_of_each_class, tiles
from lt.data import CLASSES
from lt.models.foreign import load_words, package, phrases

STATIC = Path(__file__).parents[1] / "_static" / "live"
WIDE = 2**15  # numbers from which a matrix is stored in bytes, where its network allows it
LEVELS = 31  # such weights run from -31 to 31: gzip packs them a fifth smaller than 127, and 99 of 100 garments keep their class
DTYPES = {"f32": torch.float32, "f16": torch.float16, "u8": torch.uint8, "i8": torch.int8}
OPS = {nn.Linear: "dense", nn.Conv2d: "conv", nn.ConvTranspose2d: "deconv", nn.LayerNorm: "norm"}
OPS |= {nn.ReLU: "relu", nn.LeakyReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.AdaptiveAvgPool2d: "mean"}
SETTINGS = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "slope": "negative_slope", "eps": "eps"}


class Pack:
    """Tensors and networks in files that are fetched one by one, gzipped and named by their content.
    A tensor is ``f32``, ``f16``, ``u8`` (0 to 255 for 0 to 1) or ``i8``, with one scale per column; weights lie as
    (inputs, outputs): a reader adds up rows, and skips those of inputs that are zero."""

    def __init__(self) -> None:
        self.data: dict[str, bytearray] = {}  # of each file
        self.tensors, self.networks, self.bridges = {}, {}, {}  # what the manifest says of each

    def put(self, file: str, name: str, x: Tensor, dtype: str = "f16", steps: Tensor | None = None) -> str:
        """Append a tensor to a file, and return its name."""
        entry, x = {"file": file, "dtype": dtype, "shape": list(x.shape)}, x.detach().cpu()
        if dtype == "i8":
            scale = x.abs().amax(0).clamp(min=1e-30) / LEVELS if steps is None else steps
            entry["scale"], x = self.put(file, f"{name}.scale", scale, "f32"), (x / scale).round()
        elif dtype == "u8":
            x = (x * 255).round()
        data = self.data.setdefault(file, bytearray())
        data += bytes(-len(data) % 4)
        self.tensors[name] = entry | {"offset": len(data)}
        data += x.to(DTYPES[dtype]).numpy().tobytes()
        return name

    def layers(self, file: str, name: str, *parts: nn.Module, shape: tuple = (), wide: str = "i8") -> list[dict]:
        """Layers in their order, wide matrices as ``wide``; convolutions begin with (channels, height, width)."""
        made, flat = [], [layer for part in parts for layer in part.modules() if not list(layer.children())]
        for i, (layer, norm) in enumerate(zip(flat, [*flat[1:], None], strict=True)):
            if isinstance(layer, nn.BatchNorm2d):  # melted into the layer before it
                continue
            if type(layer) not in OPS:
                raise LtError(f"{name}: the page knows no layer {type(layer).__name__}: add it to nn.js and pack.py")
            op, settings = OPS[type(layer)], {key: getattr(layer, its, None) for key, its in SETTINGS.items()}
            one = {key: x[0] if isinstance(x, tuple) else x for key, x in settings.items() if x is not None}
            made.append(one := {"op": op, "from": list(shape), **one})
            if "kernel" in one:
                shape = layer(layer.weight.new_zeros(1, *shape)).shape[1:]
                one["to"] = list(shape)
            tensors = {"gain": layer.weight, "bias": layer.bias} if op == "norm" else {}
            if op in ("dense", "conv", "deconv"):
                rows, bias = layer.weight.flatten(1) if op == "deconv" else layer.weight.flatten(1).T, layer.bias
                if isinstance(norm, nn.BatchNorm2d):  # each channel of it is one or more of the columns
                    gain = (norm.weight * (norm.running_var + norm.eps).rsqrt())[:, None]
                    shift = norm.bias[:, None] - gain * norm.running_mean[:, None]
                    rows = (rows.unflatten(1, (len(gain), -1)) * gain).flatten(1)
                    bias = (bias.unflatten(0, (len(gain), -1)) * gain + shift).flatten()
                tensors = {"weight": rows, "bias": bias}
            for key, x in tensors.items():
                dtype = wide if op != "conv" and x.numel() >= WIDE else "f16"
                one[key] = self.put(file, f"{name}.{i}.{key}", x, dtype)
        return made

    def bridge(self, file: str, name: str, bridge: Bridge, wide: str = "f16") -> None:
        """Store a bridge with gated outputs: its parts are called as in :class:`lt.networks.BridgingVAE`."""
        network, at, moments = bridge.network, f"bridge.{name}", [bridge.place(one)[2:] for one in bridge.names]
        entry: dict = {"names": bridge.names, "sizes": bridge.sizes, "latent": network.latent, "shared": network.shared}
        for part in ("encoder", "decoder", "mean", "std", "output", "classifier"):
            entry[part] = self.layers(file, f"{at}.{part}", getattr(network, part), wide=wide)
        entry |= {part: dict(zip(("hidden", "input"), entry[part], strict=True)) for part in ("mean", "std", "output")}
        entry |= {"classifier": entry["classifier"][0], "scale": [float(scale) for _, scale in moments]}
        entry["shift"] = [self.put(file, f"{at}.shift.{i}", shift, "f32") for i, (shift, _) in enumerate(moments)]
        self.bridges[name] = entry

    def write(self, folder: Path, **facts: object) -> None:
        """Write all files and ``manifest.json`` in the place of what ``folder`` holds."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        files = {}
        for name, data in self.data.items():
            digest = hashlib.sha256(packed := gzip.compress(data, mtime=0)).hexdigest()
            files[name] = {"path": f"{name}-{digest[:12]}.bin", "sha256": digest, "bytes": len(packed)}
            (folder / files[name]["path"]).write_bytes(packed)
        facts |= {"files": files, "networks": self.networks, "bridges": self.bridges, "tensors": self.tensors}
        (folder / "manifest.json").write_text(json.dumps({"format": 1, **facts}) + "\n", encoding="utf-8")


def words(run: Run) -> Bridge:
    """The bridge of chapter 12 from names of garments to pictures of them."""
    names, y = phrases("fashion", "train")
    points = Domain("words", load_words(), device=run.device).latents(names, y)
    spread = torch.cdist(points.mean, points.mean)[(y[:, None] == y).fill_diagonal_(False)].mean() / 256**0.5
    points = replace(points, std=torch.full_like(points.mean, round(spread.item(), 2)))
    training = Training(1500, 128, 4e-3, "onecycle", average=0.99)  # as laptop has it
    return fit_bridge([points, run.latents("fashion")], BridgeConfig(training, beta_kl=0.01, beta_swd=10.0, beta_cls=3.0))


def pack_words(pack: Pack, bridge: Bridge) -> None:
    """Store WordLlama's pieces in small letters, in the order in which they are joined, and of their vectors the 128
    directions in which z' moves most, as coarsely as it moves little; and the square of the rest, for the length."""
    home = package("wordllama", "foreign")
    model = home.WordLlama.load(cache_dir=Path(home.__file__).parent, disable_download=True)
    known = sorted((i, text) for text, i in model.tokenizer.get_vocab().items() if re.fullmatch("▁|▁?[a-z'-]+", text))
    x = torch.from_numpy(model.embedding[[i for i, _ in known]])  # (n, 256)
    network, number, centre, scale = bridge.place("words")
    pairs = x[torch.randint(len(x), (4000, 2), generator=named_generator("texts", 0))].mean(1)  # texts of two pieces
    z = (nn.functional.normalize(pairs) - centre) / scale
    slopes = torch.autograd.functional.jacobian(lambda z: network.encode(z, number)[0].sum(0), z).flatten(0, 1)
    power, axes = (part[..., -128:] for part in torch.linalg.eigh((slopes.T @ slopes).double()))
    to, back = (axes * power.sqrt()).float(), (axes / power.sqrt()).float().T
    found = (x @ to / (step := 0.3 * (x @ to).std())).round() * step
    rest = (x.square().sum(1) - (found @ back).square().sum(1))[:, None]
    steps = torch.cat([step.expand(128), rest.max()[None] / 127])
    pack.put("words", "words.pieces", torch.tensor([*"\n".join(text for _, text in known).replace("▁", " ").encode()]))
    pack.put("words", "words.vectors", torch.cat([found, rest], 1), "i8", steps)
    pack.put("words", "words.axes", back)
    pack.bridge("words", "words", bridge, "i8")


@torch.no_grad()
def export(run: Run, folder: Path) -> None:
    """Write ``picture``, from drawing to garment, ``more``, for other ways, ``sound``, for spoken words, ``weights``,
    bridges of other weights of the KL term, ``words``, for typed words, and the preview."""
    pack, bridge = Pack(), run.bridge("mnist", "fashion")
    mnist, fashion, speech, hears = run.vae("mnist"), run.vae("fashion"), run.vae("speech"), run.judge("speech")
    posterior, voice, mel = copy.deepcopy(mnist.posterior), copy.deepcopy(speech.decoder), speech.mel
    for one in posterior.parameters():
        one.data = one[: mnist.latent]  # the mean alone
    voice.start.weight *= speech.spread  # of the code that it reads
    for file, name, parts, shape in (
        ("picture", "mnist.encoder", (mnist.encoder, posterior), ()),
        ("picture", "fashion.decoder", (fashion.decoder, fashion.pixels, nn.Sigmoid()), ()),
        ("more", "mnist.decoder", (mnist.decoder, mnist.pixels, nn.Sigmoid()), ()),
        ("more", "mnist.judge", (run.judge("mnist"),), ()),
        ("more", "fashion.judge", (run.judge("fashion"),), ()),
        ("sound", "speech.generator", (speech.to_code, voice.start, voice.body), (voice.body[0].num_features, 4, 4)),
        ("sound", "speech.judge", (hears.blocks, nn.AdaptiveAvgPool2d((None, 1)), hears.head), (1, 64, 64)),
    ):
        pack.networks[name] = pack.layers(file, name, *parts, shape=shape)
    pack.bridge("picture", "fashion", bridge)
    pack.bridge("sound", "speech", run.bridge("mnist", "speech"))
    for factor in (0.1, 5):  # bridges of chapter 6, whose results vary more and less
        config = replace(run.profile.bridge, beta_kl=factor * run.profile.bridge.beta_kl)
        pack.bridge("weights", f"fashion.{factor:g}", run.bridge("mnist", "fashion", 0, config))
    y = {name: run.held(name).y.cpu() for name in ("mnist", "fashion", "speech")}
    digits, garments, clips = (first_of_each_class(y[name], n) for name, n in zip(y, (1, 20, 6), strict=True))
    items = {"examples": y["mnist"][digits], "garments": y["fashion"][garments], "clips": y["speech"][clips]}
    pack.put("picture", "examples", run.images("mnist").x[digits], "u8")
    pack.put("weights", "crowd", run.images("mnist").x[first_of_each_class(y["mnist"], 10)], "u8")
    pack.put("more", "garments", run.images("fashion").x[garments], "u8")
    pack.put("more", "garments.z", run.held("fashion").mean[garments])
    pack.put("sound", "clips.z", run.held("speech").mean[clips])
    pack.put("sound", "mel.inverse", mel.inverse, "f32")
    pack_words(pack, words(run))
    # the map: a principal plane of z' of held-out digits and garments
    some = [run.held(name).take(first_of_each_class(y[name], 40)) for name in bridge.names]
    z = torch.cat([bridge.encode(latents.mean, latents.name)[0] for latents in some])
    centre, far = z.mean(0), 3 * z.std(0)
    axes = torch.linalg.svd(z - centre, full_matrices=False)[2][:2]
    pack.put("more", "map", (z - centre) @ axes.T)
    about = {"centre": centre, "axes": axes, "low": centre - far, "high": centre + far}
    about["labels"] = torch.cat([latents.y for latents in some])
    about["domains"] = torch.arange(2).repeat_interleave(torch.tensor([len(latents) for latents in some]))
    sound = {"rate": mel.hop * 1000 // 16, "size": mel.size, "hop": mel.hop, "bands": mel.BANDS, "frames": mel.FRAMES}
    sound |= {"floor": mel.FLOOR, "ceiling": mel.CEILING, "iterations": mel.iterations}
    lists = {what: {name: x.tolist() for name, x in of.items()} for what, of in (("items", items), ("map", about))}
    pack.write(folder, profile=run.profile.name, classes=CLASSES, sound=sound, **lists)
    # what the page shows at first, light on dark as there: a digit of each class, its garment, its word
    z = [run.bridge("mnist", to).transfer(run.held("mnist").mean[digits], "mnist", to) for to in ("fashion", "speech")]
    rows = [1 - run.images("mnist").x[digits], 1 - fashion.decode(z[0]), speech.decode(z[1])]
    pixels = [nn.functional.interpolate(torch.from_numpy(tiles(x)).permute(0, 3, 1, 2).float(), 64) for x in rows]
    save_image(torch.cat(pixels), folder.parent / "preview.webp", nrow=len(digits), padding=0)


if __name__ == "__main__":
    export(start("live", (sys.argv[1:] or ["laptop"])[0]), STATIC / "weights")
