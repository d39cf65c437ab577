"""Records of questions about several pictures, in our form and in LLaVA's: what is read of each, or how it is refused.

Written before the code that reads them. The pictures that are there: ``a.png``, ``b.png``, ``c,d.png``, ``in/e.png``.
"""

from typing import Any

PICTURES = ("a.png", "b.png", "c,d.png", "in/e.png")

Record = dict[str, Any]
Pictures = tuple[tuple[int, ...], tuple[str, ...]]
"""Numbers of a question's pictures, and their names."""


def ours(image: Any, scene_id: Any, **further: Any) -> Record:
    """A record in our form."""
    return {"id": "q", "scene_id": scene_id, "image": image, "kind": "detail", "text": "What changed?", **further}


def llava(image: Any, text: Any = "What changed?") -> Record:
    """A record in LLaVA's form."""
    return {"question_id": "q", "image": image, "text": text, "category": "detail"}


READ: dict[str, tuple[Record, Pictures]] = {
    "one picture": (ours("a.png", 1), ((1,), ("a.png",))),
    "one picture in a list": (ours(["a.png"], [1]), ((1,), ("a.png",))),
    "one picture in a list, its number alone": (ours(["a.png"], 1), ((1,), ("a.png",))),
    "two pictures": (ours(["a.png", "b.png"], [1, 2]), ((1, 2), ("a.png", "b.png"))),
    "the other way round": (ours(["b.png", "a.png"], [2, 1]), ((2, 1), ("b.png", "a.png"))),
    "the same picture twice": (ours(["a.png", "a.png"], [1, 1]), ((1, 1), ("a.png", "a.png"))),
    "a name with a comma is one name": (ours(["c,d.png", "a.png"], [3, 1]), ((3, 1), ("c,d.png", "a.png"))),
    "a comma between names outside a list is part of a name": (ours("c,d.png", 3), ((3,), ("c,d.png",))),
    "folders": (ours(["in/e.png", "a.png"], [4, 1]), ((4, 1), ("in/e.png", "a.png"))),
    "found by its name alone": (ours(["e.png", "a.png"], [4, 1]), ((4, 1), ("in/e.png", "a.png"))),
    "fifty pictures": (
        ours(["a.png", "b.png"] * 25, [1, 2] * 25),
        ((1, 2) * 25, ("a.png", "b.png") * 25),
    ),
    "marks in front": (
        ours(["a.png", "b.png"], [1, 2], text="<image>\n<image>\nWhat changed?"),
        ((1, 2), ("a.png", "b.png")),
    ),
    "marks behind": (
        ours(["a.png", "b.png"], [1, 2], text="What changed?\n<image><image>"),
        ((1, 2), ("a.png", "b.png")),
    ),
    "a null where nothing is asked": (
        ours(["a.png", "b.png"], [1, 2], asked=None),
        ((1, 2), ("a.png", "b.png")),
    ),
}

REFUSED: dict[str, tuple[Record, str]] = {
    "no picture": (ours([], []), r"mine.jsonl:1 has image \[\]; expected a name, or a list of one or more"),
    "no number": (
        ours(["a.png", "b.png"], []),
        r"mine.jsonl:1 has 2 pictures and 0 numbers \(scene_id\); expected a number each",
    ),
    "one number for two": (
        ours(["a.png", "b.png"], 1),
        r"mine.jsonl:1 has 2 pictures and 1 number \(scene_id\); expected a number each",
    ),
    "three numbers for two": (
        ours(["a.png", "b.png"], [1, 2, 3]),
        r"mine.jsonl:1 has 2 pictures and 3 numbers \(scene_id\); expected a number each",
    ),
    "a list in the list": (ours([["a.png", "b.png"]], [1]), r"mine.jsonl:1 has image \[\['a.png'.*; expected a name"),
    "null in the list": (ours(["a.png", None], [1, 2]), r"mine.jsonl:1 has image .*None.*; expected a name"),
    "a number in the list": (ours(["a.png", 2], [1, 2]), r"mine.jsonl:1 has image .*2\]; expected a name"),
    "an object": (ours({"1": "a.png"}, 1), r"mine.jsonl:1 has image \{'1': 'a.png'\}; expected a name"),
    "an empty name": (ours(["a.png", ""], [1, 2]), r"question q: image path is ''; expected a path"),
    "one is missing": (ours(["a.png", "z.png"], [1, 9]), r"question q: no picture z.png in .*; set benchmark.images"),
    "one leaves the folder": (
        ours(["a.png", "../b.png"], [1, 2]),
        r"question q: image path .* leaves the image folder",
    ),
    "a URL": (ours(["a.png", "http://x.org/b.png"], [1, 2]), r"question q: image is the URL"),
    "numbers that are texts": (ours(["a.png", "b.png"], ["1", "2"]), r"has scene_id .*; expected a whole number"),
    "numbers that are true": (ours(["a.png", "b.png"], [1, True]), r"has scene_id .*; expected a whole number"),
    "two pictures of one number": (
        ours(["a.png", "b.png"], [1, 1]),
        r"mine.jsonl:1 has scene_id 1 and image 'b.png', and .* 'a.png' .*expected one number for each picture",
    ),
    "one picture of two numbers": (
        ours(["a.png", "a.png"], [1, 2]),
        r"mine.jsonl:1 has scene_id 2 and image 'a.png', and .*expected one number for each picture",
    ),
    "a mark too many": (
        ours(["a.png", "b.png"], [1, 2], text="<image><image><image>What changed?"),
        r"mine.jsonl:1 has 3 <image> marks and 2 pictures; expected a mark each, or none",
    ),
    "a mark too few": (
        ours(["a.png", "b.png"], [1, 2], text="<image>\nWhat changed?"),
        r"mine.jsonl:1 has 1 <image> mark and 2 pictures; expected a mark each, or none",
    ),
    "two marks and one picture": (
        ours("a.png", 1, text="<image><image>What changed?"),
        r"mine.jsonl:1 has 2 <image> marks and 1 picture; expected a mark each, or none",
    ),
    "marks inside the text": (
        ours(["a.png", "b.png"], [1, 2], text="From <image> to <image>, what changed?"),
        r"mine.jsonl:1 has an <image> mark inside its text; expected before or behind it",
    ),
    "marks alone": (
        ours(["a.png", "b.png"], [1, 2], text="<image>\n<image>"),
        r"mine.jsonl:1 has no text beside its pictures; expected a question",
    ),
    "a fact of one picture": (
        ours(["a.png", "b.png"], [1, 2], asked={"kind": "elbow", "person": 0, "part": "left elbow"}),
        r"mine.jsonl:1 asks for one fact \(asked\) and has 2 pictures; expected null",
    ),
    "our own word for it": (
        ours("a.png", 1, further=[{"scene_id": 2, "image": "b.png"}]),
        r"mine.jsonl:1 is no question \(.*further.*\); expected id, scene_id, image, kind, text, asked",
    ),
    "LLaVA's with none": (llava([]), r"mine.jsonl:1 has image \[\]; expected a name, or a list of one or more"),
    "LLaVA's without": (
        {"question_id": 1, "text": "Why?", "category": "conv"},
        r"mine.jsonl:1 has image None; expected a",
    ),
}

READ_OF_LLAVA: dict[str, tuple[Record, tuple[str, ...], str]] = {
    "two pictures": (llava(["a.png", "b.png"]), ("a.png", "b.png"), "What changed?"),
    "with marks": (llava(["a.png", "b.png"], "<image>\n<image>\nWhat changed?"), ("a.png", "b.png"), "What changed?"),
    "the same twice": (llava(["a.png", "a.png"]), ("a.png", "a.png"), "What changed?"),
    "one in a list": (llava(["a.png"]), ("a.png",), "What changed?"),
}
"""Record in LLaVA's form -> its pictures, its text."""

LINES: dict[str, tuple[list[Record], str | None]] = {
    "a picture alone and in a group": (
        [ours("a.png", 1), ours(["a.png", "b.png"], [1, 2]) | {"id": "r"}],
        None,
    ),
    "a group and its turn": (
        [ours(["a.png", "b.png"], [1, 2]), ours(["b.png", "a.png"], [2, 1]) | {"id": "r"}],
        None,
    ),
    "another number in a group": (
        [ours("a.png", 1), ours(["b.png", "a.png"], [2, 3]) | {"id": "r"}],
        r"mine.jsonl:2 has scene_id 3 and image 'a.png', and another line .*expected one number for each picture",
    ),
}
"""Several lines, and what is wrong with them; None: nothing."""
