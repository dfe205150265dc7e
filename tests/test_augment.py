"""Random changes of training items: small, from one generator, and such that silence stays silent."""

import pytest
import torch
from toys import g

from lt.zoo.augment import jitter, mask, shift_and_gain


@pytest.fixture
def generator():
    return g()


def test_jitter_of_amount_zero_is_the_identity(generator):
    x = torch.rand(8, 784, generator=generator)
    torch.testing.assert_close(jitter(x, 0, generator), x, atol=1e-4, rtol=0)


@pytest.mark.parametrize("amount", [0.5, 1, 5])
def test_jitter_moves_images_and_keeps_their_range(amount, generator):
    x = torch.rand(64, 784, generator=generator)
    moved = jitter(x, amount, generator)
    assert moved.shape == x.shape
    assert moved.min() >= 0
    assert moved.max() <= 1 + 1e-6
    assert ((moved - x).abs().amax(-1) > 0.01).all()


def test_jitter_draws_from_its_generator_alone_and_moves_every_image_differently():
    x, before = torch.rand(1, 784).repeat(2, 1), torch.get_rng_state()
    first, again, other = (jitter(x, 1, g(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_jitter_shifts_a_dot_by_no_more_than_its_bound(generator):
    """A dot in the middle stays there under rotation and scaling: only the shift, 2 pixels at most, moves it."""
    x = torch.zeros(200, 28, 28)
    x[:, 13:15, 13:15] = 1
    moved = jitter(x.flatten(1), 1, generator).view(-1, 28, 28)
    place = torch.arange(28) - 13.5
    for axis in (1, 2):
        centre = (moved.sum(3 - axis) * place).sum(-1) / moved.sum((1, 2))
        assert 1.5 < centre.abs().max() < 2 * 2**0.5 / 0.85  # both shifts turned into one axis and scaled
        assert abs(centre.mean()) < 0.3


def test_augmentation_shifts_and_keeps_silence():
    mel = torch.full((50, 1, 64, 64), -1.0)
    mel[..., 30] = 0.5
    moved = shift_and_gain(mel, g(), shift=4, gain=0.1)
    place = (moved > -1).any(2).squeeze(1)  # (n, frames)
    assert (place.sum(-1) == 1).all()
    assert set(place.double().argmax(-1).tolist()) == set(range(26, 35))
    loud = moved[moved > -1]
    assert loud.min() >= 0.4 - 1e-6
    assert loud.max() <= 0.6 + 1e-6
    assert torch.equal(shift_and_gain(mel, g(), 0, 0.0), mel)


def test_a_mask_silences_one_band_and_one_stretch():
    mel = torch.rand(400, 1, 64, 64, generator=g())
    masked = mask(mel, g(1), widest=12)
    silent = (masked == -1).squeeze(1)
    assert torch.equal(masked[:, 0][~silent], mel[:, 0][~silent]), "what is not silenced is as it was"
    bands, frames = silent.all(2), silent.all(1)  # (n, 64)
    assert torch.equal(silent, bands[:, :, None] | frames[:, None, :])
    for lines in (bands, frames):
        width = lines.sum(1)
        assert width.max() <= 13, "as wide as 12, from a place between two lines"
        assert 4 < width.float().mean() < 7
        edges = (lines[:, 1:] != lines[:, :-1]).sum(1)
        assert edges.max() <= 2, "one piece"
    assert torch.equal(masked, mask(mel, g(1), widest=12))
    assert not torch.equal(masked, mask(mel, g(2), widest=12))
