"""What this machine has for a run: the first GPU's name and memory, asked of the driver, and the host's memory."""

import ctypes
import os

from llavapose.config.checks.machine.gpus import NVML, find_gpus

_NAME_BYTES = 96
"""What NVML's own header reserves for a name."""


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def first_card() -> tuple[str, int] | None:
    """Name and bytes of memory of the first GPU that torch can use; None where there is none, or nobody tells."""
    found = find_gpus()
    if found is None or not found.num:
        return None
    try:
        nvml = ctypes.CDLL(NVML)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        handle, name, memory = ctypes.c_void_p(), ctypes.create_string_buffer(_NAME_BYTES), _Memory()
        if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(_first()), ctypes.byref(handle)) != 0:
            return None
        named = nvml.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES)) == 0
        told = nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
    finally:
        nvml.nvmlShutdown()
    return (name.value.decode(errors="replace"), int(memory.total)) if named and told else None


def _first() -> int:
    """The driver's number of the first that ``CUDA_VISIBLE_DEVICES`` leaves; those named by their id are alike."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    return int(first) if first.isdigit() else 0


def host_memory() -> int | None:
    """Bytes of this machine's memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
