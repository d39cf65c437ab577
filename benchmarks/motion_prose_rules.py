"""The rules of ``benchmarks/motion_prose.py``: what an answer about motion must hold; each marked by hand in its test."""

import re

from benchmarks.prose_rules import has_finite_verb, sentences_of

MOVES = (
    r"rais|bring|lower|lift|bend|bent|straighten|sit|sat\b|crouch|stand|stood|turn|mov|com(?:e|es|ing)\b|go(?:es|ing)?\b|step|"
    r"wav|throw|shift|approach"
)
"""The beginnings of words for movements."""

TIME = r"\d\.\d s\b|\bstart\b|\bend\b|beginning|before|after|whole clip"

RULES: tuple[tuple[str, str], ...] = (
    # Description.
    (r"^(?:describe|tell|narrate|report|walk through|recount|give|explain|put into words|portray)\b", MOVES),
    # Reasoning.
    (r"finished|is .* done with|go on .* until|is .* still .*ing\b", r"^(?:yes|no)\b.*"),
    (r"single picture|one photo be enough|one frame be enough|still picture", r"^no\b"),
    (r"who (?:of the two )?(?:started|began|set off)|which of the two|who reacted|who was first", r"the (?:person|man|woman|boy|girl|child)"),
    (r"how long does one\b|pace|each time take|a single round", r"\d\.\d s|second"),
    (r"pause the clip|moment should|right moment|take the photo", r"\d\.\d s"),
    (r"as it was at the start|the same at the end|back where|undone", r"^(?:yes|no)\b"),
    (r"what has changed|from the first frame to the last|differ from the beginning|different at the end", MOVES),
    (r"camera (?:be turned|have to follow)|keep .* in view|leave the picture", r"\b(?:left|right)\b"),
    (r"larger or smaller|take up more", r"larger|smaller|more|less"),
    (r"at once or one after the other|same time or|overlap", r"one after the other|at the same time|at once|overlap"),
    (r"what comes first|which comes first|which of these|in which order", r"first|then|before|after"),
    (r"getting ready|about to do|preparing|up to, judging|^why|want to achieve", r"\b(?:to|for|is|ready)\b"),
    (r"(?:has|have) .* just done", MOVES),
    (r"played backwards|run backwards|other way round", MOVES),
    # Conversation.
    (r"^who\b.*first|^who begins", r"the (?:person|man|woman|boy|girl|child)"),
    (r"^who\b", r"the (?:person|man|woman|boy|girl|child)|\bboth\b"),
    (r"^how (?:often|many times)", r"\b(?:once|twice|one|two|three|four|five|six|seven|eight|nine|ten|\d+)\b"),
    (r"^(?:for )?how long", r"\d\.\d s"),
    (r"^(?:when|at (?:which|what) time|from when|in which part|at which moment)", TIME),
    (r"^which way|toward which side|in which direction|to which side|where(?:abouts)?\b.*(?:mov|go)", r"left|right|camera|nearer|away"),
    (r"^which (?:hand|elbow|knee|arm|leg)", r"left|right|both"),
    (r"^(?:does|is|do|has|are) (?!.*\bor\b)", r"^(?:yes|no)\b"),
    (r"\bor\b", MOVES),
    (r"^what|^how|^after|^before|^at about|^between", MOVES),
)  # fmt: skip
"""What a question asks -> what its answer must hold, both in small letters; the first that fits decides."""


def answered(question: str, answer: str) -> bool | None:
    """Whether the answer holds what the question asks for; None where no rule knows the question."""
    asked, told = question.lower().strip(), answer.lower()
    found = next((needed for wanted, needed in RULES if re.search(wanted, asked)), None)
    return None if found is None else re.search(found, told, re.S) is not None


def without_verb(answer: str) -> list[str]:
    """The sentences of an answer that have no finite verb."""
    return [one for one in sentences_of(answer) if not has_finite_verb(one)]


def beyond(text: str, end_s: float) -> list[str]:
    """The times in a text that lie behind the clip's end."""
    return [time for time in re.findall(r"\d+\.\d(?= s\b)|\d+\.\d(?= to \d)", text) if float(time) > end_s + 0.05]


def out_of_order(text: str) -> bool:
    """Whether a description's sentences begin at times that go back."""
    starts = []
    for one in sentences_of(text):
        found = re.search(r"(?:from|at|between) about (\d+\.\d)", one.lower())
        if found:
            starts.append(float(found[1]))
    return starts != sorted(starts)


def told_twice(text: str) -> bool:
    """Whether two sentences of a text are the same."""
    found = sentences_of(text.lower())
    return len(set(found)) < len(found)
