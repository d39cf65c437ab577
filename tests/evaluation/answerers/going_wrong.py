"""Answerers that go wrong on their device: in a file of their own, for a process that is started for one imports it."""

import os

from llavapose.errors import LlavaPoseError


def dying(device: str):
    return _die


def _die(questions, images, arm):
    os._exit(9)


def grumbling(device: str):
    return _grumble


def _grumble(questions, images, arm):
    raise LlavaPoseError(f"question {questions[0].id}: no such file")
