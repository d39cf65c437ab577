"""A plan refuses what its training would refuse, where that takes neither a model nor data; and it comes to an end."""

import json
import time

import pytest

from llavapose.cli.plan import print_plan
from llavapose.config.compose import settings
from llavapose.config.places import claimed
from llavapose.errors import ConfigError, LlavaPoseError
from tests.training.checkpoints.test_choice import write


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def plan(conf, *overrides) -> None:
    """As ``train.py`` does."""
    given = ("dry_run=true", *overrides)
    config = settings("train", conf, given)
    claimed(config, given)
    print_plan(config)


def test_the_plan_of_the_built_in_world_draws_none(conf, tmp_path, capsys):
    plan(conf)
    assert "published counts" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_picture_must_leave_room(conf):
    with pytest.raises(ConfigError, match=r"data\.max_length is 20, and a picture of .* alone takes \d+ tokens"):
        plan(conf, "data.max_length=20")


def test_ranks_that_only_the_machine_knows_divide_too(conf, monkeypatch):
    from llavapose.cli import plan as module
    from llavapose.config.checks.machine.gpus import Gpus

    monkeypatch.setattr(module, "find_gpus", lambda: Gpus(num=3))
    with pytest.raises(ConfigError, match=r"global_batch is 32, and batch_size=16 x .* x 3 ranks is 48"):
        plan(conf, "strategy=ddp", "trainer.devices=auto", "global_batch=32")


@pytest.mark.parametrize("devices", ["auto", "-1"])
def test_a_plan_without_a_gpu_counts_no_ranks(conf, monkeypatch, devices):
    """On a laptop nobody knows how many the machine will have."""
    from llavapose.cli import plan as module
    from llavapose.config.checks.machine.gpus import Gpus

    for gpus in (None, Gpus(num=0, why="none")):
        monkeypatch.setattr(module, "find_gpus", lambda gpus=gpus: gpus)
        plan(conf, "experiment=paper_7b", f"trainer.devices={devices}", "global_batch=32")
    with pytest.raises(ConfigError, match="global_batch is 32"):
        plan(conf, "experiment=paper_7b", "trainer.devices=3", "global_batch=32")


def test_nothing_to_go_on_from(conf):
    with pytest.raises(ConfigError, match="resume=true: no checkpoint below out"):
        plan(conf, "resume=true", "output_dir=out")
    plan(conf, "resume=auto", "output_dir=out")


def test_a_run_that_is_gone_on_with(conf, tmp_path):
    write(tmp_path / "out", 10)
    before = sorted(tmp_path.rglob("*"))
    plan(conf, "resume=true", "output_dir=out")
    with pytest.raises(ConfigError, match=r"resume: nothing goes on from a checkpoint without callbacks\.checkpoint"):
        plan(conf, "resume=true", "output_dir=out", "callbacks.checkpoint=null")
    card = {"command": "x", "settings": "s", "values": {"batch_size": 8}, "commit": "c", "host": "h", "pid": 1}
    (tmp_path / "out" / "owner.json").write_text(json.dumps({**card, "started": "2026-01-31T12:00:00+00:00"}))
    with pytest.raises(
        ConfigError, match=r"resume: the checkpoints in out were trained by other settings \(batch_size 8"
    ):
        plan(conf, "resume=true", "output_dir=out")
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "out" / "owner.json"])


@pytest.mark.parametrize(
    "overrides",
    [
        ("batch_size=1000", "data.sampler=balanced"),
        pytest.param(("batch_size=1000000", "data.sampler=balanced"), marks=pytest.mark.long),
        ("batch_size=1000000", "data.sampler=llava"),
        ("data.kinds.conv=100",),
        ("trainer.max_epochs=1000000000",),
        ("data.num_samples=1000000000000",),
    ],
)
def test_large_numbers_are_planned_in_seconds(conf, overrides):
    start = time.process_time()
    plan(conf, *overrides)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("data.counts.conv=1000000000",), r"data\.counts\.conv=1000000000, and there are 112980"),
        (("trainer.accumulate_grad_batches=1000000000",), "do not fill one step of 1 ranks x 1000000000 micro-steps"),
        (("strategy=ddp", "trainer.devices=1024", "trainer.num_nodes=10000"), "do not fill one step of 10240000 ranks"),
    ],
)
def test_others_are_one_line(conf, overrides, line):
    with pytest.raises(LlavaPoseError, match=line) as raised:
        plan(conf, *overrides)
    assert "\n" not in str(raised.value)
