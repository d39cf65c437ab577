"""Whether those whom a question speaks of are there.

People by their number, their place and what the captions call them; things; parts of the body that are in the picture.
"""

import re
from collections.abc import Iterator

from llavapose.evaluation.benchmarks.questions.words import stem
from llavapose.pose.claims.mentions import mentions_in
from llavapose.pose.claims.words.people import PLURALS
from llavapose.pose.claims.words.shared import NUMBERS
from llavapose.pose.people import NOUNS, prominent, resolve
from llavapose.pose.skeleton import COCO17
from llavapose.pose.things import ANNOTATED, THING_NAMES
from llavapose.records import Scene

_MALE = "man men guy guys gentleman male males boy son he his him father dad husband groom"
_FEMALE = "woman women lady ladies female females girl daughter she her mother mom wife bride"
_YOUNG = "child children kid kids toddler toddlers youngster"
_CALLED: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for names, words in (
        ("man men guy guys gentleman gentlemen male males father dad husband groom", _MALE),
        ("woman women lady ladies female females mother mom wife bride", _FEMALE),
        ("boy boys son sons", f"{_MALE} boys sons"),
        ("girl girls daughter daughters", f"{_FEMALE} girls daughters"),
        (_YOUNG, f"{_YOUNG} boy boys girl girls baby infant son daughter"),
        ("baby babies infant infants", "baby babies infant infants toddler toddlers newborn child"),
    )
    for name in names.split()
}
"""What somebody is called -> words of which the captions must hold one: a teacher does not see the picture."""
_ROLES: dict[str, str] = {
    "skier": "ski", "surfer": "surf", "snowboarder": "snowboard", "skateboarder": "skat", "skater": "skat",
    "swimmer": "swim", "runner": "run jog rac", "cyclist": "bik bicycl cycl rid", "biker": "bik motorcycl rid",
    "rider": "rid hors motorcycl bik bicycl skateboard surf wav", "batter": "bat baseball swing", "hitter": "bat ball",
    "pitcher": "pitch baseball throw", "catcher": "catch baseball", "golfer": "golf", "dancer": "danc",
    "chef": "chef cook kitchen", "cook": "cook kitchen chef", "umpire": "umpir baseball", "referee": "refere gam",
    "waiter": "waiter serv", "photographer": "photograph camera pictur", "driver": "driv car bus truck",
    "server": "serv tennis", "climber": "climb", "bather": "bath beach swim",
    "tennis player": "tennis", "baseball player": "baseball bat", "soccer player": "soccer footbal kick",
    "player": "play gam ball tennis baseball soccer basketball footbal frisbe racket rug bat court field match wii",
}  # fmt: skip
"""What a role's captions or things must speak of, as stems."""
_PLURAL = re.compile(rf"\b(?:{PLURALS}|friends|surfers|riders|batters|guys|ladies|babies|pair|couple|group|crowd)\b")
_COUNTED = re.compile(
    rf"\b({'|'.join(NUMBERS[2:])}|\d+) (?:(?!of\b)[\w-]+ ){{0,2}}?(?:{PLURALS}|of them)\b|"
    rf"\b(both)(?= (?:of )?(?:the |these )?(?:{PLURALS}|them)\b)|\b(pair|couple|duo|trio)\b"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS[1:])}) (?:[\w-]+ )?(?:{NOUNS})\b")
_FURTHER = re.compile(rf"\b(?:the other|another|other) (?:[\w-]+ )?(?:{NOUNS}|{PLURALS}|players?)\b")
_TOGETHER = re.compile(r"\b(?:each other|one another|together|between (?:them|the))\b")
_AMONG = re.compile(r"\b(?:any|all|some|each|none|most) of the (?:people|persons)\b|\bthe people\b")
_SIDE = re.compile(
    rf"\b(?:{NOUNS}|\w+er)s? (?:[\w-]+ )?(?:on|at|in|to) the (?:far )?(left|right|middle|cent(?:er|re))\b"
)
_JOINTS_OF: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"feet|foot|ankles?|shoes?", ("ankle",)),
    (r"knees?", ("knee",)),
    (r"legs?|stride|footwork", ("knee", "ankle")),
    (r"hips?", ("hip",)),
    (r"elbows?", ("elbow",)),
    (r"(?<!on the left )(?<!right )hands?|wrists?|fingers?|grip", ("wrist",)),
    (r"arms?", ("elbow", "wrist")),
    (r"shoulders?", ("shoulder",)),
    (r"heads?|faces?|gaze|eyes", ("nose", "left eye", "right eye", "ear")),
)
"""Words for a part of the body -> joints of which one must be labelled."""


def absent(question: str, scene: Scene) -> str | None:
    """Who or what the question speaks of that is not there; None where all are."""
    words = " ".join(question.lower().replace("’", "'").split())
    return (
        _absent_number(words, scene) or _absent_place(words, scene) or _absent_name(words, scene)
        or _absent_thing(words, scene) or _absent_part(words, scene)
    )  # fmt: skip


def _absent_number(words: str, scene: Scene) -> str | None:
    number = len(scene.people)
    if scene.num_crowds:  # nobody has counted them
        return None
    told = {"both": 2, "pair": 2, "couple": 2, "duo": 2, "trio": 3}
    for match in _COUNTED.finditer(words):
        said = match[1] or match[2] or match[3]
        wanted = told.get(said) or (int(said) if said.isdigit() else NUMBERS.index(said))
        # Some of them may be meant ("the two people on the bench"), but not all by a number that is not theirs.
        some = re.match(
            r" (?:people |men |women )?(?:on|at|in front|behind|next|beside|with|who)\b", words[match.end() :]
        )
        if wanted > number or (wanted < number and not some and said not in ("pair", "couple", "duo", "trio")):
            return f"{said} people, of whom there are {number}"
    for match in _ORDINAL.finditer(words):
        if _ORDINALS.index(match[1]) + 1 > number:
            return f"{match[0]}, of {number}"
    if number < 2 and (
        _FURTHER.search(words) or (_TOGETHER.search(words) and re.search(r"\bthey|people|them\b", words))
    ):
        return "several people, of whom there is one"
    if number < 2 and (match := _PLURAL.search(words) or _AMONG.search(words)):
        # The papers' instructions speak of "people" whoever is there; who asks for a detail of them means several.
        return None if re.search(r"\bpeople (?:\w+ ){0,2}in the\b", words) else f"{match[0]}, of whom there is one"
    return None


def _absent_place(words: str, scene: Scene) -> str | None:
    number = len(prominent(scene))
    for match in _SIDE.finditer(words):
        if number < 2 or (match[1][0] in "mc" and number < 3):
            return f"the {match[0]}, where there {'is' if number == 1 else 'are'} {number}"
    named = [
        one.text for one in mentions_in(words) if not one.pronoun and re.search(r"from the (?:left|right)", one.text)
    ]
    lost = [text for text in named if resolve(text, scene) is None]
    return f"{lost[0]}, who cannot be told" if lost else None


def _told(scene: Scene) -> str:
    """The words of captions and things."""
    return " ".join((*scene.captions, *(thing.category for thing in scene.things))).lower()


def _absent_name(words: str, scene: Scene) -> str | None:
    """Somebody whom no caption calls so, or a role that nothing speaks of."""
    known = frozenset(re.findall(r"[a-z]+", _told(scene)))
    for word in re.findall(r"[a-z]+", words):
        if word in _CALLED and known.isdisjoint(_CALLED[word]):
            return f"a {word}, whom no caption names"
    stems = [stem(word) for word in known]
    for role, needed in _ROLES.items():
        if re.search(rf"\b{role}s?\b", words) and not any(one.startswith(tuple(needed.split())) for one in stems):
            return f"a {role}, of whom nothing is known"
    return None


def _absent_thing(words: str, scene: Scene) -> str | None:
    """A thing of COCO's categories that neither the annotations nor the captions have."""
    told = _told(scene)
    for name in sorted(THING_NAMES, key=len, reverse=True):
        category = THING_NAMES[name]
        if category not in ANNOTATED or name in _AMBIGUOUS or not re.search(rf"\b{name}s?\b(?! player)", words):
            continue
        words = re.sub(rf"\b{name}s?\b", "_", words)  # a "tennis racket" is not also a "racket"
        if not any(re.search(rf"\b{other}(?:s|es)?\b", told) for other, of in THING_NAMES.items() if of == category):
            return f"a {name}, which is not there"
    return None


_OTHER_WORDS_TOO = (
    "bag ball bat bear bed book bowl bus clock couch fork glass glove kite mouse orange plant remote ski sink table "
    "tie train"
)
_AMBIGUOUS = frozenset(_OTHER_WORDS_TOO.split())
"""Names that captions say in other words, or that are other words as well ("to bear", "train for")."""


def _absent_part(words: str, scene: Scene) -> str | None:
    """A part of the body that nobody who may be meant has in the picture."""
    people = tuple(_meant(words, scene))
    for pattern, joints in _JOINTS_OF:
        if not re.search(rf"\b(?:{pattern})\b", words):
            continue
        wanted = [index for index, name in enumerate(COCO17.joints) if any(name.endswith(joint) for joint in joints)]
        seen = (scene.people[one].keypoints[joint][2] > 0 for one in people for joint in wanted
                if joint < len(scene.people[one].keypoints))  # fmt: skip
        if not any(seen):
            return f"{re.search(rf'(?:{pattern})', words)[0]} that are not in the picture"  # type: ignore[index]
    return None


def _meant(words: str, scene: Scene) -> Iterator[int]:
    """The one person that the question names by place, or everybody."""
    named = {resolve(one.text, scene) for one in mentions_in(words) if not one.pronoun and not one.aside} - {None}
    yield from (one for one in named if one is not None) if named else range(len(scene.people))
