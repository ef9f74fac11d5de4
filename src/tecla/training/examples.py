"""Training batches. Batch number i is a function of (seed, i) and of nothing else, so a run resumes exactly where it stopped.

A batch has a rendered part, note tables from performances (or from what is made up here) for `sampled_piano`, and a recorded part,
where to cut which recording. Only what a batch needs is read; sound is made where the network is (`tecla.training.sound`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from tecla.music.performance import CONTROL, NOTE, PEDAL_DOWN, SUSTAIN, Performance
from tecla.music.pitch import HIGHEST_PITCH, LOWEST_PITCH
from tecla.training.improvised import improvised
from tecla.training.loudness import loud_part_of_playing_db
from tecla.training.sampled_piano import DAMPING_RATE, NoteTable
from tecla.training.textures import random_texture
from tecla.transcription import targets
from tecla.transcription.features import FRAME_RATE

PRE_ROLL_SEC: Final = 1.0  # sound made before the first frame, so that rooms and strings already ring
POST_ROLL_SEC: Final = 0.3
_HISTORY_SEC: Final = 9.0  # the longest sample: what was struck earlier is silent
_INAUDIBLE_NEPERS: Final = 9.0  # -78 dB


@dataclass(frozen=True)
class ExampleConfig:
    """Size and mixture of a batch."""

    seed: int = 0
    n_frames: int = 512
    rendered: int = 32
    recorded: int = 16
    texture_share: float = 0.1
    style: targets.Style = "sub-frame"

    @property
    def sound_sec(self) -> float:
        """Length of the sound to make for an example, pre-roll and post-roll included."""
        return PRE_ROLL_SEC + (self.n_frames - 1) / FRAME_RATE + POST_ROLL_SEC


@dataclass(frozen=True)
class Batch:
    """What to sound and what to answer; rendered examples first, then recorded ones.

    Shape:
        table: notes of the rendered examples (times from the start of the sound); lift: (R, G) dampers' lift at DAMPING_RATE
        relative_db: (R,) loudness of each rendered example against that of its whole performance, on a typical piano
        recording, start_sec, speed: (Q,) where to cut, and how fast to play
        keys: (B, T, P, 6), pedals: (B, T, 4) float16 targets, B = R + Q
    """

    number: int
    table: NoteTable
    lift: Tensor
    relative_db: Tensor
    recording: Tensor
    start_sec: Tensor
    speed: Tensor
    keys: Tensor
    pedals: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            moved[field.name] = value.to(device) if isinstance(value, NoteTable | Tensor) else value
        return Batch(**moved)


class Examples(Dataset[Batch]):
    """Batches by number, without end.

    `performances` are rendered, `recordings` are the performances of real recordings, in the order of their sound.
    """

    def __init__(self, config: ExampleConfig, performances: Sequence[Performance], recordings: Sequence[Performance]) -> None:
        self.config = config
        self.performances, self.recordings = performances, recordings
        self._weights = _by_duration(performances)
        self._loud_db = [loud_part_of_playing_db(p, p.duration_sec) for p in performances]
        self._recording_weights = _by_duration(recordings)

    def __getitem__(self, number: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, number])
        drawn = [self._rendered(rng) for _ in range(self.config.rendered)]
        rendered = [performance for performance, _ in drawn]
        cuts = [self._cut(rng) for _ in range(self.config.recorded)]
        encoded = [targets.encode(p, PRE_ROLL_SEC, self.config.n_frames, self.config.style) for p in [*rendered, *(cut[0] for cut in cuts)]]
        table, lift = note_table(rendered, self.config.sound_sec, rng)
        where = torch.tensor([cut[1:] for cut in cuts], dtype=torch.float64).reshape(-1, 3)
        return Batch(
            number, table, lift, torch.tensor([db for _, db in drawn]), where[:, 0].long(), where[:, 1], where[:, 2],
            torch.from_numpy(np.stack([t.keys for t in encoded]).astype(np.float16)),
            torch.from_numpy(np.stack([t.pedals for t in encoded]).astype(np.float16)),
        )  # fmt: skip

    def _rendered(self, rng: np.random.Generator) -> tuple[Performance, float]:
        """A stretch to render, its times from the start of the sound, and how loud it is against the whole, in dB."""
        length_sec = self.config.sound_sec
        if rng.random() < self.config.texture_share:
            return random_texture(rng, length_sec + 2).shifted(-rng.uniform(0, 2)), rng.normal() * 4
        if not self.performances:
            return improvised(rng, length_sec + 8).shifted(-rng.uniform(0, 8)), rng.normal() * 4
        index = rng.choice(len(self.performances), p=self._weights)
        whole = self.performances[index]
        speed = float(np.exp(rng.normal() * 0.12))
        begin_sec = rng.uniform(-1.0, max(0.0, whole.duration_sec - 2.0))
        stretch = excerpt(whole, begin_sec, length_sec * speed, speed)
        relative_db = loud_part_of_playing_db(stretch, length_sec) - self._loud_db[index]
        return _revoiced(stretch, rng), relative_db

    def _cut(self, rng: np.random.Generator) -> tuple[Performance, int, float, float]:
        """A stretch of a recording, replayed a little faster or slower: (performance, recording, start_sec, speed)."""
        index = int(rng.choice(len(self.recordings), p=self._recording_weights))
        semitones, cents = int(rng.integers(-3, 4)) if rng.random() < 0.5 else 0, rng.normal() * 8
        speed = float(2 ** (semitones / 12 + cents / 1200))
        whole = self.recordings[index]
        begin_sec = rng.uniform(-1.0, max(0.0, whole.duration_sec - 2.0))
        heard = excerpt(whole, begin_sec, self.config.sound_sec * speed, speed)
        return _transposed_within(heard, semitones), index, begin_sec, speed


def excerpt(whole: Performance, begin_sec: float, length_sec: float, speed: float) -> Performance:
    """The stretch from begin_sec on, with the notes that may still sound in it, played `speed` times as fast from time 0."""
    notes, controls = whole.notes, whole.controls
    first, stop = np.searchsorted(notes["onset_sec"], (begin_sec - _HISTORY_SEC, begin_sec + length_sec))
    from_move, to_move = np.searchsorted(controls["time_sec"], (begin_sec - _HISTORY_SEC, begin_sec + length_sec + _HISTORY_SEC))
    notes, moves = notes[first:stop].copy(), _with_state(controls, int(from_move), int(to_move), begin_sec - _HISTORY_SEC)
    for times in (notes["onset_sec"], notes["offset_sec"], moves["time_sec"]):
        times -= begin_sec
        times /= speed
    return Performance(notes, moves)


def note_table(performances: Sequence[Performance], sound_sec: float, rng: np.random.Generator) -> tuple[NoteTable, Tensor]:
    """Notes of all performances as one table, each on a piano with dampers and a pedal of its own; and the dampers' lift (R, G)."""
    n_steps = int((_HISTORY_SEC + sound_sec) * DAMPING_RATE) + 2
    grid_sec = np.arange(n_steps) / DAMPING_RATE - _HISTORY_SEC
    columns, dampings, lifts = [np.zeros((8, 0))], [], []
    for segment, performance in enumerate(performances):
        lift = _lift(performance, grid_sec, rng)
        damping = np.concatenate([[0.0], np.cumsum(1 - lift)[:-1] / DAMPING_RATE])
        columns.append(_columns(performance, segment, grid_sec, damping, sound_sec, rng))
        dampings.append(damping)
        lifts.append(lift)
    rows = torch.from_numpy(np.concatenate(columns, 1))
    onset_sec, key_up_sec, restrike_sec, stop_sec, tau_sec, pitch, velocity = rows[1:].float()
    table = NoteTable(
        rows[0].long(), onset_sec, key_up_sec, restrike_sec, stop_sec, tau_sec, pitch, velocity, _stacked(dampings, n_steps), -_HISTORY_SEC
    )
    return table, _stacked(lifts, n_steps)


def _stacked(curves: list[NDArray[np.float64]], n_steps: int) -> Tensor:
    return torch.from_numpy(np.stack(curves) if curves else np.zeros((0, n_steps))).float()


def _lift(performance: Performance, grid_sec: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """How far the dampers are off the strings, 0..1 (G,): the pedal's value between two thresholds of this piano."""
    moves = performance.controls[performance.controls["number"] == SUSTAIN]
    value = np.append(0, moves["value"])[np.searchsorted(moves["time_sec"], grid_sec, side="right")]
    centre, width = rng.normal(PEDAL_DOWN, 7), rng.uniform(8, 50)
    return np.asarray(np.clip((value - centre) / width + 0.5, 0, 1))


def _columns(
    performance: Performance, segment: int, grid_sec: NDArray[np.float64], damping: NDArray[np.float64], sound_sec: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:  # fmt: skip
    """(8, N) columns of NoteTable: segment, onset, key_up, restrike, stop, tau, pitch, velocity."""
    notes = performance.notes
    notes = notes[(notes["pitch"] >= LOWEST_PITCH) & (notes["pitch"] <= HIGHEST_PITCH)]
    onset, key_up, pitch = notes["onset_sec"], notes["offset_sec"], notes["pitch"].astype(np.float64)
    tau = np.interp(pitch, [21, 45, 60, 90], [0.2, 0.12, 0.08, 0.045]) * np.exp(rng.normal() * 0.35)
    tau = np.where(pitch > rng.integers(87, 92), np.inf, tau)
    at_key_up = np.interp(key_up, grid_sec, damping)
    faded = np.searchsorted(damping, at_key_up + _INAUDIBLE_NEPERS * np.where(np.isinf(tau), 1e9, tau))
    faded_sec = np.append(grid_sec, grid_sec[-1] + 1)[np.minimum(faded, len(grid_sec))]
    restrike = performance.next_onset_sec()[(performance.notes["pitch"] >= LOWEST_PITCH) & (performance.notes["pitch"] <= HIGHEST_PITCH)]
    stop = np.minimum(np.maximum(faded_sec, key_up), np.minimum(restrike + 0.4, sound_sec))
    return np.stack([np.full(len(notes), segment), onset, key_up, restrike, stop, tau, pitch, notes["velocity"]])


def _with_state(controls: NDArray[np.void], first: int, stop: int, begin_sec: float) -> NDArray[np.void]:
    """Controls first..stop, led by what each pedal was at before: a pedal may have been down for a minute."""
    moves = [controls[first:stop]]
    for number in np.unique(controls["number"][:first]):
        before = controls[:first][controls["number"][:first] == number][-1:].copy()
        before["time_sec"] = begin_sec
        moves.insert(0, before)
    return np.concatenate(moves).astype(CONTROL)


def _revoiced(performance: Performance, rng: np.random.Generator) -> Performance:
    """The same music by another hand: transposed, louder or softer, flatter or more uneven."""
    notes = performance.notes.copy()
    if len(notes):
        around = notes["velocity"].mean()
        wider, louder = np.exp(rng.normal() * 0.15), rng.normal() * 6
        velocity = around + (notes["velocity"] - around) * wider + louder + rng.normal(size=len(notes)) * 2
        notes["velocity"] = np.clip(np.round(velocity), 1, 127)
    return _transposed_within(replace(performance, notes=notes), int(rng.integers(-6, 7)))


def _transposed_within(performance: Performance, semitones: int) -> Performance:
    """Transposed, without the notes that would leave the keyboard."""
    pitch = performance.notes["pitch"] + semitones
    notes = performance.notes[(pitch >= LOWEST_PITCH) & (pitch <= HIGHEST_PITCH)].astype(NOTE)
    return Performance(notes, performance.controls).transposed(semitones)


def _by_duration(performances: Sequence[Performance]) -> NDArray[np.float64] | None:
    durations = np.array([p.duration_sec for p in performances])
    return durations / durations.sum() if len(durations) else None
