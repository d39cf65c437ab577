"""Sampler ``balanced``: pictures in a seeded order, in steps of exactly B samples that all ranks compute alike.

Who is in a step is decided by the order, and by samples being countable; never by length. Length decides who computes
what within the step, which changes no loss that is averaged over the whole step.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from llavapose.config.choices import Packing
from llavapose.data.plan.copied import copied, longest_first, sizes_alone
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from llavapose.data.plan.levels import deal_level, part_of
from llavapose.data.plan.rows import Piece, laid
from llavapose.data.plan.shared import chunks, split

LOOK_AHEAD = 48
"""Pictures that a step is chosen from: with so many, hardly one has to be cut to fill a step exactly."""


def deal(lengths: Lengths, settings: PlanSettings, epoch: int) -> Iterator[list[list[list[int]]]]:
    """Rows of each micro-batch, in the order step, micro-step, rank."""
    num_tokens, sizes = lengths.num_tokens.tolist(), sizes_alone(lengths, settings)
    waiting = deque(_pieces(lengths, settings, epoch))
    left = len(lengths)
    for _ in range(num_steps(len(lengths), settings)):
        wanted = min(left, settings.global_batch)
        left -= wanted
        step = take(waiting, wanted, num_tokens)
        if settings.packing is Packing.none:
            samples = [index for piece in step for index in piece.samples]
            yield from _in_turn(longest_first(samples, sizes), sizes, settings)
            continue
        if settings.packing is Packing.samples:
            step = [part_of(piece, (index,), num_tokens) for piece in step for index in piece.samples]
        near = [waiting.popleft() for _ in range(min(LOOK_AHEAD, len(waiting)))]
        dealt = deal_level(step, near, num_tokens, accumulate=settings.accumulate, num_ranks=settings.num_ranks)
        waiting.extendleft(reversed(near))
        for batch in dealt:
            _, rows = laid(batch, settings.row_tokens)
            yield [[list(piece.samples) for piece in row] for row in rows]


def _in_turn(ordered: list[int], sizes: list[int], settings: PlanSettings) -> Iterator[list[list[list[int]]]]:
    """A step without packing, sorted: neighbours in length are dealt to the ranks in turn, so that they pad alike."""
    for micro in split(ordered, settings.accumulate):
        for rank in range(settings.num_ranks):
            yield copied(micro[rank :: settings.num_ranks], sizes, settings)


def take(waiting: deque[Piece], wanted: int, num_tokens: list[int]) -> list[Piece]:
    """Take pieces of ``wanted`` samples together from the front of those waiting.

    The first in order that fill the step exactly, within the look-ahead; where there are none, the last is cut.
    """
    window = list(islice(waiting, LOOK_AHEAD))
    # reached[i]: bit n says that some of the pieces from i on hold n samples together.
    reached = [1] * (len(window) + 1)
    for place in range(len(window) - 1, -1, -1):
        reached[place] = reached[place + 1] | reached[place + 1] << len(window[place].samples)
    exact = reached[0] >> wanted & 1
    taken: list[Piece] = []
    passed: list[Piece] = []
    while wanted:
        piece = waiting.popleft()
        room = wanted - len(piece.samples)
        behind = len(taken) + len(passed) + 1
        if exact and not (room >= 0 and reached[behind] >> room & 1):
            passed.append(piece)
            continue
        if room < 0:
            passed.append(part_of(piece, piece.samples[wanted:], num_tokens))
            piece, room = part_of(piece, piece.samples[:wanted], num_tokens), 0
        taken.append(piece)
        wanted = room
    waiting.extendleft(reversed(passed))
    return taken


def _pieces(lengths: Lengths, settings: PlanSettings, epoch: int) -> Iterator[Piece]:
    num_tokens, image = lengths.num_tokens.tolist(), lengths.image.tolist()
    prefixes = lengths.prefixes(settings).tolist()
    for chunk in chunks(lengths, settings, epoch):
        pictured, prefix = image[chunk[0]] >= 0, prefixes[chunk[0]]
        size = prefix + sum(num_tokens[index] for index in chunk)
        yield Piece(samples=tuple(chunk), prefix=prefix, size=size, pictured=pictured)
