"""A chat server on this machine that misbehaves for a chosen share of its requests."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from tests.llm.misbehaving_wire import (
    End,
    Exchange,
    Misbehaviour,
    Step,
    Usage,
    encode,
    failure,
    head,
    whole,
)

_CHAT = "/v1/chat/completions"
_MODELS = "/v1/models"
_ELSEWHERE = "/v1/elsewhere/"
_HEADERS_LIMIT = 1 << 20


@dataclass(frozen=True)
class Record:
    """One chat request as the server saw it.

    Attributes:
        body_hash: The hash of the request's content; see `body_hash`.
        attempt: How often that content had been sent before.
        misbehaved: Whether the response misbehaved.
        text: The text of the response, as sent or as it would have been sent.
        prompt_tokens: The prompt tokens the server charges.
        completion_tokens: The completion tokens the server charges.
    """

    body_hash: str
    attempt: int
    misbehaved: bool
    text: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Stray:
    """A request for anything but a chat completion or the list of models."""

    method: str
    path: str
    authorization: str


@dataclass(frozen=True)
class _Request:
    """An HTTP request, read to its end."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


def body_hash(body: dict[str, Any]) -> str:
    """Returns the hash of a request's content, which is all of its body but the seed."""
    return _hash({key: value for key, value in body.items() if key != "seed"})


class Server:
    """A chat server in a thread of its own, for use in a `with` statement.

    Attributes:
        log: One record per chat request, in the order in which they were answered.
        strays: The requests for anything else, such as the far end of a redirect.
    """

    def __init__(
        self,
        misbehaviour: Misbehaviour,
        share: float = 0.2,
        reply: Callable[[dict[str, Any]], str] = lambda body: "Good reply.",
        *,
        always: bool = False,
    ) -> None:
        """Prepares a server.

        Args:
            misbehaviour: What a response does when it misbehaves.
            share: The share of requests that meet it, from 0 to 1.
            reply: Makes the text of a good reply from a request's body.
            always: Whether a request that misbehaves does so however often it is sent. If
                not, each attempt is drawn anew, so that a retry normally goes well.
        """
        self.log: list[Record] = []
        self.strays: list[Stray] = []
        self._misbehaviour = misbehaviour
        self._share = share
        self._reply = reply
        self._always = always
        self._attempts: Counter[str] = Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._stop = asyncio.Event()
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    @property
    def base_url(self) -> str:
        """The URL under which the API lies."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Server:
        """Starts to serve, on a port that is free."""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._port: int = self._socket.getsockname()[1]
        self._thread.start()
        self._loop.result(timeout=10)
        return self

    def __exit__(self, *exception: object) -> None:
        """Drops every connection and ends the thread."""
        self._loop.result().call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        """Serves until told to stop, then drops every connection."""
        server = await asyncio.start_server(self._serve, sock=self._socket, limit=_HEADERS_LIMIT, backlog=1024)
        self._loop.set_result(asyncio.get_running_loop())
        await self._stop.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection, one after another."""
        self._writers.add(writer)
        try:
            while request := await _read_request(reader):
                alive = await _play(self._answer(request), reader, writer)
                if not (alive and request.keep_alive):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # The client left before the end, or the server stops.
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, request: _Request) -> Iterator[Step]:
        """Returns the steps that answer a request."""
        path = request.path.partition("?")[0]
        if (request.method, path) == ("POST", _CHAT):
            return self._answer_chat(request)
        if (request.method, path) == ("GET", _MODELS):
            models = [{"id": "model", "object": "model", "created": 0, "owned_by": "nobody"}]
            return iter([whole(encode({"object": "list", "data": models}))])
        authorization = request.headers.get("authorization", "")
        self.strays.append(Stray(request.method, request.path, authorization))
        if path.startswith(_ELSEWHERE):
            further = f"Location: {_ELSEWHERE}{len(self.strays)}"
            return iter([head("302 Found", further, "Content-Length: 0")])
        return iter([failure("404 Not Found", f"No {request.method} {path} here.")])

    def _answer_chat(self, request: _Request) -> Iterator[Step]:
        """Decides how to answer a chat request, and records it."""
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return iter([failure("400 Bad Request", "The body is not a JSON object.")])
        content = body_hash(body)
        attempt = self._attempts[content]
        self._attempts[content] += 1
        draw = content if self._always else _hash([body, attempt])
        misbehaves = int(draw[:8], 16) < self._share * 16**8

        text = self._reply(body)
        usage = Usage.GIVEN
        if misbehaves:
            text = self._misbehaviour.alter(text)
            usage = self._misbehaviour.usage
        exchange = Exchange(
            text=text,
            model=body.get("model"),
            prompt_tokens=1 + len(json.dumps(body.get("messages"))) // 4,
            completion_tokens=1 + len(text) // 4,
            turn=int(draw[8:16], 16),
            authorization=request.headers.get("authorization", ""),
            port=self._port,
        )
        charged = usage is not Usage.NOTHING
        self.log.append(
            Record(
                body_hash=content,
                attempt=attempt,
                misbehaved=misbehaves,
                text=text,
                prompt_tokens=exchange.prompt_tokens if charged else 0,
                completion_tokens=exchange.completion_tokens if charged else 0,
            )
        )
        if misbehaves:
            return self._misbehaviour.respond(exchange)
        return iter([whole(encode(exchange.completion()))])


def _hash(value: Any) -> str:
    """Returns a hash of a JSON value that does not depend on the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    """Reads one request; None if the client has left or does not speak HTTP."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, version = lines[0].split(" ")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await _read_chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (EOFError, ValueError, asyncio.LimitOverrunError):
        return None
    persistent = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return _Request(method, path, headers, body, keep_alive=persistent)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Reads a body in the chunked transfer coding, and drops its trailers."""
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return body


async def _play(steps: Iterator[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Takes the steps of a response, and returns whether the connection lives on."""
    for step in steps:
        if step is End.CLOSE:
            return False
        if step is End.STALL:
            while await reader.read(_HEADERS_LIMIT):
                pass
            return False
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        else:
            await asyncio.sleep(step)
    return True
