"""Small files of tracked people, written by the tests: the form of a set, nobody's data."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PIL import Image

SIZE = (200, 100)
"""Width and height of the frames in pixels."""
POSETRACK_JOINTS = [
    "nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
]  # fmt: skip
JHMDB_JOINTS = [
    "neck", "belly", "head", "right_shoulder", "left_shoulder", "right_hip", "left_hip", "right_elbow", "left_elbow",
    "right_knee", "left_knee", "right_wrist", "left_wrist", "right_ankle", "left_ankle",
]  # fmt: skip


def joints(x: float, y: float, num: int = 17, visibility: int = 2) -> list[float]:
    """Joints on a slope that begins at (x, y), one pixel apart, every one told apart by its place."""
    return [value for number in range(num) for value in (x + number, y + number, visibility)]


def person(number: int, image: int, track: int, x: float, y: float = 20, **further: Any) -> dict[str, Any]:
    """One annotation, 20 pixels wide and 40 high."""
    told = {
        "id": number, "image_id": image, "category_id": 1, "iscrowd": 0, "track_id": track, "bbox": [x, y, 20, 40],
        "keypoints": joints(x, y),
    }  # fmt: skip
    return {**told, **further}


def document(
    images: Iterable[dict[str, Any]], people: Iterable[dict[str, Any]], names: list[str] | None = None, **further: Any
) -> dict[str, Any]:
    """A whole file."""
    category = {"id": 1, "name": "person", **({"keypoints": names} if names else {})}
    return {"images": list(images), "annotations": list(people), "categories": [category], **further}


def clip(num: int = 6, *, video: str = "walk", first: int = 1, people: int = 2, **further: Any) -> dict[str, Any]:
    """A video of ``num`` frames, ten a second, in which people 60 pixels apart walk a pixel a frame to the right."""
    images = [
        {
            "id": first + at, "file_name": f"{video}/{at:06d}.jpg", "width": SIZE[0], "height": SIZE[1],
            "video": video, "frame": at, "time_s": at / 10,
        }
        for at in range(num)
    ]  # fmt: skip
    found = [
        person((first + at) * 10 + track, first + at, track, 10 + at + 60 * track)
        for at in range(num)
        for track in range(people)
    ]
    return document(images, found, **further)


def written(folder: Path, told: dict[str, Any], name: str = "people.json", *, pictures: bool = True) -> Path:
    """Write a file, and a grey picture for each of its frames."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told), encoding="utf-8")
    if pictures:
        for image in told["images"]:
            place = folder / image["file_name"]
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", SIZE, (90, 90, 90)).save(place)
    return path


def changed(told: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """A copy of a file that ``change`` was done to."""
    copy = json.loads(json.dumps(told))
    change(copy)
    return copy
