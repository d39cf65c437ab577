"""How many pictures a wished half-width takes."""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from llavapose.config.choices import RateMode
from llavapose.evaluation.judges.people.needed import GUESSED_SD, half_width_of, pictures_needed, spread_of
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


def _verdicts(folder, judge, rate):
    for arm in ("baseline", "full"):
        rows = [
            {"question_id": one.id, "scene_id": one.scene_id, "kind": one.kind, "text": one.text, "arm": arm,
             "rating": rate(arm, one), "reason": ""}
            for one in questions_of(8)
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
    _verdicts(tmp_path, "pose", lambda arm, one: -3.0 if arm == "full" else 9.0)
    found = spread_of(tmp_path, ("baseline", "full"), RateMode.scale)
    assert (found.sd, found.judge) == (GUESSED_SD[RateMode.scale], None)
