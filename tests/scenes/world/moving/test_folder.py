"""The built-in world in motion: the same for the same settings, whoever draws it; frames, tracks and truth agree."""

from pathlib import Path

import pytest

from llavapose.config.choices import SceneSource
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError
from llavapose.frames import middle
from llavapose.scenes.open import open_scenes
from llavapose.scenes.world.moving.folder import MotionSettings, draw, ensure_motion, read_motion, read_truth

SETTINGS = MotionSettings(num_train=24, num_val=4, image_size=96, seed=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_motion(tmp_path_factory.mktemp("worlds"), SETTINGS, progress=False)


def test_a_clip_is_a_scene_with_frames(world: Path) -> None:
    found = read_motion(world, "train", SETTINGS.num_frames)
    assert len(found.scenes) == SETTINGS.num_train and not found.notes
    for scene in found.scenes:
        shown = scene.frames[middle(SETTINGS.num_frames)]
        assert len(scene.frames) == 16 and scene.frames[-1].time_s == 3.0
        assert (scene.image, scene.people) == (shown.image, shown.people)
        assert len(scene.captions) == len(set(scene.captions)) == 5
        for frame in scene.frames:
            assert (found.images / frame.image).is_file()
            assert [person.id for person in frame.people if person] == [person.id for person in scene.people]


def test_truth_names_the_scenes_and_their_people(world: Path) -> None:
    for split in ("train", "val"):
        truth = {one["scene_id"]: one for one in read_truth(world, split)}
        scenes = read_motion(world, split, SETTINGS.num_frames).scenes
        assert sorted(truth) == [scene.id for scene in scenes]
        for scene in scenes:
            assert truth[scene.id]["video"] == scene.video
            assert [person["track_id"] for person in truth[scene.id]["people"]] == [one.id for one in scene.people]


def test_settings_open_it(world: Path) -> None:
    config = ScenesConfig(
        name="motion", source=SceneSource.motion, root=world.parent, num_train=24, num_val=4, image_size=96, seed=3
    )
    assert not config.problems()
    assert len(open_scenes(config, "val").scenes) == 4
    config.num_frames = 2
    assert config.problems() == ["scenes.num_frames is 2; expected 3 to 64 frames a clip"]


def test_any_process_draws_any_clip(world: Path) -> None:
    one = draw(17, SETTINGS, "train")
    for frame, jpeg in enumerate(one.jpegs):
        assert (world / "train" / "000017" / f"{frame:06d}.jpg").read_bytes() == jpeg


@pytest.mark.parametrize("wrong", [{"num_train": -1}, {"image_size": 8}, {"num_frames": 2}, {"num_frames": 65}])
def test_settings_that_cannot_be_drawn_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        ensure_motion(tmp_path, MotionSettings(**wrong), progress=False)
    assert not list(tmp_path.iterdir())
