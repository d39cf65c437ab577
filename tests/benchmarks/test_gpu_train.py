"""The GPU benchmark walked through on a CPU: equal work in every arm, the prediction first, and what fails is told."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

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
    patches = shapes.picture.encoded
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
    ran = [one for one in found["measured"] if not one["failed"]]
    assert len(ran) > 5 and [one["wrong"] for one in ran] == [None] * len(ran) and "wrong" not in said
    assert found["reference"] == "one a row, dense" and found["bounds"] == gpu_arms.BOUNDS
    assert found["times ordinary"] > 0 and found["largest difference of mean loss"] < 0.01


def one_other_target(batch):
    targets = batch.targets.clone()
    row, place = (targets != IGNORE).nonzero()[-1].tolist()
    targets[row, place] = 5 if targets[row, place] != 5 else 6
    return replace(batch, targets=targets)


WRONG = {
    "one other target": one_other_target,
    "samples see each other": lambda batch: replace(batch, segments=batch.segments.clamp(max=0)),
    # Every row has the same text: pictures that change places would be the same samples.
    "one picture twice": lambda batch: replace(batch, pixel_values=batch.pixel_values[[1, 1, 2, 3]]),
    "shifted by one in branches": lambda batch: replace(batch, positions=batch.positions + (batch.segments > 0).long()),
}


@pytest.fixture(scope="module")
def half(config):
    return build(config, torch.device("cpu"))


def bench_of(model, shapes, arms):
    return gpu_train.Bench(model, shapes, arms, Namespace(repeats=1, seconds=300, keep=lambda found: None))


@pytest.mark.parametrize("name", WRONG)
def test_an_arm_that_learns_something_else_is_told_and_never_wins(half, shapes, arms, name, capsys):
    bench = bench_of(half, shapes, arms | {"ours": [WRONG[name](batch) for batch in arms["ours"]]})
    best = gpu_train.search(bench, ["dense"], [])
    assert set(best) == {"ordinary", "one a row"}
    (found,) = [one for one in bench.found if one.arm == "ours"]
    assert found.wrong and found.apart["gradients"] > gpu_arms.BOUNDS["gradients"]
    assert "| wrong: " in capsys.readouterr().out


def test_an_arm_whose_loss_is_weighed_otherwise_is_told(half, shapes, arms, monkeypatch):
    """As where every micro-batch is multiplied by their number."""
    number = {id(batch): len(parts) for parts in arms.values() for batch in parts}
    monkeypatch.setattr(gpu_train, "losses", lambda model, batch, way: losses(model, batch, way) * number[id(batch)])
    bench = bench_of(half, shapes, arms)
    best = gpu_train.search(bench, ["dense"], [])
    wrong = {one.arm for one in bench.found if one.wrong}
    assert wrong | set(best) == set(ARMS) and not wrong & set(best)
    assert wrong == {arm for arm, parts in arms.items() if len(parts) > 1}


def test_what_gives_no_number_is_wrong(half, shapes, arms, monkeypatch):
    monkeypatch.setattr(gpu_train, "losses", lambda *given: losses(*given) * float("nan"))
    bench = bench_of(half, shapes, arms)
    assert gpu_train.search(bench, ["dense"], []) == {} and all(one.wrong for one in bench.found)


def test_a_kernel_of_gpus_says_so_on_a_cpu(half, shapes, arms):
    found = bench_of(half, shapes, arms).measure("ours", Way(attention="varlen"))
    assert found.failed == "needs an NVIDIA GPU"


def test_a_plan_needs_no_gpu(monkeypatch, capsys):
    monkeypatch.delenv("OUT", raising=False)
    monkeypatch.setattr(sys, "argv", ["gpu_train", "--plan"])
    gpu_train.main()
    said = capsys.readouterr().out
    assert "foretold for H200 (989 TFLOP/s" in said and "| ours | dense | 16 | 6,812 |" in said
    rows = [line for line in said.splitlines() if line.startswith(("| ours |", "| ordinary |", "| one a row |"))]
    assert len(rows) == len(ARMS) * len(attentions())
    page = (Path(__file__).parents[2] / "docs" / "speed.md").read_text(encoding="utf-8")
    assert not [row for row in rows if row not in page]


def test_what_holds_no_mask_is_foretold_less_memory(shapes, arms):
    peaks = {(one.arm, one.attention): one.peak_gib for one in gpu_train.plans(shapes, arms, None)}
    for arm in ARMS:
        assert peaks[arm, "flex"] == peaks[arm, "varlen"] < peaks[arm, "dense"] == peaks[arm, "branches"]


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
    def tried(seconds, *switches, wrong=None):
        way = Way(attention="dense", switches=frozenset(switches))
        return way, gpu_train.Measured(arm="ours", way=str(way), seconds=seconds, wrong=wrong)

    plain = tried(1.0)
    tries = [tried(0.9, "chunked"), tried(0.8, "all logits"), tried(0.7, "compile"), tried(1.2, "liger"), tried(None)]
    assert gpu_train.helping(plain, tries) == {"all logits", "compile"}
    assert gpu_train.helping(plain, tries[3:]) == frozenset()
    assert gpu_train.fastest([plain, *tries]) == tries[2] and gpu_train.fastest(tries[4:]) is None
    quick = tried(0.1, "liger", wrong="other gradients")
    assert gpu_train.helping(plain, [quick]) == frozenset() and gpu_train.fastest([quick, plain]) == plain
