"""From files to figures: which estimate belongs to which reference, and what came of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tecla import workbench
from tecla.cli.batch import is_folder
from tecla.corpora import Corpus, Recording
from tecla.errors import InputError, TeclaError
from tecla.evaluation import notes, pieces
from tecla.evaluation.pieces import FIGURES, Piece, Readings, Summary
from tecla.io.target import make_folder, whole_target, write_whole
from tecla.music import Performance
from tecla.rendering.overlay import draw_overlay

NOTE_FILES: Final = (".mid", ".midi", ".json", ".csv")


@dataclass(frozen=True)
class Take:
    """One piece to judge: where its reference lies, how its estimate is had, and its sound where there is one."""

    name: str
    group: str
    reference: Path
    hear: Callable[[], Performance]
    audio: Path | None = None


Watch = Callable[[Take, Piece, Performance, Performance], None]


@dataclass(frozen=True)
class Verdict:
    """All pieces that could be judged, their summaries by group ("" for all), and what failed."""

    pieces: list[Piece]
    versus: list[Piece]
    summaries: Mapping[str, Summary]
    failures: list[TeclaError]


def takes_of_files(reference: Path, estimate: Path) -> list[Take]:
    """One take of two files; or one for each note file of a folder, with the estimate of the same name in the other.

    Raises:
        InputError: a file beside a folder, or a folder without note files.
    """
    if not is_folder(reference):
        if is_folder(estimate):
            raise InputError(f"{estimate} is a folder and {reference} is not: give two files or two folders")
        return [Take(reference.stem, "", reference, partial(workbench.load, estimate))]
    if not is_folder(estimate):
        raise InputError(f"{estimate} is no folder and {reference} is one: give two files or two folders")
    found = sorted(path for path in reference.rglob("*") if path.suffix.lower() in NOTE_FILES and path.is_file())
    if not found:
        raise InputError(f"{reference} holds no note files: it should hold {', '.join(NOTE_FILES)} files")
    names = [path.relative_to(reference).with_suffix("").as_posix() for path in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{reference} holds {twice} in two formats: keep one of them")
    return [Take(name, "", path, partial(load_estimate, estimate, name)) for name, path in zip(names, found, strict=True)]


def takes_of_corpus(corpus: Corpus, hear: Callable[[Recording], Performance]) -> list[Take]:
    """One take for each recording of a corpus."""
    return [Take(one.name, one.group, one.midi, partial(hear, one), one.audio) for one in corpus.recordings]


def load_estimate(folder: Path, name: str) -> Performance:
    """The note file of a name in a folder, with or without the folders that the name has.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    places = [Path(f"{folder / stem}{suffix}") for stem in (name, Path(name).name) for suffix in NOTE_FILES]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(f"{folder} holds no {name}.mid (nor .midi, .json, .csv): name the estimates as the references")
    return workbench.load(path)


def judge(takes: Sequence[Take], others: Sequence[Take] = (), watch: Watch = lambda take, piece, reference, estimate: None) -> Verdict:
    """Judges takes and, for the paired difference, another system's takes of the same references.

    A take that fails is left out, and so is its partner from the difference. `watch` sees every take that is judged, with what was
    played and what was heard.

    Raises:
        TeclaError: nothing could be judged; the first failure.
    """
    failures: list[TeclaError] = []
    judged = _judge_all(takes, failures, watch)
    compared = _judge_all(others, failures, lambda *_: None)
    if not judged:
        raise failures[0] if failures else InputError("no piece to judge: give at least one reference with its estimate")
    groups = sorted({take.group for take in takes if take.name in judged})
    summaries = {"": _summarise(list(judged), judged, compared)}
    if len(groups) > 1:
        for group in groups:
            summaries[group] = _summarise([take.name for take in takes if take.group == group and take.name in judged], judged, compared)
    return Verdict(list(judged.values()), list(compared.values()), summaries, failures)


def save_json(verdict: Verdict, path: Path) -> None:
    """Writes figures by piece, means with intervals by group, and mistakes; what does not exist is null.

    Raises:
        OutputError: the target cannot be written.
    """
    document = {
        "pieces": [_piece_to_dict(piece) for piece in verdict.pieces],
        "versus": [_piece_to_dict(piece) for piece in verdict.versus],
        "summary": {group or "all": asdict(summary) for group, summary in verdict.summaries.items()},
        "failures": [str(failure) for failure in verdict.failures],
    }
    make_folder(path)
    write_whole(path, json.dumps(_without_nan(document), indent=1) + "\n")


def _judge_all(takes: Sequence[Take], failures: list[TeclaError], watch: Watch) -> dict[str, Piece]:
    judged = {}
    for take in takes:
        try:
            reference, estimate = workbench.load(take.reference), take.hear()
        except TeclaError as failure:
            failures.append(failure)
            continue
        judged[take.name] = pieces.evaluate(take.name, reference, estimate)
        watch(take, judged[take.name], reference, estimate)
    return judged


def _summarise(names: Sequence[str], judged: Mapping[str, Piece], compared: Mapping[str, Piece]) -> Summary:
    summary = pieces.summarise([judged[name] for name in names])
    both = [name for name in names if name in compared]
    if not both:
        return summary
    gains = pieces.summarise([judged[name] for name in both], [compared[name] for name in both])
    return Summary(summary.raw, summary.shifted, summary.mistakes, gains.gain_raw, gains.gain_shifted)


def draw_piece(piece: Piece, reference: Performance, estimate: Performance, path: Path) -> None:
    """Draws hits, misses and inventions of one piece, after its shift (.png).

    Raises:
        OutputError: the target cannot be written.
    """
    mended = estimate.shifted(-piece.shift_sec)
    title = f"{piece.name}: onset F1 {piece.shifted.sounding.onset.f1:.3f}, estimate moved by {-1000 * piece.shift_sec:+.0f} ms"
    make_folder(path)
    with whole_target(path) as neighbour:
        draw_overlay(reference, mended, notes.match_onsets(reference, mended), neighbour, title)


def _piece_to_dict(piece: Piece) -> dict[str, Any]:
    def figures(readings: Readings) -> dict[str, float | None]:
        return {name: figure(readings) for name, figure in FIGURES.items()}

    onset = piece.raw.sounding.onset
    return {
        "name": piece.name,
        "notes_in_reference": onset.in_reference,
        "notes_in_estimate": onset.in_estimate,
        "shift_sec": piece.shift_sec,
        "raw": figures(piece.raw),
        "shifted": figures(piece.shifted),
        "mistakes": asdict(piece.mistakes),
    }


def _without_nan(value: Any) -> Any:
    """The same tree with null for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
