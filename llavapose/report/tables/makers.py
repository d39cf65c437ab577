"""What made the results of a table or a page, by the cards that runs leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.errors import named
from llavapose.owner import Owner, Place, owner_of


@dataclass(frozen=True, kw_only=True)
class Maker:
    """One run as its card tells it, ready to be shown.

    Attributes:
        name: the folder, or the arm in it.
        date: when it was started, to the minute.
        ok: False where it did not end well.
        settings: their hash; ``told`` lists them.
    """

    name: str
    command: str
    commit: str
    date: str
    ok: bool
    settings: str
    told: Sequence[tuple[str, Any]] = field(default=())


def makers_of(places: Sequence[Place]) -> list[Maker]:
    """Who made what lies in these places, in their order; those without a card are left out."""
    cards = {place.name: owner for place in places if (owner := owner_of(place))}
    return [_maker(name, owner) for name, owner in cards.items()]


def places_in(folder: Path) -> list[Place]:
    """The folder itself, and the arms that have cards of their own in it."""
    parts = sorted(path.stem for path in (folder / "owners").glob("*.json"))
    return [Place(folder=folder), *(Place(folder=folder, part=part) for part in parts)]


def maker_lines(folder: Path) -> list[str]:
    """A line a run, to stand under the tables of a folder."""
    return [
        f"{named(one.name)}: {named(one.command, 1000)} (commit {named(one.commit)}, {named(one.date)}, settings "
        f"{named(one.settings)})"
        for one in makers_of(places_in(folder))
    ]


def _maker(name: str, owner: Owner) -> Maker:
    return Maker(
        name=name,
        command=owner.command,
        commit=owner.commit,
        date=owner.started.replace("T", " ")[:16] + " UTC",
        ok=owner.ok or owner.ended is None,
        settings=owner.settings,
        told=sorted(owner.values.items()),
    )
