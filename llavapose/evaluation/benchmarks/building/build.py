"""Chooses pictures by lot and a question of each kind about each: the first of the teacher's that can be asked.

Pictures come in an order that hangs on the seed and their ids alone. One about which a kind's questions are all refused
gives its place to the next.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llavapose.errors import ConfigError
from llavapose.evaluation.benchmarks.building.candidates import Candidate, Teacher
from llavapose.evaluation.benchmarks.frozen import Written
from llavapose.evaluation.benchmarks.questions.check import fault_of
from llavapose.evaluation.benchmarks.world import askable
from llavapose.kinds import taught_kinds
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import OPEN, ask_open
from llavapose.records import Asked, Fact, Question, Scene
from llavapose.teacher.order import Slot

MAX_TURNS = 3
"""How often a teacher is asked for one kind of question about a picture before the picture gives up its place."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """What was chosen, and every question and picture that was not, with the reason."""

    scenes: tuple[Scene, ...]
    written: tuple[Written, ...]
    replaced: tuple[dict[str, Any], ...]


@dataclass(kw_only=True)
class _Place:
    """One of the benchmark's pictures while it is asked about."""

    scene: Scene
    facts: tuple[Fact, ...]
    turns: dict[str, int]
    chosen: dict[str, Written] = field(default_factory=dict)

    def slots(self) -> list[Slot]:
        """What is still to be asked."""
        return [
            Slot(kind=kind, scene_id=self.scene.id, turn=turn)
            for kind, turn in self.turns.items()
            if kind not in self.chosen
        ]


def order_of_lot(scene_ids: Iterable[int], seed: int) -> tuple[int, ...]:
    """The pictures in the order in which they are drawn: more pictures leave the order of the others as it was."""

    def place(scene_id: int) -> bytes:
        return hashlib.sha256(f"{seed}/benchmark/{scene_id}".encode()).digest()

    return tuple(sorted(scene_ids, key=place))


def build(
    scenes: Sequence[Scene],
    teacher: Teacher,
    *,
    num_images: int,
    seed: int,
    facts_of: Callable[[Scene], tuple[Fact, ...]] = scene_facts,
) -> Built:
    """Choose pictures and questions.

    Args:
        scenes: held-out scenes that qualify.
        teacher: who offers questions.
        num_images: how many pictures, one question of each taught kind about each.
        seed: of the lot.
        facts_of: scene -> facts.

    Raises:
        ConfigError: fewer pictures can be asked about.
        StoppedEarly: the teacher's endpoint did not answer to the end.
    """
    by_id = {scene.id: scene for scene in scenes}
    waiting = list(reversed(order_of_lot(by_id, seed)))
    places: dict[int, _Place] = {}
    replaced: list[dict[str, Any]] = []
    while True:
        while len(places) < num_images and waiting:
            scene = by_id[waiting.pop()]
            places[scene.id] = _Place(scene=scene, facts=facts_of(scene), turns=dict.fromkeys(taught_kinds(), 0))
        if len(places) < num_images:
            raise ConfigError(
                f"benchmark: {len(places)} of {len(scenes)} pictures that qualify can be asked about; expected "
                f"{num_images}: lower benchmark.num_images or give more pictures"
            )
        slots = [slot for place in places.values() for slot in place.slots()]
        if not slots:
            break
        offered = teacher.offered(slots)
        for slot in slots:
            replaced += _settle(places[slot.scene_id], slot, offered.get(slot, ()))
        for place in [one for one in places.values() if any(turn >= MAX_TURNS for turn in one.turns.values())]:
            kinds = [kind for kind, turn in place.turns.items() if turn >= MAX_TURNS]
            replaced.append(_row(place.scene, kinds[0], None, "no question can be asked", "the next picture"))
            del places[place.scene.id]
    chosen = sorted(places.values(), key=lambda place: place.scene.id)
    return Built(
        scenes=tuple(place.scene for place in chosen),
        written=tuple(place.chosen[kind] for place in chosen for kind in taught_kinds()),
        replaced=tuple(replaced),
    )


def _settle(place: _Place, slot: Slot, offered: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Take the first question that can be asked, one that a single fact decides before others; the rows of the rest."""
    rows: list[dict[str, Any]] = []
    good: list[Written] = []
    for candidate in offered:
        fault = fault_of(candidate.question, candidate.answer, slot.kind, place.scene, place.facts)
        if fault is not None:
            rows.append(_row(place.scene, slot.kind, candidate, fault, "the next question"))
            continue
        good.append(_written(place, slot.kind, candidate))
        if slot.kind != "conv" or good[-1].question.asked is not None:
            break
    if good:
        # The offline judge can rate an answer to a question for one fact; where none is there, the first will do.
        place.chosen[slot.kind] = next((one for one in good if one.question.asked is not None), good[0])
    else:
        place.turns[slot.kind] += 1
    return rows


def _written(place: _Place, kind: str, candidate: Candidate) -> Written:
    scene = place.scene
    question = Question(
        id=f"{scene.id}-{kind}",
        scene_id=scene.id,
        image=scene.image,
        kind=kind,
        text=candidate.question,
        asked=asked_of(candidate.question, scene, place.facts) if kind == "conv" else None,
    )
    return Written(question=question, answer=candidate.answer, provenance=candidate.provenance)


def asked_of(text: str, scene: Scene, facts: Sequence[Fact]) -> Asked | None:
    """The one fact that a question asks for openly, told by its words; None where they are not one of ours."""
    for fact in askable(scene, facts):
        if any(ask_open(fact, scene, variant) == text for variant in range(len(OPEN[fact.kind]))):
            return Asked(kind=fact.kind, person=fact.person, part=fact.part)
    return None


def _row(scene: Scene, kind: str, candidate: Candidate | None, reason: str, by: str) -> dict[str, Any]:
    said: Mapping[str, Any] = {} if candidate is None else {
        "question": candidate.question, "answer": candidate.answer, "request": candidate.provenance.get("request"),
    }  # fmt: skip
    return {"scene_id": scene.id, "image": scene.image, "kind": kind, "reason": reason, "replaced_by": by, **said}
