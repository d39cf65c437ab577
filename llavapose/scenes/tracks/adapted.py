"""One file's lists brought to COCO's joints and sizes, so that the reader of COCO's files proves and joins them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import inside
from llavapose.pose.skeleton import COCO17
from llavapose.rgb import opened_header
from llavapose.scenes.coco import MAX_PX, PERSON
from llavapose.scenes.lists import Lists, is_id
from llavapose.scenes.tracks.forms import Form

LEAST_KNOWN = 4
"""Joints of COCO's that a file must have to be of use: below it, no limb and no torso can be told."""


def adapted(lists: Lists, form: Form, joints: Sequence[str], images: Path, videos: dict[int, str]) -> Lists:
    """The same file with COCO's 17 joints, a size for every image and a box for every person.

    Args:
        lists: as read.
        form: whose form it is.
        joints: of the file, in its order.
        images: folder of the pictures, which tell the sizes that the file does not.
        videos: image id -> its video; all frames of a video have one size.

    Raises:
        DataError: a record that cannot be right; names file and id.
    """
    seen = Counter(lists.seen)
    places = [joints.index(name) if name in joints and name not in form.never else None for name in COCO17.joints]
    people = {number for number, name in lists.names.items() if name == PERSON}
    annotations = [
        _annotation(one, form, places, len(joints), f"{form.what}: {lists.path}: annotation {one['id']}", seen)
        if is_id(one.get("category_id")) and one["category_id"] in people
        else one
        for one in lists.annotations
    ]
    return replace(lists, images=_sized(lists, form, images, videos), annotations=annotations, seen=seen)


def joints_of(categories: Any, form: Form, path: Path) -> tuple[str, ...]:
    """The joints of a file: those that its category of people lists, else its form's.

    Raises:
        DataError: names that are none, or hardly one that is known.
    """
    told = next((one.get("keypoints") for one in categories if one.get("name") == PERSON), None)
    if told is None:
        return form.joints
    where = f"{form.what}: {path}: category {PERSON}"
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told) or len(set(told)) < len(told):
        raise DataError(f"{where} has keypoints {shown(told)}; expected names of joints, each once")
    names = tuple(name.strip().lower().replace("_", " ") for name in told)
    known = sum(name in COCO17.joints for name in names)
    if known < LEAST_KNOWN:
        raise DataError(
            f"{where} lists joints {shown(told)}, {known} of them COCO's; expected names such as left_shoulder: "
            "poses are told of COCO's joints"
        )
    return names


def _annotation(
    one: dict[str, Any], form: Form, places: Sequence[int | None], num: int, where: str, seen: Counter[str]
) -> dict[str, Any]:
    points = _points(one, num, where)
    box = one.get("bbox")
    labelled = [(x, y) for x, y, visibility in points if visibility]
    if box is None and labelled:
        xs, ys = zip(*labelled, strict=True)
        box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
        seen["people without a box, given that of their joints"] += 1
    mapped: list[float] = []
    for place in places:
        x, y, visibility = points[place] if place is not None else (0, 0, 0)
        mapped += (x, y, visibility if form.hidden or not visibility else 2) if visibility else (0, 0, 0)
    return {**one, "bbox": box, "keypoints": mapped}


def _points(one: dict[str, Any], num: int, where: str) -> list[tuple[float, float, float]]:
    """The joints as (x, y, visibility); none labelled where the annotation has none.

    Raises:
        DataError: another number of joints, or what is no number.
    """
    flat: Any = one.get("keypoints") or [0] * (3 * num)
    if not isinstance(flat, list) or len(flat) != 3 * num or not all(map(_is_number, flat)):
        got = f"length {len(flat)}" if isinstance(flat, list) else shown(flat)
        raise DataError(
            f"{where} has keypoints of {got}; expected {3 * num} numbers ({num} x x, y, visibility), each at most "
            f"{MAX_PX:,.0f}"
        )
    points = list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
    for _, _, visibility in points:
        if visibility not in (0, 1, 2):
            raise DataError(f"{where} has visibility {shown(visibility)}; expected 0, 1 or 2")
    return points


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_PX


def _sized(lists: Lists, form: Form, images: Path, videos: dict[int, str]) -> dict[int, dict[str, Any]]:
    """The images with width and height, read from a video's first picture where the file has none."""
    sizes: dict[str, tuple[int, int]] = {}
    found = {}
    for number, image in lists.images.items():
        if "width" not in image and "height" not in image:
            video = videos[number]
            if video not in sizes:
                where = f"{form.what}: {lists.path}: image {number} has no size, and"
                path = inside(images, image.get("file_name", ""), where=f"{form.what}: {lists.path}: image {number}")
                with opened_header(path, where=where) as picture:
                    sizes[video] = picture.size
            image = {**image, "width": sizes[video][0], "height": sizes[video][1]}
        found[number] = image
    return found
