"""LLaVA over packed batches: which parts learn, and the loss of every supervised token. Shapes: ``model/batch.py``."""

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from llavapose.model.attention.interface import Seen, given_to
from llavapose.model.batch import IGNORE, Batch


def freeze_vision(model: LlavaForConditionalGeneration) -> None:
    """Freeze the vision encoder; connector and language model stay trainable (LLaVA-1.5's second stage)."""
    model.model.vision_tower.requires_grad_(False)
    # Dropout in a frozen part would be noise that nothing can learn from.
    model.model.vision_tower.eval()


def freeze_unused_vision(model: LlavaForConditionalGeneration) -> None:
    """Freeze what the features never pass through, when the rest of the vision encoder is trained.

    LLaVA-1.5 reads CLIP's last layer but one; weights without a gradient stop DistributedDataParallel.
    """
    tower: Any = model.model.vision_tower
    tower = getattr(tower, "vision_model", tower)
    # CLIP's reads the class token's last state, DINOv2's the last layer's output: LLaVA asks for neither.
    (tower.layernorm if _is_dino(tower) else tower.post_layernorm).requires_grad_(False)
    if _is_dino(tower) and tower.embeddings.mask_token is not None:
        tower.embeddings.mask_token.requires_grad_(False)
    for layer in vision_layers(model)[used_vision_layers(model) :]:
        layer.requires_grad_(False)


def _is_dino(tower: Any) -> bool:
    return hasattr(tower.encoder, "layer")


def vision_layers(model: LlavaForConditionalGeneration) -> nn.ModuleList:
    """The layers of the vision encoder, CLIP's or DINOv2's."""
    tower: Any = model.model.vision_tower
    tower = getattr(tower, "vision_model", tower)
    return tower.encoder.layer if _is_dino(tower) else tower.encoder.layers


def used_vision_layers(model: LlavaForConditionalGeneration) -> int:
    """How many of them the features pass through."""
    layers = model.config.vision_feature_layer
    return max(
        # Hidden states begin with the embeddings: -2 of 25 is what layer 23 of 24 gives.
        layer if layer >= 0 else len(vision_layers(model)) + 1 + layer
        for layer in ([layers] if isinstance(layers, int) else layers)
    )


def checkpoint_layers(model: LlavaForConditionalGeneration) -> None:
    """Keep the inputs of the language model's layers alone; their activations are computed again going backwards."""
    model.activation_checkpointing_enable()
    # It also makes what every embedding gives require gradients, that of the patches among them: the frozen vision
    # encoder would keep all its activations and be gone through backwards, for nothing.
    model.disable_input_require_grads()


def token_losses(model: LlavaForConditionalGeneration, batch: Batch, seen: Seen) -> Tensor:
    """Cross-entropy of every supervised token.

    Logits are computed at supervised positions alone, which is exact and saves the largest matrix product.

    Args:
        model: LLaVA; its base model is called directly.
        batch: R rows of T tokens.
        seen: who sees whom, from a backend in ``model/attention``.

    Returns:
        float32[N] in nats, in row-major order of the supervised positions.
    """
    hidden = model.model(
        input_ids=batch.input_ids,
        pixel_values=batch.pixel_values.to(model.dtype),
        position_ids=batch.positions,
        # Every token is there at once: keys and values need not be kept.
        use_cache=False,
        **given_to(model, seen),
    ).last_hidden_state  # [R, T, D]
    chosen = batch.targets != IGNORE  # [R, T]
    logits = model.lm_head(hidden[chosen])  # [N, V]
    # In float32 at the least: bfloat16's eight bits are too few for a sum over V.
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(logits, batch.targets[chosen], reduction="none")


def token_weights(batch: Batch, loss_power: float) -> Tensor:
    """Weight of every supervised token, by the length of its sample: float32[N], n ** -power.

    Samples are never split over batches, so that a batch knows their lengths.
    """
    owner = batch.sample_index[batch.targets != IGNORE]  # [N]
    _, inverse, counts = torch.unique(owner, return_inverse=True, return_counts=True)
    return counts[inverse].float() ** -loss_power  # [N]


def sample_losses(losses: Tensor, batch: Batch) -> dict[int, tuple[float, int]]:
    """The summed loss and the number of supervised tokens of each sample of the batch, by sample index."""
    owner = batch.sample_index[batch.targets != IGNORE]  # [N]
    kept, inverse = torch.unique(owner, return_inverse=True)
    # Summed in float64: float32 would let the order of the tokens show in the last digits.
    sums = torch.zeros(len(kept), dtype=torch.float64, device=losses.device).index_add_(0, inverse, losses.double())
    counts = torch.bincount(inverse, minlength=len(kept))
    return {int(k): (float(s), int(c)) for k, s, c in zip(kept, sums, counts, strict=True)}


def count_parameters(parameters: Iterable[nn.Parameter]) -> tuple[int, int]:
    """(all, trainable) numbers of parameters; partitioned and 4-bit ones count with their full size."""
    total = trainable = 0
    for parameter in parameters:
        packed = getattr(parameter, "quant_state", None)
        size = getattr(parameter, "ds_numel", parameter.numel()) if packed is None else packed.shape.numel()
        total += size
        trainable += size if parameter.requires_grad else 0
    return total, trainable
