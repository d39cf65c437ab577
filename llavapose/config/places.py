"""Where a run writes: no two runs in one folder, and none over what other settings made.

A run whose folder nobody named goes aside to one of its own, ``outputs/train/detail-3fa9c1``; where it was named, the
run is refused with the fix.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from llavapose.config.endpoint import SAID
from llavapose.config.schema import EvaluateConfig, TrainConfig, evaluation_of
from llavapose.errors import ConfigError, shown
from llavapose.files import fingerprint
from llavapose.manifest import FOLDER, has_checkpoint
from llavapose.owner import (
    SWEEP,
    Place,
    owner_of,
    refuse_in_use,
    sign,
    stranger,
    take,
    unfinished,
    writes_otherwise,
)
from llavapose.ranks import is_first

TRAINING = (
    "scenes", "teacher", "locate", "data", "model", "connector", "adapter", "optim", "strategy", "trainer",
    "batch_size", "seed",
)  # fmt: skip
"""Settings that decide what is trained; callbacks and loggers only write down how it goes."""
BESIDE_TRAINING = (
    "callbacks", "logger",  # write down how it goes, or stop it
    "benchmark", "probe", "text_only", "controls", "answerer", "judge", "evaluate", "reference",  # come after it
    "output_dir", "results_dir", "sweep_dir", "data_dir", "launcher",  # where
    "global_batch",  # holds others of these to a number
    "max_usd", "resume", "dry_run", "forecast",
)  # fmt: skip
"""All other settings of ``train.py``: the trained weights are the same whatever they say."""
SHAPING = (
    "adapter.type", "adapter.r", "adapter.targets", "adapter.towers", "connector.type", "connector.branches",
    "connector.branch_width", "connector.heads", "connector.pool", "model.vision", "model.vision_size", "batch_size",
    "seed", "strategy", "trainer.accumulate_grad_batches", "trainer.gradient_clip_val",
)  # fmt: skip
"""Settings that a checkpoint cannot be gone on from without, besides the group ``optim``, whose state it holds: they
decide what it holds, or its place in the data."""
RESULTS = ("checkpoint", "scenes", "benchmark", "probe", "answerer", "locate")
"""Settings that decide an arm's answers and probe; a second judge writes beside the first."""


def decides_results(name: str) -> bool:
    """Whether a setting of ``RESULTS`` or of a judge decides results: money, an endpoint's pace and devices do not."""
    group, _, last = name.rpartition(".")
    if name in ("answerer.devices", "answerer.num_timed"):
        return False
    return last != "max_usd" and (not group.endswith(".endpoint") or last in SAID)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A place with the settings of what is to be written there."""

    place: Place
    values: Mapping[str, Any]

    def reason(self) -> str | None:
        """Why it is another's; None where it is free or of the same settings."""
        return stranger(self.place, self.values)


def claimed(config: Any, overrides: Sequence[str]) -> list[str]:
    """Choose a run's folder and keep it for this process; returns the overrides that say which one it is.

    Args:
        config: of train.py or evaluate.py; generate.py's folders are its samples', taken when they are made.
        overrides: as on the command line.

    Raises:
        ConfigError: another run is there, or the results of other settings.
    """
    if not isinstance(config, TrainConfig | EvaluateConfig):
        return []
    if config.dry_run:
        if isinstance(config, TrainConfig) and config.resumes and has_checkpoint(config.output_dir):
            _refuse_other_shapes(claims_of(config, config.output_dir)[0])
        # Hydra itself would write a training run's settings and its log.
        nowhere = ["hydra.output_subdir=null", "hydra.run.dir=.", "hydra/job_logging=stdout"]
        return nowhere if isinstance(config, TrainConfig) else []
    goes_on = isinstance(config, TrainConfig) and config.resumes
    later = ["hydra.output_subdir=null"] * goes_on  # ``settle`` writes the settings
    if SWEEP in os.environ:  # which has decided what becomes of what lies there
        _take_all(claims_of(config, config.output_dir), goes_on=goes_on)
        return later
    named = any(text.lstrip("+").startswith("output_dir=") for text in overrides)
    folder = config.output_dir
    claims = claims_of(config, folder)
    if not named:
        aside = folder.with_name(f"{folder.name}-{fingerprint([claim.values for claim in claims], 6)}")
        others = [claim for claim in claims if claim.reason() or writes_otherwise(claim.place, claim.values)]
        if others or aside.exists():
            _say_aside(others, aside)
            folder, claims = aside, claims_of(config, aside)
    _refuse_others(config, claims)
    _take_all(claims, goes_on=goes_on)
    return later if folder == config.output_dir else [*later, f"output_dir={_quoted(folder)}"]


_later: list[Callable[[], object]] = []


def when_settled(act: Callable[[], object]) -> None:
    """Have something done in ``settle``."""
    _later.append(act)


def settle() -> None:
    """A run that resumes goes on for certain: its cards and settings take the place of those that it goes on with."""
    sign()
    while _later:
        _later.pop(0)()


def _take_all(claims: Sequence[Claim], *, goes_on: bool = False) -> None:
    if is_first():
        for claim in claims:
            take(claim.place, claim.values, goes_on=goes_on)


def claims_of(config: TrainConfig | EvaluateConfig, folder: Path) -> list[Claim]:
    """What a run writes if ``folder`` is its output folder: a training run itself, and an arm's results."""
    if isinstance(config, EvaluateConfig):
        return [_results(config, folder)]
    trained = Place(folder=folder, results=("checkpoints/*", "hf/*"))
    found = [Claim(place=trained, values=_values(config, TRAINING))]
    if config.evaluate:
        results = folder if config.results_dir == config.output_dir else config.results_dir
        found.append(_results(evaluation_of(config, checkpoint=folder / "hf"), results, setting="results_dir"))
    return found


def claim_sweep(folder: Path, overrides: Sequence[str]) -> None:
    """Keep a sweep's folder for this process, which decides what of its jobs' earlier results can stay.

    Raises:
        ConfigError: another sweep is there.
    """
    take(Place(folder=folder, setting="sweep_dir"), {"sweep": sorted(overrides)})


def audit_folder(audited: Path, named: Path | None) -> Path:
    """Choose the folder of an audit's page and keep it for this process.

    Args:
        audited: the samples that are looked at.
        named: what ``output_dir`` says; None: a folder below ``outputs/audit``.

    Raises:
        ConfigError: another run is there, or a page that is not of this audit: other samples', or the samples' own.
    """
    values = {"audit": str(audited.resolve())}
    folder = named or Path("outputs/audit") / audited.stem
    claim = Claim(place=Place(folder=folder, results=("page/index.html",)), values=values)
    if (folder / "samples.jsonl").exists():
        raise ConfigError(f"output_dir: {folder} holds samples with a page of their own; give {folder}/audit")
    if reason := claim.reason():
        if named is not None:
            raise ConfigError(f"output_dir: {reason}; give another output_dir, or remove that page")
        aside = folder.with_name(f"{folder.name}-{fingerprint(values, 6)}")
        claim = Claim(place=Place(folder=aside), values=values)
    take(claim.place, values)
    return claim.place.folder


def _results(config: EvaluateConfig, folder: Path, setting: str = "output_dir") -> Claim:
    rooms = ("answers", "verdicts/*", "probe", "located")
    patterns = tuple(f"{room}/{config.arm}.jsonl" for room in rooms)
    place = Place(folder=folder, part=config.arm, results=patterns, setting=setting)
    values = {name: value for name, value in _values(config, RESULTS).items() if decides_results(name)}
    checkpoint = config.checkpoint
    if checkpoint is not None and (Path(checkpoint).is_dir() or Path(checkpoint).parent == folder):
        values["checkpoint"] = str(Path(checkpoint).resolve())
    return Claim(place=place, values=values)


def _say_aside(others: Sequence[Claim], aside: Path) -> None:
    if others and is_first():
        reason = others[0].reason() or f"{others[0].place.name} is a run's of other settings"
        print(f"{reason}; this run goes to {aside}", flush=True)


def _refuse_others(config: TrainConfig | EvaluateConfig, claims: Sequence[Claim]) -> None:
    resumes = isinstance(config, TrainConfig) and config.resumes
    if is_first():
        for claim in claims:
            refuse_in_use(claim.place)
    if resumes and has_checkpoint(claims[0].place.folder):
        _refuse_other_shapes(claims[0])
    for claim in claims:
        if (reason := claim.reason()) is None:
            continue
        if resumes:
            print(f"resume: {reason}", flush=True)
        else:
            setting = claim.place.setting
            another = " or arm" if isinstance(config, EvaluateConfig) else ""
            raise ConfigError(f"{setting}: {reason}; give this run another {setting}{another}, or remove those")
    place = claims[0].place
    if isinstance(config, TrainConfig) and not resumes and has_checkpoint(place.folder) and unfinished(place):
        raise ConfigError(
            f"output_dir: {place.folder} holds checkpoints of a run of these settings that did not end; go on with "
            f"resume=true, or move {place.folder / FOLDER} away to start anew"
        )


def _refuse_other_shapes(claim: Claim) -> None:
    """What no checkpoint there fits is said before anything is loaded; the rest is for the checkpoint itself to say."""
    owner = owner_of(claim.place)
    if owner is None:
        return
    there, here = _shape(owner.values), _shape(claim.values)
    odd = [key for key, value in there.items() if value != here.get(key)]
    if odd:
        told = ", ".join(f"{key} {shown(there[key], 60)} there, {shown(here.get(key), 60)} here" for key in odd)
        raise ConfigError(
            f"resume: the checkpoints in {claim.place.folder} were trained by other settings ({told}); give those, or "
            "start anew in another output_dir"
        )


def _shape(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's settings a checkpoint holds; a strategy by its class."""
    found = {key: value for key, value in values.items() if key in SHAPING or key.startswith("optim.")}
    return {**found, "strategy": values.get("strategy._target_") or values.get("strategy.name")}


def _values(config: Any, names: Sequence[str]) -> dict[str, Any]:
    """Settings by dotted name, as plain values."""
    found: dict[str, Any] = {}
    for name in names:
        if name != "locate" or config.locates:  # else nothing reads it, and older runs did not have it
            found.update(_leaves(name, getattr(config, name)))
    return found


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from _leaves(f"{name}.{item.name}", getattr(value, item.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        yield name, [inner if isinstance(inner, bool | int | float) else str(inner) for inner in value]
    elif isinstance(value, Enum):
        yield name, str(value.value)
    else:
        yield name, value if value is None or isinstance(value, bool | int | float) else str(value)


def _quoted(folder: Path) -> str:
    """A path in Hydra's grammar."""
    return "'" + str(folder).replace("\\", "\\\\").replace("'", "\\'") + "'"
