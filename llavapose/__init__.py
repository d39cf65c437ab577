"""llavapose: teach vision-language models to understand human pose and action.

Rooms follow the data: ``scenes`` (annotated pictures), ``pose`` (what keypoints say, what a text claims), ``teacher``
(scenes -> samples, by way of ``llm``), ``locate`` (keypoints as questions and answers), ``data``, ``model`` and
``training`` (samples -> a checkpoint), ``evaluation`` and ``report`` (a checkpoint -> verdicts and pages). ``config``,
``sweep`` and ``cli`` run it, ``base`` makes the tiny model that is shipped, ``ask`` puts a question about one photo to
a checkpoint.

Read ``records`` (the nouns that pass between rooms) and ``kinds`` (what a kind of sample is) first, then what every
room uses: ``samples`` and ``llava_json`` (samples on the disk), ``pictures`` (where a picture lies), ``rgb`` (what it
shows), ``files``, ``plain_json`` (the one way in for JSON), ``owner`` (whose an output folder is), ``manifest`` (what
lies in its checkpoints), ``families`` (what differs between base models), ``ranks`` (which of several processes this
is), ``frames`` (of a scene over time: which are shown), ``errors``, ``bars`` (progress, on a screen and in a file).
"""

__version__ = "0.1.0"
