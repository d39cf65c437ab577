"""pyskl's pickles of 2-D poses -> scenes over time."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.tracks.pyskl import read_pyskl
from llavapose.scenes.tracks.windows import Windows

NAME = "{video}/img_{number:05d}.jpg"


def pose(people: int = 1, frames: int = 4, kind: type = np.float16) -> tuple[np.ndarray, np.ndarray]:
    """People 60 pixels apart who go two pixels a frame to the right, joint j at (20 + j, 30 + 2j)."""
    joint = np.arange(17)
    places = np.zeros((people, frames, 17, 2))
    for one in range(people):
        for at in range(frames):
            places[one, at, :, 0] = 20 + 60 * one + 2 * at + joint
            places[one, at, :, 1] = 30 + 2 * joint
    return places.astype(kind), np.full((people, frames, 17), 0.9, kind)


def clip(name: str = "a", people: int = 1, frames: int = 4, **further: Any) -> dict[str, Any]:
    places, scores = pose(people, frames)
    told = {
        "frame_dir": name, "total_frames": frames, "img_shape": (100, 200), "original_shape": (100, 200), "label": 3,
        "keypoint": places, "keypoint_score": scores,
    }  # fmt: skip
    return {**told, **further}


def read(folder: Path, *clips: Any, **further: Any) -> SceneSet:
    path = folder / "poses.pkl"
    data = {"split": {"train": ["a", "b"], "test": ["c"]}, "annotations": list(clips)}
    path.write_bytes(pickle.dumps({**data, **further.pop("data", {})}))
    told = {"part": "train", "images": None, "frame_name": NAME, "pictures": False, **further}
    return read_pyskl(path, **told)


def test_a_video_becomes_a_scene_of_poses_alone(tmp_path):
    found = read(tmp_path, clip("a", people=2), clip("c"))
    (scene,) = found.scenes
    assert (scene.video, scene.width, scene.height, scene.num_crowds) == ("a", 200, 100, 1)
    assert [frame.image for frame in scene.frames] == [f"a/img_0000{at}.jpg" for at in (1, 2, 3, 4)]
    assert [frame.time_s for frame in scene.frames] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30], abs=1e-6)
    assert [person.id for person in scene.people] == [0, 1]
    last = scene.frames[3].people[1]
    assert last and last.keypoints[5] == (round(91 / 200, 3), 0.4, 2)
    assert last.box_xyxy == (round(86 / 200, 3), 0.3, round(102 / 200, 3), 0.62)
    assert "1 videos of train without poses in the file" in found.notes


def test_an_id_is_the_same_whatever_else_is_in_the_file(tmp_path):
    (alone,) = read(tmp_path, clip("b")).scenes
    both = {scene.video: scene.id for scene in read(tmp_path, clip("a"), clip("b")).scenes}
    assert both["b"] == alone.id and len(set(both.values())) == 2 and 0 <= alone.id < 2**52


def test_what_is_not_sure_or_not_in_the_picture_is_not_labelled(tmp_path):
    one = clip("a")
    one["keypoint_score"][0, :, 3] = 0.2
    one["keypoint"][0, :, 4] = (250, 40)
    one["keypoint"][0, :, 5] = np.nan
    one["keypoint_score"][0, 0] = 0
    found = read(tmp_path, one, joint_score=0.25)
    (scene,) = found.scenes
    assert [joint[2] for joint in scene.people[0].keypoints[2:7]] == [2, 0, 0, 0, 2]
    assert scene.frames[0].people == (None,), "no joint of theirs is sure in the first frame"
    assert "3 joints outside their picture, not labelled" in found.notes


def test_frames_are_taken_apart_as_far_as_asked(tmp_path):
    found = read(tmp_path, clip("a", frames=31), windows=Windows(num_frames=4, every_s=0.2))
    assert [[frame.image[-6:-4] for frame in scene.frames] for scene in found.scenes] in (
        [["01", "07", "13", "19"], ["13", "19", "25", "31"]],
        [["13", "19", "25", "31"], ["01", "07", "13", "19"]],
    )
    assert "25 frames less than 0.2 s behind another, not used" in found.notes


def test_pictures_are_asked_for_and_their_names_can_be_others(tmp_path):
    path = tmp_path / "poses.pkl"
    path.write_bytes(pickle.dumps({"split": {"train": ["a"]}, "annotations": [clip("a")]}))
    with pytest.raises(DataError, match=r"no folder of frames; poses.pkl has poses alone: set scenes.\*.images"):
        read_pyskl(path, part="train", images=None, frame_name=NAME)
    with pytest.raises(DataError, match=r"4 of 4 frames have no picture in .*, the first is a/img_00001.jpg"):
        read_pyskl(path, part="train", images=tmp_path, frame_name=NAME)
    for at in range(1, 5):
        Image.new("RGB", (200, 100)).save(tmp_path / f"a-{at}.png")
    found = read_pyskl(path, part="train", images=tmp_path, frame_name="{video}-{number}.png")
    assert found.scenes[0].image == "a-3.png"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frame_dir": 7}, r"annotations\[0\] has frame_dir 7; expected the video's name"),
        ({"frame_dir": None}, r"annotations\[0\] has frame_dir None"),
        ({"img_shape": (100,)}, r"video a has img_shape \(100,\); expected height and width"),
        ({"img_shape": ((1,), {})}, r"has img_shape of another kind \(tuple\)"),
        ({"img_shape": (0, 200)}, r"expected height and width"),
        ({"total_frames": 9}, r"has total_frames 9, keypoints of 4"),
        ({"keypoint": None}, r"has no `keypoint`; poses that lie in further files, as Kinetics', are not read"),
        ({"keypoint": [[1, 2]]}, r"a keypoint that is no array of people"),
        ({"keypoint": np.zeros((1, 4, 25, 3))}, r"shape \(1, 4, 25, 3\); expected \(people, frames, 17, 2\)"),
        ({"keypoint_score": None}, r"has keypoint_score none; expected the shape \(1, 4, 17\)"),
        ({"keypoint_score": np.zeros((1, 3, 17))}, r"has keypoint_score \(1, 3, 17\)"),
    ],
)
def test_what_cannot_be_right_is_said_in_one_line(tmp_path, change, said):
    with pytest.raises(DataError, match=said) as error:
        read(tmp_path, clip("a", **change))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ({"part": "xsub"}, r"has no split 'xsub'; expected one of test, train: set scenes"),
        ({"data": {"split": ["a"]}}, r"has no `split` and `annotations`"),
        ({"data": {"annotations": {}}}, r"has no `split` and `annotations`"),
        ({"data": {"split": {"train": [1]}}}, r"has no split 'train'"),
        ({"frame_name": "/{video}/{number}.jpg"}, r"is absolute; expected a path relative to"),
    ],
)
def test_files_of_another_form_and_other_settings(tmp_path, further, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, clip("a"), **further)


def test_a_video_that_is_there_twice(tmp_path):
    with pytest.raises(DataError, match=r"has video a twice; keep one"):
        read(tmp_path, clip("a"), clip("a"))
