"""How well a network hears single lines that it was not trained on: made-up ones out in the world, and clips of the voice corpus.

Each line is written down as the transcriber writes it and judged against its notes: within 50 ms where they were made up, within 100 ms
where a hand wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tecla.corpora.corpus import Recording
from tecla.corpora.voice import CLIP_SEC, SUNG_OCTAVE
from tecla.evaluation.notes import evaluate
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.training.acoustics import World
from tecla.training.singing import random_line
from tecla.training.voice import EXAMPLE_SEC, PITCHES
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB, loud_part_db
from tecla.transcription.monophonic.decode import LineBelief, decode_line
from tecla.transcription.monophonic.features import FRAME_RATE, MARGIN_SAMPLES, spectrogram
from tecla.transcription.monophonic.transcriber import write_line

LINES: Final = 12
_SEED: Final = 1 << 31  # no training draws from it: its numbers are those of batches
_SURE_SEC, _BY_HAND_SEC = 0.05, 0.1


class LineValidation:
    """Mean onset F1 over lines, and over clips if there are any, each kind counting the same."""

    def __init__(self, clips: Sequence[Recording] = ()) -> None:
        self._groups = [(_made_up(LINES), _SURE_SEC)]
        if clips:
            self._groups.append(([_clip(take) for take in clips], _BY_HAND_SEC))

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> float:
        """The network stays in the mode in which it came."""
        was_training = network.training
        network.eval()
        means = [
            float(
                np.mean(
                    [evaluate(played, hear_line(network, features), tolerance_sec=tolerance_sec).onset.f1 for features, played in takes]
                )
            )
            for takes, tolerance_sec in self._groups
        ]
        network.train(was_training)
        return float(np.mean(means))


def hear_line(network: nn.Module, features: Tensor) -> Performance:
    """The notes of a line from its features, (W, T, F)."""
    heads = network(features[None])
    states, onset = torch.softmax(heads.states[0].float(), -1).numpy(), torch.sigmoid(heads.onset[0].float()).numpy()
    belief = LineBelief(states, onset, heads.bend[0].float().numpy(), np.zeros(len(onset), np.float32))
    return write_line(decode_line(belief, FRAME_RATE), belief, PITCHES, FRAME_RATE, 0.0, bends=False)


def _made_up(number: int) -> list[tuple[Tensor, Performance]]:
    lines = [random_line(np.random.default_rng([_SEED, i]), EXAMPLE_SEC) for i in range(number)]
    dry = torch.from_numpy(np.stack([line.samples for line in lines]))
    world = World(torch.device("cpu"), torch.Generator().manual_seed(_SEED))
    heard = world(dry, None, None, torch.zeros(number), torch.zeros(number)).numpy()
    return [(_picture(sound), line.notes) for sound, line in zip(heard, lines, strict=True)]


def _clip(take: Recording) -> tuple[Tensor, Performance]:
    """A clip as it is sung, with the labels that begin before the sound ends."""
    assert take.audio is not None
    notes = load_midi(take.midi).notes
    played = Performance(notes[notes["onset_sec"] < CLIP_SEC]).transposed(SUNG_OCTAVE)
    return _picture(load_audio(take.audio, SAMPLE_RATE)[: int(CLIP_SEC * SAMPLE_RATE)]), played


def _picture(samples: NDArray[np.float32]) -> Tensor:
    gain = np.float32(10 ** ((NOMINAL_DB - loud_part_db([samples])) / 20))
    return torch.from_numpy(spectrogram(np.pad(samples * gain, MARGIN_SAMPLES)))
