"""What is wrong with a corpus: halves without a partner, lengths that disagree, leaks between splits, sound that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora.pieces import Piece
from tecla.errors import TeclaError
from tecla.evaluation import originality
from tecla.io.audio import READABLE, open_audio
from tecla.music import Performance
from tecla.transcription.level import loud_part_db

SILENT_DB: Final = -60.0  # loud part of a take below which nobody played
CLIPPED_SHARE: Final = 1e-3  # of the samples at full scale, from which a take counts as clipped
SHORT_BY_SEC: Final = 1.0  # the sound may end this long before the last note begins
LONG_BY_SEC: Final = 30.0  # and go on this long after the last note is over
SAME_PIECE: Final = 0.1  # share of common runs from which two play the same music: half of all human pairs have 0.17, strangers 0.01
_RUN: Final = 12  # moves of a run
_MOST_RUNS: Final = 500_000  # of more, evenly chosen ones are compared: enough to tell long pieces apart, and MAESTRO fits in memory
_FULL_SCALE: Final = 0.999
_NOTE_FILES: Final = frozenset({".mid", ".midi"})


@dataclass(frozen=True)
class Finding:
    """One thing to mend: of which kind, in which piece, and what it is."""

    kind: str
    name: str
    what: str


def audit(
    pieces: Sequence[Piece], folder: Path, on_piece: Callable[[int], None] = lambda done: None, chosen: Sequence[Piece] | None = None
) -> list[Finding]:
    """Everything that is wrong with the pieces of a corpus that lies in `folder`.

    Args:
        chosen: those of the pieces that are opened and judged, the folder's other files being left alone; all of them without it.
        on_piece: called with the pieces looked at so far.
    """
    opened = pieces if chosen is None else chosen
    works = {piece.composition for piece in opened}
    found = [*silent_halves(pieces, opened), *shared_names([piece for piece in pieces if piece.composition in works])]
    if len(opened) == len(pieces):
        found = [*strays(pieces, folder), *found]
    runs: dict[str, NDArray[np.uint64]] = {}
    for number, piece in enumerate(opened):
        try:
            performance = piece.load()
        except TeclaError as error:
            found.append(Finding("unreadable notes", piece.name, str(error)))
        else:
            runs[piece.name] = runs_of(performance)
            found += _notes(piece, performance)
            found += _sound(piece, performance)
        on_piece(number + 1)
    return [*found, *shared_music(opened, runs)]


def silent_halves(pieces: Sequence[Piece], opened: Sequence[Piece]) -> Iterable[Finding]:
    """Pieces of `opened` without sound, where some of the corpus have it."""
    if any(piece.audio for piece in pieces):
        yield from (Finding("missing half", piece.name, "has notes and no sound") for piece in opened if piece.audio is None)


def strays(pieces: Sequence[Piece], folder: Path) -> Iterable[Finding]:
    """Sounds and MIDI files in the folder that belong to no piece."""
    used = {path for piece in pieces for path in (piece.audio, piece.midi, *piece.more) if path is not None}
    taken = {path.with_suffix("") for path in used}
    for path in sorted(folder.rglob("*")):
        kind = "sound" if path.suffix.lower() in READABLE else "MIDI" if path.suffix.lower() in _NOTE_FILES else ""
        if kind and path not in used and path.with_suffix("") not in taken and any(piece.midi for piece in pieces):
            yield Finding("missing half", path.relative_to(folder).as_posix(), f"is {kind} that belongs to no piece")


def shared_names(pieces: Sequence[Piece]) -> Iterable[Finding]:
    """Compositions that stand in two splits by their name."""
    splits: dict[str, set[str]] = {}
    for piece in pieces:
        splits.setdefault(piece.composition, set()).add(piece.split)
    yield from (
        Finding("leak", composition, f"is in splits {' and '.join(sorted(found))}")
        for composition, found in splits.items()
        if len(found) > 1
    )


def shared_music(pieces: Sequence[Piece], runs: dict[str, NDArray[np.uint64]]) -> Iterable[Finding]:
    """Performances of two splits that play the same music, whatever they are called, in any key and tempo."""
    runs = _thinned(runs)
    where: dict[int, list[int]] = {}
    for index, piece in enumerate(pieces):
        for run in np.unique(runs.get(piece.name, np.zeros(0, np.uint64))).tolist():
            where.setdefault(run, []).append(index)
    common: dict[tuple[int, int], int] = {}
    for places in where.values():
        for i, first in enumerate(places if len(places) <= 20 else []):  # what stands everywhere is an exercise, not a piece
            for second in places[i + 1 :]:
                common[first, second] = common.get((first, second), 0) + 1
    for (first, second), count in sorted(common.items(), key=lambda item: -item[1]):
        one, other = pieces[first], pieces[second]
        share = count / max(1, min(len(np.unique(runs[one.name])), len(np.unique(runs[other.name]))))
        if one.split != other.split and one.composition != other.composition and share >= SAME_PIECE and count >= 5:
            yield Finding("leak", one.name, f"({one.split}) plays what {other.name} ({other.split}) plays: {share:.0%} of its runs")


def runs_of(performance: Performance) -> NDArray[np.uint64]:
    """Hashes of all runs of twelve moves."""
    # Intervals without their pace: two pianists agree on the notes, not on how much faster the next one comes.
    line = (originality.moves(performance) // 4).astype(np.uint64) if len(performance) > 1 else np.zeros(0, np.uint64)
    if len(line) < _RUN:
        return np.zeros(0, np.uint64)
    powers = np.array([pow(1_000_003, i, 1 << 64) for i in range(_RUN)], np.uint64)
    with np.errstate(over="ignore"):
        hashes = (np.lib.stride_tricks.sliding_window_view(line, _RUN) * powers).sum(1, dtype=np.uint64)
        return np.asarray((hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9))


def _thinned(runs: dict[str, NDArray[np.uint64]]) -> dict[str, NDArray[np.uint64]]:
    """The same runs of every piece, so few that they can be compared; of a short piece in a small corpus none may be lost."""
    one_in = np.uint64(-(-sum(map(len, runs.values())) // _MOST_RUNS) or 1)
    return {name: hashes[(hashes >> np.uint64(40)) % one_in == 0] for name, hashes in runs.items()}


def _notes(piece: Piece, performance: Performance) -> Iterable[Finding]:
    if not len(performance):
        yield Finding("empty", piece.name, "has no notes")
    elif piece.midi is not None and len(performance) > 20 and np.ptp(performance.notes["velocity"]) == 0:  # what is only written has none
        yield Finding("flat", piece.name, f"has one velocity for all its notes ({performance.notes['velocity'][0]})")


def _sound(piece: Piece, performance: Performance) -> Iterable[Finding]:
    """Reads the sound once, in blocks: its length, its level, its full-scale samples."""
    if piece.audio is None:
        return
    n_samples, n_full, rate = 0, 0, 0
    try:
        source = open_audio(piece.audio)
        rate = source.sample_rate
        for block in source.read():
            n_samples, n_full = n_samples + len(block), n_full + int((np.abs(block) >= _FULL_SCALE).sum())
        level_db = loud_part_db(source.blocks())
    except TeclaError as error:
        yield Finding("unreadable sound", piece.name, str(error))
        return
    if level_db < SILENT_DB:
        yield Finding("silent", piece.name, f"is at {level_db:.0f} dB where it is loud")
    if n_full > CLIPPED_SHARE * n_samples:
        yield Finding("clipped", piece.name, f"has {n_full / n_samples:.1%} of its samples at full scale")
    yield from _lengths(piece, performance, n_samples / rate)


def _lengths(piece: Piece, performance: Performance, sound_sec: float) -> Iterable[Finding]:
    if not len(performance):
        return
    last_onset_sec = float(performance.notes["onset_sec"].max())
    if sound_sec < last_onset_sec - SHORT_BY_SEC:
        late = int((performance.notes["onset_sec"] > sound_sec).sum())
        yield Finding("wrong length", piece.name, f"sounds for {sound_sec:.1f} s, but {late} of its notes begin later")
    elif sound_sec > performance.duration_sec + LONG_BY_SEC:
        yield Finding(
            "wrong length", piece.name, f"sounds for {sound_sec:.1f} s, but its notes are over after {performance.duration_sec:.1f} s"
        )
