"""Any OpenAI-compatible endpoint: one request, one reply or one failure. Trying again is the engine's affair."""

import asyncio
import logging
import os
import time
from dataclasses import replace
from functools import partial
from typing import Any

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.llm.chat import LEAVES, ChatModel, ChatRequest, Completion
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.wire.body import body_of
from llavapose.llm.wire.gate import MAX_BODY
from llavapose.llm.wire.refusals import failure_of
from llavapose.llm.wire.reply import completion_of

NO_KEY = "none"
"""Sent to endpoints that ask for no key: without it the client would send ``OPENAI_API_KEY`` anywhere."""

MIN_SECRET = 8
"""Shorter keys are placeholders such as "EMPTY", which may stand in a reply by chance."""

CONNECT_S = 15.0
"""Longest wait for a connection."""


def open_endpoint(config: EndpointConfig, owner: str = "endpoint") -> ChatModel:
    """A client of the endpoint; to be opened within the event loop that uses it.

    Args:
        config: the endpoint.
        owner: the settings that errors speak of, e.g. "judge.endpoint".

    Raises:
        ConfigError: the variable named by ``api_key_env`` is not set, or cannot be a key.
    """
    return _Endpoint(config, api_key(config, owner))


def api_key(config: EndpointConfig, owner: str = "endpoint") -> str:
    """The key from the variable that the configuration names.

    Raises:
        ConfigError: the variable is not set or empty, or cannot be a key; the message never shows its value.
    """
    if config.api_key_env is None:
        return NO_KEY
    key = os.environ.get(config.api_key_env, "").strip()
    variable = f"the environment variable {config.api_key_env} ({owner}.api_key_env)"
    if not key:
        raise ConfigError(f"{variable} is not set; put the endpoint's key there")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{variable} holds signs that no key has; set it again")
    return key


def quiet() -> None:
    """Keep the client's libraries from telling of every request: the live line tells of all."""
    for name in ("httpx2", "httpx", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Endpoint:
    tells_leaving = True

    def __init__(self, config: EndpointConfig, key: str) -> None:
        import openai
        from httpx2 import Response

        quiet()
        most = config.max_concurrency + 8
        limits = type(openai.DEFAULT_CONNECTION_LIMITS)(max_connections=most, max_keepalive_connections=most)
        timeout = openai.Timeout(config.timeout_s, connect=min(CONNECT_S, config.timeout_s))
        self._client = openai.AsyncOpenAI(
            base_url=config.base_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            http_client=_bounded_client(limits, timeout),
            default_headers=_HEADERS,
        )
        self._openai = openai
        self._response = Response
        self._config = config
        self._secret = key if len(key) >= MIN_SECRET else None
        self._limit_name = "max_tokens"

    async def complete(self, request: ChatRequest) -> Completion:
        limit_name = self._limit_name
        outcome = await self._send(request, limit_name)
        if limit_name == "max_tokens" and isinstance(outcome, StopAsking) and "max_completion_tokens" in str(outcome):
            self._limit_name = "max_completion_tokens"
            outcome = await self._send(request, self._limit_name)
        # Raised here and not where the client failed: its errors hold the request, and with it the key.
        if isinstance(outcome, Completion):
            return outcome
        raise outcome

    async def close(self) -> None:
        await self._client.close()

    async def _send(self, request: ChatRequest, limit_name: str) -> Completion | LlavaPoseError:
        """One sending, and what came of it, without the key wherever the server has put it."""
        outcome = await self._outcome(request, limit_name)
        if isinstance(outcome, Completion):
            # After it was read: JSON may write a letter of the key as a number.
            names = {name: self._without_key(getattr(outcome, name)) for name in ("text", "model", "finish")}
            return replace(outcome, **names, request_id=self._without_key(outcome.request_id))
        outcome.args = (self._without_key(str(outcome)),)
        # What it followed from holds what the server said.
        outcome.__cause__ = outcome.__context__ = None
        return outcome

    async def _outcome(self, request: ChatRequest, limit_name: str) -> Completion | LlavaPoseError:
        config, openai = self._config, self._openai
        try:
            body = await self._body(request, limit_name)
        except RequestFailed as failure:
            return failure
        started = time.perf_counter()
        try:
            # The client's own limit starts anew with every byte; this one holds for the whole.
            async with asyncio.timeout(config.timeout_s):
                # Typed replies would cost a third more CPU time, and hide what a server really said.
                response = await self._client.post("/chat/completions", cast_to=self._response, body=body)
            if response.status_code not in _WHOLE:
                # 202, 204, 206: a promise, nothing, a part.
                told = f"the endpoint answers {response.status_code}, which is no whole reply"
                return TryLater(told, reason=f"status {response.status_code}", doubtful=True)
            return completion_of(
                response.content,
                latency_s=time.perf_counter() - started,
                request_id=response.headers.get("x-request-id", ""),
            )
        except (RequestFailed, TryLater, StopAsking) as failure:
            return failure
        except (TimeoutError, openai.APITimeoutError):
            message = f"no reply within {config.timeout_s:g} s"
            return TryLater(message, reason="timeout", throttled=True, doubtful=True)
        except openai.APIStatusError as error:
            text = error.response.content.decode(errors="replace")
            return failure_of(error.status_code, text, error.response.headers)
        except openai.APIConnectionError as error:
            cause = type(error.__cause__).__name__
            if cause.startswith("Connect"):
                return TryLater(f"no connection to {config.base_url} ({cause})", reason="no connection")
            return TryLater(f"the connection broke ({cause})", reason="dropped", doubtful=True)
        except _TooLong:
            told = f"the answer is longer than {MAX_BODY >> 20} MiB and was not read to its end"
            return RequestFailed(told, reason="reply too long", lasting=False, doubtful=True)
        except UnicodeEncodeError:
            return RequestFailed("a message holds half a character (a lone surrogate)", reason="not text")
        except (openai.OpenAIError, ValueError, OSError) as error:
            # An address to go on to that is none, a header that no rule allows: the client raises all sorts of things.
            return TryLater(
                f"the answer breaks HTTP's rules ({type(error).__name__})", reason="not http", doubtful=True
            )

    async def _body(self, request: ChatRequest, limit_name: str) -> dict[str, Any]:
        config = self._config
        write = partial(
            body_of, request, takes_seed=config.takes_seed, joins_turns=config.joins_turns, limit_name=limit_name
        )
        # Pictures are read and perhaps shrunk: not while everybody waits.
        return await asyncio.to_thread(write) if any(m.images for m in request.messages) else write()

    def _without_key(self, text: str) -> str:
        return text.replace(self._secret, "***") if self._secret else text


# Nobody needs to pack a few kilobytes, and what is packed may unpack to gigabytes. A connection is used once: what a
# server says beyond its answer would be taken for the answer to the next request. It costs a handshake in seconds.
_HEADERS = {"Accept-Encoding": "identity", "Connection": "close"}

_WHOLE = (200, 201)
"""Statuses of answers that hold a reply."""


class _TooLong(Exception):
    """An answer that was not read to its end."""


def _bounded_client(limits: Any, timeout: Any) -> Any:
    """The library's own client, which here reads an answer no further than ``MAX_BODY``."""
    import httpx2
    import openai

    class Bounded(openai.DefaultAsyncHttpxClient):
        async def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
            leaves = LEAVES.get()

            async def trace(event: str, _: Any) -> None:
                # "http11.send_request_headers.started": connected, and not a byte has gone.
                if event.endswith("send_request_headers.started"):
                    leaves()

            request.extensions = {**request.extensions, "trace": trace}
            response = await super().send(request, stream=True, **more)
            content = bytearray()
            try:
                # As it comes out of its packing: what is counted is what memory has to hold.
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > MAX_BODY:
                        raise _TooLong
            finally:
                await response.aclose()
            # In bytes, as they came: not every sign of a header can be written again.
            packing = (b"content-encoding", b"content-length", b"transfer-encoding")
            headers = [(name, value) for name, value in response.headers.raw if name.lower() not in packing]
            return httpx2.Response(response.status_code, headers=headers, content=bytes(content), request=request)

    # Prompts and the key go where the settings say, and nowhere else.
    return Bounded(limits=limits, timeout=timeout, follow_redirects=False)
