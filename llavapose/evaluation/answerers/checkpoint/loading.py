"""A folder or hub id -> the model on its device, and how its family is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, BitsAndBytesConfig

from llavapose.config.choices import AnswerDtype
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.errors import CheckpointError, ConfigError
from llavapose.evaluation.answerers.checkpoint.readers import ChatReader, LlavaReader, Reader
from llavapose.files import read_json
from llavapose.model.bases import is_own, read_config, resolve_base, told
from llavapose.model.pretrained import load_model, load_processor
from llavapose.model.processors import family_processor

_SHARES = frozenset(("full_attention", "sliding_attention"))
"""Kinds of layer that keep a key and a value a token, so that what several rows begin with can be copied to them."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A checkpoint that is ready to answer.

    Attributes:
        model: on its device.
        reader: how questions become prompts.
        ends: ids that end an answer.
        longest: tokens up to which rows may share a prefix; 0: never, its layers keep something else.
        proven: whether sharing needs no check, for tests hold it.
    """

    model: Any
    reader: Reader
    ends: frozenset[int]
    longest: int
    proven: bool


def load(checkpoint: str, device: torch.device, dtype: AnswerDtype | None) -> Loaded:
    """Weights and processor.

    Args:
        checkpoint: a Hugging Face folder, a hub id, or "tiny".
        device: gets the weights.
        dtype: of the weights; None: bfloat16 on a GPU, float32 elsewhere.

    Raises:
        CheckpointError: no image-text model, or one whose processor cannot be built here.
        ConfigError: a precision that this machine cannot compute with.
    """
    source = resolve_base(checkpoint, families=None)
    settings = _precision(device, dtype)
    with told(source):
        own = is_own(source)
        config: Any = read_config(source) if own else AutoConfig.from_pretrained(source, trust_remote_code=False)
    model = _model(source, config, device, settings) if not own else _own(source, device, settings)
    if own or (config.model_type == "llava" and _speaks_vicuna(source)):
        reader: Reader = LlavaReader(load_processor(checkpoint, chat_template=CHAT_TEMPLATE))
        ends, proven = {reader.tokenizer.eos_token_id}, True
    else:
        with told(source):
            reader = ChatReader(family_processor(source, config), image_id(config), source=source)
        ends, proven = _ends(model, reader.tokenizer) | reader.ends, False
    longest = longest_shared(model.config.get_text_config())
    return Loaded(model=model.eval(), reader=reader, ends=frozenset(ends), longest=longest, proven=proven)


def _model(source: str, config: Any, device: torch.device, settings: dict[str, Any]) -> Any:
    """Every weight accounted for; what is quantised comes on its device already."""
    if config.model_type == "llava" and "quantization_config" not in settings:
        return load_model(source, **settings).to(device)  # type: ignore[arg-type]
    with told(source):
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            source, output_loading_info=True, trust_remote_code=False, **settings
        )
    model, info = loaded
    if missing := sorted(info["missing_keys"]):
        raise CheckpointError(f"checkpoint {source}: {len(missing)} weights missing, such as {missing[0]}")
    return model if "quantization_config" in settings else model.to(device)


def _own(source: str, device: torch.device, settings: dict[str, Any]) -> Any:
    """One with a connector that transformers does not have."""
    bits = settings.get("quantization_config")
    model = load_model(source, dtype=settings["dtype"], quantization=bits, place=None if bits is None else device)
    return model if bits is not None else model.to(device)  # type: ignore[arg-type]


def image_id(config: Any) -> int:
    """The id that the model replaces by a picture's features."""
    found = getattr(config, "image_token_id", None)
    found = getattr(config, "image_token_index", None) if found is None else found
    if found is None:
        raise CheckpointError(f"checkpoint: {config.model_type} names no image_token_id; answer with answerer=file")
    return int(found)


def longest_shared(config: Any) -> int:
    """Tokens up to which a row behind a shared prefix reads as one of its own."""
    kinds, window = getattr(config, "layer_types", None), getattr(config, "sliding_window", None)
    if not _SHARES.issuperset(kinds or ()):
        return 0
    # A sliding layer counts places, and beyond its window the padding between prefix and question would count too.
    slides = "sliding_attention" in kinds if kinds else window is not None
    return int(window) if slides and window else 2**31


def _speaks_vicuna(source: str) -> bool:
    """Whether a LLaVA asks as LLaVA-1.5 does: other models of the class (Pixtral) bring words of their own."""
    with told(source):
        template = getattr(
            AutoProcessor.from_pretrained(source, backend="pil", trust_remote_code=False), "chat_template", None
        )
    return template is None or "ASSISTANT:" in str(template)


def _ends(model: Any, tokenizer: Any) -> set[int]:
    told_ends = model.generation_config.eos_token_id
    ends = {told_ends} if isinstance(told_ends, int) else set(told_ends or ())
    return {end for end in (*ends, tokenizer.eos_token_id) if end is not None}


def _precision(device: torch.device, dtype: AnswerDtype | None) -> dict[str, Any]:
    """What ``from_pretrained`` is told of it."""
    if dtype in (AnswerDtype.int8, AnswerDtype.int4):
        if find_spec("bitsandbytes") is None or device.type != "cuda":
            lacking = "a GPU" if device.type != "cuda" else "the package bitsandbytes"
            raise ConfigError(f"answerer.dtype={dtype}: needs {lacking}; expected a GPU and `pip install bitsandbytes`"
                              ", or answerer.dtype=bfloat16")  # fmt: skip
        bits = BitsAndBytesConfig(load_in_8bit=dtype == AnswerDtype.int8, load_in_4bit=dtype == AnswerDtype.int4)
        return {"dtype": torch.bfloat16, "quantization_config": bits, "device_map": {"": device}}
    if dtype is None:
        return {"dtype": torch.bfloat16 if device.type == "cuda" else torch.float32}
    return {"dtype": {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype.value]}


def frames_trained(checkpoint: str) -> int | None:
    """How many frames of a clip a checkpoint was trained with, as its folder tells; None where it does not.

    The setting's number; of a run that took all that its samples listed, the most of them.
    """
    path = Path(checkpoint) / "training.json"
    told: Any = read_json(path, what="training") if path.is_file() else None
    for names in (("settings", "data", "frames"), ("data", "frames a clip")):
        found: Any = told
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(found, int) and found > 0:
            return found
    return None
