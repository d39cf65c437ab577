"""The words of motion facts: which kinds there are, the values of each, what the opposite of a value is."""

VALUES: dict[str, tuple[str, ...]] = {
    "hand_motion": (
        "raised past the shoulder",
        "raised past the head",
        "lowered past the shoulder",
        "lowered past the head",
    ),
    "elbow_motion": ("bends", "straightens"),
    "knee_motion": ("bends", "straightens"),
    "stance_motion": ("sits down", "crouches down", "stands up"),
    "turn": ("own left", "own right"),
    "shift": ("image left", "image right"),
    "approach": ("nearer", "away"),
    "repeats": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"),
    "order": ("before", "after"),
}
"""Every kind of motion and its values. ``hand_motion``, ``elbow_motion``, ``knee_motion`` and ``repeats`` have parts;
``turn`` is seen by the person, ``shift`` in the picture; ``repeats`` is how many times a part goes up and down or bends
and straightens; ``order`` says that a person begins to move before or after its target, another person."""

PARTS: dict[str, tuple[str, ...]] = {
    "hand_motion": ("left hand", "right hand"),
    "elbow_motion": ("left elbow", "right elbow"),
    "knee_motion": ("left knee", "right knee"),
    "repeats": ("left hand", "right hand", "left elbow", "right elbow", "left knee", "right knee"),
}

OPPOSITES: dict[str, dict[str, str]] = {
    "hand_motion": {
        "raised past the shoulder": "lowered past the shoulder",
        "raised past the head": "lowered past the head",
        "lowered past the shoulder": "raised past the shoulder",
        "lowered past the head": "raised past the head",
    },
    "elbow_motion": {"bends": "straightens", "straightens": "bends"},
    "knee_motion": {"bends": "straightens", "straightens": "bends"},
    "stance_motion": {"sits down": "stands up", "crouches down": "stands up", "stands up": "sits down"},
    "turn": {"own left": "own right", "own right": "own left"},
    "shift": {"image left": "image right", "image right": "image left"},
    "approach": {"nearer": "away", "away": "nearer"},
    "order": {"before": "after", "after": "before"},
}
"""The clearest false value for a true one, which is what played backwards shows; ``repeats`` has none: played backwards
it is the same, and a flipped statement says a number that is one more or less."""

GROUPS: dict[str, str] = {
    "hand_motion": "hands in motion",
    "elbow_motion": "elbows and knees in motion",
    "knee_motion": "elbows and knees in motion",
    "stance_motion": "sitting down, standing up",
    "turn": "turning",
    "shift": "moving",
    "approach": "moving",
    "repeats": "how often",
    "order": "who first",
}
"""The probe's and the tables' group of each kind."""
