"""Dense: the mask of packed rows, which says of every two tokens whether one sees the other."""

import torch
from torch import Tensor

from llavapose.model.attention.interface import Backend
from llavapose.model.attention.rules import SLIDING, Rows
from llavapose.model.batch import GROUP, PADDING


def packed_mask(
    segments: Tensor, *, positions: Tensor | None = None, blocks: Tensor | None = None, window: int | None = None
) -> Tensor:
    """The attention mask of packed rows: bool[R, 1, T, T], True where query (third) may see key (fourth).

    A token sees what is not later than itself and lies in its group's prefix or in its own branch, and its whole block
    of pictures. Padding sees itself, because a row of the mask without any True gives NaN in scaled dot-product
    attention.

    Args:
        segments: int64[R, T].
        positions: int64[R, T], a token's place in its own sample; needed with a window.
        blocks: int64[R, T], whose tokens see each other both ways, -1 none; of one group's prefix alone.
        window: tokens that are seen, back from a token and itself among them. It bounds what lies before a token in
            its own block too, as in transformers' Gemma 3; what lies behind it there is seen at any distance.
    """
    num_tokens = segments.shape[1]
    order = torch.arange(num_tokens, device=segments.device)  # [T]
    query, key = segments[:, :, None], segments[:, None, :]  # [R, T, 1], [R, 1, T]
    # A group's prefix is all its branches'; a branch is its own.
    related = (key == query) | (key == query - query % GROUP)
    # Causal by place in the row, not by position: positions start anew in every branch.
    mask = related & (order[None, :] <= order[:, None])
    if blocks is not None:
        # Blocks are counted anew in every group: those of other groups have other segments.
        mask |= (key == query) & (blocks[:, :, None] == blocks[:, None, :]) & (blocks >= 0)[:, :, None]
    if window is not None:
        assert positions is not None
        # By place in the sample: branches that lie between are not there for it.
        mask &= positions[:, None, :] > positions[:, :, None] - window
    mask &= (query != PADDING) & (key != PADDING)
    return (mask | torch.eye(num_tokens, dtype=torch.bool, device=segments.device))[:, None]  # [R, 1, T, T]


def _see(rows: Rows) -> Tensor | dict[str, Tensor]:
    rules = rows.rules
    masks = {
        kind: packed_mask(
            rows.segments,
            positions=rows.positions,
            blocks=rows.blocks,
            window=rules.window if kind == SLIDING else None,
        )
        for kind in rules.kinds
    }
    return masks if len(masks) > 1 else next(iter(masks.values()))


def _own(rows: Rows) -> Tensor:
    return rows.segments != PADDING


DENSE = Backend(name="dense", see=_see, causal=False)
OWN = Backend(name="own", see=_own, causal=False)
"""What transformers makes itself of rows that hold one sample each: they are told what is padding."""
