"""Piano playing as events: alone, going on from a prompt, filling a gap, coming to an end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.generation.engine import Engine
from tecla.generation.likelihood import event_bits
from tecla.generation.mixture import draw
from tecla.generation.sampling import SamplingOptions, choose
from tecla.generation.tokenizers.continuous import END, EVENT, N_WHAT, PEDAL_DOWN, PEDAL_UP
from tecla.music.pitch import LOWEST_PITCH, N_KEYS

LONGEST_NOTE_SEC = 12.0
LONGEST_SHIFT_SEC = 4.0
RESTRIKE_SEC = 0.03  # a key cannot come up and be struck again faster
ENDING_SEC = 12.0  # how long a forced ending may take
_N_FILLS = 6


@dataclass(frozen=True)
class PlayingLimits:
    """What may be played: pitch classes (empty: all), lowest and highest MIDI pitch, notes per second (0: as it comes)."""

    pitch_classes: frozenset[int] = frozenset()
    lowest: int = 21
    highest: int = 108
    density: float = 0.0

    def mask(self) -> NDArray[np.bool_]:
        """Which of {88 keys, pedal down, pedal up, END} may come, END excepted. Shape: (91,)."""
        mask = np.zeros(N_WHAT, bool)
        pitches = np.arange(N_KEYS) + LOWEST_PITCH
        mask[:N_KEYS] = (pitches >= self.lowest) & (pitches <= self.highest)
        if self.pitch_classes:
            mask[:N_KEYS] &= np.isin(pitches % 12, sorted(self.pitch_classes))
        if not mask.any():
            raise OptionError(f"no key lies between {self.lowest} and {self.highest} in that key: widen the range")
        mask[PEDAL_DOWN] = mask[PEDAL_UP] = True
        return mask


def to_rows(events: NDArray[np.void]) -> NDArray[np.float32]:
    """Events as the network reads them. Shape: (L,) of `EVENT` -> (L, 4): shift s, what, velocity, duration s."""
    return np.stack([events[name].astype(np.float32) for name in ("shift_sec", "what", "velocity", "duration_sec")], 1)


class _Hands:
    """What is down at a moment: keys with their ends, and the pedal."""

    def __init__(self) -> None:
        self.time_sec, self.pedal = 0.0, False
        self.free_sec = np.zeros(N_KEYS)

    def play(self, row: NDArray[np.float32]) -> None:
        self.time_sec += float(row[0])
        what = int(row[1])
        if what < N_KEYS:
            self.free_sec[what] = self.time_sec + RESTRIKE_SEC
        elif what != END:
            self.pedal = what == PEDAL_DOWN

    def possible(self, shift: float) -> NDArray[np.bool_]:
        mask = np.ones(N_WHAT, bool)
        mask[:N_KEYS] = self.free_sec <= self.time_sec + shift
        mask[PEDAL_DOWN], mask[PEDAL_UP] = not self.pedal, self.pedal
        return mask


def play_on(
    engine: Engine,
    options: SamplingOptions,
    seed: int = 0,
    *,
    prompt: NDArray[np.void] | None = None,
    seconds: float = 30.0,
    limits: PlayingLimits | None = None,
    ending: bool = False,
) -> NDArray[np.void]:
    """New events that follow `prompt` (or begin a piece), about `seconds` of them; the pedal comes up at the end.

    With `ending` the music is led to the network's own END after `seconds`, in at most 12 s more.

    Shape: (L,) of `EVENT`, the first one's shift counted from the prompt's last event.
    """
    rng, limits = np.random.default_rng(seed), limits or PlayingLimits()
    mask, hands = limits.mask(), _Hands()
    engine.restart()
    if prompt is not None and len(prompt):
        rows = to_rows(prompt)
        engine.feed(rows[-engine.context // 2 :])
        for row in rows:
            hands.play(row)
    played, start, n_notes = [], hands.time_sec, 0
    while True:
        gone = hands.time_sec - start
        row = _next_event(engine, options, rng, mask, hands, _urge_to_end(gone - seconds) if ending else -np.inf)
        if limits.density:
            row[0] *= np.clip((n_notes + 4) / (limits.density * (gone + row[0]) + 4), 0.5, 2.0)
        late = gone + row[0] > seconds + (ENDING_SEC if ending else 0.0)
        if late or row[1] == END:
            break
        hands.play(row)
        n_notes += row[1] < N_KEYS
        played.append(row)
        engine.feed(row[None])
    return _to_events(played, hands.pedal)


def fill(
    engine: Engine,
    before: NDArray[np.void],
    after: NDArray[np.void],
    gap_sec: float,
    options: SamplingOptions,
    seed: int = 0,
    *,
    limits: PlayingLimits | None = None,
) -> NDArray[np.void]:
    """Events up to `gap_sec` after the end of `before`: of several attempts, the one after which `after` is likeliest."""
    best, least = np.zeros(0, EVENT), np.inf
    for attempt in range(_N_FILLS):
        events = play_on(engine, options, seed * _N_FILLS + attempt, prompt=before, seconds=gap_sec, limits=limits)
        joined = to_rows(np.concatenate([before[-64:], events, after[:24]]))
        bits = event_bits(engine, joined)[-len(after[:24]) :].sum() if len(after) else 0.0
        if bits < least:
            best, least = events, bits
    return best


def _next_event(
    engine: Engine,
    options: SamplingOptions,
    rng: np.random.Generator,
    mask: NDArray[np.bool_],
    hands: _Hands,
    urge: float,
) -> NDArray[np.float32]:
    """One event, field by field, each seen by the next."""
    row = np.zeros(4, np.float32)
    shift = engine.decide(row, "shift")
    if rng.random() >= 1.0 / (1.0 + np.exp(-float(shift[0]))):
        row[0] = min(draw(shift[1:], rng, options.temperature), LONGEST_SHIFT_SEC)
    logits = engine.decide(row, "what").copy()
    allowed = mask & hands.possible(float(row[0]))
    allowed[END] = np.isfinite(urge)
    if np.isfinite(urge):
        logits[END] += urge
    row[1] = choose(logits, options, rng, allowed)
    if row[1] < N_KEYS:
        velocities = np.arange(128) > 0
        row[2] = choose(engine.decide(row, "velocity"), options, rng, velocities)
        row[3] = np.clip(draw(engine.decide(row, "duration"), rng, options.temperature), 0.005, LONGEST_NOTE_SEC)
    return row


def _urge_to_end(late_sec: float) -> float:
    """Added to END's logit: nothing may end before its time; after it the urge grows by 1.5 nats a second."""
    return -np.inf if late_sec < 0 else 1.5 * late_sec


def _to_events(rows: list[NDArray[np.float32]], pedal: bool) -> NDArray[np.void]:
    events = np.zeros(len(rows), EVENT)
    for index, name in enumerate(("shift_sec", "what", "velocity", "duration_sec")):
        events[name] = [row[index] for row in rows]
    if pedal and len(events):  # nothing is left ringing: the pedal comes up when the last key has
        ends = np.cumsum(events["shift_sec"]) + events["duration_sec"]
        lift = np.zeros(1, EVENT)
        lift["shift_sec"], lift["what"] = ends.max() - np.cumsum(events["shift_sec"])[-1] + 0.05, PEDAL_UP
        events = np.concatenate([events, lift])
    return events
