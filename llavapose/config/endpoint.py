"""Settings of an endpoint: the group ``endpoint``, shared by teacher, judge and answerer."""

import math
from dataclasses import dataclass, field

from omegaconf import MISSING

from llavapose.config.checks.secrets import not_a_variable, not_an_address
from llavapose.config.values import COMPOSED, NO_CAP, Cap, not_finite, too_small

SAID = ("base_url", "model", "max_tokens", "temperature", "max_image_px", "joins_turns")
"""Settings of an endpoint that decide what it answers; the others are its price, its pace and its key."""


@dataclass(kw_only=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint: where it is, what it costs, what it can do. Never holds a key."""

    name: str = "endpoint"
    """What files and messages call it: the name of its file in ``conf/endpoint/``."""
    base_url: str = MISSING
    """Up to and with ``/v1``."""
    model: str = MISSING
    """The model's name at the endpoint."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; null: the endpoint asks for none."""
    price_in: float = field(default=0.0, metadata={COMPOSED: MISSING})
    """US dollars per million prompt tokens; a file of ``conf/endpoint/`` says it, 0 where asking costs nothing."""
    price_out: float = field(default=0.0, metadata={COMPOSED: MISSING})
    """US dollars per million completion tokens, likewise."""
    batch_discount: float = 0.5
    """Share of the price that the Batch API saves."""
    max_tokens: int = 1024
    """Longest reply, in tokens."""
    temperature: float | None = None
    """Null: the endpoint's own."""
    timeout_s: float = 120.0
    """Seconds until an unanswered request is given up and tried again."""
    max_tries: int = 6
    """Sendings of one request before it is given up as failed."""
    max_concurrency: int = 64
    """Requests under way at once, at most; fewer while the endpoint is slow or refuses."""
    requests_per_minute: float | None = None
    """Null: no limit."""
    tokens_per_minute: float | None = None
    """Prompt and completion tokens; null: no limit."""
    enqueued_tokens: int | None = None
    """Prompt tokens that the account may have waiting in batches; null: no limit."""
    takes_seed: bool = False
    """Whether a seed is sent; what is asked again goes out with another one."""
    takes_images: bool = True
    """Whether the model sees pictures; false: a request that holds one is refused before anything is sent."""
    max_image_px: int | None = None
    """Longest side of a picture that is sent, in pixels: a longer one is shrunk; null: every file as it is."""
    joins_turns: bool = False
    """Whether neighbouring messages of one role are sent as one: for chat templates that insist on taking turns."""
    has_batch: bool = False
    """Whether there is a Batch API."""

    def problems(self, where: str = "endpoint") -> list[str]:
        """What is wrong with these values, one line each; ``where`` names the owner, e.g. "judge.endpoint"."""
        found = too_small(self, f"{where}.", max_tokens=1, max_tries=1, max_concurrency=1, max_image_px=28)
        found += not_an_address(f"{where}.base_url", self.base_url)
        found += not_a_variable(f"{where}.api_key_env", self.api_key_env)
        found += not_finite(self, f"{where}.", "temperature", "requests_per_minute", "tokens_per_minute")
        if not 0 < self.timeout_s < math.inf:
            found.append(f"{where}.timeout_s is {self.timeout_s}; expected seconds, e.g. 120")
        if not all(0 <= price < math.inf for price in (self.price_in, self.price_out)):
            found.append(f"{where}: price_in and price_out are US dollars per million tokens; expected 0 or more")
        if not 0 <= self.batch_discount <= 1:
            found.append(f"{where}.batch_discount is {self.batch_discount}; expected a share from 0 to 1")
        return found

    def uncapped(self, where: str, max_usd: Cap) -> list[str]:
        """A line where asking costs money and nobody has said how much may be spent."""
        if max_usd is not None or not (self.price_in or self.price_out):
            return []
        owner = f"{where}." if where else ""
        price = f"${self.price_in:g} and ${self.price_out:g} per million tokens in and out"
        return [f"{owner}max_usd has no value and {self.name} costs {price}; give a cap, e.g. {owner}max_usd=10, "
                f"or {owner}max_usd={NO_CAP}"]  # fmt: skip
