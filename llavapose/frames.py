"""Frames of a scene: which of them are shown, and how their times are told; standard library only."""

from dataclasses import replace
from typing import TypeVar

from llavapose.records import Question, Sample

TIME = "{time_s:.1f} s: "
"""What stands in front of a frame in a sample or question."""


def middle(num: int) -> int:
    """The number of the frame that stands for a scene of ``num`` frames."""
    return num // 2


def chosen(num: int, wanted: int) -> tuple[int, ...]:
    """Which of ``num`` frames are shown where ``wanted`` are asked for: evenly spread, the first and the last included.

    All where there are no more; the middle one where one is wanted.
    """
    if wanted >= num:
        return tuple(range(num))
    if wanted == 1:
        return (middle(num),)
    return tuple(round(place * (num - 1) / (wanted - 1)) for place in range(wanted))


def time_told(time_s: float) -> str:
    """The text in front of a frame: "0.4 s: "."""
    return TIME.format(time_s=time_s)


Asks = TypeVar("Asks", Sample, Question)


def with_frames(one: Asks, wanted: int | None) -> Asks:
    """A sample or question with ``wanted`` of its frames and their times; None: all. Without times, it stays.

    Args:
        one: its pictures are frames where it has times.
        wanted: at least 1.
    """
    if wanted is None or wanted >= len(one.times_s):
        return one
    places = chosen(len(one.times_s), wanted)
    images, times_s = tuple(one.images[at] for at in places), tuple(one.times_s[at] for at in places)
    if isinstance(one, Sample):
        return replace(one, images=images, times_s=times_s)
    further = tuple(replace(one.further[0], image=image) for image in images[1:])
    return replace(one, image=images[0], further=further, times_s=times_s)
