"""How a whole body is written about: trunk, stance, facing, and the stride or stand of both legs.

All are matched on lower-cased text, in order; a value of None keeps a vague wording ("half crouching") from being read
as a clear one.
"""

from llavapose.pose.claims.words.shared import CAMERA, PICTURE, SLIGHT

_TRUNK = (
    r"(?:upper body|torsos?|trunks?|backs?|body|bodies|spines?|posture|upper half|upper torso|frame"
    r"|carriage)(?: of (?:the"
    r"|an?) [\w ]{3,36}?)?"
)
_IS = (
    r"(?:(?:is|are|was|nice and|good and|dead|as|well|has been|being|held|kept|stays?|remains?|looks|very|nearly"
    r"|almost|perfectly|quite|bolt"
    r"|completely|rather|well|\w+ly) )*"
)

TRUNK = (
    ("trunk", None, "hunch stoop bent bow slouch bend lean", (
        rf"\b{SLIGHT} (?:hunched|stooped|bent over|bowed|bent forward|hunching|slouched)\b|\b(?:hunched"
        rf"|slouched) (?:shoulders|posture)\b"
        r"|\b(?:bent|bends?|bending) (?:slightly|a little|a bit) (?:forwards?|over)"
        rf"|\b(?:bent|bends?|bending|bow(?:s|ed|ing)) (?:forwards?|over|down) {SLIGHT}\b|\bslight(?:ly)? (?:forward"
        r" )?bend (?:forward|at the)"
        r"|\blean(?:s|ing|ed)? (?:\w+ )?(?:on|against|upon) (?!(?:the |an? )?(?:\w+ )?"
        r"(?:wind|breeze|gale|gusts?|pull)\b)|\bbent over backwards?\b")),
    ("trunk", "bent over", "bent bend bow fold flex stoop hing hunch doubl jackknif curl tipp pitch crumpl"
                           " horizontal parallel level head chest", (
        r"\b(?:bent|bend(?:s|ing)?|bow(?:s|ed|ing)|folded|folds|folding|stoop(?:s|ed|ing)?|hing(?:es|ed|ing)"
        r"|hunch(?:es|ed|ing)?|doubled|"
        r"doubles|doubling|jackknif(?:es|ed|ing)|curl(?:s|ed)|tipp(?:ed|ing)|pitched|crumpled)"
        r" (?:right |far |well |deeply |low |all the way |way |almost |\w+ly |(?:the|his|her|their) (?:trunk"
        r"|torso|upper body|body|back) )*"
        r"(?:over|forwards?|down(?:wards?)?|double|in (?:half|two)|up like a jackknife)\b(?! and (?:stands|upright))"
        r"|\b(?:bent|folded|folds|folding|bending|bends|hinged|hinges|hinging|doubled|bowed|bowing|flexed|flexes)"
        r" (?:sharply |deeply |far |forward |forwards |over |down |low |well |double |in half |up |completely"
        r" )*(?:at|from|through) (?:the|his|her|their) (?:waist|hips?)"
        r"|\bfold(?:s|ed|ing)? (?:the|his|her|their) (?:upper body|body|torso|trunk)\b"
        r"|\b(?:bowed|stooped|bent|hunched|horizontal) (?:back|torso|trunk|upper body|spine)s?\b|\b(?:in"
        r"|into) an? (?:\w+ )?(?:stoop|bow|jackknife)\b"
        r"|\b(?:upper half|upper body|torso|trunk) (?:is )?(?:fully |deeply |sharply )?(?:flexed|bends over"
        r"|bends forward"
        r"|folds)\b"
        r"|\b(?:stoop(?:s|ed|ing)|jackknifed|doubled[- ]over|bent[- ]over|hunched[- ]over|bent[- ]double"
        r"|doubled up)\b"
        r"|\bhunch(?:es|ing|ed)\b(?= over)"
        rf"|\b{_TRUNK} {_IS}(?:horizontal|level with the (?:ground|floor)|parallel (?:to|with) the (?:ground"
        rf"|floor)|folded (?:over|forward|down|in half)|"
        r"bent (?:deeply|far|low|well|double|sharply)|doubled|hinged|stooped|hunched)"
        r"|\b(?:bows?|bowing|bends?|bending|bent|stoops?) (?:very |down )?(?:deeply|low)\b|\b(?:horizontal"
        r"|flat) (?:back|trunk|torso|upper body)\b|\b(?:upper body|torso|trunk) (?:of [\w ]{3,36}? )?(?:hangs"
        r"|drops|dropped|hanging|lowered) (?:\w+ )?(?:down|forward|toward|towards|low)"
        r"|\b(?:drops|lowers|brings|dropping|lowering) (?:the|his|her|their) (?:upper body|torso|trunk|chest)"
        r" (?:\w+ )?(?:down|forward|toward|towards|low)|\b(?:in|takes|makes|with) (?:an? )?(?:deep |low"
        r" )*(?:bow|stoop|forward fold)\b|\bhead (?:is )?(?:down )?(?:near|below|level with|at) (?:the|his|her"
        r"|their) (?:knees?|hips?|waist)"
        r"|\bchest (?:is )?(?:\w+ )?(?:close to|near|over|toward|against|towards|facing|almost at|down to)"
        r" (?:the|his|her|their) (?:thighs?|knees?|ground|floor|legs?)")),
    ("trunk", "leaning", "lean tilt inclin slant tip cant slop list pitch angl vertical oblique askew diagonal"
                         " shift plumb heel aslant kilter lurch", (
        r"\b(?:lean(?:s|ing|ed|t)?|tilt(?:s|ing|ed)?|inclin(?:ed|es|ing|ation)|slant(?:s|ed|ing)?|tipp(?:ed"
        r"|ing)|tips|cant(?:ed|s)|slop(?:es(?= (?:forward|back|to|down))|ing|ed)|"
        r"list(?:s|ing)|pitched)\b(?! (?:to (?:smile|say)|of names))"
        rf"|\b{_TRUNK} {_IS}(?:at an? (?:slight |clear |sharp |steep )?(?:angle|incline|slant|tilt)|off (?:the"
        rf" )?vertical|out of (?:the )?vertical|angled|oblique|askew|diagonal)"
        rf"|\b(?:angl(?:es|ed|ing)|incline|inclines|tips|tip|tilts|slants|pitches|shifts) (?:the|his|her|their)"
        rf" (?:whole )?{_TRUNK}\b"
        r"|\b(?:heel(?:s|ing|ed)|tip(?:s|ping|ped)) over\b|\baslant\b|\bat a slant\b|\boff[- ]kilter\b"
        r"|\bin a (?:clear |forward |backward |sideways |slight )*lean\b|\boff (?:the )?vertical\b|\bout of"
        r" plumb\b")),
    ("trunk", "upright", "upright straight vertical erect plumb perpendicular tall ramrod shoulders stack stoop"
                         " slouch hunch", (
        rf"\b(?:bolt |fully |perfectly |straight |completely )?upright\b|\b{_TRUNK} {_IS}(?:straight|vertical"
        rf"|erect|plumb|perpendicular)\b(?! line)"
        rf"|\b(?:straight|vertical|erect|upright|unbent|straightened|ramrod)(?:-| and (?!his\b|her\b|their\b"
        rf"|the\b)\w+ |, (?!his\b|her\b|their\b|the\b)\w+ )?"
        rf" ?(?:back(?:ed|s)?(?! (?:to|through|into|at|toward|towards|along|across|from|up|down|over)\b)"
        rf"|trunks?|torsos?|spines?"
        r"|posture|upper body|upper bodies)\b"
        r"|\berect\b|\b(?:stands?|standing|sits?|sitting|seated|sat|stood) (?:up )?(?:very |nice and "
        r"|straight and |proud"
        r" and |perfectly )?(?:tall|straight)\b"
        r"|\bramrod[- ]straight\b|\bstraight up and down\b|\b(?:torso|trunk|upper body|back|spine) (?:of [\w"
        r" ]{3,36}? )?(?:rises|goes|stands|points|reaches) straight up\b|\bhead (?:\w+ )*(?:above|over) (?:the"
        r"|his|her|their) hips\b|\b(?:holds|holding|keeps|keeping|carries|has|with) (?:the |his |her |their"
        r" )(?:\w+ )?(?:trunk|torso|upper body|back|body|spine)"
        r" (?:\w+ly |very |perfectly |quite )*(?:straight|vertical|upright|erect)\b|\bstraightened up\b"
        r"|\bstraight(?:ens)? up\b(?= |\.|,)"
        r"|\bshoulders (?:\w+ )*(?:stacked |aligned |right |squarely |directly |straight )?(?:above|over|on top"
        r" of) (?:the|his|her|their) hips\b"
        r"|\b(?:stacked|vertical(?:ly)?) (?:above|over) (?:the|his|her|their) hips\b|\b(?:without|no|not)"
        r" (?:any |a |the slightest )?(?:stoop|slouch|hunch)\w*\b")),
)  # fmt: skip

LEGS = (
    ("legs", "in a stride", "strid step lung split scissor stagger leg foot leading", (
        r"\b(?:mid[- ]?strid(?:e|ing)|mid[- ]?step|strid(?:es|ing)|in (?:full |mid-?|a |a \w+ )?(?:stride|step"
        r"|lunge)|(?:in the )?middle of a (?:\w+ )?(?:stride|step)"
        r"|(?:takes?|taking|taken|took|makes|making) (?:an? )?(?:(?:\w+ )?(?:stride|step)s?)|stepping"
        r" (?:forward|out|off|ahead|along|onto|into|across|over)|steps (?:forward|out|ahead|along|onto|across)"
        r"|lung(?:es|ing)|(?:legs|feet) (?:\w+ )*(?:split|scissored|staggered)(?: front to back)?)\b"
        r"|\b(?:one|the front|the leading|(?:the|his|her|their) (?:left|right|front)) (?:leg|foot) (?:\w+"
        r" )*?(?:forwards?|ahead|in front|leads?|leading|in the lead)\b[^.;]{0,30}?\b"
        r"(?:(?:the |his |her |their |its )?(?:other|one|left|right|back|rear|partner|trailing)(?: (?:leg|foot"
        r"|one))?)? ?(?:\w+ )?(?:back|behind|trail(?:s|ing)|to the rear|at the rear|rear(?:wards?)?|follow(?:s"
        r"|ing)?|other)\b"
        r"|\bone (?:leg|foot) (?:\w+ )*(?:in front of|ahead of|before) the other\b|\bone leading and (?:the"
        r" other|one) trailing\b|\bstrides?\b(?= (?:along|across|out|forward|toward|past|ahead|through|down"
        r"|purposefully))")),
    ("legs", "apart", "straddl stance base wide astride foot leg akimbo", (
        r"\bstraddl(?:es|ing)\b|\b(?:stands?|standing) astride\b|\b(?:wide|broad) straddle\b|\blegs akimbo\b"
        r"|\b(?:wide|broad) stance\b"
        r"|\bstance (?:wide|broad)\b|\bin an? (?:very )?(?:wide|broad|straddle)[- ](?:stance|straddle|base)\b"
        r"|\bstance (?:of [\w ]{3,36}? )?is (?:\w+ )?(?:wide|broad|open)\b|\b(?:wide|broad) (?:stance|base of"
        r" support|base)\b|\bwide-legged\b|\b(?:feet|legs) (?:\w+ )*astride\b"
        r"|\b(?:one|a) (?:foot|leg) (?:\w+ )*(?:to|on|at) (?:either|each) side\b")),
    ("legs", "together", "narrow closed foot leg ankle knee heel attention", (
        r"\b(?:narrow|closed) (?:stance|base)\b|\bstance (?:of [\w ]{3,36}? )?is (?:\w+ )?(?:narrow|closed"
        r"|tight)\b|\bno daylight between\b|\bone (?:foot|leg|ankle|knee) (?:is |held |placed |set |right "
        r"|close |directly |snug(?:ly)? |tight(?:ly)? |pressed |flush )*"
        r"(?:beside|next to|alongside|against|touching|by) (?:the other|its (?:neighbou?r|partner|twin))\b"
        r"|\bheels (?:\w+ )?(?:together|touch(?:ing)?|side by side)\b|\b(?:at|to) attention\b")),
)  # fmt: skip

STANCE = (
    ("stance", None, "slight semi half part crouch squat stand lies lying sits shallow", (
        rf"\b(?:{SLIGHT}|semi-?|half[- ]?|partly|partially|slight|partial|half a|shallow)[- ]?(?:forward"
        rf" )?(?:crouch(?:es|ed|ing)?|squat(?:s|ted|ting)?|sitting|seated)\b(?: position)?"
        r"|\b(?:stand(?:s|ing)? (?:out|still for|for (?:a|the)|by for|in contrast|ready)|stands? to(?! (?:the|his"
        r"|her|their|our|one) (?:\w+ )?(?:left|right|side|fore|front|rear)))\b"
        r"|\bstanding (?:ovation|room|water|desk)\b|\bstands\b(?= (?:are|is|in the background|behind|full))"
        r"|\b(?:the|in the|from the|bleachers and|spectator) stands\b|\blies (?:ahead|in the|between|beyond"
        r"|behind)\b|\blying (?:around|about)\b|\bsits on (?:his|her|their) (?:head|face|nose)\b")),
    ("stance", "crouching", "crouch squat hunker haunch low bottom hip seat backside", (
        r"\b(?:crouch(?:es|ed|ing)?|squat(?:s|ted|ting|ters?)?|hunker(?:s|ed|ing)?(?: down)?)\b|\b(?:on|onto|back on"
        r"|sits on|down on) (?:his|her|their|the) haunches\b"
        r"|\bdeep knee bend\b|\bgets? (?:down )?low\b(?= on)|\b(?:bottom|hips?|seat|backside) (?:\w+ )?(?:close"
        r"|near|down) to (?:the|his|her|their) (?:heels|ground|ankles)\b")),
    ("stance", "sitting", "sit sat seat perch settl sunk sink plopp slump loung install rest chair stool bottom"
                          " behind rear buttock backside weight", (
        r"\b(?:sits?|sitting|sat|seated|cross-legged|perch(?:es|ed|ing))\b|\b(?:takes?|took|taken|taking|has|having"
        r"|occup(?:ies|ying)|in) (?:an? |up a |the |his |her |their )?(?:\w+ )?seats?\b"
        r"|\b(?:settled?|settles|sunk|sinks?|plopped|slumped|lounging|lounges|installed) (?:down )?(?:into|in"
        r"|on|onto|back in) (?:an? |the |his |her |their )(?:\w+ )?(?:chair|armchair|sofa|couch|seat|bench"
        r"|stool|saddle)\b"
        r"|\b(?:rests?|resting|is|are) (?:\w+ )?on (?:his|her|their) (?:bottom|backside|behind|rear(?: end)?"
        r"|buttocks|seat)\b|\bweight (?:is )?(?:\w+ )?on (?:the |his |her |their |a )(?:seat|chair|bottom"
        r"|backside|buttocks)\b"
        r"|\b(?:rests?|resting|relax(?:es|ing)|slouch(?:es|ing)|leans? back|leaning back) (?:back )?(?:in|into)"
        r" (?:an? |the |his |her |their )(?:\w+ )?(?:chair|armchair|sofa|couch|seat)\b|\boccup(?:ies|ying)"
        r" (?:an? |the )(?:\w+ )?(?:chair|armchair|stool|bench|sofa|couch)\b|\b(?:in|on) (?:an? |the )(?:\w+"
        r" )?(?:chair|armchair|stool)\b(?=,? (?:with|sits|rests|relaxes|reads|and (?:his|her|their) feet))")),
    ("stance", "lying", "lie recumb lying lain laid lay reclin sprawl prone supine prostrat horizontal stretch flat"
                        " length on", (
        r"\b(?:lies|lying|lain|laid out|lays|laying|(?<=to )lie"
        r"|lie(?= (?:on (?:the|their)|down|flat|next to|side by side)\b)"
        r"|flat out|recumbent|reclin(?:es|ing|ed)|sprawl(?:s"
        r"|ed|ing)?(?: out)?|sprawled-out|prone"
        r"|supine|prostrate|horizontally)\b(?! (?:on|in|near|at|around|beside) (?:the|its|his|her|their)"
        r" (?:feet|hands?|background))"
        r"|\bstretch(?:ed|es|ing) (?:out |flat |full[- ]length |at full length |herself |himself |themselves"
        r" )+(?:\w+ )*?(?:on|across|along|upon|over) (?:the |an? |his |her |their )?(?:\w+ )?(?:\w+)\b"
        r"|\b(?:face|belly|stomach)[- ](?:down|up)\b(?= on|\.|,| in)|\bflat (?:out )?on (?:the |his |her |their"
        r" )?(?:back|stomach|belly|front|face|side|ground|floor)\b|\b(?:is|are|rests|resting|remains|stays"
        r"|floats|floating) on (?:his|her|their) (?:back|stomach|belly|front|side)\b"
        r"|\b(?:is|are) (?:down )?flat on the (?:ground|floor|grass|sand|bed|board)\b|\bfull[- ]length on"
        r" (?:the|a) \w+\b|\b(?:whole |entire )?body (?:is )?(?:horizontal|flat) (?:on|along|across) ")),
    ("stance", "standing", "stand stood feet legs risen got upright walk stroll strid jog sprint saunter march"
                           " ambl pac wander run", (
        r"\b(?:stands?|standing|stood|upstanding)\b|\b(?:stays?|remains?|is|are|gets?|still|back|up) on (?:his|her"
        r"|their|both) feet\b|\b(?:walks|walking|strolls|strolling|strid(?:es|ing)|jog(?:s|ging)"
        r"|sprint(?:s|ing)|saunter(?:s|ing)|march(?:es|ing)|ambl(?:es|ing)|pac(?:es|ing)|wander(?:s|ing)|runs|running"
        r"|tak(?:es|ing) (?:a|an \w+) (?:\w+ )?(?:walk|stroll|jog|run))\b(?! (?:a |the |water|shoes?|late|out of))"
        r"|\b(?:on|to|onto) (?:his|her|their|both|two|his own|her own"
        r"|their own|both his|both her|both their) (?:\w+ )?(?:feet|legs)\b(?! (?:is|are|apart|lies|sits))"
        r"|\b(?:has |have )?(?:risen|got up|gotten up|gotten to)\b(?= (?:to|from))|\bupright on (?:both|two|his"
        r"|her|their) \w+")),
)  # fmt: skip

_TURNED = (
    r"(?:fac(?:es|ing|e|ed)|turn(?:s|ed|ing)?|look(?:s|ing)?|orient(?:s|ed|ated|ing)|point(?:s|ed|ing)|head(?:s"
    r"|ed|ing)|angled|"
    r"gaz(?:es|ing)|star(?:es|ing)|direct(?:s|ed|ing)|peer(?:s|ing)|aimed|pivot(?:s|ed)|squared|swivel(?:s|led"
    r"|ed)|oriented|walk(?:s|ing)|mov(?:es|ing)|"
    r"runn?(?:s|ing)|glanc(?:es|ing)|rotated)"
)
_STILL = (
    r"(?:fac(?:es|ing|e|ed)|turn(?:s|ed)|look(?:s|ing)?|orient(?:s|ed|ated)|point(?:s|ed|ing)|angled|gaz(?:es"
    r"|ing)|star(?:es|ing)|direct(?:s|ed)|aimed|squared|swivel(?:led|ed)|rotated|pivoted)"
)
_TO = (
    r"(?: directly| straight| fully| mostly| to| toward| towards| at| into| out at| out| back| off| squarely|"
    r" sideways| in| right| around| round| over|"
    r" his body| her body| their body| the body| himself| herself| themselves|(?! slightly) \w+ly)*"
)
_EDGE = r"(?:[- ]hand)?(?: (?:side|edge|margin|border|end|part|half|boundary))?"
_NOT_OWN = (
    r"(?![- ](?:arm|leg|hand(?! side| edge|-side)|foot|elbow|knee|wrist|side of (?:the|his|her|their) (?:body"
    r"|head))\b)(?! of the (?:person|man|woman|\w+er)\b)"
    r"(?! (?:arm|leg|hand(?! side| edge)|foot|elbow|knee|fielder|person|man|woman))"
)


_MOVES = (
    r"(?:walk|jog|sprint|saunter|march|wander|stroll|trott?|rush|dash|surf|ski|step|head)(?:s|es|p?ing)?|runs"
    r"|running|moves|moving"
    r"|strid(?:es|ing)|rid(?:es|ing)|glid(?:es|ing)|rac(?:es|ing)|skat(?:es|ing)|charg(?:es|ing)"
)


def _side(side: str) -> str:
    other = "right" if side == "left" else "left"
    return (
        rf"\b{_STILL}{_TO}(?: the| our| (?:the )?(?:viewer|picture|image|photo|frame|camera)'s| image| picture|"
        rf" screen)?(?: far| very)? {side}(?:wards?)?{_NOT_OWN}"
        rf"(?! to (?:\w+ )*{other}){_EDGE}(?: of (?:the |our )?(?:{PICTURE}|view|screen))?"
        rf"|\b(?:fac\w+|turn\w+|look\w*|head\w*|bound|walk\w*|mov\w*|point\w*) (?:for |to |toward "
        rf"|towards )?(?:picture |image |frame )?{side}(?:wards?)?(?! (?:arm|leg|hand|foot|elbow|knee|side|of"
        rf"|-hand))\b"
        rf"|\b(?:{_MOVES}),? (?:[^.;]{{0,40}}?, |\w+ ){{0,2}}?(?:toward|towards) the (?:far )?{side}{_NOT_OWN}{_EDGE}"
        rf"(?: of (?:the |our )?(?:{PICTURE}|view|screen))?"
        rf"|\bin {side} profile\b|\b(?:{side}[- ]facing|(?:in )?(?:profile|side view|side-on),? (?:is )?(?:turned "
        rf"|facing |directed "
        rf"|pointing |looking )?(?:to |toward |towards )?(?:the (?:viewer's )?)?{side}(?:wards?)?)\b"
        rf"|\b(?:(?:to|toward|towards) )?the (?:far )?{side}{_EDGE}(?: of (?:the )?{PICTURE})?(?: is (?:the"
        rf" direction|where|the way)| is the side)[^.;]{{0,60}}? (?:faces|is facing|is turned|looks|is looking"
        rf"|has turned|is pointing|points)\b"
        rf"|\b(?:front|chest|nose|toes|body|face and body)(?: (?:is|are))?(?: \w+ing| turned| directed)? (?:to"
        rf"|toward|towards) the (?:viewer's )?{side}{_NOT_OWN}{_EDGE}(?: of (?:the )?{PICTURE})?\b"
    )


FACING = (
    ("facing", None, "slight half part three shoulder facing back", (
        rf"\b(?:{SLIGHT}|half|partly|partially|three-quarters) {_TURNED}|\b{_TURNED}(?: \w+)? {SLIGHT} (?:to"
        rf"|toward|towards|away|left|right)"
        r"|\b(?:over|across|past) (?:his|her|their|the) (?:left |right )?shoulder\b|\bfacing (?:each other|one"
        r" another)\b|\bback to back\b")),
    ("facing", "away from the camera", "away back behind rear from way direction hidden sight visible unseen"
                                       " face opposite distance background far depth front", (
        rf"\b(?:{_STILL}|seen|viewed|is|directed|oriented)(?: directly| straight| fully| completely| entirely|"
        rf" squarely| (?:the|his|her|their) (?:back|body|face))?"
        rf" away(?: from (?:{CAMERA}|where we are))(?!\w)|\b(?:fac(?:es|ing|ed)|turn(?:s|ed)|look(?:s|ing))"
        rf" away\b(?! from)|\bturned from {CAMERA}|\bfac(?:es|ing) (?:the (?:other|opposite) (?:way|direction)"
        rf"|the background)"
        rf"|\bbacks?(?: is| are| being)?(?: fully| squarely| completely)?(?: turned| to| toward| towards|"
        rf" facing| presented| on| at| pointing| directed)+ {CAMERA}"
        r"|\b(?:seen|shown|viewed|pictured|photographed|captured|visible|caught|taken|depicted|watched|sees?"
        r"|views?|shows?|captures?|catches|have|look at)(?: (?:him|her|them|(?:the|this) [\w ]{3,40}?))?(?:"
        r" only| directly| straight)* (?:from (?:directly )?(?:behind|the back|the rear)|rear[- ]on|back[- ]on)"
        r"|\bnothing (?:of [\w ]+ )?but (?:a |the |his |her |their )?back"
        rf"|\bback (?:is )?(?:turned|visible|facing us|in view|on view|on display)\b|\b(?:back|rear) view\b"
        rf"|\b(?:only|just|mainly) (?:the |his |her |their )?(?:back|rear|back of)\b(?! (?:is|stays|remains) hidden)"
        rf"|\b(?:turn(?:s|ed|ing)?|show(?:s|ing)?|present(?:s|ing)?|has|have|having|with) (?:{CAMERA} )?(?:the "
        rf"|his |her |their |a )?back(?: turned)?(?: (?:to|on|toward|towards) (?:{CAMERA}))"
        rf"|\bturn(?:s|ed) (?:his|her|their|the) back\b|\b(?:shows?|showing|presents?|giv(?:es|ing))"
        rf" (?:{CAMERA} (?:only )?)?(?:the|his|her|their) back\b"
        r"|\b(?:we|you|one) (?:can )?(?:only )?(?:see|look at|are looking at|view|get)(?: only| just)? (?:the "
        r"|his |her |their )?(?:\w+ )?(?:back|rear|back of)\b"
        r"|\bback of (?:the|his|her|their) head (?:is|faces|toward|to|can)\b|\b(?:face|front) (?:is |remains "
        r"|stays )?(?:hidden|out of sight|not visible|invisible|unseen|turned away)(?: from (?:us|view|the \w+))?"
        r"|\b(?:no (?:part of )?(?:the |his |her |their )?face|none of (?:the|his|her|their) face) (?:is |can"
        r" be )?(?:visible|seen|to be seen)|\bin the direction opposite (?:to )?the camera"
        rf"|\bwith (?:the |his |her |their )?back (?:to|toward|towards) {CAMERA}|\b(?:into|toward|towards) the"
        rf" (?:distance|background|far end|depth of the {PICTURE})\b(?=.{{0,3}}$)")),
    ("facing", "toward the camera", "camera viewer photographer lens observer us our you onlooker reader front"
                                    " forward head face", (
        rf"\b{_STILL}{_TO} {CAMERA}(?!['\w])|\bfront-on\b|\b(?:stands? |is |are )?squared? (?:on )?to {CAMERA}"
        rf"|\blooks? out at {CAMERA}|\b(?:seen|shown|viewed|pictured|photographed|captured|visible"
        rf"|caught|sees?|views?|shows?|captures?|catches|depicted|have)(?: (?:him|her|them|(?:the|this) [\w"
        rf" ]{{3,40}}?))? (?:directly |straight |fully )*(?:from the front|front[- ]on|head[- ]on|full[- ]face"
        rf"|face[- ]on)"
        rf"|\b(?:front|chest|face and (?:chest|body|torso)|face|chest and face|body)(?: (?:is|are))?(?: turned|"
        rf" facing| presented| squarely| square| directed| open| pointing| oriented)? (?:to|toward|towards|at)"
        rf" {CAMERA}"
        rf"|\bface[sd]? (?:straight )?forward\b|\bfacing (?:straight )?forward\b(?! direction)|\b\bfront[- ]on"
        rf" to {CAMERA}|\b(?:looks?|see|view) [\w ]{{3,40}}? in the face\b|\bfront of [\w ]{{3,40}}? (?:is "
        rf"|faces |points |turned )*(?:to|toward|towards|at)? ?{CAMERA}|\b(?:frontal|front|full-face|head-on"
        rf"|face-on) (?:view|pose|shot|portrait|stance)\b|\bfront-facing\b|\b(?:fronts?|confronts?|squares? up"
        rf" to|meets?) {CAMERA}"
        rf"|\b(?:looks|looking|gazes|gazing|staring|stares|smil(?:es|ing)|beam(?:s|ing)|grin(?:s|ning))"
        rf" (?:straight |directly |right |out |back )*(?:at|into|toward|towards) {CAMERA}|\bface to face with"
        rf" {CAMERA}"
        rf"|\b(?:eye contact|eye to eye) with {CAMERA}|\b(?:toward|towards) {CAMERA}(?= is| turns| faces|,)"
        rf"|\bfaces? (?:is |are )?(?:fully |clearly )?toward us")),
    ("facing", "image left", "left", _side("left")),
    ("facing", "image right", "right", _side("right")),
)  # fmt: skip

BODY = (*TRUNK, *LEGS, *STANCE, *FACING)
"""States of the whole body: kind, value, stems of which every match has one, words."""

ONE_LEGGED = (
    r"\b(?:(?:stand(?:s|ing)?|remain(?:s|ing)?|is|rests?|resting)(?: \w+ly| firmly| still| upright)?"
    r"|(?P<balance>balanc(?:es|ed|ing)"
    r"|hop(?:s|ping)|perched|poised|teeters?|teetering)) (?P<only>only |just |solely |entirely "
    r"|purely )?on (?:(?:the|his|her|their"
    r"|only|just|one|a|straight|bent|own) )*(?:(?P<side>left|right) (?:leg|foot)\b(?P<alone> (?:only|alone))?"
    r"|(?:leg|foot),? (?:the|his|her|their) (?P<late>left|right)\b(?=[,.;)]|$))"
)
"""Standing on one leg; alone on it, the other is lifted."""

NOT_THE_BODY = (
    r"\b(?:heads?|face|gaze|eyes|shoulders?|neck|chin|hips?|feet|foot|toes|palms?|hands?|arms?|legs?|elbows?"
    r"|knees?|fingers?|board|ski|poles?|"
    r"hat|cap|helmet|racket|attention|focus|glance|building|tree|trees|wall|sign|sun|light|shadow|slope|hill"
    r"|track|road|path|background|"
    r"forearms?|wrists?|thighs?|ankles?|horizon|stare|sight)$"
)
"""Nouns that, right before such words, are what leans, stands or faces instead of the whole body."""
