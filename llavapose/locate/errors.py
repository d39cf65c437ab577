"""How far off each joint is: object keypoint similarity joint by joint, for plots and for the worst people first.

A joint's similarity is exp(-d^2 / (2 s^2 k^2)) with d in pixels, s^2 the person's annotated area and k twice the
joint's sigma (COCO's keypoint evaluation); a person's is the mean over its labelled joints.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

from llavapose.files import read_json
from llavapose.locate.datasets.truth import BODY
from llavapose.locate.results import Located
from llavapose.locate.shown import Shown
from llavapose.pose.skeleton import skeleton_named

LARGE = 96**2
"""Square pixels of area from which COCO calls a person large."""


@dataclass(frozen=True, kw_only=True)
class JointError:
    """One labelled joint of one person.

    Attributes:
        joint: its name.
        hidden: whether something stands before it.
        area: of the person, in square pixels.
        similarity: 1 where it was found exactly.
    """

    joint: str
    hidden: bool
    area: float
    similarity: float


def areas_of(annotations: Path) -> dict[int, float]:
    """Annotation id -> the person's area in square pixels, as COCO counts it; none where a data set has none."""
    told = read_json(annotations, what="keypoints")
    people = told["annotations"] if isinstance(told, dict) else []  # MPII's list tells none
    return {one["id"]: float(one["area"]) for one in people if "area" in one}


def joint_errors(person: Shown, located: Located | None, areas: Mapping[int, float]) -> list[JointError]:
    """Of each labelled joint; nothing where neither an area nor a box is told, or a set has no sigmas (MPII).

    Args:
        person: annotated.
        located: None: nobody was; no joint is like any.
        areas: of ``areas_of``.
    """
    scene, skeleton = person.scene, skeleton_named(person.scene.skeleton)
    annotated = scene.people[person.index]
    x1, y1, x2, y2 = annotated.box_xyxy
    box = (x2 - x1) * scene.width * (y2 - y1) * scene.height
    area = areas.get(annotated.id, BODY * box)
    if area <= 0 or not skeleton.sigmas:
        return []
    found = []
    for number, (x, y, visibility) in enumerate(annotated.keypoints):
        if visibility > 0:
            similarity = 0.0
            if located is not None:
                u, v, _ = located.keypoints[number]
                squared = (u - x * scene.width) ** 2 + (v - y * scene.height) ** 2
                similarity = exp(-squared / (2 * area * (2 * skeleton.sigmas[number]) ** 2))
            found.append(
                JointError(
                    joint=skeleton.joints[number], hidden=visibility == 1, area=area, similarity=similarity
                )
            )  # fmt: skip
    return found


def person_similarity(errors: Sequence[JointError]) -> float:
    """Of a whole person: the mean over its labelled joints; 0 without any."""
    return sum(one.similarity for one in errors) / len(errors) if errors else 0.0


def mean_similarities(errors: Sequence[JointError], left_out: Collection[str] = ()) -> dict[str, dict[str, float]]:
    """Means by joint, visibility, COCO's sizes and, where joints were left out, by that: group -> name -> mean."""
    groups: dict[str, dict[str, list[float]]] = {}
    for one in errors:
        names = {
            "joint": one.joint,
            "visibility": "hidden joints" if one.hidden else "visible joints",
            "size": "large people" if one.area >= LARGE else "smaller people",
        }
        if left_out:
            names["taught"] = "left out" if one.joint in left_out else "taught"
        for group, name in names.items():
            groups.setdefault(group, {}).setdefault(name, []).append(one.similarity)
    return {group: {name: sum(v) / len(v) for name, v in told.items()} for group, told in groups.items()}
