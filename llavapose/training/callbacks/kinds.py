"""What each kind of sample costs: its loss a supervised token, and how many of them it had."""

from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from llavapose.data.dataset import PackedSamples
from llavapose.model.batch import IGNORE, Batch
from llavapose.training.callbacks.logged import LoggedSteps


class KindLosses(LoggedSteps):
    """Logs losses and supervised tokens by kind, exact over micro-steps and ranks.

    ``train/loss/<kind>``: the mean over the kind's own supervised tokens of all steps since the line before, whatever
    ``optim.loss_mean`` weighs them by; null where there was none. ``train/targets/<kind>``: thousands of its supervised
    tokens so far. ``val/loss/<kind>``: the mean over its held-out tokens.

    Sums stay on the device until a line is due: no micro-step waits for them.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, float, float]] = {}
        self._train: _Sums | None = None
        self._val: _Sums | None = None

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what all ranks had summed up; the first one holds it."""
        values = zip(state_dict["sums"], state_dict["counts"], state_dict["totals"], strict=True)
        self._kept = dict(zip(state_dict["kinds"], values, strict=True))

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Every rank comes here; what they have summed up is the first one's from then on."""
        if self._train is not None:
            checkpoint["callbacks"][self.state_key] = self._train.state(self._train.gathered(trainer))

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look up once which kind every sample is of."""
        super().on_train_start(trainer, pl_module)
        holder: Any = trainer
        data, device = holder.datamodule, pl_module.device
        self._train, self._val = _Sums(data.train, device), _Sums(data.val, device)
        if trainer.is_global_zero:
            self._train.take(self._kept)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add this micro-step's."""
        assert self._train is not None
        self._train.add(outputs["losses"], batch)
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_logged_step(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the means since the line before, and begin anew."""
        assert self._train is not None
        for name, (mean, total) in self._train.line(trainer).items():
            pl_module.log(f"train/loss/{name}", mean, batch_size=1)
            # A number that a logger holds as float32 counts to 16 million and no further: thousands do.
            pl_module.log(f"train/targets/{name}", total / 1000, batch_size=1)

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add this micro-batch's."""
        if self._val is not None:
            self._val.add(outputs["losses"], batch)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the means of the held-out samples."""
        if self._val is not None:
            for name, (mean, _) in self._val.line(trainer).items():
                pl_module.log(f"val/loss/{name}", mean, batch_size=1)


class _Sums:
    """Losses and supervised tokens of each kind that a data set has."""

    def __init__(self, samples: PackedSamples, device: torch.device) -> None:
        there, kind = np.unique(samples.records.kind[samples.rows], return_inverse=True)
        self.names = [samples.records.kinds[number] for number in there]
        self._kind = torch.from_numpy(kind.astype(np.int16)).to(device)  # of every sample
        self._numbers = torch.arange(len(there), dtype=torch.int16, device=device)[:, None, None]
        # Losses, supervised tokens, and those of earlier lines; float64 counts exactly to 2 ** 53.
        self._sums = torch.zeros(3, len(there), dtype=torch.float64, device=device)

    def add(self, losses: Tensor, batch: Batch) -> None:
        """Add a batch's: float32[N] losses, one a supervised token."""
        chosen = batch.targets != IGNORE  # [R, T]
        # Back to their places: to choose by them would wait for the device.
        spread = torch.zeros(chosen.shape, dtype=torch.float64, device=losses.device)
        spread = spread.masked_scatter(chosen, losses.double())
        of_kind = (self._kind[batch.sample_index.clamp(min=0)] == self._numbers) & chosen  # [K, R, T]
        self._sums[0] += (of_kind * spread).sum((1, 2))
        self._sums[1] += of_kind.sum((1, 2))

    def gathered(self, trainer: L.Trainer) -> Tensor:
        """What all ranks have summed up, on every rank; the first one goes on with it, the others begin anew."""
        if trainer.world_size == 1:
            return self._sums
        whole = trainer.strategy.reduce(self._sums, reduce_op="sum")
        assert isinstance(whole, Tensor)
        self._sums = whole.clone() if trainer.is_global_zero else torch.zeros_like(whole)
        return whole

    def line(self, trainer: L.Trainer) -> dict[str, tuple[float, float]]:
        """Nats a supervised token since the line before, NaN where there was none, and all tokens so far."""
        values = zip(self.names, *self.gathered(trainer).tolist(), strict=True)
        self._sums[2] += self._sums[1]
        self._sums[:2] = 0
        return {name: (loss / count if count else float("nan"), count + before) for name, loss, count, before in values}

    def state(self, whole: Tensor) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        sums, counts, totals = whole.tolist()
        return {"kinds": self.names, "sums": sums, "counts": counts, "totals": totals}

    def take(self, kept: dict[str, tuple[float, float, float]]) -> None:
        """Go on with them."""
        for place, name in enumerate(self.names):
            self._sums[:, place] = torch.tensor(kept.get(name, (0.0, 0.0, 0.0)), dtype=torch.float64)
