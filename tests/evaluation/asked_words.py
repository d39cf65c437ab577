"""What models are told about questions, word for word: a judge in every form, and a text_only model."""

from collections.abc import Iterator

from llavapose.config.choices import JudgeContext, JudgeProtocol
from llavapose.evaluation.judges.rubric import prompt
from llavapose.records import Person, Scene, Thing

JOINTS = ((0.5, 0.2, 2), (0.0, 0.0, 0), *(((index % 5) / 10 + 0.3, index / 20, 1 + index % 2) for index in range(15)))
FIRST = Scene(
    id=1, image="a.png", width=640, height=480, captions=("A man waits.", "Somebody at a stop."),
    people=(Person(id=1, box_xyxy=(0.1, 0.2, 0.5, 0.9), keypoints=JOINTS),),
    things=(Thing(id=2, category="bus", box_xyxy=(0.6, 0.1, 1.0, 0.8)),),
)  # fmt: skip
SECOND = Scene(id=2, image="b.png", width=480, height=640, captions=("He gets on.",),
               people=(Person(id=3, box_xyxy=(0.3, 0.2, 0.7, 0.8)),))  # fmt: skip
ANSWERS = ("He waits.", "He {question} sits.")


def judges_words(question: str = "What is he doing?", *scenes: Scene) -> Iterator[tuple[str, str]]:
    """Protocol and context of a judge, and what it is told."""
    shown = scenes or (FIRST,)
    for protocol in (JudgeProtocol.single, JudgeProtocol.pair):
        for context in JudgeContext:
            if context != JudgeContext.texts:
                answers = ANSWERS[: 1 if protocol == JudgeProtocol.single else 2]
                yield f"{protocol} {context}", prompt(question, answers, shown, protocol=protocol, context=context)


def as_text(words: Iterator[tuple[str, str]]) -> str:
    """All of it, one behind the other."""
    return "".join(f"=== {name}\n{text}\n" for name, text in words)
