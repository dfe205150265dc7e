"""Light and accessible HTML: what becomes of each page after Sphinx has written it.

Scripts that a page does not use are left out and the others wait for the page; style sheets become one file; equations are drawn at build time, so that
no page loads MathJax; sounds become files that are fetched on play; pictures become WebP where that is smaller, and load when they come near.
Tables, code and equations that are too wide get a box that scrolls and can be focused; players and tables get names.
"""

import json
import posixpath
import re
import shutil
import subprocess
from pathlib import Path

from lt.book.media import slim_pictures, slim_players
from lt.errors import LtError

# scripts and styles by a part of their address, or of their text, and the CSS selector of what they serve on a page: nowhere if None
UNUSED = {
    "fontawesome.js": None,  # 1.5 MB: the icons become drawings in the page
    "sphinx-thebe": None,
    "THEBE_JS_URL": None,
    "thebe_selector": None,
    "mathjax/": None,
    "window.MathJax": None,
    "togglebutton": ".toggle, .admonition.dropdown",
    "toggleHint": ".toggle, .admonition.dropdown",
    "toggleOpenOnPrint": ".toggle, .admonition.dropdown",
    "design-tabs": ".sd-tab-set",
    "sphinx-design": "[class*='sd-']",
    "clipboard.min.js": "pre",
    "copybutton": "pre",
    "searchtools.js": "#search-results",
    "language_data.js": "#search-results",
    "searchindex.js": "#search-results",
}
SHEETS = ("basic.css", "theme.css", "pydata-sphinx-theme.css", "pygments.css", "sphinx-book-theme.css", "copybutton.css", "mystnb")
RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")  # the innermost rules: selectors and declarations
ICON_FONT = re.compile(r"@font-face\{[^{}]*Font ?Awesome[^{}]*\}", re.I)
NUMBER = re.compile(r"[−+-]?[\d.,]+(e[−+-]?\d+)?( ?[%×])?( \[[^\]]*\])?( of [\d.,]+)?( ?(s|ms|min|h|MB|GB|K|M|G))?|–|—")
EQUATIONS = """
const [file, fonts] = process.argv.slice(-2);
const tasks = JSON.parse(require('fs').readFileSync(0, 'utf8'));
require(file).init({loader: {load: ['input/tex', 'output/chtml', 'a11y/assistive-mml']}, chtml: {fontURL: fonts}}).then(jax => {
  const adaptor = jax.startup.adaptor;
  const drawn = tasks.map(([tex, display]) => adaptor.outerHTML(jax.tex2chtml(tex, {display})));
  process.stdout.write(JSON.stringify({drawn, style: adaptor.textContent(jax.chtmlStylesheet())}));
}).catch(error => { process.stderr.write(String(error)); process.exit(1); });
"""


def soup_of(text: str):
    """A page as a tree."""
    from bs4 import BeautifulSoup

    return BeautifulSoup(text, "html.parser")


# ---- scripts, styles and icons


def slim_head(soup, root: str) -> None:
    """Leave out scripts and styles that the page has no use for; put the theme's sheets in one; let scripts wait for the page."""
    for node in soup.select("script, link[rel=stylesheet], link[rel=preload]"):
        address = node.get("src") or node.get("href") or node.string or ""
        used = [what for name, what in UNUSED.items() if name in address]
        if node.get("rel") == ["preload"] or any(what is None or not soup.select_one(what) for what in used):
            node.decompose()
    for meta in soup.select("meta[name=viewport]")[1:]:
        meta.decompose()
    sheets = [link for link in soup.select("head link[rel=stylesheet]") if any(name in link["href"] for name in (*SHEETS, "book.css"))]
    for link in sheets[1:]:
        link.decompose()
    if sheets:
        sheets[0].attrs = {"rel": "stylesheet", "href": f"{root}_static/site.css"}
    for script in soup.select("head script[src]"):
        if "documentation_options" not in script["src"]:  # of 300 bytes, and scripts in the page's text need it at once
            script["defer"] = ""
            script.attrs.pop("async", None)


def used_rules(style: str, names: set[str]) -> str:
    """A style sheet without the selectors that name a class outside ``names``; selectors with brackets stay as they are."""

    def keep(rule: re.Match) -> str:
        selectors = rule[1].split(",") if "(" not in rule[1] else [rule[1]]
        kept = [selector for selector in selectors if "(" in selector or set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector)) <= names]
        return f"{','.join(kept)}{{{rule[2]}}}" if kept else ""

    return RULE.sub(keep, style)


def class_names(html: Path, soups: list) -> set[str]:
    """The classes of all pages, and every word in their scripts, which may set more."""
    found = {name for soup in soups for node in soup.find_all(class_=True) for name in node["class"]}
    texts = [path.read_text(encoding="utf-8") for path in html.rglob("*.js") if path.name not in ("fontawesome.js", "searchindex.js")]
    texts += [script.string or "" for soup in soups for script in soup.select("script:not([src])")]
    return found.union(*(re.findall(r"[\w-]+", text) for text in texts))


def one_sheet(static: Path, names: set[str]) -> str:
    """The theme's style sheets as one, without the font of icons and rules for classes outside ``names``."""
    found = []
    for name in SHEETS:
        (path,) = sorted(static.rglob(f"{name}*" if name == "mystnb" else name))[:1] or [None]
        if path is None:
            raise LtError(f"the theme has no {name} any more: see SHEETS in lt/book/pages.py")
        found.append(path.read_text(encoding="utf-8"))
    own = static / "book.css"
    found += [own.read_text(encoding="utf-8")] if own.exists() else []
    text = re.sub(r"/\*[^*]*\*+([^/*][^*]*\*+)*/", "", "\n".join(found))  # comments
    text = used_rules(ICON_FONT.sub("", text), names)
    text = re.sub(r"@import[^;]*basic\.css[^;]*;", "", text)  # it is in this file
    asked = [name for name in re.findall(r"url\([\"']?([^\"')]*)[\"']?\)", text) if not name.startswith(("data:", "#"))]
    if missing := [name for name in asked if not (static / name).exists()] + re.findall(r"@import[^;]*;", text):
        raise LtError(f"a style sheet of the theme asks for {missing[0]}: put it into lt/book/pages.py")
    return text


def icon(script: str, name: str, brand: bool) -> tuple[int, int, str]:
    """Width, height and path of an icon in the text of fontawesome.js, where brands come first and solid icons last."""
    found = re.findall(rf'[,{{]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]', script)
    if not found:
        raise LtError(f"the theme has no icon {name!r}")
    width, height, path = found[0 if brand else -1]
    return int(width), int(height), path


def draw_icons(soup, script: str) -> None:
    """Put drawings in the place of the theme's icons, which are empty elements with classes."""
    for node in soup.select("i[class*='fa-'], span[class*='fa-']"):
        classes = node["class"]
        name = next(c for c in classes if c.startswith("fa-") and c not in ("fa-solid", "fa-regular", "fa-brands", "fa-lg", "fa-fw"))
        width, height, path = icon(script, name.removeprefix("fa-"), "fab" in classes or "fa-brands" in classes)
        drawing = soup.new_tag(
            "svg", attrs={"viewBox": f"0 0 {width} {height}", "class": "lt-icon", "aria-hidden": "true", "focusable": "false"}
        )
        drawing.append(soup.new_tag("path", attrs={"fill": "currentColor", "d": path}))
        node.name = "span"
        node["class"] = [c for c in classes if not c.startswith("fa")]
        node.append(drawing)


# ---- pictures and sounds


def equations(soups: list, mathjax: Path, fonts: str) -> str:
    """Draw the equations of all pages in place, and return their style sheet; ``fonts`` is where that finds its fonts."""
    nodes = [node for soup in soups for node in soup.select("article .math")]
    tasks = []
    for node in nodes:
        text = node.get_text().strip()
        found = re.fullmatch(r"\\\((.*)\\\)|\\\[(.*)\\\]", text, re.S)
        inner = next((part for part in found.groups() if part is not None), text) if found else text
        tasks.append([inner, node.name == "div"])
    if not tasks:
        return ""
    node_js = shutil.which("node")
    if node_js is None:
        raise LtError("node is missing, and equations are drawn with it: install Node.js")
    command = [node_js, "-e", EQUATIONS, str(mathjax / "node-main.js"), fonts]
    done = subprocess.run(command, input=json.dumps(tasks), capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise LtError(f"MathJax cannot draw the equations: {(done.stderr.strip() or 'no message').splitlines()[0]}")
    answer = json.loads(done.stdout)
    for node, drawn, (tex, display) in zip(nodes, answer["drawn"], tasks, strict=True):
        if "merror" in drawn:
            raise LtError(f"MathJax cannot read the equation {tex!r}")
        node.clear()
        node.append(soup_of(drawn))
        if display:
            scrolls(node, "equation")
    return answer["style"]


# ---- tables and boxes that scroll


def scrolls(node, label: str) -> None:
    """Let a keyboard reach a box that scrolls sideways, under a name."""
    node["class"] = [*node.get("class", []), "lt-scroll"]
    node["tabindex"], node["role"], node["aria-label"] = "0", "group", label


def heading_of(node) -> str:
    """The text of the heading above a node."""
    section = node.find_parent("section")
    heading = section.find(re.compile("^h[1-6]$")) if section else None
    return heading.get_text(" ", strip=True).rstrip("#").strip() if heading else "page"


def _text(cell) -> str:
    return cell.get_text(" ", strip=True)


def _cells(row) -> list:
    return row.find_all(["td", "th"], recursive=False)


def tidy_table(soup, table) -> None:
    """One header row, no column of mere counters, no empty header; numbers in a column stand under one another."""
    head, rows = table.select("thead tr"), table.select("tbody tr")
    plain = not table.select("[colspan], [rowspan]")
    if len(head) == 2 and plain:  # pandas gives the names of the index a row of their own
        upper, lower = _cells(head[0]), _cells(head[1])
        if len(upper) == len(lower) and not any(_text(a) and _text(b) for a, b in zip(upper, lower, strict=True)):
            for a, b in zip(upper, lower, strict=True):
                if _text(b):
                    a.string = _text(b)
            head[1].decompose()
            head = head[:1]
    first = [_cells(row)[0] for row in rows if _cells(row)]
    counted = [_text(cell) for cell in first] == [str(i) for i in range(len(first))]
    if counted and plain and len(head) == 1 and all(cell.name == "th" for cell in first) and not _text(_cells(head[0])[0]):
        for row in (*head, *rows):
            _cells(row)[0].decompose()
    for cell in table.select("th"):
        if not _text(cell) and not cell.find("img"):
            cell.name = "td"
        elif cell.find_parent("thead"):
            cell["scope"] = "col"
        else:
            cell["scope"] = "row"
    table.attrs.pop("border", None)
    for row in table.select("tr[style]"):
        del row["style"]  # pandas aligns to the right what the column rule below aligns by what it holds
    if plain and rows:
        for column in range(min(len(_cells(row)) for row in rows)):
            cells = [_cells(row)[column] for row in rows]
            texts = [text for text in map(_text, cells) if text]
            played = any(cell.find(["audio", "img"]) for cell in cells)
            look = "lt-number" if texts and not played and all(NUMBER.fullmatch(text) for text in texts) else None
            longest = max(map(len, texts), default=0)
            look = look or ("lt-text" if longest > 160 else "lt-long" if longest > 60 else None)
            if look:
                above = [_cells(row)[column] for row in head if len(_cells(row)) > column]
                for cell in (*above, *cells):
                    cell["class"] = [*cell.get("class", []), look]


def tidy_tables(soup) -> None:
    """Tidy each table of a page and put it into a box that scrolls."""
    for table in soup.select("article table"):
        tidy_table(soup, table)
        box = table.parent
        if "pst-scrollable-table-container" not in box.get("class", []):
            box = table.wrap(soup.new_tag("div", attrs={"class": "pst-scrollable-table-container"}))
        caption = table.find("caption")
        scrolls(box, f"table: {_text(caption) if caption else heading_of(table)}")


def name_things(soup) -> None:
    """Names that say what is seen: summaries keep their own words, boxes of code and menus get a name."""
    for node in soup.select(".citation-list[role=list]"):  # its entries are no list items
        del node["role"]
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]
    for button in soup.select("button.search-button-field[aria-label]"):
        del button["aria-label"]
    for pre in soup.select("article div.highlight > pre"):
        scrolls(pre, "code" if pre.find_parent(class_="cell_input") else "text")
    for pre in soup.select("article .cell_output pre:not([tabindex])"):
        scrolls(pre, "output")


def add_provenance(soup, line: str) -> None:
    """Put one small line, which leads to the box at the foot, beside the badge under the title."""
    place = soup.select_one("article p.lt-provenance")
    if not (place and line):
        return
    small = soup.new_tag("a" if soup.select_one("#set-up") else "span", attrs={"href": "#set-up"} if soup.select_one("#set-up") else {})
    small.string = line
    place.append(" ")
    place.append(small)


def finish(html: Path, lines: dict[str, str], mathjax: Path) -> None:
    """All of this for every page under ``html``; ``lines`` holds the provenance of a page by its name, ``mathjax`` is MathJax's folder es5."""
    static = html / "_static"
    script = static / "scripts" / "fontawesome.js"
    icons = script.read_text(encoding="utf-8")
    paths = sorted(html.rglob("*.html"))
    paths = [path for path in paths if "_static" not in path.relative_to(html).parts]
    soups = [soup_of(path.read_text(encoding="utf-8")) for path in paths]
    for path, soup in zip(paths, soups, strict=True):
        root = posixpath.relpath(".", path.parent.relative_to(html).as_posix()) + "/"
        root = "" if root == "./" else root
        add_provenance(soup, lines.get(path.relative_to(html).with_suffix("").as_posix(), ""))
        slim_head(soup, root)
        draw_icons(soup, icons)
        slim_pictures(soup, path.parent)
        slim_players(soup, path.parent, root)
        tidy_tables(soup)
        name_things(soup)
        if soup.select_one("#search-results") and (static / "search.js").exists():
            index = soup.select_one("script[src*='searchindex']")  # which starts the search
            index.insert_before(soup.new_tag("script", attrs={"src": f"{root}_static/search.js", "defer": ""}))
    style = equations(soups, mathjax, "mathjax")
    if style:
        (static / "equations.css").write_text(style, encoding="utf-8")
        shutil.copytree(mathjax / "output" / "chtml" / "fonts" / "woff-v2", static / "mathjax", dirs_exist_ok=True)
    for path, soup in zip(paths, soups, strict=True):
        if soup.select_one("mjx-container"):
            root = posixpath.relpath(".", path.parent.relative_to(html).as_posix())
            soup.head.append(soup.new_tag("link", attrs={"rel": "stylesheet", "href": f"{root}/_static/equations.css"}))
        path.write_text(str(soup), encoding="utf-8")
    (static / "site.css").write_text(one_sheet(static, class_names(html, soups)), encoding="utf-8")
    drop_unused(html)


def drop_unused(html: Path) -> None:
    """Remove pictures that no page shows any more, and scripts that none loads."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in html.rglob("*.html"))
    for path in [*(html / "_images").glob("*.png"), *(html / "_images").glob("*.webp")]:
        if path.name not in text:
            path.unlink()
    for path in (
        html / "_static" / "scripts" / "fontawesome.js",
        html / "_static" / "sphinx-thebe.js",
        html / "_static" / "sphinx-thebe.css",
    ):
        path.unlink(missing_ok=True)
    shutil.rmtree(html / "_static" / "vendor", ignore_errors=True)
