"""What is wrong with a conversation: leaks in every turn, and the pose claims of its answers against the facts.

One finding as it lies beside a sample (``to_json``)::

    {"version": "2.1", "supported": 3, "contradicted": 1, "unverifiable": 1,
     "leaks": [{"turn": 1, "start": 4, "end": 13, "words": "keypoints", "kind": "keypoints"}],
     "claims": [{"turn": 1, "outcome": "contradicted", "words": "The left elbow is bent.", "start": 4, "end": 22,
                 "kind": "elbow", "value": "bent", "mention": "the person", "part": "left elbow", ...,
                 "fact": {...}, "truth": "the left elbow of the person is straight, not bent"}, ...]}
"""

import re
from bisect import bisect, bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

from llavapose.llm.chat import Message
from llavapose.pose.check import CONTRADICTED, SUPPORTED, UNVERIFIABLE, check_text
from llavapose.pose.language import STATEMENTS, people_words, phrase, state, thing_words
from llavapose.records import CheckedClaim, Claim, Fact, Scene, Turn
from llavapose.teacher.checks.leaks import LEAKS_VERSION, Leak, find_leaks

QUALITY_VERSION = f"2.{LEAKS_VERSION}"
"""Counts up with each change of what is checked or of how a repair is asked for."""

REPORTED_ONLY = frozenset(("arm_height", "count", "facing", "nearest", "place", "side_of", "stance", "trunk"))
"""Kinds of claims whose contradictions are told and counted, but cost no reply and are not asked about again.

Fewer than 85% of them are one (``python -m benchmarks.claims_fresh``: free English that nobody tuned on), or too few
were seen: to have a true sentence corrected is worse than to keep a false one in a hundred.
"""

_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")

_OUTCOMES = (SUPPORTED, CONTRADICTED, UNVERIFIABLE)

REPAIR = """Your last reply cannot be used as it is:
{faults}
Write the whole reply again in the same form. Correct exactly these places, keep everything else that is true, and do \
not mention this message or that anything was corrected."""
"""The user turn that asks for a corrected reply."""


@dataclass(frozen=True, kw_only=True)
class FoundLeak:
    """A leak in the conversation's turn number ``turn`` (from 0)."""

    turn: int
    leak: Leak


@dataclass(frozen=True, kw_only=True)
class FoundClaim:
    """A checked claim of an answer.

    Attributes:
        turn: the answer's number among the conversation's turns (from 0).
        words: the sentence that claims it, as it stands in the answer.
        checked: the claim with its outcome.
        truth: what the facts say instead, in plain words; "" where nothing is contradicted.
    """

    turn: int
    words: str
    checked: CheckedClaim
    truth: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """All that was found in one conversation, in reading order."""

    leaks: tuple[FoundLeak, ...] = ()
    claims: tuple[FoundClaim, ...] = ()
    version: str = QUALITY_VERSION

    @property
    def num_supported(self) -> int:
        """Claims that the facts bear out."""
        return self._number(SUPPORTED)

    @property
    def num_contradicted(self) -> int:
        """Claims that the facts deny."""
        return self._number(CONTRADICTED)

    @property
    def num_unverifiable(self) -> int:
        """Claims about which nothing sure is known."""
        return self._number(UNVERIFIABLE)

    @property
    def num_acted_on(self) -> int:
        """Contradictions of a kind that is rarely wrong: ``reject`` and ``repair`` act on these alone."""
        return sum(map(is_acted_on, self.claims))

    @property
    def clean(self) -> bool:
        """Whether there is neither a leak nor a contradiction that is acted on."""
        return not self.leaks and not self.num_acted_on

    def _number(self, outcome: str) -> int:
        return sum(claim.checked.outcome == outcome for claim in self.claims)


def is_acted_on(claim: FoundClaim) -> bool:
    """Whether a claim is contradicted, and contradictions of its kind are rarely wrong."""
    return claim.checked.outcome == CONTRADICTED and claim.checked.claim.kind not in REPORTED_ONLY


def check_conversation(turns: Sequence[Turn], scene: Scene | None, facts: tuple[Fact, ...]) -> Finding:
    """Look through one conversation.

    Args:
        turns: questions are looked through for leaks alone, answers for claims as well.
        scene: what they are about; None checks no claims.
        facts: of ``scene_facts(scene)``.
    """
    leaks = [FoundLeak(turn=index, leak=leak) for index, turn in enumerate(turns) for leak in find_leaks(turn.text)]
    claims = []
    for index, turn in enumerate(turns):
        if scene is None or turn.role != "assistant":
            continue
        breaks = [match.span() for match in _BREAK.finditer(turn.text)]
        for checked in check_text(turn.text, scene, facts):
            words = _sentence(turn.text, checked.claim.start, checked.claim.end, breaks)
            truth = truth_of(checked, scene) if checked.outcome == CONTRADICTED else ""
            claims.append(FoundClaim(turn=index, words=words, checked=checked, truth=truth))
    return Finding(leaks=tuple(leaks), claims=tuple(claims))


def all_together(findings: Sequence[Finding]) -> Finding:
    """The findings of the conversations that one reply holds as one; turns count through them all as they do alone."""
    return Finding(
        leaks=tuple(leak for finding in findings for leak in finding.leaks),
        claims=tuple(claim for finding in findings for claim in finding.claims),
    )


def truth_of(checked: CheckedClaim, scene: Scene) -> str:
    """What the facts say against a contradicted claim: "the left elbow of the person is straight, not bent"."""
    claim, fact = checked.claim, checked.fact
    if fact is None and claim.kind == "contact" and all(thing.category != claim.target for thing in scene.things):
        return f"no {claim.target} is known to be in the picture"
    if fact is None or fact.kind not in STATEMENTS:
        return "this does not hold in the picture"
    told = state(fact, scene).rstrip(".")
    told = told[:1].lower() + told[1:]
    if claim.negated:
        return told
    return f"{told}, not {_claimed(claim, fact)}"


def repair_messages(messages: Sequence[Message], reply_text: str, finding: Finding) -> tuple[Message, ...]:
    """The request again, with the reply and a turn that names each contradiction and leak in plain words.

    Args:
        messages: the request.
        reply_text: what came back.
        finding: of all conversations in the reply; one that is clean is a mistake of the caller.
    """
    faults = faults_of(finding)
    assert faults, "nothing to repair"
    numbered = "\n".join(f"{number}. {fault}" for number, fault in enumerate(faults, 1))
    return (
        *messages,
        Message(role="assistant", text=reply_text),
        Message(role="user", text=REPAIR.format(faults=numbered)),
    )


def faults_of(finding: Finding) -> tuple[str, ...]:
    """One line for each contradiction that is acted on, none twice, and one that names all leaks."""
    faults = [f'"{_short(claim.words)}" is wrong: {claim.truth}.' for claim in finding.claims if is_acted_on(claim)]
    named = dict.fromkeys(f'"{_short(found.leak.words)}"' for found in finding.leaks)
    if named:
        names = f"{', '.join(named)} {'name' if len(named) > 1 else 'names'}"
        faults.append(f"{names} the data behind the picture: write as someone who sees the picture and nothing else.")
    return tuple(dict.fromkeys(faults))


def to_json(finding: Finding) -> dict[str, Any]:
    """The finding as plain JSON values, to be kept beside a sample and in the ledger."""
    return {
        "version": finding.version,
        **{outcome: sum(claim.checked.outcome == outcome for claim in finding.claims) for outcome in _OUTCOMES},
        "leaks": [{"turn": found.turn, **asdict(found.leak)} for found in finding.leaks],
        "claims": [
            {
                "turn": found.turn,
                "outcome": found.checked.outcome,
                "words": found.words,
                **asdict(found.checked.claim),
                "fact": None if found.checked.fact is None else asdict(found.checked.fact),
                "truth": found.truth,
            }
            for found in finding.claims
        ],
    }


def from_json(value: Mapping[str, Any]) -> Finding:
    """The finding that ``to_json`` wrote."""
    leaks = [FoundLeak(turn=row["turn"], leak=Leak(**_without(row, "turn"))) for row in value["leaks"]]
    claims = []
    for row in value["claims"]:
        claim = Claim(**_without(row, "turn", "outcome", "words", "fact", "truth"))
        fact = None if row["fact"] is None else Fact(**row["fact"])
        checked = CheckedClaim(claim=claim, outcome=row["outcome"], fact=fact)
        claims.append(FoundClaim(turn=row["turn"], words=row["words"], checked=checked, truth=row["truth"]))
    return Finding(leaks=tuple(leaks), claims=tuple(claims), version=value["version"])


def _without(row: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}


def _claimed(claim: Claim, fact: Fact) -> str:
    """What the text claims instead of the fact, as it follows "not"."""
    if claim.kind == "contact":
        return f"the {claim.part}" if claim.part not in (None, fact.part) else thing_words(claim.target or "thing")
    if claim.kind == "nearest":
        return claim.target or "somebody else"
    if claim.kind == "count":
        return people_words(claim.value)
    part = claim.part or fact.part
    return phrase(Fact(kind=claim.kind, person=None, value=claim.value, sure=True, part=part)).removesuffix(" of")


def _sentence(text: str, start: int, end: int, breaks: Sequence[tuple[int, int]]) -> str:
    """The sentence or sentences that a span lies in, between two of the text's breaks."""
    before, after = bisect(breaks, start, key=itemgetter(1)), bisect_left(breaks, end, key=itemgetter(0))
    first = breaks[before - 1][1] if before else 0
    return text[first : breaks[after][0] if after < len(breaks) else len(text)].strip()


def _short(words: str, most: int = 160) -> str:
    """The words in one line, cut in the middle where they are long."""
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[: most // 2]} ... {line[-most // 2 :]}"
