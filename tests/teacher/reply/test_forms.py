"""The same two questions and answers in every form that models write."""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llavapose.teacher.reply.parse import Parsed, parse_reply

Q1, A1 = "What is the man doing?", "He is skiing down a slope."
Q2, A2 = "Are his knees bent?", 'Yes, both knees are bent, as for a "tuck".'
PAIRS = [(Q1, A1), (Q2, A2)]
JSON_PAIRS = json.dumps([{"question": Q1, "answer": A1}, {"question": Q2, "answer": A2}])
JSON_ROLES = json.dumps(
    [{"role": role, "content": text} for pair in PAIRS for role, text in zip(("user", "assistant"), pair, strict=True)]
)

FORMS = {
    "question and answer": f"Question: {Q1}\nAnswer: {A1}\n\nQuestion: {Q2}\nAnswer: {A2}",
    "without blank lines": f"Question: {Q1}\nAnswer: {A1}\nQuestion: {Q2}\nAnswer: {A2}",
    "blank lines everywhere": f"Question: {Q1}\n\nAnswer: {A1}\n\n\nQuestion: {Q2}\n\nAnswer: {A2}\n",
    "q and a": f"Q: {Q1}\nA: {A1}\n\nQ: {Q2}\nA: {A2}",
    "lower case": f"question: {Q1}\nanswer: {A1}\nquestion: {Q2}\nanswer: {A2}",
    "windows line ends": f"Q: {Q1}\r\nA: {A1}\r\n\r\nQ: {Q2}\r\nA: {A2}",
    "numbered labels": f"Q1: {Q1}\nA1: {A1}\n\nQ2: {Q2}\nA2: {A2}",
    "numbered labels with full stops": f"Q1. {Q1}\nA1. {A1}\nQ2. {Q2}\nA2. {A2}",
    "numbered labels with brackets": f"Q1) {Q1}\nA1) {A1}\nQ2) {Q2}\nA2) {A2}",
    "numbered words": f"Question 1: {Q1}\nAnswer 1: {A1}\n\nQuestion 2: {Q2}\nAnswer 2: {A2}",
    "numbered words with hash": f"Question #1: {Q1}\nAnswer: {A1}\n\nQuestion #2: {Q2}\nAnswer: {A2}",
    "numbered words with dash": f"Question 1 - {Q1}\nAnswer 1 - {A1}\n\nQuestion 2 - {Q2}\nAnswer 2 - {A2}",
    "bold labels": f"**Q:** {Q1}\n**A:** {A1}\n\n**Q:** {Q2}\n**A:** {A2}",
    "bold labels, colon outside": f"**Question**: {Q1}\n**Answer**: {A1}\n\n**Question**: {Q2}\n**Answer**: {A2}",
    "bold lines": f"**Q1: {Q1}**\n\nA1: {A1}\n\n**Q2: {Q2}**\n\nA2: {A2}",
    "bold line, then plain": f"**Question 1: {Q1}**\n{A1}\n\n**Question 2: {Q2}**\n{A2}",
    "italic labels": f"*Question:* {Q1}\n*Answer:* {A1}\n\n*Question:* {Q2}\n*Answer:* {A2}",
    "numbered list of bold labels": (
        f"1. **Question:** {Q1}\n   **Answer:** {A1}\n\n2. **Question:** {Q2}\n   **Answer:** {A2}"
    ),
    "bulleted labels": f"- Q: {Q1}\n- A: {A1}\n- Q: {Q2}\n- A: {A2}",
    "nested bullets": f"- **Question**: {Q1}\n  - **Answer**: {A1}\n- **Question**: {Q2}\n  - **Answer**: {A2}",
    "labels on their own lines": f"Question:\n{Q1}\nAnswer:\n{A1}\n\nQuestion:\n{Q2}\nAnswer:\n{A2}",
    "LLaVA's separators": f"Question:\n{Q1}\n===\nAnswer:\n{A1}\n===\nQuestion:\n{Q2}\n===\nAnswer:\n{A2}",
    "rules between": f"Question: {Q1}\nAnswer: {A1}\n\n---\n\nQuestion: {Q2}\nAnswer: {A2}\n\n---",
    "headings": f"### Question 1\n{Q1}\n\n### Answer 1\n{A1}\n\n### Question 2\n{Q2}\n\n### Answer 2\n{A2}",
    "heading questions": f"### 1. {Q1}\n{A1}\n\n### 2. {Q2}\n{A2}",
    "headings of pairs": f"**Conversation 1**\nQ: {Q1}\nA: {A1}\n\n**Conversation 2**\nQ: {Q2}\nA: {A2}",
    "headings of topics": f"### Activity\nQ: {Q1}\nA: {A1}\n\n### Posture\nQ: {Q2}\nA: {A2}",
    "numbers on their own": f"1.\nQ: {Q1}\nA: {A1}\n\n2.\nQ: {Q2}\nA: {A2}",
    "question heading and label": f"**Question 1**\nQ: {Q1}\nA: {A1}\n\n**Question 2**\nQ: {Q2}\nA: {A2}",
    "one line each": f"Q: {Q1} A: {A1}\nQ: {Q2} A: {A2}",
    "one line each, words": f"1. Question: {Q1} Answer: {A1}\n2. Question: {Q2} Answer: {A2}",
    "numbered list": f"1. {Q1}\n   {A1}\n2. {Q2}\n   {A2}",
    "numbered list, bold questions": f"1. **{Q1}**\n   {A1}\n\n2. **{Q2}**\n   {A2}",
    "numbered list, one line": f"1. {Q1} {A1}\n2. {Q2} {A2}",
    "numbered list, bulleted answers": f"1. **{Q1}**\n   - {A1}\n\n2. **{Q2}**\n   - {A2}",
    "numbered list, labelled answers": f"1. {Q1}\n   Answer: {A1}\n2. {Q2}\n   Answer: {A2}",
    "numbered list, answers after": f"1. {Q1}\nA: {A1}\n\n2. {Q2}\nA: {A2}",
    "bold questions": f"**{Q1}**\n{A1}\n\n**{Q2}**\n{A2}",
    "plain lines": f"{Q1}\n{A1}\n\n{Q2}\n{A2}",
    "plain lines, blank between": f"{Q1}\n\n{A1}\n\n{Q2}\n\n{A2}",
    "questions with dashes": f"- {Q1} - {A1}\n- {Q2} - {A2}",
    "user and assistant": f"User: {Q1}\nAssistant: {A1}\n\nUser: {Q2}\nAssistant: {A2}",
    "bold user and assistant": (
        f"**User:** {Q1}\n\n**AI Visual Assistant:** {A1}\n\n**User:** {Q2}\n\n**AI Visual Assistant:** {A2}"
    ),
    "human and gpt": f"Human: {Q1}\nGPT: {A1}\nHuman: {Q2}\nGPT: {A2}",
    "person and AI": f"Person: {Q1}\nAI: {A1}\n\nPerson: {Q2}\nAI: {A2}",
    "user headings": f"### User\n{Q1}\n### Assistant\n{A1}\n### User\n{Q2}\n### Assistant\n{A2}",
    "questions without answers' labels": f"Q: {Q1}\n{A1}\n\nQ: {Q2}\n{A2}",
    "questions, then answers": f"Q1: {Q1}\nQ2: {Q2}\nA1: {A1}\nA2: {A2}",
    "sections": f"**Questions:**\n1. {Q1}\n2. {Q2}\n\n**Answers:**\n1. {A1}\n2. {A2}",
    "letters": f"a) {Q1}\n   {A1}\nb) {Q2}\n   {A2}",
    "Roman numbers": f"I. {Q1}\n{A1}\n\nII. {Q2}\n{A2}",
    "arrows": f"{Q1} → {A1}\n{Q2} → {A2}",
    "icons": f"❓ {Q1}\n✅ {A1}\n\n❓ {Q2}\n✅ {A2}",
    "icons and labels": f"🔹 **Q:** {Q1}\n🔸 **A:** {A1}\n\n🔹 **Q:** {Q2}\n🔸 **A:** {A2}",
    "bold labels in brackets": f"**(Q1)** {Q1}\n**(A1)** {A1}\n**(Q2)** {Q2}\n**(A2)** {A2}",
    "yaml": f"- question: {Q1}\n  answer: {A1}\n- question: {Q2}\n  answer: {A2}",
    "square brackets": f"[Question] {Q1}\n[Answer] {A1}\n[Question] {Q2}\n[Answer] {A2}",
    "tags": f"<question>{Q1}</question>\n<answer>{A1}</answer>\n<question>{Q2}</question>\n<answer>{A2}</answer>",
    "quotes": f'Q: "{Q1}"\nA: "{A1}"\n\nQ: “{Q2}”\nA: {A2}',
    "block quotes": f"> **Q:** {Q1}\n> **A:** {A1}\n\n> **Q:** {Q2}\n> **A:** {A2}",
    "table": f"| # | Question | Answer |\n|---|---|---|\n| 1 | {Q1} | {A1} |\n| 2 | {Q2} | {A2} |",
    "code fence": f"```\nQ: {Q1}\nA: {A1}\nQ: {Q2}\nA: {A2}\n```",
    "thought before": f"<think>Q: is it right?\nA: yes.</think>\nQ: {Q1}\nA: {A1}\nQ: {Q2}\nA: {A2}",
    "json list": JSON_PAIRS,
    "json in a fence": f"Here are the pairs:\n```json\n{JSON_PAIRS}\n```\nLet me know if you need more!",
    "json lines": "\n".join(json.dumps({"Question": q, "Answer": a}) for q, a in PAIRS),
    "json object with list": json.dumps({"conversation": [{"Q": q, "A": a} for q, a in PAIRS]}),
    "json numbered keys": json.dumps({"question1": Q1, "answer1": A1, "question2": Q2, "answer2": A2}),
    "json named pairs": json.dumps({f"pair_{i}": {"question": q, "answer": a} for i, (q, a) in enumerate(PAIRS)}),
    "json question to answer": json.dumps(dict(PAIRS)),
    "json lists of two": json.dumps(PAIRS),
    "json of lists": json.dumps({"questions": [Q1, Q2], "answers": [A1, A2]}),
    "json roles": JSON_ROLES,
    "json LLaVA": JSON_ROLES.replace("role", "from").replace("content", "value").replace("user", "human"),
    "python list": str([{"question": q, "answer": a} for q, a in PAIRS]),
    "json with a comma too many": JSON_PAIRS.replace("}]", "},]"),
}
PREAMBLES = ("", "Sure! Here are some questions and answers about the poses of people:\n\n", "Of course.\n\n")
CLOSINGS = (
    "",
    "\n\nLet me know if you'd like more questions!",
    "\n\n---\nFeel free to ask for anything else.",
    "\n\nThese questions and answers focus on poses.",
    "\n\n*Note: all questions have definite answers.*",
)


def texts(parsed: Parsed) -> list[tuple[str, ...]]:
    return [tuple(turn.text for turn in turns) for turns in parsed.conversations]


@pytest.mark.parametrize("form", FORMS)
def test_every_form(form: str) -> None:
    for preamble, closing in product(PREAMBLES, CLOSINGS):
        parsed = parse_reply(preamble + FORMS[form] + closing, "conv")
        assert texts(parsed) == PAIRS, (preamble, closing)
        assert parsed.left_out == {}, (preamble, closing)


WORDS = ["left", "right", "knee", "arm", "bent", "raised", "man", "woman", "the", "holds", "ski"]
words = st.lists(st.sampled_from(WORDS), min_size=3, max_size=9)


@settings(deadline=None, max_examples=60)
@given(pairs=st.lists(st.tuples(words, words), min_size=1, max_size=6, unique_by=lambda pair: tuple(pair[0])))
def test_what_is_written_in_a_form_is_read_back(pairs: list[tuple[list[str], list[str]]]) -> None:
    said = [(f"What {' '.join(q)}?", f"The {' '.join(a)}.") for q, a in pairs]
    for form in ("Q: {}\nA: {}\n", "**Question:** {}\n\n**Answer:** {}\n\n", "1. {}\n   - {}\n", "User: {}\nAI: {}\n"):
        assert texts(parse_reply("".join(form.format(q, a) for q, a in said), "conv")) == said
