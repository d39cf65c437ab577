"""Every reply on the disk: one SQLite file a user and run, which outlives crashes and is asked before any endpoint.

In: notes of sendings, replies, failures, readings. Out: what was answered, what it cost, what may be lost. A row of
``replies``::

    key 9f2c... | usd 0.0041 | model gpt-4o-2024-08-06 | finish stop | num_prompt_tokens 812 | text "Question: ..."

Read ``file`` (tables, settings, the lock), ``notes`` (what is written, as SQL statements), ``sent`` (which requests
really went out), ``ledger`` (everything else), ``adopt`` (replies that lie in another one), then ``show`` (the command
that prints one and settles its doubtful money).
"""
