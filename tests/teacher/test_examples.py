"""Examples made by hand: turns before each picture, in every hash of a request, and refused where they are none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.config.compose import composed
from llavapose.config.teaching import EndpointConfig, TeacherConfig
from llavapose.errors import ConfigError, DataError
from llavapose.kinds import taught_kinds
from llavapose.llm.ledger.ledger import Ledger
from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.context import context_text
from llavapose.teacher.dataset.release import _settings as card_settings
from llavapose.teacher.endpoint.plan import plan_of
from llavapose.teacher.endpoint.write import assignment_of
from llavapose.teacher.examples import Example, read_examples
from llavapose.teacher.make import _deciding
from llavapose.teacher.messages import messages_of
from llavapose.teacher.order import Slot
from tests.teacher.endpoint.test_write import run

ENDPOINT = EndpointConfig(base_url="http://localhost:9/v1", model="m", price_out=1.0)
TEACHER = TeacherConfig(name="m", endpoint=ENDPOINT, num_samples=20)
SHOWN = (
    Example(context="A man rides a wave.", response="Question: ...\nAnswer: ..."),
    Example(context="b", response="c"),
)


def file_of(folder: Path, records, name: str = "examples.json") -> Path:
    path = folder / name
    text = "\n".join(map(json.dumps, records)) if name.endswith("l") else json.dumps(records)
    path.write_text(text)
    return path


def written(folder: Path, *, kind: str | None = "conv", name: str = "examples.json") -> Path:
    of = {} if kind is None else {"kind": kind}
    return file_of(folder, [of | {"context": one.context, "response": one.response} for one in SHOWN], name)


@pytest.mark.parametrize("kind", taught_kinds())
def test_they_are_turns_between_the_prompt_and_the_picture(three: Scene, kind: str):
    plain = messages_of(three, kind, context="keypoints", seed=0)
    shown = messages_of(three, kind, context="keypoints", seed=0, examples=SHOWN)
    assert shown[0] == plain[0] and shown[5:] == plain[1:]
    assert [(one.role, one.text) for one in shown[1:5]] == [
        ("user", "A man rides a wave."), ("assistant", "Question: ...\nAnswer: ..."), ("user", "b"), ("assistant", "c"),
    ]  # fmt: skip


@pytest.mark.parametrize("context", ["captions", "keypoints"])
def test_captions_are_turns_or_stand_in_the_picture_s_text(three: Scene, context: str):
    turns = messages_of(three, "conv", context=context, seed=0)
    text = messages_of(three, "conv", context=context, seed=0, caption_turns=False)
    assert [one.role for one in turns].count("assistant") == len(three.captions)
    assert [one.role for one in text] == ["system", "user", "user"]
    assert (text[0], text[-1]) == (turns[0], turns[-1]) and text[1].text == context_text(three, context)
    for kind in ("detail", "complex"):
        assert messages_of(three, kind, context=context, seed=0, caption_turns=False) == messages_of(
            three, kind, context=context, seed=0
        )


@pytest.mark.parametrize("name", ["examples.json", "examples.jsonl"])
def test_a_file_is_read_by_kind(tmp_path, name):
    assert read_examples(written(tmp_path, name=name)) == {"conv": SHOWN}
    assert read_examples(written(tmp_path, kind=None, name=name)) == dict.fromkeys(taught_kinds(), SHOWN)
    assert read_examples(None) == {}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("{}", "is a dict; expected a list of examples, or JSONL"),
        ("[]", "holds no example; expected objects with context and response"),
        ("[3]", "example 1 is a int; expected an object"),
        ('[{"context": "a"}]', "example 1 has no response; expected a text"),
        ('[{"context": "a", "response": "b"}, {"context": " ", "response": "b"}]', "example 2 has no context"),
        ('[{"context": 3, "response": "b"}]', "example 1 has no context; expected a text"),
        ('[{"context": "a", "response": "b", "answer": "c"}]', "example 1 has answer; expected kind, context and"),
        ('[{"context": "a", "response": "b", "kind": "chat"}]', "example 1 is of kind 'chat'; expected one of conv"),
    ],
)
def test_what_is_no_example_is_one_line(tmp_path, scene_set: SceneSet, content, line):
    path = tmp_path / "examples.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"teacher\.examples") as caught:
        assignment_of(scene_set, replace(TEACHER, examples=path))
    assert line in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_they_are_known_by_their_words_wherever_they_lie(tmp_path, scene_set: SceneSet):
    slot = Slot(kind="conv", scene_id=0, turn=0)
    (tmp_path / "other").mkdir()
    teachers = {
        "plain": TEACHER,
        "shown": replace(TEACHER, examples=written(tmp_path)),
        "moved": replace(TEACHER, examples=written(tmp_path / "other")),
        "one": replace(TEACHER, examples=file_of(tmp_path, [{"context": "b", "response": "c"}], "one.json")),
        "as text": replace(TEACHER, caption_turns=False),
    }
    found = {}
    for name, teacher in teachers.items():
        one = assignment_of(scene_set, teacher)
        found[name] = (one.request(slot).key, one.prompt_hash("conv"), one.tags["conv"], json.dumps(_deciding(teacher)))
        for kind in ("detail", "complex"):
            same = Slot(kind=kind, scene_id=0, turn=0)
            plain = assignment_of(scene_set, TEACHER)
            if name != "one":  # shown for every kind
                assert one.request(same).key == plain.request(same).key
                assert one.prompt_hash(kind) == plain.prompt_hash(kind)
    assert found["shown"] == found["moved"]
    for column in zip(*(found[name] for name in ("plain", "shown", "one", "as text")), strict=True):
        assert len(set(column)) == 4
    assert "examples" not in found["plain"][3] and "caption_turns" not in found["plain"][3]


def test_the_plan_and_the_card_and_every_sample_know_them(tmp_path, scene_set: SceneSet):
    told = replace(
        scene_set,
        scenes=tuple(replace(s, captions=(f"Picture number {s.id}.", *s.captions)) for s in scene_set.scenes),
    )
    teacher = replace(TEACHER, examples=written(tmp_path), caption_turns=False)
    shown, plain = (plan_of(assignment_of(told, one), None).rows for one in (teacher, TEACHER))
    assert shown[0].tokens_in != plain[0].tokens_in and shown[1] == plain[1]
    with Ledger(tmp_path / "l.sqlite") as ledger:
        summary, desk = run(told, ledger, tmp_path / "out", teacher)
    conv = [one for one in desk.asked if one.tag.startswith("conv")]
    assert conv and all(one.messages[1].text == SHOWN[0].context for one in conv)
    digest = assignment_of(told, teacher).prompt_hash("conv")
    assert summary.prompts["conv, keypoints"] == digest
    rows = [json.loads(line) for line in (tmp_path / "out" / "samples.jsonl").read_text().splitlines()]
    assert {row["provenance"]["prompt_sha256"] for row in rows if row["kind"] == "conv"} == {digest}
    from llavapose.config.scenes import ScenesConfig

    settings = card_settings(ScenesConfig(name="x", root=tmp_path), teacher)
    assert str(settings["examples"]).startswith("examples.json, sha256 ") and settings["caption_turns"] is False
    assert not {"examples", "caption_turns"} & set(card_settings(ScenesConfig(name="x", root=tmp_path), TEACHER))


def test_who_asks_nobody_reads_none(conf):
    for setting in ("teacher.examples=x.json", "teacher.caption_turns=false"):
        with pytest.raises(ConfigError, match="is read by nothing: the offline teacher asks nobody"):
            composed("generate", conf, [setting])
