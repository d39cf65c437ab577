"""The one door to models: teacher, judge and answerer knock here.

    path = ledger_path(folder, "judge", "gpt4o")
    with open_door(config.judge.endpoint, owner="judge.endpoint", ledger=path, max_usd=5.0) as door:
        requests = [door.request((Message(role="user", text="..."),), tag="rating")]
        tally = door.ask(requests, len(requests))
        reply = door.ledger.reply(requests[0].key)

A door joins an endpoint, the ledger of one user and run, the cap on its money, and the way of asking, live or by
batches. No key is read and nothing is sent before ``ask``: a plan can be made behind a door that asks nobody.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from llavapose.config.choices import AskMode
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.values import Cap, cap_of
from llavapose.errors import ConfigError
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatModel, ChatRequest, Message
from llavapose.llm.counts import State, Tally
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.pictures import Picture, picture_of

TEACHER = "teacher"
"""The user whose ledgers carry the run's name alone."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """An endpoint that can be asked; made by ``open_door``, whose arguments the attributes are."""

    endpoint: EndpointConfig
    owner: str
    ledger: Ledger
    mode: AskMode = AskMode.live
    max_usd: float | None = None
    wait: bool = True
    retry_failed: bool = False
    progress: bool = True
    model: Callable[[], ChatModel] | None = None

    def request(self, messages: tuple[Message, ...], *, seed: int | None = None, tag: str = "") -> ChatRequest:
        """A request to this endpoint, with its model and parameters."""
        return request_to(self.endpoint, messages, seed=seed, tag=tag)

    def picture(self, path: Path) -> Picture:
        """A picture for a message, bounded as the endpoint wants it; raises DataError where it cannot be sent."""
        return picture_of(path, max_px=self.endpoint.max_image_px)

    def ask(self, requests: Iterable[ChatRequest], total: int | None = None) -> Tally:
        """Get replies into the ledger for all requests that it has none to.

        Money used up, batches under way and Ctrl-C are no errors: the tally's ``state`` says so, and the same call
        goes on later.

        Args:
            requests: read as a stream.
            total: how many there are, for the live line.

        Raises:
            ConfigError: the key's variable is not set, the endpoint has no Batch API or takes no pictures, or
                requests that are to be asked live lie in batches.
            DataError: the ledger cannot be written; what it held before stays.
        """
        endpoint, ledger = self.endpoint, self.ledger
        budget = Budget(
            max_usd=self.max_usd,
            price_in=endpoint.price_in,
            price_out=endpoint.price_out,
            spent_usd=ledger.spent_usd(),
            most_prompt_tokens=ledger.most_prompt_tokens(),
        )
        checked = self._without_pictures(requests) if not endpoint.takes_images else requests
        if self.mode == AskMode.batch and self.model is None:
            from llavapose.llm.batch.ask import ask_by_batch

            tally = ask_by_batch(
                checked, endpoint=endpoint, owner=self.owner, ledger=ledger, budget=budget, wait=self.wait,
                progress=self.progress, total=total, retry_failed=self.retry_failed,
            )  # fmt: skip
        else:
            from llavapose.llm.live.ask import ask_all

            self._check_batches()
            tally = ask_all(
                checked, model=self.model or self._opened, ledger=ledger, budget=budget, limits=endpoint,
                progress=self.progress, total=total, retry_failed=self.retry_failed,
            )  # fmt: skip
        return replace(tally, stopped=f"{tally.stopped} [{self.owner}]") if tally.state == State.stopped else tally

    def _opened(self) -> ChatModel:
        from llavapose.llm.openai import open_endpoint

        return open_endpoint(self.endpoint, self.owner)

    def _check_batches(self) -> None:
        from llavapose.llm.batch.book import under_way

        if waiting := under_way(self.ledger):
            user = self.owner.removesuffix(".endpoint")
            raise ConfigError(
                f"{user}.mode=live: {len(waiting):,} requests of this run lie in batches and would be paid twice; "
                f"collect them with {user}.mode=batch first"
            )

    def _without_pictures(self, requests: Iterable[ChatRequest]) -> Iterator[ChatRequest]:
        for request in requests:
            if any(message.images for message in request.messages):
                raise ConfigError(
                    f"{self.owner}.takes_images is false, and a request holds a picture; choose a model that sees "
                    f"pictures, or say that {self.endpoint.model} does with {self.owner}.takes_images=true"
                )
            yield request


@contextmanager
def open_door(
    endpoint: EndpointConfig,
    *,
    owner: str,
    ledger: Path,
    mode: AskMode = AskMode.live,
    max_usd: Cap = None,
    wait: bool = True,
    shared: bool = False,
    retry_failed: bool = False,
    progress: bool = True,
    model: Callable[[], ChatModel] | None = None,
) -> Iterator[Door]:
    """A door for as long as the block lasts; the ledger is closed behind it.

    Args:
        endpoint: where to ask, at what price, how fast.
        owner: the settings that errors speak of, e.g. "judge.endpoint".
        ledger: the file of replies, made where there is none (``ledger_path``); only one process may hold it.
        mode: request by request, or by the endpoint's Batch API.
        max_usd: hard cap on the money of the whole ledger, requests under way included; None or "none":
            no cap.
        wait: with batches: wait for them; False: hand them in and return with state ``batches``.
        shared: whether several runs use the ledger, one after the other: then another process is waited for.
        retry_failed: ask again what was refused for good in an earlier run.
        progress: whether to show a live line on stderr.
        model: makes what answers in the endpoint's place, e.g. ``lambda: Scripted(reply)``; asked live.

    Raises:
        DataError: another process holds the ledger, or it cannot be opened.
    """
    with Ledger(ledger, wait=shared) as opened:
        yield Door(
            endpoint=endpoint, owner=owner, ledger=opened, mode=mode, max_usd=cap_of(max_usd), wait=wait,
            retry_failed=retry_failed, progress=progress, model=model,
        )  # fmt: skip


def request_to(
    endpoint: EndpointConfig, messages: tuple[Message, ...], *, seed: int | None = None, tag: str = ""
) -> ChatRequest:
    """A request with an endpoint's model and parameters."""
    return ChatRequest(
        messages=messages,
        model=endpoint.model,
        max_tokens=endpoint.max_tokens,
        temperature=endpoint.temperature,
        seed=seed,
        tag=tag,
    )


def ledger_path(folder: Path, user: str, run: str) -> Path:
    """Where the ledger of one user and run lies.

    Args:
        folder: of the run's data; ledgers lie in ``ledgers/`` below it.
        user: "teacher", "judge" or "answerer".
        run: what tells this run from others, e.g. "coco2014-gpt4o"; of a judge, whose ledger all arms share, the
            endpoint alone.
    """
    return folder / "ledgers" / (f"{run}.sqlite" if user == TEACHER else f"{user}-{run}.sqlite")
