"""The exported probe in lmms-eval itself: its loader, its LLaVA, and our numbers item by item.

lmms-eval pins other versions, so it runs in an environment of its own: ``make test-lmms-eval`` makes it and runs this.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from transformers import AutoProcessor

from llavapose.cli.exporting import export_probe
from llavapose.config.start import conf_folder
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.probe.public.letters import letter_of
from llavapose.evaluation.probe.public.logged import read_logged
from llavapose.evaluation.probe.public.rows import read_choice_rows
from llavapose.evaluation.probe.score import probe_table
from llavapose.files import read_csv, read_jsonl
from llavapose.model.pretrained import load_model
from llavapose.records import Question
from llavapose.rgb import open_image

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("LLAVAPOSE_LMMS_PYTHON", ROOT / ".venv-lmms" / "bin" / "python"))
BASE = ROOT / "llavapose" / "assets" / "tiny_base"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.is_file(), reason=f"no lmms-eval: {PYTHON} is not there; make test-lmms-eval makes it"
    ),
]
NUM_FACTS = 40


def export(out: Path, *more: str) -> None:
    world = [f"scenes.root={out.parent / 'world'}", "scenes.num_train=8", "scenes.num_val=60"]
    export_probe(conf_folder(), "lmms_eval", [*world, f"probe.num_items={NUM_FACTS}", f"output_dir={out}", *more])


def two_letters(folder: Path, rows, images: Path) -> Path:
    """The tiny base with another last layer: it says A or B, by the direction in which its states of prompts differ."""
    model, processor = load_model(BASE), AutoProcessor.from_pretrained(BASE)
    states = []
    for row in rows[:24]:
        text = processor.tokenizer.apply_chat_template(
            [{"role": "user", "content": f"<image>\n{row['prompt']}"}], tokenize=False, add_generation_prompt=True
        )
        picture = open_image(images / row["image"], where=row["id"])
        given = processor(images=[picture], text=[text], return_tensors="pt")
        with torch.inference_mode():
            states.append(model(**given, output_hidden_states=True).hidden_states[-1][0, -1])
    found = torch.stack(states).float()
    mean = found.mean(0)
    way = torch.linalg.svd(found - mean).Vh[0]
    way = way - mean * (way @ mean) / (mean @ mean)
    ids = [processor.tokenizer.encode(letter, add_special_tokens=False)[-1] for letter in "AB"]
    head = torch.nn.Linear(len(way), model.get_output_embeddings().out_features, bias=False)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[ids[0]], head.weight[ids[1]] = 100 * way, -100 * way
    model.set_output_embeddings(head)
    model.config.tie_word_embeddings = model.config.text_config.tie_word_embeddings = False
    shutil.copytree(BASE, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    model.save_pretrained(folder)
    return folder


def run_lmms_eval(out: Path, model: Path, images: Path, logs: Path, tokens: int, tasks: str) -> str:
    command = [
        str(PYTHON), "-m", "lmms_eval", "--include_path", str(out / "lmms_eval"), "--tasks", tasks,
        "--model", "llava_hf", "--model_args", f"pretrained={model},device=cpu,device_map=cpu,dtype=float32",
        "--batch_size", "1", "--gen_kwargs", f"max_new_tokens={tokens}", "--log_samples", "--output_path", str(logs),
    ]  # fmt: skip
    told = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    told |= {"POSE_PROBE_IMAGES": str(images), "HF_HOME": str(out.parent / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=told, cwd=out.parent, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The export, its pictures, the model that says a letter, and what lmms-eval logged of it."""
    folder = tmp_path_factory.mktemp("lmms")
    out = folder / "export"
    export(out, "benchmark=world", "benchmark.num_images=4")
    images = next((folder / "world").glob("world-*/val"))
    rows = read_choice_rows(out / "pose_probe.jsonl")
    model = two_letters(folder / "letters", list(rows.values()), images)
    printed = run_lmms_eval(out, model, images, folder / "logs", 1, "pose_probe,pose_probe_shuffled")
    return out, images, rows, model, folder / "logs", printed


def test_it_finds_our_numbers_item_by_item(asked, capsys):
    _, images, rows, model, logs, _ = asked
    logged = read_logged(logs, rows, "m")
    answerer = CheckpointAnswerer(model, device="cpu", batch_size=8, max_new_tokens=1)
    ours = {}
    for pictures, key in (("true", "image"), ("shuffled", "shuffled_image")):
        questions = [
            Question(id=row["id"], scene_id=row["scene_id"], image=row[key], kind="conv", text=row["prompt"])
            for row in rows.values()
        ]
        for answer in answerer.answers(questions, images, "m"):
            row = rows[answer.question_id]
            letter = letter_of(answer.text, row["a"], row["b"])
            ours[pictures, row["item"], row["order"]] = None if letter is None else letter == row["answer"]
    theirs = {
        (row["pictures"], row["id"], order): one
        for row in logged.rows
        for order, one in zip(("ab", "ba"), row["chosen"], strict=True)
    }
    assert len(theirs) == 4 * NUM_FACTS and set(theirs) == set(ours)
    assert None not in theirs.values() and {True, False} == set(theirs.values()), "both letters are said"
    assert theirs == ours
    with capsys.disabled():
        print(f"\nlmms-eval and llavapose: {len(ours)} of {len(ours)} choices equal, {sum(ours.values())} right")


def test_its_own_table_says_the_same_accuracy(asked):
    _, _, rows, _, logs, printed = asked
    true = [row for row in read_logged(logs, rows, "m").rows if row["pictures"] == "true"]
    accuracy = sum(row["right"] for row in true) / len(true)
    line = next(line for line in printed.splitlines() if "pose_probe " in line and "accuracy" in line)
    assert float(line.split("|")[6]) == pytest.approx(accuracy, abs=1e-4)
    assert "N/A" not in line.split("|")[10], "an error clustered by picture"


def test_what_it_logs_becomes_our_table(asked, capsys):
    out, _, rows, _, logs, _ = asked
    export(out, f"exported.results={logs}", "arm=letters")
    printed = capsys.readouterr().out
    assert f"letters: {2 * NUM_FACTS} facts asked in both orders, 0 of {4 * NUM_FACTS} choices unanswered" in printed
    columns = ("arm", "pictures", "group", "skill", "low", "high", "n")
    table = read_csv(out / "results" / "probe.csv", columns, what="table", text=("arm", "pictures", "group"))
    whole = next(row for row in probe_table(read_logged(logs, rows, "letters").rows) if row["group"] == "all")
    assert table[0]["skill"] == pytest.approx(whole["skill"], abs=1e-4) and table[0]["low"] < table[0]["high"]


def test_open_questions_are_answered_and_kept(asked):
    out, images, _, _, logs, _ = asked
    run_lmms_eval(out, BASE, images, logs / "open", 20, "pose_questions")
    (file,) = (logs / "open").rglob("*_samples_pose_questions.jsonl")
    answered = {row["pose_questions_answered"]["id"]: row["filtered_resps"] for _, row in read_jsonl(file, what="log")}
    questions = [row for _, row in read_jsonl(out / "questions.jsonl", what="questions")]
    assert set(answered) == {row["id"] for row in questions} and len(questions) == 12
    assert all(text.strip() for text in answered.values())
