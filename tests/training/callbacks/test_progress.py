"""On a screen: one bar for the whole run, with the time that is left and the loss."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import lightning as L

from llavapose.training.callbacks import progress
from llavapose.training.callbacks.progress import Progress
from tests.training.runs import run


class States(L.Callback):
    """What the bar says behind each micro-step."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.found: list[tuple[int, int, float, str]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *further: Any) -> None:
        bar = self.bar.train_progress_bar
        self.found.append((bar.n, trainer.global_step, bar.total, str(bar)))


def on_a_screen(places: dict[str, str], folder: str, **job: Any) -> States:
    bar = Progress()
    bar._refresh_rate = 1
    states = States(bar)
    settings: dict[str, Any] = {"batch_size": 4, "accumulate": 2, "epochs": 2, "num_val": 4, "check": False}
    run(**places, **{**settings, **job}, output_dir=folder, progress=bar, extra=[states])
    return states


def test_it_is_of_the_whole_run(places, tmp_path):
    """Ten optimizer steps of two micro-steps in two epochs: the second epoch does not begin anew."""
    found = on_a_screen(places, str(tmp_path)).found
    assert {total for _, _, total, _ in found} == {10}
    # Lightning's own callback may come first or last: the bar is at most the step just made behind.
    assert all(step - 1 <= n <= step for n, step, _, _ in found) and found[-1][1] == 10
    assert [n for n, *_ in found] == sorted(n for n, *_ in found)
    assert "loss=" in found[-1][3] and "samples/s=" in found[-1][3] and "held out=" in found[-1][3]
    assert "train/" not in found[-1][3]


def test_the_time_left_is_by_this_process_own_pace(places, tmp_path):
    """A run that goes on at step 6 has made none of those six itself."""
    job = {"save_every": 1, "epochs": 2}
    run(**places, output_dir=str(tmp_path), batch_size=4, accumulate=2, num_val=4, check=False, stop=(6, False), **job)
    states = on_a_screen(places, str(tmp_path), resume=True, **job)
    assert states.bar._train_progress_bar is not None and states.bar.train_progress_bar.initial == 6
    assert states.found[0][0] >= 6 and states.found[0][2] == 10


class TenSeconds(L.Callback):
    """A clock that ten seconds pass on with every micro-step, and an hour before the first."""

    def __init__(self) -> None:
        self.now = 3600.0

    def on_train_batch_start(self, *given: Any) -> None:
        self.now += 10

    def monotonic(self) -> float:
        return self.now


def test_in_a_file_too_the_time_left_is_by_this_process_own_pace(places, tmp_path, capsys, monkeypatch):
    """Gone on with at step 6 of ten: behind step 7 one step has taken ten seconds, and three are left."""
    job: dict[str, Any] = {**places, "output_dir": str(tmp_path), "num_val": 4, "check": False, "save_every": 1}
    run(**job, epochs=2, stop=(5, False))
    clock = TenSeconds()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=clock.monotonic))
    capsys.readouterr()
    run(**job, epochs=2, resume=True, extra=[clock], progress=Progress(every_s=0))
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    assert [(line.split(",")[0], line.split(", ")[-1]) for line in said] == [
        (f"step {7 + place} of 10", f"0:00:{left:02} left") for place, left in enumerate((30, 20, 10, 0))
    ]
