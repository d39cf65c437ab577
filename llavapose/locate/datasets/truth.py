"""Annotations as pycocotools takes them: its own files, and those that leave out what its evaluation needs."""

import contextlib
import io
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.pose.skeleton import COCO17, Skeleton
from llavapose.scenes.lists import read_lists

BODY = 0.53
"""A person's area as a share of its box, where none is annotated: CrowdPose's own evaluation (and xtcocotools)."""


def read_truth(path: Path, skeleton: Skeleton = COCO17) -> Any:
    """A file of people as a ``pycocotools.coco.COCO``.

    Args:
        path: in COCO's format; ``area`` and ``iscrowd`` may be missing.
        skeleton: the joints that it has.

    Raises:
        DataError: it is no such file, or its people have other joints.
    """
    from pycocotools.coco import COCO

    lists = read_lists(path, "COCO person keypoints")
    people = []
    for one in lists.annotations:
        flat, box, expected = one.get("keypoints"), one.get("bbox"), 3 * len(skeleton.joints)
        if not isinstance(flat, list) or len(flat) != expected or not isinstance(box, list) or len(box) != 4:
            raise DataError(
                f"COCO person keypoints: {path}: annotation {one['id']} has no {expected} numbers `keypoints`, or no "
                f"`bbox`; expected those of {skeleton.name}: scenes.joints says which joints a set has"
            )
        labelled = sum(value > 0 for value in flat[2::3])
        defaults = {"area": BODY * box[2] * box[3], "iscrowd": 0, "num_keypoints": labelled}
        people.append({**defaults, **one})
    with contextlib.redirect_stdout(io.StringIO()):
        found: Any = COCO()
        found.dataset = {
            "images": list(lists.images.values()),
            "annotations": people,
            "categories": [{"id": number, "name": name} for number, name in lists.names.items()],
        }
        found.createIndex()
    return found
