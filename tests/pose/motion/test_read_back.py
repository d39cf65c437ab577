"""Every wording of a motion fact is read back as exactly that fact, and its flip as false."""

import random
from dataclasses import replace

import pytest

from llavapose.pose.check import check_text
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.language import STATEMENTS, flipped, state
from llavapose.pose.motion.vocabulary import PARTS, VALUES
from llavapose.records import Fact, Scene


def facts_of(kind: str) -> list[Fact]:
    """Each value of a kind, of each part, of the second person."""
    target = 0 if kind == "order" else None
    return [
        Fact(kind=kind, person=1, value=value, sure=True, part=part, target=target)
        for value in VALUES[kind]
        for part in PARTS.get(kind, (None,))
    ]


@pytest.mark.parametrize("kind", VALUES)
def test_every_statement_is_read_back_as_its_fact_alone(kind: str, pair: Scene, figures) -> None:
    for fact in facts_of(kind):
        for variant in range(len(STATEMENTS[kind])):
            text = state(fact, pair, variant)
            told = [(one.kind, one.part, one.value, one.mention, one.target, one.negated) for one in read(text)]
            target = "the person on the left" if kind == "order" else None
            assert told == [(kind, fact.part, fact.value, "the person on the right", target, False)], text
            outcomes = {one.outcome for one in check_text(text, pair, (fact,))}
            assert outcomes == {"supported"}, text


def read(text: str):
    return extract_claims(text, moving=True)


@pytest.mark.parametrize("kind", VALUES)
def test_every_flipped_statement_is_read_back_as_false(kind: str, pair: Scene) -> None:
    for fact in facts_of(kind):
        false = flipped(fact, pair, random.Random(1))
        assert false
        for variant in range(len(STATEMENTS[kind])):
            text = state(false, pair, variant)
            assert {one.outcome for one in check_text(text, pair, (fact,))} == {"contradicted"}, text
            unsure = replace(fact, sure=False)
            assert {one.outcome for one in check_text(text, pair, (unsure,))} == {"unverifiable"}, text


@pytest.mark.parametrize("name", ["he", "she", "the man in red"])
def test_statements_with_other_names_are_read_too(name: str, pair: Scene) -> None:
    for kind in VALUES:
        for fact in facts_of(kind):
            text = state(fact, pair, 0, ("the woman", name))
            (claim,) = read(text)
            assert (claim.kind, claim.part, claim.value, claim.mention) == (kind, fact.part, fact.value, name)
