"""Mixtures at equal supervised tokens: drawn with the seed up to a budget, told, and refused where there are fewer."""

from __future__ import annotations

import numpy as np
import pytest

from llavapose.config.compose import composed, typed
from llavapose.config.schema import DataConfig, problems_of
from llavapose.data.choose import SMALLEST, Targets, choose
from llavapose.data.index.records import Records, ensure_records
from llavapose.errors import DataError

ONE = {"conv": 1.0}
ALL = {"conv": 1.0, "detail": 1.0, "complex": 1.0}
EACH = {"conv": 3, "detail": 20, "complex": 11}


@pytest.fixture(scope="module")
def records(tiny_jsonl, tiny_pictures) -> Records:
    """10 pictures: 20 conv, 10 detail, 10 complex."""
    return ensure_records(tiny_jsonl, tiny_pictures, kind=None, folder=tiny_jsonl.parent / "index")


@pytest.fixture(scope="module")
def num(records) -> np.ndarray:
    """Supervised tokens: conv 2 to 4, detail 20, complex 11."""
    names = [records.kinds[kind] for kind in records.kind]
    return np.array([EACH[name] + (at % 3 - 1) * (name == "conv") for at, name in enumerate(names)], dtype=np.int32)


def chosen(records, num, kinds, budget, *, seed=0, num_val=0, exact=True):
    targets = Targets(num=num, budget=budget, exact=exact)
    return choose(
        records, kinds=kinds, counts={}, num_val=num_val, num_samples=None, seed=seed, held_out_ids=(), targets=targets
    )


@pytest.mark.parametrize(
    "kinds", [ONE, {"detail": 1.0}, {"complex": 1.0}, ALL], ids=["conv", "detail", "complex", "all"]
)
@pytest.mark.parametrize("budget", [20, 37, 55])
@pytest.mark.parametrize("seed", range(3))
def test_the_budget_is_reached_to_within_one_sample(records, num, kinds, budget, seed, capsys):
    train = chosen(records, num, kinds, budget, seed=seed).train
    reached = int(num[train].sum())
    left = np.setdiff1d(np.flatnonzero(np.isin(records.kind, [records.kinds.index(kind) for kind in kinds])), train)
    assert reached <= budget < reached + num[left].max()
    assert f"supervised tokens: {reached:,} of data.num_targets={budget:,}" in capsys.readouterr().out
    plain = choose(records, kinds=kinds, counts={}, num_val=0, num_samples=None, seed=seed, held_out_ids=()).train
    assert train.tolist() == [row for row in plain.tolist() if row in set(train.tolist())]


def test_the_seed_draws_and_nothing_is_held_out_otherwise(records, num):
    one, same, other = (chosen(records, num, ALL, 60, seed=seed, num_val=9) for seed in (0, 0, 1))
    assert one.train.tolist() == same.train.tolist() != other.train.tolist()
    plain = choose(records, kinds=ALL, counts={}, num_val=9, num_samples=None, seed=0, held_out_ids=())
    assert one.val.tolist() == plain.val.tolist() and set(one.train.tolist()) < set(plain.train.tolist())


@pytest.mark.parametrize("num_val", [0, 3])
def test_the_smallest_kind_sets_the_budget_of_every_arm(records, num, num_val, capsys):
    """20 conv are about 60 tokens, 10 complex 110, 10 detail 200; with what each arm holds out taken off."""
    alone = choose(records, kinds=ONE, counts={}, num_val=num_val, num_samples=None, seed=0, held_out_ids=()).train
    budget = int(num[alone].sum())
    assert chosen(records, num, ONE, SMALLEST, num_val=num_val).train.tolist() == alone.tolist()
    for kinds in ({"detail": 1.0}, {"complex": 1.0}, ALL):
        reached = int(num[chosen(records, num, kinds, SMALLEST, num_val=num_val).train].sum())
        assert budget - 20 < reached <= budget
    assert f"data.num_targets=smallest: kind conv has {budget:,}" in capsys.readouterr().out


def test_fewer_than_asked_for_are_refused_with_their_number(records, num):
    line = r"data\.num_targets=111, and the 10 samples of this mixture have 110 supervised tokens; lower it to 110"
    with pytest.raises(DataError, match=line):
        chosen(records, num, {"complex": 1.0}, 111)
    assert len(chosen(records, num, {"complex": 1.0}, 110).train) == 10


def test_an_estimate_refuses_nothing(records, num, capsys):
    """A dry run that knows words alone takes all that there are, and says so."""
    assert len(chosen(records, num, {"complex": 1.0}, 111, exact=False).train) == 10
    assert "110 of data.num_targets=111, by an estimate" in capsys.readouterr().out


def test_a_budget_below_every_sample_is_refused(records, num):
    with pytest.raises(DataError, match=r"data\.num_targets=1: every sample has more supervised tokens"):
        chosen(records, num, {"detail": 1.0}, 1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num_targets": 0}, "data.num_targets is 0; expected 1 or more, smallest, or null"),
        ({"num_targets": "least"}, "data.num_targets is 'least'; expected 1 or more, smallest, or null"),
        (
            {"num_targets": 5, "num_samples": 5},
            "data.num_samples and data.num_targets both say how much; give one (null takes the other back)",
        ),
    ],
)
def test_settings_that_are_wrong(settings, said):
    config = DataConfig(name="x", kinds={"conv": 1.0}, max_length=99, **settings)
    assert problems_of(config) == [said]
    assert problems_of(DataConfig(name="x", kinds={"conv": 1.0}, max_length=99, num_targets="smallest")) == []


def test_command_lines_take_a_number_or_the_word(conf):
    for value, told in (("smallest", "smallest"), ("40000", 40000), ("null", None)):
        assert typed("train", composed("train", conf, [f"data.num_targets={value}"])).data.num_targets == told
