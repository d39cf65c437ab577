"""Are claims read out of English? True and false sentences about world pictures, and what the checker says of them.

    python -m benchmarks.claims              # the offline teacher's own wording, blind wording, blind paragraphs

Own wording: what the offline teacher says of sure facts, alone and in whole texts, true and with one claim flipped.
Blind wording: sentences that were written without looking at the extractor, put to pictures of which they are true and
to pictures of which they are false. One a line of ``tests/pose/claims/blind_wording.jsonl``: ``{"id", "kind",
"value", "text"}``, the text with ``{person}``, ``{side}``, ``{other}``, ``{limb}``, ``{thing}``, ``{number}`` ...
The extractor was improved on the development half only; the held-out half decides. The halves go by the ids' sha256.

*found* is the share of false uses marked contradicted, *precision* the share of false uses among all uses so marked.
"""

import argparse
import hashlib
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.claim_paragraphs import paragraph_scores
from llavapose.evaluation.probe.counterparts import candidates
from llavapose.pose.check import CONTRADICTED, check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import STATEMENTS, flipped, label, lend, number_word, state, thing_words
from llavapose.pose.people import references
from llavapose.pose.vocabulary import OPPOSITES, VALUES, flip_part
from llavapose.records import Fact, Scene
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

WORLD = WorldSettings(num_train=0, num_val=400, seed=7741)
"""Pictures that nothing else is measured or trained on."""

BLIND = Path(__file__).parent.parent / "tests/pose/claims/blind_wording.jsonl"
PARAGRAPHS = Path(__file__).parent.parent / "tests/pose/claims/blind_paragraphs.jsonl"
USES = 4
"""Every blind sentence is put to so many pictures each way, at most."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A text about a picture that is true or has one false claim."""

    kind: str
    text: str
    false: bool
    scene: Scene
    facts: tuple[Fact, ...]
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one kind: false uses, those marked contradicted, true uses, those marked contradicted."""

    num_false: int
    num_found: int
    num_true: int
    num_alarms: int

    @property
    def found(self) -> float:
        return self.num_found / self.num_false if self.num_false else float("nan")

    @property
    def precision(self) -> float:
        marked = self.num_found + self.num_alarms
        return self.num_found / marked if marked else float("nan")

    @property
    def alarms(self) -> float:
        return self.num_alarms / self.num_true if self.num_true else float("nan")


def marked(case: Case) -> bool:
    """Whether the checker contradicts anything in the text."""
    return any(checked.outcome == CONTRADICTED for checked in check_text(case.text, case.scene, case.facts))


def score(cases: Iterable[Case]) -> dict[str, Counts]:
    """Counts by kind in the vocabulary's order, and of all ("all")."""
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for case in cases:
        hit = marked(case)
        for kind in (case.kind, "all"):
            tally[kind][0 if case.false else 2] += 1
            tally[kind][1 if case.false else 3] += hit
    return {
        kind: Counts(num_false=n[0], num_found=n[1], num_true=n[2], num_alarms=n[3])
        for kind in (*VALUES, "all")
        if (n := tally.get(kind))
    }


def own_cases(scenes: Iterable[Scene], seed: int = 0) -> Iterator[Case]:
    """The offline teacher's sentences: every sure fact in one of its phrasings, true, and one claim flipped."""
    rng = random.Random(seed)
    for scene in scenes:
        facts = scene_facts(scene)
        for candidate in candidates(scene, facts):
            fact = candidate.fact
            variant = rng.randrange(len(STATEMENTS[fact.kind]))
            about: dict[str, Any] = {"kind": fact.kind, "scene": scene, "facts": facts}
            yield Case(text=state(fact, scene, variant), false=False, **about)
            for false_fact, false_scene in _flips(fact, scene, facts, rng):
                yield Case(text=state(false_fact, false_scene, variant), false=True, **about)


def _flips(fact: Fact, scene: Scene, facts: tuple[Fact, ...], rng: random.Random) -> Iterator[tuple[Fact, Scene]]:
    """The clearest opposite, and the other side where that is known to be otherwise."""
    false = flipped(fact, scene, rng, facts)
    if false is not None:
        yield false, scene
    elif fact.kind == "contact":
        here = {thing.category for thing in scene.things}
        yield lend(fact, scene, "umbrella" if "umbrella" not in here else "tennis racket")
    if fact.part and fact.kind != "contact":
        other = next((f for f in facts if f.sure and (f.kind, f.person, f.part)
                      == (fact.kind, fact.person, flip_part(fact.part))), None)  # fmt: skip
        if other and OPPOSITES[other.kind].get(other.value) == fact.value:
            yield replace(fact, part=other.part), scene


def own_texts(scenes: Iterable[Scene], seed: int = 0) -> Iterator[Case]:
    """Whole texts: up to eight sentences about a picture, true, and with one of them flipped."""
    rng = random.Random(seed)
    for scene in scenes:
        facts = scene_facts(scene)
        told = [candidate.fact for candidate in candidates(scene, facts)]
        chosen = rng.sample(told, min(8, len(told)))
        lines = [state(fact, scene, rng.randrange(3)) for fact in chosen]
        for index, fact in enumerate(chosen):
            about: dict[str, Any] = {"kind": fact.kind, "scene": scene, "facts": facts}
            yield Case(text=" ".join(lines), false=False, **about)
            for false_fact, false_scene in list(_flips(fact, scene, facts, rng))[:1]:
                wrong = state(false_fact, false_scene, rng.randrange(3))
                yield Case(text=" ".join((*lines[:index], wrong, *lines[index + 1 :])), false=True, **about)


def held_out(id: str) -> bool:
    """Whether an id is in the half that the extractor was not improved on: its sha256 is odd."""
    return int(hashlib.sha256(id.encode()).hexdigest(), 16) % 2 == 1


def read_rows(path: Path, *, half: str) -> list[dict[str, Any]]:
    """The lines of a blind file that are in the "development" or in the "held-out" half."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if held_out(str(row["id"])) == (half == "held-out")]


def blind_cases(rows: Iterable[dict[str, Any]], scenes: Sequence[Scene], seed: int = 0) -> Iterator[Case]:
    """Each sentence put to pictures of which it is true and to pictures of which it is false."""
    pools = _pools(scenes)
    for row in rows:
        rng = random.Random(f"{seed}/{row['id']}")
        for false in (False, True):
            uses = list(_uses(row, false, pools, rng))
            for scene, facts, words in uses[:USES]:
                yield Case(kind=row["kind"], text=_filled(row["text"], words), false=false, scene=scene, facts=facts,
                           id=str(row["id"]))  # fmt: skip


Told = tuple[Fact, Scene, tuple[Fact, ...]]


def _pools(scenes: Sequence[Scene]) -> dict[tuple[str, str], list[Told]]:
    pools: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for scene in scenes:
        facts = scene_facts(scene)
        for candidate in candidates(scene, facts):
            pools[candidate.fact.kind, candidate.fact.value].append((candidate.fact, scene, facts))
    return pools


def _uses(
    row: dict[str, Any], false: bool, pools: dict[tuple[str, str], list[Told]], rng: random.Random
) -> Iterator[tuple[Scene, tuple[Fact, ...], dict[str, str]]]:
    """Facts to say the sentence of, in seeded order, with the words for its placeholders."""
    kind, value, text = row["kind"], str(row["value"]), row["text"]
    counted = kind == "count" and "{number" in text
    wanted = [value] if not counted else [str(n) for n in range(2, 11)]
    if false and kind in OPPOSITES:
        wanted = [OPPOSITES[kind][value]]
    elif false and kind == "count" and not counted:
        wanted = [str(n) for n in range(1, 11) if str(n) != value] if value != "many" else ["1", "2", "3"]
    told = [one for want in wanted for one in pools[kind, want]]
    for fact, scene, facts in rng.sample(told, len(told)):
        said = fact
        if false and kind not in OPPOSITES and not (kind == "count" and not counted):
            said = flipped(fact, scene, rng, facts)
        if counted and said is not None and said.value == "1":
            said = replace(said, value=str(int(fact.value) + 1))  # "one people" is no English
        if said is None or (kind == "contact" and row.get("limb", "") not in (fact.part or "")):
            continue
        yield scene, facts, _words(said, scene)


def _words(fact: Fact, scene: Scene) -> dict[str, str]:
    names = references(scene)
    side, _, limb = (fact.part or "").partition(" ")
    person = names[fact.person] if fact.person is not None else ""
    words = {"person": person, "side": side, "limb": limb, "other": "", "thing": ""}
    if fact.target is not None:
        words["thing" if fact.kind == "contact" else "other"] = label(fact, scene)
        if fact.kind == "side_of":
            words["other"] = names[fact.target]
    if fact.kind == "count":
        words |= {"number": fact.value, "number_word": number_word(fact.value)}
    return words


def _filled(text: str, words: dict[str, str]) -> str:
    """The sentence about this picture; "a {thing}" becomes "an umbrella"."""
    article = thing_words(words["thing"]) if words["thing"] else ""
    text = re.sub(r"\b[Aa]n? \{thing\}", lambda m: article if m[0][0] == "a" else article.capitalize(), text)
    named = words | {key.capitalize(): value[:1].upper() + value[1:] for key, value in words.items()}
    named |= {"Number_word": named.get("number_word", "").capitalize()}
    return text.format(**named)


def print_counts(title: str, counts: dict[str, Counts]) -> None:
    """A table by kind with the numbers behind each share."""
    print(f"\n{title}\n{'kind':12s} {'found':>7s} {'precision':>9s} {'alarms':>7s}   false (found)   true (alarms)")
    for kind, n in counts.items():
        print(f"{kind:12s} {n.found:7.1%} {n.precision:9.1%} {n.alarms:7.1%}   {n.num_false:5d} ({n.num_found:5d})"
              f"   {n.num_true:5d} ({n.num_alarms:3d})")  # fmt: skip


def speed(texts: Sequence[str]) -> float:
    """Sentences read per second."""
    start = time.process_time()
    for text in texts:
        extract_claims(text)
    return len(texts) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("outputs/worlds"), help="where worlds are kept")
    parser.add_argument("--half", choices=("development", "held-out", "both"), default="both")
    parser.add_argument("--missed", action="store_true", help="list development sentences that are read wrongly")
    args = parser.parse_args()
    scenes = read_world(ensure_world(args.root, WORLD), "val").scenes
    print_counts("own wording, sentences", score(own_cases(scenes)))
    print_counts("own wording, one flip in a text of eight sentences", score(own_texts(scenes[:150])))
    for half in ("development", "held-out") if args.half == "both" else (args.half,):
        cases = list(blind_cases(read_rows(BLIND, half=half), scenes))
        print_counts(f"blind wording, {half} half", score(cases))
        print(f"{speed([case.text for case in cases]):.0f} sentences per second")
        if args.missed and half == "development":
            _print_missed(cases)
        precision, recall, said, listed = paragraph_scores(read_rows(PARAGRAPHS, half=half))
        print(
            f"blind paragraphs, {half} half: precision {precision:.1%} of {said} claims, recall {recall:.1%}"
            f" of {listed}"
        )


def _print_missed(cases: Sequence[Case]) -> None:
    for case in cases:
        if marked(case) != case.false:
            checked = check_text(case.text, case.scene, case.facts)
            read = "; ".join(
                f"{c.claim.kind} {c.claim.part} {c.claim.value} of {c.claim.mention}: {c.outcome}" for c in checked
            )
            print(f"{'missed' if case.false else 'ALARM '} {case.kind:10s} {case.text} -> {read or 'nothing'}")


if __name__ == "__main__":
    main()
