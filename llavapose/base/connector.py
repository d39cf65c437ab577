"""How the tiny base's connector starts: on what the encoder was taught to say, loud enough to be heard.

A language model that meets raw features first has to find, among numbers that differ in size by orders of magnitude
and say mostly where a patch lies, the few that speak of a pose. The connector therefore starts as a plain linear map
of readouts that are the same at every patch of a person, and its tokens are as loud as what the language model's own
layers write. All of it is trained from there.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPVisionModel, LlavaForConditionalGeneration

from llavapose.base.architecture import IMAGE_SIZE, PATCH_SIZE
from llavapose.base.targets import ANGLES, BINARY, LIMBS, LOCAL, NUM_JOINTS, REGRESSED
from llavapose.base.vision import (
    TargetTable,
    feature_moments,
    load_pictures,
    normalise,
    patch_features,
    scale_features,
    target_table,
)
from llavapose.records import Scene

STRAIGHT = 3.0
"""Bias of the first layer: GELU is the identity there, to a thousandth."""
SPREAD = 0.5
"""Standard deviation of the first layer's outputs around it."""
LOUDNESS = 6.0
"""Root mean square of a picture token's entries; the language model's first layer writes about as much."""

_FIXED = slice(2 * NUM_JOINTS, 2 * NUM_JOINTS + 2 * len(LIMBS) + len(ANGLES))


def spoken_targets() -> list[int]:
    """Indices into values and flags, one behind the other, of the targets that are the same at every patch."""
    values = [*range(*_FIXED.indices(REGRESSED)), *range(LOCAL, REGRESSED)]
    return values + [REGRESSED + flag for flag in range(BINARY)]


@torch.no_grad()
def readouts(tower: CLIPVisionModel, pictures: Tensor, table: TargetTable) -> Tensor:
    """What the encoder was taught to say, as directions in its features: float[len(spoken_targets()), D].

    A ridge regression a target, over the patches that have it; every readout has standard deviation one over all
    patches, and a target that is never known gives zeros.

    Args:
        tower: the pre-trained encoder.
        pictures: uint8[M, 3, H, W].
        table: their targets, in the same order.
    """
    features = torch.cat([patch_features(tower, normalise(part)) for part in pictures.split(64)]).flatten(0, 1)
    wanted = torch.cat([table.values.float(), table.flags.float()], -1).flatten(0, 1)
    known = torch.cat([table.weights, table.flag_weights], -1).flatten(0, 1)
    centred, small = features - features.mean(0), 1e-3 * torch.eye(features.shape[1])
    directions = []
    for index in spoken_targets():
        has = known[:, index]
        if not has.any():
            directions.append(torch.zeros(features.shape[1]))
            continue
        rows, values = features[has] - features[has].mean(0), wanted[has, index] - wanted[has, index].mean()
        direction = torch.linalg.solve(rows.T @ rows / len(rows) + small, rows.T @ values / len(rows))
        directions.append(direction / (centred @ direction).std().clamp(min=1e-6))
    return torch.stack(directions)


@torch.no_grad()
def settle_connector(model: LlavaForConditionalGeneration, scenes: Sequence[Scene], images: Path) -> None:
    """Start the connector on the encoder's readouts, and scale the encoder's features to variance one.

    Args:
        model: encoder pre-trained, connector new; changed in place.
        scenes: annotated pictures to measure on.
        images: folder of the pictures.
    """
    tower, projector = model.model.vision_tower, model.model.multi_modal_projector
    first, second = projector.linear_1, projector.linear_2
    pictures = load_pictures(scenes, images, size=IMAGE_SIZE)
    _, deviation = feature_moments(tower, pictures)
    scale_features(tower, 1 / float(deviation.square().mean().sqrt()))
    mean, deviation = feature_moments(tower, pictures)
    table = target_table(scenes, grid=IMAGE_SIZE // PATCH_SIZE, mirror=False)
    said = readouts(tower, pictures, table)[: len(first.weight)]
    # Random views of all features fill the rows behind the readouts.
    views = torch.randn_like(first.weight) / deviation.clamp(min=1e-3) * first.in_features**-0.5
    first.weight.copy_(torch.cat([said, views[len(said) :]]) * SPREAD)
    first.bias.copy_(STRAIGHT - first.weight @ mean)
    torch.nn.init.orthogonal_(second.weight, gain=LOUDNESS / SPREAD)
    second.bias.copy_(-second.weight @ torch.full((first.out_features,), STRAIGHT))
