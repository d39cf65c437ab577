"""The probe for others: the same bytes each time, balanced letters, a card; what lmms-eval logs, read back."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from llavapose.cli.exporting import export_probe
from llavapose.config.evaluating import ProbeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.probe.items import build_probe
from llavapose.evaluation.probe.public import lmms_utils
from llavapose.evaluation.probe.public.folder import write_public
from llavapose.evaluation.probe.public.logged import read_logged
from llavapose.evaluation.probe.public.rows import choice_rows, read_choice_rows
from llavapose.evaluation.probe.public.tasks import TASKS
from llavapose.evaluation.probe.score import probe_table
from llavapose.files import read_jsonl, sha256, write_jsonl
from tests.evaluation.conftest import make_facts
from tests.evaluation.probe.choice_replies import REPLIES, A, B

PASSES = ("true", "shuffled", "no_picture")


@pytest.fixture(scope="module")
def rows(scenes):
    return choice_rows(build_probe(scenes, 3, num_items=120, facts_of=make_facts), 3)


def logged(path: Path, rows, say, passes=PASSES, shape=lambda reply: reply) -> Path:
    """Samples as lmms-eval 0.7 writes them, each reply being what ``say`` says of a row and of what was shown."""
    tell = {one: getattr(lmms_utils, f"process_{one}") for one in passes}
    for one in passes:
        write_jsonl(
            path / "model" / f"20260101_000000_samples_{TASKS[one][0]}.jsonl",
            (
                {"doc_id": number, "target": row["answer"], "filtered_resps": shape(say(row, one)),
                 "input": row["prompt"], **tell[one](row, [say(row, one)])}
                for number, row in enumerate(rows)
            ),
        )  # fmt: skip
    return path


def of(rows) -> dict:
    return {row["id"]: row for row in rows}


def test_every_fact_is_asked_in_both_orders_and_letters_are_balanced(rows):
    assert len(of(rows)) == len(rows) == 240
    assert set(Counter(row["item"] for row in rows).values()) == {2}
    for group in {row["group"] for row in rows}:
        letters = Counter(row["answer"] for row in rows if row["group"] == group)
        assert letters["A"] == letters["B"]
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert (first["a"], first["b"], first["answer"]) == (second["b"], second["a"], "A") and second["answer"] == "B"
        assert f"A: {first['a']}\nB: {first['b']}" in first["prompt"]
    assert all(row["shuffled_image"] != row["image"] for row in rows)
    assert {row["shuffled_image"] for row in rows} == {row["image"] for row in rows}


def test_unsure_facts_are_left_out(rows, scenes):
    unsure = {
        (scene.id, fact.kind, fact.person, fact.part)
        for scene in scenes
        for fact in make_facts(scene)
        if not fact.sure and fact.kind != "contact"
    }
    assert len(unsure) > 100
    assert not unsure & {(row["scene_id"], row["kind"], row["person"], row["part"]) for row in rows}


def test_without_a_picture_half_is_the_most_that_can_be_known(rows, tmp_path):
    """Who knows which of two statements is commoner, and never looks, is right on half."""
    said = {frozenset((row["a"], row["b"])): sorted((row["a"], row["b"]))[0] for row in rows}

    def prior(row, _):
        return "A" if row["a"] == said[frozenset((row["a"], row["b"]))] else "B"

    read = read_logged(logged(tmp_path, rows, prior), of(rows), "m")
    whole = [row for row in probe_table(read.rows) if row["group"] == "all"]
    assert [row["skill"] for row in whole] == pytest.approx([0, 0, 0], abs=1e-9)


def test_who_is_right_has_skill_1_and_who_always_says_a_has_none(rows, tmp_path):
    def right_where_it_sees(row, pictures):
        return row["answer"] if pictures == "true" else "A"

    read = read_logged(logged(tmp_path, rows, right_where_it_sees), of(rows), "m")
    assert read.num_partial == 0 and not read.num_empty and len(read.rows) == 360
    whole = {row["pictures"]: row for row in probe_table(read.rows) if row["group"] == "all"}
    assert whole["true"]["skill"] == 1 and whole["true"]["n"] == 120
    assert whole["shuffled"]["skill"] == pytest.approx(0) and whole["no_picture"]["skill"] == pytest.approx(0)
    assert {row["picture"] for row in read.rows if row["pictures"] == "no_picture"} == {""}


def test_the_interval_has_the_picture_as_its_unit(rows, tmp_path):
    """Right about whole pictures or not at all: the interval is wider than if rows were independent."""
    read = read_logged(
        logged(tmp_path, rows, lambda row, _: row["answer"] if row["scene_id"] % 2 else "A"), of(rows), "m"
    )
    true = [row for row in read.rows if row["pictures"] == "true"]
    clustered = next(row for row in probe_table(true) if row["group"] == "all")
    alone = next(
        row
        for row in probe_table([{**row, "scene_id": number} for number, row in enumerate(true)])
        if row["group"] == "all"
    )
    assert clustered["high"] - clustered["low"] > 1.05 * (alone["high"] - alone["low"])


def test_empty_and_unreadable_replies_are_unanswered(rows, tmp_path):
    def say(row, pictures):
        return {"true": "I cannot tell.", "shuffled": "", "no_picture": row["answer"]}[pictures]

    read = read_logged(logged(tmp_path, rows, say), of(rows), "m")
    assert read.num_empty == {"shuffled": 240}
    assert [row["right"] for row in read.rows[::120]] == [None, None, 1.0]


@pytest.mark.parametrize("shape", [lambda reply: [reply], lambda reply: [[reply]]], ids=["list", "lists"])
def test_replies_in_lists_are_read(shape, rows, tmp_path):
    assert read_logged(logged(tmp_path, rows, lambda row, _: "A", shape=shape), of(rows), "m").rows


def test_a_fact_asked_in_one_order_is_left_out(rows, tmp_path):
    read = read_logged(logged(tmp_path, rows[:5], lambda row, _: "A", ("true",)), of(rows), "m")
    assert len(read.rows) == 2 and read.num_partial == 1


@pytest.mark.parametrize("damage, told", [
    ({"target": "C"}, "does not ask in these words"),
    ({"input": "Another question?"}, "does not ask in these words"),
    ({"pose_probe_accuracy": {"id": "nobody-ab", "pictures": "true"}}, "does not ask in these words"),
    ({"pose_probe_accuracy": 1.0}, "no pose_probe_accuracy"),
    ({"pose_probe_accuracy": {"id": 3, "pictures": "true"}}, "no pose_probe_accuracy"),
    ({"filtered_resps": ["A", "B"]}, "without repeats"),
    ({"filtered_resps": None}, "expected one text"),
])  # fmt: skip
def test_what_is_no_reply_to_a_row_is_refused_with_its_place(damage, told, rows, tmp_path):
    logged(tmp_path, rows, lambda row, _: "A", ("true",))
    (file,) = tmp_path.rglob("*.jsonl")
    lines = [row for _, row in read_jsonl(file, what="x")]
    write_jsonl(file, [lines[0], {**lines[1], **damage}])
    with pytest.raises(DataError, match=told) as error:
        read_logged(tmp_path, of(rows), "m")
    assert f"{file}:2" in str(error.value)


def test_two_runs_in_one_folder_are_refused(rows, tmp_path):
    logged(tmp_path / "a", rows[:2], lambda row, _: "A", ("true",))
    logged(tmp_path / "b", rows[:2], lambda row, _: "B", ("true",))
    with pytest.raises(DataError, match="a second time; name the files of one run"):
        read_logged(tmp_path, of(rows), "m")
    with pytest.raises(DataError, match="log_samples"):
        read_logged(tmp_path / "c", of(rows), "m")


@pytest.mark.parametrize(("reply", "letter"), REPLIES, ids=lambda one: repr(one)[:40])
def test_the_tasks_functions_read_replies_as_we_do(reply, letter):
    doc = {"id": "x", "a": A, "b": B, "answer": "A", "scene_id": 1}
    told = lmms_utils.process_true(doc, [reply])
    assert told["pose_probe_accuracy"]["letter"] == letter
    assert told["pose_probe_accuracy"].get("score") == (None if letter is None else float(letter == "A"))
    assert told["pose_probe_unanswered"]["score"] == float(letter is None)


def test_the_tasks_pictures(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("L", (3, 5)).save(tmp_path / "a.png")
    doc = {"image": "a.png", "shuffled_image": "b.png"}
    monkeypatch.setenv(lmms_utils.IMAGES, str(tmp_path))
    (picture,) = lmms_utils.own_picture(doc)
    assert picture.size == (3, 5) and picture.mode == "RGB" and lmms_utils.no_picture(doc) == []
    with pytest.raises(FileNotFoundError, match=r"b\.png.*set POSE_PROBE_IMAGES"):
        lmms_utils.other_picture(doc)
    monkeypatch.delenv(lmms_utils.IMAGES)
    with pytest.raises(FileNotFoundError, match=r"a\.png"):
        lmms_utils.own_picture(doc)


def export(out: Path, world: Path, *more: str) -> None:
    export_probe(
        conf_folder(), "lmms_eval",
        [f"scenes.root={world}", "scenes.num_train=8", "scenes.num_val=60", "probe.num_items=40", f"output_dir={out}",
         *more],
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    export(folder / "first", folder, "benchmark=world", "benchmark.num_images=4")
    return folder


def test_the_same_command_gives_the_same_bytes(world, capsys):
    export(world / "second", world, "benchmark=world", "benchmark.num_images=4")
    printed = capsys.readouterr().out
    first, second = (
        {path.relative_to(world / name).as_posix(): path.read_bytes()
         for path in (world / name).rglob("*") if path.is_file() and path.name != "owner.json"}
        for name in ("first", "second")
    )  # fmt: skip
    assert first == second and {"README.md", "card.json", "pose_probe.jsonl", "questions.jsonl"} < set(first)
    digest = sha256(world / "second" / "pose_probe.jsonl")
    card = json.loads(first["card.json"])
    assert f"sha256 {digest}" in printed and card["sha256"] == digest and f"`{digest}`" in first["README.md"].decode()
    assert card["num_items"] * 2 == card["num_rows"] == len(read_choice_rows(world / "first" / "pose_probe.jsonl"))
    assert card["questions"]["num"] == 12
    for name, held in first.items():
        assert str(world).encode() not in held and not name.endswith((".jpg", ".png")), name


def test_another_seed_is_another_probe(world, tmp_path):
    export(tmp_path / "third", world, "probe.seed=7")
    assert sha256(tmp_path / "third" / "pose_probe.jsonl") != sha256(world / "first" / "pose_probe.jsonl")
    assert not (tmp_path / "third" / "questions.jsonl").exists(), "questions only where benchmark= is named"
    assert not (tmp_path / "third" / "lmms_eval" / "pose_questions.yaml").exists()


class _Tagged(yaml.SafeLoader):
    """Keeps ``!function utils.x`` as its text."""


_Tagged.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def test_the_tasks_name_files_and_functions_that_are_there(world):
    folder = world / "first" / "lmms_eval"
    names = []
    for path in sorted(folder.glob("*.yaml")):
        task = yaml.load(path.read_text(), _Tagged)
        if "group" in task:
            group = task["task"]
            continue
        names.append(task["task"])
        assert path.stem == task["task"] and task["cluster_key"] == "scene_id"
        assert (folder / task["dataset_kwargs"]["data_files"]["test"]).is_file()
        for function in re.findall(r"!function utils\.(\w+)", path.read_text()):
            assert callable(getattr(lmms_utils, function))
    assert set(group) < set(names) and len(names) == 4
    for name, source in (("utils.py", lmms_utils.__file__), ("letters.py", None)):
        text = (folder / name).read_text()
        assert "llavapose" not in text and (source is None or text == Path(source).read_text())


def test_results_are_read_by_the_same_command(world, tmp_path, capsys):
    rows = read_choice_rows(world / "first" / "pose_probe.jsonl")
    logged(tmp_path, rows.values(), lambda row, _: row["answer"])
    export(world / "first", world, f"exported.results={tmp_path}", "arm=oracle")
    printed = capsys.readouterr().out
    assert "oracle: 120 facts asked in both orders, 0 of 240 choices unanswered" in printed
    assert re.search(r"oracle\s+1\.00 \[1\.00, 1\.00\]", printed)
    assert "oracle" in (world / "first" / "results" / "tables.md").read_text()
    logged(tmp_path / "less", list(rows.values())[:1], lambda row, _: "A", ("true",))
    with pytest.raises(DataError, match=r"no fact of .* in both orders"):
        export(world / "first", world, f"exported.results={tmp_path / 'less'}", "arm=less")


def test_answers_to_open_questions_become_a_file_for_a_judge(world, tmp_path, capsys):
    questions = [row for _, row in read_jsonl(world / "first" / "questions.jsonl", what="questions")]
    assert set(questions[0]) == {"id", "scene_id", "image", "kind", "prompt"}
    file = tmp_path / "m" / "20260101_000000_samples_pose_questions.jsonl"
    write_jsonl(file, (
        {"filtered_resps": ["They sit."], **lmms_utils.process_question(row, ["They sit."])} for row in questions
    ))  # fmt: skip
    export(world / "first", world, f"exported.results={tmp_path}", "arm=told")
    path = world / "first" / "results" / "answers" / "told.jsonl"
    assert [row for _, row in read_jsonl(path, what="answers")] == [
        {"question_id": row["id"], "text": "They sit."} for row in questions
    ]
    assert f"12 answers to open questions: {path}" in capsys.readouterr().out
    shutil.copy(file, tmp_path / "m" / "20260102_000000_samples_pose_questions.jsonl")
    with pytest.raises(DataError, match="each of pose_questions once"):
        export(world / "first", world, f"exported.results={tmp_path}", "arm=told")


@pytest.mark.parametrize("target, words, told", [
    ("vlmevalkit", [], "export is vlmevalkit; expected one of lmms_eval"),
    ("lmms_eval", ["exported.result=x"], "exported.results"),
    ("lmms_eval", ["probe.num_items=-1"], "probe.num_items"),
])  # fmt: skip
def test_mistakes_in_the_settings(target, words, told):
    with pytest.raises(ConfigError, match=told):
        export_probe(conf_folder(), target, words)


def test_too_few_pictures_are_said(tmp_path, scenes):
    with pytest.raises(DataError, match="more pictures are needed"):
        write_public(tmp_path, scenes[:1], ProbeConfig(), ScenesConfig(name="x"))


def test_a_rows_file_that_was_changed_is_refused(tmp_path, rows):
    write_jsonl(tmp_path / "p.jsonl", [rows[0], {**rows[1], "prompt": None}])
    with pytest.raises(DataError, match=r"p\.jsonl:2 has prompt"):
        read_choice_rows(tmp_path / "p.jsonl")


def test_cocos_probe_is_built_of_its_annotations_alone(world, tmp_path):
    """By COCO's files and names, without a picture; here they hold drawn people."""
    (annotated,) = world.glob("world-*/annotations")
    (tmp_path / "coco" / "annotations").mkdir(parents=True)
    for name in ("person_keypoints", "instances", "captions"):
        shutil.copy(annotated / f"{name}_val.json", tmp_path / "coco" / "annotations" / f"{name}_val2017.json")
    words = ["scenes=coco2017", f"scenes.root={tmp_path / 'coco'}", "probe.num_items=40"]
    for name in "ab":
        export_probe(conf_folder(), "lmms_eval", [*words, f"output_dir={tmp_path / name}"])
    assert sha256(tmp_path / "a" / "pose_probe.jsonl") == sha256(tmp_path / "b" / "pose_probe.jsonl")
    readme = (tmp_path / "a" / "README.md").read_text()
    assert "license: cc-by-4.0" in readme and "CC BY 4.0" in readme and "ECCV 2014" in readme
    told = json.loads((tmp_path / "a" / "card.json").read_text())["files"]
    assert told["person_keypoints_val2017.json"] == sha256(annotated / "person_keypoints_val.json") and len(told) == 3


def test_annotations_that_are_not_there_are_said(tmp_path):
    with pytest.raises(ConfigError, match=r"person_keypoints_val2017\.json; expected a file"):
        (tmp_path / "coco").mkdir()
        export_probe(conf_folder(), "lmms_eval", ["scenes=coco2017", f"scenes.root={tmp_path / 'coco'}"])
