"""Answers made elsewhere. One line: ``{"question_id": "17-conv", "text": "The left elbow is bent."}``."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from llavapose.errors import DataError, named
from llavapose.files import read_jsonl, sha256
from llavapose.records import Answer, Question

log = logging.getLogger(__name__)


class FileAnswerer:
    """Reads the answers from one JSONL file."""

    batch_size = 1
    controls = ()

    def __init__(self, path: Path) -> None:
        self._path = path

    def identity(self) -> list[str]:
        """The file's content."""
        return [self._path.name, sha256(self._path)]

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """One answer a question, in order.

        Raises:
            DataError: a question without an answer, or a line without question_id and text.
        """
        ids = [question.id for question in questions]
        found = read_answers(self._path, ids)
        for one in ids:
            yield Answer(question_id=one, arm=arm, text=found[one])


def read_answers(path: Path, ids: Sequence[str]) -> dict[str, str]:
    """Question id -> answer of a file that answers all of these questions.

    Raises:
        DataError: a question without an answer or with two, or a line without question_id and text.
    """
    found: dict[str, str] = {}
    for number, row in read_jsonl(path, what="answers"):
        if not isinstance(row.get("question_id"), str) or not isinstance(row.get("text"), str):
            raise DataError(f"answers: {path}:{number} lacks question_id or text; expected both as text")
        if row["question_id"] in found:
            raise DataError(
                f"answers: {path}:{number} answers {named(row['question_id'])} a second time; keep one of them"
            )
        found[row["question_id"]] = row["text"]
    missing = [one for one in ids if one not in found]
    if missing:
        raise DataError(
            f"answers: {path} answers {len(ids) - len(missing)} of {len(ids)} questions; "
            f"missing {', '.join(map(named, missing[:3]))}, ..."
        )
    if num_further := len(found) - len(ids):
        log.warning("%s: %d answers to questions that the benchmark does not ask are left out", path, num_further)
    return found
