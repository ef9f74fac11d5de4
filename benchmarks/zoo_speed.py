"""How fast the zoo's networks hear ten seconds, and how much memory they need for that beyond what lies there already (Linux)."""

import ctypes
import gc
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tecla.transcription.features import MARGIN_SAMPLES, SAMPLE_RATE


def ten_seconds() -> Tensor:
    """Noise, which costs what music costs, with the margins of features."""
    return torch.randn(10 * SAMPLE_RATE + 2 * MARGIN_SAMPLES, generator=torch.Generator().manual_seed(0)) * 0.05


@torch.no_grad()
def measure_speed(listeners: Mapping[str, Callable[[], Any]], folder: Path) -> None:
    """In turns, the best of five; speed.table in the folder."""
    found = {name: {"sec": float("inf"), "mb": 0.0} for name in listeners}
    for _ in range(5):
        for name, listen in listeners.items():
            resident = _begin_weighing()
            began = time.process_time()
            listen()
            found[name]["sec"] = min(found[name]["sec"], time.process_time() - began)
            found[name]["mb"] = max(found[name]["mb"], _status("VmHWM") - resident)
    speed = {name: {"times_real_time": 10 / row["sec"], "mb": row["mb"]} for name, row in found.items()}
    (folder / "speed.table").write_text(json.dumps(speed), "utf-8")


def _begin_weighing() -> float:
    """Hands free memory back and forgets the peak so far (Linux); MB in use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
