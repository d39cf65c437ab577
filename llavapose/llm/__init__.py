"""The only room that talks to a network: requests in, replies in a ledger out, whatever happens in between.

Read ``chat`` (what is said, what comes back), ``ask`` (the one door), ``rounds`` and ``each`` (ask until a reply can be
used); behind the door ``live/`` sends request by request and ``batch/`` by the Batch API, both by ``wire``'s form and
into the ``ledger/``, within the ``budget``.
"""
