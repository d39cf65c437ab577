"""How well the offline teacher's samples read: verbs, repeats, distinct words, referents, answers, claims, quotations.

    python -m benchmarks.prose                                  # 600 pictures of the built-in world, 3,000 samples
    python -m benchmarks.prose --forms                          # also every question form with its share and an answer
    python -m benchmarks.prose --read 60 --kind complex         # samples to read by eye, with their captions

Every measure is a small rule that knows nothing of how the text was made; ``benchmarks/prose_rules.py`` has the rules,
and ``tests/benchmarks/test_prose.py`` marks sentences by hand for each of them.
"""

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.prose_rules import (
    abstract,
    answered,
    has_finite_verb,
    quotes,
    referent_switch,
    sentences_of,
)
from llavapose.config.choices import Context, ConvForm
from llavapose.config.teaching import TeacherConfig
from llavapose.kinds import taught_kinds
from llavapose.pose.check import check_text, people_meant
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.claims.mentions import mentions_in, sentences
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.people import prominent
from llavapose.records import Sample, Scene
from llavapose.samples import read_samples
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from llavapose.teacher.offline.write import generate

NUM_REPEATS = 500
"""Samples of a kind among which repeats are counted: more samples repeat more."""

NUM_WORDS = 10_000
"""Words among which distinct ones are counted."""

Row = dict[str, str]


def measure(samples: Sequence[Sample], scenes: dict[int, Scene]) -> Row:
    """One kind's numbers by the name of the measure."""
    pairs = [(sample, turn.text, answer.text) for sample in samples
             for turn, answer in zip(sample.turns[::2], sample.turns[1::2], strict=True)]  # fmt: skip
    random.Random(0).shuffle(pairs)
    questions, answers = [question for _, question, _ in pairs], [answer for _, _, answer in pairs]
    sentences = [sentence for answer in answers for sentence in sentences_of(answer)]
    scene_of = [scenes[sample.provenance["scene"]] for sample, _, _ in pairs]
    row: Row = {"samples": str(len(samples)), "words an answer": f"{sum(map(_num_words, answers)) / len(answers):.1f}"}
    row["sentences without a verb"] = _share(sum(not has_finite_verb(one) for one in sentences), len(sentences))
    row |= _repeats(questions[:NUM_REPEATS], answers[:NUM_REPEATS])
    row |= _distinct(answers)
    forms = Counter(map(abstract, questions))
    row["question forms"] = str(len(forms))
    row["commonest form"] = _share(forms.most_common(1)[0][1], len(questions))
    pictures = list(zip(answers, scene_of, strict=True))
    switches = [referent_switch(answer, len(scene.people) == 1) for answer, scene in pictures]
    row["called by several names"] = _share(sum(switches), len(switches))
    verdicts = [answered(question, answer) for question, answer in zip(questions, answers, strict=True)]
    known = [verdict for verdict in verdicts if verdict is not None]
    row["questions without a rule"] = _share(len(verdicts) - len(known), len(verdicts))
    row["not answered"] = _share(known.count(False), max(len(known), 1))
    row |= _claims(answers, scene_of)
    about_all = all(
        sample.kind == "detail" for sample in samples
    )  # a description is of everybody, its question of nobody
    row["about somebody else"] = "-" if about_all else _elsewhere(questions, answers, scene_of)
    overlaps = [quotes(one, scene.captions) for answer, scene in pictures for one in sentences_of(answer)]
    row["six words of a caption"] = _share(sum(one != "" for one in overlaps), len(sentences))
    row["whole captions"] = _share(overlaps.count("whole"), len(sentences))
    return row


def _num_words(text: str) -> int:
    return len(text.split())


def _share(number: int, whole: int) -> str:
    return f"{number / max(whole, 1):.1%}"


def _repeats(questions: Sequence[str], answers: Sequence[str]) -> Row:
    counted = Counter(answers)
    endings = Counter(sentences_of(answer)[-1] for answer in answers)
    formed = Counter(abstract(sentences_of(answer)[-1]) for answer in answers)
    return {
        f"answers that repeat, of {NUM_REPEATS}": _share(sum(counted[answer] > 1 for answer in answers), len(answers)),
        "commonest question": _share(Counter(questions).most_common(1)[0][1], len(questions)),
        "commonest ending": _share(endings.most_common(1)[0][1], len(answers)),
        "commonest ending, names left out": _share(formed.most_common(1)[0][1], len(answers)),
        f"endings, of {NUM_REPEATS}": str(len(endings)),
    }


def _distinct(answers: Sequence[str]) -> Row:
    words = [word for answer in answers for word in re.findall(r"[a-z'-]+", answer.lower())]
    words = words[:NUM_WORDS]
    threes = set(zip(words, words[1:], words[2:], strict=False))
    whole = "" if len(words) == NUM_WORDS else f" of {len(words)}"
    return {
        "distinct words in 10,000": f"{len(set(words))}{whole}",
        "distinct threes in 10,000": f"{len(threes)}{whole}",
    }


def _claims(answers: Sequence[str], scene_of: Sequence[Scene]) -> Row:
    outcomes: Counter[str] = Counter()
    facts = {scene.id: scene_facts(scene) for scene in scene_of}
    for answer, scene in zip(answers, scene_of, strict=True):
        for item in check_text(answer, scene, facts[scene.id]):
            outcomes[item.outcome] += 1
            if item.outcome == "contradicted" and outcomes["contradicted"] <= 10:
                print(
                    "contradicted:",
                    answer,
                    answer[item.claim.start : item.claim.end],
                    item.claim,
                    sep="\n    ",
                    file=sys.stderr,
                )
    return {
        "claims": str(outcomes.total()),
        "claims supported": _share(outcomes["supported"], outcomes.total()),
        "claims contradicted": str(outcomes["contradicted"]),
    }


def _elsewhere(questions: Sequence[str], answers: Sequence[str], scene_of: Sequence[Scene]) -> str:
    """Of the claims in pictures of several people, those about others than the question, or else the end, names."""
    about = others = 0
    for question, answer, scene in zip(questions, answers, scene_of, strict=True):
        if len(prominent(scene)) < 2:
            continue
        named = _people_named(question, scene) or _people_named(sentences_of(answer)[-1], scene)
        meant = [people_meant(claim.mention, scene) for claim in extract_claims(answer)]
        meant = [people for people in meant if named and len(people) == 1]
        about += len(meant)
        others += sum(not named.issuperset(people) for people in meant)
    return _share(others, about)


def _people_named(text: str, scene: Scene) -> set[int]:
    found = [mention for start, end in sentences(text.lower()) for mention in mentions_in(text.lower()[start:end])]
    return {person for mention in found for person in people_meant(mention.text, scene) if not mention.pronoun}


def tokens(samples: Sequence[Sample]) -> Row:
    """What the tiny base's tokenizer makes of one kind."""
    from transformers import PreTrainedTokenizerFast

    folder = Path(__file__).resolve().parents[1] / "llavapose/assets/tiny_base"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    texts = [turn.text for sample in samples for turn in sample.turns]
    words = Counter(word for text in texts for word in re.findall(r" [A-Za-z'-]+", f" {text}"))

    def num_pieces(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False).input_ids)

    split = {word: number for word, number in words.items() if num_pieces(word) > 1}
    number = sum(map(num_pieces, texts))
    commonest = " ".join(word.strip() for word in sorted(split, key=lambda word: -split[word])[:12])
    return {
        "tokens a sample": f"{number / len(samples):.1f}",
        "words in pieces": f"{len(split)} of {len(words)}; {sum(split.values()) / words.total():.1%} of the text",
        "most often": commonest,
    }


def made(
    num_scenes: int, num_samples: int, context: str, world: Path, out: Path
) -> tuple[list[Sample], dict[int, Scene]]:
    """Samples of the built-in world, and its scenes by id."""
    folder = ensure_world(world, WorldSettings(num_train=num_scenes, num_val=2))
    scenes = read_world(folder, "train")
    teacher = TeacherConfig(name="offline", num_samples=num_samples, conv_form=ConvForm.pairs,
                            context=dict.fromkeys(taught_kinds(), Context(context)))  # fmt: skip
    summary = generate(scenes=scenes, teacher=teacher, out=out, progress=False)
    print(f"{summary.num_samples / summary.seconds:.0f} samples a second, facts included")
    return list(read_samples(Path(summary.path), scenes.images)), {scene.id: scene for scene in scenes.scenes}


def read_aloud(samples: Sequence[Sample], scenes: dict[int, Scene], number: int, seed: int) -> None:
    """Print samples with their captions."""
    for sample in random.Random(seed).sample(list(samples), min(number, len(samples))):
        print(f"\n[{sample.id}] {' / '.join(scenes[sample.provenance['scene']].captions)}")
        for turn in sample.turns:
            print(f"  {'Q' if turn.role == 'user' else 'A'}: {turn.text}")


def print_forms(samples: Sequence[Sample]) -> None:
    """Print every question form with its share and one answer."""
    pairs = [(abstract(sample.turns[0].text), sample.turns[1].text) for sample in samples]
    counts = Counter(form for form, _ in pairs)
    example = dict(pairs)
    for form, number in counts.most_common():
        print(f"{number / len(pairs):6.1%}  {form}\n          {example[form]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--context", default="keypoints")
    parser.add_argument("--world", type=Path, default=Path("outputs/world"))
    parser.add_argument("--kind", choices=taught_kinds())
    parser.add_argument("--forms", action="store_true")
    parser.add_argument("--read", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0, help="of the samples to read")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples, scenes = made(asked.scenes, asked.samples, asked.context, asked.world, Path(folder))
    kinds = [asked.kind] if asked.kind else list(taught_kinds())
    of_kind = {kind: [sample for sample in samples if sample.kind == kind] for kind in kinds}
    if asked.read or asked.forms:
        for chosen in of_kind.values():
            if asked.read:
                read_aloud(chosen, scenes, asked.read, asked.seed)
            if asked.forms:
                print_forms(chosen)
        return
    rows = {kind: {**measure(chosen, scenes), **tokens(chosen)} for kind, chosen in of_kind.items() if chosen}
    print(f"| measure | {' | '.join(rows)} |\n|---|{'---:|' * len(rows)}")
    for name in next(iter(rows.values())):
        print(f"| {name} | {' | '.join(row[name] for row in rows.values())} |")


if __name__ == "__main__":
    main()
