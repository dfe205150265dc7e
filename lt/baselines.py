"""What the bridge is compared with: maps between latent spaces in closed form, and the games of Table 1.

A latent map is a function from source latents (n, latent) to target latents (n, latent). The closed-form maps need no training
beyond a classifier of source latents; Latent CycleGAN, CycleGAN and Pix2Pix are trained by :func:`lt.train.fit`. All see pairs of
equal class, drawn anew each step, and no other pairing exists.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import ot
import torch
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torch.nn import functional as F

from lt import LtError, losses
from lt.data import Images, fingerprint
from lt.domains import Latents
from lt.models import Classifier, mlp
from lt.train import History, Optim, Player, cached, default_device, fit

LatentMap = Callable[[Tensor], Tensor]
Players = Sequence[Player]


@dataclass(frozen=True)
class LatentClassifierConfig:
    """A classifier of latents for the maps that go by class. It is not the judge: it sees latents and no image."""

    optim: Optim
    width: int = 256  # units a layer
    depth: int = 2  # layers before the read-out


@dataclass(frozen=True)
class Pix2PixConfig:
    """A conditional GAN on pairs of pictures (Isola et al. 2017)."""

    optim: Optim
    width: int = 16  # channels of the first layer of generator and critic
    l1: float = 100.0  # weight of the mean absolute error against the partner


@dataclass(frozen=True)
class CycleGANConfig:
    """Two generators and two critics on pictures or on latents (Zhu et al. 2017)."""

    optim: Optim
    width: int = 32  # channels of the first layer (pictures), units a layer (latents)
    depth: int = 3  # residual blocks of a generator (pictures), layers of a network (latents)
    cycle: float = 10.0  # weight of the mean absolute error after going there and back
    identity: float = 5.0  # weight of the mean absolute error of a generator on items that are in its target already
    pool: int = 512  # earlier results that the critics are shown half of the time; at least one batch


@dataclass(frozen=True)
class Pictures:
    """Labelled pictures of one channel, as the convolutional networks see them."""

    name: str
    x: Tensor  # (n, 1, size, size) in [-1, 1]
    y: Tensor  # (n,) int64

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint(self.x.cpu().numpy(), self.y.cpu().numpy())


def pictures(images: Images) -> Pictures:
    """A split of a corpus as pictures of 28 x 28."""
    return Pictures(images.name, to_pictures(images.x), images.y)


def to_pictures(x: Tensor) -> Tensor:
    """Pixels (n, 784) in [0, 1] to (n, 1, 28, 28) in [-1, 1]."""
    return 2 * x.view(-1, 1, 28, 28) - 1


@torch.no_grad()
def translate(generator: nn.Module, x: Tensor) -> Tensor:
    """Images (n, 784) in [0, 1] through a generator of pictures, and back to (n, 784) in [0, 1]."""
    device = next(generator.parameters()).device
    return torch.cat([(generator(to_pictures(part.to(device))).flatten(1) + 1) / 2 for part in x.split(512)])


# ------------------------------------------------------------------------------------------------ pairs of equal class


class AlignedPairs:
    """Draws indices of pairs of equal class: the first item uniformly, its partner uniformly from that class of the other set."""

    def __init__(self, first: Tensor, second: Tensor):
        """``first`` (n,) and ``second`` (m,): the labels. Raises :class:`lt.LtError` for a class of the first that the second lacks."""
        classes = int(max(first.max(), second.max())) + 1
        count = second.bincount(minlength=classes)
        alone = [label for label in first.unique().tolist() if not count[label]]
        if alone:
            raise LtError(f"no partner of class {', '.join(map(str, alone))}: pairs of equal class need it in both domains")
        self.first, self.count, self.order = first, count, second.argsort(stable=True)
        self.start = count.cumsum(0) - count  # where each class begins in order

    def __call__(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Indices (n,) into the first and into the second set."""
        device = self.first.device
        i = torch.randint(len(self.first), (n,), generator=generator, device=device)
        return i, self.partner(self.first[i], generator)

    def partner(self, y: Tensor, generator: torch.Generator) -> Tensor:
        """Indices (n,) into the second set, each drawn uniformly from the class y (n,)."""
        place = torch.rand(len(y), generator=generator, device=y.device) * self.count[y]
        # a rounded-up product would be the first item of the next class
        return self.order[self.start[y] + torch.minimum(place.long(), self.count[y] - 1)]


# ------------------------------------------------------------------------------------------------ maps in closed form


def class_means(latents: Latents) -> Tensor:
    """Mean of the posterior means of each class, (classes, latent)."""
    return torch.stack([latents.mean[latents.y == label].mean(0) for label in range(int(latents.y.max()) + 1)])


def prototype(target: Latents, classify: Callable[[Tensor], Tensor]) -> LatentMap:
    """Classify, then the mean latent of the target's class: accuracy without any regard for what else an input is."""
    means = class_means(target)
    return lambda z: means[classify(z)]


def lookup(target: Latents, classify: Callable[[Tensor], Tensor], generator: torch.Generator) -> LatentMap:
    """Classify, then a random latent of the target's class: the diversity of the data, and no locality."""
    pairs = AlignedPairs(target.y, target.y)
    return lambda z: target.mean[pairs.partner(classify(z), generator)]


def bures(mean_s: np.ndarray, mean_t: np.ndarray, cov_s: np.ndarray, cov_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (d, d), b (d,) of the optimal transport x A + b from N(mean_s, cov_s) to N(mean_t, cov_t), squared Euclidean cost."""
    a, b = ot.gaussian.bures_wasserstein_mapping(mean_s, mean_t, cov_s, cov_t)
    return np.real(a), np.real(b).ravel()


def principal(mean_s: np.ndarray, mean_t: np.ndarray, cov_s: np.ndarray, cov_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (d, d), b (d,) that sends each principal axis of the source to the one of equal rank in the target.

    The Gromov-Wasserstein map between Gaussians (Delon et al. 2022, theorem 4.1). It compares distances inside each space,
    never a coordinate of one with a coordinate of the other; the signs of the axes stay arbitrary.
    """
    a, b = ot.gaussian.gaussian_gromov_wasserstein_mapping(mean_s, mean_t, cov_s, cov_t)
    return a, b.ravel()


def by_class(source: Latents, target: Latents, classify: Callable[[Tensor], Tensor], fit_map, ridge: float = 1e-3) -> LatentMap:
    """Classify, then the affine map ``fit_map`` (:func:`bures` or :func:`principal`) between the Gaussians of that class.

    The Gaussians are those of the posterior means, with ``ridge`` added to every variance: dimensions that the encoder does not
    use have hardly any, and must not be blown up into ones that the target uses.
    """
    maps = []
    for label in range(int(source.y.max()) + 1):
        points = [d.mean[d.y == label].double().cpu().numpy() for d in (source, target)]
        covariances = [np.cov(p.T) + ridge * np.eye(p.shape[1]) for p in points]
        maps.append(fit_map(*(p.mean(0) for p in points), *covariances))
    a, b = (torch.as_tensor(np.stack(part), dtype=source.mean.dtype, device=source.mean.device) for part in zip(*maps, strict=True))

    def apply(z: Tensor) -> Tensor:
        y = classify(z)
        result = torch.empty_like(z)
        for label in y.unique().tolist():
            result[y == label] = z[y == label] @ a[label] + b[label]
        return result

    return apply


def procrustes(source: Latents, target: Latents, generator: torch.Generator, pairs: int = 10_000) -> LatentMap:
    """The rotation, scale and shift that bring random pairs of equal class closest together (scipy; Maiorca et al. 2023)."""
    i, j = AlignedPairs(source.y, target.y)(pairs, generator)
    a, b = source.mean[i].double(), target.mean[j].double()
    mean_a, mean_b = a.mean(0), b.mean(0)
    a, b = a - mean_a, b - mean_b
    rotation, nuclear = orthogonal_procrustes(a.cpu().numpy(), b.cpu().numpy())
    scale = nuclear / float((a**2).sum())
    linear = scale * torch.as_tensor(rotation, device=source.mean.device)
    return lambda z: ((z.double() - mean_a) @ linear + mean_b).to(z.dtype)


def affine(source: Latents, target: Latents, generator: torch.Generator, pairs: int = 10_000) -> LatentMap:
    """The affine map of least squared error on random pairs of equal class (scikit-learn)."""
    i, j = AlignedPairs(source.y, target.y)(pairs, generator)
    model = Ridge(alpha=1e-3).fit(source.mean[i].double().cpu().numpy(), target.mean[j].double().cpu().numpy())
    return lambda z: torch.as_tensor(model.predict(z.double().cpu().numpy()), dtype=z.dtype, device=z.device)


def discrete_ot(
    source: Latents, target: Latents, classify: Callable[[Tensor], Tensor], generator: torch.Generator, per_class: int = 500
) -> LatentMap:
    """Classify, then optimal transport between ``per_class`` random latents of that class on each side (POT).

    A latent that is not in the batch moves like the one nearest to it (Ferradans et al. 2014).
    """
    transports = []
    for label in range(int(source.y.max()) + 1):
        batch = []
        for d in (source, target):
            members = (d.y == label).nonzero().flatten()
            pick = members[torch.randperm(len(members), generator=generator, device=members.device)[:per_class]]
            batch.append(d.mean[pick].double().cpu().numpy())
        transports.append(ot.da.EMDTransport().fit(Xs=batch[0], Xt=batch[1]))

    def apply(z: Tensor) -> Tensor:
        y, points = classify(z).cpu().numpy(), z.double().cpu().numpy()
        result = np.empty_like(points)
        for label in np.unique(y):
            result[y == label] = transports[label].transform(Xs=points[y == label])
        return torch.as_tensor(result, dtype=z.dtype, device=z.device)

    return apply


def fit_latent_classifier(config: LatentClassifierConfig, latents: Latents, seed: int) -> tuple[Classifier, History]:
    """A classifier of one latent space, on the device where the latents are."""
    return cached(_build_latent_classifier, _train_latent_classifier, config, latents, latents.fingerprint, seed, latents.mean.device)


def classes_by(classifier: nn.Module) -> Callable[[Tensor], Tensor]:
    """The most likely class of each latent: (n, latent) to (n,) int64."""

    @torch.no_grad()
    def classify(z: Tensor) -> Tensor:
        return classifier(z).argmax(-1)

    return classify


def _build_latent_classifier(config: LatentClassifierConfig, latents: Latents) -> Classifier:
    return Classifier(latents.mean.shape[1], int(latents.y.max()) + 1, config.width, config.depth)


def _train_latent_classifier(classifier, config, latents, generator, checkpoint) -> History:
    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = torch.randint(len(latents.y), (config.optim.batch,), generator=generator, device=latents.y.device)
        return {"loss": losses.classification(classifier(_draw(latents, i, generator)), latents.y[i])}

    return fit(classifier, objective, config.optim, generator, name=f"latent classifier {latents.name}", checkpoint=checkpoint)


# ------------------------------------------------------------------------------------------------ networks


def conv(a: int, b: int, kernel: int, stride: int = 1, normed: bool = True, act: nn.Module | None = None) -> list[nn.Module]:
    """A convolution, instance normalisation and an activation (ReLU unless given)."""
    layers: list[nn.Module] = [nn.Conv2d(a, b, kernel, stride, (kernel - 1) // 2)]
    return layers + ([nn.InstanceNorm2d(b, affine=True)] if normed else []) + [act or nn.ReLU()]


class UNet(nn.Module):
    """Pictures (n, 1, size, size) to pictures, both in [-1, 1]: halved down to a point and back, with skips (Isola et al. 2017, 6.1.1).

    The point sees the whole picture; without it a class could not decide on a garment. No dropout: the authors found that the
    generator learns to ignore noise.
    """

    def __init__(self, size: int = 28, width: int = 16):
        super().__init__()
        sizes, channels = [size], [1]
        while sizes[-1] % 2 == 0 and sizes[-1] > 8:
            sizes.append(sizes[-1] // 2)
            channels.append(width if len(channels) == 1 else 2 * channels[-1])
        self.down = nn.ModuleList(
            nn.Sequential(*conv(a, b, 4, 2, normed=a > 1, act=nn.LeakyReLU(0.2))) for a, b in itertools.pairwise(channels)
        )
        last = channels[-1]
        self.point = nn.Sequential(
            nn.Conv2d(last, 4 * last, sizes[-1]),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(4 * last, last, sizes[-1]),
            nn.InstanceNorm2d(last, affine=True),
            nn.ReLU(),
        )
        up = []
        for a, b in itertools.pairwise(reversed(channels)):
            act = [nn.Tanh()] if b == 1 else [nn.InstanceNorm2d(b, affine=True), nn.ReLU()]
            up.append(nn.Sequential(nn.ConvTranspose2d(2 * a, b, 4, 2, 1), *act))
        self.up = nn.ModuleList(up)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.point(x)
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = layer(torch.cat([x, skip], 1))
        return x.float()


class ResNetGenerator(nn.Module):
    """Pictures (n, 1, size, size) to pictures, both in [-1, 1]: two halvings, residual blocks, two doublings (Zhu et al. 2017, 7.2).

    Sized for small pictures: the first and the last layer of the original, at full resolution, are left out.
    """

    def __init__(self, width: int = 32, blocks: int = 3):
        super().__init__()
        self.start = nn.Sequential(*conv(1, width, 4, 2), *conv(width, 2 * width, 4, 2))
        self.blocks = nn.ModuleList(
            nn.Sequential(*conv(2 * width, 2 * width, 3), *conv(2 * width, 2 * width, 3, act=nn.Identity())) for _ in range(blocks)
        )
        self.end = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.InstanceNorm2d(width, affine=True),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        for block in self.blocks:
            x = x + block(x)
        return self.end(x).float()


def patch_critic(channels: int = 1, width: int = 16) -> nn.Sequential:
    """PatchGAN: pictures (n, channels, size, size) to one logit a patch, (n, 1, size / 4 - 1, size / 4 - 1) (Isola et al. 2017, 6.1.2)."""
    act = nn.LeakyReLU(0.2)
    return nn.Sequential(
        *conv(channels, width, 4, 2, normed=False, act=act),
        *conv(width, 2 * width, 4, 2, act=act),
        *conv(2 * width, 4 * width, 3, act=act),
        nn.Conv2d(4 * width, 1, 4, padding=1),
    )


class ImagePool(nn.Module):
    """Earlier results for a critic to look at again (Shrivastava et al. 2017; Zhu et al. 2017, section 4).

    Until it is full the pool keeps and returns what comes in. From then on each item is, with probability one half, swapped
    for an older one, which is returned in its place.
    """

    def __init__(self, size: int, shape: Sequence[int]):
        super().__init__()
        self.register_buffer("items", torch.zeros(size, *shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, new: Tensor, generator: torch.Generator) -> Tensor:
        size, n = len(self.items), len(new)
        if n > size:
            raise LtError(f"an image pool of {size} cannot take a batch of {n}: raise pool")
        new = new.to(self.items.dtype)
        full = self.filled >= size
        # different places, so that no item of a batch overwrites another; tensors alone decide, so that a captured step can too
        random = torch.rand(size, generator=generator, device=new.device).argsort()[:n]
        place = torch.where(full, random, (self.filled + torch.arange(n, device=new.device)) % size)
        heads = torch.rand(n, generator=generator, device=new.device) < 0.5
        column = (n,) + (1,) * (new.dim() - 1)
        old = self.items[place]
        self.items.index_copy_(0, place, torch.where((heads | ~full).view(column), new, old))
        self.filled.copy_((self.filled + n).clamp(max=size))
        return torch.where((heads & full).view(column), old, new)


class Pix2Pix(nn.Module):
    """A generator from source to target, and a critic that sees both pictures of a pair."""

    def __init__(self, size: int = 28, width: int = 16):
        super().__init__()
        self.generator = UNet(size, width)
        self.critic = patch_critic(2, width)


class CycleGAN(nn.Module):
    """Generators in both directions, a critic and a pool for each domain. Index 0 is the source, 1 the target."""

    def __init__(self, generators: Sequence[nn.Module], critics: Sequence[nn.Module], pool: int, shape: Sequence[int]):
        super().__init__()
        self.generators = nn.ModuleList(generators)  # [0] goes from 0 to 1, [1] from 1 to 0
        self.critics = nn.ModuleList(critics)  # of domain 0 and of domain 1
        self.pools = nn.ModuleList(ImagePool(pool, shape) for _ in range(2))


# ------------------------------------------------------------------------------------------------ games


def least_squares(logits: Tensor, goal: float) -> Tensor:
    """Least-squares adversarial loss, mean of ``(logits - goal)^2``: 1 is real, 0 is made (Mao et al. 2017)."""
    return ((logits.float() - goal) ** 2).mean()


def cross_entropy(logits: Tensor, goal: float) -> Tensor:
    """Adversarial loss of the first GAN, in nats: 1 is real, 0 is made (Goodfellow et al. 2014)."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, goal))


def pix2pix_game(model: Pix2Pix, config: Pix2PixConfig, source: Pictures, target: Pictures) -> Players:
    """Equations 3 and 4 of Isola et al. 2017: a conditional GAN and an L1 term. The critic's loss is halved, as there."""
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.optim.batch, generator)
        return source.x[i], target.x[j]

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        x, y = draw(generator)
        made = model.generator(x)
        fooled = cross_entropy(model.critic(torch.cat([x, made], 1)), 1.0)
        l1 = (made - y).abs().mean()
        return {"loss": fooled + config.l1 * l1, "adversarial": fooled, "l1": l1}

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        x, y = draw(generator)
        with torch.no_grad():
            made = model.generator(x)
        real, fake = model.critic(torch.cat([torch.cat([x, y], 1), torch.cat([x, made], 1)])).chunk(2)
        loss = (cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)) / 2
        return {"loss": loss, "critic": loss}

    return [Player(model.generator, generate), Player(model.critic, criticise)]


def cycle_terms(model: CycleGAN, a: Tensor, b: Tensor, with_identity: bool) -> dict[str, Tensor]:
    """Terms of equations 1 to 3 and section 5.2 of Zhu et al. 2017 for batches of both domains, each summed over the two directions."""
    there, back = model.generators
    to_b, to_a = there(a), back(b)
    terms = {
        "adversarial": least_squares(model.critics[1](to_b), 1.0) + least_squares(model.critics[0](to_a), 1.0),
        "cycle": (back(to_b) - a).abs().mean() + (there(to_a) - b).abs().mean(),
    }
    if with_identity:
        terms["identity"] = (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
    return terms


def cyclegan_game(model: CycleGAN, config: CycleGANConfig, draw: Callable[[torch.Generator], tuple[Tensor, Tensor]]) -> Players:
    """The full objective of Zhu et al. 2017 on what ``draw`` returns: a batch of each domain, row by row of equal class.

    No term of it looks at which row met which: the supervision that pairs of equal class offer does not reach the networks.
    """

    def generate(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        terms = cycle_terms(model, *draw(generator), with_identity=config.identity > 0)
        loss = terms["adversarial"] + config.cycle * terms["cycle"]
        if config.identity:
            loss = loss + config.identity * terms["identity"]
        return {"loss": loss, **terms}

    def criticise(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        a, b = draw(generator)
        with torch.no_grad():
            made = model.generators[1](b), model.generators[0](a)
        loss = torch.zeros((), device=a.device)
        for critic, pool, real, fake in zip(model.critics, model.pools, (a, b), made, strict=True):
            fake = pool(fake, generator)
            loss = loss + (least_squares(critic(real), 1.0) + least_squares(critic(fake), 0.0)) / 2
        return {"loss": loss, "critic": loss}

    return [Player(model.generators, generate), Player(model.critics, criticise)]


# ------------------------------------------------------------------------------------------------ training


def fit_pix2pix(
    config: Pix2PixConfig, source: Pictures, target: Pictures, seed: int, device: torch.device | None = None
) -> tuple[Pix2Pix, History]:
    """A Pix2Pix from source to target; the way back is another one."""
    return _fit_pair(_build_pix2pix, _train_pix2pix, config, source, target, seed, device)


def fit_cyclegan(
    config: CycleGANConfig, source: Pictures, target: Pictures, seed: int, device: torch.device | None = None
) -> tuple[CycleGAN, History]:
    """A CycleGAN between two sets of pictures, both directions."""
    return _fit_pair(_build_cyclegan, _train_cyclegan, config, source, target, seed, device)


def fit_latent_cyclegan(config: CycleGANConfig, source: Latents, target: Latents, seed: int) -> tuple[CycleGAN, History]:
    """A CycleGAN between two latent spaces (section C), both directions, on the device where the latents are."""
    return _fit_pair(_build_latent_cyclegan, _train_latent_cyclegan, config, source, target, seed, source.mean.device)


def _fit_pair(build, train, config, source, target, seed: int, device: torch.device | None):
    return cached(build, train, config, (source, target), f"{source.fingerprint}:{target.fingerprint}", seed, device or default_device())


def _build_pix2pix(config: Pix2PixConfig, data: tuple[Pictures, Pictures]) -> Pix2Pix:
    return Pix2Pix(data[0].x.shape[-1], config.width)


def _build_cyclegan(config: CycleGANConfig, data: tuple[Pictures, Pictures]) -> CycleGAN:
    return CycleGAN(
        [ResNetGenerator(config.width, config.depth) for _ in range(2)],
        [patch_critic(1, config.width // 2) for _ in range(2)],
        config.pool,
        data[0].x.shape[1:],
    )


def _build_latent_cyclegan(config: CycleGANConfig, data: tuple[Latents, Latents]) -> CycleGAN:
    sizes = [d.mean.shape[1] for d in data]
    if sizes[0] != sizes[1]:
        raise LtError(f"latents of {sizes[0]} and {sizes[1]} dimensions: the identity loss of a latent CycleGAN needs one size")

    def network(out: int) -> nn.Module:
        return nn.Sequential(mlp(sizes[0], config.width, config.depth), nn.Linear(config.width, out))

    return CycleGAN([network(sizes[0]) for _ in range(2)], [network(1) for _ in range(2)], config.pool, sizes[:1])


def _train_pix2pix(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data, generator.device)
    game = pix2pix_game(model, config, source, target)
    return fit(model, game, config.optim, generator, name=f"Pix2Pix {source.name}-{target.name}", checkpoint=checkpoint)


def _train_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = _on_device(data, generator.device)
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.optim.batch, generator)
        return source.x[i], target.x[j]

    game = cyclegan_game(model, config, draw)
    return fit(model, game, config.optim, generator, name=f"CycleGAN {source.name}-{target.name}", checkpoint=checkpoint)


def _train_latent_cyclegan(model, config, data, generator, checkpoint) -> History:
    source, target = data
    pairs = AlignedPairs(source.y, target.y)

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        i, j = pairs(config.optim.batch, generator)
        return _draw(source, i, generator), _draw(target, j, generator)

    game = cyclegan_game(model, config, draw)
    return fit(model, game, config.optim, generator, name=f"latent CycleGAN {source.name}-{target.name}", checkpoint=checkpoint)


def _draw(latents: Latents, i: Tensor, generator: torch.Generator) -> Tensor:
    """A posterior sample of each item i (n,): (n, latent)."""
    return latents.mean[i] + latents.std[i] * torch.randn(len(i), latents.mean.shape[1], generator=generator, device=i.device)


def _on_device(data: Sequence[Pictures], device: torch.device) -> list[Pictures]:
    return [Pictures(d.name, d.x.to(device), d.y.to(device)) for d in data]
