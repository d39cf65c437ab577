"""People's ratings as readers see them: do raters agree, whom do they prefer, which judge sides with them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.records import ALL, PEOPLE
from llavapose.report.tables.grid import HOLE_MARK, Grid, interval, number

Row = Mapping[str, Any]
_MEASURES = ("mean", "alpha", "weighted_kappa", "same", "same_by_chance", "commonest")
_SIDES = ("equal", "left")


def raters_grid(rows: Sequence[Row]) -> Grid | None:
    """All raters, then every two, then each: agreement beside what chance would give."""
    return _raters(rows, "ratings", "Raters", "mean: of the ratings x 10.")


def choosers_grid(rows: Sequence[Row]) -> Grid | None:
    """The same of raters who rated in pairs."""
    note = (
        "Of the choices as shown: left, equal or right, the sides being by lot. left: how often, of what is not equal, "
        "the left answer was the better one."
    )
    return _raters(rows, "preferences", "Raters of pairs", note)


def _raters(rows: Sequence[Row], over: str, title: str, note: str) -> Grid | None:
    of_kind = [row for row in rows if row["over"] == over]
    if not of_kind:
        return None
    measures = (*(("mean",) if over == "ratings" else _SIDES), *_MEASURES[1:])
    found = {(row["first"], row["second"], row["measure"]): row for row in of_kind}
    # All of them first, then two by two, then one by one.
    names = dict.fromkeys((row["first"], row["second"]) for row in of_kind)
    order = sorted(names, key=lambda pair: (found.get((*pair, "alpha")) is None, not pair[1]))
    body = []
    for first, second in order:
        of_pair = [found.get((first, second, measure)) for measure in measures]
        num = next(f"{row['num']:.0f}" for row in of_pair if row is not None)
        cells = (_told(row, 1 if row is not None and row["measure"] not in _COEFFICIENTS else 2) for row in of_pair)
        body.append((" and ".join(filter(None, (first, second))), num, *cells))
    return Grid(
        title=title,
        header=("of", "n", *(_HEADS[measure] for measure in measures)),
        rows=tuple(body),
        note=f"{note} alpha: Krippendorff's, for interval data, of all raters; weighted kappa: Cohen's with quadratic "
        "weights, of two. same: where both say just the same; by chance: how often their own shares of each rating "
        "would make it so; commonest: the share of what is said most. Where it is large, kappa is low "
        "however careful raters are. Controls are left out. [95% interval, the image is the unit].",
    )


_COEFFICIENTS = ("alpha", "weighted_kappa")
_HEADS = {
    "mean": "mean", "alpha": "alpha", "weighted_kappa": "weighted kappa", "same": "same, %",
    "same_by_chance": "same by chance, %", "commonest": "commonest, %", "equal": "equal, %", "left": "left, %",
}  # fmt: skip


def _told(row: Row | None, digits: int) -> str:
    if row is None:
        return HOLE_MARK
    if math.isnan(row["low"]):
        return number(row["value"], digits)
    return interval(row, "value", "low", "high", digits)


def preferences_grid(rows: Sequence[Row]) -> Grid | None:
    """An arm beside another a row: how often people prefer the one, neither, the other."""
    of_people = [row for row in rows if row["judge"] == PEOPLE]
    if not of_people:
        return None
    found = {(row["first"], row["second"], row["kind"], row["measure"]): row for row in of_people}
    body = []
    for first, second, kind in dict.fromkeys((row["first"], row["second"], row["kind"]) for row in of_people):
        shares = [found.get((first, second, kind, measure)) for measure in ("preferred", "equal", "other")]
        num = next(f"{row['num']:.0f}" for row in shares if row is not None)
        body.append((first, second, kind, *(_told(row, 1) for row in shares), num))
    return Grid(
        title="Whom people prefer",
        header=("arm", "beside", "kind", "arm better, %", "equal, %", "other better, %", "questions"),
        rows=tuple(body),
        note="Of the questions, each a mean over its raters, who did not know whose the answers are [95% interval, the "
        "image is the unit].",
    )


def siding_grid(rows: Sequence[Row]) -> Grid | None:
    """A judge a row: how often it sides with people."""
    of_judges = [row for row in rows if row["judge"] != PEOPLE and row["kind"] == ALL]
    if not of_judges:
        return None
    return Grid(
        title="Judges beside people's preferences",
        header=("judge", "same side, %", "questions"),
        rows=tuple((row["judge"], _told(row, 1), f"{row['num']:.0f}") for row in of_judges),
        note="Of the questions on which people lean to one side: how often the judge's ratings do; equal ratings count "
        "a half, so that a coin has 50 [95% interval, the image is the unit].",
    )
