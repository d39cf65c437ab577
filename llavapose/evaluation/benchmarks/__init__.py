"""Where questions come from: a benchmark is a list of questions, frozen, with a hash.

In: scenes or files, and a seed. Out: ``Question``s of each kind about each picture, and their scenes where they have
any.

Read ``protocol`` (what a benchmark is), then ``world`` (of held-out pictures, built as E-HPAUB is; ``moving``: of
clips), ``file`` (of questions made elsewhere; ``pictured``: about one picture, several, or frames), ``hpaub`` with
``frozen`` (a benchmark's file, which holds its annotations), ``llava`` (LLaVA's own questions), ``examples`` (what the
papers quote), ``keyed/`` (sets with an answer key of their own), ``coco_pictures`` (pictures named by COCO's ids), how
one is made: ``questions/`` (which may be asked) and ``building/`` (who asks them, about which pictures), and
``held_out`` (what no training may see).
"""
