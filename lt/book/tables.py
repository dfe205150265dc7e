"""Tables of results with captions: methods down, metrics across, the paper's number beside ours."""

import functools
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from IPython.display import HTML
from pandas.io.formats.style import Styler

HERE = Path(__file__).parent
WORDS = json.loads((HERE / "words.json").read_text(encoding="utf-8"))  # for settings, methods and metrics
VERDICTS = {"holds": ("✓", "#009e7333"), "fails": ("✗", "#d55e0033"), "open": ("?", "#80808033")}  # mark, ground


def words(key: str) -> str:
    """A setting, method or metric as people write it: ``mnist->fashion`` is MNIST → Fashion-MNIST."""
    return " → ".join(WORDS.get(part, part.replace("_", " ").replace("swd", "SWD")) for part in key.split("->"))


def number(value: float) -> str:
    """A value with as many decimals as it needs: 0.971, 15.2, 1,313."""
    return f"{value:,.{3 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def interval(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """``0.971 [0.967, 0.974]``, without brackets where the interval is unknown or the number exact."""
    ends = f" [{number(low)}, {number(high)}]" if low is not None and high is not None and low < high else ""
    return "not measured" if value is None or value != value else number(value) + ends


@functools.cache
def paper() -> Mapping[tuple[str, str, str], float]:
    """The numbers of the paper's tables by setting, method and metric (``paper.csv``)."""
    frame = pd.read_csv(HERE / "paper.csv", converters={"value": float})
    return frame.set_index(["setting", "method", "metric"])["value"].to_dict()


class Table(Styler):
    """A frame with a caption, the same in Jupyter, in Colab and on a page; its ``repr`` is plain text."""

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.data.to_string()}"

    def _repr_html_(self) -> str:
        box = '<div class="lt-table" style="overflow-x: auto" role="group" aria-label="'
        return f'{box}{html.escape(str(self.caption))}">{self.to_html()}</div>'


def table(frame: pd.DataFrame, caption: str, verdicts: Sequence[str] = ("verdict",)) -> Table:
    """A frame of texts or numbers with its caption above it; its index names the rows. ``verdicts`` get their marks."""
    frame = frame.rename_axis(index=[None] * frame.index.nlevels, columns=", ".join(filter(None, frame.index.names)))
    looks = {"th, td": "text-align: left; vertical-align: top", "caption": "caption-side: top; text-align: left"}
    made: Table = Table(frame, uuid="lt", cell_ids=False, precision=3).set_caption(caption)  # type: ignore[assignment]
    if told := [name for name in verdicts if name in frame]:  # needs an index without repeats
        looks |= {f"td.{word}": f"background: {ground}" for word, (_, ground) in VERDICTS.items()}
        first = frame[told].map(lambda text: text.split()[0])
        made.set_td_classes(first)  # not .map: its rules would be those of every table of the page
        made.format(lambda text: f"{VERDICTS.get(text.split()[0], '–')[0]} {text}", subset=told)
    return made.set_table_styles([{"selector": part, "props": how} for part, how in looks.items()])  # type: ignore


def folded(tables: Mapping[str, Table], example: str) -> HTML:
    """Tables by title in folds, below a box: of lines with all words in it, between commas, such as the ``example``."""
    fold = '<details><summary style="padding: 0.2em 0">{}</summary>{}</details>'
    box = f'<label>Search: <input type="search" placeholder="{html.escape(example)}" style="width: 17em"></label>'
    folds = "".join(fold.format(title, one._repr_html_()) for title, one in tables.items())
    script = (HERE / "search.js").read_text(encoding="utf-8").strip()
    return HTML(f'<div class="lt-folded">{box} <output></output>{folds}</div><script>{script}</script>')


def of_rows(rows: Sequence[Mapping], columns: Sequence[str] | None, caption: str) -> Table:
    """Rows of results: a line per setting and method, a column per metric, and the paper's number beside it."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        line = lines.setdefault((words(row["setting"]), words(row["method"])), {})
        line[words(row["metric"])] = interval(row["value"], row["low"], row["high"])
        line[f"the paper, {words(row['metric'])}"] = "" if pd.isna(row["paper"]) else f"{row['paper']:g}"
    keys = columns or dict.fromkeys(row["metric"] for row in rows)
    names = [name for key in keys for name in (words(key), f"the paper, {words(key)}")]
    lines = {key: line for key, line in lines.items() if any(line.get(name) for name in names)}
    frame = pd.DataFrame([[line.get(name, "") for name in names] for line in lines.values()], columns=names)
    setting = "from → to" if any("→" in key[0] for key in lines) else "of"
    frame.index = pd.MultiIndex.from_tuples(list(lines), names=[setting, "method"])
    for level in (setting, "method"):  # the caption says what is the same on every line
        if frame.index.nlevels > 1 and frame.index.get_level_values(level).nunique() == 1:
            frame = frame.droplevel(level)
    frame = frame.loc[:, (frame != "").any()]
    beside = [name for name in frame if name.startswith("the paper, ")]
    return table(frame.rename(columns={beside[0]: "the paper"}) if len(beside) == 1 else frame, caption)
