"""Hands, elbows and knees in motion: each function reads one part of a ``Track``; at most one fact each."""

from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.pose.facts import limbs
from llavapose.pose.facts.arms import tilted
from llavapose.pose.facts.body import head_top, upside_down
from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose
from llavapose.pose.motion.states import Course, course
from llavapose.pose.motion.swings import Swings, swings
from llavapose.pose.motion.tracks import Track
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.thresholds import HAND_MOTION, SWING

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

    def read(pose: Pose) -> Measured | None:
        return reading(pose, side) if pose.has(*needs) else None

    found = [read(pose) if pose else None for pose in track.poses]
    way = swings(track, [one.measure if one else None for one in found])
    seen = course(track, [_clear(one) for one in found])
    part = f"{side} {joint}"
    if way is None:
        return None
    if way.large_ways > 1 and way.range >= SWING.hinge_deg:
        low = _at_turns(way, [one and one.sure and one.value == "bent" for one in found], lowest=True)
        return _repeated(way, part, sure=low and _opens(track, way, joint, side))
    if seen.changes != 1:
        return None
    value = "bends" if seen.words == ("straight", "bent") else "straightens"
    sure = seen.certain and way.large_ways == 1
    return Moved(kind=f"{joint}_motion", value=value, sure=sure, span=seen.span, part=part,
                 measure=round(way.values[-1] - way.values[0], 1))  # fmt: skip


def _opens(track: Track, way: Swings, joint: str, side: str) -> bool:
    """Whether an elbow or knee is straighter in space, too, where it looks so, at every turning point."""
    ranges = {i: limbs.bend_range(pose, joint, side) for i in way.points if (pose := track.poses[i])}
    middle = (max(way.values) + min(way.values)) / 2
    bent = [ranges[i][1] for i, value in zip(way.points, way.values, strict=True) if value < middle]
    straighter = [ranges[i][0] for i, value in zip(way.points, way.values, strict=True) if value >= middle]
    return min(straighter) - max(bent) >= SWING.space_deg


def _clear(found: Measured | None) -> str | None:
    if found is None:
        return None
    return found.value if found.sure and found.value != "slightly bent" else ""


def hand(track: Track, side: str) -> Moved | None:
    """A hand that passes its shoulder or the head, upwards or downwards, or goes up and down again and again."""
    at_shoulder = track.read(lambda pose: _shoulder_state(pose, side))
    at_head = track.read(lambda pose: _head_state(pose, side))
    shoulder, head = course(track, at_shoulder), course(track, at_head)
    way = swings(track, _rises(track, side))
    seen = track.read(lambda pose: "seen" if pose.sees(f"{side} wrist") else None)
    part = f"{side} hand"
    if way is None:
        return None
    if way.large_ways > 1 and way.range >= SWING.hand_torsos:
        past = any(_from_to(way, states) for states in (at_shoulder, at_head))
        past = past and any(_at_turns(way, seen, lowest=lowest) for lowest in (True, False))
        return _repeated(way, part, sure=past)
    if max(shoulder.changes, head.changes) != 1 or way.range < HAND_MOTION.moved_torsos:
        return None
    past_head = bool(head.changes)
    up = (shoulder if shoulder.changes else head).words == ("below", "above")
    spans = [one.span for one in (shoulder, head) if one.changes]
    certain = all(one.certain and _seen_once(one, seen) for one in (shoulder, head) if one.changes)
    certain = certain and way.large_ways == 1 and _agree(shoulder, head, at_head)
    return Moved(
        kind="hand_motion",
        value=f"{'raised' if up else 'lowered'} past the {'head' if past_head else 'shoulder'}",
        sure=certain,
        span=(min(first for first, _ in spans), max(last for _, last in spans)),
        measure=round(way.values[-1] - way.values[0], 2),
        part=part,
    )


def _seen_once(one: Course, seen: Sequence[object]) -> bool:
    """Whether a hand is visible in one of the two states: where it is hidden in the other, that is a guess far off."""
    return any(any(seen[state.first : state.last + 1]) for state in one.held)


def _agree(shoulder: Course, head: Course, at_head: Sequence[str | None]) -> bool:
    """Whether it is clear which of the two heights a hand has passed, the higher one where it passed both."""
    if head.changes and shoulder.changes:
        return head.words == shoulder.words
    if head.changes:
        return shoulder.words == ("above",)
    # Over the shoulder and not over the head: in most frames clearly so, in none the other way.
    over = next(one for one in shoulder.held if one.state == "above")
    there = at_head[over.first : over.last + 1]
    return head.words == ("below",) and 2 * there.count("below") > len(there)


def _repeated(way: Swings, part: str, *, sure: bool) -> Moved:
    """How often a part goes and comes back; sure where it ends as it began, for then nobody counts otherwise."""
    number = way.ways // 2
    sure = sure and way.certain and way.ways % 2 == 0 and number <= _MOST
    return Moved(kind="repeats", value=str(min(number, _MOST)), sure=sure, span=way.span, measure=float(number),
                 part=part)  # fmt: skip


def _at_turns(way: Swings, holds: Sequence[object], *, lowest: bool) -> bool:
    """Whether something holds of every frame in which a number is at its lower, or upper, turning points."""
    middle = (max(way.values) + min(way.values)) / 2
    turns = [frame for frame, value in zip(way.points, way.values, strict=True) if (value < middle) == lowest]
    return all(holds[frame] for frame in turns)


def _from_to(way: Swings, states: Sequence[str | None]) -> bool:
    """Whether a hand is below what it passes at all lower turning points, and above at all upper ones."""
    below = _at_turns(way, [one == "below" for one in states], lowest=True)
    return below and _at_turns(way, [one == "above" for one in states], lowest=False)


def _rises(track: Track, side: str) -> tuple[float | None, ...]:
    """How far a hand is above its shoulder, in torso lengths, frame by frame."""
    joints = (f"{side} shoulder", f"{side} wrist")
    return tuple(
        -pose.drop(pose.points[joints[0]], pose.points[joints[1]]) if pose and pose.has(*joints) else None
        for pose in track.poses
    )


def _shoulder_state(pose: Pose, side: str) -> str | None:
    shoulder, wrist = f"{side} shoulder", f"{side} wrist"
    if not pose.has(shoulder, wrist):
        return None
    rise = -pose.drop(pose.points[shoulder], pose.points[wrist])
    least = HAND_MOTION.shoulder_sure_torsos if pose.sees(wrist) else HAND_MOTION.hidden_sure_torsos
    if abs(rise) < least or not _readable(pose):
        return ""
    return "above" if rise > 0 else "below"


def _head_state(pose: Pose, side: str) -> str | None:
    wrist, top = f"{side} wrist", head_top(pose)
    if not pose.has(wrist) or top is None:
        return None
    over = (top - pose.points[wrist][1]) / pose.unit
    least, most = -HAND_MOTION.under_head_sure_torsos, HAND_MOTION.over_head_sure_torsos
    if not pose.sees(wrist):
        least, most = -HAND_MOTION.hidden_sure_torsos, HAND_MOTION.hidden_sure_torsos
    if least < over < most or not _readable(pose):
        return ""
    return "above" if over > 0 else "below"


def _readable(pose: Pose) -> bool:
    """Whether up and down say how a hand is held: the body neither bends over nor hangs head down."""
    return not tilted(pose) and not upside_down(pose)
