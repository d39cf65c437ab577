"""Sweeps: the jobs a command line stands for, and what is left when one fails."""

import json
import os
import sys
from pathlib import Path

import pytest

from llavapose.config.compose import settings
from llavapose.config.schema import plain_settings
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.sweep.jobs import plan_sweep
from llavapose.sweep.launch import launch
from tests import warm
from tests.wandb_records import records_of


def test_the_baseline_is_evaluated_as_the_arms_are(conf):
    asked = ["judge.endpoint=vllm", "judge.endpoint.model='m:1 b'", "judge.context=keypoints", "judge.max_asks=null"]
    own = ["judge._target_=tests.sweep.test_launch.Judge", "judge.options.words=[a,'b c']", "judge.options.at={x:1}"]
    for told in (asked, own):
        baseline = plan_sweep(conf, ["data=conv,detail", *told, "sweep_dir=out"]).jobs[0]
        assert baseline.arm == "baseline"
        again = settings("evaluate", conf, baseline.command[2:])
        assert again.judge == settings("train", conf, told).judge
        assert again.checkpoint == "tiny"


class Judge:
    """A judge by name only: nothing builds it here."""

    def __init__(self, words: list[str], at: dict[str, int]) -> None: ...


def test_a_failed_job_is_a_hole_not_the_end(house, data, capfd):
    (house / "detail.fails").touch()
    prepared, finished = [], []

    def prepare(config):
        prepared.append(config.data.name)
        return data(config)

    with pytest.raises(LlavaPoseError, match=r"1 of 4 jobs failed: detail \(exit 1\)"):
        launch(
            house / "conf",
            ["data=conv,detail,full", "sweep_dir=out", "benchmark.num_images=6"],
            prepare=prepare,
            finish=lambda folder, config: finished.append(folder),
        )
    assert prepared == ["conv"]
    assert finished == [Path("out")]
    jobs = json.loads((house / "out" / "jobs.json").read_text())
    assert [(job["arm"], job["variant"], job["exit_code"]) for job in jobs] == [
        ("baseline", "", 0),
        ("conv", "", 0),
        ("detail", "", 1),
        ("full", "", 0),
    ]
    assert [job["dir"] for job in jobs] == ["out/runs/baseline", "out/runs/conv", "out/runs/detail", "out/runs/full"]
    assert sorted(path.stem for path in (house / "out" / "answers").iterdir()) == ["baseline", "conv", "full"]
    baseline = (house / "out" / "answers" / "baseline.jsonl").read_text()
    assert baseline == "checkpoint=tiny arm=baseline benchmark.num_images=6 tables=false output_dir=out"
    assert "out of memory" in capfd.readouterr().err


def test_seeds_are_variants_with_one_baseline(conf):
    sweep = plan_sweep(conf, ["data=conv,full", "seed=0,1", "sweep_dir=out"])
    assert [(job.name, job.results_dir) for job in sweep.jobs] == [
        ("baseline seed=0", "out/seed=0"),
        ("conv seed=0", "out/seed=0"),
        ("conv seed=1", "out/seed=1"),
        ("full seed=0", "out/seed=0"),
        ("full seed=1", "out/seed=1"),
    ]
    assert sweep.jobs[1].command[:1] == (sys.executable,)
    assert sweep.jobs[1].command[2:] == (
        "data=conv",
        "seed=0",
        "output_dir='out/seed=0/runs/conv'",
        "results_dir='out/seed=0'",
        "sweep_dir=out",
    )


def test_each_jobs_command_is_what_was_planned(house, monkeypatch):
    monkeypatch.setattr("llavapose.config.compose.machine_problems", lambda config: [])  # its GPUs are not here
    for split in ("train2014", "val2014"):
        (house / "data" / "coco" / split).mkdir(parents=True)
        keypoints = house / "data" / "coco" / "annotations" / f"person_keypoints_{split}.json"
        keypoints.parent.mkdir(exist_ok=True)
        keypoints.touch()
    words = ["experiment=ablation_7b", "data=conv,full", "trainer.max_steps=1,2"]
    sweep = plan_sweep(house / "conf", words)
    assert [job.variant for job in sweep.jobs if job.arm == "full"] == ["trainer.max_steps=1", "trainer.max_steps=2"]
    baseline, *further = [job for job in sweep.jobs if job.arm == "baseline"]
    assert not further
    assert {"checkpoint=llava-hf/llava-1.5-7b-hf", "scenes=coco2014"} < set(baseline.command)
    assert settings("evaluate", house / "conf", baseline.command[2:]).scenes.val.images == Path("val2014")
    full = sweep.jobs[-1]
    config = settings("train", house / "conf", full.command[2:])
    assert (config.data.name, config.trainer["max_steps"]) == ("full", 2)
    assert config.output_dir == Path(full.dir)


def test_without_evaluation_there_is_no_baseline_and_no_table(house, data):
    launch(
        house / "conf",
        ["data=conv,full", "evaluate=false", "sweep_dir=out"],
        prepare=data,
        finish=lambda folder, config: pytest.fail("no table without evaluation"),
    )
    assert [job["arm"] for job in json.loads((house / "out" / "jobs.json").read_text())] == ["conv", "full"]


def test_w_and_b_runs_of_a_sweep_are_one_group_unless_told(conf):
    def group(*overrides: str) -> str:
        job = plan_sweep(conf, ["data=conv,full", "logger=wandb", "sweep_dir=outputs/my_sweep", *overrides]).jobs[-1]
        config = settings("train", conf, job.command[2:])
        assert config.logger["wandb"]["tags"] == ["full", "seed=0"] and config.logger["wandb"]["job_type"] == "train"
        return config.logger["wandb"]["group"]

    assert group() == "my_sweep"
    assert group("logger.wandb.group=mine") == "mine"


@pytest.mark.long
@pytest.mark.slow
def test_a_training_run_in_w_and_b_has_its_group_arm_seed_and_whole_settings(conf, tmp_path):
    """One job's own command, read back with W&B's own reader."""
    small = ["scenes.num_train=16", "teacher.num_samples=60", "data.num_val=8", "trainer.max_steps=2",
             "trainer.log_every_n_steps=1"]  # fmt: skip
    overrides = ["data=conv,detail", "seed=3,4", "logger=wandb", "evaluate=false", "sweep_dir=out", *small]
    job = plan_sweep(conf, overrides).jobs[0]
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    env.pop("WANDB_SERVICE", None)  # of a test in this process: its service would write beside itself, not here
    warm.run(job.command, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=400)
    (folder,) = (tmp_path / "out/seed=3/runs/conv/wandb").glob("offline-run-*")
    records = records_of(folder, home=tmp_path)
    (run,) = [record["run"] for record in records if record["type"] == "run"]
    assert (run["run_group"], run["job_type"], run["display_name"]) == ("out", "train", "conv seed=3")
    assert set(run["tags"]) == {"conv", "seed=3"}
    found: dict = run["config"]["update"]
    for record in records:
        found |= record.get("config", {}).get("update", {})
    wanted = plain_settings(settings("train", conf, job.command[2:]))
    assert {key: found[key] for key in wanted} == wanted and found["arm"] == "conv"
    assert any("train/loss" in record.get("history", {}).get("item", {}) for record in records)
    # Written before the process ends: W&B's own exit hook may come too late for the file.
    (ended,) = [record["exit"] for record in records if record["type"] == "exit"]
    assert not ended.get("exit_code")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data=conv,detial", "+typo=1"], "detial"),
        (["data=conv,conv"], "give each value once"),
        (["hydra/launcher=joblib"], "launcher.jobs=N"),
    ],
)
def test_mistakes_before_any_job_starts(conf, overrides, words):
    with pytest.raises(ConfigError, match=words):
        plan_sweep(conf, overrides)


def test_cells_of_a_grid_over_lengths_are_set_apart(conf):
    """Whatever stands before or behind it, and beside another that varies."""
    for words in (["data=full", "data.max_length=200,300"], ["data.max_length=200,300", "data=full"]):
        jobs = plan_sweep(conf, ["experiment=world", *words]).jobs
        trained = [job for job in jobs if job.trains]
        assert [job.name for job in trained] == ["full data.max_length=200", "full data.max_length=300"]
        assert [job.config.data.max_length for job in trained] == [200, 300]
        assert len({job.dir for job in trained}) == len({job.results_dir for job in trained}) == 2
    both = plan_sweep(conf, ["data=conv,full", "seed=0,1", "data.max_length=200,300"]).jobs
    trained = [job for job in both if job.trains]
    assert len({job.dir for job in trained}) == len({job.name for job in trained}) == 8


def test_a_cell_without_room_for_a_picture_is_refused_before_any_is_trained(conf, tmp_path, monkeypatch):
    from llavapose.cli.train import sweep

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"data\.max_length is 20, and a picture of tiny alone takes \d+ tokens"):
        sweep(conf, ["data=full", "data.max_length=200,20"])
    assert list(tmp_path.iterdir()) == []


def test_what_names_the_arm_shares_a_folder_with_the_other_arms(conf):
    """``teacher.sees=captions,boxes`` are rows of one table where the row is called by it."""
    line = ["teacher.sees=captions,boxes", "seed=0,1", "data.name=sees_${teacher.sees}", "data.kinds.conv=0"]
    sweep = plan_sweep(conf, line)
    found = {(job.arm, job.variant) for job in sweep.jobs if job.trains}
    assert found == {(f"sees_{sees}", f"seed={seed}") for sees in ("captions", "boxes") for seed in (0, 1)}
    assert {Path(job.results_dir).name for job in sweep.jobs} == {"seed=0", "seed=1"}
    plain = plan_sweep(conf, ["teacher.sees=captions,boxes"])
    assert {job.variant for job in plain.jobs if job.trains} == {"teacher.sees=captions", "teacher.sees=boxes"}
    two = plan_sweep(conf, ["data=conv,detail", "optim.lr=0.1,0.2"])
    assert {job.variant for job in two.jobs if job.trains} == {"optim.lr=0.1", "optim.lr=0.2"}
