"""The frames of clips on a page of answers: which of the drawn ones are shown, and what of a clip its question tells.

An evaluation leaves a clip's frames as ``pictures/<scene id>/<number>.jpg``, at most ``frames.MOST_FRAMES`` of them; a
page shows as many of every clip as its room for pictures holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.frames import MOST_FRAMES, chosen
from llavapose.report.room import AS_TEXT, PICTURES_BYTES, SMALL_BYTES

Frames = Mapping[int, Path]
"""Number of a frame in its question -> its file."""


@dataclass(frozen=True, kw_only=True)
class Clips:
    """The clips of a page.

    Attributes:
        frames: scene -> the frames that are shown, in order.
        told: what found no room.
    """

    frames: Mapping[int, Frames]
    told: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, Path]:
        """Name of a frame -> its file."""
        return {_name(scene, number): path for scene, of in self.frames.items() for number, path in of.items()}

    def pictured(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the script knows of a question's frames; None: it is about no clip, or none of its frames is drawn."""
        frames = self.frames.get(row["scene_id"]) if row.get("times") else None
        if not frames:
            return None
        first, *further = (_name(row["scene_id"], number) for number in frames)
        return {"picture": first, "further": further, "times": [row["times"][number] for number in frames]}


def clips_shown(asked: Sequence[Mapping[str, Any]], folders: Sequence[Path]) -> Clips:
    """The frames that find room on one page.

    Args:
        asked: the benchmark's lines; one about a clip has ``times``.
        folders: with ``pictures/``; one's is as good as another's.
    """
    times = {row["scene_id"]: row["times"] for row in asked if row.get("times")}
    there = {scene: _drawn(scene, len(of), folders) for scene, of in times.items()}
    room = PICTURES_BYTES - SMALL_BYTES * len({str(row["scene_id"]) for row in asked if not row.get("times")})
    for most in range(MOST_FRAMES, 1, -1):
        found = {scene: _spread(frames, most) for scene, frames in there.items()}
        if sum(_wanted(path) for frames in found.values() for path in frames.values()) <= room:
            break
    else:
        found = {scene: _spread(frames, 1) for scene, frames in there.items()}
        most = 1
    fewer = any(len(found[scene]) < len(there[scene]) for scene in there)
    line = f"Of each clip at most {most} of its {MOST_FRAMES} drawn frames are shown, as more have no room here."
    return Clips(frames=found, told=(line,) if fewer else ())


def _drawn(scene: int, num: int, folders: Sequence[Path]) -> Frames:
    files = {
        number: [folder / "pictures" / f"{_name(scene, number)}.jpg" for folder in folders]
        for number in chosen(num, MOST_FRAMES)
    }
    found = {number: next((path for path in paths if path.is_file()), None) for number, paths in files.items()}
    return {number: path for number, path in found.items() if path is not None}


def _spread(frames: Frames, most: int) -> Frames:
    numbers = list(frames)
    return {numbers[place]: frames[numbers[place]] for place in chosen(len(numbers), most)}


def _wanted(path: Path) -> float:
    """The least that a frame takes on the page, as text: its file, or the smallest size that is tried."""
    return min(path.stat().st_size * AS_TEXT, SMALL_BYTES)


def _name(scene: int, number: int) -> str:
    return f"{scene}/{number:03}"
