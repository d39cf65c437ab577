"""Where a step's time goes: a table behind the first steps of a run, ``profile.md`` and ``profile.csv``."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.profilers import Profiler
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from llavapose.files import atomic_write, write_csv
from llavapose.model.batch import Batch
from llavapose.model.parts import family_of
from llavapose.training.callbacks.operators import ANCHOR, Operator, exposed, operators
from llavapose.training.callbacks.timeline import Frame, Span, Timeline, seconds_of

log = logging.getLogger(__name__)

LOADING, MOVING = "loading (waiting for the batch)", "moving it to the device"
VISION, CONNECTOR = "vision encoder", "connector"
ATTENTION, MLP, LANGUAGE = "language model: attention", "language model: MLP", "language model: other"
FORWARD, LOSS = "forward: other (mask, embeddings)", "logits and loss"
BACKWARD, AGAIN = "backward", "backward: layers computed again"
OPTIMIZER, COMMUNICATION = "optimizer", "communication"
CALLBACKS, VALIDATION, REST = "callbacks and logging", "validation", "the rest"
STAGES = (
    LOADING, MOVING, VISION, CONNECTOR, ATTENTION, MLP, LANGUAGE, FORWARD, LOSS, BACKWARD, AGAIN, OPTIMIZER,
    COMMUNICATION, CALLBACKS, VALIDATION, REST,
)  # fmt: skip
"""Rows of the table, in this order."""
_ACTIONS = {
    "train_dataloader_next": LOADING,
    "batch_to_device": MOVING,
    "training_step": FORWARD,
    "backward": BACKWARD,
    "optimizer_step": OPTIMIZER,
    "lr_scheduler_step": OPTIMIZER,
}
"""Last word of what Lightning calls an action -> stage."""
_ACTIONS_WITHIN = {VALIDATION: VALIDATION}
_PARTS_WITHIN = {BACKWARD: AGAIN, VALIDATION: VALIDATION}
"""What is not told apart inside of these: a part of the model that runs amid the backward pass is computed again."""
TRIES = 1000
"""Marks by which it is measured what a mark costs."""


class Marks(Profiler):
    """Lightning says when each of its actions begins and ends; whatever profiler a run has is told as before."""

    def __init__(self, timeline: Timeline, inner: Profiler) -> None:
        super().__init__()
        self.timeline, self.inner = timeline, inner
        self._frames: list[tuple[str, Frame]] = []

    def start(self, action_name: str) -> None:
        """Begin the action's stage, where it has one."""
        self.inner.start(action_name)
        stage = CALLBACKS if action_name.startswith("[Callback]") else _ACTIONS.get(action_name.rpartition(".")[2])
        if stage is not None:
            self._frames.append((action_name, self.timeline.begin(stage, _ACTIONS_WITHIN)))

    def stop(self, action_name: str) -> None:
        """End it."""
        if self._frames and self._frames[-1][0] == action_name:
            self.timeline.end(self._frames.pop()[1])
        self.inner.stop(action_name)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Steps that were measured: spans, the clock's seconds, the number of marks, and torch's profiler where it ran."""

    spans: list[Span]
    wall_s: float
    num_marks: int
    profiler: Any


class Profile(Callback):
    """Measures a few optimizer steps, prints where their time went, and leaves the run alone from then on.

    Each moment of ``steps`` steps belongs to one row, so that the rows add up to the step. One further step runs under
    ``torch.profiler``, which costs much more: of it are the operators, and what share of each stage is communication
    that nothing runs beside. Stages are told by Lightning's own actions and by hooks on the model's parts, which are
    there while it measures and not before or behind.

    Args:
        folder: of ``profile.md`` and ``profile.csv``; rank 0 writes them, of itself.
        warmup: optimizer steps before the first that is measured.
        steps: optimizer steps that are measured.
        operators: how many are listed; 0: none, and with one rank nothing runs under ``torch.profiler``.
    """

    def __init__(self, folder: str | Path, warmup: int = 3, steps: int = 5, operators: int = 10) -> None:
        self.folder, self.warmup, self.steps, self.operators = Path(folder), warmup, steps, operators
        self._timeline: Timeline | None = None
        self._torch: Any = None
        self._hooks: list[Any] = []
        self._plain: Profiler | None = None
        self._validation: Frame | None = None
        self._measured: Window | None = None
        self._done = False

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """A run that goes on warms up anew."""
        self._first, self._seen, self._samples = trainer.global_step, 0, 0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """At the edges of optimizer steps: begin, end, and once more under ``torch.profiler``."""
        if self._done:
            return
        steps = trainer.global_step - self._first
        self._samples += batch.num_samples if self._timeline is not None and self._measured is None else 0
        if steps == self._seen:
            return  # amid a step
        self._seen = steps
        if steps == self.warmup:
            self._begin(trainer, pl_module)
        elif steps == self.warmup + self.steps:
            self._measured = self._end(trainer)
            if self.operators or trainer.world_size > 1:
                self._begin(trainer, pl_module, profiled=True)
            else:
                self._tell(trainer, None)
        elif steps == self.warmup + self.steps + 1:
            self._tell(trainer, self._end(trainer))

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Amid the steps: one row, whatever runs in it."""
        if self._timeline is not None:
            self._validation = self._timeline.begin(VALIDATION)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Its end."""
        if self._timeline is not None and self._validation is not None:
            self._timeline.end(self._validation)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Say so where a run was too short."""
        if not self._done:
            self._leave(trainer)
            needed = self.warmup + self.steps + bool(self.operators or trainer.world_size > 1)
            log.warning("callbacks.profile: the run ended behind step %d; the table needs %d: lower "
                        "callbacks.profile.warmup or callbacks.profile.steps", self._seen, needed)  # fmt: skip

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Leave nothing on the model."""
        self._leave(trainer)

    def _begin(self, trainer: L.Trainer, pl_module: L.LightningModule, *, profiled: bool = False) -> None:
        device = pl_module.device
        if profiled:
            kinds = [ProfilerActivity.CPU, *[ProfilerActivity.CUDA] * (device.type == "cuda")]
            self._torch = profile(activities=kinds, acc_events=True)
            self._torch.start()
        self._timeline, self._start_s = Timeline(device, REST), time.perf_counter()
        if profiled:
            with record_function(ANCHOR):
                pass
        holder: Any = trainer
        self._plain = holder.profiler
        holder.profiler = Marks(self._timeline, holder.profiler)
        module: Any = pl_module
        for part, stage in parts_of(module.llava):
            self._hooks += hooked(part, stage, self._timeline)

    def _end(self, trainer: L.Trainer) -> Window:
        timeline, torchs = self._timeline, self._torch
        assert timeline is not None
        num_marks = timeline.num_marks
        spans = timeline.spans()
        wall_s = time.perf_counter() - self._start_s
        self._leave(trainer)
        return Window(spans=spans, wall_s=wall_s, num_marks=num_marks, profiler=torchs)

    def _leave(self, trainer: L.Trainer) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._timeline = None
        if self._plain is not None:
            holder: Any = trainer
            holder.profiler, self._plain = self._plain, None
        if self._torch is not None:
            self._torch.stop()
            self._torch = None

    def _tell(self, trainer: L.Trainer, profiled: Window | None) -> None:
        self._done = True
        measured = self._measured
        assert measured is not None
        if not trainer.is_global_zero:
            return
        seconds = {stage: one / self.steps for stage, one in seconds_of(measured.spans).items()}
        listed: list[Operator] = []
        if profiled is not None:
            alone = exposed(profiled.profiler, profiled.spans)
            seconds = with_communication(seconds, seconds_of(profiled.spans), alone)
            listed = operators(profiled.profiler, self.operators)
        marks_s = measured.num_marks / self.steps * seconds_of_a_mark(trainer.strategy.root_device)
        about = (
            f"{self.steps} optimizer steps of {trainer.accumulate_grad_batches} micro-steps behind {self.warmup} of "
            f"warm-up, rank 0 of {trainer.world_size}, {type(trainer.strategy).__name__} on "
            f"{trainer.strategy.root_device}: {measured.wall_s / self.steps:.4g} s a step, "
            f"{self._samples * trainer.world_size / measured.wall_s:.4g} samples/s"
        )
        overhead = f"overhead: {marks_s / measured.wall_s * self.steps:.2%} of a step for setting the marks"
        if profiled is not None:
            slower = profiled.wall_s / (measured.wall_s / self.steps)
            overhead += (
                f"; the one step under torch.profiler, of which the operators are, took {slower:.2f} times as long"
            )
        text = table_text(rows_of(seconds), listed, about=about, overhead=overhead)
        write_tables(self.folder, text, rows_of(seconds))
        bar = trainer.progress_bar_callback
        say = print if bar is None else bar.print  # a plain print would write into the bar
        say(text)


def parts_of(model: Any) -> list[tuple[nn.Module, str]]:
    """The parts of a base that are told apart, with their stages."""
    family = family_of(model)
    modules = dict(model.named_modules())
    language: Any = modules[family.language]
    found = [(modules[name], VISION) for name in family.vision]
    for name in family.connector:
        # What is no module is a vector that the model itself adds; a list of modules is called one by one.
        one = modules.get(name)
        found += [(part, CONNECTOR) for part in (one if isinstance(one, nn.ModuleList) else [one]) if part is not None]
    found.append((language, LANGUAGE))
    for layer in language.layers:
        named = {"self_attn": ATTENTION, "mlp": MLP}
        found += [(part, stage) for name, stage in named.items() if (part := getattr(layer, name, None)) is not None]
    return found


def hooked(part: nn.Module, stage: str, timeline: Timeline) -> list[Any]:
    """Marks where a part's forward pass begins and ends; removed by what is returned."""
    begun: list[Frame] = []

    def before(*_: Any) -> None:
        begun.append(timeline.begin(stage, _PARTS_WITHIN))

    def behind(*_: Any) -> None:
        if begun:
            timeline.end(begun.pop())
        if stage == LANGUAGE:
            # What is left of the training step makes losses of what came out here.
            timeline.turn(FORWARD, LOSS)

    # always_call: computing a layer again stops, by an exception, where all that is needed is there.
    return [part.register_forward_pre_hook(before), part.register_forward_hook(behind, always_call=True)]


def with_communication(
    seconds: Mapping[str, float], profiled: Mapping[str, float], alone: Mapping[str, float]
) -> dict[str, float]:
    """The stages without what of each was communication alone, by its share in the step under ``torch.profiler``."""
    found = dict(seconds)
    for stage, one in alone.items():
        if profiled.get(stage, 0.0) > 0 and stage in found:
            part = found[stage] * min(1.0, one / profiled[stage])
            found[stage] -= part
            found[COMMUNICATION] = found.get(COMMUNICATION, 0.0) + part
    return found


def seconds_of_a_mark(device: torch.device) -> float:
    """What beginning or ending a stage costs the host."""
    timeline = Timeline(device, REST)
    start = time.perf_counter()
    for _ in range(TRIES // 2):
        timeline.end(timeline.begin(REST))
    return (time.perf_counter() - start) / TRIES


def rows_of(seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """Every stage that took time, its milliseconds a step and its share of the step."""
    total = sum(seconds.values())
    told = [(stage, seconds.get(stage, 0.0)) for stage in STAGES]
    return [{"stage": stage, "ms": 1000 * one, "share": one / total} for stage, one in told if one > 0]


def table_text(rows: Sequence[Mapping[str, Any]], listed: Sequence[Operator], *, about: str, overhead: str) -> str:
    """What is printed and stands in ``profile.md``."""
    lines = [f"where a step's time goes, {about}", "", "| stage | ms a step | share |", "| --- | ---: | ---: |"]
    lines += [f"| {row['stage']} | {row['ms']:.2f} | {row['share']:.1%} |" for row in rows]
    lines.append(f"| all | {sum(row['ms'] for row in rows):.2f} | 100.0% |")
    lines += ["", overhead]
    if listed:
        lines += ["", "| costliest operators, without what they call | ms | calls |", "| --- | ---: | ---: |"]
        lines += [f"| {one.name[:80].replace('|', '/')} | {1000 * one.seconds:.2f} | {one.calls} |" for one in listed]
    return "\n".join(lines)


def write_tables(folder: Path, text: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """``profile.md`` and ``profile.csv``."""
    with atomic_write(folder / "profile.md") as stream:
        stream.write(text + "\n")
    write_csv(folder / "profile.csv", rows, ("stage", "ms", "share"))
