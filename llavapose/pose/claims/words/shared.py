"""Words that all kinds of claims share: people, body parts, denial, doubt, and what may stand between part and state.

All are matched on lower-cased text with single spaces.
"""

import re
from dataclasses import dataclass

from llavapose.pose.people import NOUNS

POSSESSIVE = r"(?:the|his|her|their|its|a|an|one's)"
PICTURE = r"(?:picture|image|photo|photograph|frame|scene|shot|composition|view)"
CAMERA = (
    r"(?:(?:the |our )?(?:camera|viewer|photographer|lens|observer|person behind the camera|onlooker|reader"
    r"|person taking the (?:picture|photo)|picture-taker|lens of the camera)|us|our (?:way|direction)|you)"
)
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

PLURALS = (
    r"people|persons|men|women|boys|girls|children|kids|individuals|figures|players|skiers|surfers|snowboarders|"
    r"skateboarders|runners|athletes|adults|humans"
)
_WHERE = (
    rf"(?: (?:standing |seated |sitting |positioned |located )?(?:on|at|in|to) the (?:far |very |extreme )?"
    rf"(?:left|right|middle|cent(?:er|re))(?: side)?(?: of the {PICTURE})?(?! of\b)(?!-hand)"
    rf"(?! (?:hand|foot|arm|leg|elbow|knee|third|half|edge|part|margin|border))"
    rf"| (?:\w+ )?from the (?:left|right)(?: side)?)"
)
_ADJECTIVES = (
    r"(?:(?:far|left|right|leftmost|rightmost|middle|cent(?:er|re)|central|other|same|only|single|first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth|tenth|young|younger|old|older|elderly|tall|male|female|main|front|lone|"
    r"right-hand|left-hand|little|adult|teenage|smiling|bearded|blond|another|nearest|closest|tennis|baseball|soccer|"
    r"middle-aged|shirtless|solitary) )*"
)
_ROLES = (
    r"swimmer|golfer|dancer|gymnast|cyclist|goalkeeper|catcher|server|climber|jogger|teenager|toddler|hiker"
    r"|worker|performer|"
    r"participant|gentleman|grandmother|grandfather|mother|father|baby|pedestrian|bowler|waiter|waitress|chef"
    r"|goalie|fisherman|"
    r"musician|guitarist|boxer|archer|opponent|driver|passenger|teacher|student|instructor|coach|referee|umpire"
    r"|judge|soldier|"
    r"officer|farmer|vendor|shopper|customer|traveler|commuter|biker|motorcyclist|wrestler|fencer|diver|sailor"
    r"|rower|paddler|"
    r"spectator|onlooker|bystander|observer|adult|human|athlete|companion|friend|partner|teammate|colleague"
    r"|neighbor|neighbour|"
    r"bride|groom|model|singer|speaker|kneeler|sprinter|hitter|hurdler|juggler|painter|photographer in the"
    r" picture|gardener|"
    r"carpenter|cook|barista|doctor|nurse|patient|policeman|fireman|youngster|youth|senior|dad|mom|son|daughter"
    r"|sister|brother|"
    r"husband|wife|acrobat|yogi|trainer|lifter|weightlifter|kayaker|snow ?boarder|skater|goaltender|defender"
    r"|striker|forward player|"
    r"quarterback|shortstop|receiver|jockey|equestrian|horseman|cowboy|clown|actor|actress|reader|bather"
    r"|sunbather|tourist"
)
_NO_ADJECTIVE = (
    r"(?:of|and|with|in|on|at|to|the|a|an|is|are|was|by|from|who|that|which|or|as|for|near|beside|behind|than"
    r"|his|her|their|its|has|"
    r"holds|wears|holding|wearing|arms?|legs?|hands?|elbows?|knees?|foot|feet|body|back|trunk|torso|while|but"
    r"|where|whose|toward|"
    r"towards|into|over|under|between|against|left|right|each|both|side|not|out)\b"
)
NAMED = (
    rf"\b(?:(?:one|another) of (?:them|the {PLURALS})|someone|somebody)\b|\bthe other(?= (?:on|at|in) the"
    rf" (?:left|right|middle)){_WHERE}|"
    rf"\b(?:his|her|their) (?:\w+ )?(?:opponent|partner|companion|friend|teammate|neighbou?r|coach|instructor"
    rf"|mother|father|son|daughter|"
    rf"brother|sister|husband|wife|colleague)\b(?!'s? side){_WHERE}?|"
    rf"\b(?:the|a|an|another|this|that|one|each) (?!(?:left|right|other) one\b)(?:{_ADJECTIVES}(?:{NOUNS})"
    rf"|{_ADJECTIVES}(?:(?!{_NO_ADJECTIVE})[\w-]+ ){{0,3}}?"
    rf"(?:{NOUNS.removesuffix('|one')}|{_ROLES}))\b(?!'s? side)(?! (?:leg|arm|foot)\b)(?!-){_WHERE}?"
)
"""One person by name: "the man on the left", "the second person from the left", "a skier"."""

GROUP = (
    rf"\b(?:both|all|the two|the three|all three|all four)(?: of)?(?: the)?(?: (?:{'|'.join(NUMBERS[2:])}))? "
    rf"(?:{PLURALS}|of them)\b|\b(?:everyone|everybody|each person|they both|they all|both of them)\b"
)
"""All the people at once."""

PRONOUN = r"\b(?:he|she|they|him|his|her|hers|their|theirs|them)\b"
"""Stands for the person spoken of last."""

NEGATION = (
    r"\b(?:not|never|no longer|neither|nor|without|hardly|rather than|instead of|far from|anything but|none of"
    r"|nothing of|"
    r"no (?:part|portion|bit|side)|no one|nobody|fails? to|no)\b|n't\b"
)

DOUBT = (
    r"\b(?:or|if (?!you|we|one)|whether|may|might|could|would|should|about to|ready to|before|unless|able to"
    r"|allows?|helps?|perhaps|maybe|"
    r"possibly|probably|likely|presumably|supposedly|as if|as though|suggest(?:s|ing)?|impl(?:y|ies"
    r"|ying)|guess|"
    r"potentially|hard to (?:say|tell)|unclear|cannot be (?:seen|told)|can't tell|wants?|tr(?:ies|ying)"
    r"|prepar(?:es|ing)|"
    r"(?:includes?|involves?|requires?|means) (?:keeping|holding|bending|having|leaning|standing|raising)|"
    r"intend(?:s|ing)?|hop(?:es|ing)|going to|needs?|must|will (?!see|find|notice)|when|until|imagine|used to"
    r"|once|looks? (?:like|as)|not sure|"
    r"not clear|uncertain|as (?:in|for) an?)\b"
    r"|(?<!turned )(?<!turns )(?<!turning )\b(?:to|can|ought to) (?:be (?!seen|found)|keep|bend|raise|lift"
    r"|lower|straighten|stand|sit|lie|lean|face|turn|hold|"
    r"extend|stretch|crouch|squat|kneel|put|place|plant|touch|grip|rest|step|get|take|move|jump|swing)\b"
)
"""Words after which a clause states nothing."""

GIVEN = r"\b(?:uses?|using|used|allows|chooses|manages|happens|is seen|can be seen) "
"""Before "to hold" and the like: a fact nevertheless."""

SURELY = (
    r"(?:(?!slight|gent|soft|light|mild|bare|part|faint|subt|loose|near|almost|hardly|margin|minim|moder"
    r"|modest)\w+ly |very |well |"
    r"quite |rather |all the way |bolt |so |still |much |clean |deep |too |perfectly |noticeably )*"
)
"""Adverbs that leave a state what it is."""

SLIGHT = (
    r"(?:(?:only |just |ever so |very |but )*(?:slightly|gently|softly|lightly|mildly|barely|partially|partly"
    r"|faintly|subtly|loosely|"
    r"a little(?: bit)?|a bit|a touch|a tad|a shade|a hair|a fraction|a trifle|somewhat|moderately|modestly"
    r"|marginally|minimally|"
    r"scarcely|casually))"
)
"""Adverbs that weaken a state."""

SLIGHT_NOUN = (
    r"(?:(?:very |rather |only a |just a )?(?:slight|small|gentle|soft|mild|light|subtle|faint|little|modest"
    r"|minor|shallow|tiny|"
    r"moderate|relaxed|easy|barely visible|loose|minimal|hint of an?|touch of an?|bit of an?|trace of an?"
    r"|suggestion of an?))"
)
BY = r"(?:in|at|to|of|through)"
NO_BEND = (
    r"(?:no|without (?:any|an?|the slightest|the least|so much as an?)|hardly any|free (?:of|from) any|devoid"
    r" of(?: any)?|lacks? (?:any|an?)|"
    r"little or no|not (?:an?|the slightest|the least|any)|zero)(?: (?:visible|real|noticeable|hint of an?"
    r"|trace of an?|sign of an?|slightest))?"
)
NOT_QUITE = (
    r"(?:(?:not|n't|never|short of|less than|without being) (?:quite|fully|completely|entirely|perfectly"
    r"|totally|all the way|absolutely|being)|"
    r"just short of(?: being)?|less than|shy of|short of(?: being)?)"
)
NEARLY = r"(?:nearly|almost|close to|practically|all but|more or less)"


@dataclass(frozen=True, kw_only=True)
class StateWords:
    """A way to say a state of a body part.

    Attributes:
        words: a regular expression.
        means: for each part's noun the kind and value that are claimed; empty where the words are too vague.
        cues: stems, one of which every match contains: where none is in a sentence, the expression is not tried.
        tight: whether the words are so common that only a few small words may stand between part and state.
    """

    words: str
    means: dict[str, tuple[str, str]]
    cues: str
    tight: bool = False


def means(nouns: str, kind: str, value: str) -> dict[str, tuple[str, str]]:
    """The same kind and value for several nouns."""
    return dict.fromkeys(nouns.split(), (kind, value))


PART_NOUNS = {
    "feet": "foot", "ankle": "foot", "shoe": "foot", "sole": "foot", "boot": "foot", "sneaker": "foot", "wrist": "hand",
    "fist": "hand", "palm": "hand", "upper arm": "arm", "lower leg": "leg", "thigh": "leg", "shin": "leg",
}  # fmt: skip
"""Nouns of parts that are read as another's."""

_OF = r"(?: of (?:the|his|her|their))?"
PART = (
    rf"(?:(?P<both>both{_OF}(?: the| his| her| their)?|each|(?:the|his|her|their) two)(?: left and right)? |"
    r"(?P<first>left|right)(?:(?: and| or) (?:the |his |her |their )?(?P<second>left|right))?(?:-side)? |"
    r"(?P<other>the other|the opposite) |(?P<one>one|either|neither|no|a|an|another) (?:of (?:the|his|her|their) )?)?"
    r"\b(?P<noun>elbow|knee|forearm|upper arm|arm|hand|wrist|fist|palm|lower leg|leg|thigh|shin|foot|feet|ankle"
    r"|shoe|sole|boot|sneaker)"
    r"(?P<plural>s?)\b(?!-)(?! (?:pads?|guards?|braces?|bands?|warmers?|rests?|bags?|rails?|length|sleeves?"
    r"|bones?|of (?:the|a) "
    r"(?:table|chair|couch|sofa|bed|bench|hill|mountain|stairs|slope|page|clock|sink|tripod|desk|stool)))"
    r"(?: on (?:his|her|their) (?P<own>left|right)(?: side)?)?"
)
"""A body part, with whose side it is where that is said."""

NO_PART = (
    r"\b(?:on the other hand|hand in hand|at hand|by hand|on foot|at the foot|(?:six|five|four|three|two|ten"
    r"|few|several|\d+) feet"
    r"|(?:table|chair|couch|sofa|bed|bench|desk|stool|tripod|horse|dog|cat|cow|giraffe|elephant|bear|sheep"
    r"|zebra|bird)'s (?:\w+ )?"
    r"(?:legs?|foot|feet|arms?|hands?|knees?)|pant legs?|trouser legs?|(?:trousers|pants|jeans|leggings)"
    r" (?:have|with) (?:an? )?(?:\w+ )?legs?)\b"
)
"""Words for a part that mean none."""

ELLIPSIS = (
    r"\b(?P<side>left|right|other)(?: one)?(?=,? (?:is|are|was|stays|remains|hangs|rests|dangles|points|reaches"
    r"|kept|held|straight|bent|"
    r"lowered|raised|lifted|extended|relaxed|slightly|fully|hanging|planted|stretched|flexed|down|up|firmly)\b)"
)
BEFORE_ELLIPSIS = (
    r"(?:(?<!\bto )(?<!\bon )(?<!\bat )(?<!\btoward )(?<!\bof )\b(?:the|his|her|their) |[,;] |\band |\bwhile )$"
)
"""A side alone, standing for a part named before: "the left elbow is bent, the right is straight"."""

CONNECTORS = frozenset(
    re.findall(
        r"\w+",
        """
    is are was were be being been held hold holds holding kept keep keeps keeping remain remains stay stays staying
    and with also both clearly visibly plainly very fully quite rather noticeably fairly just now still here but
    while at about in a position right more well it has have which that to currently again of
    them each only comes goes brings brought swung put puts thrust thrown left let lets rests resting
""",
    )
)
"""What may stand between a body part and a common word ("up", "down") said of it."""

BLOCKERS = re.compile(
    r"[.;()]|\b(?:he|she|they|it|while|whereas|although|whose|another|other|head|neck|chin|chest|back|torso"
    r"|trunk|body|waist|"
    r"hips?|shoulders?|face|gaze|eyes|fingers|thumb|spine|posture|pose|stance|person|people|who|someone|as)\b"
)
"""What must not stand between a body part and a state said of it."""

DETERMINERS = frozenset(("the", "a", "an", "his", "her", "their", "both", "one", "its", "of", "that"))
"""What may stand between a state and the part that follows it ("bends the right elbow")."""
