"""People's ratings of some pictures and a judge's of all: the estimate, its interval, worlds whose truth is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import sem, t

from benchmarks.debiased import GAP, World, covered, picture_means, problems, true_value
from llavapose.evaluation.statistics.debiased import LEAST, debiased, smallest_equal


def pictures(num, *, noise=1.0, bias=6.0, seed=0):
    """People's and a judge's picture means x 10."""
    rng = np.random.default_rng(seed)
    people = 50 + 10 * rng.normal(size=num)
    return people, people + bias + 10 * noise * rng.normal(size=num)


def split(num_rated, num=640, **kwargs):
    people, judge = pictures(num, **kwargs)
    return people[:num_rated], judge[:num_rated], judge[num_rated:]


def by_the_paper(people, judge, rest):
    """PPI++ for a mean (Angelopoulos, Duchi and Zrnic 2023) written out, its moments those of the rated pictures."""
    n, num_rest = len(people), len(rest)
    covariance = sum((y - np.mean(people)) * (f - np.mean(judge)) for y, f in zip(people, judge, strict=True)) / n
    variance = sum((f - np.mean(judge)) ** 2 for f in judge) / n
    weight = min(1.0, max(0.0, covariance / ((1 + n / num_rest) * variance)))
    return weight, weight * np.mean(rest) + np.mean(people - weight * judge)


@pytest.mark.parametrize("noise", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("num_rated", [20, 67, 400])
def test_the_value_is_that_of_the_formula(num_rated, noise):
    people, judge, rest = split(num_rated, noise=noise)
    found = debiased(people, judge, rest)
    weight, value = by_the_paper(people, judge, rest)
    assert found.weight == pytest.approx(weight, abs=1e-12)
    assert found.value.value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("num_rated", "without", "whole", "own"),
    [(20, 48.16821682571273, 50.67523878040491, 48.557814477193695),
     (67, 50.884901874347975, 49.21061210033434, 50.314344041103936)],
)  # fmt: skip
def test_the_value_is_that_of_the_papers_own_library(num_rated, without, whole, own):
    """``ppi_mean_pointestimate`` of ppi-python 0.2.3 over ``split``: lambda 0, 1, and its own.

    The value goes in a line with lambda. Its own lambda takes the spread of all predictions, ours of the rated ones.
    """
    found = debiased(*split(num_rated))
    assert found.value.value == pytest.approx(without + found.weight * (whole - without), abs=1e-9)
    assert abs(own - found.value.value) < found.value.se


def test_the_interval_with_z_is_that_of_the_papers_own_library(worlds):
    """``ppi_mean_ci`` of ppi-python 0.2.3 holds the gap in 177 of these 200 worlds at 20 rated pictures."""
    people, judge = (values[:200] for values in worlds)
    assert abs(covered(people, judge, GAP, 20).with_z - 177) <= 2


def test_people_and_judge_alone_are_student_t():
    people, judge, rest = split(30)
    found = debiased(people, judge, rest)
    for one, values in ((found.people, people), (found.judge, np.concatenate([judge, rest]))):
        half = t.ppf(0.975, len(values) - 1) * sem(values)
        assert (one.value, one.low, one.high) == pytest.approx(
            (values.mean(), values.mean() - half, values.mean() + half)
        )
        assert one.df == len(values) - 1 and one.num == len(values)


def test_the_error_is_the_jackknifes_with_the_weight_tuned_each_time():
    people, judge, rest = split(20)
    found, num_all = debiased(people, judge, rest), 640
    without = []
    for left_out in range(20):
        keep = np.arange(20) != left_out
        slope = np.cov(people[keep], judge[keep])[0, 1] / judge[keep].var(ddof=1)
        weight = min(1.0, max(0.0, slope * 620 / (num_all - 1)))
        without.append(people[keep].mean() + weight * (rest.mean() - judge[keep].mean()))
    spread = 19 / 20 * ((np.array(without) - np.mean(without)) ** 2).sum()
    of_rest = found.weight**2 * np.concatenate([judge, rest]).var(ddof=1) / 620
    assert found.value.se == pytest.approx(math.sqrt(spread + of_rest)) and found.value.df == 18
    half = t.ppf(0.975, 18) * found.value.se
    assert (found.value.low, found.value.high) == pytest.approx((found.value.value - half, found.value.value + half))


def test_a_judge_that_knows_something_narrows_and_is_worth_more_pictures():
    good, poor = debiased(*split(67, noise=0.2)), debiased(*split(67, noise=10.0))
    width = good.value.high - good.value.low
    assert width < 0.5 * (good.people.high - good.people.low) and good.effective > 200
    assert good.weight > 0.8
    assert poor.weight < 0.05 and 55 < poor.effective < 75
    # As many pictures rated by people alone would have this width.
    sd = split(67, noise=0.2)[0].std(ddof=1)
    assert 2 * t.ppf(0.975, good.effective - 1) * sd / math.sqrt(good.effective) == pytest.approx(width)


def test_the_bias_of_a_judge_does_not_matter():
    people, judge, rest = split(40)
    found, shifted = debiased(people, judge, rest), debiased(people, judge + 30, rest + 30)
    assert (shifted.value.value, shifted.value.se) == pytest.approx((found.value.value, found.value.se))
    assert shifted.judge.value == pytest.approx(found.judge.value + 30)


@pytest.mark.parametrize("judge", ["against", "constant"])
def test_a_judge_that_helps_nobody_leaves_people_alone(judge):
    people, *_ = split(40)
    rated = 100 - people if judge == "against" else np.full(40, 55.0)
    found = debiased(people, rated, np.full(600, 20.0))
    assert found.weight == 0 and found.value.value == pytest.approx(people.mean())
    assert found.value.high >= found.people.high, "that the judge was looked at is paid for"
    assert 38 < found.effective <= 40


def test_a_weight_is_never_above_one():
    people, _, rest = split(40)
    found = debiased(people * 3, people, rest)  # a judge with a third of people's spread
    assert found.weight == 1
    assert found.value.value == pytest.approx((people * 3).mean() + rest.mean() - people.mean())


def test_below_twenty_rated_pictures_there_is_a_hole_with_its_reason():
    people, judge, rest = split(LEAST - 1)
    found = debiased(people, judge, rest)
    assert LEAST == 20 and math.isnan(found.value.value) and math.isnan(found.effective) and math.isnan(found.weight)
    assert found.reason == "19 rated pictures, 20 are needed"
    assert found.people.value == pytest.approx(people.mean()) and not math.isnan(found.people.low)
    assert not debiased(*split(LEAST)).reason
    none = debiased([], [], rest)
    assert none.reason == "0 rated pictures, 20 are needed" and math.isnan(none.people.value)
    assert none.judge.value == pytest.approx(rest.mean())


def test_where_people_rated_everything_nothing_is_predicted():
    people, judge, _ = split(40)
    found = debiased(people, judge, [])
    assert found.weight == 0 and found.effective == pytest.approx(40)
    assert (found.value.low, found.value.high) == pytest.approx((found.people.low, found.people.high))


def test_one_picture_more_is_predicted_as_well():
    people, judge, rest = split(40)
    found = debiased(people, judge, rest[:1])
    assert 0 < found.weight < 0.05 and math.isfinite(found.value.low)


def test_people_that_rate_all_alike_show_no_spread():
    found = debiased(np.full(25, 50.0), *split(25)[1:])
    assert found.value.value == 50 and found.value.low == found.value.high == 50 and math.isnan(found.effective)


def test_different_numbers_of_people_and_judge_are_a_programmers_mistake():
    with pytest.raises(ValueError, match=r"21 .*20"):
        debiased(np.zeros(21), np.zeros(20), np.zeros(5))


def test_the_smallest_number_of_equal_width():
    assert smallest_equal(half=t.ppf(0.975, 49) * 2 / math.sqrt(50), sd=2.0) == pytest.approx(50)
    assert math.isnan(smallest_equal(half=0.0, sd=2.0)) and math.isnan(smallest_equal(half=1.0, sd=0.0))


@pytest.fixture(scope="module")
def worlds():
    return picture_means(World(), 1000, 11)


@pytest.mark.parametrize("num_rated", [20, 67])
def test_intervals_hold_the_truth_where_the_judge_does_not(worlds, num_rated):
    """A smaller form of ``python -m benchmarks.debiased``."""
    found = covered(*worlds, GAP, num_rated)
    assert found.judge <= 10, "a judge biased by 0.6"
    assert not problems("worlds", num_rated, found, 1000)
    assert found.debiased_half < 0.8 * found.people_half


def test_with_z_as_in_the_published_interval_twenty_pictures_cover_too_seldom(worlds):
    found = covered(*worlds, GAP, 20)
    assert found.with_z < 935 <= found.debiased


def test_the_simulation_tells_what_is_outside(worlds):
    people, judge = worlds
    found = covered(people[:200], judge[:200], GAP + 0.6, 67)  # the truth is the judge's
    told = problems("worlds", 67, found, 200)
    assert len(told) == 3 and "people hold the truth in" in told[0] and "the judge alone" in told[2]
    narrow = replace(covered(*worlds, GAP, 67), debiased_half=0.1)
    assert [one for one in problems("worlds", 67, narrow, 1000) if "half-width 0.100, expected" in one]


def test_whole_numbers_have_their_own_truth():
    assert true_value(World()) == GAP and true_value(World(whole=True)) == pytest.approx(GAP, abs=0.03)
