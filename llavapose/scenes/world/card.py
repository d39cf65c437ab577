"""The world card: how a built-in world's pictures are distributed, from its annotations and its latent truth.

``python -m llavapose.scenes.world.card FOLDER`` prints the numbers of a world that was drawn;
``python -m llavapose.scenes.world.card --sheet docs/contact_sheet.png`` puts 40 pictures of seed 0 side by side.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.errors import DataError, LlavaPoseError
from llavapose.files import atomic_write, read_json
from llavapose.pose.facts.scene import scene_facts
from llavapose.scenes.world.world import SPLITS, WorldSettings, ensure_world, read_truth, read_world

_Posed = Mapping[str, Any]

BENT_DEG = 137.5
"""Midway between a clearly bent and a clearly straight elbow or knee."""

OUT, ACROSS = 0.65, -0.37
"""Torso lengths of a wrist outside its own shoulder; the second is the body's middle. What lies between is neither."""

SHEET_SIDE, SHEET_COLUMNS, SHEET_PICTURES = 224, 8, 40


def world_card(folder: Path) -> dict[str, Any]:
    """Counts and shares over both splits of a world.

    Raises:
        DataError: the folder holds no world, or no picture.
    """
    if not (folder / "annotations").is_dir():
        raise DataError(f"world card: {folder} holds no world; expected the folder that ensure_world returns")
    pictures = [picture for split in SPLITS for picture in read_truth(folder, split)]
    people = [person for picture in pictures for person in picture["people"]]
    if not people:
        raise DataError(f"world card: the world in {folder} has no pictures; draw one with num_train above 0")
    seen = dict(_seen(folder))
    heights = sorted(seen[person["annotation_id"]]["height"] for person in people)
    return {
        "num_pictures": len(pictures),
        "num_people": len(people),
        "people_per_picture": shares(str(picture["num_people"]) for picture in pictures),
        "several_people": share(picture["num_people"] > 1 for picture in pictures),
        "cut": share(seen[person["annotation_id"]]["cut"] for person in people),
        "occluded_or_cut": share(_hidden(person) or seen[person["annotation_id"]]["cut"] for person in people),
        "height": {"least": heights[0], "median": heights[len(heights) // 2], "greatest": heights[-1]},
        "facing": shares(person["facing"] for person in people if person["facing"]),
        "actions": shares(person["action"] for person in people),
        "stances": shares(person["stance"] for person in people),
        "settings": shares(picture["setting"] for picture in pictures),
        "two_way": {
            **_sided(people),
            **_whole_body(people),
            "left half of the picture": share(seen[person["annotation_id"]]["x"] < 0.5 for person in people),
        },
        "stated": _stated(folder),
    }


def _seen(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Annotation id, and of each person's box the height and centre in 0..1, and whether a joint is outside."""
    for split in SPLITS:
        content = read_json(folder / "annotations" / f"person_keypoints_{split}.json", what="world keypoints")
        sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
        for annotation in content["annotations"]:
            (x, _, wide, tall), (width, height) = annotation["bbox"], sizes[annotation["image_id"]]
            yield (
                annotation["id"],
                {
                    "height": round(tall / height, 4),
                    "x": (x + wide / 2) / width,
                    "cut": 0 in annotation["keypoints"][2::3],
                },
            )


def _hidden(person: _Posed) -> bool:
    """Whether someone else or a thing hides a joint; the own body does not count."""
    return any(by != "self" for by in person["hidden_by"].values())


def _sided(people: list[_Posed]) -> dict[str, float]:
    """Two-way facts of single limbs: the share of the value that the key names."""
    facts = {}
    for side in ("left", "right"):
        facts[f"{side} elbow bent"] = share(p["elbow_deg"][side] < BENT_DEG for p in people)
        facts[f"{side} knee bent"] = share(p["knee_deg"][side] < BENT_DEG for p in people)
        facts[f"{side} arm raised"] = share(p["wrist_rise"][side] > 0 for p in people)
        reaches = [_reach(p, side) for p in people if p["facing"] in ("front", "back")]
        facts[f"{side} arm out, not across"] = share(r > OUT for r in reaches if r > OUT or r < ACROSS)
    return facts


def _reach(person: _Posed, side: str) -> float:
    """How far a wrist is outside its own shoulder along the shoulders' line, in torso lengths."""
    other, joints = "right" if side == "left" else "left", person["joints_3d"]
    own, far, wrist = (joints[name] for name in (f"{side} shoulder", f"{other} shoulder", f"{side} wrist"))
    line, arm = [a - b for a, b in zip(own, far, strict=True)], [a - b for a, b in zip(wrist, own, strict=True)]
    breadth_squared = sum(v * v for v in line)
    # Shoulders are 0.74 torso lengths apart.
    return 0.74 * sum(a * b for a, b in zip(arm, line, strict=True)) / breadth_squared


def _whole_body(people: list[_Posed]) -> dict[str, float]:
    """Two-way facts of stance, trunk, legs and view."""
    stands = [person["legs"] for person in people if person["stance"] == "standing"]
    views = Counter(person["facing"] for person in people)
    return {
        "standing": round(len(stands) / len(people), 4),
        "trunk upright": share(person["trunk"] == "upright" for person in people),
        "standing, legs apart, not together": _first(Counter(stands), "apart", "together"),
        "standing, a leg lifted": share(state.startswith(("lift", "run")) for state in stands),
        "front, not back": _first(views, "front", "back"),
        "image left, not image right": _first(views, "image left", "image right"),
    }


def _stated(folder: Path) -> dict[str, dict[str, int]]:
    """How often the 2-D joints leave a fact sure, by kind and value: what teacher, judge and probe have."""
    counts: dict[str, Counter[str]] = {}
    for split in SPLITS:
        for scene in read_world(folder, split).scenes:
            for fact in scene_facts(scene):
                if fact.sure:
                    counts.setdefault(fact.kind, Counter())[fact.value] += 1
    return {kind: dict(values.most_common()) for kind, values in sorted(counts.items())}


def _first(counts: Counter[str], one: str, other: str) -> float:
    return round(counts[one] / max(1, counts[one] + counts[other]), 4)


def share(flags: Iterable[Any]) -> float:
    """Of flags, those that are true: 0..1."""
    values = [bool(flag) for flag in flags]
    return round(sum(values) / max(1, len(values)), 4)


def shares(values: Iterable[str]) -> dict[str, float]:
    """Value -> its share, the commonest first."""
    counts = Counter(values)
    return {value: round(number / counts.total(), 4) for value, number in counts.most_common()}


def contact_sheet(folder: Path) -> Image.Image:
    """The first pictures of a world's train split side by side."""
    paths = sorted((folder / "train").glob("*.jpg"))[:SHEET_PICTURES]
    rows = -(-len(paths) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * SHEET_SIDE, rows * SHEET_SIDE), (255, 255, 255))
    for index, path in enumerate(paths):
        with Image.open(path) as picture:
            tile = picture.convert("RGB").resize((SHEET_SIDE, SHEET_SIDE))
        sheet.paste(tile, (index % SHEET_COLUMNS * SHEET_SIDE, index // SHEET_COLUMNS * SHEET_SIDE))
    return sheet


def main(arguments: list[str] | None = None) -> int:
    """Print the world's card, and write its contact sheet where one is asked for."""
    return card_command(
        arguments, prog="python -m llavapose.scenes.world.card", what="The built-in world's card.", unit="pictures",
        num=SHEET_PICTURES, on_sheet=f"the first {SHEET_PICTURES} training pictures", draw=_drawn, card=world_card,
        sheet=contact_sheet,
    )  # fmt: skip


def _drawn(scratch: Path, num: int, seed: int) -> Path:
    return ensure_world(scratch, WorldSettings(num_train=num, num_val=0, seed=seed))


def card_command(
    arguments: list[str] | None,
    *,
    prog: str,
    what: str,
    unit: str,
    num: int,
    on_sheet: str,
    draw: Callable[[Path, int, int], Path],
    card: Callable[[Path], dict[str, Any]],
    sheet: Callable[[Path], Image.Image],
) -> int:
    """A world's card as a command; 1 where a user is told what is wrong.

    Args:
        arguments: of the command line; None: those of the process.
        prog: its name.
        what: it shows.
        unit: what a world is made of.
        num: how many are drawn where no folder is given.
        on_sheet: what the sheet holds.
        draw: (folder to draw in, number, seed) -> a world's folder.
        card: of a world's folder.
        sheet: of a world's folder.
    """
    parser = argparse.ArgumentParser(prog=prog, description=what)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of a drawn world; without it one is drawn")
    parser.add_argument("--sheet", type=Path, help=f"write a PNG of {on_sheet}")
    parser.add_argument(f"--{unit}", dest="num", type=int, default=num, help="how many to draw without FOLDER")
    parser.add_argument("--seed", type=int, default=0, help="seed to draw with without FOLDER")
    asked = parser.parse_args(arguments)
    try:
        with ExitStack() as stack:
            folder = asked.folder
            if folder is None:
                scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                folder = draw(scratch, asked.num, asked.seed)
            print(json.dumps(card(folder), indent=2))
            if asked.sheet is not None:
                with atomic_write(asked.sheet, "wb") as stream:
                    sheet(folder).save(stream, "PNG", optimize=True)
                print(f"contact sheet: {asked.sheet}")
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
