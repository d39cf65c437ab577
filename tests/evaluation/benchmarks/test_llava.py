"""LLaVA's own files, the papers' examples, and anybody's questions in LLaVA's form, asked as they stand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.examples import EXAMPLES, NOT_TOLD, PaperExamples
from llavapose.evaluation.benchmarks.file import FileBenchmark, read_questions
from llavapose.evaluation.benchmarks.llava import LlavaBenchmark
from llavapose.evaluation.evaluate import write_benchmark
from llavapose.files import read_jsonl
from llavapose.records import Question
from tests.evaluation.benchmarks.coco_files import lay_out, scenes_of

SHARED = Path(__file__).parents[3] / "../shared"
ASKED = {"question_id": 7, "image": "000000000042.jpg", "text": "What is he doing?", "category": "complex reasoning"}
TOLD = {
    "id": "000000000042", "image": "000000000042.jpg", "captions": ["A man runs."],
    "instances": [{"category": "person", "bbox": [0.1, 0, 0.5, 1]}, {"category": "dog", "bbox": [0.5, 0.5, 0.7, 1]}],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A picture under COCO 2014's name, a file of questions and one of captions and boxes."""
    (tmp_path / "val2014").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "val2014" / "COCO_val2014_000000000042.jpg")
    (tmp_path / "asked.jsonl").write_text(json.dumps(ASKED) + "\n")
    (tmp_path / "told.jsonl").write_text(json.dumps(TOLD) + "\n")
    return tmp_path


def llava(folder) -> LlavaBenchmark:
    return LlavaBenchmark(folder / "asked.jsonl", folder / "told.jsonl", folder / "val2014")


def test_llavas_files_become_questions_with_captions_and_boxes(folder):
    benchmark = llava(folder)
    (question,) = benchmark.questions
    assert question == Question(
        id="7", scene_id=42, image="COCO_val2014_000000000042.jpg", kind="complex", text="What is he doing?"
    )
    (scene,) = benchmark.scenes.scenes
    assert scene.id == 42 and scene.captions == ("A man runs.",) and scene.people[0].box_xyxy == (0.1, 0, 0.5, 1)
    assert [thing.category for thing in scene.things] == ["dog"] and scene.image == question.image


def test_anybodys_questions_in_llavas_form_are_read_too(folder):
    benchmark = FileBenchmark(folder / "asked.jsonl", ScenesConfig(name="x"), folder)
    assert benchmark.questions[0].image == "val2014/COCO_val2014_000000000042.jpg"
    assert benchmark.questions[0].kind == "complex" and benchmark.questions[0].id == "7"


@pytest.mark.parametrize(
    ("asked", "told", "said"),
    [
        ({"category": "tale"}, {}, "asked.jsonl:1 has kind 'tale'; expected one of conv, detail, complex"),
        ({"category": None}, {}, "asked.jsonl:1 has no question_id and category"),
        ({"question_id": True}, {}, "asked.jsonl:1 has no question_id and category"),
        ({"text": 3}, {}, "asked.jsonl:1 has text 3; expected a text"),
        (
            {"image": "000000000043.jpg"},
            {},
            "no captions and boxes of 1 questions' pictures, the first is",
        ),
        ({}, {"id": "x"}, "told.jsonl:1 has id 'x'"),
        ({}, {"captions": [1]}, r"told.jsonl:1 has captions \[1\]; expected a list of texts"),
        ({}, {"instances": [{"category": "dog", "bbox": [0, 0, 2, 1]}]}, "expected category and bbox, four numbers"),
        ({}, {"instances": [{"category": "dog", "bbox": [False, 0, True, 1]}]}, "expected category and bbox, four"),
        ({}, {"instances": None}, "has instances None"),
    ],
)
def test_what_is_not_in_llavas_form_is_refused(folder, asked, told, said):
    (folder / "asked.jsonl").write_text(json.dumps(ASKED | asked) + "\n")
    (folder / "told.jsonl").write_text(json.dumps(TOLD | told) + "\n")
    with pytest.raises(DataError, match=said):
        _ = llava(folder).questions


def test_a_picture_that_is_not_there_is_named(folder):
    (folder / "val2014" / "COCO_val2014_000000000042.jpg").unlink()
    with pytest.raises(DataError, match=r"question 7: no picture 000000000042.jpg in .*val2014"):
        _ = llava(folder).questions


@pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="no ../shared/data/llava_coco2014 beside the checkout: LLaVA's 90 questions are not read",
)
def test_llavas_own_ninety_questions_are_read(tmp_path):
    own = SHARED / "data" / "llava_coco2014"
    asked = read_questions(own / "questions_90.jsonl")
    for question in asked:
        Image.new("RGB", (8, 8)).save(tmp_path / f"COCO_val2014_{question.image}")
    benchmark = LlavaBenchmark(own / "questions_90.jsonl", own / "captions_boxes_val_80.jsonl", tmp_path)
    assert len(benchmark.questions) == 90 and len(benchmark.scenes.scenes) == 80
    assert [sum(q.kind == kind for q in benchmark.questions) for kind in ("conv", "detail", "complex")] == [30] * 3
    assert sum(bool(scene.people) for scene in benchmark.scenes.scenes) == 36


def with_examples(folder: Path) -> Path:
    """A val2014 whose first pictures bear the ids that the papers quote."""
    root = lay_out(folder / "coco", folder / "world", num_val=6)
    ids = {1_000_001 + number: one.scene_id for number, one in enumerate(EXAMPLES)}
    for path in (root / "annotations").glob("*_val2014.json"):
        content = json.loads(path.read_text())
        for image in content["images"]:
            if image["id"] in ids:
                new = f"COCO_val2014_{ids[image['id']]:012}.jpg"
                if path.name.startswith("captions"):
                    shutil.move(root / "val2014" / image["file_name"], root / "val2014" / new)
                image["id"], image["file_name"] = ids[image["id"]], new
        for one in content["annotations"]:
            one["image_id"] = ids.get(one["image_id"], one["image_id"])
        path.write_text(json.dumps(content))
    return root


def test_the_papers_examples_are_asked_with_what_they_quote_beside(tmp_path):
    scenes = scenes_of(with_examples(tmp_path))
    benchmark = PaperExamples(scenes)
    assert [question.scene_id for question in benchmark.questions] == [236766, 494608, 60992]
    assert len(benchmark.scenes.scenes) == 3 and len(benchmark.quoted) == 9
    write_benchmark(tmp_path / "out", benchmark)
    rows = [row for _, row in read_jsonl(tmp_path / "out" / "quoted.jsonl", what="quoted")]
    assert {row["question_id"] for row in rows} == {question.id for question in benchmark.questions}
    assert all(row["text"].endswith("...") and "Table" in row["arm"] for row in rows)
    plain: Any = SimpleNamespace(name="x", questions=benchmark.questions)
    write_benchmark(tmp_path / "plain", plain)
    assert not (tmp_path / "plain" / "quoted.jsonl").exists()
    write_benchmark(tmp_path / "out", plain)
    assert not (tmp_path / "out" / "quoted.jsonl").exists(), "other questions may have the same ids"
    with pytest.raises(DataError, match=r"3 of its 3 pictures are not among .*choose scenes=coco2014"):
        _ = PaperExamples(replace(scenes_of(tmp_path / "coco", 2017))).questions


def test_pictures_of_the_examples_that_are_missing_are_said_before_anybody_is_asked(tmp_path):
    root = with_examples(tmp_path)
    (root / "val2014" / "COCO_val2014_000000060992.jpg").unlink()
    said = r"1 of its 3 pictures are not in .*val2014: COCO_val2014_000000060992.jpg; download http.*zip and"
    with pytest.raises(DataError, match=said):
        _ = PaperExamples(scenes_of(root)).scenes


@pytest.mark.skipif(not SHARED.is_dir(), reason="the papers are not here")
def test_quotes_are_the_papers_words():
    papers = " ".join(" ".join(path.read_text().split()) for path in (SHARED / "papers").glob("*.txt"))
    for one in EXAMPLES:
        assert one.text in papers and f"{one.scene_id:012}" in papers.replace("COCO_ val", "COCO_val")
        for _, text in one.quoted:
            quote = text.removesuffix(" ...").rstrip(".")
            assert quote in papers and len(quote.split()) < 35
    assert len(NOT_TOLD) == 2
