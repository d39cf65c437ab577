"""Reasoning about one person's pose: balance, weight, effort, rest, movement, room, reach, symmetry, free hands."""

import random

from llavapose.pose.language import thing_words
from llavapose.teacher.offline.evidence import Evidence
from llavapose.teacher.offline.themes.theme import Finding, Rule, Theme, by_rules, closed, open_

BALANCE: tuple[Rule, ...] = (
    ("stance", ("lying",), True, (
        "nothing can topple, since the whole body rests on the ground",
        "the base could hardly be broader, and {s} cannot fall any further",
        "the balance needs no care at all, for the ground holds the body along its length")),
    ("stance", ("sitting",), True, (
        "the seat holds most of the body, and the balance is safe",
        "{s} is steady, because a seat gives a broad and firm base",
        "little can upset the balance of somebody with a seat below and the feet in front",
        "the position is firm, as the seat and the feet share the support")),
    ("leg_lift", ("lifted",), False, (
        "the balance hangs on the {other} foot alone and is easily lost",
        "{s} is steady only as long as the {other} leg holds out, and a nudge would be enough",
        "a small base like one single foot makes the balance delicate",
        "all the steadiness has to come from the {other} ankle, so the base is narrow")),
    ("trunk", ("leaning", "bent over"), False, (
        "{own} middle is no longer above {own} feet, and the balance takes work",
        "with so much of the body off the vertical, a push could make {o} stumble",
        "{s} has to work against the pull of the upper body to stay balanced",
        "the balance is on the edge, since the head and shoulders are not over the feet")),
    ("legs", ("apart", "in a stride"), True, (
        "feet set far from each other give {o} a wide base",
        "the wide base keeps {o} steady, at least along the line of the feet",
        "it would take a good shove to topple somebody on such a broad base",
        "{s} has a firm footing, thanks to the distance between the feet")),
    ("stance", ("crouching",), True, (
        "{own} middle is close to the ground, so the balance is fairly stable",
        "so low down, {s} could not fall far and is fairly steady",
        "the low position helps {o} to stay balanced")),
    ("legs", ("together",), False, (
        "the base is narrow, and the balance depends on small corrections at the ankles",
        "a push from the side would meet little resistance, because the base is so narrow",
        "{s} is balanced but on a base hardly wider than two shoes")),
    ("trunk", ("upright",), True, (
        "{own} middle is right above {own} feet, and that keeps {o} balanced",
        "the balance is good as long as head, shoulders and hips stay above one another",
        "{s} is well balanced, for nothing pulls the body to any side")),
)  # fmt: skip

WEIGHT: tuple[Rule, ...] = (
    ("stance", ("lying",), True, (
        "the ground bears the weight from head to toe",
        "the load is spread over the whole length of the body",
        "back, hips and limbs all rest on what is below and carry a share of the weight")),
    ("stance", ("sitting",), True, (
        "most of the weight goes into the seat, and the feet carry only the rest",
        "the hips and thighs pass the load on to the seat",
        "the seat takes the weight off the legs")),
    ("leg_lift", ("lifted",), True, (
        "the {other} leg bears all of the weight",
        "everything rests on the {other} foot, as the {side} one is in the air",
        "the whole load goes through the {other} hip, knee and ankle")),
    ("stance", ("crouching",), True, (
        "the weight rests on the feet, and folded legs have to hold it",
        "thighs and calves carry the load just above the ground",
        "the load presses on the balls of the feet, with the hips close behind")),
    ("leg_lift", ("on the ground", "on the ground"), True, (
        "both legs carry the weight, and each has its share",
        "the load goes down through both feet",
        "the weight is shared by two legs, and nothing else supports the body")),
    ("leg_lift", ("on the ground",), True, (
        "the {side} leg carries weight, alone or together with the {other} one",
        "the load goes down through the {side} foot, and through the {other} one as far as that has a hold")),
    ("stance", ("standing",), True, (
        "the legs carry the weight, and nothing else supports the body",
        "the load travels down through hips and knees into the ground below the feet",
        "{own} own legs bear the load, without help from a seat or a wall")),
)  # fmt: skip

EFFORT: tuple[Rule, ...] = (
    ("trunk", ("bent over",), False, (
        "the muscles along the spine have the hardest job and ache after some minutes",
        "{own} lower back would tire long before anything else",
        "the back has to hold up the head and the shoulders, which is no comfort for long")),
    ("arm_height", ("above the head",), False, (
        "the {side} shoulder has to hold the arm against gravity and would burn within minutes",
        "a shoulder in that position tires quickly, and few people last for long",
        "the muscle on top of the {side} shoulder has the most to do")),
    ("stance", ("crouching",), False, (
        "the thighs do most of the work and would tremble after some minutes",
        "it is hard on the muscles of the thighs, and few people last long that way",
        "{own} thighs and calves would soon ask for a rest")),
    ("leg_lift", ("lifted",), False, (
        "the {other} leg has to do the job of two and would tire soon",
        "the muscles around the {other} hip and ankle have no rest",
        "one leg carries everything, so {s} could not stay like this for long")),
    ("arm_height", ("raised", "at shoulder height"), False, (
        "the {side} shoulder works to keep the arm where it is, and after a while it would ache",
        "such an arm strains the {side} shoulder before any other muscle",
        "for a minute it is easy, but the {side} shoulder would tire after that")),
    ("arm_height", ("in front of the body",), False, (
        "the {side} upper arm has to carry the forearm, and after a while it would ache",
        "the muscle above the {side} elbow has the most to do, and would ask for a pause in the end",
        "for some minutes it is easy, but the {side} upper arm would tire after that")),
    ("trunk", ("leaning",), False, (
        "the muscles of the waist and back have to hold the slanted upper body",
        "{own} back does the extra work of a body off the vertical and would tire first")),
    ("stance", ("lying",), True, (
        "hardly any muscle has work to do, and {s} could stay for a long while",
        "it is as comfortable as the ground is soft, since no muscle has to hold anything up",
        "nothing would tire for a long time, for nothing is held up")),
    ("stance", ("sitting",), True, (
        "the legs are at rest, and {s} could stay for a long while",
        "it is comfortable enough for an hour, as the seat does the work of the legs",
        "the muscles have little to do besides keeping the back up")),
    ("knee", ("bent",), False, (
        "the thigh muscles above the bent knees have the most to do",
        "with bent knees the thighs never rest, and they would tire first")),
    ("stance", ("standing",), True, (
        "only the calves and the back have a little work, and {s} could stay for a good while",
        "no muscle is under much strain, although the feet would tire in the end",
        "it takes little effort, and a long wait would be felt in the feet first")),
)  # fmt: skip

EASE: tuple[Rule, ...] = (
    ("arm_height", ("above the head", "raised"), False, (
        "letting the {side} arm sink would relieve the shoulder at once",
        "{s} could bring the {side} arm down, and the shoulder would have a rest",
        "a lower {side} arm is all that it would take to relax the shoulder")),
    ("trunk", ("bent over",), False, (
        "{s} could come up again, so that the spine carries the head without strain",
        "coming up again would take the strain off the spine",
        "putting a hand on a knee or coming up again would spare the back")),
    ("leg_lift", ("lifted",), False, (
        "sharing the load between two legs would help the most",
        "{s} could set the {side} foot down and stand on both feet",
        "the {other} leg would be relieved as soon as the {side} foot came down")),
    ("stance", ("crouching",), False, (
        "{s} could sit down or come up, and either would free the thighs",
        "a low stool to sit on would take the load off the thighs",
        "coming up to full height would let the thighs recover")),
    ("trunk", ("leaning",), False, (
        "bringing the upper body back over the hips would save effort",
        "{s} could straighten up and let the bones carry the load",
        "a straighter back would relieve the waist")),
    ("arm_height", ("in front of the body",), False, (
        "the {side} arm would be relieved if {s} let it sink",
        "{s} could let the {side} arm down, and nothing else would need to change")),
    ("arm_height", ("at shoulder height",), False, (
        "the {side} shoulder would be grateful for a pause",
        "{s} could let the {side} arm down, and nothing else would need to change")),
    ("stance", ("sitting", "lying"), True, (
        "nothing has to change, because the pose is already an easy one",
        "there is nothing to make easier, apart from a change of position now and then",
        "{s} could hardly make it easier, and only needs to move a little from time to time")),
    ("knee", ("bent",), False, (
        "a little less bend in the legs would unload the thighs",
        "{s} could come up a little, and the thighs would be relieved")),
    ("stance", ("standing",), True, (
        "{s} could only sit down, for as a way to stand it is already easy",
        "a seat would be the one thing to make it easier, since nothing else is strained",
        "there is little to improve except putting one foot up or finding a seat")),
)  # fmt: skip

START: tuple[Rule, ...] = (
    ("stance", ("lying",), False, (
        "{s} would first have to roll over and come up on hands and knees, which takes some seconds",
        "it would be slow, because the whole body has to be brought up first",
        "getting up comes first, by way of the knees or of a seat on the ground")),
    ("stance", ("sitting",), False, (
        "{s} would first have to shift forward and push up from the seat",
        "getting up comes first, and that costs a second or two",
        "the legs would have to push the body off the seat before anything else")),
    ("stance", ("crouching",), False, (
        "{s} would first have to stretch the legs, though folded legs can push off quickly",
        "coming up comes first, and the thighs are loaded for a strong push",
        "the folded legs work like a spring, so one push would be the first step")),
    ("leg_lift", ("lifted",), True, (
        "the {side} foot only needs to come down in front, and the first step is done",
        "half a step is already made, for the {side} foot is off the ground",
        "{s} could quickly turn the lifted {side} leg into a first step")),
    ("legs", ("in a stride",), True, (
        "{s} could go at once, with one foot already ahead of the other",
        "the first step is as good as made, because the feet are placed one ahead of the other")),
    ("knee", ("bent", "slightly bent"), True, (
        "{s} could start quickly, since a bent knee is ready to push",
        "the legs are loaded, and a push against the ground is all it takes")),
    ("stance", ("standing",), True, (
        "{s} could set off at once, with nothing more than a shift of weight to one leg",
        "a shift to one foot comes first, then the other is free for a step",
        "it would be quick, because {s} is on the feet already")),
)  # fmt: skip

ROOM: tuple[Rule, ...] = (
    ("stance", ("lying",), True, (
        "{s} takes up a body's length of ground, and others have to walk around",
        "it takes as much space as a bed, so one should keep clear of head and feet")),
    ("arm_side", ("out to the side",), True, (
        "one should keep clear of the {side} arm, which takes up room",
        "the {side} arm makes {o} about twice as wide, so there is less space to pass",
        "an arm's length of space is needed beside {o}")),
    ("legs", ("apart", "in a stride"), True, (
        "{s} takes up more ground than somebody at rest, because of the distance between the feet",
        "the feet claim a long step's space, and somebody who passes should keep that distance")),
    ("arm_height", ("above the head",), True, (
        "most of the room is needed overhead, so a low ceiling would be in the way",
        "beside {o} there is space enough, it is above the head that one should keep clear")),
    ("legs", ("together",), False, (
        "{s} needs no more room than a narrow door gives",
        "there is space to pass, for the whole figure is slim")),
    ("arm_height", ("lowered",), False, (
        "{s} needs little space, as the {side} arm stays close to the body",
        "there is space to pass, at least by the {side} arm")),
)  # fmt: skip

TENSION: tuple[Rule, ...] = (
    ("stance", ("lying",), True, (
        "the body looks at ease, since it gives all its weight to the ground",
        "everything about {o} suggests rest rather than effort")),
    ("leg_lift", ("lifted",), False, (
        "the body must be under tension, or the {side} foot could not stay up",
        "{s} cannot be at rest, with a single leg for support")),
    ("trunk", ("bent over",), False, (
        "back and legs are under strain, so it is no relaxed moment",
        "the bent back speaks of effort, not of rest")),
    ("arm_height", ("above the head", "raised"), False, (
        "there is some tension in the {side} shoulder, as an arm does not stay up by itself",
        "{s} is at work rather than at rest, at least in the {side} arm")),
    ("stance", ("crouching",), False, (
        "the legs are tense like springs, even if the rest of the body is calm",
        "{s} can relax the face and the hands, but not the thighs")),
    ("stance", ("sitting",), True, (
        "{s} looks relaxed, for a seat takes most of the effort away",
        "the pose is calm and asks for little effort")),
    ("arm_height", ("lowered",), True, (
        "the {side} arm is left to its own weight, which looks relaxed",
        "{s} seems at ease, for a tense person seldom lets an arm drop like that")),
)  # fmt: skip

_BODY = ("stance", "trunk", "legs", "leg_lift", "knee", "arm_height", "elbow")


def _free_hand(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Which hand is free: the one that holds nothing, or whose arm is down."""
    held = [fact for fact in evidence.of(person, "contact") if (fact.part or "").endswith("hand")]
    busy = {(fact.part or "").split()[0]: fact for fact in held}
    near = {(fact.part or "").split()[0] for fact in evidence.near if fact.person == person and fact.kind == "contact"}
    arms = {(fact.part or "").split()[0]: fact for fact in evidence.of(person, "arm_height")}
    down = [side for side, fact in arms.items() if fact.value == "lowered" and side not in near]
    if len(busy) == 1 and len(near) == 1:
        side, fact = next(iter(busy.items()))
        assert fact.target is not None
        name = thing_words(evidence.scene.things[fact.target].category)
        other = {"left": "right", "right": "left"}[side]
        if other in arms:
            return Finding(because=(fact, arms[other]), texts=(
                f"the {other} hand is the free one, because the {side} one is taken up by {name}",
                f"the {other} hand could do it, while the {side} one would have to let go of {name} first",
                f"only the {other} one is to spare, as long as the {side} one holds {name}"))  # fmt: skip
    if len(down) == 2:
        return Finding(because=tuple(arms[side] for side in down), texts=(
            "either hand would do, for both are empty as far as one can see",
            "both are free, so it may be the left or the right one",
            "there is a choice between left and right, since neither is in use"))  # fmt: skip
    if len(down) == 1 and len(arms) == 2:
        side, other = down[0], {"left": "right", "right": "left"}[down[0]]
        return Finding(because=(arms[side], arms[other]), texts=(
            f"the {side} hand is the one to use, since that arm has nothing to do",
            f"the {side} one is free, whereas the {other} arm is already busy",
            f"it would be the {side} hand, because the {other} arm is engaged"))  # fmt: skip
    return None


def _reach(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """How high the hands are."""
    arms = evidence.of(person, "arm_height")
    high = [fact for fact in arms if fact.value == "above the head"]
    if high:
        side = (high[0].part or "").split()[0]
        return Finding(because=(high[0],), yes=True, texts=(
            f"{{own}} {side} hand is already overhead, about as high as {{s}} can reach without a jump",
            f"a branch or shelf that is a little above {{own}} hair would be in reach of the {side} hand",
            f"the {side} hand has gone most of the way up, so hardly any stretching is left"))  # fmt: skip
    if len(arms) == 2 and all(fact.value == "lowered" for fact in arms):
        return Finding(because=tuple(arms), yes=False, texts=(
            "{own} hands reach no higher than the hips, so anything overhead asks for a big movement",
            "{s} would have to bring an arm all the way up first, to reach a shelf or a branch",
            "the hands are far from anything high, and one arm would have to stretch upward"))  # fmt: skip
    raised = [fact for fact in arms if fact.value == "raised"]
    if raised and len(arms) == 2:
        side = (raised[0].part or "").split()[0]
        return Finding(because=(raised[0],), yes=False, texts=(
            f"{{own}} {side} hand is above the shoulder, and some stretching would bring it overhead",
            f"the {side} hand is the higher one, though a high shelf would still need a stretch"))  # fmt: skip
    return None


def _mirror(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """Whether left and right arm do the same."""
    for kind, noun in (("arm_height", "arms"), ("elbow", "elbows")):
        two = evidence.of(person, kind)
        if len(two) == 2 and two[0].value == two[1].value:
            return Finding(because=tuple(two), yes=True, texts=(
                f"left and right do the same, as far as the {noun} go",
                f"there is no difference between the {noun}, so neither is the busier one",
                f"a mirror would show the same {noun} again, because both sides agree"))  # fmt: skip
        if len(two) == 2 and {"bent", "slightly bent"} != {two[0].value, two[1].value}:
            return Finding(because=tuple(two), yes=False, texts=(
                f"the two {noun} are used differently, so the two sides are not alike",
                "left and right are clearly different, and a mirror would swap the roles",
                f"each of the {noun} has a role of its own"))  # fmt: skip
    return None


def _lets_go(evidence: Evidence, person: int, rng: random.Random) -> Finding | None:
    """What a hand holds."""
    held = [fact for fact in evidence.of(person, "contact") if (fact.part or "").endswith("hand")]
    near = {fact.target for fact in evidence.near if fact.person == person and (fact.part or "").endswith("hand")}
    if len(held) != 1 or held[0].target is None or len(near) > 1:
        return None
    name = thing_words(evidence.scene.things[held[0].target].category)
    side = (held[0].part or "").split()[0]
    bare = f"the {name.removeprefix('an ').removeprefix('a ')}"
    return Finding(because=(held[0],), texts=(
        f"it is {name} that would drop, since only the {side} hand is at it",
        f"{bare} depends on the {side} hand and would fall without it",
        f"{{s}} would have to put {bare} down, which the {side} hand has hold of"))  # fmt: skip


THEMES: tuple[Theme, ...] = (
    Theme(name="balance", kinds=_BODY, find=by_rules(BALANCE), asked=(
        *open_("How steady is {w}?", "How wide is the base that {w} rests on?", "How well is {w} balanced?"),
        *closed("Is the position of {w} a stable one?"),
        *closed("Would a light push throw {w} off balance?", says=-1))),
    Theme(name="weight", kinds=("stance", "legs", "knee", "trunk", "leg_lift"), find=by_rules(WEIGHT), asked=open_(
        "What carries the weight of {w}?", "Where does the weight of {w} rest?",
        "Which part of the body bears most of the load of {w}?", "How is the weight of {w} supported?")),
    Theme(name="effort", kinds=_BODY, find=by_rules(EFFORT), asked=(
        *open_("Which muscles of {w} have the most to do?", "How long could {w} stay like this?",
               "What would {w} feel first after ten minutes like this?", "What is tiring about the pose of {w}?"),
        *closed("Would {w} call this a comfortable position?"))),
    Theme(name="ease", kinds=_BODY, find=by_rules(EASE), asked=open_(
        "What should {w} change to make the pose easier?", "How could {w} take some strain off the body?",
        "What is the smallest change that would let {w} rest?", "What would help {w} to relax?")),
    Theme(name="start", kinds=("stance", "knee", "legs", "leg_lift", "trunk"), find=by_rules(START), asked=open_(
        "What would {w} have to do first to walk away?", "How quickly could {w} start to run?",
        "What must happen before {w} can jump?", "How soon could {w} get moving?")),
    Theme(name="room", kinds=("arm_side", "legs", "arm_height", "stance"), find=by_rules(ROOM), asked=open_(
        "How much room does {w} take up?", "Where should others keep clear of {w}?",
        "How much space should one leave around {w}?")),
    Theme(name="tension", kinds=_BODY, find=by_rules(TENSION), asked=(
        *open_("How much tension is there in the body of {w}?", "Does {w} look relaxed or tense?"),
        *closed("Is {w} at rest?"))),
    Theme(name="free hand", kinds=("arm_height", "elbow", "contact"), find=_free_hand, asked=open_(
        "Which arm could {w} wave with?", "Which hand of {w} is free to catch something?",
        "With which hand could {w} shake hands right now?", "Which hand does {w} have to spare?")),
    Theme(name="reach", kinds=("arm_height", "elbow", "stance"), find=_reach, asked=(
        *open_("How high do the hands of {w} reach at the moment?"),
        *closed("Could {w} take something from a high shelf without moving much?"),
        *closed("Would {w} have to stretch to touch a branch overhead?", says=-1))),
    Theme(name="mirror", kinds=("arm_height", "elbow", "arm_side"), find=_mirror, asked=(
        *open_("Which of the arms of {w} is busier?"),
        *closed("Do the two arms of {w} do the same job?", "Would {w} look the same in a mirror?"))),
    Theme(name="let go", kinds=("arm_height", "elbow", "contact"), find=_lets_go, asked=open_(
        "What would fall if {w} opened both hands?", "What would {w} have to put down to have both hands free?",
        "What would {w} have to let go of before clapping?")),
)  # fmt: skip
"""One person's pose."""
