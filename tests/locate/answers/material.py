"""Replies of other models as they come, marked by hand before there was a reader: good ones, and odd or hostile ones.

Pictures are 1000 pixels wide and 500 high. ``told`` has a dictionary for each person, joint -> pixels, None where it
is told not to be visible. ``unread`` counts the joints that are said otherwise than the form has them; ``why`` is a
part of the reason why a whole reply is unread.
"""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Marked:
    """One reply, and what can be read out of it."""

    form: str
    reply: str
    told: list[dict[str, tuple[float, float] | None]] = field(default_factory=list)
    joint: str | None = None
    unread: int = 0
    strange: int = 0
    why: str | None = None
    seen: tuple[int, int] | None = None


def fenced(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=4)}\n```"


def rex(keypoints: dict[str, Any], box: Any = " <1> <36> <987> <984> ") -> dict[str, Any]:
    return {"bbox": box, "keypoints": keypoints}


def items(*points: Any) -> list[dict[str, Any]]:
    return [{"point_2d": place, "label": name} for name, place in points]


NOSE = {"nose": " <540> <351> "}
NOSE_PX = {"nose": (540 / 999 * 1000, 351 / 999 * 500)}
DEEP = "[" * 3000 + "]" * 3000

GOOD = [
    Marked(
        form="rex_omni",
        reply=fenced({"person1": rex({**NOSE, "left eye": " <0> <999> ", "right eye": "unvisible"})}),
        told=[{**NOSE_PX, "left eye": (0.0, 500.0), "right eye": None}],
    ),
    Marked(
        form="rex_omni",
        reply=fenced({"person1": rex(NOSE), "person2": rex({"left_wrist": "<999><0>"})}) + "<|im_end|>",
        told=[NOSE_PX, {"left wrist": (1000.0, 0.0)}],
    ),
    Marked(form="rex_omni", reply=json.dumps({"person1": rex(NOSE)}), told=[NOSE_PX]),
    Marked(form="rex_omni", reply="Here it is:\n" + fenced({"person1": rex(NOSE)}) + "\nDone.", told=[NOSE_PX]),
    Marked(form="rex_omni", reply="{}"),
    Marked(
        form="qwen",
        reply=fenced(items(("nose", [346, 328]), ("Left_Elbow", [0, 1000]))),
        told=[{"nose": (346.0, 164.0), "left elbow": (0.0, 500.0)}],
    ),
    Marked(form="qwen", reply='{"point_2d": [500, 500.5], "label": "nose"}', told=[{"nose": (500.0, 250.25)}]),
    Marked(
        form="qwen",
        reply=json.dumps(
            [{**items(("nose", [100, 100]))[0], "person": 1}, {**items(("nose", [900, 100]))[0], "person": 2}]
        ),
        told=[{"nose": (100.0, 50.0)}, {"nose": (900.0, 50.0)}],
    ),
    Marked(
        form="qwen",
        joint="left wrist",
        reply='[{"point_2d": [250, 750], "label": "the wrist of the man\'s left arm"}]',
        told=[{"left wrist": (250.0, 375.0)}],
    ),
    Marked(
        form="qwen_pixels",
        seen=(1008, 504),
        reply=fenced(items(("nose", [504, 252]), ("left ear", [1008, 0]))),
        told=[{"nose": (500.0, 250.0), "left ear": (1000.0, 0.0)}],
    ),
    Marked(
        form="molmo",
        reply=' <point x="52.3" y="61.0" alt="left wrist">left wrist</point>',
        told=[{"left wrist": (523.0, 305.0)}],
    ),
    Marked(
        form="molmo",
        reply='<point x="10" y="20" alt="nose">nose</point> and <points x1="0.0" y1="100.0" alt="left eye">e</points>',
        told=[{"nose": (100.0, 100.0), "left eye": (0.0, 500.0)}],
    ),
    Marked(
        form="molmo",
        joint="nose",
        reply='The nose is here: <point x="1.5" y="2.5" alt="tip of the nose">tip of the nose</point>.',
        told=[{"nose": (15.0, 12.5)}],
    ),
    Marked(form="molmo", joint="nose", reply="There are none.", told=[{"nose": None}]),
    Marked(form="llavapose", joint="nose", reply="[0.500,0.250]", told=[{"nose": (500.0, 125.0)}]),
    Marked(form="llavapose", joint="nose", reply="not visible", told=[{"nose": None}]),
    Marked(
        form="llavapose",
        reply='{"nose":"[0.100,0.200] hidden","left eye":"not visible"}',
        told=[{"nose": (100.0, 100.0), "left eye": None}],
    ),
]

ODD = [
    # Cut off, prose alone, several fences, no JSON, another shape, far too deep, far too long.
    Marked(form="rex_omni", reply=fenced({"person1": rex(NOSE)})[:-30], why="fence"),
    Marked(form="rex_omni", reply=json.dumps({"person1": rex(NOSE)})[:-4], why="not JSON"),
    Marked(form="rex_omni", reply="I see a person with a nose at <540> <351>.", why="not JSON"),
    Marked(form="rex_omni", reply=fenced({}) + fenced({"person1": rex(NOSE)}), why="fence"),
    Marked(form="rex_omni", reply="", why="empty"),
    Marked(form="rex_omni", reply=json.dumps([rex(NOSE)]), why="an object"),
    Marked(form="rex_omni", reply=DEEP, why="deep"),
    Marked(form="rex_omni", reply="[" + "1," * 600_000 + "1]", why="characters"),
    Marked(form="rex_omni", reply='{"person1": {"bbox": NaN, "keypoints": {}}}', why="NaN"),
    Marked(
        form="rex_omni",
        reply='{"person1": {"bbox": "<1><1><9><9>", "keypoints": {"nose": "<1><1>", "nose": "<5><5>"}}}',
        why="twice",
    ),
    # A person of another shape is unread whole, a joint of another form alone, a name of no joint is strange.
    Marked(form="rex_omni", reply=fenced({"person1": [NOSE], "person2": rex(NOSE)}), told=[NOSE_PX], unread=17),
    Marked(form="rex_omni", reply=fenced({"person1": {"keypoints": NOSE}}), unread=17),
    Marked(form="rex_omni", reply=fenced({"cat1": rex(NOSE)}), unread=17),
    Marked(
        form="rex_omni",
        reply=fenced(
            {
                "person1": rex(
                    {
                        **NOSE,
                        "left eye": "<1000><5>",
                        "right eye": "<5>",
                        "left ear": [5, 5],
                        "right ear": "<-5><5>",
                        "left wrist": "invisible",
                        "left hip": "<5><5><5>",
                        "left knee": None,
                        "tail": "<5><5>",
                        "left_shoulder": {"x": "<5>"},
                        "left elbow": "<5><5>",
                        "left_elbow": "<9><9>",
                    }
                )
            }
        ),
        told=[NOSE_PX],
        unread=9,
        strange=1,
    ),
    Marked(form="rex_omni", reply=fenced({"person1": rex(NOSE, box="<9><9><1><1>")}), told=[NOSE_PX]),
    Marked(form="qwen", reply="[{]", why="not JSON"),
    Marked(form="qwen", reply='"nose"', why="a list"),
    Marked(form="qwen", reply="[1, 2]", unread=2),
    Marked(form="qwen", reply="[]"),
    Marked(form="qwen", joint="nose", reply="[]", why="0 points"),
    Marked(form="qwen", joint="nose", reply=json.dumps(items(("a", [1, 1]), ("b", [2, 2]))), why="2 points"),
    Marked(form="qwen", joint="nose", reply=json.dumps(items(("nose", [1, 1001]))), why="no point"),
    Marked(
        form="qwen",
        reply=json.dumps(
            items(
                ("nose", [1000.5, 4]),
                ("left eye", [-1, 4]),
                ("right eye", ["4", "4"]),
                ("left ear", [4]),
                ("right ear", [[4, 4]]),
                ("left hip", [True, 4]),
                ("left knee", {"x": 4, "y": 4}),
                ("left ankle", [1e300, 4]),
                ("left elbow", [4, 4]),
                ("left elbow", [4, 4]),
                ("hand", [4, 4]),
                ("left wrist", [500, 500]),
            )
        ),
        told=[{"left wrist": (500.0, 250.0)}],
        unread=9,
        strange=1,
    ),
    Marked(form="qwen", reply='[{"point_2d": [Infinity, 5], "label": "nose"}]', why="Infinity"),
    Marked(
        form="qwen", reply='[{"point_2d": [5, 5], "label": 7}, {"bbox_2d": [1, 2, 3, 4], "label": "nose"}]', unread=2
    ),
    Marked(form="qwen", reply='[{"point_2d": [5, 5], "label": "nose", "person": [1]}]', unread=1),
    Marked(
        form="qwen_pixels",
        seen=(504, 252),
        reply=json.dumps(items(("nose", [505, 4]), ("left eye", [4, 253]))),
        unread=2,
    ),
    Marked(form="molmo", reply='<point x="52.3" y="61.0" alt="left wri', why="cut off"),
    Marked(form="molmo", reply="The left wrist is at 52.3, 61.0.", why="no point"),
    Marked(form="molmo", reply="", why="empty"),
    Marked(form="molmo", reply='<point x="NaN" y="61.0" alt="nose">nose</point>', unread=1),
    Marked(form="molmo", reply='<point x="100.1" y="61.0" alt="nose">nose</point>', unread=1),
    Marked(form="molmo", reply='<point y="61.0" alt="nose">nose</point>', unread=1),
    Marked(form="molmo", reply='<point x="1" y="1" x="2" alt="nose">nose</point>', unread=1),
    Marked(form="molmo", reply='<points x1="1" y1="1" x2="2" y2="2" alt="nose">nose</points>', unread=1),
    Marked(form="molmo", reply='<points coords="1 1 900 700">nose</points>', unread=1),
    Marked(form="molmo", reply='<point x="1" y="1" alt="tail">tail</point>', strange=1),
    Marked(
        form="molmo", reply='<point x="1" y="1" alt="nose">n</point><point x="1" y="1" alt="nose">n</point>', unread=1
    ),
    Marked(
        form="molmo",
        joint="nose",
        reply='<points x1="1" y1="1" x2="2" y2="2" alt="nose">nose</points>',
        why="2 points",
    ),
    Marked(form="molmo", reply="<point " * 200_000, why="characters"),
    Marked(form="molmo", reply='<point x="' + "1" * 5000 + '" y="1" alt="nose">nose</point>', unread=1),
    Marked(form="llavapose", joint="nose", reply="somewhere on the left", why="no place"),
    Marked(form="llavapose", joint="nose", reply="[1.500,0.250]", why="no place"),
    Marked(form="llavapose", reply='{"nose":"[9]","left eye":7}', unread=2),
    Marked(form="llavapose", reply="[0.500,0.250]", why="an object"),
    Marked(form="llavapose", reply='{"nose":"[0.1', why="not JSON"),
]

# Lines of a file of answers that are refused, with a part of what is said.
LINES = [
    ("[]", "expected a JSON object"),
    ('{"reply": "x"}', "image_id"),
    ('{"image_id": true, "reply": "x"}', "image_id"),
    ('{"image_id": 1}', "reply"),
    ('{"image_id": 1, "reply": 5}', "reply"),
    ('{"image_id": 1, "reply": "x", "joint": "tail"}', "tail"),
    ('{"image_id": 1, "reply": "x", "annotation_id": "7"}', "annotation_id"),
    ('{"image_id": 1, "reply": "x", "size": [0, 5]}', "size"),
    ('{"image_id": 1, "reply": "x", "model": 5}', "model"),
    ('{"image_id": 1, "reply": "x", "joint": "nose", "annotation_id": 7, "anotation": 7}', "anotation"),
    ('{"image_id": 1', "JSON"),
]
