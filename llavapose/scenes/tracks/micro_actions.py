"""Micro-Action-52 as an answer key (Guo et al., IEEE TCSVT 2024, https://github.com/VUT-HFUT/Micro-Action).

Its videos are cut to one small movement each and have one of 52 labels, which belong to seven parts of the body. Keys
and answers are small files; the videos themselves are had from its authors.

    labels     val_list_videos.txt: "0003_01_0005.mp4 8" a line; or a CSV: id,label
    names      label_name.txt: number and name a line, between them a tab
    answers    a CSV: id,label; or that of its challenge: vid,action_pred_1 ... action_pred_5,body_pred_1 ...

The authors' numbers: MANet 61.33 top-1 and 88.83 top-5 of the action, 78.95 of the body part.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from llavapose.errors import DataError, named, shown

PARTS: Mapping[str, range] = {
    "body": range(0, 5),
    "head": range(5, 11),
    "upper limb": range(11, 24),
    "lower limb": range(24, 32),
    "body-hand": range(32, 38),
    "head-hand": range(38, 48),
    "leg-hand": range(48, 52),
}
"""Part of the body -> its labels, as the challenge's own script has them; the last three are hands that touch."""
NAMES: tuple[str, ...] = (
    "shaking body", "sitting straightly", "shrugging", "turning around", "rising up",
    "bowing head", "head up", "tilting head", "turning head", "nodding", "shaking head",
    "scratching arms", "playing objects", "putting hands together", "rubbing hands", "pointing oneself",
    "clenching fist", "stretching arms", "retracting arms", "waving", "spreading hands", "hands touching fingers",
    "other finger movements", "illustrative gestures",
    "shaking legs", "curling legs", "spread legs", "closing legs", "crossing legs", "stretching feet",
    "retracting feet", "tiptoe",
    "scratching or touching neck", "scratching or touching chest", "scratching or touching back",
    "scratching or touching shoulder", "arms akimbo", "crossing arms",
    "playing or tidying hair", "scratching or touching hindbrain", "scratching or touching forehead",
    "scratching or touching face", "rubbing eyes", "touching nose", "touching ears", "covering face",
    "covering mouth", "pushing glasses",
    "patting legs", "touching legs", "scratching legs", "scratching feet",
)  # fmt: skip
"""Label -> name, as its ``label_name.txt`` has them."""
NUM_LABELS = len(NAMES)
TOP = 5
"""Guesses of an action that the challenge counts."""
MAX_BYTES = 50_000_000
"""Its lists have half a megabyte."""

_VIDEO = ("id", "vid", "video", "name")
_LABEL = ("label", "action_pred_1", "gt_label_2", "pred_label_2", "action")


def part_of(label: int) -> str:
    """The part of the body that a label belongs to."""
    return next(part for part, labels in PARTS.items() if label in labels)


def label_named(text: str, names: Sequence[str] = NAMES) -> int | None:
    """The label of a name or number as somebody wrote it; None where it is no label's."""
    wanted = " ".join(text.lower().replace("_", " ").split()).strip(" .")
    if wanted.isdecimal() and len(wanted) < 4:
        return int(wanted) if int(wanted) < len(names) else None
    found = [label for label, name in enumerate(names) if name.lower() == wanted]
    return found[0] if len(found) == 1 else None


def read_names(path: Path) -> tuple[str, ...]:
    """The names of a file such as ``label_name.txt``, by their numbers.

    Raises:
        DataError: a file that is missing, a line that is none, or other numbers than 0 to 51.
    """
    found: dict[int, str] = {}
    for number, line in _lines(path, "names"):
        label, _, name = line.strip().replace("\t", " ").partition(" ")
        if not _is_label(label) or not name.strip() or not name.isprintable() or int(label) in found:
            raise DataError(f"micro-actions: {path}:{number} is {shown(line)}; expected a number once, and its name")
        found[int(label)] = name.strip()
    if len(found) < NUM_LABELS:
        raise DataError(f"micro-actions: {path} has {len(found)} names; expected {NUM_LABELS}, from 0")
    return tuple(found[label] for label in range(NUM_LABELS))


def read_labels(path: Path) -> dict[str, int]:
    """Video -> label of an answer key; a video's name is told without ``.mp4``.

    Raises:
        DataError: a file that is missing or of another form, a video that is there twice.
    """
    return {video: guesses[0] for video, guesses in _rows(path, "labels", most=1).items()}


def read_answers(path: Path) -> dict[str, tuple[int, ...]]:
    """Video -> labels that somebody answered, the likeliest first, at most five.

    Raises:
        DataError: as ``read_labels``.
    """
    return _rows(path, "answers", most=TOP)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What answers are worth, 0 to 1; a video without an answer counts as wrong.

    Attributes:
        num: videos of the key.
        num_unanswered: of them, those without an answer.
        num_unknown: answers about videos that the key does not have; they count nowhere.
        action_top1, action_top5: share of videos whose label is the first answer, or among the first five.
        part_top1: share whose first answer is of the right part of the body.
        action_macro_f1, part_macro_f1: F1 of every label or part that the key has, their mean.
        f1_mean: mean of both with both shares of first answers, by which the challenge ranks.
        parts: part of the body -> share of its videos whose label is the first answer.
    """

    num: int
    num_unanswered: int
    num_unknown: int
    action_top1: float
    action_top5: float
    part_top1: float
    action_macro_f1: float
    part_macro_f1: float
    f1_mean: float
    parts: Mapping[str, float]


def score(key: Mapping[str, int], answers: Mapping[str, Sequence[int]]) -> Scores:
    """Score answers exactly.

    Args:
        key: video -> label.
        answers: video -> labels, the likeliest first.

    Raises:
        DataError: a key without a video.
    """
    if not key:
        raise DataError("micro-actions: the key has no video; expected its list of labels")
    pairs = [(label, tuple(answers.get(video, ()))) for video, label in key.items()]
    first = [(label, given[0] if given else None) for label, given in pairs]
    parts = [(part_of(label), None if given is None else part_of(given)) for label, given in first]
    right, right_part = _share(first), _share(parts)
    action_f1, part_f1 = _macro_f1(first), _macro_f1(parts)
    own = {part: [pair for pair in first if part_of(pair[0]) == part] for part in PARTS}
    return Scores(
        num=len(key),
        num_unanswered=sum(not given for _, given in pairs),
        num_unknown=len(answers.keys() - key.keys()),
        action_top1=right,
        action_top5=fmean(label in given[:TOP] for label, given in pairs),
        part_top1=right_part,
        action_macro_f1=action_f1,
        part_macro_f1=part_f1,
        # F1 over all videos together is their share of right first answers.
        f1_mean=fmean((part_f1, right_part, action_f1, right)),
        parts={part: _share(told) for part, told in own.items() if told},
    )


def _share(pairs: Sequence[tuple[object, object]]) -> float:
    return fmean(label == given for label, given in pairs)


def _macro_f1(pairs: Sequence[tuple[object, object]]) -> float:
    """The mean over the labels of the key of 2 TP / (2 TP + FP + FN)."""
    told, given = Counter(label for label, _ in pairs), Counter(answer for _, answer in pairs)
    hits = Counter(label for label, answer in pairs if label == answer)
    return fmean(2 * hits[label] / (told[label] + given[label]) for label in told)


def _rows(path: Path, what: str, *, most: int) -> dict[str, tuple[int, ...]]:
    """Video -> labels of a list ("video label" a line) or a CSV with a head."""
    lines = _lines(path, what)
    head = _cells(lines[0][1]) if lines else []
    columns = _columns(head, most)
    found: dict[str, tuple[int, ...]] = {}
    for number, line in lines if columns is None else lines[1:]:
        cells = _cells(line) if columns else line.rsplit(maxsplit=1)
        where = f"micro-actions: {path}:{number}"
        wanted = columns or [0, 1]
        if len(cells) <= max(wanted) or not all(_is_label(cells[at]) for at in wanted[1:]) or not cells[wanted[0]]:
            raise DataError(f"{where} is {shown(line)}; expected a video and labels from 0 to {NUM_LABELS - 1}")
        video = cells[wanted[0]].strip().removesuffix(".mp4")
        if video in found:
            raise DataError(f"{where}: video {named(video)} is there twice; keep one")
        found[video] = tuple(int(cells[at]) for at in wanted[1:])
    if not found:
        raise DataError(f"micro-actions: {path} has no {what}; expected lines such as 0003_01_0005.mp4 8")
    return found


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a field of more than 131,072 characters
        return []


def _columns(head: Sequence[str], most: int) -> list[int] | None:
    """Where the video and the labels stand in a CSV; None where the first line is no head."""
    names = [name.strip().lower() for name in head]
    video = next((names.index(name) for name in _VIDEO if name in names), None)
    label = next((names.index(name) for name in _LABEL if name in names), None)
    if video is None or label is None:
        return None
    further = [names.index(name) for at in range(2, most + 1) if (name := f"action_pred_{at}") in names]
    return [video, label, *further]


def _lines(path: Path, what: str) -> list[tuple[int, str]]:
    """The lines of a small text file that are not blank, with their numbers.

    Raises:
        DataError: no file, one far too large, or no text.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"micro-actions: no file {path} of {what}; check the path") from None
    except IsADirectoryError:
        raise DataError(f"micro-actions: {path} is a folder; expected a file of {what}") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"micro-actions: {path} has more than {MAX_BYTES:,} bytes; expected a file of {what}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"micro-actions: {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    return [(number, line) for number, line in enumerate(io.StringIO(text, newline=None), 1) if line.strip()]


def _is_label(text: str) -> bool:
    word = text.strip()
    return word.isascii() and word.isdecimal() and len(word) <= 3 and int(word) < NUM_LABELS
