"""What people do: every action as a choice of settings, stances, limb states and things, and how a figure is drawn."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from llavapose.scenes.world.drawn.body import SIDES, Build, Camera, Figure
from llavapose.scenes.world.drawn.limb_states import FREE_ARMS, FRONTAL, STANDING_LEGS, arm, leg_states, pick

# Nearly even: from behind, the person's left is the picture's left too, from the front it is the other way round.
VIEWS = {"front": 0.28, "back": 0.24, "image left": 0.24, "image right": 0.24}
# As ``Camera.yaw_deg``: the way the person faces.
YAWS = {"front": 0.0, "back": 180.0, "image right": 90.0, "image left": -90.0}


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        share: how often it is chosen, before the setting narrows the choice.
        settings: where it happens.
        stances: "standing", "sitting", "crouching", "lying" by weight.
        hand: states of the arm that acts, by weight; empty leaves both arms free.
        both: whether the other arm does the same.
        legs: states of standing legs by weight.
        held, worn, under, near: COCO category in the acting hand, on the back, under the feet or the seat, beside.
        straight: share of trunks that are upright; the rest lean.
        verbs: what a caption calls it.
    """

    share: float
    settings: tuple[str, ...]
    verbs: tuple[str, ...]
    stances: Mapping[str, float] = field(default_factory=lambda: {"standing": 1.0})
    hand: Mapping[str, float] = field(default_factory=dict)
    both: bool = False
    legs: Mapping[str, float] = field(default_factory=lambda: dict(STANDING_LEGS))
    held: str | None = None
    worn: str | None = None
    under: str | None = None
    near: str | None = None
    straight: float = 0.62


ANYWHERE = ("park", "street", "room", "beach", "court", "snow")
OUTSIDE = ("park", "street", "beach")
# Stances besides standing are few among the actions: those that allow any sit or crouch mostly, to make up for it.
RELAXED = {"standing": 0.20, "sitting": 0.44, "crouching": 0.36}
# On boards and skis the knees are bent.
RIDING = {"half squat": 0.8, "apart": 0.2}

ACTIONS: dict[str, Action] = {
    "standing": Action(share=6, settings=ANYWHERE, verbs=("standing", "posing", "standing around")),
    "walking": Action(share=5, settings=OUTSIDE, verbs=("walking", "taking a walk", "strolling"),
                      legs={"apart": 0.8, "lift bent": 0.2}, worn="backpack"),
    "running": Action(share=5, settings=("park", "street", "beach"), verbs=("running", "jogging"),
                      legs={"run": 0.75, "run bent": 0.25}, straight=0.4),
    "sitting on a chair": Action(share=8, settings=("room", "street"), stances={"sitting": 1.0}, under="chair",
                                 verbs=("sitting on a chair", "seated on a chair")),
    "sitting on a bench": Action(share=8, settings=("park", "street", "beach"), stances={"sitting": 1.0}, under="bench",
                                 verbs=("sitting on a bench", "taking a seat on a bench")),
    "crouching": Action(share=9, settings=ANYWHERE, verbs=("crouching down", "squatting"), stances={"crouching": 1.0}),
    "playing with a dog": Action(share=4, settings=OUTSIDE, verbs=("playing with a dog", "training a dog"),
                                 stances={"standing": 0.5, "crouching": 0.5}, near="dog", straight=0.4),
    "reaching": Action(share=4, settings=ANYWHERE, verbs=("reaching for something", "stretching"),
                       hand={"up": 0.7, "up diagonal": 0.3}, stances=RELAXED),
    "waving": Action(share=4, settings=ANYWHERE, verbs=("waving", "greeting someone"),
                     hand={"wave": 0.6, "wave high": 0.4}, stances=RELAXED),
    "skiing": Action(share=6, settings=("snow",), verbs=("skiing", "riding skis", "skiing down a slope"), under="skis",
                     legs=RIDING, straight=0.4),
    "snowboarding": Action(share=4, settings=("snow",), verbs=("snowboarding", "riding a snowboard"),
                           under="snowboard", legs=RIDING, straight=0.4),
    "surfing": Action(share=6, settings=("sea",), verbs=("surfing", "riding a wave", "riding a surfboard"),
                      under="surfboard", legs=RIDING, straight=0.4),
    "skateboarding": Action(share=4, settings=("street", "park"), verbs=("skateboarding", "riding a skateboard"),
                            under="skateboard", legs=RIDING, straight=0.4),
    "swinging a racket": Action(share=6, settings=("court",), verbs=("playing tennis", "swinging a racket"),
                                held="tennis racket", near="sports ball",
                                hand={"low out": 0.2, "level": 0.1, "raised out": 0.15, "up diagonal": 0.2,
                                      "wave": 0.2, "across": 0.15}),
    "swinging a bat": Action(share=4, settings=("field",), verbs=("playing baseball", "swinging a bat"),
                             held="baseball bat", hand={"wave": 0.4, "raised out": 0.2, "across": 0.4}),
    "throwing": Action(share=4, settings=("park", "beach", "field"), verbs=("throwing a ball", "tossing a ball"),
                       held="sports ball", hand={"wave high": 0.4, "wave": 0.3, "up diagonal": 0.3}),
    "playing frisbee": Action(share=4, settings=("park", "beach"), verbs=("playing frisbee", "throwing a frisbee"),
                              held="frisbee", hand={"across": 0.3, "level": 0.2, "low out": 0.2, "up diagonal": 0.3}),
    "kicking a ball": Action(share=4, settings=("park", "field"), verbs=("kicking a ball", "playing soccer"),
                             near="sports ball", legs={"lift side": 0.65, "lift bent": 0.35}),
    "holding an umbrella": Action(share=6, settings=("street", "park", "beach"), held="umbrella", stances=RELAXED,
                                  verbs=("holding an umbrella", "carrying an umbrella", "under an umbrella"),
                                  hand={"hold": 0.6, "wave": 0.3, "up": 0.1}),
    "talking on the phone": Action(share=5, settings=("street", "room", "park"), held="cell phone", stances=RELAXED,
                                   verbs=("talking on a cell phone", "using a phone"), hand={"ear": 1.0}),
    "drinking": Action(share=4, settings=("room", "street", "beach"), held="cup", stances=RELAXED,
                       verbs=("drinking from a cup", "having a drink"), hand={"mouth": 0.7, "hold": 0.3}),
    "carrying a bag": Action(share=4, settings=("street", "room"), held="handbag", hand={"hang": 0.5, "low out": 0.5},
                             verbs=("carrying a bag", "carrying a handbag")),
    "flying a kite": Action(share=4, settings=("beach", "park"), held="kite", verbs=("flying a kite",),
                            hand={"up diagonal": 0.4, "wave": 0.3, "raised out": 0.3}),
    "bending over": Action(share=8, settings=("park", "room", "beach", "street"), straight=-1.0,
                           verbs=("bending over", "bending down", "bending forward"),
                           legs={"together": 0.35, "apart": 0.65}),
    "lying": Action(share=6, settings=("beach", "park", "room"), verbs=("lying down", "lying on the ground"),
                    stances={"lying": 1.0}),
}  # fmt: skip
"""Every action of the world."""


@dataclass(frozen=True, kw_only=True)
class Acted:
    """A person before the camera: what they do and how their joints are set."""

    action: str
    stance: str
    view: str
    trunk: str
    leg_state: str
    acting: str | None
    build: Build
    figure: Figure
    camera: Camera


def act(rng: random.Random, name: str, build: Build, pitch_deg: float) -> Acted:
    """Draw one person doing an action."""
    action = ACTIONS[name]
    view, stance = pick(rng, VIEWS), pick(rng, action.stances)
    # Seen from the front, both are little more than a head: only one in five is shown so.
    if name == "bending over" or stance == "lying":
        view = pick(rng, {"image left": 0.4, "image right": 0.4, "front": 0.1, "back": 0.1})
    # Nobody stands exactly so; at more than 24 degrees off people would no longer agree on the view.
    yaw = YAWS[view] + max(-24.0, min(24.0, rng.gauss(0, 11)))
    trunk, lean, tilt = _trunk(rng, action, stance, view)
    state = {"sitting": "sit", "crouching": "crouch"}.get(stance) or pick(rng, action.legs)
    roll = 0.0
    if stance == "lying":
        state = pick(rng, {"lie": 0.5, "lie bent": 0.5})
        # Turned over in the picture: head to the left or to the right, seldom quite level.
        roll = rng.choice((-90.0, 90.0)) + rng.uniform(-7, 7)
    # Either hand, equally often: whoever always guesses right-handed is right half of the time.
    acting = rng.choice(SIDES) if action.hand else None
    arms = {side: arm(rng, _arm_state(rng, action, stance, side == acting, name), side, view, build) for side in SIDES}
    figure = Figure(
        # The head turns a little, never so far that face and trunk tell different views.
        arms=arms,
        legs=leg_states(rng, state, view),
        lean_deg=lean,
        tilt_deg=tilt,
        turn_deg=rng.gauss(0, 8),
    )
    camera = Camera(yaw_deg=yaw, roll_deg=roll, pitch_deg=pitch_deg)
    return Acted(action=name, stance=stance, view=view, trunk=trunk, leg_state=state, acting=acting, build=build,
                 figure=figure, camera=camera)  # fmt: skip


def _trunk(rng: random.Random, action: Action, stance: str, view: str) -> tuple[str, float, float]:
    """Trunk state, forward lean and side tilt in degrees."""
    if stance == "lying":
        return "lying", rng.uniform(-4, 4), rng.uniform(-3, 3)
    if action.straight < 0:
        # Far from leaning, so that the two words are never a matter of taste.
        return "bent over", rng.uniform(76, 100), rng.uniform(-4, 4)
    if rng.random() < action.straight:
        return "upright", rng.uniform(-4, 8), rng.uniform(-5, 5)
    if view in FRONTAL:
        # Sideways where we look from the front, forwards where we look from the side: only such a lean shows.
        return "leaning", rng.uniform(0, 8), rng.choice((-1, 1)) * rng.uniform(27, 39)
    return "leaning", rng.uniform(28, 42), rng.uniform(-4, 4)


def _arm_state(rng: random.Random, action: Action, stance: str, acts: bool, name: str) -> str:
    if acts or (action.both and action.hand):
        return pick(rng, action.hand)
    # The other arms are drawn like anybody's: who always pumps would give elbows away by the caption.
    if name == "running" and rng.random() < 0.4:
        return rng.choice(("pump front", "pump back"))
    return pick(rng, FREE_ARMS)
