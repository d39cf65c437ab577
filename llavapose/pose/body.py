"""Trunk, stance, legs and facing: one function a kind of fact, each reading a whole ``Pose``."""

import math

from llavapose.pose.geometry import SHANK, SHOULDERS, THIGH, Pose
from llavapose.pose.limbs import Reading

SIDES = ("left", "right")


def trunk(pose: Pose) -> Reading | None:
    """Upright, leaning or bent over, by the trunk's angle to the vertical.

    The vertical extent of a trunk of known length tells its angle in space, also towards the camera.
    """
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    if shoulders is None or hips is None:
        return None
    drop = pose.drop(shoulders, hips)
    seen_deg = math.degrees(math.atan2(abs(shoulders[0] - hips[0]) / pose.unit, drop))
    space_deg = math.degrees(math.acos(max(-1.0, min(1.0, drop))))
    flat = stance(pose)
    steady = flat is None or flat.value != "lying"
    if seen_deg < 18 and space_deg < 40:
        value, margin = "upright", seen_deg < 13 and space_deg < 28
    elif seen_deg > 55 or space_deg > 65:
        value, margin = "bent over", seen_deg > 62 or space_deg > 75
    else:
        value, margin = "leaning", 23 < seen_deg < 48 and space_deg < 58
    return Reading(value=value, sure=margin and steady, measure=round(seen_deg, 1))


def _legs(pose: Pose) -> list[str]:
    return [side for side in SIDES if pose.has(f"{side} hip", f"{side} knee", f"{side} ankle")]


def stance(pose: Pose) -> Reading | None:
    """Standing, sitting, crouching or lying, by how far hips, knees and ankles are below one another."""
    sides, shoulders, hips = _legs(pose), pose.mid("shoulder"), pose.mid("hip")
    if not sides or shoulders is None or hips is None:
        return None
    thighs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} knee"]) / THIGH for s in sides]
    shanks = [pose.drop(pose.points[f"{s} knee"], pose.points[f"{s} ankle"]) / SHANK for s in sides]
    legs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} ankle"]) / (THIGH + SHANK) for s in sides]
    both = len(sides) == 2
    seen = all(pose.sees(f"{s} knee", f"{s} ankle") for s in sides)
    trunk_drop, longest = pose.drop(shoulders, hips), max(legs)
    if abs(trunk_drop) < 0.45 and max(abs(leg) for leg in legs) < 0.45:
        return Reading(value="lying", sure=seen and abs(trunk_drop) < 0.3 and longest < 0.3, measure=round(longest, 2))
    if longest > 0.7:
        return Reading(value="standing", sure=seen and longest > 0.8, measure=round(longest, 2))
    if max(thighs) < 0.5 and min(shanks) > 0.5:
        margin = both and max(thighs) < 0.4 and min(shanks) > 0.65 and trunk_drop > 0.6
        return Reading(value="sitting", sure=seen and margin, measure=round(longest, 2))
    margin = both and longest < 0.5
    return Reading(value="crouching", sure=seen and margin, measure=round(longest, 2))


def _stands(pose: Pose) -> bool:
    reading = stance(pose)
    return reading is not None and reading.value == "standing" and reading.sure


def legs(pose: Pose) -> Reading | None:
    """Legs apart or together, or in a stride; only for someone who stands and is seen from a clear direction."""
    view = facing(pose)
    if view is None or not _stands(pose):
        return None
    ankles = [pose.points[f"{side} ankle"] for side in SIDES]
    knees = [pose.points[f"{side} knee"] for side in SIDES]
    gap = abs(ankles[0][0] - ankles[1][0]) / pose.unit
    knee_gap = abs(knees[0][0] - knees[1][0]) / pose.unit
    level = abs(ankles[0][1] - ankles[1][1]) / pose.unit < 0.15
    frontal = view.value in ("toward the camera", "away from the camera")
    seen = view.sure and pose.sees("left ankle", "right ankle")
    if gap < 0.45:
        return Reading(value="together", sure=seen and level and gap < 0.35 and knee_gap < 0.35, measure=round(gap, 2))
    wide = gap > 0.65
    return Reading(value="apart" if frontal else "in a stride", sure=seen and wide, measure=round(gap, 2))


def leg_lift(pose: Pose, side: str) -> Reading | None:
    """Whether this foot is clearly higher than the other, for someone who stands on the other leg or on both."""
    if not _stands(pose):
        return None
    other = "right" if side == "left" else "left"
    rise = pose.drop(pose.points[f"{side} ankle"], pose.points[f"{other} ankle"])
    seen = pose.sees("left ankle", "right ankle")
    if rise > 0.2:
        return Reading(value="lifted", sure=seen and rise > 0.35, measure=round(rise, 2))
    return Reading(value="on the ground", sure=seen and (rise < -0.35 or abs(rise) < 0.1), measure=round(rise, 2))


def facing(pose: Pose) -> Reading | None:
    """Which way the body faces, by the order of the shoulders and by what is seen of the face."""
    left, right = pose.points["left shoulder"], pose.points["right shoulder"]
    hips, shoulders = pose.mid("hip"), pose.mid("shoulder")
    if shoulders is None:
        return None
    upright = hips is None or pose.drop(shoulders, hips) > 0.5
    breadth = (left[0] - right[0]) / (SHOULDERS * pose.unit)
    eyes = pose.sees("nose") and (pose.sees("left eye") or pose.sees("right eye"))
    if breadth > 0.5:
        return Reading(value="toward the camera", sure=upright and eyes and breadth > 0.65, measure=round(breadth, 2))
    if breadth < -0.5:
        blind = not pose.sees("nose") and not pose.sees("left eye") and not pose.sees("right eye")
        return Reading(value="away from the camera", sure=upright and blind and breadth < -0.65, measure=round(breadth, 2))
    look = _look(pose)
    if look is None:
        return None
    ahead = (pose.points["nose"][0] - shoulders[0]) / pose.unit
    clear = abs(look) > 0.1 and look * ahead > 0 and abs(breadth) < 0.4 and pose.sees("nose")
    return Reading(value="image left" if look < 0 else "image right", sure=upright and clear, measure=round(breadth, 2))


def _look(pose: Pose) -> float | None:
    """How far the nose is to image right of the ears, in units; None without a nose or without ears."""
    ears = [pose.points[f"{side} ear"][0] for side in SIDES if pose.has(f"{side} ear")]
    if not ears or not pose.has("nose"):
        return None
    return (pose.points["nose"][0] - sum(ears) / len(ears)) / pose.unit


