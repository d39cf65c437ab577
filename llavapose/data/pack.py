"""Samples of a micro-batch to one packed Batch: prefixes, branches, positions, targets. Shapes: ``model/batch.py``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from llavapose.data.conversation import Branch
from llavapose.data.reading.joining import PIXELS, join_inputs
from llavapose.data.reading.shown import Shown
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch


def pack(
    rows: Sequence[Sequence[Sequence[int]]],
    branches: Sequence[Branch],
    shown: Sequence[Shown | None],
    *,
    text_prefix: Sequence[int],
    step_weight: float,
    blank: Callable[[], Shown],
    pad_id: int = 0,
) -> Batch:
    """Pack rows of picture groups.

    A batch without any picture gets one more row, a blank picture and nothing supervised: where weights are cut up over
    ranks, one that leaves the vision encoder out lets the others wait for ever.

    Args:
        rows: rows -> picture groups -> sample indices.
        branches: every sample of the data set, by index.
        shown: the pictures of every group, in reading order; None where it has none.
        text_prefix: ids in front of a sample without a picture.
        step_weight: what the batch's summed loss is divided by.
        blank: gives the picture of a batch that has none.
        pad_id: id that fills rows up; never attended, never supervised.
    """
    seen = iter(shown)
    parts: list[_Row] = []
    given: list[Shown] = []
    places: list[tuple[int, int]] = []
    text = Shown(ids=tuple(text_prefix), inputs={}, next_position=len(text_prefix))
    for groups in rows:
        row = _Row()
        for number, group in enumerate(groups):
            pictures = next(seen)
            row.add(text if pictures is None else pictures, group, branches, number=number)
            if pictures is not None:
                given.append(pictures)
                places.append((len(parts), number))
        parts.append(row)
    if not given:
        given, places = [blank()], [(len(parts), 0)]
        parts.append(_Row())
        parts[-1].add(given[0], (), branches, number=0)
    inputs, taken = join_inputs(given)
    return Batch(
        input_ids=_table([row.ids for row in parts], pad_id),
        positions=_table([row.positions for row in parts], 0),
        segments=_table([row.segments for row in parts], PADDING),
        targets=_table([row.targets for row in parts], IGNORE),
        sample_index=_table([row.owner for row in parts], -1),
        pixel_values=inputs.pop(PIXELS),  # [P, 3, H, W] of a LLaVA
        picture_groups=torch.tensor(places),  # [P, 2]
        num_samples=sum(len(group) for row in rows for group in row),
        step_weight=step_weight,
        beside=inputs,
        picture_rows=taken,
        rope=_rope(parts) if given[0].rope is not None else None,
        blocks=_table([row.blocks for row in parts], -1) if given[0].blocks is not None else None,
    )


def _table(columns: Sequence[Sequence[int]], fill: int) -> Tensor:
    """int64[R, T], no further than the longest row: attention costs the square of the width."""
    width = max(map(len, columns))
    return torch.tensor([[*column, *[fill] * (width - len(column))] for column in columns])


def _rope(rows: Sequence["_Row"]) -> Tensor:
    """int64[3, R, T]."""
    columns = [torch.cat(row.rope, dim=1) for row in rows]
    width = max(column.shape[1] for column in columns)
    return torch.stack([torch.nn.functional.pad(column, (0, width - column.shape[1])) for column in columns], dim=1)


@dataclass(kw_only=True)
class _Row:
    """The columns of one row as it grows."""

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    rope: list[Tensor] = field(default_factory=list)

    def add(self, prefix: Shown, group: Sequence[int], branches: Sequence[Branch], *, number: int) -> None:
        """Add a prefix and the samples behind it, as the row's group ``number``."""
        start = len(prefix.ids)
        # The prefix is nobody's sample and is never supervised; its image tokens would have no id to predict.
        self._append(list(prefix.ids), range(start), number * GROUP, [IGNORE] * start, -1)
        self.blocks += [-1] * start if prefix.blocks is None else prefix.blocks.tolist()
        self.rope.append(_in_line(0, start) if prefix.rope is None else prefix.rope)
        # Branches count from 1, for 0 is the prefix.
        for place, index in enumerate(group, 1):
            ids, supervised = list(branches[index].ids), branches[index].supervised
            # Position t predicts t + 1 of the same branch; a branch's last token predicts nothing.
            nexts = zip(ids[1:], supervised[1:], strict=True)
            targets = [token if learnt else IGNORE for token, learnt in nexts] + [IGNORE]
            # Every branch begins where the prefix ends, as it would standing alone.
            self._append(ids, range(start, start + len(ids)), number * GROUP + place, targets, index)
            self.blocks += [-1] * len(ids)
            self.rope.append(_in_line(prefix.next_position, len(ids)))

    def _append(self, ids: list[int], positions: range, segment: int, targets: list[int], owner: int) -> None:
        self.ids += ids
        self.positions += positions
        self.segments += [segment] * len(ids)
        self.targets += targets
        self.owner += [owner] * len(ids)


def _in_line(first: int, num: int) -> Tensor:
    """int64[3, num]: one after the other in time, rows and columns alike."""
    return torch.arange(first, first + num).expand(3, -1)
