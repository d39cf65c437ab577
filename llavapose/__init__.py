"""llavapose: teach vision-language models to understand human pose and action.

Rooms follow the data: ``scenes`` (annotated pictures), ``pose`` (what keypoints say, what a text claims), ``teacher``
(scenes -> samples, by way of ``llm``), ``data``, ``model`` and ``training`` (samples -> a checkpoint), ``evaluation``
and ``report`` (a checkpoint -> verdicts and pages). ``records`` holds the nouns that pass between them, ``kinds`` what
a kind of sample is: start there. ``config`` and ``sweep`` run it, ``base`` makes the tiny model that is shipped.
"""

__version__ = "0.1.0"
