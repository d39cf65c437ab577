"""The proof, before the first step, that packing changes nothing."""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.mask import OWN
from llavapose.model.attention.proof import Proof, check_packing
from llavapose.model.batch import Batch
from llavapose.model.parts import language_of


def _in_words(fault: Exception | None, backend: str) -> LlavaPoseError:
    """What ended the proof of the last backend, in one line."""
    if fault is None:
        return LlavaPoseError(f"attention {backend!r}: another rank's self-test failed")
    if isinstance(fault, LlavaPoseError):
        return fault
    # Layers that take no packed mask stumble over its shape.
    told = " ".join(str(fault).split())[:150]
    made = LlavaPoseError(f"packing check: the self-test cannot run this base packed: {told}; set data.packing=none")
    made.__cause__ = fault
    return made


class PackingCheck(Callback):
    """Before the first step, proves on its batch that packed losses and gradients are those of separate samples.

    Where ``model.packed_attention=auto`` has chosen what fails, the next backend is tried; one that was asked for by
    name ends the run.

    Args:
        tolerance: largest difference, of a token's loss in nats and of a gradient in the gradients' own size; null:
            what rounding does to the same samples.
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
        module: Any = pl_module
        if module.backends == (OWN,):
            return  # a sample a row: there is nothing to keep apart
        bar = trainer.progress_bar_callback
        say = print if bar is None else bar.print  # a plain print would write into the bar
        proof = self._prove(trainer, pl_module, batch, say if trainer.is_global_zero else lambda line: None)
        if trainer.is_global_zero:
            say(
                f"packing check: packed and separate losses differ by at most {proof.losses.largest:.2g} nats a token, "
                f"gradients typically by {proof.gradients.typical:.1g} of their size ({module.backends[0].name})"
            )

    def _prove(self, trainer: L.Trainer, module: Any, batch: Batch, say: Any) -> Proof:
        """The proof of the first backend that holds on every rank."""
        while True:
            fault, proof = None, None
            try:
                proof = self._once(trainer, module, batch)
            except torch.OutOfMemoryError:
                raise
            except (LlavaPoseError, RuntimeError, NotImplementedError) as error:
                fault = error
            # Alike everywhere: one rank that goes on with another kernel would wait for the others.
            if trainer.strategy.reduce_boolean_decision(fault is None) and proof is not None:
                return proof
            if len(module.backends) == 1:
                raise _in_words(fault, module.backends[0].name)
            say(f"packed attention: {fault or 'failed on another rank'}; {module.backends[1].name} in its place")
            module.backends = module.backends[1:]

    def _once(self, trainer: L.Trainer, module: Any, batch: Batch) -> Proof:
        # As training itself will run: autocast decides which kernel attention gets.
        with trainer.precision_plugin.forward_context():
            # Without dropout, which draws anew for every row.
            module.eval()
            try:
                return check_packing(
                    module.losses,
                    batch,
                    language=language_of(module.llava),
                    alone=module.losses_alone,
                    tolerance=self.tolerance,
                    backend=module.backends[0].name,
                )
            finally:
                module.train()
