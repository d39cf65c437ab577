r"""Rows of sets that ask about clips, as their authors write them: a video, a question, options, the right one.

Fields are those that the authors' own programs write or read; the published files were not at hand.

- ``mvbench`` (Li et al., CVPR 2024; github.com/OpenGVLab/Ask-Anything, video_chat2/mvbench.ipynb): a JSON list, a file
  a task such as ``fine_grained_pose.json``; options have no letters, the answer is the text of one::

      {"video": "S001C001P001R001A001_rgb.avi", "question": "What is the pose ...?", "candidates": ["...", "..."],
       "answer": "..."}

  with ``start`` and ``end`` in seconds in some tasks, of which ``fine_grained_pose`` is none.
- ``motionbench`` (Hong et al., CVPR 2025; github.com/THUDM/MotionBench, its metrics and README):
  ``video_info.meta.jsonl``, a line a video; options stand with letters in the question; the answer is a letter, or
  "NA" where its authors keep it back, which they leave out of the accuracy too::

      {"key": "...", "video_path": "....mp4", "question_type": "Motion Recognition",
       "qa": [{"uid": "...", "question": "What ...?\nA. ...\nB. ...", "answer": "B"}]}

- ``humanmovevqa`` (Gera et al., 2026; github.com/humanmovevqa/HumanMove_VQA, aggregate_by_category.py and
  prepare_sft_data.py): a JSON object a line, either a question of its test files, one a category
  (``ordering/ordering.json``)::

      {"id": "q1", "video_path": "...mp4", "question": "Which ...?\nOptions:\nA. ...\nB. ...", "answer": "B. ..."}

  or a sample of its training files (``test_answer_only.jsonl``)::

      {"video": ["...mp4"], "task": "ordering", "conversations": [
        {"from": "user", "value": "<video>\nWhich ...?\nA. ...\nB. ...\nAnswer with the option letter."},
        {"from": "assistant", "value": "Answer: B"}]}

- ``micro_actions``: the list of labels of Micro-Action-52 (``scenes/tracks/micro_actions``). Each video is asked as its
  label among three others of the same part of the body.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_json, read_jsonl
from llavapose.scenes.tracks.micro_actions import NAMES, PARTS, part_of, read_labels

NUM_OPTIONS = 4
"""Of a micro-action: the smallest part of the body has as many."""
NO_KEY = "NA"
MICRO_ACTION = "Which small movement does the person make?"
_OPTION = re.compile(r"\(?([A-J])\s?[.):]\s*(\S.*)")
_LETTER = re.compile(r"(?:Answer:\s*)?\(?([A-J])\)?(?:[.):](?:\s.*)?)?", re.S)
"""A right answer as MotionBench and HumanMoveVQA write it: "B", "(B)", "B. to the left", "Answer: B"."""
_NO_QUESTION = re.compile(r"<video>|Options:|Answer with the option letter\.")
"""Lines of HumanMoveVQA's questions that are neither question nor option."""


@dataclass(frozen=True, kw_only=True)
class ClipRow:
    """One question of such a set; ``right`` is the place of the right option, None where its authors keep it back.

    No ``options``: they, or which of them is right, cannot be read.

    ``start_s`` and ``end_s`` are the part of the video that it is about; None: all of it.
    """

    id: str
    video: str
    question: str
    options: tuple[str, ...]
    right: int | None
    group: str
    start_s: float | None = None
    end_s: float | None = None


def _mvbench(path: Path) -> Iterator[ClipRow]:
    rows = read_json(path, what="benchmark")
    if not isinstance(rows, list):
        raise DataError(f"benchmark: {path} holds {shown(rows)}; expected MVBench's list of questions")
    group = path.stem.replace("fine_grained", "fine-grained").replace("_", " ")
    for number, row in enumerate(rows, 1):
        where = f"benchmark: {path}, question {number}"
        options = _options(row, "candidates", where)
        answer = _text(row, "answer", where)
        if answer not in options:
            raise DataError(f"{where} has answer {shown(answer)}; expected one of its candidates")
        yield ClipRow(
            id=f"{path.stem}-{number}", video=_text(row, "video", where), question=_text(row, "question", where),
            options=options, right=options.index(answer), group=group, start_s=_second(row, "start", where),
            end_s=_second(row, "end", where),
        )  # fmt: skip


def _motionbench(path: Path) -> Iterator[ClipRow]:
    for number, row in read_jsonl(path, what="benchmark"):
        where = f"benchmark: {path}:{number}"
        asked = row.get("qa")
        if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
            raise DataError(f"{where} has qa {shown(asked)}; expected MotionBench's list of questions")
        video, group = _text(row, "video_path", where), str(row.get("question_type", "all"))
        for place, one in enumerate(asked):
            name = str(one.get("uid") or f"{number}-{place}")
            yield _lettered(name, video, _text(one, "question", where), _text(one, "answer", where), group)


def _humanmovevqa(path: Path) -> Iterator[ClipRow]:
    for number, row in read_jsonl(path, what="benchmark"):
        where = f"benchmark: {path}:{number}"
        if "conversations" not in row:
            video, asked, answered = (_text(row, key, where) for key in ("video_path", "question", "answer"))
            yield _lettered(str(row.get("id") or number), _below(video), asked, answered, path.stem)
            continue
        videos, turns = row.get("video"), row["conversations"]
        if not isinstance(videos, list) or len(videos) != 1 or not isinstance(videos[0], str):
            raise DataError(f"{where} has video {shown(videos)}; expected a list of one path")
        if not isinstance(turns, list) or len(turns) != 2:
            raise DataError(f"{where} has conversations {shown(turns)}; expected a question and its answer")
        asked, answered = (_text(turn, "value", where) for turn in turns)
        yield _lettered(str(number), _below(videos[0]), asked, answered, str(row.get("task", "all")))


def _below(video: str) -> str:
    """A path as its authors' machine had it: of an absolute one, the file's name."""
    return PurePosixPath(video).name if video.startswith("/") else video


def _lettered(name: str, video: str, question: str, answer: str, group: str) -> ClipRow:
    """A question whose options stand in it, a letter each; a line without a letter goes on with what is before it."""
    asked: list[str] = []
    options: list[str] = []
    for line in map(str.strip, _NO_QUESTION.sub("", question).splitlines()):
        found = _OPTION.fullmatch(line)
        if found and found[1] == chr(ord("A") + len(options)):
            options.append(found[2].strip())
        elif line and options:
            options[-1] = f"{options[-1]} {line}"
        elif line:
            asked.append(line)
    hidden, letter = answer.strip() == NO_KEY, _LETTER.fullmatch(answer.strip())
    right = ord(letter[1]) - ord("A") if letter else len(options)
    readable = len(options) >= 2 and bool(asked) and (hidden or right < len(options))
    return ClipRow(
        id=name, video=video, question=" ".join(asked), options=tuple(options) if readable else (),
        right=right if readable and not hidden else None, group=group,
    )  # fmt: skip


def _micro_actions(path: Path) -> Iterator[ClipRow]:
    for video, label in read_labels(path).items():
        part = part_of(label)
        others = Random(f"0 {video}").sample([one for one in PARTS[part] if one != label], NUM_OPTIONS - 1)
        yield ClipRow(
            id=video, video=video, question=MICRO_ACTION, options=tuple(NAMES[one] for one in (label, *others)),
            right=0, group=part,
        )  # fmt: skip


FORMS: Mapping[str, Callable[[Path], Iterator[ClipRow]]] = {
    "mvbench": _mvbench,
    "motionbench": _motionbench,
    "humanmovevqa": _humanmovevqa,
    "micro_actions": _micro_actions,
}
"""Name of a form -> what reads its rows."""


def _text(row: Any, key: str, where: str) -> str:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where} has {key} {shown(value)}; expected a text")
    return value


def _options(row: Any, key: str, where: str) -> tuple[str, ...]:
    value = row.get(key) if isinstance(row, dict) else None
    plain = isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if not plain or not 2 <= len(value) <= 10 or len(set(value)) < len(value):  # type: ignore[arg-type]
        raise DataError(f"{where} has {key} {shown(value)}; expected two texts or more, up to ten, none twice")
    return tuple(value)  # type: ignore[arg-type]


def _second(row: dict[str, Any], key: str, where: str) -> float | None:
    value = row.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise DataError(f"{where} has {key} {shown(value)}; expected seconds")
    return value
