"""Hands, elbows and knees in motion: each function reads one part of a ``Track``; at most one fact each."""

from dataclasses import dataclass
from statistics import median

from llavapose.pose.facts import limbs
from llavapose.pose.facts.arms import tilted
from llavapose.pose.facts.body import head_top, upside_down
from llavapose.pose.geometry import Pose
from llavapose.pose.motion.states import Course, course
from llavapose.pose.motion.tracks import Track
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.thresholds import HAND_MOTION

_MOST = len(VALUES["repeats"])


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a track shows of one kind of motion; ``span`` are the frames from which to which it takes place."""

    kind: str
    value: str
    sure: bool
    span: tuple[int, int]
    measure: float | None = None
    part: str | None = None


def hinge(track: Track, joint: str, side: str) -> Moved | None:
    """An elbow or knee that bends, straightens, or does so again and again."""
    root, end = ("shoulder", "wrist") if joint == "elbow" else ("hip", "ankle")
    needs = tuple(f"{side} {name}" for name in (root, joint, end))
    reading = limbs.elbow if joint == "elbow" else limbs.knee
    measures: dict[int, float] = {}

    def state(pose: Pose) -> str | None:
        found = reading(pose, side) if pose.has(*needs) else None
        return None if found is None else found.value if found.sure and found.value != "slightly bent" else ""

    seen = course(track, track.read(state))
    for number, pose in enumerate(track.poses):
        found = reading(pose, side) if pose and pose.has(*needs) else None
        if found and found.measure is not None:
            measures[number] = found.measure
    part = f"{side} {joint}"
    if seen.changes == 1:
        value = "bends" if seen.words == ("straight", "bent") else "straightens"
        return Moved(kind=f"{joint}_motion", value=value, sure=seen.certain, span=seen.span, part=part,
                     measure=_difference(seen, measures))  # fmt: skip
    return repeated(seen, part)


def hand(track: Track, side: str) -> Moved | None:
    """A hand that passes its shoulder or the head, upwards or downwards, or goes up and down again and again."""
    shoulder = course(track, track.read(lambda pose: _shoulder_state(pose, side)))
    head = course(track, track.read(lambda pose: _head_state(pose, side)))
    part = f"{side} hand"
    if shoulder.changes > 1 or head.changes > 1:
        often, other = (shoulder, head) if shoulder.changes > 1 else (head, shoulder)
        found = repeated(often, part)
        # Who raises a hand once and passes the head twice on the way goes up and down how often?
        alike = other.changes <= 1 if often is head else head.changes <= shoulder.changes
        alike = alike and not (often is head and shoulder.changes == 1)
        return found and Moved(kind=found.kind, value=found.value, sure=found.sure and alike, span=found.span,
                               measure=found.measure, part=part)  # fmt: skip
    if not shoulder.changes and not head.changes:
        return None
    past = "head" if head.changes else "shoulder"
    seen = head if head.changes and not shoulder.changes else shoulder
    way = "raised" if seen.words == ("below", "above") else "lowered"
    certain = seen.certain and _agree(shoulder, head)
    joints = (f"{side} shoulder", f"{side} wrist")
    labelled = {number: pose for number, pose in enumerate(track.poses) if pose and pose.has(*joints)}
    rises = {number: -pose.drop(*(pose.points[joint] for joint in joints)) for number, pose in labelled.items()}
    spans = [one.span for one in (shoulder, head) if one.changes]
    span = (min(first for first, _ in spans), max(last for _, last in spans))
    return Moved(kind="hand_motion", value=f"{way} past the {past}", sure=certain, span=span, part=part,
                 measure=_difference(seen, rises, digits=2))  # fmt: skip


def _agree(shoulder: Course, head: Course) -> bool:
    """Whether it is clear which of the two heights a hand has passed, the higher one where it passed both."""
    if head.changes and shoulder.changes:
        return head.words == shoulder.words and head.certain
    if head.changes:
        return shoulder.words == ("above",)
    return head.words == ("below",)


def repeated(seen: Course, part: str) -> Moved | None:
    """How often a part goes and comes back; sure where it ends as it began, for then nobody counts otherwise."""
    if seen.changes < 2:
        return None
    number = seen.changes // 2
    sure = seen.certain and seen.changes % 2 == 0 and number <= _MOST
    return Moved(kind="repeats", value=str(min(number, _MOST)), sure=sure, span=seen.span, measure=float(number),
                 part=part)  # fmt: skip


def _shoulder_state(pose: Pose, side: str) -> str | None:
    shoulder, wrist = f"{side} shoulder", f"{side} wrist"
    if not pose.has(shoulder, wrist):
        return None
    rise = -pose.drop(pose.points[shoulder], pose.points[wrist])
    if not _readable(pose, side) or abs(rise) < HAND_MOTION.shoulder_sure_torsos:
        return ""
    return "above" if rise > 0 else "below"


def _head_state(pose: Pose, side: str) -> str | None:
    wrist, top = f"{side} wrist", head_top(pose)
    if not pose.has(wrist) or top is None:
        return None
    over = (top - pose.points[wrist][1]) / pose.unit
    if not _readable(pose, side) or -HAND_MOTION.under_head_sure_torsos < over < HAND_MOTION.over_head_sure_torsos:
        return ""
    return "above" if over > 0 else "below"


def _readable(pose: Pose, side: str) -> bool:
    """Whether up and down say how a hand is held: it is seen, and the body neither bends over nor hangs head down."""
    return pose.sees(f"{side} wrist") and not tilted(pose) and not upside_down(pose)


def _difference(seen: Course, measures: dict[int, float], digits: int = 1) -> float | None:
    """How much a measure is larger in the state after than in the one before, by their medians."""
    levels = [
        [measures[i] for i in range(one.first, one.last + 1) if i in measures] for one in (seen.held[0], seen.held[-1])
    ]
    return round(median(levels[1]) - median(levels[0]), digits) if all(levels) else None
