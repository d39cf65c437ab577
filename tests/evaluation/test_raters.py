"""Do raters agree, what would chance give, and whom do they prefer: numbers that can be told by hand."""

import random

import numpy as np
import pytest

from llavapose.evaluation.tables.people import preference_rows, rater_rows
from llavapose.records import PEOPLE


def _kappa(first, second):
    """Cohen's, by its own table: quadratic disagreement seen, over what the margins would give."""
    names = sorted({*first, *second})
    seen = np.zeros((len(names), len(names)))
    for one, other in zip(first, second, strict=True):
        seen[names.index(one), names.index(other)] += 1 / len(first)
    weights = np.subtract.outer(names, names) ** 2
    return 1 - (weights * seen).sum() / (weights * np.outer(seen.sum(1), seen.sum(0))).sum()


def _ratings(values, arm="full"):
    """Rater -> ratings of question 0, 1, ... as verdicts; two questions a picture."""
    return [
        {"rater": rater, "arm": arm, "question_id": str(n), "text": "", "scene_id": n // 2, "rating": value,
         "kind": "conv"}
        for rater, found in values.items() for n, value in enumerate(found) if value is not None
    ]  # fmt: skip


def _of(rows, measure, first, second="", over="ratings"):
    (found,) = [r for r in rows if (r["over"], r["measure"], r["first"], r["second"]) == (over, measure, first, second)]
    return found


def test_kappa_stands_beside_what_chance_gives():
    anna, ben = [9, 9, 9, 9, 9, 9, 9, 1], [9, 9, 9, 9, 9, 9, 1, 9]
    rows = rater_rows(_ratings({"anna": anna, "ben": ben}), [])
    kappa = _of(rows, "weighted_kappa", "anna", "ben")
    assert kappa["value"] == pytest.approx(_kappa(anna, ben))
    assert kappa["value"] < 0
    assert _of(rows, "same", "anna", "ben")["value"] == pytest.approx(75)
    assert 0 <= _of(rows, "same", "anna", "ben")["low"] < 75 < _of(rows, "same", "anna", "ben")["high"] <= 100
    assert _of(rows, "same_by_chance", "anna", "ben")["value"] == pytest.approx(100 * (49 + 1) / 64)
    assert _of(rows, "commonest", "anna")["value"] == pytest.approx(87.5)
    assert _of(rows, "mean", "ben")["value"] == pytest.approx(10 * np.mean(ben))
    assert _of(rows, "mean", "ben")["num"] == 8


def test_alpha_is_of_all_raters_whoever_missed_an_answer():
    rng = random.Random(0)
    truth = [rng.randint(2, 9) for _ in range(40)]
    noisy = {name: [t + rng.choice((-1, 0, 1)) for t in truth] for name in ("anna", "ben", "cleo")}
    noisy["cleo"][20:] = [None] * 20
    rows = rater_rows(_ratings(noisy), [])
    alpha = _of(rows, "alpha", "all raters")
    assert 0.8 < alpha["value"] < 0.95
    assert alpha["low"] < alpha["value"] < alpha["high"]
    assert _of(rows, "weighted_kappa", "anna", "cleo")["num"] == 20


def test_one_rater_agrees_with_nobody_and_controls_are_left_out():
    rows = rater_rows(_ratings({"anna": [1, 2, 3]}), [])
    assert {row["measure"] for row in rows} == {"mean", "commonest"}
    assert rater_rows(_ratings({"anna": [1, 2, 3]}, arm="prior"), []) == []
    assert rater_rows([], []) == []


def _preferences(values, left="full"):
    return [
        {"rater": rater, "first": "full", "second": "baseline", "question_id": str(n), "text": "", "scene_id": n // 2,
         "kind": ("conv", "detail")[n % 2], "choice": choice, "left": left}
        for rater, found in values.items() for n, choice in enumerate(found)
    ]  # fmt: skip


F, E, S = "first", "equal", "second"


def test_preferences_are_shares_of_questions_with_the_picture_as_the_unit():
    rows = preference_rows(_preferences({"anna": [F, F, F, E, S, F], "ben": [F, F, F, E, F, F]}), {})
    value = {(row["kind"], row["measure"]): row for row in rows if row["judge"] == PEOPLE}
    shares = [value["all", name]["value"] for name in ("preferred", "equal", "other")]
    assert shares == pytest.approx([100 * 4.5 / 6, 100 / 6, 100 * 0.5 / 6])
    assert sum(shares) == pytest.approx(100)
    assert value["all", "preferred"]["num"] == 6
    assert value["conv", "preferred"]["value"] == pytest.approx(100 * 2.5 / 3)
    assert value["all", "preferred"]["low"] < shares[0] < value["all", "preferred"]["high"]


def test_raters_of_pairs_have_kappa_and_a_side():
    anna, ben = [F, F, E, S, S, F, E, S], [F, E, E, S, F, F, E, S]
    rows = rater_rows([], _preferences({"anna": anna, "ben": ben}))
    codes = [[{F: 1, E: 0, S: -1}[one] for one in found] for found in (anna, ben)]
    kappa = _of(rows, "weighted_kappa", "anna", "ben", over="preferences")
    assert kappa["value"] == pytest.approx(_kappa(*codes))
    assert _of(rows, "left", "anna", over="preferences")["value"] == pytest.approx(100 * 3 / 6)
    assert _of(rows, "equal", "anna", over="preferences")["value"] == pytest.approx(25)


def test_raters_of_pairs_agree_on_what_they_saw():
    """Ten pairs, the good arm five times left: anna always picks it, ben all but one on either side.

    As shown both say left 5 and right 5 times: chance makes 50% the same, they have 80, kappa is (80 - 50) / 50.
    Told by the arm, anna says the same ten times and kappa would be 0.
    """
    sides = ["full", "baseline"] * 5
    chosen = {"anna": [F] * 10, "ben": [S, S, *[F] * 8]}
    preferences = [{**row, "left": sides[int(row["question_id"])]} for row in _preferences(chosen)]
    rows = rater_rows([], preferences)
    assert _of(rows, "weighted_kappa", "anna", "ben", over="preferences")["value"] == pytest.approx(0.6)
    assert _of(rows, "same", "anna", "ben", over="preferences")["value"] == pytest.approx(80)
    assert _of(rows, "same_by_chance", "anna", "ben", over="preferences")["value"] == pytest.approx(50)
    assert _of(rows, "commonest", "anna", over="preferences")["value"] == pytest.approx(50)
    # Interval data of two values that stand 10 and 10 times: 1 - seen / expected = 1 - 0.2 / (2 * 10 * 10 / (20 * 19)).
    assert _of(rows, "alpha", "all raters", over="preferences")["value"] == pytest.approx(1 - 0.2 * 380 / 200)


def test_a_judge_is_told_how_often_it_sides_with_people():
    """Of questions on which people lean: with them counts 1, undecided a half, against them 0."""
    preferences = _preferences({"anna": [F, F, S, E, F, S]})
    differences = {("full", "baseline"): {(str(n), ""): d for n, d in enumerate([2.0, 0.0, -1.0, 5.0, -3.0])}}
    rows = preference_rows(preferences, {"mine": differences})
    (same,) = [row for row in rows if row["judge"] == "mine"]
    assert same["measure"] == "same_side"
    assert same["value"] == pytest.approx(100 * (1 + 0.5 + 1 + 0) / 4)
    assert same["num"] == 4


def test_intervals_of_preferences_hold_what_they_promise():
    """Of 400 worlds whose raters prefer with 60%, a picture's questions alike: about 95% of intervals hold it."""
    rng, held, worlds = np.random.default_rng(1), 0, 400
    for _ in range(worlds):
        lean = rng.beta(1.2, 0.8, 25)  # by picture, mean 0.6
        rows = [
            {"rater": "anna", "first": "full", "second": "baseline", "question_id": f"{picture}-{kind}", "text": "",
             "scene_id": picture, "kind": "conv", "choice": F if rng.random() < lean[picture] else S, "left": "full"}
            for picture in range(25) for kind in range(3)
        ]  # fmt: skip
        found = next(r for r in preference_rows(rows, {}) if (r["kind"], r["measure"]) == ("all", "preferred"))
        held += found["low"] <= 60 <= found["high"]
    print(f"{held} of {worlds} intervals hold the truth")
    assert 0.92 <= held / worlds <= 0.98, held
