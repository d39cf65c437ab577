"""Rounds over a door: ask, read, ask again, set aside, for whoever needs replies that can be used.

A slot is one thing that is wanted. It is asked until a reply is kept, at most ``max_asks`` times, each time with
another ``attempt``; then it is set aside. Every reply lies in the ledger before it is read, so that a stopped run goes
on where it was and asks nothing twice. Every request of a slot ends in exactly one of kept, rejected, failed, open.
``llm/each.py`` is the short way in where every request is its own slot.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from tqdm import tqdm

from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Ledger, Reply

S = TypeVar("S")
"""A slot: whatever tells its user what is wanted."""
S_in = TypeVar("S_in", contravariant=True)
R = TypeVar("R")
"""What its user reads out of a reply."""

_AT_ONCE = 2000
"""Slots whose replies are looked up together."""


class End(StrEnum):
    """Where a slot stands: still to be asked, kept, set aside (asked often enough), or without a reply for good."""

    open = "open"
    kept = "kept"
    aside = "aside"
    failed = "failed"


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a reading is good for.

    Attributes:
        num: how much of it can be used; 0: nothing.
        reason: why to ask again all the same; None: it is kept as it is.
    """

    num: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Memory(Generic[R]):
    """How readings are kept beside their replies, so that no later run reads them again.

    Attributes:
        version: changes with whatever decides a reading.
        dump, load: a reading as text, and back.
    """

    version: str
    dump: Callable[[R], str]
    load: Callable[[str], R]


class Reader(Protocol[S_in, R]):
    """What the user of rounds brings: the requests, and what their replies are worth."""

    @property
    def memory(self) -> Memory[R] | None:
        """None: replies are read anew by every run."""
        ...

    def request(self, slot: S_in) -> ChatRequest:
        """The first request of a slot; the same one whenever it is called."""
        ...

    def read(self, slot: S_in, reply: Reply) -> R:
        """What a reply says."""
        ...

    def worth(self, reading: R) -> Worth:
        """What that is good for."""
        ...

    def again(self, request: ChatRequest, reading: R, text: str) -> ChatRequest:
        """The request that follows a reply ``text`` to ``request``; ``once_more``, or with other messages."""
        ...


@dataclass(kw_only=True)
class Standing(Generic[S]):
    """Where a slot stands.

    Attributes:
        slot: what is wanted.
        keys: of the requests that it was asked with, in order.
        reasons: why the replies to them were rejected, in order.
        state: see ``End``.
        key: of the best reply so far.
        num: what that reply is worth.
        failure: why the last request got no reply.
        following: the request that it waits for, after the first.
    """

    slot: S
    keys: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    state: End = End.open
    key: str | None = None
    num: int = 0
    failure: str | None = None
    following: ChatRequest | None = None

    def ends(self) -> Iterator[str]:
        """What became of each request: "kept", "rejected: <reason>", "failed: <reason>", "open".

        A reply that is kept after all, because asking again came to nothing, counts as kept.
        """
        for index, key in enumerate(self.keys):
            if self.state == End.kept and key == self.key:
                yield "kept"
            elif index < len(self.reasons):
                yield f"rejected: {self.reasons[index]}"
            else:
                yield f"failed: {self.failure}" if self.failure else "open"


def once_more(request: ChatRequest) -> ChatRequest:
    """The same request as a further attempt; where the endpoint takes a seed, it goes out with another one."""
    return replace(request, attempt=request.attempt + 1)


def ask_in_rounds(
    door: Door, reader: Reader[S, R], pending: Callable[[], Sequence[Standing[S]]], *, max_asks: int
) -> tuple[Tally, ...]:
    """Ask until no slot is open, or something stops the asking; the standings are changed in place.

    Args:
        door: where to ask.
        reader: makes the requests and reads the replies.
        pending: the open slots, called before every round; it may open further ones.
        max_asks: how often a slot is asked, the first time included.

    Returns:
        A tally a round; the last one's ``state`` says how it ended.
    """
    tallies: list[Tally] = []
    while waiting := pending():
        tallies.append(door.ask(_requests(reader, waiting), len(waiting)))
        num_keys = sum(len(one.keys) for one in waiting)
        bar = tqdm(total=len(waiting), desc="reading replies", unit="reply", disable=not door.progress)
        with bar:
            for start in range(0, len(waiting), _AT_ONCE):
                some = waiting[start : start + _AT_ONCE]
                _settle(reader, door.ledger, some, max_asks)
                bar.update(len(some))
        moved = any(one.state != End.open for one in waiting) or sum(len(one.keys) for one in waiting) > num_keys
        if tallies[-1].state != State.done or not moved:
            break
    return tuple(tallies)


def _requests(reader: Reader[S, R], pending: Sequence[Standing[S]]) -> Iterator[ChatRequest]:
    """The request that each open slot waits for, built when it is its turn."""
    for standing in pending:
        request = standing.following or reader.request(standing.slot)
        if not standing.keys:
            standing.keys.append(request.key)
        yield request


def _settle(reader: Reader[S, R], ledger: Ledger, pending: Sequence[Standing[S]], max_asks: int) -> None:
    """Read the replies to the open slots' last requests, and decide what becomes of each slot."""
    memory = reader.memory
    waiting = [standing for standing in pending if standing.keys]
    keys = {standing.keys[-1] for standing in waiting}  # slots may share a request
    kept = ledger.outcome(keys, memory.version) if memory else {}
    replies = dict(ledger.replies(key for key in keys if key not in kept))
    failures = ledger.failures()
    fresh: dict[str, str] = {}
    for standing in waiting:
        key = standing.keys[-1]
        if memory and key in kept:
            _decide(reader, ledger, standing, memory.load(kept[key]), max_asks)
        elif key in replies:
            reading = reader.read(standing.slot, replies[key])
            if memory:
                fresh[key] = memory.dump(reading)
            _decide(reader, ledger, standing, reading, max_asks)
        elif key in failures:
            standing.failure = failures[key]
            standing.state = End.kept if standing.num else End.failed
    if memory:
        ledger.remember(fresh, memory.version)


def _decide(reader: Reader[S, R], ledger: Ledger, standing: Standing[S], reading: R, max_asks: int) -> None:
    """Keep a reply, ask again, or set the slot aside."""
    worth, key = reader.worth(reading), standing.keys[-1]
    last = len(standing.keys) >= max_asks
    if worth.num and (last or worth.reason is None):
        standing.state, standing.num, standing.key = End.kept, worth.num, key
        return
    if worth.num > standing.num:
        standing.num, standing.key = worth.num, key
    standing.reasons.append(worth.reason or "nothing that can be used")
    if last:
        # What an earlier reply said well is kept though asking again came to nothing.
        standing.state = End.kept if standing.num else End.aside
        standing.following = None
        return
    reply = ledger.reply(key)
    before = standing.following or reader.request(standing.slot)
    standing.following = reader.again(before, reading, reply.completion.text if reply else "")
    standing.keys.append(standing.following.key)
