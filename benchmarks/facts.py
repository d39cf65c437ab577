"""How often stated pose facts are right, and how many are stated: facts from 2-D joints against the world's 3-D truth.

    python benchmarks/facts.py                     # 1,500 pictures, about a minute
    python benchmarks/facts.py --pictures 300 --worst 10

The truth's words (angles in space, heights along gravity in body heights) are the functions of ``TRUE`` below; where
two words meet, both are right within a few degrees, as two people who see the pose would also differ there.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.pose.facts import scene_facts
from llavapose.pose.vocabulary import VALUES
from llavapose.records import Fact, Scene
from llavapose.scenes.world import WorldSettings, ensure_world, read_truth, read_world

Truth = dict[str, Any]

HINGE = {"straight": (150, 181), "slightly bent": (115, 160), "bent": (0, 125)}
TRUNK = {"upright": (0, 20), "leaning": (12, 52), "bent over": (45, 181)}
"""Degrees in which each word is right."""


def _arm_height(value: str, side: str, person: Truth) -> bool:
    shoulder, head = person[f"{side} wrist_above_shoulder"], person[f"{side} wrist_above_head"]
    return {
        "above the head": head > -0.01,
        "raised": shoulder > 0.04 and head < 0.02,
        "at shoulder height": abs(shoulder) < 0.075,
        "lowered": shoulder < -0.08,
    }[value]


def _arm_side(value: str, side: str, person: Truth) -> bool:
    # The middle of the body is half a shoulder's breadth, 0.115 body heights, inward of the shoulder.
    return person[f"{side} wrist_out"] > 0.1 if value == "out to the side" else person[f"{side} wrist_out"] < -0.08


def _leg_lift(value: str, side: str, person: Truth) -> bool:
    other = "right" if side == "left" else "left"
    rise = person[f"{side} ankle_height"] - person[f"{other} ankle_height"]
    return rise > 0.06 if value == "lifted" else rise < 0.05


def _within(bounds: tuple[float, float], degrees: float) -> bool:
    return bounds[0] <= degrees <= bounds[1]


TRUE = {
    "elbow": lambda value, side, person: _within(HINGE[value], person[f"{side} elbow_deg"]),
    "knee": lambda value, side, person: _within(HINGE[value], person[f"{side} knee_deg"]),
    "arm_height": _arm_height,
    "arm_side": _arm_side,
    "legs": lambda value, side, person: (person["ankles_apart"] < 0.24) == (value == "together"),
    "leg_lift": _leg_lift,
    "trunk": lambda value, side, person: _within(TRUNK[value], person["trunk_deg"]),
    "stance": lambda value, side, person: person["stance"] == value,
    "facing": lambda value, side, person: person["facing"] == value,
}
"""Kind -> whether a value is right of a side of a person in truth. Who is where follows from the boxes themselves."""


def is_right(fact: Fact, scene: Scene, truth: Truth) -> bool | None:
    """Whether a fact agrees with the latent truth of its picture; None for kinds that the boxes alone decide."""
    if fact.kind == "count":
        return fact.value == str(len(truth["people"]))
    if fact.person is None or fact.kind in ("place", "side_of", "nearest"):
        return None
    person = next(p for p in truth["people"] if p["id"] == scene.people[fact.person].id)
    if fact.kind == "contact":
        assert fact.target is not None
        return [fact.part, scene.things[fact.target].category] in [list(pair) for pair in person["contacts"]]
    side = fact.part.split()[0] if fact.part else ""
    return TRUE[fact.kind](fact.value, side, person)


def score(scenes: Iterable[Scene], truths: dict[int, Truth]) -> tuple[dict[tuple[str, str], Counter], list[str]]:
    """(kind, value) -> how often each (sure, right); and one line about every wrong stated fact."""
    table: dict[tuple[str, str], Counter] = defaultdict(Counter)
    wrong = []
    for scene in scenes:
        for fact in scene_facts(scene):
            right = is_right(fact, scene, truths[scene.id])
            table[fact.kind, fact.value][fact.sure, right is not False] += 1
            if fact.sure and right is False:
                wrong.append(_line(fact, scene, truths[scene.id]))
    return table, wrong


def _line(fact: Fact, scene: Scene, truth: Truth) -> str:
    person = {} if fact.person is None else next(p for p in truth["people"] if p["id"] == scene.people[fact.person].id)
    side = fact.part.split()[0] if fact.part else "-"
    shown = {k: v for k, v in person.items() if not k.startswith(("left", "right")) or k.startswith(side)}
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
        stated = counts[True, True] + counts[True, False]
        listed.append({
            "kind": kind, "value": value, "num_facts": counts.total(), "num_stated": stated,
            "right": counts[True, True] / stated if stated else None, "coverage": stated / counts.total(),
        })  # fmt: skip
    return listed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--root", type=Path, default=Path("outputs/worlds"), help="where worlds are kept")
    parser.add_argument("--worst", type=int, default=0, help="print this many wrong stated facts a kind")
    args = parser.parse_args()
    folder = ensure_world(args.root, WorldSettings(num_train=0, num_val=args.pictures, seed=args.seed))
    truths = {truth["image_id"]: truth for truth in read_truth(folder, "val")}
    table, wrong = score(read_world(folder, "val").scenes, truths)
    for by_value in (True, False):
        print(f"\n{'kind':11s} {'value':22s} {'facts':>6s} {'stated':>6s} {'right':>7s} {'coverage':>8s}")
        for row in rows(table, by_value=by_value):
            right = "      -" if row["right"] is None else f"{row['right']:7.2%}"
            print(f"{row['kind']:11s} {row['value']:22s} {row['num_facts']:6d} {row['num_stated']:6d} {right} "
                  f"{row['coverage']:8.0%}")  # fmt: skip
    stated = sum(counts[True, True] + counts[True, False] for counts in table.values())
    print(f"\n{len(truths)} pictures, {stated} stated facts, {1 - len(wrong) / max(1, stated):.2%} right")
    shown: Counter[str] = Counter()
    for line in wrong:
        kind = line.split()[1]
        shown[kind] += 1
        if shown[kind] <= args.worst:
            print(line)


if __name__ == "__main__":
    main()
