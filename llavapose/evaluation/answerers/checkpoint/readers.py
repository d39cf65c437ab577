"""How questions about pictures become prompts: LLaVA-1.5's conversation, or any family's own chat template."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.images import pixels
from llavapose.errors import CheckpointError, DataError
from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Prompt
from llavapose.files import inside
from llavapose.records import Question, Sample, Turn
from llavapose.rgb import open_image


class Reader(Protocol):
    """Reads questions as one family of models does."""

    @property
    def tokenizer(self) -> Any:
        """Ids to text."""
        ...

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """One a question, in order; questions about one picture share its prefix.

        Raises:
            DataError: a picture that is missing or broken, or a text that holds a special token; names the question.
        """
        ...

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """The ids of an answer as the model would write it behind the question's, its end included."""
        ...


class LlavaReader:
    """As samples are trained: every checkpoint of this project, and LLaVA-1.5's own.

    Args:
        processor: the checkpoint's, set to pad pictures to a square.
    """

    def __init__(self, processor: Any) -> None:
        self.tokenizer = processor.tokenizer
        self.image_processor = processor.image_processor
        self.conversation = Conversation(processor.tokenizer, num_image_tokens(processor))

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """As the protocol says; without pictures the system sentence is what all share."""
        prefixes: dict[str, Prefix] = {}
        for question in questions:
            where = f"question {question.id}"
            ids = self.conversation.question(question.text, where=where)
            if question.image not in prefixes:
                prefixes[question.image] = self._prefix(images, question.image, where)
            yield Prompt(prefix=prefixes[question.image], ids=ids)

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """What would be supervised of the two as a sample."""
        turns = (Turn(role="user", text=question.text), Turn(role="assistant", text=text))
        sample = Sample(id=question.id, images=(question.image,), kind=question.kind, turns=turns)
        branch = self.conversation.branch(sample, max_length=4096)
        return tuple(one for one, supervised in zip(branch.ids, branch.supervised, strict=True) if supervised)

    def _prefix(self, images: Path, image: str, where: str) -> Prefix:
        if not image:
            return Prefix(ids=self.conversation.prefix_without_picture)
        shown = pixels(open_image(inside(images, image, where=where), where=where), self.image_processor)
        return Prefix(ids=self.conversation.prefix, inputs={"pixel_values": shown[None]})


class ChatReader:
    """As a family's own processor and chat template write it: one message of the user, the picture before the text.

    Args:
        processor: the checkpoint's own.
        image_id: id that stands where the picture's features go.
        source: the checkpoint, for messages.

    Raises:
        CheckpointError: a processor without a chat template.
    """

    def __init__(self, processor: Any, image_id: int, *, source: str) -> None:
        if not (getattr(processor, "chat_template", None) or getattr(processor.tokenizer, "chat_template", None)):
            raise CheckpointError(f"checkpoint {source}: its processor has no chat template; copy chat_template.jinja "
                                  "of the published checkpoint into the folder")  # fmt: skip
        self._processor, self._image_id = processor, image_id
        self.tokenizer = processor.tokenizer
        self._reserved = sorted({*self.tokenizer.all_special_tokens, self.tokenizer.convert_ids_to_tokens(image_id)})

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """As the protocol says; the prefix ends with the picture's last token."""
        prefixes: dict[tuple[str, tuple[int, ...]], Prefix] = {}
        for question in questions:
            inputs = self._inputs(question, images)
            ids = tuple(inputs.pop("input_ids")[0].tolist())
            inputs.pop("attention_mask", None)
            places = [place for place, one in enumerate(ids) if one == self._image_id]
            if question.image and not places:
                raise DataError(f"question {question.id}: the chat template leaves its picture out; use another")
            end = places[-1] + 1 if places else 0
            # What has a value a token ends with the prefix; behind it is text, which is type 0 everywhere.
            cut = {name: value[:, :end] if value.shape == (1, len(ids)) else value for name, value in inputs.items()}
            key = (question.image, ids[:end])
            prefix = prefixes.setdefault(key, Prefix(ids=ids[:end], inputs=cut if end else {}))
            yield Prompt(prefix=prefix, ids=ids[end:])

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """The text's ids and the tokenizer's end."""
        ids = self.tokenizer(text.strip(), add_special_tokens=False).input_ids
        return (*ids, self.tokenizer.eos_token_id)

    def _inputs(self, question: Question, images: Path) -> dict[str, Tensor]:
        where = f"question {question.id}"
        for token in self._reserved:
            if token.strip() and token in question.text:
                raise DataError(f"{where}: the text holds the special token {token!r}; remove it")
        content: list[dict[str, Any]] = [{"type": "text", "text": question.text.strip()}]
        if question.image:
            picture = open_image(inside(images, question.image, where=where), where=where)
            content.insert(0, {"type": "image", "image": picture})
        encoded = self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        return {name: value for name, value in encoded.items() if isinstance(value, torch.Tensor)}
