"""What an earlier run of a job left, and what of it can stay.

A job's card, ``runs/<arm>/job.json``, is written before the job starts and again when it ends::

    {"training": {"optim.lr": 0.001, ...}, "evaluation": {...}, "exit_code": 0, "seconds": 61.2,
     "results": {"answers/full.jsonl": "3f0c...", ...}}

Equal settings and whole results are kept. Where the weights are decided by the same settings, training goes on from its
last checkpoint, or stays where it had ended; anything else begins anew. What was trained by other settings is not
written over unless the sweep is told to (``resume=false``).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from llavapose.config.checks.inputs import TRAINED
from llavapose.errors import DataError
from llavapose.files import read_json, sha256, write_json
from llavapose.manifest import has_checkpoint, set_aside
from llavapose.sweep.identity import Identity, differences

CARD = "job.json"


class What(StrEnum):
    """What becomes of a job."""

    kept = "kept"
    resumed = "resumed"
    new = "new"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a job leaves what.

    Attributes:
        dir: its own folder.
        results_dir: the folder of results that it shares with others.
        arm: what its files there are called.
        trains: whether it does; the baseline does not.
        evaluates: whether it does.
    """

    dir: Path
    results_dir: Path
    arm: str
    trains: bool = True
    evaluates: bool = True


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What is there of a job.

    Attributes:
        what: what becomes of it.
        why: in a few words.
        seconds: how many a kept one had taken.
        replaces: whether what was trained by other settings would be written over.
    """

    what: What
    why: str
    seconds: float = 0.0
    replaces: bool = False


def look(place: Place, now: Identity) -> Earlier:
    """Compare what lies there with what is asked for now."""
    card = _card(place)
    begun = _begun(place)
    trained = place.trains and (bool(begun) or (place.dir / "hf").is_dir())
    if card is None:
        return Earlier(
            what=What.new, why="what lies there does not say its settings" if begun or trained else "", replaces=trained
        )
    changed = differences(card["training"], now.training)
    if changed:
        return Earlier(what=What.new, why=f"other settings: {_few(changed)}", replaces=trained)
    changed = differences(card["evaluation"], now.evaluation)
    if changed:
        why = f"evaluated anew: {_few(changed)}"
    elif card["exit_code"] is None:
        why = "had not come to its end"
    elif card["exit_code"] != 0:
        why = f"had failed (exit {card['exit_code']})"
    elif lost := _lost(place, card["results"]):
        why = f"{lost} is gone, or is not what it was"
    else:
        return Earlier(what=What.kept, why="settings unchanged, results whole", seconds=card["seconds"])
    return Earlier(what=What.resumed if begun else What.new, why=f"{why}{begun and f'; {begun}'}")


def begin(place: Place, now: Identity, what: What) -> None:
    """Write the card of a job that is about to start: killed from here on, it is known by its settings."""
    if what == What.new:
        # First of all: the card must not speak for checkpoints of other settings, not even for a moment.
        if (aside := set_aside(place.dir)) is not None:
            print(f"{place.arm}: earlier checkpoints moved to {aside}; remove them at will", flush=True)
        forget_trained(place.dir)
    _write(place, now, exit_code=None, seconds=0.0, results={})


def end(place: Place, now: Identity, *, exit_code: int, seconds: float) -> None:
    """Write the card of a job that has ended, with the hashes of what it left."""
    results = {name: _mark(place.results_dir / name) for name in _results(place)} if exit_code == 0 else {}
    _write(place, now, exit_code=exit_code, seconds=seconds, results=results)


def mark_trained(output_dir: Path, now: Identity) -> None:
    """Say in a run's folder that training has ended and its checkpoint folder is whole."""
    write_json(output_dir / TRAINED, {"training": dict(now.training), "files": _sizes(output_dir / "hf")})


def is_trained(output_dir: Path, now: Identity) -> bool:
    """Whether training by these very settings has ended and left its checkpoint folder as it is."""
    path = output_dir / TRAINED
    if not path.is_file():
        return False
    mark = read_json(path, what="mark of a training")
    return mark["files"] == _sizes(output_dir / "hf") and not differences(mark["training"], now.training)


def forget_trained(output_dir: Path) -> None:
    """Take the mark away: from now on the folder is under way again."""
    (output_dir / TRAINED).unlink(missing_ok=True)


def _write(place: Place, now: Identity, **further: Any) -> None:
    told = {"training": dict(now.training), "evaluation": dict(now.evaluation), **further}
    write_json(place.dir / CARD, told)


def _card(place: Place) -> dict[str, Any] | None:
    path = place.dir / CARD
    if not path.is_file():
        return None
    card = read_json(path, what="card of a job")
    missing = {"training", "evaluation", "exit_code", "seconds", "results"} - set(card)
    if missing:
        raise DataError(f"sweep: {path} lacks {', '.join(sorted(missing))}; remove it, and the job begins anew")
    return card


def _begun(place: Place) -> str:
    """What a job that did not come to its end can go on from; "" where there is nothing."""
    if not place.trains:
        return "goes on where its answers end" if any(place.results_dir.glob(f"*/{place.arm}.*")) else ""
    if (place.dir / TRAINED).is_file():
        return "its training had ended"
    if has_checkpoint(place.dir):
        return "goes on from its last checkpoint"
    return ""


def _results(place: Place) -> list[str]:
    """What a job leaves for the tables; without an evaluation, its checkpoint folder."""
    # At any depth: a judge's verdicts lie in its folder, a control's answers and verdicts in one of theirs.
    patterns = ("answers/**/{}.jsonl", "verdicts/**/{}.jsonl", "probe/{}.jsonl")
    if place.evaluates:
        found = [path for one in patterns for path in place.results_dir.glob(one.format(place.arm))]
    else:
        found = [path for path in (place.dir / "hf").glob("*") if path.name != "README.md"]
    return sorted(str(path.relative_to(place.results_dir)) for path in found)


def _lost(place: Place, results: dict[str, str]) -> str:
    """The first result that is not there any more, or not as it was, or is about answers that have been replaced."""
    for name, mark in results.items():
        path = place.results_dir / name
        if not path.is_file() or _mark(path) != mark:
            return name
    for path in place.results_dir.glob(f"verdicts/*/{place.arm}.made.json"):
        for arm, digest in read_json(path, what="mark of verdicts")["answers"].items():
            answers = place.results_dir / "answers" / f"{arm}.jsonl"
            if answers.is_file() and sha256(answers) != digest:
                return f"answers/{arm}.jsonl"
    return ""


def _mark(path: Path) -> str:
    """The hash of a result; of weights, which are large, the size."""
    return sha256(path) if path.suffix == ".jsonl" else f"{path.stat().st_size} bytes"


def _sizes(folder: Path) -> dict[str, int]:
    """Name -> bytes of a checkpoint folder's files; the card there is rewritten when results come."""
    if not folder.is_dir():
        return {}
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.name != "README.md"}


def _few(phrases: list[str], most: int = 3) -> str:
    return ", ".join(phrases[:most]) + (f" and {len(phrases) - most} more" if len(phrases) > most else "")
