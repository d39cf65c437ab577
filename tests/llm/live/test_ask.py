"""Every request ends in exactly one place, is paid once, and its reply lies in the ledger."""

import logging
import weakref
from collections import Counter

import pytest

from llavapose.errors import DataError
from llavapose.llm.chat import Completion
from llavapose.llm.counts import State, Tally
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.live import pending, workers
from llavapose.llm.scripted import Scripted
from tests.llm.asking import ask, config, request, requests
from tests.llm.chat_server import MODEL, Answer, ChatServer, completion, error, good


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(workers, "BACKOFF_S", 0.02)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def echo(asked) -> str:
    return f"reply to {asked.messages[-1].text}"


def test_all_are_answered_once_and_recorded(ledger):
    with ChatServer() as server:
        limits = config(base_url=server.url, price_in=2.0, price_out=10.0)
        tally = ask(requests(100), ledger, limits)
        again = ask(requests(120), ledger, limits)
    usd = (100 * 2.0 + 50 * 10.0) / 1e6
    assert tally == Tally(
        asked=100,
        answered_before=0,
        answered=100,
        failed={},
        usd=pytest.approx(100 * usd),
        state=State.done,
        stopped=None,
    )
    assert (again.asked, again.answered_before, again.answered) == (120, 100, 20)
    assert server.asked == Counter(f"question {index}" for index in range(120))
    found = dict(ledger.replies(one.key for one in requests(120)))
    assert [found[one.key].completion.text for one in requests(120)] == [f"reply to question {i}" for i in range(120)]
    assert {reply.completion.model for reply in found.values()} == {MODEL}
    assert ledger.spent_usd() == pytest.approx(120 * usd)
    assert ledger.doubtful_usd() == 0


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=429, body=error("slow down"), headers={"retry-after": "0.1"}),
        Answer(status=429, body=error("slow down")),
        Answer(status=500, body=error("oops")),
        Answer(body=completion("late"), delay_s=3.0),
        Answer(drop="before"),
        Answer(body=completion("cut"), drop="middle"),
        Answer(body='{"choices": [{"mess'),
        Answer(body="<html>busy</html>", headers={"content-type": "text/html"}),
        Answer(body=completion("", choices=[])),
    ],
    ids=["429 wait", "429", "500", "stall", "drop", "cut off", "cut JSON", "HTML", "no choices"],
)
def test_trouble_is_tried_again(ledger, trouble):
    with ChatServer(lambda asked: trouble if asked.nth <= 2 else good(asked)) as server:
        tally = ask(requests(10), ledger, config(base_url=server.url, timeout_s=1.0, price_out=1.0))
    assert (tally.answered, tally.failed, tally.stopped) == (10, {}, None)
    assert sum(tally.tried_again.values()) == 20
    assert set(server.asked.values()) == {3}
    worst = 10 * 2 * 100 / 1e6  # price_in is 0, max_tokens 100
    counted = isinstance(trouble.body, dict) and trouble.body.get("choices") == []  # it says what it cost
    doubtful = trouble.status == 200 and not counted
    assert tally.usd_doubtful == pytest.approx(worst if doubtful else 0)
    assert ledger.doubtful_usd() == pytest.approx(worst if doubtful else 0)
    assert ledger.charged_usd() == pytest.approx(20 * 50 / 1e6 if counted else 0)
    assert tally.usd == pytest.approx((30 if counted else 10) * 50 / 1e6)


def test_a_request_is_given_up_after_max_tries_and_asked_by_the_next_run(ledger):
    bad = {"question 3", "question 7"}
    with ChatServer(lambda asked: Answer(status=500) if asked.question in bad else good(asked)) as server:
        limits = config(base_url=server.url, max_tries=3)
        tally = ask(requests(10), ledger, limits)
        assert (tally.answered, tally.failed, tally.tried_again) == (8, {"gave up: 5xx": 2}, {"5xx": 6})
        assert {server.asked[question] for question in bad} == {3}
        assert set(ledger.failures().values()) == {"gave up: 5xx"}
        server.behave = good
        tally = ask(requests(10), ledger, limits)
    assert (tally.answered_before, tally.answered, ledger.failures()) == (8, 2, {})


def test_a_refused_request_is_not_asked_again_unless_wanted(ledger):
    refuse = Answer(status=400, body=error("rejected", code="content_policy_violation"))
    with ChatServer(lambda asked: refuse if asked.question == "question 30" else good(asked)) as server:
        limits = config(base_url=server.url, max_concurrency=4)
        first, second = ask(requests(40), ledger, limits), ask(requests(40), ledger, limits)
        third = ask(requests(40), ledger, limits, retry_failed=True)
    assert (first.answered, first.failed) == (39, {"content policy": 1})
    assert (second.answered_before, second.failed_before, second.answered) == (39, 1, 0)
    assert third.failed == {"content policy": 1}
    assert server.asked["question 30"] == 2
    assert {first.left, second.left, third.left} == {0}


@pytest.mark.parametrize(
    ("answer", "stopped"),
    [
        (Answer(status=429, body=error("quota", code="insufficient_quota")), "quota: no money left at the endpoint"),
        (Answer(status=401, body=error("bad key")), "key: the endpoint refuses the key (401: bad key)"),
        (Answer(status=404, body=error("no such model")), "model: the endpoint does not know the model"),
        (Answer(status=429, headers={"retry-after": "86400"}), "endpoint: it asks to wait 24.0 hours"),
    ],
)
def test_the_run_stops_with_one_line(ledger, answer, stopped):
    with ChatServer(lambda asked: answer if sum(server.asked.values()) > 30 else good(asked)) as server:
        tally = ask(requests(1000), ledger, config(base_url=server.url, price_in=1.0, price_out=1.0))
    assert tally.stopped.startswith(stopped)
    assert len(tally.summary().splitlines()) == 1
    assert tally.answered == 30 == ledger.num_replies()
    assert sum(server.asked.values()) < 100
    assert tally.asked < 200  # the rest of the stream was not even read
    assert tally.left == tally.asked - 30
    assert ledger.doubtful_usd() == 0 and not ledger.failures()


def test_an_endpoint_that_is_down_stops_the_run(ledger):
    with ChatServer(lambda asked: Answer(status=502)) as server:
        tally = ask(requests(1000), ledger, config(base_url=server.url, max_tries=2))
    assert tally.stopped.startswith("endpoint: 20 requests in a row brought no reply, the last one because")
    assert sum(server.asked.values()) < 300


def test_requests_that_are_all_refused_stop_the_run_and_are_asked_again(ledger):
    """Settings that the endpoint does not like must not mark thousands of requests as failed for good."""
    tally = ask(requests(1000), ledger, config(), model=Scripted(lambda _: RequestFailed("no", reason="400")))
    assert tally.stopped.startswith("endpoint: 20 requests in a row")
    assert ledger.failures(lasting_only=True) == {}
    assert ask(requests(1000), ledger, config(), model=Scripted(echo)).answered == 1000


def test_the_stream_is_read_as_it_is_needed(ledger):
    behind = []
    seen = 0

    def stream():
        for number in range(3000):
            behind.append(number - seen)
            yield request(f"question {number}")

    def reply(asked):
        nonlocal seen
        seen += 1
        return "yes"

    ask(stream(), ledger, config(max_concurrency=8), model=Scripted(reply))
    assert max(behind) <= 8 + workers.SPARE_WORKERS + pending.FEW
    assert ledger.num_replies() == 3000


def test_memory_is_bounded(ledger):
    alive, most = weakref.WeakSet(), 0

    def stream():
        nonlocal most
        for one in requests(3000):
            alive.add(one)
            most = max(most, len(alive))
            yield one

    ask(stream(), ledger, config(max_concurrency=8), model=Scripted(echo))
    assert most < 8 + 2 * (workers.SPARE_WORKERS + pending.FEW)


def test_the_same_request_twice_is_asked_once(ledger):
    both = [one for number in range(50) for one in (request(f"q {number}"), request(f"q {number}", tag="other"))]
    asked = Counter()
    tally = ask(both + both, ledger, config(), model=Scripted(lambda one: asked.update([one.key]) or "yes"))
    assert set(asked.values()) == {1}
    assert (tally.asked, tally.answered, tally.repeated + tally.answered_before, tally.left) == (200, 50, 150, 0)


def test_what_the_source_raises_comes_out_after_replies_are_recorded(ledger):
    def stream():
        yield from requests(40)
        raise DataError("scenes.json: broken")

    with pytest.raises(DataError, match=r"^scenes.json: broken$"):
        ask(stream(), ledger, config(max_concurrency=4), model=Scripted(echo, latency_s=0.01))
    assert 0 < ledger.num_replies() <= 40
    assert ledger.doubtful_usd() == 0


def test_a_fault_of_the_model_is_not_swallowed(ledger):
    with pytest.raises(ZeroDivisionError):
        ask(requests(10), ledger, config(), model=Scripted(lambda asked: ZeroDivisionError()))


def test_a_reply_is_on_the_disk_before_it_is_counted(ledger, monkeypatch):
    written = set()
    write = Ledger.write

    def told(self, statements):
        statements = list(statements)
        write(self, statements)
        written.update(values[0] for sql, values in statements if "INTO replies" in sql)

    monkeypatch.setattr(Ledger, "write", told)
    done = pending.Pending.done
    monkeypatch.setattr(
        pending.Pending,
        "done",
        lambda self, one, failed: (done(self, one, failed=failed), seen.append(one.key in written)),
    )
    seen: list[bool] = []
    ask(requests(200), ledger, config(), model=Scripted(echo))
    assert seen == [True] * 200


def test_a_full_disk_stops_in_one_line_and_the_next_run_goes_on(tmp_path):
    path = tmp_path / "ledger.sqlite"
    text = "word " * 500
    with Ledger(path) as ledger:
        ask(requests(20), ledger, config(), model=Scripted(lambda asked: text))
        pages = ledger._writer.execute("PRAGMA page_count").fetchone()[0]
        ledger._writer.execute(f"PRAGMA max_page_count={pages + 40}")
        with pytest.raises(DataError, match=r"database or disk is full.*replies under way could not be kept") as caught:
            ask(requests(2000), ledger, config(price_in=1, price_out=1), model=Scripted(lambda asked: text))
        assert len(str(caught.value).splitlines()) == 1
        kept = ledger.num_replies()
        assert 20 < kept < 200
    asked = Counter()
    tally = ask(requests(2000), path, config(), model=Scripted(lambda one: asked.update([one.key]) or text))
    assert (tally.answered_before, tally.answered) == (kept, 2000 - kept)
    assert asked.total() == 2000 - kept


def test_replies_outlive_a_short_fault_of_the_disk(ledger, monkeypatch):
    write, calls = Ledger.write, []

    def fail_once(self, statements):
        calls.append(1)
        if len(calls) == 5:
            raise DataError("ledger: cannot write to it (disk I/O error)")
        write(self, statements)

    monkeypatch.setattr(Ledger, "write", fail_once)
    asked = Counter()
    tally = ask(requests(300), ledger, config(), model=Scripted(lambda one: asked.update([one.key]) or "yes"))
    assert tally.answered == ledger.num_replies() == asked.total() == 300


def test_replies_outlive_a_longer_fault_of_the_disk(ledger, monkeypatch):
    write, calls = Ledger.write, []

    def fail_for_a_while(self, statements):
        calls.append(1)
        if 5 <= len(calls) < 9:
            raise DataError("ledger: cannot write to it (disk I/O error)")
        write(self, statements)

    monkeypatch.setattr(Ledger, "write", fail_for_a_while)
    asked = Counter()
    with pytest.raises(DataError, match="disk I/O error"):
        ask(requests(300), ledger, config(), model=Scripted(lambda one: asked.update([one.key]) or "yes"))
    assert ledger.num_replies() == asked.total()


@pytest.mark.parametrize("failure", [StopAsking("x", reason="quota"), TryLater("x", reason="5xx", retry_after_s=0)])
def test_nothing_is_doubtful_where_nothing_was_charged(ledger, failure):
    limits = config(price_in=1.0, price_out=1.0, max_tries=2)
    ask(requests(5), ledger, limits, model=Scripted(lambda asked: failure))
    assert ledger.doubtful_usd() == 0 == ledger.spent_usd()


def test_half_a_character_in_a_reply_can_be_stored(ledger):
    ask(requests(1), ledger, config(), model=Scripted(lambda asked: Completion(text="a\ud800\x00b", model="m")))
    assert ledger.reply(request().key).completion.text == "a?b"


def test_one_reply_that_cannot_be_stored_fails_its_request_and_takes_no_other_along(ledger):
    """Forty replies come while the first is written, and wait for one commit together."""

    def says(asked):
        number = 2**64 if asked.messages[-1].text == "question 7" else 3
        return Completion(text="yes", model="m", num_prompt_tokens=10, num_completion_tokens=number)

    limits = config(price_in=1.0, price_out=1.0, max_concurrency=64)
    tally = ask(requests(40), ledger, limits, model=Scripted(says, latency_s=0.05))
    assert (tally.answered, tally.failed, tally.state) == (39, {"cannot be stored": 1}, State.done)
    assert ledger.num_replies() == 39 and ledger.failures(lasting_only=True) == {}
    # What it cost is not forgotten.
    assert ledger.doubtful_usd() > 0


def test_the_summary_is_one_line_that_says_all():
    tally = Tally(
        asked=1020, answered_before=1000, answered=5, failed={"400": 2, "gave up: 5xx": 1}, usd=1.234,
        state=State.interrupted, stopped="interrupted", repeated=3, usd_doubtful=0.5,
    )  # fmt: skip
    assert tally.left == 9
    assert tally.summary() == (
        "5 answered, 1,000 answered before, 3 failed (400 2, gave up: 5xx 1), 3 repeated, 9 left, $1.23, "
        "up to $0.50 more for sendings without a reply; stopped: interrupted"
    )


def test_the_key_is_in_no_file_no_line_and_no_error(tmp_path, monkeypatch, caplog, capfd):
    """A server that repeats the key in every way it can, through a run with every kind of ending."""
    canary = "sk-canary-0123456789abcdef"
    monkeypatch.setenv("SOME_KEY", canary)
    caplog.set_level(logging.DEBUG)
    answers = [
        Answer(body=completion(f"your key is {canary}", model=f"model-{canary}")),
        Answer(status=400, body=error(f"Bearer {canary}")),
        Answer(status=429, body=error(canary), headers={"retry-after": "0"}),
        Answer(body=f"<html>{canary}</html>"),
        Answer(drop="before"),
    ]
    with ChatServer(lambda asked: answers[sum(server.asked.values()) % 5]) as server:
        limits = config(base_url=server.url, api_key_env="SOME_KEY", max_tries=3, price_out=1.0)
        first = ask(requests(60), tmp_path / "l.sqlite", limits, progress=True, total=60)
        server.behave = lambda asked: Answer(status=401, body=error(f"Incorrect API key provided: {canary}"))
        second = ask(requests(99), tmp_path / "l.sqlite", limits, progress=True)
    assert first.answered and first.failed and second.stopped.startswith("key: ")
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    said = "".join([repr(first), repr(second), first.summary(), second.summary(), caplog.text, *capfd.readouterr()])
    assert b"your key is ***" in written
    assert canary.encode() not in written
    assert canary not in said
    assert "asking: " in said
