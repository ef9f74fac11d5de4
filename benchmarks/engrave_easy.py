"""Counts easy music: folk tunes with and without a plain accompaniment, played by a program or by a steady hand, and chorales.

python benchmarks/engrave_easy.py IRISH_ABC [--split test] [--chorales JSB_CHORALES]

No network has learned the tunes of the validation split, which chose between networks, nor those of the test split, which did not; waltzes
are rare, so each is played six times.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mir_eval
import numpy as np

from tecla.corpora import irish_abc, jsb
from tecla.engraving import engrave_with_grid
from tecla.music import Performance
from tecla.training.easy import play_easily, read_tune

_WALTZES = 6
_SIXTEENTH_SEC = 60 / 80 / 4


@dataclass(frozen=True, eq=False)
class Played:
    """A performance and its true beats and, where they are known, bar lines and time signature."""

    performance: Performance
    beats_sec: np.ndarray
    downbeats_sec: np.ndarray | None = None
    time: str = ""


def tunes(folder: Path, split: str) -> Iterator[Played]:
    """Tunes of a split, each with a seed of its own."""
    found = [tune for text in irish_abc.load_split(folder, split) if (tune := read_tune(text)) is not None]
    for seed, tune in enumerate(one for one in found for _ in range(_WALTZES if str(one.time) == "3/4" else 1)):
        piece = play_easily(tune, np.random.default_rng(1000 + seed))
        yield Played(piece.performance, piece.beats_sec, piece.beats_sec[piece.place == 0], str(tune.time))


def chorales(folder: Path) -> Iterator[Played]:
    """Twenty validation chorales, every quarter 0.75 s; where their bars begin the corpus does not say."""
    for grid in jsb.load_split(folder, "validation")[:20]:
        rows = []
        for voice in np.asarray(grid).T:
            begins = np.flatnonzero(np.diff(voice, prepend=-99))
            rows += [(a, b, int(voice[a])) for a, b in zip(begins, [*begins[1:], len(voice)], strict=True) if voice[a] > 0]
        onset, end, pitch = np.array(sorted(set(rows))).T
        played = Performance.from_arrays(onset * _SIXTEENTH_SEC, end * _SIXTEENTH_SEC - 0.02, pitch, 70)
        yield Played(played, np.arange(0, len(grid), 4) * _SIXTEENTH_SEC)


def judge(name: str, pieces: Iterable[Played]) -> None:
    """Prints means over pieces."""
    beat, down, right, levels = [], [], [], Counter()
    for piece in pieces:
        page = engrave_with_grid(piece.performance)
        beat.append(mir_eval.beat.f_measure(piece.beats_sec, page.beats_sec))
        levels[round(float(np.median(np.diff(page.beats_sec)) / np.median(np.diff(piece.beats_sec))), 1)] += 1
        if piece.downbeats_sec is not None:
            down.append(mir_eval.beat.f_measure(piece.downbeats_sec, page.downbeats_sec))
            usual = Counter(measure.time for measure in page.score.measures).most_common(1)[0][0]
            right.append(str(usual) == piece.time)
    told = f", downbeat F {np.mean(down):.3f}, signature right {sum(right)} of {len(right)}" if down else ""
    print(f"{name}: {len(beat)} pieces, beat F {np.mean(beat):.3f}{told}; beats as long as the true ones: {levels.most_common(4)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tunes", type=Path)
    parser.add_argument("--split", choices=irish_abc.SPLITS, default="validation")
    parser.add_argument("--chorales", type=Path)
    options = parser.parse_args()
    judge("tunes", tunes(options.tunes, options.split))
    if options.chorales:
        judge("chorales", chorales(options.chorales))


if __name__ == "__main__":
    main()
