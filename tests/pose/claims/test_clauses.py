"""States stay in their clause: sentences of the offline teacher's and of models' own that were once read across it."""

import pytest

from llavapose.pose.claims.extract import extract_claims

CASES = [
    ("She stands upright and her left arm is above the head.", ["standing", "upright", "left arm above the head"]),
    ("With the upper body upright and the left arm above the head, she waits.", ["upright", "left arm above the head"]),
    ("He holds a cup in the left hand, and his right arm is above the head.",
     ["left hand touching", "right arm above the head"]),
    ("They hold a handbag in the left hand, and their left leg is lifted.", ["left hand touching", "left leg lifted"]),
    ("She is touching a baseball bat, with both feet on the ground.",
     ["touching", "left leg on the ground", "right leg on the ground"]),
    ("He is bent over, with the left knee straight.", ["bent over", "left knee straight"]),
    ("She is crouching down with the right arm held up.", ["crouching", "right arm raised"]),
    ("He is stretching with the left knee bent.", ["left knee bent"]),
    ("He is touching a baseball bat with the right hand, his left knee is straight.",
     ["right hand touching", "left knee straight"]),
    ("The man stands by the left edge.", ["standing", "left"]),
    ("Only the back stays hidden.", []),
    ("His face stays in the shade.", []),
    ("Lowering the right arm a little would help.", []),
    ("Straightening the legs a bit would do.", []),
    ("The girl with braids stands to the right of the boy.", ["standing", "right of"]),
    ("The worker in the orange helmet is squatting.", ["crouching"]),
    ("The left is straight, but a crab's arms are bent.", []),
    ("The man holds his arms folded.", ["left arm folded", "right arm folded"]),
    ("Both hands are in front of her chest.", ["left arm in front of the body", "right arm in front of the body"]),
    ("She folds the right arm at the elbow.", ["right elbow bent"]),
    ("The left knee is bent, and the right one isn't.", ["left knee bent", "right knee not bent"]),
    ("The right leg is bent, the left leg too.", ["right knee bent", "left knee bent"]),
    ("The man stands with his hands on his hips.", ["standing", "left elbow bent", "right elbow bent"]),
    ("Arms akimbo, she faces the camera.", ["left elbow bent", "right elbow bent", "toward the camera"]),
    ("She sits cross-legged.", ["sitting"]),
    ("He stands on tiptoe.", ["standing"]),
    ("She sits hugging her left knee.", ["sitting", "left knee bent"]),
    ("He leans on the railing.", []),
    ("The player is caught mid-stride.", ["in a stride"]),
    ("There are no people standing in the picture.", ["0"]),
    ("The statue behind the tourists has its right arm raised.", []),
    ("There are ３ people in the picture.", ["3"]),
    ("They lie on their stomachs.", ["lying"]),
    ("The person stands with straight knees and folds the upper body.",
     ["standing", "left knee straight", "right knee straight", "bent over"]),
    ("There is a group of four giraffes behind the person.", []),
    ("There is a group of four people behind the fence.", ["4"]),
    ("A woman and two men are standing.", ["3", "standing", "standing"]),
    ("A woman and two men on skis on a snowy hillside.", ["3"]),
    ("A woman and a man are sitting.", ["2", "sitting", "sitting"]),
    ("Neither player is sitting.", ["not sitting"]),
    ("A dog stands beside the man, and a chair leans against the wall.", []),
    ("Driftwood lies on the sand, and the score stands at two to one.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), CASES, ids=[text for text, _ in CASES])
def test_what_is_said_is_said_of_its_own_part(text, said):
    found = [
        " ".join(filter(None, (claim.part, "not" if claim.negated else "", claim.value)))
        for claim in extract_claims(text)
    ]
    assert sorted(found) == sorted(said)
