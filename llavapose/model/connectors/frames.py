"""A light attention over time: the frames of a group see each other at each patch, before the connector's MLP.

    group of F frames, [F, patches, inputs] -> at each patch F tokens with their places in time -> attention over F
    -> added to the features -> the MLP -> averaged, where features are averaged

Its last matrix starts as zeros, so that step 0 is what the same pictures give without it, bit for bit. A picture that
stands alone passes through untouched; all groups of several pictures count as frames in order, whatever they show, for
pixels do not tell.

Which pictures belong together is told to one forward of the model at a time. Packed rows name it (``picture_rows`` of
the forward, which ``losses`` gives from the batch); without it a row of ``input_ids`` is a group, as questions are
asked: ``generate`` would read pictures before the forward, which ``made.ConnectorLlava`` does not let it. A hook on the
model hands it to the connector and takes it back, so that it is the same under ZeRO-3, FSDP2 and gradient
checkpointing, whose recomputing does not reach the connector, and nothing lasts beyond the forward.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlavaConfig

from llavapose.errors import LlavaPoseError
from llavapose.model.connectors.configured import picture_tokens
from llavapose.model.connectors.own import AttendingProjector

SHORTEST, LONGEST = 4, 64
"""Wavelengths of places, in frames: neighbours are a quarter turn apart in the first, and the 16 frames that a sample
lists at most are a quarter turn in all in the last."""


class FrameAttention(AttendingProjector):
    """Attention between the frames of a group at each patch, added to their features, before the MLP.

    Attributes:
        sizes: pictures of each group, in the order of the features, while a forward runs; None: none does.
        tokens: that a picture takes in a row.
    """

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        self.sizes: Sequence[int] | None = None
        self.tokens = picture_tokens(config)

    def embedded(self, image_features: Tensor) -> Tensor:
        """As ``OwnProjector``'s."""
        return super().embedded(image_features + self._taken(image_features))

    def _taken(self, features: Tensor) -> Tensor:
        """float[P, patches, inputs]: what each patch of a frame takes from the same patch of the others; alone zero."""
        # Outside a forward a single picture's group is known; of several, guessing would be wrong without a word.
        sizes = [1] if self.sizes is None else self.sizes
        if sum(sizes) != len(features):
            raise LlavaPoseError(
                f"connector=frame_attention: {len(features)} pictures, and of {sum(sizes)} it is told which belong "
                "together; give them to the model's forward, with the tokens of each in its row, or with picture_rows"
            )
        taken = torch.zeros_like(features)
        if all(size == 1 for size in sizes):
            # Weights that a step leaves out stop DistributedDataParallel, and let ZeRO-3's other ranks wait for ever.
            return taken + 0 * self.attended(self.norm(features[:1, :1]))
        for places in _by_size(sizes, features.device):
            # [groups, patches, frames, inputs]
            frames = self.norm(features[places]).transpose(1, 2)
            frames = frames + places_in_time(places.shape[1], frames)
            seen = self.attended(frames).transpose(1, 2).flatten(0, 1)
            taken = taken.index_copy(0, places.flatten(), seen.to(taken.dtype))
        return taken


def _by_size(sizes: Sequence[int], device: torch.device) -> list[Tensor]:
    """int64[groups, frames] for every number of frames above one: where the pictures of such groups lie."""
    found: dict[int, list[int]] = {}
    start = 0
    for size in sizes:
        found.setdefault(size, []).append(start)
        start += size
    return [
        torch.tensor(starts, device=device)[:, None] + torch.arange(size, device=device)
        for size, starts in found.items()
        if size > 1
    ]


def places_in_time(num: int, like: Tensor) -> Tensor:
    """Sines and cosines of the frames' places in their group: float[num, inputs], of the type and place of ``like``.

    By place and not by second: the frames that are shown are spread evenly (``frames.chosen``).
    """
    width = like.shape[-1]
    steps = torch.linspace(0, 1, (width + 1) // 2, device=like.device)
    turns = 2 * math.pi / (SHORTEST * (LONGEST / SHORTEST) ** steps)  # radians a frame
    angles = torch.arange(num, device=like.device)[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width].to(like.dtype)


def told_groups(model: nn.Module) -> None:
    """Have a LLaVA's base model tell its connector which pictures belong together, in place; once is enough.

    Args:
        model: ``LlavaModel``; its forward takes ``picture_rows`` from now on: int64 or a list, pictures of each group.
    """
    if _before not in model._forward_pre_hooks.values():
        model.register_forward_pre_hook(_before, with_kwargs=True)
        model.register_forward_hook(_behind, always_call=True)


def _before(model: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    rows = given.pop("picture_rows", None)
    connector = model.multi_modal_projector
    if isinstance(connector, FrameAttention) and given.get("pixel_values") is not None:
        if isinstance(rows, Tensor):
            rows = rows.tolist()
        connector.sizes = _of_rows(model, given.get("input_ids"), connector.tokens) if rows is None else rows
    return args, given


def _of_rows(model: Any, ids: Tensor | None, tokens: int) -> list[int]:
    """Pictures of each row that has some."""
    if ids is None:
        raise LlavaPoseError(
            "connector=frame_attention: pictures without input_ids, whose rows say which belong together; give "
            "picture_rows"
        )
    counts = (ids == model.config.image_token_id).sum(dim=1) // tokens
    return [count for count in counts.tolist() if count]


def _behind(model: Any, args: Any, output: Any) -> None:
    if isinstance(model.multi_modal_projector, FrameAttention):
        model.multi_modal_projector.sizes = None


def groups_of(model: Any, pictures: int, rows: Tensor | None) -> dict[str, Any]:
    """What a forward over packed rows is told of groups, where its connector asks for it.

    Args:
        model: any base.
        pictures: of the batch.
        rows: int64[P], pictures of each group; None: one each.
    """
    parts = getattr(model.config, "connector", None) or {}
    if parts.get("type") != "frame_attention":
        return {}
    return {"picture_rows": [1] * pictures if rows is None else rows}
