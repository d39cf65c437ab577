"""Settings -> scenes: the built-in world, drawn where it is missing, or annotation files in COCO's format."""

from dataclasses import replace
from pathlib import Path

from llavapose.config.schema import ScenesConfig, SceneSource
from llavapose.errors import DataError
from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet, read_scenes
from llavapose.scenes.world import WorldSettings, ensure_world, read_world


def open_scenes(config: ScenesConfig, split: str) -> SceneSet:
    """The scenes of one split, "train" or "val", at most as many as the settings ask for.

    Raises:
        DataError: files that are missing or broken, or a split without a single scene that qualifies.
    """
    if config.source == SceneSource.world:
        return read_world(world_folder(config), split)
    paths = config.train if split == "train" else config.val
    if paths.images is None or paths.keypoints is None:
        raise DataError(f"scenes {config.name}: no files for {split}; set scenes.{split}.images and .keypoints")
    found = read_scenes(
        images=config.root / paths.images,
        keypoints=config.root / paths.keypoints,
        instances=_below(config.root, paths.instances),
        captions=_below(config.root, paths.captions),
        split=split,
    )
    return _limited(found, config, split)


def world_folder(config: ScenesConfig) -> Path:
    """The built-in world's folder for these settings; drawn if it is not there yet."""
    assert config.num_train is not None and config.num_val is not None, "checked with the settings"
    settings = WorldSettings(
        num_train=config.num_train, num_val=config.num_val, image_size=config.image_size, seed=config.seed
    )
    return ensure_world(config.root, settings)


def _below(root: Path, path: Path | None) -> Path | None:
    return None if path is None else root / path


def _limited(found: SceneSet, config: ScenesConfig, split: str) -> SceneSet:
    least = config.min_labelled_joints if split == "train" else 0
    kept = tuple(scene for scene in found.scenes if _labelled_joints(scene) >= least)
    limit = config.num_train if split == "train" else config.num_val
    if not kept:
        raise DataError(
            f"scenes {config.name}: none of {len(found.scenes)} {split} pictures shows a person with {least} labelled "
            "joints; check scenes.min_labelled_joints and the keypoints file"
        )
    notes = found.notes
    if len(kept) < len(found.scenes):
        notes += (f"{len(found.scenes) - len(kept)} pictures left out: no person with {least} labelled joints",)
    if limit is not None and limit < len(kept):
        notes += (f"the first {limit} of {len(kept)} pictures used",)
    return replace(found, scenes=kept[:limit], notes=notes)


def _labelled_joints(scene: Scene) -> int:
    return max((sum(joint[2] > 0 for joint in person.keypoints) for person in scene.people), default=0)
