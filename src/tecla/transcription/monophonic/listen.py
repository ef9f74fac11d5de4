"""A single line by the model one names: a network, loaded once, or pYIN."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tecla.music import Performance
from tecla.transcription.monophonic.pyin import transcribe_by_pyin
from tecla.transcription.monophonic.transcriber import LineTranscriber
from tecla.transcription.transcriber import Blocks

_load = cache(LineTranscriber.load)


def transcribe_line(
    blocks: Blocks, model: str = "default", bends: bool = False, on_progress: Callable[[float], None] | None = None
) -> Performance:
    """What was sung, whistled or played; see `LineTranscriber.transcribe`.

    Raises:
        OptionError: no such model. InputError: the file is no network for a line. MissingExtraError: "pyin" without librosa.
    """
    if model == "pyin":
        return transcribe_by_pyin(blocks, bends)
    return _load(model).transcribe(blocks, on_progress, bends)
