"""Inputs of several groups of pictures as those of one batch."""

from collections.abc import Sequence

import torch
from torch import Tensor

from llavapose.data.reading.shown import Shown

PIXELS = "pixel_values"


def join_inputs(groups: Sequence[Shown]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The rows of all groups one behind the other, other dimensions padded to the largest with zeros.

    Args:
        groups: at least one, of one base.

    Returns:
        (inputs, rows): inputs by name; int64[G] by name, the rows that each group takes, where it is not one each.
    """
    inputs, rows = {}, {}
    for name in groups[0].inputs:
        parts = [group.inputs[name] for group in groups]
        if name == groups[0].patch_indices:
            parts = _counted_on(parts, [group.inputs[PIXELS] for group in groups])
        inputs[name] = _joined(parts)
        taken = [len(part) for part in parts]
        if any(number != 1 for number in taken):
            rows[name] = torch.tensor(taken)
    return inputs, rows


def _counted_on(parts: Sequence[Tensor], pixels: Sequence[Tensor]) -> list[Tensor]:
    """Numbers of patches, counted on from the patches of the groups before; -1 stays: none."""
    found, before = [], 0
    for part, patches in zip(parts, pixels, strict=True):
        found.append(torch.where(part >= 0, part + before, part))
        before += patches.shape[0] * patches.shape[1]
    return found


def _joined(parts: Sequence[Tensor]) -> Tensor:
    largest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    padded = []
    for part in parts:
        if list(part.shape[1:]) != largest:
            room = part.new_zeros((len(part), *largest))
            room[(slice(None), *map(slice, part.shape[1:]))] = part
            part = room
        padded.append(part)
    return torch.cat(padded)
