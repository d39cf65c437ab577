"""The learning rate over a run, and which parameters decay."""

from __future__ import annotations

import math
from copy import deepcopy

import pytest
import torch
from torch import nn
from transformers import get_cosine_schedule_with_warmup

from llavapose.config.choices import Schedule
from llavapose.config.schema import OptimConfig
from llavapose.families.family import Family
from llavapose.training.optim import cosine_factor, is_hidden_matrix, make_optimizer, parameter_groups

PART_OF = Family(model_types=("toy",), vision=("vision_tower",), connector=("multi_modal_projector",)).part_of
MUON = OptimConfig(lr=0.1, muon_lr=0.3, warmup_ratio=0.0)


@pytest.mark.parametrize(("num_steps", "ratio"), [(626, 0.03), (100, 0.03), (7, 0.03), (50, 0.0), (50, 0.5)])
def test_cosine_is_transformers(num_steps, ratio):
    """Hugging Face rounds the warmup up: ``TrainingArguments.get_warmup_steps``."""
    theirs = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2e-5)
    schedule = get_cosine_schedule_with_warmup(theirs, math.ceil(num_steps * ratio), num_steps)
    for step in range(num_steps + 1):
        ours = 2e-5 * cosine_factor(step, num_steps=num_steps, warmup_ratio=ratio)
        assert ours == pytest.approx(theirs.param_groups[0]["lr"], abs=1e-12), step
        theirs.step()
        schedule.step()


def test_peak_and_ends():
    factor = lambda step, **k: cosine_factor(step, num_steps=100, warmup_ratio=0.1, **k)  # noqa: E731
    assert factor(0) == 0 and factor(10) == 1 and factor(100) == pytest.approx(0)
    assert factor(100, min_ratio=0.1) == pytest.approx(0.1) == factor(1000, min_ratio=0.1)
    assert all(cosine_factor(s, num_steps=100, warmup_ratio=0.1, min_ratio=1.0) == 1 for s in range(10, 120))


def made() -> nn.Module:
    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.multi_modal_projector = nn.Linear(3, 3)
            self.layer = nn.Linear(3, 3)
            self.frozen = nn.Linear(3, 3).requires_grad_(False)

    return Tiny()


def test_groups():
    model = made()
    groups = parameter_groups(model.named_parameters(), lr=1.0, connector_lr=0.1, weight_decay=0.2, part_of=PART_OF)
    found = {(g["lr"], g["weight_decay"]): len(g["params"]) for g in groups}
    assert found == {(0.1, 0.2): 1, (0.1, 0.0): 1, (1.0, 0.2): 1, (1.0, 0.0): 1}
    grouped = {id(p) for group in groups for p in group["params"]}
    assert grouped == {id(p) for p in model.parameters() if p.requires_grad}


@pytest.mark.parametrize("muon_lr", [None, 0.02])
def test_the_vision_encoder_has_a_rate_of_its_own_muons_share_too(muon_lr):
    model = nn.ModuleDict({"vision_tower": made(), "language_model": made()})
    config = OptimConfig(lr=1e-3, vision_lr=1e-4, muon_lr=muon_lr, warmup_ratio=0.0)
    optimizer, _ = make_optimizer(model.named_parameters(), config, num_steps=10, part_of=PART_OF)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            muon = muon_lr is not None and name.endswith("layer.weight")
            connector = "multi_modal_projector" in name
            share = 0.1 if name.startswith("vision_tower.") and not connector else 1.0
            assert rates[id(parameter)] == pytest.approx((muon_lr if muon else 1e-3) * share), name


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_optimizer_follows_the_schedule(schedule):
    optimizer, rates = make_optimizer(
        made().named_parameters(),
        OptimConfig(lr=1.0, connector_lr=0.5, warmup_ratio=0.2, schedule=Schedule(schedule)),
        num_steps=10,
        part_of=PART_OF,
    )
    seen = []
    for _ in range(10):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        rates.step()
    assert [pair[0] for pair in seen[:3]] == [0.0, 0.25, 0.5]
    assert all(pair[2] == pytest.approx(2 * pair[0]) for pair in seen)
    assert (seen[-1][2] == 1.0) is (schedule == "constant")


def stepped(optimizer, model, times):
    for number in range(times):
        optimizer.zero_grad()
        model.layer(model.multi_modal_projector(torch.full((2, 3), 1.0 + number))).square().sum().backward()
        optimizer.step()


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest():
    model = made()
    optimizer, _ = make_optimizer(model.named_parameters(), MUON, num_steps=10, part_of=PART_OF)
    muon, adamw = optimizer.parts
    assert {id(p) for g in muon.param_groups for p in g["params"]} == {id(model.layer.weight)}
    assert {id(p) for g in adamw.param_groups for p in g["params"]} == {
        id(model.layer.bias),
        *map(id, model.multi_modal_projector.parameters()),
    }
    assert not is_hidden_matrix("model.embed_tokens.weight", nn.Parameter(torch.zeros(3, 3)))
    assert not is_hidden_matrix("lm_head.weight", nn.Parameter(torch.zeros(3, 3)))


def test_one_schedule_moves_both_rates():
    model = made()
    optimizer, schedule = make_optimizer(model.named_parameters(), MUON, num_steps=10, part_of=PART_OF)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    muon, adamw = optimizer.parts
    assert muon.param_groups[0]["lr"] == pytest.approx(0.15)
    assert adamw.param_groups[0]["lr"] == pytest.approx(0.05)


def test_joined_optimizers_go_on_from_their_state():
    """Saved, restored into new optimizers and stepped on: the same weights as without the pause."""
    torch.manual_seed(0)
    one = made()
    other = made()
    other.load_state_dict(one.state_dict())
    settings = OptimConfig(lr=0.01, muon_lr=0.02, warmup_ratio=0.0)
    whole, _ = make_optimizer(one.named_parameters(), settings, num_steps=10, part_of=PART_OF)
    first, _ = make_optimizer(other.named_parameters(), settings, num_steps=10, part_of=PART_OF)
    stepped(whole, one, 4)
    stepped(first, other, 4)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    saved, weights = deepcopy(first.state_dict()), deepcopy(other.state_dict())
    stepped(first, other, 2)
    resumed = made()
    resumed.load_state_dict(weights)
    second, _ = make_optimizer(resumed.named_parameters(), settings, num_steps=10, part_of=PART_OF)
    second.load_state_dict(saved)
    stepped(second, resumed, 2)
    for a, b in zip(other.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
