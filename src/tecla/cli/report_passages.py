"""The worst passages of a report: each as a picture, with its recording and with what was heard in it, played."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.evaluation import passages
from tecla.evaluation.curves import Judged
from tecla.evaluation.passages import PASSAGE_SEC
from tecla.io.audio import SAMPLE_RATE, array_source, load_audio, save_audio
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE as RENDER_RATE
from tecla.rendering import render
from tecla.rendering.report.page import Panel
from tecla.rendering.report.passage import draw_passage

_LEGEND: Final = (
    '<div class="key legend"><span><i class="hit"></i>hit, the reference outlined<i class="miss"></i>miss<i class="invention"></i>invention'
    "</span></div>"
)
_PLAYED_RATE: Final = 22_050


def passage_panels(pieces: Sequence[Judged], sounds: Sequence[Path | None], shifts_sec: Sequence[float], n_passages: int) -> list[Panel]:
    """A wide panel for each of the worst passages.

    Raises:
        InputError: a sound cannot be read.
    """
    panels, loaded = [], dict[int, NDArray[np.float32]]()
    for passage in passages.evaluate(pieces, n_passages):
        piece, sound = pieces[passage.piece], sounds[passage.piece]
        roll = draw_passage(piece.reference, piece.estimate, piece.found, piece.right, passage.begin_sec, PASSAGE_SEC)
        players = []
        if sound is not None:
            if passage.piece not in loaded:
                loaded = {passage.piece: load_audio(sound)}
            first = max(0, int((passage.begin_sec + shifts_sec[passage.piece]) * SAMPLE_RATE))
            players.append(_player("recording", loaded[passage.piece][first : first + int(PASSAGE_SEC * SAMPLE_RATE)], SAMPLE_RATE))
        players.append(_player("what was heard", _played(piece.estimate, passage.begin_sec), _PLAYED_RATE))
        counts = f"{passage.played} notes, {passage.misses} missed, {passage.inventions} invented"
        body = f'{roll}<div class="players">{"".join(players)}</div>{_LEGEND}'
        panels.append(Panel(f"{piece.name}, from {_clock(passage.begin_sec)}: {counts}", body, wide=True))
    return panels


def _played(performance: Performance, begin_sec: float) -> NDArray[np.float32]:
    """A passage on tecla's own piano, with what still sounds from before it; (n,) at `_PLAYED_RATE`."""
    lead_sec = min(4.0, begin_sec)
    notes, moves = performance.notes, performance.controls
    near = notes[(notes["onset_sec"] >= begin_sec - lead_sec) & (notes["onset_sec"] < begin_sec + PASSAGE_SEC)]
    kept = moves[moves["time_sec"] < begin_sec + PASSAGE_SEC].copy()
    kept["time_sec"] = np.maximum(kept["time_sec"], begin_sec - lead_sec)
    sound = render(Performance(near, kept).shifted(lead_sec - begin_sec)).mean(1)
    first = int(lead_sec * RENDER_RATE)
    stretch = np.pad(sound, (0, int(PASSAGE_SEC * RENDER_RATE)))[first : first + int(PASSAGE_SEC * RENDER_RATE)]
    return np.concatenate(list(array_source(stretch, RENDER_RATE).blocks(_PLAYED_RATE)))


def _player(name: str, samples: NDArray[np.float32], rate: int) -> str:
    loud = float(np.abs(samples).max(initial=1e-3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "passage.ogg"
        save_audio(path, samples * np.float32(0.9 / loud), rate)
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    source = f"data:audio/ogg;base64,{data}"
    return f'<label>{name}<audio controls preload="metadata" data-length="{PASSAGE_SEC}" src="{source}"></audio></label>'


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
