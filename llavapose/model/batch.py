"""What a packed batch is: the pictures of a step, each once, and every sample of a picture as a branch behind it.

Shape legend, used in every file that touches tensors:
    R  rows: image groups, one picture each          T  tokens of the longest row, padding included
    B  branches: samples; a row holds one or more    N  supervised tokens of the whole batch
    D  hidden size                                   V  vocabulary

A row is ``[system sentence, USER:, <image> x P] + branch 1 + branch 2 + ... + padding``. Positions restart behind the
prefix for every branch, and a token sees the prefix and its own branch only, so that the loss of every token is that of
the sample standing alone. Molmo (Deitke et al., 2024) packs its annotations of a picture in the same spirit.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

IGNORE = -100
"""Target of a position that is not supervised."""

PADDING = -1
"""Segment of a padding position; the prefix is segment 0, branches count from 1."""


@dataclass(kw_only=True)
class Batch:
    """One micro-step of one rank; not frozen, for Lightning's precision plugins refuse frozen dataclasses.

    Attributes:
        input_ids: int64[R, T].
        positions: int64[R, T], restarting behind the prefix for every branch.
        segments: int64[R, T]: 0 prefix, 1.. branches, -1 padding.
        targets: int64[R, T], the id that the position must predict, or -100.
        pixel_values: float32[R, 3, H, W].
        sample_index: int64[R, T], index into the data set's samples (-1 where none), to name a token's sample.
        num_samples: branches in the batch.
        step_weight: weight of all supervised tokens of the optimizer step, over micro-steps and ranks; their number
            where every token weighs the same.
    """

    input_ids: Tensor
    positions: Tensor
    segments: Tensor
    targets: Tensor
    pixel_values: Tensor
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
