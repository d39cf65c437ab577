"""How a checkpoint was taught to locate: the settings that ``training.json`` beside its weights tells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from llavapose.config.choices import Joints
from llavapose.config.teaching import LocateConfig
from llavapose.errors import ConfigError
from llavapose.files import read_json
from llavapose.locate.samples import Asking

SETTINGS = ("view", "asking", "coding", "margin", "size", "described")
"""Of ``locate``: those that decide what is shown and asked."""


def taught_settings(checkpoint: Path) -> dict[str, Any]:
    """These settings of its run, and which ``joints`` the people had; {} where it was not taught to locate.

    Raises:
        ConfigError: a value that no run can have had.
        DataError: a file that is no JSON.
    """
    path = checkpoint / "training.json"
    settings = _part(read_json(path, what="training") if path.is_file() else None, "settings")
    told = _part(settings, "locate")
    if "locate" not in _part(_part(settings, "data"), "kinds"):
        return {}
    names = [name for name in SETTINGS if name in told]
    try:
        joints = Joints(_part(settings, "scenes").get("joints", Joints.coco17))
        own = OmegaConf.merge(OmegaConf.structured(LocateConfig), {name: told[name] for name in names})
        config: Any = OmegaConf.to_object(own)
        problems = config.problems()
    except (OmegaConfBaseException, ValueError) as error:
        problems = str(error).splitlines()
    if problems:
        raise ConfigError(f"{path}: {problems[0]}; no run can have had that, and how to ask is not known: train anew")
    values = {name: getattr(config, name) for name in names}
    return {"joints": joints.value} | {n: str(one) if isinstance(one, str) else one for n, one in values.items()}


def asking_as_taught(taught: Mapping[str, Any]) -> Asking:
    """How a checkpoint was asked.

    Raises:
        ConfigError: it was not taught to locate.
    """
    if any(name not in taught for name in SETTINGS):
        raise ConfigError("this checkpoint's training.json tells no kind locate; give the `hf` folder of a run with "
                          "data=locate or data=full_locate")  # fmt: skip
    return Asking(**{name: taught[name] for name in SETTINGS})


def _part(told: Any, name: str) -> Mapping[str, Any]:
    part = told.get(name) if isinstance(told, Mapping) else None
    return part if isinstance(part, Mapping) else {}
