"""What of a sweep is logged: its tables as printed, and each job with its settings and its own numbers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.evaluation.probe.score import IN_MOTION, ORDER_COLUMNS
from llavapose.evaluation.tables.ablation import FRAME_COLUMNS, file_arm
from llavapose.records import ALL, BASELINE, base_of, without_base
from llavapose.report.tables import CLAIM_COLUMNS, CONTROL_COLUMNS, Grid

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LoggedRun:
    """One job that ended well.

    Attributes:
        arm: its row in the tables.
        variant: what varies besides, such as "seed=0"; "" where nothing does.
        settings: all that the run was set to, nested as in ``--cfg job``.
        ablation: its rows of the ablation table, made of its results alone.
        probe: its rows of the probe's table.
    """

    arm: str
    variant: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    ablation: Sequence[Row] = ()
    probe: Sequence[Row] = ()

    @property
    def name(self) -> str:
        """What W&B calls the run."""
        return f"{file_arm(self.arm)} {self.variant}".strip()

    @property
    def seed(self) -> int | None:
        """The seed of its training; a base's evaluation has that of the job beside it."""
        told = [part.removeprefix("seed=") for part in self.variant.split(",") if part.startswith("seed=")]
        return int(told[0]) if told else self.settings.get("seed")

    @property
    def tags(self) -> list[str]:
        """By which runs are found in W&B: the arm, the seed, what else varies."""
        seed = [f"seed={self.seed}"] if self.seed is not None else []
        return list(dict.fromkeys([self.arm, *seed, *filter(None, self.variant.split(","))]))

    @property
    def config(self) -> dict[str, Any]:
        """Arm, seed and, of several, the base by name, and the whole settings beside them."""
        base = base_of(self.arm)
        return {**self.settings, "arm": self.arm, "seed": self.seed, "variant": self.variant,
                "trained": without_base(self.arm) != BASELINE, **({"base": base} if base else {})}  # fmt: skip

    def numbers(self) -> dict[str, float]:
        """Score by judge and kind with its controls, skill by pictures, with intervals and counts; no holes."""
        found: dict[str, float] = {}
        for row in self.ablation:
            keys = ("score", "low", "high", "diff", "diff_low", "diff_high", *CONTROL_COLUMNS, *FRAME_COLUMNS, *CLAIM_COLUMNS)
            keys += ("num_scored", "num_unscored")
            found |= _told(f"bench/{row['judge']}/{row['kind']}", row, keys)
        for row in self.probe:
            if row["group"] == ALL:
                found |= _told(f"probe/{row['pictures']}", row, ("skill", "low", "high", "n"))
            if row["group"] == IN_MOTION:  # of clips alone, with their frames in other orders too
                found |= _told(f"probe/motion/{row['pictures']}", row, ("skill", "low", "high", "n", *ORDER_COLUMNS))
        return found


def _told(prefix: str, row: Row, keys: Sequence[str]) -> dict[str, float]:
    return {f"{prefix}/{key}": row[key] for key in keys if key in row and not math.isnan(row[key])}


@dataclass(frozen=True, kw_only=True)
class LoggedSweep:
    """A sweep to be logged.

    Attributes:
        out: its folder, with ``ablation.csv``, ``probe.csv`` and the page.
        name: the group of its runs.
        ratings: judge -> table as printed.
        others: name -> further tables as printed.
        runs: its jobs.
    """

    out: Path
    name: str
    ratings: Mapping[str, Grid]
    others: Mapping[str, Grid]
    runs: Sequence[LoggedRun] = ()

    @property
    def logger(self) -> Mapping[str, Any]:
        """The W&B logger of its trainings, whose project, entity and mode are the sweep's too; empty without one."""
        parts = [part for run in self.runs for part in run.settings.get("logger", {}).values() if part is not None]
        return next((part for part in parts if str(part.get("_target_")).endswith(".WandbLogger")), {})

    def tables(self) -> Iterator[tuple[str, Grid]]:
        """(name, table as printed), those of ratings first."""
        yield from ((f"ablation_{judge}", grid) for judge, grid in self.ratings.items())
        yield from self.others.items()
