"""The rules of ``benchmarks/prose.py``: small, honest heuristics, each with sentences marked by hand in its test."""

import re

HE = frozenset(["man", "boy", "guy", "gentleman"])
SHE = frozenset(["woman", "girl", "lady"])
NEUTRAL = frozenset(
    [
        "person",
        "child",
        "kid",
        "someone",
        "somebody",
        "individual",
        "figure",
        "player",
        "skier",
        "surfer",
        "snowboarder",
        "skateboarder",
        "runner",
        "rider",
        "walker",
        "athlete",
        "batter",
        "pitcher",
        "adult",
    ]
)
NOUNS = HE | SHE | NEUTRAL

_NOUN = "|".join(sorted(NOUNS))
_PLURAL = "people|men|women|boys|girls|children|kids|persons|skiers|surfers|players"
_AUXILIARY = (
    "is are was were am has have had do does did can could may might will would should must shall isn't aren't "
    "doesn't don't can't won't wouldn't couldn't cannot "
).split()
_THIRD = (
    "travels hopes watches strains presses passes stands sits crouches lies holds keeps has faces leans bends carries "
    "touches looks rests rides swings throws plays shows appears takes uses reaches waves kicks runs walks wears "
    "hangs points turns needs gives leaves lets makes works bears supports puts means helps fits suits serves goes "
    "comes tells follows belongs spends skis surfs drinks talks flies suggests attends knows sees asks costs pulls "
    "pushes stretches lifts spreads matches differs shares depends calls seems remains stays brings meets moves "
    "starts ends wants gets counts speaks adds says opens points rises raises lowers sets saves tires falls tips "
    "tilts feels hides catches covers allows blocks occupies explains occurs happens begins lacks requires steadies "
    "stops overlap straightens lasts goes crosses begins "
).split()
_BARE = (
    "set pass depend stand sit crouch lie hold keep face lean look rest carry share take have do wear touch work bear "
    "belong spend play ride wave reach hang point turn need show fit suit serve go come tell differ match seem stay "
    "make help leave let give meet see know move want get add say rise speak carry explain "
).split()
_FINITE = re.compile(rf"\b(?:{'|'.join([*_AUXILIARY, *_THIRD])})\b|\b(?:it|he|she|that|there|they|we)'(?:s|d|re|ll)\b")
_PLURAL_SUBJECT = re.compile(
    rf"\b(?:{_PLURAL}|they|we|you|both|these|those|two|three|four|and the \w+|arms|legs|knees|elbows|hips|body|hands|feet|"
    rf"shoulders|thighs|muscles|eyes|others|all|poses|backs|boards?)\b(?: [\w-]+){{0,7}}? (?:{'|'.join(_BARE)})\b"
)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def has_finite_verb(sentence: str) -> bool:
    """Whether the sentence has a verb that is no participle: "A man riding a wave." has none."""
    lowered = sentence.lower()
    return bool(_FINITE.search(lowered) or _PLURAL_SUBJECT.search(lowered))


_WHERE = (
    r"(?: on the (?:far )?(?:left|right)(?! side)| in the middle(?! of)|"
    r" (?:in|wearing|dressed in) (?:(?:a|an|the) )?(?:[\w-]+ ){0,2}?(?:shirt|top|pants|jacket|coat|dress|suit)|"
    r" in (?:red|blue|yellow|green|white|orange|purple|pink|black|grey|turquoise|khaki|brown)\b)*"
)
_NAME = re.compile(
    rf"\b(?:the|a|an|this|one) (?:(?:young|old|older|little|first|second|third|other|elderly) )*(?:{_NOUN})"
    rf"(?: from the left| from the right)?{_WHERE}"
)
_THING = re.compile(
    r"\b(?:a |an |the )?(?:tennis racket|baseball bat|umbrella|frisbee|sports ball|cell phone|book|cup|bottle|handbag|"
    r"suitcase|kite|skis|snowboard|skateboard|surfboard|chair|bench|dog|backpack|phone|bag|bat|racket|ball)\b"
)
_NUMBER = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten)\b")


def abstract(sentence: str) -> str:
    """A sentence without the names of people, sides, numbers and things: its form."""
    text = _NAME.sub("WHO", sentence.lower().strip())
    text = re.sub(rf"\b(?:{'|'.join(sorted(HE | SHE))})\b", "WHO", text)
    text = re.sub(r"\b(?:he|she|they)\b", "THEY", re.sub(r"\b(?:his|her|their)\b", "THEIR", text))
    text = re.sub(r"\b(?:left|right)\b", "SIDE", text)
    return re.sub(r"\b(?:men|women|boys|girls|people)\b", "PEOPLE", _NUMBER.sub("NUM", _THING.sub("THING", text)))


_MENTION = re.compile(
    rf"\b(?:the|a|an|this|that|one|another) (?:(?:young|old|older|little|elderly|second|third|fourth) )*(?P<noun>{_NOUN})\b"
    rf"(?:'s)?(?P<place>(?: on the (?:far )?(?:left|right)(?! side)| in the middle(?! of)| from the (?:left|right))?)"
    rf"|(?:^|[.!?] )(?P<some>someone|somebody)\b|\b(?P<pronoun>he|she|they|him|his|her|hers|their|them)\b",
)
_FAMILY = {
    "he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she", "they": "they", "their": "they",
    "them": "they",
}  # fmt: skip


def referent_switch(text: str, alone: bool) -> bool:
    """Whether one person is called by two nouns, or by pronouns that do not fit the noun or each other.

    Args:
        text: an answer.
        alone: whether the picture has one person; else people are told apart by their place, and only then by nouns.
    """
    nouns: dict[str, set[str]] = {}
    families: dict[str, set[str]] = {}
    place, num_named = "", 0
    for match in _MENTION.finditer(text.lower()):
        if match["pronoun"]:
            if not alone and re.search(rf"\b(?:{_PLURAL}|both|two)\b", text[: match.start()].lower().split(". ")[-1]):
                continue  # "their" of several people
            families.setdefault(place, set()).add(_FAMILY[match["pronoun"]])
            continue
        noun = match["noun"] or match["some"]
        place = "" if alone else (match["place"] or f"unplaced {num_named}")
        num_named += 1
        nouns.setdefault(place, set()).add("person" if noun in ("someone", "somebody") else noun)
    return any(_torn(nouns.get(place, set()), families.get(place, set())) for place in {*nouns, *families})


def _torn(nouns: set[str], families: set[str]) -> bool:
    fitting = {"he" if noun in HE else "she" if noun in SHE else "they" for noun in nouns}
    return len(nouns) > 1 or len(families) > 1 or bool(nouns and families and families != fitting)


def quotes(sentence: str, captions: tuple[str, ...]) -> str:
    """ "whole" where the sentence is a caption or holds one, "part" where six words in a row are one's, else ""."""
    words = re.findall(r"[\w'-]+", sentence.lower())
    found = ""
    for caption in captions:
        told = re.findall(r"[\w'-]+", caption.lower())
        if told and f" {' '.join(told)} " in f" {' '.join(words)} ":
            return "whole"
        runs = {tuple(told[i : i + 6]) for i in range(len(told) - 5)}
        if any(tuple(words[i : i + 6]) in runs for i in range(len(words) - 5)):
            found = "part"
    return found


_SIDES = r"\b(?:left|right|both|either|neither|none|no|all)\b"
RULES: tuple[tuple[str, str], ...] = (
    # Conversation.
    (r"^how many people|^(?:are|is) there \w+ (?:people|person)|how many are", r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|many|only|alone)\b"),
    (r"^(?:how|what is|how high) .*(?:elbow|knee|arm|leg|trunk|upper body|stance)|what is the stance", r"straight|bent|raised|lowered|head|shoulder|side|body|apart|together|stride|lifted|ground|upright|leaning|standing|sitting|crouching|lying|stands|sits|crouches|lies|leans|down|folded|up\b"),
    (r"which way|face|facing|turned", r"camera|left|right|back|front|behind|profile|away"),
    (r"^where (?:in|is|are|does|do)|in which part|on which side|to which side|whereabouts", r"left|right|middle|side|across|\bin\b|\bon\b|\bat\b|\bdown\b|near|by\b|ground|front|lifted|out"),
    (r"posture", r"straight|bent|upright|leaning|standing|sitting|crouching|lying|stands|sits|leans|over"),
    (r"kind of place|look for|what height", r"left|right|middle|\bin\b|\bon\b|\bat\b|raised|lowered|head|shoulder|down|up|body|folded"),
    (r"look like|how much|said about", r"straight|bent|raised|lowered|head|side|body|up|down|shoulder|lifted|ground|folded"),
    (r"^which (?:arm|leg|knee|elbow)", r"left|right"),
    (r"at the \w+ (?:hand|foot)", r"\b(?:an? \w+|skis|scissors)"),
    (r"nearest|closest to (?:the|WHO)", r"person|man|woman|boy|girl|child"),
    (r"touch|holding|in the hand|in THEIR .*hand", r"."),
    (r"^what (?:is|are) .* doing|which action|what .*busy with\?|what .* up to", r"ing\b|[a-z]s\b"),
    (r"wearing|clothes|dressed", r"shirt|pants|top|jacket|coat|dress|suit|cap|hat|\bin\b|wear"),
    (r"what is happening|what does the picture show|what can be seen|which objects|what else|who and what|in a few words|sum up|going on", r"."),
    # Detailed description.
    (r"describe|detail|explain|portray|characterize|break down|illustrate|walk through|analysis|observe|examine|narrat|elucidat|share|provide|offer|depict", r"\b(?:stand|sit|crouch|lie|lying|is|are|facing|arm|knee|elbow)"),
)  # fmt: skip
"""What a question asks -> what its answer must hold, both in small letters; the first that fits decides."""


def answered(question: str, answer: str) -> bool | None:
    """Whether the answer holds what the question asks for; None where no rule knows the question."""
    asked, told = question.lower().removeprefix("<image>").strip(), answer.lower()
    for wanted, needed in REASONING_RULES:
        if re.search(wanted, asked):
            return re.search(needed, told) is not None
    if re.search(r"\bor\b", asked) and not asked.startswith("how many"):
        return _takes_a_side(abstract(asked), abstract(told))
    if re.match(r"(?:is|are|does|do|has|can|could|would|will) ", asked):
        return re.match(r"(?:yes|no|not)\b", told) is not None
    found = next((needed for wanted, needed in RULES if re.search(wanted, asked)), None)
    return None if found is None else re.search(found, told) is not None


_NO_VALUE = frozenset("is are the of or a an to who does do how which what there in picture side elbow knee arm leg trunk "
                      "upper body hold has have holding touching facing WHO whos their they".lower().split())  # fmt: skip


def _takes_a_side(asked: str, told: str) -> bool:
    """Whether the answer has one of the values that the question offers; both are abstract."""
    offered = {word[:5] for word in re.findall(r"[a-z'-]+", asked.lower())} - {word[:5] for word in _NO_VALUE}
    said = {word[:5] for word in re.findall(r"[a-z'-]+", told.lower())}
    return bool(offered & said) or not offered or ("side" in asked.lower().split("who")[-1] and "side" in said)


REASONING_RULES: tuple[tuple[str, str], ...] = (
    (r"how steady|light push|from falling|a stable one|wide is the base|lose (?:the )?balance", r"stead|stable|balanc|base|firm|topple|fall|tip|push|support|sway"),
    (r"weight|bears most|the load", r"weight|load|carr|bear|rest"),
    (r"muscles|how long could|comfortable|feel first|tiring|tire first\b.*(?<!who would tire first\?)$", r"muscle|shoulder|thigh|back|tire|tiring|long|minute|comfort|effort|rest|ache|while|legs"),
    (r"easier|strain off|let .* rest|to relax|relief", r"lower|letting|straighten|sit|stand|put|nothing|already|bring|lean|both feet|down"),
    (r"wave with|free to catch|shake hands|hand to spare|greet somebody with", rf"{_SIDES}"),
    (r"know about the camera|behind the camera|notice the photographer|in view|attention of|be watching|last to notice", r"see|sees|notice|view|know|aware|eyes|look|attention|fac|watch|front|back"),
    (r"unnoticed|without being seen|meet the eyes|see it coming|to look at us|have to turn", r"behind|side|edge|front|turn|back|camera"),
    (r"photographer caught|does the picture hide|by the face|see of the face", r"front|behind|side|profile|face|back"),
    (r"do next|go on for|comes after|in a second|next scene|next moment", r"\b(?:may|might|will|likely|next|then|soon|could|probably|would)\b"),
    (r"walk away|start to run|most easily|before .* can jump|get moving", r"first|stand|get|rise|step|push|straight|at once|quick|slow|leg|feet|ready|sit"),
    (r"hold the body this way|fit the activity|details of the pose|gives away|why .* like this", r"because|since|\bas\b|so\b|fit|suit|serve|help|show|go with|goes with|need|belong|for\b"),
    (r"aim of|trying to|concentrating on|hope for", r"want|aim|try|trying|goal|wants|to \w+|hope|about"),
    (r"beginning, in the middle|moment of the action|finished the movement", r"beginning|start|middle|end|under way|still|before|after|finish|moment|yet|over"),
    (r"how much room|keep clear|space should one leave", r"room|space|clear|narrow|wide|distance|past|reach|close"),
    (r"how high do the hands|high shelf|branch", r"reach|shelf|branch|high|overhead|above|stretch|\bup\b|shoulder"),
    (r"do the two arms|two arms of|mirror|busier|two legs of|same job", r"same|mirror|both|differ|each|one|other|busier|left|right"),
    (r"relaxed or tense|tension|at rest\?", r"relax|tens|rest|ease|calm|effort|work|strain"),
    (r"let go of|would fall if|kept in place|stepped off|put down", r"racket|bat|umbrella|frisbee|ball|phone|book|cup|bottle|bag|suitcase|kite|ski|board|\ban? \w+|the \w+"),
    (r"differ\?|in common|sets .* apart|mistake the pose|same pose", r"both|differ|while|whereas|but|unlike|same|common|alike|not"),
    (r"^who ", r"\b(?:the|both|all|neither|nobody|each|they)\b"),
    (r"in the eye|attending to the same|talking to each other|turned the same way|see each other", r"yes|\bno\b|each other|same|both|neither|not"),
    (r"miss first|does .* need for this", r"\w* (?:needs|takes|asks for)|without"),
    (r"well is .* balanced", r"balanc|base|stead|firm|topple|fall|ankle|foot|footing|push|shove|seat|ground"),
    (r"have to spare", rf"{_SIDES}"),
    (r"good place|right place", r"offer|need|find|hope for"),
    (r"work or leisure", r"work|leisure|job|errand|free time"),
    (r"company", r"company|alone|others?\b"),
    (r"spoil the moment|go wrong", r"spoil|trouble|reckon|end to it"),
)  # fmt: skip
"""The same of the questions that ask for a reason."""
