"""The endpoint against a real server: what a good reply carries, and what each kind of misbehaviour becomes."""

import asyncio
import email.utils
import logging
import time

import pytest

from llavapose.errors import ConfigError
from llavapose.llm.chat import ChatRequest, Completion, Message
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.openai import open_endpoint
from tests.llm.asking import config, request
from tests.llm.chat_server import MODEL, Answer, ChatServer, completion, error

CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def running():
    with ChatServer() as server:
        yield server


@pytest.fixture
def server(running):
    running.behave = None
    yield running


def complete(server: ChatServer, asked: ChatRequest | None = None, **changes) -> Completion:
    async def once() -> Completion:
        model = open_endpoint(config(base_url=server.url, **changes))
        try:
            return await model.complete(asked or request())
        finally:
            await model.close()

    return asyncio.run(once())


def test_a_good_reply_carries_all_that_is_recorded(server):
    choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "Grüße ✓"}}
    server.behave = lambda asked: Answer(
        body=completion("", choices=[choice]), headers={"x-request-id": "req-77"}, delay_s=0.05
    )
    reply = complete(server)
    assert 0.04 < reply.latency_s < 10
    assert reply == Completion(
        text="Grüße ✓",
        model=MODEL,
        finish="length",
        num_prompt_tokens=100,
        num_completion_tokens=50,
        latency_s=reply.latency_s,
        request_id="req-77",
    )


def test_only_what_is_set_and_understood_is_sent(server):
    seen = []
    server.behave = lambda asked: seen.append(asked) or Answer(body=completion("yes"))
    messages = (Message(role="system", text="s"), Message(role="user", text="u"))
    full = request(messages=messages, temperature=0.0, seed=3)
    complete(server, full)
    complete(server, full, takes_seed=True)
    complete(server, request(), takes_seed=True)
    plain = {"model": "m", "max_tokens": 100}
    said = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    assert seen[0].body == plain | {"messages": said, "temperature": 0.0}
    assert seen[1].body == plain | {"messages": said, "temperature": 0.0, "seed": 3}
    assert seen[2].body == plain | {"messages": [{"role": "user", "content": "question 0"}]}


def test_other_forms_of_content(server):
    def said(message):
        server.behave = lambda asked: Answer(body=completion("", choices=[{"message": message}], usage=None))
        return complete(server)

    assert said({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}).text == "ab"
    assert said({"content": None, "refusal": "I can't"}).text == "I can't"
    assert said({"content": None}).text == ""
    assert (said({"content": "x"}).num_prompt_tokens, said({"content": "x"}).finish) == (0, "stop")


def test_an_endpoint_without_key_never_sees_the_openai_key(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("SOME_KEY", f" {CANARY}\n")
    seen = []
    server.behave = lambda asked: seen.append(asked.headers["authorization"]) or Answer(body=completion("yes"))
    complete(server)
    complete(server, api_key_env="SOME_KEY")
    assert seen == ["Bearer none", f"Bearer {CANARY}"]


@pytest.mark.parametrize("value", [None, "", "  ", "schlüssel-0123456789", "two words 0123456789"])
def test_a_bad_key_variable_is_named_and_not_shown(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("SOME_KEY", raising=False)
    else:
        monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(ConfigError, match="the environment variable SOME_KEY") as caught:
        open_endpoint(config(api_key_env="SOME_KEY"))
    assert not value or not value.strip() or value not in str(caught.value)


HTML = "<html><body>502 Bad Gateway</body></html>"
LATER = [
    (Answer(status=429, body=error("slow down")), "429", None, True, False),
    (Answer(status=429, body=error("slow down"), headers={"retry-after": "7"}), "429", 7.0, True, False),
    (Answer(status=429, body=error("slow down"), headers={"retry-after-ms": "1500"}), "429", 1.5, True, False),
    (Answer(status=429, body="slow down", headers={"retry-after": "soon"}), "429", None, True, False),
    (Answer(status=500, body=error("oops")), "5xx", None, False, False),
    (Answer(status=502, body=HTML, headers={"content-type": "text/html"}), "5xx", None, False, False),
    (Answer(status=503, body="", headers={"retry-after": "2"}), "5xx", 2.0, True, False),
    (Answer(status=529, body=error("Overloaded")), "5xx", None, True, False),
    (Answer(status=408, body=""), "timeout", None, False, False),
    (Answer(body=completion("late"), delay_s=5.0), "timeout", None, True, True),
    (Answer(drop="before"), "dropped", None, False, True),
    (Answer(body=completion("cut"), drop="middle"), "dropped", None, False, True),
    (Answer(body='{"choices": [{"message": {"cont'), "not json", None, False, True),
    (Answer(body=HTML, headers={"content-type": "text/html"}), "not json", None, False, True),
    (Answer(body="[1, 2]"), "not json", None, False, True),
    (Answer(body=completion("x", choices=[])), "empty choices", None, False, True),
    (Answer(body=completion("x", choices=None)), "empty choices", None, False, True),
    (Answer(body=error("upstream is down", code=502)), "5xx", None, False, False),
]


@pytest.mark.parametrize(("answer", "reason", "retry_after_s", "throttled", "doubtful"), LATER)
def test_what_may_pass_is_tried_later(server, answer, reason, retry_after_s, throttled, doubtful):
    server.behave = lambda asked: answer
    server.asked.clear()
    with pytest.raises(TryLater) as caught:
        complete(server, timeout_s=0.5 if answer.delay_s else 20)
    later = caught.value
    assert (later.reason, later.throttled, later.doubtful) == (reason, throttled, doubtful)
    assert later.retry_after_s == retry_after_s
    assert len(str(later).splitlines()) == 1
    assert sum(server.asked.values()) == 1  # the client itself never tries again


def test_retry_after_as_a_date(server):
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    server.behave = lambda asked: Answer(status=429, body=error("slow down"), headers={"retry-after": date})
    with pytest.raises(TryLater) as caught:
        complete(server)
    assert 20 < caught.value.retry_after_s <= 30


def test_nobody_listens():
    with ChatServer() as server:
        pass
    with pytest.raises(TryLater, match=r"no connection to http://127.0.0.1:\d+/v1") as caught:
        complete(server)
    assert (caught.value.reason, caught.value.doubtful) == ("no connection", False)


def test_a_trickle_does_not_outlast_the_timeout():
    """A server that sends a byte now and then keeps the client's own timeout from ever running out."""

    writers = []

    async def trickle(reader, writer):
        writers.append(writer)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    async def once():
        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        model = open_endpoint(config(base_url=url, timeout_s=0.5))
        with pytest.raises(TryLater, match=r"no reply within 0\.5 s"):
            await model.complete(request())
        await model.close()
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)  # the loop closes what was aborted

    asyncio.run(asyncio.wait_for(once(), 10))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=429, body=error("You exceeded your current quota", code="insufficient_quota")), "quota"),
        (Answer(status=402, body=error("Insufficient Balance")), "quota"),
        (Answer(status=401, body=error("Incorrect API key provided", code="invalid_api_key")), "key"),
        (Answer(status=403, body=error("Country not supported")), "key"),
        (Answer(status=404, body=error("The model `m` does not exist", code="model_not_found")), "model"),
        (Answer(status=404, body="not found"), "model"),
        (Answer(status=400, body=error("'top_x' is not supported", code="unsupported_parameter")), "parameter"),
    ],
)
def test_what_ends_every_request_stops(server, answer, reason):
    server.behave = lambda asked: answer
    with pytest.raises(StopAsking) as caught:
        complete(server)
    assert caught.value.reason == reason
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=400, body=error("bad\n  request")), "400"),
        (Answer(status=422, body=error("no")), "422"),
        (Answer(status=400, body=error("maximum context length is 10", code="context_length_exceeded")), "too long"),
        (Answer(status=413, body=""), "too long"),
        (Answer(status=429, body=error("Request too large for m on tokens per min")), "too long"),
        (Answer(status=400, body=error("rejected", code="content_policy_violation")), "content policy"),
        (Answer(status=403, body=error("your input was flagged")), "content policy"),
    ],
)
def test_what_ends_one_request_fails_it(server, answer, reason):
    server.behave = lambda asked: answer
    with pytest.raises(RequestFailed) as caught:
        complete(server)
    assert caught.value.reason == reason
    assert len(str(caught.value).splitlines()) == 1


def test_half_a_character_fails_only_its_request(server):
    server.behave = lambda asked: Answer(body=completion("yes"))
    with pytest.raises(RequestFailed, match="lone surrogate"):
        complete(server, request("half \ud800"))


def test_newer_models_are_told_their_own_name_of_the_limit(server):
    bodies = []

    def behave(asked):
        bodies.append(asked.body)
        if "max_tokens" in asked.body:
            message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return Answer(status=400, body=error(message, code="unsupported_parameter"))
        return Answer(body=completion("yes"))

    server.behave = behave

    async def twice():
        model = open_endpoint(config(base_url=server.url))
        replies = [await model.complete(request()), await model.complete(request())]
        await model.close()
        return replies

    assert [reply.text for reply in asyncio.run(twice())] == ["yes", "yes"]
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in bodies] == [
        (True, False),
        (False, True),
        (False, True),
    ]


ECHO = [
    Answer(status=401, body=error(f"Incorrect API key provided: {CANARY}")),
    Answer(status=429, body=f"{CANARY} is too fast"),
    Answer(status=400, body=error(f"Bearer {CANARY}")),
    Answer(body=f"<html>{CANARY}</html>"),
    Answer(drop="before"),
    Answer(body=completion(f"your key is {CANARY}"), delay_s=1.0),
]


@pytest.mark.parametrize("answer", ECHO)
def test_the_key_is_in_no_error_and_no_log(server, monkeypatch, caplog, answer):
    monkeypatch.setenv("SOME_KEY", CANARY)
    caplog.set_level(logging.DEBUG)
    server.behave = lambda asked: answer
    with pytest.raises((RequestFailed, TryLater, StopAsking)) as caught:
        complete(server, api_key_env="SOME_KEY", timeout_s=0.5 if answer.delay_s else 20)
    # Nothing that holds the request, and with it the key, hangs on the error either.
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert CANARY not in repr(caught.value) + str(caught.value) + caplog.text
    assert CANARY not in "".join(repr(record.__dict__) for record in caplog.records)


def test_the_key_is_in_no_reply(server, monkeypatch):
    monkeypatch.setenv("SOME_KEY", CANARY)
    server.behave = lambda asked: Answer(body=completion(f"your key is {CANARY}"))
    assert complete(server, api_key_env="SOME_KEY").text == "your key is ***"
