"""What is said to a chat model and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message: ``role`` is "system", "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One reply.

    Attributes:
        text: what the model wrote.
        model: the served model's own name.
        finish: "stop" or "length".
        num_prompt_tokens, num_completion_tokens: as the endpoint counts them; 0 where it does not say.
    """

    text: str
    model: str
    finish: str = "stop"
    num_prompt_tokens: int = 0
    num_completion_tokens: int = 0


class ChatModel(Protocol):
    """Anything that answers messages."""

    def complete(self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int) -> Completion:
        """Answer once; raises a LlavaPoseError where no answer can be had."""
        ...
