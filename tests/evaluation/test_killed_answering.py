"""Killed while an endpoint answers: the same command goes on, and nothing that was paid for is lost or paid again."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from llavapose.cli.evaluations import evaluate_one
from llavapose.config.compose import settings
from llavapose.config.start import conf_folder
from llavapose.llm.ledger.ledger import Ledger
from tests import warm
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import Asked, ChatServer, completion

ROOT = Path(__file__).parents[2]
NUM_IMAGES, UNDER_WAY = 8, 2
NUM_QUESTIONS = 3 * NUM_IMAGES
LOST = 2 * UNDER_WAY
"""Replies that a kill may cost: those under way, and of each the one before, where it is on its way to the disk."""


def slow(asked: Asked) -> Served:
    """Says what follows from question and picture alone, after a while."""
    content = json.dumps(asked.body["messages"][-1]["content"], sort_keys=True)
    text = f"The man {hashlib.sha256(content.encode()).hexdigest()[:12]} stands; his left arm is raised."
    return Served(body=completion(text), delay_s=0.2)


def words_of(folder: Path, world: Path, server: ChatServer) -> list[str]:
    return [
        f"output_dir={folder}", f"scenes.root={world}", "scenes.num_train=1", "scenes.num_val=40",
        "scenes.image_size=64", f"benchmark.num_images={NUM_IMAGES}", "probe.enabled=false", "controls=[]",
        "answerer=endpoint", "answerer.endpoint=vllm", f"answerer.endpoint.base_url={server.url}",
        "answerer.endpoint.model=m", f"answerer.endpoint.max_concurrency={UNDER_WAY}", "arm=served", "tables=false",
    ]  # fmt: skip


def evaluated(words: list[str]) -> None:
    evaluate_one(settings("evaluate", conf_folder(), words))


def start(words: list[str]) -> subprocess.Popen[str]:
    return warm.Popen(
        [sys.executable, str(ROOT / "evaluate.py"), *words], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> None:
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said


def killed(process: subprocess.Popen[str], server: ChatServer, num_replies: int) -> None:
    """Kill -9 once the server has sent so many replies in all."""
    deadline = time.monotonic() + 60
    while len(server.log) < num_replies and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended by itself"


def ledgers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.sqlite"))


def test_killed_twice_while_an_endpoint_answers_nothing_is_lost_or_asked_twice(tmp_path):
    world, out, whole = tmp_path / "world", tmp_path / "killed", tmp_path / "whole"
    with ChatServer(slow) as server:
        evaluated(words_of(whole, world, server))
        words = words_of(out, world, server)
        assert server.asked.total() == NUM_QUESTIONS
        before = dict(server.asked)
        for nth, num_replies in enumerate((6, 15), start=1):
            killed(start(words), server, NUM_QUESTIONS + num_replies)
            assert not (out / "answers" / "served.jsonl").exists(), "a finished name is always whole"
            (path,) = ledgers(out)
            with Ledger(path) as ledger:
                sent = len(server.log) - NUM_QUESTIONS
                assert sent - nth * LOST <= ledger.num_replies() < NUM_QUESTIONS
        finished(start(words))
        again = {question: server.asked[question] - num for question, num in before.items()}
        num_asked = sum(again.values())
        assert NUM_QUESTIONS <= num_asked <= NUM_QUESTIONS + 2 * LOST, "two kills"
        assert min(again.values()) >= 1
        evaluated(words)
        assert server.asked.total() == NUM_QUESTIONS + num_asked
    for name in ("answers/served.jsonl", "verdicts/pose/served.jsonl", "benchmark.jsonl"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    rows = [json.loads(line) for line in (out / "answers" / "served.jsonl").read_text().splitlines()]
    assert len(rows) == NUM_QUESTIONS and all(row["finish"] == "stop" for row in rows)
