"""What is missing, as tables for readers say it: seeds that were planned, and why questions have no rating."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llavapose.evaluation.tables.ratings import MISSING
from llavapose.evaluation.tables.seeds import SeedCounts, Seeds
from llavapose.records import ALL, CONTROL_ARMS, without_base
from llavapose.report.tables.grid import HOLE_MARK, Grid

FEWER = "‡"
EXPLAINED = {"needs no picture": "needs no picture, as the commonest answer is right too often"}
"""What a reason means, where its few words do not say it."""


def with_seeds(grid: Grid, counts: SeedCounts, of: str) -> Grid:
    """The table with a last column of seeds, such as "3", or "2 of 3 ‡" with the missing ones in the note.

    Args:
        grid: its first column names the rows.
        counts: of a sweep; the table stays as it is where there are none.
        of: the judge whose ratings the table holds, or ``PROBE``.
    """
    if not counts:
        return grid
    found = [(row, counts.get((of, row[0]), Seeds())) for row in grid.rows]
    # The control arms are no models, and no seed changes them.
    rows = tuple(
        (*row, HOLE_MARK if without_base(row[0]) in CONTROL_ARMS else _seeds_told(seeds)) for row, seeds in found
    )
    holes = hole_lines([(row[0], seeds) for row, seeds in found])
    note = f"{FEWER} Fewer seeds than planned: {'; '.join(holes)}." if holes else ""
    return replace(grid, header=(*grid.header, "seeds"), rows=rows, note=" ".join(filter(None, [grid.note, note])))


def hole_lines(rows: Sequence[tuple[str, Seeds]]) -> list[str]:
    """One phrase for each row that lacks seeds: "conv lacks seed=1 (failed, exit 1)"."""
    return [
        f"{row} lacks {', '.join(f'{seed} ({why})' for seed, why in seeds.missing.items())}"
        for row, seeds in rows
        if seeds.missing
    ]


def _seeds_told(seeds: Seeds) -> str:
    return f"{len(seeds.found)} of {seeds.num_planned} {FEWER}" if seeds.missing else str(len(seeds.found))


def unscored_told(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of how many questions of each arm there is no rating, and why; nothing where all have one, or nothing tells."""
    totals = [row for row in rows if row["kind"] == ALL]
    asked = [row["arm"] for row in totals if row["num_scored"] or row.get("num_unscored", 0) > 0]
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in totals:
        for told in filter(None, row["unscored"].split("; ")):
            count, _, why = told.partition(" x ")
            found[why][row["arm"]] = int(count)
    unscored = [_why_told(why, of, asked) for why, of in found.items() if not why.startswith(MISSING)]
    missing = [_why_told(why.removeprefix(MISSING), of, asked) for why, of in found.items() if why.startswith(MISSING)]
    return [f"{name}: {'; '.join(told)}." for name, told in (("Unscored", unscored), ("Missing", missing)) if told]


def _why_told(why: str, counts: Mapping[str, int], asked: Sequence[str]) -> str:
    """Such as "3 of every arm (needs no picture)", or "full 2, conv 1 (no answer)"."""
    alike = len(set(counts.values())) == 1 and set(counts) == set(asked) and len(asked) > 1
    whose = f"{max(counts.values())} of every arm" if alike else ", ".join(f"{a} {n}" for a, n in counts.items())
    return f"{whose} ({EXPLAINED.get(why, why)})"
