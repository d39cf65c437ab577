"""A small real HTTP server that behaves as /v1/files and /v1/batches do, keeps a log, and can fail or kill on cue."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ENDED = {"completed", "failed", "expired", "cancelled"}


@dataclass(kw_only=True)
class Fault:
    """What goes wrong at the ``nth`` request whose "METHOD path" starts with ``at``.

    Attributes:
        how: "kill" (the client's process), "drop" (the connection) or an HTTP status.
        when: "before" the request takes effect, "after" it did (its reply is lost), or "late": the client is cut off
            at once and the request takes effect half a second later.
    """

    at: str = ""
    nth: int = 1
    how: str | int = "kill"
    when: str = "before"
    code: str = ""
    seen: int = 0


def answer_of(line: dict[str, Any]) -> dict[str, Any]:
    """A good line of an output file."""
    text = f"reply to {line['body']['messages'][-1]['content']}"
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{line['body']['model']}-2026",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 50, "total_tokens": 62},
    }
    response = {"status_code": 200, "request_id": f"req-{line['custom_id'][:6]}", "body": body}
    return {"id": "batch_req_1", "custom_id": line["custom_id"], "response": response, "error": None}


def refused_line(line: dict[str, Any], status: int, code: str, message: str = "no") -> dict[str, Any]:
    """A line of an error file: the request was answered with this status."""
    response = {"status_code": status, "request_id": "req-1", "body": {"error": {"code": code, "message": message}}}
    return {"id": "batch_req_1", "custom_id": line["custom_id"], "response": response, "error": None}


def lost_line(line: dict[str, Any], code: str = "batch_expired") -> dict[str, Any]:
    """A line of an error file: the request was never run."""
    error = {"code": code, "message": "This request could not be executed before the completion window expired."}
    return {"id": "batch_req_1", "custom_id": line["custom_id"], "response": None, "error": error}


@dataclass(kw_only=True)
class BatchServer:
    """The account: files, batches, limits, and what went over the wire.

    Attributes:
        answer: (line of the input file, times this request was submitted) -> (file, line): file is "output", "error"
            or "nowhere"; an "error" of code batch_expired makes the whole batch "expired".
        polls: how many times a batch is asked for until it has ended.
        enqueued_tokens: the account's limit in characters / 4; more makes a batch fail with token_limit_exceeded.
        log: every request as "METHOD path".
        accepted: the custom ids of each batch that was taken on, in order.
        wrong: custom ids submitted while they were under way or had been answered.
    """

    answer: Callable[[dict[str, Any], int], tuple[str, Any]] = lambda line, nth: ("output", answer_of(line))
    polls: int = 2
    enqueued_tokens: float = float("inf")
    faults: list[Fault] = field(default_factory=list)
    failing: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda lines: []
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    accepted: list[list[str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    most_enqueued: float = 0
    times: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    def store(self, name: str, data: bytes) -> dict[str, Any]:
        """Keep a file."""
        with self.lock:
            file_id = f"file-{len(self.files) + 1}"
            self.files[file_id] = (name, data)
            return self.file(file_id)

    def file(self, file_id: str) -> dict[str, Any]:
        """The file object."""
        name, data = self.files[file_id]
        about = {"filename": name, "bytes": len(data), "created_at": int(time.time()), "purpose": "batch"}
        return {"id": file_id, "object": "file", "status": "processed", **about}

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take a batch on; it is checked when it is next asked for."""
        with self.lock:
            name = f"batch_{len(self.batches) + 1}"
            about = {
                "input_file_id": asked["input_file_id"],
                "metadata": asked.get("metadata"),
                "created_at": int(time.time()),
            }
            running = {
                line["custom_id"]
                for one in self.batches.values()
                if one["status"] not in ENDED
                for line in self.lines(one)
            }
            keys = [line["custom_id"] for line in self.lines(about)]
            times = Counter(keys)
            self.wrong += [key for key in keys if key in running or key in self.answered or times[key] > 1]
            head = {"id": name, "object": "batch", "endpoint": asked["endpoint"], "completion_window": "24h"}
            self.batches[name] = {**head, **about, "status": "validating", "polled": 0}
            return self.batches[name]

    def lines(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines of a batch's input file."""
        return [json.loads(line) for line in self.files[batch["input_file_id"]][1].decode().splitlines()]

    def enqueued(self) -> float:
        """Tokens of the batches that run."""
        return sum(
            len(message["content"]) / 4
            for batch in self.batches.values()
            if batch["status"] in {"in_progress", "finalizing"}
            for line in self.lines(batch)
            for message in line["body"]["messages"]
        )

    def advance(self, batch: dict[str, Any]) -> dict[str, Any]:
        """What a poll finds: validating, then in progress, then the end."""
        with self.lock:
            batch["polled"] += 1
            if batch["status"] == "validating":
                self._validate(batch)
            elif batch["status"] == "in_progress" and batch["polled"] >= self.polls:
                self._finish(batch)
            return batch

    def _validate(self, batch: dict[str, Any]) -> None:
        lines = self.lines(batch)
        batch["status"] = "in_progress"
        errors = self.failing(lines)
        if self.enqueued() > self.enqueued_tokens:
            limit = int(self.enqueued_tokens)
            text = f"Enqueued token limit reached for gpt in organization org-1. Limit: {limit:,} enqueued tokens."
            errors = [{"code": "token_limit_exceeded", "message": text, "line": None}]
        if errors:
            batch |= {"status": "failed", "errors": {"object": "list", "data": errors}}
            return
        self.most_enqueued = max(self.most_enqueued, self.enqueued())
        keys = [line["custom_id"] for line in lines]
        self.accepted.append(keys)
        self.times.update(keys)
        batch["request_counts"] = {"total": len(keys), "completed": 0, "failed": 0}

    def _finish(self, batch: dict[str, Any]) -> None:
        found: dict[str, list[str]] = {"output": [], "error": [], "nowhere": []}
        end = "completed"
        for line in self.lines(batch):
            where, reply = self.answer(line, self.times[line["custom_id"]])
            found[where].append(reply if isinstance(reply, str) else json.dumps(reply))
            if where == "output":
                self.answered.add(line["custom_id"])
            code = (reply.get("error") or {}).get("code") if isinstance(reply, dict) else None
            end = {"batch_expired": "expired", "batch_cancelled": "cancelled"}.get(code or "", end)
        for where in ("output", "error"):
            if found[where]:
                text = "\n".join(reversed(found[where])) + "\n"
                batch[f"{where}_file_id"] = self.store(f"{batch['id']}_{where}.jsonl", text.encode())["id"]
        total = len(self.lines(batch))
        counts = {"total": total, "completed": len(found["output"]), "failed": total - len(found["output"])}
        batch |= {"status": end, "request_counts": counts}

    def listed(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """A page of batches, newest first."""
        names = list(reversed(self.batches))
        start = names.index(query["after"][0]) + 1 if "after" in query else 0
        limit = min(int(query.get("limit", ["20"])[0]), 2)  # small pages, so that paging is tested
        page = names[start : start + limit]
        return {"object": "list", "data": [self.batches[n] for n in page], "has_more": start + limit < len(names)}

    def fault(self, what: str) -> Fault | None:
        """The fault that this request meets."""
        with self.lock:
            self.log.append(what)
            for one in self.faults:
                if what.startswith(one.at):
                    one.seen += 1
                    if one.seen == one.nth:
                        return one
            return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: else every answer waits for an acknowledgement
    account: BatchServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        fault = self.account.fault(f"{self.command} {url.path}")
        if fault is None:
            return self._send(*self._reply(url.path, parse_qs(url.query), data))
        if fault.when == "after":
            self._reply(url.path, parse_qs(url.query), data)
        if isinstance(fault.how, int):
            error = {"code": fault.code or None, "message": fault.code or "on purpose", "type": fault.code}
            return self._send(fault.how, json.dumps({"error": error}).encode())
        if fault.how == "kill":
            os.kill(int(self.headers["X-Pid"]), signal.SIGKILL)
        self.close_connection = True
        if fault.when == "late":
            self.connection.shutdown(2)
            time.sleep(0.5)
            self._reply(url.path, parse_qs(url.query), data)

    def _reply(self, path: str, query: dict[str, list[str]], data: bytes) -> tuple[int, bytes]:
        account, parts = self.account, path.removeprefix("/v1/").split("/")
        with account.lock:
            if self.command == "POST" and parts == ["files"]:
                found: Any = account.store(*_uploaded(self.headers["Content-Type"], data))
            elif self.command == "POST" and parts == ["batches"]:
                found = account.create(json.loads(data))
            elif parts == ["files"]:
                found = {
                    "object": "list",
                    "data": [account.file(n) for n in reversed(account.files)],
                    "has_more": False,
                }
            elif parts == ["batches"]:
                found = account.listed(query)
            elif parts[0] == "files" and parts[1] in account.files and parts[2:] == ["content"]:
                return 200, account.files[parts[1]][1]
            elif parts[0] == "batches" and parts[1] in account.batches:
                found = account.advance(account.batches[parts[1]])
            else:
                return 404, b'{"error": {"message": "No such thing", "code": "not_found"}}'
            return 200, json.dumps(found).encode()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _uploaded(content_type: str, data: bytes) -> tuple[str, bytes]:
    """The name and bytes of the file in a multipart form."""
    boundary = content_type.split("boundary=")[1].encode()
    for part in data.split(b"--" + boundary):
        head, _, body = part.partition(b"\r\n\r\n")
        if b"filename=" in head:
            return head.split(b'filename="')[1].split(b'"')[0].decode(), body.removesuffix(b"\r\n")
    raise ValueError("no file in the form")


@contextmanager
def serving(account: BatchServer) -> Iterator[BatchServer]:
    """Run the server on a free port of the loopback."""

    class Handler(_Handler):
        pass

    Handler.account = account
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    account.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
