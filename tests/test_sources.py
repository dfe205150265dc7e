"""Keys mean what they say: tried on the real functions of the package, with sources edited in memory."""

import functools
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lt import bridge, cache, sources
from lt.zoo import games, maps, speech_gan, speech_judge, speech_networks, vae

ROOT = Path(__file__).parents[1]
VAE = (vae._build_vae, vae._train_vae)
JUDGE = (vae._build_judge, vae._train_judge)
BRIDGE = (bridge._build, bridge._train)
EAR = (speech_judge._build_classifier, speech_judge._train_classifier)
GAN = (speech_gan.build_gan, speech_gan.fit_gan)
PIX2PIX = (games._build_pix2pix, games._train_pix2pix)
CYCLE = (games._build_cyclegan, games._train_cyclegan)
LATENT = (maps._build_latent_classifier, maps._train_latent_classifier)
ALL = {"vae": VAE, "judge": JUDGE, "bridge": BRIDGE, "ear": EAR, "gan": GAN, "pix2pix": PIX2PIX, "cycle": CYCLE, "latent": LATENT}


original = functools.cache(inspect.getsource)


@functools.cache
def unedited(name: str):
    return sources.of_functions(*ALL[name], read=original)


def edited(old: str, new: str):
    """A reader of sources in which ``old`` has become ``new``, and what it changed."""
    touched = []

    def read(value: object) -> str:
        source = original(value)
        if old in source:
            touched.append(value)
        return source.replace(old, new)

    return read, touched


def changed(old: str, new: str) -> set[str]:
    """Which trainings an edit makes anew; the edit must be in a source that at least one of them reads, or in the whole package."""
    read, _ = edited(old, new)
    return {name for name, roots in ALL.items() if sources.of_functions(*roots, read=read) != unedited(name)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lower lr or check the data", "check the data or lower lr"),  # the message of an error in the training loop
        ("Minimise ``objective(generator, progress)", "Minimize ``objective(generator, progress)"),  # a docstring
        ("# parts first: the sum follows them", "# the sum last"),  # a comment
        ("optim: Training", "optim: Any"),  # an annotation
        ("sliced Wasserstein pairs sorted points, so both sets need one shape", "give both sets one shape"),
    ],
)
def test_words_retrain_nothing(old, new):
    assert changed(old, new) == set()


def test_these_words_are_really_there():
    source = inspect.getsource(inspect.getmodule(bridge.fit)) + inspect.getsource(inspect.getmodule(bridge.losses.sliced_wasserstein))
    for words in (
        "lower lr or check the data",
        "Minimise ``objective",
        "# parts first: the sum follows them",
        "pairs sorted points, so both sets",
    ):
        assert words in source


@pytest.mark.parametrize(
    ("old", "new", "who"),
    [
        ("0.5 * (mean**2 + std**2 - 1 - 2 * std.log())", "0.4 * (mean**2 + std**2 - 1 - 2 * std.log())", {"vae", "bridge", "gan"}),  # KL
        ("return (1 - g) * self.from_input(v)", "return g * self.from_input(v)", {"bridge"}),  # the gate
        ("((x - mean) ** 2).sum(-1) / (2 * sigma**2)", "((x - mean) ** 2).sum(-1)", {"vae"}),
        ("mel.clamp(self.FLOOR, self.CEILING).log()", "mel.clamp(min=self.FLOOR).log()", {"ear", "gan"}),  # LogMel
        ("F.softplus(of_made - of_real).mean()", "F.softplus(of_made).mean()", {"gan"}),  # the GAN's game
        ("((logits.float() - goal) ** 2).mean()", "((logits.float() - goal).abs()).mean()", {"cycle"}),
        ("made - y).abs().mean()", "made - y).square().mean()", {"pix2pix"}),
        ("angle * math.radians(15)", "angle * math.radians(25)", {"vae", "judge"}),  # jitter
        ("1 - self.decay**steps", "1 - self.decay", set(ALL)),  # the training loop serves all
        ("torch.randn(mean.shape, generator=generator", "torch.rand(mean.shape, generator=generator", {"vae", "bridge", "latent", "gan"}),
    ],
)
def test_an_edit_retrains_who_uses_it_and_nobody_else(old, new, who):
    assert changed(old, new) == who


def test_a_method_counts_once_it_is_called():
    code, _ = sources.of_functions(*BRIDGE)
    assert "lt.networks.BridgingVAE.encode" in code
    assert "lt.networks.BridgingVAE.transfer" not in code, "training never transfers"
    assert "lt.bridge.Bridge.translate" not in code
    assert "def transfer" not in code["lt.networks.BridgingVAE"]


def test_a_default_and_a_constant_are_code():
    assert changed("shift: int = 4, gain: float = 0.1", "shift: int = 5, gain: float = 0.1") >= {"gan"}
    code, _ = sources.of_functions(*JUDGE)
    assert code["lt.zoo.vae.VALIDATION_SHARE"] == "12"


def test_libraries_are_part_of_the_key():
    assert "torchaudio" in cache.code_version(*EAR)
    assert "torchaudio" not in cache.code_version(*BRIDGE)
    assert "tqdm" not in cache.code_version(*BRIDGE)
    assert "torch" in cache.code_version(*LATENT)


def test_a_page_knows_the_code_that_it_uses():
    page = "from lt.zoo import quality\nfrom lt import metrics\nx = quality.largest_step(1)\n"
    code = sources.of_page(page, "page")
    assert "lt.zoo.quality.step_sizes" in code, "what it reaches"
    assert "lt.zoo.quality.fid" not in code, "what it only imports"
    assert sources.of_page("# a comment\n" + page, "page") == code
    assert sources.of_page(page.replace("(1)", "(2)"), "page") != code


def test_wrapped_functions_and_imports_inside_functions_are_followed():
    from lt.zoo import augment

    @functools.wraps(augment.jitter)
    def wrapped(*args):
        return augment.jitter(*args)

    found = sources.Dependencies({"lt"})
    found.add(functools.partial(wrapped, 1))
    assert "lt.zoo.augment.jitter" in found.code
    code = sources.of_page("def f():\n    from lt.losses import gaussian_kl\n    return gaussian_kl\n", "page")
    assert "lt.losses.gaussian_kl" in code


def test_generators_of_speech_are_not_read_by_images():
    code, _ = sources.of_functions(*VAE)
    assert not [name for name in code if "speech" in name or "games" in name]
    assert speech_networks.LogMel.__qualname__ in {name.rpartition(".")[2] for name in sources.of_functions(*GAN)[0]}


def test_a_hash_is_the_same_in_every_process():
    """Sets have another order in every process, and the interpreter's own lists are no code."""
    code = "from pathlib import Path; from lt.book.records import code_of; print(code_of(Path('book/06_interpolation.py')))"
    root = Path(__file__).parent.parent
    found = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
    assert "code" in found.pop()


@pytest.mark.parametrize("page", sorted(ROOT.glob("book/[01]*.py")), ids=lambda page: page.stem)
def test_where_a_copy_of_the_book_lies_is_no_part_of_its_code(page):
    code = sources.of_page(page.read_text(encoding="utf-8"), page.stem)
    assert not [name for name, text in code.items() if str(ROOT) in text]
