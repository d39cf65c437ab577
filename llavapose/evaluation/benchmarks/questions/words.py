"""The words of questions: what makes one about pose or action, answerable by yes, or open; and what a text is about."""

import re

_PARTS = (
    "head|heads|face|faces|neck|shoulders?|arms?|elbows?|wrists?|hands?|fingers?|hips?|torso|trunk|back|legs?|knees?|"
    "ankles?|foot|feet|limbs?|body|bodies"
)
_VERBS = (
    "act|acts|acting|aim|balance|balances|balancing|batting|behave|behaves|behaving|bend|bends|bending|carry|carries|"
    "carrying|catch|catches|catching|climb|climbs|climbing|coordinate|crouch|crouches|crouching|dance|dances|dancing|"
    "eating|drinking|engage|engaged|engages|engaging|engagement|extend|extends|extending|facing|"
    "gestur\\w+|grasp\\w*|grip\\w*|handle|handles|handling|hold|holds|holding|interact\\w*|jump|jumps|jumping|"
    "kick|kicks|kicking|kneel|kneels|kneeling|leap\\w*|lean|leans|leaning|lift|lifts|lifting|look|looks|looking|lying|"
    "maneuver\\w*|manoeuvr\\w*|move|moves|moving|movements?|motion|motions|oriented|orientation|perform|performs|"
    "performing|playing|point|points|pointing|posing|position|positions|positioned|positioning|posture\\w*|pose|poses|"
    "posed|pull|pulls|pulling|push|pushes|pushing|raise|raises|raising|raised|reach|reaches|reaching|react\\w*|rest|"
    "rests|resting|ride|rides|riding|run|runs|running|serve|serving|sit|sits|sitting|skating|skiing|stance|stances|"
    "stand|stands|standing|steady|stretch\\w*|surfing|swing|swings|swinging|talking|technique\\w*|throw|throws|"
    "throwing|tilt\\w*|touch\\w*|turn|turns|turned|turning|using|walk|walks|walking|watch|watches|watching|waving"
)
_PHRASES = (
    "what (?:is|are|was|were) (?:[\\w' -]+ )?doing|what (?:do|does) (?:[\\w' -]+ )?do\\b|actions?|activit(?:y|ies)|"
    "behaviou?rs?|body language|gaze|(?:happen|come)s? next|next (?:move|movement|step|action)|role|effort|exertion"
)
_ABOUT_POSE = re.compile(rf"\b(?:{_PARTS}|{_VERBS}|{_PHRASES})\b")
_NOT_OF_PEOPLE = re.compile(
    r"\b(?:what|which) (?:kind|type|sort|colou?r|brand|breed|style)s?\b|\bwear(?:s|ing)?\b|\bdressed\b|"
    r"^\W*how (?:many|much|old|big|large|tall)\b|\bweather\b|\btime of\b|"
    r"^\W*(?:where|what) (?:is|are) (?:the )?(?!(?:\w+ )*(?:man|woman|person|people|boy|girl|child|player|doing)\b)"
    r"[\w ]+ (?:located|made of|called)\b|\bin (?:his|her|their) (?:back)?ground\b"
)
_AUXILIARY = re.compile(
    r"^\W*(?:(?:in|from|judging|based|looking|considering|given)\b[^,]*, )?"
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|might|may|must)\b(?:n't)?"
)
_POLITE = re.compile(
    r"^\W*(?:can|could|would|will|do) (?:you|we|one)(?: please| kindly| also)? "
    r"(?:describe|explain|tell|identify|elaborate|analy[sz]e|name|say|share|walk|list|guess|interpret|assess|comment|"
    r"provide|give|infer|discuss|summari[sz]e|know)\b"
)
_TOLD_WHETHER = re.compile(r"\b(?:tell|say|know|identify|determine)\b(?: me| us)? (?:if|whether)\b")
_EITHER = re.compile(r"\bor\b(?! not\b)")
_UNDECIDED = re.compile(
    r"\b(?:can ?not|can't|could not|couldn't|cannot|unable to|impossible to|not possible to|difficult to|hard to|"
    r"no way to|not able to)\b[^.;]{0,25}?\b(?:determin|tell|say|know|see|discern|infer|identif|ascertain|confirm|"
    r"conclu|make out|be (?:determined|told|said|known|seen|discerned|inferred|identified|ascertained|confirmed))|"
    r"\b(?:is|are|it's|isn't|remains?) (?:not |un)?(?:entirely |quite |really |fully )?"
    r"(?:unclear|uncertain|not clear|not certain|not visible|not shown|not specified|unknown|clear from)|"
    r"\b(?:is|are) (?:not )(?:clear|visible|shown|specified|mentioned|evident|apparent|certain|known|"
    r"depicted|provided|described)\b|\bdoes not (?:show|say|provide|reveal|specify|indicate)\b|"
    r"\bno (?:information|indication) (?:about|of|on)\b|\bi(?:'m| am) (?:not sure|sorry|unable)\b"
)

_CARRY_NOTHING = (
    "a an the this that these those it its is are was were be been being am do does did done has have had and or but "
    "of in on at to from with without by for as into over under between while when where what which who whom whose "
    "how why there here he she they his her their them hers theirs himself herself themselves both all any some each "
    "one two three four five six seven eight nine ten person people man men woman women boy boys girl girls child "
    "children individual individuals image picture photo scene shown seen seem seems appear appears likely very so "
    "also not no yes up down out off left right than then if can could may might will would should must way him"
)
_STOP = frozenset(_CARRY_NOTHING.split())


def is_about_pose(question: str) -> bool:
    """Whether a question asks about poses, actions or movements of people."""
    words = question.lower()
    return _ABOUT_POSE.search(words) is not None and _NOT_OF_PEOPLE.search(words) is None


def asks_yes_or_no(question: str) -> bool:
    """Whether "yes" or "no" would answer it; one that offers alternatives, or asks politely, is another."""
    words = question.strip().lower()
    if _POLITE.match(words):
        return _TOLD_WHETHER.search(words) is not None and _EITHER.search(words) is None
    return _AUXILIARY.match(words) is not None and _EITHER.search(words) is None


def is_undecided(answer: str) -> bool:
    """Whether an answer says that the picture does not tell."""
    return _UNDECIDED.search(answer.lower().replace("’", "'")) is not None


def content_words(text: str) -> frozenset[str]:
    """The stems of the words that carry a text."""
    return frozenset(stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in _STOP and len(word) > 1)


def stem(word: str) -> str:
    """A word without its ending, roughly: "waving" and "waves" are "wav"."""
    for ending in ("ing", "ers", "er", "ies", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word
