"""When a line is written, and which lines of a file stay when a run goes on."""

from pathlib import Path

import lightning as L
from lightning.pytorch.callbacks import Callback

from llavapose.files import atomic_write
from llavapose.model.batch import Batch
from llavapose.plain_json import parse_json


class LoggedSteps(Callback):
    """A callback that has something to say behind every ``log_every_n_steps``-th step, and the last one of an epoch.

    What it says there is logged for the step alone; what it counts in between is its own.
    """

    _step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """From the step that a run begins or goes on at."""
        self._step = trainer.global_step

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Look whether a step has ended here that has a line."""
        step, every = trainer.global_step, int(getattr(trainer, "log_every_n_steps", 1))
        # The step has not moved in micro-steps that only accumulate.
        if step != self._step and (trainer.is_last_batch or (every > 0 and step % every == 0)):
            self.on_logged_step(trainer, pl_module)
        self._step = step

    def on_logged_step(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Every rank calls it at the same step."""
        raise NotImplementedError


def begin_lines(path: Path, trainer: L.Trainer) -> None:
    """Start a file of lines with a ``step`` anew; a resumed run keeps those up to its checkpoint.

    It repeats what came after.
    """
    if not trainer.is_global_zero:
        return
    kept: list[bytes] = []
    if trainer.ckpt_path is not None and path.exists():
        # Only a line feed ends a line: texts may hold what else ``str.splitlines`` cuts at. What stands behind the last
        # one is torn, maybe inside a character.
        *whole, _ = path.read_bytes().split(b"\n")
        for number, line in enumerate(whole, 1):
            # Those behind the checkpoint will be written again.
            if parse_json(line, what=path.stem, where=f"{path}:{number}")["step"] <= trainer.global_step:
                kept.append(line + b"\n")
    with atomic_write(path, "wb") as stream:
        stream.writelines(kept)
