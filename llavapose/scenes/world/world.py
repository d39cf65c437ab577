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
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.errors import ConfigError
from llavapose.files import fingerprint, read_jsonl, write_json, write_jsonl
from llavapose.scenes.coco import SceneSet, read_scenes
from llavapose.scenes.world.drawn.annotations import Drawn, coco_files, drawn_of, file_name
from llavapose.scenes.world.drawn.stage import stage

WORLD_VERSION = 3
"""Raised with every change of pixels or annotations, so that a cached world is never taken for a new one."""

SPLITS = ("train", "val")
FIRST_ID = {"train": 1, "val": 1_000_001}


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """What decides every pixel: numbers of pictures, side in pixels, seed."""

    num_train: int = 2000
    num_val: int = 400
    image_size: int = 224
    seed: int = 0


def world_path(root: Path, settings: WorldSettings) -> Path:
    """Where the world of these settings lies, drawn or not."""
    return root / f"world-{fingerprint([WORLD_VERSION, asdict(settings)])}"


def ensure_world(root: Path, settings: WorldSettings, *, progress: bool = True) -> Path:
    """Find or draw the world of these settings below ``root``; the folder appears whole or not at all.

    Raises:
        ConfigError: a number of pictures or a size that cannot be drawn.
    """
    if settings.num_train < 0 or settings.num_val < 0 or settings.num_train >= FIRST_ID["val"]:
        raise ConfigError(f"world: {settings.num_train} + {settings.num_val} pictures; expected 0 to 1,000,000 each")
    if not 32 <= settings.image_size <= 2048:
        raise ConfigError(f"world: image_size is {settings.image_size}; expected 32 to 2048 pixels")

    def write(building: Path) -> None:
        for split, num in zip(SPLITS, (settings.num_train, settings.num_val), strict=True):
            _write_split(building, split, num, settings, progress=progress)
        write_json(building / "settings.json", {"version": WORLD_VERSION, **asdict(settings)})

    return made_whole(world_path(root, settings), write)


def made_whole(folder: Path, write: Callable[[Path], None]) -> Path:
    """The folder, written where it is not there: it appears whole or not at all, whoever else writes it meanwhile.

    Args:
        folder: its name tells all that decides what is in it.
        write: writes all of it into the folder that it is given.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        write(building)
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
    """The latent truth, one object a picture: {"image_id", "people": [{"annotation_id", "action", "facing", ...}]}."""
    yield from (truth for _, truth in read_jsonl(folder / f"truth_{split}.jsonl", what="the world's truth"))


def draw(image_id: int, settings: WorldSettings) -> tuple[bytes, Drawn]:
    """One picture as JPEG with its annotations; it depends on its id, the size and the seed alone."""
    staged = stage(settings.seed, image_id, settings.image_size)
    stream = BytesIO()
    staged.picture.save(stream, "JPEG", quality=90)
    return stream.getvalue(), drawn_of(staged, settings.seed, image_id)


def _write_split(folder: Path, split: str, num: int, settings: WorldSettings, *, progress: bool) -> None:
    (folder / split).mkdir()
    drawn = []
    ids = range(FIRST_ID[split], FIRST_ID[split] + num)
    for jpeg, one in tqdm(_drawn(ids, settings), total=num, desc=f"drawing {split}", unit="img", disable=not progress):
        (folder / split / file_name(one.number)).write_bytes(jpeg)
        drawn.append(one)
    for kind, content in coco_files(drawn, split, settings.image_size).items():
        path = folder / "annotations" / f"{kind}_{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    write_jsonl(folder / f"truth_{split}.jsonl", (one.truth for one in drawn))


def _drawn(ids: range, settings: WorldSettings) -> Iterator[tuple[bytes, Drawn]]:
    one = partial(draw, settings=settings)
    workers = min(os.cpu_count() or 1, max(1, len(ids) // 50))
    if workers == 1:
        yield from map(one, ids)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(one, ids, chunksize=16)
