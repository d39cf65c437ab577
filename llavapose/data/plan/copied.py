"""Rows of a micro-batch in which every sample has a copy of its picture: several samples a row, or one."""

from collections.abc import Sequence

from llavapose.config.choices import Packing
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.rows import Piece, laid


def sizes_alone(lengths: Lengths, settings: PlanSettings) -> list[int]:
    """Tokens of each sample with a prefix of its own, in the order of the samples."""
    return (lengths.num_tokens + lengths.prefixes(settings)).tolist()


def copied(batch: Sequence[int], sizes: Sequence[int], settings: PlanSettings) -> list[list[list[int]]]:
    """The rows of a micro-batch's samples, each a group of its own.

    Args:
        batch: sample indices.
        sizes: of every sample, from ``sizes_alone``.
        settings: with ``samples``, the number of rows that costs least, none above ``row_tokens``; with ``none``, a
            row each, in the order given.
    """
    if settings.packing is Packing.none:
        return [[[index]] for index in batch]
    # Who has a picture and how long prefixes are is in the sizes already.
    pieces = [Piece(samples=(index,), prefix=0, size=sizes[index], pictured=True) for index in batch]
    return [[list(piece.samples) for piece in row] for row in laid(pieces, settings.row_tokens)[1]]


def longest_first(samples: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """A step's samples sorted by length: cut in this order, micro-batches have little padding."""
    return sorted(samples, key=lambda index: -sizes[index])
