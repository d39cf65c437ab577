"""Ratings -> the papers' tables: gains as the papers compute them, missing ratings, every test and every n counted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from llavapose.config.choices import Control
from llavapose.evaluation.tables.ablation import ablation_table, arms_in_order
from llavapose.evaluation.tables.comparison import COMPARISON_COLUMNS, comparison_table, our_arms
from llavapose.evaluation.tables.ratings import Rating

KINDS = ("conv", "detail", "complex")


def rated(arm_values, num_images=30, num_ratings=1):
    """Ratings of all three kinds, whose means are those given; each question's differs a little."""
    found = []
    for kind, value in zip(KINDS, arm_values, strict=True):
        for image in range(num_images):
            rating = value + 0.3 * (-1) ** image
            found.append(Rating(question_id=f"{image}-{kind}", scene_id=image, kind=kind, rating=rating,
                                num_ratings=num_ratings))  # fmt: skip
    return found


def noisy(value, *, seed, num_images=90, runs=1):
    rng = np.random.default_rng(seed)
    found = []
    for image in range(num_images):
        of_image = rng.normal(0, 1)
        for kind in KINDS:
            several = tuple(value + of_image + rng.normal(0, 1) for _ in range(runs))
            found.append(Rating(question_id=f"{image}-{kind}", scene_id=image, kind=kind,
                                rating=float(np.mean(several)), runs=several if runs > 1 else ()))  # fmt: skip
    return found


def cell(rows, arm, kind="all"):
    return next(row for row in rows if (row["arm"], row["kind"]) == (arm, kind))


def test_the_gain_is_the_difference_in_percent_of_the_baselines_score():
    rows = ablation_table(
        {"full": rated([6, 6, 6]), "baseline": rated([5, 4, 6])}, ["full", "baseline"], judge="gpt-4o"
    )
    assert cell(rows, "full")["gain"] == pytest.approx(20) and cell(rows, "full", "detail")["gain"] == pytest.approx(50)
    assert math.isnan(cell(rows, "baseline")["gain"])
    none = ablation_table({"full": rated([6, 6, 6]), "baseline": rated([-1, 0, 0])}, ["full"])
    assert math.isnan(cell(none, "full")["gain"]), "no percent of less than nothing"


def test_every_test_of_the_table_is_counted_and_controls_are_none():
    told = {"full": noisy(6.5, seed=0), "conv": noisy(5.0, seed=1), "baseline": noisy(5.0, seed=2)}
    told |= {"prior": noisy(1.0, seed=3), "text_only": noisy(9.0, seed=4)}
    rows = ablation_table(told, arms_in_order(list(told)), judge="gpt-4o")
    tested = [row for row in rows if not math.isnan(row["p"])]
    assert {row["arm"] for row in tested} == {"full", "conv"} and len(tested) == 8
    assert cell(rows, "full")["p"] == pytest.approx(1 / 10_001)
    assert cell(rows, "full")["p_holm"] == pytest.approx(8 / 10_001)
    assert cell(rows, "conv")["p_holm"] > 0.05
    assert all(row["p_holm"] >= row["p"] for row in tested)
    assert not math.isnan(cell(rows, "text_only")["diff"]), "they have their difference, without a test"


def test_controls_stand_last_the_upper_bound_before_the_prior():
    assert arms_in_order(["prior", "text_only", "full", "Qwen2-VL-7B", "baseline"]) == (
        "full", "Qwen2-VL-7B", "baseline", "text_only", "prior",
    )  # fmt: skip


def test_arms_that_settings_set_apart_stand_where_their_mixture_does():
    varied = ["detail (optim.lr=0.1)", "Qwen2-VL-7B", "full (optim.lr=0.2)", "full (optim.lr=0.1)", "baseline", "conv"]
    assert arms_in_order(varied) == (
        "full (optim.lr=0.1)", "full (optim.lr=0.2)", "conv", "detail (optim.lr=0.1)", "Qwen2-VL-7B", "baseline",
    )  # fmt: skip


def test_arms_are_compared_on_common_questions_with_bounds_for_the_missing():
    full, base = rated([6, 6, 6], num_images=10), rated([5, 5, 5], num_images=10)
    full[0] = replace(full[0], rating=None, missing=True)
    base[1] = replace(base[1], rating=None, missing=True)
    row = cell(ablation_table({"full": full, "baseline": base}, ["full"], judge="gpt-4o"), "full")
    assert (row["num_scored"], row["num_unscored"], row["num_common"]) == (29, 1, 28)
    assert row["diff"] == pytest.approx(10)
    rest = 10 * sum(one.rating for one in full[1:])
    assert row["score_if_missing_low"] == pytest.approx((rest + 10) / 30)
    assert row["score_if_missing_high"] == pytest.approx((rest + 100) / 30)
    others = 10 * sum(one.rating for one in base if one.rating is not None)
    assert row["diff_if_missing_low"] == pytest.approx((rest + 10 - others - 100) / 30)
    assert row["diff_if_missing_high"] == pytest.approx((rest + 100 - others - 10) / 30)
    assert row["diff_if_missing_low"] < row["diff"] < row["diff_if_missing_high"]
    whole = cell(ablation_table({"full": rated([6] * 3), "baseline": rated([5] * 3)}, ["full"], judge="x"), "full")
    assert whole["diff_if_missing_low"] == pytest.approx(whole["diff"]) == whole["diff_if_missing_high"]
    undecided = [replace(one, missing=False) for one in full], [replace(one, missing=False) for one in base]
    pose = cell(ablation_table(dict(zip(("full", "baseline"), undecided, strict=True)), ["full"]), "full")
    assert pose["diff_if_missing_low"] == pose["diff_if_missing_high"], "what it scores of nobody is not missing"


def test_the_anchors_n_is_over_all_its_pairings():
    told = {"full": rated([6, 6, 6]), "baseline": rated([5, 5, 5], num_ratings=4)}
    rows = ablation_table(told, ["full", "baseline"])
    assert [cell(rows, arm)["num_ratings"] for arm in told] == [90, 360]
    assert cell(rows, "baseline", "conv")["num_ratings"] == 120 and cell(rows, "baseline")["num_scored"] == 90


def test_a_row_says_how_its_interval_was_made():
    told = {"full": noisy(6, seed=0, runs=3), "conv": noisy(6, seed=1), "baseline": noisy(5, seed=2)}
    rows = ablation_table(told, list(told))
    assert [(cell(rows, arm)["interval"], cell(rows, arm)["num_runs"]) for arm in told] == [
        ("crossed t", 3), ("bootstrap", 1), ("bootstrap", 1),
    ]  # fmt: skip
    few = ablation_table({"full": noisy(6, seed=0, num_images=20)}, ["full"])
    assert cell(few, "full")["interval"] == "t" and cell(few, "full")["num_images"] == 20


def test_an_arms_own_control_is_paired_training_by_training():
    """Seeds that differ much, and each by as much from its own shuffled answers: the difference is sure."""
    rng = np.random.default_rng(0)
    own, shuffled = [], []
    for image in range(60):
        seeds = rng.normal(0, 0.1, 3) + np.array([4.0, 6.0, 8.0])
        for found, shift in ((own, 1.0), (shuffled, 0.0)):
            runs = tuple((seeds + shift + rng.normal(0, 0.1, 3)).tolist())
            rating = float(np.mean(runs))
            found.append(Rating(question_id=str(image), scene_id=image, kind="conv", rating=rating, runs=runs))
    rows = ablation_table({"full": own}, ["full"], controls={Control.shuffled: {"full": shuffled}})
    assert cell(rows, "full")["over_shuffled_low"] > 9


def test_the_smallest_gap_shrinks_with_the_number_of_images():
    few, many = (
        ablation_table({"full": noisy(6, seed=0, num_images=n), "baseline": noisy(5, seed=1, num_images=n)}, ["full"])
        for n in (60, 240)
    )
    assert cell(few, "full")["smallest_gap"] == pytest.approx(2 * cell(many, "full")["smallest_gap"], rel=0.2)
    row = cell(many, "full")
    assert row["smallest_gap"] == pytest.approx(2.8 / 3.92 * (row["diff_high"] - row["diff_low"]), rel=0.05)


def test_a_comparison_is_ours_less_each_other_model():
    told = {"full": rated([6, 6, 6], num_ratings=2), "Qwen2-VL-7B": rated([5, 5, 5]), "V-star": rated([4, 4, 4])}
    told |= {"conv": rated([3, 3, 3]), "baseline": rated([2, 2, 2])}
    rows = comparison_table(told, list(told), "full", judge="gpt-4o")
    assert list(dict.fromkeys(row["arm"] for row in rows)) == ["Qwen2-VL-7B", "V-star", "full", "baseline"]
    assert cell(rows, "Qwen2-VL-7B")["diff"] == pytest.approx(10)
    assert cell(rows, "Qwen2-VL-7B")["gain"] == pytest.approx(20)
    assert math.isnan(cell(rows, "full")["diff"]) and cell(rows, "full")["num_ratings"] == 180
    assert cell(rows, "V-star")["score_if_missing_low"] == pytest.approx(40)


def test_every_difference_of_a_comparison_counts_for_holm_but_the_controls(tmp_path):
    told = {"full": noisy(6.5, seed=0), "Qwen2-VL-7B": noisy(5.0, seed=1), "baseline": noisy(5.2, seed=2)}
    told |= {"prior": noisy(1.0, seed=3), "text_only": noisy(9.0, seed=4)}
    rows = comparison_table(told, list(told), "full", judge="gpt-4o")
    tested = [row for row in rows if not math.isnan(row["p"])]
    assert {row["arm"] for row in tested} == {"Qwen2-VL-7B", "baseline"} and len(tested) == 8
    assert cell(rows, "Qwen2-VL-7B")["p_holm"] == pytest.approx(8 / 10_001)
    assert not math.isnan(cell(rows, "text_only")["diff"]) and math.isnan(cell(rows, "text_only")["gain"])


def test_a_comparison_has_every_models_controls():
    told = {"full": noisy(8, seed=0), "Qwen2-VL-7B": noisy(3, seed=1), "blind": noisy(5, seed=2)}
    told |= {"prior": noisy(4, seed=3)}
    controls = {
        Control.shuffled: {"full": noisy(2, seed=4), "Qwen2-VL-7B": noisy(1, seed=5), "blind": noisy(5, seed=6)},
        Control.no_picture: {"full": noisy(1, seed=7)},
    }
    rows = comparison_table(told, list(told), "full", controls=controls, judge="gpt-4o")
    assert [list(row) for row in rows[:1]] == [[name for name in COMPARISON_COLUMNS if name in rows[0]]]
    assert set(rows[0]) == set(COMPARISON_COLUMNS)
    full, other, blind, prior = (cell(rows, arm) for arm in ("full", "Qwen2-VL-7B", "blind", "prior"))
    assert full["shuffled"] == pytest.approx(20, abs=3) and full["no_picture"] == pytest.approx(10, abs=3)
    assert full["over_prior_low"] > 0 and full["over_shuffled_low"] > 0 and math.isnan(other["no_picture"])
    assert other["over_prior_low"] < 0 < other["over_shuffled_low"]
    assert blind["over_shuffled_low"] < 0 < blind["over_prior_low"] and math.isnan(prior["over_prior_low"])


@pytest.mark.parametrize(
    ("arms", "anchor", "ours"),
    [
        (["full", "conv", "baseline"], None, []),
        (["full", "Qwen2-VL-7B", "baseline"], None, ["full"]),
        (["full", "Qwen2-VL-7B", "baseline"], "baseline", ["full"]),
        (["detail", "Qwen2-VL-7B"], "detail", ["detail"]),
        (["full", "mine", "Qwen2-VL-7B"], "mine", ["mine"]),
        (["full (optim.lr=0.1)", "full", "baseline", "prior", "text_only"], None, []),
        (
            ["full (optim.lr=0.1)", "full (optim.lr=0.2)", "conv", "Qwen2-VL-7B"],
            None,
            ["full (optim.lr=0.1)", "full (optim.lr=0.2)"],
        ),
        (["full (optim.lr=0.1)", "conv (optim.lr=0.1)", "Qwen2-VL-7B"], "conv", ["conv (optim.lr=0.1)"]),
        (["mine (optim.lr=0.1)", "mine (optim.lr=0.2)", "baseline"], "mine", []),
        (["Qwen2-VL-7B", "baseline"], None, []),
        (["full", "Qwen2-VL-7B", "baseline", "text_only"], "text_only", ["full"]),
        (["full", "Qwen2-VL-7B", "baseline", "prior"], "prior", ["full"]),
        (["Qwen2-VL-7B", "baseline", "text_only"], "text_only", []),
    ],
)
def test_which_arm_a_comparison_is_about(arms, anchor, ours):
    assert our_arms(arms, anchor) == ours
