"""Complex reasoning: a question that gives nothing away, an answer that answers it, by reasons of those asked about.

A theme finds what follows and from which facts; here question and answer are worded. An answer that begins with its
conclusion ends with reasons, and the other way round.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llavapose.pose.language import sentence, state
from llavapose.records import Fact
from llavapose.teacher.offline import grammar
from llavapose.teacher.offline.balance import ordered
from llavapose.teacher.offline.caption_words import family_of
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.grammar import Ref
from llavapose.teacher.offline.themes import action, body, others, senses
from llavapose.teacher.offline.themes.theme import Asking, Finding, Theme

THEMES: tuple[Theme, ...] = (*body.THEMES, *senses.THEMES, *action.THEMES, *others.THEMES)
"""Every line of reasoning."""

CONCLUSION_FIRST = 0.62
"""Share of answers to open questions that begin with what follows; the others end with it."""

_SO = (
    "So {t}",
    "{t}",
    "This means that {t}",
    "In short, {t}",
    "One can tell from this that {t}",
    "It follows that {t}",
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question that can be asked: a theme, who is asked about, the wording and what follows."""

    theme: Theme
    person: int
    asking: Asking
    finding: Finding


def question_and_answer(evidence: Evidence, seed: int, index: int = 0) -> tuple[str, str] | None:
    """The ``index``-th question about the scene with its answer; None where there are no more questions."""
    found = questions_and_answers(evidence, seed, index + 1)
    return found[index] if index < len(found) else None


def questions_and_answers(evidence: Evidence, seed: int, num: int | None = None) -> list[tuple[str, str]]:
    """The first ``num`` questions with their answers, None: all; a larger number begins with the same."""
    cases = cases_asked(evidence, seed, num).items()
    return [(question, answer_to(case, evidence, rng)) for question, (case, rng) in cases]


def cases_asked(evidence: Evidence, seed: int, num: int | None = None) -> dict[str, tuple[Case, random.Random]]:
    """Question -> its case, and the generator of the choices in its answer; the first ``num``, None: all."""
    found: dict[str, tuple[Case, random.Random]] = {}
    for index, case in enumerate(_cases(evidence, random.Random(f"{seed}/{evidence.scene.id}/complex"))):
        if num is not None and len(found) >= num:
            break
        rng = random.Random(f"{seed}/{evidence.scene.id}/complex/{index}")
        found.setdefault(_question(case, evidence), (case, rng))
    return found


def found_from(evidence: Evidence, case: Case) -> Case | None:
    """What follows for a case's question from other evidence of the same picture; None where that gives no ground."""
    theme = case.theme
    if theme.joints and not evidence.joints:
        return None
    finding = theme.find(evidence, case.person, _own(evidence, theme.name, case.person))
    if finding is None or finding.people != case.finding.people:
        return None
    return replace(case, finding=finding)


def _own(evidence: Evidence, name: str, person: int) -> random.Random:
    """Of what follows of a theme: it does not hang on the order of questions."""
    return random.Random(f"{evidence.scene.id}/{name}/{person}")


def _cases(evidence: Evidence, rng: random.Random) -> Iterator[Case]:
    """All that can be asked in random order, a theme's second question after every theme's first.

    A theme of many wordings tends to come earlier, so that all wordings come about equally often. What follows of a
    theme does not hang on the order.
    """
    queues: dict[str, list[tuple[Theme, int, Asking]]] = {}
    for theme in THEMES:
        if (evidence.joints or not theme.joints) and (len(evidence.people) > 1 or not theme.several):
            queue = [(theme, person, one) for person in _asked_about(evidence) for one in theme.asked]
            rng.shuffle(queue)
            queues[theme.name] = queue
    order = sorted(queues, key=lambda name: rng.random() ** (1 / max(len(queues[name]), 1)), reverse=True)
    findings: dict[tuple[str, int], Finding | None] = {}
    while any(queues.values()):
        for name in order:
            while queues[name]:
                theme, person, asking = queues[name].pop()
                if (name, person) not in findings:
                    findings[name, person] = theme.find(evidence, person, _own(evidence, name, person))
                finding = findings[name, person]
                if finding:
                    yield Case(theme=theme, person=person, asking=asking, finding=finding)
                    break


def _asked_about(evidence: Evidence) -> tuple[int, ...]:
    """Whom one can ask about; without keypoints the only person, prominent or not."""
    if evidence.people:
        return evidence.people
    return (0,) if evidence.alone else ()


def _ref(evidence: Evidence, person: int) -> Ref:
    name = evidence.names[person] or f"the {evidence.told.noun}"
    return Ref(name=name, noun=evidence.told.noun)


def _question(case: Case, evidence: Evidence) -> str:
    names = [_ref(evidence, person).name for person in (case.finding.people or (case.person,))]
    words = {"w": names[0], "a": names[0], "b": names[1] if len(names) > 1 else ""}
    return sentence(case.asking.text.format(**words))


def answer_to(case: Case, evidence: Evidence, rng: random.Random) -> str:
    """What follows, with its reasons before or behind it."""
    who = _ref(evidence, case.person)
    first = case.asking.says != 0 or "|" in case.finding.texts[0] or rng.random() < CONCLUSION_FIRST
    texts = [text for text in case.finding.texts if not first or _names_first(text, who)]
    chosen, *told = rng.choice(texts or case.finding.texts).split("|")
    named = first and ("{" in chosen)
    reasons = [text.removesuffix(".") for text in told] or _reasons(case, evidence, who, rng, named=named)
    text = _named(chosen, who, again=not first)
    if case.asking.says:
        text = f"{'yes' if (case.asking.says > 0) == case.finding.yes else 'no'}, {text}"
    if not reasons:
        return f"{sentence(text)}."
    if not first:
        so = rng.choice(_SO)
        return " ".join((*_closed(reasons), f"{sentence(so.format(t=text))}."))
    return " ".join((f"{sentence(text)}.", *_closed(reasons)))


def _names_first(text: str, who: Ref) -> bool:
    """Whether a first sentence can be said of the person: no possessive before the name, but of one that takes it."""
    return text.find("{") == text.find("{s}") or " " not in who.name.removeprefix("the ") or "{" not in text


def _named(text: str, who: Ref, *, again: bool) -> str:
    """The text with the person in it, by name the first time and by pronoun after that."""
    said = re.split(r"(\{s\}|\{o\}|\{own\})", text)
    for place in range(1, len(said), 2):
        words = {"{s}": who.name, "{o}": who.name, "{own}": f"{who.name}'s"}
        if again or place > 1:
            words = {"{s}": who.again(), "{o}": who.other, "{own}": who.own}
        said[place] = words[said[place]]
    return "".join(said)


def _closed(sentences: Sequence[str]) -> list[str]:
    return [f"{sentence(text)}." for text in sentences]


def _reasons(case: Case, evidence: Evidence, who: Ref, rng: random.Random, *, named: bool) -> list[str]:
    """What it follows from, in one to three sentences; ``named``: whether who it is about was named before."""
    finding, theme = case.finding, case.theme
    if theme.several:
        told = [_of_person(fact, evidence, rng) for fact in finding.because]
        return told[:3]
    fitting = grammar.compatible([fact for fact in evidence.facts if fact.person == case.person])
    others = [fact for kind in theme.kinds for fact in fitting if fact.kind == kind and fact not in finding.because]
    weighted = [(fact, evidence.balance.weight(fact, evidence.scene)) for fact in others]
    room = max(rng.choice((3, 3, 4)) - len(finding.because), 0)
    chosen = [*finding.because, *ordered(weighted, rng)[:room]] if evidence.joints else []
    subject = who.again() if named else who.name
    deed = finding.action
    if not deed and rng.random() < 0.45:
        deed = rng.choice((*evidence.actions(case.person)[:2], ""))
        deed = "" if grammar.on_the_move(deed) and any(fact.value == "standing" for fact in finding.because) else deed
    if deed and family_of(deed) == "bend":
        chosen = [fact for fact in chosen if fact.value != "bent over" or fact in finding.because]
    if grammar.on_the_move(deed):
        chosen = [fact for fact in chosen if fact.value != "standing"]
    place = f" {rng.choice(evidence.told.places)}" if deed and evidence.told.places and rng.random() < 0.4 else ""
    if deed and (place or not chosen or rng.random() < 0.3):
        first = f"{subject} is {deed}{place}"
        seated = {"sit": "sitting", "lie": "lying", "crouch": "crouching"}.get(family_of(deed))
        chosen = [fact for fact in chosen if fact.kind != "stance" or fact.value != seated]
        return [first, *_body(who.again(), who, chosen, evidence, rng, "")]
    return _body(subject, who, chosen, evidence, rng, deed)


def _body(
    subject: str, who: Ref, facts: Sequence[Fact], evidence: Evidence, rng: random.Random, deed: str
) -> list[str]:
    """The facts of one person: in one sentence, or the parts in a second one."""
    if not facts:
        return [f"{subject} is {deed}"] if deed else []
    broad = [fact for fact in facts if fact.kind in grammar.told_in_whole(facts)]
    parts = [fact for fact in facts if fact not in broad]
    if parts and (broad or deed) and rng.random() < 0.45:
        first = grammar.body(subject, broad, evidence.scene, rng, own=who.own, action=deed)
        found = grammar.parts(parts, evidence.scene, rng)
        if first:
            return [first, grammar.clauses(found, who.own, rng)]
    return [grammar.body(subject, facts, evidence.scene, rng, own=who.own, action=deed)]


def _of_person(fact: Fact, evidence: Evidence, rng: random.Random) -> str:
    """One fact as a sentence of its own."""
    if fact.person is None or fact.kind not in ("stance", "facing"):
        return state(fact, evidence.scene, 0, evidence.names).removesuffix(".")
    return grammar.body(evidence.names[fact.person], [fact], evidence.scene, rng, own="the")
