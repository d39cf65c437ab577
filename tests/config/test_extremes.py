"""Values at and beyond the ends: seeds that no generator takes, counts without an end, Lightning's own words."""

import time

import pytest

from llavapose.config.compose import composed, typed
from llavapose.config.values import not_dividing
from llavapose.errors import ConfigError

SEED = "expected a whole number from 0 to 4294967295"
DDP = ("strategy=ddp", "trainer.accelerator=cpu")


def mistakes(conf, *overrides, script="train") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        composed(script, conf, overrides)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", ["seed", "scenes.seed", "teacher.seed", "benchmark.seed", "probe.seed", "judge.seed"])
def test_seeds(conf, name):
    further = ("judge=gpt4o", "judge.max_usd=1") if name == "judge.seed" else ()
    assert mistakes(conf, f"{name}=-1", *further) == [f"{name} is -1; {SEED}"]
    assert mistakes(conf, f"{name}=4294967296", *further) == [f"{name} is 4294967296; {SEED}"]
    for value in ("1.5", "true"):
        (line,) = mistakes(conf, f"{name}={value}", *further)
        assert name in line and "could not be converted to Integer" in line
    composed("train", conf, [f"{name}=4294967295", *further])


def test_seeds_of_other_scripts(conf):
    assert mistakes(conf, "scenes.seed=-1", script="generate") == [f"scenes.seed is -1; {SEED}"]
    assert mistakes(conf, "benchmark.seed=-1", "checkpoint=tiny", "arm=x", script="evaluate") == [
        f"benchmark.seed is -1; {SEED}"
    ]


def test_a_seed_in_a_grid_is_refused_before_any_job(run_script, tmp_path):
    done = run_script("train", "-m", "seed=0,-1")
    assert done.exit_code == 1 and len(done.errors) == 1 and f"seed is -1; {SEED}" in done.errors[0]
    assert not (tmp_path / "outputs" / "samples").exists()


@pytest.mark.parametrize("dry_run", ["true", "false"])
@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["data.kinds.conv=101"], "data.kinds.conv is 101.0; expected 0 or a positive number, at most 100"),
        (["batch_size=1000001"], "batch_size is 1000001; expected at most 1,000,000"),
        (["global_batch=1000000000000"], "global_batch is 1000000000000; expected at most 1,000,000"),
        (["data.max_length=1000000000"], "data.max_length is 1000000000; expected at most 1,000,000"),
        (["scenes.num_train=1000001"],
         "scenes.num_train is 1000001; the world has at most 1,000,000 pictures of a split"),
        (["trainer.max_steps=1000000001"], "trainer.max_steps is 1000000001; expected at most 1,000,000,000"),
        (["trainer.num_nodes=10001", "strategy=ddp"], "trainer.num_nodes is 10001; expected at most 10,000"),
        (["trainer.devices=1000000", *DDP], "trainer.devices=1000000: expected at most 1,024 of a machine"),
        (["trainer.val_check_interval=1.5"],
         "trainer.val_check_interval is 1.5; expected a whole number, or a share of at most 1.0"),
        (["trainer.limit_train_batches=2.5"],
         "trainer.limit_train_batches is 2.5; expected a whole number, or a share of at most 1.0"),
        (["trainer.fast_dev_run=-3"], "trainer.fast_dev_run is -3; expected at least 0"),
        (["trainer.gradient_clip_algorithm=foo"],
         "trainer.gradient_clip_algorithm is 'foo'; expected one of norm, value"),
        (["trainer.profiler=foo"], "trainer.profiler is 'foo'; expected one of simple, advanced, pytorch, xla"),
        (["trainer.min_epochs=5", "trainer.max_epochs=2"],
         "trainer.min_epochs is 5, more than trainer.max_epochs=2; lower the first or raise the second"),
        (["trainer.devices=[0,0]", "strategy=ddp"], "trainer.devices names 0 twice; name each device once"),
        (["trainer.devices=[0,1]", *DDP],
         "trainer.devices=[0, 1]: on a CPU it is a number of processes; set trainer.devices=2"),
        (["strategy=deepspeed_stage3", "strategy.stage=7", "trainer.accelerator=gpu"],
         "strategy.stage is 7; expected 1, 2 or 3"),
    ],
)  # fmt: skip
def test_one_line(conf, overrides, line, dry_run):
    assert line in refused(conf, *overrides, f"dry_run={dry_run}")


def refused(conf, *overrides) -> list[str]:
    """The lines of settings and machine together, as a run says them."""
    from llavapose.config.compose import settings

    with pytest.raises(ConfigError) as caught:
        settings("train", conf, overrides)
    return str(caught.value).splitlines()


def test_what_lightning_takes_is_let_through(conf):
    for overrides in (
        ["trainer.val_check_interval=0.25"],
        ["trainer.val_check_interval=500"],
        ["trainer.limit_val_batches=1.0"],
        ["trainer.fast_dev_run=true"],
        ["trainer.fast_dev_run=3"],
        ["trainer.min_epochs=5", "trainer.max_epochs=-1", "trainer.max_steps=100"],
        ["trainer.profiler=simple"],
    ):
        typed("train", composed("train", conf, overrides))


def test_nearest_choices_of_large_numbers_come_at_once():
    start = time.monotonic()
    (line,) = not_dividing(999_999_000, 16, 1, 7)
    assert line.startswith("global_batch is 999999000") and " 7 ranks" in line
    (line,) = not_dividing(735_134_400, 16, 1, 1)
    assert "set batch_size=15 trainer.accumulate_grad_batches=49008960 or" in line
    assert time.monotonic() - start < 1
