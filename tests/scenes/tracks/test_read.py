"""Settings -> scenes of tracked people, and what of them is refused before anything is read."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.choices import SceneSource, TracksFormat
from llavapose.config.compose import composed, typed
from llavapose.config.generating import GenerateConfig
from llavapose.config.scenes import ScenesConfig, SplitPaths, TracksConfig
from llavapose.errors import ConfigError, DataError
from llavapose.scenes.open import keypoint_file, open_scenes, opened_if_there, scenes_settings
from tests.scenes.tracks.test_jhmdb import lay_out
from tests.scenes.tracks.test_pyskl import clip as pickled_clip
from tests.scenes.tracks.written import JHMDB_JOINTS, POSETRACK_JOINTS, clip, joints, written

CONF = Path(__file__).parents[3] / "conf"


def settings(root: Path, form: str = "tracked", *, keypoints: str = "people.json", **further: Any) -> ScenesConfig:
    paths = SplitPaths(images=Path("."), keypoints=Path(keypoints))
    tracks = TracksConfig(format=TracksFormat(form), **further)
    return ScenesConfig(name="mine", source=SceneSource.tracks, root=root, train=paths, val=paths, tracks=tracks)


def posetrack(visibility: int = 1) -> dict[str, Any]:
    """A clip in PoseTrack18's form: no sizes, numbers that count on over videos, ears that have a place."""
    told = clip(5, people=1)
    for at, image in enumerate(told["images"]):
        for key in ("width", "height", "video", "frame", "time_s"):
            del image[key]
        image |= {"vid_id": "000777", "frame_id": 10007770000 + at, "nframes": 90, "is_labeled": True}
        image |= {
            "ignore_regions_x": [[1, 2, 3]] if at == 2 else [],
            "ignore_regions_y": [[1, 2, 3]] if at == 2 else [],
        }
    for one in told["annotations"]:
        one["keypoints"] = joints(one["bbox"][0], 20, visibility=visibility)
        one |= {"bbox_head": [1, 2, 3, 4], "scores": []}
    told["categories"][0]["keypoints"] = POSETRACK_JOINTS
    return told


def test_posetracks_form(tmp_path):
    written(tmp_path, posetrack())
    found = open_scenes(settings(tmp_path, "posetrack", every_s=0.0), "train")
    (scene,) = found.scenes
    assert (scene.video, scene.width, scene.height, scene.num_crowds) == ("000777", 200, 100, 1)
    assert [frame.time_s for frame in scene.frames] == [0, 0.04, 0.08, 0.12, 0.16]
    visibility = [joint[2] for joint in scene.people[0].keypoints]
    assert visibility == [2, 0, 0, 0, 0] + [2] * 12, "head_bottom, head_top and the ears are nobody's eyes and ears"
    # Its own fifth joint is the left shoulder, as COCO's: 12 + 5 of 200 in the middle frame.
    assert scene.people[0].keypoints[5] == (0.085, 0.25, 2)
    thin = open_scenes(settings(tmp_path, "posetrack"), "train")
    assert [frame.time_s for frame in thin.scenes[0].frames] == [0, 0.16], "every fourth frame, as it is labelled"


def test_jhmdbs_merged_form_and_its_own(tmp_path):
    told = clip(4, people=1)
    for one in told["annotations"]:
        one["keypoints"] = joints(one["bbox"][0], 20, num=15)
    told["categories"][0]["keypoints"] = JHMDB_JOINTS
    written(tmp_path, told)
    (scene,) = open_scenes(settings(tmp_path, "jhmdb"), "train").scenes
    assert scene.num_crowds == 1
    # JHMDB's joint 4 is the left shoulder, joint 3 the right one; x begins at 12 in the middle frame.
    assert [scene.people[0].keypoints[at][0] for at in (5, 6)] == [0.08, 0.075]
    lay_out(tmp_path, {"catch/ball_0": 3})
    own = settings(tmp_path, "jhmdb", keypoints="joint_positions")
    own.train = SplitPaths(
        images=Path("Rename_Images"), keypoints=Path("joint_positions"), listed=Path("splits"), part="train1"
    )
    assert [scene.video for scene in open_scenes(own, "train").scenes] == ["catch/ball_0"]
    own.train = SplitPaths(images=Path("."), keypoints=Path("people.json"), part="train1")
    with pytest.raises(DataError, match=r"people.json has no \*/\*/joint_positions.mat; scenes.train.listed and part"):
        open_scenes(own, "train")


def test_pyskls_poses_can_be_opened_without_pictures(tmp_path):
    data = {"split": {"train": ["a"], "test": ["b"]}, "annotations": [pickled_clip("a"), pickled_clip("b")]}
    (tmp_path / "poses.pkl").write_bytes(pickle.dumps(data))
    config = settings(tmp_path, "pyskl", keypoints="poses.pkl")
    config.train = SplitPaths(keypoints=Path("poses.pkl"), part="train")
    config.val = SplitPaths(keypoints=Path("poses.pkl"), part="test")
    assert not config.problems()
    assert [scene.video for scene in open_scenes(config, "val", pictures=False).scenes] == ["b"]
    with pytest.raises(DataError, match=r"poses.pkl has poses alone"):
        open_scenes(config, "train")
    generate = GenerateConfig(scenes=config, data_dir=tmp_path)
    generate.teacher.endpoint, generate.teacher.examples = None, None
    lines = missing_inputs(generate)
    assert lines == ["scenes.train.images names no folder of frames; pyskl's pickles have poses alone, set it"]


@pytest.mark.parametrize("name", ["posetrack18", "posetrack21", "jhmdb", "pyskl"])
def test_files_that_are_not_there_are_one_clear_line(name, tmp_path):
    config = typed("generate", composed("generate", CONF, [f"scenes={name}", f"scenes.root={tmp_path / 'none'}"]))
    (line,) = missing_inputs(config)
    assert (
        line.startswith(f"scenes.root: no folder {tmp_path / 'none'}; expected a folder") and "; download http" in line
    )
    config.scenes.root = tmp_path
    lines = missing_inputs(config)
    assert any(line.startswith("scenes.train.keypoints: no file and no folder") for line in lines)
    assert all("\n" not in line for line in lines)


def test_what_decides_the_scenes_is_told_with_every_file(tmp_path):
    for at, name in enumerate(("a", "b")):
        written(tmp_path, clip(3, video=name, first=1 + 10 * at), f"files/{name}.json")
    config = settings(tmp_path / "files", keypoints=".")
    told = scenes_settings(config, "train")
    assert sorted(Path(path).name for path in told["files"] if path.endswith(".json")) == ["a.json", "b.json"]
    config.num_frames = 2
    assert scenes_settings(config, "train") != told
    assert opened_if_there(settings(tmp_path / "nowhere"), "train") is None
    with pytest.raises(DataError, match=r"tracked people have no file of COCO's keypoints"):
        keypoint_file(config, "train")


def test_sets_without_tracks_keep_the_names_of_their_folders(tmp_path):
    plain = ScenesConfig(name="mine", source=SceneSource.coco, root=tmp_path)
    plain.train = plain.val = SplitPaths(images=Path("."), keypoints=Path("people.json"))
    shown = scenes_settings(plain, "train")["scenes"]
    assert "tracks" not in shown and "part" not in shown["train"]


TRACKED = ["scenes=tracked", "scenes.root=r", "scenes.train.images=i", "scenes.train.keypoints=k"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["scenes.num_frames=1"], r"scenes.num_frames is 1; expected 2 to 256"),
        (["scenes.num_frames=999"], r"scenes.num_frames is 999; expected 2 to 256"),
        (["scenes.tracks.stride=0"], r"scenes.tracks.stride is 0; expected at least 1"),
        (["scenes.tracks.every_s=2"], r"scenes.tracks.every_s is 2.0; expected 0 to longest_gap_s"),
        (["scenes.tracks.longest_gap_s=0"], r"scenes.tracks.longest_gap_s is 0.0; expected above 0"),
        (["scenes.tracks.fps=0"], r"scenes.tracks.fps is 0.0; expected frames a second"),
        (["scenes.tracks.frame_name=x"], r"scenes.tracks.frame_name=x is read by nothing"),
        (["scenes.train.part=train"], r"scenes.train.part=train is read by nothing"),
        (["scenes.train.results=r.json"], r"scenes.train.results=r.json is read by nothing"),
        (["scenes.estimated.joint_score=0.5"], r"scenes.estimated=.* is read by nothing"),
        (["scenes.tracks.format=posetrack", "scenes.train.captions=c"], r"scenes.train.captions=c is read by nothing"),
        (["scenes.joints=crowdpose14"], r"scenes.joints is crowdpose14; tracked people are read as coco17"),
        (["scenes=pyskl", "scenes.tracks.frame_name='{video}.jpg'"], r"frame_name is .*; expected {video} and"),
        (["scenes=pyskl", "scenes.train.part=null"], r"scenes.train.part is null; expected the name of this split"),
        (["scenes=world", "scenes.tracks.stride=8"], r"scenes.tracks=.* is read by nothing: it goes with"),
        (["scenes=world", "scenes.num_frames=8"], r"scenes.num_frames=8 is read by nothing: it goes with scenes over"),
        (["scenes=coco2017", "scenes.val.part=x"], r"scenes.val.part=x is read by nothing"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_right_or_that_nobody_reads(given, said):
    named = any(word.startswith("scenes=") for word in given)
    with pytest.raises(ConfigError, match=said):
        composed("generate", CONF, given if named else [*TRACKED, *given])
