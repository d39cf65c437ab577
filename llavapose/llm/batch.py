"""Ask by the Batch API: half the price, within a day, and nothing is ever submitted twice.

    tally = ask_by_batch(requests, endpoint=config, ledger=ledger, budget=budget)

Stop it, kill it, run it again tomorrow: the book of batches (``batch_book.py``) knows what is under way.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeVar

from llavapose.config.schema import EndpointConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.llm.batch_book import Batch
from llavapose.llm.batch_draft import FileLimits
from llavapose.llm.batch_lines import URL, NotThere, TokenLimit, is_token_limit
from llavapose.llm.batch_work import Work
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Tally
from llavapose.llm.failures import TryLater
from llavapose.llm.ledger import Ledger
from llavapose.llm.openai import MIN_SECRET, api_key, quiet
from llavapose.llm.wire import failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

POLL_S = 60.0
"""Seconds between two looks at the batches."""

CLOCKS_APART_S = 24 * 3600.0
"""A batch that the server says was made earlier than this before we asked for it is not the one."""

_T = TypeVar("_T")
_MARK = "llavapose_batch"


def ask_by_batch(
    requests: Iterable[ChatRequest],
    *,
    endpoint: EndpointConfig,
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
        raise ConfigError(f"{endpoint.base_url} has no Batch API (has_batch is false); ask it live")
    with _opened(endpoint, client) as account:
        work = Work(
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
def _opened(endpoint: EndpointConfig, client: "openai.OpenAI | None") -> "Iterator[Account]":
    import openai

    quiet()
    # The client's own repeats would start a batch twice.
    if client is not None:
        yield Account(client.with_options(max_retries=0), endpoint)
        return
    key = api_key(endpoint)
    with openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0, timeout=endpoint.timeout_s) as ours:
        yield Account(ours, endpoint)


class Account:
    """The endpoint's files and batches. Every method raises ``TryLater``, ``StopAsking`` or ``RequestFailed``.

    Args:
        client: one that tries nothing a second time.
        endpoint: where it is.
    """

    def __init__(self, client: "openai.OpenAI", endpoint: EndpointConfig) -> None:
        self._client = client
        self._base_url = endpoint.base_url

    def upload(self, batch: Batch, file: IO[bytes]) -> str:
        """Store the requests' file; returns the server's name of it."""
        name = f"llavapose-{batch.id}.jsonl"
        return self._ask(lambda: self._client.files.create(file=(name, file), purpose="batch").id)

    def create(self, batch: Batch) -> str:
        """Start a batch whose file is uploaded; returns the server's name of it.

        Raises:
            TokenLimit: too much waits in the account; the batch was not taken on.
            TryLater: if it is ``doubtful``, the batch may have been started all the same.
        """

        def start() -> str:
            return self._client.batches.create(
                input_file_id=batch.file_id, endpoint=URL, completion_window="24h", metadata={_MARK: batch.id}
            ).id

        return self._ask(start)

    def find(self, batch: Batch) -> str | None:
        """The server's name of a batch that we asked for without hearing the answer; None: it is not in the list."""

        def search() -> str | None:
            for one in self._client.batches.list(limit=100):
                if (one.metadata or {}).get(_MARK) == batch.id or one.input_file_id == batch.file_id:
                    return one.id
                if one.created_at < batch.tried_at - CLOCKS_APART_S:
                    return None
            return None

        return self._ask(search)

    def look(self, batch: Batch) -> dict[str, Any]:
        """The batch as the server describes it.

        Raises:
            NotThere: the server does not know it.
        """
        found = self._ask(lambda: self._client.batches.retrieve(batch.server_id).model_dump_json())
        return json.loads(self.without_key(found.encode()))

    def download(self, file_id: str, store: IO[bytes]) -> None:
        """Write a whole file into ``store``.

        Raises:
            NotThere: the server does not have it (any more).
        """

        def fetch() -> None:
            store.seek(0)
            store.truncate()
            with self._client.files.with_streaming_response.content(file_id) as response:
                for piece in response.iter_bytes(1 << 20):
                    store.write(piece)

        self._ask(fetch)

    def without_key(self, text: bytes) -> bytes:
        """What a server says, less the API key, should it repeat it."""
        key = self._client.api_key.encode()
        return text.replace(key, b"***") if len(key) >= MIN_SECRET else text

    def _ask(self, action: Callable[[], _T]) -> _T:
        outcome = self._outcome(action)
        # Raised here and not where the client failed: its errors hold the request, and with it the key.
        if isinstance(outcome, LlavaPoseError):
            raise outcome
        return outcome

    def _outcome(self, action: Callable[[], _T]) -> _T | LlavaPoseError:
        import httpx2
        import openai

        try:
            return action()
        except openai.APIStatusError as error:
            return self._failure(error.status_code, error.response.text, error.response.headers)
        except openai.APITimeoutError:
            return TryLater("no answer in time", reason="timeout", doubtful=True)
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = type(error.__cause__ or error).__name__
            found = f"no connection to {self._base_url} ({cause})"
            return TryLater(found, reason="no connection", doubtful=not cause.startswith("Connect"))
        except (openai.APIError, ValueError, AttributeError, TypeError) as error:
            # A page of HTML, JSON cut short: the client returns or raises all sorts of things.
            return TryLater(f"the answer is no JSON ({type(error).__name__})", reason="not json", doubtful=True)

    def _failure(self, status: int, text: str, headers: Any) -> LlavaPoseError:
        text = self.without_key(text.encode(errors="replace")).decode()
        if is_token_limit(text):
            return TokenLimit(text[:200])
        if status == 404:
            return NotThere(f"{self._base_url} answers 404 (not found)")
        failure = failure_of(status, text, headers)
        if isinstance(failure, TryLater):
            # Only a refusal says that nothing was done.
            return TryLater(str(failure), reason=failure.reason, doubtful=status >= 500 or status == 408)
        return failure
