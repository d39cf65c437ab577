"""What is written of a small clip by real joints, word for word: a change of wording is seen here first."""

from llavapose.kinds import taught_kinds
from llavapose.pose.facts.scene import scene_facts
from llavapose.teacher.offline.motion.teacher import MotionTeacher
from llavapose.teacher.offline.teacher import Request
from tests.teacher.offline.motion.clips import raising

GOLDEN = [
    (
        "conv",
        "Which way does the left hand of the person go?",
        "The person raises the left hand past the head, from about 0.8 to 1.6 s.",
    ),
    (
        "conv",
        "In which part of the clip does the person raise the left hand past the head?",
        "The person raises the left hand past the head between about 0.8 and 1.6 s.",
    ),
    (
        "detail",
        "Narrate the movements that the frames show, one after the other.",
        "The clip shows a woman who is waving in a park. From about 0.8 to 1.6 s, one can see how the woman "
        "raises the left hand past the head. In the middle of the clip, the woman is standing with her left "
        "arm above the head and her right arm lowered.",
    ),
    (
        "complex",
        "What is different at the end with the woman, compared with the start?",
        "The woman raises the left hand past the head between about 0.8 and 1.6 s. So the left hand is above "
        "the head afterwards, which was not so before.",
    ),
    (
        "complex",
        "Why does the woman move this way?",
        "It is to catch somebody's eye: the woman is waving, and the woman raises the left hand past the head"
        " from about 0.8 to 1.6 s.",
    ),
]


def test_word_for_word() -> None:
    scene = raising(7)
    facts = scene_facts(scene)
    found = []
    for kind in taught_kinds():
        request = Request(scene=scene, facts=facts, kind=kind, num=1 if kind == "detail" else 2, seed=0)
        found += [(kind, turns[0].text, turns[1].text) for turns in MotionTeacher().write(request)]
    assert found == GOLDEN
