"""A further kind is one entry: read, mixed, planned, asked about and shown like the others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.config.compose import settings
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.data.choose import kind_counts, mix, without_pictures
from llavapose.data.index.records import ensure_records
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.benchmarks.file import FileBenchmark
from llavapose.evaluation.tables.ablation import ablation_table
from llavapose.evaluation.tables.ratings import Rating
from llavapose.kinds import KINDS, Kind, taught_kinds
from llavapose.llava_json import to_record
from llavapose.report.samples_page import write_samples_page
from llavapose.report.tables import ablation_grid
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.endpoint.plan import plan_of
from llavapose.teacher.endpoint.write import assignment_of
from llavapose.teacher.offline.teacher import OfflineTeacher, Request
from llavapose.teacher.order import wanted_samples


@pytest.fixture
def track(monkeypatch):
    monkeypatch.setitem(KINDS, "track", Kind(name="track", title="Tracking", words=("track",)))


def record(number: int, **changed) -> dict:
    talk = [{"from": "human", "value": "<image>\nWhere is the nose?"}, {"from": "gpt", "value": "[0.512,0.204]"}]
    return {"id": str(number), "image": "a.png", "kind": "track", "conversations": talk} | changed


@pytest.fixture
def write(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)

    def to(name: str, *records: dict):
        (tmp_path / name).write_text("".join(json.dumps(one) + "\n" for one in records))
        return tmp_path / name, tmp_path

    return to


def test_a_fourth_kind(track, write, conf):
    own, folder = write("own.jsonl", record(1), record(2))
    foreign, _ = write("tracking.jsonl", {key: value for key, value in record(3).items() if key != "kind"})
    assert {one.kind for one in (*read_samples(own, folder), *read_samples(foreign, folder))} == {"track"}
    records = ensure_records(own, folder, kind=None, folder=folder / "index")
    rows = mix(records, without_pictures(records, ()), {"track": 0.5}, {}, seed=0)
    assert kind_counts(records, rows) == {"track": 1}
    assert settings("train", conf, ["data=mixture", "+data.kinds.track=1"]).data.kinds["track"] == 1
    ratings = [Rating(question_id="1", scene_id=1, kind="track", rating=7.0)]
    grid = ablation_grid(ablation_table({"full": ratings}, ["full"]))
    assert grid.header[1:6] == ("conv", "detail", "complex", "track", "all") and grid.rows[0][4].startswith("70.0")


def test_without_its_entry_it_is_refused(write, conf):
    path, folder = write("own.jsonl", record(1))
    with pytest.raises(DataError, match="kind of sample 1 is 'track'; expected one of conv, detail, complex, locate"):
        read_samples(path, folder)
    with pytest.raises(ConfigError, match=r"data\.kinds has track; expected some of conv, detail, complex, locate"):
        settings("train", conf, ["data=mixture", "+data.kinds.track=1"])


def test_a_kind_without_a_teacher_takes_nothing_from_the_others(track):
    assert "track" not in taught_kinds()
    assert wanted_samples(1, 200_328) == {"conv": 112_980, "detail": 45_174, "complex": 42_174}


def test_questions_of_a_fourth_kind_are_read(track, write):
    question = {"id": "1", "scene_id": 1, "image": "a.png", "kind": "track", "text": "Where is the nose?"}
    path, folder = write("mine.jsonl", question)
    (read,) = FileBenchmark(path, ScenesConfig(name="x"), folder).questions
    assert (read.kind, read.text) == ("track", "Where is the nose?")


def test_the_page_shows_a_fourth_kind(track, write, alone):
    scene = replace(alone, image="a.png")
    path, folder = write("own.jsonl", record(1))
    shown = SceneSet(scenes=(scene,), images=folder)
    html = write_samples_page(path, shown, folder, context_of=lambda scene, parts: "").read_text()
    assert "1 tracking" in html and "Tracking" in html and "[0.512,0.204]" in html


def test_a_taught_kind_that_no_teacher_knows_is_planned_and_refused_in_one_line(monkeypatch, alone):
    kind = Kind(name="track", title="Tracking", words=("track",), taught=True, num_published=50_000)
    monkeypatch.setitem(KINDS, "track", kind)
    assert wanted_samples(1, 250_328)["track"] == 50_000
    scenes = SceneSet(scenes=(alone,), images=Path())
    endpoint = EndpointConfig(base_url="http://localhost:9/v1", model="m")
    with pytest.raises(ConfigError, match=r"^there is no prompt for track; expected one of conv, detail, complex$"):
        plan_of(assignment_of(scenes, TeacherConfig(name="m", endpoint=endpoint, num_samples=40)), None)
    asked = Request(scene=alone, facts=(), kind="track", num=1, seed=0)
    with pytest.raises(ConfigError, match=r"^teacher offline writes no track; expected one of conv, detail, complex$"):
        OfflineTeacher().write(asked)


def test_several_pictures_are_read_written_and_indexed(write):
    marks = [{"from": "human", "value": "<image>\n<image>\nWho moved?"}, {"from": "gpt", "value": "The left one."}]
    two = record(1, kind="conv", image=["a.png", "b.png"], conversations=marks)
    path, folder = write("two.jsonl", two)
    (sample,) = read_samples(path, folder)
    assert sample.images == ("a.png", "b.png") and sample.turns[0].text == "Who moved?"
    assert {key: to_record(sample)[key] for key in two} == two
    found = ensure_records(path, folder, kind=None, folder=folder / "index")
    assert found.sample(0) == sample and found.groups[0] == (0, 1) and found.names[:] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    "image, said",
    [
        ([], r"image of sample 1 is \[\]; expected paths below"),
        (["a.png", 3], "image of sample 1 is"),
        (["a.png", "c.png"], r"no image c\.png of sample 1"),
        (["a.png", "../b.png"], "leaves the image folder"),
    ],
)
def test_bad_lists_of_pictures(write, image, said):
    path, folder = write("bad.jsonl", record(1, kind="conv", image=image))
    with pytest.raises(DataError, match=said):
        read_samples(path, folder)
