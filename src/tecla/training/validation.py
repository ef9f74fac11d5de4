"""How well a network hears what it was not trained on: held-out recordings, or held-out music on the training pianos.

Judged against the performances themselves, never against targets drawn on a frame grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from tecla.evaluation.notes import NoteMetrics, evaluate
from tecla.models.features import Spectrogram
from tecla.music import Performance
from tecla.training.examples import PRE_ROLL_SEC, Batch, ExampleConfig, excerpt, note_table
from tecla.training.improvised import improvised
from tecla.training.material import Share
from tecla.training.sound import Sound
from tecla.transcription.coherence import mend_pedal
from tecla.transcription.decode import DecodeConfig, decode_notes, decode_pedal, frames_to_sec
from tecla.transcription.features import FRAME_RATE, HOP_SAMPLES, MARGIN_SAMPLES, SAMPLE_RATE
from tecla.transcription.level import NOMINAL_DB, loud_part_db
from tecla.transcription.network import Activations
from tecla.transcription.transcriber import perform

TAKE_SEC: Final = 30.0
MOST_TAKES: Final = 12
THRESHOLDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, DecodeConfig.onset_threshold)  # of onsets; the last is the transcriber's
_NUMBER: Final = 1 << 31  # of the batch that renders held-out music: no run gets so far


@dataclass(frozen=True)
class Take:
    """A stretch to be judged by: what was played, from its first frame on, and its sound with the margins of features."""

    played: Performance
    samples: Tensor


class Validation:
    """Takes, and how to be judged by them.

    Args:
        share: held-out material; without recordings, its performances (or pieces improvised by tecla) are rendered with `sound`.
    """

    def __init__(self, share: Share, sound: Sound, config: ExampleConfig) -> None:
        self._device = sound.device
        self._spectrogram = Spectrogram().to(self._device)
        self.takes = recorded_takes(share) or rendered_takes(share, sound, config)

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Mean note F1 over the takes, at the onset threshold that suits the network best, and that threshold.

        A network that has learned for minutes is less sure of its onsets than it will be: at the transcriber's threshold it would hear
        nothing, and no step of it would be better than another. The network stays in the mode in which it came.
        """
        was_training = network.training
        network.eval()
        heard = [self._at_each_threshold(network, take) for take in self.takes]
        network.train(was_training)
        onset_f1 = np.mean([[metrics.onset.f1 for metrics in row] for row in heard], 0)
        best = len(THRESHOLDS) - 1 - int(onset_f1[::-1].argmax())  # of equals the highest
        rules = ("onset", "onset_offset", "onset_offset_velocity")
        found = {f"{rule}_f1": float(np.mean([getattr(row[best], rule).f1 for row in heard])) for rule in rules}
        return found | {"onset_threshold": THRESHOLDS[best]}

    def _at_each_threshold(self, network: nn.Module, take: Take) -> list[NoteMetrics]:
        heard = self._activations(network, take.samples)
        return [evaluate(take.played, decode(heard, DecodeConfig(onset_threshold=t))) for t in THRESHOLDS]

    def _activations(self, network: nn.Module, samples: Tensor) -> Activations:
        heads = network(self._spectrogram(samples.to(self._device)[None]))
        keys, pedals = torch.sigmoid(heads.keys[0].float()), torch.sigmoid(heads.pedals[0].float())
        return Activations(keys.cpu().numpy(), pedals.cpu().numpy())


def decode(heard: Activations, config: DecodeConfig | None = None) -> Performance:
    """Notes and pedal of a stretch that is heard as a whole, as the transcriber reads them."""
    config = config or DecodeConfig()
    pedal_sec = mend_pedal(frames_to_sec(decode_pedal(heard.pedals, config)))
    return perform(decode_notes(heard.keys, config), pedal_sec, "key")


def recorded_takes(share: Share) -> list[Take]:
    """The first half minute of each recording, levelled as the transcriber would level it, at most a dozen."""
    takes: list[Take] = []
    for played, sound in list(zip(share.recorded, share.sounds, strict=True))[:MOST_TAKES]:
        whole = sound[: int((TAKE_SEC + 1) * SAMPLE_RATE)].astype(np.float32) / np.float32(32768)
        gain = 10 ** ((NOMINAL_DB - loud_part_db([whole])) / 20)
        n_frames = max(1, min(int(TAKE_SEC * FRAME_RATE), len(whole) // HOP_SAMPLES))
        padded = np.pad(whole * np.float32(gain), (MARGIN_SAMPLES, 2 * MARGIN_SAMPLES))
        samples = padded[: (n_frames - 1) * HOP_SAMPLES + 2 * MARGIN_SAMPLES]
        takes.append(Take(_within(played, n_frames / FRAME_RATE), torch.from_numpy(samples)))
    return [take for take in takes if len(take.played)]


def rendered_takes(share: Share, sound: Sound, config: ExampleConfig) -> list[Take]:
    """Stretches of held-out performances, or of improvised ones, through one batch of rooms and microphones."""
    rng = np.random.default_rng([config.seed, _NUMBER])
    wholes = share.performances or [improvised(rng, config.sound_sec + 2) for _ in range(MOST_TAKES)]
    begins_sec = [rng.uniform(0, max(0.0, whole.duration_sec - config.sound_sec)) for whole in wholes[:MOST_TAKES]]
    played = [excerpt(whole, begin, config.sound_sec, 1.0) for whole, begin in zip(wholes, begins_sec, strict=False)]
    table, lift = note_table(played, config.sound_sec, rng)
    none, unused = torch.zeros(0), torch.zeros(len(played), 1, 1, 1)
    batch = Batch(_NUMBER, table, lift, torch.zeros(len(played)), none.long(), none, none, unused, unused).to(sound.device)
    samples = sound(batch)
    within = [_within(p.shifted(-PRE_ROLL_SEC), config.n_frames / FRAME_RATE) for p in played]
    return [Take(p, s) for p, s in zip(within, samples, strict=True) if len(p)]


def _within(performance: Performance, length_sec: float) -> Performance:
    """The notes that begin in the first `length_sec` seconds."""
    onset_sec = performance.notes["onset_sec"]
    return Performance(performance.notes[(onset_sec >= 0) & (onset_sec < length_sec)], performance.controls)
