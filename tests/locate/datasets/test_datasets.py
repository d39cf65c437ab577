"""Human-Art, CrowdPose and MPII in their own forms: read as scenes, located, scored as their tables are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from llavapose.config.compose import composed, typed
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.locate.datasets.mpii import BEYOND_COCO, pckh_of, read_head_sizes
from llavapose.locate.datasets.scored import crowding_lines, pckh_table, row_of, views_of
from llavapose.locate.results import Located, read_results, write_results
from llavapose.locate.samples import Asking, cut_crop
from llavapose.locate.shown import queries_of, shown_people
from llavapose.pose.skeleton import CROWDPOSE14, MPII16
from llavapose.scenes.mpii import read_people
from llavapose.scenes.open import open_scenes, scenes_settings
from tests.locate.datasets.files import crowdpose, gt_valid, humanart, mpii

CONF = Path(__file__).parents[3] / "conf"


def scenes_of(name: str, root: Path, *more: str) -> ScenesConfig:
    return typed("train", composed("train", CONF, [f"scenes={name}", f"scenes.root={root}", *more])).scenes


def test_humanart_is_read_and_scored_as_coco_is(tmp_path):
    content = humanart(tmp_path)
    config = scenes_of("humanart", tmp_path)
    (scene,) = open_scenes(config, "val").scenes
    assert (scene.id, scene.skeleton, len(scene.people)) == (2000000001648, "coco17", 1)
    cut_crop(open_scenes(config, "val").images / scene.image, shown_people([scene], Asking())[0].view, 32)
    flat = content["annotations"][0]["keypoints"]
    points = tuple((x, y, 1.0) for x, y in zip(flat[::3], flat[1::3], strict=True))
    row = row_of(config, [Located(image_id=scene.id, keypoints=points, score=1.0)], image_ids={scene.id})
    assert row["AP"]["value"] == pytest.approx(1)


def crowd_truth(content: dict, *, noise: float = 0.0) -> list[Located]:
    rng, found = np.random.default_rng(0), []
    for one in content["annotations"]:
        if one["num_keypoints"]:
            points = np.array(one["keypoints"], float).reshape(14, 3)
            points[:, :2] += rng.normal(0, noise, (14, 2))
            found.append(
                Located(image_id=one["image_id"], keypoints=tuple((x, y, 1.0) for x, y, _ in points), score=1.0)
            )
    return found


def test_crowdpose_has_its_own_joints_and_sigmas(tmp_path):
    content = crowdpose(tmp_path)
    config = scenes_of("crowdpose", tmp_path)
    scenes = open_scenes(config, "val", any_joints=True).scenes
    assert {scene.skeleton for scene in scenes} == {"crowdpose14"} and len(scenes) == 3
    (first, *_) = shown_people(scenes, Asking())
    asked = [query.question.id.rsplit("-", 1)[-1] for query in queries_of(first, Asking())]
    assert asked[-2:] == ["head_top", "neck"] and len(asked) == 14
    ids = {scene.id for scene in scenes}
    row = row_of(config, crowd_truth(content), image_ids=ids)
    assert row["AP"]["value"] == 1 and [row[f"AP {name}"] for name in ("easy", "medium", "hard")] == [1, 1, 1]
    assert crowding_lines({"model": row}) == ["model: AP easy 1.000, medium 1.000, hard 1.000"]
    assert crowding_lines({"model": {"AP": row["AP"]}}) == []
    lost = [one for one in crowd_truth(content) if one.image_id != 100002]
    assert (row_of(config, lost, image_ids=ids)["AP hard"], row_of(config, lost, image_ids=ids)["AP easy"]) == (0, 1)


def test_crowdpose_is_scored_as_cocoeval_does_with_its_sigmas_and_half_the_box(tmp_path):
    content = crowdpose(tmp_path)
    noisy = crowd_truth(content, noise=9.0)
    row = row_of(scenes_of("crowdpose", tmp_path), noisy, image_ids={100000, 100001, 100002})
    for one in content["annotations"]:
        one["area"] = one["bbox"][2] * one["bbox"][3] * 0.53
    (tmp_path / "truth.json").write_text(json.dumps(content))
    truth = COCO(str(tmp_path / "truth.json"))
    direct = COCOeval(truth, truth.loadRes([one.to_json() for one in noisy]), "keypoints")
    direct.params.kpt_oks_sigmas = np.array([79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89, 79, 79]) / 1000
    direct.evaluate()
    direct.accumulate()
    direct.summarize()
    assert 0.1 < row["AP"]["value"] < 0.95 and row["AP"]["value"] == pytest.approx(direct.stats[0])


@pytest.mark.parametrize("name", ["crowdpose", "mpii"])
def test_what_talks_about_poses_is_not_fed_other_joints(tmp_path, name):
    {"crowdpose": crowdpose, "mpii": mpii}[name](tmp_path)
    with pytest.raises(DataError, match=rf"scenes {name}: pose facts, .* know coco17's joints, not .*; locate"):
        open_scenes(scenes_of(name, tmp_path), "val")


def test_joints_of_another_set_are_named(tmp_path):
    crowdpose(tmp_path)
    config = scenes_of("crowdpose", tmp_path, "scenes.joints=coco17")
    with pytest.raises(DataError, match=r"length 42; expected 51 .*scenes.joints says"):
        open_scenes(config, "val")
    with pytest.raises(DataError, match=r"no 51 numbers `keypoints`"):
        row_of(config, crowd_truth(json.loads((tmp_path / "json/crowdpose_test.json").read_text())), image_ids={100000})


def test_mpii_is_shown_by_centre_and_scale(tmp_path):
    mpii(tmp_path)
    config = scenes_of("mpii", tmp_path)
    scenes = open_scenes(config, "val", any_joints=True).scenes
    assert [(scene.id, len(scene.people), scene.width) for scene in scenes] == [(5808361, 2, 1280), (5808362, 1, 1280)]
    shown = shown_people(scenes, Asking(), views=views_of(config, "val"))
    # LocLLM's: centre y + 15 x scale, scale x 1.25, in 200 pixels; Matlab counts from 1.
    assert (shown[1].view.centre, shown[1].view.side) == ((539.0, 299.0 + 45.0), 3 * 1.25 * 200)
    assert [one.annotation_id for one in shown] == [1, 2, 3]
    wrist = shown[0].spots["right wrist"].place
    assert wrist is not None
    assert shown[0].view.outwards(*wrist) == pytest.approx((499.0, 399.0), abs=1), "scenes have three decimals"
    assert shown[2].spots["left ankle"].place is None
    assert [name for name in MPII16.joints if name in BEYOND_COCO] == ["pelvis", "thorax", "neck", "head top"]


def told(root: Path, *, moved: float = 0.0) -> list[Located]:
    found = []
    for one in read_people(root / "annot" / "valid.json"):
        points = tuple((0.0, 0.0, 0.0) if place is None else (place[0] + moved, place[1], 1.0) for place in one.joints)
        found.append(Located(image_id=one.image_id, keypoints=points, score=1.0, annotation_id=one.id))
    return found


def test_pckh_is_half_of_six_tenths_of_a_heads_diagonal(tmp_path):
    mpii(tmp_path)
    people = read_people(tmp_path / "annot" / "valid.json")
    sizes = read_head_sizes(tmp_path / "annot" / "heads.json", people)
    assert sizes == pytest.approx({1: 30.0, 2: 30.0, 3: 30.0})
    assert set(pckh_of(told(tmp_path, moved=14.9), people, sizes).values()) == {1.0}
    assert set(pckh_of(told(tmp_path, moved=15.1), people, sizes).values()) == {0.0}
    # The joints that COCO lacks are wrong, then all of one person: means weigh joints by how often they are labelled.
    lost = [
        replace(one, keypoints=tuple(
            (0.0, 0.0, 0.0) if name in BEYOND_COCO else point
            for name, point in zip(MPII16.joints, one.keypoints, strict=True)
        ))
        for one in told(tmp_path)
    ]  # fmt: skip
    scores = pckh_of(lost, people, sizes)
    assert (scores["mean coco"], scores["mean beyond"], scores["head"], scores["pelvis"]) == (1, 0, 0, 0)
    assert scores["mean"] == pytest.approx(34 / 40), "MPII's leaves out pelvis and thorax"
    one_less = pckh_of(told(tmp_path)[:2], people, sizes)
    assert one_less["ankle"] == 1 and one_less["knee"] == pytest.approx(2 / 3)
    assert one_less["mean coco"] == pytest.approx((2 * 2 + 10 * 2) / (2 * 2 + 10 * 3))


def test_mpiis_own_file_of_heads_and_the_row(tmp_path):
    people = mpii(tmp_path)
    gt_valid(tmp_path / "annot" / "gt_valid.mat", people)
    config = scenes_of("mpii", tmp_path)
    row = row_of(config, told(tmp_path), image_ids={5808361, 5808362})
    assert row["PCKh"]["mean"] == 1 and row["PCKh"]["right hip"] == 1
    some = row_of(config, told(tmp_path)[:1], image_ids={5808361}, annotation_ids={1})
    assert some["PCKh"]["mean"] == 1
    head, line = pckh_table({"model": row})
    assert head.split()[:3] == ["PCKh@0.5", "head", "shoulder"] and line.split()[:2] == ["model", "1.000"]
    write_results(tmp_path / "results.json", told(tmp_path))
    assert [one.annotation_id for one in read_results(tmp_path / "results.json", num_joints=16)] == [1, 2, 3]


def test_heads_of_other_people_are_refused(tmp_path):
    people = mpii(tmp_path)
    read = read_people(tmp_path / "annot" / "valid.json")
    path = tmp_path / "annot" / "gt_valid.mat"
    gt_valid(path, people[:2])
    with pytest.raises(DataError, match=r"expected \(2, 2, 3\)"):
        read_head_sizes(path, read)
    gt_valid(path, people, shift=40.0)
    with pytest.raises(DataError, match=r"person 1 is another than the annotations'"):
        read_head_sizes(path, read)
    path.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(DataError, match=r"no gt_valid.mat that can be read"):
        read_head_sizes(path, read)
    with pytest.raises(DataError, match=r"no file .*gt_valid.mat as HRNet's README"):
        read_head_sizes(tmp_path / "none.mat", read)
    for text, said in (
        ("[[1, 2, 3]]", "expected a list"),
        ("[[1, 2, 3, 4]]", "1 head boxes"),
        ("{}", "expected a list"),
    ):
        (tmp_path / "heads.json").write_text(text)
        with pytest.raises(DataError, match=said):
            read_head_sizes(tmp_path / "heads.json", read)
    (tmp_path / "heads.json").write_text("[[1, 2, 1, 2], [1, 2, 3, 4], [1, 2, 3, 4]]")
    with pytest.raises(DataError, match="of no size"):
        read_head_sizes(tmp_path / "heads.json", read)


def test_pckh_must_know_who_is_meant(tmp_path):
    mpii(tmp_path)
    people = read_people(tmp_path / "annot" / "valid.json")
    sizes = read_head_sizes(tmp_path / "annot" / "heads.json", people)
    with pytest.raises(DataError, match="has annotation_id None"):
        pckh_of([replace(told(tmp_path)[0], annotation_id=None)], people, sizes)
    with pytest.raises(DataError, match="is there twice"):
        pckh_of([*told(tmp_path), told(tmp_path)[0]], people, sizes)


BAD = [
    ({"image": "a.jpg"}, "image 'a.jpg'"),
    ({"scale": -1}, "scale -1"),
    ({"scale": None}, "scale None"),
    ({"center": [1]}, r"center \[1\]"),
    ({"joints": [[1, 1]] * 15}, "joints"),
    ({"joints": [[1, "1"]] * 16}, "joints"),
    ({"joints_vis": [2] * 16}, "joints_vis"),
]


@pytest.mark.parametrize(("edit", "said"), BAD)
def test_a_bad_record_of_mpii_is_named(tmp_path, edit, said):
    people = mpii(tmp_path)
    people[1].update(edit)
    (tmp_path / "annot" / "valid.json").write_text(json.dumps(people))
    with pytest.raises(DataError, match=rf"valid.json, record 2 has .*{said}"):
        read_people(tmp_path / "annot" / "valid.json")


def test_settings_at_rest_decide_nothing(tmp_path):
    crowdpose(tmp_path)
    config = scenes_of("crowdpose", tmp_path)
    assert "joints" in scenes_settings(config, "val")["scenes"]
    plain = scenes_settings(scenes_of("coco2017", tmp_path, "scenes.val.keypoints=json/crowdpose_test.json"), "val")
    assert (
        not {"joints", "estimated"} & plain["scenes"].keys()
        and not {"results", "heads"} & plain["scenes"]["val"].keys()
    )
    assert len(CROWDPOSE14.sigmas) == len(CROWDPOSE14.joints)
