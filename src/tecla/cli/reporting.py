"""From judged takes to a page: what is shown, in which order, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.cli.frame_map import map_frames
from tecla.cli.judging import Take, Verdict
from tecla.cli.report_passages import passage_panels
from tecla.evaluation import calibration, confusion, curves, notes, passages
from tecla.evaluation.curves import Judged
from tecla.evaluation.mistakes import PITCH_BANDS, VELOCITY_BANDS
from tecla.evaluation.pieces import FIGURES, Piece
from tecla.evaluation.uncertainty import Interval
from tecla.io.target import make_folder, write_whole
from tecla.music import Performance
from tecla.music.pitch import pitch_to_name
from tecla.rendering.report import charts
from tecla.rendering.report.page import Page, Panel, Section, table

N_PASSAGES: Final = 6
_CARDS: Final = {
    "onset": "onset F1",
    "onset+offset sounding": "onset and end F1",
    "onset+offset+velocity sounding": "and velocity F1",
    "frame sounding": "frame F1",
    "pedal activation": "pedal F1",
}
_COLUMNS: Final = {
    "onset": "onset",
    "+ velocity": "onset+velocity",
    "+ end": "onset+offset sounding",
    "+ end + velocity": "onset+offset+velocity sounding",
    "+ key-up": "onset+offset key",
    "frame": "frame sounding",
    "pedal": "pedal activation",
}


@dataclass
class Collected:
    """Every piece that was judged, with its sound; the estimates' constant shifts are mended."""

    pieces: list[Judged] = field(default_factory=list)
    sounds: list[Path | None] = field(default_factory=list)
    shifts_sec: list[float] = field(default_factory=list)

    def add(self, take: Take, piece: Piece, reference: Performance, estimate: Performance) -> None:
        """Keeps one piece."""
        mended = estimate.shifted(-piece.shift_sec)
        self.pieces.append(Judged(take.name, reference, mended, notes.match_onsets(reference, mended)))
        self.sounds.append(take.audio)
        self.shifts_sec.append(piece.shift_sec)


def save_report(collected: Collected, verdict: Verdict, path: Path, title: str) -> None:
    """Writes the page, whole or not at all.

    Raises:
        OutputError: the target cannot be written. MissingExtraError: the map of frames needs the extra `report`.
    """
    pieces = collected.pieces
    n_played, n_heard = sum(len(piece.reference) for piece in pieces), sum(len(piece.estimate) for piece in pieces)
    seconds = sum(piece.reference.duration_sec for piece in pieces)
    facts = f"{len(pieces)} pieces, {seconds / 60:.0f} minutes, {n_played:,} notes played, {n_heard:,} heard · {date.today().isoformat()}"
    shifted = verdict.summaries[""].shifted
    figures = [(name, f"{shifted[key].mean:.3f}", _interval(shifted[key])) for key, name in _CARDS.items() if key in shifted]
    sections = [
        Section("Pieces", [_pieces(verdict)], "After one constant shift a piece (-30 to 60 ms). Click a column to sort by it."),
        Section("Curves", _curves(pieces)),
        Section("Confusion", _confusion(pieces), "Where misses and inventions live, and what was heard instead."),
        Section("Confidence", _confidence(pieces), "Whether a note that is believed at 80 % is right four times in five."),
        *_frames(collected),
        Section("Worst passages", passage_panels(collected.pieces, collected.sounds, collected.shifts_sec, N_PASSAGES), _PASSAGES),
    ]
    make_folder(path)
    write_whole(path, Page(title, facts, figures, sections).html())


_PASSAGES: Final = "Eight seconds each, the worst of every piece first. Play the recording, or what tecla made of it on its own piano."


def _interval(interval: Interval) -> str:
    return "one piece" if np.isnan(interval.low) else f"95 %: {interval.low:.3f} to {interval.high:.3f}"


def _pieces(verdict: Verdict) -> Panel:
    rows: list[list[str | float]] = []
    for piece in verdict.pieces:
        found = [FIGURES[figure](piece.shifted) for figure in _COLUMNS.values()]
        onset = piece.raw.sounding.onset
        counts = [f"{onset.in_reference:.0f}", f"{1000 * piece.shift_sec:+.0f} ms"]
        rows.append([piece.name, *counts, *(float("nan") if value is None else value for value in found)])
    return Panel("F1 by piece", table(["piece", "notes", "shift", *_COLUMNS], rows), wide=True)


def _curves(pieces: Sequence[Judged]) -> list[Panel]:
    found = curves.evaluate(pieces)
    course = passages.course(pieces)
    tolerance_ms = 1000 * np.array(curves.TOLERANCES_SEC)
    late_ms = {name: 1000 * np.abs(error) for name, error in (("onsets", found.onset_error_sec), ("ends", found.end_error_sec))}
    grid_ms = np.concatenate([np.arange(0, 50, 1.0), np.arange(50, 500, 5.0)])
    shares = {name: (grid_ms, np.searchsorted(np.sort(values), grid_ms) / max(1, len(values))) for name, values in late_ms.items()}
    near_ms = np.arange(0, 51, 1.0)
    onset_share = {"onsets": (near_ms, np.searchsorted(np.sort(late_ms["onsets"]), near_ms) / max(1, len(late_ms["onsets"])))}
    along = (np.arange(passages.COURSE_BINS) + 0.5) / passages.COURSE_BINS * 100
    worst = float(np.nanmax([course.missed, course.invented], initial=0.05)) * 1.15
    least = float(np.floor(10 * found.confidence.min(initial=1.0)) / 10) - 0.1
    operating = {"precision": (found.confidence, found.precision), "recall": (found.confidence, found.recall)}
    return [
        Panel(
            "Onset F1 over the tolerance",
            charts.lines({"onset F1": (tolerance_ms, found.f1)}, "tolerance, ms", "F1", (0, 150), (0, 1), dots=True, percent=False),
            "What rises beyond 50 ms was heard, but late or early.",
        ),
        Panel(
            "What another threshold would give",
            charts.lines(operating, "notes below this confidence are dropped", "", (least, 1), (0, 1)),
            "Precision and recall when only notes at least so sure are kept.",
        ),
        Panel(
            "How far onsets are off",
            charts.lines(onset_share, "error, ms", "share of matched notes", (0, 50), (0, 1)),
            f"Half are within {np.median(late_ms['onsets']) if len(late_ms['onsets']) else float('nan'):.1f} ms.",
        ),
        Panel("How far ends are off", charts.lines({"ends": shares["ends"]}, "error, ms", "share of matched notes", (0, 500), (0, 1))),
        Panel("Velocity, heard less played", charts.histogram(found.velocity_error, [float(e) for e in range(-60, 61, 4)], "velocity")),
        Panel(
            "Errors over the course of a piece",
            charts.lines(
                {"missed": (along, course.missed), "invented": (along, course.invented)},
                "beginning to end, %",
                "share",
                (0, 100),
                (0, worst),
            ),
            "A rise at one end speaks of a wrong speed or a cut recording.",
        ),
    ]


def _confusion(pieces: Sequence[Judged]) -> list[Panel]:
    found = confusion.evaluate(pieces)
    registers = [f"{pitch_to_name(max(21, low))}-{pitch_to_name(min(108, high - 1))}" for low, high in pairwise(PITCH_BANDS)]
    loudness = [f"{low:.0f}-{high - 1:.0f}" for low, high in pairwise(VELOCITY_BANDS)]
    beliefs = [f"{100 * low:.0f}-{min(100, 100 * high):.0f}" for low, high in pairwise(confusion.CONFIDENCE_BANDS)]
    instead = np.delete(found.intervals, confusion.OCTAVE, axis=1)
    shares = instead / np.maximum(instead.sum(1) + found.missed, 1)[:, None]
    steps = [f"{step:+d}" for step in range(-12, 13) if step]
    scaled = shares / max(float(shares.max()), 1e-9)
    top = f"The darkest cell holds {100 * float(shares.max()):.1f} % of its register's misses; for the others nothing near was heard."
    return [
        Panel(
            "Recall by register and loudness", charts.heat(found.recall, registers, loudness, found.recall_count, "velocity", "played, %")
        ),
        Panel(
            "Precision by register and confidence",
            charts.heat(found.precision, registers, beliefs, found.precision_count, "confidence, %", "heard, right in %"),
        ),
        Panel(
            "A missed key, and the invention heard within an octave of it at the same time",
            charts.heat(scaled, registers, steps, instead, "semitones away", "missed key", wide=True),
            top,
            wide=True,
        ),
    ]


def _confidence(pieces: Sequence[Judged]) -> list[Panel]:
    believed = np.concatenate([piece.estimate.notes["confidence"].astype("f8") for piece in pieces])
    right = np.concatenate([piece.right for piece in pieces])
    pitch = np.concatenate([piece.estimate.notes["pitch"] for piece in pieces])
    if not len(believed):
        return [Panel("Reliability", "<p>No note was heard.</p>")]
    if (believed == 1).all():
        return [Panel("Reliability", "<p>These notes came without confidence: give .json estimates, or a corpus with sound.</p>")]
    found = calibration.evaluate(believed, right)
    some = found.count >= 5
    course = passages.course(pieces)
    along = (np.arange(passages.COURSE_BINS) + 0.5) / passages.COURSE_BINS * 100
    spread = {
        "mean": (along, course.confidence),
        "one standard deviation less": (along, course.confidence - course.spread),
        "right": (along, 1 - course.invented),
    }
    return [
        Panel(
            "Reliability",
            charts.lines(
                {"right": (found.believed[some], found.right[some])}, "confidence", "right", (0, 1), (0, 1), dots=True, diagonal=True
            ),
            f"Expected calibration error {found.expected_error:.3f}, Brier score {found.brier:.3f}, area under the curve {found.area:.3f}."
            " On the line: believed as often as right; below it: believed too much.",
        ),
        Panel("Where the notes stand", charts.histogram(believed, [i / 25 for i in range(26)], "confidence")),
        Panel("Reliability by key", _by_key(believed, right, pitch), "What is believed, and what is right, in windows of five keys."),
        Panel("Confidence over the course of a piece", charts.lines(spread, "beginning to end, %", "", (0, 100), (0.5, 1))),
    ]


def _by_key(believed: NDArray[np.float64], right: NDArray[np.bool_], pitch: NDArray[np.int16]) -> str:
    keys = np.arange(21, 109)
    window = [np.abs(pitch - key) <= 2 for key in keys]
    enough = [chosen.sum() >= 10 for chosen in window]
    means = {
        name: [float(values[chosen].mean()) if many else float("nan") for chosen, many in zip(window, enough, strict=True)]
        for name, values in (("believed", believed), ("right", right))
    }
    low = max(0.0, float(np.nanmin([*means["right"], *means["believed"], 0.9])) - 0.05)
    return charts.lines({name: (keys, values) for name, values in means.items()}, "key, MIDI pitch", "", (21, 108), (low, 1))


def _frames(collected: Collected) -> list[Section]:
    mapped = map_frames(collected.pieces, collected.sounds, collected.shifts_sec)
    if mapped is None:
        return []
    lead = f"{len(mapped.points):,} frames of the sound, laid out by UMAP so that like lies by like: what the network sees, 20 ms each."
    n_names = len(mapped.register_names)
    return [
        Section(
            "Frames",
            [
                Panel("By what became of them", charts.scatter(mapped.points, mapped.outcomes, mapped.outcome_names), "Errors on top."),
                Panel(
                    "By their lowest key", charts.scatter(mapped.points, np.minimum(mapped.registers, n_names - 1), mapped.register_names)
                ),
            ],
            lead,
        )
    ]
