"""What decides a job's weights and its results: two flat tables of settings, data and code, compared name by name.

Places, loggers, the number of workers and what an endpoint costs decide nothing and are left out. Samples count by
their content, pictures by where they lie; a name on the hub counts as a name.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from llavapose.config.choices import VisionType
from llavapose.config.evaluating import controls_asked
from llavapose.config.places import decides_results
from llavapose.config.schema import TrainConfig, plain_settings
from llavapose.files import TINY_BASE, fingerprint, sha256

EVALUATION = ("benchmark", "probe", "controls", "text_only", "answerer", "judge")
LOCATING = ("num_people", "boxes", "least_box")
"""Of the group ``locate``: what decides no sample."""
_PLACES = ("output_dir", "results_dir", "sweep_dir", "data_dir", "resume", "evaluate", "launcher", "logger")
_HARMLESS = ("data.num_workers", "data.path", "global_batch", "max_usd", "reference")
_ONLY_SHOW = ("Progress", "Throughput", "Curves", "PackingCheck", "ModelCheckpoint")
_ONLY_SHOW += ("KindLosses", "Rates", "Utilization", "Predictions")
"""Callbacks that watch a run and change no weight of it."""
_HUGE = 2**28
"""Files from this many bytes on are told apart by size and time instead of their content."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a run is trained on: the samples, and the ids of pictures that are left out."""

    samples: Path
    held_out_ids: Collection[int] = ()


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Name -> plain value of all that decides the weights, and of what decides the results besides."""

    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]


def identity_of(config: TrainConfig, data: Data) -> Identity:
    """The identity of a run of ``train.py``."""
    return Identity(training=_training(config, data), evaluation=_evaluation(config))


def baseline_identity(config: TrainConfig) -> Identity:
    """The identity of an untouched base's evaluation, which a run's settings ask for."""
    return Identity(training=_base(config), evaluation=_evaluation(config))


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One phrase for each name whose value is another, such as ``optim.lr is 0.002, was 0.001``."""
    names = sorted({*earlier, *now})
    return [
        f"{name} is {_shown(now.get(name))}, was {_shown(earlier.get(name))}"
        for name in names
        if earlier.get(name) != now.get(name)
    ]


def _shown(value: Any) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _training(config: TrainConfig, data: Data) -> dict[str, Any]:
    watching = tuple(
        f"callbacks.{name}." for name, part in config.callbacks.items()
        if part is not None and str(part.get("_target_")).rpartition(".")[2] in _ONLY_SHOW
    )  # fmt: skip
    values = plain_settings(config)
    # The samples say what the teacher's settings come to.
    for group in (*_PLACES, *EVALUATION, "teacher", *(() if config.locates else ("locate",))):
        values.pop(group)
    # Whom the trained model is asked about.
    for name in LOCATING if config.locates else ():
        values["locate"].pop(name)
    kept = {
        name: value for name, value in _flat(values).items() if name not in _HARMLESS and not name.startswith(watching)
    }
    return {
        **kept,
        **_base(config),
        "samples": _content(data.samples),
        "held-out pictures": fingerprint(sorted(data.held_out_ids)),
    }


def _base(config: TrainConfig) -> dict[str, Any]:
    base = TINY_BASE if config.model.base == "tiny" else Path(config.model.base)
    found = {"model.base": config.model.base, "base's files": _content(base) if base.exists() else None}
    encoder = Path(config.model.vision_base)
    if config.model.vision == VisionType.dinov2 and encoder.exists():
        found["vision encoder's files"] = _content(encoder)
    return found


def _evaluation(config: TrainConfig) -> dict[str, Any]:
    if not config.evaluate:
        return {"evaluate": False}
    values = plain_settings(config)
    values["controls"] = plain_settings(controls_asked(config.controls, config.scenes))
    groups = {name: values[name] for name in (*EVALUATION, "scenes", *(("locate",) if config.locates else ()))}
    kept = {name: value for name, value in _flat(groups).items() if decides_results(name)}
    asked = config.benchmark.path
    questions = _content(asked) if asked is not None and asked.exists() else None
    boxes = config.locate.boxes if config.locates else None
    told = {"boxes": _content(boxes)} if boxes is not None and boxes.is_file() else {}
    return {**kept, **told, "evaluate": True, "questions": questions, "code": code()}


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{name}.{key}" if name else key)
    return found


@cache
def _content(path: Path) -> str:
    """A short hash of a file's content, or of every file's in a folder."""
    inside = sorted(found for found in path.rglob("*") if found.is_file() and found.name != "README.md")
    files = inside if path.is_dir() else [path]
    told = []
    for file in files:
        stat = file.stat()
        told.append([file.name, stat.st_size, sha256(file) if stat.st_size < _HUGE else stat.st_mtime_ns])
    return fingerprint(told)


@cache
def code() -> str:
    """Version of this package and of what computes beside it, with a hash of this package's own files."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode() + file.read_bytes())
    told = [f"{name} {_version(name)}" for name in ("llavapose", "torch", "transformers")]
    return f"{', '.join(told)} ({digest.hexdigest()[:12]})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from a folder"
