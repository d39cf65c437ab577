"""A checkpoint's keys -> parameters, by transformers' own rules: most are renamed, some are merged or split.

The rules are those that ``from_pretrained`` follows; here they are followed without reading a weight, so that one can
be read at a time.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    WeightConverter,
    WeightRenaming,
    WeightTransform,
    dot_natural_key,
    rename_source_key,
)

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Weights of a file that are merged into a parameter, or split into several.

    Attributes:
        first: a parameter that comes of it; transformers names the conversion by it.
        sources: (key in the file, which of the rule's patterns it matched), in the rule's order.
        rule: transformers' own.
        model: stands for the model, whose shapes and configuration the rule looks at.
    """

    first: str
    sources: tuple[tuple[str, str], ...]
    rule: WeightConverter
    model: Any

    def made(self, read: Callable[[str], Tensor]) -> dict[str, Tensor]:
        """Parameters by name; ``read`` gives a weight of the file by its key."""
        rule: Any = deepcopy(self.rule)
        for key, pattern in self.sources:
            rule.add_tensor(self.first, key, pattern, read(key))
        found = rule.convert(self.first, model=self.model, config=self.model.config)
        return {name: value[0] if isinstance(value, list) else value for name, value in found.items()}


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the keys of a checkpoint are.

    Attributes:
        keys: parameter -> its key, where it is only renamed.
        conversions: the others.
        further: keys that no parameter is named by.
    """

    keys: Mapping[str, str]
    conversions: tuple[Conversion, ...]
    further: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """What a rule asks of a model, also of one whose weights are cut up."""

    shapes: Shapes
    config: Any

    def get_parameter(self, name: str) -> Tensor:
        """A parameter's shape, without its numbers."""
        return torch.empty(self.shapes[name], device="meta")


def named(model: Any, keys: Iterable[str], shapes: Shapes) -> Named:
    """Which parameter each key of a checkpoint is, or becomes a part of.

    Args:
        model: without weights, or with them cut up.
        keys: of all its files.
        shapes: of its parameters, whole.
    """
    rules = get_model_conversion_mapping(model)
    renamings = [one for one in rules if isinstance(one, WeightRenaming)]
    converters = [one for one in rules if isinstance(one, WeightConverter)]
    by_pattern = {pattern: one for one in converters for pattern in one.source_patterns}
    places: Any = dict.fromkeys(model.state_dict(), True)
    plain: dict[str, str] = {}
    sources: dict[str, list[tuple[str, str]]] = {}
    further = []
    for key in sorted(keys, key=dot_natural_key):
        name, pattern = rename_source_key(key, renamings, converters, model.base_model_prefix, places)
        if name not in places and key in places:
            name, pattern = key, None
        if pattern is not None and name in shapes:
            sources.setdefault(name, []).append((key, pattern))
        elif name in shapes:
            plain[name] = key
        else:
            further.append(key)
    standing = _Standing(shapes=shapes, config=model.config)
    conversions = tuple(
        Conversion(first=name, sources=tuple(given), rule=by_pattern[given[0][1]], model=standing)
        for name, given in sources.items()
    )
    return Named(keys=plain, conversions=conversions, further=tuple(further))


def published_rules(model: Any) -> list[WeightTransform]:
    """The rules that a family's published files were written by; backwards they give the hub's names."""
    return get_model_conversion_mapping(model, add_legacy=False)
