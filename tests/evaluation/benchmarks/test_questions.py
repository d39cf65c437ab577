"""Every question marked by hand is judged as it was marked, with the reason that it was marked for."""

from collections import Counter
from dataclasses import replace

import pytest

from llavapose.evaluation.benchmarks.questions import check
from llavapose.evaluation.benchmarks.questions.check import as_statement, fault_of
from llavapose.evaluation.benchmarks.questions.words import asks_yes_or_no, is_about_pose, is_undecided
from llavapose.pose.facts.scene import scene_facts
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS
from tests.drawn_by_hand import THREE
from tests.evaluation.benchmarks.marked_questions import (
    GIVES_AWAY,
    GOOD,
    MARKED,
    NOT_POSE,
    SURFER,
    UNANSWERABLE,
    Marked,
)
from tests.teacher.offline.motion.clips import raising

REASONS = {GIVES_AWAY: check.GIVES_AWAY, UNANSWERABLE: check.UNANSWERABLE, NOT_POSE: check.NOT_POSE}


@pytest.mark.parametrize("one", MARKED, ids=lambda one: f"{one.mark}: {one.question}"[:60])
def test_a_marked_question_is_judged_as_it_was_marked(one: Marked):
    fault = fault_of(one.question, one.answer, one.kind, one.scene, scene_facts(one.scene))
    if one.mark == GOOD:
        assert fault is None
    else:
        assert fault is not None and fault.startswith(REASONS[one.mark]), fault


def test_there_are_enough_of_each():
    assert len(MARKED) >= 40 and min(Counter(one.mark for one in MARKED).values()) >= 10


@pytest.mark.parametrize("question", DETAIL_INSTRUCTIONS)
def test_the_papers_instructions_may_be_asked_of_one_person_and_of_three(question):
    for scene in (THREE, SURFER):
        assert fault_of(question, "A person is standing.", "detail", scene, scene_facts(scene)) is None


@pytest.mark.parametrize(
    ("question", "scene"),
    [
        # 2409.09306, Tables 1 and 2: the questions that the papers themselves quote.
        ("Where are the surfer's arms positioned?", SURFER),
        ("What could be the reason for the surfer's intense posture?", SURFER),
        ("Analyze the technique they are using and assess whether it is appropriate for big waves.", SURFER),
    ],
)
def test_questions_like_the_papers_own_may_be_asked(question, scene):
    kind = "conv" if question.startswith("Where") else "complex"
    answer = "Both arms are stretched out to the sides, and the knees are bent."
    assert fault_of(question, answer, kind, scene, scene_facts(scene)) is None


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Why are the surfer's arms hanging down?", "To keep his balance on the wave.", "complex"),
        ("Where is the surfer looking with his legs straight?", "At the wave.", "conv"),
    ],
)
def test_a_question_that_supposes_what_is_not_so_is_refused_for_that(question, answer, kind):
    fault = fault_of(question, answer, kind, SURFER, scene_facts(SURFER))
    assert fault is not None and fault.startswith(f"{check.UNANSWERABLE}: it supposes "), fault


def test_a_word_about_the_annotations_is_refused():
    said = "What posture do the keypoints of the surfer show?"
    fault = fault_of(said, "His knees are bent.", "conv", SURFER, scene_facts(SURFER))
    assert fault == "names the annotations: keypoints"


def test_a_crowd_is_not_counted():
    """COCO's crowds are people whom nobody counted: no number is wrong of them."""
    question, answer = "What are the two people doing?", "They are standing."
    assert "two people, of whom there are 3" in (fault_of(question, answer, "conv", THREE, scene_facts(THREE)) or "")
    crowded = replace(THREE, num_crowds=1)
    assert fault_of(question, answer, "conv", crowded, scene_facts(crowded)) is None


@pytest.mark.parametrize(
    ("question", "yes_or_no"),
    [
        ("Is the man sitting?", True),
        ("In the picture, are they walking?", True),
        ("Can you tell whether he is walking?", True),
        ("Can you describe his pose?", False),
        ("Is he sitting or standing?", False),
        ("What is he doing?", False),
        ("Does anyone jump?", True),
    ],
)
def test_yes_or_no(question, yes_or_no):
    assert asks_yes_or_no(question) == yes_or_no


def test_what_a_question_takes_for_granted():
    assert as_statement("Why is the man sitting?") == "The man is sitting."
    assert as_statement("What could be the reason that all three people are standing?").lower() == (
        "all three people are standing."
    )


def test_pose_and_undecided_words():
    assert is_about_pose("What might happen next?") and not is_about_pose("What is on the table?")
    assert is_undecided("It's hard to tell from here.") and not is_undecided("His left knee is bent.")


def test_of_a_clip_question_and_answer_are_both_read_as_motion():
    """Read as a pose, the answer would say something else than the question, and would not be given away."""
    scene = raising(1)
    asked = "What does the person do who raises the left hand past the head?"
    answer = "The person raises the left hand past the head slowly."
    fault = fault_of(asked, answer, "conv", scene, scene_facts(scene))
    assert fault == "gives its answer away: it says left hand raised past the head"
