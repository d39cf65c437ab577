"""Pictures on their way to a model: what arrives, what they are known by, what they are taken to cost."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llavapose.errors import ConfigError, DataError
from llavapose.llm.ask import open_door
from llavapose.llm.budget import FIRST_FACTOR, Budget
from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.failures import RequestFailed
from llavapose.llm.pictures import Picture, data_url, picture_of
from llavapose.llm.tokens import num_picture_tokens, num_prompt_tokens
from tests.llm.asking import config, request
from tests.llm.chat_server import Answer, ChatServer, completion

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
ORIENTATION = 0x0112


def drawn(width: int = 60, height: int = 40) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (height // 12, width // 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height))


def saved(path: Path, form: str = "PNG", **options) -> Path:
    drawn().save(path, form, **options)
    return path


def asks(picture: Picture, text: str = "Who is it?") -> ChatRequest:
    return request(messages=(Message(role="user", text=text, images=(picture,)),))


def sent(ask: ChatRequest, folder: Path, **changes) -> list[dict]:
    """The parts of the last message as a real server receives them."""
    seen = []
    with ChatServer(lambda asked: seen.append(asked.body) or Answer(body=completion("yes"))) as server:
        endpoint = config(base_url=server.url, **changes)
        with open_door(endpoint, owner="judge.endpoint", ledger=folder / "l.sqlite", progress=False) as door:
            assert door.ask([ask]).answered == 1
    return seen[0]["messages"][-1]["content"]


def opened(part: dict) -> tuple[str, bytes, Image.Image]:
    head, _, content = part["image_url"]["url"].partition(";base64,")
    data = base64.b64decode(content)
    return head.removeprefix("data:"), data, Image.open(io.BytesIO(data))


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_arrives_as_it_is(tmp_path, form):
    path = saved(tmp_path / "picture.bin", form)
    picture, text = sent(asks(picture_of(path)), tmp_path)
    kind, data, image = opened(picture)
    assert (kind, data) == (FORMATS[form], path.read_bytes())
    with Image.open(path) as original:
        assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(original.convert("RGB")))
    assert text == {"type": "text", "text": "Who is it?"}


def test_a_long_picture_is_shrunk_and_lies_as_its_pixels_do(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # "turn me": annotations are about the pixels as they lie
    path = saved(tmp_path / "picture.jpg", "JPEG", exif=exif, quality=95)
    picture = picture_of(path, max_px=30)
    kind, _, image = opened(sent(asks(picture), tmp_path)[0])
    assert kind == "image/jpeg" and image.size == picture.sent_size == (30, 20)
    assert image.getexif().get(ORIENTATION) is None
    expected = np.asarray(drawn().resize((30, 20), Image.Resampling.LANCZOS), dtype=float)
    assert np.abs(np.asarray(image, dtype=float) - expected).mean() < 12


def test_a_bound_that_is_not_reached_changes_nothing(tmp_path):
    path = saved(tmp_path / "p.png")
    assert picture_of(path, max_px=60) == picture_of(path)


def test_a_request_is_known_by_the_content_and_bound_of_its_pictures(tmp_path):
    path, same = saved(tmp_path / "a.png"), saved(tmp_path / "b.png")
    other = saved(tmp_path / "c.jpg", "JPEG")
    keys = [
        request("Who is it?").key,
        asks(picture_of(path)).key,
        asks(picture_of(other)).key,
        asks(picture_of(path, max_px=30)).key,
        asks(picture_of(path, max_px=20)).key,
        request(messages=(Message(role="user", text="Who is it?", images=(picture_of(path), picture_of(other))),)).key,
    ]
    assert len(set(keys)) == len(keys)
    assert asks(picture_of(same)).key == asks(picture_of(path)).key


def test_a_text_that_looks_like_a_picture_is_none(tmp_path):
    picture = picture_of(saved(tmp_path / "a.png"))
    assert asks(picture, "x").key != request(f"x\npicture {picture.identity}").key


def test_what_cannot_be_sent_is_said_at_once(tmp_path):
    saved(tmp_path / "p.bmp", "BMP")
    (tmp_path / "cut.png").write_bytes(saved(tmp_path / "whole.png").read_bytes()[:20])
    for name, words in (("none.png", "cannot be read"), ("p.bmp", "no JPEG, PNG, WebP or GIF"), ("cut.png", "damaged")):
        with pytest.raises(DataError, match=words):
            picture_of(tmp_path / name)


def test_an_endpoint_without_eyes_is_asked_nothing(tmp_path):
    picture = picture_of(saved(tmp_path / "p.png"))
    with (
        open_door(config(takes_images=False), owner="judge.endpoint", ledger=tmp_path / "l.sqlite") as door,
        pytest.raises(ConfigError, match=r"judge\.endpoint\.takes_images is false"),
    ):
        door.ask([asks(picture)])


@pytest.mark.parametrize(("spoil", "reason"), [(Path.unlink, "picture is gone"), (saved, "picture has changed")])
def test_a_picture_that_went_or_changed_fails_its_own_request_alone(tmp_path, spoil, reason):
    path = saved(tmp_path / "p.jpg", "JPEG")
    ask = asks(picture_of(path))
    spoil(path)
    with ChatServer() as server:
        endpoint = config(base_url=server.url, price_out=10.0)
        with open_door(endpoint, owner="judge.endpoint", ledger=tmp_path / "l.sqlite", progress=False) as door:
            tally = door.ask([ask, request("another")])
            assert (tally.answered, tally.failed) == (1, {reason: 1})
            assert door.ledger.doubtful_usd() == 0 and not door.ledger.failures(lasting_only=True)


def test_a_picture_that_ends_in_the_middle_fails_its_own_request_alone(tmp_path):
    whole = saved(tmp_path / "whole.jpg", "JPEG").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(RequestFailed, match=r"half\.jpg is damaged"):
        data_url(picture_of(tmp_path / "half.jpg", max_px=20))


@pytest.mark.parametrize(
    ("size", "tokens"),
    [((1024, 1024), 85 + 170 * 4), ((640, 480), 85 + 170 * 4), ((4096, 8192), 44740), ((2048, 100), 85 + 170 * 4)],
)
def test_tokens_of_a_picture(size, tokens):
    picture = Picture(path=Path("p"), sha256="0", width=size[0], height=size[1])
    assert num_picture_tokens(picture) == max(tokens, -(-size[0] * size[1] // 750))


def test_a_picture_counts_in_the_estimate_and_in_the_cap(tmp_path):
    picture = picture_of(saved(tmp_path / "p.png"))
    text, seen, num = request("Who is it?"), asks(picture), num_picture_tokens(picture)
    assert num_prompt_tokens(seen.messages) == num_prompt_tokens(text.messages) + num
    money = Budget(max_usd=None, price_in=2.0, price_out=10.0)
    assert money.worst_tokens(seen) == money.worst_tokens(text) + FIRST_FACTOR * num
    assert money.worst_usd(seen) == pytest.approx(money.worst_usd(text) + FIRST_FACTOR * num * 2e-6)
    cap = money.worst_usd(text) + num * 1e-6
    with ChatServer() as server:
        endpoint = config(base_url=server.url, price_in=2.0, price_out=10.0)
        with open_door(endpoint, owner="judge", ledger=tmp_path / "l", max_usd=cap, progress=False) as door:
            assert door.ask([seen]).stopped == "budget" and not server.asked
            assert door.ask([text]).answered == 1
