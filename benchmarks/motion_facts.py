"""How often stated motion facts are right, and how many true events are stated: against a world's truth.

    python benchmarks/motion_facts.py                     # seed 12, on which nothing was tuned; 400 clips, two minutes
    python benchmarks/motion_facts.py --seed 11 --worst 5 # the clips that the thresholds were moved on
    python benchmarks/motion_facts.py --missed 3          # true events that are not stated, by kind
    python benchmarks/motion_facts.py --jitter 5          # joints as far off as annotators differ, in every frame anew
    python benchmarks/motion_facts.py --changed           # backwards, every second frame, one frame repeated, mirrored

"told" is the share of clear true events that are stated with their value; "false" are stated facts of parts to which
nothing of the kind happens. A clip has 16 frames in 3 seconds and one to three people.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.people.command import positive
from benchmarks.people.jitter import MOST_FLIPS
from benchmarks.people.motion_truth import Scored, Truth, is_right, lines, placed_truths, score
from benchmarks.people.moving import CHANGES, held_still, judged, shaken_counts
from llavapose.errors import LlavaPoseError, disk_words
from llavapose.pose.motion.facts import motion_facts
from llavapose.records import Fact, Scene
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion, read_truth

NUM_FRAMES = 16
TIMED_PEOPLE = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=positive, default=400)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--root", type=Path, default=Path("outputs/worlds"), help="where worlds are kept")
    parser.add_argument("--worst", type=int, default=3, help="print this many wrong stated facts a kind")
    parser.add_argument("--missed", type=int, default=0, help="print this many events a kind that are not stated")
    parser.add_argument("--jitter", type=positive, help="move all joints at random, so many times a clip")
    parser.add_argument("--changed", action="store_true", help="what becomes of facts when the frames are changed")
    args = parser.parse_args()
    try:
        for line in _lines(args):
            print(line, flush=True)
    except LlavaPoseError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(disk_words(error) or f"motion_facts: {error}")


def _lines(args: argparse.Namespace) -> Iterable[str]:
    settings = MotionSettings(num_train=0, num_val=args.clips, num_frames=NUM_FRAMES, seed=args.seed)
    folder = ensure_motion(args.root, settings, progress=False)
    scenes = read_motion(folder, "val", NUM_FRAMES).scenes
    truths = placed_truths(scenes, read_truth(folder, "val"))
    if args.jitter:
        yield from _of_jitter(scenes, truths, args.jitter)
    elif args.changed:
        yield from _of_changes(scenes)
    else:
        yield from _of_truth(scenes, truths, args)


def _of_truth(scenes: Sequence[Scene], truths: dict[int, Truth], args: argparse.Namespace) -> Iterable[str]:
    found: list[tuple[Scene, tuple[Fact, ...]]] = []
    seconds = []
    for scene in scenes:
        began = time.perf_counter()
        found.append((scene, motion_facts(scene)))
        seconds.append(time.perf_counter() - began)
    scored = score(found, truths)
    yield from lines(scored)
    yield f"{len(scenes)} clips of seed {args.seed}"
    crowded = [took for took, scene in zip(seconds, scenes, strict=True) if len(scene.people) == TIMED_PEOPLE]
    yield (f"{1000 * sum(seconds) / len(seconds):.1f} ms a clip of {NUM_FRAMES} frames; "
           f"{1000 * sum(crowded) / max(1, len(crowded)):.1f} ms of {TIMED_PEOPLE} people")  # fmt: skip
    yield from _examples(scored, args.worst, args.missed)


def _examples(scored: Scored, num_wrong: int, num_missed: int) -> Iterable[str]:
    for name, listed, most in (("wrong", scored.wrong, num_wrong), ("missed", scored.missed, num_missed)):
        shown: Counter[str] = Counter()
        for line in listed:
            kind = line.partition(":")[0]
            shown[kind] += 1
            if shown[kind] <= most:
                yield f"{name}: {line}"


def _of_jitter(scenes: Sequence[Scene], truths: dict[int, Truth], num_draws: int) -> Iterable[str]:
    yield f"{'kind':14s} {'stated':>7s} {'same':>6s} {'other':>7s} {'made up':>8s} {'right then':>10s}"

    def right(scene: Scene, fact: Fact) -> bool:
        return fact.person is not None and is_right(fact, truths[scene.id]["people"][fact.person])

    counts = shaken_counts(scenes, num_draws, right=right)
    for kind, one in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        then = one["right"] / max(1, one["right"] + one["wrong"])
        before = max(1, one["same"] + one["other"] + one["unsure"])
        yield (f"{kind:14s} {before // num_draws:7d} {one['same'] / before:6.1%} {one['other'] / before:7.2%} "
               f"{one['made up'] / before:8.2%} {then:10.2%}")  # fmt: skip
    yield f"{len(scenes)} clips, {num_draws} draws each; at most {MOST_FLIPS:.0%} may be another value"


def _of_changes(scenes: Sequence[Scene]) -> Iterable[str]:
    yield f"{'frames':22s} {'stated':>6s} {'as it must be':>13s} {'unsure':>6s} {'another':>7s} {'made up':>7s}"
    for name, change in CHANGES.items():
        one = sum((judged(scene, change) for scene in scenes), Counter())
        stated = one["as it must be"] + one["unsure"] + one["another"]
        yield (f"{name:22s} {stated:6d} {one['as it must be']:13d} {one['unsure']:6d} {one['another']:7d} "
               f"{one['made up']:7d}")  # fmt: skip
    still = sum(len(motion_facts(held_still(scene, NUM_FRAMES // 2))) for scene in scenes)
    yield f"one frame repeated: {still} facts, sure or not, of {len(scenes)} clips"


if __name__ == "__main__":
    main()
