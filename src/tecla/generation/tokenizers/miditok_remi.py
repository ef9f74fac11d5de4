"""REMI as MidiTok writes it (Fradet et al. 2021), with velocity and pedal, and with byte pair encoding if it is taught: for comparison.

`tecla[research]` brings MidiTok. A quarter is half a second, as in MIDI files of performances; 8 positions a quarter up to a bar of
four, 2 for longer notes, 32 velocities. Loss: times, lengths and velocities on those grids, the pedal's depth, its presses that fall on
one position. Bits per BPE token say nothing: their own cutting is one of many, so that the sum over it is an upper bound, and is divided
by notes like every other.

Ids: MidiTok's, with PAD (0) as END.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import MissingExtraError, OptionError
from tecla.music import CONTROL, NOTE, SUSTAIN, Performance

if TYPE_CHECKING:
    from pathlib import Path

END: Final = 0
_TICKS_PER_SEC: Final = 960  # 480 a quarter, 120 quarters a minute
_WHOLE: Final = ("Duration", "Bar", "Pedal", "PedalOff")  # after these a piece may end


class MidiTokRemi:
    """MidiTok's REMI behind the protocol of all tokenizers."""

    slots = 1

    def __init__(self) -> None:
        """Without byte pairs.

        Raises:
            MissingExtraError: MidiTok is not installed.
        """
        try:
            from miditok import REMI, TokenizerConfig  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError('MidiTok is not installed: pip install "tecla[research]"') from error
        config = TokenizerConfig(
            pitch_range=(21, 109),
            beat_res={(0, 4): 8, (4, 16): 2},
            num_velocities=32,
            special_tokens=["PAD", "EOS"],
            use_sustain_pedals=True,
            sustain_pedal_duration=False,
            use_pitchdrum_tokens=False,
            use_time_signatures=False,
        )
        self._codec: Any = REMI(config)
        self.name = "miditok-remi"

    def learn_pairs(self, files: Iterable[Path], vocabulary: int) -> None:
        """Byte pair encoding from MIDI files, up to `vocabulary` ids.

        Raises:
            OptionError: fewer ids than there are already.
        """
        if vocabulary <= self.vocabulary:
            raise OptionError(f"a vocabulary of {vocabulary} leaves no room for pairs: must be above {self.vocabulary}")
        self._codec.train(vocab_size=vocabulary, model="BPE", files_paths=list(files))
        self.name = f"miditok-remi-bpe-{vocabulary}"
        self.__dict__.pop("_words", None)

    @property
    def vocabulary(self) -> int:
        """Number of ids, pairs included."""
        return int(self._codec.vocab_size)

    def encode(self, music: Performance) -> NDArray[np.int64]:
        """Ids of a performance from its first event on, and END. Shape: (L, 1)."""
        import symusic  # noqa: PLC0415

        pedals = music.pedal_intervals(SUSTAIN)
        first = min((*music.notes["onset_sec"], *pedals.ravel()), default=0.0)
        score: Any = symusic.Score(_TICKS_PER_SEC // 2)
        track: Any = symusic.Track()
        for note in music.notes:
            onset, offset = (round((float(note[name]) - first) * _TICKS_PER_SEC) for name in ("onset_sec", "offset_sec"))
            track.notes.append(symusic.Note(onset, max(1, offset - onset), int(note["pitch"]), int(note["velocity"])))
        for down, up in pedals - first:
            track.pedals.append(symusic.Pedal(round(down * _TICKS_PER_SEC), max(1, round((up - down) * _TICKS_PER_SEC))))
        score.tracks.append(track)
        spelt = self._codec(score)
        return np.array([*(spelt[0].ids if spelt else ()), END])[:, None]

    def decode(self, ids: NDArray[np.int64]) -> Performance:
        """The performance up to the first END."""
        from miditok import TokSequence  # noqa: PLC0415

        flat = np.asarray(ids).ravel().tolist()
        flat = flat[: flat.index(END)] if END in flat else flat
        sequence = TokSequence(ids=flat, are_ids_encoded=self._codec.is_trained)
        score = self._codec.decode([sequence])
        rows, moves, per_sec = [], [], 2 * score.tpq
        for track in score.tracks:
            rows += [(n.time / per_sec, n.end / per_sec, n.pitch, n.velocity, 1.0) for n in track.notes if n.duration > 0]
            moves += [(control.time / per_sec, SUSTAIN, control.value) for control in track.controls if control.number == SUSTAIN]
        return Performance(np.array(rows, NOTE), np.array(moves, CONTROL))

    def allowed(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """MidiTok's graph of types, on the last and first type of each id. Shape: (n,) -> (V,)."""
        follows = self._codec.tokens_types_graph
        last = self._words[int(ids[-1])][1] if len(ids) else "PAD"
        after = follows[last] if len(ids) else {"Bar"}
        mask = np.array([first in after and first not in ("PAD", "EOS") for first, _ in self._words])
        mask[END] = last in _WHOLE
        return mask

    @cached_property
    def _words(self) -> list[tuple[str, str]]:
        """First and last type of every id."""
        spelt = {number: token for token, number in self._codec.vocab.items()}
        if not self._codec.is_trained:
            return [(spelt[number].split("_")[0],) * 2 for number in range(len(spelt))]
        pairs = []
        for number in range(self.vocabulary):
            written = self._codec._vocab_learned_bytes_to_tokens[self._codec._model.id_to_token(number)] or ["PAD"]
            pairs.append((written[0].split("_")[0], written[-1].split("_")[0]))
        return pairs
