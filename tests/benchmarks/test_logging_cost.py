"""What logging costs, told of runs of known seconds; and a real run whose callback burns a known share of a step."""

from __future__ import annotations

import time

import pytest

from benchmarks import logging_cost
from benchmarks.logging_cost import Run, in_turn, main, told


def run_of(seconds: float, inside: float = 0.0, steps: int = 4) -> Run:
    return Run(seconds=(seconds,) * steps, inside=inside * steps)


def test_each_arm_comes_first_as_often_and_a_busy_machine_is_no_callbacks_cost():
    order: list[bool] = []

    def run(logs: bool) -> Run:
        order.append(logs)
        busy = 1 if len(order) in (2, 5) else 3
        return run_of((1.015 if logs else 1.0) * busy)

    lines, within = told(*in_turn(run, rounds=4))
    assert order == [True, False, False, True] * 2
    assert "| without | 1.0000 | - | - |" in lines and "| with | 1.0150 | +1.5% | 0.00 (0.0%) |" in lines and within


@pytest.mark.parametrize(
    ("logs", "row", "within"),
    [
        (run_of(1.01, inside=0.005), "| with | 1.0100 | +1.0% | 5.00 (0.5%) |", True),
        (run_of(1.03, inside=0.005), "| with | 1.0300 | +3.0% | 5.00 (0.5%) |", False),
        (run_of(1.0, inside=0.03), "| with | 1.0000 | +0.0% | 30.00 (3.0%) |", False),
    ],
    ids=["cheap", "dear by the difference", "dear by its own time"],
)
def test_either_way_of_telling_has_a_limit_of_its_own(logs, row, within):
    lines, found = told([run_of(1.0)], [logs])
    assert row in lines and found is within


def test_of_every_step_the_fastest_round_counts():
    one, other = Run(seconds=(1.0, 5.0), inside=0.0), Run(seconds=(5.0, 1.0), inside=0.0)
    assert "| without | 1.0000 | - | - |" in told([one, other], [one])[0]


def test_a_real_run_and_a_callback_that_burns(tmp_path, monkeypatch, capsys):
    root = ["--steps", "3", "--rounds", "1", "--root", str(tmp_path)]
    assert main(root) in (0, 1)
    said = capsys.readouterr().out
    assert "callbacks.kinds, 1 round of 3 steps in either arm" in said and "| without |" in said
    plain = logging_cost.Timed.spent_in

    def burns(self, hook, *given):
        until = time.process_time() + 0.2
        while time.process_time() < until:
            pass
        return plain(self, hook, *given)

    monkeypatch.setattr(logging_cost.Timed, "spent_in", burns)
    assert main(root) == 1
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| with |")]
    assert float(row.split("|")[3].strip().strip("+%")) > 10


def test_what_is_no_callback_of_the_run_is_told(tmp_path, capsys):
    assert main(["--without", "kind", "--root", str(tmp_path)]) == 1
    assert "no callback kind in a run of this benchmark; there are loss, throughput, kinds" in capsys.readouterr().err
