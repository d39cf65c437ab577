"""A checkpoint answers questions and weighs statements: the evaluation's only torch."""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from PIL import ImageOps
from torch import Tensor
from transformers import TextIteratorStreamer

from llavapose.config.choices import Control
from llavapose.data.conversation import CHAT_TEMPLATE, Branch, Conversation, num_image_tokens
from llavapose.data.images import pixels
from llavapose.data.pack import pack
from llavapose.evaluation.answerers.protocol import Likelihoods
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.files import TINY_BASE, inside, sha256
from llavapose.model.attention import packed_mask
from llavapose.model.llava import sample_losses, token_losses
from llavapose.model.pretrained import load_model, load_processor
from llavapose.records import Answer, Question, Sample, Turn
from llavapose.rgb import open_image

MAX_BRANCHES = 48
"""Statements behind one copy of a picture; more go to a second row."""

HUGE = 2**28
"""Files from this many bytes on are told apart by size and time instead of their content."""


class CheckpointAnswerer:
    """Answers and weighs statements with one checkpoint, which is loaded when it is first asked.

    Args:
        checkpoint: a Hugging Face folder, a hub id, or "tiny".
        device: "cpu", "cuda", ...; None takes a GPU where there is one.
        batch_size: questions answered at once.
        max_new_tokens: longest answer.

    Raises:
        CheckpointError: when it is first asked: a folder that is no LLaVA checkpoint.
    """

    def __init__(
        self,
        checkpoint: Path | str,
        *,
        device: str | None = None,
        batch_size: int = 32,
        max_new_tokens: int = 256,
    ) -> None:
        self._checkpoint = str(checkpoint)
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.batch_size, self.max_new_tokens = batch_size, max_new_tokens
        self._blind: dict[tuple[int, ...], float] = {}

    controls = tuple(Control)

    @cached_property
    def processor(self) -> Any:
        """Tokenizer and image processor."""
        return load_processor(self._checkpoint, chat_template=CHAT_TEMPLATE)

    @cached_property
    def model(self) -> Any:
        """On its device; bfloat16 on a GPU."""
        dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        model: Any = load_model(self._checkpoint, dtype=dtype)
        return model.to(self.device).eval()

    @cached_property
    def conversation(self) -> Conversation:
        """How questions become tokens."""
        return Conversation(self.processor.tokenizer, num_image_tokens(self.processor))

    def identity(self) -> list[Any]:
        """Names, sizes and hashes (of huge files: times) of the checkpoint's files, and how it answers."""
        return [_files_of(self._checkpoint), self.batch_size, self.max_new_tokens]

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """Greedy answers, in the order of the questions."""
        for start in range(0, len(questions), self.batch_size):
            part = questions[start : start + self.batch_size]
            prompts = [self.conversation.question(q.text, where=f"question {q.id}") for q in part]
            pictures = [self._pixels(images, q.image, f"question {q.id}") for q in part if q.image]
            for question, ids in zip(part, self._generate(prompts, pictures), strict=True):
                text = self.processor.tokenizer.decode(ids, skip_special_tokens=True).strip()
                finish = "stop" if len(ids) < self.max_new_tokens else "length"
                yield Answer(question_id=question.id, arm=arm, text=text, finish=finish, num_tokens=len(ids))

    def stream(self, photo: Path, question: str, *, opened: bool = True) -> Iterator[str]:
        """The answer to one question about one picture, piece by piece as it is written.

        Args:
            photo: an image file.
            question: of any kind.
            opened: the first word is one that a sentence can open with. A small model that was trained on few questions
                takes others for the middle of a sentence and goes on with it: behind "What is the person doing?" with
                ". The person ..." or "is sitting", as its answers do behind the words "the person".
        """
        ids = [(*self.conversation.prefix, *self.conversation.question(question, where="question"))]
        # A phone writes how it was held beside the pixels; COCO's annotations are about the pixels as they lie.
        upright = ImageOps.exif_transpose(open_image(photo, where="photo"))
        picture = pixels(upright, self.processor.image_processor)
        streamer = TextIteratorStreamer(self.processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
        inputs = self._inputs(ids, [picture])
        first = not_opening(self.processor.tokenizer, opened)
        failures: list[BaseException] = []

        def write() -> None:
            try:
                self._run(**inputs, streamer=streamer, begin_suppress_tokens=first)
            except BaseException as error:
                failures.append(error)
                streamer.end()  # else the reader below waits for ever

        worker = Thread(target=write, daemon=True)
        worker.start()
        yield from streamer
        worker.join()
        if failures:
            raise failures[0]

    @torch.no_grad()
    def likelihoods(self, items: Sequence[ProbeItem], images: Path, shown: Mapping[int, str]) -> Iterator[Likelihoods]:
        """Of each item's statements: those about one picture stand behind one copy of it."""
        scenes: dict[int, list[ProbeItem]] = {}
        for item in items:
            scenes.setdefault(item.scene_id, []).append(item)
        for scene_id, group in scenes.items():
            picture = self._pixels(images, shown[scene_id], f"scene {scene_id}") if shown[scene_id] else None
            branches = [branch for item in group for branch in self._statements(item)]
            likelihoods = [round(one, 6) for one in self._likelihoods(branches, picture)]
            for number in range(len(group)):
                true0, flipped0, true1, flipped1 = likelihoods[4 * number : 4 * number + 4]
                yield Likelihoods(true=(true0, true1), flipped=(flipped0, flipped1))

    def _statements(self, item: ProbeItem) -> list[Branch]:
        branches = []
        for question in item.questions:
            for text in (item.true, item.flipped):
                turns = (Turn(role="user", text=question), Turn(role="assistant", text=text))
                sample = Sample(id=item.id, images=(item.image,), kind="conv", turns=turns)
                branches.append(self.conversation.branch(sample, max_length=4096))
        return branches

    def _likelihoods(self, branches: list[Branch], picture: Tensor | None) -> list[float]:
        if picture is None:
            return self._blind_likelihoods(branches)
        groups = [range(at, min(at + MAX_BRANCHES, len(branches))) for at in range(0, len(branches), MAX_BRANCHES)]
        found: dict[int, float] = {}
        for group in groups:
            batch = pack(self.conversation.prefix, [group], branches, [picture], step_weight=1).to(self.device)
            losses = token_losses(self.model, batch, packed_mask(batch.segments))
            found.update({index: -total / count for index, (total, count) in sample_losses(losses, batch).items()})
        return [found[index] for index in range(len(branches))]

    def _blind_likelihoods(self, branches: list[Branch]) -> list[float]:
        """Without any picture, each statement standing alone; items come in couples of equal texts, asked once."""
        prefix = self.conversation.prefix_without_picture
        new = list(dict.fromkeys(branch.ids for branch in branches if branch.ids not in self._blind))
        marks = {branch.ids: branch.supervised for branch in branches}
        for start in range(0, len(new), self.batch_size):
            part = new[start : start + self.batch_size]
            width = max(map(len, part))
            ids = torch.tensor([[*prefix, *row, *[0] * (width - len(row))] for row in part], device=self.device)
            mask = torch.tensor([[1] * (len(prefix) + len(row)) + [0] * (width - len(row)) for row in part])
            logits = self.model(input_ids=ids, attention_mask=mask.to(self.device)).logits.float()
            told = logits[:, :-1].log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]  # [rows, T - 1]
            for row, values in zip(part, told, strict=True):
                own = values[len(prefix) - 1 : len(prefix) - 1 + len(row)]
                wanted = torch.tensor(marks[row], dtype=torch.bool, device=self.device)
                self._blind[row] = float(own[wanted].mean())
        return [self._blind[branch.ids] for branch in branches]

    def _generate(self, prompts: list[tuple[int, ...]], pictures: list[Tensor]) -> list[list[int]]:
        """Replies to prompts, each behind its picture, or all of them without one."""
        prefix = self.conversation.prefix if pictures else self.conversation.prefix_without_picture
        inputs = self._inputs([(*prefix, *prompt) for prompt in prompts], pictures)
        written = self._run(**inputs)[:, inputs["input_ids"].shape[1] :]
        end = self.processor.tokenizer.eos_token_id
        return [[int(i) for i in row[: _until(row, end)]] for row in written]

    def _inputs(self, rows: list[tuple[int, ...]], pictures: list[Tensor]) -> dict[str, Tensor]:
        width = max(len(row) for row in rows)
        pad = self.processor.tokenizer.pad_token_id or 0
        ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        inputs = {"input_ids": ids.to(self.device), "attention_mask": mask.to(self.device)}
        if pictures:
            inputs["pixel_values"] = torch.stack(pictures).to(self.device, self.model.dtype)
        return inputs

    @torch.no_grad()
    def _run(self, **inputs: Any) -> Tensor:
        tokenizer = self.processor.tokenizer
        return self.model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=self.max_new_tokens,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id or 0,
        )

    def _pixels(self, images: Path, image: str, where: str) -> Tensor:
        return pixels(open_image(inside(images, image, where=where), where=where), self.processor.image_processor)


def not_opening(tokenizer: Any, opened: bool = True) -> list[int] | None:
    """Tokens that no answer's first sentence opens with: parts of words, words in small letters, stops, the end.

    Known for vocabularies that mark a word's start with ``▁``, as LLaVA's; None for others, and if not ``opened``.
    """
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    if not opened or not any(token.startswith("▁") for token in tokens):
        return None
    return [index for index, token in enumerate(tokens) if not _opens(token)]


def _opens(token: str) -> bool:
    if re.fullmatch("<0x[89A-F][0-9A-F]>", token):
        return True  # a byte of a letter beyond ASCII
    first = token.removeprefix("▁")[:1]
    if not first.isascii() or not first:
        return True
    # Quotes, brackets, dashes and the like open a sentence or a list; these end or divide one.
    return token.startswith("▁") and first not in string.ascii_lowercase + ".,;:!?)]}%"


def _files_of(checkpoint: str) -> list[Any]:
    """What tells a checkpoint from another."""
    path = TINY_BASE if checkpoint == "tiny" else Path(checkpoint)
    # The card is rewritten when results come, and changes no answer.
    files = sorted(found for found in path.rglob("*") if found.is_file() and found.name != "README.md")
    found = [(file, file.stat()) for file in files]
    marks = [sha256(file) if stat.st_size < HUGE else stat.st_mtime_ns for file, stat in found]
    return [checkpoint] if not files else [[f.name, s.st_size, m] for (f, s), m in zip(found, marks, strict=True)]


def _until(row: Tensor, end: int) -> int:
    stops = (row == end).nonzero()
    return int(stops[0]) if len(stops) else len(row)
