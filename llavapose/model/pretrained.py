"""Load a base, write a Hugging Face checkpoint: the file layout of ``llava-hf/llava-1.5-7b-hf`` in both directions."""

import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import save_torch_state_dict
from torch import Tensor
from transformers import (
    AutoProcessor,
    BitsAndBytesConfig,
    GenerationConfig,
    LlavaConfig,
    LlavaImageProcessorPil,
)
from transformers.utils import logging

from llavapose.errors import CheckpointError
from llavapose.families.resolution import pooled_side, side_of
from llavapose.files import read_json, write_json
from llavapose.model.bases import (
    OWN,
    model_class,
    read_config,
    resolve_base,
    told,
)
from llavapose.model.connectors.configured import (
    can_exchange,
    connector_type,
    pool_of,
    refuse_exchange,
)
from llavapose.model.processors import family_processor
from llavapose.model.vision import Vision, load_vision, picture_settings, set_vision, vision_config
from llavapose.model.vocabulary import add_words, grow, num_rows, vocabulary_of
from llavapose.model.written import alone, keep_videos, write_family

_HUB_NAMES = (
    (r"^model\.language_model\.", "language_model.model."),
    (r"^lm_head\.", "language_model.lm_head."),
    (r"^model\.vision_tower\.(?!vision_model\.)", "vision_tower.vision_model."),
    (r"^model\.vision_tower\.", "vision_tower."),
    (r"^model\.multi_modal_projector\.", "multi_modal_projector."),
)


def hub_key(key: str) -> str:
    """A parameter's name in the published checkpoints, from its name in the module tree.

    The published layout is what transformers 4 and vLLM read too; the module tree's own names are not.
    """
    for pattern, replacement in _HUB_NAMES:
        key, found = re.subn(pattern, replacement, key)
        if found:
            return key
    return key


def is_published(config: LlavaConfig) -> bool:
    """Whether the published layout has names for all weights: it knows CLIP and the plain connectors."""
    kind = getattr(config.vision_config, "model_type", "clip_vision_model")
    return kind == "clip_vision_model" and not getattr(config, "connector", None)


def load_processor(
    base: str,
    *,
    chat_template: str,
    vision: Vision | None = None,
    words: Sequence[str] = (),
    pool: int | None = None,
) -> Any:
    """The processor of a folder or hub id; LLaVA's is set to pad pictures to a square.

    A centre crop, the published processor's default, cuts off a quarter of a 4:3 picture's width.

    Args:
        base: folder or hub id.
        chat_template: replaces LLaVA's published one, which lacks LLaVA-1.5's system sentence and ``</s>``.
        vision: an encoder in the place of the base's own; pictures are made as it wants them.
        words: that the tokenizer reads as one token each, new ones too (``vocabulary.py``).
        pool: patches along a side of a picture that are averaged to one token; None: as the base has it.

    Raises:
        CheckpointError: a folder that is no LLaVA, or whose processor files are broken.
        ConfigError: ``pool`` is no divisor of the patches along a side.
    """
    source = resolve_base(base)
    with told(source):
        config: Any = read_config(source)
        if not can_exchange(config):
            processor = family_processor(source, config)
            add_words(processor.tokenizer, words)
            return processor
        with _unwarned(bool(getattr(config, "connector", None))):
            processor = AutoProcessor.from_pretrained(source, backend="pil")
        processor.chat_template = chat_template
        if processor.patch_size is None:
            _count_by(processor, config.vision_config.patch_size, config.vision_feature_select_strategy)
        if vision is None:
            side = config.vision_config.image_size
            processor.image_processor = padding_processor(processor.image_processor, side)
    encoder: Any = config.vision_config
    if vision is not None:
        encoder = vision_config(vision)
        _count_by(processor, encoder.patch_size, "default")
        processor.image_processor = padding_processor(picture_settings(vision), vision.size)
    before, pool = pool_of(config), pool_of(config) if pool is None else pool
    if (before, pool) != (1, 1):
        pooled_side(side_of(encoder.image_size) // side_of(encoder.patch_size), pool)
        # A processor counts a picture's tokens by squares of this side; pixels are cut into patches elsewhere.
        processor.patch_size = side_of(encoder.patch_size) * pool
    if words:
        add_words(processor.tokenizer, words)
    return processor


@contextmanager
def _unwarned(own: bool) -> Iterator[None]:
    """The processor of a folder of ours is LLaVA's: that its model is of another type is no warning."""
    before = logging.get_verbosity()
    if own:
        logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _count_by(processor: Any, patch_size: Any, strategy: str) -> None:
    """Have a processor count a picture's tokens by patches, and a class token."""
    processor.patch_size, processor.vision_feature_select_strategy = patch_size, strategy
    processor.num_additional_image_tokens = 1


def padding_processor(images: Any, side: int) -> LlavaImageProcessorPil:
    """LLaVA's image processor, which pads to a square with the mean colour, with the numbers of another.

    Bases name other classes too: CLIP's, as the published 7B does, takes ``do_pad`` and does not pad. The square is
    resized to the encoder's own size, whatever crop the base's file names: a crop would cut off its rim again.

    Args:
        images: the base's own image processor: its mean, deviation, resampling and scale are kept.
        side: pixels of the encoder's square picture.
    """
    names = LlavaImageProcessorPil.valid_kwargs.__annotations__.keys() - {"default_to_square"}
    settings: dict[str, Any] = {name: getattr(images, name, None) for name in names}
    # The crop of a square of its own size cuts nothing; its numbers are what counts a picture's tokens.
    settings |= {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    settings |= {"do_pad": True, "do_resize": True, "do_center_crop": bool(settings["do_center_crop"])}
    return LlavaImageProcessorPil(**settings)


def load_model(
    base: str,
    *,
    dtype: torch.dtype = torch.float32,
    attention: str = "sdpa",
    quantization: BitsAndBytesConfig | None = None,
    vision: Vision | None = None,
    place: torch.device | None = None,
    words: Sequence[str] = (),
) -> Any:
    """The model of a folder or hub id, every weight accounted for.

    Args:
        base: "tiny", folder or hub id.
        dtype: of the weights.
        attention: backend.
        quantization: how weights are stored in fewer bits; None: as ``dtype``.
        vision: an encoder in the place of the base's own; the connector's weights are no start then.
        place: where the weights are put at once; None: on the CPU.
        words: those that it lacks get rows (``vocabulary.py``).

    Raises:
        CheckpointError: a folder that is no image-text model, or whose weights do not cover the model exactly.
        ConfigError: no such encoder, or a base whose own cannot be exchanged.
    """
    source = resolve_base(base)
    further: dict[str, Any] = {} if quantization is None else {"quantization_config": quantization}
    further |= {} if place is None else {"device_map": {"": place}}
    with told(source):
        config = read_config(source)
        if vision is not None:
            refuse_exchange(config, "model.vision=dinov2")
        loaded: Any = model_class(config).from_pretrained(
            source,
            config=config,
            dtype=dtype,
            attn_implementation=attention,
            output_loading_info=True,
            **further,
        )
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise CheckpointError(f"checkpoint {source}: {len(missing)} weights missing, such as {missing[0]}")
    if vision is not None:
        set_vision(model, load_vision(vision, dtype=dtype, attention=attention))
    with told(source):
        vocabulary = vocabulary_of(source, num_rows(model.config), words)
    if vocabulary is not None:
        grow(model, vocabulary)
    return model


def write_checkpoint(
    folder: Path,
    *,
    state: dict[str, Tensor],
    config: Any,
    processor: Any,
    dtype: torch.dtype,
    alone: bool = False,
    base: str | None = None,
) -> Path:
    """Write a folder that the base's own class and ``AutoProcessor`` load; whole or not at all.

    A LLaVA with a connector of ours is of a family of its own: ``load_model`` reads it, transformers refuses it by
    name.

    Args:
        folder: final name; an older one is replaced once the new one is complete.
        state: full (not partitioned) parameters under the module tree's names; tied ones may be absent.
        config: of the model.
        processor: written beside it.
        dtype: of the weights on disk.
        alone: nobody else writes it now: what a kill has left of earlier writing is put in order.
        base: what the model was trained from: how that ends its answers, and what it says of videos, is kept. LLaVA's
            follows from its tokenizer.

    Raises:
        CheckpointError: ``state`` lacks weights of the configuration's model.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if alone:
        _put_in_order(folder)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=_WRITING))
    os.chmod(building, 0o755)
    # The weights are plain ones, however few bits the model itself keeps them in.
    config = type(config).from_dict({k: v for k, v in config.to_dict().items() if k != "quantization_config"})
    for part in (config, *(getattr(config, name) for name in config.sub_configs)):
        if part is not None:
            part.dtype = dtype  # that of the file, whatever training computed in
    try:
        if can_exchange(config):
            _write_llava(building, state=state, config=config, tokenizer=processor.tokenizer, dtype=dtype)
        else:
            write_family(building, state=state, config=config, dtype=dtype, base=base)
        processor.save_pretrained(building)
        if base is not None and not can_exchange(config):
            keep_videos(building, base)
        for path in building.iterdir():
            path.chmod(0o644)
        _put(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


_WRITING, _OLD = ".writing", ".old"


def _put_in_order(folder: Path) -> None:
    """Remove what was being written when a kill came; what was being replaced has its name back."""
    name = f".{glob.escape(folder.name)}.*"
    for old in folder.parent.glob(name + _OLD):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)
    for left in folder.parent.glob(name + _WRITING):
        shutil.rmtree(left, ignore_errors=True)


def _put(building: Path, folder: Path) -> None:
    """Give a finished folder its name; an older one of that name has it until then."""
    old = building.with_suffix(_OLD)
    replaces = folder.exists()
    if replaces:
        folder.rename(old)
    try:
        building.rename(folder)
    except OSError:
        if replaces:
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_llava(
    building: Path, *, state: dict[str, Tensor], config: LlavaConfig, tokenizer: Any, dtype: torch.dtype
) -> None:
    tied = config.tie_word_embeddings
    to = hub_key if is_published(config) else str
    weights = {
        to(name): alone(value.detach().to("cpu", dtype))
        for name, value in state.items()
        if not (tied and name == "lm_head.weight")
    }
    save_torch_state_dict(weights, building)
    config.architectures = ["LlavaForConditionalGeneration"]
    config.save_pretrained(building)
    if getattr(config, "connector", None):
        _claim(building / "config.json", connector_type(config))
    GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    ).save_pretrained(building)


def _claim(path: Path, kind: str) -> None:
    """Give a written configuration the family's name, and its activation one that makes LLaVA's own class refuse too.

    That class reads configurations of other families, and leaves out the weights that it has no place for.
    """
    told = {"architectures": ["ConnectorLlava"], "model_type": OWN, "projector_hidden_act": f"{OWN}.{kind}"}
    write_json(path, {**read_json(path, what="checkpoint"), **told})
