"""The line that a person sees, and signals put back as they were."""

import signal
import threading

from llavapose.llm.failures import RequestFailed
from llavapose.llm.scripted import Scripted
from tests.llm.asking import ask, config, request, requests


def reply(asked):
    if asked.messages[-1].text == "question 15":
        return RequestFailed("no", reason="400")
    return "yes"


def test_the_line_says_how_far_how_fast_how_much_and_what_failed(tmp_path, capfd):
    limits = config(price_in=10_000.0, price_out=10_000.0)
    first = ask([request(f"question {i}") for i in range(5)], tmp_path / "l.sqlite", limits, model=Scripted(reply))
    assert capfd.readouterr().err == ""
    more = {"max_usd": 500.0, "progress": True, "total": 20}
    second = ask(requests(20), tmp_path / "l.sqlite", limits, model=Scripted(reply), **more)
    money = f"${first.usd + second.usd:.2f} of $500.00"
    line = capfd.readouterr().err.rpartition("\r")[2]
    for part in ("asking: 100%", "20/20", "/s", money, "0 under way", "failed: 400 1"):
        assert part in line, line


def test_signals_are_put_back(tmp_path):
    def mine(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, mine), signal.getsignal(signal.SIGINT)
    try:
        ask(requests(3), tmp_path / "l.sqlite", config(), model=Scripted(reply))
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGINT) is before[1]
    finally:
        signal.signal(signal.SIGTERM, before[0])


def test_outside_the_main_thread_it_works_without_signals(tmp_path):
    tallies = []
    thread = threading.Thread(
        target=lambda: tallies.append(ask(requests(3), tmp_path / "l.sqlite", config(), model=Scripted(reply)))
    )
    thread.start()
    thread.join()
    assert tallies[0].answered == 3
