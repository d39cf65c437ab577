"""Answers made elsewhere, in our form and in LLaVA's."""

import json

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.answerers.file import FileAnswerer, read_answers
from llavapose.records import Question

QUESTIONS = [Question(id=str(n), scene_id=n, image=f"{n}.jpg", kind="conv", text="What is it?") for n in range(3)]


def written(folder, *rows):
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_number_for_an_id_is_llavas(tmp_path):
    path = written(tmp_path, *({"question_id": n, "text": f"It is {n}.", "category": "conv"} for n in range(3)))
    told = list(FileAnswerer(path).answers(QUESTIONS, tmp_path, "gpt4"))
    assert [(one.question_id, one.text) for one in told] == [(str(n), f"It is {n}.") for n in range(3)]
    path = written(tmp_path, {"question_id": 0, "text": "."}, {"question_id": "0", "text": "."})
    with pytest.raises(DataError, match="answers 0 a second time"):
        read_answers(path, ["0"])
    with pytest.raises(DataError, match="lacks question_id or text"):
        read_answers(written(tmp_path, {"question_id": True, "text": "."}), ["0"])


def test_what_a_file_lacks_is_a_missing_answer(tmp_path, caplog):
    path = written(tmp_path, {"question_id": "1", "text": "A dog."}, {"question_id": "9", "text": "A cat."})
    told = list(FileAnswerer(path).answers(QUESTIONS, tmp_path, "mine"))
    assert [(one.text, one.finish) for one in told] == [
        ("not in answers.jsonl", "failed"), ("A dog.", "stop"), ("not in answers.jsonl", "failed"),
    ]  # fmt: skip
    assert "2 of 3 answers are missing, such as 0" in caplog.text and "1 answers to questions that" in caplog.text
    with pytest.raises(DataError, match="answers 1 of 3 questions; missing 0, 2"):
        read_answers(path, ["0", "1", "2"])
