"""What a reader stumbles over: tautologies, a name or a limb told twice, reasons that do not go together."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from llavapose.kinds import taught_kinds
from llavapose.pose.check import check_text
from llavapose.records import Fact, Scene, Thing
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.captions import reading
from llavapose.teacher.offline.complex import THEMES
from llavapose.teacher.offline.teacher import OfflineTeacher, Request
from llavapose.teacher.offline.themes.action import LEISURE
from llavapose.teacher.offline.themes.senses import APPROACH, AWARE

BOARD = Thing(id=7, category="skateboard", box_xyxy=(0.3, 0.85, 0.5, 0.95))
SIDES = ("left", "right")


def fact(kind: str, value: str, part: str | None = None, person: int = 0, target: int | None = None) -> Fact:
    return Fact(kind=kind, person=person, value=value, sure=True, part=part, target=target)


def told(scene: Scene, facts: Sequence[Fact], kind: str, num: int = 16, seeds: int = 8) -> list[tuple[str, str]]:
    """Questions with their answers."""
    found = []
    for seed in range(seeds):
        request = Request(scene=scene, facts=tuple(facts), kind=kind, num=num, seed=seed)
        found += [(turns[0].text, turns[1].text) for turns in OfflineTeacher().write(request)]
    assert found
    for question, answer in found:
        wrong = [item for item in check_text(answer, scene, tuple(facts)) if item.outcome == "contradicted"]
        assert not wrong, (question, answer, wrong)
    return found


def crowd_facts() -> list[Fact]:
    places = {1: "left", 0: "middle", 2: "right"}
    facts = [fact("place", value, person=person) for person, value in places.items()]
    for person in places:
        facts += [fact("stance", "standing", person=person), fact("facing", "toward the camera", person=person)]
        facts += [fact("arm_height", "lowered", f"{side} arm", person) for side in SIDES]
        facts += [fact("elbow", "straight", f"{side} elbow", person) for side in SIDES]
        facts += [fact("knee", "straight", f"{side} knee", person) for side in SIDES]
    return facts


def test_a_place_that_the_name_has_is_not_told(three: Scene) -> None:
    for _, answer in told(three, crowd_facts(), "detail"):
        assert not re.search(r"on the (?:left|right) side|in the middle of the picture", answer), answer


def test_a_place_is_told_of_somebody_alone(alone: Scene) -> None:
    facts = [fact("place", "left"), fact("stance", "standing")]
    assert any("left side of the picture" in answer for _, answer in told(alone, facts, "detail"))


def test_a_name_does_not_begin_three_sentences(three: Scene) -> None:
    for _, answer in told(three, crowd_facts(), "detail"):
        for name in ("left", "right"):
            assert answer.count(f"The person on the {name} ") <= 1, answer
    facts = [replace(one) for one in crowd_facts() if one.person == 0]
    alone = replace(three, people=three.people[:1], captions=())
    for _, answer in told(alone, facts, "detail"):
        assert len(re.findall(r"\bThe person (?:is|has|can|stands)", answer)) <= 1, answer


@pytest.mark.parametrize(
    ("facts", "small"),
    [
        (("left raised", "left out to the side"), ["the left arm raised and out to the side"]),
        (
            ("left raised", "left out to the side", "right raised", "right out to the side"),
            ["both arms raised and out to the side"],
        ),
        (
            ("left raised", "right raised", "right out to the side"),
            ["the left arm raised", "the right arm raised and out to the side"],
        ),
        (("left folded", "right folded", "left across the body"), ["both arms folded over the chest"]),
        (("left out to the side", "right out to the side"), ["both arms out to the side"]),
    ],
)
def test_a_limb_is_told_once_in_a_sentence(facts: Sequence[str], small: list[str], alone: Scene) -> None:
    found = []
    for one in facts:
        side, _, value = one.partition(" ")
        found.append(fact("arm_side" if "the" in value else "arm_height", value, f"{side} arm"))
    for seed in range(20):
        parts = [part.small("the").replace("held up", "raised") for part in
                 grammar.parts(found, alone, random.Random(seed))]  # fmt: skip
        assert parts == small
        text = f"The person is standing with {grammar.listed(parts)}."
        outcomes = [item.outcome for item in check_text(text, alone, (*found, fact("stance", "standing")))]
        assert outcomes and set(outcomes) == {"supported"}, text


def test_who_walks_is_not_said_to_stand(alone: Scene) -> None:
    facts = [fact("stance", "standing"), fact("facing", "toward the camera"), fact("knee", "bent", "left knee")]
    for verb in ("walking on the street", "running in a park", "having a walk in a park"):
        scene = replace(alone, captions=(f"A woman is {verb}.",))
        for kind in taught_kinds():
            for question, answer in told(scene, facts, kind):
                on_the_way = re.search(r"\bis (?:walking|running|having a walk|taking a walk)", answer)
                assert not (on_the_way and re.search(r"\b(?:standing|stands)\b", answer)), (question, answer)
    waving = told(replace(alone, captions=("A woman is waving.",)), facts, "detail")
    assert any(re.search(r"\b(?:standing|stands)\b", answer) for _, answer in waving)


def test_feet_are_on_the_ground_or_on_a_board(alone: Scene) -> None:
    scene = replace(alone, things=(BOARD,))
    facts = [fact("stance", "standing"), fact("trunk", "upright")]
    facts += [fact("leg_lift", "on the ground", f"{side} leg") for side in SIDES]
    facts += [fact("contact", "touching", f"{side} foot", target=0) for side in SIDES]
    for kind in taught_kinds():
        for question, answer in told(scene, facts, kind):
            assert not ("on the ground" in answer and "skateboard" in answer), (question, answer)
            assert kind == "conv" or "on the ground" not in answer, (question, answer)


def test_both_feet_carry_where_both_are_on_the_ground(alone: Scene) -> None:
    facts = [fact("stance", "standing"), *(fact("leg_lift", "on the ground", f"{side} leg") for side in SIDES)]
    found = [(q, a) for q, a in told(alone, facts, "complex", num=60) if re.search(r"weight|load", q)]
    assert found
    for question, answer in found:
        assert not re.search(r"the (?:left|right) (?:leg|foot) carries|through the (?:left|right) foot", answer), (
            question,
            answer,
        )
    for question, answer in told(alone, facts[:2], "complex", num=60):
        assert "since it is planted" not in answer, (question, answer)


def test_an_arm_before_the_body_is_not_held_out(alone: Scene) -> None:
    facts = [fact("arm_height", "in front of the body", "left arm"), fact("elbow", "bent", "left elbow")]
    found = told(alone, facts, "complex", num=60)
    assert any("muscles" in question for question, _ in found)
    for question, answer in found:
        assert not re.search(r"holding out|strains the left shoulder|where it is", answer), (question, answer)


def test_a_reason_says_something_and_grants_what_it_says() -> None:
    texts = [text for rules in (AWARE, APPROACH) for rule in rules for text in rule[3]]
    assert not [text for text in texts if re.search(r"whatever draws|corner of the eye|\bwalk", text)]
    assert not [text for text in LEISURE["meal"] + LEISURE["rest"] if " or " in text]
    assert {theme.name for theme in THEMES} >= {"aware", "approach", "leisure"}


@pytest.mark.parametrize(
    ("caption", "places"),
    [
        ("A boy is skiing down a slope.", ("on a slope",)),
        ("A man walks down the street", ("on the street",)),
        ("A man walks down the hall", ()),
        ("A girl runs through the park", ("in the park",)),
        ("A girl runs across the road", ()),
        ("A girl runs along the beach", ("along the beach",)),
    ],
)
def test_a_way_is_no_place(caption: str, places: tuple[str, ...], alone: Scene) -> None:
    assert reading(replace(alone, captions=(caption,))).places == places


def test_a_doubt_is_answered_with_what_was_asked(alone: Scene) -> None:
    facts = [fact for fact in crowd_facts() if fact.person == 0 and fact.kind != "place"]
    words = {"elbow": r"elbow", "knee": r"knee", "stance": r"standing|stands", "facing": r"camera", "arm": r"\barms?\b"}
    doubts = longer = 0
    for question, answer in told(replace(alone, captions=()), facts, "conv", num=30, seeds=60):
        if not re.match(r"(?:Yes|No), ", answer):
            continue
        asked = {name for name, pattern in words.items() if re.search(pattern, question)} or {"stance", "facing"}
        said = {name for name, pattern in words.items() if re.search(pattern, answer)}
        limb = {frozenset(("elbow", "arm"))}
        assert said <= asked or any(asked <= one and said <= one for one in limb), (question, answer)
        doubts += 1
        longer += len(answer.split()) > 11
    assert doubts > 40
    assert 0 < longer / doubts < 0.5
