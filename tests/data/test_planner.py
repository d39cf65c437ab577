"""The plan of an epoch: exact steps, every sample once, balanced ranks, the same in every process."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.data.planner import Item, num_steps, plan_epoch


def made(sizes: list[int], tokens: list[int] | None = None) -> list[Item]:
    """One image a size, with so many samples; samples of an image apart from each other."""
    keys = [f"{image}.jpg" for image, size in enumerate(sizes) for _ in range(size)]
    keys = keys[::2] + keys[1::2]
    lengths = tokens or [10 + 7 * i % 50 for i in range(len(keys))]
    return [Item(image=k, num_tokens=n, num_targets=1 + n // 3) for k, n in zip(keys, lengths, strict=False)]


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
    items = made(shape.pop("sizes"))
    plan = plan_epoch(items, **shape)
    batch_size, slices = shape["batch_size"], shape["accumulate"] * shape["num_ranks"]
    per_step = batch_size * slices
    steps = num_steps(len(items), batch_size=batch_size, accumulate=shape["accumulate"], num_ranks=shape["num_ranks"])
    assert len(plan) == steps
    seen = Counter(i for step in plan for micro in step for batch in micro for group in batch.groups for i in group)
    left = len(items) - sum(seen.values())
    assert set(seen.values()) <= {1} and 0 <= left < slices
    for number, step in enumerate(plan):
        assert len(step) == shape["accumulate"] and all(len(micro) == shape["num_ranks"] for micro in step)
        batches = [batch for micro in step for batch in micro]
        if number < len(plan) - 1 or len(items) % per_step == 0:
            assert all(batch.num_samples == batch_size for batch in batches)
        assert min(batch.num_samples for batch in batches) >= 1
        assert max(b.num_samples for b in batches) - min(b.num_samples for b in batches) <= 1
        lengths = [items[i].num_targets for batch in batches for group in batch.groups for i in group]
        assert {batch.step_weight for batch in batches} == {sum(lengths)}
        for group in (group for batch in batches for group in batch.groups):
            assert len({items[i].image for i in group}) == 1
            assert len(group) <= (shape["max_branches"] or len(items))


@settings(max_examples=20, deadline=None)
@given(shapes)
def test_the_same_plan_every_time(shape):
    items = made(shape.pop("sizes"))
    assert plan_epoch(items, **shape) == plan_epoch(items, **shape)


def order(plan):
    return [i for step in plan for micro in step for batch in micro for group in batch.groups for i in group]


def test_another_seed_or_epoch_is_another_order():
    items = made([4] * 30)
    first = order(plan_epoch(items, batch_size=8, seed=0))
    assert first != order(plan_epoch(items, batch_size=8, seed=1))
    assert first != order(plan_epoch(items, batch_size=8, seed=0, epoch=1))


def test_ranks_change_who_not_what():
    """A step holds the same samples however it is dealt, so that two ranks can equal one."""
    items = made([4] * 30)
    steps = [
        [sorted(order([step])) for step in plan_epoch(items, batch_size=size, accumulate=acc, num_ranks=ranks, seed=3)]
        for size, acc, ranks in ((8, 1, 1), (4, 1, 2), (2, 2, 2), (4, 2, 1))
    ]
    assert steps[0] == steps[1] == steps[2] == steps[3]


def test_without_a_limit_a_pictures_samples_stay_together():
    items = made([4] * 40)
    plan = plan_epoch(items, batch_size=32, seed=0)
    groups = [group for step in plan for micro in step for batch in micro for group in batch.groups]
    assert len(groups) == 40


def test_a_limit_spreads_a_pictures_samples():
    items = made([4] * 40)
    plan = plan_epoch(items, batch_size=32, seed=0, max_branches=1)
    assert all(len(group) == 1 for step in plan for micro in step for batch in micro for group in batch.groups)
    images = [items[i].image for i in order(plan)]
    neighbours = sum(a == b for a, b in pairwise(images))
    assert neighbours < 20


@pytest.mark.parametrize("micro_steps", [1, 2])
def test_neighbours_in_cost_share_a_micro_step(micro_steps):
    tokens = [1000, 10, 900, 20, 1100, 30, 950, 40] * 4
    items = [Item(image=f"{i}", num_tokens=n, num_targets=1) for i, n in enumerate(tokens)]
    plan = plan_epoch(items, batch_size=2, accumulate=micro_steps, num_ranks=2, seed=1)
    cost = lambda batch: sum(items[i].num_tokens for group in batch.groups for i in group)  # noqa: E731
    for step in plan:
        costs = [cost(batch) for micro in step for batch in micro]
        assert costs == sorted(costs, reverse=True)


def test_too_few_samples_make_no_step():
    assert plan_epoch(made([1]), batch_size=4, num_ranks=2, seed=0) == []
    assert num_steps(100, batch_size=8, accumulate=2, num_ranks=2) == 4
    assert num_steps(99, batch_size=8, accumulate=2, num_ranks=2) == 3


def test_a_step_weighs_what_its_samples_do():
    items = made([3, 2, 4])
    lengths = [item.num_targets for item in items]
    ((micro,),) = plan_epoch(items, batch_size=len(items), seed=0, loss_power=1.0)
    assert micro[0].step_weight == len(items)
    ((micro,),) = plan_epoch(items, batch_size=len(items), seed=0, loss_power=0.5)
    assert micro[0].step_weight == pytest.approx(sum(length**0.5 for length in lengths))
