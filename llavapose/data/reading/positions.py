"""Rotary positions of a prefix with pictures: time, row and column (M-RoPE; Wang et al., 2024, arXiv:2409.12191)."""

import torch
from torch import Tensor


def grid_positions(ids: Tensor, grids: Tensor, *, image_id: int, merge: int) -> Tensor:
    """Positions of text, one after the other, and of pictures, by their place in the grid.

    What stands behind a picture begins at its largest position + 1.

    Args:
        ids: int64[P], of one prefix.
        grids: int64[N, 3], patches of each picture by time, row and column.
        image_id: of the placeholders, one for each ``merge`` x ``merge`` patches.
        merge: patches that a token takes, to a side.

    Returns:
        int64[3, P].
    """
    parts: list[Tensor] = []
    start = at = 0
    waiting = [(int(time), int(rows) // merge, int(columns) // merge) for time, rows, columns in grids.tolist()]
    is_picture = (ids == image_id).tolist()
    while at < len(ids):
        if is_picture[at]:
            shape = waiting.pop(0)
            parts.append(torch.stack(torch.meshgrid(*map(torch.arange, shape), indexing="ij")).flatten(1) + start)
            start, at = start + max(shape), at + shape[0] * shape[1] * shape[2]
        else:
            end = is_picture.index(True, at) if True in is_picture[at:] else len(ids)
            parts.append(torch.arange(start, start + end - at).expand(3, -1))
            start, at = start + end - at, end
    return torch.cat(parts, dim=1)
