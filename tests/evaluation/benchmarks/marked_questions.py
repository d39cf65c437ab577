"""Questions marked by hand, written before the code that checks them: what a benchmark may ask, and what not, and why.

``GOOD`` stays. ``GIVES_AWAY`` says what is to be seen, or can be answered by yes or no: if only those stayed whose
answer is no, "no" would always be right. ``UNANSWERABLE`` asks about somebody or something that is not there, about
what is out of the picture, or the teacher's own answer says that it cannot be told, or is wrong. ``NOT_POSE`` asks
about neither pose nor action.
"""

from dataclasses import dataclass

from llavapose.records import Person, Scene, Thing
from tests.drawn_by_hand import ALONE, THREE

GOOD, GIVES_AWAY, UNANSWERABLE, NOT_POSE = "good", "gives away", "unanswerable", "not about pose"


def _person(number: int, box: tuple[float, float, float, float], points: list[tuple[float, float, int]]) -> Person:
    return Person(id=number, box_xyxy=box, keypoints=tuple(points))


_SURFING = [(0.5, 0.2, 2), (0.51, 0.19, 2), (0.49, 0.19, 2), (0.53, 0.2, 2), (0.47, 0.2, 2)]
_SURFING += [(0.57, 0.28, 2), (0.43, 0.28, 2), (0.68, 0.29, 2), (0.32, 0.29, 2), (0.79, 0.28, 2), (0.21, 0.28, 2)]
_SURFING += [(0.55, 0.5, 2), (0.45, 0.5, 2), (0.66, 0.6, 2), (0.34, 0.6, 2), (0.57, 0.74, 2), (0.43, 0.74, 2)]
SURFER = Scene(
    id=5,
    image="surfer.png",
    width=400,
    height=400,
    captions=("A man riding a wave on top of a surfboard.", "A surfer balances on a wave in the ocean."),
    people=(_person(6, (0.18, 0.13, 0.82, 0.8), _SURFING),),
    things=(Thing(id=20, category="surfboard", box_xyxy=(0.3, 0.72, 0.7, 0.84)),),
)
"""One man with both arms out to the side and bent knees."""

_EATING = [(0.5, 0.3, 2), (0.52, 0.28, 2), (0.48, 0.28, 2), (0.55, 0.3, 2), (0.45, 0.3, 2)]
_EATING += [(0.66, 0.5, 2), (0.34, 0.5, 2), (0.74, 0.7, 2), (0.26, 0.72, 2), (0.58, 0.56, 2), (0.42, 0.58, 2)]
_EATING += [(0.6, 0.95, 2), (0.4, 0.95, 2), *[(0.0, 0.0, 0)] * 4]
EATER = Scene(
    id=6,
    image="eater.png",
    width=400,
    height=400,
    captions=("A boy eating a sandwich at a table.", "A child takes a bite of a sandwich."),
    people=(_person(7, (0.2, 0.18, 0.8, 1.0), _EATING),),
    things=(
        Thing(id=30, category="sandwich", box_xyxy=(0.42, 0.5, 0.58, 0.62)),
        Thing(id=31, category="dining table", box_xyxy=(0.0, 0.8, 1.0, 1.0)),
    ),
)
"""One boy from the hips up: neither knees nor ankles are in the picture."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A question with the teacher's own answer, about a scene, as it should be judged."""

    scene: Scene
    kind: str
    question: str
    answer: str
    mark: str


def _of(scene: Scene, kind: str, mark: str, *pairs: tuple[str, str]) -> list[Marked]:
    return [Marked(scene=scene, kind=kind, question=q, answer=a, mark=mark) for q, a in pairs]


MARKED: tuple[Marked, ...] = (
    # THREE: in picture order somebody with the left arm raised, a man in the middle, somebody with an arm out; a dog.
    *_of(THREE, "conv", GOOD,
         ("What is the person on the left doing with their left arm?", "They raise their left arm."),
         ("Is the person on the right standing or sitting?", "The person on the right is standing."),
         ("Which way is the person in the middle facing?", "The person in the middle faces the camera."),
         ("How are the people in the image positioned relative to each other?", "They stand side by side, a row."),
         ("What are the three people doing?", "The three people are standing on the street."),
         ("Are the people in the image standing still or are they in motion?", "They are standing still."),
         ("How does the man in the blue jacket hold himself?", "He is standing upright and faces the camera."),
         ("What is the posture of the person in the middle?", "The person in the middle is standing upright."),
         ("Can you describe what the people are doing with their arms?", "One of them raises the left arm.")),
    *_of(THREE, "conv", GIVES_AWAY,
         ("Is the person in the middle standing?", "Yes, the person in the middle is standing."),
         ("Is the person on the right sitting?", "No, the person on the right is standing."),
         ("Are all of the people facing the camera?", "Yes, all of them face the camera."),
         ("Are any of the people raising an arm?", "Yes, the person on the left raises the left arm."),
         ("Why is the person on the left raising their left arm above the shoulder?",
          "The person on the left is raising the left arm to greet somebody."),
         ("Who of the three people standing on the street is standing?", "All three people are standing.")),
    *_of(THREE, "conv", UNANSWERABLE,
         ("What is the fourth person doing?", "The fourth person is standing."),
         ("What is the little girl doing?", "The little girl is standing beside the man."),
         ("What are the two people doing?", "The two people are standing."),
         ("How is the man holding the tennis racket?", "He is holding it with both hands."),
         ("What is the baby in the stroller doing with its hands?", "It is waving."),
         ("Can you tell the relationship between the people based on their poses?",
          "It's difficult to definitively determine their relationship based on their poses."),
         ("What is the man saying with his gestures?", "It cannot be determined from the image."),
         ("What is the person on the left doing with their left arm?", "Their left arm is lowered at their side.")),
    *_of(THREE, "conv", NOT_POSE,
         ("What color is the jacket?", "The jacket is blue."),
         ("Where is the dog?", "The dog is on the lower right."),
         ("How many people are in the image?", "There are three people in the image."),
         ("What is the weather like?", "It seems to be raining."),
         ("What kind of animal is next to the person on the right?", "It is a dog."),
         ("What is the man wearing?", "He wears a blue jacket.")),
    *_of(THREE, "detail", GOOD,
         ("Describe the actions and poses of people in the following image in detail.",
          "Three people are standing side by side. The person on the left raises the left arm."),
         ("Narrate the actions and poses of people in the image with precision.",
          "Three people are standing on the street and face the camera.")),
    *_of(THREE, "detail", NOT_POSE,
         ("Describe the following image.", "A street with an umbrella and three people who are standing."),
         ("What are the key elements in this picture?", "An umbrella, a dog and three people who are standing.")),
    *_of(THREE, "detail", GIVES_AWAY,
         ("Describe in detail how the person on the left raises their left arm.",
          "The person on the left raises their left arm above the shoulder.")),
    *_of(THREE, "complex", GOOD,
         ("What can be inferred from the body language of the person on the left about what they want?",
          "The person on the left raises the left arm, as one does to greet somebody."),
         ("How might the way these people stand change if it began to rain?",
          "They are standing upright now; they would move together.")),
    *_of(THREE, "complex", GIVES_AWAY,
         ("Why might the person on the left have raised their left arm?",
          "The person on the left has raised the left arm to greet somebody."),
         ("What could be the reason that all three people are standing upright?",
          "They are standing upright because they wait.")),
    # ALONE: a woman who is waving in a park, by her caption; in truth she stands with lowered arms.
    *_of(ALONE, "conv", GOOD,
         ("What is the woman doing?", "The woman is waving in a park."),
         ("How are the woman's legs positioned?", "Her legs are straight and close together."),
         ("What is she doing with her arms?", "She is waving.")),
    *_of(ALONE, "conv", UNANSWERABLE,
         ("What is the man beside the woman doing?", "The man is standing."),
         ("What is the person on the left doing?", "The person on the left is waving."),
         ("What are they doing together?", "They are waving at each other."),
         ("What is the woman holding in her right hand?", "It is not clear from the image what she holds.")),
    *_of(ALONE, "complex", NOT_POSE,
         ("What makes the park a popular place?", "Its trees give shade, and people wave there."),
         ("What time of the year might it be?", "It might be summer.")),
    # SURFER: one man, arms out, knees bent.
    *_of(SURFER, "conv", GOOD,
         ("What is the surfer's posture on the board?", "His knees are bent and his arms are out to the sides."),
         ("What is the man doing?", "The man is riding a wave on a surfboard."),
         ("How does he use his arms?", "He holds both arms out to the sides to balance.")),
    *_of(SURFER, "conv", GIVES_AWAY,
         ("Does the surfer have his knees bent?", "Yes, both knees are bent."),
         ("Which of the surfer's bent knees is bent?", "Both knees are bent.")),
    *_of(SURFER, "conv", NOT_POSE,
         ("What color is the surfboard?", "The surfboard is white."),
         ("How big is the wave?", "The wave is rather small.")),
    *_of(SURFER, "complex", GOOD,
         ("How does the surfer keep his balance?", "His knees are bent, and he stretches both arms out to the sides."),
         ("What might happen next, judging by his posture?", "With bent knees he can turn with the wave."),
         ("Analyze the technique that he is using and assess whether it fits the situation.",
          "He is standing on the board with bent knees, as one does on a wave.")),
    *_of(SURFER, "complex", GIVES_AWAY,
         ("How do the surfer's bent knees help him keep his balance?", "The bent knees lower his centre of gravity."),
         ("Why does the man hold both arms out to the sides?", "Arms out to the sides help him to balance.")),
    *_of(SURFER, "complex", UNANSWERABLE,
         ("What might the two surfers be planning, judging by their poses?", "They plan to ride the wave together.")),
    # EATER: a boy at a table, seen from the hips up.
    *_of(EATER, "conv", GOOD,
         ("What is the boy doing with his hands?", "He is holding a sandwich with both hands."),
         ("What action is the child performing?", "The child is eating a sandwich.")),
    *_of(EATER, "conv", UNANSWERABLE,
         ("Where are the boy's feet placed?", "His feet are on the floor."),
         ("How are the boy's knees bent?", "His knees are bent under the table."),
         ("What is the boy doing with the phone?", "He is talking on the phone.")),
    *_of(EATER, "conv", NOT_POSE,
         ("What is on the table?", "There is a sandwich on the table.")),
    *_of(EATER, "complex", UNANSWERABLE,
         ("Why might the girl be looking at the boy?", "She may want a bite of the sandwich.")),
    *_of(EATER, "complex", NOT_POSE,
         ("What are the health benefits of sandwiches?", "Sandwiches can hold vegetables and bread.")),
)  # fmt: skip
