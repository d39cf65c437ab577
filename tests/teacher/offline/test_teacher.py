"""The offline teacher: true by construction, within its context, naming no number, deterministic."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.prose_rules import answered, has_finite_verb, referent_switch, sentences_of
from llavapose.kinds import taught_kinds
from llavapose.pose.check import check_text, people_meant
from llavapose.pose.claims.mentions import mentions_in
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion import vocabulary as motion
from llavapose.pose.vocabulary import GROUPS
from llavapose.records import Fact, Scene, Turn
from llavapose.teacher.offline.balance import SHARES, balance_of, ordered, rivals
from llavapose.teacher.offline.captions import consistent
from llavapose.teacher.offline.complex import THEMES
from llavapose.teacher.offline.evidence import BOX_KINDS
from llavapose.teacher.offline.teacher import ANY_QUESTION, OfflineTeacher, Request, complex_question
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS

CAPTIONS = (
    "A man in a blue jacket is holding an umbrella on the street.",
    "People waiting on the street with an umbrella",
    "a person with an umbrella",
)
LEAK = re.compile(r"\d|coordinate|key ?point|bounding|visib|annotat|caption|\bbox", re.IGNORECASE)
LIMB_WORDS = re.compile(r"\b(elbow|knee|arm|leg|trunk|facing|faces|hand|foot)\b")


def write(
    scene: Scene, facts: tuple[Fact, ...], kind: str, num: int = 8, seed: int = 0, context: str = "keypoints"
) -> list[tuple[Turn, ...]]:
    request = Request(scene=scene, facts=facts, kind=kind, num=num, seed=seed)
    return list(OfflineTeacher(context=context).write(request))


@pytest.mark.parametrize("kind", taught_kinds())
@pytest.mark.parametrize("seed", range(8))
def test_all_that_is_said_is_true_and_names_no_number(
    kind: str, seed: int, three: Scene, facts: tuple[Fact, ...]
) -> None:
    for turns in write(three, facts, kind, seed=seed):
        assert [turn.role for turn in turns] == ["user", "assistant"]
        assert not LEAK.search(" ".join(turn.text for turn in turns))
        checked = check_text(turns[1].text, three, facts)
        wrong = [item for item in checked if item.outcome == "contradicted"]
        assert not wrong, f"{turns[1].text} -> {wrong}"


@pytest.mark.parametrize("kind", taught_kinds())
def test_unsure_facts_are_never_told(kind: str, three: Scene) -> None:
    knee = Fact(kind="knee", person=0, value="bent", sure=False, part="right knee")
    for seed in range(5):
        for turns in write(three, (knee,), kind, seed=seed):
            assert "knee" not in " ".join(turn.text for turn in turns)


@pytest.mark.parametrize("kind", taught_kinds())
def test_the_same_request_gives_the_same_and_a_larger_one_begins_with_it(
    kind: str, three: Scene, facts: tuple[Fact, ...]
) -> None:
    many = write(three, facts, kind, num=8, seed=5)
    assert write(three, facts, kind, num=8, seed=5) == many
    assert write(three, facts, kind, num=3, seed=5) == many[:3]
    assert write(three, facts, kind, num=8, seed=6) != many


def test_questions_about_a_picture_differ(three: Scene, facts: tuple[Fact, ...]) -> None:
    found = write(three, facts, "conv", num=40)
    assert len({turns[0].text for turns in found}) == len(found) >= 25


def test_captions_and_boxes_tell_nothing_of_limbs(three: Scene, facts: tuple[Fact, ...]) -> None:
    for context in ("captions", "boxes"):
        told = [turns for kind in taught_kinds() for turns in write(three, facts, kind, num=30, context=context)]
        text = " ".join(turn.text for turns in told for turn in turns)
        assert not LIMB_WORDS.search(text)
        assert ("three people" in text) == (context == "boxes")
    assert {"count", "place", "side_of", "nearest"} == BOX_KINDS


def test_dialogues_join_pairs(three: Scene, facts: tuple[Fact, ...]) -> None:
    request = Request(scene=three, facts=facts, kind="conv", num=2, num_pairs=5, seed=0)
    one, two = OfflineTeacher().write(request)
    assert [turn.role for turn in one] == ["user", "assistant"] * 5
    assert len({turn.text for turn in (*one, *two) if turn.role == "user"}) == 10


def test_detail_follows_one_of_the_sixteen_instructions(three: Scene, facts: tuple[Fact, ...]) -> None:
    assert len(set(DETAIL_INSTRUCTIONS)) == 16
    for question, answer in write(three, facts, "detail", num=16):
        assert question.text in DETAIL_INSTRUCTIONS
        assert "three people" in answer.text.lower()
        assert 30 <= len(answer.text.split()) <= 140
        assert all(map(has_finite_verb, sentences_of(answer.text)))


def test_a_reasoned_answer_answers_by_facts_of_those_asked_about(three: Scene, facts: tuple[Fact, ...]) -> None:
    told = 0
    for question, answer in write(three, facts, "complex", num=60):
        assert check_text(question.text, three, facts) == ()
        assert answered(question.text, answer.text), f"{question.text} {answer.text}"
        assert 1 <= len(sentences_of(answer.text)) <= 5
        about = {people_meant(m.text, three) for m in mentions_in(question.text.lower()) if not m.pronoun}
        for item in check_text(answer.text, three, facts):
            meant = people_meant(item.claim.mention, three)
            assert not about or len(meant) != 1 or meant in about, f"{question.text} {answer.text} {item}"
            told += item.outcome == "supported"
    assert told > 60


def test_there_are_many_questions_and_few_answers_end_alike() -> None:
    wordings = [asking.text for theme in THEMES for asking in theme.asked]
    assert len(wordings) == len(set(wordings)) >= 60
    assert len({theme.name for theme in THEMES}) == len(THEMES)
    for wording in wordings:
        assert answered(wording.format(w="the boy", a="the boy on the left", b="the boy on the right"), "") is False


def test_one_person_has_one_name_and_a_pronoun_that_fits(alone: Scene) -> None:
    facts = scene_facts(alone)
    for captions, noun, pronoun in (
        (("A boy is waving in a park.", "Someone waving in a park"), "boy", "he"),
        (("A woman is waving.", "A young girl waving", "This girl waves."), "girl", "she"),
        (("A woman is waving.", "A man waves."), "person", "they"),
        (("A skier waves.", "A person waving"), "skier", "they"),
        ((), "person", "they"),
    ):
        scene = replace(alone, captions=captions)
        for kind in ("detail", "complex"):
            for turns in write(scene, facts, kind, num=16):
                text = turns[1].text.lower()
                assert not referent_switch(text, alone=True), text
                other = {"he": r"she|her|they|their", "she": r"he|his|they|their", "they": r"he|his|she|her"}[pronoun]
                assert not re.search(rf"\b(?:{other})\b", text), text
                assert noun in f"{turns[0].text} {text}".lower()


def test_nothing_is_concluded_about_an_activity_that_no_caption_names(alone: Scene) -> None:
    facts = scene_facts(alone)
    silent = replace(alone, captions=("A park with trees.",))
    asked = {turns[0].text for turns in write(silent, facts, "complex", num=200)}
    waving = {turns[0].text for turns in write(alone, facts, "complex", num=200)}
    doing = re.compile(r"do next|trying to|aim of|work or leisure|film|busy with")
    assert not any(map(doing.search, asked))
    assert any(map(doing.search, waving))


def test_the_benchmarks_question_is_one_of_the_teachers(three: Scene, facts: tuple[Fact, ...]) -> None:
    asked = {turns[0].text for seed in range(20) for turns in write(three, facts, "complex", num=1, seed=seed)}
    assert {complex_question(three, facts, seed) for seed in range(20)} == asked
    nothing = Scene(id=5, image="x.jpg", width=1, height=1)
    assert complex_question(nothing, (), 0) == ANY_QUESTION


def test_true_answers_come_evenly(three: Scene) -> None:
    """Of "bent or straight?" either is true about equally often, although eight in ten elbows are bent."""
    rng = random.Random(0)
    values = {"elbow": ("bent", "straight"), "stance": ("standing", "sitting"), "trunk": ("upright", "leaning")}
    values |= {"facing": ("image left", "image right"), "leg_lift": ("on the ground", "lifted")}
    parts = {"elbow": "left elbow", "leg_lift": "left leg"}
    scenes = []
    for number in range(800):
        told = tuple(
            Fact(kind=kind, person=0, value=two[rng.random() < 0.2], sure=True, part=parts.get(kind))
            for kind, two in values.items()
        )
        scenes.append((replace(three, id=number, captions=()), told))
    teacher = OfflineTeacher(balance=balance_of(scenes, num_draws=1))
    answers: Counter[str] = Counter()
    for scene, told in scenes:
        for turns in teacher.write(Request(scene=scene, facts=told, kind="conv", num=1, seed=1)):
            answers.update(value for two in values.values() for value in two if f" {value}" in turns[1].text)
    for common, rare in (values["elbow"], values["stance"], values["trunk"]):
        assert 0.35 < answers[rare] / (answers[common] + answers[rare]) < 0.65, answers


def test_rivals() -> None:
    assert rivals("count", "1", ("1", "2", "3")) == ("2",)
    assert rivals("count", "2", ("1", "2", "3")) == ("1", "3")
    assert rivals("arm_height", "lowered", ("above the head", "lowered", "raised")) == ("above the head", "raised")
    assert rivals("contact", "kite", ("kite", "cup")) == ("cup",)
    assert rivals("repeats", "2", ("1", "2", "4")) == ("1",)
    assert rivals("stance_motion", "stands up", ("stands up", "sits down", "crouches down")) == ("sits down", "crouches down")
    assert SHARES.keys() == GROUPS.keys() | motion.GROUPS.keys()


def test_heavier_facts_come_first_more_often() -> None:
    one = Fact(kind="count", person=None, value="1", sure=True)
    two = Fact(kind="count", person=None, value="2", sure=True)
    first = Counter(ordered([(one, 9.0), (two, 1.0)], random.Random(n))[0].value for n in range(500))
    assert 0.8 < first["1"] / 500 < 0.97


def test_captions_that_contradict_a_sure_fact_are_not_told(three: Scene, facts: tuple[Fact, ...]) -> None:
    scene = replace(three, captions=(*CAPTIONS, "Three people standing in the rain."))
    assert consistent(scene, facts).captions == CAPTIONS
    unsure = tuple(replace(fact, sure=False) for fact in facts)
    assert consistent(scene, unsure) is scene


def test_real_geometry_is_told_truly(three: Scene) -> None:
    facts = scene_facts(three)
    assert any(fact.sure and fact.kind == "arm_height" for fact in facts)
    for kind in taught_kinds():
        for turns in write(three, facts, kind, num=20):
            assert not [i for i in check_text(turns[1].text, three, facts) if i.outcome == "contradicted"]
