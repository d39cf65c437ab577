"""benchmarks/packing.py: its arms agree on every sample's loss, and an arm that cheats does not pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch.nn.functional as F

from benchmarks import packing, packing_arms
from benchmarks.packing_arms import SMALL, arms_of, batches_of, plan_of, shapes_of_tiny, tiny
from benchmarks.packing_load import flops, load_of, load_of_plan, parts
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import published_lengths

QUICK = ["--small", "--steps", "1", "--sorted"]


@pytest.fixture(scope="module")
def lengths() -> Lengths:
    """Some hundred pictures of the published set's shape."""
    whole, _ = published_lengths()
    chosen = whole.image < 300
    return Lengths(
        image=whole.image[chosen], num_tokens=whole.num_tokens[chosen], num_targets=whole.num_targets[chosen],
        num_words=whole.num_words[chosen],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def few(monkeypatch, lengths):
    monkeypatch.setattr(packing, "published_lengths", lambda: (lengths, None))


def test_every_arm_has_the_same_losses(capsys):
    assert packing.main(QUICK) == 0
    told = capsys.readouterr().out
    for arm in arms_of(SMALL):
        assert told.count(f"\n{arm.name} ") == 2, told
    assert "every arm's summed loss and each sample's are those of pictures to 0.0001 of them" in told


@pytest.mark.parametrize("name", ["samples", "none"])
def test_an_arm_that_drops_a_sample_does_not_pass(monkeypatch, capsys, name):
    def dropping(lengths, arm, samples):
        return plan_of(lengths, arm, samples[:-1] if arm.name == name else samples)

    monkeypatch.setattr(packing, "plan_of", dropping)
    assert packing.main(QUICK) == 2
    assert f"{name}: summed loss" in capsys.readouterr().out


def test_an_arm_whose_samples_see_each_other_does_not_pass(monkeypatch, capsys):
    """Sums may hide it: each sample's loss is held."""
    right = packing_arms._blocks

    def leaking(query, key, value, spans):
        if packing_arms.is_alone(spans) or any(len(cuts) > 3 for row in spans for cuts in row):
            return right(query, key, value, spans)
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)

    monkeypatch.setattr(packing_arms, "_blocks", leaking)
    assert packing.main(QUICK) == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("samples: ")


def test_a_missed_aim_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(packing, "SMALL_AIMS", {"samples": 1e6})
    assert packing.main(QUICK) == 1
    assert "times as fast as samples, and 1000000.0 was the aim" in capsys.readouterr().out


def test_what_is_aimed_at():
    """The numbers that the documents state, and that a run without ``--small`` exits by."""
    assert packing.AIMS == {"samples": 1.8, "none": 2.5}


def test_nothing_to_run_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        packing.main(["--steps", "0"])
    assert ended.value.code == 2 and "--steps 0" in capsys.readouterr().err


@pytest.mark.parametrize("number", range(4))
def test_loads_by_lengths_are_those_of_the_batches(lengths, number):
    arm, samples = arms_of(SMALL)[number], np.arange(7, 7 + 32 * 9, 9).astype(np.int32)
    plan = plan_of(lengths, arm, samples)
    assert sorted(plan.samples.tolist()) == samples.tolist()
    assert load_of_plan(plan, lengths, arm) == load_of(batches_of(plan, lengths, SMALL), ours=arm.name == "pictures")


def test_parts_of_the_work_add_up(lengths):
    arm, samples = arms_of(SMALL)[0], np.arange(32).astype(np.int32)
    shapes, load = shapes_of_tiny(tiny(SMALL)), load_of_plan(plan_of(lengths, arm, samples), lengths, arm)
    shares = parts(shapes, load)
    assert sum(shares.values()) == pytest.approx(1) and all(share > 0 for share in shares.values())
    assert flops(shapes, load) > 6 * shapes.text.layers * shapes.text_layer_matrices * load.tokens
