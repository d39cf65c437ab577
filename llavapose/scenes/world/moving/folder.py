"""The built-in world in motion: clips written as frames, deterministic for their settings and seed.

The folder that ``ensure_motion`` makes::

    train/000001/000000.jpg ... val/1000001/000000.jpg ...                a folder of frames a clip
    annotations/{person_keypoints,instances,captions}_{train,val}.json    as COCO's, people with `track_id`
    annotations/{train,val}/000001.json                                   one file a clip in PoseTrack18's form
    truth_{train,val}.jsonl                                               latent truth, for tests and scores only
    settings.json                                                         what was asked for
"""

import json
import os
import random
from collections.abc import Iterator
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
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.tracks.tracked import read_tracked
from llavapose.scenes.tracks.windows import Windows
from llavapose.scenes.world.moving.annotations import (
    MOST_FRAMES,
    Noted,
    noted,
    scene_id,
    tracked_files,
    video_name,
)
from llavapose.scenes.world.moving.captions import captions_of
from llavapose.scenes.world.moving.film import film
from llavapose.scenes.world.moving.timing import CLIP_S, Clock
from llavapose.scenes.world.moving.truth import truth_of
from llavapose.scenes.world.world import made_whole

MOTION_VERSION = 3
"""Raised with every change of pixels or annotations, so that a cached world is never taken for a new one."""

SPLITS = ("train", "val")
FIRST = {"train": 1, "val": 1_000_001}
LEAST_FRAMES = 3
"""A first frame, a middle one, a last one."""


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """What decides every pixel: numbers of clips, side in pixels, frames a clip, seed."""

    num_train: int = 600
    num_val: int = 150
    image_size: int = 160
    num_frames: int = 16
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One clip as it is written: its frames as JPEG, its annotations, its truth."""

    jpegs: tuple[bytes, ...]
    notes: Noted
    truth: dict[str, Any]


def motion_path(root: Path, settings: MotionSettings) -> Path:
    """Where the world of these settings lies, drawn or not."""
    return root / f"motion-{fingerprint([MOTION_VERSION, asdict(settings)])}"


def ensure_motion(root: Path, settings: MotionSettings, *, progress: bool = True) -> Path:
    """Find or draw the world of these settings below ``root``; the folder appears whole or not at all.

    Raises:
        ConfigError: a number of clips or frames, or a size, that cannot be drawn.
    """
    _check(settings)

    def write(building: Path) -> None:
        for split, num in zip(SPLITS, (settings.num_train, settings.num_val), strict=True):
            _write_split(building, split, num, settings, progress=progress)
        write_json(building / "settings.json", {"version": MOTION_VERSION, **asdict(settings)})

    return made_whole(motion_path(root, settings), write)


def read_motion(folder: Path, split: str, num_frames: int) -> SceneSet:
    """One split, through the reader of any folder of frames with tracked people; a clip is a scene.

    Raises:
        DataError: the folder holds no such split, or a file was changed.
    """
    notes = folder / "annotations"
    found = read_tracked(
        images=folder / split,
        keypoints=notes / f"person_keypoints_{split}.json",
        instances=notes / f"instances_{split}.json",
        captions=notes / f"captions_{split}.json",
        windows=Windows(num_frames=num_frames, longest_gap_s=CLIP_S),
        split=split,
    )
    # A clip's captions stand at its middle frame: that the others have none is no news.
    told = tuple(note for note in found.notes if not note.endswith("images without a caption"))
    return SceneSet(scenes=found.scenes, images=found.images, notes=told)


def read_truth(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """The latent truth, one object a clip, as ``truth`` describes it."""
    yield from (truth for _, truth in read_jsonl(folder / f"truth_{split}.jsonl", what="the world's truth"))


def draw(number: int, settings: MotionSettings, split: str) -> Drawn:
    """One clip; it depends on its number, the size, the number of frames and the seed alone."""
    clock = Clock(num_frames=settings.num_frames)
    made = film(settings.seed, number, settings.image_size, clock)
    jpegs = []
    for shot in made.shots:
        stream = BytesIO()
        shot.picture.save(stream, "JPEG", quality=90)
        jpegs.append(stream.getvalue())
    # A generator of its own: another caption must not move a single pixel.
    texts = captions_of(made.script, random.Random(f"captions motion {settings.seed} {number}"))
    truth = truth_of(made.script, clock, scene_id(number, settings.num_frames), video_name(number))
    return Drawn(jpegs=tuple(jpegs), notes=noted(made, number, split, texts), truth=truth)


def _check(settings: MotionSettings) -> None:
    if settings.num_train < 0 or settings.num_val < 0 or settings.num_train >= FIRST["val"]:
        raise ConfigError(f"motion: {settings.num_train} + {settings.num_val} clips; expected 0 to 1,000,000 each")
    if not 32 <= settings.image_size <= 2048:
        raise ConfigError(f"motion: image_size is {settings.image_size}; expected 32 to 2048 pixels")
    if not LEAST_FRAMES <= settings.num_frames <= MOST_FRAMES:
        raise ConfigError(
            f"motion: num_frames is {settings.num_frames}; expected {LEAST_FRAMES} to {MOST_FRAMES} frames a clip"
        )


def _write_split(folder: Path, split: str, num: int, settings: MotionSettings, *, progress: bool) -> None:
    (folder / split).mkdir()
    (folder / "annotations" / split).mkdir(parents=True)
    clips, truths = [], []
    numbers = range(FIRST[split], FIRST[split] + num)
    drawn = tqdm(_drawn(numbers, settings, split), total=num, desc=f"drawing {split}", unit="clip",
                 disable=not progress)  # fmt: skip
    for number, one in zip(numbers, drawn, strict=True):
        video = video_name(number)
        (folder / split / video).mkdir()
        for frame, jpeg in enumerate(one.jpegs):
            (folder / split / video / f"{frame:06d}.jpg").write_bytes(jpeg)
        _write_plain(folder / "annotations" / split / f"{video}.json", one.notes.posetrack)
        clips.append(one.notes)
        truths.append(one.truth)
    for kind, content in tracked_files(clips, split).items():
        _write_plain(folder / "annotations" / f"{kind}_{split}.json", content)
    write_jsonl(folder / f"truth_{split}.jsonl", truths)


def _write_plain(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _drawn(numbers: range, settings: MotionSettings, split: str) -> Iterator[Drawn]:
    one = partial(draw, settings=settings, split=split)
    # A clip takes a few tenths of a second, a process about one to begin.
    workers = min(os.cpu_count() or 1, max(1, len(numbers) // 10))
    if workers == 1:
        yield from map(one, numbers)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(one, numbers, chunksize=4)
