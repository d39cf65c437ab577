"""A step's picture groups, dealt to micro-batches so that no rank waits long for another."""

from collections.abc import Sequence
from heapq import heapreplace

from llavapose.data.plan.rows import Piece

MAX_CHANGES = 12
"""Exchanges tried in a micro-step; most end after two or three."""


def deal_level(
    pieces: Sequence[Piece], waiting: list[Piece], num_tokens: Sequence[int], *, accumulate: int, num_ranks: int
) -> list[list[Piece]]:
    """Micro-batches of one step in the order micro-step, rank; none is empty.

    Ranks meet at the end of every micro-step, so that those of one micro-step are made alike; a picture is cut in two,
    and encoded twice, only where the ranks gain more than that costs. What is then left of a difference is taken off by
    waiting pieces of as many samples.

    Args:
        pieces: the step's picture groups.
        waiting: pieces of later steps, changed in place where one changes places with one of this step.
        num_tokens: tokens of every sample behind its picture.
        accumulate: micro-steps.
        num_ranks: micro-batches of each.
    """
    bins = _spread(_enough(pieces, num_tokens, accumulate * num_ranks), accumulate * num_ranks)
    bins.sort(key=_size, reverse=True)
    for start in range(0, len(bins), num_ranks):
        places = range(start, start + num_ranks)
        _level(bins, places, num_tokens)
        _refine(bins, places, waiting)
    _shown(bins)
    return bins


def _size(pieces: Sequence[Piece]) -> int:
    return sum(piece.size for piece in pieces)


def _enough(pieces: Sequence[Piece], num_tokens: Sequence[int], number: int) -> list[Piece]:
    """At least ``number`` pieces: those with most samples are cut in two until there are."""
    found = list(pieces)
    while len(found) < number:
        largest = max(found, key=lambda piece: len(piece.samples))
        found.remove(largest)
        half = len(largest.samples) // 2
        found += [part_of(largest, part, num_tokens) for part in (largest.samples[:half], largest.samples[half:])]
    return found


def _spread(pieces: Sequence[Piece], number: int) -> list[list[Piece]]:
    """The longest first, each into the micro-batch that is shortest by then; pictures before what has none."""
    bins: list[list[Piece]] = [[] for _ in range(number)]
    sizes = [(0, place) for place in range(number)]  # a heap: the shortest, and of equal ones the first, in front
    for piece in sorted(pieces, key=lambda piece: (not piece.pictured, -piece.size)):
        size, place = sizes[0]
        bins[place].append(piece)
        heapreplace(sizes, (size + piece.size, place))
    return bins


def _level(bins: list[list[Piece]], places: range, num_tokens: Sequence[int]) -> None:
    """Make the micro-batches of one micro-step alike, in place: a piece, two pieces or samples change places."""
    if len(places) < 2:
        return
    for _ in range(MAX_CHANGES):
        high, low = max(places, key=lambda at: _size(bins[at])), min(places, key=lambda at: _size(bins[at]))
        changed = _exchanged(bins[high], bins[low], num_tokens)
        if changed is None:
            return
        bins[high], bins[low] = changed


def _exchanged(
    high: list[Piece], low: list[Piece], num_tokens: Sequence[int]
) -> tuple[list[Piece], list[Piece]] | None:
    """The best change of a long and a short micro-batch, or None where none makes the longer one shorter.

    An only picture is exchanged for another, and never given away.
    """
    above, below = _size(high), _size(low)
    spare, missing = (sum(piece.pictured for piece in pieces) - 1 for pieces in (high, low))
    best, change = above, None
    for given in high:
        for taken in (None, *low):
            moved = given.size - (taken.size if taken else 0)
            longer = max(above - moved, below + moved)
            pictures = given.pictured - (taken.pictured if taken else False)
            bare = pictures > max(0, spare) or -pictures > max(0, missing)
            # Without a piece left the rank would have nothing to compute.
            if longer < best and not bare and (taken or len(high) > 1):
                best, change = longer, (given, taken)
    cut = max((piece for piece in high if len(piece.samples) > 1), key=lambda piece: piece.size, default=None)
    if cut is not None:
        kept, moved = _cut(cut, (above - below - cut.prefix) // 2, num_tokens)
        if moved and max(above - cut.size + kept.size, below + moved.size) < best:
            return [*_without(high, cut), kept], [*low, moved]
    if change is None:
        return None
    given, taken = change
    return [*_without(high, given), *([taken] if taken else [])], [*(_without(low, taken) if taken else low), given]


def _refine(bins: list[list[Piece]], places: range, waiting: list[Piece]) -> None:
    """Level what is left of a difference, in place, by pieces of later steps with as many samples.

    Longer ones for the short, shorter ones for the long micro-batch, whichever comes closest: neither long nor short
    pieces are kept waiting.
    """
    for _ in range(len(places) - 1):
        sizes = {at: _size(bins[at]) for at in places}
        high, low = max(places, key=sizes.__getitem__), min(places, key=sizes.__getitem__)
        difference = sizes[high] - sizes[low]
        closest, change = difference // 2, None
        for at, wanted in ((high, -difference), (low, difference)):
            for place, piece in enumerate(bins[at]):
                number, size = len(piece.samples), piece.size + wanted
                for other, spare in enumerate(waiting):
                    distance = abs(spare.size - size)
                    if distance < closest and len(spare.samples) == number and spare.pictured == piece.pictured:
                        closest, change = distance, (at, place, other)
        if change is None:
            return
        at, place, other = change
        bins[at][place], waiting[other] = waiting[other], bins[at][place]


def _shown(bins: list[list[Piece]]) -> None:
    """Give a micro-batch without a picture one of another's two, in place.

    So it is where a part of a picture, there being fewer than micro-batches, was exchanged for a picture more.
    """
    for bare in (pieces for pieces in bins if not any(piece.pictured for piece in pieces)):
        rich = max(bins, key=lambda pieces: sum(piece.pictured for piece in pieces))
        pictures = [piece for piece in rich if piece.pictured]
        if len(pictures) < 2:
            return
        given = min(pictures, key=lambda piece: piece.size)
        rich[:] = _without(rich, given)
        bare.append(given)


def _without(pieces: Sequence[Piece], left_out: Piece) -> list[Piece]:
    return [piece for piece in pieces if piece is not left_out]


def _cut(piece: Piece, wanted: int, num_tokens: Sequence[int]) -> tuple[Piece, Piece | None]:
    """Cut a piece in two, so that about ``wanted`` tokens of samples go into the second; None where none fits."""
    moved, room = [], wanted
    for index in sorted(piece.samples, key=lambda index: -num_tokens[index]):
        if num_tokens[index] <= room and len(moved) < len(piece.samples) - 1:
            moved.append(index)
            room -= num_tokens[index]
    if not moved:
        return piece, None
    kept = tuple(index for index in piece.samples if index not in moved)
    return part_of(piece, kept, num_tokens), part_of(piece, tuple(moved), num_tokens)


def part_of(piece: Piece, samples: tuple[int, ...], num_tokens: Sequence[int]) -> Piece:
    """Some of a piece's samples, behind their own copy of its prefix."""
    size = piece.prefix + sum(num_tokens[index] for index in samples)
    return Piece(samples=samples, prefix=piece.prefix, size=size, pictured=piece.pictured)
