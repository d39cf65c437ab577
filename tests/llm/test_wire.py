"""Requests as JSON; and the gate: whatever a server says becomes a reply that can be kept, or one failure."""

import json

import pytest

from llavapose.errors import DataError
from llavapose.llm.batch.account import About, about_of
from llavapose.llm.batch.lines import read_line
from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.failures import Billed, RequestFailed, StopAsking, TryLater
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.wire.body import ATTEMPT_MARK, body_of
from llavapose.llm.wire.gate import MAX_BODY, MAX_COUNT, MAX_TEXT, count_of, name_of, one_line, opened, prose
from llavapose.llm.wire.refusals import failure_of, retry_after_s
from llavapose.llm.wire.reply import completion_of
from tests.llm.asking import request
from tests.llm.chat_server import completion

TURNS = (("system", "s"), ("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d"))
REQUEST = ChatRequest(messages=tuple(Message(role=r, text=t) for r, t in TURNS), model="m", max_tokens=3)
DEEP = "[" * 100_000 + "]" * 100_000
ESC, BIDI, HALF = "\x1b[2J\x07", "\u202e", "\ud800"


def test_neighbouring_turns_of_one_role_are_joined_where_a_template_insists_on_taking_turns():
    plain = body_of(REQUEST, takes_seed=False)["messages"]
    joined = body_of(REQUEST, takes_seed=False, joins_turns=True)["messages"]
    assert [(message["role"], message["content"]) for message in plain] == list(TURNS)
    assert [(m["role"], m["content"]) for m in joined] == [("system", "s"), ("user", "a\n\nb"), *TURNS[3:]]


@pytest.mark.parametrize("takes_seed", [True, False])
@pytest.mark.parametrize("temperature", [None, 0.0, 1.0])
def test_what_is_asked_again_is_another_body_every_time(takes_seed, temperature):
    asked = [request("why?", seed=7, attempt=attempt, temperature=temperature) for attempt in range(4)]
    bodies = [json.dumps(body_of(one, takes_seed=takes_seed)) for one in asked]
    assert len(set(bodies)) == 4
    marked = not takes_seed or temperature == 0
    assert all((ATTEMPT_MARK[:8] in body) == marked for body in bodies[1:])  # a seed says it where it draws something
    assert ATTEMPT_MARK[:8] not in bodies[0]


def test_the_mark_stands_behind_the_words_also_where_turns_are_joined():
    again = ChatRequest(messages=REQUEST.messages[:3], model="m", max_tokens=3, attempt=1)
    said = body_of(again, takes_seed=False, joins_turns=True)["messages"][-1]["content"]
    assert said == "a\n\nb\n\n(Attempt 2: the reply before could not be used. Answer anew.)"


def reply(**changes) -> str:
    return json.dumps(completion("A man stands.", **changes))


def choice(content, **more) -> list:
    return [{"finish_reason": "stop", "message": {"content": content}} | more]


@pytest.mark.parametrize(
    "body",
    [
        reply(model=f"gpt{HALF}{ESC}-4o", choices=choice("A man stands.", finish_reason=f"st{HALF}{ESC}op")),
        reply(id=HALF, choices=choice(f"A man{ESC}\x00 stands.")),
        reply(usage={"prompt_tokens": 2**64, "completion_tokens": 2**70}),
        reply(usage={"prompt_tokens": float("inf"), "completion_tokens": float("nan")}),
        reply(usage={"prompt_tokens": -5, "completion_tokens": True}),
        reply(usage=DEEP[:600] + DEEP[-600:]),
        reply(usage=[1, 2], model={"a": 1}, choices=choice([{"text": "A man"}, {"text": 5}, 3])),
        reply(choices=choice(None), model=None),
        "\ufeff" + reply(),
        reply().encode("utf-16"),
        reply().encode("utf-8-sig"),
    ],
    ids=range(11),
)
def test_what_is_kept_can_be_written_and_printed(body, tmp_path, capsys):
    found = completion_of(body, request_id=f"req-{ESC}{BIDI}")
    said = "".join([found.text, found.model, found.finish, found.request_id])
    said.encode()
    assert not any(sign in said for sign in "\x00\x07\x1b\x7f\u202e")
    assert 0 <= found.num_prompt_tokens <= MAX_COUNT and 0 <= found.num_completion_tokens <= MAX_COUNT
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.record(request(), found, usd=0.5)
        assert ledger.reply(request().key).completion == found


@pytest.mark.parametrize("body", ["", "x", "null", "3", "[]", DEEP, '{"a": ' + DEEP + "}", "1" * 5000, b"\xff\xfe\xfa"])
def test_what_is_no_reply_is_one_failure_of_one_request(body):
    with pytest.raises(TryLater) as caught:
        completion_of(body)
    assert caught.value.reason == "not json" and caught.value.doubtful and len(str(caught.value)) < 300
    for status in (400, 429, 500):
        words = body if isinstance(body, str) else body.decode(errors="replace")
        assert len(str(failure_of(status, words))) < 400


def test_an_answer_is_no_longer_than_any_reply():
    with pytest.raises(RequestFailed, match=r"100,001 characters; at most 100,000") as caught:
        completion_of(reply(choices=choice("x" * (MAX_TEXT + 1))))
    assert caught.value.billed == Billed(num_prompt_tokens=100, num_completion_tokens=50) and caught.value.doubtful
    assert len(completion_of(reply(choices=choice("x" * MAX_TEXT))).text) == MAX_TEXT
    with pytest.raises(DataError, match="longer than 8 MiB"):
        opened(" " * (MAX_BODY + 1))


def test_a_reply_that_cannot_be_used_says_what_it_cost():
    for body in (reply(choices=[]), reply(error={"message": "filtered", "code": 502})):
        with pytest.raises(TryLater) as caught:
            completion_of(body)
        assert caught.value.billed == Billed(num_prompt_tokens=100, num_completion_tokens=50)
    with pytest.raises(TryLater) as caught:
        completion_of(reply(choices=[], usage={"prompt_tokens": 100}))
    assert caught.value.billed is None


@pytest.mark.parametrize(
    "choices",
    [
        choice(7), choice(True), choice({"text": "x"}), choice([None]), choice([{"text": {"a": 1}}]), [{}],
        [{"message": None}], choice("half a tex", finish_reason=7), choice("x", finish_reason={"a": "length"}),
        choice("x", finish_reason=False), choice(f"cut within a character {HALF}"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_reply_is_asked_for_again_and_paid_for(choices):
    with pytest.raises(TryLater) as caught:
        completion_of(reply(choices=choices))
    assert caught.value.billed == Billed(num_prompt_tokens=100, num_completion_tokens=50)


@pytest.mark.parametrize("code", [10**400, -1, 200, 99999, None, "x", 4.5, True])
def test_an_error_s_own_code_is_a_status_or_none(code):
    with pytest.raises((TryLater, RequestFailed, StopAsking)) as caught:
        completion_of(json.dumps({"error": {"message": f"no{ESC}\n" * 500, "code": code}}))
    assert isinstance(caught.value, TryLater) and caught.value.reason == "5xx"
    assert len(str(caught.value).splitlines()) == 1 and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (7, 7), (7.0, 7), ("7", 7), (0, 0), (MAX_COUNT, MAX_COUNT), (MAX_COUNT + 1, None), (2**63, None),
        (10**400, None), (-1, None), (float("inf"), None), (float("-inf"), None), (float("nan"), None),
        (1e308, None), (True, None), (None, None), ("1e3", None), ("٣", None), ([7], None), ({}, None),
    ],
)  # fmt: skip
def test_counts(value, count):
    assert count_of(value) == count


def test_texts_names_and_lines():
    assert prose(f"a{ESC}\r\nb\tc{HALF}{BIDI}é词") == "a[2J\nb\tc?é词"
    assert (
        name_of(f"<b>gpt{ESC}|x`</b>") == "_b_gpt[2J_x__/b_" and name_of(["x"]) == "" and len(name_of("x" * 999)) < 210
    )
    assert one_line(f" a\u2028b\n{ESC}\ufeff c ") == "ab [2J c"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-7"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e99"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}, None),
    ],
)
def test_a_wait_is_a_number_of_seconds_or_none(headers, seconds):
    assert retry_after_s(headers) == seconds


def line(**changes) -> bytes:
    response = {"status_code": 200, "request_id": HALF, "body": json.loads(reply())} | changes
    return json.dumps({"custom_id": "k", "response": response}).encode()


@pytest.mark.parametrize(
    "text",
    [
        line(body=json.loads(reply(usage={"prompt_tokens": float("inf")}, model=HALF))),
        line(request_id={"a": 1}),
        line(body=reply()),
    ],
)
def test_a_good_line_of_a_batch_is_kept(text):
    found = read_line(text)
    assert found is not None and found.completion is not None and found.completion.text == "A man stands."
    found.completion.model.encode()


@pytest.mark.parametrize("body", [None, 3, [], DEEP[:600] + DEEP[-600:], "x"])
@pytest.mark.parametrize("status", [200, 400, 10**30, "x", None])
def test_a_bad_line_of_a_batch_is_one_failure(body, status):
    found = read_line(line(body=body, status_code=status))
    assert found is not None and found.completion is None and found.failure is not None
    assert len(str(found.failure).splitlines()) == 1


@pytest.mark.parametrize("text", [b"", b"3", b"[]", b'{"custom_id": 4}', b"{}", DEEP.encode(), b"\xff\xff"])
def test_a_line_without_a_request_is_none(text):
    assert read_line(text) is None


def test_a_line_that_was_not_run_has_a_short_reason():
    error = {"code": f"batch_{ESC}{HALF}" + "x" * 500}
    found = read_line(json.dumps({"custom_id": "k", "error": error}).encode())
    assert found is not None and found.failure is not None and len(found.failure.reason) <= 40
    assert "\x1b" not in found.failure.reason


@pytest.mark.parametrize(
    "described", [None, 3, [], {}, {"status": 7, "request_counts": 3, "errors": {"data": {"a": 1}}}]
)
def test_a_batch_that_is_described_as_none_is_in_no_state(described):
    assert about_of(described) == About(status="")


def test_a_batch_s_description_is_taken_as_far_as_it_can_be():
    listed = [{"code": f"x{ESC}", "message": f"no{ESC}\n{HALF}", "line": 2**70}, {"code": None, "line": 3}, 5]
    described = {
        "status": f"failed{ESC}", "request_counts": {"completed": 2**80, "failed": 3}, "errors": {"data": listed},
        "output_file_id": {"a": 1}, "error_file_id": "file-1",
    }  # fmt: skip
    assert about_of(described) == About(
        status="failed[2J",
        num_done=3,
        error_file_id="file-1",
        errors=(
            {"code": "x[2J", "message": "no[2J ?", "line": None},
            {"code": "", "message": "", "line": 3},
        ),
    )
