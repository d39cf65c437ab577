"""``-m``: runs every combination of values as a job of its own, each in a fresh tree of processes.

Ranks, loggers and accelerators leave nothing behind for the next job that way, a rank that Lightning starts runs its
own job only, and a job that fails leaves a hole in the table instead of taking the table with it. A sweep's folder:

    jobs.json                     how each job ended
    answers/ probe/ ...           every arm's results, and the tables made of them
    runs/<arm>/                   checkpoints and logs
    <variant>/...                 the same again where more than the arm varies, such as seed=0, seed=1
"""

import itertools
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from llavapose.config.compose import composed, settings, typed
from llavapose.config.places import claim_sweep
from llavapose.config.schema import TrainConfig, evaluation_of
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.files import write_json
from llavapose.sweep.processes import Command, Ended, run_all


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a sweep: its row, its variant ("" where only the arm varies), where it writes, and the command."""

    arm: str
    variant: str
    dir: str
    results_dir: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the job is called in messages."""
        return f"{self.arm} {self.variant}".strip()


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep: its folder, its jobs, and the settings of those that train, each with its own folders."""

    folder: Path
    jobs: tuple[Job, ...]
    configs: tuple[TrainConfig, ...]


def launch(
    conf: Path,
    overrides: Sequence[str],
    *,
    prepare: Callable[[TrainConfig], object],
    finish: Callable[[Path, TrainConfig], object],
) -> None:
    """Check every job, make what they share, run them, write ``jobs.json``, then the sweep's tables.

    Args:
        conf: the folder of configuration files; in a checkout the scripts lie beside it.
        overrides: as on the command line; one with several values is run once for each.
        prepare: makes the data of a job; called once for each different
            data before any job starts, so that no two make the same.
        finish: writes the tables of a sweep's folder, given the settings of its first job.

    Raises:
        ConfigError: mistakes in any job, before the first one starts.
        LlavaPoseError: jobs failed; the tables are written all the same.
    """
    sweep = plan_sweep(conf, overrides)
    claim_sweep(sweep.folder, overrides, sweep.configs)
    prepared: list[tuple[object, ...]] = []
    for config in sweep.configs:
        wanted = (config.scenes, config.teacher, config.data.path, config.data.images, config.data_dir)
        if wanted not in prepared:
            prepare(config)
            prepared.append(wanted)
    sweep.folder.mkdir(parents=True, exist_ok=True)
    print(f"{len(sweep.jobs)} jobs in {sweep.folder}: {', '.join(job.name for job in sweep.jobs)}", flush=True)
    ended = _run(sweep)
    if sweep.configs[0].evaluate:
        finish(sweep.folder, sweep.configs[0])
    failed = [f"{job.name} (exit {end.exit_code})" for job, end in zip(sweep.jobs, ended, strict=True) if end.exit_code]
    if failed:
        raise LlavaPoseError(f"{len(failed)} of {len(ended)} jobs failed: {', '.join(failed)}; see their output above")


def plan_sweep(conf: Path, overrides: Sequence[str]) -> Sweep:
    """The jobs that a command line stands for, each one checked.

    Raises:
        ConfigError: every mistake of every job, one a line.
    """
    options = [_values(text) for text in overrides]
    combinations = [list(values) for values in itertools.product(*options)]
    varying = [len(values) > 1 and not values[0].startswith("data=") for values in options]
    configs, problems = [], []
    for combination in combinations:
        try:
            configs.append(settings("train", conf, combination))
        except ConfigError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    folder = configs[0].sweep_dir
    variants = [
        ",".join(text.replace("/", "_") for text, varies in zip(combination, varying, strict=True) if varies)
        for combination in combinations
    ]
    training = [
        _training_job(conf, combination, config, variant, folder)
        for combination, config, variant in zip(combinations, configs, variants, strict=True)
    ]
    if len({job.dir for job in training}) < len(training):
        raise ConfigError("two jobs of the sweep have the same arm and settings; give each value once")
    baselines = _baselines(conf, training, configs)
    own = [
        replace(config, output_dir=Path(job.dir), results_dir=Path(job.results_dir))
        for job, config in zip(training, configs, strict=True)
    ]
    return Sweep(folder=folder, jobs=(*baselines, *training), configs=tuple(own))


def _values(text: str) -> list[str]:
    """The overrides that one with several values stands for; itself if it has one."""
    if text.startswith(("hydra/", "hydra.sweep", "hydra.launcher", "hydra.mode")):
        raise ConfigError(f"`{text}`: -m runs its jobs itself; set launcher.jobs=N and sweep_dir=FOLDER instead")
    try:
        parsed = OverridesParser.create().parse_override(text)
    except HydraException:
        return [text]  # composing it says what is wrong
    if not parsed.is_sweep_override():
        return [text]
    prefix = text.partition("=")[0]
    return [f"{prefix}={value}" for value in parsed.sweep_string_iterator()]


def _training_job(conf: Path, combination: list[str], config: TrainConfig, variant: str, folder: Path) -> Job:
    results = folder / variant if variant else folder
    directory = _job_dir(results, config)
    places = [
        f"output_dir={hydra_value(directory)}",
        f"results_dir={hydra_value(results)}",
        f"sweep_dir={hydra_value(folder)}",
    ]
    kept = [text for text in combination if not text.startswith(("output_dir=", "results_dir=", "sweep_dir="))]
    return Job(
        arm=config.data.name,
        variant=variant,
        dir=str(directory),
        results_dir=str(results),
        command=(*_script(conf, "train"), *kept, *places),
    )


def is_job(config: TrainConfig) -> bool:
    """Whether a run is a job of a sweep, which makes the tables of all of them."""
    return config.output_dir == _job_dir(config.results_dir, config)


def _job_dir(results: Path, config: TrainConfig) -> Path:
    return results / "runs" / config.data.name


def _script(conf: Path, script: str) -> tuple[str, ...]:
    """The words that start a script: its file beside ``conf/`` in a checkout, the module of an installed package."""
    file = conf.parent / f"{script}.py"
    return (sys.executable, str(file)) if file.is_file() else (sys.executable, "-m", "llavapose", script)


def _baselines(conf: Path, jobs: list[Job], configs: list[TrainConfig]) -> list[Job]:
    """One evaluation of each different base and benchmark, in the folder of the first job that asks for it."""
    found: dict[tuple[str, ...], Job] = {}
    for job, config in zip(jobs, configs, strict=True):
        if not (config.evaluate and config.launcher.baseline):
            continue
        settings = evaluation_overrides(conf, config, checkpoint=config.model.base, arm="baseline")
        if settings in found:
            continue
        words = (*_script(conf, "evaluate"), *settings, "tables=false", f"output_dir={hydra_value(job.results_dir)}")
        found[settings] = Job(
            arm="baseline", variant=job.variant, dir=job.results_dir, results_dir=job.results_dir, command=words
        )
    return list(found.values())


def evaluation_overrides(conf: Path, config: TrainConfig, *, checkpoint: str, arm: str) -> tuple[str, ...]:
    """Overrides for ``evaluate.py`` that evaluate a checkpoint just as a run evaluates its own; all but the folder."""
    settings = [f"checkpoint={hydra_value(checkpoint)}", f"arm={hydra_value(arm)}"]
    try:
        # One word for what would be a dozen, where the run's pictures are those of a file in conf/.
        group = [f"scenes={config.scenes.name}"] if config.scenes.name != "world" else []
        default = _leaves(typed("evaluate", composed("evaluate", conf, [*settings, *group])))
        settings += group
    except ConfigError:
        default = _leaves(typed("evaluate", composed("evaluate", conf, settings)))
    wanted = _leaves(evaluation_of(config, checkpoint=Path(checkpoint)))
    # An endpoint is chosen by its name; what stands beside it is told whole, because the choice brings values too.
    asking = [owner for owner in ("answerer", "judge") if f"{owner}.endpoint.name" in wanted]
    chosen = [f"{owner}.endpoint={hydra_value(wanted[f'{owner}.endpoint.name'])}" for owner in asking]
    differing = [
        f"{key}={hydra_value(value)}"
        for key, value in wanted.items()
        if key not in ("checkpoint", "arm", "output_dir")
        and (key.startswith(tuple(f"{owner}." for owner in asking)) or value != default.get(key))
    ]
    return (*settings, *chosen, *differing)


def _leaves(config: Any, prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for item in fields(config):
        value = getattr(config, item.name)
        if is_dataclass(value):
            leaves |= _leaves(value, f"{prefix}{item.name}.")
        elif isinstance(value, dict):
            leaves |= {f"{prefix}{item.name}.{key}": one for key, one in value.items()}
        else:
            leaves[prefix + item.name] = value
    return leaves


def hydra_value(value: Any) -> str:
    """A value in Hydra's grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{hydra_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(hydra_value, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return str(value)
    text = str(value)
    plain = all(letter.isalnum() or letter in "/-_.:" for letter in text) and text
    return text if plain else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _run(sweep: Sweep) -> list[Ended]:
    ended: list[Ended] = []

    def done(index: int, end: Ended) -> None:
        ended.append(end)
        job = sweep.jobs[index]
        how = "done" if end.exit_code == 0 else f"FAILED (exit {end.exit_code}); the sweep goes on without it"
        print(f"{job.name}: {how} after {end.seconds:.0f} s", flush=True)
        _write_jobs(sweep, ended)

    commands = [Command(name=job.name, words=job.command) for job in sweep.jobs]
    run_all(commands, at_once=sweep.configs[0].launcher.jobs, done=done)
    return ended


def _write_jobs(sweep: Sweep, ended: list[Ended]) -> None:
    """``jobs.json``: the jobs that have ended, rewritten after each."""
    rows = [
        {
            **asdict(job),
            "command": shlex.join(job.command),
            "exit_code": end.exit_code,
            "seconds": round(end.seconds, 1),
        }
        for job, end in zip(sweep.jobs, ended, strict=False)
    ]
    write_json(sweep.folder / "jobs.json", rows)
