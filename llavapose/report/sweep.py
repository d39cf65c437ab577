"""The end of a sweep: tables in every form, the page and the W&B run, from the files that its jobs left."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llavapose.errors import DataError
from llavapose.evaluation.tables.ablation import arms_in_order, file_arm, write_rows
from llavapose.evaluation.tables.results import seed_values, summarise
from llavapose.evaluation.tables.seeds import PROBE, Run, SeedCounts, add_seed_columns, count_seeds, missing_rows
from llavapose.files import atomic_write, model_of_job, read_json
from llavapose.records import BASELINE, base_of, named_bases, peer, with_base
from llavapose.report.own_results import own_results
from llavapose.report.page import Source, seeds_grid, write_page
from llavapose.report.tables import (
    Grid,
    ablation_grid,
    as_comment,
    as_latex,
    as_list,
    as_markdown,
    as_text,
    by_judge,
    probe_grid,
    probe_groups_grid,
    read_table,
)
from llavapose.report.tables.ablation import benchmark_told
from llavapose.report.tables.holes import hole_lines, with_seeds
from llavapose.report.tables.judges import further_grids
from llavapose.report.tables.makers import maker_lines
from llavapose.report.tables.parties import marked
from llavapose.report.wandb.log import log_report
from llavapose.report.wandb.logged import LoggedRun, LoggedSweep

log = logging.getLogger(__name__)

SEED_COLUMNS = ("judge", "arm", "seed", "score", "score_shuffled", "skill", "skill_shuffled", "hole")
SEVERAL_BASES = (
    "Several bases, each fine-tuned on each mixture of instruction data and held against itself untouched, answering "
    "the same questions about the same held-out pictures"
)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Tables as they were printed: judge -> ratings, name -> others."""

    ratings: Mapping[str, Grid]
    others: Mapping[str, Grid]


def finish_sweep(sweep_dir: Path) -> Path:
    """Write and print a sweep's tables, write its page, log both to W&B; returns the page's path.

    A job that failed, never ran or whose results are gone leaves a marked hole; where an arm has several seeds, the
    others are averaged, and every table says of how many.

    Args:
        sweep_dir: holds ``jobs.json``: arm, variant, dir, results_dir and exit_code of every job.

    Raises:
        DataError: no ``jobs.json``, or result files that do not fit together.
    """
    jobs = _jobs(sweep_dir)
    arms = arms_in_order([job["row"] for job in jobs])
    done = [job for job in jobs if job["exit_code"] == 0]
    folders = {arm: [Path(job["results_dir"]) for job in done if job["row"] == arm] for arm in arms}
    counts = count_seeds([_run(job) for job in jobs])
    if all(only_located(Path(job["results_dir"]), job["row"]) for job in done if job["arm"] != BASELINE):
        counts = {}  # no judge and no probe was to be asked
    for line in dict.fromkeys(hole_lines([(row, seeds) for (_, row), seeds in counts.items()])):
        log.warning("%s: left out", line)
    summarise(sweep_dir, arms, folders=folders)
    add_seed_columns(sweep_dir, counts)
    seeds = _every_seed(folders, counts, {Path(job["results_dir"]).name: job["run"] for job in jobs if job["run"]})
    if seeds:
        write_rows(sweep_dir / "seeds.csv", seeds, SEED_COLUMNS)
    failed = [arm for arm in arms if not folders[arm]]
    tables = write_tables(sweep_dir, arms, failed, seeds, counts)
    page = write_page(
        Source(
            out=sweep_dir,
            arms=arms,
            folders={arm: places[0] for arm, places in folders.items() if places},
            runs={job["row"]: Path(job["dir"]) for job in reversed(done) if job["arm"] != BASELINE},
            failed=failed,
            seeds=seeds,
            counts=counts,
            **({"intro": SEVERAL_BASES} if any(map(base_of, arms)) else {}),
        )
    )
    _log_to_wandb(sweep_dir, tables, done)
    print(f"Report page: {page}", flush=True)
    return page


def only_located(folder: Path, row: str) -> bool:
    """Whether an arm was asked where joints are and nothing else."""
    arm = file_arm(row)
    rated = (folder / "answers" / f"{arm}.jsonl").exists() or (folder / "probe" / f"{arm}.jsonl").exists()
    return not rated and (folder / "located" / f"{arm}.json").exists()


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
    bases = named_bases([model_of_job(job) for job in jobs])
    for job in jobs:
        base = bases[model_of_job(job)[1]] if len(bases) > 1 else ""
        rest = _beside_the_base(job, jobs) if base else job.get("variant", "")
        job["row"] = with_base(_row(job["arm"], rest), base)
        job["run"] = ",".join(part for part in rest.split(",") if part.startswith("seed=")) if base else ""
    return jobs


def _beside_the_base(job: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> str:
    """What varies besides the arm, without what the base alone decides, such as ``model=tiny``."""

    def varies(name: str) -> bool:
        values: dict[str, set[str]] = defaultdict(set)
        for one in jobs:
            values[model_of_job(one)[1]] |= {part for part in _parts(one) if part.partition("=")[0] == name}
        return any(len(found) > 1 for found in values.values())

    return ",".join(part for part in _parts(job) if varies(part.partition("=")[0]))


def _parts(job: Mapping[str, Any]) -> list[str]:
    return [part for part in job.get("variant", "").split(",") if part]


def _run(job: Mapping[str, Any]) -> Run:
    return Run(
        row=job["row"],
        seed=job["run"] or (job.get("variant") if not base_of(job["row"]) else "") or "its only run",
        results_dir=Path(job["results_dir"]),
        exit_code=job["exit_code"],
    )


def _every_seed(
    folders: Mapping[str, Sequence[Path]], counts: SeedCounts, runs: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each seed's numbers, those that are missing as holes; empty where no row has several.

    Args:
        folders: arm -> folders of its results.
        counts: of its seeds.
        runs: name of such a folder -> its seed, where that is another.
    """
    if max((seeds.num_planned for seeds in counts.values()), default=0) < 2:
        return []
    found = [{**row, "seed": runs.get(row["seed"], row["seed"]), "hole": ""} for row in seed_values(folders)]
    missing = missing_rows(counts)
    gone = {(row["judge"], row["arm"], row["seed"]) for row in missing}
    rows = [row for row in found if (row["judge"], row["arm"], row["seed"]) not in gone] + missing
    judges = list(dict.fromkeys(judge for judge, _ in counts))
    order = [(judge, arm) for judge in judges for arm in folders]
    # The length first: seed=2 stands before seed=10.
    return sorted(rows, key=lambda row: (order.index((row["judge"], row["arm"])), len(row["seed"]), row["seed"]))


def _row(arm: str, variant: str) -> str:
    """The row of a job: seeds of one arm share theirs, whatever else varies over the sweep sets rows apart."""
    rest = ",".join(part for part in variant.split(",") if part and not part.startswith("seed="))
    return f"{arm} ({rest})" if rest and arm != BASELINE else arm


def write_tables(
    out: Path,
    arms: Sequence[str],
    failed: Sequence[str] = (),
    seeds: Sequence[Mapping[str, Any]] = (),
    counts: SeedCounts = MappingProxyType({}),
) -> Tables:
    """Print the tables of ``out`` and write them as ``tables.md`` and ``tables.tex``; returns them."""
    ablation, probe = (read_table(out, name) for name in ("ablation.csv", "probe.csv"))
    told = benchmark_told(ablation)
    ratings = {
        judge: with_seeds(ablation_grid(rows, failed), counts, judge) for judge, rows in by_judge(ablation).items()
    }
    others = {
        **{
            name: with_seeds(grid_of(probe, arms, failed, told), counts, PROBE)
            for name, grid_of in (("probe", probe_grid), ("probe_groups", probe_groups_grid))
            if probe
        },
        **({"seeds": marked(seeds_grid(seeds, told), ablation)} if seeds else {}),
        **further_grids(out),
    }
    grids = [*ratings.values(), *others.values()]
    print("\n" + "\n".join(map(as_text, grids)), flush=True)
    lines = maker_lines(out)
    for name, form, footer in (("tables.md", as_markdown, as_list), ("tables.tex", as_latex, as_comment)):
        with atomic_write(out / name) as stream:
            stream.write("\n".join([*map(form, grids), *([footer("What made this", lines)] if lines else [])]))
    return Tables(ratings=ratings, others=others)


def _log_to_wandb(out: Path, tables: Tables, done: Sequence[Mapping[str, Any]]) -> None:
    """W&B keeps a copy; that it cannot is no reason to lose the tables."""
    try:
        runs = [_logged(job, done) for job in done]
        sweep = LoggedSweep(out=out, name=out.name, ratings=tables.ratings, others=tables.others, runs=runs)
        folder = log_report(sweep)
    except Exception as error:
        log.warning("W&B kept no copy of the tables: %s: %s", type(error).__name__, error)
        return
    log.info("W&B run: %s", folder)


def _logged(job: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> LoggedRun:
    own_base = peer(job["row"], BASELINE)
    baseline = next((Path(one["results_dir"]) for one in done if one["row"] == own_base), None)
    found = own_results(Path(job["results_dir"]), job["arm"], baseline=baseline)
    return LoggedRun(
        arm=job["row"],
        variant=job.get("variant", ""),
        settings=job.get("settings", {}),
        ablation=found.own(found.ablation),
        probe=found.own(found.probe),
    )
