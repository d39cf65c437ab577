"""The task folder of lmms-eval: a YAML file a task, and the functions that they name."""

import shutil
from pathlib import Path

from llavapose.evaluation.probe.pictures import NO_PICTURE, SHUFFLED, TRUE
from llavapose.files import atomic_write

GROUP = "pose_probe_all"
TASKS = {
    TRUE: ("pose_probe", "own_picture"),
    SHUFFLED: ("pose_probe_shuffled", "other_picture"),
    NO_PICTURE: ("pose_probe_no_picture", "no_picture"),
}
"""What is shown -> name of the task and the function that shows it."""
QUESTIONS_TASK = "pose_questions"
QUESTIONS_FILE = "questions.jsonl"

_HEAD = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: ../{file}
test_split: test
output_type: generate_until
doc_to_visual: !function utils.{visual}
doc_to_text: !function utils.prompt
doc_to_target: {target}
process_results: !function utils.{process}
generation_kwargs:
  max_new_tokens: {tokens}
  temperature: 0
  do_sample: false
cluster_key: scene_id
metric_list:
"""
_METRIC = """\
  - metric: {name}
    aggregation: !function utils.mean
    higher_is_better: {higher}
"""
_TAIL = """\
metadata:
  - version: 1
"""


def write_tasks(folder: Path, probe_file: str, *, questions: bool) -> None:
    """Write the tasks; the JSONL files lie beside the folder.

    Args:
        folder: of the tasks.
        probe_file: name of the probe's JSONL file.
        questions: whether there is a file of open questions too.
    """
    here = Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(here / "lmms_utils.py", folder / "utils.py")
    shutil.copyfile(here / "letters.py", folder / "letters.py")
    metrics = _METRIC.format(name="pose_probe_accuracy", higher="true")
    metrics += _METRIC.format(name="pose_probe_unanswered", higher="false")
    for pictures, (task, visual) in TASKS.items():
        head = _HEAD.format(
            task=task, file=probe_file, visual=visual, target="answer", process=f"process_{pictures}", tokens=16
        )
        _write(folder / f"{task}.yaml", head + metrics + _TAIL)
    names = "".join(f"  - {task}\n" for task, _ in TASKS.values())
    _write(folder / f"{GROUP}.yaml", f"group: {GROUP}\ntask:\n{names}")
    if questions:
        head = _HEAD.format(
            task=QUESTIONS_TASK, file=QUESTIONS_FILE, visual="own_picture", target="kind", process="process_question",
            tokens=512,
        )  # fmt: skip
        metric = _METRIC.format(name="pose_questions_answered", higher="true")
        _write(folder / f"{QUESTIONS_TASK}.yaml", head + metric + _TAIL)
    else:
        (folder / f"{QUESTIONS_TASK}.yaml").unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as stream:
        stream.write(text)
