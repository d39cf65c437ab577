"""Who is behind the ratings, said under every table that they stand in: the anchor, the panel, who told the truth.

And what those ratings are worth: the card of a judge that is a model, with a mark where it disagrees with itself.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llavapose.evaluation.judges.card.card import MARK
from llavapose.evaluation.tables.agreement import PANEL
from llavapose.evaluation.tables.parties import BETWEEN
from llavapose.records import TEXT_ONLY, without_base
from llavapose.report.tables.grid import Grid

Row = Mapping[str, Any]
CONTROLLED = ("shuffled", "no_picture")
"""Columns of an arm's own ratings under the controls."""


def parties_told(rows: Sequence[Row]) -> list[str]:
    """Sentences on one judge's rows of ``ablation.csv`` or ``comparison.csv``; none where there is nothing to tell."""
    anchor = next((row["anchor"] for row in rows if row.get("anchor")), "")
    told = [f"Rated in pairs, each beside the answer of {anchor}, the anchor."] if anchor else []
    told += _uncontrolled_told(rows, anchor) if anchor else []
    if any(row["judge"] == PANEL for row in rows):
        told += _members_told(rows)
    if any(without_base(row["arm"]) == TEXT_ONLY and row["num_scored"] for row in rows):
        told += _answered_told(rows)
    return told + _cards_told(rows)


def judge_named(judge: str, rows: Sequence[Row]) -> str:
    """A judge as a title has it, marked where it, or a member of the panel, disagrees with itself."""
    marked = any(row.get("inconsistent") for row in rows if row["judge"] == judge)
    return f"{judge} {MARK}" if marked else judge


def marked(grid: Grid, ablation: Sequence[Row]) -> Grid:
    """A table that has judges in its first two columns, with the mark behind those that disagree with themselves."""
    names = {row["judge"] for row in ablation if row.get("inconsistent")}

    def cell(text: str) -> str:
        return " and ".join(f"{name} {MARK}" if name in names else name for name in text.split(" and "))

    if not names:
        return grid
    return replace(grid, rows=tuple((*map(cell, row[:2]), *row[2:]) for row in grid.rows))


def with_parties(grid: Grid, ablation: Sequence[Row]) -> Grid:
    """A table of judges or arms with what its rows call for, by the rows of ``ablation.csv``."""
    named = {name for row in grid.rows for cell in row[:2] for name in without_base(cell).split(" and ")}
    anchors: dict[str, list[str]] = defaultdict(list)
    for judge, anchor in dict.fromkeys((row["judge"], row.get("anchor", "")) for row in ablation):
        if anchor and judge in named:
            anchors[anchor].append(judge)
    paired = "; ".join(f"anchor {anchor}: {', '.join(judges)}" for anchor, judges in anchors.items())
    told = [f"Rated in pairs, {paired}."] if paired else []
    told += _members_told(ablation) if PANEL in named else []
    told += _answered_told(ablation) if TEXT_ONLY in named else []
    told += _cards_told([row for row in ablation if row["judge"] in named])
    return marked(replace(grid, note=" ".join(filter(None, [grid.note, *told]))), ablation)


def _cards_told(rows: Sequence[Row]) -> list[str]:
    """What the cards of these judges say, each once, and what the mark means."""
    found = list(dict.fromkeys(card for row in rows if (card := row.get("card", ""))))
    return found + [f"{MARK}: a judge that disagrees with itself."] * any(row.get("inconsistent") for row in rows)


def _uncontrolled_told(rows: Sequence[Row], anchor: str) -> list[str]:
    """Why the anchor's row has no controls where others have; nothing where there is no such row."""
    scored = [row for row in rows if row["num_scored"]]
    controlled = {
        without_base(row["arm"]) for row in scored for name in CONTROLLED if not math.isnan(row.get(name, math.nan))
    }
    if not controlled or anchor in controlled or not any(without_base(row["arm"]) == anchor for row in scored):
        return []
    return [
        f"{anchor} has no ratings under the controls: theirs are rated beside the anchor's own answers, and an arm "
        "beside itself would be no measure of either."
    ]


def _members_told(rows: Sequence[Row]) -> list[str]:
    members = next((row["members"] for row in rows if row.get("members")), "")
    *most, last = members.split(BETWEEN)
    return [f"{PANEL} is the median of {', '.join(most)} and {last}."] if most else []


def _answered_told(rows: Sequence[Row]) -> list[str]:
    who = next((row["answered_by"] for row in rows if row.get("answered_by")), "")
    return [f"{TEXT_ONLY} was answered by {who}." if who else f"Who answered as {TEXT_ONLY} is not known."]
