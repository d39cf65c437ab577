"""LLaVA's order: held against its published sampler, read as its trainer's own batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.config.choices import LossMean, Sampler
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps
from llavapose.data.plan.llava import even_chunks, megabatches
from tests.data.plan.made import lengths_of, steps_of

HOW = PlanSettings(batch_size=2, accumulate=2, num_ranks=2, seed=5, sampler=Sampler.llava, loss=LossMean.micro_batch)


def dealt(words: list[int], chunks: int) -> list[list[int]]:
    """What LLaVA's sampler makes of samples that lie longest first, by its description and not by our code."""
    if len(words) % chunks:
        return [list(range(first, len(words), chunks)) for first in range(chunks)]
    found = [[] for _ in range(chunks)]
    for sample in range(len(words)):
        open_ones = [chunk for chunk in found if len(chunk) < len(words) // chunks]
        min(open_ones, key=lambda chunk: sum(words[one] for one in chunk)).append(sample)
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 8))
def test_even_chunks(words, chunks):
    longest_first = sorted(words, reverse=True)
    assert even_chunks(range(len(words)), longest_first, chunks) == dealt(longest_first, chunks)


def test_a_worked_example():
    """Eight samples of 9, 8, ... words in four chunks of two: 9+2, 8+3, 7+4, 6+5."""
    words = [2, 9, 4, 7, 3, 8, 5, 6]
    assert megabatches(range(8), words, HOW) == [[1, 0, 5, 4, 3, 2, 7, 6]]


def random_lengths(num: int, *, texts: int = 0) -> Lengths:
    generator = np.random.default_rng(num)
    return lengths_of([*range(num - texts), *[-1] * texts], generator.integers(10, 400, num).tolist())


@pytest.mark.parametrize("num", [8, 40, 43, 44, 47])
def test_every_sample_once_one_a_row_in_steps_of_one_megabatch(num):
    lengths = random_lengths(num)
    plan = plan_epoch(lengths, HOW)
    steps = steps_of(plan)
    assert plan.num_steps == num_steps(num, HOW) == num // 8 + (num % 8 >= 4)
    used = sorted(plan.samples.tolist())
    assert used == (list(range(num)) if num % 8 == 0 or num % 8 >= 4 else used) and len(set(used)) == len(used)
    assert len(plan.rows) - 1 == len(used)
    words = lengths.num_words + 1
    for step in steps[: num // 8]:
        batches = [list(batch.samples) for micro in step for batch in micro]
        assert all(len(batch) == 2 for batch in batches)
        longest_first = sorted((i for batch in batches for i in batch), key=lambda i: -words[i])
        totals = [[words[i] for i in batch] for batch in batches]
        expected = dealt([words[i] for i in longest_first], 4)
        assert totals == [[words[longest_first[i]] for i in chunk] for chunk in expected]


def test_a_short_last_step_leaves_no_rank_without_a_sample():
    plan = plan_epoch(random_lengths(45), HOW)
    last = [batch.num_samples for micro in steps_of(plan)[-1] for batch in micro]
    assert last == [2, 1, 1, 1]


@pytest.mark.parametrize("texts", [1, 3, 16, 21, 40])
def test_samples_without_a_picture_are_dealt_apart(texts):
    lengths = random_lengths(64, texts=texts)
    plan = plan_epoch(lengths, HOW)
    assert sorted(plan.samples.tolist()) == list(range(64)) and plan.num_steps == 8
    mixed = [
        number
        for number, step in enumerate(steps_of(plan))
        if len({bool(lengths.image[i] < 0) for micro in step for batch in micro for i in batch.samples}) == 2
    ]
    # The rests of both fill one step, which comes first, or make the last one.
    assert set(mixed) <= {0, 7} and bool(mixed) is bool(texts % 8)


def test_seed_and_epoch_decide():
    lengths = random_lengths(80)
    prints = [
        plan_epoch(lengths, how, epoch=epoch).fingerprint
        for how, epoch in ((HOW, 0), (HOW, 1), (replace(HOW, seed=6), 0), (HOW, 0))
    ]
    assert prints[0] == prints[3] and len(set(prints)) == 3
