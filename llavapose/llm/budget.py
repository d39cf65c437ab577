"""Tokens and money: what a request may cost at most, what is under way, and the cap that neither passes.

Tokens are estimated from the text, without a tokenizer; the estimate is raised when an endpoint counts more.
"""

from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.tokens import num_prompt_tokens, num_tokens

MAX_FACTOR = 4.0
"""An endpoint that counts more than this many times the estimate counts something else, e.g. hidden reasoning."""


class Budget:
    """Money spent, money under way, and the cap on their sum.

    Args:
        max_usd: no request is sent that could lift ``spent_usd`` above it; None: no cap.
        price_in, price_out: US dollars per million prompt and completion tokens.
        spent_usd: already gone before this run (``Ledger.spent_usd``).

    Attributes:
        spent_usd: gone, together with what was possibly charged for requests that brought no reply.
        in_flight_usd: the most that requests under way may cost.
    """

    def __init__(self, *, max_usd: float | None, price_in: float, price_out: float, spent_usd: float = 0.0) -> None:
        self.max_usd = max_usd
        self.price_in = price_in
        self.price_out = price_out
        self.spent_usd = spent_usd
        self._factor = 1.0
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
        return num_prompt_tokens(request.messages) * self._factor + request.max_tokens

    def worst_usd(self, request: ChatRequest, *, share: float = 1.0) -> float:
        """The most that a request may cost; ``share`` of the list price is paid, 0.5 in a half-price batch."""
        money_in = num_prompt_tokens(request.messages) * self._factor * self.price_in
        return (money_in + request.max_tokens * self.price_out) * share / 1e6

    def usd_of(self, completion: Completion, *, share: float = 1.0) -> float:
        """What a reply cost, by the endpoint's count; where it gives none, by the estimate of the reply's text."""
        num_out = completion.num_completion_tokens
        if not num_out and not completion.num_prompt_tokens:
            num_out = num_tokens(completion.text)
        return (completion.num_prompt_tokens * self.price_in + num_out * self.price_out) * share / 1e6

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
        if completion.num_prompt_tokens > num_prompt_tokens(request.messages) * self._factor:
            self._factor = min(completion.num_prompt_tokens / num_prompt_tokens(request.messages), MAX_FACTOR)
