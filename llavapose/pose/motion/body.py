"""The whole body in motion: sitting down and standing up, turning; each function reads a ``Track``."""

from collections.abc import Callable
from itertools import pairwise

from llavapose.pose.facts import body
from llavapose.pose.facts.limbs import Measured
from llavapose.pose.geometry import Pose
from llavapose.pose.motion.limbs import Moved
from llavapose.pose.motion.states import course
from llavapose.pose.motion.tracks import Track

_TRUNK = ("left shoulder", "right shoulder", "left hip", "right hip")
_STANCES = {
    ("standing", "sitting"): "sits down",
    ("standing", "crouching"): "crouches down",
    ("sitting", "standing"): "stands up",
    ("crouching", "standing"): "stands up",
}
_ROUND = ("toward the camera", "image right", "away from the camera", "image left")
"""Ways to face, each a quarter turn to the own left of the one before."""
_QUARTER_DEG = 90.0


def stance(track: Track) -> Moved | None:
    """Somebody who sits down, crouches down or stands up."""
    seen = course(track, track.read(_clear(body.stance, _TRUNK, upright=True)), sided=False)
    if not seen.changes:
        return None
    value = _STANCES.get((seen.words[0], seen.words[-1]))
    if value is None:
        return None
    found = [_read(body.stance, pose, _TRUNK) for pose in track.poses if pose]
    heights = [one.measure for one in found if one and one.measure is not None]
    return Moved(kind="stance_motion", value=value, sure=seen.certain and seen.changes == 1, span=seen.span,
                 measure=round(max(heights) - min(heights), 2))  # fmt: skip


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
    return _half_turn(track, seen.words, seen.span, needs) if steps == [2] else None


def _half_turn(track: Track, words: tuple[str, ...], span: tuple[int, int], needs: tuple[str, ...]) -> Moved | None:
    """A turn from one way to the opposite; never sure: which way it went is read from frames that leave it open."""
    between = [found.value for pose in track.poses[span[0] + 1 : span[1]]
               if pose and (found := _read(body.facing, pose, needs)) and found.value not in words]  # fmt: skip
    if len(set(between)) != 1:
        return None
    left = (_ROUND.index(between[0]) - _ROUND.index(words[0])) % len(_ROUND) == 1
    return Moved(kind="turn", value="own left" if left else "own right", sure=False, span=span,
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
