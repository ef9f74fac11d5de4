"""Which confidence can be believed: the activation, a temperature, Platt's line, a staircase, Monte Carlo dropout, an ensemble.

    python benchmarks/doubt.py PAIRS_FOLDER [--model A.onnx --model B.onnx ...] [--takes 12] [--dropout 0.05] [--passes 8]

PAIRS_FOLDER as benchmarks/validation_renders.py writes it. Lines are fitted on every second take and judged on the others. The ensemble is
of all models named. Area: the chance that a right note is believed more than a wrong one.
"""

import argparse
from pathlib import Path

import numpy as np

from tecla.cli.evaluate_confidence import right_notes
from tecla.corpora import load_corpus
from tecla.evaluation import calibration
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.training.doubt import hear, note_spread
from tecla.training.pretrained import load_pretrained
from tecla.transcription.confidence import Calibration
from tecla.transcription.level import NOMINAL_DB, loud_part_db
from tecla.transcription.network import find_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--takes", type=int, default=12)
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--passes", type=int, default=8)
    options = parser.parse_args()
    networks = [load_pretrained(find_weights(name)) for name in options.model or ["default"]]
    takes = load_corpus(f"folder:{options.pairs}").recordings
    takes = [takes[i] for i in np.linspace(0, len(takes) - 1, min(options.takes, len(takes))).astype(int)]
    ways = {"one network": (networks[:1], 0.0, 1), "dropout": (networks[:1], options.dropout, options.passes)}
    if len(networks) > 1:
        ways["ensemble"] = (networks, 0.0, 1)
    for name, (listeners, share, passes) in ways.items():
        heard = [listen(take, listeners, share, passes) for take in takes]
        fit, judged = ([np.concatenate([take[i] for take in half]) for i in range(3)] for half in (heard[::2], heard[1::2]))
        line, slope = Calibration(*calibration.fit_line(fit[0], fit[2])), calibration.fit_temperature(fit[0], fit[2])
        begins, heights = calibration.fit_staircase(fit[0], fit[2])
        stairs = heights[np.clip(np.searchsorted(begins, judged[0], side="right") - 1, 0, len(heights) - 1)]
        rows = {"mean": judged[0], "temperature": Calibration(slope, 0.0)(judged[0]), "line": line(judged[0]), "staircase": stairs}
        if passes * len(listeners) > 1:
            rows["1 - 2 x spread"] = np.clip(1 - 2 * judged[1], 0, 1)
        for how, believed in rows.items():
            found = calibration.evaluate(believed, judged[2])
            print(f"{name:12} {how:15} error {found.expected_error:.3f}  Brier {found.brier:.4f}  area {found.area:.3f}", flush=True)


def listen(take: object, networks: list, share: float, passes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and spread of the onset activations of the notes of a take, and which are right."""
    samples = load_audio(take.audio)
    samples = samples * np.float32(10 ** ((NOMINAL_DB - loud_part_db([samples])) / 20))
    mean, onsets = hear(networks, samples, share, passes)
    notes, centre, spread = note_spread(mean, onsets)
    return np.clip(centre, 0, 1), spread, right_notes(load_midi(take.midi), Performance(notes))


if __name__ == "__main__":
    main()
