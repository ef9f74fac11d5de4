"""tecla evaluate originality: what a piece shares with a corpus, beside what human pieces share with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tecla.evaluation.originality import Originality
    from tecla.music import Performance


def originality(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLE", help="What was generated: .mid .json .csv .abc.")],
    corpus: Annotated[
        Path, typer.Option(metavar="FOLDER", help="What the model learned from: MIDI or ABC files, MAESTRO, the chorales, the Irish tunes.")
    ],
    human: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Held-out human pieces; without it the corpus's validation split, if it has one.")
    ] = None,
) -> None:
    """Find what a piece shares with a corpus, in any key and at any tempo.

    \b
    tecla evaluate originality new.mid --corpus maestro-v3.0.0
    tecla evaluate originality *.abc --corpus irish_abc

    Exits with 1 if a sample is a copy, or shares more than 97.5 % of human pieces do.
    """
    from tecla.cli.music_folders import load_pieces, load_samples  # noqa: PLC0415
    from tecla.evaluation.originality import Corpus  # noqa: PLC0415

    pieces, held_out = load_pieces(corpus)
    baseline = load_pieces(human)[0] if human else held_out
    known = Corpus(pieces)
    given = load_samples(samples)
    # A longer piece finds a longer run by chance: people are judged on stretches as long as the samples.
    seconds = sorted(performance.duration_sec for performance in given.values())[len(given) // 2]
    print(f"corpus: {len(pieces):,} pieces; human baseline: {len(baseline):,} held-out pieces, at most {seconds:.0f} s of each")
    share, run = _human(known, {name: _middle(piece, seconds) for name, piece in baseline.items()})
    beyond = 0
    for name, performance in given.items():
        found = known.compare(performance)
        suspect = found.exact or (bool(baseline) and (found.copied_share > share or found.longest_run > run))
        beyond += suspect
        print(_line(name, found, suspect, bool(baseline)))
    if beyond:
        raise typer.Exit(1)


def _middle(performance: Performance, seconds: float) -> Performance:
    """The middle of a piece, so long."""
    onset = performance.notes["onset_sec"]
    start = max(0.0, (performance.duration_sec - seconds) / 2)
    return type(performance)(performance.notes[(onset >= start) & (onset < start + seconds)])


def _human(known: object, baseline: dict[str, Performance]) -> tuple[float, float]:
    """The 97.5th percentiles of held-out human pieces; prints their interval."""
    import numpy as np  # noqa: PLC0415

    from tecla.evaluation.originality import Corpus  # noqa: PLC0415

    if not baseline or not isinstance(known, Corpus):
        return 1.0, float("inf")
    found = [known.compare(piece) for piece in baseline.values() if len(piece) > 1]
    shares = np.percentile([each.copied_share for each in found], [2.5, 50, 97.5])
    runs = np.percentile([each.longest_run for each in found], [2.5, 50, 97.5])
    low, middle, high = 100 * shares
    print(f"human: {low:.1f} / {middle:.1f} / {high:.1f} % of 12-move runs shared (2.5, 50, 97.5th percentile)")
    print(f"human: longest common run {runs[0]:.0f} / {runs[1]:.0f} / {runs[2]:.0f} moves")
    return float(shares[2]), float(runs[2])


def _line(name: str, found: Originality, suspect: bool, compared: bool) -> str:
    innocent = "within human" if compared else "no copy (no human pieces to compare with: give --human)"
    verdict = "COPY" if found.exact else "BEYOND HUMAN" if suspect else innocent
    where = f"at {found.sample_sec:.1f} s, as in {found.nearest_piece} at {found.nearest_sec:.1f} s" if found.longest_run else ""
    return f"{name}: {verdict}; {100 * found.copied_share:.1f} % of runs shared; longest {found.longest_run} moves {where}".rstrip()
