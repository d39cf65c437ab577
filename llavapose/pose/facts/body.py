"""Trunk, stance, legs and facing: one function a kind of fact, each reading a whole ``Pose``."""

import math

from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose, angle_at
from llavapose.pose.thresholds import BODY, FACING, LEGS, STANCE, TRUNK

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
    if seen_deg < TRUNK.upright_seen_deg and space_deg < TRUNK.upright_space_deg:
        value, margin = "upright", seen_deg < TRUNK.upright_sure_seen_deg and space_deg < TRUNK.upright_sure_space_deg
        margin = margin and _lean_would_show(pose, held)
    elif seen_deg > TRUNK.bent_seen_deg or space_deg > TRUNK.bent_space_deg:
        value, margin = "bent over", seen_deg > TRUNK.bent_sure_seen_deg or space_deg > TRUNK.bent_sure_space_deg
        # Only legs that stand tell bending over from lying.
        margin = margin and held is not None and held.value == "standing"
    else:
        value, margin = "leaning", TRUNK.leaning_sure_least_deg < seen_deg < TRUNK.leaning_sure_most_deg
        margin = margin and space_deg < TRUNK.leaning_sure_space_deg
    return Measured(value=value, sure=margin, measure=round(seen_deg, 1))


def _lean_would_show(pose: Pose, held: Measured | None) -> bool:
    """Whether a forward lean could not hide: seen from the side, or on stretched legs or a seat.

    Who bends the knees leans forward, and from the front neither shows much.
    """
    left, right = pose.points["left shoulder"], pose.points["right shoulder"]
    if abs(left[0] - right[0]) < TRUNK.side_on_breadth_share * BODY.shoulders_torsos * pose.unit:
        return True
    if held is None:
        return False
    stretched = (held.measure or 0) > TRUNK.stretched_leg_share
    return held.value == "sitting" or (held.value == "standing" and stretched)


def _legs(pose: Pose) -> list[str]:
    return [side for side in _SIDES if pose.has(f"{side} hip", f"{side} knee", f"{side} ankle")]


def stance(pose: Pose) -> Measured | None:
    """Standing, sitting, crouching or lying, by how far knees and ankles are below the hips.

    One leg whose knee is seen and ankle labelled is enough: where the body is, a hidden foot cannot change.
    """
    sides, shoulders, hips = _legs(pose), pose.mid("shoulder"), pose.mid("hip")
    if not sides or shoulders is None or hips is None:
        return None
    thighs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} knee"]) / BODY.thigh_torsos for s in sides]
    shanks = [pose.drop(pose.points[f"{s} knee"], pose.points[f"{s} ankle"]) / BODY.shank_torsos for s in sides]
    whole_leg = BODY.thigh_torsos + BODY.shank_torsos
    legs = [pose.drop(pose.points[f"{s} hip"], pose.points[f"{s} ankle"]) / whole_leg for s in sides]
    seen = any(pose.sees(f"{s} knee") for s in sides)
    longest, trunk_drop = max(legs), pose.drop(shoulders, hips)
    if max(abs(drop) for drop in (trunk_drop, *legs)) < STANCE.lying_drop_share:
        value, margin = "lying", max(abs(trunk_drop), longest) < STANCE.lying_sure_drop_share
    elif longest > STANCE.standing_leg_share and max(thighs) > STANCE.standing_thigh_share:
        value, margin = "standing", longest > STANCE.standing_sure_leg_share
    elif (
        sum(thighs) / len(thighs) > STANCE.sitting_thigh_share
        and max(shanks) > STANCE.sitting_shank_share
        and longest > STANCE.sitting_leg_share
    ):
        value, margin = "sitting", len(sides) == 2 and _seated(max(thighs), max(shanks), longest, trunk_drop)
    else:
        value, margin = "crouching", trunk_drop > STANCE.crouching_sure_trunk_share
        margin = margin and _folded(pose, sides, max(thighs), longest)
    return Measured(value=value, sure=seen and margin, measure=round(longest, 2))


def _seated(thigh: float, shank: float, longest: float, trunk_drop: float) -> bool:
    """Whether who seems to sit clearly neither stands, crouches nor lies."""
    return (
        thigh < STANCE.sitting_sure_thigh_share
        and shank > STANCE.sitting_sure_shank_share
        and STANCE.sitting_sure_least_leg_share < longest < STANCE.sitting_sure_most_leg_share
        and trunk_drop > STANCE.sitting_sure_trunk_share
    )


def _folded(pose: Pose, sides: list[str], thigh: float, longest: float) -> bool:
    """Whether the legs are folded, with the knees at least as high as the hips and the feet below the body.

    Someone who sits low stretches the legs or keeps the knees down; the higher the hips, the clearer the knees must
    be up.
    """
    for side in sides:
        hip, knee, ankle = (pose.points[f"{side} {joint}"] for joint in ("hip", "knee", "ankle"))
        angle = angle_at(hip, knee, ankle)
        if angle is None or angle > STANCE.folded_knee_deg:
            return False
        if abs(hip[0] - ankle[0]) > STANCE.folded_foot_aside_torsos * pose.unit:
            return False
    low = longest < STANCE.folded_low_leg_share
    most = STANCE.folded_low_thigh_share if low else STANCE.folded_high_thigh_share
    return thigh < most and longest < STANCE.folded_leg_share


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
    level = abs(ankles[0][1] - ankles[1][1]) / pose.unit < LEGS.level_torsos
    frontal = view.value in ("toward the camera", "away from the camera")
    seen = view.sure and pose.sees("left ankle", "right ankle")
    if frontal and gap < LEGS.together_front_torsos:
        value, margin = "together", max(gap, knee_gap) < LEGS.together_sure_torsos
        margin = margin and level and _long_legged(pose, LEGS.together_sure_front_share)
    elif frontal:
        value, margin = "apart", level and gap > LEGS.apart_sure_torsos
    elif gap < LEGS.together_side_torsos:
        # A little off the profile, legs that were apart would show it beside the breadth of the shoulders.
        breadth = abs(view.measure or 0)
        value, margin = "together", LEGS.together_sure_breadth_share < breadth and gap < breadth
        margin = margin and level and _long_legged(pose, LEGS.together_sure_side_share)
    else:
        # Level feet are not asked for: the foot nearer to the camera stands lower in the picture.
        value, margin = "in a stride", gap > LEGS.stride_sure_torsos
    return Measured(value=value, sure=seen and margin, measure=round(gap, 2))


def _long_legged(pose: Pose, least: float) -> bool:
    """Whether both legs are stretched: legs that bend are not said to be together or apart."""
    drops = [pose.drop(pose.points[f"{side} hip"], pose.points[f"{side} ankle"]) for side in _SIDES]
    return all(drop > least * (BODY.thigh_torsos + BODY.shank_torsos) for drop in drops)


def leg_lift(pose: Pose, side: str) -> Measured | None:
    """Whether this foot is clearly higher than the other, for someone who stands on the other leg or on both."""
    if not _stands(pose):
        return None
    other = "right" if side == "left" else "left"
    rise = pose.drop(pose.points[f"{side} ankle"], pose.points[f"{other} ankle"])
    seen = pose.sees("left ankle", "right ankle")
    if rise > LEGS.lifted_torsos:
        return Measured(value="lifted", sure=seen and rise > LEGS.lifted_sure_torsos, measure=round(rise, 2))
    # On the ground for certain: the other foot is lifted, or neither is.
    sure = rise < -LEGS.lifted_sure_torsos or abs(rise) < LEGS.ground_sure_torsos
    return Measured(value="on the ground", sure=seen and sure, measure=round(rise, 2))


def facing(pose: Pose) -> Measured | None:
    """Which way the body faces, by the order of the shoulders and by what is seen of the face."""
    left, right = pose.points["left shoulder"], pose.points["right shoulder"]
    hips, shoulders = pose.mid("hip"), pose.mid("shoulder")
    if shoulders is None:
        return None
    # A nose that the skeleton does not know is not missing.
    upright = hips is None or pose.drop(shoulders, hips) > FACING.upright_drop_torsos
    breadth = (left[0] - right[0]) / (BODY.shoulders_torsos * pose.unit)
    eyes = pose.sees("nose") and (pose.sees("left eye") or pose.sees("right eye"))
    broad = abs(breadth) > FACING.front_sure_breadth_share
    # The person's own left shoulder is to image right of the right one: seen from the front.
    if breadth > FACING.breadth_share:
        return Measured(value="toward the camera", sure=upright and eyes and broad, measure=round(breadth, 2))
    if breadth < -FACING.breadth_share:
        blind = "nose" in pose.told and not any(pose.sees(joint) for joint in ("nose", "left eye", "right eye"))
        return Measured(value="away from the camera", sure=upright and blind and broad, measure=round(breadth, 2))
    look = _look(pose)
    if look is None:
        return None
    head = any(pose.sees(joint) for joint in ("nose", "left eye", "right eye", "left ear", "right ear"))
    ahead = (pose.points["nose"][0] - shoulders[0]) / pose.unit
    # The nose must be ahead of the ears and of the shoulders, to the same side: else only the head is turned.
    clear = abs(look) > FACING.side_sure_look_torsos and look * ahead > 0
    clear = clear and abs(breadth) < FACING.side_sure_breadth_share and head
    return Measured(
        value="image left" if look < 0 else "image right", sure=upright and clear, measure=round(breadth, 2)
    )


def _look(pose: Pose) -> float | None:
    """How far the nose is to image right of the ears, in units; None without a nose or without ears."""
    ears = [pose.points[f"{side} ear"][0] for side in _SIDES if pose.has(f"{side} ear")]
    if not ears or not pose.has("nose"):
        return None
    return (pose.points["nose"][0] - sum(ears) / len(ears)) / pose.unit


def head_top(pose: Pose) -> float | None:
    """Height (y in pixels) of the top of the head: labelled, or from eyes and ears, or else the nose; None without."""
    if pose.has("head top"):
        return pose.points["head top"][1]
    heights = [pose.points[joint][1] for joint in ("left eye", "right eye", "left ear", "right ear") if pose.has(joint)]
    if heights:
        return sum(heights) / len(heights) - BODY.head_over_eyes_torsos * pose.unit
    return pose.points["nose"][1] - BODY.head_over_nose_torsos * pose.unit if pose.has("nose") else None


def upside_down(pose: Pose) -> bool:
    """Whether the body may hang head down: hips above the shoulders, or legs up, and not both feet to stand on.

    Who touches the toes has the head down too, but stands.
    """
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    if shoulders is None or hips is None:
        return False
    legs = [side for side in _SIDES if pose.has(f"{side} hip", f"{side} ankle")]
    drops = [pose.drop(pose.points[f"{side} hip"], pose.points[f"{side} ankle"]) for side in legs]
    least = STANCE.standing_leg_share * (BODY.thigh_torsos + BODY.shank_torsos)
    if len(drops) == len(_SIDES) and min(drops) > least:
        return False
    trunk_drop = pose.drop(shoulders, hips)
    legs_up = min(drops, default=0.0) < -TRUNK.upside_down_legs_torsos
    return trunk_drop < -TRUNK.upside_down_rise_torsos or (legs_up and trunk_drop < TRUNK.upside_down_drop_torsos)
