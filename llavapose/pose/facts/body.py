"""Trunk, stance, legs and facing: one function a kind of fact, each reading a whole ``Pose``."""

import math

from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import SHANK, SHOULDERS, THIGH, Pose, angle_at

_SIDES = ("left", "right")


def trunk(pose: Pose) -> Measured | None:
    """Upright, leaning or bent over, by the trunk's angle to the vertical; None for someone who lies.

    The vertical extent of a trunk of known length tells its angle in space, also towards the camera.
    """
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    held = stance(pose)
    if shoulders is None or hips is None or (held is not None and held.value == "lying"):
        return None
    drop = pose.drop(shoulders, hips)
    seen_deg = math.degrees(math.atan2(abs(shoulders[0] - hips[0]) / pose.unit, drop))
    space_deg = math.degrees(math.acos(max(-1.0, min(1.0, drop))))
    if seen_deg < 18 and space_deg < 40:
        value, margin = "upright", seen_deg < 13 and space_deg < 28 and _lean_would_show(pose, held)
    elif seen_deg > 52 or space_deg > 54:
        # Only legs that stand tell bending over from lying.
        value, margin = "bent over", (seen_deg > 57 or space_deg > 59) and held is not None and held.value == "standing"
    else:
        value, margin = "leaning", 21 < seen_deg < 46 and space_deg < 50
    return Measured(value=value, sure=margin, measure=round(seen_deg, 1))


def _lean_would_show(pose: Pose, held: Measured | None) -> bool:
    """Whether a forward lean could not hide: seen from the side, or on stretched legs or a seat.

    Who bends the knees leans forward, and from the front neither shows much.
    """
    left, right = pose.points["left shoulder"], pose.points["right shoulder"]
    if abs(left[0] - right[0]) < 0.5 * SHOULDERS * pose.unit:
        return True
    return held is not None and (held.value == "sitting" or (held.value == "standing" and (held.measure or 0) > 0.85))


def _legs(pose: Pose) -> list[str]:
    return [side for side in _SIDES if pose.has(f"{side} hip", f"{side} knee", f"{side} ankle")]


def stance(pose: Pose) -> Measured | None:
    """Standing, sitting, crouching or lying, by how far knees and ankles are below the hips.

    One leg whose knee and ankle are seen is enough: where the body is, a hidden leg cannot change.
    """
    sides, shoulders, hips = _legs(pose), pose.mid("shoulder"), pose.mid("hip")
    if not sides or shoulders is None or hips is None:
        return None
    thighs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} knee"]) / THIGH for s in sides]
    shanks = [pose.drop(pose.points[f"{s} knee"], pose.points[f"{s} ankle"]) / SHANK for s in sides]
    legs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} ankle"]) / (THIGH + SHANK) for s in sides]
    seen = any(pose.sees(f"{s} knee", f"{s} ankle") for s in sides)
    longest, trunk_drop = max(legs), pose.drop(shoulders, hips)
    if abs(trunk_drop) < 0.45 and max(abs(leg) for leg in legs) < 0.45:
        value, margin = "lying", abs(trunk_drop) < 0.3 and longest < 0.3
    elif longest > 0.6 and max(thighs) > 0.5:
        value, margin = "standing", longest > 0.68
    elif sum(thighs) / len(thighs) > -0.04 and max(shanks) > 0.45 and longest > 0.28:
        value = "sitting"
        margin = len(sides) == 2 and max(thighs) < 0.34 and max(shanks) > 0.5
        margin = margin and 0.31 < longest < 0.58 and trunk_drop > 0.65
    else:
        value, margin = "crouching", trunk_drop > 0.6 and _folded(pose, sides, max(thighs), longest)
    return Measured(value=value, sure=seen and margin, measure=round(longest, 2))


def _folded(pose: Pose, sides: list[str], thigh: float, longest: float) -> bool:
    """Whether the legs are folded, with the knees at least as high as the hips and the feet below the body.

    Someone who sits low stretches the legs or keeps the knees down; the higher the hips, the clearer the knees must
    be up.
    """
    for side in sides:
        hip, knee, ankle = (pose.points[f"{side} {joint}"] for joint in ("hip", "knee", "ankle"))
        angle = angle_at(hip, knee, ankle)
        if angle is None or angle > 150 or abs(hip[0] - ankle[0]) > 0.95 * pose.unit:
            return False
    return thigh < (0.06 if longest < 0.31 else -0.15) and longest < 0.36


def _stands(pose: Pose) -> bool:
    reading = stance(pose)
    return reading is not None and reading.value == "standing" and reading.sure


def legs(pose: Pose) -> Measured | None:
    """Legs apart or together, or in a stride; only for someone who stands and is seen from a clear direction."""
    view = facing(pose)
    if view is None or not _stands(pose):
        return None
    ankles = [pose.points[f"{side} ankle"] for side in _SIDES]
    knees = [pose.points[f"{side} knee"] for side in _SIDES]
    gap = abs(ankles[0][0] - ankles[1][0]) / pose.unit
    knee_gap = abs(knees[0][0] - knees[1][0]) / pose.unit
    level = abs(ankles[0][1] - ankles[1][1]) / pose.unit < 0.25
    frontal = view.value in ("toward the camera", "away from the camera")
    seen = view.sure and pose.sees("left ankle", "right ankle")
    if gap < 0.6 if frontal else gap < 0.4:
        margin = level and gap < 0.5 and knee_gap < 0.5 and _long_legged(pose, 0.98)
        if not frontal:
            # A little off the profile, legs that were apart would show it beside the breadth of the shoulders.
            breadth = abs(view.measure or 0)
            margin = level and breadth > 0.15 and gap < breadth and gap < 0.4 and _long_legged(pose, 0.85)
        return Measured(value="together", sure=seen and margin, measure=round(gap, 2))
    value, margin = ("apart", level and gap > 0.75) if frontal else ("in a stride", gap > 0.65)
    return Measured(value=value, sure=seen and margin, measure=round(gap, 2))


def _long_legged(pose: Pose, least: float) -> bool:
    """Whether both legs are stretched: legs that bend are not said to be together or apart."""
    return all(
        pose.drop(pose.points[f"{side} hip"], pose.points[f"{side} ankle"]) > least * (THIGH + SHANK) for side in _SIDES
    )


def leg_lift(pose: Pose, side: str) -> Measured | None:
    """Whether this foot is clearly higher than the other, for someone who stands on the other leg or on both."""
    if not _stands(pose):
        return None
    other = "right" if side == "left" else "left"
    rise = pose.drop(pose.points[f"{side} ankle"], pose.points[f"{other} ankle"])
    seen = pose.sees("left ankle", "right ankle")
    if rise > 0.2:
        return Measured(value="lifted", sure=seen and rise > 0.3, measure=round(rise, 2))
    return Measured(value="on the ground", sure=seen and (rise < -0.3 or abs(rise) < 0.12), measure=round(rise, 2))


def facing(pose: Pose) -> Measured | None:
    """Which way the body faces, by the order of the shoulders and by what is seen of the face."""
    left, right = pose.points["left shoulder"], pose.points["right shoulder"]
    hips, shoulders = pose.mid("hip"), pose.mid("shoulder")
    if shoulders is None:
        return None
    upright = hips is None or pose.drop(shoulders, hips) > 0.5
    breadth = (left[0] - right[0]) / (SHOULDERS * pose.unit)
    eyes = pose.sees("nose") and (pose.sees("left eye") or pose.sees("right eye"))
    if breadth > 0.5:
        return Measured(value="toward the camera", sure=upright and eyes and breadth > 0.65, measure=round(breadth, 2))
    if breadth < -0.5:
        blind = not pose.sees("nose") and not pose.sees("left eye") and not pose.sees("right eye")
        sure = upright and blind and breadth < -0.65
        return Measured(value="away from the camera", sure=sure, measure=round(breadth, 2))
    look = _look(pose)
    if look is None:
        return None
    head = any(pose.sees(joint) for joint in ("nose", "left eye", "right eye", "left ear", "right ear"))
    ahead = (pose.points["nose"][0] - shoulders[0]) / pose.unit
    clear = abs(look) > 0.1 and look * ahead > 0 and abs(breadth) < 0.48 and head
    return Measured(
        value="image left" if look < 0 else "image right", sure=upright and clear, measure=round(breadth, 2)
    )


def _look(pose: Pose) -> float | None:
    """How far the nose is to image right of the ears, in units; None without a nose or without ears."""
    ears = [pose.points[f"{side} ear"][0] for side in _SIDES if pose.has(f"{side} ear")]
    if not ears or not pose.has("nose"):
        return None
    return (pose.points["nose"][0] - sum(ears) / len(ears)) / pose.unit
