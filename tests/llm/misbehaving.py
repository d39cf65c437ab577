"""Forty ways in which a chat server can misbehave.

Each is a generator of the steps of one response; its docstring is what is told of it. Where a
misbehaviour says "by turns", the request decides which of its forms it takes. Every response
that counts as good holds the exchange's text whole and in its place; of the others, none does
in a way that HTTP and JSON would let a client rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.llm.misbehaving_server import Record, Server, Stray, body_hash
from tests.llm.misbehaving_wire import (
    CHUNKED,
    LAST_CHUNK,
    MEBIBYTE,
    RAW,
    End,
    Exchange,
    Misbehaviour,
    Step,
    Usage,
    bomb,
    chunk,
    encode,
    failure,
    head,
    whole,
)

__all__ = ["DECOY", "MISBEHAVIOURS", "Exchange", "Misbehaviour", "Record", "Server", "Stray", "Usage", "body_hash"]

DECOY = "Nobody asked for this text."
"""The text of the response that `unasked_second_response` sends unasked."""

TERMINAL_CODES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\u202e\x00\x08\x9b5m"
"""Retitles, clears and colours a terminal, turns its writing round, and ends a C string."""

_JSON = "Content-Type: application/json"
_DEEP = "[" * 100_000 + "]" * 100_000

_catalogue: list[Misbehaviour] = []

_Respond = Callable[[Exchange], Iterator[Step]]


def _misbehaves(usage: Usage, *, good: bool, alter: Callable[[str], str] = str) -> Callable[[_Respond], _Respond]:
    """Enters a function in the catalogue under its own name and docstring."""

    def enter(respond: _Respond) -> _Respond:
        told = respond.__doc__ or ""
        entry = Misbehaviour(respond.__name__, told, respond, usage, good, alter)
        _catalogue.append(entry)
        return respond

    return enter


def _half(text: str) -> str:
    """Returns the first half of a text, as if its writer had been stopped."""
    return text[: len(text) // 2]


# Connections and framing.


@_misbehaves(Usage.MISSING, good=False)
def closed_before_headers(exchange: Exchange) -> Iterator[Step]:
    """Reads the request, does the work, and closes without sending a byte."""
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def body_cut_short(exchange: Exchange) -> Iterator[Step]:
    """Closes halfway through the body that Content-Length announced."""
    body = encode(exchange.completion())
    yield whole(body)[: -len(body) // 2]
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def content_length_too_short(exchange: Exchange) -> Iterator[Step]:
    """Announces half the body but sends all of it, and leaves the connection open."""
    body = encode(exchange.completion())
    yield head("200 OK", _JSON, f"Content-Length: {len(body) // 2}") + body


@_misbehaves(Usage.MISSING, good=False)
def two_content_lengths(exchange: Exchange) -> Iterator[Step]:
    """Sends two Content-Length headers, one too short and one too long, then closes."""
    body = encode(exchange.completion())
    lengths = (f"Content-Length: {length}" for length in (len(body) // 2, len(body) + 10))
    yield head("200 OK", _JSON, *lengths) + body
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def chunk_size_garbage(exchange: Exchange) -> Iterator[Step]:
    """Sends half the body as a chunk, then a chunk whose size is no number."""
    body = encode(exchange.completion())
    middle = len(body) // 2
    yield CHUNKED + chunk(body[:middle])
    yield b"zz\r\n" + body[middle:] + b"\r\n" + LAST_CHUNK
    yield End.CLOSE


@_misbehaves(Usage.GIVEN, good=True)
def chunked_byte_by_byte(exchange: Exchange) -> Iterator[Step]:
    """Sends a proper reply in chunks of one byte, each with a chunk extension."""
    yield CHUNKED
    for byte in encode(exchange.completion()):
        yield b"1;of=many\r\n%c\r\n" % byte
    yield LAST_CHUNK


@_misbehaves(Usage.MISSING, good=False)
def garbage_status_line(exchange: Exchange) -> Iterator[Step]:
    """Begins a proper reply with a status line that is not HTTP."""
    yield whole(encode(exchange.completion())).replace(b"HTTP/1.1", b"banana", 1)
    yield End.CLOSE


@_misbehaves(Usage.GIVEN, good=True)
def http_1_0_until_close(exchange: Exchange) -> Iterator[Step]:
    """Sends a proper reply in HTTP/1.0, without a length: its end is the connection's."""
    yield head("200 OK", _JSON, version="HTTP/1.0") + encode(exchange.completion())
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def headers_without_end(exchange: Exchange) -> Iterator[Step]:
    """Sends headers of 100 KB, one after another, up to 64 MB, and never a body."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(640):
        yield b"X-Padding-%d: %s\r\n" % (number, b"x" * 100_000)
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def body_without_end(exchange: Exchange) -> Iterator[Step]:
    """Sends a body that is one string, up to 64 MB of it, and never its end."""
    yield CHUNKED + chunk(b'{"id": "')
    for _ in range(64):
        yield chunk(b"x" * MEBIBYTE)
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def slow_drip(exchange: Exchange) -> Iterator[Step]:
    """Sends a blank every fifth of a second in place of a body, for a minute."""
    yield head("200 OK", _JSON, "Content-Length: 1000")
    for _ in range(300):
        yield b" "
        yield 0.2
    yield End.CLOSE


@_misbehaves(Usage.MISSING, good=False)
def stalls_mid_body(exchange: Exchange) -> Iterator[Step]:
    """Sends half the body, then nothing more for as long as the client waits."""
    body = encode(exchange.completion())
    yield whole(body)[: -len(body) // 2]
    yield End.STALL


@_misbehaves(Usage.GIVEN, good=True)
def unasked_second_response(exchange: Exchange) -> Iterator[Step]:
    """Sends a proper reply, and right behind it another one that nobody asked for."""
    decoy = exchange.completion(choices=[exchange.choice(DECOY)])
    yield whole(encode(exchange.completion())) + whole(encode(decoy))


@_misbehaves(Usage.MISSING, good=False)
def gzip_bomb(exchange: Exchange) -> Iterator[Step]:
    """Sends 256 KB of gzip, unasked, that unpack to 256 MB of blanks."""
    yield whole(bomb(), "Content-Encoding: gzip")


@_misbehaves(Usage.MISSING, good=False)
def invalid_utf8(exchange: Exchange) -> Iterator[Step]:
    """Sends a text that ends in bytes that are not UTF-8."""
    marked = exchange.completion(choices=[exchange.choice(exchange.text + "@end@")])
    yield whole(encode(marked).replace(b"@end@", b"\xff\xc0\xaf"))


@_misbehaves(Usage.GIVEN, good=True)
def byte_order_mark(exchange: Exchange) -> Iterator[Step]:
    """Sends a proper reply in UTF-8 behind a byte order mark, and calls it UTF-16."""
    body = b"\xef\xbb\xbf" + encode(exchange.completion())
    yield whole(body, kind="application/json; charset=utf-16")


# Statuses.


@_misbehaves(Usage.MISSING, good=False, alter=_half)
def success_without_reply(exchange: Exchange) -> Iterator[Step]:
    """Succeeds without a whole reply: by turns 204, 202, and 206 with half the text."""
    queued = whole(encode({"status": "queued"}), status="202 Accepted")
    part = encode(exchange.completion(usage=...))
    extent = f"Content-Range: bytes 0-{len(part) - 1}/{2 * len(part)}"
    partial = whole(part, extent, status="206 Partial Content")
    yield exchange.pick(head("204 No Content"), queued, partial)


@_misbehaves(Usage.NOTHING, good=False)
def redirect_loop(exchange: Exchange) -> Iterator[Step]:
    """Redirects with 302 to another host name, where each redirect leads to the next."""
    location = f"Location: http://localhost:{exchange.port}/v1/elsewhere/0"
    yield head("302 Found", location, "Content-Length: 0")


@_misbehaves(Usage.MISSING, good=False)
def body_not_json(exchange: Exchange) -> Iterator[Step]:
    """Answers 200 with, by turns, a web page, an empty body, and a line of plain text."""
    page = b"<!DOCTYPE html><html><title>Sign in</title><p>Please sign in.</p></html>"
    kind, body = exchange.pick(
        ("text/html", page),
        ("application/json", b""),
        ("text/plain", b"upstream connect error or disconnect/reset before headers"),
    )
    yield whole(body, kind=kind)


@_misbehaves(Usage.MISSING, good=False)
def event_stream_unasked(exchange: Exchange) -> Iterator[Step]:
    """Streams the text as server-sent events, though not asked to."""
    yield head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
    for letter in exchange.text:
        choice = {"index": 0, "delta": {"content": letter}, "finish_reason": None}
        event = exchange.completion(object="chat.completion.chunk", choices=[choice], usage=...)
        yield chunk(b"data: %s\n\n" % encode(event))
    yield chunk(b"data: [DONE]\n\n") + LAST_CHUNK


@_misbehaves(Usage.NOTHING, good=False)
def retry_after_huge(exchange: Exchange) -> Iterator[Step]:
    """Answers 429 and asks to be left alone for some 30,000 years."""
    yield failure("429 Too Many Requests", "Slow down.", "Retry-After: 1000000000000")


@_misbehaves(Usage.NOTHING, good=False)
def retry_after_absurd(exchange: Exchange) -> Iterator[Step]:
    """Answers 429 with a Retry-After of, by turns, -1, nan, inf, 1970, a word, nothing, ²."""
    past = "Thu, 01 Jan 1970 00:00:00 GMT"
    after = exchange.pick("-1", "nan", "inf", past, "soon", "", "\u00b2")
    yield failure("429 Too Many Requests", "Slow down.", f"Retry-After: {after}")


@_misbehaves(Usage.NOTHING, good=False)
def unauthorized_terminal_codes(exchange: Exchange) -> Iterator[Step]:
    """Answers 401, in between, with a message full of control codes for a terminal."""
    yield failure("401 Unauthorized", f"Who are you? {TERMINAL_CODES}")


@_misbehaves(Usage.NOTHING, good=False)
def key_echoed(exchange: Exchange) -> Iterator[Step]:
    """Answers 400 with a message that repeats the request's Authorization header."""
    yield failure("400 Bad Request", f"Cannot use Authorization: {exchange.authorization}")


# JSON.


@_misbehaves(Usage.MISSING, good=False)
def nested_deep(exchange: Exchange) -> Iterator[Step]:
    """Sends, as the content, a list of lists 100,000 deep, and no usage."""
    yield whole(encode(exchange.completion(choices=[exchange.choice(RAW)], usage=...), _DEEP))


@_misbehaves(Usage.NOTHING, good=False)
def error_nested_deep(exchange: Exchange) -> Iterator[Step]:
    """Answers 503 with, as the message, a list of lists 100,000 deep."""
    body = encode({"error": {"message": RAW}}, _DEEP)
    yield whole(body, status="503 Service Unavailable")


@_misbehaves(Usage.MISSING, good=False)
def numbers_beyond_json(exchange: Exchange) -> Iterator[Step]:
    """Sends, as content and usage, by turns a number of 5,000 digits, NaN and infinities."""
    usage = {"prompt_tokens": RAW, "completion_tokens": RAW, "total_tokens": RAW}
    value = exchange.completion(choices=[exchange.choice(RAW)], usage=usage)
    yield whole(encode(value, exchange.pick("7" * 5000, "NaN", "Infinity", "-Infinity")))


@_misbehaves(Usage.GIVEN, good=False, alter=lambda text: text + " \ud83d")
def surrogate_in_text(exchange: Exchange) -> Iterator[Step]:
    """Sends a text that ends in half a surrogate pair, which no encoding can write."""
    yield whole(encode(exchange.completion()))


@_misbehaves(Usage.GIVEN, good=True, alter=lambda text: text + TERMINAL_CODES)
def terminal_codes_in_text(exchange: Exchange) -> Iterator[Step]:
    """Sends a text that ends in NUL and control codes for a terminal, properly escaped."""
    yield whole(encode(exchange.completion()))


@_misbehaves(Usage.GIVEN, good=True)
def hostile_labels(exchange: Exchange) -> Iterator[Step]:
    """Sends a good text with terminal codes and half surrogates in id, model and others."""
    hostile = f'../../{TERMINAL_CODES}\udc80,"=1+1"\r\n'
    labels = dict.fromkeys(("id", "object", "model", "system_fingerprint"), hostile)
    yield whole(encode(exchange.completion(**labels)))


@_misbehaves(Usage.GIVEN, good=True)
def labels_of_wrong_types(exchange: Exchange) -> Iterator[Step]:
    """Sends a good text with id, model and others missing, odd, or 1 MB long by turns."""
    value = exchange.pick(..., None, 7, True, ["a"], {"name": {}}, "x" * MEBIBYTE)
    labels = dict.fromkeys(("id", "object", "created", "model", "system_fingerprint"), value)
    yield whole(encode(exchange.completion(**labels)))


@_misbehaves(Usage.MISSING, good=False)
def top_level_wrong(exchange: Exchange) -> Iterator[Step]:
    """Sends, by turns, null, a string, a number, an empty list, and a reply in a list."""
    yield whole(encode(exchange.pick(None, exchange.text, 7, [], [exchange.completion()])))


# Fields.


@_misbehaves(Usage.GIVEN, good=False)
def choices_unusable(exchange: Exchange) -> Iterator[Step]:
    """Sends choices missing, null, empty, or filled with what no choice is, by turns."""
    choices = exchange.pick(..., None, [], {}, "none", [None], [[]], ["text"], [{}], [{"message": None}])
    yield whole(encode(exchange.completion(choices=choices)))


@_misbehaves(Usage.GIVEN, good=False)
def content_unusable(exchange: Exchange) -> Iterator[Step]:
    """Sends a content that is null, a number, or a shape without a text, by turns."""
    part = {"type": "text", "text": {"value": ["nested"]}}
    content = exchange.pick(None, 7, True, {"value": 7}, [], [None], [[7]], [part])
    yield whole(encode(exchange.completion(choices=[exchange.choice(content)])))


@_misbehaves(Usage.GIVEN, good=True)
def content_in_parts(exchange: Exchange) -> Iterator[Step]:
    """Sends a content that is a list of two text parts, which together are the text."""
    first = _half(exchange.text)
    halves = (first, exchange.text[len(first) :])
    parts = [{"type": "text", "text": half} for half in halves]
    yield whole(encode(exchange.completion(choices=[exchange.choice(parts)])))


@_misbehaves(Usage.GIVEN, good=False, alter=_half)
def finish_reason_not_stop(exchange: Exchange) -> Iterator[Step]:
    """Sends half a text, finished for "length", "content_filter", or an odd value by turns."""
    reason = exchange.pick("length", "content_filter", {"type": "length"}, ["length"], 7, False)
    yield whole(encode(exchange.completion(choices=[exchange.choice(exchange.text, reason)])))


@_misbehaves(Usage.MISSING, good=True)
def usage_unusable(exchange: Exchange) -> Iterator[Step]:
    """Sends a good text with a usage missing, null, or of odd types, by turns."""
    values: tuple[Any, ...] = (None, "many", "\u00b2", True, False, [3], {"tokens": 3}, {})
    records = [{"prompt_tokens": value, "completion_tokens": value} for value in values]
    usage = exchange.pick(..., None, [], {}, 7, True, "12 tokens", [{}], *records)
    yield whole(encode(exchange.completion(usage=usage)))


@_misbehaves(Usage.MISSING, good=True)
def usage_negative(exchange: Exchange) -> Iterator[Step]:
    """Sends a good text with a usage that would pay the client, of whole or broken tokens."""
    tokens: Any = exchange.pick(-1, -1_000_000, -0.5, -(2**63) - 1, -1e308)
    usage = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": tokens}
    yield whole(encode(exchange.completion(usage=usage)))


@_misbehaves(Usage.MISSING, good=True)
def usage_overflows(exchange: Exchange) -> Iterator[Step]:
    """Sends a good text with a usage of, by turns, 2^64, 10^400, 1e308 and 1e999 tokens."""
    usage = {"prompt_tokens": RAW, "completion_tokens": RAW, "total_tokens": RAW}
    number = exchange.pick(str(2**64), "1" + "0" * 400, "1e308", "1e999")
    yield whole(encode(exchange.completion(usage=usage), number))


@_misbehaves(Usage.GIVEN, good=False, alter=_half)
def error_with_200(exchange: Exchange) -> Iterator[Step]:
    """Answers 200 with an error: by turns beside half a text, a string, a list, a number."""
    error, choices = exchange.pick(
        ({"message": "The model failed midway.", "code": 502}, [exchange.choice(exchange.text)]),
        ("overloaded", ...),
        (["overloaded", {"code": 529}], ...),
        (529, ...),
    )
    yield whole(encode(exchange.completion(error=error, choices=choices)))


MISBEHAVIOURS: tuple[Misbehaviour, ...] = tuple(_catalogue)
"""All forty of them."""
