"""What an evaluation would ask and cost, before anybody is asked: ``dry_run=true``.

    who                             requests    answered   tokens in  tokens out        US $
    answers, gpt-4o                      810           0     420,000      69,000        1.74
    gpt-4o-pair-captions_boxes         1,620         540     810,000     253,000        4.55

Requests that lie in a ledger cost nothing any more. Questions and annotations are enough: neither the pictures
nor a model are needed.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from llavapose.config.choices import AskMode, Control
from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.answerers.endpoint import EndpointAnswerer
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.pose.judge import has_keypoints
from llavapose.evaluation.judges.protocol import Case, Judge
from llavapose.evaluation.rating.answering import control_arms_of, controls_of, is_answered, questions_of
from llavapose.evaluation.rating.cases import cases_of, unasked
from llavapose.evaluation.rating.rating import is_judged
from llavapose.llm.ask import Door, open_door
from llavapose.llm.chat import ChatRequest
from llavapose.llm.pictures import Picture
from llavapose.llm.tokens import num_prompt_tokens
from llavapose.records import CONTROL_ARMS

ANSWER_TOKENS = 85
"""Mean of GPT-4's answers to LLaVA's 90 questions."""
VERDICT_TOKENS = 156
"""Mean of GPT-4's replies as LLaVA's judge of pairs, 80 of them."""
USUAL_SIZE = (640, 480)
"""Pixels of a picture that is not here: most of COCO's have as many."""
NUM_MEASURED = 100
"""Prompts that are measured; the rest is taken to be as long."""


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """One user of an endpoint: ``num_answered`` requests lie in its ledger; tokens and dollars are the others'.

    ``num_absent`` pictures that it would see are not here.
    """

    who: str
    num_requests: int
    num_answered: int
    tokens_in: int
    tokens_out: int
    usd: float
    num_absent: int = 0


def plan_of(arm: Arm, planned: set[str] | None = None) -> tuple[PlanRow, ...]:
    """A row for an answerer behind an endpoint and for each judge that is a model; none where nothing is paid.

    Answers that are not there yet are taken to be as long as usual ones; a rating that has to be asked for again costs
    again.

    Args:
        arm: who is to be evaluated.
        planned: keys of the requests that a judge was planned to be asked for other arms, which it answers once; gets
            those of this arm.
    """
    planned = set() if planned is None else planned
    rows = []
    controls = [None, *controls_of(arm)]
    if isinstance(arm.answerer, EndpointAnswerer):
        answerer = arm.answerer
        asked = [one for control in controls for one in questions_of(arm, control)]
        with _door(answerer.endpoint, answerer.ledger) as door:
            requests = list(answerer.requests(door, asked, arm.benchmark.scenes.images))
            rows.append(_row(f"answers, {answerer.endpoint.model}", requests, door, ANSWER_TOKENS, set()))
    for judge in arm.judges:
        if not isinstance(judge, LlmJudge):
            continue
        beside = [one for one in control_arms_of(arm) if one.name != judge.anchor and not is_judged(one, judge)]
        judged = [
            *((arm, control) for control in controls if judge.anchor != arm.name),
            *((one, None) for one in beside),
        ]
        if judged:
            cases = [case for one, control in judged for case in _cases(one, judge, control)]
            rows.append(row_of(judge, ((judge, cases),), planned))
    return tuple(rows)


def row_of(judge: LlmJudge, asked: Iterable[tuple[LlmJudge, Sequence[Case]]], planned: set[str]) -> PlanRow:
    """The row of a judge that is asked about cases, some in other settings such as more repeats.

    Args:
        judge: names the row; its endpoint and ledger are everybody's.
        asked: who is asked about which cases.
        planned: keys of the requests that were planned before; gets these.
    """
    with _door(judge.endpoint, judge.ledger) as door:
        found = {one.key: one for who, cases in asked for one in who.requests(door, cases)}
        batch = judge.mode == AskMode.batch
        return _row(judge.name, [*found.values()], door, VERDICT_TOKENS, planned, batch=batch)


def _cases(arm: Arm, judge: Judge, control: Control | None) -> list[Case]:
    """What a judge will be asked about.

    Where nothing is known of poses, the ground truth and the prior have little to say, which is found out at no cost.
    """
    cases, silent = cases_of(arm, judge, control, unanswered=_USUAL), unasked(arm)
    known = arm.name not in CONTROL_ARMS or is_answered(arm) or has_keypoints(arm.benchmark.scenes.scenes)
    if known:
        return list(cases)
    try:
        said = arm.answerer.answers([case.question for case in cases], arm.benchmark.scenes.images, arm.name)
        cases = tuple(replace(case, answer=answer) for case, answer in zip(cases, said, strict=True))
    except ConfigError:
        return []  # there will be no such row
    return [case for case in cases if not silent(case)]


def added(plans: Sequence[Sequence[PlanRow]]) -> tuple[PlanRow, ...]:
    """The plans of several arms as one: a row for each that is asked."""
    found: dict[str, PlanRow] = {}
    for row in (row for plan in plans for row in plan):
        before = found.get(row.who, PlanRow(who=row.who, num_requests=0, num_answered=0, tokens_in=0, tokens_out=0,
                                            usd=0.0))  # fmt: skip
        sums = {name: getattr(before, name) + getattr(row, name) for name in (*_COUNTS, "usd")}
        found[row.who] = PlanRow(who=row.who, **sums, num_absent=max(before.num_absent, row.num_absent))
    return tuple(found.values())


_COUNTS = ("num_requests", "num_answered", "tokens_in", "tokens_out")


def lines(rows: Sequence[PlanRow]) -> list[str]:
    """The plan as lines to print."""
    if not rows:
        return ["nobody is asked over a network; nothing to plan"]
    sums = {name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    whole = PlanRow(who="all", usd=sum(row.usd for row in rows), **sums)
    width = max(len(row.who) for row in rows) + 2
    titles = ("requests", "answered", "tokens in", "tokens out")
    return [
        f"{'who':<{width}}" + "".join(f"{title:>13}" for title in titles) + f"{'US $':>12}",
        *(
            f"{row.who:<{width}}" + "".join(f"{getattr(row, name):>13,}" for name in _COUNTS) + f"{row.usd:>12,.2f}"
            for row in (*rows, *([whole] if len(rows) > 1 else []))
        ),
        "tokens are estimates; answers that are not there yet are taken to be as long as usual ones, and what has to "
        "be asked again costs again",
        *_absent(max(row.num_absent for row in rows)),
    ]


def _absent(num: int) -> list[str]:
    width, height = USUAL_SIZE
    return [
        f"{num} pictures are not here and are taken to be {width} x {height}; which requests with them are answered "
        "already cannot be told"
    ] * bool(num)


_USUAL = " ".join(["usual"] * ANSWER_TOKENS)


@dataclass(frozen=True, kw_only=True)
class _Planned(Door):
    """A door that is asked for requests alone; ``absent`` gets the pictures that are not here."""

    absent: set[Path] = field(default_factory=set)

    def picture(self, path: Path) -> Picture:
        """The picture, or one of the usual size in its place."""
        if path.is_file():
            return super().picture(path)
        self.absent.add(path)
        (width, height), most = USUAL_SIZE, self.endpoint.max_image_px
        bound = most if most is not None and most < max(width, height) else None
        return Picture(path=path, sha256=f"not here: {path}", width=width, height=height, max_px=bound)


@contextmanager
def _door(endpoint: EndpointConfig, ledger: Path) -> Iterator[_Planned]:
    """A door for a plan; a ledger that is not there yet is not made."""
    with TemporaryDirectory() as nowhere:
        path = ledger if ledger.exists() else Path(nowhere) / "none.sqlite"
        with open_door(endpoint, owner="evaluate", ledger=path) as door:
            yield _Planned(**{one.name: getattr(door, one.name) for one in fields(door)})


def _row(
    who: str,
    requests: Sequence[ChatRequest],
    door: _Planned,
    usual_tokens: int,
    planned: set[str],
    *,
    batch: bool = False,
) -> PlanRow:
    endpoint = door.endpoint
    answered = door.ledger.answered(request.key for request in requests) | planned
    left = [request for request in requests if request.key not in answered]
    planned |= {request.key for request in left}
    lengths = [num_prompt_tokens(request.messages) for request in _spread(left)]
    tokens_in = round(len(left) * sum(lengths) / max(1, len(lengths)))
    tokens_out = len(left) * min(usual_tokens, endpoint.max_tokens)
    return PlanRow(
        who=who,
        num_requests=len(requests),
        num_answered=len(requests) - len(left),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        usd=(tokens_in * endpoint.price_in + tokens_out * endpoint.price_out)
        * (1 - endpoint.batch_discount * batch)
        / 1e6,
        num_absent=len(door.absent),
    )


def _spread(requests: Sequence[ChatRequest]) -> Iterable[ChatRequest]:
    return requests[:: max(1, len(requests) // NUM_MEASURED)]
