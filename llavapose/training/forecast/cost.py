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


def work_of(shapes: Shapes, setup: Setup, rows: Rows) -> Work:
    """Operations of forward and backward over a micro-batch, padding and hidden pairs of tokens included."""
    layers = _layers(shapes.text, shapes.text_layer_matrices, rows.rows, rows.width, shapes.text.layers)
    head = 2.0 * rows.targets * shapes.embedding
    connector = 2.0 * rows.pictures * shapes.image_tokens * shapes.connector
    patches = shapes.vision_patches + 1
    vision = _layers(shapes.vision, shapes.vision_layer, rows.pictures, patches, shapes.vision_layers_used)
    # A frozen matrix hands its input's gradient on but has none of its own: one product less.
    through = 2 if setup.adapter is AdapterType.none else 1
    learnt = layers * (1 + through) + head * (1 + through) + connector * 3
    model = learnt + vision * (3 if not setup.freeze_vision else 2 if vision_widths(shapes, setup) else 1)
    return Work(model=model, hardware=model + (layers if setup.checkpointing else 0))


def _layers(stack: Stack, parameters: int, sequences: int, length: int, num: int) -> float:
    """Forward operations: two for each weight and token, and four for each pair of tokens and number of a query."""
    pairs = 4.0 * sequences * length**2 * stack.queries
    return num * (2.0 * parameters * sequences * length + pairs)
