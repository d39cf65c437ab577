"""A base's weights tensor by tensor, for strategies that hold a part of the model on every rank.

Loaded whole, a 7B model takes 28 GB of every rank's memory in float32, 14 GB in bfloat16. Here the files are mapped,
and one tensor at a time is read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from huggingface_hub import snapshot_download
from safetensors import safe_open
from torch import Tensor
from transformers.initialization import no_init_weights

from llavapose.errors import CheckpointError
from llavapose.files import read_json
from llavapose.model.bases import model_class, read_config, resolve_base, told
from llavapose.model.connectors.configured import can_exchange, refuse_exchange
from llavapose.model.pretrained import hub_key
from llavapose.model.renaming import Conversion, Named, Shapes, named
from llavapose.model.vision import Vision, set_vision_config, vision_config, vision_weights
from llavapose.model.vocabulary import Vocabulary, has_rows, num_rows, set_rows, vocabulary_of

_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Where every weight of a model lies: its name in the module tree -> (file, name there).

    Attributes:
        places: of the base's own: (file, name there).
        files: the file of every name there.
        converted: parameters that are merged or split out of other weights: each is made anew when it is read.
        made: those of another vision encoder, and a connector's that is about to start from new weights.
        vocabulary: new words, whose rows no file holds.
    """

    places: Mapping[str, tuple[Path, str]]
    files: Mapping[str, Path] = field(default_factory=dict)
    converted: Mapping[str, Conversion] = field(default_factory=dict)
    made: Mapping[str, Tensor] = field(default_factory=dict)
    vocabulary: Vocabulary | None = None

    def read(self, name: str) -> Tensor:
        """One tensor, in the file's own precision; its pages are read when they are used."""
        if name in self.made:
            return self.made[name]
        if name in self.converted:
            value = self.converted[name].made(lambda key: _read(self.files[key], key))[name]
        else:
            value = _read(*self.places[name])
        return value if self.vocabulary is None else self.vocabulary.grown(name, value)


def _read(path: Path, key: str) -> Tensor:
    with told(str(path.parent)), safe_open(path, framework="pt") as stream:
        return stream.get_tensor(key)


def empty_model(
    base: str,
    *,
    dtype: torch.dtype,
    attention: str,
    sharded: bool = False,
    vision: Vision | None = None,
    words: Sequence[str] = (),
) -> Any:
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
            refuse_exchange(config, "model.vision=dinov2")
            set_vision_config(config, encoder)
        if (vocabulary := vocabulary_of(source, num_rows(config), words)) is not None:
            set_rows(config, vocabulary.num_rows)
        # What is remembered of the attention decides the class of its layers.
        make: Any = model_class(config)._from_config
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


def find_weights(base: str, model: Any, *, vision: Vision | None = None, words: Sequence[str] = ()) -> Weights:
    """Where the weights of ``model`` lie in its base's files, and in those of another vision encoder.

    Raises:
        CheckpointError: weights missing, left over, or of another shape.
    """
    source = resolve_base(base)
    held = _held(source)
    shapes = {name: tuple(getattr(value, "ds_shape", value.shape)) for name, value in model.named_parameters()}
    with told(source):
        config: Any = read_config(source)
        rows = num_rows(config)
        vocabulary = vocabulary_of(source, rows, words)
    if vocabulary is not None:
        shapes = {name: (rows, *shape[1:]) if has_rows(name) else shape for name, shape in shapes.items()}
    made = {}
    if vision is not None:
        replaced = {name: shape for name, shape in shapes.items() if name.startswith(_REPLACED)}
        encoder = vision_weights(vision)
        made = {name: encoder[name] if name in encoder else torch.zeros(shape) for name, shape in replaced.items()}
    shapes = {name: shape for name, shape in shapes.items() if name not in made}
    with told(source):
        found = _hub_named(shapes, held) if can_exchange(config) else named(model, held, shapes)
    converted = _proven(source, found, held, shapes)
    if missing := sorted(shapes.keys() - found.keys.keys() - converted.keys()):
        raise CheckpointError(f"checkpoint {source}: {len(missing)} weights missing, such as {missing[0]}")
    if unexpected := [key for key in found.further if not _is_spare(key, model, bool(made))]:
        raise CheckpointError(
            f"checkpoint {source}: {len(unexpected)} weights that the model of its config.json has no place for, such "
            f"as {unexpected[0]}; write or download it again"
        )
    places = {name: (held[key][0], key) for name, key in found.keys.items()}
    files = {key: path for key, (path, _) in held.items()}
    return Weights(places=places, files=files, converted=converted, made=made, vocabulary=vocabulary)


def _held(source: str) -> dict[str, tuple[Path, tuple[int, ...]]]:
    """What a base's files hold: key -> (file, shape)."""
    held = {}
    for path in _files(source):
        with told(source), safe_open(path, framework="pt") as stream:
            for key in stream.keys():  # noqa: SIM118 (no dictionary)
                held[key] = (path, tuple(stream.get_slice(key).get_shape()))
    return held


def _hub_named(shapes: Shapes, held: Iterable[str]) -> Named:
    """LLaVA's keys, and those of our own folders."""
    names = {key: name for name in shapes for key in _written_as(name)}
    keys = {names[key]: key for key in held if key in names}
    return Named(keys=keys, conversions=(), further=tuple(key for key in held if key not in names))


def _proven(source: str, found: Named, held: Mapping[str, Any], shapes: Shapes) -> dict[str, Conversion]:
    """The parameters that are merged or split, by name; all that is found has its parameter's shape.

    Raises:
        CheckpointError: not so.
    """
    told_of = {name: (key, held[key][1]) for name, key in found.keys.items()}
    converted = {}
    for one in found.conversions:
        with told(source):
            made = one.made(lambda key: torch.empty(held[key][1], device="meta"))
        told_of |= {name: (one.sources[0][0], tuple(value.shape)) for name, value in made.items()}
        converted |= dict.fromkeys(made, one)
    for name, (key, shape) in told_of.items():
        if name in shapes and shape != shapes[name]:
            raise CheckpointError(
                f"checkpoint {source}: {key} has the shape {shape}, expected {shapes[name]} by its config.json; write "
                "or download it again"
            )
    return converted


def _is_spare(key: str, model: Any, is_replaced: bool) -> bool:
    """Whether files may hold a weight that the model does not: a tied copy, a computed buffer, what is replaced."""
    if is_replaced and f"model.{key.removeprefix('model.')}".startswith(_REPLACED):
        return True
    tied = "lm_head.weight" not in dict(model.named_parameters()) and key.endswith("lm_head.weight")
    ignored = any(re.search(pattern, key) for pattern in model._keys_to_ignore_on_load_unexpected or ())
    return tied or ignored or key.endswith(("position_ids", "inv_freq"))


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
