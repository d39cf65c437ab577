"""How a micro-batch's samples lie in rows: behind one picture, a copy each, or a row each. Never who is in a step."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.config.choices import LossMean, Packing, Sampler
from llavapose.data.plan.epoch import EpochPlan, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from llavapose.data.plan.published import published_lengths
from llavapose.data.plan.tally import tally
from tests.data.plan.made import lengths_of, steps_of

PREFIX, OF_TEXT, ROW = 90, 20, 400

shapes = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 9),
        "accumulate": st.integers(1, 3),
        "num_ranks": st.integers(1, 4),
        "max_branches": st.integers(0, 3),
        "seed": st.integers(0, 5),
        "sampler": st.sampled_from(list(Sampler)),
        "packing": st.sampled_from(list(Packing)),
    }
)


def size_of(lengths: Lengths, index: int) -> int:
    """Tokens of a sample standing alone."""
    return int(lengths.num_tokens[index]) + (PREFIX if lengths.image[index] >= 0 else OF_TEXT)


@settings(max_examples=150, deadline=None)
@given(shapes, st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(0, 30), st.integers(0, 2))
def test_every_sampler_in_every_packing_holds_its_promises(shape, sizes, texts, epoch):
    images = [image for image, size in enumerate(sizes) for _ in range(size)] + [-1] * texts
    lengths = lengths_of(images, [10 + 37 * i % 101 for i in range(len(images))])
    how = PlanSettings(**shape, row_tokens=ROW, prefix_tokens=PREFIX, text_prefix_tokens=OF_TEXT)
    plan = plan_epoch(lengths, how, epoch=epoch)
    steps = steps_of(plan)
    assert len(steps) == num_steps(len(lengths), how)
    seen = Counter(plan.samples.tolist())
    assert set(seen.values()) <= {1} and 0 <= len(lengths) - len(plan.samples) < how.slices
    for step in steps:
        batches = [batch for micro in step for batch in micro]
        assert len(batches) == how.slices and all(batch.num_samples for batch in batches)
        targets = sum(int(lengths.num_targets[i]) for batch in batches for i in batch.samples)
        assert {batch.step_weight for batch in batches} == {targets}
        for row in (row for batch in batches for row in batch.rows):
            assert all(len({int(lengths.image[i]) for i in group}) == 1 for group in row)
            assert all(lengths.image[group[0]] >= 0 or len(group) == 1 for group in row)
            tokens = sum(size_of(lengths, group[0]) + int(lengths.num_tokens[list(group[1:])].sum()) for group in row)
            assert tokens <= ROW
            if how.packing is Packing.none:
                assert len(row) == len(row[0]) == 1
            elif how.packing is Packing.samples:
                assert all(len(group) == 1 for group in row)
            elif how.max_branches:
                assert all(len(group) <= how.max_branches for group in row)
    assert plan.fingerprint == plan_epoch(lengths, how, epoch=epoch).fingerprint


def some(num: int = 96, *, per_picture: int = 4) -> Lengths:
    tokens = np.random.default_rng(num).integers(10, 300, num).tolist()
    return lengths_of([index // per_picture for index in range(num)], tokens)


def who(plan: EpochPlan) -> list[set[int]]:
    """The samples of each step."""
    return [{i for micro in step for batch in micro for i in batch.samples} for step in steps_of(plan)]


@pytest.mark.parametrize("sampler", [Sampler.shared, Sampler.llava])
@pytest.mark.parametrize("max_branches", [0, 1, 2])
def test_packing_does_not_decide_who_is_in_a_step(sampler, max_branches):
    how = PlanSettings(batch_size=4, accumulate=2, num_ranks=2, seed=1, sampler=sampler, max_branches=max_branches,
                       prefix_tokens=PREFIX)  # fmt: skip
    steps = [who(plan_epoch(some(), replace(how, packing=packing))) for packing in Packing]
    assert steps[0] == steps[1] == steps[2] and len(steps[0]) == 6


HOW = PlanSettings(batch_size=4, accumulate=2, num_ranks=2, seed=1, prefix_tokens=PREFIX, row_tokens=1000)


def test_samples_of_llavas_micro_batches_stay_together_in_every_packing():
    """So that the mean of the micro-batches' means is the same number, too."""
    how = replace(HOW, sampler=Sampler.llava, loss=LossMean.micro_batch)
    plans = [plan_epoch(some(), replace(how, packing=packing)) for packing in Packing]
    batches = [[sorted(plan.micro_batch(n).samples) for n in range(len(plan.weights))] for plan in plans]
    assert batches[0] == batches[1] == batches[2]
    assert (plans[0].weights == plans[1].weights).all() and (plans[0].weights == plans[2].weights).all()


def test_without_packing_a_step_is_cut_where_it_is_sorted_by_length():
    lengths = some()
    for step in steps_of(plan_epoch(lengths, replace(HOW, packing=Packing.none))):
        sizes = [size_of(lengths, i) for micro in step for batch in micro for i in batch.samples]
        assert sizes == sorted(sizes, reverse=True)


def test_texts_are_sorted_with_their_own_prefix():
    """A text of 100 tokens behind 20 is shorter than a sample of 40 behind a picture of 90."""
    lengths = lengths_of([-1, 0, -1, 1], [100, 40, 95, 38])
    how = PlanSettings(
        batch_size=2, accumulate=2, seed=0, packing=Packing.none, prefix_tokens=90, text_prefix_tokens=20
    )
    first, second = plan_epoch(lengths, how).micro_batches(0)
    assert (set(first.samples), set(second.samples)) == ({1, 3}, {0, 2})


def test_balanced_ranks_are_alike_without_packing():
    """Sorted neighbours are dealt to the ranks in turn: their longest rows differ by a neighbour's length only."""
    lengths, how = some(960), replace(HOW, batch_size=8, sampler=Sampler.balanced, packing=Packing.none, row_tokens=0)
    for step in steps_of(plan_epoch(lengths, how)):
        everyone = sorted((size_of(lengths, i) for micro in step for b in micro for i in b.samples), reverse=True)
        for number, micro in enumerate(step):
            widths = sorted((max(size_of(lengths, i) for i in batch.samples) for batch in micro), reverse=True)
            assert widths == everyone[number * 16 : number * 16 + 2]


def test_samples_fill_rows_with_a_copy_of_the_picture_each():
    lengths = lengths_of([0] * 8, [10, 20, 30, 40, 240, 250, 260, 270])
    how = PlanSettings(batch_size=8, seed=0, prefix_tokens=90, row_tokens=1100)
    for sampler in Sampler:
        chosen = replace(how, sampler=sampler)
        (shared,) = plan_epoch(lengths, replace(chosen, row_tokens=0)).micro_batches(0)
        assert [[len(group) for group in row] for row in shared.rows] == [[8]]
        (ordinary,) = plan_epoch(lengths, replace(chosen, packing=Packing.samples)).micro_batches(0)
        assert all(len(group) == 1 for row in ordinary.rows for group in row)
        sizes = [sum(size_of(lengths, i) for (i,) in row) for row in ordinary.rows]
        assert sum(sizes) == 1120 + 8 * 90 and max(sizes) <= 1100
        assert 1 < len(sizes) < 8 and len(sizes) * max(sizes) < 1.1 * sum(sizes), "rows are full"


def test_pictures_meet_under_llavas_sampler_too():
    lengths = lengths_of([0, 0, 1, 1], [30, 30, 30, 30])
    how = PlanSettings(batch_size=4, seed=0, sampler=Sampler.llava, prefix_tokens=90)
    (micro,) = plan_epoch(lengths, how).micro_batches(0)
    assert sorted(sorted(group) for row in micro.rows for group in row) == [[0, 1], [2, 3]]
    (cut,) = plan_epoch(lengths, replace(how, row_tokens=130)).micro_batches(0)
    assert sorted(len(group) for row in cut.rows for group in row) == [1, 1, 1, 1]


def test_a_pictures_samples_need_not_fit_one_row_where_each_has_a_copy():
    """``row_tokens`` cuts a picture's samples only where they share its row."""
    lengths = some(8, per_picture=8)
    how = PlanSettings(batch_size=8, seed=0, prefix_tokens=PREFIX, row_tokens=400)
    for packing, fewest in ((Packing.pictures, 2), (Packing.samples, 2), (Packing.none, 8)):
        (micro,) = plan_epoch(lengths, replace(how, packing=packing)).micro_batches(0)
        assert len(micro.rows) >= fewest and sorted(micro.samples) == list(range(8))


@pytest.fixture(scope="module")
def published() -> Lengths:
    return published_lengths()[0]


@pytest.mark.parametrize("sampler", [Sampler.shared, Sampler.balanced])
def test_the_published_set_without_packing(published, sampler):
    """171 M tokens and little padding: a step sorted by length before it is cut."""
    how = PlanSettings(batch_size=8, accumulate=2, num_ranks=2, seed=0, sampler=sampler, packing=Packing.none,
                       prefix_tokens=611, text_prefix_tokens=35, row_tokens=2048)  # fmt: skip
    found = tally(plan_epoch(published, how), published, how)
    assert found.num_tokens == int(published.num_tokens.sum()) + 611 * len(published)
    assert found.padding < 0.16 and found.most_rows == 8
    if sampler is Sampler.balanced:
        assert found.wait_mean < 0.04


def test_the_published_set_packed_with_a_copy_each(published):
    how = PlanSettings(batch_size=8, accumulate=2, num_ranks=2, seed=0, sampler=Sampler.balanced,
                       packing=Packing.samples, prefix_tokens=611, row_tokens=4096)  # fmt: skip
    plan = plan_epoch(published, how)
    found = tally(plan, published, how)
    assert found.num_tokens == int(published.num_tokens.sum()) + 611 * len(published)
    assert found.padding < 0.06 and found.longest_row <= 4096
    ours = tally(plan_epoch(published, replace(how, packing=Packing.pictures)), published, how)
    assert found.num_computed / ours.num_computed > 2.1


def test_a_fingerprint_tells_packings_apart():
    prints = {plan_epoch(some(), replace(HOW, packing=packing)).fingerprint for packing in Packing}
    assert len(prints) == 3
    rows = [np.diff(plan_epoch(some(), replace(HOW, packing=packing)).rows).max() for packing in Packing]
    assert dict(zip(Packing, rows, strict=True))[Packing.none] == 1
    assert all(a is not b for a, b in pairwise(Packing))
