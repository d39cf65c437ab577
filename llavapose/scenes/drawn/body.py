"""An articulated person in three dimensions: joint angles to joint positions.

Body frame: x to the person's own left, y up, z where the person faces; one unit is the standing height.
"""

from dataclasses import dataclass

import numpy as np

SPINE, NECK, HEAD = 0.29, 0.06, 0.075
SHOULDER, HIP = 0.115, 0.065
UPPER_ARM, FOREARM = 0.17, 0.155
THIGH, SHIN = 0.235, 0.23
SIDES = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, kw_only=True)
class Limb:
    """An arm or a leg.

    Attributes:
        raise_deg: angle of the upper segment from straight down, 0..180.
        plane_deg: direction it is raised in: 0 to its own side, 90 forward, 180 across the body, -90 backward.
        bend_deg: interior angle of elbow or knee, 180 straight.
        twist: where the lower segment goes when bent, as weights of (own side, up, forward).
    """

    raise_deg: float
    plane_deg: float
    bend_deg: float
    twist: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Joint angles of a person: trunk pitch (forward) and roll (to the left), head yaw, and four limbs by name."""

    pitch_deg: float
    roll_deg: float
    head_deg: float
    limbs: dict[str, Limb]


def direction(limb: Limb, side: float) -> np.ndarray:
    """float[3]: unit vector of the upper segment."""
    lift, plane = np.radians(limb.raise_deg), np.radians(limb.plane_deg)
    return np.array([side * np.sin(lift) * np.cos(plane), -np.cos(lift), np.sin(lift) * np.sin(plane)])


def lower(upper: np.ndarray, limb: Limb, side: float) -> np.ndarray:
    """float[3]: unit vector of the lower segment, bent by the limb's angle towards its twist."""
    target = np.array([side * limb.twist[0], limb.twist[1], limb.twist[2]])
    across = target - upper * (target @ upper)
    across /= np.linalg.norm(across) + 1e-9
    turn = np.radians(180 - limb.bend_deg)
    return np.cos(turn) * upper + np.sin(turn) * across


def joints(pose: Pose, *, scale: dict[str, float] | None = None) -> dict[str, np.ndarray]:
    """Joint name -> float[3] in the body frame, hips' middle at the origin; also "neck", "head" and "face" (a direction).

    Args:
        scale: body part ("arm", "leg", "trunk", "width") -> factor on its length.
    """
    by = {"arm": 1.0, "leg": 1.0, "trunk": 1.0, "width": 1.0, **(scale or {})}
    pitch, roll, head = np.radians([pose.pitch_deg, pose.roll_deg, pose.head_deg])
    spine = np.array([np.sin(roll), np.cos(roll) * np.cos(pitch), np.cos(roll) * np.sin(pitch)])
    lateral = np.array([np.cos(roll), -np.sin(roll), 0.0])
    found = {"neck": spine * SPINE * by["trunk"]}
    upright = 0.7 * spine + np.array([0, 0.3, 0.12 * np.sin(pitch)])
    found["head"] = found["neck"] + (NECK + HEAD) * upright / np.linalg.norm(upright)
    face = np.array([np.sin(head), -0.25 * np.sin(pitch), np.cos(head)])
    beside = np.array([np.cos(head), 0.0, -np.sin(head)])
    found["face"] = face
    found["nose"] = found["head"] + 1.05 * HEAD * face - [0, 0.1 * HEAD, 0]
    for name, side in SIDES.items():
        found[f"{name} eye"] = found["head"] + HEAD * (0.85 * face + 0.42 * side * beside + [0, 0.25, 0])
        found[f"{name} ear"] = found["head"] + HEAD * (0.98 * side * beside + [0, 0.05, 0])
        found[f"{name} shoulder"] = found["neck"] + side * SHOULDER * by["width"] * lateral - 0.02 * spine
        found[f"{name} hip"] = np.array([side * HIP * by["width"], 0.0, 0.0])
        for part, (start, middle, end, one, two) in {
            "arm": ("shoulder", "elbow", "wrist", UPPER_ARM, FOREARM),
            "leg": ("hip", "knee", "ankle", THIGH, SHIN),
        }.items():
            limb = pose.limbs[f"{name} {part}"]
            upper = direction(limb, side)
            found[f"{name} {middle}"] = found[f"{name} {start}"] + upper * one * by[part]
            found[f"{name} {end}"] = found[f"{name} {middle}"] + lower(upper, limb, side) * two * by[part]
    return found


def turned(points: dict[str, np.ndarray], *, yaw_deg: float, lie_deg: float = 0.0) -> dict[str, np.ndarray]:
    """The same points in the camera's frame: x to the picture's right, y up, z toward the camera.

    Args:
        yaw_deg: 0 faces the camera, 90 the picture's right, 180 away, 270 the picture's left.
        lie_deg: turn in the picture's plane, for people who lie.
    """
    yaw, lie = np.radians([yaw_deg, lie_deg])
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tip = np.array([[np.cos(lie), -np.sin(lie), 0], [np.sin(lie), np.cos(lie), 0], [0, 0, 1]])
    return {name: tip @ turn @ point for name, point in points.items()}


def interior_angle(points: dict[str, np.ndarray], a: str, b: str, c: str) -> float:
    """Angle at joint ``b`` in degrees, in three dimensions."""
    one, two = points[a] - points[b], points[c] - points[b]
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
