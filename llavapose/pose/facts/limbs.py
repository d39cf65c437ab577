"""Elbows, knees and arms: one function a kind of fact, each reading one side of a ``Pose``."""

from dataclasses import dataclass

from llavapose.pose.geometry import FOREARM, SHANK, THIGH, UPPER_ARM, Pose, angle_at, angle_range


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a pose shows of one kind of fact: the value, whether there is a margin, and the number behind it."""

    value: str
    sure: bool
    measure: float | None = None


STRAIGHT_DEG, BENT_DEG = 155.0, 120.0
"""A joint is straight from the first on, bent below the second, slightly bent between."""

MARGIN_DEG = 5.0
"""How far from a threshold an angle must be to be stated."""

ELBOW_LEAST_STRAIGHT_DEG, KNEE_LEAST_STRAIGHT_DEG = 116.0, 122.0
"""A limb that looks straight is stated only where foreshortening cannot hide more bend than this. A knee bends within
the plane of a frontal view, where a bend shows as nothing but a shorter leg; an elbow rarely does so exactly."""


def elbow(pose: Pose, side: str) -> Measured | None:
    """Straight, slightly bent or bent elbow."""
    return _hinge(pose, (f"{side} shoulder", f"{side} elbow", f"{side} wrist"), (UPPER_ARM, FOREARM),
                  ELBOW_LEAST_STRAIGHT_DEG)  # fmt: skip


def knee(pose: Pose, side: str) -> Measured | None:
    """Straight, slightly bent or bent knee."""
    return _hinge(pose, (f"{side} hip", f"{side} knee", f"{side} ankle"), (THIGH, SHANK), KNEE_LEAST_STRAIGHT_DEG)


def _hinge(pose: Pose, joints: tuple[str, str, str], usual: tuple[float, float], least: float) -> Measured | None:
    a, joint, b = (pose.points[name] for name in joints)
    degrees = angle_at(a, joint, b)
    if degrees is None:
        return None
    lengths = (usual[0] * pose.unit, usual[1] * pose.unit)
    low, high = angle_range(a, joint, b, lengths, slack=0.05)
    nominal, _ = angle_range(a, joint, b, lengths, slack=0.0)
    # The middle joint and the end must be seen; the root of a limb is often hidden by clothes or trunk, and known well.
    seen = pose.sees(*joints[1:])
    end_on = min(pose.span(a, joint) / usual[0], pose.span(joint, b) / usual[1]) < 0.3
    most = BENT_DEG + MARGIN_DEG * (1 if degrees > BENT_DEG - 2 * MARGIN_DEG else 3)
    if high < most or degrees < BENT_DEG:
        value, margin = "bent", high < most and degrees < 150 + 30 * (not end_on)
    elif degrees >= STRAIGHT_DEG:
        value, margin = "straight", degrees >= STRAIGHT_DEG + 3 and nominal > least
    else:
        value = "slightly bent"
        margin = BENT_DEG + MARGIN_DEG <= degrees <= STRAIGHT_DEG - MARGIN_DEG
        margin = margin and low > BENT_DEG + 1 and high < STRAIGHT_DEG + MARGIN_DEG
    return Measured(value=value, sure=margin and seen, measure=round(degrees, 1))


def head_top(pose: Pose) -> float | None:
    """Height (y in pixels) of the top of the head, about 0.3 units above eyes and ears; None without a head."""
    heights = [pose.points[joint][1] for joint in ("left eye", "right eye", "left ear", "right ear") if pose.has(joint)]
    if heights:
        return sum(heights) / len(heights) - 0.25 * pose.unit
    return pose.points["nose"][1] - 0.32 * pose.unit if pose.has("nose") else None


def arm_height(pose: Pose, side: str) -> Measured | None:
    """Where the hand is held: above the head, raised above the shoulder, at shoulder height, lowered."""
    shoulder, joint, wrist = (pose.points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    rise = -pose.drop(shoulder, wrist)
    elbow_rise = -pose.drop(shoulder, joint)
    seen = pose.sees(f"{side} wrist") and not _tilted(pose)
    top = head_top(pose)
    over = None if top is None else (top - wrist[1]) / pose.unit
    if over is not None and over > 0 and rise > 0.3:
        value, margin = "above the head", over > 0.04
    elif rise > 0.2:
        value, margin = "raised", rise > 0.24 and over is not None and over < -0.05
    elif rise > -0.2:
        value, margin = "at shoulder height", abs(rise) < 0.17 and abs(elbow_rise) < 0.25
    else:
        value, margin = "lowered", rise < -0.38 and elbow_rise < -0.12
    return Measured(value=value, sure=margin and seen, measure=round(rise, 2))


def _tilted(pose: Pose) -> bool:
    """Whether the trunk is so far from upright that up and down no longer say how an arm is held."""
    shoulders, hips = pose.mid("shoulder"), pose.mid("hip")
    if shoulders is None or hips is None:
        return False
    return pose.drop(shoulders, hips) < 0.55


def arm_side(pose: Pose, side: str) -> Measured | None:
    """Out to the side or across the body, for a person seen from the front or from behind; else None."""
    own, other = pose.points[f"{side} shoulder"], pose.points[f"{'right' if side == 'left' else 'left'} shoulder"]
    joint, wrist = pose.points[f"{side} elbow"], pose.points[f"{side} wrist"]
    if abs(own[0] - other[0]) < 0.5 * pose.unit or _tilted(pose):
        return None
    outward = 1 if own[0] > other[0] else -1
    reach = outward * (wrist[0] - own[0]) / pose.unit
    elbow_reach = outward * (joint[0] - own[0]) / pose.unit
    past_middle = -outward * (wrist[0] - (own[0] + other[0]) / 2) / pose.unit
    seen = pose.sees(f"{side} wrist")
    if reach > 0.4:
        sure = seen and reach > 0.6 and elbow_reach > 0.2
        return Measured(value="out to the side", sure=sure, measure=round(reach, 2))
    if past_middle > 0:
        level = -0.2 < pose.drop(own, wrist) < 1.1
        return Measured(value="across the body", sure=seen and level and past_middle > 0.1, measure=round(reach, 2))
    return None
