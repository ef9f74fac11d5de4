"""Pages of MIDI files that a notation program wrote: ASAP's scores as MIDI, judged against the scores themselves.

python benchmarks/engrave_ruled.py ASAP [--as-played]

Of the held-back pieces those whose file has as many notes as the score, repeats taken; `--as-played` hides what the file says of its time.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from engrave_asap import SHOWN

from tecla.corpora.asap import DEVELOPMENT, SECOND_DEVELOPMENT, recordings
from tecla.corpora.asap_score import on_two_staves
from tecla.engraving import Wishes, engrave
from tecla.evaluation.scores import evaluate_score
from tecla.io.musicxml import load_musicxml
from tecla.io.sequenced import load_sequenced
from tecla.music.score import Score, unfold

_SAME_LENGTH = 0.06
_FIGURES = [name for name in SHOWN if name.split("_")[0] not in ("beat", "downbeat", "seconds")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--as-played", action="store_true")
    options = parser.parse_args()
    rows, seen = [], set()
    print("piece " + " ".join(_FIGURES))
    for recording in recordings(options.root):
        piece = (recording.composer, recording.title)
        if piece in seen or piece not in {*DEVELOPMENT, *SECOND_DEVELOPMENT}:
            continue
        seen.add(piece)
        performance, ruled = load_sequenced(recording.midi.parent / "midi_score.mid")
        reference = unfold(load_musicxml(recording.score))
        reference = Score(tuple(on_two_staves(measure) for measure in reference.measures))
        notes = sum(not note.grace for note in reference.notes())
        if ruled is None or abs(notes - len(performance)) > _SAME_LENGTH * notes:
            print(*piece, "left out:", "off its own grid" if ruled is None else f"{len(performance)} notes, {notes} in the score")
            continue
        metrics = evaluate_score(reference, engrave(performance, Wishes(), None if options.as_played else ruled))
        figures = {**dataclasses.asdict(metrics), "muster": metrics.muster}
        rows.append([float(figures[name]) for name in _FIGURES])
        print(*piece, " ".join(f"{value:.2f}" for value in rows[-1]), flush=True)
    print(f"mean of {len(rows)}:", ", ".join(f"{name} {value:.3f}" for name, value in zip(_FIGURES, np.mean(rows, axis=0), strict=True)))


if __name__ == "__main__":
    main()
