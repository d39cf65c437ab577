"""What captions say people do, wear and where they are: phrases taken from the captions' own words."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from llavapose.pose.check import check_text
from llavapose.records import Fact, Scene

_VERB = (
    r"standing|walking|running|jogging|sitting|crouching|kneeling|squatting|lying|reaching|waving|skiing|surfing"
    r"|snowboarding|skateboarding|swinging|hitting|throwing|pitching|catching|kicking|holding|carrying|riding|playing"
    r"|jumping|stretching|bending|leaning|climbing|dancing|posing|eating|drinking|reading|talking|looking|serving"
    r"|balancing|flying|cutting|cooking|swimming|batting|stepping|lifting|hanging|resting|pointing|strolling|tossing|"
    r"greeting|training|taking|using|having|seated"
)
_ENDS = (
    r"(?= while\b| as\b| and\b| near\b| next\b| beside\b| behind\b| who\b| that\b| by\b| wearing\b"
    r"| in (?:a|an|the|his|her)\b|[,.;:]|$)"
)
_DOING = re.compile(rf"\b((?:{_VERB})\b(?: (?!while|as|and\b)[\w'-]+)*?){_ENDS}", re.IGNORECASE)
_WORN = r"shirt|jacket|coat|dress|suit|sweater|hoodie|shorts|pants|jeans|trousers|skirt|hat|cap|helmet|uniform|vest|top"
_WEARING = re.compile(rf"\b(?:wearing|in|dressed in) ((?:a |an |the )?(?:[\w-]+ ){{0,3}}?(?:{_WORN}))\b", re.IGNORECASE)
_SPOT = (
    "park|beach|street|snow|slope|hill|mountain|field|court|room|kitchen|city|sea|ocean|wave|waves|water|grass|road|"
    "sidewalk|woods|forest|trail|garden|meadow|lawn|desert|sand|office|gym|track|ground|yard|plaza|square|house|wall|"
    "fence|lake|river|sky|station|hall|studio|stadium|path"
)
_PLACE = re.compile(
    r"\b((?:on|in|at|by|near|along|across|through|down|beside) (?:a|an|the) (?:[\w-]+ ){0,3}?"
    rf"(?:{_SPOT}))\b(?! (?:{_SPOT})\b)",
    re.IGNORECASE,
)


def doing(scene: Scene) -> tuple[str, ...]:
    """What people do, commonest first: "swinging a tennis racket"."""
    return _found(scene, lambda text: [match[1] for match in _DOING.finditer(text)])


def wearing(scene: Scene) -> tuple[str, ...]:
    """Clothes with their article: "a red shirt"."""
    return _found(scene, lambda text: [match[1] for match in _WEARING.finditer(text)])


def places_in(scene: Scene) -> tuple[str, ...]:
    """Where the scene is: "on the snow"."""
    return _found(scene, lambda text: [match[1] for match in _PLACE.finditer(text)])


def verb(phrase: str) -> str:
    """The first word of a phrase of ``doing``."""
    return phrase.split()[0]


def captions(scene: Scene) -> tuple[str, ...]:
    """The different captions as sentences: a capital first, a full stop last."""
    sentences = (f"{text[:1].upper()}{text[1:].rstrip(' .')}." for text in scene.captions if text.strip(" ."))
    return tuple(dict.fromkeys(sentences))


def consistent(scene: Scene, facts: Sequence[Fact]) -> Scene:
    """The scene without captions that contradict a sure fact: "people standing" where one of them sits."""
    kept = [
        text
        for text in scene.captions
        if all(item.outcome != "contradicted" for item in check_text(text, scene, tuple(facts)))
    ]
    return scene if len(kept) == len(scene.captions) else replace(scene, captions=tuple(kept))


def _found(scene: Scene, search: Callable[[str], list[str]]) -> tuple[str, ...]:
    """What the captions hold, by number of captions that say it, then by length."""
    counts = Counter(phrase.lower() for text in scene.captions for phrase in dict.fromkeys(search(text)))
    return tuple(sorted(counts, key=lambda phrase: (-counts[phrase], len(phrase), phrase)))
