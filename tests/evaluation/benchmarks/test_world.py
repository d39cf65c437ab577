"""Every question of the benchmark can be judged, and which ones are asked hangs on the scenes alone."""

import re
from collections import Counter

import pytest

from llavapose.errors import ConfigError
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.evaluation.judges.pose.judge import is_judgeable
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Fact
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS


def test_a_question_of_each_kind_about_each_picture(scenes, facts_of):
    questions = build_benchmark(scenes, facts_of, seed=1)
    assert len(questions) == 270 and len({question.id for question in questions}) == 270
    assert Counter(question.kind for question in questions) == {"conv": 90, "detail": 90, "complex": 90}
    assert set(Counter(question.scene_id for question in questions).values()) == {3}
    by_id = {scene.id: scene for scene in scenes}
    for question in questions:
        assert is_judgeable(question, facts_of(by_id[question.scene_id])), question
        assert question.image == by_id[question.scene_id].image
        if question.kind == "detail":
            assert question.text in DETAIL_INSTRUCTIONS
    asked = Counter(question.asked.kind for question in questions if question.asked)
    assert sum(asked.values()) == 90 and len(asked) >= 5


def test_the_conv_question_gives_no_part_of_its_answer_away(scenes, facts_of):
    """Of two values that a question named, one would be true: it names none, or every one of its kind."""
    num_open = 0
    for question in build_benchmark(scenes, facts_of):
        if question.asked:
            named = [value for value in VALUES[question.asked.kind] if re.search(rf"\b{value}\b", question.text)]
            num_open += not named
            assert not named or len(named) == len(VALUES[question.asked.kind]), question.text
    assert num_open > 20


def test_equal_seeds_ask_equally(scenes, facts_of):
    assert build_benchmark(scenes, facts_of, seed=2) == build_benchmark(tuple(reversed(scenes)), facts_of, seed=2)
    assert build_benchmark(scenes, facts_of, seed=2) != build_benchmark(scenes, facts_of, seed=3)


def test_pictures_without_sure_facts_are_not_asked_about(scenes, facts_of):
    def vague(scene):
        unsure = [Fact(kind="stance", person=0, value="standing", sure=False)] * 20
        return unsure if scene.id % 2 else facts_of(scene)

    assert {question.scene_id % 2 for question in build_benchmark(scenes, vague)} == {0}
    with pytest.raises(ConfigError, match=r"0 of 240 .* expected 90"):
        build_benchmark(scenes, lambda scene: [])
