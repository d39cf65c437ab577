"""A probe as multiple choice: every item twice, the true statement once as A and once as B.

One line of ``pose_probe.jsonl``::

    {"id": "17-elbow-0-left-elbow-ab", "item": "17-elbow-0-left-elbow", "order": "ab", "scene_id": 17,
     "image": "000017.jpg", "shuffled_image": "000105.jpg", "group": "elbows and knees", "kind": "elbow",
     "part": "left elbow", "value": "bent", "flipped_value": "straight", "num_people": 1, "person": 0,
     "prompt": "One of two statements ...", "a": "The left elbow is bent.", "b": "The left elbow is straight.",
     "answer": "A"}

Equal scenes, seed and number of items give equal bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.probe.choice import ORDERS, PROMPT
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.evaluation.probe.pictures import pictures_shown
from llavapose.files import read_jsonl

PROBE_FILE = "pose_probe.jsonl"
_TEXTS = (
    "id", "item", "order", "image", "shuffled_image", "group", "kind", "value", "flipped_value", "prompt", "a", "b",
    "answer",
)  # fmt: skip


def choice_rows(items: Sequence[ProbeItem], seed: int) -> list[dict[str, Any]]:
    """Two rows an item.

    Args:
        items: a probe.
        seed: draws which other picture is shown in the control, as our own probe does.
    """
    other = pictures_shown(items, shuffled=True, seed=seed)
    rows = []
    for item in items:
        for order in ORDERS:
            a, b = (item.true, item.flipped) if order == "ab" else (item.flipped, item.true)
            rows.append({
                "id": f"{item.id}-{order}", "item": item.id, "order": order, "scene_id": item.scene_id,
                "image": item.image, "shuffled_image": other[item.scene_id][0], "group": item.group, "kind": item.kind,
                "part": item.part, "value": item.value, "flipped_value": item.flipped_value,
                "num_people": item.num_people, "person": item.person, "prompt": PROMPT.format(a=a, b=b), "a": a, "b": b,
                "answer": "A" if order == "ab" else "B",
            })  # fmt: skip
    return rows


def read_choice_rows(path: Path) -> dict[str, dict[str, Any]]:
    """Row id -> row.

    Raises:
        DataError: no such file, or a line that is no row of an exported probe.
    """
    found = {}
    for number, row in read_jsonl(path, what="export"):
        for key in _TEXTS:
            if not isinstance(row.get(key), str):
                raise DataError(
                    f"export: {path}:{number} has {key} {shown(row.get(key))}; expected a text: export anew"
                )
        for key in ("scene_id", "num_people"):
            if not isinstance(row.get(key), int):
                raise DataError(f"export: {path}:{number} has {key} {shown(row.get(key))}; expected a whole number")
        found[row["id"]] = row
    return found
