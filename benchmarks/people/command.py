"""What ``benchmarks/facts.py`` does with people in photographs: a page to mark them, a table of marks, jitter."""

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.people import jitter, marks
from benchmarks.people.page import made_page
from benchmarks.people.readers import SKELETONS, read_people
from llavapose.errors import DataError, named, shown
from llavapose.files import atomic_write
from llavapose.records import Scene

NUM_DRAWS = 200


def positive(text: str) -> int:
    """A number of 1 or more, as an option's type."""
    number = int(text) if re.fullmatch(r"-?\d{1,9}", text) else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {shown(text)}; expected a number of 1 or more")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for photographs."""
    group = parser.add_argument_group("people in photographs")
    group.add_argument("--coco", type=Path, help="annotated people: COCO, CrowdPose, MPII, Human-Art, COCO-WholeBody")
    group.add_argument("--images", type=Path, help="their pictures; the folder `images` beside the file where not said")
    group.add_argument("--skeleton", choices=SKELETONS, help="the file's joints; told by their number where not said")
    group.add_argument("--page", type=Path, nargs="?", const=Path("facts.html"), help="write the page for marking")
    group.add_argument("--most", type=positive, help="of so many people, drawn by lot")
    group.add_argument("--marks", type=Path, action="append", help="read marks back as a table; may be said again")
    group.add_argument(
        "--jitter", type=positive, nargs="?", const=NUM_DRAWS, metavar="DRAWS",
        help="move joints as far as annotators differ, so often; of the built-in world without --coco",
    )  # fmt: skip


def misused(args: argparse.Namespace) -> str | None:
    """What is wrong with the options together, in a line; None where nothing is."""
    photographs = ("images", "skeleton", "page", "marks")
    lonely = [name for name in photographs if args.coco is None and getattr(args, name) is not None]
    if lonely:
        return f"--{lonely[0]} is of photographs; say of which with --coco FILE"
    if args.most is not None and args.page is None:
        return "--most is of the people on a page; say so with --page"
    if args.coco is not None and not (args.page or args.marks or args.jitter):
        return "--coco needs one of --page, --marks, --jitter: what to do with these people"
    if args.page is not None and args.page.is_dir():
        return f"--page {named(args.page)} is a folder; expected the name of a file to write, such as facts.html"
    return None


def of_photographs(args: argparse.Namespace) -> Iterable[str]:
    """The lines that the options ask for.

    Raises:
        DataError: a file that is missing or wrong.
    """
    beside = args.coco.parent / "images"
    images = args.images or (beside if beside.is_dir() else None)
    read = read_people(args.coco, images=images, skeleton=args.skeleton)
    if args.page:
        if images is None:
            raise DataError(f"people: no folder {beside}; say with --images where the pictures are")
        with atomic_write(args.page) as stream:
            stream.write(made_page(read.scenes, images, name=args.coco.name, most=args.most))
        yield f"{args.page}: open it in a browser, mark by keyboard, download; then --marks marks.jsonl"
    for path in args.marks or ():
        found = marks.read_marks(path, read.scenes)
        yield from marks.lines(marks.table(read.scenes, found))
        yield from marks.wrong(read.scenes, found)
        yield from marks.unmatched(read.scenes, found)
    if args.jitter:
        yield from of_jitter(read.scenes, read.areas, args.jitter)


def of_jitter(scenes: Sequence[Scene], areas: Mapping[int, float], num_draws: int) -> Iterable[str]:
    """The table of joints moved at random."""
    found = jitter.flips_by_kind(scenes, areas, num_draws=num_draws)
    yield from jitter.lines(found)
    worst = max((one.flips for one in found.values()), default=0.0)
    yield f"{len(scenes)} pictures, {num_draws} draws each; worst kind {worst:.2%} of at most {jitter.MOST_FLIPS:.0%}"


def areas_of_world(folder: Path) -> dict[int, float]:
    """Person's id -> area of the built-in world's held-out pictures."""
    content = json.loads((folder / "annotations/person_keypoints_val.json").read_text(encoding="utf-8"))
    return {one["id"]: one["area"] for one in content["annotations"]}
