"""Elbows and knees: one function a kind of fact, each reading one side of a ``Pose``."""

from dataclasses import dataclass

from llavapose.pose.geometry import Pose, angle_at, angle_range
from llavapose.pose.thresholds import BODY, HINGE


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


def bend_range(pose: Pose, joint: str, side: str) -> tuple[float, float]:
    """Least and greatest angle in space of an elbow or knee, with the usual lengths taken at their word."""
    root, end = ("shoulder", "wrist") if joint == "elbow" else ("hip", "ankle")
    usual = (BODY.upper_arm_torsos, BODY.forearm_torsos)
    if joint == "knee":
        usual = (BODY.thigh_torsos, BODY.shank_torsos)
    a, middle, b = (pose.points[f"{side} {name}"] for name in (root, joint, end))
    return angle_range(a, middle, b, (usual[0] * pose.unit, usual[1] * pose.unit), slack=0.0)


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
        value, margin = "bent", high < most and degrees < (HINGE.end_on_bent_deg if end_on else HINGE.bent_sure_deg)
    elif degrees >= HINGE.straight_deg:
        value = "straight"
        margin = degrees >= HINGE.straight_deg + HINGE.straight_margin_deg and nominal > least
    else:
        value = "slightly bent"
        margin = HINGE.slightly_sure_least_deg <= degrees <= HINGE.slightly_sure_most_deg
        margin = margin and low > HINGE.bent_deg + HINGE.slightly_bent_low_deg
        margin = margin and high < HINGE.straight_deg + HINGE.margin_deg
    return Measured(value=value, sure=margin and seen, measure=round(degrees, 1))
