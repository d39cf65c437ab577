"""An audit of many samples: one or two processes find the same; files that break, grow or are huge end in words."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.errors import DataError, LlavaPoseError
from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.checks.audit import audit

ROOT = Path(__file__).parents[3]
ANSWERS = (
    "There are three people in the picture.",
    "There are nine people in the picture.",
    "The keypoints show that there are nine people in the picture.",
    "It is a street with a red car, a long wall, two trees and a shop that sells bread from the village.",
)


def record(number: int, answer: str, **more: object) -> dict[str, object]:
    messages = [{"from": "human", "value": "<image>\nHow many?"}, {"from": "gpt", "value": answer}]
    return {"id": str(number), "image": "three.png", "kind": "conv", "conversations": messages, **more}


def write(path: Path, lines: list[object]) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def scenes(three: Scene, tmp_path: Path) -> SceneSet:
    many = tuple(replace(three, id=number, image=f"{number}.png") for number in range(40))
    return SceneSet(scenes=(three, *many), images=tmp_path)


def test_one_process_and_two_find_the_same(tmp_path: Path, scenes: SceneSet) -> None:
    rng = random.Random(0)
    lines: list[object] = [
        record(number, f"{rng.choice(ANSWERS)} Word{rng.randrange(2_000)}.", image=f"{rng.randrange(60)}.png",
               kind=rng.choice(("conv", "detail", "complex")))
        for number in range(3_000)
    ]  # fmt: skip
    lines[1_500:1_500] = ["{broken", {"id": "x"}, record(7, ANSWERS[0])]
    path = write(tmp_path / "samples.jsonl", lines)
    one, two = audit(path, None, scenes, processes=1), audit(path, None, scenes, processes=2)
    assert one.num_problems == 3 and len(one.worst) == 20 and one.duplicates.pairs
    assert "samples.jsonl:1501" in one.problems[0] and "id 7 is already" in one.problems[2]
    assert one == two


def test_a_line_broken_in_the_middle_is_named_and_the_others_are_counted(tmp_path: Path, scenes: SceneSet) -> None:
    lines: list[object] = [record(number, ANSWERS[0]) for number in range(2_000)]
    lines[999] = json.dumps(lines[999])[:60]
    report = audit(write(tmp_path / "samples.jsonl", lines), None, scenes)
    assert (report.num_samples, report.num_problems) == (1_999, 1)
    assert "samples.jsonl:1000 is not JSON" in report.problems[0]


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path, scenes: SceneSet) -> None:
    path = write(tmp_path / "samples.jsonl", [record(number, ANSWERS[0]) for number in range(4_000)])
    ended = threading.Event()

    def grow() -> None:
        at = 10_000
        with path.open("a") as stream:
            while not ended.wait(0.01):
                stream.write(json.dumps(record(at, ANSWERS[0])) + "\n")
                stream.flush()
                at += 1

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        with pytest.raises(DataError, match=r"samples\.jsonl was changed while it was read") as caught:
            audit(path, None, scenes)
    finally:
        ended.set()
        growing.join()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        ("There are nine people in the picture. ", True),
        ("The keypoints show it. ", False),
        ("word ", False),
        ("word", False),
        ("(0.1, 0.2) ", False),
    ],
)
def test_an_answer_of_a_megabyte_costs_its_length(
    tmp_path: Path, scenes: SceneSet, sentence: str, claims: bool
) -> None:
    def seconds(size: int) -> float:
        text = (sentence * (size // len(sentence))).strip()
        path = write(tmp_path / "samples.jsonl", [record(0, text)])
        start = time.process_time()
        audit(path, None, scenes if claims else None)
        return time.process_time() - start

    few, many = seconds(100_000 // (10 if claims else 1)), seconds(800_000 // (10 if claims else 1))
    assert many < 8 * 3 * few + 0.2, (few, many)


def test_a_process_that_is_killed_is_told(tmp_path: Path, scenes: SceneSet) -> None:
    path = write(tmp_path / "samples.jsonl", [record(number, ANSWERS[3] * 40) for number in range(6_000)])
    ended = threading.Event()

    def kill_one() -> None:
        while not ended.wait(0.05):
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                words = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"spawn_main" in words:
                    os.kill(int(child), signal.SIGKILL)
                    return

    killing = threading.Thread(target=kill_one)
    killing.start()
    try:
        with pytest.raises(LlavaPoseError, match=r"process .* ended") as caught:
            audit(path, None, scenes, processes=2)
    finally:
        ended.set()
        killing.join()
    assert "\n" not in str(caught.value)


def test_nothing_is_left_of_an_audit_that_was_killed(tmp_path: Path) -> None:
    path = write(tmp_path / "samples.jsonl", [record(number, ANSWERS[3] * 40) for number in range(20_000)])
    words = [sys.executable, str(ROOT / "generate.py"), f"audit={path}", f"scenes.root={tmp_path}", "output_dir=out"]
    run = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers: list[int] = []
    deadline = time.monotonic() + 60
    while not workers and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        workers = [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    assert workers, "two processes were expected of 20,000 samples"
    run.kill()
    run.wait()
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_alive(pid) for pid in workers)
    assert not [one for one in (tmp_path / "out").rglob("*") if one.is_file() and one.name.startswith(".index")]
    assert not (tmp_path / "out" / "page" / "index.html").exists()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
