"""What this machine cannot do is said in about a second, before anything is loaded: all of it at once, with the fix."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from llavapose.config.checks.machine import gpus, hub
from llavapose.config.checks.machine.devices import _problems
from llavapose.config.checks.machine.folders import folder_problems
from llavapose.config.checks.machine.gpus import Gpus, visible
from llavapose.config.checks.machine.hub import hub_problems
from llavapose.config.checks.machine.processes import process_problems
from llavapose.config.checks.machine.wandb_key import wandb_problems
from llavapose.config.compose import composed, settings, typed
from llavapose.errors import ConfigError
from llavapose.files import TINY_BASE
from tests import warm

ROOT = Path(__file__).parents[2]
NOTHING_HEAVY_CPU_S = 4.0
"""1.0 to 1.5 measured; torch alone would take more than this."""

NONE = Gpus(num=0, why="this machine has no NVIDIA driver")
A100 = Gpus(num=2, capability=(8, 0))
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "localhost"}
T4 = Gpus(num=1, capability=(7, 5))
ZERO3 = "lightning.pytorch.strategies.DeepSpeedStrategy"


def problems(conf: Path, gpus: Gpus | None, *overrides: str, num_cores: int = 4) -> list[str]:
    return list(_problems(typed("train", composed("train", conf, overrides)), gpus, num_cores))


@pytest.mark.parametrize(
    ("here", "overrides", "line"),
    [
        (NONE, ["strategy=deepspeed_stage3"], "strategy: DeepSpeed (stage 3) needs a GPU, and there is none here: "),
        (NONE, ["strategy.name=deepspeed_stage_2"], "strategy: DeepSpeed needs a GPU"),
        (NONE, ["model.packed_attention=flex"], "model.packed_attention=flex runs on NVIDIA GPUs, and this"),
        (A100, ["model.packed_attention=varlen", "trainer.accelerator=cpu"], "model.packed_attention=varlen runs on"),
        (A100, ["model.packed_attention=varlen"], "model.packed_attention=varlen computes in half precision"),
        (A100, ["strategy=deepspeed_stage2", "trainer.accelerator=cpu"], "strategy: DeepSpeed (stage 2) runs on"),
        (NONE, ["trainer.accelerator=gpu"], "trainer.accelerator=gpu: no GPU here: this machine has no NVIDIA driver"),
        (A100, ["trainer.accelerator=gpus"], "trainer.accelerator is 'gpus'; did you mean gpu?"),
        (A100, ["trainer.devices=4"], "trainer.devices=4: there are 2 GPUs here; set trainer.devices=2 or less"),
        (A100, ["trainer.devices=[0,2]"], "trainer.devices=[0, 2]: there are 2 GPUs here, counted from 0; name others"),
        (T4, ["strategy=ddp", "trainer.devices=2"], "trainer.devices=2: there is 1 GPU here; set trainer.devices=1 or"),
        (NONE, ["trainer.devices=8"], "trainer.devices=8: no GPU here, and 4 cores; set trainer.devices=1, or"),
        (NONE, ["trainer.devices=some"], "trainer.devices is 'some'; expected a number"),
        (NONE, ["trainer.devices=0"], "trainer.devices is 0; expected a number"),
        (A100, ["trainer.precision=64"], "trainer.precision=64: nothing here is planned for 64 bits; use 32-true"),
        (NONE, ["strategy=deepspeed_stage3_cpu", "trainer.precision=16-true"], "trainer.precision=16-true needs a GPU"),
        (A100, ["trainer.precision=fp8"], "trainer.precision is 'fp8'; expected one of 32-true"),
        (A100, ["trainer.precision=bf16-mixd"], "trainer.precision is 'bf16-mixd'; did you mean bf16-mixed?"),
        (
            T4,
            ["strategy=deepspeed_stage3", "trainer.precision=bf16-true"],
            "trainer.precision=bf16-true needs GPUs of compute capability 8.0, and",
        ),
        (NONE, ["trainer.precision=16"], "trainer.precision=16 needs a GPU; on a CPU use 32-true or bf16-mixed"),
    ],
)  # fmt: skip
def test_one_line_with_the_fix(conf, here, overrides, line):
    (said,) = problems(conf, here, *overrides)
    assert said.startswith(line)


@pytest.mark.parametrize(
    ("here", "overrides"),
    [
        (NONE, []),
        (NONE, ["strategy=ddp", "trainer.devices=2"]),
        (NONE, ["trainer.accelerator=cpu", "trainer.devices=8"]),
        (NONE, ["trainer.precision=bf16-mixed"]),
        (NONE, ["strategy=fsdp2", "trainer.devices=auto"]),
        (A100, ["strategy=deepspeed_stage3", "trainer.devices=2", "trainer.precision=bf16-true"]),
        (A100, ["trainer.devices='0,1'"]),
        (A100, ["trainer.devices=-1", "trainer.precision=32"]),
        # Nobody knows without torch: let through, and Lightning decides.
        (None, ["strategy=deepspeed_stage3", "trainer.devices=8", "trainer.precision=bf16-true"]),
    ],
)
def test_what_can_run_is_let_through(conf, here, overrides):
    assert problems(conf, here, *overrides) == []


@pytest.mark.parametrize(
    ("overrides", "started", "line"),
    [
        (["trainer.devices=2"], {}, "strategy=single is one process, and trainer.devices=2 asks for more; choose"),
        (["trainer.devices=[0,1]"], {}, "strategy=single is one process, and trainer.devices=[0, 1] asks for more"),
        (["trainer.num_nodes=2"], {}, "strategy=single is one process, and trainer.num_nodes=2 asks for more"),
        ([], TORCHRUN, "strategy=single is one process, and torchrun starts 2; choose strategy=ddp"),
        (
            ["strategy=ddp", "trainer.devices=1"], TORCHRUN,
            "torchrun started 2 processes (2 on each machine), and trainer.devices=1 x trainer.num_nodes=1 is 1; leave",
        ),
        (["strategy=ddp", "trainer.devices=2"], TORCHRUN, None),
        (
            ["strategy=ddp", "trainer.devices=4", "trainer.num_nodes=2"], {},
            "trainer.num_nodes=2: nothing has started the processes of 2 machines; start this on each with torchrun "
            "--nnodes 2 --nproc_per_node 4 ..., or choose launcher=slurm",
        ),
        (["strategy=ddp", "trainer.devices=4", "trainer.num_nodes=2"], {"MASTER_ADDR": "a", "NODE_RANK": "0"}, None),
        (["strategy=ddp", "trainer.devices=4", "trainer.num_nodes=2", "launcher=slurm"], {}, None),
        (["strategy=ddp", "trainer.devices=4", "trainer.num_nodes=2", "dry_run=true"], {}, None),
    ],
)  # fmt: skip
def test_processes_are_those_that_were_started(conf, monkeypatch, overrides, started, line):
    for name in ("MASTER_ADDR", "NODE_RANK", "RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in started.items():
        monkeypatch.setenv(name, value)
    found = list(process_problems(typed("train", composed("train", conf, overrides))))
    assert len(found) == (line is not None) and all(one.startswith(line) for one in found), found


def test_a_run_is_sent_to_weights_and_biases_with_a_key_alone(conf, tmp_path, monkeypatch):
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL", "WANDB_MODE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def said(*words: str) -> list[str]:
        return list(wandb_problems(typed("train", composed("train", conf, ["logger=wandb", *words]))))

    (line,) = said("logger.wandb.offline=false")
    assert line.startswith("logger.wandb.offline=false: no key of Weights & Biases here; set WANDB_API_KEY, or run")
    assert not said() and not said("logger.wandb=null")
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password x\n")
    assert not said("logger.wandb.offline=false")
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert said("logger.wandb.offline=false"), "that is another server's"
    monkeypatch.setenv("WANDB_API_KEY", "set")
    assert not said("logger.wandb.offline=false")
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert not said("logger.wandb.offline=false")


def test_all_at_once_and_before_anything_is_imported(run_script, tmp_path):
    (tmp_path / "taken").write_text("a file")
    said = run_script(
        "train", "strategy=deepspeed_stage3", "trainer.precision=fp8", "batch_size=0", "output_dir=taken/run",
        "data.path=none.jsonl", "data.images=none", "model.base=/no/such/folder", fresh=True,
    )  # fmt: skip
    assert said.exit_code == 1
    heads = {line.removeprefix("error: ").split(":")[0].split("=")[0].split(" ")[0] for line in said.errors}
    expected = {"batch_size", "model.base", "data.path", "data.images", "trainer.precision", "output_dir"}
    assert expected <= heads | {"strategy"}
    assert said.cpu_s < NOTHING_HEAVY_CPU_S
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_beside_a_typo_only_what_is_certain_is_said(conf):
    with pytest.raises(ConfigError) as caught:
        settings("train", conf, ["data.pth=x.jsonl", "data.images=none", "model.base=/none"])
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "`data.pth=x.jsonl`",
        "data.images=none is read by nothing",
        "model.base",
    ]


# ---- GPUs: a driver's library, built for the test, in the place of NVIDIA's

NVML = """
int nvmlInit_v2(void) { return INIT; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = NUM; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) { *h = (void *)(long)(i + 1); return 0; }
int nvmlDeviceGetCudaComputeCapability(void *h, int *major, int *minor) {
    if ((long)h == 1) { *major = 9; *minor = 0; } else { *major = 7; *minor = 5; } return 0; }
"""


def asked(tmp_path: Path, **libraries: str) -> str:
    """What a fresh process is told by the driver whose libraries are these."""
    for name, flags in libraries.items():
        source = tmp_path / f"{name}.c"
        source.write_text(NVML)
        out = tmp_path / f"lib{name.replace('_', '-')}.so.1"
        subprocess.run(["g++", "-x", "c", "-shared", "-fPIC", *flags.split(), source, "-o", out], check=True)
    code = "from llavapose.config.checks.machine.gpus import ask_driver; print(ask_driver())"
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(shutil.which("g++") is None or sys.platform != "linux", reason="needs g++")
def test_the_driver_is_asked_without_torch(tmp_path):
    there = {name: tmp_path / name for name in ("two", "broken", "other", "none")}
    for folder in there.values():
        folder.mkdir()
    assert asked(there["two"], nvidia_ml="-DINIT=0 -DNUM=2").strip() == "Gpus(num=2, capability=(7, 5), why='')"
    assert "driver does not answer" in asked(there["broken"], nvidia_ml="-DINIT=9 -DNUM=0")
    assert asked(there["other"], cuda="-DINIT=0 -DNUM=0").strip() == "None"  # CUDA without NVML: only torch can tell


@pytest.mark.parametrize(
    ("setting", "num"),
    [
        (None, 2),
        ("", 0),
        ("-1", 0),
        ("1", 1),
        ("1,0", 2),
        ("0,7,1", 1),
        ("0,0", 1),
        ("GPU-aa,GPU-bb", 2),
        ("MIG-a,MIG-b", 1),
        ("no", 0),
    ],
)
def test_visible_devices_as_cuda_reads_them(setting, num):
    left = visible(A100, setting)
    assert left.num == num
    assert bool(left.why) == (num == 0)


def test_the_count_is_torchs(monkeypatch):
    """Whatever this machine has: what is found here is what torch itself says."""
    import torch

    found = gpus.find_gpus()
    if found is not None:
        assert found.num == torch.cuda.device_count()
        assert (gpus.torch_build() or {}).get("cuda") == torch.version.cuda


# ---- the hub: a real server in its place, or none


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/models/there/model" else 401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty cache, no token, no offline switch, and a hub that nobody answers for."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
                 "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"):  # fmt: skip
        monkeypatch.setenv(name, "")  # put back whatever the check sets
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    hub._answer.cache_clear()
    yield tmp_path / "home" / "hub"
    hub._answer.cache_clear()


def cache(home: Path, name: str, *, without: str = "") -> None:
    snapshot = home / f"models--{name.replace('/', '--')}" / "snapshots" / "abc"
    snapshot.parent.parent.joinpath("refs").mkdir(parents=True)
    (snapshot.parent.parent / "refs" / "main").write_text("abc")
    shutil.copytree(TINY_BASE, snapshot)
    if without:
        (snapshot / without).unlink()


def test_a_model_of_the_hub_without_network(hub_home):
    started = time.monotonic()
    (line,) = hub_problems("model.base", "owner/name")
    assert time.monotonic() - started < 6
    assert line.startswith(f"model.base: owner/name is not in the cache {hub_home}, and http://127.0.0.1:9 cannot be")
    assert hub_problems("model.base", "tiny") == [] == hub_problems("model.base", str(TINY_BASE))


def test_a_cached_model_is_read_from_the_cache_alone(hub_home, capsys):
    cache(hub_home, "owner/whole")
    cache(hub_home, "owner/part", without="model.safetensors")
    assert hub_problems("checkpoint", "owner/whole") == []
    assert os.environ["HF_HUB_OFFLINE"] == "1"  # else the hub's client tries each file for a quarter of a minute
    assert "owner/whole is read from the cache" in capsys.readouterr().err
    (line,) = hub_problems("checkpoint", "owner/part")
    assert "is not whole in the cache" in line and "HF_HUB_OFFLINE is set" in line and "hf download owner/part" in line


def test_the_hub_is_asked_for_the_model(hub_home, hub_server, monkeypatch):
    assert hub_problems("checkpoint", "there/model") == []
    assert "HF_HUB_OFFLINE" not in os.environ
    (line,) = hub_problems("checkpoint", "there/modle")
    assert "shows no model there/modle; check the name" in line
    monkeypatch.setenv("HF_TOKEN", "hf_something")  # whose it is, is between its owner and the hub
    assert hub_problems("checkpoint", "there/modle") == []


@pytest.mark.long
def test_a_cached_model_loads_at_once_without_network(hub_home, tmp_path):
    """The whole way, in a fresh process: it took four minutes of trying again."""
    cache(hub_home, "owner/whole")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    words = ["checkpoint=owner/whole", "arm=x", "scenes.num_train=1", "scenes.num_val=6", "benchmark.num_images=0",
             "probe.num_items=8", "tables=false"]  # fmt: skip
    command = [sys.executable, str(ROOT / "evaluate.py"), *words]
    done = warm.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs/evaluate/x/probe/x.jsonl").is_file()


# ---- folders


def test_folders_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    here = {"output_dir": file / "a", "results_dir": file / "b", "data_dir": tmp_path / "link/c", "x": tmp_path / "d/e"}
    found = folder_problems(here)
    assert found == [
        f"output_dir={file}/a, results_dir={file}/b: cannot be written, {file} is a file, expected a folder; choose "
        "another folder",
        f"data_dir={tmp_path}/link/c: cannot be written, {tmp_path}/link is a link to nothing; choose another folder",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that takes no files, whoever asks")
def test_a_folder_that_takes_no_files():
    (line,) = folder_problems({"output_dir": Path("/proc/none")})
    assert line.startswith("output_dir=/proc/none: cannot be written, /proc takes no file (")


def test_read_only_data_that_are_there_may_be_read(tmp_path):
    """On a cluster samples and world often lie where a run may not write."""
    from llavapose.config.checks.machine.ability import machine_problems

    words = ["data_dir=/proc", "scenes.root=/proc", f"output_dir={tmp_path}"]
    assert machine_problems(typed("train", composed("train", ROOT / "conf", words))) == []


def test_deepspeed_on_a_cpu_needs_its_package_and_no_compiler(conf, monkeypatch):
    words = ["strategy=deepspeed_stage3_cpu", "trainer.accelerator=cpu"]
    monkeypatch.setenv("PATH", "")
    assert problems(conf, NONE, *words) == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (line,) = problems(conf, NONE, *words)
    assert line.startswith("strategy=deepspeed_stage3_cpu needs the package deepspeed") and line.endswith("choose ddp")


def test_another_attention_than_sdpa_reads_masks_alone(conf):
    with pytest.raises(ConfigError, match=r"model\.packed_attention=branches takes the place of model\.attention"):
        settings("train", conf, ["model.packed_attention=branches", "model.attention=eager"])
