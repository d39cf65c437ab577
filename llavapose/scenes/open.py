"""Settings -> scenes: the built-in worlds, drawn where they are missing, or files of annotations or of results."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import SceneSource, Selected
from llavapose.config.scenes import EstimatedConfig, ScenesConfig, SplitPaths
from llavapose.errors import DataError
from llavapose.files import fingerprint, read_jsonl
from llavapose.pose.skeleton import FACTS_OF, skeleton_named
from llavapose.scenes.coco import SceneSet, read_scenes
from llavapose.scenes.estimated import read_estimated
from llavapose.scenes.mpii import read_mpii
from llavapose.scenes.select import select
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, motion_path, read_motion
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world, world_path


def open_scenes(config: ScenesConfig, split: str, *, pictures: bool = True, any_joints: bool = False) -> SceneSet:
    """The scenes of one split, "train" or "val", at most as many as the settings ask for.

    Args:
        config: the settings.
        split: of the scenes.
        pictures: whether their folder must be there.
        any_joints: whether other joints than COCO's 17 will do: to be located, not to be talked about.

    Raises:
        DataError: files that are missing or broken, a split without a single scene that qualifies, or joints that pose
            facts are not made for.
    """
    if config.source == SceneSource.world:
        return _limited(read_world(world_folder(config), split), config, split)
    if config.source == SceneSource.motion:
        return _limited(read_motion(world_folder(config), split, config.num_frames), config, split)
    if config.joints != FACTS_OF and not any_joints:
        raise DataError(
            f"scenes {config.name}: pose facts, claims and teachers know {FACTS_OF}'s joints, not {config.joints}'s; "
            "locate its joints (data=locate, python -m llavapose locate), or choose other scenes"
        )
    paths = _files_of(config, split)
    images, keypoints = config.root / (paths.images or ""), config.root / (paths.keypoints or "")
    if paths.results is not None:
        found = read_estimated(
            images=images, results=config.root / paths.results, listed=_below(config.root, paths.listed),
            config=config.estimated, split=split,
        )  # fmt: skip
    elif config.source == SceneSource.mpii:
        found = read_mpii(images=images, keypoints=keypoints, split=split)
    else:
        found = read_scenes(
            images=images, keypoints=keypoints, instances=_below(config.root, paths.instances),
            captions=_below(config.root, paths.captions), split=split, pictures=pictures,
            skeleton=skeleton_named(config.joints),
        )  # fmt: skip
    return _limited(found, config, split)


def _files_of(config: ScenesConfig, split: str) -> SplitPaths:
    """The files of a split.

    Raises:
        DataError: it has none.
    """
    paths = config.train if split == "train" else config.val
    if paths.images is None or (paths.keypoints is None and paths.results is None):
        raise DataError(f"scenes {config.name}: no files for {split}; set scenes.{split}.images and .keypoints")
    return paths


def keypoint_file(config: ScenesConfig, split: str) -> Path:
    """The annotations of one split in COCO's format, for tools that read those; the world is drawn where it is not.

    Raises:
        DataError: a split without such a file.
    """
    if config.drawn:
        return world_folder(config) / "annotations" / f"person_keypoints_{split}.json"
    path = (config.train if split == "train" else config.val).keypoints
    if path is None:
        raise DataError(f"scenes {config.name}: no keypoints for {split}; set scenes.{split}.keypoints")
    return config.root / path


def opened_if_there(config: ScenesConfig, split: str) -> SceneSet | None:
    """The scenes of one split where their files are here; None where they are not. Draws no world."""
    if config.drawn and not _world_path(config).is_dir():
        return None
    try:
        return open_scenes(config, split, pictures=False)
    except DataError:
        return None


def excluded_ids(config: ScenesConfig) -> frozenset[int]:
    """The image ids that must stay out of training data: those of a file, and those of frozen benchmarks.

    In the file stands one a line, ``#`` begins a comment.

    Raises:
        DataError: no such file, a line that is no number, or a benchmark's file that is none.
    """
    path, frozen = config.excluded_ids, frozen_ids(config.held_out)
    if path is None:
        return frozen
    if not path.is_file():
        raise DataError(f"scenes.excluded_ids: no file {path}; expected COCO image ids, one a line")
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        word = line.partition("#")[0].strip()
        if word and not word.isdigit():
            raise DataError(f"scenes.excluded_ids: {path}:{number} has {word[:40]!r}; expected an image id, e.g. 42")
        if word:
            found.add(int(word))
    return frozen | found


def frozen_ids(folder: Path | None) -> frozenset[int]:
    """The image ids of every frozen benchmark (``*.jsonl``) in a folder; none where there is no folder.

    Raises:
        DataError: a file there that is none: whose pictures it held out would be trained on.
    """
    found: set[int] = set()
    for path in sorted(folder.glob("*.jsonl")) if folder is not None else ():
        for number, row in read_jsonl(path, what="scenes.held_out"):
            key = "scene_id" if number > 1 else "benchmark"
            if not isinstance(row.get(key), int if number > 1 else str):
                raise DataError(
                    f"scenes.held_out: {path}:{number} has no `{key}`; expected frozen benchmarks alone in {folder}: "
                    "move the file, or say scenes.held_out=null"
                )
            if number > 1:
                found.add(row["scene_id"])
    return frozenset(found)


def scenes_settings(config: ScenesConfig, split: str) -> dict[str, Any]:
    """All that decides which scenes one split has, as plain values; files of annotations count with size and time.

    Raises:
        DataError: a split without files.
    """
    shown = plain_values(asdict(config))
    # Which pictures are held out decides, not where it is written; sets made while there were none keep their folders.
    held_out = frozen_ids(config.held_out) if shown.pop("held_out") is not None and split == "train" else ()
    _leave_out_unused(config, shown)
    told = {**({"held_out": fingerprint(sorted(held_out))} if held_out else {}), "scenes": shown, "split": split}
    if config.drawn:
        return {**told, "world": world_name(config)}
    paths = _files_of(config, split)
    files = (paths.keypoints, paths.instances, paths.captions, paths.results, paths.listed)
    named = [config.root / path for path in files if path is not None]
    stats = {str(path): path.stat() for path in named if path.is_file()}
    return {**told, "files": {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}}


def _leave_out_unused(config: ScenesConfig, shown: dict[str, Any]) -> None:
    """Settings at rest decide nothing: what was made before there were any keeps its folder."""
    splits = {"train": config.train, "val": config.val}
    for name, paths in splits.items():
        for key in ("results", "listed", "heads"):
            if getattr(paths, key) is None:
                shown[name].pop(key)
    if config.joints == FACTS_OF:
        shown.pop("joints")
    if config.source != SceneSource.motion:
        shown.pop("num_frames")
    if all(paths.results is None for paths in splits.values()) or config.estimated == EstimatedConfig():
        shown.pop("estimated")


def plain_values(value: Any) -> Any:
    """Settings as JSON has them: choices and paths are texts."""
    if isinstance(value, dict):
        return {key: plain_values(inner) for key, inner in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def world_folder(config: ScenesConfig) -> Path:
    """The built-in world's folder for these settings, still or in motion; drawn if it is not there yet."""
    if config.source == SceneSource.motion:
        return ensure_motion(config.root, _motion_settings(config))
    return ensure_world(config.root, _world_settings(config))


def world_name(config: ScenesConfig) -> str:
    """What the folder of the built-in world is called for these settings, drawn or not."""
    return _world_path(config).name


def _world_path(config: ScenesConfig) -> Path:
    if config.source == SceneSource.motion:
        return motion_path(config.root, _motion_settings(config))
    return world_path(config.root, _world_settings(config))


def _motion_settings(config: ScenesConfig) -> MotionSettings:
    assert config.num_train is not None and config.num_val is not None, "checked with the settings"
    return MotionSettings(
        num_train=config.num_train, num_val=config.num_val, image_size=config.image_size,
        num_frames=config.num_frames, seed=config.seed,
    )  # fmt: skip


def _world_settings(config: ScenesConfig) -> WorldSettings:
    assert config.num_train is not None and config.num_val is not None, "checked with the settings"
    return WorldSettings(
        num_train=config.num_train, num_val=config.num_val, image_size=config.image_size, seed=config.seed
    )


def _below(root: Path, path: Path | None) -> Path | None:
    return None if path is None else root / path


def _limited(found: SceneSet, config: ScenesConfig, split: str) -> SceneSet:
    """The scenes that qualify for training, at most as many as asked for; all that is left out is noted."""
    scenes, notes = found.scenes, found.notes
    limit = config.num_val
    if split == "train":
        limit = config.num_train
        least = config.min_labelled_joints if config.select == Selected.joints else 0
        chosen = select(scenes, min_labelled_joints=least, excluded_ids=excluded_ids(config))
        scenes, notes = chosen.scenes, (*notes, *chosen.notes)
    if not scenes:
        raise DataError(f"scenes {config.name}: no picture of {split} qualifies ({'; '.join(notes) or 'it is empty'})")
    if limit is not None and limit < len(scenes):
        notes = (*notes, f"the first {limit} of {len(scenes)} pictures used")
    return replace(found, scenes=scenes[:limit], notes=notes)
