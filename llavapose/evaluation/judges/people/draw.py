"""What people are shown: pictures by lot, each with every kind of question and all compared arms' answers.

Else nothing could be said about differences. Nobody can tell whose an answer is: its id, which also decides where it
stands, is a hash with a secret that lies in the key alone.
"""

import hashlib
import random
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from llavapose.config.choices import RateMode
from llavapose.config.evaluating import RateConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.benchmarks.file import read_questions
from llavapose.evaluation.benchmarks.protocol import tied_pictures
from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.files import fingerprint, read_jsonl
from llavapose.kinds import KINDS
from llavapose.records import BASELINE, CONTROL_ARMS, Question

USUAL_PICTURES = 25
"""More than the 20 of a debiased estimate: of some pictures a judge leaves a kind of question unscored."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is rated at once.

    Attributes:
        id: tells nothing without the key.
        question: that was answered.
        unit: the number of its picture, or of those that stand together (``tied_pictures``).
        arms: whose the answer is; of a pair, of the left one and of the right one.
        texts: of the answers.
    """

    id: str
    question: Question
    unit: int
    arms: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """All that is rated.

    Attributes:
        mode: one by one, or in pairs.
        arms: that are compared, the baseline first.
        items: in the order in which raters see them.
        salt: the secret behind the ids.
        seed: drew the pictures.
        num_pictures: that were drawn.
        num_there: that could be drawn.
        left_out: pictures that lack a kind of question, or an arm's answer.
    """

    mode: RateMode
    arms: tuple[str, ...]
    items: tuple[Item, ...]
    salt: str
    seed: int
    num_pictures: int
    num_there: int
    left_out: int

    @property
    def hash(self) -> str:
        """What tells this draw from any other: it stands in every line that a rater hands back."""
        return fingerprint([self.mode.value, [one.id for one in self.items]])


def draw(folder: Path, config: RateConfig, baseline: str = BASELINE, *, salt: str | None = None) -> Draw:
    """Draw what people rate.

    Args:
        folder: with ``benchmark.jsonl`` and ``answers/``.
        config: how many pictures, which arms, one by one or in pairs.
        baseline: the arm that the others are laid beside in pairs.
        salt: of an earlier key, for the same ids again; None: a new one.

    Raises:
        ConfigError: arms that are not there, or more pictures than there are.
        DataError: no questions or answers.
    """
    path = folder / "benchmark.jsonl"
    if not path.is_file():
        raise DataError(f"rate: no {path.name} in {folder}; expected a folder that evaluate.py writes (output_dir)")
    questions = [one for one in read_questions(path) if KINDS[one.kind].rated]
    arms = _arms(folder, config, baseline)
    answers = {arm: answers_there(folder / "answers" / f"{arm}.jsonl") for arm in arms}
    by_picture: dict[int, list[Question]] = defaultdict(list)
    units = tied_pictures(questions)
    for one in questions:
        by_picture[units[one.id]].append(one)
    kinds = {one.kind for one in questions}
    whole = [
        scene
        for scene, asked in by_picture.items()
        if {one.kind for one in asked} == kinds and all(one.id in answers[arm] for one in asked for arm in arms)
    ]
    chosen = _chosen(whole, config)
    salt = salt or secrets.token_hex(16)
    sides = _sides(arms, baseline) if config.mode == RateMode.pairs else [(arm,) for arm in arms]
    items = [
        item
        for scene in chosen
        for question in by_picture[scene]
        for item in _items(question, scene, sides, {arm: answers[arm][question.id] for arm in arms}, salt)
    ]
    return Draw(
        mode=config.mode, arms=arms, items=tuple(items), salt=salt, seed=config.seed, num_pictures=len(chosen),
        num_there=len(whole), left_out=len(by_picture) - len(whole),
    )  # fmt: skip


def _arms(folder: Path, config: RateConfig, baseline: str) -> tuple[str, ...]:
    there = sorted(path.stem for path in (folder / "answers").glob("*.jsonl"))
    usual = [arm for arm in there if arm not in CONTROL_ARMS]
    arms = tuple(sorted(config.arms or usual, key=lambda arm: arm != baseline))
    if missing := [arm for arm in arms if arm not in there]:
        raise ConfigError(f"rate.arms: no answers of {', '.join(missing)} in {folder}; there are {', '.join(there)}")
    if len(arms) < (2 if config.mode == RateMode.pairs else 1):
        told = f"{folder} has answers of {', '.join(there) or 'nobody'}"
        raise ConfigError(f"rate.mode={config.mode}: {told}; expected at least two arms to compare (rate.arms)")
    return arms


def answers_there(path: Path) -> dict[str, str]:
    """Question -> text, of the answers in a file that are any.

    Raises:
        DataError: a line without question_id and text.
    """
    found = {}
    for number, row in read_jsonl(path, what="answers"):
        if not isinstance(row.get("question_id"), str) or not isinstance(row.get("text"), str):
            raise DataError(f"answers: {path}:{number} lacks question_id or text; expected an id and a text")
        if row.get("finish") != "failed":
            found[row["question_id"]] = row["text"]
    return found


def _chosen(whole: Sequence[int], config: RateConfig) -> list[int]:
    num = min(USUAL_PICTURES, len(whole)) if config.num_pictures is None else config.num_pictures
    if num > len(whole) or not whole:
        raise ConfigError(
            f"rate.num_pictures is {num or USUAL_PICTURES}; only {len(whole)} pictures have every kind of question and "
            "all arms' answers: ask for fewer, or for fewer arms (rate.arms)"
        )
    lots = sorted(whole)
    random.Random(config.seed).shuffle(lots)
    return lots[:num]


def _sides(arms: Sequence[str], baseline: str) -> list[tuple[str, ...]]:
    """Who is laid beside whom: each beside the baseline, or without it each beside each."""
    if baseline in arms:
        return [(arm, baseline) for arm in arms if arm != baseline]
    return list(combinations(arms, 2))


def _items(
    question: Question, unit: int, sides: Sequence[tuple[str, ...]], texts: Mapping[str, str], salt: str
) -> list[Item]:
    """A question's, in the order of their ids, which is as good as a lot; so is the side of an answer."""
    found = []
    for arms in sides:
        first, *rest = sorted(arms)
        turned = int(_blind(salt, "side", question.id, first, *rest), 16) % 2
        placed = (first, *rest)[:: -1 if turned else 1]
        name = blind_id(salt, question.id, placed, [answer_hash(texts[arm]) for arm in placed])
        told = tuple(texts[arm] for arm in placed)
        found.append(Item(id=name, question=question, unit=unit, arms=placed, texts=told))
    return sorted(found, key=lambda one: one.id)


def blind_id(salt: str, question_id: str, arms: Sequence[str], answers: Sequence[str]) -> str:
    """What is rated, in a word that tells nothing of it without the salt.

    Args:
        salt: the secret.
        question_id: the question's.
        arms: whose answers, from left to right.
        answers: their hashes.
    """
    return _blind(salt, question_id, *(word for both in zip(arms, answers, strict=True) for word in both))


def _blind(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]
