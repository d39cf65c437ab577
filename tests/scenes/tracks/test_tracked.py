"""COCO files whose annotations have tracks -> scenes over time."""

import pytest

from llavapose.errors import DataError
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.tracks.tracked import read_tracked
from llavapose.scenes.tracks.windows import Windows
from tests.scenes.tracks.written import changed, clip, person, written


def read(folder, told, **further) -> SceneSet:
    return read_tracked(images=folder, keypoints=written(folder, told), **further)


def test_a_video_is_a_scene_whose_own_picture_is_the_middle_frame(tmp_path):
    found = read(tmp_path, clip(6, captions=[]), windows=Windows(num_frames=6))
    (scene,) = found.scenes
    assert (scene.id, scene.image, scene.video, scene.width, scene.height) == (4, "walk/000003.jpg", "walk", 200, 100)
    assert [frame.image for frame in scene.frames] == [f"walk/{at:06d}.jpg" for at in range(6)]
    assert [frame.time_s for frame in scene.frames] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [one.id for one in scene.people] == [0, 1]
    assert scene.frames[3].people == scene.people
    for at, frame in enumerate(scene.frames):
        assert [one.id for one in frame.people if one] == [0, 1]
        # Frame `at` has track 1 at pixel 70 + at of 200, joint 16 sixteen pixels on.
        assert frame.people[1] is not None
        assert frame.people[1].box_xyxy == (round((70 + at) / 200, 3), 0.2, round((90 + at) / 200, 3), 0.6)
        assert frame.people[1].keypoints[16] == (round((86 + at) / 200, 3), 0.36, 2)


def test_captions_and_objects_are_those_of_the_middle_frame(tmp_path):
    told = clip(4)
    texts = [{"id": at, "image_id": at, "caption": f"Frame {at}"} for at in range(1, 5)]
    captions = written(tmp_path, {**told, "annotations": texts}, "captions.json")
    ball = {"id": 7, "image_id": 3, "category_id": 37, "bbox": [50, 50, 20, 20], "iscrowd": 0}
    names = [{"id": 1, "name": "person"}, {"id": 37, "name": "sports ball"}]
    instances = written(tmp_path, {**told, "annotations": [ball], "categories": names}, "instances.json")
    found = read(tmp_path, told, captions=captions, instances=instances)
    (scene,) = found.scenes
    assert scene.captions == ("Frame 3",) and [thing.category for thing in scene.things] == ["sports ball"]
    assert not [note for note in found.notes if "caption" in note]
    written(tmp_path, {**told, "annotations": texts[:1]}, "captions.json")
    found = read(tmp_path, told, captions=captions)
    assert "1 scenes whose middle frame has no caption" in found.notes


def test_who_is_not_in_the_middle_frame_is_counted_and_who_is_not_in_another_is_none(tmp_path):
    told = clip(4, people=1)
    told["annotations"] += [person(90, 1, 5, 100), person(91, 3, 6, 150)]
    found = read(tmp_path, told)
    (scene,) = found.scenes
    assert [one.id for one in scene.people] == [0, 6]
    assert [[one and one.id for one in frame.people] for frame in scene.frames] == [[0, None]] * 2 + [[0, 6], [0, None]]
    assert "1 people who are not in the middle frame of their scene, left out" in found.notes


def test_a_track_that_is_in_a_frame_twice_is_nobody_there(tmp_path):
    told = clip(3)
    told["annotations"].append(person(90, 2, 0, 100))
    found = read(tmp_path, told)
    (scene,) = found.scenes
    assert [one.id for one in scene.people] == [1]
    assert scene.num_crowds == 2, "there are people whom nobody can follow: they are not counted"
    assert "2 people whose track is in a frame twice, left out there" in found.notes


def test_a_track_that_jumps_is_followed_no_further(tmp_path):
    told = clip(5, people=1)
    told["annotations"][4]["bbox"][0] = 150  # the last frame: 136 pixels in a tenth of a second, 40 tall
    found = read(tmp_path, told)
    (scene,) = found.scenes
    assert [frame.people[0] is not None for frame in scene.frames] == [True, True, True, True, False]
    assert "1 tracks that jump to another place, not followed further" in found.notes


@pytest.mark.parametrize(
    ("images", "videos", "times"),
    [
        ([{"vid_id": "007"}] * 3, {"007"}, [0, 0.04, 0.08]),
        ([{"video_id": 4}] * 3, {"4"}, [0, 0.04, 0.08]),
        ([{"frame_id": 70}, {"frame_id": 75}, {"frame_id": 80}], {"walk"}, [0, 0.2, 0.4]),
        ([{"timestamp": 1000.5}, {"timestamp": 1000.25}, {"timestamp": 1000.75}], {"walk"}, [0, 0.25, 0.5]),
        ([{"file_name": name} for name in ("b.jpg", "a.jpg", "c.jpg")], {"people"}, [0, 0.04, 0.08]),
        ([{"file_name": f"x/img_{at}.jpg"} for at in (8, 9, 10)], {"x"}, [0, 0.04, 0.08]),
    ],
)
def test_videos_and_times_are_found_where_files_have_them(tmp_path, images, videos, times):
    told = clip(3)
    for image, own in zip(told["images"], images, strict=True):
        for key in ("video", "frame", "time_s"):
            del image[key]
        image |= own
    scenes = read(tmp_path, told).scenes
    assert {scene.video for scene in scenes} == videos
    assert [frame.time_s for frame in scenes[0].frames] == times


def test_a_files_own_list_of_videos_names_them_and_tells_their_rate(tmp_path):
    told = clip(3, videos=[{"id": 4, "name": "dance", "fps": 50}])
    for image in told["images"]:
        del image["video"], image["time_s"]
        image["video_id"] = 4
    (scene,) = read(tmp_path, told).scenes
    assert (scene.video, scene.frames[-1].time_s) == ("dance", 0.04)
    assert read(tmp_path, told, fps=10).scenes[0].frames[-1].time_s == 0.2, "the settings' rate goes before"


def test_frames_that_nobody_labelled_are_left_out_and_counted(tmp_path):
    told = clip(4)
    told["images"][1]["is_labeled"] = False
    found = read(tmp_path, told)
    assert [frame.image[-5] for frame in found.scenes[0].frames] == ["0", "2", "3"]
    assert "1 frames that are not labelled, left out" in found.notes


def test_missing_pictures_are_told_with_their_number(tmp_path):
    told = clip(4)
    path = written(tmp_path, told)
    (tmp_path / "walk/000001.jpg").unlink()
    (tmp_path / "walk/000002.jpg").unlink()
    with pytest.raises(DataError, match=r"2 of 4 frames have no picture in .*, the first is walk/000001.jpg"):
        read_tracked(images=tmp_path, keypoints=path)
    assert len(read_tracked(images=tmp_path, keypoints=path, pictures=False).scenes) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["annotations"][0].pop("track_id"), r"annotation 10 has track_id None; expected"),
        (lambda told: told["images"][1].update(time_s=0.0), r"are both at 0 s; frames of a video must have times"),
        (lambda told: told["images"][1].pop("time_s"), r"image 2 has no time_s, others of its video have"),
        (lambda told: told["images"][1].update(time_s="1"), r"image 2 has time '1'; expected seconds"),
        (lambda told: told["images"][1].update(video=["a"]), r"image 2 has video \['a'\]; expected a text"),
        (lambda told: told["images"][1].update(is_labeled="no"), r"image 2 has is_labeled 'no'; expected true"),
        (lambda told: told["images"][1].update(ignore_regions_x=3), r"ignore_regions_x 3; expected a list"),
        (lambda told: told["annotations"][0].update(keypoints=[1, 2]), r"annotation 10 has keypoints of length 2"),
        (lambda told: told["annotations"][0].update(category_id=[1]), r"annotation 10 has category \[1\]"),
        (lambda told: told["categories"][0].update(keypoints=["tail", "ear"]), r"lists joints .*, 0 of them COCO's"),
        (lambda told: told.update(videos={}), r"has videos \{\}; expected a list"),
        (lambda told: told.update(videos=[{"id": 1, "fps": 0}]), r"videos\[0\] has fps 0; expected a number above 0"),
        (lambda told: told["images"][0].update(file_name="../up.jpg"), r"leaves the image folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_said_in_one_line(tmp_path, change, said):
    path = written(tmp_path, clip(3))
    written(tmp_path, changed(clip(3), change), pictures=False)
    with pytest.raises(DataError, match=said) as error:
        read_tracked(images=tmp_path, keypoints=path)
    assert "\n" not in str(error.value)


def test_one_file_a_video_a_mark_before_it_and_links(tmp_path):
    files = tmp_path / "files"
    for at, name in enumerate(("run", "walk")):
        path = written(tmp_path, clip(3, video=name, first=1 + 10 * at), f"files/{name}.json")
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (tmp_path / "linked").symlink_to(files)
    (tmp_path / "pictures").symlink_to(tmp_path)
    found = read_tracked(images=tmp_path / "pictures", keypoints=tmp_path / "linked")
    assert [(scene.id, scene.video) for scene in found.scenes] == [(2, "run"), (12, "walk")]
    assert "no captions file: scenes are read without captions" in found.notes and len(found.notes) == 3
    written(tmp_path, clip(3, video="walk", first=50), "files/again.json")
    with pytest.raises(DataError, match=r"walk.json has video walk, as another file has"):
        read_tracked(images=tmp_path, keypoints=files)
    written(tmp_path, clip(3, video="other"), "files/again.json")
    with pytest.raises(DataError, match=r"two files or videos with the same image ids"):
        read_tracked(images=tmp_path, keypoints=files)
    with pytest.raises(DataError, match=r"no \*\.json in .*expected a file a video"):
        read_tracked(images=tmp_path, keypoints=tmp_path / "walk")
