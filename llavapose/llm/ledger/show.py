"""What a ledger of paid replies holds, and how money in doubt is settled.

    python -m llavapose ledger LEDGER                     what it holds, and what is in doubt
    python -m llavapose ledger LEDGER --doubtful 1.84     the endpoint's bill says that it was so much
    python -m llavapose ledger LEDGER --doubtful 0        the bill knows nothing of it

Money is in doubt where a request went out and no reply came: a timeout, a broken connection, a process killed.
Until it is settled the most that it may have cost counts towards every cap.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from llavapose.errors import DataError, LlavaPoseError
from llavapose.llm.ledger.ledger import Doubt, Ledger

_SQLITE = b"SQLite format 3\0"


def main() -> int:
    """Print what a ledger holds, or settle its doubtful money; 1 with one line on stderr if that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m llavapose ledger", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ledger", type=Path, help="a file of `ledgers/`")
    parser.add_argument(
        "--doubtful", type=float, default=None, metavar="USD",
        help="what the endpoint's bill says that the sendings without a reply cost in all; 0: nothing",
    )  # fmt: skip
    given = parser.parse_args()
    try:
        if not given.ledger.is_file():
            raise DataError(f"ledger {given.ledger}: no such file; expected one of `ledgers/`, check the path")
        with given.ledger.open("rb") as stream:
            if stream.read(len(_SQLITE)) != _SQLITE:  # opened, an empty file would become a ledger
                raise DataError(f"ledger {given.ledger} is no ledger; expected a file of `ledgers/`")
        if given.doubtful is not None and not (math.isfinite(given.doubtful) and given.doubtful >= 0):
            raise LlavaPoseError(f"--doubtful is {given.doubtful}; expected US dollars, 0 or more")
        with Ledger(given.ledger) as ledger:
            doubt = ledger.doubt()
            if given.doubtful is not None:
                print("\n".join(_settled(ledger, doubt, given.doubtful)))
            else:
                print("\n".join(_lines(ledger, doubt, given.ledger)))
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _lines(ledger: Ledger, doubt: Doubt, path: Path) -> Iterator[str]:
    num_in, num_out = ledger.num_tokens()
    charged = ledger.charged_usd()
    replies = ledger.spent_usd() - charged - doubt.usd
    yield f"replies:   {ledger.num_replies():,} for ${replies:,.4f}, {num_in:,} tokens in, {num_out:,} out"
    for tag, number in ledger.tags().items():
        yield f"           {number:,} {tag or 'without a tag'}"
    yield f"charged:   ${charged:,.4f} for replies that could not be used, and as settled before"
    yield f"in doubt:  {doubt.num:,} sendings without a reply, at most ${doubt.usd:,.4f}{_when(doubt)}"
    if doubt.num:
        yield "           Look this time up in the endpoint's own account of what was used. The sum that it shows, less"
        yield "           what the replies of that time cost, is what these sendings cost; then settle them:"
        yield f"           python -m llavapose ledger {path} --doubtful USD"


def _settled(ledger: Ledger, doubt: Doubt, usd: float) -> Iterator[str]:
    if not doubt.num:
        raise LlavaPoseError(f"ledger {ledger.path}: no money is in doubt; nothing to settle")
    # More than the most is a slip of the pen, or a bill for something else.
    if usd > doubt.usd + 0.005:
        raise LlavaPoseError(
            f"--doubtful is {usd:g}, and the {doubt.num:,} sendings in doubt cost ${doubt.usd:,.4f} at most; "
            "take what the replies cost from the bill first"
        )
    ledger.settle_doubt(usd)
    yield f"settled:   {doubt.num:,} sendings at ${usd:,.4f} instead of at most ${doubt.usd:,.4f}{_when(doubt)}"


def _when(doubt: Doubt) -> str:
    if not doubt.first_at:
        return ""
    first, last = (time.strftime("%Y-%m-%d %H:%M", time.gmtime(at)) for at in (doubt.first_at, doubt.last_at))
    return f", {first} to {last} UTC" if first != last else f", {first} UTC"


if __name__ == "__main__":
    sys.exit(main())
