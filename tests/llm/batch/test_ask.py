"""The Batch API, against a real HTTP server: limits, money, failures, waiting."""

import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from llavapose.errors import ConfigError
from llavapose.llm.batch.ask import ask_by_batch
from llavapose.llm.batch.book import under_way
from llavapose.llm.batch.draft import FileLimits
from llavapose.llm.budget import Budget
from llavapose.llm.ledger.ledger import Ledger
from tests.llm.batch_runs import PRICE_IN, PRICE_OUT, REPLY_USD, command, endpoint, requests
from tests.llm.batch_server import BatchServer, Fault, answer_of, lost_line, refused_line, serving


def replies(path):
    with Ledger(path) as ledger:
        rows = ledger.database.execute("SELECT key, text, usd FROM replies").fetchall()
        return {key: (text, usd) for key, text, usd in rows}


def test_everything_is_answered_once_at_half_price(tmp_path):
    asked = requests(10)
    with serving(BatchServer()) as account:
        tally = command(tmp_path / "l.db", account.url, asked)
    assert (tally.asked, tally.answered, tally.failed, tally.stopped, tally.left) == (10, 10, {}, None, 0)
    assert tally.usd == pytest.approx(10 * REPLY_USD)
    assert sorted(len(one) for one in account.accepted) == [2, 4, 4]
    assert Counter(key for one in account.accepted for key in one) == Counter(request.key for request in asked)
    found = replies(tmp_path / "l.db")
    assert found == {one.key: (f"reply to {one.messages[-1].text}", pytest.approx(REPLY_USD)) for one in asked}
    name, data = account.files["file-1"]
    line = json.loads(data.splitlines()[0])
    assert name.startswith("llavapose-") and line["url"] == "/v1/chat/completions" and line["method"] == "POST"
    assert line["body"]["max_tokens"] == 100 and line["custom_id"] == asked[0].key
    assert all(batch["metadata"]["llavapose_batch"] for batch in account.batches.values())


def test_a_second_run_sends_nothing(tmp_path):
    with serving(BatchServer()) as account:
        command(tmp_path / "l.db", account.url, requests(5))
        account.log.clear()
        tally = command(tmp_path / "l.db", account.url, [*requests(5), *requests(2)])
    assert (tally.asked, tally.answered_before, tally.repeated, tally.left) == (7, 5, 2, 0)
    assert account.log == []


def test_the_limits_are_those_of_the_api():
    assert (FileLimits().max_requests, FileLimits().max_bytes) == (50_000, 200_000_000)


def test_a_file_holds_one_model(tmp_path):
    asked = requests(4)
    asked[2:] = [replace(one, model="gpt-other") for one in asked[2:]]
    with serving(BatchServer()) as account:
        assert command(tmp_path / "l.db", account.url, asked).answered == 4
    assert [len(one) for one in account.accepted] == [2, 2]


def test_the_key_is_nowhere(tmp_path, caplog):
    def answer(line, nth):
        reply = answer_of(line)
        reply["response"]["body"]["choices"][0]["message"]["content"] = "your key is sk-canary-123456"
        return "output", reply

    def failing(lines):
        key_told = {"code": "odd", "message": "Incorrect key sk-canary-123456", "line": None}
        return [key_told] if not account.accepted and len(account.batches) == 1 else []

    faults = [Fault(at="POST /v1/files", how=500, code="sk-canary-123456")]
    with serving(BatchServer(answer=answer, failing=failing, faults=faults)) as account:
        assert command(tmp_path / "l.db", account.url, requests(3)).answered == 3
        account.faults = [Fault(at="POST /v1/files", how=401, code="sk-canary-123456")]
        tally = command(tmp_path / "l.db", account.url, requests(5))
    assert tally.stopped is not None and tally.stopped.startswith("key: ") and "canary" not in tally.stopped
    assert "500" in caplog.text and "canary" not in caplog.text
    assert not [path for path in tmp_path.iterdir() if b"canary" in path.read_bytes()]


def test_files_keep_within_bytes(tmp_path):
    asked = requests(9, "a rather long question " * 20)
    with serving(BatchServer()) as account:
        command(tmp_path / "l.db", account.url, asked, max_requests=100, max_bytes=3000)
    uploaded = [data for name, data in account.files.values() if name.startswith("llavapose")]
    assert max(map(len, uploaded)) <= 3000 and len(uploaded) > 2
    assert not account.wrong and sum(map(len, account.accepted)) == 9


def test_what_fits_no_file_fails_and_is_named(tmp_path):
    asked = [*requests(2), *requests(1, "long " * 2000)]
    with serving(BatchServer()) as account:
        tally = command(tmp_path / "l.db", account.url, asked, max_bytes=3000)
    assert (tally.answered, tally.failed) == (2, {"too long": 1})


def test_the_account_never_holds_more_tokens_than_allowed(tmp_path):
    asked = requests(30, "one two three four five six seven eight nine ten")
    with serving(BatchServer(polls=3)) as account:
        tally = command(tmp_path / "l.db", account.url, asked, enqueued_tokens=100, max_requests=50)
    assert tally.answered == 30 and len(account.accepted) > 5
    assert account.most_enqueued <= 110  # the server counts a little differently


def test_a_batch_refused_for_the_token_limit_waits_and_is_no_try(tmp_path):
    asked = requests(12, "one two three four five six seven eight nine ten")
    with serving(BatchServer(polls=3, enqueued_tokens=50)) as account:
        tally = command(tmp_path / "l.db", account.url, asked, max_tries=1, max_requests=50)
    assert (tally.answered, tally.failed, tally.tried_again) == (12, {}, {})
    assert account.most_enqueued <= 50 and not account.wrong
    assert any(batch["status"] == "failed" for batch in account.batches.values())


def test_a_token_limit_told_by_status_429_waits_too(tmp_path):
    faults = [Fault(at="POST /v1/batches", how=429, code="token_limit_exceeded")]
    with serving(BatchServer(faults=faults)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(3), max_tries=1)
    assert (tally.answered, tally.failed) == (3, {}) and not account.wrong


def test_others_fill_the_account(tmp_path):
    with serving(BatchServer(enqueued_tokens=1)) as account:
        threading.Timer(0.3, lambda: setattr(account, "enqueued_tokens", 10_000)).start()
        tally = command(tmp_path / "l.db", account.url, requests(8), max_tries=1)
    assert tally.answered == 8 and not account.wrong


@pytest.mark.parametrize("code", ["batch_expired", "batch_cancelled"])
def test_expired_and_cancelled_requests_are_sent_again(tmp_path, code):
    def answer(line, nth):
        late = line["body"]["messages"][-1]["content"] in ("question 1", "question 2") and nth == 1
        return ("error", lost_line(line, code)) if late else ("output", answer_of(line))

    with serving(BatchServer(answer=answer)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(4))
    assert (tally.answered, tally.failed) == (4, {})
    assert tally.tried_again == {code.removeprefix("batch_"): 2} and not account.wrong
    assert tally.usd == pytest.approx(4 * REPLY_USD) and tally.usd_doubtful == 0
    assert [len(one) for one in account.accepted] == [4, 2]


def test_what_never_succeeds_is_given_up_with_a_reason(tmp_path):
    def answer(line, nth):
        number = int(line["body"]["messages"][-1]["content"].split()[-1])
        return {
            0: ("output", answer_of(line)),
            1: ("error", lost_line(line)),
            2: ("error", refused_line(line, 500, "server_error")),
            3: ("error", refused_line(line, 400, "content_policy_violation")),
            4: ("nowhere", {}),
            5: ("output", "this is not JSON"),
        }[number]

    asked = requests(6)
    with serving(BatchServer(answer=answer)) as account:
        tally = command(tmp_path / "l.db", account.url, asked, max_requests=10)
        assert tally.answered == 1
        reasons = {"gave up: expired": 1, "gave up: 5xx": 1, "content policy": 1, "gave up: no line": 2}
        assert tally.failed == reasons and tally.left == 0
        assert [account.times[one.key] for one in asked] == [1, 3, 3, 1, 3, 3]
        assert tally.usd_doubtful > 0  # what the server does not name may have been charged
        with Ledger(tmp_path / "l.db") as ledger:
            assert ledger.failures()[asked[3].key] == "content policy"
            assert ledger.spent_usd() == pytest.approx(tally.usd + tally.usd_doubtful)
        # The next command asks again what was given up, from the first try on, and not what was refused for good.
        account.answer = lambda line, nth: ("output", answer_of(line))
        again = command(tmp_path / "l.db", account.url, asked, max_requests=10)
    assert (again.answered_before, again.answered, again.left) == (1, 4, 1 - again.failed_before)


def test_lines_that_a_check_names_fail_and_the_others_go_on(tmp_path):
    def failing(lines):
        for number, line in enumerate(lines, 1):
            if line["body"]["messages"][-1]["content"] == "question 1":
                return [{"code": "invalid_request", "message": "too odd", "line": number}]
        return []

    with serving(BatchServer(failing=failing)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(4))
    assert (tally.answered, tally.failed) == (3, {"400": 1}) and not account.wrong


def test_a_newer_model_is_told_the_longest_reply_by_its_name(tmp_path):
    def answer(line, nth):
        if "max_tokens" in line["body"]:
            text = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return "error", refused_line(line, 400, "unsupported_parameter", text)
        return "output", answer_of(line)

    with serving(BatchServer(answer=answer)) as account:
        assert command(tmp_path / "l.db", account.url, requests(3)).answered == 3
        command(tmp_path / "l.db", account.url, requests(6))
    assert all(account.times[one.key] == 1 for one in requests(6)[3:])


def test_no_money_at_the_endpoint_stops_with_one_line_and_collects_the_rest_first(tmp_path):
    faults = [Fault(at="POST /v1/batches", nth=2, how=429, code="insufficient_quota")]
    with serving(BatchServer(faults=faults)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(8))
        assert tally.stopped is not None and tally.stopped.startswith("quota: ") and "\n" not in tally.stopped
        again = command(tmp_path / "l.db", account.url, requests(8))
    assert tally.answered + again.answered + again.answered_before == 8 + tally.answered and not account.wrong


def test_quota_in_the_lines_is_no_try(tmp_path):
    def answer(line, nth):
        return ("error", refused_line(line, 429, "insufficient_quota")) if nth == 1 else ("output", answer_of(line))

    with serving(BatchServer(answer=answer)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(3), max_tries=1)
        assert (tally.answered, tally.failed, tally.left) == (0, {}, 3)
        assert tally.stopped is not None and tally.stopped.startswith("quota: ")
        assert command(tmp_path / "l.db", account.url, requests(3), max_tries=1).answered == 3


def test_the_cap_counts_what_lies_in_batches(tmp_path):
    worst = Budget(max_usd=None, price_in=PRICE_IN, price_out=PRICE_OUT).worst_usd(requests(1)[0], share=0.5)
    cap = 5.5 * worst
    most = 0.0

    class Watching(BatchServer):
        def advance(self, batch):
            nonlocal most
            running = sum(len(self.lines(b)) for b in self.batches.values() if b["status"] != "completed")
            most = max(most, running * worst + len(self.answered) * REPLY_USD)
            return super().advance(batch)

    with serving(Watching()) as account:
        tally = command(tmp_path / "l.db", account.url, requests(40), max_usd=cap, max_requests=2)
    assert tally.stopped == "budget" and most <= cap + 1e-9
    assert tally.usd <= cap and 5 < tally.answered < 40
    assert cap - tally.usd < worst + 1e-9  # all that was allowed has been used


def test_the_cap_counts_batches_of_an_earlier_run(tmp_path):
    worst = Budget(max_usd=None, price_in=PRICE_IN, price_out=PRICE_OUT).worst_usd(requests(1)[0], share=0.5)
    with serving(BatchServer(polls=1000)) as account:
        command(tmp_path / "l.db", account.url, requests(4), wait=False)
        tally = command(tmp_path / "l.db", account.url, requests(8), wait=False, max_usd=4.5 * worst)
    assert len(account.batches) == 1
    assert tally.stopped is not None and "budget" in tally.stopped


def test_not_waiting_says_what_is_under_way_and_the_next_day_collects(tmp_path):
    asked = requests(6)
    with serving(BatchServer()) as account:
        tally = command(tmp_path / "l.db", account.url, asked, wait=False)
        assert tally.stopped == "2 batches of 6 requests (2 sent) under way"
        assert (tally.asked, tally.answered, tally.left) == (6, 0, 6)
        with Ledger(tmp_path / "l.db") as ledger:
            assert under_way(ledger) == {one.key for one in asked}
        assert command(tmp_path / "l.db", account.url, asked, wait=False).stopped == (
            "2 batches of 6 requests (2 in progress (0 of 6)) under way"
        )
        # The next day the plan has changed: what was paid is collected all the same.
        tally = command(tmp_path / "l.db", account.url, asked[:3], wait=False)
    assert (tally.asked, tally.answered, tally.stopped) == (3, 3, None)
    assert len(replies(tmp_path / "l.db")) == 6 and not account.wrong and len(account.batches) == 2


def test_ctrl_c_leaves_all_resumable(tmp_path):
    with serving(BatchServer(polls=10**6)) as account:

        def interrupt():
            while len(account.accepted) < 2:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        tally = command(tmp_path / "l.db", account.url, requests(6), poll_s=0.05)
        assert (tally.stopped, tally.left) == ("interrupted", 6)
        account.polls = 0
        assert command(tmp_path / "l.db", account.url, requests(6)).answered == 6
    assert not account.wrong and len(account.batches) == 2


@pytest.mark.parametrize(
    ("how", "when"), [("drop", "before"), ("drop", "after"), ("drop", "late"), (500, "before"), (500, "after")]
)
@pytest.mark.parametrize("at", ["POST /v1/files", "POST /v1/batches", "GET /v1/batches", "GET /v1/files"])
def test_lost_answers_are_not_asked_for_twice(tmp_path, at, how, when):
    faults = [Fault(at=at, nth=nth, how=how, when=when) for nth in (1, 2)]
    with serving(BatchServer(faults=faults)) as account:
        tally = command(tmp_path / "l.db", account.url, requests(6))
    assert (tally.answered, tally.failed, tally.stopped) == (6, {}, None)
    assert not account.wrong and set(account.times.values()) == {1}


def test_a_batch_that_the_server_does_not_know_stops_in_one_line(tmp_path):
    with serving(BatchServer()) as account:
        command(tmp_path / "l.db", account.url, requests(3), wait=False)
        account.batches.clear()
        tally = command(tmp_path / "l.db", account.url, requests(3))
    assert tally.stopped is not None and "does not know the batch batch_1" in tally.stopped
    assert "sk-canary" not in tally.stopped and len(account.accepted) == 0


def test_an_output_file_that_is_gone_is_asked_again_and_counted_as_money(tmp_path):
    class Losing(BatchServer):
        def advance(self, batch):
            found = super().advance(batch)
            if batch["id"] == "batch_1" and found["status"] == "completed":
                self.files.pop(found["output_file_id"], None)
                self.answered.clear()
            return found

    with serving(Losing()) as account:
        tally = command(tmp_path / "l.db", account.url, requests(3))
    assert (tally.answered, tally.tried_again) == (3, {"no line": 3}) and tally.usd_doubtful > 0


def test_an_endpoint_without_batches_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with Ledger(tmp_path / "l.db") as ledger:
        budget = Budget(max_usd=None, price_in=0, price_out=0)
        config = endpoint("http://127.0.0.1:9/v1", api_key_env="NO_SUCH_KEY")
        with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
            ask_by_batch([], endpoint=config, ledger=ledger, budget=budget)
        config.has_batch = False
        with pytest.raises(ConfigError, match="has no Batch API"):
            ask_by_batch([], endpoint=config, ledger=ledger, budget=budget)


def test_the_live_line_tells_the_states(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-canary-123456")
    with serving(BatchServer()) as account, Ledger(tmp_path / "l.db") as ledger:
        budget = Budget(max_usd=5.0, price_in=PRICE_IN, price_out=PRICE_OUT)
        config = endpoint(account.url, api_key_env="A_KEY")
        tally = ask_by_batch(requests(3), endpoint=config, ledger=ledger, budget=budget, poll_s=0.01, total=3)
    shown = capsys.readouterr().err
    assert tally.answered == 3 and "3/3" in shown and "of $5.00" in shown
    assert "in 1 batch of 3 requests (1 in progress (0 of 3))" in shown and "canary" not in shown
