"""Features of pictures are kept where the encoder stands still and every rank may leave it out; else one line."""

from __future__ import annotations

import pytest

from llavapose.config.compose import composed
from tests.config.test_check import mistakes

KEEP = "model.keep_features_gib=1"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["model.keep_features_gib=-1"], "model.keep_features_gib is -1.0; expected at least 0"),
        (["model.keep_features_gib=inf"], "model.keep_features_gib is inf; expected a number"),
        (["model.keep_features_gib=nan"], "model.keep_features_gib is nan; expected a number"),
        (
            [KEEP, "model.freeze_vision=false"],
            "model.keep_features_gib is 1.0, and the vision encoder is trained: features change with every step; set "
            "model.freeze_vision=true, or leave it out",
        ),
        (
            [KEEP, "adapter=lora", "adapter.towers=[language,vision]"],
            "model.keep_features_gib is 1.0, and adapter.towers has vision: features change with every step; set "
            "adapter.towers=[language], or leave it out",
        ),
    ],
)
def test_one_line(conf, overrides, line):
    assert mistakes(conf, *overrides) == [line]


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["strategy=deepspeed_stage3"], "DeepSpeedStrategy"),
        (["strategy=deepspeed_stage3_offload"], "DeepSpeedStrategy"),
        (["strategy=deepspeed_stage3_cpu"], "CPUDeepSpeedStrategy"),
        (["strategy=fsdp2"], "FSDP2Strategy"),
        (["strategy.name=deepspeed_stage_3_offload"], "deepspeed_stage_3_offload"),
        (["strategy.name=fsdp"], "fsdp"),
        (["strategy=deepspeed_stage2"], "DeepSpeedStrategy"),
    ],
)
def test_a_strategy_whose_ranks_wait_for_each_other(conf, overrides, name):
    assert mistakes(conf, KEEP, *overrides) == [
        f"model.keep_features_gib is 1.0, and under strategy={name} ranks may wait for one that leaves the vision "
        "encoder out; use strategy=single or ddp, or leave it out"
    ]


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["strategy=ddp"],
        ["adapter=lora"],
        ["connector=pose_attention"],
        ["model.vision=dinov2"],
    ],
)
def test_taken(conf, overrides):
    assert composed("train", conf, [KEEP, *overrides]).model.keep_features_gib == 1


def test_nothing_is_kept_by_default(conf):
    assert composed("train", conf, ["model.freeze_vision=false", "strategy=fsdp2"]).model.keep_features_gib == 0
