"""Answers that come again: word for word or nearly, for the same picture or another; and texts of a benchmark.

Two texts are the same when their words are, whatever case and punctuation. They are nearly the same when the sets of
their word triples overlap by 0.9 (Jaccard), measured by their MinHash signatures. Compared are the texts of one picture
and those that share a band of nine numbers of the signature (locality-sensitive hashing), of a crowd that shares one
the first. What comes later is the duplicate of what came first, so that the same samples give the same report.

A text alone gives its ``Print``, which any process can make (``print_of``). ``Repeats`` and ``Overlaps`` take prints in
order and hold about 1.5 kB for each long text, 0.5 kB for each short one.
"""

import hashlib
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from datasketch import MinHash

from llavapose.records import Sample

NEAR = 0.9
"""Least Jaccard overlap of word triples that counts as nearly the same."""

BANDS, ROWS = 5, 9
"""Of the index: it offers 91% of the pairs that overlap by 0.9, 99% of those by 0.95; each more band costs memory."""

NUM_PERM = 88
"""Length of a signature: an overlap of 0.9 is measured within 0.03."""

MIN_TRIPLES = 9
"""A text with fewer word triples is either the same as another or overlaps with it by less than 0.9."""

MOST_IN_A_CROWD = 64
"""Texts that one band, or one picture, offers to be compared with; boilerplate else costs the square of its number."""

MOST_LISTED = 50

_BLOCK = 4096
"""Signatures that are made room for at once."""
_AT_ONCE = 10_000
"""Word triples that are hashed at once: 9 MB of numbers, however long a text is."""

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


@dataclass(frozen=True, kw_only=True)
class Print:
    """What is kept of a text: ``key`` of its words, and the ``signature`` uint32[NUM_PERM]; None of a short one."""

    key: int
    signature: np.ndarray | None


def print_of(text: str) -> Print:
    """The print of a text."""
    words = _words(text)
    return Print(key=_key(words), signature=_signature(words))


@dataclass(kw_only=True)
class _Index:
    """Texts seen so far, by their words and by their triples; only digests and signatures are held.

    Attributes:
        first: key of the words -> number of the first text that has them.
        owners: numbers of the texts with a signature, by their places.
        blocks: their signatures, uint32[_BLOCK, NUM_PERM] each.
        bands: digest of a band -> places of the first texts that have it.
        of_image: picture -> places of its first texts.
    """

    first: dict[int, int] = field(default_factory=dict)
    owners: "array[int]" = field(default_factory=lambda: array("q"))
    blocks: list[np.ndarray] = field(default_factory=list)
    bands: dict[int, int | list[int]] = field(default_factory=dict)
    of_image: dict[int, list[int]] = field(default_factory=dict)

    def same(self, key: int) -> int | None:
        """Number of the first text with these words."""
        return self.first.get(key)

    def near(self, signature: np.ndarray, image: int | None = None) -> list[int]:
        """Numbers of the texts that are nearly this one, in order; of ``image`` all are compared."""
        places = set(self.of_image.get(image, ())) if image is not None else set[int]()
        for band in _bands(signature):
            found = self.bands.get(band)
            places.update(found if isinstance(found, list) else () if found is None else (found,))
        if not places:
            return []
        order = sorted(places)
        rows = np.stack([self.blocks[place // _BLOCK][place % _BLOCK] for place in order])
        agree = (rows == signature).mean(axis=1) >= NEAR
        return [self.owners[place] for place, is_near in zip(order, agree, strict=True) if is_near]

    def add(self, key: int, number: int, signature: np.ndarray | None, image: int | None = None) -> None:
        """Take in a text that has not been seen."""
        self.first[key] = number
        if signature is None:
            return
        place = len(self.owners)
        if place % _BLOCK == 0:
            self.blocks.append(np.empty((_BLOCK, NUM_PERM), dtype=np.uint32))
        self.blocks[-1][place % _BLOCK] = signature
        self.owners.append(number)
        for band in _bands(signature):
            found = self.bands.setdefault(band, place)
            if isinstance(found, list):
                found += [place] * (len(found) < MOST_IN_A_CROWD)
            elif found != place:
                self.bands[band] = [found, place]
        if image is not None:
            of_image = self.of_image.setdefault(image, [])
            of_image += [place] * (len(of_image) < MOST_IN_A_CROWD)


@dataclass(kw_only=True)
class Repeats:
    """Answers that come again, sample by sample."""

    index: _Index = field(default_factory=_Index)
    ids: list[str] = field(default_factory=list)
    images: dict[str, int] = field(default_factory=dict)
    image_of: "array[int]" = field(default_factory=lambda: array("q"))
    seen: set[int] = field(default_factory=set)
    times: Counter[int] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    found: dict[str, Counter[str]] = field(default_factory=dict)
    pairs: list[Twin] = field(default_factory=list)

    def take(self, sample: Sample, answers: Iterable[Print]) -> None:
        """The next sample, with the prints of its answers."""
        image = self.images.setdefault(sample.image, len(self.images))
        for one in answers:
            self.answers[sample.kind] += 1
            counts = self.found.setdefault(sample.kind, Counter())
            of, how = self._earlier(one, image)
            if how not in HOW[:2]:
                self.index.add(one.key, len(self.image_of), one.signature, image)
                self.image_of.append(image)
                self.ids.append(sample.id)
            self.seen.add(_paired(one.key, image))
            if how:
                counts[how] += 1
                self.times[of] += how in HOW[:2]
                if len(self.pairs) < MOST_LISTED:
                    self.pairs.append(Twin(id=sample.id, of=self.ids[of], how=how))

    def result(self) -> Duplicates:
        """What was found so far."""
        # Counted once are those that were near others alone.
        commonest = [(times + 1, self.ids[of]) for of, times in self.times.most_common(10) if times]
        return Duplicates(
            answers=dict(self.answers),
            found={kind: {how: counts[how] for how in HOW} for kind, counts in self.found.items()},
            pairs=tuple(self.pairs),
            commonest=tuple(commonest),
        )

    def _earlier(self, one: Print, image: int) -> tuple[int, str]:
        """(number of the text that this one repeats, how); (-1, "") for a text of its own."""
        of = self.index.same(one.key)
        if of is not None:
            return of, HOW[0] if _paired(one.key, image) in self.seen else HOW[1]
        near = self.index.near(one.signature, image) if one.signature is not None else []
        if not near:
            return -1, ""
        of = next((number for number in near if self.image_of[number] == image), near[0])
        return of, HOW[2] if self.image_of[of] == image else HOW[3]


class Overlaps:
    """Texts of samples that a benchmark holds as well, sample by sample.

    Args:
        benchmark: its texts.
    """

    def __init__(self, benchmark: Sequence[str]) -> None:
        self._index = _Index()
        for number, text in enumerate(benchmark):
            one = print_of(text)
            if self._index.same(one.key) is None:
                self._index.add(one.key, number, one.signature)
        self._told, self._same, self._near = Counter[str](), Counter[str](), Counter[str]()
        self._pairs: list[tuple[str, int]] = []

    def take(self, sample: Sample, turns: Iterable[Print]) -> None:
        """The next sample, with the prints of all its turns."""
        for turn, one in zip(sample.turns, turns, strict=True):
            self._told[turn.role] += 1
            of, counts = self._index.same(one.key), self._same
            if of is None and one.signature is not None:
                of, counts = next(iter(self._index.near(one.signature)), None), self._near
            if of is not None:
                counts[turn.role] += 1
                self._pairs += [(sample.id, of)] * (len(self._pairs) < MOST_LISTED)

    def result(self) -> Overlap:
        """What was found so far."""
        roles = ("user", "assistant")
        return Overlap(
            questions=self._told["user"],
            answers=self._told["assistant"],
            same={role: self._same[role] for role in roles},
            near={role: self._near[role] for role in roles},
            pairs=tuple(self._pairs),
        )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _key(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest())


def _paired(key: int, image: int) -> int:
    """One number for a text at a picture."""
    return (key ^ (image * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF


def _bands(signature: np.ndarray) -> list[int]:
    """One number for each band: of its place and its rows."""
    raw = signature[: BANDS * ROWS].tobytes()
    size = len(raw) // BANDS
    return [
        int.from_bytes(hashlib.blake2b(raw[at * size : (at + 1) * size], digest_size=8, salt=bytes([at])).digest())
        for at in range(BANDS)
    ]


_EMPTY = MinHash(num_perm=NUM_PERM, seed=1, hashfunc=zlib.crc32)


def _signature(words: Sequence[str]) -> np.ndarray | None:
    """The signature of a text's word triples; None where it is too short to be nearly the same as another."""
    triples = {" ".join(words[start : start + 3]).encode() for start in range(len(words) - 2)}
    if len(triples) < MIN_TRIPLES:
        return None
    minhash, order = _EMPTY.copy(), sorted(triples)
    for start in range(0, len(order), _AT_ONCE):
        minhash.update_batch(order[start : start + _AT_ONCE])
    return minhash.hashvalues.astype(np.uint32)  # datasketch's hashes have 32 bits
