"""What rows cost, and how the picture groups of a micro-batch are laid into them."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import Any

ATTENTION_TOKENS = 24_576
"""Row length at which attention costs as much as all matrix products: six times the hidden size of LLaVA-1.5-7B.

A layer multiplies a token with about 12 D^2 weights, and compares it with T others at 2 T D more; masked or not, for
the mask of packed rows is dense.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Samples that share a picture in one row.

    Attributes:
        samples: their indices.
        prefix: tokens in front of them.
        size: tokens, prefix included.
        pictured: whether they have a picture.
    """

    samples: tuple[int, ...]
    prefix: int
    size: int
    pictured: bool


def row_cost(num_tokens: Any) -> Any:
    """What rows cost to compute, in tokens of a row without attention; a length or an array of them."""
    return num_tokens * (1 + num_tokens / ATTENTION_TOKENS)


def laid(pieces: Sequence[Piece], row_tokens: int) -> tuple[float, list[list[Piece]]]:
    """Lay pieces into the number of rows that costs least; padding costs as much as tokens.

    Few long rows have little padding, many short ones little attention.

    Args:
        pieces: of one micro-batch; none is longer than a row.
        row_tokens: most tokens of a row; 0 sets no limit.

    Returns:
        The cost, as ``row_cost`` counts, and the rows.
    """
    ordered = sorted(pieces, key=lambda piece: -piece.size)
    best: tuple[float, list[list[Piece]]] | None = None
    total, longest = sum(piece.size for piece in ordered), ordered[0].size
    for number in range(1, len(ordered) + 1):
        # Even without any padding the longest row would be longer than a row may be.
        if row_tokens and -(-total // number) > row_tokens and number < len(ordered):
            continue
        # Even without any padding, and no row shorter than the longest piece, it would cost more.
        if best is not None and number * row_cost(max(longest, -(-total // number))) >= best[0]:
            continue
        rows, width = _levelled(ordered, number)
        cost = number * row_cost(width)
        fits = not row_tokens or width <= row_tokens or number == len(ordered)
        if fits and (best is None or cost < best[0]):
            best = cost, rows
    assert best is not None
    return best


def _levelled(ordered: Sequence[Piece], number: int) -> tuple[list[list[Piece]], int]:
    """The longest first, each into the row that is shortest by then; and the longest row's length."""
    rows: list[list[Piece]] = [[] for _ in range(number)]
    sizes = [(0, place) for place in range(number)]  # a heap: the shortest, and of equal ones the first, in front
    for piece in ordered:
        size, place = sizes[0]
        rows[place].append(piece)
        heapreplace(sizes, (size + piece.size, place))
    return rows, max(sizes)[0]
