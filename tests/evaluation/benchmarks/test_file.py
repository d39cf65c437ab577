"""Questions in a file: as they were written, with their pictures, or refused in one line."""

import hashlib
import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.file import FileBenchmark, read_questions, write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.benchmarks.world import WorldBenchmark, build_benchmark
from llavapose.evaluation.evaluate import write_benchmark

ROW = {"id": "1", "scene_id": 1, "image": "a.png", "kind": "detail", "text": "What is to be seen?"}


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    return tmp_path


def written(folder, *rows):
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_questions_come_back_from_the_file(scenes, facts_of, tmp_path):
    questions = build_benchmark(scenes, facts_of, num_images=5)
    write_questions(tmp_path / "benchmark.jsonl", questions)
    back = read_questions(tmp_path / "benchmark.jsonl")
    assert back == questions and questions_hash(back) == questions_hash(questions)
    assert questions_hash(back[:-1]) != questions_hash(questions)


def test_frames_of_two_clips_may_be_called_alike(folder):
    """The middle frames of clips, asked about alone: the folder tells them apart; COCO's file name does by itself."""
    rows = [ROW | {"id": str(number), "scene_id": number, "image": f"{number}/000008.jpg"} for number in (1, 2)]
    assert [one.scene_id for one in read_questions(written(folder, *rows))] == [1, 2]
    coco = [ROW | {"scene_id": 42, "image": "val2014/COCO_val2014_000000000042.jpg"},
            ROW | {"id": "2", "scene_id": 42, "image": "000000000042.jpg"}]  # fmt: skip
    assert len(read_questions(written(folder, *coco))) == 2
    with pytest.raises(DataError, match="expected one number for each picture"):
        read_questions(written(folder, rows[0], rows[1] | {"image": "1/000008.jpg"}))


def test_clips_in_llavas_form_have_numbers_of_their_own(folder):
    rows = [{"question_id": str(clip), "image": [f"{clip}/0.jpg", f"{clip}/1.jpg"], "times": [0, 0.5], "text": "How?",
             "category": "detail"} for clip in (1, 2)]  # fmt: skip
    first, second = read_questions(written(folder, *rows))
    assert first.scene_id != second.scene_id


def test_pictures_of_ones_own_have_no_annotations(folder):
    benchmark = FileBenchmark(written(folder, ROW), ScenesConfig(name="x"), folder)
    assert benchmark.name == "mine" and benchmark.scenes.scenes == () and benchmark.scenes.images == folder
    assert [question.text for question in benchmark.questions] == ["What is to be seen?"]


def test_an_earlier_benchmark_is_asked_again_with_its_annotations(tmp_path):
    scenes = ScenesConfig(name="world", root=tmp_path / "world", num_train=1, num_val=30, image_size=64)
    first = WorldBenchmark(scenes, num_images=4)
    write_questions(tmp_path / "benchmark.jsonl", first.questions)
    again = FileBenchmark(tmp_path / "benchmark.jsonl", scenes)
    assert again.questions == first.questions and again.scenes == first.scenes


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "1"}], r"mine.jsonl:1 is no question .*; expected id, scene_id, image, kind, text, asked"),
        ([ROW, ROW], "has 1 ids twice"),
        ([ROW | {"kind": "tale"}], r"mine.jsonl:1 has kind 'tale'; expected one of conv, detail, complex"),
        ([ROW | {"image": "b.png"}], r"question 1: no picture b.png in .*; set benchmark.images"),
        ([ROW | {"image": "../a.png"}], "leaves the image folder"),
        (
            [ROW, ROW | {"id": "2", "image": "b.png"}],
            r"mine.jsonl:2 has scene_id 1 and image 'b.png', and another ",
        ),
        (
            [ROW, ROW | {"id": "2", "scene_id": 2}],
            r"mine.jsonl:2 has scene_id 2 .*expected one number for each pict",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(folder, rows, said):
    with pytest.raises(DataError, match=said):
        FileBenchmark(written(folder, *rows), ScenesConfig(name="x"), folder)


def test_pictures_without_a_number_in_their_names_are_told_apart(folder):
    rows = [{"question_id": number, "image": image, "text": "What is it?", "category": "detail"}
            for number, image in enumerate(("dog.png", "cat.png", "dog.png", "COCO_val2014_000000441147.jpg", "7.png",
                                            "v2-8.png"))]  # fmt: skip
    dog, cat, again, coco, seven, eight = read_questions(written(folder, *rows))
    assert dog.scene_id == again.scene_id and (coco.scene_id, seven.scene_id) == (441147, 7)
    assert len({one.scene_id for one in (dog, cat, coco, seven, eight)}) == 5


def test_the_hash_in_the_file_is_that_of_the_questions(scenes, facts_of, tmp_path):
    questions = build_benchmark(scenes, facts_of, num_images=2)
    one = questions[0]
    other = (replace(one, text=one.text.replace(one.text.split()[-1], "word")), *questions[1:])
    hashes = []
    for name, asked in (("a", questions), ("b", questions), ("c", other)):
        benchmark: Any = SimpleNamespace(name=name, questions=asked)
        write_benchmark(tmp_path / name, benchmark)
        fields = ("id", "scene_id", "image", "kind", "text", "asked")
        rows = [{name: asdict(q)[name] for name in fields} for q in asked]
        plain = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        hashes.append(json.loads((tmp_path / name / "benchmark.json").read_text())["hash"])
        assert hashes[-1] == hashlib.sha256(plain.encode()).hexdigest()[:12]
    assert hashes[0] == hashes[1] != hashes[2]
