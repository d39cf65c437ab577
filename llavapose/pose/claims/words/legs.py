"""How knees, legs and feet are written about: the states of a knee, a leg, a foot or both.

All are matched on lower-cased text, longest first; a state without a meaning keeps a vague wording ("slightly apart")
from being read as a clear one.
"""

from llavapose.pose.claims.words.shared import (
    BEND_VERB,
    BY,
    HERE,
    NEARLY,
    NO_BEND,
    NOT_QUITE,
    SLIGHT,
    SLIGHT_NOUN,
    SURELY,
    StateWords,
    means,
)

GROUND = (
    r"(?:(?!(?:left|right|other)\b)\w+ ){0,2}?(?:ground|floor|earth|grass|snow|sand|pavement|court|field|dirt|turf"
    r"|street"
    r"|deck|sidewalk|road|lawn|meadow|beach|carpet|rug|tiles|ice|slope|mat|asphalt|concrete|tarmac|clay|gravel"
    r"|mud|infield"
    r"|outfield|pitch|soil|path|track|park|boards|surface|hill)"
)
_BEND = r"(?:bend|crook|flex|flexion|fold|kink|angle|right angle|curve|v|l-shape|corner)"

KNEE_STATES = (
    StateWords(
        words=(
            rf"(?:only |just )?{SLIGHT} {SURELY}(?:bent|flexed|folded|curved|crooked|bend(?:s|ing)?|flex(?:es"
            rf"|ing)?|unlocked)"
            rf"|{SURELY}(?:bent|flexed|bends?|bending|flexes|curved|crooked) (?:only |just |by |ever so )*{SLIGHT}"
            rf"|(?:an? |the )?{SLIGHT_NOUN} {_BEND}{HERE}(?: {BY})?"
            rf"|{NOT_QUITE} (?:straight(?:ened)?(?: out)?|extended|locked(?: out)?|stretched(?: out)?)"
            r"|gives? (?:a little|slightly|a bit)|unlocked|just off straight|slightly off straight"
        ),
        means=means("knee leg", "knee", "slightly bent"),
        cues="bent bend flex fold curv crook kink angle straight"
        " exten lock stretch corner unbent hing v l-shape"
        " soft give",
    ),
    StateWords(words=r"soft", means=means("knee", "knee", "slightly bent"), cues="soft", tight=True),
    StateWords(
        words=rf"{NEARLY} (?:straight(?:ened)?(?: out)?|extended|locked(?: out)?|stretched(?: out)?)",
        means={},
        cues="straight exten lock stretch",
    ),
    StateWords(
        words=(
            rf"{NO_BEND} (?:bend|crook|flex|flexion|kink|angle|fold|curve)s?(?: at all| whatsoever|"
            rf" visible)?(?: {BY})?"
            r"|(?:in |to |at |into |has |have |with )*(?:full|complete|total|maximum) (?:extension|stretch)"
            r"|(?:in |forms? |forming |makes? |making )*(?:an? )?(?:single |perfectly |nearly |almost )?straight line"
            r"(?: (?:from|between) (?:the )?hip (?:to|through|and) (?:the )?(?:ankle|heel|foot))?"
            r"|[a-z]+-straight|(?:dead|poker|ramrod|arrow|rod|ruler) straight|taut|(?:fully )?lengthened"
            r"|unbending|(?:as )?straight as an? \w+|(?:stiff|rigid) as an? \w+"
            rf"|{SURELY}(?:straight(?:ened)?(?! (?:up|ahead|above|over|out to|at|into|toward|towards|to|in"
            rf" front|forward|away|back|"
            r"off))|extended|unbent|stretched(?: to (?:its|their) full length)?|outstretched|straightens"
            r"|straightening|extends|extend|stretch(?:es|ing)(?! (?:to|over|across|toward|out to))|from bending|"
            r"locked|locks|unflexed|stiff|rigid)(?: out| through| back)?"
        ),
        means=means("knee leg", "knee", "straight"),
        cues="bent bend flex fold curv crook kink angle straight"
        " exten lock stretch corner unbe hing unflex stiff"
        " rigid taut length",
    ),
    StateWords(
        words=(
            rf"{SURELY}(?:bent|flexed|folded|crooked|cocked|curled|curved|kinked|hinged|v-shaped|l-shaped"
            rf"|jackknifed|tucked up|tucked under|tucked behind|tucked beneath|folded under|"
            rf"bends|bending|flexes|flexing|folds|crooks|{BEND_VERB}|doubled up|doubled under|drawn up|pulled up"
            r"|hug(?:s|ged|ging)"
            r"|buckled|buckles)(?:"
            r" (?:double|sharply|deeply|tightly|strongly))?"
            r"(?: (?:to|at|into|in|by) (?:about |roughly |nearly |almost )?(?:an? )?(?:right|sharp|acute|tight"
            r"|90|ninety|l)"
            r"[- ]?(?:angle|degrees?|shape)?)?"
            r"|(?:at|in|into|makes?|making|forms?|forming|shows?|to|has|with) (?:about |roughly |nearly |almost"
            r" )?(?:an? |the )?"
            rf"(?:clear |sharp |strong |deep |marked |pronounced |distinct |definite |tight |visible |obvious "
            rf"|ninety-degree |90-degree |acute |right-angle )*{_BEND}{HERE}(?: {BY})?"
            rf"|(?:an? |the )(?:clear |sharp |strong |deep |marked |pronounced |distinct |definite |tight "
            rf"|visible |noticeable "
            rf"|obvious |evident |full |near-|near |ninety-degree |90-degree |right-angle |acute |steep |strong"
            rf" |tight )*{_BEND}{HERE}(?: {BY})?"
            r"|angled(?! (?:up|down|toward|out|across|away|to|in|back|forward))|right-angled|(?:at|to) (?:about"
            r" |roughly |nearly |almost )?(?:90|ninety)(?:[- ]degrees?|°)|(?:strong |deep |sharp |full |marked "
            r"|in )+flexion|anything but straight|far from straight"
        ),
        means=means("knee leg", "knee", "bent"),
        cues="bent bend flex fold curv crook kink angle straight exten"
        " lock stretch corner unbent hing cock curl shape"
        " jackknif doubl v tuck buckl 90 ninety degree drawn pulled hug",
    ),
)
"""States of knees, and of legs where the knee is meant."""

FOOT_STATES = (
    StateWords(
        words=(
            rf"(?:{SLIGHT}|half) (?:raised|lifted|raises|lifts|raising|lifting|elevated|up)(?! (?:off|from"
            rf"|clear|above))"
            rf"|(?:raised|lifted) {SLIGHT}(?! (?:off|from|clear|above))|(?:heel|toes?) (?:raised|lifted|off the"
            rf" ground)"
        ),
        means={},
        cues="rais lift elevat half heel toe up",
    ),
    StateWords(
        words=(
            rf"(?:{SURELY}|{SLIGHT} )(?:raised|lifted|raises|lifts|raising|lifting|hoisted|elevated|kicked"
            rf"|kicks|kicking|picked|picks|picking|"
            r"drawn|pulled|pulls|swung|swings|swinging|brought|tucked|held|up|cocked)"
            rf"(?: (?:high|up|well|clean|completely|{SLIGHT}|a few inches|in front|behind))*"
            rf"(?: (?:up|(?:just |well |clear |high |clean |completely )?(?:off|from|clear of|above|free of"
            rf"|free from|out of contact with)"
            rf" the {GROUND}|in the air|into the air|in mid-?air|aloft|off it))"
            rf"|(?:raised|lifted|held|kicked) (?:{SLIGHT} |well |clear |high |just )*off (?:the|a|his|her|their) \w+"
            r"|(?:raised|lifted|raises|lifts|raising|lifting|hoisted|hoists|upraised|elevated|airborne|aloft"
            r"|picked up|picks up|picking up|kicks up|"
            r"kicked up|hovers?|hovering|suspended|dangles|dangling)(?: (?:high|up))*"
            rf"|(?:is |held |kept |hovers? |hovering |suspended |floats |just |well |clear |high |clean "
            rf"|completely |entirely |hanging |dangling |"
            rf"has come |comes |has come up )*(?:off|clear of|above|free of|free from|out of contact with|away"
            rf" from) the {GROUND}"
            rf"|(?:has )?(?:leaves|left|lost contact with|loses contact with|parted from|leaving) the {GROUND}"
            r"|(?:up )?in the air|in mid-?air|off the ground|higher than the (?:other|left|right)(?: foot| leg| one)?"
        ),
        means=means("leg foot knee", "leg_lift", "lifted"),
        cues="ground floor earth grass snow sand pavement court"
        " field dirt turf street deck"
        " sidewalk road lawn meadow beach carpet rug tiles ice slope mat asphalt concrete tarmac clay gravel mud"
        " infield pitch soil path track park boards surface hill rais lift hoist air"
        " aloft off hover suspend dangl pick kick high",
    ),
    StateWords(
        words=(
            r"(?:is |set |put |placed |planted |stays |remains |kept |firmly |flat |squarely |solidly |down "
            r"|resting |rests |rest |standing |stands |"
            rf"pressed |pressing |presses |still |securely )*(?:on|onto|to|against|upon|into|touching|touches"
            rf"|touch|meets|meeting|"
            rf"in (?:firm |full |direct |close )?contact with|makes contact with|reaches) the (?:solid |bare "
            rf"|level )?{GROUND}(?! (?:up|away))"
            r"|(?:is |stays |remains |kept |keeps )?(?:firmly |squarely |solidly |flat |well )*(?:planted"
            r"|grounded|anchored|rooted)"
            rf"(?: (?:firmly|down|flat|on|in|to|the|{GROUND}))*"
            r"|(?:bears?|bearing|carr(?:ies|ying)|supports?|supporting|takes?|taking|holds) (?:[\w']+"
            r" ){0,9}?weight|weight-bearing|supports? (?:the|his|her|their) body (?:with|on)"
            r"|weight (?:(?:is|are|rests|resting|falls|lies|kept|mostly|entirely|all|squarely|fully|now|has"
            r" shifted) )*(?:on|onto|over|upon)"
        ),
        means=means("leg foot", "leg_lift", "on the ground"),
        cues="ground floor earth grass snow sand pavement court"
        " field dirt turf street deck"
        " sidewalk road lawn meadow beach carpet rug tiles ice slope mat asphalt concrete tarmac clay gravel mud"
        " infield pitch soil path track park boards surface hill plant ground anchor"
        " root weight",
    ),
    StateWords(words=r"down|flat", means=means("leg foot", "leg_lift", "on the ground"), cues="down flat", tight=True),
    StateWords(
        words=r"(?:high )?up(?: high)?|high",
        means=means("leg foot knee", "leg_lift", "lifted"),
        cues="up high",
        tight=True,
    ),
)
"""Whether a leg or foot is lifted."""

LEGS_STATES = (
    StateWords(
        words=(
            rf"(?:{SLIGHT}|hip[- ]width|hip[- ]distance|comfortably|a hand's width|a few inches|an inch|a small"
            rf" distance) (?:spread |placed )?"
            r"(?:apart|spread|separated)|spread slightly|set slightly apart"
        ),
        means={},
        cues="apart spread separat",
    ),
    StateWords(
        words=(
            r"(?:spread |wide |widely |set |placed |planted |well |far |held |kept |positioned |clearly |at"
            r" least |more than |about |"
            r"roughly |shoulder[- ]width |standing |stand |open |wider than |shoulder width |further |broadly "
            r"|a good distance )*(?:apart|asunder)"
            r"|(?:spread|splayed|splays|spreads|opened|open)(?: (?:out|wide|broadly))*(?! (?:from )?(?:front"
            r"|fore)\b)|(?:planted|set|placed)"
            r" (?:wide|broadly|far apart)"
            r"|(?:wide|widely|clearly|well|far|visibly) (?:separated|parted|spaced|spread)(?: apart)?|spaced"
            r" (?:wide|widely|apart|far apart)"
            r"|astride|straddl(?:es|ed|ing)|in an? (?:wide|broad|open|straddle|straddled|a-frame)[- ]?(?:stance"
            r"|straddle|position|base)"
            r"|(?:broad|wide|clear|large|big|generous|sizeable|considerable|a lot of|plenty of|much) (?:gap"
            r"|space|distance|stretch|room) between"
            r"|(?:forms?|forming|makes?|making|like|in) (?:an? )?(?:upside-down |inverted |wide |big )?(?:v"
            r"|v-shape|a-shape|triangle|tent)|wider than (?:(?:the|his|her|their) )?(?:hips|shoulders)(?: apart)?"
            r"|(?:far|well|some way|some distance|a good way|away) (?:from|away from) (?:one another|each other)"
            r"|parted|separated|wide of (?:one another|each other)|at (?:more than )?shoulder[- ]width"
        ),
        means=means("legs feet", "legs", "apart"),
        cues="apart asunder splay spread open plant set placed"
        " separat part spac astride straddl stance base far"
        " away wide shoulder v triangle tent gap space distance"
        " stretch position",
    ),
    StateWords(words=r"wide", means=means("legs feet", "legs", "apart"), cues="wide", tight=True),
    StateWords(
        words=(
            r"(?:close |closely |held |kept |pressed |brought |right |tight |tightly |placed |set |planted "
            r"|glued |locked |huddled |almost |nearly  |squeezed |drawn |very |standing |stand |"
            r"clamped |neatly )*(?:together|side[- ]by[- ]side|shut)"
            r"|(?:close|right|next|tight|flush|up|snug) (?:up |close )?(?:to|against|beside|alongside|next to)"
            r" (?:one another|each other|the other)"
            r"|(?:press(?:ed|ing)?|touch(?:ing|es)?|resting|squeezed|brush(?:ing)?)(?: (?:against|up against|to"
            r"|on))? (?:one another|each other)"
            r"|(?:almost |nearly |all but |just |lightly )*touching(?! the| a| an| his| her| their)|closed"
            r"|joined|in a (?:narrow|closed) stance|parallel and close"
            r"|adjacent|(?:no|without (?:any|a)) (?:gap|space|distance) between|beside (?:one another|each"
            r" other)|not parted"
        ),
        means=means("legs feet knees", "legs", "together"),
        cues="together side shut close right next tight flush up"
        " snug touch press rest squeez brush join stance"
        " parallel beside part adjacent gap space distance"
        " against",
    ),
    StateWords(
        words=(
            r"(?:caught |captured |seen |frozen |split |spread |shown )*in (?:full |mid[- ]?|an? |the middle of"
            r" an? )*(?:(?:long|wide|big|clear|walking|running|full|"
            r"open|mid|broad|large|scissor(?:ed|s)?) )*[- ]?(?:stride|step|lunge)|mid[- ]?strid(?:e|ing)|in a"
            r" walking (?:position|step|pose)|(?:front|fore) and (?:back|aft)|mid[- ]?step|scissor(?:ed|ing)"
            r"|split (?:front|fore)|(?:apart )?(?:from )?(?:front to back|fore and aft)|staggered"
            r"|(?:one )?(?:(?:well |far |placed |set |planted |out |stretched )*in front of|ahead of|before)"
            r" (?:the other|its partner)"
            r"|split front to back|one (?:forward|ahead|in front),? (?:and )?(?:the other|one) (?:back|behind"
            r"|trailing)"
        ),
        means=means("legs feet", "legs", "in a stride"),
        cues="strid step lung walk fore scissor stagger front ahead before split one",
    ),
)
"""How both legs or feet are to each other."""
