"""A chat model that answers from a function: tests, dry runs, benchmarks of everything around a model."""

import asyncio
from collections.abc import Callable

from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.tokens import num_prompt_tokens, num_tokens


class Scripted:
    """Answers with what ``reply`` returns: a text, a whole completion, or an exception, which is raised.

    Args:
        reply: called once a request.
        latency_s: how long each answer takes.
    """

    def __init__(self, reply: Callable[[ChatRequest], str | Completion | Exception], *, latency_s: float = 0.0) -> None:
        self._reply = reply
        self._latency_s = latency_s

    async def complete(self, request: ChatRequest) -> Completion:
        """What the script says."""
        await asyncio.sleep(self._latency_s)
        said = self._reply(request)
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Completion):
            return said
        return Completion(
            text=said,
            model="scripted",
            num_prompt_tokens=num_prompt_tokens(request.messages),
            num_completion_tokens=num_tokens(said),
            latency_s=self._latency_s,
        )

    async def close(self) -> None:
        """Nothing to give back."""
