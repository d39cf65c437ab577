"""An articulated body: limb directions -> joints in three dimensions -> joints as a camera sees them.

Body frame: x to the person's own left, y up, z the way the person faces, hips' middle at the origin, body height 1.
Camera frame: x to image right, y down, z towards the camera (weak perspective: depth decides only what hides what).
"""

import math
import random
from dataclasses import dataclass, field

Vec = tuple[float, float, float]

SIDES = ("left", "right")
LENGTHS = {
    "torso": 0.288, "upper arm": 0.173, "forearm": 0.150, "thigh": 0.247, "shank": 0.245,
    "shoulders": 0.213, "hips": 0.115, "neck": 0.118, "head": 0.070,
}  # fmt: skip
"""Body segments in body heights, joint centre to joint centre (after Drillis and Contini's tables)."""


@dataclass(frozen=True, kw_only=True)
class Limb:
    """Unit directions of an arm's or leg's upper and lower segment, in the body frame."""

    upper: Vec
    lower: Vec

    @property
    def interior_deg(self) -> float:
        """Angle between the two segments at elbow or knee: 180 straight."""
        # Rounding may carry a product of unit vectors past 1, where acos ends.
        return 180.0 - math.degrees(math.acos(max(-1.0, min(1.0, dot(self.upper, self.lower)))))

    @property
    def elevation_deg(self) -> float:
        """How far the upper segment is raised: 0 hanging, 90 level, 180 straight up."""
        return math.degrees(math.acos(max(-1.0, min(1.0, -self.upper[1]))))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A pose: how the trunk leans, where the head turns, and the four limbs by the person's own side.

    Attributes:
        lean_deg: trunk forwards (negative backwards).
        tilt_deg: trunk to the person's own left (negative right).
        turn_deg: head against the trunk, to the own left.
    """

    arms: dict[str, Limb]
    legs: dict[str, Limb]
    lean_deg: float = 0.0
    tilt_deg: float = 0.0
    turn_deg: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where the person is seen from.

    Attributes:
        yaw_deg: the way the person faces: 0 the camera, 90 image right, 180 away, -90 image left.
        roll_deg: the whole body turned in the picture, for people who lie.
        pitch_deg: how far the camera looks down.
    """

    yaw_deg: float
    roll_deg: float = 0.0
    pitch_deg: float = 0.0

    def see(self, v: Vec) -> Vec:
        """A body-frame vector in the camera frame."""
        yaw, roll, pitch = (math.radians(d) for d in (self.yaw_deg, self.roll_deg, self.pitch_deg))
        # About the vertical, in the picture's plane for who lies, then the camera's tilt; y turns downwards last.
        x, z = v[0] * math.cos(yaw) + v[2] * math.sin(yaw), -v[0] * math.sin(yaw) + v[2] * math.cos(yaw)
        x, y = x * math.cos(roll) - v[1] * math.sin(roll), x * math.sin(roll) + v[1] * math.cos(roll)
        return x, -(y * math.cos(pitch) - z * math.sin(pitch)), y * math.sin(pitch) + z * math.cos(pitch)


@dataclass(frozen=True, kw_only=True)
class Build:
    """A body's own segment lengths, in body heights."""

    lengths: dict[str, float] = field(default_factory=lambda: dict(LENGTHS))
    girth: float = 1.0

    def __getitem__(self, segment: str) -> float:
        return self.lengths[segment]


def random_build(rng: random.Random) -> Build:
    """Proportions that vary by a few per cent, now and then a child's larger head."""
    # By eye; cut at 7%, so that nobody is out of shape.
    lengths = {name: length * min(1.07, max(0.93, rng.gauss(1.0, 0.03))) for name, length in LENGTHS.items()}
    # By eye: about one in seven looks like a child.
    if rng.random() < 0.15:
        lengths["head"] *= 1.25
        lengths["neck"] *= 1.12
    # Girth changes the drawing alone, not a joint.
    return Build(lengths=lengths, girth=rng.uniform(0.88, 1.25))


def dot(a: Vec, b: Vec) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def add(a: Vec, b: Vec, by: float = 1.0) -> Vec:
    """``a + by * b``."""
    return a[0] + by * b[0], a[1] + by * b[1], a[2] + by * b[2]


def unit(v: Vec) -> Vec:
    """``v`` at length 1."""
    length = math.sqrt(dot(v, v)) or 1.0
    return v[0] / length, v[1] / length, v[2] / length


def _cross(a: Vec, b: Vec) -> Vec:
    return unit((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def bent(upper: Vec, towards: Vec, interior_deg: float) -> Limb:
    """A limb whose lower segment folds ``towards`` a direction until the interior angle is met."""
    # The part of the direction at right angles to the upper segment: only that can fold it.
    across = unit(add(towards, upper, -dot(towards, upper)))
    fold = math.radians(180.0 - interior_deg)
    lower = add((0.0, 0.0, 0.0), upper, math.cos(fold))
    return Limb(upper=upper, lower=unit(add(lower, across, math.sin(fold))))


def reaching(target: Vec, towards: Vec, first: float, second: float) -> Limb:
    """A limb whose end is at ``target`` from its root, the middle joint pushed ``towards`` a direction."""
    distance = math.sqrt(dot(target, target))
    # A target too far or too near is met as well as the two lengths can, just short of quite straight.
    reach = max(abs(first - second) + 1e-4, min(distance, first + second - 1e-4))
    along = unit(target)
    across = unit(add(towards, along, -dot(towards, along)))
    # The law of cosines: how far along the line to the target the middle joint lies, and how far off it.
    forward = (reach**2 + first**2 - second**2) / (2 * reach)
    off = math.sqrt(max(first**2 - forward**2, 0.0))
    middle = add(add((0.0, 0.0, 0.0), along, forward), across, off)
    end = add((0.0, 0.0, 0.0), along, reach)
    return Limb(upper=unit(middle), lower=unit(add(end, middle, -1.0)))


@dataclass(frozen=True, kw_only=True)
class Body:
    """Joints in the camera frame, in body heights.

    Attributes:
        points: COCO's joints by name ("left elbow"), and "neck", "head", "pelvis", hands, toes.
        face, crown, ear: camera-frame unit vectors of the head: where it looks, its top, its own left.
        front: camera-frame unit vector of the way the trunk faces; left: of its own left; up: along the trunk.
    """

    points: dict[str, Vec]
    face: Vec
    crown: Vec
    ear: Vec
    front: Vec
    left: Vec
    up: Vec


def pose_body(figure: Figure, build: Build, camera: Camera) -> Body:
    """Forward kinematics, then the camera."""
    lean, tilt, turn = (math.radians(d) for d in (figure.lean_deg, figure.tilt_deg, figure.turn_deg))
    # The hips stay upright: a trunk leans from them, as it does in people.
    up = (math.sin(tilt), math.cos(tilt) * math.cos(lean), math.cos(tilt) * math.sin(lean))
    left = (math.cos(tilt), -math.sin(tilt) * math.cos(lean), -math.sin(tilt) * math.sin(lean))
    points: dict[str, Vec] = {"pelvis": (0.0, 0.0, 0.0), "neck": add((0.0, 0.0, 0.0), up, build["torso"])}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = add(points["neck"], left, sign * build["shoulders"] / 2)
        hip = (sign * build["hips"] / 2, 0.0, 0.0)
        points |= _chain(side, ("shoulder", "elbow", "wrist", "hand"), shoulder, figure.arms[side],
                         (build["upper arm"], build["forearm"], 0.035))  # fmt: skip
        points |= _chain(side, ("hip", "knee", "ankle"), hip, figure.legs[side], (build["thigh"], build["shank"]))
    # By eye: who bends forward lifts the head about half way back up.
    nod = lean * 0.45
    face = (math.sin(turn) * math.cos(nod), -math.sin(nod), math.cos(turn) * math.cos(nod))
    crown = unit(add((0.0, math.cos(nod), math.sin(nod)), (math.sin(tilt) * 0.6, 0.0, 0.0)))
    ear = _cross(crown, face)
    # Between the trunk's direction and straight up, a little ahead: necks are never in line with the back.
    points["head"] = add(points["neck"], unit(add(up, (0.0, 0.35, 0.12))), build["neck"])
    points |= _face_points(points["head"], face, crown, ear, build["head"])
    front = _cross(left, up)
    for side in SIDES:
        points[f"{side} toe"] = add(points[f"{side} ankle"], _foot(figure.legs[side]), 0.085)
    return Body(points={name: camera.see(point) for name, point in points.items()}, face=camera.see(face),
                crown=camera.see(crown), ear=camera.see(ear), front=camera.see(front), left=camera.see(left),
                up=camera.see(up))  # fmt: skip


def _chain(side: str, names: tuple[str, ...], root: Vec, limb: Limb, lengths: tuple[float, ...]) -> dict[str, Vec]:
    points, at = {f"{side} {names[0]}": root}, root
    for name, direction, length in zip(names[1:], (limb.upper, limb.lower, limb.lower), lengths, strict=False):
        at = add(at, direction, length)
        points[f"{side} {name}"] = at
    return points


def _foot(leg: Limb) -> Vec:
    """A foot at right angles to its shank, pointing forwards."""
    # And 0.3 of the shank's own direction: toes point a little down. By eye.
    ahead = add((0.0, -0.05, 1.0), leg.lower, -dot((0.0, -0.05, 1.0), leg.lower))
    return unit(add(unit(ahead), leg.lower, 0.3))


def _face_points(head: Vec, face: Vec, crown: Vec, ear: Vec, radius: float) -> dict[str, Vec]:
    def at(ahead: float, upwards: float, sideways: float) -> Vec:
        return add(add(add(head, face, ahead * radius), crown, upwards * radius), ear, sideways * radius)

    return {
        # In head radii, by eye: ahead, upwards, to the own left.
        "nose": at(1.08, -0.12, 0.0),
        "left eye": at(0.88, 0.16, 0.40), "right eye": at(0.88, 0.16, -0.40),
        "left ear": at(0.02, 0.02, 0.98), "right ear": at(0.02, 0.02, -0.98),
        "mouth": at(0.86, -0.50, 0.0),
    }  # fmt: skip
