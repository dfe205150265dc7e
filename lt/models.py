"""The networks of the paper, and nothing about how they are trained.

Every network is an ``nn.Module`` of fully connected layers. Shapes stand as trailing comments: ``n`` rows of a batch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def mlp(in_features: int, width: int, depth: int) -> nn.Sequential:
    """``depth`` fully connected layers of ``width`` units, each followed by a ReLU (section B)."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(in_features, width), nn.ReLU()]
        in_features = width
    return nn.Sequential(*layers)


class Classifier(nn.Module):
    """Four layers and an affine read-out: images (n, pixels) to logits (n, classes) (section B.2)."""

    def __init__(self, pixels: int = 784, classes: int = 10, width: int = 512, depth: int = 4):
        super().__init__()
        self.body = mlp(pixels, width, depth)
        self.head = nn.Linear(width, classes)

    def features(self, x: Tensor) -> Tensor:
        """Activations before the read-out, (n, width): what a Fréchet distance compares."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # (n, classes)


class VAE(nn.Module):
    """The base model of an image domain, q(z|x) and g(z): a Gaussian MLP encoder and an MLP decoder (section B.2)."""

    def __init__(self, pixels: int = 784, latent: int = 100, width: int = 1024, depth: int = 3):
        super().__init__()
        self.latent = latent
        self.encoder = mlp(pixels, width, depth)
        self.posterior = nn.Linear(width, 2 * latent)
        self.decoder = mlp(latent, width, depth)
        self.pixels = nn.Linear(width, pixels)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z|x): (n, pixels) to two of (n, latent). Softplus keeps std positive."""
        mean, raw = self.posterior(self.encoder(x)).float().chunk(2, dim=-1)
        return mean, F.softplus(raw)

    def decode(self, z: Tensor) -> Tensor:
        """Mean image of the likelihood N(g(z), sigma_x): (n, latent) to (n, pixels) in [0, 1]."""
        return torch.sigmoid(self.pixels(self.decoder(z)).float())


class GatedMixing(nn.Module):
    """Gated mixing layer, ``(1 - g) * W_z v + g * dz`` with ``[dz, g] = W_h h`` and ``g = sigmoid(g)`` (Figure 10a).

    ``v`` is the network's own input and ``h`` what its hidden layers made of it. With the gate shut the layer is a linear
    map from one Gaussian space to another, a good place to start from; the gate lets the network correct it where needed.
    """

    def __init__(self, hidden: int, skip: int, out: int):
        super().__init__()
        self.from_hidden = nn.Linear(hidden, 2 * out)
        self.from_input = nn.Linear(skip, out)

    def forward(self, h: Tensor, v: Tensor) -> Tensor:
        dz, g = self.from_hidden(h).float().chunk(2, dim=-1)  # (n, out) each
        g = torch.sigmoid(g)
        return (1 - g) * self.from_input(v).float() + g * dz  # (n, out)


class BridgingVAE(nn.Module):
    """The small VAE between latent spaces, ``q(z'|z, D)`` and ``g(z|z', D)`` (section 3, Figure 10b).

    One set of weights serves every domain. The domain label D, an index in [0, domains), is appended to the inputs of the
    encoder and of the decoder as a one-hot vector; ``conditional=False`` leaves it out (the first row of Figure 9).
    """

    def __init__(
        self,
        latent: int = 100,
        shared: int = 8,
        width: int = 512,
        depth: int = 4,
        domains: int = 2,
        classes: int = 10,
        conditional: bool = True,
    ):
        super().__init__()
        self.latent, self.shared, self.domains, self.conditional = latent, shared, domains, conditional
        label = domains if conditional else 0
        self.encoder = mlp(latent + label, width, depth)
        self.mean = GatedMixing(width, latent + label, shared)
        self.std = GatedMixing(width, latent + label, shared)
        self.decoder = mlp(shared + label, width, depth)
        self.output = GatedMixing(width, shared + label, latent)
        self.classifier = nn.Linear(shared, classes)  # f(z'): linear on purpose (section A.3)

    def _label(self, v: Tensor, domain: Tensor | int) -> Tensor:
        """Append the one-hot domain label: (n, d) to (n, d + domains)."""
        if isinstance(domain, int) and not 0 <= domain < self.domains:
            raise ValueError(f"domain {domain} is not in [0, {self.domains}): this bridge joins {self.domains} domains")
        if not self.conditional:
            return v
        if isinstance(domain, int):
            label = v.new_zeros(len(v), self.domains)
            label[:, domain] = 1
        else:
            label = F.one_hot(domain, self.domains).to(v.dtype)
        return torch.cat([v, label], dim=-1)

    def encode(self, z: Tensor, domain: Tensor | int) -> tuple[Tensor, Tensor]:
        """Mean and std of ``q(z'|z, D)``: z (n, latent) and domain (n,) or one index, to two of (n, shared)."""
        v = self._label(z, domain)
        h = self.encoder(v)
        return self.mean(h, v), F.softplus(self.std(h, v))

    def decode(self, z_shared: Tensor, domain: Tensor | int) -> Tensor:
        """Mean of ``g(z|z', D)``: z' (n, shared) and domain (n,) or one index, to (n, latent)."""
        v = self._label(z_shared, domain)
        return self.output(self.decoder(v), v)

    def transfer(self, z: Tensor, source: int, target: int, generator: torch.Generator | None = None) -> Tensor:
        """Encode with one domain label, decode with another: (n, latent) to (n, latent) (section 3).

        With ``source == target`` this is the reconstruction. The posterior mean is used unless ``generator`` is given, which
        then draws z' from the posterior.
        """
        mean, std = self.encode(z, source)
        if generator is not None:
            mean = mean + std * torch.randn(mean.shape, generator=generator, device=mean.device)
        return self.decode(mean, target)


def parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
