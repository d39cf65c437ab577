"""Questions and statements whose beginnings are shared in every way that a trie can get wrong.

Each case is a list of (question, statement) about one picture.
"""

PAIR = [
    ("Is the left elbow bent or straight?", "The left elbow is bent."),
    ("Is the left elbow bent or straight?", "The left elbow is straight."),
]

CASES = {
    "one alone": PAIR[:1],
    "two statements behind one question": PAIR,
    "the same twice": [*PAIR, *PAIR],
    "one is the beginning of another": [
        ("Is it red?", "It is red."),
        ("Is it red?", "It is red. It is large."),
        ("Is it red?", "It"),
    ],
    "a question is the beginning of another": [
        ("Is it red", "It is red."),
        ("Is it red or blue?", "It is red."),
        ("Is it", "It is red."),
    ],
    "both orders of the alternatives": [
        *PAIR,
        ("Is the left elbow straight or bent?", "The left elbow is bent."),
        ("Is the left elbow straight or bent?", "The left elbow is straight."),
    ],
    "nothing in common behind the template": [
        ("Why?", "Because."),
        ("How many people are there, and where does each of them stand?", "Two people stand on the left."),
        ("Who?", "A woman."),
    ],
    "the same statement behind many questions": [
        (f"Question {number}: is the right knee bent?", "The right knee is bent.") for number in range(7)
    ],
}
