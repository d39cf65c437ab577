"""A base's weights tensor by tensor, for strategies that hold a part of the model on every rank.

Loaded whole, a 7B model takes 28 GB of every rank's memory in float32, 14 GB in bfloat16. Here the files are mapped,
and one tensor at a time is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from huggingface_hub import snapshot_download
from safetensors import safe_open
from torch import Tensor
from transformers import LlavaForConditionalGeneration
from transformers.initialization import no_init_weights

from llavapose.errors import CheckpointError
from llavapose.files import read_json
from llavapose.model.connectors import class_of
from llavapose.model.pretrained import hub_key, read_config, resolve_base, told
from llavapose.model.vision import Vision, set_vision_config, vision_config, vision_weights
from llavapose.model.vocabulary import ROWS, Vocabulary, set_rows, vocabulary_of

_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Where every weight of a model lies: its name in the module tree -> (file, name there).

    Attributes:
        places: of the base's own.
        made: those of another vision encoder, and a connector's that is about to start from new weights.
        vocabulary: new words, whose rows no file holds.
    """

    places: Mapping[str, tuple[Path, str]]
    made: Mapping[str, Tensor] = field(default_factory=dict)
    vocabulary: Vocabulary | None = None

    def read(self, name: str) -> Tensor:
        """One tensor, in the file's own precision; its pages are read when they are used."""
        if name in self.made:
            return self.made[name]
        path, key = self.places[name]
        with told(str(path.parent)), safe_open(path, framework="pt") as stream:
            value = stream.get_tensor(key)
        return value if self.vocabulary is None else self.vocabulary.grown(name, value)


def empty_model(
    base: str,
    *,
    dtype: torch.dtype,
    attention: str,
    sharded: bool = False,
    vision: Vision | None = None,
    words: Sequence[str] = (),
) -> LlavaForConditionalGeneration:
    """The model of a folder or hub id with parameters that have a shape and no memory; buffers are real.

    Args:
        base: "tiny", folder or hub id.
        dtype: of the parameters.
        attention: backend.
        sharded: the parameters come into being where the context around the call wants them, as ZeRO-3's does.
        vision: an encoder in the place of the base's own.
        words: those that the base lacks have rows as well.
    """
    source = resolve_base(base)
    encoder = None if vision is None else vision_config(vision)
    with told(source), no_init_weights():
        config: Any = read_config(source)
        if encoder is not None:
            set_vision_config(config, encoder)
        if (vocabulary := vocabulary_of(source, config.text_config.vocab_size, words)) is not None:
            set_rows(config, vocabulary.num_rows)
        # What is remembered of the attention decides the class of its layers.
        make: Any = class_of(config)._from_config
        if sharded:
            model = make(config, dtype=dtype, attn_implementation=attention)
        else:
            with init_empty_weights(include_buffers=False):
                model = make(config, dtype=dtype, attn_implementation=attention)
    model.tie_weights()
    return model.eval()


def _written_as(name: str) -> tuple[str, ...]:
    """Keys that a parameter may have in a file: published, the module tree's, or as transformers 5 saves."""
    published = hub_key(name)
    return published, name, published.replace("vision_tower.vision_model.", "vision_tower.")


_REPLACED = ("model.vision_tower.", "model.multi_modal_projector.")
"""What is not the base's own beside another vision encoder."""


def find_weights(
    base: str, model: LlavaForConditionalGeneration, *, vision: Vision | None = None, words: Sequence[str] = ()
) -> Weights:
    """Where the weights of ``model`` lie in its base's files, and in those of another vision encoder.

    Raises:
        CheckpointError: weights missing, left over, or of another shape.
    """
    source = resolve_base(base)
    files = _files(source)
    shapes = {name: getattr(value, "ds_shape", value.shape) for name, value in model.named_parameters()}
    with told(source):
        config: Any = read_config(source)
        rows = config.text_config.vocab_size
        vocabulary = vocabulary_of(source, rows, words)
    if vocabulary is not None:
        shapes |= {name: (rows, *shapes[name][1:]) for name in ROWS if name in shapes}
    made = {}
    if vision is not None:
        replaced = {name: shape for name, shape in shapes.items() if name.startswith(_REPLACED)}
        encoder = vision_weights(vision)
        made = {name: encoder[name] if name in encoder else torch.zeros(shape) for name, shape in replaced.items()}
    shapes = {name: shape for name, shape in shapes.items() if name not in made}
    names = {key: name for name in shapes for key in _written_as(name)}
    places: dict[str, tuple[Path, str]] = {}
    further = []
    for path in files:
        with told(source), safe_open(path, framework="pt") as stream:
            for key in stream.keys():  # noqa: SIM118 (no dictionary)
                name = names.get(key)
                if name is None:
                    further.append(key)
                    continue
                found = tuple(stream.get_slice(key).get_shape())
                if found != tuple(shapes[name]):
                    raise CheckpointError(
                        f"checkpoint {source}: {key} has the shape {found}, expected {tuple(shapes[name])} by its "
                        "config.json; write or download it again"
                    )
                places[name] = (path, key)
    missing = sorted(shapes.keys() - places.keys())
    if missing:
        raise CheckpointError(f"checkpoint {source}: {len(missing)} weights missing, such as {missing[0]}")
    if unexpected := [key for key in further if not _is_spare(key, model, bool(made))]:
        raise CheckpointError(
            f"checkpoint {source}: {len(unexpected)} weights that the model of its config.json has no place for, such "
            f"as {unexpected[0]}; write or download it again"
        )
    return Weights(places=places, made=made, vocabulary=vocabulary)


def _is_spare(key: str, model: LlavaForConditionalGeneration, is_replaced: bool) -> bool:
    """Whether files may hold a weight that the model does not: a tied copy, a computed buffer, what is replaced."""
    if is_replaced and f"model.{key.removeprefix('model.')}".startswith(_REPLACED):
        return True
    tied = model.config.tie_word_embeddings and key.endswith("lm_head.weight")
    return tied or key.endswith(("position_ids", "inv_freq"))


def _files(source: str) -> list[Path]:
    folder = Path(source)
    if not folder.is_dir():
        with told(source):
            folder = Path(snapshot_download(source, allow_patterns=["*.safetensors", "*.json", "*.model"]))
    index = folder / _INDEX
    if not index.is_file():
        return sorted(folder.glob("*.safetensors"))
    # Other files may lie beside those that the index names: another precision's, an adapter's.
    try:
        listed = sorted({str(name) for name in read_json(index, what="index of weights")["weight_map"].values()})
    except (TypeError, KeyError, AttributeError):
        raise CheckpointError(f"checkpoint {index}: no weight_map; write or download it again") from None
    lacking = [name for name in listed if not (folder / name).is_file()]
    if lacking:
        raise CheckpointError(f"checkpoint {folder}: {lacking[0]} is missing, which {_INDEX} names; download it again")
    return [folder / name for name in listed]
