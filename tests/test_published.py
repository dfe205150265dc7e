"""The published results: of the present code, of one profile, and with the verdicts that the prose states."""

import json
from pathlib import Path

import pytest

import pipeline
from lt.book import claims, run, tables
from lt.metrics import Estimate, estimate

ROOT = Path(__file__).parents[1]
RECORDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "book" / "results").glob("[0-9]*.json")
}
ROWS = [(name, row) for name, record in RECORDS.items() for row in record["rows"]]
CLAIMS = [(name, claim) for name, record in RECORDS.items() for claim in record["claims"]]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_results_are_those_of_the_present_chapter(name):
    record = RECORDS[name]
    assert name in pipeline.select(ROOT, [])
    assert record["chapter"] == name
    assert record["profile"] in ("quick", "laptop")
    assert record["source"] == run.source_of(ROOT / "book" / f"{name}.py"), f"run it again: python -m lt run {name}"


@pytest.mark.parametrize("name, claim", CLAIMS, ids=[f"{name}: {claim['text']}" for name, claim in CLAIMS])
def test_every_claim_has_the_verdict_that_the_prose_states(name, claim):
    """If this fails, a person rewrites the sentence, and ``expect`` beside it. A quick run may leave some open."""
    ((kind, bound),) = claim["bound"].items()
    assert claims.verdict(claim["low"], claim["high"], kind, bound) == claim["verdict"]
    spared = {"open"} if RECORDS[name]["profile"] == "quick" else set()
    assert claim["verdict"] in {claim["expect"]} | spared


def test_every_row_can_be_computed_again_from_its_values():
    for name, row in ROWS:
        known = [value for value in row["values"] if value is not None]
        if len(known) == len(row["values"]):
            assert row["value"] == pytest.approx(sum(known) / len(known)), (name, row)
            alone: Estimate = estimate(known)
            if row["low"] is not None and alone.low is not None:  # items make an interval wider than sets alone
                low, high = (max(alone.low, 0), min(alone.high, 1)) if row["share"] else (alone.low, alone.high)
                assert row["high"] - row["low"] > 0.9 * (high - low), (name, row)
                if row["share"]:  # and at most as wide as if the same items failed in every set
                    widest: Estimate = estimate(known, n=row["n"])
                    assert row["high"] - row["low"] < 1.001 * (widest.high - widest.low) + 1e-9, (name, row)


def test_the_paper_s_number_stands_beside_its_own_protocol_alone():
    numbers = tables.paper()
    for name, row in ROWS:
        if row["paper"] is not None and row["metric"].startswith("transfer_accuracy"):
            assert row["metric"] == "transfer_accuracy_paper_protocol" or row["method"] != "bridging_vae", (name, row)
        assert row["paper"] in (None, numbers.get((row["setting"], row["method"], row["metric"]), row["paper"]))
