"""Rounds of asking: each request until its reply can be read, nothing asked twice, and where a stop leaves it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.config.choices import AskMode
from llavapose.errors import ReplyError
from llavapose.llm import rounds as rounds_module
from llavapose.llm.ask import Door, open_door
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.counts import State
from llavapose.llm.each import ask_each
from llavapose.llm.failures import RequestFailed, StopAsking
from llavapose.llm.ledger.ledger import Ledger, Reply
from llavapose.llm.rounds import End, Memory, Standing, Watch, Worth, ask_in_rounds, once_more
from llavapose.llm.scripted import Scripted
from llavapose.llm.wire.body import body_of
from tests.llm.asking import config, request
from tests.llm.chat_server import Answer, Asked, ChatServer, completion

Says = Callable[[ChatRequest], str | Exception]


def rating_of(name: str, reply: Completion) -> int:
    found = re.fullmatch(r"Rating: (10|[1-9])", reply.text)
    if found is None:
        raise ReplyError("no rating")
    return int(found[1])


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "l.sqlite") as opened:
        yield opened


def door_of(ledger: Ledger, says: Says) -> Door:
    return Door(endpoint=config(), owner="judge.endpoint", ledger=ledger, progress=False, model=lambda: Scripted(says))


def text_of(asked: ChatRequest) -> str:
    return asked.messages[-1].text


def test_a_judge_asks_again_until_there_is_a_rating(tmp_path):
    def judge(asked: Asked) -> Answer:
        seeds.setdefault(asked.question, []).append(asked.body["seed"])
        good = {"a": 1, "b": 3}.get(asked.question, 99)
        return Answer(body=completion("Rating: 7" if asked.nth >= good else "Well."))

    seeds: dict[str, list[int]] = {}
    requests = {name: request(name, seed=5) for name in "abc"}
    with ChatServer(judge) as server:
        endpoint = config(base_url=server.url, takes_seed=True)
        for _ in range(2):  # the second time from the ledger
            with open_door(endpoint, owner="judge.endpoint", ledger=tmp_path / "l.sqlite", progress=False) as door:
                found = ask_each(door, requests, rating_of, max_asks=3)
            a, b, c = (found.by_name[name] for name in "abc")
            assert (a.value, a.state, a.reasons, len(a.keys)) == (7, End.kept, (), 1)
            assert (b.value, b.state, b.reasons) == (7, End.kept, ("no rating", "no rating"))
            assert (c.value, c.state, c.key, c.reasons) == (None, End.aside, None, ("no rating",) * 3)
            assert b.key == b.keys[-1] and a.key == requests["a"].key
            assert (found.state, found.stopped) == (State.done, None)
    assert {name: len(sent) for name, sent in seeds.items()} == {"a": 1, "b": 3, "c": 3}
    assert seeds["b"] == seeds["c"] and len(set(seeds["c"])) == 3 and seeds["a"] == [5]


def test_seeds_of_further_attempts_are_others_and_always_the_same():
    def sent(asked: ChatRequest) -> int | None:
        return body_of(asked, takes_seed=True).get("seed")

    first = request(seed=5)
    again = once_more(first)
    assert (sent(first), sent(request())) == (5, None)
    assert sent(again) == sent(once_more(first)) not in (5, None, sent(once_more(again)))
    assert sent(once_more(request())) is not None  # without a seed the same reply might come back
    assert "seed" not in body_of(again, takes_seed=False)
    assert all(0 <= (sent(once_more(request(seed=seed))) or 0) < 2**31 for seed in range(50))


def test_names_that_share_a_request_share_its_reply_and_read_it_for_themselves(ledger):
    asked: list[str] = []

    def says(one: ChatRequest) -> str:
        asked.append(text_of(one))
        return "first" if one.attempt else "?"

    def winner(name: str, reply: Completion) -> str:
        if reply.text == "?":
            raise ReplyError("undecided")
        return {"ab": "a", "ba": "b"}[name]

    found = ask_each(door_of(ledger, says), {"ab": request("same"), "ba": request("same")}, winner)
    assert {name: one.value for name, one in found.by_name.items()} == {"ab": "a", "ba": "b"}
    assert asked == ["same", "same"] and len(found.tallies) == 2


def test_what_stops_the_asking_leaves_the_rest_open_for_the_next_run(ledger):
    def poor(one: ChatRequest) -> str | Exception:
        rich = text_of(one) < "c"
        return "Rating: 3" if rich else StopAsking("no money left", reason="quota")

    requests = {name: request(name) for name in "abcd"}
    found = ask_each(door_of(ledger, poor), requests, rating_of)
    assert (found.state, found.stopped) == (State.stopped, "quota: no money left [judge.endpoint]")
    assert {one.state for name, one in found.by_name.items() if name > "b"} == {End.open}
    done = ask_each(door_of(ledger, lambda one: "Rating: 4"), requests, rating_of)
    assert done.state == State.done and all(one.state == End.kept for one in done.by_name.values())
    assert done.by_name["d"].value == 4


def test_what_the_endpoint_refuses_has_failed(ledger):
    def refuses(one: ChatRequest) -> str | Exception:
        return RequestFailed("no", reason="content policy") if text_of(one) == "b" else "Rating: 1"

    found = ask_each(door_of(ledger, refuses), {name: request(name) for name in "ab"}, rating_of)
    assert (found.by_name["b"].state, found.by_name["b"].failure) == (End.failed, "content policy")
    assert found.by_name["b"].value is None and found.by_name["a"].value == 1


def test_nothing_to_ask_is_done(ledger):
    assert ask_each(door_of(ledger, lambda one: "x"), {}, rating_of).state == State.done


class Words:
    """Wants three words; takes what there is when asking again comes to nothing."""

    def __init__(self, version: str = "1") -> None:
        self.num_read = 0
        self.memory = Memory[int](version=version, dump=str, load=int)

    def request(self, slot: str) -> ChatRequest:
        return request(slot)

    def read(self, slot: str, reply: Reply) -> int:
        self.num_read += 1
        return len(reply.completion.text.split())

    def worth(self, reading: int) -> Worth:
        return Worth(num=reading, reason=None if reading >= 3 else "too short")

    def again(self, request: ChatRequest, reading: int, text: str) -> ChatRequest:
        return once_more(request)


def rounds(door: Door, words: Words) -> Standing[str]:
    standing = Standing(slot="go on")
    pending = lambda: [standing] if standing.state == End.open else []  # noqa: E731
    ask_in_rounds(door, words, pending, max_asks=3)
    return standing


@pytest.mark.parametrize(
    ("replies", "num", "ends"),
    [
        (["a b c"], 3, ["kept"]),
        (["a", "a b c"], 3, ["rejected: too short", "kept"]),
        (["a b", "", ""], 2, ["kept", "rejected: too short", "rejected: too short"]),
        (["a b", "", "a"], 1, ["rejected: too short", "rejected: too short", "kept"]),
        (["", "", ""], 0, ["rejected: too short"] * 3),
    ],
)
def test_the_best_reply_is_kept_where_asking_again_comes_to_nothing(ledger, replies, num, ends):
    standing = rounds(door_of(ledger, lambda one: replies[one.attempt]), Words())
    assert (standing.num, list(standing.ends())) == (num, ends)
    assert standing.state == (End.kept if num else End.aside)


def test_readings_are_remembered_until_their_version_changes(ledger):
    numbers = []
    for version in ("1", "1", "2"):
        words = Words(version)
        rounds(door_of(ledger, lambda one: "a b"), words)
        numbers.append(words.num_read)
    assert numbers == [3, 0, 3]


def test_batches_begin_with_a_few_where_nothing_has_been_read_yet(ledger, monkeypatch):
    """A full file of a bad prompt would be paid for before anybody has read a word of it."""
    monkeypatch.setattr(rounds_module, "_TRIAL", 5)
    door = replace(door_of(ledger, lambda one: "a b c"), mode=AskMode.batch)
    standings = [Standing(slot=f"slot {number}") for number in range(20)]
    pending = lambda: [one for one in standings if one.state == End.open]  # noqa: E731
    tallies = ask_in_rounds(door, Words(), pending, max_asks=3)
    assert [tally.asked for tally in tallies] == [5, 15]


@pytest.mark.parametrize(("share", "stops"), [(0.5, False), (0.15, True)])
def test_a_watch_stops_where_too_few_are_of_use(share, stops):
    watch = Watch[int](group=lambda slot: "g", min_accepted=0.2, max_requests=1000)
    for number in range(150):
        assert watch.asks() or (stops and number >= 100)
        good = number % 100 < 100 * share
        watch.read(
            number, f"key {number}", Worth(num=int(good), reason=None if good else "refusal"), f"reply\n{number}"
        )
        watch.read(number, f"key {number}", Worth(num=0, reason="twice"), "")  # counted once
        assert watch.check() or (stops and number >= 99)
    assert watch.check() is not stops and not watch.too_many
    assert [(one.reason, one.sample) for one in watch.faults()] == [("refusal", f"reply {int(100 * share)}")]


def test_a_watch_counts_requests_up_to_its_budget():
    watch = Watch[int](group=lambda slot: "g", max_requests=3)
    assert [watch.asks() for _ in range(5)] == [True, True, True, False, False]
    assert watch.too_many and watch.num_asked == 3 and not watch.check()
