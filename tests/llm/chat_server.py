"""A small real HTTP server at /v1/chat/completions that behaves, or misbehaves, as a test tells it, and keeps a log."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MODEL = "served-2026-01-01"


@dataclass(kw_only=True)
class Answer:
    """What the server does with one request.

    Attributes:
        status, headers: of the HTTP answer.
        body: JSON value, or text that is sent as it is.
        delay_s: before answering.
        drop: close the connection: "before" anything is sent, or in the "middle" of the body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: str = ""


@dataclass(kw_only=True)
class Asked:
    """One request as the server saw it: ``question`` is the last message, ``nth`` counts it from 1."""

    question: str
    nth: int
    body: dict[str, Any]
    headers: dict[str, str]
    under_way: int


def completion(text: str, **changes: Any) -> dict[str, Any]:
    """A good reply in OpenAI's form."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    } | changes


def error(message: str, **more: Any) -> dict[str, Any]:
    """An error's body in OpenAI's form."""
    return {"error": {"message": message, "type": None, "param": None, "code": None} | more}


def text_of(content: Any) -> str:
    """The words of a message, whole or in parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def good(asked: Asked) -> Answer:
    return Answer(body=completion(f"reply to {asked.question}"))


class ChatServer:
    """Serves from a thread of its own within ``with``.

    Attributes:
        behave: decides every answer; may be changed at any time.
        url: for ``base_url``.
        asked: question -> how often it came.
        log: (moment, question) of every whole answer with status 200, in order.
        most_under_way: requests being answered at once.
    """

    def __init__(self, behave: Callable[[Asked], Answer] = good) -> None:
        self.behave = behave
        self.asked: Counter[str] = Counter()
        self.arrivals: list[tuple[float, str]] = []
        self.log: list[tuple[float, str]] = []
        self.under_way = self.most_under_way = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "ChatServer":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        question = text_of(body["messages"][-1]["content"])
        self.asked[question] += 1
        self.arrivals.append((time.monotonic(), question))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(
                writer,
                Asked(
                    question=question,
                    nth=self.asked[question],
                    body=body,
                    headers=headers,
                    under_way=self.under_way,
                ),
            )
        finally:
            self.under_way -= 1

    async def _answer(self, writer: asyncio.StreamWriter, asked: Asked) -> bool:
        answer = self.behave(asked)
        await asyncio.sleep(answer.delay_s)
        if answer.drop == "before":
            return False
        content = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
        headers = {"content-type": "application/json", "x-request-id": f"req-{sum(self.asked.values())}"}
        lines = [f"{name}: {value}" for name, value in (headers | answer.headers).items()]
        head = "\r\n".join([f"HTTP/1.1 {answer.status} X", *lines, f"content-length: {len(content)}", "", ""])
        writer.write(head.encode() + (content[: len(content) // 2] if answer.drop else content))
        await writer.drain()
        if answer.status == 200 and not answer.drop:
            self.log.append((time.monotonic(), asked.question))
        return not answer.drop
