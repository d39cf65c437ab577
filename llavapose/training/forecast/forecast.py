"""The plan of one run: memory by part and phase, time, disk, and whether it fits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from llavapose.config.schema import TrainConfig
from llavapose.data.plan.epoch import steps_of
from llavapose.training.forecast.activations import Rows, activation_parts
from llavapose.training.forecast.cards import GIB, Card
from llavapose.training.forecast.epoch import Epoch
from llavapose.training.forecast.host import Host, host_of
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes
from llavapose.training.forecast.states import Part, Phase, checkpoint_bytes, state_parts

OUTSIDE = 1.7 * GIB
"""CUDA's context and kernels, cuBLAS' and NCCL's own buffers: 1.68 GiB under DeepSpeed on an H200, 0.75 without."""
TIGHT = 0.95
"""Share of a GPU's memory above which the allocator's gaps may be what does not fit any more."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Memory of one setup and one shape of micro-batch.

    Attributes:
        parts: of each rank, by what they are.
        host: of each machine, all its ranks together.
    """

    parts: Sequence[Part]
    host: Host

    def gpu(self, phase: Phase) -> float:
        """Bytes on each GPU in a phase."""
        return sum(part.gpu for part in self.parts if phase in part.phase)

    @property
    def peak(self) -> float:
        """Bytes on each GPU in the phase that needs most."""
        return max(self.gpu(phase) for phase in Phase)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """All that is told before anything is loaded.

    Attributes:
        name: of the arm.
        base: of the model.
        shapes: of the model.
        setup: what the ranks hold.
        epoch: samples, tokens and steps.
        batch_size: samples a rank and micro-step.
        epochs: of the run.
        steps: of the run.
        memory: of the widest micro-batch.
        longest: of a micro-batch whose rows are all as long as they may be.
        card: the GPU; None: processes on a CPU.
        mfu: share of the card's operations that is used.
        hours: None where the card's operations are not known.
        checkpoint: bytes on disk of one.
        exported: bytes of the folder that is left.
    """

    name: str
    base: str
    shapes: Shapes
    setup: Setup
    epoch: Epoch
    batch_size: int
    epochs: int
    steps: int
    memory: Memory
    longest: Memory
    card: Card | None
    mfu: float
    hours: float | None
    checkpoint: float
    exported: float


def memory_of(shapes: Shapes, setup: Setup, rows: Rows, *, exported: float, on_gpu: bool = True) -> Memory:
    """Memory of a setup and a shape of micro-batch; ``exported``: bytes of the folder that is left."""
    parts = [*state_parts(shapes, setup), *activation_parts(shapes, setup, rows)]
    if on_gpu:
        parts.append(Part(name="CUDA context and libraries", gpu=OUTSIDE))
    parts = [part for part in parts if part.gpu or part.host]
    return Memory(parts=parts, host=host_of(shapes, setup, parts, on_gpu=on_gpu, exported=exported))


def longest_rows(widest: Rows, config: TrainConfig) -> Rows:
    """The same number of rows, all as long as a row may be, with as many targets a token."""
    width = config.data.longest_row
    share = widest.targets / max(1, widest.tokens)
    return Rows(rows=widest.rows, width=width, targets=math.ceil(share * widest.rows * width), pictures=widest.pictures)


def forecast_of(config: TrainConfig, shapes: Shapes, setup: Setup, epoch: Epoch, *, card: Card | None) -> Forecast:
    """Put a run's plan together.

    Args:
        config: of the run.
        shapes: of its base.
        setup: what its ranks hold.
        epoch: as planned.
        card: the GPU that it would run on; None: processes on a CPU.
    """
    steps = steps_of(epoch.steps, config.trainer.get("max_epochs"), config.trainer.get("max_steps"))
    rate = card.flops(setup.compute_bytes) if card is not None else None
    seconds = epoch.flops / setup.ranks / (1 - epoch.waiting) / (config.forecast.mfu * rate) if rate else None
    exported = float({"float32": 4}.get(config.model.dtype.value, 2) * shapes.total)
    memory = partial(memory_of, shapes, setup, exported=exported, on_gpu=card is not None)
    return Forecast(
        name=config.data.name,
        base=config.model.base,
        shapes=shapes,
        setup=setup,
        epoch=epoch,
        batch_size=config.batch_size,
        epochs=math.ceil(steps / max(1, epoch.steps)),
        steps=steps,
        memory=memory(epoch.widest),
        longest=memory(longest_rows(epoch.widest, config)),
        card=card,
        mfu=config.forecast.mfu,
        hours=seconds / 3600 * steps / max(1, epoch.steps) if seconds is not None else None,
        checkpoint=checkpoint_bytes(shapes, setup),
        exported=exported,
    )
