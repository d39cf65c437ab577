"""Settings of the teacher: who writes the instruction data, from what, at what price; what is done about faults."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from llavapose.config.choices import AskMode, Context, ConvForm, Quality
from llavapose.kinds import listed, taught_kinds


def too_small(config: Any, prefix: str, **least: int) -> list[str]:
    """One line for each named value that is below its least."""
    values = {key: getattr(config, key) for key in least}
    return [
        f"{prefix}{key} is {value}; expected at least {least[key]}"
        for key, value in values.items()
        if value is not None and value < least[key]
    ]


@dataclass(kw_only=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint: where it is, what it costs, what it can do. Never holds a key."""

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
    """Whether a seed is sent."""
    takes_json: bool = False
    """Whether JSON mode may be asked for."""
    joins_turns: bool = False
    """Whether neighbouring messages of one role are sent as one: for chat templates that insist on taking turns."""
    has_batch: bool = False
    """Whether there is a Batch API."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "teacher.endpoint.", max_tokens=1, max_tries=1, max_concurrency=1)
        if self.timeout_s <= 0:
            found.append(f"teacher.endpoint.timeout_s is {self.timeout_s}; expected seconds, e.g. 120")
        if self.price_in < 0 or self.price_out < 0 or not 0 <= self.batch_discount <= 1:
            found.append("teacher.endpoint: prices must not be negative and batch_discount lies between 0 and 1")
        return found


@dataclass(kw_only=True)
class TeacherConfig:
    """Group ``teacher``: who writes the instruction data, from what."""

    name: str = MISSING
    endpoint: EndpointConfig | None = None
    """An OpenAI-compatible endpoint; null: the offline teacher, which needs none."""
    context: dict[str, Context] = field(default_factory=dict)
    """Kind of sample -> what the teacher sees of a picture; ``teacher.context=boxes`` sets it for every kind. A kind
    that is left out sees keypoints. The papers' conversations see captions, each as a few-shot turn."""
    conv_form: ConvForm = ConvForm.pairs
    num_samples: int | None = None
    """Samples in all, in the papers' ratio 112,980 : 45,174 : 42,174; null: about 4.4 a picture, as theirs."""
    seed: int = 0
    mode: AskMode = AskMode.live
    """``batch``: by the endpoint's Batch API, at half the price, within a day."""
    wait: bool = True
    """With ``mode=batch``: wait for the batches; false: hand them in and collect by the same command later."""
    quality: Quality = Quality.repair
    """What a leak or a sentence that contradicts the keypoints does to an endpoint's reply: ``report`` counts it,
    ``reject`` drops it and asks again, ``repair`` asks again with the fault named."""
    max_asks: int = 3
    """How often one request is asked, the first time included, before it is set aside."""
    run: str | None = None
    """Name of the ledger of replies; null: the names of scenes and teacher. A new name starts anew."""
    leave_replies: bool = False
    """Go on although paid replies in the ledger were made by other prompts, contexts or models and will not be used."""
    retry_failed: bool = False
    """Ask again what the endpoint refused to answer in an earlier run."""

    def context_of(self, kind: str) -> Context:
        """What the teacher sees of a picture for one kind."""
        return self.context.get(kind, Context.keypoints)

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "teacher.", num_samples=1, max_asks=1)
        unknown = [kind for kind in self.context if kind not in taught_kinds()]
        if unknown:
            found.append(f"teacher.context has {', '.join(unknown)}; expected some of {listed(taught_kinds())}")
        if self.mode == AskMode.batch and self.endpoint is not None and not self.endpoint.has_batch:
            found.append(f"teacher.mode=batch: {self.name} has no Batch API; use teacher.mode=live")
        if self.endpoint is None:
            contexts = {self.context_of(kind) for kind in taught_kinds()}
            if len(contexts) > 1:
                found.append("teacher.context: the offline teacher writes all kinds from one context; give one for all")
            if self.mode == AskMode.batch:
                found.append("teacher.mode=batch: the offline teacher answers at once; use teacher.mode=live")
        return found
