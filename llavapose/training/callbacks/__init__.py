"""What happens beside the steps of a run: Lightning's callbacks and its CSV log, as ``conf/callbacks/`` names them.

In: a trainer and its batches. Out: lines on the screen, ``metrics.jsonl``, or the end of a run whose packing is wrong.

Read ``packing`` (the proof that packing changes nothing), ``progress``, ``logged`` (when a line is due),
``throughput``, ``kinds`` (loss and supervised tokens by kind), ``rates`` (learning rates by part), ``utilization``
(MFU), ``curves`` (``metrics.jsonl``), ``predictions`` (answers to held-out questions), ``early_stopping``, ``csv_log``,
the logger that goes on behind a resume, and ``profile`` (where a step's time goes) with ``timeline`` (time cut into
stages) and ``operators`` (what torch.profiler saw).
"""
