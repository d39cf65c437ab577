"""The rubric's rules on sentences marked by hand: each rule finds what it is for and leaves the rest alone."""

import pytest

from benchmarks.prose_rules import abstract, answered, has_finite_verb, quotes, referent_switch, sentences_of

WITH_A_VERB = (
    "A woman is drinking from a cup.",
    "The boy stands on the grass, facing the camera.",
    "Two men sit on a bench.",
    "Both arms hang down.",
    "He could let go of the ball.",
    "Not for long, because the thighs carry all of it.",
    "There are three people in the picture.",
    "What he sees is the street behind us.",
    "It's the left leg that bears the weight.",
    "Their poses differ in the arms.",
    "One of them throws a ball, another watches.",
)
WITHOUT_A_VERB = (
    "A man in a red top surfing in the ocean.",
    "Three people in a park.",
    "A young woman lying on the ground on a sandy beach.",
    "A couple of men, one of them carrying an umbrella.",
    "One person and a dog.",
    "A boy in a grey shirt bending over with others on the street.",
    "Not for long.",
    "Bent.",
)


def test_verbs() -> None:
    assert [text for text in WITH_A_VERB if not has_finite_verb(text)] == []
    assert [text for text in WITHOUT_A_VERB if has_finite_verb(text)] == []


def test_sentences() -> None:
    assert sentences_of("He stands. Does he? Yes.") == ["He stands.", "Does he?", "Yes."]


@pytest.mark.parametrize(
    ("text", "alone", "switched"),
    [
        ("A boy is jumping. The person is upright. They are on the left side of the picture.", True, True),
        ("A boy is jumping. He is upright, and his left arm is raised.", True, False),
        ("A boy is jumping. His arm is raised, and their leg is lifted.", True, True),
        ("A woman is jumping, and he is upright.", True, True),
        ("Someone is jumping. The person keeps their arms down.", True, False),
        ("Someone is jumping. The woman keeps her arms down.", True, True),
        ("The skier is upright. Their arms are raised.", True, False),
        ("The skier is upright. The man bends both knees.", True, True),
        ("The person on the left stands. The person on the right sits with their arms down.", False, False),
        ("The man on the left stands. The person on the left is upright.", False, True),
        ("The woman on the left stands, her arms raised. The woman on the right sits on his bench.", False, True),
        ("Two people are on the beach and lift their arms. The man on the left stands.", False, False),
        ("The girl is turned away, so somebody could come up to her unnoticed.", True, False),
    ],
)
def test_referents(text: str, alone: bool, switched: bool) -> None:
    assert referent_switch(text, alone) is switched


def test_forms() -> None:
    same = [
        "Is the left elbow of the person on the right bent or straight?",
        "Is the right elbow of the woman in the red shirt bent or straight?",
        "Is the left elbow of the third person from the left bent or straight?",
        "Is the left elbow of the boy bent or straight?",
    ]
    assert {abstract(question) for question in same} == {"is the SIDE elbow of WHO bent or straight?"}
    assert abstract("Is the man on the left side of the picture?") != abstract("Is the man of the picture?")
    assert abstract("What would fall if he let go of the tennis racket?") == "what would fall if THEY let go of THING?"


CAPTIONS = ("A man in a red shirt is riding a wave in the ocean.", "Three people in a park")


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("A man in a red shirt is riding a wave in the ocean.", "whole"),
        ("In the morning, three people in a park.", "whole"),
        ("The man is riding a wave in the ocean on a board.", "part"),
        ("The man is riding a wave and looks ahead.", ""),
        ("In the ocean, a man is riding a wave.", ""),
    ],
)
def test_quotations(sentence: str, found: str) -> None:
    assert quotes(sentence, CAPTIONS) == found


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("What should be changed to make the pose easier?", "The right arm is raised. So it is tiring.", False),
        ("What should the boy change to make the pose easier?", "He could lower the right arm.", True),
        ("Which arm could the woman wave with?", "She is on the street.", False),
        ("Which arm could the woman wave with?", "The left one, for it is down.", True),
        ("Is the man facing the camera?", "The man is on the grass.", False),
        ("How many people are there in the picture?", "The picture shows a park.", False),
        ("How many people are there in the picture?", "There are two people.", True),
        ("Is the left elbow of the person bent or straight?", "The left elbow of the person is straight.", True),
        ("Is the left elbow of the person bent or straight?", "The person is on the grass.", False),
        ("Who would tire first?", "It is warm.", False),
        ("Who would tire first?", "The person on the left, who is crouching.", True),
        ("Where does the weight of the girl rest?", "She is facing the camera.", False),
        ("Where does the weight of the girl rest?", "Her weight is on both feet.", True),
        ("Is there a need for this?", "It is red.", False),
        ("Flumph?", "It is red.", None),
    ],
)
def test_answers(question: str, answer: str, verdict: bool | None) -> None:
    assert answered(question, answer) is verdict
