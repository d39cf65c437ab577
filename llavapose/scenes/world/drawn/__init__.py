"""One picture of the built-in world: people posed in three dimensions, painted, annotated from what was painted.

In: a seed and a picture's number. Out: the picture, COCO annotations, captions, and the latent truth.

Read ``body`` (joints in space, then as a camera sees them), ``limb_states`` and ``actions`` (which poses, how often),
``paint`` (shapes, and a map of what is seen at each pixel), ``people_shapes``, ``wardrobe``, ``props`` and
``backdrops`` (what is painted), ``stage`` (a whole picture), ``captions`` and ``annotations`` (what is written down of
it).

Lengths are body heights until ``stage`` places a person; then pixels. Proportions and colours were chosen by eye, on
``docs/contact_sheet.png``; how often things happen is measured by ``scenes/world/card.py`` and held by its tests.
"""
