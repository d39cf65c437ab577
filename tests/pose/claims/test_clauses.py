"""States stay in their clause: sentences of the offline teacher's and of models' own that were once read across it."""

import pytest

from llavapose.pose.claims.extract import extract_claims

CASES = [
    ("The glove is on her left hand, and the bat is in that hand.", ["left hand touching"]),
    ("He holds up the left arm, a racket in that hand.", ["left arm raised", "left hand touching"]),
    ("He holds up an arm, a racket in that hand.", ["raised", "touching"]),
    ("How many people are there.", []),
    ("A lone cyclist is on the road.", ["1"]),
    ("The woman is doubled up, heels side by side.", ["bent over", "together"]),
    ("He is seated tall, trunk upright.", ["sitting", "upright"]),
    ("Her trunk is fully flexed.", ["bent over"]),
    ("The woman can be spotted to the left of the man.", ["left of"]),
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
    # What is left out is what was said before.
    ("Neither the boy nor the girl in red is sitting.", ["the boy||not sitting", "the girl in red||not sitting"]),
    ("The man on the left isn't leaning, but the man on the right is.",
     ["the man on the left||not leaning", "the man on the right||leaning"]),
    ("The boy isn't lying down; the girl, however, is.", ["the boy||not lying", "the girl||lying"]),
    ("The boy is happy, but the girl isn't.", []),
    ("The woman on the left sits, and so does the woman on the right.",
     ["the woman on the left||sitting", "the woman on the right||sitting"]),
    ("Her right knee isn't bent, but her left knee is.", ["she|right knee|not bent", "she|left knee|bent"]),
    ("His left elbow isn't straight, whereas his left knee is.", ["he|left elbow|not straight",
     "he|left knee|straight"]),
    ("Neither of the girl's elbows is bent, but the boy's right elbow is.",
     ["the girl|left elbow|not bent", "the girl|right elbow|not bent", "the boy|right elbow|bent"]),
    ("The man's left knee is bent, and so is the woman's right knee.",
     ["the man|left knee|bent", "the woman|right knee|bent"]),
    ("Her right foot is on the grass, but not her left.", ["she|right leg|on the ground",
     "she|left leg|not on the ground"]),
    ("She crouches without bending either elbow.", ["she||crouching", "she|left elbow|not bent",
     "she|right elbow|not bent"]),
    ("He hasn't raised either arm.", ["he|left arm|not raised", "he|right arm|not raised"]),
    ("Either arm may be raised.", []),
    ("She lifts a bent left leg.", ["she|left leg|lifted", "she|left knee|bent"]),
    ("He raises a straight right arm.", ["he|right arm|raised", "he|right elbow|straight"]),
    ("She raises her left arm and the right one as well, both of them bent.",
     ["she|left arm|raised", "she|right arm|raised", "she|left elbow|bent", "she|right elbow|bent"]),
    ("His arms, neither of them bent, hang down.",
     ["he|left elbow|not bent", "he|right elbow|not bent", "he|left arm|lowered", "he|right arm|lowered"]),
    ("The boy raises his left arm; both stand.", ["the boy|left arm|raised", "both||standing"]),
    ("Her left elbow is straight and her right arm just as straight.", ["she|left elbow|straight",
     "she|right elbow|straight"]),
    ("With her left elbow unbent and her trunk upright, she waits.", ["she|left elbow|straight", "she||upright"]),
    ("The man's left arm is lowered; the right arm is raised and has a bent elbow.",
     ["the man|left arm|lowered", "the man|right arm|raised", "the man|right elbow|bent"]),
    # Straight to somewhere is straight.
    ("Her left arm is held straight out to the side.", ["she|left elbow|straight", "she|left arm|out to the side"]),
    ("Both arms are stretched straight up overhead.",
     ["|left elbow|straight", "|right elbow|straight", "|left arm|above the head", "|right arm|above the head"]),
    ("His right hand is straight above his head.", ["he|right arm|above the head"]),
    # Labels.
    ("Left arm: raised above the head.", ["|left arm|above the head"]),
    ("- Right knee: bent.", ["|right knee|bent"]),
    ("The man keeps his left arm up: bent knees help him.", ["the man|left arm|raised", "the man|left knee|bent",
     "the man|right knee|bent"]),
    # Who is the subject of what.
    ("She's got her back straight.", ["she||upright"]),
    ("Far from sitting, the boy in red stands.", ["the boy in red||not sitting", "the boy in red||standing"]),
    ("Instead of standing, the girl sits.", ["the girl||not standing", "the girl||sitting"]),
    ("Neither sitting nor leaning, the man waits.", ["the man||not sitting", "the man||not leaning"]),
    ("Stretched out on the garden lawn, the man keeps his left leg bent.", ["the man||lying",
     "the man|left knee|bent"]),
    ("The girl is sitting on the rug with her left leg straight.", ["the girl||sitting",
     "the girl|left knee|straight"]),
    ("The only people here, two men, stand.", ["two men||standing"]),
    ("The acrobat has both feet off the ground, and her knees are bent.",
     ["the acrobat|left leg|lifted", "the acrobat|right leg|lifted", "the acrobat|left knee|bent",
     "the acrobat|right knee|bent"]),
    # Where somebody goes, he faces.
    ("The girl walks toward the left of the picture.", ["the girl||standing", "the girl||image left"]),
    ("The man is running, arms bent, towards the right side of the frame.",
     ["the man||standing", "the man|left elbow|bent", "the man|right elbow|bent", "the man||image right"]),
    ("The man stands toward the left of the picture.", ["the man||standing"]),
    ("She leans against the strong wind.", ["she||leaning"]),
    ("She leans against the white wall.", []),
    ("He stands before a hill of white slopes.", ["he||standing"]),
    ("If you look closely you will see a racket.", []),
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
