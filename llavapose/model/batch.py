"""What a packed batch is: the pictures of a step, each once, and every sample of a picture as a branch behind it.

Shape legend, used in every file that touches tensors:
    R  rows: one or more picture groups              T  tokens of the longest row, padding included
    P  pictures, in reading order of their groups    N  supervised tokens of the whole batch
    B  branches: samples; a group holds one or more  V  vocabulary
    D  hidden size

A group is ``[system sentence, USER:, <image> x tokens] + branch 1 + branch 2 + ...``, without the image tokens where
its sample has no picture; a row is its groups and padding. Positions start anew with every group and restart behind the
prefix for every branch. A token sees the prefix of its own group and its own branch only, so that the loss of every
token is that of the sample standing alone. Molmo (Deitke et al., 2024) packs its annotations of a picture in the same
spirit.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

IGNORE = -100
"""Target of a position that is not supervised."""

PADDING = -1
"""Segment of a padding position."""

GROUP = 1 << 16
"""Segments of a row's group g: ``g * GROUP`` is its prefix, ``g * GROUP + b`` its branch b, counted from 1."""


@dataclass(kw_only=True)
class Batch:
    """One micro-step of one rank; not frozen, for Lightning's precision plugins refuse frozen dataclasses.

    Attributes:
        input_ids: int64[R, T].
        positions: int64[R, T], from 0 in every group, restarting behind the prefix for every branch.
        segments: int64[R, T]: ``GROUP`` times the group's number in its row, plus 0 in the prefix and 1.. in the
            branches; -1 padding.
        targets: int64[R, T], the id that the position must predict, or -100.
        pixel_values: float32[P, 3, H, W].
        picture_groups: int64[P, 2], the row of each picture and its group's number there.
        sample_index: int64[R, T], index into the data set's samples (-1 where none), to name a token's sample.
        num_samples: branches in the batch.
        step_weight: what the batch's summed loss is divided by: the weight of all supervised tokens of the optimizer
            step, over micro-steps and ranks, or the batch's own times their number.
    """

    input_ids: Tensor
    positions: Tensor
    segments: Tensor
    targets: Tensor
    pixel_values: Tensor
    picture_groups: Tensor
    sample_index: Tensor
    num_samples: int
    step_weight: float

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch with its tensors on ``device``."""
        return replace(self, **{name: tensor.to(device, non_blocking=True) for name, tensor in self._tensors().items()})

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory, for DataLoader's ``pin_memory``."""
        return replace(self, **{name: tensor.pin_memory() for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), Tensor)}

    @property
    def num_tokens(self) -> int:
        """Tokens that are not padding."""
        return int((self.segments != PADDING).sum())

    @property
    def num_computed(self) -> int:
        """Tokens that are computed: padding too."""
        return self.segments.numel()

    @property
    def num_targets(self) -> int:
        """Supervised tokens."""
        return int((self.targets != IGNORE).sum())
