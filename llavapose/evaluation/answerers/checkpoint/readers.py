"""How questions about pictures become prompts: LLaVA-1.5's conversation, or any family's own chat template."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.reading.read import square_pictures
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
        """One a question, in order; questions about one picture, or the same several in order, share its prefix.

        Raises:
            DataError: a picture that is missing or broken, or a text that holds a special token; names the question.
        """
        ...

    def prompt(self, pictures: Sequence[Image.Image], text: str, *, where: str) -> Prompt:
        """A question about pictures that are open, in order; ``where`` names it in messages."""
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
        self.conversation = Conversation(processor.tokenizer, num_image_tokens(processor))
        self._pictures = square_pictures(processor, self.conversation)

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """As the protocol says; without pictures the system sentence is what all share."""
        prefixes: dict[tuple[str, ...], Prefix] = {}
        for question in questions:
            where = f"question {question.id}"
            ids = self.conversation.question(question.text, where=where)
            if question.images not in prefixes:
                prefixes[question.images] = self._prefix(_opened(question, images))
            yield Prompt(prefix=prefixes[question.images], ids=ids)

    def prompt(self, pictures: Sequence[Image.Image], text: str, *, where: str) -> Prompt:
        """As the protocol says."""
        return Prompt(prefix=self._prefix(pictures), ids=self.conversation.question(text, where=where))

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """What would be supervised of the two as a sample."""
        turns = (Turn(role="user", text=question.text), Turn(role="assistant", text=text))
        sample = Sample(id=question.id, images=(question.image,), kind=question.kind, turns=turns)
        branch = self.conversation.branch(sample, max_length=4096)
        return tuple(one for one, supervised in zip(branch.ids, branch.supervised, strict=True) if supervised)

    def _prefix(self, pictures: Sequence[Image.Image]) -> Prefix:
        """What stands in front of a question: its pictures in order, each padded to a square; or no picture."""
        if not pictures:
            return Prefix(ids=self.conversation.prefix_without_picture)
        shown = self._pictures.shown(pictures)
        return Prefix(ids=shown.ids, inputs=shown.inputs)


class ChatReader:
    """As a family's own processor and chat template write it: one message of the user, its pictures before the text.

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
        prefixes: dict[tuple[tuple[str, ...], tuple[int, ...]], Prefix] = {}
        for question in questions:
            found = self.prompt(_opened(question, images), question.text, where=f"question {question.id}")
            prefix = prefixes.setdefault((question.images, found.prefix.ids), found.prefix)
            yield Prompt(prefix=prefix, ids=found.ids)

    def prompt(self, pictures: Sequence[Image.Image], text: str, *, where: str) -> Prompt:
        """As the protocol says."""
        inputs = self._inputs(pictures, text, where)
        ids = tuple(inputs.pop("input_ids")[0].tolist())
        inputs.pop("attention_mask", None)
        places = [place for place, one in enumerate(ids) if one == self._image_id]
        if pictures and not places:
            raise DataError(f"{where}: the chat template leaves its picture out; use another")
        end = places[-1] + 1 if places else 0
        # What has a value a token ends with the prefix; behind it is text, which is type 0 everywhere.
        cut = {name: value[:, :end] if value.shape == (1, len(ids)) else value for name, value in inputs.items()}
        return Prompt(prefix=Prefix(ids=ids[:end], inputs=cut if end else {}), ids=ids[end:])

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """The text's ids and the tokenizer's end."""
        ids = self.tokenizer(text.strip(), add_special_tokens=False).input_ids
        return (*ids, self.tokenizer.eos_token_id)

    def _inputs(self, pictures: Sequence[Image.Image], text: str, where: str) -> dict[str, Tensor]:
        for token in self._reserved:
            if token.strip() and token in text:
                raise DataError(f"{where}: the text holds the special token {token!r}; remove it")
        shown: list[dict[str, Any]] = [{"type": "image", "image": picture} for picture in pictures]
        try:
            encoded = self._processor.apply_chat_template(
                [{"role": "user", "content": [*shown, {"type": "text", "text": text.strip()}]}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        except (ValueError, IndexError, StopIteration) as error:
            if len(pictures) < 2:
                raise
            why = " ".join(str(error).split())
            raise DataError(f"{where}: the checkpoint's chat template does not take {len(pictures)} pictures in one "
                            f"message ({why}); ask about one, or use another") from error  # fmt: skip
        return {name: value for name, value in encoded.items() if isinstance(value, torch.Tensor)}


def _opened(question: Question, images: Path) -> list[Image.Image]:
    where = f"question {question.id}"
    return [open_image(inside(images, image, where=where), where=where) for image in question.images]
