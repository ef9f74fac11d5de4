"""Doubt by disagreement: the same sound heard again and again with parts of the network silenced, or by several networks.

Monte Carlo dropout (Gal & Ghahramani, ICML 2016): whole channels are dropped after every block while listening; the spread of the onset
activations says how far they can be trusted. Deep ensembles (Lakshminarayanan et al., NeurIPS 2017): the same of networks trained apart.
For research: `benchmarks/doubt.py` compares both with the two numbers of `tecla.transcription.confidence`, which cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tecla.errors import OptionError
from tecla.models.features import Spectrogram
from tecla.models.harmonic import Block
from tecla.training.validation import decode
from tecla.transcription.features import FRAME_RATE, MARGIN_SAMPLES
from tecla.transcription.network import Activations

Hearing = NDArray[np.float32]  # (passes, T, P) onset activations


@contextmanager
def dropping(network: nn.Module, share: float, seed: int = 0) -> Iterator[None]:
    """Lets every block of a network lose a share of its channels, anew at each call, while the context lasts.

    Raises:
        OptionError: the share is not within 0..1, or the network has no blocks.
    """
    if not 0 <= share < 1:
        raise OptionError(f"a dropout of {share}: must be at least 0 and less than 1")
    blocks = [module for module in network.modules() if isinstance(module, Block)]
    if not blocks:
        raise OptionError("the network has no harmonic blocks to drop channels from")

    def drop(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return functional.dropout2d(output, share)

    hooks = [block.register_forward_hook(drop) for block in blocks]
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def hear(networks: Sequence[nn.Module], samples: NDArray[np.float32], share: float = 0.0, passes: int = 1) -> tuple[Activations, Hearing]:
    """A levelled sound at 16 kHz, heard `passes` times by each network: the mean of all activations, and every pass's onsets.

    Raises:
        OptionError: no network, or a share out of bounds.
    """
    if not networks:
        raise OptionError("no network to listen with: give at least one")
    features = Spectrogram()(torch.from_numpy(np.pad(samples, MARGIN_SAMPLES))[None])
    keys, pedals = [], []
    for seed, network in enumerate(networks):
        network.eval()
        with dropping(network, share, seed):
            for _ in range(passes):
                heads = network(features)
                keys.append(torch.sigmoid(heads.keys[0]))
                pedals.append(torch.sigmoid(heads.pedals[0]))
    mean = Activations(torch.stack(keys).mean(0).numpy(), torch.stack(pedals).mean(0).numpy())
    return mean, torch.stack(keys)[..., 0].numpy()


def note_spread(mean: Activations, onsets: Hearing) -> tuple[np.ndarray, NDArray[np.float64], NDArray[np.float64]]:
    """Notes decoded from the mean, with the mean and the standard deviation of their onset activations over the passes.

    Shape: (N,) notes of a Performance, (N,), (N,)
    """
    notes = decode(mean).notes
    frame = np.clip(np.round(notes["onset_sec"] * FRAME_RATE).astype(int), 0, onsets.shape[1] - 1)
    around = np.clip(frame[:, None] + np.arange(-1, 2), 0, onsets.shape[1] - 1)  # the summit may lie a frame beside the rounded onset
    tops = onsets[:, around, (notes["pitch"].astype(int) - 21)[:, None]].max(-1)  # (passes, N)
    return notes, tops.mean(0).astype(np.float64), tops.std(0).astype(np.float64)
