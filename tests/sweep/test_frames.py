"""A sweep over data.frames: an arm a number of frames, told apart in the rows of its tables."""

import pytest

from llavapose.config.compose import composed, settings, typed
from llavapose.errors import ConfigError
from llavapose.report.sweep import _row
from llavapose.sweep.jobs import plan_sweep


def test_every_number_of_frames_is_a_row(conf):
    sweep = plan_sweep(conf, ["data=motion", "data.frames=1,4,8", "seed=0,1"])
    rows = [_row(job.arm, job.variant) for job in sweep.jobs if job.trains]
    assert rows == [f"motion (data.frames={number})" for number in (1, 4, 8) for _ in range(2)]
    assert len({job.dir for job in sweep.jobs}) == len(sweep.jobs)
    assert [config.data.frames for config in sweep.configs] == [1, 1, 4, 4, 8, 8]
    for config in sweep.configs:
        assert config.scenes.source == "motion" and config.connector.pool == 2
        assert config.data.max_branches_per_image == 0


def test_frames_of_scenes_that_have_none_are_refused(conf):
    with pytest.raises(ConfigError, match=r"data\.frames=8 is read by nothing: scenes=world has single pictures"):
        settings("train", conf, ["data=full", "data.frames=8"])
    with pytest.raises(ConfigError, match=r"data\.frames is 0; expected at least 1"):
        settings("train", conf, ["data=motion", "data.frames=0"])
    assert settings("train", conf, ["data=motion", "data.frames=null"]).data.frames is None


def test_other_bases_take_their_own_way_to_few_tokens(conf):
    with pytest.raises(ConfigError, match=r"^connector\.pool=2 is for LLaVA.*set connector\.pool=1$"):
        composed("train", conf, ["data=motion", "model=qwen3_vl_8b"])
    found = typed("train", composed("train", conf, ["data=motion", "model=qwen3_vl_8b", "connector.pool=1"]))
    assert (found.data.frames, found.data.max_length) == (8, found.model.max_length)
