"""How often the engraver's clef is the editor's: python benchmarks/clefs.py ASAP_FOLDER

Every printed page of ASAP but those of the validation pieces loses its clefs, and `tecla.engraving.clefs` chooses them anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tecla.corpora.asap import recordings
from tecla.engraving.clefs import choose_clefs
from tecla.io.musicxml import load_musicxml
from tecla.music.score import LEFT, RIGHT, Measure


def clefs_of_notes(measures: tuple[Measure, ...], staff: int) -> Iterator[str]:
    """The clef that each note of a staff stands in."""
    before = "G" if staff == RIGHT else "F"
    for measure in measures:
        clefs = [(Fraction(-1), before), *sorted((c.position, c.sign) for c in measure.clefs if c.staff == staff)]
        for events in measure.voices.values():
            at = Fraction(0)
            for event in events:
                sign = next(name for position, name in reversed(clefs) if position <= at)
                yield from (sign for _ in event.heads if event.staff == staff)
                at += event.duration
        before = clefs[-1][1]


def main() -> None:
    """Prints the share of notes in the editor's clef."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    pages = {r.score for r in recordings(parser.parse_args().root) if r.split != "validation" and r.score.is_file()}
    same = total = ours = 0
    for path in sorted(pages):
        measures = load_musicxml(path).measures
        chosen = choose_clefs([replace(measure, clefs=()) for measure in measures])
        ours += sum(len(measure.clefs) for measure in chosen)
        for staff in (RIGHT, LEFT):
            for theirs, mine in zip(clefs_of_notes(measures, staff), clefs_of_notes(chosen, staff), strict=True):
                same, total = same + (theirs == mine), total + 1
    print(f"{len(pages)} pages, {total:,} notes: {100 * same / total:.2f} % in the editor's clef, {ours:,} changes")


if __name__ == "__main__":
    main()
