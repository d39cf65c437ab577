"""What a model holds whatever the batch is: weights, gradients, optimizer, and what a step needs for a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.setup import Engine, Setup, Weights, weights_of
from llavapose.training.forecast.shapes import Shapes

_FOUR_BITS = 0.5 + 4.5 / 64 / 4
"""Bytes of a weight in nf4: half a byte, and its block's scale, itself in 8 bits with a float32 for 256 of them."""


class Phase(Flag):
    """When memory is in use; the sum over a phase is what a GPU needs then."""

    loss = auto()
    """The end of the forward pass and the loss's own backward."""
    layer = auto()
    """The backward pass of the first layer that it reaches, with all others' inputs still there."""
    step = auto()
    """The optimizer's step."""


ALWAYS = Phase.loss | Phase.layer | Phase.step
BACKWARD = Phase.loss | Phase.layer


@dataclass(frozen=True, kw_only=True)
class Part:
    """One line of the memory.

    Attributes:
        name: what it is.
        gpu: bytes on each GPU.
        host: bytes of the host's memory for each rank.
        phase: when.
    """

    name: str
    gpu: float
    host: float = 0.0
    phase: Phase = ALWAYS


def state_parts(shapes: Shapes, setup: Setup) -> list[Part]:
    """Weights, gradients and optimizer of one rank, and what buckets and a step add for a while."""
    weights = weights_of(shapes, setup)
    sharing = setup.ranks if setup.engine is not Engine.whole else 1
    kept = [
        _at("parameters", parameter_bytes(weights, setup), host=setup.offload_parameters),
        _at("gradients", _gradients(weights, setup), host=setup.offload_optimizer),
        _at("optimizer", optimizer_bytes(weights, setup) / sharing, host=setup.offload_optimizer),
    ]
    return [*kept, *_for_a_while(shapes, weights, setup)]


def _at(name: str, size: float, *, host: bool, phase: Phase = ALWAYS) -> Part:
    return Part(name=name, gpu=0 if host else size, host=size if host else 0, phase=phase)


def parameter_bytes(weights: Weights, setup: Setup) -> float:
    """Bytes of a rank's weights."""
    plain = weights.frozen - weights.quantised
    size = setup.weight_bytes * weights.trained + setup.frozen_bytes * plain + _FOUR_BITS * weights.quantised
    # Only these two cut up weights.
    return size / setup.ranks if setup.engine in (Engine.zero3, Engine.fsdp2) else size


def _gradients(weights: Weights, setup: Setup) -> float:
    # Of the weights' own precision, as autograd makes them and DeepSpeed keeps them.
    size = setup.weight_bytes * weights.trained
    return size if setup.engine is Engine.whole else size / setup.ranks


def optimizer_bytes(weights: Weights, setup: Setup) -> float:
    """Bytes of all ranks together: two moments a weight, one under Muon, and a float32 copy of weights that are not."""
    moment = 4 if setup.masters else setup.weight_bytes
    with_two = weights.trained - (weights.matrices if setup.muon else 0)
    moments = moment * (2 * with_two + (weights.matrices if setup.muon else 0))
    return moments + (4 * weights.trained if setup.masters else 0)


def _for_a_while(shapes: Shapes, weights: Weights, setup: Setup) -> Iterator[Part]:
    share = weights.trained / (1 if setup.engine is Engine.whole else setup.ranks)
    if setup.engine is Engine.zero3:
        # A sub-group's gradient in float32, and as much again for the root of AdamW's second moment.
        grouped = min(share, setup.sub_group)
        yield _at("step: sub-group in float32", 8 * grouped, host=setup.offload_optimizer, phase=Phase.step)
    elif setup.engine is Engine.zero2:
        yield _at("step: share in float32", 8 * share, host=setup.offload_optimizer, phase=Phase.step)
    else:
        # In place but for the root; a loop over the weights, as on a CPU, needs the largest one's alone.
        at_once = share if setup.foreach else shapes.largest
        yield Part(name="step: AdamW", gpu=setup.weight_bytes * at_once, phase=Phase.step)
    yield from _buckets(shapes, weights, setup)


def _buckets(shapes: Shapes, weights: Weights, setup: Setup) -> Iterator[Part]:
    size = setup.weight_bytes
    if setup.engine in (Engine.zero2, Engine.zero3):
        # ZeRO-3 keeps the bucket that gradients are copied to; the largest gradient comes and goes.
        kept = ALWAYS if setup.engine is Engine.zero3 else BACKWARD
        yield Part(name="bucket of gradients", gpu=size * setup.reduce_bucket, phase=kept)
        largest = size * min(shapes.largest, weights.trained)
        yield Part(name="largest gradient on its way", gpu=largest, phase=BACKWARD)
        if setup.engine is Engine.zero2 and setup.ranks > 1:
            yield Part(name="bucket of weights", gpu=size * setup.gather_bucket, phase=Phase.step)
    if setup.engine is Engine.zero3 and setup.ranks > 1:
        live = min(setup.max_live, weights.total)
        yield Part(name="gathered weights", gpu=size * live, phase=BACKWARD)
    elif setup.engine is Engine.fsdp2 and setup.ranks > 1:
        # The root unit (embeddings, connector, what is in no layer), one layer in use and the next; their gradients.
        root = shapes.language - shapes.text.layers * shapes.text_layer + shapes.connector
        live = root + 2 * shapes.text_layer
        yield Part(name="gathered weights", gpu=setup.compute_bytes * live, phase=BACKWARD)
        yield Part(name="buckets of gradients", gpu=(setup.compute_bytes + 4) * max(root, live - root), phase=BACKWARD)
    elif setup.engine is Engine.whole:
        if setup.ddp:
            yield Part(name="buckets of gradients", gpu=size * weights.trained)
        if setup.compute_bytes < setup.weight_bytes and setup.adapter is AdapterType.none:
            # Until the forward pass ends; longer where backward reads them again instead of casting anew.
            phase = Phase.loss if setup.checkpointing else BACKWARD
            yield Part(name="weights cast by autocast", gpu=cast_bytes(shapes, setup), phase=phase)


def cast_bytes(shapes: Shapes, setup: Setup) -> float:
    """Bytes of the matrices that autocast has cast and keeps until backward has read them; embeddings are only read."""
    hidden = shapes.text.layers * shapes.text_layer_matrices
    return float(setup.compute_bytes * (hidden + shapes.embedding + shapes.text.hidden**2))


def checkpoint_bytes(shapes: Shapes, setup: Setup) -> float:
    """Bytes on disk of one checkpoint that training goes on from: weights and optimizer of all ranks."""
    weights = weights_of(shapes, setup)
    if setup.adapter is not AdapterType.none and setup.engine is Engine.whole:
        return setup.weight_bytes * weights.trained + optimizer_bytes(
            weights, setup
        )  # beside a base that does not change
    plain = weights.frozen - weights.quantised
    stored = setup.weight_bytes * weights.trained + setup.frozen_bytes * plain + _FOUR_BITS * weights.quantised
    return stored + optimizer_bytes(weights, setup)
