"""The client against a server that misbehaves for a fifth of its requests: what is kept, and whose sums are right."""

import time
from dataclasses import dataclass
from pathlib import Path

from llavapose.errors import LlavaPoseError
from llavapose.llm.counts import State
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.wire.body import body_of
from llavapose.llm.wire.gate import prose
from tests.llm.asking import ask, config, requests
from tests.llm.misbehaving import Misbehaviour, Server, Usage, body_hash

PRICE_IN, PRICE_OUT = 2.5, 10.0
SHARE = 0.2
# Long enough for a busy machine, short for those that are waited out.
TIMEOUT_S, WAITED_OUT, WAITED_OUT_S = 20.0, ("slow_drip", "stalls_mid_body"), 1.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came of one misbehaviour.

    Attributes:
        asked, misbehaved: requests that the server saw, and those that it answered badly.
        good: requests for which it gave a good reply, however strangely.
        kept: of these, those whose text lies in the ledger as it was sent, less signs that no ledger takes.
        twice: good replies beyond the first of a request.
        strange: replies in the ledger that the server never gave as good ones.
        charged_usd: what the server charges.
        certain_usd, doubtful_usd: what the ledger says: by the endpoint's counts, and at most besides.
        stopped: why runs ended early, each once.
        errors: what was raised, which should be nothing.
    """

    name: str
    asked: int
    misbehaved: int
    good: int
    kept: int
    twice: int
    strange: int
    charged_usd: float
    certain_usd: float
    doubtful_usd: float
    stopped: tuple[str, ...]
    errors: tuple[str, ...]
    seconds: float

    @property
    def counted_usd(self) -> float:
        """What counts towards the cap."""
        return self.certain_usd + self.doubtful_usd


def measure(misbehaviour: Misbehaviour, folder: Path, *, number: int = 60, max_runs: int = 30) -> Measured:
    """Ask so many requests, run by run while something stops them, and compare the ledger with the server's log."""
    asked = list(requests(number))
    start, stopped, errors = time.monotonic(), [], []
    path = folder / f"{misbehaviour.name}.sqlite"
    with Server(misbehaviour, share=SHARE, reply=lambda body: f"Reply to {body['messages'][-1]['content']}.") as server:
        timeout_s = WAITED_OUT_S if misbehaviour.name in WAITED_OUT else TIMEOUT_S
        limits = config(
            base_url=server.base_url, price_in=PRICE_IN, price_out=PRICE_OUT, timeout_s=timeout_s, max_tries=4,
            max_concurrency=16, takes_seed=False,
        )  # fmt: skip
        for _ in range(max_runs):
            try:
                tally = ask(asked, path, limits)
            except LlavaPoseError as error:
                errors.append(str(error))
                break
            if tally.state == State.done:
                break
            stopped.append(str(tally.stopped))
    log = server.log
    good: dict[str, list[str]] = {}
    for one in log:
        if not one.misbehaved or misbehaviour.counts_as_good:
            good.setdefault(one.body_hash, []).append(prose(one.text))
    charged = sum(one.prompt_tokens * PRICE_IN + one.completion_tokens * PRICE_OUT for one in log) / 1e6
    with Ledger(path) as ledger:
        found = {
            body_hash(body_of(one, takes_seed=False)): reply.completion.text
            for one in asked
            # A reply without words, or one that says that it was cut off, is told apart by whoever reads it.
            if (reply := ledger.reply(one.key)) is not None
            and reply.completion.text
            and reply.completion.finish == "stop"
        }
        doubtful = ledger.doubtful_usd()
        certain = ledger.spent_usd() - doubtful
    kept = sum(found.get(key) == texts[0] for key, texts in good.items())
    return Measured(
        name=misbehaviour.name,
        asked=len(log),
        misbehaved=sum(one.misbehaved for one in log),
        good=len(good),
        kept=kept,
        twice=sum(len(texts) - 1 for texts in good.values()),
        strange=len(found) - kept,
        charged_usd=charged,
        certain_usd=certain,
        doubtful_usd=doubtful,
        stopped=tuple(dict.fromkeys(stopped)),
        errors=tuple(errors),
        seconds=time.monotonic() - start,
    )


def exact(misbehaviour: Misbehaviour) -> bool:
    """Whether the client can know all that is charged."""
    return misbehaviour.usage != Usage.MISSING
