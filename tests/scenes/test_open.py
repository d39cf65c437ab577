"""Settings to scenes: the built-in world, and any files in COCO's format."""

import json
from pathlib import Path

import pytest
from PIL import Image

from llavapose.config.choices import SceneSource
from llavapose.config.scenes import ScenesConfig, SplitPaths
from llavapose.errors import DataError
from llavapose.scenes.open import open_scenes


def coco_set(root: Path, labelled: list[int]) -> ScenesConfig:
    """One picture a number; each shows a person with so many labelled joints, none for a negative number."""
    (root / "images").mkdir(parents=True)
    images, annotations = [], []
    for number, joints in enumerate(labelled, 1):
        Image.new("RGB", (40, 30)).save(root / "images" / f"{number}.jpg")
        images.append({"id": number, "file_name": f"{number}.jpg", "width": 40, "height": 30})
        if joints >= 0:
            keypoints = [value for joint in range(17) for value in ((9, 9, 2) if joint < joints else (0, 0, 0))]
            annotations.append(
                {
                    "id": number, "image_id": number, "category_id": 1, "bbox": [2, 2, 20, 20], "iscrowd": 0,
                    "area": 400, "num_keypoints": joints, "keypoints": keypoints,
                }
            )  # fmt: skip
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (root / "keypoints.json").write_text(json.dumps(document))
    paths = SplitPaths(images=Path("images"), keypoints=Path("keypoints.json"))
    return ScenesConfig(name="mine", source=SceneSource.coco, root=root, train=paths, val=paths)


def test_training_scenes_qualify_and_the_rest_is_counted(tmp_path):
    config = coco_set(tmp_path, [17, -1, 3, 9])
    assert [scene.id for scene in open_scenes(config, "train").scenes] == [1, 3, 4]
    config.min_labelled_joints, config.num_train = 5, 1
    found = open_scenes(config, "train")
    assert [scene.id for scene in found.scenes] == [1]
    assert any("no person with 5 labelled joints" in note for note in found.notes)
    assert "the first 1 of 2 pictures used" in found.notes
    assert len(open_scenes(config, "val").scenes) == 4


def test_nothing_qualifies(tmp_path):
    with pytest.raises(DataError, match=r"scenes mine: no picture of train qualifies"):
        open_scenes(coco_set(tmp_path, [-1, -1]), "train")


def test_a_split_without_files(tmp_path):
    config = coco_set(tmp_path, [17])
    config.val = SplitPaths()
    with pytest.raises(DataError, match=r"no files for val; set scenes.val.images"):
        open_scenes(config, "val")


def test_the_world_is_drawn_once(tmp_path):
    config = ScenesConfig(name="world", root=tmp_path, num_train=3, num_val=2, image_size=64, seed=5)
    train, val = open_scenes(config, "train"), open_scenes(config, "val")
    assert (len(train.scenes), len(val.scenes)) == (3, 2)
    assert not {scene.id for scene in train.scenes} & {scene.id for scene in val.scenes}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    open_scenes(config, "train")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
