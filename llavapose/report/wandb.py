"""Weights & Biases: the tables and the page as one run, offline unless the environment says otherwise."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llavapose.report.tables import by_judge, read_table


def log_report(out: Path, *, name: str) -> Path:
    """Log ``ablation.csv``, ``probe.csv`` and the page below ``out`` as a run; returns the run's folder.

    The mode is ``WANDB_MODE``'s, else offline: nothing leaves the machine unasked. Everything is written below
    ``out/wandb``, artifacts included.
    """
    import wandb

    with _staged_in(out / "wandb"):
        settings = wandb.Settings(silent=True)
        run = wandb.init(
            project="llavapose", name=name, dir=str(out), mode=_mode(), job_type="report", settings=settings
        )
        folder = Path(run.dir).parent
        try:
            tables = {f"ablation_{judge}": rows for judge, rows in by_judge(read_table(out, "ablation.csv")).items()}
            for table, rows in {**tables, "probe": read_table(out, "probe.csv")}.items():
                run.log({f"report/{table}": _table(wandb, rows), **_summary(table, rows)})
            page = out / "report" / "index.html"
            if page.is_file():
                run.log({"report/page": wandb.Html(page.read_text(encoding="utf-8"), inject=False)})
        finally:
            run.finish()
    return folder


@contextmanager
def _staged_in(folder: Path) -> Iterator[None]:
    """Artifacts are staged below the user's home unless this variable says where; the caller's own choice stands."""
    before = os.environ.get("WANDB_DATA_DIR")
    if before is None:
        os.environ["WANDB_DATA_DIR"] = str(folder.resolve())
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("WANDB_DATA_DIR", None)


def _mode() -> Any:
    return os.environ.get("WANDB_MODE", "offline")


def _table(wandb: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    columns = list(rows[0]) if rows else []
    data = [[_plain(row[column]) for column in columns] for row in rows]
    return wandb.Table(columns=columns, data=data, allow_mixed_types=True)


def _plain(value: Any) -> Any:
    """A hole is null: NaN is not JSON."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _summary(table: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Each arm's score by judge and kind with its counts, and its skills over all facts, as plain metrics."""
    found: dict[str, float] = {}
    for row in rows:
        if table != "probe" and not math.isnan(row["score"]):
            key = f"bench/{row['judge']}/{row['arm']}/{row['kind']}"
            found[f"{key}/score"] = row["score"]
            found |= {f"{key}/{count}": row[count] for count in ("num_scored", "num_unscored")}
        if table == "probe" and row["group"] == "all" and not math.isnan(row["skill"]):
            found[f"probe/{row['arm']}/{row['pictures']}/skill"] = row["skill"]
            found[f"probe/{row['arm']}/{row['pictures']}/n"] = row["n"]
    return found
