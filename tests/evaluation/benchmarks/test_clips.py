"""Questions about clips: of the world's benchmark, in files, frozen."""

import json
from dataclasses import replace

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.file import read_questions, write_questions
from llavapose.evaluation.benchmarks.frozen import Frozen, Written, read_frozen, write_frozen
from llavapose.evaluation.benchmarks.protocol import tied_pictures
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion.vocabulary import VALUES
from tests.evaluation.clips import NUM_FRAMES, clips


@pytest.fixture(scope="module")
def scenes():
    return clips(40)


@pytest.fixture(scope="module")
def questions(scenes):
    return build_benchmark(scenes, num_images=12)


def test_the_three_kinds_are_about_motion_and_list_all_frames(questions, scenes):
    known = {scene.id: scene for scene in scenes}
    assert [one.kind for one in questions[:3]] == ["conv", "detail", "complex"] and len(questions) == 36
    for one in questions:
        frames = known[one.scene_id].frames
        assert one.images == tuple(frame.image for frame in frames) and len(one.times_s) == NUM_FRAMES
        assert set(one.scene_ids) == {one.scene_id}
        if one.kind == "conv":
            held = [f for f in scene_facts(known[one.scene_id]) if f.sure and f.kind in VALUES]
            told = {f.value for f in held if (f.kind, f.person, f.part) == (one.asked.kind, one.asked.person,
                                                                          one.asked.part)}  # fmt: skip
            assert told, "what is asked for can be judged"
            assert not any(value in one.text for value in told), "the question does not say it"
    assert tied_pictures(questions) == {one.id: one.scene_id for one in questions}, "the clip is the unit"


def test_a_file_keeps_times(questions, tmp_path):
    write_questions(tmp_path / "q.jsonl", questions)
    row = json.loads((tmp_path / "q.jsonl").read_text().splitlines()[0])
    assert row["times"] == list(questions[0].times_s) and row["scene_id"] == questions[0].scene_id
    assert read_questions(tmp_path / "q.jsonl") == questions


LINE = {"id": "a", "scene_id": 3, "image": ["a.jpg", "b.jpg"], "times": [0.0, 0.5], "kind": "conv", "text": "Well?"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"times": [0.0]}, "has 2 pictures and 1 time; expected a time each"),
        (
            {"times": [0.5, 0.0]},
            "has times [0.5, 0.0]; expected seconds since the first frame, from 0",
        ),
        ({"times": [0.0, "1"]}, "expected seconds since the first frame"),
        ({"times": 2.0}, "expected seconds since the first frame"),
        ({"scene_id": [3, 4]}, "has times and 2 numbers (scene_id); expected one, the scene's that its frames are of"),
    ],
)
def test_times_that_are_none_are_refused_in_a_line(change, told, tmp_path):
    (tmp_path / "q.jsonl").write_text(json.dumps(LINE | change))
    with pytest.raises(DataError) as error:
        read_questions(tmp_path / "q.jsonl")
    assert f"{tmp_path / 'q.jsonl'}:1" in str(error.value) and told in str(error.value)
    assert "\n" not in str(error.value)


def test_one_frame_and_llavas_form_have_times_too(tmp_path):
    one = LINE | {"image": "a.jpg", "times": [1.5]}
    llava = {"question_id": 7, "image": ["v/1.jpg", "v/2.jpg"], "times": [0, 1], "text": "Well?", "category": "conv"}
    (tmp_path / "q.jsonl").write_text(f"{json.dumps(one)}\n{json.dumps(llava)}")
    first, second = read_questions(tmp_path / "q.jsonl")
    assert (first.images, first.times_s) == (("a.jpg",), (1.5,))
    assert second.times_s == (0.0, 1.0) and len(set(second.scene_ids)) == 1


def test_a_frozen_benchmark_keeps_the_clip(scenes, questions, tmp_path):
    asked = [replace(one) for one in questions[:3]]
    scene = next(scene for scene in scenes if scene.id == asked[0].scene_id)
    written = tuple(Written(question=one, answer="Yes.") for one in asked)
    write_frozen(tmp_path / "b.jsonl", Frozen(card={}, scenes=(scene,), written=written))
    found = read_frozen(tmp_path / "b.jsonl")
    assert found.scenes == (scene,) and found.questions == tuple(asked)
