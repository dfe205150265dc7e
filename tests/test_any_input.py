"""Whatever a user hands in, and whatever functions return: it works, or one line says what to do. Kinds are written
as expressions: of numbers x (n, d), of labels y (n,), of what a function gets."""

from dataclasses import replace

import numpy as np
import pandas as pd  # noqa: F401
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse  # noqa: F401
from torch import distributions as of  # noqa: F401
from torch.utils.data import DataLoader, TensorDataset  # noqa: F401
from toys import TINY_BRIDGE, blobs

import lt
from lt import maps  # noqa: F401
from lt.own.inputs import as_items, labels_of  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore")
T = torch.from_numpy
ITEMS = """x; x[::-1, ::-1]; x.repeat(2, 0)[::2]; x.T.copy().T; np.broadcast_to(x[:1], x.shape); np.matrix(x); x[:, 0]
np.ma.masked_array(x, x > 0); np.zeros(len(x), [("a", "f4"), ("b", "i4")]); x[:, :, None, None]; x[0, 0]; x[:0]
x[:, :0]; np.where(x > 0, np.nan, x); x * 1e300; sparse.csr_matrix(x); sparse.coo_matrix(x); sparse.lil_matrix(x)
x.tolist(); sparse.csr_array(x); pd.DataFrame(x); pd.DataFrame(x.astype(int)).astype("Int64").where(x > 0)
pd.Series(x[:, 0]); pd.DataFrame({"a": x[:, 0], "b": "text"}); pd.Series(x[:, 0].astype(str)).astype("category")
tuple(map(tuple, x)); pd.Series(pd.to_datetime(x[:, 0].astype(int))); pd.MultiIndex.from_arrays([x[:, 0], x[:, 0]])
list(x); list(T(x)); [T(x[0]), T(x[0]).long(), T(x)]; [row[: 1 + i % 2].tolist() for i, row in enumerate(x)]
list(map(str, x)); []; None; [None] * len(x); [{"x": row} for row in x]; [2**70] * len(x); "text"; b"x"; dict; {"x": x}
set(x[:, 0]); range(len(x)); (row for row in x); T(x); T(x).requires_grad_(); T(x).half(); T(x).bfloat16(); T(x) > 0
T(x) * 1j; T(x).to_sparse(); T(x).to_sparse_csr(); T(x[:1]).expand(len(x), -1); TensorDataset(T(x))
TensorDataset(T(x), torch.zeros(len(x))); TensorDataset(T(x), T(x), T(x)); Items([{"x": row} for row in x])
Items([*x, x]); Items(["text"] * len(x)); Items([]); Items([{"image": row, "label": 1} for row in x])
Items([{"label": "a", "image": row} for row in x]); Items([{"a": row, "b": 1, "c": 2} for row in x])
torch.nested.nested_tensor(list(T(x))); T(x).to("meta"); torch.quantize_per_tensor(T(x).float(), 0.1, 0, torch.qint8)
T(x).to(torch.float8_e5m2); T(x).abs().to(torch.uint16); T(x).to_sparse_csr().requires_grad_()
torch.empty(len(x), dtype=torch.bits8); torch.utils.data.ConcatDataset.__new__(torch.utils.data.ConcatDataset)
Items({0: x}); DataLoader(Items(x), 2); DataLoader([T(x), T(x)[:, :1]], None); DataLoader([object()])"""
LABELS = """y; np.eye(3)[y]; y[:, None]; y + 1000; y + 2**62; y.astype("u8") + 2**63; y + 1e300
[2**70 + int(k) for k in y]; y + 0.5; np.where(y > 0, np.nan, y); np.where(y > 0, np.inf, y); y * 0 - 1; y - 3; y - 1
y[1:]; y[:0]; 3; list(map(str, y)); [None, *y[1:]]; [[1], [1, 2]] * len(y); pd.Series(y); dict(enumerate(y))
pd.Series(y).astype("Int64").where(y > 0); y.tolist(); T(y); "012"; pd.Series(y).astype("category"); T(y).bfloat16()
T(y).to_sparse(); T(y) * 1j; sparse.csr_matrix(y); np.ma.masked_array(y, y > 0); (label for label in y); NAMES[y]
NAMES[y].tolist(); NAMES[y].astype("S"); NAMES[y].astype("O"); [None, *NAMES[y[1:]]]; [3, *NAMES[y[1:]]]
pd.Categorical(NAMES[y]); pd.Series(NAMES[y]).where(y > 0).astype("category"); pd.cut(pd.Series(y), 2)
["\\udc80"] * len(y); pd.get_dummies(y); np.ma.masked_array(NAMES[y], y > 0); np.ones((len(y), 2)); [{}] * len(y)
T(np.eye(3)[y]); sparse.csr_matrix(np.eye(3)[y]); T(y).to("meta"); torch.nested.nested_tensor([T(y)])
T(y).to(torch.uint64); T(y).to(torch.float8_e5m2)"""
NAMES = np.array(["cat", "dog", "axolotl"])
DTYPES = ">f8 <f4 >f4 f2 g >i2 i4 >i8 u1 u2 u4 u8 ? c8 O U S M8[s] m8[s]".split()
RETURNS = """x; x.numpy(); x.tolist(); pd.DataFrame(x.numpy()); sparse.csr_matrix(x.numpy()); (x, x.abs()); [x, x.abs()]
(x,); (); (x, x, x); (x, -1 - x.abs()); (x, x[:, :1]); [[1.0] * (1 + i % 2) for i in range(len(x))]
[[[1.0], [1.0, 2.0]]] * 2; of.Normal(x, 1 + x.abs()); of.Independent(of.Normal(x, 1 + x.abs()), 1)
of.Categorical(logits=x); of.Cauchy(x, 1.0); of.TransformedDistribution(of.Normal(x, 1.0), [of.ExpTransform()]); x[:1]
torch.cat([x, x]); x.squeeze(); x.sum(1); 3.0; x.argmax(1); x[:, :1]; x[:, None, :, None]; x.sum(); x / 0 * 0
x + np.inf; x * 1j; ["text"] * len(x); None; {"z": x}; type("Output", (), {"last_hidden_state": x})()
(row for row in x); x.clone().requires_grad_() * 2; x.long(); x.half(); x.softmax(-1); 100 * x.softmax(-1)
NAMES[x.argmax(1) % 3]; NAMES[x.argmax(1) % 3].tolist(); pd.Categorical(NAMES[x.argmax(1) % 3]); x.to("meta")
torch.nested.nested_tensor(list(x)); x.to_sparse_csr(); x.to(torch.float8_e5m2); [None] * len(x); x @ torch.ones(77, 2)
{}["key"]; [][1]; int("two\\nlines"); 1 // 0; open("none"); next(iter([])); x.none"""
VALUES = (None, "x", "", -1, 0, 0.5, 3, True, np.nan, np.inf, np.int64(2), np.float32(2.5), [], 1j, torch.tensor([2]))
SETTINGS = """lt.fit_bridge(PAIR, TINY, steps=v); lt.fit_bridge(PAIR, v, steps=1); lt.fit_bridge(v, TINY)
lt.fit_bridge([A, v], TINY); lt.fit_bridge(PAIR, TINY, pairs=v); lt.preflight(v); lt.compare(v, *PAIR)
lt.compare({"mine": v}, *PAIR); lt.compare({"same": list}, v, B); lt.Domain("a", judge_gives=v); lt.spread_labels(v)
lt.diagnose(v, PAIR); lt.load_bridge(v); lt.load_bridge(FILE, v); lt.load_bridge(FILE, [v])
lt.fit_bridge(PAIR, TINY, v); lt.fit_bridges(PAIR, TINY, v); lt.fit_bridges(PAIR, TINY, [v]); lt.fit_map(*PAIR, v)
lt.fit_map(v, B, 'prototype'); lt.join(BRIDGE, v, PAIR); GOOD.items(v); BRIDGE.encode(v, "a")
BRIDGE.encode(["a", "b"], "a"); GOOD.items([[1.0], [1.0, v]]); lt.Domain("a", device=v); GOOD.accept(v, budget=600)
BRIDGE.decode(v, "a"); BRIDGE.save(FILE if isinstance(v, str) else v); lt.preflight([replace(A, mean=v), B])
lt.preflight([replace(A, y=v), B]); lt.preflight([replace(A, name=v), B])
lt.diagnose(BRIDGE, [replace(A, domain=v), B]); lt.spread_labels(replace(A, std=v))
lt.fit_bridge([replace(A, name=v), B], TINY); A.to(v); lt.Domain(v); lt.Domain("a", latent=v).accept(2, budget=600)
GOOD.accept(2, threshold=v, budget=600); GOOD.accept(2, v, budget=600); GOOD.accept(2, prior=v, budget=600)
GOOD.accept(2, prior=lambda n, g: v, budget=600); GOOD.accept(10**6, budget=v); BRIDGE.translate(X, "a", "b", v)
lt.join(BRIDGE, C, PAIR, 0, v); lt.join(BRIDGE, C, PAIR, v, lt.Training(1, 4)); MAP.transfer(v)
maps.fit_latent_classifier(A, v); lt.fit_map(*PAIR, "lookup", classify=v).transfer(X)
lt.compare({"m": lambda z: v}, *PAIR); lt.fit_map(*PAIR, "lookup", classify=lambda z: v).transfer(X)
lt.fit_map(*PAIR, "affine", seed=v); GOOD.latents(X, None, v, lambda x, g: x, G); GOOD.latents(X, None, 1, v, G)
GOOD.latents(X, None, 1, lambda x, g: v, G); GOOD.latents(X, None, 1, lambda x, g: x, v)
lt.fit_map(*PAIR, "affine", ridge=v); lt.fit_map(*PAIR, "affine", pairs=v); lt.fit_map(*PAIR, "gaussian_ot", ridge=v)
lt.fit_map(*PAIR, "lookup", shrink=v, classify=four); lt.fit_map(*PAIR, "lookup", sure=v, classify=four)
lt.BridgeEstimator(v).fit(*TWO); lt.BridgeEstimator("bridge", v, config=TINY).fit(*TWO)
lt.BridgeEstimator(steps=1, seed=v).fit(*TWO); lt.BridgeEstimator(steps=1, config=v).fit(*TWO)"""
CONFIGS = [f"lt.BridgeConfig({field}=v)" for field in lt.BridgeConfig.__dataclass_fields__]
CONFIGS += [f"lt.Training(**({{'steps': 5, 'batch': 4}} | {{'{f}': v}}))" for f in lt.Training.__dataclass_fields__]


class Items(list, torch.utils.data.Dataset):
    """A Dataset of any items."""


def split(kinds: str) -> list[str]:
    return [kind.strip() for line in kinds.splitlines() for kind in line.split(";") if kind.strip()]


def four(x):
    """The first four numbers of each item, whatever it is."""
    if not isinstance(x, torch.Tensor):
        return [[float(len(str(item))), 1.0, 0.0, 2.0] for item in x]
    return torch.nn.functional.pad(x.reshape(len(x), -1).float(), (0, 4))[:, :4]


GOOD, TINY = lt.Domain("a", four, lambda z: z, four, 4), replace(TINY_BRIDGE, training=lt.Training(1, 4))
A, B, C = (replace(blobs(name, 40), domain=replace(GOOD, name=name)) for name in "abc")
PAIR, X, TWO, G = [A, B], A.mean, [A.mean.numpy()] * 2, torch.Generator()
NUMBERS = arrays.arrays("f8", st.tuples(st.integers(1, 6), st.integers(2, 5)), elements=st.integers(-9, 9).map(float))


def works_or_says_why(steps: str, **values):
    """Every step, an expression, runs, or ends in an LtError of one line: no error of a library."""
    for step in split(steps):
        try:
            eval(step, globals() | values)
        except lt.LtError as error:
            assert "\n" not in str(error) > "", step  # noqa: PT017


@pytest.mark.parametrize("kind", split(ITEMS) + [f"x.astype(int).astype({kind!r})" for kind in DTYPES])
@settings(max_examples=2)
@given(x=NUMBERS)
def test_items_of_any_kind(kind, x):
    works_or_says_why(f"as_items({kind}); lt.preflight([GOOD.latents({kind}), B]); GOOD.classify({kind})", x=x)


@pytest.mark.parametrize("kind", split(LABELS) + [f"y.astype({kind!r})" for kind in DTYPES])
@settings(max_examples=2)
@given(y=arrays.arrays("i8", st.integers(4, 9), elements=st.integers(0, 2)))
def test_labels_of_any_kind(kind, y):
    x, bridge = y[:, None] + np.arange(len(y) * 4.0).reshape(-1, 4), lt.fit_bridge(PAIR, TINY)
    d = f"GOOD.latents(x, {kind})"
    steps = f"labels_of({kind}); bridge.score(x, 'a', 'b', {kind}); lt.compare({{'a': bridge}}, {d}, B)"
    steps += f"; lt.preflight([{d}, B]); lt.diagnose(bridge, [{d}, B])"
    works_or_says_why(steps, x=x, y=y, bridge=bridge)


@pytest.mark.parametrize("kind", split(RETURNS))
@settings(max_examples=2)
@given(x=NUMBERS)
def test_functions_that_return_anything(kind, x):
    odd = lt.Domain("odd", *[lambda x: eval(kind, globals() | {"x": x})] * 3)
    values = {"odd": odd, "a": replace(A, domain=replace(odd, latent=4)), "x": T(x).float()}
    works_or_says_why("odd.latents(x); odd.latents(x.repeat(600, 1)); odd.items(x); odd.classify(x)", **values)
    works_or_says_why("odd.probabilities(x); lt.preflight([a, B])", **values)
    works_or_says_why("replace(odd, latent=3).accept(2, budget=600)", **values)
    works_or_says_why("lt.compare({'odd': odd.encode}, *PAIR); lt.compare({'same': four}, B, a)", **values)


@pytest.mark.parametrize("make", split(SETTINGS) + CONFIGS)
def test_settings_out_of_range(make, tmp_path):
    bridge, file = lt.fit_bridge(PAIR, TINY), tmp_path / "bridge"
    bridge.save(file)
    for value in VALUES:
        works_or_says_why(make, v=value, FILE=file, BRIDGE=bridge, MAP=lt.fit_map(*PAIR, "affine"))
