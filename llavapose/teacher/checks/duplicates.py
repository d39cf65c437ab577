"""Answers that come again: word for word or nearly, for the same picture or another; and texts of a benchmark.

Two texts are the same when their words are, whatever case and punctuation. They are nearly the same when the sets of
their word triples overlap by 0.9 (Jaccard); candidates come from datasketch's MinHashLSH, and each is measured by its
signature. What comes later is the duplicate of what came first, so that the same samples give the same report.
"""

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from datasketch import MinHash, MinHashLSH

from llavapose.records import Sample

NEAR = 0.9
"""Least Jaccard overlap of word triples that counts as nearly the same."""

BANDS, ROWS = 5, 9
"""Of the index: it offers 91% of the pairs that overlap by 0.9, 99% of those by 0.95; each more band costs memory."""

NUM_PERM = 88
"""Length of a signature: an overlap of 0.9 is measured within 0.03."""

MIN_TRIPLES = 9
"""A text with fewer word triples is either the same as another or overlaps with it by less than 0.9."""

MOST_LISTED = 50

HOW = ("same, one picture", "same, other picture", "near, one picture", "near, other picture")
"""What an answer can be to an earlier one, the strongest first."""

_WORD = re.compile(r"\w+(?:'\w+)?")


@dataclass(frozen=True, kw_only=True)
class Twin:
    """An answer of sample ``id`` that repeats one of sample ``of``; ``how`` is one of ``HOW``."""

    id: str
    of: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """What was found.

    Attributes:
        answers: kind -> answers.
        found: kind -> (one of ``HOW`` -> answers that are this to an earlier one).
        pairs: the first of them, for a person to look at.
        commonest: (times, id of the first sample) of the answers that come most often.
    """

    answers: dict[str, int]
    found: dict[str, dict[str, int]]
    pairs: tuple[Twin, ...] = ()
    commonest: tuple[tuple[int, str], ...] = ()

    def rate(self, kind: str, *how: str) -> float:
        """Share of the kind's answers that repeat an earlier one in any of these ways (all where none is named)."""
        number = sum(self.found[kind][one] for one in how or HOW)
        return number / max(self.answers[kind], 1)

    def lines(self) -> list[str]:
        """One line a kind."""
        return [
            f"{kind}: {number} answers, "
            + ", ".join(f"{self.found[kind][how]} {how} ({self.rate(kind, how):.1%})" for how in HOW)
            for kind, number in self.answers.items()
        ]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Texts of samples that a benchmark holds as well.

    Attributes:
        questions, answers: how many there are.
        same: role ("user", "assistant") -> texts that are one of the benchmark's.
        near: role -> texts that are nearly one.
        pairs: (sample id, number of the benchmark's text) of the first.
    """

    questions: int
    answers: int
    same: dict[str, int]
    near: dict[str, int]
    pairs: tuple[tuple[str, int], ...] = ()


@dataclass(kw_only=True)
class _Index:
    """Texts seen so far, by their words and by their triples; only digests and signatures are held."""

    first: dict[int, int] = field(default_factory=dict)
    owners: list[int] = field(default_factory=list)
    signatures: list[Any] = field(default_factory=list)
    lsh: MinHashLSH = field(
        default_factory=lambda: MinHashLSH(params=(BANDS, ROWS), num_perm=NUM_PERM, hashfunc=_digest)
    )

    def same(self, key: int) -> int | None:
        """Number of the first text with these words."""
        return self.first.get(key)

    def near(self, minhash: MinHash) -> list[int]:
        """Numbers of the texts that are nearly this one, in order."""
        places: list[Any] = self.lsh.query(minhash)
        agree = (place for place in places if np.mean(self.signatures[place] == minhash.hashvalues) >= NEAR)
        return sorted(self.owners[place] for place in agree)

    def add(self, key: int, number: int, minhash: MinHash | None) -> None:
        """Take in a text that has not been seen."""
        self.first[key] = number
        if minhash is not None:
            self.lsh.insert(len(self.owners), minhash, check_duplication=False)
            self.owners.append(number)
            self.signatures.append(minhash.hashvalues)


def find_duplicates(samples: Iterable[Sample]) -> Duplicates:
    """Look through all answers once, in order; holds about 3 kB for each long one, 0.5 kB for each short one."""
    index, ids, images = _Index(), list[str](), dict[str, int]()
    seen, times = set[int](), Counter[int]()
    answers: Counter[str] = Counter()
    found: dict[str, Counter[str]] = {}
    pairs: list[Twin] = []
    image_of: list[int] = []
    for sample, text in _answers(samples):
        answers[sample.kind] += 1
        counts = found.setdefault(sample.kind, Counter())
        words, image = _words(text), images.setdefault(sample.image, len(images))
        key = _key(words)
        of, how = index.same(key), ""
        if of is not None:
            how = HOW[0] if _paired(key, image) in seen else HOW[1]
            times[of] += 1
        else:
            minhash = _minhash(words)
            near = index.near(minhash) if minhash is not None else []
            if near:
                of = next((number for number in near if image_of[number] == image), near[0])
                how = HOW[2] if image_of[of] == image else HOW[3]
            index.add(key, len(image_of), minhash)
            image_of.append(image)
            ids.append(sample.id)
        seen.add(_paired(key, image))
        if of is not None:
            counts[how] += 1
            if len(pairs) < MOST_LISTED:
                pairs.append(Twin(id=sample.id, of=ids[of], how=how))
    return Duplicates(
        answers=dict(answers),
        found={kind: {how: counts[how] for how in HOW} for kind, counts in found.items()},
        pairs=tuple(pairs),
        commonest=tuple((number + 1, ids[of]) for of, number in times.most_common(10)),
    )


def find_overlap(samples: Iterable[Sample], benchmark: Sequence[str]) -> Overlap:
    """Questions and answers that are, or nearly are, one of a benchmark's texts."""
    index = _Index()
    for number, text in enumerate(benchmark):
        words = _words(text)
        if index.same(_key(words)) is None:
            index.add(_key(words), number, _minhash(words))
    told: Counter[str] = Counter()
    same: Counter[str] = Counter()
    near: Counter[str] = Counter()
    pairs: list[tuple[str, int]] = []
    for sample in samples:
        for turn in sample.turns:
            told[turn.role] += 1
            words = _words(turn.text)
            of = index.same(_key(words))
            counts = same
            if of is None:
                minhash, counts = _minhash(words), near
                of = next(iter(index.near(minhash)), None) if minhash is not None else None
            if of is not None:
                counts[turn.role] += 1
                pairs += [(sample.id, of)] * (len(pairs) < MOST_LISTED)
    roles = ("user", "assistant")
    return Overlap(
        questions=told["user"],
        answers=told["assistant"],
        same={role: same[role] for role in roles},
        near={role: near[role] for role in roles},
        pairs=tuple(pairs),
    )


def _answers(samples: Iterable[Sample]) -> Iterator[tuple[Sample, str]]:
    for sample in samples:
        for turn in sample.turns:
            if turn.role == "assistant":
                yield sample, turn.text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _key(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest())


def _paired(key: int, image: int) -> int:
    """One number for a text at a picture."""
    return (key ^ (image * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF


def _digest(band: bytes) -> bytes:
    return hashlib.blake2b(band, digest_size=8).digest()


_EMPTY = MinHash(num_perm=NUM_PERM, seed=1, hashfunc=zlib.crc32)


def _minhash(words: Sequence[str]) -> MinHash | None:
    """The signature of a text's word triples; None where it is too short to be nearly the same as another."""
    triples = {" ".join(words[start : start + 3]).encode() for start in range(len(words) - 2)}
    if len(triples) < MIN_TRIPLES:
        return None
    minhash = _EMPTY.copy()
    minhash.update_batch(sorted(triples))
    return minhash
