"""Where prefixes and branches lie in packed rows: read off the segments once a batch, not once a layer."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from llavapose.model.batch import GROUP, PADDING


@dataclass(frozen=True, kw_only=True)
class Group:
    """A prefix and the branches behind it, without a gap: the row's tokens from ``start`` to ``end``.

    Attributes:
        row: of the batch.
        start: the prefix's first token.
        cuts: where the prefix ends, then where each branch ends.
    """

    row: int
    start: int
    cuts: tuple[int, ...]

    @property
    def prefix_end(self) -> int:
        """Behind the prefix's last token."""
        return self.cuts[0]

    @property
    def end(self) -> int:
        """Behind the last branch's last token."""
        return self.cuts[-1]

    @property
    def branches(self) -> tuple[tuple[int, int], ...]:
        """(first token, behind the last) of every branch."""
        return tuple(pairwise(self.cuts))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The groups of packed rows, in reading order; what lies behind a row's last group is padding.

    Attributes:
        num_rows: R.
        width: T.
        groups: of all rows.
    """

    num_rows: int
    width: int
    groups: tuple[Group, ...]

    def of_row(self, row: int) -> tuple[Group, ...]:
        """The groups of one row."""
        return tuple(group for group in self.groups if group.row == row)

    def spans(self, row: int) -> list[int]:
        """Lengths of a row's prefixes and branches, and of the padding behind them: they add up to T."""
        ends = [end for group in self.of_row(row) for end in group.cuts]
        return [b - a for a, b in pairwise([0, *ends, self.width]) if b > a]


def layout_of(segments: Tensor) -> Layout:
    """The layout of rows, from segments int64[R, T] as ``model/batch.py`` has them.

    On a GPU this waits for the batch to arrive there, once.

    Raises:
        ValueError: segments that are not packed: a branch without its prefix, a segment in two places, a gap.
    """
    groups: list[Group] = []
    for row, line in enumerate(segments.cpu()):
        values, lengths = torch.unique_consecutive(line, return_counts=True)
        place, prefix, seen = 0, None, set()
        for value, length in zip(values.tolist(), lengths.tolist(), strict=True):
            start, place = place, place + length
            if value in seen or (PADDING in seen):
                raise ValueError(f"row {row}: segment {value} at token {start} lies behind padding or in two places")
            seen.add(value)
            if value == PADDING:
                continue
            if value % GROUP == 0:
                groups.append(Group(row=row, start=start, cuts=(place,)))
                prefix = value
            elif value - value % GROUP != prefix:
                raise ValueError(f"row {row}: segment {value} at token {start} is no branch of the prefix before it")
            else:
                groups[-1] = Group(row=row, start=groups[-1].start, cuts=(*groups[-1].cuts, place))
    return Layout(num_rows=segments.shape[0], width=segments.shape[1], groups=tuple(groups))
