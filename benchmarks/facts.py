"""How often stated pose facts are right, and how many are stated: facts from 2-D joints against the world's 3-D truth.

    python benchmarks/facts.py                     # 1,500 pictures, about a minute
    python benchmarks/facts.py --pictures 300 --worst 10
    python benchmarks/facts.py --thresholds        # the numbers behind the facts, as Markdown
    python benchmarks/facts.py --move 0.2          # what each of them does, a fifth less and a fifth more; 10 minutes
    python benchmarks/facts.py --jitter            # stated facts with joints as far off as annotators differ
    python benchmarks/facts.py --coco FILE --page  # photographs: a page to mark what is right by looking
    python benchmarks/facts.py --coco FILE --marks MARKS --jitter

The truth's words (angles in space, heights along gravity in body heights) are the functions of ``TRUE`` below; where
two words meet, both are right within a few degrees, as two people who see the pose would also differ there.
"""

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.people.command import add_arguments, areas_of_world, misused, of_jitter, of_photographs, positive
from llavapose.errors import LlavaPoseError, disk_words
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.thresholds import MEANING, MOTION_GROUPS, TABLE, markdown
from llavapose.pose.thresholds import rows as threshold_rows
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Fact, Scene
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_truth, read_world

Truth = dict[str, Any]

HINGE = {"straight": (150, 181), "slightly bent": (115, 160), "bent": (0, 125)}
TRUNK = {"upright": (0, 20), "leaning": (12, 52), "bent over": (50, 181)}
"""Degrees in which each word is right."""

FACING = {"toward the camera": "front", "away from the camera": "back"}


def _joint(person: Truth, name: str) -> tuple[float, float, float]:
    """x to image right, y down, z to the camera, in torso lengths."""
    x, y, z = person["joints_3d"][name]
    torso = math.dist(_middle(person, "shoulder"), _middle(person, "hip"))
    return x / torso, y / torso, z / torso


def _middle(person: Truth, name: str) -> list[float]:
    pairs = zip(person["joints_3d"][f"left {name}"], person["joints_3d"][f"right {name}"], strict=True)
    return [(a + b) / 2 for a, b in pairs]


def _to_own_left(person: Truth, a: str, b: str) -> float:
    """How far joint ``b`` is to the person's own left of joint ``a``, level with the ground, in torso lengths."""
    yaw = math.radians(person["yaw_deg"])
    (ax, _, az), (bx, _, bz) = _joint(person, a), _joint(person, b)
    return (bx - ax) * math.cos(yaw) - (bz - az) * math.sin(yaw)


def _ahead(person: Truth, joint: str) -> float:
    """How far a joint is ahead of the trunk at its own height, the way the person faces, in torso lengths."""
    torso = math.dist(_middle(person, "shoulder"), _middle(person, "hip"))
    (ax, ay, az), (bx, by, bz) = ([v / torso for v in _middle(person, name)] for name in ("shoulder", "hip"))
    x, y, z = _joint(person, joint)
    share = min(1.0, max(0.0, (y - ay) / (by - ay))) if by != ay else 0.0
    yaw = math.radians(person["yaw_deg"])
    return (x - ax - share * (bx - ax)) * math.sin(yaw) + (z - az - share * (bz - az)) * math.cos(yaw)


def _arm_height(value: str, side: str, person: Truth) -> bool:
    shoulder, head = person["wrist_rise"][side], person["wrist_over_head"][side]
    if value in ("above the head", "raised", "at shoulder height"):
        return {"above the head": head > -0.03, "raised": shoulder > 0.15 and head < 0.07,
                "at shoulder height": abs(shoulder) < 0.27}[value]  # fmt: skip
    hang = _joint(person, f"{side} wrist")[1] - _joint(person, f"{side} elbow")[1]
    if value == "lowered":
        below_hips = _joint(person, f"{side} wrist")[1] - _joint(person, f"{side} hip")[1]
        return (shoulder < -0.7 or below_hips > -0.15) and hang > 0.15
    if value == "folded":
        sides = (("left", "right"), ("right", "left"))
        return all(math.dist(_joint(person, f"{a} wrist"), _joint(person, f"{b} elbow")) < 0.5 for a, b in sides)
    return -1.0 < shoulder < -0.17 and hang < 0.4 and _ahead(person, f"{side} wrist") > 0.1


def _arm_side(value: str, side: str, person: Truth) -> bool:
    sign = 1 if side == "left" else -1
    if value == "out to the side":
        return sign * _to_own_left(person, f"{side} shoulder", f"{side} wrist") > 0.35
    shoulders = [_to_own_left(person, f"{s} shoulder", f"{side} wrist") for s in ("left", "right")]
    return sign * sum(shoulders) / 2 < 0.03


def _leg_lift(value: str, side: str, person: Truth) -> bool:
    other = "right" if side == "left" else "left"
    rise = _joint(person, f"{other} ankle")[1] - _joint(person, f"{side} ankle")[1]
    return rise > 0.22 if value == "lifted" else rise < 0.18


def _legs(value: str, side: str, person: Truth) -> bool:
    (ax, _, az), (bx, _, bz) = _joint(person, "left ankle"), _joint(person, "right ankle")
    aside = abs(_to_own_left(person, "left ankle", "right ankle"))
    apart = math.hypot(ax - bx, az - bz)
    return {"together": apart < 0.75, "apart": aside > 0.5, "in a stride": apart > 0.6}[value]


def _within(bounds: tuple[float, float], degrees: float) -> bool:
    return bounds[0] <= degrees <= bounds[1]


TRUE = {
    "elbow": lambda value, side, person: _within(HINGE[value], person["elbow_deg"][side]),
    "knee": lambda value, side, person: _within(HINGE[value], person["knee_deg"][side]),
    "arm_height": _arm_height,
    "arm_side": _arm_side,
    "legs": _legs,
    "leg_lift": _leg_lift,
    "trunk": lambda value, side, person: (
        person["stance"] != "lying" and _within(TRUNK[value], math.hypot(person["lean_deg"], person["tilt_deg"]))
    ),
    "stance": lambda value, side, person: person["stance"] == value,
    "facing": lambda value, side, person: person["facing"] == FACING.get(value, value),
}
"""Kind -> whether a value is right of a side of a person in truth. Who is where follows from the boxes themselves."""


def is_right(fact: Fact, scene: Scene, truth: Truth) -> bool | None:
    """Whether a fact agrees with the latent truth of its picture; None for kinds that the boxes alone decide."""
    if fact.kind == "count":
        return fact.value == str(len(truth["people"]))
    if fact.person is None or fact.kind in ("place", "side_of", "nearest"):
        return None
    person = _person(fact, scene, truth)
    side, _, part = (fact.part or "").partition(" ")
    if fact.kind == "contact":
        assert fact.target is not None
        how = next((c["how"] for c in person["contacts"] if c["annotation_id"] == scene.things[fact.target].id), None)
        if part == "foot":
            return how == "under"
        return how == "held" and side == person["acting_side"]
    return TRUE[fact.kind](fact.value, side, person)


def _person(fact: Fact, scene: Scene, truth: Truth) -> Truth:
    assert fact.person is not None
    return next(p for p in truth["people"] if p["annotation_id"] == scene.people[fact.person].id)


def score(scenes: Iterable[Scene], truths: dict[int, Truth]) -> tuple[dict[tuple[str, str], Counter], list[str]]:
    """(kind, value) -> how often each (sure, right), right None where boxes decide; and a line a wrong stated fact."""
    table: dict[tuple[str, str], Counter] = defaultdict(Counter)
    wrong = []
    for scene in scenes:
        for fact in scene_facts(scene):
            right = is_right(fact, scene, truths[scene.id])
            table[fact.kind, fact.value][fact.sure, right] += 1
            if fact.sure and right is False:
                wrong.append(_line(fact, scene, truths[scene.id]))
    return table, wrong


def _line(fact: Fact, scene: Scene, truth: Truth) -> str:
    person = {} if fact.person is None else _person(fact, scene, truth)
    side = (fact.part or "").split(" ")[0]
    told = {key: value for key, value in person.items() if key not in ("joints_3d", "hidden_by")}
    shown = {key: value.get(side) if isinstance(value, dict) else value for key, value in told.items()}
    target = scene.things[fact.target].category if fact.kind == "contact" and fact.target is not None else ""
    return f"{scene.image} {fact.kind} {fact.part or ''} {fact.value} {target} ({fact.measure}); truth {shown}"


def rows(table: dict[tuple[str, str], Counter], *, by_value: bool) -> list[dict[str, Any]]:
    """The table: kind, value ("all" unless ``by_value``), num_stated, right, coverage."""
    merged: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for (kind, value), counts in table.items():
        merged[kind, value if by_value else "all"] += counts
    order = list(VALUES)
    listed = []
    for (kind, value), counts in sorted(merged.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        stated = sum(number for (sure, _), number in counts.items() if sure)
        scored = counts[True, True] + counts[True, False]
        listed.append({
            "kind": kind, "value": value, "num_facts": counts.total(), "num_stated": stated,
            "num_scored": scored,
            "right": counts[True, True] / scored if scored else None, "coverage": stated / counts.total(),
        })  # fmt: skip
    return listed


def moved(scenes: list[Scene], truths: dict[int, Truth], share: float) -> Iterable[str]:
    """A line a threshold: stated facts that have a truth, and wrong ones, gained with so much less and so much more.

    Those of motion stay: no single picture shows what they do. "same": no word has gained or lost a fact. Where only
    boxes decide there is no truth, and nothing to tell.
    """

    def scored() -> dict[tuple[str, str], tuple[int, int]]:
        table, _ = score(scenes, truths)
        return {word: (counts[True, True], counts[True, False]) for word, counts in table.items()}

    before = scored()
    for row in threshold_rows():
        group, _, name = row.name.partition(".")
        if row.set_by == MEANING or group in MOTION_GROUPS:
            continue
        told = []
        for by in (1 - share, 1 + share):
            value = row.value * by if isinstance(row.value, float) else round(row.value * by)
            object.__setattr__(TABLE[group], name, value)
            after = scored()
            object.__setattr__(TABLE[group], name, row.value)
            gained, wrong = (sum(v[i] for v in after.values()) - sum(v[i] for v in before.values()) for i in (0, 1))
            told.append("same" if after == before else f"{gained + wrong:+d} stated, {wrong:+d} wrong")
        yield f"{row.name:38s} {row.value:8.4g}  less: {told[0]:24s} more: {told[1]:24s} {row.set_by}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=positive, default=1500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--root", type=Path, default=Path("outputs/worlds"), help="where worlds are kept")
    parser.add_argument("--worst", type=int, default=0, help="print this many wrong stated facts a kind")
    parser.add_argument("--thresholds", action="store_true", help="print pose/thresholds.py as Markdown instead")
    parser.add_argument("--move", type=float, help="move every threshold by this share, and tell what changes")
    add_arguments(parser)
    return parser


def main() -> None:
    parser = _parser()
    args = parser.parse_args()
    if told := misused(args):
        parser.error(told)
    if args.thresholds:
        print(markdown())
        return
    try:
        for line in of_photographs(args) if args.coco is not None else _of_world(args):
            print(line, flush=True)
    except LlavaPoseError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(disk_words(error) or f"facts: {error}")


def _of_world(args: argparse.Namespace) -> Iterable[str]:
    folder = ensure_world(args.root, WorldSettings(num_train=0, num_val=args.pictures, seed=args.seed))
    truths = {truth["image_id"]: truth for truth in read_truth(folder, "val")}
    scenes = list(read_world(folder, "val").scenes)
    if args.jitter:
        yield from of_jitter(scenes, areas_of_world(folder), args.jitter)
    elif args.move:
        yield from moved(scenes, truths, args.move)
    else:
        yield from _tables(scenes, truths, args.worst)


def _tables(scenes: list[Scene], truths: dict[int, Truth], worst: int) -> Iterable[str]:
    table, wrong = score(scenes, truths)
    for by_value in (True, False):
        yield f"\n{'kind':11s} {'value':22s} {'facts':>6s} {'stated':>6s} {'right':>7s} {'coverage':>8s}"
        for row in rows(table, by_value=by_value):
            right = "      -" if row["right"] is None else f"{row['right']:7.2%}"
            yield (f"{row['kind']:11s} {row['value']:22s} {row['num_facts']:6d} {row['num_stated']:6d} {right} "
                   f"{row['coverage']:8.0%}")  # fmt: skip
    scored = sum(row["num_scored"] for row in rows(table, by_value=False))
    share = 1 - len(wrong) / max(1, scored)
    yield f"\n{len(truths)} pictures, {scored} stated facts scored against truth, {share:.2%} right"
    yield "place, side_of and nearest follow from the boxes alone and have no latent truth to be scored against"
    shown: Counter[str] = Counter()
    for line in wrong:
        kind = line.split()[1]
        shown[kind] += 1
        if shown[kind] <= worst:
            yield line


if __name__ == "__main__":
    main()
