"""How many pictures a wished half-width takes."""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from llavapose.config.choices import RateMode
from llavapose.config.evaluating import RateConfig
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.judges.people.needed import (
    GUESSED_SD,
    half_width_of,
    pictures_needed,
    spread_of,
    too_few_told,
)
from llavapose.files import write_jsonl
from tests.evaluation.judges.people.rated import questions_of, write_answers


@pytest.mark.parametrize(("sd", "half"), [(1.4, 0.5), (1.4, 0.33), (0.5, 0.1), (3.0, 0.2), (0.01, 1.0)])
def test_one_picture_fewer_would_be_wider(sd, half):
    num = pictures_needed(sd, half)
    assert half_width_of(sd, num) <= half
    assert num == 2 or half_width_of(sd, num - 1) > half
    assert half_width_of(sd, num) == pytest.approx(student.ppf(0.975, num - 1) * sd / math.sqrt(num))


def test_of_so_many_pictures_half_the_intervals_are_as_narrow():
    """By t, from pictures whose paired differences are normal: the wished width is the middle of those that come."""
    rng, num = np.random.default_rng(0), pictures_needed(1.4, 0.5)
    sds = rng.normal(0, 1.4, (2000, num)).std(axis=1, ddof=1)
    widths = student.ppf(0.975, num - 1) * sds / math.sqrt(num)
    assert np.median(widths) == pytest.approx(0.5, abs=0.02)


def _verdicts(folder, judge, rate, num_pictures=8, arms=("baseline", "full")):
    for arm in arms:
        rows = [
            {"question_id": one.id, "scene_id": one.scene_id, "kind": one.kind, "text": one.text, "arm": arm,
             "rating": rate(arm, one), "reason": ""}
            for one in questions_of(num_pictures)
        ]  # fmt: skip
        write_jsonl(folder / "verdicts" / judge / f"{arm}.jsonl", rows)


def test_the_spread_is_that_of_picture_means_of_paired_differences(tmp_path):
    write_answers(tmp_path, 8)
    shift = {image: image % 4 for image in range(1, 9)}
    _verdicts(tmp_path, "mine", lambda arm, one: 5.0 + (shift[one.scene_id] if arm == "full" else 0))
    found = spread_of(tmp_path, ("baseline", "full"), RateMode.scale)
    assert found.sd == pytest.approx(np.std(list(shift.values()), ddof=1))
    assert (found.judge, found.num_pictures) == ("mine", 8)
    pairs = spread_of(tmp_path, ("baseline", "full"), RateMode.pairs)
    assert pairs.sd == pytest.approx(np.std([0.5 if value == 0 else 1.0 for value in shift.values()], ddof=1))


def test_without_a_judge_on_this_scale_a_guess_is_stated(tmp_path):
    write_answers(tmp_path, 8)
    _verdicts(tmp_path, "pose", lambda arm, one: -3.0 - one.scene_id if arm == "full" else 9.0)
    found = spread_of(tmp_path, ("baseline", "full"), RateMode.scale)
    assert (found.sd, found.judge) == (GUESSED_SD[RateMode.scale], None)


def test_the_largest_spread_is_of_the_judge_that_rated_most_pictures(tmp_path):
    arms = ("baseline", "full", "rival")
    wide = {"baseline": 0, "full": 1, "rival": 3}
    write_answers(tmp_path, 8)
    _verdicts(tmp_path, "many", lambda arm, one: 4.0 + wide[arm] * (one.scene_id % 2), arms=arms)
    _verdicts(tmp_path, "few", lambda arm, one: 2.0 + 2 * wide[arm] * (one.scene_id % 2), num_pictures=6, arms=arms)
    found = spread_of(tmp_path, arms, RateMode.scale)
    assert (found.judge, found.num_pictures) == ("many", 8)
    assert found.sd == pytest.approx(3 * np.std([0, 1] * 4, ddof=1))  # of rival; full's is a third of it


def _warned(folder, **config):
    return too_few_told(draw(folder, RateConfig(**config)), folder, "baseline") or ""


def test_it_is_said_where_too_few_pictures_for_debiased_estimates_are_drawn(tmp_path):
    write_answers(tmp_path, 30)
    told = _warned(tmp_path, num_pictures=19)
    assert "19 pictures" in told and "20" in told and "debiased" in told and "\n" not in told
    assert _warned(tmp_path, num_pictures=20) == ""
    assert _warned(tmp_path) == ""
    assert _warned(tmp_path, num_pictures=19, mode=RateMode.pairs) == ""  # of preferences none is made


@pytest.mark.parametrize("unscored", ["full", "baseline"])
def test_it_is_said_where_a_judge_left_too_many_of_the_drawn_unscored(tmp_path, unscored):
    write_answers(tmp_path, 30)
    drawn = list(dict.fromkeys(one.question.scene_id for one in draw(tmp_path, RateConfig()).items))
    left = {(scene, "conv") for scene in drawn[:6]} | {(scene, "detail") for scene in drawn[:5]}
    none = lambda arm, one: None if arm == unscored and (one.scene_id, one.kind) in left else 5.0  # noqa: E731
    _verdicts(tmp_path, "pose", none, num_pictures=30)
    _verdicts(tmp_path, "mine", lambda arm, one: 5.0, num_pictures=30)
    told = _warned(tmp_path)
    assert "conv by pose (19)" in told and "debiased" in told and "\n" not in told
    assert "detail" not in told and "mine" not in told
    assert _warned(tmp_path, num_pictures=30) == ""
    assert "detail by pose (19)" in _warned(tmp_path, num_pictures=24)


def test_pictures_that_each_lack_another_arms_rating_are_not_fully_scored(tmp_path):
    write_answers(tmp_path, 30)
    drawn = list(dict.fromkeys(one.question.scene_id for one in draw(tmp_path, RateConfig()).items))
    left = {"baseline": drawn[:3], "full": drawn[3:6]}
    none = lambda arm, one: None if one.scene_id in left[arm] and one.kind == "conv" else 5.0  # noqa: E731
    _verdicts(tmp_path, "pose", none, num_pictures=30)
    assert "conv by pose (19)" in _warned(tmp_path)
