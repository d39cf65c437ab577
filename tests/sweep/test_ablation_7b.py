"""The papers' ablation, from its command line to its table; only training and answering are left to a stand-in."""

import os
from pathlib import Path

import pytest

from llavapose.config.compose import composed, settings, typed
from llavapose.evaluation.tables.ablation import ARMS
from llavapose.report import sweep as sweep_module
from llavapose.report.sweep import finish_sweep
from llavapose.sweep.jobs import plan_sweep
from llavapose.sweep.launch import launch

LINE = ["experiment=ablation_7b", "data=conv,detail,complex,full", "data.path=samples.jsonl", "data.images=train2014"]
JOB = """
import sys
from pathlib import Path
from tests.report.conftest import write_results
values = {key: value.strip("'") for key, _, value in (word.partition("=") for word in sys.argv[1:])}
write_results(Path(values.get("results_dir", values["output_dir"])), values.get("arm") or values["data"])
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """The recipe's GPUs and weights are not here, and nothing of it is loaded."""
    monkeypatch.setattr("llavapose.config.compose.machine_problems", lambda config: [])


@pytest.fixture
def coco(house, monkeypatch) -> Path:
    """The files of COCO 2014 by name alone, and scripts that leave results instead of training 7B."""
    for split in ("train2014", "val2014"):
        (house / "data" / "coco" / split).mkdir(parents=True)
        keypoints = house / "data" / "coco" / "annotations" / f"person_keypoints_{split}.json"
        keypoints.parent.mkdir(exist_ok=True)
        keypoints.touch()
    (house / "train2014").mkdir()
    for script in ("train", "evaluate"):
        (house / f"{script}.py").write_text(JOB)
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    return house


def test_every_job_evaluates(coco):
    sweep = plan_sweep(coco / "conf", LINE)
    assert [job.arm for job in sweep.jobs] == ["baseline", "conv", "detail", "complex", "full"]
    for job in sweep.jobs[1:]:
        config = settings("train", coco / "conf", job.command[2:])
        assert config.evaluate and config.benchmark.num_images == 90 and config.probe.enabled
        assert config.results_dir == Path("outputs/ablation_7b") and config.trainer["devices"] == 2
    baseline = settings("evaluate", coco / "conf", sweep.jobs[0].command[2:])
    assert (baseline.checkpoint, baseline.scenes.name) == ("llava-hf/llava-1.5-7b-hf", "coco2014")


def test_the_main_model_alone_still_leaves_its_evaluation_out(conf):
    assert not typed("train", composed("train", conf, ["experiment=paper_7b"])).evaluate


def test_it_ends_in_its_table(coco, data, monkeypatch, capsys):
    monkeypatch.setattr(sweep_module, "log_report", lambda sweep: sweep.out)  # W&B has tests of its own
    launch(coco / "conf", LINE, prepare=data, finish=lambda folder, config: finish_sweep(folder))
    table = (coco / "outputs" / "ablation_7b" / "tables.md").read_text().partition("Pose probe")[0]
    rows = [line.split(" | ")[0].strip("| ") for line in table.splitlines() if line.startswith("| ")]
    assert rows == ["arm", "---", *ARMS, "prior"]
    assert "failed" not in table and "‡" not in table
    assert (coco / "outputs" / "ablation_7b" / "report" / "index.html").is_file()
