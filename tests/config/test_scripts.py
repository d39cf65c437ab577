"""The scripts as a user meets them: help and mistakes, fast, in one line each, without a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.compose import composed, typed

# 0.3 to 1.3 CPU seconds measured (benchmarks/startup.py); torch or transformers alone would take more than this.
LIMIT_CPU_S = 4.0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("train", ["python train.py -m data=conv,detail,complex,full", "[full]", "llava15_7b"]),
        ("generate", ["python generate.py teacher=gpt4o", "[offline]", "(teacher.endpoint=NAME)"]),
        ("evaluate", ["python evaluate.py checkpoint=", "[checkpoint]"]),
    ],
)
def test_help_says_what_it_does_and_the_groups(run_script, script, words):
    said = run_script(script, "--help", fresh=True)
    assert said.exit_code == 0
    assert all(word in said.out for word in words)
    assert said.err == ""
    assert said.cpu_s < LIMIT_CPU_S


@pytest.mark.parametrize(
    ("script", "arguments", "num_lines"),
    [
        ("train", ["optim.lrr=1"], 1),
        ("train", ["modle=tiny", "+typo=1"], 2),
        ("train", ["--modle"], 1),
        ("train", ["a b"], 1),
        ("train", ["-m", "data=conv,detial"], 1),
        ("train", ["-m", "hydra/launcher=joblib", "data=conv,detail"], 1),
        ("train", ["data.path=no.jsonl", "data.images=no"], 2),
        ("train", ["resume=true"], 1),
        ("train", ["scenes=coco2017"], 1),
        ("generate", ["scenes=coco2017"], 1),
        ("generate", ["-m", "seed=1,2"], 1),
        ("generate", ["split=test"], 1),
        ("evaluate", ["checkpoint=/no/such/folder", "arm=x"], 1),
        ("evaluate", ["arm=x"], 1),
    ],
)
def test_mistakes_answer_in_one_line_each(run_script, tmp_path, script, arguments, num_lines):
    said = run_script(script, *arguments, fresh=arguments[0] in ("optim.lrr=1", "split=test", "arm=x"))
    assert said.exit_code == 1
    assert len(said.errors) == num_lines
    assert all(line.startswith("error: ") for line in said.errors)
    assert said.cpu_s < LIMIT_CPU_S
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_folder_without_a_checkpoint(run_script, tmp_path):
    (tmp_path / "empty").mkdir()
    said = run_script("evaluate", "checkpoint=empty", "arm=x")
    assert said.exit_code == 1
    assert said.errors == [
        "error: checkpoint: empty has no config.json and no *.safetensors weights; expected a whole checkpoint, such "
        "as a base's or the `hf` folder that train.py leaves"
    ]


def test_help_lists_the_experiments_of_this_script(run_script):
    listed = {}
    for script in ("train", "generate", "evaluate"):
        rows = [line.split() for line in run_script(script, "--help").out.splitlines()]
        listed[script] = next((row[1:] for row in rows if row[:1] == ["experiment"]), [])
    assert {"demo", "paper_7b"} <= set(listed["train"]) and "paper_data" in listed["generate"]
    assert not set(listed["train"]) & set(listed["generate"])
    assert listed["evaluate"] == []


@pytest.mark.parametrize(
    ("script", "override", "command"),
    [
        ("generate", "experiment=demo", "train.py: python train.py -m experiment=demo data=full,conv,detail,complex"),
        ("evaluate", "experiment=ablation_7b", "train.py: python train.py -m experiment=ablation_7b data=conv,detail"),
        ("train", "experiment=paper_data", "generate.py: python generate.py experiment=paper_data teacher=gpt4o max"),
    ],
)
def test_an_experiment_of_another_script_names_it(run_script, script, override, command):
    said = run_script(script, override, *(["checkpoint=tiny", "arm=x"] if script == "evaluate" else []))
    assert said.exit_code == 1
    assert len(said.errors) == 1
    assert said.errors[0].startswith(f"error: `{override}` is for {command}")


def test_settings_can_be_shown(run_script):
    said = run_script("train", "--cfg", "job", "data=detail")
    assert said.exit_code == 0
    assert "name: detail" in said.out


@pytest.mark.parametrize(
    ("script", "typo", "line"),
    [
        ("train", "optim.lrr=1", "error: `optim.lrr=1`: nothing named optim.lrr; did you mean optim.lr?"),
        ("train", "+typo=1", "error: typo: no such setting"),
        ("evaluate", "judge=gpt5", "error: judge=gpt5: no such choice; did you mean gpt4o?"),
    ],
)
def test_a_typo_where_settings_are_shown(run_script, script, typo, line):
    said = run_script(script, "--cfg", "job", typo)
    assert said.exit_code == 1 and len(said.errors) == 1
    assert said.errors[0].startswith(line)


def test_settings_without_a_value_are_shown_too(run_script):
    said = run_script("evaluate", "--cfg", "job")
    assert said.exit_code == 0 and "arm: ???" in said.out


def test_a_mistake_inside_the_run_is_one_line_too(run_script, tmp_path):
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "keypoints.json").write_text("[1, 2]")
    said = run_script(
        "generate",
        "scenes=custom",
        "scenes.root=set",
        "scenes.train.images=images",
        "scenes.train.keypoints=keypoints.json",
    )
    assert said.exit_code == 1
    assert len(said.errors) == 1
    assert "keypoints.json" in said.errors[0]
    assert not (tmp_path / "outputs").exists()


def test_bad_samples_are_said_before_anything_heavy_is_loaded(run_script, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A dog."}]
    rows = [{"id": name, "image": f"{name}.jpg", "kind": "conv", "conversations": turns} for name in ("gone", "broken")]
    lines = [*map(json.dumps, rows), "{torn"]
    (tmp_path / "samples.jsonl").write_text("\n".join(lines))
    said = run_script("train", "data.path=samples.jsonl", "data.images=photos", "evaluate=false", fresh=True)
    assert said.exit_code == 1
    assert "2 bad records" in said.errors[0] and len(said.errors) == 3
    assert all(word in said.err for word in ("no image gone.jpg", "samples.jsonl:3"))
    assert said.cpu_s < LIMIT_CPU_S


def test_a_picture_that_does_not_decode_is_said_before_training(run_script, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A dog."}]
    row = {"id": "one", "image": "broken.jpg", "kind": "conv", "conversations": turns}
    (tmp_path / "samples.jsonl").write_text(json.dumps(row))
    said = run_script("train", "data.path=samples.jsonl", "data.images=photos", "evaluate=false")
    assert said.exit_code == 1
    assert "1 bad record" in said.errors[0] and len(said.errors) == 2
    assert "broken.jpg is not an image" in said.err and "step" not in said.out


@pytest.mark.parametrize("script", ["generate", "train"])
def test_a_teachers_key_is_missed_at_once_where_it_will_be_asked(run_script, tmp_path, monkeypatch, script):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    said = run_script(script, "teacher=gpt4o", "max_usd=5", fresh=True)
    assert said.exit_code == 1 and "OPENAI_API_KEY is not set" in said.err and len(said.errors) == 1
    assert said.cpu_s < LIMIT_CPU_S
    if script == "generate":
        assert run_script(script, "teacher=gpt4o", "dry_run=true", "scenes.num_train=8").exit_code == 0


def test_samples_that_are_paid_for_need_no_key(tmp_path, monkeypatch, conf):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["teacher=gpt4o", "max_usd=5", f"data_dir={tmp_path}"]
    config = typed("train", composed("train", conf, words))
    assert len(missing_inputs(config)) == 1
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc" / "made.json").write_text("{}")
    assert missing_inputs(config) == []


def test_a_warning_is_a_line_without_a_path(run_script, tmp_path):
    code = (
        "import sys, warnings; sys.argv = ['train', '--help']; from llavapose.cli.train import run; run(); "
        "import lightning.fabric.utilities.warnings; warnings.warn('two\\n words', stacklevel=1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert done.stderr == "warning: two words\n"


def test_generate_does_not_import_torch(run_script, tmp_path):
    root = Path(__file__).parents[2]
    code = (
        "import sys; sys.path.insert(0, %r); import llavapose.cli.generate; import llavapose.teacher.make; "
        "import llavapose.report.samples_page; import llavapose.scenes.open; "
        "assert not {'torch', 'transformers', 'lightning'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code % str(root)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
