"""Ask by the Batch API: half the price, within a day, and nothing is ever submitted twice.

    tally = ask_by_batch(requests, endpoint=config, ledger=ledger, budget=budget)

Stop it, kill it, run it again tomorrow: the book of batches (``llm/batch/book.py``) knows what is under way.
"""

from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import ConfigError
from llavapose.llm.batch.account import Account
from llavapose.llm.batch.draft import FileLimits
from llavapose.llm.batch.run import BatchRun
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Tally
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.openai import api_key, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

POLL_S = 60.0
"""Seconds between two looks at the batches."""


def ask_by_batch(
    requests: Iterable[ChatRequest],
    *,
    endpoint: EndpointConfig,
    owner: str = "endpoint",
    ledger: Ledger,
    budget: Budget,
    client: "openai.OpenAI | None" = None,
    wait: bool = True,
    poll_s: float = POLL_S,
    limits: FileLimits | None = None,
    progress: bool = True,
    total: int | None = None,
    retry_failed: bool = False,
) -> Tally:
    """Ask every request that the ledger has no reply to, and record the replies.

    What an earlier run left under way is collected first, whether ``requests`` holds it or not. Ctrl-C stops the
    waiting, not the batches.

    Args:
        requests: read as a stream, as far as there is room in the account.
        endpoint: where, its limit on waiting tokens, its tries; ``batch_discount`` is taken off the price.
        owner: the settings that errors speak of, e.g. "judge.endpoint".
        ledger: where replies, failures and the book of batches are.
        budget: list prices and the cap, which what lies in batches counts toward.
        client: None: one for ``endpoint``.
        wait: go on until every request is settled; else submit what may be, collect what is there, and return with
            ``stopped`` saying what is under way.
        poll_s: seconds between two looks.
        limits: on files; None: the Batch API's own.
        progress: show a live line on stderr.
        total: how many requests there are, for the line.
        retry_failed: send again what was refused for good in an earlier run.

    Raises:
        ConfigError: the endpoint has no Batch API, or the variable with its key is not set.
        DataError: the ledger cannot be written; what it held before stays.
    """
    if not endpoint.has_batch:
        raise ConfigError(f"{endpoint.base_url} has no Batch API ({owner}.has_batch is false); ask it live")
    with _opened(endpoint, owner, client) as account:
        work = BatchRun(
            requests,
            account=account,
            endpoint=endpoint,
            ledger=ledger,
            budget=budget,
            limits=limits or FileLimits(),
            poll_s=poll_s,
            retry_failed=retry_failed,
        )
        return work.run(wait=wait, progress=progress, total=total)


@contextmanager
def _opened(endpoint: EndpointConfig, owner: str, client: "openai.OpenAI | None") -> "Iterator[Account]":
    import openai

    quiet()
    # The client's own repeats would start a batch twice.
    if client is not None:
        yield Account(client.with_options(max_retries=0), endpoint)
        return
    key = api_key(endpoint, owner)
    with openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0, timeout=endpoint.timeout_s) as ours:
        yield Account(ours, endpoint)
