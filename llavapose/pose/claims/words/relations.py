"""How people are written about between each other and things: who is where, who holds what, how many there are.

All are matched on lower-cased text with single spaces; who is where and who holds what on text in which everyone named
is hidden behind ``PERSON``'s signs (``mentions.masked``).
"""

from llavapose.pose.claims.words.people import PLURALS, SINGULAR
from llavapose.pose.claims.words.shared import NUMBERS, PICTURE, POSSESSIVE
from llavapose.pose.things import THING_NAMES

PERSON = r"(?:ƿǀ*)"
"""Somebody named."""
PEOPLE = rf"(?:{PLURALS}|person|figure|individual|human|man|woman|child|skier|surfer|player)"
_GATHERED = (
    r"(?:group|party|crowd|team|total|row|line|bunch|gathering|trio|set|cluster|band|company|head ?count|sum"
    r"|family|cast) of"
)
_N = rf"(?P<number>{'|'.join(NUMBERS[2:])}|half a dozen|\d{{1,2}})"

COUNT = (
    rf"\b(?:an?|one) (?:lone|sole|solitary|single) (?:\w+ )?(?:{SINGULAR})\b|\b(?:(?P<many>(?<!how )many"
    rf"|more than ten"
    rf"|over ten|a (?:large )?crowd of|dozens of|scores of|a dozen"
    rf"|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty|thirty|forty|fifty)|(?P<one>(?:only"
    rf"|just|exactly) (?:one|a single)|a single|a lone|"
    rf"a solitary|a sole|one single|(?:only|just|exactly) 1|one(?= person (?:in|is (?:visible|seen|shown|in"
    rf"|present|pictured)|here|altogether|present|visible|can be|"
    rf"on view|only|alone)))|{_N}) (?:different |visible |other |main |primary |more |additional |further "
    rf"|prominent |smaller |distinct |separate |individual |human )?{PEOPLE}\b"
)
"""How many people; a bare "one person" counts only where it is plainly a count (see also ``COUNT_LEAD``)."""

COUNT_LEAD = (
    rf"\b(?:there (?:is|are)|i (?:can )?(?:see|count)|(?:picture|image|photo|scene|photograph|it|shot|frame) "
    rf"(?:shows|contains|has|holds|features|depicts|includes)|number of (?:people|persons|individuals"
    rf"|figures)(?: \w+)?(?: in (?:the|this) {PICTURE})?(?: is| equals| comes to)|"
    rf"shown (?:is|are)|you can see|(?:picture|photo|photograph|image|shot) (?:is )?of|consists of|(?:people"
    rf"|persons|individuals|figures)(?: in (?:the |this )?\w+)? (?:number|total|count|add up to|amount to|come to))"
    rf" (?:only |just |exactly |a total of |altogether |precisely )*(?P<number>{'|'.join(NUMBERS)}|no|\d{{1,2}})\b"
)

COUNT_GROUP = (
    rf"\b{_GATHERED} (?:exactly |just |only )?(?P<number>{'|'.join(NUMBERS[1:])}|\d{{1,2}})\b"
    rf"(?= (?:[\w-]+ ){{0,2}}?{PEOPLE}\b|\W*$|[.,;:]| (?:in|on|at|by|is|are|was|were|who|near|behind|stands?"
    rf"|sits?)\b)"
    rf"|\b(?P<all>{'|'.join(NUMBERS[2:])}|\d{{1,2}}) (?:of them|of (?:the|these|those) (?:\w+ )?{PEOPLE}|in"
    rf" (?:all|total|number)|altogether|(?:people"
    rf"|persons) (?:in (?:all|total)|altogether))\b"
    r"|\b(?:a|the|this) (?P<word>pair|couple|duo|twosome|trio|threesome|quartet|foursome|quintet|sextet)(?! of "
    rf"(?!(?:\w+ )?(?:{PLURALS})\b))\b"
)
"""A number said of a group: "a party of four", "a trio"."""

GROUP_WORDS = {
    "pair": "2", "couple": "2", "duo": "2", "twosome": "2", "trio": "3", "threesome": "3", "quartet": "4",
    "foursome": "4", "quintet": "5", "sextet": "6",
}  # fmt: skip

_ALONE = (
    rf"\b(?:all alone|is alone|alone in (?:the|this) {PICTURE}|the only (?:person|one|individual|human(?:"
    rf" being)?|figure|soul)(?: (?:in|who|to|here|that|shown|visible|present|pictured|on|there)\b|\.|$|,)"
    rf"|(?:no|nobody|no one|not (?:a|another)) (?:else|other (?:person|people|one|soul|human|figure"
    rf"|individual)s?|soul)(?: (?:else|besides))?(?: (?:is|are|can be|appears?|in|shares|joins|anywhere|shown"
    rf"|around|to be|near|there|being|with|on|at|besides)\b|\.|$|,|;)"
    rf"|(?:no one|nobody|no person|no other person) (?:but|except|apart from|besides|other than) (?:the|this|a"
    rf"|him|her|them)\b|(?:scene|picture|image|photo|frame|shot|place)(?: is)? (?:otherwise )?(?:empty|deserted"
    rf"|free) of (?:other )?people|single[- ]person|there is (?:only |just |exactly )?one (?:person|human(?:"
    rf" being)?)\b"
    rf"|(?:by (?:him|her|them)sel(?:f|ves)|on (?:his|her|their) own)(?= in (?:the|this) {PICTURE})|entirely"
    rf" alone|alone is in (?:the|this) {PICTURE}|solo shot|sole (?:person|figure|human|individual|subject))"
)
"""That there is one person only."""

_VIEW = (
    r"(?:as we (?:see|look at) it|as seen|from (?:our|the viewer's|where we|the camera)|viewer|seen from|in the"
    r" (?:picture|image|photo|frame|shot)|as pictured)"
)
SIDE_OF = (
    rf"\b(?P<where>(?:(?:is|stands|sits|appears|seen|positioned|located|placed|just|right|directly|somewhat"
    rf"|farther|further|more|off|over|immediately|is found|\w+ly) )*"
    rf"(?:to|on|at|toward|towards) the |^\W*|(?:further|farther|more|is|stands|sits|positioned|located|just"
    rf"|immediately|appears|directly|seen|next) (?:to the )?)"
    rf"(?P<side>left|right)(?:-hand side| side|-hand|ward)?(?: of| than| from) (?P<target>{PERSON}|them|him|her)"
)
OWN_SIDE_OF = (
    rf"\b(?:to|on|at) (?P<target>{PERSON})'s? (?P<side>left|right)(?:-hand side| side)?\b(?! (?:arm|leg|hand"
    rf"|foot|elbow|knee|wrist|shoulder|hip))"
)
"""Whose side is meant is open, unless the sentence says that it is the viewer's (``VIEW``)."""

VIEW = _VIEW
_ORDER = (
    rf"\bleft to right\b.{{0,60}}?(?P<first>{PERSON}).{{0,12}}?(?:comes? |is |appears? |stands? |then |followed"
    rf" by |first |before |ahead of |and |precedes )+(?P<second>{PERSON})",
    rf"\b(?P<first>{PERSON}) (?:comes|appears|is|stands|precedes)(?: \w+)? (?:before|first,? (?:and )?then|ahead"
    rf" of) (?P<second>{PERSON}).{{0,30}}left to right",
)
"""First and second from left to right."""

BEYOND = (
    rf"\b(?:moving|going|looking|to go|glancing|a step|step|next) (?:to the )?(?P<side>left|right)(?:wards?)?"
    rf" (?:from|of|past) (?P<target>{PERSON}).{{0,30}}? (?:is|see|find|finds|sees|comes to|comes) (?P<who>{PERSON})",
    rf"\b(?P<who>{PERSON}) (?:is|stands|sits|appears|lies|comes)(?: \w+)? (?:closer|nearer) to the (?P<side>left"
    rf"|right)(?:-hand)?(?: (?:edge|side|margin|border))?(?: of the {PICTURE})? than (?P<target>{PERSON})",
    rf"\b(?:relative|compared) (?:to|with) (?P<target>{PERSON}),? (?P<who>{PERSON}) (?:is|stands|sits|appears)(?:"
    rf" \w+)* (?:to|toward|towards|on|at) the (?P<side>left|right)",
    rf"\b(?P<target>{PERSON}) has (?P<who>(?>{PERSON})) (?:to|on|at) the (?P<side>left|right)(?! of)",
)
"""Who is on which side of whom, in other orders of words."""

_SPOT = (
    r"(?:-hand| hand(?= side))?(?: (?:third|part|side|half|area|portion|edge|section|corner|margin|region|zone"
    r"|end|border|of cent(?:er|re)))?"
)
_WHERE = r"(?P<where>left|right|middle|cent(?:er|re)|central|midst|leftmost|rightmost)"
PLACE = (
    (
        rf"\b(?:in|on|at|to|toward|towards|near|within|into|occup(?:ies|ying)|fill(?:s|ing)?|takes? up|taking"
        rf" up|hug(?:s|ging)|along|close to|nearest(?: to)?|against|over by|"
        rf"inhabits|holds) "
        rf"(?:the |our )?(?:viewer's )?(?:very |far |extreme |exact |dead )?{_WHERE}{_SPOT}(?: (?:of|in|within)"
        rf" (?:the|this|our) (?:\w+ )?{PICTURE})"
    ),
    (
        rf"\b(?:on|at|in|near|within|by) (?:the |our )(?:very |far |extreme |exact |dead )?{_WHERE}{_SPOT}"
        rf"(?! of)(?!-)(?! (?:arm|leg|hand|foot|elbow|knee|wrist|shoulder|hip|forearm|thigh|ankle|wrist|fist"
        rf"|palm|shin|feet|of|side|lane|field|position|page|wall|ski|shoe|boot|one|row|bench|benches|chair|seat|lamp|pole|post"
        rf"|trees?|court|line|lines|circle|path|table|net|door|window|house|building|board"
        rf"|edge of the (?:bench|path|road|table"
        rf"|sofa|bed|court|field|net|street|wall)|(?!(?:they|there|he|she|we|you|the|is|are|has)\b)\w+er\b))"
    ),
    (
        rf"\b(?:the )?(?P<where>left|right|middle|cent(?:er|re)|central)(?:-hand|most)? (?:third|part|side|half"
        rf"|area|portion|section|edge|region) of (?:the|this) {PICTURE}"
        rf"|\b(?:(?P<mid>cent(?:er|re)[- ]stage|centrally|dead cent(?:er|re)|half ?way (?:across|between)|at"
        rf" the heart of (?:the|this) (?:picture|image|photo|scene|frame)|mid-?frame|cent(?:er|re)ed|midway"
        rf" (?:across|between)|equally far from (?:the left|both)|in between the (?:left|two) (?:edge|side))"
        rf"(?: (?:placed|positioned|located|(?:of|in|within|across) the {PICTURE}))?)"
    ),
    rf"\bthe (?:very |far |exact |dead )?{_WHERE}{_SPOT} of (?:the|this) (?:\w+ )?{PICTURE}\b(?= (?:is|belongs"
    rf"|holds|shows"
    rf"|features|goes|has|contains))",
    rf"\b(?:(?:picture|image|photo|photograph|frame|scene|shot)'s|the viewer's) (?:far |very |extreme"
    rf" )?{_WHERE}{_SPOT}(?! (?:arm|leg|hand|foot|elbow|knee))",
    r"\b(?:at|on) (?:picture|image|frame|screen) (?P<where>left|right)\b",
    rf"\b(?:over|off|out) (?:to|toward|towards|on|at) the (?:far )?{_WHERE}{_SPOT}(?: of the {PICTURE})?(?!"
    rf" of)(?! (?:arm|leg|hand|foot|elbow|knee|forearm|wrist|thigh|fist))",
    rf"\b(?:is|are|stands|sits|positioned|located|appears|placed|found|seen|situated|visible|spotted|lies|spot"
    rf" is|place is|position is) (?:\w+ly )?(?:to|toward|towards) the (?:far )?{_WHERE}{_SPOT}(?! of (?!the"
    rf" {PICTURE}))(?: of the {PICTURE})?(?! (?:arm|leg|hand|foot|elbow|knee))",
    (
        rf"^\W*the (?:very |far |extreme )?{_WHERE}{_SPOT}(?: of (?:the|this) {PICTURE})? (?:is where|belongs"
        rf"|is occupied|is taken|is filled|holds|is home|"
        r"is the place|is given|contains|features|has|shows)(?! (?:[\w ]+ )?(?:is )?(?:look|fac|turn|gaz|point"
        r"|head))(?=[^.;]{0,60}(?!look|fac))"
    ),
    r"^\W*(?:(?:look(?:ing)?|glanc(?:e|ing)|turn(?:ing)?|gaz(?:e|ing)) )?(?:over )?(?:to|toward|towards|off to"
    r"|on|at) the (?:far |extreme |very )?(?P<where>left|right)(?! of)(?:-hand)?(?: side| edge| part)?(?: of"
    r" the \w+)?(?= (?:is|stands|sits|we|lies|appears|there|you|one|and you)|,)",
)
"""Who is in which part of the picture."""

VAGUE_PLACE = (
    r"\b(?:slightly|somewhat|a (?:little|bit|touch)|more|closer|nearer|further|farther|just|not far|partly"
    r"|towards?|almost|lean\w*|tilt\w*|bend\w*|turn\w*|fac\w*|look\w*|head\w*|point\w*|"
    r"mov\w*|steer\w*|swing\w*|swings|leans|reach\w*|extend\w*|extended|angled|oriented|directed|gaz\w*|curv\w*"
    r"|glanc\w*|step\w*|twist\w*|rotat\w*|other\w* \w+) (?:over |off |up |down )?$"
)
"""Before a place: not a clear place, or a movement to it."""

_CLOSE = r"(?:near|clos)est"
NEAREST = (
    rf"\b{_CLOSE}(?: (?:person|neighbou?r|individual|figure|one|man|woman|other person))?(?: (?:in the"
    rf" {PICTURE} )?(?:to )?(?P<other>{PERSON}|him|her|them))?(?: (?:in the {PICTURE}|of all))?"
    rf"(?:,? (?:is|being|stands|we find|comes) (?P<target>{PERSON}))?"
)
"""Who is where. "The person nearest to A is B"; "A is nearest to B"; "nearest to A is B"."""

NEARER = (
    rf"\b(?P<other>his|her|their|whose) (?:(?:very |own )?(?:immediate |direct )?{_CLOSE}(?: \w+)?|(?:immediate"
    rf"|closest"
    rf"|next|direct) neighbou?r)(?: in the {PICTURE})? is (?P<target>{PERSON})",
    rf"\b(?P<other>{PERSON})'s? (?:(?:very |own )?(?:immediate |direct )?{_CLOSE}(?: \w+)?|(?:immediate|closest"
    rf"|next|direct) neighbou?r)(?: in the {PICTURE})? is (?P<target>{PERSON})",
    rf"\b(?P<target>{PERSON}) is (?P<other>{PERSON})'s? {_CLOSE}",
    rf"\b(?:nobody|no one|no other person|no-one|none|no person|not one person)(?: else)?(?: in the {PICTURE})?"
    rf" (?:is|stands|sits|comes|gets|are) (?:any )?(?:closer|nearer)(?: to)? (?P<other>{PERSON}) than"
    rf" (?P<target>{PERSON})",
    rf"\b(?P<other>{PERSON}) (?:is|stands|sits|has) (?:\w+ )?(?:closer|nearer)(?: to)? (?P<target>{PERSON}) than"
    rf" (?:to )?(?:anyone|anybody|any other|everyone|the others|all the others|anyone)",
    rf"\b(?P<target>{PERSON}) (?:is|stands|sits) (?:\w+ )?(?:closer|nearer)(?: to)? (?P<other>{PERSON}) than"
    rf" (?:anyone|anybody|any other|everyone|the others|all the others|the rest)",
    rf"\b(?:shortest|smallest|least) (?:distance|gap|way) (?:from|between) (?P<other>{PERSON}) (?:to|and)"
    rf" .{{0,40}}?(?:is|leads|to|separates)\b.{{0,24}}?(?!the one\b)(?P<target>{PERSON})",
    rf"\b(?P<target>{PERSON}) is the (?:person|one) at the (?:smallest|shortest|least) distance (?:from|to)"
    rf" (?P<other>{PERSON})",
    rf"\b(?:gap|distance|space) between (?P<other>{PERSON}) and (?P<target>{PERSON}) is the (?:smallest|shortest"
    rf"|least|narrowest)",
    rf"\b(?:nobody|no one|no other person|no person|none)(?: else)? (?:is|stands|sits|comes) (?:as|so) (?:close"
    rf"|near) to (?P<other>{PERSON}) as (?P<target>{PERSON})",
    rf"\b(?P<other>{PERSON}) has (?P<target>{PERSON}) (?:as|for) (?:a |the |his |her |their )?{_CLOSE}",
    rf"\b(?:it is|it's) (?P<target>{PERSON}) (?:who|that) (?:is|stands|sits|comes) (?:\w+ )?{_CLOSE}(?: to)?"
    rf" (?P<other>{PERSON})",
    rf"\b(?P<target>{PERSON}) (?:is|stands|sits|comes|appears) (?:the (?:one |person )?)?(?:\w+ )?{_CLOSE}(?:"
    rf" (?:person|one|neighbou?r))?(?: (?:of all|to))* (?P<other>{PERSON})",
    rf"\bof (?:all|everyone|everybody)[\w ]{{0,30}}, (?P<target>{PERSON}) (?:is|stands|sits) (?:the"
    rf" )?{_CLOSE}(?: to)? (?P<other>{PERSON})",
    rf"\b{_CLOSE}(?: of all)? to (?P<other>{PERSON})(?: of all)? (?:is|stands|sits|we find|we see|comes)"
    rf" (?P<target>{PERSON})",
)
"""Who is nearest to whom: ``target`` is the one nearest to ``other``."""

THING = r"\b(?P<thing>" + "|".join(sorted(THING_NAMES, key=len, reverse=True)) + r")(?:s|es)?\b"
_DET = (
    rf"(?:{POSSESSIVE} |some |another |this |that |one )?(?:pair of |handle of (?:the|a|his|her|their) |edge of"
    rf" (?:the|a) |end of (?:the|a) |top of (?:the|a) |(?:(?!(?:on|in|at|to|of|with|by|and|the|for|from|against"
    rf"|over)\b)\w+ ){{1,2}})?"
)
_HANDS = (
    rf"(?:(?:(?P<owner>{PERSON})'s? )|{POSSESSIVE} |that |the same |both |both {POSSESSIVE} |either "
    rf"|one )?(?:(?P<first>left"
    rf"|right)(?: and (?P<second>left|right))? )?"
    r"(?P<limb>hand|foot|feet|fist|palm|fingers|shoe|boot|grip)(?P<plural>s?)(?: of (?:the|his|her|their)"
    r" (?P<third>left|right) hand)?"
    r"(?:, (?:the|his|her|their) (?P<named>left|right)(?: one)?,?)?"
)
_GRIP = (
    r"hold(?:s|ing)?|grip(?:s|ped|ping)?|carr(?:ies|y|ying)|clutch(?:es|ed|ing)?|grasp(?:s|ed|ing)?|touch(?:es"
    r"|ed|ing)?|clasp(?:s|ed|ing)?|"
    r"grab(?:s|bed|bing)?|wield(?:s|ing)?|brandish(?:es|ing)?|seiz(?:es|ing)|hoist(?:s|ing)?|clench(?:es|ed"
    r"|ing)?|handl(?:es|ing)|pinch(?:es|ing)"
    r"|hang(?:s|ing) on ?to|ha(?:s|ve|ving) hold of|keep(?:s|ing)? hold of|tak(?:es|ing) hold of|ha(?:s|ve"
    r"|ving) a (?:\w+ )?(?:grip|hold) (?:on|of)|cradl(?:es|ing)|support(?:s|ing)?|balanc(?:es|ing)"
)
_HOLD = (
    rf"(?:{_GRIP}|swing(?:s|ing)?|rais(?:es|ing)|has|have|having|had|with|keeps|rests?|resting|held|us(?:es"
    rf"|ing)|lift(?:s|ing))"
)
_AT = (
    r"(?:(?:is|are|was|has been|been|rests|resting|placed|positioned|kept|seen|right|stays|being|lies|lying"
    r"|reaches|reaching|stands|standing|firmly|still|clearly|"
    r"both|closed|wrapped|curled|pressed|propped|set|laid|fastened|clasped|making|makes|down|loosely|tightly"
    r"|lightly|firm|flat|gently|put|planted|closes|closing|wraps|curls|rested) )*"
    r"(?:to (?:grasp|hold|grip|clutch|touch|carry)|"
    rf"{_GRIP}|on(?: top of)?|onto|upon|at|around|round|against|contact with|in contact with|resting on|next to"
    rf"|over|atop)"
)
CONTACT = (
    rf"\b{_HOLD} {_DET}{THING},? (?:(?:firmly|loosely|up|high|tightly|tight|in place|steady|\w+ly) )*(?:in|with"
    rf"|by|under|using|at|between) {_HANDS}\b",
    rf"\b{_HANDS} (?:of (?P<owner2>{PERSON}) )?(?P<not>(?:is|are|does|do)(?: not|n't) )?{_AT} {_DET}{THING}",
    (
        rf"\b(?:in|with|under|beneath|underneath|by|below) {_HANDS}(?: of (?P<owner2>{PERSON}))?,?(?: (?:is|lies"
        rf"|rests|sits|there is|he|she|they|the [\w ]{{1,36}}?))? "
        rf"(?:{_HOLD} )?{_DET}{THING}"
    ),
    rf"\b{THING} (?:(?:is|are|was|not|isn't|being|held|gripped|carried|clutched|grasped|clasped|touched|supported"
    rf"|rests"
    rf"|resting|sits|lies|firmly|tightly|\w+ly|safe|there|still) )*(?:in|by|at(?! (?:his|her|their|the) feet)"
    rf"|under|with|between|beneath"
    rf"|underneath) {_HANDS}(?: of (?P<owner2>{PERSON}))?",
    rf"\b{THING},? (?:which |that )?(?:(?:is|does|do)(?: not|n't) )?(?:touch(?:es|ing)?|rests? (?:in|on|against)"
    rf"|hangs? from) "
    rf"{_HANDS}(?: of (?P<owner2>{PERSON}))?",
    rf"\b(?:resting|placed|on|against|upon|around|atop|touching|holding|gripping|clutching|wrapped around)"
    rf" (?:top of )?{_DET}{THING} (?:is|are|rests?|lies?) {_HANDS}(?: of (?P<owner2>{PERSON}))?",
    rf"\b(?:hold(?:s|ing)?|grip(?:s|ping)?|carr(?:ies|y|ying)|clutch(?:es|ing)?|grasp(?:s|ing)?|clasp(?:s|ing)?"
    rf"|touch(?:es|ing)?) {_DET}{THING}",
)
"""A hand or foot at an object, the most telling forms first; the last says no hand."""
