"""How questions about pictures become prompts: LLaVA-1.5's conversation, or any family's own chat template."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from llavapose.data.conversation import Conversation, num_image_tokens
from llavapose.data.reading.read import square_pictures
from llavapose.data.reading.template import conversation_of, picture_parts
from llavapose.errors import CheckpointError, DataError
from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Prompt
from llavapose.files import inside
from llavapose.frames import time_told
from llavapose.records import Question, Sample, Turn
from llavapose.rgb import open_image

log = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads questions as one family of models does."""

    @property
    def tokenizer(self) -> Any:
        """Ids to text."""
        ...

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """One a question, in order; questions about one picture, or the same several in order, share its prefix.

        Frames stand behind their times, as they are trained; the same at other times are another prefix.

        Raises:
            DataError: a picture that is missing or broken, or a text that holds a special token; names the question.
        """
        ...

    def prompt(
        self, pictures: Sequence[Image.Image], text: str, *, where: str, times_s: Sequence[float] = ()
    ) -> Prompt:
        """A question about pictures that are open, in order, or frames at times; ``where`` names it in messages."""
        ...

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """The ids of an answer as the model would write it behind the question's, its end included."""
        ...

    @property
    def ends(self) -> frozenset[int]:
        """Ids that end an answer as it is trained."""
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
        prefixes: dict[Any, Prefix] = {}
        for question in questions:
            where = f"question {question.id}"
            ids = self.conversation.question(question.text, where=where)
            shown = (question.images, question.times_s)
            if shown not in prefixes:
                prefixes[shown] = self._prefix(_opened(question, images), question.times_s)
            yield Prompt(prefix=prefixes[shown], ids=ids)

    def prompt(
        self, pictures: Sequence[Image.Image], text: str, *, where: str, times_s: Sequence[float] = ()
    ) -> Prompt:
        """As the protocol says."""
        return Prompt(prefix=self._prefix(pictures, times_s), ids=self.conversation.question(text, where=where))

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """What would be supervised of the two as a sample."""
        return _supervised(self.conversation, question, text)

    @property
    def ends(self) -> frozenset[int]:
        """As the protocol says."""
        return frozenset({self.tokenizer.eos_token_id})

    def _prefix(self, pictures: Sequence[Image.Image], times_s: Sequence[float]) -> Prefix:
        """What stands in front of a question: its pictures in order, each padded to a square; or no picture."""
        if not pictures:
            return Prefix(ids=self.conversation.prefix_without_picture)
        shown = self._pictures.shown(pictures, times_s)
        return Prefix(ids=shown.ids, inputs=shown.inputs)


class ChatReader:
    """As a family's own processor and chat template write it: one message of the user, its pictures before the text.

    The ids are those that training gives (``data.reading``), so that a checkpoint is asked as it was trained. A
    template that cannot be trained with asks by itself.

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
        try:
            self.conversation: Conversation | None = conversation_of(processor, own_words=False, source=source)
        except DataError as error:
            log.info("%s (it is asked by its template alone)", error)
            self.conversation = None

    @property
    def ends(self) -> frozenset[int]:
        """As the protocol says; of a template that cannot be trained with, the tokenizer's."""
        if self.conversation is None:
            return frozenset({self.tokenizer.eos_token_id})
        end = self.tokenizer(self.conversation.wording.end, add_special_tokens=False).input_ids
        return frozenset({end[-1]})

    def prompts(self, questions: Sequence[Question], images: Path) -> Iterator[Prompt]:
        """As the protocol says; the prefix ends with the picture's last token."""
        prefixes: dict[Any, Prefix] = {}
        for question in questions:
            where = f"question {question.id}"
            if self.conversation is None:
                found = self._whole(_opened(question, images), question.times_s, question.text, where=where)
                prefix = prefixes.setdefault((question.images, found.prefix.ids), found.prefix)
                yield Prompt(prefix=prefix, ids=found.ids)
                continue
            ids = self.conversation.question(question.text, where=where, pictured=bool(question.images))
            shown = (question.images, question.times_s)
            if shown not in prefixes:
                prefixes[shown] = self._prefix(_opened(question, images), question.times_s, where)
            yield Prompt(prefix=prefixes[shown], ids=ids)

    def prompt(
        self, pictures: Sequence[Image.Image], text: str, *, where: str, times_s: Sequence[float] = ()
    ) -> Prompt:
        """As the protocol says."""
        if self.conversation is None:
            return self._whole(pictures, times_s, text, where=where)
        ids = self.conversation.question(text, where=where, pictured=bool(pictures))
        return Prompt(prefix=self._prefix(pictures, times_s, where), ids=ids)

    def statement(self, question: Question, text: str) -> tuple[int, ...]:
        """What would be supervised of the two as a sample; else the text's ids and the tokenizer's end."""
        if self.conversation is None:
            ids = self.tokenizer(text.strip(), add_special_tokens=False).input_ids
            return (*ids, self.tokenizer.eos_token_id)
        return _supervised(self.conversation, question, text)

    def _prefix(self, pictures: Sequence[Image.Image], times_s: Sequence[float], where: str) -> Prefix:
        """What stands in front of a question, up to the last special token of its pictures."""
        words = self.conversation
        assert words is not None
        if not pictures:
            return Prefix(ids=words.frame.prefix_of_text)
        try:
            text = words.wording.head(len(pictures), times_s)
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        begun = self.tokenizer.bos_token
        made = self._processor(text=[text], images=[list(pictures)], return_tensors="pt",
                               add_special_tokens=not (begun and text.startswith(begun)))  # fmt: skip
        inputs = {name: value for name, value in made.items() if isinstance(value, torch.Tensor)}
        ids = inputs.pop("input_ids")[0].tolist()
        inputs.pop("attention_mask", None)
        return self._cut(ids, inputs, len(ids) - ids[::-1].index(words.image_id))

    @staticmethod
    def _cut(ids: Sequence[int], inputs: dict[str, Tensor], end: int) -> Prefix:
        """The first ``end`` ids, and as many of what has a value a token: the text behind them is type 0 everywhere."""
        cut = {name: value[:, :end] if value.shape == (1, len(ids)) else value for name, value in inputs.items()}
        return Prefix(ids=tuple(ids[:end]), inputs=cut if end else {})

    def _whole(self, pictures: Sequence[Image.Image], times_s: Sequence[float], text: str, *, where: str) -> Prompt:
        """A question as the template writes it, whatever that is."""
        inputs = self._inputs(pictures, times_s, text, where)
        ids = tuple(inputs.pop("input_ids")[0].tolist())
        inputs.pop("attention_mask", None)
        places = [place for place, one in enumerate(ids) if one == self._image_id]
        if pictures and not places:
            raise DataError(f"{where}: the chat template leaves its picture out; use another")
        end = places[-1] + 1 if places else 0
        return Prompt(prefix=self._cut(ids, inputs, end), ids=ids[end:])

    def _inputs(
        self, pictures: Sequence[Image.Image], times_s: Sequence[float], text: str, where: str
    ) -> dict[str, Tensor]:
        for token in self._reserved:
            if token.strip() and token in text:
                raise DataError(f"{where}: the text holds the special token {token!r}; remove it")
        opened = iter(pictures)
        parts = picture_parts(len(pictures), [time_told(time_s) for time_s in times_s])
        shown = [{**part, "image": next(opened)} if part["type"] == "image" else part for part in parts]
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


def _supervised(conversation: Conversation, question: Question, text: str) -> tuple[int, ...]:
    """The ids of an answer that training would weigh; they are the same with pictures and without."""
    turns = (Turn(role="user", text=question.text), Turn(role="assistant", text=text))
    sample = Sample(id=question.id, images=("",), kind=question.kind, turns=turns)
    branch = conversation.branch(sample, max_length=4096)
    return tuple(one for one, supervised in zip(branch.ids, branch.supervised, strict=True) if supervised)


def _opened(question: Question, images: Path) -> list[Image.Image]:
    where = f"question {question.id}"
    return [open_image(inside(images, image, where=where), where=where) for image in question.images]
