"""Questions -> answers -> verdicts -> tables, and a probe that needs no judge.

In: held-out scenes, and whatever answers: a checkpoint, a file, an endpoint. Out: result files that can be read back,
judged again and compared: ``benchmark.jsonl``, ``answers/``, ``verdicts/<judge>/``, ``probe/``, the tables' CSV. One
verdict, cut short::

    {"question_id": "17-conv", "arm": "full", "judge": "pose", "rating": 7.0, ...}

Read ``evaluate`` (settings -> parts -> measures), ``parts`` (who asks, answers and judges, built from settings),
``arm`` and ``measures`` (all that is done with one: ``rating/``, answers and verdicts, and ``probe/``), ``plan`` (what
endpoints would be asked for it), ``controls`` (which frames of a clip are shown; the same questions with other
pictures, frames in another order, and without any), three rooms that each open with a protocol: ``benchmarks/``
(questions, frozen, with a hash), ``answerers/`` (text, and where they can, log-likelihoods), ``judges/`` (answers ->
ratings, or the reason for none); ``probe/`` (true against flipped statements), ``locating/`` (where joints are); then
``result_file`` (files that survive a kill), ``tables/`` (from the files alone) and ``statistics/`` (the image is the
unit).
"""
