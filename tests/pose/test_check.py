"""Claims against facts: what the teacher words is supported, its flips are contradicted."""

import random
from dataclasses import replace

import pytest

from llavapose.pose import language
from llavapose.pose.check import check_claim, check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.people import prominent
from llavapose.pose.vocabulary import PARTS, VALUES, flip_part
from llavapose.records import Fact, Scene

CATEGORIES = ("tennis racket", "umbrella", "skis", "skateboard", "cell phone", "orange", "scissors")


def _all_facts(scene: Scene) -> list[Fact]:
    """Every fact that could be stated about these people and things."""
    facts = []
    for kind, values in VALUES.items():
        for value in values:
            if kind == "count":
                number = 11 if value == "many" else int(value)
                facts.append(Fact(kind=kind, person=None, value=value, sure=True, measure=number))
                continue
            for person in prominent(scene):
                targets: tuple[int | None, ...] = (None,)
                if kind in ("side_of", "nearest"):
                    targets = tuple(other for other in prominent(scene) if other != person)
                elif kind == "contact":
                    targets = tuple(range(len(scene.things)))
                facts += [Fact(kind=kind, person=person, value=value, sure=True, part=part, target=target)
                          for part in PARTS.get(kind, (None,)) for target in targets]  # fmt: skip
    return facts


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_wording_of_the_teacher_is_read_back(figures, count):
    scene = replace(figures.row(count), things=figures.scene(things=[(c, (0, 0, 9, 9)) for c in CATEGORIES]).things)
    for fact in _all_facts(scene):
        for variant in range(len(language.STATEMENTS[fact.kind])):
            text = language.state(fact, scene, variant)
            (checked,) = check_text(text, scene, (fact,))
            assert (checked.outcome, checked.fact) == ("supported", fact), text
            false = language.flipped(fact, scene, random.Random(3))
            if false and fact.kind != "contact":
                wrong = language.state(false, scene, variant)
                (checked,) = check_text(wrong, scene, (fact,))
                assert (checked.outcome, checked.fact) == ("contradicted", fact), wrong
        assert extract_claims(language.ask(fact, scene, 0)) == ()


def test_true_sentences_hold_and_mutated_ones_fail(figures):
    raised = figures.person(left_elbow=(250, 45), left_wrist=(252, -8), right_elbow=(150, 158), right_wrist=(200, 150))
    scene = figures.scene(raised)
    facts = scene_facts(scene)
    truths = [fact for fact in facts if fact.sure and fact.kind not in ("count", "place")]
    assert len(truths) >= 10
    for fact in truths:
        assert [c.outcome for c in check_text(language.state(fact, scene, 0), scene, facts)] == ["supported"]
        false = language.flipped(fact, scene, random.Random(0))
        assert [c.outcome for c in check_text(language.state(false, scene, 0), scene, facts)] == ["contradicted"]
    for fact in truths:
        if fact.part:  # the other side holds only where it is the same
            other = replace(fact, part=flip_part(fact.part))
            same = {f.value for f in truths if f.kind == fact.kind and f.part == other.part}
            (checked,) = check_text(language.state(other, scene, 0), scene, facts)
            assert (checked.outcome == "contradicted") == (bool(same) and fact.value not in same), fact


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Both arms are lowered.", ["supported", "supported"]),
        ("Neither arm is raised.", ["supported", "supported"]),
        ("The person is not facing the camera.", ["contradicted"]),
        ("The man's left elbow is bent.", ["contradicted"]),
        ("An elbow is bent.", ["contradicted"]),
        ("She stands upright and faces us.", ["supported", "supported", "supported"]),
        ("He holds an umbrella in the left hand.", ["unverifiable"]),
        ("There are two people.", ["contradicted"]),
        ("The person on the left is standing.", ["unverifiable"]),
    ],
)  # fmt: skip
def test_a_person_standing_in_front_of_us(figures, text, outcome):
    scene = figures.scene(figures.person())
    assert [checked.outcome for checked in check_text(text, scene, scene_facts(scene))] == outcome


@pytest.mark.parametrize(
    ("claimed", "true", "outcome"),
    [
        ("bent", "slightly bent", "supported"), ("slightly bent", "bent", "unverifiable"),
        ("straight", "slightly bent", "contradicted"), ("slightly bent", "straight", "contradicted"),
    ],
)  # fmt: skip
def test_near_words_are_judged_leniently(figures, claimed, true, outcome):
    scene = figures.scene(figures.person())
    fact = Fact(kind="elbow", person=0, part="left elbow", value=true, sure=True)
    (claim,) = extract_claims(f"The left elbow of the person is {claimed}.")
    assert check_claim(claim, scene, (fact,)).outcome == outcome


def test_an_unsure_fact_decides_nothing(figures):
    scene = figures.scene(figures.person())
    facts = tuple(replace(fact, sure=False) for fact in scene_facts(scene))
    text = "The left elbow of the person is bent. The person is sitting. There are four people."
    assert {checked.outcome for checked in check_text(text, scene, facts)} == {"unverifiable"}


def test_contact_is_denied_where_the_thing_is_missing_or_the_hand_is_elsewhere(figures):
    person = figures.person()
    scene = figures.scene(person, things=[("tennis racket", (240, 205, 300, 250)), ("dog", (10, 300, 60, 380))])
    facts = scene_facts(scene)
    outcomes = [checked.outcome for checked in check_text(
        "The person holds a tennis racket in the left hand. The person holds a tennis racket in the right hand. "
        "The person holds an umbrella in the left hand. The person holds a racket.", scene, facts)]  # fmt: skip
    assert outcomes == ["supported", "contradicted", "contradicted", "supported"]


def test_all_people_are_claimed_only_if_each_is(figures):
    seated = {"left_knee": (222, 215), "right_knee": (178, 215), "left_ankle": (222, 292), "right_ankle": (178, 292)}
    scene = figures.scene(figures.person(dx=-100), figures.person(1, dx=100, **seated))
    facts = scene_facts(scene)
    checked = check_text("Both people face us. Both people are standing.", scene, facts)
    assert [one.outcome for one in checked] == ["supported", "contradicted"]
