"""A language model as judge: it rates one answer, or two side by side in both orders, as often as it is asked to.

Every reply lies in the ledger before it is read; a run that was stopped goes on where it was. What cannot be read is
asked again, then missing with the reason; where too much is missing, the run fails and leaves no verdicts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llavapose.config.choices import AskMode, JudgeContext, JudgeProtocol
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.values import Cap
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.judges.missing import (
    MAX_MISSING,
    TooManyMissing,
    answers_in,
    missing_answer,
    too_many_missing,
)
from llavapose.evaluation.judges.protocol import Case, Judgement
from llavapose.evaluation.judges.replies import Ratings, read_ratings
from llavapose.evaluation.judges.rubric import mark_for, prompt
from llavapose.frames import time_told
from llavapose.llm.ask import Door, open_door
from llavapose.llm.chat import CUT_OFF, ChatRequest, Completion, Message
from llavapose.llm.counts import State
from llavapose.llm.each import Result, Results, ask_each
from llavapose.llm.rounds import End, Watch
from llavapose.records import BASELINE, TEXT_ONLY, Answer, Verdict

_SILENT = "runs without a reply"
"""What the ledger remembers of a request that its endpoint does not answer."""
NO_ANNOTATIONS = "the picture has no annotations"


class LlmJudge:
    """Judges through an OpenAI-compatible endpoint.

    Args:
        endpoint: who judges.
        ledger: the file of replies.
        protocol: ``single``: one answer, one rating; ``pair``: the opponent's answer beside it, both rated, in both
            orders; ``relative``: a pair with the reference.
        context: what the judge knows of the picture; one, ``texts`` being two judges (``parts.judges_of``).
        anchor: the arm that all others are rated beside; None: the baseline, with ``relative`` the reference.
        name: of its folder and table; None: made of model, protocol and context.
        mode: request by request, or by the endpoint's Batch API, which is waited for.
        repeats: how often each is rated.
        seed: sent where the endpoint takes one.
        max_asks: how often one rating is asked for before it is missing; and in how many runs, where others are
            answered and it is not.
        max_usd: hard cap on what the ledger may have cost, for all arms that share it; None or "none": no cap.
        min_accepted: least share of the replies that must have a verdict once a hundred are read; 0: any.
        max_missing: largest share of the questions that may lack a rating in the end, any of those that were asked
            for: for want of an answer, of annotations or of a verdict.

    Raises:
        ConfigError: an anchor of single answers, a name that is taken, or several contexts.
    """

    def __init__(
        self,
        endpoint: EndpointConfig,
        ledger: Path,
        *,
        protocol: JudgeProtocol = JudgeProtocol.pair,
        context: JudgeContext = JudgeContext.keypoints,
        anchor: str | None = None,
        name: str | None = None,
        mode: AskMode = AskMode.live,
        repeats: int = 1,
        seed: int = 0,
        max_asks: int = 3,
        max_usd: Cap = None,
        min_accepted: float = 0.2,
        max_missing: float = MAX_MISSING,
    ) -> None:
        single = protocol == JudgeProtocol.single
        if single and anchor is not None:
            raise ConfigError(f"judge.anchor is {anchor}, judge.protocol single; only a pair has an anchor")
        if context == JudgeContext.texts:
            raise ConfigError("judge.context=texts is two judges; give one context to each")
        usual = TEXT_ONLY if protocol == JudgeProtocol.relative else BASELINE
        self.anchor = None if single else anchor or usual
        rival = f"-vs-{self.anchor}" if self.anchor not in (None, usual) else ""
        self.name = re.sub(r"[^\w.-]+", "-", name or f"{endpoint.model}-{protocol}-{context}{rival}")
        if self.name == "pose":
            raise ConfigError("judge.name is pose, which is the offline judge; choose another")
        self.endpoint, self.ledger, self._max_usd = endpoint, ledger, max_usd
        self._min_accepted, self.max_missing = min_accepted, max_missing
        self.protocol, self.context, self._repeats, self.mode = protocol, context, repeats, mode
        self._seed, self._max_asks = seed, max_asks

    def judge(self, cases: Sequence[Case]) -> Iterator[tuple[Judgement, ...]]:
        """The judgements of each case: for every order and repeat the candidate's, and behind it the opponent's.

        Raises:
            LlavaPoseError: asking was stopped, and the same command goes on; or too many ratings are missing.
        """
        asked = {ask.name: ask for case in cases for ask in self._asks(case)}
        # Before anything is paid for: what cannot be rated.
        lacks = {case.question.id: why for case in cases if (why := self._unseen(case))}
        self._check_missing(lacks, len(cases))
        found = self._asked(asked)
        unread = {
            ask.case.question.id: _reason(found[name]) for name, ask in asked.items() if found[name].value is None
        }
        self._check_missing({**unread, **lacks}, len(cases))
        for case in cases:
            if case.question.id in lacks:
                yield tuple(self._judgements(_Ask(case=case, answers=answers_in(case)), None))
            else:
                yield tuple(one for ask in self._asks(case) for one in self._judgements(ask, found[ask.name]))

    def _unseen(self, case: Case) -> str:
        """Why there is nothing to ask about a case: an answer, or all that is known of the picture, is missing."""
        return missing_answer(case) or self._blind(case)

    def _blind(self, case: Case) -> str:
        """What is missing of the pictures that this judge is told of or shown."""
        alone = self.context == JudgeContext.picture
        if not case.further:
            return NO_ANNOTATIONS if (case.picture if alone else case.scene) is None else ""
        for place, one in enumerate(case.seen, 1):
            if not alone and one.scene is None:
                return f"picture {place} of {len(case.seen)} has no annotations"
            # Else the next one would be taken for it.
            if self.context.sees and one.picture is None:
                return f"picture {place} of {len(case.seen)} is missing"
        return ""

    def _asks(self, case: Case) -> list["_Ask"]:
        """What is asked about a case; nothing where there is nothing to rate."""
        if self._unseen(case):
            return []
        arms = answers_in(case)
        orders = [arms] if len(arms) == 1 else [arms, arms[::-1]]
        return [_Ask(case=case, answers=order, repeat=repeat) for repeat in range(self._repeats) for order in orders]

    def requests(self, door: Door, cases: Sequence[Case]) -> Iterator[ChatRequest]:
        """The first request for each rating, for a plan."""
        return (self._request(door, ask) for case in cases for ask in self._asks(case))

    def _asked(self, asks: Mapping[str, "_Ask"]) -> Mapping[str, Result[Ratings]]:
        with open_door(
            self.endpoint,
            owner="judge.endpoint",
            ledger=self.ledger,
            mode=self.mode,
            max_usd=self._max_usd,
            shared=True,
        ) as door:
            requests = {name: self._request(door, ask) for name, ask in asks.items()}
            keys = {request.key for request in requests.values()}
            door.adopt(self._earlier(), keys)
            silent = {key: int(runs) for key, runs in door.ledger.outcome(keys, _SILENT).items()}
            hopeless = {name: silent[one.key] for name, one in requests.items()
                        if silent.get(one.key, 0) >= self._max_asks}  # fmt: skip
            watch = Watch[str](group=lambda name: "the judge", min_accepted=self._min_accepted)
            found = ask_each(
                door, {name: one for name, one in requests.items() if name not in hopeless},
                lambda name, reply: self._read(asks[name], reply), max_asks=self._max_asks, watch=watch,
            )  # fmt: skip
            hopeless |= self._count_silent(door, found, {name: one.key for name, one in requests.items()}, silent)
        if watch.stopped:
            raise _RanAway("\n".join([f"judge {self.name}: {watch.stopped}", *(one.line() for one in watch.faults(3))]))
        self._check_settled(found, hopeless, len(asks))
        return {**found.by_name, **{name: _unanswered(requests[name].key, runs) for name, runs in hopeless.items()}}

    def _count_silent(
        self, door: Door, found: Results[Ratings], keys: Mapping[str, str], before: Mapping[str, int]
    ) -> dict[str, int]:
        """Note which requests brought no reply though others did; those that have not in ``max_asks`` runs.

        A server that is down answers hardly any: that is counted against none of them.
        """
        names = [name for name, one in found.by_name.items() if one.failure and not one.lasting]
        if found.state != State.done or len(names) > self.max_missing * len(keys):
            return {}
        runs = {name: before.get(keys[name], 0) + 1 for name in names}
        door.ledger.remember({keys[name]: str(num) for name, num in runs.items()}, _SILENT)
        return {name: num for name, num in runs.items() if num >= self._max_asks}

    def _check_settled(self, found: Results[Ratings], hopeless: Mapping[str, int], num: int) -> None:
        """Raise where something is still to be asked, by the same command."""
        later = {one.failure for name, one in found.by_name.items()
                 if one.failure and not one.lasting and name not in hopeless}  # fmt: skip
        if found.state == State.done and not later:
            return
        num_done = sum(result.key is not None for result in found.by_name.values())
        more = "with a higher judge.max_usd " if found.state == State.budget else ""
        why = ", ".join(sorted(map(str, later))) if found.state == State.done else found.stopped or found.state.value
        raise LlavaPoseError(
            f"judge {self.name}: {num_done} of {num} replies are there, stopped: {why}; "
            f"the same command {more}goes on and asks nothing twice"
        )

    def _earlier(self) -> list[Path]:
        """Ledgers of earlier versions, one an arm, here and in a sweep's seeds."""
        name, here = f"judge-*-{self.endpoint.name}.sqlite", self.ledger.parent
        return [*sorted(here.glob(name)), *sorted(here.parent.glob(f"*/{here.name}/{name}"))]

    def _request(self, door: Door, ask: "_Ask") -> ChatRequest:
        case = ask.case
        texts = [answer.text for answer in ask.answers]
        scenes = [case.scene] if case.times_s else [one.scene for one in case.seen]
        text = prompt(case.question.text, texts, scenes, protocol=self.protocol, context=self.context,
                      repeat=ask.repeat, num_frames=len(case.times_s))  # fmt: skip
        shown = [one.picture for one in case.seen] if self.context.sees else []
        pictures = tuple(door.picture(path) for path in shown if path is not None)
        times = tuple(map(time_told, case.times_s)) if pictures else ()
        message = Message(role="user", text=text, images=pictures, before=times)
        return door.request((message,), seed=self._seed + ask.repeat, tag=case.question.kind)

    def _read(self, ask: "_Ask", completion: Completion) -> Ratings:
        texts = [answer.text for answer in ask.answers]
        form = JudgeProtocol.single if len(texts) == 1 else JudgeProtocol.pair
        mark = mark_for(ask.case.question.text, texts, ask.repeat)
        return read_ratings(completion.text, form, mark=mark, answers=texts, cut_off=completion.finish in CUT_OFF)

    def _check_missing(self, missing: Mapping[str, str], num: int) -> None:
        """A table of the few ratings that could be read would look like any other.

        Raises:
            TooManyMissing: more of ``num`` questions lack a rating, each for its reason, than ``max_missing``.
        """
        if too_many := too_many_missing([*missing.values()], num, self.max_missing):
            raise TooManyMissing(f"judge {self.name}: {too_many}")

    def unasked(self, case: Case, why: str) -> tuple[Judgement, ...]:
        """The judgements of a case that is not worth asking about."""
        return tuple(self._judgements(_Ask(case=case, answers=answers_in(case)), None, why))

    def _judgements(self, ask: "_Ask", result: Result[Ratings] | None, unasked: str = "") -> Iterator[Judgement]:
        """The candidate's, then the opponent's."""
        arms = answers_in(ask.case)
        for answer in arms:
            place = ask.answers.index(answer)
            yield Judgement(
                verdict=Verdict(
                    question_id=answer.question_id,
                    arm=answer.arm,
                    judge=self.name,
                    rating=result.value.values[place] if result and result.value else None,
                    reason=_reason(result) if result else unasked or self._unseen(ask.case),
                    protocol=self.protocol.value,
                    opponent=next((one.arm for one in arms if one is not answer), None),
                    order=("ab", "ba")[place] if len(arms) == 2 else None,
                    repeat=ask.repeat,
                    key=result.keys[-1] if result and result.keys else None,
                    model=self.endpoint.model,
                    context=self.context.value,
                )
            )


class _RanAway(LlavaPoseError):
    goes_on_with = "judge.min_accepted=0"


@dataclass(frozen=True, kw_only=True)
class _Ask:
    """One rating that is asked for: a case with its answers in the order in which the judge reads them."""

    case: Case
    answers: tuple[Answer, ...]
    repeat: int = 0

    @property
    def name(self) -> str:
        """What tells it from the others of a run."""
        first = "" if len(self.answers) == 1 else " ab" if self.answers[0] is self.case.answer else " ba"
        return f"{self.case.question.id}{first} {self.repeat}"


def _unanswered(key: str, runs: int) -> Result[Ratings]:
    why = f"no reply in {runs} runs"
    return Result(value=None, state=End.failed, key=None, keys=(key,), reasons=(), failure=why)


def _reason(result: Result[Ratings]) -> str:
    """The judge's explanation, or why there is no rating."""
    if result.value is not None:
        return result.value.explanation
    return result.failure or f"no rating: {', '.join(result.reasons)}"
