"""Every number of ``pose/`` that somebody chose, with its unit, why it is there, and what set it.

The unit ends the name: ``_deg`` degrees; ``_torsos`` torso lengths, mid-shoulder to mid-hip as seen side on (a *unit*
of ``geometry``); ``_rel`` of the picture's width, 0..1; ``_share`` of the length or size that the reason names. A limit
without "sure" chooses the word; one with "sure" leaves a margin, inside which a fact is kept but never stated.

    >>> HINGE.straight_deg
    155.0

``python benchmarks/facts.py`` shows what a change does to each word; ``--thresholds`` prints this table, and
``--move 0.2 --seed 12 --pictures 800`` what each number does to the stated facts, a fifth less and a fifth more.
"""

from dataclasses import dataclass, field, fields
from typing import Any

TUNED = "benchmarks/facts.py"
"""Moved until the stated facts of the benchmark's pictures (seed 11) were right and many, and few of them turned over
under annotators' errors (``--jitter``); seed 12 is the check."""
LOOSE = "benchmarks/facts.py, loosely"
"""Moved there too, but a fifth less or more changes no stated fact any more: other limits decide."""
HAND = "by hand, checked by benchmarks/facts.py"
"""As first written down; a fifth less or more changes which facts the benchmark sees stated."""
MOTION = "benchmarks/motion_facts.py"
"""Moved until the stated motions of the moving world (seed 11) were right and many; seed 12 is the check."""
GUESS = "by hand"
"""As first written down; nothing measures it: no truth says whether it is right, or other limits decide."""
MEANING = "the word's meaning"
"""Not open to choice once the word is chosen."""


def _chosen(value: float, set_by: str, why: str) -> Any:
    return field(default=value, metadata={"set_by": set_by, "why": why})


@dataclass(frozen=True, kw_only=True)
class BodyLimits:
    """Usual lengths, joint centre to joint centre, near the upper end of what people have.

    A limb is then rather thought foreshortened than taken for long.
    """

    trunk_torsos: float = _chosen(1.0, MEANING, "shoulder to hip, the length that all others are counted in")
    shoulders_torsos: float = _chosen(0.80, TUNED, "left to right shoulder")
    upper_arm_torsos: float = _chosen(0.62, TUNED, "shoulder to elbow")
    forearm_torsos: float = _chosen(0.55, TUNED, "elbow to wrist")
    thigh_torsos: float = _chosen(0.87, TUNED, "hip to knee")
    shank_torsos: float = _chosen(0.85, HAND, "knee to ankle, after Drillis and Contini's table")
    near_longest_share: float = _chosen(0.9, TUNED, "segments of at least this share of the longest tell the unit")
    head_over_eyes_torsos: float = _chosen(0.25, HAND, "top of the head above eyes and ears")
    head_over_nose_torsos: float = _chosen(0.32, GUESS, "the same above the nose, without eyes and ears")


@dataclass(frozen=True, kw_only=True)
class PeopleLimits:
    """Who is worth speaking of."""

    num_least_joints: int = _chosen(5, GUESS, "labelled joints that somebody needs to have a pose to speak of")
    least_height_share: float = _chosen(1 / 3, GUESS, "of the tallest box: smaller people are the background")
    largest_height_share: float = _chosen(1.2, GUESS, "the largest person's box is so much higher than any other ...")
    largest_area_share: float = _chosen(1.25, GUESS, "... and so much larger: whoever looks agrees who is meant")


@dataclass(frozen=True, kw_only=True)
class HingeLimits:
    """Elbows and knees."""

    straight_deg: float = _chosen(155.0, HAND, "straight from this angle in the picture on")
    bent_deg: float = _chosen(120.0, HAND, "bent below this one, slightly bent between")
    margin_deg: float = _chosen(5.0, HAND, "how far from a limit an angle must be to be stated")
    straight_margin_deg: float = _chosen(3.0, LOOSE, "the same above straight_deg: noise can only bend a straight limb")
    clearly_bent_margins: float = _chosen(2.0, TUNED, "margins below bent_deg: so bent in the picture that ...")
    clearly_bent_high_margins: float = _chosen(3.0, TUNED, "... it may be this many above it in space, and stay bent")
    bent_sure_deg: float = _chosen(115.0, TUNED, "a straight limb looks no more bent than this by its joints' errors")
    slightly_sure_least_deg: float = _chosen(128.0, TUNED, "slightly bent with a margin: from here ...")
    slightly_sure_most_deg: float = _chosen(146.0, TUNED, "... to here ...")
    slightly_bent_low_deg: float = _chosen(1.0, LOOSE, "above bent_deg: the most bend in space that may be hidden")
    length_slack_share: float = _chosen(0.05, TUNED, "how far a person's segments may be from the usual lengths")
    end_on_share: float = _chosen(0.3, HAND, "a segment seen shorter points at the camera: its angle is noise")
    end_on_bent_deg: float = _chosen(150.0, HAND, "a limb with such a segment is surely bent only below this angle")
    elbow_least_straight_deg: float = _chosen(116.0, TUNED, "more bend than this may not hide in what looks straight")
    knee_least_straight_deg: float = _chosen(122.0, TUNED, "stricter: from the front a bent knee is just a short leg")


@dataclass(frozen=True, kw_only=True)
class ArmLimits:
    """How high a hand is held, and on which side; heights from the shoulder."""

    upright_drop_torsos: float = _chosen(0.55, GUESS, "hips below shoulders by less: up and down say nothing of an arm")
    above_rise_torsos: float = _chosen(0.3, GUESS, "a wrist over the head is also this far above the shoulder")
    above_sure_torsos: float = _chosen(0.04, TUNED, "over the top of the head, which is itself a guess")
    raised_rise_torsos: float = _chosen(0.2, GUESS, "raised from here on")
    raised_sure_rise_torsos: float = _chosen(0.3, TUNED, "surely raised from here on ...")
    raised_sure_under_top_torsos: float = _chosen(0.1, TUNED, "... while this far below the top of the head")
    level_drop_torsos: float = _chosen(0.2, GUESS, "at shoulder height down to here, lowered below")
    level_sure_torsos: float = _chosen(0.12, TUNED, "wrist this near to the shoulder's height ...")
    level_sure_elbow_torsos: float = _chosen(0.25, TUNED, "... and the elbow this near: not a bent arm that passes it")
    front_drop_torsos: float = _chosen(0.95, HAND, "wrist no lower than this, hip height, ...")
    front_hang_torsos: float = _chosen(0.35, HAND, "... nor this far below its elbow: in front, else lowered")
    front_sure_least_drop_torsos: float = _chosen(0.26, HAND, "the same with a margin: from here ...")
    front_sure_drop_torsos: float = _chosen(0.8, HAND, "... to here ...")
    front_sure_hang_torsos: float = _chosen(0.22, HAND, "... and no farther below the elbow")
    front_sure_gap_torsos: float = _chosen(0.45, TUNED, "... and no nearer to the other elbow: arms that may be folded")
    front_sure_outward_torsos: float = _chosen(-0.05, GUESS, "from the front: inward of its shoulder by this at least")
    front_sure_ahead_torsos: float = _chosen(0.15, GUESS, "from a side: ahead of shoulders and hips by this")
    folded_least_drop_torsos: float = _chosen(0.25, GUESS, "folded: both wrists this far below their shoulders ...")
    folded_elbow_deg: float = _chosen(115.0, HAND, "... on arms bent below this ...")
    folded_level_torsos: float = _chosen(0.3, GUESS, "... this level with their elbows ...")
    folded_gap_torsos: float = _chosen(0.4, HAND, "... and this near to the other elbow")
    folded_sure_past_torsos: float = _chosen(0.2, HAND, "the same with a margin: both together past the middle")
    lowered_sure_drop_torsos: float = _chosen(0.82, HAND, "wrist this far below the shoulder ...")
    lowered_sure_over_hips_torsos: float = _chosen(0.1, TUNED, "... or no farther than this above the hips ...")
    lowered_sure_hang_torsos: float = _chosen(0.25, GUESS, "... and this far below the elbow: it hangs")
    hip_elbow_deg: float = _chosen(140.0, HAND, "an arm bent below this ...")
    hip_gap_torsos: float = _chosen(0.4, HAND, "... with its hand this near to the hip may rest there")
    side_breadth_torsos: float = _chosen(0.5, HAND, "shoulders nearer to each other: seen from the side, no side told")
    out_reach_torsos: float = _chosen(0.4, GUESS, "wrist outward of the shoulder: out to the side")
    out_sure_reach_torsos: float = _chosen(0.6, TUNED, "the same with a margin ...")
    out_sure_elbow_torsos: float = _chosen(0.2, TUNED, "... and the elbow outward too: the arm, not just the hand")
    across_sure_torsos: float = _chosen(0.1, HAND, "wrist past the middle of the shoulders")
    across_sure_rise_torsos: float = _chosen(0.2, GUESS, "... not above the shoulder by more: that is a raised hand")
    across_sure_drop_torsos: float = _chosen(1.1, GUESS, "... not lower than this: that is a hand at the thighs")


@dataclass(frozen=True, kw_only=True)
class TrunkLimits:
    """Angles of the trunk to the vertical: as seen, and in space by how short it looks."""

    upright_seen_deg: float = _chosen(18.0, GUESS, "upright below this ...")
    upright_space_deg: float = _chosen(40.0, GUESS, "... and below this: a short trunk says little when nearly upright")
    upright_sure_seen_deg: float = _chosen(13.0, LOOSE, "the same with a margin")
    upright_sure_space_deg: float = _chosen(28.0, HAND, "the same with a margin")
    side_on_breadth_share: float = _chosen(0.5, LOOSE, "of usual shoulders: narrower is side on, where a lean shows")
    stretched_leg_share: float = _chosen(0.85, TUNED, "of usual legs: who stands so stretched cannot lean unseen")
    upside_down_rise_torsos: float = _chosen(0.2, GUESS, "hips above the shoulders by this: head down, or ...")
    upside_down_drop_torsos: float = _chosen(0.15, GUESS, "... hips below the shoulders by less, and ...")
    upside_down_legs_torsos: float = _chosen(0.3, GUESS, "... a foot above its hip by this: a cartwheel")
    bent_seen_deg: float = _chosen(52.0, TUNED, "bent over above this ...")
    bent_space_deg: float = _chosen(54.0, TUNED, "... or above this; leaning between upright and bent over")
    bent_sure_seen_deg: float = _chosen(57.0, LOOSE, "the same with a margin")
    bent_sure_space_deg: float = _chosen(66.0, TUNED, "the same with a margin")
    leaning_sure_least_deg: float = _chosen(23.0, TUNED, "seen between this ...")
    leaning_sure_most_deg: float = _chosen(46.0, TUNED, "... and this ...")
    leaning_sure_space_deg: float = _chosen(50.0, TUNED, "... and in space below this")


@dataclass(frozen=True, kw_only=True)
class StanceLimits:
    """How far joints are below others, as shares of the usual length of the trunk, thigh, shank or leg between."""

    lying_drop_share: float = _chosen(0.45, GUESS, "neither trunk nor legs reach farther up or down")
    lying_sure_drop_share: float = _chosen(0.3, GUESS, "the same with a margin")
    standing_leg_share: float = _chosen(0.6, TUNED, "a foot this far below its hip ...")
    standing_thigh_share: float = _chosen(0.5, LOOSE, "... and a knee this far: on a seat the thighs lie flat")
    standing_sure_leg_share: float = _chosen(0.68, TUNED, "the same with a margin")
    sitting_thigh_share: float = _chosen(-0.04, TUNED, "knees on average hardly above the hips ...")
    sitting_shank_share: float = _chosen(0.45, TUNED, "... a shank that hangs ...")
    sitting_leg_share: float = _chosen(0.28, LOOSE, "... and a foot this far below its hip")
    sitting_sure_thigh_share: float = _chosen(0.34, LOOSE, "knees no farther below the hips: else half standing")
    sitting_sure_shank_share: float = _chosen(0.5, LOOSE, "the same with a margin")
    sitting_sure_least_leg_share: float = _chosen(0.31, TUNED, "the same with a margin")
    sitting_sure_most_leg_share: float = _chosen(0.58, TUNED, "nearly standing_leg_share, less a margin")
    sitting_sure_trunk_share: float = _chosen(0.65, TUNED, "a trunk held up")
    crouching_sure_trunk_share: float = _chosen(0.6, TUNED, "a trunk held up, a little forward")
    folded_knee_deg: float = _chosen(150.0, LOOSE, "a knee less bent is a stretched leg of someone who sits low")
    folded_foot_aside_torsos: float = _chosen(0.95, LOOSE, "a foot farther from below its hip carries nobody")
    folded_leg_share: float = _chosen(0.36, TUNED, "hips no higher above the feet than this")
    folded_low_leg_share: float = _chosen(0.31, TUNED, "below this the hips are low ...")
    folded_low_thigh_share: float = _chosen(0.06, LOOSE, "... and knees may be about level with them, else ...")
    folded_high_thigh_share: float = _chosen(-0.15, TUNED, "... must be clearly above: on a low seat they are not")


@dataclass(frozen=True, kw_only=True)
class LegsLimits:
    """Feet side by side or not, and lifted or not, of someone who stands."""

    level_torsos: float = _chosen(0.25, TUNED, "between the feet's heights: more is a lifted foot or one far behind")
    together_front_torsos: float = _chosen(0.6, TUNED, "feet no farther apart, seen from the front or from behind")
    together_side_torsos: float = _chosen(0.4, LOOSE, "the same from the side, where breadth takes nothing up")
    together_sure_torsos: float = _chosen(0.5, TUNED, "from the front: feet, and knees, with a margin ...")
    together_sure_front_share: float = _chosen(0.98, TUNED, "... on legs this stretched: bent ones hide a stride")
    together_sure_breadth_share: float = _chosen(0.15, TUNED, "from the side: so much turned that a gap would show ...")
    together_sure_side_share: float = _chosen(0.85, TUNED, "... on legs this stretched")
    apart_sure_torsos: float = _chosen(0.75, TUNED, "from the front: wider than together_front_torsos, with a margin")
    stride_sure_torsos: float = _chosen(0.65, HAND, "from the side: wider than together_side_torsos, with a margin")
    lifted_torsos: float = _chosen(0.2, GUESS, "a foot this far above the other is lifted")
    lifted_sure_torsos: float = _chosen(0.3, TUNED, "the same with a margin, for either foot")
    ground_sure_torsos: float = _chosen(0.15, TUNED, "feet this level both stand; a stride looks about as uneven")


@dataclass(frozen=True, kw_only=True)
class FacingLimits:
    """Which way a body faces; breadth is the shoulders', as a share of the usual one, negative from behind."""

    upright_drop_torsos: float = _chosen(0.5, GUESS, "hips below shoulders: in people who lie the order says nothing")
    breadth_share: float = _chosen(0.5, HAND, "broader: toward the camera or away from it, else to a side")
    front_sure_breadth_share: float = _chosen(0.65, HAND, "the same with a margin")
    side_sure_breadth_share: float = _chosen(0.42, TUNED, "to a side: with a margin, small as the nose must agree")
    side_sure_look_torsos: float = _chosen(0.1, GUESS, "nose in front of the ears by this")


@dataclass(frozen=True, kw_only=True)
class CountLimits:
    """How many people."""

    num_most_told: int = _chosen(10, GUESS, "more than ten are many")
    num_many_true: int = _chosen(6, GUESS, "who says many of at least so many is right ...")
    num_many_false: int = _chosen(3, GUESS, "... of at most so many wrong, and between neither")


@dataclass(frozen=True, kw_only=True)
class PlaceLimits:
    """Where people are: centres of boxes."""

    left_third_rel: float = _chosen(1 / 3, MEANING, "left below it")
    right_third_rel: float = _chosen(2 / 3, MEANING, "right above it, in the middle between")
    left_sure_rel: float = _chosen(0.30, GUESS, "two people who look may not draw the line at the third exactly")
    middle_sure_least_rel: float = _chosen(0.37, GUESS, "the same")
    middle_sure_most_rel: float = _chosen(0.63, GUESS, "the same")
    right_sure_rel: float = _chosen(0.70, GUESS, "the same")
    side_sure_width_share: float = _chosen(0.3, GUESS, "of the narrower box: one behind the other has no side")
    side_sure_rel: float = _chosen(0.04, GUESS, "the same for people far away, whose boxes are narrow")
    side_sure_edge_rel: float = _chosen(0.01, GUESS, "nor do the boxes' sides say otherwise by more than this")
    nearest_num_people: int = _chosen(3, MEANING, "of two, each is nearest to the other: nothing is said")
    nearest_sure_share: float = _chosen(1.2, GUESS, "the next one is farther by this: the picture has no depth")
    nearest_like_size_share: float = _chosen(1.3, GUESS, "torsos, or else boxes, at most this much larger ...")
    nearest_level_share: float = _chosen(0.25, GUESS, "... and boxes end this level, of the highest: as far away")


@dataclass(frozen=True, kw_only=True)
class ContactLimits:
    """Hands and feet at things; gaps from wrist or ankle to the thing's box."""

    gap_torsos: float = _chosen(0.35, GUESS, "a hand's length: farther away nothing is touched")
    sure_gap_torsos: float = _chosen(0.15, TUNED, "the same with a margin")
    others_gap_torsos: float = _chosen(0.5, HAND, "another's hand or foot nearer than this may be the one")
    foot_over_torsos: float = _chosen(0.3, LOOSE, "an ankle at most so far above what the foot stands on")
    thing_most_torsos: float = _chosen(1.6, HAND, "a larger thing's box does not say where its grip is")
    partner_gap_torsos: float = _chosen(0.45, TUNED, "the other hand is farther away: else it may be that one")
    umbrella_grip_torsos: float = _chosen(0.3, LOOSE, "an umbrella is held at most so far above its lower end ...")
    umbrella_middle_share: float = _chosen(0.3, LOOSE, "... and so near to its middle, of its width")
    umbrella_partner_over_torsos: float = _chosen(0.3, LOOSE, "the other hand is higher than the grip by this ...")
    umbrella_partner_gap_torsos: float = _chosen(0.4, TUNED, "... and this near: then it may be that one")


@dataclass(frozen=True, kw_only=True)
class TrackLimits:
    """How states of single frames become states that are held, and changes between them."""

    num_unit_frames: int = _chosen(2, GUESS, "labelled frames before and behind whose body lengths are taken together")
    num_held_frames: int = _chosen(2, MEANING, "labelled frames that show a state: one alone may be a slip")
    gap_s: float = _chosen(1.0, GUESS, "longer without the joints, anything may happen unseen")
    swap_torsos: float = _chosen(0.25, GUESS, "joints of both sides move so far on average from frame to frame ...")
    swap_share: float = _chosen(0.5, GUESS, "... and less than this share of it with left and right exchanged: a slip")


@dataclass(frozen=True, kw_only=True)
class SwingLimits:
    """How a number goes and comes back; shares of all of its range."""

    least_share: float = _chosen(0.3, MOTION, "a way there or back that is shorter is none")
    sure_share: float = _chosen(0.6, MOTION, "one that is longer is one; between, nothing is counted")
    level_share: float = _chosen(0.25, GUESS, "as near as this to an end is at this end")
    hinge_deg: float = _chosen(50.0, MOTION, "an elbow or knee that goes so far and back is bent again and again")
    space_deg: float = _chosen(20.0, MOTION, "so far it opens in space, too, from the most bent to the straightest")
    step_s: float = _chosen(0.3, MOTION, "frames no farther apart than this: people wave twice in a second")
    hand_torsos: float = _chosen(0.6, MOTION, "a hand that goes so far up and down")


@dataclass(frozen=True, kw_only=True)
class HandMotionLimits:
    """When a hand has passed its shoulder's height, and the head's."""

    shoulder_sure_torsos: float = _chosen(0.25, MOTION, "wrist so far below the shoulder before, above it after")
    over_head_sure_torsos: float = _chosen(0.04, MOTION, "wrist so far over the head's top on one side ...")
    under_head_sure_torsos: float = _chosen(0.1, MOTION, "... of the change, and so far under it on the other")
    hidden_sure_torsos: float = _chosen(0.4, GUESS, "the same of a hidden wrist, on one side at most")


@dataclass(frozen=True, kw_only=True)
class SeatLimits:
    """Sitting or crouching at the end of going down, of somebody whom the still facts have sitting."""

    sure_leg_share: float = _chosen(0.53, MOTION, "hips so far above the feet, of the legs' length: on a seat ...")
    sure_aside_torsos: float = _chosen(0.55, MOTION, "... or so far aside of them: nobody crouches so ...")
    crouching_aside_torsos: float = _chosen(0.45, MOTION, "... while hips nearer to over the feet crouch ...")
    side_on_torsos: float = _chosen(0.35, MOTION, "... where shoulders this narrow tell a view from the side")


@dataclass(frozen=True, kw_only=True)
class PathLimits:
    """Moving in the picture, and nearer or away; a level is a median of frames, so that no single one decides."""

    num_level_frames: int = _chosen(3, GUESS, "labelled frames, at most, of which the first and the last level are")
    num_least_frames: int = _chosen(4, GUESS, "labelled frames that a path needs")
    shift_rel: float = _chosen(0.08, MOTION, "of the picture's width between first and last level ...")
    shift_torsos: float = _chosen(0.8, MOTION, "... and this of the body, of hips or shoulders and of the feet")
    hint_share: float = _chosen(0.5, GUESS, "from this share of the limits on, a motion is told as unsure")
    approach_share: float = _chosen(1.3, MOTION, "body lengths grow or shrink by this factor ...")
    whole_share: float = _chosen(1.15, MOTION, "... and all that is labelled of it together by this")
    between_share: float = _chosen(0.25, MOTION, "of the whole way that a path may leave its two levels, or turn back")
    alike_share: float = _chosen(0.5, GUESS, "of the same way by everybody else: the camera pans or zooms")


@dataclass(frozen=True, kw_only=True)
class OrderLimits:
    """Who moves first."""

    moved_torsos: float = _chosen(0.45, MOTION, "a joint so far from where it was, in two frames on end: it moves")
    num_still_frames: int = _chosen(2, GUESS, "frames at the beginning, and at the end, that tell where a joint was")
    apart_s: float = _chosen(0.4, GUESS, "between two beginnings, and two ends, that anybody would tell apart ...")
    num_apart_frames: int = _chosen(2, GUESS, "... and as many labelled frames")


BODY, PEOPLE, HINGE, ARM, TRUNK = BodyLimits(), PeopleLimits(), HingeLimits(), ArmLimits(), TrunkLimits()
STANCE, LEGS, FACING, COUNT, PLACE, CONTACT = (
    StanceLimits(),
    LegsLimits(),
    FacingLimits(),
    CountLimits(),
    PlaceLimits(),
    ContactLimits(),
)
TRACK, SWING, HAND_MOTION, SEAT, PATH, ORDER = (
    TrackLimits(),
    SwingLimits(),
    HandMotionLimits(),
    SeatLimits(),
    PathLimits(),
    OrderLimits(),
)
TABLE = {
    "BODY": BODY, "PEOPLE": PEOPLE, "HINGE": HINGE, "ARM": ARM, "TRUNK": TRUNK, "STANCE": STANCE, "LEGS": LEGS,
    "FACING": FACING, "COUNT": COUNT, "PLACE": PLACE, "CONTACT": CONTACT,
    "TRACK": TRACK, "SWING": SWING, "HAND_MOTION": HAND_MOTION, "SEAT": SEAT, "PATH": PATH, "ORDER": ORDER,
}  # fmt: skip
"""All groups by the names that code reads them by."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number as it is told.

    Attributes:
        name: as code reads it, "HINGE.straight_deg".
        value: the number.
        set_by: what it was chosen by.
        why: what it is for.
    """

    name: str
    value: float
    set_by: str
    why: str


def rows() -> tuple[Row, ...]:
    """Every threshold, group after group."""
    return tuple(
        Row(name=f"{group}.{one.name}", value=getattr(values, one.name), **one.metadata)
        for group, values in TABLE.items()
        for one in fields(values)
    )


def markdown() -> str:
    """The table as Markdown, as ``docs/pose.md`` shows it."""
    lines = ["| threshold | value | why | set by |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.value:.4g} | {row.why} | {row.set_by} |" for row in rows()]
    return "\n".join(lines)
