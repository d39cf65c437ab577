"""A loss that is no number, or explodes, ends the run before it touches a weight or a checkpoint."""

from __future__ import annotations

import lightning as L
import pytest

from llavapose.errors import LlavaPoseError
from llavapose.manifest import checkpoints_in
from llavapose.training.module import PoseModule
from llavapose.training.watch import LossWatch
from tests.training.runs import lines, run

SHORT = {"batch_size": 4, "accumulate": 2, "save_every": 1, "check": False}


def spoil(monkeypatch, step: int, micro: int, factor: float) -> None:
    """Multiply the losses of one micro-batch."""
    plain, count = PoseModule.losses, [0]

    def losses(self, batch):
        count[0] += 1
        return plain(self, batch) * (factor if count[0] == 2 * (step - 1) + micro else 1.0)

    monkeypatch.setattr(PoseModule, "losses", losses)


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_it_names_step_samples_and_the_last_good_checkpoint(places, tmp_path, monkeypatch, factor):
    spoil(monkeypatch, step=3, micro=2, factor=factor)
    with pytest.raises(LlavaPoseError) as caught:
        run(**places, **SHORT, output_dir=str(tmp_path))
    said = str(caught.value)
    assert said.startswith(f"loss is {factor} at step 3 (samples ") and "lower optim.lr" in said
    assert said.endswith(f"the last good checkpoint is {tmp_path}/checkpoints/step-000002: go on with resume=true")
    # Of the micro-batch that is broken, not of the whole step.
    assert len(said.partition("(samples ")[2].partition(")")[0].split(", ")) == 4
    assert [one.step for one in checkpoints_in(tmp_path / "checkpoints")] == [2, 1]
    assert [line["step"] for line in lines(tmp_path)] == [1, 2] and not (tmp_path / "hf").exists()
    monkeypatch.undo()
    run(**places, **SHORT, output_dir=str(tmp_path), resume=True)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5]


def test_no_weight_is_touched(places, tmp_path, monkeypatch):
    """Caught before the step: without checkpoints too."""
    spoil(monkeypatch, step=1, micro=1, factor=float("nan"))
    with pytest.raises(LlavaPoseError, match=r"loss is nan at step 1 .*; there is no checkpoint yet"):
        run(**places, **{**SHORT, "save_every": None}, output_dir=str(tmp_path), extra=[steps := _Steps()])
    assert steps.count == 0
    monkeypatch.undo()
    run(**places, **{**SHORT, "save_every": None}, output_dir=str(tmp_path), extra=[steps])
    assert steps.count == 5


class _Steps(L.Callback):
    """Counts optimizer steps."""

    count = 0

    def on_before_optimizer_step(self, *further: object) -> None:
        self.count += 1


class _Spoiled(L.Callback):
    """A gradient that is no number, of a loss that is one."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_after_backward(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.global_step == self.step - 1:
            next(one for one in pl_module.parameters() if one.grad is not None).grad.view(-1)[0] = float("nan")  # type: ignore[union-attr]


def test_gradients_that_are_no_number(places, tmp_path):
    """They would be in every weight of the next checkpoint, and the loss would tell a step too late."""
    with pytest.raises(
        LlavaPoseError, match=r"gradients' norm is nan at step 3 \(samples .*the last good .*step-000002"
    ):
        run(**places, **SHORT, output_dir=str(tmp_path), extra=[_Spoiled(3)])
    assert [one.step for one in checkpoints_in(tmp_path / "checkpoints")] == [2, 1]
    run(**places, **SHORT, output_dir=str(tmp_path), resume=True)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5]


def test_an_exploding_loss(places, tmp_path, monkeypatch):
    spoil(monkeypatch, step=4, micro=1, factor=50.0)
    with pytest.raises(LlavaPoseError, match=r"at step 4 .*the median of 3 steps is \d\.\d+; or raise callbacks\.loss"):
        run(**places, **SHORT, output_dir=str(tmp_path), extra=[LossWatch(window=10)])
    assert [one.step for one in checkpoints_in(tmp_path / "checkpoints")] == [3, 2]


def test_finite_losses_can_be_left_alone(places, tmp_path, monkeypatch):
    spoil(monkeypatch, step=4, micro=1, factor=50.0)
    run(**places, **SHORT, output_dir=str(tmp_path), extra=[LossWatch(factor=None, window=10)])


@pytest.mark.parametrize(
    ("before", "value", "stops"),
    [
        ([1.0] * 20, 6.1, True),
        ([1.0] * 20, 4.9, False),
        ([0.01] * 20, 0.9, False),  # ninety times as much, and still nothing
        ([1.0] * 19, 9.0, False),  # too few to know what is usual
        ([9.0] * 20 + [1.0] * 100, 6.1, True),  # of the last hundred
        ([], float("nan"), True),
    ],
)
def test_the_rule(before, value, stops):
    watch = LossWatch()
    watch.load_state_dict({"losses": before})
    assert (watch._wrong(value) is not None) is stops
    again = LossWatch()
    again.load_state_dict(watch.state_dict())
    assert (again._wrong(value) is not None) is stops
