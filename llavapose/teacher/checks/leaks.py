"""Words that betray that the writer saw annotations and not the picture.

    >>> find_leaks("His keypoints indicate an upright posture.")
    (Leak(start=4, end=13, words='keypoints', kind='keypoints'),)

Precision first: a word that people also use of what they see ("a box of apples", "he points at the sea", "the key
point is") is a leak only in the company that makes it one ("bounding box", "points such as the nose").
"""

import re
from bisect import bisect
from dataclasses import dataclass

LEAKS_VERSION = "1"
"""Counts up with each change of what is found."""

_JOINT = r"(?:nose|eyes?|ears?|shoulders?|elbows?|wrists?|hips?|knees?|ankles?)"
_LIMB = r"(?:faces?|heads?|arms?|hands?|legs?|feet|foot|torsos?|body|bodies|limbs|body\s+parts)"
_OF_WHOM = r"(?:(?:the|his|her|their|its|both|this|that|each)\s+)?(?:(?:person|man|woman|individual)(?:'s|s')\s+)?"
_SIDE = r"(?:(?:left|right|both|upper|lower)\s+)?"
_PART = rf"{_OF_WHOM}{_SIDE}(?:{_JOINT}|{_LIMB})"
_PARTS = rf"{_PART}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_PART})*"
_SHOWS = (
    r"(?:show|indicate|reveal|suggest|confirm|demonstrate|imply|implie|mark|correspond|align|denote|mean)(?:s|d|ed)?"
)
_SHOWING = rf"(?:{_SHOWS}|(?:show|indicat|reveal|suggest|confirm|demonstrat|imply|mark)ing)"
_SAYS = r"(?:mention|describe|state|note|indicate|suggest|imply|implie|confirm|specify|specifie)(?:s|d|ed)?"
_GIVEN = r"(?:provided|given|supplied)"
_SEEN = r"(?:image|picture|photo|photograph|scene|frame|background|foreground)"
_OF_DATA = r"(?:(?:image|visual|scene|pose|positional|spatial|detailed|additional|specific|textual|written|above)\s+)*"
_DATA = r"(?:details|information|data|descriptions?|captions?|sentences|coordinates|measurements|annotations?)"
_EXACT = (
    r"(?:detailed|exact|specific|precise|given|provided|normali[sz]ed|respective|spatial|joint|box|point|pixel|image)"
)
_NUMBER = r"-?\d*\.?\d+"

# Of a pattern with a group `leak`, only that group is the leak; the rest is the company that makes it one.
PATTERNS: tuple[tuple[str, str], ...] = (
    ("keypoints", r"key-?points?"),
    ("keypoints", r"(?:his|her|their|body|pose|joint|visible|labell?ed|\w+'s)\s+(?P<leak>key\s+points)"),
    ("keypoints", rf"key\s+points(?=\s+(?:(?:also|further|all|clearly|together)\s+)?{_SHOWING}\b)"),
    ("keypoints", rf"key\s+points?(?=\s+(?:such\s+as|like|of|for|at|on|including)\s+{_OF_WHOM}{_SIDE}{_JOINT}\b)"),
    ("keypoints", rf"key\s+points(?=\s+(?:(?:are|were)\s+)?(?:{_GIVEN}|labell?ed|annotated|detected|listed)\b)"),
    ("keypoints", rf"points\s+(?:such\s+as|like|including)(?=\s+{_OF_WHOM}{_SIDE}{_JOINT}\b)"),
    ("keypoints", r"(?:body|pose|joint|skeletal|skeleton|anatomical)\s+landmarks"),
    ("keypoints", r"(?:joint|skeleton|skeletal|pose)\s+(?:positions(?!\s+itself)|locations|points|data|information)"),
    ("visibility", r"visibility\s+of\s+(?:the\s+)?(?:joints|points)(?:\s+(?:such\s+as|like))?"),
    ("visibility", rf"visibility\s+of\s+{_PARTS}(?=\s+(?:(?:also|further|clearly)\s+)?{_SHOWS}\b)"),
    ("visibility", rf"(?:based\s+on|according\s+to|judging\s+by)\s+the\s+(?P<leak>visibility\s+of\s+{_PARTS})"),
    ("visibility", r"visibility\s+(?:flags?|labels?|values?|scores?|markers?|(?:of\s+|is\s+|=\s*)?[012]\b)"),
    ("visibility", r"(?:labell?ed|marked|flagged|listed)\s+as\s+(?:not\s+|in)?(?:visible|hidden|occluded)"),
    ("visibility", rf"{_JOINT}\s+(?:is|are|was|were)\s+(?:not\s+|un)labell?ed"),
    ("visibility", r"(?:un)?labell?ed\s+(?:joints?|points?|limbs?|body\s+parts?)"),
    ("coordinates", rf"(?:{_EXACT}\s+)+coordinates(?:\s+(?:that\s+(?:are|were)\s+)?{_GIVEN})?"),
    (
        "coordinates",
        r"(?:the|their|his|her|these|those|its|with|by|of|from|on|at|in|using)\s+"
        rf"(?P<leak>coordinates(?:\s+(?:that\s+(?:are|were)\s+)?{_GIVEN})?)",
    ),
    ("coordinates", rf"coordinates(?=\s*[(\[:]|\s+(?:{_GIVEN}|show|indicate|reveal|suggest|confirm|imply)\b)"),
    ("coordinates", r"[xy][-\s]?(?:coordinates?|axis|axes)"),
    ("coordinates", r"(?-i:x(?:-?\s+and\s+|,\s*|\s?/\s?)y)(?:[-\s](?:coordinates?|values?|positions?|axes))?"),
    ("boxes", r"bound(?:ing|ed)[-\s]?box(?:es)?|bbox(?:es)?"),
    ("captions", r"(?:the|these|all|five|given|provided|accompanying|various|image|multiple)\s+(?P<leak>captions)"
                 r"(?!\s+(?:on|below|under|beneath|above|at)\b)"),
    ("captions", rf"the\s+(?:(?:given|image|first)\s+)?(?P<leak>captions?)(?=\s+(?:{_SAYS}|says?\s+that)\b)"),
    ("captions", r"(?:according\s+to|based\s+on|(?:described|mentioned|stated|noted|suggested)\s+(?:in|by))\s+the\s+"
                 r"(?:image\s+)?(?P<leak>captions?)"),
    ("captions", rf"captions?(?=\s+{_GIVEN}\b)"),
    ("annotations", r"(?<!handwritten\s)annotations?(?!\s+(?:on|in)\s+the\s+(?:board|map|page|paper|wall)\b)"),
    ("annotations", r"annotated(?=\s+(?:joints?|points?|people|persons?|objects?|as|with|in\s+the\s+image)\b)"),
    ("annotations", r"ground[-\s]truth|(?-i:COCO)|meta-?data|data\s?sets?|object\s+detections?|confidence\s+scores?"),
    (
        "given",
        rf"(?:the|these|any|all)\s+(?P<leak>{_OF_DATA}(?:{_DATA}|context)\s+(?:that\s+(?:is|are|was|were)\s+)?{_GIVEN})"
        rf"(?!\s+(?:by|on|to|at|in\s+(?:the|this)\s+{_SEEN})\b)",
    ),
    ("given", rf"(?:the|this|these|any)\s+(?P<leak>{_GIVEN}\s+{_OF_DATA}{_DATA})"),
    (
        "given",
        r"(?:based\s+on|according\s+to|from|per|(?:described|mentioned|stated|noted)\s+in)\s+the\s+"
        r"(?P<leak>(?:(?:image|textual|text|written|detailed|pose|positional|position|spatial)\s+)*(?:descriptions?|data(?!\s+cent)))",
    ),
    ("given", rf"the\s+(?P<leak>{_OF_DATA}(?:data|descriptions?|sentences)(?=\s+{_SHOWS}\b|\s+{_SAYS}\b))"),
    ("given", r"the\s+(?P<leak>described\s+(?:setting|scene|image|picture|photo|scenario|environment|poses?))"),
    ("given", r"(?:(?:is|are|was|were)\s+not|isn't|aren't)\s+(?:explicitly\s+)?(?:specified|mentioned|stated)"),
    ("numbers", rf"[(\[](?=[^)\]]*\.\d)\s*{_NUMBER}(?:\s*,\s*{_NUMBER})+\s*[)\]]"),
    ("numbers", r"\[\s*\d+(?:\s*,\s*\d+)+\s*\]"),
    ("numbers", r"(?:at|around|near|positions?|points?|located|from|to)\s+(?P<leak>\(\s*\d+\s*,\s*\d+\s*\))"),
    ("numbers", r"0?\.\d{2,}\s*(?:,|and|to|-|–)\s*0?\.\d{2,}"),
    ("numbers", r"[xy]\s*[=:≈]\s*-?\d*\.?\d+"),
)  # fmt: skip
"""(kind, regular expression), tried at every place that no word character precedes or follows."""

_NEEDED: dict[str, tuple[str, ...]] = {
    "keypoints": ("point", "landmark", "joint", "skelet", "pose "),
    "visibility": ("visib", "label", "hidden", "occluded"),
    "coordinates": ("coordinat", "axis", "axes", "x and", "x- and", "x,", "x /", "x/"),
    "boxes": ("box",),
    "captions": ("caption",),
    "annotations": ("annotat", "truth", "coco", "meta", "data", "detection", "confidence"),
    "given": ("provided", "given", "supplied", "descri", "data", "sentences", "specified", "mentioned", "stated"),
    "numbers": tuple("0123456789"),
}
"""One of these stands in every leak of the kind: most texts need most patterns not at all."""

_COMPILED = tuple((kind, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)) for kind, pattern in PATTERNS)


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A place in a text: ``text[start:end] == words``; ``kind`` is the first part of an entry of ``PATTERNS``."""

    start: int
    end: int
    words: str
    kind: str


def find_leaks(text: str) -> tuple[Leak, ...]:
    """All leaks of a text in reading order; of those that overlap, the longest."""
    plain = text.replace("’", "'")
    lowered = plain.lower()
    possible = {kind for kind, words in _NEEDED.items() if any(word in lowered for word in words)}
    found = []
    for kind, pattern in _COMPILED:
        if kind not in possible:
            continue
        name = "leak" if "leak" in pattern.groupindex else 0
        found += [(*match.span(name), kind) for match in pattern.finditer(plain)]
    kept: list[tuple[int, int, str]] = []  # in reading order, none over another
    for start, end, kind in sorted(found, key=lambda span: (span[0] - span[1], span[0])):
        place = bisect(kept, start, key=lambda span: span[0])
        before, behind = kept[place - 1][1] if place else 0, kept[place][0] if place < len(kept) else len(text)
        if before <= start and end <= behind:
            kept.insert(place, (start, end, kind))
    return tuple(Leak(start=start, end=end, words=text[start:end], kind=kind) for start, end, kind in kept)
