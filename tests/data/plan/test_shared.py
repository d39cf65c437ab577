"""The plan of an epoch: exact steps, every sample once, balanced ranks, the same in every process."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.config.choices import LossMean
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from tests.data.plan.made import lengths_of, steps_of


def made(sizes: list[int], tokens: list[int] | None = None) -> Lengths:
    """One image a size, with so many samples; samples of an image apart from each other."""
    images = [image for image, size in enumerate(sizes) for _ in range(size)]
    images = images[::2] + images[1::2]
    return lengths_of(images, tokens or [10 + 7 * i % 50 for i in range(len(images))])


shapes = st.fixed_dictionaries(
    {
        "sizes": st.lists(st.integers(1, 9), min_size=1, max_size=40),
        "batch_size": st.integers(1, 9),
        "accumulate": st.integers(1, 3),
        "num_ranks": st.integers(1, 4),
        "max_branches": st.integers(0, 3),
        "seed": st.integers(0, 5),
        "epoch": st.integers(0, 2),
    }
)


@settings(max_examples=60, deadline=None)
@given(shapes)
def test_plan_holds_its_promises(shape):
    lengths, chosen = made(shape.pop("sizes")), {**shape}
    epoch = chosen.pop("epoch")
    how = PlanSettings(**chosen, row_tokens=400, prefix_tokens=30)
    plan = plan_epoch(lengths, how, epoch=epoch)
    steps = steps_of(plan)
    assert len(steps) == plan.num_steps == num_steps(len(lengths), how)
    seen = Counter(i for step in steps for micro in step for batch in micro for i in batch.samples)
    left = len(lengths) - sum(seen.values())
    assert set(seen.values()) <= {1} and 0 <= left < how.slices
    for number, step in enumerate(steps):
        assert len(step) == how.accumulate and all(len(micro) == how.num_ranks for micro in step)
        batches = [batch for micro in step for batch in micro]
        if number < len(steps) - 1 or len(lengths) % how.global_batch == 0:
            assert all(batch.num_samples == how.batch_size for batch in batches)
        assert min(batch.num_samples for batch in batches) >= 1
        assert max(b.num_samples for b in batches) - min(b.num_samples for b in batches) <= 1
        targets = [lengths.num_targets[i] for batch in batches for i in batch.samples]
        assert {batch.step_weight for batch in batches} == {sum(targets)}
        for (group,) in (row for batch in batches for row in batch.rows):
            assert len({lengths.image[i] for i in group}) == 1
            assert len(group) <= (how.max_branches or len(lengths))
            assert 30 + sum(lengths.num_tokens[i] for i in group) <= 400


@settings(max_examples=20, deadline=None)
@given(shapes)
def test_the_same_plan_every_time(shape):
    lengths, epoch = made(shape.pop("sizes")), shape.pop("epoch")
    first, second = (plan_epoch(lengths, PlanSettings(**shape), epoch=epoch) for _ in range(2))
    assert first.fingerprint == second.fingerprint and steps_of(first) == steps_of(second)


def order(plan):
    return plan.samples.tolist()


EIGHT = PlanSettings(batch_size=8, seed=0)


def test_another_seed_or_epoch_is_another_order():
    lengths = made([4] * 30)
    first = plan_epoch(lengths, EIGHT)
    for other in (plan_epoch(lengths, replace(EIGHT, seed=1)), plan_epoch(lengths, EIGHT, epoch=1)):
        assert order(first) != order(other) and first.fingerprint != other.fingerprint


@pytest.mark.parametrize("change", [{"batch_size": 4}, {"accumulate": 2}, {"num_ranks": 2}, {"loss": LossMean.sample}])
def test_the_fingerprint_is_of_who_goes_where(change):
    lengths = made([4] * 30)
    assert plan_epoch(lengths, EIGHT).fingerprint != plan_epoch(lengths, replace(EIGHT, **change)).fingerprint


def test_ranks_change_who_not_what():
    """A step holds the same samples however it is dealt, so that two ranks can equal one."""
    lengths = made([4] * 30)
    steps = [
        [
            sorted(i for micro in step for batch in micro for i in batch.samples)
            for step in steps_of(
                plan_epoch(lengths, PlanSettings(batch_size=size, accumulate=acc, num_ranks=ranks, seed=3))
            )
        ]
        for size, acc, ranks in ((8, 1, 1), (4, 1, 2), (2, 2, 2), (4, 2, 1))
    ]
    assert steps[0] == steps[1] == steps[2] == steps[3]


def test_a_rank_has_its_share_and_slices():
    plan = plan_epoch(made([4] * 30), PlanSettings(batch_size=4, accumulate=2, num_ranks=2, seed=3))
    steps = steps_of(plan)
    for rank in (0, 1):
        mine = plan.micro_batches(rank)
        assert list(mine) == [micro[rank] for step in steps for micro in step] == [mine[i] for i in range(len(mine))]
        assert mine[3:5] == [mine[3], mine[4]] and mine[-1] == mine[len(mine) - 1]


def test_without_a_limit_a_pictures_samples_stay_together():
    assert len(plan_epoch(made([4] * 40), PlanSettings(batch_size=32, seed=0)).groups) == 40 + 1


def test_a_limit_spreads_a_pictures_samples():
    lengths = made([4] * 40)
    plan = plan_epoch(lengths, PlanSettings(batch_size=32, seed=0, max_branches=1))
    assert len(plan.rows) == 160 + 1
    images = lengths.image[plan.samples].tolist()
    neighbours = sum(a == b for a, b in pairwise(images))
    assert neighbours < 20


def test_samples_without_a_picture_stand_alone():
    lengths = lengths_of([-1, -1, 0, 0, -1, 1], [20, 20, 20, 20, 20, 20])
    plan = plan_epoch(lengths, PlanSettings(batch_size=6, seed=0))
    assert lengths.num_pictures == 2
    assert sorted(plan.micro_batches(0)[0].rows, key=len) and len(plan.groups) == 5 + 1


@pytest.mark.parametrize("micro_steps", [1, 2])
def test_neighbours_in_cost_share_a_micro_step(micro_steps):
    tokens = [1000, 10, 900, 20, 1100, 30, 950, 40] * 4
    lengths = lengths_of(list(range(len(tokens))), tokens)
    plan = plan_epoch(lengths, PlanSettings(batch_size=2, accumulate=micro_steps, num_ranks=2, seed=1))
    for step in steps_of(plan):
        costs = [int(lengths.num_tokens[list(batch.samples)].sum()) for micro in step for batch in micro]
        assert costs == sorted(costs, reverse=True)


def test_too_few_samples_make_no_step():
    assert plan_epoch(made([1]), PlanSettings(batch_size=4, num_ranks=2, seed=0)).num_steps == 0
    how = PlanSettings(batch_size=8, accumulate=2, num_ranks=2, seed=0)
    assert [num_steps(number, how) for number in (100, 99, 200_328)] == [4, 3, 6261]


def test_a_step_weighs_what_its_samples_do():
    lengths = made([3, 2, 4])
    how = PlanSettings(batch_size=len(lengths), seed=0)
    for loss, power in ((LossMean.sample, 1.0), (LossMean.sqrt, 0.5), (LossMean.token, 0.0)):
        (micro,) = plan_epoch(lengths, replace(how, loss=loss)).micro_batches(0)
        assert micro.step_weight == pytest.approx((lengths.num_targets ** (1 - power)).sum())


def test_micro_batches_of_equal_weight():
    """Each divides by its own targets and by the number of micro-batches."""
    lengths = made([3, 2, 4, 7])
    how = PlanSettings(batch_size=2, accumulate=2, num_ranks=2, seed=0, loss=LossMean.micro_batch)
    for step in steps_of(plan_epoch(lengths, how)):
        for batch in (batch for micro in step for batch in micro):
            assert batch.step_weight == lengths.num_targets[list(batch.samples)].sum() * 4
