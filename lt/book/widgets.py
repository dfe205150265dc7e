"""What a reader of a page can press play on or move: players, a table to listen to, interactive figures."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import HTML, Audio
from PIL import Image
from torch import Tensor

from lt.book.figures import tiles
from lt.book.tables import table
from lt.errors import LtError

FIGURES = Path(__file__).parents[2] / "book" / "_static" / "figures"
LIMIT = 300_000  # bytes of one interactive figure


def _image(pixels: Any) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def player(wave: Tensor, rate: int, name: str) -> HTML:
    """A player of one clip (samples,), as loud as it can be, beside the word that it says."""
    label = escape(f"{name}, {len(wave) / rate:.1f} s")
    source = Audio(wave.cpu().numpy() + 1e-12, rate=rate).src_attr()  # a clip of zeros has no loudest sample
    return HTML(f'{escape(name)} <audio controls preload="none" aria-label="{label}" src="{source}"></audio>')


def listening_table(columns: Mapping[str, Sequence], caption: str, rate: int = 8_000) -> HTML:
    """A row per item. A cell is words, or (item, words): a clip (samples,) to play, or a picture as of ``tiles``."""

    def cell(value: Any) -> str:
        if isinstance(value, str):
            return escape(value)
        item, name = value
        if item.ndim == 1 and len(item) > 4096:
            return player(item, rate, name).data
        look = 'width="56" height="56" style="image-rendering: pixelated"'
        return f'<img {look} alt="{escape(name)}" src="{_image((tiles(item[None])[0] * 255).astype("uint8"))}">'

    frame = pd.DataFrame({escape(name): list(map(cell, column)) for name, column in columns.items()})
    return HTML(table(frame, caption).set_table_attributes('class="listening"').hide()._repr_html_())  # type: ignore


def sheet(x: Tensor, columns: int = 20) -> dict[str, Any]:
    """Pictures (n, 784) in [0, 1] as one image, for interactive figures: address, columns, side of a picture."""
    from torchvision.utils import make_grid

    side = round(x[0].numel() ** 0.5)
    joined = make_grid(x.view(-1, 1, side, side).clamp(0, 1), columns, padding=0)[0]
    levels = ((joined * 31).round() * 255 / 31).round().byte().cpu().numpy()  # 32 greys: half the size of 256
    return {"src": _image(levels), "columns": columns, "size": side}


def interactive(name: str, data: Mapping, label: str) -> HTML:
    """The figure ``book/_static/figures/NAME.js`` with its data, below the static figure that it belongs to.
    Without JavaScript it is hidden. ``label`` is what a screen reader says. Raises :class:`lt.LtError` above LIMIT."""
    text = "\n".join((FIGURES / file).read_text(encoding="utf-8") for file in ("common.js", f"{name}.js"))
    kept = [line.removeprefix("export ") for line in text.splitlines() if not line.startswith("import ")]
    source = "\n".join(line.removeprefix("default ") for line in kept)
    plain = json.dumps(data, default=lambda tensor: tensor.tolist())
    short = json.loads(plain, parse_float=lambda text: round(float(text), 4))  # a figure shows no more
    given = json.dumps(short, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    start = 'const box = document.querySelector(".lt-figure[hidden]");\nbox.hidden = false;\n'
    made = f'<div class="lt-figure" role="group" aria-label="{escape(label)}" hidden></div>'
    made += f'<script type="module">\n{source}\n{start}draw(box, {given});\n</script>'
    if len(made.encode()) > LIMIT:
        raise LtError(f"the figure {name} has {len(made.encode()):,} bytes, more than {LIMIT:,}: give it fewer points")
    return HTML(made)
