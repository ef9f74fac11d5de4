"""tecla evaluate confidence: is a note that is believed at 80 % right four times in five?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tecla.cli.weights import Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tecla.corpora import Corpus
    from tecla.music import Performance

_BANDS: Final = ((21, 36), (36, 48), (48, 60), (60, 72), (72, 84), (84, 109))


def confidence(
    corpus: Annotated[
        str, typer.Option(metavar="NAME:FOLDER", help="Recordings with their MIDI: maps, maestro, smd, or a folder of pairs.")
    ],
    split: Annotated[str | None, typer.Option(help="Which split to judge on. (default: all of it)")] = None,
    model: Weights = "default",
    fit: Annotated[bool, typer.Option("--fit", help="Fit the calibration here and write it into the card beside the weights.")] = False,
    png: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Draw the reliability diagram.")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Compare confidences with how often notes are right; --fit finds the two numbers that make them agree.

    \b
    tecla evaluate confidence --corpus folder:held-out --png reliability.png
    tecla evaluate confidence --corpus folder:held-out --model my.onnx --fit

    A note is right when its onset lies within 50 ms of one that was played, after the one constant shift (-30 to 60 ms) that suits a take
    best. With --fit the error is cross-validated: each half of the takes is judged by the line fitted on the other. Fit on music that
    the weights did not learn from, and report on other recordings.
    """
    from tecla.corpora import load_corpus  # noqa: PLC0415
    from tecla.evaluation import calibration  # noqa: PLC0415
    from tecla.io.target import check_target  # noqa: PLC0415
    from tecla.transcription.confidence import Calibration, load_calibration  # noqa: PLC0415
    from tecla.transcription.network import find_weights  # noqa: PLC0415

    if png is not None:
        check_target(png, force)
        from tecla.corpora.pictures import make_figure  # noqa: PLC0415

        make_figure(1, 1)
    weights = find_weights(model)
    loaded = load_corpus(corpus)
    takes = _hear(loaded.of_split(split) if split else loaded, weights)
    raw, right, pitch = (_joined([take[i] for take in takes]) for i in range(3))
    _print(f"as activated, {len(takes)} takes", calibration.evaluate(raw, right))
    stated = load_calibration(weights)
    if stated != Calibration():
        _print("as the card has it", calibration.evaluate(stated(raw), right))
    if fit:
        slope, intercept = calibration.fit_line(raw, right)
        crossed = calibration.evaluate(*_cross(takes))
        _print("fitted, cross-validated", crossed)
        stated = Calibration(slope, intercept)
        _write(weights, stated, f"{loaded.name}, {len(takes)} takes, {len(raw)} notes", crossed.expected_error)
    for low, high in _BANDS:
        band = (pitch >= low) & (pitch < high)
        if band.any():
            _print(f"  pitch {low} to {high - 1}", calibration.evaluate(stated(raw[band]), right[band]))
    if png is not None:
        from tecla.cli.reliability import draw_reliability  # noqa: PLC0415

        draw_reliability({"as activated": (raw, right), "calibrated": (stated(raw), right)}, png, f"{len(takes)} takes of {loaded.title}")


def _hear(corpus: Corpus, weights: Path) -> list[tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int16]]]:
    """Of each take its activations, which notes are right, and their pitches."""
    import numpy as np  # noqa: PLC0415

    from tecla import workbench  # noqa: PLC0415
    from tecla.cli.progress import listening_progress  # noqa: PLC0415
    from tecla.errors import InputError  # noqa: PLC0415
    from tecla.transcription import Transcriber  # noqa: PLC0415
    from tecla.transcription.decode import load_reading  # noqa: PLC0415
    from tecla.transcription.network import Network  # noqa: PLC0415

    takes, transcriber = [], Transcriber(Network(weights), load_reading(weights))
    for recording in corpus.recordings:
        if recording.audio is None:
            continue
        source = workbench.open_sound(recording.audio)
        with listening_progress(recording.name, source.duration_sec) as progress:
            heard = transcriber.transcribe(source.blocks, progress.update)
        if len(heard):
            right = right_notes(workbench.load(recording.midi), heard)
            takes.append((heard.notes["confidence"].astype(np.float64), right, heard.notes["pitch"]))
    if not takes:
        raise InputError(f"{corpus.name} has no sound in which notes are heard: name recordings")
    return takes


def right_notes(reference: Performance, estimate: Performance) -> NDArray[np.bool_]:
    """Which notes of an estimate were played, (M,), once the estimate's constant shift is mended."""
    import numpy as np  # noqa: PLC0415

    from tecla.evaluation import notes, shift  # noqa: PLC0415

    mended = estimate.shifted(-shift.evaluate(reference, estimate).shift_sec)
    right = np.zeros(len(estimate), bool)
    right[notes.match_onsets(reference, mended)[:, 1]] = True
    return right


def _cross(takes: list[tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int16]]]) -> tuple[np.ndarray, np.ndarray]:
    """Chances of every note by the line of the takes it does not belong to, and which are right."""
    from tecla.evaluation.calibration import fit_line  # noqa: PLC0415
    from tecla.transcription.confidence import Calibration  # noqa: PLC0415

    halves = [takes[::2], takes[1::2] or takes[::2]]
    lines = [Calibration(*fit_line(_joined([t[0] for t in half]), _joined([t[1] for t in half]))) for half in halves]
    chances = [line(take[0]) for half, line in zip(halves, reversed(lines), strict=True) for take in half]
    return _joined(chances), _joined([take[1] for half in halves for take in half])


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    import numpy as np  # noqa: PLC0415

    return np.concatenate(parts)


def _write(weights: Path, stated: object, fitted_on: str, error: float) -> None:
    from tecla.io.target import write_whole  # noqa: PLC0415

    path = weights.with_suffix(".json")
    card = json.loads(path.read_text("utf-8")) if path.exists() else {}
    card["calibration"] = {
        **{name: round(value, 4) for name, value in vars(stated).items()},
        "fitted_on": fitted_on,
        "expected_calibration_error": round(error, 4),
    }
    write_whole(path, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    print(f"{path}: slope {card['calibration']['slope']}, intercept {card['calibration']['intercept']}")


def _print(name: str, found: object) -> None:
    from tecla.evaluation.calibration import Reliability  # noqa: PLC0415

    assert isinstance(found, Reliability)
    believed, right = ((values[found.count > 0] * found.count[found.count > 0]).sum() for values in (found.believed, found.right))
    n_notes = found.count.sum()
    print(
        f"{name:28} {n_notes:7,} notes, {right / n_notes:.1%} right, {believed / n_notes:.1%} believed;"
        f" expected calibration error {found.expected_error:.3f}, Brier {found.brier:.4f}, area {found.area:.3f}"
    )
