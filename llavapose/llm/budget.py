"""Tokens and money: what a request may cost at most, what is under way, and the cap that neither passes.

Tokens are estimated from the text, without a tokenizer; the estimate is raised when an endpoint counts more. Its counts
are taken where they can be true. Where it gives none, or one that the texts' length rules out, too small or absurdly
large, a reply costs the most that it may have cost.
"""

import math

from llavapose.errors import ConfigError
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.failures import Billed
from llavapose.llm.tokens import fewest_prompt_tokens, fewest_tokens, num_prompt_tokens, num_tokens
from llavapose.llm.wire.body import MARK_TOKENS

# Vocabularies differ by less. What is counted beyond is added to each prompt and not multiplied: a template's words.
MAX_FACTOR = 4.0
"""An estimate of a prompt is raised to this many times itself at most."""

ABSURD = 100
"""Counts that many times what was expected are no counts of tokens: thinking and templates take less."""

# Short prompts are mostly a template's own words; the first reply says better.
FIRST_FACTOR = 2.0
"""An estimate of a prompt is taken so many times before the endpoint has counted one."""


class Budget:
    """Money spent, money under way, and the cap on their sum.

    Args:
        max_usd: no request is sent that could lift ``spent_usd`` above it; None: no cap.
        price_in, price_out: US dollars per million prompt and completion tokens.
        spent_usd: already gone before this run (``Ledger.spent_usd``).
        most_prompt_tokens: that the endpoint has counted for a prompt before this run.

    Attributes:
        spent_usd: gone, together with what was possibly charged for requests that brought no reply.
        in_flight_usd: the most that requests under way may cost.
    """

    def __init__(
        self,
        *,
        max_usd: float | None,
        price_in: float,
        price_out: float,
        spent_usd: float = 0.0,
        most_prompt_tokens: int = 0,
    ) -> None:
        known = [price_in, price_out, spent_usd, *([] if max_usd is None else [max_usd])]
        # NaN compares with nothing: a cap that is none would never be reached.
        if not all(math.isfinite(number) and number >= 0 for number in known):
            raise ConfigError(f"a cap or price is no number of dollars: {known}; expected 0 or more")
        self.max_usd = max_usd
        self.price_in = price_in
        self.price_out = price_out
        self.spent_usd = spent_usd
        self._most_before = most_prompt_tokens
        self._factor, self._extra, self._has_learnt = FIRST_FACTOR, 0.0, False
        self._in_flight: dict[str, float] = {}
        self._in_flight_usd = 0.0

    @property
    def in_flight_usd(self) -> float:
        """The most that requests under way may cost."""
        return self._in_flight_usd if self._in_flight else 0.0

    @property
    def num_in_flight(self) -> int:
        """Requests with money set aside."""
        return len(self._in_flight)

    def worst_tokens(self, request: ChatRequest) -> float:
        """The most tokens, prompt and reply, that a request is expected to take."""
        return self._worst_prompt(request) + request.max_tokens

    def worst_usd(self, request: ChatRequest, *, share: float = 1.0) -> float:
        """The most that a request may cost; ``share`` of the list price is paid, 0.5 in a half-price batch."""
        return self._usd(self._worst_prompt(request), request.max_tokens, share)

    def usd_of(self, request: ChatRequest, completion: Completion, *, share: float = 1.0) -> float:
        """What a reply cost, by the endpoint's counts where they can be true, else the most that it may have cost."""
        num_in, num_out = completion.num_prompt_tokens, completion.num_completion_tokens
        untold = not (num_in or num_out)
        # What was thought and not said is charged too; a server that knows no limit may have said more.
        worst_in, worst_out = self._worst_prompt(request), max(request.max_tokens, num_tokens(completion.text))
        if untold or not self._can_be(num_in, request):
            num_in = worst_in
        if untold or not fewest_tokens(completion.text) <= num_out <= ABSURD * worst_out:
            num_out = worst_out
        return self._usd(num_in, num_out, share)

    def _can_be(self, num_in: int, request: ChatRequest) -> bool:
        """Whether a prompt can have so many tokens."""
        most = ABSURD * (self._worst_prompt(request) + ABSURD)
        return max(1, fewest_prompt_tokens(request.messages)) <= num_in <= most

    def usd_billed(self, request: ChatRequest, billed: Billed, *, share: float = 1.0) -> float:
        """The same of a reply that could not be used."""
        counts = Completion(
            text="",
            model="",
            num_prompt_tokens=billed.num_prompt_tokens,
            num_completion_tokens=billed.num_completion_tokens,
        )
        return self.usd_of(request, counts, share=share)

    def _worst_prompt(self, request: ChatRequest) -> float:
        mark = MARK_TOKENS if request.attempt else 0
        expected = num_prompt_tokens(request.messages) * self._factor + self._extra + mark
        return expected if self._has_learnt else max(expected, self._most_before)

    def _usd(self, num_in: float, num_out: float, share: float) -> float:
        return (num_in * self.price_in + num_out * self.price_out) * share / 1e6

    def reserve(self, request: ChatRequest, *, share: float = 1.0) -> bool:
        """Set aside what the request may cost; False: the cap does not allow it now."""
        worst = self.worst_usd(request, share=share)
        if self.max_usd is not None and self.spent_usd + self.in_flight_usd + worst > self.max_usd + 1e-9:
            return False
        self._in_flight_usd = self.in_flight_usd + worst - self._in_flight.get(request.key, 0.0)
        self._in_flight[request.key] = worst
        return True

    def settle(self, request: ChatRequest, usd: float) -> None:
        """The request is no longer under way and cost ``usd``."""
        self._in_flight_usd -= self._in_flight.pop(request.key, 0.0)
        self.spent_usd += usd

    def learn(self, request: ChatRequest, completion: Completion) -> None:
        """Raise later estimates where the endpoint counted more prompt tokens than expected."""
        count, expected = completion.num_prompt_tokens, num_prompt_tokens(request.messages)
        if not self._can_be(count, request):
            return
        if not self._has_learnt:
            self._factor, self._has_learnt = 1.0, True
        if count > self._worst_prompt(request):
            self._factor = max(self._factor, min(count / expected, MAX_FACTOR))
            self._extra = max(self._extra, count - expected * self._factor)
