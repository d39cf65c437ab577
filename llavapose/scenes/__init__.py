"""Annotated pictures -> scenes.

In: files in COCO's or MPII's format, of people tracked through videos, results of a pose estimator, or settings of the
built-in world. Out: a ``SceneSet``: ``Scene``s of one split, in order, and the folder of their pictures.

Read ``lists`` (one annotation file, each record proven), ``coco`` (three of them joined), ``mpii``, ``estimates`` (what
a pose estimator found) and ``estimated`` (as scenes), ``select`` (which scenes qualify), ``open`` (settings -> scenes),
``draw`` (a scene with boxes and skeletons, for people to look at, or the strip of its frames), then ``tracks/`` (people
followed through videos) and ``world/``: pictures made here, with their truth.
"""
