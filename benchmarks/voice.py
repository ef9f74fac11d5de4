"""Which way of hearing four classes is best? Every network of the voice zoo, kNN on MFCC and linear prediction, on voice-c4-e4-g4.

    python benchmarks/voice.py --corpus FOLDER --out runs/voice [--epochs 12] [--only crnn,knn] [--two-stages]

Trains on the training clips, for a given number of epochs and no longer; judges on the validation clips, on which nothing is chosen. Each
method's result is a JSON file, so a run that was stopped goes on where it stopped. --table prints what is there.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tecla.corpora import load_corpus
from tecla.corpora.voice import CLIP_SEC, PITCHES, SUNG_OCTAVE, Condition
from tecla.evaluation import classes, notes, uncertainty
from tecla.models import linear_prediction
from tecla.models.neighbours import Neighbours, mfcc
from tecla.models.se_unet import SEUNet
from tecla.models.transformer import Transformer, TransformerConfig
from tecla.models.unet import UNet, UNetConfig
from tecla.models.unet_bilstm import UNetBiLSTM, UNetBiLSTMConfig
from tecla.music import Performance
from tecla.training.stored import save_stored
from tecla.training.voice_classes import (
    FRAME_RATE,
    HOP_SAMPLES,
    N_CLASSES,
    N_FRAMES,
    Clips,
    believe,
    join_stages,
    load_clips,
    train_classes,
)
from tecla.training.voice_run import make_class_network
from tecla.transcription.monophonic.targets import encode_line
from tecla.workbench import transcribe

SIZE: dict[str, Any] = {"channels": 6, "stride": 4}  # as the shipped network: 24 ms are one, which is half of what labels stray by
NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "crnn": make_class_network,
    "transformer": lambda n: Transformer(TransformerConfig(n_outputs=n, width=64, layers=2, **SIZE)),
    "unet": lambda n: UNet(UNetConfig(n_outputs=n, **SIZE)),
    "unet_bilstm": lambda n: UNetBiLSTM(UNetBiLSTMConfig(n_outputs=n, **SIZE)),
    "se_unet": lambda n: SEUNet(UNetConfig(n_outputs=n, **SIZE)),
}
NAMES = {
    "pyin": "pYIN, no training on these clips",
    "any": "tecla's network for any pitch",
    "knn": "kNN on MFCC, k = 25",
    "prediction": "linear prediction (SIFT)",
    "crnn": "CRNN",
    "transformer": "Transformer",
    "unet": "U-Net",
    "unet_bilstm": "U-Net + BiLSTM",
    "se_unet": "SE-U-Net",
}


def by_neighbours(train: Clips, judged: Clips) -> NDArray[np.intp]:
    """Every sixth training frame remembered."""
    frames = np.concatenate([mfcc(sound, HOP_SAMPLES, N_FRAMES)[::6] for sound in train.sounds])
    known = Neighbours(frames, train.classes.numpy()[:, ::6].ravel())
    return np.stack([known.classify(mfcc(sound, HOP_SAMPLES, N_FRAMES)) for sound in judged.sounds])


def by_prediction(judged: Clips) -> NDArray[np.intp]:
    sung = np.array(PITCHES) + SUNG_OCTAVE
    return np.stack([linear_prediction.classify(sound, HOP_SAMPLES, N_FRAMES, sung) for sound in judged.sounds])


def by_listening(judged: Clips, model: str) -> NDArray[np.intp]:
    """What `tecla transcribe --mode voice` writes, an octave up, as classes; other pitches count as silence."""
    heard = [transcribe(sound, 16000, mode="voice", model=model).transposed(-SUNG_OCTAVE) for sound in judged.sounds]
    return np.stack([encode_line(line, np.array(PITCHES), N_FRAMES, FRAME_RATE).state for line in heard])


def to_notes(path: NDArray[np.integer]) -> Performance:
    """Runs of a class as notes, those shorter than 60 ms left out."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(path)) + 1, [len(path)]])
    runs = [(a, b) for a, b in pairwise(edges) if path[a] and b - a >= 0.06 * FRAME_RATE]
    onset, offset = np.array(runs, float).reshape(-1, 2).T / FRAME_RATE
    return Performance.from_arrays(onset, offset, [PITCHES[path[a] - 1] for a, _ in runs])


def note_f1(judged: Clips, found: NDArray[np.integer], tolerance_sec: float) -> list[float]:
    """Onset F1 a clip, against the labels that begin while the sound lasts; clips without notes on both sides count as right."""
    figures = []
    for line, path in zip(judged.notes, found, strict=True):
        heard = Performance(line.notes[line.notes["onset_sec"] < CLIP_SEC - 0.05])
        estimate = to_notes(path)
        metrics = notes.evaluate(heard, estimate, tolerance_sec=tolerance_sec)
        figures.append(metrics.onset.f1 if len(heard) or len(estimate) else 1.0)
    return figures


def judge(judged: Clips, found: NDArray[np.integer]) -> dict[str, object]:
    reference = judged.classes.numpy()
    metrics = classes.evaluate(reference, found, N_CLASSES)
    far = classes.far_from_changes(reference, int(0.12 * FRAME_RATE))
    right = reference == found
    conditions = {str(c): uncertainty.evaluate(metrics.accuracy[judged.condition == c]) for c in Condition if (judged.condition == c).sum()}
    return {
        "accuracy": vars(uncertainty.evaluate(metrics.accuracy)),
        "macro_f1": metrics.macro_f1,
        "note_f1": vars(uncertainty.evaluate(note_f1(judged, found, 0.05))),
        "note_f1_100ms": vars(uncertainty.evaluate(note_f1(judged, found, 0.1))),
        "conditions": {name: vars(interval) for name, interval in conditions.items()},
        "far_from_changes": float(right[far].mean()),
        "near_changes": float(right[~far].mean()),
        "confusion": metrics.confusion.tolist(),
        "per_clip": metrics.accuracy.round(4).tolist(),
    }


def run(name: str, two: bool, train: Clips, judged: Clips, options: argparse.Namespace) -> dict[str, object]:
    began, parameters = time.process_time(), 0
    if name in NETWORKS:
        beliefs = []
        for stage in ("gate", "note") if two else ("both",):
            network = train_classes(NETWORKS[name], train, stage, options.epochs, options.seed, lambda row: print(name, row, flush=True))
            save_stored(network.state_dict(), options.out / f"{name}-{stage}-{options.seed}.safetensors")
            parameters += sum(p.numel() for p in network.parameters())
            beliefs.append(believe(network, judged.features))
        belief = join_stages(*beliefs) if two else beliefs[0]
        np.save(options.out / f"{name}-{len(beliefs)}-{options.seed}.npy", belief)
        found = belief.argmax(-1)
    else:
        listen = {"pyin": lambda: by_listening(judged, "pyin"), "any": lambda: by_listening(judged, "default")}
        found = {"knn": lambda: by_neighbours(train, judged), "prediction": lambda: by_prediction(judged), **listen}[name]()
    return {"parameters": parameters, "cpu_sec": time.process_time() - began, "epochs": options.epochs, **judge(judged, found)}


def table(folder: Path) -> str:
    lines = [
        "| method | stages | parameters | frame accuracy % | studio | noise | laptop | macro F1 % | note F1 % (50 ms) | (100 ms) | far % |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text("utf-8"))
        name, stages, _ = path.stem.rsplit("-", 2)
        conditions = " | ".join(f"{100 * interval['mean']:.1f}" for interval in result["conditions"].values())
        lines.append(
            f"| {NAMES[name]} | {stages} | {result['parameters']:,} | {_interval(result['accuracy'])} | {conditions}"
            f" | {100 * result['macro_f1']:.1f} | {_interval(result['note_f1'])} | {_interval(result['note_f1_100ms'])}"
            f" | {100 * result['far_from_changes']:.1f} |"
        )
    return "\n".join(lines)


def _interval(interval: dict[str, float]) -> str:
    return f"{100 * interval['mean']:.1f} [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--two-stages", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.table:
        corpus = load_corpus(f"voice:{options.corpus}")
        train, judged = (load_clips(corpus.of_split(split).recordings) for split in ("train", "validation"))
        for name in options.only.split(","):
            path = options.out / f"{name}-{1 + options.two_stages}-{options.seed}.json"
            if not path.exists():
                path.write_text(json.dumps(run(name, options.two_stages, train, judged, options), indent=1), "utf-8")
    print(table(options.out))


if __name__ == "__main__":
    main()
