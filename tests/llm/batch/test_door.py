"""Batches through the door: states to go on from, pictures in the files, and books that earlier versions wrote."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llavapose.config.choices import AskMode
from llavapose.llm.ask import open_door
from llavapose.llm.batch.book import Book
from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.pictures import picture_of
from tests.llm.batch_runs import REPLY_USD, command, endpoint, requests
from tests.llm.batch_server import BatchServer, answer_of, lost_line, serving


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(path)
    return path


def seeing(path: Path, text: str = "question", max_px: int | None = None) -> ChatRequest:
    message = Message(role="user", text=text, images=(picture_of(path, max_px=max_px),))
    return ChatRequest(messages=(message,), model="gpt-test", max_tokens=100)


def sent(account: BatchServer) -> list[list[dict]]:
    """The content of every line that was uploaded, file by file."""
    files = [data for name, data in account.files.values() if name.startswith("llavapose-")]
    return [[json.loads(one)["body"]["messages"][-1]["content"] for one in data.splitlines()] for data in files]


def test_batches_under_way_are_a_state_and_the_same_call_collects_them(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-canary-123456")

    def ask(url: str, max_usd: float | None) -> Tally:
        config = endpoint(url, api_key_env="SOME_KEY")
        with open_door(
            config, owner="judge.endpoint", ledger=tmp_path / "l.db", mode=AskMode.batch, wait=False,
            max_usd=max_usd, progress=False,
        ) as door:  # fmt: skip
            return door.ask(requests(4))

    with serving(BatchServer(polls=1)) as account:
        poor = ask(account.url, 1e-6)
        assert (poor.state, poor.stopped, poor.left) == (State.budget, "budget", 4)
        first = ask(account.url, None)
        assert first.state == State.batches and "1 batch of 4 requests" in (first.stopped or "")
        last = first
        for _ in range(5):
            if last.state == State.done:
                break
            last = ask(account.url, None)
        assert (last.state, last.answered, last.usd) == (State.done, 4, pytest.approx(4 * REPLY_USD))
        assert len(account.batches) == 1


def test_pictures_lie_in_the_file_and_are_read_again_for_a_second_one(tmp_path, picture):
    def answer(line, nth):
        return ("error", lost_line(line)) if nth == 1 else ("output", answer_of(line))

    asked = [seeing(picture), seeing(picture, max_px=2)]
    with serving(BatchServer(answer=answer)) as account:
        tally = command(tmp_path / "l.db", account.url, asked)
        first, second = sent(account)
    assert (tally.answered, tally.failed, account.wrong) == (2, {}, [])
    assert first == second
    urls = [content[0]["image_url"]["url"] for content in first]
    assert urls[0] == "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
    assert urls[1].startswith("data:image/jpeg;base64,")


def test_a_picture_that_is_gone_fails_its_request_alone(tmp_path, picture):
    asked = [seeing(picture), *requests(2)]
    picture.unlink()
    with serving(BatchServer()) as account:
        tally = command(tmp_path / "l.db", account.url, asked)
    assert (tally.answered, tally.failed, tally.left) == (2, {"picture is gone": 1}, 0)
    with Ledger(tmp_path / "l.db") as ledger:
        assert ledger.failures() and not ledger.failures(lasting_only=True)  # put back, it is asked


def test_the_book_gives_back_the_same_request(tmp_path, picture):
    with serving(BatchServer(polls=99)) as account, pytest.MonkeyPatch.context() as patch:
        patch.setattr("llavapose.llm.batch.run.time.sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        asked = [seeing(picture, max_px=2), *requests(1)]
        assert command(tmp_path / "l.db", account.url, asked).state == State.interrupted
    with Ledger(tmp_path / "l.db") as ledger:
        book = Book(ledger)
        (batch,) = book.open()
        assert list(book.requests(batch)) == asked
        # As version 0.1.0 wrote it: with "JSON mode", without pictures.
        old = {
            "messages": [{"role": "user", "text": "x"}], "model": "m", "max_tokens": 1, "temperature": None,
            "seed": None, "attempt": 0, "json_mode": False, "tag": "conv",
        }  # fmt: skip
        with ledger.transaction() as database:
            database.execute("UPDATE batch_lines SET request = ? WHERE line = 1", (json.dumps(old),))
        read = list(book.requests(batch))[1]
        message = Message(role="user", text="x")
        assert read == ChatRequest(messages=(message,), model="m", max_tokens=1, tag="conv")
