"""The probe's benchmark compares what the probe itself weighs."""

from benchmarks.probe_trie import asked_by_picture, tokens_of, weigh
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import log_likelihoods
from tests.evaluation.answerers.test_trie import ITEM


def test_its_statements_are_the_probes(tiny_base, tiny_pictures) -> None:
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    (group,) = asked_by_picture(answerer, (ITEM,), tiny_pictures)
    rows, grown = tokens_of(group)
    assert 0 < grown < 0.7 * rows
    (expected,) = answerer.likelihoods([ITEM], tiny_pictures, {0: ("000.png",)})
    found = weigh(answerer, [group], log_likelihoods)
    told = [expected.true[0], expected.flipped[0], expected.true[1], expected.flipped[1]]
    assert max(abs(one - other) for one, other in zip(found, told, strict=True)) < 1e-5
