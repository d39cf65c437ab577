"""Dense: the mask of packed rows, which says of every two tokens whether one sees the other."""

import torch
from torch import Tensor

from llavapose.model.attention.interface import Backend
from llavapose.model.batch import GROUP, PADDING


def packed_mask(segments: Tensor) -> Tensor:
    """The attention mask of packed rows: bool[R, 1, T, T], True where query (third) may see key (fourth).

    A token sees what is not later than itself and lies in its group's prefix or in its own branch. Padding sees itself,
    because a row of the mask without any True gives NaN in scaled dot-product attention.
    """
    num_tokens = segments.shape[1]
    order = torch.arange(num_tokens, device=segments.device)  # [T]
    query, key = segments[:, :, None], segments[:, None, :]  # [R, T, 1], [R, 1, T]
    # A group's prefix is all its branches'; a branch is its own.
    related = (key == query) | (key == query - query % GROUP)
    # Causal by place in the row, not by position: positions start anew in every branch.
    mask = (related & (query != PADDING) & (key != PADDING) & (order[None, :] <= order[:, None])) | torch.eye(
        num_tokens, dtype=torch.bool, device=segments.device
    )
    return mask[:, None]  # [R, 1, T, T]


DENSE = Backend(name="dense", see=packed_mask)
