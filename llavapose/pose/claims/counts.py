"""How many people a text says there are: in the whole picture, or of a part of them.

    "There are six people. Two men stand at the back."   ->  6 (mention None), 2 (mention "two men")

A narrower noun ("men", "players"), a companion ("with two people", "three others") and a smaller number behind a total
count a part. A part is less than everybody for all that is known: it can be wrong (more than there are), never right.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llavapose.pose.claims.words import relations as words
from llavapose.pose.claims.words.people import PLURALS, SINGULAR, WORN
from llavapose.pose.claims.words.shared import NUMBERS, PICTURE
from llavapose.records import Claim

_COUNT, _COUNT_LEAD, _COUNT_GROUP = (re.compile(p) for p in (words.COUNT, words.COUNT_LEAD, words.COUNT_GROUP))
_ANIMAL = re.compile(
    r"\b(?:dog|cat|horse|cow|bird|elephant|giraffe|zebra|bear|sheep|goat|animal|puppy|kitten) (?:\w+ )?$"
)
_ALONE = re.compile(words._ALONE)
_NOUN = re.compile(rf"(?: of)?(?: (?!and\b)\w+)? (?P<noun>{words.PEOPLE})\b")
_EVERYBODY = re.compile(r"\b(?:people|persons?|individuals?|figures?|humans?)$")
"""Nouns that leave nobody out."""
_GENDERED = re.compile(r"\b(?:(?:wo)?m[ae]n|boys?|girls?)$")
_NOBODY_ELSE = re.compile(r"(?:a|one) (?:lone|sole|solitary)\b")
_SOME = re.compile(r"\b(?:other|main|primary|more|additional|further|prominent|smaller|key|central)\b")
_AND_OTHERS = re.compile(
    r"(?: \w+)? and (?:an?|one|two|three|four|another|several|some) (?:\w+ )?(?:man|woman|men|women|boys?"
    r"|girls?|child|children|others?)\b"
)
_VAGUE = re.compile(
    r"\b(?:not|never)(?: (?:only|just))? $|n['’]t $|"
    r"\b(?:more|less|fewer) than $|\bat (?:least|most) $"
    r"|\b(?:about|around|roughly|nearly|almost|perhaps|up to|some|for) $"
)
_KNOWN = re.compile(r"\b(?:the|both|all|these|those|of) $")
"""Stands before a number that is taken for granted."""
_OF_ALL = re.compile(
    rf"\b(?:{'|'.join(NUMBERS[1:])}|\d+|some|most|none|all|half|each)(?: out)? of the $|\bout of the $"
)
_WHOLE_OF = re.compile(
    r"\b(?:consists|made up|composed|comprised|total|picture|photo|photograph|image|shot|view|sum) of $"
)
_SOME_OF = re.compile(r" of (?:them|the|these|those)\b")
_NOBODY_BUT = re.compile(r"(?: \w+){0,5}? (?:besides|apart from|aside from|other than|except|but)\b")
_SEVERAL = re.compile(rf"(?: \w+){{0,3}} (?:and|couple|pair|{words.PLURALS}|{'|'.join(NUMBERS[2:])})\b")
_WITH = re.compile(
    r"\b(?:other|another|his|her|their|with|by|behind|besides?|between|among|amongst|near|to|alongside|towards?"
    r"|including"
    r"|in front of|opposite|(?:man|woman|boy|girl|child|person|player|skier|surfer) and) $"
)
"""Stands before people who are somebody's company or surroundings."""
_APART_FROM = re.compile(
    r"\b(?:besides|apart from|aside from|other than|in addition to|along with|as well as)\b[^.;]*$"
    r"|^\W*(?:behind|beside|next to|in front of|near|opposite|around) (?!the camera)[\w ]+, $"
)
_AFTER_ONE = re.compile(
    rf"\b(?:one|another|an?) (?:\w+ )?{words.PEOPLE} (?:is|are|has|\w+s|\w+ing)\b"
    r"[^.!?;:]*(?:,|\band|\bwhile|\bwhereas) $"
)
"""What somebody alone does, before what others do."""
_SOMEWHERE = re.compile(
    r" (?:in|at|on|near|among) the (?:foreground|background|back|front|left|right|distance|middle|side|crowd"
    r"|audience)\b"
)
_FAR_OFF = re.compile(r"[\w ]{0,32}? in the (?:foreground|background|distance)\b")
_SOME_ONE = (
    rf"(?:an?|another|one|{'|'.join(NUMBERS[2:])}) (?:(?!(?:and|of|with|on|in)\b)[\w-]+ ){{0,3}}?"
    rf"(?:{SINGULAR}|{PLURALS})\b"
)
_BARE = r"(?:little )?(?:man|woman|boy|girl|child|baby|son|daughter)"
_LISTED = re.compile(
    rf"\b(?>{_SOME_ONE}(?:{WORN})?)(?: on \w+ \w+)?(?>, {_SOME_ONE}(?:{WORN})?){{0,6}},? and (?:{_SOME_ONE}"
    rf"|{_BARE})\b(?!-)(?!'s)"
)
"""Several people one after the other: "a woman and two men"; atomic, not possessive, which Python 3.11.2 misreads."""
_LISTED_ONE = re.compile(
    rf"\b(an?|another|one|{'|'.join(NUMBERS[2:])}) (?=(?:(?!(?:and|of|with|on|in)\b)[\w-]+ ){{0,3}}?(?:{SINGULAR}"
    rf"|{PLURALS})\b)"
)
_IN_PICTURE = rf"in (?:the|this) (?:\w+ )?{PICTURE}"
_IN_TOTAL = re.compile(
    rf"\b(?:in total|in all|altogether|all told|total of|number of people[\w ]*|{PICTURE} (?:shows|contains|has|holds"
    rf"|depicts|includes|features)|{_IN_PICTURE})\W*(?:there (?:is|are) |we see |(?:only|just|exactly) )*$"
)
_ALTOGETHER = re.compile(
    rf"[\w ]{{0,24}}?\b(?:in total|in all|altogether|all told|{_IN_PICTURE}|(?:are|is|can be) (?:visible|seen"
    rf"|shown))\b"
)

_JOINED = re.compile(r"^(?![^.!?]*[.!?]\s)[^:]*(?:\b(?:and|while|whereas)\b|,)[^:]*$", re.DOTALL)


NEAR = 120
"""Characters before a number in which "in total" and the like can stand."""


def count_claims(sentence: str) -> Iterator[Claim]:
    """How many people: at most one claim a place in the sentence; of a part of the people its words are the mention."""
    taken: list[tuple[int, int]] = [match.span() for match in _LISTED.finditer(sentence)]
    for match in (m for pattern in (_ALONE, _COUNT_LEAD, _COUNT, _COUNT_GROUP) for m in pattern.finditer(sentence)):
        start, end = match.span()
        if any(start < b and a < end for a, b in taken) or _says_nothing(sentence, match):
            continue
        if match.re is _COUNT_LEAD and not _counts_people(sentence, match):
            continue
        taken.append((start, end))
        part = _words_of(sentence, match) if _of_a_part(sentence, match) else None
        yield Claim(kind="count", value=_value(match), start=start, end=end, mention=part)
    for match in _LISTED.finditer(sentence):
        num = sum(_num(word) for word in _LISTED_ONE.findall(match[0]))
        num += re.search(rf" and {_BARE}$", match[0]) is not None
        if 2 <= num <= len(NUMBERS) - 1:
            yield Claim(kind="count", value=str(num), start=match.start(), end=match.end(), mention=match[0])


def _num(word: str) -> int:
    return NUMBERS.index(word) if word in NUMBERS else 1


def parts_of_totals(claims: Sequence[Claim], text: str) -> tuple[Claim, ...]:
    """The claims of a text, with numbers of people that another one makes a part of them named as parts.

    Args:
        claims: in reading order, with places in ``text``.
        text: as it was written.
    """
    totals = [claim for claim in claims if claim.kind == "count" and claim.mention is None]
    if len({claim.value for claim in totals}) < 2:
        return tuple(claims)
    plain = text.lower()
    parts = [claim for claim in totals if not _says_total(claim, plain) and _is_part(claim, totals, plain)]
    return tuple(replace(one, mention=text[one.start : one.end].lower()) if one in parts else one for one in claims)


def _is_part(claim: Claim, totals: Sequence[Claim], text: str) -> bool:
    """Whether a number is less than a total told before it, than one told as such, or one of a list.

    "Two people sit and three people stand" is a list: five, or two of three.
    """
    larger = [one for one in totals if _size(one) > _size(claim)]
    if any(one.start < claim.start or _says_total(one, text) for one in larger):
        return True
    place = totals.index(claim)
    for one, other in ((place - 1, place), (place, place + 1)):
        if one < 0 or other == len(totals) or totals[one].value == totals[other].value:
            continue
        between = text[totals[one].end : totals[other].start]
        if _JOINED.search(between) and not (_says_total(totals[one], text) or _says_total(totals[other], text)):
            return True
    return False


def _says_total(claim: Claim, text: str) -> bool:
    return _IN_TOTAL.search(text, max(claim.start - NEAR, 0), claim.start) is not None or (
        _IN_TOTAL.search(text[claim.start : claim.end].rsplit(" ", 1)[0] + " ") is not None
        or _ALTOGETHER.match(text, claim.end) is not None
    )


def _size(claim: Claim) -> int:
    return len(NUMBERS) if claim.value == "many" else int(claim.value)


def _says_nothing(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number is no more than a guess, of no people for sure, or taken for granted."""
    before = sentence[: match.start()]
    if sentence.startswith("'", match.end()):
        return True  # "all four of the players' feet"
    if match.re is _ALONE:
        # Nobody else than somebody who is many, perhaps.
        if _ANIMAL.search(before):
            return True
        several = match[0].endswith(" them") or any(one.match(sentence, match.end()) for one in (_NOBODY_BUT, _SEVERAL))
        return several or _APART_FROM.search(before) is not None
    if _VAGUE.search(before):
        return True
    if match.re is _COUNT_LEAD or _OF_ALL.search(before):
        return False
    return re.search(r"\b(?:of|both) $", _WHOLE_OF.sub("", before)) is not None


def _of_a_part(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number speaks of some of the people only."""
    before, after = sentence[: match.start()], sentence[match.end() :]
    if match.re is _ALONE:
        return False
    if match.re is not _COUNT_LEAD and not _OF_ALL.search(before) and _KNOWN.search(_WHOLE_OF.sub("", before)):
        return True  # "the two women" are two at least
    if _SOME.search(match[0]) or any(one.match(after) for one in (_AND_OTHERS, _FAR_OFF)) or _APART_FROM.search(before):
        return True
    if match.re is _COUNT_LEAD:
        noun = _NOUN.match(after)
        if match["number"] == "no" and _NOBODY_BUT.match(after):
            return True
        return re.match(r" (?:other|more|main|additional|further)\b", after) is not None or (
            noun is not None and not _EVERYBODY.search(noun["noun"])
        )
    if _AFTER_ONE.search(before) and not _IN_TOTAL.search(before):
        return True
    if _WITH.search(before) or _SOMEWHERE.match(after):
        return True
    if match.re is _COUNT_GROUP:
        noun = _NOUN.match(after)
        some = match["word"] == "couple" or _SOME_OF.search(match[0]) is not None
        return some or (noun is not None and not _EVERYBODY.search(noun["noun"]))
    if _NOBODY_ELSE.match(match[0]) and not _GENDERED.search(match[0]):
        return False
    return _EVERYBODY.search(match[0]) is None


def _words_of(sentence: str, match: re.Match[str]) -> str:
    """The number with its noun: "two men"."""
    noun = _NOUN.match(sentence, match.end()) if match.re is not _COUNT else None
    start = match.start("number") if match.groupdict().get("number") else match.start()
    return sentence[start : noun.end() if noun else match.end()]


def _counts_people(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number after "there are" counts people: it says so, or stands alone."""
    after = sentence[match.end() :]
    if re.search(r"\b(?:people|persons|individuals|figures)\b", match[0]):
        return True
    return re.match(rf" (?:\w+ )?{words.PEOPLE}\b", after) is not None or re.match(r"\s*[.,;]?\s*$", after) is not None


def _value(match: re.Match[str]) -> str:
    group = match.groupdict()
    number = group.get("number") or group.get("all")
    if group.get("many"):
        return "many"
    if number is None:
        return words.GROUP_WORDS.get(group.get("word") or "", "1")
    if number in NUMBERS:
        number = str(NUMBERS.index(number))
    number = int({"no": "0", "half a dozen": "6"}.get(number, number))  # other scripts' digits are digits too
    return str(number) if number <= 10 else "many"
