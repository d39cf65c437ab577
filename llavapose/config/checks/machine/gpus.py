"""How many NVIDIA GPUs torch will find, without importing torch.

torch takes ten seconds to import, and asking CUDA itself leaves a context that a forked process cannot use. So this
asks what torch asks first: how torch was built (``torch/version.py``, read as text), then the driver's management
library (NVML), which counts GPUs in milliseconds and touches none.
"""

import ctypes
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NVML = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
"""The driver's management library."""
_CUDA = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


@dataclass(frozen=True, kw_only=True)
class Gpus:
    """NVIDIA GPUs that torch can use.

    Attributes:
        num: how many.
        capability: the least compute capability among them, e.g. (8, 0) for an A100; None where there is none.
        why: why there is none; "" where there is one.
    """

    num: int
    capability: tuple[int, int] | None = None
    why: str = ""


@cache
def find_gpus() -> Gpus | None:
    """The GPUs here; None where only torch can tell: built for ROCm, or a driver without NVML."""
    built = torch_build()
    if built is None or built.get("hip"):
        return None
    if not built.get("cuda"):
        return Gpus(num=0, why="the installed torch is built without CUDA")
    found = ask_driver()
    if found is None:
        return None
    return visible(found, os.environ.get("CUDA_VISIBLE_DEVICES"))


def torch_build() -> dict[str, str] | None:
    """What torch was built for, e.g. ``{"cuda": "12.8"}``; None where it does not say, or is not installed."""
    spec = importlib.util.find_spec("torch")
    folders = spec.submodule_search_locations if spec is not None else None
    file = Path(next(iter(folders))) / "version.py" if folders else None
    if file is None or not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    if not re.search(r"^cuda\b", text, re.MULTILINE):
        return None
    return dict(re.findall(r"^(cuda|hip)\b[^=\n]*= '([^']+)'", text, re.MULTILINE))


def ask_driver() -> Gpus | None:
    """All GPUs of the machine, by NVML; None where it is missing though a CUDA driver is there."""
    try:
        nvml = ctypes.CDLL(NVML)
    except OSError:
        return None if _loads(_CUDA) else Gpus(num=0, why="this machine has no NVIDIA driver")
    if nvml.nvmlInit_v2() != 0:
        return Gpus(num=0, why="the NVIDIA driver does not answer; see what nvidia-smi says")
    try:
        num = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(num)) != 0:
            return None
        found = [_capability(nvml, index) for index in range(num.value)]
    finally:
        nvml.nvmlShutdown()
    known = [one for one in found if one is not None]
    return Gpus(num=num.value, capability=min(known, default=None), why="" if num.value else "the driver finds none")


def visible(all_gpus: Gpus, setting: str | None) -> Gpus:
    """Those that ``CUDA_VISIBLE_DEVICES`` leaves: as CUDA reads it, a number that is not there ends the list.

    GPUs named by their id count as they are given; a slice of one (MIG) can be used by itself alone.
    """
    if setting is None:
        return all_gpus
    names: list[str] = []
    for name in (part.strip() for part in setting.split(",")):
        if not (name.startswith(("GPU-", "MIG-")) or (name.isdigit() and int(name) < all_gpus.num)) or name in names:
            break
        names.append(name)
    num = min(len(names), 1 if any(name.startswith("MIG-") for name in names) else all_gpus.num)
    if num:
        return Gpus(num=num, capability=all_gpus.capability)
    return Gpus(num=0, why=all_gpus.why or f"CUDA_VISIBLE_DEVICES={setting} hides them")


def _capability(nvml: ctypes.CDLL, index: int) -> tuple[int, int] | None:
    handle, major, minor = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int()
    if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) != 0:
        return None
    if nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)) != 0:
        return None
    return major.value, minor.value


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
