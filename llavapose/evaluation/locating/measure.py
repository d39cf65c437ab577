"""Ask an arm where the joints of held-out people are, and write down what it says and what that is worth."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from llavapose.config.teaching import LocateConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.answerers.protocol import JointAnswer, LocatingAnswerer, Place
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.locating.people import SHUFFLED, TRUE, Asked, people_asked, training_people
from llavapose.evaluation.locating.pictures import draw_people
from llavapose.evaluation.locating.scores import scores_of, write_located
from llavapose.evaluation.result_file import write_rows
from llavapose.files import fingerprint, read_json, read_jsonl, write_json
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import Spot
from llavapose.locate.shown import Query, mean_pose
from llavapose.records import BASELINE

log = logging.getLogger(__name__)

FOLDER = "located"
ASKED_AS = ("view", "asking", "coding")
"""Settings of ``locate`` that a checkpoint must be asked with as it was taught."""
SHOWN_AS = ("margin", "size", "described")
"""Those that may be varied, which a line says."""


def locate(arm: Arm) -> None:
    """Answers, COCO's results and scores below ``located/``; nothing where nobody is to be asked about."""
    if arm.locate is None or arm.locate.num_people == 0 or not _is_able(arm, arm.locate):
        return
    folder = arm.out / FOLDER
    asked = people_asked(arm.scenes, arm.locate, folder / "pictures")
    for note in asked.notes:
        log.info("%s: %s", arm.name, note)
    floor = _floor(arm, arm.locate)
    _ask(arm, asked, folder)
    rows = [row for _, row in read_jsonl(folder / f"{arm.name}.jsonl", what="located")]
    people = write_located(folder / arm.name, asked, rows)
    draw_people(folder / arm.name, asked, asked.pictures, people)
    spent = folder / f"{arm.name}.cost.json"
    cost = read_json(spent, what="cost") if spent.is_file() else {}
    write_json(folder / f"{arm.name}.json", scores_of(asked, rows, floor, cost))
    log.info("%s: where %d people's joints are: %s", arm.name, len(asked.people), folder / f"{arm.name}.json")


def _floor(arm: Arm, config: LocateConfig) -> Sequence[tuple[float, float]] | None:
    """The training people's mean pose; None, with a line, where their annotations are not here."""
    try:
        return mean_pose(training_people(arm.scenes, config))
    except DataError as error:
        log.warning("%s: no row of the mean pose: %s", arm.name, str(error).partition("\n")[0])
        return None


def _is_able(arm: Arm, config: LocateConfig) -> bool:
    """Whether an arm can be asked; an untouched base that lacks the coding's words is left out.

    Raises:
        ConfigError: another arm cannot.
    """
    if not isinstance(arm.answerer, LocatingAnswerer):
        raise ConfigError(
            f"locate: {arm.name} is answered by {type(arm.answerer).__name__}, which is not asked for joints; use "
            "answerer=checkpoint, locate.num_people=0, or `python -m llavapose locate --answers FILE` for replies that "
            "lie there"
        )
    coding, taught = CODINGS[config.coding], arm.answerer.taught()
    odd = [name for name in ASKED_AS if name in taught and taught[name] != str(getattr(config, name))]
    if odd:
        why = f"was taught {' '.join(f'locate.{name}={taught[name]}' for name in odd)}"
    elif arm.answerer.lacks(coding.new_tokens):
        why = f"cannot write {coding.new_tokens[0]}: it was not taught locate.coding={coding.name}"
    else:
        varied = [name for name in SHOWN_AS if name in taught and taught[name] != getattr(config, name)]
        for name in varied:
            log.warning(
                "%s: asked with locate.%s=%s, and taught with %s", arm.name, name, getattr(config, name), taught[name]
            )
        return True
    if arm.name != BASELINE:
        raise ConfigError(f"locate: {arm.name} {why}; ask it as it was taught")
    log.info("where joints are: %s %s; it is not asked", arm.name, why)
    return False


def _ask(arm: Arm, asked: Asked, folder: Path) -> None:
    """Write ``<arm>.jsonl`` unless the same has made it, and beside it what the answers took that were made now."""
    answerer = arm.answerer
    assert isinstance(answerer, LocatingAnswerer)
    several = len({one.image for one in (asked.scenes if asked.asking.of_everyone else asked.people)}) > 1
    passes = (TRUE, SHUFFLED) if several else (TRUE,)  # of one picture alone there is no other
    groups = [(name, number, group) for name in passes for number, group in enumerate(asked.queries(name))]
    queries = [(name, query) for name, _, group in groups for query in group]
    keys = [(name, number) for name, number, group in groups for _ in group]
    texts = [[name, one.question.id, one.question.image, one.question.text] for name, one in queries]
    made_from = [answerer.identity(), texts, asdict(asked.asking), str(asked.images)]
    made = fingerprint([*made_from, "places of all joints"] if asked.asking.of_everyone else made_from)

    def rows_from(first: int) -> Iterator[dict[str, Any]]:
        left, start = queries[first:], perf_counter()
        told = answerer.places([query for _, query in left], asked.images, asked.asking.writes)
        for (name, query), one in zip(left, told, strict=True):
            yield _row(arm.name, name, query, one, asked)
        spent = {"seconds": perf_counter() - start, "num_groups": len(set(keys[first:]))}
        write_json(folder / f"{arm.name}.cost.json", spent)

    write_rows(folder / f"{arm.name}.jsonl", made, keys, rows_from, "answer")


def _row(arm: str, pictures: str, query: Query, told: JointAnswer, asked: Asked) -> dict[str, Any]:
    coding = asked.asking.writes
    people = [
        {
            "corners": one.pointed.corners,
            "spots": {name: _shown(spot) for name, spot in one.pointed.spots.items()},
            "sure": round(one.sure, 6),
            "sure_of": {name: round(value, 6) for name, value in one.sure_of.items()},
            "places": _placed(one.places),
        }
        for one in told.people
    ]
    return {
        "arm": arm, "pictures": pictures, "id": query.question.id, "image": query.question.image,
        "scene_id": query.question.scene_id, "text": told.text, "num_tokens": told.num_tokens,
        "spots": {name: _shown(spot) for name, spot in told.spots.items()},
        "places": _placed(told.places),
        "coding": coding.name, "people": people, "whole": told.whole,
    }  # fmt: skip


def _placed(places: Mapping[str, Place]) -> dict[str, list[float]]:
    """Places as JSON: [x, y, how sure]."""
    return {name: [round(one.x, 5), round(one.y, 5), round(one.sure, 6)] for name, one in places.items()}


def _shown(spot: Spot | None) -> Any:
    """A spot as JSON: [x, y, hidden], "not visible", or null for what could not be read."""
    if spot is None:
        return None
    return "not visible" if spot.place is None else [*(round(value, 5) for value in spot.place), spot.hidden]
