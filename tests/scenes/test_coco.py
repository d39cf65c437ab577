"""COCO files to scenes: real COCO's layouts and oddities, and files that are not COCO."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llavapose.errors import DataError
from llavapose.scenes.coco import SceneSet, read_scenes

SAMPLE = Path(__file__).parents[2] / "../shared/data/coco_val2017_sample"
JOINTS = [50, 20, 2, 52, 18, 1] + [0, 0, 0] * 15


def category(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "name": name}


def keypoint_file() -> dict[str, Any]:
    return {
        "images": [
            {"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 200, "height": 100},
            {"id": 3, "file_name": "COCO_train2014_000000000003.jpg", "width": 640, "height": 480},
        ],
        "categories": [category(1, "person")],
        "annotations": [
            {"id": 11, "image_id": 9, "category_id": 1, "iscrowd": 0, "bbox": [10, 10, 100, 95], "keypoints": JOINTS},
            {"id": 12, "image_id": 9, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 9, 9], "keypoints": [0] * 51},
            {"id": 13, "image_id": 9, "category_id": 1, "iscrowd": 1, "bbox": [0, 0, 9, 9], "keypoints": [0] * 51},
        ],
    }


def instance_file() -> dict[str, Any]:
    return {
        "images": keypoint_file()["images"],
        "categories": [category(1, "person"), category(35, "skis")],
        "annotations": [
            {"id": 11, "image_id": 9, "category_id": 1, "iscrowd": 0, "bbox": [10, 10, 100, 95]},
            {"id": 13, "image_id": 9, "category_id": 1, "iscrowd": 1, "bbox": [0, 0, 9, 9]},
            {"id": 21, "image_id": 9, "category_id": 35, "iscrowd": 0, "bbox": [20, 90, 33.333, 5]},
            {"id": 22, "image_id": 9, "category_id": 35, "iscrowd": 1, "bbox": [20, 90, 33, 5]},
            {"id": 23, "image_id": 77, "category_id": 35, "iscrowd": 0, "bbox": [20, 90, 33, 5]},
        ],
    }


def caption_file() -> dict[str, Any]:
    return {
        "images": keypoint_file()["images"],
        "annotations": [
            {"id": 1, "image_id": 9, "caption": "A skier\n on  snow. "},
            {"id": 2, "image_id": 9, "caption": "Snow"},
        ],
    }


def read(folder: Path, **files: Any) -> SceneSet:
    """Write the files (None: leave it away; text: as it is) and read the set."""
    made = {"keypoints": keypoint_file(), "instances": instance_file(), "captions": caption_file(), **files}
    paths: dict[str, Path] = {}
    (folder / "images").mkdir(exist_ok=True)
    for name, content in made.items():
        paths[name] = folder / f"{name}.json"
        if content is not None:
            paths[name].write_text(content if isinstance(content, str) else json.dumps(content))
    return read_scenes(images=folder / "images", split="train", **paths)


def test_the_three_files_are_joined_by_image_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenes = read(tmp_path)
    empty, scene = scenes.scenes
    assert (empty.id, empty.people, empty.captions) == (3, (), ())
    assert (scene.id, scene.image, scene.width, scene.height) == (9, "COCO_train2014_000000000009.jpg", 200, 100)
    assert scene.captions == ("A skier on snow.", "Snow")
    assert scene.people[0].box_xyxy == (0.05, 0.1, 0.55, 1.0), "what hangs over the border is cut off"
    assert scene.people[0].keypoints[:3] == ((0.25, 0.2, 2), (0.26, 0.18, 1), (0.0, 0.0, 0))
    assert scene.people[1].keypoints == ()
    assert [(t.category, t.box_xyxy) for t in scene.things] == [("skis", (0.1, 0.9, 0.267, 0.95))]
    assert scene.num_crowds == 1, "a crowd in both files is one crowd"
    assert capsys.readouterr().out == ""


def test_what_is_tolerated_is_counted(tmp_path: Path) -> None:
    notes = read(tmp_path).notes
    for note in (
        "1 images with a crowd of people, which is no person",
        "1 images without a person",
        "1 people without labelled keypoints",
        "1 images without a caption",
        "1 instances of images without a keypoint record",
        "1 crowds of objects left out",
    ):
        assert note in notes


def test_what_is_there_twice_or_outside_is_left_out_and_counted(tmp_path: Path) -> None:
    keypoints, instances = keypoint_file(), instance_file()
    keypoints["images"].append(dict(keypoints["images"][0]))
    keypoints["annotations"][1]["bbox"] = [300, 10, 20, 20]
    keypoints["annotations"][0]["keypoints"] = [250, 20, 2, *JOINTS[3:]]
    keypoints["annotations"].append(dict(keypoints["annotations"][0]))
    instances["annotations"][2]["bbox"] = [20, -30, 10, 20]
    scenes = read(tmp_path, keypoints=keypoints, instances=instances)
    assert [person.id for person in scenes.scenes[1].people] == [11] and scenes.scenes[1].things == ()
    for note in (
        "1 image records that are there twice, kept once",
        "1 annotations that are there twice, kept once",
        "1 people whose box lies outside the picture, left out",
        "1 objects whose box lies outside the picture, left out",
        "1 labelled joints outside the picture, set to its border",
    ):
        assert note in scenes.notes


def test_marks_and_control_characters_leave_a_caption(tmp_path: Path) -> None:
    captions = caption_file()
    said = (
        "<image> a man\x00 waves</s>",
        "\u202ea dog \x1b[31m",
        "<image>",
        "\U0001f468\u200d\U0001f469 \u0915\u094d\u200d",
        "x",
    )
    captions["annotations"] = [{"id": 1, "image_id": 9, "caption": text} for text in said]
    scenes = read(tmp_path, captions=captions)
    assert scenes.scenes[1].captions == ("a man waves", "a dog [31m", said[3], "x")
    assert "3 captions with control characters or marks such as <image>, which were taken out" in scenes.notes


def test_missing_instances_and_captions_are_said_once(tmp_path: Path) -> None:
    scenes = read(tmp_path, instances=None, captions=None)
    assert scenes.scenes[1].things == () and len(scenes.scenes[1].people) == 2
    assert sum(note.startswith("no instances file") for note in scenes.notes) == 1
    assert sum(note.startswith("no captions file") for note in scenes.notes) == 1
    assert "1 images without a caption" not in scenes.notes


def test_only_wanted_ids_are_kept(tmp_path: Path) -> None:
    read(tmp_path)
    files = {name: tmp_path / f"{name}.json" for name in ("keypoints", "instances", "captions")}
    scenes = read_scenes(images=tmp_path / "images", split="val", ids=[9, 1000], **files)
    assert [scene.id for scene in scenes.scenes] == [9]
    assert scenes.scenes[0].split == "val"
    assert "1 of 2 wanted image ids are not in keypoints.json" in scenes.notes


def edited(make: Callable[[], dict[str, Any]], key: str, **fields: Any) -> dict[str, Any]:
    """A good file with fields of the first item of a list replaced."""
    data = make()
    data[key][0].update(fields)
    return data


def twice(make: Callable[[], dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A good file whose first annotation comes again at the end, with fields replaced."""
    data = make()
    data["annotations"].append({**data["annotations"][0], **fields})
    return data


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "truncated": ({"keypoints": '{"images": [{"id": 9'}, "keypoints.json:1 is not JSON"),
    "not COCO": ({"keypoints": {"a": 1}}, "is not a COCO file; expected the lists `images` and `annotations`"),
    "a list": ({"instances": [1]}, "instances.json is not a COCO file"),
    "no image id": ({"captions": edited(caption_file, "annotations", image_id=None)}, "no whole number `image_id`"),
    "no caption": ({"captions": edited(caption_file, "annotations", caption=None)}, "has no text `caption`"),
    "no categories": ({"keypoints": {**keypoint_file(), "categories": []}}, "has no `categories`"),
    "category": ({"instances": edited(instance_file, "annotations", category_id=5)}, "has category 5, which"),
    "length": ({"keypoints": edited(keypoint_file, "annotations", keypoints=[1, 2, 2])}, "length 3; expected 51"),
    "no joints": ({"keypoints": edited(keypoint_file, "annotations", keypoints=None)}, "length None; expected 51"),
    "visibility": ({"keypoints": edited(keypoint_file, "annotations", keypoints=[1, 1, 3] * 17)}, "visibility 3"),
    "not finite": (
        {"keypoints": edited(keypoint_file, "annotations", keypoints=[float("nan")] * 51)},
        "NaN, which is no",
    ),
    "box": ({"keypoints": edited(keypoint_file, "annotations", bbox=[1, 2])}, "bbox [1, 2]; expected four numbers"),
    "size": ({"keypoints": edited(keypoint_file, "images", width=0)}, "expected positive width and height"),
    "name": ({"keypoints": edited(keypoint_file, "images", file_name="../x.jpg")}, "leaves the image folder"),
    "unknown image": ({"keypoints": edited(keypoint_file, "annotations", image_id=5)}, "image 5, which is not listed"),
    "missing": ({"keypoints": None}, "no file"),
    "two images": (
        {"keypoints": {**keypoint_file(), "images": [*keypoint_file()["images"], {"id": 9, "file_name": "b.jpg"}]}},
        "image 9 is there twice, with different file_name, width, height; ids must differ",
    ),
    "two people": (
        {"keypoints": twice(keypoint_file, bbox=[1, 1, 5, 5])},
        "annotation 11 is there twice, with different bb",
    ),
    "two objects": ({"instances": twice(instance_file, category_id=35)}, "annotation 11 is there twice"),
    "negative": ({"keypoints": edited(keypoint_file, "annotations", bbox=[9, 9, -5, 5])}, "a negative width or height"),
    "huge box": (
        {"keypoints": edited(keypoint_file, "annotations", bbox=[9, 9, 1e300, 5])},
        "expected four numbers of",
    ),
    "huge joint": (
        {"keypoints": edited(keypoint_file, "annotations", keypoints=[10**12] * 51)},
        "each at most 1,000,000",
    ),
    "huge size": ({"keypoints": edited(keypoint_file, "images", width=2**40)}, "at most 100,000 pixels"),
    "huge id": ({"keypoints": edited(keypoint_file, "images", id=2**63)}, "no whole number `id` from 0 to 2^63 - 1"),
    "infinite": ({"keypoints": json.dumps(keypoint_file()).replace("95]", "1e999]")}, "a number that no float holds"),
    "deep": ({"captions": "[" * 5000}, "more than 100 levels deep"),
    "surrogate": ({"captions": edited(caption_file, "annotations", caption="a \ud800")}, "half a surrogate pair"),
    "long name": (
        {"keypoints": edited(keypoint_file, "images", file_name="x" * 300)},
        "a name of 300 bytes; expected at",
    ),
    "long caption": ({"captions": edited(caption_file, "annotations", caption="x" * 20_000)}, "at most 10,000 char"),
    "category number": ({"instances": edited(instance_file, "categories", id="1")}, "expected a whole number `id` and"),
    "category name": ({"instances": edited(instance_file, "categories", name="a <image>")}, "expected a plain text"),
    "category twice": ({"instances": edited(instance_file, "categories", id=35)}, "names category 35 'skis', before"),
    "no category": ({"instances": {**instance_file(), "categories": {"1": "person"}}}, "has no `categories`"),
}


@pytest.mark.parametrize(("files", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, **files)
    text = str(caught.value)
    assert message in text and "\n" not in text
    assert f"{next(iter(files))}.json" in text


def test_a_missing_image_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        read_scenes(images=tmp_path / "none", keypoints=tmp_path / "k.json")


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the COCO val2017 sample is not beside the checkout")
def test_real_coco_val2017() -> None:
    scenes = read_scenes(images=SAMPLE / "images", keypoints=SAMPLE / "person_keypoints.json", split="val")
    assert [scene.id for scene in scenes.scenes] == [785, 40083, 196141, 197388]
    skier = scenes.scenes[0].people[0]
    assert skier.keypoints[0] == (round(367 / 640, 3), round(81 / 425, 3), 2)
    assert sum(len(scene.people) for scene in scenes.scenes) == 14
    assert all((scenes.images / scene.image).is_file() for scene in scenes.scenes)
    assert "2 people without labelled keypoints" in scenes.notes
