"""The W&B report: the sweep's tables as text, beside panels over its runs, grouped by arm.

Built with ``wandb_workspaces.reports.v2`` (the extra ``workspaces``) and kept as ``report/wandb_report.json``, whether
there is a server or not; sent where the runs themselves were.
"""

import logging
from pathlib import Path
from typing import Any

from llavapose.config.choices import Control
from llavapose.evaluation.probe.score import IN_MOTION
from llavapose.files import write_json
from llavapose.kinds import rated_kinds
from llavapose.plain_json import parse_json
from llavapose.records import ALL
from llavapose.report.tables import Grid, as_markdown
from llavapose.report.tables.ablation import controls_of_frames
from llavapose.report.wandb.logged import LoggedSweep

log = logging.getLogger(__name__)

KEPT = Path("report") / "wandb_report.json"
LIMITS = (
    "Intervals are 95%, with the picture as the unit; differences are paired by question. On the built-in world these "
    "numbers say nothing about photographs."
)


def keep_and_send(sweep: LoggedSweep, *, project: str, entity: str, online: bool) -> str | None:
    """Write the report's specification; send it where there is a server; returns its address there.

    Args:
        sweep: what it shows.
        project: of the runs.
        entity: who they belong to; "" without a server.
        online: whether the runs went to a server.
    """
    try:
        report = build_report(sweep, project=project, entity=entity if online else "")
    except ModuleNotFoundError:
        log.info("W&B report: not built; `pip install 'llavapose[workspaces]'` brings what builds it")
        return None
    write_json(sweep.out / KEPT, specification(report))
    if not online:
        return None
    report.save()
    print(f"W&B report: {report.url}", flush=True)
    return report.url


def build_report(sweep: LoggedSweep, *, project: str, entity: str = "") -> Any:
    """The report as a value of W&B's own API; nothing is asked of any server."""
    import wandb_workspaces.reports.v2 as v2

    wr: Any = v2  # it says of itself what it exports at run time only
    return wr.Report(
        project=project,
        entity=entity,
        title=f"Ablation of instruction data: {sweep.name}"[:128],  # W&B's limit
        description=f"{len(sweep.runs)} runs of the group {sweep.name}.",
        width="fluid",
        blocks=[
            wr.P(LIMITS),
            wr.TableOfContents(),
            wr.H1("Ablation"),
            *(block for judge in sweep.ratings for block in _rating_blocks(wr, sweep, project, judge)),
            wr.H1("Pose probe and seeds"),
            *(block for grid in sweep.others.values() for block in _table(wr, grid)),
            _panels(wr, sweep, project, [("Probe skill", "probe/true/skill"), ("Shuffled", "probe/shuffled/skill"),
                                         *_of_clips(sweep)]),
            wr.H1("Training"),
            wr.PanelGrid(
                runsets=[_runs(wr, sweep, project, "train")],
                panels=[wr.LinePlot(title=key, x="Step", y=[key], groupby="config.arm")
                        for key in ("train/loss", "val/loss")],
            ),
        ],
    )  # fmt: skip


def specification(report: Any) -> dict[str, Any]:
    """The report as the plain JSON that W&B's server is given."""
    text = report._to_model().model_dump_json(by_alias=True, exclude_none=True)
    return parse_json(text, what="report for W&B", where="as wandb_workspaces writes it")


def _rating_blocks(wr: Any, sweep: LoggedSweep, project: str, judge: str) -> list[Any]:
    bars = [(f"{kind}: mean rating x 10", f"bench/{judge}/{kind}/score") for kind in (ALL, *rated_kinds())]
    bars += [
        (f"{ALL}, {name} pictures", f"bench/{judge}/{ALL}/{key}")
        for name, key in (("shuffled", "shuffled"), ("no", "no_picture"))
    ]
    moved = controls_of_frames([row for run in sweep.runs for row in run.ablation if row["judge"] == judge])
    bars += [(f"{ALL}, {name}", f"bench/{judge}/{ALL}/{key}") for key, name in moved.items()]
    return [*_table(wr, sweep.ratings[judge]), _panels(wr, sweep, project, bars)]


def _of_clips(sweep: LoggedSweep) -> list[tuple[str, str]]:
    """Panels of facts in motion, under the controls of frames too; none where the pictures stand alone."""
    passes = {row["pictures"] for run in sweep.runs for row in run.probe if row["group"] == IN_MOTION}
    names = {"true": "in motion", **{one.value: f"in motion, {one.told}" for one in Control if one.of_frames}}
    return [(f"Skill {told}", f"probe/motion/{name}/skill") for name, told in names.items() if name in passes]


def _table(wr: Any, grid: Grid) -> list[Any]:
    """The table as it was printed."""
    title, _, body = as_markdown(grid).partition("\n")
    return [wr.H2(title.strip("*")), wr.MarkdownBlock(body.strip())]


def _panels(wr: Any, sweep: LoggedSweep, project: str, bars: list[tuple[str, str]]) -> Any:
    panels = [wr.BarPlot(title=title, metrics=[key], groupby="config.arm") for title, key in bars]
    return wr.PanelGrid(runsets=[_runs(wr, sweep, project, "evaluate")], panels=panels)


def _runs(wr: Any, sweep: LoggedSweep, project: str, job_type: str) -> Any:
    """The sweep's runs of one job type, those of an arm together; without an entity they are the report's project's."""
    quoted = sweep.name.replace("'", r"\'")
    return wr.Runset(
        project=project,
        name=f"{sweep.name}: {job_type}",
        filters=f"Group = '{quoted}' and JobType = '{job_type}'",
        groupby=["config.arm"],
    )
