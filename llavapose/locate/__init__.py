"""Keypoints as language: a person's joints asked for in words and answered with coordinates.

Scenes with keypoints come in; questions with their answers go out, and from answers COCO's results and what they are
worth. Needs neither torch nor a teacher.

Read ``joints`` (what is asked), ``views`` (what is shown), ``codings`` (how a point is written) with ``forms`` (what
decoding under constraint may write), ``replies`` (an answer's text), ``samples`` and ``make`` (all of it for training),
``shown`` (for held-out people) with ``boxes`` (a detector's in place of annotated ones), ``results`` (COCO's file),
``score`` (its worth) and ``errors`` (joint by joint); ``answers/`` (other models' replies), ``datasets/`` (what differs
between COCO, CrowdPose and MPII) and ``outside`` (what others located, scored).
"""
