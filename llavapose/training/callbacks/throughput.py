"""Samples and tokens a second, and what of the work was padding."""

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from llavapose.model.batch import Batch


class Throughput(Callback):
    """Logs the rates of all ranks over the last ``window`` micro-steps, and what share of the work was padding.

    ``train/samples_per_s``, ``train/tokens_per_s`` (padding left out), ``train/targets_per_s`` (supervised tokens) and
    ``train/padding_share`` of the computed tokens; ``train/targets``, thousands of supervised tokens so far: what runs
    of other mixtures have seen alike, or not.
    """

    # Long enough to even out rows of different lengths, short enough to show a loader that falls behind.
    def __init__(self, window: int = 20) -> None:
        self.window = window
        self._times: list[float] = []
        self._counts: list[dict[str, int]] = []
        self._num_targets = 0

    def state_dict(self) -> dict[str, Any]:
        """The counts that the share of padding is of, and the supervised tokens so far."""
        return {"counts": self._counts, "num_targets": self._num_targets}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with them; times are those of the process."""
        self._counts = list(state_dict["counts"])
        self._num_targets = int(state_dict.get("num_targets", 0))  # not there before it was counted

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Count this batch; log the rates since the oldest one remembered."""
        counts = {"samples": batch.num_samples, "tokens": batch.num_tokens, "targets": batch.num_targets}
        # One time more than the window: the first one only says when it began.
        self._times = [*self._times[-self.window :], time.perf_counter()]
        self._counts = [*self._counts[-self.window + 1 :], counts | {"computed": batch.num_computed}]
        totals = {name: sum(one[name] for one in self._counts) for name in self._counts[0]}
        self._num_targets += batch.num_targets
        # A number that a logger holds as float32 counts to 16 million and no further: thousands do.
        pl_module.log("train/targets", self._num_targets * trainer.world_size / 1000, batch_size=1)
        pl_module.log("train/padding_share", 1 - totals["tokens"] / totals["computed"], batch_size=1)
        elapsed = self._times[-1] - self._times[0]
        if elapsed > 0:
            # The first micro-step of a run has no time of its own; later its counts have left the window.
            timed = self._counts[-(len(self._times) - 1) :]
            for name in counts:
                # This rank's times ranks: adding them up costs a message a step, and the plan deals out equal shares.
                rate = sum(one[name] for one in timed) / elapsed * trainer.world_size
                pl_module.log(f"train/{name}_per_s", rate, prog_bar=name == "samples", batch_size=1)
