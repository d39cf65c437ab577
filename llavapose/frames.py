"""Frames of a scene: which of them are shown, and how their times are told; standard library only."""

from dataclasses import replace

from llavapose.records import Sample

TIME = "{time_s:.1f} s: "
"""What stands in front of a frame in a sample or question."""

MOST_FRAMES = 16
"""Frames of a clip that a page shows at most, evenly from the first to the last: those of three seconds of video in the
built-in world, more than which nobody tells apart in a strip."""


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


def with_frames(sample: Sample, wanted: int | None) -> Sample:
    """The sample with ``wanted`` of its frames and their times; None: all. One without times stays as it is."""
    if wanted is None or wanted >= len(sample.times_s):
        return sample
    places = chosen(len(sample.times_s), wanted)
    images, times_s = (tuple(one[place] for place in places) for one in (sample.images, sample.times_s))
    return replace(sample, images=images, times_s=times_s)
