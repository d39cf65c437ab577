"""A model as judge, over HTTP: what it reads, what is made of its replies, what becomes of those that say nothing."""

import re

import pytest

from llavapose.config.choices import Context, JudgeProtocol
from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.protocol import Case
from llavapose.records import Answer, Question
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


def endpoint(server, **changes) -> EndpointConfig:
    return EndpointConfig(base_url=server.url, model="some/judge", max_tokens=200, **changes)


def cases_of(scenes, *, pair=False, num=8):
    found = []
    for scene in scenes[:num]:
        question = Question(id=f"{scene.id}-conv", scene_id=scene.id, image=scene.image, kind="conv", text="Bent?")
        one = Answer(question_id=question.id, arm="full", text=f"good {{question}} {scene.id}")
        other = Answer(question_id=question.id, arm="baseline", text=f"bad {scene.id}") if pair else None
        found.append(Case(question=question, scene=scene, answer=one, opponent=other))
    return found


def rate_by_first_word(asked):
    """Nine for a good answer, two for a bad one, in the order in which they stand."""
    ratings = ["9" if word == "good" else "2" for word in re.findall(r"^(good|bad) ", asked.question, re.MULTILINE)]
    text = f"{' '.join(ratings)}\nSo it is." if len(ratings) == 2 else f"So it is.\nRating: {ratings[0]}"
    return Served(body=completion(text))


def test_one_answer_is_rated_from_what_is_true_of_the_picture(server, scenes, tmp_path):
    server.behave = rate_by_first_word
    judge = LlmJudge(endpoint(server), tmp_path / "l.sqlite", context=Context.boxes)
    assert (judge.name, judge.opponent) == ("some-judge-single-boxes", None)
    found = [one.verdict for one in judge.judge(cases_of(scenes))]
    assert {one.rating for one in found} == {9.0} and {one.reason for one in found} == {"So it is."}
    assert {(one.judge, one.protocol, one.order, one.opponent) for one in found} == {
        ("some-judge-single-boxes", "single", None, None)
    }
    assert len({one.key for one in found}) == 8 and all(one.key for one in found)
    asked = next(text for text in server.asked if "good {question} 1" in text)  # braces stay what they are
    assert "tennis racket: [0.1, 0.1, 0.2, 0.2]" in asked and "keypoints: [" not in asked


def test_a_pair_is_rated_in_an_order_drawn_by_seed_and_recorded(server, scenes, tmp_path):
    server.behave = rate_by_first_word
    orders = []
    for seed in (0, 0, 1):
        judge = LlmJudge(endpoint(server), tmp_path / "l.sqlite", protocol=JudgeProtocol.pair, seed=seed)
        assert judge.opponent == "baseline"
        found = [one.verdict for one in judge.judge(cases_of(scenes, pair=True, num=24))]
        assert [(one.arm, one.rating, one.opponent) for one in found[:2]] == [
            ("full", 9.0, "baseline"), ("baseline", 2.0, "full"),
        ]  # fmt: skip
        assert {(one.arm, one.rating) for one in found} == {("full", 9.0), ("baseline", 2.0)}
        assert all(
            {a.order, b.order} == {"ab", "ba"} and a.key == b.key for a, b in zip(found[::2], found[1::2], strict=True)
        )
        orders.append([one.order for one in found[::2]])
    assert orders[0] == orders[1] != orders[2] and {"ab", "ba"} == set(orders[0])
    assert server.asked.total() == 48, "24 for each of two seeds, none twice"


def test_what_cannot_be_read_is_asked_again_and_then_unscored(server, scenes, tmp_path):
    def behave(asked):
        number = int(re.findall(r"good \{question\} (\d+)", asked.question)[0])
        says = {1: "I would rather not.", 2: "Rating: 7" if "(Attempt 2" in asked.question else "Rating: 11"}.get(
            number, "Rating: 5"
        )
        return Served(body=completion(says))

    server.behave = behave
    judge = LlmJudge(endpoint(server), tmp_path / "l.sqlite", max_asks=3)
    first, second, third = (one.verdict for one in judge.judge(cases_of(scenes, num=3)))
    assert first.rating is None
    assert first.reason == "no rating: " + ", ".join(["no verdict in the asked form"] * 3)
    assert (second.rating, third.rating) == (7.0, 5.0)
    assert len(server.asked) == server.asked.total() == 6  # no body was sent twice


def test_without_annotations_nobody_is_asked(server, scenes, tmp_path):
    (case,) = cases_of(scenes, num=1)
    bare = Case(question=case.question, scene=None, answer=case.answer)
    (verdict,) = (one.verdict for one in LlmJudge(endpoint(server), tmp_path / "l.sqlite").judge([bare]))
    assert verdict.rating is None and verdict.reason == "the picture has no annotations" and verdict.key is None
    assert not server.asked


def test_money_used_up_is_one_line_and_the_same_command_goes_on(server, scenes, tmp_path):
    server.behave = rate_by_first_word
    costly = endpoint(server, price_in=1000.0, price_out=1000.0, max_concurrency=1)
    with pytest.raises(
        LlavaPoseError,
        match=r"of 8 ratings are there, stopped: budget; the same command with a higher judge.max_usd goes on",
    ):
        list(LlmJudge(costly, tmp_path / "l.sqlite", max_usd=1.8).judge(cases_of(scenes)))
    paid = len(server.log)
    assert 0 < paid < 8
    assert len(list(LlmJudge(costly, tmp_path / "l.sqlite").judge(cases_of(scenes)))) == 8
    assert server.asked.total() == 8


def test_settings_that_cannot_be_meant(server, tmp_path):
    with pytest.raises(ConfigError, match="only a pair has an opponent"):
        LlmJudge(endpoint(server), tmp_path / "l.sqlite", opponent="full")
    with pytest.raises(ConfigError, match=r"judge\.name is pose"):
        LlmJudge(endpoint(server), tmp_path / "l.sqlite", name="pose")
    other = LlmJudge(endpoint(server), tmp_path / "l.sqlite", protocol=JudgeProtocol.pair, opponent="full")
    assert other.name == "some-judge-pair-keypoints-vs-full"


def test_a_judge_without_a_verdict_is_stopped_and_shows_what_it_says(server, scenes, tmp_path):
    server.behave = lambda asked: Served(body=completion("I would \x1b[2Jrather not."))
    judge = LlmJudge(endpoint(server), tmp_path / "l.sqlite")
    with pytest.raises(LlavaPoseError, match=r"0 are of use, fewer than 20%") as caught:
        list(judge.judge(cases_of(scenes, num=400)))
    assert 'one of them: "I would [2Jrather not."' in str(caught.value)
    assert caught.value.goes_on_with == "judge.min_accepted=0"
    assert server.asked.total() < 300
