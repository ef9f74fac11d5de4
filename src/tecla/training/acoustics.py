"""From a dry string to what a microphone hands over: resonance, room, microphone, noise, overload. Torch, in batches.

Every effect draws its own strength per example, often zero, so that no room and no microphone is the normal one.
Linear effects share one Fourier transform.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB

_ROOM_SAMPLES: Final = 24576  # 1.5 s of reverberation; lengths are chosen for the Fourier transform
_RESONANCE_SAMPLES: Final = 32768
_THUD_SAMPLES: Final = 4096


class World:
    """Draws and applies acoustics to batches of audio.

    Shape:
        dry: (B, N) float32 at 16 kHz
        lift: (B, N) 0..1 how far the dampers are off the strings, or None for a finished recording
        relative_db: (B,) how loud the example is to be against the loud part of its take
        returns: (B, N) float32, at a level at which the whole take would have about the nominal one
    """

    def __init__(self, device: torch.device, generator: torch.Generator) -> None:
        self.device, self.generator = device, generator

    def __call__(self, dry: Tensor, lift: Tensor | None, key_noise: Tensor | None, recorded: Tensor, relative_db: Tensor) -> Tensor:
        """`recorded` (B,) is 1 where the audio is already a finished recording: less room is added there."""
        sound = dry if lift is None else self._resonate(dry, lift)
        if key_noise is not None:
            sound = sound + self._thumps(key_noise, sound)
        sound = self._transfer(sound, self._room(len(dry), recorded), self._equaliser(dry.shape[1], len(dry)))
        # A whole file is levelled by its loud part, so that a quiet passage is quiet for the network too, and its noise is the take's.
        sound = sound / active_rms(sound) * 10 ** (relative_db[:, None] / 20)
        sound = self._overload(sound + self._noise(sound))
        gain_db = NOMINAL_DB + self._normal(len(dry), 1).clamp(-3, 3) * 1.5
        return sound * 10 ** (gain_db / 20)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator, device=self.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def _chance(self, n: int, probability: float | Tensor) -> Tensor:
        return (self._uniform(n, 1) < probability).float()

    def _resonate(self, dry: Tensor, lift: Tensor) -> Tensor:
        """With the dampers up all strings answer: the dry sound through a bank of ringing partials, gated by the pedal."""
        n, batch = dry.shape[1], len(dry)
        time_sec = torch.arange(_RESONANCE_SAMPLES, device=self.device) / SAMPLE_RATE
        key = torch.arange(88, device=self.device)
        hz = (27.5 * 2 ** (key / 12)[:, None] * torch.arange(1, 5, device=self.device)).flatten()
        hz = hz[hz < 7000] * 2 ** (self._normal(int((hz < 7000).sum())) * 3 / 1200)
        wave = torch.cos(2 * math.pi * (hz[:, None] * time_sec + self._uniform(len(hz), 1))) / hz[:, None].sqrt()
        ring = (wave * torch.exp(-time_sec / 0.9)).sum(0)
        ring = ring / ring.norm()
        size = n + _RESONANCE_SAMPLES
        wet = torch.fft.irfft(torch.fft.rfft(dry * lift, size) * torch.fft.rfft(ring, size), size)[:, :n] * lift
        return dry + wet * 10 ** ((-16 - 22 * self._uniform(batch, 1)) / 20)

    def _thumps(self, key_noise: Tensor, sound: Tensor) -> Tensor:
        """Keys and dampers knock: `key_noise` (B, N) holds an impulse per key movement; each becomes a dull thud."""
        n = key_noise.shape[1]
        time_sec = torch.arange(_THUD_SAMPLES, device=self.device) / SAMPLE_RATE
        thud = self._normal(len(key_noise), _THUD_SAMPLES) * torch.exp(-time_sec / (0.008 + 0.03 * self._uniform(len(key_noise), 1)))
        size = n + _THUD_SAMPLES
        hz = torch.fft.rfftfreq(size, 1 / SAMPLE_RATE, device=self.device)
        dull = 1 / (1 + (hz / (120 + 900 * self._uniform(len(key_noise), 1).square())) ** 2)
        knocks = torch.fft.irfft(torch.fft.rfft(key_noise, size) * torch.fft.rfft(thud, size) * dull, size)[:, :n]
        level = 10 ** ((-24 - 26 * self._uniform(len(key_noise), 1)) / 20)
        return knocks / (knocks.std(1, keepdim=True) + 1e-9) * sound.std(1, keepdim=True) * level

    def _room(self, batch: int, recorded: Tensor) -> Tensor:
        """Impulse responses, (B, _ROOM_SAMPLES): direct sound at 0, a few early reflections, a tail that dulls as it decays."""
        time_sec = torch.arange(_ROOM_SAMPLES, device=self.device) / SAMPLE_RATE
        decay_sec = 0.12 * (2.4 / 0.12) ** self._uniform(batch, 1)  # RT60
        build_up = torch.sigmoid((time_sec - 0.03 * self._uniform(batch, 1).square() - 0.002) / 0.002)
        bright = self._normal(batch, _ROOM_SAMPLES) * torch.exp(-6.9 * time_sec / (decay_sec * (0.25 + 0.6 * self._uniform(batch, 1))))
        dull = self._lowpass(self._normal(batch, _ROOM_SAMPLES), 300 * 10 ** self._uniform(batch, 1))
        dull = dull * torch.exp(-6.9 * time_sec / decay_sec)
        tail = (bright * self._uniform(batch, 1) + dull * 1.5) * build_up
        early = torch.zeros(batch, _ROOM_SAMPLES, device=self.device)
        delays = (0.001 + 0.05 * self._uniform(batch, 8).square()) * SAMPLE_RATE
        strength = self._normal(batch, 8) * torch.exp(-delays / SAMPLE_RATE / 0.03)
        early.scatter_add_(1, delays.long(), strength)
        tail = tail / (tail.norm(dim=1, keepdim=True) + 1e-9)
        early = early / (early.norm(dim=1, keepdim=True) + 1e-9)
        # Direct-to-reverberant ratio from +20 dB (close) to -8 dB (the back of the hall); a quarter stays dry.
        wet = 10 ** ((8 - 28 * self._uniform(batch, 1)) / 20) * self._chance(batch, 0.8 - 0.45 * recorded[:, None])
        response = wet * (tail + 0.6 * early * self._uniform(batch, 1))
        response[:, 0] += 1
        return response

    def _lowpass(self, noise: Tensor, corner_hz: Tensor) -> Tensor:
        hz = torch.fft.rfftfreq(noise.shape[1], 1 / SAMPLE_RATE, device=self.device)
        shaped = torch.fft.irfft(torch.fft.rfft(noise) / (1 + (hz / corner_hz) ** 2), noise.shape[1])
        return shaped / (shaped.std(1, keepdim=True) + 1e-9)

    def _equaliser(self, n: int, batch: int) -> Tensor:
        """Magnitude of microphone, speaker and hand on the knobs, (B, K): broad bumps, low cut, high cut, a tilt."""
        hz = torch.fft.rfftfreq(n + _ROOM_SAMPLES, 1 / SAMPLE_RATE, device=self.device).clamp(min=10)
        octave = torch.log2(hz / 440)[None, None]  # (1, 1, K)
        centre, width = self._uniform(batch, 6, 1) * 8.5 - 4.5, 0.3 + 1.5 * self._uniform(batch, 6, 1)
        bumps_db = (self._normal(batch, 6, 1) * 4.5 * torch.exp(-(((octave - centre) / width) ** 2))).sum(1)
        tilt_db = self._normal(batch, 1) * 1.5 * octave[0]
        strength = 0.2 + 0.8 * self._uniform(batch, 1) ** 2  # most are mild: how loud a note sounds must tell how hard it was struck
        low_cut = 20 * (200 / 20) ** (self._uniform(batch, 1) ** 2)
        high_cut = 8500 - 5500 * self._uniform(batch, 1) ** 2 * self._chance(batch, 0.6)
        order = 2 + 4 * self._uniform(batch, 1)
        cuts = (1 + (low_cut / hz) ** 4) ** -0.5 * (1 + (hz / high_cut) ** (2 * order)) ** -0.5
        return torch.asarray(10 ** ((strength * (bumps_db + tilt_db)).clamp(-24, 18) / 20) * cuts)

    def _transfer(self, sound: Tensor, room: Tensor, equaliser: Tensor) -> Tensor:
        n = sound.shape[1]
        size = n + _ROOM_SAMPLES
        return torch.fft.irfft(torch.fft.rfft(sound, size) * torch.fft.rfft(room, size) * equaliser, size)[:, :n]

    def _noise(self, sound: Tensor) -> Tensor:
        """Hiss to rumble by a random slope, and hum with its harmonics, for a sound of unit level."""
        batch, n = sound.shape
        hz = torch.fft.rfftfreq(n, 1 / SAMPLE_RATE, device=self.device).clamp(min=30)
        slope = self._uniform(batch, 1) * 2.2 - 0.2
        hiss = torch.fft.irfft(torch.fft.rfft(self._normal(batch, n)) * (hz / 1000) ** (-slope / 2), n)
        hiss = hiss / (hiss.std(1, keepdim=True) + 1e-9)
        mains = torch.where(self._uniform(batch, 1) < 0.5, 50.0, 60.0)
        time_sec = torch.arange(n, device=self.device) / SAMPLE_RATE
        hum = sum(torch.sin(2 * math.pi * mains * k * time_sec) * self._uniform(batch, 1) / k for k in (1, 2, 3, 5))
        level = 10 ** ((-8 - 60 * self._uniform(batch, 1) ** 0.7) / 20)
        hum_level = 10 ** ((-25 - 30 * self._uniform(batch, 1)) / 20) * self._chance(batch, 0.15)
        return hiss * level * self._chance(batch, 0.95) + hum * hum_level

    def _overload(self, sound: Tensor) -> Tensor:
        """One in ten is saturated, one in twenty clipped, one in six compressed. Unit level in, about unit level out."""
        batch = len(sound)
        drive = 0.2 + 0.5 * self._uniform(batch, 1)
        sound = torch.where(self._uniform(batch, 1) < 0.1, torch.tanh(sound * drive) / drive, sound)
        ceiling = 1.2 + 2 * self._uniform(batch, 1)
        sound = torch.where(self._uniform(batch, 1) < 0.05, sound.clamp(-ceiling, ceiling), sound)
        slow = _moving_average(sound.square(), 2400).clamp(min=1e-6)
        ratio = 0.4 * self._uniform(batch, 1) * self._chance(batch, 0.17)
        return sound * slow.clamp(min=1e-3) ** (-ratio / 2)


def _moving_average(values: Tensor, reach: int) -> Tensor:
    """Mean over `reach` samples to either side, beyond the ends zeros, (B, N): by a running sum, as a window of 0.3 s is long."""
    summed = torch.nn.functional.pad(values.double(), (reach + 1, reach)).cumsum(1)
    return ((summed[:, 2 * reach + 1 :] - summed[:, : -2 * reach - 1]) / (2 * reach + 1)).float()


def active_rms(sound: Tensor) -> Tensor:
    """Level of the loud part, (B, 1), as `tecla.transcription.level` measures a take: the 95th percentile of 0.1 s."""
    n = sound.shape[1] // 1600 * 1600
    blocks = sound[:, :n].reshape(len(sound), -1, 1600).square().mean(-1).sqrt()
    return torch.quantile(blocks, 0.95, dim=1, keepdim=True).clamp(min=1e-5)
