"""One thread a test: the work is tiny, and threads that wait for each other take longer than the work."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stems of four shipped networks by tokenizer; the checkpoint lies beside each as .safetensors.

    Random weights, shipped as the real ones are: the machinery is under test, not the music.
    """
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from tecla.generation.models.continuous_decoder import ContinuousDecoder, ContinuousDecoderConfig
    from tecla.generation.models.gpt import Gpt, GptConfig
    from tecla.generation.models.lstm import Lstm, LstmConfig
    from tecla.generation.models.music_transformer import MusicTransformer, MusicTransformerConfig
    from tecla.training.composer import keep
    from tecla.training.ship import ship

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("networks")
    networks = {
        "abc-characters": ("lstm", Lstm(LstmConfig(97, width=16, layers=2, embedding=8, look_back=True))),
        "abc-tokens": ("gpt", Gpt(GptConfig(254, width=16, heads=2, layers=2, context=64))),
        "jsb-grid": (
            "music-transformer",
            MusicTransformer(MusicTransformerConfig(90, 4, width=32, heads=4, layers=2, reach=8, phases=16, runs=True, first_pitch=2)),
        ),
        "continuous": ("continuous-decoder", ContinuousDecoder(ContinuousDecoderConfig(32, 4, 2, components=3, features=8))),
    }
    for tokenizer, (kind, network) in networks.items():
        keep(network, folder / f"{tokenizer}.safetensors", {"seen": "nothing"})
        card = {"name": tokenizer, "tokenizer": tokenizer, "context": 64, "licence": "CC0-1.0"}
        ship(folder / f"{tokenizer}.safetensors", kind, folder / tokenizer, card)
    return {tokenizer: folder / tokenizer for tokenizer in networks}
