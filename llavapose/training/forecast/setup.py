"""How a run lays a model out: strategy, ranks, precision, what learns. Plain values, and the counts that follow."""

from dataclasses import dataclass
from enum import StrEnum

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.shapes import Shapes

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of Llama."""


class Engine(StrEnum):
    """Who holds what: every rank everything, or DeepSpeed's ZeRO or FSDP2 a share of it."""

    whole = "whole"
    zero2 = "zero2"
    zero3 = "zero3"
    fsdp2 = "fsdp2"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One way to train.

    Attributes:
        engine: who holds what.
        ranks: processes, one a GPU.
        ranks_a_node: those that share a host's memory.
        weight_bytes: of a trained weight as the layers use it between steps.
        frozen_bytes: of a frozen weight.
        compute_bytes: of an activation; smaller than ``weight_bytes`` under autocast and FSDP2's mixed precision.
        masters: whether the optimizer keeps float32 copies of the trained weights beside them.
        offload_optimizer: gradients, masters and moments in the host's memory.
        offload_parameters: weights too, but for those in use.
        sub_group: weights that ZeRO-3 updates at a time, of a rank's own share.
        reduce_bucket: gradients that are reduced at a time.
        gather_bucket: weights that ZeRO-2 gathers at a time behind a step.
        max_live: gathered weights that ZeRO-3 keeps at most.
        adapter: what learns in the language model.
        adapter_rank: of the low-rank matrices.
        adapter_targets: names of the layers that they stand beside.
        adapter_towers: the stacks that they stand in.
        dropout_bytes: of the mask of an adapter's dropout: 1 on a GPU, a float32 on a CPU, 0 without.
        freeze_vision: whether the vision encoder is frozen.
        linear_connector: whether only the connector's first layer learns.
        checkpointing: whether activations are computed again in the backward pass.
        eager: attention with all its scores in memory, instead of a fused one.
        dense_mask: packed rows have a mask of every two tokens; so has ``branches`` by this count, whose masks are
            smaller and whose keys are copied instead.
        muon: hidden matrices have one moment instead of two.
        ddp: gradients have a second copy in the buckets of DistributedDataParallel.
        foreach: AdamW takes all weights of a group at once, as torch does on a GPU.
        sharded_loading: each rank reads its own share of the base instead of the whole.
        loading_bytes: of a weight in the host's memory while it is read.
    """

    engine: Engine = Engine.whole
    ranks: int = 1
    ranks_a_node: int = 1
    weight_bytes: int = 4
    frozen_bytes: int = 4
    compute_bytes: int = 4
    masters: bool = False
    offload_optimizer: bool = False
    offload_parameters: bool = False
    sub_group: int = 1_000_000_000
    reduce_bucket: int = 0
    gather_bucket: int = 0
    max_live: int = 1_000_000_000
    adapter: AdapterType = AdapterType.none
    adapter_rank: int = 0
    adapter_targets: tuple[str, ...] = TARGETS
    adapter_towers: tuple[str, ...] = ("language",)
    dropout_bytes: int = 1
    freeze_vision: bool = True
    linear_connector: bool = False
    checkpointing: bool = False
    eager: bool = False
    dense_mask: bool = True
    muon: bool = False
    ddp: bool = False
    foreach: bool = True
    sharded_loading: bool = False
    loading_bytes: int = 4


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Parameters by what becomes of them.

    Attributes:
        trained: learn.
        frozen: do not.
        quantised: those of the frozen that are kept in 4 bits.
        matrices: those of the trained that are hidden matrices, Muon's.
    """

    trained: int
    frozen: int
    quantised: int = 0
    matrices: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.trained + self.frozen


def weights_of(shapes: Shapes, setup: Setup) -> Weights:
    """How many parameters of a model learn in a run, and how many do not."""
    connector = shapes.connector_first if setup.linear_connector else shapes.connector
    vision = 0 if setup.freeze_vision else _trained_vision(shapes)
    hidden = shapes.text.layers * shapes.text_layer_matrices
    if setup.adapter is AdapterType.none:
        trained = shapes.language + connector + vision
        return Weights(trained=trained, frozen=shapes.total - trained, matrices=hidden)
    pairs = sum(inputs + outputs for inputs, outputs in adapter_widths(shapes, setup))
    beside = setup.adapter_rank * shapes.text.layers * pairs
    seen = sum(inputs + outputs for inputs, outputs in vision_widths(shapes, setup))
    beside += setup.adapter_rank * shapes.vision_layers_used * seen
    # The connector learns as a whole; the vision encoder's own weights are frozen beside an adapter in any case.
    return Weights(
        trained=connector + beside,
        frozen=shapes.total - connector,
        quantised=hidden if setup.adapter is AdapterType.qlora else 0,
    )


def adapter_widths(shapes: Shapes, setup: Setup) -> list[tuple[int, int]]:
    """(inputs, outputs) of the matrices of a language layer that get a low-rank pair; none without an adapter."""
    text = shapes.text
    known = {
        "q_proj": (text.hidden, text.queries),
        "k_proj": (text.hidden, text.keys),
        "v_proj": (text.hidden, text.keys),
        "o_proj": (text.queries, text.hidden),
        "gate_proj": (text.hidden, text.intermediate),
        "up_proj": (text.hidden, text.intermediate),
        "down_proj": (text.intermediate, text.hidden),
    }
    return [known[name] for name in _targets(setup, "language") if name in known]


def vision_widths(shapes: Shapes, setup: Setup) -> list[tuple[int, int]]:
    """The same for a layer of the vision encoder, by the language model's names: it has no gate."""
    width, inner = shapes.vision.hidden, shapes.vision.intermediate
    known = dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), (width, width))
    known |= {"up_proj": (width, inner), "down_proj": (inner, width)}
    return [known[name] for name in _targets(setup, "vision") if name in known]


def _targets(setup: Setup, tower: str) -> tuple[str, ...]:
    is_adapted = setup.adapter is not AdapterType.none and tower in setup.adapter_towers
    return setup.adapter_targets if is_adapted else ()


def _trained_vision(shapes: Shapes) -> int:
    """All but what features do not pass through."""
    return shapes.vision_encoder - shapes.encoder.idle
