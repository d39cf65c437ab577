"""Sentences made of facts: golden ones, and every wording read back as the facts that it was made of."""

import random
from dataclasses import replace

import pytest

from llavapose.pose.check import check_text
from llavapose.pose.language import SAID
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Fact, Scene
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.grammar import Ref


def test_references() -> None:
    boy, far = Ref(name="the boy", noun="boy"), Ref(name="the person on the left", noun="person")
    assert (boy.again(), boy.own, boy.other, boy.of("left arm")) == ("he", "his", "him", "the boy's left arm")
    assert (far.again(), far.own, far.other) == ("the person on the left", "their", "the person on the left")
    assert far.of("left arm") == "the left arm of the person on the left"


def test_both_sides_are_told_in_one(alone: Scene) -> None:
    bent = [Fact(kind="elbow", person=0, value="bent", sure=True, part=f"{side} elbow") for side in ("left", "right")]
    assert [part.small("the") for part in grammar.parts(bent, alone, random.Random(0))] == ["both elbows bent"]
    mixed = [bent[0], replace(bent[1], value="straight")]
    found = grammar.parts(mixed, alone, random.Random(0))
    assert [part.finite("his") for part in found] == ["his left elbow is bent", "his right elbow is straight"]
    assert grammar.listed(["a"]) == "a"
    assert grammar.listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    "kind", ["elbow", "knee", "arm_height", "arm_side", "legs", "leg_lift", "trunk", "stance", "facing"]
)
def test_every_sentence_is_read_back_as_its_facts(kind: str, alone: Scene) -> None:
    noun = {"arm_height": "arm", "arm_side": "arm", "leg_lift": "leg"}.get(kind, kind)
    part = f"left {noun}" if kind in ("elbow", "knee", "arm_height", "arm_side", "leg_lift") else None
    for value in set(VALUES[kind]) - {"in front of the body", "folded"}:
        fact = Fact(kind=kind, person=0, value=value, sure=True, part=part)
        for seed in range(12):
            for who, own in (("The boy", "his"), ("The person", "their")):
                text = f"{grammar.body(who, [fact], alone, random.Random(seed), own=own)}."
                told = [item.outcome for item in check_text(text, alone, (fact,)) if item.claim.kind == kind]
                assert told == ["supported"], text


def test_a_hand_that_folds_or_is_held_in_front_has_its_words() -> None:
    assert SAID["arm_height"]["folded"] == ("folded over the chest",)
    assert SAID["arm_height"]["in front of the body"] == ("in front of the body",)
    known = {value for values in VALUES.values() for value in values} | {"folded", "in front of the body"}
    assert {value for values in SAID.values() for value in values} <= known


def test_an_action_is_the_verb_and_the_stance_stands_beside_it(alone: Scene) -> None:
    facts = [
        Fact(kind="stance", person=0, value="standing", sure=True),
        Fact(kind="facing", person=0, value="away from the camera", sure=True),
    ]
    told = grammar.whole(facts, random.Random(0), "throwing a ball")
    assert told.startswith("is throwing a ball, standing, ")
    assert told.endswith("away from the camera")
    assert grammar.whole(facts[:1], random.Random(0), "walking") == "is walking"
    assert grammar.whole(facts[:1], random.Random(0), "standing around") == "is standing around"
    assert grammar.whole([], random.Random(0)) == ""
