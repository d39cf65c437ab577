"""Plane geometry of one person's joints, with what is known of the third dimension from bodily proportions.

Pixels, y downwards. Lengths are measured in *units*: the person's torso, mid-shoulder to mid-hip, as long as it would
be seen side on. Foreshortening only ever shortens a segment, so the longest segment relative to its usual proportion
tells the unit, and a segment that looks shorter than its proportion points into or out of the picture.
"""

import math
from dataclasses import dataclass

from llavapose.pose.skeleton import Skeleton
from llavapose.pose.thresholds import BODY
from llavapose.records import Person

_Point = tuple[float, float]

SEGMENTS = (
    ("left shoulder", "right shoulder", BODY.shoulders_torsos),
    *(
        (f"{side} {upper}", f"{side} {lower}", usual)
        for side in ("left", "right")
        for upper, lower, usual in (
            ("shoulder", "hip", BODY.trunk_torsos),
            ("shoulder", "elbow", BODY.upper_arm_torsos),
            ("elbow", "wrist", BODY.forearm_torsos),
            ("hip", "knee", BODY.thigh_torsos),
            ("knee", "ankle", BODY.shank_torsos),
        )
    ),
)
"""Pairs of joints with their usual distance, in torso lengths."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """One person's labelled joints in pixels.

    Attributes:
        points: joint name -> x, y; only labelled joints (visibility 1 or 2).
        seen: the joints with visibility 2.
        told: the joints that the skeleton knows.
        box_px: x1, y1, x2, y2.
        unit: the torso's full length in pixels; 0 where too little is labelled to tell.
    """

    points: dict[str, _Point]
    seen: frozenset[str]
    told: frozenset[str]
    box_px: tuple[float, float, float, float]
    unit: float

    def has(self, *joints: str) -> bool:
        """Whether all are labelled."""
        return all(joint in self.points for joint in joints)

    def sees(self, *joints: str) -> bool:
        """Whether all are visible."""
        return all(joint in self.seen for joint in joints)

    def mid(self, joint: str) -> _Point | None:
        """Midpoint of the left and the right joint, None unless both are labelled."""
        left, right = self.points.get(f"left {joint}"), self.points.get(f"right {joint}")
        return None if left is None or right is None else ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)

    def drop(self, upper: _Point, lower: _Point) -> float:
        """How far ``lower`` is below ``upper``, in units; negative when above."""
        return (lower[1] - upper[1]) / self.unit

    def span(self, a: _Point, b: _Point) -> float:
        """Distance in the picture, in units."""
        return math.dist(a, b) / self.unit


def pose_of(person: Person, skeleton: Skeleton, width: int, height: int) -> Pose:
    """A person's joints and box in pixels of a ``width`` x ``height`` picture."""
    labelled = [
        (name, (x * width, y * height), visibility)
        for name, (x, y, visibility) in zip(skeleton.joints, person.keypoints, strict=False)
        if visibility > 0
    ]
    points = {name: point for name, point, _ in labelled}
    x1, y1, x2, y2 = person.box_xyxy
    return Pose(
        points=points,
        seen=frozenset(name for name, _, visibility in labelled if visibility == 2),
        told=frozenset(skeleton.joints),
        box_px=(x1 * width, y1 * height, x2 * width, y2 * height),
        unit=body_unit(points),
    )


def body_unit(points: dict[str, _Point]) -> float:
    """The torso's full length, by the segments that are foreshortened least.

    Those near the longest are averaged, so that the longest of many uncertain ones does not decide alone.
    """
    lengths = [math.dist(points[a], points[b]) / usual for a, b, usual in SEGMENTS if a in points and b in points]
    near = [length for length in lengths if length >= BODY.near_longest_share * max(lengths)]
    return sum(near) / len(near) if near else 0.0


def angle_at(a: _Point, joint: _Point, b: _Point) -> float | None:
    """Interior angle at ``joint`` in the picture, in degrees 0..180; None where two joints coincide."""
    ux, uy, vx, vy = a[0] - joint[0], a[1] - joint[1], b[0] - joint[0], b[1] - joint[1]
    if math.hypot(ux, uy) < 1e-9 or math.hypot(vx, vy) < 1e-9:
        return None
    return math.degrees(math.atan2(abs(ux * vy - uy * vx), ux * vx + uy * vy))


def angle_range(a: _Point, joint: _Point, b: _Point, lengths: tuple[float, float], slack: float) -> tuple[float, float]:
    """Least and greatest interior angle in space that the picture allows.

    A segment seen shorter than its true length reaches towards or away from the camera by the missing leg of a right
    triangle; the two segments may do so to the same side or to opposite sides.

    Args:
        a: the first segment's far end, in pixels.
        joint: where the segments meet.
        b: the second segment's far end.
        lengths: true lengths of a-joint and joint-b in pixels.
        slack: relative uncertainty of the lengths.
    """
    ux, uy, vx, vy = a[0] - joint[0], a[1] - joint[1], b[0] - joint[0], b[1] - joint[1]
    angles = []
    for factor in (1 - slack, 1.0, 1 + slack):
        first = max(lengths[0] * factor, math.hypot(ux, uy), 1e-9)
        second = max(lengths[1] * factor, math.hypot(vx, vy), 1e-9)
        depth = math.sqrt(max(first**2 - ux**2 - uy**2, 0) * max(second**2 - vx**2 - vy**2, 0))
        for sign in (1, -1):
            cosine = (ux * vx + uy * vy + sign * depth) / (first * second)
            angles.append(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))))
    return min(angles), max(angles)
