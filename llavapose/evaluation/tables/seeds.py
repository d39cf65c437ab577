"""Of which seeds a sweep's rows are the mean, and which of those that were planned are missing, with the reason.

A row's seeds are counted by the results that are there: what a job left and somebody removed is missing too.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.evaluation.probe.rows import read_probe
from llavapose.evaluation.tables.ablation import file_arm
from llavapose.evaluation.tables.verdicts import judges_found, rated_answers
from llavapose.files import write_csv
from llavapose.records import with_base

PROBE = "probe"
"""What stands for the judge where a row is one of the probe."""
SEED_COLUMNS = ("num_seeds", "missing_seeds")


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Names of the seeds that a row is the mean of, and of those that are missing with the reason for each."""

    found: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_planned(self) -> int:
        """How many there would be without a hole."""
        return len(self.found) + len(self.missing)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One job of a sweep as its table sees it.

    Attributes:
        row: the row that it belongs to.
        seed: its name among the row's jobs, such as "seed=0".
        results_dir: where its results lie.
        exit_code: how it ended; None: not at all.
    """

    row: str
    seed: str
    results_dir: Path
    exit_code: int | None

    @property
    def hole(self) -> str:
        """Why it left no results; "" for one that ended well."""
        return "not run" if self.exit_code is None else f"failed, exit {self.exit_code}" if self.exit_code else ""


SeedCounts = Mapping[tuple[str, str], Seeds]
"""(judge, or ``PROBE``; row) -> its seeds."""


def count_seeds(runs: Sequence[Run]) -> SeedCounts:
    """The seeds of every row, by judge and for the probe."""
    rows = list(dict.fromkeys(run.row for run in runs))
    folders = list(dict.fromkeys(run.results_dir for run in runs if not run.hole))
    return {
        (judge, row): _seeds([run for run in runs if run.row == row], judge)
        for judge in (*judges_found(folders), PROBE)
        for row in rows
    }


def _seeds(runs: Sequence[Run], judge: str) -> Seeds:
    found, missing = [], {}
    for run in runs:
        if why := run.hole or ("" if _has_results(run, judge) else "no results"):
            missing[run.seed] = why
        else:
            found.append(run.seed)
    return Seeds(found=tuple(found), missing=missing)


def _has_results(run: Run, judge: str) -> bool:
    arm = file_arm(run.row)
    return bool(read_probe(run.results_dir, arm) if judge == PROBE else rated_answers(run.results_dir, arm, judge))


def add_seed_columns(folder: Path, counts: SeedCounts) -> None:
    """Write ``num_seeds`` and ``missing_seeds`` behind the columns of ``ablation.csv`` and ``probe.csv``."""
    for name in ("ablation.csv", "probe.csv"):
        path = folder / name
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            columns, rows = list(reader.fieldnames or ()), list(reader)
        told = [
            {**row, **_columns(counts.get((row.get("judge", PROBE), with_base(row["arm"], row.get("base", "")))))}
            for row in rows
        ]
        write_csv(path, told, (*columns, *SEED_COLUMNS))


def _columns(seeds: Seeds | None) -> dict[str, Any]:
    """Nothing for the control arms, which have none."""
    return (
        dict.fromkeys(SEED_COLUMNS, "")
        if seeds is None
        else {"num_seeds": len(seeds.found), "missing_seeds": ";".join(seeds.missing)}
    )


def missing_rows(counts: SeedCounts) -> list[dict[str, Any]]:
    """A row of holes for each seed that is missing, in the form of ``seed_values``; ``hole`` says why."""
    nothing = dict.fromkeys(("score", "score_shuffled", "skill", "skill_shuffled"), float("nan"))
    return [
        {"judge": judge, "arm": row, "seed": seed, **nothing, "hole": why}
        for (judge, row), seeds in counts.items()
        if judge != PROBE
        for seed, why in seeds.missing.items()
    ]
