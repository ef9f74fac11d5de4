"""Renders piano audio from note tables with sampled pianos, in batches, on whatever device torch runs on.

All samples of all banks lie end to end in one tensor. A note is cut into blocks; every block of every note of the batch is
one row of a gather, shaped by its damper and added into its segment. Nothing loops over notes, so a GPU renders hours
in a second, and labels are exact because they made the sound.

How notes end decides what a network learns about endings, so the damper is a physical one. Its hold on the string is
`1 - lift(t)`, where lift follows the pedal's value between two thresholds (half pedal). A released string decays by

    exp(-(D(t) - D(t_up)) / tau(pitch)),    D(t) = integral of (1 - lift) dt

so a pedal that catches a still-ringing string, or a half-pressed one that thins the sound, comes out by itself.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import torch
from torch import Tensor

from tecla.errors import InputError
from tecla.music.pitch import N_KEYS
from tecla.transcription.features import SAMPLE_RATE

DAMPING_RATE: Final = 200  # steps of D(t) a second
OVERSAMPLING: Final = 2  # linear interpolation at twice the rate leaves no audible images
LEVELS: Final = 24  # loudness steps of the table that chooses a layer
QUIETEST_DB: Final = -46.0
_LEAD_SAMPLES: Final = 0.002 * SAMPLE_RATE
_BLOCK: Final = 2048
_ROWS_AT_ONCE: Final = {"cpu": 512, "cuda": 16384}  # what stays in a processor's cache, and what fills a GPU
_LAYER_STEP_DB: Final = 7.0  # assumed between layers that a bank's makers levelled


@dataclass(frozen=True)
class NoteTable:
    """Notes to render, flat over the batch; times in seconds from the start of their segment (negative: already sounding).

    Shape:
        segment, pitch, velocity: (N,); pitch 21..108
        onset_sec, key_up_sec, restrike_sec, stop_sec: (N,); restrike is the next onset of the key or infinity, stop is when
            the note can no longer be heard
        tau_sec: (N,) the damper's time constant; infinity where the piano has no damper
        damping: (B, G) the integral D at DAMPING_RATE, starting at `damping_start_sec`
    """

    segment: Tensor
    onset_sec: Tensor
    key_up_sec: Tensor
    restrike_sec: Tensor
    stop_sec: Tensor
    tau_sec: Tensor
    pitch: Tensor
    velocity: Tensor
    damping: Tensor
    damping_start_sec: float

    def to(self, device: torch.device) -> NoteTable:
        """The same table on another device."""
        moved: dict[str, Any] = {k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in vars(self).items()}
        return NoteTable(**moved)


@dataclass
class Banks:
    """Every sample of every bank, and the table that picks one.

    Shape:
        bright, dark: (S,) float16 at OVERSAMPLING x 16 kHz; dark is the same note played softly, by a low-pass
        start, length: (R,) samples; pitch: (R,); rms_db: (R,) as recorded; natural_db: (R,) loudness it was played at, 0 = loudest
        reference_db: (K, P) level of the loudest layer, smooth over the keyboard
        choice: (K, P, LEVELS) region that fits a key and a loudness
    """

    bright: Tensor
    dark: Tensor
    start: Tensor
    length: Tensor
    pitch: Tensor
    rms_db: Tensor
    natural_db: Tensor
    reference_db: Tensor
    choice: Tensor
    names: list[str]

    def to(self, device: torch.device) -> Banks:
        """The same banks on another device."""
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in vars(self).items()}
        return Banks(**moved)


def load_banks(folder: Path, names: list[str] | None = None, device: torch.device | None = None) -> Banks:
    """Reads banks (folders with a bank.json of regions) into one Banks on a device.

    Raises:
        InputError: the folder holds no bank.
    """
    found = sorted(path.parent for path in folder.glob("*/bank.json") if names is None or path.parent.name in names)
    if not found:
        raise InputError(f"{folder} holds no sampled piano: name a folder of folders with a bank.json")
    rows: list[tuple[float, ...]] = []
    files, references, choices = [], [], []
    for path in found:
        regions = json.loads((path / "bank.json").read_text())["regions"]
        natural = _natural_db(regions)
        references.append(_reference_db(regions))
        choices.append(_choice(regions, natural) + len(rows))
        files += [path / region["file"] for region in regions]
        rows += [(region["pitch"], region["rms_db"], natural_db) for region, natural_db in zip(regions, natural, strict=True)]
    with ThreadPoolExecutor() as readers:  # decoding releases the interpreter
        samples = readers.map(lambda path: soundfile.read(path, dtype="float32")[0], files)
        shades = [_oversampled(torch.from_numpy(s).to(device), row[0]) for s, row in zip(samples, rows, strict=True)]
    bright, dark = zip(*shades, strict=True)
    length = torch.tensor([len(b) for b in bright])
    pitch, rms_db, natural_db = torch.tensor(rows).float().T
    reference_db, choice = torch.tensor(np.array(references)).float(), torch.tensor(np.array(choices))
    banks = Banks(
        torch.cat(bright), torch.cat(dark), length.cumsum(0) - length, length, pitch, rms_db, natural_db, reference_db, choice,
        [path.name for path in found],
    )  # fmt: skip
    return banks if device is None else banks.to(device)


def render(table: NoteTable, banks: Banks, piano: Tensor, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """Dry sound of a batch of segments.

    Shape:
        piano: (B, 8) the player and instrument of each segment, from `random_pianos`
        returns: (B, n_samples) float32 at 16 kHz
    """
    voice = _voices(table, banks, piano, generator)
    out = torch.zeros(len(piano) * n_samples, device=banks.bright.device)
    first = (table.onset_sec * SAMPLE_RATE).clamp(min=0).long()
    last = torch.minimum(table.stop_sec * SAMPLE_RATE, table.onset_sec * SAMPLE_RATE + voice.n_samples).long().clamp(max=n_samples)
    n_blocks = ((last - first).clamp(min=0) + _BLOCK - 1) // _BLOCK
    note = torch.repeat_interleave(n_blocks)  # (rows,)
    block = torch.arange(len(note), device=note.device) - (n_blocks.cumsum(0) - n_blocks)[note]
    at_once = _ROWS_AT_ONCE.get(out.device.type, 512)
    begins = first[note] + block * _BLOCK
    for at in range(0, len(note), at_once):
        rows, begin = note[at : at + at_once], begins[at : at + at_once]
        _add_rows(out, table, banks, voice, rows, begin, last, n_samples)
    return out.view(len(piano), n_samples)


DYNAMIC_RANGE: Final = 3  # the column of `random_pianos` that holds it


def random_pianos(n: int, n_banks: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """Draws n players and instruments, (n, 8).

    Columns: bank, tuning cents, spread of tuning cents, dynamic range dB, bend of the velocity curve, darkening, tilt dB over the
    keyboard, unevenness dB.
    """
    u = torch.rand(n, 8, generator=generator, device=device)
    normal = torch.randn(n, generator=generator, device=device)
    return torch.stack(
        [
            (u[:, 0] * n_banks).floor(),
            (normal * 10).clamp(-35, 35),
            u[:, 1].square() * 5,
            26 + 14 * u[:, 2],
            0.3 + 0.7 * u[:, 3],
            u[:, 4] * 1.2,
            (u[:, 5] - 0.5) * 6,
            u[:, 6] * 1.5,
        ],
        1,
    )


@dataclass(frozen=True)
class _Voices:
    """How each note sounds: (N,) tensors."""

    start: Tensor
    rate: Tensor
    n_samples: Tensor
    gain: Tensor
    darkness: Tensor
    damping_at_key_up: Tensor


def _voices(table: NoteTable, banks: Banks, piano: Tensor, generator: torch.Generator | None) -> _Voices:
    bank, tuning, spread, range_db, bend, darkening, tilt_db, uneven_db = piano[table.segment].T
    key, device = table.pitch.long() - 21, table.pitch.device
    jitter = torch.randn(3, len(key), generator=generator, device=device)
    velocity = table.velocity.clamp(1, 127)
    # Between two laws seen on real instruments: loudness in dB linear in velocity, and linear in its logarithm.
    level_db = range_db * (bend * (velocity - 127) / 111 + (1 - bend) * torch.log(velocity / 127) / np.log(127 / 16))
    level_db = level_db.clamp(min=QUIETEST_DB)
    step = ((level_db + jitter[0] * 2) / QUIETEST_DB * LEVELS).long().clamp(0, LEVELS - 1)
    region = banks.choice[bank.long(), key, step]
    target_db = banks.reference_db[bank.long(), key] + level_db + tilt_db * (key / 43.5 - 1) + uneven_db * jitter[1]
    softer_db = (banks.natural_db[region] - level_db).clamp(min=0)
    cents = 100 * (table.pitch - banks.pitch[region]) + tuning + spread * jitter[2]
    rate = OVERSAMPLING * torch.exp2(cents / 1200)
    return _Voices(
        start=banks.start[region],
        rate=rate,
        n_samples=(banks.length[region] - 2) / rate - _LEAD_SAMPLES,
        gain=10 ** ((target_db - banks.rms_db[region]) / 20),
        darkness=(softer_db / 30 * darkening).clamp(0, 0.95),
        damping_at_key_up=_damping(table, table.segment, table.key_up_sec),
    )


def _damping(table: NoteTable, segment: Tensor, time_sec: Tensor) -> Tensor:
    """D(t) by linear interpolation; segment and time_sec broadcast."""
    at = ((time_sec - table.damping_start_sec) * DAMPING_RATE).clamp(0, table.damping.shape[1] - 1.001)
    below = at.long()
    flat = segment * table.damping.shape[1] + below
    low, high = table.damping.flatten()[flat], table.damping.flatten()[flat + 1]
    return low + (at - below) * (high - low)


def _add_rows(
    out: Tensor, table: NoteTable, banks: Banks, voice: _Voices, note: Tensor, begin: Tensor, last: Tensor, n_samples: int
) -> None:
    """Adds one block of each listed note: row i is samples begin[i] .. begin[i] + _BLOCK of note[i]."""
    sample = begin[:, None] + torch.arange(_BLOCK, device=out.device)  # (R, _BLOCK)
    since_onset = sample - (table.onset_sec * SAMPLE_RATE)[note][:, None]
    at = ((since_onset + _LEAD_SAMPLES) * voice.rate[note][:, None]).clamp(min=0)
    whole = at.long()
    where = (voice.start[note][:, None] + whole).clamp(max=len(banks.bright) - 2)
    fraction = at - whole
    darkness = voice.darkness[note][:, None]
    low = (1 - darkness) * banks.bright[where] + darkness * banks.dark[where]
    high = (1 - darkness) * banks.bright[where + 1] + darkness * banks.dark[where + 1]
    sound = (low + fraction * (high - low)) * _envelope(table, voice, note, begin)
    sound = torch.where((sample < last[note][:, None]) & (at > 0), sound, 0.0)
    target = table.segment[note][:, None] * n_samples + sample.clamp(max=n_samples - 1)
    out.index_add_(0, target.flatten(), sound.flatten())


def _envelope(table: NoteTable, voice: _Voices, note: Tensor, begin: Tensor) -> Tensor:
    """Damper and re-strike, (R, _BLOCK), worked out every 128 samples and interpolated between."""
    node = torch.arange(_BLOCK // 128 + 1, device=note.device) * 128
    time_sec = (begin[:, None] + node) / SAMPLE_RATE  # (R, 17)
    pressed = _damping(table, table.segment[note][:, None], time_sec) - voice.damping_at_key_up[note][:, None]
    released = torch.where(time_sec > table.key_up_sec[note][:, None], pressed.clamp(min=0) / table.tau_sec[note][:, None], 0.0)
    struck_again = (time_sec - table.restrike_sec[note][:, None]).clamp(min=0) / 0.05
    level = voice.gain[note][:, None] * torch.exp(-released - struck_again)
    ramp = (torch.arange(128, device=note.device) / 128)[None, None]
    return (level[:, :-1, None] + ramp * (level[:, 1:] - level[:, :-1])[..., None]).flatten(1)


def _natural_db(regions: list[dict[str, float]]) -> list[float]:
    """Loudness at which each region was played, 0 for the loudest layer: by its level, or by rank where layers were levelled."""
    layers = sorted({r["layer"] for r in regions})
    median = [float(np.median([r["rms_db"] for r in regions if r["layer"] == layer])) for layer in layers]
    levelled = len(layers) > 1 and median[-1] - median[0] < 3 * (len(layers) - 1)
    steps = [(_LAYER_STEP_DB * (i - len(layers) + 1)) if levelled else m - median[-1] for i, m in enumerate(median)]
    return [min(0.0, steps[layers.index(r["layer"])]) for r in regions]


def _reference_db(regions: list[dict[str, float]]) -> np.ndarray:
    """Level of the loudest layer over the keyboard, (P,): a parabola through its regions, for samples are uneven."""
    top = max(r["layer"] for r in regions)
    pitch, rms = np.array([(r["pitch"], r["rms_db"]) for r in regions if r["layer"] == top]).T
    return np.polyval(np.polyfit(pitch - 64, rms, 2), np.arange(21, 21 + N_KEYS) - 64)


def _choice(regions: list[dict[str, float]], natural_db: list[float]) -> np.ndarray:
    """Region for each key and loudness step, (P, LEVELS): nearest layer first, then nearest pitch in it."""
    pitch, natural = np.array([r["pitch"] for r in regions]), np.array(natural_db)
    level = (np.arange(LEVELS) + 0.5) / LEVELS * QUIETEST_DB
    key = np.arange(21, 21 + N_KEYS)
    distance = np.abs(pitch - key[:, None, None]) * 6.0 + np.abs(natural - level[:, None])
    return np.asarray(distance.argmin(-1))


def _oversampled(samples: Tensor, pitch: float) -> tuple[Tensor, Tensor]:
    """A region at twice the rate, as played and darkened, float16, faded at its cut end."""
    n = len(samples)
    samples[-1600:] *= torch.linspace(1, 0, min(1600, n), device=samples.device)
    size = 1 << (n + 1024).bit_length()  # a power of two is fast, and its padding keeps the end from wrapping into the onset
    spectrum = torch.fft.rfft(samples, size)
    hz = torch.linspace(0, SAMPLE_RATE / 2, len(spectrum), device=samples.device)
    corner = min(2500.0, max(350.0, 2.5 * 440 * 2 ** ((pitch - 69) / 12)))
    shades = (torch.ones_like(hz), (1 + (hz / corner) ** 2) ** -0.5)
    wide = [torch.fft.irfft(spectrum * shade, size * OVERSAMPLING)[: n * OVERSAMPLING] for shade in shades]
    bright, dark = ((w * OVERSAMPLING).half() for w in wide)
    return bright, dark
