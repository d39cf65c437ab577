"""An endpoint's files and batches: each question to the server is asked once and brings an answer or one failure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import DataError, LlavaPoseError
from llavapose.llm.batch.book import ApiBatch
from llavapose.llm.batch.lines import URL, NotThere, TokenLimit, is_token_limit
from llavapose.llm.failures import TryLater
from llavapose.llm.openai import MIN_SECRET
from llavapose.llm.wire.gate import count_of, name_of, one_line, opened
from llavapose.llm.wire.refusals import failure_of

if TYPE_CHECKING:
    import openai

# More than a clock set to another zone's time is off.
CLOCKS_APART_S = 24 * 3600.0
"""A batch that the server says was made earlier than this before we asked for it is not the one."""

# As many as a file has lines.
_MAX_ERRORS = 50_000
_T = TypeVar("_T")
# In a batch's metadata, which the server keeps and lists.
_MARK = "llavapose_batch"


@dataclass(frozen=True, kw_only=True)
class About:
    """What a server says of a batch, as far as it is used.

    Attributes:
        status: the server's word.
        num_done: requests that it has run.
        output_file_id, error_file_id: names of its files; empty where there are none.
        errors: why it was not taken on, each with code, message and line as far as they are given.
    """

    status: str
    num_done: int = 0
    output_file_id: str = ""
    error_file_id: str = ""
    errors: tuple[dict[str, Any], ...] = ()


def about_of(described: Any) -> About:
    """A batch's description with every value of the kind that it should be; what is none is left out."""
    described = described if isinstance(described, dict) else {}
    counts, errors = described.get("request_counts"), described.get("errors")
    done = [counts.get(name) for name in ("completed", "failed")] if isinstance(counts, dict) else []
    data = errors.get("data") if isinstance(errors, dict) else None
    listed = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    return About(
        status=name_of(described.get("status")),
        num_done=sum(number for one in done if (number := count_of(one)) is not None),
        output_file_id=name_of(described.get("output_file_id")),
        error_file_id=name_of(described.get("error_file_id")),
        errors=tuple(
            {
                "code": name_of(one.get("code")),
                "message": one_line(one["message"]) if isinstance(one.get("message"), str) else "",
                "line": count_of(one.get("line")),
            }
            for one in listed[:_MAX_ERRORS]
        ),
    )


class Account:
    """The endpoint's files and batches. Every method raises ``TryLater``, ``StopAsking`` or ``RequestFailed``.

    Args:
        client: one that tries nothing a second time.
        endpoint: where it is.
    """

    def __init__(self, client: "openai.OpenAI", endpoint: EndpointConfig) -> None:
        self._client = client
        self._base_url = endpoint.base_url

    def upload(self, batch: ApiBatch, file: IO[bytes]) -> str:
        """Store the requests' file; returns the server's name of it."""
        # Named after the batch, so that a person who looks into the account can tell the files apart.
        name = f"llavapose-{batch.id}.jsonl"
        return self._ask(lambda: _named(self._client.files.create(file=(name, file), purpose="batch").id))

    def create(self, batch: ApiBatch) -> str:
        """Start a batch whose file is uploaded; returns the server's name of it.

        Raises:
            TokenLimit: too much waits in the account; the batch was not taken on.
            TryLater: if it is ``doubtful``, the batch may have been started all the same.
        """

        def start() -> str:
            made = self._client.batches.create(
                # "24h" is the only window that the API knows.
                input_file_id=batch.file_id,
                endpoint=URL,
                completion_window="24h",
                metadata={_MARK: batch.id},
            )
            return _named(made.id)

        return self._ask(start)

    def find(self, batch: ApiBatch) -> str | None:
        """The server's name of a batch that we asked for without hearing the answer; None: it is not in the list."""

        def search() -> str | None:
            # Newest first, a hundred a page, the most there may be; the client turns the pages.
            for one in self._client.batches.list(limit=100):
                # By the file as well: servers other than OpenAI's may drop metadata.
                if (one.metadata or {}).get(_MARK) == batch.id or one.input_file_id == batch.file_id:
                    return _named(one.id)
                # Older ones only from here on: no need to read the account's whole history.
                if one.created_at < batch.tried_at - CLOCKS_APART_S:
                    return None
            return None

        return self._ask(search)

    def look(self, batch: ApiBatch) -> "About":
        """The batch as the server describes it.

        Raises:
            NotThere: the server does not know it.
        """
        found = self._ask(lambda: self._client.batches.retrieve(batch.server_id).model_dump_json())
        try:
            return about_of(opened(self.without_key(found.encode(errors="replace"))))
        except DataError as error:
            raise TryLater(f"the answer is {error}", reason="not json", doubtful=True) from None

    def download(self, file_id: str, store: IO[bytes]) -> None:
        """Write a whole file into ``store``.

        Raises:
            NotThere: the server does not have it (any more).
        """

        def fetch() -> None:
            # A repeated download begins anew, over what an interrupted one has left.
            store.seek(0)
            store.truncate()
            with self._client.files.with_streaming_response.content(file_id) as response:
                # A mebibyte at a time: a file may have hundreds.
                for piece in response.iter_bytes(1 << 20):
                    store.write(piece)

        self._ask(fetch)

    def without_key(self, text: bytes) -> bytes:
        """What a server says, less the API key, should it repeat it."""
        key = self._client.api_key.encode()
        # A short key, such as a local server's "x", would be found in every word.
        return text.replace(key, b"***") if len(key) >= MIN_SECRET else text

    def _ask(self, action: Callable[[], _T]) -> _T:
        outcome = self._outcome(action)
        # Raised here and not where the client failed: its errors hold the request, and with it the key.
        if isinstance(outcome, LlavaPoseError):
            raise outcome
        return outcome

    def _outcome(self, action: Callable[[], _T]) -> _T | LlavaPoseError:
        # Here, so that a plan or a look into the ledger does not wait for the client to be imported.
        import httpx2
        import openai

        try:
            return action()
        except openai.APIStatusError as error:
            return self._failure(error.status_code, error.response.text, error.response.headers)
        except openai.APITimeoutError:
            # The request may have arrived all the same: whoever asked must look before asking again.
            return TryLater("no answer in time", reason="timeout", doubtful=True)
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = type(error.__cause__ or error).__name__
            found = f"no connection to {self._base_url} ({cause})"
            # Where not even the connection was made, nothing can have been started.
            return TryLater(found, reason="no connection", doubtful=not cause.startswith("Connect"))
        except (openai.APIError, ValueError, AttributeError, TypeError, LookupError, RecursionError) as error:
            # A page of HTML, JSON cut short: the client returns or raises all sorts of things.
            return TryLater(f"the answer is no JSON ({type(error).__name__})", reason="not json", doubtful=True)

    def _failure(self, status: int, text: str, headers: Any) -> LlavaPoseError:
        text = self.without_key(text.encode(errors="replace")).decode()
        # Before the status, 400 or 429: it is neither a bad request nor too fast a pace.
        if is_token_limit(text):
            # Enough to read the limit in it.
            return TokenLimit(one_line(text))
        if status == 404:
            return NotThere(f"{self._base_url} answers 404 (not found)")
        failure = failure_of(status, text, headers)
        if isinstance(failure, TryLater):
            # Only a refusal says that nothing was done.
            return TryLater(str(failure), reason=failure.reason, doubtful=status >= 500 or status == 408)
        return failure


def _named(server_id: Any) -> str:
    """The server's name of a file or batch; it is asked for by it, written down and printed."""
    if not isinstance(server_id, str) or not server_id or name_of(server_id) != server_id:
        raise ValueError("no name")
    return server_id
