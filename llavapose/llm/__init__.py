"""The only room that talks to a network: many requests to a chat model, each paid once, each reply on the disk.

In: ``ChatRequest``s, an endpoint's settings, a cap on the money. Out: replies in a ledger, and a tally of what became
of every request. Teacher, judge and answerer come in by one door, ``ask``, which joins endpoint, ledger and cap, and
asks ``live/`` (at once) or by ``batch/`` (half the price, within a day). Around the door runs the loop "ask, read, ask
again, set aside".

Read ``chat`` and ``failures`` (what is said, why no reply came), ``wire`` and ``openai`` (one request over HTTP),
``tokens``, ``budget`` and ``counts`` (money, and sums that add up), then ``ledger/``, ``live/`` and ``batch/``.
"""
