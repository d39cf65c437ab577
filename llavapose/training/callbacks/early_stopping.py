"""The end of a run whose held-out loss no longer falls."""

import math
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping

from llavapose.training.checkpoints.callback import validate_at_edges


class EarlyStopping(LightningEarlyStopping):
    """Lightning's, looked at behind every validation, on all ranks alike, and gone on with by a resumed run.

    A run that had ended early trains no further when it is resumed, unless it is given more patience.

    Args:
        monitor: what is to fall: ``val/loss``, or ``val/loss/<kind>``.
        patience: validations without a better one that end the run.
        min_delta: by how much a better one must be lower, in nats.
    """

    def __init__(self, monitor: str = "val/loss", patience: int = 3, min_delta: float = 0.0) -> None:
        # Behind an epoch's end, which is Lightning's other choice, a checkpoint would not know of it.
        super().__init__(monitor, min_delta=min_delta, patience=patience, check_on_train_epoch_end=False)
        self.best_step = 0

    def state_dict(self) -> dict[str, Any]:
        """Lightning's, and the step of the best."""
        return {**super().state_dict(), "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with it, by this run's own patience."""
        patience = self.patience
        super().load_state_dict(state_dict)
        self.patience, self.best_step = patience, state_dict["best_step"]

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Where the patience was at its end, there is nothing more to train."""
        validate_at_edges(trainer)
        num = num_validations(trainer)
        if num is not None and num <= self.patience and trainer.is_global_zero:
            print(
                f"callbacks.early_stopping can end nothing here: {num} validation{'s' * (num != 1)} in the whole run, "
                f"and a patience of {self.patience}; lower trainer.val_check_interval or "
                "callbacks.early_stopping.patience",
                flush=True,
            )
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look at this validation."""
        before = float(self.best_score)
        super().on_validation_end(trainer, pl_module)
        if float(self.best_score) != before:
            self.best_step = trainer.global_step

    @property
    def told(self) -> str:
        """Why the run ended, once it has."""
        return (
            f"{self.monitor} was best behind step {self.best_step} ({float(self.best_score):.4g}), and no better in "
            f"{self.wait_count} validations since"
        )


def num_validations(trainer: L.Trainer) -> int | None:
    """How many validations a run of a known length comes to; None where time decides when one comes."""
    interval, every = trainer.val_check_batch, trainer.check_val_every_n_epoch
    epoch = trainer.num_training_batches
    ends = [trainer.max_steps * trainer.accumulate_grad_batches] if trainer.max_steps != -1 else []
    ends += [trainer.max_epochs * epoch] if trainer.max_epochs not in (None, -1) else []
    if interval is None or not ends or not math.isfinite(interval) or not math.isfinite(min(ends)):
        return None
    if every is None:
        return int(min(ends) // interval)
    epochs, behind = divmod(int(min(ends)), int(epoch))
    last = behind // interval if (epochs + 1) % every == 0 else 0
    return int(epochs // every * (epoch // interval) + last)
