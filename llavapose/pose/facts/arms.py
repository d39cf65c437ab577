"""Arms: how high a hand is held, before the body or folded, and to which side; each reads one side of a ``Pose``."""

import math

from llavapose.pose.facts.body import facing, head_top
from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose, angle_at
from llavapose.pose.thresholds import ARM

_OTHER = {"left": "right", "right": "left"}


def arm_height(pose: Pose, side: str) -> Measured | None:
    """Where the hand is held: above the head, raised above the shoulder, at its height, or below.

    Below the shoulder it is folded over the chest with the other, in front of the body between hip and shoulder, or
    lowered: it hangs.
    """
    shoulder, joint, wrist = (pose.points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    rise = -pose.drop(shoulder, wrist)
    elbow_rise = -pose.drop(shoulder, joint)
    seen = pose.sees(f"{side} wrist") and not tilted(pose)
    top = head_top(pose)
    over = None if top is None else (top - wrist[1]) / pose.unit
    if over is not None and over > 0 and rise > ARM.above_rise_torsos:
        value, margin = "above the head", over > ARM.above_sure_torsos
    elif rise > ARM.raised_rise_torsos:
        value, margin = "raised", rise > ARM.raised_sure_rise_torsos
        margin = margin and over is not None and over < -ARM.raised_sure_under_top_torsos
    elif rise > -ARM.level_drop_torsos:
        value, margin = "at shoulder height", abs(rise) < ARM.level_sure_torsos
        margin = margin and abs(elbow_rise) < ARM.level_sure_elbow_torsos
    else:
        value, margin = _below(pose, side)
    return Measured(value=value, sure=margin and seen, measure=round(rise, 2))


def _below(pose: Pose, side: str) -> tuple[str, bool]:
    """The word for a hand below its shoulder, and whether it is sure."""
    shoulder, joint, wrist = (pose.points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    drop, hang = pose.drop(shoulder, wrist), pose.drop(joint, wrist)
    if _crossed(pose, side) and _crossed(pose, _OTHER[side]):
        past = [_past_middle(pose, one) for one in _OTHER]
        return "folded", sum(past) > ARM.folded_sure_past_torsos and _seen_before(pose, side)
    if drop < ARM.front_drop_torsos and hang < ARM.front_hang_torsos:
        margin = ARM.front_sure_least_drop_torsos < drop < ARM.front_sure_drop_torsos
        margin = margin and hang < ARM.front_sure_hang_torsos and not _at_other_arm(pose, side)
        return "in front of the body", margin and _seen_before(pose, side)
    margin = _at_hips(pose, side) and hang > ARM.lowered_sure_hang_torsos
    return "lowered", margin and not _on_hip(pose, side)


def _crossed(pose: Pose, side: str) -> bool:
    """Whether a hand lies at the other arm: past the trunk's middle, between shoulder and hip, near the other elbow."""
    other = _OTHER[side]
    if not pose.has(f"{side} elbow", f"{side} wrist", f"{other} elbow", f"{other} shoulder"):
        return False
    wrist = pose.points[f"{side} wrist"]
    drop = pose.drop(pose.points[f"{side} shoulder"], wrist)
    bent = angle_at(pose.points[f"{side} shoulder"], pose.points[f"{side} elbow"], wrist)
    return (
        ARM.folded_least_drop_torsos < drop < ARM.front_drop_torsos
        and bent is not None
        and bent < ARM.folded_elbow_deg
        and abs(pose.drop(pose.points[f"{side} elbow"], wrist)) < ARM.folded_level_torsos
        and _past_middle(pose, side) > 0
        and pose.span(wrist, pose.points[f"{other} elbow"]) < ARM.folded_gap_torsos
    )


def _at_other_arm(pose: Pose, side: str) -> bool:
    """Whether a hand is so near to the other arm that the arms may be folded."""
    elbow, other = f"{side} elbow", f"{_OTHER[side]} elbow"
    if not pose.has(elbow, other):
        return False
    return pose.span(pose.points[f"{side} wrist"], pose.points[other]) < ARM.front_sure_gap_torsos


def _at_hips(pose: Pose, side: str) -> bool:
    """Whether a wrist is surely about as low as the hips, by the torso's length or by the hips of who leans."""
    wrist, hips = pose.points[f"{side} wrist"], pose.mid("hip")
    if pose.drop(pose.points[f"{side} shoulder"], wrist) > ARM.lowered_sure_drop_torsos:
        return True
    return hips is not None and pose.drop(hips, wrist) > -ARM.lowered_sure_over_hips_torsos


def _past_middle(pose: Pose, side: str) -> float:
    """How far a wrist is past the middle of the elbows, toward the other arm, in units."""
    own, other = pose.points[f"{side} elbow"], pose.points[f"{_OTHER[side]} elbow"]
    toward = 1 if other[0] > own[0] else -1
    return toward * (pose.points[f"{side} wrist"][0] - (own[0] + other[0]) / 2) / pose.unit


def _seen_before(pose: Pose, side: str) -> bool:
    """Whether a visible hand is surely before the body.

    Seen from the front it is inward of its shoulder; from a side, ahead of the trunk and no hand on the back. What is
    seen over a back may be behind it.
    """
    view = facing(pose)
    shoulders, hips, wrist = pose.mid("shoulder"), pose.mid("hip"), pose.points[f"{side} wrist"]
    if view is None or shoulders is None or not (view.sure or pose.sees("nose")):
        return False
    if view.value == "toward the camera":
        own = pose.points[f"{side} shoulder"]
        outward = (1 if own[0] > shoulders[0] else -1) * (wrist[0] - own[0]) / pose.unit
        return outward < ARM.front_sure_outward_torsos
    if view.value == "away from the camera" or hips is None or not view.sure:
        return False
    ahead = 1 if view.value == "image right" else -1
    foremost = max(ahead * point[0] for point in (shoulders, hips))
    return (ahead * wrist[0] - foremost) / pose.unit > ARM.front_sure_ahead_torsos


def _on_hip(pose: Pose, side: str) -> bool:
    """Whether a hand may rest on the hip: near it, on an arm that is bent."""
    shoulder, joint, wrist = (pose.points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    bent = angle_at(shoulder, joint, wrist)
    if not pose.has(f"{side} hip") or bent is None or bent > ARM.hip_elbow_deg:
        return False
    return math.dist(wrist, pose.points[f"{side} hip"]) / pose.unit < ARM.hip_gap_torsos


def tilted(pose: Pose) -> bool:
    """Whether the trunk is so far from upright that up and down no longer say how an arm is held."""
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    if shoulders is None or hips is None:
        return False
    return pose.drop(shoulders, hips) < ARM.upright_drop_torsos


def arm_side(pose: Pose, side: str) -> Measured | None:
    """Out to the side or across the body, for a person seen from the front or from behind; else None."""
    own, other = pose.points[f"{side} shoulder"], pose.points[f"{'right' if side == 'left' else 'left'} shoulder"]
    joint, wrist = pose.points[f"{side} elbow"], pose.points[f"{side} wrist"]
    if abs(own[0] - other[0]) < ARM.side_breadth_torsos * pose.unit or tilted(pose):
        return None
    outward = 1 if own[0] > other[0] else -1
    reach = outward * (wrist[0] - own[0]) / pose.unit
    elbow_reach = outward * (joint[0] - own[0]) / pose.unit
    past_middle = -outward * (wrist[0] - (own[0] + other[0]) / 2) / pose.unit
    seen = pose.sees(f"{side} wrist")
    if reach > ARM.out_reach_torsos:
        sure = seen and reach > ARM.out_sure_reach_torsos and elbow_reach > ARM.out_sure_elbow_torsos
        return Measured(value="out to the side", sure=sure, measure=round(reach, 2))
    if past_middle > 0:
        level = -ARM.across_sure_rise_torsos < pose.drop(own, wrist) < ARM.across_sure_drop_torsos
        sure = seen and level and past_middle > ARM.across_sure_torsos
        return Measured(value="across the body", sure=sure, measure=round(reach, 2))
    return None
