"""The keyless teacher of motion: questions, descriptions and reasoning about clips, from sure motion facts and captions.

In: scenes with frames and their facts. Out: conversations about what moves, which way, when, how often and who first.

Read ``course`` (facts -> movements in order of time, and what may be said of them), ``phrases`` (movements as verbs),
then one file a kind of sample: ``conv``, ``detail``, ``complex`` with
``themes`` (lines of reasoning); ``teacher`` (all kinds by one interface).
"""
