"""What a micro-batch costs: floating-point operations, and the hours that they take."""

from dataclasses import dataclass

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.setup import Setup, vision_widths
from llavapose.training.forecast.shapes import Shapes, Stack


@dataclass(frozen=True, kw_only=True)
class Work:
    """Floating-point operations of a micro-batch.

    Attributes:
        model: forward and backward, what a utilisation (MFU) counts.
        hardware: with the forward pass that checkpointing repeats.
    """

    model: float
    hardware: float


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What operations are counted by.

    Attributes:
        tokens: that pass through the language model's layers.
        pairs: of tokens, one of which attends to the other.
        targets: supervised tokens.
        pictures: that the vision encoder reads.
    """

    tokens: float
    pairs: float
    targets: float
    pictures: float


def work_of(shapes: Shapes, setup: Setup, rows: Rows) -> Work:
    """Operations of forward and backward over a micro-batch, padding and hidden pairs of tokens included."""
    pairs = float(rows.rows * rows.width**2)
    counts = Counts(tokens=rows.tokens, pairs=pairs, targets=rows.targets, pictures=rows.pictures)
    return operations(shapes, setup, counts)


def operations(shapes: Shapes, setup: Setup, counts: Counts) -> Work:
    """Operations of forward and backward, in proportion to the counts."""
    text, parameters = shapes.text, shapes.text_layer_matrices
    layers = text.layers * _layer(text, parameters, counts.tokens, counts.pairs)
    head = 2.0 * counts.targets * shapes.embedding
    picture = shapes.picture
    connector = 2.0 * counts.pictures * picture.features * shapes.connector
    encoder = _layer(
        shapes.vision, shapes.vision_layer, counts.pictures * picture.encoded, counts.pictures * picture.pairs
    )
    vision = shapes.vision_layers_used * encoder
    # A frozen matrix hands its input's gradient on but has none of its own: one product less.
    through = 2 if setup.adapter is AdapterType.none else 1
    learnt = layers * (1 + through) + head * (1 + through) + connector * 3
    model = learnt + vision * (3 if not setup.freeze_vision else 2 if vision_widths(shapes, setup) else 1)
    return Work(model=model, hardware=model + (layers if setup.checkpointing else 0))


def _layer(stack: Stack, parameters: int, tokens: float, pairs: float) -> float:
    """Forward operations: two for each weight and token, and four for each pair of tokens and number of a query."""
    return 2.0 * parameters * tokens + 4.0 * pairs * stack.queries
