"""Trains a network for single lines from nothing to an .onnx file with its card: any pitch, or the classes of the voice corpus.

What a run has come to lies in a folder, and a run that was stopped goes on from there to the same weights, bit for bit: the network for any
pitch from its last checkpoint, the one for classes from its last whole cycle (its dropout draws anew in each).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from tecla import __version__
from tecla.corpora import Corpus, load_corpus
from tecla.corpora.voice import PITCHES as CLASS_PITCHES
from tecla.errors import InputError, OptionError, OutputError
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.models.council import Council
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.training import loop
from tecla.training.asked import load_asked
from tecla.training.export_line import export_line_onnx
from tecla.training.run import piano_licences, write_json
from tecla.training.sampled_piano import load_banks
from tecla.training.stored import fitted, load_stored, save_stored
from tecla.training.voice import PITCHES, LineExamples, LineMix, line_loss, make_line_network
from tecla.training.voice_classes import BATCH, FRAME_RATE, HOP_SAMPLES, N_CLASSES, N_FRAMES, load_clips, train_classes
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.monophonic.features import HOP_SAMPLES as LINE_HOP_SAMPLES

# A clip's own clock: whoever sang it heard a metronome, and labels begin on its beats.
CLOCK: Final = tuple(FRAME_RATE * period_sec for period_sec in (4.0, 2.0, 1.0, 0.5, 0.25))
CLASS_STRIDE: Final = 4
CYCLES: Final = 4
ROUNDS: Final = 8  # times that a made-up batch comes again, transposed: making one costs half a step
Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class VoiceOptions:
    """What a run is asked for: `corpus` is voice:FOLDER, `pianos` a folder; with `classes`, `steps` are rounds over the clips a cycle."""

    corpus: str | None = None
    pianos: str | None = None
    classes: bool = False
    steps: int = 400
    seed: int = 0


def check_new(folder: Path, options: VoiceOptions) -> None:
    """Says before any work whether a run may begin.

    Raises:
        OptionError: classes without a corpus. OutputError: the folder holds a run already.
    """
    if options.classes and options.corpus is None:
        raise OptionError("--classes needs --corpus voice:FOLDER")
    if (folder / "run.json").exists():
        raise OutputError(f"{folder} holds a training that was stopped: go on with --resume, or begin anew with --force")


def load_options(folder: Path) -> VoiceOptions:
    """What a run was asked for.

    Raises:
        InputError: the folder holds no run, or one that cannot be.
    """
    if not (folder / "run.json").exists():
        raise InputError(f"nothing of {folder.with_suffix('.onnx')} was kept yet, so there is nothing to go on with: leave --resume away")
    return load_asked(folder, VoiceOptions)


def train_voice(folder: Path, options: VoiceOptions, report: Report) -> tuple[nn.Module, dict[str, Any]]:
    """A run from where it stopped, or from its beginning, to its end: the network, and what its card says.

    Args:
        folder: made when there is something to keep.
        report: gets the numbers of a step, "step" of "steps" among them.

    Raises:
        InputError: a corpus or a piano cannot be read. OutputError: the folder cannot be made.
    """
    corpus = load_corpus(options.corpus) if options.corpus else None
    if corpus is not None and options.classes:
        network = train_clip_classes(corpus, folder, options, report)
    else:
        network = train_line(corpus, folder, options, report)
    pianos = Path(options.pianos) if options.pianos and not options.classes else None
    return network, describe(corpus, pianos, steps=options.steps, seed=options.seed, classes=options.classes)


def _opened(folder: Path, options: VoiceOptions) -> Path:
    """The folder, made where there is none, with what the run was asked for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "run.json", asdict(options))
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): name another output") from error
    return folder


def train_line(corpus: Corpus | None, folder: Path, options: VoiceOptions, report: Report) -> nn.Module:
    """The network for any pitch: made-up singing, lines on the pianos of a folder, training clips of the voice corpus.

    Raises:
        InputError: the folder of pianos holds none, or a clip cannot be read.
    """
    takes = corpus.of_split("train").recordings if corpus is not None else ()
    clips = [(load_audio(take.audio, SAMPLE_RATE), load_midi(take.midi)) for take in takes if take.audio is not None]
    steps = options.steps
    mix = LineMix(seed=options.seed, pool=max(32, steps // ROUNDS))
    examples = LineExamples(mix, load_banks(Path(options.pianos)) if options.pianos else None, clips)
    config = loop.LoopConfig(
        steps=steps, warm_up=30, decay=max(1, steps // 2), peak_rate=4e-3, average=0.98, bfloat16=False, report_every=max(1, steps // 20),
        save_every=max(1, steps // 20),
    )  # fmt: skip
    torch.manual_seed(options.seed)
    state, kept = loop.new_state(make_line_network, config, torch.device("cpu")), folder / "checkpoint"
    if kept.exists():
        loop.load_checkpoint(state, kept)
    return loop.train(
        state,
        examples,
        line_loss,
        config,
        lambda _, numbers: report({**numbers, "steps": steps}),
        lambda state: loop.save_checkpoint(state, _opened(folder, options) / kept.name),
    ).average


def train_clip_classes(corpus: Corpus, folder: Path, options: VoiceOptions, report: Report) -> nn.Module:
    """The network for silence, C4, E4 and G4, from the training clips alone: `CYCLES` of training, the last three believed together."""
    clips, members = load_clips(corpus.of_split("train").recordings), list[nn.Module]()
    per_cycle = options.steps * (len(clips.classes) // BATCH)

    def go_on(n_outputs: int) -> nn.Module:
        network = make_class_network(n_outputs)
        if members:
            network.load_state_dict(members[-1].state_dict())
        return network

    for cycle in range(CYCLES):
        kept = folder / f"cycle-{cycle}.safetensors"
        if kept.exists():
            network = make_class_network(N_CLASSES)
            with fitted(kept):
                network.load_state_dict(load_stored(kept))
        else:
            before = cycle * per_cycle

            def tell(numbers: dict[str, float], before: int = before) -> None:
                report({**numbers, "step": before + numbers["step"], "steps": CYCLES * per_cycle})

            network = train_classes(go_on, clips, "both", options.steps, options.seed + cycle, tell)
            _opened(folder, options)
            save_stored(network.state_dict(), kept)
        members.append(network.eval())
    return Council(members[-3:])


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
    write_json(path, whole)
    return path


def describe(corpus: Corpus | None, pianos: Path | None, **training: object) -> dict[str, Any]:
    """What a card says of the data, their licences and the training."""
    data = {"made-up singing (tecla.training.singing)": "Apache-2.0"}
    if pianos is not None:
        data |= piano_licences(str(pianos))
    if corpus is not None:
        data[f"{corpus.title}, training split"] = f"licence {corpus.licence}; {corpus.url}"
    return {"data": data, "licence": "as their data, see there", "training": {**training, "ended": time.strftime("%Y-%m-%d %H:%M")}}
