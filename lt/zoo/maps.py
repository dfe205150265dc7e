"""Maps between latent spaces in closed form, which need no training beyond a classifier of source latents.

A latent map is a function from source latents (n, latent) to target latents (n, latent).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import ot
import torch
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from lt import losses
from lt.cache import cached
from lt.latents import Latents
from lt.loop import History, Training, fit
from lt.zoo.pairs import AlignedPairs
from lt.zoo.vae import Judge

LatentMap = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class LatentClassifierConfig:
    """A classifier of latents for the maps that go by class. It is not the judge: it sees latents and no image."""

    training: Training
    width: int = 256  # units a layer
    depth: int = 2  # layers before the read-out


def class_means(latents: Latents) -> Tensor:
    """Mean of the posterior means of each class, (classes, latent)."""
    return torch.stack([latents.mean[latents.y == label].mean(0) for label in range(int(latents.y.max()) + 1)])


def prototype(target: Latents, classify: Callable[[Tensor], Tensor]) -> LatentMap:
    """Classify, then the mean latent of the target's class: accurate, but all items of a class become one point."""
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
    use have almost no variance, and must not be scaled up to dimensions that the target uses.
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


def fit_latent_classifier(config: LatentClassifierConfig, latents: Latents, seed: int) -> tuple[Judge, History]:
    """A classifier of one latent space, on the device where the latents are."""
    return cached(_build_latent_classifier, _train_latent_classifier, config, latents, latents.fingerprint, seed, latents.mean.device)


def classes_by(classifier: nn.Module) -> Callable[[Tensor], Tensor]:
    """The most likely class of each latent: (n, latent) to (n,) int64."""

    @torch.no_grad()
    def classify(z: Tensor) -> Tensor:
        return classifier(z).argmax(-1)

    return classify


def _build_latent_classifier(config: LatentClassifierConfig, latents: Latents) -> Judge:
    return Judge(latents.mean.shape[1], int(latents.y.max()) + 1, config.width, config.depth)


def _train_latent_classifier(classifier, config, latents, generator, checkpoint) -> History:
    def objective(generator: torch.Generator, progress: Tensor) -> dict[str, Tensor]:
        i = torch.randint(len(latents.y), (config.training.batch,), generator=generator, device=latents.y.device)
        return {"loss": losses.classification(classifier(latents.sample(generator, i)), latents.y[i])}

    return fit(classifier, objective, config.training, generator, name=f"latent classifier {latents.name}", checkpoint=checkpoint)
