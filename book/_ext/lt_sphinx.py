"""What this book adds to Sphinx, by its events: drawn equations, sounds as files, fewer scripts, old addresses.

Equations are drawn while the book is built where Node.js and the npm package ``katex`` are found (``npm install``);
otherwise MathJax draws them in the reader's browser, from its address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.osutil import relative_uri

DRAW = """
const katex = require(process.argv[1] + "/katex.js");
const draw = ([tex, displayMode]) => katex.renderToString(tex, { displayMode, strict: "ignore" });
process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(draw)));
"""
SOUND = "data:audio/wav;base64,"
# scripts of themes and extensions, and what a page must hold to need them
SERVES = {
    "thebe": None,  # its inline script is written twice, which is an error in the console
    "design-tabs": "sd-tab-set",
    "togglebutton": "toggle",
    "sphinx-design": "sd-",
    "clipboard": "highlight",
    "copybutton": "highlight",
}
MOVED = """
01b_from_scratch 01_synthetic, 05b_need_a_bridge 06_need_a_bridge, 06_interpolation 07_interpolation,
07_ablations 08_ablations, 08_many_domains 11_many_domains, 09_foreign_models 12_foreign_models,
10_same_items 13_same_items, 11_cost 09_verdict, 12_report 09_verdict, 13_selection 15_selection, 14_related related
"""  # addresses of former editions, and where they lead


def katex(folder: Path) -> Path | None:
    """The npm package ``katex`` in this folder or above, if there is Node.js to draw equations with."""
    if shutil.which("node") is None:
        return None
    found = (parent / "node_modules" / "katex" / "dist" for parent in (folder, *folder.parents))
    return next((path for path in found if (path / "katex.min.css").exists()), None)


def draw_equations(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Replace the equations of a page by what KaTeX makes of them."""
    package = katex(Path(app.srcdir))
    found = [node for kind in (nodes.math, nodes.math_block) for node in doctree.findall(kind)]
    if app.builder.format != "html" or package is None or not found:
        return
    tasks = json.dumps([[node.astext(), isinstance(node, nodes.math_block)] for node in found])
    done = subprocess.run(["node", "-e", DRAW, str(package)], input=tasks, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise ExtensionError(f"KaTeX cannot draw the equations of {page}: {done.stderr}")
    for node, text in zip(found, json.loads(done.stdout), strict=True):
        tag = "div" if isinstance(node, nodes.math_block) else "span"
        node.replace_self(nodes.raw("", f'<{tag} class="math">{text}</{tag}>', format="html"))


def sounds_to_files(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Sounds in the HTML of cells become files, which are fetched when they are played."""
    folder = Path(app.outdir) / "_static" / "sounds"
    for node in doctree.findall(nodes.raw):
        first, *rest = node.astext().split(SOUND)
        for part in rest:
            end = next(i for i, letter in enumerate(part) if letter in "\"'")
            name = f"{hashlib.sha256(part[:end].encode()).hexdigest()[:16]}.wav"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(base64.b64decode(part[:end]))
            first += relative_uri(app.builder.get_target_uri(page), f"_static/sounds/{name}") + part[end:]
        node.children = [nodes.Text(first)]


def fewer_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Leave out scripts that a page has no use for."""
    body, package = context.get("body") or "", katex(Path(app.srcdir))
    if package and 'class="katex' in body:
        app.add_css_file("katex/katex.min.css")
    serves = SERVES | ({"mathjax": None} if package else {})
    for kind in ("script_files", "css_files"):
        kept = []
        for file in context.get(kind, []):
            inline = (getattr(file, "attributes", None) or {}).get("body", "")
            text = f"{getattr(file, 'filename', file)} {inline}".lower()
            asked = [needs for name, needs in serves.items() if name in text]
            if all(needs is not None and needs in body for needs in asked):
                kept.append(file)
        context[kind] = kept


def finish(app: Sphinx, error: Exception | None) -> None:
    """Copy what equations need, and lead old addresses to new ones."""
    if error or app.builder.format != "html":
        return
    out, package = Path(app.outdir), katex(Path(app.srcdir))
    if package:
        (out / "_static" / "katex" / "fonts").mkdir(parents=True, exist_ok=True)
        shutil.copy(package / "katex.min.css", out / "_static" / "katex")
        for font in (package / "fonts").glob("*.woff2"):
            shutil.copy(font, out / "_static" / "katex" / "fonts")
    for old, new in map(str.split, MOVED.split(",")):
        page = out / "book" / f"{old}.html"
        if (out / "book" / f"{new}.html").exists() and not page.exists():
            link = f'<meta http-equiv="refresh" content="0; url={new}.html">'
            page.write_text(f'<!DOCTYPE html><html lang="en"><title>Moved</title>{link}<a href="{new}.html">{new}</a></html>')
    for script in (out / "_static" / "scripts").glob("fontawesome.js*"):
        script.unlink()  # see _templates/layout.html
    (out / ".nojekyll").touch()  # without it GitHub leaves out folders that begin with an underscore


def setup(app: Sphinx) -> dict:
    """Called by Sphinx."""
    app.connect("doctree-resolved", draw_equations)
    app.connect("doctree-resolved", sounds_to_files)
    app.connect("html-page-context", fewer_scripts, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
