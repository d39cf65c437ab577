"""Settings -> Lightning trainer: strategy, callbacks and loggers built from their ``_target_``."""

import inspect
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning as L
from huggingface_hub import save_torch_state_dict
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import WandbLogger

from llavapose.config.schema import TrainConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.files import read_json, write_json
from llavapose.training.strategies import import_deepspeed

_LEAVE = ("checkpoint", "curves")
_REFUSALS = (MisconfigurationException, InstantiationException, ImportError, ValueError, TypeError, RuntimeError)


def build_trainer(config: TrainConfig) -> L.Trainer:
    """The trainer of one run; what is left out of ``config.logger`` or set to null is not built."""
    _quieten()
    # `_convert_: all` because DeepSpeed takes plain dictionaries only.
    with _told("strategy"):
        if str(config.strategy.get("_target_")).endswith(".DeepSpeedStrategy"):
            import_deepspeed()
        strategy = config.strategy.get("name") or instantiate(config.strategy, _convert_="all")
    tries = bool(config.trainer.get("fast_dev_run"))  # keeps nothing: what it would leave is no run's
    with _told("callbacks"):
        callbacks = _built({name: part for name, part in config.callbacks.items() if not (tries and name in _LEAVE)})
    with _told("logger"):
        loggers = _built(with_run_id(config))
    with _told("trainer"):
        return L.Trainer(
            **_arguments(config),
            strategy=strategy,
            callbacks=callbacks,
            logger=loggers or False,
            # Left on, Lightning would add a callback that we did not configure.
            enable_checkpointing=config.callbacks.get("checkpoint") is not None and not tries,
            default_root_dir=config.output_dir,
        )


def _arguments(config: TrainConfig) -> dict[str, Any]:
    """The trainer's own, but that one process has one device: Lightning would take all there are, under DDP."""
    given = dict(config.trainer)
    if config.strategy.get("name") == "auto" and given.get("devices", "auto") in ("auto", -1, "-1"):
        given["devices"] = 1
    return given


@contextmanager
def _told(group: str) -> Iterator[None]:
    """What Lightning refuses of a group's settings, as one line that names the group.

    ``config/checks/machine`` says at once what it knows of; the rest is known to the classes alone.
    """
    try:
        yield
    except LlavaPoseError:
        raise
    except _REFUSALS as error:
        if isinstance(error.__cause__, LlavaPoseError):
            raise error.__cause__ from None
        reason = " ".join(str(error.__cause__ or error).split())
        line = f"{group}: Lightning cannot be set up so ({reason[:300]}); change {group}.*, as --cfg job shows it"
        raise ConfigError(line) from None


def _quieten() -> None:
    """Only warnings of Lightning and the hub's client, once: they would print each line twice, tips among them."""
    # The hub's client names the logger that tells of a temporary folder by its file, outside its own hierarchy.
    by_file = inspect.getfile(save_torch_state_dict)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "huggingface_hub", by_file):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    # Of a kernel for 4-bit answers on a CPU, which no training asks for; peft imports it for every adapter.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)


def with_run_id(config: TrainConfig) -> dict[str, Any]:
    """The loggers' settings; a run that goes on is the same one on Weights & Biases too.

    Its id is kept in ``output_dir``, unless the settings give one.
    """
    wandb = config.logger.get("wandb")
    if wandb is None or wandb.get("id") is not None:
        return config.logger
    kept = config.output_dir / "wandb.json"
    if config.resumes and kept.is_file():
        run_id = str(read_json(kept, what="run of Weights & Biases")["id"])
    else:
        run_id = uuid.uuid4().hex[:8]
        if rank_zero_only.rank == 0:
            write_json(kept, {"id": run_id})
    # Without a server there is nothing to resume, and W&B would warn of it.
    online = wandb.get("offline") is False and os.environ.get("WANDB_MODE", "online") == "online"
    return {**config.logger, "wandb": {**wandb, "id": run_id, **({"resume": "allow"} if online else {})}}


def _built(parts: dict[str, Any]) -> list[Any]:
    built = [instantiate(part, _convert_="all") for part in parts.values() if part is not None]
    for one in built:
        if isinstance(one, WandbLogger) and one._wandb_init.get("anonymous", ...) is None:
            del one._wandb_init["anonymous"]  # Lightning always gives it, and W&B warns of it
    return built
