"""A number over time -> the swings that it makes: how often it goes and comes back, whatever its levels are.

The same forwards and backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llavapose.pose.motion.states import unbroken
from llavapose.pose.motion.tracks import Track
from llavapose.pose.thresholds import SWING


@dataclass(frozen=True, kw_only=True)
class Swings:
    """The way of a number, without what is small against all of it.

    Attributes:
        points: frames where it begins, turns and ends.
        values: the number at these.
        span: the last frame that is as the first point, and the first frame that is as the last.
        large_ways: how often it goes from one end to the other, if only what is surely large is counted.
        certain: nothing on the way is unlabelled, frames follow each other so fast that no way there and back is
            missed, and no swing is neither large nor small; nor is a turning point one frame between two that lie at
            the other end: a slip.
    """

    points: tuple[int, ...]
    values: tuple[float, ...]
    span: tuple[int, int]
    large_ways: int
    certain: bool

    @property
    def ways(self) -> int:
        """How often it goes from one end to the other."""
        return max(0, len(self.points) - 1)

    @property
    def range(self) -> float:
        """From the lowest to the highest value."""
        return max(self.values) - min(self.values)


def swings(track: Track, numbers: Sequence[float | None], *, sided: bool = True) -> Swings | None:
    """The swings of a number by frame; None where it is nowhere known."""
    known = [(frame, value) for frame, value in enumerate(numbers) if value is not None]
    if not known:
        return None
    values = [value for _, value in known]
    size = max(values) - min(values)
    turns = _turns(known, SWING.least_share * size)
    large = _turns(known, SWING.sure_share * size)
    span = _span(known, turns, SWING.level_share * size)
    sharp = any(_sharp(known, turn, SWING.level_share * size, size) for turn in turns[1:-1])
    followed = _fast(track, known) and unbroken(track, numbers, span, (known[0][0], known[-1][0]), sided=sided)
    return Swings(points=tuple(frame for frame, _ in turns), values=tuple(value for _, value in turns), span=span,
                  large_ways=len(large) - 1, certain=len(large) == len(turns) and not sharp and followed)  # fmt: skip


_Known = Sequence[tuple[int, float]]


def _turns(known: _Known, least: float) -> list[tuple[int, float]]:
    """Where the number begins, turns and ends, after the smallest ways are taken out until all are ``least`` long."""
    moved = [one for place, one in enumerate(known) if place == 0 or one[1] != known[place - 1][1]]
    turns = [
        one
        for place, one in enumerate(moved)
        if place in (0, len(moved) - 1) or (one[1] - moved[place - 1][1]) * (moved[place + 1][1] - one[1]) < 0
    ]
    while len(turns) > 1:
        ways = [abs(b - a) for (_, a), (_, b) in pairwise(turns)]
        shortest = min(range(len(ways)), key=ways.__getitem__)
        if ways[shortest] >= least and ways[shortest] > 0:
            break
        if shortest == 0:
            del turns[0]
        elif shortest == len(ways) - 1:
            del turns[-1]
        else:
            del turns[shortest : shortest + 2]
    return turns


def _span(known: _Known, turns: _Known, slack: float) -> tuple[int, int]:
    """The last frame at the first level before the number turns, the first at the last level behind its last turn."""
    if len(turns) < 2:
        return known[0][0], known[-1][0]
    early = [frame for frame, value in known if frame < turns[1][0] and abs(value - turns[0][1]) <= slack]
    late = [frame for frame, value in known if frame > turns[-2][0] and abs(value - turns[-1][1]) <= slack]
    return max(early), min(late)


def _fast(track: Track, known: _Known) -> bool:
    """Whether no two frames are so far apart that somebody can go there and back between them."""
    times = [track.times_s[frame] for frame, _ in known]
    return all(round(later - earlier, 3) <= SWING.step_s for earlier, later in pairwise(times))


def _sharp(known: _Known, turn: tuple[int, float], slack: float, size: float) -> bool:
    """Whether a turning point is one frame, with the one before and the one behind at the other end."""
    place = known.index(turn)
    near = [value for _, value in known[max(0, place - 1) : place + 2]]
    return sum(abs(value - turn[1]) >= size - slack for value in near) == 2
