"""Settings -> Lightning trainer: strategy, callbacks and loggers built from their ``_target_``."""

import logging
from typing import Any

import lightning as L
from hydra.utils import instantiate

from llavapose.config.schema import TrainConfig


def build_trainer(config: TrainConfig) -> L.Trainer:
    """The trainer of one run; what is left out of ``config.logger`` or set to null is not built."""
    _quieten()
    # `_convert_: all` because DeepSpeed takes plain dictionaries only.
    strategy = config.strategy.get("name") or instantiate(config.strategy, _convert_="all")
    return L.Trainer(
        **config.trainer,
        strategy=strategy,
        callbacks=_built(config.callbacks),
        logger=_built(config.logger) or False,
        # Left on, Lightning would add a callback that we did not configure.
        enable_checkpointing="checkpoint" in config.callbacks,
        default_root_dir=config.output_dir,
    )


def _quieten() -> None:
    """Only warnings of Lightning and the hub's client, once: they would print each line twice, tips among them."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "huggingface_hub"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)


def _built(parts: dict[str, Any]) -> list[Any]:
    return [instantiate(part, _convert_="all") for part in parts.values() if part is not None]
