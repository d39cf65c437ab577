"""Samples of the published set's size, lengths and kinds, with planted faults whose number is known.

What ``benchmarks/full_size.py`` reads. A folder that ``write_set`` makes::

    images/000000000001.jpg ...        the pictures, links to a few files
    person_keypoints.json instances.json captions.json     COCO's form: the built-in world's scenes under new ids
    samples.jsonl                      samples, grouped by picture
    planted.json                       kind -> what was planted -> how many

Every sentence about a pose is the offline teacher's and true of its picture. What makes answers as long as published
ones, and each different from the others, are sentences about things, none of which is there twice.
"""

import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llavapose.files import atomic_write, read_json, write_json
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene
from llavapose.scenes.world.drawn.annotations import file_name
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from llavapose.teacher.offline.teacher import OfflineTeacher, Request

FULL = 200_328
PER_PICTURE = {"conv": 112_980 / 45_174, "detail": 1.0, "complex": 42_174 / 45_174}
"""Samples of each kind a picture in the published set."""
WORDS = {"conv": 13, "detail": 360, "complex": 270}
"""Mean words of an answer in the published samples; here conversations are some words longer."""
BASES = 500
"""Scenes of the world that are copied under new ids."""
RATE = 0.01
"""Share of samples that each kind of fault is planted in."""
SAME_ONE, SAME_OTHER = "same, one picture", "same, other picture"
NEAR_ONE, NEAR_OTHER = "near, one picture", "near, other picture"
LEAK, CONTRADICTION = "with a leak", "with a contradiction"
WRONG = "There are nine people in the picture."
LEAKING = "The keypoints show it."

_ADJECTIVES = """
beige bitter blue bold bright brittle bronze brown chalky cheap clean coarse copper coral cracked crimson crooked
dusty faded fancy fragile glossy golden gray green heavy hollow humble crisp damp dull jagged lilac loose maroon
modern muddy narrow navy faint flat grubby mellow pale patched plain polished purple rusty scarlet shiny silver slim
smooth spare sturdy teal tiny vintage violet wooden marble woven sooty
"""
_NOUNS = """
anchor barrel basin basket beacon bell blanket bottle bracket brick broom bucket button cabinet candle canister carton
casket chisel cork crate curtain drum easel fabric flask funnel gasket hammer hinge jar kettle ladder lantern lever
lid locker magnet mallet napkin needle nozzle padlock parcel pebble pillow pitcher plank pulley ribbon rope saucer
shovel sieve spool teapot thimble trellis trowel urn vase wagon whistle tray
"""
_PLACES = """
alcove arcade archway attic awning balcony bakery barn bench bridge canal cellar chapel cottage courtyard depot ditch
doorway dune factory fence ferry fountain garage garden gate grove harbor hedge hut jetty kiosk lagoon library lobby
market meadow mill monument orchard pantry pavilion pier pond porch quarry railing reef shed silo stable stall stream
terrace theater tower trail tunnel veranda vineyard wall well wharf windmill
"""

_LISTS = tuple(words.split() for words in (_ADJECTIVES, _NOUNS, _ADJECTIVES, _PLACES))


@dataclass(kw_only=True)
class Fillers:
    """Sentences about things, each another: a walk through all combinations of the words."""

    number: int = 0

    def next(self) -> str:
        """The next one, of ten words; any two differ in two words at least."""
        self.number += 1
        left, words, total = self.number * 7_368_787 % 64**4, [], 0  # an odd step: none of 64 ** 4 comes again
        for listed in _LISTS:
            left, place = divmod(left, 64)
            total += place
            words.append(listed[place])
        thing = f"{words[0]} {_LISTS[0][total % 64]} {words[1]}"
        return f"There is a {thing} by the {words[2]} {words[3]}."


@dataclass(kw_only=True)
class Writer:
    """Writes answers picture by picture and counts what it plants.

    Attributes:
        told: true answers by kind, one entry a scene; picture ``number`` shows scene ``number % len(told)``.
        planted: kind -> what was planted -> how many; "samples" counts all.
        clean: scene -> kind -> an answer without a fault that was written of it last.
    """

    told: Sequence[Mapping[str, Sequence[str]]]
    draw: random.Random = field(default_factory=lambda: random.Random(0))
    fillers: Fillers = field(default_factory=Fillers)
    planted: dict[str, Counter[str]] = field(default_factory=dict)
    clean: dict[int, dict[str, str]] = field(default_factory=dict)
    ends: int = 0

    def picture(self, number: int, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(kind, answer) of the picture's samples."""
        scene, own, copied = number % len(self.told), dict[str, str](), set[str]()
        for kind in kinds:
            fault, text = self._planted(kind, scene, own)
            if fault == SAME_OTHER:  # what is copied twice to a picture comes again there, too
                fault = SAME_ONE if text in copied else SAME_OTHER
                copied.add(text)
            self.planted.setdefault(kind, Counter()).update(["samples", *([fault] if fault else [])])
            if not fault:
                own[kind] = text
            yield kind, text
        self.clean.setdefault(scene, {}).update(own)

    def _planted(self, kind: str, scene: int, own: Mapping[str, str]) -> tuple[str, str]:
        """(what is planted or "", the answer)."""
        lot, before = int(self.draw.random() / RATE), self.clean.get(scene, {})
        if lot == 0 and kind in own:
            return SAME_ONE, own[kind].upper()
        if lot == 1 and kind in before:
            return SAME_OTHER, before[kind]
        if lot == 2 and kind == "complex" and "detail" in own:
            return NEAR_ONE, self._other_end(own["detail"])
        if lot == 3 and kind != "conv" and kind in before:
            return NEAR_OTHER, self._other_end(before[kind])
        fault, sentence = {4: (LEAK, LEAKING), 5: (CONTRADICTION, WRONG)}.get(lot, ("", ""))
        return fault, f"{self._answer(kind, scene)} {sentence}".strip()

    def _answer(self, kind: str, scene: int) -> str:
        parts = [self.draw.choice(self.told[scene][kind]), self.fillers.next()]
        most = self.draw.gauss(1, 0.15) * WORDS[kind]
        while sum(part.count(" ") + 1 for part in parts) < most:
            parts.append(self.fillers.next())
        return " ".join(parts)

    def _other_end(self, text: str) -> str:
        """The text with a last word that no other has."""
        self.ends += 1
        return f"{text.rpartition(' ')[0]} statue{self.ends}."


def write_set(folder: Path, number: int) -> None:
    """Write a set of ``number`` samples with its scenes, where the folder does not hold one."""
    if (folder / "planted.json").is_file():
        return
    num_pictures = round(number / sum(PER_PICTURE.values()))
    settings = WorldSettings(num_train=min(BASES, max(1, num_pictures // 2)), num_val=1, image_size=64)
    world = ensure_world(folder.parent / "world", settings, progress=False)
    scenes = read_world(world, "train").scenes
    write_scenes(folder, world, num_pictures)
    writer = Writer(told=[told_of(scene) for scene in scenes])
    with atomic_write(folder / "samples.jsonl") as stream:
        for record in records(writer, number, num_pictures):
            stream.write(json.dumps(record) + "\n")
    write_json(folder / "planted.json", writer.planted)


def told_of(scene: Scene) -> dict[str, list[str]]:
    """What the offline teacher answers about a scene, by kind, from its keypoints and boxes alone."""
    facts, teacher = scene_facts(scene), OfflineTeacher()
    told = replace(scene, captions=())
    requests = {kind: Request(scene=told, facts=facts, kind=kind, num=5, seed=0) for kind in WORDS}
    said = {kind: [turns[1].text for turns in teacher.write(request)] for kind, request in requests.items()}
    return {kind: texts or ["This is a picture."] for kind, texts in said.items()}


def records(writer: Writer, number: int, num_pictures: int) -> Iterator[dict[str, Any]]:
    """The samples as LLaVA's records, picture by picture, each kind's share spread evenly."""
    made, written = Counter[str](), 0
    for picture in range(num_pictures):
        wanted = {kind: round(share * (picture + 1)) - made[kind] for kind, share in PER_PICTURE.items()}
        if picture == num_pictures - 1:
            wanted["conv"] += number - written - sum(wanted.values())
        kinds = [kind for kind, many in wanted.items() for _ in range(many)]
        made.update(kinds)
        written += len(kinds)
        for at, (kind, text) in enumerate(writer.picture(picture, kinds)):
            yield {
                "id": f"{picture + 1}-{kind}-{at}",
                "image": file_name(picture + 1),
                "kind": kind,
                "conversations": [
                    {"from": "human", "value": f"<image>\nWhat can be said of picture {picture + 1}, part {at + 1}?"},
                    {"from": "gpt", "value": text},
                ],
                "provenance": {"scene": picture + 1, "teacher": "offline", "context": "keypoints", "seed": 0},
            }


def write_scenes(folder: Path, world: Path, num_pictures: int) -> None:
    """The world's annotations and pictures under new ids, as often as it takes."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for what in ("person_keypoints", "instances", "captions"):
        found = read_json(world / "annotations" / f"{what}_train.json", what=what)
        originals = sorted(found["images"], key=lambda image: image["id"])
        of_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in found["annotations"]:
            of_image[annotation["image_id"]].append(annotation)
        many = len(originals)
        found["images"], found["annotations"] = [], []
        for picture in range(num_pictures):
            original = originals[picture % many]
            found["images"].append({**original, "id": picture + 1, "file_name": file_name(picture + 1)})
            found["annotations"] += [
                {**one, "id": one["id"] + picture // many * 1_000_000, "image_id": picture + 1}
                for one in of_image[original["id"]]
            ]
            target = folder / "images" / file_name(picture + 1)
            if not target.exists():
                os.link(world / "train" / original["file_name"], target)
        with atomic_write(folder / f"{what}.json") as stream:
            json.dump(found, stream)
