"""The script that trains the speech GAN: its game against closed forms, and a card that says what was done."""

import dataclasses
import importlib.util
import json
import math
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from toys import g

from lt.loop import Training, fit
from lt.models import speech

PATH = Path(__file__).parents[1] / "scripts" / "train_gan.py"
spec = importlib.util.spec_from_file_location("train_gan", PATH)
train_gan = sys.modules["train_gan"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(train_gan)

TINY = train_gan.ClassifierConfig(2, training=Training(3, 8))
CONFIG = train_gan.GANConfig(
    Training(10, 8, 2e-4, betas=(0.0, 0.99), average=0.9),
    width=4,
    latent=6,
    copies=1,
    autoencoder=train_gan.AutoencoderConfig(Training(3, 8), code=5),
    panel=(TINY, dataclasses.replace(TINY, kind="rnn")),
    judge=TINY,
)


def gan_of(config=CONFIG) -> nn.ModuleDict:
    torch.manual_seed(0)
    generator = speech.CodeGenerator(config.latent, 5, config.width)
    return nn.ModuleDict({"generator": generator, "critic": speech.code_mlp(5, 1, config.width, 3, normalised=False)})


def test_the_shipped_card_is_what_the_command_does():
    card = speech.card()
    config = json.loads(json.dumps(dataclasses.asdict(train_gan.PROFILES["laptop"][1])))
    assert card["config"] == config
    assert card["steps"] == config["training"]["steps"]
    assert card["minutes"] < 100
    assert card["command"].startswith("python scripts/train_gan.py --profile laptop --minutes 100")


def test_shifted_recordings_keep_their_silence():
    mel = torch.full((50, 1, 64, 64), -1.0)
    mel[..., 30] = 0.5
    moved = train_gan.shift_and_gain(mel, g(), shift=4, gain=0.1)
    place = (moved > -1).any(2).squeeze(1)  # (n, frames)
    assert (place.sum(-1) == 1).all()
    assert set(place.double().argmax(-1).tolist()) == set(range(26, 35))
    assert 0.4 - 1e-6 <= moved[moved > -1].min() < moved.max() <= 0.6 + 1e-6


def test_each_player_moves_its_own_weights_and_nothing_else():
    gan = gan_of()
    game = train_gan.relativistic_game(gan, CONFIG, torch.randn(40, 5, generator=g()))
    for player, own in zip(game, ("critic.", "generator.to_code."), strict=True):
        before = {k: v.clone() for k, v in gan.named_parameters()}
        fit(gan, [player], Training(1, 8), g())
        moved = [k for k, v in gan.named_parameters() if not torch.equal(v, before[k])]
        assert moved
        assert all(k.startswith(own) for k in moved), "the decoder is frozen"


def test_the_penalty_is_the_squared_slope_and_a_blind_critic_loses_ln_2():
    gan = gan_of()
    gan["critic"] = nn.Linear(5, 1)
    criticise = train_gan.relativistic_game(gan, CONFIG, torch.randn(40, 5, generator=g()))[0].objective
    terms = criticise(g(), torch.tensor(0.0))
    assert terms["penalty"].item() == pytest.approx(gan["critic"].weight.square().sum().item(), rel=1e-5)
    assert terms["loss"].item() == pytest.approx(terms["critic"].item() + terms["penalty"].item(), rel=1e-5)
    nn.init.zeros_(gan["critic"].weight)
    assert criticise(g(), torch.tensor(0.0))["critic"].item() == pytest.approx(math.log(2), abs=1e-6)


def test_the_game_finds_two_clusters():
    """Codes at +2 and -2 on one axis: samples end up near both."""
    config = dataclasses.replace(CONFIG, width=32, penalty=0.1, training=Training(600, 64, 1e-3, betas=(0.0, 0.99)))
    codes = 0.1 * torch.randn(400, 5, generator=g())
    codes[:, 0] += torch.tensor([2.0, -2.0]).repeat(200)
    gan = gan_of(config)
    fit(gan, train_gan.relativistic_game(gan, config, codes), config.training, g(1))
    with torch.no_grad():
        made = gan["generator"].to_code(torch.randn(500, config.latent, generator=g(2)))[:, 0]
    assert 0.2 < (made > 1).double().mean() < 0.8
    assert 0.2 < (made < -1).double().mean() < 0.8


def test_training_writes_what_loading_reads_and_goes_on_where_it_stopped(tmp_path, monkeypatch, lt_error):
    monkeypatch.setattr(train_gan, "SAMPLES", 250)
    config = dataclasses.replace(CONFIG, training=dataclasses.replace(CONFIG.training, steps=600))
    monkeypatch.setitem(train_gan.PROFILES, "quick", ("embedded", config, {}))
    with lt_error("step 250 of 600", "more --minutes"):
        train_gan.main("quick", 0.0, tmp_path / "gan")
    train_gan.main("quick", 60.0, tmp_path / "gan")
    card = speech.card(tmp_path / "gan")
    command = f"python scripts/train_gan.py --profile quick --minutes 60 --to {tmp_path / 'gan'}"
    assert (card["steps"], card["command"], card["data"]["clips"]) == (600, command, 240)
    assert card["config"] == json.loads(json.dumps(dataclasses.asdict(config)))
    assert set(card) | {"note"} == set(speech.card())
    assert set(card["scores"]) == set(speech.card()["scores"])
    models = speech.load_pretrained(tmp_path / "gan")
    assert models.generator(torch.zeros(1, 6)).shape == (1, 1, 64, 64)
    assert models.judge(torch.zeros(1, 1, 64, 64)).shape == (1, 10)


def test_accepted_rows_are_the_first_draws_that_the_panel_is_sure_of(lt_error):
    class Says(nn.Module):
        def __init__(self, scale):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(scale))

        def forward(self, z):  # the class is the largest of the first ten numbers
            return self.weight * z[:, :10]

    class Nothing(nn.Module):
        latent, spread, decode = 12, torch.zeros(1), staticmethod(lambda z: z)

    models = speech.Speech(Nothing(), Says(20.0), None)
    found = train_gan.accept(models, "x", 30)
    z = speech.draws("x", 0, 12)
    sure, y = (20 * z[:, :10]).softmax(-1).max(-1)
    for digit in range(10):
        expected = ((sure >= speech.SURE) & (y == digit)).nonzero().flatten()[:30]
        assert torch.equal(found["rows"][found["labels"] == digit].long(), expected)
    assert int(found["drawn"]) == 1_000
    with lt_error("of 2,000 draws", "30 each"):
        train_gan.accept(speech.Speech(Nothing(), Says(0.1), None), "x", 30, budget=2_000)
