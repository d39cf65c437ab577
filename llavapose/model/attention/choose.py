"""Which backend runs: what may be tried, in which order, and whether a kernel is there at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.flash import FLASH
from llavapose.model.attention.flex import FLEX
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.mask import DENSE, OWN, packed_mask
from llavapose.model.attention.rules import CAUSAL, Rows, Rules
from llavapose.model.attention.varlen import varlen
from llavapose.model.batch import GROUP, PADDING
from llavapose.model.parts import language_of

AUTO = "auto"

BACKENDS = {one.name: one for one in (DENSE, BRANCHES, FLEX, varlen(FLASH))}


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The shape of a language model's attention.

    Attributes:
        queries: heads of queries.
        keys: heads of keys and values, each for as many heads of queries.
        width: of a head.
    """

    queries: int
    keys: int
    width: int


def heads_of(model: PreTrainedModel) -> Heads:
    """The heads of a model's language part."""
    text: Any = language_of(model).config
    queries = int(text.num_attention_heads)
    keys = getattr(text, "num_key_value_heads", None) or queries
    return Heads(queries=queries, keys=keys, width=getattr(text, "head_dim", None) or text.hidden_size // queries)


def to_try(setting: str, *, device: str, eager: bool, rules: Rules = CAUSAL, packs: bool = True) -> tuple[Backend, ...]:
    """The backends that a setting allows, the best first; ``auto`` ends with the dense mask, which runs everywhere.

    On a CPU the order is what ``python -m benchmarks.attention`` measured; on a GPU it is what the kernels leave out.

    Args:
        setting: a backend's name, or ``auto``.
        device: "cpu", "cuda" or another.
        eager: the language model adds a mask to all its scores: only a mask says anything to it.
        rules: who sees whom in the base.
        packs: rows hold more than one sample.

    Raises:
        ConfigError: the base cannot be packed, or the setting's backend does not serve its rules.
    """
    if packs:
        refuse_blind(rules)
    if setting != AUTO and BACKENDS[setting].causal and not rules.causal:
        raise ConfigError(
            f"model.packed_attention={setting} serves layers that see all that is earlier alone; of this base "
            f"{rules.told()}; use model.packed_attention=auto or dense"
        )
    if not packs and not rules.causal:
        return (OWN,)
    if setting != AUTO:
        return (BACKENDS[setting],)
    if eager or not rules.causal:
        return (DENSE,)
    names = {"cpu": ("branches", "dense"), "cuda": ("varlen", "flex", "dense")}.get(device, ("dense",))
    return tuple(BACKENDS[name] for name in names)


def refuse_blind(rules: Rules) -> None:
    """See that a mask reaches every layer of a base, before its rows hold several samples.

    Raises:
        ConfigError: some layers look at none; says which.
    """
    if rules.blind:
        raise ConfigError(
            f"data.packing: this base cannot be packed: {rules.blind_told()}; every sample would read those before it "
            "in its row; set data.packing=none"
        )


def first_that_runs(
    backends: Sequence[Backend],
    heads: Heads,
    *,
    dtype: torch.dtype,
    device: torch.device,
    agree: Callable[[bool], bool],
    say: Callable[[str], None],
) -> tuple[Backend, ...]:
    """The backends from the first on whose kernels run here and compute what they should.

    Args:
        backends: the best first.
        heads: of the model.
        dtype: that its attention computes in.
        device: that it computes on.
        agree: whether every rank says yes; called equally often on all.
        say: where a backend that is passed over is told.

    Raises:
        LlavaPoseError: none runs; the only one, or the last of several.
    """
    for place, backend in enumerate(backends):
        fault = why_not(backend, heads, dtype=dtype, device=device)
        if agree(fault is None):
            return tuple(backends[place:])
        fault = fault or "another rank cannot run it"
        if place + 1 == len(backends):
            raise LlavaPoseError(
                f"model.packed_attention={backend.name} does not run here: {fault}; "
                "use model.packed_attention=auto or dense"
            )
        say(f"packed attention: not {backend.name}: {fault}")
    raise LlavaPoseError("model.packed_attention: no backend to choose from")


def why_not(backend: Backend, heads: Heads, *, dtype: torch.dtype, device: torch.device) -> str | None:
    """Why a backend's kernels are of no use; None where a small row comes out right, forward and backward."""
    # A prefix with two branches, one without, and padding.
    lengths = ((0, 150), (1, 40), (2, 30), (GROUP, 20), (PADDING, 16))
    segments = torch.cat([torch.full((length,), value) for value, length in lengths])[None].to(device)
    drawn = torch.Generator().manual_seed(0)
    shapes = [(1, count, segments.shape[1], heads.width) for count in (heads.queries, heads.keys, heads.keys)]
    query, key, value = (
        torch.randn(shape, generator=drawn, dtype=torch.float32).to(device, dtype).requires_grad_() for shape in shapes
    )
    # Nothing reads padding, and nothing goes back from there.
    seed = (
        torch.randn(shapes[0], generator=drawn, dtype=torch.float32).to(device, dtype)
        * (segments != PADDING)[:, None, :, None]
    )
    scale = heads.width**-0.5
    try:
        seen = backend.see(Rows(segments=segments))
        if isinstance(seen, Tensor | dict):
            return None  # a mask is SDPA's own matter
        out = seen.attend(query, key, value, scale=scale, dropout=0.0).transpose(1, 2)
        found = [out, *torch.autograd.grad(out, (query, key, value), seed)]
    except torch.OutOfMemoryError:
        raise
    except LlavaPoseError as error:
        return str(error)
    except Exception as error:  # whatever a compiler, a driver or a kernel says
        said = str(error).strip().splitlines() or ["no reason given"]
        return f"{type(error).__name__}: {said[0]}"
    exact = [one.detach().float().requires_grad_() for one in (query, key, value)]
    plain = _plain(exact[0], exact[1], exact[2], packed_mask(segments), scale)
    expected = [plain, *torch.autograd.grad(plain, exact, seed.float())]
    real = segments[0] != PADDING
    apart = max(
        float((one.detach()[:, :, real].float() - other.detach()[:, :, real]).norm() / other.detach().norm())
        for one, other in zip(found, expected, strict=True)
    )
    # Half precision rounds to 1 part in 256; TensorFloat32, in which a GPU may multiply, to 1 in 1,024.
    limit = 1e-4 if dtype is torch.float32 and device.type == "cpu" else 2e-2
    return None if apart <= limit else f"its numbers are {apart:.2g} of their size away from plain attention's"


def _plain(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float) -> Tensor:
    times = query.shape[1] // key.shape[1]
    key, value = (one.repeat_interleave(times, dim=1) for one in (key, value))
    scores = (query @ key.transpose(2, 3)) * scale
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) @ value
