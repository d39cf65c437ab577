"""States of single frames -> states that are held, and what changes between them.

A frame's state is a word where it is clear, "" where the joints are there and leave it open, None where they are not
labelled. All that is here reads the same forwards and backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llavapose.pose.motion.tracks import Track
from llavapose.pose.thresholds import TRACK


@dataclass(frozen=True, kw_only=True)
class Held:
    """A state that is held: ``first`` and ``last`` are the frames that begin and end it, ``num`` show it."""

    state: str
    first: int
    last: int
    num: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """What one thing does over time.

    Attributes:
        held: neighbours differ; empty where no state is held.
        certain: nothing between the first and the last was left out as a slip, unlabelled, or unseen for too long.
    """

    held: tuple[Held, ...]
    certain: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The states in order."""
        return tuple(one.state for one in self.held)

    @property
    def span(self) -> tuple[int, int]:
        """From the last frame of the first state to the first frame of the last: when it changes."""
        return self.held[0].last, self.held[-1].first

    @property
    def changes(self) -> int:
        """How often the state changes."""
        return max(0, len(self.held) - 1)


def course(track: Track, states: Sequence[str | None], *, sided: bool = True) -> Course:
    """The states that are held, in order.

    A state counts where ``TRACK.num_held_frames`` show it with no other between, or one at either end of what is
    labelled.

    Args:
        track: whose frames they are.
        states: one a frame.
        sided: whether it matters that left and right may be exchanged.
    """
    runs = _merged([Held(state=state, first=i, last=i, num=1) for i, state in enumerate(states) if state])
    labelled = [number for number, state in enumerate(states) if state is not None]
    kept = [
        run
        for run in runs
        if run.num >= TRACK.num_held_frames or run.first == labelled[0] or run.last == labelled[-1]
    ]  # fmt: skip
    held = tuple(_merged(kept))
    if not held:
        return Course(held=(), certain=False)
    span, whole = (held[0].last, held[-1].first), (held[0].first, held[-1].last)
    certain = len(kept) == len(runs) and not any(_jumps(a, b, labelled) for a, b in pairwise(held))
    return Course(held=held, certain=certain and unbroken(track, states, span, whole, sided=sided))


def _jumps(a: Held, b: Held, labelled: Sequence[int]) -> bool:
    """Whether a state of one frame, at an end, meets the other in the very next one: rather a slip than a motion."""
    return min(a.num, b.num) < TRACK.num_held_frames and not any(a.last < number < b.first for number in labelled)


def unbroken(
    track: Track, readings: Sequence[object], span: tuple[int, int], whole: tuple[int, int], *, sided: bool = True
) -> bool:
    """Whether nothing can have happened between the readings of frames.

    Args:
        track: whose frames they are.
        readings: one a frame; None where there is none.
        span: frames between which none may be missing: something changes there.
        whole: frames between which they follow each other closely enough.
        sided: whether left and right may not be exchanged there.
    """
    there = [number for number, one in enumerate(readings) if one is not None and whole[0] <= number <= whole[1]]
    times = [track.times_s[number] for number in there]
    close = all(round(later - earlier, 3) <= TRACK.gap_s for earlier, later in pairwise(times))
    swapped = sided and any(whole[0] < swap <= whole[1] for swap in track.swaps)
    return close and not swapped and all(one is not None for one in readings[span[0] : span[1] + 1])


def _merged(runs: Sequence[Held]) -> list[Held]:
    merged: list[Held] = []
    for run in runs:
        if merged and merged[-1].state == run.state:
            one = merged.pop()
            run = Held(state=run.state, first=one.first, last=run.last, num=one.num + run.num)
        merged.append(run)
    return merged
