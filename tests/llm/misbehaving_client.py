"""A plain client of the misbehaving server, down to its bytes."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.llm.misbehaving import (
    MISBEHAVIOURS,
    Server,
)

CANARY = "Bearer sk-canary"
TEXT = "Grüße: twelve good men."
BY_NAME = {misbehaviour.name: misbehaviour for misbehaviour in MISBEHAVIOURS}
LISTED = [pytest.param(misbehaviour, id=misbehaviour.name) for misbehaviour in MISBEHAVIOURS]


def reply(body: dict[str, Any]) -> str:
    return TEXT


def ask(number: int = 0, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Question {number}"}]
    return {"model": "some-model", "messages": messages, **more}


def post(connection: http.client.HTTPConnection, body: dict[str, Any]) -> dict[str, Any]:
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    response = connection.getresponse()
    data = response.read()
    assert response.status == 200
    return json.loads(data)


def connect(server: Server) -> closing[http.client.HTTPConnection]:
    address = urlsplit(server.base_url)
    assert address.hostname and address.port
    return closing(http.client.HTTPConnection(address.hostname, address.port, timeout=5))


@contextmanager
def sent(server: Server, body: dict[str, Any]) -> Iterator[socket.socket]:
    """Sends a request over a plain socket, which is left to be read."""
    address = urlsplit(server.base_url)
    data = json.dumps(body).encode()
    request = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: {CANARY}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=5) as raw:
        raw.sendall(request.encode() + data)
        yield raw


def read(raw: socket.socket, patience: float = 0.25) -> tuple[bytes, bool]:
    """Returns what arrives until a pause, and whether the server closed behind it."""
    raw.settimeout(5)
    pieces = []
    try:
        while piece := raw.recv(1 << 20):
            pieces.append(piece)
            raw.settimeout(patience)
    except TimeoutError:
        return b"".join(pieces), False
    return b"".join(pieces), True


def split(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Returns status, headers and body as sent."""
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    fields = (line.partition(": ") for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, _, value in fields}, body


def unchunk(body: bytes) -> bytes:
    """Returns a chunked body in one piece, if its coding is right to the end."""
    whole = b""
    while True:
        line, _, body = body.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        assert body[size : size + 2] == b"\r\n"
        if size == 0:
            assert body == b"\r\n"
            return whole
        whole, body = whole + body[:size], body[size + 2 :]
