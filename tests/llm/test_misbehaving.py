"""Checks that the server answers well when it should, and misbehaves as often as it says."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.llm.misbehaving import (
    MISBEHAVIOURS,
    Record,
    Server,
    Usage,
    body_hash,
)
from tests.llm.misbehaving_client import (
    BY_NAME,
    CANARY,
    TEXT,
    ask,
    connect,
    post,
    reply,
)

# A server that is asked nicely.


def test_there_are_forty_distinct() -> None:
    assert len(MISBEHAVIOURS) == len(BY_NAME) == 40
    assert len({misbehaviour.told for misbehaviour in MISBEHAVIOURS}) == 40
    for misbehaviour in MISBEHAVIOURS:
        assert re.fullmatch("[a-z][a-z0-9_]+", misbehaviour.name)
        assert misbehaviour.told.endswith(".") and "\n" not in misbehaviour.told
        assert not (misbehaviour.counts_as_good and misbehaviour.usage is Usage.NOTHING)


def test_good_replies_share_a_connection() -> None:
    with Server(BY_NAME["content_unusable"], 0, reply) as server, connect(server) as connection:
        replies = [post(connection, ask(number)) for number in range(3)]
        socket_used = connection.sock
        post(connection, ask())
        assert connection.sock is socket_used
    for answer, record in zip(replies, server.log, strict=False):
        assert answer["choices"][0]["message"]["content"] == record.text == TEXT
        assert answer["model"] == "some-model"
        assert answer["usage"]["prompt_tokens"] == record.prompt_tokens > 0
        assert answer["usage"]["completion_tokens"] == record.completion_tokens > 0
        assert not record.misbehaved
    assert [record.attempt for record in server.log] == [0, 0, 0, 1]


def test_models_and_unknown_paths() -> None:
    with Server(MISBEHAVIOURS[0], 1, reply) as server, connect(server) as connection:
        connection.request("GET", "/v1/models")
        response = connection.getresponse()
        assert response.status == 200 and json.load(response)["data"]
        connection.request("GET", "/v1/nothing", headers={"Authorization": CANARY})
        response = connection.getresponse()
        assert response.status == 404 and response.read()
        connection.request("POST", "/v1/chat/completions", "[")
        assert connection.getresponse().status == 400
    assert not server.log
    assert [(stray.path, stray.authorization) for stray in server.strays] == [("/v1/nothing", CANARY)]


def test_chunked_requests() -> None:
    with Server(MISBEHAVIOURS[0], 0, reply) as server, connect(server) as connection:
        pieces = iter([b'{"model": "m",', b'"messages": []}'])
        connection.request("POST", "/v1/chat/completions", pieces, encode_chunked=True)
        assert json.load(connection.getresponse())["model"] == "m"


def test_many_connections_at_once() -> None:
    def one(number: int) -> str:
        with connect(server) as connection:
            text: str = post(connection, ask(number))["choices"][0]["message"]["content"]
            return text

    def repeat(body: dict[str, Any]) -> str:
        return str(body["messages"][0]["content"])

    with Server(MISBEHAVIOURS[0], 0, repeat) as server, ThreadPoolExecutor(64) as pool:
        texts = list(pool.map(one, range(400)))
    assert texts == [f"Question {number}" for number in range(400)]
    assert len(server.log) == 400


# Which requests misbehave.


def run(requests: list[dict[str, Any]], **options: Any) -> list[Record]:
    server = Server(BY_NAME["content_unusable"], reply=reply, **options)
    with server, connect(server) as connection:
        for body in requests:
            post(connection, body)
    return server.log


def pairs(log: list[Record]) -> list[tuple[Record, Record]]:
    """Returns the first and second records, the third and fourth, and so on."""
    return list(zip(log[::2], log[1::2], strict=True))


def test_share_is_met_and_repeats_itself() -> None:
    requests = [ask(number) for number in range(500)]
    first = run(requests, share=0.2)
    assert 70 < sum(record.misbehaved for record in first) < 130
    assert run(requests, share=0.2) == first
    assert not any(record.misbehaved for record in run(requests, share=0))
    assert all(record.misbehaved for record in run(requests, share=1))


def test_a_retry_is_drawn_anew() -> None:
    log = run([ask(number) for number in range(300) for _ in range(2)], share=0.2)
    retries = [again for once, again in pairs(log) if once.misbehaved]
    assert {record.attempt for record in retries} == {1}
    assert 0 < sum(record.misbehaved for record in retries) < len(retries) / 2


def test_always_depends_on_content_alone() -> None:
    requests = [ask(number, seed=seed) for number in range(200) for seed in range(2)]
    log = run(requests, share=0.2, always=True)
    assert all(once.misbehaved == again.misbehaved for once, again in pairs(log))
    assert 20 < sum(record.misbehaved for record in log[::2]) < 60
    assert [record.attempt for record in log[:4]] == [0, 1, 0, 1]
    assert log[0].body_hash == log[1].body_hash == body_hash(ask(0)) != body_hash(ask(1))
