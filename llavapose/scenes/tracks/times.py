"""Of which video a frame is, and when it was: what the images of a COCO file tell of that."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.scenes.coco import MAX_PX
from llavapose.scenes.lists import is_id

_VIDEO = ("video", "video_id", "vid_id")
_FRAME = ("frame", "frame_id", "frame_index")
_TIME = ("time_s", "timestamp")


def named_videos(listed: Any, where: str) -> tuple[dict[str, str], dict[str, float]]:
    """Video id -> name, and name -> frames a second, of a file that lists its videos."""
    if not isinstance(listed, list):
        raise DataError(f"{where} has videos {shown(listed)}; expected a list with `id` and `name`, or none")
    names: dict[str, str] = {}
    rates: dict[str, float] = {}
    for at, one in enumerate(listed):
        if not isinstance(one, dict) or not _is_name(one.get("id")):
            raise DataError(f"{where}: videos[{at}] is {shown(one)}; expected an object with `id`")
        name = one.get("name", one.get("file_name", one["id"]))
        if not _is_name(name) or names.setdefault(str(one["id"]), str(name)) != str(name):
            raise DataError(f"{where}: videos[{at}] has name {shown(name)}; expected a text, one for each id")
        rate = one.get("fps")
        if rate is not None:
            if not _is_number(rate) or rate <= 0:
                raise DataError(f"{where}: videos[{at}] has fps {shown(rate)}; expected a number above 0")
            rates[str(name)] = float(rate)
    return names, rates


def video_of(image: dict[str, Any], names: dict[str, str], where: str) -> str:
    """The video that an image says it is of, else the folder that it lies in, else the file."""
    for key in _VIDEO:
        value = image.get(key)
        if value is not None:
            if not _is_name(value):
                raise DataError(f"{where}: image {image['id']} has {key} {shown(value)}; expected a text or a number")
            return names.get(str(value), str(value))
    name = image.get("file_name")
    folder = PurePosixPath(name).parent.as_posix() if isinstance(name, str) else "."
    return Path(where).stem if folder == "." else folder


def times_of(images: Sequence[dict[str, Any]], fps: float, where: str) -> list[float]:
    """When the frames of one video were, in seconds behind its first: as they say, else by number and ``fps``.

    Raises:
        DataError: a time or number that is none, or told of some frames alone.
    """
    told = [next((image[key] for key in _TIME if image.get(key) is not None), None) for image in images]
    if all(time is not None for time in told):
        for image, time in zip(images, told, strict=True):
            if not _is_number(time):
                raise DataError(f"{where}: image {image['id']} has time {shown(time)}; expected seconds")
        times = [float(time) for time in told if time is not None]
        return [time - min(times) for time in times]
    if any(time is not None for time in told):
        without = next(image["id"] for image, time in zip(images, told, strict=True) if time is None)
        raise DataError(f"{where}: image {without} has no time_s, others of its video have; tell all or none")
    numbers = _numbers(images, where)
    # PoseTrack's count on from video to video.
    return [(number - min(numbers)) / fps for number in numbers]


def _numbers(images: Sequence[dict[str, Any]], where: str) -> list[int]:
    """Which frame of its video each is: as they say, else the number that its file's name ends in, else by name."""
    found: list[int] = []
    for image in images:
        value = next((image[key] for key in _FRAME if image.get(key) is not None), None)
        if value is None:
            ending = re.search(r"(\d{1,18})$", PurePosixPath(str(image["file_name"])).stem)
            value = int(ending[1]) if ending else None
        elif not is_id(value):
            raise DataError(f"{where}: image {image['id']} has frame {shown(value)}; expected a whole number from 0")
        if value is None:
            names = sorted(str(image["file_name"]) for image in images)
            return [names.index(str(image["file_name"])) for image in images]
        found.append(value)
    return found


def _is_name(value: Any) -> bool:
    return is_id(value) or (isinstance(value, str) and bool(value.strip()) and value.isprintable())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_PX
