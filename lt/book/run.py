"""One run of a chapter: its profile, data, base models and bridges, and the rows and claims of its results file."""

import functools
import hashlib
import inspect
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from lt import metrics
from lt.book import claims, figures, profiles, tables
from lt.bridge import Bridge, BridgeConfig, fit_bridge
from lt.cache import cache_folder, cores, side_by_side
from lt.data import Items, load
from lt.errors import LtError
from lt.latents import Domain, Latents
from lt.loop import default_device, fast_dtype, named_generator, one_thread
from lt.metrics import Estimate, Score
from lt.models import images, speech
from lt.own.inputs import chosen

CORPUS = {"mnist": "mnist", "mnist_b": "mnist", "fashion": "fashion", "speech": "speech"}  # of each domain
BOOK = Path(__file__).parents[2] / "book"
PER_CLASS = 300  # random items of a class whose distances and neighbours are measured
Key = tuple[str, str, str]  # setting, method, metric


def start(chapter: str, profile: str) -> "Run":
    """Begin a chapter and print one line about it; raises :class:`lt.LtError` for an unknown profile."""
    run = Run(chapter, profiles.get(profile))
    figures.style()
    sets = f"{len(run.sets)} set{'s' * (len(run.sets) > 1)} of base models"
    print("Profile {0}, {1}, {device} ({precision}), commit {commit}".format(profile, sets, **run.facts))
    return run


def _kept(method: Callable) -> Any:
    """A method of :class:`Run` whose result is made once for the same arguments."""
    kept = functools.cache(method)

    @functools.wraps(method)
    def once(*arguments: Any, **named: Any) -> Any:
        given = inspect.signature(method).bind(*arguments, **named)
        given.apply_defaults()  # the same however they are given
        return kept(*given.arguments.values())

    return once


class Run:
    """A chapter while it runs. What it trains and loads is made when it is first asked for, then kept."""

    def __init__(self, chapter: str, profile: profiles.Profile):
        self.chapter, self.profile, self.device = chapter, profile, default_device()
        self.facts, self.started = provenance(chapter, self.device), time.perf_counter()
        self.data: dict[str, str] = {}  # fingerprint of each split
        self.seconds: dict[Any, float] = {}  # that each training took, now or when it was put in the cache
        self.rows: dict[Key, tuple[dict, list[Score]]] = {}  # as the results file has them, and the scores behind each
        self.claimed: dict[str, dict] = {}

    @property
    def sets(self) -> range:
        """Numbers of the disjoint sets: set s has MNIST VAEs of seeds 2s, 2s + 1, and garments of seed s."""
        return range(self.profile.sets)

    @_kept
    def images(self, corpus: str, split: str = "test") -> Items:
        """The items of a split; a test split is cut to ``profile.test_items`` random ones, the same in every run."""
        items, limit = load(corpus, split, self.profile.source), self.profile.test_items
        if split == "test" and limit is not None and limit < len(items):
            items = items.take(torch.randperm(len(items), generator=named_generator("test items", 0))[:limit])
        self.data[f"{corpus}/{split}"] = items.fingerprint
        return items

    def trained(self, name: Any, model: Any, history: Mapping[str, Sequence[float]]) -> Any:
        """The model, after its seconds of training have been counted."""
        self.seconds[name] = float(history["seconds"][0])
        return model

    def training(self, what: str, name: str, set: int = 0) -> tuple:
        """What trains the ``vae``, ``judge`` or ``second_judge`` of a domain: (function, *arguments)."""
        corpus, second = CORPUS[name], int(what == "second_judge")
        seed = second if what != "vae" else 2 * set + (name == "mnist_b") if corpus == "mnist" else set
        fit = images.fit_vae if what == "vae" else images.fit_judge
        return fit, getattr(self.profile, what)[corpus], self.images(corpus, "train"), seed, self.device

    def _fitted(self, what: str, name: str, set: int = 0) -> Any:
        fit, *arguments = self.training(what, name, set)
        return self.trained((what, name, set), *fit(*arguments))

    def prepare(self, *names: str, sets: Sequence[int] | None = None) -> None:
        """Train base models of these domains that are not in the cache, side by side, for these sets or for all."""
        own = [name for name in names if name != "speech"]
        calls = [self.training("vae", name, set) for set in (self.sets if sets is None else sets) for name in own]
        calls += [self.training(what, name) for name in {CORPUS[n] for n in own} for what in ("judge", "second_judge")]
        side_by_side(*calls, name="base models")

    @functools.cached_property
    def speech(self) -> speech.Speech:
        """The pretrained models of spoken digits."""
        return speech.load_pretrained(device=self.device)

    @_kept
    def vae(self, name: str, set: int = 0) -> nn.Module:
        """The frozen VAE of ``mnist``, ``mnist_b`` or ``fashion`` in a set; the generator of ``speech``."""
        return self.speech.generator if name == "speech" else self._fitted("vae", name, set)

    @_kept
    def judge(self, name: str) -> nn.Module:
        """The classifier that scores items of a domain."""
        return self.speech.judge if name == "speech" else self._fitted("judge", CORPUS[name])

    @_kept
    def second_judge(self, name: str) -> Callable[[Any], Tensor]:
        """Another kind of classifier as a function, items (n, ...) to classes (n,); for speech the panel."""
        judge = self.speech.panel if name == "speech" else self._fitted("second_judge", CORPUS[name])
        return Domain(f"second judge of {name}", judge=judge, device=self.device).classify

    @_kept
    def domain(self, name: str, set: int = 0) -> Domain:
        """A frozen model and its judge: ``mnist``, ``mnist_b``, ``fashion`` or ``speech``."""
        chosen("domain", name, CORPUS)
        model: Any = self.vae(name, set)
        encode = None if name == "speech" else model.encode
        return Domain(name, encode, model.decode, self.judge(name), model.latent, self.device)

    def domains(self, *names: str, set: int = 0) -> list[Domain]:
        """Several domains of one set; base models that are missing are trained side by side."""
        self.prepare(*names, sets=[set])
        return [self.domain(name, set) for name in names]

    def _spoken(self, part: str, per_class: int) -> Latents:
        z, y, *_ = speech.accepted_samples(part, per_class)
        return Latents("speech", z.to(self.device), None, y.to(self.device), self.domain("speech"))

    @functools.lru_cache(maxsize=4)  # noqa: B019  all sets together are gigabytes
    def latents(self, name: str, set: int = 0) -> Latents:
        """What a bridge learns from: latents of training items and of jittered copies; accepted samples of speech."""
        if name == "speech":
            return self._spoken("accepted", self.profile.accepted)
        items, generator = self.images(CORPUS[name], "train"), named_generator(f"latents {name}", 0, self.device)
        amount, copies = self.profile.jitter[CORPUS[name]], self.profile.copies
        moved = lambda x, generator: images.jitter(x, amount, generator)  # noqa: E731
        with one_thread():  # the last bits depend on the threads, and the cache keys of bridges on these bits
            return self.domain(name, set).latents(items.x, items.y, copies, moved, generator)

    @_kept
    def held(self, name: str, set: int = 0) -> Latents:
        """Latents of the held-out test items; accepted samples of speech that no bridge learns from."""
        if name == "speech":
            return self._spoken("accepted, held out", self.profile.fresh)
        with one_thread():
            return self.domain(name, set).latents(self.images(CORPUS[name]).x, self.images(CORPUS[name]).y)

    @_kept
    def own(self, name: str, set: int = 0) -> tuple[Tensor, Tensor]:
        """What a model makes of its held-out items (n, ...), at most 300 random ones per class, and their classes."""
        some = (held := self.held(name, set)).take(_random(held.y, PER_CLASS))
        return self.domain(name, set).items(some.mean), some.y

    def bridges(
        self, a: str, b: str, config: BridgeConfig | None = None, seed: int = 0, sets: Sequence[int] | None = None
    ) -> list[Bridge]:
        """The bridge of two domains in these sets, or in all; what is not in the cache is trained side by side."""
        usual = self.profile.speech_bridge if "speech" in (a, b) else self.profile.bridge
        made, config, sets = [], config or usual, self.sets if sets is None else sets
        self.prepare(a, b, sets=sets)
        for first in range(0, len(sets), cores()):  # latents of all sets would not fit a laptop
            some = [[self.latents(name, set) for name in (a, b)] for set in sets[first : first + cores()]]
            plain = [[replace(latents, domain=None) for latents in pair] for pair in some]
            side_by_side(*[(fit_bridge, pair, config, seed) for pair in plain], name=f"bridges {a}-{b}")
            made += [fit_bridge(pair, config, seed) for pair in some]
        return [self.trained((a, b, s, seed, config), x, x.history) for s, x in zip(sets, made, strict=True)]

    def bridge(self, a: str, b: str, set: int = 0, config: BridgeConfig | None = None, seed: int = 0) -> Bridge:
        """The bridge of two domains of one set, cached; with the profile's configuration if none is given."""
        return self.bridges(a, b, config, seed, [set])[0]

    def score(self, transfer: Callable[[Tensor], Tensor], source: str, target: str, set: int = 0) -> Score:
        """The score of held-out items: ``transfer`` maps latents (n, latent) of the source to the target's."""
        a, b, held = self.domain(source, set), self.domain(target, set), self.held(source, set)
        x = a.items(held.mean) if source == "speech" else self.images(CORPUS[source]).x
        made, (own, own_y) = b.items(transfer(held.mean)), self.own(target, set)
        more = {"own": own, "own_y": own_y, "second": self.second_judge(target), "per_class": PER_CLASS}
        return metrics.transfer_score(made, held.mean, held.y, a.classify(x), b.classify, **more)

    def paper_protocol(self, bridge: Bridge, source: str, target: str, set: int = 0) -> float:
        """The authors' own measurement on 100 training items per class (:func:`lt.metrics.paper_protocol_accuracy`)."""
        a, b = self.domain(source, set), self.domain(target, set)
        generator = named_generator("evaluation", 0, self.device)
        if source == "speech":
            return metrics.paper_protocol_accuracy(bridge.transfer, a, b, self.latents(source), generator)
        some = (items := self.images(CORPUS[source], "train")).take(_random(items.y, 100))
        return metrics.paper_protocol_accuracy(bridge.transfer, a, b, a.latents(some.x, some.y), generator)

    @_kept
    def floor(self, name: str, set: int = 0, dimensions: int = 8) -> Score:
        """Trustworthiness and continuity of random linear maps of the held-out latents to ``dimensions`` numbers."""
        return metrics.floor(self.held(name, set).mean, self.held(name, set).y, dimensions, per_class=PER_CLASS)

    def add(
        self, setting: str, method: str, scores: Sequence[Any], metric: str | None = None, *, table: str,
        n: int | None = None, paper: bool | float = True, note: str = ""
    ) -> None:  # fmt: skip
        """Rows of a method: of a score (or dictionary) per set all its metrics, or of a number per set that ``metric``.
        ``n`` is the number of items behind a share; ``paper`` the paper's number, True looks it up in ``paper.csv``."""
        made: list[Any] = [{metric: score} if metric else score for score in scores]
        made = [score if isinstance(score, Score) else Score(dict(score), {}) for score in made]
        if not made:
            raise LtError(f"{setting} {method}: no scores: give one per set")
        for name in made[0].values:
            found = metrics.estimate(made, name) if n is None else metrics.estimate([s[name] for s in made], n=n)
            known = tables.paper().get((setting, method, name)) if paper is True else paper or None
            row = {"table": table, "setting": setting, "method": method, "metric": name, **asdict(found)}
            row |= {"base_models": len(made), "seeds": 1, "paper": known, "note": note}
            self.rows[setting, method, name] = row, made

    def __getitem__(self, key: Key) -> Estimate:
        """The estimate of a row: ``run["mnist->fashion", "bridging_vae", "diversity"]``."""
        return _estimate({k: row for k, (row, _) in self.rows.items()}, key)

    def difference(self, setting: str, a: str, b: str, metric: str) -> Estimate:
        """How much larger a metric is for method ``a`` than for ``b``, paired over sets and items."""
        _ = self[setting, a, metric], self[setting, b, metric]  # says what is missing
        return metrics.difference(self.rows[setting, a, metric][1], self.rows[setting, b, metric][1], metric)

    def table(self, name: str, columns: Sequence[str] | None = None, caption: str = "") -> tables.Table:
        """The rows of one table: methods down, metrics across, with intervals and the paper's numbers."""
        rows = [row for row, _ in self.rows.values() if row["table"] == name]
        if not rows:
            raise LtError(f"no rows of table {name!r}: run.add(..., table={name!r}) comes first")
        return tables.of_rows(rows, columns, f"{caption or name} Profile {self.profile.name}.")

    def claim(self, text: str, what: Estimate | float, **asked: Any) -> None:
        """State what a sentence asks of a measurement, see :func:`lt.book.claims.claim`."""
        self.claimed[text] = claims.claim(text, what, **asked)

    def claims(self) -> tables.Table:
        """Write the results file, to ``LT_RESULTS`` or by hand to the cache, and show every claim with its verdict."""
        seconds, trained = time.perf_counter() - self.started, sum(self.seconds.values())
        record = {"chapter": self.chapter, "profile": self.profile.name, **self.facts, "data": self.data}
        record |= {"seconds": round(seconds, 1), "training_seconds": round(trained, 1)}
        record |= {"rows": [row for row, _ in self.rows.values()], "claims": list(self.claimed.values())}
        folder = Path(os.environ.get("LT_RESULTS") or cache_folder() / "results" / self.profile.name)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{self.chapter}.{os.getpid()}.part"
        part.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / f"{self.chapter}.json")
        return claims.shown(record["claims"], f"Claims of this chapter. Profile {self.profile.name}.")


def _random(y: Tensor, n: int) -> Tensor:
    """Indices of at most ``n`` random items of every class in y (items,)."""
    return torch.cat([*metrics.pick(y, n, 1, named_generator("random items", 0)).values()])


def _estimate(rows: Mapping[Key, Mapping], key: Key) -> Estimate:
    if key not in rows:
        raise LtError(f"no row {' '.join(key)}: run.add makes one")
    row = rows[key]
    return Estimate(row["value"], row["low"], row["high"], tuple(row["values"]), row["n"], row["share"])


def source_of(page: Path) -> str:
    """A hash of a chapter's code, without text, comments and blank lines; ``unknown`` without the file."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    code = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:12] if code else "unknown"


def provenance(chapter: str, device: torch.device) -> dict[str, Any]:
    """Device, precision, versions, commit (with a + if files were changed since), and the hash of a chapter's code."""
    said, page, git = ["unknown", ""], Path(f"{chapter}.py"), ["git", "-C", str(BOOK.parent)]
    with suppress(OSError, subprocess.CalledProcessError):  # no git, or no repository
        asked = [git + one.split() for one in ("rev-parse --short=10 HEAD", "status --porcelain -- lt book/*.py")]
        said = [subprocess.check_output(one, stderr=subprocess.DEVNULL, text=True).strip() for one in asked]
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "cpu": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores",
        "precision": str(fast_dtype(device)).removeprefix("torch."),
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        "commit": said[0] + "+" * bool(said[1]),
        "source": source_of(page if page.exists() else BOOK / page),
    }


@dataclass(frozen=True)
class Results:
    """Results of chapters: the records as the files have them, and all rows and claims as frames."""

    records: list[dict]

    rows = property(lambda self: pd.json_normalize(self.records, "rows", ["chapter", "profile"], max_level=0))
    claims = property(lambda self: pd.json_normalize(self.records, "claims", ["chapter", "profile"], max_level=0))

    def __getitem__(self, key: Key) -> Estimate:
        return _estimate({(r["setting"], r["method"], r["metric"]): r for d in self.records for r in d["rows"]}, key)


def read(*chapters: str) -> Results:
    """Results of these chapters, or of all: of this run (``LT_RESULTS``) if they are there, else the published ones."""
    folders = BOOK / "results", Path(os.environ.get("LT_RESULTS") or BOOK / "results")
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.json"))}
    if missing := [name for name in chapters if name not in files]:
        raise LtError(f"no results of {', '.join(missing)}: run python -m lt run {' '.join(missing)}")
    asked = chapters or [name for name in sorted(files) if name[0].isdigit()]
    records = [json.loads(files[name].read_text(encoding="utf-8")) for name in asked]
    for profile in dict.fromkeys(record["profile"] for record in records):
        print(f"Profile {profile}: {', '.join(r['chapter'] for r in records if r['profile'] == profile)}")
    return Results(records)
