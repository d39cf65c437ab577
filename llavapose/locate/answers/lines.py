"""A file of replies: JSONL, a reply a line.

    {"image_id": 42, "reply": "..."}                                          about everybody in the picture
    {"image_id": 42, "annotation_id": 7, "reply": "..."}                      about one person
    {"image_id": 42, "annotation_id": 7, "joint": "nose", "reply": "..."}     about one joint

Also ``model``, a name: each has a row of its own; and ``size``, width and height in pixels of what the model was given,
where it counts in those (``qwen_pixels``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_jsonl

KEYS = frozenset({"image_id", "annotation_id", "joint", "model", "size", "reply"})
MAX_NAME = 60
"""Characters of a model's name: it is a row's and a file's too."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One reply and what it is about; ``where`` names the line."""

    image_id: int
    reply: str
    where: str
    annotation_id: int | None = None
    joint: str | None = None
    model: str = "answers"
    size: tuple[int, int] | None = None


def read_lines(path: Path, names: Collection[str]) -> list[Line]:
    """The replies of a file.

    Args:
        path: of the file.
        names: the joints that can be asked for.

    Raises:
        DataError: it is missing or empty, or a line is not of the form; names the line.
    """
    found = [_line(row, f"answers: {path}:{number}", names) for number, row in read_jsonl(path, what="answers")]
    if not found:
        raise DataError(f'answers: {path} is empty; expected lines such as {{"image_id": 42, "reply": "..."}}')
    return found


def _line(row: dict[str, Any], where: str, names: Collection[str]) -> Line:
    if unknown := sorted(row.keys() - KEYS):
        raise DataError(f"{where} has {shown(unknown[0])}; expected of {', '.join(sorted(KEYS))}")
    for key in ("image_id", "annotation_id"):
        if (key == "image_id" or row.get(key) is not None) and not _is_whole(row.get(key)):
            raise DataError(f"{where}: {key} is {shown(row.get(key))}; expected a whole number")
    if not isinstance(row.get("reply"), str):
        raise DataError(f"{where}: reply is {shown(row.get('reply'))}; expected the model's text")
    joint, model, size = row.get("joint"), row.get("model", "answers"), row.get("size")
    if joint is not None and joint not in names:
        raise DataError(f"{where}: joint is {shown(joint)}; expected one of {', '.join(names)}")
    if not isinstance(model, str) or not model.strip() or not model.isprintable() or len(model) > MAX_NAME:
        raise DataError(f"{where}: model is {shown(model)}; expected a name of at most {MAX_NAME} characters")
    if size is not None and not (isinstance(size, list) and [*map(_is_side, size)] == [True] * 2):
        raise DataError(f"{where}: size is {shown(size)}; expected width and height in pixels: [1036, 728]")
    return Line(
        image_id=row["image_id"], reply=row["reply"], where=where, annotation_id=row.get("annotation_id"), joint=joint,
        model=model, size=None if size is None else (size[0], size[1]),
    )  # fmt: skip


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_side(value: Any) -> bool:
    return _is_whole(value) and 0 < value <= 100_000
