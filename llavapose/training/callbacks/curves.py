"""Every logged number as a line of ``metrics.jsonl``, for the report."""

import json
import math
from pathlib import Path

import lightning as L

from llavapose.training.callbacks.logged import LoggedSteps, begin_lines


class Curves(LoggedSteps):
    """Writes every logged number to ``metrics.jsonl``: one object a logging step, for the report's curves."""

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / "metrics.jsonl"

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the file anew; a resumed run keeps the lines up to its checkpoint, for it repeats what came after."""
        super().on_train_start(trainer, pl_module)
        begin_lines(self.path, trainer)

    def on_logged_step(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Append the step's line."""
        self._append(trainer, {"lr": trainer.optimizers[0].param_groups[0]["lr"]}, "train/")

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Append the held-out loss."""
        # Lightning's trial batches before training say nothing.
        if not trainer.sanity_checking:
            self._append(trainer, {}, "val/")

    def _append(self, trainer: L.Trainer, values: dict[str, float], prefix: str) -> None:
        if not trainer.is_global_zero:
            return
        numbers = {key: float(value) for key, value in trainer.callback_metrics.items() if key.startswith(prefix)}
        # A loss that is no number any more is null: NaN is not JSON.
        logged = {key: value if math.isfinite(value) else None for key, value in numbers.items()}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": trainer.global_step, **logged, **values}) + "\n")
