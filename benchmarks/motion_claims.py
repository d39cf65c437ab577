"""Are claims about motion read out of English? Marked texts about clips, single flips, and sentences that move nobody.

    python -m benchmarks.motion_claims                 # both halves
    python -m benchmarks.motion_claims --missed        # and what is read otherwise in the developed half

``tests/pose/motion/marked`` holds texts as models write them about short clips, marked by reading before the extractor
was written: what each claims of motion, and the sure facts of its small scene. *developed*: rules were changed for it.
*counted*: its failures were never looked at one by one. *flips* are those texts with one claim changed; *traps* move
nobody: still poses, intentions, denials, cameras, balls and dogs.

*precision*, *recall*: of claims (kind, part, value, of whom) against the marked ones. *found*: flips in which something
is contradicted. *alarms*: true texts in which something is. *fell*: traps in which a motion is read that is not denied.
All with Wilson's 95% intervals.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from llavapose.pose.check import CONTRADICTED, check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import CheckedClaim, Claim, Fact, Frame, Person, Scene

MARKED = Path(__file__).parent.parent / "tests/pose/motion/marked"
HALVES = ("developed", "counted")
_JOINTS = tuple((0.01 * number, 0.5, 2) for number in range(17))
"""Enough labelled joints to be spoken of; nothing is read from where they are."""


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of marked texts."""
    return [json.loads(line) for line in (MARKED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def scene_of(row: dict[str, Any]) -> tuple[Scene, tuple[Fact, ...]]:
    """A row's people side by side over two frames, and its sure facts."""
    num = row["people"]
    people = tuple(
        Person(id=number, box_xyxy=((number + 0.3) / num, 0.2, (number + 0.7) / num, 0.9), keypoints=_JOINTS)
        for number in range(num)
    )
    frames = tuple(Frame(image=f"{number}.jpg", time_s=float(number), people=people) for number in range(2))
    facts = tuple(Fact(sure=True, **fact) for fact in row["facts"])
    return Scene(id=1, image="1.jpg", width=100, height=100, people=people, frames=frames), facts


def motions(text: str) -> list[Claim]:
    """The claims about motion of a text."""
    return [claim for claim in extract_claims(text, moving=True) if claim.kind in VALUES]


def _said(claim: dict[str, Any]) -> tuple[str, ...]:
    """What makes a claim one; "a man" and "the man" are the same."""
    mention, target = (
        str(claim.get(name)).removeprefix("the ").removeprefix("a ").removesuffix("'s")
        for name in ("mention", "target")
    )
    return claim["kind"], str(claim["part"]), claim["value"], mention, target


def compared(row: dict[str, Any]) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """The claims read and the claims marked."""
    read = Counter(_said(vars(claim)) for claim in motions(row["text"]) if not claim.negated)
    return read, Counter(_said(claim) for claim in row["claims"])


def contradicted(row: dict[str, Any]) -> list[CheckedClaim]:
    """What a row's scene contradicts in its text."""
    scene, facts = scene_of(row)
    return [one for one in check_text(row["text"], scene, facts) if one.outcome == CONTRADICTED]


def share(right: int, num: int) -> str:
    """A share with Wilson's interval and what it is of."""
    low, high = binomtest(right, num).proportion_ci(method="wilson")
    return f"{100 * right / num:5.1f}% [{100 * low:.1f}, {100 * high:.1f}] of {num}"


def measured(half: str) -> Iterator[tuple[str, int, int]]:
    """Each measure of a half: its name, how many, of how many."""
    true, flips, traps = (rows(f"{half}_{name}") for name in ("true", "flips", "traps"))
    pairs = [compared(row) for row in true]
    right = sum((read & marked).total() for read, marked in pairs)
    yield "precision", right, sum(read.total() for read, _ in pairs)
    yield "recall", right, sum(marked.total() for _, marked in pairs)
    yield "found", sum(bool(contradicted(row)) for row in flips), len(flips)
    yield "alarms", sum(bool(contradicted(row)) for row in true), len(true)
    yield "fell", sum(any(not claim.negated for claim in motions(row["text"])) for row in traps), len(traps)


def missed() -> Iterator[str]:
    """What is read otherwise in the developed half, line by line."""
    for row in rows("developed_true"):
        read, marked = compared(row)
        for name, claims in (("not read", marked - read), ("not marked", read - marked)):
            yield from (f"{row['id']} {name}: {' | '.join(claim)}\n    {row['text']}" for claim in claims)
        yield from (f"{row['id']} alarm: {one.claim.kind} {one.claim.value}" for one in contradicted(row))
    for row in rows("developed_flips"):
        if not contradicted(row):
            yield f"{row['id']} not found: {row['text']}"
    for row in rows("developed_traps"):
        told = [replace(claim, start=0, end=0) for claim in motions(row["text"]) if not claim.negated]
        yield from (f"{row['id']} fell: {claim}\n    {row['text']}" for claim in told)


def main() -> None:
    """Print the measures of both halves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missed", action="store_true", help="list what is read otherwise in the developed half")
    arguments = parser.parse_args()
    for half in HALVES:
        for name, right, num in measured(half):
            print(f"{half:<10} {name:<10} {share(right, num)}")
    if arguments.missed:
        print(*missed(), sep="\n")


if __name__ == "__main__":
    main()
