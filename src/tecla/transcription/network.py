"""The trained network at work, by onnxruntime: features in, activations out, over sound of any length."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tecla.errors import OptionError
from tecla.music.pitch import N_KEYS
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, spectrogram
from tecla.transcription.targets import KEY_CHANNELS, PEDAL_CHANNELS
from tecla.weights import TRANSCRIBERS
from tecla.weights.card import check_answers
from tecla.weights.session import WEIGHTS, Device, open_network

WINDOW_FRAMES: Final = 400  # 8 s at once: longer ones waste less on overlaps, but leave the cache and double the memory
CONTEXT_FRAMES: Final = 40  # 0.8 s on each side that the network hears but does not speak of
_MOST_THREADS: Final = 4


@dataclass(frozen=True)
class Cut:
    """How a sound is cut into windows: frames in one, of them context on each side, samples between frames and beside them."""

    window_frames: int = WINDOW_FRAMES
    context_frames: int = CONTEXT_FRAMES
    hop_samples: int = HOP_SAMPLES
    margin_samples: int = MARGIN_SAMPLES


@dataclass(frozen=True)
class Activations:
    """What the network believes of a stretch of frames, 0..1.

    Shape:
        keys: (T, P, 6) in the order of `targets.KEY_CHANNELS`; pedals: (T, 4) in that of `targets.PEDAL_CHANNELS`
    """

    keys: NDArray[np.float32]
    pedals: NDArray[np.float32]


class Network:
    """Weights at work.

    Windows are heard side by side, one thread each: a recurrent layer leaves a second thread idle, a second window does not,
    and what is heard cannot depend on the number of threads.
    """

    def __init__(self, path: Path, threads: int = 0, device: Device = "cpu") -> None:
        self.threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self._path, self._session = path, open_network(path, device)

    def __call__(self, features: NDArray[np.float32]) -> Activations:
        """Raises InputError if the network is another kind's. Shape: features (W, T, F)."""
        answers, n_frames = self._session.run(None, {"features": features[None]}), features.shape[1]
        check_answers(self._path, answers, [(n_frames, N_KEYS, len(KEY_CHANNELS)), (n_frames, len(PEDAL_CHANNELS))], 0, 1)
        keys, pedals = (answer.astype(np.float32, copy=False) for answer in answers)
        return Activations(keys, pedals)

    def stream(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Activations]:
        """Activations of a whole sound, piece by piece in order, every frame once; frame t stands at t * HOP_SAMPLES.

        Shape:
            blocks: (N,) float32 stretches of mono audio at 16 kHz, in order, of any size
        """
        # The features' matrix products stay on their thread: threads of threads cost a third of the speed on two cores.
        if self.threads == 1:  # the caller's own, so that many side by side keep to a core each
            with threadpool_limits(1, "blas"):
                yield from (self._listen(*window) for window in windows(blocks))
            return
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self.threads) as listeners:
            waiting: deque[Future[Activations]] = deque()
            for window in windows(blocks):
                waiting.append(listeners.submit(self._listen, *window))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _listen(self, samples: NDArray[np.float32], skip: int, keep: int) -> Activations:
        heard = self(spectrogram(samples))
        return Activations(heard.keys[skip : skip + keep], heard.pedals[skip : skip + keep])


def windows(blocks: Iterable[NDArray[np.float32]], cut: Cut | None = None) -> Iterator[tuple[NDArray[np.float32], int, int]]:
    """Cuts a sound into overlapping windows with margins: (samples, frames to skip, frames to keep).

    The frames kept follow each other without gap or overlap; the last window is as short as the sound needs.
    """
    cut = cut or Cut()
    hop, kept = cut.hop_samples, cut.window_frames - 2 * cut.context_frames
    window = (cut.window_frames - 1) * hop + 2 * cut.margin_samples
    # Silence before the beginning, so that the first frame has a context like every other.
    lead = cut.context_frames * hop + cut.margin_samples
    buffer, total, spoken = np.zeros(lead, np.float32), 0, 0
    for block in blocks:
        buffer, total = np.concatenate([buffer, block]), total + len(block)
        while len(buffer) >= window:
            yield buffer[:window], cut.context_frames, kept
            spoken += kept
            buffer = buffer[kept * hop :]
    left = -(-total // hop) - spoken
    while left > 0:
        keep = min(left, kept)
        need = (keep + 2 * cut.context_frames - 1) * hop + 2 * cut.margin_samples
        yield np.pad(buffer[:need], (0, max(0, need - len(buffer)))), cut.context_frames, keep
        buffer, left = buffer[kept * hop :], left - keep


def find_weights(model: str) -> Path:
    """Path of shipped weights by name ("default"), or of an .onnx file.

    Raises:
        OptionError: no such model.
    """
    if model.endswith(".onnx"):
        if not Path(model).is_file():
            raise OptionError(f"{model} does not exist: name an .onnx file or 'default'")
        return Path(model)
    name = "transcriber" if model == "default" else f"transcriber-{model}"
    if not (WEIGHTS / f"{name}.onnx").is_file():
        raise OptionError(f"there is no model {model!r}: choose {' or '.join(TRANSCRIBERS)}, or give the path of an .onnx file")
    return WEIGHTS / f"{name}.onnx"
