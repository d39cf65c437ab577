"""Located people as COCO's keypoint results: what any COCO tool scores, and what any pose estimator leaves.

    [{"image_id": 42, "category_id": 1, "keypoints": [x1, y1, s1, ..., x17, y17, s17], "score": 0.9}, ...]

Coordinates are pixels of the picture, ``s`` the confidence of a joint in 0..1 and ``score`` of the person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.files import write_json
from llavapose.scenes.estimates import PERSON_ID, Estimate, read_estimates


@dataclass(frozen=True, kw_only=True)
class Located(Estimate):
    """One person as somebody located it; a joint that was not told is (0, 0, 0)."""

    def to_json(self) -> dict[str, Any]:
        """COCO's record."""
        flat = [round(value, 4) for point in self.keypoints for value in point]
        box = {"bbox": [round(value, 2) for value in self.box]} if self.box else {}
        whose = {} if self.annotation_id is None else {"annotation_id": self.annotation_id}
        return {
            "image_id": self.image_id, "category_id": PERSON_ID, "keypoints": flat, "score": round(self.score, 6),
            **box, **whose,
        }  # fmt: skip


def write_results(path: Path, people: Iterable[Located]) -> None:
    """Write COCO's results file."""
    write_json(path, [one.to_json() for one in people])


def read_results(path: Path, *, num_joints: int = 17) -> list[Located]:
    """Read a results file of any pose estimator.

    Raises:
        DataError: it is missing, or a record is not of the form; names the record.
    """
    return [
        Located(
            image_id=one.image_id,
            keypoints=one.keypoints,
            score=one.score,
            box=one.box,
            annotation_id=one.annotation_id,
        )
        for one in read_estimates(path, num_joints=num_joints)
    ]
