"""When things happen in a clip, so that played backwards the middle frame is the same to look at."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llavapose.frames import middle

Span = tuple[float, float]
"""From when to when, in seconds since the first frame."""

CLIP_S = 3.0
"""Seconds from a clip's first frame to its last: time to sit down, or to wave three times."""

APART_S, TOGETHER_S = 0.5, 0.1
"""Motions begin clearly one after the other from the first on, and at the same time up to the second: none between."""

GIVEN = 0.25
"""How much faster or slower than alone somebody may move to begin and end with others."""

TRIES = 60
"""Spans drawn for a clip in which people begin apart; two long motions may not fit."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When a clip's frames are."""

    num_frames: int

    @property
    def times_s(self) -> tuple[float, ...]:
        """Seconds since the first frame, evenly apart."""
        return tuple(round(CLIP_S * number / (self.num_frames - 1), 3) for number in range(self.num_frames))

    @property
    def middle_s(self) -> float:
        """Of the frame that stands for the clip."""
        return self.times_s[middle(self.num_frames)]


def spans(rng: random.Random, clock: Clock, seconds: Sequence[Span], apart: bool | None) -> list[Span] | None:
    """When each motion takes place; None where there was no place for all of them.

    Centres lie as often before the middle frame as behind it, as far: going one way is going the other way backwards.

    Args:
        rng: the clip's.
        clock: the clip's.
        seconds: how long each motion takes, at least and at most.
        apart: whether they begin and end clearly one after the other, or together.
    """
    # As far as the clip goes on both sides of its middle frame, less a still frame's time.
    room = min(clock.middle_s, CLIP_S - clock.middle_s) - 0.05
    if apart is False:
        return _together(rng, clock, seconds, room)
    for _ in range(TRIES):
        lasting = [min(rng.uniform(*one), 2 * room) for one in seconds]
        found = [_span(_centre(rng, clock, one, room), one) for one in lasting]
        if apart is None or _apart(found):
            return found
    return None


def _together(rng: random.Random, clock: Clock, seconds: Sequence[Span], room: float) -> list[Span] | None:
    """All equally long, or begins or ends would differ; some then move a little faster or slower than alone."""
    least = max(one[0] for one in seconds) * (1 - GIVEN)
    most = min(min(one[1] for one in seconds) * (1 + GIVEN), 2 * room)
    if least > most:
        return None
    lasting = rng.uniform(least, most)
    centre = _centre(rng, clock, lasting + TOGETHER_S, room)
    return [_span(centre + rng.uniform(-TOGETHER_S, TOGETHER_S) / 2, lasting) for _ in seconds]


def _centre(rng: random.Random, clock: Clock, lasting: float, room: float) -> float:
    free = room - lasting / 2
    return clock.middle_s + rng.uniform(-free, free)


def _span(centre: float, lasting: float) -> Span:
    return max(0.0, round(centre - lasting / 2, 3)), min(CLIP_S, round(centre + lasting / 2, 3))


def _apart(found: Sequence[Span]) -> bool:
    """By their begins and by their ends, which are the begins of the clip played backwards."""
    ordered = sorted(found)
    return all(b[0] - a[0] >= APART_S and b[1] - a[1] >= APART_S for a, b in pairwise(ordered))
