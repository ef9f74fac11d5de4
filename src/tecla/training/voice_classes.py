"""The seed's task: 4 s of singing, a frame each 6 ms, four classes: silence, C4, E4, G4. Any network of the zoo with one answer a frame.

Features are standardised by numbers fitted on the training clips, which stay in the network. Nothing is chosen on validation: the length of
a training is given, and its last average is what is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from tecla.corpora.corpus import Recording
from tecla.corpora.voice import CLIP_SEC, PITCHES
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.training import loop
from tecla.transcription.features import SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB, loud_part_db
from tecla.transcription.monophonic.features import MARGIN_SAMPLES, spectrogram
from tecla.transcription.monophonic.targets import encode_line

HOP_SAMPLES: Final = 96
FRAME_RATE: Final = SAMPLE_RATE / HOP_SAMPLES
N_FRAMES: Final = 666  # 3.996 s
N_CLASSES: Final = 1 + len(PITCHES)
BATCH: Final = 16
SMOOTHING: Final = 0.05  # of the labels: their edges are a hand's
Stage = str  # "both", "gate" (sound or silence) or "note" (which, where it sounds)


@dataclass(frozen=True)
class Clips:
    """Clips in memory.

    Shape:
        features: (N, W, 666, F) float16; classes: (N, 666) 0 silence, 1 to 3 the pitches; condition: (N,) names
    """

    features: Tensor
    classes: Tensor
    condition: NDArray[np.str_]
    notes: tuple[Performance, ...]
    sounds: tuple[NDArray[np.float32], ...]


def load_clips(recordings: Sequence[Recording]) -> Clips:
    """Reads clips and draws their classes. Notes that end after the sound does are whole in `notes`."""
    sounds = [load_audio(take.audio, SAMPLE_RATE)[: int(CLIP_SEC * SAMPLE_RATE)] for take in recordings if take.audio is not None]
    notes = [load_midi(take.midi) for take in recordings]
    classes = [encode_line(line, np.array(PITCHES), N_FRAMES, FRAME_RATE).state for line in notes]
    return Clips(
        torch.from_numpy(np.stack([clip_features(sound) for sound in sounds])).half(),
        torch.from_numpy(np.stack(classes)),
        np.array([take.group for take in recordings]),
        tuple(notes),
        tuple(sounds),
    )


def clip_features(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of a clip, levelled as `tecla transcribe` levels it, (W, 666, F)."""
    gain = np.float32(10 ** ((NOMINAL_DB - loud_part_db([sound])) / 20))
    missing = max(0, N_FRAMES * HOP_SAMPLES - len(sound))
    return spectrogram(np.pad(sound * gain, (MARGIN_SAMPLES, MARGIN_SAMPLES + missing)), HOP_SAMPLES)[:, :N_FRAMES]


class ClipBatches(Dataset[tuple[Tensor, Tensor]]):
    """Batches by number: clips in an order shuffled for each epoch, a little louder, softer, duller, with a band or two missing."""

    def __init__(self, clips: Clips, batch: int, seed: int) -> None:
        self.clips, self.batch, self.seed = clips, batch, seed

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(number, self.per_epoch)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.clips.classes))
        chosen = torch.from_numpy(order[place * self.batch : (place + 1) * self.batch])
        rng = np.random.default_rng([self.seed, epoch, place])
        return varied(self.clips.features[chosen].float(), rng), self.clips.classes[chosen]

    @property
    def per_epoch(self) -> int:
        """Batches in which every clip comes once; the last few clips wait for the next order."""
        return len(self.clips.classes) // self.batch


def varied(features: Tensor, rng: np.random.Generator) -> Tensor:
    """The same singing on another day: level, tilt, a quarter semitone up or down, a missing band, noise. One unit is 20 dB."""
    out = features.clone()
    tilt = torch.linspace(-1, 1, features.shape[-1])
    for clip in out:
        clip += rng.normal() * 0.15 + tilt * rng.normal() * 0.2
        clip.copy_(torch.roll(clip, int(rng.integers(-1, 2)), -1))
        first = int(rng.integers(0, features.shape[-1] - 24))
        clip[..., first : first + int(rng.integers(0, 24))] = 0.0
    # One sheet of noise, moved in time for each clip: drawing it anew for every clip would take a third of a step.
    sheet = torch.from_numpy(rng.standard_normal(out.shape[1:], np.float32)) * 0.1
    for clip in out:
        clip += torch.roll(sheet, int(rng.integers(0, sheet.shape[1])), 1)
    return out


def class_loss(stage: Stage) -> Callable[[nn.Module, Any], tuple[Tensor, dict[str, Tensor]]]:
    """Cross-entropy of a stage's classes; "note" counts only frames that sound."""

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        features, classes = batch
        wanted = {"both": classes, "gate": (classes > 0).long(), "note": classes - 1}[stage]
        value = functional.cross_entropy(
            network(features).float().flatten(0, 1), wanted.flatten(), label_smoothing=SMOOTHING, ignore_index=-1
        )
        return value, {}

    return loss


def n_outputs(stage: Stage) -> int:
    """Classes of a stage."""
    return {"both": N_CLASSES, "gate": 2, "note": len(PITCHES)}[stage]


def train_classes(
    make: Callable[[int], nn.Module], clips: Clips, stage: Stage, epochs: int, seed: int, report: Callable[[dict[str, float]], None]
) -> nn.Module:
    """A trained network, the average over its last steps; `make` gets the number of outputs and has `standardise` fitted here."""
    batches = ClipBatches(clips, BATCH, seed)
    steps = epochs * batches.per_epoch
    config = loop.LoopConfig(
        steps=steps, warm_up=steps // 8, decay=steps * 3 // 4, peak_rate=3e-3, average=0.97, bfloat16=False, report_every=batches.per_epoch,
        save_every=steps,
    )  # fmt: skip

    def fitted() -> nn.Module:
        network = make(n_outputs(stage))
        standardise: Any = network.standardise
        standardise.fit(clips.features)
        return network

    torch.manual_seed(seed)
    state = loop.new_state(fitted, config, torch.device("cpu"))
    return loop.train(state, batches, class_loss(stage), config, lambda _, numbers: report(numbers), lambda _: None).average


@torch.no_grad()
def believe(network: nn.Module, features: Tensor) -> NDArray[np.float32]:
    """Probabilities of a network's classes, (N, 666, classes)."""
    network.eval()
    parts = [torch.softmax(network(part.float()), -1) for part in features.split(16)]
    return torch.cat(parts).numpy()


def join_stages(gate: NDArray[np.float32], note: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two stages as one: silence or not, (N, T, 2), and if not, which note, (N, T, 3) -> (N, T, 4)."""
    return np.concatenate([gate[..., :1], gate[..., 1:] * note], -1)
