"""Every backend computes what the dense mask computes, forward and backward, on rows of every kind."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.choose import BACKENDS, Heads, first_that_runs, to_try, why_not
from llavapose.model.attention.flash import FLASH
from llavapose.model.attention.flex import FLEX, blocks_of
from llavapose.model.attention.interface import NAME, Backend
from llavapose.model.attention.layout import Group, layout_of
from llavapose.model.attention.mask import DENSE, packed_mask
from llavapose.model.attention.rules import Rows
from llavapose.model.attention.varlen import Kernel, Sequences, varlen
from llavapose.model.batch import GROUP, PADDING
from tests.model.attention.reference import REFERENCE

G, P = GROUP, PADDING
ROWS = {  # runs of segments, by row: (segment, length)
    "one picture": [[(0, 9), (1, 4), (2, 1), (3, 6)]],
    "several pictures": [[(0, 5), (1, 4), (G, 7), (G + 1, 2), (G + 2, 3)], [(0, 6), (1, 9), (P, 6)]],
    "without branches": [[(0, 7), (G, 3)], [(0, 8), (P, 2)]],
    "mostly padding": [[(0, 2), (1, 1), (P, 17)], [(0, 1), (1, 19)]],
    "alone": [[(0, 12)], [(0, 5), (P, 7)]],
}
BY_NAME = {"branches": BRANCHES, "varlen": varlen(REFERENCE)}
SHAPES = {"as many": (4, 4, 8), "shared keys": (4, 2, 8), "one key": (4, 1, 16)}


def segments_of(rows) -> torch.Tensor:
    return torch.tensor([[segment for segment, length in row for _ in range(length)] for row in rows])


def drawn(segments, heads, keys, width, dtype):
    generator = torch.Generator().manual_seed(0)
    shapes = [(segments.shape[0], count, segments.shape[1], width) for count in (heads, keys, keys)]
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_() for shape in shapes]


def dense(query, key, value, segments, scale):
    times = query.shape[1] // key.shape[1]
    key, value = (one.repeat_interleave(times, dim=1) for one in (key, value))
    return F.scaled_dot_product_attention(query, key, value, attn_mask=packed_mask(segments), scale=scale)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", BY_NAME)
def test_a_backend_is_the_dense_mask(name, rows, shape, dtype, limit):
    segments = segments_of(ROWS[rows])
    given = drawn(segments, *SHAPES[shape], dtype)
    seed = torch.randn(given[0].shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    seed = seed * (segments != P)[:, None, :, None]
    out = BY_NAME[name].see(Rows(segments=segments)).attend(*given, scale=0.3, dropout=0.0).transpose(1, 2)
    found = [out * (segments != P)[:, None, :, None], *torch.autograd.grad(out, given, seed.to(dtype))]
    exact = [one.detach().double().requires_grad_() for one in given]
    plain = dense(*exact, segments, 0.3)
    expected = [plain * (segments != P)[:, None, :, None], *torch.autograd.grad(plain, exact, seed)]
    assert out.isfinite().all()
    for one, other in zip(found, expected, strict=True):
        apart = (one.detach().double() - other.detach()).norm()
        assert float(apart / other.detach().norm().clamp(min=1e-30)) < limit


@pytest.mark.parametrize("name", BY_NAME)
def test_gradients_by_differences(name):
    """No formula of ours: numbers against numbers."""
    segments = segments_of(ROWS["several pictures"])
    rows = BY_NAME[name].see(Rows(segments=segments))
    given = drawn(segments, 2, 1, 3, torch.float64)
    assert torch.autograd.gradcheck(lambda *now: rows.attend(*now, scale=0.5, dropout=0.0), given, atol=1e-6)


def test_each_parts_own_log_sum_exp_gives_wrong_gradients():
    """What the merged output and log-sum-exp are for: with its own, each part's gradients are those of its softmax."""

    def own(grad, query, key, value, out, lse, *further):
        again = REFERENCE.forward(query, key, value, *further)
        return REFERENCE.backward(grad, query, key, value, *again, *further)

    heads = Heads(queries=2, keys=2, width=8)
    settings = {"dtype": torch.float32, "device": torch.device("cpu")}
    said = why_not(varlen(Kernel(forward=REFERENCE.forward, backward=own)), heads, **settings)
    assert said is not None and "away from plain attention's" in said
    assert why_not(varlen(REFERENCE), heads, **settings) is None


@pytest.mark.parametrize("rows", ROWS)
def test_flex_leaves_the_same_tokens_out(rows):
    """The rule that its blocks are made of, asked of every two tokens; what is filled up sees itself alone."""
    segments = segments_of(ROWS[rows])
    blocks = blocks_of(segments)
    assert blocks.shape[-2:] == (128, 128)
    place = torch.arange(128)
    found = blocks.mask_mod(torch.arange(len(segments))[:, None, None], place, place[:, None], place[None, :])
    assert torch.equal(found, packed_mask(F.pad(segments, (0, 128 - segments.shape[1]), value=P))[:, 0])


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@torch.no_grad()
def test_flex_forward_is_the_dense_mask():
    from torch.nn.attention.flex_attention import flex_attention

    segments = segments_of([[(0, 100), (1, 28), (2, 64), (G, 40), (G + 1, 24)]])
    given = [one.detach() for one in drawn(segments, 2, 2, 16, torch.float32)]
    found = flex_attention(*given, block_mask=blocks_of(segments), scale=0.25)
    torch.testing.assert_close(found, dense(*given, segments, 0.25), atol=1e-5, rtol=0)


def test_flex_is_refused_on_a_cpu():
    with pytest.raises(LlavaPoseError, match=r"attention 'flex' has no backward pass on a CPU; use model\.packed"):
        FLEX.see(Rows(segments=segments_of(ROWS["alone"])))


@pytest.mark.parametrize("causal", [True, False])
def test_flash_is_called_as_torch_takes_it(causal):
    """On the meta device, which knows arguments and shapes and computes nothing; the numbers were not seen here."""
    half = {"device": "meta", "dtype": torch.bfloat16}
    query, key = torch.empty(10, 4, 64, **half), torch.empty(12, 2, 64, **half)
    ends = (torch.empty(3, dtype=torch.int32, device="meta") for _ in range(2))
    of_query, of_key = (Sequences(starts=one, longest=8) for one in ends)
    out, lse = FLASH.forward(query, key, key, of_query, of_key, causal, 0.125)
    assert out.shape == query.shape and lse.shape == (4, 10) and lse.dtype == torch.float32
    found = FLASH.backward(out, query, key, key, out, lse, of_query, of_key, causal, 0.125)
    assert [one.shape for one in found] == [query.shape, key.shape, key.shape]


def test_layout_of_rows():
    layout = layout_of(segments_of(ROWS["several pictures"]))
    assert layout.groups == (
        Group(row=0, start=0, cuts=(5, 9)),
        Group(row=0, start=9, cuts=(16, 18, 21)),
        Group(row=1, start=0, cuts=(6, 15)),
    )
    assert layout.groups[1].branches == ((16, 18), (18, 21)) and layout.groups[1].end == 21
    assert layout.spans(0) == [5, 4, 7, 2, 3] and layout.spans(1) == [6, 9, 6]


@pytest.mark.parametrize(
    "row",
    [[(1, 3)], [(0, 2), (P, 1), (G, 2)], [(0, 2), (1, 1), (0, 1)], [(0, 2), (G, 2), (1, 1)], [(0, 2), (G + 1, 1)]],
)
def test_what_is_not_packed_is_refused(row):
    with pytest.raises(ValueError, match="row 0: segment"):
        layout_of(segments_of([row]))


@pytest.mark.parametrize("name", ["flex", "varlen"])
def test_dropout_is_refused_where_a_kernel_has_none(name):
    segments = segments_of(ROWS["alone"])
    query = torch.zeros(2, 1, 12, 8)
    rows = varlen(REFERENCE).see(Rows(segments=segments)) if name == "varlen" else None
    if rows is None:
        from llavapose.model.attention.flex import FlexRows

        rows = FlexRows(blocks=blocks_of(segments))
    with pytest.raises(LlavaPoseError, match=f"attention '{name}' has no dropout"):
        rows.attend(query, query, query, scale=1.0, dropout=0.1)


def test_what_is_tried():
    assert [one.name for one in to_try("auto", device="cpu", eager=False)] == ["branches", "dense"]
    assert [one.name for one in to_try("auto", device="cuda", eager=False)] == ["varlen", "flex", "dense"]
    assert [one.name for one in to_try("auto", device="cuda", eager=True)] == ["dense"]
    assert [one.name for one in to_try("auto", device="mps", eager=False)] == ["dense"]
    assert to_try("flex", device="cpu", eager=False) == (BACKENDS["flex"],)


def choose(*backends, agree=lambda ok: ok, lines=None):
    return first_that_runs(
        backends, Heads(queries=2, keys=1, width=8), dtype=torch.float32, device=torch.device("cpu"),
        agree=agree, say=(lines if lines is not None else []).append,
    )  # fmt: skip


def test_the_first_that_runs_is_taken_and_the_others_are_told():
    def breaks(segments):
        raise RuntimeError("no kernel image\nfurther lines")

    lines: list[str] = []
    wrong = Backend(name="wrong", see=lambda rows: BRANCHES.see(Rows(segments=torch.zeros_like(rows.segments))))
    broken = Backend(name="broken", see=breaks)
    assert choose(broken, wrong, FLEX, BRANCHES, DENSE, lines=lines) == (BRANCHES, DENSE)
    assert lines[0] == "packed attention: not broken: RuntimeError: no kernel image"
    assert "not wrong: its numbers are" in lines[1] and "not flex: attention 'flex' has no backward" in lines[2]
    with pytest.raises(LlavaPoseError, match=r"model\.packed_attention=broken does not run here: RuntimeError: no"):
        choose(broken)


def test_ranks_agree():
    answers = iter([False, True])
    lines: list[str] = []
    assert choose(BRANCHES, DENSE, agree=lambda ok: next(answers), lines=lines) == (DENSE,)
    assert lines == ["packed attention: not branches: another rank cannot run it"]


def test_flash_is_not_there_on_a_cpu():
    said = why_not(
        BACKENDS["varlen"], Heads(queries=2, keys=2, width=8), dtype=torch.bfloat16, device=torch.device("cpu")
    )
    assert said is not None and "\n" not in said


@pytest.mark.parametrize("narrow", [{"sliding_window": 4}, {"softcap": 30.0}])
def test_layers_that_see_less_are_refused_with_what_to_do(narrow):
    given = drawn(segments_of(ROWS["alone"]), 2, 2, 8, torch.float32)
    called = ALL_ATTENTION_FUNCTIONS[NAME]
    packed = BRANCHES.see(Rows(segments=segments_of(ROWS["alone"])))
    assert called(torch.nn.Module(), *given, None, packed=packed)[0].isfinite().all()
    with pytest.raises(
        LlavaPoseError, match=r"^model\.packed_attention: the base's layers have .* use another base\b[^\n]*$"
    ):
        called(torch.nn.Module(), *given, None, packed=packed, **narrow)
