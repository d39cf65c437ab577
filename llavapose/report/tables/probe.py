"""The probe, and benchmarks with an answer key, as readers see them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.probe.score import FACT_GROUPS, IN_MOTION, ORDER_COLUMNS, STILL
from llavapose.records import ALL, CONTROL_ARMS, without_base
from llavapose.report.tables.ablation import order_told
from llavapose.report.tables.grid import FAILED_MARK, HOLE_MARK, Grid, interval

Row = Mapping[str, Any]

WIDE = {
    ALL: ("true", ALL),
    "one person": ("true", f"{ALL} (one person)"),
    "several people": ("true", f"{ALL} (several people)"),
    "shuffled pictures": ("shuffled", ALL),
    "no picture": ("no_picture", ALL),
}
"""Columns of the probe's table: name -> pictures and group."""
OF_CLIPS = {
    ALL: ("true", ALL),
    IN_MOTION: ("true", IN_MOTION),
    STILL: ("true", STILL),
    "shuffled clips": ("shuffled", IN_MOTION),
    **{one.told: (one.value, IN_MOTION) for one in Control if one.of_frames},
    "no picture": ("no_picture", IN_MOTION),
}
"""The same where facts about motion are among them."""


def probe_grid(rows: Sequence[Row], arms: Sequence[str], failed: Sequence[str] = (), benchmark: str = "") -> Grid:
    """Skill by arm over all facts, for one person and several, and under the controls.

    Args:
        rows: of ``probe.csv``.
        arms: rows of the table.
        failed: arms whose job failed.
        benchmark: the end of the title, whose pictures the facts are of (``ablation.benchmark_told``).
    """
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows}
    clips = any(row["group"] == IN_MOTION for row in rows)
    wide = OF_CLIPS if clips else WIDE
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        cells = [found.get((arm, *where)) for where in wide.values()]
        whole = cells[0]
        counts = (f"{whole['n']:.0f}", _unanswered(whole)) if whole else (HOLE_MARK, HOLE_MARK)
        body.append((arm, *(interval(row, "skill", "low", "high", 2) if row else mark for row in cells), *counts))
    return Grid(
        title=f"Pose probe{_of_pictures(benchmark)}",
        header=("arm", *wide, "n", "unanswered"),
        rows=tuple(body),
        note="Skill = (balanced accuracy - majority) / (1 - majority): 0 is chance, 1 is always right "
        "[95% interval, the image is the unit; training seeds are averaged, their spread is not in it]. With shuffled "
        "pictures and without any it must fall to nothing. unanswered: facts that a model did not choose about, beside "
        f"n.{_counts_told({name: [row for row in rows if _is(row, where)] for name, where in wide.items()})}"
        + " ".join(("", *_clips_told(rows, arms)))
        * clips,
    )


def _clips_told(rows: Sequence[Row], arms: Sequence[str]) -> list[str]:
    """What the columns of clips are, and who has learnt order by facts about motion."""
    told = ("The image is the clip; the columns of controls are of facts in motion. Shuffled clips are others' frames; "
            "frames shuffled, frames reversed and one frame repeated show the arm's own, the times staying in their "
            "places: who sees order says the opposite of reversed frames and falls below 0.")  # fmt: skip
    falls = {
        row["arm"]: tuple(row.get(name, math.nan) for name in ORDER_COLUMNS[:3])
        for row in rows
        if _is(row, ("true", IN_MOTION)) and row["arm"] in arms
    }
    return [told, *order_told(falls, 2)]


def probe_groups_grid(
    rows: Sequence[Row], arms: Sequence[str], failed: Sequence[str] = (), benchmark: str = ""
) -> Grid:
    """Skill by arm and group of facts, with true pictures; arguments as of ``probe_grid``."""
    of_true = [row for row in rows if row["pictures"] == "true"]
    found = {(row["arm"], row["group"]): row for row in of_true}
    groups = list(dict.fromkeys(g for _, g in found if g in FACT_GROUPS))
    body = []
    for arm in _seeing(arms):
        mark = FAILED_MARK if arm in failed else HOLE_MARK
        cells = [found.get((arm, group)) for group in groups]
        body.append((arm, *(interval(row, "skill", "low", "high", 2) if row else mark for row in cells)))
    counts = _counts_told({group: [row for row in of_true if row["group"] == group] for group in groups})
    return Grid(
        title=f"Pose probe: skill by group of facts{_of_pictures(benchmark)}",
        header=("arm", *groups),
        rows=tuple(body),
        note=f"[95% interval, the image is the unit].{counts}",
    )


def keyed_grid(rows: Sequence[Row], benchmark: str = "") -> Grid | None:
    """Accuracy by arm, what was shown and type of question, as ``keyed.csv`` has it; None where there is no key."""
    if not rows:
        return None
    groups = list(dict.fromkeys(row["group"] for row in rows))
    found = {(row["arm"], row["pictures"], row["group"]): row for row in rows}
    body = []
    for arm, pictures in dict.fromkeys((row["arm"], row["pictures"]) for row in rows):
        cells = [found.get((arm, pictures, group)) for group in groups]
        told = [interval(_percent(row), "accuracy", "low", "high", 1) if row else HOLE_MARK for row in cells]
        counts = [f"{found[arm, pictures, ALL][name]:.0f}" for name in ("n", "refused", "unreadable", "missing")]
        body.append((arm, _pictures_told(pictures), *told, *counts))
    falls = {
        row["arm"]: tuple(100 * row.get(name, math.nan) for name in ORDER_COLUMNS[:3])
        for row in rows
        if _is(row, ("true", ALL))
    }
    of_types = ", ".join(f"{row['group']} {100 * row['chance']:.1f}" for row in rows[: len(groups)])
    return Grid(
        title=f"By the benchmark's own answer key{f' ({benchmark})' if benchmark else ''}",
        header=("arm", "pictures", *groups, "n", "refused", "unreadable", "missing"),
        rows=tuple(body),
        note="Accuracy in % of all questions [95% interval, the picture is the unit]. A reply counts where it is a "
        "letter, the option's text, or both; refusals, unreadable and missing replies are not right, and counted. "
        f"Chance in %: {of_types}." + " ".join(("", *order_told(falls, 1))),
    )


def _pictures_told(pictures: str) -> str:
    """What was shown, as readers see it; the passes that were always there as they always were."""
    return Control(pictures).told if pictures in tuple(Control) and Control(pictures).of_frames else pictures


def _percent(row: Row) -> Row:
    return {**row, **{name: 100 * row[name] for name in ("accuracy", "low", "high")}}


def _is(row: Row, where: tuple[str, str]) -> bool:
    return (row["pictures"], row["group"]) == where


def _of_pictures(benchmark: str) -> str:
    return benchmark.replace(", benchmark", ", pictures of benchmark", 1)


def _unanswered(row: Row) -> str:
    """How many were not chosen; a hole in tables of before it was counted."""
    num = row.get("unanswered", math.nan)
    return HOLE_MARK if math.isnan(num) else f"{num:.0f}"


def _counts_told(columns: Mapping[str, Sequence[Row]]) -> str:
    """How many facts stand behind a column: " n: all 96, one person 48, shuffled pictures 95 to 96."."""
    told = []
    for name, rows in columns.items():
        counts = [row["n"] for row in rows]
        ends = dict.fromkeys(f"{count:.0f}" for count in (min(counts), max(counts))) if counts else ()
        told += [f"{name} {' to '.join(ends)}"] if counts else []
    return f" n: {', '.join(told)}." if told else ""


def _seeing(arms: Sequence[str]) -> list[str]:
    """The arms that can be probed: the prior is no model."""
    return [arm for arm in arms if without_base(arm) not in CONTROL_ARMS]
