"""The whole body in motion: sitting down and standing up, turning; each function reads a ``Track``."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from llavapose.pose.facts import body
from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose
from llavapose.pose.motion.limbs import Moved
from llavapose.pose.motion.states import Course, course
from llavapose.pose.motion.tracks import Track
from llavapose.pose.thresholds import SEAT, TRACK

_TRUNK = ("left shoulder", "right shoulder", "left hip", "right hip")
_LEGS = tuple(f"{side} {joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle"))
_DOWN = {"sitting": "sits down", "crouching": "crouches down"}
_ROUND = ("toward the camera", "image right", "away from the camera", "image left")
"""Ways to face, each a quarter turn to the own left of the one before."""
_QUARTER_DEG = 90.0


def stance(track: Track) -> Moved | None:
    """Somebody who sits down, crouches down or stands up; who is half way down seems to sit, and does not yet."""
    found = [_read(body.stance, pose, _TRUNK) if pose else None for pose in track.poses]
    seen = course(track, [_height(one, pose) for one, pose in zip(found, track.poses, strict=True)], sided=False)
    if seen.changes < 1 or seen.words[0] == seen.words[-1] or "lying" in (seen.words[0], seen.words[-1]):
        return None
    sure = seen.certain and seen.changes == 1 and _stays(seen, found)
    value = "stands up"
    if seen.words[-1] == "low":
        poses = [pose for pose in track.poses if pose and _read(body.stance, pose, _TRUNK)]
        words = [_low(pose) for pose in poses[-TRACK.num_held_frames :]]
        sure = sure and None not in words and len(set(words)) == 1
        value = _DOWN[words[-1] or "sitting"]
    heights = [one.measure for one in found if one and one.measure is not None]
    return Moved(kind="stance_motion", value=value, sure=sure, span=seen.span,
                 measure=round(max(heights) - min(heights), 2))  # fmt: skip


def _height(found: Measured | None, pose: Pose | None) -> str | None:
    """A frame's state: "standing", "low" (on a seat or crouching) or "lying"."""
    if found is None or pose is None:
        return None
    if not found.sure or body.upside_down(pose):
        return ""
    return "low" if found.value in _DOWN else found.value


def _low(pose: Pose) -> str | None:
    """Whether who is low surely sits or crouches; None where either may be.

    Who sits has the hips high or behind the feet, who crouches over them: seen from a side, it shows.
    """
    found = body.stance(pose)
    if found is None or not found.sure or found.measure is None or found.value not in _DOWN:
        return None
    if found.value == "crouching" or not pose.has(*_LEGS):
        return found.value
    hips, feet = pose.mid("hip"), pose.mid("ankle")
    assert hips is not None and feet is not None
    aside = abs(hips[0] - feet[0]) / pose.unit
    if found.measure > SEAT.sure_leg_share or aside > SEAT.sure_aside_torsos:
        return "sitting"
    breadth = abs(pose.points["left shoulder"][0] - pose.points["right shoulder"][0]) / pose.unit
    side_on = breadth < SEAT.side_on_torsos
    return "crouching" if side_on and aside < SEAT.crouching_aside_torsos else None


def _stays(seen: Course, found: Sequence[Measured | None]) -> bool:
    """Whether what is not sure before the first state and behind the last is no other: those were no passing states."""

    def alike(one: Measured | None, state: str) -> bool:
        return one is None or ("low" if one.value in _DOWN else one.value) == state

    before, behind = seen.held[0], seen.held[-1]
    return all(alike(one, before.state) for one in found[: before.first]) and all(
        alike(one, behind.state) for one in found[behind.last + 1 :]
    )


def turn(track: Track) -> Moved | None:
    """Somebody who turns to the own left or right, by a quarter at least."""
    needs = ("left shoulder", "right shoulder")
    seen = course(track, track.read(_clear(body.facing, needs, upright=True)))
    if not seen.changes:
        return None
    steps = [(_ROUND.index(b) - _ROUND.index(a)) % len(_ROUND) for a, b in pairwise(seen.words)]
    if all(step == 1 for step in steps) or all(step == len(_ROUND) - 1 for step in steps):
        left = steps[0] == 1
        return Moved(kind="turn", value="own left" if left else "own right", sure=seen.certain, span=seen.span,
                     measure=(1 if left else -1) * len(steps) * _QUARTER_DEG)  # fmt: skip
    return _half_turn(track, seen, needs) if steps == [2] else None


def _half_turn(track: Track, seen: Course, needs: tuple[str, ...]) -> Moved | None:
    """A turn from one way to the opposite: the frames between say which way round, together and against none."""
    span = seen.span
    between = [found.value for pose in track.poses[span[0] + 1 : span[1]]
               if pose and (found := _read(body.facing, pose, needs)) and found.value not in seen.words]  # fmt: skip
    if len(set(between)) != 1:
        return None
    left = (_ROUND.index(between[0]) - _ROUND.index(seen.words[0])) % len(_ROUND) == 1
    # What is seen on the way is no slip here.
    ends = [
        word if word in seen.words else word and "" for word in track.read(_clear(body.facing, needs, upright=True))
    ]
    sure = course(track, ends).certain and len(between) >= TRACK.num_held_frames
    return Moved(kind="turn", value="own left" if left else "own right", sure=sure, span=span,
                 measure=(2 if left else -2) * _QUARTER_DEG)  # fmt: skip


def _read(reading: Callable[[Pose], Measured | None], pose: Pose, needs: tuple[str, ...]) -> Measured | None:
    return reading(pose) if pose.has(*needs) else None


def _clear(
    reading: Callable[[Pose], Measured | None], needs: tuple[str, ...], *, upright: bool
) -> Callable[[Pose], str | None]:
    """A frame's state by a still fact: its word where it is sure."""

    def state(pose: Pose) -> str | None:
        if not pose.has(*needs):
            return None
        found = reading(pose)
        return found.value if found and found.sure and not (upright and body.upside_down(pose)) else ""

    return state
