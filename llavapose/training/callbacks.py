"""Lightning callbacks: progress, throughput, the proof that packing changes nothing, curves as a file; the CSV log."""

import csv
import json
import math
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.callbacks import Callback, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from llavapose.bars import LINE_EVERY_S
from llavapose.files import atomic_write
from llavapose.model.attention import check_packing
from llavapose.model.batch import Batch
from llavapose.plain_json import parse_json


class Progress(TQDMProgressBar):
    """Lightning's bar on a screen; where the output is kept in a file, a line a minute.

    Args:
        refresh_rate: micro-steps between two states of the bar.
        every_s: seconds between two lines in a file.
    """

    def __init__(self, refresh_rate: int = 5, every_s: float = LINE_EVERY_S) -> None:
        super().__init__(refresh_rate=refresh_rate if sys.stdout.isatty() else 0)
        self.every_s = every_s
        self._started = self._said = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Time counts from here: what comes before, such as compiling an optimizer, says nothing about the rest."""
        super().on_train_start(trainer, pl_module)
        self._started = self._said = time.monotonic()
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Move the bar, or say how far the run is."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        now, step = time.monotonic(), trainer.global_step
        if self.is_enabled or not trainer.is_global_zero or now - self._said < self.every_s or step <= self._first_step:
            return
        self._said = now
        module: Any = pl_module
        num_left = max(0, module.num_steps - step)
        left = timedelta(seconds=round((now - self._started) / (step - self._first_step) * num_left))
        logged = trainer.callback_metrics
        shown = {"loss": logged.get("train/loss"), "samples/s": logged.get("train/samples_per_s")}
        parts = [f"{name} {float(value):.3g}" for name, value in shown.items() if value is not None]
        print(", ".join([f"step {step} of {module.num_steps}", *parts, f"{left} left"]), flush=True)

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print above the bar, or simply print."""
        (super().print if self.is_enabled else print)(*args, **kwargs)


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


class CSVLog(CSVLogger):
    """Lightning's, with one file for a run and for what goes on with it; Lightning's own deletes what is there.

    Rows of steps that are trained again are replaced by theirs. The file as it was then lies beside the new one, as
    ``metrics-earlier-1.csv``: nothing is deleted.
    """

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:  # type: ignore[override]
        """Lightning's writer, with the rows that are there."""
        if self._experiment is None:
            Path(self.log_dir).mkdir(parents=True, exist_ok=True)
            self._experiment = _Writer(self.log_dir)
        return self._experiment  # type: ignore[return-value]


class _Writer(ExperimentWriter):
    def __init__(self, log_dir: str) -> None:
        super().__init__(log_dir)
        self._began = False

    def _check_log_dir_exists(self) -> None:
        """Lightning's own warns here, and deletes the file."""

    def save(self) -> None:
        """Write what was logged behind the rows of earlier steps."""
        if self.metrics and not self._began:
            self._began = True
            self._go_on(int(min(row["step"] for row in self.metrics)))
        super().save()

    def _go_on(self, first_step: int) -> None:
        path = Path(self.metrics_file_path)
        if not path.is_file():
            return
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            self.metrics_keys = list(reader.fieldnames or [])
            rows = list(reader)
        # A line that a killed run had half written has no step.
        kept = [row for row in rows if (step := row.get("step") or "").isdigit() and int(step) < first_step]
        if len(kept) == len(rows):
            return
        number = 1
        while (aside := path.with_name(f"{path.stem}-earlier-{number}{path.suffix}")).exists():
            number += 1
        path.rename(aside)
        if not kept:
            self.metrics_keys = []  # a new run
            return
        with atomic_write(path) as stream:
            writer: Any = csv.DictWriter(stream, fieldnames=self.metrics_keys, lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(kept)
