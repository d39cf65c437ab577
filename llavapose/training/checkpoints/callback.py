"""The callback that saves: every so many steps, when the machine asks to stop, and at the end."""

import contextlib
import math
import signal
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint as CheckpointCallback
from lightning.pytorch.callbacks import EarlyStopping

from llavapose.errors import LlavaPoseError, StoppedError
from llavapose.files import write_json
from llavapose.manifest import Checkpoint, checkpoints_in, folder_name
from llavapose.model.batch import Batch
from llavapose.training.checkpoints.prune import prune
from llavapose.training.checkpoints.randomness import file_name, restore_states
from llavapose.training.checkpoints.ranks import Ranks, joined, of_all, together
from llavapose.training.checkpoints.resume import first_proven, lay_aside
from llavapose.training.checkpoints.save import Save, begin_save, publish
from llavapose.training.checkpoints.signals import Heard, listen, name_of, requeue


@dataclass(frozen=True, kw_only=True)
class Best:
    """The validation whose number was the lowest, and the optimizer step behind which it was."""

    value: float
    step: int


class Checkpoints(CheckpointCallback):
    """Writes one whole checkpoint every ``every_n_steps``, at a signal and at the end; keeps the newest ``keep``.

    Args:
        folder: ``<output_dir>/checkpoints``.
        every_n_steps: optimizer steps between two; 0: only at a signal and at the end.
        keep: whole ones that stay; a disk holds one more while the next is written.
        best: what is lowest in the best one, ``val/loss`` or ``val/loss/<kind>``: a validation with a new lowest is
            saved and kept besides the newest, and the run exports it; null: the last one is exported.
    """

    def __init__(self, folder: str | Path, every_n_steps: int = 500, keep: int = 2, best: str | None = None) -> None:
        if every_n_steps < 0 or keep < 1:
            raise ValueError(f"every_n_steps={every_n_steps}, keep={keep}: expected at least 0 and 1")
        self.folder, self.every_n_steps, self.keep = Path(folder), every_n_steps, keep
        self.metric = best
        self.best: Best | None = None
        self._best_whole: int | None = None  # the step of the best one that is written
        self.last: Path | None = None
        self._found: Sequence[Checkpoint] = ()
        self._from: Checkpoint | None = None
        self._save: Save | None = None
        self._waits = self._measures = False
        self._asked = 0
        self._ranks, self._heard = Ranks(), Heard()
        self._run = uuid.uuid4().hex[:12]
        self._step = self._saved = self._samples = 0

    def go_on_from(self, found: Sequence[Checkpoint]) -> str:
        """Go on from the first of these that is proven; returns what ``Trainer.fit`` takes as its ``ckpt_path``."""
        self._found = found
        return str(found[0].state)

    def state_dict(self) -> dict[str, Any]:
        """The best validation so far, this one's own where it is it."""
        return {"best": [self.metric, self.best.value, self.best.step]} if self.best else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with it, where this run measures by the same."""
        metric, value, step = state_dict["best"]
        if metric == self.metric:
            self.best, self._best_whole = Best(value=value, step=step), step

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """From here on ranks can agree; Lightning reads the checkpoint behind this, wherever its strategy wants it."""
        self._ranks = joined(trainer)
        self._run = self._ranks.gather(self._run)[0]
        if not self._found:
            return
        holder: Any = trainer
        self._from = one = first_proven(self._found, self._ranks, plan=holder.datamodule.order_fingerprint())
        if one.manifest is not None:
            self._run, self.last = one.manifest.run, one.folder
            # Counted once, on the first rank: what the ranks add is summed over them.
            self._samples = one.manifest.samples if self._ranks.is_first else 0
        # The path was chosen by sizes before ranks could share out the hashing; it may have been the wrong one.
        strategy: Any = trainer.strategy
        load: Callable[..., Any] = strategy.load_checkpoint
        strategy.load_checkpoint = lambda path, **options: load(str(one.state), **options)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Say whose folder it is, or find out now that it cannot be written."""
        self._step = trainer.global_step
        self._saved = self._step if self._from is not None and self._from.manifest else 0
        self._heard = listen()
        holder: Any = trainer
        # Without the validation that is due at its step, a run that goes on would end elsewhere: a stop waits for it.
        self._measures = self.metric is not None or any(isinstance(one, EarlyStopping) for one in holder.callbacks)
        self._look_for_best(trainer)
        together(self._ranks, f"checkpoints in {self.folder}", self._sign, first_only=True)

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Behind everything that a start draws from random states, go back to those of the checkpoint."""
        if self._from is not None and self._from.manifest is not None:
            restore_states(self._from.folder / file_name(self._ranks.rank))
        self._from = None

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """At the edge of an optimizer step: publish what is written, save what is due, stop if asked to."""
        self._samples += batch.num_samples
        # The step has not moved in micro-steps that only accumulate.
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        busy = self._save is not None and self._save.is_busy
        failed = self._save is not None and self._save.failed is not None
        loop: Any = trainer.fit_loop
        told = [self._heard.number, busy, failed, trainer.should_stop and loop._can_stop_early]
        asked, busy, failed, ends = self._ranks.most(told)
        if self._save is not None and (failed or not busy):
            self.settle()
        module: Any = pl_module
        regular = self.every_n_steps > 0 and self._step % self.every_n_steps == 0
        if asked and not (self._measures and validates_next(trainer)):
            self._stop(trainer, asked)
        self._asked = asked
        # Behind the last batch Lightning counts the epoch as done, also one that is left in its middle.
        if regular or ends or asked or self._step == module.num_steps:
            # Lightning takes a validation that was still to come when the checkpoint was written for done.
            self._waits = validates_next(trainer)
            if not self._waits:
                self._begin(trainer)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save what was due before this validation, what it shows to be the best, and what it ends."""
        if trainer.sanity_checking:
            return
        better = self.metric is not None and self._is_better(trainer, self.metric)
        if self._waits or better or trainer.should_stop:
            self._waits = False
            self._begin(trainer)
        if self._asked:
            self._stop(trainer, self._asked)

    def _is_better(self, trainer: L.Trainer, metric: str) -> bool:
        """Every rank has the same number."""
        value = float(trainer.callback_metrics[metric])
        # A loss that is no number is lower than none.
        if not (value < self.best.value if self.best else math.isfinite(value)):
            return False
        self.best = Best(value=value, step=trainer.global_step)
        return True

    def _look_for_best(self, trainer: L.Trainer) -> None:
        """See that the best one so far is still whole, and that validations come where a checkpoint can be written."""
        if self.metric is None:
            return
        validate_at_edges(trainer)
        if self.best is None:
            return
        whole = {one.step for one in checkpoints_in(self.folder) if not one.fault}
        if not self._ranks.gather(self.best.step in whole)[0]:
            if self._ranks.is_first:
                gone = self.folder / folder_name(self.best.step)
                print(f"resume: {gone}, the best so far, is gone or damaged; it is looked for anew", flush=True)
            self.best = self._best_whole = None

    @property
    def best_folder(self) -> Path | None:
        """The best one, once training has ended; None where none is asked for, or the last one is it."""
        return None if self.best is None or self.best.step == self._saved else self.folder / folder_name(self.best.step)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """The last one is whole before anything is exported."""
        self._begin(trainer)
        self.settle()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """One process alone ends the writing it has begun; several cannot know whether the others still can."""
        if self._ranks.size == 1:
            with contextlib.suppress(Exception):  # the exception on its way is the one to be told
                self.settle()

    def settle(self) -> Path | None:
        """Wait for a checkpoint under way and publish it; the last good one. Every rank calls it at the same place."""
        if self._save is not None:
            save, self._save = self._save, None
            with self._told():
                self.last = publish(save, self._ranks)
                together(self._ranks, "old checkpoints", self._prune, first_only=True)
        return self.last

    def _begin(self, trainer: L.Trainer) -> None:
        if self._saved == trainer.global_step:
            return
        self.settle()  # one at a time: the disk, and the host's memory, have room for one
        with self._told():
            self._save = begin_save(trainer, self.folder, self._ranks, run=self._run, samples=self._samples)
        self._saved = trainer.global_step

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A checkpoint that cannot be written ends the run with a line that names the last one."""
        try:
            yield
        except LlavaPoseError as error:
            kept = f"the last whole one is {self.last}" if self.last else "there is none before it"
            raise of_all(type(error)(f"{error}; {kept}")) from error

    def _stop(self, trainer: L.Trainer, number: int) -> None:
        self._begin(trainer)
        last = self.settle()
        again = requeue(number) if self._ranks.is_first else None
        told = "" if again is None else f"; {again}"
        stopped = StoppedError(f"{name_of(number)}: stopped behind step {self._step}, saved in {last}{told}")
        stopped.exit_code = 128 + number if number == signal.SIGINT else 1
        raise stopped

    def _sign(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._from is not None:
            lay_aside(self.folder, self._from)
        write_json(self.folder / "run.json", {"run": self._run})

    def _prune(self) -> None:
        if self.best is not None and (self.folder / folder_name(self.best.step)).is_dir():
            # Not before: until the new best one is whole, the one before it stays.
            self._best_whole = self.best.step
        prune(self.folder, run=self._run, keep=self.keep, best=self._best_whole)


def validates_next(trainer: L.Trainer) -> bool:
    """Whether a validation follows the batch that has just ended."""
    loop: Any = trainer.fit_loop
    return bool(loop.epoch_loop._should_check_val_fx(loop._data_fetcher))


def validate_at_edges(trainer: L.Trainer) -> None:
    """Have validations amid an epoch wait for the end of the optimizer step that they would fall into."""
    steps: Any = trainer
    every, accumulate, most = steps.val_check_batch, trainer.accumulate_grad_batches, trainer.num_training_batches
    if math.isfinite(every):
        steps.val_check_batch = min(math.ceil(every / accumulate) * accumulate, most)
