"""How far the whole run is: a bar on a screen, a line a minute in a file."""

import sys
import time
from datetime import timedelta
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import TQDMProgressBar

from llavapose.bars import LINE_EVERY_S
from llavapose.model.batch import Batch


class Progress(TQDMProgressBar):
    """One bar for the whole run on a screen, in optimizer steps; where the output is kept in a file, a line a minute.

    Both tell the loss and the time that is left of the run, by the pace since this process began to train.

    Args:
        refresh_rate: optimizer steps between two states of the bar.
        every_s: seconds between two lines in a file.
    """

    def __init__(self, refresh_rate: int = 5, every_s: float = LINE_EVERY_S) -> None:
        super().__init__(refresh_rate=refresh_rate if sys.stdout.isatty() else 0)
        self.every_s = every_s
        self._started = self._said = 0.0
        self._first_step = self._shown = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Time counts from here: what comes before, such as compiling an optimizer, says nothing about the rest."""
        super().on_train_start(trainer, pl_module)
        self._started = self._said = time.monotonic()
        self._first_step = self._shown = trainer.global_step
        module: Any = pl_module
        bar = self.train_progress_bar
        bar.total, bar.initial, bar.n = module.num_steps, trainer.global_step, trainer.global_step
        bar.set_description("step")

    def on_train_epoch_start(self, trainer: L.Trainer, *further: Any) -> None:
        """Lightning's begins anew with every epoch."""

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Move the bar, or say how far the run is."""
        if self.is_enabled:
            self._move(trainer, pl_module)
        elif trainer.is_global_zero:
            self._say(trainer, pl_module)

    def _move(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        bar, step = self.train_progress_bar, trainer.global_step
        if step != self._shown and (step % self.refresh_rate == 0 or step == bar.total) and not bar.disable:
            self._shown = step
            bar.n = step
            bar.set_postfix(self.get_metrics(trainer, pl_module))  # which draws it

    def _say(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        now, step = time.monotonic(), trainer.global_step
        if now - self._said < self.every_s or step <= self._first_step:
            return
        self._said = now
        module: Any = pl_module
        num_left = max(0, module.num_steps - step)
        left = timedelta(seconds=round((now - self._started) / (step - self._first_step) * num_left))
        parts = [f"{name} {value:.3g}" for name, value in _told(trainer, _IN_LINES).items()]
        print(", ".join([f"step {step} of {module.num_steps}", *parts, f"{left} left"]), flush=True)

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, int | str | float | dict]:
        """What stands behind the bar, by short names."""
        return {name: f"{value:.3g}" for name, value in _told(trainer, _BESIDE_THE_BAR).items()}

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print above the bar, or simply print."""
        (super().print if self.is_enabled else print)(*args, **kwargs)


_IN_LINES = {"loss": "train/loss", "samples/s": "train/samples_per_s"}
_BESIDE_THE_BAR = {**_IN_LINES, "held out": "val/loss"}


def _told(trainer: L.Trainer, names: dict[str, str]) -> dict[str, float]:
    """Those of the numbers that have been logged."""
    logged = trainer.callback_metrics
    return {name: float(logged[key]) for name, key in names.items() if key in logged}
