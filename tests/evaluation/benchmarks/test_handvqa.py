"""HandVQA's rows become questions with an answer key; replies are scored strictly, refusals as refusals."""

import json
from pathlib import Path

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.keyed.handvqa import HandVqa
from llavapose.evaluation.benchmarks.keyed.scores import keyed_table, outcome_of
from llavapose.files import read_csv, read_jsonl, write_jsonl
from tests.evaluation.benchmarks.handvqa_rows import ANGLE, REPLIES, TYPES, row

OPTIONS = {text[0]: text[3:] for text in ANGLE}


@pytest.fixture
def folder(tmp_path):
    """Six pictures with a question of each type, in one file; the first line's key is A, the next B, and so on."""
    pictures = tmp_path / "HandVQA" / "data" / "FreiHAND" / "evaluation" / "rgb"
    pictures.mkdir(parents=True)
    rows = []
    for number in range(6):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(pictures / f"{number:08d}.jpg")
        for place, options in enumerate(TYPES.values()):
            picture = f"./data/FreiHAND/evaluation/rgb/{number:08d}.jpg"
            rows.append(row(options, (number + place) % len(options), picture))
    write_jsonl(tmp_path / "HandVQA" / "freihand.jsonl", rows)
    return tmp_path / "HandVQA"


def test_rows_become_questions_with_their_key(folder):
    benchmark = HandVqa(folder / "freihand.jsonl")
    assert len(benchmark.questions) == len(benchmark.keys) == 30
    first = benchmark.questions[0]
    assert first.image == "data/FreiHAND/evaluation/rgb/00000000.jpg" and first.id == "angle-1" and first.kind == "conv"
    assert first.text.startswith("Which one is right?") and "<image>" not in first.text and ANGLE[3] in first.text
    key = benchmark.keys["angle-1"]
    assert key.options == OPTIONS and key.answer == "A" and key.group == "angle"
    assert [benchmark.keys[one.id].group for one in benchmark.questions[:5]] == list(TYPES)
    assert [benchmark.keys[one.id].answer for one in benchmark.questions[:5]] == ["A", "B", "A", "B", "A"]
    assert len({one.scene_id for one in benchmark.questions}) == 6 and not benchmark.scenes.scenes


def test_a_file_of_replies_has_its_key_in_labels(folder):
    rows = [one for _, one in read_jsonl(folder / "freihand.jsonl", what="rows")]
    replied = {**rows[0], "labels": rows[0]["messages"][1]["content"]}
    replied["messages"] = [rows[0]["messages"][0], {"role": "assistant", "content": "I think B."}]
    write_jsonl(folder / "replied.jsonl", [replied])
    assert HandVqa(folder / "replied.jsonl").keys["angle-1"].answer == "A"


def test_pictures_are_drawn_whole_by_the_seed(folder):
    few = HandVqa(folder / "freihand.jsonl", num_images=2, seed=1)
    assert len(few.questions) == 10 and len({one.image for one in few.questions}) == 2
    assert HandVqa(folder / "freihand.jsonl", num_images=2, seed=1).questions == few.questions
    assert not HandVqa(folder / "freihand.jsonl", num_images=0).questions


@pytest.mark.parametrize("damage, told", [
    ({"messages": [{"content": "x"}]}, "expected HandVQA's two"),
    ({"messages": None}, "expected HandVQA's two"),
    ({"images": []}, "expected a list of one path"),
    ({"images": "a.jpg"}, "expected a list of one path"),
    ({"labels": "E. Nothing."}, "expected one of its options"),
    ({"labels": None}, "expected one of its options"),
    ({"messages": [{"content": "<image>No options."}, {"content": "A. x"}]}, "behind `Options:`"),
    ({"messages": [{"content": "Options:\nA. x\nC. y"}, {"content": "A. x"}]}, "behind `Options:`"),
])  # fmt: skip
def test_what_is_no_row_is_refused_with_its_place(damage, told, folder):
    rows = [one for _, one in read_jsonl(folder / "freihand.jsonl", what="rows")]
    write_jsonl(folder / "bad.jsonl", [rows[0], {**rows[1], **damage}])
    with pytest.raises(DataError, match=told) as error:
        HandVqa(folder / "bad.jsonl")
    assert "bad.jsonl:2" in str(error.value)


def test_a_picture_that_is_not_there_is_said(folder, tmp_path):
    (folder / "data" / "FreiHAND" / "evaluation" / "rgb" / "00000003.jpg").unlink()
    with pytest.raises(
        DataError, match=r"no picture data/FreiHAND/evaluation/rgb/00000003\.jpg.*set benchmark\.images"
    ):
        HandVqa(folder / "freihand.jsonl")
    assert len(HandVqa(folder / "freihand.jsonl", pictures=False).questions) == 30


@pytest.mark.parametrize(("reply", "outcome"), REPLIES, ids=lambda one: repr(one)[:40])
def test_what_a_reply_comes_to(reply, outcome):
    assert outcome_of(reply, OPTIONS) == outcome


def test_accuracy_is_over_all_questions_and_its_unit_is_the_picture():
    rows = [
        {"arm": "m", "pictures": "true", "group": "angle", "scene_id": picture, "num_options": 4, "answer": "A",
         "outcome": outcome, "right": float(outcome == "A")}
        for picture in range(10)
        for outcome in (["A", "A", "A"] if picture < 5 else ["B", "refused", "unreadable"])
    ]  # fmt: skip
    whole, angle = keyed_table(rows)
    assert whole["group"] == "all" and angle["group"] == "angle" and whole["n"] == 30
    assert whole["accuracy"] == 0.5 and whole["answered_accuracy"] == 0.75 and whole["chance"] == 0.25
    assert (whole["refused"], whole["unreadable"], whole["missing"]) == (5, 5, 0)
    # Ten pictures, all or nothing: t with 9 degrees of freedom times sqrt(0.25 / 9).
    assert whole["high"] - whole["accuracy"] == pytest.approx(2.2622 * (0.25 / 9) ** 0.5, abs=1e-3)


def test_a_run_scores_its_answers_by_the_key(folder, tmp_path, capsys, monkeypatch):
    """By the command: right about x and y, refusing about z, silent about one."""
    from llavapose.cli.evaluations import evaluate_one
    from llavapose.config.compose import settings
    from llavapose.config.start import conf_folder

    benchmark = HandVqa(folder / "freihand.jsonl")
    replies = {"angle": "A", "distance": "It is close.", "relative_pos_z": "I cannot tell."}
    answers = [
        {"question_id": one.id, "text": replies.get(benchmark.keys[one.id].group, benchmark.keys[one.id].answer)}
        for one in benchmark.questions
    ]
    write_jsonl(tmp_path / "answers.jsonl", answers)
    out = tmp_path / "out"
    words = [
        "benchmark=handvqa", f"benchmark.path={folder / 'freihand.jsonl'}", f"benchmark.images={folder}",
        "answerer=file", f"answerer.path={tmp_path / 'answers.jsonl'}", "arm=other", f"output_dir={out}",
        f"scenes.root={tmp_path / 'world'}", "scenes.num_train=8", "scenes.num_val=4", "controls=[]",
        "text_only=false",
    ]  # fmt: skip
    evaluate_one(settings("evaluate", conf_folder(), words))
    printed = capsys.readouterr().out
    columns = ("arm", "pictures", "group", "accuracy", "n", "refused", "unreadable")
    table = read_csv(out / "keyed.csv", columns, what="table", text=("arm", "pictures", "group"))
    found = {line["group"]: line for line in table if line["arm"] == "other"}
    assert found["relative_pos_x"]["accuracy"] == found["relative_pos_y"]["accuracy"] == 1
    assert found["relative_pos_z"]["refused"] == 6 and found["distance"]["unreadable"] == 6
    assert found["angle"]["accuracy"] == pytest.approx(2 / 6, abs=1e-4) and found["all"]["n"] == 30
    assert "By the benchmark's own answer key" in printed and "46.7" in printed
    assert json.loads(Path(out / "keyed" / "other.jsonl").read_text().splitlines()[0])["outcome"] == "A"
