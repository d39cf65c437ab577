"""What this machine cannot do, said before anything is loaded or forked: in about a second, without torch.

In: a script's settings. Out: one line for each thing that is not there, with the fix.

Read ``ability`` (which part of whose settings is looked at), ``devices`` (strategy, devices, precision), ``processes``
(those that torchrun or Slurm has started), ``gpus`` (how
many there are, asked of the driver), ``cards`` (what the first of them is), ``hub`` (models by name: network or cache),
``packages``
(what a base's processor is built with), ``wandb_key`` (a key of Weights & Biases), ``folders`` (what a run writes to).
"""
