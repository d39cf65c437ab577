"""Each form of a reply against replies that were marked by hand before there was a reader."""

import pytest

from llavapose.errors import ReplyError
from llavapose.locate.answers.about import About
from llavapose.locate.answers.forms import FORMS
from llavapose.locate.views import View
from llavapose.pose.skeleton import COCO17
from tests.locate.answers.material import GOOD, ODD, Marked


def about_of(marked: Marked) -> About:
    view = View(centre=(500.0, 250.0), side=1000.0) if marked.form == "llavapose" else None
    return About(names=COCO17.joints, width=1000, height=500, joint=marked.joint, seen=marked.seen, view=view)


def moved(told, form):
    """This project's shares are of the square that the picture is padded to: 250 pixels above it."""
    if form != "llavapose":
        return told
    return [{name: place and (place[0], place[1] * 2 - 250) for name, place in one.items()} for one in told]


@pytest.mark.parametrize("marked", [*GOOD, *ODD], ids=lambda one: f"{one.form}-{one.reply[:24]!r}")
def test_a_reply_is_read_as_marked(marked):
    if marked.why is not None:
        with pytest.raises(ReplyError, match=marked.why):
            FORMS[marked.form](marked.reply, about_of(marked))
        return
    bodies = FORMS[marked.form](marked.reply, about_of(marked))
    told = [body.places for body in bodies if body.places]
    expected = moved(marked.told, marked.form)
    assert [list(one) for one in told] == [list(one) for one in expected]
    for one, other in zip(told, expected, strict=True):
        assert all(one[name] == (place and pytest.approx(place, abs=1e-6)) for name, place in other.items())
    assert sum(body.unread for body in bodies) == marked.unread
    assert sum(body.strange for body in bodies) == marked.strange


def test_rex_omnis_box():
    (body,) = FORMS["rex_omni"](GOOD[2].reply, about_of(GOOD[2]))
    assert body.box == pytest.approx((1 / 999 * 1000, 36 / 999 * 500, 986 / 999 * 1000, 948 / 999 * 500))


def test_pixels_need_the_size_of_what_the_model_was_given():
    with pytest.raises(ReplyError, match="size"):
        FORMS["qwen_pixels"](GOOD[5].reply, About(names=COCO17.joints, width=10, height=10))
