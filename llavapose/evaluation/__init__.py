"""Questions -> answers -> verdicts -> tables, and a probe that needs no judge.

In: held-out scenes, and whatever answers: a checkpoint, a file, an endpoint. Out: result files that can be read back,
judged again and compared: ``benchmark.jsonl``, ``answers/``, ``verdicts/``, ``probe/``, the tables' CSV. One verdict,
cut short::

    {"question_id": "17-conv", "arm": "full", "judge": "pose", "rating": 7.0, ...}

Four rooms, each opening with its protocol: ``benchmarks/`` (questions, frozen, with a hash), ``answerers/`` (text, and
where they can, log-likelihoods), ``judges/`` (answers -> ratings, or the reason for none), ``probe/`` (true against
flipped statements). ``statistics`` and ``tables/`` turn files into numbers; ``held_out`` and ``evaluate`` tie them up.
"""
