"""Scenes -> samples: instruction data, written by an endpoint's model or by the keyless offline teacher.

In: ``Scene``s. Out: ``samples.jsonl`` and what goes with it (card, exports, what was set aside). Nothing here needs
torch.

Read ``context``, ``examples`` and ``messages`` with ``prompts/`` (what a teacher is shown), ``order`` (which picture is
asked when), then one of the two teachers, ``offline/`` or ``endpoint/``; ``reply/`` (a reply -> conversations),
``checks/`` (what is wrong with one), ``dataset/`` (what goes with a file), and ``make`` (finds or makes what a run
asks for).
"""
