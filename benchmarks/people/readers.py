"""Annotated people in the forms of several data sets -> scenes, with everyone's area.

COCO's form: COCO and Human-Art (17 joints), CrowdPose (14), MPII as mmpose writes it (16), COCO-WholeBody in its own
form (``keypoints`` are COCO's 17, feet, face and hands beside them) or in one list of 133, of which the first 17 are
the body (https://github.com/jin-s13/COCO-WholeBody/blob/master/data_format.md). And MPII in HRNet's form, a list.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_json, write_json
from llavapose.pose.skeleton import COCO17, CROWDPOSE14, MPII16, Skeleton
from llavapose.records import Scene
from llavapose.scenes.coco import read_scenes
from llavapose.scenes.estimates import is_number
from llavapose.scenes.mpii import read_mpii

WHOLE_BODY = 133
"""Joints of COCO-WholeBody in one list; the first 17 are COCO's."""

SKELETONS: Mapping[str, Skeleton] = {
    "coco17": COCO17, "humanart17": COCO17, "wholebody": COCO17, "crowdpose14": CROWDPOSE14, "mpii16": MPII16,
}  # fmt: skip
"""What a file can be said to have; "wholebody" is the body of it."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """Scenes, and person's id -> area in pixels where the file has one."""

    scenes: tuple[Scene, ...]
    areas: Mapping[int, float]


def read_people(path: Path, *, images: Path | None, skeleton: str | None = None) -> Read:
    """Read one file of annotated people.

    Args:
        path: the file.
        images: folder of its pictures; MPII's own form needs it, the others do without.
        skeleton: a key of ``SKELETONS``; None tells it by the number of joints.

    Raises:
        DataError: a file that is missing, of no known form, of another skeleton, or without anybody.
    """
    content = read_json(path, what="people")
    if isinstance(content, list):
        _refuse_others(content, path)
        if images is None:
            raise DataError(f"people: {path} is MPII's form, whose pictures tell their size; say where with --images")
        return Read(scenes=read_mpii(images=images, keypoints=path).scenes, areas={})
    listed = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise DataError(f"people: {path} is not a COCO file; expected the lists `images` and `annotations`")
    people = [one for one in listed if isinstance(one, dict)]
    number, chosen = _number_of_joints(people, path), None if skeleton is None else SKELETONS[skeleton]
    known = {len(one.joints): one for one in (COCO17, CROWDPOSE14, MPII16)} | {WHOLE_BODY: COCO17}
    if number not in known or chosen not in (None, known[number]):
        expected = skeleton or "17, 14, 16 or 133 joints"
        raise DataError(f"people: {path} has {shown(3 * number)} numbers a person; expected {expected} times x, y, v")
    scenes = _scenes(path, content, images, known[number], cut=number == WHOLE_BODY)
    areas = {one["id"]: one["area"] for one in people if is_number(one.get("area")) and one["area"] > 0}
    return Read(scenes=scenes, areas=areas)


def _refuse_others(content: list[Any], path: Path) -> None:
    """Raise where a list is not MPII's: records with ``joints``."""
    first = content[0] if content else None
    if isinstance(first, dict) and "joints" in first:
        return
    told = "a list of other things"
    if not content:
        told = "an empty list"
    elif isinstance(first, dict) and "image_id" in first:
        told = "an estimator's results" if "keypoints" in first else "boxes of a detector, without anybody's joints"
    expected = "annotations: COCO's person_keypoints_*.json or its like, or MPII's list of records with `joints`"
    raise DataError(f"people: {path} is {told}; expected {expected}")


def _number_of_joints(people: list[dict[str, Any]], path: Path) -> int:
    """Of the first person with keypoints."""
    lengths = [len(one["keypoints"]) for one in people if isinstance(one.get("keypoints"), list)]
    if not lengths:
        raise DataError(f"people: {path} has nobody with `keypoints`; expected COCO's person_keypoints or its like")
    if lengths[0] % 3:
        raise DataError(f"people: {path} has {lengths[0]} numbers a person; expected x, y, visibility of each joint")
    return lengths[0] // 3


def _scenes(
    path: Path, content: dict[str, Any], images: Path | None, skeleton: Skeleton, *, cut: bool
) -> tuple[Scene, ...]:
    folder = images or path.parent
    if not cut:
        return read_scenes(images=folder, keypoints=path, pictures=images is not None, skeleton=skeleton).scenes
    body = [
        {**one, "keypoints": one["keypoints"][: 3 * len(skeleton.joints)]} if "keypoints" in one else one
        for one in content["annotations"]
    ]
    with tempfile.TemporaryDirectory() as scratch:
        shorter = Path(scratch) / path.name
        write_json(shorter, {**content, "annotations": body})
        return read_scenes(images=folder, keypoints=shorter, pictures=images is not None, skeleton=skeleton).scenes
