"""What a reader of a page can move: figures with sliders, and the live page inside a notebook. Everything is in the output itself."""

import base64
import io
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from IPython.display import HTML
from torch import Tensor

STATIC = Path(__file__).parents[2] / "book" / "_static"
LIMIT = 300_000  # bytes of one figure
MODULES = ("nn.js", "sound.js", "models.js", "worker.js", "ask.js", "drawing.js", "view.js", "page.js")  # each after those that it imports


def figure(name: str, data: dict, label: str, caption: str = "", key: str = "") -> HTML:
    """An interactive figure of ``book/_static/figures/NAME.js`` with its data, for the cell below the static figure that it belongs to.

    In print and without JavaScript it is not shown, and the static figure stands alone. ``label`` is what a screen reader calls it. ``key`` tells a
    second figure of one kind on a page from the first. Raises :class:`lt.LtError` if it is larger than :data:`LIMIT`.
    """
    from lt.errors import LtError

    folder = STATIC / "figures"
    source = "".join((folder / file).read_text(encoding="utf-8") for file in ("common.js", f"{name}.js"))
    source = re.sub(r'^import \{[^}]*\} from "\./common\.js";$', "", source, flags=re.MULTILINE)
    source = re.sub(r"^export (default )?", "", source, flags=re.MULTILINE)
    text = json.dumps(_rounded(data), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    made = f"""<style>@media print {{ .lt-figure {{ display: none !important }} }}</style>
<div class="lt-figure" id="lt-figure-{name}{key}" role="group" aria-label="{label}" hidden></div>
<script type="application/json" id="lt-data-{name}{key}">{text}</script>
<script type="module">
{source}
const box = document.getElementById("lt-figure-{name}{key}");
box.hidden = false;
draw(box, JSON.parse(document.getElementById("lt-data-{name}{key}").textContent));
{f"html('p', box, {json.dumps(caption)});" if caption else ""}
</script>"""
    if len(made.encode()) > LIMIT:
        raise LtError(f"the figure {name} has {len(made.encode()):,} bytes, more than {LIMIT:,}: give it fewer points or pictures")
    return HTML(made)


def sheet(pixels: Tensor, columns: int = 20) -> dict:
    """Pictures (n, 28 * 28) or (n, 64 * 64) in [0, 1] as one image, as figures read it: its address, columns, and a picture's side."""
    from PIL import Image

    side = round(pixels.shape[-1] ** 0.5)
    rows = -(-len(pixels) // columns)
    canvas = pixels.new_zeros(rows * columns, side, side)
    canvas[: len(pixels)] = pixels.view(-1, side, side).clamp(0, 1)
    grid = canvas.view(rows, columns, side, side).transpose(1, 2).reshape(rows * side, columns * side)
    levels = ((grid * 31).round() * 255 / 31).round().byte().cpu().numpy()  # 32 greys compress twice as well as 256, and look alike
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", optimize=True)
    return {"src": _address(file.getvalue(), "image/png"), "columns": columns, "size": side}


def sounds(waves: Tensor, rate: int) -> list[str]:
    """Clips (n, samples) as addresses of WAV files of 8 bits."""
    import soundfile

    made = []
    for wave in waves:
        file = io.BytesIO()
        soundfile.write(file, (wave / wave.abs().max().clamp(min=1e-8)).cpu().numpy(), rate, format="WAV", subtype="PCM_U8")
        made.append(_address(file.getvalue(), "audio/wav"))
    return made


def drawing_page(profile: str = "quick") -> HTML:
    """The live page in an output cell, with the models of a profile; those that are not in the cache are trained first.

    Modules and weights are inlined, some megabytes: clear the output before you store the notebook.
    """
    from lt.book import live, profiles

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "weights"
        live.export(live.collect(profiles.get(profile)), folder, {"profile": profile, "commit": "", "chapters": {}, "accuracy": {}})
        return inlined(folder)


def inlined(folder: Path) -> HTML:
    """The live page with its modules and the weights of a folder."""
    page = (STATIC.parent / "live.md").read_text(encoding="utf-8")
    *_, body = re.findall(r"```\{raw\} html\n(.*?)```", page, flags=re.DOTALL)  # the last: before it stands a picture of published models
    body = re.sub(r"<noscript>.*?</noscript>|<link [^>]*>|<script [^>]*></script>", "", body, flags=re.DOTALL)
    style = (STATIC / "live" / "live.css").read_text(encoding="utf-8")
    sources = {name: (STATIC / "live" / name).read_text(encoding="utf-8") for name in MODULES}
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir())}
    script = f"""const sources = {_script(sources)};
const files = {_script(files)};
const address = (data, type) => URL.createObjectURL(new Blob([data], {{ type }}));
const modules = {{}};
for (const [name, source] of Object.entries(sources))
  modules[name] = address(source.replace(/from "\\.\\/(\\w+\\.js)"/g, (_, other) => `from "${{modules[other]}}"`), "text/javascript");
const addresses = {{}};
for (const [name, text] of Object.entries(files)) addresses[name] = address(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), "");
const page = document.getElementById("lt-live").dataset;
page.worker = modules["worker.js"];
page.addresses = JSON.stringify(addresses);
await import(modules["page.js"]);"""
    return HTML(f'<style>{style}</style>\n{body}\n<script type="module">\n{script}\n</script>')


def _script(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")


def _address(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _rounded(value):
    """Numbers with four digits after the point: a figure shows no more."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(item) for item in value]
    return value
