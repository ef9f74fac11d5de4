"""Corpora in pictures: distributions beside each other, and one excerpt as each kind of spectrum shows it, its notes on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.corpora import spectra
from tecla.corpora.pairing import Pair, trimmed
from tecla.corpora.statistics import DURATION_EDGES_SEC, MOST_VOICES, CorpusFacts
from tecla.errors import MissingExtraError
from tecla.io.target import make_folder, whole_target
from tecla.music import Performance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS: Final = ("#4063b0", "#d1603d", "#3b8f6b", "#8a5aa8", "#c79a1e", "#5b6770", "#b04a6b")
_INK, _PALE, _GRID = "#26262a", "#707074", "#e4e4df"
_DPI: Final = 130


def make_figure(width: float, height: float) -> Figure:
    """An empty sheet of paper, in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("pictures need matplotlib: pip install 'tecla[report]'") from error
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG, whole or not at all.

    Raises:
        OutputError: the target cannot be written.
    """
    make_folder(path)
    with whole_target(path) as neighbour:
        figure.savefig(neighbour, format="png", dpi=_DPI)


def plain(axes: Any, title: str, x: str = "", y: str = "") -> None:
    """A panel without boxes: a title to the left, a pale grid, what its axes say."""
    axes.set_title(title, loc="left", fontsize=11, color=_INK)
    axes.set_xlabel(x, fontsize=9, color=_PALE)
    axes.set_ylabel(y, fontsize=9, color=_PALE)
    axes.tick_params(colors=_PALE, labelsize=8, length=0)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_distributions(corpora: Sequence[CorpusFacts], path: Path) -> None:
    """Writes what corpora have in common and what not: a panel a question, a colour a corpus.

    Raises:
        MissingExtraError: matplotlib is not installed. OutputError: the target cannot be written.
    """
    figure = make_figure(15, 13)
    panels = figure.subplots(4, 2).ravel()
    for corpus, colour in zip(corpora, COLOURS * 3, strict=False):
        _draw_one(panels, corpus, colour)
    plain(panels[0], "Pitch of the notes", "MIDI pitch", "share of notes, %")
    plain(panels[1], "Velocity", "velocity", "share of notes, %")
    plain(panels[2], "Length of the notes, key down to key up", "seconds", "share of notes, %")
    plain(panels[3], "Notes that sound at once, pedal included", "notes", "share of time, %")
    plain(panels[4], "Length of the pieces", "seconds", "share of pieces, %")
    plain(panels[5], "Notes a second, piece by piece", "notes a second", "share of pieces, %")
    plain(panels[6], "Time with the sustain pedal down, piece by piece", "share of the piece, %", "share of pieces, %")
    _draw_composers(panels[7], corpora)
    panels[2].set_xscale("log")
    panels[4].set_xscale("log")
    for panel in panels[:7]:
        _scale(panel)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False, fontsize=11)
    save_figure(figure, path)


def _scale(panel: Any) -> None:
    """Room for the broad distributions: one that stands on a few values alone is cut off above them."""
    tops = [float(np.max(line.get_ydata())) for line in panel.lines] + [float(patch.get_data().values.max()) for patch in panel.patches]
    panel.set_ylim(0, min(max(tops), 2 * float(np.median(tops))) * 1.05 or 1)
    if panel.get_xscale() == "log":
        panel.xaxis.set_major_formatter("{x:g}")


def _draw_one(panels: Any, corpus: CorpusFacts, colour: str) -> None:
    label = f"{corpus.name}: {len(corpus.pieces):,} pieces, {corpus.hours:.1f} h, {corpus.n_notes:,} notes"
    length_sec = np.sqrt(DURATION_EDGES_SEC[1:] * DURATION_EDGES_SEC[:-1])
    for panel, x, counts in (
        (panels[0], np.arange(21, 109), corpus.pitch[21:109]),
        (panels[1], np.arange(128), corpus.velocity),
        (panels[2], length_sec, corpus.length),
        (panels[3], np.arange(MOST_VOICES + 1), corpus.voices),
    ):
        panel.plot(x, 100 * counts / max(counts.sum(), 1e-9), color=colour, linewidth=1.6, label=label)
        panel.fill_between(x, 100 * counts / max(counts.sum(), 1e-9), color=colour, alpha=0.08, linewidth=0)
    pieces = [piece for piece in corpus.pieces if piece.n_notes]
    for panel, values, edges in (
        (panels[4], [piece.duration_sec for piece in pieces], np.geomspace(5, 3600, 30)),
        (panels[5], [piece.notes_per_sec for piece in pieces], np.linspace(0, 30, 31)),
        (panels[6], [100 * piece.pedal_share for piece in pieces], np.linspace(0, 100, 26)),
    ):
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        panel.stairs(100 * counts / max(len(pieces), 1), edges, color=colour, linewidth=1.6)


def _draw_composers(panel: Any, corpora: Sequence[CorpusFacts]) -> None:
    """The ten most frequent composers over all corpora, bars side by side."""
    totals: dict[str, int] = {}
    for corpus in corpora:
        for composer, count in _surnames(corpus).items():
            totals[composer] = totals.get(composer, 0) + count
    names = sorted(totals, key=lambda name: -totals[name])[:10]
    left = np.zeros(len(names))
    for corpus, colour in zip(corpora, COLOURS * 3, strict=False):
        counts = np.array([_surnames(corpus).get(name, 0) for name in names])
        panel.barh(range(len(names)), counts, left=left, color=colour, height=0.7)
        left += counts
    panel.set_yticks(range(len(names)), names)
    panel.invert_yaxis()
    plain(panel, "Composers", "pieces")
    panel.grid(visible=False, axis="y")


def _surnames(corpus: CorpusFacts) -> dict[str, int]:
    """Pieces by composer's surname: corpora write first names each in their own way. Arrangers, after a stroke, are left out."""
    found: dict[str, int] = {}
    for composer, count in corpus.composers.items():
        surname = composer.split("/")[0].split()[-1]
        found[surname] = found.get(surname, 0) + count
    return found


def draw_spectra(samples: NDArray[np.float32], performance: Performance, path: Path, title: str) -> None:
    """Writes one excerpt (16 kHz) as tecla's features, constant-Q, mel and harmonic constant-Q, with its notes as thin boxes.

    Shape:
        samples: (n,); times of `performance` count from its first sample

    Raises:
        MissingExtraError: matplotlib is not installed. OutputError: the target cannot be written.
    """
    figure = make_figure(16, 15)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=_INK)
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1.15, 1)))
    pitch_of = 69 + 12 * np.log2(spectra.own_hz()[[0, -1]] / 440)
    first, second, third = top.subplots(3, 1, sharex=True)
    length_sec = len(samples) / 16000
    _draw_spectrum(first, spectra.own(samples), performance, (*pitch_of, length_sec), "tecla's features, long window: 4 bins a semitone")
    _draw_spectrum(second, spectra.constant_q(samples), performance, (21, 109, length_sec), "Constant-Q, 48 bins an octave")
    mel_pitch = 69 + 12 * np.log2(spectra.mel_hz(spectra.N_MELS + 2)[1:-1] / 440)
    _draw_spectrum(
        third, _on_semitones(spectra.mel(samples), mel_pitch), performance, (21, 109, length_sec), "Mel, 229 bands, drawn by pitch"
    )
    panels = bottom.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel, harmonic, plane in zip(panels, spectra.HARMONICS, spectra.harmonic_constant_q(samples), strict=True):
        _draw_spectrum(panel, plane, performance, (21, 109, length_sec), f"Harmonic constant-Q: {harmonic:g} x")
    save_figure(figure, path)


def _draw_spectrum(axes: Any, decibels: NDArray[np.float32], played: Performance, extent: tuple[float, float, float], title: str) -> None:
    from matplotlib.collections import PatchCollection  # noqa: PLC0415
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    low, high, length_sec = extent
    loud = float(np.percentile(decibels, 99.7))
    axes.imshow(
        decibels, origin="lower", aspect="auto", extent=(0, length_sec, low - 0.5, high - 0.5), cmap="magma", vmin=loud - 60, vmax=loud
    )
    notes = played.notes[(played.notes["onset_sec"] < length_sec) & (played.notes["offset_sec"] > 0)]
    boxes = [Rectangle((n["onset_sec"], n["pitch"] - 0.5), n["offset_sec"] - n["onset_sec"], 1.0) for n in notes]
    axes.add_collection(PatchCollection(boxes, facecolor="none", edgecolor="#7fe3ff", linewidth=0.9))
    plain(axes, title, "seconds", "pitch")
    axes.grid(visible=False)
    axes.set(xlim=(0, length_sec), ylim=(20.5, 108.5))


def _on_semitones(decibels: NDArray[np.float32], pitch: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bands at any pitches, resampled to four rows a semitone from A0 to C8."""
    rows = np.arange(21 - 0.375, 109 - 0.5, 0.25)
    return np.stack([np.interp(rows, pitch, column) for column in decibels.T], axis=1)


def draw_alignment(pair: Pair, path: Path) -> None:
    """Writes how a sound and its MIDI lie on each other: the sound and what is kept of it, each note's distance, their distribution.

    Raises:
        MissingExtraError: matplotlib is not installed. OutputError: the target cannot be written.
    """
    line, (_, begin_sec, end_sec) = pair.line, trimmed(pair)
    figure = make_figure(15, 9)
    said = f"{pair.sound.name} and {pair.midi.name}: the recorder's clock gains {1e6 * (line.speed - 1):+,.0f} parts in a million"
    figure.suptitle(f"{said}; they began {line.shift_sec:+.3f} s apart", x=0.01, ha="left", fontsize=13, color=_INK)
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 1.3)))
    roll = top.subplots()
    at_sec = line.to_sound(pair.played.notes["onset_sec"])
    roll.axvspan(begin_sec, end_sec, color="#eef3fb", zorder=0)
    roll.scatter(at_sec, pair.played.notes["pitch"], s=7, marker="|", color=COLOURS[0], label="MIDI, on the sound's clock", linewidths=1.4)
    roll.scatter(pair.heard.notes["onset_sec"], pair.heard.notes["pitch"], s=3, color=COLOURS[1], label="heard in the sound", alpha=0.7)
    plain(roll, "Onsets; the shaded stretch is kept", "seconds of the sound", "pitch")
    roll.set_xlim(min(0.0, float(at_sec.min())), max(pair.sound_sec, float(at_sec.max())))
    roll.legend(loc="upper right", frameon=False, fontsize=9)
    scatter, counts = bottom.subplots(1, 2, width_ratios=(3, 1), sharey=True)
    scatter.scatter(at_sec[line.pairs[:, 0]], 1000 * line.residual_sec, s=5, color=COLOURS[0], alpha=0.5, linewidths=0)
    scatter.axhline(0, color=_INK, linewidth=0.8)
    plain(scatter, f"Heard less expected: {1000 * line.spread_sec:.1f} ms typically", "seconds of the sound", "ms")
    counts.hist(1000 * line.residual_sec, np.arange(-50, 51, 4), orientation="horizontal", color=COLOURS[0])
    plain(counts, f"{line.heard_share:.0%} of {len(pair.played):,} notes heard", "notes")
    scatter.set_ylim(-50, 50)
    save_figure(figure, path)
