"""A video as its labelled frames in order, the same whatever file they came from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from llavapose.errors import DataError, named
from llavapose.files import inside
from llavapose.records import Scene

MOST_S = 1e6
"""Seconds from a video's begin, eleven days; what lies beyond is a time of day or a slip."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One labelled frame: a picture that stands alone, whose people's ``id`` is their track's, and when it was."""

    still: Scene
    time_s: float


@dataclass(frozen=True, kw_only=True)
class Video:
    """Labelled frames of one video, in order of time; ``name`` is unique in its set."""

    name: str
    moments: tuple[Moment, ...]


def ordered(name: str, moments: Iterable[Moment], *, where: str) -> Video:
    """A video of frames in any order.

    Raises:
        DataError: two frames of one time, or a time that is none.
    """
    found = sorted(moments, key=lambda one: one.time_s)
    for one in found:
        if not abs(one.time_s) <= MOST_S:
            raise DataError(
                f"{where}: {named(one.still.image)} is at {one.time_s} s; expected seconds of the video, at most "
                f"{MOST_S:,.0f}"
            )
    for first, second in pairwise(found):
        if second.time_s <= first.time_s:
            raise DataError(
                f"{where}: {named(first.still.image)} and {named(second.still.image)} of video {named(name)} are both "
                f"at {first.time_s:g} s; frames of a video must have times of their own: `frame` or `time_s`"
            )
    return Video(name=name, moments=tuple(found))


def must_be_there(scenes: Sequence[Scene], images: Path, *, where: str) -> None:
    """Prove that every frame has its picture.

    Raises:
        DataError: pictures that are missing, with their number and the first of them.
    """
    names = list(dict.fromkeys(frame.image for scene in scenes for frame in scene.frames))
    missing = [name for name in names if not inside(images, name, where=where).is_file()]
    if missing:
        raise DataError(
            f"{where}: {len(missing)} of {len(names)} frames have no picture in {images}, the first is "
            f"{named(missing[0])}; unpack the pictures there, or say where they are by scenes.*.images"
        )


def summed(notes: Iterable[str]) -> tuple[str, ...]:
    """Notes of several files as of one: those that count the same are added up."""
    counted: Counter[str] = Counter()
    others: dict[str, None] = {}
    for note in notes:
        number, _, what = note.partition(" ")
        if number.isdecimal():
            counted[what] += int(number)
        else:
            others[note] = None
    return (*others, *(f"{number} {what}" for what, number in counted.items()))
