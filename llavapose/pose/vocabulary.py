"""The words of pose facts: which kinds there are, the values of each, what the opposite of a value is.

The idea of coarse, named pose properties ("posecodes") is PoseScript's (Delmas et al., ECCV 2022); these kinds,
thresholds and words are our own.
"""

VALUES: dict[str, tuple[str, ...]] = {
    "elbow": ("straight", "slightly bent", "bent"),
    "knee": ("straight", "slightly bent", "bent"),
    "arm_height": ("above the head", "raised", "at shoulder height", "in front of the body", "folded", "lowered"),
    "arm_side": ("out to the side", "across the body"),
    "legs": ("apart", "together", "in a stride"),
    "leg_lift": ("lifted", "on the ground"),
    "trunk": ("upright", "leaning", "bent over"),
    "stance": ("standing", "sitting", "crouching", "lying"),
    "facing": ("toward the camera", "away from the camera", "image left", "image right"),
    "place": ("left", "middle", "right"),
    "side_of": ("left of", "right of"),
    "nearest": ("nearest",),
    "contact": ("touching",),
    "count": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "many"),
}
"""Every kind of fact and its values. Parts: elbow, knee, arm, leg and hand/foot kinds carry "left ..." / "right ...";
legs, trunk, stance, facing, place, nearest have no part; ``side_of``, ``nearest`` and ``contact`` have a target;
``count`` belongs to the scene (person None)."""

PARTS: dict[str, tuple[str, ...]] = {
    "elbow": ("left elbow", "right elbow"),
    "knee": ("left knee", "right knee"),
    "arm_height": ("left arm", "right arm"),
    "arm_side": ("left arm", "right arm"),
    "leg_lift": ("left leg", "right leg"),
    "contact": ("left hand", "right hand", "left foot", "right foot"),
}

OPPOSITES: dict[str, dict[str, str]] = {
    "elbow": {"straight": "bent", "slightly bent": "straight", "bent": "straight"},
    "knee": {"straight": "bent", "slightly bent": "straight", "bent": "straight"},
    "arm_height": {
        "above the head": "lowered",
        "raised": "lowered",
        "at shoulder height": "lowered",
        "in front of the body": "raised",
        "folded": "raised",
        "lowered": "raised",
    },
    "arm_side": {"out to the side": "across the body", "across the body": "out to the side"},
    "legs": {"apart": "together", "together": "apart", "in a stride": "together"},
    "leg_lift": {"lifted": "on the ground", "on the ground": "lifted"},
    "trunk": {"upright": "bent over", "leaning": "upright", "bent over": "upright"},
    "stance": {"standing": "sitting", "sitting": "standing", "crouching": "standing", "lying": "standing"},
    "facing": {
        "toward the camera": "away from the camera",
        "away from the camera": "toward the camera",
        "image left": "image right",
        "image right": "image left",
    },
    "place": {"left": "right", "right": "left", "middle": "left"},
    "side_of": {"left of": "right of", "right of": "left of"},
}
"""The clearest false value for a true one: what a flipped statement says."""

GROUPS: dict[str, str] = {
    "elbow": "elbows and knees",
    "knee": "elbows and knees",
    "arm_height": "arms",
    "arm_side": "arms",
    "legs": "legs",
    "leg_lift": "legs",
    "trunk": "trunk and stance",
    "stance": "trunk and stance",
    "facing": "facing",
    "place": "who is where",
    "side_of": "who is where",
    "nearest": "who is where",
    "contact": "contact",
    "count": "how many",
}
"""The probe's and the tables' group of each kind."""


def flip_part(part: str) -> str:
    """The same part of the other side: "left elbow" -> "right elbow"."""
    side, _, rest = part.partition(" ")
    return f"{'right' if side == 'left' else 'left'} {rest}"
