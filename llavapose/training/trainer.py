"""Settings -> Lightning trainer: strategy, callbacks and loggers built from their ``_target_``."""

import inspect
import logging
from typing import Any

import lightning as L
from huggingface_hub import save_torch_state_dict
from hydra.utils import instantiate
from lightning.fabric.utilities.exceptions import MisconfigurationException

from llavapose.config.schema import TrainConfig
from llavapose.errors import ConfigError


def build_trainer(config: TrainConfig) -> L.Trainer:
    """The trainer of one run; what is left out of ``config.logger`` or set to null is not built."""
    _quieten()
    # `_convert_: all` because DeepSpeed takes plain dictionaries only.
    strategy = config.strategy.get("name") or instantiate(config.strategy, _convert_="all")
    callbacks, logger = _built(config.callbacks), _built(config.logger)
    try:
        return L.Trainer(
            **config.trainer,
            strategy=strategy,
            callbacks=callbacks,
            logger=logger or False,
            # Left on, Lightning would add a callback that we did not configure.
            enable_checkpointing="checkpoint" in config.callbacks,
            default_root_dir=config.output_dir,
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        # Lightning's words name the value and what it takes.
        raise ConfigError(f"trainer: {' '.join(str(error).split())}") from None


def _quieten() -> None:
    """Only warnings of Lightning and the hub's client, once: they would print each line twice, tips among them."""
    # The hub's client names the logger that tells of a temporary folder by its file, outside its own hierarchy.
    by_file = inspect.getfile(save_torch_state_dict)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "huggingface_hub", by_file):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)


def _built(parts: dict[str, Any]) -> list[Any]:
    return [instantiate(part, _convert_="all") for part in parts.values() if part is not None]
