"""Killed at any moment, an evaluation goes on where it was, and leaves the same bytes as one that was never killed."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.answerers.file import FileAnswerer
from llavapose.evaluation.result_file import write_ready_rows, write_rows
from llavapose.records import Question
from tests import warm

ROOT = Path(__file__).parents[2]
FILES = ("answers/mine.jsonl", "probe/mine.jsonl", "verdicts/pose/mine.jsonl", "benchmark.jsonl")


def rows(start: int, stop: int, made: list[int] | None = None):
    for number in range(start, stop):
        if made is not None:
            made.append(number)
        yield {"number": number, "text": "é" * number}


@pytest.fixture
def whole(tmp_path) -> bytes:
    write_rows(tmp_path / "whole.jsonl", "a", range(10), lambda start: rows(start, 10), "row")
    return (tmp_path / "whole.jsonl").read_bytes()


def interrupted(path: Path, made: str, at: int, groups=range(10)) -> None:
    def failing(start):
        yield from rows(start, at)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(path, made, groups, failing, "row")
    assert not path.exists(), "a finished name is always whole"


@pytest.mark.parametrize(
    ("torn", "first"), [(b"", 6), (b'{"number": 7, "te', 6), (b'{"number": 7}', 6), (b"\0\0\n{}\n", 6)]
)
def test_a_torn_line_and_an_unfinished_group_are_made_again(tmp_path, whole, caplog, torn, first):
    path, groups, made = tmp_path / "x.jsonl", [n // 3 for n in range(10)], []
    interrupted(path, "a", 7, groups)
    with path.with_suffix(".jsonl.part").open("ab") as stream:
        stream.write(torn)
    with caplog.at_level("INFO"):
        write_rows(path, "a", groups, lambda start: rows(start, 10, made), "row")
    assert made[0] == first and path.read_bytes() == whole
    assert (
        f"goes on behind row 6 of an interrupted run; made again: 1 rows of an unfinished group, {int(bool(torn))} torn"
        in caplog.text
    )
    assert sorted(one.name for one in tmp_path.glob("x.*")) == ["x.jsonl", "x.made.json"]


def test_what_failed_before_its_first_row_leaves_nothing(tmp_path):
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"question_id": "b", "text": "A man."}\n')
    asked = [Question(id="a", scene_id=1, image="a.jpg", kind="conv", text="Who?")]

    def made(start):
        return ({"text": answer.text} for answer in FileAnswerer(answers).answers(asked, tmp_path, "x"))

    with pytest.raises(DataError, match="missing a"):
        write_rows(tmp_path / "answers" / "x.jsonl", "a", ["a"], made, "row")
    assert list((tmp_path / "answers").iterdir()) == []


def test_what_other_settings_began_is_never_continued(tmp_path, whole):
    path, made = tmp_path / "x.jsonl", []
    interrupted(path, "other", 7)
    write_rows(path, "a", range(10), lambda start: rows(start, 10, made), "row")
    assert made == list(range(10)) and path.read_bytes() == whole


def test_whole_but_not_renamed(tmp_path, whole):
    path, made = tmp_path / "x.jsonl", []
    interrupted(path, "a", 10)
    write_rows(path, "a", range(10), lambda start: rows(start, 10, made), "row")
    assert made == [] and path.read_bytes() == whole


ORDER = (2, 0, 1, 5, 3, 4, 8, 6, 7, 9)
"""Groups of three, each made from its last row on."""


def as_ready(start: int, done, made: list[int], stop: int = 10):
    for place, number in enumerate(ORDER[start:], start):
        if place == stop:
            raise KeyboardInterrupt
        if f"{number}" not in done:
            made.append(number)
            yield {"number": number, "text": "é" * number}


@pytest.mark.parametrize("stop", range(1, 11))
def test_rows_that_come_as_they_are_ready_are_kept_each(tmp_path, whole, stop):
    path, groups, names, made = tmp_path / "x.jsonl", [n // 3 for n in range(10)], [str(n) for n in range(10)], []
    told = {"names": names, "name": lambda row: str(row["number"])}
    if stop < 10:
        with pytest.raises(KeyboardInterrupt):
            write_ready_rows(path, "a", groups, lambda start, done: as_ready(start, done, made, stop), "row", **told)
        assert not path.exists() and made == list(ORDER[:stop])
        part = path.with_suffix(".jsonl.part")
        part.write_bytes(part.read_bytes() + b'{"number": 3, "te')
    write_ready_rows(path, "a", groups, lambda start, done: as_ready(start, done, made), "row", **told)
    assert sorted(made) == list(range(10)), "each row once, in two runs"
    assert path.read_bytes() == whole and sorted(one.name for one in tmp_path.glob("x.*")) == ["x.jsonl", "x.made.json"]


def test_rows_of_other_names_are_none_of_these(tmp_path, whole):
    """A line that was written by hand, or twice, is made anew."""
    path, groups, names, made = tmp_path / "x.jsonl", [n // 3 for n in range(10)], [str(n) for n in range(10)], []
    told = {"names": names, "name": lambda row: str(row.get("number"))}
    with pytest.raises(KeyboardInterrupt):
        write_ready_rows(path, "a", groups, lambda start, done: as_ready(start, done, made, 4), "row", **told)
    part = path.with_suffix(".jsonl.part")
    part.write_bytes(part.read_bytes() + b'{"number": 99}\n{"number": 5, "text": "again"}\n')
    write_ready_rows(path, "a", groups, lambda start, done: as_ready(start, done, made), "row", **told)
    assert sorted(made) == list(range(10)) and path.read_bytes() == whole


def start(out: Path, world: Path) -> subprocess.Popen:
    words = ["checkpoint=tiny", "arm=mine", f"output_dir={out}", f"scenes.root={world}", "scenes.num_train=1",
             "scenes.num_val=40", "scenes.image_size=64", "benchmark.num_images=8", "answerer.batch_size=2",
             "answerer.max_new_tokens=24", "probe.num_items=80"]  # fmt: skip
    return warm.Popen(
        [sys.executable, str(ROOT / "evaluate.py"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(process: subprocess.Popen) -> str:
    said = process.communicate(timeout=240)[0]
    assert process.returncode == 0, said
    return said


def num_rows(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in out.rglob("*.part"))


def kill_after(process: subprocess.Popen, out: Path, count: int, room: str) -> bool:
    """Kill -9 once that many rows lie in the room's unfinished file, and a moment later; whether it came to that."""
    part = out / room / "mine.jsonl.part"
    while process.poll() is None:
        if part.is_file() and part.read_bytes().count(b"\n") >= count:
            time.sleep(random.Random(count).random() * 0.05)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return process.returncode == -signal.SIGKILL
        time.sleep(0.002)
    return False


@pytest.mark.long
def test_killed_twice_and_the_same_to_the_byte(tmp_path):
    finished(start(tmp_path / "whole", tmp_path / "world"))
    assert len((tmp_path / "whole" / FILES[0]).read_text().splitlines()) == 24
    out = tmp_path / "killed"
    assert kill_after(start(out, tmp_path / "world"), out, 5, "answers")
    assert not (out / FILES[0]).exists() and (num_kept := num_rows(out)) >= 5
    # Six are answered together, two at a time: whatever was on the disk stays there.
    part = (out / "answers" / "mine.jsonl.part").read_bytes()
    assert kill_after(start(out, tmp_path / "world"), out, num_kept + 1, "answers")
    whole_lines = part[: part.rindex(b"\n") + 1]
    assert (out / "answers" / "mine.jsonl.part").read_bytes().startswith(whole_lines)
    assert kill_after(start(out, tmp_path / "world"), out, 30, "probe")
    before = (out / "probe" / "mine.jsonl.part").read_bytes()
    said = finished(start(out, tmp_path / "world"))
    assert "goes on behind row" in said
    for name in FILES:
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    kept = json.loads((out / FILES[1]).read_text().splitlines()[0])
    assert before.startswith(json.dumps(kept, ensure_ascii=False).encode()[:40]) and not list(out.rglob("*.part*"))
