"""A request as JSON."""

from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.wire import body_of

TURNS = (("system", "s"), ("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d"))
REQUEST = ChatRequest(messages=tuple(Message(role=r, text=t) for r, t in TURNS), model="m", max_tokens=3)


def test_neighbouring_turns_of_one_role_are_joined_where_a_template_insists_on_taking_turns():
    plain = body_of(REQUEST, takes_seed=False)["messages"]
    joined = body_of(REQUEST, takes_seed=False, joins_turns=True)["messages"]
    assert [(message["role"], message["content"]) for message in plain] == list(TURNS)
    assert [(m["role"], m["content"]) for m in joined] == [("system", "s"), ("user", "a\n\nb"), *TURNS[3:]]
