"""What a plan comes to, and the two recipes on lengths like those of the papers' set."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from llavapose.config.choices import LossMean, Packing, Sampler
from llavapose.data.plan.epoch import arranged, plan_epoch
from llavapose.data.plan.lengths import PlanSettings
from llavapose.data.plan.published import published_lengths
from llavapose.data.plan.rows import row_cost
from llavapose.data.plan.tally import loss_shares, tally
from llavapose.kinds import KINDS
from tests.data.plan.made import lengths_of

PAPER = PlanSettings(
    batch_size=8,
    accumulate=2,
    num_ranks=2,
    seed=0,
    sampler=Sampler.llava,
    packing=Packing.none,
    loss=LossMean.micro_batch,
    prefix_tokens=611,
    text_prefix_tokens=35,
)
FAST = replace(PAPER, sampler=Sampler.balanced, packing=Packing.pictures, loss=LossMean.token, row_tokens=4096)


@pytest.fixture(scope="module")
def published():
    return published_lengths()


def test_counts_by_hand():
    lengths = lengths_of([0, 0, 1, -1], [30, 60, 90, 120])
    how = PlanSettings(batch_size=2, num_ranks=2, seed=0, prefix_tokens=100, text_prefix_tokens=10)
    # Rank 0: one row of 190. Rank 1: rows of 190 and 130.
    found = tally(arranged([[[[0, 1]]], [[[2]], [[3]]]], lengths, how), lengths, how)
    assert (found.num_steps, found.num_samples, found.num_targets) == (1, 4, 11 + 21 + 31 + 41)
    assert (found.num_tokens, found.num_computed, found.longest_row, found.most_rows) == (510, 570, 190, 2)
    assert found.padding == pytest.approx(60 / 570)
    costs = np.array([row_cost(190), 2 * row_cost(190)])
    assert found.wait_mean == pytest.approx(costs.max() / costs.mean() - 1) == found.wait_p95


def test_shares_by_hand():
    lengths = lengths_of([0, 1, 2, 3], [6, 27, 87, 27])
    kinds = np.array(["conv", "detail", "detail", "conv"])
    how = PlanSettings(batch_size=2, num_ranks=2, seed=0)
    micros = [[[[0], [1]]], [[[2], [3]]]]  # targets 3, 10 and 30, 10
    shares = {
        LossMean.token: 13 / 53,
        LossMean.sample: 1 / 2,
        LossMean.micro_batch: (3 / 13 + 10 / 40) / 2,
    }
    for loss, conv in shares.items():
        chosen = replace(how, loss=loss)
        found = loss_shares(arranged(micros, lengths, chosen), lengths, kinds, chosen)
        assert found == {"conv": pytest.approx(conv), "detail": pytest.approx(1 - conv)}


def test_the_published_set(published):
    lengths, kinds = published
    assert len(lengths) == 200_328 and lengths.num_pictures == 45_174
    assert {name: int((kinds == name).sum()) for name in KINDS} == {n: k.num_published for n, k in KINDS.items()}
    per_picture = np.bincount(lengths.image)
    assert set(per_picture.tolist()) <= {1, 2, 6, 7}


def test_lengths_differ_from_teacher_to_teacher(published):
    shorter, kinds = published_lengths(longer={"conv": 0.6})
    mean = lambda lengths, kind: lengths.num_targets[kinds == kind].mean()  # noqa: E731
    assert mean(published[0], "conv") == pytest.approx(40, rel=0.02)
    assert mean(shorter, "conv") == pytest.approx(24, rel=0.02)
    assert mean(shorter, "detail") == pytest.approx(mean(published[0], "detail")) == pytest.approx(470, rel=0.02)


def test_the_fast_recipe_keeps_its_limits(published):
    lengths, kinds = published
    started = time.process_time()
    plan = plan_epoch(lengths, FAST)
    # 2 to 3 s where nothing else runs.
    assert time.process_time() - started < 15
    found = tally(plan, lengths, FAST)
    assert (found.num_steps, found.num_samples) == (6261, 200_328)
    assert found.padding <= 0.05 and found.wait_mean <= 0.03
    assert found.longest_row <= 4096
    assert len(plan.groups) - 1 < 1.03 * 45_174  # hardly a picture is encoded twice
    assert sum(loss_shares(plan, lengths, kinds, FAST).values()) == pytest.approx(1)


def test_what_sorting_would_do_to_llavas_loss(published):
    """A token's weight under the mean of micro-batch means depends on what lies beside it."""
    lengths, kinds = published

    def sorted_by_length() -> Iterator[list[list[list[int]]]]:
        order = plan_epoch(lengths, PAPER).samples[: 6260 * 32].reshape(-1, 32)
        for step in order:
            longest_first = step[np.argsort(-lengths.num_tokens[step])].tolist()
            yield from ([[[index]] for index in longest_first[at : at + 8]] for at in range(0, 32, 8))

    llavas, sorteds = (
        loss_shares(plan, lengths, kinds, PAPER)["conv"]
        for plan in (plan_epoch(lengths, PAPER), arranged(sorted_by_length(), lengths, PAPER))
    )
    assert llavas == pytest.approx(0.11, abs=0.01) and sorteds == pytest.approx(0.51, abs=0.01)
    # Packed and balanced under the step's own mean, kinds weigh what their tokens do: nearly as LLaVA has it.
    fast = loss_shares(plan_epoch(lengths, FAST), lengths, kinds, FAST)["conv"]
    assert fast == pytest.approx(llavas, abs=0.01)


def test_a_plan_without_steps_is_told():
    lengths = lengths_of([0], [10])
    with pytest.raises(ValueError, match="comes to nothing"):
        tally(plan_epoch(lengths, PAPER), lengths, PAPER)
    assert loss_shares(plan_epoch(lengths, PAPER), lengths, np.array(["conv"]), PAPER) == {}
