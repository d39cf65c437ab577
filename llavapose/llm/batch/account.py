"""An endpoint's files and batches: each question to the server is asked once and brings an answer or one failure."""

import json
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, TypeVar

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import LlavaPoseError
from llavapose.llm.batch.book import ApiBatch
from llavapose.llm.batch.lines import URL, NotThere, TokenLimit, is_token_limit
from llavapose.llm.failures import TryLater
from llavapose.llm.openai import MIN_SECRET
from llavapose.llm.wire import failure_of

if TYPE_CHECKING:
    import openai

CLOCKS_APART_S = 24 * 3600.0
"""A batch that the server says was made earlier than this before we asked for it is not the one."""

_T = TypeVar("_T")
_MARK = "llavapose_batch"


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
        name = f"llavapose-{batch.id}.jsonl"
        return self._ask(lambda: self._client.files.create(file=(name, file), purpose="batch").id)

    def create(self, batch: ApiBatch) -> str:
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

    def find(self, batch: ApiBatch) -> str | None:
        """The server's name of a batch that we asked for without hearing the answer; None: it is not in the list."""

        def search() -> str | None:
            for one in self._client.batches.list(limit=100):
                if (one.metadata or {}).get(_MARK) == batch.id or one.input_file_id == batch.file_id:
                    return one.id
                if one.created_at < batch.tried_at - CLOCKS_APART_S:
                    return None
            return None

        return self._ask(search)

    def look(self, batch: ApiBatch) -> dict[str, Any]:
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
