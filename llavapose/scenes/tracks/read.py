"""Settings -> scenes of tracked people."""

from pathlib import Path

from llavapose.config.choices import TracksFormat
from llavapose.config.scenes import ScenesConfig, SplitPaths
from llavapose.errors import DataError
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.tracks.forms import JHMDB, POSETRACK, PYSKL, TRACKED, Form
from llavapose.scenes.tracks.jhmdb import MAT, read_jhmdb
from llavapose.scenes.tracks.pyskl import read_pyskl
from llavapose.scenes.tracks.tracked import read_tracked
from llavapose.scenes.tracks.windows import Windows

FORMS: dict[TracksFormat, Form] = {
    TracksFormat.posetrack: POSETRACK,
    TracksFormat.jhmdb: JHMDB,
    TracksFormat.pyskl: PYSKL,
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
    told = config.tracks
    form = FORMS[told.format]
    windows = windows_of(config, form)
    images, keypoints = _below(config.root, paths.images), config.root / (paths.keypoints or "")
    if told.format == TracksFormat.pyskl:
        return read_pyskl(
            keypoints, part=paths.part or "", images=images, frame_name=told.frame_name, split=split, fps=told.fps,
            joint_score=config.estimated.joint_score, windows=windows, pictures=pictures,
        )  # fmt: skip
    images = images or config.root
    if told.format == TracksFormat.jhmdb and any(keypoints.glob(f"*/*/{MAT}")):
        return read_jhmdb(
            keypoints, images=images, lists=_below(config.root, paths.listed), part=paths.part, split=split,
            fps=told.fps, windows=windows, pictures=pictures,
        )  # fmt: skip
    if paths.listed is not None or paths.part is not None:
        raise DataError(
            f"{form.what}: {keypoints} has no */*/{MAT}; scenes.{split}.listed and part go with JHMDB's own files"
        )
    return read_tracked(
        images=images, keypoints=keypoints, instances=_below(config.root, paths.instances),
        captions=_below(config.root, paths.captions), split=split, form=form, fps=told.fps, windows=windows,
        pictures=pictures,
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
    for path in (paths.keypoints, paths.instances, paths.captions, paths.listed):
        if path is not None:
            whole = config.root / path
            named += sorted(one for one in whole.rglob("*") if one.is_file()) if whole.is_dir() else [whole]
    stats = {str(path): path.stat() for path in named if path.is_file()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _below(root: Path, path: Path | None) -> Path | None:
    return None if path is None else root / path
