"""The lists of one COCO file, each record proven: ids that differ, names and texts that can be written.

What another record repeats word for word, and what a caption should not hold, is left out and counted; what cannot be
right is refused.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from llavapose.errors import DataError, shown
from llavapose.files import read_json

MAX_ID = 2**63 - 1
"""The largest id that a database or a table of numbers takes."""
MAX_SIDE_PX = 100_000
"""Larger than any picture that can be opened; what lies above is no size but a slip."""
MAX_NAME = 100
"""Characters of a category's name; COCO's longest has 14."""
MAX_CAPTION = 10_000
"""Characters of a caption; COCO's longest has 250, a page of text about 3,000."""

_MARKS = re.compile(r"<image>|</?s>|<unk>|<pad>|<\|[\w ]{1,40}\|>", re.IGNORECASE)
"""What tokenizers take for a picture, or for the begin and end of a text."""


@dataclass(frozen=True, kw_only=True)
class Lists:
    """One file: images by id, annotations in the file's order, the names of its categories, and what was left out."""

    path: Path
    images: dict[int, dict[str, Any]]
    annotations: list[dict[str, Any]]
    names: dict[int, str]
    seen: Counter[str] = field(default_factory=Counter)


def read_lists(path: Path, what: str, *, categories: bool = True, unique: bool = True) -> Lists:
    """Read one file.

    Args:
        path: the file.
        what: what it is, for messages.
        categories: whether the annotations are of categories.
        unique: whether an annotation's id must be its own; captions are joined by their picture alone.

    Raises:
        DataError: not COCO's format, or a record that cannot be right; names file and record.
    """
    return lists_of(read_json(path, what=what), path, what, categories=categories, unique=unique)


def lists_of(data: Any, path: Path, what: str, *, categories: bool = True, unique: bool = True) -> Lists:
    """The lists of a file whose JSON is read already; the rest is as in ``read_lists``.

    Raises:
        DataError: not COCO's format, or a record that cannot be right; names file and record.
    """
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in ("images", "annotations")):
        raise DataError(f"{what}: {path} is not a COCO file; expected the lists `images` and `annotations`")
    for key, fields in (("images", ("id",)), ("annotations", ("id", "image_id"))):
        for index, item in enumerate(data[key]):
            wrong = [name for name in fields if not isinstance(item, dict) or not is_id(item.get(name))]
            if wrong:
                got = shown(item.get(wrong[0])) if isinstance(item, dict) else shown(item)
                raise DataError(
                    f"{what}: {path}: {key}[{index}] has no whole number `{wrong[0]}` from 0 to 2^63 - 1 ({got}); "
                    "not COCO's format"
                )
    seen: Counter[str] = Counter()
    images = _told_apart(data["images"], f"{what}: {path}: image", seen, "image records")
    annotations = data["annotations"]
    if unique:
        annotations = list(_told_apart(annotations, f"{what}: {path}: annotation", seen, "annotations").values())
    names = _names(data.get("categories"), path) if categories else {}
    return Lists(path=path, images=images, annotations=annotations, names=names, seen=seen)


def is_id(value: Any) -> TypeGuard[int]:
    """Whether a value can be an id."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ID


def _told_apart(records: list[dict[str, Any]], where: str, seen: Counter[str], what: str) -> dict[int, dict[str, Any]]:
    """Records by id; one that says the same again is left out and counted.

    Raises:
        DataError: two different records of one id.
    """
    found: dict[int, dict[str, Any]] = {}
    for record in records:
        first = found.setdefault(record["id"], record)
        if first is record:
            continue
        if first != record:
            differing = [key for key in {**first, **record} if first.get(key) != record.get(key)]
            raise DataError(
                f"{where} {record['id']} is there twice, with different {', '.join(map(str, differing[:3]))}; "
                "ids must differ: renumber one"
            )
        seen[f"{what} that are there twice, kept once"] += 1
    return found


def _names(categories: Any, path: Path) -> dict[int, str]:
    if not isinstance(categories, list) or not categories:
        raise DataError(f"COCO: {path} has no `categories`; expected COCO's list of names")
    names: dict[int, str] = {}
    for index, one in enumerate(categories):
        number, name = (one.get("id"), one.get("name")) if isinstance(one, dict) else (None, None)
        where = f"COCO: {path}: categories[{index}]"
        if not is_id(number):
            raise DataError(f"{where} is {shown(one)}; expected a whole number `id` and a `name`")
        if not isinstance(name, str) or not name.strip() or clean_text(name) != name or len(name) > MAX_NAME:
            raise DataError(f"{where} has name {shown(name)}; expected a plain text of at most {MAX_NAME} characters")
        if names.setdefault(number, name) != name:
            raise DataError(f"{where} names category {number} {shown(name)}, before {shown(names[number])}; keep one")
    return names


def category_of(annotation: dict[str, Any], lists: Lists) -> str:
    """The name of an annotation's category.

    Raises:
        DataError: `categories` does not list it.
    """
    number = annotation.get("category_id", -1)
    name = lists.names.get(number) if is_id(number) else None
    if name is None:
        raise DataError(
            f"COCO: {lists.path}: annotation {annotation['id']} has category {shown(annotation.get('category_id'))}, "
            "which `categories` does not list"
        )
    return name


def size_of(image: dict[str, Any], path: Path) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        DataError: no positive whole numbers, or far too large.
    """
    width, height = image.get("width"), image.get("height")
    if not (is_id(width) and is_id(height) and 0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise DataError(
            f"COCO: {path}: image {image['id']} has size ({shown(width)}, {shown(height)}); expected positive width "
            f"and height, at most {MAX_SIDE_PX:,} pixels"
        )
    return width, height


def clean_text(text: str) -> str:
    """A text on one line, without marks such as ``<image>``, control characters and what turns the writing round."""
    kept = "".join(letter for letter in _MARKS.sub(" ", " ".join(text.split())) if _is_written(letter))
    return " ".join(kept.split())


def _is_written(letter: str) -> bool:
    # Cf holds the joiners of Hindi, Persian and of emoji, which belong to the text, and the bidirectional controls.
    category = unicodedata.category(letter)
    return category not in ("Cc", "Cs", "Co", "Cn") and (category != "Cf" or letter in "\u200c\u200d")
