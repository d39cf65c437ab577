"""Checkpoints: written whole or not at all, and gone on from as if nothing had happened.

In: a trainer at the edge of an optimizer step. Out: ``<output_dir>/checkpoints/step-000500``, as ``llavapose.manifest``
describes it: written beside its place under another name, with every file's hash, and renamed when it is on the disk.

Read ``callback`` (when one is due, and that all ranks stop together), ``ranks`` (how they agree), ``save`` (from the
first file to the rename), ``state`` (what each strategy writes itself), ``randomness`` (each rank's random states),
``prune`` (which old ones go), then ``resume`` (which one a run goes on from) and ``lightning_files`` (those that
Lightning wrote alone). ``trained`` reads the weights of any of them in one process. ``signals`` is how a machine asks a
run to stop, and Slurm to start it again.
"""
