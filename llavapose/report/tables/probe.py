"""The probe as readers see it."""

from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.records import ALL, CONTROL_ARMS
from llavapose.report.tables.grid import FAILED_MARK, HOLE_MARK, Grid, interval, number

WIDE = {
    ALL: ("true", ALL),
    "one person": ("true", f"{ALL} (one person)"),
    "several people": ("true", f"{ALL} (several people)"),
    "shuffled pictures": ("shuffled", ALL),
}
"""Columns of the probe's table: name -> pictures and group."""


def probe_grid(rows: Sequence[Mapping[str, Any]], arms: Sequence[str], failed: Sequence[str] = ()) -> Grid:
    """Skill by arm over all facts, for one person and several, and with shuffled pictures."""
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows}
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        cells = [found.get((arm, *where)) for where in WIDE.values()]
        whole = cells[0]
        num = f"{whole['n']:.0f}" if whole else HOLE_MARK
        body.append((arm, *(interval(row, "skill", "low", "high", 2) if row else mark for row in cells), num))
    return Grid(
        title="Pose probe",
        header=("arm", *WIDE, "n"),
        rows=tuple(body),
        note="Skill = (balanced accuracy - majority) / (1 - majority): 0 is chance, 1 is always right "
        "[95% interval, the image is the unit; training seeds are averaged, their spread is not in it]. With shuffled "
        "pictures it must fall to nothing.",
    )


def probe_groups_grid(rows: Sequence[Mapping[str, Any]], arms: Sequence[str], failed: Sequence[str] = ()) -> Grid:
    """Skill by arm and group of facts, with true pictures."""
    of_true = [row for row in rows if row["pictures"] == "true"]
    found = {(row["arm"], row["group"]): row["skill"] for row in of_true}
    groups = list(dict.fromkeys(g for _, g in found if g != ALL and not g.endswith(")")))
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        body.append((arm, *(number(found[arm, g], 2) if (arm, g) in found else mark for g in groups)))
    return Grid(title="Pose probe: skill by group of facts", header=("arm", *groups), rows=tuple(body))


def _seeing(arms: Sequence[str]) -> list[str]:
    """The arms that can be probed: the prior is no model."""
    return [arm for arm in arms if arm not in CONTROL_ARMS]
