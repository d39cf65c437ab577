"""Sets of several pictures a sample as data modules, and the loss of every token of them, for tests of packing."""

from __future__ import annotations

from typing import Any

import torch

from llavapose.config.choices import Packing, Sampler
from llavapose.config.schema import DataConfig
from llavapose.data.datamodule import PoseDataModule
from llavapose.model.batch import GROUP, IGNORE, Batch
from tests.data.reading.bases import base


def module(place, name: str, *, processor: Any = None, **changed: Any) -> PoseDataModule:
    if name != "llava":
        one = base(name)
        processor, changed = one.processor, {"family": one.family, **changed}
    mixture = {
        "name": "x", "kinds": {"conv": 1.0}, "num_val": 0, "num_samples": None, "max_length": 512,
        "max_branches_per_image": 0, "num_workers": changed.pop("num_workers", 0),
        "packing": changed.pop("packing", Packing.pictures), "sampler": changed.pop("sampler", Sampler.balanced),
    }  # fmt: skip
    mixture |= {key: changed.pop(key) for key in ("max_length", "frames") if key in changed}
    settings = {"batch_size": 11, "seed": 1, **changed}
    samples, images = place
    return PoseDataModule(samples=samples, images=images, processor=processor, config=DataConfig(**mixture), **settings)


def mask_of(batch: Batch) -> torch.Tensor:
    """bool[R, 1, T, T], written for these tests: who sees whom, group by group."""
    segments, order = batch.segments, torch.arange(batch.segments.shape[1])
    group, branch = segments // GROUP, segments % GROUP
    same = (group[:, :, None] == group[:, None]) & (segments >= 0)[:, None] & (segments >= 0)[:, :, None]
    seen = same & ((branch[:, None] == 0) | (branch[:, None] == branch[:, :, None])) & (order[:, None] >= order)
    if batch.blocks is not None:
        own = (batch.blocks[:, :, None] == batch.blocks[:, None]) & (batch.blocks >= 0)[:, None]
        seen |= same & own
    return (seen | torch.eye(len(order), dtype=torch.bool))[:, None]


def losses_of(model: Any, data: PoseDataModule) -> dict[str, torch.Tensor]:
    """Loss of every supervised token, by its sample's id."""
    found = {}
    for batch in data.train_dataloader():
        told = {"position_ids": batch.positions if batch.rope is None else batch.rope, **batch.beside}
        mask: Any = mask_of(batch)
        if batch.blocks is not None:
            mask = {"full_attention": mask, "sliding_attention": mask}  # no row is longer than the window
        elif data.train.pictures.type_ids:
            told[data.train.pictures.type_ids] = (batch.input_ids == model.config.image_token_id).int()
        with torch.no_grad():
            logits = model(
                input_ids=batch.input_ids, attention_mask=mask, pixel_values=batch.pixel_values, use_cache=False, **told
            ).logits
        chosen = batch.targets != IGNORE
        told_losses = torch.nn.functional.cross_entropy(logits[chosen], batch.targets[chosen], reduction="none")
        owner = batch.sample_index[chosen]
        found |= {data.train.sample(int(one)).id: told_losses[owner == one] for one in owner.unique()}
    return found
