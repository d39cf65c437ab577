"""What a set of answers talks about: how long they are, which verbs and body parts they name. Word lists, no parser."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from llavapose.kinds import KINDS
from llavapose.records import Sample

HOW_COUNTED = (
    "Words are runs of letters. A verb is a word in -ing that is no noun of a short list, or the base or -s form of "
    "one of about 100 verbs of posture and action; forms of a listed verb count together. Body parts are a list, "
    "singular and plural together; a word that could be both is a body part."
)
"""Printed with the numbers."""

_VERBS = """
stand sit lie kneel crouch squat lean bend stretch raise lift lower hold grip carry touch reach point wave extend rest
hang cross fold spread bow tilt turn twist face look watch gaze smile walk run jump leap step stride climb ride ski surf
skate snowboard swim dance play throw catch kick hit swing pitch bat serve shoot pull push drive fly eat drink cook cut
read write talk speak listen sing laugh pose perform balance wear use work wait prepare move travel stay stoop hug kiss
shake clap sleep fall land slide roll spin aim sail row paddle grasp clasp tuck support straighten relax
"""
_BODY_PARTS = """
head face nose eye ear mouth chin hair neck shoulder arm elbow forearm wrist hand finger thumb fist palm chest back
waist hip torso trunk leg thigh knee shin calf ankle foot heel toe body limb
"""
_NOUNS_IN_ING = """
thing something nothing everything anything morning evening ceiling building clothing king ring spring string wing
during railing lighting bring sting sling cling ding being having according including regarding interesting exciting
amazing surrounding setting meeting wedding painting parking
"""
VERBS, BODY_PARTS = frozenset(_VERBS.split()), frozenset(_BODY_PARTS.split())
_NO_VERBS = frozenset(_NOUNS_IN_ING.split())
_IRREGULAR = {"feet": "foot", "calves": "calf", "bodies": "body", "lying": "lie", "hair": "hair"}
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Words of the answers of one kind: exact, but for quantiles to the nearest word."""

    answers: int
    mean: float
    p5: int
    median: int
    p95: int
    longest: int


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the samples hold.

    Attributes:
        samples: kind -> samples.
        pictures: different pictures.
        lengths: kind -> lengths of its answers.
        words: all words of all answers; ``different_words`` of them differ.
        verbs, body_parts: (word, times), the commonest first; all of them.
        teachers: teacher -> samples, from their provenance.
    """

    samples: dict[str, int]
    pictures: int
    lengths: dict[str, Lengths]
    words: int
    different_words: int
    verbs: tuple[tuple[str, int], ...]
    body_parts: tuple[tuple[str, int], ...]
    teachers: dict[str, int]


@dataclass(kw_only=True)
class Measuring:
    """Counts of the samples so far; holds nothing else of them."""

    kinds: Counter[str] = field(default_factory=Counter)
    teachers: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    lengths: dict[str, Counter[int]] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)

    def take(self, sample: Sample) -> None:
        """Count the next sample."""
        self.kinds[sample.kind] += 1
        self.pictures.add(sample.image)
        self.teachers[str(sample.provenance.get("teacher", "unknown"))] += 1
        for turn in sample.turns:
            if turn.role == "assistant":
                self.lengths.setdefault(sample.kind, Counter())[len(turn.text.split())] += 1
                self.words.update(_WORD.findall(turn.text.lower().replace("’", "'")))

    def result(self) -> Measures:
        """What was counted so far."""
        verbs, parts = Counter[str](), Counter[str]()
        for word, times in self.words.items():
            verb, part = verb_of(word), body_part_of(word)
            if verb:
                verbs[verb] += times
            if part:
                parts[part] += times
        order = [kind for kind in KINDS if kind in self.kinds]
        return Measures(
            samples={kind: self.kinds[kind] for kind in order},
            pictures=len(self.pictures),
            lengths={kind: _lengths(self.lengths[kind]) for kind in order if kind in self.lengths},
            words=self.words.total(),
            different_words=len(self.words),
            verbs=_commonest(verbs),
            body_parts=_commonest(parts),
            teachers=dict(sorted(self.teachers.items())),
        )


def measure(samples: Iterable[Sample]) -> Measures:
    """Look through all samples once; holds counts alone."""
    measuring = Measuring()
    for sample in samples:
        measuring.take(sample)
    return measuring.result()


def verb_of(word: str) -> str | None:
    """The verb that a word is a form of: "stand" for "standing" and "stands"; an unlisted -ing form is its own."""
    if word in _IRREGULAR:
        return _IRREGULAR[word] if _IRREGULAR[word] in VERBS else None
    if word in VERBS and word not in BODY_PARTS:
        return word
    for ending, dropped in (("ies", "y"), ("es", ""), ("s", "")):
        stem = word.removesuffix(ending) + dropped
        if word.endswith(ending) and stem in VERBS and stem not in BODY_PARTS:
            return stem
    if not word.endswith("ing") or len(word) < 5 or word in _NO_VERBS:
        return None
    stem = word.removesuffix("ing")
    listed = (found for found in (stem, f"{stem}e", stem[:-1]) if found in VERBS)
    return next(listed, word)


def body_part_of(word: str) -> str | None:
    """The body part that a word names: "foot" for "feet"."""
    for single in (_IRREGULAR.get(word, word), word.removesuffix("s")):
        if single in BODY_PARTS:
            return single
    return None


def _commonest(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _lengths(counts: Counter[int]) -> Lengths:
    total = counts.total()
    return Lengths(
        answers=total,
        mean=round(sum(length * times for length, times in counts.items()) / total, 1),
        p5=_quantile(counts, 0.05),
        median=_quantile(counts, 0.5),
        p95=_quantile(counts, 0.95),
        longest=max(counts),
    )


def _quantile(counts: Counter[int], share: float) -> int:
    """The shortest length that this share of the answers does not exceed."""
    needed, so_far = share * counts.total(), 0
    for length in sorted(counts):
        so_far += counts[length]
        if so_far >= needed:
            return length
    return max(counts)
