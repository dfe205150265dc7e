"""The report: it reads results files and nothing else, judges by one rule, and does not pass over what is missing."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lt.book import runner
from lt.book.paper import PAPER
from lt.book.records import read
from lt.book.report import formatted, headline, markdown, report, verdict

ROOT = runner.find_root()
PUBLISHED = ROOT / "book" / "results"
shares = st.floats(0, 1)


def row(low, value, high, method="bridging_vae"):
    return {"method": method, "low": low, "value": value, "high": high}


@pytest.mark.parametrize(
    "paper, measured, word",
    [
        (0.95, row(0.956, 0.96, 0.97), "surpassed"),
        (0.95, row(0.954, 0.96, 0.97), "reproduced"),  # above by less than the paper's rounding
        (0.95, row(0.94, 0.95, 0.96), "reproduced"),
        (0.95, row(0.91, 0.92, 0.93), "reproduced"),  # the upper end misses by 0.02
        (0.95, row(0.85, 0.86, 0.87), "partly"),
        (0.95, row(0.80, 0.82, 0.84), "not"),
        (0.95, row(None, 0.96, None), "surpassed"),  # one seed, no interval
        (0.08, row(0.06, 0.08, 0.10, "cyclegan"), "reproduced"),
        (0.08, row(0.85, 0.90, 0.95, "pix2pix"), "not"),  # a failure that does not fail
    ],
)
def test_verdicts(paper, measured, word):
    assert verdict(paper, measured) == word


@given(paper=shares, ends=st.tuples(shares, shares, shares).map(sorted), better=st.floats(0, 0.5))
def test_a_better_result_never_gets_a_worse_verdict(paper, ends, better):
    order = ["not", "partly", "reproduced", "surpassed"]
    low, value, high = ends
    worse = verdict(paper, row(low, value, high))
    assert order.index(verdict(paper, row(low + better, value + better, high + better))) >= order.index(worse)


@given(paper=shares, ends=st.tuples(shares, shares, shares).map(sorted))
def test_a_failure_is_never_surpassed(paper, ends):
    assert verdict(paper, row(*ends, "pix2pix")) != "surpassed"


def test_the_report_has_every_number_of_the_paper_and_nothing_else():
    records = read(folder=PUBLISHED)
    table = report(records)
    assert len(table) == len(PAPER)
    assert [float(text) for text in table["Paper"]] == pytest.approx(list(PAPER.values()), abs=5e-4)
    empty = report([])
    assert set(empty["Verdict"]) == {"not measured"}
    assert (empty["Ours, held out"] == "").all()


def test_the_report_prints_the_numbers_of_the_files():
    records = read(folder=PUBLISHED)
    table = report(records).set_index(["Model", "Setting", "Metric"])
    reading = next(record for record in records if record["chapter"] == "03_bridging")
    wanted = next(
        r for r in reading["rows"] if (r["setting"], r["method"], r["metric"]) == ("mnist->fashion", "bridging_vae", "transfer_accuracy")
    )
    line = table.loc[("bridging VAE", "MNIST → Fashion-MNIST", "transfer accuracy")]
    assert line["Ours, held out"] == formatted(wanted)
    assert line["Profile"] == reading["profile"]
    assert line["Command"] == f"`python -m lt run 03 --profile {reading['profile']}`"


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


def test_the_report_page_shows_what_the_files_say():
    notebook = json.loads((ROOT / "book" / "09_report.ipynb").read_text())
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    shown = ["".join(data["text/markdown"]) for data in outputs if "text/markdown" in data]
    assert markdown(report(read(folder=PUBLISHED))) in shown
