"""Packages that a base's processor is built with, and that a plain install does not bring."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llavapose.config.checks.machine.hub import cache_folder
from llavapose.errors import DataError
from llavapose.families.known import family_named
from llavapose.families.published import PUBLISHED
from llavapose.files import read_json


def package_problems(setting: str, base: str) -> list[str]:
    """A line for each package that the base's family needs and that is not installed.

    Args:
        setting: what the message calls it, e.g. "model.base".
        base: ``tiny``, a folder, or ``owner/name``; one whose configuration is not here is let through.
    """
    kind = _model_type(base)
    family = family_named(kind) if isinstance(kind, str) else None
    lacking = [name for name in (family.needs if family else ()) if find_spec(name) is None]
    return [
        f"{setting}: {base} cannot be read without the package {name}, which is not installed; "
        "pip install 'llavapose[families]'"
        for name in lacking
    ]


def _model_type(base: str) -> Any:
    if not Path(base).is_dir() and base in PUBLISHED:
        return PUBLISHED[base].get("model_type", "llava")
    try:
        return read_json(_folder(base) / "config.json", what="base")["model_type"]
    except (DataError, OSError, KeyError, TypeError):
        return None


def _folder(base: str) -> Path:
    """The folder itself, or that of the hub's newest version in the cache."""
    if Path(base).is_dir():
        return Path(base)
    saved = cache_folder() / f"models--{base.replace('/', '--')}"
    return saved / "snapshots" / (saved / "refs" / "main").read_text(encoding="utf-8").strip()
