"""Settings -> benchmark, answerer, judge: each is what its ``_target_`` names, called with the group's settings.

``config/checks/check.py`` has compared the settings with the target's arguments before.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import JudgeContext
from llavapose.config.evaluating import AnswererConfig, BenchmarkConfig, JudgeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.answerers.protocol import Answerer
from llavapose.evaluation.benchmarks.protocol import Benchmark
from llavapose.evaluation.judges.missing import MAX_MISSING
from llavapose.evaluation.judges.pose.judge import PoseJudge
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.evaluation.judges.protocol import Judge
from llavapose.scenes.coco import SceneSet


def benchmark_of(config: BenchmarkConfig, scenes: ScenesConfig, *, pictures: bool = True) -> Benchmark:
    """The benchmark; its pictures are opened when they are asked for. ``pictures``: whether they must be there."""
    return _made("benchmark", config, scenes=scenes, pictures=pictures)


def answerer_of(
    config: AnswererConfig, *, checkpoint: str | None, ledger: Path, scenes: Callable[[], SceneSet]
) -> Answerer:
    """The answerer; a checkpoint is loaded, and annotations are read, when it is first asked."""
    return _made("answerer", config, checkpoint=checkpoint, ledger=ledger, scenes=scenes)


def judges_of(config: JudgeConfig, *, scale: Callable[[], Scale], ledger: Path) -> tuple[Judge, ...]:
    """The judges; the training scenes behind a scale are read when it is first needed.

    A model judges beside the pose judge, which costs nothing, so that every answer has its claims checked; with
    ``context=texts`` it is two judges, which share the ledger and its cap.
    """
    if config.endpoint is None:
        return (_made("judge", config, scale=scale, ledger=ledger),)
    models = [config]
    if config.context == JudgeContext.texts:
        models = [
            replace(config, context=one, name=f"{config.name}-{one}" if config.name else None)
            for one in (JudgeContext.captions_boxes, JudgeContext.keypoints)
        ]
    most = MAX_MISSING if config.max_missing is None else config.max_missing
    return (
        PoseJudge(scale, only_claims=True, max_missing=most),
        *(_made("judge", model, scale=scale, ledger=ledger) for model in models),
    )


def _made(group: str, config: Any, **supplied: Any) -> Any:
    """Call the target with the settings that are not null, and with what the run supplies where it takes it."""
    module, _, name = config._target_.rpartition(".")
    try:
        target = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{group}._target_: {config._target_} cannot be imported ({error})") from None
    takes = inspect.signature(target).parameters
    settings = {item.name: getattr(config, item.name) for item in fields(config)}
    given = {key: value for key, value in settings.items() if value is not None and key not in _NO_ARGUMENTS}
    part = target(**given, **config.options, **{key: value for key, value in supplied.items() if key in takes})
    lacking = [name for name in _PROMISED[group] if not _has(part, name)]
    if lacking:
        raise ConfigError(
            f"{group}._target_: {config._target_} makes a {type(part).__name__} without {', '.join(lacking)}; "
            f"expected what llavapose/evaluation/{group}s/protocol.py describes"
        )
    return part


def _has(part: Any, name: str) -> bool:
    """Whether there is such an attribute; a property is not called, for it may load a model."""
    return inspect.getattr_static(part, name, _NOTHING) is not _NOTHING


_NOTHING = object()
_NO_ARGUMENTS = ("_target_", "options", "get", "get_images")
"""Settings of a group that are not handed to its target: ``get`` is for people."""
_PROMISED = {
    "benchmark": ("name", "questions", "scenes"),
    "answerer": ("batch_size", "identity", "answers"),
    "judge": ("name", "anchor", "judge"),
}
"""Group -> what its protocol promises."""
