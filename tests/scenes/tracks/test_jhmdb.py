"""JHMDB's own files -> scenes over time."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from llavapose.errors import DataError
from llavapose.scenes.tracks.jhmdb import read_jhmdb


def lay_out(root: Path, clips: dict[str, int]) -> None:
    """Clips of so many frames: joint j of 15 at (50 + j + 2 a frame, 40 + j); the first of every two is training."""
    for number, (clip, frames) in enumerate(clips.items()):
        action = clip.partition("/")[0]
        places = np.zeros((2, 15, frames))
        places[0] = 50 + np.arange(15)[:, None] + 2 * np.arange(frames)
        places[1] = 40 + np.arange(15)[:, None]
        (root / "joint_positions" / clip).mkdir(parents=True)
        savemat(root / "joint_positions" / clip / "joint_positions.mat", {"pos_img": places, "scale": np.ones(frames)})
        (root / "Rename_Images" / clip).mkdir(parents=True)
        for at in range(frames):
            Image.new("RGB", (320, 240)).save(root / "Rename_Images" / clip / f"{at + 1:05d}.png")
        (root / "splits").mkdir(exist_ok=True)
        with (root / "splits" / f"{action}_test_split1.txt").open("a") as stream:
            stream.write(f"{clip.partition('/')[2]}.avi {number % 2 + 1}\n")


def read(root: Path, part: str | None = None, **further):
    told = {"images": root / "Rename_Images", "lists": root / "splits" if part else None, "part": part}
    return read_jhmdb(root / "joint_positions", **{**told, **further})


def test_clips_of_a_split_become_scenes_of_one_person(tmp_path):
    lay_out(tmp_path, {"catch/ball_0": 5, "catch/ball_1": 4, "wave/hand_0": 3})
    found = read(tmp_path, "train1")
    scenes = {scene.video: scene for scene in found.scenes}
    assert scenes.keys() == {"catch/ball_0", "wave/hand_0"}
    scene = scenes["catch/ball_0"]
    assert (scene.width, scene.height, scene.num_crowds, len(scene.frames)) == (320, 240, 1, 5)
    assert scene.image == "catch/ball_0/00003.png" and scene.frames[4].time_s == pytest.approx(4 / 30, abs=1e-6)
    (person,) = scene.people
    # JHMDB's joint 4 is the left shoulder, COCO's 5: x 50 + 4 + 2 x 2 in the third frame.
    assert person.keypoints[5] == (round(58 / 320, 3), round(44 / 240, 3), 2)
    assert [joint[2] for joint in person.keypoints] == [0] * 5 + [2] * 12, (
        "no nose, eyes, ears; neck, belly, head dropped"
    )
    assert {scene.video for scene in read(tmp_path, "test1").scenes} == {"catch/ball_1"}
    assert len(read(tmp_path).scenes) == 3
    assert read(tmp_path).scenes == read(tmp_path).scenes, "the same ids each time"


def test_joints_outside_the_picture_are_not_labelled(tmp_path):
    lay_out(tmp_path, {"catch/ball_0": 3})
    places = np.full((2, 15, 3), 30.0)
    places[0, 12] = -4
    savemat(tmp_path / "joint_positions/catch/ball_0/joint_positions.mat", {"pos_img": places})
    found = read(tmp_path)
    assert found.scenes[0].people[0].keypoints[9] == (0.0, 0.0, 0), "the left wrist"
    assert "3 joints outside their picture, not labelled" in found.notes


def test_what_is_missing_or_broken_is_said_in_one_line(tmp_path):
    lay_out(tmp_path, {"catch/ball_0": 4})
    with pytest.raises(DataError, match=r"part is 'train', listed .*; expected train1"):
        read(tmp_path, "train")
    with pytest.raises(DataError, match=r"part is 'train1', listed None"):
        read(tmp_path, "train1", lists=None)
    with pytest.raises(DataError, match=r"no \*_test_split3.txt in .*; expected JHMDB's folder splits"):
        read(tmp_path, "test3")
    (tmp_path / "Rename_Images/catch/ball_0/00003.png").unlink()
    with pytest.raises(DataError, match=r"1 of 4 frames have no picture"):
        read(tmp_path)
    (tmp_path / "Rename_Images/catch/ball_0/00001.png").unlink()
    with pytest.raises(DataError, match=r"catch/ball_0 has its size in its pictures alone, and: no image"):
        read(tmp_path)
    (tmp_path / "splits/catch_test_split1.txt").write_text("ball_0.avi one\n")
    with pytest.raises(DataError, match=r"catch_test_split1.txt:1 is 'ball_0.avi one'; expected a clip and 1 or 2"):
        read(tmp_path, "train1")
    mat = tmp_path / "joint_positions/catch/ball_0/joint_positions.mat"
    savemat(mat, {"pos_img": np.zeros((2, 14, 3))})
    with pytest.raises(DataError, match=r"has pos_img \(2, 14, 3\); expected \(2, 15, frames\)"):
        read(tmp_path)
    for damaged in (b"", b"MATLAB 5.0", mat.read_bytes()[:150]):
        mat.write_bytes(damaged)
        with pytest.raises(DataError, match=r"is no joint_positions.mat that can be read \("):
            read(tmp_path)
