"""How elbows and arms are written about: the states of an elbow, an arm or a hand.

All are matched on lower-cased text, longest first; a state without a meaning keeps a vague wording ("slightly raised")
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

_OWN = r"(?:(?:the |an? )[\w ]{3,36}?'s |(?:the |his |her |their |its |one's |a )?(?:own )?)"
_HELD = (
    r"(?:(?:is |are |being )?(?:held|raised|lifted|stretched|outstretched|extended|extending|extends|reaching"
    r"|reaches|"
    r"rais(?:es|ing)|lifts|lifting|placed|kept|goes|go|rises|rising|thrust|stretches|stretching|hoisted|stuck|sticks|"
    r"sticking|thrown|flung|cast|brought|up|swung|pointing|points|comes|hovers|elevated|shoots|aloft) (?:out )?)?"
)
_TRUNK = (
    r"(?:body|chest|trunk|torso|stomach|belly|tummy|abdomen|midsection|midriff|waist|midline|sternum|breastbone"
    r"|middle|"
    r"centre line|center line|front of (?:the|his|her|their) (?:body|torso|chest|trunk|stomach))"
)
_LOW = r"(?:sides?|hips?|thighs?|waist|trouser seams?|pockets?)"
_BEND = r"(?:bend|crook|flex|flexion|fold|kink|angle|right angle|curve|v|l-shape|corner)"

ARM_STATES = (
    StateWords(
        words=(
            r"(?:held |kept |loosely |tightly |still )*(?:folded|folds|folding|crossed|crosses)"
            rf"(?: (?:over|across|in front of|on|before) {_OWN}(?:chest|body|torso|stomach|belly|front))?"
        ),
        means=means("arms forearms arm", "arm_height", "folded"),
        cues="fold cross",
    ),
    StateWords(
        words=r"akimbo|(?:placed |resting |rest |firmly |both )*on (?:the |his |her |their )(?:own )?(?:hips|waist)",
        means=means("arms hands elbows", "elbow", "bent"),
        cues="akimbo hips waist",
    ),
    StateWords(
        words=r"(?:folded|folds|folding)(?: \w+ly| double)? at (?:the|his|her|their|each) elbows?",
        means=means("arm elbow arms", "elbow", "bent"),
        cues="fold",
    ),
    StateWords(
        words=(
            rf"{_HELD}(?:right |low |high |straight |out |flat )*(?:in front of|before) {_OWN}(?:own |lower |upper )?"
            rf"{_TRUNK}(?: at (?:chest|waist|belly) (?:height|level))?"
        ),
        means=means("arm hand forearm", "arm_height", "in front of the body"),
        cues="front before",
    ),
    StateWords(
        words=(
            rf"(?:only |just )?{SLIGHT} {SURELY}(?:bent|flexed|folded|curved|crooked|bend(?:s|ing)?|flex(?:es"
            rf"|ing)?|unlocked)"
            rf"|{SURELY}(?:bent|flexed|bends?|bending|flexes|curved|crooked|flexed) (?:only |just |by |ever so"
            rf" )*{SLIGHT}"
            rf"|(?:an? |the )?{SLIGHT_NOUN} {_BEND}{HERE}(?: {BY})?"
            rf"|{NOT_QUITE} (?:straight(?:ened)?(?: out)?|extended|locked(?: out)?|stretched(?: out)?)"
            r"|unlocked|half[- ]bent|partway bent|not locked|micro-?bend|just off straight|slightly off straight"
        ),
        means=means("elbow arm", "elbow", "slightly bent"),
        cues="bent bend flex fold curv crook kink angle straight exten lock stretch corner unbent hing v l-shape soft",
    ),
    StateWords(words=r"soft", means=means("elbow", "elbow", "slightly bent"), cues="soft", tight=True),
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
            rf"(?: (?:from|between) {_OWN}shoulder (?:to|through|and) {_OWN}(?:wrist|hand|fingertips?))?"
            r"|[a-z]+-straight|(?:dead|poker|ramrod|arrow|rod|ruler) straight|taut|(?:fully )?lengthened"
            r"|unbending|(?:as )?straight as an? \w+|(?:stiff|rigid) as an? \w+"
            rf"|{SURELY}(?:straight(?:ened)?(?! (?:up|down|ahead|above|over|out to|out from|at|into|toward"
            rf"|towards|to|in front|"
            r"forward|away|back|off|overhead))|extended(?! (?:forwards?|upwards?|downwards?|outwards?|toward"
            r"|towards|behind|in front))|unbent|stretched(?! (?:forwards?|upwards?|downwards?|toward|towards"
            r"|behind))(?: to (?:its|their) full length)?|"
            r"outstretched|straightens|straightening|extends|extend|stretch(?:es|ing)?(?= |\.|,)(?! (?:up|down"
            r"|sideways|toward|towards|to|over|above|across|out to|into|in|for|at|away))|from bending|locked"
            r"|locks|unflexed|stiff|rigid)(?: out| through)?"
        ),
        means=means("elbow arm", "elbow", "straight"),
        cues="bent bend flex fold curv crook kink angle straight"
        " exten lock stretch corner unbe hing unflex stiff"
        " rigid taut length",
    ),
    StateWords(
        words=(
            rf"{SURELY}(?:bent|flexed|folded|crooked|cocked|hooked|curled|curved|kinked|hinged|v-shaped"
            rf"|l-shaped|jackknifed|"
            rf"bends|bending|flexes|flexing|folds|crooks|cocks|{BEND_VERB}|doubled up|doubled over)(?: (?:double"
            r"|sharply|deeply|tightly|strongly))?"
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
        means=means("elbow arm forearm", "elbow", "bent"),
        cues="bent bend flex fold curv crook kink angle straight"
        " exten lock stretch corner unbent hing cock hook"
        " curl shape jackknif doubl v 90 ninety degree",
    ),
    StateWords(
        words=(
            rf"{_HELD}(?:right |high |way |well |straight |directly |up )*(?:above|over|higher than|beyond|past"
            rf"|up over)"
            rf" (?:the (?:top|crown|level|height|line) of )?{_OWN}(?:head|hair|hat|cap|helmet)(?: height| level)?"
            rf"|{_HELD}(?:high |straight |directly |up |out )*overhead|{_HELD}higher than (?:the )?(?:top"
            rf"|crown) of {_OWN}head"
            rf"|{_HELD}above (?:the )?head[- ](?:height|level)|tops {_OWN}head|clears {_OWN}head"
        ),
        means=means("arm hand forearm", "arm_height", "above the head"),
        cues="head hair hat cap helmet",
    ),
    StateWords(
        words=(
            rf"{_HELD}(?:straight |out |up |high |forward |sideways )*(?:at|to|up to|about|around|level with"
            rf"|even with|near|reaching|as far as|no higher and no lower than|"
            rf"in line with|on a level with|flush with|parallel with|as high as|on a line with|at the same"
            rf" (?:height|level) as) "
            rf"(?:about |roughly |around |approximately |the (?:height|level|line) of )?{_OWN}shoulders?(?:[-"
            rf" ](?:height|level|high))?"
            rf"|{_HELD}(?:about |roughly |around )?shoulder[- ](?:high|height|level)"
            r"|(?:held |raised |stretched |extended |kept |lifted |sticks? out |reaches )(?:out )?(?:straight )?"
            r"(?:horizontal(?:ly)?|parallel (?:to|with) the (?:ground|floor|horizon))"
            r"|horizontal(?:ly)?(?: at the shoulders?)?|parallel (?:to|with) the (?:ground|floor|horizon)"
        ),
        means=means("arm hand", "arm_height", "at shoulder height"),
        cues="shoulder horizontal parallel",
    ),
    StateWords(
        words=(
            rf"(?:{SLIGHT}|half|halfway) (?:raised|lifted|raises|lifts|raising|lifting|elevated|up|above)"
            r"|(?:raised|lifted|up) (?:only )?(?:slightly|a little|a bit|halfway|somewhat|partway)"
            r"|(?:raised|lifted|held|held up|brought up|up|raises|lifts|rises|reaching|reaches|bent upwards?)"
            rf" (?:up )?(?:to|at|near|toward|towards|in front of|just below) (?:about )?{_OWN}(?:chest|waist"
            rf"|hip|chin|midsection|stomach"
            r"|belly|ribs?|abdomen|torso|body|mouth)(?:[- ](?:height|level))?"
            r"|just (?:below|above|under|over) (?:the |his |her |their )?shoulders?(?: height| level)?"
        ),
        means={},
        cues="rais lift elevat up ris reach held just",
    ),
    StateWords(
        words=(
            rf"{SURELY}(?:raised|lifted|upraised|uplifted|raises|lifts|raising|lifting|hoisted|hoists|elevated"
            rf"|elevates|held up|"
            r"held high|held aloft|holds up|holding up|holds aloft|aloft|in the air|put up|thrown up|thrust up|"
            r"sticks up|stuck up|goes up|shoots up|rises|waved? high|puts up|throws up|flings up)"
            r"(?: (?:high|up|upwards?|in the air|into the air|aloft|skywards?|to the sky|toward the sky|towards"
            r" the sky))*"
            rf"(?: (?:well |high |clearly )?above {_OWN}shoulders?(?: height| level)?| above shoulder (?:height"
            rf"|level))?"
            rf"|(?:well |high |clearly |comes |is |up )*(?:above|higher than|over the height of|beyond the"
            rf" level of) {_OWN}shoulders?"
            r"(?:'s)?(?: height| level| line)?"
            r"|(?:points?|pointing|pointed|reach(?:es|ing)?|stretch(?:es|ed|ing)|extend(?:s|ed|ing)|thrust"
            r"|directed|held|swung|"
            r"angled|goes|flung|thrown) (?:straight |high |right |steeply |out )*(?:up(?:wards?)?|skywards?"
            r"|heavenwards?|aloft|"
            r"(?:to|toward|towards|at|for|into) the (?:sky|heavens|ceiling|air))(?! (?:to|toward|towards"
            r"|against|on) )"
        ),
        means=means("arm hand", "arm_height", "raised"),
        cues="rais lift hoist elevat aloft air up high shoulder sky heaven ceiling ris",
    ),
    StateWords(
        words=r"(?:high )?up(?: high)?|high|(?:straight )?upwards?|skywards?",
        means=means("arm hand", "arm_height", "raised"),
        cues="up high sky",
        tight=True,
    ),
    StateWords(
        words=(
            r"(?:lowered|hang(?:s|ing)?|hung|dangl(?:e|es|ing)|droop(?:s|ing)?|drop(?:s|ped|ping)?|held low"
            r"|held down|lowers|lowering|"
            r"let down|kept low|kept down|brought down|falls?|falling|rests?|resting|placed|held|kept|stays"
            r"|remains|positioned|"
            r"relaxed|limp|loose|slack|tucked)?"
            r"(?: ?(?:low|down|downwards?|loosely|freely|limply|naturally|idly|straight|close|relaxed|in a"
            r" relaxed (?:way|manner)|"
            r"and|comfortably|casually|slack|limp|loose|right|passively))*"
            rf" ?\b(?:by|at|beside|along|alongside|next to|close to|down by|down at|down along|against|near|down) "
            rf"(?:the side of )?{_OWN}(?:person's |left |right |outer )?{_LOW}(?:[- ](?:height|level))?"
            rf"|(?:(?:hangs?|hanging|rests?|resting|lies|down|held|straight) )*(?:along|alongside|beside|down)"
            rf" {_OWN}(?:body|torso|trunk|flank)"
            r"|(?:lowered|hang(?:s|ing)?|hung|dangl(?:e|es|ing)|droop(?:s|ing)?|dropped|drops|held low|held"
            r" down|lowers|lowering|"
            r"pointing down(?:wards?)?|points down(?:wards?)?|let down|limp|kept low|kept down)"
            r"(?: (?:low|down|downwards?|loosely|freely|limply|naturally|straight))*"
            r"|(?:held |kept |well |clearly |somewhere )*(?:below|beneath|lower than|under) "
            rf"(?:the (?:level|height|line) of )?{_OWN}(?:shoulders?|chest|waist|hips?|belt|ribs?|elbows?)(?:[-"
            rf" ](?:height|level|line))?"
            r"|(?:points?|pointing|pointed|reach(?:es|ing)?|stretch(?:es|ed|ing)|extend(?:s|ed|ing)|directed"
            r"|held|angled|hangs|hanging)"
            r" (?:straight )?(?:down(?:wards?)?|(?:to|toward|towards|at) the (?:ground|floor|earth|feet))"
            r"|(?:straight )?downwards?|earthwards?|(?:at|to) (?:hip|waist|thigh)[- ](?:height|level)"
        ),
        means=means("arm hand", "arm_height", "lowered"),
        cues="low down hang hung dangl droop drop limp side hip"
        " thigh waist flank body seam pocket beneath under"
        " chest shoulder ground floor earth feet belt rib",
    ),
    StateWords(
        words=r"(?:down )?low(?: down)?|(?:straight )?down(?! (?:on|to|into|onto) (?!the (?:ground|floor)))",
        means=means("arm hand", "arm_height", "lowered"),
        cues="low down",
        tight=True,
    ),
    StateWords(
        words=(
            rf"(?:{_HELD}|(?:jut(?:s|ting)?|flar(?:es|ed|ing)|swings?|swinging|projects?|opens?|opened|spread"
            rf"|spreads|pushed|branch(?:es)?|stands?"
            r"|moved|swept|carried|away) )?(?:far |well |straight |wide |right |out |directly |open |off |fully"
            r" |horizontally )*"
            r"(?:(?:out )?(?:to|toward|towards|at|on|from) (?:the|his|her|their|its|one|each|either)(?:"
            r" own)?(?: left| right)? sides?(?! of the (?:picture|image|photo|photograph|frame|scene|shot|view"
            r"|screen)\b)"
            rf"|sideways?|to each side|to one side|to the other(?! (?:person|man|woman|end))|laterally"
            rf"|out(?:wards?)? from {_OWN}{_TRUNK}"
            rf"|(?:away from|off from|clear of|apart from|wide of) {_OWN}(?:{_TRUNK}|sides?|flank)|like (?:an?"
            rf" )?(?:wings?|airplane|scarecrow))"
            rf"|{_HELD}out(?:wards?| wide)|spread(?: out)?(?: wide)?"
            rf"|(?:flung|thrown|cast|swung) (?:out|wide)|abducted"
            r"|flar(?:ed|es|ing) out(?:wards?)?|opened? wide|wide(?: open)|spreads?(?: (?:out|wide))+|stuck out"
            r"|sticks? out|juts? out"
        ),
        means=means("arm hand", "arm_side", "out to the side"),
        cues="side lateral away off out wide wing abduct spread flar open clear apart like",
    ),
    StateWords(
        words=r"(?:by|at|along|down at|beside|close to) (?:the |his |her |their )?(?:left |right )?sides? of"
        r" (?:the |his |her |their )?body",
        means=means("arm hand", "arm_height", "lowered"),
        cues="side",
    ),
    StateWords(
        words=(
            rf"{_HELD}(?:brought |folded |crossed |crossing |crosses |wrapped |laid |lies |lying |draped |rests"
            rf" |resting |held |placed "
            r"|swings |swinging |sweeps |passes |cuts |reaches |bent |angled |runs |slung |goes |pulled |drawn )*"
            r"(?:right |all the way |diagonally |flat |over )*"
            rf"(?:across|over|past|on|against|around) {_OWN}(?:own |lower |upper )?{_TRUNK}"
            rf"|(?:crosses|crossing|crossed|cuts across|passes|traverses) (?:over )?{_OWN}(?:body's )?{_TRUNK}"
            rf"|(?:reach(?:es|ing)?|cross(?:es|ed|ing)|brought|swung|extends?|stretched|goes|pulled) (?:over "
            rf"|across |past )*"
            r"(?:to )?(?:the|his|her|their) (?:opposite|other|far) (?:side|shoulder|hip)(?: of (?:the|his|her"
            r"|their) (?:body|torso))?"
            rf"|(?:crossed|folded) in front|hug(?:s|ging) {_OWN}{_TRUNK}|across (?:the |his |her |their"
            rf" )?front(?: of the)?|across (?:himself|herself|themselves)|crossed"
            rf"|(?:on|to) the (?:far|other|opposite) side of {_OWN}{_TRUNK}"
        ),
        means=means("arm hand forearm", "arm_side", "across the body"),
        cues="body chest trunk torso stomach belly tummy abdomen"
        " mid waist stern breast line front cross opposite"
        " other far sel hug",
    ),
)
"""States of elbows, arms and hands."""
