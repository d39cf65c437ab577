"""An anchor that was rated beside many arms: what is missing beside one of them concerns nobody else."""

import numpy as np
import pytest

from llavapose.evaluation.tables.parties import anchor_of, panel_seats
from llavapose.evaluation.tables.results import summarise
from llavapose.evaluation.tables.verdicts import rated_answers
from llavapose.files import read_jsonl, write_json, write_jsonl
from llavapose.report.tables import read_table

JUDGE = "gpt-4o-pair-keypoints"
NUM_IMAGES = 60
ARMS = tuple(f"model-{number}" for number in range(7))


def pair(arm, image, rated, *, of_arm, of_base, orders=("ab", "ba"), kind="detail"):
    """The lines of one question: an arm beside the baseline, each answer's rating or, where not rated, none."""
    return [
        {"question_id": f"{image}-{kind}", "scene_id": image, "kind": kind, "text": "?", "arm": of, "judge": JUDGE,
         "rating": rating if rated else None, "opponent": other, "order": order if of == arm else order[::-1],
         "repeat": 0, "protocol": "pair", "reason": ""}
        for order in orders
        for of, other, rating in ((arm, "baseline", of_arm), ("baseline", arm, of_base))
    ]  # fmt: skip


def write(folder, arm, missing=(), **worth):
    lines = [line for image in range(NUM_IMAGES) for line in pair(arm, image, image not in missing, **worth)]
    write_jsonl(folder / "verdicts" / JUDGE / f"{arm}.jsonl", lines)


def rows_of(folder, name="ablation.csv"):
    return {row["arm"]: row for row in read_table(folder, name) if (row["judge"], row["kind"]) == (JUDGE, "all")}


def test_a_rating_that_is_missing_beside_one_arm_leaves_the_anchor_all_others(tmp_path):
    for number, arm in enumerate(ARMS):
        write(tmp_path, arm, missing=[number], of_arm=6.0, of_base=5.0)
    summarise(tmp_path, [*ARMS, "baseline"])
    rows = rows_of(tmp_path)
    assert (rows["baseline"]["num_scored"], rows["baseline"]["num_unscored"]) == (NUM_IMAGES, 0)
    assert rows["baseline"]["num_ratings"] == 2 * (len(ARMS) * NUM_IMAGES - len(ARMS)), "its n: all whole pairings"
    assert {rows[arm]["num_common"] for arm in ARMS} == {NUM_IMAGES - 1}, "no arm loses what another lacks"


def test_an_arm_more_changes_no_other_arms_difference(tmp_path):
    write(tmp_path, "full", missing=[3], of_arm=6.0, of_base=5.0)
    summarise(tmp_path, ["full", "baseline"])
    before = rows_of(tmp_path)["full"]
    write(tmp_path, "Other-7B", missing=range(40), of_arm=9.0, of_base=2.0)  # in its company the baseline looks poor
    summarise(tmp_path, ["full", "Other-7B", "baseline"])
    rows = rows_of(tmp_path)
    told = [name for name in before if name.startswith(("diff", "gain", "num_common", "smallest"))]
    assert len(told) > 6 and [rows["full"][name] for name in told] == [before[name] for name in told]
    assert rows["full"]["diff"] == 10 and rows["Other-7B"]["diff"] == 70
    # Its mean is over the pairings that are whole: 40 questions beside full alone, one beside neither.
    mean = np.mean([5.0] * 39 + [3.5] * 20)
    assert rows["baseline"]["num_scored"] == NUM_IMAGES - 1 and rows["baseline"]["score"] == pytest.approx(
        10 * mean, abs=1e-3
    )
    gaps = rows_of(tmp_path, "comparison.csv")
    assert gaps["baseline"]["diff"] == 10, "ours less the base, where the base stood beside ours"


def test_an_answer_rated_in_one_order_alone_is_unscored(tmp_path):
    lines = pair("full", 0, True, of_arm=9.0, of_base=1.0) + pair("full", 1, True, of_arm=9.0, of_base=1.0,
                                                                  orders=("ab",))  # fmt: skip
    lines += pair("full", 2, True, of_arm=9.0, of_base=1.0)
    lines[-1]["rating"] = lines[-2]["rating"] = None
    write_jsonl(tmp_path / "verdicts" / JUDGE / "full.jsonl", lines)
    assert [one.rating for one in rated_answers(tmp_path, "full", JUDGE)] == [9.0, None, None]
    assert [one.rating for one in rated_answers(tmp_path, "baseline", JUDGE)] == [1.0, None, None]


def test_two_trainings_are_each_taken_off_what_stood_beside_them(tmp_path):
    """The judge rates both lower in the second seed's requests: nothing that training did."""
    folders = [tmp_path / f"seed={seed}" for seed in (0, 1)]
    rng = np.random.default_rng(0)
    for folder, shift in zip(folders, (0.0, -2.0), strict=True):
        lines = []
        for image in range(NUM_IMAGES):
            base = 5 + shift + rng.normal(0, 0.2)
            lines += pair("full", image, True, of_arm=base + 1 + rng.normal(0, 0.2), of_base=base)
        write_jsonl(folder / "verdicts" / JUDGE / "full.jsonl", lines)
        write_json(folder / "benchmark.json", {"name": "b", "hash": "h", "num_questions": NUM_IMAGES})
    summarise(tmp_path, ["full", "baseline"], folders={"full": folders, "baseline": folders[:1]})
    row = rows_of(tmp_path)["full"]
    assert row["num_runs"] == 2 and 8 < row["diff_low"] < row["diff"] < row["diff_high"] < 12
    assert row["p"] < 0.01
    assert rows_of(tmp_path)["baseline"]["num_ratings"] == 2 * 2 * NUM_IMAGES


@pytest.mark.parametrize(
    ("seats", "panel"),
    [
        ({"a-texts": ("a", "captions_boxes"), "a-keys": ("a", "keypoints")}, 1),
        ({"a-texts": ("a", "captions_boxes"), "b-keys": ("b", "keypoints")}, 1),
        ({"a-keys": ("a", "keypoints"), "b-keys": ("b", "keypoints"), "b-texts": ("b", "captions_boxes")}, 2),
        ({"a-keys": ("a", "keypoints"), "a-again": ("a", "keypoints"), "b": ("b", "keypoints")}, 2),
    ],
)
def test_a_panel_is_of_different_models_that_know_the_same(tmp_path, seats, panel):
    for judge, (model, context) in seats.items():
        lines = [{**line, "judge": judge, "model": model, "context": context}
                 for image in range(4) for line in pair("full", image, True, of_arm=6.0, of_base=5.0)]  # fmt: skip
        write_jsonl(tmp_path / "verdicts" / judge / "full.jsonl", lines)
    found = panel_seats([tmp_path], sorted(seats))
    assert len(found) == panel == len({seats[judge][0] for judge in found})
    assert len({seats[judge][1] for judge in found}) == 1
    summarise(tmp_path, ["full", "baseline"])
    assert any(row["judge"] == "panel" for row in read_table(tmp_path, "ablation.csv")) == (panel > 1)


def test_what_no_seed_chose_is_neither_right_nor_wrong(tmp_path):
    item = {"arm": "full", "pictures": "true", "num_people": 1, "group": "arms", "kind": "elbow", "part": "left elbow"}
    sides = (("bent", "straight"), ("straight", "bent"))
    chosen = {0: (None, 1.0, 1.0, 0.5), 1: (None, None, 1.0, 0.5)}
    folders = [tmp_path / f"seed={seed}" for seed in chosen]
    for folder, rights in zip(folders, chosen.values(), strict=True):
        rows = [{**item, "id": str(n), "scene_id": n, "value": sides[n % 2][0], "flipped_value": sides[n % 2][1],
                 "right": right} for n, right in enumerate(rights)]  # fmt: skip
        write_jsonl(folder / "probe" / "full.jsonl", rows)
    summarise(tmp_path, ["full"], folders={"full": folders})
    (row,) = [row for row in read_table(tmp_path, "probe.csv") if row["group"] == "all"]
    # Of three that anybody chose: right, right, and half.
    assert (row["n"], row["unanswered"], row["balanced_accuracy"]) == (3, 1, pytest.approx((1 + (1 + 0.5) / 2) / 2))


def test_a_file_is_read_once(tmp_path, monkeypatch):
    read = []
    for arm in ARMS:
        write(tmp_path, arm, of_arm=6.0, of_base=5.0)

    def counting(path, *, what):
        read.append(path)
        return read_jsonl(path, what=what)

    monkeypatch.setattr("llavapose.evaluation.tables.verdicts.read_jsonl", counting)
    summarise(tmp_path)
    assert len(read) == len(set(read)) == len(ARMS)


@pytest.mark.parametrize("turned", [False, True])
def test_of_one_pair_the_anchor_is_the_one_without_a_file_of_its_own(turned):
    lines = [
        {"file": "Qwen2-VL-7B", "arm": "Qwen2-VL-7B", "opponent": "full"},
        {"file": "Qwen2-VL-7B", "arm": "full", "opponent": "Qwen2-VL-7B"},
    ]
    assert anchor_of(lines[::-1] if turned else lines) == "full"
    assert anchor_of([{"file": "full", "arm": "full", "opponent": None}]) is None
