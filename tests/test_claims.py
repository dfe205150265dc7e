"""Verdicts of claims, and tables of results."""

import json
import re
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lt.book import claims, tables
from lt.metrics import Estimate

numbers = st.floats(-2, 2)
bounds = st.sampled_from(sorted(claims.BOUNDS))


def estimate(value: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(value=value, low=low, high=high, values=(value,), n=None, share=False)


@given(numbers, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), bounds, numbers)
def test_more_uncertainty_never_improves_a_verdict(value, down, up, further_down, further_up, kind, bound):
    low, high = value - down, value + up
    narrow = claims.verdict(low, high, kind, bound)
    wide = claims.verdict(low - further_down, high + further_up, kind, bound)
    assert wide in (narrow, "open")
    assert claims.verdict(None, high, kind, bound) == claims.verdict(low, None, kind, bound) == "open"


@given(numbers, bounds, numbers)
def test_a_number_without_error_is_on_one_side(value, kind, bound):
    words = {"at_least": value >= bound, "at_most": value <= bound, "above": value > bound, "below": value < bound}
    assert claims.verdict(value, value, kind, bound) == ("holds" if words[kind] else "fails")


@given(numbers, st.floats(0, 1), numbers)
def test_opposite_claims_have_opposite_verdicts(value, half, bound):
    ends = (value - half, value + half)
    opposite = {"holds": "fails", "fails": "holds", "open": "open"}
    assert claims.verdict(*ends, "below", bound) == opposite[claims.verdict(*ends, "at_least", bound)]
    assert claims.verdict(*ends, "above", bound) == opposite[claims.verdict(*ends, "at_most", bound)]


def test_the_paper_s_number_less_a_margin():
    found = claims.claim("Table 1", estimate(0.96, 0.94, 0.98), paper=0.95, source="Table 1")
    assert (found["bound"], found["verdict"], found["paper"]) == ({"at_least": 0.93}, "holds", 0.95)
    assert claims.claim("t", estimate(0.96, 0.94, 0.98), paper=0.95, margin=0.0)["verdict"] == "open"
    assert claims.claim("t", estimate(0.96, 0.94, 0.98), paper=0.08, at_most=0.2)["verdict"] == "fails"
    assert claims.claim("t", 3, at_most=3, exact=True)["verdict"] == "holds"
    assert claims.claim("t", Estimate(None, None, None, (None,)), above=0)["verdict"] == "open", "nothing was measured"


def test_mistakes_are_one_line(lt_error):
    with lt_error("give an Estimate", "exact=True"):
        claims.claim("text", 0.9, at_least=0.8)
    for asked, *words in (
        ({}, "asks for nothing", "at_least", "paper="),
        ({"above": 0, "below": 3}, "'above': 0, 'below': 3"),
        ({"more_than": 3}, "more_than", "at_most"),
        ({"above": 3, "expect": "yes"}, "'yes'", "holds, fails, open"),
    ):
        with lt_error(*words):
            claims.claim("text", estimate(1, 0, 2), **asked)


def test_the_table_of_claims_says_where_the_prose_says_otherwise():
    made = [
        claims.claim("nine in ten", estimate(0.95, 0.93, 0.97), at_least=0.9, source="section 5.2"),
        claims.claim("half", estimate(0.4, 0.3, 0.6), above=0.5, expect="fails"),
        claims.claim("as printed", estimate(0.95, 0.94, 0.96), paper=0.95),
    ]
    table = claims.shown(made, "All claims.")
    assert list(table.data.index) == ["nine in ten (section 5.2)", "half", "as printed"]
    assert table.data["ours [95 %]"].iloc[0] == "0.950 [0.930, 0.970]"
    assert list(table.data["asked"]) == ["at least 0.9", "above 0.5", "at least 0.93 (paper: 0.95)"]
    assert list(table.data["verdict"]) == ["holds", "open (the prose: fails)", "holds"]


def row(method: str, metric: str, value: float, paper: float | None = None, setting: str = "mnist->fashion") -> dict:
    return {
        "setting": setting,
        "method": method,
        "metric": metric,
        "value": value,
        "low": None,
        "high": None,
        "paper": paper,
    }


def test_methods_stand_down_and_metrics_across_with_the_paper_s_number_beside():
    rows = [row("bridging_vae", "diversity", 0.5), row("prototype", "diversity", 0.0)]
    rows.append(row("bridging_vae", "transfer_accuracy_paper_protocol", 0.97, 0.95))
    frame = tables.of_rows(rows, None, "Table 3.1").data
    assert list(frame.index) == ["bridging VAE", "class prototype"], "one setting: the caption says it"
    assert list(frame.columns) == ["diversity", "by the paper's protocol", "the paper"]
    assert list(frame.loc["bridging VAE"]) == ["0.500", "0.970", "0.95"]
    both = tables.of_rows([*rows, row("prototype", "diversity", 0.1, setting="fashion->mnist")], ["diversity"], "").data
    assert both.index.tolist()[-1] == ("Fashion-MNIST → MNIST", "class prototype")
    assert list(both.columns) == ["diversity"]


def test_a_table_is_the_same_each_time_and_has_its_caption():
    frame = pd.DataFrame({"a": ["<b>"]}, index=["x"])
    first, again = (tables.table(frame, 'Of "a" & b')._repr_html_() for _ in range(2))
    assert first == again
    assert "<caption>" in first
    assert 'aria-label="Of &quot;a&quot; &amp; b"' in first
    assert repr(tables.table(frame, "Caption")).startswith("Caption\n")


def test_every_number_of_the_paper_s_tables_is_there():
    paper = tables.paper()
    assert len(paper) == 33
    assert paper["mnist->fashion", "bridging_vae", "transfer_accuracy_paper_protocol"] == 0.95
    assert all(0 < value < 1 for value in paper.values())


def test_numbers_have_the_decimals_that_they_need():
    for value, text in ((0.12345, "0.123"), (-3.0, "-3.000"), (45.67, "45.7"), (12345.6, "12,346")):
        assert tables.number(value) == tables.interval(value, value, value) == text, "an exact number has no interval"
    assert tables.interval(None) == "not measured"
    assert tables.interval(0.5, float("nan"), float("nan")) == "0.500", "a frame has nan where nothing is known"


def test_claims_show_settings_and_methods_as_words():
    texts = {
        "Class kept, mnist->fashion": "Class kept, MNIST → Fashion-MNIST",
        "mnist->mnist_b, fashion: as diverse": "MNIST → MNIST, second model, Fashion-MNIST: as diverse",
        "many_bridge, mnist->speech->mnist": "many bridge, MNIST → speech → MNIST",
        "Ten in a class, as fashionable as MNIST": "Ten in a class, as fashionable as MNIST",
    }
    made = [claims.claim(text, estimate(0.9, 0.8, 1), above=0.5) for text in texts]
    assert list(claims.shown(made, "").data.index) == list(texts.values())
    kinds = claims.shown([{**one, "kind": "letters"} for one in made], "By kind.")
    assert list(kinds.data.index) == [("letters", text) for text in texts.values()]
    assert kinds._repr_html_().count("✓ holds") == len(texts)
    for path in sorted((Path(__file__).parents[1] / "book" / "results").glob("[0-9]*.json")):
        for text in claims.shown(json.loads(path.read_text(encoding="utf-8"))["claims"], "").data.index:
            assert not re.search(r"->|\w_\w|\b(mnist|fashion)\b", text), (path.stem, text)


def test_folds_have_a_box_that_searches_them():
    one = tables.table(pd.DataFrame({"a": ["x"]}, index=["row"]), "Caption")
    html = tables.folded({"first: 1 row": one, "second: 1 row": one}, "class kept, a -> b").data
    assert html.count("<details>") == html.count("<caption>") == 2
    assert '<label>Search: <input type="search" placeholder="class kept, a -&gt; b"' in html
