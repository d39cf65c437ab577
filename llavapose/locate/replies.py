"""Where a joint is, as an answer's text and back: a place, a place that is hidden, or that it is not to be seen.

    asking=each     one question a joint: ``[0.512,0.040]``, ``[0.512,0.040] hidden``, ``not visible``
    asking=json     one for all of them: ``{"nose":"[0.512,0.040]","left eye":"not visible",...}``
                    of a whole picture: ``[{"box":["[0.210,0.103]","[0.420,0.950]"],"joints":{"nose":...}},...]``

What is not wholly of such a form is unread, which is counted and never taken for a place or for "not visible".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.errors import DataError
from llavapose.locate.codings import Coding
from llavapose.locate.forms import Form, literal
from llavapose.plain_json import parse_json

NOT_VISIBLE = "not visible"
HIDDEN = "hidden"


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a joint is.

    Attributes:
        x, y: in 0..1 of what the model was shown; None where the joint is not visible.
        hidden: whether something stands before it (COCO's visibility 1).
    """

    x: float | None = None
    y: float | None = None
    hidden: bool = False

    @property
    def place(self) -> tuple[float, float] | None:
        """(x, y), None where there is none."""
        return None if self.x is None or self.y is None else (self.x, self.y)


def spot_of(x: float, y: float, visibility: int) -> Spot:
    """A labelled joint in a view: one that is not labelled (0) or lies outside is not visible."""
    if visibility == 0 or not (0 <= x <= 1 and 0 <= y <= 1):
        return Spot()
    return Spot(x=x, y=y, hidden=visibility == 1)


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """One person of an answer about a whole picture.

    Attributes:
        corners: upper left and lower right of its box, in 0..1 of what was shown.
        spots: joint -> where it is; None where that cannot be read.
    """

    corners: tuple[tuple[float, float], tuple[float, float]]
    spots: Mapping[str, Spot | None]


def write_spot(spot: Spot, coding: Coding) -> str:
    """The answer to one question."""
    if spot.x is None or spot.y is None:
        return NOT_VISIBLE
    return coding.write(spot.x, spot.y) + (f" {HIDDEN}" if spot.hidden else "")


def read_spot(text: str, coding: Coding) -> Spot | None:
    """The spot of an answer; None where it is not wholly of the form."""
    told = text.strip().removesuffix(".")
    if told.lower() == NOT_VISIBLE:
        return Spot()
    place = told.removesuffix(f" {HIDDEN}").rstrip()
    point = coding.read(place)
    return None if point is None else Spot(x=point[0], y=point[1], hidden=place != told)


def write_spots(spots: Mapping[str, Spot], coding: Coding) -> str:
    """One answer for all joints, in their order."""
    return json.dumps({name: write_spot(spot, coding) for name, spot in spots.items()}, separators=(",", ":"))


def spots_form(names: Sequence[str], coding: Coding) -> Form:
    """One answer for all joints in which each has a place."""
    return Form(atoms=tuple(_spots_units(dict.fromkeys(names), coding)))


def _spots_units(spots: Mapping[str, Spot | None], coding: Coding) -> list[str]:
    """Such an answer's units; a joint that has a place keeps it, as it was told."""
    units = [*literal("{")]
    for number, (name, spot) in enumerate(spots.items()):
        told = literal(write_spot(spot, coding)) if spot is not None and spot.place is not None else coding.atoms
        units += [*literal(f'{"," * bool(number)}"{name}":"'), *told, *literal('"')]
    return [*units, *literal("}")]


def read_spots(text: str, names: Sequence[str], coding: Coding) -> dict[str, Spot | None]:
    """The spots of one answer for all joints; None for each that it does not say or says otherwise."""
    try:
        values = parse_json(text, what="joints", where="answer", unique=True)
    except DataError:
        values = None
    if not isinstance(values, dict):
        return dict.fromkeys(names)
    told = {name: values.get(name) for name in names}
    return {name: read_spot(one, coding) if isinstance(one, str) else None for name, one in told.items()}


def write_people(people: Sequence[Pointed], coding: Coding) -> str:
    """One answer for everyone in a picture."""
    told = [
        {
            "box": [coding.write(*corner) for corner in one.corners],
            "joints": {name: write_spot(spot or Spot(), coding) for name, spot in one.spots.items()},
        }
        for one in people
    ]
    return json.dumps(told, separators=(",", ":"))


def people_form(people: Sequence[Pointed], coding: Coding) -> Form:
    """One answer for everyone in a picture: the same people and boxes, and of each joint a place.

    Places that were told stay; where none was, any can be written.
    """
    units = [*literal("[")]
    for number, one in enumerate(people):
        first, last = (coding.write(*corner) for corner in one.corners)
        units += literal(f'{"," * bool(number)}{{"box":["{first}","{last}"],"joints":')
        units += [*_spots_units(one.spots, coding), *literal("}")]
    return Form(atoms=(*units, *literal("]")))


def read_people(text: str, names: Sequence[str], coding: Coding) -> list[Pointed] | None:
    """Everyone whom such an answer tells; None where it is no list of people with boxes, to its end."""
    try:
        values = parse_json(text, what="people", where="answer", unique=True)
    except DataError:
        return None
    found = [_pointed(value, names, coding) for value in values] if isinstance(values, list) else [None]
    return None if None in found else [one for one in found if one is not None]


def _pointed(value: Any, names: Sequence[str], coding: Coding) -> Pointed | None:
    if not isinstance(value, dict) or not isinstance(value.get("joints"), dict):
        return None
    box: Any = value.get("box")
    corners = [coding.read(str(one)) for one in box] if isinstance(box, list) else []
    if len(corners) != 2 or corners[0] is None or corners[1] is None:
        return None
    if corners[0][0] > corners[1][0] or corners[0][1] > corners[1][1]:
        return None
    told = {name: value["joints"].get(name) for name in names}
    spots = {name: read_spot(one, coding) if isinstance(one, str) else None for name, one in told.items()}
    return Pointed(corners=(corners[0], corners[1]), spots=spots)
