"""Files of people who are tracked through videos -> scenes over time.

In: PoseTrack's files, JHMDB's, pyskl's pickles, or any COCO file whose annotations have `track_id`. Out: a
``SceneSet`` whose scenes have frames.

Read ``videos`` (labelled frames in order, the same whatever file they came from) and ``windows`` (videos -> scenes),
then ``tracked`` (COCO files with tracks), with ``forms`` (what differs between PoseTrack, JHMDB and others),
``adapted`` (their joints and sizes as COCO's) and ``times`` (which video, and when).
"""
