"""Short ways to build requests and to ask them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from llavapose.config.schema import EndpointConfig
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatModel, ChatRequest, Message
from llavapose.llm.counts import Tally
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.live.ask import ask_all
from llavapose.llm.openai import open_endpoint


def request(text: str = "question 0", **changes: Any) -> ChatRequest:
    values: dict[str, Any] = {"messages": (Message(role="user", text=text),), "model": "m", "max_tokens": 100}
    return ChatRequest(**values | changes)


def requests(number: int, **changes: Any) -> Iterator[ChatRequest]:
    return (request(f"question {index}", **changes) for index in range(number))


def config(**changes: Any) -> EndpointConfig:
    values: dict[str, Any] = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "timeout_s": 20.0}
    return EndpointConfig(**values | changes)


def ask(
    asked: Iterable[ChatRequest],
    ledger: Ledger | Path,
    limits: EndpointConfig,
    *,
    model: ChatModel | None = None,
    max_usd: float | None = None,
    **more: Any,
) -> Tally:
    """Ask through the endpoint of ``limits``, or ``model``; a path is opened and closed as a ledger."""
    if isinstance(ledger, Path):
        with Ledger(ledger) as opened:
            return ask(asked, opened, limits, model=model, max_usd=max_usd, **more)
    budget = Budget(
        max_usd=max_usd,
        price_in=limits.price_in,
        price_out=limits.price_out,
        spent_usd=ledger.spent_usd(),
        most_prompt_tokens=ledger.most_prompt_tokens(),
    )
    return ask_all(
        asked,
        model=lambda: model or open_endpoint(limits),
        ledger=ledger,
        budget=budget,
        limits=limits,
        **{"progress": False} | more,
    )
