"""What is commonly known of activities, for reasoning about what captions name."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What is commonly known of an activity.

    Attributes:
        next: what whoever does it may do next, as a base verb with what follows.
        aim: what it is done for, likewise.
        needs: what it takes.
        spoils: what could go wrong.
        sort: "sport", "play", "rest", "errand", "talk", "meal".
        part: what of the body it is done with, "arms" or "legs"; "" where one cannot say.
        things: objects that whoever does it holds or stands on.
    """

    next: tuple[str, ...]
    aim: tuple[str, ...]
    needs: str
    spoils: str
    sort: str
    part: str
    things: tuple[str, ...] = ()


ACTIVITIES: dict[str, Activity] = {
    "ski": Activity(next=("glide on down the hill", "make a turn in the snow", "brake at the foot of the slope"),
        aim=("get down the hill in one piece", "enjoy a smooth run downhill"), needs="enough snow and a free run",
        spoils="a patch of ice", sort="sport", part="legs", things=("skis",)),
    "snowboard": Activity(next=("carve another turn", "slide on down the hill", "stop in a spray of snow"),
        aim=("ride down the hill with speed", "enjoy the ride over the snow"), needs="a slope with soft snow",
        spoils="a caught edge", sort="sport", part="legs", things=("snowboard",)),
    "surf": Activity(next=("ride the wave to its end", "steer along the wave",
        "tumble into the water when the wave breaks"), aim=("stay on the wave as long as it lasts",
        "ride as far as the wave carries"), needs="a wave of the right size", spoils="a wave that breaks too soon",
        sort="sport", part="legs", things=("surfboard",)),
    "skate": Activity(next=("roll on and push off again", "try a trick with the board", "jump off the board"),
        aim=("keep rolling without a fall", "get along on four small wheels"), needs="smooth ground",
        spoils="a stone under a wheel", sort="sport", part="legs", things=("skateboard",)),
    "tennis": Activity(next=("strike the ball over the net", "run back for the following ball",
        "follow through with the racket"), aim=("return the ball over the net", "win the point"),
        needs="a ball, a net and an opponent", spoils="a ball that hits the frame", sort="sport", part="arms",
        things=("tennis racket",)),
    "bat": Activity(next=("strike the ball and drop the bat", "sprint to first base", "watch where the ball lands"),
        aim=("hit the ball far into the field", "score a run for the team"), needs="a pitcher who throws the ball",
        spoils="a ball with a curve", sort="sport", part="arms", things=("baseball bat",)),
    "frisbee": Activity(next=("send the disc on its way", "run after the disc",
        "catch the disc when it comes back"), aim=("make the disc fly straight", "get the disc to a partner"),
        needs="open space and a partner", spoils="a gust of wind", sort="play", part="arms", things=("frisbee",)),
    "throw": Activity(next=("let go of the ball", "follow the ball with the eyes",
        "catch the ball when it returns"), aim=("throw the ball as far as possible", "send the ball to somebody"),
        needs="room for the ball to fly", spoils="a bad grip on the ball", sort="play", part="arms",
        things=("sports ball",)),
    "catch": Activity(next=("close both hands around the catch", "throw it back", "land and run on"),
        aim=("get hold of it in the air",), needs="quick eyes", spoils="the sun in the eyes", sort="play",
        part="arms"),
    "kick": Activity(next=("run after the ball", "shoot again", "pass the ball to somebody"),
        aim=("send the ball where it should go", "score a goal"), needs="a ball and flat ground",
        spoils="wet grass", sort="sport", part="legs", things=("sports ball",)),
    "run": Activity(next=("take another quick stride", "slow down to a walk", "run out of the picture"),
        aim=("cover the distance quickly", "keep fit"), needs="a free path", spoils="an untied lace", sort="sport",
        part="legs"),
    "walk": Activity(next=("take another step", "walk out of the picture", "cross to the other side"),
        aim=("get to another place", "enjoy some fresh air"), needs="time and a path", spoils="a sudden shower",
        sort="play", part="legs"),
    "dog": Activity(next=("praise the dog", "throw something for the dog", "call the dog back"),
        aim=("keep the dog busy", "teach the dog something"), needs="a dog in the mood to play",
        spoils="another dog that comes by", sort="play", part="arms"),
    "wait": Activity(next=("shift a little", "walk over to somebody", "go on with the day"),
        aim=("have the picture taken", "pass some time"), needs="nothing but a little time",
        spoils="a sudden shower", sort="rest", part=""),
    "sit": Activity(next=("get up again", "stay a little longer", "look for a more comfortable spot"),
        aim=("give the legs a rest", "take a break"), needs="a free seat", spoils="a hard seat", sort="rest",
        part="", things=("bench", "chair")),
    "lie": Activity(next=("roll over", "doze off", "get up after a while"), aim=("rest the whole body",
        "take a nap"), needs="a dry spot", spoils="noise all around", sort="rest", part=""),
    "crouch": Activity(next=("come up again", "pick something up", "look at something small"),
        aim=("get close to the ground", "reach something low"), needs="supple knees", spoils="numb legs",
        sort="play", part=""),
    "bend": Activity(next=("come up again", "pick something up", "touch the toes"),
        aim=("reach something near the ground", "look at something low down"), needs="a supple back",
        spoils="a stiff back", sort="play", part=""),
    "reach": Activity(next=("take hold of something", "relax again", "shake out the arms"),
        aim=("get at something high up", "stretch the body"), needs="long arms and a little patience",
        spoils="stiff shoulders", sort="play", part="arms"),
    "wave": Activity(next=("call out a greeting", "drop the arm again", "walk over to a friend"),
        aim=("catch somebody's eye", "say hello from afar"), needs="somebody to greet",
        spoils="a friend who does not look up", sort="talk", part="arms"),
    "phone": Activity(next=("end the call", "listen to the other side", "put the phone away"),
        aim=("hear what a caller says", "arrange something with somebody"), needs="a good line and some quiet",
        spoils="an empty battery", sort="talk", part="arms", things=("cell phone",)),
    "drink": Activity(next=("take another sip", "put the cup down", "wipe the mouth"), aim=("quench a thirst",),
        needs="a full cup", spoils="a drink that is too hot", sort="meal", part="arms", things=("cup", "bottle",
        "wine glass")),
    "eat": Activity(next=("take another bite", "wipe the mouth"), aim=("still a hunger",), needs="something tasty",
        spoils="a dropped plate", sort="meal", part="arms"),
    "umbrella": Activity(next=("fold the umbrella", "tilt the umbrella against the wind",
        "walk on under the umbrella"), aim=("keep dry or shaded", "stay out of the rain or the sun"),
        needs="one hand that stays free for it", spoils="a strong gust", sort="errand", part="arms",
        things=("umbrella",)),
    "carry": Activity(next=("put the load down", "change hands", "carry it to the door"),
        aim=("bring the things home", "get the load where it belongs"), needs="a firm grip", spoils="a torn handle",
        sort="errand", part="arms", things=("handbag", "suitcase", "backpack")),
    "kite": Activity(next=("give the kite more line", "pull on the line", "run a few steps against the wind"),
        aim=("keep the kite in the air",), needs="a steady wind", spoils="a lull in the wind", sort="play",
        part="arms", things=("kite",)),
    "ride": Activity(next=("ride on", "slow down and get off"), aim=("get from one place to another",),
        needs="a mount or a vehicle", spoils="a sudden stop", sort="play", part="legs"),
    "hold": Activity(next=("put it down", "hand it to somebody", "take a closer look at it"),
        aim=("keep it at hand",), needs="a firm grip", spoils="slippery fingers", sort="errand", part="arms"),
    "jump": Activity(next=("land on both feet", "catch the balance after landing"), aim=("get off the ground",),
        needs="strong legs", spoils="a slippery landing", sort="sport", part="legs"),
    "read": Activity(next=("turn the page",), aim=("find out how the story goes on",), needs="good light",
        spoils="noise all around", sort="rest", part="arms", things=("book",)),
    "talk": Activity(next=("wait for a reply", "nod at the answer"), aim=("share some news",),
        needs="somebody who listens", spoils="noise all around", sort="talk", part="arms"),
    "picture": Activity(next=("check how the photo came out", "take another photo"),
        aim=("keep the moment in a photo",), needs="a camera", spoils="bad light", sort="play", part="arms"),
    "swim": Activity(next=("swim another stroke",), aim=("stay afloat and move on",), needs="calm water",
        spoils="a cramp", sort="sport", part="arms"),
    "play": Activity(next=("go on with the game",), aim=("win the game or just enjoy it",), needs="a little time",
        spoils="a sudden shower", sort="play", part="arms"),
}  # fmt: skip
"""Activity -> what is known of it."""
