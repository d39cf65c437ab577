"""What a teacher would ask about a picture, each question with the teacher's own answer.

The endpoint is asked as for samples: the same prompts, ledger, cap, reading and repair (``teacher/endpoint``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from llavapose.config.teaching import TeacherConfig
from llavapose.llm.ask import Door
from llavapose.llm.counts import State
from llavapose.llm.rounds import End, Standing, Watch, ask_in_rounds
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene, Turn
from llavapose.teacher.endpoint.rounds import Assignment
from llavapose.teacher.make import StoppedEarly
from llavapose.teacher.offline.captions import consistent
from llavapose.teacher.offline.teacher import OfflineTeacher, Request
from llavapose.teacher.order import Slot
from llavapose.teacher.prompts import PROMPT_VERSION
from llavapose.teacher.reply.reading import Reading, reading_version

NUM_OFFERED = 24
"""Questions of a kind that the offline teacher offers about one picture, where the picture gives so many."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A question with the teacher's own answer and where both are from."""

    question: str
    answer: str
    provenance: dict[str, Any] = field(default_factory=dict)


class Teacher(Protocol):
    """Offers questions."""

    def offered(self, slots: Sequence[Slot]) -> Mapping[Slot, tuple[Candidate, ...]]:
        """Questions for each slot in the teacher's order; none where it has none.

        Raises:
            StoppedEarly: an endpoint that did not answer to the end; the same settings go on.
        """
        ...


class OfflineQuestions:
    """The offline teacher's: all that it has to ask about a picture at a slot's first turn, nothing later."""

    def __init__(self, scenes: Mapping[int, Scene], teacher: TeacherConfig) -> None:
        self._scenes, self._teacher = scenes, teacher

    def offered(self, slots: Sequence[Slot]) -> Mapping[Slot, tuple[Candidate, ...]]:
        """See ``Teacher``."""
        return {slot: () if slot.turn else self._of(slot) for slot in slots}

    def _of(self, slot: Slot) -> tuple[Candidate, ...]:
        context = self._teacher.context_of(slot.kind).value
        scene, facts = self._scenes[slot.scene_id], scene_facts(self._scenes[slot.scene_id])
        told = consistent(scene, facts) if context == "keypoints" else scene
        request = Request(scene=told, facts=facts, kind=slot.kind, num=NUM_OFFERED, seed=self._teacher.seed)
        made = {"teacher": self._teacher.name, "context": context, "prompt": PROMPT_VERSION, "seed": self._teacher.seed}
        return tuple(_candidate(turns, made) for turns in OfflineTeacher(context=context).write(request))


class EndpointQuestions:
    """A model's, behind a door; one watch over all rounds keeps it within what was planned.

    Args:
        assignment: scenes and teacher; its ``wanted`` is the plan.
        door: where to ask.
    """

    def __init__(self, assignment: Assignment, door: Door) -> None:
        self._assignment, self._door = assignment, door
        teacher = assignment.teacher
        self._watch = Watch[Slot](
            group=lambda slot: slot.kind, min_accepted=teacher.min_accepted, max_requests=assignment.max_requests
        )

    def offered(self, slots: Sequence[Slot]) -> Mapping[Slot, tuple[Candidate, ...]]:
        """See ``Teacher``."""
        standings = [Standing(slot=slot) for slot in slots]
        tallies = ask_in_rounds(
            self._door, self._assignment, lambda: [one for one in standings if one.state == End.open],
            max_asks=self._assignment.teacher.max_asks, watch=self._watch,
        )  # fmt: skip
        if tallies and tallies[-1].state != State.done:
            self._stopped(tallies[-1].state, tallies[-1].stopped)
        kept = {one.slot: one.key for one in standings if one.state == End.kept and one.key is not None}
        readings = self._door.ledger.outcome(list(kept.values()), reading_version())
        return {
            slot: tuple(
                _candidate(told.turns, self._made(slot, key))
                for told in Reading.from_json(readings[key]).used(self._assignment.teacher.quality.value)
            )
            for slot, key in kept.items()
        }

    def _made(self, slot: Slot, key: str) -> dict[str, Any]:
        teacher, reply = self._assignment.teacher, self._door.ledger.reply(key)
        return {
            "teacher": teacher.name,
            "model": reply.completion.model if reply else "",
            "context": teacher.context_of(slot.kind).value,
            "prompt": PROMPT_VERSION,
            "prompt_sha256": self._assignment.prompt_hash(slot.kind),
            "seed": teacher.seed,
            "request": key,
        }

    def _stopped(self, state: State, why: str | None) -> None:
        goes_on_with = None
        if self._watch.stopped is not None and state == State.stopped:
            more = f"teacher.max_requests={2 * self._watch.num_asked}"
            goes_on_with = more if self._watch.too_many else "teacher.min_accepted=0"
        with_more = (
            f"with {goes_on_with} " if goes_on_with else "with a higher max_usd " if state == State.budget else ""
        )
        raise StoppedEarly(
            f"stopped: {why or state.value}; every reply is kept in {self._door.ledger.path}; the same command "
            f"{with_more}goes on and asks nothing twice",
            state=state,
            goes_on_with=goes_on_with,
        )


def _candidate(turns: Sequence[Turn], made: dict[str, Any]) -> Candidate:
    """The first question of a conversation: one that leans on earlier turns could not be asked alone."""
    return Candidate(question=turns[0].text, answer=turns[1].text, provenance=made)
