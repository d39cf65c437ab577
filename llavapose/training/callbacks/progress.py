"""How far a run is: a bar on a screen, a line a minute in a file."""

import sys
import time
from datetime import timedelta
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import TQDMProgressBar

from llavapose.bars import LINE_EVERY_S
from llavapose.model.batch import Batch


class Progress(TQDMProgressBar):
    """Lightning's bar on a screen; where the output is kept in a file, a line a minute.

    Args:
        refresh_rate: micro-steps between two states of the bar.
        every_s: seconds between two lines in a file.
    """

    def __init__(self, refresh_rate: int = 5, every_s: float = LINE_EVERY_S) -> None:
        super().__init__(refresh_rate=refresh_rate if sys.stdout.isatty() else 0)
        self.every_s = every_s
        self._started = self._said = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Time counts from here: what comes before, such as compiling an optimizer, says nothing about the rest."""
        super().on_train_start(trainer, pl_module)
        self._started = self._said = time.monotonic()
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Move the bar, or say how far the run is."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        now, step = time.monotonic(), trainer.global_step
        if self.is_enabled or not trainer.is_global_zero or now - self._said < self.every_s or step <= self._first_step:
            return
        self._said = now
        module: Any = pl_module
        num_left = max(0, module.num_steps - step)
        left = timedelta(seconds=round((now - self._started) / (step - self._first_step) * num_left))
        logged = trainer.callback_metrics
        shown = {"loss": logged.get("train/loss"), "samples/s": logged.get("train/samples_per_s")}
        parts = [f"{name} {float(value):.3g}" for name, value in shown.items() if value is not None]
        print(", ".join([f"step {step} of {module.num_steps}", *parts, f"{left} left"]), flush=True)

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print above the bar, or simply print."""
        (super().print if self.is_enabled else print)(*args, **kwargs)
