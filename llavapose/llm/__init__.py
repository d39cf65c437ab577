"""The only room that talks to a network: many requests to a chat model, each paid once, each reply on the disk.

In: ``ChatRequest``s, an endpoint's settings, a cap on the money. Out: replies in a ledger, and a tally of what became
of every request. Teacher, judge and answerer come in by one door, ``ask``, which joins endpoint, ledger and cap, and
asks ``live/`` (at once) or by ``batch/`` (half the price, within a day).

Read ``chat`` and ``failures`` (what is said, why no reply came), ``ask`` (the door), ``rounds`` and ``each`` (ask until
a reply can be used), ``wire/`` and ``openai`` (one request over HTTP), ``scripted`` (a function in a model's
place), ``pictures``, ``tokens``, ``budget`` and ``counts`` (what travels, what it costs, sums that add up), then
``ledger/``, ``live/`` and ``batch/``.
"""
