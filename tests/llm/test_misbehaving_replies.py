"""Checks that each misbehaviour emits what it says."""

from __future__ import annotations

import json
import math
import re
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.llm.misbehaving import (
    DECOY,
    TERMINAL_CODES,
    Misbehaviour,
    Record,
    Server,
    Usage,
    body_hash,
)
from tests.llm.misbehaving_client import (
    BY_NAME,
    CANARY,
    LISTED,
    TEXT,
    ask,
    connect,
    post,
    read,
    reply,
    sent,
    split,
    unchunk,
)

# What each misbehaviour emits.

NO_COMPLETE_REPLY = {
    "body_without_end",
    "gzip_bomb",
    "headers_without_end",
    "redirect_loop",
    "slow_drip",
    "stalls_mid_body",
}


@pytest.mark.parametrize("misbehaviour", [one for one in LISTED if one.id not in NO_COMPLETE_REPLY])
def test_usage_and_goodness_are_as_labelled(misbehaviour: Misbehaviour) -> None:
    """Holds every complete JSON reply against the labels of its misbehaviour."""
    for data, record in exchanges(misbehaviour, 20):
        assert record.misbehaved and record.text == misbehaviour.alter(TEXT)
        charged = (record.prompt_tokens, record.completion_tokens)
        assert (min(charged) > 0) is (misbehaviour.usage is not Usage.NOTHING)
        content, usage = understand(data)
        if misbehaviour.counts_as_good:
            assert content == record.text
        elif misbehaviour.name != "surrogate_in_text":
            assert content != TEXT
        assert usage == (charged if misbehaviour.usage is Usage.GIVEN else None)


def understand(data: bytes) -> tuple[str | None, tuple[int, int] | None]:
    """Reads a reply as a careful client would: its text and usage, if they are there."""
    try:
        status, headers, body = split(data)
        if headers.get("transfer-encoding") == "chunked":
            body = unchunk(body)
        elif "content-length" in headers:
            length = int(headers["content-length"])
            body = body[:length] if len(body) >= length else b""
        value = json.loads(body if data.startswith(b"HTTP/1.") else b"")
    except (ValueError, IndexError, RecursionError):
        return None, None
    if status != 200 or not isinstance(value, dict):
        return None, None
    try:
        content = value["choices"][0]["message"]["content"]
        if isinstance(content, list):
            content = "".join(part["text"] for part in content)
    except (KeyError, IndexError, TypeError):
        content = None
    usage = value.get("usage")
    if not isinstance(usage, dict):
        return content, None
    tokens = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    if all(type(number) is int and 0 < number < 10**9 for number in tokens):
        return content, (tokens[0], tokens[1])
    return content, None


def exchanges(misbehaviour: Misbehaviour, times: int) -> list[tuple[bytes, Record]]:
    """Returns what a misbehaviour sends in answer to different requests, and its records."""

    def one(number: int) -> tuple[str, bytes]:
        with sent(server, ask(number)) as raw:
            return body_hash(ask(number)), read(raw)[0]

    with Server(misbehaviour, 1, reply) as server, ThreadPoolExecutor(20) as pool:
        found = list(pool.map(one, range(times)))
    records = {record.body_hash: record for record in server.log}
    return [(data, records[content]) for content, data in found]


def replies(name: str, times: int = 60) -> list[bytes]:
    """Returns what a misbehaviour sends in answer to different requests."""
    return [data for data, _ in exchanges(BY_NAME[name], times)]


def once(name: str, patience: float = 0.25) -> tuple[bytes, bool]:
    """Returns what a misbehaviour sends once, and whether the server closes behind it."""
    with Server(BY_NAME[name], 1, reply) as server, sent(server, ask()) as raw:
        return read(raw, patience)


def forms(name: str, field: Callable[[Any], Any]) -> set[str]:
    """Returns the different values of a field among a misbehaviour's replies, as JSON."""
    bodies = (json.loads(split(data)[2]) for data in replies(name))
    return {json.dumps(field(body)) for body in bodies}


def test_closed_before_headers() -> None:
    assert once("closed_before_headers") == (b"", True)


def test_body_cut_short() -> None:
    data, closed = once("body_cut_short")
    _, headers, body = split(data)
    assert closed and 0 < len(body) < int(headers["content-length"])


def test_content_length_too_short() -> None:
    data, closed = once("content_length_too_short")
    _, headers, body = split(data)
    assert not closed and len(body) > int(headers["content-length"]) > 0
    assert json.loads(body)


def test_two_content_lengths() -> None:
    data, closed = once("two_content_lengths")
    short, long = (int(length) for length in re.findall(rb"Content-Length: (\d+)", data))
    assert closed and short < len(split(data)[2]) < long


def test_chunk_size_garbage() -> None:
    data, closed = once("chunk_size_garbage")
    assert closed and b"\r\nzz\r\n" in data
    with pytest.raises(ValueError, match="zz"):
        unchunk(split(data)[2])


def test_chunked_byte_by_byte() -> None:
    data, closed = once("chunked_byte_by_byte")
    body = split(data)[2]
    assert not closed and body.count(b"1;of=many\r\n") == len(unchunk(body))


def test_chunked_byte_by_byte_is_good_http() -> None:
    server = Server(BY_NAME["chunked_byte_by_byte"], 1, reply)
    with server, connect(server) as connection:
        for _ in range(2):
            assert post(connection, ask())["choices"][0]["message"]["content"] == TEXT


def test_garbage_status_line() -> None:
    data, closed = once("garbage_status_line")
    assert closed and data.startswith(b"banana 200 OK\r\n")


def test_http_1_0_until_close() -> None:
    data, closed = once("http_1_0_until_close")
    assert closed and data.startswith(b"HTTP/1.0 200") and b"Content-Length" not in data


def test_headers_without_end() -> None:
    data, closed = once("headers_without_end", 2)
    assert closed and len(data) > 60_000_000 and b"\r\n\r\n" not in data


def test_body_without_end() -> None:
    data, closed = once("body_without_end", 2)
    assert closed and len(data) > 60_000_000 and not data.endswith(b"0\r\n\r\n")


def test_slow_drip() -> None:
    with Server(BY_NAME["slow_drip"], 1, reply) as server, sent(server, ask()) as raw:
        start = time.monotonic()
        data = b""
        while time.monotonic() < start + 1.5:
            data += raw.recv(1000)
    body = split(data)[2]
    assert 4 < len(body) < 12 and not body.strip()


def test_stalls_mid_body() -> None:
    data, closed = once("stalls_mid_body", 1.5)
    _, headers, body = split(data)
    assert not closed and 0 < len(body) < int(headers["content-length"])


def test_unasked_second_response() -> None:
    data, closed = once("unasked_second_response")
    first, second = (json.loads(split(b"HTTP" + part)[2]) for part in data.split(b"HTTP")[1:])
    assert not closed
    assert first["choices"][0]["message"]["content"] == TEXT
    assert second["choices"][0]["message"]["content"] == DECOY


def test_gzip_bomb() -> None:
    _, headers, body = split(once("gzip_bomb", 2)[0])
    assert headers["content-encoding"] == "gzip" and len(body) < 300_000
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    unpacked = unpacker.decompress(body)
    assert unpacker.eof and len(unpacked) == 256 << 20 and not unpacked.strip()


def test_invalid_utf8() -> None:
    _, headers, body = split(once("invalid_utf8")[0])
    assert len(body) == int(headers["content-length"])
    with pytest.raises(UnicodeDecodeError):
        body.decode()


def test_byte_order_mark() -> None:
    _, headers, body = split(once("byte_order_mark")[0])
    assert "utf-16" in headers["content-type"] and body.startswith(b"\xef\xbb\xbf{")


def test_success_without_reply() -> None:
    found = [split(data) for data in replies("success_without_reply")]
    assert {status for status, _, _ in found} == {202, 204, 206}
    assert all(body == b"" for status, _, body in found if status == 204)
    part = next(json.loads(body) for status, _, body in found if status == 206)
    assert TEXT.startswith(part["choices"][0]["message"]["content"]) and "usage" not in part


def test_redirect_loop() -> None:
    status, headers, _ = split(once("redirect_loop")[0])
    assert status == 302 and headers["location"].startswith("http://localhost:")
    with Server(BY_NAME["redirect_loop"], 1, reply) as server, connect(server) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps(ask()))
        for _ in range(30):
            with connection.getresponse() as response:
                assert response.status == 302 and response.read() == b""
                connection.request("GET", urlsplit(response.headers["Location"]).path)
        assert connection.getresponse().status == 302
    assert len(server.strays) == 30 and len(server.log) == 1


def test_body_not_json() -> None:
    found = [split(data) for data in replies("body_not_json")]
    assert {status for status, _, _ in found} == {200}
    assert len({body[:9] for _, _, body in found}) == 3


def test_event_stream_unasked() -> None:
    _, headers, body = split(once("event_stream_unasked")[0])
    assert headers["content-type"] == "text/event-stream"
    *events, last = unchunk(body).decode().strip().split("\n\n")
    deltas = (json.loads(event.removeprefix("data: "))["choices"][0] for event in events)
    assert "".join(choice["delta"]["content"] for choice in deltas) == TEXT
    assert last == "data: [DONE]"


def test_retry_after_huge() -> None:
    status, headers, _ = split(once("retry_after_huge")[0])
    assert status == 429 and float(headers["retry-after"]) == 1e12


def test_retry_after_absurd() -> None:
    found = [split(data) for data in replies("retry_after_absurd")]
    assert {status for status, _, _ in found} == {429}
    assert {headers["retry-after"] for _, headers, _ in found} == {
        "-1",
        "nan",
        "inf",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "soon",
        "",
        "²",
    }


def test_unauthorized_terminal_codes() -> None:
    status, _, body = split(once("unauthorized_terminal_codes")[0])
    assert status == 401 and TERMINAL_CODES in json.loads(body)["error"]["message"]


def test_key_echoed() -> None:
    status, _, body = split(once("key_echoed")[0])
    assert status == 400 and CANARY in json.loads(body)["error"]["message"]


@pytest.mark.parametrize(("name", "expected"), [("nested_deep", 200), ("error_nested_deep", 503)])
def test_nesting(name: str, expected: int) -> None:
    status, _, body = split(once(name)[0])
    assert status == expected and b"[" * 100_000 + b"]" * 100_000 in body
    with pytest.raises(RecursionError):
        json.loads(body)


def test_numbers_beyond_json() -> None:
    bodies = [split(data)[2] for data in replies("numbers_beyond_json")]
    found = {re.findall(rb'"(?:content|\w+_tokens)": ([^,}]+)', body)[0] for body in bodies}
    assert found == {b"7" * 5000, b"NaN", b"Infinity", b"-Infinity"}
    long = next(body for body in bodies if b"777" in body)
    assert long.count(b"7" * 5000) == 4
    with pytest.raises(ValueError, match="4300"):
        json.loads(long)


def test_surrogate_in_text() -> None:
    text = json.loads(split(once("surrogate_in_text")[0])[2])["choices"][0]["message"]["content"]
    with pytest.raises(UnicodeEncodeError):
        text.encode()


def test_terminal_codes_in_text() -> None:
    body = split(once("terminal_codes_in_text")[0])[2]
    text = json.loads(body)["choices"][0]["message"]["content"]
    assert text == TEXT + TERMINAL_CODES and "\0" in text and body.isascii()


def test_hostile_labels() -> None:
    value = json.loads(split(once("hostile_labels")[0])[2])
    for label in ("id", "model", "object", "system_fingerprint"):
        assert "\udc80" in value[label] and TERMINAL_CODES in value[label]


def test_labels_of_wrong_types() -> None:
    found = forms("labels_of_wrong_types", lambda body: [body.get("id", "-"), body.get("model")])
    assert len(found) == 7 and max(map(len, found)) > 1 << 20


def test_top_level_wrong() -> None:
    kinds = {type(json.loads(split(data)[2])) for data in replies("top_level_wrong")}
    assert kinds == {type(None), str, int, list}


def test_choices_unusable() -> None:
    assert len(forms("choices_unusable", lambda body: body.get("choices", "missing"))) == 10


def test_content_unusable() -> None:
    found = forms("content_unusable", lambda body: body["choices"][0]["message"]["content"])
    assert len(found) == 8 and {"null", "7", "[]"} < found


def test_content_in_parts() -> None:
    value = json.loads(split(once("content_in_parts")[0])[2])
    parts = value["choices"][0]["message"]["content"]
    assert len(parts) == 2 and "".join(part["text"] for part in parts) == TEXT


def test_finish_reason_not_stop() -> None:
    found = forms("finish_reason_not_stop", lambda body: body["choices"][0]["finish_reason"])
    assert len(found) == 6 and {'"length"', '"content_filter"', "7"} < found


def test_usage_unusable() -> None:
    bodies = [json.loads(split(data)[2]) for data in replies("usage_unusable", 150)]
    assert len({json.dumps(body.get("usage", "missing")) for body in bodies}) == 16


def test_usage_negative() -> None:
    bodies = [json.loads(split(data)[2]) for data in replies("usage_negative")]
    tokens = {body["usage"]["completion_tokens"] for body in bodies}
    assert len(tokens) == 5 and max(tokens) < 0


def test_usage_overflows() -> None:
    bodies = [json.loads(split(data)[2]) for data in replies("usage_overflows")]
    tokens = {body["usage"]["prompt_tokens"] for body in bodies}
    assert tokens == {2**64, 10**400, 1e308, math.inf}


def test_error_with_200() -> None:
    assert len(forms("error_with_200", lambda body: body["error"])) == 4


def test_stopping_drops_clients_that_wait() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(BY_NAME["stalls_mid_body"], 1, reply))
        with sent(server, ask()) as raw:
            assert read(raw)[1] is False
            start = time.monotonic()
            stack.close()
            assert read(raw) == (b"", True)
    assert time.monotonic() < start + 2
