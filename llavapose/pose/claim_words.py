"""The wording that claims are recognised by: tables of regular expressions, nothing else.

All are matched on lower-cased text. Spaces stand for any white space.
"""

import re
from dataclasses import dataclass

from llavapose.pose.people import NOUNS
from llavapose.pose.things import THING_NAMES

POSSESSIVE = r"(?:the|his|her|their|its|a|an|one's)"
PICTURE = r"(?:picture|image|photo|photograph|frame|scene)"
CAMERA = r"(?:(?:the |our )?(?:camera|viewer|photographer|lens)|us)"
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_PLURALS = (
    r"people|persons|men|women|boys|girls|children|kids|individuals|figures|players|skiers|surfers|snowboarders|"
    r"skateboarders|runners|athletes|adults|humans"
)
_WHERE = (
    rf"(?: (?:standing |seated |sitting )?(?:on|at|in|to) the (?:far |very )?(?:left|right|middle|cent(?:er|re))"
    rf"(?: side)?(?: of the {PICTURE})?(?! of\b)(?!-hand)(?! (?:hand|foot|arm|leg|elbow|knee|third))"
    rf"| (?:\w+ )?from the (?:left|right)(?: side)?)"
)
_ADJECTIVES = (
    r"(?:(?:far|left|right|leftmost|rightmost|middle|cent(?:er|re)|central|other|same|only|single|first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth|tenth|young|younger|old|older|tall|male|female|main|front|"
    r"right-hand|left-hand) )*"
)
NAMED = (
    rf"\b(?:(?:one|another) of (?:them|the {_PLURALS})|someone|somebody)\b|"
    rf"\b(?:the|a|an|another|this|that|one) {_ADJECTIVES}(?:{NOUNS})\b(?!'s? side){_WHERE}?"
)
"""One person by name: "the man on the left", "the second person from the left", "a skier"."""

GROUP = (
    rf"\b(?:both|all|the two|the three|all three|all four)(?: of)?(?: the)?(?: (?:{'|'.join(NUMBERS[2:])}))? "
    rf"(?:{_PLURALS}|of them)\b|\b(?:everyone|everybody|each person|they both|they all|both of them)\b"
)
"""All the people at once."""

PRONOUN = r"\b(?:he|she|they|him|his|her|hers|their|theirs|them)\b"
"""Stands for the person spoken of last."""

PEOPLE = rf"(?:{_PLURALS}|person)"

COUNT = (
    rf"\b(?:(?P<many>many|more than ten|over ten|a crowd of|dozens of)|(?P<one>(?:only|just|exactly) one|a single|"
    rf"one(?= person (?:in|is (?:visible|seen|shown|in|present|pictured)|here|altogether|present|visible|can be)))|"
    rf"(?P<number>{'|'.join(NUMBERS[2:])}|\d{{1,2}})) (?:different |visible |other )?{PEOPLE}\b"
)
"""How many people; a bare "one person" counts only where it is plainly a count (see also ``COUNT_LEAD``)."""

COUNT_LEAD = (
    rf"\b(?:there (?:is|are)|i (?:can )?(?:see|count)|(?:picture|image|photo|scene|photograph|it) "
    rf"(?:shows|contains|has|holds)|number of people (?:is|visible is|in the {PICTURE} is)|shown (?:is|are)|"
    rf"you can see) (?:only |just |exactly |a total of |altogether )?(?P<number>{'|'.join(NUMBERS)}|no|\d{{1,2}})\b"
)

NEGATION = r"\b(?:not|never|no longer|neither|nor|without|hardly|rather than|instead of)\b|n't\b"

DOUBT = r"\b(?:or|if|whether|may|might|could|would|should|about to|ready to|before|unless|able to|allows?|helps?)\b"
"""Words after which a clause states nothing."""


@dataclass(frozen=True, kw_only=True)
class State:
    """A way to say a state of a body part: the words, and for each part's noun the kind and value that are claimed."""

    words: str
    means: dict[str, tuple[str, str]]


def _for(nouns: str, kind: str, value: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(nouns.split(), (kind, value))


def _hinge(value: str) -> dict[str, tuple[str, str]]:
    return {**_for("elbow arm", "elbow", value), **_for("knee leg", "knee", value)}


_HELD = r"(?:(?:held|raised|lifted|stretched|extended|reaching|reaches|rais(?:es|ing)|lifts|placed|kept|goes|go|is) )?"
_MUCH = r"(?:clearly |deeply |sharply |strongly |tightly |fully |well |very |firmly |quite |visibly |at an angle)*"

STATES = (
    State(
        words=r"(?:only )?(?:slightly|gently|softly|lightly|mildly|a little|a bit|somewhat) "
        r"(?:bent|flexed|bend(?:s|ing)?)|(?:bent|flexed|bends|bending) (?:only )?(?:slightly|a little|a bit|gently)",
        means=_hinge("slightly bent"),
    ),
    State(words=rf"{_MUCH}(?:bent|flexed|folded|crooked|bends|bending|flexes|bend)", means=_hinge("bent")),
    State(
        words=r"(?:completely |fully |almost |nearly |quite )*(?:straight(?:ened)?|stretched|extended|straightens|"
        r"straightening|extends|locked|unbent)(?: out| through)?",
        means=_hinge("straight"),
    ),
    State(
        words=rf"{_HELD}(?:high |up |straight up |well )*(?:above|over|higher than) (?:the top of )?"
        rf"(?:(?:the|his|her|their) )?head(?: height)?|{_HELD}overhead",
        means=_for("arm hand wrist", "arm_height", "above the head"),
    ),
    State(
        words=rf"{_HELD}(?:out )?(?:at|to|up to|about|around|level with|near|about level with) "
        r"(?:about |roughly |around )?(?:(?:the|his|her|their) )?shoulders?(?: height| level)?",
        means=_for("arm hand wrist", "arm_height", "at shoulder height"),
    ),
    State(
        words=r"(?:raised|lifted|raises|lifts|raising|lifting|held up|held high|holds up|holding up|in the air|up)"
        r"(?: high| up| off the ground| from the ground| clear of the ground| in the air| into the air)*"
        r"(?: above (?:the |his |her |their )?shoulders?| above shoulder (?:height|level))?"
        r"|(?:high )?above (?:the |his |her |their )?shoulders?|above shoulder (?:height|level)"
        r"|off the ground|clear of the ground|higher than the (?:other|left|right)(?: foot| one)?",
        means={**_for("arm hand wrist", "arm_height", "raised"), **_for("leg foot knee", "leg_lift", "lifted")},
    ),
    State(
        words=r"(?:lowered|hang(?:s|ing)?|held low|held down|lowers|lowering|pointing down|dropped|down)"
        r"(?: (?:low|down|loosely|freely|by|at|to|beside|along|near)(?: (?:the|his|her|their|the person's))?"
        r"(?: (?:side|sides|hip|hips|body))?)*"
        r"|below (?:the |his |her |their )?(?:shoulders?|chest)|(?:by|at|down at) (?:the|his|her|their) sides?",
        means=_for("arm hand wrist", "arm_height", "lowered"),
    ),
    State(
        words=rf"{_HELD}(?:far |well |straight )?(?:out )?"
        rf"(?:to (?:the|his|her|their|one)(?: own)?(?: left| right)? sides?|sideways|to each side|away from the body)|"
        rf"{_HELD}out wide|spread(?: out)?(?: wide)?|wide(?: open)?",
        means=_for("arm hand", "arm_side", "out to the side"),
    ),
    State(
        words=rf"{_HELD}(?:brought |folded |crossed |crossing |crosses )?(?:across|in front of|over)"
        r" (?:(?:the|his|her|their) )?(?:body|chest|trunk|torso)",
        means=_for("arm hand", "arm_side", "across the body"),
    ),
    State(
        words=r"(?:planted |firmly |flat |resting |rests |standing |stays )*(?:on|touching|touches) the "
        r"(?:ground|floor)|grounded|bears the weight|carries the weight",
        means=_for("leg foot", "leg_lift", "on the ground"),
    ),
    State(words=r"(?:spread |wide |set |placed |planted |well |far |held )*apart|spread(?: wide)?",
          means=_for("legs feet", "legs", "apart")),
    State(words=r"(?:close |held |kept |pressed )*together|side by side", means=_for("legs feet", "legs", "together")),
    State(words=r"in (?:a )?(?:(?:long|wide|big|clear|walking|running) )*stride",
          means=_for("legs feet", "legs", "in a stride")),
)  # fmt: skip
"""States of a body part."""

PART = (
    r"(?:(?P<both>both(?: of)?(?: (?:the|his|her|their))?|each|(?:the|his|her|their) two)(?: left and right)? |"
    r"(?P<first>left|right)(?:(?: and|,) (?:the |his |her |their )?(?P<second>left|right))? |"
    r"(?P<other>the other) |(?P<one>one|either|neither) (?:of (?:the|his|her|their) )?)?"
    r"\b(?P<noun>elbow|knee|arm|hand|wrist|leg|foot|feet)(?P<plural>s?)\b(?!-)"
)
"""A body part, with whose side it is where that is said."""

ELLIPSIS = r"(?<!to )\b(?:the|his|her|their) (?P<side>left|right|other)(?: one)?(?= (?:is|are|stays|remains|hangs)\b)"
"""A side alone, standing for a part named before: "the left elbow is bent, the right is straight"."""

_TURNED = r"(?:fac(?:es|ing|e)|turn(?:s|ed|ing)|look(?:s|ing)?|oriented|point(?:s|ed|ing)|head(?:s|ed|ing))"
_TO = r"(?: directly| straight| fully| mostly| to| toward| towards| at| into| out at)*"

BODY = (
    ("trunk", "bent over", (
     r"\b(?:bent|bend(?:s|ing)) (?:right |far |well |deeply )?(?:over|forward|forwards|down|double)"
     r"|\b(?:doubled|hunched) over|\b(?:bent|folded|bending) (?:forward )?at the (?:waist|hips)")),
    ("trunk", "leaning",
     r"\blean(?:s|ing|ed|t)?\b|\b(?:tilt(?:ed|s|ing)|inclin(?:ed|es|ing))\b|\bin a (?:clear )?lean\b"),
    ("trunk", "upright", (
     r"\bupright\b|\b(?:trunk|torso|back|body|upper body) (?:is |held |kept |stays )*"
     r"(?:straight|vertical|erect)\b|\berect\b")),
    ("legs", "in a stride",
     r"\b(?:mid-stride|striding|takes a (?:long )?stride|in (?:full |a |a long |a wide )?stride)\b"),
    ("stance", "standing", r"\b(?:stands?|standing|stood|on (?:his|her|their|both) feet)\b"),
    ("stance", "sitting", r"\b(?:sits?|sitting|sat|seated)\b"),
    ("stance", "crouching", r"\b(?:crouch(?:es|ed|ing)?|squat(?:s|ted|ting)?)\b"),
    ("stance", "lying", r"\b(?:lies|lying|stretched out on the ground)\b"),
    ("facing", "away from the camera", (
     rf"\b(?:{_TURNED}|seen|viewed|is)(?: directly| straight| fully)? away(?: from {CAMERA})?"
     rf"|\bback(?: is| are)?(?: turned)?(?: to| toward| towards) {CAMERA}"
     r"|\b(?:seen|shown|viewed) from (?:behind|the back|the rear)"
     r"|\bback (?:is )?(?:turned|visible|facing us)\b|\bback view\b")),
    ("facing", "toward the camera",
     rf"\b{_TURNED}{_TO} {CAMERA}|\b(?:seen|shown|viewed) from the front\b|\bfaces? forward\b"),
    ("facing", "image left", (rf"\b{_TURNED}{_TO}(?: the)? left\b(?! (?:arm|leg|hand|foot|elbow|knee|of the person))"
     rf"(?: (?:side|edge|hand side))?(?: of the {PICTURE})?")),
    ("facing", "image right", (rf"\b{_TURNED}{_TO}(?: the)? right\b(?! (?:arm|leg|hand|foot|elbow|knee|of the person))"
     rf"(?: (?:side|edge|hand side))?(?: of the {PICTURE})?")),
)  # fmt: skip
"""States of the whole body: kind, value, words."""

ONE_LEGGED = (
    r"\b(?:stand(?:s|ing)|balanc(?:es|ing)) (?:only )?on (?:(?:the|his|her|their|only|just) )*"
    r"(?P<side>left|right) (?:leg|foot)\b"
)
"""Standing on one leg: the other is lifted."""

SIDE_OF = rf"\b(?P<where>to|on|at) the (?P<side>left|right)(?:-hand side| side)? of (?P<target>{NAMED}|them|him|her)"
PLACE = (
    r"\b(?:in|on|at|to|toward|towards|near|within|occupies|fills|takes up) the "
    r"(?P<where>left|right|middle|cent(?:er|re)|central)"
    rf"(?:-hand)?(?: third| part| side| half| area| portion)?(?: of the {PICTURE})"
)
NEAREST = (
    rf"\b(?:near|clos)est(?: person)?(?: to (?P<other>{NAMED}|him|her|them))?(?: in the {PICTURE})?"
    rf"(?:,? (?:is|being) (?P<target>{NAMED}))?"
)
"""Who is where. "The person nearest to A is B"; "A is nearest to B"; "nearest to A is B"."""

THING = r"\b(?P<thing>" + "|".join(sorted(THING_NAMES, key=len, reverse=True)) + r")(?:s|es)?\b"

_DET = rf"(?:{POSSESSIVE} |some |another )?(?:pair of |\w+ )?"
_HANDS = (
    rf"(?:{POSSESSIVE} |both |both {POSSESSIVE} |either )?(?:(?P<first>left|right)(?: and (?P<second>left|right))? )?"
    r"(?P<limb>hand|foot|feet)(?P<plural>s?)"
)
_HOLD = (
    r"(?:hold(?:s|ing)?|grip(?:s|ping)?|carr(?:ies|y|ying)|clutch(?:es|ing)?|grasp(?:s|ing)?|touch(?:es|ing)?|swing(?:s|ing)?|"
    r"rais(?:es|ing)|has|have|having|had|with|keeps|rests?|resting|held)"
)
_AT = (
    r"(?:(?:is|are|rests|resting|placed|positioned|kept|seen|right|stays|being|lies|reaches|reaching|stands|standing|"
    r"both|closed|wrapped) )*"
    r"(?:holding|holds|hold|touching|touches|touch|gripping|grips|grip|on|at|around|against|carrying|carries|"
    r"in contact with|resting on|next to)"
)

CONTACT = (
    rf"\b{_HOLD} {_DET}{THING},? (?:(?:firmly|loosely|up|high) )*(?:in|with|by|under|using|at) {_HANDS}\b",
    rf"\b{_HANDS} (?:of (?P<owner>{NAMED}) )?(?P<not>(?:is|are|does|do)(?: not|n't) )?{_AT} {_DET}{THING}",
    (
        rf"\b(?:in|with) {_HANDS}(?: of (?P<owner>{NAMED}))?,?(?: (?:is|there is|he|she|they|the \w+))? "
        rf"(?:{_HOLD} )?{_DET}{THING}"
    ),
    rf"\b{THING} (?:(?:is|are|held|gripped|carried) )*(?:in|by|at|under|with) {_HANDS}(?: of (?P<owner>{NAMED}))?",
    rf"\b(?:hold(?:s|ing)?|grip(?:s|ping)?|carr(?:ies|y|ying)|clutch(?:es|ing)?|touch(?:es|ing)?) {_DET}{THING}",
)
"""A hand or foot at an object, the most telling forms first; the last says no hand."""

CONNECTORS = frozenset(
    re.findall(
        r"\w+",
        """
    is are was were be being been held hold holds holding kept keep keeps keeping remain remains stay stays staying
    and with also both clearly visibly plainly very fully quite rather noticeably fairly just now still here but
    while at about in a position right more well appears looks seems it has have which that to currently again of
    them each only
""",
    )
)
"""What may stand between a body part and the state said of it."""

DETERMINERS = frozenset(("the", "a", "an", "his", "her", "their", "both", "one", "its", "of"))
"""What may stand between a state and the part that follows it ("bends the right elbow")."""
