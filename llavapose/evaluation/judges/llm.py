"""A language model as judge: it reads what is true of the picture as text, and rates one answer or two side by side.

The rubrics are ``rubrics/<protocol>.txt``. Every reply lies in the ledger before it is read; a run that was stopped
goes on where it was. What cannot be read is asked again, then unscored with the reason.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from llavapose.config.choices import Context, JudgeProtocol
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.values import Cap
from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.judges.protocol import Case, Judgement
from llavapose.evaluation.judges.replies import Ratings, read_ratings
from llavapose.llm.ask import open_door
from llavapose.llm.chat import Completion, Message
from llavapose.llm.counts import State
from llavapose.llm.each import Result, Results, ask_each
from llavapose.llm.rounds import Watch
from llavapose.records import BASELINE, Answer, Verdict
from llavapose.teacher.context import context_text


class LlmJudge:
    """Judges through an OpenAI-compatible endpoint.

    Args:
        endpoint: who judges.
        ledger: the file of replies.
        protocol: ``single``: one answer, one rating; ``pair``: the opponent's answer beside it, both rated.
        context: what the judge is told of the picture.
        opponent: the other arm of ``pair``; None: the baseline.
        name: of its folder and table; None: made of model, protocol and context.
        seed: draws which answer of a pair stands first, and is sent where the endpoint takes one.
        max_asks: how often one rating is asked for before the answer stays unscored.
        max_usd: hard cap on what the ledger may have cost; None or "none": no cap.
        min_accepted: least share of the replies that must have a verdict once a hundred are read; 0: any.

    Raises:
        ConfigError: an opponent without ``pair``, or a name that is taken.
    """

    def __init__(
        self,
        endpoint: EndpointConfig,
        ledger: Path,
        *,
        protocol: JudgeProtocol = JudgeProtocol.single,
        context: Context = Context.keypoints,
        opponent: str | None = None,
        name: str | None = None,
        seed: int = 0,
        max_asks: int = 3,
        max_usd: Cap = None,
        min_accepted: float = 0.2,
    ) -> None:
        if protocol == JudgeProtocol.single and opponent is not None:
            raise ConfigError(f"judge.opponent is {opponent}, judge.protocol single; only a pair has an opponent")
        self.opponent = (opponent or BASELINE) if protocol == JudgeProtocol.pair else None
        rival = f"-vs-{self.opponent}" if self.opponent not in (None, BASELINE) else ""
        self.name = re.sub(r"[^\w.-]+", "-", name or f"{endpoint.model}-{protocol}-{context}{rival}")
        if self.name == "pose":
            raise ConfigError("judge.name is pose, which is the offline judge; choose another")
        self._endpoint, self._ledger, self._max_usd = endpoint, ledger, max_usd
        self._min_accepted = min_accepted
        self._protocol, self._context, self._seed, self._max_asks = protocol, context, seed, max_asks

    def judge(self, cases: Sequence[Case]) -> Iterator[Judgement]:
        """A judgement a case, or with an opponent two.

        Raises:
            LlavaPoseError: asking was stopped; the same command goes on.
        """
        sides = {case.question.id: self._side(case) for case in cases}
        found = self._asked([side for side in sides.values() if side.case.scene is not None])
        for name, side in sides.items():
            yield from self._judgements(side, found.by_name.get(name))

    def _side(self, case: Case) -> "_Sides":
        """Which answer stands first: drawn by seed and question, the same for every arm."""
        if case.opponent is None:
            return _Sides(case=case, answers=(case.answer,))
        first = Random(f"{self._seed} {case.question.id}").random() < 0.5
        pair = (case.answer, case.opponent)
        return _Sides(case=case, answers=pair if first else pair[::-1])

    def _asked(self, sides: Sequence["_Sides"]) -> Results[Ratings]:
        with open_door(self._endpoint, owner="judge.endpoint", ledger=self._ledger, max_usd=self._max_usd) as door:
            requests = {
                side.case.question.id: door.request(
                    (Message(role="user", text=self._prompt(side)),), seed=self._seed, tag=side.case.question.kind
                )
                for side in sides
            }
            watch = Watch[str](group=lambda name: "the judge", min_accepted=self._min_accepted)
            found = ask_each(door, requests, self._read, max_asks=self._max_asks, watch=watch)
        if watch.stopped:
            raise _RanAway("\n".join([f"judge {self.name}: {watch.stopped}", *(one.line() for one in watch.faults(3))]))
        if found.unsettled:
            num_done = sum(result.key is not None for result in found.by_name.values())
            more = "with a higher judge.max_usd " if found.state == State.budget else ""
            raise LlavaPoseError(
                f"judge {self.name}: {num_done} of {len(sides)} ratings are there, stopped: {found.unsettled}; "
                f"the same command {more}goes on and asks nothing twice"
            )
        return found

    def _prompt(self, side: "_Sides") -> str:
        case = side.case
        assert case.scene is not None, "checked before"
        words = {"context": context_text(case.scene, self._context.value), "question": case.question.text}
        names = ("answer",) if len(side.answers) == 1 else ("first", "second")
        words |= {name: answer.text for name, answer in zip(names, side.answers, strict=True)}
        # In one pass, so that braces in an answer stay what they are.
        return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], rubric(self._protocol))

    def _read(self, name: str, completion: Completion) -> Ratings:
        return read_ratings(completion.text, self._protocol, cut_off=completion.finish == "length")

    def _judgements(self, side: "_Sides", result: Result[Ratings] | None) -> Iterator[Judgement]:
        """The candidate's, then the opponent's."""
        arms = [one for one in (side.case.answer, side.case.opponent) if one is not None]
        for answer in arms:
            place = side.answers.index(answer)
            yield Judgement(
                verdict=Verdict(
                    question_id=answer.question_id,
                    arm=answer.arm,
                    judge=self.name,
                    rating=result.value.values[place] if result and result.value else None,
                    reason=_reason(result),
                    protocol=self._protocol.value,
                    opponent=next((one.arm for one in arms if one is not answer), None),
                    order=("ab", "ba")[place] if len(arms) == 2 else None,
                    key=result.keys[-1] if result and result.keys else None,
                )
            )


class _RanAway(LlavaPoseError):
    goes_on_with = "judge.min_accepted=0"


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """A case with its answers in the order in which the judge reads them."""

    case: Case
    answers: tuple[Answer, ...]


def _reason(result: Result[Ratings] | None) -> str:
    """The judge's explanation, or why there is no rating."""
    if result is None:
        return "the picture has no annotations"
    if result.value is not None:
        return result.value.explanation
    return result.failure or f"no rating: {', '.join(result.reasons)}"


@cache
def rubric(protocol: JudgeProtocol) -> str:
    """What the judge is told, with places for context, question and answers in braces."""
    return (Path(__file__).parent / "rubrics" / f"{protocol.value}.txt").read_text(encoding="utf-8").strip()
