"""What a pose estimator found, in COCO's results format: each record proven.

    [{"image_id": 42, "category_id": 1, "keypoints": [x1, y1, s1, ..., x17, y17, s17], "score": 0.9,
      "bbox": [x, y, width, height]}, ...]

Coordinates are pixels of the picture as its file stores it, ``s`` the confidence of a joint.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from llavapose.errors import DataError, shown
from llavapose.files import read_json

PERSON_ID = 1
"""COCO's category of people."""
MAX_VALUE = 1e9
"""Coordinates lie within this; what is beyond is no place near any picture but a slip."""

MAX_SHARE = 1.5
"""Where no coordinate of most people is above, they are shares of the picture's sides, some a little outside."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One person as somebody located it.

    Attributes:
        image_id: of the picture.
        keypoints: (x, y, confidence) a joint, in pixels.
        score: the person's confidence.
        box: x, y, width, height in pixels, where it was told too.
        annotation_id: of the person that was asked about, where it was told.
    """

    image_id: int
    keypoints: tuple[tuple[float, float, float], ...]
    score: float
    box: tuple[float, float, float, float] | None = None
    annotation_id: int | None = None


def read_estimates(path: Path, *, num_joints: int = 17) -> list[Estimate]:
    """Read a results file of any pose estimator.

    Raises:
        DataError: it is missing, or a record is not of the form; names the record.
    """
    values = read_json(path, what="keypoint results")
    if not isinstance(values, list):
        raise DataError(f"keypoint results: {path} is no list; expected COCO's results format")
    found = [
        _estimate(value, num_joints, where=f"keypoint results: {path}, record {at}") for at, value in enumerate(values)
    ]
    farthest = [max(max(abs(x), abs(y)) for x, y, _ in one.keypoints) for one in found]
    shares = sum(0 < one <= MAX_SHARE for one in farthest)
    if shares > sum(one > MAX_SHARE for one in farthest):
        raise DataError(
            f"keypoint results: {path}: {shares} of {len(found)} people have no coordinate above {MAX_SHARE}; expected "
            "pixels, not shares of the picture's sides: multiply x by its width and y by its height"
        )
    return found


def _estimate(value: Any, num_joints: int, *, where: str) -> Estimate:
    if not isinstance(value, dict):
        raise DataError(f"{where} is {shown(value)}; expected an object")
    image_id = number_of(value, "image_id", where)
    flat, score, told = value.get("keypoints"), value.get("score", 1.0), value.get("bbox")
    if value.get("category_id", PERSON_ID) != PERSON_ID:
        raise DataError(f"{where}: category_id is {shown(value['category_id'])}; expected 1, people")
    if not isinstance(flat, list) or len(flat) != 3 * num_joints or not all(map(is_number, flat)):
        raise DataError(f"{where}: keypoints are {shown(flat)}; expected {3 * num_joints} numbers")
    box = box_of(told)
    if not is_number(score) or (told is not None and box is None):
        raise DataError(f"{where}: score is {shown(score)}, bbox {shown(told)}; expected a number, and four or none")
    points = tuple((float(x), float(y), float(s)) for x, y, s in zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    annotation_id = None if value.get("annotation_id") is None else number_of(value, "annotation_id", where)
    return Estimate(
        image_id=image_id, keypoints=points, score=float(score), box=box,
        annotation_id=annotation_id,
    )  # fmt: skip


def number_of(value: dict[str, Any], key: str, where: str) -> int:
    """A whole number of a record.

    Raises:
        DataError: it is something else.
    """
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, int):
        raise DataError(f"{where}: {key} is {shown(found)}; expected a number")
    return found


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that a coordinate or a score can be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_VALUE


def box_of(value: Any) -> tuple[float, float, float, float] | None:
    """x, y, width, height of a record, neither of the last two negative; None where it is something else."""
    if not isinstance(value, list) or [*map(is_number, value)] != [True] * 4 or min(value[2:]) < 0:
        return None
    x, y, width, height = value
    return (x, y, width, height)
