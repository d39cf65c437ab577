"""Samples of a micro-batch to one packed Batch: prefixes, branches, positions, targets. Shapes: ``model/batch.py``."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from llavapose.data.conversation import Branch
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch


def pack(
    prefix: Sequence[int],
    prefix_without_picture: Sequence[int],
    rows: Sequence[Sequence[Sequence[int]]],
    branches: Sequence[Branch],
    pictures: Sequence[Tensor | None],
    *,
    step_weight: float,
    blank: Tensor,
    pad_id: int = 0,
) -> Batch:
    """Pack rows of picture groups.

    A batch without any picture gets one more row, a blank picture and nothing supervised: where weights are cut up over
    ranks, one that leaves the vision encoder out lets the others wait for ever.

    Args:
        prefix: ids of system sentence and image tokens, the same for every picture.
        prefix_without_picture: ids of the system sentence in front of a sample without a picture.
        rows: rows -> picture groups -> sample indices.
        branches: every sample of the data set, by index.
        pictures: float32[3, H, W] or None for every group, in reading order.
        step_weight: what the batch's summed loss is divided by.
        blank: float32[3, H, W], the picture of a batch that has none.
        pad_id: id that fills rows up; never attended, never supervised.
    """
    seen = iter(pictures)
    parts, given, places = [], [], []
    for groups in rows:
        row = _Row()
        for number, group in enumerate(groups):
            picture = next(seen)
            row.add(prefix_without_picture if picture is None else prefix, group, branches, number=number)
            if picture is not None:
                given.append(picture)
                places.append((len(parts), number))
        parts.append(row)
    if not given:
        given, places = [blank], [(len(parts), 0)]
        parts.append(_Row())
        parts[-1].add(prefix, (), branches, number=0)
    # No further than this micro-batch's longest row: attention costs the square of the width.
    width = max(len(row.ids) for row in parts)

    def table(name: str, fill: int) -> Tensor:
        columns = [getattr(row, name) for row in parts]
        return torch.tensor([column + [fill] * (width - len(column)) for column in columns])  # [R, T]

    return Batch(
        input_ids=table("ids", pad_id),
        positions=table("positions", 0),
        segments=table("segments", PADDING),
        targets=table("targets", IGNORE),
        sample_index=table("owner", -1),
        pixel_values=torch.stack(given),  # [P, 3, H, W]
        picture_groups=torch.tensor(places),  # [P, 2]
        num_samples=sum(len(group) for row in rows for group in row),
        step_weight=step_weight,
    )


@dataclass(kw_only=True)
class _Row:
    """The columns of one row as it grows."""

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)

    def add(self, prefix: Sequence[int], group: Sequence[int], branches: Sequence[Branch], *, number: int) -> None:
        """Add a prefix and the samples behind it, as the row's group ``number``."""
        start = len(prefix)
        # The prefix is nobody's sample and is never supervised; its image tokens would have no id to predict.
        self._append(list(prefix), range(start), number * GROUP, [IGNORE] * start, -1)
        # Branches count from 1, for 0 is the prefix.
        for place, index in enumerate(group, 1):
            ids, supervised = list(branches[index].ids), branches[index].supervised
            # Position t predicts t + 1 of the same branch; a branch's last token predicts nothing.
            nexts = zip(ids[1:], supervised[1:], strict=True)
            targets = [token if learnt else IGNORE for token, learnt in nexts] + [IGNORE]
            # Every branch begins where the prefix ends, as it would standing alone.
            self._append(ids, range(start, start + len(ids)), number * GROUP + place, targets, index)

    def _append(self, ids: list[int], positions: range, segment: int, targets: list[int], owner: int) -> None:
        self.ids += ids
        self.positions += positions
        self.segments += [segment] * len(ids)
        self.targets += targets
        self.owner += [owner] * len(ids)
