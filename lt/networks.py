"""The networks of the bridge (section 3, Figure 10), and nothing about how they are trained; ``n`` is the batch."""

from collections.abc import Sequence

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


class GatedMixing(nn.Module):
    """Gated mixing layer, ``(1 - g) * W_z v + g * dz`` with ``[dz, g] = W_h h``, ``g = sigmoid(g)`` (Figure 10a).
    ``v`` is the network's input, ``h`` the output of its hidden layers: linear in v where g is 0, dz where it is 1."""

    def __init__(self, hidden: int, skip: int, out: int):
        super().__init__()
        self.from_hidden = nn.Linear(hidden, 2 * out)
        self.from_input = nn.Linear(skip, out)

    def forward(self, h: Tensor, v: Tensor) -> Tensor:
        dz, g = self.from_hidden(h).float().chunk(2, dim=-1)  # (n, out) each
        g = torch.sigmoid(g)
        return (1 - g) * self.from_input(v).float() + g * dz  # (n, out)


class PlainOutput(nn.Module):
    """A linear layer in the place of :class:`GatedMixing`: (n, hidden) to (n, out); the input ``v`` is not used."""

    def __init__(self, hidden: int, skip: int, out: int):
        super().__init__()
        self.linear = nn.Linear(hidden, out)

    def forward(self, h: Tensor, v: Tensor) -> Tensor:
        return self.linear(h).float()


class BridgingVAE(nn.Module):
    """The small VAE between latent spaces, ``q(z'|z, D)`` and ``g(z|z', D)`` (section 3, Figure 10b).
    One set of weights serves every domain. The domain label D is appended to the inputs of encoder and decoder as a
    one-hot vector, or left out (``conditional``; the first row of Figure 9). ``sizes`` holds the latent size of each
    domain: smaller latents are padded with zeros to the largest size, and cut on the way out."""

    def __init__(
        self, sizes: Sequence[int] = (100, 100), shared: int = 8, width: int = 512, depth: int = 4, classes: int = 10,
        conditional: bool = True, output: type[nn.Module] = GatedMixing
    ):  # fmt: skip
        super().__init__()
        self.sizes, self.latent, self.shared, self.conditional = tuple(sizes), max(sizes), shared, conditional
        label = len(sizes) if conditional else 0
        self.encoder = mlp(self.latent + label, width, depth)
        self.mean = output(width, self.latent + label, shared)
        self.std = output(width, self.latent + label, shared)
        self.decoder = mlp(shared + label, width, depth)
        self.output = output(width, shared + label, self.latent)
        self.classifier = nn.Linear(shared, classes)  # f(z'): linear on purpose (section A.3)

    def _label(self, v: Tensor, domain: Tensor | int) -> Tensor:
        """Append the one-hot domain label: (n, d) to (n, d + domains)."""
        if isinstance(domain, int) and not 0 <= domain < len(self.sizes):
            raise ValueError(f"domain {domain} is not in [0, {len(self.sizes)}): there are {len(self.sizes)} domains")
        if not self.conditional:
            return v
        if isinstance(domain, int):
            label = v.new_zeros(v.shape[0], len(self.sizes))  # not len(v): torch.export takes any n
            label[:, domain] = 1
        else:
            label = F.one_hot(domain, len(self.sizes)).to(v.dtype)
        return torch.cat([v, label], dim=-1)

    def encode(self, z: Tensor, domain: Tensor | int) -> tuple[Tensor, Tensor]:
        """Mean and std of ``q(z'|z, D)``: z (n, latent) and domain (n,) or one index, to two of (n, shared)."""
        v = self._label(F.pad(z, (0, self.latent - z.shape[-1])), domain)
        h = self.encoder(v)
        return self.mean(h, v), F.softplus(self.std(h, v))

    def decode(self, z_shared: Tensor, domain: Tensor | int) -> Tensor:
        """Mean of ``g(z|z', D)``: z' (n, shared), domain (n,) or an index to (n, latent); an index cuts to its size."""
        v = self._label(z_shared, domain)
        z = self.output(self.decoder(v), v)
        return z[:, : self.sizes[domain]] if isinstance(domain, int) else z


def sample(mean: Tensor, std: Tensor, generator: torch.Generator) -> Tensor:
    """One draw from N(mean, std^2) for every element: (n, d) and (n, d) to (n, d)."""
    return mean + std * torch.randn(mean.shape, generator=generator, device=mean.device)
