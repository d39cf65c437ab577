"""Marks in tables for readers where a mean is that of fewer seeds than were planned."""

from collections.abc import Sequence
from dataclasses import replace

from llavapose.evaluation.tables.seeds import SeedCounts, Seeds
from llavapose.records import CONTROL_ARMS
from llavapose.report.tables.grid import HOLE_MARK, Grid

FEWER = "‡"


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
    rows = tuple((*row, HOLE_MARK if row[0] in CONTROL_ARMS else _told(seeds)) for row, seeds in found)
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


def _told(seeds: Seeds) -> str:
    return f"{len(seeds.found)} of {seeds.num_planned} {FEWER}" if seeds.missing else str(len(seeds.found))
