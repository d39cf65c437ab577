"""Every logged number as a line of ``metrics.jsonl``, for the report."""

import json
import math
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from llavapose.files import atomic_write
from llavapose.model.batch import Batch
from llavapose.plain_json import parse_json


class Curves(Callback):
    """Writes every logged number to ``metrics.jsonl``: one object a logging step, for the report's curves."""

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / "metrics.jsonl"
        self._step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the file anew; a resumed run keeps the lines up to its checkpoint, for it repeats what came after."""
        self._step = trainer.global_step
        if not trainer.is_global_zero:
            return
        kept: list[str] = []
        if trainer.ckpt_path is not None and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            # The last line may be torn, and those behind the checkpoint will be written again.
            whole = ((line, parse_json(line, what="curves", where=self.path)) for line in lines if line.endswith("\n"))
            kept = [line for line, values in whole if values["step"] <= trainer.global_step]
        with atomic_write(self.path) as stream:
            stream.writelines(kept)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Append a line for every ``log_every_n_steps`` optimizer steps, and for the last one of an epoch."""
        step, every = trainer.global_step, int(getattr(trainer, "log_every_n_steps", 1))
        # The step has not moved in micro-steps that only accumulate.
        if step != self._step and (step % every == 0 or trainer.is_last_batch):
            self._append(trainer, {"lr": trainer.optimizers[0].param_groups[0]["lr"]}, "train/")
        self._step = step

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
