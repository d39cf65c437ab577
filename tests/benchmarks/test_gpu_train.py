"""The GPU benchmark walked through on a CPU: equal work in every arm, the prediction first, and what fails is told."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from benchmarks import gpu_arms, gpu_train
from benchmarks.gpu import build
from benchmarks.gpu_arms import ARMS, Way, arm_of, attentions, losses, switched, useful_flops
from benchmarks.llavas import SIZES, tiny_config
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import IGNORE, PADDING
from llavapose.training.forecast.shapes import shapes_of


@pytest.fixture(scope="module")
def config():
    return tiny_config(SIZES["small"])


@pytest.fixture(scope="module")
def shapes(config):
    return shapes_of(config.to_dict(), where="tiny")


@pytest.fixture(scope="module")
def arms(config, shapes):
    return gpu_train.arms_of(shapes, config.image_token_index, torch.device("cpu"), tiny=True)


@pytest.fixture(scope="module")
def model(config):
    return build(config, torch.device("cpu")).float()


def every_loss(model, batches, way) -> torch.Tensor:
    return torch.cat([losses(model, batch, way) for batch in batches]).sort().values


def test_every_arm_holds_the_same_samples_at_the_same_loss(model, arms):
    expected = every_loss(model, arms["ours"], Way(attention="dense"))
    for arm in ARMS:
        assert sum(batch.num_samples for batch in arms[arm]) == 16
        for attention in attentions():
            if attention in ("dense", "branches"):
                found = every_loss(model, arms[arm], Way(attention=attention))
                assert torch.allclose(found, expected, atol=1e-5), (arm, attention)
    tokens = {arm: sum(batch.num_tokens for batch in batches) for arm, batches in arms.items()}
    assert tokens["ordinary"] == tokens["one a row"] > 1.5 * tokens["ours"]
    computed = {arm: sum(batch.num_computed for batch in batches) for arm, batches in arms.items()}
    assert computed == tokens, "no arm pays for padding"


def test_in_a_block_diagonal_row_nothing_sees_another_sample(arms):
    for batch in arms["ordinary"]:
        size = batch.num_samples // batch.input_ids.shape[0]
        assert (batch.segments == PADDING).sum() == 0 and size == 4
        mask = packed_mask(batch.segments)[:, 0]
        own = batch.segments[:, :, None] == batch.segments[:, None, :]
        assert not (mask & ~own).any()


@pytest.mark.parametrize("switch", ["chunked", "all logits", "keep activations"])
def test_a_switch_changes_no_loss_and_is_taken_back(model, arms, switch):
    plain, way = Way(attention="dense"), Way(attention="dense", switches=frozenset((switch,)))
    expected = every_loss(model, arms["ours"], plain)
    expected.sum().backward()
    wanted = model.lm_head.weight.grad.clone()
    model.zero_grad()
    back = switched(model, way)
    found = every_loss(model, arms["ours"], way)
    found.sum().backward()
    back()
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(model.lm_head.weight.grad, wanted, atol=1e-5)
    model.zero_grad()
    assert model.model.language_model.layers[0].gradient_checkpointing is True


def test_operations_are_those_of_what_is_seen(shapes, arms):
    """By counting, weight by weight and pair by pair."""
    (batch,) = arms["ours"]
    tokens, targets = batch.num_tokens, int((batch.targets != IGNORE).sum())
    pairs = int(packed_mask(batch.segments).sum())
    patches = shapes.vision_patches + 1
    vision = 2 * shapes.vision_layer * patches + 4 * patches**2 * shapes.vision.queries
    expected = 6 * shapes.text.layers * shapes.text_layer_matrices * tokens
    expected += 12 * shapes.text.layers * pairs * shapes.text.queries + 6 * targets * shapes.embedding
    expected += batch.pixel_values.shape[0] * (
        6 * shapes.image_tokens * shapes.connector + shapes.vision_layers_used * vision
    )
    assert useful_flops(shapes, [batch]) == pytest.approx(expected, rel=1e-9)


def test_padding_is_no_useful_work(shapes, arms):
    (batch,) = arms["ours"]
    alone = arm_of("one a row", batch, micro_batches=1)
    split = arm_of("one a row", batch, micro_batches=4)
    assert alone[0].num_computed > sum(part.num_computed for part in split)
    assert useful_flops(shapes, alone) == pytest.approx(useful_flops(shapes, split), rel=1e-9)


def test_the_whole_path_leaves_its_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OUT", str(tmp_path))
    given = ["--tiny", "--repeats", "1", "--attention", "dense", "--switches", "chunked", "liger"]
    monkeypatch.setattr(sys, "argv", ["gpu_train", *given])
    monkeypatch.setattr(gpu_arms, "find_spec", lambda name: None)
    gpu_train.main()
    said = capsys.readouterr().out
    assert said.index("foretold for") < said.index("| ours | dense | 0.")
    found = json.loads((tmp_path / "gpu_train.json").read_text())
    assert {one["arm"] for one in found["foretold"]} == set(ARMS) == set(found["best"])
    assert "12 a visible pair" in found["formula"] and found["recompute_counted"] is False and found["parameters"] > 0
    failed = [one for one in found["measured"] if one["failed"]]
    assert [one["failed"] for one in failed] == ["not installed: pip install liger-kernel"] * 3
    assert found["times ordinary"] > 0 and found["largest difference of mean loss"] < 0.01


def test_a_plan_needs_no_gpu(monkeypatch, capsys):
    monkeypatch.delenv("OUT", raising=False)
    monkeypatch.setattr(sys, "argv", ["gpu_train", "--plan"])
    gpu_train.main()
    said = capsys.readouterr().out
    assert "foretold for H200 (989 TFLOP/s" in said and "| ours | dense | 16 | 6,812 |" in said


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpu_train"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU here"):
        gpu_train.main()


def test_behind_its_time_nothing_new_is_begun(monkeypatch, capsys):
    monkeypatch.delenv("OUT", raising=False)
    monkeypatch.setattr(sys, "argv", ["gpu_train", "--tiny", "--seconds", "0"])
    gpu_train.main()
    said = capsys.readouterr().out
    assert said.count("left out: the time was up") == len(ARMS) * len(attentions()) and "times as fast" not in said


def test_what_helps_goes_together_and_one_head_alone():
    def tried(seconds, *switches):
        way = Way(attention="dense", switches=frozenset(switches))
        return way, gpu_train.Measured(arm="ours", way=str(way), seconds=seconds)

    plain = tried(1.0)
    tries = [tried(0.9, "chunked"), tried(0.8, "all logits"), tried(0.7, "compile"), tried(1.2, "liger"), tried(None)]
    assert gpu_train.helping(plain, tries) == {"all logits", "compile"}
    assert gpu_train.helping(plain, tries[3:]) == frozenset()
    assert gpu_train.fastest([plain, *tries]) == tries[2] and gpu_train.fastest(tries[4:]) is None
