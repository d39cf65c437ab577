"""What keeping branches apart costs: self-attention of packed rows, forward and backward, by every backend.

Rows have the papers' shape: prefixes of 611 tokens (35 of text, 576 of the picture), behind each a conversation of 63
tokens, a description of 505 and a line of reasoning of 460. On a CPU one thread computes, the backends in turn, and the
best of the rounds counts; on a GPU CUDA's events. ``python -m benchmarks.attention`` prints the table.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from llavapose.model.attention.choose import BACKENDS, Heads, why_not
from llavapose.model.attention.rules import Rows
from llavapose.model.batch import GROUP, PADDING

PREFIX, BRANCHES = 611, (63, 505, 460)
LENGTHS = (256, 2048, 3072, 4096)
"""Tokens of a row; the first is about what the tiny model's rows have."""


@dataclass(frozen=True, kw_only=True)
class Time:
    """Forward and backward of one layer's attention.

    Attributes:
        backend: its name.
        tokens: of the row.
        seconds: the fastest round.
        memory: bytes at the peak, on a GPU.
    """

    backend: str
    tokens: int
    seconds: float
    memory: int | None = None


def row_of(tokens: int) -> Tensor:
    """Segments int64[1, T]: picture after picture with its branches, and padding where no further branch fits."""
    scale = min(1.0, tokens / 2048)  # short rows keep the shares of prefix and branches
    found: list[Tensor] = []
    group, room = 0, tokens
    while room >= round(scale * (PREFIX + BRANCHES[0])):
        for number, length in enumerate((PREFIX, *BRANCHES)):
            length = round(scale * length)
            if length <= room:
                found.append(torch.full((length,), group * GROUP + number))
                room -= length
        group += 1
    return torch.cat([*found, torch.full((room,), PADDING)])[None]


def times(names: list[str], tokens: int, heads: Heads, dtype: torch.dtype, device: torch.device) -> list[Time]:
    """Every backend on the same row, in turn."""
    segments = row_of(tokens).to(device)
    shapes = [(1, count, tokens, heads.width) for count in (heads.queries, heads.keys, heads.keys)]
    given = [torch.randn(shape, dtype=dtype, device=device, requires_grad=True) for shape in shapes]
    seed = torch.randn(shapes[0], dtype=dtype, device=device)
    runs = {name: _run(name, segments, given, seed, heads) for name in names}
    best = dict.fromkeys(names, float("inf"))
    memory: dict[str, int | None] = dict.fromkeys(names)
    for _ in range(10 if device.type == "cuda" else 3):
        for name, run in runs.items():
            seconds, peak = _timed(run, device)
            best[name] = min(best[name], seconds)
            memory[name] = peak
    return [Time(backend=name, tokens=tokens, seconds=best[name], memory=memory[name]) for name in names]


def _run(name: str, segments: Tensor, given: list[Tensor], seed: Tensor, heads: Heads) -> Callable[[], None]:
    seen = BACKENDS[name].see(Rows(segments=segments))  # once a batch, and so not counted
    scale = heads.width**-0.5

    def run() -> None:
        query, key, value = given
        if isinstance(seen, Tensor):
            times = heads.queries // heads.keys
            key, value = (one.repeat_interleave(times, dim=1) for one in (key, value))
            out = F.scaled_dot_product_attention(query, key, value, attn_mask=seen, scale=scale)
        else:
            out = seen.attend(query, key, value, scale=scale, dropout=0.0).transpose(1, 2)
        torch.autograd.grad(out, given, seed)

    return run


def _timed(run: Callable[[], None], device: torch.device) -> tuple[float, int | None]:
    if device.type != "cuda":
        start = time.process_time()
        run()
        return time.process_time() - start, None
    torch.cuda.reset_peak_memory_stats()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000, torch.cuda.max_memory_allocated()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--heads", type=int, default=0, help="of queries; default 4 on a CPU, 32 on a GPU")
    parser.add_argument("--kv-heads", type=int, default=0, help="of keys; default as many")
    parser.add_argument("--head-dim", type=int, default=0, help="default 64 on a CPU, 128 on a GPU")
    arguments = parser.parse_args()
    gpu = torch.cuda.is_available()
    device, dtype = torch.device("cuda" if gpu else "cpu"), torch.bfloat16 if gpu else torch.float32
    torch.set_num_threads(1)
    queries = arguments.heads or (32 if gpu else 4)
    width = arguments.head_dim or (128 if gpu else 64)
    heads = Heads(queries=queries, keys=arguments.kv_heads or queries, width=width)
    names = ["dense", "branches", *(["flex", "varlen"] if gpu else [])]
    for name in list(names):
        if fault := why_not(BACKENDS[name], heads, dtype=dtype, device=device):
            print(f"{name}: not measured: {fault}")
            names.remove(name)
    where = torch.cuda.get_device_name() if gpu else "a CPU, one thread"
    print(f"{where}; {heads.queries} heads of {heads.width}, {str(dtype).removeprefix('torch.')}; forward and backward")
    print("| tokens | pictures |", " | ".join(f"{name}, ms" for name in names), "| dense / fastest |")
    print("|---|---|" + "---|" * (len(names) + 1))
    for tokens in LENGTHS:
        found = times(names, tokens, heads, dtype, device)
        pictures = len({segment // GROUP for segment in row_of(tokens)[0].tolist() if segment >= 0})
        cells = [f"{one.seconds * 1000:.{2 if one.seconds < 0.01 else 0}f}" for one in found]
        ratio = found[0].seconds / min(one.seconds for one in found)
        print(f"| {tokens:,} | {pictures} |", " | ".join(cells), f"| {ratio:.1f} |")
        if gpu:
            print(f"| peak, MiB | | {' | '.join(f'{(one.memory or 0) / 2**20:.0f}' for one in found)} | |")


if __name__ == "__main__":
    main()
