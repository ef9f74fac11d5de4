"""Without dropout every pass says the same as the .onnx file; with it they disagree, and silence stays silence."""

import numpy as np
import pytest
import torch
from torch import nn

from tecla.errors import OptionError
from tecla.io.audio import array_source
from tecla.music import Performance
from tecla.rendering import SAMPLE_RATE, render
from tecla.training.doubt import dropping, hear, note_spread
from tecla.training.pretrained import load_pretrained
from tecla.transcription.network import find_weights


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return load_pretrained(find_weights("default"))


@pytest.fixture(scope="module")
def chord() -> np.ndarray:
    """Three notes half a second in, levelled by hand."""
    stereo = render(Performance.from_arrays([0.5, 0.5, 0.5], [1.2, 1.2, 1.2], [60, 64, 67], 80))[: 2 * SAMPLE_RATE]
    mono = np.concatenate(list(array_source(stereo, SAMPLE_RATE).blocks()))
    return (mono * (0.1 / np.sqrt((mono**2).mean()))).astype(np.float32)


def test_passes_without_dropout_agree(network: nn.Module, chord: np.ndarray) -> None:
    mean, onsets = hear([network], chord, passes=2)
    assert np.array_equal(onsets[0], onsets[1])
    notes, believed, spread = note_spread(mean, onsets)
    assert sorted(notes["pitch"].tolist()) == [60, 64, 67]
    assert spread.max() == 0
    assert believed == pytest.approx(notes["confidence"], abs=1e-5)


def test_passes_with_dropout_disagree_where_something_happens(network: nn.Module, chord: np.ndarray) -> None:
    mean, onsets = hear([network], chord, share=0.1, passes=4)
    again, _ = hear([network], chord, share=0.1, passes=4)
    assert np.array_equal(mean.keys, again.keys)  # the seed decides
    variance = [part.var(0).mean() for part in np.array_split(onsets, [25, 50, 75], axis=1)]  # of each half second
    assert np.argmax(variance) in (0, 1)
    assert variance[3] < max(variance) / 2


def test_dropping_ends_with_its_context(network: nn.Module) -> None:
    features = torch.zeros(1, 3, 20, 396)
    network.eval()
    with torch.no_grad():
        before = network(features).keys
        with dropping(network, 0.5):
            assert not torch.equal(network(features).keys, before)
        assert torch.equal(network(features).keys, before)
        with pytest.raises(KeyError), dropping(network, 0.5):
            raise KeyError
        assert torch.equal(network(features).keys, before)


def test_what_cannot_be_dropped_is_refused(network: nn.Module) -> None:
    with pytest.raises(OptionError, match="dropout of 1"), dropping(network, 1.0):
        pass
    with pytest.raises(OptionError, match="no harmonic blocks"), dropping(nn.Linear(1, 1), 0.1):
        pass
    with pytest.raises(OptionError, match="no network"):
        hear([], np.zeros(16000, np.float32))
