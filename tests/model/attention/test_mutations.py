"""The self-test lets what is right through and sees every mistake, also one that only the gradients show."""

from __future__ import annotations

import pytest
import torch

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.proof import check_packing
from tests.model.attention.mutations import MUTATIONS, Mutation, losses_by
from tests.model.compared import packing_error


def prove(llava, mutation, batch, *, backend):
    check_packing(losses_by(llava, mutation), batch, language=llava.model.language_model, backend=backend)


SHOWN = ("one token leaks", "the plain log-sum-exp merge")
"""In small; the others of the deep model are a long series."""


@pytest.mark.parametrize(
    ("model", "name"),
    [
        *(("llava", name) for name in MUTATIONS),
        *(pytest.param("deep", name, marks=() if name in SHOWN else pytest.mark.long) for name in MUTATIONS),
    ],
)
def test_every_mutation_fails_the_self_test(request, model, name, crowded):
    llava = request.getfixturevalue(model)
    with pytest.raises(LlavaPoseError, match="attention 'mutated'"):
        prove(llava, MUTATIONS[name], crowded, backend="mutated")


@pytest.mark.parametrize("model", ["llava", "deep"])
def test_the_right_one_passes(request, model, crowded):
    llava = request.getfixturevalue(model)
    prove(llava, Mutation(), crowded, backend="right")


@pytest.mark.parametrize("name", [name for name, one in MUTATIONS.items() if one.forward_is_right])
def test_what_only_gradients_show_changes_no_loss(llava, crowded, name):
    assert packing_error(losses_by(llava, MUTATIONS[name]), crowded).largest < 1e-5


@torch.no_grad()
def test_the_control_is_transformers_own_attention(llava, crowded):
    from llavapose.model.attention.mask import packed_mask
    from llavapose.model.losses import token_losses

    expected = token_losses(llava, crowded, packed_mask(crowded.segments))
    torch.testing.assert_close(losses_by(llava, Mutation())(crowded), expected, atol=1e-5, rtol=0)
