"""Ratings -> measures and the mark, without any judge: what only few and crooked ratings show."""

import pytest

from llavapose.evaluation.judges.card.measures import LEAST_SAME, MOST_SD, inconsistency, measured
from llavapose.evaluation.judges.card.planted import CLEAN, ITSELF

PERCENTAGES = ("found_1", "repeat_winner", "same_winner", "itself_ties")


def pair(scene, variant, ratings, *, first=True, repeat=0):
    """A reply's two rows: the variant's rating and the clean answer's, the variant shown first or second."""
    orders = ("ab", "ba") if first else ("ba", "ab")
    names = ((variant, CLEAN), (CLEAN, variant))
    return [
        {"scene_id": scene, "question_id": f"{scene} {variant}", "about": variant, "arm": arm, "opponent": other,
         "order": order, "repeat": repeat, "rating": rating, "judge": "j"}
        for (arm, other), order, rating in zip(names, orders, ratings, strict=True)
    ]  # fmt: skip


def crooked(num_pictures):
    """One picture is read the wrong way: in one repeat, in one order; and its answer beside itself does not tie."""
    rows = []
    for scene in range(num_pictures):
        for repeat in range(2):
            for first in (True, False):
                wrong = scene == 0 and repeat == 1 and first
                rows += pair(scene, "false_1", (8.0, 1.0) if wrong else (4.0, 5.0), first=first, repeat=repeat)
        rows += pair(scene, ITSELF, (6.0, 5.0) if scene == 0 else (5.0, 5.0))
    return rows


@pytest.mark.parametrize("num_pictures", [2, 5, 12, 59, 60, 90])
def test_percentages_and_their_intervals_lie_between_0_and_100(num_pictures):
    found = {row["measure"]: row for row in measured(crooked(num_pictures))}
    for name in PERCENTAGES:
        assert 0 <= found[name]["low"] <= found[name]["value"] <= found[name]["high"] <= 100, found[name]
        assert found[name]["low"] < found[name]["high"]


def test_shares_of_pictures_have_wilsons_interval():
    found = {row["measure"]: row for row in measured(crooked(12))}
    # 11 of 12 by Wilson (1927) with z = 1.96: centre (11 + z^2 / 2) / (12 + z^2), by hand.
    assert found["itself_ties"]["value"] == pytest.approx(100 * 11 / 12)
    assert (found["itself_ties"]["low"], found["itself_ties"]["high"]) == pytest.approx((64.61, 98.51), abs=0.01)


def test_an_answer_beside_itself_is_one_reply_and_its_gain_the_first_places():
    rows = [row for scene in range(8) for row in pair(scene, ITSELF, (5.8, 5.0))]
    found = {row["measure"]: row for row in measured(rows)}
    assert found["itself_ties"]["num"] == found["itself_first_place"]["num"] == 8
    assert found["itself_ties"]["value"] == 0
    assert found["itself_first_place"]["value"] == pytest.approx(8)
    swapped = [row for scene in range(8) for row in pair(scene, ITSELF, (5.0, 5.8), first=False)]
    assert measured([*rows, *swapped]) == measured(rows), "the other order is the same reply"


def told(**values):
    return inconsistency([{"measure": name, "value": value} for name, value in values.items()])


def test_either_half_of_the_mark_marks_by_itself():
    assert told(repeat_sd=MOST_SD, repeat_winner=LEAST_SAME) == ""
    assert told(repeat_sd=float("nan"), repeat_winner=float("nan")) == told() == ""
    by_sd = told(repeat_sd=MOST_SD + 0.1, repeat_winner=100.0)
    assert "10.1 apart" in by_sd and "repeats" not in by_sd
    by_winner = told(repeat_sd=0.0, repeat_winner=LEAST_SAME - 1)
    assert "74% of repeats" in by_winner and "apart" not in by_winner
    assert told(repeat_sd=MOST_SD + 0.1) == by_sd and told(repeat_winner=LEAST_SAME - 1) == by_winner


def rated(gap, spread):
    """A judge of single answers: three repeats of clean and false_1; by turns both move by the spread, or one only."""
    rows = []
    for scene in range(10):
        for repeat in range(3):
            for arm, base in ((CLEAN, 5.0 + gap), ("false_1", 5.0)):
                moved = spread(arm, repeat)
                rows.append({"scene_id": scene, "question_id": f"{scene} {arm}", "about": arm, "arm": arm,
                             "opponent": None, "order": None, "repeat": repeat, "rating": base + moved,
                             "judge": "j"})  # fmt: skip
    return rows


def test_far_apart_with_the_same_winner_is_marked():
    found = inconsistency(measured(rated(1.0, lambda arm, repeat: 2.0 * repeat)))
    assert "apart" in found and "better answer" not in found


def test_another_winner_close_together_is_marked():
    found = inconsistency(measured(rated(0.1, lambda arm, repeat: 0.2 * (arm != CLEAN and repeat == 1))))
    assert "better answer" in found and "apart" not in found
