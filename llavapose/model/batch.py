"""What a packed batch is: the pictures of a step, each once, and every sample of a picture as a branch behind it.

Shape legend, used in every file that touches tensors:
    R  rows: one or more picture groups              T  tokens of the longest row, padding included
    P  groups with pictures, in reading order        N  supervised tokens of the whole batch
    B  branches: samples; a group holds one or more  V  vocabulary
    D  hidden size

A group is ``[system sentence, USER:, <image> x tokens] + branch 1 + branch 2 + ...``, without the image tokens where
its sample has no picture; a row is its groups and padding. Positions start anew with every group and restart behind the
prefix for every branch. A token sees the prefix of its own group and its own branch only, so that the loss of every
token is that of the sample standing alone. Molmo (Deitke et al., 2024) packs its annotations of a picture in the same
spirit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
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
        pixel_values: of all pictures one behind the other: float32[P, 3, H, W] of a LLaVA; other families' own shapes.
        picture_groups: int64[P, 2], the row of each group with pictures and its number there.
        sample_index: int64[R, T], index into the data set's samples (-1 where none), to name a token's sample.
        num_samples: branches in the batch.
        step_weight: what the batch's summed loss is divided by: the weight of all supervised tokens of the optimizer
            step, over micro-steps and ranks, or the batch's own times their number.
        beside: what else a family's forward is told of pictures, by its own names (grids, sizes), one behind the other.
        picture_rows: int64[P] by name, ``pixel_values`` among them: rows that each group's pictures take there; a name
            that is missing: one row a group.
        rope: int64[3, R, T], rotary positions by time, row and column; None: ``positions``.
        blocks: int64[R, T], which block of its group's pictures a token belongs to, whose tokens see each other both
            ways; -1: none. None: no family's pictures do, or they are found by their ids.
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
    beside: dict[str, Tensor] = field(default_factory=dict)
    picture_rows: dict[str, Tensor] = field(default_factory=dict)
    rope: Tensor | None = None
    blocks: Tensor | None = None

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch with its tensors on ``device``."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory, for DataLoader's ``pin_memory``."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        changed: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Tensor):
                changed[one.name] = change(value)
            elif isinstance(value, dict):
                changed[one.name] = {name: change(tensor) for name, tensor in value.items()}
        return replace(self, **changed)

    @property
    def num_pictured(self) -> int:
        """Groups with pictures."""
        return len(self.picture_groups)

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
