"""JSON from outside: one way in, and what it refuses is one line."""

import json

import pytest

from llavapose.errors import DataError
from llavapose.plain_json import MAX_DEPTH, next_json, parse_json

REFUSED = {
    b'{"a": 1': "is not JSON",
    b"": "is not JSON",
    b'{"a": 1} 2': "is not JSON",
    b'"a\nb"': "is not JSON",
    b'"\xff"': "is not UTF-8 text (byte 1)",
    "[1]".encode("utf-16"): "is not UTF-8 text",
    b"[" * 100_000: "more than 100 levels deep",
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1): "more than 100 levels deep",
    b'{"a":' * 5000 + b"1" + b"}" * 5000: "more than 100 levels deep",
    b"1" * 5000: "a number that no float holds",
    b"[-" + b"1" * 310 + b"]": "a number that no float holds",
    b"1e999": "a number that no float holds",
    b"[-1E+400]": "a number that no float holds",
    b"NaN": "NaN, which is no number of JSON",
    b'{"a": [-Infinity]}': "-Infinity, which is no number of JSON",
    rb'{"a": "\ud800"}': "half a surrogate pair",
    rb'{"\uDFFF": 1}': "half a surrogate pair",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_would_break_its_users_is_refused_in_one_line(text, reason):
    with pytest.raises(DataError) as caught:
        parse_json(text, what="samples", where="a.jsonl:3")
    message = str(caught.value)
    assert message.startswith("samples: a.jsonl:3 ") and reason in message and "\n" not in message


def test_text_that_no_file_can_hold_is_refused():
    with pytest.raises(DataError, match="half a surrogate pair at 1"):
        parse_json('"\ud800"', what="samples", where="a.jsonl:3")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        ("\ufeff[1]", [1]),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (b'["image2014", "\\\\ud8"]', ["image2014", "\\ud8"]),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
        (b'"' + b"[" * 500 + b'"', "[" * 500),
        (b"1" * 301, int("1" * 301)),
        (b"[1e-400, 1e0000000001]", [0.0, 10.0]),
    ],
    ids=range(8),
)
def test_what_can_be_used_is_taken(text, value):
    assert parse_json(text, what="samples", where="a.json") == value


def test_a_line_break_inside_a_text_is_taken_where_it_is_asked_for():
    assert parse_json('"a\nb"', what="reply", where="JSON", strict=False) == "a\nb"


def test_a_value_in_the_middle_of_a_text():
    assert next_json('so: {"a": 1}, as', 4, what="reply", where="JSON") == ({"a": 1}, 12)
    with pytest.raises(json.JSONDecodeError):
        next_json('so: {"a": 1', 4, what="reply", where="JSON")
    with pytest.raises(DataError, match="reply: JSON is no JSON that can be used"):
        next_json("[" * 100_000, 0, what="reply", where="JSON")
