"""Sound as it comes -> notes as they become certain, by the same network that hears whole files.

Every tenth of a second the network hears the last second or so once more. What lies at least the look-ahead before their end is told; what
came after it is only there to make sure. Where a note ends is the best cut of `decode`, found while the sums still grow:
once the belief since the best cut has turned against the note by `_SURE`, the note is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from tecla.errors import OptionError
from tecla.music.events import Event
from tecla.music.pitch import LOWEST_PITCH, N_KEYS
from tecla.transcription.decode import (
    LONGEST_NOTE_FRAMES,
    DecodeConfig,
    find_peaks,
    load_reading,
    log_odds,
    peak_shift,
    refined,
    velocity_at,
)
from tecla.transcription.dynamics import Dynamics, load_dynamics
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, MARGIN_SAMPLES, spectrogram
from tecla.transcription.level import RunningLevel
from tecla.transcription.network import Activations, Network, find_weights
from tecla.transcription.targets import EVENT_REACH_FRAMES, KEY_CHANNELS

LOOK_AHEAD_SEC: Final = (0.1, 2.0)  # least and most; 0.3 costs little, see docs/live.md
_STEP_FRAMES: Final = 5
_STEP_SAMPLES: Final = _STEP_FRAMES * HOP_SAMPLES
_MOST_STEPS: Final = 5
_WINDOW_FRAMES: Final = 64
_SURE: Final = 8.0  # in log odds: about two frames of full belief
_SHORTEST_NOTE_FRAMES: Final = 1.0
_ONSET, _VELOCITY, _SOUNDING, _SOUNDING_END, _KEY, _KEY_UP = range(len(KEY_CHANNELS))

Loudness = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]], NDArray[np.float64]]  # velocity, onset in frames, key


class LiveTranscriber:
    """Hears one stream, once: `push` sound, then `flush`. Not to be shared between threads.

    Every note that is told to begin is told to end: by its key, by the next stroke of the key, after 20 s at the latest, or by `flush`.
    """

    def __init__(
        self, network: Network, look_ahead_sec: float = 0.3, config: DecodeConfig | None = None, dynamics: Dynamics | None = None
    ) -> None:
        """Raises OptionError if `look_ahead_sec` is out of bounds."""
        if not LOOK_AHEAD_SEC[0] <= look_ahead_sec <= LOOK_AHEAD_SEC[1]:
            low, high = LOOK_AHEAD_SEC
            raise OptionError(f"the look-ahead is {look_ahead_sec} s: must be {low} to {high} s")
        self.look_ahead_frames = round(look_ahead_sec * FRAME_RATE)
        self._network, self._config = network, config or DecodeConfig()
        self._level, self._pools = RunningLevel(), ThreadpoolController()
        self._window = np.zeros((_WINDOW_FRAMES - 1) * HOP_SAMPLES + MARGIN_SAMPLES, np.float32)  # ends with the last sample heard
        self._waiting = np.zeros(0, np.float32)
        self._heard = self._told = 0  # in frames
        self._keys, self._pedal = _Keys(self._config, self._loudness(dynamics)), _Pedal(self._config)

    @classmethod
    def load(cls, model: str = "default", look_ahead_sec: float = 0.3) -> LiveTranscriber:
        """Shipped weights by name, or an .onnx file.

        Raises:
            OptionError: no such model, or the look-ahead is out of bounds. InputError: the file is no network.
        """
        weights = find_weights(model)
        return cls(Network(weights, threads=1), look_ahead_sec, load_reading(weights), load_dynamics(weights))

    @property
    def heard_sec(self) -> float:
        """How much sound was heard so far."""
        return self._heard / FRAME_RATE

    def push(self, samples: NDArray[np.float32], hurry: bool = False) -> list[Event]:
        """What became certain with these samples, in order of time.

        Nothing depends on how the sound is cut into pushes, unless `hurry` is on: then all that has come is heard at once, for a
        caller who is late and must catch up.

        Shape:
            samples: (N,) float32 mono at 16 kHz, the next ones
        """
        self._waiting = np.concatenate([self._waiting, np.nan_to_num(samples.astype(np.float32, copy=False))])
        events = []
        while len(self._waiting) >= _STEP_SAMPLES:
            n_steps = min(len(self._waiting) // _STEP_SAMPLES, _MOST_STEPS) if hurry else 1
            step, self._waiting = np.split(self._waiting, [n_steps * _STEP_SAMPLES])
            events += self._step(step, self.look_ahead_frames)
        return events

    def flush(self) -> list[Event]:
        """What was not told yet, and the end of everything that still sounds. The stream is over then.

        A note that begins in the last tenth of a second is not told: a stream that is cut off sounds like a strike there.
        """
        step = np.pad(self._waiting, (0, -len(self._waiting) % HOP_SAMPLES))
        events = self._step(step, round(LOOK_AHEAD_SEC[0] * FRAME_RATE))
        self._waiting = np.zeros(0, np.float32)
        return _in_order(events + self._keys.release(self._heard) + self._pedal.release(self._heard))

    def _loudness(self, dynamics: Dynamics | None) -> Loudness:
        if dynamics is None:
            return lambda velocity, onset, key: velocity
        return lambda velocity, onset, key: dynamics(velocity, self._level.passage_db(onset / FRAME_RATE), key)

    def _step(self, step: NDArray[np.float32], look_ahead_frames: int) -> list[Event]:
        self._level.hear(step)
        self._window = np.concatenate([self._window[len(step) :], step])
        self._heard += len(step) // HOP_SAMPLES
        stop = self._heard - look_ahead_frames
        if stop <= self._told:
            return []
        view, begin = self._listen(), self._heard - _WINDOW_FRAMES + 1
        first, self._told = self._told, stop
        pedal = self._pedal.follow(view.pedals, begin, first, stop)
        return _in_order(pedal + self._keys.follow(view.keys, begin, first, stop, self._pedal.down))

    def _listen(self) -> Activations:
        """The last `_WINDOW_FRAMES` frames; the sound after the last one is not known yet."""
        sound = np.pad(self._window - self._window.mean(), (0, MARGIN_SAMPLES)) * self._level.gain
        with self._pools.limit(limits=1, user_api="blas"):
            return self._network(spectrogram(sound))


class _Keys:
    """Which keys are down, and how far each has come towards its end; one entry a key."""

    def __init__(self, config: DecodeConfig, loudness: Loudness) -> None:
        self._config, self._loudness = config, loudness
        self._onset = np.full(N_KEYS, -np.inf)  # of the last note, in frames, with fraction
        self._down = np.zeros(N_KEYS, bool)
        self._sum, self._best = np.zeros((2, N_KEYS)), np.zeros((2, N_KEYS))  # rows: the key, the string
        self._end = np.zeros((2, N_KEYS))
        self._over = np.zeros((2, N_KEYS), bool)

    def follow(self, keys: NDArray[np.float32], begin: int, first: int, stop: int, pedal_down: bool) -> list[Event]:
        """Notes that begin or end in frames first..stop of the stream, by activations (T, P, 6) whose first frame is `begin`."""
        events = []
        frame, key = find_peaks(keys[..., _ONSET], self._config.onset_threshold)
        # A summit may move by a frame between two hearings: look back a little, and never tell one twice.
        wanted = (frame + begin >= first - EVENT_REACH_FRAMES) & (frame + begin < stop)
        wanted &= frame + begin > self._onset[key] + EVENT_REACH_FRAMES
        frame, key = frame[wanted], key[wanted]
        onset = np.maximum(frame + begin + peak_shift(keys[..., _ONSET], frame, key), 0.0)
        velocity, confidence = self._loudness(velocity_at(keys, frame, key), onset, key), keys[frame, key, _ONSET]
        for at in range(first, stop):
            for i in np.flatnonzero(np.maximum(frame + begin, first) == at):
                events += self._strike(int(key[i]), float(onset[i]), float(velocity[i]), float(confidence[i]))
            if at >= begin:
                events += self._weigh(keys, at - begin, begin, pedal_down)
        return events

    def release(self, at: int) -> list[Event]:
        """Ends all notes."""
        return [self._lift(int(key), at) for key in np.flatnonzero(self._down)]

    def _strike(self, key: int, onset: float, velocity: float, confidence: float) -> list[Event]:
        before = [self._lift(key, onset - 0.25)] if self._down[key] else []
        self._onset[key], self._down[key] = onset, True
        self._sum[:, key], self._best[:, key], self._end[:, key], self._over[:, key] = 0.0, -np.inf, onset + 1, False
        loudness = int(np.clip(round(velocity * 127), 1, 127))
        return [*before, Event("note_on", onset / FRAME_RATE, key + LOWEST_PITCH, loudness, min(confidence, 1.0))]

    def _lift(self, key: int, at: float) -> Event:
        self._down[key] = False
        at = max(at, self._onset[key] + _SHORTEST_NOTE_FRAMES)
        return Event("note_off", at / FRAME_RATE, key + LOWEST_PITCH)

    def _weigh(self, keys: NDArray[np.float32], t: int, begin: int, pedal_down: bool) -> list[Event]:
        """Adds one frame's evidence. With the pedal down a note ends with its key, else when the string is silent, too."""
        span, event = keys[t][:, (_KEY, _SOUNDING)].T, keys[t][:, (_KEY_UP, _SOUNDING_END)].T
        counts = self._down & (begin + t > self._onset)
        self._sum += np.where(counts, log_odds(span), 0.0)
        gain = self._sum + self._config.end_weight * np.maximum(log_odds(event), -4.0)
        better = counts & (gain > self._best) & ~self._over
        self._best, self._end = np.where(better, gain, self._best), np.where(better, begin + t + 0.5, self._end)
        self._over |= counts & (self._best - self._sum > _SURE)
        over = self._over[0] if pedal_down else self._over.all(0)
        ended = np.flatnonzero(counts & (over | (begin + t - self._onset > LONGEST_NOTE_FRAMES)))
        return [self._lift(int(key), self._refined_end(keys, int(key), begin, pedal_down)) for key in ended]

    def _refined_end(self, keys: NDArray[np.float32], key: int, begin: int, pedal_down: bool) -> float:
        ends = [
            refined(keys[:, key, channel], self._end[row, key][None] - begin)[0] for row, channel in enumerate((_KEY_UP, _SOUNDING_END))
        ]
        return begin + float(ends[0] if pedal_down else max(ends))


class _Pedal:
    """The two best paths of `decode.decode_pedal`, one that ends up and one that ends down; where they agree, they are told."""

    def __init__(self, config: DecodeConfig) -> None:
        self.down = False
        self._config = config
        self._belief = [0.0, -1.0]  # up, down
        self._edges: list[tuple[float, ...]] = [(), (0.0,)]  # moves not told yet, by path

    def follow(self, pedals: NDArray[np.float32], begin: int, first: int, stop: int) -> list[Event]:
        """Moves that became certain with frames first..stop."""
        down, press, release = log_odds(pedals[:, :3]).T.astype(np.float64)
        for t in range(max(first - begin, 0), stop - begin):
            to_down = self._belief[0] + self._config.pedal_event_weight * press[t] - self._config.pedal_switch_cost
            to_up = self._belief[1] + self._config.pedal_event_weight * release[t] - self._config.pedal_switch_cost
            up_edges, down_edges = self._edges
            at = begin + t - 0.5
            self._edges = [
                (*down_edges, at) if to_up > self._belief[0] else up_edges,
                (*up_edges, at) if to_down > self._belief[1] else down_edges,
            ]
            self._belief = [max(self._belief[0], to_up) - down[t] / 2, max(self._belief[1], to_down) + down[t] / 2]
        return self._agreed(pedals, begin)

    def release(self, at: int) -> list[Event]:
        """Lifts the pedal."""
        was_down, self.down = self.down, False
        return [Event("pedal_up", at / FRAME_RATE)] if was_down else []

    def _agreed(self, pedals: NDArray[np.float32], begin: int) -> list[Event]:
        up_edges, down_edges = self._edges
        agreed = 0
        while agreed < min(len(up_edges), len(down_edges)) and up_edges[agreed] == down_edges[agreed]:
            agreed += 1
        self._edges = [up_edges[agreed:], down_edges[agreed:]]
        return [self._move(at, pedals, begin) for at in up_edges[:agreed]]

    def _move(self, at: float, pedals: NDArray[np.float32], begin: int) -> Event:
        self.down = not self.down
        channel = 1 if self.down else 2
        edge = refined(pedals[:, channel], np.array([max(at - begin, 0.5)]))[0] + begin
        return Event("pedal_down" if self.down else "pedal_up", max(float(edge), 0.0) / FRAME_RATE)


def _in_order(events: list[Event]) -> list[Event]:
    """By time; a key's end stays before its next beginning."""
    return sorted(events, key=lambda event: event.time_sec)
