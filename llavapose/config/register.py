"""Makes the dataclasses of ``schema.py`` known to Hydra under the names that open each primary defaults list."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass, make_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING as MISSING_VALUE
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue

from llavapose.config.schema import EvaluateConfig, GenerateConfig, TrainConfig
from llavapose.config.values import COMPOSED

SCHEMAS: dict[str, type] = {"train": TrainConfig, "generate": GenerateConfig, "evaluate": EvaluateConfig}
"""Script -> dataclass of all its settings."""


@cache
def register() -> None:
    """Store every script's schema as ``<script>_schema``; once, as Hydra keeps them."""
    store = ConfigStore.instance()
    for script, schema in SCHEMAS.items():
        store.store(name=f"{script}_schema", node=with_text_for_paths(schema))


def as_settings(schema: type, config: DictConfig) -> Any:
    """A composed or saved configuration as its dataclass: interpolations resolved, a ``Path`` where it says so."""
    known = OmegaConf.merge(OmegaConf.structured(with_text_for_paths(schema)), OmegaConf.to_container(config))
    values = OmegaConf.to_container(known, resolve=True)
    assert isinstance(values, dict)
    return built(schema, values)


def built(schema: type, values: Mapping[Any, Any]) -> Any:
    """Values that were composed under the schema's text form as the dataclass: what ``as_settings`` does at its end.

    Args:
        schema: a dataclass of settings.
        values: plain and resolved, of the right types but for a text where the dataclass has a ``Path``.

    Raises:
        ConfigKeyError: one that the dataclass does not have.
        MissingMandatoryValue: one that was not set.
    """
    hints = _hints(schema)
    if unknown := [key for key in values if key not in hints]:
        raise ConfigKeyError(f"{unknown[0]}: no such setting")
    return schema(**{key: _built_value(hints[key], value) for key, value in values.items()})


def _built_value(hint: Any, value: Any) -> Any:
    if isinstance(value, str) and value == MISSING_VALUE:
        raise MissingMandatoryValue("a setting has no value")
    if hint is Path and value is not None:
        return Path(value)
    if is_dataclass(hint) and isinstance(value, Mapping):
        return built(hint, value)  # type: ignore[arg-type]
    inner = [one for one in get_args(hint) if one is not type(None)]
    if isinstance(value, Mapping) and get_origin(hint) is dict:
        return {key: _built_value(inner[1], one) for key, one in value.items()}
    if isinstance(value, list) and get_origin(hint) is list:
        return [_built_value(inner[0], one) for one in value]
    if len(inner) == 1 and get_origin(hint) in (Union, UnionType):
        return _built_value(inner[0], value)
    return value


@cache
def _hints(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


@cache
def with_text_for_paths(schema: type) -> Any:
    """The same settings with text for each ``Path``, in the dataclasses inside too.

    Hydra composes, prints and saves these: OmegaConf writes a ``Path`` with a tag that only Python reads, and a saved
    ``config.yaml`` is for any tool. ``as_settings`` gives the dataclass itself, with its paths.
    """
    hints = get_type_hints(schema)
    parts = [(item.name, _type_as_text(hints[item.name]), _default_as_text(item)) for item in fields(schema)]
    return make_dataclass(schema.__name__, parts, kw_only=True)


def _type_as_text(hint: Any) -> Any:
    if hint is Path:
        return str
    if is_dataclass(hint):
        return with_text_for_paths(hint)  # type: ignore[arg-type]
    given = get_args(hint)
    if any(_type_as_text(one) is not one for one in given):
        # `X | None` is the one form of choice that OmegaConf knows.
        (one,) = (one for one in given if one is not type(None))
        return _type_as_text(one) | None
    return hint


def _default_as_text(item: Field[Any]) -> Any:
    if item.default_factory is not MISSING:
        factory = item.default_factory
        return field(default_factory=with_text_for_paths(factory) if is_dataclass(factory) else factory)  # type: ignore[arg-type]
    default = item.metadata.get(COMPOSED, item.default)
    default = str(default) if isinstance(default, Path) else default
    return field() if default is MISSING else field(default=default)
