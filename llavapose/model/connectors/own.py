"""Connectors that transformers does not have: the MLP with more beside or before it, and features averaged behind it.

``multi_branch`` and ``pose_attention`` are transformers' projector with further parts. Their last matrix starts as
zeros: step 0 is the MLP bit for bit. Behind any of them, ``pool`` x ``pool`` neighbouring features may be averaged to
one, so that a picture takes fewer tokens: 24 x 24 of LLaVA-1.5's become 12 x 12, 144 in the place of 576.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlavaConfig
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from llavapose.errors import ConfigError
from llavapose.families.resolution import pooled_side
from llavapose.model.connectors.configured import parts_of, pool_of, side_in_patches


class OwnProjector(LlavaMultiModalProjector):
    """transformers' projector with its features averaged; what others here put more into.

    Raises:
        ConfigError: ``pool`` is no divisor of the patches along a side.
    """

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        self.pool, self.side = pool_of(config), side_in_patches(config)
        pooled_side(self.side, self.pool)

    def forward(self, image_features: Tensor) -> Tensor:
        """float[P, patches, inputs] -> float[P, tokens, outputs]."""
        return pooled(self.embedded(image_features), pool=self.pool, side=self.side)

    def embedded(self, image_features: Tensor) -> Tensor:
        """float[P, patches, inputs] -> float[P, patches, outputs], before they are averaged."""
        return super().forward(image_features)

    def start(self) -> None:
        """First weights of what is beside the MLP; here is nothing."""


def pooled(embedded: Tensor, *, pool: int, side: int) -> Tensor:
    """The means of squares of ``pool`` x ``pool`` patches, row by row.

    Args:
        embedded: float[P, side x side, D], or one more in front: a class token, which stays.
        pool: divides ``side``.
        side: patches along a side of a picture.

    Returns:
        float[P, (side / pool) ** 2, D], a class token in front again.
    """
    if pool == 1:
        return embedded
    before = embedded.shape[1] - side**2
    squares = embedded[:, before:].unflatten(1, (side // pool, pool, side // pool, pool))
    means = squares.mean(dim=(2, 4)).flatten(1, 2)
    return torch.cat([embedded[:, :before], means], dim=1) if before else means


class Branch(nn.Module):
    """A small expert: narrow, GELU, wide."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, width)
        self.up = nn.Linear(width, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """float[..., inputs] -> float[..., outputs]."""
        return self.up(F.gelu(self.down(features)))


class MultiBranch(OwnProjector):
    """The MLP plus experts, mixed by a softmax gate patch by patch."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        sizes, inputs, outputs = parts_of(config), self.linear_1.in_features, self.linear_2.out_features
        self.gate = nn.Linear(inputs, sizes["branches"])
        self.branches = nn.ModuleList(Branch(inputs, sizes["branch_width"], outputs) for _ in range(sizes["branches"]))

    def embedded(self, image_features: Tensor) -> Tensor:
        """As ``OwnProjector``'s."""
        shares = self.gate(image_features).softmax(dim=-1)  # [P, patches, branches]
        mixed = super().embedded(image_features)
        for number, branch in enumerate(self.branches):
            mixed = mixed + shares[..., number, None] * branch(image_features)
        return mixed

    def start(self) -> None:
        """First weights of what is beside the MLP: the experts differ, and all give zero."""
        spread(self.gate)
        for branch in self.branches:
            assert isinstance(branch, Branch)
            spread(branch.down)
            silence(branch.up)


class AttendingProjector(OwnProjector):
    """The MLP with an attention's parts before it; what attends to what is said by others.

    Raises:
        ConfigError: heads that do not share the width.
    """

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        width, self.heads = self.linear_1.in_features, parts_of(config)["heads"]
        if width % self.heads:
            raise ConfigError(
                f"connector.heads is {self.heads}, and the vision encoder's features are {width} wide; expected a "
                "divisor of that"
            )
        self.norm = nn.LayerNorm(width)
        self.queries, self.keys, self.values, self.out = (nn.Linear(width, width) for _ in range(4))

    def attended(self, normed: Tensor) -> Tensor:
        """float[..., tokens, inputs] -> the same: what each token takes from all of them."""
        # [..., heads, tokens, inputs / heads]
        parts = (layer(normed).unflatten(-1, (self.heads, -1)).transpose(-3, -2)
                 for layer in (self.queries, self.keys, self.values))  # fmt: skip
        return self.out(F.scaled_dot_product_attention(*parts).transpose(-3, -2).flatten(-2))

    def start(self) -> None:
        """First weights of what is before the MLP, which adds zero."""
        nn.init.ones_(self.norm.weight)
        nn.init.zeros_(self.norm.bias)
        for layer in (self.queries, self.keys, self.values):
            spread(layer)
        silence(self.out)


class PoseAttention(AttendingProjector):
    """Attention between the patches of a picture, added to their features, before the MLP."""

    def embedded(self, image_features: Tensor) -> Tensor:
        """As ``OwnProjector``'s."""
        return super().embedded(image_features + self.attended(self.norm(image_features)))


def spread(layer: nn.Linear) -> None:
    """First weights that keep the variance of what passes through; torch's own start is narrower."""
    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def silence(layer: nn.Linear) -> None:
    """First weights that give zero, whatever passes through."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
