"""An endpoint answers over HTTP, each question with its picture."""

import base64

import pytest

from llavapose.config.choices import Control
from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.answerers.endpoint import EndpointAnswerer
from llavapose.evaluation.answerers.protocol import ProbedAnswerer
from llavapose.evaluation.controls import asked_under, with_chosen_frames
from llavapose.records import FurtherPicture, Question
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion, error

QUESTIONS = tuple(
    Question(id=f"q{n}", scene_id=n, image=f"{n:03}.png", kind="conv", text=f"What colour is it, {n}?")
    for n in range(6)
)


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


def endpoint(server, **changes) -> EndpointConfig:
    return EndpointConfig(base_url=server.url, model="m", max_tokens=50, max_tries=2, **changes)


def test_every_question_is_asked_with_its_picture(server, tiny_pictures, tmp_path):
    seen = {}

    def behave(asked):
        picture = next(part for part in asked.body["messages"][-1]["content"] if part["type"] == "image_url")
        seen[asked.question] = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
        return Served(body=completion(f" an answer to {asked.question} "))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    found = list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
    assert [(one.question_id, one.arm, one.finish) for one in found] == [(q.id, "gpt", "stop") for q in QUESTIONS]
    assert found[0].text == "an answer to What colour is it, 0?" and found[0].num_tokens == 50
    assert seen == {q.text: (tiny_pictures / q.image).read_bytes() for q in QUESTIONS}
    assert list(answerer.answers(QUESTIONS[2:], tiny_pictures, "gpt")) == found[2:]
    assert server.asked.total() == 6 and not isinstance(answerer, ProbedAnswerer)


def test_a_refusal_for_good_is_no_answer_and_trouble_is_tried_again_later(server, tiny_pictures, tmp_path):
    trouble = True

    def behave(asked):
        if ", 1?" in asked.question:
            return Served(status=400, body=error("content policy", code="content_policy_violation"))
        if ", 2?" in asked.question and trouble:
            return Served(status=500, body=error("oh no"))
        return Served(body=completion("red"))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    with pytest.raises(LlavaPoseError, match=r"4 of 6 questions of gpt are answered, stopped: .*same command goes on"):
        list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
    trouble = False
    found = list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
    assert [one.finish for one in found] == ["stop", "failed", "stop", "stop", "stop", "stop"]
    assert found[1].text, "the reason is kept"


def test_a_model_without_eyes_is_refused(server, tiny_pictures, tmp_path):
    with pytest.raises(ConfigError, match=r"answerer\.endpoint\.takes_images is false"):
        list(
            EndpointAnswerer(endpoint(server, takes_images=False), tmp_path / "l").answers(
                QUESTIONS, tiny_pictures, "x"
            )
        )


def test_the_cap_stops_it_and_nothing_more_is_sent(server, tiny_pictures, tmp_path):
    answerer = EndpointAnswerer(endpoint(server, price_out=10.0), tmp_path / "l.sqlite", max_usd=0.0011)
    for _ in range(2):  # a reply of 50 tokens costs 0.0005 dollars; the second run finds nothing left
        with pytest.raises(LlavaPoseError, match=r"2 of 6 questions of gpt are answered, stopped: budget"):
            list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
        assert server.asked.total() == 2


def test_without_a_picture_the_question_alone_is_sent(server, tiny_pictures, tmp_path):
    sent = []

    def behave(asked):
        sent.append(asked.body["messages"][-1]["content"])
        return Served(body=completion("blue"))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite")
    blind = asked_under(QUESTIONS[:2], Control.no_picture)
    assert [one.text for one in answerer.answers(blind, tiny_pictures, "m")] == ["blue", "blue"]
    assert sorted(sent) == [question.text for question in QUESTIONS[:2]]


REFUSED = {
    "content filter": Served(status=400, body=error("The response was filtered", code="content_filter")),
    "flagged": Served(status=403, body=error("your input was flagged by our safety system")),
    "too large": Served(status=400, body=error("the image is too small")),
}


@pytest.mark.parametrize("how", REFUSED)
def test_refusals_before_the_first_answer_are_missing_answers(server, tiny_pictures, tmp_path, how):
    """Which comes first is chance: it decides nothing."""
    first = {question.text for question in QUESTIONS[:3]}
    server.behave = lambda asked: REFUSED[how] if asked.question in first else Served(body=completion("red"))
    answerer = EndpointAnswerer(endpoint(server, max_concurrency=1), tmp_path / "l.sqlite")
    found = list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
    assert [one.finish for one in found] == ["failed"] * 3 + ["stop"] * 3
    assert list(answerer.answers(QUESTIONS, tiny_pictures, "gpt")) == found and server.asked.total() == 6


def test_words_of_regret_are_an_answer(server, tiny_pictures, tmp_path):
    silent = {"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": None,
              "refusal": "I'm sorry, I can't help with that."}}  # fmt: skip
    server.behave = lambda asked: Served(
        body=completion("", choices=[silent]) if ", 0?" in asked.question else completion("I'm sorry, but no.")
    )
    found = list(EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite").answers(QUESTIONS, tiny_pictures, "gpt"))
    assert [one.text for one in found] == ["I'm sorry, I can't help with that.", *["I'm sorry, but no."] * 5]


def test_a_filter_that_refuses_everything_leaves_missing_answers(server, tiny_pictures, tmp_path):
    many = tuple(Question(id=f"m{n}", scene_id=0, image="000.png", kind="conv", text=f"Which, {n}?") for n in range(60))
    server.behave = lambda asked: REFUSED["content filter"]
    found = list(EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite").answers(many, tiny_pictures, "gpt"))
    assert {one.finish for one in found} == {"failed"} and len(found) == server.asked.total() == 60


@pytest.mark.parametrize(
    ("answer", "told", "most"),
    [
        (Served(status=401, body=error("bad key")), "refuses the key", 1),
        (Served(status=404, body=error("no such model")), "does not know the model", 1),
        (Served(status=400, body=error("the settings are odd")), "400", 6),
    ],
)
def test_what_is_wrong_with_the_settings_ends_the_run(server, tiny_pictures, tmp_path, answer, told, most):
    server.behave = lambda asked: answer
    answerer = EndpointAnswerer(endpoint(server, max_concurrency=1), tmp_path / "l.sqlite")
    with pytest.raises(LlavaPoseError, match=told):
        list(answerer.answers(QUESTIONS, tiny_pictures, "gpt"))
    assert server.asked.total() == most
    server.behave = lambda asked: Served(body=completion("red"))
    assert [one.text for one in answerer.answers(QUESTIONS, tiny_pictures, "gpt")] == ["red"] * 6


def test_an_address_where_nobody_answers_ends_the_run(server, tiny_pictures, tmp_path):
    nowhere = EndpointConfig(base_url="http://127.0.0.1:9/v1", model="m", max_tokens=50, max_tries=1)
    with pytest.raises(LlavaPoseError, match="0 of 6"):
        list(EndpointAnswerer(nowhere, tmp_path / "l.sqlite").answers(QUESTIONS, tiny_pictures, "gpt"))


def test_frames_stand_behind_their_times_as_many_as_are_shown(server, tiny_pictures, tmp_path):
    """What is sent: the time as a part of its own, then its picture, and the question behind all."""
    names = [f"{n:03}.png" for n in range(6)]
    further = tuple(FurtherPicture(scene_id=1, image=name) for name in names[1:])
    clip = Question(id="c", scene_id=1, image=names[0], kind="conv", text="Which way?", further=further,
                    times_s=tuple(0.4 * n for n in range(6)))  # fmt: skip
    sent = []

    def behave(asked):
        sent.append(asked.body["messages"][-1]["content"])
        return Served(body=completion("left"))

    server.behave = behave
    answerer = EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite", frames=3)
    assert answerer.frames == 3 and EndpointAnswerer(endpoint(server), tmp_path / "l.sqlite").frames == 8
    shown = with_chosen_frames(clip, answerer.frames)
    list(answerer.answers([shown], tiny_pictures, "gpt"))
    (backwards,) = asked_under([shown], Control.reversed)
    list(answerer.answers([backwards], tiny_pictures, "gpt"))
    told, other = sent
    assert [part["type"] for part in told] == ["text", "image_url"] * 3 + ["text"]
    assert [part["text"] for part in told if part["type"] == "text"] == ["0.0 s: ", "0.8 s: ", "2.0 s: ", "Which way?"]
    urls, moved = ([part["image_url"]["url"] for part in one if part["type"] == "image_url"] for one in sent)
    assert moved == urls[::-1] and [p for p in other if p["type"] == "text"] == [p for p in told if p["type"] == "text"]
    assert server.asked.total() == 2, "another order is another request"
    list(answerer.answers([with_chosen_frames(clip, 1)], tiny_pictures, "gpt"))
    assert [part.get("text") for part in sent[-1]] == ["1.2 s: ", None, "Which way?"], "one frame has its time as well"
