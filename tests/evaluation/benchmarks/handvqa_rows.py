"""Rows in HandVQA's form, and replies with what they come to, written before their reader.

The form is that of its authors' own code (github.com/kcsayem/handvqa, ``pipeline/swift_dataset.py``, ``form_mcq.py``):
``messages`` with the question and the right sentence, ``images`` with one path. Hands and pictures here are made up.
"""

from typing import Any

ANGLE = (
    "A. The index finger is straight at the tip joint.",
    "B. The index finger is bent inward at the tip joint.",
    "C. The index finger is bent completely inward at the tip joint.",
    "D. The index finger is bent slightly inward at the tip joint.",
)
DISTANCE = (
    "A. The tip joint of the thumb is spread from the tip joint of the ring finger.",
    "B. The tip joint of the thumb is close to the tip joint of the ring finger.",
    "C. The tip joint of the thumb is spread wide from the tip joint of the ring finger.",
)
ACROSS = (
    "A. The tip joint of the thumb is at the right of the tip joint of the ring finger.",
    "B. The tip joint of the thumb is at the left of the tip joint of the ring finger.",
)
UPWARD = (
    "A. The tip joint of the thumb is above the tip joint of the ring finger.",
    "B. The tip joint of the thumb is below the tip joint of the ring finger.",
)
DEEP = (
    "A. The tip joint of the thumb is behind the tip joint of the ring finger.",
    "B. The tip joint of the thumb is in front of the tip joint of the ring finger.",
)
TYPES = {
    "angle": ANGLE, "distance": DISTANCE, "relative_pos_x": ACROSS, "relative_pos_y": UPWARD, "relative_pos_z": DEEP,
}  # fmt: skip


def row(options: tuple[str, ...], right: int, picture: str) -> dict[str, Any]:
    """One line of such a file, with its uneven blanks."""
    listed = "\n ".join(options)
    asked = f"<image>Which one is right?\n            Options:\n            \n{listed}\n\n            Say one of them."
    return {
        "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": options[right]}],
        "images": [picture],
    }


REPLIES: tuple[tuple[str, str], ...] = (
    (ANGLE[1], "B"),
    ("B", "B"),
    ("b.", "B"),
    ("(D)", "D"),
    ("Answer: C", "C"),
    ("The answer is A.", "A"),
    ("The index finger is bent inward at the tip joint.", "B"),
    ("the index finger is bent slightly inward at the tip joint", "D"),
    ("D: The index finger is bent slightly inward at the tip joint.", "D"),
    ("A. The index finger is bent inward at the tip joint.", "unreadable"),
    ("A or B", "unreadable"),
    ("A\nB\nC\nD", "unreadable"),
    ("E", "unreadable"),
    ("", "unreadable"),
    ("The finger is bent.", "unreadable"),
    ("The index finger is bent inward at the base joint.", "unreadable"),
    ("A, because I cannot see the others.", "unreadable"),
    ("I'm sorry, but I can't help with that.", "refused"),
    ("I’m sorry, I can’t tell from this picture.", "refused"),
    ("I cannot determine the angle from the image.", "refused"),
    ("As an AI language model, I am unable to view images.", "refused"),
    ("It is not possible to tell.", "refused"),
    ("There is no hand in the picture.", "unreadable"),
    ("Unable to answer.", "refused"),
)
"""Replies to a question with ``ANGLE``'s options."""
