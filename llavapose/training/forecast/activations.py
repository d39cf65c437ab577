"""What a micro-batch needs: activations that wait for the backward pass, logits, the attention mask, the batch itself.

The counts follow the code of transformers' Llama and CLIP line by line; ``benchmarks/memory.py`` holds them against
what autograd keeps.
"""

from dataclasses import dataclass

from llavapose.config.choices import AdapterType
from llavapose.training.forecast.setup import Engine, Setup, adapter_widths, vision_widths
from llavapose.training.forecast.shapes import Shapes
from llavapose.training.forecast.states import BACKWARD, Part, Phase

_INDEX, _FLOAT = 8, 4


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The shape of a packed micro-batch: see ``model/batch.py``.

    Attributes:
        rows: R.
        width: T, tokens of the longest row.
        targets: N, supervised tokens.
        pictures: pictures of all rows.
    """

    rows: int
    width: int
    targets: int
    pictures: int

    @property
    def tokens(self) -> int:
        """Positions that are computed, padding included."""
        return self.rows * self.width


def activation_parts(shapes: Shapes, setup: Setup, rows: Rows) -> list[Part]:
    """What a micro-batch adds on each GPU, part by part."""
    kept = "activations (inputs of layers)" if setup.checkpointing else "activations"
    return [
        Part(name=kept, gpu=layer_activations(shapes, setup, rows), phase=BACKWARD),
        Part(name="one layer computed again", gpu=_working_layer(shapes, setup, rows), phase=Phase.layer),
        Part(name="vision encoder", gpu=vision_activations(shapes, setup, rows), phase=BACKWARD),
        Part(name="last norm and connector", gpu=outer_activations(shapes, setup, rows), phase=BACKWARD),
        # What is kept, the gradient that the loss gives, and the one that log-softmax makes of it.
        Part(name="logits", gpu=3 * logit_activations(shapes, rows), phase=Phase.loss),
        Part(name="attention mask", gpu=mask_bytes(rows) if setup.dense_mask else 0.0, phase=BACKWARD),
        Part(name="batch", gpu=batch_bytes(shapes, rows), phase=BACKWARD),
    ]


def layer_activations(shapes: Shapes, setup: Setup, rows: Rows) -> float:
    """Bytes that the layers of the language model keep for the backward pass."""
    if not setup.checkpointing:
        return shapes.text.layers * one_layer(shapes, setup, rows)
    return float(shapes.text.layers * _residual(setup) * rows.tokens * shapes.text.hidden)


def one_layer(shapes: Shapes, setup: Setup, rows: Rows) -> float:
    """Bytes that one layer of the language model keeps, its activations not computed again."""
    text, size, tokens = shapes.text, setup.compute_bytes, rows.tokens
    norms = 2 * (_norm(setup) * text.hidden + _FLOAT)
    # Queries, keys, values and output; with fewer heads of keys, they are repeated to as many as there are queries.
    attention = 4 * size * text.queries + (0 if setup.eager else _FLOAT * text.heads)
    # Gate, its SiLU, up, and their product, which only a matrix that learns has to keep.
    mlp = (4 if setup.adapter is AdapterType.none else 3) * size * text.intermediate
    scores = rows.rows * rows.width**2
    if setup.eager:
        # The softmax in float32, and its copy where that is not the precision.
        scores *= text.heads * (_FLOAT + (size if size < _FLOAT else 0))
    else:
        # The mask as numbers to add, which the fused attention makes of a boolean one for itself.
        scores *= size if setup.dense_mask else 0
    return tokens * (norms + attention + mlp + _beside_adapters(shapes, setup)) + scores


def _residual(setup: Setup) -> int:
    """Bytes of a number between layers: autocast lets them stay as wide as the weights."""
    return setup.frozen_bytes if _autocast(setup) else setup.compute_bytes


def _autocast(setup: Setup) -> bool:
    # Beside an adapter the frozen weights are as narrow as what is computed, and so is what lies between them.
    return setup.compute_bytes < setup.frozen_bytes and setup.engine is Engine.whole


def _norm(setup: Setup) -> int:
    """Bytes that a norm keeps for each number of its input: input and normalised in float32 or less, and its output."""
    if setup.adapter is not AdapterType.none:
        return _FLOAT  # nothing behind it learns from what it gives
    if _autocast(setup):
        # Input and normalised, and each matrix's own cast of the output: five behind a layer's two norms.
        return 2 * _FLOAT + 5 * setup.compute_bytes // 2
    return _FLOAT + 2 * setup.compute_bytes


def _beside_adapters(shapes: Shapes, setup: Setup) -> float:
    """What low-rank pairs keep for a token: of each input a copy with its dropout's mask, and the narrow product."""
    size = setup.compute_bytes
    inputs = sum(inputs for inputs, _ in adapter_widths(shapes, setup))
    return (size + setup.dropout_bytes) * inputs + size * setup.adapter_rank * len(adapter_widths(shapes, setup))


def vision_activations(shapes: Shapes, setup: Setup, rows: Rows) -> float:
    """Bytes that the vision encoder's layers keep where they have adapters; none where it is frozen whole."""
    widths, vision, size = vision_widths(shapes, setup), shapes.vision, setup.compute_bytes
    if not widths:
        return 0.0
    tokens = rows.pictures * shapes.picture.encoded
    if setup.checkpointing:
        # The inputs of the layers, and what goes into the first and comes out of the last.
        return float((shapes.vision_layers_used + 2) * size * tokens * vision.hidden)
    inputs = sum(width for width, _ in widths)
    pairs = (size + setup.dropout_bytes) * inputs + size * setup.adapter_rank * len(widths)
    # Two norms, queries, keys, values and what they come to; the input of the activation, and for CLIP's its sigmoid.
    layer = size * (6 * vision.hidden + vision.intermediate) + pairs
    layer += 0 if shapes.encoder.is_dino else size * (vision.intermediate + 2 * vision.hidden)
    return float(shapes.vision_layers_used * tokens * layer)


def _working_layer(shapes: Shapes, setup: Setup, rows: Rows) -> float:
    """A layer's activations where they are computed again, and the gradients that stand beside them."""
    text, size = shapes.text, setup.compute_bytes
    # Of gate and up while their product's is still there, of the residual and of what is added to it.
    gradients = rows.tokens * size * (2 * text.intermediate + 2 * text.hidden)
    return gradients + (one_layer(shapes, setup, rows) if setup.checkpointing else 0)


def outer_activations(shapes: Shapes, setup: Setup, rows: Rows) -> float:
    """Bytes that connector, last norm and positions keep, and the gathered inputs of the output layer."""
    hidden, size = shapes.text.hidden, setup.compute_bytes
    picture = shapes.picture
    features = rows.pictures * (picture.features + picture.cut) * shapes.connector_inputs
    connector = rows.pictures * picture.features * 2 * hidden
    last = rows.tokens * (_norm_without_output(setup) * hidden + _FLOAT)
    gathered = rows.targets * (size * hidden + 3 * _INDEX)
    positions = rows.tokens * 2 * shapes.text.head_dim * (0 if setup.checkpointing else _residual(setup))
    return size * (features + connector) + last + gathered + positions


def _norm_without_output(setup: Setup) -> int:
    if setup.adapter is not AdapterType.none:
        return _FLOAT
    return 2 * _FLOAT if _autocast(setup) else _FLOAT + setup.compute_bytes


def logit_activations(shapes: Shapes, rows: Rows) -> float:
    """Bytes of the log-probabilities that the loss keeps, in float32, of the supervised positions alone."""
    return float(_FLOAT * rows.targets * shapes.vocab)


def mask_bytes(rows: Rows) -> float:
    """Bytes of the boolean attention mask."""
    return float(rows.rows * rows.width**2)


def batch_bytes(shapes: Shapes, rows: Rows) -> float:
    """Bytes of a batch's five tables of indices and its pictures in float32."""
    return float(5 * _INDEX * rows.tokens + _FLOAT * shapes.picture.values * rows.pictures)
