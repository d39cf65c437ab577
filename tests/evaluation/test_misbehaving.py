"""A server that misbehaves for a fifth of its replies, in every way of tests/llm, as judge and as answerer."""

import hashlib
import json
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.cli.evaluations import evaluate_one
from llavapose.config.compose import settings
from llavapose.config.scenes import ScenesConfig
from llavapose.config.start import conf_folder
from llavapose.errors import LlavaPoseError
from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.world import WorldBenchmark
from llavapose.llm.live import workers
from llavapose.llm.wire.gate import prose
from tests import warm
from tests.evaluation.judges.scripted_judge import FENCE
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion, text_of
from tests.llm.misbehaving import MISBEHAVIOURS, TERMINAL_CODES, Exchange, Misbehaviour, Server, Usage
from tests.llm.misbehaving_client import BY_NAME

pytestmark = pytest.mark.usefixtures("plain_plots")

ROOT = Path(__file__).parents[2]
NUM_IMAGES = 8
NUM_QUESTIONS = 3 * NUM_IMAGES
JUDGE = "judge-pair-keypoints"
WORTH = {"baseline": 4.0, "full": 7.0}
FIRST = 0.5
REFUSES = "unauthorized_terminal_codes"
# The two that are waited out cost a timeout each.
WAITED_OUT, TIMEOUT_S = ("slow_drip", "stalls_mid_body"), 3.0
MIXED = tuple(one for one in MISBEHAVIOURS if one.name != REFUSES)


class Mixed:
    """All misbehaviours but the one that ends a run, drawn anew for every reply; ``told`` is what was sent and how.

    A reply that does not count as good says something else than a good one would: whoever takes it gives itself away.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.way = Misbehaviour("mixed", "Any of them.", self._respond, Usage.MISSING, counts_as_good=False)

    def _respond(self, exchange: Exchange):
        one = MIXED[exchange.turn % len(MIXED)]
        self.told.append((exchange.text, one.name))
        text = exchange.text if one.counts_as_good else otherwise(exchange.text)
        # Its turn decides which form of it, and has just decided which of them it is.
        yield from one.respond(replace(exchange, text=one.alter(text), turn=exchange.turn // len(MIXED)))


def otherwise(text: str) -> str:
    """What a bad reply says: another verdict, whole even in its first half; another answer."""
    verdict = next((line.rpartition(":")[0] for line in text.splitlines() if line.startswith("Ratings ")), "")
    first = f"{verdict}: 1.00 1.00\n" if verdict else "WRONG "
    return first + "and so it is, " * (2 + len(first) // 14)


def judged(body: dict) -> str:
    """The scripted judge's reply, with a mark of its own; what a server adds at its end spoils no verdict."""
    told = FENCE.findall(text_of(body["messages"][-1]["content"]))
    values = [float(text.split()[1]) + FIRST * (number == "1") if "worth" in text else 2.0 for number, _, text in told]
    return f"So it is.\nRatings {told[0][1]}: {' '.join(f'{value:.2f}' for value in values)}\nThat is all."


def answered(body: dict) -> str:
    """An answer that no other question has."""
    content = body["messages"][-1]["content"]
    return f"RIGHT {hashlib.sha256(json.dumps(content).encode()).hexdigest()} {text_of(content)}"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(workers, "BACKOFF_S", 0.02)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("world")
    scenes = ScenesConfig(name="world", root=root, num_train=40, num_val=40, image_size=64)
    write_questions(root / "questions.jsonl", WorldBenchmark(scenes, NUM_IMAGES).questions)
    return root


def common(world: Path, out: Path, controls: str = "") -> list[str]:
    return [
        f"output_dir={out}", f"scenes.root={world}", "scenes.num_train=40", "scenes.num_val=40",
        "scenes.image_size=64", "benchmark=file", f"benchmark.path={world / 'questions.jsonl'}",
        f"controls=[{controls}]", "probe.enabled=false", "text_only=false", "tables=false",
    ]  # fmt: skip


def from_file(world: Path, out: Path, arm: str) -> list[str]:
    """An arm's answers, made elsewhere."""
    file = out.parent / f"{arm}.answers.jsonl"
    questions = [json.loads(line) for line in (world / "questions.jsonl").read_text().splitlines()]
    told = ({"question_id": one["id"], "text": f"worth {WORTH[arm]} {one['id']}"} for one in questions)
    file.write_text("".join(json.dumps(row) + "\n" for row in told))
    return [*common(world, out), "answerer=file", f"answerer.path={file}", f"arm={arm}"]


def judging(server: Server) -> list[str]:
    return [
        "judge.endpoint=vllm", f"judge.endpoint.base_url={server.base_url}", "judge.endpoint.model=judge",
        "judge.context=keypoints", f"judge.endpoint.timeout_s={TIMEOUT_S}",
    ]  # fmt: skip


def answering(server: Server) -> list[str]:
    return [
        "answerer=endpoint", "answerer.endpoint=vllm", f"answerer.endpoint.base_url={server.base_url}",
        "answerer.endpoint.model=served", f"answerer.endpoint.timeout_s={TIMEOUT_S}", "arm=served",
    ]  # fmt: skip


def until_done(words: list[str]) -> None:
    """The same command until it is through; what stops it is one line that says how it goes on."""
    for _ in range(6):
        try:
            return evaluate_one(settings("evaluate", conf_folder(), words))
        except LlavaPoseError as error:
            told = str(error)
            assert len(told.splitlines()) == 1 and told.isprintable() and "the same command goes on" in told, told
    raise AssertionError(told)


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def good_replies(server: Server, mixed: Mixed) -> Counter[str]:
    """Request -> how often it got a good reply, however strangely sent."""
    # No two requests have the same reply: text by text, the server's log and the mixture's are in the same order.
    ways: dict[str, list[str]] = {}
    for text, way in mixed.told:
        ways.setdefault(text, []).append(way)
    found = Counter()
    for one in server.log:
        if not one.misbehaved or BY_NAME[ways[one.text].pop(0)].counts_as_good:
            found[one.body_hash] += 1
    return found


def test_a_judge_s_good_replies_are_all_kept_and_no_bad_one_is_a_verdict(world, tmp_path):
    mixed, out = Mixed(), tmp_path / "out"
    with Server(mixed.way, share=0.2, reply=judged) as server:
        for arm in WORTH:
            until_done([*from_file(world, out, arm), *judging(server)])
        good, asked = good_replies(server, mixed), {one.body_hash for one in server.log}
        # Beside the baseline stand the arm and the prior, in two orders each.
        assert len(asked) == 2 * 2 * NUM_QUESTIONS and len(mixed.told) > 10
        rows = [row for path in (out / "verdicts" / JUDGE).glob("*.jsonl") for row in rows_of(path)]
        assert len(rows) == 2 * len(asked), "a line a rating"
        for row in rows:
            worth = WORTH.get(row["arm"], 2.0) + (FIRST * (row["order"] == "ab") if row["arm"] in WORTH else 0)
            assert row["rating"] in (None, pytest.approx(worth)), row
        assert sum(row["rating"] is not None for row in rows) == 2 * len(good), "every good reply is kept"
        assert len(good) > 0.9 * len(asked) and all(row["reason"] for row in rows if row["rating"] is None)
        assert set(good.values()) == {1}, "nothing is paid twice"
        # All of it lies in the ledger: the verdicts are made again without a request.
        path, num = out / "verdicts" / JUDGE / "full.jsonl", len(server.log)
        before = path.read_bytes()
        path.unlink()
        until_done([*from_file(world, out, "full"), *judging(server)])
        assert path.read_bytes() == before and len(server.log) == num


def test_an_endpoint_s_good_answers_are_all_kept_and_no_bad_one_is_an_answer(world, tmp_path):
    mixed, out = Mixed(), tmp_path / "out"
    with Server(mixed.way, share=0.2, reply=answered) as server:
        words = [*common(world, out, "shuffled,no_picture"), *answering(server)]
        until_done(words)
        good, asked = good_replies(server, mixed), {one.body_hash for one in server.log}
        assert len(mixed.told) > 10 and set(good.values()) == {1}, "nothing is paid twice"
        files = sorted((out / "answers").rglob("served.jsonl"))
        rows = [row for path in files for row in rows_of(path)]
        # Without a picture, the same words about two pictures are one request.
        assert len(files) == 3 and len(rows) == 3 * NUM_QUESTIONS >= len(asked) > 2 * NUM_QUESTIONS
        whole = [row["text"] for row in rows if row["finish"] == "stop"]
        right = {prose(text) for one in server.log for text in (one.text, one.text + TERMINAL_CODES)}
        assert {text.strip() for text in right} >= set(whole) and len(set(whole)) == len(good)
        # What was cut off says so; what was refused for good is no answer, and says why.
        assert {row["finish"] for row in rows} <= {"stop", "length", "content_filter", "failed"}
        before, num = [path.read_bytes() for path in files], len(server.log)
        for path in files:
            path.unlink()
        until_done(words)
        assert [path.read_bytes() for path in files] == before and len(server.log) == num


def test_a_key_that_is_refused_ends_it_in_one_line(world, tmp_path):
    with Server(BY_NAME[REFUSES], share=1, reply=answered) as server:
        command = [sys.executable, str(ROOT / "evaluate.py"), *common(world, tmp_path / "out"), *answering(server)]
        done = warm.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, timeout=120)  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert f"0 of {NUM_QUESTIONS} questions of served are answered" in told and "(401: " in told and told.isprintable()
    assert not (tmp_path / "out" / "answers" / "served.jsonl").exists()


def test_what_a_filter_cuts_off_is_neither_a_verdict_nor_a_whole_answer(world, tmp_path):
    """A number at the end of what was cut off may lack digits: "10" would be a 1."""

    def cut(asked):
        text = (
            judged(asked.body).rpartition("\n")[0].rpartition(" ")[0] + " 1"
            if "[Answer 1" in asked.question
            else "The man is"
        )
        choice = {"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": text}}
        return Served(body=completion("", choices=[choice]))

    out = tmp_path / "out"
    with ChatServer(cut) as server:
        address = f"judge.endpoint.base_url={server.url}"
        words = ["judge.endpoint=vllm", address, "judge.endpoint.model=judge", "judge.context=keypoints"]
        with pytest.raises(LlavaPoseError, match="cut off at its verdict"):
            evaluate_one(settings("evaluate", conf_folder(), [*from_file(world, out, "baseline"), *words]))
        address = address.replace("judge", "answerer")
        words = ["answerer=endpoint", "answerer.endpoint=vllm", address, "answerer.endpoint.model=m", "arm=served"]
        evaluate_one(settings("evaluate", conf_folder(), [*common(world, out), *words]))
    rows = rows_of(out / "answers" / "served.jsonl")
    assert {(row["text"], row["finish"]) for row in rows} == {("The man is", "content_filter")}
