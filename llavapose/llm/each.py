"""Every request until its reply can be read: what a judge needs of ``llm/rounds.py``.

A rating, asked for until a reply has one:

    def read(name: str, completion: Completion) -> int:
        rating = re.fullmatch(r"Rating: (10|[1-9])", completion.text.strip())
        if rating is None:
            raise ReplyError("no rating")
        return int(rating[1])

    found = ask_each(door, {"q1": request, ...}, read)
    found.by_name["q1"]      Result(value=7, state="kept", key="9f2c...", keys=("41ab...", "9f2c..."),
                                    reasons=("no rating",), failure=None)
    found.state              "done", or why some are still open: the same call goes on later
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from llavapose.errors import ReplyError
from llavapose.llm.ask import Door
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Reply
from llavapose.llm.rounds import End, Memory, Standing, Watch, Worth, ask_in_rounds, once_more

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T]):
    """What came of one request.

    Attributes:
        value: what its reply was read as; None where no reply could be used.
        state: see ``End``.
        key: the reply's, in the ledger; None where there is none to keep.
        keys: of all requests that it was asked with, in order.
        reasons: why the replies to them were rejected, in order.
        failure: why the last request got no reply.
        lasting: whether it was refused for good; False: the same call may get a reply later.
    """

    value: T | None
    state: End
    key: str | None
    keys: tuple[str, ...]
    reasons: tuple[str, ...]
    failure: str | None
    lasting: bool = True


@dataclass(frozen=True, kw_only=True)
class Results(Generic[T]):
    """What came of all requests, by name, with a tally a round."""

    by_name: Mapping[str, Result[T]]
    tallies: tuple[Tally, ...]

    @property
    def unsettled(self) -> str | None:
        """Why some have no reply that may get one later: the asking was stopped, or the endpoint failed for now."""
        later = {one.failure or "no reply" for one in self.by_name.values() if one.failure and not one.lasting}
        if self.state != State.done:
            return self.stopped or self.state.value
        return ", ".join(sorted(later)) or None

    @property
    def state(self) -> State:
        """How it ended; anything but ``done`` leaves some open."""
        return self.tallies[-1].state if self.tallies else State.done

    @property
    def stopped(self) -> str | None:
        """What ended it early, in words."""
        return self.tallies[-1].stopped if self.tallies else None


def ask_each(
    door: Door,
    requests: Mapping[str, ChatRequest],
    read: Callable[[str, Completion], T],
    *,
    max_asks: int = 3,
    watch: Watch[str] | None = None,
) -> Results[T]:
    """Ask every request until its reply can be read.

    Args:
        door: where to ask.
        requests: name -> what to ask.
        read: takes a name and a reply; returns what it says, or raises ReplyError with a short reason that can be
            counted. The same reply is always read as the same.
        max_asks: how often each is asked, the first time included.
        watch: ends the asking where too few replies can be read; None: nothing does.
    """
    reader = _Plain(requests, read)
    standings = [Standing(slot=name) for name in requests]
    tallies = ask_in_rounds(
        door, reader, lambda: [one for one in standings if one.state == End.open], max_asks=max_asks, watch=watch
    )
    refused = door.ledger.failures(lasting_only=True)
    by_name = {
        one.slot: Result(
            value=reader.values.get(one.slot),
            state=one.state,
            key=one.key,
            keys=tuple(one.keys),
            reasons=tuple(one.reasons),
            failure=one.failure,
            lasting=one.failure is None or one.keys[-1] in refused,
        )
        for one in standings
    }
    return Results(by_name=by_name, tallies=tallies)


class _Plain(Generic[T]):
    """The reader of ``ask_each``: a reading is the reason why there is no value, or None."""

    memory: Memory[str | None] | None = None

    def __init__(self, requests: Mapping[str, ChatRequest], read: Callable[[str, Completion], T]) -> None:
        self._requests, self._read = requests, read
        self.values: dict[str, T] = {}

    def request(self, slot: str) -> ChatRequest:
        return self._requests[slot]

    def read(self, slot: str, reply: Reply) -> str | None:
        try:
            self.values[slot] = self._read(slot, reply.completion)
        except ReplyError as error:
            return str(error)
        return None

    def worth(self, reading: str | None) -> Worth:
        return Worth(num=int(reading is None), reason=reading)

    def again(self, request: ChatRequest, reading: str | None, text: str) -> ChatRequest:
        return once_more(request)
