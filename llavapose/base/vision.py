"""Pre-train the tiny vision encoder: at every patch, regress the pose of the person it lies on.

The heads are linear, so that what they read lies open in the features that the connector gets.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm
from transformers import CLIPVisionModel

from llavapose.base.body_frame import ENDS
from llavapose.base.targets import (
    BINARY,
    LOCAL,
    MAX_PEOPLE,
    NUM_JOINTS,
    PERSON_ORDER,
    REGRESSED,
    VISIBLE,
    mirrored_order,
    patch_targets,
    scene_arrays,
)
from llavapose.config.schema import OptimConfig
from llavapose.records import Scene
from llavapose.rgb import open_image
from llavapose.training.optim import make_optimizer

COMPILE_FROM = 500
"""Steps from which compiling (half a minute) pays."""


@dataclass(frozen=True, kw_only=True)
class VisionRecipe:
    """One stage: ``steps`` of ``batch_size`` pictures with new heads, cosine from ``lr`` (AdamW) and ``muon_lr``.

    ``things``: learn the joints in the person's own frame and what lies at hands and feet as well.
    """

    steps: int
    things: bool = True
    batch_size: int = 32
    lr: float = 1.5e-3
    muon_lr: float = 0.02
    weight_decay: float = 0.02
    seed: int = 0


class PatchHeads(nn.Module):
    """Linear readouts of patch features: float[B, P, D] -> values, flags, number of people."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.values = nn.Linear(width, REGRESSED)
        self.flags = nn.Linear(width, BINARY)
        self.count = nn.Linear(width, MAX_PEOPLE)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(float[B, P, REGRESSED], float[B, P, BINARY], float[B, P, MAX_PEOPLE])."""
        features = self.norm(features)
        return self.values(features), self.flags(features), self.count(features)


def load_pictures(scenes: Sequence[Scene], root: Path, *, size: int) -> Tensor:
    """uint8[M, 3, size, size]: every picture padded to a square with CLIP's mean colour and resized (bicubic)."""
    pictures = np.empty((len(scenes), 3, size, size), np.uint8)
    for number, scene in enumerate(tqdm(scenes, desc="reading pictures", unit="img")):
        image = open_image(root / scene.image, where=f"scene {scene.id}")
        side = max(image.size)
        if image.width != image.height:
            square = Image.new("RGB", (side, side), (122, 116, 104))
            square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
            image = square
        pictures[number] = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    return torch.from_numpy(pictures)


def normalise(pictures: Tensor) -> Tensor:
    """uint8[B, 3, H, W] to CLIP's normalised float32."""
    mean = torch.tensor((0.48145466, 0.4578275, 0.40821073)).view(1, 3, 1, 1)
    std = torch.tensor((0.26862954, 0.26130258, 0.27577711)).view(1, 3, 1, 1)
    return (pictures.float() / 255 - mean) / std


@dataclass(frozen=True, kw_only=True)
class TargetTable:
    """Targets of M pictures: ``patch_targets``' fields stacked, as float16 where they are many; mirrored ones too."""

    values: Tensor
    weights: Tensor
    flags: Tensor
    flag_weights: Tensor
    count: Tensor

    def rows(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The fields of the pictures at ``index``, as float32 but for the count."""
        many = (self.values, self.weights, self.flags, self.flag_weights)
        values, weights, flags, flag_weights = (field[index].float() for field in many)
        return values, weights, flags, flag_weights, self.count[index]


def target_table(scenes: Sequence[Scene], *, grid: int, mirror: bool) -> TargetTable:
    """Targets of every scene, or of its mirror picture: x turns round, left and right joints change names."""
    order, rows = mirrored_order(), []
    for scene in scenes:
        keypoints, boxes, things = scene_arrays(scene)
        if mirror:
            known = keypoints[..., 2:] > 0
            keypoints = keypoints[:, order]
            keypoints[..., :1] = np.where(known[:, order], 1 - keypoints[..., :1], 0)
            boxes, things[:, :4] = _mirrored_boxes(boxes), _mirrored_boxes(things)
        rows.append(patch_targets(keypoints, boxes, things, grid=grid))
    return TargetTable(
        values=torch.from_numpy(np.stack([r.values for r in rows]).astype(np.float16)),
        weights=torch.from_numpy(np.stack([r.weights for r in rows]).astype(bool)),
        flags=torch.from_numpy(np.stack([r.flags for r in rows]).astype(bool)),
        flag_weights=torch.from_numpy(np.stack([r.flag_weights for r in rows]).astype(bool)),
        count=torch.tensor([r.count for r in rows]),
    )


def _mirrored_boxes(boxes: np.ndarray) -> np.ndarray:
    return np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1)


def patch_features(tower: CLIPVisionModel, pixel_values: Tensor) -> Tensor:
    """float[B, P, D]: what LLaVA takes from the encoder: the last layer's output without the class token."""
    return tower(pixel_values).last_hidden_state[:, 1:]


def head_loss(
    heads: PatchHeads,
    features: Tensor,
    values: Tensor,
    weights: Tensor,
    flags: Tensor,
    flag_weights: Tensor,
    count: Tensor,
) -> Tensor:
    """Smooth L1 on the numbers, cross-entropy on flags and count; targets as in ``TargetTable.rows``.

    Joints as seen from the patch and in the person's own frame weigh alike; so do a person's and the things' flags.
    """
    said_values, said_flags, said_count = heads(features)
    regression = F.smooth_l1_loss(said_values, values, beta=0.02, reduction="none") * weights
    binary = F.binary_cross_entropy_with_logits(said_flags, flags, reduction="none") * flag_weights
    loss = 0.2 * F.cross_entropy(said_count.transpose(1, 2), count[:, None].expand(-1, said_count.shape[1]))
    for part in (slice(0, LOCAL), slice(LOCAL, REGRESSED)):
        loss = loss + 20 * regression[..., part].sum() / weights[..., part].sum().clamp(min=1)
    for part in (slice(0, VISIBLE), slice(VISIBLE, BINARY)):
        loss = loss + binary[..., part].sum() / flag_weights[..., part].sum().clamp(min=1)
    return loss


def _step_loss(tower: CLIPVisionModel, heads: PatchHeads, pictures: Tensor, *targets: Tensor) -> Tensor:
    # A fifth faster where the CPU multiplies bfloat16; the heads and the loss stay in float32.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
        features = patch_features(tower, pictures)
    return head_loss(heads, features.float(), *targets)


def pretrain_vision(tower: CLIPVisionModel, scenes: Sequence[Scene], root: Path, recipe: VisionRecipe) -> PatchHeads:
    """Train an encoder, in place, on annotated pictures and their mirror images; returns its heads."""
    torch.manual_seed(recipe.seed)
    config: Any = tower.config
    tower.train()
    heads = PatchHeads(config.hidden_size)
    pictures = load_pictures(scenes, root, size=config.image_size)
    grid = config.image_size // config.patch_size
    tables = [target_table(scenes, grid=grid, mirror=mirror) for mirror in (False, True)]
    both = nn.ModuleDict({"tower": tower, "heads": heads})
    parameters = list(both.parameters())
    optimizer, schedule = make_optimizer(
        both.named_parameters(),
        OptimConfig(
            lr=recipe.lr,
            muon_lr=recipe.muon_lr,
            weight_decay=recipe.weight_decay,
            betas=[0.9, 0.98],
            warmup_ratio=0.02,
        ),
        num_steps=recipe.steps,
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    # A compiled step is about a third faster on a CPU, once it is compiled; the plain one gives the same.
    compiled = recipe.steps >= COMPILE_FROM and shutil.which("g++") is not None
    compute = torch.compile(_step_loss) if compiled else _step_loss
    bar = tqdm(range(recipe.steps), desc="vision encoder", unit="step", mininterval=5)
    smooth = 0.0
    for step in bar:
        index = torch.randint(len(scenes), (recipe.batch_size,), generator=generator)
        mirror = step % 2
        batch = pictures[index].flip(-1) if mirror else pictures[index]
        batch = _jitter(normalise(batch), generator)
        values, weights, flags, flag_weights, count = tables[mirror].rows(index)
        if not recipe.things:
            weights[..., LOCAL:], flag_weights[..., VISIBLE:] = 0, 0
        loss = compute(tower, heads, batch, values, weights, flags, flag_weights, count)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            bar.set_postfix(loss=f"{smooth:.4f}")
    tower.eval()
    return heads.eval()


def _jitter(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness and contrast a picture, so that colours matter less than shapes."""
    gain = 1 + 0.15 * torch.randn(len(pictures), 3, 1, 1, generator=generator)
    shift = 0.15 * torch.randn(len(pictures), 3, 1, 1, generator=generator)
    return pictures * gain + shift


@torch.no_grad()
def feature_moments(tower: CLIPVisionModel, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """(mean, standard deviation) of every feature over all patches of uint8[M, 3, H, W]: float[D] each."""
    found = torch.cat([patch_features(tower, normalise(part)).flatten(0, 1) for part in pictures.split(64)])
    return found.mean(0), found.std(0)


@torch.no_grad()
def scale_features(tower: CLIPVisionModel, factor: float) -> None:
    """Multiply the encoder's features by ``factor``, changing nothing else.

    Every block reads the residual stream through a layer norm, so that scaling what is written to it scales the stream
    alone.
    """
    written: list[Any] = [tower.pre_layrnorm]
    layers: Any = tower.encoder.layers
    for layer in layers:
        written += [layer.self_attn.out_proj, layer.mlp.fc2]
    for part in written:
        part.weight.mul_(factor)
        part.bias.mul_(factor)


@torch.no_grad()
def vision_report(tower: CLIPVisionModel, heads: PatchHeads, scenes: Sequence[Scene], root: Path) -> dict[str, float]:
    """Held-out numbers: mean joint error in pixels of the encoder's input, and accuracies a patch."""
    config: Any = tower.config
    size, grid = config.image_size, config.image_size // config.patch_size
    pictures, table = load_pictures(scenes, root, size=size), target_table(scenes, grid=grid, mirror=False)
    errors, joints, on, people, ends = [], [], [], [], []
    held = slice(VISIBLE, VISIBLE + len(ENDS))
    for index in torch.arange(len(scenes)).split(64):
        values, flags, count = heads(patch_features(tower, normalise(pictures[index])))
        mine = table.flags[index][..., 0]
        known = table.weights[index][..., : 2 * NUM_JOINTS : 2] & mine[..., None]
        offset = (values - table.values[index].float())[..., : 2 * NUM_JOINTS].unflatten(-1, (NUM_JOINTS, 2))
        errors.append((offset.norm(dim=-1) * size)[known])
        order = table.flags[index][..., PERSON_ORDER]
        joints.append((flags[..., PERSON_ORDER].argmax(-1) == order.float().argmax(-1))[mine])
        on.append((flags[..., 0] > 0) == mine)
        at_ends = table.flag_weights[index][..., held] & mine[..., None]
        ends.append(((flags[..., held] > 0) == table.flags[index][..., held])[at_ends])
        people.append(count.mean(1).argmax(-1) == table.count[index])
    return {
        "joint_error_px": round(float(torch.cat(errors).mean()), 3),
        "on_person_accuracy": round(float(torch.cat(on).float().mean()), 4),
        "order_from_left_accuracy": round(float(torch.cat(joints).float().mean()), 4),
        "held_accuracy": round(float(torch.cat(ends).float().mean()), 4),
        "count_accuracy": round(float(torch.cat(people).float().mean()), 4),
        "pictures": len(scenes),
    }
