"""FlexAttention: a compiled kernel that leaves out the blocks of 128 x 128 scores that nobody reads. GPUs only."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.rules import Rows
from llavapose.model.batch import GROUP, PADDING

BLOCK = 128
"""Widths are rounded up to it, for the kernel is compiled anew for every width."""


@dataclass(frozen=True, kw_only=True)
class FlexRows:
    """Rows with the blocks that are computed; see ``interface.Packed``."""

    blocks: BlockMask

    def attend(self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, dropout: float) -> Tensor:
        """Attention of one layer: float[R, T, H, K]."""
        if dropout:
            raise LlavaPoseError(
                f"attention 'flex' has no dropout, and the base's layers have attention_dropout={dropout}; "
                "use model.packed_attention=dense"
            )
        width = query.shape[2]
        # Here and not in the batch: the rest of a layer has nothing to do for what is filled up.
        filled = [F.pad(one, (0, 0, 0, -width % BLOCK)) for one in (query, key, value)]
        shared = query.shape[1] != key.shape[1]
        found: Any = _compiled()(*filled, block_mask=self.blocks, scale=scale, enable_gqa=shared)
        return found[:, :, :width].transpose(1, 2).contiguous()


@cache
def _compiled() -> Any:
    return torch.compile(flex_attention)


def see(rows: Rows) -> FlexRows:
    """The blocks of packed rows.

    Raises:
        LlavaPoseError: on a CPU.
    """
    if rows.segments.device.type == "cpu":
        raise LlavaPoseError(
            "attention 'flex' has no backward pass on a CPU; use model.packed_attention=auto, branches or dense"
        )
    return FlexRows(blocks=blocks_of(rows.segments))


def blocks_of(segments: Tensor) -> BlockMask:
    """What ``mask.packed_mask`` says, block by block, of rows filled up to a multiple of 128."""
    filled = F.pad(segments, (0, -segments.shape[1] % BLOCK), value=PADDING)  # [R, T']
    rows, width = filled.shape

    def sees(row: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        own, other = filled[row, query], filled[row, key]
        related = (other == own) | (other == own - own % GROUP)
        real = (own != PADDING) & (other != PADDING) & (key <= query)
        return (related & real) | (query == key)

    return create_block_mask(sees, rows, None, width, width, device=str(filled.device), BLOCK_SIZE=BLOCK)


FLEX = Backend(name="flex", see=see)
