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


WHO = [
    # A pronoun means the last person of its sex.
    ("A woman and a man wait: she crouches, and he stands with straight knees.",
     ["a woman||crouching", "a man||standing", "a man|left knee|straight", "a man|right knee|straight"]),
    ("The boy waves to the girl in red. His left arm is raised.", ["the boy|left arm|raised"]),
    ("The man stands beside the lady, and her right knee is bent.",
     ["the man||standing", "the lady|right knee|bent"]),
    ("The player on the left faces the player on the right. His left knee is bent.",
     ["the player on the left|left knee|bent"]),
    # A side alone, of the part before.
    ("With her right foot lifted and the left one on the grass, she waits.",
     ["she|right leg|lifted", "she|left leg|on the ground"]),
    ("His weight is on the left foot, the right being off the ground.",
     ["he|left leg|on the ground", "he|right leg|lifted"]),
    ("His arms hang at his sides, the right one entirely straight.",
     ["he|left arm|lowered", "he|right arm|lowered", "he|right elbow|straight"]),
    ("She keeps her right arm at shoulder height and has the opposite one raised.",
     ["she|right arm|at shoulder height", "she|left arm|raised"]),
    ("He has a flexed right elbow and a flexed left one.", ["he|right elbow|bent", "he|left elbow|bent"]),
    ("The man stands with one arm raised, the right, and the other lowered.",
     ["the man||standing", "the man|right arm|raised", "the man|left arm|lowered"]),
    ("He has one bent arm raised, the left, and the other lowered.",
     ["he|left elbow|bent", "he|left arm|raised", "he|right arm|lowered"]),
    ("Her left arm crosses in front of her body.", ["she|left arm|across the body"]),
    ("Her arms are crossed in front of her body.", ["she|left arm|folded", "she|right arm|folded"]),
    ("She has one knee bent (the left) and the other straight.", ["she|left knee|bent", "she|right knee|straight"]),
    ("She has one knee bent and the other straight.", ["she||bent", "she||straight"]),
    ("Her left elbow, unlike her right, isn't bent.", ["she|right elbow|bent", "she|left elbow|not bent"]),
    ("Her left elbow, unlike her right one, is straight.", ["she|right elbow|not straight", "she|left elbow|straight"]),
    # A person's noun that only says which thing.
    ("A lifeguard chair leans to the right, and a player statue stands behind it.", []),
    ("The lifeguard leans to the right.", ["the lifeguard||leaning"]),
    ("The surfer down there stands on the board.", ["the surfer||standing"]),
    ("No – his torso slants.", ["he||leaning"]),
    ("No part of his torso slants.", ["he||not leaning"]),
    # Who stands to somebody's right is not that somebody.
    ("Left of the man with bent elbows stands another.", ["another||left of", "the man|left elbow|bent",
     "the man|right elbow|bent"]),
    ("To the left of the man in red sits a woman with a raised left arm.",
     ["a woman||left of", "a woman||sitting", "a woman|left arm|raised"]),
    ("Next to the woman there stands a boy.", ["a boy||standing"]),
    ("The seated one to the left of the man has bent knees.",
     ["the seated one||sitting", "the seated one||left of", "the seated one|left knee|bent",
      "the seated one|right knee|bent"]),
    ("All six of the runners' arms are lowered.", ["all six of the runners|left arm|lowered",
     "all six of the runners|right arm|lowered"]),
    ("The arms are lowered on the left and on the right alike.", ["|left arm|lowered", "|right arm|lowered"]),
    ("Three of them, pigeons from the square, are sitting on the wall.", []),
    ("Three of them, players in white, are standing.", ["three of them, players in white||standing"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WHO, ids=[text for text, _ in WHO])
def test_it_is_said_of_whom_the_sentence_says_it(text, said):
    found = [
        f"{claim.mention or ''}|{claim.part or ''}|{'not ' if claim.negated else ''}{claim.value}"
        for claim in extract_claims(text)
        if claim.kind not in ("count", "place")
    ]
    assert sorted(found) == sorted(said)
