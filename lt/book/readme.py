"""What README.md takes from the book: the headline table, the time that each profile takes, and a moving picture."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import seaborn as sns
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from lt.book import PROFILES
from lt.book.live import Parts
from lt.book.records import between, hardware, read
from lt.book.report import DAGGER, HEADLINE, headline, markdown
from lt.bridge import Bridge

PICTURE = "book/_static/readme.webp"
SIDE, MARGIN, LINE = 208, 28, 34  # pixels of the picture: a panel, the space around it, the words below it
DOTS = 60  # digits of each class on the map


def update(root: Path) -> None:
    """Write the headline table and the times of ``book/results`` between their markers in README.md."""
    results = root / "book" / "results"
    profiles = {
        record["profile"] for record in read(folder=results) if any((row["table"], row["method"]) == HEADLINE for row in record["rows"])
    }
    note = f"Profile `{'`, `'.join(sorted(profiles))}`; mean and 95 % interval. {DAGGER}."
    path = root / "README.md"
    text = between(path.read_text(encoding="utf-8"), "headline", f"{markdown(headline(results))}\n\n{note}")
    path.write_text(between(text, "times", markdown(times(results))), encoding="utf-8")


def times(results: Path) -> pd.DataFrame:
    """What the chapters of each profile took: those published, and those kept in a folder of the profile's name.

    ``Training`` adds up the trainings behind them, each counted once, as if on one core; a chapter that finds its trainings in the
    cache takes its page time alone. ``In all`` is the pages and the trainings on two cores, or on a GPU one after another.
    """
    paths = [*results.glob("[0-9]*.json"), *(path for name in PROFILES for path in (results / name).glob("[0-9]*.json"))]
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths)]
    lines = []
    for name in PROFILES:
        found = [record for record in records if record["profile"] == name]
        trained = {(key, seconds) for record in found for key, seconds in record.get("training_seconds", {}).items()}
        if found:
            chapters = list(dict.fromkeys(record["chapter"].partition("_")[0] for record in found))
            pages, training = sum(record["seconds"] for record in found) / 60, sum(seconds for _, seconds in trained) / 60
            total = pages + training / (2 if all(record["device"] == "cpu" for record in found) else 1)
            lines.append(
                {
                    "Profile": f"`{name}`",
                    "In all, about": f"{total:.0f} min" if total < 100 else f"{total / 60:.1f} h",
                    "Chapters": ", ".join(chapters) if len(chapters) < 6 else str(len(chapters)),
                    "Their pages, min": f"{pages:.1f}",
                    "Training behind them, min": f"{training:.1f}",
                    "On": "; ".join(dict.fromkeys(re.sub(r", \d+ cores used$", "", hardware(record)) for record in found)),
                }
            )
    return pd.DataFrame(lines)


def renew_picture(root: Path, parts: Parts) -> None:
    """Write the moving picture of the live page's models into the folder of the book."""
    (root / PICTURE).write_bytes(picture(parts.vaes, parts.bridges["fashion"], parts.digits))


@torch.no_grad()
def picture(vaes: Mapping[str, nn.Module], bridge: Bridge, digits: tuple[Tensor, Tensor], between: int = 9, hold: int = 4) -> bytes:
    """An animated WebP: a walk through the shared space past one digit of every class, decoded as a digit and as a garment.

    The walk is straight from each digit to the next, ``between`` pictures long, and rests ``hold`` pictures at each. It passes the digit (x, y of
    ``digits``: (n, 784) and (n,)) that is nearest to the centre of its class.
    """
    x, y = digits
    pick = torch.cat([(y == label).nonzero().flatten()[:DOTS] for label in y.unique()])
    z_shared = bridge.encode(vaes["mnist"].encode(x[pick])[0], "mnist")[0]  # (n, shared)
    stops = torch.stack([_medoid(z_shared[y[pick] == label]) for label in y.unique()])
    t = torch.cat([torch.zeros(hold), torch.arange(1, between + 1) / (between + 1)])[:, None]
    walk = torch.cat([a + t * (b - a) for a, b in zip(stops, stops.roll(-1, 0), strict=True)])  # (frames, shared)
    images = {name: vaes[name].decode(bridge.decode(walk, name)) for name in ("mnist", "fashion")}  # (frames, 784) each
    axes = torch.linalg.svd(z_shared - z_shared.mean(0), full_matrices=False)[2][:2]  # (2, shared)
    flat = torch.cat([z_shared, walk]) @ axes.T
    low, high = flat.amin(0), flat.amax(0)
    dots, path = ((0.06 + 0.88 * (flat - low) / (high - low)) * SIDE).split([len(z_shared), len(walk)])
    ground = _ground(dots, y[pick])
    frames = [_frame(ground, images["mnist"][i], path[: i + 1][-between:], images["fashion"][i]) for i in range(len(walk))]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=90, loop=0, quality=60, method=4)
    return file.getvalue()


def _medoid(points: Tensor) -> Tensor:
    return points[(points - points.mean(0)).norm(dim=1).argmin()]


def _left(panel: int) -> int:
    return MARGIN + panel * (SIDE + MARGIN)


def _ground(dots: Tensor, y: Tensor) -> Image.Image:
    """What all frames share: words, and the map of z' with a colour for each class."""
    ground = Image.new("RGB", (_left(3), SIDE + LINE + MARGIN), "white")
    draw = ImageDraw.Draw(ground)
    for panel, words in enumerate(("decoded as a digit", "shared space z'", "decoded as a garment")):
        draw.text((_left(panel) + SIDE / 2, MARGIN / 2 + SIDE + LINE / 2), words, "black", ImageFont.load_default(19), anchor="mm")
    colours = [tuple(int(255 * part) for part in colour) for colour in sns.color_palette("colorblind", 10)]
    for (across, up), label in zip(dots.tolist(), y.tolist(), strict=True):
        draw.circle((_left(1) + across, MARGIN / 2 + up), 2, colours[label % 10])
    return ground


def _frame(ground: Image.Image, digit: Tensor, trail: Tensor, garment: Tensor) -> Image.Image:
    frame = ground.copy()
    for panel, pixels in ((0, digit), (2, garment)):
        grey = ((1 - pixels.view(28, 28)).clamp(0, 1) * 255).byte().cpu().numpy()
        frame.paste(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BICUBIC), (_left(panel), MARGIN // 2))
    draw = ImageDraw.Draw(frame)
    points: Sequence = [(_left(1) + across, MARGIN / 2 + up) for across, up in trail.tolist()]
    draw.line([*points, points[-1]], "black", 3)
    draw.circle(points[-1], 7, "white", "black", 3)
    return frame
