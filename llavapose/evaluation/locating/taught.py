"""How a checkpoint was taught to locate: the settings that ``training.json`` beside its weights tells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llavapose.config.choices import Joints, LocateAsking, LocateView
from llavapose.errors import ConfigError, shown
from llavapose.files import read_json
from llavapose.locate.codings import CODINGS
from llavapose.locate.samples import Asking

SETTINGS = ("view", "asking", "coding", "margin", "size", "described")
"""Of ``locate``: those that decide what is shown and asked."""
_CHOICES = {
    "view": [one.value for one in LocateView], "asking": [one.value for one in LocateAsking], "coding": list(CODINGS),
    "joints": [one.value for one in Joints],
}  # fmt: skip
MAX_SIZE = 4096
"""Pixels of a crop's side: no encoder sees more."""


def taught_settings(checkpoint: Path) -> dict[str, Any]:
    """The group ``locate`` of its run and which ``joints`` the people had; {} where it was not taught to locate.

    Raises:
        ConfigError: a value that no run can have had.
        DataError: a file that is no JSON.
    """
    path = checkpoint / "training.json"
    settings = _part(read_json(path, what="training") if path.is_file() else None, "settings")
    kinds, told = _part(_part(settings, "data"), "kinds"), _part(settings, "locate")
    if "locate" not in kinds:
        return {}
    found = {"joints": _part(settings, "scenes").get("joints", Joints.coco17.value), **told}
    for name, value in found.items():
        if not _can_be(name, value):
            raise ConfigError(f"{path}: locate.{name} is {shown(value)}, which no run can have had; train it anew")
    return found


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


def _can_be(name: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _CHOICES:
        return isinstance(value, str) and value in _CHOICES[name]
    if name == "margin":
        return number and 0.5 <= value <= 4
    if name == "size":
        return isinstance(value, int) and number and 32 <= value <= MAX_SIZE
    return name != "described" or isinstance(value, bool)
