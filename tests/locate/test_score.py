"""COCO's evaluation on real annotations: exact truth is 1, noise falls, a mirrored body is punished."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llavapose.errors import DataError
from llavapose.locate.replies import Spot
from llavapose.locate.results import Located, read_results, write_results
from llavapose.locate.score import (
    VisibilityCounts,
    keypoint_intervals,
    keypoint_scores,
    pckh,
    unranked_scores,
    visibility,
)
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.world.world import WorldSettings, ensure_world

SHARED = Path(__file__).parents[3] / "shared" / "data" / "coco_val2017_sample" / "person_keypoints.json"


@pytest.fixture(scope="module", params=["world", "coco"])
def annotations(request, tmp_path_factory) -> Path:
    if request.param == "coco":
        if not SHARED.is_file():
            pytest.skip("no COCO pictures here")
        return SHARED
    settings = WorldSettings(num_train=0, num_val=30, image_size=128)
    world = ensure_world(tmp_path_factory.mktemp("world"), settings, progress=False)
    return world / "annotations" / "person_keypoints_val.json"


def located(
    annotations: Path, *, noise: float = 0.0, mirrored: bool = False, hidden_lost: bool = False
) -> list[Located]:
    """The truth, moved by ``noise`` of a person's size (square root of its area)."""
    rng, found = np.random.default_rng(0), []
    for one in json.loads(annotations.read_text())["annotations"]:
        if one["num_keypoints"] == 0 or one["iscrowd"]:
            continue
        points = np.array(one["keypoints"], dtype=float).reshape(17, 3)
        points[:, :2] += rng.normal(0, noise * np.sqrt(one["area"]), (17, 2))
        if mirrored:
            order = np.arange(17)
            for left, right in COCO17.pairs:
                order[[left, right]] = right, left
            points = points[order]
        if hidden_lost:
            points[points[:, 2] == 1] = 0
        told = tuple((float(x), float(y), 1.0) for x, y, _ in points)
        found.append(Located(image_id=one["image_id"], keypoints=told, score=1.0))
    return found


def test_exact_truth_is_one_and_noise_falls(annotations):
    scores = [keypoint_scores(annotations, located(annotations, noise=noise)) for noise in (0, 0.03, 0.08, 0.3)]
    assert scores[0]["AP"] == pytest.approx(1, abs=1e-9) and scores[0]["AR"] == pytest.approx(1, abs=1e-9)
    values = [one["AP"] for one in scores]
    assert values == sorted(values, reverse=True) and values[1] > values[2] + 0.1 and values[3] < 0.1


def test_left_for_right_is_punished(annotations):
    assert keypoint_scores(annotations, located(annotations, mirrored=True))["AP"] < 0.6


def test_hidden_joints_that_are_not_placed_cost(annotations):
    """Why coordinates are decoded under constraint although a model would say "not visible"."""
    whole, lost = (keypoint_scores(annotations, located(annotations, hidden_lost=lost))["AP"] for lost in (False, True))
    assert whole == pytest.approx(1, abs=1e-9) and lost < 0.95


def test_the_numbers_are_pycocotools_own(annotations, tmp_path, capsys):
    """Through the results file, by the three lines that every COCO tool has."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    people = located(annotations, noise=0.05)
    write_results(tmp_path / "results.json", people)
    assert [one.to_json() for one in read_results(tmp_path / "results.json")] == [one.to_json() for one in people]
    truth = COCO(str(annotations))
    evaluation = COCOeval(truth, truth.loadRes(str(tmp_path / "results.json")), "keypoints")
    evaluation.evaluate(), evaluation.accumulate(), evaluation.summarize()
    capsys.readouterr()
    assert list(keypoint_scores(annotations, people).values()) == pytest.approx(list(evaluation.stats))


def test_an_interval_holds_its_value_and_is_the_same_again(annotations):
    people = [replace(one, score=0.9**at) for at, one in enumerate(located(annotations, noise=0.06))]
    found = [keypoint_intervals(annotations, people, num=40)["AP"] for _ in range(2)]
    assert found[0] == found[1] and found[0].low <= found[0].value <= found[0].high and found[0].low < found[0].high
    assert found[0].value == keypoint_scores(annotations, people)["AP"]


def test_of_equal_confidences_the_pictures_order_tells_nothing(annotations, tmp_path):
    """Junk in one picture: COCO's own value goes by the picture's number, the mean over orders does not."""
    truth, whole = located(annotations), json.loads(annotations.read_text())
    ids = sorted(one["id"] for one in whole["images"])
    turned = dict(zip(ids, reversed(ids), strict=True))
    for one in whole["images"]:
        one["id"] = turned[one["id"]]
    for one in whole["annotations"]:
        one["image_id"] = turned[one["image_id"]]
    (tmp_path / "turned.json").write_text(json.dumps(whole))
    few = ids[: max(1, len(ids) // 4)]
    junk = [replace(one, keypoints=tuple((x + 500, y, s) for x, y, s in one.keypoints)) for one in truth]
    told = [*truth, *(one for one in junk for _ in range(4) if one.image_id in few)]
    other = [replace(one, image_id=turned[one.image_id]) for one in told]
    plain = [
        keypoint_scores(path, some)["AP"] for path, some in ((annotations, told), (tmp_path / "turned.json", other))
    ]
    found = [
        unranked_scores(path, some)["AP"] for path, some in ((annotations, told), (tmp_path / "turned.json", other))
    ]
    assert abs(plain[0] - plain[1]) > 0.1 and abs(found[0] - found[1]) < abs(plain[0] - plain[1]) / 2
    assert keypoint_intervals(annotations, told, num=2)["AP"].value == pytest.approx(found[0])
    assert unranked_scores(annotations, truth)["AP"] == pytest.approx(1, abs=1e-9)


def test_pictures_of_another_set_are_refused(annotations):
    with pytest.raises(DataError, match=r"no picture 3 in .*person_keypoints"):
        keypoint_scores(annotations, [Located(image_id=3, keypoints=((0.0, 0.0, 0.0),) * 17, score=1.0)])
    with pytest.raises(DataError, match="nobody was located"):
        keypoint_scores(annotations, [])


# Written before the reader: each is no record of results.
BAD = [
    ({}, "image_id is None"),
    ({"image_id": "1"}, "image_id is '1'"),
    ({"image_id": 1, "keypoints": [0] * 50}, "expected 51 numbers"),
    ({"image_id": 1, "keypoints": [0] * 50 + ["1"]}, "expected 51 numbers"),
    ({"image_id": 1, "keypoints": [0] * 50 + [None]}, "expected 51 numbers"),
    ({"image_id": 1, "keypoints": [0] * 51, "category_id": 18}, "category_id is 18"),
    ({"image_id": 1, "keypoints": [0] * 51, "score": "high"}, "score is 'high'"),
    ({"image_id": 1, "keypoints": [0] * 51, "bbox": [1, 2, 3]}, r"bbox \[1, 2, 3\]"),
    ([1], "expected an object"),
]


@pytest.mark.parametrize(("record", "said"), BAD)
def test_a_bad_record_is_named(tmp_path, record, said):
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"image_id": 1, "keypoints": [0] * 51}, record]))
    with pytest.raises(DataError, match=rf"results.json, record 1.*{said}"):
        read_results(path)


def test_visibility_is_counted_apart_from_places():
    here, hidden, none = Spot(x=0.5, y=0.5), Spot(x=0.5, y=0.5, hidden=True), Spot()
    pairs = [
        (here, here), (hidden, hidden), (here, hidden), (hidden, here), (none, none), (none, here), (here, none),
        (here, None), (none, None),
    ]  # fmt: skip
    told = visibility(pairs)
    assert told == VisibilityCounts(
        not_visible=1,
        false_not_visible=1,
        missed_not_visible=2,
        hidden=1,
        false_hidden=1,
        missed_hidden=1,
        unread=2,
        num=9,
    )
    assert told.shares() == {
        "not_visible_precision": 0.5, "not_visible_recall": pytest.approx(1 / 3), "hidden_precision": 0.5,
        "hidden_recall": 0.5, "parsed": pytest.approx(7 / 9),
    }  # fmt: skip
    assert set(visibility([(here, here)]).shares().values()) == {None, 1.0}


def test_pckh_is_within_half_a_head():
    nan = float("nan")
    truth = {"left wrist": [(10.0, 10.0), (50.0, 50.0), (nan, nan), (0.0, 0.0)], "pelvis": [(nan, nan)] * 4}
    places = {"left wrist": [(10.0, 14.9), (50.0, 56.0), (1.0, 1.0), (nan, nan)], "pelvis": [(1.0, 1.0)] * 4}
    sizes = {"left wrist": [10.0, 10.0, 10.0, 10.0], "pelvis": [10.0] * 4}
    assert pckh(places, truth, sizes) == {"left wrist": pytest.approx(1 / 3)}
