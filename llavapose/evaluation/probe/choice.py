"""The probe for models that give no likelihoods: "A or B?", asked in both orders of the two statements.

Each order is a request of its own. A reply counts where it is the letter, or the statement, and nothing else; any other
is unanswered: neither right nor wrong, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llavapose.errors import LlavaPoseError, ReplyError
from llavapose.evaluation.controls import Shown
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.evaluation.probe.public.letters import letter_of
from llavapose.files import inside
from llavapose.frames import time_told
from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest, Completion, Message
from llavapose.llm.counts import State
from llavapose.llm.each import ask_each
from llavapose.pose.motion.vocabulary import GROUPS as MOTION_GROUPS
from llavapose.teacher.offline.motion.middle import MIDDLE

PROMPT = """One of two statements about the picture is true.
A: {a}
B: {b}
Which one? Answer with the letter A or B alone."""
PROMPT_OF_FRAMES = """These are frames of a video clip in order, each behind its time. One of two statements about the \
clip is true.
A: {a}
B: {b}
Which one? Answer with the letter A or B alone."""
PROMPT_OF_CLIP = """One of two statements about a video clip is true.
A: {a}
B: {b}
Which one? Answer with the letter A or B alone."""
"""The same where one frame of a clip is shown, or none."""
ORDERS = ("ab", "ba")
"""The true statement first, and second."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Whether the true statement was chosen, with it first and with it second; None: unanswered."""

    first: bool | None
    second: bool | None

    @property
    def right(self) -> float | None:
        """Share of the answered orders that are right; None where none is answered."""
        told = [float(one) for one in (self.first, self.second) if one is not None]
        return sum(told) / len(told) if told else None

    @property
    def num_unanswered(self) -> int:
        """Orders without an answer."""
        return (self.first is None) + (self.second is None)


def choose(door: Door, items: Sequence[ProbeItem], images: Path, shown: Shown, *, more_money: str) -> list[Chosen]:
    """Ask every item in both orders.

    Args:
        door: where to ask.
        items: what is true and what is not.
        images: folder of the pictures.
        shown: scene id -> the picture to show, or the frames in order; (): none.
        more_money: the setting that lets a run go on whose money is used up.

    Raises:
        LlavaPoseError: asking was stopped; the same command goes on and asks nothing twice.
    """
    requests: dict[str, ChatRequest] = {}
    texts: dict[str, tuple[str, str]] = {}
    for number, item in enumerate(items):
        where, told = f"scene {item.scene_id}", shown[item.scene_id]
        seen = tuple(door.picture(inside(images, one, where=where)) for one in told)
        times = tuple(map(time_told, item.times_s)) if seen else ()
        true, flipped = (said_there(item, text) for text in (item.true, item.flipped))
        for order in ORDERS:
            a, b = (true, flipped) if order == "ab" else (flipped, true)
            name = f"{number}-{order}"
            texts[name] = (a, b)
            text = prompt_of(item, len(seen)).format(a=a, b=b)
            message = Message(role="user", text=text, images=seen, before=times)
            requests[name] = door.request((message,), tag="probe")

    def read(name: str, completion: Completion) -> str:
        letter = letter_of(completion.text, *texts[name])
        if letter is None:
            raise ReplyError("neither A nor B")
        return letter

    found = ask_each(door, requests, read, max_asks=1)
    if why := found.unsettled:
        done = sum(one.key is not None or bool(one.reasons) for one in found.by_name.values())
        more = f"with {more_money} " if found.state == State.budget else ""
        raise LlavaPoseError(
            f"probe: {done} of {len(requests)} choices are there, stopped: {why}; the same command {more}goes on and "
            "asks nothing twice"
        )
    values = {name: result.value for name, result in found.by_name.items()}
    return [
        Chosen(first=_is(values[f"{number}-ab"], "A"), second=_is(values[f"{number}-ba"], "B"))
        for number in range(len(items))
    ]


def said_there(item: ProbeItem, text: str) -> str:
    """A statement that stands without its question: one about a still fact of a clip says when it holds."""
    if not item.frames or item.kind in MOTION_GROUPS:
        return text
    return f"{MIDDLE}{text[:1].lower()}{text[1:]}"


def prompt_of(item: ProbeItem, num_shown: int) -> str:
    """How an item is asked, with places for ``a`` and ``b``."""
    if not item.frames:
        return PROMPT
    return PROMPT_OF_FRAMES if num_shown > 1 else PROMPT_OF_CLIP


def _is(letter: str | None, true: str) -> bool | None:
    return None if letter is None else letter == true
