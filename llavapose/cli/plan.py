"""``train.py dry_run=true``: the plan of a run from its settings and from what this machine has; nothing is made."""

import shutil
from pathlib import Path

from llavapose.config.checks.machine.cards import first_card, host_memory
from llavapose.config.checks.machine.gpus import find_gpus
from llavapose.config.choices import CardName
from llavapose.config.schema import TrainConfig
from llavapose.teacher.make import find_samples
from llavapose.training.forecast.cards import CARDS, Card, card_of
from llavapose.training.forecast.epoch import epoch_of
from llavapose.training.forecast.forecast import Forecast, forecast_of
from llavapose.training.forecast.mixture import cut, mixture_of
from llavapose.training.forecast.settings import on_cpu, plan_settings, setup_of
from llavapose.training.forecast.shapes import read_shapes
from llavapose.training.forecast.text import Places, lines_of


def print_plan(config: TrainConfig) -> None:
    """Print samples, steps, hours, memory, disk, and what would fit."""
    print("\n".join(lines_of(forecast(config), places_of(config))))


def forecast(config: TrainConfig) -> Forecast:
    """The plan of a run."""
    shapes, gpus = read_shapes(config.model.base), find_gpus()
    setup = setup_of(config, num_gpus=gpus.num if gpus is not None else 0)
    planned = plan_settings(config, shapes, setup)
    whole = mixture_of(config.data, _samples(config), seed=config.seed)
    mixture = cut(whole, config.data.max_length - planned.prefix_tokens)
    epoch = epoch_of(mixture, planned, shapes, setup)
    return forecast_of(config, shapes, setup, epoch, card=_card(config))


def _card(config: TrainConfig) -> Card | None:
    if on_cpu(config):
        return None
    if config.forecast.card is not None:
        return CARDS[config.forecast.card]
    found = first_card()
    return CARDS[CardName.a100_80gb] if found is None else card_of(*found)


def _samples(config: TrainConfig) -> Path | None:
    """The run's samples, where they are there."""
    path = config.data.path
    if path is None:
        return find_samples(config.scenes, config.teacher, config.data_dir)
    return path if path.exists() else None


def places_of(config: TrainConfig) -> Places:
    """What this machine has for the run."""
    there = config.output_dir.absolute()
    while not there.exists():
        there = there.parent
    return Places(
        disk=shutil.disk_usage(there).free, folder=config.output_dir, host=host_memory(), kept=_checkpoints(config)
    )


def _checkpoints(config: TrainConfig) -> int:
    """Checkpoints on disk at the worst moment: those that stay, and the one being written."""
    node = config.callbacks.get("checkpoint")
    if node is None:
        return 0
    if "keep" in node:
        return int(node["keep"]) + 1
    # Lightning's: the best, a second copy as the last, and the new one before an old one goes.
    return max(1, int(node.get("save_top_k", 1))) + bool(node.get("save_last")) + 1
