"""Annotated pictures -> scenes.

In: files in COCO's format, or settings of the built-in world. Out: a ``SceneSet``: ``Scene``s of one split, in order,
and the folder of their pictures.

Read ``coco`` (the one reader of annotation files), ``select`` (which scenes qualify), ``open`` (settings -> scenes),
``draw`` (a scene with boxes and skeletons, for people to look at), then ``world/``: pictures made here, with their
truth.
"""
