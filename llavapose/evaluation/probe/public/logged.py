"""What lmms-eval logged about an exported probe, read back as rows of our own probe.

``--log_samples`` leaves a file a task, ``<date>_samples_pose_probe.jsonl``, one reply a line. What is used of it::

    {"target": "A", "filtered_resps": "B", "input": "One of two statements ...",
     "pose_probe_accuracy": {"id": "17-elbow-0-left-elbow-ab", "pictures": "true", ...}}

and of open questions ``<date>_samples_pose_questions.jsonl`` with ``pose_questions_answered``. The letter is read anew
from the reply. A fact of which an order was not asked, as under ``--limit``, is left out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.probe.choice import ORDERS, Chosen
from llavapose.evaluation.probe.pictures import NO_PICTURE, SHUFFLED, TRUE
from llavapose.evaluation.probe.public.letters import letter_of
from llavapose.files import read_jsonl

Row = dict[str, Any]
_FACT = ("scene_id", "image", "group", "kind", "part", "value", "flipped_value", "num_people", "person")
_PASSES = (TRUE, SHUFFLED, NO_PICTURE)


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What was read.

    Attributes:
        rows: as ``probe/<arm>.jsonl`` has them.
        num_partial: facts that were asked in one order alone.
        num_empty: what was shown -> replies without a word, where there are any.
    """

    rows: tuple[Row, ...]
    num_partial: int
    num_empty: Mapping[str, int]


def read_answers(path: Path) -> list[Row]:
    """Answers to the open questions, as ``answerer=file`` takes them; none where none were asked.

    Raises:
        DataError: a line that is no answer to one, or a question that is answered twice.
    """
    found: dict[str, Row] = {}
    files = sorted(path.rglob("*_samples_pose_questions.jsonl")) if path.is_dir() else []
    for file in [path] if path.name.endswith("_samples_pose_questions.jsonl") else files:
        for number, sample in read_jsonl(file, what="exported.results"):
            where, told = f"exported.results: {file}:{number}", sample.get("pose_questions_answered")
            name = told.get("id") if isinstance(told, dict) else None
            if not isinstance(name, str) or name in found:
                raise DataError(f"{where} answers {shown(name)}; expected each of pose_questions once: name one run's")
            found[name] = {"question_id": name, "text": _reply(sample, where)}
    return list(found.values())


def logged_files(path: Path) -> list[Path]:
    """The probe's samples in a file or below a folder.

    Raises:
        DataError: there are none.
    """
    found = [path] if path.is_file() else sorted(path.rglob("*_samples_pose_probe*.jsonl"))
    if not found:
        raise DataError(
            f"exported.results: no *_samples_pose_probe*.jsonl in {path}; expected what lmms-eval writes with "
            "--log_samples --output_path, or one of its files"
        )
    return found


def read_logged(path: Path, asked: Mapping[str, Row], arm: str) -> Logged:
    """Rows of a probe of logged replies.

    Args:
        path: a file of samples, or a folder with some.
        asked: the exported rows by id.
        arm: what the tables call the model.

    Raises:
        DataError: a line that is no reply to a row of this export, or one that is there twice.
    """
    letters: dict[tuple[str, str], str | None] = {}
    empty = Counter[str]()
    for file in logged_files(path):
        for name, pictures, reply in _replies(file, asked):
            if (name, pictures) in letters:
                raise DataError(
                    f"exported.results: {file} has {shown(name)} ({pictures}) a second time; name the files of one run"
                )
            letters[name, pictures] = letter_of(reply, asked[name]["a"], asked[name]["b"])
            empty[pictures] += not reply.strip()
    items: dict[str, dict[str, Row]] = {}
    for row in asked.values():
        items.setdefault(row["item"], {})[row["order"]] = row
    rows: list[Row] = []
    num_partial = 0
    for pictures in _PASSES:
        for item, orders in items.items():
            there = [(orders[one]["id"], pictures) in letters for one in ORDERS if one in orders]
            if len(there) == len(ORDERS) and all(there):
                rows.append(_row(item, orders, pictures, letters, arm))
            else:
                num_partial += any(there)
    return Logged(rows=tuple(rows), num_partial=num_partial, num_empty=+empty)


def _replies(file: Path, asked: Mapping[str, Row]) -> Iterator[tuple[str, str, str]]:
    """(row id, what was shown, the reply) of every line."""
    for number, sample in read_jsonl(file, what="exported.results"):
        where = f"exported.results: {file}:{number}"
        told = sample.get("pose_probe_accuracy")
        if not isinstance(told, dict) or not isinstance(told.get("id"), str) or told.get("pictures") not in _PASSES:
            raise DataError(f"{where} has no pose_probe_accuracy with id and pictures; expected samples of pose_probe")
        row = asked.get(told["id"])
        asks = sample.get("input")
        other = isinstance(asks, str) and row is not None and row["prompt"] not in asks
        if row is None or sample.get("target") != row["answer"] or other:
            raise DataError(
                f"{where} answers {shown(told['id'])}, which this export does not ask in these words; give the "
                "output_dir of the export that was asked"
            )
        yield told["id"], told["pictures"], _reply(sample, where)


def _reply(sample: Row, where: str) -> str:
    reply: Any = sample.get("filtered_resps", sample.get("resps"))
    while isinstance(reply, Sequence) and not isinstance(reply, str) and len(reply) == 1:
        reply = reply[0]
    if not isinstance(reply, str):
        raise DataError(f"{where} has filtered_resps {shown(reply)}; expected one text: run lmms-eval without repeats")
    return reply


def _row(
    item: str, orders: Mapping[str, Row], pictures: str, letters: Mapping[tuple[str, str], str | None], arm: str
) -> Row:
    """A fact as our own probe leaves it."""
    told = [(letters[orders[one]["id"], pictures], orders[one]["answer"]) for one in ORDERS]
    first, second = (None if letter is None else letter == true for letter, true in told)
    chosen, row = Chosen(first=first, second=second), orders[ORDERS[0]]
    picture = {TRUE: row["image"], SHUFFLED: row["shuffled_image"], NO_PICTURE: ""}[pictures]
    return {
        "arm": arm, "pictures": pictures, "id": item, **{key: row.get(key) for key in _FACT}, "true": row["a"],
        "flipped": row["b"], "picture": picture, "chosen": [first, second], "right": chosen.right,
    }  # fmt: skip
