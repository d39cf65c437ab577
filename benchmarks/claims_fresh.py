"""Are claims read out of English that nobody tuned on? True texts, single flips, and sentences of real texts.

    python -m benchmarks.claims_fresh                        # what may be looked at, and what is only counted
    python -m benchmarks.claims_fresh --only second --missed        # and what is read otherwise there

``tests/pose/claims/fresh`` holds true texts about pictures of the built-in world and copies with one claim changed,
written from the pictures' facts by readers who had not seen the extractor. *development* (600 and 200, ``true.jsonl``,
``flips.jsonl``) and *second* (146 and 48, ``second_true.jsonl``, ``second_flips.jsonl``; other pictures, another
writer): rules were changed for them. *counted* (147 and 48, ``counted_true.jsonl``, ``counted_flips.jsonl``; the
pictures of the second, a third writer): no rule was, and nobody who writes rules has read them. What a text claims of
who is nearest to whom is in development alone.

For development too: marks on real texts (``real_marks.jsonl``: hashes and offsets only; the texts are read where they
lie, and the marks left out where they do not; what a careful reader could argue either way is in
``real_marks_unsure.jsonl`` and counts neither way), and ``free.jsonl``, 540 texts without a picture, in as many manners
of writing as their writers could think of.

*alarms*: true texts in which something is contradicted. *found*: flips in which something is. *precision*, *recall*: of
extracted claims against the listed ones. All with Wilson's 95% intervals.
"""

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from benchmarks.claim_paragraphs import matches
from llavapose.pose.check import CONTRADICTED, check_claims, check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.things import THING_NAMES
from llavapose.records import Claim, Scene
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

FRESH = Path(__file__).parent.parent / "tests/pose/claims/fresh"
REAL = Path(__file__).parent.parent.parent / "shared/data"
FEW = 20
"""Kinds with fewer cases are pooled."""
_SAID = ("kind", "value", "part", "mention", "target", "negated")
"""What makes a claim one: "both men stand" is a single one, listed once a person."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Material:
    """Texts about the pictures of one world.

    Attributes:
        name: "development", "second" or "counted".
        true, flips: the files of true texts, and of those with one claim changed.
        world: the pictures.
    """

    name: str
    true: str
    flips: str
    world: WorldSettings

    def scenes(self, root: Path, *, progress: bool = True) -> dict[int, Scene]:
        """Scene id -> scene; drawn below ``root`` where they are not yet."""
        found = read_world(ensure_world(root, self.world, progress=progress), "val").scenes
        return {scene.id: scene for scene in found}


DEVELOPMENT = Material(
    name="development", true="true.jsonl", flips="flips.jsonl",
    world=WorldSettings(num_train=0, num_val=140, seed=90210),
)  # fmt: skip
SECOND = Material(
    name="second", true="second_true.jsonl", flips="second_flips.jsonl",
    world=WorldSettings(num_train=0, num_val=90, seed=31337),
)  # fmt: skip
COUNTED = replace(SECOND, name="counted", true="counted_true.jsonl", flips="counted_flips.jsonl")
MATERIALS = (DEVELOPMENT, SECOND, COUNTED)


def read(name: str) -> list[Row]:
    """The lines of a file of the material."""
    return [json.loads(line) for line in (FRESH / name).read_text(encoding="utf-8").splitlines()]


def share(right: int, num: int) -> str:
    """A share with Wilson's interval and what it is of."""
    if not num:
        return "-"
    low, high = binomtest(right, num).proportion_ci(method="wilson")
    return f"{right / num:.1%} [{low:.1%}, {high:.1%}] of {num}"


def contradicted(text: str, scene: Scene) -> list[str]:
    """What the checker contradicts in a text."""
    told = check_text(text, scene, scene_facts(scene))
    return [f"{one.claim.kind} {one.claim.part} {one.claim.value}" for one in told if one.outcome == CONTRADICTED]


def as_listed(row: Row, scenes: Mapping[int, Scene]) -> Row:
    """A true text as ``claim_paragraphs`` compares it."""
    claims = {tuple(str(one.get(name)) for name in _SAID): one for one in row["claims"]}
    return row | {"people": len(scenes[row["scene"]].people), "claims": list(claims.values())}


def real_rows() -> Iterator[Row]:
    """Marked real sentences with their text, each on its own; none where the texts are not here.

    Raises:
        ValueError: a sentence is another than the one that was marked.
    """
    texts = dict(_real_texts())
    unsure = {(row["source"], row["key"], row["sentence"]) for row in read("real_marks_unsure.jsonl")}
    for row in read("real_marks.jsonl"):
        place = (row["source"], row["key"], row["sentence"])
        if place in unsure or place[:2] not in texts:
            continue
        text = texts[place[:2]].strip()
        sentence = text if row["source"] == "captions" else _SENTENCE.split(text)[row["sentence"]].strip()
        if hashlib.sha256(sentence.encode()).hexdigest()[:16] != row["sha256"]:
            raise ValueError(f"{place}: another sentence than the one that was marked")
        claims = [
            {**one, "mention": _words(sentence, one.get("mention")), "target": _words(sentence, one.get("target"))}
            for one in row["claims"]
            if one["part"] != "hand"  # a hand without its side is no claim of this project's
        ]
        yield {"id": "/".join(map(str, place)), "text": sentence, "people": 1 + row["people"], "claims": claims}


def _words(sentence: str, span: list[int] | None) -> str | None:
    return sentence[slice(*span)] if span else None


def _real_texts() -> Iterator[tuple[tuple[str, str], str]]:
    answers = REAL / "llava_coco2014" / "answers_gpt4_90.jsonl"
    captions = REAL / "llava_coco2014" / "captions_boxes_val_80.jsonl"
    if not answers.is_file():
        return
    for line in answers.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield ("answers_gpt4_90", str(row["question_id"])), row["text"]
    for line in captions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from ((("captions", f"{row['id']}/{at}"), text) for at, text in enumerate(row["captions"]))
    for path in sorted((REAL / "upstream_outputs").glob("*.json")):
        turns = Counter[str]()
        for sample in json.loads(path.read_text(encoding="utf-8")):
            for turn in sample["conversations"]:
                if turn["from"] == "gpt":
                    yield ("upstream", f"{path.stem}/{sample['id']}/{turns[sample['id']]}"), turn["value"]
                    turns[sample["id"]] += 1


def print_material(material: Material, scenes: Mapping[int, Scene], *, missed: bool) -> None:
    """The shares of one material, and where asked the texts that are read otherwise than listed."""
    true, flips = read(material.true), read(material.flips)
    alarms = {row["id"]: contradicted(row["text"], scenes[row["scene"]]) for row in true}
    found = {row["id"]: contradicted(row["text"], scenes[row["scene"]]) for row in flips}
    print(f"\n{material.name}\nalarms     {share(sum(map(bool, alarms.values())), len(alarms))} true texts")
    print(f"found      {share(sum(map(bool, found.values())), len(found))} flips")
    could, _ = decidable(material, scenes)
    hit = [bool(found[row["id"]]) for row in flips if row["id"] in could]
    print(f"decidable  {share(sum(hit), len(hit))} flips that all listed claims show with these facts")
    kinds = Counter(row["false"]["kind"] for row in flips)
    for name in pooled(kinds):
        some = [row for row in flips if name in (row["false"]["kind"], "others" * (kinds[row["false"]["kind"]] < FEW))]
        print(f"  {name:10s} {share(sum(bool(found[row['id']]) for row in some), len(some))}")
    wrong = print_claims("written", [as_listed(row, scenes) for row in true])
    if material is DEVELOPMENT:
        wrong += print_claims("free", [row | {"people": 2} for row in read("free.jsonl")])
        wrong += print_claims("real", real_rows())
    if missed:
        wrong += [f"ALARM {row['text']} -> {alarms[row['id']]}" for row in true if alarms[row["id"]]]
        wrong += [f"NOT FOUND {row['text']}: {row['false']}" for row in flips if not found[row["id"]]]
        print(*wrong, sep="\n")


Scenes = Mapping[str, Mapping[int, Scene]]
"""Name of a material -> its scenes."""


def precision(scenes: Scenes) -> tuple[Counter[str], Counter[str]]:
    """By kind, contradictions that are one, and all: over all true texts and flips, each once."""
    right, told = Counter[str](), Counter[str]()
    for material in MATERIALS:
        for row in (*read(material.true), *read(material.flips)):
            for one in {one.split()[0] for one in contradicted(row["text"], scenes[material.name][row["scene"]])}:
                told[one] += 1
                right[one] += "false" in row and row["false"]["kind"] == one
    return right, told


def print_precision(scenes: Scenes) -> None:
    """How often a contradiction is one, by its kind."""
    right, told = precision(scenes)
    num = [
        sum(len(read(name)) for name in names) for names in zip(*((m.true, m.flips) for m in MATERIALS), strict=True)
    ]
    print(f"\ncontradictions that are one, by kind ({num[0]} true texts, {num[1]} flips)")
    for kind in sorted(told):
        print(f"  {kind:10s} {share(right[kind], told[kind])}")


def decidable(material: Material, scenes: Mapping[int, Scene]) -> tuple[set[str], set[str]]:
    """Flips that a reader of all listed claims could find with these facts, and those that nobody could."""
    found, rest = set(), set()
    true = {row["id"]: row for row in read(material.true)}
    for row in read(material.flips):
        wrong = row["false"]
        place = (wrong["kind"], wrong["part"], wrong["person"])
        claims = [one for one in true[row["of"]]["claims"] if (one["kind"], one["part"], one["person"]) != place]
        told = tuple(_claim(one) for one in (*claims, {"mention": _name(claims, wrong), **wrong}))
        scene = scenes[row["scene"]]
        outcomes = check_claims(told, scene, scene_facts(scene))
        (found if any(one.outcome == CONTRADICTED for one in outcomes) else rest).add(row["id"])
    return found, rest


def _name(claims: list[Row], wrong: Row) -> str | None:
    return next((one["mention"] for one in claims if one["person"] == wrong["person"] and one["mention"]), None)


def _claim(row: Row) -> Claim:
    target = (row.get("target") or "").lower() or None
    if row["kind"] == "contact" and target:
        target = next((THING_NAMES[name] for name in THING_NAMES if re.search(rf"\b{name}(?:e?s)?\b", target)), target)
    mention = None if row["kind"] == "count" else (row.get("mention") or "").lower() or None
    return Claim(kind=row["kind"], value=str(row["value"]), start=0, end=0, mention=mention, part=row["part"],
                 target=target, negated=bool(row.get("negated")))  # fmt: skip


def pooled(kinds: Counter[str]) -> list[str]:
    """Kinds with enough cases, and "others" for the rest."""
    return [
        *sorted(name for name, num in kinds.items() if num >= FEW),
        *(["others"] if min(kinds.values()) < FEW else []),
    ]


def print_claims(name: str, rows: Iterable[Row]) -> list[str]:
    """Precision and recall over texts; returns a line for each claim that is missed or too many."""
    right = extracted = listed = 0
    wrong = []
    for row in rows:
        found, matched, lines = matches(row)
        right, extracted, listed = right + matched, extracted + len(found), listed + len(row["claims"])
        wrong += [f"{line}  <-  {row['text']}" for line in lines]
    print(f"{name:10s} precision {share(right, extracted)} claims; recall {share(right, listed)}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("outputs/worlds"), help="where worlds are kept")
    parser.add_argument("--only", choices=[one.name for one in MATERIALS], help="one of the three materials")
    parser.add_argument("--missed", action="store_true", help="list what is read otherwise, never of counted")
    given = parser.parse_args()
    scenes = {material.name: material.scenes(given.root) for material in MATERIALS}
    for material in MATERIALS:
        if given.only in (None, material.name):
            print_material(material, scenes[material.name], missed=given.missed and material is not COUNTED)
    print_precision(scenes)


if __name__ == "__main__":
    main()
