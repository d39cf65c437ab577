r"""Rows of sets that ask about clips, as their authors write them: a video, a question, options, the right one.

- ``mvbench`` (Li et al., CVPR 2024; huggingface.co/datasets/OpenGVLab/MVBench): a JSON list, a file a task such as
  ``fine_grained_pose.json``::

      {"video": "S001C001P001R001A001_rgb.avi", "question": "What is the pose ...?", "candidates": ["...", "..."],
       "answer": "..."}

  with ``start`` and ``end`` in seconds in some tasks.
- ``motionbench`` (Hong et al., CVPR 2025; huggingface.co/datasets/zai-org/MotionBench): ``video_info.meta.jsonl``, a
  line a video; an answer of "NA" is kept back by its authors::

      {"key": "...", "video_path": "....mp4", "question_type": "Motion Recognition",
       "qa": [{"uid": "...", "question": "What ...?\nA. ...\nB. ...", "answer": "B"}]}

- ``humanmovevqa`` (Gera et al., 2026; huggingface.co/datasets/humanmovevqa/HumanMoveVQA): JSONL. Its fields could not
  be verified here; read are ``video``, ``question``, ``options`` (a list), ``answer`` (an option or its letter) and, if
  there, ``category``.
- ``micro_actions``: the list of labels of Micro-Action-52 (``scenes/tracks/micro_actions``). Each video is asked as its
  label among three others of the same part of the body.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import read_json, read_jsonl
from llavapose.scenes.tracks.micro_actions import NAMES, PARTS, part_of, read_labels

UNVERIFIED = "its fields could not be verified against the published file"
NUM_OPTIONS = 4
"""Of a micro-action: the smallest part of the body has as many."""
NO_KEY = "NA"
MICRO_ACTION = "Which small movement does the person make?"
_OPTION = re.compile(r"\(?([A-J])[.):]\s*(\S.*)")


@dataclass(frozen=True, kw_only=True)
class ClipRow:
    """One question of such a set; ``right`` is the place of the right option, None where its authors keep it back.

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
        for place, one in enumerate(asked):
            lines = _text(one, "question", where).splitlines()
            options = [(at, found) for at, line in enumerate(lines) if (found := _OPTION.fullmatch(line.strip()))]
            letters = [found[1] for _, found in options]
            if len(options) < 2 or letters != [chr(ord("A") + at) for at in range(len(options))]:
                raise DataError(f"{where} has options {shown(letters)}; expected A, B and so on, a line each")
            answer = _text(one, "answer", where).strip()
            if answer not in (*letters, NO_KEY):
                raise DataError(f"{where} has answer {shown(answer)}; expected a letter of its options, or {NO_KEY}")
            yield ClipRow(
                id=str(one.get("uid") or f"{number}-{place}"), video=_text(row, "video_path", where),
                question=" ".join(line.strip() for line in lines[: options[0][0]] if line.strip()),
                options=tuple(found[2].strip() for _, found in options),
                right=None if answer == NO_KEY else letters.index(answer), group=str(row.get("question_type", "all")),
            )  # fmt: skip


def _humanmovevqa(path: Path) -> Iterator[ClipRow]:
    for number, row in read_jsonl(path, what="benchmark"):
        where = f"benchmark: {path}:{number}"
        try:
            options = _options(row, "options", where)
            answer = _text(row, "answer", where).strip()
            letters = [chr(ord("A") + at) for at in range(len(options))]
            if answer not in (*options, *letters):
                raise DataError(f"{where} has answer {shown(answer)}; expected an option or its letter")
            yield ClipRow(
                id=str(row.get("id") or number), video=_text(row, "video", where),
                question=_text(row, "question", where), options=options,
                right=options.index(answer) if answer in options else letters.index(answer),
                group=str(row.get("category", "all")),
            )  # fmt: skip
        except DataError as error:
            raise DataError(f"{error} (HumanMoveVQA: {UNVERIFIED}; rewrite it with video, question, options and "
                            "answer)") from None  # fmt: skip


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
