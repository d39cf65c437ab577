"""This project's own answers (``llavapose.locate.replies``): shares of what the model was shown of one person."""

from llavapose.errors import ReplyError
from llavapose.locate.answers.about import UNREAD, About, Body, Place, body_of
from llavapose.locate.answers.json_in import json_of, plain
from llavapose.locate.replies import Spot, read_spot


def read_own(reply: str, about: About) -> list[Body]:
    """The person of a reply to the question for one joint, or for all of them as JSON.

    Raises:
        ReplyError: no place, not JSON, or nobody said what the model was shown.
    """
    if about.view is None:
        raise ReplyError("no `annotation_id`: what the model was shown is not known")
    if about.joint is not None:
        spot = read_spot(plain(reply), about.coding)
        if spot is None:
            raise ReplyError("no place of the form")
        return [body_of([(about.joint, _place(spot, about))], about)]
    value = json_of(reply)
    if not isinstance(value, dict):
        raise ReplyError("expected an object of joints")
    told: list[tuple[str, Place | str | None]] = []
    for name, said in value.items():
        spot = read_spot(said, about.coding) if isinstance(said, str) else None
        told.append((name, UNREAD if spot is None else _place(spot, about)))
    return [body_of(told, about)]


def _place(spot: Spot, about: About) -> Place | None:
    assert about.view is not None
    return None if spot.place is None else about.view.outwards(*spot.place)
