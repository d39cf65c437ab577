"""A checkpoint answers questions and weighs statements."""

import logging
import re
import string
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from PIL import ImageOps
from torch import Tensor
from transformers import TextIteratorStreamer

from llavapose.config.choices import AnswerDtype, Control
from llavapose.errors import DataError
from llavapose.evaluation.answerers.checkpoint.devices import devices_of, side_by_side
from llavapose.evaluation.answerers.checkpoint.generation import Prompt, greedy_in_turn, log_likelihoods
from llavapose.evaluation.answerers.checkpoint.kept import KeptReads
from llavapose.evaluation.answerers.checkpoint.loading import Loaded, frames_trained, load
from llavapose.evaluation.answerers.checkpoint.locating import places
from llavapose.evaluation.answerers.checkpoint.single import (
    answer_alone,
    inputs_of,
    log_likelihood_alone,
    sharing_agrees,
)
from llavapose.evaluation.answerers.checkpoint.timing import alone_told, model_told, time_alone
from llavapose.evaluation.answerers.checkpoint.trie import trie_agrees, trie_log_likelihoods
from llavapose.evaluation.answerers.protocol import JointAnswer, Likelihoods
from llavapose.evaluation.controls import USUAL_FRAMES, Shown
from llavapose.evaluation.locating.taught import taught_settings
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.files import TINY_BASE, sha256
from llavapose.locate.codings import Coding
from llavapose.locate.shown import Query
from llavapose.records import Answer, Question
from llavapose.rgb import open_image

log = logging.getLogger(__name__)

BATCHES = 3
"""Batches answered together: the papers ask three questions a picture, so that each batch can hold those alike in
length while a picture is read once for all of them."""

STATEMENTS = 48
"""Statements that are weighed at once, behind one copy of their picture."""

TRIED = 8
"""Statements by which a family's trie is compared with its rows: two items, each in both orders of its question."""

HUGE = 2**28
"""Files from this many bytes on are told apart by size and time instead of their content."""


class CheckpointAnswerer:
    """Answers and weighs statements with one checkpoint, which is loaded when it is first asked.

    Args:
        checkpoint: a Hugging Face folder, a hub id, or "tiny".
        device: "cpu", "cuda", ...; None takes a GPU where there is one.
        devices: how many of them answer side by side, a copy of the model on each.
        batch_size: rows at once; three times as many questions are answered together.
        max_new_tokens: longest answer.
        dtype: of the weights; None: bfloat16 on a GPU, float32 elsewhere.
        num_timed: questions by which ``efficiency`` times an answer alone; 0: it times nothing.
        frames: how many of a clip it is shown; None: as many as it was trained with, else ``USUAL_FRAMES``.

    Raises:
        CheckpointError: when it is first asked: a folder that is no image-text checkpoint.
        ConfigError: fewer devices are here, or they cannot compute with such weights.
    """

    controls = tuple(Control)

    def __init__(
        self,
        checkpoint: Path | str,
        *,
        device: str | None = None,
        devices: int = 1,
        batch_size: int = 32,
        max_new_tokens: int = 256,
        dtype: AnswerDtype | None = None,
        num_timed: int = 3,
        frames: int | None = None,
    ) -> None:
        self._checkpoint, self._dtype = str(checkpoint), dtype
        self._devices = devices_of(device, devices)
        self.device = torch.device(self._devices[0])
        self._rows, self.max_new_tokens, self._num_timed = batch_size, max_new_tokens, num_timed
        self._num_written, self._spent_s = 0, 0.0
        self._frames = frames
        self._blind: dict[tuple[tuple[str, ...], tuple[float, ...], str, str], float] = {}
        self._reads = KeptReads()

    @property
    def batch_size(self) -> int:
        """Questions whose answers are made together."""
        return BATCHES * self._rows

    @property
    def frames(self) -> int:
        """How many frames of a clip it is shown."""
        return self._frames or frames_trained(self._checkpoint) or USUAL_FRAMES

    @cached_property
    def loaded(self) -> Loaded:
        """Model and reader."""
        return load(self._checkpoint, self.device, self._dtype)

    @property
    def model(self) -> Any:
        """On its device."""
        return self.loaded.model

    @property
    def tokenizer(self) -> Any:
        """Ids to text."""
        return self.loaded.reader.tokenizer

    def identity(self) -> list[Any]:
        """Names, sizes and hashes (of huge files: times) of the checkpoint's files, and how it answers."""
        found = [_files_of(self._checkpoint), self._rows, self.max_new_tokens]
        return [*found, self._dtype.value] if self._dtype else found

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """Greedy answers, in the order of the questions."""
        for start in range(0, len(questions), self.batch_size):
            group = questions[start : start + self.batch_size]
            found = {one.question_id: one for one in self.answers_as_ready(group, images, arm, frozenset())}
            yield from (found[question.id] for question in group)

    def answers_as_ready(
        self, questions: Sequence[Question], images: Path, arm: str, done: frozenset[str]
    ) -> Iterator[Answer]:
        """Greedy answers in the order in which they are made, a batch at a time, without those that are ``done``."""
        if len(self._devices) == 1 and questions:
            assert self.loaded  # whose seconds are no answer's
        start_s = time.perf_counter()
        for number, answer in enumerate(self._answers(questions, images, arm, done), 1):
            self._num_written, self._spent_s = number, time.perf_counter() - start_s
            yield answer

    def _answers(self, questions: Sequence[Question], images: Path, arm: str, done: frozenset[str]) -> Iterator[Answer]:
        groups = [questions[start : start + self.batch_size] for start in range(0, len(questions), self.batch_size)]
        if len(self._devices) == 1:
            for group in groups:
                yield from self._group_as_ready(group, images, arm, done)
        else:
            copies = _Copies(checkpoint=self._checkpoint, rows=self._rows, max_new_tokens=self.max_new_tokens,
                             dtype=self._dtype)  # fmt: skip
            found = side_by_side(copies, self._devices, groups, images, arm)
            yield from (answer for answer in found if answer.question_id not in done)

    def efficiency(self, questions: Sequence[Question], images: Path) -> dict[str, Any] | None:
        """What an answer costs: alone, measured now, and in the batches of the last ``answers``."""
        if not self._num_timed or not questions:
            return None
        batched = self._spent_s / self._num_written if self._num_written else None
        timed, num_pictures = [], 0
        step = max(1, len(questions) // self._num_timed)
        for question in questions[::step][: self._num_timed]:

            def write(most: int, question: Question = question) -> int:
                ((_, ids),) = self._write(list(self.loaded.reader.prompts([question], images)), most)
                return len(ids)

            timed.append(time_alone(write, self.device, self.max_new_tokens))
            num_pictures += len(question.images)
        several = {"pictures_per_answer": num_pictures / len(timed)} if num_pictures > len(timed) else {}
        return {
            **model_told(self.model, self.device, self._dtype.value if self._dtype else None),
            "num_devices": len(self._devices),
            **alone_told(timed),
            **several,
            "batch_size": self._rows,
            "batch_answer_s": batched,
            "num_batched": self._num_written,
        }

    def answer_group(self, questions: Sequence[Question], images: Path, arm: str) -> list[Answer]:
        """The answers to what is answered together, in order."""
        found = {one.question_id: one for one in self._group_as_ready(questions, images, arm, frozenset())}
        return [found[question.id] for question in questions]

    def _group_as_ready(
        self, questions: Sequence[Question], images: Path, arm: str, done: frozenset[str]
    ) -> Iterator[Answer]:
        prompts = list(self.loaded.reader.prompts(questions, images))
        self._check_room(prompts, [f"question {question.id}" for question in questions])
        known = {place for place, question in enumerate(questions) if question.id in done}
        for place, ids in self._write(prompts, self.max_new_tokens, known):
            text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
            finish = "stop" if len(ids) < self.max_new_tokens else "length"
            yield Answer(question_id=questions[place].id, arm=arm, text=text, finish=finish, num_tokens=len(ids))

    def _write(
        self, prompts: Sequence[Prompt], most: int, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[int]]]:
        """Places of prompts with what is written behind them, as it is ready."""
        told: dict[str, Any] = {"ends": self.loaded.ends, "max_new_tokens": most}
        if self._fits(prompts, most):
            yield from greedy_in_turn(self.model, prompts, batch_size=self._rows, done=done, **told)
            return
        for place, prompt in enumerate(prompts):
            if place not in done:
                yield place, answer_alone(self.model, prompt, **told)

    def _check_room(self, prompts: Sequence[Prompt], names: Sequence[str]) -> None:
        """Raises DataError for a question that leaves no room for an answer, as many pictures do."""
        most = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        for prompt, name in zip(prompts, names, strict=True):
            if most is not None and prompt.length >= most:
                raise DataError(f"{name}: pictures and text take {prompt.length} tokens, and {self._checkpoint} reads "
                                f"{most}; ask about fewer pictures")  # fmt: skip

    def _fits(self, prompts: Sequence[Prompt], most: int) -> bool:
        """Whether these can be asked side by side behind shared prefixes."""
        longest = max(prompt.length for prompt in prompts) + most
        return longest <= self.loaded.longest and self._shares(prompts)

    def _shares(self, prompts: Sequence[Prompt]) -> bool:
        """Whether this family's rows read a shared prefix as one of their own; looked at once."""
        if self._agrees is None:
            # The shortest and the longest: padding, pictures of several sizes.
            few = sorted(prompts, key=lambda prompt: prompt.length)
            self._agrees = self.loaded.proven or sharing_agrees(self.model, [*few[:2], *few[2:][-2:]])
            if not self._agrees:
                log.warning("%s: reads behind a shared picture otherwise than alone; its questions are asked one by "
                            "one, which takes longer", self._checkpoint)  # fmt: skip
        return self._agrees

    _agrees: bool | None = None

    def stream(self, photos: Sequence[Path], question: str, *, opened: bool = True) -> Iterator[str]:
        """The answer to one question about a picture, or about several in order, piece by piece as it is written.

        Args:
            photos: image files.
            question: of any kind.
            opened: the first word is one that a sentence can open with. A small model that was trained on few questions
                takes others for the middle of a sentence and goes on with it: behind "What is the person doing?" with
                ". The person ..." or "is sitting", as its answers do behind the words "the person".
        """
        # A phone writes how it was held beside the pixels; COCO's annotations are about the pixels as they lie.
        upright = [ImageOps.exif_transpose(open_image(photo, where="photo")) for photo in photos]
        prompt = self.loaded.reader.prompt(upright, question, where="question")
        self._check_room([prompt], ["question"])
        inputs = inputs_of(self.model, prompt)
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        first = not_opening(self.tokenizer, opened)
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

    def lacks(self, words: Sequence[str]) -> bool:
        """Whether the tokenizer has not all of these words."""
        return bool(words) and not set(words) <= self.tokenizer.get_vocab().keys()

    def taught(self) -> dict[str, Any]:
        """Settings of ``locate`` that it was trained with, and of which ``joints``; {} where they are not known."""
        return taught_settings(Path(self._checkpoint))

    def places(self, queries: Sequence[Query], images: Path, coding: Coding) -> Iterator[JointAnswer]:
        """Where joints are, as ``locating`` writes it."""
        return places(self.loaded, queries, images, coding, rows=self._rows)

    def likelihoods(self, items: Sequence[ProbeItem], images: Path, shown: Shown) -> Iterator[Likelihoods]:
        """Of each item's statements: those about one picture stand behind one copy of it."""
        scenes: dict[int, list[ProbeItem]] = {}
        for item in items:
            scenes.setdefault(item.scene_id, []).append(item)
        for scene_id, group in scenes.items():
            asked = [
                (item.asked(question, shown[scene_id]), text)
                for item in group
                for question in item.questions
                for text in (item.true, item.flipped)
            ]
            likelihoods = [round(one, 6) for one in self._weighed(asked, images)]
            for number in range(len(group)):
                true0, flipped0, true1, flipped1 = likelihoods[4 * number : 4 * number + 4]
                yield Likelihoods(true=(true0, true1), flipped=(flipped0, flipped1))

    def _weighed(self, asked: Sequence[tuple[Question, str]], images: Path) -> list[float]:
        """Mean log-likelihood a token of each question's text; without a picture the same pair is weighed once."""
        keys = [(question.images, question.times_s, question.text, text) for question, text in asked]
        new = {
            key: (question, text) for key, (question, text) in zip(keys, asked, strict=True) if key not in self._blind
        }
        reader = self.loaded.reader
        prompts = list(reader.prompts([question for question, _ in new.values()], images))
        said = [reader.statement(question, text) for question, text in new.values()]
        if not new:
            found = {}
        elif self._fits(prompts, max(map(len, said))):
            found = dict(zip(new, self._weighed_together(prompts, said), strict=True))
        else:
            weighed = [log_likelihood_alone(self.model, one, ids) for one, ids in zip(prompts, said, strict=True)]
            found = dict(zip(new, weighed, strict=True))
        self._blind.update({key: value for key, value in found.items() if not key[0]})
        return [found[key] if key in found else self._blind[key] for key in keys]

    def _weighed_together(self, prompts: Sequence[Prompt], said: Sequence[tuple[int, ...]]) -> list[float]:
        """As a trie; in rows where this family's layers read a trie otherwise than rows, which is looked at once."""
        if self._grows is None:
            self._grows = self.loaded.proven or trie_agrees(self.model, prompts[:TRIED], said[:TRIED])
        weigh = trie_log_likelihoods if self._grows else log_likelihoods
        return weigh(self.model, prompts, said, batch_size=STATEMENTS, read=self._reads)

    _grows: bool | None = None

    @torch.no_grad()
    def _run(self, **inputs: Any) -> Tensor:
        return self.model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=self.max_new_tokens,
            eos_token_id=sorted(self.loaded.ends),
            pad_token_id=self.tokenizer.pad_token_id or 0,
        )


@dataclass(frozen=True, kw_only=True)
class _Copies:
    """Device -> what answers a group there; travels to the device's process."""

    checkpoint: str
    rows: int
    max_new_tokens: int
    dtype: AnswerDtype | None

    def __call__(self, device: str) -> Any:
        copy = CheckpointAnswerer(self.checkpoint, device=device, batch_size=self.rows,
                                  max_new_tokens=self.max_new_tokens, dtype=self.dtype)  # fmt: skip
        return copy.answer_group


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
