"""Located people as COCO's keypoint results: what any COCO tool scores, and what any pose estimator leaves.

    [{"image_id": 42, "category_id": 1, "keypoints": [x1, y1, s1, ..., x17, y17, s17], "score": 0.9}, ...]

Coordinates are pixels of the picture, ``s`` the confidence of a joint in 0..1 and ``score`` of the person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_json, write_json

PERSON_ID = 1
"""COCO's category of people."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """One person as somebody located it.

    Attributes:
        image_id: of the picture.
        keypoints: (x, y, confidence) a joint, in pixels; (0, 0, 0) where none was told.
        score: the person's confidence.
        box: x, y, width, height in pixels, where it was told too.
    """

    image_id: int
    keypoints: tuple[tuple[float, float, float], ...]
    score: float
    box: tuple[float, float, float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """COCO's record."""
        flat = [round(value, 4) for point in self.keypoints for value in point]
        box = {"bbox": [round(value, 2) for value in self.box]} if self.box else {}
        return {
            "image_id": self.image_id, "category_id": PERSON_ID, "keypoints": flat, "score": round(self.score, 6), **box
        }  # fmt: skip


def write_results(path: Path, people: Iterable[Located]) -> None:
    """Write COCO's results file."""
    write_json(path, [one.to_json() for one in people])


def read_results(path: Path, *, num_joints: int = 17) -> list[Located]:
    """Read a results file of any pose estimator.

    Raises:
        DataError: it is missing, or a record is not of the form; names the record.
    """
    values = read_json(path, what="keypoint results")
    if not isinstance(values, list):
        raise DataError(f"keypoint results: {path} is no list; expected COCO's results format")
    return [
        _located(value, num_joints, where=f"keypoint results: {path}, record {at}") for at, value in enumerate(values)
    ]


def _located(value: Any, num_joints: int, *, where: str) -> Located:
    if not isinstance(value, dict):
        raise DataError(f"{where} is {shown(value)}; expected an object")
    image_id, flat, score = value.get("image_id"), value.get("keypoints"), value.get("score", 1.0)
    if isinstance(image_id, bool) or not isinstance(image_id, int):
        raise DataError(f"{where}: image_id is {shown(image_id)}; expected a number")
    if value.get("category_id", PERSON_ID) != PERSON_ID:
        raise DataError(f"{where}: category_id is {shown(value['category_id'])}; expected 1, people")
    if not isinstance(flat, list) or len(flat) != 3 * num_joints or not all(map(_is_number, flat)):
        raise DataError(f"{where}: keypoints are {shown(flat)}; expected {3 * num_joints} numbers")
    box = value.get("bbox")
    if not _is_number(score) or (
        box is not None and not (isinstance(box, list) and [*map(_is_number, box)] == [True] * 4)
    ):
        raise DataError(f"{where}: score is {shown(score)}, bbox {shown(box)}; expected a number, and four or none")
    points = tuple((float(x), float(y), float(s)) for x, y, s in zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    return Located(image_id=image_id, keypoints=points, score=float(score), box=None if box is None else tuple(box))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
