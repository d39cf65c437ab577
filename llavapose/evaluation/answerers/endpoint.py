"""Any OpenAI-compatible model that sees pictures answers: a server of one's own, or a paid one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.values import Cap
from llavapose.errors import LlavaPoseError
from llavapose.evaluation.controls import USUAL_FRAMES, Shown
from llavapose.evaluation.probe.choice import Chosen, choose
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.files import inside
from llavapose.frames import time_told
from llavapose.llm.ask import Door, open_door
from llavapose.llm.chat import CUT_OFF, ChatRequest, Completion, Message
from llavapose.llm.counts import State
from llavapose.llm.each import Result, ask_each
from llavapose.records import Answer, Question


class EndpointAnswerer:
    """Asks each question once, its pictures in order in front of it; every reply lies in the ledger before it is used.

    Args:
        endpoint: who answers.
        ledger: the file of replies.
        max_usd: hard cap on what the ledger may have cost; None or "none": no cap.
        greedy: whether temperature 0 is sent where ``endpoint`` names none, as a checkpoint answers; a server's own
            would sample.
        frames: of questions about frames, how many are shown, each behind its time.
    """

    batch_size = 1
    controls = tuple(Control)

    def __init__(self, endpoint: EndpointConfig, ledger: Path, *, max_usd: Cap = None, greedy: bool = True,
                 frames: int = USUAL_FRAMES) -> None:  # fmt: skip
        self.frames = frames
        if greedy and endpoint.temperature is None:
            endpoint = replace(endpoint, temperature=0.0)
        self.endpoint, self.ledger, self._max_usd = endpoint, ledger, max_usd

    def identity(self) -> list[Any]:
        """The model and what it is asked with."""
        asked = self.endpoint
        return [asked.base_url, asked.model, asked.max_tokens, asked.temperature, asked.max_image_px]

    def requests(self, door: Door, questions: Sequence[Question], images: Path) -> list[ChatRequest]:
        """What is sent for each question, for a plan."""
        return [_request(door, question, images) for question in questions]

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """One answer a question, in order; ``finish`` is "failed" where the endpoint refused for good.

        Raises:
            LlavaPoseError: asking was stopped, or some questions may still be answered: the same command goes on.
        """
        with open_door(self.endpoint, owner="answerer.endpoint", ledger=self.ledger, max_usd=self._max_usd) as door:
            ids = [question.id for question in questions]
            requests = dict(zip(ids, self.requests(door, questions, images), strict=True))
            found = ask_each(door, requests, _whole, max_asks=1)
        if why := found.unsettled:
            num_done = sum(one.value is not None for one in found.by_name.values())
            more = "with a higher answerer.max_usd " if found.state == State.budget else ""
            raise LlavaPoseError(
                f"answerer.endpoint: {num_done} of {len(questions)} questions of {arm} are answered, stopped: {why}; "
                f"the same command {more}goes on and asks nothing twice"
            )
        for name, result in found.by_name.items():
            yield _answer(name, arm, result)

    def choices(self, items: Sequence[ProbeItem], images: Path, shown: Shown) -> Iterator[Chosen]:
        """Which of each item's statements it says is true, asked in both orders.

        Raises:
            LlavaPoseError: asking was stopped: the same command goes on.
        """
        with open_door(self.endpoint, owner="answerer.endpoint", ledger=self.ledger, max_usd=self._max_usd) as door:
            yield from choose(door, items, images, shown, more_money="a higher answerer.max_usd")


def _request(door: Door, question: Question, images: Path) -> ChatRequest:
    shown = [inside(images, image, where=f"question {question.id}") for image in question.images]
    pictures = tuple(door.picture(path) for path in shown)
    times = tuple(map(time_told, question.times_s)) if pictures else ()
    message = Message(role="user", text=question.text, images=pictures, before=times)
    return door.request((message,), tag=question.kind)


def _whole(name: str, completion: Completion) -> Completion:
    """An answer is what it is: nothing is asked again."""
    return completion


def _answer(name: str, arm: str, result: Result[Completion]) -> Answer:
    reply = result.value
    if reply is None:
        return Answer(question_id=name, arm=arm, text=result.failure or "no reply", finish="failed")
    return Answer(
        question_id=name,
        arm=arm,
        text=reply.text.strip(),
        finish=reply.finish if reply.finish in CUT_OFF else "stop",
        num_tokens=reply.num_completion_tokens,
    )
