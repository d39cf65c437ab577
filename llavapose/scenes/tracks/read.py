"""Settings -> scenes of tracked people."""

from pathlib import Path

from llavapose.config.choices import TracksFormat
from llavapose.config.scenes import ScenesConfig, SplitPaths
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.tracks.forms import JHMDB, POSETRACK, TRACKED, Form
from llavapose.scenes.tracks.tracked import read_tracked
from llavapose.scenes.tracks.windows import Windows

FORMS: dict[TracksFormat, Form] = {
    TracksFormat.posetrack: POSETRACK,
    TracksFormat.jhmdb: JHMDB,
    TracksFormat.tracked: TRACKED,
}


def read_tracks(config: ScenesConfig, paths: SplitPaths, split: str, *, pictures: bool = True) -> SceneSet:
    """The scenes of one split.

    Args:
        config: of the set, with source tracks.
        paths: of the split.
        split: its name.
        pictures: whether every frame must have its picture.

    Raises:
        DataError: files that are missing or broken.
    """
    form = FORMS[config.tracks.format]
    return read_tracked(
        images=config.root / (paths.images or ""), keypoints=config.root / (paths.keypoints or ""),
        instances=_below(config.root, paths.instances), captions=_below(config.root, paths.captions), split=split,
        form=form, fps=config.tracks.fps, windows=windows_of(config, form), pictures=pictures,
    )  # fmt: skip


def windows_of(config: ScenesConfig, form: Form) -> Windows:
    """How videos become scenes by these settings."""
    told = config.tracks
    return Windows(
        num_frames=told.num_frames, every_s=form.every_s if told.every_s is None else told.every_s,
        longest_gap_s=told.longest_gap_s, stride=told.stride,
    )  # fmt: skip


def told_files(config: ScenesConfig, paths: SplitPaths) -> dict[str, list[int]]:
    """Every file that decides the scenes of a split, with its size and time."""
    named: list[Path] = []
    for path in (paths.keypoints, paths.instances, paths.captions):
        if path is not None:
            whole = config.root / path
            named += sorted(one for one in whole.rglob("*") if one.is_file()) if whole.is_dir() else [whole]
    stats = {str(path): path.stat() for path in named if path.is_file()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _below(root: Path, path: Path | None) -> Path | None:
    return None if path is None else root / path
