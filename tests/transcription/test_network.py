"""Windows cover a sound once, and where they are cut does not matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tecla.errors import InputError, OptionError
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES
from tecla.transcription.network import CONTEXT_FRAMES, WINDOW_FRAMES, Network, find_weights, windows


@pytest.mark.parametrize("n_samples", [1, 320, 321, 5000, WINDOW_FRAMES * 320 - 7, 1_000_001])
def test_every_frame_is_spoken_of_once(n_samples: int) -> None:
    sound = np.arange(n_samples, dtype=np.float32)
    blocks = np.split(sound, range(30_000, n_samples, 30_000))
    spoken = []
    for samples, skip, keep in windows(blocks):
        centres = MARGIN_SAMPLES + np.arange(skip, skip + keep) * HOP_SAMPLES
        spoken.append(samples[centres])
    np.testing.assert_array_equal(np.concatenate(spoken), sound[::HOP_SAMPLES])


def test_windows_do_not_depend_on_the_size_of_blocks() -> None:
    sound = np.random.default_rng(0).normal(size=1_200_000).astype(np.float32)
    whole = list(windows([sound]))
    pieces = list(windows(np.split(sound, range(777, len(sound), 99_991))))
    assert len(whole) == len(pieces)
    for (a, *_), (b, *_) in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_gives_no_window() -> None:
    assert list(windows([])) == []
    assert CONTEXT_FRAMES * 2 < WINDOW_FRAMES


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="default"):
        find_weights("nonesuch")


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(InputError, match=r"noise\.onnx"):
        Network(path)
