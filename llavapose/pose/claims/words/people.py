"""Words for people: one by name, several at once, pronouns; and the nouns that look like one and are none.

All are matched on lower-cased text with single spaces.
"""

from llavapose.pose.claims.words.nouns import ROLES, THINGS
from llavapose.pose.claims.words.shared import NUMBERS, PICTURE
from llavapose.pose.people import NOUNS
from llavapose.pose.things import THING_NAMES

_WORDS = "|".join(sorted({*ROLES.split(), "human being"} - {"being"}, key=len, reverse=True))
_NOT = "|".join(sorted(THINGS.split(), key=len, reverse=True))
_OPEN = (
    rf"(?!(?:{_NOT})s?\b)[a-z][\w-]*(?:[^aeiou\W]er|[aeiou]er|tor|sor|ist|ician|arian|eer|keeper|goer|comber"
    rf"|holder|bearer|mate"
    r"|maker|wo?man|boy|girl|kid|child|mother|father|daughter|maid|lady|person)"
)
SINGULAR = rf"(?:{NOUNS.removesuffix('|one')}|{_WORDS}|{_OPEN})"
"""One person, at the end of the words that name them."""

PLURALS = (
    rf"people|persons|men|women|children|ladies|folks?|grown-?ups|passers-?by|babies|siblings|sportsmen"
    rf"|sportswomen|policemen"
    rf"|policewomen|fishermen|firemen|businessmen|oarsmen|workmen|human beings|figures|guys|teens|family members"
    rf"|(?:{_WORDS})s|(?:{NOUNS.removesuffix('|one')})s|{_OPEN.replace('wo?man', 'wo?men')}s"
)
"""Several people."""

COLOURS = (
    r"red|green|blue|yellow|orange|pink|purple|brown|black|white|grey|gray|turquoise|beige|khaki|navy|teal|maroon"
    r"|violet"
    r"|gold|silver|cream|tan|denim|plaid|stripes|striped|dark|light|bright"
)
_GARMENT = (
    r"(?:t-?)?shirts?|top|tops|blouse|sweater|jacket|coat|hoodie|pullover|vest|dress|skirt|pants|trousers|jeans"
    r"|shorts"
    r"|leggings|suit|swimsuit|bikini|wetsuit|uniform|jersey|cap|hat|helmet|beanie|scarf|gloves|shoes|boots|sneakers"
    r"|goggles|glasses|sunglasses|apron|robe|kit|outfit|gear|clothes|clothing|tie|tee|cardigan|tunic|overalls|parka"
)
_CARRIED = rf"(?:{'|'.join(sorted(THING_NAMES, key=len, reverse=True))}|cap|hat|helmet|beard|ponytail|backpack)s?"
WORN = (
    rf"(?: (?:in|wearing|dressed in|clad in|sporting)(?: (?:an?|the|his|her|all))?"
    rf"(?:,? (?:and )?(?:(?:{COLOURS}|long|short|\w+-sleeved|casual|winter|baseball|tennis|ski) )*(?:{COLOURS}"
    rf"|{_GARMENT}))+"
    rf"(?![\w-])| (?:in|wearing) (?:an?|the|his|her) (?:(?:{COLOURS})(?:,? and|,)? )+(?!and\b|with\b|is\b"
    rf"|stands\b)[a-z]+(?![\w-])|(?: with| carrying| holding) (?:the|an?|his|her) (?:(?:{COLOURS}|open"
    rf"|folded) )*{_CARRIED}(?![\w-])"
    rf"(?! (?:in|with|under|by|of)\b))"
)
"""Behind a noun: by what they wear or have with them a person is told from the others."""

_WHERE = (
    rf"(?: (?:standing |seated |sitting |positioned |located )?(?:on|at|in|to) the (?:far |very |extreme )?"
    rf"(?:left|right|middle|cent(?:er|re))(?: side)?(?: of the {PICTURE})?(?! of\b)(?!-hand)"
    rf"(?! (?:hand|foot|arm|leg|elbow|knee|third|half|edge|part|margin|border))"
    rf"| (?:\w+ )?from the (?:left|right)(?: side)?)"
)
_NO_ADJECTIVE = (
    r"(?:of|and|with|in|on|at|to|the|a|an|is|are|was|by|from|who|that|which|or|as|for|near|beside|behind|than"
    r"|his|her|their|its|has|holds|wears|holding|wearing|arms?|legs?|hands?|elbows?|knees?|foot|feet|body|back|trunk"
    r"|torso|while|but|where|whose|toward|towards|into|over|under|between|against|each|both|side|not|out|stands?"
    r"|sits?|lies|leans?|bends?|raises?|lifts?|it|he|she|they|we|you|i|like|be|been|have|had|one|two|another|some"
    r"|these|those|this|way)\b"
)
_BEFORE = rf"(?:(?!{_NO_ADJECTIVE})[\w-]+,? ){{0,4}}?"
_DETERMINER = r"(?:the|an?|another|this|that|one|our|my|your|some|[a-z]+'s)"
_NO_PERSON = (
    r"tower|chair|hut|station|statue|statuette|figurine|sculpture|mannequin|doll|puppet|poster|portrait|cabin|costume"
    r"|suit|uniform|helmet|cart|crossing|area|bench|club|zone|shop|tent|sign|photo|logo"
    r"|elephant|giraffe|zebra|bear|cow|bird|horse|sheep|goat|animal"
)
"""Nouns before which another only says which: "a lifeguard tower"."""
NAMED = (
    rf"\b(?:(?:(?:the (?:left|right|first|second|third|other|\w+er) )?one|another|the \w+(?:er|est)) of (?:them\b"
    rf"|(?:the|these|those)"
    rf" (?:(?:{'|'.join(NUMBERS[2:])}) )?(?:(?!{_NO_ADJECTIVE})[\w-]+ ){{0,2}}?(?:{PLURALS}))|(?:someone"
    rf"|somebody)(?: else)?|whoever)\b{WORN}*"
    rf"|\bthe other(?: one)?(?= (?:on|at|in) the (?:left|right|middle)){_WHERE}"
    rf"|\b(?:his|her|their) (?!(?:\w+ )?(?:closest|nearest|next|immediate|direct)\b){_BEFORE}(?:opponent|partner"
    rf"|companion|friend|teammate|neighbou?r|coach|instructor|mother"
    rf"|father|son|daughter|brother|sister|husband|wife|colleague|housemate|classmate|playmate|rival|child|baby"
    rf"|trainer|caddy)\b(?!'s? side)(?:{WORN}|{_WHERE})*"
    rf"|\b(?:{_DETERMINER} {_BEFORE}{SINGULAR}"
    rf"|(?:the|this|that) (?:(?:{COLOURS})(?:-\w+ed)? |\w+-(?:shirted|topped|clad|haired|jacketed|trousered) "
    rf"|crouching |squatting |standing |seated |sitting |lying |kneeling |leaning |walking |running |jumping "
    rf"|(?:left|right)(?:-hand|most) |middle |central |first |second |third |fourth |last |tall(?:er)? |short(?:er)? "
    rf"|young(?:er)? |old(?:er)? |other )*one(?= (?:in|on|at|with|wearing|who|whose|from|to|nearest|closest|closer"
    rf"|beside|behind|next|holding)\b)(?: closer)?"
    rf"|(?:the|this|that) (?:\w+-(?:shirted|topped|clad|haired)|(?:left|right)(?:-hand|most)|middle|central"
    rf"|taller|shorter|younger|older|larger|smaller) one)"
    rf"\b(?!'s? side)(?! (?:leg|arm|foot|{_NO_PERSON})\b)(?!-)(?:{WORN}|{_WHERE})*"
)
"""One person by name: "the man on the left", "the second person from the left", "a skier in red"."""

_LIMBS = r"(?:left |right )?(?:arms?|elbows?|hands?|legs?|knees?|feet|foot|backs?|bodies|torsos?|trunks?)\b"
HEADLINE = (
    rf"^\W*(?:\d+[.)] )?(?P<who>(?:(?:far )?(?:left|right|middle|cent(?:er|re)|first|second|third|tall|short|young"
    rf"|old(?:er)?)"
    rf"(?:-hand)? )?{SINGULAR}(?: [a-d1-9]\b)?(?:{WORN}|{_WHERE})*)(?=[:,] )"
)
"""One person without an article, at the head of a line: "Person on the left: standing"."""

_SEVERAL = rf"(?:{'|'.join(NUMBERS[2:])})"
GROUP = (
    rf"(?<!no )\b(?:(?:both|all|each|neither|none|(?:all )?(?:the )?{_SEVERAL})(?: of)? (?:the |these |those "
    rf"|them\b)?"
    rf"(?:other )?(?:{_SEVERAL} )?{_BEFORE}(?:{PLURALS})|(?:both|all|each|neither|none"
    rf"|(?:all )?{_SEVERAL}) of (?:them|the"
    rf" {_SEVERAL}|these {_SEVERAL})|(?:each|every|neither|either) {_BEFORE}{SINGULAR}|all {_SEVERAL}|the {_SEVERAL}"
    rf"|(?:the|these|those) (?!only\b){_BEFORE}(?:{PLURALS}|(?:couple|duo|pair|trio|quartet)(?! of))|(?:a|the"
    rf"|this) (?:\w+ )?"
    rf"(?:couple|pair|duo|trio|quartet|group)(?: of {_BEFORE}(?:{PLURALS}))|(?:an?|the) (?:\w+ )?couple(?! of)"
    rf"|(?:several|some|many|a few|few|most|other|numerous) (?:other )?{_BEFORE}(?:{PLURALS})|(?<!only )people"
    rf"|both(?= (?:now |still )?(?:stand|sit|lie|lean|crouch|squat|face|look|with (?:his|her|their)"
    rf"|are(?! (?:\w+ly )?(?:bent(?! over| forward| double| down)|straight|extended|raised|lifted|lowered"
    rf"|stretched|flexed|locked|crooked|above"
    rf"|overhead|hanging"
    rf"|planted|unbent|fully|at|in|out|on|up|down)\b))\b)"
    rf"|everyone|everybody|each person|they both|they all|both of them"
    rf"|the others)\b(?!-)(?!'(?! (?:{_LIMBS})))(?:{WORN}|{_WHERE})*"
)
"""Several people, or all of them, at once."""

EVERYBODY = (
    rf"(?:both|all|each|neither|none|every|(?:all |the |all the ){_SEVERAL})\b.*|the (?:{PLURALS}|{_SEVERAL}"
    rf"|couple|duo"
    rf"|pair"
    rf"|trio|quartet)|everyone|everybody|they (?:both|all)|these .*"
)
"""Which of them leave nobody out."""

HE = r"\b(?:man|boy|gentleman|guy|chap|lad|fellow|father|brother|son|husband|he|him|his)\b"
SHE = r"\b(?:woman|girl|lady|lass|mother|sister|daughter|wife|she|hers?)\b"
"""Words of either sex."""

PRONOUN = r"\b(?:he|she|they|him|his|her|hers|their|theirs|them)\b"
"""Stands for the person spoken of last."""
