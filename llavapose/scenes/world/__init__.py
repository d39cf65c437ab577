"""The built-in world: drawn pictures with COCO's own kinds of annotation files, and the truth behind them.

In: numbers of pictures, their size, a seed. Out: a folder with ``train/``, ``val/``, ``annotations/*.json`` (read by
the reader of COCO itself) and ``truth_*.jsonl``, which only tests and scores read. One line of it, cut short::

    {"image_id": 1, "setting": "park", "num_people": 1, "people": [{"annotation_id": 32, "action": "waving",
     "facing": "front", "elbow_deg": {"left": 171.2, "right": 84.9}, "contacts": [], ...}]}

Read ``world`` (a folder of pictures, whole or not at all), ``drawn/`` (one picture) and ``card`` (how they are
spread), then ``moving/``: the same people in motion.
"""
