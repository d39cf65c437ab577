"""The words that captions are read by: people, numbers, verbs, clothes, places, and which activity an action is."""

import re

SINGULARS: dict[str, str] = {
    **{noun: noun for noun in ("man", "woman", "boy", "girl", "person", "child", "skier", "surfer", "snowboarder",
                               "skateboarder", "runner", "batter", "pitcher", "rider", "player")},
    "guy": "man", "gentleman": "man", "male": "man", "lady": "woman", "female": "woman", "kid": "child",
    "someone": "person", "somebody": "person", "toddler": "child", "skater": "skateboarder", "adult": "person",
}  # fmt: skip
"""A word for one person -> what the teacher calls them."""

PLURALS: dict[str, str] = {
    "men": "man", "women": "woman", "boys": "boy", "girls": "girl", "people": "person", "children": "child",
    "kids": "child", "skiers": "skier", "surfers": "surfer", "snowboarders": "snowboarder", "players": "player",
    "guys": "man", "ladies": "woman", "adults": "person", "persons": "person", "group": "person", "crowd": "person",
    "couple": "person", "others": "person", "friends": "person", "family": "person", "riders": "rider",
}  # fmt: skip
"""A word for several people -> what the teacher calls each."""

NUMBERS: dict[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "a couple of": 2, "a pair of": 2, "a group of two": 2,
    "a group of three": 3, "a group of four": 4, "group of three": 3, "couple of": 2, "pair of": 2,
}  # fmt: skip
"""Words before a plural -> how many."""

_BASES = [
    "stand",
    "walk",
    "jog",
    "crouch",
    "kneel",
    "reach",
    "wave",
    "ski",
    "surf",
    "snowboard",
    "skateboard",
    "hit",
    "throw",
    "pitch",
    "catch",
    "kick",
    "hold",
    "carry",
    "play",
    "jump",
    "stretch",
    "bend",
    "lean",
    "climb",
    "eat",
    "drink",
    "read",
    "talk",
    "cook",
    "step",
    "lift",
    "hang",
    "rest",
    "point",
    "stroll",
    "toss",
    "greet",
    "train",
    "perform",
    "watch",
    "brush",
    "pet",
    "feed",
    "work",
    "paddle",
    "push",
    "pull",
    "look",
]
_DOUBLED = {"hit": "hitting", "run": "running", "sit": "sitting", "swim": "swimming", "bat": "batting",
            "cut": "cutting",
            "squat": "squatting", "pet": "petting", "step": "stepping"}  # fmt: skip
_SILENT = {"ride": "riding", "pose": "posing", "dance": "dancing", "serve": "serving", "balance": "balancing",
           "take": "taking", "use": "using", "have": "having", "skate": "skating", "wave": "waving",
           "lie": "lying", "swing": "swinging", "fly": "flying"}  # fmt: skip


def _s_form(base: str) -> str:
    if base.endswith(("ch", "sh", "ss")):
        return f"{base}es"
    return {"have": "has", "fly": "flies", "carry": "carries"}.get(base, f"{base}s")


_ING = {**{base: f"{base}ing" for base in _BASES}, **_DOUBLED, **_SILENT}
VERBS: dict[str, str] = {
    **{ing: ing for ing in _ING.values()},
    **{_s_form(base): ing for base, ing in _ING.items() if base not in ("have", "use", "look", "work", "train", "rest",
                                                                        "ski", "pet", "bat", "point")},
    "seated": "seated",
}  # fmt: skip
"""A verb as a caption may have it -> its participle."""

CLOTHES = (
    "shirt|jacket|coat|dress|suit|sweater|hoodie|shorts|pants|jeans|trousers|skirt|hat|cap|helmet|uniform|vest|top|"
    "t-shirt|wetsuit|tuxedo|swimsuit|bikini|jersey"
)
COLOURS = "red|blue|yellow|green|white|orange|purple|pink|black|grey|gray|turquoise|brown"
SPOTS = (
    "park|beach|street|snow|slope|hill|mountain|field|court|room|kitchen|city|sea|ocean|water|grass|road|"
    "sidewalk|woods|forest|trail|garden|meadow|lawn|desert|sand|office|gym|yard|plaza|square|house|"
    "lake|river|station|hall|studio|stadium|path|bathroom|lobby|restaurant|bar|bridge"
)
SURFACES = frozenset(["slope", "hill", "mountain", "street", "road", "sidewalk", "trail", "path", "beach"])
"""Places that somebody who goes down them is on."""
SPACES = frozenset(["park", "woods", "forest", "garden", "snow", "grass", "sand", "city", "desert", "water"])
"""Places that somebody who goes through them is in."""
ENDS = (
    r"(?: while\b| as\b| and\b| near\b| next\b| beside\b| behind\b| who\b| that\b| which\b| whose\b| by\b| wearing\b"
    r"| like\b| with others\b| during\b| where\b| in front\b| before\b| to (?!a\b|the\b)| surrounded\b| trying\b"
    r"| watching\b| outside\b| together\b| smiling\b| in (?:his|her|their)\b|[,.;:(])"
)
"""Where the words of an action end."""

DANGLING = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "with",
        "on",
        "in",
        "at",
        "for",
        "from",
        "his",
        "her",
        "their",
        "its",
        "while",
        "and",
        "or",
        "up",
        "by",
        "top",
        "being",
    ]
) - {"up"}
"""Words that end no action."""


_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"\bdog\b", "dog"), (r"snowboard", "snowboard"), (r"\bski(?:ing|s)?\b", "ski"),
    (r"surf|riding (?:a|the|small|big|\w+ )*wave|boogie|paddl", "surf"), (r"skat(?:e|ing|eboard)", "skate"),
    (r"tennis|racket|racquet", "tennis"), (r"baseball|\bbat\b|batting", "bat"), (r"frisbee", "frisbee"),
    (r"^(?:throwing|tossing|pitching) (?:a|the) (?:\w+ )?ball", "throw"), (r"^catching", "catch"),
    (r"^kicking|soccer", "kick"), (r"^(?:running|jogging)\b", "run"), (r"^(?:walking|strolling)\b|a walk\b", "walk"),
    (r"^flying (?:a|the) (?:\w+ )?kite|\bkite\b", "kite"), (r"umbrella", "umbrella"), (r"phone", "phone"),
    (r"^drinking|having a drink", "drink"), (r"^eating|having (?:a |some )?(?:meal|lunch|dinner|food)", "eat"),
    (r"^taking a (?:picture|photo|selfie)", "picture"), (r"^posing\b|^standing\b", "wait"),
    (r"^sitting\b|^seated\b|taking a seat|^resting\b|taking a break", "sit"), (r"^lying\b", "lie"),
    (r"^(?:crouching|squatting|kneeling)\b", "crouch"), (r"^bending\b", "bend"),
    (r"^(?:reaching|stretching)\b", "reach"),
    (r"^(?:waving|greeting)\b", "wave"), (r"bag|suitcase|luggage|^carrying", "carry"), (r"^riding\b", "ride"),
    (r"^jumping\b", "jump"), (r"^reading\b", "read"), (r"^talking\b", "talk"), (r"^swimming\b", "swim"),
    (r"^holding\b", "hold"), (r"^playing\b", "play"),
    (r"^(?:feeding|petting|cooking|cutting|pushing|pulling|climbing|dancing|watching|brushing|working|balancing|serving)\b",
     "other"),
    (r"^(?:using|performing|leaning|hanging|lifting|pointing|stepping)\b", "other"),
)  # fmt: skip
_READ = tuple((re.compile(pattern), family) for pattern, family in _FAMILIES)


def family_of(action: str) -> str:
    """The activity that an action belongs to, "other" where nothing is known of it, "" where it is none."""
    return next((family for pattern, family in _READ if pattern.search(action)), "")
