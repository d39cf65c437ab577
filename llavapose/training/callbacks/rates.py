"""The learning rate of each part, by its name."""

from typing import Any

import lightning as L

from llavapose.training.callbacks.logged import LoggedSteps


class Rates(LoggedSteps):
    """Logs ``train/lr/language``, ``train/lr/connector``, ``train/lr/vision`` and, of Muon's, ``.._muon``.

    They are the rates that the next step has, as ``lr`` in ``metrics.jsonl`` is. A part that learns nothing has none.
    """

    def on_logged_step(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """A group of the optimizer may hold several parts, and a part has several groups of one rate."""
        module: Any = pl_module
        for names, group in zip(module.group_parts, trainer.optimizers[0].param_groups, strict=True):
            for name in names:
                pl_module.log(f"train/lr/{name}", float(group["lr"]), batch_size=1)
