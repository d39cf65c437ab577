"""Are claims about motion read out of English? Marked texts about clips, single flips, and sentences that move nobody.

    python -m benchmarks.motion_claims                 # both halves, and texts by a second writer
    python -m benchmarks.motion_claims --kinds         # and what goes wrong in those, by kind of claim
    python -m benchmarks.motion_claims --missed        # and what is read otherwise in the developed half
    python -m benchmarks.motion_claims --clips 200     # and own wording of clips of the moving world (a minute)

``tests/pose/motion/marked`` holds texts as models write them about short clips, marked by reading before the extractor
was written: what each claims of motion, and the sure facts of its small scene. *developed*: rules were changed for it.
*counted*: no rule was; its failures are not listed, but its writer recalled two of them. *fresh, unseen*
(``fresh.jsonl``): by a second writer, who had not seen the extractor or the other texts; 16 of its true texts claim no
motion; no rule was changed for it. *flips* are those texts with one claim changed; *traps* move nobody: still poses,
intentions, denials, cameras, balls and dogs.

*precision*, *recall*: of claims (kind, part, value, of whom) against the marked ones. *found*: flips in which something
is contradicted. *alarms*: true texts in which something is. *fell*: traps in which a motion is read that is not denied.
All with Wilson's 95% intervals.

*own wording*: every statement of every sure motion of clips of the built-in world, which must be supported, and its
flip, which must be contradicted; *offline teacher*: motion claims of what it writes of those clips, supported and (none
may be) contradicted.
"""

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import STATEMENTS, flipped, state
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import references
from llavapose.records import CheckedClaim, Claim, Fact, Frame, Person, Scene
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion
from llavapose.teacher.offline.motion.teacher import MotionTeacher
from llavapose.teacher.offline.teacher import Request

MARKED = Path(__file__).parent.parent / "tests/pose/motion/marked"
HALVES = ("developed", "counted")
FRESH = "fresh"
"""The texts of a second writer, all in one file."""
_JOINTS = tuple((0.01 * number, 0.5, 2) for number in range(17))
"""Enough labelled joints to be spoken of; nothing is read from where they are."""


def rows(half: str, sort: str) -> list[dict[str, Any]]:
    """The rows of a half, or of the fresh texts, that are "true", "flips" or "traps"."""
    name = half if half == FRESH else f"{half}_{sort}"
    told = [json.loads(line) for line in (MARKED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in told if row["sort"] == sort.removesuffix("s")] if half == FRESH else told


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
    """The claims read and the claims marked; what is denied is none of either."""
    read = Counter(_said(vars(claim)) for claim in motions(row["text"]) if not claim.negated)
    return read, Counter(_said(claim) for claim in row["claims"] if not claim.get("negated"))


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
    true, flips, traps = (rows(half, sort) for sort in ("true", "flips", "traps"))
    pairs = [compared(row) for row in true]
    right = sum((read & marked).total() for read, marked in pairs)
    yield "precision", right, sum(read.total() for read, _ in pairs)
    yield "recall", right, sum(marked.total() for _, marked in pairs)
    yield "found", sum(bool(contradicted(row)) for row in flips), len(flips)
    yield "alarms", sum(bool(contradicted(row)) for row in true), len(true)
    yield "fell", sum(any(not claim.negated for claim in motions(row["text"])) for row in traps), len(traps)


def by_kind(half: str) -> Iterator[tuple[str, int, int, int]]:
    """Each kind of claim that goes wrong: how many are marked, of them not read, and read though not marked."""
    marked, lacking, extra = Counter[str](), Counter[str](), Counter[str]()
    for row in rows(half, "true"):
        read, said = compared(row)
        for counted, claims in ((marked, said), (lacking, said - read), (extra, read - said)):
            counted.update(kind for kind, *_ in claims.elements())
    yield from ((kind, marked[kind], lacking[kind], extra[kind]) for kind in VALUES if lacking[kind] or extra[kind])


def missed() -> Iterator[str]:
    """What is read otherwise in the developed half, line by line."""
    for row in rows("developed", "true"):
        read, marked = compared(row)
        for name, claims in (("not read", marked - read), ("not marked", read - marked)):
            yield from (f"{row['id']} {name}: {' | '.join(claim)}\n    {row['text']}" for claim in claims)
        yield from (f"{row['id']} alarm: {one.claim.kind} {one.claim.value}" for one in contradicted(row))
    for row in rows("developed", "flips"):
        if not contradicted(row):
            yield f"{row['id']} not found: {row['text']}"
    for row in rows("developed", "traps"):
        told = [replace(claim, start=0, end=0) for claim in motions(row["text"]) if not claim.negated]
        yield from (f"{row['id']} fell: {claim}\n    {row['text']}" for claim in told)


def own_wording(scenes: Sequence[Scene]) -> Iterator[tuple[str, int, int]]:
    """What is made of this project's own words for the sure motions of clips."""
    told: Counter[str] = Counter()
    rng = random.Random(0)
    for scene in scenes:
        facts, names = scene_facts(scene), references(scene)
        for fact in facts:
            if not fact.sure or fact.kind not in VALUES:
                continue
            if not all(names[who] for who in (fact.person, fact.target) if who is not None):
                continue
            false = flipped(fact, scene, rng)
            assert false is not None, "every motion has a false counterpart"
            for variant in range(len(STATEMENTS[fact.kind])):
                told["statements"] += 1
                for one, outcome in ((fact, SUPPORTED), (false, CONTRADICTED)):
                    found = [checked.outcome for checked in check_text(state(one, scene, variant), scene, facts)]
                    told[outcome] += found == [outcome]
    yield "own wording: true ones supported", told[SUPPORTED], told["statements"]
    yield "own wording: flips contradicted", told[CONTRADICTED], told["statements"]
    outcomes = Counter(one.outcome for scene in scenes for one in _taught(scene) if one.claim.kind in VALUES)
    for outcome in (SUPPORTED, CONTRADICTED):
        yield f"offline teacher: claims {outcome}", outcomes[outcome], outcomes.total()


def _taught(scene: Scene) -> Iterator[CheckedClaim]:
    """The checked claims of what the offline teacher writes of a clip."""
    facts = scene_facts(scene)
    for kind in ("conv", "detail", "complex"):
        for turns in MotionTeacher().write(Request(scene=scene, facts=facts, kind=kind, num=3, seed=1)):
            yield from check_text(turns[-1].text, scene, facts)


def clips(num: int) -> Sequence[Scene]:
    """Clips of the moving world on which nothing else is measured; small, as nobody looks at them."""
    settings = MotionSettings(num_train=num, num_val=1, image_size=96, seed=5)
    with tempfile.TemporaryDirectory() as folder:
        return read_motion(ensure_motion(Path(folder), settings, progress=False), "train", settings.num_frames).scenes


def main() -> None:
    """Print the measures, a column for each half and one for the fresh texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missed", action="store_true", help="list what is read otherwise in the developed half")
    parser.add_argument("--kinds", action="store_true", help="count what goes wrong in the fresh texts, by kind")
    parser.add_argument("--clips", type=int, default=0, help="clips of the moving world to word and read; 0: none")
    arguments = parser.parse_args()
    columns = [tuple(measured(half)) for half in (*HALVES, FRESH)]
    print(f"{'':<10} " + " ".join(f"{title:<28}" for title in (*HALVES, "fresh, unseen")).rstrip())
    for cells in zip(*columns, strict=True):
        told = " ".join(f"{share(right, num):<28}" for _, right, num in cells)
        print(f"{cells[0][0]:<10} {told.rstrip()}")
    if arguments.kinds:
        for kind, num, lacking, extra in by_kind(FRESH):
            print(f"fresh {kind:<14} {lacking} of {num} marked not read, {extra} read not marked")
    if arguments.clips:
        for name, right, num in own_wording(clips(arguments.clips)):
            print(f"{name:<37} {share(right, num)}")
    if arguments.missed:
        print(*missed(), sep="\n")


if __name__ == "__main__":
    main()
