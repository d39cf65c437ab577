"""What an endpoint is asked for samples, what its replies are worth, and how many more slots to open.

The rounds themselves are ``llm/rounds.py``: a slot (``teacher/order.py``) is asked until a reply is kept, at most
``max_asks`` times; then it is set aside. Here stand the messages, the reading, the repair with the fault named, and
when there is enough.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from llavapose.config.choices import Context, ConvForm
from llavapose.config.teaching import TeacherConfig
from llavapose.files import fingerprint
from llavapose.kinds import KINDS
from llavapose.llm.ask import Door, request_to
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Reply
from llavapose.llm.rounds import End, Memory, Standing, Watch, Worth, ask_in_rounds, once_more
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene
from llavapose.teacher.checks.findings import repair_messages
from llavapose.teacher.context import partners, with_keypoints_of
from llavapose.teacher.examples import Examples, examples_hash
from llavapose.teacher.messages import instruction_of, messages_of
from llavapose.teacher.order import Slot, order_of, slots_between
from llavapose.teacher.prompts import prompt_hash
from llavapose.teacher.prompts.motion import motion_prompt_hash
from llavapose.teacher.reply.reading import Reading, read_reply, reading_version

MAX_TURNS = 3
"""How often a picture comes up for one kind before the run says that the scenes are used up."""
# By eye: a teacher that needs more than three replies for one that can be used needs a person.
BUDGET_FACTOR = 3
"""Requests for each of the plan's, at most."""
LEAST_RATE = 0.2
"""Good conversations a reply is taken to hold at least, so that a bad teacher is not asked for everything at once."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """All that decides the requests, and the reader of their replies (``llm.rounds.Reader``).

    Attributes:
        scenes: image id -> scene, those that qualify.
        teacher: settings with an endpoint.
        wanted: kind -> samples.
        examples: kind -> examples made by hand.
    """

    scenes: Mapping[int, Scene]
    teacher: TeacherConfig
    wanted: Mapping[str, int]
    examples: Examples = field(default_factory=dict)

    @cached_property
    def orders(self) -> dict[str, tuple[int, ...]]:
        """Kind -> pictures in the order in which they are asked about."""
        return {kind: order_of(self.scenes, kind, self.teacher.seed) for kind in self.wanted}

    @cached_property
    def others(self) -> dict[int, Scene]:
        """Image id -> the picture whose keypoints are sent instead, for the context ``other_keypoints``."""
        contexts = {self.teacher.context_of(kind).value for kind in self.wanted}
        return partners(list(self.scenes.values()), self.teacher.seed) if "other_keypoints" in contexts else {}

    def per_reply(self, kind: str) -> float:
        """Samples expected of one reply."""
        dialogue = self.teacher.conv_form == ConvForm.dialogue
        return 1.0 if dialogue else float(KINDS[kind].samples_per_reply)

    def num_requests(self, kind: str) -> int:
        """Requests of the first round, by which every sample is asked for once, as far as there are pictures."""
        return min(-(-self.wanted[kind] // int(self.per_reply(kind))), MAX_TURNS * len(self.orders[kind]))

    @property
    def max_requests(self) -> int:
        """The most requests before the run stops and says why: each of the plan's asked several times."""
        planned = sum(self.num_requests(kind) for kind in self.wanted)
        return self.teacher.max_requests or planned * max(BUDGET_FACTOR, self.teacher.max_asks)

    def wording(self, kind: str) -> str:
        """A short hash of all but the pictures: prompt, context, model and parameters of a kind."""
        endpoint, context = self.teacher.endpoint, self.teacher.context_of(kind).value
        assert endpoint is not None
        parameters = [endpoint.model, endpoint.max_tokens, endpoint.temperature, self.teacher.seed]
        return fingerprint([self.prompt_hash(kind), context, self.teacher.conv_form.value, *parameters], 8)

    def prompt_hash(self, kind: str) -> str:
        """SHA-256 of all fixed text of a kind's requests, examples included, in hexadecimal digits."""
        fixed = prompt_hash(kind, self.teacher.context_of(kind).value)
        if self.over_time:
            share = [self.teacher.motion_share, self.teacher.frames]
            fixed = fingerprint([fixed, motion_prompt_hash(kind, self.teacher.context_of(kind).value), *share], 64)
        examples, as_turns = self.examples.get(kind, ()), self.teacher.caption_turns or kind != "conv"
        if not examples and as_turns:
            return fixed
        parts = [fixed, "captions as turns" if as_turns else "captions as text", examples_hash(examples)]
        return hashlib.sha256("\n\n".join(parts).encode()).hexdigest()

    @cached_property
    def over_time(self) -> bool:
        """Whether scenes have frames."""
        return any(scene.frames for scene in self.scenes.values())

    def about_motion(self, slot: Slot) -> bool:
        """Whether a slot asks about what moves in its clip; the others ask about the middle frame."""
        lot = int(fingerprint([self.teacher.seed, slot.name, "motion"], 8), 16) / 16**8
        return bool(self.scenes[slot.scene_id].frames) and lot < self.teacher.motion_share

    def scene_of(self, slot: Slot) -> Scene:
        """What a slot asks about: the picture or clip, or of a clip the picture in its middle."""
        scene = self.scenes[slot.scene_id]
        return scene if self.about_motion(slot) else replace(scene, frames=())

    @cached_property
    def tags(self) -> dict[str, str]:
        """Kind -> the mark that its requests carry in the ledger."""
        return {kind: f"{kind}:{self.wording(kind)}" for kind in self.wanted}

    def request(self, slot: Slot) -> ChatRequest:
        """The first request of a slot."""
        endpoint, scene = self.teacher.endpoint, self.scene_of(slot)
        assert endpoint is not None
        seed = self.teacher.seed + slot.turn
        messages = messages_of(
            scene,
            slot.kind,
            context=self.teacher.context_of(slot.kind).value,
            seed=seed,
            conv_form=self.teacher.conv_form.value,
            other=self.others.get(scene.id),
            caption_turns=self.teacher.caption_turns,
            examples=self.examples.get(slot.kind, ()),
            num_frames=self.teacher.frames,
        )
        return request_to(endpoint, messages, seed=seed, tag=self.tags[slot.kind])

    def read(self, slot: Slot, reply: Reply) -> Reading:
        """What a slot's reply says, every sentence about a pose checked against the keypoints that were sent."""
        scene, completion = self.scene_of(slot), reply.completion
        if self.teacher.context_of(slot.kind) == Context.other_keypoints:
            scene = with_keypoints_of(scene, self.others[scene.id])
        instruction = instruction_of(scene, self.teacher.seed + slot.turn) if slot.kind == "detail" else None
        return read_reply(
            completion.text,
            slot.kind,
            scene=scene,
            facts=scene_facts(scene),
            finish=completion.finish,
            conv_form=self.teacher.conv_form.value,
            instruction=instruction,
        )

    @property
    def memory(self) -> Memory[Reading]:
        """Readings are kept until something that decides them changes."""
        return Memory(version=reading_version(), dump=Reading.to_json, load=Reading.from_json)

    def worth(self, reading: Reading) -> Worth:
        """The conversations that become samples; a fault is asked about again where it is to be repaired."""
        mode = self.teacher.quality.value
        num = len(reading.used(mode))
        good = num and not (mode == "repair" and reading.faults is not None)
        return Worth(num=num, reason=None if good else reading.reason or reading.worst)

    def again(self, request: ChatRequest, reading: Reading, text: str) -> ChatRequest:
        """The request that follows a rejected reply: with the faults named, or the same once more."""
        if self.teacher.quality == "repair" and reading.faults is not None:
            request = replace(request, messages=repair_messages(request.messages, text, reading.faults))
        return once_more(request)


@dataclass(kw_only=True)
class Standings:
    """What an assignment came to: every slot's standing in order, by kind, and how the asking ended."""

    standings: dict[str, list[Standing[Slot]]]
    tallies: tuple[Tally, ...]
    watch: Watch[Slot]
    exhausted: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """How the asking ended; done where there was nothing left to ask."""
        return self.tallies[-1].state if self.tallies else State.done

    @property
    def stopped(self) -> str | None:
        """What ended it early, in words."""
        return self.tallies[-1].stopped if self.tallies else None

    @property
    def goes_on_with(self) -> str | None:
        """The setting with which the same command goes on, where the watch has stopped it."""
        if self.watch.stopped is None or self.state != State.stopped:
            return None
        return f"teacher.max_requests={2 * self.watch.num_asked}" if self.watch.too_many else "teacher.min_accepted=0"

    def counts(self) -> dict[str, Counter[str]]:
        """Kind -> requests by their end: "kept", "rejected: <reason>", "failed: <reason>", and "open" where stopped."""
        return {
            kind: Counter(end for standing in standings for end in standing.ends())
            for kind, standings in self.standings.items()
        }


def ask_until_enough(assignment: Assignment, door: Door) -> Standings:
    """Ask every kind until its samples are there, its pictures are used up, or something stops the run."""
    standings: dict[str, list[Standing[Slot]]] = {kind: [] for kind in assignment.wanted}
    exhausted: tuple[str, ...] = ()

    def pending() -> list[Standing[Slot]]:
        nonlocal exhausted
        exhausted = _extend(assignment, standings)
        return [one for of_kind in standings.values() for one in of_kind if one.state == End.open]

    teacher = assignment.teacher
    watch = Watch[Slot](
        group=lambda slot: slot.kind, min_accepted=teacher.min_accepted, max_requests=assignment.max_requests
    )
    tallies = ask_in_rounds(door, assignment, pending, max_asks=teacher.max_asks, watch=watch)
    return Standings(standings=standings, tallies=tallies, watch=watch, exhausted=exhausted)


def _extend(assignment: Assignment, standings: dict[str, list[Standing[Slot]]]) -> tuple[str, ...]:
    """Open as many further slots as the missing samples need; the kinds whose pictures are used up."""
    exhausted = []
    for kind, had in standings.items():
        if any(one.state == End.open for one in had):
            continue
        num_good = sum(one.num for one in had if one.state == End.kept)
        missing = assignment.wanted[kind] - num_good
        if missing <= 0:
            continue
        limit = MAX_TURNS * len(assignment.orders[kind])
        if len(had) >= limit:
            exhausted.append(kind)
            continue
        rate = max(num_good / len(had), LEAST_RATE) if had else assignment.per_reply(kind)
        end = min(len(had) + math.ceil(missing / rate), limit)
        had += [Standing(slot=slot) for slot in slots_between(assignment.orders[kind], kind, len(had), end)]
    return tuple(exhausted)
