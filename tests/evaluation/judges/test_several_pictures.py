"""Answers about several pictures as judges see them: each told or shown in order; the pose judge rates none."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.config.choices import JudgeContext, JudgeProtocol
from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import DataError
from llavapose.evaluation.judges.card.asking import shown_pictures
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.judge import PoseJudge
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.evaluation.judges.protocol import SEVERAL_PICTURES, Case, Seen
from llavapose.evaluation.tables.claims import answer_claims
from llavapose.records import Answer, FurtherPicture, Question
from tests.evaluation.asked_words import FIRST, SECOND, as_text, judges_words
from tests.evaluation.judges.scripted_judge import ScriptedJudge
from tests.llm.chat_server import ChatServer

GOLDEN = Path(__file__).parents[2] / "golden" / "asked"
GROUP = Question(id="q", scene_id=1, image="a.png", kind="detail", text="What has changed?",
                 further=(FurtherPicture(scene_id=2, image="b.png"),))  # fmt: skip
ANSWER = Answer(question_id="q", arm="full", text="worth 7.0 He got on.")


@pytest.mark.parametrize(
    ("name", "question", "scenes"),
    [("one_picture", "What is he doing?", (FIRST,)), ("two_pictures", "What has changed?", (FIRST, SECOND))],
)
def test_what_judges_are_told_word_for_word(name, question, scenes):
    assert as_text(judges_words(question, *scenes)) == (GOLDEN / f"judges_{name}.txt").read_text()


@pytest.fixture
def server():
    with ChatServer(ScriptedJudge()) as running:
        yield running


@pytest.fixture
def pictures(tmp_path):
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / name)
    return tmp_path


def judge_of(server, tmp_path, context, protocol=JudgeProtocol.single):
    asked = EndpointConfig(base_url=server.url, model="some/judge", max_tokens=200)
    return LlmJudge(asked, tmp_path / "l.sqlite", protocol=protocol, context=context, max_missing=1.0)


def case_of(folder, *, scenes=(FIRST, SECOND), files=("a.png", "b.png"), **further):
    paths = [folder / name if name else None for name in files]
    return Case(question=GROUP, scene=scenes[0], answer=ANSWER, picture=paths[0],
                further=(Seen(scene=scenes[1], picture=paths[1]),), **further)  # fmt: skip


@pytest.mark.parametrize("context", [one for one in JudgeContext if one != JudgeContext.texts])
def test_every_picture_is_told_or_shown_in_order(server, tmp_path, pictures, context):
    bodies = []
    behave = server.behave
    server.behave = lambda asked: (bodies.append(asked.body), behave(asked))[1]
    (told,) = judge_of(server, tmp_path, context).judge([case_of(pictures)])
    assert [one.verdict.rating for one in told] == [7.0]
    content = bodies[0]["messages"][-1]["content"]
    shown = [] if isinstance(content, str) else content[:-1]
    text = content if isinstance(content, str) else content[-1]["text"]
    assert len(shown) == (2 if context.sees else 0)
    first, second = text.find("[What is true of Picture 1]\nA man waits."), text.find("[What is true of Picture 2]\nHe")
    assert -1 < first < second if context != JudgeContext.picture else first == second == -1
    other = case_of(pictures, scenes=(SECOND, FIRST), files=("b.png", "a.png"))
    (turned,) = judge_of(server, tmp_path, context).judge([other])
    assert len(bodies) == 2 and turned[0].verdict.key != told[0].verdict.key, "the order makes another request"


def test_a_pair_of_answers_about_a_pair_of_pictures(server, tmp_path, pictures):
    other = replace(ANSWER, arm="baseline", text="worth 3.0 No idea.")
    judge = judge_of(server, tmp_path, JudgeContext.keypoints, JudgeProtocol.pair)
    (told,) = judge.judge([case_of(pictures, opponent=other)])
    assert [one.verdict.rating for one in told] == [7.0, 3.0, 7.0, 3.0]


@pytest.mark.parametrize(
    ("context", "lacks", "why"),
    [
        (JudgeContext.keypoints, {"scenes": (FIRST, None)}, "picture 2 of 2 has no annotations"),
        (JudgeContext.keypoints, {"scenes": (None, SECOND)}, "picture 1 of 2 has no annotations"),
        (JudgeContext.picture, {"files": ("a.png", None)}, "picture 2 of 2 is missing"),
        (JudgeContext.picture, {"files": (None, "b.png")}, "picture 1 of 2 is missing"),
    ],
)
def test_what_lacks_a_picture_is_unscored_and_not_asked(server, tmp_path, pictures, context, lacks, why):
    ((told,),) = judge_of(server, tmp_path, context).judge([case_of(pictures, **lacks)])
    assert (told.verdict.rating, told.verdict.reason) == (None, why) and not server.asked.total()


def test_the_pose_judge_leaves_it_unscored_with_the_reason(scenes, facts_of):
    scale = Scale(Chance(scenes[40:]))
    judge = PoseJudge(lambda: scale, facts_of=facts_of)
    first, second = scenes[:2]
    text = "The left elbow of the person is bent."
    alone = Question(id="a", scene_id=first.id, image=first.image, kind="detail", text="Describe it.")
    several = replace(alone, id="b", further=(FurtherPicture(scene_id=second.id, image=second.image),))
    cases = [
        Case(question=alone, scene=first, answer=Answer(question_id="a", arm="x", text=text)),
        Case(question=several, scene=first, answer=Answer(question_id="b", arm="x", text=text),
             further=(Seen(scene=second),)),
    ]  # fmt: skip
    one, other = (told for (told,) in judge.judge(cases))
    assert one.verdict.rating is not None and one.claims
    assert (other.verdict.rating, other.verdict.reason, other.claims) == (None, SEVERAL_PICTURES, ())


def test_its_claims_are_not_counted_as_none():
    row = {"run": "r", "question_id": "b", "arm": "x", "scene_id": 1, "kind": "detail", "claims": []}
    words = {("r", "x", "b"): 5}
    for reason, supported in ((SEVERAL_PICTURES, None), ("says nothing that can be checked", 0)):
        (told,) = answer_claims([{**row, "reason": reason}], words)
        assert told.supported == supported


def test_a_judges_card_plants_answers_about_single_pictures(scenes, tmp_path):
    class Asking:
        name = "mine"
        questions = (GROUP,)

    with pytest.raises(DataError, match="no question that is rated, about one picture"):
        shown_pictures(Asking(), 0)
