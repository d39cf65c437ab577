"""The rows of the profile add up to the step, what makes a stage slower shows in its row, and nothing stays behind."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch

from llavapose.training.callbacks.operators import union, without
from llavapose.training.callbacks.profile import STAGES, Profile, with_communication
from llavapose.training.callbacks.timeline import Timeline, seconds_of
from tests.training.callbacks.sleeps import PLANTED, SLEEP_S
from tests.training.conftest import most_long
from tests.training.runs import run, weights

SHORT = {"batch_size": 4, "save_every": None, "check": False}
SLEEP_MS = 1000 * SLEEP_S


class Plant(L.Callback):
    """Makes one stage slower."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        PLANTED[self.stage](trainer, pl_module)


class Watched(Profile):
    """Keeps what it was about to write."""

    def _tell(self, trainer: L.Trainer, profiled: Any) -> None:
        assert self._measured is not None
        self.wall_ms = 1000 * self._measured.wall_s / self.steps
        super()._tell(trainer, profiled)


def table(folder: Path) -> dict[str, float]:
    """Row -> milliseconds a step."""
    with (folder / "profile.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=1e-3)
    return {row["stage"]: float(row["ms"]) for row in rows}


def test_the_rows_add_up_to_the_step(places, tmp_path, capsys):
    watched = Watched(tmp_path, warmup=1, steps=3)
    run(**places, **SHORT, accumulate=2, output_dir=str(tmp_path), extra=[watched])
    found = table(tmp_path)
    assert sum(found.values()) == pytest.approx(watched.wall_ms, rel=0.05)
    assert set(found) <= set(STAGES) and found["backward"] > 0.1 * watched.wall_ms
    assert "backward: layers computed again" not in found
    text = (tmp_path / "profile.md").read_text()
    assert text in capsys.readouterr().out
    assert "3 optimizer steps of 2 micro-steps behind 1 of warm-up, rank 0 of 1" in text
    assert "| costliest operators" in text and "| aten::" in text and "overhead: " in text


@pytest.mark.parametrize("stage", most_long(PLANTED, but=("vision encoder", "backward", "logits and loss")))
def test_a_sleep_shows_in_its_row(places, tmp_path, stage):
    profile = Profile(tmp_path, warmup=1, steps=2, operators=0)
    run(**places, **SHORT, output_dir=str(tmp_path), extra=[profile, Plant(stage)])
    found = table(tmp_path)
    times = 4 if stage.startswith("loading") else 1  # samples a step
    assert found[stage] >= SLEEP_MS
    others = {name: ms for name, ms in found.items() if name != stage}
    assert max(others.values()) < SLEEP_MS * times, f"{stage} planted: {found}"


def test_layers_that_are_computed_again_have_a_row(places, tmp_path):
    profile = Profile(tmp_path, warmup=1, steps=2, operators=0)
    run(**places, **SHORT, output_dir=str(tmp_path), extra=[profile], gradient_checkpointing=True)
    assert table(tmp_path)["backward: layers computed again"] > 0


def test_it_leaves_the_run_as_it_is(places, tmp_path):
    """The same weights, no hook on the model, Lightning's own profiler back in its place."""
    left: list[Any] = []

    class Look(L.Callback):
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            hooks = [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in pl_module.modules()]
            left.append((type(trainer.profiler).__name__, hooks))

    plain = run(**places, **SHORT, output_dir=str(tmp_path / "plain"), extra=[Look()])
    profiled = run(**places, **SHORT, output_dir=str(tmp_path / "profiled"), extra=[Profile(tmp_path, 1, 2), Look()])
    assert left[0] == left[1]
    expected = weights(plain)
    assert all(torch.equal(value, expected[name]) for name, value in weights(profiled).items())


def test_a_run_that_is_too_short_says_so(places, tmp_path, caplog):
    with caplog.at_level("WARNING"):
        run(**places, **SHORT, output_dir=str(tmp_path), extra=[Profile(tmp_path, warmup=5, steps=50)])
    assert "the table needs 56: lower callbacks.profile.warmup" in caplog.text
    assert not (tmp_path / "profile.md").exists()


@pytest.mark.parametrize("strategy", ["ddp", pytest.param("deepspeed", marks=pytest.mark.long)])
def test_communication_has_a_row_on_two_ranks(places, tmp_path, launcher, strategy):
    job = {**places, **SHORT, "output_dir": str(tmp_path), "strategy": strategy, "devices": 2, "profile": [1, 2]}
    assert launcher([job], tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    found = table(tmp_path)
    assert found["communication"] > 0, json.dumps(found)
    assert "rank 0 of 2" in (tmp_path / "profile.md").read_text()


def test_a_timeline_has_no_gaps_and_forgets_what_an_exception_left():
    line = Timeline(torch.device("cpu"), "rest")
    outer = line.begin("outer")
    line.begin("left by an exception")
    line.end(outer)
    covered = line.begin("covered", {"outer": "no"})
    inner = line.begin("outer", {"covered": "again"})
    line.turn("again", "turned")
    line.end(inner)
    line.end(covered)
    line.end(covered)
    spans = line.spans()
    assert [one.stage for one in spans] == ["rest", "outer", "left by an exception", "rest", "covered", "again",
                                            "turned", "covered", "rest"]  # fmt: skip
    assert all(one.end_s == other.start_s for one, other in pairwise(spans))
    assert sum(seconds_of(spans).values()) == pytest.approx(spans[-1].end_s)


def test_moments_that_nothing_covers():
    assert union([(3, 4), (0, 1), (0.5, 2), (5, 5)]) == [(0, 2), (3, 4)]
    assert without([(0, 10)], [(1, 2), (4, 5), (9, 12)]) == [(0, 1), (2, 4), (5, 9)]
    assert without([(0, 1), (2, 3)], [(0, 3)]) == []
    assert without([(0, 1)], []) == [(0, 1)]


def test_communication_is_taken_from_where_it_was():
    found = with_communication({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 2.0, "c": 1.0}, {"a": 1.0, "b": 5.0, "c": 1.0})
    assert found == {"a": 0.5, "b": 0.0, "communication": 2.5}
