"""A Performance played on the sampled piano: 44.1 kHz stereo, block by block, in constant memory.

    strings (voices.py) -> room (room.py), if one is asked for -> limiter (limiter.py)

>>> from tecla.music import Performance
>>> render(Performance.from_arrays([0.0], [0.5], [60], [80])).shape[1]
2
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import OptionError
from tecla.music import Performance
from tecla.rendering.dampers import Dampers
from tecla.rendering.instrument import SAMPLE_RATE, Instrument, salamander
from tecla.rendering.limiter import HOP, limited
from tecla.rendering.room import Room, with_room
from tecla.rendering.voices import BlockGrip, Voice, voices

BLOCK_SAMPLES: Final = 8192  # stays in the processor's cache together with a voice
LEAD_OUT_SEC: Final = 0.5  # silence after the last sound, and all there is of an empty Performance


def render(performance: Performance, room: Room | None = None) -> NDArray[np.float32]:
    """Plays a Performance into one array.

    Shape:
        returns: (n, 2), within -1..1; time 0 of the Performance is the first sample
    """
    return np.concatenate(list(render_blocks(performance, room)))


def render_blocks(
    performance: Performance, room: Room | None = None, instrument: Instrument | None = None, block_samples: int = BLOCK_SAMPLES
) -> Iterator[NDArray[np.float32]]:
    """Plays a Performance of any length in constant memory.

    Args:
        room: adds the sound of a room, for instance `room.SALON`.
        instrument: the sampled piano that comes with tecla, unless another is given.
        block_samples: a multiple of 64.

    Shape:
        yields: (n, 2) arrays that follow one another; their lengths differ

    Raises:
        OptionError: `block_samples` is not a positive multiple of 64.
    """
    if block_samples <= 0 or block_samples % HOP:
        raise OptionError(f"block_samples is {block_samples}: must be a positive multiple of {HOP}")
    blocks = _strings(performance, instrument or salamander(), block_samples)
    if room is not None:
        blocks = with_room(blocks, room, SAMPLE_RATE)
    for block in limited(blocks):
        yield np.ascontiguousarray(block.T)


def _strings(performance: Performance, instrument: Instrument, block_samples: int) -> Iterator[NDArray[np.float32]]:
    """The strings alone, (2, block_samples) each, until the last has been silent for a while."""
    dampers = Dampers(performance)
    waiting = voices(performance, dampers, instrument)
    upcoming = next(waiting, None)
    sounding: list[Voice] = []
    first, last = 0, 0
    while upcoming is not None or first < last + LEAD_OUT_SEC * SAMPLE_RATE:
        while upcoming is not None and upcoming.start < first + block_samples:
            sounding.append(upcoming)
            last = max(last, upcoming.end)
            upcoming = next(waiting, None)
        block = np.zeros((2, block_samples), np.float32)
        grip = BlockGrip(dampers, first, block_samples)
        for voice in sounding:
            voice.add_to(block, first, grip)
        first += block_samples
        sounding = [voice for voice in sounding if voice.end > first]
        yield block
