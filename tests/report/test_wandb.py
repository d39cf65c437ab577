"""Offline W&B keeps every run of a sweep, its tables and its page; they are read back with W&B's own reader."""

import gc
import json
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_json, write_json
from llavapose.report import sweep as sweep_module
from llavapose.report.sweep import finish_sweep, write_tables
from llavapose.report.tables import Grid, read_table
from llavapose.report.wandb.log import _log_tables, _mode, log_report
from llavapose.report.wandb.logged import LoggedRun, LoggedSweep
from llavapose.report.wandb.spec import build_report, specification
from tests import warm
from tests.report.test_judges import WORTH, write_pairs
from tests.wandb_records import records_of

pytestmark = pytest.mark.usefixtures("plain_plots")

SETTINGS = {"seed": 0, "optim": {"lr": 0.001, "betas": [0.9, 0.98]}, "data": {"name": "full"}, "batch_size": 16}


@pytest.fixture(autouse=True)
def _artifacts_gone() -> Iterator[None]:
    """W&B's artifacts leave their temporary folders to the garbage collector, whose warning would be another test's."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def logged(seeds_sweep, monkeypatch) -> Iterator[LoggedSweep]:
    """Two seeds of two arms, one of them failed, logged once; what was logged."""
    for name in ("WANDB_MODE", "WANDB_DATA_DIR", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    jobs = read_json(seeds_sweep / "jobs.json", what="jobs")
    for job in jobs:
        job["settings"] = {**SETTINGS, "seed": int(job["variant"][-1]), "data": {"name": job["arm"]}}
    write_json(seeds_sweep / "jobs.json", jobs)
    found: list[LoggedSweep] = []

    def log(sweep: LoggedSweep) -> Path:
        found.append(sweep)
        return log_report(sweep)

    monkeypatch.setattr(sweep_module, "log_report", log)
    finish_sweep(seeds_sweep)
    yield found[0]


def runs_of(out: Path) -> dict[str, dict]:
    """Name -> run with its config, summary and tables, by W&B's reader."""
    found = {}
    for folder in sorted((out / "wandb").glob("offline-run-*")):
        records = records_of(folder, home=out)
        (run,) = [record["run"] for record in records if record["type"] == "run"]
        summary = {}
        for record in records:
            summary |= record.get("summary", {}).get("update", {})
        tables = {
            path.name.rpartition("_")[0].rpartition("_")[0]: json.loads(path.read_text())
            for path in folder.rglob("*.table.json")
        }
        pages = [path.read_text(encoding="utf-8") for path in folder.rglob("*.html")]
        found[run["display_name"]] = {**run, "summary": summary, "tables": tables, "pages": pages}
    return found


def test_every_run_has_its_group_arm_seed_and_settings(logged):
    runs = runs_of(logged.out)
    trained = ["full seed=0", "full seed=1", "conv seed=0"]
    assert set(runs) == {*trained, "baseline seed=0", "seeds"}, "the failed job left nothing to log"
    assert {run["run_group"] for run in runs.values()} == {"seeds"}
    for name in (*trained, "baseline seed=0"):
        arm, _, seed = name.partition(" seed=")
        run = runs[name]
        config = run["config"]["update"]
        assert run["job_type"] == "evaluate" and set(run["tags"]) == {arm, f"seed={seed}"}
        assert (config["arm"], config["seed"], config["trained"]) == (arm, int(seed), arm != "baseline")
        assert config["optim"] == SETTINGS["optim"] and config["batch_size"] == 16
    assert runs["seeds"]["job_type"] == "report"


@pytest.mark.long
def test_every_run_has_its_own_numbers(logged):
    runs = runs_of(logged.out)
    first, second = (runs[f"full seed={seed}"]["summary"] for seed in (0, 1))
    key = "bench/pose/all/score"
    listed = {row[1:3]: float(row[3]) for row in table_rows(logged.out / "seeds.csv") if row[3]}
    assert first[key] == pytest.approx(listed["full", "seed=0"]) != second[key]
    assert second[key] == pytest.approx(listed["full", "seed=1"])
    assert first["bench/pose/all/low"] < first[key] < first["bench/pose/all/high"]
    assert second["bench/pose/all/diff"] > 0, "seed 1 is compared with the baseline that was evaluated beside seed 0"
    assert "bench/pose/all/diff" not in runs["baseline seed=0"]["summary"]
    assert 0 < first["probe/true/skill"] <= 1


def table_rows(path: Path) -> list[tuple[str, ...]]:
    return [tuple(line.split(",")) for line in path.read_text().splitlines()[1:]]


def test_the_logged_tables_are_the_printed_ones_beside_the_long_form(logged):
    run = runs_of(logged.out)["seeds"]
    tables = run["tables"]
    assert set(tables) == {
        "ablation_pose", "probe", "probe_groups", "seeds", "ablation_pose_long", "probe_long", "differences_pose",
        "lengths", "claims", "claims_by_kind", "judging_long", "claims_long", "notes",
    }  # fmt: skip
    printed = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (logged.out / "tables.md").read_text().partition("**Pose probe")[0].splitlines()
        if line.startswith("| ")
    ]
    assert [tables["ablation_pose"]["columns"], *tables["ablation_pose"]["data"]] == [printed[0], *printed[2:]]
    assert printed[0] == [
        "arm",
        "conv",
        "detail",
        "complex",
        "all",
        "shuffled",
        "no picture",
        "difference to baseline",
        "claims right",
        "n",
        "seeds",
    ]
    assert [row[-1] for row in tables["ablation_pose"]["data"]] == ["2", "1 of 2 ‡", "1", "—"]
    assert tables["ablation_pose"]["data"][-1][:2] == ["prior", "10.0 [10.0, 10.0] ="]
    long = tables["ablation_pose_long"]
    kept = [dict(zip(long["columns"], row, strict=True)) for row in long["data"]]
    read = read_table(logged.out, "ablation.csv")
    assert [row["score"] for row in kept] == pytest.approx([row["score"] for row in read])
    assert [(row["num_seeds"], row["missing_seeds"]) for row in kept[::4]] == [
        (2, ""), (1, "seed=1"), (1, ""), (None, ""),
    ]  # fmt: skip
    assert kept[-5]["arm"] == "baseline" and kept[-5]["diff"] is None, "a hole must stay a hole"
    assert run["pages"] == [(logged.out / "report" / "index.html").read_text(encoding="utf-8")]


class Noted:
    """What a run is told to log, and tables as they are."""

    def __init__(self):
        self.logged = {}

    def log(self, told):
        self.logged |= told

    def Table(self, columns, data, **_):
        return [dict(zip(columns, row, strict=True)) for row in data]


def test_comparison_judging_and_agreement_are_logged_as_printed_and_in_long_form(tmp_path):
    """A sweep with judges of pairs and another model beside its arms."""
    write_pairs(tmp_path)
    summarise(tmp_path)
    tables = write_tables(tmp_path, list(WORTH))
    sweep = LoggedSweep(out=tmp_path, name="s", ratings=tables.ratings, others=tables.others)
    noted = Noted()
    _log_tables(noted, noted, sweep)
    for judge in ("gpt-4o-pair-captions_boxes", "gpt-4o-pair-keypoints", "panel"):
        assert [row["model"] for row in noted.logged[f"report/comparison_{judge}"]][:2] == ["Qwen2-VL-7B", "full"]
    for name in ("judging", "agreement"):
        assert len(noted.logged[f"report/{name}"]) > 1
    for name in ("comparison", "judging", "agreement", "claims"):
        read = read_table(tmp_path, f"{name}.csv")
        long = noted.logged[f"report/{name}_long"]
        assert len(long) == len(read) > 1 and long[0].keys() == read[0].keys(), name
    assert "report/efficiency_long" not in noted.logged, "nothing was timed"


def test_every_table_of_a_sweep_with_models_and_judges_is_sent_in_its_group(tmp_path, monkeypatch):
    """By W&B itself, offline: what stands in tables.md is in the group's report, with titles and notes."""
    for name in ("WANDB_DATA_DIR", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    folder = write_pairs(tmp_path / "compared")
    write_json(folder / "efficiency" / "full.json", {"made": "m", "answer_s": 2.0, "num_timed": 3})
    jobs = [{"arm": arm, "dir": str(folder), "results_dir": str(folder), "exit_code": 0} for arm in WORTH
            if arm != "prior"]  # fmt: skip
    write_json(folder / "jobs.json", jobs)
    finish_sweep(folder)
    runs = runs_of(folder)
    assert {run["run_group"] for run in runs.values()} == {"compared"}
    tables = runs["compared"]["tables"]
    judges = ("pose", "gpt-4o-pair-captions_boxes", "gpt-4o-pair-keypoints", "panel")
    by_judge = {f"{name}_{judge}" for name in ("ablation", "differences", "comparison") for judge in judges}
    by_judge |= {f"ablation_{judge}_long" for judge in judges}
    worth = {"judging", "lengths", "agreement", "claims", "claims_by_kind", "efficiency"}
    long = {f"{name}_long" for name in ("comparison", "judging", "agreement", "claims", "efficiency")}
    published = {"published_1", "published_2", "published_3"}
    assert set(tables) == by_judge | worth | long | published | {"notes"}
    titles = re.findall(r"^\*\*(.+)\*\*$", (folder / "tables.md").read_text(), re.MULTILINE)
    notes = {name: (title, note) for name, title, note in tables["notes"]["data"]}
    assert sorted(title for title, _ in notes.values()) == sorted(titles) and len(titles) > 20
    assert "each beside the answer of baseline, the anchor" in notes["comparison_panel"][1]
    assert notes["published_1"][0].startswith("Published, different questions and judge")
    assert [row[0] for row in tables["comparison_panel"]["data"]][:2] == ["Qwen2-VL-7B", "full"]
    for name in sorted(long):
        read = read_table(folder, f"{name.removesuffix('_long')}.csv")
        assert len(tables[name]["data"]) == len(read) > 0, name


@pytest.mark.long
def test_logged_again_a_sweep_has_its_runs_once(logged):
    before = {name: run["run_id"] for name, run in runs_of(logged.out).items()}
    finish_sweep(logged.out)
    folders = list((logged.out / "wandb").glob("offline-run-*"))
    assert len(folders) == len(before)
    assert {name: run["run_id"] for name, run in runs_of(logged.out).items()} == before


def walk(value) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_the_report_shows_the_table_and_the_runs_by_arm(logged):
    """As W&B's own API writes it, and as that reads it back."""
    kept = read_json(logged.out / "report" / "wandb_report.json", what="report")
    texts = [one["content"] for one in walk(kept) if one.get("type") == "markdown-block"]
    table = (logged.out / "tables.md").read_text().partition("\n\n")[2].partition("**Pose probe")[0].strip()
    assert table in texts, "the printed table, its note on missing seeds included"
    filters = [one["filters"] for one in walk(kept) if one.get("filterFormat") == "filterV2"]
    told = [[(f["key"]["name"], f["op"], f["value"]) for f in one] for one in filters]
    evaluated = [("group", "=", "seeds"), ("jobType", "=", "evaluate")]
    assert told == [evaluated, evaluated, [("group", "=", "seeds"), ("jobType", "=", "train")]]
    grids = [one for one in walk(kept) if one.get("type") == "panel-grid"]
    assert {one["runSets"][0]["grouping"][0]["name"] for one in (grid["metadata"] for grid in grids)} == {"arm.value"}
    bars = [one["config"] for one in walk(kept) if one.get("viewType") == "Bar Chart"]
    keys = [metric for one in bars for metric in one["metrics"]]
    summary = runs_of(logged.out)["full seed=0"]["summary"]
    assert keys and set(keys) <= set(summary), "every bar is a number that the runs have"
    assert {one["groupBy"] for one in bars} == {"arm.value"}
    import wandb_workspaces.reports.v2.internal as internal

    assert internal.ReportViewspec.model_validate({**kept, "spec": json.dumps(kept["spec"])}).spec.width == "fluid"


def small(out: Path) -> LoggedSweep:
    grid = Grid(title="Ablation, judge pose", header=("arm", "all"), rows=(("full", "71.2"),), note="N")
    return LoggedSweep(
        out=out, name="it's", ratings={"pose": grid}, others={}, runs=[LoggedRun(arm="full", variant="")]
    )


@pytest.mark.parametrize(
    ("environment", "offline", "mode"),
    [(None, True, "offline"), (None, False, "online"), ("offline", False, "offline"), ("online", True, "online")],
)
def test_nothing_goes_to_a_server_unasked(tmp_path, monkeypatch, environment, offline, mode):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    if environment:
        monkeypatch.setenv("WANDB_MODE", environment)
    part = {"_target_": "lightning.pytorch.loggers.WandbLogger", "offline": offline, "project": "mine"}
    run = LoggedRun(arm="full", variant="", settings={"logger": {"csv": {"_target_": "x.CSVLogger"}, "wandb": part}})
    sweep = replace(small(tmp_path), runs=[LoggedRun(arm="baseline", variant=""), run])
    assert _mode(sweep) == mode and sweep.logger["project"] == "mine"
    assert _mode(small(tmp_path)) == (environment or "offline")


def test_a_group_s_name_cannot_end_its_filter(tmp_path):
    found = [one for one in walk(specification(build_report(small(tmp_path), project="p"))) if "filterFormat" in one]
    assert {one["filters"][0]["value"] for one in found} == {"it's"}


@pytest.fixture
def server():
    """Answers as W&B's GraphQL does where a report is saved; notes what it was sent."""
    sent: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = json.loads(body) if self.path == "/graphql" else {"query": ""}
            reply = json.dumps({"data": answer(asked)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    def answer(asked: dict) -> dict:
        if "upsertView" in asked["query"]:
            sent.append(asked["variables"])
            told = {key: asked["variables"][key] for key in ("displayName", "description", "spec")}
            view = {**told, "id": "VIEW", "name": "n", "project": {"id": "p", "name": "llavapose", "entityName": "me"},
                    "createdAt": "2026-01-01T00:00:00", "updatedAt": "2026-01-01T00:00:00"}  # fmt: skip
            return {"upsertView": {"view": view, "inserted": True}}
        if "models" in asked["query"]:
            node = {"id": "p", "name": "llavapose", "entityName": "me", "createdAt": "2026-01-01T00:00:00",
                    "isBenchmark": False, "user": None}  # fmt: skip
            page = {"endCursor": "a", "hasNextPage": False}
            return {"models": {"edges": [{"node": node, "cursor": "a"}], "pageInfo": page}}
        viewer = {"id": "u", "flags": "{}", "entity": "me", "username": "me", "email": "", "teams": {"edges": []}}
        return {"viewer": viewer}

    house = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=house.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{house.server_port}", sent
    house.shutdown()
    house.server_close()


SEND = """
import sys
from pathlib import Path
from llavapose.report.wandb.spec import keep_and_send
from tests.report.test_wandb import small
print(keep_and_send(small(Path(sys.argv[1])), project="llavapose", entity="me", online=sys.argv[2] == "online"))
"""


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_the_report_is_sent_where_there_is_a_server_and_only_there(server, tmp_path, mode):
    """In a process of its own: W&B keeps a service alive that knows one server."""
    address, sent = server
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "WANDB_BASE_URL": address, "WANDB_API_KEY": "a" * 40, "HOME": str(tmp_path),
           "PYTHONPATH": root, "WANDB_MODE": mode}  # fmt: skip
    command = [sys.executable, "-c", SEND, str(tmp_path), mode]
    done = warm.run(command, env=env, capture_output=True, text=True, timeout=180, cwd=root)
    assert done.returncode == 0, done.stderr
    kept = read_json(tmp_path / "report" / "wandb_report.json", what="report")
    if mode == "offline":
        assert sent == [] and done.stdout.strip() == "None"
        return
    (one,) = sent
    assert (one["entityName"], one["projectName"], one["type"]) == ("me", "llavapose", "runs")
    texts = [part["content"] for part in walk(json.loads(one["spec"])) if part.get("type") == "markdown-block"]
    assert texts == [part["content"] for part in walk(kept) if part.get("type") == "markdown-block"] != []
    assert f"{address}/me/llavapose/reports/" in done.stdout
