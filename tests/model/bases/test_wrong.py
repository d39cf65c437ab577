"""The material itself: packed by hand, a base's losses are those of separate samples; with a mistake they are not."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from tests.model.bases.models import BASES, BLIND, PACKABLE
from tests.model.bases.rows import packed, plain_losses, rows_of
from tests.model.bases.wrong import MISTAKES, RIGHT, by_hand


@cache
def made(name):
    """(model, rows, their losses one by one)."""
    model, prefixes = BASES[name].model()
    rows = rows_of(prefixes)
    with torch.no_grad():
        return model, rows, plain_losses(BASES[name], model, rows)


def apart(name, losses):
    model, rows, expected = made(name)
    with torch.no_grad():
        return float((losses(BASES[name], model, packed(rows)) - expected).abs().max())


@pytest.mark.parametrize("name", [base.name for base in PACKABLE])
def test_packed_by_hand_is_separate(name):
    assert apart(name, RIGHT) < 1e-5


@pytest.mark.parametrize(
    ("name", "mistake"),
    [(base.name, name) for base in PACKABLE for name, one in MISTAKES.items() if one.concerns(base)],
)
def test_every_mistake_moves_a_loss(name, mistake):
    assert apart(name, lambda *given: by_hand(*given, MISTAKES[mistake])) > 2e-3


@pytest.mark.parametrize("name", [base.name for base in BLIND])
def test_no_mask_keeps_these_apart(name):
    """Every kind of layer is given the right mask; some do not look at it."""
    assert apart(name, RIGHT) > 2e-3
