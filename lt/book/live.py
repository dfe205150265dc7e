"""The live page: what it needs of a profile's trained models, the numbers that it is measured by, and whether both agree with the chapters."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from lt.book.live_numbers import measure, require_quality, write_table
from lt.book.pack import Pack, write_manifest
from lt.book.profiles import Profile
from lt.bridge import Bridge
from lt.cache import NotStored, fingerprint, stored_only
from lt.datasets import CLASSES
from lt.errors import LtError
from lt.loop import default_device

PAGE = "book/live"  # in _toc.yml
CHAPTERS = {"fashion": "03_bridging", "speech": "04_speech"}  # which chapter trained the bridge from MNIST to a domain
LEVELS = 127  # weights in bytes run from -127 to 127
GARMENTS, CLIPS, DOTS = 20, 6, 40  # a class: to pick from, and on the map
PREVIEW = "preview.webp"  # beside the weights' folder
METRICS = ("transfer_accuracy", "transfer_accuracy_second_judge")


@dataclass(frozen=True, eq=False)
class Parts:
    """The models behind the page and the items that it shows."""

    vaes: dict[str, nn.Module]  # of mnist and fashion
    judges: dict[str, nn.Module]  # of mnist, fashion and speech
    generator: nn.Module  # of speech
    bridges: dict[str, Bridge]  # mnist with fashion, mnist with speech
    digits: tuple[Tensor, Tensor]  # held-out images (n, 784) and their classes (n,)
    garments: tuple[Tensor, Tensor]
    clips: tuple[Tensor, Tensor]  # accepted latents of the generator (n, latent) and their classes (n,)


def folder_of(root: Path) -> Path:
    """Where the page's weights are."""
    return root / "book" / "_static" / "live" / "weights"


def collect(budget: Profile, stored: bool = False) -> Parts:
    """Models and bridges as chapters 3 and 4 show them: the first set of base models, seed 0.

    Raises :class:`lt.LtError` if ``stored`` and they are not in the cache; otherwise what is missing is trained.
    """
    from lt.book import setup
    from lt.bridge import fit_bridge
    from lt.zoo import vae

    token = stored_only.set(stored)
    try:
        for name in ("mnist", "fashion") if stored else ():  # before `models`, which would train ahead what is missing
            images = setup.Setup(budget, default_device()).train(name)
            vae.fit_vae(budget.vae[name], images, setup.seed_of(budget, name, 0))
            vae.fit_judge(budget.judge[name], images, 0)
        base = setup.models(budget, ("mnist", "fashion", "speech"))
        configs = {"fashion": budget.bridge, "speech": budget.speech_bridge}
        bridges = {name: fit_bridge([base.seen("mnist"), base.seen(name)], config, 0) for name, config in configs.items()}
    except NotStored as error:
        raise LtError(
            f"{error} is not in the cache: the live page shows the bridges of chapters 3 and 4, so run them first, at this profile"
        ) from error
    finally:
        stored_only.reset(token)
    judges = {name: base.domains[name].judge for name in ("mnist", "fashion", "speech")}
    test = {name: (base.test(name).x, base.test(name).y) for name in ("mnist", "fashion")}
    fresh = base.held("speech")
    return Parts(base.modules, judges, base.modules["speech"], bridges, test["mnist"], test["fashion"], (fresh.mean, fresh.y))  # type: ignore[arg-type]


def each(y: Tensor, n: int) -> Tensor:
    """Indices of the first n items of every class, class by class."""
    return torch.cat([(y == label).nonzero().flatten()[:n] for label in y.unique()])


@torch.no_grad()
def preview(parts: Parts) -> bytes:
    """What the page shows before the first touch, as a WebP: a test digit of each class, below it its garment and the spectrogram of its word."""
    x, y = parts.digits
    x = x[each(y, 1)]
    z = parts.vaes["mnist"].encode(x)[0]
    garments = parts.vaes["fashion"].decode(parts.bridges["fashion"].transfer(z, "mnist", "fashion"))
    mel = parts.generator.decode(parts.bridges["speech"].transfer(z, "mnist", "speech")).view(-1, 64, 64).flip(1).cpu()  # low sounds below
    t = ((mel + 1) / 2).clamp(0, 1)
    colours = torch.stack([(1.6 * t).clamp(max=1), t * t, (0.25 + 0.5 * t * (1 - t)) * (4 * t).clamp(max=1)], -1)  # as loudness in view.js
    pixels = [
        torch.nn.functional.pad(one.view(-1, 28, 28).cpu().repeat_interleave(2, 1).repeat_interleave(2, 2), (4, 4, 4, 4))
        for one in (x, garments)
    ]
    rows = [*(one[..., None].expand(-1, -1, -1, 3) for one in pixels), colours]  # (items, 64, 64, 3) each
    sheet = torch.cat([torch.cat(list(row), 1) for row in rows])  # (192, 64 items, 3)
    file = io.BytesIO()
    Image.fromarray((255 * sheet.clamp(0, 1)).byte().numpy()).save(file, "WEBP", quality=80, method=6)
    return file.getvalue()


@torch.no_grad()
def export(parts: Parts, folder: Path, facts: dict, levels: int = LEVELS) -> dict:
    """Write the page's files to ``folder`` and return their manifest, which ``facts`` begin.

    ``picture`` is all that turns a drawing into a garment, ``more`` has what the other directions need, ``sound`` the words.
    """
    pack = Pack(levels)
    mnist, fashion = parts.vaes["mnist"], parts.vaes["fashion"]
    posterior = mnist.posterior
    mean = nn.Linear(posterior.in_features, mnist.latent)
    mean.weight.copy_(posterior.weight[: mnist.latent])
    mean.bias.copy_(posterior.bias[: mnist.latent])
    pack.network("picture", "mnist.encoder", [mnist.encoder, mean], True)
    pack.bridge("picture", "fashion", parts.bridges["fashion"])
    pack.network("picture", "fashion.decoder", [fashion.decoder, fashion.pixels, nn.Sigmoid()], True)
    x, y = parts.digits
    pack.put("picture", "examples", x[each(y, 1)], "u8")

    pack.network("more", "mnist.decoder", [mnist.decoder, mnist.pixels, nn.Sigmoid()], True)
    for name in ("fashion", "mnist"):
        pack.network("more", f"{name}.judge", [parts.judges[name].body, parts.judges[name].head], True)
    garments, labels = parts.garments
    pick = each(labels, GARMENTS)
    pack.put("more", "garments", garments[pick], "u8")
    pack.put("more", "garments.z", fashion.encode(garments[pick])[0])
    places, about = _map(parts)
    pack.put("more", "map", places)

    generator, judge = parts.generator, parts.judges["speech"]
    *first, last = generator.to_code
    scaled = nn.Linear(last.in_features, last.out_features)
    scaled.weight.copy_(last.weight * generator.spread[:, None])
    scaled.bias.copy_(last.bias * generator.spread)
    start = generator.decoder.start
    pack.bridge("sound", "speech", parts.bridges["speech"])
    # batch norms melt into the layer before them, the first one into `start`
    pack.network("sound", "speech.generator", [*first, scaled, start, generator.decoder.body], True, (start.out_features // 16, 4, 4))
    pack.network("sound", "speech.judge", [judge.blocks, "mean", judge.head], False, (1, 64, 64))
    z, said = parts.clips
    chosen = each(said, CLIPS)
    pack.put("sound", "clips.z", z[chosen])
    mel = generator.mel
    pack.put("sound", "mel.inverse", mel.inverse, "f32")
    sound = {"rate": mel.hop * 1000 // 16, "size": mel.size, "hop": mel.hop, "bands": mel.BANDS, "frames": mel.FRAMES}
    sound |= {"floor": mel.FLOOR, "ceiling": mel.CEILING, "iterations": mel.iterations}
    items = {"examples": y[each(y, 1)].tolist(), "garments": labels[pick].tolist(), "clips": said[chosen].tolist()}
    names = {name: list(CLASSES[name]) for name in ("mnist", "fashion", "speech")}
    return pack.write(folder, {**facts, "classes": names, "items": items, "sound": sound, "map": about})


def _map(parts: Parts) -> tuple[Tensor, dict]:
    """Principal plane of z' of held-out digits and garments: places (n, 2), and the plane with what each place is."""
    points, labels, domains = [], [], []
    for name, (x, y) in (("mnist", parts.digits), ("fashion", parts.garments)):
        pick = each(y, DOTS)
        points.append(parts.bridges["fashion"].encode(parts.vaes[name].encode(x[pick])[0], name)[0])
        labels += y[pick].tolist()
        domains += [name] * len(pick)
    z = torch.cat(points)
    centre, axes = plane(z)
    spread = z.std(0)
    rounded = {"centre": centre, "axes": axes, "low": centre - 3 * spread, "high": centre + 3 * spread}
    about = {key: value.double().round(decimals=5).tolist() for key, value in rounded.items()}
    return (z - centre) @ axes.T, {**about, "labels": labels, "domains": [int(name == "fashion") for name in domains]}


def plane(z: Tensor) -> tuple[Tensor, Tensor]:
    """The plane in which points (n, d) vary most: their centre (d,) and two axes of length one, (2, d)."""
    centre = z.mean(0)
    axes = torch.linalg.svd(z - centre, full_matrices=False)[2][:2]
    return centre, axes * axes.gather(
        1, axes.abs().argmax(1, keepdim=True)
    ).sign()  # an axis and its negative are the same plane: choose one


def digest(record: dict) -> str:
    """Twelve digits of what decides a chapter's bridges, and of the accuracies that they had; not of seconds."""
    rows = [row for row in record["rows"] if row["method"] == "bridging_vae" and row["metric"] in METRICS]
    return fingerprint(json.dumps([*(record.get(key) for key in ("profile", "source", "code", "data")), rows], sort_keys=True))


def published(root: Path) -> dict[str, dict]:
    """The records of the chapters that trained the page's bridges."""
    paths = {name: root / "book" / "results" / f"{name}.json" for name in CHAPTERS.values()}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()}


def problem(root: Path) -> str | None:
    """Why page and published chapters disagree, or None if they agree or the page has no weights yet."""
    path = folder_of(root) / "manifest.json"
    if not path.exists():
        return None
    manifest, records = json.loads(path.read_text(encoding="utf-8")), published(root)
    for name in CHAPTERS.values():
        if name not in records:
            return f"chapter {name} is not published, and the live page has weights from it"
        if manifest["chapters"].get(name) != digest(records[name]):
            return f"the weights of the live page are of profile {manifest['profile']} and of another run of chapter {name} than the published one"
    return None


def require_agreement(root: Path) -> None:
    """Raise :class:`lt.LtError` if the page's weights are not those of the published chapters."""
    if found := problem(root):
        profile = next(iter(published(root).values()), {"profile": "laptop"})["profile"]
        raise LtError(f"{found}: python -m lt live --profile {profile}")


def ready(root: Path, profile: str, names: list[str]) -> Parts | None:
    """Before chapters of these names are published at a profile: the models of their bridges, or None if none of them trained one.

    Raises :class:`lt.LtError` if the page would disagree with the published chapters afterwards.
    """
    from lt.book import profiles

    if not set(names) & set(CHAPTERS.values()):
        require_agreement(root)
        return None
    _same_profile({name: record for name, record in published(root).items() if name not in names}, profile)
    return collect(profiles.get(profile), stored=True)


def _same_profile(records: dict[str, dict], profile: str) -> None:
    for name, record in records.items():
        if record["profile"] != profile:
            raise LtError(f"chapter {name} is published at profile {record['profile']}: publish 03 and 04 together, at {profile}")


def renew(root: Path, profile: str, parts: Parts, digits: int = 10_000) -> dict:
    """Export the page's weights, measure the page under Node.js, and return the manifest.

    ``root`` holds ``book`` with the records of chapters 3 and 4, and ``benchmarks``. Raises :class:`lt.LtError` if these chapters
    are of another profile, without Node.js, and if the page is too large or less accurate than PyTorch: then the old weights stay.
    """
    from lt.book.records import commit_of

    records = published(root)
    _same_profile(records, profile)
    facts = {
        "profile": profile,
        "commit": commit_of(Path(__file__).parent),
        "code": {name: record.get("code") for name, record in records.items()},
        "chapters": {name: digest(record) for name, record in records.items()},
        "weights": {name: fingerprint(*bridge.state_dict().values()) for name, bridge in parts.bridges.items()},
        "accuracy": {name: _accuracy(record) for name, record in records.items()},
    }
    folder = folder_of(root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:  # what is there stays until the new is good
        made = Path(scratch) / folder.name
        manifest = export(parts, made, facts)
        record = measure(root, made, parts, profile, digits)
        require_quality(record["rows"])
        manifest["numbers"] = record["rows"]
        write_manifest(made, manifest)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    results = root / "book" / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "live.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_table(root)
    (folder.parent / PREVIEW).write_bytes(preview(parts))
    return manifest


def follow(root: Path, profile: str, digits: int = 300) -> None:
    """Make sure that a book which was run, and is not published, has a page with the weights of its chapters; few digits measure it."""
    from lt.book import profiles

    if not (folder_of(root) / "manifest.json").exists() or problem(root):
        renew(root, profile, collect(profiles.get(profile), stored=True), digits)
    write_table(root)  # the staged page has the published numbers


def _accuracy(record: dict) -> dict[str, float]:
    rows = [row for row in record["rows"] if (row["method"], row["metric"]) == ("bridging_vae", "transfer_accuracy")]
    return {row["setting"]: row["value"] for row in rows}
