"""What one reply is about, and a person as a reply tells it: joints by name, in pixels of the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llavapose.locate.codings import CODINGS, Coding
from llavapose.locate.views import View

Place = tuple[float, float]
UNREAD = "unread"
"""In place of a place: the joint is named, and what is said of it is not of the form."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a reply is about.

    Attributes:
        names: the joints that can be told.
        width, height: of the picture, in pixels.
        joint: the one that was asked for; None: any of them.
        seen: width and height of what the model was given, where its numbers are pixels of that.
        view: what the model was shown of the picture, where its numbers are shares of that.
        coding: of those.
    """

    names: tuple[str, ...]
    width: int
    height: int
    joint: str | None = None
    seen: tuple[int, int] | None = None
    view: View | None = None
    coding: Coding = CODINGS["decimal"]

    def scaled(self, x: Any, y: Any, most: tuple[float, float]) -> Place | str:
        """A point in 0..``most`` in pixels; unread where it is none."""
        if not all(map(_is_number, (x, y))) or not (0 <= x <= most[0] and 0 <= y <= most[1]):
            return UNREAD
        return x / most[0] * self.width, y / most[1] * self.height


@dataclass(frozen=True, kw_only=True)
class Body:
    """One person of a reply.

    Attributes:
        places: joint -> x, y in pixels of the picture; None where it is told not to be visible.
        unread: joints that are named and said otherwise than the form has them, or twice.
        strange: names of no joint.
        box: x, y, width, height in pixels, where it is told.
    """

    places: dict[str, Place | None]
    unread: int = 0
    strange: int = 0
    box: tuple[float, float, float, float] | None = None


def body_of(
    told: Iterable[tuple[Any, Place | str | None]], about: About, box: tuple[float, float, float, float] | None = None
) -> Body:
    """The person of (name, place) pairs; a joint that is told twice is unread."""
    found: dict[str, Place | str | None] = {}
    strange = 0
    for name, place in told:
        known = " ".join(name.replace("_", " ").split()).lower() if isinstance(name, str) else ""
        if known not in about.names:
            strange += 1
        else:
            found[known] = UNREAD if known in found else place
    places = {name: place for name, place in found.items() if not isinstance(place, str)}
    return Body(places=places, unread=len(found) - len(places), strange=strange, box=box)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
