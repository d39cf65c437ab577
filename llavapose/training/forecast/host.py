"""What a run takes of each machine's own memory, moment by moment: reading, starting, training, saving, exporting.

A process's resident memory (RSS) counts two things. **Private** memory is a process's own and must be there. Pages of
**mapped** files, the base's weights, are counted by each process that reads them, are there once, and are dropped by
the kernel where memory is short: they are told apart here, and no verdict counts them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.setup import Engine, Setup, Weights, weights_of
from llavapose.training.forecast.shapes import Shapes
from llavapose.training.forecast.states import ALWAYS, Part, Phase, checkpoint_bytes, parameter_bytes

_FILE_BYTES = 2
"""Of a weight in the published files."""


class Moment(StrEnum):
    """When the host's memory is in use."""

    load = "reading the base"
    start = "starting the engine"
    step = "training"
    save = "saving a checkpoint"
    export = "ending, export"


_FROM_LOADING = tuple(Moment)
_FROM_START = _FROM_LOADING[1:]


@dataclass(frozen=True, kw_only=True)
class HostPart:
    """One line of a host's memory.

    Attributes:
        name: what it is.
        size: bytes of one host, all its ranks together.
        moments: when.
    """

    name: str
    size: float
    moments: Sequence[Moment]


@dataclass(frozen=True, kw_only=True)
class Host:
    """One machine's memory besides Python itself and loading workers.

    Attributes:
        parts: private memory, by what it is.
        mapped: bytes of the base's files that are mapped at once while it is read, which the kernel may drop.
    """

    parts: Sequence[HostPart]
    mapped: float

    def at(self, moment: Moment) -> float:
        """Bytes of private memory at a moment."""
        return sum(part.size for part in self.parts if moment in part.moments)

    @property
    def peak(self) -> float:
        """Bytes of private memory at the moment that needs most."""
        return max(self.at(moment) for moment in Moment)


def host_of(shapes: Shapes, setup: Setup, parts: Sequence[Part], *, on_gpu: bool, exported: float) -> Host:
    """The memory of one host, the one of rank 0.

    Args:
        shapes: of the model.
        setup: what its ranks hold.
        parts: of each rank, as ``state_parts`` and ``activation_parts`` have them.
        on_gpu: whether they lie on GPUs; else all of them are the host's.
        exported: bytes of the folder that is left.
    """
    weights, ranks = weights_of(shapes, setup), setup.ranks_a_node
    found = [
        *_kept(parts, ranks, on_gpu=on_gpu),
        *_loading(shapes, weights, setup, on_gpu=on_gpu),
        HostPart(name="copy for a checkpoint", size=saved_bytes(shapes, setup, on_gpu=on_gpu), moments=[Moment.save]),
        *(_moved(weights, setup) if on_gpu else ()),
        *_exporting(shapes, setup, exported, on_gpu=on_gpu),
    ]
    # Read tensor by tensor, a file is mapped anew for each.
    mapped = _FILE_BYTES * (shapes.largest if setup.sharded_loading else shapes.total)
    return Host(parts=[part for part in found if part.size], mapped=float(mapped))


def _kept(parts: Sequence[Part], ranks: int, *, on_gpu: bool) -> Iterator[HostPart]:
    """What training itself keeps there: what is offloaded, and all of it where there is no GPU."""
    for part in parts:
        if part.host:
            # Optimizer and gradients come with the engine, weights with the base.
            kept = _FROM_LOADING if part.name == "parameters" else _FROM_START
            yield HostPart(
                name=part.name, size=ranks * part.host, moments=kept if part.phase == ALWAYS else [Moment.step]
            )
    if not on_gpu:
        held = sum(part.gpu for part in parts if part.phase == ALWAYS)
        peak = max(sum(part.gpu for part in parts if phase in part.phase) for phase in Phase)
        yield HostPart(name="the processes' states", size=ranks * held, moments=_FROM_START)
        yield HostPart(name="a step's own", size=ranks * (peak - held), moments=[Moment.step])


def _loading(shapes: Shapes, weights: Weights, setup: Setup, *, on_gpu: bool) -> Iterator[HostPart]:
    ranks, size = setup.ranks_a_node, setup.loading_bytes
    if not setup.sharded_loading:
        yield HostPart(name="the whole base", size=ranks * size * shapes.total, moments=[Moment.load])
    else:
        yield HostPart(name="one tensor of the base", size=ranks * size * shapes.largest, moments=[Moment.load])
        if not on_gpu:
            share = size * shapes.total / setup.ranks
            # Of the tensor: gathered, and the buffer that ranks gather it to; under FSDP2 the rank's part of it.
            share += size * shapes.largest * (2 if setup.engine is Engine.zero3 else 1 / setup.ranks)
            yield HostPart(name="shares of the base", size=ranks * share, moments=[Moment.load])
    if setup.engine is Engine.zero3 and (on_gpu or setup.offload_parameters):
        share = passing_bytes(weights, setup)
        yield HostPart(name="trained weights, passed through", size=ranks * share, moments=[Moment.start])


def passing_bytes(weights: Weights, setup: Setup) -> float:
    """Bytes of a rank's trained weights, which ZeRO-3 lays behind one another in the host's memory when it starts."""
    return setup.weight_bytes * weights.trained / setup.ranks


def saved_bytes(shapes: Shapes, setup: Setup, *, on_gpu: bool) -> float:
    """Bytes that one host holds beside training while a checkpoint is saved."""
    if setup.engine is Engine.whole:
        return checkpoint_bytes(shapes, setup)  # rank 0 copies all of it, then writes the copy in a thread
    if setup.engine is Engine.fsdp2:
        return setup.ranks_a_node * checkpoint_bytes(shapes, setup) / setup.ranks
    # DeepSpeed writes where it stands, and torch brings one tensor at a time from the GPU: a sub-group in float32.
    if not on_gpu or setup.offload_optimizer:
        return 0.0
    share = weights_of(shapes, setup).trained / setup.ranks
    return setup.ranks_a_node * 4.0 * (min(share, setup.sub_group) if setup.engine is Engine.zero3 else share)


def _moved(weights: Weights, setup: Setup) -> Iterator[HostPart]:
    """What Lightning moves from each GPU to the host when training ends; the optimizer has been let go by then."""
    held = parameter_bytes(weights, setup)
    if setup.engine is Engine.whole:
        held += setup.weight_bytes * weights.trained  # gradients go where their weights go
    elif setup.engine is not Engine.zero2:
        return  # of ZeRO-3's weights nothing is left where Lightning looks, and FSDP2 leaves everything where it is
    yield HostPart(name="weights and gradients, moved", size=setup.ranks_a_node * held, moments=[Moment.export])


def _exporting(shapes: Shapes, setup: Setup, exported: float, *, on_gpu: bool) -> Iterator[HostPart]:
    """What rank 0 gathers, and its copy in the folder's precision where that is another."""
    size = setup.weight_bytes
    if setup.engine in (Engine.zero3, Engine.fsdp2):
        yield HostPart(name="the whole model, gathered", size=size * shapes.total, moments=[Moment.export])
        if setup.engine is Engine.zero3 and not on_gpu:
            yield HostPart(name="one tensor, gathered", size=size * shapes.largest, moments=[Moment.export])
    if setup.adapter is not AdapterType.none:
        hidden = shapes.text.layers * shapes.text_layer_matrices
        yield HostPart(name="adapters and base, added", size=4.0 * hidden, moments=[Moment.export])
    # ZeRO-2's weights are pieces of one buffer, which no file can hold: they are copied in any case.
    if exported != size * shapes.total or setup.engine is Engine.zero2:
        yield HostPart(name="the model as it is written", size=exported, moments=[Moment.export])
