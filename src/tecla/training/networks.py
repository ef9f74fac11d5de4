"""The networks that can be trained to hear a piano, by name: one recipe each, at a size that a laptop affords.

All look at tecla's features and answer as `Heads`, so whatever is trained here is exported, judged and used in the same way. Sizes are far
below the published ones (each config names those) and can be changed: a search does (`tecla.training.tuning`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from tecla.errors import OptionError
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.models.hcqt_hppnet import HCQTConfig, HCQTNet
from tecla.models.hppnet import HPPNet, HPPNetConfig
from tecla.models.keyed import N_ANSWERS, Keyed
from tecla.models.kong_regression import KongConfig, KongRegression
from tecla.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from tecla.models.se_unet import SEUNet
from tecla.models.transformer import Transformer, TransformerConfig
from tecla.models.unet import UNet, UNetConfig
from tecla.models.unet_bilstm import UNetBiLSTM, UNetBiLSTMConfig
from tecla.transcription.features import N_BINS, WINDOWS

OWN: Final = "tecla"
_SILENCE_LOGIT: Final = -3.0  # hardly a key moves in a given frame: begin by saying so


def _own_head(network: Callable[[Any], nn.Module], config: Callable[..., Any], sizes: Mapping[str, Any]) -> nn.Module:
    return network(config(**sizes))


def _row_of_answers(network: Callable[[Any], nn.Module], config: Callable[..., Any], sizes: Mapping[str, Any]) -> nn.Module:
    fitted = {"n_windows": len(WINDOWS), "n_bins": N_BINS, "n_outputs": N_ANSWERS, "stride": 1, "dropout": 0.1}
    return Keyed(network(config(**fitted | dict(sizes))))


_MAKERS: Final[Mapping[str, tuple[Callable[[Mapping[str, Any]], nn.Module], Mapping[str, Any]]]] = {
    OWN: (partial(_own_head, HarmonicNet, HarmonicConfig), {}),
    "hppnet": (partial(_own_head, HPPNet, HPPNetConfig), {}),
    "hcqt-hppnet": (partial(_own_head, HCQTNet, HCQTConfig), {}),
    "onsets-frames": (partial(_own_head, OnsetsFrames, OnsetsFramesConfig), {}),
    "kong-regression": (partial(_own_head, KongRegression, KongConfig), {}),
    "crnn": (partial(_row_of_answers, CRNN, CRNNConfig), {"channels": 16, "embedding": 128, "memory": 96, "layers": 1}),
    "transformer": (partial(_row_of_answers, Transformer, TransformerConfig), {"channels": 16, "width": 128, "layers": 2}),
    "unet": (partial(_row_of_answers, UNet, UNetConfig), {"embedding": 192}),
    "unet-bilstm": (partial(_row_of_answers, UNetBiLSTM, UNetBiLSTMConfig), {"embedding": 128, "memory": 96}),
    "se-unet": (partial(_row_of_answers, SEUNet, UNetConfig), {"embedding": 192}),
}
NETWORKS: Final = tuple(_MAKERS)


def validate(name: str) -> None:
    """Raises OptionError unless there is such a network."""
    if name not in _MAKERS:
        raise OptionError(f"there is no network {name!r}: choose {', '.join(NETWORKS)}")


def make_piano_network(name: str, **sizes: Any) -> nn.Module:
    """A network by its name, which begins by saying that hardly a key moves; `sizes` are fields of its config, above the recipe's.

    Shape:
        the network: features (B, W, T, F) -> `tecla.models.harmonic.Heads`

    Raises:
        OptionError: no such network.
    """
    validate(name)
    make, own = _MAKERS[name]
    network = make({**own, **sizes})
    for part, module in network.named_modules():
        if part.endswith("answer") and isinstance(module, nn.Linear):
            nn.init.constant_(module.bias, _SILENCE_LOGIT)
    return network


@torch.no_grad()
def standardise(network: nn.Module, features: Tensor) -> None:
    """Tells a network that brings its features to one mean and deviation what these are, from training sound (B, W, T, F)."""
    inner: Any = getattr(network, "network", network)
    if hasattr(inner, "standardise"):
        inner.standardise.fit(features)
