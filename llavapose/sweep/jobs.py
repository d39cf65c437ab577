"""The jobs that a command line with several values stands for: their settings, checked, and where each writes.

A sweep's folder:

    jobs.json                     how each job ended
    answers/ probe/ ...           every arm's results, and the tables made of them
    runs/<arm>/                   checkpoints and logs
    <variant>/...                 the same again where more than the arm varies, such as seed=0, seed=1

What the arm's name hangs on (``data``, or ``teacher.sees`` in ``data.name=sees_${teacher.sees}``) makes no variant;
what the base hangs on (``model``) always does, so that each base's arms lie beside its own baseline.
"""

import itertools
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from llavapose.config.compose import settings
from llavapose.config.schema import TrainConfig
from llavapose.errors import ConfigError
from llavapose.files import fingerprint
from llavapose.records import BASELINE
from llavapose.sweep.overrides import evaluation_overrides, hydra_value

SWEEPS = Path("outputs/sweeps")
_OWN = ("output_dir=", "results_dir=", "sweep_dir=", "resume=")
"""Settings that the sweep gives each of its jobs."""
_SAME_SWEEP = ("resume=", "launcher", "logger")
"""Settings that make no other sweep of a command line."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a sweep.

    Attributes:
        arm: its row.
        variant: what varies besides the arm, such as "seed=0"; "" where nothing does.
        dir: where it writes what is its own.
        results_dir: where its results lie beside those of other arms.
        config: of the training run; for the baseline, of the first run that asks for it.
        command: the words that start it.
        trains: whether it does; the baseline evaluates an untouched base.
    """

    arm: str
    variant: str
    dir: str
    results_dir: str
    config: TrainConfig
    command: tuple[str, ...]
    trains: bool = True

    @property
    def name(self) -> str:
        """What the job is called in messages."""
        return f"{self.arm} {self.variant}".strip()


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep: its folder, its jobs, and whether all of them are to be made anew (``resume=false``)."""

    folder: Path
    jobs: tuple[Job, ...]
    anew: bool = False

    @property
    def configs(self) -> tuple[TrainConfig, ...]:
        """The settings of the jobs that train."""
        return tuple(job.config for job in self.jobs if job.trains)


def plan_sweep(conf: Path, overrides: Sequence[str]) -> Sweep:
    """The jobs that a command line stands for, each one checked.

    Raises:
        ConfigError: every mistake of every job, one a line.
    """
    anew = "resume=false" in overrides
    overrides = [text for text in overrides if not text.startswith("resume=")]
    options = [values_of(text) for text in overrides]
    combinations = [list(values) for values in itertools.product(*options)]
    configs, problems = [], []
    for combination in combinations:
        try:
            configs.append(settings("train", conf, combination))
        except ConfigError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    arms = [config.data.name for config in configs]
    bases = [config.model.base for config in configs]
    varying = [
        len(values) > 1
        and not values[0].startswith("data=")
        # Two bases' untouched answers have one name: never one folder.
        and (_decides(at, combinations, bases) or not _names_arms(at, combinations, arms))
        for at, values in enumerate(options)
    ]
    folder = configs[0].sweep_dir or SWEEPS / _folder_name(overrides, options)
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
    return Sweep(folder=folder, jobs=(*_baselines(conf, training), *training), anew=anew)


def _names_arms(at: int, combinations: Sequence[Sequence[str]], arms: Sequence[str]) -> bool:
    """Whether the ``at``-th setting alone makes different arms, whatever the others are: ``data.name`` hangs on it."""
    told: dict[tuple[str, ...], list[str]] = {}
    for combination, arm in zip(combinations, arms, strict=True):
        told.setdefault((*combination[:at], *combination[at + 1 :]), []).append(arm)
    return all(len(set(names)) == len(names) for names in told.values())


def _decides(at: int, combinations: Sequence[Sequence[str]], values: Sequence[str]) -> bool:
    """Whether the ``at``-th setting makes another value, all others being equal."""
    told: dict[tuple[str, ...], set[str]] = {}
    for combination, value in zip(combinations, values, strict=True):
        told.setdefault((*combination[:at], *combination[at + 1 :]), set()).add(value)
    return any(len(found) > 1 for found in told.values())


def _folder_name(overrides: Sequence[str], options: Sequence[Sequence[str]]) -> str:
    """What varies, and a hash of the whole line: the same line, in whatever order, finds its folder again."""
    varying = [text for text, values in zip(overrides, options, strict=True) if len(values) > 1]
    deciding = sorted(text for text in overrides if not text.startswith(_SAME_SWEEP))
    words = re.sub(r"[^\w=,.+-]", "_", "+".join(varying))[:60]  # file systems take 255 bytes in a name
    return f"{words or 'one'}-{fingerprint(deciding, 6)}"


def values_of(text: str) -> list[str]:
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
    kept = [text for text in combination if not text.startswith(_OWN)]
    return Job(
        arm=config.data.name,
        variant=variant,
        dir=str(directory),
        results_dir=str(results),
        config=replace(config, output_dir=directory, results_dir=results, sweep_dir=folder),
        command=(*script_words(conf, "train"), *kept, *places, *_groups(config, folder)),
    )


def _groups(config: TrainConfig, folder: Path) -> list[str]:
    """W&B's runs of one sweep are one group, unless the settings name another."""
    return [
        f"logger.{name}.group={hydra_value(folder.name)}"
        for name, part in config.logger.items()
        if part is not None and str(part.get("_target_")).endswith(".WandbLogger") and not part.get("group")
    ]


def is_job(config: TrainConfig) -> bool:
    """Whether a run is a job of a sweep, which makes the tables of all of them."""
    return config.output_dir == _job_dir(config.results_dir, config)


def _job_dir(results: Path, config: TrainConfig) -> Path:
    return _dir(results, config.data.name)


def _dir(results: Path, arm: str) -> Path:
    return results / "runs" / arm


def script_words(conf: Path, script: str) -> tuple[str, ...]:
    """The words that start a script: its file beside ``conf/`` in a checkout, the module of an installed package."""
    file = conf.parent / f"{script}.py"
    return (sys.executable, str(file)) if file.is_file() else (sys.executable, "-m", "llavapose", script)


def _baselines(conf: Path, jobs: Sequence[Job]) -> list[Job]:
    """One evaluation of each different base and benchmark, in the folder of the first job that asks for it."""
    found: dict[tuple[str, ...], Job] = {}
    for job in jobs:
        config = job.config
        if not (config.evaluate and config.launcher.baseline):
            continue
        settings = evaluation_overrides(conf, config, checkpoint=config.model.base, arm=BASELINE)
        if settings in found:
            continue
        words = (
            *script_words(conf, "evaluate"),
            *settings,
            "tables=false",
            f"output_dir={hydra_value(job.results_dir)}",
        )
        found[settings] = Job(
            arm=BASELINE,
            variant=job.variant,
            dir=str(_dir(Path(job.results_dir), BASELINE)),
            results_dir=job.results_dir,
            config=config,
            command=words,
            trains=False,
        )
    return list(found.values())
