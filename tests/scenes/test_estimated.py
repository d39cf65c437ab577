"""Photos and a pose estimator's results -> scenes, and samples of them by the offline teacher."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llavapose.config.choices import SceneSource
from llavapose.config.scenes import EstimatedConfig, ScenesConfig, SplitPaths
from llavapose.config.schema import TeacherConfig
from llavapose.errors import DataError
from llavapose.samples import read_samples
from llavapose.scenes.coco import read_scenes
from llavapose.scenes.estimated import read_estimated
from llavapose.scenes.open import open_scenes, scenes_settings
from llavapose.scenes.world.world import WorldSettings, ensure_world
from llavapose.teacher.make import ensure_samples

COCO = Path(__file__).parents[3] / "shared" / "data" / "coco_val2017_sample"
SURE = [value for at in range(17) for value in (10.0 + 5 * at, 8.0 + 4 * at, 0.9)]


def photos(root: Path, *names: str, size: tuple[int, int] = (100, 80)) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, "white").save(root / name)
    return root


def found_people(root: Path, *people: dict[str, Any]) -> Path:
    path = root / "results.json"
    usual = {"image_id": 42, "category_id": 1, "keypoints": SURE, "score": 0.9}
    path.write_text(json.dumps([usual | one for one in people]))
    return path


def read(root: Path, *people: dict[str, Any], listed: Path | None = None, **settings: float):
    return read_estimated(
        images=root / "photos", results=found_people(root, *people), listed=listed, config=EstimatedConfig(**settings)
    )


def test_scores_decide_what_is_labelled(tmp_path):
    photos(tmp_path / "photos", "COCO_val2014_000000000042.jpg", "8.png", "notes7.txt.png")
    unsure = [*SURE[:48], 12.0, 12.0, 0.29]
    nothing = [value for at in range(17) for value in (5.0, 5.0, 0.1)]
    found = read(
        tmp_path, {"bbox": [10, 8, 60, 60]}, {"keypoints": unsure}, {"keypoints": nothing}, {"score": 0.2},
    )  # fmt: skip
    (scene,) = found.scenes
    assert (scene.id, scene.image, scene.width, scene.height) == (42, "COCO_val2014_000000000042.jpg", 100, 80)
    first, second = scene.people
    assert first.box_xyxy == pytest.approx((0.1, 0.1, 0.7, 0.85)) and first.keypoints[0] == (0.1, 0.1, 2)
    assert second.box_xyxy == pytest.approx((0.1, 0.1, 0.85, 0.85)), "what its joints cover"
    assert second.keypoints[16] == (0.0, 0.0, 0) and (first.id, second.id) == (1, 2)
    assert found.notes == (
        "1 people below scenes.estimated.person_score=0.3 left out",
        "1 people without a joint of scenes.estimated.joint_score=0.3 left out",
        "1 pictures without a person left out",
    )
    assert len(read(tmp_path, {}, {"score": 0.2}, person_score=0.1).scenes[0].people) == 2
    with_unsure = read(tmp_path, {"keypoints": unsure}, joint_score=0.2).scenes[0].people[0]
    assert with_unsure.keypoints[16] == (0.12, 0.15, 2)


def test_a_list_says_which_picture_is_which(tmp_path):
    photos(tmp_path / "photos", "a/beach.jpg", "b.png")
    for listed in (
        {"42": "a/beach.jpg", "7": "b.png"},
        {"images": [{"id": 42, "file_name": "a/beach.jpg", "width": 100, "height": 80}]},
    ):
        (tmp_path / "listed.json").write_text(json.dumps(listed))
        (scene,) = read(tmp_path, {}, listed=tmp_path / "listed.json").scenes
        assert scene.image == "a/beach.jpg"


REFUSED = [
    ([], "neither COCO's"),
    ({}, "neither COCO's"),
    ({"x": "a.jpg"}, "neither COCO's"),
    ({"images": [7]}, r"images\[0\] is 7"),
    ({"images": [{"file_name": "a.jpg"}]}, "id is None"),
    ({"images": [{"id": 42, "file_name": "a.jpg"}, {"id": 42, "file_name": "b.jpg"}]}, "ids must differ"),
    ({"images": [{"id": 42}]}, "image path is ''"),
    ({"42": "../a.jpg"}, "leaves the image folder"),
    ({"42": "gone.jpg"}, "no image"),
    ({"7": "a.jpg"}, r"people of image 42 \(and 0 more\), which is not in"),
    ({"images": [{"id": 42, "file_name": "a.jpg", "width": 80, "height": 100}]}, "80 x 100 pixels, a.jpg has 100 x 80"),
]


@pytest.mark.parametrize(("listed", "said"), REFUSED)
def test_a_list_that_cannot_be_right_is_named(tmp_path, listed, said):
    photos(tmp_path / "photos", "a.jpg")
    (tmp_path / "listed.json").write_text(json.dumps(listed))
    with pytest.raises(DataError, match=said):
        read(tmp_path, {}, listed=tmp_path / "listed.json")


def test_names_that_end_in_one_number_are_refused(tmp_path):
    photos(tmp_path / "photos", "a_42.jpg", "b_042.jpg")
    with pytest.raises(DataError, match=r"a_42.jpg and b_042.jpg .* both end in 42"):
        read(tmp_path, {})


def test_pictures_that_are_not_there(tmp_path):
    photos(tmp_path / "photos", "7.jpg")
    with pytest.raises(DataError, match=r"people of image 42 .*whose name ends in it"):
        read(tmp_path, {})
    with pytest.raises(DataError, match="no folder of pictures"):
        read_estimated(images=tmp_path / "no", results=tmp_path / "r", listed=None, config=EstimatedConfig())


def test_sizes_are_those_of_the_file_as_it_is_stored(tmp_path):
    (tmp_path / "photos").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 80)).save(tmp_path / "photos" / "42.jpg", exif=exif)
    outside = [*SURE[:48], 99.0, 90.0, 0.9]
    found = read(tmp_path, {"keypoints": outside})
    assert (found.scenes[0].width, found.scenes[0].height) == (100, 80)
    assert "1 pictures that EXIF asks to turn: joints must be in pixels as the file stores them" in found.notes
    assert "1 joints outside their picture, not labelled" in found.notes


def test_shares_of_a_picture_are_no_pixels(tmp_path):
    photos(tmp_path / "photos", "42.jpg")
    shares = [value for at in range(17) for value in (0.05 * at, 0.06 * at, 0.9)]
    with pytest.raises(DataError, match=r"1 of 2 people have no coordinate above 1\.5; expected pixels"):
        read(tmp_path, {"keypoints": shares}, {"keypoints": [0.0] * 51})
    assert read(tmp_path, {"keypoints": shares}, {}, person_score=0.1).scenes, "a person in a picture's corner is one"
    with pytest.raises(DataError, match="2 of 3 people"):
        read(tmp_path, {"keypoints": shares}, {"keypoints": shares}, {})


def results_of(keypoints: Path, path: Path) -> None:
    """The truth as an estimator's results: sure of what is labelled, unsure of the rest; no boxes."""
    rows = []
    for one in json.loads(keypoints.read_text())["annotations"]:
        if one["num_keypoints"]:
            joints = [0.9 if value else 0.05 for value in one["keypoints"][2::3]]
            flat: list[float] = []
            for at, sure in enumerate(joints):
                flat += [*one["keypoints"][3 * at : 3 * at + 2], sure]
            rows.append({"image_id": one["image_id"], "category_id": 1, "keypoints": flat, "score": 0.8})
    path.write_text(json.dumps(rows))


def custom(root: Path, images: str, results: Path) -> ScenesConfig:
    train = SplitPaths(images=Path(images), results=results)
    return ScenesConfig(name="custom", source=SceneSource.coco, root=root, train=train, min_labelled_joints=5)


@pytest.mark.parametrize("source", ["world", "coco"])
def test_samples_are_made_of_an_estimators_results(tmp_path, source):
    if source == "world":
        settings = WorldSettings(num_train=6, num_val=1, image_size=160)
        root = ensure_world(tmp_path / "world", settings, progress=False)
        keypoints = root / "annotations" / "person_keypoints_train.json"
        images = next(path.name for path in root.iterdir() if path.is_dir() and "train" in path.name)
    elif COCO.is_dir():
        root, keypoints, images = COCO, COCO / "person_keypoints.json", "images"
    else:
        pytest.skip("no COCO pictures here")
    results_of(keypoints, tmp_path / "results.json")
    config = custom(root, images, tmp_path / "results.json")
    scenes = open_scenes(config, "train")
    truth = {scene.id: scene for scene in read_scenes(images=root / images, keypoints=keypoints).scenes}
    for scene in scenes.scenes:
        labelled = [person.keypoints for person in truth[scene.id].people if person.keypoints]
        seen = [tuple((x, y, min(v, 1)) for x, y, v in person) for person in labelled]
        assert [tuple((x, y, min(v, 1)) for x, y, v in one.keypoints) for one in scene.people] == seen
    made = ensure_samples(config, TeacherConfig(name="offline"), tmp_path / "data")
    samples = list(read_samples(made.samples, made.images))
    assert {sample.kind for sample in samples} == {"conv", "detail", "complex"}
    assert {int(sample.provenance["scene"]) for sample in samples} == {scene.id for scene in scenes.scenes}
    told = scenes_settings(config, "train")
    assert any(name.endswith("results.json") for name in told["files"])


def test_settings_that_cannot_be(tmp_path):
    config = custom(tmp_path, "photos", Path("results.json"))
    assert config.problems() == []
    config.train.keypoints = Path("k.json")
    config.estimated.joint_score = 2.0
    lines = config.problems()
    assert any("scenes.estimated.joint_score is 2.0; expected 0 to 1" in line for line in lines)
    assert any("has `keypoints` and `results`" in line for line in lines)
    bare = ScenesConfig(name="custom", source=SceneSource.coco, root=tmp_path)
    assert any("scenes.train needs `images`" in line for line in bare.problems())
