"""A person through the frames of a scene: poses in pixels, body lengths that hold still, sides that are exchanged."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from llavapose.pose.geometry import Pose, pose_of
from llavapose.pose.skeleton import skeleton_named
from llavapose.pose.thresholds import TRACK
from llavapose.records import Scene

_LIMBS = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))


@dataclass(frozen=True, kw_only=True)
class Track:
    """One person over time.

    Attributes:
        person: index into ``Scene.people``.
        times_s: of all frames, ascending.
        poses: one a frame, in pixels; None where the person is not labelled, or too little to measure by. ``unit`` is
            the median of neighbouring frames.
        swaps: frames at which left and right seem exchanged against the labelled frame before: an annotator's slip, or
            a turn too fast to follow.
        size_px: width and height of the frames.
    """

    person: int
    times_s: tuple[float, ...]
    poses: tuple[Pose | None, ...]
    swaps: frozenset[int]
    size_px: tuple[int, int]

    def read(self, reading: Callable[[Pose], str | None]) -> tuple[str | None, ...]:
        """What ``reading`` says of every frame; None where there is no pose."""
        return tuple(None if pose is None else reading(pose) for pose in self.poses)


def track_of(scene: Scene, person: int) -> Track:
    """The track of ``scene.people[person]``."""
    skeleton = skeleton_named(scene.skeleton)
    found = [frame.people[person] if person < len(frame.people) else None for frame in scene.frames]
    poses = [one and pose_of(one, skeleton, scene.width, scene.height) for one in found]
    steady = _steady([pose if pose and pose.unit > 0 else None for pose in poses])
    return Track(
        person=person,
        times_s=tuple(frame.time_s for frame in scene.frames),
        poses=steady,
        swaps=frozenset(_swaps(steady)),
        size_px=(scene.width, scene.height),
    )


def _steady(poses: Sequence[Pose | None]) -> tuple[Pose | None, ...]:
    """The poses with the body's length as its neighbours in time have it: one frame's joints are off."""
    labelled = [number for number, pose in enumerate(poses) if pose]
    units = [pose.unit for pose in poses if pose]
    reach, steady = TRACK.num_unit_frames, list(poses)
    for place, number in enumerate(labelled):
        pose = poses[number]
        if pose:
            steady[number] = replace(pose, unit=median(units[max(0, place - reach) : place + reach + 1]))
    return tuple(steady)


def _swaps(poses: Sequence[Pose | None]) -> list[int]:
    """Frames whose left and right joints fit those of the labelled frame before far better when exchanged."""
    found, before = [], None
    for number, pose in enumerate(poses):
        if pose is None:
            continue
        if before and any(_exchanged(before, pose, limb) for limb in _LIMBS):
            found.append(number)
        before = pose
    return found


def _exchanged(before: Pose, pose: Pose, limb: tuple[str, ...]) -> bool:
    kept, crossed = [], []
    for joint in limb:
        sides = (f"left {joint}", f"right {joint}")
        if not (before.has(*sides) and pose.has(*sides)):
            continue
        (left, right), (left_before, right_before) = (
            [one.points[name] for name in sides] for one in (pose, before)
        )  # fmt: skip
        kept.append(math.dist(left, left_before) + math.dist(right, right_before))
        crossed.append(math.dist(left, right_before) + math.dist(right, left_before))
    if not kept:
        return False
    unit = max(before.unit, pose.unit)
    far = math.fsum(kept) / (2 * len(kept)) > TRACK.swap_torsos * unit
    return far and math.fsum(crossed) < TRACK.swap_share * math.fsum(kept)
