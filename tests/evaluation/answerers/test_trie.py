"""Statements weighed as a trie weigh what each weighs alone, and nothing that would break this goes unseen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llavapose.evaluation.answerers.checkpoint import trie
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Prompt, log_likelihoods
from llavapose.evaluation.answerers.checkpoint.single import log_likelihood_alone
from llavapose.evaluation.answerers.checkpoint.trie import ancestors, trie_log_likelihoods, trie_of
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.records import Question
from tests.evaluation.answerers.trie_cases import CASES

EXACT = 1e-6
"""Of mean log-likelihoods in float32: nats, or as a share of values above one nat, whose own last digit is 5e-7."""


@pytest.fixture(scope="module")
def answerer(tiny_base) -> CheckpointAnswerer:
    return CheckpointAnswerer(tiny_base, device="cpu")


def prompts_of(answerer, images, case, *, image="000.png"):
    asked = [
        Question(id=f"{number}", scene_id=0, image=image, kind="conv", text=question)
        for number, (question, _) in enumerate(case)
    ]
    reader = answerer.loaded.reader
    said = [reader.statement(question, text) for question, (_, text) in zip(asked, case, strict=True)]
    return list(reader.prompts(asked, images)), said


def alone(answerer, prompts, said) -> list[float]:
    return [log_likelihood_alone(answerer.model, one, ids) for one, ids in zip(prompts, said, strict=True)]


def largest(found, expected) -> float:
    return float((np.abs(np.subtract(found, expected)) / np.maximum(1, np.abs(expected))).max())


@pytest.mark.parametrize("image", ["000.png", ""])
@pytest.mark.parametrize("batch_size", [2, 48])
@pytest.mark.parametrize("name", CASES)
def test_a_trie_weighs_what_each_weighs_alone(answerer, tiny_pictures, name, batch_size, image):
    prompts, said = prompts_of(answerer, tiny_pictures, CASES[name], image=image)
    found = trie_log_likelihoods(answerer.model, prompts, said, batch_size=batch_size)
    assert largest(found, alone(answerer, prompts, said)) <= EXACT
    assert largest(found, log_likelihoods(answerer.model, prompts, said, batch_size=batch_size)) <= EXACT


def test_several_pictures_and_all_cases_at_once(answerer, tiny_pictures):
    prompts, said = [], []
    for number, case in enumerate(CASES.values()):
        more = prompts_of(answerer, tiny_pictures, case, image=f"{number % 3:03}.png")
        prompts, said = [*prompts, *more[0]], [*said, *more[1]]
    # Turned about, so that what belongs together does not stand together.
    prompts, said = prompts[::-2] + prompts[-2::-2], said[::-2] + said[-2::-2]
    found = trie_log_likelihoods(answerer.model, prompts, said, batch_size=48)
    expected = alone(answerer, prompts, said)
    assert largest(found, expected) <= EXACT
    assert max(expected) - min(expected) > 0.1, "values that are all alike prove little"


def test_every_shared_token_is_read_once():
    found = trie_of([(1, 2, 3), (1, 2, 4, 5), (1, 2), (6,), (1, 2, 3)])
    assert found.tokens == (1, 2, 3, 4, 5, 6)
    assert found.parents == (-1, 0, 1, 1, 3, -1)
    assert found.depths == (0, 1, 2, 2, 3, 0)
    assert found.paths == ((0, 1, 2), (0, 1, 3, 4), (0, 1), (5,), (0, 1, 2))
    assert ancestors(found).astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def sees_siblings(tree) -> np.ndarray:
    """Plain causal attention along the row: a token sees the branches that stand before it."""
    return np.tril(np.ones((len(tree.tokens),) * 2, dtype=bool))


def sees_one_sibling(tree) -> np.ndarray:
    """The last token sees one more, the last that is none of its own, and nothing else is wrong."""
    seen = ancestors(tree)
    seen[-1, np.flatnonzero(~seen[-1])[-1]] = True
    return seen


def forgets_its_parent(tree) -> np.ndarray:
    seen = ancestors(tree)
    seen[-1, tree.parents[-1]] = False
    return seen


def by_place(tree, start) -> list[int]:
    return list(range(start, start + len(tree.tokens)))


def one_late(tree, start) -> list[int]:
    """Between picture and question a place is left free."""
    return [start + 1 + depth for depth in tree.depths]


@pytest.mark.parametrize(
    ("what", "wrong"),
    [("ancestors", sees_siblings), ("ancestors", sees_one_sibling), ("ancestors", forgets_its_parent),
     ("positions", by_place), ("positions", one_late)],
)  # fmt: skip
def test_what_would_be_wrong_is_seen(answerer, tiny_pictures, monkeypatch, what, wrong):
    """Each moves some value beyond what is let through, many times."""
    prompts, said = prompts_of(answerer, tiny_pictures, CASES["both orders of the alternatives"])
    right = alone(answerer, prompts, said)
    monkeypatch.setattr(trie, what, wrong)
    found = trie_log_likelihoods(answerer.model, prompts, said, batch_size=48)
    assert largest(found, right) > 10 * EXACT


def test_another_picture_is_seen(answerer, tiny_pictures):
    case = CASES["both orders of the alternatives"]
    prompts, said = prompts_of(answerer, tiny_pictures, case)
    other, _ = prompts_of(answerer, tiny_pictures, case, image="001.png")
    right = alone(answerer, prompts, said)
    for wrong in (other, [Prompt(prefix=Prefix(ids=()), ids=one.ids) for one in prompts]):
        assert largest(trie_log_likelihoods(answerer.model, wrong, said, batch_size=48), right) > 10 * EXACT


def test_with_eager_attention_too(tiny_base, tiny_pictures):
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    answerer.model.set_attn_implementation("eager")
    prompts, said = prompts_of(answerer, tiny_pictures, CASES["both orders of the alternatives"])
    found = trie_log_likelihoods(answerer.model, prompts, said, batch_size=48)
    assert largest(found, alone(answerer, prompts, said)) <= EXACT


def test_in_float64_nothing_is_left_but_rounding(tiny_base, tiny_pictures):
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    answerer.model.double()
    prompts, said = prompts_of(answerer, tiny_pictures, CASES["one is the beginning of another"])
    found = trie_log_likelihoods(answerer.model, prompts, said, batch_size=48)
    # The log-softmax itself is taken in float32.
    assert largest(found, alone(answerer, prompts, said)) <= 5e-7
    assert answerer.model.dtype == torch.float64


ITEM = ProbeItem(
    id="0-0", scene_id=0, image="000.png", group="elbows and knees", kind="elbow", part="left elbow", value="bent",
    flipped_value="straight", num_people=1, person=0, true="The left elbow is bent.",
    flipped="The left elbow is straight.",
    questions=("Is the left elbow bent or straight?", "Is the left elbow straight or bent?"),
)  # fmt: skip


@pytest.mark.parametrize("wrong", [None, sees_siblings])
def test_a_family_that_reads_it_otherwise_is_weighed_in_rows(tiny_base, tiny_pictures, monkeypatch, wrong):
    expected = list(CheckpointAnswerer(tiny_base, device="cpu").likelihoods([ITEM], tiny_pictures, {0: ("000.png",)}))
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    object.__setattr__(answerer.loaded, "proven", False)
    if wrong:
        monkeypatch.setattr(trie, "ancestors", wrong)
    found = list(answerer.likelihoods([ITEM], tiny_pictures, {0: ("000.png",)}))
    assert answerer._grows is (wrong is None)
    for one, other in zip(found, expected, strict=True):
        assert one.true == pytest.approx(other.true, abs=3e-6)
        assert one.flipped == pytest.approx(other.flipped, abs=3e-6)


@pytest.mark.parametrize("error", [ValueError, RuntimeError, TypeError])
def test_a_family_that_takes_no_such_mask_is_weighed_in_rows(tiny_base, tiny_pictures, monkeypatch, error):
    answerer = CheckpointAnswerer(tiny_base, device="cpu")
    object.__setattr__(answerer.loaded, "proven", False)

    def refuse(*given):
        raise error("a mask of four dimensions")

    monkeypatch.setattr(trie, "_logits", refuse)
    assert len(list(answerer.likelihoods([ITEM], tiny_pictures, {0: ("000.png",)}))) == 1
    assert answerer._grows is False
