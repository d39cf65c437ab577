r"""The pictures of a question as a file has them: one, or several in order.

::

    {"id": "17-18", "scene_id": [17, 18], "image": ["000017.jpg", "000018.jpg"], "kind": "detail",
     "text": "What has changed?"}
    {"id": "17-conv", "scene_id": 17, "image": ["17/00.jpg", "17/08.jpg"], "times": [0.0, 1.6], "kind": "conv",
     "text": "Which way does the person turn?"}

Where there are ``times`` the pictures are frames of one scene, which has one number, and each was taken so many seconds
after the first. The pictures stand in front of the text. LLaVA's marks (``"<image>\n<image>\nWhat has changed?"``), one
a picture, say no more than that and are taken off.
"""

import math
from itertools import pairwise
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.llava_json import IMAGE_MARK
from llavapose.records import FurtherPicture


def pictured(row: dict[str, Any], where: str) -> dict[str, Any]:
    """A line's values with the pictures as a question has them: ``scene_id``, ``image``, and ``further`` of several.

    Args:
        row: one JSON object in our form; values that it lacks are not made up.
        where: file and line, for messages.

    Raises:
        DataError: pictures that are no names, numbers that are none or not as many, marks that are not as many.
    """
    if "image" not in row or "scene_id" not in row:
        return row
    images, numbers = _names(row["image"], where), _numbers(row["scene_id"], where)
    times = _times(row["times"], len(images), where) if "times" in row else ()
    if times:
        if len(numbers) > 1:
            raise DataError(f"benchmark: {where} has times and {len(numbers)} numbers (scene_id); expected one, the "
                            "scene's that its frames are of")  # fmt: skip
        numbers *= len(images)
    if len(images) != len(numbers):
        raise DataError(f"benchmark: {where} has {_counted(len(images), 'picture')} and "
                        f"{_counted(len(numbers), 'number')} (scene_id); expected a number each")  # fmt: skip
    if len(images) > 1 and row.get("asked") and not times:
        raise DataError(f"benchmark: {where} asks for one fact (asked) and has {len(images)} pictures; expected null, "
                        "as a fact is of one picture")  # fmt: skip
    further = tuple(FurtherPicture(scene_id=n, image=one) for n, one in zip(numbers[1:], images[1:], strict=True))
    found = {**row, "scene_id": numbers[0], "image": images[0], **({"further": further} if further else {})}
    found.pop("times", None)
    found |= {"times_s": times} if times else {}
    text = row.get("text")
    if isinstance(text, str) and (len(images) > 1 or text.count(IMAGE_MARK) > 1):
        found["text"] = _without_marks(text, len(images), where)
    return found


def _names(value: Any, where: str) -> list[str]:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"benchmark: {where} has image {shown(value)}; expected a name, or a list of one or more")
    return names


def _numbers(value: Any, where: str) -> list[int]:
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(number, bool) or not isinstance(number, int) for number in numbers):
        raise DataError(f"benchmark: {where} has scene_id {shown(value)}; expected a whole number, or one a picture")
    return numbers


def _times(value: Any, num: int, where: str) -> tuple[float, ...]:
    """Seconds of frames, ascending; none where the field is empty."""
    times = value if isinstance(value, list) else None
    plain = times is not None and all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) and one >= 0 for one in times
    )
    if times is None or not plain or any(later <= one for one, later in pairwise(times)):
        raise DataError(f"benchmark: {where} has times {shown(value)}; expected seconds since the first frame, from 0 "
                        "on and ascending")  # fmt: skip
    if times and len(times) != num:
        raise DataError(f"benchmark: {where} has {_counted(num, 'picture')} and {_counted(len(times), 'time')}; "
                        "expected a time each")  # fmt: skip
    return tuple(map(float, times))


def _without_marks(text: str, num_pictures: int, where: str) -> str:
    """The text without the marks of its pictures."""
    marks = text.count(IMAGE_MARK)
    if marks not in (0, num_pictures):
        raise DataError(f"benchmark: {where} has {_counted(marks, f'{IMAGE_MARK} mark')} and "
                        f"{_counted(num_pictures, 'picture')}; expected a mark each, or none")  # fmt: skip
    text = text.strip()
    while text.startswith(IMAGE_MARK) or text.endswith(IMAGE_MARK):
        text = text.removeprefix(IMAGE_MARK).removesuffix(IMAGE_MARK).strip()
    if IMAGE_MARK in text:
        raise DataError(f"benchmark: {where} has an {IMAGE_MARK} mark inside its text; expected before or behind it: "
                        'a picture is named in words, "the second picture"')  # fmt: skip
    if not text:
        raise DataError(f"benchmark: {where} has no text beside its pictures; expected a question")
    return text


def _counted(num: int, what: str) -> str:
    return f"{num} {what}{'' if num == 1 else 's'}"
