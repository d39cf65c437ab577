"""Elbows, knees and arms: one function a kind of fact, each reading one side of a ``Pose``."""

from dataclasses import dataclass

from llavapose.pose.geometry import Pose, angle_at, angle_range
from llavapose.pose.thresholds import ARM, BODY, HINGE


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a pose shows of one kind of fact: the value, whether there is a margin, and the number behind it."""

    value: str
    sure: bool
    measure: float | None = None


def elbow(pose: Pose, side: str) -> Measured | None:
    """Straight, slightly bent or bent elbow."""
    joints = (f"{side} shoulder", f"{side} elbow", f"{side} wrist")
    return _hinge(pose, joints, (BODY.upper_arm_torsos, BODY.forearm_torsos), HINGE.elbow_least_straight_deg)


def knee(pose: Pose, side: str) -> Measured | None:
    """Straight, slightly bent or bent knee."""
    joints = (f"{side} hip", f"{side} knee", f"{side} ankle")
    return _hinge(pose, joints, (BODY.thigh_torsos, BODY.shank_torsos), HINGE.knee_least_straight_deg)


def _hinge(pose: Pose, joints: tuple[str, str, str], usual: tuple[float, float], least: float) -> Measured | None:
    a, joint, b = (pose.points[name] for name in joints)
    degrees = angle_at(a, joint, b)
    if degrees is None:
        return None
    lengths = (usual[0] * pose.unit, usual[1] * pose.unit)
    # What the angle may be in space: with people's differing lengths, and with the usual ones taken at their word.
    low, high = angle_range(a, joint, b, lengths, slack=HINGE.length_slack_share)
    nominal, _ = angle_range(a, joint, b, lengths, slack=0.0)
    # The middle joint and the end must be seen; the root of a limb is often hidden by clothes or trunk, and known well.
    seen = pose.sees(*joints[1:])
    end_on = min(pose.span(a, joint) / usual[0], pose.span(joint, b) / usual[1]) < HINGE.end_on_share
    # The picture's angle alone cannot say "bent": a limb that is bent a little looks bent when seen along its bend.
    clearly = degrees <= HINGE.bent_deg - HINGE.clearly_bent_margins * HINGE.margin_deg
    most = HINGE.bent_deg + HINGE.margin_deg * (HINGE.clearly_bent_high_margins if clearly else 1)
    if high < most or degrees < HINGE.bent_deg:
        value, margin = "bent", high < most and degrees < (HINGE.end_on_bent_deg if end_on else 180)
    elif degrees >= HINGE.straight_deg:
        value = "straight"
        margin = degrees >= HINGE.straight_deg + HINGE.straight_margin_deg and nominal > least
    else:
        value = "slightly bent"
        margin = HINGE.bent_deg + HINGE.margin_deg <= degrees <= HINGE.straight_deg - HINGE.margin_deg
        margin = margin and low > HINGE.bent_deg + HINGE.slightly_bent_low_deg
        margin = margin and high < HINGE.straight_deg + HINGE.margin_deg
    return Measured(value=value, sure=margin and seen, measure=round(degrees, 1))


def head_top(pose: Pose) -> float | None:
    """Height (y in pixels) of the top of the head, from eyes and ears or else the nose; None without them."""
    heights = [pose.points[joint][1] for joint in ("left eye", "right eye", "left ear", "right ear") if pose.has(joint)]
    if heights:
        return sum(heights) / len(heights) - BODY.head_over_eyes_torsos * pose.unit
    return pose.points["nose"][1] - BODY.head_over_nose_torsos * pose.unit if pose.has("nose") else None


def arm_height(pose: Pose, side: str) -> Measured | None:
    """Where the hand is held: above the head, raised above the shoulder, at shoulder height, lowered."""
    shoulder, joint, wrist = (pose.points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    rise = -pose.drop(shoulder, wrist)
    elbow_rise = -pose.drop(shoulder, joint)
    seen = pose.sees(f"{side} wrist") and not _tilted(pose)
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
        value, margin = "lowered", rise < -ARM.lowered_sure_drop_torsos and elbow_rise < -ARM.lowered_sure_elbow_torsos
    return Measured(value=value, sure=margin and seen, measure=round(rise, 2))


def _tilted(pose: Pose) -> bool:
    """Whether the trunk is so far from upright that up and down no longer say how an arm is held."""
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    if shoulders is None or hips is None:
        return False
    return pose.drop(shoulders, hips) < ARM.upright_drop_torsos


def arm_side(pose: Pose, side: str) -> Measured | None:
    """Out to the side or across the body, for a person seen from the front or from behind; else None."""
    own, other = pose.points[f"{side} shoulder"], pose.points[f"{'right' if side == 'left' else 'left'} shoulder"]
    joint, wrist = pose.points[f"{side} elbow"], pose.points[f"{side} wrist"]
    if abs(own[0] - other[0]) < ARM.side_breadth_torsos * pose.unit or _tilted(pose):
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
