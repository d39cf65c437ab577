"""What the client makes of a server that misbehaves in forty ways, a fifth of its replies each.

    python -m benchmarks.misbehaviours

A row a misbehaviour: good replies that the server gave and that the ledger holds, what the server charges beside what
the ledger counts, for certain and at most besides, and the line in which a run ended early. A minute on one core.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from llavapose.llm.live import workers
from tests.llm.hostile import exact, measure
from tests.llm.misbehaving import MISBEHAVIOURS

NUM_REQUESTS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=NUM_REQUESTS, help="requests a misbehaviour")
    number = parser.parse_args().number
    workers.BACKOFF_S = 0.02
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda one: measure(one, Path(folder), number=number), MISBEHAVIOURS))
    print("| misbehaviour | usage | good kept | charged $ | certain $ | at most more $ | ends early |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for one, row in zip(MISBEHAVIOURS, rows, strict=True):
        money = f"{row.charged_usd:.6f} | {row.certain_usd:.6f} | {row.doubtful_usd:.6f}"
        ends = "; ".join([*row.stopped, *row.errors]) or "-"
        print(f"| {row.name} | {one.usage.value} | {row.kept} of {row.good} | {money} | {ends} |")
    known = [row for one, row in zip(MISBEHAVIOURS, rows, strict=True) if exact(one)]
    true = sum(abs(row.certain_usd - row.charged_usd) < 1e-9 for row in known)
    under = sum(row.counted_usd < row.charged_usd - 1e-9 for row in rows)
    print(
        f"\n{sum(row.kept for row in rows):,} of {sum(row.good for row in rows):,} good replies kept, "
        f"{sum(row.twice for row in rows)} paid twice, {sum(row.strange for row in rows)} kept that were none; "
        f"money exact in {true} of {len(known)} where the server says what it charges, "
        f"too little in {under} of {len(rows)}"
    )


if __name__ == "__main__":
    main()
