"""What is no number any more, loss or gradients, or a loss that explodes, ends the run before a checkpoint holds it.

The gradients' norm, which it looks at, it logs: ``train/grad_norm``, before clipping.
"""

import math
from collections import deque
from statistics import median
from typing import Any

import lightning as L
import torch.distributed as dist
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import DeepSpeedStrategy
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from llavapose.errors import LlavaPoseError, named
from llavapose.model.batch import Batch
from llavapose.training.checkpoints.callback import Checkpoints
from llavapose.training.checkpoints.ranks import of_all

_MOST_NAMED = 12


class LossWatch(Callback):
    """Stops the run, on all ranks at once, at a loss or gradients that are not finite, or a loss that explodes.

    It explodes where it is above ``factor`` times the median of the last ``window`` steps and at least ``nats`` above
    it: small losses jump by large factors without harm. A 7B fine-tune's median lies near 1, and a model that has lost
    everything is at the logarithm of its vocabulary, 10.

    Args:
        factor: null leaves finite losses alone.
        nats: least distance to the median.
        window: steps that the median is of; nothing explodes before a fifth of it has been seen.
    """

    def __init__(self, factor: float | None = 5.0, nats: float = 1.0, window: int = 100) -> None:
        self.factor, self.nats, self.window = factor, nats, window
        self._losses: deque[float] = deque(maxlen=window)
        self._step: list[tuple[Tensor, Tensor]] = []

    def state_dict(self) -> dict[str, Any]:
        """The losses that the median is of."""
        return {"losses": list(self._losses)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with them."""
        self._losses.extend(state_dict["losses"])

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Remember which samples the step is of."""
        if batch_idx % trainer.accumulate_grad_batches == 0:
            self._step = []
        self._samples, self._behind = batch.sample_index, trainer.global_step

    def on_before_backward(self, trainer: L.Trainer, pl_module: L.LightningModule, loss: Tensor) -> None:
        """At a step's last micro-step its loss is the same number on every rank, and so is what follows from it."""
        self._step.append((loss.detach(), self._samples))
        module: Any = pl_module
        if module.step_loss is None:
            return
        value = float(module.step_loss)
        if (why := self._wrong(value)) is not None:
            raise of_all(LlavaPoseError(self._told(trainer, f"loss is {value:.4g}", why, step=trainer.global_step + 1)))
        self._losses.append(value)

    def on_before_optimizer_step(self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Optimizer) -> None:
        """Finite losses have gradients that are not; they are the same on every rank by now, and not clipped yet."""
        if not isinstance(trainer.strategy, DeepSpeedStrategy):
            norm = get_total_norm([one.grad for one in pl_module.parameters() if one.grad is not None])
            whole = norm.full_tensor() if isinstance(norm, DTensor) else norm
            self._see(trainer, pl_module, float(whole), step=trainer.global_step + 1)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """DeepSpeed tells its norm behind the step: what it has touched is in no checkpoint yet."""
        if not isinstance(trainer.strategy, DeepSpeedStrategy):
            return
        engine: Any = trainer.strategy.model
        if trainer.global_step != self._behind and (norm := engine.get_global_grad_norm()) is not None:
            self._see(trainer, pl_module, float(norm), step=trainer.global_step)

    def _see(self, trainer: L.Trainer, pl_module: L.LightningModule, norm: float, *, step: int) -> None:
        """Log it; end the run where it is no number, but that float16 overflows by design and leaves such steps out."""
        if not math.isfinite(norm) and not str(trainer.precision).startswith("16"):
            what = f"the gradients' norm is {norm:.4g}"
            raise of_all(LlavaPoseError(self._told(trainer, what, "check the precision", step=step)))
        pl_module.log("train/grad_norm", norm, batch_size=1)

    def _wrong(self, value: float) -> str | None:
        if not math.isfinite(value):
            return "check the precision"
        if self.factor is None or len(self._losses) < self.window / 5:
            return None
        usual = median(self._losses)
        if value > self.factor * usual and value > usual + self.nats:
            return f"the median of {len(self._losses)} steps is {usual:.3g}; or raise callbacks.loss.factor"
        return None

    def _told(self, trainer: L.Trainer, what: str, why: str, *, step: int) -> str:
        found = next((one for one in callbacks_of(trainer) if isinstance(one, Checkpoints)), None)
        last = found.settle() if found else None
        kept = f"the last good checkpoint is {last}: go on with resume=true" if last else "there is no checkpoint yet"
        return f"{what} at step {step} ({self._named(trainer)}); lower optim.lr, look at these samples, {why}; {kept}"

    def _named(self, trainer: L.Trainer) -> str:
        """The ids of the samples whose own loss is not finite, on whatever rank; of the whole step where all are."""
        broken = [(not math.isfinite(float(loss)), _indices(index)) for loss, index in self._step]
        ranks: list[list[tuple[bool, list[int]]]] = [broken]
        if trainer.world_size > 1:
            ranks = [[] for _ in range(trainer.world_size)]
            dist.all_gather_object(ranks, broken)
        micros = [micro for rank in ranks for micro in rank]
        if any(bad for bad, _ in micros):
            micros = [micro for micro in micros if micro[0]]
        holder: Any = trainer
        # By the index, not by the file, which may have been written to since.
        train = holder.datamodule.train
        ids = [train.records.ids[train.rows[index]] for _, indices in micros for index in indices]
        more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
        return f"samples {', '.join(map(named, ids[:_MOST_NAMED]))}{more}"


def callbacks_of(trainer: L.Trainer) -> list[Callback]:
    """A trainer's own list, whose type Lightning does not say."""
    holder: Any = trainer
    return holder.callbacks


def _indices(sample_index: Tensor) -> list[int]:
    return [int(index) for index in sample_index.unique() if index >= 0]
