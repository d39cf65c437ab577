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

        One that the file lacks is a missing answer, of which a judge lets go as many as of any (``judge.max_missing``).

        Raises:
            DataError: no question has an answer, or a line is without question_id and text.
        """
        ids = [question.id for question in questions]
        found = read_answers(self._path, ids, whole=False)
        for one in ids:
            if one in found:
                yield Answer(question_id=one, arm=arm, text=found[one])
            else:
                yield Answer(question_id=one, arm=arm, text=f"not in {self._path.name}", finish="failed")


def read_answers(path: Path, ids: Sequence[str], *, whole: bool = True) -> dict[str, str]:
    """Question id -> answer of a file that answers these questions.

    Args:
        path: the file; LLaVA's have numbers for question_id.
        ids: of the questions.
        whole: whether each must have its answer; False: any of them.

    Raises:
        DataError: a question without an answer or with two, or a line without question_id and text.
    """
    found: dict[str, str] = {}
    for number, row in read_jsonl(path, what="answers"):
        name = row.get("question_id")
        if isinstance(name, bool) or not isinstance(name, str | int) or not isinstance(row.get("text"), str):
            raise DataError(f"answers: {path}:{number} lacks question_id or text; expected an id and a text")
        if str(name) in found:
            raise DataError(f"answers: {path}:{number} answers {named(name)} a second time; keep one of them")
        found[str(name)] = row["text"]
    missing = [one for one in ids if one not in found]
    if missing and (whole or len(missing) == len(ids)):
        raise DataError(
            f"answers: {path} answers {len(ids) - len(missing)} of {len(ids)} questions; "
            f"missing {', '.join(map(named, missing[:3]))}, ..."
        )
    if missing:
        log.warning("%s: %d of %d answers are missing, such as %s", path, len(missing), len(ids), named(missing[0]))
    if num_further := len(found.keys() - set(ids)):
        log.warning("%s: %d answers to questions that the benchmark does not ask are left out", path, num_further)
    return found
