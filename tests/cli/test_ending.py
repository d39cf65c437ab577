"""What a run says last: tables, checkpoint, and commands that work as they stand."""

import shlex
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from llavapose.cli.ending import say_results
from llavapose.config.compose import composed, settings, typed
from llavapose.report.tables import read_table
from tests import warm

ROOT = Path(__file__).parents[2]
SMALL = [
    "scenes.num_train=16", "scenes.num_val=40", "teacher.num_samples=60", "data.num_val=8", "trainer.max_steps=2",
    "trainer.log_every_n_steps=1", "benchmark.num_images=3", "answerer.max_new_tokens=8", "probe.num_items=20",
]  # fmt: skip


def commands(said: str) -> list[list[str]]:
    return [shlex.split(line) for line in said.partition("next:")[2].splitlines() if " python -m " in line]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def run(*words: str) -> tuple[str, str]:
    """What a process says on stdout and stderr."""
    done = warm.run([sys.executable, *words], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_a_run_ends_with_its_table_its_checkpoint_and_what_comes_next(tmp_path):
    said, beside = run(str(ROOT / "train.py"), "data=detail", *SMALL)
    assert beside == "", "a bar of less than a minute is not kept in a file"
    assert not [word for word in ("\r", "\x1b", "tmp", "/.", "100%|") if word in said]
    results = Path("outputs/train/detail")
    order = [
        "held out",
        "packing check:",
        " trained",
        "Ablation",
        "Pose probe",
        "Report page: ",
        "tables: ",
        "checkpoint: ",
        "next:",
    ]
    assert sorted(order, key=said.index) == order
    assert f"\ncheckpoint: {results / 'hf'}\n" in said
    card = ModelCard.load(results / "hf" / "README.md")
    assert "Training curves" in (results / "report" / "index.html").read_text(), "the page shows the run's curve"
    score = next(row for row in read_table(results, "ablation.csv") if (row["arm"], row["kind"]) == ("detail", "all"))
    told = [one.metric_value for one in card.data.eval_results or [] if one.metric_name.startswith("all, judge pose")]
    assert told == [pytest.approx(score["score"])], "the run's own results in its checkpoint's card"
    ask, compare = commands(said)
    assert ask[:4] == ["python", "-m", "llavapose", "ask"]
    (photo, *_) = sorted(Path("outputs/world").glob("*/val/*.jpg"))
    run(*ask[1:-2], str(photo), ask[-1], "--max-new-tokens", "4")
    compared, _ = run(*compare[1:])
    rows = [line.split()[0] for line in compared.partition("Ablation")[2].splitlines() if line.strip()]
    assert {"detail", "baseline"} <= set(rows)
    assert (results / "answers" / "baseline.jsonl").is_file()


def ended(conf: Path, capsys, *overrides: str) -> str:
    config = typed("train", composed("train", conf, overrides))
    say_results(config, config.output_dir / "hf")
    return capsys.readouterr().out


def test_without_evaluation_it_says_how_to_evaluate(conf, capsys):
    said = ended(conf, capsys, "experiment=paper_7b", "benchmark.num_images=7")
    _, evaluate, compare = commands(said)
    assert said.startswith("checkpoint: outputs/paper_7b/full/hf\n")
    assert evaluate[3:6] == ["evaluate", "checkpoint=outputs/paper_7b/full/hf", "arm=full"]
    assert compare[3:6] == ["evaluate", "checkpoint=llava-hf/llava-1.5-7b-hf", "arm=baseline"]
    assert (
        evaluate[6:] == compare[6:] == ["scenes=coco2014", "benchmark.num_images=7", "output_dir=outputs/paper_7b/full"]
    )


def test_pictures_of_one_s_own_are_named_one_by_one(conf, capsys):
    of = ["scenes.root=r", "scenes.train.images=i", "scenes.train.keypoints=k", "scenes.val.images=my val"]
    said = ended(conf, capsys, "scenes=custom", *of, "evaluate=false", "output_dir=here")
    evaluate = commands(said)[1]
    config = typed("evaluate", composed("evaluate", conf, evaluate[4:]))
    assert (config.scenes.name, config.scenes.root, config.scenes.val.images) == ("custom", Path("r"), Path("my val"))


def test_a_job_of_a_sweep_leaves_the_end_to_the_sweep(conf, capsys):
    assert ended(conf, capsys, "output_dir=s/runs/full", "results_dir=s", "sweep_dir=s") == ""


def test_a_baseline_that_is_there_is_not_asked_for_again(conf, capsys, tmp_path):
    (tmp_path / "here" / "probe").mkdir(parents=True)
    (tmp_path / "here" / "probe" / "baseline.jsonl").touch()
    said = ended(conf, capsys, "output_dir=here", "evaluate=false")
    assert [words[3] for words in commands(said)] == ["ask", "evaluate"]
    assert settings("evaluate", conf, ["checkpoint=tiny", *commands(said)[1][5:]])
