"""The part of the page about where joints are: the table, similarity by joint, skeletons side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llavapose.evaluation.locating.pictures import chosen_people
from llavapose.evaluation.tables.ablation import file_arm
from llavapose.files import read_json
from llavapose.report.markup import jpeg_uri
from llavapose.report.plots import similarity_plot
from llavapose.report.tables.located import PUBLISHED, located_grid
from llavapose.report.tables.read import read_table

MAX_ARMS = 6
"""Whose people are shown: 24 of some 12 kB each."""


def located_values(out: Path, folders: Mapping[str, Path]) -> dict[str, Any] | None:
    """What the template shows; None where no arm was asked.

    Args:
        out: with ``located.csv``.
        folders: arm -> folder of its results.
    """
    rows = read_table(out, "located.csv")
    grid = located_grid(rows)
    if grid is None:
        return None
    arms = [row["arm"] for row in rows if row["shown"] == "true"]
    told: dict[str, Any] = {}
    for arm in arms:
        path = _file(folders, arm, "json")
        if path is not None:
            told[arm] = read_json(path, what="located")["rows"]["true"].get("similarity", {})
    people = [(arm, found) for arm in arms[:MAX_ARMS] if (found := _people(folders, arm))]
    return {"grid": grid, "plot": similarity_plot(told, arms), "people": people, "published": PUBLISHED}


def _file(folders: Mapping[str, Path], arm: str, end: str) -> Path | None:
    path = folders[arm] / "located" / f"{file_arm(arm)}.{end}" if arm in folders else None
    return path if path is not None and path.is_file() else None


def _people(folders: Mapping[str, Path], arm: str) -> list[dict[str, Any]]:
    path = _file(folders, arm, "people.json")
    if path is None:
        return []
    found = []
    for number, one in enumerate(chosen_people(read_json(path, what="located people"))):
        picture = path.parent / file_arm(arm) / f"{number:02}.jpg"
        if picture.is_file():
            told = {name: one[name] for name in ("scene_id", "person_id")}
            found.append({**told, "similarity": f"{one['similarity']:.2f}", "uri": jpeg_uri(picture.read_bytes())})
    return found
