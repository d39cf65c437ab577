"""A script's settings against the machine that it runs on."""

from pathlib import Path
from typing import Any

from llavapose.config.checks.machine.devices import device_problems
from llavapose.config.checks.machine.folders import folder_problems
from llavapose.config.checks.machine.hub import hub_problems
from llavapose.config.checks.machine.packages import package_problems
from llavapose.config.checks.machine.wandb_key import wandb_problems
from llavapose.config.choices import VisionType
from llavapose.config.evaluating import EvaluateConfig
from llavapose.config.model import ModelConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.schema import GenerateConfig, TrainConfig


def machine_problems(config: Any) -> list[str]:
    """One line for each setting that this machine cannot follow; nothing is imported for it or left behind."""
    if isinstance(config, TrainConfig) and config.dry_run:
        return device_problems(config)  # a plan needs no weights and writes nothing
    if isinstance(config, TrainConfig):
        return [
            *device_problems(config),
            *wandb_problems(config),
            *hub_problems("model.base", config.model.base),
            *package_problems("model.base", config.model.base),
            *_vision(config.model),
            *folder_problems(_of_training(config)),
        ]
    if isinstance(config, EvaluateConfig):
        written = {"output_dir": config.output_dir, **_world(config.scenes)}
        asked = config.checkpoint or "tiny"
        lacking = [*hub_problems("checkpoint", asked), *package_problems("checkpoint", asked)]
        return [*([] if config.dry_run else lacking), *folder_problems(written)]
    if isinstance(config, GenerateConfig):
        return folder_problems(_of_generating(config))
    raise TypeError(type(config))


def _vision(model: ModelConfig) -> list[str]:
    if model.vision == VisionType.clip:
        return []
    return hub_problems("model.vision_base", model.vision_base, needs=("config.json", "preprocessor_config.json"))


def _of_training(config: TrainConfig) -> dict[str, Path]:
    written = {"output_dir": config.output_dir}
    if config.evaluate:
        written["results_dir"] = config.results_dir
    return {**written, **(_samples(config.data_dir, config.scenes) if config.data.path is None else {})}


def _of_generating(config: GenerateConfig) -> dict[str, Path]:
    own = {} if config.output_dir is None or config.dry_run else {"output_dir": config.output_dir}
    return own if config.audit is not None else {**own, **_samples(config.data_dir, config.scenes)}


def _samples(data_dir: Path, scenes: ScenesConfig) -> dict[str, Path]:
    return {**_world(scenes), **({} if data_dir.is_dir() else {"data_dir": data_dir})}


def _world(scenes: ScenesConfig) -> dict[str, Path]:
    """The folder of a built-in world, which is drawn where it is not there.

    It, and that of made samples, may be there whole and be read alone; so one that is there is let through.
    """
    return {} if not scenes.drawn or scenes.root.is_dir() else {"scenes.root": scenes.root}
