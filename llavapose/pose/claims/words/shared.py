"""Words that all kinds of claims share: people, body parts, denial, doubt, and what may stand between part and state.

All are matched on lower-cased text with single spaces.
"""

import re
from dataclasses import dataclass

POSSESSIVE = r"(?:the|his|her|their|its|a|an|one's)"
PICTURE = r"(?:picture|image|photo|photograph|frame|scene|shot|composition|view)"
CAMERA = (
    r"(?:(?:the |our )?(?:camera|viewer|photographer|lens|observer|person behind the camera|onlooker|reader"
    r"|person taking the (?:picture|photo)|picture-taker|lens of the camera)|us|our (?:way|direction)"
    r"|you(?! (?:will|can|may|might|could|see|find|notice)|'ll))"
)
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

NEGATION = (
    r"\b(?:not|never|no longer|neither|nor|without|hardly|rather than|instead of|far from|anything but|none of"
    r"|nothing of|"
    r"no (?:part|portion|bit|side)|no one|nobody|fails? to|nothing|no(?!,|[.:;]| ?[–—-]))\b|n't\b"
)

DOUBT = (
    r"(?<=[a-z])'d (?:be|have|stand|sit|lie|lean|raise|bend|keep)\b|\b(?:or|the way|if (?!you|we|one)|whether|may"
    r"|might"
    r"|could|would|should|about to|ready to|before|unless|able to"
    r"|allows?|helps?|perhaps|maybe|"
    r"possibly|probably|likely|presumably|supposedly|as if|as though|suggest(?:s|ing)?|impl(?:y|ies"
    r"|ying)|guess|"
    r"potentially|hard to (?:say|tell)|unclear|cannot be (?:seen|told)|can't tell|wants?|tr(?:ies|ying)"
    r"|prepar(?:es|ing)|"
    r"(?:includes?|involves?|requires?|means) (?:keeping|holding|bending|having|leaning|standing|raising)|"
    r"intend(?:s|ing)?|hop(?:es|ing)|going to|needs?|must|will (?!see|find|notice)|when|until|imagine|used to"
    r"|once|looks? (?:like|as)|not sure|"
    r"not clear|uncertain|as (?:in|for) an?)\b"
    r"|(?<!turned )(?<!turns )(?<!turning )(?<!opted )(?<!chosen )(?<!chose )"
    r"(?<!chooses )(?<!decided )(?<!happens )(?<!continues )(?<!got )"
    r"\b(?:to|can|ought to) (?:be (?!seen|found|spotted|observed|noticed|made out|glimpsed|identified|recogni)"
    r"|keep|bend|raise|lift"
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
_OF_LIMB = (
    r"(?:(?:the|his|her|their|an?|each|both|either|its|one) )*(?:(?:left|right|other|same) )*"
    r"(?:elbows?|knees?|arms?|legs?|joints?|limbs?|forearms?|it|them|that|this|about|roughly|middle|left|right|other"
    r"|one|both|each|\d+)\b"
)
HERE = (
    r"(?! (?:(?:comes?|lies|sits|is|was|goes) )?(?:only |entirely |just )?(?:at|in|of|from|to|through|behind|between"
    rf"|along|around|before) (?!{_OF_LIMB}))"
)
"""Behind "a bend": it is not said to be elsewhere than in a limb."""
BEND_VERB = r"(?<!\ba )(?<!\bthe )(?<!sharp )(?<!clear )(?<!deep )(?<!slight )bend"
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
    rf"(?<!\w)(?:(?P<both>both{_OF}(?: the| his| her| their)?|each|(?:the|his|her|their) two)(?: left and right)? |"
    r"(?P<first>left|right)(?:(?: and| or) (?:the |his |her |their )?(?P<second>left|right))?(?:-side)? |"
    r"(?P<other>(?:the|his|her|their) other|the opposite) |(?P<that>that|the same) |(?P<one>one|either|neither|no|a"
    r"|an|another) (?:of (?:the|his|her|their) )?)?"
    r"\b(?P<noun>elbow|knee|forearm|upper arm|arm|hand|wrist|fist|palm|lower leg|leg|thigh|shin|foot|feet|ankle"
    r"|shoe|sole|boot|sneaker)"
    r"(?P<plural>s?)\b(?!-)(?! (?:pads?|guards?|braces?|bands?|warmers?|bags?|rails?|length|sleeves?"
    r"|bones?|of (?:the|a) "
    r"(?:table|chair|couch|sofa|bed|bench|hill|mountain|stairs|slope|page|clock|sink|tripod|desk|stool)))"
    r"(?! of (?:the|an?|his|her|their|its) (?:[\w-]+ )?(?:trousers|pants|jeans|leggings|tights|shorts|overalls|jacket"
    r"|coat|shirt|sweater|suit|uniform|armchair)\b)"
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
    r"\b(?P<side>left|right|other|opposite) (?P<spelled>one)\b(?! (?:of|who|whose|from|nearest|standing|sitting"
    r"|lying|crouching"
    r"|stands|sits|lies|crouches|leans|faces|wears|holds|looks|wearing|holding)\b)"
    r"|\b(?P<short>left|right|other)(?=,? (?:is|isn't|are|was|does|doesn't|stays|remains|hangs|rests|dangles"
    r"|points"
    r"|reaches|goes|hovers|climbs|comes|drops|keeps|does|has|kept|held|straight|bent|lowered|raised|lifted"
    r"|extended|relaxed"
    r"|slightly|fully|hanging|planted|stretched|flexed|down|up|firmly|way|at|out|overhead|over|above|behind|too"
    r"|as well|being|on|in|against"
    r"|resting|touching|swinging|reaching|lying|pointing|dangling|drawn|pulled|swung|thrown|stretching|just as"
    r"|likewise|locked|folded|crooked|also|off|across|clear|well|high|low|just|in the air|while|but|and|whereas)\b"
    r"|[.;)]|,|$)"
    r"|(?P<pair>(?:both|neither|each)(?: of (?:them|these|those))?)(?= (?:is |are )?(?:bent|straight|extended"
    r"|raised|lifted"
    r"|lowered|stretched|flexed|locked|crooked|above|overhead|hanging|planted|unbent|fully)\b)"
    r"|(?P<some>one)(?= (?:to|above|at|raised|lifted|lowered|bent|straight|extended|held|up|down|out|over"
    r"|overhead|slightly"
    r"|hanging|stretched|pointing|folded|across)\b)"
    r"|(?<=its )(?P<twin>twin|partner|counterpart|fellow|mate|opposite number|sibling)\b"
)
BEFORE_ELLIPSIS = (
    r"(?:(?<!\bto )(?<!\bon )(?<!\bat )(?<!\btoward )(?<!\btowards )(?<!\bof )(?<!\bfrom )(?<!\bin )\b(?:the|his"
    r"|her|their|its) "
    r"|[,;:] |\band |\bwhile |\bwhereas )$"
)
BEFORE_ONE = r"\b(?:an?|the|his|her|their) (?!(?:on|to|at|of|from|with|and)\b)[\w-]+ $"
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
    r"[.;:()]|\b(?:he|she|they|it|while|whereas|although|whose|another|other|head|neck|chin|chest|back|torso"
    r"|trunk|body|waist|"
    r"hips?|shoulders?|face|gaze|eyes|fingers|thumb|spine|posture|pose|stance|person|people|who|someone|as)\b"
)
"""What must not stand between a body part and a state said of it."""

DETERMINERS = frozenset(("the", "a", "an", "his", "her", "their", "both", "one", "its", "of", "that"))
"""What may stand between a state and the part that follows it ("bends the right elbow")."""
