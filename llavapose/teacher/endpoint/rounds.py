"""From an endpoint's replies to samples: rounds of asking, reading and asking again, until there are enough.

Every reply lies in the ledger before it is read here, so that a stopped run goes on where it was and asks nothing
twice. A slot (``teacher/order.py``) is asked until a reply is kept, at most ``max_asks`` times; then it is set aside.
Every request ends in exactly one of kept, rejected, failed.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tqdm import tqdm

from llavapose.config.choices import ConvForm
from llavapose.config.teaching import TeacherConfig
from llavapose.files import fingerprint
from llavapose.kinds import KINDS
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Tally
from llavapose.llm.ledger.ledger import Ledger, Reply
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene
from llavapose.teacher.checks.findings import repair_messages
from llavapose.teacher.context import partners
from llavapose.teacher.messages import instruction_of, messages_of
from llavapose.teacher.order import Slot, order_of, slots_between
from llavapose.teacher.prompts import prompt_hash
from llavapose.teacher.reply.reading import Reading, read_reply, reading_version

MAX_TURNS = 3
"""How often a picture comes up for one kind before the run says that the scenes are used up."""
LEAST_RATE = 0.2
"""Good conversations a reply is taken to hold at least, so that a bad teacher is not asked for everything at once."""
_AT_ONCE = 2000
"""Slots whose replies are looked up together."""

Ask = Callable[[Iterable[ChatRequest], int], Tally]
"""Gets replies to requests into the ledger; takes how many there are."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """All that decides the requests.

    Attributes:
        scenes: image id -> scene, those that qualify.
        teacher: settings with an endpoint.
        wanted: kind -> samples.
    """

    scenes: Mapping[int, Scene]
    teacher: TeacherConfig
    wanted: Mapping[str, int]

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

    def wording(self, kind: str) -> str:
        """A short hash of all but the pictures: prompt, context, model and parameters of a kind."""
        endpoint, context = self.teacher.endpoint, self.teacher.context_of(kind).value
        assert endpoint is not None
        parameters = [endpoint.model, endpoint.max_tokens, endpoint.temperature, self.teacher.seed]
        return fingerprint([prompt_hash(kind, context), context, self.teacher.conv_form.value, *parameters], 8)

    @cached_property
    def tags(self) -> dict[str, str]:
        """Kind -> the mark that its requests carry in the ledger."""
        return {kind: f"{kind}:{self.wording(kind)}" for kind in self.wanted}

    def request(self, slot: Slot) -> ChatRequest:
        """The first request of a slot."""
        endpoint, scene = self.teacher.endpoint, self.scenes[slot.scene_id]
        assert endpoint is not None
        seed = self.teacher.seed + slot.turn
        messages = messages_of(
            scene,
            slot.kind,
            context=self.teacher.context_of(slot.kind).value,
            seed=seed,
            conv_form=self.teacher.conv_form.value,
            other=self.others.get(scene.id),
        )
        return ChatRequest(
            messages=messages,
            model=endpoint.model,
            max_tokens=endpoint.max_tokens,
            temperature=endpoint.temperature,
            seed=seed,
            tag=self.tags[slot.kind],
        )

    def read(self, slot: Slot, reply: Reply) -> Reading:
        """What a slot's reply says, every sentence about a pose checked."""
        scene, completion = self.scenes[slot.scene_id], reply.completion
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

    def again(self, request: ChatRequest, reading: Reading, text: str) -> ChatRequest:
        """The request that follows a rejected reply: with the faults named, or the same once more."""
        if self.teacher.quality == "repair" and reading.faults is not None:
            messages = repair_messages(request.messages, text, reading.faults)
            return replace(request, messages=messages, attempt=request.attempt + 1)
        return replace(request, attempt=request.attempt + 1)


@dataclass(kw_only=True)
class Standing:
    """Where a slot stands.

    Attributes:
        slot: its place.
        keys: of the requests that it was asked with, in order.
        reasons: why the replies to them were rejected, in order.
        state: "open", "kept", "aside" (asked often enough) or "failed".
        key: of the best reply so far.
        num: conversations of that reply that become samples.
        failure: why the last request got no reply.
    """

    slot: Slot
    keys: list[str]
    reasons: list[str] = field(default_factory=list)
    state: str = "open"
    key: str | None = None
    num: int = 0
    failure: str | None = None


@dataclass(kw_only=True)
class Standings:
    """What an assignment came to: every slot's standing in order, by kind, and whether something stopped it."""

    standings: dict[str, list[Standing]]
    tallies: tuple[Tally, ...]
    exhausted: tuple[str, ...] = ()

    @property
    def stopped(self) -> str | None:
        """What ended the asking early; None where there was nothing left to ask."""
        return self.tallies[-1].stopped if self.tallies else None

    def counts(self) -> dict[str, Counter[str]]:
        """Kind -> requests by their end: "kept", "rejected: <reason>", "failed: <reason>", and "open" where stopped.

        A reply that is kept after all, because its repair came to nothing, counts as kept.
        """
        found: dict[str, Counter[str]] = {}
        for kind, standings in self.standings.items():
            found[kind] = Counter(end for standing in standings for end in _ends(standing))
        return found


def _ends(standing: Standing) -> Iterator[str]:
    """What became of each request of a slot."""
    for index, key in enumerate(standing.keys):
        if standing.state == "kept" and key == standing.key:
            yield "kept"
        elif index < len(standing.reasons):
            yield f"rejected: {standing.reasons[index]}"
        else:
            yield f"failed: {standing.failure}" if standing.failure else "open"


def ask_until_enough(assignment: Assignment, ledger: Ledger, ask: Ask, *, progress: bool = True) -> Standings:
    """Ask every kind until its samples are there, its pictures are used up, or something stops the run.

    Args:
        assignment: what to ask.
        ledger: where replies are.
        ask: gets replies into the ledger, live or by batches.
        progress: whether to show the reading of replies.
    """
    standings: dict[str, list[Standing]] = {kind: [] for kind in assignment.wanted}
    tallies: list[Tally] = []
    later: dict[str, ChatRequest] = {}
    while True:
        exhausted = _extend(assignment, standings)
        pending = [one for of_kind in standings.values() for one in of_kind if one.state == "open"]
        if not pending:
            return Standings(standings=standings, tallies=tuple(tallies), exhausted=exhausted)
        tallies.append(ask(_requests(assignment, pending, later), len(pending)))
        before = sum(len(one.keys) for one in pending)
        bar = tqdm(total=len(pending), desc="reading replies", unit="reply", disable=None if progress else True)
        with bar:
            for start in range(0, len(pending), _AT_ONCE):
                _settle(assignment, ledger, pending[start : start + _AT_ONCE], later)
                bar.update(min(_AT_ONCE, len(pending) - start))
        moved = any(one.state != "open" for one in pending) or sum(len(one.keys) for one in pending) > before
        if tallies[-1].stopped or not moved:
            return Standings(standings=standings, tallies=tuple(tallies), exhausted=exhausted)


def _extend(assignment: Assignment, standings: dict[str, list[Standing]]) -> tuple[str, ...]:
    """Open as many further slots as the missing samples need; the kinds whose pictures are used up."""
    exhausted = []
    for kind, had in standings.items():
        if any(one.state == "open" for one in had):
            continue
        num_good = sum(one.num for one in had if one.state == "kept")
        missing = assignment.wanted[kind] - num_good
        if missing <= 0:
            continue
        limit = MAX_TURNS * len(assignment.orders[kind])
        if len(had) >= limit:
            exhausted.append(kind)
            continue
        rate = max(num_good / len(had), LEAST_RATE) if had else assignment.per_reply(kind)
        end = min(len(had) + math.ceil(missing / rate), limit)
        opened = slots_between(assignment.orders[kind], kind, len(had), end)
        had += [Standing(slot=slot, keys=[]) for slot in opened]
    return tuple(exhausted)


def _requests(
    assignment: Assignment, pending: Sequence[Standing], later: dict[str, ChatRequest]
) -> Iterator[ChatRequest]:
    """The request that each open slot waits for, built when it is its turn."""
    for standing in pending:
        if standing.keys:
            yield later[standing.slot.name]
            continue
        request = assignment.request(standing.slot)
        standing.keys.append(request.key)
        yield request


def _settle(assignment: Assignment, ledger: Ledger, pending: Sequence[Standing], later: dict[str, ChatRequest]) -> None:
    """Read the replies to the open slots' last requests, and decide what becomes of each slot."""
    waiting = {standing.keys[-1]: standing for standing in pending if standing.keys}
    version = reading_version()
    known = {key: Reading.from_json(text) for key, text in ledger.outcome(waiting, version).items()}
    unread = [key for key in waiting if key not in known]
    fresh: dict[str, str] = {}
    for key, reply in ledger.replies(unread):
        known[key] = assignment.read(waiting[key].slot, reply)
        fresh[key] = known[key].to_json()
    ledger.remember(fresh, version)
    failures = ledger.failures()
    for key, standing in waiting.items():
        if key in known:
            _decide(assignment, ledger, standing, known[key], later)
        elif key in failures:
            standing.failure = failures[key]
            standing.state = "kept" if standing.num else "failed"


def _decide(
    assignment: Assignment, ledger: Ledger, standing: Standing, reading: Reading, later: dict[str, ChatRequest]
) -> None:
    """Keep a reply, ask again, or set the slot aside."""
    mode = assignment.teacher.quality.value
    num = len(reading.used(mode))
    wants_repair = mode == "repair" and reading.faults is not None
    last = len(standing.keys) >= assignment.teacher.max_asks
    if num > standing.num:
        standing.num, standing.key = num, standing.keys[-1]
    if num and (last or not wants_repair):
        standing.state = "kept"
        standing.num, standing.key = num, standing.keys[-1]
        return
    standing.reasons.append(reading.reason or reading.worst)
    if last:
        # What an earlier reply said well is kept though its repair came to nothing.
        standing.state = "kept" if standing.num else "aside"
        return
    request = later.get(standing.slot.name) or assignment.request(standing.slot)
    reply = ledger.reply(standing.keys[-1])
    text = reply.completion.text if reply else ""
    following = assignment.again(request, reading, text)
    later[standing.slot.name] = following
    standing.keys.append(following.key)
