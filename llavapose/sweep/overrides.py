"""Settings back to the words of a command line."""

from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from llavapose.config.compose import composed, typed
from llavapose.config.schema import TrainConfig, evaluation_of
from llavapose.errors import ConfigError


def evaluation_overrides(conf: Path, config: TrainConfig, *, checkpoint: str, arm: str) -> tuple[str, ...]:
    """Overrides for ``evaluate.py`` that evaluate a checkpoint just as a run evaluates its own; all but the folder."""
    settings = [f"checkpoint={hydra_value(checkpoint)}", f"arm={hydra_value(arm)}"]
    try:
        # One word for what would be a dozen, where the run's pictures are those of a file in conf/.
        group = [f"scenes={config.scenes.name}"] if config.scenes.name != "world" else []
        default = leaves(typed("evaluate", composed("evaluate", conf, [*settings, *group])))
        settings += group
    except ConfigError:
        default = leaves(typed("evaluate", composed("evaluate", conf, settings)))
    wanted = leaves(evaluation_of(config, checkpoint=Path(checkpoint)))
    # An endpoint is chosen by its name; what stands beside it is told whole, because the choice brings values too.
    asking = [owner for owner in ("answerer", "judge") if f"{owner}.endpoint.name" in wanted]
    chosen = [f"{owner}.endpoint={hydra_value(wanted[f'{owner}.endpoint.name'])}" for owner in asking]
    differing = [
        f"{key}={hydra_value(value)}"
        for key, value in wanted.items()
        if key not in ("checkpoint", "arm", "output_dir")
        and (key.startswith(tuple(f"{owner}." for owner in asking)) or value != default.get(key))
    ]
    return (*settings, *chosen, *differing)


def leaves(config: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted name -> value of every setting."""
    found: dict[str, Any] = {}
    for item in fields(config):
        value = getattr(config, item.name)
        if is_dataclass(value):
            found |= leaves(value, f"{prefix}{item.name}.")
        elif isinstance(value, dict):
            found |= {f"{prefix}{item.name}.{key}": one for key, one in value.items()}
        else:
            found[prefix + item.name] = value
    return found


def hydra_value(value: Any) -> str:
    """A value in Hydra's grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{hydra_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(hydra_value, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return str(value)
    text = str(value)
    plain = all(letter.isalnum() or letter in "/-_.:" for letter in text) and text
    return text if plain else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
