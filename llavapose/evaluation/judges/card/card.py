"""The file of a judge's card, ``judge_cards/<judge>/card.json``, and what a table says of it.

One, cut short::

    {"judge": "gpt-4o-pair-keypoints", "inconsistent": "", "num_pictures": 90,
     "measures": [{"measure": "repeat_sd", "value": 3.1, "low": 2.6, "high": 3.7, "num": 1080}, ...], ...}
"""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_json, results_root, write_json

log = logging.getLogger(__name__)

CARDS = "judge_cards"
FORM = 1
"""Of the file; one of another form counts as none, until it is made anew."""
MARK = "§"
"""Behind the name of a judge that disagrees with itself, wherever it stands."""
_NEEDED = ("judge", "inconsistent", "num_pictures", "measures")
_HEADLINE = (
    ("repeat_sd", "repeats' sd", False),
    ("a_false_claim", "a false claim costs", False),
    ("padding", "padding buys", True),
    ("nonsense", "nonsense", True),
    ("order", "an order", True),
    ("keypoints", "keypoint talk", True),
    ("first_place", "the first place", True),
)
"""Measure -> its words in a table, and whether its sign is said."""

Card = Mapping[str, Any]


def card_file(folder: Path, judge: str) -> Path:
    """Where a judge's card lies beside results."""
    return folder / CARDS / judge / "card.json"


def write_card(folder: Path, card: Card) -> Path:
    """Write a card; what is not known, NaN, is null."""
    path = card_file(folder, card["judge"])
    write_json(path, _plain({"form": FORM, **card}))
    return path


class OtherForm(DataError):
    """A card that another version wrote, whose measures this one does not know."""


def read_card(path: Path) -> Card:
    """A card as it was written.

    Raises:
        OtherForm: one of another version.
        DataError: a file that is no card.
    """
    card = read_json(path, what="judge's card")
    if isinstance(card, dict) and card.get("form", FORM) != FORM:
        raise OtherForm(
            f"judge's card: {path} is of form {shown(card['form'])}; expected {FORM}: make it anew with "
            "evaluate.py judge_card=NAME"
        )
    rows = card.get("measures") if isinstance(card, dict) else None
    good = isinstance(rows, list) and all(isinstance(one, dict) and _is_measure(one) for one in rows)
    if not good or any(key not in card for key in _NEEDED) or not isinstance(card["inconsistent"], str):
        raise DataError(f"judge's card: {path} is none; expected {', '.join(_NEEDED)}: make it anew with "
                        "evaluate.py judge_card=NAME, or remove it")  # fmt: skip
    return {**card, "measures": [_numbers(one) for one in rows or ()]}


def find_card(folders: Sequence[Path], judge: str) -> Card | None:
    """A judge's card beside any of these results, or of the sweep that they are part of; None where there is none.

    One of another form counts as none, and so does another judge's that lies in its place.
    Whom a judge of pairs rates the others beside changes nothing of what its card tells.
    """
    places = dict.fromkeys([*folders, *map(results_root, folders)])
    for name in dict.fromkeys((judge, re.sub(r"-vs-.*$", "", judge))):
        for folder in places:
            path = card_file(folder, name)
            if path.is_file() and (card := card_there(path)) is not None and card["judge"] == name:
                return card
    return None


def card_there(path: Path) -> Card | None:
    """A card as it was written; None for one of another form, which is said in the log.

    Raises:
        DataError: a file that is no card.
    """
    try:
        return read_card(path)
    except OtherForm as other:
        log.warning("%s", other)
        return None


def headline(card: Card) -> str:
    """A card in one sentence: "repeats' sd 3.1 [2.6, 3.7], a false claim costs 8.0 [7.1, 8.9], ..."."""
    found = {row["measure"]: row for row in card["measures"]}
    found = {name: row for name, row in found.items() if math.isfinite(row["value"])}
    parts = [f"{words} {_interval(found[name], sign)}" for name, words, sign in _HEADLINE if name in found]
    marked = f"{card['inconsistent']}. " if card["inconsistent"] else ""
    return f"{marked}Rating x 10 over {card['num_pictures']} pictures: {', '.join(parts)}"


def quoted(judge: str, card: Card | None) -> str:
    """What a table says of a judge that is a model: its card in a sentence, or that it has none."""
    if card is None:
        return f"{judge} has no card: what its ratings are worth is not known (evaluate.py judge_card=NAME)."
    return f"Card of {judge}: {headline(card)}."


def _interval(row: Mapping[str, Any], sign: bool) -> str:
    value, low, high = (round(row[name], 1) + 0.0 if math.isfinite(row[name]) else math.nan for name in
                        ("value", "low", "high"))  # fmt: skip
    told = f"{value:+.1f}" if sign else f"{value:.1f}"
    ends = (f"{low:+.1f}, {high:+.1f}" if sign else f"{low:.1f}, {high:.1f}") if math.isfinite(low) else ""
    return f"{told} [{ends}]" if ends else told


def _is_measure(row: Mapping[str, Any]) -> bool:
    numbers = [row.get(name) for name in ("value", "low", "high")]
    return (
        isinstance(row.get("measure"), str)
        and all(one is None or (isinstance(one, int | float) and not isinstance(one, bool)) for one in numbers)
        and {"value", "low", "high"} <= row.keys()
    )


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: math.nan if key in ("value", "low", "high") and row[key] is None else row[key] for key in row}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
