"""A chapter's run: base models, scores, rows, claims and the file of results, with models that train in a second."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lt.book import profiles, read, start
from lt.book import run as runs
from lt.bridge import BridgeConfig
from lt.loop import Training
from lt.metrics import Score
from lt.models.images import JudgeConfig, VAEConfig

SHORT = Training(30, 64, 2e-3)
PAIR = ("mnist->fashion", "bridging_vae")


QUICK = profiles.get("quick")


def tiny() -> profiles.Profile:
    return replace(
        QUICK,
        sets=2,
        vae=dict.fromkeys(("mnist", "fashion"), VAEConfig(SHORT, width=32, depth=1)),
        judge=dict.fromkeys(("mnist", "fashion"), JudgeConfig(SHORT, width=32, depth=1)),
        second_judge=dict.fromkeys(("mnist", "fashion"), JudgeConfig(SHORT, conv=True, width=4)),
        bridge=BridgeConfig(SHORT, shared=2, width=16, depth=1),
        copies=0,
        test_items=300,
    )


@pytest.fixture
def run(monkeypatch) -> runs.Run:
    monkeypatch.setitem(profiles.PROFILES, "quick", tiny())
    monkeypatch.setattr("lt.cache.cores", lambda: 1)  # in this process: it takes a second
    return start("01_page", "quick")


def test_a_run_begins_with_one_line(run, capsys):
    start("01_page", "quick")
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert line.startswith("Profile quick, 2 sets of base models, cpu (")


def test_sets_are_disjoint_and_models_are_made_once(run):
    digits, garments = run.domains("mnist", "fashion", set=1)
    assert run.domain("mnist", 1) is run.domain("mnist", set=1) is digits
    names = ("mnist", "mnist_b", "fashion")
    calls = [run.training("vae", name, set) for set in run.sets for name in names]
    seeds = [(call[2].name, call[3]) for call in calls]
    assert len(set(seeds)) == len(seeds)
    assert {seed for corpus, seed in seeds if corpus == "mnist"} == {0, 1, 2, 3}
    assert run.images("mnist").fingerprint == runs.Run("02_page", tiny()).images("mnist").fingerprint
    assert len(run.images("mnist")) == len(run.held("mnist", 1)) == 300
    x, _ = run.own("fashion", 1)
    assert x.shape == (300, 784)
    whole = garments.items(run.held("fashion", 1).mean)
    assert torch.equal(whole.sort(0).values, x.sort(0).values), "all, in another order"
    assert sorted(run.data) == ["fashion/test", "fashion/train", "mnist/test", "mnist/train"]
    assert run.second_judge("mnist")(run.images("mnist").x).shape == (300,)
    assert set(run.seconds) >= {("vae", "mnist", 1), ("judge", "fashion", 0)}


def test_from_models_to_claims(run, tmp_path, monkeypatch, lt_error):
    monkeypatch.setenv("LT_RESULTS", str(tmp_path / "results"))
    bridges = run.bridges("mnist", "fashion")
    scores = [
        run.score(lambda z, b=bridges[s]: b.transfer(z, "mnist", "fashion"), "mnist", "fashion", s) for s in run.sets
    ]
    run.add(*PAIR, scores, table="1")
    run.add("mnist->fashion", "random_projection", [run.floor("mnist", s, 2) for s in run.sets], table="1")
    protocol = [run.paper_protocol(bridge, "mnist", "fashion", s) for s, bridge in enumerate(bridges)]
    run.add(*PAIR, protocol, "transfer_accuracy_paper_protocol", table="1", n=1000)
    found = run[(*PAIR, "transfer_accuracy")]
    assert found.value == pytest.approx(sum(s["transfer_accuracy"] for s in scores) / 2)
    assert found.low < found.value < found.high
    gap = run.difference(*PAIR, "random_projection", "continuity")
    floor = run["mnist->fashion", "random_projection", "continuity"]
    assert gap.value == pytest.approx(run[(*PAIR, "continuity")].value - floor.value)
    assert "the paper" in run.table("1").data.columns
    run.claim("said twice", found, at_least=2.0)
    run.claim("said twice", found, at_least=-1.0)
    run.claim("a count", 3, at_most=2, exact=True, expect="fails")
    assert list(run.claims().data["verdict"]) == ["holds", "fails"], "a cell that is run again replaces its claim"

    record = json.loads((tmp_path / "results" / "01_page.json").read_text())
    keys = "chapter profile device cpu precision versions commit source data seconds rows claims".split()
    assert set(keys) <= set(record)
    row = next(row for row in record["rows"] if row["metric"] == "transfer_accuracy_paper_protocol")
    assert (row["values"], row["paper"], row["n"], row["base_models"]) == (protocol, 0.95, 1000, 2)
    keys = "table setting method metric value low high values base_models seeds n paper note share".split()
    assert set(row) == set(keys)
    assert {"text", "source", "values", "low", "high", "bound", "verdict", "expect"} <= set(record["claims"][0])
    assert record["training_seconds"] > 0

    results = read("01_page")
    assert results[(*PAIR, "transfer_accuracy")] == found
    assert set(results.rows["profile"]) == set(results.claims["profile"]) == {"quick"}
    with lt_error("no row mnist->fashion pix2pix fid"):
        run["mnist->fashion", "pix2pix", "fid"]
    with lt_error("no rows of table '9'"):
        run.table("9")
    with lt_error("domain='cats'", "mnist_b"):
        run.domain("cats")


def test_rows_of_values_of_dictionaries_and_of_what_was_not_measured(run, lt_error):
    run.add("mnist", "base", [0.9, 0.8], "nats", table="2", paper=0.7, note="a note")
    run.add("mnist", "base", [{"fid": 3.0}, {"fid": 4.0}], table="2", paper=False)
    run.add("mnist", "odd", [Score({"diversity": None}, {}), Score({"diversity": 1.0}, {})], table="2")
    assert run["mnist", "base", "nats"].values == (0.9, 0.8)
    assert run["mnist", "odd", "diversity"].value is None
    frame = run.table("2", ["nats", "fid", "diversity"]).data
    assert list(frame.columns) == ["nats", "the paper", "FID", "diversity"]
    assert frame.loc["odd", "diversity"] == "not measured"
    with lt_error("no scores", "one per set"):
        run.add("mnist", "base", [], table="2")


def test_by_hand_results_go_to_the_cache_and_the_published_stay(run, tmp_path):
    run.claims()
    assert (tmp_path / "cache" / "results" / "quick" / "01_page.json").exists()
    assert not list((tmp_path / "cache" / "results" / "quick").glob("*.part"))
    assert not (runs.BOOK / "results" / "01_page.json").exists()


def test_results_of_this_run_come_before_published_ones(run, tmp_path, monkeypatch, capsys, lt_error):
    published = tmp_path / "book" / "results"
    published.mkdir(parents=True)
    for name in ("01_page", "02_other"):
        record = {"chapter": name, "profile": "laptop", "rows": [], "claims": []}
        (published / f"{name}.json").write_text(json.dumps(record))
    monkeypatch.setattr(runs, "BOOK", published.parent)
    capsys.readouterr()
    assert len(read().records) == 2
    assert capsys.readouterr().out == "Profile laptop: 01_page, 02_other\n"
    monkeypatch.setenv("LT_RESULTS", str(tmp_path / "mine"))
    run.claims()
    read()
    assert capsys.readouterr().out == "Profile quick: 01_page\nProfile laptop: 02_other\n"
    with lt_error("no results of 03_none", "python -m lt run 03_none"):
        read("01_page", "03_none")


def test_the_hash_of_a_page_is_that_of_its_code(tmp_path):
    def source(text: str) -> str:
        (tmp_path / "a.py").write_text(text)
        return runs.source_of(tmp_path / "a.py")

    code = source("# %%\nx = 1\n")
    assert source("# %% [markdown]\n# Prose.\n\n# %%\nx = 1\n\n") == code != source("# %%\nx = 2\n")
    assert runs.source_of(Path("none.py")) == "unknown"


def test_speech_has_samples_instead_of_items(run):
    speech = run.domain("speech")
    assert speech.encode is None
    held = run.held("speech")
    assert held.std is None
    assert held.y.bincount().tolist() == [run.profile.fresh] * 10
    assert len(run.latents("speech")) == 10 * run.profile.accepted
    with_itself = run.score(lambda z: z, "speech", "speech")
    assert with_itself["transfer_accuracy"] == 1
    assert with_itself["diversity"] == pytest.approx(1, abs=1e-6)
