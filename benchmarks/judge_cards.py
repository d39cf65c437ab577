"""Does a judge's card tell what a judge is like? Judges of known character, and how often intervals hold.

    python -m benchmarks.judge_cards

First judges behind a local HTTP server, each with one planted habit: what was planted, and what the card tells. Then
simulated judges of known noise: in how many of so many worlds the 95% interval holds the planted number. Three minutes
on one core; exits with 1 where the card of a judge without noise misses what was planted, or an interval holds it in
fewer than 92 worlds of 100.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from llavapose.cli.evaluations import card_settings
from llavapose.config.scenes import ScenesConfig
from llavapose.config.start import conf_folder
from llavapose.evaluation.judges.card.asking import BESIDE, NUM_REPEATS, REPEATED
from llavapose.evaluation.judges.card.making import make_cards
from llavapose.evaluation.judges.card.measures import measured
from llavapose.evaluation.judges.card.planted import CLEAN, ITSELF, STYLES
from llavapose.scenes.open import open_scenes
from tests.evaluation.judges.card.characters import Character, truth_of
from tests.llm.chat_server import ChatServer

NUM_IMAGES, NUM_WORLDS = 30, 300
LEAST_HELD = 0.92
"""Of 300 worlds at 95% chance leaves 277 to 293, 92 to 98%."""
NOISE, FIRST, A_FALSE, A_STYLE = 6.0, 4.0, 10.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A judge's habits, and the measure that must tell them, rating x 10."""

    name: str
    measure: str
    value: float
    habits: dict[str, Any] = field(default_factory=dict)


CHARACTERS = (
    Planted(name="honest", measure="a_false_claim", value=10),
    Planted(name="honest", measure="order", value=0),
    Planted(name="noisy", measure="repeat_sd", value=6, habits={"noise": 0.6}),
    Planted(name="likes the first place", measure="first_place", value=8, habits={"first": 0.8}),
    Planted(name="likes padding", measure="padding", value=10, habits={"a_style": 1.0}),
    Planted(name="obeys orders", measure="order", value=40, habits={"obeys": True}),
    Planted(name="likes keypoint talk", measure="keypoints", value=12, habits={"keypoints": 1.2}),
    Planted(name="blind to errors", measure="a_false_claim", value=0, habits={"sight": 0.0}),
)


def over_http(num_images: int) -> bool:
    """Print a row a character and protocol; whether every interval holds what was planted."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        world = ScenesConfig(name="world", root=Path(folder) / "world", num_train=4, num_val=80, image_size=64)
        truth = truth_of(open_scenes(world, "val").scenes)
        print("| judge | protocol | measure | planted | card |\n| --- | --- | --- | ---: | ---: |")
        for number, one in enumerate(CHARACTERS):
            for protocol in ("pair", "single"):
                if protocol == "single" and one.measure == "first_place":
                    continue
                with ChatServer(Character(truth=truth, **one.habits)) as server:
                    words = [
                        "judge.endpoint=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge",
                        "judge.context=keypoints", f"judge.protocol={protocol}", f"scenes.root={world.root}",
                        "scenes.num_train=4", "scenes.num_val=80", "scenes.image_size=64",
                        f"benchmark.num_images={num_images}", f"output_dir={folder}/{number}-{protocol}",
                    ]  # fmt: skip
                    (path,) = make_cards(card_settings(conf_folder(), "endpoint", words))
                found = {row["measure"]: row for row in json.loads(path.read_text())["measures"]}[one.measure]
                # With noise one interval in twenty misses: that is the other table's affair.
                good = good and ("noise" in one.habits or found["low"] - 1e-6 <= one.value <= found["high"] + 1e-6)
                told = f"{found['value']:.1f} [{found['low']:.1f}, {found['high']:.1f}]"
                print(f"| {one.name} | {protocol} | {one.measure} | {one.value:.1f} | {told} |", flush=True)
    return good


def simulated(rng: random.Random, num_images: int, *, paired: bool) -> Iterator[dict[str, Any]]:
    """Ratings by a noisy judge with a liking for padding and the first place, as ``asking.rated`` gives them."""
    for image in range(num_images):
        middle = rng.gauss(60, 8)  # pictures differ
        worth = {name: middle - A_FALSE * int(name[-1]) for name in BESIDE if name[:5] == "false"}
        worth |= {name: middle - A_FALSE / 2 * int(name[-1]) for name in BESIDE if name[:7] == "removed"}
        worth |= {CLEAN: middle, ITSELF: middle}
        worth |= {style: worth["false_2"] + A_STYLE * (style == "padding") for style in STYLES}
        singles = [(name, None) for name in worth if name != ITSELF]
        for about, beside in BESIDE.items() if paired else singles:
            for repeat in range(NUM_REPEATS if about in (REPEATED, *[CLEAN] * (not paired)) else 1):
                for first in (about, beside) if beside else (about,):
                    for arm in (about, beside) if beside else (about,):
                        rating = worth[arm] + rng.gauss(0, NOISE) + FIRST * (beside is not None and arm == first)
                        yield {
                            "scene_id": image, "question_id": f"{image} {about}", "about": about, "arm": arm,
                            "opponent": (beside if arm == about else about) if beside else None,
                            "order": ("ab" if arm == first else "ba") if beside else None, "repeat": repeat,
                            "rating": rating / 10, "judge": "j",
                        }  # fmt: skip


def coverage(num_images: int, num_worlds: int) -> bool:
    """Print in how many worlds each interval holds what was planted; whether none holds too seldom."""
    wanted = {"repeat_sd": NOISE, "false_1": A_FALSE, "a_false_claim": A_FALSE, "padding": A_STYLE, "order": 0.0}
    good = True
    print("\n| protocol | measure | planted | worlds that hold it |\n| --- | --- | ---: | ---: |")
    for protocol in ("pair", "single"):
        held: Counter[str] = Counter()
        planted = wanted | ({"first_place": FIRST} if protocol == "pair" else {})
        for world in range(num_worlds):
            rng = random.Random(f"{protocol} {world}")
            rows = list(simulated(rng, num_images, paired=protocol == "pair"))
            found = {row["measure"]: row for row in measured(rows)}
            held.update(name for name, value in planted.items() if found[name]["low"] <= value <= found[name]["high"])
        for name, value in planted.items():
            print(f"| {protocol} | {name} | {value:.1f} | {held[name]:,} of {num_worlds:,} |", flush=True)
            good = good and held[name] >= LEAST_HELD * num_worlds
    return good


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=NUM_IMAGES, help="pictures of a card")
    parser.add_argument("--worlds", type=int, default=NUM_WORLDS, help="simulated judges of each protocol")
    given = parser.parse_args()
    told, held = over_http(given.images), coverage(given.images, given.worlds)
    sys.exit(0 if told and held else 1)


if __name__ == "__main__":
    main()
