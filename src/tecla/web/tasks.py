"""What the workers do: one function per kind of work, files in, files out, all of it the workbench's.

Each is called as task(progress, **arguments) in a process of its own. A target is written whole or not at all.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tecla.errors import InputError
from tecla.music import Performance
from tecla.music.ruled import Ruled
from tecla.web.intake import NOTE_SUFFIXES, SCORE_SUFFIXES
from tecla.web.workers import Progress

LONGEST_SEC: Final = 3 * 3600.0
MOST_NOTES: Final = 100_000
_ROUNDED_SEC: Final = 2e-6  # by which times in a version's file may be off: they are kept to a microsecond


def probe_sound(progress: Progress, source: Path) -> dict[str, Any]:
    """How long a sound is.

    Raises:
        InputError: it cannot be read, or is too long.
    """
    from tecla import workbench  # noqa: PLC0415

    duration_sec = workbench.open_sound(source).duration_sec or 0.0
    if duration_sec > LONGEST_SEC:
        raise InputError(f"{source} lasts {duration_sec / 3600:.1f} hours, more than {LONGEST_SEC / 3600:g}: cut it into parts")
    return {"duration_sec": duration_sec}


def transcribe(progress: Progress, source: Path, target: Path, duration_sec: float, threads: int) -> dict[str, Any]:
    """Hears a sound and writes its notes; `heard_sec` is how long it was, which some files do not say (`duration_sec` is 0 then).

    Raises:
        InputError: it cannot be read, or goes on for too long.
    """
    from tecla import workbench  # noqa: PLC0415

    heard_sec = 0.0

    def hear(sec: float) -> None:
        nonlocal heard_sec
        heard_sec = sec
        if sec > LONGEST_SEC:
            raise InputError(f"{source} lasts more than {LONGEST_SEC / 3600:g} hours: cut it into parts")
        progress(min(sec / max(duration_sec, sec + 10.0), 0.99))

    performance = workbench.transcribe(source, on_progress=hear, threads=threads)
    return _keep(performance, target) | {"heard_sec": heard_sec}


def read_notes(progress: Progress, source: Path, target: Path) -> dict[str, Any]:
    """Reads a note file, or plays a score, and writes its notes.

    Raises:
        InputError: it cannot be read, or has too many notes.
    """
    from tecla import workbench  # noqa: PLC0415

    written = source.suffix in SCORE_SUFFIXES
    return _keep(workbench.play(source) if written else workbench.load(source), target)


def _keep(performance: Performance, target: Path) -> dict[str, Any]:
    from tecla import workbench  # noqa: PLC0415

    if len(performance) > MOST_NOTES:
        raise InputError(f"{len(performance):,} notes are more than {MOST_NOTES:,}: cut the piece into parts")
    if performance.duration_sec > LONGEST_SEC:
        raise InputError(
            f"the notes last {performance.duration_sec / 3600:.1f} hours, more than {LONGEST_SEC / 3600:g}: cut them into parts"
        )
    workbench.save(_from_zero(performance), target)
    return {"n_notes": len(performance), "duration_sec": performance.duration_sec}


def _from_zero(performance: Performance) -> Performance:
    """Nothing before 0 s, where the studio's time begins: a pedal that was down already may be heard a little before."""
    notes, controls = performance.notes.copy(), performance.controls.copy()
    for table, name in ((notes, "onset_sec"), (notes, "offset_sec"), (controls, "time_sec")):
        table[name] = np.maximum(table[name], 0.0)
    return Performance(notes, controls)


def make_page(progress: Progress, notes: Path, wishes: dict[str, Any], hands: str, source: Path, target: Path) -> None:
    """Engraves a version of a take that was handed in as `source`: its pages, and when in them what sounds; beats lie beside them."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.target import write_whole  # noqa: PLC0415
    from tecla.web.page import followed_page  # noqa: PLC0415

    performance = workbench.load(notes)
    page = followed_page(performance, wishes, hands, progress, _ruled(source, performance))
    write_whole(target.with_suffix(".beats"), json.dumps({name: page[name] for name in ("beats_sec", "downbeats_sec")}))
    write_whole(target, json.dumps(page))


def _ruled(source: Path, performance: Performance) -> Ruled | None:
    """The time that a source of a program has ruled, where a version's notes keep to it still; its hands, where no note was changed."""
    from tecla.io.sequenced import keeps_to  # noqa: PLC0415
    from tecla.written import load_ruled, play_ruled  # noqa: PLC0415

    if not source.is_file() or source.suffix not in SCORE_SUFFIXES + NOTE_SUFFIXES:
        return None
    try:
        played, ruled = play_ruled(source) if source.suffix in SCORE_SUFFIXES else load_ruled(source)
    except InputError:  # a tune in more voices than a page of its own could hold
        return None
    if ruled is None or not keeps_to(performance, ruled):
        return None
    return ruled if _same_notes(played, performance) else replace(ruled, hands="")


def _same_notes(played: Performance, kept: Performance) -> bool:
    """Whether the same keys are struck at the same times, those of `kept` having been rounded as a version's file rounds them."""
    if not np.array_equal(played.notes["pitch"], kept.notes["pitch"]):
        return False
    return np.allclose(played.notes["onset_sec"], kept.notes["onset_sec"], rtol=0, atol=_ROUNDED_SEC)


def export(progress: Progress, notes: Path, wishes: dict[str, Any], hands: str, source: Path, target: Path) -> None:
    """Writes a version in the format that the target's suffix names; several pages of .svg or .png are packed in a .zip beside it."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.target import write_whole  # noqa: PLC0415
    from tecla.web.page import engraved  # noqa: PLC0415

    performance = workbench.load(notes)
    if target.suffix not in (".musicxml", ".mxl", ".pdf", ".svg", ".png"):
        workbench.save(performance, target, wishes.get("title") or None)
        return
    score = engraved(performance, wishes, hands, _ruled(source, performance)).score
    with tempfile.TemporaryDirectory() as folder:  # a first page under the target's name would be taken for all of them
        files = workbench.save_score(score, Path(folder) / target.name)
        if len(files) > 1:
            _pack(files, target.with_name(f"{target.name}.zip"))
        else:
            write_whole(target, files[0].read_bytes())


def _pack(files: list[Path], target: Path) -> None:
    from tecla.io.target import whole_target  # noqa: PLC0415

    with whole_target(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files, 1):
            archive.write(file, f"page-{number}{file.suffix}")


def make_sound(progress: Progress, source: Path, target: Path) -> None:
    """Any sound as .flac, which every browser plays to the sample."""
    from tecla import workbench  # noqa: PLC0415

    workbench.convert_sound(source, target)


def draw_spectrogram(progress: Progress, source: Path, target: Path) -> None:
    """The picture behind the piano roll."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.io.target import write_whole  # noqa: PLC0415
    from tecla.web.spectrogram import spectrogram_png  # noqa: PLC0415

    write_whole(target, spectrogram_png(workbench.open_sound(source)))


def go_on(progress: Progress, notes: Path, target: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Continues a passage, and writes what comes before it, the passage and what is new as one."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.web.continuation import continued  # noqa: PLC0415

    performance, new_from_sec = continued(workbench.load(notes), asked)
    return _keep(performance, target) | {"new_from_sec": new_from_sec}


def compare(progress: Progress, reference: Path, estimate: Path) -> dict[str, Any]:
    """Which notes of two versions are the same."""
    from tecla import workbench  # noqa: PLC0415
    from tecla.web.comparison import compared  # noqa: PLC0415

    return compared(workbench.load(reference), workbench.load(estimate))
