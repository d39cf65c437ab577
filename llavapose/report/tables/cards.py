"""A judge's card for readers: its tables, the page that they stand on with their plots, and what a report shows."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from llavapose.evaluation.judges.card.card import CARDS, MARK, Card, card_there, headline, read_card
from llavapose.evaluation.judges.card.measures import LEAST_SAME, MOST_SD
from llavapose.evaluation.judges.card.planted import NUMBERS, STYLES
from llavapose.files import atomic_write, results_root
from llavapose.kinds import rated_kinds
from llavapose.records import ALL
from llavapose.report.markup import rendered
from llavapose.report.plots import Plot, drop_plot, gain_plot
from llavapose.report.tables.grid import HOLE_MARK, Grid, interval

Row = Mapping[str, Any]

STYLE_WORDS = {
    "padding": "padding: sentences that say nothing",
    "nonsense": "confident nonsense: what is not there",
    "order": "an order to the judge: rate this 10",
    "keypoints": "keypoint talk: joints and coordinates",
}
UNIT = "Rating x 10 [95% interval, the picture is the unit]."


def write_card_page(path: Path) -> Path:
    """Write ``index.html`` beside a card's file; returns its path.

    Raises:
        DataError: a file that is no card.
    """
    card = read_card(path)
    page = path.with_name("index.html")
    with atomic_write(page) as stream:
        stream.write(rendered("card.html.j2", **_values(card)))
    return page


@dataclass(frozen=True, kw_only=True)
class CardShown:
    """A card as a page of results shows it.

    Attributes:
        judge: its name, marked where it disagrees with itself.
        headline: the card in one sentence.
        link: address of its page from the page of results; "" where it has none.
        drawn: what each plot shows, and the plot.
    """

    judge: str
    headline: str
    link: str
    drawn: Sequence[tuple[str, Plot]]


def cards_beside(results: Path, page: Path) -> list[CardShown]:
    """The cards that lie beside these results or the sweep that they are part of, in the order of the judges' names.

    One of another form counts as none.

    Args:
        results: their folder.
        page: the file that shows them.

    Raises:
        DataError: a file that is no card.
    """
    found: dict[str, Path] = {}
    for folder in (results, results_root(results)):
        for path in sorted((folder / CARDS).glob("*/card.json")):
            found.setdefault(path.parent.name, path)
    cards = {found[name]: card_there(found[name]) for name in sorted(found)}
    return [_shown(card, path, page) for path, card in cards.items() if card is not None]


def _shown(card: Card, path: Path, page: Path) -> CardShown:
    of_card = path.with_name("index.html")
    judge = f"{card['judge']} {MARK}" if card["inconsistent"] else str(card["judge"])
    fall, gain = _plots(_found(card))
    told = (
        (f"How far a rating by {judge} falls with the number of claims that are false or left out", fall),
        (f"What each style adds to a rating by {judge}", gain),
    )
    return CardShown(
        judge=judge,
        headline=headline(card),
        link=quote(Path(os.path.relpath(of_card, page.parent)).as_posix()) if of_card.is_file() else "",
        drawn=[(label, plot) for label, plot in told if plot is not None],
    )


def _found(card: Card) -> dict[str, Row]:
    """Measure -> its row, of those that are known."""
    return {row["measure"]: row for row in card["measures"] if math.isfinite(row["value"])}


def _plots(found: Mapping[str, Row]) -> tuple[Plot | None, Plot | None]:
    """How far ratings fall with false claims, and what styles gain."""
    series = {
        name: [{**found[f"{key}_{n}"], "at": n} for n in NUMBERS if f"{key}_{n}" in found]
        for name, key in (("flipped: certainly false", "false"), ("left out", "removed"))
    }
    return drop_plot(series), gain_plot({style: found[style] for style in STYLES if style in found})


def _values(card: Card) -> dict[str, Any]:
    found = _found(card)
    fall, gain = _plots(found)
    example = card.get("example") or {}
    return {
        "judge": card["judge"],
        "told": _told(card),
        "inconsistent": card["inconsistent"],
        "highlights": _highlights(found),
        "steady": steady_grid(found),
        "falls": falls_grid(found),
        "styles": styles_grid(found),
        "places": places_grid(found),
        "agreement": agreement_grid(card.get("agreement") or ()),
        "fall_plot": fall,
        "gain_plot": gain,
        "question": example.get("question", ""),
        "texts": [(_variant(name), text) for name, text in (example.get("texts") or {}).items()],
    }


def _variant(name: str) -> str:
    """What a planted answer is, in words."""
    kind, _, num = name.partition("_")
    words = {"clean": "six true claims", "false": f"{num} of them flipped", "removed": f"{num} of them left out"}
    return words.get(kind) or f"two flipped, with {STYLE_WORDS.get(name, name)}"


def _told(card: Card) -> str:
    benchmark = card.get("benchmark") or {}
    parts = [
        f"model {card.get('model', HOLE_MARK)}",
        f"protocol {card.get('protocol', HOLE_MARK)}",
        f"context {card.get('context', HOLE_MARK)}",
        f"{card['num_pictures']} pictures of {benchmark.get('name', HOLE_MARK)} ({benchmark.get('hash', HOLE_MARK)})",
        f"{card.get('num_asked', 0):,} ratings, {card.get('num_unrated', 0):,} of them not read",
    ]
    return ", ".join(parts)


def _highlights(found: Mapping[str, Row]) -> list[dict[str, str]]:
    wanted = (
        ("the same, rated again: sd", "repeat_sd", False),
        ("a false claim costs", "a_false_claim", False),
        ("an order to the judge buys", "order", True),
        ("the first place buys", "first_place", True),
    )
    cells = [(name, _cell(found.get(key), sign=sign)) for name, key, sign in wanted if key in found]
    return [
        {"name": name, "value": text.partition(" [")[0], "range": text.partition(" [")[2].rstrip("= ]")}
        for name, text in cells
    ]


def _cell(row: Row | None, *, sign: bool = False) -> str:
    return HOLE_MARK if row is None else interval(row, "value", "low", "high", 1, sign=sign)


def _num(row: Row | None) -> str:
    return HOLE_MARK if row is None else f"{row['num']:.0f}"


def steady_grid(found: Mapping[str, Row]) -> Grid:
    """Does it say the same when it is asked the same?"""
    names = (
        ("ratings of the same request: sd", "repeat_sd", f"at most {MOST_SD:g}"),
        ("same better answer in two repeats, %", "repeat_winner", f"at least {LEAST_SAME:g}"),
    )
    return Grid(
        title="Agreement with itself",
        header=("measure", "value", "limit", "n"),
        rows=tuple((name, _cell(found.get(key)), limit, _num(found.get(key))) for name, key, limit in names),
        note=f"{UNIT} The true answer and the one with a false claim, rated several times over. Beyond a limit the "
        "judge is marked wherever it stands.",
    )


def falls_grid(found: Mapping[str, Row]) -> Grid:
    """How far the rating falls, by the number of claims that are false, and that are left out."""
    body = [
        (
            str(n), _cell(found.get(f"false_{n}")), _cell(found.get(f"found_{n}")), _cell(found.get(f"removed_{n}")),
            _num(found.get(f"false_{n}")),
        )
        for n in NUMBERS
    ]  # fmt: skip
    each = (_cell(found.get("a_false_claim")), HOLE_MARK, _cell(found.get("a_removed_claim")))
    return Grid(
        title="Sensitivity to pose errors",
        header=("claims of six", "fall, false", "true one rated higher, %", "fall, left out", "pictures"),
        rows=(*body, ("each", *each, _num(found.get("a_false_claim")))),
        note=f"{UNIT} How far a rating falls below that of the answer with six true claims. each: the line through "
        "nought that is nearest to the three. A tie is not rated higher.",
    )


def styles_grid(found: Mapping[str, Row]) -> Grid:
    """What each style adds to the rating of an answer that it tells nothing."""
    return Grid(
        title="What a style buys",
        header=("style", "gain", "pictures"),
        rows=tuple((STYLE_WORDS[one], _cell(found.get(one), sign=True), _num(found.get(one))) for one in STYLES),
        note=f"{UNIT} Put into the answer with two false claims, which at the top of the scale could gain nothing. A "
        "fair judge gives nothing for the first three.",
    )


def places_grid(found: Mapping[str, Row]) -> Grid | None:
    """What the order of two answers does; None of a judge that sees one."""
    names = (
        ("same better answer in both orders, %", "same_winner", False),
        ("the first place adds", "first_place", True),
        ("an answer beside itself ties, %", "itself_ties", False),
        ("the first place adds, beside itself", "itself_first_place", True),
    )
    rows = tuple((name, _cell(found[key], sign=sign), _num(found[key])) for name, key, sign in names if key in found)
    note = f"{UNIT} Over all planted pairs; an answer beside itself must tie."
    return Grid(title="Position", header=("measure", "value", "n"), rows=rows, note=note) if rows else None


def agreement_grid(rows: Sequence[Row]) -> Grid | None:
    """A peer a row, a kind a column; None where no verdicts lie beside the card."""
    if not rows:
        return None
    found = {(row["with"], row["measure"], row["kind"]): _known(row) for row in rows}
    words = {"spearman": "Spearman", "weighted_kappa": "weighted kappa"}
    body = [
        (
            f"{peer}, {words.get(measure, measure)}",
            *(_cell_of(found.get((peer, measure, kind))) for kind in (*rated_kinds(), ALL)),
            _num(found.get((peer, measure, ALL))),
        )
        for peer, measure in dict.fromkeys((row["with"], row["measure"]) for row in rows)
    ]
    return Grid(
        title="Agreement with people and with the pose judge",
        header=("with", *rated_kinds(), ALL, "answers"),
        rows=tuple(body),
        note="[95% interval, the picture is the unit], over the answers that both have rated; controls are left out. "
        "Ranks alone are compared with the pose judge, whose scale is its own.",
    )


def _known(row: Row) -> Row:
    return {**row, **{name: math.nan if row[name] is None else row[name] for name in ("value", "low", "high")}}


def _cell_of(row: Row | None) -> str:
    return HOLE_MARK if row is None else interval(row, "value", "low", "high", 2)
