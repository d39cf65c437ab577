"""A conversation's leaks and claims are found at their turns, and a repair names each in plain words."""

import json
import random

import pytest

from llavapose.llm.chat import Message
from llavapose.pose.language import flipped, state
from llavapose.pose.people import references
from llavapose.records import Fact, Scene, Turn
from llavapose.teacher.checks.findings import (
    Finding,
    all_together,
    check_conversation,
    faults_of,
    from_json,
    repair_messages,
    to_json,
)

REQUEST = (Message(role="system", text="You look at one picture."), Message(role="user", text="captions"))


def turns(*texts: str) -> tuple[Turn, ...]:
    return tuple(Turn(role=("user", "assistant")[index % 2], text=text) for index, text in enumerate(texts))


def test_only_answers_are_judged_and_questions_leak_as_well(three: Scene, facts: tuple[Fact, ...]) -> None:
    found = check_conversation(
        turns(
            "From the details provided: there are nine people, right?",
            "There are three people, as the keypoints show.",
            "There are nine people.",
            "There are nine people.",
        ),
        three,
        facts,
    )
    assert [(leak.turn, leak.leak.words) for leak in found.leaks] == [(0, "details provided"), (1, "keypoints")]
    assert [(claim.turn, claim.checked.outcome) for claim in found.claims] == [(1, "supported"), (3, "contradicted")]
    assert (found.num_supported, found.num_contradicted, found.num_unverifiable) == (1, 1, 0)
    assert not found.clean


def test_without_a_scene_only_leaks_are_looked_for() -> None:
    found = check_conversation(turns("Who?", "The left elbow of the person is bent."), None, ())
    assert found == Finding() and found.clean


TRUTHS = {
    "The left elbow of the person in the middle is bent.":
        "the left elbow of the person in the middle is straight, not bent",
    "The person on the left is facing the left side of the picture.":
        "the person on the left is facing the right side of the picture, not the left side of the picture",
    "The person on the right is standing.": "the person on the right is sitting, not standing",
    "There are five people in the picture.": "there are three people in the picture, not five people",
    "The person in the middle is to the left of the person on the left.":
        "the person in the middle is to the right of the person on the left, not to the left",
    "The person nearest to the person on the left is the person on the right.":
        "the person in the middle is nearest to the person on the left, not the person on the right",
    "The right hand of the person on the left is touching a frisbee.": "no frisbee is known to be in the picture",
    "The left elbow of the person in the middle is not straight.":
        "the left elbow of the person in the middle is straight",
}  # fmt: skip


@pytest.mark.parametrize("text", TRUTHS)
def test_a_contradiction_says_what_the_keypoints_say(text: str, three: Scene, facts: tuple[Fact, ...]) -> None:
    found = check_conversation(turns("What do you see?", f"Well, look here. {text} That is all."), three, facts)
    wrong = [claim for claim in found.claims if claim.checked.outcome == "contradicted"]
    assert [(claim.words, claim.truth) for claim in wrong] == [(text, TRUTHS[text])]


def test_every_flipped_fact_gets_a_sentence(three: Scene, facts: tuple[Fact, ...]) -> None:
    contradicted = 0
    for fact in facts:
        wrong = flipped(fact, three, random.Random(0), facts) if fact.sure else None
        if wrong is None:
            continue
        found = check_conversation(turns("And?", state(wrong, three)), three, facts)
        for fault in faults_of(found):
            assert "None" not in fault and "  " not in fault, fault
        contradicted += found.num_contradicted
    assert contradicted >= 10


def test_a_repair_is_the_request_the_reply_and_what_is_wrong(three: Scene, facts: tuple[Fact, ...]) -> None:
    reply = "The key points show it: the left elbow of the person in the middle is bent. The left elbow of the person \
in the middle is bent."
    found = check_conversation(turns("How is the arm?", reply), three, facts)
    asked = repair_messages(REQUEST, reply, found)
    assert asked[:2] == REQUEST
    assert asked[2] == Message(role="assistant", text=reply)
    assert asked[3].role == "user"
    lines = asked[3].text.splitlines()
    assert "the left elbow of the person in the middle is straight, not bent" in lines[1]
    assert '"key points" names the data behind the picture' in lines[-2]
    assert "same form" in lines[-1]
    with pytest.raises(AssertionError):
        repair_messages(REQUEST, reply, Finding())


def test_a_finding_survives_json_and_findings_join(three: Scene, facts: tuple[Fact, ...]) -> None:
    text = "The keypoints show it. There are five people. The left elbow of the person in the middle is straight. \
The right knee of the person in the middle is bent."
    found = check_conversation(turns("What?", text), three, facts)
    value = json.loads(json.dumps(to_json(found)))
    assert from_json(value) == found
    assert (value["supported"], value["contradicted"], value["unverifiable"]) == (1, 1, 1)
    both = all_together([found, found])
    assert (len(both.leaks), both.num_contradicted) == (2, 2)
    assert faults_of(both) == faults_of(found)


def test_a_contradiction_of_an_unsure_kind_is_told_but_costs_nothing(three: Scene) -> None:
    """``reject`` and ``repair`` act on kinds whose contradictions are rarely wrong in free English."""
    name = references(three)[0]
    facts = (Fact(kind="stance", person=0, value="standing", sure=True),
             Fact(kind="elbow", person=0, value="bent", sure=True, part="left elbow"))  # fmt: skip
    said = {"stance": f"{name.capitalize()} is sitting.", "elbow": f"The left elbow of {name} is straight."}
    found = {kind: check_conversation([Turn(role="user", text="Who?"), Turn(role="assistant", text=text)], three, facts)
             for kind, text in said.items()}  # fmt: skip
    assert {kind: one.num_contradicted for kind, one in found.items()} == {"stance": 1, "elbow": 1}
    assert found["stance"].clean and not faults_of(found["stance"])
    assert not found["elbow"].clean and len(faults_of(found["elbow"])) == 1
