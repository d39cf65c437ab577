"""The end of a sweep: tables in every form, the page and the W&B run, from the files that its jobs left."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.evaluation.tables.ablation import arms_in_order
from llavapose.evaluation.tables.results import seed_values, summarise
from llavapose.files import atomic_write, read_json, write_csv
from llavapose.records import BASELINE
from llavapose.report.page import Source, seeds_grid, write_page
from llavapose.report.tables import (
    Grid,
    ablation_grids,
    as_latex,
    as_markdown,
    as_text,
    probe_grid,
    probe_groups_grid,
    read_table,
)
from llavapose.report.wandb import log_report

log = logging.getLogger(__name__)

SEED_COLUMNS = ("judge", "arm", "seed", "score", "skill", "skill_shuffled")


def finish_sweep(sweep_dir: Path) -> Path:
    """Write and print a sweep's tables, write its page, log both to W&B; returns the page's path.

    A failed job leaves a marked hole; where an arm has several seeds, the others are averaged and the log names the
    one that failed.

    Args:
        sweep_dir: holds ``jobs.json``: arm, variant, dir, results_dir and exit_code of every job.

    Raises:
        DataError: no ``jobs.json``, or result files that do not fit together.
    """
    jobs = _jobs(sweep_dir)
    arms = arms_in_order([job["row"] for job in jobs])
    done = [job for job in jobs if job["exit_code"] == 0]
    folders = {arm: [Path(job["results_dir"]) for job in done if job["row"] == arm] for arm in arms}
    for job in jobs:
        if job["exit_code"] != 0:
            log.warning("%s failed (exit code %s): left out", job["row"], job["exit_code"])
    summarise(sweep_dir, arms, folders=folders)
    seeds = seed_values(folders) if max(map(len, folders.values())) > 1 else []
    if seeds:
        write_csv(sweep_dir / "seeds.csv", seeds, SEED_COLUMNS)
    failed = [arm for arm in arms if not folders[arm]]
    write_tables(sweep_dir, arms, failed, seeds)
    page = write_page(
        Source(
            out=sweep_dir,
            arms=arms,
            folders={arm: places[0] for arm, places in folders.items() if places},
            runs={job["row"]: Path(job["dir"]) for job in reversed(done) if job["row"] != BASELINE},
            failed=failed,
            seeds=seeds,
        )
    )
    _log_to_wandb(sweep_dir)
    print(f"Report page: {page}", flush=True)
    return page


def _jobs(sweep_dir: Path) -> list[dict[str, Any]]:
    path = sweep_dir / "jobs.json"
    jobs = read_json(path, what="sweep")
    if not isinstance(jobs, list) or not jobs:
        raise DataError(f"sweep: {path} lists no jobs; expected a list of arm, variant, dir, results_dir, exit_code")
    for number, job in enumerate(jobs):
        missing = [key for key in ("arm", "dir", "exit_code") if key not in job]
        if missing:
            raise DataError(f"sweep: {path}, job {number}, lacks {', '.join(missing)}; run the sweep again")
        job.setdefault("results_dir", str(sweep_dir))
        job["row"] = _row(job["arm"], job.get("variant", ""))
    return jobs


def _row(arm: str, variant: str) -> str:
    """The row of a job: seeds of one arm share theirs, whatever else varies over the sweep sets rows apart."""
    rest = ",".join(part for part in variant.split(",") if part and not part.startswith("seed="))
    return f"{arm} ({rest})" if rest and arm != BASELINE else arm


def write_tables(
    out: Path, arms: Sequence[str], failed: Sequence[str] = (), seeds: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Print the tables of ``out`` and write them as ``tables.md`` and ``tables.tex``."""
    probe = read_table(out, "probe.csv")
    grids: list[Grid] = [
        *ablation_grids(read_table(out, "ablation.csv"), failed),
        probe_grid(probe, arms, failed),
        probe_groups_grid(probe, arms, failed),
    ]
    if seeds:
        grids.append(seeds_grid(seeds))
    print("\n" + "\n".join(map(as_text, grids)), flush=True)
    for name, form in (("tables.md", as_markdown), ("tables.tex", as_latex)):
        with atomic_write(out / name) as stream:
            stream.write("\n".join(map(form, grids)))


def _log_to_wandb(out: Path) -> None:
    """W&B keeps a copy; that it cannot is no reason to lose the tables."""
    try:
        folder = log_report(out, name=out.name)
    except Exception as error:
        log.warning("W&B kept no copy of the tables: %s: %s", type(error).__name__, error)
        return
    log.info("W&B run: %s", folder)
