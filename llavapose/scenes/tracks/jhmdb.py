"""JHMDB's own files -> scenes over time (Jhuang et al., ICCV 2013).

    joint_positions/<action>/<clip>/joint_positions.mat    pos_img float[2, 15, frames], in pixels
    Rename_Images/<action>/<clip>/00001.png ...            the frames, all of one size
    splits/<action>_test_split1.txt                        a line a clip: "<clip>.avi 1"; 1 is training, 2 testing

Of a frame only the person who acts is labelled; boxes are those of the joints. What mmpose makes of these files, a COCO
file with tracks, is read by ``tracked``.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.errors import DataError, named, shown
from llavapose.pose.skeleton import COCO17
from llavapose.records import Keypoint, Person, Scene
from llavapose.rgb import opened_header
from llavapose.scenes.coco import DECIMALS, SceneSet
from llavapose.scenes.tracks.forms import JHMDB
from llavapose.scenes.tracks.videos import Moment, Video, all_differ, must_be_there, number_of
from llavapose.scenes.tracks.windows import Windows, scenes_over_time

MAT = "joint_positions.mat"
_PLACES = tuple(JHMDB.joints.index(name) if name in JHMDB.joints else None for name in COCO17.joints)
_PART = re.compile(r"(train|test)([123])")


def read_jhmdb(
    folder: Path,
    *,
    images: Path,
    lists: Path | None,
    part: str | None,
    split: str = "train",
    fps: float | None = None,
    windows: Windows | None = None,
    pictures: bool = True,
) -> SceneSet:
    """Read one split.

    Args:
        folder: ``joint_positions``.
        images: ``Rename_Images``; its pictures tell the size of the frames.
        lists: ``splits``; None: all clips.
        part: "train1", "test1" ... "test3"; with ``lists``.
        split: name kept with every scene.
        fps: frames a second; None: 30.
        windows: how videos become scenes.
        pictures: whether every frame must have its picture.

    Raises:
        DataError: files that are missing or not of the form, pictures that are missing.
    """
    wanted = _clips(lists, part)
    seen: Counter[str] = Counter()
    videos: list[Video] = []
    for path in sorted(folder.glob(f"*/*/{MAT}")):
        clip = f"{path.parents[1].name}/{path.parent.name}"
        if wanted is None or path.parent.name in wanted:
            videos.append(_video(clip, path, images, fps or JHMDB.fps, seen))
    there = {video.name.partition("/")[2] for video in videos}
    seen[f"clips of {part} without joints in {folder.name}"] += len((wanted or set()) - there)
    scenes, said = scenes_over_time(videos, windows or Windows(), split=split)
    all_differ(scenes, where=f"{JHMDB.what}: {folder}")
    if pictures:
        must_be_there(scenes, images, where=JHMDB.what)
    notes = (*(f"{number} {what}" for what, number in seen.items() if number), *said)
    return SceneSet(scenes=scenes, images=images, notes=notes)


def _clips(lists: Path | None, part: str | None) -> set[str] | None:
    """The names of a split's clips; None: all."""
    if lists is None and part is None:
        return None
    told = _PART.fullmatch(part or "")
    if lists is None or told is None:
        raise DataError(
            f"{JHMDB.what}: part is {shown(part)}, listed {lists}; expected train1, test1 ... test3 with the folder of "
            "JHMDB's lists (splits), or neither for all clips"
        )
    paths = sorted(lists.glob(f"*_test_split{told[2]}.txt"))
    if not paths:
        raise DataError(f"{JHMDB.what}: no *_test_split{told[2]}.txt in {lists}; expected JHMDB's folder splits")
    found = set()
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1):
            words = line.split()
            if words and (len(words) != 2 or words[1] not in ("1", "2")):
                raise DataError(f"{JHMDB.what}: {path}:{number} is {shown(line)}; expected a clip and 1 or 2")
            if words and words[1] == ("1" if told[1] == "train" else "2"):
                found.add(words[0].removesuffix(".avi"))
    return found


def _video(clip: str, path: Path, images: Path, fps: float, seen: Counter[str]) -> Video:
    places = _positions(path)
    first = images / clip / "00001.png"
    with opened_header(first, where=f"{JHMDB.what}: {named(clip)} has its size in its pictures alone, and") as picture:
        size = picture.size
    moments = []
    for at in range(places.shape[2]):
        people = _people(places[:, :, at], size, seen)
        still = Scene(
            id=number_of(clip, at), image=f"{clip}/{at + 1:05d}.png", width=size[0], height=size[1], people=people,
            num_crowds=1,
        )  # fmt: skip
        moments.append(Moment(still=still, time_s=at / fps))
    return Video(name=clip, moments=tuple(moments))


def _positions(path: Path) -> np.ndarray:
    """float64[2, 15, frames] in pixels.

    Raises:
        DataError: a file that cannot be read, or holds something else.
    """
    from scipy.io import loadmat

    try:
        values: dict[str, Any] = loadmat(str(path), variable_names=["pos_img"])
        places = np.asarray(values["pos_img"], float)
    except Exception as error:  # scipy's readers raise whatever a damaged file leads them to
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(f"{JHMDB.what}: {path} is no {MAT} that can be read ({reason})") from None
    if places.ndim == 2:  # Matlab drops a last dimension of one
        places = places[:, :, None]
    if places.ndim != 3 or places.shape[:2] != (2, len(JHMDB.joints)):
        raise DataError(f"{JHMDB.what}: {path} has pos_img {places.shape}; expected (2, {len(JHMDB.joints)}, frames)")
    return places


def _people(places: np.ndarray, size: tuple[int, int], seen: Counter[str]) -> tuple[Person, ...]:
    """Who acts, in one frame; nobody where no joint lies in the picture."""
    inside = [bool(np.isfinite(one).all() and (one >= 0).all() and (one <= size).all()) for one in places.T]
    seen["joints outside their picture, not labelled"] += len(inside) - sum(inside)
    if not any(inside):
        return ()
    shares = [(round(float(x) / size[0], DECIMALS), round(float(y) / size[1], DECIMALS)) for x, y in places.T]
    told = [share for share, there in zip(shares, inside, strict=True) if there]
    joints: tuple[Keypoint, ...] = tuple(
        (*shares[place], 2) if place is not None and inside[place] else (0.0, 0.0, 0) for place in _PLACES
    )
    xs, ys = zip(*told, strict=True)
    return (Person(id=0, box_xyxy=(min(xs), min(ys), max(xs), max(ys)), keypoints=joints),)
