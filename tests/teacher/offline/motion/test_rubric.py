"""How the samples about motion must read, on clips by lot: every rule before a word was written."""

from collections import Counter
from functools import lru_cache

import pytest

from benchmarks.motion_prose_rules import answered, beyond, out_of_order, told_twice, without_verb
from benchmarks.prose_rules import abstract, quotes, referent_switch, sentences_of
from llavapose.frames import middle
from llavapose.kinds import taught_kinds
from llavapose.pose.check import check_text
from llavapose.records import Scene
from llavapose.teacher.offline.motion.teacher import MotionTeacher
from llavapose.teacher.offline.teacher import Request
from tests.teacher.offline.motion.clips import NUM_FRAMES, STEP_S, by_lot

NUM = {"conv": 4, "detail": 1, "complex": 2}
END_S = (NUM_FRAMES - 1) * STEP_S

Told = tuple[Scene, int, str, str]
"""A scene, its number among the clips by lot, a question and its answer."""


@lru_cache
def told(kind: str, num_scenes: int = 150) -> tuple[Told, ...]:
    found = []
    for number in range(num_scenes):
        scene, facts = by_lot(number)
        request = Request(scene=scene, facts=facts, kind=kind, num=NUM[kind], seed=3)
        found += [(scene, number, turns[0].text, turns[1].text) for turns in MotionTeacher().write(request)]
    return tuple(found)


@pytest.mark.parametrize("kind", taught_kinds())
def test_there_is_enough_to_say(kind: str) -> None:
    assert len(told(kind)) > {"conv": 450, "detail": 120, "complex": 200}[kind]


@pytest.mark.parametrize("kind", taught_kinds())
def test_each_answer_answers_its_question(kind: str) -> None:
    for _, _, question, answer in told(kind):
        assert answered(question, answer) is True, (question, answer)


@pytest.mark.parametrize("kind", taught_kinds())
def test_every_sentence_is_one(kind: str) -> None:
    for scene, _, question, answer in told(kind):
        assert not without_verb(answer), (question, answer)
        assert not told_twice(answer), answer
        assert not beyond(question + answer, END_S), (question, answer)
        assert not referent_switch(answer, len(scene.people) == 1), answer
        for text in (question, answer):
            assert text[0].isupper() and text[-1] in ".?", text
            assert "  " not in text and " ," not in text and "{" not in text and ".." not in text, text
        assert "whole" not in [quotes(one, scene.captions) for one in sentences_of(answer)], answer


@pytest.mark.parametrize("kind", taught_kinds())
def test_no_claim_is_false(kind: str) -> None:
    outcomes: Counter[str] = Counter()
    for scene, number, question, answer in told(kind):
        for item in check_text(answer, scene, by_lot(number)[1]):
            outcomes[item.outcome] += 1
            assert item.outcome != "contradicted", (question, answer, item)
    assert outcomes["supported"] > 0.8 * outcomes.total(), outcomes


def test_a_description_goes_on_in_time() -> None:
    for scene, _, _, answer in told("detail"):
        assert not out_of_order(answer), answer
        if len(scene.people) == 1:
            assert len(answer.split()) < 140


@pytest.mark.parametrize("kind", taught_kinds())
def test_wording_varies(kind: str) -> None:
    questions = [question for _, _, question, _ in told(kind)]
    answers = [answer for _, _, _, answer in told(kind)]
    forms = Counter(map(abstract, questions))
    assert len(forms) >= 12
    assert forms.most_common(1)[0][1] < 0.15 * len(questions), forms.most_common(3)
    assert max(Counter(answers).values()) <= max(4, len(answers) // 50)
    words = {word for answer in answers for word in answer.lower().split()}
    assert len(words) > {"conv": 120, "detail": 120, "complex": 150}[kind]


def test_unsure_facts_are_never_told() -> None:
    for number in range(100):
        scene, facts = by_lot(number)
        unsure = tuple(fact for fact in facts if not fact.sure)
        for kind in taught_kinds():
            request = Request(scene=scene, facts=unsure, kind=kind, num=4, seed=0)
            for turns in MotionTeacher().write(request):
                for item in check_text(turns[1].text, scene, facts):
                    assert item.claim.kind not in {fact.kind for fact in unsure}, (turns, item)


def test_frames_lie_where_the_middle_is() -> None:
    scene, _ = by_lot(0)
    assert scene.frames[middle(NUM_FRAMES)].image == scene.image
