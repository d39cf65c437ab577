"""What the pages share: templates that escape what they are given, pictures inside the file, marked texts."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from PIL import Image

from llavapose.scenes.draw import LEFT, PERSON_BOX, RIGHT, THING_BOX

OUTCOME_MARKS = {"leak": "leak", "contradicted": "wrong", "supported": "right", "unverifiable": "open"}
"""Outcome of a place in a text -> its mark, the strongest first where places overlap."""


# What no page shows and an editor or terminal that opens it may obey: C0 but for tab and line feed, and C1.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def rendered(template: str, **values: Any) -> str:
    """A page from one of the package's templates: everything is escaped, an undefined name is an error."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _templates().get_template(template).render(**values))


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("llavapose.report"),
        autoescape=select_autoescape(("html", "j2"), default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def data_uri(picture: Image.Image) -> str:
    """The picture as a JPEG inside an address."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return jpeg_uri(stream.getvalue())


def jpeg_uri(content: bytes) -> str:
    """A JPEG's bytes as an address."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def marked(text: str, places: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Cut a text into (piece, mark) where places begin and end; the mark is a value of ``OUTCOME_MARKS`` or "".

    Args:
        text: what was written.
        places: each with ``start``, ``end`` and ``outcome``. Where they overlap, a leak shows through a wrong claim, a
            wrong one through a right one, a right one through an open one.
    """
    ends = sorted({0, len(text), *(min(max(0, place[end]), len(text)) for place in places for end in ("start", "end"))})
    pieces: list[tuple[str, str]] = []
    for start, end in pairwise(ends):
        over = {place["outcome"] for place in places if place["start"] <= start and end <= place["end"]}
        mark = next((OUTCOME_MARKS[outcome] for outcome in OUTCOME_MARKS if outcome in over), "")
        pieces.append((text[start:end], mark))
    return pieces


def legend(*, boxes: bool = True) -> list[tuple[str, str]]:
    """(what, CSS colour) of a drawn scene; without ``boxes``, of its skeletons alone."""
    drawn = [("person's left", LEFT), ("person's right", RIGHT)]
    drawn += [("person", PERSON_BOX), ("object", THING_BOX)] if boxes else []
    return [(name, f"rgb({red} {green} {blue})") for name, (red, green, blue) in drawn]
