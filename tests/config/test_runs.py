"""Mistakes in what a training run packs, stops by and keeps: one line each, with the fix."""

import pytest

from llavapose.config.compose import composed
from tests.config.test_check import mistakes


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["data.packing=none", "data.row_tokens=4096"],
            "data.row_tokens=4096 is read by nothing: data.packing=none gives every sample a row of its own; "
            "leave it out",
        ),
        (
            ["data.sampler=llava", "data.packing=none", "data.max_branches_per_image=3"],
            "data.max_branches_per_image=3 is read by nothing: with data.packing=none no samples share a picture, and "
            "data.sampler=llava keeps none together; leave it out",
        ),
        (
            ["data.sampler=llava", "data.packing=samples", "data.max_branches_per_image=1"],
            "data.max_branches_per_image=1 is read by nothing: with data.packing=samples no samples share a picture, "
            "and data.sampler=llava keeps none together; leave it out",
        ),
        (
            ["data.packing=none", "optim.loss_mean=micro_batch"],
            "data.packing=none cuts a step where it is sorted by length, and optim.loss_mean=micro_batch would weigh a "
            "token by what lies beside it: set optim.loss_mean=token, or data.sampler=llava",
        ),
        (
            ["callbacks=early_stopping", "data.num_val=0"],
            "callbacks.early_stopping: nothing is held out to measure by; raise data.num_val, or leave it out",
        ),
        (
            ["callbacks.checkpoint.best=val/loss", "data.num_val=0"],
            "callbacks.checkpoint.best: nothing is held out to measure by; raise data.num_val, or set it to null",
        ),
        (
            ["callbacks=early_stopping", "trainer.limit_val_batches=0"],
            "callbacks.early_stopping: trainer.limit_val_batches=0 leaves nothing to measure by; raise it, or leave "
            "callbacks.early_stopping out",
        ),
        (
            ["callbacks.checkpoint.best=val/loss/conv", "trainer.limit_val_batches=0.0"],
            "callbacks.checkpoint.best: trainer.limit_val_batches=0.0 leaves nothing to measure by; raise it, or set "
            "callbacks.checkpoint.best to null",
        ),
        (
            ["callbacks=early_stopping", "trainer.max_epochs=2", "trainer.check_val_every_n_epoch=3"],
            "callbacks.early_stopping: trainer.check_val_every_n_epoch=3 is more than trainer.max_epochs=2, so that "
            "nothing is measured; lower it, or leave callbacks.early_stopping out",
        ),
        (
            ["callbacks.checkpoint.best=val/loss", "trainer.check_val_every_n_epoch=2"],
            "callbacks.checkpoint.best: trainer.check_val_every_n_epoch=2 is more than trainer.max_epochs=1, so that "
            "nothing is measured; lower it, or set callbacks.checkpoint.best to null",
        ),
        (
            ["callbacks.checkpoint.best=val/los"],
            "callbacks.checkpoint.best is val/los; expected val/loss, or val/loss/ and one of complex, conv, detail",
        ),
        (
            ["callbacks.checkpoint.best=val/loss/conv", "callbacks.kinds=null"],
            "callbacks.checkpoint.best is val/loss/conv, which nothing logs without callbacks.kinds; leave it in",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_contradicts_itself_is_refused(conf, overrides, line):
    assert mistakes(conf, *overrides) == [line]


@pytest.mark.parametrize(
    "overrides",
    [
        ["callbacks=early_stopping"],
        ["callbacks=early_stopping", "trainer.limit_val_batches=1"],
        ["callbacks=early_stopping", "trainer.limit_val_batches=null"],
        ["callbacks=early_stopping", "trainer.max_epochs=3", "trainer.check_val_every_n_epoch=3"],
        # Validations by steps, across epochs; and epochs without end, which steps end.
        ["callbacks=early_stopping", "trainer.val_check_interval=5", "trainer.check_val_every_n_epoch=null"],
        [
            "callbacks=early_stopping",
            "trainer.max_epochs=-1",
            "trainer.max_steps=9",
            "trainer.check_val_every_n_epoch=2",
        ],
        # Nobody goes by what is not measured.
        ["trainer.limit_val_batches=0", "trainer.check_val_every_n_epoch=2"],
    ],
    ids=" ".join,
)
def test_what_is_measured_is_gone_by(conf, overrides):
    composed("train", conf, overrides)
