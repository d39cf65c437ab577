"""Makes the samples of kind "locate" that a run asks for where they are not there yet, with their crops."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig
from llavapose.errors import DataError
from llavapose.files import fingerprint, inside
from llavapose.locate.replies import Spot
from llavapose.locate.samples import (
    Asking,
    about_person,
    about_picture,
    crop_name,
    people_in,
    spots_of,
    versions_of,
    write_crop,
)
from llavapose.owner import Place, held
from llavapose.records import Sample, Scene
from llavapose.samples import find_made, sign_made, write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes, plain_values, scenes_settings

LOCATE_VERSION = 1
"""Raised with every change of what the samples say or show."""


def asking_of(config: LocateConfig) -> Asking:
    """How people are shown and asked about."""
    return Asking(
        view=str(config.view), asking=str(config.asking), coding=str(config.coding), margin=config.margin,
        size=config.size, described=config.described,
    )  # fmt: skip


def ensure_located(scenes: ScenesConfig, config: LocateConfig, data_dir: Path) -> tuple[Path, Path]:
    """The samples of these settings and the folder of their pictures; made where they are missing.

    Args:
        scenes: annotated pictures; the built-in world is drawn if it is not there.
        config: how people are shown and asked about.
        data_dir: folder of made samples, each set in a folder named by the fingerprint of its settings.

    Raises:
        DataError: annotations or a picture that are missing or broken, or nobody who can be asked about.
    """
    made_from = _settings(scenes, config)
    folder = _folder(made_from, data_dir)
    with held(Place(folder=folder, results=("samples.jsonl",)), made_from, waits=True):
        return _made_before(folder, made_from) or _make(scenes, config, folder, made_from)


def find_located(scenes: ScenesConfig, config: LocateConfig, data_dir: Path) -> tuple[Path, Path] | None:
    """The samples of these settings and the folder of their pictures, where they have been made; makes nothing."""
    made_from = _settings(scenes, config)
    return _made_before(_folder(made_from, data_dir), made_from)


def _settings(scenes: ScenesConfig, config: LocateConfig) -> dict[str, Any]:
    told = plain_values(asdict(config)) | {"left_out": sorted(config.left_out)}
    # Whom the trained model is asked about later changes no sample.
    for name in ("num_people", "boxes", "least_box"):
        told.pop(name)
    return {**scenes_settings(scenes, "train"), "locate": told, "version": LOCATE_VERSION}


def _folder(made_from: dict[str, Any], data_dir: Path) -> Path:
    return data_dir / f"locate-{fingerprint(made_from)}"


def _made_before(folder: Path, made_from: dict[str, Any]) -> tuple[Path, Path] | None:
    found = find_made(folder, made_from)
    if found is not None:
        print(f"samples: {found[0]} (made before, settings unchanged)", flush=True)
    return found


def _make(scenes: ScenesConfig, config: LocateConfig, folder: Path, made_from: dict[str, Any]) -> tuple[Path, Path]:
    chosen, asking = open_scenes(scenes, "train", any_joints=True), asking_of(config)
    images = (folder / "crops").absolute() if asking.view == "crop" else chosen.images
    print(f"samples: no keypoint questions for these settings yet, written to {folder}", flush=True)
    for note in chosen.notes:
        print(f"scenes: {note}", flush=True)
    if asking.view == "crop":
        _cut_all(chosen, asking, config, images)
    num = write_samples(folder / "samples.jsonl", samples_of(chosen, config))
    if not num:
        raise DataError(f"scenes {scenes.name}: nobody with a box and a labelled joint; nothing to ask for")
    print(f"samples: {num:,} of kind locate in {folder / 'samples.jsonl'}", flush=True)
    sign_made(folder, made_from, images)
    return folder / "samples.jsonl", images


def samples_of(chosen: SceneSet, config: LocateConfig) -> Iterator[Sample]:
    """Every sample of the scenes, person by person, version by version."""
    asking = asking_of(config)
    for scene in chosen.scenes:
        if asking.of_everyone:
            if people_in(scene):
                yield about_picture(scene, asking, left_out=config.left_out)
            continue
        for index in people_in(scene):
            for version, view in versions_of(scene, index, asking, num=config.versions, seed=config.seed):
                person = scene.people[index].id
                joints = _asked(spots_of(scene, index, view), config, f"{config.seed}/{scene.id}/{person}/{version}")
                if joints:
                    yield from about_person(scene, index, view, asking, version=version, joints=joints)


def _asked(spots: dict[str, Spot], config: LocateConfig, lot: str) -> list[str]:
    """The joints that one view of a person is asked for."""
    names = [name for name in spots if name not in config.left_out]
    if config.max_joints is None:
        return names
    visible = [name for name in names if spots[name].place is not None]
    drawn = Random(lot).sample(visible, min(config.max_joints, len(visible)))
    return [name for name in names if name in drawn]


def _cut_all(chosen: SceneSet, asking: Asking, config: LocateConfig, images: Path) -> None:
    """Cut every crop; one that is there is whole, and is kept."""
    act = partial(_cut, folder=chosen.images, images=images, asking=asking, num=config.versions, seed=config.seed)
    workers = min(os.cpu_count() or 1, max(1, len(chosen.scenes) // 200))
    with tqdm(total=len(chosen.scenes), desc="cutting people out", unit="img") as bar:
        if workers == 1:
            for scene in chosen.scenes:
                act(scene)
                bar.update()
            return
        with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
            for _ in pool.map(act, chosen.scenes, chunksize=16):
                bar.update()


def _cut(scene: Scene, *, folder: Path, images: Path, asking: Asking, num: int, seed: int) -> None:
    picture = inside(folder, scene.image, where=f"scene {scene.id}")
    for index in people_in(scene):
        for version, view in versions_of(scene, index, asking, num=num, seed=seed):
            write_crop(images / crop_name(scene, scene.people[index], version), picture, view, asking.size)
