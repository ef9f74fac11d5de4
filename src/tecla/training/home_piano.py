"""The sampled piano that comes with tecla, as a bank to train with: whoever has no other piano has this one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr

from tecla.rendering.instrument import SALAMANDER
from tecla.transcription.features import SAMPLE_RATE

NAME: Final = "salamander"
_RMS_SAMPLES: Final = SAMPLE_RATE // 2


def write_home_piano(folder: Path) -> Path:
    """Writes the Salamander grand as a bank of `tecla.training.sampled_piano` into a folder of banks; done once.

    Returns `folder`. The samples keep their licence, whose notice is written beside them.
    """
    bank = folder / NAME
    if not (bank / "bank.json").exists():
        bank.mkdir(parents=True, exist_ok=True)
        shutil.copy(SALAMANDER / "ATTRIBUTION.md", bank)
        regions = [_write_region(region, bank) for region in json.loads((SALAMANDER / "bank.json").read_text("utf-8"))["regions"]]
        (bank / "bank.json").write_text(json.dumps({"name": NAME, "licence": "CC-BY-3.0", "sample_rate": SAMPLE_RATE, "regions": regions}))
    return folder


def _write_region(region: dict[str, Any], bank: Path) -> dict[str, Any]:
    """One stroke at 16 kHz mono, its onset where all layers have it, and its level as recorded."""
    stereo, rate = soundfile.read(SALAMANDER / region["file"], dtype="float32", always_2d=True)
    padded = np.pad(stereo.mean(1), (region["delay_samples"], 0))
    mono = soxr.resample(padded, rate, SAMPLE_RATE).astype(np.float32)
    file = Path(region["file"]).with_suffix(".flac").name
    soundfile.write(bank / file, mono.clip(-1, 1), SAMPLE_RATE, subtype="PCM_24")
    rms_db = 10 * np.log10(np.mean(mono[:_RMS_SAMPLES] ** 2) + 1e-12)
    return {"file": file, "pitch": region["pitch"], "layer": region["layer"], "rms_db": round(float(rms_db), 2)}
