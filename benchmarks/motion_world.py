"""The moving world: what a clip costs to draw and to keep, and whether its middle frames give directions away.

    python -m benchmarks.motion_world                      # a table
    python -m benchmarks.motion_world --clips 3000 --seed 1

*middle*: how often a classifier that sees the middle frame's joints alone has the direction of a motion right, among
clips that it was not fitted to; 50% is chance. *ends*: the same from the first and the last frame. The first is to be
near a half: no still frame tells a raised arm from a lowered one on its way; the second near one: there is something to
be learnt. Half turns are left out: their first and last frames are the same either way.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from llavapose.scenes.world.moving.actor import Actor, Move, placed
from llavapose.scenes.world.moving.folder import MotionSettings, draw, ensure_motion
from llavapose.scenes.world.moving.script import Script, cast_of, script
from llavapose.scenes.world.moving.timing import CLIP_S, Clock

CLOCK = Clock(num_frames=16)
SIDES = ("left", "right")
JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def scripts_of(seed: int, number: int) -> list[Script]:
    """Clips before they are painted: a second for sixty."""
    found = []
    for clip in range(number):
        rng = random.Random(f"{seed} {clip}")
        found.append(script(rng, CLOCK, cast_of(seed, clip)))
    return found


def moves_of(scripts: Sequence[Script], names: Sequence[str]) -> list[tuple[Actor, Move]]:
    """One-way motions of these names, but half turns, whose ends are the same either way."""
    found = [(actor, move) for one in scripts for actor in one.actors for move in actor.moves]
    quarter = [(actor, move) for actor, move in found if abs(actor.yaw_deg[1] - actor.yaw_deg[0]) < 120]
    return [(actor, move) for actor, move in quarter if move.name in names]


def _features(actor: Actor, time_s: float, side: str) -> list[float]:
    """All joints in the picture from the hips' middle, in body heights, the side that moves first; and what is bent."""
    points = placed(actor, actor.shares(time_s)).body.points
    far = SIDES[1 - SIDES.index(side)]
    body = [points[name][i] for name in ("nose", *(f"{s} {j}" for s in (side, far) for j in JOINTS)) for i in (0, 1)]
    ends = ((f"{s} {a}", f"{s} {b}") for s in (side, far) for a, b in (("shoulder", "wrist"), ("hip", "ankle")))
    return [*body, *(float(np.hypot(*np.subtract(points[a][:2], points[b][:2]))) for a, b in ends)]


def _turned(actor: Actor, time_s: float, _: str) -> list[float]:
    """How broad the shoulders are, negative from behind, and how far the nose is to a side of them."""
    points = placed(actor, actor.shares(time_s)).body.points
    left, right = points["left shoulder"][0], points["right shoulder"][0]
    return [left - right, points["nose"][0] - (left + right) / 2]


def right(features: np.ndarray, labels: np.ndarray) -> float:
    """How many are right of those that a least squares classifier was not fitted to, in four parts.

    It sees the features' squares, and where they are few their products too.
    """
    pairs = [(i, j) for i in range(features.shape[1]) for j in range(i, features.shape[1])]
    used = pairs if features.shape[1] < 8 else [(i, i) for i in range(features.shape[1])]
    both = np.hstack([features, *(features[:, [i]] * features[:, [j]] for i, j in used)])
    both = np.hstack([(both - both.mean(0)) / (both.std(0) + 1e-6), np.ones((len(labels), 1))])
    hits = np.zeros(len(labels))
    for part in range(4):
        held = np.arange(len(labels)) % 4 == part
        known, ridge = both[~held], 0.05 * (~held).sum() * np.eye(both.shape[1])
        weights = np.linalg.solve(known.T @ known + ridge, known.T @ labels[~held])
        hits[held] = np.sign(both[held] @ weights) == labels[held]
    return float(hits.mean())


KINDS = {
    "arm": (("arm",), _features), "elbow": (("elbow",), _features), "knee": (("knee",), _features),
    "stance": (("seat", "crouch"), _features), "turn": (("turn",), _turned),
}  # fmt: skip


def told(scripts: Sequence[Script], name: str) -> dict[str, float]:
    """How often the middle frame, and the two ends, tell the direction of these motions, and how many there are."""
    names, features = KINDS[name]
    moves = moves_of(scripts, names)
    labels = np.array([1.0 if move.forward else -1.0 for _, move in moves])
    sides = [move.channel.partition(" ")[0] if " " in move.channel else "left" for _, move in moves]

    def seen(time_s: float) -> np.ndarray:
        return np.array([features(actor, time_s, side) for (actor, _), side in zip(moves, sides, strict=True)])

    first, last = seen(0.0), seen(CLIP_S)
    ends = np.hstack([first, last]) if name == "turn" else last - first
    return {"number": len(moves), "forwards": float(np.mean(labels > 0)), "middle": right(seen(CLOCK.middle_s), labels),
            "ends": right(ends, labels)}  # fmt: skip


def costs(num: int) -> tuple[float, float]:
    """Seconds to draw a clip, in this process, and megabytes of it on the disk, annotations included."""
    settings = MotionSettings(num_train=num, num_val=0)
    begun = time.perf_counter()
    for number in range(1, num + 1):
        draw(number, settings, "train")
    seconds = (time.perf_counter() - begun) / num
    with tempfile.TemporaryDirectory() as scratch:
        folder = ensure_motion(Path(scratch), settings, progress=False)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return seconds, size / num / 1e6


def main(arguments: list[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.motion_world", description="The moving world, measured."
    )
    parser.add_argument("--clips", type=int, default=2000, help="scripts that directions are guessed in")
    parser.add_argument("--drawn", type=int, default=60, help="clips drawn")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    seconds, megabytes = costs(asked.drawn)
    print(f"a clip of 16 frames, 160 pixels: {seconds:.3f} s on one core, {megabytes:.3f} MB")
    scripts = scripts_of(asked.seed, asked.clips)
    print("motion  number  forwards  middle  ends")
    for name in KINDS:
        found = told(scripts, name)
        shares = "  ".join(f"{100 * found[key]:.1f}%" for key in ("forwards", "middle", "ends"))
        print(f"{name}  {found['number']:.0f}  {shares}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
