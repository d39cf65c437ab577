"""Which scenes qualify, and which must stay out of training."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from llavapose.pose.people import num_labelled
from llavapose.records import Scene


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The scenes that qualify, and what was left out and why, counted, one line each."""

    scenes: tuple[Scene, ...]
    notes: tuple[str, ...] = ()


def select(
    scenes: Sequence[Scene],
    *,
    person: bool = True,
    min_labelled_joints: int = 0,
    excluded_ids: Collection[int] = (),
) -> Selection:
    """Choose scenes.

    Args:
        scenes: in any order; the order is kept.
        person: whether a scene needs a person (a crowd is none).
        min_labelled_joints: a scene needs a person with this many labelled joints.
        excluded_ids: image ids that must stay out. COCO 2014 and 2017 share ids, and train2017 holds most of val2014:
            held-out pictures of either are excluded by id from both.
    """
    excluded = frozenset(excluded_ids)
    chosen: list[Scene] = []
    left_out = {"held-out image ids": 0, "no person": 0, f"no person with {min_labelled_joints} labelled joints": 0}
    reasons = tuple(left_out)
    for scene in scenes:
        most = max((num_labelled(someone) for someone in scene.people), default=0)
        if scene.id in excluded:
            left_out[reasons[0]] += 1
        elif person and not scene.people:
            left_out[reasons[1]] += 1
        elif most < min_labelled_joints:
            left_out[reasons[2]] += 1
        else:
            chosen.append(scene)
    notes = tuple(f"{number} of {len(scenes)} scenes left out: {why}" for why, number in left_out.items() if number)
    return Selection(scenes=tuple(chosen), notes=notes)
