"""Wording: golden sentences, questions that give nothing away, and statements that are read back as what they say."""

import random
from dataclasses import replace

import pytest

from llavapose.pose.check import check_text
from llavapose.pose.language import (
    CHOICES,
    DOUBTS,
    OPEN,
    STATEMENTS,
    ask,
    ask_open,
    ask_whether,
    flipped,
    lend,
    state,
)
from llavapose.pose.motion import vocabulary as motions
from llavapose.pose.vocabulary import OPPOSITES, VALUES
from llavapose.records import Fact, Scene

GOLDEN = {
    "elbow": (
        "The left elbow of the person in the middle is straight.",
        "Is the left elbow of the person in the middle straight or bent?",
    ),
    "knee": (
        "The left knee of the person on the right is slightly bent.",
        "Is the left knee of the person on the right slightly bent or straight?",
    ),
    "arm_height": (
        "The left arm of the person on the left is above the head.",
        "Is the left arm of the person on the left above the head or lowered?",
    ),
    "arm_side": (
        "The left arm of the person on the right is out to the side.",
        "Is the left arm of the person on the right out to the side or across the body?",
    ),
    "legs": (
        "The legs of the person in the middle are together.",
        "Are the legs of the person in the middle together or apart?",
    ),
    "leg_lift": (
        "The right leg of the person in the middle is on the ground.",
        "Is the right leg of the person in the middle on the ground or lifted?",
    ),
    "trunk": (
        "The trunk of the person on the left is leaning.",
        "Is the trunk of the person on the left leaning or upright?",
    ),
    "stance": (
        "The person on the right is sitting.",
        "Is the person on the right sitting or standing?",
    ),
    "facing": (
        "The person in the middle is facing toward the camera.",
        "Is the person in the middle facing toward the camera or away from the camera?",
    ),
    "place": (
        "The person on the left is on the left side of the picture.",
        "Is the person on the left on the left side of the picture or on the right side of the picture?",
    ),
    "side_of": (
        "The person in the middle is to the right of the person on the left.",
        "Is the person in the middle to the right of or to the left of the person on the left?",
    ),
    "nearest": (
        "The person in the middle is nearest to the person on the left.",
        "Who is nearest to the person on the left, the person in the middle or the person on the right?",
    ),
    "contact": (
        "The left hand of the person on the left is touching an umbrella.",
        "Is the left hand of the person on the left touching an umbrella or a dog?",
    ),
    "count": (
        "There are three people in the picture.",
        "How many people are there in the picture, three or two?",
    ),
}


def test_every_kind_has_its_wording() -> None:
    every = VALUES.keys() | motions.VALUES.keys()
    assert STATEMENTS.keys() == CHOICES.keys() == OPEN.keys() == DOUBTS.keys() == every
    assert VALUES.keys() == GOLDEN.keys()


def test_golden_statements_and_questions(three: Scene, facts: tuple[Fact, ...]) -> None:
    first = {fact.kind: fact for fact in reversed(facts) if fact.sure}
    for kind, (statement, question) in GOLDEN.items():
        assert state(first[kind], three) == statement
        false = replace(first[kind], value="2") if kind == "count" else None
        assert ask(first[kind], three, 0, false) == question


def every_fact(facts: tuple[Fact, ...]) -> list[Fact]:
    """Each sure fact with each value of its kind."""
    told = [replace(fact, value=value) for fact in facts if fact.sure for value in VALUES[fact.kind]]
    return [fact for fact in told if fact.value != "many"]


def test_the_order_swaps_the_alternatives_and_nothing_else(three: Scene, facts: tuple[Fact, ...]) -> None:
    for fact in every_fact(facts):
        one, other = ask(fact, three, 0), ask(fact, three, 1)
        false = flipped(fact, three, random.Random(0))
        assert false
        assert ask(false, three, 1, fact) == one
        assert sorted(one.strip("?").replace(",", "").lower().split()) == sorted(
            other.strip("?").replace(",", "").lower().split()
        )


def test_questions_state_nothing(three: Scene, facts: tuple[Fact, ...]) -> None:
    for fact in every_fact(facts):
        questions = [ask(fact, three, 0), ask(fact, three, 1), ask_whether(fact, three)]
        for question in (*questions, *(ask_open(fact, three, variant) for variant in range(2))):
            assert question.endswith("?")
            assert question[0].isupper()
            assert check_text(question, three, facts) == ()


def test_every_statement_is_read_back_as_its_fact(three: Scene, facts: tuple[Fact, ...]) -> None:
    for fact in every_fact(facts):
        for variant in range(len(STATEMENTS[fact.kind])):
            checked = check_text(state(fact, three, variant), three, (fact,))
            outcomes = {item.outcome for item in checked if item.claim.kind == fact.kind}
            assert outcomes == {"supported"}, f"{state(fact, three, variant)} -> {checked}"


def test_every_flipped_statement_is_read_back_as_false(three: Scene, facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        false = flipped(fact, three, random.Random(1))
        if not fact.sure or false is None or fact.kind == "contact":
            continue  # another object in the same hand is no contradiction: hands hold several things
        text = state(false, three)
        outcomes = {item.outcome for item in check_text(text, three, facts) if item.claim.kind == fact.kind}
        assert outcomes == {"contradicted"}, text


@pytest.mark.parametrize("kind", OPPOSITES)
def test_a_flipped_value_is_another_value(kind: str, three: Scene, facts: tuple[Fact, ...]) -> None:
    fact = next(fact for fact in facts if fact.kind == kind)
    for value in VALUES[kind]:
        false = flipped(replace(fact, value=value), three, random.Random(0))
        assert false
        assert false.value in set(VALUES[kind]) - {value}


def test_flipped_counts_people_and_things(three: Scene, alone: Scene, facts: tuple[Fact, ...]) -> None:
    by_kind = {fact.kind: fact for fact in facts}
    assert {flipped(by_kind["count"], three, random.Random(n)).value for n in range(20)} == {"2", "4"}  # type: ignore[union-attr]
    one, ten = (replace(by_kind["count"], value=value) for value in ("1", "10"))
    assert {flipped(one, alone, random.Random(n)).value for n in range(9)} == {"2"}  # type: ignore[union-attr]
    assert {flipped(ten, alone, random.Random(n)).value for n in range(9)} == {"9"}  # type: ignore[union-attr]
    assert flipped(by_kind["nearest"], three, random.Random(0)) == replace(by_kind["nearest"], target=2)
    contact = by_kind["contact"]
    assert flipped(contact, three, random.Random(0)) == replace(contact, target=1)
    also = replace(contact, target=1, sure=False)
    assert flipped(contact, three, random.Random(0), (*facts, also)) is None, "what may be touched too is not false"


def test_a_thing_can_be_lent(three: Scene, facts: tuple[Fact, ...]) -> None:
    contact = next(fact for fact in facts if fact.kind == "contact")
    false, scene = lend(contact, three, "skis")
    assert state(false, scene) == "The left hand of the person on the left is touching skis."
    assert ask(contact, three, 1, false, scene).endswith("touching skis or an umbrella?")


def test_one_person_is_singular(alone: Scene) -> None:
    count = Fact(kind="count", person=None, value="1", sure=True)
    assert [state(count, alone, n) for n in range(3)] == [
        "There is one person in the picture.",
        "The picture shows one person.",
        "One person can be seen in the picture.",
    ]
    assert ask_whether(count, alone) == "Is there one person in the picture?"
    elbow = Fact(kind="elbow", person=0, value="bent", sure=True, part="left elbow")
    assert state(elbow, alone, 1) == "The person has a bent left elbow."
