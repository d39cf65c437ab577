"""What people do: every action as a distribution of joint angles, with the things it needs and the place it happens.

Arms and legs are drawn independently of each other and of the side, so that no limb's state follows from another's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from llavapose.scenes.drawn.body import Limb, Pose

Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        name: as in the captions ("swinging a tennis racket").
        stance: "standing", "sitting", "crouching" or "lying".
        legs: draws both legs.
        arms: draws one arm; None leaves it free.
        place: background.
        held: category in one hand, or None.
        under: category below feet or body, or None.
        share: weight among the actions.
        pitch: range of the trunk's forward lean in degrees.
    """

    name: str
    stance: str
    legs: Callable[[Rng], dict[str, Limb]]
    place: tuple[str, ...]
    arms: Callable[[Rng], Limb] | None = None
    held: str | None = None
    under: str | None = None
    share: float = 1.0
    pitch: tuple[float, float] = (-4, 9)


def _elbow(rng: Rng) -> float:
    return float(rng.uniform(165, 180) if rng.random() < 0.47 else rng.uniform(55, 108))


def arm_up(rng: Rng) -> Limb:
    """Hand above the head."""
    bend = _elbow(rng)
    lift = rng.uniform(155, 176) if bend > 150 else rng.uniform(128, 150)
    return Limb(raise_deg=lift, plane_deg=rng.uniform(-15, 45), bend_deg=max(bend, 80), twist=(-0.7, 1, 0.1))


def arm_out(rng: Rng) -> Limb:
    """Stretched to its own side, between the hip and above the shoulder."""
    lift = rng.choice([rng.uniform(112, 132), rng.uniform(84, 96), rng.uniform(48, 66)], p=[0.45, 0.3, 0.25])
    up = 1.0 if rng.random() < 0.7 else -1.0
    return Limb(raise_deg=float(lift), plane_deg=rng.uniform(-15, 20), bend_deg=_elbow(rng), twist=(0, up, 0.15))


def arm_forward(rng: Rng) -> Limb:
    """Stretched forward."""
    lift = rng.uniform(60, 125)
    return Limb(raise_deg=lift, plane_deg=rng.uniform(65, 95), bend_deg=_elbow(rng), twist=(0, 1, 0))


def arm_down(rng: Rng) -> Limb:
    """Hanging beside the body."""
    return Limb(raise_deg=rng.uniform(6, 22), plane_deg=rng.uniform(-10, 40), bend_deg=rng.uniform(163, 179), twist=(0, 0, 1))


def arm_hip(rng: Rng) -> Limb:
    """Hand on the hip, elbow out."""
    return Limb(raise_deg=rng.uniform(42, 55), plane_deg=rng.uniform(-10, 10), bend_deg=rng.uniform(68, 88), twist=(-1, -0.5, 0.1))


def arm_across(rng: Rng) -> Limb:
    """Forearm across the body."""
    return Limb(raise_deg=rng.uniform(15, 32), plane_deg=rng.uniform(20, 60), bend_deg=rng.uniform(62, 88), twist=(-1, 0.15, 0.45))


FREE_ARMS = (arm_up, arm_out, arm_forward, arm_down, arm_hip, arm_across)
FREE_SHARES = (0.30, 0.24, 0.08, 0.17, 0.08, 0.13)


def free_arm(rng: Rng) -> Limb:
    """Any of the arm states."""
    return FREE_ARMS[rng.choice(len(FREE_ARMS), p=FREE_SHARES)](rng)


def _leg(lift: float, plane: float, bend: float) -> Limb:
    return Limb(raise_deg=float(lift), plane_deg=float(plane), bend_deg=float(bend), twist=(0, -0.25, -1))


def legs_standing(rng: Rng) -> dict[str, Limb]:
    """Together, apart, in a stride or with one leg lifted."""
    kind = rng.choice(4, p=[0.36, 0.34, 0.12, 0.18])
    legs = {}
    lifted = rng.choice(["left", "right"])
    for side in ("left", "right"):
        knee = rng.uniform(170, 180)
        if kind == 0:
            legs[f"{side} leg"] = _leg(rng.uniform(0, 3), 0, knee)
        elif kind == 1:
            legs[f"{side} leg"] = _leg(rng.uniform(17, 28), rng.uniform(-5, 10), knee)
        elif kind == 2:
            legs[f"{side} leg"] = _leg(rng.uniform(18, 28), 90 if side == lifted else -90, knee)
        else:
            legs[f"{side} leg"] = (
                _leg(rng.uniform(60, 95), rng.uniform(0, 90), rng.uniform(65, 110)) if side == lifted else _leg(3, 0, knee)
            )
    return legs


def legs_stride(rng: Rng) -> dict[str, Limb]:
    """A walker's: one leg forward, one back."""
    front = rng.choice(["left", "right"])
    return {
        f"{side} leg": _leg(rng.uniform(20, 32), 90, rng.uniform(162, 178))
        if side == front
        else _leg(rng.uniform(18, 28), -90, rng.uniform(145, 175))
        for side in ("left", "right")
    }


def legs_running(rng: Rng) -> dict[str, Limb]:
    """A runner's: one knee up in front, the other leg back and off the ground."""
    front = rng.choice(["left", "right"])
    return {
        f"{side} leg": _leg(rng.uniform(45, 75), rng.uniform(75, 95), rng.uniform(75, 115))
        if side == front
        else _leg(rng.uniform(12, 28), -90, rng.uniform(95, 170))
        for side in ("left", "right")
    }


def legs_gliding(rng: Rng) -> dict[str, Limb]:
    """Apart with bent knees, as on skis and boards."""
    return {
        f"{side} leg": _leg(rng.uniform(34, 52), rng.uniform(10, 40), rng.uniform(92, 118)) for side in ("left", "right")
    }


def legs_kicking(rng: Rng) -> dict[str, Limb]:
    """One leg swung up and straight."""
    up = rng.choice(["left", "right"])
    return {
        f"{side} leg": _leg(rng.uniform(45, 80), rng.uniform(20, 90), rng.uniform(160, 178)) if side == up else _leg(3, 0, 176)
        for side in ("left", "right")
    }


def legs_sitting(rng: Rng) -> dict[str, Limb]:
    """Thighs level, shins down or one stretched out."""
    legs = {}
    for side in ("left", "right"):
        bend = rng.uniform(82, 105) if rng.random() < 0.78 else rng.uniform(160, 175)
        legs[f"{side} leg"] = _leg(rng.uniform(78, 90), rng.uniform(55, 85), bend)
    return legs


def legs_crouching(rng: Rng) -> dict[str, Limb]:
    """Deep in the knees."""
    return {
        f"{side} leg": _leg(rng.uniform(88, 112), rng.uniform(40, 75), rng.uniform(42, 66)) for side in ("left", "right")
    }


def legs_lying(rng: Rng) -> dict[str, Limb]:
    """Stretched out, or one knee drawn up."""
    return {
        f"{side} leg": _leg(rng.uniform(2, 8), 90, rng.uniform(168, 179))
        if rng.random() < 0.6
        else _leg(rng.uniform(50, 75), 80, rng.uniform(65, 100))
        for side in ("left", "right")
    }


ACTIONS = (
    Action(name="standing", stance="standing", legs=legs_standing, place=("street", "park", "room"), share=2.2),
    Action(name="walking", stance="standing", legs=legs_stride, place=("street", "park", "beach"), share=1.2),
    Action(name="running", stance="standing", legs=legs_running, place=("park", "street", "beach"), share=1.2, pitch=(4, 18)),
    Action(name="sitting on a chair", stance="sitting", legs=legs_sitting, place=("room", "park"), under="chair", share=2.2),
    Action(name="sitting on a bench", stance="sitting", legs=legs_sitting, place=("park", "street"), under="bench", share=2.1),
    Action(name="crouching", stance="crouching", legs=legs_crouching, place=("park", "street", "room"), share=3.2, pitch=(5, 25)),
    Action(name="reaching up", stance="standing", legs=legs_standing, arms=arm_up, place=("room", "park"), share=0.8),
    Action(name="waving", stance="standing", legs=legs_standing, arms=arm_up, place=("street", "park", "beach"), share=0.8),
    Action(name="skiing", stance="standing", legs=legs_gliding, place=("snow",), under="skis", share=1.0, pitch=(5, 25)),
    Action(name="surfing", stance="standing", legs=legs_gliding, place=("sea",), under="surfboard", share=1.0, pitch=(5, 25)),
    Action(name="riding a skateboard", stance="standing", legs=legs_gliding, place=("street",), under="skateboard", share=0.8, pitch=(0, 20)),
    Action(name="swinging a tennis racket", stance="standing", legs=legs_standing, place=("court",), held="tennis racket", share=1.1),
    Action(name="swinging a baseball bat", stance="standing", legs=legs_standing, place=("park",), held="baseball bat", share=0.8),
    Action(name="throwing a ball", stance="standing", legs=legs_stride, arms=arm_up, place=("park", "court"), held="sports ball", share=0.8),
    Action(name="throwing a frisbee", stance="standing", legs=legs_standing, place=("park", "beach"), held="frisbee", share=0.6),
    Action(name="holding an umbrella", stance="standing", legs=legs_standing, place=("street", "park"), held="umbrella", share=1.0),
    Action(name="kicking", stance="standing", legs=legs_kicking, place=("park", "court"), share=0.8),
    Action(name="talking on a cell phone", stance="standing", legs=legs_standing, place=("street", "room"), held="cell phone", share=0.6),
    Action(name="drinking from a cup", stance="sitting", legs=legs_sitting, place=("room", "park"), held="cup", under="chair", share=1.1),
    Action(name="lying down", stance="lying", legs=legs_lying, place=("beach", "park", "room"), share=1.3),
    Action(name="bending over", stance="standing", legs=legs_standing, place=("park", "street"), share=1.3, pitch=(55, 80)),
)
"""Every action of the world."""


def draw_pose(action: Action, rng: Rng) -> Pose:
    """Joint angles of one person at this action."""
    limbs = action.legs(rng)
    special = rng.choice(["left", "right"])
    for side in ("left", "right"):
        chosen = action.arms if action.arms is not None and side == special else free_arm
        limbs[f"{side} arm"] = chosen(rng)
    return Pose(
        pitch_deg=float(rng.uniform(*action.pitch)),
        roll_deg=float(rng.uniform(-5, 5)) if rng.random() < 0.7 else float(rng.choice([-1, 1]) * rng.uniform(22, 32)),
        head_deg=float(rng.uniform(-12, 12)),
        limbs=limbs,
    )
