"""Settings of an endpoint: the group ``endpoint``, shared by teacher, judge and answerer."""

from dataclasses import dataclass

from omegaconf import MISSING

from llavapose.config.values import too_small


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
    price_in: float = 0.0
    """US dollars per million prompt tokens."""
    price_out: float = 0.0
    """US dollars per million completion tokens."""
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
        if self.timeout_s <= 0:
            found.append(f"{where}.timeout_s is {self.timeout_s}; expected seconds, e.g. 120")
        if self.price_in < 0 or self.price_out < 0 or not 0 <= self.batch_discount <= 1:
            found.append(f"{where}: prices must not be negative and batch_discount lies between 0 and 1")
        return found
