"""From scenes to a file of samples: exact numbers, determinism, provenance, bad input."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.offline.write import generate
from llavapose.teacher.order import split_by_ratio, wanted_samples
from llavapose.teacher.prompts import PROMPT_VERSION
from tests.drawn_by_hand import offline, standing


def test_split_by_ratio_is_exact() -> None:
    ratio = {"conv": 113, "detail": 45, "complex": 42}
    assert split_by_ratio(200_000, ratio) == {"conv": 113_000, "detail": 45_000, "complex": 42_000}
    assert wanted_samples(1, 200_328) == {"conv": 112_980, "detail": 45_174, "complex": 42_174}
    for total in range(60):
        assert sum(split_by_ratio(total, ratio).values()) == total
    assert split_by_ratio(1, ratio) == {"conv": 1, "detail": 0, "complex": 0}


def test_numbers_are_exact_and_samples_lie_grouped_by_picture(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(scenes=scene_set, out=tmp_path / "out", progress=False, teacher=offline(num_samples=100))
    assert summary.counts == {"conv": 56, "detail": 23, "complex": 21}
    samples = read_samples(Path(summary.path), scene_set.images)
    assert len(samples) == summary.num_samples == 100
    images = [sample.image for sample in samples]
    assert len([i for i, image in enumerate(images) if i == 0 or images[i - 1] != image]) == summary.num_scenes == 12
    assert all(4 <= images.count(image) <= 13 for image in images)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["counts"] == summary.counts
    assert "100 samples of 12 scenes" in summary.lines()[0]


def test_without_a_number_it_is_some_four_a_scene(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(scenes=scene_set, out=tmp_path, progress=False, teacher=offline())
    assert summary.num_samples == 53
    assert summary.counts == {"conv": 30, "detail": 12, "complex": 11}


def test_the_same_seed_gives_the_same_bytes(scene_set: SceneSet, tmp_path: Path) -> None:
    first, again, other = (
        Path(
            generate(scenes=scene_set, out=tmp_path / str(n), progress=False, teacher=offline(seed=seed)).path
        ).read_bytes()
        for n, seed in enumerate((4, 4, 5))
    )
    assert first == again != other


def test_provenance(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(
        scenes=scene_set, out=tmp_path, progress=False, teacher=offline(context="boxes", num_samples=24, seed=9)
    )
    for sample in read_samples(Path(summary.path), scene_set.images):
        scene = sample.provenance.pop("scene")
        assert sample.image == f"{scene:03}.png"
        assert sample.provenance == {
            "split": "train",
            "kind": sample.kind,
            "teacher": "offline",
            "context": "boxes",
            "prompt": PROMPT_VERSION,
            "seed": 9,
        }


def test_what_cannot_be_made_is_said(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(scenes=scene_set, out=tmp_path, progress=False, teacher=offline(num_samples=2000))
    wanted = wanted_samples(12, 2000)["detail"]
    assert summary.counts["detail"] == 12 * 16 < wanted
    said = f"{wanted - 192} of {wanted} detail samples could not be made: the scenes say no more; add scenes"
    assert said in summary.notes


def test_scenes_that_say_less_are_made_up_for(scene_set: SceneSet, tmp_path: Path) -> None:
    """Scenes without captions have nothing to say from captions alone; the others say more."""
    summary = generate(
        scenes=scene_set, out=tmp_path, progress=False, teacher=offline(context="captions", num_samples=40)
    )
    assert summary.counts["conv"] == wanted_samples(12, 40)["conv"]
    assert summary.num_scenes == sum(bool(scene.captions) for scene in scene_set.scenes) < 12


def test_dialogues(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(
        scenes=scene_set, out=tmp_path, progress=False, teacher=offline(conv_form="dialogue", num_samples=24)
    )
    samples = read_samples(Path(summary.path), scene_set.images)
    assert {len(sample.turns) for sample in samples if sample.kind == "conv"} == {10}


def test_bad_input(scene_set: SceneSet, tmp_path: Path) -> None:
    nobody = SceneSet(scenes=(), images=tmp_path)
    with pytest.raises(DataError, match=r"no scene of .* qualifies"):
        generate(scenes=nobody, out=tmp_path / "out", progress=False, teacher=offline())
    (scene_set.images / "003.png").unlink()
    with pytest.raises(DataError, match=r"1 of 12 pictures are not in .*003\.png"):
        generate(scenes=scene_set, out=tmp_path / "out", progress=False, teacher=offline())


def test_generating_needs_no_torch() -> None:
    modules = "llavapose.teacher.offline.write, llavapose.report.samples_page"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_other_keypoints_speak_of_other_poses_in_the_same_style(scene_set: SceneSet, tmp_path: Path) -> None:
    scenes = tuple(
        replace(scene, people=(standing(scene.id, 0.4, lift=-0.12 if scene.id % 2 else 0.12),), things=())
        for scene in scene_set.scenes
    )
    scene_set = replace(scene_set, scenes=scenes)
    own = generate(scenes=scene_set, out=tmp_path / "own", progress=False, teacher=offline(num_samples=60))
    other = generate(
        scenes=scene_set,
        out=tmp_path / "other",
        progress=False,
        teacher=offline(context="other_keypoints", num_samples=60),
    )
    texts = [{s.id: s.turns for s in read_samples(Path(one.path), scene_set.images)} for one in (own, other)]
    assert own.counts == other.counts
    assert texts[0] != texts[1]
    assert {s.provenance["context"] for s in read_samples(Path(other.path), scene_set.images)} == {"other_keypoints"}
