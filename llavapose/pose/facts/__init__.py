"""Joints and boxes -> facts.

In: a ``Scene``. Out: every fact that its keypoints and boxes decide, sure or unsure, from ``scene.scene_facts``.

Read ``limbs`` first (one function a kind of fact, each reading one side of a ``Pose``; elbows show the idea), then
``body`` (the whole person), ``arms`` (hands), ``relations`` (people and things among each other) and ``scene``, where
the rules meet. All numbers are in ``pose/thresholds.py``.
"""
