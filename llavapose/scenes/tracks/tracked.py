"""COCO files whose annotations have `track_id` -> scenes over time: PoseTrack's, JHMDB's as mmpose merges it, any other.

    images       id, file_name, width, height; `video` (or video_id, vid_id, or the folder of file_name);
                 `frame` (or frame_id, frame_index, or the number at the end of file_name);
                 `time_s` (or timestamp; else frame / fps); is_labeled: false leaves a frame out
    annotations  as COCO's, with `track_id`: whole numbers, the same person throughout a video

A file is one of all videos, or a folder has one a video. Captions and objects are those of a scene's middle frame.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from llavapose.errors import DataError, named, shown
from llavapose.files import read_json
from llavapose.records import Scene
from llavapose.scenes.coco import MAX_PX, PERSON, SceneSet, joined
from llavapose.scenes.lists import Lists, is_id, lists_of
from llavapose.scenes.tracks.adapted import adapted, joints_of
from llavapose.scenes.tracks.forms import TRACKED, Form
from llavapose.scenes.tracks.videos import Moment, Video, must_be_there, ordered, summed
from llavapose.scenes.tracks.windows import Windows, scenes_over_time

_VIDEO = ("video", "video_id", "vid_id")
_FRAME = ("frame", "frame_id", "frame_index")
_TIME = ("time_s", "timestamp")


def read_tracked(
    *,
    images: Path,
    keypoints: Path,
    instances: Path | None = None,
    captions: Path | None = None,
    split: str = "train",
    form: Form = TRACKED,
    fps: float | None = None,
    windows: Windows | None = None,
    pictures: bool = True,
) -> SceneSet:
    """Read one split of a set of tracked people.

    Args:
        images: folder of the frames.
        keypoints: a COCO file, or a folder with one a video.
        instances, captions: as in ``coco.read_scenes``; of one file of keypoints alone.
        split: name kept with every scene.
        form: whose form the files have.
        fps: frames a second where the files tell no time; None: the form's.
        windows: how videos become scenes; None: 16 frames, as far apart as the form has them.
        pictures: whether every frame must have its picture.

    Raises:
        DataError: files that are missing or not of the form, records that cannot be right, pictures that are missing.
    """
    if pictures and not images.is_dir():
        raise DataError(f"{form.name}: no folder {images} of frames; check the path")
    videos: dict[str, Video] = {}
    notes: list[str] = []
    for path in files_of(keypoints, form):
        found, said = _videos(path, images, instances, captions, form, fps)
        notes += said
        for video in found:
            if video.name in videos:
                raise DataError(f"{form.name}: {path} has video {named(video.name)}, as another file has; keep one")
            videos[video.name] = video
    scenes, said = scenes_over_time([*videos.values()], windows or Windows(every_s=form.every_s), split=split)
    if len({scene.id for scene in scenes}) < len(scenes):
        raise DataError(f"{form.name}: {keypoints} has two files with the same image ids; renumber one")
    if pictures:
        must_be_there(scenes, images, where=form.name)
    return SceneSet(scenes=scenes, images=images, notes=(*summed(notes), *said))


def files_of(keypoints: Path, form: Form) -> list[Path]:
    """The file, or all of a folder.

    Raises:
        DataError: a folder without a file.
    """
    if not keypoints.is_dir():
        return [keypoints]
    found = sorted(keypoints.glob("*.json"))
    if not found:
        raise DataError(f"{form.name}: no *.json in {keypoints}; expected a file a video")
    return found


def _videos(
    path: Path, images: Path, instances: Path | None, captions: Path | None, form: Form, fps: float | None
) -> tuple[list[Video], list[str]]:
    """The videos of one file, and what was tolerated."""
    what = f"{form.name} tracks"
    where = f"{what}: {path}"
    data = read_json(path, what=what)
    lists = lists_of(data, path, what)
    names, rates = _named_videos(data.get("videos", []), where)
    every = {number: _video_of(image, names, where) for number, image in lists.images.items()}
    lists, left_out = _labelled(lists, where)
    lists = adapted(lists, form, joints_of(data["categories"], form, path), images, every)
    scenes = joined(lists, images=images, instances=instances, captions=captions)
    tracks = _tracks(lists, where)
    seen: Counter[str] = Counter({"frames that are not labelled, left out": left_out})
    stills: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes.scenes:
        stills[every[scene.id]].append(_of_tracks(scene, tracks, lists.images[scene.id], form, seen, where))
    videos = []
    for name, found in stills.items():
        times = _times([lists.images[one.id] for one in found], fps or rates.get(name) or form.fps, where)
        moments = [Moment(still=one, time_s=time) for one, time in zip(found, times, strict=True)]
        videos.append(ordered(name, moments, where=where))
    return videos, [*scenes.notes, *(f"{number} {note}" for note, number in seen.items() if number)]


def _named_videos(listed: Any, where: str) -> tuple[dict[str, str], dict[str, float]]:
    """Video id -> name, and name -> frames a second, of a file that lists its videos."""
    if not isinstance(listed, list):
        raise DataError(f"{where} has videos {shown(listed)}; expected a list with `id` and `name`, or none")
    names: dict[str, str] = {}
    rates: dict[str, float] = {}
    for at, one in enumerate(listed):
        if not isinstance(one, dict) or not _is_name(one.get("id")):
            raise DataError(f"{where}: videos[{at}] is {shown(one)}; expected an object with `id`")
        name = one.get("name", one.get("file_name", one["id"]))
        if not _is_name(name) or names.setdefault(str(one["id"]), str(name)) != str(name):
            raise DataError(f"{where}: videos[{at}] has name {shown(name)}; expected a text, one for each id")
        rate = one.get("fps")
        if rate is not None:
            if not _is_number(rate) or rate <= 0:
                raise DataError(f"{where}: videos[{at}] has fps {shown(rate)}; expected a number above 0")
            rates[str(name)] = float(rate)
    return names, rates


def _video_of(image: dict[str, Any], names: dict[str, str], where: str) -> str:
    """The video that an image says it is of, else the folder that it lies in, else the file."""
    for key in _VIDEO:
        value = image.get(key)
        if value is not None:
            if not _is_name(value):
                raise DataError(f"{where}: image {image['id']} has {key} {shown(value)}; expected a text or a number")
            return names.get(str(value), str(value))
    name = image.get("file_name")
    folder = PurePosixPath(name).parent.as_posix() if isinstance(name, str) else "."
    return Path(where).stem if folder == "." else folder


def _labelled(lists: Lists, where: str) -> tuple[Lists, int]:
    """The lists without frames that nobody labelled, and how many those are."""
    kept = {}
    for number, image in lists.images.items():
        told = image.get("is_labeled", True)
        if told not in (True, False):
            raise DataError(f"{where}: image {number} has is_labeled {shown(told)}; expected true or false")
        if told:
            kept[number] = image
    unlabelled = lists.images.keys() - kept.keys()
    annotations = [one for one in lists.annotations if one["image_id"] not in unlabelled]
    return replace(lists, images=kept, annotations=annotations), len(unlabelled)


def _tracks(lists: Lists, where: str) -> dict[int, int]:
    """Annotation id -> track, of people who are no crowd.

    Raises:
        DataError: one without a track.
    """
    found = {}
    for one in lists.annotations:
        if lists.names.get(one["category_id"]) == PERSON and not one.get("iscrowd"):
            if not is_id(one.get("track_id")):
                raise DataError(
                    f"{where}: annotation {one['id']} has track_id {shown(one.get('track_id'))}; expected a whole "
                    "number, the same for a person throughout a video"
                )
            found[one["id"]] = one["track_id"]
    return found


def _of_tracks(
    scene: Scene, tracks: dict[int, int], image: dict[str, Any], form: Form, seen: Counter[str], where: str
) -> Scene:
    """A frame whose people are called by their tracks; those of no track, or of one that is there twice, are crowds."""
    times = Counter(tracks.get(person.id) for person in scene.people)
    kept = [person for person in scene.people if person.id in tracks and times[tracks[person.id]] == 1]
    untracked = times[None]
    seen["people of the file of objects, who have no track, left out"] += untracked
    twice = len(scene.people) - len(kept) - untracked
    seen["people whose track is in a frame twice, left out there"] += twice
    regions = image.get("ignore_regions_x") or []
    if not isinstance(regions, list):
        raise DataError(f"{where}: image {scene.id} has ignore_regions_x {shown(regions)}; expected a list of outlines")
    crowds = scene.num_crowds + len(regions) + untracked + twice + (0 if form.everyone else 1)
    people = tuple(replace(person, id=tracks[person.id]) for person in kept)
    return replace(scene, people=people, num_crowds=crowds)


def _times(images: Sequence[dict[str, Any]], fps: float, where: str) -> list[float]:
    """When the frames of one video were, in seconds behind its first: as they say, else by their numbers and ``fps``."""
    told = [next((image[key] for key in _TIME if image.get(key) is not None), None) for image in images]
    if all(time is not None for time in told):
        for image, time in zip(images, told, strict=True):
            if not _is_number(time):
                raise DataError(f"{where}: image {image['id']} has time {shown(time)}; expected seconds")
        times = [float(time) for time in told if time is not None]
        return [time - min(times) for time in times]
    if any(time is not None for time in told):
        without = next(image["id"] for image, time in zip(images, told, strict=True) if time is None)
        raise DataError(
            f"{where}: image {without} has no time_s, other frames of its video have; say it of all or none"
        )
    numbers = _numbers(images, where)
    # PoseTrack's count on from video to video.
    return [(number - min(numbers)) / fps for number in numbers]


def _numbers(images: Sequence[dict[str, Any]], where: str) -> list[int]:
    """Which frame of its video each is: as they say, else the number that its file's name ends in, else by name."""
    found: list[int] = []
    for image in images:
        value = next((image[key] for key in _FRAME if image.get(key) is not None), None)
        if value is None:
            ending = re.search(r"(\d{1,18})$", PurePosixPath(str(image["file_name"])).stem)
            value = int(ending[1]) if ending else None
        elif not is_id(value):
            raise DataError(f"{where}: image {image['id']} has frame {shown(value)}; expected a whole number from 0")
        if value is None:
            names = sorted(str(image["file_name"]) for image in images)
            return [names.index(str(image["file_name"])) for image in images]
        found.append(value)
    return found


def _is_name(value: Any) -> bool:
    return is_id(value) or (isinstance(value, str) and bool(value.strip()) and value.isprintable())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_PX
