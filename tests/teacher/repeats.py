"""Duplicates and overlaps of samples in a list, as an audit and a card take them one by one."""

from collections.abc import Iterable, Sequence

from llavapose.records import Sample
from llavapose.teacher.checks.duplicates import Duplicates, Overlap, Overlaps, Repeats, print_of


def find_duplicates(samples: Iterable[Sample]) -> Duplicates:
    """Look through all answers once, in order."""
    repeats = Repeats()
    for sample in samples:
        repeats.take(sample, [print_of(turn.text) for turn in sample.turns if turn.role == "assistant"])
    return repeats.result()


def find_overlap(samples: Iterable[Sample], benchmark: Sequence[str]) -> Overlap:
    """Questions and answers that are, or nearly are, one of a benchmark's texts."""
    overlaps = Overlaps(benchmark)
    for sample in samples:
        overlaps.take(sample, [print_of(turn.text) for turn in sample.turns])
    return overlaps.result()
