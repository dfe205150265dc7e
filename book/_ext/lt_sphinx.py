"""What this book adds to Sphinx, by its events: the lead figure first, drawn equations, sounds as files, fewer scripts.

Equations are drawn while the book is built where Node.js and the npm package ``katex`` are found (``npm install``);
otherwise MathJax draws them in the reader's browser, from its address.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

DRAW = """
const draw = ([tex, displayMode]) => require(process.argv[1]).renderToString(tex, { displayMode, strict: "ignore" });
JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(draw))
"""
SOUND = re.compile("data:audio/wav;base64,([^\"']+)")
# scripts and styles of themes and extensions, and what a page must hold to need them
SERVES = {
    "thebe": None,  # its inline script is written twice, which is an error in the console
    "mathjax": "math notranslate",  # an equation that KaTeX has not drawn
    "katex": 'class="katex',
    "togglebutton": "toggle",
    "design": "sd-",
}
MOVED = """
01b_from_scratch 01_synthetic, 05b_need_a_bridge 06_need_a_bridge, 06_interpolation 07_interpolation,
07_ablations 08_ablations, 08_many_domains 11_many_domains, 09_foreign_models 12_foreign_models,
10_same_items 13_same_items, 11_cost 09_verdict, 12_report 09_verdict, 13_selection 16_selection, 14_related related,
14_reference 15_reference, 15_selection 16_selection, 16_price_of_a_nat 14_price_of_a_nat
"""  # addresses of former editions, and where they lead


def lead_figure_first(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Move what the first cell with a figure or a table shows to above all cells, if it stands before the first h2."""
    cells = [node for node in doctree[0] if isinstance(node, nodes.container) and "cell" in node["classes"]]
    leads = (cell for cell in cells if [*cell.findall(nodes.figure), *cell.findall(nodes.raw)])
    if lead := next(leads, None):  # what it shows is its last part
        doctree[0].insert(doctree[0].index(cells[0]), nodes.container("", lead.pop(), classes=["cell", "lt-lead"]))


def draw_equations(library: Path, doctree: nodes.document) -> None:
    """Replace the equations of a page by what KaTeX makes of them."""
    found = [node for kind in (nodes.math, nodes.math_block) for node in doctree.findall(kind)]
    tasks = json.dumps([[node.astext(), isinstance(node, nodes.math_block)] for node in found])
    drawn = subprocess.check_output(["node", "-p", DRAW, str(library)], input=tasks, encoding="utf-8")
    for node, text in zip(found, json.loads(drawn), strict=True):
        tag = "div" if isinstance(node, nodes.math_block) else "span"
        node.replace_self(nodes.raw("", f'<{tag} class="math">{text}</{tag}>', format="html"))


def sounds_to_files(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Sounds in the HTML of cells become files, which are fetched when they are played."""

    def stored(found: re.Match) -> str:
        path = f"_static/sounds/{hashlib.sha256(found[1].encode()).hexdigest()[:16]}.wav"
        (Path(app.outdir) / path).parent.mkdir(parents=True, exist_ok=True)
        (Path(app.outdir) / path).write_bytes(base64.b64decode(found[1]))
        return relative_uri(app.builder.get_target_uri(page), path)

    for node in doctree.findall(nodes.raw):
        node.children = [nodes.Text(SOUND.sub(stored, node.astext()))]


def fewer_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Leave out scripts and styles that a page has no use for."""
    useless = [name for name, needs in SERVES.items() if not needs or needs not in context.get("body", "")]
    for kind in ("script_files", "css_files"):
        files = [(file, f"{file.filename} {file.attributes.get('body')}".lower()) for file in context[kind]]
        context[kind] = [file for file, text in files if not any(name in text for name in useless)]


def setup(app: Sphinx) -> None:
    found = [path for top in (app.srcdir, *app.srcdir.parents) if (path := top / "node_modules/katex/dist").exists()]
    if found and shutil.which("node"):
        ignored = shutil.ignore_patterns("*.ttf", "*.woff", "*js", "contrib", "*.md", "katex.css")
        shutil.copytree(found[0], Path(app.outdir) / "_static" / "katex", ignore=ignored, dirs_exist_ok=True)
        app.add_css_file("katex/katex.min.css")
        app.connect("doctree-resolved", lambda app, doctree, page: draw_equations(found[0] / "katex.js", doctree))
    app.connect("config-inited", lambda _, config: setattr(config, "numfig", False), priority=900)  # own numbers
    app.connect("doctree-resolved", lead_figure_first)
    app.connect("doctree-resolved", sounds_to_files)
    app.connect("html-page-context", fewer_scripts, priority=900)
    app.setup_extension("sphinx_reredirects")
    app.config.redirects = {f"book/{old}": f"{new}.html" for old, new in map(str.split, MOVED.split(","))}
