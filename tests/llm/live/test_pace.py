"""Concurrency that follows the endpoint, rates that hold, and the pause that a server asks for."""

import asyncio
import time
from itertools import pairwise

import pytest

from llavapose.llm.failures import StopAsking
from llavapose.llm.live import workers
from llavapose.llm.live.pace import FIRST, Meter, Pace
from llavapose.llm.scripted import Scripted
from tests.llm.asking import ask, config, requests
from tests.llm.chat_server import Answer, ChatServer, completion, error


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(workers, "BACKOFF_S", 0.02)
    monkeypatch.setattr(workers, "MAX_BACKOFF_S", 0.2)


class Counting(Scripted):
    """Knows how many requests are under way."""

    now = most = 0

    async def complete(self, request):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().complete(request)
        finally:
            self.now -= 1


def test_the_number_under_way_grows_to_the_most(tmp_path):
    model = Counting(lambda asked: "yes", latency_s=0.4)
    ask(requests(200), tmp_path / "l.sqlite", config(max_concurrency=40), model=model)
    assert FIRST < model.most <= 40


@pytest.mark.parametrize("retry_after", [{}, {"retry-after": "0.05"}])
def test_it_shrinks_to_what_the_endpoint_bears_and_loses_nothing(tmp_path, retry_after):
    def behave(asked):
        if asked.under_way > 6:
            return Answer(status=429, body=error("slow down"), headers=retry_after)
        return Answer(body=completion("yes"), delay_s=0.03)

    with ChatServer(behave) as server:
        tally = ask(requests(300), tmp_path / "l.sqlite", config(base_url=server.url))
    assert (tally.answered, tally.failed, tally.stopped) == (300, {}, None)
    assert tally.tried_again["429"] < 200  # without adapting, most of 64 at a time would be refused, again and again


def test_waves_of_refusals_cut_once_and_replies_bring_it_back():
    async def story() -> list[float]:
        pace = Pace(most=64)
        pace.limit = 40.0
        started = []
        for _ in range(40):
            await pace.get_ready(0)
            started.append(await pace.start())
        limits = []
        for moment in started:
            pace.slow_down(moment, None)
            limits.append(pace.limit)
        for _ in range(28):
            pace.speed_up()
        limits.append(pace.limit)
        return limits

    limits = asyncio.run(story())
    assert set(limits[:40]) == {28.0}
    assert 28.9 < limits[-1] < 29.1  # one more in the time of one reply of each


def test_one_is_always_let_through():
    pace = Pace(most=1)
    for _ in range(20):
        pace.slow_down(time.monotonic(), None)
    assert pace.limit == 1.0


def test_everybody_waits_as_long_as_the_server_asks(tmp_path):
    def behave(asked):
        if sum(server.asked.values()) == 40:
            return Answer(status=429, body=error("slow down"), headers={"retry-after": "1"})
        return Answer(body=completion("yes"), delay_s=0.02)

    with ChatServer(behave) as server:
        tally = ask(requests(120), tmp_path / "l.sqlite", config(base_url=server.url, max_concurrency=8))
    moments = [moment for moment, _ in server.arrivals]
    gap, at = max((b - a, a) for a, b in pairwise(moments))
    assert gap > 0.9
    assert sum(moment <= at for moment in moments) < 40 + 8 + 2  # only those under way came after the refusal
    assert tally.answered == 120


def test_requests_per_minute(tmp_path):
    with ChatServer() as server:
        ask(requests(40), tmp_path / "l.sqlite", config(base_url=server.url, requests_per_minute=1200))
    moments = [moment for moment, _ in server.arrivals]
    assert moments[-1] - moments[0] > 0.9 * 39 * 60 / 1200
    first_second = sum(moment - moments[0] < 1.0 for moment in moments)
    assert first_second <= 20 + 5


def test_tokens_per_minute_go_by_what_was_really_used(tmp_path):
    """150 tokens a reply where up to 1,100 were expected: 40 replies at 6,000 a second take one second, not seven."""
    with ChatServer() as server:
        start = time.monotonic()
        limits = config(base_url=server.url, tokens_per_minute=360_000, max_concurrency=4)
        ask(requests(40, max_tokens=1100), tmp_path / "l.sqlite", limits)
        took = time.monotonic() - start
    assert sum(server.asked.values()) == 40
    moments = [moment for moment, _ in server.arrivals]
    assert moments[-1] - moments[0] > 0.9 * (40 - 8) * 150 / 6000
    assert took < 6


def test_a_meter_gives_back():
    meter = Meter(60)
    assert meter.book(10) == 0.0
    assert 9.9 < meter.book(1) <= 10.0
    meter.correct(-8)
    assert 2.9 < meter.book(1) <= 3.0
    assert Meter(None).book(1e9) == 0.0


def test_a_stop_does_not_wait_for_the_rate(tmp_path):
    """At one request a minute the second would wait a minute, but the first one stops the run."""
    start = time.monotonic()
    model = Scripted(lambda asked: StopAsking("no money", reason="quota"))
    tally = ask(requests(10), tmp_path / "l.sqlite", config(requests_per_minute=1, max_concurrency=4), model=model)
    assert tally.stopped == "quota: no money"
    assert time.monotonic() - start < 20
