r"""Questions and answers out of text, in the forms that language models write them.

**Q1:** Who sits?\n**A1:** The man.            ->  Pair(question="Who sits?", answer="The man.")
1. Who sits?\n   - The man.                    ->  the same; so do "User:", headings, tables, "===" and plain lines
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.errors import ReplyError
from llavapose.teacher.reply.json_pairs import Pair
from llavapose.teacher.reply.wrapping import unquoted

_MARKS = r"(?:[^\w\n]|_|\d{1,3}[.):]\s)*"
_AFTER = (
    r"(?:(?:\s*(?:#|no\.?\s?)?\d{1,3})?\s*[*_\])\"'”`]*\s*(?:[:：]|[.–—-](?=[\s*_]|$))"
    r"|(?:\s*#?\d{1,3})?[*_]*[\])]|(?:\s*#?\d{1,3})?\s*[*_\"]*\s*$|\s?\d{1,3}[*_]*\s)[*_]*\s*"
)
_WHAT_KIND = r"(?:(?:complex|detailed|reasoning|challenging|plausible|generated|sample|new|follow-up)[ -]){0,2}"
_QUESTION_LABEL = re.compile(rf"{_MARKS}{_WHAT_KIND}(?:question|q){_AFTER}", re.IGNORECASE)
_ANSWER_LABEL = re.compile(rf"{_MARKS}{_WHAT_KIND}(?:answer|ans|a){_AFTER}", re.IGNORECASE)
_ASIDE = r"(?:\s*\([^)\n]{1,30}\))?\s*[*_\]\"]*\s*(?::[*_]*|$)\s*"
_USER_LABEL = re.compile(rf"{_MARKS}(?:user|human|person|questioner|asker|viewer){_ASIDE}", re.IGNORECASE)
_ASSISTANT_LABEL = re.compile(
    rf"{_MARKS}(?:(?:visual )?(?:ai )?(?:visual )?assistant|ai|gpt(?:-?4o?)?|chatgpt|bot|model|response){_ASIDE}",
    re.IGNORECASE,
)
_INLINE = re.compile(
    r"(?<=[.!?\"”*_|])[ \t]*[|/]?[ \t]+(?=[*_]{0,3}(?:Question|Answer|Ans|Q|A|USER|User|Human|ASSISTANT|Assistant)"
    r" ?\d{0,3}[*_]{0,3}:)"
)
_TAG = re.compile(r"<(/?)(question|q|answer|a|user|assistant)[ _]?\d{0,3}>", re.IGNORECASE)
_TAG_LABELS = {"q": "Question", "a": "Answer", "question": "Question", "answer": "Answer", "user": "User"}
_SECTION = re.compile(r"^[#*_ \t]*(questions|answers)[*_ \t]*:?[*_ \t]*$", re.IGNORECASE | re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[*_]*\(?\d{1,3}[.):][*_]*|[-*•])[ \t]+", re.MULTILINE)
_LISTED = re.compile(r"[ \t]*(?:[-*•+#>]|\(?\d{1,3}[.):]|\*\*)")
_LETTERED = re.compile(r"^([ \t*_]*)\(?(?:[a-h]|[ivx]{1,4})[.)](?=[ \t])", re.IGNORECASE | re.MULTILINE)
_SECOND_LETTER = re.compile(r"^[ \t*_]*\(?(?:b|ii)[.)][ \t]", re.IGNORECASE | re.MULTILINE)
_ICON = re.compile(r"[\u2190-\u21ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+[ \t]*")
_RULE = re.compile(r"[ \t]*(?:[-=*_~#][ \t]?){3,}[ \t]*|[\s{}\[\],]+")
_HEADING = re.compile(
    r"[ \t]*(?:#{1,6} .*|\*\*[^*]{1,80}\*\*:?|[*_#]*\(?\d{1,3}[.):]?[*_]*"
    r"|[*_#]*(?:pair|turn|conversation|dialogue|exchange|example|q ?& ?a|question(?: and |-| & |/)answer)(?: pair)?"
    r"(?: ?#?\d{1,3})?[*_]*:?[*_]*)[ \t]*",
    re.IGNORECASE,
)
_QUESTION_END = re.compile(r"\?[\"'”’*_)]*(?=\s|$|[-–—:|])")
_FURTHER_SENTENCE = re.compile(r"[.!:][\"'”’*_)]*\s")
_BOLD_ORDER = re.compile(
    r"[ \t]*(?:\d{1,3}[.)][ \t]*)?\*\*(?:describe|explain|tell me|discuss)\b[^*]+\*\*", re.IGNORECASE
)
_ASKS = re.compile(
    r"(?:\A|[,.] )(?:please )?"
    r"(?:analy[sz]e|explain|describe|discuss|assess|evaluate|consider|examine|imagine|suppose|suggest|compare|identify"
    r"|infer|predict|determine|interpret)\b",
    re.IGNORECASE,
)

# Twenty times as many as a reply is asked for.
MAX_BLOCKS = 200
"""Questions and answers of one reply."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The pairs of a reply.

    Attributes:
        pairs: in order.
        labelled: whether the reply itself called them questions and answers.
        preamble: what stands before the first.
    """

    pairs: tuple[Pair, ...]
    labelled: bool
    preamble: str = ""


@dataclass(kw_only=True)
class _Block:
    role: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


def pairs_in(text: str) -> Found:
    """All pairs of a text, in order; "" where one side is missing.

    Raises:
        ReplyError: more questions and answers than any reply has.
    """
    if _SECOND_LETTER.search(text):
        text = _LETTERED.sub(r"\g<1>1.", text)
    text = _INLINE.sub("\n", _TAG.sub(_label_of_tag, text))
    lines = [line for line in text.split("\n") if not (_RULE.fullmatch(line) and line.strip())]
    asks, answers = _labels(lines)
    sections = _sections(text)
    if sections:
        return Found(pairs=sections, labelled=True)
    if asks is None and answers is None:
        rows = _table(lines)
        if rows:
            return Found(pairs=rows, labelled=True)
    blocks = _blocks(lines, asks, answers)
    if len(blocks) > MAX_BLOCKS:
        raise ReplyError("too long")
    labelled = asks is not None or answers is not None
    return Found(pairs=tuple(_joined(blocks)), labelled=labelled, preamble=blocks[0].text)


def question_first(text: str) -> Pair | None:
    """A question without a label, up to its paragraph's or sentence's end, and all after it as its answer."""
    first, _, rest = text.partition("\n")
    if rest.strip() and (first.rstrip("*_\"”' ").endswith("?") or (_ASKS.search(first) and len(first.split()) <= 70)):
        return Pair(question=_question(first), answer=_answer(rest))
    ends = [found.end() for found in _QUESTION_END.finditer(first)]
    if not ends or len(first[: ends[0]].split()) > 60:
        return None
    end = ends[0]
    for later in ends[1:]:
        if _FURTHER_SENTENCE.search(first[end:later]):
            break
        end = later
    return Pair(question=_question(first[:end]), answer=_answer(f"{first[end:]}\n{rest}"))


def _label_of_tag(found: re.Match[str]) -> str:
    return "\n" if found[1] else f"\n{_TAG_LABELS.get(found[2].lower(), 'Assistant')}: "


def _labels(lines: Sequence[str]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """The labels of questions and of answers that a text uses: "Question", "Answer" before "User", "Assistant"."""
    asks = any(_QUESTION_LABEL.match(line) for line in lines)
    answers = any(_ANSWER_LABEL.match(line) for line in lines)
    if asks or answers:
        return _QUESTION_LABEL if asks else None, _ANSWER_LABEL if answers else None
    if any(_USER_LABEL.match(line) for line in lines) and any(_ASSISTANT_LABEL.match(line) for line in lines):
        return _USER_LABEL, _ASSISTANT_LABEL
    return None, None


def _blocks(lines: Sequence[str], asks: re.Pattern[str] | None, answers: re.Pattern[str] | None) -> list[_Block]:
    """The text cut at each label, or at each line that asks where questions have no label."""
    blocks = [_Block(role="", lines=[])]
    for number, line in enumerate(lines):
        question = asks.match(line) if asks else None
        answer = answers.match(line) if answers else None
        if question:
            blocks.append(_Block(role="q", lines=[line[question.end() :]]))
        elif answer and blocks[-1].role == "a" and not blocks[-1].text:
            blocks[-1].lines = [line[answer.end() :]]
        elif answer:
            blocks.append(_Block(role="a", lines=[line[answer.end() :]]))
        elif asks is None and (parts := _asking(line)) is not None:
            blocks += [_Block(role="q", lines=[parts[0]]), _Block(role="a", lines=[parts[1]])]
        elif asks is None and line.strip() and answers and _precedes(lines, number, answers):
            blocks.append(_Block(role="q", lines=[line]))
        else:
            blocks[-1].lines.append(line)
    return blocks


def _precedes(lines: Sequence[str], number: int, answers: re.Pattern[str]) -> bool:
    """Whether an answer's label is the next that is said after a line."""
    following = next((line for line in lines[number + 1 :] if line.strip()), "")
    return bool(answers.match(following))


def _asking(line: str) -> tuple[str, str] | None:
    """A line that begins with a question, and what it says after it; None where it does not."""
    found = _QUESTION_END.search(line)
    if not found:
        return (line, "") if _BOLD_ORDER.fullmatch(line) else None
    question, rest = line[: found.end()], line[found.end() :]
    bare = _ITEM.sub("", question).strip()
    is_quote = bare.startswith(("“", '"')) and rest.strip()
    if is_quote or not 2 <= len(bare.split()) <= 60:
        return None
    if _FURTHER_SENTENCE.search(bare) and (rest.strip() or not _LISTED.match(line)):
        return None
    return question, re.sub(r"^[\s*_\"”\-–—:|]+", "", rest)


def _joined(blocks: Sequence[_Block]) -> list[Pair]:
    """Each question with the answers up to the next; all questions first and all answers after are dealt out."""
    said = [block for block in blocks if block.role]
    roles = "".join(block.role for block in said)
    half = len(said) // 2
    if half > 1 and roles == "q" * half + "a" * half:
        return [_pair(q.text, a.text) for q, a in zip(said[:half], said[half:], strict=True)]
    pairs: list[Pair] = []
    for index, block in enumerate(said):
        following = said[index + 1].role if index + 1 < len(said) else ""
        if block.role == "q" and following != "a":
            if block.text:
                pairs.append(_split(block.text))
        elif block.role == "a" and index and said[index - 1].role == "q":
            pairs.append(_pair(said[index - 1].text, block.text))
        elif block.role == "a" and pairs:
            pairs[-1] = _pair(pairs[-1].question, f"{pairs[-1].answer}\n{block.text}")
        elif block.role == "a":
            pairs.append(_pair("", block.text))
    return pairs


def _split(text: str) -> Pair:
    """A labelled question whose answer has no label: cut after its first line, or after what it asks."""
    first, _, rest = text.partition("\n")
    if rest.strip():
        return _pair(first, rest)
    found = _QUESTION_END.search(first)
    return _pair(first[: found.end()], first[found.end() :]) if found else _pair(first, "")


def _sections(text: str) -> tuple[Pair, ...]:
    """Pairs of a list of questions and a list of answers under their headings."""
    parts = _SECTION.split(text)
    if [name.lower() for name in parts[1::2]] != ["questions", "answers"]:
        return ()
    asked, answered = ([item for item in _ITEM.split(part) if item.strip()] for part in parts[2::2])
    if len(asked) != len(answered):
        return ()
    return tuple(_pair(question, answer) for question, answer in zip(asked, answered, strict=True))


def _table(lines: Sequence[str]) -> tuple[Pair, ...]:
    """Pairs of a table's rows: the cell after the one that asks."""
    found = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|") or len(cells) < 2:
            continue
        index = next((i for i, cell in enumerate(cells[:-1]) if cell.rstrip("*").endswith("?")), None)
        if index is not None:
            found.append(_pair(cells[index], cells[index + 1]))
    return tuple(found)


def _pair(question: str, answer: str) -> Pair:
    return Pair(question=_question(question), answer=_answer(answer))


def _question(text: str) -> str:
    """One line without the marks of a list, a heading or bold print."""
    bare = _ICON.sub("", " ".join(text.split()).rstrip(",")).strip("*_#>| ")
    return unquoted(_ITEM.sub("", bare).strip("*_ "))


def _answer(text: str) -> str:
    """The answer's lines without the next pair's heading, the marks of a one-item list, or bold print of the whole."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    while len(lines) > 1 and (not lines[-1].strip() or _HEADING.fullmatch(lines[-1])):
        lines.pop()
    text = _ICON.sub("", "\n".join(lines).strip(), count=1) if _ICON.match(lines[0]) else "\n".join(lines).strip()
    if len(_ITEM.findall(text)) == 1 and text.startswith(("- ", "* ", "• ")):
        text = _ITEM.sub("", text)
    elif text.startswith("– ") or text.startswith("— "):
        text = text[2:]
    text = text.strip().lstrip(">").strip()
    if text.count("**") == 1:
        text = text.removesuffix("**").removeprefix("**").strip()
    return unquoted(text.removesuffix('",').strip() if text.endswith('",') else text)
