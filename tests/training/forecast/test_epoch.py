"""Samples drawn after the published counts, and what the planner makes of them."""

import dataclasses

import numpy as np
import pytest

from llavapose.config.choices import LossMean
from llavapose.config.schema import DataConfig
from llavapose.data.choose import choose, coco_id
from llavapose.data.index.records import ensure_records
from llavapose.data.plan.epoch import plan_epoch
from llavapose.data.plan.lengths import PlanSettings
from llavapose.errors import DataError
from llavapose.kinds import KINDS
from llavapose.training.forecast.epoch import epoch_of, micro_batches
from llavapose.training.forecast.mixture import all_samples, chosen_of, cut, thinned
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import read_shapes

ALL = {"conv": 1.0, "detail": 1.0, "complex": 1.0}
SEVEN = read_shapes("llava-hf/llava-1.5-7b-hf")
PAPER = PlanSettings(
    batch_size=8, accumulate=2, num_ranks=2, seed=0, max_branches=1, prefix_tokens=611, text_prefix_tokens=35,
    row_tokens=2048,
)  # fmt: skip


def data(kinds=ALL, **further) -> DataConfig:
    return DataConfig(name="full", kinds=dict(kinds), max_length=2048, **{"num_val": 0, **further})


def mixture_of(data, samples, *, seed, **further):
    return chosen_of(all_samples(data, samples, seed=seed), data, seed=seed, **further)


@pytest.fixture(scope="module")
def published():
    return mixture_of(data(), None, seed=0)


@pytest.fixture(scope="module")
def epoch(published):
    return epoch_of(published, PAPER, SEVEN, Setup(ranks=2, checkpointing=True))


def test_the_published_set(published):
    counts = dict(zip(published.kinds, np.bincount(published.kind).tolist(), strict=True))
    assert counts == {"conv": 112_980, "detail": 45_174, "complex": 42_174}
    assert published.lengths.num_pictures == 45_174
    for number, name in enumerate(published.kinds):
        kind = KINDS[name]
        mean = published.lengths.num_targets[published.kind == number].mean()
        assert mean == pytest.approx(kind.reply_tokens / kind.samples_per_reply, rel=0.03)


def test_steps_tokens_and_shares_of_the_papers_epoch(epoch):
    assert (epoch.steps, epoch.samples_a_step, epoch.last) == (6261, 32, 8)
    assert epoch.tokens == pytest.approx(171.5e6, rel=0.02)
    assert 0.2 < epoch.padding < 0.3
    assert {kind.name: kind.samples for kind in epoch.kinds}["conv"] == 112_980
    shares = {kind.name: kind.loss for kind in epoch.kinds}
    # Conversation is 56% of the samples and a tenth of a token mean.
    assert shares["conv"] == pytest.approx(0.11, abs=0.01)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_share_of_the_pictures_stands_for_all(published, epoch):
    part, every = thinned(published, 12_000)
    assert every == len(published.kind) // 12_000 == epoch.planned
    assert len(part.kind) == pytest.approx(len(published.kind) / every, rel=0.05)
    larger = epoch_of(thinned(published, 40_000)[0], PAPER, SEVEN, Setup(ranks=2, checkpointing=True))
    assert larger.padding == pytest.approx(epoch.padding, abs=0.01)


def test_what_the_loss_is_a_mean_over_moves_the_shares(published):
    by_sample = epoch_of(published, dataclasses.replace(PAPER, loss=LossMean.sample), SEVEN, Setup(ranks=2))
    assert by_sample.kinds[0].loss == pytest.approx(112_980 / 200_328, abs=0.01)


def test_micro_batches_have_the_planners_shapes(published):
    part, _ = thinned(published, 400)
    for branches in (1, 0):
        settings = dataclasses.replace(PAPER, max_branches=branches)
        plan = plan_epoch(part.lengths, settings)
        found = micro_batches(plan, part, settings)
        assert len(found) == plan.num_steps * 4
        for number in (0, len(found) - 1):
            micro, rows = plan.micro_batch(number), found[number]
            tokens = part.lengths.num_tokens
            widths = [sum(611 + sum(int(tokens[i]) for i in group) for group in row) for row in micro.rows]
            assert (rows.rows, rows.width) == (len(micro.rows), max(widths))
            assert rows.targets == sum(int(part.lengths.num_targets[i]) for i in micro.samples)
            assert rows.pictures == sum(len(row) for row in micro.rows)


def test_weights_limits_and_held_out_pictures(published):
    half = mixture_of(data({"conv": 0.5, "detail": 2}), None, seed=0)
    counts = np.bincount(half.kind, minlength=3).tolist()
    assert counts == [56_490, 90_348, 0]
    few = mixture_of(data(num_samples=100, num_val=64), None, seed=0)
    assert len(few.kind) == 100
    without = mixture_of(data(num_val=64), None, seed=0)
    assert 64 <= len(published.kind) - len(without.kind) < 64 + 7
    assert without.lengths.num_pictures < published.lengths.num_pictures
    with pytest.raises(DataError, match="no sample of kind locate; it has complex 42174"):
        mixture_of(data({"locate": 1.0}), None, seed=0)


def test_long_samples_lose_their_end(published):
    room = 300
    shorter = cut(published, room)
    assert shorter.lengths.num_tokens.max() == room
    asked = published.lengths.num_tokens - published.lengths.num_targets
    assert ((shorter.lengths.num_tokens - shorter.lengths.num_targets) == asked).all()


def test_samples_that_are_there_are_read(tiny_jsonl):
    found = mixture_of(data(num_val=0), tiny_jsonl, seed=0)
    lines = tiny_jsonl.read_text().splitlines()
    assert len(found.kind) == len(lines)
    assert found.lengths.num_pictures == len(lines) // 4
    assert str(tiny_jsonl) in found.source


def counted(mixture) -> dict[str, int]:
    numbers = np.bincount(mixture.kind, minlength=len(mixture.kinds)).tolist()
    return {kind: number for kind, number in zip(mixture.kinds, numbers, strict=True) if number}


def test_counts_stand_in_place_of_weights():
    found = mixture_of(data(counts={"conv": 100}), None, seed=0)
    assert counted(found) == {"conv": 100, "detail": 45_174, "complex": 42_174}
    alone = mixture_of(data(dict.fromkeys(ALL, 0.0), counts={"conv": 100}), None, seed=0)
    assert counted(alone) == {"conv": 100}
    with pytest.raises(DataError, match=r"data\.counts\.conv=200000, and there are 112980"):
        mixture_of(data(counts={"conv": 200_000}), None, seed=0)


COUNTED = {"counts": {"conv": 7}, "num_val": 3, "num_samples": 15}


@pytest.mark.parametrize("chosen", [{}, {"num_val": 8}, COUNTED, {"kinds": {"conv": 0.5, "detail": 2}}], ids=str)
def test_a_plan_takes_the_samples_that_a_run_takes(tiny_jsonl, tiny_pictures, chosen):
    settings, held_out = data(**chosen), {0, 3}
    records = ensure_records(tiny_jsonl, tiny_pictures, kind=None, folder=tiny_jsonl.parent / "index")
    trained = choose(
        records, kinds=settings.kinds, counts=settings.counts, num_val=settings.num_val,
        num_samples=settings.num_samples, seed=3, held_out_ids=held_out,
    ).train  # fmt: skip
    planned = mixture_of(settings, tiny_jsonl, seed=3, held_out_ids=held_out)
    assert planned.lengths.num_words.tolist() == records.words[trained].tolist()
    assert [planned.names[one] for one in planned.image] == [records.names[one] for one in records.image[trained]]
    assert not held_out & {coco_id(planned.names[one]) for one in planned.image}


def test_held_out_pictures_of_samples_that_are_not_there_are_said_to_be_in(published):
    assert "held out for benchmarks are not taken off" in published.notes[0]
