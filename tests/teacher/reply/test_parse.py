"""What replies give for each kind of sample, and the reasons why some cannot be used."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llavapose.errors import ReplyError
from llavapose.records import Turn
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS
from llavapose.teacher.reply.parse import Parsed, parse_reply

Q1, A1 = "What is the man doing?", "He is skiing down a slope."
Q2, A2 = "Are his knees bent?", 'Yes, both knees are bent, as for a "tuck".'
TWO_PAIRS = f"Q: {Q1}\nA: {A1}\n\nQ: {Q2}\nA: {A2}"
JSON_PAIRS = json.dumps([{"question": Q1, "answer": A1}, {"question": Q2, "answer": A2}])


def texts(parsed: Parsed) -> list[tuple[str, ...]]:
    return [tuple(turn.text for turn in turns) for turns in parsed.conversations]


def reason(text: str, kind: str, **further: str) -> str:
    with pytest.raises(ReplyError) as caught:
        parse_reply(text, kind, **further)  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def test_a_dialogue_is_one_conversation() -> None:
    parsed = parse_reply(TWO_PAIRS, "conv", conv_form="dialogue")
    assert texts(parsed) == [(Q1, A1, Q2, A2)]
    assert [turn.role for turn in parsed.conversations[0]] == ["user", "assistant", "user", "assistant"]


def test_answers_of_several_lines_and_questions_without_question_mark() -> None:
    answer = "Both arms are raised:\n\n- the left one high\n- the right one bent\n\nHe leans forward."
    parsed = parse_reply(f"Q: Describe his arms.\nA: {answer}\n\nQ: {Q2}\nA: {A2}", "conv")
    assert texts(parsed) == [("Describe his arms.", answer), (Q2, A2)]


def test_orders_in_an_unlabelled_list() -> None:
    order = "Describe the posture of the man."
    assert texts(parse_reply(f"1. **{order}**\n   {A1}\n\n2. **{Q2}**\n   {A2}", "conv")) == [(order, A1), (Q2, A2)]


def test_a_question_that_is_said_again_is_dropped_from_the_answer() -> None:
    assert texts(parse_reply(f"Q: {Q1}\nA: {Q1} {A1}", "conv")) == [(Q1, A1)]


def test_person_is_a_label_only_where_an_assistant_answers() -> None:
    answer = "Two of them:\nPerson 1: stands on the left.\nPerson 2: sits beside him."
    assert texts(parse_reply(f"Q: Who is there?\nA: {answer}\nQ: {Q2}\nA: {A2}", "conv"))[0][1] == answer


LEFT_OUT = {
    "one-sided": f"Q: Where is she?\n\nQ: {Q1}\nA: {A1}",
    "refusal": f"Q: Who is he?\nA: I'm sorry, but I can't identify people.\n\nQ: {Q1}\nA: {A1}",
    "repeats the question": f"Q: {Q1}\nA: {A1}\nQ: {Q2}\nA: {Q2}",
    "asked twice": f"Q: {Q1}\nA: {A1}\nQ: {Q1}\nA: He skis.",
    "cut off": f"Q: {Q1}\nA: {A1}\nQ: {Q2}\nA: Yes, both of his",
    "too short": f"Q: {Q1}\nA: {A1}\nQ: Arms?\nA: Bent.",
    "wrong language": f"Q: {Q1}\nA: {A1}\nQ: 他在做什么?\nA: 他正在滑雪。",
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_a_bad_pair_does_not_cost_the_good_one(why: str) -> None:
    for conv_form in ("pairs", "dialogue"):
        parsed = parse_reply(LEFT_OUT[why], "conv", conv_form=conv_form)
        assert texts(parsed) == [(Q1, A1)]
        assert parsed.left_out == {why: 1}


@pytest.mark.parametrize("whole", [TWO_PAIRS, JSON_PAIRS, f"1. {Q1}\n{A1}\n2. {Q2}\n{A2}"])
def test_what_the_length_cut_off_is_left_out(whole: str) -> None:
    parsed = parse_reply(whole[: whole.index("both knees")], "conv", finish="length")
    assert texts(parsed) == [(Q1, A1)]
    assert parsed.left_out == {"cut off": 1}
    assert reason(whole[: whole.index("skiing")], "conv", finish="length") == "cut off"


def test_one_bad_answer_of_an_unlabelled_list() -> None:
    parsed = parse_reply(f"1. {Q1}\n{A1}\n2. {Q2}\nI can't see the image.", "conv")
    assert texts(parsed) == [(Q1, A1)]
    assert parsed.left_out == {"refusal": 1}


def test_what_is_not_there_is_no_refusal() -> None:
    pair = ("Is there a dog?", "No, I cannot see any dog in the image.")
    assert texts(parse_reply(f"Q: {pair[0]}\nA: {pair[1]}", "conv")) == [pair]


REFUSALS = (
    "I'm sorry, but I can't assist with that.",
    "I’m sorry, I cannot help with this request.",
    "Sorry, I can't do that.",
    "I'm unable to view images, but I can help with a description if you give me one.",
    "I am not able to see the image directly.",
    "I cannot view the attached photo. Could you describe it?",
    "I can't see images.\nCould you describe the people?\nThen I can write questions and answers.",
    "As an AI language model, I don't have the ability to see pictures.",
    "As a text-based AI, I cannot view images or photos.",
    "I don't have the capability to analyze images.",
    "Unfortunately, I can't describe people in this picture.",
    "I apologize, but no image was provided.",
    "It seems that there is no image attached. Please upload the image.",
    "Please provide the image that you want me to describe.",
    "I'd be happy to help, but I need the image or its captions first.",
    "I must decline to answer this.",
    "I won't write about the people in this picture.",
    "This request violates our content policy.",
    "It's not possible for me to look at pictures.",
    "My apologies, I cannot process this.",
)


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
@pytest.mark.parametrize("text", REFUSALS)
def test_refusals(text: str, kind: str) -> None:
    assert reason(text, kind, instruction=DETAIL_INSTRUCTIONS[0]) == "refusal"


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_replies_without_anything(kind: str) -> None:
    instruction = DETAIL_INSTRUCTIONS[0]
    assert reason("", kind, instruction=instruction) == "empty"
    assert reason(" \n\t", kind, instruction=instruction) == "empty"
    assert reason("<think>What now?", kind, instruction=instruction) == "empty"
    assert reason("<think>What now?", kind, finish="length", instruction=instruction) == "cut off"
    assert reason("He skis.", kind, finish="content_filter", instruction=instruction) == "content filter"


def test_replies_without_question_or_answer() -> None:
    assert reason("A man skis down a slope.", "conv") == "no question and answer"
    assert reason("A man skis down a slope, knees bent.", "complex") == "no question and answer"
    assert reason(f"1. {Q1}\n2. {Q2}\n3. Where does he look?", "conv") == "one-sided"
    assert reason(f"A: {A1}", "conv") == "one-sided"
    assert reason(json.dumps([{"question": Q1}, {"question": Q2}]), "conv") == "one-sided"
    assert reason(f"Question: {Q1}", "complex") == "one-sided"


WHY = "Why might the skier hold the knees like that?"
BECAUSE = (
    "The skier stands low on both skis.\n\n1. **Balance**: bent knees lower the body.\n2. **Shock**: they give way."
)


@pytest.mark.parametrize(
    "text",
    [
        f"Question: {WHY}\nAnswer: {BECAUSE}",
        f"**Question:**\n{WHY}\n\n**Answer:**\n{BECAUSE}",
        f"Question:\n{WHY}\n===\nAnswer:\n{BECAUSE}",
        f"### Question\n{WHY}\n\n### Answer\n{BECAUSE}",
        f"{WHY}\n\n{BECAUSE}",
        f"**{WHY}**\n\n{BECAUSE}",
        f"Sure! Here is a complex question about the image:\n\n**Question:** {WHY}\n\n**Answer:** {BECAUSE}",
        f"Certainly!\n\n{WHY}\n\nAnswer: {BECAUSE}\n\nI hope this helps!",
        f"Q: {WHY}\n\n{BECAUSE}",
        f"{WHY} {BECAUSE}",
        f"**Complex Question:** {WHY}\n\n**Detailed Answer:** {BECAUSE}",
        json.dumps({"question": WHY, "answer": BECAUSE}),
    ],
)
def test_complex(text: str) -> None:
    assert texts(parse_reply(text, "complex")) == [(WHY, BECAUSE)]


def test_complex_questions_that_are_orders() -> None:
    order = "Analyze the technique they are using. Discuss which others could complement it."
    led = "From their positions, describe what they do together. Additionally, explain why."
    for asked in (order, led):
        for text in (f"Question: {asked}\nAnswer: {BECAUSE}", f"{asked}\n\n{BECAUSE}"):
            assert texts(parse_reply(text, "complex")) == [(asked, BECAUSE)]


def test_complex_keeps_one_question() -> None:
    parsed = parse_reply(f"Q: {WHY}\nA: {BECAUSE}\n\nQ: {Q1}\nA: {A1} That is plain from the skis.", "complex")
    assert texts(parsed) == [(WHY, BECAUSE)]
    assert parsed.left_out == {"more than one question": 1}


def test_complex_cut_off_and_too_short() -> None:
    assert reason(f"Question: {WHY}\nAnswer: {BECAUSE}", "complex", finish="length") == "cut off"
    assert reason(f"Question: {WHY}\nAnswer: The skier stands low on both", "complex") == "cut off"
    assert reason(f"Question: {WHY}\nAnswer: For balance.", "complex") == "too short"
    assert reason(f"Question: {WHY}\nAnswer: {WHY}", "complex") == "repeats the question"


TOLD = "In the image, two people walk along a beach.\n\n**First person:**\n- Both arms are bent.\n- The head is up"


@pytest.mark.parametrize(
    "text",
    [
        TOLD,
        f"Here is a detailed description of the image:\n\n{TOLD}",
        f"Sure! Here's a detailed description of the poses of people in the image: \n\n{TOLD}",
        f"Certainly!\n\n{TOLD}",
        f"### Detailed Description\n\n{TOLD}",
        f"**Description:**\n{TOLD}",
        f"Description: {TOLD}",
        f"Answer: {TOLD}",
        f"```\n{TOLD}\n```",
        f"```markdown\n{TOLD}\n```",
        f'"{TOLD}"',
        f"{TOLD}\n\nLet me know if you would like more details!",
        f"{DETAIL_INSTRUCTIONS[0]}\n\n{TOLD}",
        f"<think>There are two.</think>{TOLD}",
        json.dumps({"description": TOLD}),
    ],
)
def test_descriptions(text: str) -> None:
    parsed = parse_reply(text, "detail", instruction=DETAIL_INSTRUCTIONS[0])
    assert parsed.conversations == (
        (Turn(role="user", text=DETAIL_INSTRUCTIONS[0]), Turn(role="assistant", text=TOLD)),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("A man stands on the left side of the street and he holds his", "cut off"),
        ("A man stands on the left side of the street, and a woman sits on a", "cut off"),
        ("A man stands on the left side of the street. Further people:", "cut off"),
        ("A man stands on the left side of the street.\n\n**Sec", "cut off"),
        ("A man stands.", "too short"),
        ("...", "too short"),
        (DETAIL_INSTRUCTIONS[0], "repeats the question"),
        ("Un homme se tient debout sur le trottoir, le bras gauche levé vers son visage.", "wrong language"),
        ("一个男人站在街上，他的左臂举起，右臂下垂，双膝弯曲，面向相机。", "wrong language"),
    ],
)  # fmt: skip
def test_descriptions_that_cannot_be_used(text: str, why: str) -> None:
    assert reason(text, "detail", instruction=DETAIL_INSTRUCTIONS[0]) == why


def test_a_whole_description_at_the_length_limit_is_cut_off() -> None:
    assert reason(TOLD, "detail", finish="length", instruction=DETAIL_INSTRUCTIONS[0]) == "cut off"


def test_signs_that_are_no_text_are_dropped() -> None:
    parsed = parse_reply(f"Q: <image>\ufeff{Q1}\x00\nA: {A1}\ud800", "conv")
    assert texts(parsed) == [(Q1, A1)]


def test_opening_words_of_a_description_are_no_preamble() -> None:
    for text in (
        "Here is a man who stands with both arms raised in front of a wall.",
        "Sure-footed, the man stands with both arms raised in front of a wall.",
        "The following scene is calm: a man stands with both arms raised.",
    ):
        parsed = parse_reply(text, "detail", instruction=DETAIL_INSTRUCTIONS[0])
        assert parsed.conversations[0][1].text == text


REASONS = (
    "content filter",
    "cut off",
    "empty",
    "refusal",
    "no question and answer",
    "one-sided",
    "repeats the question",
    "too short",
    "too long",
    "wrong language",
    "asked twice",
    "more than one question",
)
PIECES = [
    "Q:",
    "A:",
    "Question 1:",
    "**Answer:**",
    "\n",
    "\n\n",
    "1. ",
    "- ",
    "?",
    ".",
    " what is he doing",
    "===",
    "|",
]
PIECES += [
    "**",
    "[",
    "]",
    "{",
    "}",
    '"',
    '"question":',
    '"answer":',
    ",",
    "<think>",
    "</answer>",
    "User:",
    "Assistant:",
]
PIECES += [
    "```",
    "I'm sorry",
    "Here is a description:",
    "Let me know if",
    "\\",
    "'a': 'b'",
    "Questions:\n",
    "Answers:\n",
]


@settings(deadline=None, max_examples=400)
@given(
    text=st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)),
    kind=st.sampled_from(["conv", "detail", "complex"]),
    finish=st.sampled_from(["stop", "length", "content_filter", "weird"]),
    conv_form=st.sampled_from(["pairs", "dialogue"]),
)
@example(text="[" * 16_000, kind="conv", finish="stop", conv_form="pairs")
@example(text='{"a":' * 3000, kind="detail", finish="stop", conv_form="pairs")
@example(text="Q: " * 5000, kind="complex", finish="stop", conv_form="pairs")
@example(text="- 1. " * 3000, kind="conv", finish="stop", conv_form="pairs")
@example(text="here is " * 2000 + "?", kind="detail", finish="stop", conv_form="pairs")
@example(text="? - ** " * 2000, kind="conv", finish="stop", conv_form="pairs")
@example(text="#" * 16_000 + "x", kind="complex", finish="stop", conv_form="pairs")
def test_any_text_gives_conversations_or_a_known_reason(text: str, kind: str, finish: str, conv_form: str) -> None:
    try:
        parsed = parse_reply(text, kind, finish=finish, conv_form=conv_form, instruction=DETAIL_INSTRUCTIONS[0])
    except ReplyError as error:
        assert str(error) in REASONS
        return
    assert parsed.conversations
    assert set(parsed.left_out) <= set(REASONS)
    for turns in parsed.conversations:
        assert [turn.role for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
        assert all(any(sign.isalnum() for sign in turn.text) for turn in turns)
        assert all(turn.text == turn.text.strip() for turn in turns)
