"""The recipe of the single-line network: made-up singing, lines on sampled pianos and clips of the voice corpus, out in the world.

Batch number i is a function of (seed, i) and of nothing else, as in `tecla.training.examples`. To make sound costs more than to learn from
it, so batches come again after `LineMix.pool` of them, each time transposed by moving its picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from tecla.corpora.voice import SUNG_OCTAVE
from tecla.models.line import LineConfig, LineNet
from tecla.music import Performance
from tecla.training.acoustics import World
from tecla.training.examples import note_table
from tecla.training.sampled_piano import Banks, random_pianos, render
from tecla.training.singing import CONTROL_RATE, random_line, random_notes
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.monophonic.features import FRAME_RATE, LOWEST_PITCH, MARGIN_SAMPLES, N_PITCHES, spectrogram
from tecla.transcription.monophonic.targets import encode_line

PITCHES: Final = np.arange(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES)
EXAMPLE_SEC: Final = 4.0
N_FRAMES: Final = int(EXAMPLE_SEC * FRAME_RATE)
_UNSURE_SEC: Final = 0.12  # to either side of a corpus label's ends: a hand wrote them, the voice came before or after
_ONSET_WEIGHT, _BEND_WEIGHT = 3.0, 1.0


@dataclass(frozen=True)
class LineMix:
    """How many examples of each kind make a batch, and how many batches are made before they come again, transposed."""

    seed: int = 0
    pool: int = 32
    sung: int = 4
    piano: int = 2
    recorded: int = 2


@dataclass(frozen=True)
class LineBatch:
    """What is heard and what should be said.

    Shape:
        features: (B, W, T, F); state: (B, T); onset, bend: (B, T); surely, exactly: (B, T) 1 where the state, and where onset and
        bend are known
    """

    features: Tensor
    state: Tensor
    onset: Tensor
    bend: Tensor
    surely: Tensor
    exactly: Tensor


@dataclass(frozen=True)
class _Example:
    samples: NDArray[np.float32]
    notes: Performance
    pitch: NDArray[np.float64] | None  # None: a recording, whose labels are only nearly right


class LineExamples(Dataset[LineBatch]):
    """Batches by number, without end.

    Args:
        clips: of the voice corpus, (n,) float32 at 16 kHz with their labels, training split only; none is fine.
    """

    def __init__(self, mix: LineMix, banks: Banks | None, clips: Sequence[tuple[NDArray[np.float32], Performance]]) -> None:
        self.mix, self.banks, self.clips = mix, banks, clips
        self._made: dict[int, LineBatch] = {}

    def __getitem__(self, number: int) -> LineBatch:
        again, place = divmod(number, self.mix.pool)
        if place not in self._made:
            made = self._make(place)
            self._made[place] = replace(made, features=made.features.half())  # a few hundred stay in memory
        kept = self._made[place]
        rng = np.random.default_rng([self.mix.seed, place, again])
        return transposed(replace(kept, features=kept.features.float()), int(rng.integers(-7, 8)) if again else 0)

    def _make(self, number: int) -> LineBatch:
        rng = np.random.default_rng([self.mix.seed, number])
        generator = torch.Generator().manual_seed((self.mix.seed << 32) + number)
        examples = [self._sung(rng) for _ in range(self.mix.sung + (0 if self.clips else self.mix.recorded))]
        examples += self._on_pianos(rng, generator) if self.banks is not None else [self._sung(rng) for _ in range(self.mix.piano)]
        examples += [self._clip(rng) for _ in range(self.mix.recorded if self.clips else 0)]
        dry = torch.from_numpy(np.stack([example.samples for example in examples]))
        recorded = torch.tensor([float(example.pitch is None) for example in examples])
        heard = World(torch.device("cpu"), generator)(
            dry, None, None, recorded, torch.from_numpy(rng.normal(0, 3, len(dry)).astype(np.float32))
        ).numpy()
        return _batch(heard, examples)

    def _sung(self, rng: np.random.Generator) -> _Example:
        line = random_line(rng, EXAMPLE_SEC)
        return _Example(line.samples, line.notes, line.pitch)

    def _on_pianos(self, rng: np.random.Generator, generator: torch.Generator) -> list[_Example]:
        """Lines on sampled pianos: their attacks, and tones that fade by themselves."""
        assert self.banks is not None
        lines = [_struck(random_notes(rng, EXAMPLE_SEC, 36 + low, 60 + low), rng) for low in rng.integers(0, 45, self.mix.piano).tolist()]
        table, _ = note_table(lines, EXAMPLE_SEC, rng)
        pianos = random_pianos(len(lines), len(self.banks.names), generator, torch.device("cpu"))
        sound = render(table, self.banks, pianos, int(EXAMPLE_SEC * SAMPLE_RATE), generator).numpy()
        return [_Example(samples, line, _even_pitch(line)) for samples, line in zip(sound, lines, strict=True)]

    def _clip(self, rng: np.random.Generator) -> _Example:
        samples, notes = self.clips[int(rng.integers(len(self.clips)))]
        n_samples = int(EXAMPLE_SEC * SAMPLE_RATE)
        return _Example(np.pad(samples[:n_samples], (0, max(0, n_samples - len(samples)))), notes.transposed(SUNG_OCTAVE), None)


def _struck(notes: Performance, rng: np.random.Generator) -> Performance:
    table = notes.notes.copy()
    table["velocity"] = np.clip(rng.normal(70, 18, len(table)), 20, 120)
    return Performance(table)


def _even_pitch(line: Performance) -> NDArray[np.float64]:
    """The pitch of keys: that of the note before or at each moment, (G,)."""
    at = np.searchsorted(line.notes["onset_sec"], np.arange(int(EXAMPLE_SEC * CONTROL_RATE)) / CONTROL_RATE, side="right") - 1
    return line.notes["pitch"][np.clip(at, 0, None)].astype(np.float64) if len(line) else np.zeros(len(at))


def _batch(heard: NDArray[np.float32], examples: Sequence[_Example]) -> LineBatch:
    padded = np.pad(heard, ((0, 0), (MARGIN_SAMPLES, MARGIN_SAMPLES)))
    features = np.stack([spectrogram(samples)[:, :N_FRAMES] for samples in padded])
    time_sec = np.arange(N_FRAMES) / FRAME_RATE
    targets = [encode_line(example.notes, PITCHES, N_FRAMES, FRAME_RATE) for example in examples]
    state = np.stack([target.state for target in targets])
    bend, surely, exactly = np.zeros(state.shape, np.float32), np.ones(state.shape, np.float32), np.zeros(state.shape, np.float32)
    for row, example in enumerate(examples):
        if example.pitch is None:
            ends = np.concatenate([example.notes.notes["onset_sec"], example.notes.notes["offset_sec"], [-1.0]])
            surely[row] = np.abs(time_sec[:, None] - ends).min(1) > _UNSURE_SEC
        else:
            curve = np.interp(time_sec, np.arange(len(example.pitch)) / CONTROL_RATE, example.pitch)
            bend[row] = np.clip(curve - PITCHES[np.maximum(state[row] - 1, 0)], -1.5, 1.5) * (state[row] > 0)
            exactly[row] = 1.0
    onset = np.stack([target.onset for target in targets])
    return LineBatch(*map(torch.from_numpy, (features, state, onset, bend, surely, exactly)))


def transposed(batch: LineBatch, semitones: int) -> LineBatch:
    """A batch as if sung higher or lower: its picture moved, what comes in from outside silent, and frames whose pitch leaves uncounted."""
    moved = torch.roll(batch.features, 4 * semitones, -1)
    if semitones > 0:
        moved[..., : 4 * semitones] = batch.features[..., :1]
    elif semitones < 0:
        moved[..., 4 * semitones :] = batch.features[..., -1:]
    state = torch.where(batch.state > 0, batch.state + semitones, 0)
    inside = ((state > 0) & (state <= N_PITCHES)) | (batch.state == 0)
    return replace(batch, features=moved, state=torch.where(inside, state, 0), surely=batch.surely * inside, exactly=batch.exactly * inside)


def line_loss(network: nn.Module, batch: LineBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy of the states, binary cross-entropy of onsets, Huber error of the bend where a note sounds."""
    heads = network(batch.features)
    states = functional.cross_entropy(heads.states.float().flatten(0, 1), batch.state.flatten(), reduction="none").view_as(batch.surely)
    state = (states * batch.surely).sum() / batch.surely.sum().clamp(min=1)
    onsets = functional.binary_cross_entropy_with_logits(heads.onset.float(), batch.onset, reduction="none")
    onset = (onsets * batch.exactly).sum() / batch.exactly.sum().clamp(min=1)
    sounding = (batch.state > 0) * batch.exactly
    strayed = functional.huber_loss(heads.bend.float(), batch.bend, reduction="none", delta=0.2)
    bend = (strayed * sounding).sum() / sounding.sum().clamp(min=1)
    parts = {"state": state, "onset": onset, "bend": bend}
    return state + _ONSET_WEIGHT * onset + _BEND_WEIGHT * bend, {name: part.detach() for name, part in parts.items()}


def make_line_network(config: LineConfig | None = None) -> nn.Module:
    """A network, its first answer "silence": so most of the steps are not spent on finding that out."""
    network: Any = LineNet(config)
    nn.init.constant_(network.answer.bias[0], -3.0)
    return network
