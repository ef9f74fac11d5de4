"""A batch becomes audio on the training device: rendered examples are played, recorded ones are cut, all go out into the world."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tecla.training.acoustics import World, active_rms
from tecla.training.examples import PRE_ROLL_SEC, Batch, ExampleConfig
from tecla.training.loudness import TYPICAL_RANGE_DB
from tecla.training.sampled_piano import DAMPING_RATE, DYNAMIC_RANGE, Banks, NoteTable, random_pianos, render
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, SAMPLE_RATE

_PRE_ROLL_SAMPLES: Final = int(PRE_ROLL_SEC * SAMPLE_RATE)
_RELATIVE_DB: Final = (-35.0, 8.0)  # quieter than that is a rest, louder an outburst in a take of rests


class Sound:
    """Makes the audio of batches.

    Args:
        banks: sampled pianos, on the training device
        recordings: every recording end to end, (S,) int16 or float, on the training device
        begins: (M + 1,) where each recording begins in it, the end last
        world: what makes the acoustics; another one to find out what they are worth
    """

    def __init__(self, config: ExampleConfig, banks: Banks | None, recordings: Tensor, begins: Tensor, world: type[World] = World) -> None:
        self.config, self.banks, self.recordings, self.begins, self.world = config, banks, recordings, begins, world
        self.device = recordings.device
        self.loud_part = torch.tensor([self._loud_part(a, b) for a, b in pairwise(begins.tolist())], device=self.device)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Tensor:
        """Shape: returns (B, N) float32 at 16 kHz, with the margins that features need around the batch's frames."""
        generator = torch.Generator(self.device).manual_seed((self.config.seed << 32) + batch.number)
        world = self.world(self.device, generator)
        parts = []
        if batch.keys.shape[0] > len(batch.recording) and self.banks is not None:
            parts.append(self._rendered(batch, self.banks, world, generator))
        if len(batch.recording):
            dry = self._cut(batch)
            relative_db = 20 * torch.log10(active_rms(dry)[:, 0] / self.loud_part[batch.recording])
            parts.append(world(dry, None, None, torch.ones(len(dry), device=self.device), relative_db.clamp(*_RELATIVE_DB)))
        return torch.cat(parts)[:, _PRE_ROLL_SAMPLES - MARGIN_SAMPLES :][:, : self._kept_samples]

    def _loud_part(self, begin: int, end: int) -> float:
        """Level of the loud part of a whole recording."""
        return float(active_rms(self.recordings[None, begin:end].float() * self._scale))

    @property
    def _scale(self) -> float:
        return 1 / 32768 if self.recordings.dtype == torch.int16 else 1.0

    @property
    def _kept_samples(self) -> int:
        return (self.config.n_frames - 1) * HOP_SAMPLES + 2 * MARGIN_SAMPLES

    @property
    def _n_samples(self) -> int:
        return int(self.config.sound_sec * SAMPLE_RATE)

    def _rendered(self, batch: Batch, banks: Banks, world: World, generator: torch.Generator) -> Tensor:
        n_segments = len(batch.lift)
        pianos = random_pianos(n_segments, len(banks.names), generator, self.device)
        dry = render(batch.table, banks, pianos, self._n_samples, generator)
        start = int(-batch.table.damping_start_sec * DAMPING_RATE)
        lift = functional.interpolate(batch.lift[:, None, start:], scale_factor=SAMPLE_RATE // DAMPING_RATE)[:, 0, : self._n_samples]
        lift = functional.pad(lift, (0, self._n_samples - lift.shape[1]))
        knocks = _key_movements(batch.table, n_segments, self._n_samples)
        # On a piano that plays soft notes softer, quiet passages are quieter too.
        relative_db = (batch.relative_db * pianos[:, DYNAMIC_RANGE] / TYPICAL_RANGE_DB).clamp(*_RELATIVE_DB)
        return world(dry, lift, knocks, torch.zeros(n_segments, device=self.device), relative_db)

    def _cut(self, batch: Batch) -> Tensor:
        """Recordings from start_sec on at their speed, (Q, N); silence before their beginning and after their end."""
        begin, end = self.begins[batch.recording], self.begins[batch.recording + 1]
        step = torch.arange(self._n_samples, device=self.device, dtype=torch.float64)
        at = (begin + batch.start_sec * SAMPLE_RATE)[:, None] + step * batch.speed[:, None]  # (Q, N)
        inside = (at >= begin[:, None]) & (at < end[:, None] - 1)
        at = torch.where(inside, at, begin[:, None].double())
        whole = at.long()
        low, high = self.recordings[whole].float(), self.recordings[whole + 1].float()
        return torch.where(inside, (low + (at - whole).float() * (high - low)) * self._scale, 0.0)


def _key_movements(table: NoteTable, n_segments: int, n_samples: int) -> Tensor:
    """Impulses where a key lands and where it comes up, (B, N): they knock on the wood."""
    impulses = torch.zeros(n_segments * n_samples, device=table.pitch.device)
    for time_sec, strength in ((table.onset_sec, table.velocity / 64), (table.key_up_sec, torch.full_like(table.velocity, 0.6))):
        at = (time_sec * SAMPLE_RATE).long()
        inside = (at >= 0) & (at < n_samples)
        impulses.index_add_(0, (table.segment * n_samples + at)[inside], strength[inside])
    return impulses.view(n_segments, n_samples)
