"""COCO files whose annotations have `track_id` -> scenes over time: PoseTrack's, JHMDB's merged by mmpose, any other.

    images       id, file_name, width, height; `video` (or video_id, vid_id, or the folder of file_name);
                 `frame` (or frame_id, frame_index, or the number at the end of file_name);
                 `time_s` (or timestamp; else frame / fps); is_labeled: false leaves a frame out
    annotations  as COCO's, with `track_id`: whole numbers, the same person throughout a video

A file is one of all videos, or a folder has one a video. Captions and objects are those of a scene's middle frame.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, named, shown
from llavapose.files import read_json
from llavapose.records import Scene
from llavapose.scenes.coco import PERSON, SceneSet, joined
from llavapose.scenes.lists import Lists, is_id, lists_of
from llavapose.scenes.tracks.adapted import adapted, joints_of
from llavapose.scenes.tracks.forms import TRACKED, Form
from llavapose.scenes.tracks.times import named_videos, times_of, video_of
from llavapose.scenes.tracks.videos import Moment, Video, all_differ, must_be_there, ordered, summed
from llavapose.scenes.tracks.windows import Windows, scenes_over_time


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
        instances: as in ``coco.read_scenes``; those of one file of keypoints alone.
        captions: likewise.
        split: name kept with every scene.
        form: whose form the files have.
        fps: frames a second where the files tell no time; None: the form's.
        windows: how videos become scenes; None: 16 frames, as far apart as the form has them.
        pictures: whether every frame must have its picture.

    Raises:
        DataError: files that are missing or not of the form, records that cannot be right, pictures that are missing.
    """
    if pictures and not images.is_dir():
        raise DataError(f"{form.what}: no folder {images} of frames; check the path")
    videos: dict[str, Video] = {}
    notes: list[str] = []
    for path in files_of(keypoints, form):
        found, said = videos_of(path, images, instances, captions, form, fps)
        notes += said
        for video in found:
            if video.name in videos:
                raise DataError(f"{form.what}: {path} has video {named(video.name)}, as another file has; keep one")
            videos[video.name] = video
    scenes, said = scenes_over_time([*videos.values()], windows or Windows(every_s=form.every_s), split=split)
    all_differ(scenes, where=f"{form.what}: {keypoints}")
    if pictures:
        must_be_there(scenes, images, where=form.what)
    silent = sum(not scene.captions for scene in scenes) if captions is not None and captions.exists() else 0
    without = (f"{silent} scenes whose middle frame has no caption",) * bool(silent)
    return SceneSet(scenes=scenes, images=images, notes=(*summed(notes), *said, *without))


def files_of(keypoints: Path, form: Form) -> list[Path]:
    """The file, or all of a folder.

    Raises:
        DataError: a folder without a file.
    """
    if not keypoints.is_dir():
        return [keypoints]
    found = sorted(keypoints.glob("*.json"))
    if not found:
        raise DataError(f"{form.what}: no *.json in {keypoints}; expected a file a video")
    return found


def videos_of(
    path: Path,
    images: Path,
    instances: Path | None = None,
    captions: Path | None = None,
    form: Form = TRACKED,
    fps: float | None = None,
) -> tuple[list[Video], list[str]]:
    """The videos of one file, and what was tolerated; the rest is as in ``read_tracked``.

    Raises:
        DataError: a file that is missing or not of the form, or a record that cannot be right.
    """
    where = f"{form.what}: {path}"
    data = read_json(path, what=form.what)
    lists = lists_of(data, path, form.what)
    names, rates = named_videos(data.get("videos", []), where)
    every = {number: video_of(image, names, where) for number, image in lists.images.items()}
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
        times = times_of([lists.images[one.id] for one in found], fps or rates.get(name) or form.fps, where)
        moments = [Moment(still=one, time_s=time) for one, time in zip(found, times, strict=True)]
        videos.append(ordered(name, moments, where=where))
    # Of a scene only the middle frame needs captions, and those that lack them are counted as scenes.
    notes = [note for note in scenes.notes if not note.endswith(" images without a caption")]
    return videos, [*notes, *(f"{number} {note}" for note, number in seen.items() if number)]


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
