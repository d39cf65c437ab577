"""Moving in the picture, and coming nearer or going away: whole paths, against what everybody else does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from llavapose.pose.geometry import SEGMENTS
from llavapose.pose.motion.limbs import Moved
from llavapose.pose.motion.tracks import Track
from llavapose.pose.thresholds import PATH, TRACK


@dataclass(frozen=True, kw_only=True)
class Path:
    """A number over time that goes from one level to another.

    Attributes:
        net: the last level less the first.
        straight: whether it leaves neither level, nor turns back on its way, by more than a share of ``net``; nor is
            unlabelled for too long.
        span: the last frame at the first level, the first frame at the last.
    """

    net: float
    straight: bool
    span: tuple[int, int]


def shift(track: Track, others: Sequence[Track]) -> Moved | None:
    """Somebody who moves to the left or right of the picture, and takes the feet along."""
    path = _path(track, _places(track))
    if path is None:
        return None
    unit = median(pose.unit for pose in track.poses if pose)
    far = min(abs(path.net) / (PATH.shift_rel * track.size_px[0]), abs(path.net) / (PATH.shift_torsos * unit))
    if far < PATH.hint_share:
        return None
    feet = _path(track, _middles(track, "ankle"))
    if feet and not _alike(feet.net, path.net):
        return None
    sure = far >= 1 and path.straight and not _everybody(path, [_path(one, _places(one)) for one in others])
    return Moved(kind="shift", value="image right" if path.net > 0 else "image left", sure=sure, span=path.span,
                 measure=round(path.net / track.size_px[0], 2))  # fmt: skip


def approach(track: Track, others: Sequence[Track]) -> Moved | None:
    """Somebody who comes nearer or goes away, by how large the body becomes."""
    path = _path(track, _sizes(track))
    if path is None:
        return None
    far = abs(path.net) / math.log(PATH.approach_share)
    if far < PATH.hint_share:
        return None
    # The longest segments tell how large a body is; all of them together are less moved by any one joint.
    whole = _path(track, _lengths(track))
    grows = whole is not None and whole.net * path.net > 0 and abs(whole.net) >= math.log(PATH.whole_share)
    sure = far >= 1 and path.straight and grows
    sure = sure and not _everybody(path, [_path(one, _sizes(one)) for one in others])
    return Moved(kind="approach", value="nearer" if path.net > 0 else "away", sure=sure, span=path.span,
                 measure=round(math.exp(path.net), 2))  # fmt: skip


def _places(track: Track) -> dict[int, float]:
    """Where a body is, in pixels from the left: its hips, or its shoulders where those are labelled oftener."""
    return max((_middles(track, "hip"), _middles(track, "shoulder")), key=len)


def _middles(track: Track, joint: str) -> dict[int, float]:
    found = ((number, pose.mid(joint)) for number, pose in enumerate(track.poses) if pose)
    return {number: point[0] for number, point in found if point}


def _sizes(track: Track) -> dict[int, float]:
    """The logarithm of the body's length."""
    return {number: math.log(pose.unit) for number, pose in enumerate(track.poses) if pose}


def _lengths(track: Track) -> dict[int, float]:
    """The logarithm of the length of all segments that are labelled in every frame, taken together."""
    poses = {number: pose for number, pose in enumerate(track.poses) if pose}
    always = [(a, b) for a, b, _ in SEGMENTS if all(pose.has(a, b) for pose in poses.values())]
    totals = {
        number: math.fsum(math.dist(pose.points[a], pose.points[b]) for a, b in always)
        for number, pose in poses.items()
    }  # fmt: skip
    return {number: math.log(total) for number, total in totals.items() if total > 0}


def _path(track: Track, values: dict[int, float]) -> Path | None:
    """The path of a value by frame; None of fewer frames than a path needs."""
    if len(values) < PATH.num_least_frames:
        return None
    frames, told = list(values), list(values.values())
    num = min(PATH.num_level_frames, len(told) // 2)
    first, last = median(told[:num]), median(told[-num:])
    net = last - first
    slack, sign = PATH.between_share * abs(net), 1 if net > 0 else -1
    way = [sign * (value - first) for value in told]
    back = max(earlier - later for i, earlier in enumerate(way) for later in way[i:])
    at_first = [frame for frame, gone in zip(frames, way, strict=True) if gone <= slack]
    at_last = [frame for frame, gone in zip(frames, way, strict=True) if gone >= abs(net) - slack]
    followed = all(round(track.times_s[b] - track.times_s[a], 3) <= TRACK.gap_s for a, b in pairwise(frames))
    return Path(net=net, straight=back <= slack and followed, span=(max(at_first), min(at_last)))


def _alike(one: float, other: float) -> bool:
    return one * other > 0 and abs(one) >= PATH.alike_share * abs(other)


def _everybody(path: Path, others: Sequence[Path | None]) -> bool:
    """Whether everybody else whose path is known goes the same way: then it is the camera."""
    known = [one for one in others if one]
    return bool(known) and all(_alike(one.net, path.net) for one in known)
