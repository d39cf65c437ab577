"""Wording of motion: golden sentences, questions that give nothing away, flips that are other values of the kind."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from llavapose.pose.check import check_text
from llavapose.pose.language import OPEN, STATEMENTS, ask, ask_open, ask_whether, flipped, label, phrase, state
from llavapose.pose.motion.language import FORMS, act
from llavapose.pose.motion.vocabulary import PARTS, VALUES
from llavapose.records import Fact, Scene

GOLDEN = {
    "hand_motion": (
        "The person on the left raises the left hand past the shoulder.",
        "Does the person on the left raise or lower the left hand past the shoulder?",
    ),
    "elbow_motion": (
        "The person on the left bends the left elbow.",
        "Does the person on the left bend or straighten the left elbow?",
    ),
    "knee_motion": (
        "The person on the left bends the left knee.",
        "Does the person on the left bend or straighten the left knee?",
    ),
    "stance_motion": ("The person on the left sits down.", "Does the person on the left sit down or stand up?"),
    "turn": (
        "The person on the left turns to their own left.",
        "Does the person on the left turn to their own left or to their own right?",
    ),
    "shift": (
        "The person on the left moves toward the left side of the picture.",
        "Does the person on the left move toward the left side of the picture or toward the right side of the picture?",
    ),
    "approach": (
        "The person on the left comes nearer to the camera.",
        "Does the person on the left come nearer to the camera or move away from the camera?",
    ),
    "repeats": (
        "The person on the left moves the left hand up and down once.",
        "Does the person on the left move the left hand up and down once or twice?",
    ),
    "order": (
        "The person on the left moves before the person on the right.",
        "Does the person on the left move before or after the person on the right?",
    ),
}


def every_fact() -> Iterator[Fact]:
    """Each value of each kind, of each part."""
    for kind, values in VALUES.items():
        for value in values:
            for part in PARTS.get(kind, (None,)):
                yield Fact(
                    kind=kind, person=0, value=value, sure=True, part=part, target=1 if kind == "order" else None
                )


def test_golden_statements_and_questions(pair: Scene) -> None:
    told = {}
    for fact in every_fact():
        told.setdefault(fact.kind, (state(fact, pair), ask(fact, pair)))
    assert told == GOLDEN


def test_the_order_swaps_the_alternatives_and_nothing_else(pair: Scene) -> None:
    for fact in every_fact():
        false = flipped(fact, pair, random.Random(0))
        assert false and false.value in set(VALUES[fact.kind]) - {fact.value}
        one, other = ask(fact, pair, 0, false), ask(fact, pair, 1, false)
        assert one != other and (fact.value == "crouches down" or ask(false, pair, 1, fact) == one)
        words = [sorted(text.strip("?").replace(",", "").split()) for text in (one, other)]
        assert words[0] == words[1]


def test_alternatives_that_differ_in_more_than_the_verb_are_told_whole(pair: Scene) -> None:
    fact = next(every_fact())
    false = replace(fact, value="lowered past the head")
    assert ask(fact, pair, 0, false) == (
        "Does the person on the left raise the left hand past the shoulder or lower the left hand past the head?"
    )


def test_two_numbers_of_times_are_asked_for_in_whole_words(pair: Scene) -> None:
    knee = Fact(kind="repeats", person=0, value="2", sure=True, part="left knee")
    asked = {
        (2, 3): "Does the person on the left bend and straighten the left knee twice or three times?",
        (3, 2): "Does the person on the left bend and straighten the left knee three times or twice?",
        (3, 4): "Does the person on the left bend and straighten the left knee three times or four times?",
    }
    for (one, other), text in asked.items():
        fact, false = replace(knee, value=str(one)), replace(knee, value=str(other))
        assert ask(fact, pair, 0, false) == ask(false, pair, 1, fact) == text


def test_questions_state_nothing(pair: Scene) -> None:
    for fact in every_fact():
        questions = [ask(fact, pair, 0), ask(fact, pair, 1), ask_whether(fact, pair)]
        for question in (*questions, *(ask_open(fact, pair, variant) for variant in range(len(OPEN[fact.kind])))):
            assert question.endswith("?") and question[0].isupper() and "{" not in question
            assert check_text(question, pair, (fact,)) == ()


def test_every_statement_differs_from_that_of_every_other_fact(pair: Scene) -> None:
    told = {}
    for fact in every_fact():
        for variant in range(len(STATEMENTS[fact.kind])):
            text = state(fact, pair, variant)
            assert "{" not in text and "  " not in text
            assert told.setdefault(text, fact) == fact


@pytest.mark.parametrize("form", FORMS)
def test_what_is_done_is_told_in_each_form(form: str) -> None:
    twice = Fact(kind="repeats", person=0, value="2", sure=True, part="right knee")
    assert (
        act(twice, form)
        == {
            "does": "bends and straightens the right knee twice",
            "do": "bend and straighten the right knee twice",
            "ing": "bending and straightening the right knee twice",
        }[form]
    )
    assert label(twice, None) == "2" and phrase(twice) == act(twice)  # type: ignore[arg-type]
