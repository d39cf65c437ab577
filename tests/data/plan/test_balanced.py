"""Balanced steps: exactly the global batch, rows within their budget, ranks alike, a picture everywhere."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llavapose.config.choices import Sampler
from llavapose.data.plan.balanced import take
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import PlanSettings, num_steps
from llavapose.data.plan.levels import _exchanged, deal_level
from llavapose.data.plan.rows import Piece, laid, row_cost
from tests.data.plan.made import lengths_of, steps_of

shapes = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 9),
        "accumulate": st.integers(1, 3),
        "num_ranks": st.integers(1, 4),
        "max_branches": st.integers(0, 3),
        "seed": st.integers(0, 5),
    }
)


FEW_PICTURES = {"batch_size": 2, "accumulate": 2, "num_ranks": 2, "max_branches": 0, "seed": 0}


@settings(max_examples=60, deadline=None)
@given(shapes, st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(0, 99), st.integers(0, 2))
@example(FEW_PICTURES, [1, 2, 2, 4, 1, 1, 1, 1, 2, 1, 1], 1, 0)  # one picture cut in two, and a part of it exchanged
def test_plan_holds_its_promises(shape, sizes, texts, epoch):
    images = [image for image, size in enumerate(sizes) for _ in range(size)] + [-1] * texts
    lengths = lengths_of(images, [10 + 37 * i % 101 for i in range(len(images))])
    how = PlanSettings(**shape, sampler=Sampler.balanced, row_tokens=400, prefix_tokens=90, text_prefix_tokens=20)
    plan = plan_epoch(lengths, how, epoch=epoch)
    steps = steps_of(plan)
    assert len(steps) == num_steps(len(lengths), how)
    seen = Counter(plan.samples.tolist())
    left = len(lengths) - sum(seen.values())
    assert set(seen.values()) <= {1} and 0 <= left < how.slices
    for number, step in enumerate(steps):
        batches = [batch for micro in step for batch in micro]
        assert len(batches) == how.slices and all(batch.num_samples for batch in batches)
        total = sum(batch.num_samples for batch in batches)
        pictures = [{int(lengths.image[i]) for i in batch.samples} - {-1} for batch in batches]
        assert all(pictures) or len(set().union(*pictures)) < how.slices
        assert total == how.global_batch or (number == len(steps) - 1 and total == len(lengths) % how.global_batch)
        for row in (row for batch in batches for row in batch.rows):
            size = 0
            for group in row:
                (image,) = {int(lengths.image[i]) for i in group}
                assert image >= 0 or len(group) == 1
                assert len(group) <= (how.max_branches or len(lengths))
                size += (20 if image < 0 else 90) + int(lengths.num_tokens[list(group)].sum())
            assert size <= 400
    assert plan.fingerprint == plan_epoch(lengths, how, epoch=epoch).fingerprint


def piece(num: int, size: int, *, first: int = 0, pictured: bool = True) -> Piece:
    return Piece(samples=tuple(range(first, first + num)), prefix=100, size=size, pictured=pictured)


def test_a_step_is_filled_without_cutting_a_picture():
    waiting = deque([piece(7, 900), piece(7, 901), piece(2, 300), piece(7, 902), piece(2, 301), piece(1, 200)])
    taken = take(waiting, 16, [10] * 7)
    assert [one.size for one in taken] == [900, 901, 300]
    assert [one.size for one in waiting] == [902, 301, 200]
    # Seven do not fit any more: what was passed over stays first in line.
    assert [one.size for one in take(waiting, 3, [10] * 7)] == [301, 200] and [one.size for one in waiting] == [902]


def test_where_nothing_fits_the_last_picture_is_cut():
    waiting = deque([piece(4, 140, first=0), piece(4, 140, first=4)])
    taken = take(waiting, 6, [10] * 8)
    assert [one.samples for one in taken] == [(0, 1, 2, 3), (4, 5)]
    assert [one.samples for one in waiting] == [(6, 7)] and waiting[0].size == 120


def sizes_of(bins) -> list[int]:
    return [sum(one.size for one in pieces) for pieces in bins]


def test_neighbours_in_cost_share_a_micro_step():
    pieces = [piece(1, size) for size in (1000, 990, 300, 310)]
    bins = deal_level(pieces, [], [900], accumulate=2, num_ranks=2)
    assert sizes_of(bins) == [1000, 990, 310, 300]


def test_a_picture_is_cut_where_that_is_worth_its_second_copy():
    """Three pictures of 1100 for two ranks: 2200 and 1100, or 1700 each with a fourth copy of the prefix."""
    num_tokens = [100] * 30
    pieces = [piece(10, 1100, first=10 * number) for number in range(3)]
    bins = deal_level(pieces, [], num_tokens, accumulate=1, num_ranks=2)
    assert sorted(sizes_of(bins)) == [1700, 1700]
    assert sorted(i for pieces in bins for one in pieces for i in one.samples) == list(range(30))
    # A difference smaller than the prefix is left as it is.
    near = [piece(10, 1100), piece(10, 1010, first=10)]
    assert sizes_of(deal_level(near, [], num_tokens, accumulate=1, num_ranks=2)) == [1100, 1010]


def test_a_difference_that_is_left_goes_to_a_later_step():
    waiting = [piece(2, 700), piece(1, 500), piece(1, 610), piece(1, 640, pictured=False)]
    bins = deal_level([piece(1, 700), piece(1, 600)], waiting, [500], accumulate=1, num_ranks=2)
    assert sizes_of(bins) == [610, 600] and [one.size for one in waiting] == [700, 500, 700, 640]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_every_micro_batch_gets_a_picture_while_there_are_enough(accumulate):
    """Also beside a text that is longer than everything else: its micro-batch gives no only picture away."""
    number = 2 * accumulate
    pieces = [piece(1, 200 + at) for at in range(number)]
    pieces += [piece(1, size, pictured=False) for size in (2000, *range(300, 300 + 3 * number))]
    bins = deal_level(pieces, [], [100], accumulate=accumulate, num_ranks=2)
    assert sum(map(len, bins)) == len(pieces)
    assert [sum(one.pictured for one in pieces) for pieces in bins] == [1] * number


def test_a_second_picture_may_be_given_away_and_an_only_one_exchanged():
    text = piece(1, 800, pictured=False)
    assert _exchanged([text, piece(1, 100)], [piece(1, 350)], []) is None
    given = _exchanged([text, piece(1, 100), piece(1, 90)], [piece(1, 350)], [])
    assert given is not None and sizes_of(given) == [890, 450]
    texts = [piece(1, 400, pictured=False), piece(1, 200, pictured=False)]
    exchanged = _exchanged([*texts, piece(1, 700)], [piece(1, 100)], [])
    assert exchanged is not None and sizes_of(exchanged) == [700, 700]
    # Nor does a short micro-batch take a text in place of its own.
    kept = _exchanged([text, piece(1, 700, pictured=False)], [piece(1, 500)], [])
    assert kept is not None and [one.size for one in kept[1]] == [500, 700]


def test_pictures_are_cut_where_there_are_fewer_than_ranks():
    bins = deal_level([piece(5, 600)], [], [100] * 5, accumulate=2, num_ranks=2)
    assert all(bins) and sorted(i for pieces in bins for one in pieces for i in one.samples) == [0, 1, 2, 3, 4]


def test_rows_cost_least():
    alike = [piece(1, 1000) for _ in range(4)]
    assert len(laid(alike, 0)[1]) == 4
    # One long row has no padding: for an odd number of pieces that outweighs attention.
    cost, rows = laid([piece(1, 1000), piece(1, 400)], 0)
    assert len(rows) == 1 and cost == row_cost(1400) < 2 * row_cost(1000)
    assert len(laid([piece(1, 1000), piece(1, 400)], 1300)[1]) == 2


def test_rows_keep_their_budget_or_hold_one_piece():
    pieces = [piece(1, size) for size in np.random.default_rng(0).integers(100, 900, 12).tolist()]
    for budget in (900, 1200, 2000):
        _, rows = laid(pieces, budget)
        assert max(sizes_of(rows)) <= budget and sum(map(len, rows)) == 12


@pytest.mark.parametrize("ranks", [2, 4])
def test_no_kind_of_piece_is_kept_waiting(ranks):
    """Long and short pictures come evenly over the epoch: who shares a step is not decided by length."""
    generator = np.random.default_rng(1)
    images = np.repeat(np.arange(3000), generator.choice([2, 7], 3000))
    lengths = lengths_of(images.tolist(), generator.integers(20, 900, len(images)).tolist())
    how = PlanSettings(batch_size=16 // ranks, accumulate=2, num_ranks=ranks, seed=0, sampler=Sampler.balanced)
    plan = plan_epoch(lengths, replace(how, prefix_tokens=600))
    tokens, siblings = lengths.num_tokens[plan.samples], np.bincount(lengths.image)[lengths.image[plan.samples]]
    for values in (tokens, siblings):
        tenths = np.array([part.mean() for part in np.array_split(values, 10)])
        assert np.abs(tenths / values.mean() - 1).max() < 0.05
