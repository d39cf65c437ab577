"""The runs: one a job with group, arm, seed, settings and numbers, and one with the tables and the page."""

import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llavapose.files import fingerprint
from llavapose.report.tables import OPTIONAL, Grid, by_judge, read_table
from llavapose.report.wandb.logged import LoggedSweep
from llavapose.report.wandb.spec import keep_and_send

PROJECT = "llavapose"


def log_report(sweep: LoggedSweep) -> Path:
    """Log a sweep's jobs, its tables and its page; returns the folder of the run that holds the tables.

    The mode is ``WANDB_MODE``'s, else that of the trainings' own logger, else offline: nothing leaves the machine
    unasked; project and entity likewise. Everything is written below
    ``out/wandb``, artifacts included. Logged again, a sweep replaces its offline runs; on a server they are the same.
    """
    import wandb

    with _staged_in(sweep.out / "wandb"):
        for one in sweep.runs:
            run = _start(wandb, sweep, one.name, job_type="evaluate", tags=one.tags, config=one.config)
            run.summary.update(one.numbers())
            run.finish()
        arms = list(dict.fromkeys(one.arm for one in sweep.runs))
        told = {"arms": arms, "runs": [one.name for one in sweep.runs]}
        run = _start(wandb, sweep, sweep.name, job_type="report", tags=["report"], config=told)
        folder = Path(run.dir).parent
        try:
            _log_tables(wandb, run, sweep)
        finally:
            run.finish()
        keep_and_send(sweep, project=run.project, entity=run.entity, online=_mode(sweep) == "online")
    return folder


def _log_tables(wandb: Any, run: Any, sweep: LoggedSweep) -> None:
    """The tables as printed, their titles and notes, the same numbers in long form beside them, and the page."""
    for name, grid in sweep.tables():
        run.log({f"report/{name}": _printed(wandb, grid)})
    notes = [[name, grid.title, grid.shown.told] for name, grid in sweep.tables()]
    run.log({"report/notes": wandb.Table(columns=["table", "title", "note"], data=notes)})
    long = {f"ablation_{judge}": rows for judge, rows in by_judge(read_table(sweep.out, "ablation.csv")).items()}
    for name, rows in {**long, "probe": read_table(sweep.out, "probe.csv")}.items():
        if rows:
            run.log({f"report/{name}_long": _long(wandb, rows), **_summary(name, rows)})
    for name in OPTIONAL:
        if rows := read_table(sweep.out, name):
            run.log({f"report/{name.removesuffix('.csv')}_long": _long(wandb, rows)})
    page = sweep.out / "report" / "index.html"
    if page.is_file():
        run.log({"report/page": wandb.Html(page.read_text(encoding="utf-8"), inject=False)})


def _start(
    wandb: Any, sweep: LoggedSweep, name: str, *, job_type: str, tags: list[str], config: Mapping[str, Any]
) -> Any:
    """Start a run whose id follows from what it is: logged again, it is the same run and not a second one."""
    run_id = fingerprint([str(sweep.out.resolve()), job_type, name])
    for folder in (sweep.out / "wandb").glob(f"offline-run-*-{run_id}"):
        shutil.rmtree(folder)
    mode = _mode(sweep)
    return wandb.init(
        project=os.environ.get("WANDB_PROJECT") or sweep.logger.get("project") or PROJECT,
        entity=os.environ.get("WANDB_ENTITY") or sweep.logger.get("entity"),
        id=run_id,
        name=name,
        group=sweep.name,
        job_type=job_type,
        tags=[tag[:64] for tag in tags],  # W&B's limit
        config=dict(config),
        dir=str(sweep.out),
        mode=mode,
        # Without a server there is nothing to resume, and W&B would warn of it.
        resume="allow" if mode == "online" else None,
        settings=wandb.Settings(silent=True),
    )


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


def _mode(sweep: LoggedSweep) -> Any:
    return os.environ.get("WANDB_MODE") or ("online" if sweep.logger.get("offline") is False else "offline")


def _printed(wandb: Any, grid: Grid) -> Any:
    shown = grid.shown
    return wandb.Table(columns=list(shown.header), data=[list(row) for row in shown.rows])


def _long(wandb: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
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
