"""What a base is called and which class it is: a folder or hub id is looked at before anything heavy is loaded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoConfig, LlavaConfig, PreTrainedConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from llavapose.errors import CheckpointError, DataError
from llavapose.families.family import Family
from llavapose.families.known import expected_types, family_named
from llavapose.files import TINY_BASE, read_json
from llavapose.model.connectors.configured import activation_of, can_exchange
from llavapose.model.connectors.made import class_of

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")

_WHOLE = "a checkpoint's folder, such as a base's or the `hf` that train.py leaves"

OWN = "llavapose"
"""``model_type`` of a folder whose connector transformers does not have: nothing else reads it by mistake."""
MODEL_TYPES = frozenset((OWN, *MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES))
"""What can be loaded: our own, and all that transformers answers about pictures with."""


def read_config(source: str) -> Any:
    """The configuration of a base; one with a connector of ours is a LLaVA's, and says so in ``connector``."""
    found = dict(PreTrainedConfig.get_config_dict(source)[0])
    if found.get("model_type") == OWN:
        own = LlavaConfig.from_dict({**found, "model_type": "llava", "projector_hidden_act": "gelu"})
        own.projector_hidden_act = activation_of(own)
        return own
    return AutoConfig.from_pretrained(source, trust_remote_code=False)


def is_own(source: str) -> bool:
    """Whether a folder or hub id is of the family that llavapose alone reads."""
    return dict(PreTrainedConfig.get_config_dict(source)[0]).get("model_type") == OWN


def family_of_base(base: str) -> Family:
    """The family of a base, from its configuration alone; of one that is not known, nothing but its name is said.

    Raises:
        CheckpointError: no such base.
    """
    source = resolve_base(base)
    with told(source):
        kind = read_config(source).model_type
    return family_named(kind) or Family(model_types=(kind,), guessed=True)


def model_class(config: Any) -> Any:
    """The class of a configuration's model."""
    if can_exchange(config):
        return class_of(config)
    return MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING[type(config)]


def resolve_base(base: str, *, families: frozenset[str] | None = MODEL_TYPES) -> str:
    """The folder or hub id of a base: "tiny" is the one shipped with the package.

    Args:
        base: "tiny", folder or hub id.
        families: the ``model_type`` that a folder may have; None: any.

    Raises:
        CheckpointError: a folder that is no such checkpoint; what looks like ``owner/name`` and is no folder is an id.
    """
    source = str(TINY_BASE) if base == "tiny" else base
    if Path(source).exists() or not _HUB_ID.fullmatch(source):
        check_folder(Path(source), families=families)
    return source


def check_folder(folder: Path, *, families: frozenset[str] | None = MODEL_TYPES) -> None:
    """Look at a checkpoint folder before anything heavy is loaded.

    Raises:
        CheckpointError: no such folder, no config, no image-text model, no weights or no processor; names what is
            missing.
    """
    if not folder.is_dir():
        raise CheckpointError(f"checkpoint {folder}: no such folder; expected {_WHOLE}")
    config = folder / "config.json"
    if not config.is_file():
        raise CheckpointError(f"checkpoint {folder}: no config.json; expected {_WHOLE}")
    try:
        kind = read_json(config, what="checkpoint").get("model_type")
    except (DataError, AttributeError):
        raise CheckpointError(f"checkpoint {config}: not a JSON object; the folder is broken, write it again") from None
    if families is not None and kind not in families:
        raise CheckpointError(
            f"checkpoint {folder}: model_type is {kind!r}, which answers about no pictures; expected {expected_types()}"
        )
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(f"checkpoint {folder}: no *.safetensors weights; the folder is incomplete")
    if not (folder / "tokenizer_config.json").is_file():
        raise CheckpointError(f"checkpoint {folder}: no tokenizer_config.json; copy the base's processor files there")


@contextmanager
def told(source: str) -> Iterator[None]:
    """Turns whatever transformers raises over a broken folder or an unknown id into one line."""
    try:
        yield
    except ImportError as error:
        lacking = " ".join(str(error).split())[:300]
        raise CheckpointError(f"checkpoint {source}: its classes need a package ({lacking}); install it") from None
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CheckpointError(f"checkpoint {source}: cannot be loaded ({reason}); write or download it again") from None
