"""From clips to a file of samples: frames and times, shares, groups, what is refused."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.config.choices import Context
from llavapose.errors import ConfigError, DataError
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.offline.motion.middle import asked_there
from llavapose.teacher.offline.write import generate
from tests.drawn_by_hand import offline
from tests.teacher.offline.motion.clips import NUM_FRAMES, raising


@pytest.fixture
def clips(tmp_path: Path) -> SceneSet:
    scenes = tuple(raising(number, 1 + number % 2) for number in range(1, 9))
    for scene in scenes:
        for frame in scene.frames:
            (tmp_path / frame.image).parent.mkdir(exist_ok=True)
            Image.new("RGB", (30, 30), (90, 120, 150)).save(tmp_path / frame.image)
    return SceneSet(scenes=scenes, images=tmp_path)


def test_a_sample_shows_all_frames_with_their_times(clips: SceneSet, tmp_path: Path) -> None:
    summary = generate(scenes=clips, out=tmp_path / "out", progress=False, teacher=offline(num_samples=40))
    samples = read_samples(Path(summary.path), clips.images)
    assert len(samples) == summary.num_samples == 40
    assert summary.num_scenes == 8
    scenes = {scene.id: scene for scene in clips.scenes}
    for sample in samples:
        scene = scenes[sample.provenance["scene"]]
        assert sample.images == tuple(frame.image for frame in scene.frames)
        assert sample.times_s == tuple(frame.time_s for frame in scene.frames)
        assert sample.provenance["video"] == scene.video
    assert len({sample.id for sample in samples}) == 40
    order = [sample.provenance["scene"] for sample in samples]
    assert order == sorted(order), "samples of a clip lie together"


@pytest.mark.parametrize(("share", "moving"), [(0.75, 18), (0.0, 0), (1.0, 24)])
def test_the_share_about_motion(clips: SceneSet, tmp_path: Path, share: float, moving: int) -> None:
    summary = generate(
        scenes=clips, out=tmp_path / "out", progress=False, teacher=offline(num_samples=24, motion_share=share)
    )
    samples = read_samples(Path(summary.path), clips.images)
    about = Counter(sample.provenance["about"] for sample in samples)
    assert about["motion"] == moving
    assert f"{moving} samples about motion, {24 - moving} about the middle of a clip" in summary.notes
    for sample in samples:
        if sample.provenance["about"] == "still":
            assert all("in the middle of the clip" in turn.text.lower() for turn in sample.turns[::2])
    assert about["still"] == 24 - moving


def test_the_same_seed_gives_the_same_bytes(clips: SceneSet, tmp_path: Path) -> None:
    first, again, other = (
        Path(
            generate(scenes=clips, out=tmp_path / f"out{n}", progress=False, teacher=offline(seed=seed)).path
        ).read_bytes()
        for n, seed in enumerate((4, 4, 5))
    )
    assert first == again != other


def test_what_is_refused(clips: SceneSet, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"teacher\.sees=captions goes with pictures, and these scenes have frames"):
        generate(scenes=clips, out=tmp_path / "out", progress=False, teacher=offline(sees=Context.captions))
    pictures = replace(clips, scenes=tuple(replace(scene, frames=(), video="") for scene in clips.scenes))
    with pytest.raises(ConfigError, match=r"teacher\.motion_share=0\.5 is read by nothing: these scenes are pictures"):
        generate(scenes=pictures, out=tmp_path / "out", progress=False, teacher=offline(motion_share=0.5))
    (clips.images / "3" / "05.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 128 pictures are not in .*3/05\.jpg"):
        generate(scenes=clips, out=tmp_path / "out", progress=False, teacher=offline())


def test_captions_alone_tell_no_motion(clips: SceneSet, tmp_path: Path) -> None:
    summary = generate(
        scenes=clips, out=tmp_path / "out", progress=False, teacher=offline(context="captions", num_samples=20)
    )
    samples = read_samples(Path(summary.path), clips.images)
    moving = [sample for sample in samples if sample.provenance["about"] == "motion"]
    assert {sample.kind for sample in moving} == {"conv"}, "who is waving, and no more"
    assert not any("hand" in turn.text for sample in moving for turn in sample.turns)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Is the left elbow of the person bent?", "In the middle of the clip, is the left elbow of the person bent?"),
        ("How many people are there?", "In the middle of the clip, how many people are there?"),
        ("Describe the pose.", "Look at the frame in the middle of the clip. Describe the pose."),
    ],
)
def test_the_question_says_which_moment(text: str, asked: str) -> None:
    assert asked_there(text) == asked
    assert NUM_FRAMES == 16
