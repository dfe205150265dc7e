"""Networks of the image-to-image competitors: what an output sees, and what an image pool gives back."""

import numpy as np
import pytest
import torch
from torch import nn
from toys import g

from lt.loop import initialised
from lt.models.gans import ImagePool, Pix2Pix, ResNetGenerator, UNet, patch_critic


def test_a_pool_returns_what_it_is_given_until_it_is_full(lt_error):
    pool = ImagePool(4, (1,))
    for first in (0.0, 2.0):
        batch = torch.tensor([[first], [first + 1]])
        assert torch.equal(pool(batch, g()), batch)
    assert pool.items.flatten().tolist() == [0, 1, 2, 3]
    with lt_error("pool of 4", "batch of 5"):
        pool(torch.zeros(5, 1), g())


def test_a_full_pool_swaps_half_and_loses_nothing():
    pool, generator = ImagePool(4, (1,)), g()
    given, returned = [], []
    for step in range(400):
        batch = torch.tensor([[2.0 * step], [2.0 * step + 1]])
        given += batch.flatten().tolist()
        returned += pool(batch, generator).flatten().tolist()
    # what came in came out, once, or is still inside; the first four came out and were kept as well
    assert sorted(returned + pool.items.flatten().tolist()) == sorted([*given, 0.0, 1.0, 2.0, 3.0])
    fresh = np.mean([a == b for a, b in zip(given[4:], returned[4:], strict=True)])
    assert fresh == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("size", [28, 64])
def test_networks_of_pictures_keep_the_size(size):
    x = torch.rand(2, 1, size, size, generator=g()) * 2 - 1
    model = Pix2Pix(size, 4)
    for network in (model.generator, ResNetGenerator(4, 1)):
        y = network(x)
        assert y.shape == x.shape
        assert y.abs().max() <= 1
    patches = (2, 1, size // 4 - 1, size // 4 - 1)
    assert patch_critic(1, 4)(x).shape == model.critic(torch.cat([x, x], 1)).shape == patches


@pytest.mark.parametrize("point", [True, False])
def test_the_point_of_a_unet_is_what_lets_an_output_pixel_see_the_whole_input(point):
    """Instance normalisation, which couples all pixels a little, is taken out to look at the layers alone."""
    network = initialised(lambda: UNet(28, 8, point), "unet", 0, torch.device("cpu")).eval()
    for module in [m for m in network.modules() if isinstance(m, nn.Sequential)]:
        for name, layer in module.named_children():
            if isinstance(layer, nn.GroupNorm):
                setattr(module, name, nn.Identity())
    # several inputs: one path may be closed by a ReLU, not all of them
    x = (torch.rand(16, 1, 28, 28, generator=g()) * 2 - 1).requires_grad_(True)
    network(x)[:, 0, 0, 0].sum().backward()
    assert (x.grad[:, 0, -1, -1].abs().max() > 0) == point
