"""The cap holds, with what is under way and what may have been charged counted in."""

import pytest

from llavapose.llm.budget import MAX_FACTOR, Budget
from llavapose.llm.chat import Completion
from llavapose.llm.failures import TryLater
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import note_sending
from llavapose.llm.live import workers
from llavapose.llm.scripted import Scripted
from llavapose.llm.tokens import num_prompt_tokens
from tests.llm.asking import ask, config, request, requests

PRICES = {"price_in": 0.0, "price_out": 10_000.0}
"""A reply of 100 tokens costs a dollar."""


def budget(max_usd: float | None, spent_usd: float = 0.0) -> Budget:
    return Budget(max_usd=max_usd, **PRICES, spent_usd=spent_usd)


def reply(num_tokens: int) -> Completion:
    return Completion(text="x", model="m", num_prompt_tokens=5, num_completion_tokens=num_tokens)


def test_what_is_under_way_counts_as_its_worst():
    money = budget(2.5, spent_usd=0.4)
    first, second, third = requests(3)
    assert money.reserve(first) and money.reserve(second) and not money.reserve(third)
    assert money.in_flight_usd == 2.0
    money.settle(first, money.usd_of(reply(10)))
    assert (money.spent_usd, money.in_flight_usd, money.num_in_flight) == (0.5, 1.0, 1)
    assert money.reserve(third)
    money.settle(second, 0.0)
    money.settle(third, 0.0)
    assert money.in_flight_usd == 0.0


def test_no_cap_and_prices():
    money = Budget(max_usd=None, price_in=2.0, price_out=10.0)
    assert money.reserve(request())
    assert money.worst_usd(request()) == pytest.approx((num_prompt_tokens(request().messages) * 2.0 + 100 * 10.0) / 1e6)
    assert money.usd_of(reply(50)) == pytest.approx((5 * 2.0 + 50 * 10.0) / 1e6)
    assert money.usd_of(reply(50), share=0.5) == money.usd_of(reply(50)) / 2
    assert money.usd_of(Completion(text="four words are here", model="m")) > 0  # an endpoint that does not count


def test_an_endpoint_that_counts_more_is_believed():
    money = Budget(max_usd=None, price_in=1.0, price_out=1.0)
    before, num = money.worst_tokens(request()), num_prompt_tokens(request().messages)
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=2 * num))
    assert money.worst_tokens(request()) == before + num
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=100 * num))
    assert money.worst_tokens(request()) == before + (MAX_FACTOR - 1) * num
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=1))
    assert money.worst_tokens(request()) == before + (MAX_FACTOR - 1) * num


@pytest.mark.parametrize("max_usd", [0.5, 1.0, 7.3, 25.0])
def test_the_cap_is_never_passed_and_little_is_left(tmp_path, max_usd):
    """Replies cost 40 cents where a dollar was set aside; at the end not even one more would surely fit."""
    highest = 0.0

    with Ledger(tmp_path / "l.sqlite") as ledger:
        limits = config(**PRICES, max_concurrency=8)
        tally = ask(
            requests(500), ledger, limits, model=Scripted(lambda _: reply(40), latency_s=0.002), max_usd=max_usd
        )
        highest = ledger.spent_usd()
        assert ledger.doubtful_usd() == 0
        again = ask(requests(500), ledger, limits, model=Scripted(lambda _: reply(40)), max_usd=max_usd)
    assert tally.stopped == "budget" == again.stopped
    assert max_usd - 1.0 < highest + 1e-6 <= max_usd + 1e-6
    assert tally.usd == pytest.approx(highest)
    assert again.answered == 0


def test_money_in_doubt_counts_towards_the_cap(tmp_path):
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.write(note_sending(ledger.new_ticket(), f"killed {number}", 1.0) for number in range(3))
    tally = ask(requests(500), tmp_path / "l.sqlite", config(**PRICES), model=Scripted(lambda _: reply(100)), max_usd=5)
    assert (tally.answered, tally.stopped) == (2, "budget")


def test_a_timeout_may_have_been_charged(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "BACKOFF_S", 0.01)
    late = TryLater("late", reason="timeout", throttled=True, doubtful=True)
    with Ledger(tmp_path / "l.sqlite") as ledger:
        tally = ask(requests(500), ledger, config(**PRICES), model=Scripted(lambda _: late), max_usd=4.5)
        assert ledger.spent_usd() == ledger.doubtful_usd() == 4.0 == tally.usd_doubtful
    assert (tally.answered, tally.stopped, tally.usd) == (0, "budget", 0)


def test_free_endpoints_leave_no_notes(tmp_path):
    with Ledger(tmp_path / "l.sqlite") as ledger:
        changes = ledger._writer.total_changes
        ask(requests(50), ledger, config(), model=Scripted(lambda _: reply(40)))
        assert ledger._writer.total_changes - changes == 50
