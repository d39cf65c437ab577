"""What a plan of the papers' set comes to: padding, waiting, pictures read twice, and each kind's share of the loss.

    python -m benchmarks.padding [--ranks 2] [--accumulate 2] [--batch-size 8]

Lengths are drawn after the published counts (``llavapose/data/plan/published.py``). Exits non-zero where
``paper_7b_fast`` goes beyond its limits: 5% of padding, 3% that the slowest rank takes longer, 5 CPU seconds.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from llavapose.config.choices import LossMean, Packing, Sampler
from llavapose.data.plan.epoch import EpochPlan, arranged, plan_epoch
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.published import published_lengths
from llavapose.data.plan.tally import Tally, loss_shares, tally

PADDING, WAITING, CPU_S = 0.05, 0.03, 5.0
SHORTER = {"conv": 0.6}
"""Five pairs of 200 tokens, of which the questions take their part: 24 tokens an answer instead of 40."""


def recipes(how: PlanSettings) -> dict[str, PlanSettings]:
    """The two recipes, the fast one with bounds on a picture's samples, and two plans to hold them against."""
    shared = replace(how, sampler=Sampler.shared, row_tokens=2048)
    return {
        "paper_7b": replace(how, sampler=Sampler.llava, packing=Packing.none, loss=LossMean.micro_batch),
        "paper_7b_fast": (fast := replace(how, sampler=Sampler.balanced, row_tokens=4096)),
        "fast, 4 a picture": replace(fast, max_branches=4),
        "fast, 2 a picture": replace(fast, max_branches=2),
        "shared": shared,
        "shared, 1 a row": replace(shared, max_branches=1),
    }


def sorted_by_length(lengths: Lengths, how: PlanSettings) -> Iterator[list[list[list[int]]]]:
    """LLaVA's steps, each sorted by length before it is cut into micro-batches: what its loss does not allow."""
    order = plan_epoch(lengths, how).samples
    whole = order[: len(order) - len(order) % how.global_batch].reshape(-1, how.global_batch)
    for step in whole:
        longest_first = step[np.argsort(-lengths.num_tokens[step], kind="stable")].tolist()
        for start in range(0, how.global_batch, how.batch_size):
            yield [[[index]] for index in longest_first[start : start + how.batch_size]]


def line(name: str, found: Tally, plan: EpochPlan, lengths: Lengths, cpu_s: float) -> str:
    twice = (len(plan.groups) - 1) / lengths.num_pictures
    return (
        f"{name:<16} {found.num_steps:>6,} {found.num_tokens / 1e6:>8.1f} {found.padding:>8.1%} "
        f"{found.wait_mean:>8.1%} {found.wait_p95:>6.1%} {twice:>8.2f} "
        f"{found.longest_row:>7,} {found.most_rows:>5} {cpu_s:>6.1f}  {plan.fingerprint[:12]}"
    )


def main() -> int:
    """Print both tables; 1 where the fast recipe goes beyond a limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--accumulate", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=8)
    given = parser.parse_args()
    how = PlanSettings(
        batch_size=given.batch_size,
        accumulate=given.accumulate,
        num_ranks=given.ranks,
        seed=0,
        prefix_tokens=611,
        text_prefix_tokens=35,
    )
    lengths, _ = published_lengths()
    print(f"{len(lengths):,} samples of {lengths.num_pictures:,} pictures, {how.global_batch} a step")
    print(f"{'':<16}  steps  M tokens padding  waiting   p95 pictures longest  rows  CPU s  fingerprint")
    beyond = []
    for name, settings in recipes(how).items():
        started = time.process_time()
        plan = plan_epoch(lengths, settings)
        cpu_s = time.process_time() - started
        found = tally(plan, lengths, settings)
        print(line(name, found, plan, lengths, cpu_s), flush=True)
        if name == "paper_7b_fast":
            limits = {
                "padding": (found.padding, PADDING),
                "waiting": (found.wait_mean, WAITING),
                "CPU s": (cpu_s, CPU_S),
            }
            beyond = [f"{key} {value:.3g} beyond {limit:g}" for key, (value, limit) in limits.items() if value > limit]
    print("waiting: what the slowest rank takes longer than their mean; pictures: how often each is read")
    print("\nshare of the loss, and where an answer of a conversation has 24 tokens instead of 40")
    for longer in ({}, SHORTER):
        lengths, kinds = published_lengths(longer=longer)
        chosen = recipes(how)
        for name in ("paper_7b", "paper_7b_fast"):
            shares = loss_shares(plan_epoch(lengths, chosen[name]), lengths, kinds, chosen[name])
            print(f"{name:<28}", ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
        paper = chosen["paper_7b"]
        shares = loss_shares(arranged(sorted_by_length(lengths, paper), lengths, paper), lengths, kinds, paper)
        print(f"{'paper_7b sorted by length':<28}", ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
    print(f"paper_7b_fast: {'; '.join(beyond) or 'within its limits'}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
