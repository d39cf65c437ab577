"""The moving world's card and its sheet; and its files in PoseTrack's form, read as PoseTrack's are."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.scenes.tracks.forms import POSETRACK
from llavapose.scenes.tracks.tracked import read_tracked
from llavapose.scenes.tracks.windows import Windows
from llavapose.scenes.world.moving.annotations import POSETRACK as POSETRACK_JOINTS
from llavapose.scenes.world.moving.card import SHEET_FRAMES, SHEET_SIDE, main, motion_card
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion

SETTINGS = MotionSettings(num_train=40, num_val=2, image_size=64, seed=9)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_motion(tmp_path_factory.mktemp("worlds"), SETTINGS, progress=False)


@pytest.fixture(scope="module")
def card(world: Path) -> dict[str, Any]:
    return motion_card(world)


def test_card_counts(card: dict[str, Any]) -> None:
    assert card["num_clips"] == 42
    assert set(card["people_per_clip"]) == {"1", "2", "3"}
    assert card["people who move"] > 0.75
    assert sum(one["number"] for one in card["motions"].values()) >= 42
    assert len(card["motions"]) >= 10


def test_card_tells_each_pair_of_opposites_once(card: dict[str, Any]) -> None:
    either = card["either_way"]
    assert "hand_motion: raised past the shoulder, not lowered past the shoulder" in either
    assert "stance_motion: sits down or crouches down, not stands up" in either
    assert all(0 <= share <= 1 for share in either.values())
    assert not [name for name in either if name.startswith("repeats")]


def test_card_of_no_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="holds no world in motion"):
        motion_card(tmp_path)
    assert main([str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_sheet_command(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(world), "--sheet", str(tmp_path / "sheet.png")]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[: out.rindex("}") + 1])["num_clips"] == 42
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == SHEET_FRAMES * SHEET_SIDE and sheet.height % SHEET_SIDE == 0


def test_posetracks_files_are_read_as_posetracks(world: Path) -> None:
    """The same clips and people; of their joints those that PoseTrack would label, and nobody's ears."""
    read = read_tracked(
        images=world, keypoints=world / "annotations" / "train", form=POSETRACK,
        windows=Windows(num_frames=16, longest_gap_s=3.0),
    )  # fmt: skip
    known = {scene.video: scene for scene in read_motion(world, "train", 16).scenes}
    assert {scene.video for scene in read.scenes} == set(known)
    for scene in read.scenes:
        other = known[scene.video]
        assert [person.id for person in scene.people] == [person.id for person in other.people]
        for one, two in zip(scene.people, other.people, strict=True):
            for place, ((x, y, v), (x2, y2, v2)) in enumerate(zip(one.keypoints, two.keypoints, strict=True)):
                # Eyes and ears are not labelled, nor is what is hidden.
                assert (v == 2) == (v2 == 2 and place not in (1, 2, 3, 4))
                assert not v or (abs(x - x2) < 2e-3 and abs(y - y2) < 2e-3)


def test_posetracks_file_has_its_fields(world: Path) -> None:
    content = json.loads((world / "annotations" / "train" / "000001.json").read_text())
    image = content["images"][3]
    assert image["file_name"] == "train/000001/000003.jpg" and image["vid_id"] == "000001"
    assert (image["nframes"], image["is_labeled"]) == (16, True)
    assert content["categories"][0]["keypoints"] == list(POSETRACK_JOINTS)
    assert POSETRACK_JOINTS[:7] == (
        "nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    )  # fmt: skip
    first = content["annotations"][0]
    assert len(first["keypoints"]) == 51 and first["keypoints"][9:15] == [0] * 6
    nose, top, bottom = (first["keypoints"][i : i + 3] for i in (0, 6, 3))
    assert nose[2] == 0 or top[1] < nose[1] < bottom[1]
