"""The rules about motion, on sentences marked by hand."""

import pytest

from benchmarks.motion_prose_rules import answered, beyond, out_of_order, told_twice, without_verb


@pytest.mark.parametrize(
    ("question", "answer", "good"),
    [
        ("Does the person raise or lower the left hand?", "The person raises the left hand past the shoulder.", True),
        ("Does the person raise or lower the left hand?", "The person is here.", False),
        ("Does the person sit down?", "No, the person stands up.", True),
        ("Does the person sit down?", "The person stands up.", False),
        ("When does the person sit down?", "The person sits down from about 0.4 to 1.0 s.", True),
        ("When does the person sit down?", "The person sits down.", False),
        ("How often does the person raise and lower the left hand?", "Three times.", True),
        ("How often does the person raise and lower the left hand?", "The person waves.", False),
        ("Who sits down?", "The person on the left sits down.", True),
        ("Who sits down?", "It takes about 0.4 s.", False),
        ("Which hand does the person raise?", "The person raises the right hand.", True),
        ("Which hand does the person raise?", "The person raises a hand.", False),
        ("How long does it take the person to sit down?", "It takes about 0.6 s.", True),
        ("How long does it take the person to sit down?", "It takes a while.", False),
        ("Has the person finished sitting down when the clip ends?", "Yes, it is over at about 1.2 s.", True),
        ("Has the person finished sitting down when the clip ends?", "The person sits down.", False),
        ("What does the person do after sitting down?", "After that, the person stands up.", True),
        ("Which way does the person turn?", "The person turns to their own left.", True),
        ("Which way does the person turn?", "The person turns.", False),
        ("Whither?", "Thither.", None),
    ],
)
def test_an_answer_answers_its_question(question: str, answer: str, good: bool | None) -> None:
    assert answered(question, answer) is good


def test_a_sentence_has_a_verb() -> None:
    assert not without_verb("The person straightens the left knee. Then the person crouches down.")
    assert without_verb("The person sits down. From about 0.4 s on, sitting down.") == [
        "From about 0.4 s on, sitting down."
    ]


def test_times_lie_in_the_clip_and_go_on() -> None:
    assert beyond("From about 0.4 to 3.2 s, the person turns.", 3.0) == ["3.2"]
    assert not beyond("At about 3.0 s, the person turns.", 3.0)
    assert out_of_order("From about 1.2 s on, she sits down. At about 0.4 s, she turns.")
    assert not out_of_order("At about 0.4 s, she turns. From about 1.2 s on, she sits down.")


def test_nothing_is_said_twice() -> None:
    assert told_twice("She turns. She turns.")
    assert not told_twice("She turns. Then she sits down.")
