"""The moving world's card: which motions its clips show, how often in either direction, by whom; and a sheet of clips.

``python -m llavapose.scenes.world.moving.card FOLDER`` prints the numbers of a world that was drawn;
``python -m llavapose.scenes.world.moving.card --sheet docs/motion_sheet.png`` puts clips of seed 0 below one another.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.errors import DataError
from llavapose.files import read_json
from llavapose.frames import chosen
from llavapose.pose.motion.facts import motion_facts
from llavapose.pose.motion.vocabulary import OPPOSITES
from llavapose.scenes.world.card import card_command, share, shares
from llavapose.scenes.world.moving.folder import SPLITS, MotionSettings, ensure_motion, read_motion, read_truth

SHEET_CLIPS, SHEET_FRAMES, SHEET_SIDE = 14, 8, 112
"""Rows, columns, and pixels of a frame."""


def motion_card(folder: Path) -> dict[str, Any]:
    """Counts and shares over both splits of a moving world.

    Raises:
        DataError: the folder holds no moving world, or no clip.
    """
    if not all((folder / f"truth_{split}.jsonl").is_file() for split in SPLITS):
        raise DataError(
            f"motion card: {folder} holds no world in motion; expected the folder that ensure_motion returns"
        )
    clips = [clip for split in SPLITS for clip in read_truth(folder, split)]
    people = [person for clip in clips for person in clip["people"]]
    if not people:
        raise DataError(f"motion card: the world in {folder} has no clips; draw one with num_train above 0")
    several = [clip for clip in clips if clip["apart"] is not None]
    return {
        "num_clips": len(clips),
        "num_people": len(people),
        "people_per_clip": shares(str(clip["num_people"]) for clip in clips),
        "people who move": share(bool(person["moves"]) for person in people),
        "of clips in which several move: one after the other": share(clip["apart"] for clip in several),
        "settings": shares(clip["setting"] for clip in clips),
        "motions": _motions(people),
        "events": _events(people),
        "either_way": _either_way(people),
        "stated": _stated(folder),
    }


def _motions(people: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """How often each motion is made, and how often forwards: an arm raised, a stand, own left, nearer, thrown."""
    forward: dict[str, list[bool]] = {}
    for person in people:
        for move in person["moves"]:
            forward.setdefault(move["name"], []).append(move["forward"])
    return {name: {"number": len(ways), "forwards": share(ways)} for name, ways in sorted(forward.items())}


def _events(people: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How often each motion fact is clearly true, by kind and value; those within a repeated motion aside."""
    counts: dict[str, Counter[str]] = {}
    for person in people:
        for event in person["events"]:
            if event["clear"] and not event["within"]:
                counts.setdefault(event["kind"], Counter())[event["value"]] += 1
    return {kind: dict(values.most_common()) for kind, values in sorted(counts.items())}


def _either_way(people: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of a value and its opposite, the share of the value that the key names."""
    found = {}
    for kind, counts in _events(people).items():
        for value, opposite in OPPOSITES.get(kind, {}).items():
            # Both kinds of getting down have one opposite; the rest come in pairs, of which one is told.
            if f"{kind}: {opposite}, not {value}" in found or value == "stands up":
                continue
            downs = [one for one, other in OPPOSITES[kind].items() if other == opposite]
            number = sum(counts.get(one, 0) for one in downs)
            name = " or ".join(downs)
            found[f"{kind}: {name}, not {opposite}"] = round(number / max(1, number + counts.get(opposite, 0)), 4)
    return found


def _stated(folder: Path) -> dict[str, dict[str, int]]:
    """How often the frames' joints leave a motion fact sure: what teacher, judge and probe have."""
    counts: dict[str, Counter[str]] = {}
    num_frames = read_json(folder / "settings.json", what="the moving world's settings")["num_frames"]
    for split in SPLITS:
        for scene in read_motion(folder, split, num_frames).scenes:
            for fact in motion_facts(scene):
                if fact.sure:
                    counts.setdefault(fact.kind, Counter())[fact.value] += 1
    return {kind: dict(values.most_common()) for kind, values in sorted(counts.items())}


def motion_sheet(folder: Path) -> Image.Image:
    """Clips of a world's train split below one another, as many frames of each as stand side by side."""
    rows = [_strip(clip) for clip in _varied(list(read_truth(folder, "train")), folder)]
    sheet = Image.new("RGB", (SHEET_FRAMES * SHEET_SIDE, len(rows) * SHEET_SIDE), (255, 255, 255))
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * SHEET_SIDE))
    # 128 colours: drawn pictures have few, and the file is a third.
    return sheet.quantize(128)


def _varied(clips: Sequence[dict[str, Any]], folder: Path) -> list[Path]:
    """The first clip of every motion, then the first that are left."""
    first: dict[str, int] = {}
    for place, clip in enumerate(clips):
        for person in clip["people"]:
            for move in person["moves"] or [{"name": "still"}]:
                first.setdefault(move["name"], place)
    places = list(dict.fromkeys(first.values()))
    places += [place for place in range(len(clips)) if place not in places]
    return [folder / "train" / clips[place]["video"] for place in sorted(places[:SHEET_CLIPS])]


def _strip(clip: Path) -> Image.Image:
    paths = sorted(clip.glob("*.jpg"))
    strip = Image.new("RGB", (SHEET_FRAMES * SHEET_SIDE, SHEET_SIDE), (255, 255, 255))
    for place, frame in enumerate(chosen(len(paths), SHEET_FRAMES)):
        with Image.open(paths[frame]) as picture:
            strip.paste(picture.convert("RGB").resize((SHEET_SIDE, SHEET_SIDE)), (place * SHEET_SIDE, 0))
    return strip


def main(arguments: list[str] | None = None) -> int:
    """Print a moving world's card, and write its sheet where one is asked for."""
    return card_command(
        arguments, prog="python -m llavapose.scenes.world.moving.card", what="The built-in world in motion: its card.",
        unit="clips", num=60, on_sheet=f"{SHEET_CLIPS} training clips, a row each", draw=_drawn, card=motion_card,
        sheet=motion_sheet,
    )  # fmt: skip


def _drawn(scratch: Path, num: int, seed: int) -> Path:
    return ensure_motion(scratch, MotionSettings(num_train=num, num_val=0, seed=seed))


if __name__ == "__main__":
    sys.exit(main())
