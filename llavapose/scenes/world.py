"""The built-in world: drawn people written out as real COCO files, deterministic for its settings and seed.

The folder that ``ensure_world`` makes::

    annotations/{instances,captions,person_keypoints}_{train,val}.json    as COCO writes them
    train/000000000001.jpg ... val/000001000001.jpg ...                   the pictures
    truth_{train,val}.jsonl   latent truth (3-D angles, facing, contacts), for tests and scores only
    settings.json             what was asked for
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle
from tqdm import tqdm

from llavapose.errors import ConfigError
from llavapose.files import fingerprint, write_json, write_jsonl
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.coco import SceneSet, read_scenes
from llavapose.scenes.drawn.captions import write_captions
from llavapose.scenes.drawn.stage import Picture, compose

WORLD_VERSION = 1
"""Raised with every change of pixels or annotations, so that a cached world is never taken for a new one."""

SPLITS = ("train", "val")
FIRST_ID = {"train": 1, "val": 1_000_001}

CATEGORY_IDS = {
    "person": 1, "bench": 15, "skis": 35, "snowboard": 36, "sports ball": 37, "baseball bat": 39, "skateboard": 41,
    "surfboard": 42, "tennis racket": 43, "umbrella": 28, "frisbee": 34, "cup": 47, "chair": 62, "cell phone": 77,
}  # fmt: skip
"""COCO's own ids of the categories that are drawn."""


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """What decides every pixel: numbers of pictures, side in pixels, seed."""

    num_train: int = 2000
    num_val: int = 400
    image_size: int = 224
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    jpeg: bytes
    image: dict[str, Any]
    captions: tuple[str, ...]
    people: list[dict[str, Any]]
    things: list[dict[str, Any]]
    truth: dict[str, Any]


def ensure_world(root: Path, settings: WorldSettings, *, progress: bool = True) -> Path:
    """Find or draw the world of these settings below ``root``; the folder appears whole or not at all.

    Raises:
        ConfigError: a number of pictures or a size that cannot be drawn.
    """
    if settings.num_train < 0 or settings.num_val < 0 or settings.num_train >= FIRST_ID["val"]:
        raise ConfigError(f"world: {settings.num_train} + {settings.num_val} pictures; expected 0 to 1,000,000 each")
    if not 32 <= settings.image_size <= 2048:
        raise ConfigError(f"world: image_size is {settings.image_size}; expected 32 to 2048 pixels")
    folder = root / f"world-{fingerprint([WORLD_VERSION, asdict(settings)])}"
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=root, prefix=f".{folder.name}."))
    try:
        for split, num in zip(SPLITS, (settings.num_train, settings.num_val), strict=True):
            _write_split(building, split, num, settings, progress=progress)
        write_json(building / "settings.json", {"version": WORLD_VERSION, **asdict(settings)})
        os.chmod(building, 0o755)
        try:
            building.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def read_world(folder: Path, split: str) -> SceneSet:
    """One split of a world, through the same reader as real COCO files."""
    notes = folder / "annotations"
    return read_scenes(
        images=folder / split,
        keypoints=notes / f"person_keypoints_{split}.json",
        instances=notes / f"instances_{split}.json",
        captions=notes / f"captions_{split}.json",
        split=split,
    )


def read_truth(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """The latent truth, one object a picture: {"image_id", "people": [{"id", "action", "facing", ...}]}."""
    with (folder / f"truth_{split}.jsonl").open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def draw(image_id: int, settings: WorldSettings) -> _Drawn:
    """Draw one picture; it depends on its id and the settings alone."""
    rng = np.random.default_rng([settings.seed, WORLD_VERSION, image_id])
    picture = compose(settings.image_size, rng)
    stream = BytesIO()
    picture.image.save(stream, "JPEG", quality=90)
    people = [_person(image_id, n, actor) for n, actor in enumerate(picture.actors)]
    return _Drawn(
        jpeg=stream.getvalue(),
        image={
            "id": image_id,
            "file_name": f"{image_id:012d}.jpg",
            "width": settings.image_size,
            "height": settings.image_size,
            "license": 1,
        },
        captions=write_captions(picture, rng),
        people=people,
        things=[_thing(image_id, n, thing) for n, thing in enumerate(picture.things)],
        truth={
            "image_id": image_id,
            "place": picture.place,
            "people": [
                {"id": person["id"], "cut": actor.cut, "hidden": round(actor.hidden, 3), **actor.truth}
                for person, actor in zip(people, picture.actors, strict=True)
            ],
        },
    )


def _annotation(image_id: int, number: int, category: str, box: Any, mask: np.ndarray) -> dict[str, Any]:
    encoded = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "id": image_id * 100 + number,
        "image_id": image_id,
        "category_id": CATEGORY_IDS[category],
        "bbox": [round(value, 1) for value in box],
        "area": float(mask.sum()),
        "iscrowd": 0,
        "segmentation": {"size": encoded["size"], "counts": encoded["counts"].decode()},
    }


def _person(image_id: int, number: int, actor: Any) -> dict[str, Any]:
    flat = [value for joint in COCO17.joints for value in actor.keypoints[joint]]
    labelled = sum(1 for joint in COCO17.joints if actor.keypoints[joint][2])
    base = _annotation(image_id, number, "person", actor.box_xywh, actor.mask)
    return {**base, "keypoints": flat, "num_keypoints": labelled}


def _thing(image_id: int, number: int, thing: Any) -> dict[str, Any]:
    category, box, mask = thing
    return _annotation(image_id, 50 + number, category, box, mask)


def _write_split(folder: Path, split: str, num: int, settings: WorldSettings, *, progress: bool) -> None:
    (folder / split).mkdir()
    drawn = []
    ids = range(FIRST_ID[split], FIRST_ID[split] + num)
    for one in tqdm(_drawn(ids, settings), total=num, desc=f"drawing {split}", unit="img", disable=not progress):
        (folder / split / one.image["file_name"]).write_bytes(one.jpeg)
        drawn.append(one)
    images = [one.image for one in drawn]
    common = {
        "info": {"description": "llavapose built-in world", "version": str(WORLD_VERSION), "year": 2026},
        "licenses": [{"id": 1, "name": "Apache-2.0", "url": ""}],
        "images": images,
    }
    person = {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": [joint.replace(" ", "_") for joint in COCO17.joints],
        "skeleton": [[a + 1, b + 1] for a, b in COCO17.limbs],
    }
    kinds = [{"id": i, "name": name, "supercategory": name} for name, i in sorted(CATEGORY_IDS.items(), key=lambda kv: kv[1])]
    captions = [
        {"id": one.image["id"] * 10 + n, "image_id": one.image["id"], "caption": text}
        for one in drawn
        for n, text in enumerate(one.captions)
    ]
    plain = [{k: v for k, v in a.items() if k not in ("keypoints", "num_keypoints")} for one in drawn for a in one.people]
    things = [annotation for one in drawn for annotation in one.things]
    people = [annotation for one in drawn for annotation in one.people]
    notes = folder / "annotations"
    _write_compact(notes / f"instances_{split}.json", {**common, "categories": kinds, "annotations": plain + things})
    _write_compact(notes / f"captions_{split}.json", {**common, "annotations": captions})
    _write_compact(notes / f"person_keypoints_{split}.json", {**common, "categories": [person], "annotations": people})
    write_jsonl(folder / f"truth_{split}.jsonl", (one.truth for one in drawn))


def _write_compact(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")


def _drawn(ids: range, settings: WorldSettings) -> Iterator[_Drawn]:
    one = partial(draw, settings=settings)
    workers = min(os.cpu_count() or 1, max(1, len(ids) // 50))
    if workers == 1:
        yield from map(one, ids)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(one, ids, chunksize=16)
