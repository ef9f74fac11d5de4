"""A line's network at work, by onnxruntime: sound of any length in, belief out. The file says its hop and its pitches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError, OptionError
from tecla.transcription.monophonic.decode import LineBelief
from tecla.transcription.monophonic.features import MARGIN_SAMPLES, spectrogram
from tecla.transcription.network import Cut, windows
from tecla.weights.card import check_answers
from tecla.weights.session import WEIGHTS, open_network

_MOST_FRAMES: Final = 5000
_MOST_TOGETHER: Final = 64
_FARTHEST_BEND: Final = 1000.0  # semitones; probabilities and bends are all well within
MODELS: Final = {"default": "voice", "c4-e4-g4": "voice-c4-e4-g4"}


class LineNetwork:
    """Weights at work.

    Shape:
        pitches: (S,) MIDI pitches of the states after silence
    """

    def __init__(self, path: Path) -> None:
        self._path, self._session = path, open_network(path)
        said = self._session.metadata
        try:
            self.hop_samples = int(said["hop_samples"])
            self.pitches: NDArray[np.intp] = np.array(said["pitches"].split(), np.intp)
            self._together = int(said["frames_together"])
            self._cut = Cut(int(said["window_frames"]), int(said["context_frames"]), self.hop_samples, MARGIN_SAMPLES)
            self._check()
        except KeyError as error:
            raise InputError(f"{path} is no network for a single line (it does not say its {error}): use one that tecla trained") from None
        except (ValueError, OverflowError) as error:
            raise InputError(f"{path} is no network for a single line ({error}): use one that tecla trained") from error

    def _check(self) -> None:
        """Raises ValueError if the file says of itself what cannot be."""
        cut = self._cut
        if not (16 <= self.hop_samples <= MARGIN_SAMPLES and 0 <= 2 * cut.context_frames < cut.window_frames <= _MOST_FRAMES):
            raise ValueError(
                f"windows of {cut.window_frames} frames, {cut.context_frames} of them context, {self.hop_samples} samples apart"
            )
        if not (1 <= self._together <= _MOST_TOGETHER and len(self.pitches) and 0 <= self.pitches.min() <= self.pitches.max() <= 127):
            raise ValueError(f"{len(self.pitches)} pitches, {self._together} frames together")

    def __call__(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Shape: features (W, T, F) -> states (T, S + 1), events (T, 2)."""
        n_frames = features.shape[1]
        whole = np.pad(features, ((0, 0), (0, -n_frames % self._together), (0, 0)), "edge")
        answers = self._session.run(None, {"features": whole[None]})
        check_answers(self._path, answers, [(whole.shape[1], len(self.pitches) + 1), (whole.shape[1], 2)], -_FARTHEST_BEND, _FARTHEST_BEND)
        states, events = (answer.astype(np.float32, copy=False) for answer in answers)
        return states[:n_frames], events[:n_frames]

    def stream(self, blocks: Iterable[NDArray[np.float32]], gain: float) -> Iterator[LineBelief]:
        """Belief of a whole sound, piece by piece in order, every frame once; frame t stands at t * hop_samples.

        Shape:
            blocks: (N,) float32 stretches of mono audio at 16 kHz; `gain` is put on before the network hears it
        """
        for samples, skip, keep in windows(blocks, self._cut):
            states, events = self(spectrogram(samples * np.float32(gain), self.hop_samples))
            level = self._level_db(samples, len(states))
            onset, bend = events[skip : skip + keep].T
            yield LineBelief(states[skip : skip + keep], onset, bend, level[skip : skip + keep])

    def _level_db(self, samples: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
        """Loudness around each frame, (T,) dB."""
        framed = np.lib.stride_tricks.sliding_window_view(samples[MARGIN_SAMPLES // 2 :], MARGIN_SAMPLES)[:: self.hop_samples][:n_frames]
        return (10 * np.log10(np.square(framed).mean(1) + 1e-10)).astype(np.float32)


def find_line_weights(model: str) -> Path:
    """Path of shipped weights by name, or of an .onnx file.

    Raises:
        OptionError: no such model.
    """
    if model in MODELS:
        return WEIGHTS / f"{MODELS[model]}.onnx"
    if not model.endswith(".onnx"):
        raise OptionError(f"there is no voice model {model!r}: choose {' or '.join(MODELS)}, or give the path of an .onnx file")
    if not Path(model).is_file():
        raise OptionError(f"{model} does not exist: name an .onnx file or {' or '.join(MODELS)}")
    return Path(model)
