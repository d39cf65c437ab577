"""pyskl's pickles of 2-D poses -> scenes over time (Duan et al., ACM MM 2022; its repository's ``tools/data``).

    {"split": {"train": ["video", ...], ...},
     "annotations": [{"frame_dir": "video", "total_frames": T, "img_shape": (height, width), "label": 3,
                      "keypoint": float[M, T, 17, 2] in pixels, "keypoint_score": float[M, T, 17]}, ...]}

M are people: followed through the frames where a set has tracks (NTU RGB+D) or one person (FineGYM, Diving48); else the
best of each frame in order, and where one is then another person the track jumps and is cut. Boxes are those of the
joints. ``label`` is a set's own number of an action and is not used.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.errors import DataError, named, shown
from llavapose.files import inside
from llavapose.pose.skeleton import COCO17
from llavapose.records import Box, Keypoint, Person, Scene
from llavapose.scenes.coco import DECIMALS, SceneSet
from llavapose.scenes.lists import MAX_SIDE_PX
from llavapose.scenes.tracks.arrays import Made
from llavapose.scenes.tracks.forms import PYSKL
from llavapose.scenes.tracks.pickled import read_pickle
from llavapose.scenes.tracks.videos import Moment, Video, all_differ, must_be_there, number_of
from llavapose.scenes.tracks.windows import Windows, scenes_over_time, thinned, too_near

FIRST_FRAME = 1
"""The number of a video's first frame in the names of pictures, as mmaction's tools extract them."""
NUM_JOINTS = len(COCO17.joints)


def read_pyskl(
    path: Path,
    *,
    part: str,
    images: Path | None,
    frame_name: str,
    split: str = "train",
    joint_score: float = 0.3,
    fps: float | None = None,
    windows: Windows | None = None,
    pictures: bool = True,
) -> SceneSet:
    """Read one split of a pickle.

    Args:
        path: the pickle; it is read as data, never run.
        part: the pickle's own name of the split.
        images: folder of the frames; None: poses alone.
        frame_name: where a frame lies below it, with ``{video}`` and ``{number}`` from 1.
        split: name kept with every scene.
        joint_score: a joint with this score or more is labelled as visible.
        fps: frames a second; None: 30.
        windows: how videos become scenes.
        pictures: whether every frame must have its picture.

    Raises:
        DataError: a file that is missing or not of the form, one that would run code, pictures that are missing.
    """
    if pictures and (images is None or not images.is_dir()):
        raise DataError(
            f"{PYSKL.what}: no folder {'of frames' if images is None else images}; {path.name} has poses alone: set "
            "scenes.*.images to the folder of its videos' frames"
        )
    data = read_pickle(path, what=PYSKL.what)
    where, cut = f"{PYSKL.what}: {path}", windows or Windows(every_s=PYSKL.every_s)
    seen: Counter[str] = Counter()
    wanted, annotations = _parts(data, part, where)
    videos: dict[str, Video] = {}
    for at, one in enumerate(annotations):
        name = one.get("frame_dir") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise DataError(f"{where}: annotations[{at}] has frame_dir {_kind(name)}; expected the video's name")
        if name in wanted:
            if name in videos:
                raise DataError(f"{where} has video {named(name)} twice; keep one")
            pattern = (images or Path("frames"), frame_name)
            videos[name] = _video(name, one, pattern, joint_score, fps or PYSKL.fps, cut, seen, where)
    seen[f"videos of {part} without poses in the file"] += len(wanted - videos.keys())
    scenes, said = scenes_over_time([*videos.values()], cut, split=split)
    all_differ(scenes, where=where)
    if pictures and images is not None:
        must_be_there(scenes, images, where=PYSKL.what)
    notes = (*(f"{number} {what}" for what, number in seen.items() if number), *said)
    return SceneSet(scenes=scenes, images=images or path.parent, notes=notes)


def _parts(data: Any, part: str, where: str) -> tuple[frozenset[str], list[Any]]:
    """The names of a split's videos, and all annotations."""
    splits, annotations = (data.get("split"), data.get("annotations")) if isinstance(data, dict) else (None, None)
    if not isinstance(splits, dict) or not isinstance(annotations, list):
        raise DataError(f"{where} has no `split` and `annotations`; expected one of pyskl's files of 2-D skeletons")
    names = splits.get(part)
    if not isinstance(names, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in names):
        there = ", ".join(sorted(named(key) for key in splits if isinstance(key, str)))
        raise DataError(f"{where} has no split {shown(part)}; expected one of {there}: set scenes.*.part")
    return frozenset(names), annotations


def _video(
    name: str, one: dict[str, Any], pattern: tuple[Path, str], joint_score: float, fps: float, windows: Windows,
    seen: Counter[str], where: str,
) -> Video:  # fmt: skip
    where = f"{where}: video {named(name)}"
    height, width = _size(one, where)
    places, scores = _poses(one, where)
    times = [number / fps for number in range(places.shape[1])]
    # Before people are made of numbers: a set has more frames than the memory has room for.
    kept = thinned(times, windows.every_s)
    seen[too_near(windows)] += len(times) - len(kept)
    moments = []
    for at in kept:
        image = pattern[1].format(video=name, number=at + FIRST_FRAME)
        inside(pattern[0], image, where=where)
        people = [
            _person(track, places[track, at], scores[track, at], (width, height), joint_score, seen)
            for track in range(places.shape[0])
        ]
        still = Scene(
            id=number_of(name, at), image=image, width=width, height=height, num_crowds=1,
            people=tuple(person for person in people if person is not None),
        )  # fmt: skip
        moments.append(Moment(still=still, time_s=times[at]))
    return Video(name=name, moments=tuple(moments))


def _size(one: dict[str, Any], where: str) -> tuple[int, int]:
    shape = one.get("img_shape")
    if not isinstance(shape, tuple | list) or len(shape) != 2 or not all(_is_side(side) for side in shape):
        raise DataError(f"{where} has img_shape {_kind(shape)}; expected height and width in pixels")
    return shape[0], shape[1]


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_SIDE_PX


def _poses(one: dict[str, Any], where: str) -> tuple[np.ndarray, np.ndarray]:
    """float32[M, T, 17, 2] in pixels and float32[M, T, 17]."""
    made, scored, num = one.get("keypoint"), one.get("keypoint_score"), one.get("total_frames")
    if made is None:
        raise DataError(f"{where} has no `keypoint`; poses that lie in further files, as Kinetics', are not read")
    if not isinstance(made, Made) or made.array is None or made.array.ndim != 4:
        raise DataError(f"{where} has a keypoint that is no array of people, frames, joints, x and y")
    places = made.array
    if places.shape[2:] != (NUM_JOINTS, 2):
        raise DataError(
            f"{where} has keypoint of shape {places.shape}; expected (people, frames, {NUM_JOINTS}, 2), COCO's joints "
            "in pixels: 3-D skeletons and other joints are not read"
        )
    if num is not None and num != places.shape[1]:
        raise DataError(f"{where} has total_frames {_kind(num)}, keypoints of {places.shape[1]}; expected as many")
    scores = scored.array if isinstance(scored, Made) else None
    if scores is None or scores.shape != places.shape[:3]:
        got = "none" if scores is None else str(scores.shape)
        raise DataError(f"{where} has keypoint_score {got}; expected the shape {places.shape[:3]}")
    return places.astype(np.float32), scores.astype(np.float32)


def _person(
    track: int, places: np.ndarray, scores: np.ndarray, size: tuple[int, int], joint_score: float, seen: Counter[str]
) -> Person | None:
    """One person in one frame; None where no joint is sure."""
    sure = np.isfinite(places).all(axis=1) & (scores >= joint_score)
    there = sure & (places >= 0).all(axis=1) & (places <= np.asarray(size)).all(axis=1)
    seen["joints outside their picture, not labelled"] += int(sure.sum() - there.sum())
    if not there.any():
        return None
    shares = np.round(places / np.asarray(size, np.float32), DECIMALS).tolist()
    joints: tuple[Keypoint, ...] = tuple(
        # Rounded once more: three decimals of 32 bits are not those of 64.
        (round(x, DECIMALS), round(y, DECIMALS), 2) if told else (0.0, 0.0, 0)
        for (x, y), told in zip(shares, there.tolist(), strict=True)
    )
    labelled = [joint for joint in joints if joint[2]]
    box: Box = (
        min(x for x, _, _ in labelled), min(y for _, y, _ in labelled),
        max(x for x, _, _ in labelled), max(y for _, y, _ in labelled),
    )  # fmt: skip
    return Person(id=track, box_xyxy=box, keypoints=joints)


def _kind(value: Any) -> str:
    """A value of a pickle as a message has it; what is nested is told by its kind alone."""
    flat = isinstance(value, str | int | float | type(None))
    flat = flat or (isinstance(value, tuple | list) and all(isinstance(one, str | int | float) for one in value[:9]))
    return shown(value) if flat else f"of another kind ({type(value).__name__})"
