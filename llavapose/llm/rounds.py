"""Rounds over a door: ask, read, ask again, set aside, for whoever needs replies that can be used.

A slot is one thing that is wanted. It is asked until a reply is kept, at most ``max_asks`` times, each time with
another ``attempt``; then it is set aside. Every reply lies in the ledger before it is read, so that a stopped run goes
on where it was and asks nothing twice. Every request of a slot ends in exactly one of kept, rejected, failed, open.
``llm/each.py`` is the short way in where every request is its own slot.

A ``Watch`` keeps a bad prompt or model from running away: it counts the requests against a budget and looks at the
first replies while the others are asked.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from tqdm import tqdm

from llavapose.config.choices import AskMode
from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Ledger, Reply
from llavapose.llm.wire.gate import one_line

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


# A share of a fifth is told from one of two fifths by a hundred replies, but for one time in ten thousand.
MIN_READ = 100
"""Replies of a group that are read before their share says something."""

# The last two hundred, not all: a model that was changed on its server shows within minutes.
_WINDOW = 200
# Looked at more and more seldom: reading holds up the asking for milliseconds a reply.
_FIRST_LOOK, _LAST_LOOK = 128, 4096
# As many as a batch is worth waiting for, and a thousandth of the papers' set.
_TRIAL = 500
"""Requests of the first batches of a run, where nothing has been read yet."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why replies of a group could not be used: how many, and how one of them begins."""

    group: str
    reason: str
    num: int
    sample: str

    def line(self) -> str:
        """For a person."""
        return f'{self.group}: {self.num:,} replies {self.reason}, one of them: "{self.sample}"'


class Watch(Generic[S]):
    """Stops the asking where it costs more than planned, or where too few replies are of use.

    Args:
        group: slot -> what its share of useful replies is counted by, e.g. its kind.
        min_accepted: the least share of the replies that must be of use; 0: any.
        max_requests: the most requests, those of earlier runs included; None: any number.

    Attributes:
        num_asked: requests so far.
        stopped: why no more is asked; None where nothing is wrong.
        too_many: whether it was the number of requests.
    """

    def __init__(
        self, *, group: Callable[[S], str], min_accepted: float = 0.0, max_requests: int | None = None
    ) -> None:
        self._group, self._min_accepted, self._max_requests = group, min_accepted, max_requests
        self._seen: set[str] = set()
        self._windows: dict[str, deque[bool]] = {}
        self._faults: Counter[tuple[str, str]] = Counter()
        self._samples: dict[tuple[str, str], str] = {}
        self.num_asked = 0
        self.stopped: str | None = None
        self.too_many = False

    def asks(self) -> bool:
        """Another request is about to be asked; False: it may not be."""
        if self.stopped is None and self._max_requests is not None and self.num_asked >= self._max_requests:
            self.too_many = True
            self.stopped = f"{self.num_asked:,} requests have been asked, which is the most that was planned for"
        self.num_asked += self.stopped is None
        return self.stopped is None

    def read(self, slot: S, key: str, worth: Worth, text: str) -> None:
        """A reply has been read; one that was seen before counts once."""
        if key in self._seen:
            return
        self._seen.add(key)
        group = self._group(slot)
        self._windows.setdefault(group, deque(maxlen=_WINDOW)).append(worth.num > 0)
        if worth.reason is not None or not worth.num:
            fault = (group, worth.reason or "nothing that can be used")
            self._faults[fault] += 1
            self._samples.setdefault(fault, one_line(text))

    def was_read(self, key: str) -> bool:
        """Whether a reply counts already."""
        return key in self._seen

    @property
    def num_read(self) -> int:
        """Replies that have been read."""
        return len(self._seen)

    def check(self) -> bool:
        """Whether to go on: no group has fallen below its share."""
        for group, window in self._windows.items():
            share = sum(window) / len(window)
            if self.stopped is None and len(window) >= MIN_READ and share < self._min_accepted:
                self.stopped = (
                    f"of the last {len(window):,} replies of {group} {sum(window):,} are of use, "
                    f"fewer than {self._min_accepted:.0%}"
                )
        return self.stopped is None

    def faults(self, num: int = 5) -> list[Fault]:
        """The commonest faults, each with the beginning of a reply."""
        return [
            Fault(group=key[0], reason=key[1], num=number, sample=self._samples[key])
            for key, number in self._faults.most_common(num)
        ]


def once_more(request: ChatRequest) -> ChatRequest:
    """The same request as a further attempt; where the endpoint takes a seed, it goes out with another one."""
    return replace(request, attempt=request.attempt + 1)


def ask_in_rounds(
    door: Door,
    reader: Reader[S, R],
    pending: Callable[[], Sequence[Standing[S]]],
    *,
    max_asks: int,
    watch: Watch[S] | None = None,
) -> tuple[Tally, ...]:
    """Ask until no slot is open, or something stops the asking; the standings are changed in place.

    Args:
        door: where to ask.
        reader: makes the requests and reads the replies.
        pending: the open slots, called before every round; it may open further ones.
        max_asks: how often a slot is asked, the first time included.
        watch: ends the asking where it runs away; None: nothing does.

    Returns:
        A tally a round; the last one's ``state`` says how it ended.
    """
    tallies: list[Tally] = []
    watch = watch or Watch(group=lambda slot: "")
    while waiting := pending():
        if door.mode == AskMode.batch and not watch.num_read:
            waiting = waiting[:_TRIAL]
        tallies.append(door.ask(_requests(reader, waiting, door.ledger, watch), len(waiting)))
        num_keys = sum(len(one.keys) for one in waiting)
        bar = tqdm(total=len(waiting), desc="reading replies", unit="reply", disable=not door.progress)
        with bar:
            for start in range(0, len(waiting), _AT_ONCE):
                some = waiting[start : start + _AT_ONCE]
                _settle(reader, door.ledger, some, max_asks, watch)
                bar.update(len(some))
        if tallies[-1].state == State.done and not watch.check():
            tallies[-1] = replace(tallies[-1], state=State.stopped, stopped=f"{watch.stopped} [{door.owner}]")
        moved = any(one.state != End.open for one in waiting) or sum(len(one.keys) for one in waiting) > num_keys
        if tallies[-1].state != State.done or not moved:
            break
    return tuple(tallies)


def _requests(
    reader: Reader[S, R], pending: Sequence[Standing[S]], ledger: Ledger, watch: Watch[S]
) -> Iterator[ChatRequest]:
    """The request that each open slot waits for, built when it is its turn; ends early where the watch says so."""
    look = _FIRST_LOOK
    for number, standing in enumerate(pending):
        if number == look:
            # While the newest are under way, the replies to those before tell whether to go on.
            _glance(reader, ledger, pending[max(0, number - 2 * _FIRST_LOOK) : number], watch)
            look = number + min(number, _LAST_LOOK)
        if not (watch.check() and watch.asks()):
            return
        request = standing.following or reader.request(standing.slot)
        if not standing.keys:
            standing.keys.append(request.key)
        yield request


def _glance(reader: Reader[S, R], ledger: Ledger, asked: Sequence[Standing[S]], watch: Watch[S]) -> None:
    """Read some replies before their round has ended; what becomes of their slots is decided behind it."""
    unread = {one.keys[-1]: one.slot for one in asked if one.keys and not watch.was_read(one.keys[-1])}
    memory, fresh = reader.memory, {}
    for key, reply in ledger.replies(unread):
        reading = reader.read(unread[key], reply)
        watch.read(unread[key], key, reader.worth(reading), reply.completion.text)
        if memory:
            fresh[key] = memory.dump(reading)
    if memory:
        ledger.remember(fresh, memory.version)


def _settle(
    reader: Reader[S, R], ledger: Ledger, pending: Sequence[Standing[S]], max_asks: int, watch: Watch[S]
) -> None:
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
            _decide(reader, ledger, standing, memory.load(kept[key]), max_asks, watch)
        elif key in replies:
            reading = reader.read(standing.slot, replies[key])
            if memory:
                fresh[key] = memory.dump(reading)
            _decide(reader, ledger, standing, reading, max_asks, watch)
        elif key in failures:
            standing.failure = failures[key]
            standing.state = End.kept if standing.num else End.failed
    if memory:
        ledger.remember(fresh, memory.version)


def _decide(
    reader: Reader[S, R], ledger: Ledger, standing: Standing[S], reading: R, max_asks: int, watch: Watch[S]
) -> None:
    """Keep a reply, ask again, or set the slot aside."""
    worth, key = reader.worth(reading), standing.keys[-1]
    last = len(standing.keys) >= max_asks
    good = worth.num and worth.reason is None
    reply = None if good else ledger.reply(key)
    watch.read(standing.slot, key, worth, reply.completion.text if reply else "")
    if worth.num and (last or good):
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
    before = standing.following or reader.request(standing.slot)
    standing.following = reader.again(before, reading, reply.completion.text if reply else "")
    standing.keys.append(standing.following.key)
