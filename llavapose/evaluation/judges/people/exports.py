"""What raters hand back, joined with the key: verdicts like any judge's, one a rater and answer, or preferences.

A line of an export, and of one in pairs::

    {"draw": "3fa9c1d2e4b5", "mode": "scale", "rater": "anna", "id": "9f2c4a...", "rating": 7}
    {"draw": "3fa9c1d2e4b5", "mode": "pairs", "rater": "anna", "id": "07be11...", "choice": "left"}

Ratings go to ``verdicts/people/<arm>.jsonl``, preferences to ``rate/preferences.jsonl``::

    {"question_id": "17-conv", "scene_id": 17, "kind": "conv", "text": "How is the left elbow?", "rater": "anna",
     "first": "full", "second": "baseline", "choice": "first", "left": "baseline", "answers": {"full": "84e9...", ...}}
"""

import glob
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.config.choices import RateMode
from llavapose.errors import DataError, shown
from llavapose.evaluation.judges.people.draw import answers_there
from llavapose.evaluation.judges.people.key import key_path
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST, answer_hash
from llavapose.files import read_jsonl, sha256, write_json, write_jsonl
from llavapose.records import PEOPLE, Verdict, to_dict

CHOICES = ("left", "equal", "right")
MOST_LETTERS = 40
"""Of a rater's name."""

Key = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Given:
    """One rating: ``value`` is a number from 1 to 10, or one of ``CHOICES``; ``id`` is an item's of the key."""

    rater: str
    id: str
    value: int | str


def exports_named(patterns: Sequence[str]) -> list[Path]:
    """The files that are named, or match; each once.

    Raises:
        DataError: no name at all, one that is not there, or a pattern of nothing.
    """
    if not patterns:
        raise DataError(
            "rate.ratings=[] names no file; expected what the page's button exports: rate.ratings=[FILE,...]"
        )
    found: dict[Path, None] = {}
    for pattern in patterns:
        paths = sorted(map(Path, glob.glob(str(Path(pattern).expanduser()))))
        if not paths:
            raise DataError(f"rate.ratings: no file {pattern}; expected what the page's button exports")
        found.update(dict.fromkeys(paths))
    return list(found)


def read_exports(paths: Sequence[Path], key: Key) -> list[Given]:
    """The ratings of all files, raters apart; what says the same again counts once.

    Raises:
        DataError: a line that is no rating of this draw, or another rating of the same by the same rater.
    """
    found: dict[tuple[str, str], tuple[Given, str]] = {}
    for path in paths:
        num_lines = 0
        for number, row in read_jsonl(path, what="ratings"):
            where, num_lines = f"{path}:{number}", num_lines + 1
            if problem := _problem(row, key):
                raise DataError(f"ratings: {where} {problem}")
            word = "rating" if key["mode"] == RateMode.scale else "choice"
            given = Given(rater=row["rater"].strip(), id=row["id"], value=row[word])
            there, earlier = found.setdefault((given.rater, given.id), (given, where))
            if there.value != given.value:
                raise DataError(
                    f"ratings: {where} has {given.value} by {given.rater} for what has {there.value} in {earlier}; the "
                    "same rater rates nothing twice: keep one file a rater, the last, or name two raters apart"
                )
        if not num_lines:
            raise DataError(f"ratings: {path} holds no rating; expected what the page's button exports")
    return [given for given, _ in found.values()]


def _problem(row: Mapping[str, Any], key: Key) -> str | None:
    """What is wrong with a line; None where it is a rating of this draw."""
    if row.get("draw") != key["draw"]:
        return f"is of the draw {shown(row.get('draw'))}; the key's is {key['draw']}: give this draw's exports"
    if row.get("mode") != key["mode"]:
        return f"has mode {shown(row.get('mode'))}; the key's is {key['mode']}"
    name = row.get("rater")
    if not isinstance(name, str) or not name.strip() or len(name.strip()) > MOST_LETTERS or not name.isprintable():
        return f"has rater {shown(name)}; expected a name of 1 to {MOST_LETTERS} letters"
    if name.strip().casefold() == PEOPLE:
        return f"has rater {shown(name)}, which is what all raters are called; name the rater by another word"
    if not isinstance(row.get("id"), str) or row["id"] not in key["items"]:
        return f"has id {shown(row.get('id'))}, which was not drawn; take the line out, or give the key that it is of"
    if key["mode"] == RateMode.scale:
        value = row.get("rating")
        if not isinstance(value, int) or isinstance(value, bool) or not LOWEST <= value <= HIGHEST:
            return f"has rating {shown(value)}; expected a whole number from {LOWEST:g} to {HIGHEST:g}"
    elif row.get("choice") not in CHOICES:
        return f"has choice {shown(row.get('choice'))}; expected {CHOICES[0]}, {CHOICES[1]} or {CHOICES[2]}"
    return None


def keep_ratings(folder: Path, key: Key, given: Sequence[Given]) -> list[str]:
    """Write what raters gave where the tables read it; returns a line on each rater.

    What an earlier command wrote of these arms is replaced: all exports of a draw are read together.

    Raises:
        DataError: an answer that has been replaced since it was rated, or a rating read before that is not among these.
    """
    _check_answers(folder, key)
    _check_kept(folder, key, given)
    if key["mode"] == RateMode.scale:
        _write_verdicts(folder, key, given)
    else:
        order = list(key["items"])
        rows = sorted(given, key=lambda one: (order.index(one.id), one.rater))
        write_jsonl(key_path(folder).with_name("preferences.jsonl"), [_preference(one, key) for one in rows])
    total = len(key["items"])
    counts = Counter(one.rater for one in given)
    unit = "answers" if key["mode"] == RateMode.scale else "pairs"
    return [f"{rater}: {num} of {total} {unit} rated" for rater, num in sorted(counts.items())]


def _check_answers(folder: Path, key: Key) -> None:
    there = {arm: answers_there(folder / "answers" / f"{arm}.jsonl") for arm in key["arms"]}
    for item in key["items"].values():
        for arm, digest in zip(item["arms"], item["answers"], strict=True):
            text = there.get(arm, {}).get(item["question_id"])
            if text is None or answer_hash(text) != digest:
                raise DataError(
                    f"ratings: the answer of {arm} to {shown(item['question_id'])} has been replaced since the draw; "
                    "bring back the answers that were rated, or move rate/ away and draw anew"
                )


def _check_kept(folder: Path, key: Key, given: Iterable[Given]) -> None:
    """Refuse to replace what a rater gave by less."""
    items = key["items"]
    brought = {(one.rater, items[one.id]["question_id"], *sorted(items[one.id]["arms"])) for one in given}
    if key["mode"] == RateMode.scale:
        place, paths = f"verdicts/{PEOPLE}", [folder / "verdicts" / PEOPLE / f"{arm}.jsonl" for arm in key["arms"]]
    else:
        place, paths = "rate/preferences.jsonl", [key_path(folder).with_name("preferences.jsonl")]
    kept = {
        (str(row["rater"]), str(row.get("question_id")), *sorted(str(row[name]) for name in _ARMS_IN if name in row))
        for path in paths
        if path.is_file()
        for _, row in read_jsonl(path, what="ratings read before")
        if row.get("rater")
    }
    lost = Counter(rater for rater, *_ in sorted(kept - brought))
    for rater, num in lost.items():
        held = sum(rater == one[0] for one in kept)
        raise DataError(
            f"ratings: {num} of the {held} ratings by {shown(rater)} in {place} are not in these files; "
            f"name all exports together, or remove {folder / place} first"
        )


_ARMS_IN = ("arm", "first", "second")
"""Where a line that is kept names its arms."""


def _write_verdicts(folder: Path, key: Key, given: Iterable[Given]) -> None:
    room = folder / "verdicts" / PEOPLE
    rows: dict[str, list[dict[str, Any]]] = {arm: [] for arm in key["arms"]}
    order = {name: number for number, name in enumerate(key["items"])}
    for one in sorted(given, key=lambda one: (order[one.id], one.rater)):
        row = _verdict(one, key["items"][one.id])
        rows[row["arm"]].append(row)
    for arm, of_arm in rows.items():
        path = room / f"{arm}.jsonl"
        if of_arm:
            write_jsonl(path, of_arm)
            digest = sha256(folder / "answers" / f"{arm}.jsonl")
            write_json(path.with_suffix(".made.json"), {"answers": {arm: digest}})
        else:
            path.unlink(missing_ok=True)
            path.with_suffix(".made.json").unlink(missing_ok=True)


def _verdict(given: Given, item: Mapping[str, Any]) -> dict[str, Any]:
    (arm,), (digest,) = item["arms"], item["answers"]
    assert isinstance(given.value, int), given
    verdict = Verdict(
        question_id=item["question_id"], arm=arm, judge=PEOPLE, rating=float(given.value),
        reason=f"rated by {given.rater}",
    )  # fmt: skip
    asked = {name: item[name] for name in ("kind", "scene_id", "text")}
    return {**to_dict(verdict), **asked, "rater": given.rater, "answer": digest, "claims": []}


def _preference(given: Given, key: Key) -> dict[str, Any]:
    """The pair whichever side its answers stood on: the later of the key's arms first, so that the baseline is last."""
    item = key["items"][given.id]
    left, right = item["arms"]
    first, second = sorted((left, right), key=key["arms"].index, reverse=True)
    choice = {"equal": "equal", "left": "first" if left == first else "second"}.get(
        str(given.value), "first" if right == first else "second"
    )
    asked = {name: item[name] for name in ("question_id", "scene_id", "kind", "text")}
    hashes = dict(zip(item["arms"], item["answers"], strict=True))
    told = {"rater": given.rater, "first": first, "second": second, "choice": choice, "left": left}
    return {**asked, **told, "answers": hashes}
