"""Who moves first: when people begin to move, and when they have come to rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llavapose.pose.geometry import Pose
from llavapose.pose.motion.limbs import Moved
from llavapose.pose.motion.tracks import Track
from llavapose.pose.thresholds import ORDER, TRACK


@dataclass(frozen=True, kw_only=True)
class Moving:
    """When somebody moves: the last frame that is still as the first one, the first that is already as the last."""

    first: int
    last: int


def moving(track: Track) -> Moving | None:
    """From when to when somebody moves; None of who does not, or is not followed all the time."""
    poses = [(number, pose) for number, pose in enumerate(track.poses) if pose]
    times = [track.times_s[number] for number, _ in poses]
    if not poses or any(round(later - earlier, 3) > TRACK.gap_s for earlier, later in pairwise(times)):
        return None
    begins, ends = _leaves(poses), _leaves(poses[::-1])
    return None if begins is None or ends is None else Moving(first=begins, last=ends)


def _leaves(poses: Sequence[tuple[int, Pose]]) -> int | None:
    """The frame before a joint is for the first time away from where it was in the first ones, in two on end."""
    still = [pose for _, pose in poses[: ORDER.num_still_frames]]
    away = [frozenset.intersection(*(_away(one, pose) for one in still)) for _, pose in poses]
    for place in range(1, len(poses)):
        if away[place] & away[min(place + 1, len(poses) - 1)]:
            return poses[place - 1][0]
    return None


def _away(still: Pose, pose: Pose) -> frozenset[str]:
    """The visible joints that have moved; hips are labelled too roughly to tell."""
    least = ORDER.moved_torsos * still.unit
    both = {joint for joint in still.seen & pose.seen if not joint.endswith("hip")}
    return frozenset(joint for joint in both if math.dist(still.points[joint], pose.points[joint]) > least)


def order(one: Moving, other: Moving, times_s: Sequence[float]) -> Moved | None:
    """Whether one begins before the other; sure where it also ends before, so that played backwards it is after.

    The frames of the reading are those of the beginnings.
    """
    begins, ends = (round(times_s[b] - times_s[a], 3) for a, b in ((one.first, other.first), (one.last, other.last)))
    if not begins:
        return None
    frames = min(abs(other.first - one.first), abs(other.last - one.last))
    sure = min(abs(begins), abs(ends)) >= ORDER.apart_s and frames >= ORDER.num_apart_frames and begins * ends > 0
    span = (min(one.first, other.first), max(one.first, other.first))
    return Moved(kind="order", value="before" if begins > 0 else "after", sure=sure, span=span,
                 measure=round(abs(begins), 2))  # fmt: skip
