"""The loss of every supervised token of packed rows, for every family. Shapes: ``model/batch.py``."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedModel

from llavapose.errors import LlavaPoseError
from llavapose.families.family import Family
from llavapose.model.attention.interface import Seen, given_to, is_own
from llavapose.model.batch import IGNORE, Batch
from llavapose.model.connectors.frames import groups_of
from llavapose.model.parts import family_of


def token_losses(model: PreTrainedModel, batch: Batch, seen: Seen, *, picture_ids: Sequence[int] = ()) -> Tensor:
    """Cross-entropy of every supervised token.

    Logits are computed at supervised positions alone, which is exact and saves the largest matrix product.

    Args:
        model: the base; of a known family its base model is called directly.
        batch: R rows of T tokens.
        seen: who sees whom, from a backend in ``model/attention``.
        picture_ids: by which pictures' tokens are found where the batch says nothing of blocks; none: the
            configuration's.

    Returns:
        float32[N] in nats, in row-major order of the supervised positions.
    """
    family = family_of(model)
    given = _arguments(model, family, batch, seen, picture_ids)
    chosen = batch.targets != IGNORE  # [R, T]
    if family.guessed:
        # Its head may do more than multiply: cap or scale logits.
        logits = model(**given).logits[chosen]
    else:
        hidden = model.model(**given).last_hidden_state  # [R, T, D]
        head: Any = model.get_output_embeddings()
        logits = head(hidden[chosen])  # [N, V]
    # In float32 at the least: bfloat16's eight bits are too few for a sum over V.
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(logits, batch.targets[chosen], reduction="none")


def _arguments(model: Any, family: Family, batch: Batch, seen: Seen, picture_ids: Sequence[int]) -> dict[str, Any]:
    """What the forward is told."""
    positions = _positions(model, family, batch, seen)
    return {
        "input_ids": batch.input_ids,
        "pixel_values": batch.pixel_values.to(model.dtype),
        **batch.beside,
        **({} if positions is None else {"position_ids": positions}),
        **_types(model, family, batch, picture_ids),
        **groups_of(model, len(batch.pixel_values), batch.picture_rows.get("pixel_values")),
        # Every token is there at once: keys and values need not be kept.
        "use_cache": False,
        **given_to(model, seen),
    }


def _types(model: Any, family: Family, batch: Batch, picture_ids: Sequence[int]) -> dict[str, Tensor]:
    """Which tokens are pictures', where the forward asks for it."""
    if family.type_ids and batch.blocks is not None:
        return {family.type_ids: (batch.blocks >= 0).long()}
    if family.type_ids:
        ids = torch.tensor(picture_ids or [model.config.image_token_id], device=batch.input_ids.device)
        return {family.type_ids: torch.isin(batch.input_ids, ids).long()}
    if family.guessed and family.grid_positions:
        return {"mm_token_type_ids": _is_picture(model, batch)}
    return {}


def _is_picture(model: Any, batch: Batch) -> Tensor:
    return (batch.input_ids == model.config.image_token_id).long()


def _positions(model: Any, family: Family, batch: Batch, seen: Seen) -> Tensor | None:
    """Rotary positions: int64[R, T] or [3, R, T]; None: the model counts itself.

    Raises:
        LlavaPoseError: rows of several samples without the positions that their family needs.
    """
    if batch.rope is not None:
        return batch.rope
    if family.guessed and is_own(seen):
        return None
    if not family.grid_positions:
        return batch.positions
    if not is_own(seen) or family.guessed:
        raise LlavaPoseError(
            f"packed rows of {model.config.model_type!r} need positions by time, row and column, and the batch has "
            "none; use data.packing=none"
        )
    # As transformers counts them, one sample a row; moved on where the batch's own positions are.
    rope, _ = model.model.get_rope_index(
        batch.input_ids,
        _is_picture(model, batch),
        image_grid_thw=batch.beside["image_grid_thw"],
        attention_mask=seen.long() if isinstance(seen, Tensor) else None,
    )
    return rope + batch.positions[:, :1]


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
