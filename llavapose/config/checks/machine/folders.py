"""Folders that a run writes to: whether it will be able to, tried before anything is made."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_BYTES = 65536
"""What is written for a try: more than a file system keeps beside a file's name."""


def folder_problems(folders: Mapping[str, Path]) -> list[str]:
    """One line for each place that cannot be written, naming the settings that lead there.

    A try leaves nothing: a file without a name, in the folder or in the nearest one above it that is there.

    Args:
        folders: setting -> folder, which need not be there yet.
    """
    found: dict[tuple[Path, str], list[str]] = {}
    for setting, folder in folders.items():
        place = _nearest(folder)
        why = _why_not(place)
        if why:
            found.setdefault((place, why), []).append(f"{setting}={folder}")
    return [
        f"{', '.join(settings)}: cannot be written, {place} {why}; choose another folder"
        for (place, why), settings in found.items()
    ]


def _nearest(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    place = folder.absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    return place


def _why_not(place: Path) -> str:
    if not place.is_dir():
        return "is a file, expected a folder" if place.exists() else "is a link to nothing"
    try:
        with tempfile.TemporaryFile(dir=place) as stream:
            stream.write(b"\0" * _BYTES)
            stream.flush()
    except OSError as error:
        return f"takes no file ({(error.strerror or str(error)).lower()})"
    return ""
