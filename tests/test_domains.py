import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lt import domains, models
from lt.data import Images
from lt.domains import Domain, Latents


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def points(n: int = 12, classes: int = 3) -> Latents:
    generator = torch.Generator().manual_seed(n)
    return Latents("digits", torch.randn(n, 4, generator=generator), torch.ones(n, 4), torch.arange(n) % classes)


def change(latents: Latents, **parts) -> Latents:
    return Latents(**(vars(latents) | parts))


@pytest.fixture
def domain() -> Domain:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Domain("digits", models.VAE(784, 4, 8, 1), models.Classifier(784, 10, 8, 1))


@pytest.fixture
def images(generator) -> Images:
    return Images("digits", "train", "embedded", torch.rand(11, 784, generator=generator), torch.arange(11) % 10)


def test_sound_latents_pass():
    points().check(3)


@pytest.mark.parametrize("part", ["mean", "std"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_latents_that_are_not_finite_are_counted_and_the_first_is_named(part, value, lt_error):
    damaged = getattr(points(), part).clone()
    damaged[[5, 7], 2] = value
    with lt_error("digits", "2 of 12", "item 5"):
        change(points(), **{part: damaged}).check(3)


def test_negative_deviations_are_counted(lt_error):
    std = points().std.clone()
    std[3, 1:3] = -0.5
    with lt_error("digits", "2 standard deviations"):
        change(points(), std=std).check(3)


def test_jittered_copies_never_draw_from_the_global_generator(domain, images, lt_error):
    with lt_error("generator"):
        domain.latents(images, copies=1, amount=0.5)


@pytest.mark.parametrize("label, run", [(3, "0 to 3"), (-1, "-1 to 2")])
def test_labels_out_of_range_are_named(label, run, lt_error):
    y = points().y.clone()
    y[4] = label
    with lt_error("digits", run, "3 classes"):
        change(points(), y=y).check(3)


def test_empty_classes_are_named(lt_error):
    with lt_error("digits", "class 1, 4"):
        change(points(), y=torch.tensor([0, 2, 3] * 4)).check(5)


@pytest.mark.parametrize("parts", [{"y": torch.arange(9) % 3}, {"std": torch.ones(13, 4)}])
def test_parts_of_unequal_length_are_counted(parts, lt_error):
    with lt_error("digits", "12 means", "one of each"):
        change(points(), **parts).check(3)


def test_no_latents_at_all_is_an_error(lt_error):
    with lt_error("digits"):
        Latents("digits", torch.zeros(0, 4), torch.zeros(0, 4), torch.zeros(0).long()).check(3)


@pytest.mark.parametrize("parts", [{"y": (torch.arange(12) % 3).float()}, {"std": torch.ones(12, 5)}], ids=["float labels", "wide stds"])
def test_parts_of_another_kind_are_errors(parts, lt_error):
    with lt_error("digits"):
        change(points(), **parts).check(3)


def test_a_fingerprint_sees_means_stds_and_labels():
    one = points()
    others = [change(one, mean=one.mean + 1e-6), change(one, std=one.std * 2), change(one, y=one.y.flip(0))]
    assert one.fingerprint == points().fingerprint
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_samples_follow_the_posterior_of_each_item_and_the_generator():
    n = 5000
    latents = Latents("digits", torch.tensor([[1.0, -2.0]]).repeat(n, 1), torch.tensor([[0.5, 0.0]]).repeat(n, 1), torch.zeros(n).long())
    before = torch.get_rng_state()
    draw, again, other = (latents.sample(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(draw, again)
    assert not torch.equal(draw, other)
    assert (draw[:, 1] == -2).all()  # exact points, as a GAN gives them
    assert draw[:, 0].mean().item() == pytest.approx(1, abs=0.04)
    assert draw[:, 0].std().item() == pytest.approx(0.5, rel=0.05)


def test_chunks_give_what_one_pass_gives(domain, images, monkeypatch):
    whole = (*domain.encode(images.x), domain.decode(torch.ones(11, 4)), domain.classify(images.x))
    monkeypatch.setattr(domains, "CHUNK", 4)  # 4 + 4 + 3
    parts = (*domain.encode(images.x), domain.decode(torch.ones(11, 4)), domain.classify(images.x))
    for one, many in zip(whole, parts, strict=True):
        assert len(many) == 11
        torch.testing.assert_close(one, many)
        assert not many.requires_grad


def test_latents_are_the_posteriors_of_the_images_with_their_labels(domain, images):
    latents = domain.latents(images)
    mean, std = domain.encode(images.x)
    assert latents.name == "digits"
    assert torch.equal(latents.mean, mean)
    assert torch.equal(latents.std, std)
    assert torch.equal(latents.y, images.y)


def test_copies_follow_the_images_and_keep_their_labels(domain, images, generator):
    latents = domain.latents(images, copies=2, amount=1.0, generator=generator)
    assert latents.mean.shape == latents.std.shape == (33, 4)
    first, second, third = latents.mean.split(11)
    assert torch.equal(first, domain.encode(images.x)[0])
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(latents.y, torch.cat([images.y] * 3))
    still = domain.latents(images, copies=1, amount=0.0, generator=generator)
    torch.testing.assert_close(still.mean[:11], still.mean[11:], atol=1e-3, rtol=0)


# ---------------------------------------------------------------- great circles

ends = st.lists(st.floats(-3, 3), min_size=5, max_size=5).map(torch.tensor)
T = torch.linspace(0, 1, 9)


@given(ends, ends)
def test_slerp_meets_its_ends_and_its_lengths_go_evenly(a, b):
    path = domains.slerp(a, b, T)
    torch.testing.assert_close(path[0], a, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(path[-1], b, atol=1e-3, rtol=1e-3)
    cosine = torch.nn.functional.cosine_similarity(a, b, 0)
    if a.norm() > 0.1 and b.norm() > 0.1 and cosine.abs() < 0.999:
        torch.testing.assert_close(path.norm(dim=-1), a.norm() + T * (b.norm() - a.norm()), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(domains.slerp(b, a, T).flip(0), path, atol=1e-4, rtol=1e-3)


def test_slerp_turns_at_constant_speed():
    path = domains.slerp(torch.tensor([2.0, 0, 0]), torch.tensor([0, 2.0, 0]), T)
    angle = torch.atan2(path[:, 1], path[:, 0])
    torch.testing.assert_close(angle, T * torch.pi / 2, atol=1e-5, rtol=1e-5)


def test_slerp_is_lerp_for_small_angles_and_for_one_direction():
    a = torch.tensor([1.0, 2.0, -1.0])
    for b in (a + torch.tensor([1e-3, 0, 1e-3]), 3 * a, torch.zeros(3)):
        torch.testing.assert_close(domains.slerp(a, b, T), a + T[:, None] * (b - a), atol=1e-5, rtol=1e-5)


def test_slerp_between_opposite_points_stays_on_the_sphere():
    a = torch.tensor([0.6, 0.8, 0.0])
    path = domains.slerp(a, -a, T)
    torch.testing.assert_close(path.norm(dim=-1), torch.ones(9), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(path[-1], -a, atol=1e-5, rtol=1e-5)
    assert abs(path[4] @ a) < 1e-5
