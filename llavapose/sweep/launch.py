"""``-m``: runs every combination of values as a job of its own, each in a fresh tree of processes.

Ranks, loggers and accelerators leave nothing behind for the next job that way, a rank that Lightning starts runs its
own job only, and a job that fails leaves a hole in the table instead of taking the table with it. What an earlier run
of the same line has finished is kept, and what it has begun goes on.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llavapose.config.choices import LauncherType
from llavapose.config.places import claim_sweep
from llavapose.config.schema import TrainConfig, plain_settings
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.files import write_json
from llavapose.sweep.earlier import Earlier, Place, What, begin, end, look
from llavapose.sweep.identity import Data, Identity, baseline_identity, identity_of
from llavapose.sweep.jobs import Job, Sweep, plan_sweep
from llavapose.sweep.processes import Command, Ended, run_all
from llavapose.sweep.slurm import batch_of, local_words, submit

Prepare = Callable[[TrainConfig], Data]


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A job with what is there of it."""

    job: Job
    place: Place
    identity: Identity
    earlier: Earlier

    @property
    def command(self) -> tuple[str, ...]:
        resumes = self.earlier.what == What.resumed and self.place.trains
        return (*self.job.command, "resume=true") if resumes else self.job.command


def launch(
    conf: Path,
    overrides: Sequence[str],
    *,
    prepare: Prepare,
    finish: Callable[[Path, TrainConfig], object],
    check: Callable[[TrainConfig], object] = lambda config: None,
) -> None:
    """Check every job, make what they share, run those that are not there, write ``jobs.json``, then the tables.

    Args:
        conf: the folder of configuration files; in a checkout the scripts lie beside it.
        overrides: as on the command line; one with several values is run once for each.
        prepare: makes the data of a job; called once for each different
            data before any job starts, so that no two make the same.
        finish: writes the tables of a sweep's folder, given the settings of its first job.
        check: refuses what a job itself would refuse of its settings.

    Raises:
        ConfigError: before any job starts: mistakes in one, or what other settings trained in its folder.
        LlavaPoseError: jobs failed; the tables are written all the same.
    """
    sweep = plan_sweep(conf, overrides)
    for config in sweep.configs:
        check(config)
    claim_sweep(sweep.folder, overrides)
    planned = _planned(sweep, prepare)
    _refuse_replacing(sweep, planned)
    _say(sweep, planned)
    if sweep.configs[0].launcher.type == LauncherType.slurm:
        return _submit(planned, overrides)
    ended = _run(sweep, planned)
    if any(config.evaluate for config in sweep.configs):
        finish(sweep.folder, sweep.configs[0])
    failed = [f"{job.name} (exit {end.exit_code})" for job, end in zip(sweep.jobs, ended, strict=True) if end.exit_code]
    if failed:
        raise LlavaPoseError(
            f"{len(failed)} of {len(ended)} jobs failed: {', '.join(failed)}; see their output above; the same command "
            "runs these again and keeps the others"
        )


def _submit(planned: Sequence[_Planned], overrides: Sequence[str]) -> None:
    """Give Slurm every job that is not kept."""
    due = [one for one in planned if one.earlier.what != What.kept]
    for one in due:
        # All of them before the first starts.
        if one.job.config.launcher.submit:
            begin(one.place, one.identity, one.earlier.what)
    for one in due:
        words, folder = local_words(one.command), Path(one.job.dir)
        submit(batch_of(one.job.config, name=one.job.name, folder=folder, words=words, alone=not one.job.trains))
    line = shlex.join(["-m", *local_words(overrides)])
    print(f"when they have ended, this keeps what they made and writes the tables: python train.py {line}")


def _planned(sweep: Sweep, prepare: Prepare) -> list[_Planned]:
    """Every job with what is there of it; the data of each are made on the way."""
    prepared: list[tuple[object, Data]] = []

    def data_of(config: TrainConfig) -> Data:
        wanted = [config.scenes, config.teacher, config.data.path, config.data.images, config.data_dir]
        wanted += [config.evaluate, config.benchmark]  # whose pictures stay out of the training data
        wanted += [config.data.asked_kinds == {"locate"}, config.locate if config.locates else None]
        found = next((data for known, data in prepared if known == wanted), None)
        if found is None:
            found = prepare(config)
            prepared.append((wanted, found))
        return found

    planned = []
    for job in sweep.jobs:
        config = job.config
        identity = identity_of(config, data_of(config)) if job.trains else baseline_identity(config)
        place = Place(
            dir=Path(job.dir), results_dir=Path(job.results_dir), arm=job.arm,
            trains=job.trains, evaluates=config.evaluate,
        )  # fmt: skip
        earlier = Earlier(what=What.new, why="resume=false") if sweep.anew else look(place, identity)
        planned.append(_Planned(job=job, place=place, identity=identity, earlier=earlier))
    return planned


def _refuse_replacing(sweep: Sweep, planned: Sequence[_Planned]) -> None:
    found = [f"{one.job.name} ({one.earlier.why})" for one in planned if one.earlier.replaces]
    if found:
        raise ConfigError(
            f"sweep_dir={sweep.folder} holds what was trained otherwise: {'; '.join(found)}; give this sweep another "
            "sweep_dir, or resume=false to make every job anew over what is there"
        )


def _say(sweep: Sweep, planned: Sequence[_Planned]) -> None:
    print(f"{len(planned)} jobs in {sweep.folder}:", flush=True)
    width = max(len(one.job.name) for one in planned)
    for one in planned:
        print(f"  {one.job.name:<{width}}  {one.earlier.what:<7}  {one.earlier.why}".rstrip(), flush=True)


def _run(sweep: Sweep, planned: Sequence[_Planned]) -> list[Ended]:
    """Run the jobs that are not kept; how every job ended, in the sweep's order."""
    ended = {i: Ended(exit_code=0, seconds=one.earlier.seconds)
             for i, one in enumerate(planned) if one.earlier.what == What.kept}  # fmt: skip
    due = [i for i in range(len(planned)) if i not in ended]
    _write_jobs(sweep, planned, ended)

    def start(index: int) -> None:
        one = planned[due[index]]
        begin(one.place, one.identity, one.earlier.what)

    def done(index: int, how: Ended) -> None:
        one = planned[due[index]]
        ended[due[index]] = how
        end(one.place, one.identity, exit_code=how.exit_code, seconds=how.seconds)
        said = "done" if how.exit_code == 0 else f"FAILED (exit {how.exit_code}); the sweep goes on without it"
        print(f"{one.job.name}: {said} after {how.seconds:.0f} s", flush=True)
        _write_jobs(sweep, planned, ended)

    commands = [Command(name=planned[i].job.name, words=planned[i].command) for i in due]
    run_all(commands, at_once=planned[0].job.config.launcher.jobs, start=start, done=done)
    return [ended[i] for i in range(len(planned))]


def _write_jobs(sweep: Sweep, planned: Sequence[_Planned], ended: dict[int, Ended]) -> None:
    """``jobs.json``: every job, rewritten whenever one ends; those that have not ended have no exit code."""
    rows = [
        {
            "arm": one.job.arm,
            "variant": one.job.variant,
            "dir": one.job.dir,
            "results_dir": one.job.results_dir,
            "what": one.earlier.what.value,
            "command": shlex.join(one.command),
            "exit_code": ended[i].exit_code if i in ended else None,
            "seconds": round(ended[i].seconds, 1) if i in ended else None,
            "seed": one.job.config.seed,
            "settings": plain_settings(one.job.config),
        }
        for i, one in enumerate(planned)
    ]
    write_json(sweep.folder / "jobs.json", rows)
