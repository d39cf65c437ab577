"""What is trained: the groups ``model``, ``connector`` and ``adapter``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from llavapose.config.choices import (
    AdapterType,
    Attention,
    ConnectorType,
    Dtype,
    PackedAttention,
    Packing,
    Tower,
    VisionType,
)
from llavapose.config.values import misspelled, not_finite, repeated, too_small, unread
from llavapose.errors import ConfigError, DataError
from llavapose.families.defaults import whole
from llavapose.families.family import Resolution
from llavapose.families.known import family_named
from llavapose.families.linear import IN_VISION, KNOWN
from llavapose.families.published import PUBLISHED
from llavapose.families.resolution import pooled_side, side_of
from llavapose.files import TINY_BASE, read_json


@dataclass(kw_only=True)
class ModelConfig:
    """Group ``model``: the base that training starts from."""

    name: str = MISSING
    base: str = MISSING
    """``tiny`` (ships with the package), a checkpoint folder, or a name on the Hugging Face hub."""
    dtype: Dtype = Dtype.float32
    """Precision of the weights that a run leaves."""
    max_length: int = 2048
    """Most tokens of one sequence, picture included."""
    max_pixels: int | None = None
    """Most pixels that a picture is shown with, for bases that show it at its own resolution: within an area (Qwen), a
    longest side (its square root), tiles, grids or crops of one size (their area times their number); empty: as the
    base's processor says. Bases that show every picture at one size, LLaVA-1.5 among them, refuse it."""
    freeze_vision: bool = True
    """Leave the vision encoder as it is (LLaVA-1.5's second stage)."""
    attention: Attention = Attention.sdpa
    """The attention of vision encoder and language model: torch's own, or transformers' in plain arithmetic."""
    packed_attention: PackedAttention = PackedAttention.auto
    """What keeps the samples of a packed row apart in the language model: ``dense`` (a mask for ``model.attention``),
    ``branches`` (piece by piece, anywhere), ``flex`` and ``varlen`` (kernels for GPUs), or ``auto``, the fastest that
    passes the self-test. All but ``dense`` take the place of ``model.attention`` there and need ``sdpa``."""
    keep_features_gib: float = 0
    """GiB of host memory, of each rank, for features of pictures that come again, which a frozen vision encoder reads
    once then, each picture alone; 0: none."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    vision: VisionType = VisionType.clip
    """``clip``: the base's own vision encoder; ``dinov2``: a DINOv2 in its place, the connector from new weights."""
    vision_base: str = "facebook/dinov2-large"
    """The DINOv2: a folder, or a name on the Hugging Face hub."""
    vision_size: int = 224
    """Pixels of the DINOv2's square picture, a multiple of its patch: 224 with patches of 14 is 256 tokens."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found: list[str] = []
        if self.attention == Attention.eager and self.packed_attention not in (
            PackedAttention.auto,
            PackedAttention.dense,
        ):
            found.append(
                f"model.packed_attention={self.packed_attention} takes the place of model.attention in the language "
                "model, and model.attention=eager reads masks alone; use model.packed_attention=dense, or leave "
                "model.attention out"
            )
        found += not_finite(self, "model.", "keep_features_gib")
        found += too_small(self, "model.", keep_features_gib=0, max_pixels=1)
        if self.vision == VisionType.clip:
            why = "the base's own encoder is kept; choose model.vision=dinov2"
            return found + unread(self, "model.", ("vision_base", "vision_size"), why)
        return found + too_small(self, "model.", vision_size=1)


@dataclass(kw_only=True)
class ConnectorConfig:
    """Group ``connector``: the part between vision encoder and language model."""

    type: ConnectorType = ConnectorType.keep
    reset: bool = False
    """Start the connector from new weights instead of the base's."""
    branches: int = 4
    """Experts of ``multi_branch``."""
    branch_width: int = 256
    """Width of an expert's bottleneck."""
    heads: int = 8
    """Heads of ``pose_attention`` and ``frame_attention``; they share the width of the vision encoder's features."""
    pool: int = 1
    """Patches along each side that are averaged to one token behind the connector: 2 makes LLaVA-1.5's 576 tokens of a
    picture 144. It divides the patches along a side; 1: none, or with ``keep`` as many as the base's."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        read = {
            ("branches", "branch_width"): (ConnectorType.multi_branch,),
            ("heads",): (ConnectorType.pose_attention, ConnectorType.frame_attention),
        }
        found = too_small(self, "connector.", pool=1)
        for names, owners in read.items():
            if self.type in owners:
                found += too_small(self, "connector.", **dict.fromkeys(names, 1))
            else:
                found += unread(self, "connector.", names, f"it goes with connector={' or '.join(owners)}")
        return found


@dataclass(kw_only=True)
class AdapterConfig:
    """Group ``adapter``: low-rank matrices that are trained in place of whole towers; merged when exported."""

    type: AdapterType = AdapterType.none
    r: int = 128
    """Rank of the matrices."""
    alpha: int = 256
    """Their product counts ``alpha / r`` times."""
    dropout: float = 0.05
    """Share of a layer's inputs that its adapter does not see in a step."""
    targets: list[str] = field(default_factory=lambda: list(IN_VISION))
    """The linear layers that get one, by the language model's names: a vision encoder's own (``qkv``, ``fc1``) are
    found by them, and may be named too."""
    towers: list[Tower] = field(default_factory=lambda: [Tower.language])
    """The stacks that get adapters: ``language``, ``vision``, or both."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        if self.type == AdapterType.none:
            return unread(
                self, "adapter.", ("r", "alpha", "dropout", "targets", "towers"), "choose adapter=lora or qlora"
            )
        found = too_small(self, "adapter.", r=1, alpha=1) + repeated("adapter.targets", self.targets)
        found += misspelled("adapter.targets", self.targets, KNOWN) + repeated("adapter.towers", self.towers)
        if not 0 <= self.dropout < 1:
            found.append(f"adapter.dropout is {self.dropout}; expected a share from 0 to below 1")
        if not self.targets:
            found.append("adapter.targets is empty; name the layers, e.g. adapter.targets=[q_proj,v_proj]")
        if not self.towers:
            found.append("adapter.towers is empty; name the stacks, e.g. adapter.towers=[language,vision]")
        return found


def not_kept(model: ModelConfig, adapter: AdapterConfig, strategy: Mapping[str, Any]) -> list[str]:
    """A line for each reason why features of pictures cannot be kept where they are to be."""
    if not model.keep_features_gib > 0:
        return []
    kept, changing = f"model.keep_features_gib is {model.keep_features_gib}, and", "features change with every step;"
    found = []
    if not model.freeze_vision:
        found.append(f"{kept} the vision encoder is trained: {changing} set model.freeze_vision=true, or leave it out")
    elif adapter.type != AdapterType.none and Tower.vision in adapter.towers:
        found.append(f"{kept} adapter.towers has vision: {changing} set adapter.towers=[language], or leave it out")
    name = str(strategy.get("_target_") or strategy.get("name") or "auto").rpartition(".")[2]
    if name not in ("auto", "ddp", "SingleDeviceStrategy", "DDPStrategy"):
        found.append(
            f"{kept} under strategy={name} ranks may wait for one that leaves the vision encoder out; use "
            "strategy=single or ddp, or leave it out"
        )
    return found


def not_exchanged(model: ModelConfig, connector: ConnectorConfig) -> list[str]:
    """A line for each setting of LLaVA's alone, where the base, by its name or its folder, is of another family."""
    kind = model_type_of(model.base)
    family = None if kind is None else family_named(kind)
    if kind is None or (family is not None and family.exchangeable):
        return []
    given = {
        f"model.vision={model.vision}": model.vision != VisionType.clip,
        f"model.keep_features_gib={model.keep_features_gib:g}": model.keep_features_gib > 0,
        f"connector={connector.type}": connector.type != ConnectorType.keep,
        # Other connectors start anew by themselves.
        "connector.reset=true": connector.reset and connector.type == ConnectorType.keep,
    }
    why = f"is for LLaVA, and {model.base} is {kind!r}"
    found = [f"{what} {why}; leave it out" for what, is_set in given.items() if is_set]
    if connector.pool != 1:
        found.append(f"connector.pool={connector.pool} {why}, with its own way to few tokens; set connector.pool=1")
    return found


def not_pooled(model: ModelConfig, connector: ConnectorConfig) -> list[str]:
    """A line where features cannot be averaged as the settings say, of a LLaVA whose configuration is at hand."""
    config = _config_of(str(TINY_BASE) if model.base == "tiny" else model.base)
    if connector.pool <= 1 or model.vision != VisionType.clip or not_exchanged(model, connector) or config is None:
        return []
    try:
        vision = whole(config)["vision_config"]
        pooled_side(side_of(vision["image_size"]) // side_of(vision["patch_size"]), connector.pool)
    except ConfigError as error:
        return [str(error)]
    except (TypeError, ValueError, KeyError, ZeroDivisionError, AttributeError):
        return []  # said where the base is read
    return []


def no_frames(connector: ConnectorConfig, frames: int | None, *, pictures: bool) -> list[str]:
    """A line where attention over time is to be trained on pictures that stand alone.

    Args:
        connector: its settings.
        frames: that are shown of a sample; None: all.
        pictures: whether the samples are made of pictures, not of clips.
    """
    if connector.type is not ConnectorType.frame_attention or (frames != 1 and not pictures):
        return []
    why = "data.frames=1 shows one picture a sample" if frames == 1 else "these scenes are pictures and have no frames"
    return [
        f"connector=frame_attention is read by nothing: {why}; leave it out, or train on several frames (data=motion)"
    ]


def model_type_of(base: str) -> str | None:
    """What is known of a base without the network and its weights; None: nothing, or it will be said elsewhere."""
    config = _config_of(base)
    found = None if config is None else config.get("model_type", "llava" if base in PUBLISHED else None)
    return found if isinstance(found, str) else None


def _config_of(base: str) -> Mapping[str, Any] | None:
    if base in PUBLISHED:
        return PUBLISHED[base]
    file = Path(base) / "config.json"
    try:
        found = read_json(file, what="base") if file.is_file() else None
    except DataError:
        return None
    return found if isinstance(found, Mapping) else None


def not_shown_smaller(model: ModelConfig) -> list[str]:
    """A line where pictures are bounded and the base, by its name or its folder, shows all at one size."""
    kind = model_type_of(model.base)
    family = None if kind is None else family_named(kind)
    if model.max_pixels is None or family is None or family.resolution is not Resolution.fixed:
        return []
    return [
        f"model.max_pixels={model.max_pixels}: {model.base} is {kind!r}, which shows every picture at one size; leave "
        "it out"
    ]


def not_packed(model: ModelConfig, packing: Packing) -> list[str]:
    """A line where rows hold several samples and the base's layers, by its name or its folder, would mix them."""
    kind = model_type_of(model.base)
    family = None if kind is None else family_named(kind)
    if packing is Packing.none or family is None or family.packs:
        return []
    return [
        f"data.packing={packing}: {model.base} is {kind!r}, whose layers keep the samples of a row apart by no mask; "
        "set data.packing=none"
    ]
