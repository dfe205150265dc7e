"""The report: it reads results files and nothing else, judges by one rule, and does not pass over what is missing."""

import json
import shutil

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lt.book import profiles, runner
from lt.book.paper import FAILS, PAPER
from lt.book.records import Run, read
from lt.book.report import (
    DAGGER,
    GROUPS,
    SUCCESS,
    Found,
    claims,
    conditions,
    counts,
    evidence,
    formatted,
    group,
    headline,
    kinds,
    like_for_like,
    listed,
    markdown,
    measured,
    once,
    report,
    shown,
    table,
    verdict,
)
from lt.tools.intervals import crossed_interval

ROOT = runner.find_root()
PUBLISHED = ROOT / "book" / "results"
shares = st.floats(0, 1)
ORDER = ["not shown", "partly", "reproduced", "surpassed"]


def row(low, value, high, method="bridging_vae", **more):
    return {"method": method, "low": low, "value": value, "high": high, **more}


@pytest.mark.parametrize(
    "paper, measured, word",
    [
        (0.95, row(0.956, 0.96, 0.97), "surpassed"),
        (0.95, row(0.954, 0.963, 0.972), "reproduced (not worse by 0.02)"),  # above by less than the paper's rounding
        (0.95, row(0.94, 0.95, 0.96), "reproduced (equal within 0.02)"),
        (0.95, row(0.94, 0.96, 0.98), "reproduced (not worse by 0.02)"),
        (0.95, row(0.0, 0.95, 1.0), "not shown"),  # an interval that says nothing
        (0.95, row(0.91, 0.94, 0.97), "partly"),  # the upper end does not help
        (0.95, row(0.91, 0.94, 0.97, low90=0.931, high90=0.96), "reproduced (equal within 0.02)"),  # a one-sided test
        (0.95, row(0.84, 0.86, 0.88), "not shown"),
        (0.95, row(None, 0.96, None), "no interval"),
        (0.08, row(0.06, 0.08, 0.10, "cyclegan"), "not tested"),  # it may not have been trained to its end
        (0.08, row(0.06, 0.08, 0.10, "cyclegan", plateau=True), "failure reproduced"),
        (0.08, row(0.06, 0.08, 0.20, "cyclegan", plateau=True), "undecided"),
        (0.77, row(0.30, 0.40, 0.50, "pix2pix", plateau=True), "failed more"),
        (0.08, row(0.85, 0.90, 0.95, "pix2pix"), "did not fail here"),  # more training would not take that away
        (0.149, row(0.14, 0.16, 0.18, "unconditional"), "failure reproduced"),  # the paper's own method: no plateau is asked for
        (0.139, row(0.09, 0.13, 0.17, "0 labels a class"), "at chance here"),
        (0.139, row(0.11, 0.13, 0.15, "0 labels a class"), "above chance too"),
        (0.67, row(0.9, 0.93, 0.96, setting="mnist->speech", metric="transfer_accuracy"), "not comparable"),
        (0.004, row(10, 14, 18, setting="mnist->fashion", metric="fid"), "not comparable"),
    ],
)
def test_verdicts(paper, measured, word):
    assert verdict(paper, measured) == word


def rank(paper, measured) -> int:
    return ORDER.index(verdict(paper, measured).split(" (")[0])


@given(paper=shares, value=shares, inner=st.tuples(shares, shares), outer=st.tuples(shares, shares), part=st.floats(0, 1))
def test_more_uncertainty_never_gives_a_better_verdict(paper, value, inner, outer, part):
    def of_widths(below, above):
        low, high = value - below, value + above
        return row(low, value, high, low90=value - part * below, high90=value + part * above)

    wide = of_widths(inner[0] + outer[0], inner[1] + outer[1])
    assert rank(paper, wide) <= rank(paper, of_widths(*inner))
    equal = "reproduced (equal within 0.02)"
    if verdict(paper, wide) == equal:
        assert verdict(paper, of_widths(*inner)) in (equal, "surpassed")


@given(paper=shares, value=shares, inner=st.tuples(shares, shares), outer=st.tuples(shares, shares), method=st.sampled_from(sorted(FAILS)))
def test_more_uncertainty_never_makes_a_failure_or_its_absence_sure(paper, value, inner, outer, method):
    narrow = row(value - inner[0], value, value + inner[1], method, plateau=True)
    wide = row(narrow["low"] - outer[0], value, narrow["high"] + outer[1], method, plateau=True)
    sure = {"failure reproduced", "did not fail here", "failed more", "above chance too"}
    if verdict(paper, wide) in sure:
        # within 0.05 and all above by more than 0.05 are never true of one interval and of a wider one around it
        assert verdict(paper, narrow) == verdict(paper, wide)


@given(paper=shares, ends=st.tuples(shares, shares, shares).map(sorted), better=st.floats(0, 0.5))
def test_a_better_result_never_gets_a_worse_verdict(paper, ends, better):
    low, value, high = ends
    assert rank(paper, row(low + better, value + better, high + better)) >= rank(paper, row(low, value, high))


@given(paper=shares, ends=st.tuples(shares, shares, shares).map(sorted), plateau=st.sampled_from([None, False, True]))
def test_a_failure_is_never_surpassed_and_never_reproduced_without_a_plateau(paper, ends, plateau):
    found = verdict(paper, row(*ends, "pix2pix", plateau=plateau))
    assert found != "surpassed"
    assert plateau or found in ("not tested", "did not fail here")


def test_rows_keep_base_models_seeds_and_bounds(tmp_path, monkeypatch, lt_error):
    monkeypatch.chdir(tmp_path)
    run = Run("01_page", profiles.get("quick"))
    run.add("1", "mnist->fashion", "bridging_vae", "transfer_accuracy", [0.9, 0.92, 0.91], n=1000)
    run.add("1", "mnist->fashion", "cyclegan", "transfer_accuracy", [[0.9, 0.92], [0.8], [0.85, 0.86]], n=1000, plateau=True)
    flat, nested = run.rows
    assert (flat["base_models"], flat["seeds"], flat["n"], flat["plateau"]) == (1, 3, 1000, None)
    assert (nested["base_models"], nested["seeds"], nested["plateau"], nested["paper"]) == (3, 1, True, 0.08)
    for found, values in ((flat, [0.9, 0.92, 0.91]), (nested, [[0.9, 0.92], [0.8], [0.85, 0.86]])):
        assert (found["value"], found["low"], found["high"]) == crossed_interval(values, 1000)
        assert found["low"] <= found["low90"] <= found["value"] <= found["high90"] <= found["high"]
    assert list(table([{"rows": run.rows}])["Seeds"]) == ["3", "3 × 1"]
    with lt_error("01_page", "finite"):
        run.add("1", "mnist", "base", "fid", [float("inf")])
    with lt_error("needs a value"):
        run.add("1", "mnist", "base", "fid", [])


def test_no_interval_leaves_the_values_that_its_metric_can_have(tmp_path, monkeypatch):
    """Two seeds far apart make Student's t reach beyond any end: a rank in [0, 1], a distance below zero."""
    monkeypatch.chdir(tmp_path)
    run = Run("07_ablations", profiles.get("quick"))
    for metric, values in (("mrr", [0.5, 0.9]), ("fid", [100.0, 300.0]), ("correlation of equal axes", [-0.1, 0.1])):
        run.add("1", "mnist->mnist_b", "a map", metric, values)
    mrr, fid, correlation = run.rows
    assert (mrr["low"], mrr["high"]) == (mrr["low90"], mrr["high90"]) == (0.0, 1.0)
    assert fid["low"] == 0.0
    assert fid["high"] > 300
    assert correlation["low"] < -0.1


def test_the_report_has_every_number_of_the_paper_and_nothing_else():
    records = read(folder=PUBLISHED)
    found = report(records)
    assert len(found) == len(PAPER)
    assert sorted(float(text) for text in found["Paper"]) == pytest.approx(sorted(PAPER.values()), abs=5e-4)
    empty = report([])
    assert set(empty["Verdict"]) == {"not measured"}
    assert (empty["Ours, held out"] == "").all()


def test_three_groups_of_at_most_six_columns_with_a_count_each():
    found = report(read(folder=PUBLISHED))
    assert list(dict.fromkeys(found["Group"])) == list(GROUPS)
    assert [len(shown(found, name)) for name in GROUPS] == [14, 9, 10]
    assert all(len(shown(found, name).columns) <= 6 for name in GROUPS)
    assert not shown(found, "not comparable").isin(["surpassed"]).any().any()
    said = counts(found).split("; ")
    assert len(said) == 3
    assert said[0].startswith("**the paper's successes** (14): ")
    assert said[1].startswith("**the paper's failures** (9): ")
    assert all(", against " in text or ": leaving" in text for text in found["Verdict"] if text.startswith("surpassed"))


def test_the_report_prints_the_numbers_of_the_files():
    records = read(folder=PUBLISHED)
    found = report(records).set_index("What")
    reading = next(record for record in records if record["chapter"] == "03_bridging")
    wanted = next(
        r for r in reading["rows"] if (r["setting"], r["method"], r["metric"]) == ("mnist->fashion", "bridging_vae", "transfer_accuracy")
    )
    line = found.loc["bridging VAE, MNIST → Fashion-MNIST"]
    assert line["Ours, held out"] == formatted(wanted)
    said = conditions(records)
    assert f"profile `{reading['profile']}`" in said
    assert f"`python -m lt run 03 --profile {reading['profile']}`" in said
    assert conditions([])
    alike = like_for_like(records)
    assert len(alike) == sum(group(*key) == SUCCESS and key in measured(records) for key in PAPER)
    assert all(row["paper"] is not None for row in alike)


def test_a_claim_without_its_row_is_not_measured():
    rows = Found([{"rows": [row(None, 0.5, None, setting="a->b", metric="fid", seeds=1)]}])
    found = claims(
        [
            ("has its row", lambda: ("holds", rows.said("a->b", "bridging_vae", "fid"), "0.4", "all of it")),
            ("has none", lambda: ("holds", rows.said("a->b", "pix2pix"), "0.4", "all of it")),
        ]
    )
    assert list(found["Verdict"]) == ["holds", "not measured"]
    assert list(found["Here"]) == ["0.500", "no row"]
    assert "Pix2Pix" in found["Evidence"][1]
    assert (rows.low("a->b", "bridging_vae", "fid"), rows.high("a->b", "bridging_vae", "fid")) == (0.5, 0.5)


def test_claims_are_counted_and_stand_under_what_their_verdicts_come_to():
    words = ["holds", "partly: one way", "undecided", "not tested", "holds"]
    found = claims([(f"claim {i}", lambda word=word: (word, "0.9", "0.7", f"evidence [{word}]")) for i, word in enumerate(words)])
    assert {name: list(part["Claim"]) for name, part in kinds(found).items()} == {
        "hold": ["claim 0", "claim 4"],
        "hold in part": ["claim 1"],
        "are not decided": ["claim 2", "claim 3"],
    }
    text = listed(found)
    assert text.startswith("Of 5 claims **2** hold, **1** hold in part, **2** are not decided.")
    assert "- **claim 0**\\\n  Here: 0.9. The paper: 0.7.\n" in text, "a verdict that is the heading's is not said again"
    assert "- **claim 1**\\\n  Here: 0.9. The paper: 0.7. *One way.*" in text
    assert "- **claim 3**\\\n  Here: 0.9. The paper: 0.7. *Not tested.*" in text
    assert evidence(found).splitlines()[2] == "- **claim 1.** Evidence [partly: one way]."
    assert text.index("claim 4") < text.index("claim 1") < text.index("claim 2")


def test_numbers_have_as_many_decimals_as_they_need():
    said = [formatted({"value": value, "low": None, "high": None}) for value in (0.9571, 9.9996, 15.2488, 1313.2)]
    assert said == ["0.957", "10.000", "15.2", "1,313"]


def test_what_every_line_says_is_said_once():
    frame = pd.DataFrame({"a": ["1", "2"], "b": ["x", "x"], "c": ["", ""]})
    assert once(frame) == "On every line: b: x.\n\n" + markdown(frame[["a"]])
    assert once(frame[["a"]]) == markdown(frame[["a"]])
    assert once(frame[:1]) == markdown(frame[:1])


def test_a_missing_results_file_is_named(tmp_path, lt_error):
    for path in PUBLISHED.glob("0*.json"):
        if path.stem != "05_baselines":
            shutil.copy(path, tmp_path)
    with lt_error("05_baselines"):
        read("04_speech", "05_baselines", folder=tmp_path)


def test_the_table_of_the_readme_is_the_headline():
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("<!-- headline -->")[1].split("<!-- /headline -->")[0]
    assert markdown(headline(PUBLISHED)) in shown


def test_the_headline_has_no_accuracy_alone_and_marks_what_cannot_be_compared(tmp_path):
    def line(setting, metric, value, **more):
        return row(value - 0.1, value, value + 0.1, table="1", setting=setting, metric=metric, paper=0.67) | more

    rows = [
        line("mnist->speech", "transfer_accuracy", 0.5),
        line("mnist->fashion", "transfer_accuracy", 0.6),
        line("mnist->fashion", "diversity", 0.7),
    ]
    rows.append(line("mnist->mnist", "transfer_accuracy", 0.9, method="pix2pix"))
    (tmp_path / "03_a.json").write_text(json.dumps({"chapter": "03_a", "rows": rows}))
    found = headline(tmp_path).set_index("")
    assert list(found["Paper"]) == ["†", "0.67"], "another method is not in it"
    assert "0.67 and 0.98" in DAGGER, "the numbers that are not beside ours stand in the note"
    assert list(found["Diversity"]) == ["not measured", "0.700 [0.600, 0.800]"]
    assert list(headline(tmp_path / "empty").columns) == ["", *found.columns]


def test_the_report_page_shows_what_the_files_say():
    notebook = json.loads((ROOT / "book" / "12_report.ipynb").read_text())
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    pages = ["".join(data["text/markdown"]) for data in outputs if "text/markdown" in data]
    found = report(read(folder=PUBLISHED))
    for name in GROUPS:
        assert any(markdown(shown(found, name)) in page for page in pages), name
