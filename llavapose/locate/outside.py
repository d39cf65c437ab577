"""What others located, scored as a checkpoint is: replies of any model, or a pose estimator's results."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocateConfig
from llavapose.errors import ConfigError, DataError
from llavapose.files import fingerprint, write_json
from llavapose.locate.answers.collect import collect
from llavapose.locate.answers.forms import FORMS
from llavapose.locate.answers.lines import read_lines
from llavapose.locate.datasets.scored import row_of, views_of
from llavapose.locate.make import asking_of
from llavapose.locate.results import Located, read_results, write_results
from llavapose.locate.shown import shown_people
from llavapose.pose.skeleton import skeleton_named
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a table by name, and what is to be said beside it."""

    rows: dict[str, dict[str, Any]]
    notes: list[str]


def answers_rows(scenes: ScenesConfig, config: LocateConfig, answers: Path, form: str | None, out: Path) -> Rows:
    """A row a model of a file of replies; its people as COCO's results in ``out``.

    Raises:
        ConfigError: no form, or one that is not known.
        DataError: a file that is not of its form, or nobody was located.
    """
    if form not in FORMS:
        raise ConfigError(f"--format is {form}; expected one of {', '.join(FORMS)}: a reply does not tell its own")
    _refuse_overwriting(answers, out)
    chosen = open_scenes(scenes, "val", pictures=False, any_joints=True)
    views = None
    if form == "llavapose":
        asking = asking_of(config)
        squares = views_of(scenes, "val", margin=asking.margin)
        views = {one.person_id: one.view for one in shown_people(chosen.scenes, asking, views=squares)}
    lines = read_lines(answers, skeleton_named(scenes.joints).joints)
    found, names = Rows(rows={}, notes=[]), ["scores"]
    for model, one in collect(lines, chosen.scenes, form, views=views, coding=asking_of(config).writes).items():
        if not one.people:
            raise DataError(f"answers: {answers}: nobody was located by {model}: {one.counts.told()}")
        names.append(_file_name(model, names))
        found.rows[model] = _row(scenes, chosen, one.people, out / f"{names[-1]}.json")
        found.rows[model] |= {"parsed": one.counts.parsed}
        found.notes.append(f"{model}: {one.counts.told()}")
    write_json(out / "scores.json", {"rows": found.rows, "notes": found.notes})
    return found


def results_rows(scenes: ScenesConfig, results: Path, out: Path) -> Rows:
    """The row of a pose estimator's results.

    Raises:
        DataError: a file that is not of its form, or nobody in these pictures.
    """
    _refuse_overwriting(results, out)
    chosen = open_scenes(scenes, "val", pictures=False, any_joints=True)
    people = read_results(results, num_joints=len(skeleton_named(scenes.joints).joints))
    here = {scene.id for scene in chosen.scenes}
    of_these = [one for one in people if one.image_id in here]
    if not of_these:
        raise DataError(
            f"keypoint results: {results}: none of its {len(people)} people is in a picture of {scenes.name}"
        )
    notes = [f"results: {len(of_these)} people in {len({one.image_id for one in of_these})} of {len(here)} pictures"]
    if len(of_these) < len(people):
        notes.append(f"results: {len(people) - len(of_these)} people of other pictures left out")
    found = Rows(rows={"results": _row(scenes, chosen, of_these, out / "results.json")}, notes=notes)
    write_json(out / "scores.json", {"rows": found.rows, "notes": found.notes})
    return found


def _refuse_overwriting(source: Path, out: Path) -> None:
    """What is read must not lie where results are written.

    Raises:
        ConfigError: it does.
    """
    if source.exists() and out.exists() and source.resolve().parent == out.resolve():
        raise ConfigError(f"{source} lies in {out}, where results are written and might replace it; give another --out")


def _row(scenes: ScenesConfig, chosen: SceneSet, people: list[Located], path: Path) -> dict[str, Any]:
    row = row_of(scenes, people, image_ids={scene.id for scene in chosen.scenes})
    write_results(path, people)
    return row


def _file_name(model: str, taken: Collection[str]) -> str:
    """A name of its own for each model, and none that another file of the folder has."""
    plain = re.sub(r"[^\w.-]+", "_", model).lstrip(".") or "answers"
    return plain if plain not in taken else f"{plain}-{fingerprint(model, 6)}"
