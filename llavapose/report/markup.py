"""What the pages share: templates that escape what they are given, pictures inside the file, marked texts, scripts."""

import base64
import hashlib
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from PIL import Image

from llavapose.scenes.draw import LEFT, PERSON_BOX, RIGHT, THING_BOX

OUTCOME_MARKS = {"leak": "leak", "contradicted": "wrong", "supported": "right", "unverifiable": "open"}
"""Outcome of a place in a text -> its mark, the strongest first where places overlap."""

SPANS_TOLD = {"right": "right", "wrong": "wrong, this took place instead", "open": "cannot be decided"}
"""Mark of a claim whose time is told -> what a page calls it."""

# What no page shows and an editor or terminal that opens it may obey: C0 but for tab and line feed, C1, and what turns
# round the direction of all that stands behind it.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


_SIZES_PX = (480, 400, 320, 240, 160)
"""Longer sides that are tried: 480 fills the column of a page, at 160 a skeleton can just be seen."""


def rendered(template: str, **values: Any) -> str:
    """A page from one of the package's templates: everything is escaped, an undefined name is an error."""
    return _shown(_templates().get_template(template).render(**values))


def _shown(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A page's script: its ``code``, and the source that a Content-Security-Policy allows it by, ``'sha256-...'``."""

    code: Markup
    source: Markup


def script(*names: str) -> Script:
    """The package's scripts of these names as one, to stand word for word between ``<script>`` and ``</script>``."""
    folder = files("llavapose.report").joinpath("templates")
    code = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return Script(code=Markup(code), source=Markup(f"'sha256-{digest}'"))


def script_data(value: Any) -> Markup:
    """Plain values as JSON that can stand inside a ``<script type="application/json">``, whatever its texts hold.

    A page ends a script at ``</script`` and reads on strangely behind ``<!--``, in a string too: no ``<`` is left.
    """
    text = json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text))


def packed_data(value: Any) -> Markup:
    """Plain values as JSON, deflated, in base64: what a page's script unpacks with the browser's own means."""
    text = json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode())


def _cleaned(value: Any) -> Any:
    """The same values with no character that obeys or turns round; one for one, so that places stay."""
    if isinstance(value, str):
        return _shown(value)
    if isinstance(value, Mapping):
        return {_shown(str(key)): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, Sequence) else value


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


def jpeg_within(picture: Path | Image.Image, num_bytes: int) -> bytes:
    """A JPEG of at most so many bytes, as large as that allows; a file that is small enough is taken as it is.

    The smallest size that is tried, 160 pixels, may exceed it.
    """
    if isinstance(picture, Path) and picture.stat().st_size <= num_bytes:
        return picture.read_bytes()
    image = Image.open(picture) if isinstance(picture, Path) else picture
    content = b""
    with image:
        for size in dict.fromkeys(min(one, max(image.size)) for one in _SIZES_PX):
            smaller = image.convert("RGB")
            smaller.thumbnail((size, size))
            stream = io.BytesIO()
            smaller.save(stream, "JPEG", quality=75, optimize=True)
            content = stream.getvalue()
            if len(content) <= num_bytes:
                break
    return content


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


def spans_of(text: str, claims: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, str, str]]:
    """When what is claimed of a motion took place: from, to (seconds), the claim's mark and its words; each once.

    Of a claim that is wrong it is when that took place which the facts tell instead.
    """
    found = [
        (*claim["span_s"], OUTCOME_MARKS[claim["outcome"]], text[claim["start"] : claim["end"]].strip(" .,;"))
        for claim in claims
        if claim.get("span_s")
    ]
    return sorted(dict.fromkeys(found))


def legend(*, boxes: bool = True) -> list[tuple[str, str]]:
    """(what, CSS colour) of a drawn scene; without ``boxes``, of its skeletons alone."""
    drawn = [("person's left", LEFT), ("person's right", RIGHT)]
    drawn += [("person", PERSON_BOX), ("object", THING_BOX)] if boxes else []
    return [(name, f"rgb({red} {green} {blue})") for name, (red, green, blue) in drawn]
