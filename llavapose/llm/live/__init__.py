"""Asking at once: many requests under way, as fast as the endpoint takes them.

In: a stream of requests, an open model, a ledger, a budget. Out: replies in the ledger, a ``Tally``. A process killed
at any point loses no reply that was paid for and recorded, and knows what else may have been paid.

Read ``workers`` (the life of one request), ``pace`` (how many, how fast), ``pending`` (which still need a reply),
``recorder`` (group commit), ``display`` (the line on the screen, Ctrl-C), then ``ask``, which ties them together.
"""
