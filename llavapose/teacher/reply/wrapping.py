r"""What stands around a reply's own words: thoughts, fences, "Sure! Here is ...", "Let me know if ...".

"Sure! Here is a description of the scene:\n\nA man stands.\n\nLet me know if you need more!"  ->  "A man stands."
"""

import re

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w-]*[ \t]*$\n?", re.MULTILINE)
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SEPARATOR = re.compile(r"[ \t]*(?:[-=*_~] ?){3,}[ \t]*")
# Longer than any table's padding or rule; a pattern that looks for what follows would try each place in turn.
_BLANKS = re.compile(r"\s{100,}")
_SAME_SIGN = re.compile(r"([^\w\s]|_)\1{99,}")

_EAGER = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|definitely|understood|got it|no problem|gladly"
    r"|with pleasure|yes, of course|great)[!.,:][ \t]*\n*",
    re.IGNORECASE,
)
_TEXT_KIND = (
    r"(?:descriptions?|analysis|depiction|narrative|account|breakdown|portrayal|overview|depictions|explanation"
    r"|questions?|answers?|pairs?|conversations?|dialogues?|q&as?|examples?|examination|illustration|characterization)"
)
_ANNOUNCED = re.compile(
    r"(?:(?:based on|given|from|using)\b[^\n:.,]{0,100}, *)?"
    r"(?:here(?:['’]s| is| are)|below (?:is|are)|the following (?:is|are)|i(?:['’]ll| will| can| have|['’]ve|['’]d)"
    rf"|let me|let['’]s)\b[^\n:.!]{{0,160}}\b{_TEXT_KIND}\b[^\n:.!]{{0,160}}(?::[*_]*|[.!](?=[ \t]*\n))\s*",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"[#*_ \t]*(?:(?:a|the|detailed|comprehensive|image|scene|thorough|in-depth|pose|action|poses|actions|and) ){0,5}"
    r"(?:description|analysis|depiction|narrative|overview|answer|response|explanation)(?: of [^\n:.]{0,80})?"
    r"(?:[*_ \t]*:[*_ \t]*\n*|[*_ \t]*\n+)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:\A|(?<=[.!?\"”)] )|(?<=\n))[*_( \t]*(?:(?:please )?(?:let me know|feel free)\b|i hope (?:this|these|that)\b"
    r"|hope (?:this|these) help|(?:if you(?:['’]d| would)? (?:like|have|need|want)|would you like|do you (?:want|need))"
    r" (?:me |any |more |further |additional |another |to )+(?:questions?|details?|information|help|changes"
    r"|descriptions?|examples?|pairs?|generate|create|add|ask|explore|continue|know)\b|is there anything else\b"
    r"|note:? [^\n]{0,80}\b(?:questions|answers|conversations?|descriptions?|pairs)\b"
    r"|these (?:questions|pairs|q&as?|conversations)\b|this (?:conversation|dialogue|set of questions)\b"
    r"|(?:end of|happy to) (?:help|provide|conversation|description|dialogue)\b)[^\n]*\Z",
    re.IGNORECASE,
)


def cleaned(text: str) -> str:
    """The reply without thoughts, fences, picture tokens and signs that are no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    text = _BLANKS.sub(lambda found: "\n\n" if "\n" in found[0] else " ", text)
    text = _SAME_SIGN.sub(lambda found: found[1] * 100, text)
    text = _THOUGHT_END.split(_THOUGHT.sub("", text))[-1]
    return _FENCE.sub("", _NO_TEXT.sub("", text.replace("<image>", ""))).strip()


def without_preamble(text: str) -> str:
    """The text from its first own word on."""
    for pattern in (_EAGER, _ANNOUNCED, _TITLE):
        found = pattern.match(text)
        if found:
            text = text[found.end() :].lstrip()
    return text[:1].upper() + text[1:]


def without_closing(text: str) -> str:
    """The text up to its last own word."""
    while True:
        start, last = text.rfind("\n") + 1, _without_separators(text).rstrip()
        if last != text:
            text = last
            continue
        found = _CLOSING.search(text, start)
        if not found:
            return text
        text = text[: found.start()].rstrip()


def _without_separators(text: str) -> str:
    """The text without the lines of dashes or stars at its end."""
    end = len(text)
    while (start := text.rfind("\n", 0, end)) >= 0 and _SEPARATOR.fullmatch(text, start + 1, end):
        end = start
    return text[:end]


def unquoted(text: str) -> str:
    """The text without quotation marks or stars that enclose it as a whole."""
    for opening, closing in (("**", "**"), ('"', '"'), ("“", "”"), ("*", "*"), ("'", "'")):
        inner = text[len(opening) : len(text) - len(closing)]
        encloses = inner and text.startswith(opening) and text.endswith(closing)
        if encloses and opening not in inner and closing not in inner:
            text = inner.strip()
    return text
