"""What ratings are worth: verdicts of a scripted judge whose noise and preferences for place and length are known."""

import math

import numpy as np
import pytest

from llavapose.evaluation.judges.protocol import NO_KEYPOINTS
from llavapose.evaluation.tables.agreement import PANEL, agreement_table, panel_ratings
from llavapose.evaluation.tables.claims import answer_claims, answer_rows, claims_agreement, claims_table
from llavapose.evaluation.tables.judging import judging_table, lengths_table
from llavapose.evaluation.tables.ratings import Rating
from llavapose.report.tables.judges import claims_grid

KINDS = ("conv", "detail", "complex")
WORTH = {"full": 6.5, "conv": 5.0, "baseline": 4.5}


def verdicts(*, first_place=0.0, noise=0.0, orders=("ab", "ba"), repeats=1, num_images=80, seed=0, judge="scripted"):
    """Pairs with the baseline: both answers' rows, as a judge of pairs leaves them."""
    rng = np.random.default_rng(seed)
    found = []
    for image in range(num_images):
        for kind in KINDS:
            own = {arm: worth + rng.normal(0, 1) for arm, worth in WORTH.items()}
            for arm in ("full", "conv"):
                for repeat in range(repeats):
                    for order in orders:
                        for of, other, place in ((arm, "baseline", order), ("baseline", arm, order[::-1])):
                            rating = own[of] + first_place * (place == "ab") + rng.normal(0, noise)
                            found.append({
                                "question_id": f"{image}-{kind}", "text": "?", "scene_id": image, "kind": kind,
                                "arm": of, "judge": judge, "rating": rating, "order": place, "repeat": repeat,
                                "opponent": other, "run": "0",
                            })  # fmt: skip
    return found


def measures(rows):
    return {(row["arm"], row["measure"]): row for row in rows}


def test_the_first_place_is_worth_what_the_judge_gives_it():
    found = measures(judging_table(verdicts(first_place=0.8, noise=0.3)))
    place = found["all", "first_place"]
    assert place["low"] < 8 < place["high"] and place["high"] - place["low"] < 1
    assert place["num"] == 2 * 80 * 3, "a pair of answers, both orders, counts once"
    fair = measures(judging_table(verdicts(noise=0.3)))["all", "first_place"]
    assert fair["low"] < 0 < fair["high"]


def test_a_judge_that_sees_only_the_place_never_has_the_same_winner():
    rows = verdicts(first_place=20)
    assert measures(judging_table(rows))["all", "same_winner"]["value"] == 0
    assert measures(judging_table(verdicts()))["all", "same_winner"]["value"] == 100
    noisy = measures(judging_table(verdicts(first_place=0.8, noise=0.5)))["all", "same_winner"]
    assert 50 < noisy["low"] < noisy["value"] < noisy["high"] < 95


def test_a_tie_is_no_winner():
    rows = verdicts(num_images=2)
    for row in rows:
        row["rating"] = 5.0
    assert measures(judging_table(rows))["all", "same_winner"]["value"] == 100, "a tie in both orders is the same"
    for row in rows:
        row["rating"] += row["order"] == "ab" and row["arm"] == "baseline"
    assert measures(judging_table(rows))["all", "same_winner"]["value"] == 0


def test_orders_that_are_missing_or_unscored_are_left_out():
    assert ("all", "same_winner") not in measures(judging_table(verdicts(orders=("ab",))))
    rows = verdicts(num_images=10)
    rows[0]["rating"] = None
    assert measures(judging_table(rows))["all", "same_winner"]["num"] == 59
    assert judging_table([{**row, "order": None, "opponent": None} for row in verdicts(num_images=4)]) == []


def test_repeats_differ_by_the_judges_own_noise():
    found = measures(judging_table(verdicts(noise=0.7, repeats=3)))["all", "repeat_sd"]
    assert found["value"] == pytest.approx(7, rel=0.03) and found["low"] < found["value"] < found["high"]
    assert found["num"] == 2 * 2 * 2 * 80 * 3 * 3, "two pairings, two answers, two orders, each three times"
    assert ("all", "repeat_sd") not in measures(judging_table(verdicts(noise=0.7)))
    assert measures(judging_table(verdicts(repeats=3)))["all", "repeat_sd"]["value"] == pytest.approx(0, abs=1e-6)


def rated(slope, *, gap=0.5, num_images=80, longer=1.0, seed=0):
    """Ratings that rise by ``slope`` points a doubling; the arm's answers are ``longer`` doublings longer."""
    rng = np.random.default_rng(seed)
    ratings, lengths = {"full": [], "baseline": []}, {"full": {}, "baseline": {}}
    for image in range(num_images):
        for kind in KINDS:
            hard, name = rng.normal(0, 1), f"{image}-{kind}"
            for arm in ratings:
                length = 5 + (longer if arm == "full" else 0) + rng.normal(0, 1)
                rating = 5 + hard + gap * (arm == "full") + slope * length + rng.normal(0, 0.5)
                ratings[arm].append(Rating(question_id=name, scene_id=image, kind=kind, rating=rating))
                lengths[arm][name] = length
    return ratings, lengths


def test_length_has_its_slope_and_the_difference_without_it():
    ratings, lengths = rated(0.4)
    found = measures(lengths_table("gpt-4o", ratings, lengths))
    slope, free = found["full", "length_slope"], found["full", "length_free_diff"]
    assert slope["low"] < 4 < slope["high"] and free["low"] < 5 < free["high"] < 8
    assert found["full", "length_ratio"]["value"] == pytest.approx(2, rel=0.1)
    none = measures(lengths_table("gpt-4o", *rated(0.0)))["full", "length_slope"]
    assert none["low"] < 0 < none["high"]


def test_lengths_that_do_not_differ_have_no_slope():
    ratings, lengths = rated(0.4)
    same = {arm: dict.fromkeys(found, 5.0) for arm, found in lengths.items()}
    assert math.isnan(measures(lengths_table("x", ratings, same))["full", "length_slope"]["value"])
    assert lengths_table("x", ratings, {}) == []


def judges(noises, *, num_images=80):
    rng = np.random.default_rng(1)
    true = {(arm, f"{image}-{kind}"): worth + rng.normal(0, 1) + 0.5 * rng.normal(0, 1)
            for arm, worth in WORTH.items() for image in range(num_images) for kind in KINDS}  # fmt: skip
    return {
        judge: {
            arm: [
                Rating(question_id=name, scene_id=int(name.split("-")[0]), kind=name.split("-")[1],
                       rating=float(np.clip(np.round(true[arm, name] + rng.normal(0, noise)), 1, 10)))
                for of, name in true if of == arm
            ]
            for arm in WORTH
        }
        for judge, noise in noises.items()
    }  # fmt: skip


def test_two_judges_agreement_has_every_measure_with_its_interval():
    rows = agreement_table(judges({"gpt-4o": 0.5, "claude": 0.8}))
    found = {(row["over"], row["measure"]): row for row in rows}
    assert set(found) == {("answers", name) for name in ("spearman", "kendall", "weighted_kappa", "alpha")} | {
        ("models", "spearman"), ("models", "kendall"),
    }  # fmt: skip
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    assert found["answers", "spearman"]["num"] == 3 * 240 and found["models", "kendall"]["num"] == 3
    assert found["models", "kendall"]["value"] == 1 and 0.5 < found["answers", "alpha"]["value"] < 0.9


def test_the_pose_judge_has_a_scale_of_its_own_and_controls_are_not_counted():
    three = judges({"pose": 0.5, "gpt-4o": 0.5, "claude": 0.8})
    for ratings in three.values():
        ratings["prior"] = ratings["baseline"]
    rows = agreement_table(three)
    with_pose = {row["measure"] for row in rows if "pose" in (row["first"], row["second"])}
    assert with_pose == {"spearman", "kendall"}
    assert {row["num"] for row in rows if row["over"] == "answers"} == {720}
    assert not [row for row in rows if row["first"] == "all judges"], "two that share a scale are a pair"
    assert [row for row in agreement_table({**three, "other": three["claude"]}) if row["first"] == "all judges"]


def test_a_panel_is_the_median_of_the_judges_where_all_have_rated():
    three = judges({"pose": 0.5, "a": 0.5, "b": 0.8, "c": 1.0}, num_images=2)
    first = {judge: ratings["full"][0] for judge, ratings in three.items()}
    panel = panel_ratings(three)
    assert panel["full"][0].rating == np.median([first[judge].rating for judge in "abc"])
    assert panel["full"][0].num_ratings == 3
    missing = three["b"]["full"][1].question_id
    three["b"]["full"][1] = Rating(question_id=missing, scene_id=0, kind="detail", rating=None)
    assert panel_ratings(three)["full"][1].rating is None
    assert panel_ratings({"pose": three["pose"], "a": three["a"]}) == {} and PANEL == "panel"


def claim(outcome):
    return {"outcome": outcome, "kind": "elbow"}


def posed(num_images=70):
    """Answers of 20 words; every other one is contradicted, and one claim in each cannot be decided."""
    outcomes = (["supported", "supported", "unverifiable"], ["supported", "contradicted", "unverifiable"])
    rows = [
        {"question_id": f"{i}-conv", "text": "?", "scene_id": i, "kind": "conv", "arm": "full", "run": "0",
         "rating": 5.0, "claims": [claim(one) for one in outcomes[i % 2]]}
        for i in range(num_images)
    ]  # fmt: skip
    return rows, {("0", "full", f"{i}-conv"): 20 for i in range(num_images)}


def test_claims_are_counted_an_answer_and_a_hundred_words():
    answers = answer_claims(*posed())
    assert (answers[1].supported, answers[1].contradicted, answers[1].unchecked, answers[1].num_words) == (1, 1, 1, 20)
    found = {(row["kind"], row["measure"]): row for row in claims_table(answers, ["full"])}
    assert found["all", "supported"]["value"] == pytest.approx(7.5)
    assert found["all", "contradicted"]["value"] == pytest.approx(2.5)
    assert found["conv", "unchecked"]["value"] == pytest.approx(5) and found["all", "words"]["value"] == 20
    assert found["all", "supported"]["low"] < 7.5 < found["all", "supported"]["high"]
    assert found["all", "supported"]["num_answers"] == 70 and math.isnan(found["detail", "supported"]["value"])


def test_claims_that_no_keypoints_decide_are_holes():
    rows, words = posed()
    answers = answer_claims([{**row, "claims": [], "reason": NO_KEYPOINTS} for row in rows], words)
    table = claims_table(answers, ["full"])
    assert all(math.isnan(row["value"]) == (row["measure"] != "words") for row in table if row["kind"] == "all")
    assert {row["supported"] for row in answer_rows(answers)} == {None}
    grid = claims_grid(table)
    assert grid is not None and grid.rows[0][1:4] == ("—",) * 3 and "have no keypoints" in grid.note
    assert "keypoints alone" not in grid.note


def test_claims_agree_with_a_judge_that_minds_them():
    answers = answer_claims(*posed())
    minds = {"full": [Rating(question_id=one.question_id, scene_id=one.scene_id, kind="conv", text="?",
                             rating=8.0 - 3 * one.contradicted) for one in answers]}  # fmt: skip
    rows = claims_agreement(answers, {"gpt-4o": minds, "pose": minds})
    found = {row["first"]: row for row in rows}
    assert {row["second"] for row in rows} == {"gpt-4o"}, "the pose judge rates by them"
    assert found["claims contradicted / 100 words"]["value"] == pytest.approx(-1)
    assert found["claims supported / 100 words"]["value"] == pytest.approx(1)
    assert math.isnan(found["claims unchecked / 100 words"]["value"]), "all alike: nothing to agree on"
