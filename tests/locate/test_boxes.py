"""A detector's boxes: read, cut, scored; annotated joints in them score as annotated people do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.config.choices import Joints
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.locate.boxes import Detection, detected_people, read_detections, who_is_shown
from llavapose.locate.results import Located
from llavapose.locate.samples import Asking, people_in
from llavapose.locate.score import keypoint_scores
from llavapose.locate.shown import queries_of, write_crops
from llavapose.records import Scene
from llavapose.scenes.coco import read_scenes
from tests.locate.truth import COCO, annotations  # noqa: F401 (fixture)


def made(scenes: list[Scene]) -> list[Detection]:
    """What a detector finds that is a little off, and one box of nobody a picture."""
    found = []
    for scene in scenes:
        for index in people_in(scene):
            x1, y1, x2, y2 = scene.people[index].box_xyxy
            wide, high = (x2 - x1) * scene.width, (y2 - y1) * scene.height
            box = (x1 * scene.width - 0.04 * wide, y1 * scene.height + 0.03 * high, 1.05 * wide, high)
            found.append(Detection(id=len(found) + 1, image_id=scene.id, box=box, score=0.9))
        found.append(Detection(id=len(found) + 1, image_id=scene.id, box=(0.0, 0.0, 9.0, 9.0), score=0.1))
    return found


def overlap(one, other) -> float:
    x1, y1, x2, y2 = (pick(a, b) for pick, a, b in zip((max, max, min, min), one, other, strict=True))
    inside = max(0, x2 - x1) * max(0, y2 - y1)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return inside / (sum(areas) - inside)


def with_truth(shown, scenes: dict[int, Scene], *, least: float = 0.5) -> list[Located]:
    """Each box answered with the joints of the annotated person whom it fits best; the middle where it fits nobody."""
    found = []
    for one in shown:
        people = [scenes[one.scene.id].people[index] for index in people_in(scenes[one.scene.id])]
        box = one.scene.people[one.index].box_xyxy
        best = max(people, key=lambda person: overlap(person.box_xyxy, box))
        fits = overlap(best.box_xyxy, box) >= least
        size = one.scene.width, one.scene.height
        places = [
            one.view.inwards(x * size[0], y * size[1]) if fits and v else (0.5, 0.5) for x, y, v in best.keypoints
        ]
        found.append(one.located(places, [0.9 if fits else 0.3] * 17))
    return found


def test_joints_of_the_annotated_people_in_a_detectors_boxes(annotations, tmp_path):  # noqa: F811
    scenes = read_scenes(images=tmp_path, keypoints=annotations, pictures=False).scenes
    real = annotations.parent / "detections.json"
    boxes = read_detections(real) if real.is_file() else made(list(scenes))
    shown = detected_people(scenes, boxes, Asking()).people
    assert {len(one.spots) for one in shown} == {17} and all(one.annotation_id is None for one in shown)
    by_id = {scene.id: scene for scene in scenes}
    located = with_truth(shown, by_id)
    # Coordinates of scenes have three decimals; the real detector finds a person twice, below the right box's score.
    assert keypoint_scores(annotations, located)["AP"] > 0.9
    lost = [one for one in located if one.image_id != located[-1].image_id]
    assert keypoint_scores(annotations, lost)["AR"] < 0.95, "all annotated people count, found or not"


def test_a_persons_score_is_its_boxs_times_its_joints():
    scene = Scene(id=1, image="a.jpg", width=100, height=100)
    boxes = [Detection(id=at, image_id=1, box=(0, 0, 50, 50), score=score) for at, score in ((1, 0.5), (2, 0.8))]
    first, second = detected_people([scene], boxes, Asking()).people
    assert (first.person_id, second.person_id) == (2, 1), "the best box first"
    located = first.located([(0.5, 0.5)] * 17, [0.2] * 9 + [0.6] * 8)
    assert located.score == pytest.approx(0.8 * 0.6), "joints of 0.2 and less do not count"
    assert first.located([(0.5, 0.5)] * 17, [0.1] * 17).score == 0
    assert located.keypoints[0] == pytest.approx((25, 25, 0.2))
    questions = [query.question for query in queries_of(first, Asking())]
    assert len(questions) == 17 and {question.image for question in questions} == {first.image}


def test_boxes_that_cannot_be_shown_are_counted():
    scene = Scene(id=1, image="a.jpg", width=100, height=100)
    boxes = [
        Detection(id=1, image_id=1, box=(0, 0, 50, 50), score=0.9),
        Detection(id=2, image_id=2, box=(0, 0, 50, 50), score=0.9),
        Detection(id=3, image_id=1, box=(200, 0, 50, 50), score=0.9),
        Detection(id=4, image_id=1, box=(0, 0, 0, 50), score=0.9),
        Detection(id=5, image_id=1, box=(0, 0, 50, 50), score=0.1),
    ]
    found = detected_people([scene], boxes, Asking(), least_score=0.2)
    assert [one.person_id for one in found.people] == [1]
    assert len(found.notes) == 3 and "2 of 5 boxes left out: outside their picture, or of no area" in found.notes
    with pytest.raises(DataError, match="no box of people is left"):
        detected_people([replace(scene, id=7)], boxes, Asking())


BAD = [
    ("{}", "no list"),
    ("[7]", "record 0 is 7; expected an object"),
    ('[{"category_id": 1, "bbox": [1, 1, 1, 1], "score": 1}]', "image_id is None"),
    ('[{"image_id": 1, "bbox": [1, 1, 1, 1], "score": 1}]', "category_id is None"),
    ('[{"image_id": 1, "category_id": 1, "bbox": [1, 1, 1], "score": 1}]', "expected four numbers"),
    ('[{"image_id": 1, "category_id": 1, "bbox": [1, 1, -1, 1], "score": 1}]', "expected four numbers"),
    ('[{"image_id": 1, "category_id": 1, "bbox": [1, 1, 1, 1]}]', "score"),
    ('[{"image_id": 1, "category_id": 1, "bbox": [1, 1, 1, NaN], "score": 1}]', "NaN"),
    ('[{"image_id": 1, "category_id": 1, "bbox": [1e300, 1, 1, 1], "score": 1}]', "expected four numbers"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_record_is_named(tmp_path, text, said):
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(DataError, match=said):
        read_detections(tmp_path / "boxes.json")


def test_other_things_than_people_are_passed_over(tmp_path):
    record = {"image_id": 1, "bbox": [1, 1, 5, 5], "score": 0.5}
    (tmp_path / "boxes.json").write_text(json.dumps([{**record, "category_id": 18}, {**record, "category_id": 1}]))
    assert [one.id for one in read_detections(tmp_path / "boxes.json")] == [2]


def test_one_door_for_annotated_and_detected_people(tmp_path):
    if not COCO.is_dir():
        pytest.skip("no COCO pictures here")
    scenes = read_scenes(images=COCO / "images", keypoints=COCO / "person_keypoints.json").scenes
    config = ScenesConfig(name="coco")
    annotated = who_is_shown(config, scenes, Asking(), boxes=None, least_score=0)
    assert (len(annotated.people), annotated.folder, annotated.labelled) == (12, "crops", True)
    assert all(one.annotation_id == one.person_id for one in annotated.people)
    detected = who_is_shown(config, scenes, Asking(), boxes=COCO / "detections.json", least_score=0.5)
    assert len(detected.people) == 18 and not detected.labelled and detected.folder.startswith("crops-")
    write_crops(detected.people[:2], COCO / "images", tmp_path / detected.folder, 64)
    assert len(list(tmp_path.rglob("*.jpg"))) == 2
    with pytest.raises(DataError, match="PCKh needs to know who is meant"):
        who_is_shown(
            replace(config, joints=Joints.mpii16), scenes, Asking(), boxes=COCO / "detections.json", least_score=0
        )


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(DataError, match="no file"):
        read_detections(Path(tmp_path / "none.json"))
