"""A detector's boxes in place of annotated ones: whom a model is shown, and what the box's score makes of a person's.

    [{"image_id": 42, "category_id": 1, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236}, ...]

COCO's results format for detections: x, y, width, height in pixels; ``category_id`` 1 are people, others are left out.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llavapose.config.choices import Joints
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError, shown
from llavapose.files import read_json, sha256
from llavapose.locate.datasets.scored import views_of
from llavapose.locate.samples import Asking, area
from llavapose.locate.shown import Shown, shown_people
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Box, Person, Scene
from llavapose.scenes.estimates import PERSON_ID, box_of, is_number, number_of

LEAST_JOINT = 0.2
"""Joints of at most this confidence do not count in a person's score (HRNet's and MMPose's rescoring)."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One box of people: its record's number from 1, x, y, width, height in pixels, and the detector's score."""

    id: int
    image_id: int
    box: tuple[float, float, float, float]
    score: float


def read_detections(path: Path) -> list[Detection]:
    """The people of a detector's results.

    Raises:
        DataError: it is missing, or a record is not of the form; names the record.
    """
    values = read_json(path, what="detections")
    if not isinstance(values, list):
        raise DataError(f"detections: {path} is no list; expected COCO's results format")
    found = []
    for at, value in enumerate(values):
        where = f"detections: {path}, record {at}"
        if not isinstance(value, dict):
            raise DataError(f"{where} is {shown(value)}; expected an object")
        image_id, box, score = (
            number_of(value, "image_id", where),
            box_of(value.get("bbox")),
            value.get("score", "none"),
        )
        if number_of(value, "category_id", where) != PERSON_ID:
            continue
        if box is None or not is_number(score):
            told = f"bbox is {shown(value.get('bbox'))}, score {shown(score)}"
            raise DataError(f"{where}: {told}; expected four numbers, and one")
        found.append(Detection(id=at + 1, image_id=image_id, box=box, score=float(score)))
    return found


@dataclass(frozen=True, kw_only=True)
class Detected:
    """Who is shown.

    Attributes:
        people: them.
        folder: name of the folder of their crops.
        labelled: whether it is known where their joints are.
        notes: what was left out, one line each.
    """

    people: list[Shown]
    folder: str = "crops"
    labelled: bool = True
    notes: tuple[str, ...] = ()


def who_is_shown(
    config: ScenesConfig, scenes: Sequence[Scene], asking: Asking, *, boxes: Path | None, least_score: float
) -> Detected:
    """The one door: everyone by the annotated box, or by a detector's.

    Raises:
        DataError: a file of boxes that is none, or no box that is left.
    """
    if boxes is None:
        squares = views_of(config, "val", margin=asking.margin)
        return Detected(people=shown_people(scenes, asking, views=squares))
    if config.joints == Joints.mpii16:
        raise DataError(
            "detections: PCKh needs to know who is meant, and a detector's box does not tell; leave --boxes"
        )
    found = detected_people(scenes, read_detections(boxes), asking, least_score=least_score)
    return replace(found, folder=f"crops-{sha256(boxes)[:12]}")


def detected_people(
    scenes: Sequence[Scene], detections: Sequence[Detection], asking: Asking, *, least_score: float = 0.0
) -> Detected:
    """Everyone that a detector found in these pictures, the best box of a picture first.

    Args:
        scenes: the pictures; their own people are passed over.
        detections: of these pictures and others.
        asking: how people are shown.
        least_score: of a box.

    Raises:
        DataError: no box is left.
    """
    by_image, left_out = _by_image(scenes, detections, least_score)
    found: list[Shown] = []
    for scene in scenes:
        ordered = sorted(by_image[scene.id], key=lambda one: -one.score)
        unlabelled = ((0.0, 0.0, 0),) * len(skeleton_named(scene.skeleton).joints)
        people = [
            Person(id=one.id, box_xyxy=_relative(one, scene.width, scene.height), keypoints=unlabelled)
            for one in ordered
        ]
        shown_ones = shown_people([replace(scene, people=tuple(people))], asking, labelled=False)
        found += [
            replace(person, box_score=one.score, least_joint=LEAST_JOINT, annotation_id=None)
            for person, one in zip(shown_ones, ordered, strict=True)
        ]
    notes = tuple(f"{number} of {len(detections)} boxes left out: {why}" for why, number in left_out.items())
    if not found:
        raise DataError(f"detections: no box of people is left ({'; '.join(notes) or 'the file has none'})")
    return Detected(people=found, labelled=False, notes=notes)


def _by_image(
    scenes: Sequence[Scene], detections: Sequence[Detection], least_score: float
) -> tuple[dict[int, list[Detection]], Counter[str]]:
    """Image id -> its boxes, and why others are left out."""
    left_out: Counter[str] = Counter()
    sizes = {scene.id: (scene.width, scene.height) for scene in scenes}
    by_image: dict[int, list[Detection]] = defaultdict(list)
    for one in detections:
        if one.image_id not in sizes:
            left_out["of other pictures"] += 1
        elif one.score < least_score:
            left_out[f"with a score below {least_score}"] += 1
        elif area(_relative(one, *sizes[one.image_id])) <= 0:
            left_out["outside their picture, or of no area"] += 1
        else:
            by_image[one.image_id].append(one)
    return by_image, left_out


def _relative(one: Detection, width: int, height: int) -> Box:
    x, y, wide, high = one.box
    x1, x2 = (min(max(value / width, 0.0), 1.0) for value in (x, x + wide))
    y1, y2 = (min(max(value / height, 0.0), 1.0) for value in (y, y + high))
    return (x1, y1, x2, y2)
