"""The classic: a spectrogram as a sum of 88 known spectra, each as loud as it must be (non-negative matrix factorisation, templates fixed).

Templates are learned from one sampled piano, each from a recording of its key. Then only loudness is searched, by multiplicative updates
that lower the Kullback-Leibler divergence (Lee & Seung 2001; for the piano: Smaragdis & Brown 2003).
Notes begin where a loudness jumps and end where it has fallen. No training, no torch; and no idea of pedals or velocity beyond loudness.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.music import Performance
from tecla.music.pitch import LOWEST_PITCH, N_KEYS
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, filterbank, taper

WINDOW: Final = 4096
_ITERATIONS: Final = 25
JUMP: Final = 0.06  # of the loudest moment of a piece: what begins a note
_HELD: Final = 0.15  # of the note's own peak: below it the note is over
_SHORTEST_FRAMES: Final = 4


def magnitudes(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-frequency magnitudes of a sound, (T, F); frame t is centred on t * HOP_SAMPLES."""
    n_frames = -(-len(samples) // HOP_SAMPLES)
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2 + HOP_SAMPLES))
    framed = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP_SAMPLES][:n_frames]
    power = np.square(np.abs(np.fft.rfft(framed * taper(WINDOW), axis=1)))
    return np.sqrt(power @ filterbank(WINDOW))


def learn_templates(sounds: dict[int, NDArray[np.float32]]) -> NDArray[np.float64]:
    """Spectra of 88 keys, (P, F), each summing to one, from recordings by pitch; a key without one is moved from its nearest neighbour.

    Raises:
        InputError: no recordings.
    """
    if not sounds:
        raise InputError("no notes to learn templates from: name a sampled piano")
    known = sorted(sounds)
    own = {pitch: _template(sounds[pitch]) for pitch in known}
    keys = [min(known, key=lambda other: abs(other - pitch)) for pitch in range(LOWEST_PITCH, LOWEST_PITCH + N_KEYS)]
    moved = [_moved(own[near], 4 * (LOWEST_PITCH + key - near)) for key, near in enumerate(keys)]
    return np.stack([template / template.sum() for template in moved])


def _template(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first second of a note as one spectrum times one curve of loudness: the best such product is the mean over time, for KL."""
    return np.asarray(magnitudes(sound[:16000]).mean(0) + 1e-9)


def _moved(template: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    out = np.full(len(template), 1e-9)
    out[max(0, bins) : len(template) + min(0, bins)] = template[max(0, -bins) : len(template) - max(0, bins)]
    return out


def load_templates(bank: Path) -> NDArray[np.float64]:
    """Templates from a bank folder (bank.json and its samples), of each pitch the recording that was played loudest.

    Raises:
        InputError: the folder holds no bank.
    """
    try:
        regions = json.loads((bank / "bank.json").read_text("utf-8"))["regions"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{bank} holds no sampled piano ({error}): name a folder with a bank.json") from None
    chosen = {int(region["pitch"]): region["file"] for region in sorted(regions, key=lambda region: region.get("layer", 0))}
    return learn_templates({pitch: soundfile.read(bank / file, dtype="float32")[0] for pitch, file in chosen.items()})


def loudness(spectrum: NDArray[np.float64], templates: NDArray[np.float64], iterations: int = _ITERATIONS) -> NDArray[np.float64]:
    """How loud each template is, (T, P), such that loudness @ templates is near the spectrum (T, F)."""
    found = np.full((len(spectrum), len(templates)), spectrum.mean() + 1e-9)
    for _ in range(iterations):
        found *= (spectrum / (found @ templates + 1e-9)) @ templates.T  # each template sums to one: no divisor is left
    return found


def transcribe_by_nmf(samples: NDArray[np.float32], templates: NDArray[np.float64], jump: float = JUMP) -> Performance:
    """Notes of a sound, (N,) float32 at 16 kHz; velocity is by loudness. `jump` begins a note, as a share of the loudest moment."""
    if not len(samples) or not np.abs(samples).max() > 0:
        return Performance()
    curve = np.sqrt(loudness(magnitudes(samples), templates))
    curve /= curve.max()
    before = np.pad(curve, ((2, 0), (0, 0)))[:-2]
    rise = np.pad(curve - before, ((1, 1), (0, 0)))
    peak = (rise[1:-1] > jump) & (rise[1:-1] > rise[:-2]) & (rise[1:-1] >= rise[2:])
    rows = [(key, *note) for key in range(N_KEYS) for note in _notes_of_key(curve[:, key], np.flatnonzero(peak[:, key]))]
    key, onset, offset, height = np.array(rows).reshape(-1, 4).T
    velocity = np.clip(np.round(127 * np.sqrt(height)), 1, 127)
    return Performance.from_arrays(onset / FRAME_RATE, offset / FRAME_RATE, key.astype(int) + LOWEST_PITCH, velocity)


def _notes_of_key(curve: NDArray[np.float64], onsets: NDArray[np.intp]) -> list[tuple[float, float, float]]:
    """Onset and end in frames, and peak loudness, of one key's notes."""
    notes = []
    for number, onset in enumerate(onsets.tolist()):
        limit = int(onsets[number + 1]) if number + 1 < len(onsets) else len(curve)
        height = float(curve[onset : min(limit, onset + 8)].max())
        fallen = np.flatnonzero(curve[onset + 1 : limit] < _HELD * height)
        end = onset + 1 + int(fallen[0]) if len(fallen) else limit
        if end - onset >= _SHORTEST_FRAMES:
            # A root rises most steeply before the middle of the window has reached the note: two frames, on the sampled pianos.
            notes.append((onset + 1.0, float(max(end, onset + 2)), height))
    return notes
