"""Two versions side by side: which notes are the same, which were missed, which were made up."""

from __future__ import annotations

from typing import Any

import numpy as np

from tecla.evaluation import notes, shift
from tecla.music import Performance


def compared(reference: Performance, estimate: Performance) -> dict[str, Any]:
    """Pairs of notes of one pitch whose onsets agree within 50 ms, what is left over on either side, and figures.

    The estimate's one constant delay is taken out first (`shift_sec`).
    """
    delay_sec = shift.evaluate(reference, estimate).shift_sec if len(reference) and len(estimate) else 0.0
    mended = estimate.shifted(-delay_sec)
    pairs = notes.match_onsets(reference, mended)
    metrics = notes.evaluate(reference, mended, offsets="sounding")
    return {
        "hits": pairs.tolist(),
        "misses": np.setdiff1d(np.arange(len(reference)), pairs[:, 0]).tolist(),
        "inventions": np.setdiff1d(np.arange(len(estimate)), pairs[:, 1]).tolist(),
        "shift_sec": delay_sec,
        "metrics": {
            "precision": metrics.onset.precision,
            "recall": metrics.onset.recall,
            "f1": metrics.onset.f1,
            "onset_offset_f1": metrics.onset_offset.f1,
            "onset_offset_velocity_f1": metrics.onset_offset_velocity.f1,
        },
    }
