"""Thousands of answers: no repetition is made up, none that is planted is missed, none costs too much."""

import random
import time
from collections.abc import Sequence

import pytest

from llavapose.records import Sample, Turn
from llavapose.teacher.checks.duplicates import HOW
from tests.teacher.repeats import find_duplicates

NUM = 10_000
WORDS = [f"{first}{second}" for first in ("ba", "co", "du", "fe", "gi", "lo", "mu", "na") for second in
         ("rel", "ssin", "tton", "vel", "wer", "xt", "zen", "mp", "nd", "rk")]  # fmt: skip


def sample(name: str, image: str, text: str) -> Sample:
    turns = (Turn(role="user", text="What?"), Turn(role="assistant", text=text))
    return Sample(id=name, images=(image,), kind="conv", turns=turns)


def texts(num: int, seed: int) -> list[str]:
    """Different texts of 3 to 120 words out of 80: they have many words, and some triples, in common."""
    rng = random.Random(seed)
    found = dict.fromkeys(" ".join(rng.choices(WORDS, k=rng.choice((3, 12, 40, 120)))) for _ in range(num))
    return list(found)


def counts(samples: Sequence[Sample]) -> dict[str, int]:
    return find_duplicates(samples).found["conv"]


@pytest.mark.parametrize("seed", range(3))
def test_of_ten_thousand_different_answers_none_is_a_repetition(seed: int) -> None:
    different = texts(NUM, seed)
    assert len(different) > NUM - 50
    assert counts([sample(str(at), f"{at // 4}.jpg", text) for at, text in enumerate(different)]) == dict.fromkeys(
        HOW, 0
    )


@pytest.mark.parametrize("seed", range(3))
def test_all_that_is_planted_is_found_wherever_it_stands(seed: int) -> None:
    rng = random.Random(seed)
    originals = texts(3_000, seed)
    long = [at for at, text in enumerate(originals) if len(text.split()) >= 40]
    planted = [rng.choice(long) for _ in range(400)]
    same, near = planted[:200], planted[200:]
    made = [sample(str(at), f"{at}.jpg", text) for at, text in enumerate(originals)]
    made += [
        sample(f"same {at}", f"{number}.jpg", originals[number].upper() + "!") for at, number in enumerate(same[:100])
    ]
    made += [sample(f"same {at}", "other.jpg", originals[number]) for at, number in enumerate(same[100:], 100)]
    made += [
        sample(f"near {at}", f"{number}.jpg", originals[number] + f" end{at}") for at, number in enumerate(near[:100])
    ]
    made += [
        sample(f"near {at}", f"o{at}.jpg", originals[number] + f" end{at}") for at, number in enumerate(near[100:], 100)
    ]
    found = counts(made)
    # Of texts that come again on "other.jpg" twice, the second is the same at one picture.
    again = len(same[100:]) - len(set(same[100:]))
    assert (found[HOW[0]], found[HOW[1]]) == (100 + again, 100 - again)
    assert found[HOW[2]] + found[HOW[3]] == 200
    rng.shuffle(made)
    mixed = counts(made)
    assert mixed[HOW[0]] + mixed[HOW[1]] == 200, "words that come again are as many in any order"
    assert mixed[HOW[2]] + mixed[HOW[3]] >= 198, "of a pair either may be the first"


def test_in_a_crowd_the_repetition_at_one_picture_is_told_from_those_at_others() -> None:
    base = " ".join(f"word{number}" for number in range(400))
    made = [sample(f"{at} {turn}", f"{at}.jpg", f"{base} {at} {turn}") for turn in range(2) for at in range(200)]
    assert counts(made) == {HOW[0]: 0, HOW[1]: 0, HOW[2]: 200, HOW[3]: 199}


def test_a_crowd_that_is_nearly_the_same_costs_no_more_each_than_a_few() -> None:
    """Boilerplate: every answer is nearly every other; each is compared with some of them, not with all."""
    base = " ".join(f"word{number}" for number in range(400))

    def seconds(num: int) -> float:
        made = [sample(str(at), f"{at}.jpg", f"{base} {at}") for at in range(num)]
        start = time.process_time()
        assert counts(made)[HOW[3]] == num - 1
        return time.process_time() - start

    few, many = seconds(500), seconds(4_000)
    assert many < 8 * 2.5 * few, (few, many)


def test_a_hundred_thousand_identical_answers_are_one_and_its_repetitions() -> None:
    found = counts(
        [sample(str(at), f"{at % 1000}.jpg", "The left elbow of the person is bent.") for at in range(100_000)]
    )
    assert found == {HOW[0]: 99_000, HOW[1]: 999, HOW[2]: 0, HOW[3]: 0}
