"""What the tests of the Batch API share: an endpoint, requests, the command, and the command in a process to kill."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

from llavapose.config.schema import EndpointConfig
from llavapose.llm.batch.ask import ask_by_batch
from llavapose.llm.batch.draft import FileLimits
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.counts import Tally
from llavapose.llm.ledger.ledger import Ledger

PRICE_IN, PRICE_OUT = 10.0, 40.0
REPLY_USD = 0.5 * (12 * PRICE_IN + 50 * PRICE_OUT) / 1e6
"""A reply of the test server at half price."""

DOUBT_S = 0.8


def endpoint(url: str, **values: Any) -> EndpointConfig:
    values = {"max_tries": 3, "timeout_s": 5.0, "price_in": PRICE_IN, "price_out": PRICE_OUT} | values
    return EndpointConfig(base_url=url, model="gpt-test", has_batch=True, **values)


def requests(num: int, text: str = "question") -> list[ChatRequest]:
    messages = ((Message(role="system", text="Answer."), Message(role="user", text=f"{text} {i}")) for i in range(num))
    return [ChatRequest(messages=one, model="gpt-test", max_tokens=100, tag="conv") for one in messages]


def command(
    path: Path,
    url: str,
    asked: list[ChatRequest],
    *,
    max_usd: float | None = None,
    wait: bool = True,
    max_requests: int = 4,
    max_bytes: int = 200_000_000,
    doubt_s: float = DOUBT_S,
    poll_s: float = 0.01,
    die_at_write: int = 0,
    **values: Any,
) -> Tally:
    """What a user's command does: open the ledger, ask, close."""
    import openai

    config = endpoint(url, **values)
    headers = {"X-Pid": str(os.getpid())}
    client = openai.OpenAI(base_url=url, api_key="sk-canary-123456", default_headers=headers, timeout=config.timeout_s)
    with client, Ledger(path) as ledger:
        if die_at_write:
            _die_at_write(ledger, die_at_write)
        budget = Budget(max_usd=max_usd, price_in=PRICE_IN, price_out=PRICE_OUT, spent_usd=ledger.spent_usd())
        limits = FileLimits(max_requests=max_requests, max_bytes=max_bytes, doubt_s=doubt_s)
        return ask_by_batch(
            iter(asked),
            endpoint=config,
            ledger=ledger,
            budget=budget,
            client=client,
            wait=wait,
            poll_s=poll_s,
            limits=limits,
            progress=False,
        )


def _die_at_write(ledger: Ledger, nth: int) -> None:
    """End the process without a word just before the nth commit; just after it is just before the next step."""
    seen = 0

    def on_sql(sql: str) -> None:
        nonlocal seen
        seen += sql == "COMMIT"
        if sql == "COMMIT" and seen == nth:
            os._exit(9)

    for connection in (ledger.database, ledger._writer):
        connection.set_trace_callback(on_sql)


def in_a_process(path: Path, url: str, asked: list[ChatRequest], **values: Any) -> int | None:
    """The same command in a process of its own; returns its exit code, negative where a signal ended it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.llm.batch_runs", "openai", "httpx2", "pytest"])
    process = context.Process(target=command, args=(path, url, asked), kwargs=values)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    code = process.exitcode
    process.close()
    return code
