"""Samples of a micro-batch to one packed Batch: prefix, branches, positions, targets. Shapes: ``model/batch.py``."""

from collections.abc import Sequence

import torch
from torch import Tensor

from llavapose.data.conversation import Branch
from llavapose.model.batch import IGNORE, PADDING, Batch


def pack(
    prefix: Sequence[int],
    groups: Sequence[Sequence[int]],
    branches: Sequence[Branch],
    pictures: Sequence[Tensor],
    *,
    step_weight: float,
    pad_id: int = 0,
) -> Batch:
    """Pack image groups, one a row.

    Args:
        prefix: ids of system sentence and image tokens, the same for every picture.
        groups: sample indices of each picture.
        branches: every sample of the data set, by index.
        pictures: float32[3, H, W] a group.
        step_weight: weight of all supervised tokens of the optimizer step.
        pad_id: id that fills rows up; never attended, never supervised.
    """
    rows = [_row(prefix, group, branches) for group in groups]
    # No further than this micro-batch's longest row: attention costs the square of the width.
    width = max(len(row[0]) for row in rows)

    def table(column: int, fill: int) -> Tensor:
        return torch.tensor([row[column] + [fill] * (width - len(row[column])) for row in rows])  # [R, T]

    return Batch(
        input_ids=table(0, pad_id),
        positions=table(1, 0),
        segments=table(2, PADDING),
        targets=table(3, IGNORE),
        sample_index=table(4, -1),
        pixel_values=torch.stack(list(pictures)),  # [R, 3, H, W]
        num_samples=sum(len(group) for group in groups),
        step_weight=step_weight,
    )


def _row(prefix: Sequence[int], group: Sequence[int], branches: Sequence[Branch]) -> tuple[list[int], ...]:
    start = len(prefix)
    ids, positions = list(prefix), list(range(start))
    # The prefix is nobody's sample and is never supervised; its image tokens would have no id to predict.
    segments, targets, owner = [0] * start, [IGNORE] * start, [-1] * start
    # Segments count from 1, for 0 is the prefix.
    for number, index in enumerate(group, 1):
        branch = branches[index]
        length = len(branch.ids)
        ids += branch.ids
        # Every branch begins where the prefix ends, as it would standing alone.
        positions += range(start, start + length)
        segments += [number] * length
        # Position t predicts t + 1 of the same branch; a branch's last token predicts nothing.
        nexts = zip(branch.ids[1:], branch.supervised[1:], strict=True)
        targets += [token if supervised else IGNORE for token, supervised in nexts] + [IGNORE]
        owner += [index] * length
    return ids, positions, segments, targets, owner
