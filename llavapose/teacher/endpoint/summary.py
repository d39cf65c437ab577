"""What an endpoint's run came to, in numbers that add up."""

from dataclasses import dataclass

from llavapose.llm.counts import State
from llavapose.teacher.dataset.card import Checked


@dataclass(frozen=True, kw_only=True)
class EndpointSummary:
    """What an assignment came to.

    Attributes:
        path: the file of samples.
        counts, wanted: samples by kind, made and asked for.
        requests: kind -> how every request ended: "kept", "rejected: ...", "failed: ...", "open".
        num_scenes: pictures with at least one sample.
        num_set_aside: slots that no reply could be kept for.
        before: what was found in the replies to first requests, before anything was rejected or repaired.
        after: what was found in the samples.
        left_out: reason -> pairs of kept replies that could not be used.
        models: the served models' own names -> replies.
        prompts: "kind, context" -> SHA-256 of the prompt.
        num_replies, prompt_tokens, completion_tokens: of the whole ledger.
        usd: what the ledger has cost so far, doubtful money included.
        state: how the asking ended.
        stopped: what ended it early, in words; None where it is done.
        goes_on_with: the setting with which the same command goes on, where it ran away.
        notes: one line each.
        seconds: wall time of this run.
    """

    path: str
    counts: dict[str, int]
    wanted: dict[str, int]
    requests: dict[str, dict[str, int]]
    num_scenes: int
    num_set_aside: int
    before: Checked
    after: Checked
    left_out: dict[str, int]
    models: dict[str, int]
    prompts: dict[str, str]
    num_replies: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    state: State
    stopped: str | None
    goes_on_with: str | None
    notes: tuple[str, ...]
    seconds: float

    def lines(self) -> list[str]:
        """The summary as lines to print."""
        made = ", ".join(f"{self.counts[kind]:,} of {number:,} {kind}" for kind, number in self.wanted.items())
        ends = [
            f"requests, {kind}: " + ", ".join(f"{number:,} {end}" for end, number in sorted(of_kind.items()))
            for kind, of_kind in self.requests.items()
            if of_kind
        ]
        left_out = ", ".join(f"{number:,} {reason}" for reason, number in sorted(self.left_out.items()))
        return [
            f"{sum(self.counts.values()):,} samples of {self.num_scenes:,} pictures in {self.seconds:.1f} s: {made}",
            *ends,
            f"first replies: {_told(self.before)}",
            f"samples: {_told(self.after)}",
            *([f"pairs left out of replies that were kept: {left_out}"] if left_out else []),
            f"{self.num_set_aside:,} requests set aside; ${self.usd:,.2f} so far; "
            f"models: {', '.join(self.models) or 'none answered'}",
            *self.notes,
            f"samples: {self.path}",
        ]


def _told(checked: Checked) -> str:
    faults = f"{checked.with_leak:,} with a leak, {checked.with_contradiction:,} with a contradiction"
    claims = f"{checked.supported:,} supported, {checked.contradicted:,} contradicted"
    whole = f"{checked.conversations:,} conversations, {faults}; pose claims: {claims}"
    return f"{whole}, {checked.unverifiable:,} unverifiable"
