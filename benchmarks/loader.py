"""Samples a second from the loader, beside what a GPU needs, and whether its workers' memory stays as it is.

    python -m benchmarks.loader                          # beside 2.31 samples/s, LLaVA's own rate on an A100
    python -m benchmarks.loader --needs 8 --workers 4 --samples 20000

Streams packed batches of synthetic samples about pictures of 640 x 480, padded and resized to 336 pixels as the 7B has
them, and trains nothing. Memory is what a process has written for itself; pages of the index, which the kernel shares
and may drop, are none of it. Ends with 1 if this machine's cores are slower than the GPU, or if a worker's memory grows
by more than 32 MB between the first tenth and the end.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.start import write_samples
from llavapose.base.tokenizer import make_processor
from llavapose.config.schema import DataConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.kinds import KINDS
from llavapose.model.pretrained import load_processor

ROOT = Path(__file__).parents[1]
LLAVA_RATE = 2.31
"""Samples a second and GPU: LLaVA-1.5-7B's 665,000 in 10 hours on 8 A100 (Liu et al., 2024)."""
MOST_GROWTH_MB = 32


def own_mb(process: int) -> float:
    """Memory that a process has written for itself; of Linux."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def workers_of(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def module(folder: Path, workers: int, batch_size: int) -> PoseDataModule:
    tiny = load_processor("tiny", chat_template=CHAT_TEMPLATE)
    return PoseDataModule(
        samples=folder / "samples.jsonl",
        images=folder / "images",
        # The pictures' side as of the 7B; the words' tokenizer takes no part in what is measured.
        processor=make_processor(tiny.tokenizer, image_size=336, patch_size=14),
        config=DataConfig(
            name="loader", kinds=dict.fromkeys(KINDS, 1.0), max_length=2048, num_val=0, num_workers=workers,
            max_branches_per_image=1,
        ),
        batch_size=batch_size,
        index=folder / "index",
    )  # fmt: skip


def measure(data: PoseDataModule) -> tuple[float, list[float], list[float]]:
    """Samples a second over an epoch; the workers' memory after a tenth of it and at its end, in MB."""
    loader, seen, first, early, late = data.train_dataloader(), 0, 0.0, [0.0], [0.0]
    num = len(loader)
    for at, batch in enumerate(loader):
        seen += batch.num_samples if at else 0
        first = first or time.monotonic()
        if at in (num // 10, num - 1 - 2 * max(1, data.config.num_workers)):
            measured = [own_mb(one) for one in workers_of(os.getpid()) or [os.getpid()]]
            early, late = (measured, measured) if at == num // 10 else (early, measured)
    return seen / (time.monotonic() - first), early, late


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=int, default=4_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--needs", type=float, default=LLAVA_RATE, help="samples a second that a GPU takes")
    given = parser.parse_args()
    folder = ROOT / "outputs" / "benchmarks" / "loader" / str(given.samples)
    if not (folder / "samples.jsonl").exists():
        write_samples(folder, given.samples, size=(640, 480))
    wrong = []
    print(f"{given.samples:,} samples; a GPU takes {given.needs:g} samples/s\n")
    print("| workers | samples/s | for each worker | of what a GPU takes | MB a worker, after a tenth | at the end |")
    print("|---|---|---|---|---|---|")
    for workers in given.workers:
        rate, early, late = measure(module(folder, workers, given.batch_size))
        each = rate / max(1, workers)
        cells = [f"{rate:.1f}", f"{each:.1f}", f"{rate / given.needs:.1f}x", f"{max(early):.0f}", f"{max(late):.0f}"]
        print(f"| {workers} | {' | '.join(cells)} |", flush=True)
        if workers and max(late) - max(early) > MOST_GROWTH_MB:
            wrong.append(f"{workers} workers grow from {max(early):.0f} to {max(late):.0f} MB each")
        if each * max(1, os.cpu_count() or 1) < given.needs:
            wrong.append(f"{each:.1f} samples/s a worker; a GPU takes {given.needs:g}: it would wait on this machine")
    for line in wrong:
        print(f"error: {line}; expected at most {MOST_GROWTH_MB} MB more, and as fast as the GPU", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
