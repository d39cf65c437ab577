"""How much of the cards' rate the model's own operations use: MFU."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import lightning as L
import torch
from torch import Tensor

from llavapose.config.schema import TrainConfig
from llavapose.errors import LlavaPoseError
from llavapose.model.batch import IGNORE, PADDING, Batch
from llavapose.training.callbacks.logged import LoggedSteps
from llavapose.training.forecast.cards import card_of
from llavapose.training.forecast.cost import Counts, operations
from llavapose.training.forecast.settings import setup_of
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes, shapes_for


@dataclass(frozen=True, kw_only=True)
class Priced:
    """What operations are reckoned by: a model's shapes, and what of it learns."""

    shapes: Shapes
    setup: Setup


def priced(config: TrainConfig, *, num_gpus: int) -> Priced | None:
    """What a run's operations are reckoned by; None for a base or a strategy that the plan does not know either."""
    try:
        return Priced(shapes=shapes_for(config.model, config.connector), setup=setup_of(config, num_gpus=num_gpus))
    except LlavaPoseError:
        return None


class Utilization(LoggedSteps):
    """Logs ``train/model_tflops_per_s`` of all ranks and, where the card's peak is known, ``train/mfu``.

    Counted are forward and backward operations that the batches need (``forecast/cost.py``): no padding, no pair of
    tokens that does not see each other, nothing that checkpointing computes again. Seconds are those since the line
    before, waiting for data included, validation left out. The peak is the maker's, dense, at the run's precision.
    """

    def __init__(self) -> None:
        self.priced: Priced | None = None  # given by ``fit``
        self._counts: Tensor | None = None
        self._since: float | None = None
        self._paused = 0.0

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """The first window begins behind what is done once, such as the proof of packing."""
        if self._since is None:
            self._since = perf_counter()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Count this batch on its device: nothing waits for it."""
        counts = needed(batch)
        self._counts = counts if self._counts is None else self._counts + counts
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """The clock stands still."""
        self._paused = perf_counter()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """And goes on."""
        if self._since is not None:
            self._since += perf_counter() - self._paused

    def on_logged_step(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log what was needed since the line before, over its seconds."""
        assert self._counts is not None and self._since is not None
        counts, self._counts = trainer.strategy.reduce(self._counts, reduce_op="sum"), None
        tokens, pairs, targets, pictures = counts.tolist()  # waits for the device: the clock is right behind it
        since, self._since = self._since, perf_counter()
        if self.priced is None:
            return
        needs = Counts(tokens=tokens, pairs=pairs, targets=targets, pictures=pictures)
        rate = operations(self.priced.shapes, self.priced.setup, needs).model / max(self._since - since, 1e-9)
        pl_module.log("train/model_tflops_per_s", rate / 1e12, batch_size=1)
        peak = peak_of(trainer.strategy.root_device, self.priced.setup)
        if peak is not None:
            pl_module.log("train/mfu", rate / (peak * trainer.world_size), batch_size=1)


def needed(batch: Batch) -> Tensor:
    """int64[4]: tokens, pairs of tokens that see each other, supervised tokens, pictures of a batch."""
    real = batch.segments != PADDING
    # Positions restart behind the prefix: a token sees as many as its own position says, and itself.
    pairs = ((batch.positions + 1) * real).sum()
    pictures = torch.full_like(pairs, len(batch.pixel_values))
    return torch.stack([real.sum(), pairs, (batch.targets != IGNORE).sum(), pictures])


def peak_of(device: torch.device, setup: Setup) -> float | None:
    """Operations a second of a card by its maker's data sheet, at the precision that layers compute in."""
    if device.type != "cuda":
        return None
    return card_of(torch.cuda.get_device_name(device), memory=0.0).flops(setup.compute_bytes)
