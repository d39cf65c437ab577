"""The proof, before the first step, that packing changes nothing."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from llavapose.model.attention.proof import check_packing
from llavapose.model.batch import Batch


class PackingCheck(Callback):
    """Before the first step, proves on its batch that packed losses are those of separate samples.

    Args:
        tolerance: largest difference of a token's loss in nats; null: what rounding does to the same samples.
    """

    def __init__(self, tolerance: float | None = None) -> None:
        self.tolerance = tolerance
        self._done = False

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Runs once, on every rank alike: a partitioned model hangs when ranks run different modules."""
        if self._done:
            return
        self._done = True
        # As training itself will run: autocast decides which kernel attention gets.
        with trainer.precision_plugin.forward_context():
            module: Any = pl_module
            backend = str(module.llava.config.text_config._attn_implementation)
            # Without dropout, which draws anew for every row.
            module.eval()
            error = check_packing(module.losses, batch, tolerance=self.tolerance, backend=backend)
            module.train()
        if trainer.is_global_zero:
            bar = trainer.progress_bar_callback
            say = print if bar is None else bar.print  # a plain print would write into the bar
            say(f"packing check: packed and separate losses differ by at most {error.largest:.2g} nats a token")
