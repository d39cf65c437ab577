"""What a teacher is asked and the protocol that every teacher follows."""

from dataclasses import dataclass
from typing import Protocol

from llavapose.llm.chat import Message
from llavapose.records import Fact, Scene, Turn


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request: an endpoint reads only ``messages``, the offline teacher only the rest.

    Attributes:
        scene: the annotated picture.
        facts: what its keypoints say.
        kind: "conv", "detail" or "complex".
        num: conversations wanted.
        num_pairs: question-answer pairs of each conversation.
        seed: decides every choice.
        messages: the prompt and the context.
    """

    scene: Scene
    facts: tuple[Fact, ...]
    kind: str
    num: int
    seed: int
    num_pairs: int = 1
    messages: tuple[Message, ...] = ()


class Teacher(Protocol):
    """Writes conversations about a scene."""

    name: str

    def write(self, request: Request) -> tuple[tuple[Turn, ...], ...]:
        """Up to ``request.num`` different conversations, each of user and assistant in turn.

        The same request gives the same conversations; one with a larger ``num`` gives those first.
        """
        ...
