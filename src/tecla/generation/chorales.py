"""Four voices on a grid of 16ths: alone, going on from a prompt, or beneath a given melody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError
from tecla.generation.engine import END, Engine
from tecla.generation.mixture import log_softmax
from tecla.generation.sampling import SamplingOptions, choose
from tecla.generation.tokenizers.jsb_grid import FIRST_KEY, SILENCE, VOICES, JsbGrid

LONGEST: int = 640  # 16ths; the longest chorale of the corpus
SIXTEENTHS_PER_BAR: int = 16
N_PARTICLES: int = 12
_TOKENIZER = JsbGrid()


@dataclass(frozen=True)
class VoiceLimits:
    """What the voices may sing: pitch classes (empty: all), lowest and highest MIDI pitch."""

    pitch_classes: frozenset[int] = frozenset()
    lowest: int = 21
    highest: int = 108

    def mask(self) -> NDArray[np.bool_]:
        """Ids that may be sampled, END apart. Shape: (V,)."""
        pitches = np.arange(_TOKENIZER.vocabulary) - FIRST_KEY + 21
        sung = (pitches >= self.lowest) & (pitches <= self.highest)
        if self.pitch_classes:
            sung &= np.isin(pitches % 12, sorted(self.pitch_classes))
        sung[END], sung[SILENCE] = False, True
        return sung


def write_chorale(
    engine: Engine,
    options: SamplingOptions,
    seed: int = 0,
    *,
    prompt: NDArray[np.int16] | None = None,
    sixteenths: int = 0,
    limits: VoiceLimits | None = None,
) -> NDArray[np.int16]:
    """A chorale, or a prompt and what follows it. Shape: prompt (T, 4) -> (T', 4) pitches, -1 silent.

    With `sixteenths` it has that many new steps (it may not end before); without, the network ends it.
    """
    rng, mask = np.random.default_rng(seed), (limits or VoiceLimits()).mask()
    engine.restart()
    given = _TOKENIZER.encode_grid(prompt)[:-1] if prompt is not None else np.zeros((0, 4), np.int64)
    engine.feed(given)
    rows = list(given)
    for _ in range(sixteenths or LONGEST):
        row = np.zeros(4, np.int64)
        for slot in range(len(VOICES)):
            allowed = mask.copy()
            allowed[END] = slot == 0 and not sixteenths and bool(rows)
            row[slot] = choose(engine.decide(row)[slot], options, rng, allowed)
            if row[slot] == END:
                return _TOKENIZER.decode_grid(np.array(rows))
        rows.append(row)
        engine.feed(row[None])
    return _TOKENIZER.decode_grid(np.array(rows))


def harmonise(
    engine: Engine,
    melody: NDArray[np.int16],
    options: SamplingOptions,
    seed: int = 0,
    *,
    limits: VoiceLimits | None = None,
    particles: int = N_PARTICLES,
) -> NDArray[np.int16]:
    """Alto, tenor and bass beneath a soprano. Shape: (T,) pitches, -1 silent -> (T, 4), the first column as given.

    The network writes from left to right and does not see the melody's future; several harmonisations go side by side, and those under
    which the melody's next note is unlikely die out (sequential Monte Carlo: Doucet and Johansen 2009, section 3.5).

    Raises:
        InputError: an empty melody.
    """
    if not len(melody):
        raise InputError("the melody is empty: give a prompt with at least one note")
    rng, mask = np.random.default_rng(seed), (limits or VoiceLimits()).mask()
    soprano = _TOKENIZER.encode_grid(np.repeat(melody[:, None], 4, 1))[:-1, 0]
    engine.restart()
    crowd = [engine.fork() for _ in range(particles)]
    written: list[list[NDArray[np.int64]]] = [[] for _ in crowd]
    log_weights = np.zeros(particles)
    for note in soprano:
        for index, member in enumerate(crowd):
            row = np.array([note, 0, 0, 0])
            log_weights[index] += log_softmax(member.decide(row)[0])[note]
            for slot in (1, 2, 3):
                row[slot] = choose(member.decide(row)[slot], options, rng, mask)
            member.feed(row[None])
            written[index] = [*written[index], row]
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        if 1.0 / (weights**2).sum() < particles / 2:
            chosen = rng.choice(particles, particles, p=weights)
            crowd, written = [crowd[i].fork() for i in chosen], [written[i] for i in chosen]
            log_weights[:] = 0.0
    return _TOKENIZER.decode_grid(np.array(written[int(log_weights.argmax())]))
