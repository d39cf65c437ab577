"""The door: endpoint, ledger, cap, way of asking, and what its errors call the owner."""

from pathlib import Path

import pytest

from llavapose.config.choices import AskMode
from llavapose.errors import ConfigError
from llavapose.llm.ask import ledger_path, open_door
from llavapose.llm.chat import Message
from llavapose.llm.counts import State
from llavapose.llm.failures import StopAsking
from llavapose.llm.scripted import Scripted
from tests.llm.asking import config, requests
from tests.llm.chat_server import ChatServer, good

OWNER = "judge.endpoint"


def test_replies_lie_in_the_ledger_and_are_not_asked_twice(tmp_path):
    path = ledger_path(tmp_path, "judge", "gpt4o")
    asked = list(requests(5))
    with ChatServer(good) as server:
        endpoint = config(base_url=server.url)
        for answered in (5, 0):
            with open_door(endpoint, owner=OWNER, ledger=path, progress=False) as door:
                tally = door.ask(asked, 5)
                assert (tally.state, tally.stopped, tally.answered) == (State.done, None, answered)
                replies = [reply.completion.text for _, reply in door.ledger.replies(one.key for one in asked)]
        assert replies == [f"reply to question {index}" for index in range(5)]
        assert server.asked.total() == 5


def test_a_request_carries_the_endpoint_s_parameters(tmp_path):
    endpoint = config(model="big", max_tokens=7, temperature=0.0)
    with open_door(
        endpoint, owner=OWNER, ledger=tmp_path / "l.sqlite", model=lambda: Scripted(lambda _: "yes")
    ) as door:
        request = door.request((Message(role="user", text="well?"),), seed=3, tag="rating")
    assert (request.model, request.max_tokens, request.temperature, request.seed) == ("big", 7, 0.0, 3)
    assert request.tag == "rating"


def test_money_used_up_is_a_state_and_the_same_call_goes_on(tmp_path):
    endpoint = config(price_in=1.0, price_out=1000.0, max_concurrency=1)

    def ask(max_usd: float | None):
        scripted = lambda: Scripted(lambda request: "word " * 10)  # noqa: E731
        with open_door(
            endpoint, owner=OWNER, ledger=tmp_path / "l.sqlite", max_usd=max_usd, progress=False, model=scripted
        ) as door:
            return door.ask(requests(8))

    capped = ask(0.15)
    assert (capped.state, capped.stopped) == (State.budget, "budget") and 0 < capped.answered < 8
    rest = ask(None)
    assert (rest.state, rest.answered) == (State.done, 8 - capped.answered)


def test_what_stops_the_asking_names_its_owner(tmp_path):
    def no_money(request):
        return StopAsking("no money left at the endpoint", reason="quota")

    with open_door(
        config(), owner=OWNER, ledger=tmp_path / "l.sqlite", progress=False, model=lambda: Scripted(no_money)
    ) as door:
        tally = door.ask(requests(3))
    assert (tally.state, tally.stopped) == (State.stopped, "quota: no money left at the endpoint [judge.endpoint]")


@pytest.mark.parametrize(
    ("changes", "mode", "line"),
    [
        ({"api_key_env": "NOT_SET_HERE"}, AskMode.live, r"variable NOT_SET_HERE \(judge\.endpoint\.api_key_env\)"),
        ({"api_key_env": "NOT_SET_HERE", "has_batch": True}, AskMode.batch, r"\(judge\.endpoint\.api_key_env\)"),
        ({}, AskMode.batch, r"no Batch API \(judge\.endpoint\.has_batch is false\)"),
    ],
)
def test_errors_name_their_owner(tmp_path, changes, mode, line):
    with (
        open_door(config(**changes), owner=OWNER, ledger=tmp_path / "l.sqlite", mode=mode, progress=False) as door,
        pytest.raises(ConfigError, match=line),
    ):
        door.ask(requests(1))


def test_one_ledger_a_user_and_run():
    folder = Path("outputs/samples")
    assert ledger_path(folder, "teacher", "world-gpt4o") == folder / "ledgers" / "world-gpt4o.sqlite"
    assert ledger_path(folder, "judge", "gpt4o") == folder / "ledgers" / "judge-gpt4o.sqlite"
