"""The cap holds, with what is under way and what may have been charged counted in."""

import math

import pytest

from llavapose.errors import ConfigError
from llavapose.llm.budget import FIRST_FACTOR, MAX_FACTOR, Budget
from llavapose.llm.chat import Completion
from llavapose.llm.failures import Billed, TryLater
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import note_sending
from llavapose.llm.live import workers
from llavapose.llm.scripted import Scripted
from llavapose.llm.tokens import fewest_tokens, num_prompt_tokens, num_tokens
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
    money.settle(first, money.usd_of(first, reply(10)))
    assert (money.spent_usd, money.in_flight_usd, money.num_in_flight) == (0.5, 1.0, 1)
    assert money.reserve(third)
    money.settle(second, 0.0)
    money.settle(third, 0.0)
    assert money.in_flight_usd == 0.0


def test_no_cap_and_prices():
    money = Budget(max_usd=None, price_in=2.0, price_out=10.0)
    assert money.reserve(request())
    assert money.worst_usd(request()) == pytest.approx(
        (FIRST_FACTOR * num_prompt_tokens(request().messages) * 2.0 + 100 * 10.0) / 1e6
    )
    assert money.usd_of(request(), reply(50)) == pytest.approx((5 * 2.0 + 50 * 10.0) / 1e6)
    assert money.usd_of(request(), reply(50), share=0.5) == money.usd_of(request(), reply(50)) / 2


TEXT = "The man in the red shirt stands on one leg, and his arms are held out to both sides of him. " * 20
SMALL, LARGE = 3, 500
"""Counts that a text of 400 words and its prompt cannot have, and can have."""


@pytest.mark.parametrize(
    ("counts", "num_in", "num_out"),
    [
        ((430, LARGE), 430, LARGE),  # both can be true
        ((0, 0), None, None),  # none told
        ((430, 0), 430, None),
        ((0, LARGE), None, LARGE),
        ((SMALL, LARGE), None, LARGE),  # fewer than the texts have words
        ((430, SMALL), 430, None),
        ((20_000, 9_000), 20_000, 9_000),  # hidden words and thoughts are charged
    ],
)
def test_counts_are_taken_where_they_can_be_true_else_the_most_it_may_have_cost(counts, num_in, num_out):
    money = Budget(max_usd=None, price_in=2.0, price_out=10.0)
    asked = request(TEXT, max_tokens=1000)
    found = Completion(text=TEXT, model="m", num_prompt_tokens=counts[0], num_completion_tokens=counts[1])
    num_in = FIRST_FACTOR * num_prompt_tokens(asked.messages) if num_in is None else num_in
    num_out = 1000 if num_out is None else num_out
    assert money.usd_of(asked, found) == pytest.approx((num_in * 2.0 + num_out * 10.0) / 1e6)
    assert money.usd_of(asked, found) <= money.worst_usd(asked) or max(counts) > 1000


def test_a_reply_longer_than_it_may_be_costs_its_length():
    money = Budget(max_usd=None, price_in=0.0, price_out=1e6)
    assert money.usd_of(request(max_tokens=5), Completion(text="word " * 50, model="m")) == 50


@pytest.mark.parametrize("text", ["=" * 4000, " " * 100_000, "词" * 500, "0.479, " * 200, TEXT, "ok", ""])
def test_the_fewest_tokens_are_fewer_than_the_estimate_and_than_any_vocabulary_s(text):
    assert fewest_tokens(text) <= max(num_tokens(text), len(text) // 128)


def test_an_endpoint_that_counts_more_is_believed():
    money = Budget(max_usd=None, price_in=1.0, price_out=1.0)
    num = num_prompt_tokens(request().messages)
    assert money.worst_tokens(request()) == FIRST_FACTOR * num + 100
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=0))
    assert money.worst_tokens(request()) == FIRST_FACTOR * num + 100  # it said nothing
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=num))
    before = money.worst_tokens(request())
    assert before == num + 100
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=2 * num))
    assert money.worst_tokens(request()) == before + num
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=100 * num))
    assert money.worst_tokens(request()) == before + 99 * num
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=1))
    assert money.worst_tokens(request()) == before + 99 * num
    # A template's own 96 times are added to a longer prompt, and not multiplied.
    long = request(TEXT)
    expected = MAX_FACTOR * num_prompt_tokens(long.messages) + (100 - MAX_FACTOR) * num + long.max_tokens
    assert money.worst_tokens(long) == pytest.approx(expected)


def test_what_an_endpoint_counted_in_an_earlier_run_is_the_least_that_a_prompt_is_taken_for():
    money = Budget(max_usd=None, price_in=1.0, price_out=1.0, most_prompt_tokens=500)
    assert money.worst_tokens(request()) == 600
    money.learn(request(), Completion(text="x", model="m", num_prompt_tokens=20))
    assert money.worst_tokens(request()) == 120


@pytest.mark.parametrize("counts", [(0, 0), (1, 1), (0, 3)])
def test_the_cap_holds_where_the_counts_are_missing_or_too_low(tmp_path, counts):
    """Replies of 100 tokens for a dollar each, of which the endpoint says little or nothing."""
    said = Completion(text="word " * 99, model="m", num_prompt_tokens=counts[0], num_completion_tokens=counts[1])
    with Ledger(tmp_path / "l.sqlite") as ledger:
        tally = ask(requests(50), ledger, config(**PRICES), model=Scripted(lambda _: said), max_usd=5.5)
        assert (tally.answered, tally.stopped) == (5, "budget") and ledger.spent_usd() == 5.0


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
        ledger.write(note_sending(ledger.new_ticket(), f"killed {number}", 1.0, sent=True) for number in range(3))
    tally = ask(requests(500), tmp_path / "l.sqlite", config(**PRICES), model=Scripted(lambda _: reply(100)), max_usd=5)
    assert (tally.answered, tally.stopped) == (2, "budget")


def test_a_timeout_may_have_been_charged(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "BACKOFF_S", 0.01)
    late = TryLater("late", reason="timeout", throttled=True, doubtful=True)
    with Ledger(tmp_path / "l.sqlite") as ledger:
        tally = ask(requests(500), ledger, config(**PRICES), model=Scripted(lambda _: late), max_usd=4.5)
        assert ledger.spent_usd() == ledger.doubtful_usd() == 4.0 == tally.usd_doubtful
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert ledger.doubtful_usd() == 4.0  # they were sent, as far as the next run can tell
    assert (tally.answered, tally.stopped, tally.usd) == (0, "budget", 0)


def test_free_endpoints_leave_no_notes(tmp_path):
    with Ledger(tmp_path / "l.sqlite") as ledger:
        changes = ledger._writer.total_changes
        ask(requests(50), ledger, config(), model=Scripted(lambda _: reply(40)))
        assert ledger._writer.total_changes - changes == 50


@pytest.mark.parametrize(("num_in", "num_out"), [(5, 9_999_999), (9_999_999, 10), (9_999_999, 9_999_999)])
def test_counts_beyond_all_measure_are_no_counts(num_in, num_out):
    """One lie must not end a run that has hardly begun, nor make every later request look dear."""
    money, asked = Budget(max_usd=5.0, price_in=2.0, price_out=10.0), request()
    lie = Completion(text="x", model="m", num_prompt_tokens=num_in, num_completion_tokens=num_out)
    assert 0 < money.usd_of(asked, lie) <= money.worst_usd(asked)
    before = money.worst_usd(asked)
    money.learn(asked, lie)
    assert money.worst_usd(asked) <= before


@pytest.mark.parametrize("text", ["", "ok"])
def test_a_reply_without_counts_costs_the_most_that_it_may_have_cost(text):
    money = Budget(max_usd=None, price_in=2.0, price_out=10.0)
    told = Completion(text=text, model="m", num_prompt_tokens=0, num_completion_tokens=0)
    assert money.usd_of(request(), told) == money.worst_usd(request())
    assert money.usd_billed(request(), Billed(num_prompt_tokens=0, num_completion_tokens=0)) == money.worst_usd(
        request()
    )


@pytest.mark.parametrize("told", [{"max_usd": math.nan}, {"price_in": math.nan}, {"max_usd": math.inf}])
def test_no_number_is_no_cap(told):
    with pytest.raises(ConfigError, match="no number of dollars"):
        Budget(**{"max_usd": 1.0, "price_in": 1.0, "price_out": 1.0} | told)
