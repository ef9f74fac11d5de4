"""Trains a network for single lines from nothing to an .onnx file with its card: any pitch, or the classes of the voice corpus."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from tecla import __version__
from tecla.corpora import Corpus
from tecla.corpora.voice import PITCHES as CLASS_PITCHES
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.models.council import Council
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.training import loop
from tecla.training.export_line import export_line_onnx
from tecla.training.run import piano_licences
from tecla.training.sampled_piano import load_banks
from tecla.training.voice import PITCHES, LineExamples, LineMix, line_loss, make_line_network
from tecla.training.voice_classes import BATCH, FRAME_RATE, HOP_SAMPLES, N_FRAMES, load_clips, train_classes
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.monophonic.features import HOP_SAMPLES as LINE_HOP_SAMPLES

# A clip's own clock: whoever sang it heard a metronome, and labels begin on its beats.
CLOCK: Final = tuple(FRAME_RATE * period_sec for period_sec in (4.0, 2.0, 1.0, 0.5, 0.25))
CLASS_STRIDE: Final = 4
CYCLES: Final = 4
ROUNDS: Final = 8  # times that a made-up batch comes again, transposed: making one costs half a step
Report = Callable[[dict[str, float]], None]


def train_line(corpus: Corpus | None, pianos: Path | None, steps: int, seed: int, report: Report) -> nn.Module:
    """The network for any pitch: made-up singing, lines on the pianos of a folder, training clips of the voice corpus.

    Raises:
        InputError: the folder holds no piano, or a clip cannot be read.
    """
    takes = corpus.of_split("train").recordings if corpus is not None else ()
    clips = [(load_audio(take.audio, SAMPLE_RATE), load_midi(take.midi)) for take in takes if take.audio is not None]
    mix = LineMix(seed=seed, pool=max(32, steps // ROUNDS))
    examples = LineExamples(mix, load_banks(pianos) if pianos is not None else None, clips)
    config = loop.LoopConfig(
        steps=steps, warm_up=30, decay=max(1, steps // 2), peak_rate=4e-3, average=0.98, bfloat16=False, report_every=max(1, steps // 20),
        save_every=steps,
    )  # fmt: skip
    torch.manual_seed(seed)
    state = loop.new_state(make_line_network, config, torch.device("cpu"))
    return loop.train(state, examples, line_loss, config, lambda _, numbers: report(numbers), lambda _: None).average


def train_clip_classes(corpus: Corpus, epochs: int, seed: int, report: Report) -> nn.Module:
    """The network for silence, C4, E4 and G4, from the training clips alone: `CYCLES` of training, the last three believed together."""
    clips, members = load_clips(corpus.of_split("train").recordings), list[nn.Module]()

    def go_on(n_outputs: int) -> nn.Module:
        network = make_class_network(n_outputs)
        if members:
            network.load_state_dict(members[-1].state_dict())
        return network

    for cycle in range(CYCLES):
        members.append(train_classes(go_on, clips, "both", epochs, seed + cycle, report))
    return Council(members[-3:])


def class_steps(corpus: Corpus, epochs: int) -> int:
    """Batches in all cycles, each of so many rounds over the training clips."""
    return CYCLES * epochs * (len(corpus.of_split("train").recordings) // BATCH)


def make_class_network(n_outputs: int) -> nn.Module:
    """The network that is shipped for the corpus' task."""
    return CRNN(CRNNConfig(n_outputs=n_outputs, channels=6, memory=64, stride=CLASS_STRIDE, clock=CLOCK))


def export_voice(network: nn.Module, target: Path, card: dict[str, Any]) -> Path:
    """Writes weights and, beside them, a card as JSON; returns the card's path."""
    if isinstance(network, CRNN | Council):
        export_line_onnx(network, target, HOP_SAMPLES, CLASS_PITCHES, CLASS_STRIDE, (-(-N_FRAMES // CLASS_STRIDE) * CLASS_STRIDE, 0))
    else:
        export_line_onnx(network, target, LINE_HOP_SAMPLES, PITCHES.tolist())
    parameters = sum(p.numel() for p in network.parameters())
    whole = {"name": target.stem, "tecla": __version__, "date": datetime.now(UTC).date().isoformat(), "parameters": parameters, **card}
    path = target.with_suffix(".json")
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def describe(corpus: Corpus | None, pianos: Path | None, **training: object) -> dict[str, Any]:
    """What a card says of the data, their licences and the training."""
    data = {"made-up singing (tecla.training.singing)": "Apache-2.0"}
    if pianos is not None:
        data |= piano_licences(str(pianos))
    if corpus is not None:
        data[f"{corpus.title}, training split"] = f"licence {corpus.licence}; {corpus.url}"
    return {"data": data, "licence": "as their data, see there", "training": {**training, "ended": time.strftime("%Y-%m-%d %H:%M")}}
